"""Collects what is known of a class: the kept results, what the gradebook says, and where everybody's pages lie."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convlab.checks import EXERCISES
from convlab.grading.course import Course, CourseError
from convlab.grading.native import gradebook_of
from convlab.grading.records import Records
from convlab.grading.report.chapter import Chapter, read_chapter
from convlab.grading.result import Result

__all__ = ["Class", "InGradebook", "Student", "gather", "people"]

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class InGradebook:
    """What the gradebook says of one submission.

    Parameters
    ----------
    score : points, those given by hand included and late penalties taken off
    penalty : points taken off for handing in late
    late : seconds after the due date; 0 if in time, or if no date is due
    waits : whether something waits to be marked by hand
    """

    score: float
    max_score: float
    penalty: float = 0.0
    late: float = 0.0
    waits: bool = False


@dataclass(frozen=True)
class Student:
    """One of the class.

    Parameters
    ----------
    name : the id where the gradebook has no name
    handed_in : whether there is a submission
    result : what is kept of its grading, if it was graded
    feedback, autograded : the student's page and notebook, where they exist
    """

    id: str
    name: str
    handed_in: bool = True
    result: Result | None = None
    in_gradebook: InGradebook | None = None
    feedback: Path | None = None
    autograded: Path | None = None

    @property
    def score(self) -> float | None:
        """The gradebook's points; the grader's where the gradebook has none."""
        if self.in_gradebook is not None:
            return self.in_gradebook.score
        return None if self.result is None else float(self.result.points)


@dataclass(frozen=True)
class Class:
    """All that a report is made of. Students are in the order of their ids.

    Parameters
    ----------
    earlier : the chapters before this one, as far as the course has them
    """

    chapter: Chapter
    students: tuple[Student, ...]
    earlier: tuple[Chapter, ...] = ()

    @property
    def assignment(self) -> str:
        return self.chapter.assignment


def gather(course: Course, assignment: str) -> Class:
    """Collect what is known of an assignment's class. Nothing is written.

    Raises
    ------
    CourseError
        If nothing of it has been graded.
    """
    source = course.source(assignment)
    if not source.is_file():
        raise CourseError(f"there is no assignment {assignment}: {source} is missing")
    handed_in = set(course.students(assignment))
    records = Records(course.own(assignment) / "results")
    results = {student: record.result for student in handed_in if (record := records.read(student))}
    if not results:
        said = f"{len(handed_in)} handed in" if handed_in else "nobody has handed in anything"
        raise CourseError(
            f"nothing of {assignment} has been graded yet ({said}). Type: convlab grade {assignment}"
        )
    names, marks = _gradebook(course, assignment)
    students = [
        _student(
            course, assignment, one, names.get(one, ""), one in handed_in, results.get(one), marks.get(one)
        )
        for one in sorted(handed_in | names.keys())
    ]
    before = [course.source(name) for name in _chapters() if name < assignment]
    earlier = [read_chapter(one) for one in before if one.is_file()]
    return Class(read_chapter(source), tuple(students), tuple(earlier))


def _chapters() -> list[str]:
    return sorted({exercise.chapter for exercise in EXERCISES.values()})


def people(course: Course, assignment: str, ids: Collection[str]) -> tuple[Chapter, list[Student]]:
    """The chapter, and these students with their names and pages but without results."""
    names, _ = _gradebook(course, assignment)
    students = [_student(course, assignment, one, names.get(one, "")) for one in sorted(ids)]
    return read_chapter(course.source(assignment)), students


def _student(
    course: Course,
    assignment: str,
    student: str,
    name: str,
    handed_in: bool = True,
    result: Result | None = None,
    marks: InGradebook | None = None,
) -> Student:
    feedback, autograded = course.feedback(assignment, student), course.autograded(assignment, student)
    return Student(
        student,
        name.strip()[:80] or student,
        handed_in,
        result,
        marks if handed_in else None,
        feedback if feedback.is_file() else None,
        autograded if autograded.is_file() else None,
    )


def _gradebook(course: Course, assignment: str) -> tuple[dict[str, str], dict[str, InGradebook]]:
    """Everybody's name, and what the gradebook says of their submissions. A gradebook that is not there stays so."""
    url = course.db_url
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).is_file():
        return {}, {}
    with gradebook_of(course) as gradebook:
        names = {
            one.id: " ".join(part for part in (one.first_name, one.last_name) if part)
            for one in gradebook.students
        }
        marks = {one.student_id: _marks(one) for one in gradebook.assignment_submissions(assignment)}
    return names, marks


def _marks(submission: Any) -> InGradebook:
    penalty = float(submission.late_submission_penalty or 0.0)
    return InGradebook(
        float(submission.score or 0.0) - penalty,
        float(submission.max_score or 0.0),
        penalty,
        float(submission.total_seconds_late or 0.0),
        bool(submission.needs_manual_grade),
    )
