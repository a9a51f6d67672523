"""Arguments of conv2d that a student hands in: checked and bounded before anything is done with them.

Only plain data gets through: a dict, NumPy arrays of numbers, small integers and three words. What comes out is new,
and small enough that no wrong convolution can make much of it. Nothing of the student's is called.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convlab.checks.exercises._padded import pair
from convlab.checks.exercises._same import resolving

__all__ = ["MOST_ELEMENTS", "MOST_PRODUCTS", "Unfit", "arguments", "array", "products"]

NAMES = ("input", "weight", "bias", "stride", "padding", "dilation")
WORDS = ("valid", "same", "full")
MOST_ELEMENTS = 10_000
MOST_OPTION = 16
MOST_PRODUCTS = 1_000_000
LARGEST = 1e6

_pads = resolving()


class Unfit(Exception):
    """What was handed in cannot be used. The message is for the student."""


def arguments(given: Any, what: str = "the result") -> dict[str, Any]:
    """Arguments that torch takes, in new arrays of int64 or float64, or `Unfit`.

    Parameters
    ----------
    given : what the student handed in
    what : how messages call it
    """
    if type(given) is not dict:
        hint = " (is the return line missing?)" if given is None else ""
        raise Unfit(f'{what} is {_a(given)}{hint}; it must be a dict: {{"input": ..., "weight": ...}}')
    for name in given:
        if type(name) is not str or name not in NAMES:
            raise Unfit(f"{what} has the key {_short(name)}; the arguments are {', '.join(NAMES)}")
    for name in ("input", "weight"):
        if given.get(name) is None:
            raise Unfit(f"{what} has no {name}: every call needs an input and a weight")
    call: dict[str, Any] = {name: array(given[name], name, 4) for name in ("input", "weight")}
    if given.get("bias") is not None:
        call["bias"] = array(given["bias"], "bias", 1)
    for name, least in (("stride", 1), ("padding", 0), ("dilation", 1)):
        if name in given:
            call[name] = _option(given[name], name, least)
    _agree(call)
    return call


def array(value: Any, name: str, axes: int | None = None) -> np.ndarray:
    """The same numbers in a new array of int64 or float64, or `Unfit`."""
    if type(value) is not np.ndarray:
        hint = f": np.array({name})" if isinstance(value, list | tuple) else ""
        raise Unfit(f"{name} is {_a(value)}; it must be a NumPy array{hint}")
    if value.dtype.kind not in "biuf":
        raise Unfit(f"{name} has the dtype {value.dtype}; it must hold integers or floating-point numbers")
    if axes is not None and value.ndim != axes:
        wanted = {4: "four axes", 1: "one axis"}[axes]
        raise Unfit(f"{name} has the shape {value.shape}; it must have {wanted}")
    if not 1 <= value.size <= MOST_ELEMENTS:
        raise Unfit(f"{name} has {value.size} elements; it must have 1 to {MOST_ELEMENTS}")
    numbers = value.astype(np.float64)
    if not (np.abs(numbers) <= LARGEST).all():  # nan is no smaller than anything
        raise Unfit(f"{name} holds nan, inf or numbers beyond a million; every number must be smaller")
    return numbers if value.dtype.kind == "f" else value.astype(np.int64)


def _option(value: Any, name: str, least: int) -> Any:
    if name == "padding" and type(value) is str:
        if value not in WORDS:
            raise Unfit(f'padding is {_short(value)}; the words are "valid", "same" and "full"')
        return str(value)
    both = type(value) in (tuple, list) and len(value) == 2
    numbers = tuple(value) if both else (value,)
    for number in numbers:
        whole = type(number) is int or isinstance(number, np.integer)
        if not whole or not least <= number <= MOST_OPTION:
            words = ", a pair of them or a word" if name == "padding" else ", or a pair of them"
            raise Unfit(
                f"{name} is {_short(value)}; it must be an integer from {least} to {MOST_OPTION}{words}"
            )
    return tuple(int(number) for number in numbers) if both else int(value)


def _agree(call: dict[str, Any]) -> None:
    """Sizes that torch takes, and not too many products."""
    (_, C_in, H, W), (C_out, channels, kh, kw) = call["input"].shape, call["weight"].shape
    if channels != C_in:
        raise Unfit(
            f"input {call['input'].shape} has {C_in} channels and weight {call['weight'].shape} takes {channels}: "
            "axis 1 of both must agree"
        )
    if "bias" in call and len(call["bias"]) != C_out:
        raise Unfit(f"bias has {len(call['bias'])} numbers; it must have {C_out}, one for each filter")
    padding, dilation = call.get("padding", 0), call.get("dilation", 1)
    if padding == "same" and pair(call.get("stride", 1)) != (1, 1):
        raise Unfit('padding is "same" and there is a stride: torch refuses that')
    pads = _pads(padding, (kh, kw), dilation)
    for size, k, d, (before, after), axis in zip((H, W), (kh, kw), pair(dilation), pads, ("rows", "columns")):
        if d * (k - 1) + 1 > before + size + after:
            raise Unfit(f"the kernel spans more {axis} than the padded image has: there is no place for it")
    if (count := products(call)) > MOST_PRODUCTS:
        raise Unfit(
            f"this takes up to {count} products; keep it under {MOST_PRODUCTS}: small cases catch as much"
        )


def products(call: dict[str, Any]) -> int:
    """More than any wrong convolution computes: every pixel of the padded image a place, every kernel square."""
    (N, C_in, H, W), (C_out, _, kh, kw) = call["input"].shape, call["weight"].shape
    pads = _pads(call.get("padding", 0), (kh, kw), call.get("dilation", 1))
    most = max(max(side) for side in pads)
    return math.prod((N, C_in, C_out, H + 2 * most, W + 2 * most, max(kh, kw), max(kh, kw)))


def _a(value: Any) -> str:
    if value is None:
        return "None"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _short(value: Any) -> str:
    """Plain values as they are written; of anything else only the kind, as its text is the student's code."""
    if type(value) in (str, int, float, bool) or value is None:
        text = repr(value)
        return text if len(text) <= 40 else text[:37] + "..."
    if type(value) in (tuple, list) and len(value) <= 4:
        inside = ", ".join(_short(item) for item in value)
        return f"({inside})" if type(value) is tuple else f"[{inside}]"
    return _a(value)
