"""Chapter 1: one dimension."""

import numpy as np


def correlate1d(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Slide a kernel along a signal: output[x] = sum over k of input[x + k] * weight[k].

    Parameters
    ----------
    input : ndarray, shape (L,)
    weight : ndarray, shape (K,), where 1 <= K <= L

    Returns
    -------
    ndarray, shape (L - K + 1,)
    """
    L, K = len(input), len(weight)
    output = np.zeros(L - K + 1)
    for x in range(L - K + 1):
        for k in range(K):
            output[x] += input[x + k] * weight[k]
    return output


def convolve1d(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Convolve as a textbook does: output[n] = sum over k of input[n - k] * weight[k].

    Every n at which the kernel meets the signal counts; outside its ends the signal is zero.

    Parameters
    ----------
    input : ndarray, shape (L,), where L >= 1
    weight : ndarray, shape (K,), where K >= 1; K may be larger than L

    Returns
    -------
    ndarray, shape (L + K - 1,)
    """
    L, K = len(input), len(weight)
    output = np.zeros(L + K - 1)
    for n in range(L + K - 1):
        for k in range(K):
            if 0 <= n - k < L:
                output[n] += input[n - k] * weight[k]
    return output


def output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Count the places at which a kernel fits on a signal: the length of the output.

    Parameters
    ----------
    size : int, the length of the signal
    kernel_size : int, the number of the kernel's taps
    stride : int, how far the window moves from one place to the next
    padding : int, how many zeros are put at each of the two ends
    dilation : int, the distance from one tap to the next

    Returns
    -------
    int, at least 1: the window fits on the padded signal
    """
    span = dilation * (kernel_size - 1) + 1
    last_start = size + 2 * padding - span
    return last_start // stride + 1
