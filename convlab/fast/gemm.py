"""GEMM: the sums as one product of matrices, over columns that are never all there (im2col in parts).

The columns of chapter 6 are kh · kw times as large as the input. Here they are written for a piece of the
output at a time, small enough for a cache, and multiplied while they are there, straight into the
output. A last row of ones meets the bias, as if it were one more tap.

A 1 × 1 kernel needs no columns: the image is its own.
"""

from functools import lru_cache

import numpy as np

from convlab.fast.layer import Layer, chunks, is_pointwise, shares
from convlab.fast.pieces import LEAST, Piece, padded, pieces, split, strided
from convlab.fast.products import multiply
from convlab.fast.table import ALONE, COLUMNS, FEW, MANY, WIDE, WORK
from convlab.fast.threads import scratch, share, summed

Task = tuple[Piece, slice]  # of the output, and some of the filters


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    if is_pointwise(layer):
        return _pointwise(layer, input, weight, bias)
    kernels = weight.reshape(layer.groups, layer.o, -1)
    shared = bias.reshape(layer.groups, layer.o, 1)
    adds = bool(bias.any())
    ones = adds and bias_is_a_tap(layer)
    if ones:
        kernels = np.concatenate((kernels, shared), -1)
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    images, outputs = split(layer, input, layer.c), split(layer, result, layer.o)

    def work(task: Task) -> None:
        piece, filters = task
        into = outputs[piece.images, piece.groups, filters, piece.rows]
        columns, chosen = _columns(layer, images, piece, ones), kernels[piece.groups, filters]
        if columns.ndim == 4:
            multiply(chosen, columns, into.reshape(*into.shape[:3], -1))
        else:  # images side by side
            product = scratch(
                "product", (*columns.shape[:-2], chosen.shape[-2], columns.shape[-1]), input.dtype
            )
            multiply(chosen, columns, product)
            n, groups, o, *sizes = into.shape
            into[...] = product.reshape(groups, o, n, *sizes).transpose(2, 0, 1, 3, 4)
        if adds and not ones:
            into += shared[piece.groups, filters, None]

    share(_tasks(layer), work)
    return result


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """Sum grad_output times columns over all positions: the product of `forward`, turned round."""
    images, grads = split(layer, input, layer.c), split(layer, grad_output, layer.o)

    def work(task: Task, sums: np.ndarray) -> None:
        piece, filters = task
        grad = grads[piece.images, piece.groups, filters, piece.rows]
        columns, into = _columns(layer, images, piece), sums[piece.groups, filters]
        if columns.ndim == 4:
            grad = grad.reshape(*grad.shape[:3], -1)
            for left, right in zip(grad, columns.swapaxes(-1, -2)):
                into += left @ right
        else:
            left = grad.transpose(1, 2, 0, 3, 4).reshape(*grad.shape[1:3], -1)
            into += left @ columns.swapaxes(-1, -2)

    tasks = _tasks(layer)
    sums = np.zeros((layer.groups, layer.o, layer.c * layer.taps), input.dtype)
    if tasks[0][0] == tasks[-1][0]:  # one piece, and each task has filters of its own
        share(tasks, lambda task: work(task, sums))
    else:
        sums = summed(tasks, work, sums)
    return sums.reshape(-1, layer.c, *layer.kernel)


def bias_is_a_tap(layer: Layer) -> bool:
    """Say whether the bias is one more tap, that meets ones: for large outputs, as the kernels must be copied."""
    return layer.outputs > LEAST and layer.positions > layer.c * layer.taps


def _pointwise(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Multiply pixels as they lie."""
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    outputs = result.reshape(layer.n, layer.groups, layer.o, -1)
    pixels = input.reshape(layer.n, layer.groups, layer.c, -1)
    kernels, has_bias = weight.reshape(layer.groups, layer.o, layer.c), bool(bias.any())
    shared = bias.reshape(layer.groups, layer.o, 1)

    def work(task: tuple[slice, slice, slice]) -> None:
        images, some, others = task
        into = outputs[images, :, some, others]
        multiply(kernels[:, some], pixels[images, :, :, others], into)
        if has_bias:
            into += shared[:, some]

    share(_pointwise_tasks(layer), work)
    return result


@lru_cache(maxsize=1024)
def _pointwise_tasks(layer: Layer) -> tuple[tuple[slice, slice, slice], ...]:
    """Cut images and filters, or pixels, if there are few filters. A few images are cut in two."""
    width = layer.size[0] * layer.size[1]
    cuts = 1 if layer.products < ALONE else -(-2 // layer.n)
    rows, columns = (cuts, 1) if layer.o >= MANY else (1, cuts)
    return tuple(
        (slice(image, image + 1), some, others)
        for image in range(layer.n)
        for some in chunks(layer.o, -(-layer.o // rows))
        for others in chunks(width, -(-width // columns))
    )


@lru_cache(maxsize=1024)
def _tasks(layer: Layer) -> tuple[Task, ...]:
    """Cut the output, or, if it is one piece, the filters: columns are written twice, but kernels read only once."""
    cuts = _pieces(layer)
    few = len(cuts) == 1 and layer.positions <= WIDE and layer.products >= 2 * ALONE
    filters = -(-layer.o // 2) if few else layer.o
    return tuple((piece, some) for piece in cuts for some in shares(layer.o, filters))


def _pieces(layer: Layer) -> tuple[Piece, ...]:
    row = (layer.c * layer.taps + 1 + layer.o) * layer.counts[1]
    least = min(-(-WIDE // layer.counts[1]), max(WORK // row, 1))
    return pieces(layer, row, COLUMNS, least)


def _columns(layer: Layer, images: np.ndarray, piece: Piece, ones: bool = False) -> np.ndarray:
    """Write the columns of a piece: (images, G, C · kh · kw, positions).

    Where an image has few positions, those of all images lie side by side: (G, C · kh · kw, positions).
    A last row of ones, if asked for, meets the bias.
    """
    laid = padded(layer, images, piece)
    n, groups, rows = piece.sizes
    (kh, kw), (s_h, s_w), (d_h, d_w), width = layer.kernel, layer.strides, layer.dilations, layer.counts[1]
    inner = layer.c * layer.taps
    aside = n > 1 and rows * width < FEW
    shape = (groups, inner + ones, n * rows * width) if aside else (n, groups, inner + ones, rows * width)
    columns = scratch("columns", shape, images.dtype)
    if ones:
        columns[..., inner, :] = 1
    taps = columns[..., :inner, :]
    if aside:
        places = taps.reshape(groups, layer.c, kh, kw, n, rows, width, copy=False).transpose(
            4, 0, 1, 2, 3, 5, 6
        )
    else:
        places = taps.reshape(n, groups, layer.c, kh, kw, rows, width, copy=False)

    image, group, channel, y, x = laid.strides
    places[...] = strided(
        laid,
        (n, groups, layer.c, kh, kw, rows, width),
        (image, group, channel, d_h * y, d_w * x, s_h * y, s_w * x),
    )
    return columns
