"""Give the input's gradient as chapter 6 does: the gradients of the columns, each added back where it came from.

Better than convolving grad_output where the layer has few input channels or a large stride.
"""

import numpy as np

from convlab.fast.layer import Layer, chunks, grouped
from convlab.fast.planes import grid, inside, lay_gradient, parts, phase_entries, taps_by_phase
from convlab.fast.products import multiply
from convlab.fast.table import COLUMNS, WORK
from convlab.fast.threads import scratch, share


def input_gradient(layer: Layer, weight: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    kernels = weight.reshape(layer.groups, layer.o, layer.c, -1)
    result = np.zeros((layer.n, layer.groups * layer.c, *layer.size), weight.dtype)
    grads, images = grouped(layer, grad_output, layer.o), grouped(layer, result, layer.c)
    phases = taps_by_phase(layer)

    def work(task: tuple[slice, slice, slice]) -> None:
        some, groups, channels = task
        part_layer = layer._replace(n=some.stop - some.start)
        chosen = kernels[groups, :, channels]
        count, _, c, _ = chosen.shape
        chosen = chosen.reshape(count, layer.o, -1).swapaxes(-1, -2)
        total = grid(part_layer).total
        planes = {taps.phase: np.zeros((count, c, total), weight.dtype) for taps in phases}
        for part in parts(part_layer, max(COLUMNS // (count * c * layer.taps), 256)):
            grad = lay_gradient(part_layer, part, grads[groups, :, some])
            columns = scratch("columns", (*chosen.shape[:2], grad.shape[-1]), weight.dtype)
            multiply(chosen, grad, columns)
            columns = columns.reshape(count, c, *layer.kernel, -1)
            for taps in phases:
                seen = columns[:, :, taps.rows, taps.columns]
                for i, j in np.ndindex(*seen.shape[2:4]):
                    start = taps.offset + i * taps.steps[0] + j * taps.steps[1] + part.signal.start
                    planes[taps.phase][..., start : start + seen.shape[-1]] += seen[:, :, i, j]
        for phase, plane in planes.items():
            place = images[groups, channels, some]
            place[(..., *phase_entries(layer, phase))] = inside(part_layer, phase, plane)

    share(tasks(layer), work)
    return result


def tasks(layer: Layer) -> list[tuple[slice, slice, slice]]:
    """Cut images, groups, and the channels of a single group: no two tasks add to the same entry."""
    per_group = max(-(-layer.groups // 8), 1)
    per_channel = layer.c if layer.groups > 1 else max(-(-layer.c // 4), 1)
    plane = layer.strides[0] * layer.strides[1] * grid(layer).total // layer.n
    per_channel = min(per_channel, max(WORK // (plane * per_group), 1))
    images = min(max(WORK // (plane * per_group * per_channel), 1), layer.n)
    return [
        (some, groups, channels)
        for some in chunks(layer.n, images)
        for groups in chunks(layer.groups, per_group)
        for channels in chunks(layer.c, per_channel)
    ]
