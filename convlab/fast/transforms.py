"""Evaluate, multiply, interpolate: the matrices by which small convolutions need fewer products.

Two polynomials are multiplied by multiplying their values, and a product of values is one number instead of
a sum. Both methods here do this with windows that are cut into tiles:

- Winograd's evaluates at a few small numbers, which needs additions and little else;
- Fourier's evaluates at roots of unity, which stays exact for large tiles, but the values are complex.

In both, evaluating is a linear map of the tile's columns and then of its rows: two products with a matrix.
For these small sizes a product with the Fourier matrix is faster than the fast Fourier transform, as BLAS
does ten operations in the time in which anything else does one.

Knows nothing of images, channels and tiles of them.

References
----------
Winograd, Arithmetic Complexity of Computations (1980); Lavin and Gray, Fast Algorithms for Convolutional
Neural Networks (2016).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from convlab.fast.layer import Pair
from convlab.fast.threads import scratch

# Small numbers keep the rounding small: with five points and infinity, tiles have six entries.
POINTS = (0.0, 1.0, -1.0, 2.0, -0.5)

Matrices = tuple[np.ndarray, np.ndarray]


class Transform(NamedTuple):
    """Correlate `size` entries with `size - outputs + 1` taps, on two axes.

    With d the tile and w the kernel, output = interpolate(evaluate_kernel(w) * evaluate_data(d)). Each is a
    pair of matrices, for the columns and then for the rows. A value has one part, or two if it is complex.
    """

    size: Pair
    outputs: Pair
    parts: int
    data: Matrices
    kernel: Matrices
    output: Matrices
    constant: int  # the value which, if it is one and all others are zero, makes every output one

    @property
    def values(self) -> int:
        return int(self.output[0].shape[1] * self.output[1].shape[1]) // self.parts**2


def evaluate(matrices: Matrices, tiles: np.ndarray, parts: int, out: np.ndarray | None = None) -> np.ndarray:
    """Turn tiles (columns, rows, X) into their values (values, parts, X), in `out` if it is given."""
    columns, rows, x = tiles.shape
    if matrices[1].shape == (parts, parts):  # one row, whose value is itself
        out = None if out is None else out.reshape(-1, x)
        return np.matmul(matrices[0], tiles.reshape(columns, x), out=out).reshape(-1, parts, x)
    first = scratch("between", (len(matrices[0]), rows * x), tiles.dtype)
    np.matmul(matrices[0], tiles.reshape(columns, rows * x), out=first)
    if out is not None:
        out = out.reshape(-1, len(matrices[1]), x)
    return np.matmul(matrices[1], first.reshape(-1, parts * rows, x), out=out).reshape(-1, parts, x)


def interpolate(matrices: Matrices, values: np.ndarray) -> np.ndarray:
    """Turn values (values, parts, X) into outputs (columns, rows, X). They are overwritten by the next ones."""
    x = values.shape[-1]
    first = values
    if matrices[1].shape != (1, 1):
        values = values.reshape(-1, matrices[1].shape[1], x)
        first = scratch("between", (len(values), len(matrices[1]), x), values.dtype)
        np.matmul(matrices[1], values, out=first)
    first = first.reshape(matrices[0].shape[1], -1)
    result = scratch("interpolated", (len(matrices[0]), first.shape[1]), values.dtype)
    return np.matmul(matrices[0], first, out=result).reshape(len(result), -1, x)


@lru_cache(maxsize=64)
def winograd(kernel: Pair, dtype: str) -> Transform:
    """Make Winograd's transform for kernels of up to five taps on an axis: tiles of six, or one for one tap."""
    outputs = tuple(len(POINTS) + 2 - k if k > 1 else 1 for k in kernel)
    return _winograd((outputs[0], outputs[1]), kernel, dtype)


