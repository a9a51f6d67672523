"""Pieces of SVG, how much room text takes, and how pieces are put beside or below each other.

Text cannot be measured here, and fonts differ between machines: widths are the widest of the usual
system fonts, so text never leaves its place. This module must not know about arrays.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from convlab.draw import _theme as theme
from convlab.draw._page import width as page_width

# What XML 1.0 cannot hold, and line breaks, which SVG does not draw.
_FORBIDDEN = re.compile("[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Advances in units of the type size: the widest of DejaVu Sans, Liberation Sans (wide as Arial) and Roboto.
_MONO_WIDTH = 0.62
_WIDTHS = {
    character: width
    for width, characters in (
        (0.35, " .,:;'|ijlI"),
        (0.42, "!()[]-/\\ftr"),
        (0.56, '"?_`cszJ*'),
        (0.67, "EFKLPSTY"),
        (0.84, "#+<=>^~w"),
        (1.02, "mMW%@"),
    )
    for character in characters
}
_BOLD = 1.16


def clean(content: str) -> str:
    """Return text that XML can hold, on one line."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", " ".join(str(content).split()))


def text_width(content: str, size: float, *, mono: bool = False, bold: bool = False) -> float:
    """Return the room that a line of text needs in any of the fonts it may be shown in."""
    if mono:
        return sum(_MONO_WIDTH if ord(c) < 0x2E80 else 1.1 for c in content) * size
    units = 0.0
    for c in content:
        if c in _WIDTHS:
            units += _WIDTHS[c]
        elif c.isascii():
            units += 0.79 if c.isupper() else 0.64
        else:
            units += 0.85 if ord(c) < 0x2E80 else 1.1
    return units * size * (_BOLD if bold else 1.0)


def coordinate(value: float) -> str:
    """Write a coordinate with at most two decimals."""
    written = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def tag(name: str, *children: str, **attributes: str | float | None) -> str:
    """Return one SVG element; attributes that are None are left out, `_` in their names means `-`."""
    parts = [name]
    for key, value in attributes.items():
        if value is not None:
            written = value if isinstance(value, str) else coordinate(value)
            parts.append(f'{key.rstrip("_").replace("_", "-")}="{html.escape(written)}"')
    opening = " ".join(parts)
    return f"<{opening}>{''.join(children)}</{name}>" if children else f"<{opening}/>"


def text(
    content: str,
    x: float,
    y: float,
    *,
    size: float = theme.LABEL,
    colour: str = theme.INK,
    align: str = "start",
    mono: bool = False,
    bold: bool = False,
) -> str:
    """Return a line of text whose middle line (of digits and capitals) is at `y`."""
    return tag(
        "text",
        html.escape(content, quote=False),
        x=x,
        y=y + 0.36 * size,
        font_family=None if mono else theme.SANS,  # a picture's outermost group says MONO, for brevity
        font_size=size,
        font_weight="600" if bold else None,
        text_anchor=None if align == "start" else align,
        fill=colour,
    )


def arrow(points: Sequence[tuple[float, float]], colour: str) -> str:
    """Return a line through the points (only level and upright pieces) with a head at the last one."""
    (x0, y0), (x1, y1) = points[-2:]
    length = abs(x1 - x0) + abs(y1 - y0)
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    shaft = [*points[:-1], (x1 - 6 * dx, y1 - 6 * dy)]
    corners = [
        (x1, y1),
        (x1 - 9 * dx - 5 * dy, y1 - 9 * dy + 5 * dx),
        (x1 - 9 * dx + 5 * dy, y1 - 9 * dy - 5 * dx),
    ]
    path = "M" + "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in shaft)
    head = "M" + "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in corners) + "Z"
    line = tag("path", d=path, fill="none", stroke=colour, stroke_width=2, stroke_linejoin="round")
    return line + tag("path", d=head, fill=colour)


