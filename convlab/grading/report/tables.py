"""The same as tables for a spreadsheet: one row for each student and exercise, one for each mistake.

A spreadsheet takes a cell that begins with one of =+-@ for a formula and runs it: a text never begins so here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from convlab.grading.feedback.text import readable
from convlab.grading.files import write_whole
from convlab.grading.report.findings import find
from convlab.grading.report.gather import Class
from convlab.grading.report.losses import Loss
from convlab.grading.spreadsheet import as_csv, harmless

__all__ = ["EXERCISES_HEADER", "MISTAKES_HEADER", "exercise_rows", "mistake_rows", "safe", "write_tables"]

Row = Sequence[str | int | float]

EXERCISES_HEADER = (
    "student", "name", "exercise", "verdict", "points", "max_points", "groups", "why", "mistake", "told", "seconds",
    "late_seconds", "penalty", "score_in_gradebook", "max_score",
)  # fmt: skip
MISTAKES_HEADER = ("exercise", "why", "mistake", "students", "share", "points_lost", "told", "who")


def write_tables(klass: Class, target: Path) -> list[Path]:
    """Write both tables.

    Parameters
    ----------
    target : a folder; or a file that ends in .csv, for the first table, beside which the second is put

    Returns
    -------
    the files: of the exercises, of the mistakes
    """
    if target.suffix.lower() == ".csv":
        files = [target, target.with_name(f"{target.stem}-mistakes{target.suffix}")]
    else:
        files = [target / f"{klass.assignment}-{what}.csv" for what in ("exercises", "mistakes")]
    for file, header, rows in zip(
        files, (EXERCISES_HEADER, MISTAKES_HEADER), (exercise_rows(klass), mistake_rows(klass))
    ):
        # Excel takes a file without the mark for one in the machine's own encoding.
        table = [[safe(cell) if isinstance(cell, str) else cell for cell in row] for row in (header, *rows)]
        write_whole(file, as_csv(table, mark=True), private=True)
    return files


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula, without what reorders or hides characters."""
    return harmless(readable(text))


def exercise_rows(klass: Class) -> Iterator[Row]:
    """One row for each student and exercise; who has handed nothing in has rows without points."""
    found = find(klass)
    lost: dict[tuple[str, str], Loss] = {(one.student, one.exercise): one for one in found.losses}
    for student in klass.students:
        marks = student.in_gradebook
        behind = (marks.late, marks.penalty, marks.score, marks.max_score) if marks else ("", "", "", "")
        if student.result is None:
            verdict = "not graded yet" if student.handed_in else "nothing handed in"
            for name in klass.chapter.exercises:
                yield student.id, student.name, name, verdict, "", "", "", "", "", "", "", *behind
            continue
        for one in student.result.exercises:
            groups = "; ".join(f"{name} {group.earned}/{group.points}" for name, group in one.groups.items())
            loss = lost.get((student.id, one.name))
            why = (loss.kind, loss.name, loss.sentence) if loss else ("", "", "")
            seconds = round(one.seconds, 3)
            yield (
                student.id, student.name, one.name, one.verdict, one.points, one.max_points, groups, *why, seconds,
                *behind,
            )  # fmt: skip


def mistake_rows(klass: Class) -> Iterator[Row]:
    """One row for each loss that students share, heaviest first; `share` is of those whose file could be read."""
    found = find(klass)
    together = [*found.mistakes, *found.unnamed, *found.others]
    for one in sorted(together, key=lambda one: (-one.weight, one.exercise, one.name)):
        share = round(len(one.students) / len(found.read), 3)
        who = " ".join(student.id for student in one.students)
        yield one.exercise, one.kind, one.name, len(one.students), share, one.points, one.sentence, who
