"""The picture of a view: where each of its entries lies in memory, which is one long row of bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import LARGEST_GRID, LONGEST_LIST
from convlab.draw._canvas import Block, clean, column, coordinate, paragraph, tag, text, text_width
from convlab.draw._cells import HEIGHT, Cell, as_axes, cell_width, narrowest, sheet, titled
from convlab.draw._numbers import Array, Index, as_array, number, size
from convlab.draw._page import is_phone
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture

LOWER = 26.0  # below the strip, for the addresses
ROW = 28.0
BETWEEN = 5.0


def memory(view: npt.ArrayLike, *, name: str = "view", axes: Sequence[str] = ("row", "column")) -> Picture:
    """Draw memory as one strip, and below it each row of an array where its entries lie on the strip.

    Entries of one column have one colour. What stands in several rows below one number is that number: it is in
    memory once.

    Parameters
    ----------
    view : array_like, shape (H, W)
        Its strides say where the entries lie.
    name : str
    axes : (str, str)
        What the letters of the two indices are.

    Raises
    ------
    ValueError
        If `view` is not a 2-D array of real numbers, has more than 16 rows, or is too long a strip.

    Examples
    --------
    >>> draw.memory(np.array([[3, 1], [4, 1]])).alt.partition(". ")[2]
    'One row further is 16 bytes further, one column 8 bytes. row 0: bytes 0, 8. row 1: bytes 16, 24.'
    """
    array = np.asarray(view)
    values = as_array(view, "view", (2,))
    name, called = clean(name), as_axes(axes)
    if len(called) != 2:
        raise ValueError(f"axes is {axes!r}: it must be two names, for rows and columns")
    offsets = _offsets(array)
    places = offsets // array.itemsize
    count = int(places.max()) + 1
    left = max(text_width(word, theme.LABEL) for word in ("memory", f"{called[0]} = {len(values) - 1}")) + 12
    room = (page_width() - left) / count
    written = [Cell(number(value)) for value in values.ravel().tolist()]
    if len(values) > LARGEST_GRID or (room < narrowest() and not is_phone()):
        raise ValueError(
            f"view has shape {values.shape} and reaches over {count} numbers: take a part, such as view[:2]"
        )
    width = max(min(room, cell_width(written)), narrowest())
    block = _draw(values, places, array.itemsize, called, left, width)
    steps = [f"+{stride} bytes" if stride >= 0 else f"−{-stride} bytes" for stride in array.strides]
    said = f"strides {array.strides}: {steps[0]} for each {called[0]}, {steps[1]} for each {called[1]}"
    block = titled(column([block, paragraph(said, max(block.width, 260.0))], 10), name, str(values.shape))
    alt = f"Memory under {name}, {size(values.shape)}, {count} numbers long. One {called[0]} further is "
    alt += f"{array.strides[0]} bytes further, one {called[1]} {array.strides[1]} bytes."
    if values.size <= LONGEST_LIST:
        for y, line in enumerate(offsets.tolist()):
            alt += f" {called[0]} {y}: bytes {', '.join(map(str, line))}."
    return Picture(alt, block)


def _offsets(array: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """Return how many bytes each entry lies behind the lowest one, shape (H, W)."""
    rows, columns = (np.arange(n) * stride for n, stride in zip(array.shape, array.strides))
    offsets = rows[:, None] + columns
    lowest: npt.NDArray[np.int64] = offsets - offsets.min()
    if (lowest % array.itemsize).any() or any(len(set(line)) < len(line) for line in lowest.tolist()):
        raise ValueError(f"view has strides {array.strides}: each must lead to another number of its row")
    return lowest


def _draw(
    values: Array,
    places: npt.NDArray[np.int64],
    itemsize: int,
    axes: Sequence[str],
    left: float,
    width: float,
) -> Block:
    held = dict(zip(places.ravel().tolist(), values.ravel().tolist()))
    strip: dict[Index, Cell] = {
        (p,): Cell(number(held[p]) if p in held else "", unused=p not in held) for p in range(max(held) + 1)
    }
    block = sheet(strip, name="memory", width=width, indices=False)
    body = [text("memory", 0, HEIGHT / 2, bold=True), block.at(left, 0)]
    body.append(text("bytes", 0, HEIGHT + 11, size=theme.SMALL, colour=theme.MUTED))
    for p in range(len(strip)):
        at = left + (p + 0.5) * width
        body.append(
            text(str(p * itemsize), at, HEIGHT + 11, size=theme.SMALL, colour=theme.MUTED, align="middle")
        )
    top = HEIGHT + LOWER
    guides = "".join(
        f"M{coordinate(left + edge * width)} {coordinate(HEIGHT + 20)}"
        f"V{coordinate(top + len(values) * (ROW + BETWEEN) - BETWEEN)}"
        for edge in range(len(strip) + 1)
    )
    body.append(tag("path", d=guides, fill="none", stroke=theme.CARD_EDGE, stroke_dasharray="2 3"))
    for y, line in enumerate(places.tolist()):
        cells: dict[Index, Cell] = {
            (p,): Cell(number(values[y, x].item()), fill=theme.tap_colour(x, len(line)))
            for x, p in enumerate(line)
        }
        here = top + y * (ROW + BETWEEN)
        row = sheet(cells, name=f"{axes[0]} {y}", width=width, height=ROW, indices=False)
        body.append(text(f"{axes[0]} = {y}", 0, here + ROW / 2))
        body.append(row.at(left + min(line) * width, here))
    return Block("".join(body), left + len(strip) * width, top + len(values) * (ROW + BETWEEN) - BETWEEN, 0)
