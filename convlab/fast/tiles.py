"""Convolve tile by tile in the domain of values, where a tap is no longer a shift (see `transforms`).

    tiles of the input  → values  ┐
                                  ├ product, summed over channels → values → tiles of the output
    kernels             → values  ┘

The product is a GEMM for each value: (O × C) times (C × tiles). A 3 × 3 kernel has 36 values for 16 outputs,
where the plain sums take 144 products. For one channel in a group the product is entry by entry.

A dilation d makes d · d interleaved images; their tiles are found by strides alone. A stride computes
everything and throws most of it away. At most WORK entries are held at a time, so large batches are cut.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from convlab.fast.layer import Layer, Pair, grouped, shares
from convlab.fast.layer import chunks as cut
from convlab.fast.products import multiply
from convlab.fast.table import CACHE, KERNELS, LANES, SHORT, WORK
from convlab.fast.threads import scratch, share, summed, view
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


class Chunk(NamedTuple):
    """Tiles that are transformed at a time: some images, some rows of blocks."""

    images: slice
    blocks: slice


class Part(NamedTuple):
    """Kernels that are transformed at a time: some groups, some outputs of each."""

    groups: slice
    outputs: slice


def forward(
    layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray, transform: Transform
) -> np.ndarray:
    tiling = Tiling.of(layer, transform.outputs)
    m_h, m_w = transform.outputs
    images = grouped(layer, input, layer.c)
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    outputs, shared = grouped(layer, result, layer.o), bias.reshape(layer.groups, layer.o, 1)
    chunks = _chunks(layer, transform, tiling)

    def work(part: Part, kernels: np.ndarray, chunk: Chunk) -> None:
        padded = _padded(layer, images[part.groups], transform, tiling, chunk)
        tiles = _tiles(layer, padded, transform.size, transform.outputs)
        values = _product(kernels, _values(tiles, transform))
        place = outputs[part.groups, part.outputs, chunk.images]
        constant = values[transform.constant, 0].reshape(*place.shape[:2], -1)
        constant += shared[part]
        values = interpolate(transform.output, values).reshape(m_w, m_h, *place.shape[:2], *tiles.shape[4:])
        _put(layer, values, chunk, tiling, place)

    if len(chunks) == 1:  # few tiles: each thread takes some of the kernels
        share(
            _parts(layer, transform, 2),
            lambda part: work(part, _kernel_values(layer, weight, part, transform), chunks[0]),
        )
    else:
        for part in _parts(layer, transform, 1):
            kernels = _kernel_values(layer, weight, part, transform)
            share(chunks, partial(work, part, kernels))
    return result


def weight_gradient(
    layer: Layer, input: np.ndarray, grad_output: np.ndarray, transform: Transform
) -> np.ndarray:
    """Correlate each tile of the input with its tile of grad_output, summed before going back."""
    tiling = Tiling.of(layer, transform.outputs)
    turned = exchanged(transform)
    images, grads = grouped(layer, input, layer.c), grouped(layer, grad_output, layer.o)

    result = np.empty((layer.groups, layer.o, layer.c, *layer.kernel), input.dtype)
    for part in _parts(layer, transform, 1, KERNELS):
        chosen, back = images[part.groups], grads[part]

        def work(
            chunk: Chunk, sums: np.ndarray, chosen: np.ndarray = chosen, back: np.ndarray = back
        ) -> None:
            dense = _dense_gradient(layer, back, transform, tiling, chunk)
            grad = _values(_tiles(layer, dense, transform.outputs, transform.outputs), turned, kernel=True)
            padded = _padded(layer, chosen, transform, tiling, chunk)
            data = _values(_tiles(layer, padded, transform.size, transform.outputs), transform)
            sums += _summed_product(grad, data)

        place = result[part]
        shape = transform.values, transform.parts, place[..., 0, 0].size
        sums = summed(_chunks(layer, transform, tiling), work, np.zeros(shape, input.dtype))
        taps = interpolate(turned.output, sums)
        place[...] = taps.reshape(*layer.kernel[::-1], *place.shape[:3]).transpose(2, 3, 4, 1, 0)
    return result.reshape(-1, layer.c, *layer.kernel)


def _padded(
    layer: Layer, images: np.ndarray, transform: Transform, tiling: Tiling, chunk: Chunk
) -> np.ndarray:
    """Pad what a chunk reads so that whole tiles fit: (G, C, images, rows, columns)."""
    (n_h, n_w), (m_h, m_w), (d_h, d_w) = transform.size, transform.outputs, layer.dilations
    (top, _), (left, _) = layer.pads
    blocks = chunk.blocks.stop - chunk.blocks.start
    some = images[:, :, chunk.images]
    shape = (blocks * m_h + n_h - m_h) * d_h, (tiling.blocks[1] * m_w + n_w - m_w) * d_w
    padded = scratch("padded", (*some.shape[:3], *shape), images.dtype)
    padded.fill(0)
    start = chunk.blocks.start * m_h * d_h - top
    above = max(-start, 0)
    seen = some[..., max(start, 0) : max(start + shape[0], 0), : max(shape[1] - left, 0)]
    padded[..., above : above + seen.shape[-2], left : left + seen.shape[-1]] = seen
    return padded


def _dense_gradient(
    layer: Layer, grads: np.ndarray, transform: Transform, tiling: Tiling, chunk: Chunk
) -> np.ndarray:
    """Write a chunk of grad_output with zeros for what a stride skipped, and to fill the last tiles."""
    (m_h, m_w), (d_h, d_w), (s_h, s_w) = transform.outputs, layer.dilations, layer.strides
    some = grads[:, :, chunk.images]
    first, last = chunk.blocks.start * m_h * d_h, chunk.blocks.stop * m_h * d_h
    shape = last - first, tiling.blocks[1] * m_w * d_w
    dense = scratch("dense", (*some.shape[:3], *shape), grads.dtype)
    dense.fill(0)
    rows = slice(-(-first // s_h), min(-(-last // s_h), layer.counts[0]))
    start = rows.start * s_h - first
    dense[..., start : last - first : s_h, ::s_w][
        ..., : max(rows.stop - rows.start, 0), : layer.counts[1]
    ] = some[..., rows, :]
    return dense


def _tiles(layer: Layer, images: np.ndarray, size: Pair, apart: Pair) -> np.ndarray:
    """Copy overlapping tiles: (columns, rows, G, C, N, block row, residue, block column, residue).

    A tile's entries are d apart, and tiles begin `apart` entries from each other.
    """
    (n_h, n_w), (m_h, m_w), (d_h, d_w) = size, apart, layer.dilations
    g, c, n, y, x = images.strides
    b_h = (images.shape[-2] // d_h - n_h) // m_h + 1
    b_w = (images.shape[-1] // d_w - n_w) // m_w + 1
    seen = view(
        images,
        0,
        (n_w, n_h, *images.shape[:3], b_h, d_h, b_w, d_w),
        (x * d_w, y * d_h, g, c, n, y * m_h * d_h, y, x * m_w * d_w, x),
    )
    tiles = scratch("tiles", seen.shape, images.dtype)
    tiles[...] = seen
    return tiles


def _put(layer: Layer, values: np.ndarray, chunk: Chunk, tiling: Tiling, outputs: np.ndarray) -> None:
    """Put a chunk's outputs (columns, rows, G, O, tiles) side by side, without what is too much."""
    m_w, m_h, groups, o, n, b_h, d_h, b_w, d_w = values.shape
    (s_h, s_w), (height, width) = layer.strides, tiling.counts
    lines = scratch("lines", (m_h, groups, o, n, b_h, d_h, b_w, m_w, d_w), values.dtype)
    for x in range(m_w):
        if d_w < SHORT:
            for residue in range(d_w):
                lines[..., x, residue] = values[x, ..., residue]
        else:
            lines[..., x, :] = values[x]
    lines = lines.reshape(m_h, groups, o, n, b_h, d_h, b_w * m_w * d_w).transpose(1, 2, 3, 4, 0, 5, 6)
    # Of all rows that stride 1 would give, these are the chunk's.
    first, last = chunk.blocks.start * m_h * d_h, min(chunk.blocks.stop * m_h * d_h, height)
    if layer.strides == (1, 1) and last - first == b_h * m_h * d_h:
        outputs[..., first:last, :].reshape(*lines.shape[:-1], width)[...] = lines[..., :width]
        return
    dense = scratch("dense", lines.shape, values.dtype)
    dense[...] = lines
    dense = dense.reshape(groups, o, n, b_h * m_h * d_h, -1)
    rows = slice(-(-first // s_h), -(-last // s_h))
    outputs[..., rows, :] = dense[..., rows.start * s_h - first : last - first : s_h, :width:s_w]


def _values(tiles: np.ndarray, transform: Transform, kernel: bool = False) -> np.ndarray:
    """Evaluate tiles: (values, parts, G, C, tiles). They are overwritten by the next ones of their kind."""
    matrices = transform.kernel if kernel else transform.data
    columns, rows, groups, channels = tiles.shape[:4]
    tiles = tiles.reshape(columns, rows, -1)
    shape = len(matrices[0]) * len(matrices[1]) // transform.parts**2, transform.parts, tiles.shape[-1]
    values = scratch("values of kernels" if kernel else "values", shape, tiles.dtype)
    evaluate(matrices, tiles, transform.parts, values)
    return values.reshape(*shape[:2], groups, channels, -1)


def _kernel_values(layer: Layer, weight: np.ndarray, part: Part, transform: Transform) -> np.ndarray:
    """Evaluate the kernels of a part, ready to be multiplied."""
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel)[part]
    shape = kernels.shape[:3]
    kernels = kernels.reshape(-1, *layer.kernel)
    result = scratch("kernels", (transform.values, transform.parts, len(kernels)), weight.dtype)

    def work(some: slice) -> None:
        chosen = np.ascontiguousarray(kernels[some].transpose(2, 1, 0))
        evaluate(transform.kernel, chosen, transform.parts, result[..., some])

    share(list(cut(len(kernels), max(CACHE // (transform.values * transform.parts), 1))), work)
    values = result.reshape(*result.shape[:2], *shape)
    return _matrices(values) if layer.c > 1 else values


def _matrices(kernels: np.ndarray) -> np.ndarray:
    """Write values (values, parts, G, O, C) as matrices: (values, G, parts · O, parts · C).

    A complex product is a real one: [[re, −im], [im, re]] times [re, im].
    """
    count, parts, groups, outputs, c = kernels.shape
    if parts == 1:
        return kernels[:, 0]
    result = scratch("matrices", (count, groups, 2, outputs, 2, c), kernels.dtype)
    re, im = kernels[:, 0], kernels[:, 1]
    result[:, :, 0, :, 0] = result[:, :, 1, :, 1] = re
    result[:, :, 1, :, 0] = im
    np.negative(im, out=result[:, :, 0, :, 1])
    return result.reshape(count, groups, 2 * outputs, 2 * c)


def _product(kernels: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Multiply value by value, summing over C: (values, parts, G · O · tiles)."""
    count, parts, groups, c, tiles = data.shape
    if c == 1:
        return _times(kernels, data).reshape(count, parts, -1)
    stacked = data.swapaxes(1, 2).reshape(count, groups, parts * c, tiles)
    result = scratch("product", (count, groups, kernels.shape[2], tiles), data.dtype)
    multiply(kernels, stacked, result)
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
    shape = np.broadcast_shapes(a[:, 0].shape, b[:, 0].shape)
    result = scratch("product", (len(a), a.shape[1], *shape[1:]), b.dtype)
    if a.shape[1] == 1:
        np.multiply(a, b, out=result)
        return result
    (a_re, a_im), (b_re, b_im) = a.swapaxes(0, 1), b.swapaxes(0, 1)
    re, im, other = result[:, 0], result[:, 1], scratch("between", shape, b.dtype)
    np.subtract(np.multiply(a_re, b_re, out=re), np.multiply(a_im, b_im, out=other), out=re)
    np.add(np.multiply(a_re, b_im, out=im), np.multiply(a_im, b_re, out=other), out=im)
    return result


def _parts(layer: Layer, transform: Transform, least: int, limit: int | None = None) -> list[Part]:
    """Cut groups and outputs so that the values of their kernels fit, into `least` parts or more."""
    outputs, groups = at_a_time(layer, transform, limit)
    if least > 1 and layer.groups > 1:
        groups = min(groups, -(-layer.groups // (4 * least)))
    elif least > 1:
        outputs = min(outputs, -(-layer.o // least))
    return [Part(some, others) for some in cut(layer.groups, groups) for others in cut(layer.o, outputs)]


def at_a_time(layer: Layer, transform: Transform, limit: int | None = None) -> Pair:
    """Say of how many outputs of a group, and of how many groups, the values of the kernels are held at a time.

    They may have KERNELS entries, or four times those of the weight, as each part sees the tiles anew. For sums,
    which every thread has its own of, the limit is another one.
    """
    one = transform.values * transform.parts**2 * layer.c
    limit = limit or max(KERNELS, 4 * layer.groups * layer.o * layer.c * layer.taps)
    outputs = min(layer.o, max(limit // one, 1))
    return outputs, min(layer.groups, max(limit // (one * outputs), 1))


def _chunks(layer: Layer, transform: Transform, tiling: Tiling) -> list[Chunk]:
    """Cut images and rows of tiles so that their values fit into a cache."""
    values = transform.values * transform.parts * layer.groups * (layer.c + layer.o)
    # About twice as many as of the kernels' values, which are then read for something; the fewer, the nearer.
    kernels = transform.values * transform.parts**2 * layer.groups * layer.o * layer.c
    work = min(max(2 * kernels, CACHE), WORK)
    row = values * tiling.blocks[1] * layer.dilations[0] * layer.dilations[1]
    whole = row * tiling.blocks[0] * layer.n
    tiles = layer.n * tiling.blocks[0] * tiling.blocks[1] * layer.dilations[0] * layer.dilations[1]
    if tiles >= LANES:
        work = min(work, max(-(-whole // 2), CACHE // 4))  # something for a second thread
    images = max(work // (row * tiling.blocks[0]), 1)
    rows = max(work // row, 1)
    return [
        Chunk(some, blocks) for some in shares(layer.n, images) for blocks in shares(tiling.blocks[0], rows)
    ]
