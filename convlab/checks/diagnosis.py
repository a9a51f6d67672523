"""Names the mistake behind wrong answers, or says nothing.

Two ways, and neither guesses. `cause` looks into the catalogue: a wrong cause is worse than none, so a cause is named
only if every catalogued mistake that gives the student's very answers on every sample that was played is explained by
one and the same sentence. `wrong_tap` asks the function itself which products it sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convlab import draw
from convlab.checks.exercise import Exercise, Sample
from convlab.checks.play import Played, play
from convlab.checks.samples import laid_out_like
from convlab.checks.taps import Answers, Taps, argument, compare_taps, read_taps, replaced, without_bias

__all__ = ["WrongTap", "cause", "picture", "wrong_tap"]


def cause(exercise: Exercise, samples: Sequence[Sample], played: Sequence[Played]) -> str | None:
    """The sentence that explains the answers, or None.

    Parameters
    ----------
    exercise : what was asked for
    samples, played : the calls, and what the student's function gave for each; the failing ones first,
        as most mistakes are right on the others
    """
    if any(p.failure for p in played):
        return None  # no answer to compare; the failure's own sentence says what is known
    sentences = {
        mistake.explanation
        for mistake in exercise.mistakes
        if all(_reproduces(mistake.function, exercise, s, p) for s, p in zip(samples, played))
    }
    return sentences.pop() if len(sentences) == 1 else None


def _reproduces(function: Callable[..., Any], exercise: Exercise, sample: Sample, played: Played) -> bool:
    mistaken = play(function, exercise, sample, exercise.time_limit)
    if mistaken.failure:
        return False
    return _same(mistaken.answer, played.answer, exercise)


def _same(one: Any, other: Any, exercise: Exercise) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        one, other = np.ndarray.view(one, np.ndarray), np.ndarray.view(other, np.ndarray)
        if one.dtype.kind not in "biuf" or other.dtype.kind not in "biuf":
            return False
        return one.shape == other.shape and bool(
            np.allclose(one, other, rtol=exercise.rtol, atol=exercise.atol, equal_nan=True)
        )
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(_same(a, b, exercise) for a, b in zip(one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key], exercise) for key in one)
    if isinstance(one, float | np.floating) and isinstance(other, float | np.floating):
        return bool(np.isclose(one, other, rtol=exercise.rtol, atol=exercise.atol, equal_nan=True))
    return type(one) is type(other) and bool(one == other)


@dataclass(frozen=True)
class WrongTap:
    """What the function itself told about a wrong output entry.

    Parameters
    ----------
    sentence : for the student
    wanted, used : the products the entry should and does sum; None if they could not be read off
    """

    sentence: str
    wanted: Taps | None = None
    used: Taps | None = None


def wrong_tap(
    exercise: Exercise, sample: Sample, index: tuple[int, ...], right: Answers, given: Answers
) -> WrongTap | None:
    """The first product that a wrong output entry sums differently, or None if that cannot be told.

    Parameters
    ----------
    sample, index : a failing call and the first wrong entry of its output
    right, given : what torch and what the student's function give for a call
    """
    wanted = read_taps(exercise, sample, index, right)
    if wanted is None:
        return None
    used = read_taps(exercise, sample, index, given)
    if used is not None and (bias := _wrong_bias(exercise, sample, index, right, given)) is not None:
        return WrongTap(bias)
    if used is not None:
        # Zeros stand around an input. Where the first array is a kernel, padding takes away from the output.
        padded = wanted.names[0] == "input" and any(
            argument(exercise, sample, option) for option in ("padding", "pads")
        )
        sentence = compare_taps(wanted, used, padded)
        return WrongTap(sentence, wanted, used) if sentence else None
    for name in exercise.linear:
        if (sentence := _not_linear(exercise, sample, name, given)) is not None:
            return WrongTap(sentence)
    return None


def picture(exercise: Exercise, sample: Sample, index: tuple[int, ...], tap: WrongTap) -> draw.Picture | None:
    """The entries of the first array that should be read beside those that are; None if nothing differs.

    If the same entries are read, but not through the same taps, each tap is written on the entry it meets.
    """
    if tap.wanted is None or tap.used is None:
        return None
    wanted, used = ([first for first, _ in taps.times] for taps in (tap.wanted, tap.used))
    name = tap.wanted.names[0]
    array = argument(exercise, sample, name)
    axes = 2 if array.ndim in (2, 4) else 1
    # One picture holds one channel of one example: that of the first entry that differs.
    differing = sorted(set(wanted) ^ set(used))
    if not differing:
        return _other_taps(exercise, sample, index, tap.wanted, tap.used, axes)
    lead = differing[0][:-axes]
    return draw.reads(
        array[lead],
        [place[-axes:] for place in wanted if place[:-axes] == lead],
        [place[-axes:] for place in used if place[:-axes] == lead],
        name=_part(name, lead),
        at=index,
        output=exercise.results[0],
    )


def _other_taps(
    exercise: Exercise, sample: Sample, index: tuple[int, ...], wanted: Taps, used: Taps, axes: int
) -> draw.Picture | None:
    """The taps on the entries that they should meet, beside the taps on those that they do meet."""
    differing = sorted(set(wanted.times) ^ set(used.times))
    if not differing:
        return None  # only counted otherwise, which the sentence says
    name, other = wanted.names
    array, weight = argument(exercise, sample, name), argument(exercise, sample, other)
    lead = differing[0][0][:-axes]
    sides = [
        [(first[-axes:], second) for first, second in taps.times if first[:-axes] == lead]
        for taps in (wanted, used)
    ]
    return draw.meets(
        array[lead],
        weight,
        *sides,
        names=(_part(name, lead), other),
        at=index,
        output=exercise.results[0],
    )


def _part(name: str, lead: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, lead))}]" if lead else name


def _wrong_bias(
    exercise: Exercise, sample: Sample, index: tuple[int, ...], right: Answers, given: Answers
) -> str | None:
    """What the bias adds to the entry, if without it the entry is right."""
    bias = argument(exercise, sample, "bias")
    if bias is None:
        return None
    plain = without_bias(exercise, sample)
    answers = [right(sample), given(sample), right(plain), given(plain)]
    if not all(isinstance(a, np.ndarray) and a.shape == answers[0].shape for a in answers):
        return None
    wanted, got, wanted_without, got_without = (float(answer[index]) for answer in answers)
    if not np.isclose(wanted_without, got_without, rtol=exercise.rtol, atol=exercise.atol):
        return None
    adds = f"{got - got_without:g}" if got != got_without else "nothing"
    return f"The products are right: the bias should add {wanted - wanted_without:g} here; yours adds {adds}."


def _not_linear(exercise: Exercise, sample: Sample, name: str, given: Answers) -> str | None:
    """Whether doubling one array fails to double the output; an honest sum of products cannot do that."""
    plain = without_bias(exercise, sample)
    array = argument(exercise, plain, name)
    doubled = replaced(exercise, plain, {name: laid_out_like(array, 2 * array)})
    once, twice = given(plain), given(doubled)
    if not isinstance(once, np.ndarray) or not isinstance(twice, np.ndarray) or once.shape != twice.shape:
        return None
    if np.allclose(2.0 * once, twice, rtol=exercise.rtol, atol=exercise.atol):
        return None
    return (
        f"Twice the {name} should give twice the output; yours does not, so it does more than add products."
    )
