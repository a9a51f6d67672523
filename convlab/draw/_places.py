"""The picture of all places of a sliding window: how stride, padding and dilation make the output's length."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, clean, column, label, paragraph, tag, text, text_width
from convlab.draw._cells import INDEX_HEIGHT, Cell, sheet
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
    name: str = "",
) -> Picture:
    """Draw every place of a window over a signal: one row for each output entry, below the input.

    The input is empty cells, and zeros for the padding. Each row shows which of them the taps read. What no
    window reads, such as the tail that a stride drops, is hatched. Below stands the count.

    Parameters
    ----------
    size, kernel_size : int
    stride, dilation : int
    padding : int, or (left, right)
    name : str, optional
        A title, for pictures beside each other.

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
    before, after = found.pads[0]
    unread = [i for i in range(-before, found.size[0] + after) if i not in read]
    left = max(text_width(word, theme.LABEL, bold=True) for word in ("input", f"output[{max(reads)}]")) + 12
    width = min(WIDE, (page_width() - left) / found.padded[0])
    listed = list(reads)
    if len(listed) > MOST_PLACES:
        listed = [*listed[: MOST_PLACES - 2], *listed[-2:]]
    header = _header(found, read, width)
    body = [text("input", 0, ROW / 2, bold=True), header.at(left, 0)]
    y = header.height + 8
    for previous, at in zip([-1, *listed], listed):
        start = left + (reads[at][0] + found.pads[0][0]) * width
        if at != previous + 1:
            body.append(text(f"… {at - previous - 1} more", 0, y + ROW / 2, colour=theme.MUTED))
            y += ROW + 6
        body.append(text(f"output[{at}]", 0, y + ROW / 2, bold=True))
        body.append(_row(at, reads[at], width, found).at(start, y))
        y += ROW + 6
    block = Block("".join(body), left + found.padded[0] * width, y - 6, 18)
    key = "coloured: tap k of the kernel" if _numbered(found, width) else "coloured: the taps of the kernel"
    lines = [paragraph(line, colour=theme.INK, mono=True) for line in _count(found)]
    lines.append(paragraph(key, size=theme.SMALL))
    if unread:
        said = f"hatched: read by no window ({_listed(unread, found)})"
        lines.append(paragraph(said, size=theme.SMALL))
    title = [label(clean(name), bold=True)] if name else []
    return Picture(_alt(found, reads, unread, name), column([*title, block, *lines], 10))


def _header(found: Sliding, read: set[int], width: float) -> Block:
    """Return the input's cells, below them their indices, of some of them if there is not room for all."""
    (before, after) = found.pads[0]
    span = range(-before, found.size[0] + after)
    longest = max(text_width(number(i), theme.SMALL, mono=True) for i in (span[0], span[-1]))
    fits = longest + 4 <= width
    zero = "0" if text_width("0", theme.SMALL, mono=True) + 6 <= width else ""
    cells: dict[Index, Cell] = {}
    for i in span:
        outside = not found.holds((i,))
        fill = theme.OUTSIDE if outside else theme.CELL
        cells[i,] = Cell(zero if outside else "", fill=fill, outside=outside, unused=i not in read)
    block = sheet(cells, name="input", width=width, indices=fits, height=ROW, size=theme.SMALL)
    if fits:
        return block
    each = next(n for n in (2, 5, 10, 20, 50) if n * width >= longest + 8)
    ticks = [
        text(
            number(i),
            (i + before + 0.5) * width,
            ROW + INDEX_HEIGHT / 2 + 1,
            size=theme.SMALL,
            colour=theme.MUTED,
            align="middle",
            mono=True,
        )
        for i in span
        if i % each == 0 and found.holds((i,))
    ]
    return Block(block.body + "".join(ticks), block.width, ROW + INDEX_HEIGHT, ROW / 2)


def _numbered(found: Sliding, width: float) -> bool:
    """Return whether the taps' numbers have room in their cells."""
    return text_width(str(found.kernel[0] - 1), theme.SMALL, mono=True) + 6 <= width


def _row(at: int, taps: list[int], width: float, found: Sliding) -> Block:
    """Return the window at one place: a bar from its first tap to its last, and the taps on it."""
    fits = _numbered(found, width)
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


def _count(found: Sliding) -> list[str]:
    """Write how many places there are, with this window's numbers; first its span if taps are spread."""
    (size,), (kernel,), (stride,), ((before, after),), (dilation,) = (
        found.size,
        found.kernel,
        found.stride,
        found.pads,
        found.dilation,
    )
    (span,) = found.span
    lines = [f"span {dilation}·({kernel} {MINUS} 1) + 1 = {span}"] if dilation > 1 else []
    padding = (f" + {before}" if before else "") + (f" + {after}" if after else "")
    room = f"{size}{padding} {MINUS} {span}"
    left = found.padded[0] - span
    found_places = counted(left // stride + 1, "place")
    if stride == 1:
        return [*lines, f"{room} + 1 = {found_places}"]
    return [*lines, f"⌊({room}) / {stride}⌋ + 1 = ⌊{left} / {stride}⌋ + 1 = {found_places}"]


def _listed(unread: list[int], found: Sliding) -> str:
    """Name what no window reads: "input[7], the zero at 8"."""
    written = [entry("input", (i,)) if found.holds((i,)) else f"the zero at {number(i)}" for i in unread[:4]]
    return ", ".join(written) if len(unread) <= 4 else f"{', '.join(written)}, … {len(unread)} in all"


def _alt(found: Sliding, reads: dict[int, list[int]], unread: list[int], name: str) -> str:
    settings = f", {found.settings}" if found.settings else ""
    alt = f"{clean(name)}: a" if name else "A"
    alt += f" window of {counted(found.kernel[0], 'tap')} over {counted(found.size[0], 'input')}{settings}: "
    alt += f"{counted(len(reads), 'place')}. "
    said = [f"output {at} reads {', '.join(map(number, taps))}" for at, taps in reads.items()]
    said = said if sum(map(len, said)) < 300 else [said[0], "and so on", said[-1]]
    alt += f"{'; '.join(said)}.".capitalize()
    inputs, zeros = [i for i in unread if found.holds((i,))], [i for i in unread if not found.holds((i,))]
    parts = [
        f"{what}{'s' * (len(indices) > 1)}{where} {', '.join(map(number, indices[:12]))}"
        + (" and others" if len(indices) > 12 else "")
        for what, where, indices in (("input", "", inputs), ("the zero", " at", zeros))
        if indices
    ]
    return alt + (f" No window reads {' or '.join(parts)}." if parts else "")


def _length(value: SupportsIndex, name: str) -> int:
    try:
        length = operator.index(value)
    except TypeError:
        length = 0
    if length < 1:
        raise ValueError(f"{name} is {value!r}: it must be an integer of at least 1")
    return length
