"""The image, written once for each column of taps, one place further to the left each time.

There are zeros where a window would leave the image. So all lines are as wide as the output, and stand behind each
other without gaps: moving the window down is moving on in memory, and what the windows of all lines see through one
tap is one contiguous run. `tall` is the layer that is left to do: one column of taps, and no padding at the sides.
"""

from functools import lru_cache
from math import gcd
from typing import NamedTuple

import numpy as np

from convlab.fast.every_other import fill
from convlab.fast.layer import Layer, is_pointwise, met
from convlab.fast.planes import Taps, grid, phase_entries, places, taps_by_phase
from convlab.fast.threads import scratch, view


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


def shifted(layer: Layer, images: np.ndarray) -> dict[int, np.ndarray]:
    """Write images (G, C, N, H, W): for each phase of the rows a signal, (kw, G, C, entries), in scratch memory.

    What a kernel of one tap sees are the images as they are, if these are contiguous.
    """
    if is_pointwise(layer) and images.flags.c_contiguous:
        return {0: images.reshape(1, layer.groups, layer.c, -1)}
    tall_layer = tall(layer)
    rows, pitch, total = grid(tall_layer)
    result = {}
    for taps in taps_by_phase(tall_layer):
        shape = layer.kernel[1], layer.groups, layer.c, total
        signal = scratch(f"signal {taps.phase[0]}", shape, images.dtype)
        lines = signal.reshape(*shape[:-1], -1, pitch)
        planes = lines[..., : layer.n * rows, :].reshape(*shape[:-1], layer.n, rows, pitch)
        filled = places(tall_layer, taps.phase)[0]
        source = images[..., phase_entries(tall_layer, taps.phase)[0], :]
        for copy in copies(layer):
            one, inner = signal[copy.tap], planes[copy.tap, ..., filled, :]
            if copy.neighbour is None:
                _clear(planes[copy.tap], filled)
                _clear(lines[copy.tap], slice(0, layer.n * rows))
                _clear(inner.swapaxes(-1, -2), copy.outputs)
            else:
                other, on = signal[copy.neighbour], copy.moved
                if on > 0:
                    one[..., :-on] = other[..., on:]
                else:
                    one[..., -on:] = other[..., :on]
                lines[copy.tap, ..., copy.cleared] = 0
            if copy.outputs.stop:
                fill(inner[..., copy.outputs], source[..., copy.pixels])
        result[taps.phase[0]] = signal
    return result


def _clear(lines: np.ndarray, filled: slice) -> None:
    """Clear the lines, on the last axis but one, that will not be filled."""
    if filled.start:
        lines[..., : filled.start, :] = 0
    if filled.stop < lines.shape[-2]:
        lines[..., filled.stop :, :] = 0


def seen(layer: Layer, signals: dict[int, np.ndarray], taps: Taps, run: slice) -> np.ndarray:
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
def copies(layer: Layer) -> tuple[Copy, ...]:
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
