"""Pictures of arrays as they are: a signal, a grid of numbers, an image; and pictures beside each other."""

from __future__ import annotations

import base64
import itertools
import math
import operator
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, clean, column, flow, label, row, tag
from convlab.draw._cells import Cell, Outline, cell_width, sheet, titled
from convlab.draw._numbers import Array, Index, as_array, extent, number, size
from convlab.draw._picture import Picture
from convlab.draw._png import png

LONGEST_SIGNAL = 64  # cells; what goes on is said, not drawn
LARGEST_GRID = 16  # rows, and columns
LONGEST_LIST = 16  # numbers in an alternative text
LARGEST_IMAGE = 512

_AXES = [("row", "rows"), ("column", "columns")]


def signal(values: npt.ArrayLike, *, window: tuple[int, int] | None = None, name: str = "input") -> Picture:
    """Draw a signal: a row of numbers, each with its index below.

    A long signal goes on in further lines; of more than 64 values, those around the window (or the first) are
    drawn and the picture says which.

    Parameters
    ----------
    values : array_like, shape (L,)
    window : (start, length), optional
        The values to outline.
    name : str

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
    inside, said = _window(window, array.shape, ("start", "length"))
    cells = tinted(number_cells(array, around=inside, most=LONGEST_SIGNAL), inside)
    fitting = max(1, int(theme.PAGE // cell_width(cells.values())))
    lines = math.ceil(len(cells) / fitting)
    block = sheet(cells, name=name, outlines=outlines(inside), per_line=math.ceil(len(cells) / lines))
    alt = f"Signal {name} of length {array.size}: {spoken(array)}."
    if inside:
        alt += f" A window outlines {said}: {spoken(array[inside[0][0] : inside[-1][0] + 1])}."
    return Picture(alt, with_part_shown(titled(block, name, str(array.shape)), cells, array.shape))


def grid(
    values: npt.ArrayLike,
    *,
    window: tuple[int, int, int, int] | None = None,
    name: str = "input",
    heat: bool = False,
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

    Raises
    ------
    ValueError
        If `values` is not a 2-D array of real numbers, or the window leaves it.
    """
    array = as_array(values, "values", (2,), "; draw.signal draws one dimension")
    name = clean(name)
    inside, said = _window(window, array.shape, ("top", "left", "height", "width"))
    cells = number_cells(array, around=inside, most=LARGEST_GRID, page=theme.PAGE - 30, heat=heat)
    cells = cells if heat else tinted(cells, inside)
    block = sheet(cells, name=name, outlines=outlines(inside))
    alt = f"Grid {name}, {size(array.shape)}: {spoken(array)}."
    if inside:
        top, left, height, width = map(operator.index, window or ())
        alt += f" A window outlines {said}: {spoken(array[top : top + height, left : left + width])}."
    if heat:
        alt += " Cells are tinted blue below zero and orange above."
    return Picture(alt, with_part_shown(titled(block, name, str(array.shape)), cells, array.shape))


