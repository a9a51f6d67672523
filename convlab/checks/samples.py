"""Arrays to play with: values that print short and sum exactly, in every memory layout a function may meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

__all__ = ["LAYOUTS", "arrays_in", "fractions", "integers", "laid_out_like", "lay_out"]

LAYOUTS = ("contiguous", "reversed", "strided", "transposed", "read-only")


def integers(rng: np.random.Generator, shape: int | Sequence[int], dtype: type = np.int64) -> np.ndarray:
    """Whole numbers from 1 to 9 with random signs: never 0, so that no term of a sum can hide."""
    return _signed(rng, shape, 9).astype(dtype)


def fractions(rng: np.random.Generator, shape: int | Sequence[int], dtype: type = np.float64) -> np.ndarray:
    """Multiples of 1/4 between -4 and 4, never 0: exact in float32, and so are sums of their products."""
    return (_signed(rng, shape, 16) / 4).astype(dtype)


def _signed(rng: np.random.Generator, shape: int | Sequence[int], most: int) -> np.ndarray:
    """From 1 to `most` with random signs; all different if there are enough, so that no exchange can hide."""
    size = int(np.prod(shape))
    values = np.concatenate([rng.permutation(most) + 1 for _ in range(-(-size // most))])[:size]
    signed: np.ndarray = (values * rng.choice([-1, 1], size=size)).reshape(shape)
    return signed


def lay_out(array: np.ndarray, how: str) -> np.ndarray:
    """The same values, laid out differently in memory.

    Parameters
    ----------
    array : ndarray
    how : one of LAYOUTS. "reversed" has negative strides, "strided" skips every other element in memory,
        "transposed" has the last axis vary slowest, "read-only" refuses to be written to.
    """
    if how == "contiguous":
        return np.ascontiguousarray(array)
    if how == "reversed":
        # The memory goes on behind the first element, with what a function that ignores strides would read.
        memory = np.full(2 * array.size, 99, dtype=array.dtype)
        memory[: array.size] = np.flip(array).ravel()
        return np.flip(memory[: array.size].reshape(array.shape))
    if how == "strided":
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), dtype=array.dtype)
        wide[..., 1::2] = 99  # what a function that assumes contiguous memory would read
        wide[..., ::2] = array
        return wide[..., ::2]
    if how == "transposed":
        return np.asfortranarray(array)
    if how == "read-only":
        frozen = array.copy()
        frozen.flags.writeable = False
        return frozen
    raise ValueError(f"how is {how!r}; it may be one of {', '.join(LAYOUTS)}")


def laid_out_like(array: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`values` in memory of its own, with the strides and flags of `array`, a view (reversed, strided) included."""
    memory = array.base if isinstance(array.base, np.ndarray) else array
    offset = array.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    copied = memory.copy(order="K")
    copied.flags.writeable = True
    same = np.ndarray(array.shape, array.dtype, copied, offset, array.strides)
    same[...] = values
    same.flags.writeable = array.flags.writeable
    return same


def arrays_in(value: Any) -> Iterator[np.ndarray]:
    """The arrays of a value: itself, or what tuples, lists and dicts hold, however deep."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from arrays_in(item)
