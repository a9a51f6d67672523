"""The picture of padding: an array with what is put around it, and where that comes from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import LARGEST_GRID, LONGEST_SIGNAL, number_cells, spoken, with_part_shown
from convlab.draw._canvas import Block, clean, column, coordinate, paragraph, tag
from convlab.draw._cells import Cell, cell_width, sheet, titled
from convlab.draw._geometry import Pads, as_pads
from convlab.draw._numbers import Array, Index, as_array, entry, number, size
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture

MODES = ("zeros", "reflect", "replicate", "circular")
_HOW = {
    "zeros": "of zeros",
    "reflect": "by reflection about the first and last entry",
    "replicate": "of copies of the nearest entry",
    "circular": "of what stands at the other end",
}


def padded(input: npt.ArrayLike, pads: Pads, *, mode: str = "zeros", name: str = "input") -> Picture:
    """Draw an array with its padding: outside cells have dashed edges and the indices that they would have.

    What is copied has the colour of the entry it comes from, and that entry's index above it.

    Parameters
    ----------
    input : array_like, shape (L,) or (H, W)
    pads : (left, right) for a signal, ((top, bottom), (left, right)) for an image
    mode : {"zeros", "reflect", "replicate", "circular"}
        torch's names.
    name : str

    Raises
    ------
    ValueError
        If the mode is unknown, or `pads` are not what the mode allows.

    Examples
    --------
    >>> draw.padded([3, 1, 4], (2, 1), mode="reflect").alt.partition(": ")[2]
    '4, 1, 3, 1, 4, 1. Outside stand input[2], input[1]; then input[1].'
    """
    array = as_array(input, "input", (1, 2), "; take one channel of one example, such as input[0, 0]")
    name = clean(name)
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}: it must be one of {', '.join(map(repr, MODES))}")
    around = as_pads(pads, array.ndim, "pads")
    for length, ends in zip(array.shape, around):
        most = {"reflect": length - 1, "circular": length}.get(mode)
        if most is not None and max(ends) > most:
            raise ValueError(
                f"pads is {pads!r}: of {length} entries, mode {mode!r} can add at most {most} at each end"
            )
    most = LONGEST_SIGNAL if array.ndim == 1 else LARGEST_GRID
    page = page_width() - (0 if array.ndim == 1 else 30)
    cells = _cells(array, around, mode, most)
    width = cell_width(cells.values())
    if array.ndim == 2 and width * most > page:
        cells = _cells(array, around, mode, min(most, int(page // width)))
    per_line = None
    if array.ndim == 1:
        fitting = max(1, int(page // width))
        per_line = -(-len(cells) // -(-len(cells) // fitting))
    block = sheet(cells, name=name, width=width, per_line=per_line)
    if mode == "reflect" and per_line == len(cells):
        block = _mirrored(block, cells, array.size, width)
    shape = tuple(b + n + a for n, (b, a) in zip(array.shape, around))
    block = titled(block, name, f"{array.shape} padded to {shape}")
    block = with_part_shown(block, cells, array.shape, pads=around)
    if mode != "zeros" and any(map(any, around)):
        said = f"{mode}: above each value outside, where it is copied from"
        block = column([block, paragraph(said, max(block.width, 260.0), size=theme.SMALL)], 6)
    return Picture(_alt(array, around, mode, name), block)


def _cells(array: Array, pads: tuple[tuple[int, int], ...], mode: str, most: int) -> dict[Index, Cell]:
    """Return the cells of a padded array, those copied outside in the colours of where they come from."""
    cells = number_cells(array, most=most, pads=pads)
    if mode == "zeros":
        return cells
    origins = {
        index: tuple(_origin(i, n, mode) for i, n in zip(index, array.shape))
        for index, cell in cells.items()
        if cell.outside
    }
    colours = {
        origin: theme.TAPS[count % len(theme.TAPS)]
        for count, origin in enumerate(sorted(set(origins.values())))
    }
    for index, origin in origins.items():
        note = entry("", origin).replace(" ", "")
        cells[index] = Cell(number(array[origin].item()), (note,), colours[origin], outside=True)
    for origin in colours:
        if origin in cells:
            cells[origin] = Cell(cells[origin].text, fill=colours[origin])
    return cells


def _mirrored(block: Block, cells: dict[Index, Cell], length: int, width: float) -> Block:
    """Return a signal with a bow over it from each entry to its copy, around the end that is the mirror."""
    first = min(cells)[0]
    lines, heads, height = "", "", 0.0
    for (i,), cell in cells.items():
        if not cell.outside:
            continue
        origin = _origin(i, length, "reflect")
        end, start = ((place - first + 0.5) * width for place in (i, origin))
        across, up = abs(end - start) / 2, 8 + 5.0 * min(abs(i - origin), 6)
        height = max(height, up)
        sweep = int(end > start)
        lines += (
            f"M{coordinate(start)} -3A{coordinate(across)} {coordinate(up)} 0 0 {sweep} {coordinate(end)} -6"
        )
        heads += f"M{coordinate(end)} -1l-4 -7h8Z"
    bows = tag("path", d=lines, fill="none", stroke=theme.MUTED, stroke_width=1.5)
    bows += tag("path", d=heads, fill=theme.MUTED)
    top = height + 6
    whole = Block(bows + block.body, block.width, block.height, block.middle).at(0, top)
    return Block(whole, block.width, block.height + top, block.middle + top)


def _origin(index: int, length: int, mode: str) -> int:
    """Return which entry is copied to an index along one axis."""
    if mode == "replicate":
        return min(max(index, 0), length - 1)
    if mode == "circular":
        return index % length
    period = max(1, 2 * (length - 1))
    return min(index % period, -index % period)


def _alt(array: Array, pads: tuple[tuple[int, int], ...], mode: str, name: str) -> str:
    sides = (("left", "right"),) if array.ndim == 1 else (("top", "bottom"), ("left", "right"))
    where = ", ".join(
        f"{count} at the {side}"
        for ends, both in zip(pads, sides)
        for count, side in zip(ends, both)
        if count
    )
    what = f"Signal {name} of length {array.size}" if array.ndim == 1 else f"Grid {name}, {size(array.shape)}"
    if not where:
        return f"{what}, without padding: {spoken(array)}."
    kinds = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    whole = np.pad(array, pads, mode=kinds[mode])  # type: ignore[call-overload]
    alt = f"{what}, with padding, {where}, {_HOW[mode]}: {spoken(whole)}."
    if mode != "zeros" and array.ndim == 1 and max(pads[0]) <= 4:
        before, after = (
            ", ".join(entry(name, (_origin(i, array.size, mode),)) for i in end)
            for end in (range(-pads[0][0], 0), range(array.size, array.size + pads[0][1]))
        )
        alt += f" Outside stand {'; then '.join(part for part in (before, after) if part)}."
    return alt
