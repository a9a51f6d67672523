"""A stride as channels: what `tiles` needs, whose sums have stride 1.

Cut the image into squares of s × s pixels, and write each square's pixels behind each other, as channels. A
window that moves by s pixels then moves by one square, and a kernel of k taps becomes one of ceil(k / s)
squares, filled up with zeros. AlexNet's 11 × 11 kernels with stride 4 become 3 × 3 kernels of 48 channels,
which Winograd's method takes.

Backwards, one convolution of grad_output gives the gradients of all squares, as channels, where the pixels of each
residue would need one of their own.
"""

import numpy as np

from convlab.fast.layer import Layer, shares
from convlab.fast.table import WORK


def foldable(layer: Layer) -> bool:
    """Whether there is a stride, and taps that are neighbours."""
    return max(layer.strides) > 1 and layer.dilations == (1, 1)


def fold(layer: Layer) -> Layer:
    """Give the layer of stride 1 that has the same output."""
    (s_h, s_w), (kh, kw), (h, w) = layer.strides, layer.kernel, layer.counts
    kernel = -(-kh // s_h), -(-kw // s_w)
    return layer._replace(
        c=layer.c * s_h * s_w,
        size=(h + kernel[0] - 1, w + kernel[1] - 1),
        kernel=kernel,
        strides=(1, 1),
        pads=((0, 0), (0, 0)),
    )


def at_a_time(layer: Layer) -> list[tuple[slice, Layer]]:
    """Cut the images for two threads, and so that their squares have about WORK entries, each cut a layer."""
    image = layer.groups * layer.c * layer.padded[0] * layer.padded[1]
    images = max(min(WORK // image, -(-layer.n // 2)), 1)
    return [(some, layer._replace(n=some.stop - some.start)) for some in shares(layer.n, images)]


def fold_input(layer: Layer, input: np.ndarray) -> np.ndarray:
    """Pad the images and write their squares as channels: (N, G · C · s · s, rows, columns)."""
    (s_h, s_w), (rows, columns) = layer.strides, fold(layer).size
    (top, _), (left, _) = layer.pads
    n, channels, height, width = input.shape
    padded = np.zeros((n, channels, rows * s_h, columns * s_w), input.dtype)
    inside = padded[..., top : top + height, left : left + width]
    inside[...] = input[..., : inside.shape[-2], : inside.shape[-1]]
    squares = padded.reshape(n, channels, rows, s_h, columns, s_w).transpose(0, 1, 3, 5, 2, 4)
    return squares.reshape(n, channels * s_h * s_w, rows, columns)


def unfold_input(layer: Layer, squares: np.ndarray, result: np.ndarray) -> None:
    """Write squares (N, G · C · s · s, rows, columns) to the pixels that they are made of. The others are zero."""
    (s_h, s_w), (rows, columns) = layer.strides, fold(layer).size
    n, channels, height, width = result.shape
    planes = squares.reshape(n, channels, s_h, s_w, rows, columns)
    down = [_square(layer, 0, phase, rows) for phase in range(s_h)]
    across = [_square(layer, 1, phase, columns) for phase in range(s_w)]
    if rows * s_h - layer.pads[0][0] < height or columns * s_w - layer.pads[1][0] < width:
        result.fill(0)
    for i, (lines, from_rows) in enumerate(down):
        for j, (pixels, from_columns) in enumerate(across):
            result[..., lines, pixels] = planes[:, :, i, j, from_rows, from_columns]


def _square(layer: Layer, axis: int, phase: int, count: int) -> tuple[slice, slice]:
    """Say which pixels of an axis stand at one place of their squares, and in which of so many squares."""
    s, before = layer.strides[axis], layer.pads[axis][0]
    skipped = -(-max(before - phase, 0) // s)  # squares where it is padding
    first = skipped * s + phase - before
    number = min(len(range(first, layer.size[axis], s)), count - skipped)
    return slice(first, first + s * number, s), slice(skipped, skipped + number)


def fold_weight(layer: Layer, weight: np.ndarray) -> np.ndarray:
    """Write the kernels likewise: (G · O, C · s · s, kh', kw')."""
    (s_h, s_w), (rows, columns) = layer.strides, fold(layer).kernel
    out, c, kh, kw = weight.shape
    filled = np.zeros((out, c, rows * s_h, columns * s_w), weight.dtype)
    filled[..., :kh, :kw] = weight
    squares = filled.reshape(out, c, rows, s_h, columns, s_w).transpose(0, 1, 3, 5, 2, 4)
    return squares.reshape(out, c * s_h * s_w, rows, columns)


def unfold_weight(layer: Layer, weight: np.ndarray) -> np.ndarray:
    """Take a gradient of folded kernels back: (G · O, C, kh, kw)."""
    (s_h, s_w), (kh, kw) = layer.strides, layer.kernel
    out, _, rows, columns = weight.shape
    squares = weight.reshape(out, layer.c, s_h, s_w, rows, columns).transpose(0, 1, 4, 2, 5, 3)
    filled = squares.reshape(out, layer.c, rows * s_h, columns * s_w)
    return np.ascontiguousarray(filled[..., :kh, :kw])
