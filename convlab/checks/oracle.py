"""What torch says. With `guard`, one of the two modules that know torch, and only while a check runs."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Sample

__all__ = ["expected", "judged", "samples_with_answers"]


@functools.lru_cache(maxsize=64)
def samples_with_answers(exercise: Exercise, seed: int) -> tuple[tuple[Sample, Any], ...]:
    """The calls drawn with `seed`, each with its right answer; remembered, as a learner checks many times.

    Where a judge decides, many answers are right, and None stands for them.
    """
    return tuple(
        (sample, None if exercise.judge else expected(exercise, sample)) for sample in exercise.draw(seed)
    )


def expected(exercise: Exercise, sample: Sample) -> Any:
    """The right answer to one call: an ndarray (float64), an int, a float, or a tuple of such."""
    import torch

    args = [_to_torch(torch, value) for value in sample.args]
    kwargs = {name: _to_torch(torch, value) for name, value in sample.kwargs.items()}
    with torch.no_grad(), warnings.catch_warnings(), _one_thread(torch):
        # torch warns that it copies the input for an even kernel and padding="same"; nbgrader scores
        # anything on stderr as zero.
        warnings.simplefilter("ignore")
        return _from_torch(torch, exercise.oracle(torch, *args, **kwargs))


def judged(exercise: Exercise, sample: Sample, answer: Any) -> str | None:
    """What the exercise's judge says of an answer: None if it does what is asked, else a sentence."""

    def ask(*args: Any, **kwargs: Any) -> Any:
        return expected(exercise, Sample(args, kwargs))

    assert exercise.judge is not None
    with np.errstate(all="ignore"):
        return exercise.judge(ask, answer, sample)


@contextlib.contextmanager
def _one_thread(torch: Any) -> Iterator[None]:
    """Samples are tiny: on a busy machine, waiting for a second thread takes a hundred times as long as the sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _to_torch(torch: Any, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        # A copy: torch takes neither negative strides nor, without a warning, read-only memory.
        return torch.from_numpy(np.array(value, dtype=np.float64, order="C"))
    if isinstance(value, tuple | list):
        return type(value)(_to_torch(torch, item) for item in value)
    return value


def _from_torch(torch: Any, value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    if isinstance(value, tuple):
        return tuple(_from_torch(torch, item) for item in value)
    return value
