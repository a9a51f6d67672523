"""The picture of one output entry of a convolution with several channels: a sum for each, and their sum.

It computes the one entry it shows and never the whole output: that is the reader's exercise.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import outlines, same_part, spoken, spoken_places, with_part_shown
from convlab.draw._canvas import Block, arrow, column, coordinate, flow, label, paragraph, row, tag, text
from convlab.draw._canvas import operator as sign
from convlab.draw._cells import HEIGHT, cell_width, sheet, titled
from convlab.draw._geometry import Whole, integers
from convlab.draw._numbers import Array, Index, as_array, entry, number, total
from convlab.draw._page import is_phone
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture
from convlab.draw._taps import Entry, as_names, compute, counted, marked, plus, product_cells, result_box

MOST_SIGNALS = 8  # channels of a signal, and of an image: what follows is drawn as one sum
MOST_IMAGES = 4
MOST_TAPS = 6
KERNEL = 280.0  # room for a kernel
NOTE = 190.0  # as long as a line below an array may be
MOST_VALUES = 9  # of a signal around its window, and rows and columns of an image
MOST_CELLS = 6
BETWEEN = 42.0  # two pieces of a line, with a sign


def channels(
    input: npt.ArrayLike,
    weight: npt.ArrayLike,
    at: Whole,
    *,
    channel: SupportsIndex | None = None,
    names: tuple[str, str, str] = ("input", "weight", "output"),
) -> Picture:
    """Draw one output entry of a convolution with several channels: a partial sum for each, and their sum.

    Valid, stride 1.

    Parameters
    ----------
    input : array_like, shape (C, L) or (C, H, W)
    weight : array_like, shape (C, K) or (C, KH, KW)
        One kernel, as deep as the input.
    at : int, or (y, x)
        The output entry. Only this one is computed.
    channel : int, optional
        The output channel that the kernel makes: then it is weight[channel], and the entry output[channel, at].
    names : (str, str, str)
        What input, weight and output are called in the picture.

    Raises
    ------
    ValueError
        If the channels disagree, the kernel does not fit, `at` lies outside the output, or `channel` is no index.

    Examples
    --------
    >>> draw.channels([[1, 2]], [[3, 4]], 0, channel=2).alt.rpartition(", which is ")[2]
    'output[2, 0].'
    """
    source, kernel, result_name = as_names(names)
    of = () if channel is None else (_index(channel),)
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
    count = min(len(parts), MOST_SIGNALS if values.ndim == 2 else MOST_IMAGES)
    sums = [part.total for part in parts[:count]]
    if count < len(parts):
        sums.append(total([part.total for part in parts[count:]]))
    boxes = [result_box(number(value), fill=theme.CELL, edge=theme.WINDOW) for value in sums]
    end = result_box(number(result))
    room = page_width() - max(box.width for box in [*boxes, end])
    called = [(entry(source, (c,)), entry(kernel, (*of, c))) for c in range(count)]
    lines, shown = _lines(values, factors, parts[:count], called, room, made=True)
    if not lines:
        lines, shown = _lines(values, factors, parts[:count], called, room, made=False)
    name, more = entry(result_name, (*of, *parts[0].at)), len(parts) - count
    if is_phone():
        on_phone = _lines(values, factors, parts[:count], called, theme.PAGE, made=True)
        lines, shown = on_phone if on_phone[0] else (lines, shown)
        block = _below(lines, sums, end, more, name)
    else:
        block = _added(lines, boxes, end, more, name)
    # What is left out is the same in every channel.
    block = with_part_shown(block, shown, values.shape[1:])
    if max(factors.shape[1:]) > MOST_TAPS:
        said = f"each sum is that of all {len(parts[0].taps)} products"
        block = column([block, label(said, size=theme.SMALL, colour=theme.MUTED)], 8)
    said = "; ".join(
        f"channel {c}: {spoken(np.array([t.product for t in part.taps]))} make {number(part.total)}"
        for c, part in enumerate(parts[:3])
    )
    where = spoken_places([tap.source for tap in parts[0].taps])
    added = " + ".join(number(part.total) for part in parts[:8]) + (" + …" if len(parts) > 8 else "")
    alt = f"One entry of a convolution over {counted(len(parts), 'channel')}, the window over {where}. Products, {said}"
    alt += f"{', and so on' if len(parts) > 3 else ''}. Sums added: {added}"
    return Picture(f"{alt} = {number(result)}, which is {name}.", block)


def _index(channel: SupportsIndex) -> int:
    found = integers(channel)
    if found is None or len(found) != 1 or found[0] < 0:
        raise ValueError(f"channel is {channel!r}: it must be an integer of at least 0")
    return found[0]


def _lines(
    input: Array,
    weight: Array,
    parts: Sequence[Entry],
    names: Sequence[tuple[str, str]],
    room: float,
    *,
    made: bool,
) -> tuple[list[list[Block]], Collection[Index]]:
    """Return the pieces of each channel: input, kernel, and products if `made`; and the indices of input drawn.

    Return no pieces if the products leave too little room for the window. `names` are those of input and kernel.
    """
    drawn = range(len(parts))
    flat = input.ndim == 2
    taps = [{tap.place: tap for tap in part.taps} for part in parts]
    kernels, width = same_part(weight[: len(parts)], most=MOST_TAPS, page=KERNEL)
    made_cells = [
        product_cells([tap for place, tap in taps[c].items() if place in kernels[c]]) for c in drawn
    ]
    made_width = max(cell_width(cells.values()) for cells in made_cells)
    lines = []
    for c in drawn:
        name = names[c][1]
        block = sheet(marked(kernels[c], taps[c]), name=name, width=width, indices=flat)
        lines.append([with_part_shown(titled(block, name), kernels[c], weight[c].shape, NOTE)])
        if made:
            block = sheet(made_cells[c], name=f"products[{c}]", width=made_width, indices=False)
            lines[c].append(titled(block, "products"))
    room -= BETWEEN + sum(BETWEEN + max(piece.width for piece in pieces) for pieces in zip(*lines))
    sources = [tap.source for tap in parts[0].taps]
    page = min(room, page_width()) - (0 if flat else 26)
    most = MOST_VALUES if flat else MOST_CELLS
    if flat and input.shape[-1] > most:
        # As much of every signal: one value on either side of the window.
        most = min(most, weight.shape[-1] + 2)
    inputs, width = same_part(input[: len(parts)], around=sources, most=most, page=page)
    if made and min(most, page // width) < weight.shape[-1]:
        return [], []
    for c in drawn:
        cells = marked(inputs[c], {tap.source: tap for tap in parts[c].taps})
        name = names[c][0]
        block = sheet(cells, name=name, width=width, outlines=outlines(sources))
        lines[c].insert(0, titled(block, name))
    fits = not made or max(line[0].width for line in lines) <= room
    return lines if fits else [], list(inputs[0])


def _below(lines: list[list[Block]], sums: list[float], end: Block, more: int, name: str) -> Block:
    """Put everything below each other, as a phone has room for: a channel and its sum, then the sums added."""
    blocks = []
    for line, value in zip(lines, sums):
        source, kernel, *made = line
        box = result_box(number(value), fill=theme.CELL, edge=theme.WINDOW)
        lower = flow([row([sign("="), piece]) for piece in [*made, box]])
        blocks += [column([flow([source, row([sign("×"), kernel])]), lower], 8)]
    if more:
        said = f"… and {counted(more, 'more channel')}, together {number(sums[-1])}"
        blocks.append(label(said, colour=theme.MUTED))
    added = " + ".join([number(sums[0]), *(number(v) if v >= 0 else f"({number(v)})" for v in sums[1:])])
    words = [label(f"{name} =", mono=True, bold=True), paragraph(added, colour=theme.INK, mono=True)]
    blocks.append(column([flow(words, 8), row([sign("="), end])], 6))
    return column(blocks, 20)


def _added(lines: list[list[Block]], sums: list[Block], end: Block, more: int, name: str) -> Block:
    """Put the channels below each other, their pieces in columns, and add their sums down the last column."""
    widths = [max(pieces) for pieces in zip(*([piece.width for piece in line] for line in lines))]
    if more:
        said = f"… and {counted(more, 'more channel')}, together"
        lines = [*lines, [label(said, colour=theme.MUTED)]]
    x = sum(width + BETWEEN for width in widths)
    centre = x + max(box.width for box in [*sums, end]) / 2
    body, middles, y = [], [], 0.0
    for line, box in zip(lines, sums):
        below, here, middle = 0.0, 0.0, max(HEIGHT / 2, *(piece.middle for piece in line))
        for i, piece in enumerate(line):
            sign_at = here + (widths[i] if len(line) == len(widths) else x - BETWEEN) + BETWEEN / 2
            body.append(piece.at(here, y + middle - piece.middle))
            mark = "×" if i == 0 and len(line) == len(widths) else "="
            body.append(
                text(mark, sign_at, y + middle, size=theme.OPERATOR, colour=theme.MUTED, align="middle")
            )
            below = max(below, piece.height - piece.middle)
            here += widths[i] + BETWEEN
        body.append(box.at(centre - box.width / 2, y + middle - HEIGHT / 2))
        middles.append(y + middle)
        y += middle + max(below, HEIGHT / 2) + 16
    last = max(y, middles[-1] + HEIGHT + 24) + HEIGHT / 2
    for middle, following in itertools.pairwise(middles):
        path = f"M{coordinate(centre)} {coordinate(middle + HEIGHT / 2)}V{coordinate(following - HEIGHT / 2)}"
        body.append(tag("path", d=path, fill="none", stroke=theme.LINE, stroke_width=2))
        body.append(plus(centre, (middle + following) / 2))
    start, stop = (centre, middles[-1] + HEIGHT / 2), (centre, last - HEIGHT / 2 - 2)
    body += [arrow([start, stop], theme.RESULT), end.at(centre - end.width / 2, last - HEIGHT / 2)]
    x = centre - end.width / 2 - 12
    body.append(text(f"{name} =", x, last, size=theme.NUMBER, align="end", mono=True, bold=True))
    return Block("".join(body), centre + max(box.width for box in [*sums, end]) / 2, last + HEIGHT / 2, 0)
