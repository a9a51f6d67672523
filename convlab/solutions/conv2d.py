"""Chapter 2: two dimensions."""

import numpy as np


def correlate2d(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Slide a kernel over an image: output[y, x] = sum over i and j of input[y + i, x + j] * weight[i, j].

    Parameters
    ----------
    input : ndarray, shape (H, W)
    weight : ndarray, shape (kh, kw), where 1 <= kh <= H and 1 <= kw <= W

    Returns
    -------
    ndarray, shape (H - kh + 1, W - kw + 1)
    """
    H, W = input.shape
    kh, kw = weight.shape
    output = np.zeros((H - kh + 1, W - kw + 1))
    for y in range(H - kh + 1):
        for x in range(W - kw + 1):
            for i in range(kh):
                for j in range(kw):
                    output[y, x] += input[y + i, x + j] * weight[i, j]
    return output


def detect_edges(image: np.ndarray) -> np.ndarray:
    """Measure how steeply the brightness changes: sqrt(gx**2 + gy**2) for each 3 by 3 window.

    gx is the image cross-correlated with [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], gy with its transpose.

    Parameters
    ----------
    image : ndarray, shape (H, W), integers or floats, where H >= 3 and W >= 3

    Returns
    -------
    ndarray of floats, shape (H - 2, W - 2)
    """
    sobel = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    H, W = image.shape
    output = np.zeros((H - 2, W - 2))
    for y in range(H - 2):
        for x in range(W - 2):
            window = image[y : y + 3, x : x + 3]
            gx = np.sum(window * sobel)
            gy = np.sum(window * sobel.T)
            output[y, x] = np.sqrt(gx**2 + gy**2)
    return output
