"""nbgrader's gradebook, as several may open and write it at the same moment."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, InvalidEntry, MissingEntry

from convlab.grading.course import Course
from convlab.grading.files import held

__all__ = ["SharedGradebook"]


class SharedGradebook(Gradebook):  # type: ignore[misc]
    """A gradebook that somebody else may be opening for the first time too, and adding the same student to.

    Whoever opens a new one makes its tables; two who do so at the same moment would disturb each other: on PostgreSQL
    one of them fails. And nbgrader looks for a student and adds it if it is not there; who grades another chapter of
    the same class may have added it in between.

    Parameters
    ----------
    course : whose gradebook
    authenticator : nbgrader's, which tells JupyterHub of a new student
    """

    def __init__(self, course: Course, authenticator: Any = None) -> None:
        self._lock = course.root / "grading" / "gradebook.lock"
        with held(self._lock), _programs_of_python():
            super().__init__(course.db_url, course.course_id, authenticator)

    def add_student(self, student_id: str, **fields: Any) -> Any:
        """Add a student, or update the one that somebody else has just added.

        Raises
        ------
        nbgrader.api.InvalidEntry
            If the database refuses what is said of the student.
        """
        with held(self._lock):
            if self._there(student_id):
                return self.update_or_create_student(student_id, **fields)
            try:
                return super().add_student(student_id, **fields)
            except InvalidEntry:  # the lock is a file: it does not hold who grades on another machine
                if not self._there(student_id):
                    raise
                return self.update_or_create_student(student_id, **fields)

    def _there(self, student_id: str) -> bool:
        try:
            self.find_student(student_id)
        except MissingEntry:
            return False
        return True


@contextlib.contextmanager
def _programs_of_python() -> Iterator[None]:
    """Let nbgrader find `alembic`, which stands beside Python, also where the environment was not activated."""
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])
    try:
        yield
    finally:
        os.environ["PATH"] = path
