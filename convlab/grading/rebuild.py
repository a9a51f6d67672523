"""Lays a submission against the instructor's notebook: of the student's file only the text of cells is taken.

What comes out has the instructor's cells in the instructor's order, the student's text in the solution cells and in
the free ones, and the student's own cells behind the cell that they follow. A submission is bytes from a stranger:
no exception leaves `rebuild`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convlab.grading.limits import MEBI, Limits
from convlab.grading.needed import needed
from convlab.grading.spec import AssignmentSpec, SpecCell

__all__ = ["Cell", "Rebuilt", "rebuild", "untouched"]

MOST_CELLS = 1000  # of code, each of which is looked at
AGAIN = "open it in JupyterLab, save it and hand in the .ipynb file again"


@dataclass(frozen=True)
class Cell:
    """A code cell to be graded.

    Parameters
    ----------
    kind : "free", "solution", "check", "locked", or "own" (the student added it)
    name : of the instructor's cell; "" for the student's own
    source : what is run; nothing of a check cell is
    exercise : of a check cell, which exercise it grades
    runs : whether it is run
    """

    kind: str
    name: str
    source: str
    exercise: str = ""
    runs: bool = True


@dataclass(frozen=True)
class Rebuilt:
    """What is run and graded.

    Parameters
    ----------
    cells : in order
    problem : why the file could not be read, for the student; "" if it could. Then the cells are the instructor's
        without the solutions, and nothing of the student's is run.
    flags : for the instructor: what was changed that must not be
    """

    cells: tuple[Cell, ...]
    problem: str = ""
    flags: tuple[str, ...] = ()


@dataclass
class _Given:
    """A code cell of the submission."""

    source: str
    id: str
    metadata: Mapping[str, Any]
    taken: bool = False
    tags: Sequence[Any] = field(default_factory=list)

    @property
    def grade_id(self) -> str:
        name = self.metadata.get("grade_id")
        return name if isinstance(name, str) else ""


def rebuild(submission: bytes, spec: AssignmentSpec, limits: Limits | None = None) -> Rebuilt:
    """Lay a submission against the assignment.

    Parameters
    ----------
    submission : the bytes of the file that was handed in
    spec : the assignment
    """
    given, problem = _read(submission, limits or Limits())
    if problem:
        return untouched(spec, problem)
    flags: list[str] = []
    chosen = _match(given, spec, flags)
    if not any(cell.kind == "solution" and id(cell) in chosen for cell in spec.cells):
        return untouched(spec, "the notebook holds none of the exercise cells", flags)
    _look_for_tampering(given, spec, chosen, flags)
    return Rebuilt(_lay_out(given, spec, chosen), "", tuple(flags))


def untouched(spec: AssignmentSpec, problem: str, flags: Sequence[str] = ()) -> Rebuilt:
    """The instructor's cells without the solutions, for a submission that has none, and why."""
    cells = tuple(_of_spec(cell, "" if cell.kind == "solution" else cell.source) for cell in spec.cells)
    return Rebuilt(cells, problem, tuple(flags))


def _of_spec(cell: SpecCell, source: str, untouched: bool = True) -> Cell:
    runs = cell.kind != "check" and not (cell.demonstration and untouched)
    return Cell(cell.kind, cell.name, source, cell.exercise, runs)


def _read(submission: bytes, limits: Limits) -> tuple[list[_Given], str]:
    """The code cells, or a sentence that the student understands."""
    if len(submission) > limits.file:
        size = f"{limits.file // MEBI} MiB"
        return [], f"the file is larger than {size}: clear its outputs and hand it in again"
    if not submission.strip():
        return [], f"the file is empty: {AGAIN}"
    if submission.startswith(b"PK\x03\x04"):
        return [], "the file is a zip archive: hand in the notebook that is in it"
    try:
        text = submission.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], f"the file is not a notebook, or was saved in another encoding than UTF-8: {AGAIN}"
    try:
        notebook = json.loads(text)
    except RecursionError:
        return [], f"the file cannot be read as a notebook (it is nested too deeply): {AGAIN}"
    except ValueError:
        return [], f"the file cannot be read as a notebook (it is not JSON, or was cut off): {AGAIN}"
    if not isinstance(notebook, dict) or ("cells" not in notebook and "worksheets" not in notebook):
        return [], f"the file is not a notebook: {AGAIN}"
    if notebook.get("nbformat") != 4 or "worksheets" in notebook:
        return [], f"the notebook is in an old or unknown format: {AGAIN}"
    if not isinstance(notebook["cells"], list):
        return [], f"the file cannot be read as a notebook (its cells are no list): {AGAIN}"
    cells = [cell for value in notebook["cells"] if (cell := _given(value)) is not None]
    if len(cells) > MOST_CELLS:
        return [], f"the notebook holds more than {MOST_CELLS} code cells: hand in your own code only"
    if sum(len(cell.source) for cell in cells) > limits.text:
        return [], f"the cells hold more than {limits.text // 1024} KiB of text: hand in your own code only"
    return cells, ""


def _given(value: Any) -> _Given | None:
    """A code cell, or None for anything else."""
    if not isinstance(value, dict) or value.get("cell_type") != "code":
        return None
    source = value.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    outer = value.get("metadata")
    outer = outer if isinstance(outer, dict) else {}
    inner = outer.get("nbgrader")
    name, tags = value.get("id"), outer.get("tags")
    return _Given(
        # JSON can say half of a character, which no encoding can write, and lines can end as on Windows.
        source.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n"),
        name if isinstance(name, str) else "",
        inner if isinstance(inner, dict) else {},
        tags=tags if isinstance(tags, list) else [],
    )


