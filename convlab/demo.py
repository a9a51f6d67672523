"""`convlab demo`: the whole path on a sample class, in a folder of its own.

Builds the course into demo/, hands in the notebooks of tests/submissions/sample_class.toml, grades them and
prints who got what and why. Nothing that is committed is rewritten.
"""

from __future__ import annotations

import ast
import inspect
import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat

from convlab.authoring import build
from convlab.grading import GradingError, Marked, enroll, grade_class
from convlab.grading.table import table

__all__ = ["Row", "demo", "hand_in", "sample_class"]

Row = Mapping[str, Any]

SAMPLE_CLASS = Path("tests", "submissions", "sample_class.toml")


def demo(root: Path, say: Callable[[str], None] = print) -> dict[str, list[Marked]]:
    """Build, hand in, grade and print.

    Parameters
    ----------
    root : a clone of the project
    say : called with each line

    Returns
    -------
    dict, chapter -> its graded submissions
    """
    rows = sample_class(root / SAMPLE_CLASS)
    course = _fresh_course(root)
    say("Building the course")
    build(root / "demo", execute=False, report=lambda line: say(f"  {line}"))
    for row in rows:
        hand_in(course, row)
    names = {row["student"]: (row["first_name"], row["last_name"]) for row in rows if "first_name" in row}
    enroll(course, names)
    results = {}
    for chapter in sorted({row["chapter"] for row in rows}):
        say(f"Grading {chapter} with nbgrader")
        results[chapter] = grade_class(course, chapter, progress=say)
    for chapter, marked in results.items():
        say("\n" + table(chapter, marked))
    feedback = (course / "feedback").relative_to(root)
    say(f"\nFeedback pages:  {feedback.as_posix()}/STUDENT/CHAPTER/CHAPTER.html")
    say(f"for example      {_worth_a_look(results).resolve().as_uri()}")
    say(f"Gradebook:       {(course / 'gradebook.db').relative_to(root).as_posix()}")
    return results


def _worth_a_look(results: Mapping[str, Sequence[Marked]]) -> Path:
    """The first page of somebody who got some marks and lost others."""
    everyone = [one for marked in results.values() for one in marked]
    return next((one for one in everyone if 0 < one.points < one.max_points), everyone[0]).feedback


def sample_class(file: Path) -> list[Row]:
    """The rows of a sample class, in the order of the file."""
    if not file.is_file():
        raise GradingError(f"{file} is missing: the demo runs in a clone of the project, which carries it")
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
