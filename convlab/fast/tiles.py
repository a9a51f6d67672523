"""Convolve tile by tile in the domain of values, where a tap is no longer a shift (see `transforms`).

    tiles of the input  → values  ┐
                                  ├ product, summed over channels → values → tiles of the output
    kernels             → values  ┘

The product is a GEMM for each value: (O × C) times (C × tiles). A 3 × 3 kernel has 36 values for 16 outputs,
where the plain sums take 144 products. For one channel in a group the product is entry by entry.

A dilation d makes d · d interleaved images; their tiles are found by strides alone. A stride computes
everything and throws most of it away. At most WORK entries are held at a time, so large batches are cut.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convlab.fast.layer import Layer, Pair, chunks, grouped
from convlab.fast.table import CACHE, WORK
from convlab.fast.transforms import Transform, evaluate, exchanged, interpolate


class Tiling(NamedTuple):
    """How many tiles lie on each axis: blocks, each of one tile for each residue of the dilation."""

    blocks: Pair
    counts: Pair  # outputs at stride 1

    @classmethod
    def of(cls, layer: Layer, outputs: Pair) -> "Tiling":
        counts = tuple(size - d * (k - 1) for size, d, k in zip(layer.padded, layer.dilations, layer.kernel))
        blocks = tuple(-(-count // (m * d)) for count, m, d in zip(counts, outputs, layer.dilations))
        return cls((blocks[0], blocks[1]), (counts[0], counts[1]))


def forward(
    layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray, transform: Transform
) -> np.ndarray:
    tiling = Tiling.of(layer, transform.outputs)
    (b_h, b_w), (m_h, m_w), (d_h, d_w) = tiling.blocks, transform.outputs, layer.dilations
    padded = _padded(layer, input, transform, tiling)
    result = np.empty((layer.groups, layer.o, layer.n, b_h * m_h * d_h, b_w * m_w * d_w), input.dtype)
    view = result.reshape(layer.groups, layer.o, layer.n, b_h, m_h, d_h, b_w, m_w, d_w)
    view = view.transpose(7, 4, 0, 1, 2, 3, 5, 6, 8)  # columns, rows, G, O, then the tiles
    for some in _output_chunks(layer, transform):
        kernels = _kernel_values(layer, weight, some, transform)
        for images, blocks in _tile_chunks(layer, transform, tiling):
            tiles = _tiles(layer, padded[:, :, images], transform.size, transform.outputs, blocks)
            values = _product(kernels, _values(tiles, transform))
            place = view[:, :, :, some, images, blocks]
            outputs = interpolate(transform.output, values).reshape(place.shape)
            for entry in np.ndindex(m_w, m_h):  # so the runs are as long as rows of tiles, not as tiles
                place[entry] = outputs[entry]
    (s_h, s_w), (h, w) = layer.strides, tiling.counts
    cut = result[..., :h:s_h, :w:s_w].transpose(2, 0, 1, 3, 4)
    output: np.ndarray = np.add(cut, bias.reshape(layer.groups, layer.o, 1, 1), order="C")
    return output.reshape(layer.n, layer.groups * layer.o, *layer.counts)


def weight_gradient(
    layer: Layer, input: np.ndarray, grad_output: np.ndarray, transform: Transform
) -> np.ndarray:
    """Correlate each tile of the input with its tile of grad_output, summed before going back."""
    tiling = Tiling.of(layer, transform.outputs)
    (b_h, b_w), (m_h, m_w), (d_h, d_w) = tiling.blocks, transform.outputs, layer.dilations
    (s_h, s_w), (h, w) = layer.strides, tiling.counts
    padded = _padded(layer, input, transform, tiling)
    shape = layer.groups, layer.o, layer.n, b_h * m_h * d_h, b_w * m_w * d_w
    grads = np.zeros(shape, input.dtype)
    grads[..., :h:s_h, :w:s_w] = grouped(layer, grad_output, layer.o)
    turned = exchanged(transform)
    sums: np.ndarray | float = 0.0
    for images, blocks in _tile_chunks(layer, transform, tiling):
        tiles = _tiles(layer, padded[:, :, images], transform.size, transform.outputs, blocks)
        grad = _tiles(layer, grads[:, :, images], transform.outputs, transform.outputs, blocks)
        data = _values(tiles, transform)
        sums = sums + _summed_product(_values(grad, turned, kernel=True), data)
    result = interpolate(turned.output, np.asarray(sums, input.dtype))
    k_w, k_h, _ = result.shape
    result = result.reshape(k_w, k_h, layer.groups * layer.o, layer.c).transpose(2, 3, 1, 0)
    return np.ascontiguousarray(result)


def _padded(layer: Layer, input: np.ndarray, transform: Transform, tiling: Tiling) -> np.ndarray:
    """Pad the images so that whole tiles fit: (G, C, N, rows, columns)."""
    rows, columns = (
        (b * m + n - m) * d
        for b, m, n, d in zip(tiling.blocks, transform.outputs, transform.size, layer.dilations)
    )
    (top, _), (left, _) = layer.pads
    height, width = layer.size
    padded = np.zeros((layer.groups, layer.c, layer.n, rows, columns), input.dtype)
    inside = padded[..., top : top + height, left : left + width]
    inside[...] = grouped(layer, input, layer.c)[..., : inside.shape[-2], : inside.shape[-1]]
    return padded


def _tiles(layer: Layer, images: np.ndarray, size: Pair, apart: Pair, blocks: slice) -> np.ndarray:
    """Copy overlapping tiles: (columns, rows, G, C, N, block row, residue, block column, residue).

    A tile's entries are d apart, and tiles begin `apart` entries from each other.
    """
    (n_h, n_w), (m_h, m_w), (d_h, d_w) = size, apart, layer.dilations
    g, c, n, y, x = images.strides
    b_w = (images.shape[-1] // d_w - n_w) // m_w + 1
    view = as_strided(
        images[..., blocks.start * m_h * d_h :, :],
        (n_w, n_h, *images.shape[:3], blocks.stop - blocks.start, d_h, b_w, d_w),
        (x * d_w, y * d_h, g, c, n, y * m_h * d_h, y, x * m_w * d_w, x),
        writeable=False,
    )
    return np.ascontiguousarray(view)


def _values(tiles: np.ndarray, transform: Transform, kernel: bool = False) -> np.ndarray:
    """Evaluate tiles: (values, parts, G, C, tiles)."""
    matrices = transform.kernel if kernel else transform.data
    columns, rows, groups, channels = tiles.shape[:4]
    values = evaluate(matrices, tiles.reshape(columns, rows, -1), transform.parts)
    return values.reshape(*values.shape[:2], groups, channels, -1)


def _kernel_values(layer: Layer, weight: np.ndarray, some: slice, transform: Transform) -> np.ndarray:
    """Evaluate the kernels of some of each group's outputs: (values, parts, G, O, C)."""
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel)[:, some]
    kernels = np.ascontiguousarray(kernels.transpose(4, 3, 0, 1, 2))
    columns, rows, groups, outputs, _ = kernels.shape
    values = evaluate(transform.kernel, kernels.reshape(columns, rows, -1), transform.parts)
    return values.reshape(*values.shape[:2], groups, outputs, layer.c)


