"""Reads who is in the class: a file from the learning management system, or one that was written by hand.

Only the header decides what a file is. What it says is taken as it stands; matching it with submissions is for
`identity`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from convlab.grading.collecting.when import read_time
from convlab.grading.course import CourseError

__all__ = ["Row", "read_csv", "read_roster", "split_name"]

_LARGEST = 50 * 2**20
_FIRST = ("first_name", "first name", "firstname", "given name", "given_name")
_LAST = ("last_name", "last name", "lastname", "surname", "family name")
_EMAIL = ("email", "email address", "e-mail", "e-mail address")
_ID = ("id", "student_id", "student id", "username", "id number", "orgdefinedid")
_SYSTEM_ID = ("lms_id", "lms_user_id", "lms id")
_NAME = ("name", "full name", "full_name", "student name")
_PARTICIPANT = re.compile(r"\D+ (\d+)")


@dataclass(frozen=True)
class Row:
    """One student of the roster.

    Parameters
    ----------
    id : what the course calls them; "" if the file has nothing that could be one
    user : the system's id of the person
    participant : Moodle's number of them in one assignment
    submitted : when they handed in, without a zone, if the file says so
    """

    id: str
    first_name: str
    last_name: str
    email: str = ""
    user: str = ""
    participant: str = ""
    submitted: datetime | None = None


def read_roster(file: Path) -> list[Row]:
    """Read a roster.

    Parameters
    ----------
    file : Canvas's gradebook export; Moodle's participants, grade export or grading worksheet; Brightspace's grade
        export; or `id,first_name,last_name,email,lms_id`, which `nbgrader db student import` also reads if the last
        is called lms_user_id

    Raises
    ------
    CourseError
        If it cannot be read, or its columns are none of these.
    """
    header, rows = read_csv(file)
    columns = [title.strip().lower() for title in header]
    if {"student", "id", "section"} <= set(columns) or columns[:2] == ["lastname", "firstname"]:
        found = list(_canvas(columns, rows))
    elif (worksheet := _worksheet(columns, rows)) is not None:
        found = worksheet
    else:
        found = list(_plain(columns, rows))
    if not found:
        raise CourseError(
            f"{file} is no roster: its columns are {', '.join(header[:8]) or 'none'}. It may be Canvas's gradebook "
            "export, Moodle's participants, grades or grading worksheet, Brightspace's grades, or have the columns "
            "id,first_name,last_name,email,lms_id"
        )
    return found


def read_csv(file: Path) -> tuple[list[str], list[list[str]]]:
    """A file's header and rows, whatever parts its fields.

    Raises
    ------
    CourseError
        If it cannot be read.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise CourseError(f"{file} is larger than {_LARGEST // 2**20} MiB: is it a CSV file?")
        content = file.read_bytes()
    except OSError as error:
        raise CourseError(f"{file} cannot be read: {error.strerror}") from error
    if content[:2] in (b"PK", b"\xd0\xcf"):
        raise CourseError(f"{file} is a spreadsheet: save it as CSV")
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")  # a spreadsheet program has saved it
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise CourseError(f"{file} cannot be read as CSV: {error}") from error
    if not rows:
        raise CourseError(f"{file} is empty")
    return rows[0], rows[1:]


def split_name(name: str) -> tuple[str, str]:
    """First and last name of "Lovelace, Ada" or "Ada Lovelace"."""
    name = " ".join(name.split())
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.rpartition(" ")
    return first, last


def _canvas(columns: list[str], rows: Iterable[list[str]]) -> Iterator[Row]:
    for row in rows:
        fields = dict(zip(columns, (field.strip() for field in row)))
        name = fields.get("student", "")
        if "points possible" in (name + fields.get("lastname", "")).lower() or not fields.get("id"):
            continue
        if name == "Student, Test":  # Canvas's own, for trying a course out
            continue
        first, last = (
            split_name(name)
            if "student" in fields
            else (fields.get("firstname", ""), fields.get("lastname", ""))
        )
        login = fields.get("sis login id", "")
        yield Row(
            login or fields.get("sis user id", ""), first, last, login if "@" in login else "", fields["id"]
        )


def _worksheet(columns: list[str], rows: list[list[str]]) -> list[Row] | None:
    """Moodle's grading worksheet; its titles are in the site's language, its first column is "Participant 123"."""
    numbers = [_PARTICIPANT.fullmatch(row[0].strip()) for row in rows]
    if not rows or len(columns) < 3 or not all(numbers):
        return None
    found = []
    for row, number in zip(rows, numbers):
        fields = dict(zip(columns, (field.strip() for field in row)))
        email = _first(fields, _EMAIL) or next(
            (field for field in row if "@" in field and " " not in field), ""
        )
        first, last = split_name(_first(fields, _NAME) or ("" if "@" in row[1] else row[1]))
        assert number is not None
        found.append(
            Row(
                _first(fields, ("username", "id number")) or email,
                first,
                last,
                email,
                participant=number[1],
                submitted=read_time(fields.get("last modified (submission)", "")),
            )
        )
    return found


def _plain(columns: list[str], rows: Iterable[list[str]]) -> Iterator[Row]:
    for row in rows:
        fields = dict(zip(columns, (field.strip() for field in row)))
        email = _first(fields, _EMAIL)
        first, last = _first(fields, _FIRST), _first(fields, _LAST)
        if not first and not last:
            first, last = split_name(_first(fields, _NAME))
        # Brightspace writes # before what a spreadsheet would take for a number.
        id = _first(fields, _ID).lstrip("#") or email
        if id and (first or last or email):
            yield Row(id, first, last, email, _first(fields, _SYSTEM_ID))


def _first(fields: Mapping[str, str], titles: Iterable[str]) -> str:
    return next((fields[title] for title in titles if fields.get(title)), "")
