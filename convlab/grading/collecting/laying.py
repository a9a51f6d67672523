"""Lays a submission where nbgrader looks for it. What lay there is moved to a kept place, never overwritten.

A submission's folder appears whole: it is made beside the place and renamed into it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from convlab.grading.course import Course, CourseError

__all__ = ["Kept", "earlier_folder", "keep", "lay", "lies", "sha256_of"]

TIMESTAMP = "timestamp.txt"


class Kept:
    """A submission that lies in the course.

    Parameters
    ----------
    sha256 : of its notebook; "" if there is none of the right name
    handed_in : its timestamp.txt
    """

    def __init__(self, sha256: str, handed_in: str) -> None:
        self.sha256 = sha256
        self.handed_in = handed_in


def lies(course: Course, assignment: str, student: str) -> Kept | None:
    """What lies there of a student; None if nothing does.

    Raises
    ------
    CourseError
        If the student's folder is a link: what is written there would lie elsewhere.
    """
    folder = course.submitted(assignment, student)
    if folder.parent.is_symlink():
        raise CourseError(f"{folder.parent} is a symbolic link: put a folder in its place")
    if not folder.is_symlink() and not folder.exists():
        return None
    return Kept(sha256_of(folder / f"{assignment}.ipynb"), _text(folder / TIMESTAMP))


def lay(course: Course, assignment: str, student: str, notebook: bytes, handed_in: str) -> int:
    """Lay a notebook into submitted/STUDENT/ASSIGNMENT.

    Parameters
    ----------
    handed_in : for timestamp.txt; "" for none

    Returns
    -------
    under which number the one that lay there is kept; 0 if there was none
    """
    folder = course.submitted(assignment, student)
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = _part(folder.parent, assignment)
    try:
        _fill(part, assignment, notebook, handed_in)
        number = 0
        if folder.is_symlink() or folder.exists():
            number, place = _free(course, assignment, student)
            shutil.move(folder, place)
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return number


def keep(course: Course, assignment: str, student: str, notebook: bytes, handed_in: str) -> int:
    """Keep a notebook that is not the latest.

    Returns
    -------
    under which number
    """
    number, place = _free(course, assignment, student)
    part = _part(place.parent, assignment)
    try:
        _fill(part, assignment, notebook, handed_in)
        part.replace(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return number


def earlier_folder(course: Course, assignment: str, student: str) -> Path:
    """Where a student's earlier submissions are kept; nbgrader never looks there."""
    return course.own(assignment) / "earlier" / student


def _part(parent: Path, assignment: str) -> Path:
    """Where a folder is made before it gets its name. What a run that was killed has left goes."""
    for left in parent.glob(f".{assignment}.*.part"):
        shutil.rmtree(left, ignore_errors=True)
    return parent / f".{assignment}.{os.getpid()}.part"


def _fill(folder: Path, assignment: str, notebook: bytes, handed_in: str) -> None:
    folder.mkdir(parents=True)
    (folder / f"{assignment}.ipynb").write_bytes(notebook)
    if handed_in:
        (folder / TIMESTAMP).write_text(handed_in, encoding="utf-8")


def _free(course: Course, assignment: str, student: str) -> tuple[int, Path]:
    folder = earlier_folder(course, assignment, student)
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [int(one.name) for one in folder.iterdir() if one.name.isdecimal()]
    number = max(numbers, default=0) + 1
    return number, folder / str(number)


def sha256_of(file: Path) -> str:
    """Of a file's bytes; "" if it is none."""
    if file.is_symlink() or not file.is_file():
        return ""
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _text(file: Path) -> str:
    if file.is_symlink() or not file.is_file() or file.stat().st_size > 4096:
        return ""
    return file.read_text(encoding="utf-8", errors="replace").strip()
