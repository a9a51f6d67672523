"""Shift and accumulate: for each tap, the whole shifted image times one number, added up.

No columns and no product of matrices: the method of depthwise layers, whose matrices would have one row.
Groups have nothing to do with each other, so each thread takes some of them.
"""

import numpy as np

from convlab.fast.layer import Layer, grouped
from convlab.fast.planes import count_taps, cut, lay_gradient, parts, planes, seen, taps_by_phase
from convlab.fast.table import ALONE, RUN
from convlab.fast.threads import share


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel)
    result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)
    images, outputs = grouped(layer, input, layer.c), grouped(layer, result, layer.o)
    shared = bias.reshape(layer.groups, layer.o, 1, 1, 1)

    def work(some: slice) -> None:
        _sums(layer, images[some], kernels[some], shared[some], outputs[some])

    share(layer.groups, work) if layer.products > ALONE else work(slice(None))
    return result


def _sums(
    layer: Layer, images: np.ndarray, kernels: np.ndarray, bias: np.ndarray, outputs: np.ndarray
) -> None:
    """Fill the outputs of some groups."""
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
        np.add(cut(layer, part, sums), bias, out=outputs[:, :, part.images, part.rows])


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """Give each tap the sum of what it saw times what came back."""
    images, grads = grouped(layer, input, layer.c), grouped(layer, grad_output, layer.o)
    result = np.zeros((layer.groups, layer.o, layer.c, *layer.kernel), input.dtype)

    def work(some: slice) -> None:
        _products(layer, images[some], grads[some], result[some])

    share(layer.groups, work) if layer.products > ALONE else work(slice(None))
    return result.reshape(-1, layer.c, *layer.kernel)


def _products(layer: Layer, images: np.ndarray, grads: np.ndarray, result: np.ndarray) -> None:
    """Fill the gradients of some groups' kernels."""
    signals, phases = planes(layer, images), list(taps_by_phase(layer))
    for part in parts(layer, RUN):
        signal = lay_gradient(layer, part, grads)
        for taps in phases:
            view = seen(signals[taps.phase], taps, count_taps(layer, taps), part.signal)
            result[..., taps.rows, taps.columns] += np.einsum("gcijl,gol->gocij", view, signal)
