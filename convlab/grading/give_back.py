"""Writes the pages that students get, through nbgrader's own generate_feedback."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from convlab.grading.course import Course, CourseError
from convlab.grading.marks import Marked
from convlab.grading.native import must, nbgrader_api
from convlab.grading.seeds import secret_seed

__all__ = ["write_feedback"]


def write_feedback(
    course: Course,
    assignment: str,
    *,
    students: Collection[str] = (),
    begin: Callable[[int], None] = lambda total: None,
    told: Callable[[Marked | None, str], None] = lambda marked, why: None,
) -> list[Path]:
    """Write feedback/STUDENT/ASSIGNMENT/ASSIGNMENT.html for those who were graded.

    Parameters
    ----------
    students : whose pages; everybody's if there is none
    begin, told : as for `grade_assignment`

    Returns
    -------
    the pages, in the order of the students' ids

    Raises
    ------
    CourseError
        If somebody has not been graded, or nbgrader cannot write a page.
    """
    chosen = sorted(set(students)) or course.students(assignment)
    graded = [one for one in chosen if course.autograded(assignment, one).is_file()]
    if not graded or (students and graded != chosen):
        missing = ", ".join(one for one in chosen if one not in graded) or "nobody"
        raise CourseError(
            f"not graded yet for {assignment}: {missing}. Type: convlab grade {assignment}"
            if graded or chosen
            else f"nothing was handed in for {assignment}"
        )
    begin(len(graded))

    def change(config: Any) -> None:
        # Whatever a notebook holds: its page does not tell it.
        config.FeedbackExporter.secrets = [str(secret_seed(course.own(assignment)))]

    with nbgrader_api(course, change) as api:
        for student in graded:
            must(api.generate_feedback(assignment, student, force=True), f"write the page of {student}")
            told(None, "")
    return [course.feedback(assignment, student) for student in graded]
