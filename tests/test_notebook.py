"""`convlab check FILE.ipynb`: the check of every exercise, from a terminal."""

from pathlib import Path

import nbformat
import pytest

from convlab import cli

ROOT = Path(__file__).parents[1]
SOLVED = ROOT / "solutions" / "01_conv1d.ipynb"
RELEASE = ROOT / "course" / "release" / "01_conv1d" / "01_conv1d.ipynb"
RIGHT = "def output_size(size, kernel_size, stride=1, padding=0, dilation=1):\n    return {}\n"
FORMULA = "(size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1"


def write(folder, *cells):
    file = folder / "mine.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells]), file)
    return str(file)


def test_a_solved_chapter_gets_all_points(capsys):
    assert cli.main(["check", str(SOLVED)]) == 0
    assert capsys.readouterr().out.endswith("\n8 of 8 points\n")


def test_a_released_chapter_gets_none(capsys):
    assert cli.main(["check", str(RELEASE)]) == 1
    printed = capsys.readouterr().out
    assert printed.count("is not written yet") == 3
    assert printed.endswith("\n0 of 8 points\n")


def test_without_ids_functions_are_found_by_their_names_and_errors_are_told(tmp_path, capsys):
    file = write(tmp_path, "1 / 0", "%matplotlib inline", RIGHT.format(FORMULA), "check(output_size)")
    assert cli.main(["check", file]) == 0
    printed = capsys.readouterr().out
    assert "(code cell 1 ended in ZeroDivisionError: division by zero)" in printed
    assert printed.endswith("2 of 2 points\n")


def test_partial_credit_is_shown_by_group(tmp_path, capsys):
    file = write(tmp_path, RIGHT.format("(size + 2 * padding - kernel_size) // stride + 1"))
    assert cli.main(["check", file, "--seed", "3"]) == 1
    assert "1 of 2 points (stride and padding 1/1, dilation 0/1)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: str(folder / "none.ipynb"), "there is no file"),
        (lambda folder: str(ROOT / "README.md"), "cannot be read as a notebook (NotJSONError)"),
        (lambda folder: write(folder, "x = 1"), "holds no exercise of this course"),
    ],
)
def test_what_is_no_chapter_is_an_error_in_words(tmp_path, capsys, make, said):
    assert cli.main(["check", make(tmp_path)]) == 1
    assert said in capsys.readouterr().err
