"""The complete backward convolution, written to be read.

Both gradients of a convolution are convolutions, and stand here as such: PyTorch's names and arguments,
in NumPy. An output entry gives its gradient back to every tap it was summed from, so

- the *input's* gradient is the full convolution of grad_output with the flipped kernels, grad_output
  spread as far apart as the stride set the windows;
- the *weight's* gradient is the correlation of the input with grad_output, taken as a kernel whose
  dilation is the stride, at a stride that is the dilation.

Of convlab this knows `functional` alone, and `arguments`.

Letters: those of `functional`; (y, x) is an entry of the input, (v, u) one of the output.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from convlab.arguments import (
    REAL,
    Padding,
    Pads,
    Size,
    check_array,
    check_arrays,
    check_channels,
    count_windows,
    is_integer,
    native,
    read_integer,
    read_integers,
)
from convlab.functional import _spread, _swap_channels, conv2d, flip, pad, resolve_padding

__all__ = [
    "conv1d_input",
    "conv1d_weight",
    "conv2d_backward",
    "conv2d_bias",
    "conv2d_input",
    "conv2d_weight",
    "numerical_gradient",
]


def conv2d_input(
    input_size: Sequence[int],
    weight: np.ndarray,
    grad_output: np.ndarray,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> np.ndarray:
    """Give the gradient of `conv2d` with respect to its input.

    Parameters
    ----------
    input_size : (N, C_in, H, W) or (C_in, H, W)
        Strides drop a tail of rows and columns, so the shape does not follow from grad_output's.
    weight : ndarray, shape (C_out, C_in / groups, kh, kw)
        Must be finite: it also meets the zeros put between and around the entries of grad_output, and
        0 · inf is nan. (torch adds only what the entries themselves give.)
    grad_output : ndarray, shape of conv2d's output, with weight's dtype
        The gradient of the loss with respect to that output.
    stride, padding, dilation, groups
        As `conv2d` took them.

    Returns
    -------
    ndarray, shape input_size; zero where no window reached

    Raises
    ------
    TypeError
        If an array is not an ndarray of real numbers, dtypes differ, or a size is not an integer.
    ValueError
        If grad_output has not the shape that `conv2d` gives, or for what `conv2d` itself refuses.

    References
    ----------
    torch.nn.grad.conv2d_input, whose argument names and order this follows.
    """
    check_arrays(REAL, weight=weight, grad_output=grad_output)
    forward = _forward(input_size, weight.shape, grad_output, stride, padding, dilation, groups, axes=2)

    if 0 in input_size:
        return np.zeros(input_size, native(weight.dtype))

    # grad_input[n,c,y,x] = Σ_o Σ_i Σ_j grad_output[n,o,v,u] · weight[o,c,i,j],
    # over all that read it: s_h·v + d_h·i = y + top and s_w·u + d_w·j = x + left.
    spread = pad(_spread(grad_output, forward.strides), [(0, tail) for tail in forward.tails])
    kernels = flip(_swap_channels(weight, groups))
    grad_padded = conv2d(spread, kernels, padding="full", dilation=dilation, groups=groups)

    # What flowed into the padding is dropped. (Both steps in one would pad by span - 1 - top and so on,
    # cropping where that is negative.)
    (top, _), (left, _) = forward.pads
    height, width = input_size[-2:]
    return np.ascontiguousarray(grad_padded[..., top : top + height, left : left + width])


def conv2d_weight(
    input: np.ndarray,
    weight_size: Sequence[int],
    grad_output: np.ndarray,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> np.ndarray:
    """Give the gradient of `conv2d` with respect to its weight.

    Parameters
    ----------
    input : ndarray, shape (N, C_in, H, W) or (C_in, H, W)
    weight_size : (C_out, C_in / groups, kh, kw)
    grad_output : ndarray, shape of conv2d's output, with input's dtype
        The gradient of the loss with respect to that output.
    stride, padding, dilation, groups
        As `conv2d` took them.

    Returns
    -------
    ndarray, shape weight_size, summed over the batch

    Raises
    ------
    TypeError, ValueError
        As `conv2d_input`.

    References
    ----------
    torch.nn.grad.conv2d_weight, whose argument names and order this follows.
    """
    check_arrays(REAL, input=input, grad_output=grad_output)
    forward = _forward(input.shape, weight_size, grad_output, stride, padding, dilation, groups, axes=2)
    _, c_group, kh, kw = weight_size
    if input.ndim == 3:
        input, grad_output = input[None], grad_output[None]

    # grad_weight[o,c,i,j] = Σ_n Σ_v Σ_u padded[n, c, s_h·v + d_h·i, s_w·u + d_w·j] · grad_output[n,o,v,u]:
    # a conv2d that sums over n as the forward one sums over c, so n and c change places.
    padded = pad(input, forward.pads)
    n, _, height, width = padded.shape
    grouped = padded.reshape(n, groups, c_group, height, width).transpose(2, 1, 0, 3, 4)
    images = grouped.reshape(c_group, groups * n, height, width)
    kernels = grad_output.swapaxes(0, 1)
    grad = conv2d(images, kernels, stride=forward.dilations, dilation=forward.strides, groups=groups)

    # The tail that the stride dropped can leave room for more positions than there are taps.
    return np.ascontiguousarray(grad.swapaxes(0, 1)[:, :, :kh, :kw])


def conv2d_bias(grad_output: np.ndarray) -> np.ndarray:
    """Give the gradient of `conv2d` with respect to its bias, which is added to every position.

    Parameters
    ----------
    grad_output : ndarray, shape (N, C_out, H_out, W_out) or (C_out, H_out, W_out)

    Returns
    -------
    ndarray, shape (C_out,)

    Raises
    ------
    TypeError
        If grad_output is not an ndarray of real numbers.
    ValueError
        If it has another rank.
    """
    check_arrays(REAL, grad_output=grad_output)
    if grad_output.ndim not in (3, 4):
        raise ValueError(
            "grad_output must have shape (C_out, H_out, W_out) or (N, C_out, H_out, W_out), got "
            f"{grad_output.shape}"
        )
    all_but_channels = (-2, -1) if grad_output.ndim == 3 else (0, -2, -1)
    return np.asarray(grad_output.sum(axis=all_but_channels, dtype=native(grad_output.dtype)))


def conv2d_backward(
    grad_output: np.ndarray,
    input: np.ndarray,
    weight: np.ndarray,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give all three gradients of `conv2d`.

    Parameters
    ----------
    grad_output : ndarray, shape of conv2d's output
        The gradient of the loss with respect to that output.
    input, weight, stride, padding, dilation, groups
        As `conv2d` took them; the three arrays have one dtype.

    Returns
    -------
    grad_input, grad_weight, grad_bias : ndarrays, shapes of input, weight and (C_out,)

    Raises
    ------
    TypeError, ValueError
        As `conv2d_input`.

    References
    ----------
    The derivation is chapter 7's; torch.autograd gives the same three numbers.
    """
    check_arrays(REAL, input=input, weight=weight, grad_output=grad_output)
    return (
        conv2d_input(input.shape, weight, grad_output, stride, padding, dilation, groups),
        conv2d_weight(input, weight.shape, grad_output, stride, padding, dilation, groups),
        conv2d_bias(grad_output),
    )


