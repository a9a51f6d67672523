"""Names the mistake behind wrong answers, or says nothing.

A wrong cause is worse than none: a cause is named only if every catalogued mistake that gives the student's very
answers on every sample that was played is explained by one and the same sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Sample
from convlab.checks.play import Played, play

__all__ = ["cause"]


def cause(exercise: Exercise, samples: Sequence[Sample], played: Sequence[Played]) -> str | None:
    """The sentence that explains the answers, or None.

    Parameters
    ----------
    exercise : what was asked for
    samples, played : the calls, and what the student's function gave for each
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
        return one.shape == other.shape and bool(
            np.allclose(one, other, rtol=exercise.rtol, atol=exercise.atol, equal_nan=True)
        )
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(_same(a, b, exercise) for a, b in zip(one, other))
    return type(one) is type(other) and bool(one == other)
