"""Chapter 8: speed and data movement."""

import numpy as np


def conv1d_input_stationary(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Correlate a batch of signals with a bank of filters, and read every sample once.

    The loops over the samples are the outer ones. A sample is used for all of its products before the next
    one is read.

    Parameters
    ----------
    input : ndarray, shape (N, C_in, L)
    weight : ndarray, shape (C_out, C_in, K), where 1 <= K <= L

    Returns
    -------
    ndarray, shape (N, C_out, L - K + 1)
    """
    (N, C_in, L), (C_out, _, K) = input.shape, weight.shape
    L_out = L - K + 1
    output = np.zeros((N, C_out, L_out))
    for n in range(N):
        for c in range(C_in):
            for t in range(L):
                sample = input[n, c, t]
                for o in range(C_out):
                    for k in range(K):
                        if 0 <= t - k < L_out:
                            output[n, o, t - k] += sample * weight[o, c, k]
    return output


def conv2d_gemm(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] | str = 0,
    dilation: int | tuple[int, int] = 1,
) -> np.ndarray:
    """Correlate a batch of images with a bank of filters, by one matrix product for each image.

    Parameters
    ----------
    input : ndarray, shape (N, C_in, H, W)
    weight : ndarray, shape (C_out, C_in, kh, kw)
    bias : ndarray, shape (C_out,), or None: nothing is added
    stride : int or (s_h, s_w)
    padding : int or (p_h, p_w), or "valid", "same" (only at stride 1) or "full"
    dilation : int or (d_h, d_w)

    Returns
    -------
    ndarray, shape (N, C_out, H_out, W_out), as `conv2d` gives it
    """
    (N, C_in, _, _), (C_out, _, kh, kw) = input.shape, weight.shape
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    h, w = d_h * (kh - 1), d_w * (kw - 1)  # from the first tap to the last
    words = {"valid": (0, 0, 0, 0), "same": (h // 2, h - h // 2, w // 2, w - w // 2), "full": (h, h, w, w)}
    if isinstance(padding, str):
        top, bottom, left, right = words[padding]
    else:
        top, left = bottom, right = padding if isinstance(padding, tuple) else (padding, padding)
    padded = np.pad(input, ((0, 0), (0, 0), (top, bottom), (left, right)))
    spans = np.lib.stride_tricks.sliding_window_view(padded, (h + 1, w + 1), (2, 3))
    windows = spans[:, :, ::s_h, ::s_w, ::d_h, ::d_w]
    H_out, W_out = windows.shape[2:4]
    columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(N, C_in * kh * kw, H_out * W_out)
    product: np.ndarray = weight.reshape(C_out, -1) @ columns  # (N, C_out, H_out * W_out)
    output = product.reshape(N, C_out, H_out, W_out)
    return output if bias is None else output + bias[:, None, None]


def conv2d_fft(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] | str = 0,
    dilation: int | tuple[int, int] = 1,
) -> np.ndarray:
    """Correlate a batch of images with a bank of filters, by products of their Fourier transforms.

    Parameters
    ----------
    input : ndarray, shape (N, C_in, H, W)
    weight : ndarray, shape (C_out, C_in, kh, kw)
    bias : ndarray, shape (C_out,), or None: nothing is added
    stride : int or (s_h, s_w); every call of this exercise has stride 1
    padding : int or (p_h, p_w), or "valid", "same" or "full"
    dilation : int or (d_h, d_w)

    Returns
    -------
    ndarray of real numbers, shape (N, C_out, H_out, W_out), as `conv2d` gives it
    """
    C_out, C_in, kh, kw = weight.shape
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    h, w = d_h * (kh - 1), d_w * (kw - 1)  # from the first tap to the last
    words = {"valid": (0, 0, 0, 0), "same": (h // 2, h - h // 2, w // 2, w - w // 2), "full": (h, h, w, w)}
    if isinstance(padding, str):
        top, bottom, left, right = words[padding]
    else:
        top, left = bottom, right = padding if isinstance(padding, tuple) else (padding, padding)
    padded = np.pad(input, ((0, 0), (0, 0), (top, bottom), (left, right)))
    flipped = np.zeros((C_out, C_in, h + 1, w + 1))
    flipped[:, :, ::d_h, ::d_w] = weight[:, :, ::-1, ::-1]
    H, W = padded.shape[2:]
    size = (H + h, W + w)  # of the full convolution: with fewer points its ends would meet
    spectrum = np.einsum("nchw,ochw->nohw", np.fft.rfft2(padded, size), np.fft.rfft2(flipped, size))
    output = np.fft.irfft2(spectrum, size)[:, :, h:H:s_h, w:W:s_w]  # of windows that lie inside
    return output if bias is None else output + bias[:, None, None]
