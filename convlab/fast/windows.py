"""The sums as they stand in `functional`, a piece of the output at a time.

The one method that takes every dtype, and the yardstick of the others.
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from convlab.fast.layer import Layer
from convlab.fast.pieces import Piece, padded, pieces, split
from convlab.fast.table import COLUMNS
from convlab.fast.threads import share, summed


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel)
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), weight.dtype)
    images, outputs = split(layer, input, layer.c), split(layer, result, layer.o)
    shared = bias.reshape(layer.groups, layer.o, 1, 1)

    def work(piece: Piece) -> None:
        seen, chosen = _windows(layer, images, piece), kernels[piece.groups]
        sums = np.einsum("ngcyxij,gocij->ngoyx", seen, chosen, optimize=True)
        outputs[piece.images, piece.groups, :, piece.rows] = sums + shared[piece.groups]

    share(_pieces(layer), work)
    return result


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    images, grads = split(layer, input, layer.c), split(layer, grad_output, layer.o)

    def work(piece: Piece, sums: np.ndarray) -> None:
        grad = grads[piece.images, piece.groups, :, piece.rows]
        seen = _windows(layer, images, piece)
        sums[piece.groups] += np.einsum("ngcyxij,ngoyx->gocij", seen, grad, optimize=True)

    sums = np.zeros((layer.groups, layer.o, layer.c, *layer.kernel), grad_output.dtype)
    return summed(_pieces(layer), work, sums).reshape(-1, layer.c, *layer.kernel)


def _windows(layer: Layer, images: np.ndarray, piece: Piece) -> np.ndarray:
    """View every window of a piece: (N, G, C, rows, W_out, kh, kw)."""
    laid = padded(layer, images, piece)
    (s_h, s_w), (d_h, d_w) = layer.strides, layer.dilations
    spans = [d * (k - 1) + 1 for d, k in zip(layer.dilations, layer.kernel)]
    return sliding_window_view(laid, spans, axis=(-2, -1))[..., ::s_h, ::s_w, ::d_h, ::d_w]


@lru_cache(maxsize=1024)
def _pieces(layer: Layer) -> tuple[Piece, ...]:
    """As many rows as keep the copy that einsum makes of their windows small."""
    return pieces(layer, layer.c * layer.taps * layer.counts[1], COLUMNS)
