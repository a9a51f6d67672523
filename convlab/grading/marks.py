"""What a class is told: who got how many points for what, and why any are missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from convlab.checks.message import summary
from convlab.grading.result import Result

__all__ = ["Mark", "Marked", "marks_of"]


@dataclass(frozen=True)
class Mark:
    """Points of one student for one exercise, and why any are missing."""

    exercise: str
    points: float
    max_points: float
    reason: str = ""


@dataclass(frozen=True)
class Marked:
    """One graded submission.

    Parameters
    ----------
    name : the student's, or the id where the gradebook has none
    flags : what the instructor should look at
    """

    student: str
    name: str
    marks: tuple[Mark, ...]
    feedback: Path
    flags: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        return sum(mark.points for mark in self.marks)

    @property
    def max_points(self) -> float:
        return sum(mark.max_points for mark in self.marks)


def marks_of(result: Result) -> tuple[Mark, ...]:
    """The marks that a result gives, each lost one with a line that says why."""
    return tuple(
        Mark(
            one.name,
            one.points,
            one.max_points,
            "" if one.points == one.max_points else result.problem or summary(one.message),
        )
        for one in result.exercises
    )
