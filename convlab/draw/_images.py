"""Pictures of arrays as pixels: an image; and many small images on one sheet."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import as_window
from convlab.draw._canvas import Block, clean, column, label, row, swatch, tag
from convlab.draw._cells import titled
from convlab.draw._numbers import Array, Index, as_array, extent, number, size
from convlab.draw._page import is_phone
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture
from convlab.draw._png import png

LARGEST_IMAGE = 512
MOST_MAPS = 128
MOST_COLUMNS = 16
PHONE_COLUMNS = 5
TINTS = {"red": "#FF0000", "green": "#00FF00", "blue": "#0000FF"}


def image(
    array: npt.ArrayLike,
    *,
    name: str = "image",
    scale: int | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    signed: bool = False,
    tint: str | None = None,
    window: tuple[int, int, int, int] | None = None,
) -> Picture:
    """Draw an array as a picture, each value one sharp square.

    Parameters
    ----------
    array : array_like, shape (H, W) or (3, H, W), at most 512 × 512
        uint8, other integers, booleans or floats. NaN is drawn purple. Three channels are red, green and blue.
    name : str
    scale : int, optional
        The side of one value's square in pixels; by default such that the longer side measures about 256.
    vmin, vmax : float, optional
        The values drawn black and white. By default 0 and 255 for uint8, otherwise the smallest and the
        largest. Give them when pictures beside each other are to be compared.
    signed : bool
        Draw zero white, negative values blue and positive ones orange, as strong as `vmax` at most
        (by default the largest absolute value).
    tint : {"red", "green", "blue"}, optional
        Draw the largest values in this colour instead of white, as one channel of a colour picture.
    window : (top, left, height, width), optional
        The pixels to outline.

    Raises
    ------
    ValueError
        If `array` is not an array of real numbers with these axes or too large, the range is not one, the window
        leaves it, or a colour picture holds NaN or is to be signed or tinted.
    """
    values = as_array(array, "array", (2, 3), "; draw.signal draws one dimension, draw.maps many images")
    name = clean(name)
    height, width = values.shape[-2:]
    if tint is not None and tint not in TINTS:
        raise ValueError(f"tint is {tint!r}: it must be one of {', '.join(map(repr, TINTS))}")
    if values.ndim == 3:
        if len(values) != len(TINTS):
            raise ValueError(
                f"array has shape {values.shape}: three axes must be (3, H, W), red, green and blue"
            )
        if signed or tint is not None or np.isnan(values).any():
            raise ValueError(
                "array has three channels: such a picture cannot be signed or tinted, nor hold NaN"
            )
    elif signed and tint is not None:
        raise ValueError(f"tint is {tint!r}: signed values have colours of their own")
    inside, where = as_window(window, (height, width), ("top", "left", "height", "width"))
    _check_size(values)
    side = max(1, 256 // max(height, width)) if scale is None else scale
    if not hasattr(side, "__index__") or side < 1:
        raise ValueError(f"scale is {scale!r}: it must be a whole number of pixels, at least 1")
    side = min(side, max(1, int(page_width() // width))) if is_phone() else side
    low, high = _range(values, np.asarray(array).dtype == np.uint8, vmin, vmax, signed)
    pixels, palette = _pixels(values, low, high, signed, tint)
    if values.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1)
    block = pixel_block(pixels, palette, name, width * side, height * side)
    if inside:
        block = _outlined(block, inside, side)
    key = _key(values, low, high, signed, tint)
    said = ", ".join(f"{what} for {value}" for what, _, value in key)
    caption = row([swatch(colour, value) for _, colour, value in key], 12)
    what = "Colour image" if values.ndim == 3 else "Image"
    alt = f"{what} {name}, {size((height, width))} pixels, values {extent(values)}, drawn with {said}."
    alt += f" A window outlines {where}." if inside else ""
    return Picture(alt, column([titled(block, name, str(values.shape)), caption], 6))


def _outlined(block: Block, inside: Sequence[Index], side: int) -> Block:
    """Return pixels with a line around some of them, which shows on dark and on bright ones."""
    (top, left), (bottom, right) = inside[0], inside[-1]
    box = {
        "x": left * side,
        "y": top * side,
        "width": (right + 1 - left) * side,
        "height": (bottom + 1 - top) * side,
    }
    lines = [
        tag("rect", **box, fill="none", stroke=colour, stroke_width=wide)
        for colour, wide in ((theme.CARD, 4), (theme.WINDOW, 2))
    ]
    return Block(block.body + "".join(lines), block.width, block.height, block.middle)


def maps(
    array: npt.ArrayLike,
    *,
    name: str = "maps",
    columns: int = 8,
    signed: bool = True,
    ink: bool = False,
    labels: Sequence[str] = (),
    rows: Sequence[str] = (),
) -> Picture:
    """Draw feature maps or filters as a sheet of small images, each with its index.

    All share one scale, so that they can be compared.

    Parameters
    ----------
    array : array_like, shape (N, H, W) or, with `rows`, (R, N, H, W), at most 128 of them
    name : str
    columns : int
        How many images stand side by side.
    signed : bool
        Draw zero white, negative values blue and positive ones orange; otherwise the smallest value black and
        the largest white.
    ink : bool
        If not `signed`, draw the smallest value white and the largest black.
    labels : sequence of str, optional
        What is written below each image instead of its index.
    rows : sequence of str, optional
        The names of R versions of the same N images, which stand above each other: first above last.

    Raises
    ------
    ValueError
        If `labels` or `rows` do not fit `array`, it is not a 3-D array of real numbers or too large, or `columns`
        is not between 1 and 16.
    """
    values = as_array(array, "array", (4 if rows else 3,), "; draw.image draws a single one")
    name, versions = clean(name), [clean(word) for word in rows]
    *stacked, height, width = values.shape
    count = stacked[-1]
    if labels and (isinstance(labels, str) or len(labels) != count):
        raise ValueError(f"labels is {labels!r}: it must be {count} words, one for each image")
    if versions and len(versions) != stacked[0]:
        raise ValueError(
            f"rows is {rows!r}: it must be {stacked[0]} words, as array has shape {values.shape}"
        )
    words = [clean(word) for word in labels] or [str(index) for index in range(count)]
    _check_size(values)
    if math.prod(stacked) > MOST_MAPS:
        raise ValueError(
            f"array has shape {values.shape}: at most {MOST_MAPS} images are drawn; "
            f"take some, such as array[:{MOST_MAPS}]"
        )
    if not hasattr(columns, "__index__") or not 1 <= columns <= MOST_COLUMNS:
        raise ValueError(f"columns is {columns!r}: it must be an integer between 1 and {MOST_COLUMNS}")
    low, high = _range(values, np.asarray(array).dtype == np.uint8, None, None, signed)
    dark = ink and not signed
    # What is drawn in ink is drawn from the other end.
    pixels, palette = _pixels(
        -values if dark else values, -high if dark else low, -low if dark else high, signed
    )
    pixels = pixels.reshape(-1, count, height, width)
    columns = min(columns, PHONE_COLUMNS) if is_phone() else columns
    heads = [label(word, size=theme.SMALL, colour=theme.MUTED) for word in versions]
    left = max([0.0, *(head.width + 8 for head in heads)])
    room = (page_width() - left - (columns - 1) * 8) / columns
    side = min(room / width, 128 / height, 128 / width)
    side = float(int(side)) if side >= 1 else side  # whole pixels, unless there are too many
    tiles = []
    for index in range(count):
        several = [
            pixel_block(version[index], palette, f"{name}[{index}]", width * side, height * side)
            for version in pixels
        ]
        word = label(words[index], size=theme.SMALL, colour=theme.MUTED, mono=True)
        tile = column([column(several, 4), word], 2, centre=True)
        tiles.append(Block(tile.body, tile.width, tile.height, 0))
    lines = [row(tiles[start : start + columns], 8) for start in range(0, count, columns)]
    if versions:
        names = [head.at(0, v * (height * side + 4) + height * side / 2 - 8) for v, head in enumerate(heads)]
        lines = [
            Block("".join(names) + line.at(left, 0), left + line.width, line.height, 0) for line in lines
        ]
    key = _key(values, low, high, signed)
    if dark:
        key[:2] = [("white", "#FFFFFF", number(low)), ("black", "#000000", number(high))]
    caption = row([swatch(colour, value) for _, colour, value in key], 12)
    said = ", ".join(f"{what} for {value}" for what, _, value in key)
    alt = f"{count} images {name}, each {size((height, width))}, values {extent(values)}, drawn with {said}."
    if versions:
        alt += f" Each is drawn {len(versions)} times, one above the other: {', '.join(versions)}."
    if labels:
        alt += f" Below them: {', '.join(words)}."
    return Picture(alt, column([titled(column(lines, 6), name, str(values.shape)), caption], 8))


def pixel_block(
    pixels: npt.NDArray[np.uint8],
    palette: npt.NDArray[np.uint8] | None,
    name: str,
    width: float,
    height: float,
) -> Block:
    """Return pixels as one piece with a thin edge.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W) or (H, W, 3)
        Grey levels or rows of the palette; or red, green and blue.
    palette : ndarray of uint8, shape (at most 256, 3), or None
    """
    source = base64.b64encode(png(pixels, palette)).decode()
    shrunk = width < pixels.shape[1]
    picture = tag(
        "image",
        x=0,
        y=0,
        width=width,
        height=height,
        href=f"data:image/png;base64,{source}",
        preserveAspectRatio="none",
        style=None if shrunk else "image-rendering:pixelated",
        data_array=name,
    )
    edge = tag("rect", x=0, y=0, width=width, height=height, fill="none", stroke=theme.LINE)
    return Block(picture + edge, width, height, height / 2)


def _check_size(values: Array) -> None:
    if max(values.shape[-2:]) > LARGEST_IMAGE:
        part = "array[::2, ::2]" if values.ndim == 2 else "array[:, ::2, ::2]"
        raise ValueError(
            f"array has shape {values.shape}: at most {LARGEST_IMAGE} by {LARGEST_IMAGE} pixels are drawn; "
            f"take a part, such as {part}"
        )


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


def _key(
    values: Array, low: float, high: float, signed: bool, tint: str | None = None
) -> list[tuple[str, str, str]]:
    """Return what the colours of an image mean: their names, themselves, their values.

    Where values beyond the range are drawn as its end is, the end says so.
    """
    known = values[~np.isnan(values)]
    first, last = number(low), number(high)
    first = f"≤ {first}" if (known < low).any() else first
    last = f"≥ {last}" if (known > high).any() else last
    if signed:
        key = [
            ("blue", theme.NEGATIVE, first),
            ("white", theme.NEUTRAL, "0"),
            ("orange", theme.POSITIVE, last),
        ]
    else:
        most = "white" if tint is None else tint
        key = [("black", "#000000", first), (most, TINTS.get(most, "#FFFFFF"), last)]
        if low < 0 < high and tint is None:
            grey = theme.mix("#000000", "#FFFFFF", -low / (high - low))
            key.insert(1, ("grey", grey, "0"))
    return [*key, ("purple", theme.MISSING, "nan")] if np.isnan(values).any() else key


def _pixels(
    values: Array, low: float, high: float, signed: bool, tint: str | None = None
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8] | None]:
    """Return bytes for each value, and the palette they point into unless they are brightnesses."""
    missing = np.isnan(values)
    known = np.where(missing, 0.0, values.astype(np.float64))
    share = (np.clip(known, low, high) - low) / (high - low)
    if not signed and not missing.any() and tint is None:
        return (share * 255 + 0.5).astype(np.uint8), None
    # 255 colours around the middle one, number 127; the last number is NaN's.
    pixels = (share * 254 + 0.5).astype(np.uint8)
    pixels[missing] = 255
    if signed:
        palette = [theme.channels(theme.diverging((i - 127) / 127)) for i in range(255)]
    else:
        brightest = TINTS[tint] if tint else "#FFFFFF"
        palette = [theme.channels(theme.mix("#000000", brightest, i / 254)) for i in range(255)]
    return pixels, np.array([*palette, theme.channels(theme.MISSING)], dtype=np.uint8)
