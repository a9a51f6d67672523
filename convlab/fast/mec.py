"""MEC: columns that are kw times as large as the input, not kh · kw times, as rows of the image share them.

Write the image kw times, each time one tap further to the left, and let the kw copies of a row stand below each
other. Then the kh · kw rows of the column matrix that belong to one row of the output stand below each other in
memory, and the next row of the output finds its own a few rows further down. One product for each row of the
output, none of them with a copy of its own.

A product with few rows leaves BLAS idle. So for layers with few filters in a group, `BAND` rows of the output
are computed at once: the kernel stands in a matrix several times, each time one row of the image further down,
with zeros around it (the Toeplitz matrix of chapter 6). Multiplying zeros is cheaper than waiting.

`rows` writes the image. Where the output's rows are short, it puts the images of a batch side by side, and one
product computes a row of all of them. It can also write rows of ones, so that the bias is one more tap.

References
----------
Cho and Brand, MEC: Memory-efficient Convolution for Deep Neural Network (2017).
"""

from functools import lru_cache

import numpy as np

from convlab.fast.layer import Layer
from convlab.fast.pieces import LEAST, Piece, padded, pieces, reach, split
from convlab.fast.products import multiply
from convlab.fast.rows import are_beside, shift, shifted_rows
from convlab.fast.table import ASIDE, BAND, SHIFTED, WORK
from convlab.fast.threads import scratch, share, summed, view


def band(layer: Layer) -> int:
    """Say how many rows of the output one product computes."""
    return 1 if layer.o >= BAND else min(BAND, layer.counts[0])


def bias_is_a_tap(layer: Layer) -> bool:
    """Say whether the bias is one more tap, that meets ones: cheaper than adding it to a large output."""
    return band(layer) == 1 and layer.counts[1] >= ASIDE and layer.outputs > LEAST


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    images, outputs = split(layer, input, layer.c), split(layer, result, layer.o)
    rows, adds = band(layer), bool(bias.any())
    ones = adds and bias_is_a_tap(layer)
    kernels = _banded(layer, weight, rows, bias if ones else None)
    shared = bias.reshape(layer.groups, layer.o, 1, 1)

    def work(piece: Piece) -> None:
        shifted = shifted_rows(layer, images, piece, ones)
        into = outputs[piece.images, piece.groups, :, piece.rows]
        if not are_beside(layer, len(into)):
            _multiply_all(layer, kernels[piece.groups], shifted, into)
            if adds and not ones:
                into += shared[piece.groups]
            return
        n, groups, o, height, width = into.shape
        product = scratch("product", (1, groups, o, height, width * n), into.dtype)
        _multiply_all(layer, kernels[piece.groups], shifted, product)
        apart = product.reshape(groups, o, height, width, n).transpose(4, 0, 1, 2, 3)
        np.add(apart, shared[piece.groups], out=into)

    share(_pieces(layer, rows), work)
    return result


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """For each row of the kernels, one product of grad_output with the shifted images."""
    images, grads = split(layer, input, layer.c), split(layer, grad_output, layer.o)
    (kh, kw), s, d = layer.kernel, layer.strides[0], layer.dilations[0]

    def work(piece: Piece, sums: np.ndarray) -> None:
        n, groups, height = piece.sizes
        left = grads[piece.images, piece.groups, :, piece.rows].reshape(n, groups, layer.o, -1)
        shape = s, n, groups, layer.c, kw, -(-reach(layer, height) // s), layer.counts[1]
        shifted = scratch("shifted", shape, input.dtype)
        laid = padded(layer, images, piece)
        for phase in {d * i % s for i in range(kh)}:
            shift(layer, laid, shifted[phase], phase, s)
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
    row = layer.c * layer.kernel[1] * layer.strides[0]
    if are_beside(layer, layer.n):
        row = max(row, layer.o)  # the outputs are held, too
    row *= layer.counts[1]
    least = min(layer.kernel[0], max(WORK // row, 1))
    return pieces(layer, row, SHIFTED, least, rows)


def _banded(layer: Layer, weight: np.ndarray, rows: int, bias: np.ndarray | None) -> np.ndarray:
    """Write each kernel `rows` times, each time a stride further down: (G, O, rows, reach · C · kw).

    With a bias, a row of the image has one more row in the matrix; the first of a kernel's meets the bias.
    """
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel).transpose(0, 1, 3, 2, 4)
    one = layer.c * layer.kernel[1]
    s, d = layer.strides[0], layer.dilations[0]
    shape = layer.groups, layer.o, rows, reach(layer, rows), one + (bias is not None)
    result = np.zeros(shape, weight.dtype)
    taps = result[..., :one].reshape(*shape[:-1], layer.c, layer.kernel[1], copy=False)
    for row in range(rows):
        taps[:, :, row, s * row : s * row + d * (layer.kernel[0] - 1) + 1 : d] = kernels
    if bias is not None:  # of kernels that are written once
        result[:, :, 0, 0, one] = bias.reshape(layer.groups, layer.o)
    return result.reshape(layer.groups, layer.o, rows, -1)


def _multiply_all(layer: Layer, kernels: np.ndarray, shifted: np.ndarray, into: np.ndarray) -> None:
    """Fill the output, as many rows at a time as the kernels stand in, and the last ones at once."""
    rows, height = kernels.shape[2], into.shape[3]
    whole = height // rows * rows
    for start, count, step in ((0, whole, rows), (whole, height - whole, height - whole)):
        if count:
            _multiply(layer, kernels, shifted, into[..., start : start + count, :], start, step)


def _multiply(
    layer: Layer, kernels: np.ndarray, shifted: np.ndarray, into: np.ndarray, start: int, rows: int
) -> None:
    """Fill rows of the output, from `start` on, `rows` at a time."""
    n, groups, o, height, width = into.shape
    inner = reach(layer, rows) * shifted.shape[3]
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
