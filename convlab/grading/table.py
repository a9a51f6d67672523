"""The marks of a class as text to read in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from convlab.grading.batch import Change
from convlab.grading.marks import Marked
from convlab.grading.result import Result

__all__ = ["changes", "one_result", "overview", "table"]


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


def overview(assignment: str, marked: Sequence[Marked]) -> str:
    """A class too large for a table: how each exercise went."""
    exercises = [mark.exercise for mark in marked[0].marks]
    width = max(map(len, [assignment, *exercises]))
    lines = [f"{assignment.ljust(width)}  full points      mean", "─" * (width + 23)]
    for number, exercise in enumerate(exercises):
        marks = [one.marks[number] for one in marked]
        full = sum(mark.points == mark.max_points for mark in marks)
        mean = sum(mark.points for mark in marks) / len(marks)
        lines.append(
            f"{exercise.ljust(width)}  {full:4} of {len(marks):4}  {mean:5.1f}/{marks[0].max_points:g}"
        )
    flagged = sum(bool(one.flags) for one in marked)
    return "\n".join([*lines, f"{flagged} submissions to look at. Everything: convlab report {assignment}"])


def changes(changed: Sequence[Change]) -> str:
    """Marks that are not what they were: before, after, and whether the student handed in something else."""
    lines = [f"{len(changed)} marks have changed:"]
    for one in changed:
        why = "  (handed in again)" if one.resubmitted else ""
        lines.append(f"    {one.name}: {one.exercise} {one.before:g} → {one.after:g}{why}")
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
