"""Where an instructor's course keeps its files, as nbgrader_config.py says. Reads no notebook and no gradebook."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

__all__ = ["Course", "CourseError"]

CONFIG = "nbgrader_config.py"


class CourseError(Exception):
    """The course itself cannot be graded: what is missing, and what to do."""


class Course:
    """A folder with nbgrader_config.py.

    Parameters
    ----------
    root : the folder

    Raises
    ------
    CourseError
        If there is no such file, or it cannot be read.
    """

    def __init__(self, root: Path | str) -> None:
        from nbgrader.coursedir import CourseDirectory

        self.root = Path(root).resolve()
        self.config = _read(self.root)
        self.config.CourseDirectory.root = str(self.root)
        self._directory = CourseDirectory(config=self.config)

    @property
    def db_url(self) -> str:
        return str(self._directory.db_url)

    @property
    def course_id(self) -> str:
        return str(self._directory.course_id)

    def source(self, assignment: str) -> Path:
        """The instructor's notebook."""
        return self._folder(self._directory.source_directory, ".", assignment) / f"{assignment}.ipynb"

    def submitted(self, assignment: str, student: str) -> Path:
        """The folder that holds what a student has handed in."""
        return self._folder(self._directory.submitted_directory, student, assignment)

    def autograded(self, assignment: str, student: str) -> Path:
        return self._folder(self._directory.autograded_directory, student, assignment) / f"{assignment}.ipynb"

    def feedback(self, assignment: str, student: str) -> Path:
        return self._folder(self._directory.feedback_directory, student, assignment) / f"{assignment}.html"

    def own(self, assignment: str) -> Path:
        """The folder of what convlab keeps of an assignment: its seed and its results."""
        return self.root / "grading" / assignment

    def lock(self, assignment: str) -> Path:
        """What whoever writes of an assignment holds for that time: its gradebook has one writer."""
        return self.own(assignment) / "lock"

    def students(self, assignment: str) -> list[str]:
        """The ids of those who handed something in, in order."""
        step = self._directory.submitted_directory
        pattern = self._directory.format_path(step, "(?P<student>[^/]+)", assignment, escape=True)
        everyone = self._folder(step, "*", assignment)
        # Only below the root of all submissions does a star stand for many.
        fixed = Path(*itertools.takewhile(lambda part: "*" not in part, everyone.parts))
        found = (
            re.fullmatch(pattern, str(folder)) for folder in fixed.glob(str(everyone.relative_to(fixed)))
        )
        return sorted(match["student"] for match in found if match and not match["student"].startswith("."))

    def _folder(self, step: str, student: str, assignment: str) -> Path:
        return Path(self._directory.format_path(step, student, assignment))


def _read(root: Path) -> Any:
    from traitlets.config import Config
    from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader

    try:
        return Config(PyFileConfigLoader(CONFIG, path=str(root)).load_config())
    except ConfigFileNotFound as error:
        raise CourseError(
            f"there is no {CONFIG} in {root}: call convlab in the folder of a course, or in a clone of the project"
        ) from error
    except Exception as error:  # the file is a program, which may raise anything
        raise CourseError(f"{root / CONFIG} raised {type(error).__name__}: {error}") from error
