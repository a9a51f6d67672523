"""Where a convolution's windows lie, right or with a slip: what the mistakes of chapters 6, 7 and 9 are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from convlab.checks.exercise import Mistake

__all__ = ["CHAPTER", "Layout", "Pair", "Size", "gather", "layout_of", "pair", "slips"]


CHAPTER = "06_matrix_product"

Pair = tuple[int, int]
Size = int | Pair


def pair(value: Size) -> Pair:
    """One number for each of the two axes."""
    return (value, value) if isinstance(value, int) else value


def place(out: int, tap: int, s: int, p: int, d: int) -> int:
    """The row (or column) of the input on which a tap lies in one window; outside the input is padding."""
    return out * s + tap * d - p


def unstrided(out: int, tap: int, s: int, p: int, d: int) -> int:
    return out + tap * d - p


def undilated(out: int, tap: int, s: int, p: int, d: int) -> int:
    return out * s + tap - p


def exchanged(out: int, tap: int, s: int, p: int, d: int) -> int:
    return out * d + tap * s - p


def unpadded(out: int, tap: int, s: int, p: int, d: int) -> int:
    return out * s + tap * d


def clamped(out: int, tap: int, s: int, p: int, d: int) -> int:
    return max(out * s - p, 0) + tap * d


class Layout(NamedTuple):
    """How windows lie on an image. `place` says where a tap lies; a mistake may have another one."""

    stride: Pair
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    place: Callable[[int, int, int, int, int], int] = place

    def swapped(self, options: tuple[str, ...]) -> Layout:
        """With these options for rows what they are for columns, and the reverse."""
        return self._replace(**{option: getattr(self, option)[::-1] for option in options})

    def least_size(self, outs: Pair, taps: Pair) -> Pair:
        """The smallest image that has so many places: no row or column is left over."""
        rows, columns = (
            max((n - 1) * s + (k - 1) * d + 1 - 2 * p, 0)
            for n, k, s, p, d in zip(outs, taps, self.stride, self.padding, self.dilation)
        )
        return rows, columns

    def outputs(self, size: Pair, taps: Pair) -> Pair:
        """How many places there are on each axis."""
        rows, columns = (
            max((n + 2 * p - d * (k - 1) - 1) // s + 1, 0)
            for n, k, s, p, d in zip(size, taps, self.stride, self.padding, self.dilation)
        )
        return rows, columns

    def contacts(self, size: Pair, taps: Pair, outs: Pair) -> Iterator[tuple[int, int, int, int, int, int]]:
        """Every tap of every window that lies on the image: (y, x, i, j, row, column), window by window."""
        (s_h, s_w), (p_h, p_w), (d_h, d_w) = self.stride, self.padding, self.dilation
        for y, x, i, j in product(*map(range, (*outs, *taps))):
            row, column = self.place(y, i, s_h, p_h, d_h), self.place(x, j, s_w, p_w, d_w)
            if 0 <= row < size[0] and 0 <= column < size[1]:
                yield y, x, i, j, row, column


def layout_of(stride: Size = 1, padding: Size = 0, dilation: Size = 1) -> Layout:
    return Layout(pair(stride), pair(padding), pair(dilation))


class Slip(NamedTuple):
    """A wrong use of one option that is possible in every function that takes it."""

    name: str
    explanation: str
    change: Callable[[Layout], Layout]
    option: str
    kind: str = "place"  # of a tap; or "pair", or "size", which gives another number of places


SLIPS = (
    Slip(
        "start not multiplied by the stride",
        "Your window at (y, x) starts y rows below the first one and x columns to its right. "
        "With a stride it starts y * s_h rows below and x * s_w columns to the right.",
        lambda layout: layout._replace(place=unstrided),
        "stride",
    ),
    Slip(
        "stride ignored",
        "You ignore the stride: your windows lie at every place. From one to the next it is `stride` pixels.",
        lambda layout: layout._replace(stride=(1, 1)),
        "stride",
        "size",
    ),
    Slip(
        "stride and dilation exchanged",
        "You exchange stride and dilation: stride leads from window to window, dilation from tap to tap.",
        lambda layout: layout._replace(place=exchanged),
        "stride",
    ),
    Slip(
        "all pairs the wrong way round",
        "In pairs such as stride=(2, 1) you take the second number for the rows. "
        "The first is for the rows, the second for the columns.",
        partial(Layout.swapped, options=("stride", "padding", "dilation")),
        "stride",
        "pair",
    ),
    *(
        Slip(
            f"{option} the wrong way round",
            f"In a pair such as {option}=(2, 1) you take the second number for the rows. "
            "The first is for the rows, the second for the columns.",
            partial(Layout.swapped, options=(option,)),
            option,
            "pair",
        )
        for option in ("stride", "padding", "dilation")
    ),
    Slip(
        "padding ignored",
        "You ignore the padding: your windows stay inside the image.",
        lambda layout: layout._replace(padding=(0, 0)),
        "padding",
        "size",
    ),
    Slip(
        "starts at the image's corner",
        "Your first window starts at the image's first pixel. With padding it starts p_h rows above it and "
        "p_w columns to its left.",
        lambda layout: layout._replace(place=unpadded),
        "padding",
    ),
    Slip(
        "start clamped at 0",
        "In your code windows that should start in the padding start at the image's edge. "
        "The window at (y, x) starts in row y * s_h - p_h, even if that is negative.",
        lambda layout: layout._replace(place=clamped),
        "padding",
    ),
    Slip(
        "taps not spread",
        "Your taps lie on neighbouring pixels. With a dilation, tap (i, j) lies i * d_h rows and j * d_w "
        "columns after the window's first pixel.",
        lambda layout: layout._replace(place=undilated),
        "dilation",
    ),
    Slip(
        "dilation ignored",
        "You ignore the dilation, in the shape and in the taps. kh taps that are d_h apart span "
        "d_h * (kh - 1) + 1 rows.",
        lambda layout: layout._replace(dilation=(1, 1)),
        "dilation",
        "size",
    ),
)


def slips(
    make: Callable[..., Mistake],
    right: Callable[..., Any],
    groups: dict[str, str],
    kinds: tuple[str, ...] = ("place", "pair", "size"),
    told: dict[str, str] | None = None,
) -> Iterator[Mistake]:
    """The slips of one exercise.

    Parameters
    ----------
    make : (name, explanation, function, group) -> Mistake, where the last argument of `function` is the layout
    right : the right function of the same arguments
    groups : option -> the group that must catch its slips
    kinds : those that give numbers and no error
    told : name -> its explanation, where the exercise has better words
    """
    for slip in SLIPS:
        if slip.option in groups and slip.kind in kinds:

            def slipped(*given: Any, change: Callable[[Layout], Layout] = slip.change) -> Any:
                return right(*given[:-1], change(given[-1]))

            yield make(slip.name, (told or {}).get(slip.name, slip.explanation), slipped, groups[slip.option])


def gather(input: np.ndarray, taps: Pair, layout: Layout) -> np.ndarray:
    """All windows, (N, C, H_out, W_out, kh, kw); zero where a tap lies outside the image."""
    N, C, H, W = input.shape
    outs = layout.outputs((H, W), taps)
    result = np.zeros((N, C, *outs, *taps), dtype=input.dtype)
    for y, x, i, j, row, column in layout.contacts((H, W), taps, outs):
        result[:, :, y, x, i, j] = input[:, :, row, column]
    return result
