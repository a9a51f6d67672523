"""Where a sliding window stands: its starts, its taps, and how many places it has.

Everything that stride, padding and dilation do to indices is here, for any number of axes, so that no picture
says it again. This module must not know about pictures.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import SupportsIndex

from convlab.draw._numbers import MINUS, Index, number

Whole = SupportsIndex | Sequence[SupportsIndex]
Pads = SupportsIndex | Sequence[SupportsIndex] | Sequence[Sequence[SupportsIndex]]

_LETTERS = {1: ("k",), 2: ("i", "j")}  # a tap's indices, as the course's formulas call them


@dataclass(frozen=True)
class Sliding:
    """A kernel sliding over an input: one number, or one pair of pads, for each axis."""

    size: Index
    kernel: Index
    stride: Index
    pads: tuple[tuple[int, int], ...]
    dilation: Index

    @property
    def span(self) -> Index:
        """From the first tap to the last, holes included."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation))

    @property
    def padded(self) -> Index:
        return tuple(before + n + after for n, (before, after) in zip(self.size, self.pads))

    @property
    def shape(self) -> Index:
        """How many places there are along each axis: the output's shape."""
        axes = zip(self.padded, self.span, self.stride)
        return tuple((n - span) // s + 1 for n, span, s in axes)

    @property
    def plain(self) -> bool:
        """Whether stride is 1, padding 0 and dilation 1."""
        return not self.settings

    def source(self, at: Index, place: Index) -> Index:
        """Return which input entry a tap of the window at `at` reads; padding has indices outside the input."""
        axes = zip(at, self.stride, self.pads, place, self.dilation)
        return tuple(a * s - before + k * d for a, s, (before, _), k, d in axes)

    def holds(self, source: Index) -> bool:
        """Return whether an index is inside the input."""
        return all(0 <= i < n for i, n in zip(source, self.size))

    def reader(self, source: Index, place: Index) -> Index | None:
        """Return the output entry whose window reads `source` through this tap, if there is one."""
        at = []
        for i, s, (before, _), k, d, n in zip(
            source, self.stride, self.pads, place, self.dilation, self.shape
        ):
            entry, rest = divmod(i + before - k * d, s)
            if rest or not 0 <= entry < n:
                return None
            at.append(entry)
        return tuple(at)

    @property
    def settings(self) -> str:
        """What departs from stride 1, no padding and dilation 1: "stride 2, padding 1"."""
        said = []
        if set(self.stride) != {1}:
            said.append(f"stride {_short(self.stride)}")
        if any(map(any, self.pads)):
            same = all(before == after for before, after in self.pads)
            said.append(f"padding {_short([b for b, _ in self.pads]) if same else _both(self.pads)}")
        if set(self.dilation) != {1}:
            said.append(f"dilation {_short(self.dilation)}")
        return ", ".join(said)

    def formula(self, at: Index, letters: Sequence[str] = (), *, flipped: bool = False) -> str:
        """Return the indices that a window reads, as one writes them: "[2·2 − 1 + k]".

        Tap 0 of a `flipped` kernel lies on the window's last value: "[2·2 + 1 − k]".
        """
        parts = []
        letters = letters or _LETTERS[len(at)]
        for a, s, (before, _), span, d, letter in zip(
            at, self.stride, self.pads, self.span, self.dilation, letters
        ):
            first = (span - 1 if flipped else 0) - before
            start = f"{a}·{s}" if s > 1 else f"{a}"
            start += f" {MINUS if first < 0 else '+'} {abs(first)}" if first else ""
            parts.append(f"{start} {MINUS if flipped else '+'} {letter}" + (f"·{d}" if d > 1 else ""))
        return f"[{', '.join(parts)}]"


def sliding(
    size: Index,
    kernel: Index,
    stride: Whole = 1,
    padding: Pads = 0,
    dilation: Whole = 1,
    names: tuple[str, str] = ("input", "weight"),
) -> Sliding:
    """Return a checked `Sliding`.

    Parameters
    ----------
    size, kernel : (L,) or (H, W)
    stride, dilation : int, or one for each axis
    padding : int, one for each axis, (left, right) or ((top, bottom), (left, right))
    names : (str, str)
        What the arguments with the two shapes are called, for the error.

    Raises
    ------
    ValueError
        If an argument is not what it may be, or the kernel does not fit inside the padded input.
    """
    rank = len(size)
    found = Sliding(
        size,
        kernel,
        per_axis(stride, rank, "stride", 1),
        as_pads(padding, rank),
        per_axis(dilation, rank, "dilation", 1),
    )
    if min(found.shape) < 1:
        spread = f" and, with dilation {_short(found.dilation)}, spans {found.span}" * (found.span != kernel)
        around = f", {found.padded} with padding" * (found.padded != size)
        raise ValueError(
            f"{names[1]} has shape {kernel}{spread}: it must fit inside {names[0]}, "
            f"which has shape {size}{around}"
        )
    return found


def per_axis(value: Whole, rank: int, name: str, least: int) -> Index:
    """Return one integer for each axis, given one for all or one for each."""
    found = integers(value)
    if found is not None and not isinstance(value, Iterable):
        found *= rank
    if found is None or len(found) != rank or min(found) < least:
        each = "" if rank == 1 else f" or {_COUNTS[rank]} of them"
        raise ValueError(f"{name} is {value!r}: it must be an integer of at least {least}{each}")
    return found


def as_pads(value: Pads, rank: int, name: str = "padding") -> tuple[tuple[int, int], ...]:
    """Return what is added before and after along each axis."""
    pads: list[Index] | None = None
    flat = integers(value)
    if flat is not None and not isinstance(value, Iterable):
        pads = [flat * 2] * rank
    elif flat is not None and len(flat) == 2:
        pads = [flat] if rank == 1 else [(n, n) for n in flat]
    elif isinstance(value, Iterable):
        pairs = [integers(pair) for pair in value]
        if len(pairs) == rank and all(pair is not None and len(pair) == 2 for pair in pairs):
            pads = [pair for pair in pairs if pair is not None]
    if pads is None or any(n < 0 for pair in pads for n in pair):
        explicit = "(left, right)" if rank == 1 else "two of them or ((top, bottom), (left, right))"
        raise ValueError(f"{name} is {value!r}: it must be an integer of at least 0, or {explicit}")
    return tuple((before, after) for before, after in pads)


def integers(value: object) -> Index | None:
    """Return a tuple of the integers given, or of the one integer; None if they are none."""
    try:
        if isinstance(value, Iterable):
            return tuple(map(operator.index, value))
        return (operator.index(value),)  # type: ignore[arg-type]
    except TypeError:
        return None


def as_index(value: Whole, shape: Index, name: str = "at", of: str = "output", axes: str = "(y, x)") -> Index:
    """Return an index into an array of this shape, or say what it may be."""
    index = integers(value)
    if index is None or len(index) != len(shape):
        wanted = "an integer" if len(shape) == 1 else f"{_COUNTS[len(shape)]} integers, {axes}"
        raise ValueError(f"{name} is {value!r}: the {of} has shape {shape}, so it must be {wanted}")
    for i, length in zip(index, shape):
        if not 0 <= i < length:
            raise ValueError(
                f"{name} is {value!r}: the {of} has shape {shape}, so {i} must lie between 0 and {length - 1}"
            )
    return index


_COUNTS = {2: "two", 3: "three"}


def _short(values: Sequence[int]) -> str:
    """Write one number for all axes if they agree."""
    return number(values[0]) if len(set(values)) == 1 else f"({', '.join(map(number, values))})"


def _both(pads: Sequence[tuple[int, int]]) -> str:
    written = [f"({before}, {after})" for before, after in pads]
    return written[0] if len(pads) == 1 else f"({', '.join(written)})"
