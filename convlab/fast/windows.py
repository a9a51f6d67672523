"""The sums as they stand in `functional`, a part of the output at a time.

The one method that takes every dtype, and the yardstick of the others.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from convlab import functional
from convlab.fast.layer import Layer, chunks
from convlab.fast.table import WORK


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel)
    result = np.empty((layer.n, layer.groups, layer.o, *layer.counts), weight.dtype)
    for image, output in zip(_windows(layer, input), result):
        for rows in chunks(layer.counts[0], _rows(layer)):
            output[:, :, rows] = np.einsum("gcyxij,gocij->goyx", image[:, :, rows], kernels, optimize=True)
    result += bias.reshape(layer.groups, layer.o, 1, 1)
    return result.reshape(layer.n, -1, *layer.counts)


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    grads = grad_output.reshape(layer.n, layer.groups, layer.o, *layer.counts)
    result = np.zeros((layer.groups, layer.o, layer.c, *layer.kernel), grad_output.dtype)
    for image, grad in zip(_windows(layer, input), grads):
        for rows in chunks(layer.counts[0], _rows(layer)):
            result += np.einsum("gcyxij,goyx->gocij", image[:, :, rows], grad[:, :, rows], optimize=True)
    return result.reshape(-1, layer.c, *layer.kernel)


def _windows(layer: Layer, input: np.ndarray) -> np.ndarray:
    """View every window: (N, G, C, H_out, W_out, kh, kw)."""
    padded = functional.pad(input, layer.pads)
    images = padded.reshape(layer.n, layer.groups, layer.c, *layer.padded)
    (s_h, s_w), (d_h, d_w) = layer.strides, layer.dilations
    spans = [d * (k - 1) + 1 for d, k in zip(layer.dilations, layer.kernel)]
    return sliding_window_view(images, spans, axis=(-2, -1))[..., ::s_h, ::s_w, ::d_h, ::d_w]


def _rows(layer: Layer) -> int:
    """As many rows as keep the copy that einsum makes of their windows within WORK."""
    return max(WORK // (layer.groups * layer.c * layer.taps * layer.counts[1]), 1)
