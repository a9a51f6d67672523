"""Every row of the corpus, graded: exact points, the student's words, the instructor's flags, and nothing left over."""

import contextlib
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from submissions import corpus

from convlab.grading import AssignmentSpec, Limits, grade
from convlab.grading.house import warm

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)


@pytest.fixture(scope="session")
def spec():
    return AssignmentSpec.load(corpus.SOURCE)


@pytest.fixture(scope="session")
def idle():
    """The processes of the warm process while it grades nothing: itself, and bubblewrap around it."""
    warm()
    return wait_for(lambda: descendants(os.getpid()), lambda found: len(found) <= 3)


def graded(row, spec):
    return grade(row.submission, spec, seed=20, limits=replace(Limits(), **row.limit_changes))


FIRST = {}  # what the first run of each row gave


@pytest.mark.parametrize("row", corpus.CORPUS, ids=lambda row: row.name)
def test_a_submission_gets_exactly_what_it_earns(row, spec, idle):
    began = time.monotonic()
    result = graded(row, spec)
    seconds = time.monotonic() - began
    FIRST[row.name] = result
    assert tuple(exercise.points for exercise in result.exercises) == row.points
    messages = {exercise.name: exercise.message for exercise in result.exercises}
    for name, words in row.message.items():
        assert words in messages[name]
    for words in row.flags:
        assert any(words in flag for flag in result.flags), result.flags
    for words in row.limits:
        assert any(words in hit for hit in result.limits_hit), result.limits_hit
    shown = " ".join(str(cell.outputs) for cell in result.cells)
    for words in row.cells:
        assert words in shown
    for words in row.absent:
        assert words not in shown
    assert len(result.as_json()) < 16_000_000
    assert seconds < row.seconds
    assert wait_for(lambda: descendants(os.getpid()), lambda found: found == idle) == idle
    assert folders_left(idle) == []


def wait_for(look, good):
    """What `look` sees, as soon as it is good; a guardian that has told how it ended needs a moment."""
    ends = time.monotonic() + 5
    while not good(found := look()) and time.monotonic() < ends:
        time.sleep(0.01)
    return found


def descendants(process):
    """Every process that has come of this one, each in front of its own."""
    found = []
    with contextlib.suppress(OSError):
        for task in sorted(Path(f"/proc/{process}/task").iterdir()):
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def folders_left(idle):
    """What lies in the folder over which the sandboxes' roots are built, as the warm process sees it."""
    return list(Path(f"/proc/{idle[-1]}/root{warm()._root}").iterdir())


def test_names_are_told_apart():
    names = [row.name for row in corpus.CORPUS]
    assert len(set(names)) == len(names)
    assert len(names) >= 50


def test_honest_rows_that_solve_all_have_full_marks():
    partly = [row for row in corpus.HONEST if row.points != corpus.FULL]
    assert all(row.code != corpus.ALL for row in partly)


def test_no_row_has_points_for_a_function_that_the_check_in_the_notebook_refuses():
    """What is forged is never worth more than the exercises that the row solves."""
    for row in corpus.FORGED:
        for name, points in zip(corpus.EXERCISES, row.points):
            assert points == 0 or row.code.get(name) == "solution", row.name


@pytest.mark.more
@pytest.mark.parametrize("row", corpus.CORPUS, ids=lambda row: row.name)
def test_grading_twice_gives_the_same(row, spec):
    one, other = FIRST.get(row.name) or graded(row, spec), graded(row, spec)
    assert one.points == other.points
    assert row.by_luck or one.verdict() == other.verdict()
