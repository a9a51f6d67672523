"""Chapter 7: backprop by flipped kernels."""

from collections.abc import Callable

import numpy as np


def numerical_gradient(
    function: "Callable[[np.ndarray], np.ndarray]",
    x: np.ndarray,
    grad_output: np.ndarray,
    eps: float = 1e-6,
) -> np.ndarray:
    """Measure the gradient of the loss sum(function(x) * grad_output), entry by entry, by central differences.

    One entry of x is moved by eps to either side, all others stay, and the loss is compared.

    Parameters
    ----------
    function : callable
        Takes an array of x's shape, returns an array of grad_output's shape.
    x : ndarray of float64, any shape; when you return, it holds what it held before
    grad_output : ndarray
        What the loss changes by, for each entry of function(x).
    eps : float, half the distance between the two points

    Returns
    -------
    ndarray, shape of x
    """
    grad = np.zeros(x.shape)
    for entry in np.ndindex(*x.shape):
        step = np.zeros(x.shape)
        step[entry] = eps
        change = function(x + step) - function(x - step)
        grad[entry] = np.sum(change * grad_output) / (2 * eps)
    return grad


def conv2d_weight(
    input: np.ndarray,
    weight_size: tuple[int, int, int, int],
    grad_output: np.ndarray,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> np.ndarray:
    """Give the gradient of conv2d with respect to its weight: how the loss changes with each tap.

    In the forward pass conv2d computed output[n, o, y, x] as the sum over c, i and j of
    padded[n, c, y * s_h + i * d_h, x * s_w + j * d_w] * weight[o, c, i, j].

    Parameters
    ----------
    input : ndarray, shape (N, C_in, H, W), what conv2d read
    weight_size : (C_out, C_in, kh, kw)
    grad_output : ndarray, shape (N, C_out, H_out, W_out), how the loss changes with each entry of the output
    stride, padding, dilation : int, or (s_h, s_w), (p_h, p_w), (d_h, d_w), as conv2d took them

    Returns
    -------
    ndarray, shape weight_size, summed over the batch
    """
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    p_h, p_w = padding if isinstance(padding, tuple) else (padding, padding)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    C_out, C_in, kh, kw = weight_size
    H_out, W_out = grad_output.shape[2:]
    padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    grad_weight = np.zeros((C_out, C_in, kh, kw))
    # grad_output is the kernel now. Its entries lie a stride apart, and it moves on by the dilation.
    for i in range(kh):
        for j in range(kw):
            top, left = i * d_h, j * d_w
            read = padded[:, :, top : top + s_h * H_out : s_h, left : left + s_w * W_out : s_w]
            grad_weight[:, :, i, j] = np.einsum("noyx,ncyx->oc", grad_output, read)
    return grad_weight


def conv2d_input(
    input_size: tuple[int, int, int, int],
    weight: np.ndarray,
    grad_output: np.ndarray,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> np.ndarray:
    """Give the gradient of conv2d with respect to its input: how the loss changes with each pixel.

    In the forward pass conv2d computed output[n, o, y, x] as the sum over c, i and j of
    padded[n, c, y * s_h + i * d_h, x * s_w + j * d_w] * weight[o, c, i, j].

    Parameters
    ----------
    input_size : (N, C_in, H, W)
        It does not follow from grad_output: a stride may have dropped a tail of rows and columns.
    weight : ndarray, shape (C_out, C_in, kh, kw)
    grad_output : ndarray, shape (N, C_out, H_out, W_out), how the loss changes with each entry of the output
    stride, padding, dilation : int, or (s_h, s_w), (p_h, p_w), (d_h, d_w), as conv2d took them

    Returns
    -------
    ndarray, shape input_size; pixels that no window covered are 0
    """
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    p_h, p_w = padding if isinstance(padding, tuple) else (padding, padding)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    (N, C_in, H, W), (C_out, _, kh, kw), (H_out, W_out) = input_size, weight.shape, grad_output.shape[2:]
    H_pad, W_pad = H + 2 * p_h, W + 2 * p_w
    h, w = d_h * (kh - 1), d_w * (kw - 1)  # from the first tap to the last
    # grad_output, spread as the stride spread the windows; zeros around it, and after it for the tail.
    spread = np.zeros((N, C_out, h + H_pad, w + W_pad))
    spread[:, :, h : h + s_h * H_out : s_h, w : w + s_w * W_out : s_w] = grad_output
    flipped = weight[:, :, ::-1, ::-1]
    grad_padded = np.zeros((N, C_in, H_pad, W_pad))
    for i in range(kh):
        for j in range(kw):
            top, left = i * d_h, j * d_w
            read = spread[:, :, top : top + H_pad, left : left + W_pad]
            grad_padded += np.einsum("noyx,oc->ncyx", read, flipped[:, :, i, j])
    return grad_padded[:, :, p_h : p_h + H, p_w : p_w + W]


def conv2d_bias(grad_output: np.ndarray) -> np.ndarray:
    """Give the gradient of conv2d with respect to its bias: how the loss changes with the bias of each channel.

    conv2d adds bias[o] to output[n, o, y, x], for every n, y and x.

    Parameters
    ----------
    grad_output : ndarray, shape (N, C_out, H_out, W_out), how the loss changes with each entry of the output

    Returns
    -------
    ndarray, shape (C_out,)
    """
    C_out = grad_output.shape[1]
    return np.array([np.sum(grad_output[:, o]) for o in range(C_out)])
