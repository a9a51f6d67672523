"""The picture of all places of a sliding window: how stride, padding and dilation make the output's length."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, column, paragraph, tag, text, text_width
from convlab.draw._cells import Cell, sheet
from convlab.draw._geometry import Pads, Sliding, sliding
from convlab.draw._numbers import MINUS, Index, entry, number
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture
from convlab.draw._taps import counted

MOST_PLACES = 12
LARGEST = 100  # inputs, padding included
WIDE = 38.0
ROW = 24.0


def places(
    size: SupportsIndex,
    kernel_size: SupportsIndex,
    *,
    stride: SupportsIndex = 1,
    padding: Pads = 0,
    dilation: SupportsIndex = 1,
) -> Picture:
    """Draw every place of a window over a signal: one row for each output entry, below the input's indices.

    Each row shows which indices the taps read. Inputs that no window reads, such as the tail that a stride
    drops, are hatched. Below stands the count.

    Parameters
    ----------
    size, kernel_size : int
    stride, dilation : int
    padding : int, or (left, right)

    Raises
    ------
    ValueError
        If an argument is not an integer in its range, or the window does not fit.

    Examples
    --------
    >>> draw.places(8, 3, stride=2).alt.partition(". ")[2]
    'Output 0 reads 0, 1, 2; output 1 reads 2, 3, 4; output 2 reads 4, 5, 6. No window reads input 7.'
    """
    found = sliding(
        (_length(size, "size"),),
        (_length(kernel_size, "kernel_size"),),
        stride,
        padding,
        dilation,
        ("size", "kernel_size"),
    )
    if found.padded[0] > LARGEST:
        raise ValueError(
            f"size is {size!r}, {found.padded[0]} with padding: at most {LARGEST} inputs can be drawn"
        )
    reads = {
        at: [found.source((at,), (k,))[0] for k in range(found.kernel[0])] for at in range(found.shape[0])
    }
    read = {i for taps in reads.values() for i in taps}
    unread = [i for i in range(found.size[0]) if i not in read]
    left = max(text_width(word, theme.LABEL, bold=True) for word in ("input", f"output[{max(reads)}]")) + 12
    width = min(WIDE, (page_width() - left) / found.padded[0])
    listed = list(reads)
    if len(listed) > MOST_PLACES:
        listed = [*listed[: MOST_PLACES - 2], *listed[-2:]]
    header = _header(found, read, width)
    body = [text("input", 0, header.middle, bold=True), header.at(left, 0)]
    y = header.height + 10
    for previous, at in zip([-1, *listed], listed):
        start = left + (reads[at][0] + found.pads[0][0]) * width
        if at != previous + 1:
            body.append(text(f"… {at - previous - 1} more", 0, y + ROW / 2, colour=theme.MUTED))
            y += ROW + 6
        body.append(text(f"output[{at}]", 0, y + ROW / 2, bold=True))
        body.append(_row(at, reads[at], width, found).at(start, y))
        y += ROW + 6
    block = Block("".join(body), left + found.padded[0] * width, y - 6, 18)
    lines = [paragraph(_count(found), colour=theme.INK, mono=True)]
    if unread:
        lines.append(paragraph(f"hatched: read by no window ({_listed(unread)})"))
    return Picture(_alt(found, reads, unread), column([block, *lines], 10))


def _header(found: Sliding, read: set[int], width: float) -> Block:
    """Return the input's indices, in its cells if they fit, else above some of them."""
    (before, after) = found.pads[0]
    span = range(-before, found.size[0] + after)
    longest = max(text_width(number(i), theme.SMALL, mono=True) for i in (span[0], span[-1]))
    fits = longest + 6 <= width
    cells: dict[Index, Cell] = {}
    for i in span:
        outside = not found.holds((i,))
        fill = theme.OUTSIDE if outside else theme.CELL
        cells[i,] = Cell(number(i) if fits else "", fill=fill, outside=outside, unused=i not in read)
    block = sheet(cells, name="input", width=width, indices=False, size=theme.SMALL)
    if fits:
        return block
    each = next(n for n in (2, 5, 10, 20, 50) if n * width >= longest + 8)
    ticks = [
        text(
            number(i),
            (i + before + 0.5) * width,
            8,
            size=theme.SMALL,
            colour=theme.MUTED,
            align="middle",
            mono=True,
        )
        for i in span
        if i % each == 0 and found.holds((i,))
    ]
    return Block("".join(ticks) + block.at(0, 18), block.width, block.height + 18, block.middle + 18)


def _row(at: int, taps: list[int], width: float, found: Sliding) -> Block:
    """Return the window at one place: a bar from its first tap to its last, and the taps on it."""
    fits = text_width(str(len(taps) - 1), theme.SMALL, mono=True) + 6 <= width
    cells: dict[Index, Cell] = {
        (i,): Cell(
            str(k) if fits else "",
            fill=theme.tap_colour(k, len(taps)),
            tap=k,
            outside=not found.holds((i,)),
        )
        for k, i in enumerate(taps)
    }
    block = sheet(cells, name=f"output[{at}]", width=width, indices=False, height=ROW, size=theme.SMALL)
    if found.dilation == (1,):
        return block
    bar = tag("rect", x=width / 2, y=ROW / 2 - 3, width=block.width - width, height=6, fill=theme.LINE)
    return Block(bar + block.body, block.width, ROW, ROW / 2)


def _count(found: Sliding) -> str:
    """Write how many places there are, with this window's numbers."""
    (size,), (kernel,), (stride,), ((before, after),), (dilation,) = (
        found.size,
        found.kernel,
        found.stride,
        found.pads,
        found.dilation,
    )
    reach = f"{dilation}·({kernel} {MINUS} 1)" if dilation > 1 else f"({kernel} {MINUS} 1)"
    padding = (f" + {before}" if before else "") + (f" + {after}" if after else "")
    room = f"{size}{padding} {MINUS} {reach} {MINUS} 1"
    left = found.padded[0] - found.span[0]
    found_places = counted(left // stride + 1, "place")
    if stride == 1:
        return f"{room} + 1 = {found_places}"
    return f"⌊({room}) / {stride}⌋ + 1 = ⌊{left} / {stride}⌋ + 1 = {found_places}"


def _listed(indices: list[int]) -> str:
    written = ", ".join(entry("input", (i,)) for i in indices[:4])
    return written if len(indices) <= 4 else f"{written}, … {len(indices)} in all"


def _alt(found: Sliding, reads: dict[int, list[int]], unread: list[int]) -> str:
    settings = f", {found.settings}" if found.settings else ""
    alt = f"A window of {counted(found.kernel[0], 'tap')} over {counted(found.size[0], 'input')}{settings}: "
    alt += f"{counted(len(reads), 'place')}. "
    said = [f"output {at} reads {', '.join(map(number, taps))}" for at, taps in reads.items()]
    said = said if sum(map(len, said)) < 300 else [said[0], "and so on", said[-1]]
    alt += f"{'; '.join(said)}.".capitalize()
    if unread:
        listed = ", ".join(map(number, unread[:12])) + (" and others" if len(unread) > 12 else "")
        alt += f" No window reads input{'s' * (len(unread) > 1)} {listed}."
    return alt


def _length(value: SupportsIndex, name: str) -> int:
    try:
        length = operator.index(value)
    except TypeError:
        length = 0
    if length < 1:
        raise ValueError(f"{name} is {value!r}: it must be an integer of at least 1")
    return length
