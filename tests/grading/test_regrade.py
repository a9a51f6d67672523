"""A changed exercise is played again alone, the others stand, and what that changes in the marks is told."""

import dataclasses
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from submissions import corpus

from convlab.checks import EXERCISES
from convlab.grading import Course, CourseError, grade_assignment
from convlab.grading.batch import Change
from convlab.grading.records import Records

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
NAMES = ("correlate1d", "convolve1d", "output_size")


class Here:
    """A pool of this very process, so that it knows an exercise that a test has changed; it notes what it is given."""

    size = 1

    def __init__(self):
        self.jobs = []
        self._threads = ThreadPoolExecutor(1)

    def executor(self):
        return self

    def submit(self, function, job):
        self.jobs.append(job)
        return self._threads.submit(function, job)


def solved(leave_out=()):
    code = {name: "solution" for name in NAMES if name not in leave_out}
    return corpus.Row("made here", (0, 0, 0), code=code).submission


def hand_in(course, student, text):
    folder = course.submitted(CHAPTER, student)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{CHAPTER}.ipynb").write_bytes(text)


@pytest.fixture
def course(tmp_path):
    shutil.copy(ROOT / "course" / "nbgrader_config.py", tmp_path)
    source = ROOT / "course" / "source" / CHAPTER / f"{CHAPTER}.ipynb"
    (tmp_path / "source" / CHAPTER).mkdir(parents=True)
    shutil.copy(source, tmp_path / "source" / CHAPTER)
    course = Course(tmp_path)
    hand_in(course, "ada", solved())
    hand_in(course, "ben", solved(leave_out=["output_size"]))
    return course


def points(batch):
    return {one.student: tuple(mark.points for mark in one.marks) for one in batch.marked}


def results(course, student):
    return {one.name: one for one in Records(course.own(CHAPTER) / "results").read(student).result.exercises}


@pytest.fixture
def marked_wrongly(monkeypatch):
    """An exercise whose oracle is off by one, as an instructor may find out after a class was graded."""
    right = EXERCISES["output_size"]
    wrong = dataclasses.replace(right, oracle=lambda *args, **kwargs: right.oracle(*args, **kwargs) + 1)
    monkeypatch.setitem(EXERCISES, "output_size", wrong)
    return lambda: monkeypatch.setitem(EXERCISES, "output_size", right)


def test_a_changed_exercise_runs_again_and_no_other_does(course, marked_wrongly):
    before = grade_assignment(course, CHAPTER, pool=Here())
    assert points(before) == {"ada": (3, 3, 0), "ben": (3, 3, 0)}
    assert before.changes == []
    stood = results(course, "ada")
    marked_wrongly()

    pool = Here()
    after = grade_assignment(course, CHAPTER, pool=pool)
    assert [[one.name for one in job.kept] for job in pool.jobs] == [["correlate1d", "convolve1d"]] * 2
    assert points(after) == {"ada": (3, 3, 2), "ben": (3, 3, 0)}
    assert after.changes == [Change("ada", "ada", "output_size", 0, 2, resubmitted=False)]
    now = results(course, "ada")
    # The seconds of a run are never twice the same: what has the same was not run.
    assert [now[name] == stood[name] for name in NAMES] == [True, True, False]
    assert grade_assignment(course, CHAPTER, pool=pool).unchanged == 2


def test_one_exercise_is_played_again_for_all_on_request(course):
    grade_assignment(course, CHAPTER, pool=Here())
    stood = results(course, "ben")
    pool = Here()
    again = grade_assignment(course, CHAPTER, again=["correlate1d"], pool=pool)
    assert len(pool.jobs) == 2
    assert again.changes == []
    now = results(course, "ben")
    assert [now[name] == stood[name] for name in NAMES] == [False, True, True]
    with pytest.raises(
        CourseError, match="has no exercise conv3d; it has correlate1d, convolve1d, output_size"
    ):
        grade_assignment(course, CHAPTER, again=["conv3d"], pool=pool)


def test_who_hands_in_again_runs_alone_and_the_change_says_so(course):
    grade_assignment(course, CHAPTER, pool=Here())
    hand_in(course, "ben", solved())
    pool = Here()
    after = grade_assignment(course, CHAPTER, pool=pool)
    assert [(job.student, job.kept) for job in pool.jobs] == [("ben", ())]
    assert after.changes == [Change("ben", "ben", "output_size", 0, 2, resubmitted=True)]


def test_a_change_is_told_by_the_run_that_records_it(course, monkeypatch, marked_wrongly):
    """Killed after the result was kept and before the gradebook had it: the run that goes on tells the change."""
    from convlab.grading.replay import Replay

    grade_assignment(course, CHAPTER, pool=Here())
    marked_wrongly()

    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Replay, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            grade_assignment(course, CHAPTER, pool=Here())
    pool = Here()
    after = grade_assignment(course, CHAPTER, pool=pool)
    assert len(pool.jobs) < 2
    assert after.changes == [Change("ada", "ada", "output_size", 0, 2, resubmitted=False)]
