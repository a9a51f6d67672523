"""The picture of one output entry of a convolution with several channels: a sum for each, and their sum.

It computes the one entry it shows and never the whole output: that is the reader's exercise.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import number_cells, outlines, spoken, spoken_places, with_part_shown
from convlab.draw._canvas import Block, arrow, coordinate, label, tag, text
from convlab.draw._cells import HEIGHT, cell_width, sheet, titled
from convlab.draw._geometry import Whole
from convlab.draw._numbers import Array, as_array, entry, number, total
from convlab.draw._picture import Picture
from convlab.draw._taps import Entry, compute, counted, marked, plus, product_cells, result_box

MOST_SIGNALS = 8  # channels of a signal, and of an image: what follows is drawn as one sum
MOST_IMAGES = 4
MOST_TAPS = 6
MOST_VALUES = 9  # of a signal around its window, and rows and columns of an image
MOST_CELLS = 6
BETWEEN = 42.0  # two pieces of a line, with a sign


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
    count = min(len(parts), MOST_SIGNALS if values.ndim == 2 else MOST_IMAGES)
    lines = _lines(values, factors, parts[:count], made=True)
    if lines is None:
        lines = _lines(values, factors, parts[:count], made=False) or []
    block = _added(lines, parts, result)
    said = "; ".join(
        f"channel {c}: {spoken(np.array([t.product for t in part.taps]))} make {number(part.total)}"
        for c, part in enumerate(parts[:3])
    )
    where = spoken_places([tap.source for tap in parts[0].taps])
    added = " + ".join(number(part.total) for part in parts[:8]) + (" + …" if len(parts) > 8 else "")
    alt = f"One entry of a convolution over {len(parts)} channels, the window over {where}. Products, {said}"
    alt += f"{', and so on' if len(parts) > 3 else ''}. Sums added: {added}"
    return Picture(f"{alt} = {number(result)}, which is {entry('output', parts[0].at)}.", block)


def _lines(input: Array, weight: Array, parts: Sequence[Entry], *, made: bool) -> list[list[Block]] | None:
    """Return the pieces of each channel: input, kernel, and products if `made`.

    Return None if the products leave too little room for the window.
    """
    lines = [_kernel(weight[c], part, c, made=made) for c, part in enumerate(parts)]
    widths = [max(piece.width for piece in pieces) for pieces in zip(*lines)]
    sums = max(result_box(number(part.total)).width for part in parts)
    flat = input.ndim == 2
    page = theme.PAGE - sum(width + BETWEEN for width in widths) - BETWEEN - sums - (0 if flat else 26)
    taps = [{tap.source: tap for tap in part.taps} for part in parts]
    most = MOST_VALUES if flat else MOST_CELLS
    widest = max(
        cell_width(number_cells(input[c], around=list(taps[c]), most=most).values())
        for c in range(len(parts))
    )
    fitting = min(most, int(page // widest))
    if made and fitting < min(weight.shape[-1], MOST_TAPS):
        return None
    for c, line in enumerate(lines):
        cells = number_cells(input[c], around=list(taps[c]), most=most, page=max(page, widest))
        first = sheet(
            marked(cells, taps[c]), name=f"input[{c}]", width=widest, outlines=outlines(list(taps[c]))
        )
        line.insert(0, with_part_shown(titled(first, f"input[{c}]"), cells, input[c].shape))
    return lines


def _kernel(weight: Array, part: Entry, channel: int, *, made: bool) -> list[Block]:
    """Return one channel of the kernel, and its products if `made`."""
    name = f"weight[{channel}]"
    kernel = number_cells(weight, most=MOST_TAPS)
    block = sheet(marked(kernel, {tap.place: tap for tap in part.taps}), name=name, indices=weight.ndim == 1)
    pieces = [with_part_shown(titled(block, name), kernel, weight.shape)]
    if made:
        cells = product_cells([tap for tap in part.taps if tap.place in kernel])
        block = sheet(cells, name=f"products[{channel}]", indices=False)
        pieces.append(titled(block, "products"))
    return pieces


def _added(lines: list[list[Block]], parts: list[Entry], result: float) -> Block:
    """Put the channels below each other, their pieces in columns, and add their sums down the last column."""
    widths = [max(line[i].width for line in lines) for i in range(len(lines[0]))]
    sums = [
        result_box(number(part.total), fill=theme.CELL, edge=theme.WINDOW) for part in parts[: len(lines)]
    ]
    rest = parts[len(lines) :]
    if rest:
        together = number(total([part.total for part in rest]))
        sums.append(result_box(together, fill=theme.CELL, edge=theme.WINDOW))
        said = f"… and {counted(len(rest), 'more channel')}, together"
        lines = [*lines, [label(said, colour=theme.MUTED)]]
    end = result_box(number(result))
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
    word = f"{entry('output', parts[0].at)} ="
    body.append(
        text(word, centre - end.width / 2 - 12, last, size=theme.NUMBER, align="end", mono=True, bold=True)
    )
    return Block("".join(body), centre + max(box.width for box in [*sums, end]) / 2, last + HEIGHT / 2, 0)
