"""What a stored output may hold: nothing that another machine, or the next run, would print differently.

Knows one notebook output at a time; knows nothing about chapters or kernels.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["MAX_BYTES", "problem_of_output", "size_of_outputs"]

MAX_BYTES = 1_000_000  # in one notebook

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LONG_FLOAT = re.compile(r"\d\.\d{5,}")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
_HOME_OR_TEMP = re.compile(r"(?:/home/|/Users/|/root/|/tmp/|/var/folders/|[A-Za-z]:\\Users\\)[^\s'\"<>]*")
_EMBEDDED = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]+")


def problem_of_output(output: Any) -> str | None:
    """Say what is wrong with one output of a cell, and what to do; None if nothing is.

    Long decimals are looked for where a reader sees numbers: in what is printed and in values shown as plain
    text. Addresses and paths are looked for in all text, and nothing in bitmaps.
    """
    if output.output_type == "error":
        traceback = _ANSI.sub("", "\n".join(output.traceback))
        return f"the cell raised {output.ename}: {output.evalue}\n{traceback}"
    if output.output_type == "stream" and output.name == "stderr":
        return f"the cell wrote to stderr, which nbgrader scores as zero. Remove the cause:\n{output.text.strip()}"
    for mime, text in _texts(output):
        if mime == "text/plain" and (found := _LONG_FLOAT.search(text)):
            return f"it prints {_line_around(text, found)!r}; round to at most four decimals."
        if found := _ADDRESS.search(text):
            return f"it prints the memory address {found.group()}, which differs on each run. Leave it out."
        if path := _path_of_this_machine(text):
            return f"it prints {path!r}, a path of this machine. Leave it out."
    return None


def size_of_outputs(cell: Any) -> int:
    """Bytes that a cell's outputs take in the notebook file, about."""
    return len(json.dumps(cell.get("outputs", []), ensure_ascii=False).encode())


def _texts(output: Any) -> Iterator[tuple[str, str]]:
    if output.output_type == "stream":
        yield "text/plain", output.text
        return
    for mime, data in output.data.items():
        if mime == "image/svg+xml" or not mime.startswith("image/"):
            yield mime, _EMBEDDED.sub("", data if isinstance(data, str) else json.dumps(data))


def _line_around(text: str, found: re.Match[str]) -> str:
    start = text.rfind("\n", 0, found.start()) + 1
    return text[start:].partition("\n")[0].strip()[:60]


def _path_of_this_machine(text: str) -> str | None:
    for known in (sys.prefix, str(Path.home()), tempfile.gettempdir()):
        if len(known) > 3 and known in text:
            return known
    found = _HOME_OR_TEMP.search(text)
    return found.group() if found else None
