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


class Lines(NamedTuple):
    """Rows of the padded image that a piece reads: so many in all; `places` of them are rows `inside` the image."""

    count: int
    places: slice
    inside: slice


def lines(layer: Layer, piece: Piece) -> Lines:
    s, height = layer.strides[0], layer.size[0]
    start = piece.rows.start * s - layer.pads[0][0]
    count = s * (piece.sizes[2] - 1) + layer.dilations[0] * (layer.kernel[0] - 1) + 1
    inside = slice(min(max(start, 0), height), min(max(start + count, 0), height))
    return Lines(count, slice(inside.start - start, inside.stop - start), inside)


def padded(layer: Layer, images: np.ndarray, piece: Piece) -> np.ndarray:
    """Pad what a piece reads: (N, G, C, rows, columns). Without padding this is a view."""
    some = images[piece.images, piece.groups]
    count, _, inside = lines(layer, piece)
    if layer.pads[1] == (0, 0) and inside.stop - inside.start == count:
        return some[:, :, :, inside]
    return _laid(layer, some, piece)


def padded_beside(layer: Layer, images: np.ndarray, piece: Piece) -> np.ndarray:
    """As `padded`, a copy with the pixels of the images side by side: (1, G, C, rows, columns, N)."""
    return _laid(layer, images[piece.images, piece.groups].transpose(1, 2, 3, 4, 0)[None], piece)


def _laid(layer: Layer, some: np.ndarray, piece: Piece) -> np.ndarray:
    count, places, inside = lines(layer, piece)
    left, width = layer.pads[1][0], layer.size[1]
    result = scratch("padded", (*some.shape[:3], count, layer.padded[1], *some.shape[5:]), some.dtype)
    result.fill(0)
    result[:, :, :, places, left : left + width] = some[:, :, :, inside]
    return result
