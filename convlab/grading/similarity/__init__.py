"""Which submissions are more alike than a class of this size and an exercise this small would make them.

`texts` collects what students wrote, `normal` and `fingerprints` say what stays of a text after renaming and
reordering, `compare` measures everybody against everybody, `pairs` picks what is worth a person's look, and `page`
puts the texts side by side. Nothing here judges, grades, or runs anything.
"""

from __future__ import annotations

from pathlib import Path

from convlab.grading.course import Course
from convlab.grading.report.gather import people
from convlab.grading.report.page import called
from convlab.grading.similarity.compare import compare
from convlab.grading.similarity.page import render
from convlab.grading.similarity.pairs import THRESHOLD, Found, find
from convlab.grading.similarity.texts import collect

__all__ = ["THRESHOLD", "Found", "collect", "compare", "find", "likeness_page", "render"]


def likeness_page(
    course: Course, assignment: str, page: Path, threshold: float = THRESHOLD
) -> tuple[str, Found]:
    """Compare what a class has handed in.

    Parameters
    ----------
    page : where it will lie; its links begin there
    threshold : what part of their texts two must have in common to be shown, above 0 and at most 1

    Returns
    -------
    the page as one HTML document, and what is on it

    Raises
    ------
    CourseError
        If there is no such assignment, or nothing that can be compared.
    ValueError
        If the threshold is none, or there are too few submissions.
    """
    compared = compare(collect(course, assignment))
    found = find(compared, threshold)
    chapter, students = people(course, assignment, compared.students)
    return render(compared, found, called(students, page), chapter.title), found
