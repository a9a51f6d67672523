"""Cut a layer into pieces that a thread works on alone, small enough for what they need to stay in the cache.

Knows nothing of what is done with a piece, but how to read it.
"""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convlab.fast.layer import Layer, chunks, part, shares
from convlab.fast.threads import scratch, view

SHARES = 2  # pieces there should be at least: one for each of two threads, as each costs some calls of NumPy
LEAST = 2**17  # entries that are not worth a piece of their own


class Piece(NamedTuple):
    """Some images, some groups, some rows of the output."""

    images: slice
    groups: slice
    rows: slice

    @property
    def sizes(self) -> tuple[int, int, int]:
        images, groups, rows = (part.stop - part.start for part in self)
        return images, groups, rows


def pieces(layer: Layer, row: int, limit: int, least: int = 1, step: int = 1) -> tuple[Piece, ...]:
    """Cut so that no piece holds more than limit entries, where a row of one image's group needs `row` entries.

    A piece has at least half of `least` rows, so that an odd number of pieces can be made even; their number is a
    multiple of step, but for the last rows of an image.
    """
    height = layer.counts[0]
    share = -(-height * layer.groups * layer.n // SHARES)
    limit = min(limit, max(row * share, LEAST))
    rows = max(limit // row, least)
    if rows < height:
        lines = shares(height, rows)
        if step > 1:
            most = max(line.stop - line.start for line in lines)
            lines = list(chunks(height, -(-most // step) * step))
        groups, images = 1, 1
    else:
        lines = [slice(0, height)]
        groups = min(max(limit // (row * height), 1), layer.groups)
        images = max(limit // (row * height * groups), 1) if groups == layer.groups else 1
    return tuple(
        Piece(some, part, line)
        for some in shares(layer.n, images)
        for part in shares(layer.groups, groups)
        for line in lines
    )


def split(layer: Layer, array: np.ndarray, channels: int) -> np.ndarray:
    """View (N, G·channels, H, W) as (N, G, channels, H, W)."""
    return array.reshape(layer.n, layer.groups, channels, *array.shape[2:])


def reach(layer: Layer, height: int) -> int:
    """Count the rows of the padded image that so many rows of the output read."""
    return layer.strides[0] * (height - 1) + layer.dilations[0] * (layer.kernel[0] - 1) + 1


def rows_read(layer: Layer, piece: Piece) -> tuple[int, slice, slice]:
    """Say how many rows of the padded image a piece reads, which of them lie inside the image, and where there."""
    inside, cut = part(layer, 0, piece.rows)
    above, below = cut.pads[0]
    stop = above + cut.size[0]
    return stop + below, slice(above, stop), inside


def padded(layer: Layer, images: np.ndarray, piece: Piece) -> np.ndarray:
    """Pad what a piece reads: (N, G, C, rows, columns). Without padding this is a view."""
    some = images[piece.images, piece.groups]
    count, places, inside = rows_read(layer, piece)
    if layer.pads[1] == (0, 0) and places.stop - places.start == count:
        return some[:, :, :, inside]
    return _laid(layer, some, count, places, inside)


def padded_beside(layer: Layer, images: np.ndarray, piece: Piece) -> np.ndarray:
    """As `padded`, a copy with the pixels of the images side by side: (1, G, C, rows, columns, N)."""
    some = images[piece.images, piece.groups].transpose(1, 2, 3, 4, 0)[None]
    return _laid(layer, some, *rows_read(layer, piece))


def padded_last(layer: Layer, images: np.ndarray, piece: Piece) -> np.ndarray:
    """As `padded`, a copy with the pixels of the groups side by side: (N, C, rows, columns, G)."""
    some = images[piece.images, piece.groups].transpose(0, 2, 3, 4, 1)[:, None]
    return _laid(layer, some, *rows_read(layer, piece))[:, 0]


def _laid(layer: Layer, some: np.ndarray, count: int, places: slice, inside: slice) -> np.ndarray:
    left, width = layer.pads[1][0], layer.size[1]
    result = scratch("padded", (*some.shape[:3], count, layer.padded[1], *some.shape[5:]), some.dtype)
    result.fill(0)
    result[:, :, :, places, left : left + width] = some[:, :, :, inside]
    return result


def strided(array: np.ndarray, shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
    """View an array from its first entry on, with strides in bytes. Some microseconds less where it is contiguous."""
    if array.flags.c_contiguous:
        return view(array, 0, shape, strides)
    return as_strided(array, shape, strides, writeable=False)
