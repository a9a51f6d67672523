"""Grades as the CSV files that Moodle imports.

For one assignment: the offline grading worksheet (assignment, "Upload grading worksheet"), which
`mod/assign/feedback/offline/importgradeslib.php` reads. It must have the columns Identifier, Grade and "Last modified
(grade)", called as in the site's language; people are found by "Participant NUMBER"; a grade that was changed in
Moodle after the last time of that column is left alone; a column of comments would overwrite the comments.

For several: the gradebook's import (Grades, Import, CSV file), whose columns are those of its export and are mapped by
whoever imports it: https://docs.moodle.org/en/Grade_import
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from convlab.grading.collecting.roster import read_csv
from convlab.grading.course import CourseError
from convlab.grading.exporting.finding import find_person, index_people
from convlab.grading.exporting.grades import Grades
from convlab.grading.exporting.plugin import GradesExport
from convlab.grading.spreadsheet import as_csv, harmless, number

__all__ = ["MoodleExport"]

_WORKSHEET = (
    "Identifier",
    "Full name",
    "Email address",
    "Grade",
    "Maximum grade",
    "Last modified (grade)",
)
_NEVER = "-"  # how Moodle writes that there is no time
_PARTICIPANT = re.compile(r"\D+ (\d+)")
_GRADE = {
    "grade",
    "bewertung",
    "note",
    "calificación",
    "voto",
    "valutazione",
    "cijfer",
    "beoordeling",
    "nota",
}
_MOST = {"maximum grade", "bestwertung", "note maximale", "calificación máxima", "voto massimo"}


class MoodleExport(GradesExport):
    """Grades for Moodle. The template is the assignment's grading worksheet."""

    default_to = "grades-moodle.csv"

    def content(self, grades: Grades) -> bytes:
        if len(grades.assignments) > 1:
            if self.template:
                raise CourseError("a grading worksheet is one assignment's: export them one after the other")
            return self._for_gradebook(grades)
        (assignment,) = grades.assignments
        users = {id: one.user for id, one in self.collected(assignment, "moodle").items()}
        if self.template:
            return self._from_template(grades, assignment, users, Path(self.template))
        if not users:
            self.tell(
                f"{assignment} was not collected from Moodle: this is for Grades, Import, CSV file; "
                "for the assignment's own import give its grading worksheet with --gradebook"
            )
            return self._for_gradebook(grades)
        return self._worksheet(grades, assignment, users)

    def _worksheet(self, grades: Grades, assignment: str, users: dict[str, str]) -> bytes:
        most = number(grades.assignments[assignment])
        rows: list[Sequence[str]] = [_WORKSHEET]
        for person in grades.graded:
            if user := users.get(person.id):
                name, points = (
                    harmless(" ".join(person.name.split())),
                    number(person.scores[assignment].points),
                )
                rows.append([f"Participant {user}", name, harmless(person.email), points, most, _NEVER])
        self.not_there(
            [one for one in grades.graded if one.id not in users], "what was collected from Moodle"
        )
        self.tell(
            "this worksheet fits a Moodle in English; for another language, and to keep grades that were changed in "
            "Moodle, give the worksheet that Moodle made with --gradebook"
        )
        return as_csv(rows)

    def _from_template(self, grades: Grades, assignment: str, users: dict[str, str], file: Path) -> bytes:
        header, rows = read_csv(file)
        if not rows or not all(_PARTICIPANT.fullmatch(row[0].strip()) for row in rows):
            raise CourseError(
                f"{file} is no grading worksheet of Moodle: its first column is {header[0]}, without Participant 123"
            )
        place, most = self._grade_column(assignment, header, file), _place(header, _MOST)
        index = index_people(grades.graded, users)
        written: list[Sequence[str]] = [header]
        found: set[str] = set()
        above: list[str] = []
        for row in rows:
            row = [*row, *[""] * (len(header) - len(row))]
            participant = _PARTICIPANT.fullmatch(row[0].strip())
            assert participant is not None
            logins = [field for field in row[1:4] if field]
            person = find_person(index, [participant[1]], logins, row[1])
            if person is None or person.id in found:
                continue
            found.add(person.id)
            points = person.scores[assignment].points
            if most is not None and _is_above(points, row[most]):
                above.append(person.name)
            # Moodle reads the number, the grade and the comments; only the name is for people alone.
            row[1] = harmless(row[1])
            written.append([*row[:place], number(points), *row[place + 1 :]])
        if above:
            self.tell(
                f"more points than Moodle's maximum grade, so Moodle will leave them out: {', '.join(above)}"
            )
        self.not_there([one for one in grades.graded if one.id not in found], file.name)
        return as_csv(written)

    def _grade_column(self, assignment: str, header: Sequence[str], file: Path) -> int:
        wanted = self.title_of(assignment)
        place = header.index(wanted) if wanted in header else None if wanted else _place(header, _GRADE)
        if place is None:
            raise CourseError(
                f"{file} has no column {wanted or 'Grade'}; it has {', '.join(header)}. "
                f"Name it: --column '{assignment}=TITLE'"
            )
        return place

    def _for_gradebook(self, grades: Grades) -> bytes:
        titles = [self.title_of(name) or f"Assignment: {name} (Real)" for name in grades.assignments]
        rows: list[Sequence[str]] = [["First name", "Last name", "ID number", "Email address", *titles]]
        for person in grades.graded:
            points = [
                number(person.scores[name].points) if name in person.scores else ""
                for name in grades.assignments
            ]
            # People are found by number or address: those stay as they are.
            rows.append(
                [harmless(person.first_name), harmless(person.last_name), person.id, person.email, *points]
            )
        self.tell(
            "in Moodle's import, map ID number or Email address to the user, and each column to its item"
        )
        return as_csv(rows)


def _place(header: Sequence[str], titles: set[str]) -> int | None:
    return next((place for place, title in enumerate(header) if title.strip().lower() in titles), None)


def _is_above(points: float, most: str) -> bool:
    try:
        return points > float(most.replace(",", ".")) + 0.005
    except ValueError:
        return False
