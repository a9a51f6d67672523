"""Shift and accumulate: for each tap, the whole shifted image times one number, added up.

The image is written kw times, each time one tap further to the left, with zeros where a window would leave it.
Then moving the window down is moving on in memory, and what all windows of an image see through a tap is one
contiguous run (`planes`).

Of depthwise layers, runs are multiplied and added one by one: no matrices, which would have one row. Where a group
has several channels, what a row of taps sees in all of them is a matrix, and its sums are a product of matrices:
as many as the kernel has rows, each as wide as the image, and no columns but those.
"""

from functools import lru_cache
from math import gcd
from typing import NamedTuple

import numpy as np

from convlab.fast.layer import Layer, chunks, grouped, met, part, shares
from convlab.fast.pieces import Piece
from convlab.fast.planes import Taps, cut, grid, lay_gradient, parts, phase_entries, places, taps_by_phase
from convlab.fast.table import ALONE, RUN, SIGNALS, SLOW
from convlab.fast.threads import scratch, share, summed, view


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel).transpose(3, 0, 1, 4, 2)
    kernels = np.ascontiguousarray(kernels)
    shared = bias.reshape(layer.groups, layer.o, 1, 1, 1)
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    images, outputs = grouped(layer, input, layer.c), grouped(layer, result, layer.o)

    def work(piece: Piece) -> None:
        seen, one = _part(layer, piece)
        chosen, places = kernels[:, piece.groups], outputs[piece.groups, :, piece.images, piece.rows]
        signals = _signals(one, images[piece.groups, :, piece.images, seen])
        for some in parts(tall(one), _run(layer)):
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
        into = sums[:, piece.groups]
        for some in parts(tall(one), _run(layer)):
            grad = lay_gradient(tall(one), some, back)
            for taps in taps_by_phase(tall(one)):
                saw = _seen(one, signals, taps, some.signal)
                if layer.c > 1:
                    for i, row in enumerate(into[taps.rows]):
                        row += (grad @ _matrix(saw[..., i, :]).T).reshape(row.shape)
                else:
                    dots = np.vecdot(saw[:, None], grad[:, :, None, None, None])  # BLAS, without a copy
                    into[taps.rows] += dots.transpose(4, 0, 1, 3, 2)

    sums = np.zeros((layer.kernel[0], layer.groups, layer.o, layer.kernel[1], layer.c), input.dtype)
    sums = summed(_pieces(layer), work, sums)
    return np.ascontiguousarray(sums.transpose(1, 2, 4, 0, 3)).reshape(-1, layer.c, *layer.kernel)


