"""Reads what a student has handed in, as bytes. The folder is from a stranger: no link in it is followed.

Looks at names and kinds of files only; what the bytes say is for `rebuild`.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from convlab.grading.limits import MEBI, Limits

__all__ = ["HandedIn", "read"]

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?(?: ?(?:UTC|Z|[+-]\d\d:?\d\d))?"
)
_MOST_ENTRIES = 10_000
_NOT_READ = "it was not read"


@dataclass(frozen=True)
class HandedIn:
    """One submission, as it lies on disk.

    Parameters
    ----------
    content : the notebook's bytes; empty if there is none that may be read
    problem : why there is none, for the student; "" if there is
    flags : for the instructor
    timestamp : the text of timestamp.txt, if it says a time
    """

    content: bytes
    problem: str = ""
    flags: tuple[str, ...] = ()
    timestamp: str | None = None


def read(folder: Path, name: str, limits: Limits | None = None) -> HandedIn:
    """Read the notebook of one submission.

    Parameters
    ----------
    folder : what the student has handed in, such as submitted/STUDENT/ASSIGNMENT
    name : how the notebook is called in the release, such as "01_conv1d.ipynb"
    limits : how large it may be
    """
    most = (limits or Limits()).file
    for part in (folder.parent, folder):
        if part.is_symlink():
            return HandedIn(
                b"",
                "the submission is a link, not a folder",
                (f"{part.name} is a symbolic link: {_NOT_READ}",),
            )
    flags: list[str] = []
    try:
        with os.scandir(folder) as entries:
            found = sorted(entry.name for entry, _ in zip(entries, range(_MOST_ENTRIES)))
    except OSError as error:
        return HandedIn(b"", "the submission cannot be read", (f"{folder.name}: {error.strerror}",))
    timestamp = _timestamp(folder, found, flags)
    chosen, problem = _choose(found, name, flags)
    content = b""
    if chosen:
        content, problem = _bytes(folder / chosen, most, flags)
    return HandedIn(content, problem, tuple(flags), timestamp)


def _choose(found: list[str], name: str, flags: list[str]) -> tuple[str, str]:
    """The notebook's name in the folder, or why there is none."""
    if name in found:
        return name, ""
    others = [one for one in found if one.lower().endswith(".ipynb")]
    if len(others) == 1:
        flags.append(f"the notebook is called {_shown(others[0])}: it was taken for {name}")
        return others[0], ""
    if others:
        return "", f"there are {len(others)} notebooks and none is called {name}: hand in one of that name"
    return "", f"there is no file {name} in the submission"


def _bytes(file: Path, most: int, flags: list[str]) -> tuple[bytes, str]:
    shown = _shown(file.name)
    try:
        # Not followed if it is a link, and not waited for if it is a pipe.
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        what = "a symbolic link" if file.is_symlink() else f"unreadable ({error.strerror})"
        flags.append(f"{shown} is {what}: {_NOT_READ}")
        return b"", f"{shown} is not a file that can be read: hand in the notebook itself"
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            flags.append(f"{shown} is {_kind(status.st_mode)}: {_NOT_READ}")
            return b"", f"{shown} is not a file that can be read: hand in the notebook itself"
        if status.st_nlink > 1:
            flags.append(f"{shown} has {status.st_nlink} names (hard links)")
        if status.st_size > most:
            return b"", f"the file is larger than {most // MEBI} MiB: clear its outputs and hand it in again"
        with open(handle, "rb", closefd=False) as opened:
            return opened.read(most + 1), ""
    finally:
        os.close(handle)


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "no file")


def _timestamp(folder: Path, found: list[str], flags: list[str]) -> str | None:
    if "timestamp.txt" not in found:
        return None
    notes: list[str] = []
    content, problem = _bytes(folder / "timestamp.txt", 4096, notes)
    text = content.decode("utf-8", "replace").strip()
    if not problem and not text:
        return None
    if problem or not _is_time(text):
        flags.append("timestamp.txt says no time: no lateness was counted")
        return None
    return text


def _is_time(text: str) -> bool:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return False
    try:
        datetime.fromisoformat("{}-{}-{}T{}:{}:{}+00:00".format(*match.groups()))
    except ValueError:
        return False
    return True


def _shown(name: str) -> str:
    """A file's name as it can stand in a sentence and in a terminal."""
    return ascii(name[:80])[1:-1] if not name.isprintable() else name[:80]