def hatch(x: float, y: float, width: float, height: float, gap: float = 6) -> str:
    """Return slanting lines over a rectangle."""
    path, offset = "", gap
    while offset < width + height:
        # The line u + v = offset, between the sides of the rectangle.
        x0, x1 = max(0.0, offset - height), min(width, offset)
        path += f"M{coordinate(x + x0)} {coordinate(y + offset - x0)}"
        path += f"L{coordinate(x + x1)} {coordinate(y + offset - x1)}"
        offset += gap
    return tag("path", d=path, fill="none", stroke=theme.HATCH)


@dataclass(frozen=True)
class Block:
    """A drawn piece: SVG whose upper left corner is (0, 0), its size, and the height at which it lines up."""

    body: str
    width: float
    height: float
    middle: float

    def at(self, x: float, y: float) -> str:
        """Return the piece moved to (x, y)."""
        if not x and not y:
            return self.body
        return tag("g", self.body, transform=f"translate({coordinate(x)} {coordinate(y)})")


def label(
    content: str,
    *,
    size: float = theme.LABEL,
    colour: str = theme.INK,
    mono: bool = False,
    bold: bool = False,
) -> Block:
    """Return a line of text as a piece."""
    width, height = text_width(content, size, mono=mono, bold=bold), size * 1.4
    body = text(content, 0, height / 2, size=size, colour=colour, mono=mono, bold=bold)
    return Block(body, width, height, height / 2)


def paragraph(
    content: str,
    width: float | None = None,
    *,
    size: float = theme.LABEL,
    colour: str = theme.MUTED,
    mono: bool = False,
) -> Block:
    """Return text as a piece, on as many lines as `width` needs."""
    width = page_width() if width is None else width
    lines: list[str] = []
    for word in content.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, mono=mono) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return column([label(line, size=size, colour=colour, mono=mono) for line in lines], 2)


def operator(sign: str) -> Block:
    """Return the sign that stands between two arrays: × or =."""
    width = theme.OPERATOR
    body = text(sign, width / 2, width / 2, size=theme.OPERATOR, colour=theme.MUTED, align="middle")
    return Block(body, width, width, width / 2)


def arrow_right(colour: str, length: float = 34) -> Block:
    """Return an arrow that leads to the next piece."""
    return Block(arrow([(0, 6), (length, 6)], colour), length, 12, 6)


def arrow_down(colour: str, length: float = 24) -> Block:
    """Return an arrow that leads to the piece below."""
    return Block(arrow([(6, 0), (6, length)], colour), 12, length, length / 2)


def row(blocks: Sequence[Block], gap: float = theme.GAP) -> Block:
    """Put pieces beside each other, their middles on one line."""
    above = max(block.middle for block in blocks)
    below = max(block.height - block.middle for block in blocks)
    body, x = [], 0.0
    for block in blocks:
        body.append(block.at(x, above - block.middle))
        x += block.width + gap
    return Block("".join(body), x - gap, above + below, above)


def column(blocks: Sequence[Block], gap: float = theme.GAP, *, centre: bool = False) -> Block:
    """Put pieces below each other, flush left or centred."""
    width = max(block.width for block in blocks)
    body, y = [], 0.0
    for block in blocks:
        body.append(block.at((width - block.width) / 2 if centre else 0, y))
        y += block.height + gap
    return Block("".join(body), width, y - gap, (y - gap) / 2)


def swatch(colour: str, value: str) -> Block:
    """Return a small square of a colour and what it stands for."""
    square = tag("rect", x=0.5, y=0.5, width=12, height=12, fill=colour, stroke=theme.LINE)
    return row([Block(square, 13, 13, 6.5), label(value, size=theme.SMALL, colour=theme.MUTED, mono=True)], 5)


def flow(blocks: Sequence[Block], gap: float = theme.GAP, width: float | None = None) -> Block:
    """Put pieces beside each other, and on a new line what does not fit `width`."""
    width = page_width() if width is None else width
    lines: list[list[Block]] = []
    used = 0.0
    for block in blocks:
        if lines and used + gap + block.width <= width:
            lines[-1].append(block)
            used += gap + block.width
        else:
            lines.append([block])
            used = block.width
    return column([row(line, gap) for line in lines], gap)
