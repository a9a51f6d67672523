"""What the exporters share: where the course is, what was collected, one file that is written, and what is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbgrader.plugins import ExportPlugin
from traitlets import Dict, Unicode

from convlab.grading.collecting.ledger import Collected, Ledger
from convlab.grading.course import Course, CourseError
from convlab.grading.exporting.grades import Grades, Person, read_grades
from convlab.grading.files import write_whole

__all__ = ["GradesExport"]


class GradesExport(ExportPlugin):  # type: ignore[misc]
    """An exporter for `nbgrader export --exporter=...` and for `convlab export`.

    Subclasses say which bytes the file has. `to`, `student` and `assignment` are nbgrader's.
    """

    template = Unicode(
        "", help="A CSV file that the system itself has exported: its ids and titles of columns are used."
    ).tag(config=True)
    columns = Dict(
        help="Assignment -> title of its column in the system, where it is called otherwise there."
    ).tag(config=True)
    root = Unicode("", help="The course's folder; that of the application if it is empty.").tag(config=True)

    default_to = "grades.csv"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.told: list[str] = []

    def export(self, gradebook: Any) -> None:
        """Write the grades to `to`.

        Raises
        ------
        CourseError
            If there are none, or the template does not fit.
        """
        try:
            grades = read_grades(
                gradebook, [str(one) for one in self.assignment], {str(one) for one in self.student}
            )
        except LookupError as error:
            raise CourseError(str(error.args[0])) from None
        if not grades.graded:
            names = ", ".join(grades.assignments) or "any assignment"
            raise CourseError(f"nobody has been graded for {names}. Type: convlab grade ASSIGNMENT")
        content = self.content(grades)
        for name in grades.assignments:
            if waiting := [
                one.name for one in grades.graded if name in one.scores and one.scores[name].waiting
            ]:
                self.tell(f"{name}: marks are still to be given by hand to {_some(waiting)}")
        target = Path(self.to or self.default_to)
        write_whole(target, content, private=True)
        self.log.info("Exported grades to %s", target)

    def content(self, grades: Grades) -> bytes:
        """The file's bytes."""
        raise NotImplementedError

    def tell(self, what: str) -> None:
        """Tell the instructor something; it does not stop the export."""
        self.told.append(what)
        self.log.warning("%s", what)

    def collected(self, assignment: str, system: str) -> Mapping[str, Collected]:
        """Student id -> what was collected of them from that system."""
        root = self.root or getattr(getattr(self.parent, "coursedir", None), "root", "") or "."
        students = Ledger(Course(root).own(assignment)).students
        return {id: one for id, one in students.items() if one.system == system}

    def title_of(self, assignment: str) -> str:
        """The title that the instructor gave for an assignment's column; "" if none."""
        return str(self.columns.get(assignment, ""))

    def not_there(self, people: list[Person], where: str) -> None:
        """Tell of those who have points but cannot be found in the template."""
        if people:
            self.tell(f"not in {where}, so not exported: {_some([one.name for one in people])}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
