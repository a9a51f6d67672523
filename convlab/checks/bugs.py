"""The wrong convolutions of chapter 11, by name: four to read, four black boxes, and one to practise on.

    buggy_conv2d("amber", input, weight, stride=2)
    show_code("amber")

The names say nothing. What is wrong with the boxes stands in the catalogue of mistakes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from convlab.checks import _readable_bugs as readable
from convlab.checks.exercises._padded import Pair
from convlab.checks.exercises.dilation import conv2d
from convlab.checks.exercises.stride_and_padding import conv2d_strided

__all__ = ["BOXES", "READABLE", "Code", "buggy_conv2d", "show_code"]

_CATALOGUE = {mistake.name: mistake.function for mistake in (*conv2d_strided.mistakes, *conv2d.mistakes)}

READABLE: dict[str, Callable[..., np.ndarray]] = {
    "amber": readable.amber,
    "coral": readable.coral,
    "ivory": readable.ivory,
    "jade": readable.jade,
}
BOXES: dict[str, Callable[..., np.ndarray]] = {
    "onyx": _CATALOGUE["weight read as [in, out]"],
    "ruby": _CATALOGUE["rounds up"],
    "teal": _CATALOGUE["odd zero in front"],
    "violet": _CATALOGUE["padding multiplied by the stride"],
}
_PRACTICE = {"chalk": _CATALOGUE["wraps around"]}
_ALL = READABLE | BOXES | _PRACTICE


def buggy_conv2d(
    name: str,
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int | Pair = 1,
    padding: int | Pair | str = 0,
    dilation: int | Pair = 1,
) -> np.ndarray:
    """What the wrong convolution of this name gives.

    Parameters
    ----------
    name : "amber", "coral", "ivory", "jade" (their code can be shown), "onyx", "ruby", "teal", "violet" (black
        boxes), or "chalk" (to practise on)
    input, weight, bias, stride, padding, dilation : those of chapter 5's `conv2d`

    Returns
    -------
    ndarray, often the right one

    Raises
    ------
    ValueError
        If there is no such name. The wrong convolution itself may raise anything.
    """
    if name not in _ALL:
        raise ValueError(f"name is {name!r}; it may be one of {', '.join(_ALL)}")
    output: np.ndarray = _ALL[name](input, weight, bias, stride, padding, dilation)
    return output


class Code(str):
    """The text of a function; a notebook shows it with its colours."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return f"```python\n{self}```"

    def __repr__(self) -> str:
        return str(self)


def show_code(name: str) -> Code:
    """The code of "amber", "coral", "ivory" or "jade", or of "settle", with which all four begin.

    Raises
    ------
    ValueError
        If there is no such name, or it is that of a black box.
    """
    if name not in READABLE and name != "settle":
        what = "is a black box: call it, and look at what comes out" if name in _ALL else "is not known"
        raise ValueError(f"{name!r} {what}; there is code of {', '.join(READABLE)} and settle")
    return Code(inspect.getsource(getattr(readable, name)))
