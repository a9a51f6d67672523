"""Shift and accumulate: for each tap, the whole shifted image times one number, added up.

No columns and no product of matrices: the method of depthwise layers, whose matrices would have one row. The images
are those of `shifted`, in which every tap sees one contiguous run.
"""

from functools import lru_cache

import numpy as np

from convlab.fast.layer import Layer, grouped, part, shares
from convlab.fast.pieces import Piece
from convlab.fast.planes import cut, grid, lay_gradient, parts, taps_by_phase
from convlab.fast.shifted import seen, shifted, tall
from convlab.fast.table import ALONE, CACHE, RUN, SIGNALS, SLOW
from convlab.fast.threads import scratch, share, summed


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    write(layer, input, weight, bias, result)
    return result


def write(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray, result: np.ndarray) -> None:
    """Write the output to result, whose entries may lie apart."""
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel)
    shared, adds = bias.reshape(layer.groups, layer.o, 1, 1, 1), bool(bias.any())
    images, outputs = grouped(layer, input, layer.c), grouped(layer, result, layer.o)

    def work(piece: Piece) -> None:
        lines, one = _part(layer, piece)
        places = outputs[piece.groups, :, piece.images, piece.rows]
        signals = shifted(one, images[piece.groups, :, piece.images, lines])
        for some in parts(tall(one), RUN):
            sums = _sums(one, signals, kernels[piece.groups], some.signal)
            into, entries = places[:, :, some.images, some.rows], cut(tall(one), some, sums)
            if adds:
                np.add(entries, shared[piece.groups], out=into)
            else:
                into[...] = entries

    share(_pieces(layer), work)


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """Give each tap the sum of what it saw times what came back."""
    images, grads = grouped(layer, input, layer.c), grouped(layer, grad_output, layer.o)

    def work(piece: Piece, sums: np.ndarray) -> None:
        lines, one = _part(layer, piece)
        back = grads[piece.groups, :, piece.images, piece.rows]
        signals = shifted(one, images[piece.groups, :, piece.images, lines])
        for some in parts(tall(one), RUN):
            grad = lay_gradient(tall(one), some, back)[:, :, None, None, None]
            for taps in taps_by_phase(tall(one)):
                runs = seen(one, signals, taps, some.signal)
                dots = np.vecdot(runs[:, None], grad)  # BLAS, without a copy
                sums[piece.groups][..., taps.rows, :] += dots.swapaxes(-1, -2)

    sums = np.zeros((layer.groups, layer.o, layer.c, *layer.kernel), input.dtype)
    return summed(_pieces(layer), work, sums).reshape(-1, layer.c, *layer.kernel)


def _sums(layer: Layer, signals: dict[int, np.ndarray], kernels: np.ndarray, run: slice) -> np.ndarray:
    """Add up what all taps see of a run of the output's signal: (G, O, entries)."""
    sums: np.ndarray | None = None
    for taps in taps_by_phase(tall(layer)):
        shape = layer.groups, layer.o, run.stop - run.start
        into = scratch("sums" if sums is None else "more", shape, kernels.dtype)
        runs = seen(layer, signals, taps, run)
        _add_taps(runs, kernels[..., taps.rows, :], into)
        sums = into if sums is None else np.add(sums, into, out=sums)
    assert sums is not None  # a kernel has taps
    return sums


def adds_rows(c: int, rows: int, columns: int, entries: float) -> bool:
    """Say whether BLAS adds up what each row of taps sees: half the time for short runs. The rows overlap."""
    return c == 1 and columns > 1 and rows * entries <= 2 * CACHE


def _add_taps(runs: np.ndarray, kernels: np.ndarray, into: np.ndarray) -> None:
    """Add up runs (G, C, kw, kh', entries) times kernels (G, O, C, kh', kw)."""
    _, _, c, rows, columns = kernels.shape
    if not adds_rows(c, rows, columns, into.size):
        # Order "K" makes the run the inner loop, multiplied and added at once, and a group the outermost.
        np.einsum("gcjil,gocij->gol", runs, kernels, out=into, order="K")
        return
    left, right = kernels[:, :, 0].swapaxes(1, 2), runs[:, 0].swapaxes(1, 2)
    if rows == 1:
        np.matmul(left[:, 0], right[:, 0], out=into)
        return
    each = scratch("rows", (len(left), rows, *into.shape[1:]), into.dtype)
    np.matmul(left, right, out=each)
    np.add(each[:, 0], each[:, 1], out=into)
    for row in range(2, rows):
        into += each[:, row]


@lru_cache(maxsize=1024)
def _pieces(layer: Layer) -> tuple[Piece, ...]:
    """Cut to SIGNALS entries of the images. Small images stay together, for their runs to be long."""
    height = layer.counts[0]
    one = tall(layer).c * grid(tall(layer)).total // layer.n * len(taps_by_phase(tall(layer)))
    limit = SIGNALS
    if SLOW * layer.products >= 2 * ALONE:
        limit = min(limit, -(-one * layer.n * layer.groups // 2))
    rows = max(limit * height // one, 1)
    images = max(limit // one, 1)
    groups = max(limit // (one * min(images, layer.n)), 1)
    return tuple(
        Piece(some, others, lines)
        for some in shares(layer.n, images)
        for others in shares(layer.groups, groups)
        for lines in shares(height, rows)
    )


def _part(layer: Layer, piece: Piece) -> tuple[slice, Layer]:
    """Give the rows of the image that a piece sees, and the layer that it is."""
    n, groups, rows = piece.sizes
    if rows == layer.counts[0]:
        return slice(0, layer.size[0]), layer._replace(n=n, groups=groups)
    seen, one = part(layer, 0, piece.rows)
    return seen, one._replace(n=n, groups=groups)
