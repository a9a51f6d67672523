"""A gradebook on a real PostgreSQL server: many who grade at once, and a run that was killed and goes on."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from submissions.large_class import large_class
from submissions.rows import EXERCISES

from convlab.grading import Course, grade_assignment

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

pytestmark = pytest.mark.more

ROOT = Path(__file__).parents[2]
CHAPTER, OTHER = "01_conv1d", "02_conv2d"
CLASS = dict(list(large_class(30, seed=4)))


def make_course(root, db_url):
    shutil.copy(ROOT / "course" / "nbgrader_config.py", root)
    with (root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(f"\nc.CourseDirectory.db_url = {db_url!r}\n")
    for chapter in (CHAPTER, OTHER):
        shutil.copytree(ROOT / "course" / "source" / chapter, root / "source" / chapter)
    course = Course(root)
    for student, content in CLASS.items():
        hand_in(course, CHAPTER, student, content)
    return course


def hand_in(course, chapter, student, content):
    folder = course.submitted(chapter, student)
    folder.mkdir(parents=True)
    (folder / f"{chapter}.ipynb").write_bytes(content)


def scores(course):
    with Gradebook(course.db_url, course.course_id) as gradebook:
        found = {}
        for student in CLASS:
            notebook = gradebook.find_submission_notebook(CHAPTER, CHAPTER, student)
            by_name = {grade.name: grade.auto_score for grade in notebook.grades}
            found[student] = tuple(by_name[f"{name}_check"] for name in EXERCISES)
        return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What SQLite's gradebook says after a run that nobody disturbed."""
    root = tmp_path_factory.mktemp("course")
    course = make_course(root, f"sqlite:///{root}/gradebook.db")
    assert grade_assignment(course, CHAPTER).failed == {}
    return scores(course)


def start(course, chapter):
    return subprocess.Popen(
        [sys.executable, "-m", "convlab", "grade", chapter],
        cwd=course.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_the_class_is_graded_as_on_sqlite_while_somebody_grades_another_chapter(tmp_path, database, expected):
    """Both open a new gradebook at the same moment, and both make the students."""
    course = make_course(tmp_path, database)
    release = (ROOT / "course" / "release" / OTHER / f"{OTHER}.ipynb").read_bytes()
    for student in CLASS:
        hand_in(course, OTHER, student, release)
    for process in [start(course, CHAPTER), start(course, OTHER)]:
        said = process.communicate()[1]
        assert process.returncode == 0, said
    assert scores(course) == expected
    with Gradebook(course.db_url, course.course_id) as gradebook:
        assert sorted(one.student.id for one in gradebook.assignment_submissions(OTHER)) == sorted(CLASS)
        assert all(one.score == 0 for one in gradebook.assignment_submissions(OTHER))


def test_a_run_that_was_killed_goes_on_to_the_same_gradebook(tmp_path, database, expected):
    course = make_course(tmp_path, database)
    results = course.own(CHAPTER) / "results"
    for kept in (1, 9, 20):
        process = start(course, CHAPTER)
        while process.poll() is None and len(list(results.glob("s*.json"))) < kept:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    batch = grade_assignment(course, CHAPTER)
    assert batch.failed == {}
    assert batch.unchanged >= 15
    assert scores(course) == expected


def test_the_address_may_leave_the_driver_to_sqlalchemy(tmp_path, database, expected):
    student = next(iter(CLASS))
    course = make_course(tmp_path, database.replace("+psycopg", ""))
    assert grade_assignment(course, CHAPTER, students=[student]).failed == {}
    with Gradebook(database, course.course_id) as gradebook:
        assert gradebook.find_submission(CHAPTER, student).score == sum(expected[student])
