"""The picture of a layer's weight: a kernel for every pair of an output channel and an input channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import spoken
from convlab.draw._canvas import Block, arrow_down, arrow_right, column, flow, label, row, text
from convlab.draw._canvas import operator as sign
from convlab.draw._cells import HEIGHT, Cell, cell_width, sheet, titled
from convlab.draw._numbers import Array, as_array, entry, number
from convlab.draw._page import is_phone
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture
from convlab.draw._taps import Names, as_names, counted

MOST = 4  # filters, and channels
LONGEST = 5  # kernels, along an axis
BETWEEN = 30.0  # two kernels, with a plus


def filters(weight: npt.ArrayLike, *, names: tuple[str, str, str] = ("input", "weight", "output")) -> Picture:
    """Draw a layer's kernels as a table: a column for each input channel, a row for each filter.

    Along a row the results are added, which gives one output channel.

    Parameters
    ----------
    weight : array_like, shape (C_out, C_in, K) or (C_out, C_in, KH, KW)
        At most 4 filters of 4 kernels, each of at most 5 taps along an axis.
    names : (str, str, str)
        What input, weight and output are called in the picture.

    Raises
    ------
    ValueError
        If `weight` is not such an array.

    Examples
    --------
    >>> draw.filters([[[1, 2], [3, 4]]]).alt.partition(": ")[2]
    'output[0] adds weight[0, 0] on input[0] (1, 2) and weight[0, 1] on input[1] (3, 4).'
    """
    factors = as_array(weight, "weight", (3, 4))
    called = as_names(names)
    if max(factors.shape[:2]) > MOST or max(factors.shape[2:]) > LONGEST:
        raise ValueError(
            f"weight has shape {factors.shape}: at most {MOST} filters of {MOST} kernels can be drawn, "
            f"and {LONGEST} taps along an axis; take a part, such as weight[:2, :3]"
        )
    width = cell_width([Cell(number(value)) for value in factors.ravel().tolist()])
    kernels = [
        [_kernel(kernel, entry(called[1], (o, c)), width) for c, kernel in enumerate(kernels)]
        for o, kernels in enumerate(factors)
    ]
    block = _table(kernels, called)
    if is_phone() or block.width > page_width():
        block = _below(kernels, called)
    many, deep = factors.shape[:2]
    alt = f"{counted(many, 'filter')} of {counted(deep, 'kernel')}, one for each input channel: "
    return Picture(
        alt + "; ".join(_said(kernels, o, called) for o, kernels in enumerate(factors)) + ".", block
    )


def _kernel(kernel: Array, name: str, width: float) -> Block:
    """Return one kernel, its taps in their colours, below its name."""
    taps = {
        index: Cell(number(kernel[index].item()), fill=theme.tap_colour(count, kernel.size), tap=count)
        for count, index in enumerate(np.ndindex(*kernel.shape))
    }
    return titled(sheet(taps, name=name, width=width, indices=False), name)


def _result(o: int, names: Names) -> Block:
    """Return the name of an output channel, where a row leads."""
    word = label(entry(names[2], (o,)), mono=True, bold=True, colour=theme.RESULT)
    return row([arrow_right(theme.RESULT), word], 8)


def _table(kernels: Sequence[Sequence[Block]], names: Names) -> Block:
    """Put kernels of one input channel below each other, those of one filter beside each other."""
    widths = [max(block.width for block in blocks) for blocks in zip(*kernels)]
    lefts = [sum(widths[:c]) + c * BETWEEN for c in range(len(widths))]
    body = []
    for c, (left, width) in enumerate(zip(lefts, widths)):
        head = column(
            [label(entry(names[0], (c,)), mono=True, bold=True), arrow_down(theme.WINDOW, 18)], 4, centre=True
        )
        body.append(head.at(left + (width - head.width) / 2, 0))
    y, right = head.height + 8, lefts[-1] + widths[-1] + 10
    for o, blocks in enumerate(kernels):
        middle = max(block.middle for block in blocks)
        for c, (left, block) in enumerate(zip(lefts, blocks)):
            body.append(block.at(left, y + middle - block.middle))
            if c:
                body.append(
                    text(
                        "+",
                        left - BETWEEN / 2,
                        y + middle,
                        size=theme.OPERATOR,
                        colour=theme.MUTED,
                        align="middle",
                    )
                )
        result = _result(o, names)
        body.append(result.at(right, y + middle - result.middle))
        y += middle + max(block.height - block.middle for block in blocks) + 16
    width = right + max(_result(o, names).width for o in range(len(kernels)))
    return Block("".join(body), width, y - 16, HEIGHT)


def _below(kernels: Sequence[Sequence[Block]], names: Names) -> Block:
    """Put one filter below the other, as a phone has room for; below each kernel stands what it lies on."""
    rows = []
    for o, blocks in enumerate(kernels):
        pieces = []
        for c, block in enumerate(blocks):
            below = label(f"on {entry(names[0], (c,))}", size=theme.SMALL, colour=theme.MUTED)
            whole = column([block, below], 4)
            piece = Block(whole.body, whole.width, whole.height, block.middle)
            pieces.append(row([sign("+"), piece], 6) if c else piece)
        rows.append(flow([*pieces, _result(o, names)], 8))
    return column(rows, 24)


def _said(kernels: Array, o: int, names: Names) -> str:
    parts = [
        f"{entry(names[1], (o, c))} on {entry(names[0], (c,))} ({spoken(kernel)})"
        for c, kernel in enumerate(kernels)
    ]
    if sum(map(len, parts)) > 130:  # of several filters the sentence would be long
        parts = [part.partition(" (")[0] for part in parts]
    joined = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{entry(names[2], (o,))} adds {joined}"
