"""Exports a course's grades through one of the plugins, without nbgrader's command line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from convlab.grading.course import Course, CourseError
from convlab.grading.exporting.canvas import CanvasExport
from convlab.grading.exporting.moodle import MoodleExport
from convlab.grading.exporting.plain import CsvExport
from convlab.grading.exporting.plugin import GradesExport
from convlab.grading.native import gradebook_of

__all__ = ["EXPORTERS", "export_grades"]

EXPORTERS: Mapping[str, type[GradesExport]] = {
    "canvas": CanvasExport,
    "moodle": MoodleExport,
    "csv": CsvExport,
}


def export_grades(
    course: Course,
    assignments: Sequence[str],
    to: str,
    out: Path | None = None,
    *,
    template: Path | None = None,
    columns: Mapping[str, str] | None = None,
    students: Collection[str] = (),
) -> tuple[Path, list[str]]:
    """Write a file of grades.

    Parameters
    ----------
    assignments : which; all if there is none
    to : "canvas", "moodle" or "csv"
    out : the file; in the course's folder grading if None
    template : a file that the system has exported, whose ids and titles are used
    columns : assignment -> title of its column in the template
    students : whose; everybody's if there is none

    Returns
    -------
    the file, and what the instructor should know

    Raises
    ------
    CourseError
        If there are no grades, or the template does not fit.
    """
    if to not in EXPORTERS:
        raise CourseError(f"there is no export to {to}; there are {', '.join(EXPORTERS)}")
    plugin_class = EXPORTERS[to]
    target = (out or course.root / "grading" / plugin_class.default_to).resolve()
    plugin = plugin_class(
        to=str(target),
        assignment=list(assignments),
        student=sorted(students),
        template=str(template.resolve()) if template is not None else "",
        columns=dict(columns or {}),
        root=str(course.root),
    )
    plugin.log.disabled = True  # what it has to tell is returned
    try:
        with gradebook_of(course) as gradebook:
            plugin.export(gradebook)
    finally:
        plugin.log.disabled = False
    return target, plugin.told
