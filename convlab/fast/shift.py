"""Shift and accumulate: for each tap, the whole shifted image times one number, added up.

No columns and no product of matrices: the method of depthwise layers, whose matrices would have one row.

The image is written kw times, each time one tap further to the left, with zeros where a window would leave it.
Then moving the window down is moving on in memory, and what all windows of an image see through a tap is one
contiguous run (`planes`).
"""

from math import gcd

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convlab.fast.layer import Layer, grouped, met, part, shares
from convlab.fast.pieces import LEAST, SHARES, Piece
from convlab.fast.planes import Taps, cut, grid, inside, lay_gradient, parts, phase_entries, taps_by_phase
from convlab.fast.table import RUN, SHIFTED
from convlab.fast.threads import scratch, share, summed


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel).swapaxes(-1, -2)
    shared = bias.reshape(layer.groups, layer.o, 1, 1, 1)
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    images, outputs = grouped(layer, input, layer.c), grouped(layer, result, layer.o)

    def work(piece: Piece) -> None:
        seen, one = _part(layer, piece)
        chosen, places = kernels[piece.groups], outputs[piece.groups, :, piece.images, piece.rows]
        signals = _signals(one, images[piece.groups, :, piece.images, seen])
        for some in parts(tall(one), RUN):
            sums = _sums(one, signals, chosen, some.signal)
            into = places[:, :, some.images, some.rows]
            np.add(cut(tall(one), some, sums), shared[piece.groups], out=into)

    share(_pieces(layer), work)
    return result


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """Give each tap the sum of what it saw times what came back."""
    images, grads = grouped(layer, input, layer.c), grouped(layer, grad_output, layer.o)

    def work(piece: Piece, sums: np.ndarray) -> None:
        seen, one = _part(layer, piece)
        back = grads[piece.groups, :, piece.images, piece.rows]
        signals = _signals(one, images[piece.groups, :, piece.images, seen])
        into = sums[piece.groups]
        for some in parts(tall(one), RUN):
            grad = lay_gradient(tall(one), some, back)[:, :, None, None, None]
            for taps in taps_by_phase(tall(one)):
                view = _seen(one, signals, taps, some.signal)
                into[..., taps.rows] += np.vecdot(view[:, None], grad)  # BLAS, without a copy

    sums = np.zeros((layer.groups, layer.o, layer.c, *layer.kernel[::-1]), input.dtype)
    sums = summed(_pieces(layer), work, sums)
    return np.ascontiguousarray(sums.swapaxes(-1, -2)).reshape(-1, layer.c, *layer.kernel)


def tall(layer: Layer) -> Layer:
    """Give the layer of the shifted images: each column of taps is a channel of its own, as wide as the output."""
    return layer._replace(
        c=layer.c * layer.kernel[1],
        size=(layer.size[0], layer.counts[1]),
        kernel=(layer.kernel[0], 1),
        strides=(layer.strides[0], 1),
        dilations=(layer.dilations[0], 1),
        pads=(layer.pads[0], (0, 0)),
    )


def _pieces(layer: Layer) -> list[Piece]:
    """Cut so that the shifted images stay in the cache; small images stay together, for their runs to be long."""
    height = layer.counts[0]
    one = tall(layer).c * grid(tall(layer)).total // layer.n * min(layer.strides[0], layer.kernel[0])
    limit = min(SHIFTED, max(one * layer.n * layer.groups // SHARES, LEAST))
    rows = max(limit * height // one, 1)
    images = max(limit // one, 1)
    groups = max(limit // (one * min(images, layer.n)), 1)
    return [
        Piece(some, others, lines)
        for some in shares(layer.n, images)
        for others in shares(layer.groups, groups)
        for lines in shares(height, rows)
    ]


def _part(layer: Layer, piece: Piece) -> tuple[slice, Layer]:
    """Give the rows of the image that a piece sees, and the layer that it is."""
    seen, one = part(layer, 0, piece.rows)
    n, groups, _ = piece.sizes
    return seen, one._replace(n=n, groups=groups)


def _signals(layer: Layer, images: np.ndarray) -> dict[int, np.ndarray]:
    """Write images (G, C, N, H, W): for each phase of the rows a signal, (kw, G, C, entries).

    With s = 1 each tap sees what the one before it sees, one place further on; with a stride, every step-th does.
    """
    rows = tall(layer)
    total = grid(rows).total
    s, d, kw, width = layer.strides[1], layer.dilations[1], layer.kernel[1], layer.counts[1]
    step = s // gcd(s, d)
    on = min(d * step // s, width)
    result = {}
    for taps in taps_by_phase(rows):
        signal = scratch(f"signal {taps.phase[0]}", (kw, layer.groups, layer.c, total), images.dtype)
        signal[:step] = 0
        pixels = inside(rows, taps.phase, signal.reshape(-1, layer.c, total))
        pixels = pixels.reshape(*signal.shape[:3], *pixels.shape[2:])
        lines = images[..., phase_entries(rows, taps.phase)[0], :]
        for j in range(kw):
            outputs, columns = met(layer, 1, j)
            if j >= step:
                signal[j, ..., : total - on] = signal[j - step, ..., on:]
                signal[j, ..., total - on :] = 0
                _lines(signal[j], rows)[..., width - on :] = 0  # what came from the line below
                known = max(width - on - outputs.start, 0)
                outputs = slice(outputs.start + known, outputs.stop)
                columns = slice(columns.start + s * known, columns.stop, s)
            pixels[j, ..., outputs] = lines[..., columns]
        result[taps.phase[0]] = signal
    return result


def _lines(signal: np.ndarray, rows: Layer) -> np.ndarray:
    """View a signal (G, C, entries) as lines of the images, with the padding between: (G, C, lines, W_out)."""
    lines, pitch, _ = grid(rows)
    return signal[..., : rows.n * lines * pitch].reshape(*signal.shape[:-1], -1, pitch)


def _sums(layer: Layer, signals: dict[int, np.ndarray], kernels: np.ndarray, run: slice) -> np.ndarray:
    """Add up what all taps see of a run of the output's signal: (G, O, entries)."""
    sums: np.ndarray | None = None
    for taps in taps_by_phase(tall(layer)):
        shape = layer.groups, layer.o, run.stop - run.start
        into = scratch("sums" if sums is None else "more", shape, kernels.dtype)
        # Order "K" makes the run the inner loop, multiplied and added at once, and leaves a group for last.
        np.einsum("gcjil,gocji->gol", _seen(layer, signals, taps, run), kernels[..., taps.rows], out=into, order="K")
        sums = into if sums is None else np.add(sums, into, out=sums)
    assert sums is not None  # a kernel has taps
    return sums


def _seen(layer: Layer, signals: dict[int, np.ndarray], taps: Taps, run: slice) -> np.ndarray:
    """View what each tap of a phase sees: (G, C, kw, kh', entries). No copy."""
    signal = signals[taps.phase[0]]
    rows = len(range(layer.kernel[0])[taps.rows])
    tap, group, channel, entry = signal.strides
    return as_strided(
        signal[..., taps.offset + run.start :],
        (layer.groups, layer.c, layer.kernel[1], rows, run.stop - run.start),
        (group, channel, tap, taps.steps[0] * entry, entry),
        writeable=False,
    )
