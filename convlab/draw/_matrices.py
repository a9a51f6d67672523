"""The picture of a matrix whose structure is the point: which entries are zero, which are equal, which blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, clean, column, coordinate, flow, paragraph, tag, text_width
from convlab.draw._cells import Cell, sheet, titled
from convlab.draw._geometry import integers
from convlab.draw._images import LARGEST_IMAGE, pixel_block, swatch
from convlab.draw._numbers import Array, Index, as_array, extent, number, size
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture

MOST_ROWS = 40  # with numbers
ROW = 22.0
SMALLEST, WIDEST = 20.0, 30.0  # of a cell that holds a number
PIXEL = 12.0  # of one that does not
TALLEST = 480.0
INDICES = 34.0  # room for the indices of rows
STEPS = 100  # colours on each side of zero: more than an eye can tell, few enough for a palette


def matrix(
    values: npt.ArrayLike,
    *,
    blocks: tuple[SupportsIndex, SupportsIndex] | None = None,
    empty: str | None = None,
    name: str = "matrix",
) -> Picture:
    """Draw a matrix so that its structure shows: zeros are left empty, equal numbers have one colour.

    Numbers are written where they fit. Of more than nine different numbers, colours say sign and size: blue
    below zero, orange above.

    Parameters
    ----------
    values : array_like, shape (M, N), at most 512 × 512
    blocks : (rows, columns), optional
        Draw a line after every so many rows and columns.
    empty : str, optional
        What a 0 stands for where it is no number, such as "no product" in a table of turns. It is written below.
    name : str

    Raises
    ------
    ValueError
        If `values` is not a 2-D array of real numbers or too large, or `blocks` are not two positive integers.

    Examples
    --------
    >>> draw.matrix([[1, 2, 0], [0, 1, 2]]).alt
    'Matrix matrix, 2 by 3: 4 of 6 entries are not 0, values from 0 to 2. First row: 1, 2, 0.'
    """
    array = as_array(values, "values", (2,), "; draw.signal draws one dimension")
    name = clean(name)
    parts = None if blocks is None else integers(blocks)
    if blocks is not None and (parts is None or len(parts) != 2 or min(parts) < 1):
        raise ValueError(f"blocks is {blocks!r}: it must be (rows, columns), two integers of at least 1")
    if max(array.shape) > LARGEST_IMAGE:
        raise ValueError(
            f"values has shape {array.shape}: at most {LARGEST_IMAGE} by {LARGEST_IMAGE} are drawn; "
            "take a part, such as values[:100, :100]"
        )
    colours = _colours(array)
    filled = int(np.count_nonzero(array))
    drawn = _numbers(array, colours, parts, name) or _pixels(array, colours, parts, name)
    share = f"{filled} of {array.size} " + ("entries are not 0" if empty is None else "cells hold a number")
    meaning = "empty cells are 0" if empty is None else f"empty: {clean(empty)}"
    said = f"{share}; {meaning}" if filled < array.size else share
    notes = [paragraph(said, max(drawn.width, 300.0), size=theme.SMALL)]
    if "data-index" not in drawn.body:
        notes.insert(0, _key(array, colours))
    block = column([titled(drawn, name, str(array.shape)), *notes], 6)
    alt = f"Matrix {name}, {size(array.shape)}: {share}, values {extent(array)}."
    if parts is not None:
        alt += f" Lines part it into blocks of {size(parts)}."
    if array.shape[1] <= 24:
        alt += f" First row: {', '.join(map(number, array[0].tolist()))}."
    return Picture(alt, block)


def _colours(array: Array) -> dict[float, str]:
    """Return a fill for each number but zero: of few numbers one each, of many by sign and size."""
    distinct = [value for value in dict.fromkeys(array.ravel().tolist()) if value != 0]
    if len(distinct) <= len(theme.TAPS):
        return dict(zip(distinct, theme.TAPS))
    largest = _largest(array)
    return {
        value: theme.diverging(round(max(-1.0, min(1.0, value / largest)) * STEPS) / STEPS, theme.HEAT_DEPTH)
        for value in distinct
        if value == value
    }


def _largest(array: Array) -> float:
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max(initial=0.0)) or 1.0


def _numbers(array: Array, colours: dict[float, str], parts: Sequence[int] | None, name: str) -> Block | None:
    """Return the matrix with its numbers, or nothing if they do not fit."""
    height, width = array.shape
    room = page_width() - INDICES
    if height > MOST_ROWS or width * SMALLEST > room:
        return None
    values = array.tolist()
    written = {
        (y, x): number(value) for y, line in enumerate(values) for x, value in enumerate(line) if value != 0
    }
    needed = max([SMALLEST, *(text_width(word, theme.SMALL, mono=True) + 5 for word in written.values())])
    if needed * width > room:
        return None
    cell = max(needed, min(WIDEST, room / width))
    cells: dict[Index, Cell] = {
        (y, x): Cell(written.get((y, x), ""), fill=colours.get(values[y][x], theme.EMPTY))
        for y, x in np.ndindex(height, width)
    }
    block = sheet(cells, name=name, width=cell, height=ROW, size=theme.SMALL)
    left, top = block.width - width * cell, block.height - height * ROW
    lines = _lines(array.shape, parts, left, top, cell, ROW)
    return Block(block.body + lines, block.width, block.height, block.middle)


def _pixels(array: Array, colours: dict[float, str], parts: Sequence[int] | None, name: str) -> Block:
    """Return the matrix as pixels."""
    height, width = array.shape
    side = min(page_width() / width, TALLEST / height, PIXEL)
    side = float(int(side)) if side >= 1 else side  # whole pixels, unless there are too many
    palette = list(dict.fromkeys([theme.EMPTY, theme.MISSING, *colours.values()]))
    rows = {colour: row for row, colour in enumerate(palette)}
    pixels = [
        [rows[colours.get(value, theme.EMPTY if value == value else theme.MISSING)] for value in line]
        for line in array.tolist()
    ]
    triples = np.array([theme.channels(colour) for colour in palette], dtype=np.uint8)
    block = pixel_block(np.array(pixels, dtype=np.uint8), triples, name, width * side, height * side)
    lines = _lines(array.shape, parts, 0.0, 0.0, side, side)
    return Block(block.body + lines, block.width, block.height, block.middle)


def _key(array: Array, colours: dict[float, str]) -> Block:
    """Return what the colours of pixels mean."""
    if len(colours) <= len(theme.TAPS):
        return flow(
            [swatch(colour, number(value)) for value, colour in colours.items()] or [Block("", 0, 0, 0)], 12
        )
    largest = _largest(array)
    ends = [(theme.diverging(side, theme.HEAT_DEPTH), number(side * largest)) for side in (-1, 1)]
    return flow([swatch(colour, value) for colour, value in ends], 12)


def _lines(
    shape: Index, parts: Sequence[int] | None, left: float, top: float, width: float, height: float
) -> str:
    """Return the lines between blocks."""
    if parts is None:
        return ""
    rows, columns = shape
    path = ""
    for x in [*range(0, columns, parts[1]), columns]:
        path += f"M{coordinate(left + x * width)} {coordinate(top)}v{coordinate(rows * height)}"
    for y in [*range(0, rows, parts[0]), rows]:
        path += f"M{coordinate(left)} {coordinate(top + y * height)}h{coordinate(columns * width)}"
    return tag(
        "path",
        d=path,
        fill="none",
        stroke=theme.WINDOW,
        stroke_width=2.5,
        stroke_linecap="square",
        data_blocks=f"{parts[0]},{parts[1]}",
    )
