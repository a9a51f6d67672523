"""Grades a class with nbgrader itself, so that no submission stops the batch and none is left without a score.

nbgrader's Autograde runs one submission at a time, from a scratch copy of `submitted/`, which is never touched.
What cannot be graded (no notebook, no exercise cells, a kernel that dies) is replaced by the untouched release
and keeps the reason.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat

from convlab.checks.message import summary
from convlab.grading.course import Course, CourseError
from convlab.grading.marks import Mark, Marked
from convlab.grading.native import must, nbgrader_api

__all__ = ["grade_class"]

LARGEST = 20_000_000  # bytes; a chapter solved with all its outputs stays below one million


def grade_class(course: Course, assignment: str, progress: Callable[[str], None] = print) -> list[Marked]:
    """Grade every submission of one assignment and write its feedback page.

    Parameters
    ----------
    course : the course
    assignment : the chapter's name, such as "01_conv1d"
    progress : called with a line for each submission

    Returns
    -------
    one Marked for each folder submitted/STUDENT/ASSIGNMENT, in the order of the students' ids

    Raises
    ------
    CourseError
        If the source notebook is missing or nbgrader cannot release it.
    """
    if not course.source(assignment).is_file():
        raise CourseError(f"{course.source(assignment)} is missing: build it with `convlab build`")
    students = course.students(assignment)
    with tempfile.TemporaryDirectory(prefix="convlab-") as scratch:

        def change(config: Any) -> None:
            # An absolute path wins over the root it is joined to.
            config.CourseDirectory.submitted_directory = str(Path(scratch) / "submitted")
            config.CourseDirectory.release_directory = str(Path(scratch) / "release")

        with nbgrader_api(course, change) as api:
            must(api.generate_assignment(assignment, force=True, create=True), f"release {assignment}")
            (release,) = (Path(scratch) / "release").rglob(f"{assignment}.ipynb")
            marked = []
            for number, student in enumerate(students, 1):
                staged = Path(api.coursedir.format_path(Path(scratch) / "submitted", student, assignment))
                file = course.submitted(assignment, student) / f"{assignment}.ipynb"
                reason = _grade_one(api, student, file, release, staged)
                must(api.generate_feedback(assignment, student), f"write feedback for {student}")
                result = _read_back(api, course, assignment, student, reason)
                progress(
                    f"  {number}/{len(students)}  {result.name}: {result.points:g} of {result.max_points:g} points"
                )
                marked.append(result)
    return marked


def _grade_one(api: Any, student: str, file: Path, release: Path, staged: Path) -> str:
    """Autograde one submission; the reason if it had to be replaced by the untouched release, else ""."""
    assignment = release.stem
    content, reason = read_submission(file)
    if content is not None:
        _stage(staged, content)
        result = api.autograde(assignment, student)
        if result["success"]:
            return ""
        reason = _why_it_failed(result)
    _stage(staged, release.read_bytes())
    must(api.autograde(assignment, student), f"grade the untouched release for {student}")
    return reason


def read_submission(file: Path) -> tuple[bytes | None, str]:
    """The file's bytes if nbgrader can grade them, else None and a sentence that the student understands."""
    if file.is_symlink() or not file.is_file():
        return None, f"there is no file {file.name} in the submission"
    if file.stat().st_size > LARGEST:
        return None, f"the file is larger than {LARGEST // 1_000_000} MB: clear its outputs and submit again"
    content = file.read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = nbformat.reads(content.decode("utf-8"), as_version=4)
            nbformat.validate(notebook)
    except Exception as error:  # whatever a broken file makes the reader raise
        return None, f"the file cannot be read as a notebook ({type(error).__name__})"
    if not any("grade_id" in cell.metadata.get("nbgrader", {}) for cell in notebook.cells):
        return None, "the notebook holds none of the exercise cells"
    return content, ""


def _stage(folder: Path, content: bytes) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / f"{folder.name}.ipynb").write_bytes(content)


def _why_it_failed(result: dict[str, Any]) -> str:
    log = f"{result.get('log')}\n{result.get('error')}"
    if "DeadKernelError" in log or "Kernel died" in log:
        return "the notebook ended Python's process while it ran"
    if "UnresponsiveKernelError" in log or "unresponsive" in log:
        return "the notebook did not stop running"
    last = [line.strip() for line in log.splitlines() if "Error" in line]
    return f"the notebook cannot be graded ({last[-1][:120] if last else 'nbgrader gave no reason'})"


def _read_back(api: Any, course: Course, assignment: str, student: str, reason: str) -> Marked:
    """Scores from the gradebook; reasons from the outputs of the autograded check cells."""
    file = course.autograded(assignment, student)
    errors = _errors(file)
    with api.gradebook as gradebook:
        submission = gradebook.find_submission(assignment, student)
        person = submission.student
        name = " ".join(part for part in (person.first_name, person.last_name) if part) or student
        scores = {
            grade.name: (float(grade.score or 0), float(grade.max_score))
            for notebook in submission.notebooks
            for grade in notebook.grades
        }
    marks = tuple(
        Mark(
            cell.removesuffix("_check"),
            points,
            most,
            "" if points == most else reason or errors.get(cell, "the check did not run"),
        )
        for cell, (points, most) in ((cell, scores[cell]) for cell in _in_order(file) if cell in scores)
    )
    return Marked(student, name, marks, course.feedback(assignment, student))


def _cells(file: Path) -> Iterator[Any]:
    for cell in nbformat.read(file, as_version=4).cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            yield cell


def _in_order(file: Path) -> list[str]:
    return [cell.metadata.nbgrader.grade_id for cell in _cells(file)]


def _errors(file: Path) -> dict[str, str]:
    """Check cell -> one line about its first error or its stderr."""
    found: dict[str, str] = {}
    for cell in _cells(file):
        for output in cell.outputs:
            if output.output_type == "error":
                text = output.evalue or output.ename
                text = "a cell ran longer than its time limit" if output.ename == "CellTimeoutError" else text
            elif output.output_type == "stream" and output.name == "stderr":
                text = f"something was written to stderr: {output.text}"
            else:
                continue
            found.setdefault(cell.metadata.nbgrader.grade_id, summary(text))
    return found
