"""A chapter's text becomes cells, and what its author can get wrong is refused with a sentence."""

import re

import jupytext
import pytest

from convlab.authoring import BuildError
from convlab.authoring.notebooks import as_text, source_notebook

DOUBLE = "# %%\n# exercise: double\n"
OPENS_DOUBLE = "# <!-- exercise: double -->\n"
PROSE = "# It doubles numbers.\n"


def source(course):
    return as_text(source_notebook(course.read()))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (DOUBLE, "# %%\n# exercise: doubel\n", "exercise 'doubel' is not in the registry"),
        (DOUBLE, "# %%\n# exercise: elsewhere\n", "exercise 'elsewhere' belongs to chapter 09_other"),
        (OPENS_DOUBLE, "# <!-- exercise: doubel -->\n", "exercise 'doubel' is not in the registry"),
        (
            OPENS_DOUBLE,
            "# <!-- exercise: elsewhere -->\n",
            "exercise 'elsewhere' belongs to chapter 09_other",
        ),
        (DOUBLE, "", "never uses 'double', which the registry gives to it. Add a code cell"),
        (
            DOUBLE,
            DOUBLE + "\n" + DOUBLE,
            "exercise 'double' is used twice; first in course/chapters/01_tiny.py",
        ),
        (OPENS_DOUBLE, "", "exercise 'double' is not opened: put the line '<!-- exercise: double -->'"),
        (OPENS_DOUBLE, OPENS_DOUBLE * 2, "exercise 'double' is opened twice"),
        (DOUBLE, "# %%\n# excercise: double\n", "this looks like an exercise, but is not replaced"),
        (DOUBLE, "# %%\n# Exercise: double\n", "this looks like an exercise, but is not replaced"),
        (DOUBLE, "# %%\n# exercise double\n", "this looks like an exercise, but is not replaced"),
        (DOUBLE, "# %%\n# exercise: double\nprint(1)\n", "this looks like an exercise, but is not replaced"),
        (DOUBLE, "# %% [markdown]\n# # exercise: double\n", "'# exercise: double' is in a markdown cell"),
        (OPENS_DOUBLE, "# <!-- excercise: double -->\n", "'<!-- excercise: double -->' is not replaced"),
        (OPENS_DOUBLE, "# Now: <!-- exercise: double -->\n", "'<!-- exercise: double -->' is not replaced"),
        (PROSE, "# ### BEGIN SOLUTION\n", "'BEGIN SOLUTION' is nbgrader's mark"),
        ("# %%\ndouble(", "# %%\n### BEGIN HIDDEN TESTS\ndouble(", "'BEGIN HIDDEN TESTS' is nbgrader's mark"),
        ("# %%\ndouble(", "# %% a title\ndouble(", "cell metadata 'title' is not carried into notebooks"),
        ("# %%\ndouble(", "# %%\n" + "1 + 1\n" * 26, "27 lines of code; at most 25 are allowed in a cell"),
    ],
)
def test_a_slip_is_refused(replaced, old, new, sentence):
    course = replaced(old, new)
    course.registry["elsewhere"] = type(course.registry["double"])("elsewhere", chapter="09_other")
    with pytest.raises(BuildError, match=re.escape(sentence)) as refused:
        course.read()
    assert str(refused.value).startswith("course/chapters/01_tiny.py")


def test_a_message_names_line_cell_and_beginning(replaced):
    course = replaced("double(np.array([0.5]))", "double(np.array([0.5]))\n" + "1 + 1\n" * 25)
    line = course.text.split("\n").index("double(np.array([0.5]))")  # the '# %%' above it, counted from 1
    where = f"course/chapters/01_tiny.py, line {line}, cell 5 ('double(np.array([0.5]))'): "
    with pytest.raises(BuildError, match=re.escape(where)):
        course.read()


def test_25_lines_are_allowed(replaced):
    replaced("double(np.array([0.5]))", "\n".join(["1 + 1"] * 25)).read()


def test_a_comment_about_something_else_is_no_exercise(replaced):
    course = replaced("double(np.array([0.5]))", "# precise: execute this\ndouble(np.array([0.5]))")
    assert "# precise: execute this" in source(course)


def test_an_exercise_whose_name_makes_two_equal_ids_is_refused(replaced):
    course = replaced(
        DOUBLE,
        "# %% [markdown]\n# <!-- exercise: double_check -->\n\n# %%\n# exercise: double_check\n\n" + DOUBLE,
    )
    course.registry["double_check"] = type(course.registry["double"])("double_check")
    course.solutions += "\n\ndef double_check(input):\n    '''Check.'''\n    return input\n"
    course.write()
    with pytest.raises(BuildError, match="both cells would have the id 'double_check'"):
        course.read()


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("# ---\n# jupyter: [\n# ---\n", r"01_tiny\.py, cell 1 .*: only markdown and code cells are used"),
        ("# ---\n# jupyter:\n#   jupytext: 3\n# ---\n", r"01_tiny\.py is not jupytext py:percent text"),
    ],
)
def test_a_broken_header_is_refused(tiny, header, sentence):
    tiny.text = header + "\n# %%\n1 + 1\n"
    with pytest.raises(BuildError, match=sentence):
        tiny.write().read()