def conv1d_input(
    input_size: Sequence[int],
    weight: np.ndarray,
    grad_output: np.ndarray,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> np.ndarray:
    """Give the gradient of `conv1d` with respect to its input.

    Parameters
    ----------
    input_size : (N, C_in, L) or (C_in, L)
    weight : ndarray, shape (C_out, C_in / groups, K)
        Finite, as in `conv2d_input`.
    grad_output : ndarray, shape of conv1d's output, with weight's dtype
    stride, padding, dilation, groups
        As `conv1d` took them.

    Returns
    -------
    ndarray, shape input_size

    Raises
    ------
    TypeError, ValueError
        As `conv2d_input`.

    References
    ----------
    torch.nn.grad.conv1d_input, whose argument names and order this follows.
    """
    check_arrays(REAL, weight=weight, grad_output=grad_output)
    (s,), (d,), (pair,), _ = _forward(
        input_size, weight.shape, grad_output, stride, padding, dilation, groups, axes=1
    )
    # A signal is an image one pixel high.
    *batch, length = input_size
    size, kernels, grad_rows = (*batch, 1, length), weight[..., None, :], grad_output[..., None, :]
    return conv2d_input(size, kernels, grad_rows, (1, s), ((0, 0), pair), (1, d), groups)[..., 0, :]


def conv1d_weight(
    input: np.ndarray,
    weight_size: Sequence[int],
    grad_output: np.ndarray,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> np.ndarray:
    """Give the gradient of `conv1d` with respect to its weight.

    Parameters
    ----------
    input : ndarray, shape (N, C_in, L) or (C_in, L)
    weight_size : (C_out, C_in / groups, K)
    grad_output : ndarray, shape of conv1d's output, with input's dtype
    stride, padding, dilation, groups
        As `conv1d` took them.

    Returns
    -------
    ndarray, shape weight_size, summed over the batch

    Raises
    ------
    TypeError, ValueError
        As `conv2d_input`.

    References
    ----------
    torch.nn.grad.conv1d_weight, whose argument names and order this follows.
    """
    check_arrays(REAL, input=input, grad_output=grad_output)
    (s,), (d,), (pair,), _ = _forward(
        input.shape, weight_size, grad_output, stride, padding, dilation, groups, axes=1
    )
    # A signal is an image one pixel high.
    *channels, taps = weight_size
    images, size, grad_rows = input[..., None, :], (*channels, 1, taps), grad_output[..., None, :]
    return conv2d_weight(images, size, grad_rows, (1, s), ((0, 0), pair), (1, d), groups)[..., 0, :]


def numerical_gradient(
    function: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    grad_output: np.ndarray,
    eps: float = 1e-6,
) -> np.ndarray:
    """Measure the gradient of sum(function(x) * grad_output) with respect to x by central differences.

    It calls the function twice for each entry of x: to check a gradient, not to train with.

    Parameters
    ----------
    function : callable
        Takes x, gives an array (or a number) of grad_output's shape.
    x : ndarray of float64, any shape
        Changed and restored while the function runs, entry by entry (a read-only x is copied instead).
    grad_output : ndarray, shape of function(x)
        Draw it at random: all ones hide errors that cancel in a sum.
    eps : float
        Half the distance between the two points.

    Returns
    -------
    ndarray of float64, shape of x, with
        grad[i] = Σ grad_output · (function(x + eps·e_i) - function(x - eps·e_i)) / (2·eps)

    Raises
    ------
    TypeError
        If x is not an ndarray of float64.
    ValueError
        If eps is not positive, or function(x) has not the shape of grad_output.

    References
    ----------
    eval_numerical_gradient_array of CS231n's assignments.
    """
    check_array("x", x)
    if native(x.dtype) != np.float64:
        raise TypeError(
            f"x must have dtype float64, got {x.dtype}: a step of {eps} drowns in the rounding of shorter "
            "floats, and integers cannot take it; .astype(np.float64) converts"
        )
    if not eps > 0:
        raise ValueError(f"eps must be positive, got {eps}")
    grad_output = np.asarray(grad_output)
    probe = x if x.flags.writeable else x.copy()

    grad = np.empty(x.shape)
    for entry in np.ndindex(x.shape):
        original, outputs = probe[entry], []
        try:
            for shifted in (original + eps, original - eps):
                probe[entry] = shifted
                outputs.append(np.array(function(probe)))  # a copy, for the result may be a view of probe
        finally:
            probe[entry] = original
        above, below = outputs
        if above.shape != grad_output.shape:
            raise ValueError(
                f"grad_output must have the shape of function(x), {above.shape}, got {grad_output.shape}"
            )
        grad[entry] = np.sum((above - below) * grad_output) / (2 * eps)
    return grad


class _Forward(NamedTuple):
    """How the forward call laid its windows, axis by axis."""

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: Pads
    tails: tuple[int, ...]  # padded entries after the last window, which no output read


def _forward(
    input_size: Sequence[int],
    weight_size: Sequence[int],
    grad_output: np.ndarray,
    stride: Size,
    padding: Padding,
    dilation: Size,
    groups: int,
    axes: int,
) -> _Forward:
    """Work out the windows of the forward call; grad_output must have the shape of its output."""
    input_size = _shape("input_size", input_size)
    weight_size = _shape("weight_size", weight_size)
    check_channels(input_size, weight_size, groups, axes)
    strides, dilations = read_integers("stride", stride, axes), read_integers("dilation", dilation, axes)
    sizes, kernel = input_size[-axes:], weight_size[2:]
    pads = resolve_padding(padding, kernel, dilation, stride, sizes)
    counts = count_windows(sizes, kernel, strides, pads, dilations)

    expected = (*input_size[: -axes - 1], weight_size[0], *counts)
    if grad_output.shape != expected:
        raise ValueError(
            f"grad_output must have the shape of the forward output, {expected}, got {grad_output.shape}"
        )
    reached = [
        s * (count - 1) + d * (k - 1) + 1 for s, count, d, k in zip(strides, counts, dilations, kernel)
    ]
    tails = tuple(size + sum(pair) - last for size, pair, last in zip(sizes, pads, reached))
    return _Forward(strides, dilations, pads, tails)


def _shape(name: str, value: Sequence[int]) -> tuple[int, ...]:
    if not isinstance(value, tuple | list) or not all(map(is_integer, value)):
        raise TypeError(f"{name} must be a tuple of integers, the shape of an array, got {value!r}")
    return tuple(read_integer(name, entry, least=0) for entry in value)
