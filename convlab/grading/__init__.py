"""Grades submissions and keeps the marks in nbgrader's gradebook.

The names are loaded when they are first asked for: the process that runs students' cells is of this package and must
know neither the exercises nor nbgrader.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convlab.grading.limits import Limits
    from convlab.grading.referee import grade
    from convlab.grading.result import Result
    from convlab.grading.sandbox import NoSandbox
    from convlab.grading.spec import AssignmentSpec
    from convlab.grading.stock import GradingError, Mark, Marked, enroll, grade_class

_HOME = {
    "limits": ("Limits",),
    "referee": ("grade",),
    "result": ("Result",),
    "sandbox": ("NoSandbox",),
    "spec": ("AssignmentSpec",),
    "stock": ("GradingError", "Mark", "Marked", "enroll", "grade_class"),
}

__all__ = [
    "AssignmentSpec",
    "GradingError",
    "Limits",
    "Mark",
    "Marked",
    "NoSandbox",
    "Result",
    "enroll",
    "grade",
    "grade_class",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"convlab.grading.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
