"""Reads and writes who is in nbgrader's gradebook, so that students have names and the system's ids there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from convlab.grading.collecting.identity import Known, Student, name_key, safe_row_id
from convlab.grading.collecting.ledger import Collected
from convlab.grading.collecting.roster import Row
from convlab.grading.course import Course
from convlab.grading.native import gradebook_of

__all__ = ["enroll_collected", "known_students"]


def known_students(course: Course) -> list[Known]:
    """The gradebook's students."""
    with gradebook_of(course) as gradebook:
        return [
            Known(
                one.id,
                one.first_name or "",
                one.last_name or "",
                one.email or "",
                one.lms_user_id or "",
            )
            for one in gradebook.students
        ]


def enroll_collected(
    course: Course,
    students: Iterable[tuple[Student, Collected]],
    roster: Iterable[Row],
    known: Mapping[str, Known],
) -> None:
    """Give those who were collected their names in the gradebook; what it has and nobody told stays.

    Parameters
    ----------
    roster : the class; who has handed in nothing yet is enrolled too, so that the roster is needed once
    known : student id -> what the gradebook has
    """
    changed: dict[str, dict[str, str]] = {}
    met: list[Row] = []
    for student, collected in students:
        # Moodle's number is the participant's in one assignment only, and a hidden name hides the person.
        lasting = collected.system == "canvas" and collected.name
        told = _told(student.first_name, student.last_name, student.email, collected.user if lasting else "")
        if student.row is not None:
            met.append(student.row)
            told["lms_user_id"] = told["lms_user_id"] or student.row.user
        had = known.get(student.id)
        new = {key: text for key, text in told.items() if text and (had is None or text != _had(had, key))}
        if had is None or new:
            changed[student.id] = new
    ids = {id.casefold() for id in (*known, *changed)}
    users = {one.user for one in known.values()} - {""}
    names = {name_key(f"{one.first_name} {one.last_name}") for one in known.values()}
    for row in roster:
        id = safe_row_id(row.id, []) if row.id else ""
        name = name_key(f"{row.first_name} {row.last_name}")
        if id and row not in met and id.casefold() not in ids and row.user not in users and name not in names:
            told = _told(row.first_name, row.last_name, row.email, row.user)
            changed[id] = {key: text for key, text in told.items() if text}
    if not changed:
        return
    with gradebook_of(course) as gradebook:
        for id, fields in sorted(changed.items()):
            gradebook.update_or_create_student(id, **fields)


def _told(first_name: str, last_name: str, email: str, user: str) -> dict[str, str]:
    texts = {"first_name": first_name, "last_name": last_name, "email": email, "lms_user_id": user}
    return {key: text[:128] for key, text in texts.items()}


def _had(known: Known, key: str) -> str:
    return str(getattr(known, "user" if key == "lms_user_id" else key))
