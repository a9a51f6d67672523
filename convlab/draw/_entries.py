"""One output entry written out as a sum, the kernel flipped, and the kernel spread.

The entry that is shown is computed and never the whole output: that is the reader's exercise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import LONGEST_LIST, spoken
from convlab.draw._canvas import (
    Block,
    arrow_down,
    arrow_right,
    clean,
    column,
    flow,
    label,
    row,
    tag,
    text,
    text_width,
)
from convlab.draw._canvas import operator as sign
from convlab.draw._cells import Cell, cell_width, outside_cell, sheet, titled
from convlab.draw._geometry import Pads, Whole, per_axis
from convlab.draw._numbers import Index, as_array, entry, number, size
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture
from convlab.draw._taps import Tap, closed, compute, counted, over, pair, result_box

MOST_ROWS = 13  # of a written-out sum, in one column
MOST_COLUMNS = 2
LARGEST_SPREAD = 12  # rows, and columns


def products(
    input: npt.ArrayLike,
    weight: npt.ArrayLike,
    at: Whole,
    *,
    stride: Whole = 1,
    padding: Pads = 0,
    dilation: Whole = 1,
) -> Picture:
    """Write out one output entry as a sum: for each tap, input value × weight = product; then the total.

    In the colours of `window`; what is read from the padding has a dashed edge. Of more than 26 products the
    first 25 are written, then how many follow.

    Parameters
    ----------
    input : array_like, shape (L,) or (H, W)
    weight : array_like, shape (K,) or (KH, KW)
    at : int, or (y, x)
        The output entry. Only this one is computed.
    stride, padding, dilation
        As for `window`.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, or `at` lies outside the output.
    """
    values, factors = pair(input, weight)
    one = compute(values, factors, at, stride, padding, dilation)
    shown = list(one.taps)
    if len(shown) > MOST_ROWS * MOST_COLUMNS:
        shown = shown[: MOST_ROWS * MOST_COLUMNS - 1]
    rest = len(one.taps) - len(shown)
    lines = _lines(shown, 14.0 if len(shown) <= MOST_ROWS else theme.LABEL)
    if rest:
        lines.append(label(f"… and {rest} more", colour=theme.MUTED))
    count = MOST_COLUMNS if max(line.width for line in lines) * 2 + theme.GAP <= page_width() else 1
    long = MOST_ROWS if len(lines) > MOST_ROWS and count > 1 else len(lines)
    columns = [column(lines[i : i + long], 4) for i in range(0, len(lines), long)]
    columns = [Block(part.body, part.width, part.height, 0) for part in columns]
    name = label(entry("output", one.at), bold=True, mono=True)
    head = row([name, label(f"is the sum of {counted(len(one.taps), 'product')}")], 8)
    result = row([sign("="), result_box(number(one.total))], 8)
    block = column([head, flow(columns)], 12)
    left = Block("", max(0.0, block.width - result.width), 0, 0)
    block = column([block, row([left, result], 0)], 10)
    alt = f"{entry('output', one.at)} is the sum of {counted(len(one.taps), 'product')}"
    if len(one.taps) <= LONGEST_LIST:
        terms = (f"{number(t.value)} × {closed(t.weight)} = {number(t.product)}" for t in one.taps)
        alt += f": {', '.join(terms)}"
    return Picture(f"{alt}. Total {number(one.total)}.", block)


def flip(weight: npt.ArrayLike, *, name: str = "weight") -> Picture:
    """Draw a kernel as correlation uses it and as convolution does: each tap keeps its colour and its index.

    Parameters
    ----------
    weight : array_like, shape (K,) or (KH, KW)
    name : str

    Raises
    ------
    ValueError
        If `weight` is not a 1-D or 2-D array of real numbers.
    """
    factors = as_array(weight, "weight", (1, 2))
    name = clean(name)
    here: dict[Index, Cell] = {}
    there: dict[Index, Cell] = {}
    for count, index in enumerate(np.ndindex(*factors.shape)):
        target = tuple(n - 1 - i for n, i in zip(factors.shape, index))
        note = entry("", index).replace(" ", "")
        cell = Cell(number(factors[index].item()), (note,), theme.tap_colour(count, factors.size), count)
        here[index], there[target] = cell, cell
    there = dict(sorted(there.items()))
    width = cell_width(here.values())
    line = int(page_width() // width) if factors.ndim == 1 else None
    kept = sheet(here, name=name, width=width, per_line=line, indices=False)
    turned = sheet(there, name=f"flipped {name}", width=width, per_line=line, indices=False)
    kept = titled(kept, "correlation", below=f"{name} as it is (torch)")
    turned = titled(turned, "convolution", below=f"{name} flipped")
    between = "turn by 180°" if factors.ndim == 2 else "reverse"
    block = row([kept, over(arrow_right(theme.WINDOW, 48), between), turned])
    if block.width > page_width():
        block = column(
            [kept, row([arrow_down(theme.WINDOW), label(between, size=theme.SMALL)], 8), turned], 10
        )
    alt = (
        f"Kernel {name} as correlation uses it, which is what torch does: {spoken(factors)}. "
        f"Flipped, as convolution uses it: {spoken(np.flip(factors))}."
    )
    return Picture(alt, block)


def spread(
    weight: npt.ArrayLike, dilation: Whole, *, names: tuple[str, str] = ("weight", "spread")
) -> Picture:
    """Draw a kernel and, beside it, its taps with the zeros that a dilation puts between them.

    Each tap keeps its colour and its index; the zeros have dashed edges.

    Parameters
    ----------
    weight : array_like, shape (K,) or (KH, KW)
    dilation : int, or (y, x)
    names : (str, str)
        What the kernel and the spread kernel are called.

    Raises
    ------
    ValueError
        If `weight` is not a 1-D or 2-D array of real numbers, the dilation does not fit it, or the spread kernel has
        more than 12 rows or columns.

    Examples
    --------
    >>> draw.spread([4, 2, 1], 2).alt
    'Kernel weight: 4, 2, 1. With dilation 2 it is spread, length 5: 4, 0, 2, 0, 1.'
    """
    factors = as_array(weight, "weight", (1, 2))
    gaps = per_axis(dilation, factors.ndim, "dilation", 1)
    if isinstance(names, str) or len(set(names)) != 2:
        raise ValueError(
            f"names is {names!r}: it must be two different names, for the kernel and the spread one"
        )
    before, after = map(clean, names)
    shape = tuple(d * (k - 1) + 1 for k, d in zip(factors.shape, gaps))
    if max(shape) > LARGEST_SPREAD:
        raise ValueError(
            f"dilation is {dilation!r}: at most {LARGEST_SPREAD} rows or columns can be drawn, not {shape}"
        )
    larger = np.zeros(shape, dtype=factors.dtype)
    larger[tuple(slice(None, None, d) for d in gaps)] = factors
    taps = {}
    for count, index in enumerate(np.ndindex(*factors.shape)):
        note = entry("", index).replace(" ", "")
        taps[index] = Cell(
            number(factors[index].item()), (note,), theme.tap_colour(count, factors.size), count
        )
    places = {tuple(i * d for i, d in zip(index, gaps)): cell for index, cell in taps.items()}
    apart = {index: places.get(index, outside_cell()) for index in np.ndindex(*shape)}
    width = cell_width(taps.values())
    first = titled(sheet(taps, name=before, width=width, indices=False), before, str(factors.shape))
    second = titled(sheet(apart, name=after, width=width, indices=False), after, str(shape))
    said = f"dilation {gaps[0] if len(set(gaps)) == 1 else gaps}"
    block = row([first, over(arrow_right(theme.WINDOW, 48), said), second])
    if block.width > page_width():
        block = column([first, row([arrow_down(theme.WINDOW), label(said, size=theme.SMALL)], 8), second], 10)
    alt = f"Kernel {before}: {spoken(factors)}. With {said} it is {after}, "
    alt += f"{'length ' if factors.ndim == 1 else ''}{size(shape)}: {spoken(larger)}."
    return Picture(alt, block)


def _lines(taps: Sequence[Tap], font: float) -> list[Block]:
    """Return one line for each tap, their parts in columns."""
    texts = [
        (
            entry("input", tap.source),
            "×",
            entry("weight", tap.place),
            "=",
            number(tap.value),
            "×",
            closed(tap.weight),
            "=",
            number(tap.product),
        )
        for tap in taps
    ]
    widths = [max(text_width(part, font, mono=True) for part in parts) for parts in zip(*texts)]
    lines = []
    for tap, parts in zip(taps, texts):
        x, body = 10.0, []
        for part, width in zip(parts, widths):
            # Names flush left, numbers flush right, so that signs and digits stand below each other.
            named = "[" in part
            body.append(
                text(
                    part,
                    x if named else x + width,
                    14,
                    size=font,
                    align="start" if named else "end",
                    mono=True,
                )
            )
            x += width + 7
        ground = tag(
            "rect",
            x=0,
            y=0,
            width=x + 2,
            height=28,
            rx=4,
            fill=tap.colour,
            data_tap=str(tap.number),
            stroke=theme.MUTED if tap.outside else None,
            stroke_dasharray="4 3" if tap.outside else None,
        )
        lines.append(Block(ground + "".join(body), x + 2, 28, 14))
    return lines
