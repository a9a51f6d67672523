"""nbgrader's own commands work on the same course: its checks run in the student's kernel there, all or nothing."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from convlab.demo import _solution
from convlab.grading import Course

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
NBGRADER = str(Path(sys.executable).with_name("nbgrader"))

pytestmark = pytest.mark.more


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "course" / "nbgrader_config.py", root)
    shutil.copytree(ROOT / "course" / "source" / CHAPTER, root / "source" / CHAPTER)
    return Course(root)


def nbgrader(course, *arguments):
    return subprocess.run(
        [NBGRADER, *arguments], cwd=course.root, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def released(course):
    done = nbgrader(course, "generate_assignment", CHAPTER)
    assert done.returncode == 0, done.stderr
    return course.root / "release" / CHAPTER / f"{CHAPTER}.ipynb"


@pytest.fixture(scope="module")
def handed_in(course, released):
    """Somebody who has solved it, somebody who has solved one exercise, and somebody who has not begun."""
    for student, exercises in {"all": None, "one": {"correlate1d"}, "none": set()}.items():
        notebook = nbformat.read(released, as_version=4)
        for cell in notebook.cells:
            known = cell.metadata.get("nbgrader", {})
            if known.get("solution") and (exercises is None or known["grade_id"] in exercises):
                cell.source = _solution(CHAPTER, known["grade_id"])
        file = course.submitted(CHAPTER, student) / f"{CHAPTER}.ipynb"
        file.parent.mkdir(parents=True)
        nbformat.write(notebook, file)
    return course


def test_the_release_is_the_committed_one(released):
    committed = ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb"

    def sources(file):
        return [cell["source"] for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]]

    assert sources(released) == sources(committed)


def test_validate_says_what_passes_and_what_does_not(handed_in):
    def validate(student):
        return nbgrader(handed_in, "validate", f"submitted/{student}/{CHAPTER}/{CHAPTER}.ipynb").stdout

    assert "Success! Your notebook passes all the tests." in validate("all")
    failing = validate("none")
    assert "THE CONTENTS OF" not in failing
    assert "3 CELL(S) FAILED" in failing.upper() or "FAILED" in failing.upper()
    assert "not written yet" in failing


def test_autograde_and_feedback_end_with_scores_and_pages(handed_in):
    done = nbgrader(handed_in, "autograde", CHAPTER)
    assert done.returncode == 0, done.stderr
    with Gradebook(handed_in.db_url, handed_in.course_id) as gradebook:
        scores = {one.student_id: one.score for one in gradebook.assignment_submissions(CHAPTER)}
    assert scores == {"all": 8, "one": 3, "none": 0}
    done = nbgrader(handed_in, "generate_feedback", CHAPTER)
    assert done.returncode == 0, done.stderr
    for student in scores:
        assert handed_in.feedback(CHAPTER, student).is_file()
