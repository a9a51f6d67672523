"""The marks of a class as a table to read in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from convlab.grading.marks import Marked
from convlab.grading.result import Result

__all__ = ["one_result", "table"]


def table(assignment: str, marked: Sequence[Marked]) -> str:
    """Students by exercises; under a student's row, the reason for every mark that was lost, and what was seen."""
    if not marked:
        return f"{assignment}: nothing was submitted"
    exercises = [mark.exercise for mark in marked[0].marks]
    students = max(len(assignment), *(len(one.name) for one in marked))
    widths = [max(len(exercise), 5) for exercise in exercises]
    lines = [_row(assignment, students, exercises, widths, "total")]
    lines.append("─" * len(lines[0]))
    for one in marked:
        points = [f"{mark.points:g}/{mark.max_points:g}" for mark in one.marks]
        lines.append(_row(one.name, students, points, widths, f"{one.points:g}/{one.max_points:g}"))
        reasons: dict[str, list[str]] = {}
        for mark in one.marks:
            if mark.reason:
                reasons.setdefault(mark.reason, []).append(mark.exercise)
        lines += [f"    {_labelled(names, reason)}" for reason, names in reasons.items()]
        lines += [f"    to look at: {flag}" for flag in one.flags]
    return "\n".join(lines)


def one_result(result: Result) -> str:
    """One submission: each exercise with its message, then what an instructor should look at."""
    lines = [f"{result.assignment}: {result.points} of {result.max_points} points in {result.seconds:.2f} s"]
    for exercise in result.exercises:
        lines.append(f"\n{exercise.name}: {exercise.points} of {exercise.max_points} points")
        lines += [f"  {line}" for line in exercise.message.splitlines()]
    looked_at = [*result.limits_hit, *result.flags]
    return "\n".join([*lines, *(f"\nto look at: {one}" for one in looked_at)])


def _labelled(exercises: Sequence[str], reason: str) -> str:
    """The reason with the exercises it belongs to, unless it names its exercise itself."""
    return reason if reason.startswith(exercises[0]) else f"{', '.join(exercises)}: {reason}"


def _row(first: str, width: int, cells: Sequence[str], widths: Sequence[int], last: str) -> str:
    middle = "  ".join(cell.rjust(w) for cell, w in zip(cells, widths))
    return f"{first.ljust(width)}  {middle}  {last.rjust(7)}"
