"""Toeplitz: a row of the output is some rows of the image times the matrix of chapter 6, for all images at once.

Nearly all of that matrix is zeros, and for a row of a narrow image it is small nevertheless. What it meets lies in
memory already: the rows that the kernel spans, one behind the other, and a line of the left factor for each image.
No column is written, padding is what the matrix leaves out, and a stride or a dilation only another place for its
diagonals. The matrix is the same for all rows of the output.

So this is for batches of small images in groups of few channels, where BLAS has little to do at a time otherwise.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from convlab.fast.layer import Layer, met, shares
from convlab.fast.pieces import SHARES, split
from convlab.fast.table import KERNELS, SHIFTED, WIDE
from convlab.fast.threads import scratch, share, summed, view


class Task(NamedTuple):
    """What a thread works on alone."""

    images: slice
    groups: slice


class Row(NamedTuple):
    """A row of the output, and what it needs."""

    y: int
    seen: slice  # rows of the image
    lines: slice  # of the matrix, which goes without those that would lie in the padding


def inner(layer: Layer) -> int:
    """Count the pixels that a row of the output sees in one channel: all of the rows that the kernel spans."""
    return (layer.dilations[0] * (layer.kernel[0] - 1) + 1) * layer.size[1]


def held(layer: Layer) -> int:
    """Count the entries of all groups' matrices."""
    return layer.groups * layer.c * inner(layer) * layer.o * layer.counts[1]


def fits(layer: Layer) -> bool:
    return held(layer) <= KERNELS


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    images, outputs = split(layer, input, layer.c), split(layer, result, layer.o)
    matrices = _matrices(layer, weight)
    shared = bias.reshape(layer.groups, layer.o, 1, 1)
    has_bias = bool(bias.any())

    def work(task: Task) -> None:
        into = outputs[task]
        for row in _rows(layer):
            left = _seen(layer, images[task], row)
            right = matrices[task.groups, :, row.lines].reshape(*left.shape[::2], matrices.shape[-1])
            if layer.o == 1:
                np.matmul(left, right, out=into[:, :, 0, row.y].swapaxes(0, 1))
            else:
                product = scratch("product", (*left.shape[:2], right.shape[-1]), input.dtype)
                np.matmul(left, right, out=product)
                into[:, :, :, row.y] = product.reshape(*left.shape[:2], layer.o, -1).swapaxes(0, 1)
        if has_bias:
            into += shared[task.groups]

    share(tasks(layer), work)
    return result


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """Give the matrices their gradients, and sum those along the diagonals."""
    images, grads = split(layer, input, layer.c), split(layer, grad_output, layer.o)
    kh, kw = layer.kernel

    def work(task: Task, sums: np.ndarray) -> None:
        groups = task.groups.stop - task.groups.start
        shape = groups, layer.c, inner(layer), layer.o * layer.counts[1]
        gradient = scratch("matrix", shape, input.dtype)
        gradient.fill(0)
        for row in _rows(layer):
            left = _seen(layer, images[task], row)
            right = grads[task][:, :, :, row.y].swapaxes(0, 1).reshape(*left.shape[:2], -1)
            lines = gradient[:, :, row.lines]
            product = scratch("product", (groups, left.shape[-1], right.shape[-1]), input.dtype)
            lines += np.matmul(left.swapaxes(-1, -2), right, out=product).reshape(lines.shape)
        for i in range(kh):
            for j in range(kw):
                sums[task.groups, :, :, i, j] += _diagonal(layer, gradient, i, j).sum(axis=-1).swapaxes(1, 2)

    sums = np.zeros((layer.groups, layer.o, layer.c, kh, kw), input.dtype)
    return summed(tasks(layer), work, sums).reshape(-1, layer.c, kh, kw)


def tasks(layer: Layer) -> list[Task]:
    """Cut images only where there are too few groups to share: with few images, BLAS has little to do."""
    entries = layer.c * layer.size[0] * layer.size[1] + layer.o * layer.counts[0] * layer.counts[1]
    groups = max(min(layer.groups // SHARES, SHIFTED // (layer.n * entries)), 1)
    images = layer.n if layer.groups >= SHARES else max(layer.n // SHARES, 1)
    images = min(images, max(WIDE, SHIFTED // entries))
    return [Task(some, part) for part in shares(layer.groups, groups) for some in shares(layer.n, images)]


def _rows(layer: Layer) -> Iterator[Row]:
    (top, _), (height, width) = layer.pads[0], layer.size
    for y in range(layer.counts[0]):
        first = layer.strides[0] * y - top
        low = min(max(first, 0), height)
        high = max(min(first + inner(layer) // width, height), low)
        yield Row(y, slice(low, high), slice((low - first) * width, (high - first) * width))


def _seen(layer: Layer, images: np.ndarray, row: Row) -> np.ndarray:
    """Give the pixels that a row sees, a line for each image: (G, N, C · pixels). Of one channel, a view."""
    some = images[:, :, :, row.seen].swapaxes(0, 1)
    shape = *some.shape[:2], layer.c * some.shape[3] * layer.size[1]
    if layer.c == 1:
        return some.reshape(shape)
    lines = scratch("lines", some.shape, images.dtype)
    lines[...] = some
    return lines.reshape(shape)


def _matrices(layer: Layer, weight: np.ndarray) -> np.ndarray:
    """Write the kernels as Toeplitz matrices: (G, C, inner, O · W_out)."""
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel).swapaxes(1, 2)
    shape = layer.groups, layer.c, inner(layer), layer.o * layer.counts[1]
    result = scratch("matrices", shape, weight.dtype)
    result.fill(0)
    for i in range(layer.kernel[0]):
        for j in range(layer.kernel[1]):
            _diagonal(layer, result, i, j)[...] = kernels[..., i, j, None]
    return result


def _diagonal(layer: Layer, matrices: np.ndarray, i: int, j: int) -> np.ndarray:
    """View where tap (i, j) stands in matrices (G, C, inner, O · W_out): (G, C, O, places)."""
    outputs, pixels = met(layer, 1, j)
    places = outputs.stop - outputs.start
    group, channel, line, entry = matrices.strides
    pixel = layer.dilations[0] * i * layer.size[1] + pixels.start
    start = pixel * matrices.shape[-1] + outputs.start if places else 0
    shape = *matrices.shape[:2], layer.o, places
    return view(
        matrices, start, shape, (group, channel, layer.counts[1] * entry, layer.strides[1] * line + entry)
    )
