"""Pictures of several channels: the stack itself, and one output entry as the sum over all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import (
    as_window,
    number_cells,
    outlines,
    spoken,
    spoken_places,
    tinted,
    with_part_shown,
)
from convlab.draw._canvas import Block, arrow_right, clean, column, flow, label, row, tag
from convlab.draw._canvas import operator as sign
from convlab.draw._cells import sheet, titled
from convlab.draw._geometry import Whole
from convlab.draw._numbers import as_array, entry, number, size, total
from convlab.draw._picture import Picture
from convlab.draw._taps import Entry, compute, marked, product_cells, result_box

MOST_CHANNELS = 8
MOST_CELLS = 8
SHIFT = 26.0  # from one sheet of a stack to the next, downwards


def stack(array: npt.ArrayLike, *, name: str = "input", window: tuple[int, ...] | None = None) -> Picture:
    """Draw channels as a stack of sheets, the same window outlined in each.

    Parameters
    ----------
    array : array_like, shape (C, L) or (C, H, W)
        Of more than 8 channels the first 8 are drawn and the picture says so.
    name : str
    window : (start, length), or (top, left, height, width), optional

    Raises
    ------
    ValueError
        If `array` has another rank, or the window leaves it.
    """
    values = as_array(array, "array", (2, 3), "; draw.signal and draw.grid draw one channel")
    name = clean(name)
    flat = values.ndim == 2
    parts = ("start", "length") if flat else ("top", "left", "height", "width")
    inside, said = as_window(window, values.shape[1:], parts)
    count = min(len(values), MOST_CHANNELS)
    sheets, drawn = [], {}
    for channel in range(count):
        page = theme.PAGE - 120 if flat else theme.PAGE - 60
        cells = number_cells(values[channel], around=inside, most=None if flat else MOST_CELLS, page=page)
        drawn = tinted(cells, inside)
        last = channel == count - 1
        sheets.append(
            sheet(drawn, name=f"{name}[{channel}]", outlines=outlines(inside), indices=not flat or last)
        )
    if flat:
        lines = [row([label(f"channel {c}", bold=True), block]) for c, block in enumerate(sheets)]
        block = column(lines, 6)
    else:
        block = _sheets(sheets)
    block = with_part_shown(titled(block, name, str(values.shape)), drawn, values.shape[1:])
    if count < len(values):
        more = label(f"… and {len(values) - count} more channels", colour=theme.MUTED)
        block = column([block, more], 6)
    what = f"length {values.shape[1]}" if flat else size(values.shape[1:])
    alt = f"Stack {name} of {len(values)} channels, each {what}: "
    alt += "; ".join(f"channel {c}: {spoken(values[c])}" for c in range(min(count, 3)))
    alt += " and so on." if len(values) > 3 else "."
    return Picture(alt + (f" A window outlines {said} of every channel." if inside else ""), block)


def _sheets(sheets: list[Block]) -> Block:
    """Return sheets of paper lying on each other, each lower and further right, if they fit so."""
    papers = []
    for channel, block in enumerate(sheets):
        inner = titled(block, f"channel {channel}")
        width, height = inner.width + 2 * 12, inner.height + 2 * 10
        paper = tag(
            "rect",
            x=0,
            y=0,
            width=width,
            height=height,
            rx=6,
            fill=theme.CARD,
            stroke=theme.CARD_EDGE,
            stroke_width=1.5,
        )
        papers.append(Block(paper + inner.at(12, 10), width, height, height / 2))
    step = papers[0].width - 10
    if step * (len(papers) - 1) + papers[-1].width > theme.PAGE:
        return flow(papers, 8)
    body = [paper.at(step * c, SHIFT * c) for c, paper in enumerate(papers)]
    width = step * (len(papers) - 1) + papers[-1].width
    height = max(SHIFT * c + paper.height for c, paper in enumerate(papers))
    return Block("".join(body), width, height, height / 2)


def channels(input: npt.ArrayLike, weight: npt.ArrayLike, at: Whole) -> Picture:
    """Draw one output entry of a convolution with several channels: a partial sum for each, and their sum.

    Valid, stride 1.

    Parameters
    ----------
    input : array_like, shape (C, L) or (C, H, W)
    weight : array_like, shape (C, K) or (C, KH, KW)
        One kernel, as deep as the input.
    at : int, or (y, x)
        The output entry. Only this one is computed.

    Raises
    ------
    ValueError
        If the channels disagree, the kernel does not fit, or `at` lies outside the output.
    """
    values = as_array(input, "input", (2, 3), "; take one example, such as input[0]")
    factors = as_array(
        weight,
        "weight",
        (values.ndim,),
        f", as input, which has shape {values.shape}; take one output channel",
    )
    if len(values) != len(factors):
        raise ValueError(
            f"weight has shape {factors.shape}: it must have {len(values)} channels, as input, "
            f"which has shape {values.shape}"
        )
    parts = [compute(channel, kernel, at) for channel, kernel in zip(values, factors)]
    result = total([part.total for part in parts])
    count = min(len(parts), MOST_CHANNELS if values.ndim == 2 else 4)
    lines = [_channel(c, values[c], factors[c], parts[c]) for c in range(count)]
    widths = [max(line[i].width for line in lines) for i in range(len(lines[0]))]
    drawn = [_line(line, widths) for line in lines]
    if count < len(parts):
        rest = total([part.total for part in parts[count:]])
        drawn.append(
            label(f"… and {len(parts) - count} more channels, together {number(rest)}", colour=theme.MUTED)
        )
    sums = [result_box(number(part.total), fill=theme.CELL, edge=theme.WINDOW) for part in parts[:count]]
    shown = [piece for box in sums for piece in (sign("+"), box)][1:]
    if count < len(parts):
        shown += [sign("+"), label("…")]
    ending = [
        sign("="),
        result_box(number(result)),
        arrow_right(theme.RESULT),
        label(entry("output", parts[0].at), mono=True, bold=True),
    ]
    block = column([*drawn, flow([label("partial sums"), *shown, *ending], 8)], 16)
    said = "; ".join(
        f"channel {c}: {spoken(np.array([t.product for t in part.taps]))} make {number(part.total)}"
        for c, part in enumerate(parts[:3])
    )
    where = spoken_places([tap.source for tap in parts[0].taps])
    added = " + ".join(number(part.total) for part in parts[:8]) + (" + …" if len(parts) > 8 else "")
    alt = (
        f"One entry of a convolution over {len(parts)} channels, the window over {where}. Products, {said}. "
    )
    return Picture(f"{alt}{added} = {number(result)}, which is {entry('output', parts[0].at)}.", block)


def _channel(channel: int, input: np.ndarray, weight: np.ndarray, part: Entry) -> list[Block]:
    """Return the pieces of one channel's line."""
    taps = {tap.source: tap for tap in part.taps}
    flat = input.ndim == 1
    cells = number_cells(input, around=list(taps), most=6, page=theme.PAGE * 0.4)
    first = sheet(marked(cells, taps), name=f"input[{channel}]", outlines=outlines(list(taps)))
    first = with_part_shown(titled(first, f"input[{channel}]"), cells, input.shape)
    kernel = number_cells(weight, most=4)
    second = sheet(
        marked(kernel, {tap.place: tap for tap in part.taps}), name=f"weight[{channel}]", indices=flat
    )
    made = product_cells([tap for tap in part.taps if tap.place in kernel])
    third = sheet(made, name=f"products[{channel}]", indices=False)
    box = result_box(number(part.total), fill=theme.CELL, edge=theme.WINDOW)
    return [first, titled(second, f"weight[{channel}]"), titled(third, "products"), titled(box, "sum")]


def _line(pieces: list[Block], widths: list[float]) -> Block:
    """Return one channel's line, its pieces in columns."""
    padded = [Block(p.body, width, p.height, p.middle) for p, width in zip(pieces, widths)]
    return row([padded[0], sign("×"), padded[1], sign("="), padded[2], sign("="), padded[3]], 10)
