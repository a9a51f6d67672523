"""How much of the machine one submission may use. Sizes are bytes, times are seconds."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Limits"]

MEBI = 2**20
_UNITS = {
    "": 1,
    "s": 1,
    "k": 1000,
    "ki": 1024,
    "m": 1_000_000,
    "mi": MEBI,
    "g": 1_000_000_000,
    "gi": 1024 * MEBI,
}
_VALUE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|[kmg]i?)?b?", re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """What is enforced on every submission; what goes over costs the cell or the exercise that went over.

    Parameters
    ----------
    file : of the submitted notebook
    text : of all cells together
    cell_seconds : for one cell
    exercise_seconds : at most, for all calls of one exercise; an exercise may ask for less
    grace_seconds : between asking a process to stop and ending it
    total_seconds : for a whole submission, whatever it does
    cpu_seconds : of one process
    memory : address space of one process
    more_memory : that all processes of a submission may use beyond what they began with
    processes : processes and threads together
    written_file, written : of one file, and of all files in the private /tmp
    inodes : files in the private /tmp
    open_files : of one process
    answer : one answer to a call
    cell_output, output : what is kept of one cell's output, and of all
    """

    file: int = 20 * MEBI
    text: int = 256 * 1024
    cell_seconds: float = 20.0
    exercise_seconds: float = 10.0
    grace_seconds: float = 0.5
    total_seconds: float = 120.0
    cpu_seconds: int = 60
    memory: int = 1536 * MEBI
    more_memory: int = 3 * 1024 * MEBI
    processes: int = 64
    written_file: int = 64 * MEBI
    written: int = 128 * MEBI
    inodes: int = 4096
    open_files: int = 256
    answer: int = 16 * MEBI
    cell_output: int = 256 * 1024
    output: int = 4 * MEBI

    @classmethod
    def parse(cls, words: Iterable[str]) -> Limits:
        """Limits from words such as `exercise_seconds=20`, `memory=4GiB`; what is not named is as usual.

        Raises
        ------
        ValueError
            If a word names no limit, or its value is no number above zero.
        """
        usual = {field.name: getattr(cls, field.name) for field in dataclasses.fields(cls)}
        changed: dict[str, float] = {}
        for word in words:
            name, _, text = word.partition("=")
            if name not in usual:
                raise ValueError(f"{word!r} names no limit; there are {', '.join(usual)}")
            match = _VALUE.fullmatch(text.strip())
            value = float(match[1]) * _UNITS[(match[2] or "").lower()] if match else 0.0
            if value <= 0:
                raise ValueError(f"{word!r}: {name} must be a number above 0, such as {name}={usual[name]:g}")
            changed[name] = value if isinstance(usual[name], float) else round(value)
        return cls(**changed)  # type: ignore[arg-type]
