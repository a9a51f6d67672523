"""What a row of the corpus is, and how its notebook is made.

All are of chapter 1: correlate1d (3 points), convolve1d (3) and output_size (2). A row writes some solution cells
("solution" stands for the reference, and a cell that is not named stays as released), may add cells of its own or
change the whole notebook, and says what each exercise earns, what the student must read, and what the instructor
must be told.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convlab.solutions import conv1d

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
SOURCE = ROOT / "course" / "source" / CHAPTER / f"{CHAPTER}.ipynb"
RELEASE = ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb"
EXERCISES = ("correlate1d", "convolve1d", "output_size")
FULL = (3, 3, 2)
ALL = dict.fromkeys(EXERCISES, "solution")

Notebook = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One submission.

    Parameters
    ----------
    name : what it is or does
    points : what correlate1d, convolve1d and output_size earn
    code : exercise -> the text of its solution cell, or "solution"
    first, last : cells of the student's own, in front of the first exercise and at the end
    change : does something to the notebook before it is handed in
    data : the bytes that are handed in, instead of a notebook
    message : exercise -> words that the student must read about it
    flags : words that the instructor must be told
    limits : words that must stand among the limits hit
    cells, absent : words that must stand, and must not stand, among the outputs of the cells
    by_luck : whether what is told, but not what is earned, may be another each time: it races with the grader
    limit_changes : limits other than usual, so that a row does not last long
    seconds : at most
    """

    name: str
    points: tuple[int, int, int]
    code: dict[str, str] = field(default_factory=lambda: dict(ALL))
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    change: Callable[[Notebook], Any] | None = None
    data: bytes | None = None
    message: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    by_luck: bool = False
    limit_changes: dict[str, Any] = field(default_factory=dict)
    seconds: float = 15.0

    @property
    def submission(self) -> bytes:
        if self.data is not None:
            return self.data
        notebook = json.loads(RELEASE.read_text(encoding="utf-8"))
        for name, code in self.code.items():
            cell_of(notebook, name)["source"] = reference(name) if code == "solution" else code.strip()
        place = next(i for i, cell in enumerate(notebook["cells"]) if "nbgrader" in cell["metadata"])
        notebook["cells"][place:place] = [own_cell(text, f"first{i}") for i, text in enumerate(self.first)]
        notebook["cells"] += [own_cell(text, f"last{i}") for i, text in enumerate(self.last)]
        if self.change is not None:
            self.change(notebook)
        return json.dumps(notebook).encode()


def own_cell(text: str, name: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "source": text.strip(),
        "outputs": [],
        "execution_count": None,
    }


def reference(name: str) -> str:
    """The text of a reference solution as a student would type it."""
    return ast.unparse(ast.parse(inspect.getsource(getattr(conv1d, name))))


def cell_of(notebook: Notebook, grade_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )
    return found


def solved(**changed: str) -> dict[str, str]:
    """All exercises solved but for these."""
    return {**ALL, **changed}


def calls(body: str) -> dict[str, str]:
    """All solved but correlate1d, whose body is this."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return solved(correlate1d=f"def correlate1d(input, weight):\n{lines}")


def right(before: str = "", after: str = "return right") -> dict[str, str]:
    """All solved; correlate1d does something before and after it has the right answer."""
    return calls(
        f"{before}\n"
        "right = np.array([input[x : x + len(weight)] @ weight for x in range(len(input) - len(weight) + 1)])\n"
        f"{after}"
    )


def tries(*expressions: str) -> str:
    """A cell that tries to do what it must not, and prints what came of it."""
    tries = "".join(
        f"try:\n    print('DONE', {one})\nexcept Exception as e: print('REFUSED', type(e).__name__, e)\n"
        for one in expressions
    )
    return "import os, socket, ctypes, glob\nlibc = ctypes.CDLL(None, use_errno=True)\n" + tries


WRONG = """
def correlate1d(input, weight):
    return np.zeros(len(input) - len(weight) + 1)
"""

# A busy machine must have time enough for what is right beside what is stopped.
QUICK = {"cell_seconds": 2.0, "exercise_seconds": 2.0}
