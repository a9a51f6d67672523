"""Four rows below each other in one picture: what is read, the taps, their products, what the sum goes into.

Their names stand at the left, or above them on a phone. This module must not know what is in the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, text, text_width
from convlab.draw._cells import HEIGHT
from convlab.draw._numbers import Index
from convlab.draw._page import is_phone
from convlab.draw._page import width as page_width

FOR_SIGNS = 24.0  # between two rows
FOR_ARROW = 34.0
FOR_NAME = 24.0  # above a row, on a phone


def room_for_names(names: Iterable[str]) -> float:
    """Return where the rows begin."""
    return 0.0 if is_phone() else max(text_width(name, theme.LABEL, bold=True) for name in names) + 14


def room_for_plus() -> float:
    """Return the room between two products."""
    return 10.0 if is_phone() else 21.0


def type_size() -> float | None:
    """Return the size of the numbers: on a phone smaller, so that more of a row fits."""
    return theme.LABEL if is_phone() else None


def widened(cell: float, count: int, behind: int, result: float) -> float:
    """Return the width of a phone's cells: as wide as a notebook's, if `count` of them fit.

    Behind the first `behind` of them, if any, stands the sum, `result` wide.
    """
    if not is_phone():
        return cell
    room = (page_width() - 30 - result) / behind if behind else page_width()
    return max(cell, min(34.0, page_width() / count, room))


def tops_of(blocks: Sequence[Block]) -> list[float]:
    """Return how far down each of the four rows begins."""
    above = FOR_NAME if is_phone() else 0.0
    tops = [above]
    for gap, block in zip((FOR_SIGNS, FOR_SIGNS, FOR_ARROW), blocks):
        tops.append(tops[-1] + block.height + gap + above)
    return tops


def level_of_arrow(bottom: float, top: float) -> float:
    """Return the height at which an arrow from the third row (its bottom) to the last (its top) runs level."""
    return (bottom + top - (FOR_NAME if is_phone() else 0.0)) / 2


def named(shapes: Mapping[str, Index], tops: Sequence[float], into: float) -> list[str]:
    """Return the rows' names and shapes; at `into` an arrow comes down to the last row."""
    body = []
    for place, ((name, shape), top) in enumerate(zip(shapes.items(), tops)):
        written = str(shape) if shape else ""
        if not is_phone():
            middle = top + HEIGHT / 2
            body.append(text(name, 0, middle - (8 if shape else 0), bold=True))
            if shape:
                body.append(text(written, 0, middle + 9, size=theme.SMALL, colour=theme.MUTED))
            continue
        last = place == len(tops) - 1
        y = top - 14 - (0 if last or not place else FOR_SIGNS)
        length = text_width(name, theme.LABEL, bold=True) + 6
        x = into + 12 if last and into < length + text_width(written, theme.SMALL) + 8 else 0.0
        body.append(text(name, x, y, bold=True))
        if shape:
            body.append(text(written, x + length, y, size=theme.SMALL, colour=theme.MUTED))
    return body
