"""One fast Fourier transform of the whole image, for kernels too large for tiles.

This is chapter 8's `conv2d_fft` with batch, groups and a limit on memory: multiply spectra, go back, keep the
places where the kernel did not wrap round.
"""

import numpy as np

from convlab.fast.layer import Layer, chunks, grouped, ungrouped
from convlab.fast.table import WORK

Axes = tuple[int, int]
AXES = (-2, -1)


def forward(layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    points = _points(layer)
    kernels = weight.reshape(layer.groups, layer.o, layer.c, *layer.kernel)
    result = np.empty((layer.groups, layer.o, layer.n, *layer.counts), input.dtype)
    (s_h, s_w), (h, w) = layer.strides, _dense_counts(layer)
    for some in chunks(layer.n, _at_a_time(layer, points, layer.c + 1)):
        images = np.fft.rfft2(_padded(layer, input[some]), points, AXES)  # G, C, N
        for o in range(layer.o):
            taps = np.fft.rfft2(_spread(layer, kernels[:, o]), points, AXES)
            product = (images * taps.conj()[:, :, None]).sum(axis=1)
            result[:, o, some] = np.fft.irfft2(product, points, AXES)[..., :h:s_h, :w:s_w]
    result += bias.reshape(layer.groups, layer.o, 1, 1, 1)
    return ungrouped(result)


def weight_gradient(layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    points = _points(layer)
    result = np.zeros((layer.groups, layer.o, layer.c, *layer.kernel), input.dtype)
    (s_h, s_w), (h, w), (d_h, d_w) = layer.strides, _dense_counts(layer), layer.dilations
    for some in chunks(layer.n, _at_a_time(layer, points, layer.c + 1)):
        images = np.fft.rfft2(_padded(layer, input[some]), points, AXES)
        grads = grouped(layer, grad_output[some], layer.o)
        for o in range(layer.o):
            dense = np.zeros((layer.groups, *grads.shape[2:3], h, w), input.dtype)
            dense[..., ::s_h, ::s_w] = grads[:, o]
            product = (images * np.fft.rfft2(dense, points, AXES).conj()[:, None]).sum(axis=2)
            taps = np.fft.irfft2(product, points, AXES)[..., ::d_h, ::d_w]
            result[:, o] += taps[..., : layer.kernel[0], : layer.kernel[1]]
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


def _points(layer: Layer) -> Axes:
    return good_size(layer.padded[0]), good_size(layer.padded[1])


def _dense_counts(layer: Layer) -> Axes:
    """Count the outputs that stride 1 would give."""
    h, w = (size - d * (k - 1) for size, d, k in zip(layer.padded, layer.dilations, layer.kernel))
    return h, w


def _padded(layer: Layer, input: np.ndarray) -> np.ndarray:
    images = grouped(layer, input, layer.c)
    return np.pad(images, [(0, 0)] * 3 + list(layer.pads))


def _spread(layer: Layer, kernels: np.ndarray) -> np.ndarray:
    """Put the taps d apart, with zeros between."""
    (kh, kw), (d_h, d_w) = layer.kernel, layer.dilations
    spread = np.zeros((*kernels.shape[:-2], d_h * (kh - 1) + 1, d_w * (kw - 1) + 1), kernels.dtype)
    spread[..., ::d_h, ::d_w] = kernels
    return spread


def _at_a_time(layer: Layer, points: Axes, arrays: int) -> int:
    """As many images as keep their spectra within WORK."""
    return max(WORK // (layer.groups * arrays * 2 * points[0] * (points[1] // 2 + 1)), 1)