def test_an_unknown_chapter_is_refused_with_the_known_ones(tiny):
    tiny.chapter_file.rename(tiny.chapter_file.with_name("02_other.py"))
    with pytest.raises(BuildError, match=r"01_tiny.py does not exist. The chapters are: 02_other"):
        tiny.read()


def test_the_opening_line_is_built_from_the_registry(tiny):
    text = source(tiny)
    assert "*Difficulty 1 of 5 · about 10 minutes · 3 points*" in text
    assert "*Difficulty 2 of 5 · about 1 minute · 1 point*" in text
    assert "<!--" not in text


def test_an_exercise_becomes_a_solution_and_a_check_cell(tiny):
    cells = {cell.id: cell for cell in source_notebook(tiny.read()).cells}
    assert cells["halve"].source == (
        "def halve(\n"
        "    input: np.ndarray,\n"
        ") -> np.ndarray:\n"
        '    """Halve each number."""\n'
        "    ### BEGIN SOLUTION\n"
        "    return input / 2\n"
        "    ### END SOLUTION"
    )
    assert cells["halve"].metadata.nbgrader == {
        "grade": False,
        "grade_id": "halve",
        "locked": False,
        "schema_version": 3,
        "solution": True,
        "task": False,
    }
    assert cells["halve_check"].source == (
        'check(halve, exercise="halve")\n'
        "### BEGIN HIDDEN TESTS\n"
        "from convlab.checks import grading_seed\n"
        'check(halve, exercise="halve", seed=grading_seed())\n'
        "### END HIDDEN TESTS"
    )
    assert cells["halve_check"].metadata.nbgrader == {
        "grade": True,
        "grade_id": "halve_check",
        "locked": True,
        "points": 1,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }


def test_the_notebook_says_nothing_about_the_machine(tiny):
    assert source_notebook(tiny.read()).metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_the_same_text_gives_the_same_bytes(tiny):
    assert source(tiny) == source(tiny)


def test_a_round_trip_through_jupytext_changes_nothing(tiny):
    before = source(tiny)
    tiny.text = jupytext.writes(jupytext.reads(tiny.text, "py:percent"), "py:percent")
    assert source(tiny.write()) == before


def test_blank_lines_between_cells_change_nothing(tiny, replaced):
    before = source(tiny)
    assert source(replaced("\n# %%\ndouble(", "\n\n\n\n# %%\ndouble(")) == before


def test_line_ends_of_windows_change_nothing(tiny):
    before = source(tiny)
    tiny.chapter_file.write_bytes(tiny.text.replace("\n", "\r\n").encode())
    assert source(tiny) == before


def test_tags_are_kept(replaced):
    course = replaced("# %%\ndouble(", '# %% tags=["hide-input"]\ndouble(')
    tagged = [cell for cell in source_notebook(course.read()).cells if cell.metadata.get("tags")]
    assert [(cell.source, cell.metadata) for cell in tagged] == [
        ("double(np.array([0.5]))", {"tags": ["hide-input"]})
    ]


def test_ids_are_what_nbformat_allows(tiny):
    ids = [cell.id for cell in tiny.read().cells]
    assert len(ids) == len(set(ids)) == 9
    assert all(re.fullmatch("[a-zA-Z0-9-_]{1,64}", id) for id in ids)


def test_editing_one_cell_changes_no_other_id(tiny, replaced):
    before = [cell.id for cell in tiny.read().cells]
    after = [cell.id for cell in replaced(PROSE, "# It doubles and halves numbers.\n").read().cells]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False] + [True] * 8


def test_a_new_cell_at_the_top_changes_no_other_id(tiny, replaced):
    before = [cell.id for cell in tiny.read().cells]
    after = [
        cell.id for cell in replaced("# %% [markdown]\n", "# %%\n1 + 1\n\n# %% [markdown]\n").read().cells
    ]
    assert after[1:] == before


def test_equal_cells_get_different_ids(tiny, replaced):
    before = [cell.id for cell in tiny.read().cells]
    cell = "# %%\ndouble(np.array([0.5]))\n"
    after = [cell.id for cell in replaced(cell, cell + "\n" + cell).read().cells]
    assert [id for id in after if id not in before] == [f"{before[5]}-2"]


def test_a_changed_registry_changes_no_id(tiny):
    before = [cell.id for cell in tiny.read().cells]
    tiny.registry["double"] = type(tiny.registry["double"])("double", points=7)
    assert [cell.id for cell in tiny.read().cells] == before
