"""One fast Fourier transform of the whole image, for kernels too large for tiles.

This is chapter 8's `conv2d_fft` with batch, groups and a limit on memory: multiply spectra, go back, keep the
places where the kernel did not wrap round.
"""

import numpy as np

from convlab.fast.layer import Layer, Pair, chunks
from convlab.fast.pieces import split
from convlab.fast.table import WORK
from convlab.fast.threads import share

AXES = (-2, -1)


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    points = _points(layer)
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel)
    shape = layer.n, layer.groups, layer.o, *layer.counts
    result = np.empty(shape, input.dtype)
    result[...] = bias.reshape(layer.groups, layer.o, 1, 1)
    images = split(layer, input, layer.c)
    (s_h, s_w), (h, w) = layer.strides, _dense_counts(layer)

    def work(task: tuple[int, slice]) -> None:
        group, outputs = task
        for some, channels in _at_a_time(layer, points):
            seen = np.fft.rfft2(np.pad(images[some, group, channels], _widths(layer)), points, AXES)
            for o in range(layer.o)[outputs]:
                taps = np.fft.rfft2(_spread(layer, kernels[group, o, channels]), points, AXES)
                product = np.einsum("nchw,chw->nhw", seen, taps.conj())
                full = np.fft.irfft2(product, points, AXES)
                result[some, group, o] += full[..., :h:s_h, :w:s_w]

    share(_tasks(layer), work)
    return result.reshape(layer.n, -1, *layer.counts)


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    points = _points(layer)
    result = np.zeros((layer.groups, layer.o, layer.c, *layer.kernel), input.dtype)
    (s_h, s_w), (h, w), (d_h, d_w) = layer.strides, _dense_counts(layer), layer.dilations
    images, grads = split(layer, input, layer.c), split(layer, grad_output, layer.o)

    def work(task: tuple[int, slice]) -> None:
        group, outputs = task
        for some, channels in _at_a_time(layer, points):
            seen = np.fft.rfft2(np.pad(images[some, group, channels], _widths(layer)), points, AXES)
            for o in range(layer.o)[outputs]:
                dense = np.zeros((len(seen), h, w), input.dtype)
                dense[..., ::s_h, ::s_w] = grads[some, group, o]
                spectrum = np.fft.rfft2(dense, points, AXES)
                product = np.einsum("nchw,nhw->chw", seen, spectrum.conj())
                taps = np.fft.irfft2(product, points, AXES)[..., ::d_h, ::d_w]
                result[group, o, channels] += taps[..., : layer.kernel[0], : layer.kernel[1]]

    share(_tasks(layer), work)
    return result.reshape(-1, layer.c, *layer.kernel)


def good_size(least: int) -> int:
    """Give the next size with no prime factor above 5, for which the transform is fast."""
    size = least
    while True:
        rest = size
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return size
        size += 1


def _points(layer: Layer) -> Pair:
    return good_size(layer.padded[0]), good_size(layer.padded[1])


def _dense_counts(layer: Layer) -> Pair:
    """Count the outputs that stride 1 would give."""
    h, w = (size - d * (k - 1) for size, d, k in zip(layer.padded, layer.dilations, layer.kernel))
    return h, w


def _widths(layer: Layer) -> list[Pair]:
    return [(0, 0), (0, 0), *layer.pads]


def _spread(layer: Layer, kernels: np.ndarray) -> np.ndarray:
    """Put the taps d apart, with zeros between."""
    (kh, kw), (d_h, d_w) = layer.kernel, layer.dilations
    spread = np.zeros((*kernels.shape[:-2], d_h * (kh - 1) + 1, d_w * (kw - 1) + 1), kernels.dtype)
    spread[..., ::d_h, ::d_w] = kernels
    return spread


def _tasks(layer: Layer) -> list[tuple[int, slice]]:
    """Cut groups, or the outputs of a single one."""
    outputs = layer.o if layer.groups > 1 else -(-layer.o // 4)
    return [(group, some) for group in range(layer.groups) for some in chunks(layer.o, outputs)]


def _at_a_time(layer: Layer, points: Pair) -> list[tuple[slice, slice]]:
    """Cut images and channels so that their spectra, and those of the kernels, have about WORK entries."""
    spectrum = 2 * points[0] * (points[1] // 2 + 1)
    channels = min(max(WORK // (2 * spectrum), 1), layer.c)
    images = max(WORK // (spectrum * channels), 1)
    return [(some, part) for some in chunks(layer.n, images) for part in chunks(layer.c, channels)]
