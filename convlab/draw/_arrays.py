"""Pictures of arrays as they are: a signal, a grid of numbers."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, clean, column, paragraph, row, swatch, text_width
from convlab.draw._cells import (
    Cell,
    Outline,
    as_axes,
    cell_width,
    outside_cell,
    room_for_indices,
    sheet,
    titled,
    with_axes,
)
from convlab.draw._numbers import MINUS, Array, Index, as_array, entry, extent, number, size
from convlab.draw._page import is_phone
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture

LONGEST_SIGNAL = 64  # cells; what goes on is said, not drawn
LARGEST_GRID = 16  # rows, and columns
LONGEST_LIST = 16  # numbers in an alternative text
MOST_SPOKEN = 8  # marked entries

_AXES = [("row", "rows"), ("column", "columns")]


def signal(
    values: npt.ArrayLike,
    *,
    window: tuple[int, int] | None = None,
    name: str = "input",
    cut: bool = False,
) -> Picture:
    """Draw a signal: a row of numbers, each with its index below.

    A long signal goes on in further lines; of more than 64 values, those around the window (or the first) are
    drawn and the picture says which.

    Parameters
    ----------
    values : array_like, shape (L,)
    window : (start, length), optional
        The values to outline.
    name : str
    cut : bool
        Hatch what is outside the window: it is cut off.

    Raises
    ------
    ValueError
        If `values` is not a 1-D array of real numbers, or the window leaves it.

    Examples
    --------
    >>> draw.signal([3, 1, 4, 1, 5], window=(1, 3)).alt
    'Signal input of length 5: 3, 1, 4, 1, 5. A window outlines indices 1 to 3: 1, 4, 1.'
    """
    array = as_array(values, "values", (1,), "; draw.grid draws two dimensions")
    name = clean(name)
    inside, said = as_window(window, array.shape, ("start", "length"))
    cells = tinted(number_cells(array, around=inside, most=LONGEST_SIGNAL), inside)
    if cut and inside:
        cells = {index: replace(cell, unused=index not in inside) for index, cell in cells.items()}
    fitting = max(1, int(page_width() // cell_width(cells.values())))
    lines = math.ceil(len(cells) / fitting)
    block = sheet(cells, name=name, outlines=outlines(inside), per_line=math.ceil(len(cells) / lines))
    alt = f"Signal {name} of length {array.size}: {spoken(array)}."
    if inside:
        alt += f" A window outlines {said}: {spoken(array[inside[0][0] : inside[-1][0] + 1])}."
    shape = str(array.shape)
    if cut and inside:
        shape += f", of which {len(inside)} are kept"
        alt += " The rest is cut off."
    return Picture(alt, with_part_shown(titled(block, name, shape), cells, array.shape))


def grid(
    values: npt.ArrayLike,
    *,
    window: tuple[int, int, int, int] | None = None,
    name: str = "input",
    heat: bool = False,
    mark: npt.ArrayLike | None = None,
    digits: int = 1,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    axes: Sequence[str] = (),
) -> Picture:
    """Draw a grid of numbers with the indices of its rows and columns.

    Of a large grid, the part around the window (or the first rows and columns) is drawn and the picture says
    which.

    Parameters
    ----------
    values : array_like, shape (H, W)
    window : (top, left, height, width), optional
        The values to outline.
    name : str
    heat : bool
        Tint each cell by its value: blue below zero, orange above.
    mark : array_like of bool, shape (H, W), optional
        The entries to point out.
    digits : int
        Write whole numbers with at least so many digits, zeros in front.
    rows, columns : sequence of str, optional
        What is written at the rows and columns instead of their indices.
    axes : (rows, columns), optional
        What the rows and the columns are.

    Raises
    ------
    ValueError
        If `values` is not a 2-D array of real numbers, the window leaves it, or `mark`, `rows` or `columns` do not
        fit it.
    """
    array = as_array(values, "values", (2,), "; draw.signal draws one dimension")
    name, called = clean(name), as_axes(axes)
    words = _words(rows, "rows", array.shape[0]), _words(columns, "columns", array.shape[1])
    marks = _marked(mark, array.shape)
    inside, said = as_window(window, array.shape, ("top", "left", "height", "width"))
    gutter = max([room_for_indices(len(array)), *(text_width(word, theme.SMALL) + 8 for word in words[0])])
    page = page_width() - gutter
    cells = number_cells(array, around=inside, most=LARGEST_GRID, page=page, heat=heat)
    own: dict[int, float] = {}
    if is_phone() and digits == 1 and len({x for _, x in cells}) < array.shape[1]:
        cells, own = _with_narrow_columns(array, cells, words[1], page, heat)
    if digits > 1:
        cells = {index: replace(cell, text=_padded(cell.text, digits)) for index, cell in cells.items()}
    cells = cells if heat else tinted(cells, inside)
    lines = outlines(inside)
    if marks:
        if not heat:
            cells |= {i: replace(cells[i], fill=theme.RESULT_FILL) for i in marks if i in cells}
        lines = [*lines, Outline(marks, theme.RESULT, "mark")]
    width = max([cell_width(cells.values()), *(text_width(word, theme.SMALL) + 6 for word in words[1])])
    block = sheet(cells, name=name, outlines=lines, width=width, words=words, columns=own)
    if called:
        across = sum(own.values()) or len({x for _, x in cells}) * width
        block = with_axes(block, called, block.width - across)
    alt = f"Grid {name}, {size(array.shape)}: {spoken(array)}."
    if inside:
        top, left, height, width = map(operator.index, window or ())
        alt += f" A window outlines {said}: {spoken(array[top : top + height, left : left + width])}."
    if marks:
        few = ", ".join(entry("", i) for i in marks[:MOST_SPOKEN])
        alt += f" Marked: {few}" + (
            f" and {len(marks) - MOST_SPOKEN} more." if len(marks) > MOST_SPOKEN else "."
        )
    for axis, ((_, many), written) in enumerate(zip(_AXES, words)):
        if called:
            alt += f" The {many} are: {called[axis]}."
        if written:
            alt += f" {many.capitalize()}: {', '.join(written)}."
    if heat:
        alt += " Cells are tinted blue below zero and orange above."
    whole = with_part_shown(titled(block, name, str(array.shape)), cells, array.shape)
    return Picture(alt, column([whole, _heat_key(array)], 6) if heat else whole)


def _with_narrow_columns(
    array: Array, cells: dict[Index, Cell], words: Sequence[str], page: float, heat: bool
) -> tuple[dict[Index, Cell], dict[int, float]]:
    """Return all cells of a grid and the widths of its columns, if it fits the page when each has its own."""
    if max(array.shape) > LARGEST_GRID:
        return cells, {}
    whole = number_cells(array, heat=heat)
    widths = {
        x: max(
            cell_width([cell for (_, column), cell in whole.items() if column == x]),
            text_width(words[x], theme.SMALL) + 6 if words else 0.0,
        )
        for x in range(array.shape[1])
    }
    return (whole, widths) if sum(widths.values()) <= page else (cells, {})


def _words(words: Sequence[str], name: str, length: int) -> list[str]:
    if words and (isinstance(words, str) or len(words) != length):
        raise ValueError(f"{name} is {words!r}: it must be {length} names, one for each of the {name}")
    return [clean(word) for word in words]


def _marked(mark: npt.ArrayLike | None, shape: Index) -> list[Index]:
    if mark is None:
        return []
    marked = np.asarray(mark)
    if marked.dtype.kind != "b" or marked.shape != shape:
        raise ValueError(f"mark has shape {marked.shape} and dtype {marked.dtype}: it must be bool, {shape}")
    return [(int(y), int(x)) for y, x in np.argwhere(marked)]


def _padded(written: str, digits: int) -> str:
    sign = MINUS if written.startswith(MINUS) else ""
    return sign + written.removeprefix(MINUS).rjust(digits, "0")


def _heat_key(array: Array) -> Block:
    """Say what the colours of a heat map mean."""
    finite = array[np.isfinite(array)]
    largest = float(np.abs(finite).max(initial=0.0))
    sides = [side for side in (-1, 1) if largest and (finite * side > 0).any()]
    steps = sorted({0, *sides})
    return row([swatch(theme.diverging(s, theme.HEAT_DEPTH), number(s * largest)) for s in steps], 12)


def number_cells(
    array: Array,
    *,
    around: Collection[Index] = (),
    most: int | None = None,
    page: float = math.inf,
    heat: bool = False,
    pads: Sequence[tuple[int, int]] = (),
) -> dict[Index, Cell]:
    """Return a cell for each number of an array, or for a part of a large one.

    Parameters
    ----------
    array : ndarray, shape (L,) or (H, W)
    around : collection of indices
        The part is taken around these; without them, from the start.
    most : int, optional
        How many cells a part has at most along each axis.
    page : float
        How wide the cells may be together.
    heat : bool
        Tint by value.
    pads : sequence of (before, after), optional
        How many zeros to draw around the array along each axis.
    """
    margins = pads or [(0, 0)] * array.ndim
    spans = [range(-before, n + after) for n, (before, after) in zip(array.shape, margins)]
    parts = [
        _part(span, most or len(span), [index[axis] for index in around]) for axis, span in enumerate(spans)
    ]
    cells = _write(array, parts, heat)
    fitting = max(1, int(min(page, 1e9) // cell_width(cells.values())))
    if fitting < len(parts[-1]):
        parts[-1] = _part(spans[-1], fitting, [index[-1] for index in around])
        cells = _write(array, parts, heat)
    return cells


def most_cells(layouts: Iterable[dict[Index, Cell]]) -> dict[Index, Cell]:
    """Return that part of an array which shows the most; of equal ones, the first."""
    return max(layouts, key=len)


def same_part(
    arrays: Iterable[Array], *, around: Collection[Index] = (), most: int | None = None, page: float
) -> tuple[list[dict[Index, Cell]], float]:
    """Return the cells of arrays of one shape, the same part of each, and the width that holds any of them."""
    cells = [number_cells(array, around=around, most=most, page=page) for array in arrays]
    # Parts are nested; the one with the widest numbers is the smallest.
    common = set.intersection(*map(set, cells))
    kept = [{index: cell for index, cell in one.items() if index in common} for one in cells]
    return kept, max(cell_width(one.values()) for one in kept)


def _write(array: Array, parts: Sequence[range], heat: bool) -> dict[Index, Cell]:
    largest = 0.0
    if heat and np.isfinite(array).any():
        largest = float(np.abs(array[np.isfinite(array)]).max())
    cells = {}
    for place in itertools.product(*parts):
        if not all(0 <= i < n for i, n in zip(place, array.shape)):
            cells[place] = outside_cell()
            continue
        value = array[place].item()
        fill = theme.CELL
        if largest and not math.isnan(value):
            fill = theme.diverging(max(-1.0, min(1.0, value / largest)), theme.HEAT_DEPTH)
        cells[place] = Cell(number(value), fill=fill)
    return cells


def tinted(cells: dict[Index, Cell], inside: Collection[Index]) -> dict[Index, Cell]:
    """Return the cells, those `inside` a window tinted."""
    marked = set(inside)
    return {
        index: replace(cell, fill=theme.TAP) if index in marked else cell for index, cell in cells.items()
    }


def outlines(inside: Collection[Index]) -> list[Outline]:
    """Return the line around a window, or none."""
    return [Outline(inside)] if inside else []


def with_part_shown(
    block: Block,
    cells: Collection[Index],
    shape: Index,
    width: float = math.inf,
    *,
    pads: Sequence[tuple[int, int]] = (),
    of: str = "",
) -> Block:
    """Say below a piece which part of a large array it shows, on lines of at most `width`.

    Parameters
    ----------
    cells : collection of indices
        Those that are drawn.
    shape : the array's
    pads : sequence of (before, after), optional
        What stands around the array; if some of it is left out, it counts as part of the array.
    of : str
        The array's name, where the piece shows several.
    """
    parts = []
    for axis, length in enumerate(shape):
        before, after = pads[axis] if pads else (0, 0)
        drawn = [index[axis] for index in cells]
        low, high = min(drawn), max(drawn)
        first, last = max(0, low), min(length - 1, high)
        what = "indices" if len(shape) == 1 else _AXES[axis][1]
        if low > -before or high < length - 1 + after:
            if before + after:
                reach = f"{number(-before)}–{number(length - 1 + after)}"
                parts.append(f"{what} {number(low)}–{number(high)} of {reach}, padding included")
            elif first > last:
                parts.append(f"none of the {length} {what}")
            else:
                parts.append(f"{what} {first}–{last} of {length}")
    if not parts:
        return block
    width = min(width, page_width() - 60) if is_phone() else width
    said = f"showing {of}: " if of else "showing "
    note = paragraph(said + ", ".join(parts), width, size=theme.SMALL)
    whole = column([block, note], 6)
    return Block(whole.body, whole.width, whole.height, block.middle)


def spoken(array: Array) -> str:
    """Say the numbers of a small array, row by row, and only the range of a large one."""
    if array.size > LONGEST_LIST:
        return f"{array.size} numbers {extent(array)}"
    rows = array if array.ndim == 2 else [array]
    return "; ".join(", ".join(number(value) for value in row) for row in rows)


def spoken_places(inside: Collection[Index]) -> str:
    """Say where a window is: "rows 1 to 3 and column 0"."""
    rank = len(next(iter(inside)))
    said = []
    for axis, (one, many) in enumerate([("index", "indices")] if rank == 1 else _AXES):
        first, last = min(index[axis] for index in inside), max(index[axis] for index in inside)
        low, high = number(first), number(last)
        said.append(f"{one} {low}" if first == last else f"{many} {low} to {high}")
    return " and ".join(said)


def _part(span: range, most: int, around: Sequence[int]) -> range:
    if len(span) <= most:
        return span
    start = span.start
    if around:
        start = (min(around) + max(around) + 1 - most) // 2
    start = max(span.start, min(start, span.stop - most))
    return range(start, start + most)


def as_window(
    window: tuple[int, ...] | None, shape: Index, parts: tuple[str, ...]
) -> tuple[list[Index], str]:
    """Return the indices in a window of starts and lengths, in order, and how to say them."""
    if window is None:
        return [], ""
    rank = len(shape)
    try:
        numbers = [operator.index(part) for part in window]
    except TypeError:
        numbers = []
    if len(numbers) != 2 * rank:
        raise ValueError(f"window is {window!r}: it must be ({', '.join(parts)}), all integers")
    starts, lengths = numbers[:rank], numbers[rank:]
    for start, length, most, of, long in zip(starts, lengths, shape, parts, parts[rank:]):
        if start < 0 or length < 1 or start + length > most:
            raise ValueError(
                f"window is {tuple(numbers)}: it must lie inside the shape {shape}, "
                f"so 0 <= {of}, 1 <= {long} and {of} + {long} <= {most}"
            )
    inside = [tuple(s + i for s, i in zip(starts, offset)) for offset in np.ndindex(*lengths)]
    return inside, spoken_places(inside)
