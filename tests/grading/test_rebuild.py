"""Only the text of cells comes from a student; what is run and what counts comes from the instructor."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convlab.checks import EXERCISES
from convlab.grading.limits import Limits
from convlab.grading.rebuild import rebuild
from convlab.grading.spec import AssignmentSpec, SpecError


def metadata(name, *, points=None):
    grade = points is not None
    found = {
        "grade": grade,
        "grade_id": name,
        "locked": grade,
        "schema_version": 3,
        "solution": not grade,
        "task": False,
    }
    return {"nbgrader": found | ({"points": points} if grade else {})}


def cell(source, name, meta=None):
    return {"cell_type": "code", "id": name, "metadata": meta or {}, "source": source, "outputs": []}


POINTS = EXERCISES["correlate1d"].points


def notebook(solution="def correlate1d(input, weight):\n    return 1"):
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            cell("import numpy as np", "imports"),
            {"cell_type": "markdown", "id": "text", "metadata": {}, "source": "Words"},
            cell(solution, "correlate1d", metadata("correlate1d")),
            cell(
                'check(correlate1d, exercise="correlate1d")',
                "check",
                metadata("correlate1d_check", points=POINTS),
            ),
            cell("show(1)", "show"),
        ],
    }


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    source = notebook(
        "def correlate1d(input, weight):\n    ### BEGIN SOLUTION\n    secret\n    ### END SOLUTION"
    )
    source["cells"][3]["source"] += "\n### BEGIN HIDDEN TESTS\nhidden\n### END HIDDEN TESTS"
    path = tmp_path_factory.mktemp("spec") / "one.ipynb"
    path.write_text(json.dumps(source))
    return AssignmentSpec.load(path)


def rebuilt(spec, given):
    return rebuild(json.dumps(given).encode(), spec)


def sources(result):
    return [one.source for one in result.cells]


def test_an_untouched_notebook_is_itself(spec):
    result = rebuilt(spec, notebook())
    assert [one.kind for one in result.cells] == ["free", "solution", "check", "free"]
    assert sources(result)[1] == "def correlate1d(input, weight):\n    return 1"
    assert result.flags == ()
    assert result.problem == ""


def test_hidden_tests_and_the_solution_are_in_nothing_that_is_run(spec):
    for one in (notebook(), {**notebook(), "cells": notebook()["cells"][3:]}):
        assert not any("hidden" in text or "secret" in text for text in sources(rebuilt(spec, one)))


def test_own_cells_stay_behind_the_cell_that_they_follow(spec):
    given = notebook()
    given["cells"].insert(2, cell("helper = 1", "own"))
    given["cells"].append(cell("last", "own2"))
    assert [one.kind for one in rebuilt(spec, given).cells] == [
        "free",
        "own",
        "solution",
        "check",
        "free",
        "own",
    ]


def test_an_edited_free_cell_is_the_students(spec):
    given = notebook()
    given["cells"][0]["source"] = ["import numpy as np\n", "import torch"]
    assert sources(rebuilt(spec, given))[0] == "import numpy as np\nimport torch"


def test_deleted_cells_come_back(spec):
    given = notebook()
    given["cells"] = [given["cells"][2]]
    result = rebuilt(spec, given)
    assert [one.kind for one in result.cells] == ["free", "solution", "check", "free"]
    assert result.flags == ("the cell correlate1d_check was deleted: the instructor's was used",)


def test_of_two_solutions_the_last_counts_and_is_flagged(spec):
    given = notebook()
    given["cells"].append(cell("def correlate1d(i, w): return 2", "again", metadata("correlate1d")))
    result = rebuilt(spec, given)
    assert [one.kind for one in result.cells] == ["free", "own", "solution", "check", "free"]
    assert sources(result)[2] == "def correlate1d(i, w): return 2"
    assert result.flags == ("2 cells are called correlate1d: the last one was graded",)


def test_what_stands_in_the_first_half_of_a_split_cell_is_run_in_front_of_the_second(spec):
    given = notebook()
    given["cells"].insert(2, cell("def tidy(x): return x", "half", metadata("correlate1d")))
    result = rebuilt(spec, given)
    place = [one.kind for one in result.cells].index("solution")
    assert sources(result)[place - 1] == "def tidy(x): return x"
    assert result.cells[place].source == "def correlate1d(input, weight):\n    return 1"


def test_lines_may_end_as_on_windows(spec):
    given = notebook()
    for one in given["cells"]:
        one["source"] = "".join(one["source"]).replace("\n", "\r\n")
    assert sources(rebuilt(spec, given)) == sources(rebuilt(spec, notebook()))
    assert rebuilt(spec, given).flags == ()


def test_tags_are_told_only_if_they_are_texts(spec):
    for depth in (1, 500, 900):
        tags = []
        for _ in range(depth):
            tags = [tags]
        given = notebook()
        given["cells"][2]["metadata"]["tags"] = tags
        assert "the cell correlate1d carries tags: odd ones" in rebuilt(spec, given).flags


def test_there_may_be_only_so_many_cells(spec):
    given = notebook()
    given["cells"] += [cell("x", f"own{i}") for i in range(1000)]
    assert "more than 1000 code cells" in rebuilt(spec, given).problem


def test_a_solution_without_its_name_is_found_by_what_it_defines(spec):
    given = notebook()
    for one in given["cells"]:
        one["metadata"] = {}
    result = rebuilt(spec, given)
    assert sources(result)[1] == "def correlate1d(input, weight):\n    return 1"
    assert "found by what it defines" in result.flags[0]


def test_tampering_is_flagged_and_changes_nothing(spec):
    given = notebook()
    given["cells"][3]["source"] = "print('all agree')"
    given["cells"][3]["metadata"]["nbgrader"]["points"] = 100
    given["cells"][3]["metadata"]["tags"] = ["skip-execution"]
    given["cells"].append(cell("1", "x", metadata("bonus", points=50)))
    result = rebuilt(spec, given)
    assert sources(result)[2] == 'check(correlate1d, exercise="correlate1d")'
    assert result.flags == (
        "the locked cell correlate1d_check was changed: the instructor's was used",
        "the metadata of correlate1d_check was changed: points",
        "the cell correlate1d_check carries tags: skip-execution",
        "a cell claims the unknown name 'bonus'",
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04", "zip"),
        (b"\xff\xfe{", "UTF-8"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{}", "not a notebook"),
        (b'{"cells": {}, "nbformat": 4}', "no list"),
        (b'{"cells": [], "nbformat": 3}', "old or unknown"),
        (b'{"cells": [], "nbformat": 4}', "none of the exercise cells"),
        (b" " * 30_000_000, "larger than 20 MiB"),
    ],
)
def test_what_cannot_be_read_is_told_in_words(spec, data, words):
    result = rebuild(data, spec)
    assert words in result.problem
    assert [one.kind for one in result.cells] == ["free", "solution", "check", "free"]
    assert result.cells[1].source == ""


def test_too_much_text_is_told(spec):
    result = rebuild(json.dumps(notebook("x" * 100)).encode(), spec, Limits(text=50))
    assert "of text" in result.problem


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data):
    rebuild(data, AssignmentSpec("none", ()))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["code", "correlate1d"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["cell_type", "source", "metadata", "nbgrader", "grade_id", "tags", "id"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)


@given(st.lists(JSON, max_size=4))
def test_no_cells_make_it_raise(cells):
    given_notebook = {"nbformat": 4, "cells": [*notebook()["cells"], *cells]}
    rebuild(json.dumps(given_notebook).encode(), _spec())


def _spec():
    from convlab.grading.spec import SpecCell

    return AssignmentSpec(
        "one",
        (
            SpecCell("free", "imports", "", {}),
            SpecCell("solution", "correlate1d", "", metadata("correlate1d")),
        ),
    )


def test_a_source_that_grades_no_exercise_is_refused(tmp_path):
    source = notebook()
    path = tmp_path / "bad.ipynb"
    source["cells"][3]["metadata"]["nbgrader"]["grade_id"] = "nothing_check"
    path.write_text(json.dumps(source))
    with pytest.raises(SpecError, match="belongs to no exercise"):
        AssignmentSpec.load(path)
    source["cells"][3]["metadata"]["nbgrader"].update(grade_id="correlate1d_check", points=POINTS + 1)
    path.write_text(json.dumps(source))
    with pytest.raises(SpecError, match="points"):
        AssignmentSpec.load(path)
    path.write_text("{")
    with pytest.raises(SpecError, match="cannot be read"):
        AssignmentSpec.load(path)


@pytest.mark.parametrize(
    ("source", "runs"),
    [
        ("draw.window(input, weight, 1)", False),
        ("print(1)\n\ndraw.beside(draw.signal([1]), draw.signal([2]))", False),
        ("x = draw.window(input, weight, 1)", False),
        ("np.random.seed(1)", True),
        ("%matplotlib inline", True),
    ],
)
def test_an_untouched_cell_that_the_student_does_not_need_is_not_run(tmp_path, source, runs):
    given = notebook()
    given["cells"][4]["source"] = source
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps(given))
    spec = AssignmentSpec.load(path)
    assert rebuilt(spec, given).cells[-1].runs is runs
    given["cells"][4]["source"] = f"{source}\nmine = 1"
    assert rebuilt(spec, given).cells[-1].runs
