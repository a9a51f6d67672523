"""Makes a failing call smaller while it still fails in the same way: fewer options, smaller arrays, plainer numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Sample

__all__ = ["shrink"]

MOST_TRIES = 150


def shrink(exercise: Exercise, sample: Sample, still_fails: Callable[[Sample], bool]) -> Sample:
    """The smallest call that can be reached from `sample` by steps that each keep it failing.

    Parameters
    ----------
    exercise : names the arguments, so that an optional one can be left out
    sample : a failing call
    still_fails : whether a call is a valid one and fails as `sample` does
    """
    tries = itertools.count(1)
    progress = True
    while progress:
        progress = False
        for candidate in _simpler(exercise, sample):
            if next(tries) > MOST_TRIES:
                return sample
            if still_fails(candidate):
                sample, progress = candidate, True
                break
    return sample


def _simpler(exercise: Exercise, sample: Sample) -> Iterator[Sample]:
    """Calls that are simpler in one respect; the largest simplifications first."""
    for name in sample.kwargs:
        yield replace(sample, kwargs={k: v for k, v in sample.kwargs.items() if k != name})
    yield from _shorter(sample)
    for place, value in _places(sample):
        for smaller in _smaller(value):
            yield _with(sample, {place: smaller})
    for place, value in _places(sample):
        if isinstance(value, np.ndarray):
            yield from (_with(sample, {place: plainer}) for plainer in _plainer(value))


def _shorter(sample: Sample) -> Iterator[Sample]:
    """Arrays cut shorter along one axis, or along all axes of one length at once: such as the channels of both."""
    axes = [
        (place, axis, value.shape[axis], axis >= value.ndim - (2 if value.ndim in (2, 4) else 1))
        for place, value in _places(sample)
        if isinstance(value, np.ndarray)
        for axis in range(value.ndim)
        if value.shape[axis] > 1
    ]
    together = [[one for one in axes if one[2] == size] for size in sorted({one[2] for one in axes})]
    for chosen in [[one] for one in axes] + [group for group in together if len(group) > 1]:
        size = chosen[0][2]
        least = 2 if _padded(sample) and any(place == 0 and spatial for place, _, _, spatial in chosen) else 1
        for length in sorted({1, size // 2, size - 1}):
            if least <= length < size:
                changed: dict[int | str, Any] = {}
                for place, axis, *_ in chosen:
                    array = changed.get(place, dict(_places(sample))[place])
                    changed[place] = np.take(array, range(length), axis=axis)
                yield _with(sample, changed)


def _padded(sample: Sample) -> bool:
    """Whether there is padding: in an image of a single pixel, all mistakes with padding look alike."""
    return any(sample.kwargs.get(option) for option in ("padding", "pads"))


def _smaller(value: Any) -> Iterator[Any]:
    """Smaller whole numbers, and pairs of such. Never 0, which no size may be; an option can be left out instead."""
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        yield from (number for number in sorted({1, value - 1}) if 1 <= number < value)
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            for smaller in _smaller(item):
                yield (*value[:i], smaller, *value[i + 1 :])


def _plainer(array: np.ndarray) -> Iterator[np.ndarray]:
    """1, 2, 3, … in plain memory; else the same values in plain memory."""
    counted = np.arange(1, array.size + 1).reshape(array.shape)
    if not np.array_equal(array, counted):
        yield counted.astype(array.dtype)  # its dtype is part of what the exercise promises
    if not array.flags.c_contiguous or not array.flags.writeable:
        yield np.array(array, order="C")


def _places(sample: Sample) -> list[tuple[int | str, Any]]:
    """Where each argument stands: a position, or a name."""
    return [*enumerate(sample.args), *sample.kwargs.items()]


def _with(sample: Sample, changed: dict[int | str, Any]) -> Sample:
    args = tuple(changed.get(i, value) for i, value in enumerate(sample.args))
    return replace(sample, args=args, kwargs={k: changed.get(k, v) for k, v in sample.kwargs.items()})
