"""Writes calls down: as a line that says their shapes, and as a line that can be pasted and run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Probe, Sample
from convlab.checks.samples import arrays_in

__all__ = ["describe", "reproduce", "summary"]

_LONGEST = 400  # characters of a line to reproduce; beyond, shapes say more than numbers


def describe(exercise: Exercise, sample: Sample) -> str:
    """The call with shapes: `correlate1d(input (5,), weight (2,))`."""
    named = [*zip(exercise.parameters, sample.args), *sample.kwargs.items()]
    parts = [
        f"{name} {_shape(value)}" if _has_arrays(value) else f"{name}={_short(value)}"
        for name, value in named
    ]
    return f"{exercise.name}({', '.join(parts)})"


def reproduce(exercise: Exercise, sample: Sample) -> str:
    """The call with its numbers, to paste into a cell."""
    parts = [_literal(value) for value in sample.args]
    parts += [f"{name}={_literal(value)}" for name, value in sample.kwargs.items()]
    line = f"{exercise.name}({', '.join(parts)})"
    return line if len(line) <= _LONGEST else describe(exercise, sample)


def _has_arrays(value: Any) -> bool:
    return next(arrays_in(value), None) is not None


def _shape(value: Any) -> str:
    """An array's shape; of a tuple or list, the shapes that are in it."""
    if isinstance(value, np.ndarray):
        return f"{value.shape}" if value.dtype == np.float64 else f"{value.shape} {value.dtype}"
    return _items(value, _shape) if isinstance(value, tuple | list) else _short(value)


def _items(value: tuple[Any, ...] | list[Any], write: Callable[[Any], str]) -> str:
    written = ", ".join(map(write, value))
    if isinstance(value, list):
        return f"[{written}]"
    return f"({written},)" if len(value) == 1 else f"({written})"


def _short(value: Any) -> str:
    return value.name if isinstance(value, Probe) else repr(value)


def _literal(value: Any) -> str:
    if isinstance(value, Probe):
        return value.source
    if isinstance(value, tuple | list) and _has_arrays(value):
        return _items(value, _literal)
    if not isinstance(value, np.ndarray):
        return repr(value)
    written = repr(value.tolist()).replace(".0,", ".,").replace(".0]", ".]")
    dtype = "" if value.dtype in (np.float64, np.int64) else f", dtype=np.{value.dtype}"
    text = f"np.array({written}{dtype})"
    plain = np.ascontiguousarray(value)
    if value.size > 1 and all(stride < 0 for stride in value.strides):
        axes = ", ".join("::-1" for _ in value.shape)
        return f"{_literal(np.flip(plain).copy())}[{axes}]"
    if value.flags.c_contiguous or value.size < 2:
        return text  # that it may be read-only is said by the error
    if value.flags.f_contiguous:
        return f"np.asfortranarray({text})"
    return f"np.repeat({text}, 2, axis=-1)[..., ::2]"  # the same gaps in memory


def summary(message: str) -> str:
    """One line of a failing check's message: the cause if it names one, else the first thing that differs."""
    lines = [line for line in message.splitlines() if line and not line.startswith("reproduce:")]
    if len(lines) < 3 or not lines[1].startswith("smallest: "):
        return " ".join(line.strip() for line in lines[:2])
    if not lines[-1].startswith(" "):
        return lines[-1]
    return f"{lines[1].removeprefix('smallest: ')}: {lines[2].strip()}"
