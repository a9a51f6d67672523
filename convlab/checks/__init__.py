"""Checks a student's function against torch and explains what differs.

from convlab.checks import check
check(correlate1d)
"""

from convlab.checks.check import CheckFailed, check, grading_seed, report
from convlab.checks.exercise import Exercise, Mistake, Probe, Sample
from convlab.checks.registry import EXERCISES
from convlab.checks.report import Report

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
