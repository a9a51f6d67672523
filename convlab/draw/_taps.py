"""One output entry as a sum of products: its numbers, and the pieces that all pictures of such a sum share.

Only the entry that is shown is computed, never the whole output: that is the reader's exercise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, clean, column, label, tag, text, text_width
from convlab.draw._cells import HEIGHT, Cell
from convlab.draw._geometry import Pads, Sliding, Whole, as_index, sliding
from convlab.draw._numbers import Array, Index, as_array, number, total
from convlab.draw._page import is_phone

Names = tuple[str, str, str]


@dataclass(frozen=True)
class Tap:
    """One product of an output entry: where it reads the input and the kernel, and what it reads there."""

    number: int
    source: Index
    place: Index
    value: float
    weight: float
    product: float
    colour: str
    outside: bool = False


@dataclass(frozen=True)
class Entry:
    """One output entry: its index, where windows go, its taps in the kernel's order, and their sum."""

    at: Index
    sliding: Sliding
    taps: Sequence[Tap]
    total: float

    @property
    def shape(self) -> Index:
        return self.sliding.shape


def compute(
    input: Array,
    weight: Array,
    at: Whole,
    stride: Whole = 1,
    padding: Pads = 0,
    dilation: Whole = 1,
) -> Entry:
    """Compute one entry of the cross-correlation, zeros standing outside the input.

    Parameters
    ----------
    input : ndarray, shape (L,) or (H, W)
    weight : ndarray, shape (K,) or (KH, KW)
    at : int, or (y, x)
        The output entry.
    """
    places = sliding(input.shape, weight.shape, stride, padding, dilation)
    index = as_index(at, places.shape)
    zero = input.dtype.type(0).item()
    taps = []
    for count, place in enumerate(np.ndindex(*weight.shape)):
        source = places.source(index, place)
        inside = places.holds(source)
        value, factor = input[source].item() if inside else zero, weight[place].item()
        colour = theme.tap_colour(count, weight.size)
        taps.append(Tap(count, source, place, value, factor, value * factor, colour, not inside))
    return Entry(index, places, taps, total([tap.product for tap in taps]))


def as_names(names: Names) -> Names:
    """Return what input, weight and output are called, or say what is wrong with it."""
    if isinstance(names, str) or len(names) != 3 or len(set(names)) != 3:
        raise ValueError(
            f"names is {names!r}: it must be three different names, for input, weight and output"
        )
    source, kernel, result = map(clean, names)
    return source, kernel, result


def pair(input: npt.ArrayLike, weight: npt.ArrayLike) -> tuple[Array, Array]:
    """Return an input and a kernel with as many axes."""
    values = as_array(input, "input", (1, 2), "; take one channel of one example, such as input[0, 0]")
    return values, as_array(weight, "weight", (values.ndim,), f", as input, which has shape {values.shape}")


def marked(cells: dict[Index, Cell], taps: Mapping[Index, Tap]) -> dict[Index, Cell]:
    """Return the cells, those that a tap reads in its colour."""
    return {
        index: tap_cell(cell.text, taps.get(index), outside=cell.outside) for index, cell in cells.items()
    }


def tap_cell(written: str, tap: Tap | None, *, outside: bool = False, unused: bool = False) -> Cell:
    """Return a cell in the colour of its tap, if it has one."""
    if tap is None:
        fill = theme.OUTSIDE if outside else theme.CELL
        return Cell(written, fill=fill, outside=outside, unused=unused)
    return Cell(written, fill=tap.colour, tap=tap.number, outside=outside)


def product_cells(taps: Sequence[Tap], keys: Sequence[Index] = ()) -> dict[Index, Cell]:
    """Return a cell for each product, its factors above it: on one line if they are short.

    They stand where the taps do, unless `keys` says otherwise.
    """
    factors = [(number(tap.value), f"×{closed(tap.weight)}") for tap in taps]
    if max(len(weight) for _, weight in factors) > 9:  # no room for brackets
        factors = [(number(tap.value), f"×{number(tap.weight)}") for tap in taps]
    short = max(len(value + weight) for value, weight in factors) <= 7
    return {
        key: Cell(
            number(tap.product), (value + weight,) if short else (value, weight), tap.colour, tap.number
        )
        for key, tap, (value, weight) in zip(keys or [tap.place for tap in taps], taps, factors)
    }


def closed(value: float) -> str:
    """Write a number behind a sign: in brackets if it has a sign of its own."""
    return f"({number(value)})" if value < 0 else number(value)


def result_box(written: str, *, fill: str = theme.RESULT_FILL, edge: str = theme.RESULT) -> Block:
    """Return the box with a sum, which looks like the output's entry."""
    width = max(HEIGHT, text_width(written, theme.NUMBER, mono=True, bold=True) + 16)
    box = tag(
        "rect",
        x=0,
        y=0,
        width=width,
        height=HEIGHT,
        rx=6,
        fill=fill,
        stroke=edge,
        stroke_width=2,
        data_total=written,
    )
    inner = text(written, width / 2, HEIGHT / 2, size=theme.NUMBER, align="middle", mono=True, bold=True)
    return Block(box + inner, width, HEIGHT, HEIGHT / 2)


def plus(x: float, y: float) -> str:
    """Return the sign between two products."""
    disc = tag("circle", cx=x, cy=y, r=5 if is_phone() else 7, fill=theme.CARD, stroke=theme.LINE)
    return disc + text("+", x, y, size=theme.SMALL if is_phone() else theme.LABEL, align="middle")


def small_sign(sign: str, x: float, y: float) -> str:
    """Return the sign between a column's cells: × or =."""
    return text(sign, x, y, size=18, colour=theme.MUTED, align="middle")


def with_some(block: Block, shown: int, count: int) -> Block:
    """Say below a picture that the sum has more products than are drawn, if it has."""
    if shown == count:
        return block
    said = f"showing {shown} of {counted(count, 'product')}; the sum is that of all"
    return column([block, label(said, size=theme.SMALL, colour=theme.MUTED)], 6)


def over(block: Block, caption: str) -> Block:
    """Return a piece with a quiet word above it."""
    word = label(caption, size=theme.SMALL, colour=theme.MUTED)
    whole = column([word, block], 4, centre=True)
    return Block(whole.body, whole.width, whole.height, word.height + 4 + block.middle)


def counted(count: int, what: str) -> str:
    """Say how many: "1 product", "3 products"."""
    return f"1 {what}" if count == 1 else f"{count} {what}s"