@lru_cache(maxsize=64)
def _winograd(outputs: Pair, kernel: Pair, dtype: str) -> Transform:
    axes = [_cook_toom(m, k) for m, k in zip(outputs, kernel)]
    (rows, columns) = ([matrix.astype(dtype) for matrix in axis] for axis in axes)
    data, taps, output = ((c, r) for c, r in zip(columns, rows))
    size = outputs[0] + kernel[0] - 1, outputs[1] + kernel[1] - 1
    ones = [int(np.flatnonzero((matrix == 1).all(axis=0))[0]) for matrix in output]  # every power of 1 is 1
    return Transform(size, outputs, 1, data, taps, output, ones[0] * size[0] + ones[1])


def _cook_toom(outputs: int, taps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the three matrices of one axis, for m outputs and r taps at n = m + r - 1 points.

    A kernel is evaluated as a polynomial; the last point is infinity, where only the highest power counts.
    The data's matrix is the transpose of an interpolation: row i holds the coefficients of the polynomial
    that vanishes at all points but the i-th.
    """
    n = outputs + taps - 1
    points = np.array(POINTS[: n - 1])
    data, kernel, output = np.zeros((n, n)), np.zeros((n, taps)), np.zeros((n, outputs))
    for i, point in enumerate(points):
        others = np.delete(points, i)
        data[i, : n - 1] = np.atleast_1d(np.poly(others))[::-1]
        kernel[i] = point ** np.arange(taps) / np.prod(point - others)
        output[i] = point ** np.arange(outputs)
    data[-1] = np.atleast_1d(np.poly(points))[::-1]
    kernel[-1, -1] = output[-1, -1] = 1
    return data, kernel, output.T


@lru_cache(maxsize=64)
def fourier(kernel: Pair, size: Pair, dtype: str) -> Transform:
    """Make Fourier's transform on tiles of a given size; what wraps round their ends is no output."""
    outputs = size[0] - kernel[0] + 1, size[1] - kernel[1] + 1
    (n_h, n_w), (k_h, k_w), (m_h, m_w) = size, kernel, outputs
    # Columns first. Tiles are real, so one half of the frequencies tells the other.
    half = n_w // 2 + 1
    turns = np.exp(-2j * np.pi / n_w * np.outer(range(half), range(n_w)))
    twice = np.where((np.arange(half) == 0) | (2 * np.arange(half) == n_w), 1, 2)
    columns = (
        _interleave(turns),
        _interleave(turns.conj()[:, :k_w] / n_w),  # the conjugate makes it a correlation
        _interleave(twice[:, None] * turns[:, :m_w]).T,
    )
    turns = np.exp(-2j * np.pi / n_h * np.outer(range(n_h), range(n_h)))
    rows = (
        _complex_product(turns),
        _complex_product(turns.conj()[:, :k_h] / n_h),
        _complex_product(turns.conj()[:, :m_h].T, swap=True),
    )
    data, taps, output = ((c.astype(dtype), r.astype(dtype)) for c, r in zip(columns, rows))
    return Transform(size, outputs, 2, data, taps, output, 0)  # no turns at all


def _interleave(matrix: np.ndarray) -> np.ndarray:
    """Make a complex matrix (f, n) real: (f · 2, n), the real part of each row before its imaginary part."""
    return np.stack([matrix.real, matrix.imag], axis=1).reshape(-1, matrix.shape[1])


def _complex_product(matrix: np.ndarray, swap: bool = False) -> np.ndarray:
    """Write a complex matrix as the real one that multiplies parts.

    It takes vectors as (part, n) and gives (n, part), which is what `evaluate` has; with swap the reverse.
    """
    blocks = np.array([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])  # part out, part in, out, in
    order = (0, 2, 3, 1) if swap else (2, 0, 1, 3)
    out, taken = matrix.shape
    return np.ascontiguousarray(blocks.transpose(order)).reshape(2 * out, 2 * taken)


def exchanged(transform: Transform) -> Transform:
    """Give the transform on the same tiles whose kernels are as large as this one's outputs.

    The weight's gradient correlates the tile with grad_output instead of the kernel.
    """
    kernel = tuple(n - m + 1 for n, m in zip(transform.size, transform.outputs))
    dtype = transform.data[0].dtype.str
    if transform.parts == 2:
        return fourier(transform.outputs, transform.size, dtype)
    return _winograd((kernel[0], kernel[1]), transform.outputs, dtype)
