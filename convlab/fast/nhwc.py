"""NHWC: the channels last, so that one number of every kernel meets its pixels in one run.

The pixels that stand at the same place of all groups' images are written side by side. What a tap adds to an output,
it adds in all groups at once: one inner loop of multiply and add, as long as there are groups. No matter how small
the images are; there only have to be many. So this is for depthwise layers deep in a network, of hundreds of channels
with few pixels each, where every other method has only a row of 7 or 14 entries to work on.
"""

from functools import lru_cache

import numpy as np

from convlab.fast.layer import Layer, shares
from convlab.fast.pieces import SHARES, Piece, padded_last, split, strided
from convlab.fast.table import APART, WORK
from convlab.fast.threads import scratch, share, summed


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    images, outputs = split(layer, input, layer.c), split(layer, result, layer.o)
    shared = bias.reshape(layer.groups, layer.o, 1, 1)
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel).transpose(3, 4, 2, 1, 0)
    kernels = np.ascontiguousarray(kernels)  # (kh, kw, C, O, G)

    def work(piece: Piece) -> None:
        sums = _sums(layer, piece, input.dtype)
        np.einsum("nyxijcg,ijcog->nyxog", _seen(layer, images, piece), kernels[..., piece.groups], out=sums)
        into = outputs[piece.images, piece.groups, :, piece.rows]
        np.add(sums.transpose(0, 4, 3, 1, 2), shared[piece.groups], out=into)

    share(_pieces(layer), work)
    return result


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    images, grads = split(layer, input, layer.c), split(layer, grad_output, layer.o)

    def work(piece: Piece, into: np.ndarray) -> None:
        back = _sums(layer, piece, input.dtype)
        back[...] = grads[piece.images, piece.groups, :, piece.rows].transpose(0, 3, 4, 2, 1)
        into[..., piece.groups] += np.einsum("nyxijcg,nyxog->ijcog", _seen(layer, images, piece), back)

    sums = np.zeros((*layer.kernel, layer.c, layer.o, layer.groups), input.dtype)
    result = summed(_pieces(layer), work, sums).transpose(4, 3, 2, 0, 1)
    return np.ascontiguousarray(result).reshape(-1, layer.c, *layer.kernel)


def _seen(layer: Layer, images: np.ndarray, piece: Piece) -> np.ndarray:
    """Write the padded pixels of a piece, groups last, and view what windows see: (N, H_out, W_out, kh, kw, C, G)."""
    laid = padded_last(layer, images, piece)
    (s_h, s_w), (d_h, d_w) = layer.strides, layer.dilations
    image, channel, y, x, group = laid.strides
    n, groups, height = piece.sizes
    return strided(
        laid,
        (n, height, layer.counts[1], *layer.kernel, layer.c, groups),
        (image, s_h * y, s_w * x, d_h * y, d_w * x, channel, group),
    )


def _sums(layer: Layer, piece: Piece, dtype: np.dtype) -> np.ndarray:
    n, groups, height = piece.sizes
    return scratch("sums", (n, height, layer.counts[1], layer.o, groups), dtype)


@lru_cache(maxsize=1024)
def _pieces(layer: Layer) -> tuple[Piece, ...]:
    """Cut images, or the rows of a single one; groups only where there are too many for a thread to work on."""
    entries = layer.c * layer.padded[0] * layer.padded[1] + layer.o * layer.counts[0] * layer.counts[1]
    groups = max(min(layer.groups, WORK // entries), 1)
    images = max(min(WORK // (entries * groups), -(-layer.n // SHARES)), 1)
    rows = -(-layer.counts[0] // SHARES) if layer.n == 1 and layer.products > APART else layer.counts[0]
    return tuple(
        Piece(some, others, lines)
        for some in shares(layer.n, images)
        for others in shares(layer.groups, groups)
        for lines in shares(layer.counts[0], rows)
    )
