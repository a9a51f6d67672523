"""Finds out which products an output entry sums, by asking: convolution is linear in each of its arrays.

A function of two arrays that is linear in both gives, for two arrays of zeros with a single 1 each, the number of
times the product of these two places is in the sum. So the taps of the student's sum can be read off and laid beside
those of the right one, whatever the code looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Sample
from convlab.checks.samples import laid_out_like

__all__ = ["Answers", "Taps", "argument", "compare_taps", "read_taps", "replaced", "without_bias"]

MOST_CALLS = 400
NOISE = 1e-6  # an FFT of one 1 gives, where 0 is right, a rounding error; in float32 about 1e-7
MOST_TIMES = 1000.0

Answers = Callable[[Sample], Any]
"""Sample -> the answer's array, or None if the call fails."""

Index = tuple[int, ...]


@dataclass(frozen=True)
class Taps:
    """How often each product is in one output entry.

    Parameters
    ----------
    names : the arrays whose entries are multiplied: one or two
    shapes : their shapes
    times : {(index into the first, index into the second): how often}; without a second array its index is ()
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    times: dict[tuple[Index, Index], float]

    def of(self, second: Index) -> list[Index]:
        """The places of the first array that one entry of the second is multiplied with."""
        return sorted(first for first, other in self.times if other == second)


def read_taps(exercise: Exercise, sample: Sample, index: Index, answers: Answers) -> Taps | None:
    """The products in entry `index` of the output, or None if they cannot be told.

    Parameters
    ----------
    exercise : `linear` names the arrays it is linear in
    sample : a call; its options stay, its arrays are replaced by ones with a single 1
    index : of the output
    answers : what the function gives
    """
    arrays = {name: argument(exercise, sample, name) for name in exercise.linear}
    if not arrays or any(not isinstance(array, np.ndarray) for array in arrays.values()):
        return None
    shapes = tuple(array.shape for array in arrays.values())
    if np.prod([array.size for array in arrays.values()]) > MOST_CALLS:
        return None
    zeroed = without_bias(exercise, sample)
    places = [list(np.ndindex(*shape)) for shape in shapes]
    seconds = places[1] if len(places) > 1 else [()]
    times: dict[tuple[Index, Index], float] = {}
    for first in places[0]:
        for second in seconds:
            ones = {
                name: _single_one(array, at)
                for (name, array), at in zip(arrays.items(), (first, second), strict=False)
            }
            answer = answers(replaced(exercise, zeroed, ones))
            if not isinstance(answer, np.ndarray) or any(
                i >= size for i, size in zip(index, answer.shape, strict=False)
            ):
                return None
            if answer.ndim != len(index):
                return None
            if not abs(times_here := float(answer[index])) <= NOISE:
                if not abs(times_here) < MOST_TIMES:  # memory that is not the array's
                    return None
                times[first, second] = times_here
    taps = Taps(tuple(arrays), shapes, times)
    return taps if _accounts_for(exercise, taps, arrays, zeroed, index, answers) else None


def compare_taps(right: Taps, used: Taps, padded: bool = False) -> str | None:
    """A sentence about the first tap that differs, in the order of the kernel; None if none does.

    `padded` says whether there are zeros around the first array that a tap may meet.
    """
    if len(right.names) == 1:
        return _compare_places(right, used)
    name, other = right.names
    for second in np.ndindex(*right.shapes[1]):
        wanted, got = right.of(second), used.of(second)
        tap = f"{other}[{_text(second)}]"
        if wanted != got:
            yours = f"meets {_entries(name, got)}" if got else "is missing from the sum"
            if wanted:
                should = f"should meet {_entries(name, wanted)}"
            else:
                should = "should meet a zero of the padding" if padded else "should add nothing"
            return f"{tap} {should} there; yours {yours}."
        for first in wanted:
            times = used.times[first, second] / right.times[first, second]
            if not np.isclose(times, 1):
                counted = _times(times) if times > 0 else f"with the factor {times:g}"
                return f"{tap} meets {name}[{_text(first)}], as it should, but is counted {counted}."
    return None


def _compare_places(right: Taps, used: Taps) -> str | None:
    name = right.names[0]
    wanted, got = right.of(()), used.of(())
    if wanted != got:
        should = f"be made of {_entries(name, wanted)}" if wanted else "be 0"
        yours = f"is made of {_entries(name, got)}" if got else "is 0"
        return f"This entry should {should}; yours {yours}."
    for first in wanted:
        wanted_times, used_times = right.times[first, ()], used.times[first, ()]
        if not np.isclose(used_times, wanted_times):
            place = f"{name}[{_text(first)}]"
            return f"{place} should be counted {_times(wanted_times)}; yours counts it {_times(used_times)}."
    return None


def _times(number: float) -> str:
    return {1.0: "once", 2.0: "twice"}.get(number, f"{number:g} times")


def _entries(name: str, places: Sequence[Index]) -> str:
    shown = [f"{name}[{_text(place)}]" for place in places[:2]]
    return f"{', '.join(shown)} and {len(places) - 2} more" if len(places) > 2 else " and ".join(shown)


def _text(index: Index) -> str:
    return ", ".join(map(str, index))


def _accounts_for(
    exercise: Exercise,
    taps: Taps,
    arrays: dict[str, np.ndarray],
    sample: Sample,
    index: Index,
    answers: Answers,
) -> bool:
    """Whether the products found are all that the function adds up: only then is it linear in both arrays."""

    def given(changed: dict[str, np.ndarray]) -> float | None:
        laid_out = {name: laid_out_like(arrays[name], values) for name, values in changed.items()}
        answer = answers(replaced(exercise, sample, laid_out))
        return float(answer[index]) if isinstance(answer, np.ndarray) else None

    zeros = {name: np.zeros_like(array) for name, array in arrays.items()}
    # Nothing comes of nothing, nor of one array alone: a sum `x + w` where a product belongs would give it away.
    for alone in [zeros, *({**arrays, name: zero} for name, zero in zeros.items())]:
        if given(alone) != 0:
            return False
    rng = np.random.default_rng(0)
    drawn = {name: rng.integers(2, 60, array.shape).astype(array.dtype) for name, array in arrays.items()}
    for values in (arrays, drawn):
        first_array, *others = values.values()
        total = sum(
            times * float(first_array[first]) * (float(others[0][second]) if others else 1.0)
            for (first, second), times in taps.times.items()
        )
        answer = given(values)
        if answer is None or not np.isclose(total, answer, rtol=1e-5, atol=1e-6):
            return False
    return True


def argument(exercise: Exercise, sample: Sample, name: str) -> Any:
    if name in sample.kwargs:
        return sample.kwargs[name]
    if name not in exercise.parameters:
        return None
    place = exercise.parameters.index(name)
    return sample.args[place] if place < len(sample.args) else None


def replaced(exercise: Exercise, sample: Sample, arrays: dict[str, np.ndarray]) -> Sample:
    args = tuple(
        arrays.get(name, value) for name, value in zip(exercise.parameters, sample.args, strict=False)
    )
    return replace(sample, args=args, kwargs={k: arrays.get(k, v) for k, v in sample.kwargs.items()})


def without_bias(exercise: Exercise, sample: Sample) -> Sample:
    bias = argument(exercise, sample, "bias")
    return replaced(exercise, sample, {"bias": np.zeros_like(bias)}) if bias is not None else sample


def _single_one(array: np.ndarray, at: Index) -> np.ndarray:
    one = np.zeros(array.shape, dtype=array.dtype)
    one[at] = 1
    return laid_out_like(array, one)
