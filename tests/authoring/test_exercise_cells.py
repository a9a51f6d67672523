"""A reference solution is found without importing it, and cut where the student's work begins."""

import ast
import re

import pytest

from convlab.authoring import CODE_STUB, BuildError
from convlab.authoring.exercise_cells import read_reference


@pytest.fixture
def module(tmp_path):
    """Write the text of a module of solutions."""

    def write(text):
        file = tmp_path / "tiny.py"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def long(lines):
    return "def f(x):\n    '''Doc.\n\n    More.\n    '''\n" + "    x += 1\n" * (lines - 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1\n", "exercise 'f' has no solution in convlab/solutions/tiny.py"),
        ("def f(x):\n    '''D.'''\n    pass\n" * 2, "exercise 'f' has 2 solutions in"),
        ("def f(x):\n    return x\n", "f needs a docstring"),
        ("def f(x):\n    '''Doc.'''\n", "f needs a docstring (what the student reads) and a body"),
        (
            "def f(x):\n    '''Doc.'''; return x\n",
            "give the signature, the docstring and the body of f their own",
        ),
        ("def f(x): '''Doc.'''; return x\n", "give the signature, the docstring and the body of f their own"),
        ("def f(x:\n", "convlab/solutions/tiny.py, line 1: "),
        (long(26), "f is 26 lines long without its docstring; at most 25 are allowed"),
    ],
)
def test_a_solution_that_cannot_be_used_is_refused(module, text, sentence):
    with pytest.raises(BuildError, match=re.escape(sentence)):
        read_reference(module(text), "f")


def test_a_missing_module_is_refused(tmp_path):
    sentence = "exercise 'f' has no solution: write it in convlab/solutions/none.py"
    with pytest.raises(BuildError, match=re.escape(sentence)):
        read_reference(tmp_path / "none.py", "f")


def test_a_refused_solution_is_reported_with_its_chapter_and_cell(tiny):
    tiny.solutions = tiny.solutions.replace("def halve(", "def half(")
    with pytest.raises(
        BuildError, match=r"01_tiny.py, line \d+, cell 7 .*: exercise 'halve' has no solution"
    ):
        tiny.write().read()


def test_25_lines_are_allowed(module):
    assert read_reference(module(long(25)), "f").body.count("x += 1") == 24


def test_text_is_kept_as_written_with_comments_and_decorators(module):
    text = (
        "import functools\n\n\n"
        "@functools.cache\n"
        "def f(\n    x: int,  # a number\n) -> int:\n"
        '    """Doc.\n\n    With two lines.\n    """\n\n'
        "    # why\n"
        "    y = (x\n         + 1)\n\n"
        "    return y  # done\n\n\n"
        "def g(): ...\n"
    )
    reference = read_reference(module(text), "f")
    assert reference.head == (
        "@functools.cache\n"
        "def f(\n    x: int,  # a number\n) -> int:\n"
        '    """Doc.\n\n    With two lines.\n    """'
    )
    assert reference.body == "    # why\n    y = (x\n         + 1)\n\n    return y  # done"
    assert reference.complete == f"{reference.head}\n{reference.body}"
    assert [type(statement) for statement in reference.statements] == [ast.Assign, ast.Return]


def test_the_marks_and_the_stub_are_indented_like_the_body(module):
    reference = read_reference(module("def f(x):\n  '''Doc.'''\n  return x\n"), "f")
    assert reference.for_nbgrader == (
        "def f(x):\n  '''Doc.'''\n  ### BEGIN SOLUTION\n  return x\n  ### END SOLUTION"
    )
    comment, error = CODE_STUB["python"].split("\n")
    assert reference.for_students == f"def f(x):\n  '''Doc.'''\n  {comment}\n  {error}"
