"""Chapter 4: stride and padding."""

import numpy as np


def pad2d(
    input: np.ndarray, pads: tuple[tuple[int, int], tuple[int, int]], mode: str = "zeros"
) -> np.ndarray:
    """Put rows and columns around every image of a batch.

    Parameters
    ----------
    input : ndarray, shape (N, C, H, W)
    pads : ((top, bottom), (left, right)), integers of at least 0: how many rows and columns to put there
    mode : what stands before a row a b c d, if two columns are put there
        "zeros": 0 0; "reflect": c b; "replicate": a a; "circular": c d. The other three sides go likewise.
        In "reflect" a side gets fewer than the image has, in "circular" at most as many.

    Returns
    -------
    ndarray, shape (N, C, top + H + bottom, left + W + right)
    """
    N, C, H, W = input.shape
    (top, bottom), (left, right) = pads
    if mode == "zeros":
        padded = np.zeros((N, C, top + H + bottom, left + W + right))
        padded[:, :, top : top + H, left : left + W] = input
        return padded
    # For every row and column of the result: which one of the image stands there?
    rows, columns = np.arange(-top, H + bottom), np.arange(-left, W + right)
    if mode == "reflect":
        rows = H - 1 - abs(H - 1 - abs(rows))
        columns = W - 1 - abs(W - 1 - abs(columns))
    elif mode == "replicate":
        rows, columns = rows.clip(0, H - 1), columns.clip(0, W - 1)
    elif mode == "circular":
        rows, columns = rows % H, columns % W
    return input[:, :, rows[:, None], columns]


def resolve_padding(
    padding: int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]] | str,
    kernel_size: int | tuple[int, int],
    dilation: int | tuple[int, int] = 1,
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Turn any way of saying padding into the rows and columns of zeros it stands for, at stride 1.

    Parameters
    ----------
    padding : int, the same on all four sides; (pad_h, pad_w), rows at either end and columns at either end;
        ((top, bottom), (left, right)), each side by itself; or a word:
        "valid": none; "same": as many as leave the output as large as the input, where an odd one goes to
        the bottom or right; "full": as many as let even the last tap alone reach the first pixel, and the
        same at the other end
    kernel_size : int or (kh, kw)
    dilation : int or (d_h, d_w), the distance from one tap to the next

    Returns
    -------
    ((top, bottom), (left, right)), integers
    """
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    if isinstance(padding, str):
        h, w = d_h * (kh - 1), d_w * (kw - 1)  # from the first tap to the last
        words = {
            "valid": ((0, 0), (0, 0)),
            "same": ((h // 2, h - h // 2), (w // 2, w - w // 2)),
            "full": ((h, h), (w, w)),
        }
        return words[padding]
    if isinstance(padding, int):
        padding = (padding, padding)
    rows, columns = (p if isinstance(p, tuple) else (p, p) for p in padding)
    return rows, columns


def same_upper_padding(size: int, kernel_size: int, stride: int = 1, dilation: int = 1) -> tuple[int, int]:
    """Count the zeros that TensorFlow's "SAME" puts before and after a row of pixels.

    They are the fewest with which the window fits in ceil(size / stride) places. If their number is odd,
    the one too many stands at the end.

    Parameters
    ----------
    size : int, the number of pixels
    kernel_size : int, the number of taps
    stride : int, how far the window moves from one place to the next
    dilation : int, the distance from one tap to the next

    Returns
    -------
    (before, after), integers of at least 0
    """
    places = (size + stride - 1) // stride
    span = dilation * (kernel_size - 1) + 1
    total = max((places - 1) * stride + span - size, 0)
    return total // 2, total - total // 2


def conv2d_strided(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> np.ndarray:
    """Correlate a batch of images with a bank of filters, in steps of `stride`, with zeros around the images.

    output[n, o, y, x] = bias[o]
        + sum over c, i and j of padded[n, c, y * s_h + i, x * s_w + j] * weight[o, c, i, j]

    Parameters
    ----------
    input : ndarray, shape (N, C_in, H, W)
    weight : ndarray, shape (C_out, C_in, kh, kw)
    bias : ndarray, shape (C_out,), or None: nothing is added
    stride : int or (s_h, s_w), how far the window moves down and to the right
    padding : int or (p_h, p_w): p_h rows of zeros at either end, and p_w columns at either end

    Returns
    -------
    ndarray, shape (N, C_out, (H + 2 * p_h - kh) // s_h + 1, (W + 2 * p_w - kw) // s_w + 1)
    """
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    p_h, p_w = padding if isinstance(padding, tuple) else (padding, padding)
    N, C_in, H, W = input.shape
    C_out, _, kh, kw = weight.shape
    padded = np.zeros((N, C_in, H + 2 * p_h, W + 2 * p_w))
    padded[:, :, p_h : p_h + H, p_w : p_w + W] = input
    H_out, W_out = (H + 2 * p_h - kh) // s_h + 1, (W + 2 * p_w - kw) // s_w + 1
    output = np.zeros((N, C_out, H_out, W_out))
    for y in range(H_out):
        for x in range(W_out):
            window = padded[:, :, y * s_h : y * s_h + kh, x * s_w : x * s_w + kw]
            output[:, :, y, x] = np.einsum("ncij,ocij->no", window, weight)
    if bias is not None:
        output += bias[:, None, None]
    return output
