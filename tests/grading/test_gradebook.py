"""A gradebook to which two add the same student at the same moment."""

import os

import pytest
from nbgrader.api import Gradebook, InvalidEntry, MissingEntry

from convlab.grading import Course
from convlab.grading.gradebook import SharedGradebook


@pytest.fixture
def course(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("", encoding="utf-8")
    return Course(tmp_path)


def test_a_new_gradebook_needs_no_activated_environment(course, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")  # alembic, which marks its version, stands beside Python
    with SharedGradebook(course) as gradebook:
        assert gradebook.students == []
    assert os.environ["PATH"] == "/nowhere"


@pytest.mark.parametrize(
    "looks", [1, 2], ids=["before it is our turn", "from a machine that has no lock of ours"]
)
def test_a_student_whom_somebody_else_adds_just_now_is_updated(course, monkeypatch, looks):
    find, seen = Gradebook.find_student, []

    def find_too_early(gradebook, student):
        seen.append(student)
        if len(seen) > looks:
            return find(gradebook, student)
        if len(seen) == looks:
            with Gradebook(course.db_url, course.course_id) as other:
                other.add_student(student, email="ada@example.org")
        raise MissingEntry(student)

    with SharedGradebook(course) as gradebook:
        monkeypatch.setattr(Gradebook, "find_student", find_too_early)
        gradebook.update_or_create_student("ada", first_name="Ada")
        monkeypatch.undo()
    with Gradebook(course.db_url, course.course_id) as gradebook:
        (ada,) = gradebook.students
        assert (ada.id, ada.first_name, ada.email) == ("ada", "Ada", "ada@example.org")


def test_what_the_database_refuses_is_refused(course):
    with SharedGradebook(course) as gradebook, pytest.raises(InvalidEntry):
        gradebook.update_or_create_student("ada", first_name=object())
    with Gradebook(course.db_url, course.course_id) as gradebook:
        assert gradebook.students == []
