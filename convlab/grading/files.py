"""Writes files whole or not at all, and lets one process at a time work on what must not be shared."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from convlab.grading.course import CourseError

__all__ = ["held", "write_whole"]


def write_whole(file: Path, content: bytes, private: bool = False) -> None:
    """Write a file whole or not at all, and not if it holds that already.

    Parameters
    ----------
    private : readable by its owner alone
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        if file.read_bytes() == content:
            return
    except OSError:
        pass
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        mode = 0o600 if private else 0o666
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as handle:
            handle.write(content)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def held(file: Path, refusal: str = "") -> Iterator[None]:
    """Hold a lock for this process.

    Parameters
    ----------
    file : the lock; made if it is not there
    refusal : what to say if another process has it; waits for it if empty

    Raises
    ------
    CourseError
        If another process has it, with `refusal`.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w", encoding="ascii") as opened:
        try:
            import fcntl
        except ImportError:  # Windows, where one instructor has one window
            yield
            return
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError as error:
            raise CourseError(refusal) from error
        yield
