"""Chapter 5: dilation, and the complete forward operator."""

import numpy as np


def dilate(weight: np.ndarray, dilation: int | tuple[int, int]) -> np.ndarray:
    """Spread the taps of every kernel: put zeros between them, so that they stand `dilation` apart.

    Parameters
    ----------
    weight : ndarray, shape (C_out, C_in, kh, kw)
    dilation : int or (d_h, d_w), the distance from one tap to the next, down and to the right

    Returns
    -------
    ndarray, shape (C_out, C_in, d_h * (kh - 1) + 1, d_w * (kw - 1) + 1)
    """
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    C_out, C_in, kh, kw = weight.shape
    spread = np.zeros((C_out, C_in, d_h * (kh - 1) + 1, d_w * (kw - 1) + 1))
    for i in range(kh):
        for j in range(kw):
            spread[:, :, i * d_h, j * d_w] = weight[:, :, i, j]
    return spread


def receptive_field(layers: list[tuple[int, int, int]]) -> int:
    """Count the samples from the first to the last that can change one entry of a stack's output.

    Parameters
    ----------
    layers : list of (kernel_size, stride, dilation), the layer that reads the signal first

    Returns
    -------
    int, at least 1
    """
    size, jump = 1, 1  # jump: how many samples of the signal lie between neighbours in a layer's input
    for kernel_size, stride, dilation in layers:
        size += (kernel_size - 1) * dilation * jump
        jump *= stride
    return size


def conv2d(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] | str = 0,
    dilation: int | tuple[int, int] = 1,
) -> np.ndarray:
    """Correlate a batch of images with a bank of filters: everything together.

    output[n, o, y, x] = bias[o]
        + sum over c, i and j of padded[n, c, y * s_h + i * d_h, x * s_w + j * d_w] * weight[o, c, i, j]

    Parameters
    ----------
    input : ndarray, shape (N, C_in, H, W)
    weight : ndarray, shape (C_out, C_in, kh, kw)
    bias : ndarray, shape (C_out,), or None: nothing is added
    stride : int or (s_h, s_w), how far the window moves down and to the right
    padding : int or (p_h, p_w), rows at either end and columns at either end, all zeros; or a word, as in
        `resolve_padding`: "valid", "same" (only at stride 1; an odd row or column goes to the bottom or
        right) or "full"
    dilation : int or (d_h, d_w), the distance from one tap to the next, down and to the right

    Returns
    -------
    ndarray, shape (N, C_out, H_out, W_out), where H_out = (H + top + bottom - d_h * (kh - 1) - 1) // s_h + 1
        and W_out likewise
    """
    (N, _, H, W), (C_out, _, kh, kw) = input.shape, weight.shape
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    h, w = d_h * (kh - 1), d_w * (kw - 1)  # from the first tap to the last
    words = {"valid": (0, 0, 0, 0), "same": (h // 2, h - h // 2, w // 2, w - w // 2), "full": (h, h, w, w)}
    if isinstance(padding, str):
        top, bottom, left, right = words[padding]
    else:
        top, left = bottom, right = padding if isinstance(padding, tuple) else (padding, padding)
    padded = np.pad(input, ((0, 0), (0, 0), (top, bottom), (left, right)))
    H_out = (H + top + bottom - h - 1) // s_h + 1
    W_out = (W + left + right - w - 1) // s_w + 1
    output = np.zeros((N, C_out, H_out, W_out))
    for y, x in np.ndindex(H_out, W_out):
        window = padded[:, :, y * s_h : y * s_h + h + 1 : d_h, x * s_w : x * s_w + w + 1 : d_w]
        output[:, :, y, x] = np.einsum("ncij,ocij->no", window, weight)
    return output if bias is None else output + bias[:, None, None]
