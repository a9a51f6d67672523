"""Pictures of convolution as a matrix product: windows turned into columns, and any matrix with its blocks."""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._canvas import (
    Block,
    clean,
    column,
    coordinate,
    label,
    tag,
    text_width,
)
from convlab.draw._cells import Cell, sheet, titled
from convlab.draw._geometry import integers
from convlab.draw._images import LARGEST_IMAGE, pixel_block
from convlab.draw._numbers import Index, as_array, extent, number, size
from convlab.draw._picture import Picture

ROW = 26.0
SMALLEST = 20.0  # a cell that still holds a number
MOST_ROWS = 32
MOST_WINDOWS = 16
MOST_GRID = 8


def matrix(
    values: npt.ArrayLike, *, blocks: tuple[SupportsIndex, SupportsIndex] | None = None, name: str = "matrix"
) -> Picture:
    """Draw a matrix so that its structure shows: zeros are empty, equal numbers have one colour.

    Numbers are written where they fit. Of more than nine different numbers, the sign and size give the colour.

    Parameters
    ----------
    values : array_like, shape (M, N), at most 512 × 512
    blocks : (rows, columns), optional
        Draw a line after every so many rows and columns.
    name : str

    Raises
    ------
    ValueError
        If `values` is not a 2-D array of real numbers or too large, or `blocks` are not two positive integers.
    """
    array = as_array(values, "values", (2,), "; draw.signal draws one dimension")
    name = clean(name)
    lines = None if blocks is None else integers(blocks)
    if blocks is not None and (lines is None or len(lines) != 2 or min(lines) < 1):
        raise ValueError(f"blocks is {blocks!r}: it must be (rows, columns), two integers of at least 1")
    height, width = array.shape
    if max(array.shape) > LARGEST_IMAGE:
        raise ValueError(
            f"values has shape {array.shape}: at most {LARGEST_IMAGE} by {LARGEST_IMAGE} can be drawn"
        )
    distinct = list(dict.fromkeys(value for value in array.ravel().tolist() if value != 0))
    colours = _matrix_colours(distinct)
    written = {index: number(value) for index, value in np.ndenumerate(array) if value != 0}
    cell = max([SMALLEST, *(text_width(word, theme.SMALL, mono=True) + 6 for word in written.values())])
    room = theme.PAGE - 34
    if cell * width <= room and height <= MOST_ROWS:
        cell = max(cell, min(28.0, room / width))
        cells = {
            index: Cell(written.get(index, ""), fill=colours.get(array[index].item(), theme.EMPTY))
            for index in np.ndindex(height, width)
        }
        body = sheet(cells, name=name, width=cell, height=max(22.0, min(cell, 26.0)), size=theme.SMALL)
        left, top = body.width - width * cell, body.height - height * max(22.0, min(cell, 26.0))
        side_x, side_y = cell, max(22.0, min(cell, 26.0))
    else:
        side_x = side_y = max(1.0, float(int(min(room / width, 480 / height, 12))))
        if room / width < 1:
            side_x = side_y = room / width
        palette = [theme.EMPTY, *dict.fromkeys(colours.values())][:256]
        known = {colour: row for row, colour in enumerate(palette)}
        pixels = np.array(
            [[known.get(colours.get(value, theme.EMPTY), 0) for value in line] for line in array.tolist()],
            np.uint8,
        )
        rgb = np.array([theme.channels(colour) for colour in palette], np.uint8)
        body = pixel_block(pixels, rgb, name, width * side_x, height * side_y)
        left = top = 0.0
    drawn = body.body
    if lines is not None:
        drawn += _block_lines(array.shape, lines, left, top, side_x, side_y)
    block = titled(Block(drawn, body.width, body.height, body.middle), name, str(array.shape))
    filled = len(written)
    share = f"{filled} of {array.size} entries are not 0"
    block = column([block, label(f"{share}; empty cells are 0", size=theme.SMALL, colour=theme.MUTED)], 6)
    alt = f"Matrix {name}, {size(array.shape)}: {share}, values {extent(array)}."
    if lines is not None:
        alt += f" Lines part it into blocks of {size(lines)}."
    if width <= 24:
        alt += f" First row: {', '.join(map(number, array[0].tolist()))}."
    return Picture(alt, block)


def _matrix_colours(distinct: list[float]) -> dict[float, str]:
    """Return a fill for each number but zero: of few numbers one each, of many by sign and size."""
    if len(distinct) <= len(theme.TAPS):
        return dict(zip(distinct, theme.TAPS))
    largest = max((abs(value) for value in distinct if np.isfinite(value)), default=1.0)
    # 100 steps to a side are more than an eye can tell, and few enough for a palette.
    return {
        value: theme.diverging(round(max(-1.0, min(1.0, value / largest)) * 100) / 100, theme.HEAT_DEPTH)
        for value in distinct
        if value == value
    }


def _block_lines(shape: Index, blocks: Index, left: float, top: float, side_x: float, side_y: float) -> str:
    (height, width), (rows, columns) = shape, blocks
    path = ""
    for x in [*range(0, width, columns), width]:
        path += f"M{coordinate(left + x * side_x)} {coordinate(top)}v{coordinate(height * side_y)}"
    for y in [*range(0, height, rows), height]:
        path += f"M{coordinate(left)} {coordinate(top + y * side_y)}h{coordinate(width * side_x)}"
    return tag("path", d=path, fill="none", stroke=theme.WINDOW, stroke_width=2.5, stroke_linecap="square")
