"""Grades as a CSV file for people and their spreadsheets: nbgrader's own columns, with the quoting that it lacks."""

from __future__ import annotations

from collections.abc import Sequence

from convlab.grading.exporting.grades import Grades
from convlab.grading.exporting.plugin import GradesExport
from convlab.grading.spreadsheet import as_csv, harmless, number

__all__ = ["CsvExport"]

_COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


class CsvExport(GradesExport):
    """One row for each student and assignment. Who was not graded has no points, not 0 as in nbgrader's export."""

    def content(self, grades: Grades) -> bytes:
        rows: list[Sequence[str]] = [_COLUMNS]
        for name, most in grades.assignments.items():
            for person in grades.people:
                score = person.scores.get(name)
                texts = (person.id, person.last_name, person.first_name, person.email)
                points = (
                    [""] * 3
                    if score is None
                    else [number(part) for part in (score.raw, score.penalty, score.points)]
                )
                when = score.handed_in if score is not None else ""
                rows.append(
                    [harmless(name), grades.due[name], when, *map(harmless, texts), *points, number(most)]
                )
        return as_csv(rows, mark=True)
