"""Which mistakes the samples catch, by which group, and what they are diagnosed as: the proof that the checks work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from convlab.checks.exercise import Exercise, Mistake
from convlab.checks.reports import examine

__all__ = ["SEEDS", "Row", "as_markdown", "kill_matrix"]

SEEDS = range(5)


@dataclass(frozen=True)
class Row:
    """One mistake, played with every seed.

    Parameters
    ----------
    caught : seeds for which the group that the mistake belongs to failed
    groups : the groups that failed for at least one seed
    named, misnamed : seeds for which its own sentence, or another one, was given as the cause
    """

    exercise: str
    mistake: str
    group: str
    seeds: int
    caught: int
    groups: tuple[str, ...]
    named: int
    misnamed: int


def kill_matrix(exercises: Iterable[Exercise], seeds: Iterable[int] = SEEDS) -> Iterator[Row]:
    """A row for each mistake of each exercise."""
    chosen = list(seeds)
    for exercise in exercises:
        for mistake in exercise.mistakes:
            yield _row(exercise, mistake, chosen)


def _row(exercise: Exercise, mistake: Mistake, seeds: list[int]) -> Row:
    reports = [examine(mistake.function, exercise, seed, look_closer=False) for seed in seeds]
    lost = [{name for name, group in report.groups.items() if not group.earned} for report in reports]
    return Row(
        exercise.name,
        mistake.name,
        mistake.group,
        len(seeds),
        sum(mistake.group in groups for groups in lost),
        tuple(name for name in exercise.groups if any(name in groups for groups in lost)),
        sum(report.cause == mistake.explanation for report in reports),
        sum(report.cause not in (None, mistake.explanation) for report in reports),
    )


def as_markdown(rows: Iterable[Row]) -> str:
    """The matrix as a table, with what it proves in one line above it."""
    rows = list(rows)
    played = sum(row.seeds for row in rows)
    caught, named, misnamed = (
        sum(getattr(row, what) for row in rows) for what in ("caught", "named", "misnamed")
    )
    exercises = len({row.exercise for row in rows})
    lines = [
        "# Kill matrix",
        "",
        f"{len(rows)} wrong implementations of {exercises} exercises, each played with {rows[0].seeds if rows else 0} "
        f"seeds: {caught} of {played} caught by the group they belong to, {named} named by their own sentence, "
        f"{misnamed} by a wrong one.",
        "",
        "Written by `convlab kill-matrix --write`; `pytest tests/checks/test_kill_matrix.py` compares it with what "
        "comes out.",
        "",
        "| exercise | mistake | belongs to | caught by | caught | named |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{row.exercise}` | {row.mistake} | {row.group} | {', '.join(row.groups)} "
        f"| {row.caught}/{row.seeds} | {row.named}/{row.seeds} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"
