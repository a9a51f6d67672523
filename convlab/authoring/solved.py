"""Solved notebooks: executed by this interpreter, and fit to be compared with by nbval on another machine."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from convlab.authoring.chapter import Chapter
from convlab.authoring.errors import BuildError
from convlab.authoring.notebooks import METADATA, solved_notebook

__all__ = ["execute", "is_fresh", "with_outputs_of"]

CELL_TIMEOUT = 300  # seconds
MAX_OUTPUT = 1_000_000  # bytes in one notebook

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LONG_FLOAT = re.compile(r"\d\.\d{5,}")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
_MACHINE_PATH = re.compile(r"(?:/home/|/Users/|/root/|/tmp/|/var/folders/|[A-Za-z]:\\Users\\)[^\s'\"<>]*")
_EMBEDDED = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]+")


def is_fresh(chapter: Chapter, stored: Any) -> bool:
    """Do a stored notebook's outputs belong to this chapter's code? `code_sha256` says what that covers."""
    wanted = solved_notebook(chapter).metadata["convlab"]["code_sha256"]
    return bool(stored.metadata.get("convlab", {}).get("code_sha256") == wanted)


def with_outputs_of(chapter: Chapter, stored: Any) -> Any:
    """The solved notebook of a chapter, with the outputs of a fresh stored one."""
    notebook = solved_notebook(chapter)
    old = [cell for cell in stored.cells if cell.cell_type == "code"]
    new = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for before, after in zip(old, new, strict=True):
        after.outputs, after.execution_count = before.outputs, before.execution_count
    return notebook


def execute(chapter: Chapter) -> Any:
    """Run a chapter's solved notebook from top to bottom, in an empty folder.

    Raises
    ------
    BuildError
        If a cell raised, wrote to stderr, or printed what another machine would print differently.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    notebook = solved_notebook(chapter)
    with tempfile.TemporaryDirectory(prefix="convlab-solved-", ignore_cleanup_errors=True) as folder:
        client = NotebookClient(
            notebook,
            kernel_manager_class=_kernel_manager_class(),
            kernel_name="python3",
            timeout=CELL_TIMEOUT,
            allow_errors=True,  # looked at below, where the cell is known
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
        )
        with client.setup_kernel(env=_environment(folder)):
            for index, cell in enumerate(notebook.cells):
                where = chapter.cells[index].where
                try:
                    client.execute_cell(cell, index)
                except (CellTimeoutError, DeadKernelError) as error:
                    raise BuildError(f"{where}: {str(error).strip().splitlines()[0]}") from error
                _refuse_outputs(cell, where, folder)
    _normalise(notebook)
    size = sum(len(json.dumps(cell.get("outputs", []))) for cell in notebook.cells)
    if size > MAX_OUTPUT:
        largest = max(chapter.cells, key=lambda c: len(json.dumps(_by_id(notebook, c.id).get("outputs", []))))
        raise BuildError(
            f"{chapter.name}: the outputs take {size:,} bytes; at most {MAX_OUTPUT:,} are allowed. "
            f"The largest is that of {largest.where}."
        )
    return notebook


def _by_id(notebook: Any, id: str) -> Any:
    return next(cell for cell in notebook.cells if cell.id == id)


def _kernel_manager_class() -> type:
    """A kernel manager that always starts this interpreter, whatever kernels the user has installed."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    spec = KernelSpec(
        # Errors only: a kernel's word about its transport is no part of a build's report.
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"],
        display_name="Python 3",
        language="python",
    )

    class ThisInterpreter(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return spec

    class Manager(AsyncKernelManager):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.kernel_spec_manager = ThisInterpreter()

    return Manager


def _environment(folder: str) -> dict[str, str]:
    """This environment without the user's IPython start-up files, and with plots drawn in the notebook."""
    return {
        **os.environ,
        "IPYTHONDIR": str(Path(folder) / ".ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def _refuse_outputs(cell: Any, where: str, folder: str) -> None:
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            traceback = _ANSI.sub("", "\n".join(output.traceback))
            raise BuildError(f"{where}: the cell raised {output.ename}: {output.evalue}\n{traceback}")
        if output.output_type == "stream" and output.name == "stderr":
            raise BuildError(
                f"{where}: the cell wrote to stderr: {output.text.strip()}\nAvoid the warning at its root."
            )
        for mime, text in _texts(output):
            text = _EMBEDDED.sub("", text)
            if mime == "text/plain" and (found := _LONG_FLOAT.search(text)):
                raise BuildError(f"{where}: prints {found.group()}…; round to at most four decimals.")
            if found := _ADDRESS.search(text):
                raise BuildError(
                    f"{where}: prints a memory address, {found.group()}, which differs on each run."
                )
            if found := _MACHINE_PATH.search(text.replace(folder, "/tmp/")):
                raise BuildError(f"{where}: prints a path of this machine, {found.group()}.")


def _texts(output: Any) -> list[tuple[str, str]]:
    """The texts of an output and their kinds: what is printed counts as text/plain, a bitmap not at all."""
    if output.output_type == "stream":
        return [("text/plain", output.text)]
    texts = []
    for mime, data in output.data.items():
        if mime.startswith("image/") and mime != "image/svg+xml":
            continue
        texts.append((mime, data if isinstance(data, str) else json.dumps(data)))
    return texts


def _normalise(notebook: Any) -> None:
    """Number the cells from 1, and forget what the kernel said about itself."""
    stamp = notebook.metadata["convlab"]
    notebook.metadata.clear()
    notebook.metadata.update({**METADATA, "convlab": stamp})
    number = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        number += 1
        cell.execution_count = number
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
