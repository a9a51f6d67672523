"""Pictures of convolution as a matrix product: windows turned into columns, and any matrix with its blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import number_cells, outlines, spoken, with_part_shown
from convlab.draw._canvas import (
    Block,
    clean,
    column,
    coordinate,
    flow,
    label,
    tag,
    text,
    text_width,
)
from convlab.draw._cells import Cell, Outline, cell_width, sheet, titled
from convlab.draw._geometry import Pads, Sliding, Whole, integers, per_axis, sliding
from convlab.draw._images import LARGEST_IMAGE, pixel_block
from convlab.draw._numbers import Array, Index, as_array, entry, extent, number, size
from convlab.draw._picture import Picture

ROW = 26.0
SMALLEST = 20.0  # a cell that still holds a number
MOST_ROWS = 32
MOST_WINDOWS = 16
MOST_GRID = 8


def im2col(
    input: npt.ArrayLike,
    kernel_size: Whole,
    *,
    stride: Whole = 1,
    padding: Pads = 0,
    dilation: Whole = 1,
) -> Picture:
    """Draw how windows become the columns of a matrix: each column has one colour, and so has its window.

    Parameters
    ----------
    input : array_like, shape (H, W), or (C, H, W) with few channels
    kernel_size : int, or (kh, kw)
    stride, padding, dilation
        As for `window`.

    Returns
    -------
    Picture
        The input; above each column of the matrix its window, small; the matrix, of shape
        (kh * kw, places) or (C * kh * kw, places).

    Raises
    ------
    ValueError
        If the input has another rank or more than 4 channels, or the windows do not fit.
    """
    given = as_array(input, "input", (2, 3), "; take one example, such as input[0]")
    array = given if given.ndim == 3 else given[None]
    if len(array) > 4:
        raise ValueError(f"input has shape {given.shape}: at most 4 channels can be drawn")
    kernel = per_axis(kernel_size, 2, "kernel_size", 1)
    found = sliding(array.shape[1:], kernel, stride, padding, dilation, ("input", "kernel_size"))
    places, taps = list(np.ndindex(*found.shape)), list(np.ndindex(*kernel))
    rows = [(c, *tap) for c in range(len(array)) for tap in taps]
    values: dict[Index, float] = {
        (r, p): _read(array[c], found.source(place, tap))
        for r, (c, *tap_) in enumerate(rows)
        for tap in [tuple(tap_)]
        for p, place in enumerate(places)
    }
    first = [found.source(places[0], tap) for tap in taps]
    grids = []
    for c, channel in enumerate(array):
        cells = number_cells(channel, most=MOST_GRID + 2, page=theme.PAGE - 30, pads=found.pads)
        for index in first:
            if index in cells:
                old = cells[index]
                cells[index] = Cell(old.text, fill=_colour(0), outside=old.outside)
        title = "input" if given.ndim == 2 else f"input[{c}]"
        block = titled(sheet(cells, name=title, outlines=outlines(first)), title, str(channel.shape))
        grids.append(with_part_shown(block, cells, channel.shape))
    matrix = _columns(values, rows, places, found, given.ndim == 2)
    lead = label("each window, row by row, is one column", size=theme.SMALL, colour=theme.MUTED)
    source = flow(grids)
    source = column([source, lead], 8)
    block = flow([source, matrix], 28)
    shape = (len(rows), len(places))
    channels = "" if given.ndim == 2 else f"{len(array)} channels, "
    alt = (
        f"Input, {channels}{size(array.shape[1:])}, and the matrix of its {len(places)} windows of {size(kernel)}"
        f"{', ' + found.settings if found.settings else ''}: {size(shape)}, one column for each window. "
    )
    numbers = np.array([[values[r, p] for p in range(shape[1])] for r in range(shape[0])])
    for p in range(min(2, shape[1])):
        alt += f"Column {p}, the window at {entry('', places[p])}: {spoken(numbers[:, p])}. "
    return Picture(alt.rstrip(), block)


def _read(channel: Array, source: Index) -> float:
    inside = all(0 <= i < n for i, n in zip(source, channel.shape))
    value: float = channel[source].item() if inside else channel.dtype.type(0).item()
    return value


def _colour(place: int) -> str:
    return theme.TAPS[place % len(theme.TAPS)]


def _columns(
    values: dict[Index, float],
    rows: Sequence[Index],
    places: Sequence[Index],
    found: Sliding,
    single: bool,
) -> Block:
    """Return the matrix, above each column its window's place, drawn small."""
    labels = [entry("", r[1:] if single else r).replace(" ", "") for r in rows]
    left = max(text_width(word, theme.SMALL, mono=True) for word in labels) + 8
    words = [entry("", place).replace(" ", "") for place in places]
    shown_rows = range(min(len(rows), MOST_ROWS))
    cells: dict[Index, Cell] = {
        (r, p): Cell(
            number(value),
            fill=_colour(p),
            outside=not found.holds(found.source(places[p], tuple(rows[r][1:]))),
        )
        for (r, p), value in values.items()
        if r in shown_rows
    }
    width = max(
        cell_width(cells.values(), theme.LABEL) - 4,
        max(text_width(w, theme.SMALL, mono=True) for w in words) + 4,
    )
    fitting = int((theme.PAGE - left) // width)
    shown = range(min(len(places), fitting, MOST_WINDOWS))
    cells = {index: cell for index, cell in cells.items() if index[1] in shown}
    side = min(8.0, (width - 6) / found.padded[1])
    high = side * found.padded[0]
    body = []
    for p in shown:
        x = left + p * width
        body.append(
            _thumbnail(found, places[p], side, _colour(p)).at(x + (width - side * found.padded[1]) / 2, 0)
        )
        body.append(
            text(
                words[p],
                x + width / 2,
                high + 12,
                size=theme.SMALL,
                colour=theme.MUTED,
                align="middle",
                mono=True,
            )
        )
    top = high + 22
    block = sheet(
        cells,
        name="columns",
        width=width,
        height=ROW,
        size=theme.LABEL,
        indices=False,
        outlines=[Outline([(r, 0) for r in shown_rows])],
    )
    body.append(block.at(left, top))
    for r in shown_rows:
        y = top + (r + 0.5) * ROW
        body.append(
            text(labels[r], left - 6, y, size=theme.SMALL, colour=theme.MUTED, align="end", mono=True)
        )
    per = found.kernel[0] * found.kernel[1]
    for r in range(per, len(shown_rows), per):
        y = top + r * ROW
        body.append(
            tag(
                "path",
                d=f"M{coordinate(left)} {coordinate(y)}h{coordinate(block.width)}",
                fill="none",
                stroke=theme.INK,
                stroke_width=2,
            )
        )
    whole = Block("".join(body), left + block.width, top + block.height, top + block.height / 2)
    whole = titled(whole, "columns", str((len(rows), len(places))))
    return with_part_shown(whole, cells, (len(rows), len(places)))


def _thumbnail(found: Sliding, place: Index, side: float, colour: str) -> Block:
    """Return the padded input with one window filled, without numbers."""
    height, width = (side * n for n in found.padded)
    (top, _), (left, _) = found.pads
    parts = [
        tag(
            "rect",
            x=0,
            y=0,
            width=width,
            height=height,
            fill=theme.OUTSIDE if top or left else theme.CELL,
            stroke=theme.LINE,
        )
    ]
    parts.append(
        tag(
            "rect",
            x=left * side,
            y=top * side,
            width=found.size[1] * side,
            height=found.size[0] * side,
            fill=theme.CELL,
            stroke=theme.LINE,
        )
    )
    for tap in np.ndindex(*found.kernel):
        y, x = found.source(place, tap)
        parts.append(
            tag(
                "rect",
                x=(x + left) * side,
                y=(y + top) * side,
                width=side,
                height=side,
                fill=colour,
                stroke=theme.WINDOW,
                stroke_width=0.6,
            )
        )
    return Block("".join(parts), width, height, height / 2)


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
