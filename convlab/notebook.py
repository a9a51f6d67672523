"""Checks a whole notebook from a terminal: runs its cells here, then plays every exercise it holds.

It is for one's own notebook. What somebody else wrote is run by `convlab grade`, which does not trust it.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat

from convlab.checks import EXERCISES, Exercise, Report, report

__all__ = ["UnreadableNotebook", "check_notebook"]


class UnreadableNotebook(Exception):
    """The file is no notebook of this course: what it is, in a sentence."""


def check_notebook(file: Path, seed: int = 0, say: Callable[[str], None] = print) -> list[Report]:
    """Run a notebook's cells and report on each exercise in it.

    Parameters
    ----------
    file : a chapter's notebook
    seed : draws the samples' values
    say : called with each line

    Raises
    ------
    UnreadableNotebook
        If there is no such file, it is no notebook, or it holds no exercise.
    """
    notebook = _read(file)
    with _shell() as shell:
        errors = _run(shell, [c for c in notebook.cells if c.cell_type == "code" and not _is_check(c)])
        names = shell.user_ns
        exercises = _exercises(notebook, names)
        if not exercises:
            raise UnreadableNotebook(f"{file} holds no exercise of this course")
        for number, error in errors:
            say(f"(code cell {number} ended in {error})")
        reports = [_report(exercise, names.get(exercise.name), seed, say) for exercise in exercises]
    say(f"{sum(r.points for r in reports)} of {sum(e.points for e in exercises)} points")
    return reports


def _report(exercise: Exercise, function: Any, seed: int, say: Callable[[str], None]) -> Report:
    if not callable(function):
        say(f"{exercise.name}: the notebook does not define it\n")
        return report(_missing, exercise.name, seed)
    result = report(function, exercise.name, seed)
    groups = ", ".join(f"{name} {group.earned}/{group.points}" for name, group in result.groups.items())
    say(f"{result.message}\n  {result.points} of {exercise.points} points ({groups})\n")
    return result


def _missing(*args: Any, **kwargs: Any) -> None:
    """Stands for a function that the notebook does not define."""
    raise NotImplementedError


def _read(file: Path) -> Any:
    if not file.is_file():
        raise UnreadableNotebook(f"there is no file {file}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbformat's about ids that older notebooks lack
            notebook = nbformat.reads(file.read_text(encoding="utf-8"), as_version=4)
            nbformat.validate(notebook)
    except Exception as error:  # whatever a broken file makes the reader raise
        raise UnreadableNotebook(f"{file} cannot be read as a notebook ({type(error).__name__})") from error
    return notebook


def _is_check(cell: Any) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade")) or cell.source.lstrip().startswith("check(")


def _exercises(notebook: Any, names: dict[str, Any]) -> list[Exercise]:
    """By the cells' ids; where these are gone, by the functions' names."""
    ids = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells}
    known = [exercise for exercise in EXERCISES.values() if exercise.name in ids]
    return known or [exercise for exercise in EXERCISES.values() if callable(names.get(exercise.name))]


@contextlib.contextmanager
def _shell() -> Iterator[Any]:
    """IPython's one shell, new; while it is there, everything that asks is told that this is a notebook."""
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.clear_instance()
    try:
        yield InteractiveShell.instance()
    finally:
        InteractiveShell.clear_instance()


def _run(shell: Any, cells: list[Any]) -> list[tuple[int, str]]:
    """Run cells one after the other as IPython does; which of them raised what."""
    from IPython.utils.capture import capture_output

    errors = []
    for number, cell in enumerate(cells, 1):
        with capture_output():
            result = shell.run_cell(cell.source, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            errors.append((number, f"{type(error).__name__}: {error}".splitlines()[0]))
    return errors
