"""Images as one long signal, so that a tap is an offset.

Write a padded image row by row, then the next image behind it. Moving the window one row down is moving it
`pitch` entries on, and what all windows see through tap (i, j) is one contiguous slice that begins at
i · pitch + j. Nothing is copied to get it. The price is junk: windows that wrap round the end of a row are
computed too, and cut away at last.

A stride s splits the image into s · s planes (*phases*), one for each residue of the row and the column. In
a plane the windows are neighbours again.

Rows share their padding: the zeros to the right of one are those to the left of the next, and the zeros below
one image those above the next.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import gcd
from typing import NamedTuple

import numpy as np

from convlab.fast.layer import Layer, Pair, chunks
from convlab.fast.threads import view


class Grid(NamedTuple):
    """How the images lie in the signal."""

    rows: int  # from one image to the next
    pitch: int  # entries from one row to the next
    total: int  # entries of a plane's signal


class Part(NamedTuple):
    """A part of the output that is computed at once: some images, or some rows of one image."""

    images: slice
    rows: slice
    signal: slice  # where it lies, from its first entry to its last


class Taps(NamedTuple):
    """The taps that read one plane."""

    phase: Pair
    rows: slice
    columns: slice
    offset: int  # of the first of them in the plane's signal
    steps: Pair  # from tap to tap, down and right


@lru_cache(maxsize=1024)
def grid(layer: Layer) -> Grid:
    """Find the shortest pitch at which no window reads another row's pixels for zeros."""
    rows, pitch = (
        -(-max(size + max(pads), s * count) // s)
        for size, pads, s, count in zip(layer.size, layer.pads, layer.strides, layer.counts)
    )
    length = _length(layer, rows, pitch, layer.n, layer.counts[0])
    reach_h, reach_w = (d * (k - 1) // s for d, k, s in zip(layer.dilations, layer.kernel, layer.strides))
    return Grid(rows, pitch, max(layer.n * rows * pitch, length + reach_h * pitch + reach_w))


@lru_cache(maxsize=1024)
def parts(layer: Layer, size: int) -> tuple[Part, ...]:
    """Cut the output into parts of about size entries, at least a row."""
    return tuple(_parts(layer, size))


def _parts(layer: Layer, size: int) -> Iterator[Part]:
    rows, pitch, _ = grid(layer)
    images = max(size // (rows * pitch), 1)
    height = layer.counts[0] if images > 1 else max(size // pitch, 1)
    for some in chunks(layer.n, images):
        for lines in chunks(layer.counts[0], height):
            start = (some.start * rows + lines.start) * pitch
            length = _length(layer, rows, pitch, some.stop - some.start, lines.stop - lines.start)
            yield Part(some, lines, slice(start, start + length))


def _length(layer: Layer, rows: int, pitch: int, images: int, lines: int) -> int:
    """Count the entries from a part's first to its last."""
    return ((images - 1) * rows + lines - 1) * pitch + layer.counts[1]


@lru_cache(maxsize=1024)
def taps_by_phase(layer: Layer) -> tuple[Taps, ...]:
    """Name the planes that any tap reads. Within one, taps lie at regular steps."""
    return tuple(_taps_by_phase(layer))


def _taps_by_phase(layer: Layer) -> Iterator[Taps]:
    pitch = grid(layer).pitch
    (kh, kw), (s_h, s_w), (d_h, d_w) = layer.kernel, layer.strides, layer.dilations
    step_h, step_w = s_h // gcd(s_h, d_h), s_w // gcd(s_w, d_w)
    for i in range(min(step_h, kh)):
        for j in range(min(step_w, kw)):
            phase = d_h * i % s_h, d_w * j % s_w
            offset = d_h * i // s_h * pitch + d_w * j // s_w
            steps = d_h * step_h // s_h * pitch, d_w * step_w // s_w
            yield Taps(phase, slice(i, kh, step_h), slice(j, kw, step_w), offset, steps)


def phase_entries(layer: Layer, phase: Pair) -> tuple[slice, slice]:
    """Say which rows and columns of the unpadded images belong to a phase."""
    starts = [(a - before) % s for a, (before, _), s in zip(phase, layer.pads, layer.strides)]
    return slice(starts[0], None, layer.strides[0]), slice(starts[1], None, layer.strides[1])


def inside(layer: Layer, phase: Pair, signal: np.ndarray) -> np.ndarray:
    """View the pixels of a plane's signal, without the padding: (G, C, N, rows, columns) of that phase."""
    rows, pitch, _ = grid(layer)
    image = signal[..., : layer.n * rows * pitch].reshape(*signal.shape[:2], layer.n, rows, pitch)
    return image[(..., *places(layer, phase))]


def places(layer: Layer, phase: Pair) -> tuple[slice, slice]:
    """Say on which rows and columns of a plane the pixels of a phase lie."""
    spans = []
    for a, (before, _), s, size in zip(phase, layer.pads, layer.strides, layer.size):
        start = (a - before) % s
        first = (start + before) // s
        spans.append(slice(first, first + len(range(start, size, s))))
    return spans[0], spans[1]


def cut(layer: Layer, part: Part, signal: np.ndarray) -> np.ndarray:
    """View a part's contiguous signal without its junk: (G, channels, images, rows, W_out)."""
    rows, pitch, _ = grid(layer)
    g, channel, entry = signal.strides
    images, lines = part.images.stop - part.images.start, part.rows.stop - part.rows.start
    return view(
        signal,
        0,
        (*signal.shape[:2], images, lines, layer.counts[1]),
        (g, channel, rows * pitch * entry, pitch * entry, entry),
    )


def lay_gradient(layer: Layer, part: Part, grad_output: np.ndarray) -> np.ndarray:
    """Lay a part of grad_output (G, O, N, H_out, W_out) out as a signal, with zeros for junk."""
    images = grad_output[:, :, part.images, part.rows]
    length = part.signal.stop - part.signal.start
    if length == images[0, 0].size:
        return images.reshape(*images.shape[:2], length)  # no junk: for one image this is a view
    signal = np.zeros((*images.shape[:2], length), grad_output.dtype)
    cut(layer, part, signal)[...] = images
    return signal
