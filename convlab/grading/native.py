"""nbgrader's own API on a course: opened with the course's settings, and its refusals as errors."""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from convlab.grading.course import Course, CourseError

__all__ = ["enroll", "gradebook_of", "must", "nbgrader_api"]


@contextlib.contextmanager
def nbgrader_api(course: Course, change: Callable[[Any], None] = lambda config: None) -> Iterator[Any]:
    """nbgrader's API on a course.

    nbgrader changes the working directory, the environment and the level of its logger, and warns about itself;
    all is as before after it.

    Parameters
    ----------
    course : the course
    change : sets what shall differ from the course's settings
    """
    from nbgrader.apps import NbGraderAPI

    environment, here = dict(os.environ), os.getcwd()
    logger = logging.getLogger("traitlets")
    level = logger.level
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.chdir(course.root)
            config = copy.deepcopy(course.config)
            config.NbGraderAPI.log_level = "ERROR"
            change(config)
            yield NbGraderAPI(config=config)
    finally:
        logger.setLevel(level)
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environment)


@contextlib.contextmanager
def gradebook_of(course: Course) -> Iterator[Any]:
    """A course's gradebook, opened with its settings; see `SharedGradebook`."""
    from convlab.grading.gradebook import SharedGradebook  # here, as nbgrader takes seconds to import

    with nbgrader_api(course) as api, SharedGradebook(course, api.authenticator) as gradebook:
        yield gradebook


def must(done: Mapping[str, Any], what: str) -> None:
    """Raises
    ------
    CourseError
        If nbgrader says that it could not do `what`.
    """
    if not done["success"]:
        said = str(done.get("error") or done.get("log") or "nothing").strip()
        raise CourseError(f"nbgrader could not {what}; it said:\n{said}")


def enroll(course: Course, students: Mapping[str, tuple[str, str]]) -> None:
    """Give students their names in the gradebook.

    Parameters
    ----------
    students : student id -> (first name, last name)
    """
    with gradebook_of(course) as gradebook:
        for student, (first_name, last_name) in students.items():
            gradebook.update_or_create_student(student, first_name=first_name, last_name=last_name)
