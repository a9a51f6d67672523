"""Chapter 3: channels and batches."""

import numpy as np


def conv1d_multichannel(input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """Correlate every signal of a batch with every filter of a bank, and add up the channels.

    output[n, o, x] = bias[o] + sum over c and k of input[n, c, x + k] * weight[o, c, k]

    Parameters
    ----------
    input : ndarray, shape (N, C_in, L)
    weight : ndarray, shape (C_out, C_in, K), where 1 <= K <= L
    bias : ndarray, shape (C_out,), or None: nothing is added

    Returns
    -------
    ndarray, shape (N, C_out, L - K + 1)
    """
    N, C_in, L = input.shape
    C_out, _, K = weight.shape
    output = np.zeros((N, C_out, L - K + 1))
    for n in range(N):
        for o in range(C_out):
            for x in range(L - K + 1):
                if bias is not None:
                    output[n, o, x] = bias[o]
                for c in range(C_in):
                    for k in range(K):
                        output[n, o, x] += input[n, c, x + k] * weight[o, c, k]
    return output


def conv2d_multichannel(input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """Correlate every image of a batch with every filter of a bank, and add up the channels.

    output[n, o, y, x] = bias[o] + sum over c, i and j of input[n, c, y + i, x + j] * weight[o, c, i, j]

    Parameters
    ----------
    input : ndarray, shape (N, C_in, H, W)
    weight : ndarray, shape (C_out, C_in, kh, kw), where 1 <= kh <= H and 1 <= kw <= W
    bias : ndarray, shape (C_out,), or None: nothing is added

    Returns
    -------
    ndarray, shape (N, C_out, H - kh + 1, W - kw + 1)
    """
    N, _, H, W = input.shape
    C_out, _, kh, kw = weight.shape
    output = np.zeros((N, C_out, H - kh + 1, W - kw + 1))
    for y in range(H - kh + 1):
        for x in range(W - kw + 1):
            window = input[:, :, y : y + kh, x : x + kw]
            output[:, :, y, x] = np.einsum("ncij,ocij->no", window, weight)
    if bias is not None:
        output += bias[:, None, None]
    return output
