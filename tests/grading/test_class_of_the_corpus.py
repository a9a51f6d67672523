"""All kinds of submissions as one class, four at a time: everybody gets what they earn, in the gradebook too."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from submissions import corpus, folders

from convlab.grading import Course, grade_assignment

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

pytestmark = pytest.mark.more

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
# Rows with limits of their own are graded alone, in test_corpus.py.
ROWS = [row for row in corpus.CORPUS if not row.limit_changes]
FOLDERS = [one for one in folders.FOLDERS if one.name != "nothing" and (not one.as_root or os.getuid() == 0)]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "course" / "nbgrader_config.py", root)
    shutil.copytree(ROOT / "course" / "source" / CHAPTER, root / "source" / CHAPTER)
    course = Course(root)
    expected = {}
    solved = corpus.Row("solved", corpus.FULL).submission
    (root / "outside").write_bytes(solved)
    for number, row in enumerate(ROWS):
        student = f"row{number:03}"
        file = course.submitted(CHAPTER, student) / f"{CHAPTER}.ipynb"
        file.parent.mkdir(parents=True)
        file.write_bytes(row.submission)
        expected[student] = row.points
    for number, one in enumerate(FOLDERS):
        student = f"folder{number:02}"
        one.make(course.submitted(CHAPTER, student), solved, root / "outside")
        expected[student] = corpus.FULL if one.read else (0, 0, 0)
    batch = grade_assignment(course, CHAPTER, jobs=4)
    # Some folders are links to one beside them, which is handed in, too.
    batch.marked = [one for one in batch.marked if one.student in expected]
    return course, expected, batch


def test_nobody_is_left_out(graded):
    _, expected, batch = graded
    assert batch.failed == {}
    assert [one.student for one in batch.marked] == sorted(expected)


def test_everybody_gets_what_they_earn(graded):
    _, expected, batch = graded
    got = {one.student: tuple(mark.points for mark in one.marks) for one in batch.marked}
    assert {who: points for who, points in got.items() if points != expected[who]} == {}


def test_the_gradebook_says_the_same_and_waits_for_nobodys_hand(graded):
    course, expected, _ = graded
    with Gradebook(course.db_url, course.course_id) as gradebook:
        for student, points in expected.items():
            notebook = gradebook.find_submission_notebook(CHAPTER, CHAPTER, student)
            by_name = {grade.name: grade for grade in notebook.grades}
            assert not notebook.needs_manual_grade, student
            assert tuple(by_name[f"{name}_check"].auto_score for name in corpus.EXERCISES) == points, student


def test_everybody_has_a_readable_notebook_of_bounded_size(graded):
    course, expected, _ = graded
    for student in expected:
        # 4 MiB of outputs, of which each character may take six in JSON.
        assert course.autograded(CHAPTER, student).stat().st_size < 30_000_000, student


def everything(course, students):
    """All that the gradebook says of each: when it was handed in, and each cell's scores and comments."""
    told = {}
    with Gradebook(course.db_url, course.course_id) as gradebook:
        for student in students:
            submission = gradebook.find_submission(CHAPTER, student)
            (notebook,) = submission.notebooks
            grades = sorted(
                (g.name, g.auto_score, g.manual_score, g.needs_manual_grade) for g in notebook.grades
            )
            comments = sorted((one.name, one.auto_comment) for one in notebook.comments)
            told[student] = (submission.timestamp, submission.score, submission.max_score, grades, comments)
    return told


def test_on_postgresql_the_gradebook_is_the_same(graded, database, tmp_path):
    """The whole corpus again, resumed where all was graded and nothing recorded, into a server's database."""
    course, expected, _ = graded
    for part in ("source", "grading"):
        shutil.copytree(course.root / part, tmp_path / part)
    shutil.copy(course.root / "nbgrader_config.py", tmp_path)
    with (tmp_path / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(f"\nc.CourseDirectory.db_url = {database!r}\n")
        # What was handed in stays where it is: a copy of 10 TB of nothing would be 10 TB.
        file.write(f"c.CourseDirectory.submitted_directory = {str(course.root / 'submitted')!r}\n")
    for file in (tmp_path / "grading" / CHAPTER / "results").iterdir():
        kept = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({**kept, "replayed": ""}), encoding="utf-8")
    other = Course(tmp_path)
    assert other.db_url == database
    batch = grade_assignment(other, CHAPTER, students=list(expected), jobs=1)
    assert batch.failed == {}
    assert everything(other, expected) == everything(course, expected)
