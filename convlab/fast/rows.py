"""What mec multiplies: the image kw times, each time one tap further to the left.

The kw copies of a row stand below each other, channel by channel, and the rows of the image follow each other. Of
images with short rows, the pixels lie side by side, so that a row is as long as those of all images together.

Knows nothing of kernels but their sizes.
"""

import numpy as np

from convlab.fast.layer import Layer, met
from convlab.fast.pieces import Piece, padded, padded_beside, reach, rows_read, strided
from convlab.fast.table import ASIDE, NARROW
from convlab.fast.threads import scratch


def are_beside(layer: Layer, images: int) -> bool:
    """Say whether so many images are computed as one: their pixels side by side, where rows are too short for BLAS."""
    return images > 1 and layer.counts[1] < ASIDE


def shifted_rows(layer: Layer, images: np.ndarray, piece: Piece, ones: bool) -> np.ndarray:
    """Write what a piece reads, (N, G, rows, C · kw, W_out), or (1, G, rows, C · kw, W_out · N), and rows of ones."""
    n, groups, height = piece.sizes
    one, width = layer.c * layer.kernel[1], layer.counts[1]
    aside = n if are_beside(layer, n) else 1
    shape = n // aside, groups, reach(layer, height), one + ones, width * aside
    result = scratch("shifted", shape, images.dtype)
    if ones:
        result[..., one, :] = 1
    taps = result[..., :one, :].reshape(*shape[:3], layer.c, layer.kernel[1], width, aside, copy=False)
    taps = taps.transpose(0, 1, 3, 4, 2, 5, 6)
    if aside > 1:
        shift(layer, padded_beside(layer, images, piece), taps)
    elif layer.kernel[1] > NARROW:
        shift(layer, padded(layer, images, piece), taps[..., 0])
    else:
        _shift_unpadded(layer, images, piece, taps[..., 0])
    return result


def shift(layer: Layer, laid: np.ndarray, into: np.ndarray, first: int = 0, step: int = 1) -> None:
    """Write rows first, first + step, … of padded images into (N, G, C, kw, rows, W_out, …), once for each tap."""
    image, group, channel, y, x, *rest = laid.strides
    seen = laid[:, :, :, first::step]
    lines = min(seen.shape[3], into.shape[4])
    shape = *seen.shape[:3], layer.kernel[1], lines, *into.shape[5:]
    strides = image, group, channel, layer.dilations[1] * x, step * y, layer.strides[1] * x, *rest
    into[:, :, :, :, :lines] = strided(seen, shape, strides)


def _shift_unpadded(layer: Layer, images: np.ndarray, piece: Piece, into: np.ndarray) -> None:
    """The same from images as they are, column of taps by column: what meets no pixel is zero."""
    some = images[piece.images, piece.groups]
    count, places, inside = rows_read(layer, piece)
    for outside in (slice(0, places.start), slice(places.stop, count)):
        if outside.start < outside.stop:
            into[..., outside, :] = 0
    for tap in range(layer.kernel[1]):
        columns, pixels = met(layer, 1, tap)
        for outside in (slice(0, columns.start), slice(columns.stop, layer.counts[1])):
            if outside.start < outside.stop:
                into[:, :, :, tap, places, outside] = 0
        into[:, :, :, tap, places, columns] = some[:, :, :, inside, pixels]
