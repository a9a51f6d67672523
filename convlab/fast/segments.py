"""Cut a wide output across: a row is the least that methods cut down to, and a signal is one row.

Each segment is a layer of its own, whose windows begin where those of the segment before it end. Only gemm needs none
for a signal: `methods` turns it upright.
"""

from typing import NamedTuple

from convlab.fast.layer import Layer, chunks, part
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
    for some in chunks(width, size):
        inputs, cut = part(layer, 1, some)
        if inputs.start == inputs.stop:
            return []  # a segment of padding alone: leave it to the methods
        result.append(Segment(some, inputs, cut))
    return result
