"""What a layer is once its arguments are read: numbers only, so that methods and costs need no checks.

Of convlab this knows what `arguments` calls pads. It must not know the methods.
"""

from collections.abc import Iterator
from itertools import pairwise, product
from math import gcd
from typing import NamedTuple, TypeVar

import numpy as np

from convlab.arguments import Pads

Pair = tuple[int, int]
T = TypeVar("T")


class Layer(NamedTuple):
    """A two-dimensional convolution without its arrays. Channels are counted in one group."""

    n: int
    groups: int
    c: int
    o: int
    size: Pair
    kernel: Pair
    strides: Pair
    dilations: Pair
    pads: Pads
    counts: Pair  # H_out, W_out

    @property
    def taps(self) -> int:
        return self.kernel[0] * self.kernel[1]

    @property
    def positions(self) -> int:
        """Entries of the output in one channel, all images together."""
        return self.n * self.counts[0] * self.counts[1]

    @property
    def outputs(self) -> int:
        """Entries of the output."""
        return self.positions * self.groups * self.o

    @property
    def products(self) -> int:
        """Multiplications of the plain sums."""
        return self.outputs * self.c * self.taps

    @property
    def padded(self) -> Pair:
        (top, bottom), (left, right) = self.pads
        return self.size[0] + top + bottom, self.size[1] + left + right


def is_row(layer: Layer) -> bool:
    """Whether images and outputs are one row of several entries, as signals are."""
    return layer.size[0] == layer.counts[0] == 1 < layer.counts[1]


def is_pointwise(layer: Layer) -> bool:
    """Whether each output is made of the pixels in its own place."""
    return layer.taps == 1 and layer.pads == ((0, 0), (0, 0)) and layer.strides == (1, 1)


def upright(layer: Layer) -> Layer:
    """Exchange rows and columns."""
    return layer._replace(
        size=layer.size[::-1],
        kernel=layer.kernel[::-1],
        strides=layer.strides[::-1],
        dilations=layer.dilations[::-1],
        pads=layer.pads[::-1],
        counts=layer.counts[::-1],
    )


class Phase(NamedTuple):
    """The gradient of every s-th entry of the input: a stride-1 convolution of grad_output.

    Of the input, `entries` are meant; of the kernel, the taps that reach them; of grad_output, `crop`.
    """

    entries: tuple[slice, slice]
    taps: tuple[slice, slice]
    crop: tuple[slice, slice]
    layer: Layer


class _Axis(NamedTuple):
    """One axis of a `Phase`."""

    reached: slice  # entries of the input
    chosen: slice  # taps
    crop: slice  # entries of grad_output
    size: int
    taps: int
    dilation: int
    pads: Pair
    entries: int


def input_phases(layer: Layer) -> Iterator[Phase]:
    """Split the input's gradient into convolutions of grad_output, one for each residue of the stride.

    Entry p of the padded input was read by tap i at output v where s·v + d·i = p. Entries with the same
    p mod s meet the same taps, and going s entries on goes one output on: no zeros between are needed.
    """
    axes = [list(_axis_phases(layer, axis)) for axis in (0, 1)]
    for rows, columns in product(*axes):
        turned = Layer(
            layer.n,
            layer.groups,
            layer.o,
            layer.c,
            (rows.size, columns.size),
            (rows.taps, columns.taps),
            (1, 1),
            (rows.dilation, columns.dilation),
            (rows.pads, columns.pads),
            (rows.entries, columns.entries),
        )
        yield Phase(
            (rows.reached, columns.reached), (rows.chosen, columns.chosen), (rows.crop, columns.crop), turned
        )


