"""The picture of col2im: the columns of a matrix brought back to the pixels that they were read from.

It adds up the one pixel it shows and never the whole image: that is the reader's exercise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import number_cells, with_part_shown
from convlab.draw._canvas import arrow_down, arrow_right, column, paragraph, row
from convlab.draw._cells import Cell, Outline, sheet, titled
from convlab.draw._columns import MOST_CELLS, MOST_PLACES, MOST_ROWS, marked, matrix, with_marks
from convlab.draw._geometry import Pads, Whole, as_index, integers, per_axis, sliding
from convlab.draw._numbers import Index, as_array, entry, number, size, total
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture


def col2im(
    columns: npt.ArrayLike,
    output_size: Whole,
    kernel_size: Whole,
    at: Whole,
    *,
    stride: Whole = 1,
    padding: Pads = 0,
    dilation: Whole = 1,
    output: npt.ArrayLike | None = None,
) -> Picture:
    """Draw which entries of the columns are added in one pixel: those that im2col would have read from it.

    A column has the colour of its window, and every pixel a mark for each window that read it.

    Parameters
    ----------
    columns : array_like, shape (kh * kw, places), at most 20 rows and 16 columns
    output_size : (H, W)
    kernel_size : int, or (kh, kw)
    at : (y, x)
        The pixel. Only this one is computed.
    stride, padding, dilation
        As for `im2col`.
    output : array_like, shape (H, W), optional
        Numbers for the other pixels, which are blank otherwise.

    Raises
    ------
    ValueError
        If the sizes do not fit each other, `columns` is too large, or `at` lies outside the image.

    Examples
    --------
    >>> draw.col2im([[1, 2], [3, 4]], (1, 3), (1, 2), (0, 1)).alt.partition(". ")[2]
    'Pixel [0, 1] was read by 2 windows: columns[1, 0] = 3, columns[0, 1] = 2 make 5.'
    """
    values = as_array(columns, "columns", (2,))
    shape = integers(output_size)
    if shape is None or len(shape) != 2 or min(shape) < 1:
        raise ValueError(f"output_size is {output_size!r}: it must be two integers, (H, W), at least 1")
    kernel = per_axis(kernel_size, 2, "kernel_size", 1)
    found = sliding(shape, kernel, stride, padding, dilation, ("output_size", "kernel_size"))
    places, taps = list(np.ndindex(*found.shape)), list(np.ndindex(*kernel))
    if values.shape != (len(taps), len(places)):
        raise ValueError(f"columns has shape {values.shape}: here it must be {(len(taps), len(places))}")
    if len(taps) > MOST_ROWS or len(places) > MOST_PLACES:
        raise ValueError(
            f"columns has shape {values.shape}: at most {MOST_ROWS} rows and {MOST_PLACES} columns are drawn"
        )
    pixel = as_index(at, shape, of="image")
    given = None if output is None else as_array(output, "output", (2,))
    if given is not None and given.shape != shape:
        raise ValueError(f"output has shape {given.shape}: here it must be {shape}")

    met = sorted(
        (
            (r, places.index(reader))
            for r, tap in enumerate(taps)
            if (reader := found.reader(pixel, tap)) is not None
        ),
        key=lambda entry: entry[1],
    )
    terms = [values[place].item() for place in met]
    result = total(terms) if terms else 0
    source = matrix(
        lambda r, p: values[r, p].item(),
        [(0, *tap) for tap in taps],
        places,
        found,
        flat=True,
        outline=Outline(met, theme.WINDOW, "met"),
    )
    cells: dict[Index, Cell] = {}
    guide = np.broadcast_to(np.float64(result), shape) if given is None else given
    for index in number_cells(guide, around=[pixel], most=MOST_CELLS, page=page_width() - 30):
        cells[index] = Cell("" if given is None else number(given[index].item()))
    cells[pixel] = Cell(number(result), fill=theme.RESULT_FILL)
    cells = marked(cells, found, places)
    outlined = [Outline([pixel], theme.RESULT, "result")]
    image = sheet(cells, name="image", outlines=outlined, height=40, width=with_marks(cells))
    image = with_part_shown(titled(image, "image", str(shape)), cells, shape)
    block = row([source, arrow_right(theme.WINDOW), image])
    if block.width > page_width():
        block = column([source, arrow_down(theme.WINDOW), image], 12)
    added = " + ".join(
        number(term) if term >= 0 or not n else f"({number(term)})" for n, term in enumerate(terms)
    )
    sides = [entry("image", pixel), *([added] if len(terms) > 1 else []), number(result)]
    block = column([block, paragraph(" = ".join(sides), colour=theme.INK, mono=True)], 10)
    said = [f"{entry('columns', place)} = {number(term)}" for place, term in zip(met, terms)]
    settings = f", {found.settings}" if found.settings else ""
    alt = f"Columns, {size(values.shape)}, brought back to an image, {size(shape)}{settings}. "
    alt += f"Pixel {entry('', pixel)} was read by {len(met)} window{'s' * (len(met) != 1)}"
    alt += f": {', '.join(said)} make {number(result)}." if said else " and is 0."
    return Picture(alt, block)
