"""Every row of the corpus, graded: exact points, the student's words, the instructor's flags, and nothing left over."""

import importlib.util
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from convlab.grading import AssignmentSpec, Limits, grade
from convlab.grading.house import warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")

_file = Path(__file__).parents[1] / "submissions" / "corpus.py"
_module = importlib.util.spec_from_file_location("submissions_corpus", _file)
assert _module is not None
assert _module.loader is not None
corpus = importlib.util.module_from_spec(_module)
sys.modules["submissions_corpus"] = corpus
_module.loader.exec_module(corpus)


@pytest.fixture(scope="session")
def spec():
    return AssignmentSpec.load(corpus.SOURCE)


def graded(row, spec):
    return grade(row.submission, spec, seed=20, limits=replace(Limits(), **row.limit_changes))


@pytest.mark.parametrize("row", corpus.CORPUS, ids=lambda row: row.name)
def test_a_submission_gets_exactly_what_it_earns(row, spec):
    warm()
    began = time.monotonic()
    result = graded(row, spec)
    seconds = time.monotonic() - began
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
    assert processes_left() == []
    assert folders_left() == []


def processes_left():
    """What the warm process has begun and is still there; a guardian that has told how it ended needs a moment."""
    process = warm()._process.pid
    ends = time.monotonic() + 2
    while time.monotonic() < ends:
        left = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        if not left:
            return []
        time.sleep(0.01)
    return left


def folders_left():
    return list(Path(warm()._root).iterdir())


def test_names_are_told_apart():
    names = [row.name for row in corpus.CORPUS]
    assert len(set(names)) == len(names)
    assert len(names) >= 50


def test_honest_rows_that_solve_all_have_full_marks():
    partly = [row for row in corpus.HONEST if row.points != corpus.FULL]
    assert all(row.code != corpus.ALL for row in partly)


@pytest.mark.more
@pytest.mark.parametrize("row", corpus.CORPUS, ids=lambda row: row.name)
def test_grading_twice_gives_the_same(row, spec):
    assert graded(row, spec).verdict() == graded(row, spec).verdict()
