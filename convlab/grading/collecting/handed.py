"""What one person has handed in: attempts, the files of each, and which of them could be the notebook.

Opens the zips that students make themselves; chooses nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from convlab.grading.collecting.archive import Archive, Entry, Refused
from convlab.grading.collecting.choosing import is_notebook
from convlab.grading.collecting.names import Named, is_rubbish

__all__ = [
    "Candidate",
    "HandedInFile",
    "attempts",
    "base_name",
    "candidates",
    "content_or_nothing",
    "rest_of",
]


@dataclass(frozen=True)
class HandedInFile:
    """One file of one person."""

    named: Named
    entry: Entry

    @property
    def age(self) -> tuple[datetime, int, tuple[int, ...], str]:
        number = int(self.named.submission) if self.named.submission.isdecimal() else 0
        return self.named.when or datetime.min, number, self.entry.when, self.entry.path


@dataclass(frozen=True)
class Candidate:
    """A notebook that may be the one: in the system's zip, or in a zip that the student made."""

    name: str
    file: HandedInFile
    archive: Archive
    entry: Entry

    def read(self) -> bytes:
        return self.archive.read(self.entry)


def attempts(files: list[HandedInFile]) -> list[list[HandedInFile]]:
    """The files by the time of handing in, the earliest first. Canvas and Moodle give the latest attempt only."""
    attempts: dict[object, list[HandedInFile]] = {}
    for one in files:
        named = one.named
        key = (named.when, named.submission) if named.system == "brightspace" else ""
        attempts.setdefault(key, []).append(one)
    return list(attempts.values())


def candidates(
    files: Iterable[HandedInFile], archive: Archive, said: list[str], opened: contextlib.ExitStack
) -> Iterator[Candidate]:
    """The notebooks of one attempt, those in the student's own zips too."""
    room = archive.limits.nested
    for file in files:
        name = file.named.file
        if file.named.typed or not name:
            continue
        if is_notebook(name):
            yield Candidate(name, file, archive, file.entry)
        elif _is_zip(name):
            try:
                inner = opened.enter_context(archive.nested(file.entry, room))
                room -= file.entry.size
            except Refused as error:
                said.append(f"{base_name(name)}: {error}")
                continue
            inside = [one for one in inner.entries if is_notebook(one.path) and not is_rubbish(one.path)]
            if not inside:
                deeper = any(_is_zip(one.path) for one in inner.entries)
                what = "only another zip" if deeper else "no notebook"
                said.append(f"{base_name(name)}: there is {what} in this zip")
            for entry in sorted(inside, key=lambda one: (one.when, one.path)):
                yield Candidate(entry.path, file, inner, entry)


def rest_of(files: Iterable[HandedInFile], some: bool) -> list[str]:
    """What was handed in and is no notebook.

    Parameters
    ----------
    some : whether there is a notebook besides
    """
    rest = {
        "a text typed into the system" if one.named.typed else base_name(one.named.file)
        for one in files
        if one.named.typed or not (is_notebook(one.named.file) or _is_zip(one.named.file))
    }
    shown = ", ".join(sorted(filter(None, rest))[:5])
    if not shown:
        return []
    return [f"besides, not taken: {shown}" if some else f"there is no notebook, only {shown}"]


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def content_or_nothing(candidate: Candidate) -> bytes:
    try:
        return candidate.read()
    except Refused:
        return b""


def base_name(path: str) -> str:
    return path.rsplit("/", 1)[-1]
