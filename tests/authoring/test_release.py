"""What nbgrader makes of a chapter, and what must hold of it before a student may see it."""

import os
from pathlib import Path

import pytest
from nbformat.v4 import new_output

from convlab.authoring import CODE_STUB, BuildError
from convlab.authoring.release import make_releases, problems_of_release


def cell_of(notebook, id):
    return next(cell for cell in notebook.cells if cell.id == id)


def test_the_solution_is_replaced_by_the_indented_stub(release):
    comment, error = CODE_STUB["python"].split("\n")
    assert cell_of(release, "halve").source == (
        "def halve(\n"
        "    input: np.ndarray,\n"
        ") -> np.ndarray:\n"
        '    """Halve each number."""\n'
        f"    {comment}\n"
        f"    {error}"
    )


def test_the_check_cell_is_one_locked_call_worth_the_registrys_points(release):
    cell = cell_of(release, "double_check")
    assert cell.source == 'check(double, exercise="double")'
    assert (cell.metadata.editable, cell.metadata.deletable) == (False, False)
    assert (cell.metadata.nbgrader.points, cell.metadata.nbgrader.locked) == (3, True)


def test_the_release_of_a_good_chapter_has_no_problem(built, release):
    assert problems_of_release(built.read(), release) == []


def spoil_solution_mark(release):
    cell_of(release, "halve").source += "\n    ### END SOLUTION"


def spoil_hidden_mark(release):
    release.cells[0].source += "\nHIDDEN TESTS"


def spoil_hidden_seed(release):
    release.cells[1].metadata["note"] = "grading_seed()"


def spoil_by_code(release):
    release.cells[1].source += "\ndef other(input):\n    output = input + input\n    return output"


def spoil_by_hint(release):
    release.cells[2].source += "\n\n```python\nreturn input / 2\n```"


def spoil_stub(release):
    cell_of(release, "halve").source += "\n    # well"


def spoil_check(release):
    cell_of(release, "halve_check").source += "\nprint(1)"


def spoil_lock(release):
    cell_of(release, "halve_check").metadata.nbgrader.locked = False


def spoil_grade(release):
    cell_of(release, "halve_check").metadata.nbgrader.grade = False


def spoil_points(release):
    cell_of(release, "halve_check").metadata.nbgrader.points = 9


def spoil_outputs(release):
    release.cells[1].outputs = [new_output("stream", text="1")]


def spoil_count(release):
    release.cells[1].execution_count = 1


def spoil_order(release):
    release.cells.reverse()


def spoil_by_removal(release):
    del release.cells[-1]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (spoil_solution_mark, "'END SOLUTION' is left in the release"),
        (spoil_hidden_mark, "'HIDDEN TESTS' is left in the release"),
        (spoil_hidden_seed, "'grading_seed' is left in the release"),
        (spoil_by_code, "this gives away the whole solution of 'double'"),
        (spoil_by_hint, "this gives away the whole solution of 'halve'"),
        (spoil_stub, "the solution of 'halve' was not replaced by the stub"),
        (spoil_check, "the check cell of 'halve' holds more than its one call"),
        (spoil_lock, "the check cell of 'halve' is not locked and graded"),
        (spoil_grade, "the check cell of 'halve' is not locked and graded"),
        (spoil_points, "the check cell of 'halve' is worth 9 points; the registry says 1"),
        (spoil_outputs, "the release holds an output"),
        (spoil_count, "the release holds an output"),
        (spoil_order, "nbgrader changed the cells of the release"),
        (spoil_by_removal, "exercise 'halve' is not in the release"),
    ],
)
def test_a_spoilt_release_is_refused(built, release, spoil, sentence):
    spoil(release)
    problems = problems_of_release(built.read(), release)
    assert any(sentence in problem for problem in problems), problems


def test_a_leak_is_reported_where_the_author_wrote_it(built, release):
    spoil_by_hint(release)
    [problem] = problems_of_release(built.read(), release)
    assert problem.startswith("course/chapters/01_tiny.py, line ")
    assert "cell 3 ('## Double')" in problem


def test_what_nbgrader_says_goes_through_and_nothing_else_changes(tiny, monkeypatch):
    def unclosed(chapter):
        notebook = source_notebook(chapter)
        cell_of(notebook, "halve").source = "### BEGIN SOLUTION"
        return notebook

    from convlab.authoring.release import source_notebook

    monkeypatch.setattr("convlab.authoring.release.source_notebook", unclosed)
    folder, environment = Path.cwd(), dict(os.environ)
    with pytest.raises(BuildError, match=r"01_tiny\.py: nbgrader could not make the release") as refused:
        make_releases({"01_tiny": tiny.read()})
    assert "no end solution statement found" in str(refused.value)
    assert (Path.cwd(), dict(os.environ)) == (folder, environment)


def test_a_program_that_cannot_start_is_reported(tiny, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(BuildError, match=r"nbgrader could not be run \(exit code 1\):\n"):
        make_releases({"01_tiny": tiny.read()})
