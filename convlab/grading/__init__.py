"""Grades submissions and keeps the marks in nbgrader's gradebook.

The names are loaded when they are first asked for: the process that runs students' cells is of this package and must
know neither the exercises nor nbgrader.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convlab.grading.batch import Batch, grade_assignment
    from convlab.grading.course import Course, CourseError
    from convlab.grading.give_back import write_feedback
    from convlab.grading.limits import Limits
    from convlab.grading.marks import Mark, Marked
    from convlab.grading.native import enroll
    from convlab.grading.referee import grade
    from convlab.grading.result import Result
    from convlab.grading.sandbox import NoSandbox
    from convlab.grading.seeds import secret_seed
    from convlab.grading.spec import AssignmentSpec, SpecError
    from convlab.grading.stock import grade_class

_HOME = {
    "batch": ("Batch", "grade_assignment"),
    "course": ("Course", "CourseError"),
    "give_back": ("write_feedback",),
    "limits": ("Limits",),
    "marks": ("Mark", "Marked"),
    "native": ("enroll",),
    "referee": ("grade",),
    "result": ("Result",),
    "sandbox": ("NoSandbox",),
    "seeds": ("secret_seed",),
    "spec": ("AssignmentSpec", "SpecError"),
    "stock": ("grade_class",),
}

__all__ = [
    "AssignmentSpec",
    "Batch",
    "Course",
    "CourseError",
    "Limits",
    "Mark",
    "Marked",
    "NoSandbox",
    "Result",
    "SpecError",
    "enroll",
    "grade",
    "grade_assignment",
    "grade_class",
    "secret_seed",
    "write_feedback",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"convlab.grading.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
