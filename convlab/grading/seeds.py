"""The secret seed of an assignment: drawn once, kept beside the course's other private files, never in git."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from convlab.grading.course import CourseError

__all__ = ["secret_seed"]

# As many bits as JSON's readers keep; too many to be guessed from the numbers of a sample that a message shows.
_BITS = 53


def secret_seed(folder: Path) -> int:
    """The seed kept in a folder; drawn, if there is none yet.

    Raises
    ------
    CourseError
        If the file is there and holds no number: all marks depend on it, so it is not drawn anew.
    """
    file = folder / "seed"
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / f".seed.{os.getpid()}.part"
    if not file.exists():
        with open(
            os.open(ready, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii"
        ) as handle:
            handle.write(f"{secrets.randbits(_BITS)}\n")
        try:
            os.link(ready, file)  # whole, and only if nobody else was quicker
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            ready.replace(file)
        ready.unlink(missing_ok=True)
    text = file.read_text(encoding="utf-8", errors="replace").strip()
    if not text.isascii() or not text.isdecimal():
        raise CourseError(
            f"{file} holds no number. Restore it, or delete it to draw a new seed and grade everybody again"
        )
    return int(text)
