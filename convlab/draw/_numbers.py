"""Arrays in, numbers as text out: the only place that decides how a number is written.

This module must not know about pictures.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Index = tuple[int, ...]
Array = npt.NDArray[Any]

MINUS = "\N{MINUS SIGN}"  # screen readers say it; many skip the hyphen


def number(value: float | np.generic) -> str:
    """Write one number: at most four decimals, no trailing zeros, a real minus sign.

    >>> number(-0.55960), number(2.0), number(-0.0), number(1e-7)
    ('−0.5596', '2', '0', '1e−7')
    """
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, int):
        written = str(int(plain))
    elif math.isnan(plain) or math.isinf(plain):
        written = str(plain)
    elif plain != 0 and not 5e-5 <= abs(plain) < 1e10:
        mantissa, exponent = f"{plain:.3e}".split("e")
        written = f"{_strip(mantissa)}e{int(exponent)}"
    else:
        written = _strip(f"{plain:.4f}")
    return ("0" if written == "-0" else written).replace("-", MINUS)


def _strip(decimal: str) -> str:
    return decimal.rstrip("0").rstrip(".")


def entry(name: str, index: Iterable[int]) -> str:
    """Write one entry of an array as code does: output[1, 0]."""
    return f"{name}[{', '.join(number(i) for i in index)}]"


def size(shape: Index) -> str:
    """Write a shape for the ear: "6 by 5"; "12" for one dimension."""
    return " by ".join(str(length) for length in shape)


def extent(values: Array) -> str:
    """Write the range of an array: "from −1 to 7", leaving NaN out."""
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    if known.size == 0:
        return "all nan"
    low, high = number(known.min()), number(known.max())
    return f"all {low}" if low == high else f"from {low} to {high}"


def as_array(values: npt.ArrayLike, name: str, dimensions: tuple[int, ...], hint: str = "") -> Array:
    """Return `values` as an int64 or float64 array, or say what is wrong with them.

    Parameters
    ----------
    values : array_like, shape (L,) or (H, W)
    name : str
        What the caller's argument is called, for the error.
    dimensions : tuple of int
        The ranks that can be drawn.
    hint : str
        What to use instead, when the rank is wrong.

    Raises
    ------
    ValueError
        If the values do not form an array, have another rank, are not real numbers, or are none at all.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} cannot be read as an array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {array.dtype}: it must hold real numbers")
    if array.ndim not in dimensions:
        wanted = " or ".join(f"{rank}-D" for rank in dimensions)
        raise ValueError(f"{name} has shape {array.shape}: it must be {wanted}{hint}")
    if array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}: there is nothing to draw")
    # uint8 products would wrap around: a picture shows the arithmetic one does on paper.
    wide = array.dtype.kind == "u" and array.dtype.itemsize == 8
    return array.astype(np.float64 if array.dtype.kind == "f" or wide else np.int64)


def total(terms: Sequence[float]) -> float:
    """Add up, rounded once, so that every machine writes the same digits.

    What is left of numbers that cancel (0.1 + 0.2 - 0.3 in binary) counts as 0.
    """
    if all(isinstance(term, int) for term in terms):
        return sum(terms)
    try:
        result = math.fsum(terms)
        weight = math.fsum(map(abs, terms))
    except (ValueError, OverflowError):  # infinities of both signs; sums beyond the largest float
        return sum(terms)
    return 0.0 if abs(result) <= 4 * sys.float_info.epsilon * weight < math.inf else result
