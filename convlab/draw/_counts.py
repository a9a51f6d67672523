"""The picture of counts: how often each cell was read or written, as a heat map."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import LARGEST_GRID, LONGEST_SIGNAL, number_cells, spoken, with_part_shown
from convlab.draw._canvas import Block, clean, column, label, row, swatch
from convlab.draw._cells import cell_width, room_for_indices, sheet, titled
from convlab.draw._images import LARGEST_IMAGE, pixel_block
from convlab.draw._numbers import Array, as_array, number, size
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture


def counts(counts: npt.ArrayLike, *, name: str = "reads") -> Picture:
    """Draw how often something happened at each place: the more often, the deeper the green.

    Parameters
    ----------
    counts : array_like, shape (L,) or (H, W)
        Whole numbers, none negative. More than 16 rows or columns are drawn as pixels, without numbers.
    name : str

    Raises
    ------
    ValueError
        If `counts` are not whole numbers of at least 0, or have another rank.
    """
    array = as_array(counts, "counts", (1, 2), "; add up the other axes, such as counts.sum(axis=0)")
    name = clean(name)
    wrong = array[~((array >= 0) & (array == np.floor(array)) & (array < 2**53))]
    if wrong.size:
        raise ValueError(f"counts holds {number(wrong[0])}: it must hold whole numbers of at least 0")
    array = array.astype(np.int64)
    most = int(array.max())
    key = [swatch(theme.sequential(share), number(n)) for share, n in _steps(most)]
    if array.ndim == 2 and max(array.shape) > LARGEST_GRID:
        drawn = _pixels(array, name, most)
        drawn = titled(drawn, name, str(array.shape))
    else:
        longest = LONGEST_SIGNAL if array.ndim == 1 else LARGEST_GRID
        page = page_width() * 1e3 if array.ndim == 1 else page_width() - room_for_indices(array.shape[0])
        cells = number_cells(array, most=longest, page=page)
        for index, cell in cells.items():
            share = array[index].item() / max(most, 1)
            cells[index] = type(cell)(cell.text, fill=theme.sequential(share))
        width = cell_width(cells.values())
        per_line = None
        if array.ndim == 1:
            lines = -(-len(cells) // max(1, int(page_width() // width)))
            per_line = -(-len(cells) // lines)
        drawn = titled(sheet(cells, name=name, width=width, per_line=per_line), name, str(array.shape))
        drawn = with_part_shown(drawn, cells, array.shape)
    total = label(f"{number(array.sum())} in all", size=theme.SMALL, colour=theme.MUTED)
    what = f"of length {array.size}" if array.ndim == 1 else size(array.shape)
    never = int((array == 0).sum())
    alt = f"Counts {name}, {what}: {spoken(array)}. {number(array.sum())} in all"
    alt += f"; {never} of {array.size} {'is' if never == 1 else 'are'} 0." if never else "."
    return Picture(alt, column([drawn, row([*key, total], 12)], 8))


def _steps(most: int) -> list[tuple[float, int]]:
    """Return a few counts from none to the most, and their shares of it."""
    values = sorted({0, most // 2, most})
    return [(value / max(most, 1), value) for value in values]


def _pixels(array: Array, name: str, most: int) -> Block:
    """Return large counts as pixels."""
    height, width = array.shape
    if max(height, width) > LARGEST_IMAGE:
        raise ValueError(
            f"counts has shape {array.shape}: at most {LARGEST_IMAGE} by {LARGEST_IMAGE} can be drawn"
        )
    palette = np.array([theme.channels(theme.sequential(i / 255)) for i in range(256)], dtype=np.uint8)
    pixels = (array / max(most, 1) * 255 + 0.5).astype(np.uint8)
    side = max(1, 320 // max(height, width))
    return pixel_block(pixels, palette, name, width * side, height * side)
