"""Keeps each submission's result in a file of its own, so that what has been graded need not be graded again.

A result is kept under a key made of everything that decided it: the bytes handed in, the assignment, the seed, the
limits, and the code and versions that graded. Files are written whole or not at all.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from convlab.grading.limits import Limits
from convlab.grading.result import Result
from convlab.grading.spec import AssignmentSpec

__all__ = ["Record", "Records", "key"]

_PACKAGE = Path(__file__).parents[1]
# What decides over a verdict, or over what is shown of it.
_DECIDING = ("checks", "draw", "grading")


@dataclasses.dataclass(frozen=True)
class Record:
    """A result that was kept.

    Parameters
    ----------
    key : of all that decided it
    result : what came of it
    replayed : whether the gradebook has it
    """

    key: str
    result: Result
    replayed: bool = False


class Records:
    """The records of one assignment, one JSON file for each student.

    Parameters
    ----------
    folder : where they are kept
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, student: str) -> Record | None:
        """What is kept of a student's submission; None if nothing is, or it cannot be read."""
        try:
            data = json.loads(self._file(student).read_text(encoding="utf-8"))
            return Record(data["key"], Result.from_dict(data["result"]), data["replayed"] is True)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, student: str, record: Record) -> None:
        data = {"key": record.key, "replayed": record.replayed, "result": record.result.as_dict()}
        file = self._file(student)
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            # Who may see the seed is who may see the course.
            with open(
                os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as handle:
                json.dump(data, handle, ensure_ascii=False)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)

    def _file(self, student: str) -> Path:
        return self._folder / f"{student}.json"


def key(
    submission: bytes, said: Iterable[str], spec: AssignmentSpec, seed: int, limits: Limits, sandboxed: bool
) -> str:
    """All that decides a result, as one text.

    Parameters
    ----------
    submission : the bytes handed in
    said : what is known of it besides, such as flags
    spec, seed, limits, sandboxed : as for `grade`
    """
    told = json.dumps(
        [list(said), _of_spec(spec), seed, dataclasses.asdict(limits), sandboxed, _of_code()],
        sort_keys=True,
    )
    return hashlib.sha256(submission + b"\0" + told.encode()).hexdigest()


def _of_spec(spec: AssignmentSpec) -> str:
    cells = [[cell.kind, cell.name, cell.source, cell.exercise, cell.demonstration] for cell in spec.cells]
    return hashlib.sha256(json.dumps([spec.name, cells]).encode()).hexdigest()


@functools.cache
def _of_code() -> str:
    import platform
    from importlib import metadata

    digest = hashlib.sha256()
    for part in _DECIDING:
        for file in sorted((_PACKAGE / part).rglob("*.py")):
            digest.update(file.relative_to(_PACKAGE).as_posix().encode())
            digest.update(file.read_bytes())
    versions = {name: metadata.version(name) for name in ("numpy", "torch", "ipython")}
    digest.update(json.dumps([platform.python_version(), versions]).encode())
    return digest.hexdigest()
