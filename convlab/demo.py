"""`convlab demo`: the whole path on a sample class, in a folder of its own.

Builds the course into demo/, hands in the notebooks of tests/submissions/sample_class.toml, grades them and
prints who got what and why. Nothing that is committed is rewritten.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import shutil
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat

from convlab.authoring import build
from convlab.grading import (
    Course,
    CourseError,
    Marked,
    enroll,
    grade_assignment,
    grade_class,
    sandbox,
    write_feedback,
)
from convlab.grading.runner import LocalPool, Pool
from convlab.grading.table import table

__all__ = ["Row", "demo", "hand_in", "sample_class"]

Row = Mapping[str, Any]

SAMPLE_CLASS = Path("tests", "submissions", "sample_class.toml")


def demo(
    root: Path, say: Callable[[str], None] = print, stock: bool | None = None
) -> dict[str, list[Marked]]:
    """Build, hand in, grade and print.

    Parameters
    ----------
    root : a clone of the project
    say : called with each line
    stock : grade the honest rows with stock nbgrader, as is done where there is no Linux

    Returns
    -------
    dict, chapter -> its graded submissions

    Raises
    ------
    NoSandbox
        If this is Linux, and offers no sandbox.
    """
    stock = sys.platform != "linux" if stock is None else stock
    rows = sample_class(root / SAMPLE_CLASS)
    if stock:
        rows = [row for row in rows if not row.get("hostile")]
        say("The sandbox needs Linux, in WSL or a container: nbgrader itself grades the honest rows.")
    folder = _fresh_course(root)
    chapters = sorted({row["chapter"] for row in rows})
    with contextlib.ExitStack() as stack:
        if not stock:
            sandbox.require()
        # It gets ready while the course is built.
        pool = None if stock else stack.enter_context(LocalPool())
        say("Building the course")
        build(root / "demo", chapters=chapters, execute=False, report=lambda line: say(f"  {line}"))
        course = _class_of(folder, rows)
        results = {}
        for chapter in chapters:
            say(f"Grading {chapter}")
            results[chapter] = (
                _grade(course, chapter, pool, say) if pool else grade_class(course, chapter, say)
            )
    for chapter, marked in results.items():
        say("\n" + table(chapter, marked))
    feedback = (folder / "feedback").relative_to(root)
    say(f"\nFeedback pages:  {feedback.as_posix()}/STUDENT/CHAPTER/CHAPTER.html")
    say(f"for example      {_worth_a_look(results).resolve().as_uri()}")
    say(f"Gradebook:       {(folder / 'gradebook.db').relative_to(root).as_posix()}")
    return results


def _class_of(folder: Path, rows: Sequence[Row]) -> Course:
    """The course with everybody's names and submissions."""
    for row in rows:
        hand_in(folder, row)
    course = Course(folder)
    named = [row for row in rows if "first_name" in row]
    enroll(course, {row["student"]: (row["first_name"], row["last_name"]) for row in named})
    return course


def _grade(course: Course, chapter: str, pool: Pool, say: Callable[[str], None]) -> list[Marked]:
    """What `convlab grade CHAPTER` and `convlab feedback CHAPTER` do."""

    def told(marked: Marked | None, why: str) -> None:
        if marked is None:
            raise CourseError(why)
        say(f"  {marked.name}: {marked.points:g} of {marked.max_points:g} points")

    marked = grade_assignment(course, chapter, pool=pool, told=told).marked
    write_feedback(course, chapter)
    return marked


def _worth_a_look(results: Mapping[str, Sequence[Marked]]) -> Path:
    """The first page of somebody who got some marks and lost others."""
    everyone = [one for marked in results.values() for one in marked]
    return next((one for one in everyone if 0 < one.points < one.max_points), everyone[0]).feedback


def sample_class(file: Path) -> list[Row]:
    """The rows of a sample class, in the order of the file."""
    if not file.is_file():
        raise CourseError(f"{file} is missing: the demo runs in a clone of the project, which carries it")
    rows: list[Row] = tomllib.loads(file.read_text(encoding="utf-8"))["row"]
    return rows


def hand_in(course: Path, row: Row) -> Path:
    """Write one row's notebook into submitted/STUDENT/CHAPTER/ and return its path."""
    chapter: str = row["chapter"]
    target: Path = course / "submitted" / row["student"] / chapter / f"{chapter}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    if "file" in row:
        target.write_text(row["file"], encoding="utf-8")
        return target
    notebook = nbformat.read(course / "release" / chapter / f"{chapter}.ipynb", as_version=4)
    by_id = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    for exercise, code in row.get("code", {}).items():
        by_id[exercise].source = _solution(chapter, exercise) if code == "solution" else code.strip()
    if "append" in row:
        first = next(i for i, cell in enumerate(notebook.cells) if "nbgrader" in cell.metadata)
        notebook.cells.insert(first, nbformat.v4.new_code_cell(row["append"], id="own"))
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") not in row.get("delete", ())
    ]
    nbformat.write(notebook, target)
    return target


def _solution(chapter: str, exercise: str) -> str:
    """The text of a reference solution as a student would type it."""
    module = import_module(f"convlab.solutions.{chapter[3:]}")
    source = inspect.getsource(getattr(module, exercise))
    return ast.unparse(ast.parse(source))


def _fresh_course(root: Path) -> Path:
    course = root / "demo" / "course"
    shutil.rmtree(course, ignore_errors=True)
    course.mkdir(parents=True)
    shutil.copytree(root / "course" / "chapters", course / "chapters")
    shutil.copy(root / "course" / "nbgrader_config.py", course)
    (root / "demo" / "solutions").mkdir(exist_ok=True)
    return course
