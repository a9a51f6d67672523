"""Shift and accumulate: for each tap, the whole shifted image times one number, added up.

No columns and no product of matrices: the method of depthwise layers, whose matrices would have one row.
Groups have nothing to do with each other, so each thread takes some of them.
"""

from collections.abc import Iterator

import numpy as np

from convlab.fast.layer import Layer, chunks, grouped
from convlab.fast.planes import count_taps, cut, grid, lay_gradient, parts, planes, seen, taps_by_phase
from convlab.fast.table import ALONE, RUN, WORK
from convlab.fast.threads import share


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel)
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    result[...] = bias.reshape(-1, 1, 1)
    images, outputs = grouped(layer, input, layer.c), grouped(layer, result, layer.o)

    def work(groups: slice) -> None:
        for some, channels, part in _held(layer, groups):
            places = outputs[groups, :, some]
            _sums(part, images[groups, channels, some], kernels[groups, :, channels], places)

    share(_tasks(layer), work)
    return result


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """Give each tap the sum of what it saw times what came back."""
    images, grads = grouped(layer, input, layer.c), grouped(layer, grad_output, layer.o)
    result = np.zeros((layer.groups, layer.o, layer.c, *layer.kernel), input.dtype)

    def work(groups: slice) -> None:
        for some, channels, part in _held(layer, groups):
            grad = grads[groups, :, some]
            _products(part, images[groups, channels, some], grad, result[groups, :, channels])

    share(_tasks(layer), work)
    return result.reshape(-1, layer.c, *layer.kernel)


def _sums(layer: Layer, images: np.ndarray, kernels: np.ndarray, outputs: np.ndarray) -> None:
    """Add to the outputs of some groups."""
    signals, phases = planes(layer, images), list(taps_by_phase(layer))
    for part in parts(layer, RUN):
        sums: np.ndarray | None = None
        for taps in phases:
            view = seen(signals[taps.phase], taps, count_taps(layer, taps), part.signal)
            chosen = kernels[..., taps.rows, taps.columns]
            # Order "F" makes the first axis the inner loop: a run of the signal, multiplied and added at once.
            some = np.einsum("gcijl,gocij->log", view, chosen, order="F").T
            sums = some if sums is None else np.add(sums, some, out=sums)
        assert sums is not None  # a kernel has taps
        outputs[:, :, part.images, part.rows] += cut(layer, part, sums)


def _products(layer: Layer, images: np.ndarray, grads: np.ndarray, result: np.ndarray) -> None:
    """Add to the gradients of some groups' kernels."""
    signals, phases = planes(layer, images), list(taps_by_phase(layer))
    for part in parts(layer, RUN):
        signal = lay_gradient(layer, part, grads)
        for taps in phases:
            view = seen(signals[taps.phase], taps, count_taps(layer, taps), part.signal)
            grad = signal[:, :, None, None, None]
            result[..., taps.rows, taps.columns] += np.vecdot(view[:, None], grad)  # BLAS, without a copy


def _tasks(layer: Layer) -> list[slice]:
    """Cut the groups, unless there is too little to do."""
    count = min(max(layer.products // ALONE, 1), 8)
    return list(chunks(layer.groups, -(-layer.groups // count)))


def _held(layer: Layer, groups: slice) -> Iterator[tuple[slice, slice, Layer]]:
    """Cut images and channels so that the signals of a task have about WORK entries, each cut a layer."""
    plane = (groups.stop - groups.start) * grid(layer).total // layer.n
    channels = min(max(WORK // plane, 1), layer.c)
    images = min(max(WORK // (plane * channels), 1), layer.n)
    for some in chunks(layer.n, images):
        for part in chunks(layer.c, channels):
            yield some, part, layer._replace(n=some.stop - some.start, c=part.stop - part.start)
