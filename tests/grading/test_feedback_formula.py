"""Formulas become MathML without a network, and no text keeps the converter busy."""

import re
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import nbformat
import pytest

from convlab.grading.feedback.formula import mathml
from convlab.grading.feedback.prose import prose

RELEASES = sorted((Path(__file__).parents[2] / "course" / "release").glob("*/*.ipynb"))
FORMULA = re.compile(r"(?<!\\)\$\$(.+?)\$\$|(?<![$\\])\$(.+?)(?<![$\\])\$", re.DOTALL)


def tree(markup):
    return ET.fromstring(markup.replace("&nbsp;", " "))


def letters(element):
    """What is read, with mathematical italics as plain letters."""
    return unicodedata.normalize("NFKC", "".join("".join(element.itertext()).split()))


@pytest.mark.parametrize("file", RELEASES, ids=lambda file: file.stem)
def test_every_formula_of_the_course_is_written_as_mathml(file):
    cells = [cell.source for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "markdown"]
    expected = sum(len(FORMULA.findall(source)) for source in cells)
    written = "".join(map(prose, cells))
    assert written.count("<math") == expected
    assert not re.findall(r"<code>\$[^<]*", written)
    assert "\\" not in "".join(re.findall(r"<math.*?</math>", written, re.DOTALL))


def test_a_sum_has_its_bounds_above_and_below():
    sum_ = tree(
        prose(r"$$\sum_{k=0}^{K-1} \text{input}[x + k]$$").strip().removeprefix("<p>").removesuffix("</p>")
    )
    bounded = sum_.find(".//munderover")
    assert [letters(part) for part in bounded] == ["∑", "k=0", "K−1"]
    assert letters(sum_) == "∑k=0K−1input[x+k]"


def test_aligned_equations_are_a_table_with_the_signs_under_each_other():
    table = tree(mathml(r"\begin{aligned} a &= b \\ c + d &= e \end{aligned}", True)).find(".//mtable")
    assert [[letters(cell) for cell in row] for row in table] == [["a", "=b"], ["c+d", "=e"]]
    assert [cell.get("class") for cell in table[0]] == ["right", "left"]


@pytest.mark.parametrize(
    "latex",
    [
        "[" * 100,
        r"\langle " * 45,
        r"\left(" * 60,
        "{" * 390,
        "[(" * 4 + ")]" * 4,
        r"\def\a{\a}\a",
        r"\newcommand{\a}{\a\a}\a",
        r"\href{https://evil.example}{x}",
        r"\includegraphics{x}",
        r"\unknown x",
        r"\color{red}{x}",
        r"\hspace{9em}x",
        "x" * 401,
        ")(",
        r"\frac",
    ],
    ids=lambda latex: latex[:12],
)
def test_a_formula_outside_the_bounds_is_shown_as_it_was_typed(latex):
    assert mathml(latex, False).startswith("<code>$")


def test_a_formula_s_text_is_escaped():
    assert letters(tree(mathml(r"\text{<b>x</b>}", False))) == "<b>x</b>"
