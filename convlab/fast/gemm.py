"""GEMM: the sums as one product of matrices, over columns that are never all there (im2col in parts).

The columns of chapter 6 are kh · kw times as large as the input. Here they are written for a part of the
output at a time, small enough to stay in the cache, and multiplied while they are there. A tap's row of the
columns is a slice of the signal that `planes` makes, so writing them is copying runs of memory.

A 1 × 1 kernel needs no columns: the image is its own.
"""

from collections.abc import Iterator

import numpy as np

from convlab.fast.layer import Layer, grouped
from convlab.fast.planes import (
    Part,
    count_taps,
    cut,
    grid,
    inside,
    lay_gradient,
    parts,
    phase_entries,
    planes,
    seen,
    taps_by_phase,
)
from convlab.fast.table import COLUMNS


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    kernels = weight.reshape(layer.groups, layer.o, -1)
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    if is_pointwise(layer):
        pixels = _pixels(layer, input)
        np.matmul(kernels, pixels, out=result.reshape(layer.n, layer.groups, layer.o, -1))
        if bias.any():
            result += bias[:, None, None]
        return result
    images = grouped(layer, result, layer.o)
    shared = bias.reshape(layer.groups, layer.o, 1, 1, 1)
    for part, columns in _columns(layer, input):
        sums = cut(layer, part, kernels @ columns)
        np.add(sums, shared, out=images[:, :, part.images, part.rows])
    return result


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """Sum grad_output times columns over all positions: the product of `forward`, turned round."""
    result = np.zeros((layer.groups, layer.o, layer.c * layer.taps), input.dtype)
    if is_pointwise(layer):
        grads = grad_output.reshape(layer.n, layer.groups, layer.o, -1)
        for pixels, grad in zip(_pixels(layer, input), grads):
            result += grad @ pixels.swapaxes(-1, -2)
    else:
        images = grouped(layer, grad_output, layer.o)
        for part, columns in _columns(layer, input):
            result += lay_gradient(layer, part, images) @ columns.swapaxes(-1, -2)
    return result.reshape(-1, layer.c, *layer.kernel)


def scatter(layer: Layer, weight: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """Give the input's gradient: the gradients of the columns, each added back where it came from."""
    kernels = weight.reshape(layer.groups, layer.o, -1).swapaxes(-1, -2)
    images = grouped(layer, grad_output, layer.o)
    phases = list(taps_by_phase(layer))
    total = grid(layer).total
    grads = {taps.phase: np.zeros((layer.groups, layer.c, total), weight.dtype) for taps in phases}
    for part in parts(layer, _part_size(layer)):
        columns = kernels @ lay_gradient(layer, part, images)
        columns = columns.reshape(layer.groups, layer.c, *layer.kernel, -1)
        for taps in phases:
            chosen = columns[:, :, taps.rows, taps.columns]
            for i, j in np.ndindex(*chosen.shape[2:4]):
                start = taps.offset + i * taps.steps[0] + j * taps.steps[1] + part.signal.start
                grads[taps.phase][..., start : start + chosen.shape[-1]] += chosen[:, :, i, j]
    result = np.zeros((layer.n, layer.groups * layer.c, *layer.size), weight.dtype)
    images = grouped(layer, result, layer.c)
    for phase, grad in grads.items():
        images[(..., *phase_entries(layer, phase))] = inside(layer, phase, grad)
    return result


def is_pointwise(layer: Layer) -> bool:
    return layer.taps == 1 and layer.pads == ((0, 0), (0, 0))


def _columns(layer: Layer, input: np.ndarray) -> Iterator[tuple[Part, np.ndarray]]:
    """Give the columns part by part: (G, C · kh · kw, positions). They are overwritten by the next part."""
    signals = planes(layer, grouped(layer, input, layer.c))
    phases = list(taps_by_phase(layer))
    buffer = np.empty(0, input.dtype)
    for part in parts(layer, _part_size(layer)):
        if layer.taps == 1:
            yield part, signals[phases[0].phase][..., part.signal]
            continue
        shape = layer.groups, layer.c, *layer.kernel, part.signal.stop - part.signal.start
        if buffer.shape != shape:
            buffer = np.empty(shape, input.dtype)
        for taps in phases:
            view = seen(signals[taps.phase], taps, count_taps(layer, taps), part.signal)
            buffer[:, :, taps.rows, taps.columns] = view
        yield part, buffer.reshape(layer.groups, layer.c * layer.taps, -1)


def _part_size(layer: Layer) -> int:
    """As many positions as keep the columns within COLUMNS entries; a product needs a few hundred."""
    return max(COLUMNS // (layer.groups * layer.c * layer.taps), 256)


def _pixels(layer: Layer, input: np.ndarray) -> np.ndarray:
    """View the pixels that a 1 × 1 kernel reads: (N, G, C, positions). With a stride this is a copy."""
    (s_h, s_w), n, groups, c = layer.strides, layer.n, layer.groups, layer.c
    return input[..., ::s_h, ::s_w].reshape(n, groups, c, layer.counts[0] * layer.counts[1])
