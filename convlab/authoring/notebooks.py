"""Chapters as notebook files: the same chapter gives the same bytes. Knows nbformat only."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

from convlab.authoring.chapter import Chapter

__all__ = ["as_text", "code_sha256", "solved_notebook", "source_notebook"]

# What every notebook of the course says about itself: no version, so that machines do not differ.
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def source_notebook(chapter: Chapter) -> Any:
    """What nbgrader reads: solutions between their markers, hidden tests, nbgrader's metadata."""
    cells = []
    for cell in chapter.cells:
        metadata = dict(cell.metadata)
        if cell.nbgrader is not None:
            metadata["nbgrader"] = dict(cell.nbgrader)
        cells.append(_cell(cell.kind, cell.id, cell.source, metadata))
    return _notebook(cells)


def solved_notebook(chapter: Chapter) -> Any:
    """What a reader sees: the solutions in place, nothing of nbgrader's. Not executed yet."""
    cells = [_cell(cell.kind, cell.id, cell.solved, dict(cell.metadata)) for cell in chapter.cells]
    notebook = _notebook(cells)
    notebook.metadata["convlab"] = {"code_sha256": code_sha256(notebook)}
    return notebook


def code_sha256(notebook: Any) -> str:
    """A hash of all code cells, in order, and of what draws their pictures: convlab/draw and convlab/data.

    While it stands, stored outputs belong to this code. It does not cover the rest of what the code calls: when
    convlab's operators, NumPy or torch change what a chapter prints, nbval says so, and `convlab build --force`
    executes again.
    """
    digest = hashlib.sha256(_pictures_sha256().encode())
    for cell in notebook.cells:
        if cell.cell_type == "code":
            digest.update(cell.source.encode() + b"\0")
    return digest.hexdigest()


@functools.cache
def _pictures_sha256() -> str:
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    for file in sorted([*package.glob("draw/*.py"), *package.glob("data/*")]):
        if file.is_file():
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def as_text(notebook: Any) -> str:
    """The text of a notebook file; nbformat sorts the keys."""
    import nbformat

    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook)
    return text.rstrip("\n") + "\n"


def _notebook(cells: list[Any]) -> Any:
    from nbformat import from_dict

    return from_dict({"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5})


def _cell(kind: str, id: str, source: str, metadata: dict[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": id, "metadata": metadata, "source": source}
    return {**cell, "execution_count": None, "outputs": []} if kind == "code" else cell
