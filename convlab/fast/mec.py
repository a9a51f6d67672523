"""MEC: columns that are kw times as large as the input, not kh · kw times, as rows of the image share them.

Write the image kw times, each time one tap further to the left, and let the kw copies of a row stand below each
other. Then the kh · kw rows of the column matrix that belong to one row of the output stand below each other in
memory, and the next row of the output finds its own a few rows further down. One product for each row of the
output, none of them with a copy of its own.

A product with few rows leaves BLAS idle. So for layers with few filters in a group, `BAND` rows of the output
are computed at once: the kernel stands in a matrix several times, each time one row of the image further down,
with zeros around it (the Toeplitz matrix of chapter 6). Multiplying zeros is cheaper than waiting.

References
----------
Cho and Brand, MEC: Memory-efficient Convolution for Deep Neural Network (2017).
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convlab.fast.layer import Layer
from convlab.fast.pieces import Piece, padded, padded_beside, pieces, split
from convlab.fast.products import multiply
from convlab.fast.table import BAND, SHIFTED, WORK, SHORT_ROW
from convlab.fast.threads import scratch, share, summed, view


def band(layer: Layer) -> int:
    """Say how many rows of the output one product computes."""
    return 1 if layer.o >= BAND else min(BAND, layer.counts[0])


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    images, outputs = split(layer, input, layer.c), split(layer, result, layer.o)
    rows = band(layer)
    shared = bias.reshape(layer.groups, layer.o, 1, 1)
    has_bias = bool(bias.any())
    ones = has_bias and rows == 1 and layer.n * layer.counts[1] >= SHORT_ROW
    kernels = _banded(layer, weight, rows)
    if ones:
        k = np.zeros((layer.groups, layer.o, layer.kernel[0], layer.c * layer.kernel[1] + 1), weight.dtype)
        k[..., :-1] = kernels.reshape(*k.shape[:-1], -1)
        k[..., 0, -1] = shared[..., 0, 0]
        kernels = k.reshape(layer.groups, layer.o, 1, -1)

    def work(piece: Piece) -> None:
        n, groups, height = piece.sizes
        width, lines = layer.counts[1], reach(layer, height)
        aside = n if beside(layer, n) else 1
        shape = n // aside, groups, lines, layer.c * layer.kernel[1] + ones, width * aside
        shifted = scratch("shifted", shape, input.dtype)
        if ones:
            shifted[..., -1, :] = 1
        places = shifted[:, :, :, : shape[3] - ones].reshape(*shape[:3], layer.c, layer.kernel[1], width, aside, copy=False).transpose(0, 1, 3, 4, 2, 5, 6)
        laid = padded(layer, images, piece)[..., None] if aside == 1 else padded_beside(layer, images, piece)
        _shift(layer, laid, places)
        into = outputs[piece.images, piece.groups, :, piece.rows]
        product = into
        if aside > 1:
            product = scratch("product", (1, groups, layer.o, height, width * aside), input.dtype)
        whole = height // rows * rows
        for start, count, step in ((0, whole, rows), (whole, height - whole, height - whole)):
            if count:
                chosen = product[..., start : start + count, :]
                _multiply(layer, kernels[piece.groups], shifted, chosen, start, step)
        if aside > 1:
            apart = product.reshape(groups, layer.o, height, width, n).transpose(4, 0, 1, 2, 3)
            np.add(apart, shared[piece.groups], out=into)
        elif has_bias and not ones:
            into += shared[piece.groups]

    share(_pieces(layer, rows), work)
    return result


def beside(layer: Layer, images: int) -> bool:
    """Say whether the rows are so short that those of so many images are best computed as one."""
    return images >= 4 and layer.counts[1] < SHORT_ROW


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """For each row of the kernels, one product of grad_output with the shifted images."""
    images, grads = split(layer, input, layer.c), split(layer, grad_output, layer.o)
    (kh, kw), s, d = layer.kernel, layer.strides[0], layer.dilations[0]

    def work(piece: Piece, sums: np.ndarray) -> None:
        n, groups, height = piece.sizes
        left = grads[piece.images, piece.groups, :, piece.rows].reshape(n, groups, layer.o, -1)
        lines = -(-reach(layer, height) // s)
        shape = s, n, groups, layer.c, kw, lines, layer.counts[1]
        shifted = scratch("shifted", shape, input.dtype)
        laid = padded(layer, images, piece)
        for phase in {d * i % s for i in range(kh)}:
            _shift(layer, laid[..., None], shifted[phase, ..., None], phase, s)
        for i in range(kh):
            seen = shifted[d * i % s, ..., d * i // s : d * i // s + height, :]
            right = seen.reshape(n, groups, layer.c * kw, -1).swapaxes(-1, -2)
            sums[i, piece.groups] += (left @ right).sum(axis=0)

    sums = np.zeros((kh, layer.groups, layer.o, layer.c * kw), input.dtype)
    sums = summed(_pieces(layer, 1), work, sums)
    result = sums.reshape(kh, layer.groups * layer.o, layer.c, kw).transpose(1, 2, 0, 3)
    return np.ascontiguousarray(result)


@lru_cache(maxsize=1024)
def _pieces(layer: Layer, rows: int) -> tuple[Piece, ...]:
    row = (layer.c * layer.kernel[1] * layer.strides[0] + layer.o) * layer.counts[1]
    least = min(layer.kernel[0], max(WORK // row, 1))
    return pieces(layer, row, SHIFTED, least, rows)


def reach(layer: Layer, height: int) -> int:
    """Count the rows of the padded image that so many rows of the output read."""
    return layer.strides[0] * (height - 1) + layer.dilations[0] * (layer.kernel[0] - 1) + 1


def _banded(layer: Layer, weight: np.ndarray, rows: int) -> np.ndarray:
    """Write each kernel `rows` times, each time a stride further down: (G, O, rows, reach · C · kw)."""
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel).transpose(0, 1, 3, 2, 4)
    s, d = layer.strides[0], layer.dilations[0]
    shape = layer.groups, layer.o, rows, reach(layer, rows), layer.c, layer.kernel[1]
    result = np.zeros(shape, weight.dtype)
    for row in range(rows):
        result[:, :, row, s * row : s * row + d * (layer.kernel[0] - 1) + 1 : d] = kernels
    return result.reshape(layer.groups, layer.o, rows, -1)


def _multiply(
    layer: Layer, kernels: np.ndarray, shifted: np.ndarray, into: np.ndarray, start: int, rows: int
) -> None:
    """Fill rows of the output, from `start` on, `rows` at a time."""
    n, groups, o, height, width = into.shape
    one = shifted.shape[3]  # rows of the matrix that a row of the image takes
    inner = reach(layer, rows) * one
    s = layer.strides[0]
    image, group, line, row, entry = shifted.strides
    first = start * s * line // entry
    if rows == 1:  # all filters in one product
        seen = view(shifted, first, (n, groups, height, inner, width), (image, group, s * line, row, entry))
        multiply(kernels[:, None, :, 0, :inner], seen, into.transpose(0, 1, 3, 2, 4))
        return
    seen = view(
        shifted,
        first,
        (n, groups, 1, height // rows, inner, width),
        (image, group, 0, s * rows * line, row, entry),
    )
    places = into.reshape(n, groups, o, height // rows, rows, width)
    np.matmul(kernels[:, :, None, :rows, :inner], seen, out=places)


def _shift(layer: Layer, laid: np.ndarray, into: np.ndarray, first: int = 0, step: int = 1) -> None:
    """Write rows first, first + step, … of padded images into (…, C, kw, rows, W_out, beside), once for each tap."""
    image, group, channel, y, x, aside = laid.strides
    seen = laid[..., first::step, :, :]
    lines = min(seen.shape[3], into.shape[4])
    shape = *seen.shape[:3], layer.kernel[1], lines, *into.shape[5:]
    strides = image, group, channel, layer.dilations[1] * x, step * y, layer.strides[1] * x, aside
    into[..., :lines, :, :] = as_strided(seen, shape, strides, writeable=False)
