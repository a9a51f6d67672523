"""Checks a student's function against torch and explains what differs.

    from convlab.checks import check
    check(correlate1d)

The names are loaded when they are first asked for: the guard must be had without the exercises and their mistakes.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convlab.checks.calls import CheckFailed, check, grading_seed, report
    from convlab.checks.exercise import Exercise, Mistake, Probe, Sample
    from convlab.checks.registry import EXERCISES
    from convlab.checks.reports import Report

_HOME = {
    "calls": ("CheckFailed", "check", "grading_seed", "report"),
    "exercise": ("Exercise", "Mistake", "Probe", "Sample"),
    "registry": ("EXERCISES",),
    "reports": ("Report",),
}

__all__ = [
    "EXERCISES",
    "CheckFailed",
    "Exercise",
    "Mistake",
    "Probe",
    "Report",
    "Sample",
    "check",
    "grading_seed",
    "report",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"convlab.checks.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
