"""Chapter 9: groups, and transposed convolution."""

import numpy as np


def conv2d_grouped(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> np.ndarray:
    """Correlate a batch of images with a bank of filters that read only the channels of their own group.

    A group has C = C_in // groups input channels, and filter o belongs to group g = o // (C_out // groups):
    output[n, o, y, x] = bias[o] + sum over c < C, i and j of
        padded[n, g * C + c, y * s_h + i * d_h, x * s_w + j * d_w] * weight[o, c, i, j]

    Parameters
    ----------
    input : ndarray, shape (N, C_in, H, W)
    weight : ndarray, shape (C_out, C_in // groups, kh, kw)
    bias : ndarray, shape (C_out,), or None: nothing is added
    stride, dilation : int, or (s_h, s_w), (d_h, d_w)
    padding : int or (p_h, p_w): p_h rows of zeros at either end, and p_w columns at either end
    groups : int, divides C_in and C_out

    Returns
    -------
    ndarray, shape (N, C_out, H_out, W_out), where H_out = (H + 2 * p_h - d_h * (kh - 1) - 1) // s_h + 1
        and W_out likewise
    """
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    p_h, p_w = padding if isinstance(padding, tuple) else (padding, padding)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    (N, _, H, W), (C_out, C, kh, kw) = input.shape, weight.shape
    h, w = d_h * (kh - 1), d_w * (kw - 1)  # from the first tap to the last
    H_out, W_out = (H + 2 * p_h - h - 1) // s_h + 1, (W + 2 * p_w - w - 1) // s_w + 1
    padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    images = padded.reshape(N, groups, C, H + 2 * p_h, W + 2 * p_w)
    filters = weight.reshape(groups, C_out // groups, C, kh, kw)
    output = np.zeros((N, groups, C_out // groups, H_out, W_out))
    for y, x in np.ndindex(H_out, W_out):
        top, left = y * s_h, x * s_w
        window = images[..., top : top + h + 1 : d_h, left : left + w + 1 : d_w]
        output[..., y, x] = np.einsum("ngcij,gocij->ngo", window, filters)
    output = output.reshape(N, C_out, H_out, W_out)
    return output if bias is None else output + bias[:, None, None]


def conv_transpose2d(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    output_padding: int | tuple[int, int] = 0,
    groups: int = 1,
    dilation: int | tuple[int, int] = 1,
) -> np.ndarray:
    """Let every entry of a batch of images add its multiple of a kernel to the output: the adjoint of conv2d.

    The product input[n, c, y, x] * weight[c, o, i, j] is added to
        stamped[n, o, y * s_h + i * d_h, x * s_w + j * d_w].
    With groups, o counts the output channels of the group that channel c belongs to. The output is `stamped`,
    without its first p_h and its last p_h - e_h rows, columns likewise, and with the bias.

    Parameters
    ----------
    input : ndarray, shape (N, C_in, H, W)
    weight : ndarray, shape (C_in, C_out // groups, kh, kw)
    bias : ndarray, shape (C_out,), or None: nothing is added
    stride, dilation : int, or (s_h, s_w), (d_h, d_w)
    padding : int or (p_h, p_w), as of the conv2d whose adjoint this is: so much is cut off at either end
    output_padding : int or (e_h, e_w): so many rows and columns more at the bottom and at the right
    groups : int, divides C_in and C_out

    Returns
    -------
    ndarray, shape (N, C_out, H_out, W_out), where H_out = (H - 1) * s_h + d_h * (kh - 1) + 1 - 2 * p_h + e_h
        and W_out likewise
    """
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    p_h, p_w = padding if isinstance(padding, tuple) else (padding, padding)
    e_h, e_w = output_padding if isinstance(output_padding, tuple) else (output_padding, output_padding)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    (N, C_in, H, W), (_, C, kh, kw) = input.shape, weight.shape
    images = input.reshape(N, groups, C_in // groups, H, W)
    kernels = weight.reshape(groups, C_in // groups, C, kh, kw)
    rows = (H - 1) * s_h + d_h * (kh - 1) + 1 + e_h
    columns = (W - 1) * s_w + d_w * (kw - 1) + 1 + e_w
    stamped = np.zeros((N, groups, C, rows, columns))
    for i, j in np.ndindex(kh, kw):  # what one tap adds lands a stride apart: all entries at once
        product = np.einsum("ngcyx,gco->ngoyx", images, kernels[..., i, j])
        stamped[..., i * d_h : i * d_h + s_h * H : s_h, j * d_w : j * d_w + s_w * W : s_w] += product
    output = stamped.reshape(N, groups * C, rows, columns)[:, :, p_h : rows - p_h, p_w : columns - p_w]
    return output if bias is None else output + bias[:, None, None]
