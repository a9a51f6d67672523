"""The picture of im2col: windows of an image turned into the columns of a matrix.

Only the columns that are drawn are gathered, one number at a time: the matrix is the reader's exercise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import number_cells, outlines, spoken, with_part_shown
from convlab.draw._canvas import (
    Block,
    arrow_down,
    arrow_right,
    column,
    coordinate,
    flow,
    label,
    row,
    tag,
    text,
    text_width,
)
from convlab.draw._cells import Cell, Outline, cell_width, sheet, titled
from convlab.draw._geometry import Pads, Sliding, Whole, per_axis, sliding
from convlab.draw._numbers import Array, Index, as_array, entry, number, size
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture

ROW = 26.0
MOST_ROWS = 20
MOST_PLACES = 16
MOST_CELLS = 10
MOST_CHANNELS = 4
MOST_MARKS = 9
SMALLEST = 2.0  # the side of an input in a window that is drawn small


def im2col(
    input: npt.ArrayLike,
    kernel_size: Whole,
    *,
    stride: Whole = 1,
    padding: Pads = 0,
    dilation: Whole = 1,
) -> Picture:
    """Draw how windows become the columns of a matrix: a window and its column have one colour.

    Above each column stands its window, drawn small. Each input has a mark for each window that reads it: so
    often it is copied. The first window and its column are outlined.

    Parameters
    ----------
    input : array_like, shape (H, W), or (C, H, W) with at most 4 channels
    kernel_size : int, or (kh, kw)
    stride, padding, dilation
        As for `window`.

    Raises
    ------
    ValueError
        If the input has another rank or more than 4 channels, or the windows do not fit.

    Examples
    --------
    >>> draw.im2col([[1, 2, 3], [4, 5, 6]], 2).alt.partition("window. ")[2]
    'Column 0, the window at [0, 0]: 1, 2, 4, 5. Column 1, the window at [0, 1]: 2, 3, 5, 6.'
    """
    given = as_array(input, "input", (2, 3), "; take one example, such as input[0]")
    array = given if given.ndim == 3 else given[None]
    if len(array) > MOST_CHANNELS:
        raise ValueError(
            f"input has shape {given.shape}: at most {MOST_CHANNELS} channels are drawn; "
            f"take some, such as input[:{MOST_CHANNELS}]"
        )
    kernel = per_axis(kernel_size, 2, "kernel_size", 1)
    found = sliding(array.shape[1:], kernel, stride, padding, dilation, ("input", "kernel_size"))
    places, taps = list(np.ndindex(*found.shape)), list(np.ndindex(*kernel))
    entries = [(c, *tap) for c in range(len(array)) for tap in taps]
    names = ["input"] if given.ndim == 2 else [f"input[{c}]" for c in range(len(array))]
    grids = [_grid(channel, name, found, places) for channel, name in zip(array, names)]
    said = ["each window, row by row, is one column"]
    if any("data-mark" in grid.body for grid in grids):
        said = [f"{said[0]};", "an input has a mark for each of its copies"]
    notes = column([label(line, size=theme.SMALL, colour=theme.MUTED) for line in said], 0)
    source = column([flow(grids), notes], 8)
    columns = matrix(
        lambda r, p: _read(array, found, entries[r], places[p]), entries, places, found, flat=given.ndim == 2
    )
    together = row([source, arrow_right(theme.WINDOW), columns])
    block = (
        together
        if together.width <= page_width()
        else column([source, arrow_down(theme.WINDOW), columns], 12)
    )
    channels = "" if given.ndim == 2 else f"{len(array)} channels, "
    settings = f", {found.settings}" if found.settings else ""
    alt = (
        f"Input, {channels}{size(array.shape[1:])}, and the matrix of its {len(places)} windows of "
        f"{size(kernel)}{settings}: {size((len(entries), len(places)))}, one column for each window."
    )
    for p, place in enumerate(places[:2]):
        numbers = np.array([_read(array, found, one, place) for one in entries])
        alt += f" Column {p}, the window at {entry('', place)}: {spoken(numbers)}."
    return Picture(alt, block)


def _grid(channel: Array, name: str, found: Sliding, places: Sequence[Index]) -> Block:
    """Return one channel, the first window outlined, each entry marked once for each window that reads it."""
    taps = list(np.ndindex(*found.kernel))
    first = [found.source(places[0], tap) for tap in taps]
    cells = number_cells(channel, most=MOST_CELLS, page=page_width() - 30, pads=found.pads)
    cells = marked(cells, found, places)
    width = with_marks(cells)
    block = sheet(cells, name=name, outlines=outlines(first), height=40, width=width)
    return with_part_shown(titled(block, name, str(channel.shape)), cells, channel.shape, pads=found.pads)


def marked(cells: dict[Index, Cell], found: Sliding, places: Sequence[Index]) -> dict[Index, Cell]:
    """Return the cells of an image, each marked once for each window that reads it, if that is not too often."""
    number_of = {place: p for p, place in enumerate(places)}
    taps = list(np.ndindex(*found.kernel))
    readers = {
        index: sorted(number_of[r] for tap in taps if (r := found.reader(index, tap)) is not None)
        for index in cells
    }
    if max(map(len, readers.values())) > MOST_MARKS:
        return cells
    return {
        index: replace(cell, marks=tuple(colour(p) for p in readers[index])) for index, cell in cells.items()
    }


def with_marks(cells: Mapping[Index, Cell]) -> float:
    """Return the width of cells that have room for their marks."""
    return max(cell_width(cells.values()), 5.0 * max(len(cell.marks) for cell in cells.values()) + 6)


def _read(array: Array, found: Sliding, one: Index, place: Index) -> float:
    """Return the number in one row (channel and tap) and the column of one place."""
    source = found.source(place, one[1:])
    value: float = array[one[0]][source].item() if found.holds(source) else array.dtype.type(0).item()
    return value


def colour(place: int) -> str:
    """Return what a window and its column are filled with."""
    return theme.TAPS[place % len(theme.TAPS)]


def matrix(
    value: Callable[[int, int], float],
    entries: Sequence[Index],
    places: Sequence[Index],
    found: Sliding,
    *,
    flat: bool,
    outline: Outline | None = None,
) -> Block:
    """Return the matrix: a label to each row, and above each column its window's place, written and drawn.

    Parameters
    ----------
    value : (row, column) -> number
    entries : what the rows hold, (channel, *tap)
    places : of the windows that are the columns
    flat : bool
        Leave the channel out of the labels.
    outline : Outline, optional
        By default around the first column.
    """
    rows, taps = range(min(len(entries), MOST_ROWS)), list(np.ndindex(*found.kernel))
    labels = [entry("", entries[r][1:] if flat else entries[r]).replace(" ", "") for r in rows]
    words = [entry("", place).replace(" ", "") for place in places[:MOST_PLACES]]
    left = max(text_width(word, theme.SMALL, mono=True) for word in [*labels, "place →"]) + 8
    cells: dict[Index, Cell] = {
        (r, p): Cell(
            number(value(r, p)),
            fill=colour(p),
            outside=not found.holds(found.source(places[p], entries[r][1:])),
        )
        for r in rows
        for p in range(len(words))
    }
    width = max(
        cell_width(cells.values(), theme.LABEL), max(text_width(w, theme.SMALL, mono=True) for w in words) + 5
    )
    shown = range(min(len(words), int((page_width() - left) // width)))
    cells = {index: cell for index, cell in cells.items() if index[1] in shown}
    side = min(8.0, (width - 6) / found.padded[1], 80 / found.padded[0])
    small = [_small(found, places[p], side, colour(p)) for p in shown] if side >= SMALLEST else []
    top = 22 + (small[0].height if small else 0)
    block = sheet(
        cells,
        name="columns",
        width=width,
        height=ROW,
        size=theme.LABEL,
        indices=False,
        outlines=[outline or Outline([(r, 0) for r in range(len(entries))])],
    )
    body = [block.at(left, top), *_heads(left - 6, top)]
    body += [_word(words[p], left + (p + 0.5) * width, top - 10, "middle") for p in shown]
    body += [piece.at(left + (p + 0.5) * width - piece.width / 2, 0) for p, piece in enumerate(small)]
    body += [_word(word, left - 6, top + (r + 0.5) * ROW, "end") for r, word in enumerate(labels)]
    for r in range(len(taps), len(rows), len(taps)):
        path = f"M{coordinate(left)} {coordinate(top + r * ROW)}h{coordinate(block.width)}"
        body.append(tag("path", d=path, fill="none", stroke=theme.WINDOW, stroke_width=3))
    shape = (len(entries), len(places))
    drawn = Block("".join(body), left + block.width, top + block.height, top + block.height / 2)
    what = "a row for each tap, a column for each place"
    return with_part_shown(titled(drawn, "columns", str(shape), below=what), cells, shape)


def _word(content: str, x: float, y: float, align: str) -> str:
    return text(content, x, y, size=theme.SMALL, colour=theme.MUTED, align=align, mono=True)


def _heads(x: float, top: float) -> list[str]:
    """Say what stands beside the rows and above the columns."""
    return [_word("place →", x, top - 23, "end"), _word("tap ↓", x, top - 8, "end")]


def _small(found: Sliding, place: Index, side: float, colour: str) -> Block:
    """Return the padded input with one window filled, without numbers."""
    height, width = (side * n for n in found.padded)
    (top, _), (left, _) = found.pads
    inner_height, inner_width = (side * n for n in found.size)

    def box(x: float, y: float, width: float, height: float, fill: str, edge: str) -> str:
        return tag("rect", x=x, y=y, width=width, height=height, fill=fill, stroke=edge, stroke_width=0.75)

    parts = [
        box(0, 0, width, height, theme.OUTSIDE, theme.LINE),
        box(left * side, top * side, inner_width, inner_height, theme.CELL, theme.LINE),
    ]
    for tap in np.ndindex(*found.kernel):
        y, x = found.source(place, tap)
        parts.append(box((x + left) * side, (y + top) * side, side, side, colour, theme.WINDOW))
    return Block("".join(parts), width, height, height / 2)
