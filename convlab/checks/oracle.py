"""What torch says. With `guard`, one of the two modules that know torch, and only while a check runs."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Sample

__all__ = ["expected"]


def expected(exercise: Exercise, sample: Sample) -> Any:
    """The right answer to one call: an ndarray (float64), an int, or a tuple of such."""
    import torch

    args = [_to_torch(torch, value) for value in sample.args]
    kwargs = {name: _to_torch(torch, value) for name, value in sample.kwargs.items()}
    with torch.no_grad(), warnings.catch_warnings():
        # torch warns that it copies the input for an even kernel and padding="same"; nbgrader scores
        # anything on stderr as zero.
        warnings.simplefilter("ignore")
        return _from_torch(torch, exercise.oracle(torch, *args, **kwargs))


def _to_torch(torch: Any, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        # A copy: torch takes neither negative strides nor, without a warning, read-only memory.
        return torch.from_numpy(np.array(value, dtype=np.float64, order="C"))
    return value


def _from_torch(torch: Any, value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    if isinstance(value, tuple):
        return tuple(_from_torch(torch, item) for item in value)
    return value
