"""Compares an answer with the right one and says in a sentence what is wrong with it."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Difference", "compare", "number"]


@dataclass(frozen=True)
class Difference:
    """What is wrong with one answer.

    Parameters
    ----------
    kind : "not an array", "not an integer", "shape", "dtype", "nan" or "value"
    text : the sentence(s) for the student; lines after the first add to it
    index : where the first wrong entry is, for "nan" and "value" of an array
    """

    kind: str
    text: str
    index: tuple[int, ...] | None = None


def compare(answer: Any, right: Any, rtol: float, atol: float, name: str = "output") -> Difference | None:
    """None if `answer` is right, else what is wrong with it first."""
    if isinstance(right, np.ndarray):
        return _compare_arrays(answer, right, rtol, atol, name)
    return _compare_integers(answer, right)


def number(value: Any) -> str:
    """A number as a message shows it: at most six digits that matter, whole numbers without a fraction's noise."""
    return format(float(value), ".6g") if not isinstance(value, int | np.integer) else str(int(value))


def _compare_arrays(answer: Any, right: np.ndarray, rtol: float, atol: float, name: str) -> Difference | None:
    if not isinstance(answer, np.ndarray):
        return Difference("not an array", _not_an_array(answer))
    if answer.dtype.kind not in "iuf":
        return Difference(
            "dtype", f"the result's dtype is {answer.dtype}; it must hold integers or floating-point numbers"
        )
    if answer.shape != right.shape:
        return Difference("shape", _wrong_shape(answer.shape, right.shape))
    values = answer.astype(np.float64)
    wrong = ~np.isclose(values, right, rtol=rtol, atol=atol)
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    entry = f"{name}[{', '.join(map(str, index))}]"
    line = f"{entry}: got {number(answer[index])}, expected {number(right[index])}"
    if wrong.size > 1:
        line += f" ({wrong.sum()} of {wrong.size} entries are wrong)"
    if not np.isfinite(values[index]) and np.isfinite(right[index]):
        hint = "nan and inf come from 0/0, from an overflow, or from np.empty that was never filled"
        return Difference("nan", f"{line}\n{hint}", index)
    if answer.dtype.kind in "iu" and not np.array_equal(right, np.round(right)):
        hint = f"the result's dtype is {answer.dtype}, so every fraction was cut off: make it floating-point"
        return Difference("dtype", f"{line}\n{hint}", index)
    return Difference("value", line, index)


def _compare_integers(answer: Any, right: int) -> Difference | None:
    if isinstance(answer, bool | np.bool_):
        return Difference("not an integer", f"the result is {answer}; it must be an integer")
    if isinstance(answer, float | np.floating):
        return Difference(
            "not an integer",
            f"the result is {answer!s}, a floating-point number; a size is an integer (// divides to integers)",
        )
    try:
        value = operator.index(answer)
    except TypeError:
        text = "None: is the return line missing?" if answer is None else f"a {type(answer).__name__}"
        return Difference("not an integer", f"the result is {text}; it must be an integer")
    return None if value == right else Difference("value", f"got {value}, expected {right}")


def _not_an_array(answer: Any) -> str:
    kind = type(answer).__name__
    if answer is None:
        return "the result is None: is the return line missing?"
    if isinstance(answer, list | tuple):
        return f"the result is a {kind}; return a NumPy array: np.array(...)"
    if kind == "Tensor":
        return "the result is a torch tensor; return a NumPy array"
    if isinstance(answer, int | float | complex | np.generic):
        return f"the result is a single number ({answer!s}); return a NumPy array with one entry per window"
    return f"the result is a {kind}; return a NumPy array"


def _wrong_shape(got: tuple[int, ...], right: tuple[int, ...]) -> str:
    line = f"the result's shape is {got}, expected {right}"
    if len(got) != len(right):
        return f"{line}: it has {_count(len(got), 'axis', 'axes')}, expected {len(right)}"
    if len(right) == 2 and got == right[::-1]:
        return f"{line}: rows and columns are swapped"
    axes = [i for i, (g, r) in enumerate(zip(got, right)) if g != r]
    parts = [
        f"axis {i} is {abs(got[i] - right[i])} too {'long' if got[i] > right[i] else 'short'}" for i in axes
    ]
    return f"{line}: {', '.join(parts)}"


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"
