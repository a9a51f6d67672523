"""Source notebooks become releases: nbgrader makes them, and what must hold of them is looked at here.

nbgrader runs in a scratch folder and without a gradebook, so that a class's gradebook is never touched.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convlab.authoring import exercise_cells
from convlab.authoring.chapter import Chapter
from convlab.authoring.errors import BuildError
from convlab.authoring.layout import Exercise
from convlab.authoring.leaks import find_leaks
from convlab.authoring.notebooks import as_text, source_notebook

__all__ = ["make_releases", "problems_of_release"]

_LEFT_OVER = re.compile(r"(BEGIN|END) SOLUTION|HIDDEN TESTS|grading_seed")


def make_releases(chapters: Mapping[str, Chapter]) -> dict[str, Any]:
    """What nbgrader's generate_assignment makes of each chapter, in one process for all of them.

    Returns
    -------
    dict, chapter name -> notebook

    Raises
    ------
    BuildError
        If nbgrader fails; with its own words.
    """
    import nbformat

    with tempfile.TemporaryDirectory(prefix="convlab-release-") as scratch:
        folder = Path(scratch).resolve()
        for name, chapter in chapters.items():
            (folder / "source" / name).mkdir(parents=True)
            (folder / "source" / name / f"{name}.ipynb").write_text(
                as_text(source_notebook(chapter)), encoding="utf-8", newline="\n"
            )
        _run_nbgrader(folder)
        return {
            name: nbformat.read(folder / "release" / name / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)
            for name in chapters
        }


def _run_nbgrader(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "convlab.authoring.nbgrader_program", str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    report = folder / "failures.json"
    if done.returncode != 0 or not report.is_file():
        raise BuildError(f"nbgrader could not be run (exit code {done.returncode}):\n{done.stderr.strip()}")
    failures: dict[str, str] = json.loads(report.read_text(encoding="utf-8"))
    if failures:
        raise BuildError(
            "\n".join(
                f"course/chapters/{name}.py: nbgrader could not make the release. It says:\n{words}"
                for name, words in failures.items()
            )
        )


def problems_of_release(chapter: Chapter, release: Any) -> list[str]:
    """What must hold of a release before a student may see it; a sentence for each thing that does not."""
    problems = []
    where = {cell.id: cell.where for cell in chapter.cells}
    if [cell.id for cell in release.cells] != list(where):
        problems.append(
            f"{chapter.name}: nbgrader changed the cells of the release. Report this as a bug of convlab."
        )
    for cell in release.cells:
        place = where.get(cell.id, f"{chapter.name}, cell {cell.id}")
        if found := _LEFT_OVER.search(_text_of(cell)):
            problems.append(f"{place}: {found.group()!r} is left in the release.")
        if cell.get("outputs") or cell.get("execution_count") is not None:
            problems.append(f"{place}: the release holds an output.")
    bodies = {name: reference.statements for name, reference in chapter.references.items()}
    for name, id in find_leaks(release, bodies):
        problems.append(
            f"{where.get(id, id)}: this gives away the whole solution of {name!r}. Show one step of it, "
            f"or one output entry, instead."
        )
    by_id = {cell.id: cell for cell in release.cells}
    for exercise in chapter.exercises:
        problems += _problems_of_exercise(chapter, exercise, by_id)
    return problems


def _text_of(cell: Any) -> str:
    """Everything of a cell that is written to the file."""
    return f"{cell.source}\n{json.dumps(cell.metadata)}"


def _problems_of_exercise(chapter: Chapter, exercise: Exercise, by_id: Mapping[str, Any]) -> list[str]:
    name, check = exercise.name, exercise_cells.check_id(exercise.name)
    if name not in by_id or check not in by_id:
        return [f"{chapter.name}: exercise {name!r} is not in the release."]
    problems = []
    if by_id[name].source != chapter.references[name].for_students:
        problems.append(
            f"{chapter.name}: the solution of {name!r} was not replaced by the stub of CODE_STUB."
        )
    if by_id[check].source != exercise_cells.check_call(name):
        problems.append(f"{chapter.name}: the check cell of {name!r} holds more than its one call.")
    nbgrader = by_id[check].metadata.get("nbgrader", {})
    if not nbgrader.get("locked") or not nbgrader.get("grade"):
        problems.append(f"{chapter.name}: the check cell of {name!r} is not locked and graded.")
    if nbgrader.get("points") != exercise.points:
        problems.append(
            f"{chapter.name}: the check cell of {name!r} is worth {nbgrader.get('points')} points; the "
            f"registry says {exercise.points}."
        )
    return problems
