"""Collects what each student wrote for each exercise, and what everybody was given. Nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from convlab.grading.course import Course, CourseError
from convlab.grading.handed_in import read
from convlab.grading.rebuild import Cell, rebuild
from convlab.grading.spec import AssignmentSpec

__all__ = ["OWN", "Part", "Texts", "collect", "parts_of"]

OWN = "cells of their own"
"""The part that holds what stands in no exercise's cell: helpers, trials, changed cells of the chapter."""

_SOLUTION = re.compile(
    r"^[ \t]*### BEGIN SOLUTION[^\n]*\n.*?^[ \t]*### END SOLUTION[^\n]*\n?", re.DOTALL | re.MULTILINE
)
_MARKS = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION[^\n]*\n?", re.MULTILINE)
_STUB = re.compile(r"raise NotImplementedError\b")


@dataclass(frozen=True)
class Part:
    """What is compared with each other: everybody's text of one exercise.

    Parameters
    ----------
    texts : student -> text; who has written nothing is not in it
    reference : the instructor's solution; "" if there is none
    """

    name: str
    texts: Mapping[str, str]
    reference: str = ""


@dataclass(frozen=True)
class Texts:
    """All texts of an assignment.

    Parameters
    ----------
    given : what everybody had before they began: the chapter's own code, and the exercises without their solutions
    students : all whose submission could be read
    unread : all whose submission could not
    """

    assignment: str
    parts: tuple[Part, ...]
    given: str
    students: tuple[str, ...]
    unread: tuple[str, ...] = ()


def collect(course: Course, assignment: str) -> Texts:
    """Read every submission of an assignment.

    Raises
    ------
    CourseError
        If there is no such assignment, or nobody has handed in anything that can be read.
    SpecError
        If the instructor's notebook cannot be read.
    """
    source = course.source(assignment)
    if not source.is_file():
        raise CourseError(f"there is no assignment {assignment}: {source} is missing")
    spec = AssignmentSpec.load(source)
    written: dict[str, dict[str, str]] = {}
    unread = []
    for student in course.students(assignment):
        handed = read(course.submitted(assignment, student), f"{assignment}.ipynb")
        rebuilt = None if handed.problem else rebuild(handed.content, spec)
        if rebuilt is None or rebuilt.problem:
            unread.append(student)
        else:
            written[student] = parts_of(rebuilt.cells, spec)
    if not written:
        raise CourseError(f"nobody has handed in a notebook for {assignment} that can be read")
    references = {cell.name: _MARKS.sub("", cell.source) for cell in spec.cells if cell.kind == "solution"}
    parts = [
        Part(name, {student: texts[name] for student, texts in written.items() if name in texts}, reference)
        for name, reference in (*references.items(), (OWN, ""))
    ]
    return Texts(assignment, tuple(parts), "\n".join(_given(spec)), tuple(sorted(written)), tuple(unread))


def parts_of(cells: tuple[Cell, ...], spec: AssignmentSpec) -> dict[str, str]:
    """What one student wrote: exercise -> text, and everything else under `OWN`."""
    texts: dict[str, str] = {}
    given = {cell.source.strip() for cell in spec.cells}
    others = []
    for cell in cells:
        if cell.kind == "solution":
            if cell.source.strip() and not _STUB.search(cell.source):
                texts[cell.name] = cell.source
        elif cell.kind in ("own", "free") and cell.source.strip() and cell.source.strip() not in given:
            others.append(cell.source)
    if others:
        texts[OWN] = "\n\n".join(others)
    return texts


def _given(spec: AssignmentSpec) -> Iterator[str]:
    for cell in spec.cells:
        if cell.kind == "solution":
            yield _SOLUTION.sub("", cell.source)
        elif cell.kind in ("free", "locked"):
            yield cell.source
