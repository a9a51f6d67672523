"""Grades as the CSV file that Canvas's Gradebook imports.

`lib/gradebook_importer.rb` of instructure/canvas-lms reads it: the header begins with Student and ID and goes on to
Section; a column is an assignment's if it ends in that assignment's id in parentheses, or is its very title; a row
"Points Possible" follows; a person is found by ID, else by the SIS ids, else by name; an empty cell takes away a
grade that is there. People who are not in the file, and columns that are not, stay as they are: so nothing is
written that is not known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from convlab.grading.collecting.roster import read_csv
from convlab.grading.course import CourseError
from convlab.grading.exporting.finding import find_person, index_people
from convlab.grading.exporting.grades import Grades, Person
from convlab.grading.exporting.plugin import GradesExport
from convlab.grading.spreadsheet import as_csv, harmless, number

__all__ = ["CanvasExport"]

_STUDENT_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_POINTS_POSSIBLE = "    Points Possible"  # with the spaces that Canvas writes
_TITLE = re.compile(r"(.*) \((\d+)\)")


class CanvasExport(GradesExport):
    """Grades for Canvas's Gradebook: Import. The template is the file that its Export gives."""

    default_to = "grades-canvas.csv"

    def content(self, grades: Grades) -> bytes:
        return (
            self._from_template(grades, Path(self.template)) if self.template else self._from_nothing(grades)
        )

    def _from_nothing(self, grades: Grades) -> bytes:
        """Canvas finds an assignment by its title, and people by the ids that were collected."""
        titles = [self.title_of(name) or name for name in grades.assignments]
        ids = self._ids(grades)
        rows: list[Sequence[str]] = [[*_STUDENT_COLUMNS, *titles]]
        rows.append([_POINTS_POSSIBLE, *[""] * 4, *map(number, grades.assignments.values())])
        gaps = False
        for person in grades.graded:
            gaps |= len(person.scores) < len(grades.assignments)
            user = ids[person.id]
            # Without an id Canvas looks for the login, and then for the name: they must stay as they are.
            name = harmless(_one_line(person.sortable_name)) if user else _one_line(person.sortable_name)
            rows.append([name, user, "", "" if user else person.id, "", *_points(person, grades)])
        if strangers := sum(not ids[person.id] for person in grades.graded):
            self.tell(
                f"{strangers} have no Canvas id here and will be looked for by login and name: "
                "give Canvas's own export with --gradebook"
            )
        if gaps:
            self.tell("an empty cell takes away a grade that Canvas has: export one assignment at a time")
        return as_csv(rows)

    def _from_template(self, grades: Grades, file: Path) -> bytes:
        header, rows = read_csv(file)
        if "Section" not in header or header[0].strip() not in ("Student", "LastName"):
            raise CourseError(
                f"{file} is no export of Canvas's Gradebook: it begins with {', '.join(header[:3])}"
            )
        last = header.index("Section") + 1
        places = {name: self._column(name, header, last, file) for name in grades.assignments}
        written: list[Sequence[str]] = [[*header[:last], *(header[place] for place in places.values())]]
        index = index_people(grades.graded, self._ids(grades))
        found: set[str] = set()
        excused: list[str] = []
        for row in rows:
            row = [*row, *[""] * (len(header) - len(row))]
            if _is_points_possible(row):
                self._compare_points(row, places, grades)
                written.append([*row[:last], *(row[place] for place in places.values())])
                continue
            fields = dict(zip(header[:last], row))
            person = find_person(
                index,
                [fields.get("ID", "")],
                [fields.get("SIS Login ID", ""), fields.get("SIS User ID", "")],
                fields.get("Student") or f"{fields.get('FirstName', '')} {fields.get('LastName', '')}",
            )
            if person is None or person.id in found:
                continue
            found.add(person.id)
            cells = []
            for name, place in places.items():
                score = person.scores.get(name)
                if row[place].strip().upper() == "EX" and score is not None:
                    excused.append(person.name)
                    score = None
                cells.append(row[place] if score is None else number(score.points))
            names = [harmless(field) for field in row[: header.index("ID")]]
            written.append([*names, *row[header.index("ID") : last], *cells])
        if excused:
            self.tell(f"excused in Canvas, and left so: {', '.join(excused[:10])}")
        self.not_there([one for one in grades.graded if one.id not in found], file.name)
        return as_csv(written)

    def _column(self, assignment: str, header: Sequence[str], first: int, file: Path) -> int:
        titles = {
            place: title for place, title in enumerate(header) if place >= first and _TITLE.fullmatch(title)
        }
        wanted = self.title_of(assignment)
        fitting = [
            place
            for place, title in titles.items()
            if (title == wanted or ((found := _TITLE.fullmatch(title)) and wanted in (found[1], found[2])))
        ]
        if not wanted:
            fitting = [
                place for place, title in titles.items() if _same(_TITLE.sub(r"\1", title), assignment)
            ]
        if len(fitting) != 1:
            what = f"no column {wanted}" if wanted else f"no column that is called {assignment}"
            raise CourseError(
                f"{file} has {what if not fitting else f'{len(fitting)} columns {wanted or assignment}'}; it has "
                f"{', '.join(titles.values()) or 'no assignment'}. Name it: --column '{assignment}=TITLE'"
            )
        return fitting[0]

    def _compare_points(self, row: Sequence[str], places: dict[str, int], grades: Grades) -> None:
        for name, place in places.items():
            said = row[place].strip().replace(",", ".")
            if said and said != number(grades.assignments[name]) and _differs(said, grades.assignments[name]):
                self.tell(
                    f"{name} is out of {number(grades.assignments[name])} points here and of {said} in Canvas: "
                    "the points are written as they are"
                )

    def _ids(self, grades: Grades) -> dict[str, str]:
        ids = {person.id: person.user if person.user.isdecimal() else "" for person in grades.people}
        for name in grades.assignments:
            for id, one in self.collected(name, "canvas").items():
                if one.user.isdecimal() and id in ids:
                    ids[id] = one.user
        return ids


def _points(person: Person, grades: Grades) -> list[str]:
    return [
        number(person.scores[name].points) if name in person.scores else "" for name in grades.assignments
    ]


def _is_points_possible(row: Sequence[str]) -> bool:
    """Canvas's rows that are nobody's: the points, and which assignments are posted by hand."""
    return "Points Possible" in row[0] or not any(field.strip() for field in row[:2])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _same(title: str, assignment: str) -> bool:
    return (
        re.sub(r"[\W_]+", " ", title).strip().casefold()
        == re.sub(r"[\W_]+", " ", assignment).strip().casefold()
    )


def _differs(said: str, points: float) -> bool:
    try:
        return abs(float(said) - points) > 0.005
    except ValueError:  # "Manual Posting", "(read only)"
        return False