@lru_cache(maxsize=1024)
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
    """Cut to SIGNALS entries of the images. Small images stay together, for their runs to be long."""
    height = layer.counts[0]
    one = tall(layer).c * grid(tall(layer)).total // layer.n * min(layer.strides[0], layer.kernel[0])
    limit, most = SIGNALS, layer.groups
    if layer.c > 1:
        most = 1  # a matrix is that of one group
    if layer.products * (1 if layer.c > 1 else SLOW) >= 2 * ALONE:
        limit = min(limit, -(-one * layer.n * most // 2))
    rows = max(limit * height // one, 1)
    images = max(limit // one, 1)
    groups = min(max(limit // (one * min(images, layer.n)), 1), most)
    return [
        Piece(some, others, lines)
        for some in shares(layer.n, images)
        for others in shares(layer.groups, groups)
        for lines in shares(height, rows)
    ]


def _run(layer: Layer) -> int:
    """Say how many entries of the signal are summed at a time: for a product of matrices, all of a piece."""
    return SIGNALS if layer.c > 1 else RUN


def _part(layer: Layer, piece: Piece) -> tuple[slice, Layer]:
    """Give the rows of the image that a piece sees, and the layer that it is."""
    n, groups, rows = piece.sizes
    if rows == layer.counts[0]:
        return slice(0, layer.size[0]), layer._replace(n=n, groups=groups)
    seen, one = part(layer, 0, piece.rows)
    return seen, one._replace(n=n, groups=groups)


class Copy(NamedTuple):
    """How the image of a column of taps is written: from a neighbour's, moved on, or from the pixels if that is None.

    Of a neighbour's, `cleared` columns have come from another line. Then `outputs` are written, which meet `pixels`.
    """

    tap: int
    neighbour: int | None
    moved: int
    cleared: slice
    outputs: slice
    pixels: slice


@lru_cache(maxsize=1024)
def _copies(layer: Layer) -> tuple[Copy, ...]:
    """Say in which order, and how, the columns of taps are written.

    With stride 1 a tap sees what the one before it sees, one place further on; with a stride, what every s-th does.
    Moving a whole signal on is cheaper than writing rows, most of all narrow ones.
    """
    s, d, kw, width = layer.strides[1], layer.dilations[1], layer.kernel[1], layer.counts[1]
    step = s // gcd(s, d)
    on = min(d * step // s, width)
    seen = [met(layer, 1, j) for j in range(kw)]
    result = []
    for first in range(min(step, kw)):
        taps = range(first, kw, step)
        widest = max(taps, key=lambda j: seen[j][0].stop - seen[j][0].start)
        result.append(Copy(widest, None, 0, slice(0, 0), *seen[widest]))
        for j in range(widest + step, kw, step):
            edge = slice(width - on, width)
            result.append(Copy(j, j - step, on, edge, *_within(edge, *seen[j])))
        for j in range(widest - step, -1, -step):
            edge = slice(0, on)
            result.append(Copy(j, j + step, -on, edge, *_within(edge, *seen[j])))
    return tuple(result)


def _within(edge: slice, outputs: slice, pixels: slice) -> tuple[slice, slice]:
    """Keep those of the outputs that lie at the edge, and their pixels."""
    first = min(max(outputs.start, edge.start), outputs.stop)
    last = max(min(outputs.stop, edge.stop), first)
    if first == last:
        return slice(0, 0), slice(0, 0)
    return slice(first, last), slice(
        pixels.start + (first - outputs.start) * pixels.step,
        pixels.start + (last - 1 - outputs.start) * pixels.step + 1,
        pixels.step,
    )


def _signals(layer: Layer, images: np.ndarray) -> dict[int, np.ndarray]:
    """Write images (G, C, N, H, W): for each phase of the rows a signal, (kw, G, C, entries)."""
    tall_layer = tall(layer)
    rows, pitch, total = grid(tall_layer)
    result = {}
    for taps in taps_by_phase(tall_layer):
        shape = layer.kernel[1], layer.groups, layer.c, total
        signal = scratch(f"signal {taps.phase[0]}", shape, images.dtype)
        lines = signal.reshape(*shape[:-1], -1, pitch)
        planes = lines[..., : layer.n * rows, :].reshape(*shape[:-1], layer.n, rows, pitch)
        filled = places(tall_layer, taps.phase)[0]
        seen = images[..., phase_entries(tall_layer, taps.phase)[0], :]
        for copy in _copies(layer):
            one, inner = signal[copy.tap], planes[copy.tap, ..., filled, :]
            if copy.neighbour is None:
                planes[copy.tap, ..., : filled.start, :] = planes[copy.tap, ..., filled.stop :, :] = 0
                lines[copy.tap, ..., layer.n * rows :, :] = 0
                inner[..., : copy.outputs.start] = inner[..., copy.outputs.stop :] = 0
            else:
                other, on = signal[copy.neighbour], copy.moved
                if on > 0:
                    one[..., :-on] = other[..., on:]
                else:
                    one[..., -on:] = other[..., :on]
                lines[copy.tap, ..., copy.cleared] = 0
            if copy.outputs.stop:
                inner[..., copy.outputs] = seen[..., copy.pixels]
        result[taps.phase[0]] = signal
    return result


def _sums(layer: Layer, signals: dict[int, np.ndarray], kernels: np.ndarray, run: slice) -> np.ndarray:
    """Add up what all taps see of a run of the output's signal: (G, O, entries)."""
    sums: np.ndarray | None = None
    for taps in taps_by_phase(tall(layer)):
        saw, chosen = _seen(layer, signals, taps, run), kernels[taps.rows]
        for rows in chunks(len(chosen), 1 if layer.c > 1 else len(chosen)):
            shape = layer.groups, layer.o, run.stop - run.start
            into = scratch("sums" if sums is None else "more", shape, kernels.dtype)
            if layer.c > 1:
                np.matmul(chosen[rows].reshape(layer.o, -1), _matrix(saw[..., rows.start, :]), out=into[0])
            else:
                # Order "K" makes the run the inner loop, multiplied and added at once, and a group the outermost.
                np.einsum("gcjil,igojc->gol", saw, chosen, out=into, order="K")
            sums = into if sums is None else np.add(sums, into, out=sums)
    assert sums is not None  # a kernel has taps
    return sums


def _matrix(saw: np.ndarray) -> np.ndarray:
    """View what one row of taps sees in one group, (1, C, kw, entries), as a matrix: (kw · C, entries)."""
    return saw[0].swapaxes(0, 1).reshape(-1, saw.shape[-1])


def _seen(layer: Layer, signals: dict[int, np.ndarray], taps: Taps, run: slice) -> np.ndarray:
    """View what each tap of a phase sees: (G, C, kw, kh', entries). No copy."""
    signal = signals[taps.phase[0]]
    rows = len(range(layer.kernel[0])[taps.rows])
    tap, group, channel, entry = signal.strides
    return view(
        signal,
        taps.offset + run.start,
        (layer.groups, layer.c, layer.kernel[1], rows, run.stop - run.start),
        (group, channel, tap, taps.steps[0] * entry, entry),
    )
