"""Cut a wide output across: a row is the least that methods cut down to, and a signal is one row.

Each segment is a layer of its own, whose windows begin where those of the segment before it end.
"""

from typing import NamedTuple

from convlab.fast.layer import Layer, chunks
from convlab.fast.table import LONG, WORK


class Segment(NamedTuple):
    """Columns `outputs` of the output, which read columns `inputs` of the input."""

    outputs: slice
    inputs: slice
    layer: Layer


def segments(layer: Layer) -> list[Segment]:
    """Cut into four, and further where the columns of a row would have more than WORK entries."""
    width = layer.counts[1]
    row = layer.groups * (layer.c * layer.taps + layer.o)
    size = width
    if layer.counts[0] == 1 and width >= LONG and row * width > LONG:
        size = -(-width // 4)
    size = max(min(size, WORK // row), 1)
    if size >= width:
        return []
    result = []
    s, d = layer.strides[1], layer.dilations[1]
    for some in chunks(width, size):
        start = some.start * s - layer.pads[1][0]
        stop = (some.stop - 1) * s + d * (layer.kernel[1] - 1) + 1 - layer.pads[1][0]
        inputs = slice(max(start, 0), min(stop, layer.size[1]))
        if inputs.start >= inputs.stop:
            return []  # a segment of padding alone: leave it to the methods
        part = layer._replace(
            size=(layer.size[0], inputs.stop - inputs.start),
            pads=(layer.pads[0], (inputs.start - start, stop - inputs.stop)),
            counts=(layer.counts[0], some.stop - some.start),
        )
        result.append(Segment(some, inputs, part))
    return result