def _axis_phases(layer: Layer, axis: int) -> Iterator[_Axis]:
    size, k, count = layer.size[axis], layer.kernel[axis], layer.counts[axis]
    s, d, before = layer.strides[axis], layer.dilations[axis], layer.pads[axis][0]
    step = s // gcd(s, d)  # every step-th tap lies in the same phase,
    apart = d // gcd(s, d)  # and reads an output so many places on
    for first in range(min(step, k)):
        phase, reach = d * first % s, d * first // s
        taps = len(range(first, k, step))
        start = (phase - before) % s  # the first entry of the input in this phase
        entries = len(range(start, size, s))
        if not entries:
            continue
        # Entry q of the phase sums grad_output[q' − reach − apart·u] over u, with q' counted with padding.
        left = reach + apart * (taps - 1) - (start + before) // s
        right = entries - 1 + apart * (taps - 1) + 1 - count - left
        crop = slice(max(0, -left), count - max(0, -right))
        if crop.start >= crop.stop:
            continue  # only padding was read: the gradient stays 0
        pads = max(0, left), max(0, right)
        yield _Axis(
            slice(start, size, s),
            slice(first, k, step),
            crop,
            crop.stop - crop.start,
            taps,
            apart,
            pads,
            entries,
        )


def turned(weight: np.ndarray, phase: Phase, groups: int) -> np.ndarray:
    """View the kernels of a phase: its taps flipped, inputs and outputs exchanged: (G, C, O, kh', kw')."""
    rows, columns = phase.taps
    chosen = weight[:, :, rows, columns][:, :, ::-1, ::-1]
    out, c, *taps = chosen.shape
    return chosen.reshape(groups, out // groups, c, *taps).swapaxes(1, 2)


def met(layer: Layer, axis: int, tap: int) -> tuple[slice, slice]:
    """Say which outputs of an axis meet a pixel through a tap, and which pixels. The others meet padding."""
    s, count = layer.strides[axis], layer.counts[axis]
    at = layer.dilations[axis] * tap - layer.pads[axis][0]  # what the first output meets
    before = min(max(-(at // s), 0), count)
    after = max(min(count, -(-(layer.size[axis] - at) // s)), before)
    first = at + before * s
    if before == after:
        return slice(0, 0), slice(0, 0, s)
    return slice(before, after), slice(first, first + s * (after - before - 1) + 1, s)


def part(layer: Layer, axis: int, outputs: slice) -> tuple[slice, Layer]:
    """Give the pixels of an axis that some outputs see, and the layer that these make. All may be padding."""
    s, size, before = layer.strides[axis], layer.size[axis], layer.pads[axis][0]
    start = outputs.start * s - before
    stop = (outputs.stop - 1) * s + layer.dilations[axis] * (layer.kernel[axis] - 1) + 1 - before
    first = min(max(start, 0), size)
    last = max(min(stop, size), first)
    pads = (first - start, stop - last) if first < last else (stop - start, 0)

    def put(pair: tuple[T, T], value: T) -> tuple[T, T]:
        return (value, pair[1]) if axis == 0 else (pair[0], value)

    cut = layer._replace(
        size=put(layer.size, last - first),
        pads=put((layer.pads[0], layer.pads[1]), pads),
        counts=put(layer.counts, outputs.stop - outputs.start),
    )
    return slice(first, last), cut


def chunks(total: int, size: int) -> Iterator[slice]:
    """Cut range(total) into slices of at most size."""
    for start in range(0, total, size):
        yield slice(start, min(start + size, total))


def shares(total: int, size: int) -> list[slice]:
    """Cut range(total) into slices of at most size for two threads: as equal as may be, and their number even."""
    count = -(-total // size)
    count += count % 2 if 1 < count < total else 0
    edges = [total * share // count for share in range(count + 1)]
    return [slice(*edge) for edge in pairwise(edges)]


def grouped(layer: Layer, array: np.ndarray, channels: int) -> np.ndarray:
    """View (N, G·channels, H, W) as (G, channels, N, H, W)."""
    n, _, *sizes = array.shape
    return array.reshape(n, layer.groups, channels, *sizes).transpose(1, 2, 0, 3, 4)


def ungrouped(array: np.ndarray) -> np.ndarray:
    """Give (G, channels, N, H, W) back as (N, G·channels, H, W), contiguous."""
    groups, channels, n, *sizes = array.shape
    return np.ascontiguousarray(array.transpose(2, 0, 1, 3, 4)).reshape(n, groups * channels, *sizes)
