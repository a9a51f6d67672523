"""Solved notebooks: executed by this interpreter, with outputs that nbval finds again on another machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convlab.authoring.chapter import Chapter
from convlab.authoring.errors import BuildError
from convlab.authoring.notebooks import code_sha256, solved_notebook
from convlab.authoring.outputs import MAX_BYTES, problem_of_output, size_of_outputs

__all__ = ["execute", "is_fresh", "problems_of_outputs", "with_outputs"]

CELL_TIMEOUT = 300  # seconds


def is_fresh(chapter: Chapter, stored: Any) -> bool:
    """Do a stored notebook's outputs belong to this chapter's code? `code_sha256` says what that covers."""
    wanted = code_sha256(solved_notebook(chapter))
    stamp = stored.metadata.get("convlab", {}).get("code_sha256")
    return bool(stamp == wanted == code_sha256(stored))


def with_outputs(chapter: Chapter, executed: Any) -> Any:
    """The solved notebook of a chapter with the outputs of an executed one, whose code must be the same.

    Cells are numbered from 1, and nothing else is taken over: no times, no versions, no widgets.
    """
    notebook = solved_notebook(chapter)
    done = [cell for cell in executed.cells if cell.cell_type == "code"]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    number = 0
    for before, cell in zip(done, cells, strict=True):
        cell.outputs = before.outputs
        number += bool(cell.source.strip())
        cell.execution_count = number if cell.source.strip() else None
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    return notebook


def problems_of_outputs(chapter: Chapter, notebook: Any) -> Iterator[str]:
    """A sentence for each cell whose outputs should not be stored."""
    for cell, known in zip(notebook.cells, chapter.cells, strict=True):
        for problem in filter(None, map(problem_of_output, cell.get("outputs", []))):
            yield f"{known.where}: {problem}"
    sizes = [size_of_outputs(cell) for cell in notebook.cells]
    if sum(sizes) > MAX_BYTES:
        largest = chapter.cells[sizes.index(max(sizes))]
        yield (
            f"{chapter.name}: the outputs take {sum(sizes):,} bytes; at most {MAX_BYTES:,} are allowed. "
            f"Shrink them, beginning with {largest.where}: {max(sizes):,} bytes."
        )


def execute(chapter: Chapter) -> Any:
    """Run a chapter's solved notebook from top to bottom, in an empty folder.

    Raises
    ------
    BuildError
        At the first cell that raised, wrote to stderr or printed what another machine would not.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError

    notebook = solved_notebook(chapter)
    where = chapter.name
    # On Windows a dying kernel may hold a file for a moment; what is left lies in the temporary folder.
    with tempfile.TemporaryDirectory(prefix="convlab-solved-", ignore_cleanup_errors=True) as folder:
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=CELL_TIMEOUT,
            allow_errors=True,  # an error is found among the outputs, where its cell is known
            skip_cells_with_tag="",
            record_timing=False,
            coalesce_streams=True,
            shutdown_kernel="immediate",
            # A kernel's word about its transport is no part of a build's report.
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": folder}},
        )
        # Without folders to look in, the manager offers one kernel: this interpreter's.
        client.create_kernel_manager().kernel_spec_manager.kernel_dirs = []
        try:
            with client.setup_kernel(env=_environment(folder)):
                for index, cell in enumerate(notebook.cells):
                    where = chapter.cells[index].where
                    client.execute_cell(cell, index)
                    if any(map(problem_of_output, cell.get("outputs", []))):
                        break
        except (CellTimeoutError, RuntimeError) as error:
            raise BuildError(f"{where}: {str(error).strip().partition(chr(10))[0]}") from error
    solved = with_outputs(chapter, notebook)
    for problem in problems_of_outputs(chapter, solved):
        raise BuildError(problem)
    return solved


def _environment(folder: str) -> dict[str, str]:
    """This environment, without the user's IPython start-up files and with plots drawn in the notebook."""
    return {
        **os.environ,
        "IPYTHONDIR": str(Path(folder) / ".ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
