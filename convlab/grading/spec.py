"""What an assignment is, read from the instructor's source notebook: its cells, which are graded, and for how much.

Students' notebooks are laid against this; nothing that counts is ever read from them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convlab.checks import EXERCISES

__all__ = ["AssignmentSpec", "SpecCell", "SpecError"]

DEMONSTRATION = "demonstration"
"""The tag of an instructor's cell that, untouched, is never run. Others are run if a student's code needs them."""

_HIDDEN = re.compile(r"^\s*### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS[^\n]*\n?", re.DOTALL | re.MULTILINE)


class SpecError(Exception):
    """The instructor's notebook cannot be graded: what is wrong with it, and what to do."""


@dataclass(frozen=True)
class SpecCell:
    """A code cell of the instructor's notebook.

    Parameters
    ----------
    kind : "free" (students may change it), "solution", "check" or "locked"
    name : the grade_id of an nbgrader cell, else the notebook's own id of the cell; "" if it has none
    source : as the instructor wrote it; of a check cell, what students see of it
    metadata : nbgrader's
    exercise : of a check cell, which exercise it grades
    demonstration : whether it is tagged as one
    """

    kind: str
    name: str
    source: str
    metadata: Mapping[str, Any]
    exercise: str = ""
    demonstration: bool = False


@dataclass(frozen=True)
class AssignmentSpec:
    """An assignment: its name and code cells, in the instructor's order."""

    name: str
    cells: tuple[SpecCell, ...]

    @property
    def exercises(self) -> tuple[str, ...]:
        return tuple(cell.exercise for cell in self.cells if cell.exercise)

    @classmethod
    def load(cls, path: Path | str) -> AssignmentSpec:
        """Read an instructor's source notebook.

        Raises
        ------
        SpecError
            If it cannot be read, or grades something that is no exercise, or for other points than the exercise has.
        """
        path = Path(path)
        try:
            notebook = json.loads(path.read_text(encoding="utf-8"))
            cells = tuple(_cell(cell) for cell in notebook["cells"] if cell["cell_type"] == "code")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SpecError(f"{path} cannot be read as a notebook ({error}): build it again") from error
        names = [cell.name for cell in cells if cell.name]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise SpecError(f"{path} has two cells called {', '.join(twice)}: give each its own name")
        if not any(cell.exercise for cell in cells):
            raise SpecError(f"{path} has no graded cell")
        return cls(path.stem, cells)


def _cell(cell: Mapping[str, Any]) -> SpecCell:
    source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    metadata = cell["metadata"].get("nbgrader", {})
    tags = cell["metadata"].get("tags", ())
    if not metadata:
        return SpecCell("free", cell.get("id", ""), source, {}, demonstration=DEMONSTRATION in tags)
    name = metadata["grade_id"]
    if metadata["grade"]:
        exercise = name.removesuffix("_check")
        if exercise not in EXERCISES:
            raise SpecError(f"the graded cell {name!r} belongs to no exercise: call it <exercise>_check")
        if metadata["points"] != EXERCISES[exercise].points:
            raise SpecError(
                f"the graded cell {name!r} gives {metadata['points']} points, "
                f"its exercise {EXERCISES[exercise].points}: build the notebook again"
            )
        return SpecCell("check", name, _HIDDEN.sub("", source).strip(), metadata, exercise)
    return SpecCell("solution" if metadata["solution"] else "locked", name, source, metadata)
