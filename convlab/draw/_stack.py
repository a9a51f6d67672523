"""The picture of an array with several channels: sheets lying on each other."""

from __future__ import annotations

import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import as_window, outlines, same_part, spoken, tinted, with_part_shown
from convlab.draw._canvas import Block, clean, column, flow, label, row, tag
from convlab.draw._cells import sheet, titled
from convlab.draw._numbers import as_array, size
from convlab.draw._page import is_phone
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture
from convlab.draw._taps import counted

MOST_CHANNELS = 8
MOST_CELLS = 8
TWO_IN_A_ROW, THREE_IN_A_ROW = 306.0, 190.0  # room for the cells of one sheet
SHIFT = 26.0  # from one sheet of a stack to the next, downwards
COVERED = 10.0  # of a sheet's margin, by the next one


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
    if flat:
        page = page_width() - (0 if is_phone() else 120)
    else:
        page = min(TWO_IN_A_ROW if count <= 4 else THREE_IN_A_ROW, page_width() - 60)
    cells, width = same_part(values[:count], around=inside, most=None if flat else MOST_CELLS, page=page)
    shown = [tinted(one, inside) for one in cells]
    sheets = [
        sheet(
            one,
            name=f"{name}[{channel}]",
            outlines=outlines(inside),
            width=width,
            indices=not flat or channel == count - 1,
        )
        for channel, one in enumerate(shown)
    ]
    if flat:
        words = [label(f"channel {c}", bold=True) for c in range(count)]
        joined = column if is_phone() else row
        lines = [joined([word, block], 2 if is_phone() else theme.GAP) for word, block in zip(words, sheets)]
        block = column(lines, 6)
    else:
        block = _sheets(sheets)
    block = with_part_shown(titled(block, name, str(values.shape)), shown[0], values.shape[1:])
    if count < len(values):
        more = label(f"… and {counted(len(values) - count, 'more channel')}", colour=theme.MUTED)
        block = column([block, more], 6)
    what = f"length {values.shape[1]}" if flat else size(values.shape[1:])
    alt = f"Stack {name} of {counted(len(values), 'channel')}, each {what}: "
    alt += "; ".join(f"channel {c}: {spoken(values[c])}" for c in range(min(count, 3)))
    alt += "; and so on." if len(values) > 3 else "."
    return Picture(alt + (f" A window outlines {said} of every channel." if inside else ""), block)


def _sheets(sheets: list[Block]) -> Block:
    """Return sheets of paper lying on each other, each lower and further right, or else beside each other."""
    papers = [_paper(block, channel, COVERED) for channel, block in enumerate(sheets)]
    step = papers[0].width - COVERED
    width = step * (len(papers) - 1) + papers[-1].width
    if width > page_width():
        apart = [_paper(block, channel, 0) for channel, block in enumerate(sheets)]
        wide = max(paper.width for paper in apart) + 8
        # Lines of equal length: of four sheets two and two, not three and one.
        lines = -(-len(apart) // max(1, int((page_width() + 8) // wide)))
        return flow(apart, 8, -(-len(apart) // lines) * wide)
    body = [paper.at(step * c, SHIFT * c) for c, paper in enumerate(papers)]
    height = max(SHIFT * c + paper.height for c, paper in enumerate(papers))
    return Block("".join(body), width, height, height / 2)


def _paper(block: Block, channel: int, margin: float) -> Block:
    """Return one sheet, with a wider margin at its right for the next one to lie on."""
    inner = titled(block, f"channel {channel}")
    width, height = inner.width + 2 * 12 + margin, inner.height + 2 * 12
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
    return Block(paper + inner.at(12, 12), width, height, height / 2)
