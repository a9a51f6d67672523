"""What the verbs share: an error in words, the folder they were called in, kinds of arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convlab.grading import Course

__all__ = ["Unusable", "Verbs", "course_of", "positive", "project"]

Verbs = Any  # what `ArgumentParser.add_subparsers` gives; argparse has no public name for it


class Unusable(Exception):
    """What cannot be done, in words for whoever typed the command."""


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"it is {number} and must be at least 1")
    return number


def project() -> Path:
    """The project's folder: the working directory or the nearest above it that holds course/chapters."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "course" / "chapters").is_dir():
            return folder
    raise Unusable(
        f"there is no course/chapters in {here} or above it: call convlab in a clone of the project"
    )


def course_of(assignment: str) -> Course:
    """The course of the working directory, or of the clone around it; with the assignment's source notebook."""
    from convlab.authoring import BuildError, write_source
    from convlab.grading import Course, CourseError

    here = Path.cwd()
    folders = [*(one for folder in (here, *here.parents) for one in (folder, folder / "course"))]
    root = next((one for one in folders if (one / "nbgrader_config.py").is_file()), here)
    try:
        course = Course(root)
        if not course.source(assignment).is_file():
            if not (root / "chapters" / f"{assignment}.py").is_file():
                raise Unusable(f"there is no assignment {assignment}: {course.source(assignment)} is missing")
            write_source(root.parent, assignment)
    except (CourseError, BuildError) as error:
        raise Unusable(str(error)) from None
    return course
