"""What a submission tells besides its answers: the outputs of its cells, and what stands in its text.

All of it is from a stranger: outputs are taken over field by field, and texts lose what a terminal would obey.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

from convlab.checks import Exercise
from convlab.checks.guard import syntax_report
from convlab.grading.rebuild import Cell

__all__ = ["checked_outputs", "error_output", "notes", "printable"]

# What a terminal or a browser would obey, or nobody would see.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_ADDRESS = re.compile(r"(?<= at )0x[0-9a-fA-F]+")  # of an object in memory, which is another one each time
_MIMES = re.compile(r"(text/(plain|html|markdown|latex)|image/(png|jpeg|svg\+xml))")


def printable(text: str) -> str:
    """The same text each time, without what a terminal would obey: a student's words are in it."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _ADDRESS.sub("0x…", text))


def error_output(name: str, text: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": text}


def checked_outputs(given: tuple[Any, ...], left: int) -> Iterator[dict[str, Any]]:
    """A cell's outputs as the student's process tells them: of the right form, and no more than is kept."""
    for one in given[0] if given and isinstance(given[0], list) else []:
        if not isinstance(one, dict):
            continue
        kind = one.get("output_type")
        if kind == "stream" and one.get("name") in ("stdout", "stderr"):
            kept: dict[str, Any] = {"output_type": kind, "name": one["name"], "text": _text(one.get("text"))}
        elif kind in ("display_data", "execute_result") and isinstance(one.get("data"), dict):
            data = {k: _text(v) for k, v in one["data"].items() if isinstance(k, str) and _MIMES.fullmatch(k)}
            kept = {"output_type": kind, "data": data}
        elif kind == "error":
            kept = error_output(_text(one.get("ename"))[:100], _text(one.get("evalue"))[:2000])
        else:
            continue
        left -= len(str(kept))
        if left < 0:
            return
        yield kept


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def notes(cell: Cell, label: str) -> list[str]:
    """What in a cell's text no run can see. Lines that only IPython understands are passed over."""
    lines = cell.source.splitlines()
    programs = [
        f"{label}, line {number}: runs another program"
        for number, line in enumerate(lines, 1)
        if re.match(r"\s*(!|%%?(bash|sh|script|system|sx)\b)", line)
    ]
    plain = "\n".join("pass" if re.match(r"\s*[!%?]", line) else line for line in lines)
    if plain.startswith("pass") and lines[0].lstrip().startswith("%%"):
        plain = "\n".join(lines[1:])
    named = cast(Exercise, SimpleNamespace(name=label))
    return programs + syntax_report(plain, named)
