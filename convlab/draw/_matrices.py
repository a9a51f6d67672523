"""The picture of a matrix whose structure is the point: which entries are zero, which are equal, which blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, clean, column, coordinate, flow, paragraph, swatch, tag, text_width
from convlab.draw._cells import Cell, as_axes, sheet, titled, with_axes
from convlab.draw._geometry import integers
from convlab.draw._images import LARGEST_IMAGE, pixel_block
from convlab.draw._numbers import Array, Index, as_array, extent, number, size
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture

MOST_ROWS = 40  # with numbers
ROW = 22.0
SMALLEST, WIDEST = 20.0, 30.0  # of a cell that holds a number
PIXEL = 12.0  # of one that does not
TALLEST = 480.0
INDICES = 34.0  # room for the indices of rows
NOTE = 190.0  # as long as a line below a small matrix may be
STEPS = 100  # colours on each side of zero: more than an eye can tell, few enough for a palette


def matrix(
    values: npt.ArrayLike,
    *,
    blocks: tuple[SupportsIndex, SupportsIndex] | None = None,
    empty: str | None = None,
    name: str = "matrix",
    taps: npt.ArrayLike | None = None,
    like: npt.ArrayLike | None = None,
    groups: str | None = None,
    axes: Sequence[str] = (),
    note: str = "",
) -> Picture:
    """Draw a matrix so that its structure shows: zeros are left empty, equal numbers have one colour.

    Numbers are written where they fit. Of more than nine different numbers, colours say sign and size: blue
    below zero, orange above; `taps` and `groups` say otherwise.

    Parameters
    ----------
    values : array_like, shape (M, N), at most 512 × 512
    blocks : (rows, columns), optional
        Draw a line after every so many rows and columns.
    empty : str, optional
        What a 0 stands for where it is no number, such as "no product" in a table of turns. It is written below.
    name : str
    taps : array_like, optional
        The kernel whose taps the matrix holds, at most nine, all different: a number has the colour that this tap
        has in every other picture.
    like : array_like, shape (M, N), optional
        The numbers that give the colours, where they are others than `values`: with `taps`, the taps themselves.
    groups : {"rows", "columns"}, optional
        Give every row, or every column, of blocks a colour of its own.
    axes : (rows, columns), optional
        What the rows and the columns are.
    note : str
        A line below the picture.

    Raises
    ------
    ValueError
        If `values` is not a 2-D array of real numbers or too large, `blocks` are not two positive integers, or
        `taps`, `like` or `groups` do not fit them.

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
    keys, colours = _coloured(array, parts, taps, like, groups)
    called = as_axes(axes)
    filled = int(np.count_nonzero(array))
    drawn = _numbers(array, keys, colours, parts, name, called) or _pixels(keys, colours, parts, name)
    share = f"{filled} of {array.size} " + ("entries are not 0" if empty is None else "cells hold a number")
    meaning = "empty cells are 0" if empty is None else f"empty: {clean(empty)}"
    said = f"{share}; {meaning}" if filled < array.size else share
    width = max(drawn.width, NOTE)
    notes = [paragraph(line, width, size=theme.SMALL) for line in (said, clean(note)) if line]
    if groups is not None:
        notes.insert(0, flow([swatch(c, f"group {key - 1:g}") for key, c in colours.items()], 12, width))
    elif "data-index" not in drawn.body:
        notes.insert(0, _key(keys, colours))
    block = column([titled(drawn, name, str(array.shape)), *notes], 6)
    alt = f"Matrix {name}, {size(array.shape)}: {share}, values {extent(array)}."
    if parts is not None:
        alt += f" Lines part it into blocks of {size(parts)}."
    if called:
        alt += f" The rows are: {called[0]}. The columns are: {called[1]}."
    if array.shape[1] <= 24:
        alt += f" First row: {', '.join(map(number, array[0].tolist()))}."
    return Picture(f"{alt} {clean(note)}." if note else alt, block)


def _coloured(
    array: Array,
    parts: Index | None,
    taps: npt.ArrayLike | None,
    like: npt.ArrayLike | None,
    groups: str | None,
) -> tuple[Array, dict[float, str]]:
    """Return the numbers that give the colours, shape (M, N), and the fill of each but zero."""
    keys = array if like is None else as_array(like, "like", (2,))
    if keys.shape != array.shape:
        raise ValueError(f"like has shape {keys.shape}: here it must be {array.shape}")
    if groups is not None:
        if groups not in ("rows", "columns") or parts is None:
            raise ValueError(f"groups is {groups!r}: it must be 'rows' or 'columns', of the blocks given")
        axis = ("rows", "columns").index(groups)
        keys = (np.indices(array.shape)[axis] // parts[axis] + 1) * (array != 0)
        count = -(-array.shape[axis] // parts[axis])
        return keys, {float(g + 1): theme.TAPS[g % len(theme.TAPS)] for g in range(count)}
    if taps is None:
        return keys, _colours(keys)
    kernel = as_array(taps, "taps", (1, 2)).ravel().tolist()
    if len(kernel) > len(theme.TAPS) or len(set(kernel)) < len(kernel):
        raise ValueError(
            f"taps holds {kernel}: it must hold at most {len(theme.TAPS)} numbers, all different"
        )
    strange = set(keys.ravel().tolist()) - {0, *kernel}
    if strange:
        raise ValueError(f"taps holds {kernel}: {number(min(strange))} in the matrix is none of them")
    return keys, {value: theme.tap_colour(k, len(kernel)) for k, value in enumerate(kernel) if value}


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


def _numbers(
    array: Array,
    keys: Array,
    colours: dict[float, str],
    parts: Sequence[int] | None,
    name: str,
    axes: Sequence[str],
) -> Block | None:
    """Return the matrix with its numbers, or nothing if they do not fit."""
    height, width = array.shape
    coloured = keys.tolist()
    room = page_width() - max(INDICES, text_width(f"{axes[0]} ↓", theme.SMALL) + 8 if axes else 0)
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
        (y, x): Cell(
            written.get((y, x), ""), (), colours.get(coloured[y][x], theme.EMPTY), bare=not values[y][x]
        )
        for y, x in np.ndindex(height, width)
    }
    block = sheet(cells, name=name, width=cell, height=ROW, size=theme.SMALL)
    left, top = block.width - width * cell, block.height - height * ROW
    lines = _lines(array.shape, parts, left, top, cell, ROW)
    block = Block(
        _ground(array.shape, left, top, cell) + block.body + lines, block.width, block.height, block.middle
    )
    return with_axes(block, axes, left) if axes else block


def _ground(shape: Index, left: float, top: float, cell: float) -> str:
    """Return the empty matrix: most entries of a large one are 0, and a cell for each would be most of the picture."""
    rows, columns = shape
    path = "".join(
        f"M{coordinate(left + x * cell)} {coordinate(top)}v{coordinate(rows * ROW)}"
        for x in range(columns + 1)
    )
    path += "".join(
        f"M{coordinate(left)} {coordinate(top + y * ROW)}h{coordinate(columns * cell)}"
        for y in range(rows + 1)
    )
    ground = tag("rect", x=left, y=top, width=columns * cell, height=rows * ROW, fill=theme.EMPTY)
    return ground + tag("path", d=path, fill="none", stroke=theme.LINE)


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
