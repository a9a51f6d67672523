"""Chooses, of the files that somebody has handed in at once, the one that is the assignment's notebook.

Looks at names, and at the names of cells in the bytes; a notebook is not parsed here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Chosen", "choose", "is_notebook"]

T = TypeVar("T")
_NOTEBOOK = re.compile(r"\.ipynb(?:\.(?:txt|json))?", re.IGNORECASE)
_COPY = re.compile(r"(?:[ _-]*\(\d+\)|-\d{1,3}|[ _-]+copy\d*|-checkpoint)+$", re.IGNORECASE)
_GRADE_ID = re.compile(rb'"grade_id"\s*:\s*"([^"\\]{1,200})"')


@dataclass(frozen=True)
class Chosen(Generic[T]):
    """The file that was chosen.

    Parameters
    ----------
    file : it; None if there was none
    notes : what the instructor should know: why there is none, or why this one
    older : others of the right name
    """

    file: T | None
    notes: tuple[str, ...] = ()
    older: tuple[T, ...] = ()


def is_notebook(name: str) -> bool:
    """Whether a file's name is a notebook's; some browsers add .txt or .json to it."""
    return re.search(_NOTEBOOK.pattern + "$", name, re.IGNORECASE) is not None


def choose(
    files: Sequence[T],
    assignment: str,
    cells: Collection[str],
    *,
    name: Callable[[T], str],
    content: Callable[[T], bytes],
    ordered: bool = False,
) -> Chosen[T]:
    """Choose the notebook.

    Parameters
    ----------
    files : notebooks, the newest last
    assignment : its name, which is also the notebook's
    cells : the grade_ids of its cells
    name, content : of one file; contents are asked for only where names do not decide
    ordered : whether it is certain which is the newest; if not, the one of the very name goes before a copy of it
    """
    if not files:
        return Chosen(None)
    wanted = _plain(assignment)
    exact = [one for one in files if _plain(_stem(name(one))) == wanted]
    alike = [one for one in files if one in exact or _plain(_original(name(one))) == wanted]
    if fitting := alike if ordered or not exact else exact:
        return Chosen(fitting[-1], _instead(fitting[-1], files, name), tuple(fitting[:-1]))
    if len(files) == 1:
        return Chosen(files[0], (f"{_base(name(files[0]))} was taken, as the only notebook",))
    known = [_known(content(one), cells) for one in files]
    if not max(known):
        shown = ", ".join(_base(name(one)) for one in files[:5])
        return Chosen(
            None,
            (f"of {len(files)} notebooks none is called {assignment}.ipynb or holds its cells: {shown}",),
        )
    best = max(range(len(files)), key=lambda place: (known[place], place))
    return Chosen(files[best], _instead(files[best], files, name, ", as it holds the assignment's cells"))


def _instead(chosen: T, files: Sequence[T], name: Callable[[T], str], why: str = "") -> tuple[str, ...]:
    rest = [_base(name(one)) for one in files if one is not chosen]
    return (f"{_base(name(chosen))} was taken{why}, and not {', '.join(rest[:5])}",) if rest else ()


def _known(content: bytes, cells: Collection[str]) -> int:
    """How many of the assignment's cells a file names."""
    found = {match.decode("utf-8", "replace") for match in _GRADE_ID.findall(content)}
    return len(found & set(cells))


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _stem(path: str) -> str:
    return re.sub(_NOTEBOOK.pattern + "$", "", _base(path), flags=re.IGNORECASE)


def _original(path: str) -> str:
    """Without what a browser or the system adds to a name that is taken: " (1)", "-1", " copy"."""
    return _COPY.sub("", _stem(path))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()
