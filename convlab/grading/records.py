"""Keeps each submission's result in a file of its own, so that what has been graded need not be graded again.

Each exercise's result has a key made of everything that decided it: the bytes handed in, the assignment, the seed,
the limits, the exercise's definition, and the code and versions that graded. Files are written whole or not at all.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from convlab.checks import EXERCISES
from convlab.grading.definition import FOLDER, definition
from convlab.grading.files import write_whole
from convlab.grading.limits import Limits
from convlab.grading.result import Result
from convlab.grading.spec import AssignmentSpec

__all__ = ["Keys", "Record", "Records", "code_hash", "keys"]

_PACKAGE = Path(__file__).parents[1]
# What decides over a verdict, or over its picture. What only reads results, or makes pages of them, does not.
_DECIDING = ("checks/**/*.py", "draw/**/*.py", "grading/*.py")


@dataclasses.dataclass(frozen=True)
class Keys:
    """What a result was decided by.

    Parameters
    ----------
    submission : of what was handed in, and for what
    exercises : name -> of all that decided its points; the submission is in each
    """

    submission: str
    exercises: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Record:
    """A result that was kept.

    Parameters
    ----------
    keys : of all that decided it
    result : what came of it
    replayed : under which policy for late work the gradebook has it; "" if it has not
    before : what the gradebook had before it: of which submission, and the points of each exercise
    """

    keys: Keys
    result: Result
    replayed: str = ""
    before: tuple[str, dict[str, int]] | None = None

    def in_gradebook(self) -> tuple[str, dict[str, int]] | None:
        """Of which submission the gradebook has marks, and the points of each exercise; None if it has none."""
        if not self.replayed:
            return self.before
        return self.keys.submission, {one.name: one.points for one in self.result.exercises}

    def still(self, keys: Keys, again: Collection[str] = ()) -> dict[str, str]:
        """The exercises that need not be played again, each with the key under which it was.

        Parameters
        ----------
        keys : of all that would decide now
        again : exercises to play again, and these only: the others stand as long as the submission does
        """
        before, now = self.keys.exercises, keys.exercises
        if before.keys() != now.keys():
            return {}
        stands = bool(again) and self.keys.submission == keys.submission
        return {
            name: key for name, key in before.items() if name not in again and (stands or key == now[name])
        }


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
            keys = Keys(data["submission"], dict(data["exercises"]))
            before = (data["before"][0], dict(data["before"][1])) if data["before"] else None
            return Record(keys, Result.from_dict(data["result"]), str(data["replayed"]), before)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, student: str, record: Record) -> None:
        data = {
            **dataclasses.asdict(record.keys),
            "replayed": record.replayed,
            "before": record.before,
            "result": record.result.as_dict(),
        }
        # Who may see the seed is who may see the course.
        write_whole(self._file(student), json.dumps(data, ensure_ascii=False).encode("utf-8"), private=True)

    def _file(self, student: str) -> Path:
        return self._folder / f"{student}.json"


def keys(
    submission: bytes, said: Iterable[str], spec: AssignmentSpec, seed: int, limits: Limits, sandboxed: bool
) -> Keys:
    """All that decides a result.

    Parameters
    ----------
    submission : the bytes handed in
    said : what is known of it besides, such as flags
    spec, seed, limits, sandboxed : as for `grade`
    """
    of_submission = _hash(hashlib.sha256(submission).hexdigest(), *said, _of_spec(spec))
    shared = (of_submission, seed, dataclasses.asdict(limits), sandboxed, code_hash())
    exercises = {name: _hash(*shared, definition(EXERCISES[name])) for name in spec.exercises}
    return Keys(of_submission, exercises)


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _of_spec(spec: AssignmentSpec) -> str:
    return _hash(
        spec.name,
        *([cell.kind, cell.name, cell.source, cell.exercise, cell.demonstration] for cell in spec.cells),
    )


@functools.cache
def code_hash() -> str:
    """Of what all exercises share: the code that grades, and the versions that it runs on."""
    import platform
    from importlib import metadata

    digest = hashlib.sha256()
    for part in _DECIDING:
        for file in sorted(_PACKAGE.glob(part)):
            if file.parent != FOLDER:
                digest.update(file.relative_to(_PACKAGE).as_posix().encode())
                digest.update(file.read_bytes())
    versions = {name: metadata.version(name) for name in ("numpy", "torch", "ipython")}
    digest.update(json.dumps([platform.python_version(), versions]).encode())
    return digest.hexdigest()
