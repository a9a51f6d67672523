"""Cut a layer into pieces that a thread works on alone, small enough for what they need to stay in the cache.

Knows nothing of what is done with a piece, but how to read it.
"""

from typing import NamedTuple

import numpy as np

from convlab.fast.layer import Layer, chunks, shares
from convlab.fast.threads import scratch

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


def padded(layer: Layer, images: np.ndarray, piece: Piece) -> np.ndarray:
    """Pad what a piece reads: (N, G, C, rows, columns). Without padding this is a view."""
    (top, _), (left, right) = layer.pads
    s = layer.strides[0]
    some = images[piece.images, piece.groups]
    start = piece.rows.start * s - top
    stop = (piece.rows.stop - 1) * s + layer.dilations[0] * (layer.kernel[0] - 1) + 1 - top
    height, width = layer.size
    inside = slice(min(max(start, 0), height), min(max(stop, 0), height))
    if (left, right) == (0, 0) and (inside.start, inside.stop) == (start, stop):
        return some[:, :, :, inside]
    result = scratch("padded", (*some.shape[:3], stop - start, layer.padded[1]), images.dtype)
    result.fill(0)
    result[:, :, :, inside.start - start : inside.stop - start, left : left + width] = some[:, :, :, inside]
    return result


def padded_beside(layer: Layer, images: np.ndarray, piece: Piece) -> np.ndarray:
    """As `padded`, with the images' pixels side by side: (1, G, C, rows, columns, N)."""
    (top, _), (left, right) = layer.pads
    s = layer.strides[0]
    some = images[piece.images, piece.groups]
    start = piece.rows.start * s - top
    stop = (piece.rows.stop - 1) * s + layer.dilations[0] * (layer.kernel[0] - 1) + 1 - top
    height, width = layer.size
    inside = slice(min(max(start, 0), height), min(max(stop, 0), height))
    n, groups, c = some.shape[:3]
    result = scratch("padded", (groups, c, stop - start, layer.padded[1], n), images.dtype)
    if (left, right) != (0, 0) or (inside.start, inside.stop) != (start, stop):
        result.fill(0)
    result[:, :, inside.start - start : inside.stop - start, left : left + width] = some[:, :, :, inside].transpose(1,2,3,4,0)
    return result[None]
