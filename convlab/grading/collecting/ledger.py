"""Remembers for one assignment who was collected from where: what is given back must carry the system's own ids.

One JSON file in the course's folder grading/ASSIGNMENT, written whole or not at all. It holds names and is for the
instructor's eyes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convlab.grading.course import CourseError
from convlab.grading.files import write_whole

__all__ = ["Collected", "Earlier", "Ledger"]

FILE = "collected.json"
_VERSION = 1


@dataclass(frozen=True)
class Earlier:
    """A submission that was replaced, or never was the latest; kept in grading/ASSIGNMENT/earlier/STUDENT/NUMBER."""

    number: int
    sha256: str
    label: str = ""
    handed_in: str = ""


@dataclass(frozen=True)
class Collected:
    """One student's submission, and who the student is to the system it came from.

    Parameters
    ----------
    system : "canvas", "moodle" or "brightspace"
    user : the person's id there; Moodle's is the participant's in this assignment
    name : the person's, as written there
    label : the part of the zip's path that names the submission, unchanged
    folder : whether that is a folder
    file : the student's own name for the notebook
    submission : the system's growing id, "" if it has none
    late : whether the system says so
    handed_in : when, as in timestamp.txt; "" if nothing says it
    packed : when, as the zip says; it tells newer from older where nothing else does
    sha256 : of the notebook
    """

    system: str
    user: str
    name: str
    label: str
    folder: bool
    file: str
    submission: str = ""
    late: bool = False
    handed_in: str = ""
    packed: tuple[int, ...] = ()
    sha256: str = ""
    archive: str = ""
    earlier: tuple[Earlier, ...] = field(default=())

    def is_newer_than(self, other: Collected) -> bool:
        """Whether it was handed in after another of the same person; decided by what both of them know."""
        if self.handed_in and other.handed_in and self.handed_in != other.handed_in:
            return self.handed_in > other.handed_in
        if self.system == other.system and self.submission.isdecimal() and other.submission.isdecimal():
            return int(self.submission) > int(other.submission)
        return self.packed > other.packed


class Ledger:
    """What was collected of an assignment.

    Parameters
    ----------
    folder : the course's own folder of the assignment

    Raises
    ------
    CourseError
        If the file is there and cannot be read: without it nobody could be given back anything.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self.students: dict[str, Collected] = {}
        try:
            data = json.loads(self._file.read_text(encoding="utf-8"))
            self.students = {student: _collected(one) for student, one in data["students"].items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CourseError(
                f"{self._file} cannot be read ({error}). Restore it, or move it away and collect again"
            ) from error

    def by_user(self) -> dict[tuple[str, str], str]:
        """(system, user) -> student id."""
        return {(one.system, one.user): student for student, one in self.students.items()}

    def write(self) -> None:
        students = {student: dataclasses.asdict(self.students[student]) for student in sorted(self.students)}
        text = json.dumps({"version": _VERSION, "students": students}, ensure_ascii=False, indent=1)
        write_whole(self._file, text.encode("utf-8") + b"\n", private=True)


def _collected(data: Mapping[str, Any]) -> Collected:
    fields = dict(data)
    fields["packed"] = tuple(fields.get("packed", ()))
    fields["earlier"] = tuple(Earlier(**one) for one in fields.get("earlier", ()))
    return Collected(**fields)