def image(
    array: npt.ArrayLike,
    *,
    name: str = "image",
    scale: int | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    signed: bool = False,
) -> Picture:
    """Draw an array as a picture, each value one sharp square.

    Parameters
    ----------
    array : array_like, shape (H, W), at most 512 × 512
        uint8, other integers, booleans or floats. NaN is drawn purple.
    name : str
    scale : int, optional
        The side of one value's square in pixels; by default such that the longer side measures about 256.
    vmin, vmax : float, optional
        The values drawn black and white. By default 0 and 255 for uint8, otherwise the smallest and the
        largest. Give them when pictures beside each other are to be compared.
    signed : bool
        Draw zero white, negative values blue and positive ones orange, as strong as `vmax` at most
        (by default the largest absolute value).

    Raises
    ------
    ValueError
        If `array` is not a 2-D array of real numbers or too large, or the range is not one.
    """
    values = as_array(array, "array", (2,), "; draw.signal draws one dimension")
    name = clean(name)
    height, width = values.shape
    if max(height, width) > LARGEST_IMAGE:
        raise ValueError(
            f"array has shape {values.shape}: at most {LARGEST_IMAGE} by {LARGEST_IMAGE} pixels are drawn; "
            "take a part, such as array[::2, ::2]"
        )
    side = max(1, 256 // max(height, width)) if scale is None else scale
    if not hasattr(side, "__index__") or side < 1:
        raise ValueError(f"scale is {scale!r}: it must be a whole number of pixels, at least 1")
    low, high = _range(values, np.asarray(array).dtype == np.uint8, vmin, vmax, signed)
    pixels, palette = _pixels(values, low, high, signed)
    source = base64.b64encode(png(pixels, palette)).decode()
    picture = tag(
        "image",
        x=0,
        y=0,
        width=width * side,
        height=height * side,
        href=f"data:image/png;base64,{source}",
        preserveAspectRatio="none",
        style="image-rendering:pixelated",
        data_array=name,
    )
    edge = tag("rect", x=0, y=0, width=width * side, height=height * side, fill="none", stroke=theme.LINE)
    block = Block(picture + edge, width * side, height * side, height * side / 2)
    key = _key(low, high, signed, bool(np.isnan(values).any()))
    said = ", ".join(f"{what} for {value}" for what, _, value in key)
    caption = row([_swatch(colour, value) for _, colour, value in key], 12)
    alt = f"Image {name}, {size(values.shape)} pixels, values {extent(values)}, drawn with {said}."
    return Picture(alt, column([titled(block, name, str(values.shape)), caption], 6))


def beside(*pictures: Picture, gap: float = theme.GAP) -> Picture:
    """Put pictures side by side as one picture; what does not fit a page's width goes on below.

    Raises
    ------
    ValueError
        If there are no pictures.
    """
    if not pictures:
        raise ValueError("pictures is empty: beside needs at least one")
    for picture in pictures:
        if not isinstance(picture, Picture):
            raise ValueError(
                f"pictures holds a {type(picture).__name__}: beside takes what draw's functions return"
            )
    blocks = [Block(p.block.body, p.block.width, p.block.height, 0) for p in pictures]
    return Picture(" ".join(picture.alt for picture in pictures), flow(blocks, gap))


def number_cells(
    array: Array,
    *,
    around: Collection[Index] = (),
    most: int | None = None,
    page: float = math.inf,
    heat: bool = False,
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
    """
    parts = [
        _part(length, most or length, [index[axis] for index in around])
        for axis, length in enumerate(array.shape)
    ]
    cells = _write(array, parts, heat)
    fitting = max(1, int(min(page, 1e9) // cell_width(cells.values())))
    if fitting < len(parts[-1]):
        parts[-1] = _part(array.shape[-1], fitting, [index[-1] for index in around])
        cells = _write(array, parts, heat)
    return cells


def _write(array: Array, parts: Sequence[range], heat: bool) -> dict[Index, Cell]:
    largest = 0.0
    if heat and np.isfinite(array).any():
        largest = float(np.abs(array[np.isfinite(array)]).max())
    cells = {}
    for place in itertools.product(*parts):
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


def with_part_shown(block: Block, cells: Collection[Index], shape: Index) -> Block:
    """Say below a piece which part of a large array it shows."""
    parts = []
    for axis, length in enumerate(shape):
        first, last = min(i[axis] for i in cells), max(i[axis] for i in cells)
        if last - first + 1 < length:
            what = "indices" if len(shape) == 1 else _AXES[axis][1]
            parts.append(f"{what} {first}–{last} of {length}")
    if not parts:
        return block
    note = label("showing " + ", ".join(parts), size=theme.SMALL, colour=theme.MUTED)
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
        said.append(f"{one} {first}" if first == last else f"{many} {first} to {last}")
    return " and ".join(said)


def _part(length: int, most: int, around: Sequence[int]) -> range:
    if length <= most:
        return range(length)
    start = 0
    if around:
        start = (min(around) + max(around) + 1 - most) // 2
    start = max(0, min(start, length - most))
    return range(start, start + most)


def _window(window: tuple[int, ...] | None, shape: Index, parts: tuple[str, ...]) -> tuple[list[Index], str]:
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


def _range(
    values: Array, is_uint8: bool, vmin: float | None, vmax: float | None, signed: bool
) -> tuple[float, float]:
    """Return the values at the ends of the colours."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if signed:
        if vmin is not None:
            raise ValueError(
                f"vmin is {vmin}: with signed=True the range is -vmax to vmax, so give only vmax"
            )
        most = max(-low, high) or 1.0 if vmax is None else float(vmax)
        if not 0 < most < math.inf:
            raise ValueError(f"vmax is {vmax}: with signed=True it must be a positive number")
        return -most, most
    if is_uint8:
        low, high = 0.0, 255.0
    if low == high:  # a constant image: 0 and less is black, more is white
        low, high = min(low, 0.0), max(low, 0.0) if low else 1.0
    low, high = low if vmin is None else float(vmin), high if vmax is None else float(vmax)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"vmin is {low:g} and vmax is {high:g}: both must be finite and vmin below vmax")
    return low, high


def _key(low: float, high: float, signed: bool, missing: bool) -> list[tuple[str, str, str]]:
    """Return what the colours of an image mean: their names, themselves, their values."""
    if signed:
        key = [("blue", theme.NEGATIVE, low), ("white", theme.NEUTRAL, 0.0), ("orange", theme.POSITIVE, high)]
    else:
        key = [("black", "#000000", low), ("white", "#FFFFFF", high)]
    written = [(name, colour, number(value)) for name, colour, value in key]
    return [*written, ("purple", theme.MISSING, "nan")] if missing else written


def _swatch(colour: str, value: str) -> Block:
    square = tag("rect", x=0.5, y=0.5, width=12, height=12, fill=colour, stroke=theme.LINE)
    return row([Block(square, 13, 13, 6.5), label(value, size=theme.SMALL, colour=theme.MUTED, mono=True)], 5)


def _pixels(
    values: Array, low: float, high: float, signed: bool
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8] | None]:
    """Return bytes for each value, and the palette they point into unless they are grey levels."""
    missing = np.isnan(values)
    known = np.where(missing, 0.0, values.astype(np.float64))
    share = (np.clip(known, low, high) - low) / (high - low)
    if not signed and not missing.any():
        return (share * 255 + 0.5).astype(np.uint8), None
    # 255 colours around the middle one, number 127; the last number is NaN's.
    pixels = (share * 254 + 0.5).astype(np.uint8)
    pixels[missing] = 255
    if signed:
        palette = [theme.channels(theme.diverging((i - 127) / 127)) for i in range(255)]
    else:
        palette = [(round(i * 255 / 254),) * 3 for i in range(255)]
    return pixels, np.array([*palette, theme.channels(theme.MISSING)], dtype=np.uint8)