def _match(given: list[_Given], spec: AssignmentSpec, flags: list[str]) -> dict[int, _Given]:
    """id of a cell of the assignment -> the student's cell that stands for it."""
    chosen: dict[int, _Given] = {}
    for cell in spec.cells:
        if cell.kind == "free":
            continue
        candidates = [one for one in given if one.grade_id == cell.name]
        for one in candidates:
            # Who splits a cell has two of one name: what stands in the first is run like a cell of their own.
            one.taken = cell.kind != "solution" or one is candidates[-1]
        if len(candidates) > 1 and cell.kind == "solution":
            flags.append(f"{len(candidates)} cells are called {cell.name}: the last one was graded")
        if candidates:
            chosen[id(cell)] = candidates[-1]
    for cell in spec.cells:
        if cell.kind != "free" and id(cell) not in chosen:
            _match_by_content(cell, given, chosen, flags)
    for cell in spec.cells:
        if cell.kind == "free":
            by_name = [one for one in given if not one.taken and cell.name and one.id == cell.name]
            by_text = [one for one in given if not one.taken and one.source.strip() == cell.source.strip()]
            if found := by_name or by_text:
                found[0].taken = True
                chosen[id(cell)] = found[0]
    return chosen


def _match_by_content(
    cell: SpecCell, given: list[_Given], chosen: dict[int, _Given], flags: list[str]
) -> None:
    if cell.kind == "solution":
        defines = re.compile(rf"^(?:async\s+def|def|class)\s+{re.escape(cell.name)}\b|^{cell.name}\s*=", re.M)
        found = [one for one in given if not one.taken and defines.search(one.source)]
        if len(found) > 1:
            flags.append(f"{len(found)} cells define {cell.name}: the last one was graded")
        elif found:
            flags.append(f"the cell {cell.name} has lost its name: it was found by what it defines")
        if found:
            found[-1].taken = True
    else:
        found = [one for one in given if not one.taken and one.source.strip() == cell.source]
        if found:
            found[-1].taken = True
        else:
            flags.append(f"the cell {cell.name} was deleted: the instructor's was used")
    if found:
        chosen[id(cell)] = found[-1]


def _look_for_tampering(
    given: list[_Given], spec: AssignmentSpec, chosen: dict[int, _Given], flags: list[str]
) -> None:
    for cell in spec.cells:
        one = chosen.get(id(cell))
        if one is None or cell.kind == "free":
            if one is None and cell.kind == "solution":
                flags.append(f"the cell {cell.name} was deleted")
            continue
        if cell.kind in ("check", "locked") and one.source.strip() != cell.source.strip():
            flags.append(f"the locked cell {cell.name} was changed: the instructor's was used")
        changed = {key for key in cell.metadata if one.metadata.get(key) != cell.metadata[key]}
        changed -= {"grade_id"}  # told already
        if changed and one.metadata:
            flags.append(f"the metadata of {cell.name} was changed: {', '.join(sorted(changed))}")
        if one.tags:
            shown = ", ".join(tag[:40] for tag in one.tags[:5] if isinstance(tag, str)) or "odd ones"
            flags.append(f"the cell {cell.name} carries tags: {shown}")
    known = {cell.name for cell in spec.cells if cell.kind != "free"}
    unknown = sorted({one.grade_id for one in given if one.grade_id and one.grade_id not in known})
    flags.extend(f"a cell claims the unknown name {name[:60]!r}" for name in unknown[:10])


def _lay_out(given: list[_Given], spec: AssignmentSpec, chosen: dict[int, _Given]) -> tuple[Cell, ...]:
    """The instructor's order; the student's own cells behind the chosen cell that they follow."""
    own: dict[int, list[Cell]] = {}
    place = 0  # 0 stands for the front
    chosen_ids = {id(one) for one in chosen.values()}
    for one in given:
        if id(one) in chosen_ids:
            place = id(one)
        elif not one.taken:
            own.setdefault(place, []).append(Cell("own", "", one.source))
    cells = own.get(0, [])
    untouched: list[int] = []
    for cell in spec.cells:
        found = chosen.get(id(cell))
        takes = found is not None and cell.kind in ("free", "solution")
        source = found.source if found is not None and takes else cell.source
        if found is None and cell.kind == "solution":
            source = ""  # never the instructor's
        same = source.strip() == cell.source.strip()
        if same and cell.kind == "free":
            untouched.append(len(cells))
        cells.append(_of_spec(cell, source, untouched=same))
        cells += own.get(id(found), []) if found is not None else []
    return tuple(_without_demonstrations(cells, untouched))


def _without_demonstrations(cells: list[Cell], untouched: Sequence[int]) -> list[Cell]:
    """Leave out of the run what only demonstrates: the instructor's cells that no code of the student's needs."""
    others = [
        cell.source
        for index, cell in enumerate(cells)
        if index not in untouched and cell.kind in ("free", "solution", "own")
    ]
    for index, must in zip(untouched, needed([cells[index].source for index in untouched], others)):
        if not must:
            cells[index] = dataclasses.replace(cells[index], runs=False)
    return cells
