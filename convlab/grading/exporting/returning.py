"""Packs what students get back so that Canvas or Moodle gives it to each of them, or as one zip for each.

Canvas
    "Upload submissions" reads the zip in `AbstractAssignment#generate_comments_from_files` of instructure/canvas-lms:
    a file goes to the person and the file whose ids are in its name, so it carries the very name that the download
    gave it; and it is shown under the name of the student's own file, so it is a notebook.
Moodle
    "Upload multiple feedback files in a zip" reads it in `mod/assign/feedback/file/importziplib.php`: a file goes to
    the participant whose number is in its folder's name, or in its own; the rest of the name is what is shown.

The same feedback makes the same bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convlab.grading.collecting.ledger import Collected, Ledger
from convlab.grading.course import Course, CourseError
from convlab.grading.files import write_whole
from convlab.grading.give_back import write_feedback
from convlab.grading.marks import Marked
from convlab.grading.native import must, nbgrader_api
from convlab.grading.seeds import secret_seed
from convlab.zips import zipped

__all__ = ["WAYS", "Returned", "give_back"]

WAYS = ("canvas", "moodle", "zips")


@dataclass(frozen=True)
class Returned:
    """What was packed.

    Parameters
    ----------
    place : the zip, or the folder of zips
    students : who is in it
    left_out : who is not, though graded, as the system's id of them is not known
    """

    place: Path
    students: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def give_back(
    course: Course,
    assignment: str,
    to: str,
    out: Path | None = None,
    *,
    students: Collection[str] = (),
    begin: Callable[[int], None] = lambda total: None,
    told: Callable[[Marked | None, str], None] = lambda marked, why: None,
) -> Returned:
    """Write everybody's page and pack them.

    Parameters
    ----------
    to : "canvas" or "moodle", one zip to upload; "zips", a folder with one zip for each student
    out : the zip's or folder's place; in the course's folder grading/ASSIGNMENT if None
    students : who gets something back; everybody who was graded if there is none
    begin, told : as for `grade_assignment`

    Raises
    ------
    CourseError
        If somebody has not been graded, or nobody was collected from that system.
    """
    if to not in WAYS:
        raise CourseError(f"nothing can be given back to {to}; there are {', '.join(WAYS)}")
    collected: Mapping[str, Collected] = {}
    if to != "zips":
        ledger = Ledger(course.own(assignment)).students
        collected = {id: one for id, one in ledger.items() if one.system == to and one.label}
        if not collected:
            raise CourseError(
                f"{assignment} was not collected from {to.capitalize()}, so nobody's id there is known. "
                f"Collect it: convlab collect {assignment} FILE.zip; or pack one zip for each: --to zips"
            )
    pages = write_feedback(course, assignment, students=students, begin=begin, told=told)
    everybody = sorted(set(students)) or course.students(assignment)
    graded = {one: page for one in everybody if (page := course.feedback(assignment, one)) in pages}
    own = course.own(assignment)
    if to == "zips":
        folder = out or own / "returned"
        for student, page in graded.items():
            write_whole(folder / f"{student}.zip", zipped([(page.name, page.read_bytes())]), private=True)
        return Returned(folder, tuple(graded))
    known = {student: collected[student] for student in graded if student in collected}
    if to == "canvas":
        files = _for_canvas(course, assignment, {id: (one, graded[id]) for id, one in known.items()})
    else:
        files = [(_moodle_name(one, assignment), graded[id].read_bytes()) for id, one in known.items()]
    place = out or own / f"returned-{to}.zip"
    write_whole(place, zipped(files), private=True)
    return Returned(place, tuple(known), tuple(student for student in graded if student not in known))


def _moodle_name(one: Collected, assignment: str) -> str:
    """The folder as it was downloaded, or the beginning of the file's name."""
    if one.folder:
        return f"{one.label}/{assignment}.html"
    head = one.label.partition("_assignsubmission_file")[0]
    return f"{head}_assignsubmission_file_{assignment}.html"


def _for_canvas(
    course: Course, assignment: str, known: Mapping[str, tuple[Collected, Path]]
) -> list[tuple[str, bytes]]:
    """Notebooks; who handed in a zip gets a zip with the page, as what they get is called .zip too."""
    own_zips = {id for id, (one, _) in known.items() if one.label.lower().endswith(".zip")}
    notebooks = _as_notebooks(course, assignment, [id for id in known if id not in own_zips])
    return [
        (one.label, zipped([(page.name, page.read_bytes())]) if id in own_zips else notebooks[id])
        for id, (one, page) in known.items()
    ]


def _as_notebooks(course: Course, assignment: str, students: Iterable[str]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="convlab-return-") as scratch:

        def change(config: Any) -> None:
            # An absolute path wins over the root that it is joined to.
            config.CourseDirectory.feedback_directory = scratch
            config.GenerateFeedback.exporter_class = (
                "convlab.grading.exporting.notebook.FeedbackNotebookExporter"
            )
            config.FeedbackExporter.secrets = [str(secret_seed(course.own(assignment)))]

        made: dict[str, bytes] = {}
        with nbgrader_api(course, change) as api:
            for student in students:
                must(
                    api.generate_feedback(assignment, student, force=True), f"write the notebook of {student}"
                )
                folder = Path(api.coursedir.format_path(scratch, student, assignment))
                made[student] = (folder / f"{assignment}.ipynb").read_bytes()
        return made
