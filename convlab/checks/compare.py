"""Compares an answer with the right one and says in a sentence what is wrong with it."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from convlab.checks.samples import arrays_in

__all__ = ["Difference", "compare", "number"]


_NOTHING = "the result is None (is the return line missing?)"


@dataclass(frozen=True)
class Difference:
    """What is wrong with one answer.

    Parameters
    ----------
    kind : "not an array", "not an integer", "not a number", "not a tuple", "shape", "dtype", "nan" or "value"
    text : the sentence(s) for the student; lines after the first add to it
    index : where the first wrong entry is, for "nan" and "value" of an array
    """

    kind: str
    text: str
    index: tuple[int, ...] | None = None


def compare(
    answer: Any, right: Any, rtol: float, atol: float, names: tuple[str, ...] = ("output",)
) -> Difference | None:
    """None if `answer` is right, else what is wrong with it first.

    Parameters
    ----------
    answer : what the student's function returned
    right : what it should be: an ndarray, an int, a float, or a tuple of such
    names : what the results are called in messages; one for each item if `right` is a tuple that holds arrays
    """
    if isinstance(right, np.ndarray):
        return _compare_arrays(answer, right, rtol, atol, names[0])
    if isinstance(right, tuple):
        return _compare_tuples(answer, right, rtol, atol, names)
    if isinstance(right, float):
        return _compare_floats(answer, right, rtol, atol)
    return _compare_integers(answer, right)


def number(value: Any) -> str:
    """A number as a message shows it: at most six digits that matter, whole numbers without a fraction's noise."""
    return format(float(value), ".6g") if not isinstance(value, int | np.integer) else str(int(value))


def _compare_arrays(answer: Any, right: np.ndarray, rtol: float, atol: float, name: str) -> Difference | None:
    if not isinstance(answer, np.ndarray):
        return Difference("not an array", _not_an_array(answer))
    if (np.ma.isMaskedArray(answer) and np.ma.getmaskarray(answer).any()) or answer.dtype.kind not in "iuf":
        if np.ma.isMaskedArray(answer):
            return Difference(
                "dtype", "the result is a masked array with entries masked; return a plain array"
            )
        return Difference(
            "dtype", f"the result's dtype is {answer.dtype}; it must hold integers or floating-point numbers"
        )
    # The numbers themselves: a subclass could answer for them with whatever it likes.
    answer = np.array(np.ndarray.view(answer, np.ndarray))
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


def _compare_tuples(
    answer: Any, right: tuple[Any, ...], rtol: float, atol: float, names: tuple[str, ...]
) -> Difference | None:
    if next(arrays_in(right), None) is None:
        return _compare_nested(answer, right)
    inner = len(names) == 1  # a tuple within the tuple that the function returns
    if not isinstance(answer, tuple | list) or len(answer) != len(right):
        what = ("item", "items") if inner else ("result", "results")
        many = isinstance(answer, tuple | list)
        got = _count(len(answer), *what) if many else f"a {type(answer).__name__}"
        if inner:
            return Difference("not a tuple", f"{names[0]} is {got}; it must hold {len(right)}")
        wanted = ", ".join(names)
        if answer is None:
            return Difference("not a tuple", f"{_NOTHING}; return {len(right)} results: {wanted}")
        return Difference("not a tuple", f"the result is {got}; return {len(right)} results: {wanted}")
    if inner:
        names = tuple(f"{names[0]}[{i}]" for i in range(len(right)))
    for one, other, name in zip(answer, right, names):
        if difference := compare(one, other, rtol, atol, (name,)):
            text = difference.text if name in difference.text else f"{name}: {difference.text}"
            return Difference(difference.kind, text, difference.index)
    return None


def _compare_nested(answer: Any, right: tuple[Any, ...]) -> Difference | None:
    """Tuples of integers, or of such tuples: short enough to be shown whole. A list will do for a tuple."""

    def plain(value: Any, depth: int = 0) -> Any:
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, tuple | list | np.ndarray) and depth < 8:  # a list may hold itself
            return tuple(plain(item, depth + 1) for item in value)
        if isinstance(value, bool | np.bool_ | float | np.floating):
            return value
        try:
            return operator.index(value)
        except TypeError:
            return value

    got = plain(answer)
    if answer is None:
        return Difference("not a tuple", f"{_NOTHING}; expected {right}")
    if not isinstance(got, tuple):
        return Difference("not a tuple", f"the result is {got!r}; it must be a tuple such as {right}")
    if any(isinstance(leaf, float | np.floating) for leaf in _leaves(got)):
        return Difference(
            "not an integer", f"got {got}: these must be integers (// divides to integers); expected {right}"
        )
    return None if got == right else Difference("value", f"got {got}, expected {right}")


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _compare_floats(answer: Any, right: float, rtol: float, atol: float) -> Difference | None:
    if isinstance(answer, np.ndarray) and answer.ndim == 0:
        answer = answer[()]
    if not isinstance(answer, int | float | np.integer | np.floating) or isinstance(answer, bool):
        return Difference("not a number", _not_a(answer, "a number"))
    close = np.isclose(float(answer), right, rtol=rtol, atol=atol)
    return None if close else Difference("value", f"got {number(answer)}, expected {number(right)}")


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
        return Difference("not an integer", _not_a(answer, "an integer"))
    return None if value == right else Difference("value", f"got {value}, expected {right}")


def _not_a(answer: Any, wanted: str) -> str:
    if answer is None:
        return f"{_NOTHING}; it must be {wanted}"
    return f"the result is a {type(answer).__name__}; it must be {wanted}"


def _not_an_array(answer: Any) -> str:
    kind = type(answer).__name__
    if answer is None:
        return f"{_NOTHING}; return a NumPy array"
    if isinstance(answer, list | tuple):
        return f"the result is a {kind}; return a NumPy array: np.array(...)"
    if kind == "Tensor":
        return "the result is a torch tensor; return a NumPy array"
    if isinstance(answer, int | float | complex | np.generic):
        return f"the result is a single number ({answer!s}); return a NumPy array"
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