def _product(kernels: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Multiply value by value, summing over C: (values, parts, G · O · tiles)."""
    count, parts, groups, outputs, c = kernels.shape
    if c == 1:
        return _times(kernels, data).reshape(count, parts, -1)
    if parts == 2:  # as one real product: [[re, −im], [im, re]] times [re, im]
        re, im = kernels[:, 0], kernels[:, 1]
        kernels = np.concatenate(
            [np.concatenate([re, -im], axis=-1), np.concatenate([im, re], axis=-1)], axis=-2
        )
    stacked = data.swapaxes(1, 2).reshape(count, groups, parts * c, -1)
    result: np.ndarray = kernels.reshape(count, groups, parts * outputs, parts * c) @ stacked
    return result.reshape(count, groups, parts, -1).swapaxes(1, 2).reshape(count, parts, -1)


def _summed_product(grads: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Multiply value by value, summing over tiles: (values, parts, G · O · C)."""
    count, parts, groups, outputs, tiles = grads.shape
    c = data.shape[3]
    if outputs == c == 1:
        return np.asarray(_times(grads, data).sum(axis=-1)).reshape(count, parts, -1)
    left = grads.swapaxes(1, 2).reshape(count, groups, parts * outputs, tiles)
    right = data.swapaxes(1, 2).reshape(count, groups, parts * c, tiles)
    both: np.ndarray = left @ right.swapaxes(-1, -2)
    both = both.reshape(count, groups, parts, outputs, parts, c)
    if parts == 1:
        return both.reshape(count, 1, -1)
    re = both[:, :, 0, :, 0] - both[:, :, 1, :, 1]
    im = both[:, :, 0, :, 1] + both[:, :, 1, :, 0]
    return np.stack([re, im], axis=1).reshape(count, parts, -1)


def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Multiply numbers given by their parts, on axis 1."""
    if a.shape[1] == 1:
        return np.asarray(a * b)
    (a_re, a_im), (b_re, b_im) = a.swapaxes(0, 1), b.swapaxes(0, 1)
    return np.stack([a_re * b_re - a_im * b_im, a_re * b_im + a_im * b_re], axis=1)


def _output_chunks(layer: Layer, transform: Transform) -> Iterator[slice]:
    """Cut a group's outputs so that the values of their kernels fit into WORK."""
    one = transform.values * transform.parts**2 * layer.groups * layer.c
    return chunks(layer.o, max(WORK // one, 1))


def _tile_chunks(layer: Layer, transform: Transform, tiling: Tiling) -> Iterator[tuple[slice, slice]]:
    """Cut images and rows of tiles so that their values fit into WORK."""
    values = transform.values * transform.parts * layer.groups * (layer.c + layer.o)
    # About twice as many as of the kernels' values, which are then read for something; the fewer, the nearer.
    kernels = transform.values * transform.parts**2 * layer.groups * layer.o * layer.c
    work = min(max(2 * kernels, CACHE), WORK)
    row = values * tiling.blocks[1] * layer.dilations[0] * layer.dilations[1]
    images = max(work // (row * tiling.blocks[0]), 1)
    rows = max(work // row, 1)
    for some in chunks(layer.n, images):
        for blocks in chunks(tiling.blocks[0], rows):
            yield some, blocks
