"""Chapter 6: convolution as a matrix product."""

import numpy as np


def windows(
    input: np.ndarray,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] = 1,
    dilation: int | tuple[int, int] = 1,
) -> np.ndarray:
    """Show every window of a batch of images, without copying a number.

    windows[n, c, y, x, i, j] is the pixel on which tap (i, j) lies in the window at place (y, x):
    input[n, c, y * s_h + i * d_h, x * s_w + j * d_w].

    Parameters
    ----------
    input : ndarray, shape (N, C, H, W), with any strides
    kernel_size, stride, dilation : int, or (kh, kw), (s_h, s_w), (d_h, d_w)
        The window fits into the image.

    Returns
    -------
    ndarray, shape (N, C, H_out, W_out, kh, kw), with H_out = (H - d_h * (kh - 1) - 1) // s_h + 1
        A view of input is best; a copy with the same numbers is right, too.
    """
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    N, C, H, W = input.shape
    H_out = (H - d_h * (kh - 1) - 1) // s_h + 1
    W_out = (W - d_w * (kw - 1) - 1) // s_w + 1
    # How many bytes further in memory the next image, channel, row and column lie.
    image, channel, row, column = input.strides
    shape = (N, C, H_out, W_out, kh, kw)
    strides = (image, channel, s_h * row, s_w * column, d_h * row, d_w * column)
    return np.lib.stride_tricks.as_strided(input, shape, strides, writeable=False)


def im2col(
    input: np.ndarray,
    kernel_size: int | tuple[int, int],
    dilation: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    stride: int | tuple[int, int] = 1,
) -> np.ndarray:
    """Write every window of a batch of images as a column of a matrix.

    Column y * W_out + x holds padded[n, c, y * s_h + i * d_h, x * s_w + j * d_w], for all c, i and j.

    Parameters
    ----------
    input : ndarray, shape (N, C, H, W)
    kernel_size, dilation, padding, stride : int, or (kh, kw), (d_h, d_w), (p_h, p_w), (s_h, s_w)
        Mind the order: it is that of torch.nn.functional.unfold, not that of conv2d.

    Returns
    -------
    ndarray, shape (N, C * kh * kw, H_out * W_out)
        A column goes channel by channel, and in a channel row of taps by row of taps, as
        weight.reshape(C_out, -1) does.
    """
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    p_h, p_w = padding if isinstance(padding, tuple) else (padding, padding)
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    N, C, H, W = padded.shape
    H_out = (H - d_h * (kh - 1) - 1) // s_h + 1
    W_out = (W - d_w * (kw - 1) - 1) // s_w + 1
    image, channel, row, column = padded.strides
    # The axes (N, C, kh, kw, H_out, W_out): those of `windows`, taps before places.
    shape = (N, C, kh, kw, H_out, W_out)
    strides = (image, channel, d_h * row, d_w * column, s_h * row, s_w * column)
    view = np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)
    return view.reshape(N, C * kh * kw, H_out * W_out)


def col2im(
    input: np.ndarray,
    output_size: tuple[int, int],
    kernel_size: int | tuple[int, int],
    dilation: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    stride: int | tuple[int, int] = 1,
) -> np.ndarray:
    """Bring the columns of `im2col` back to the pixels they were read from; what meets at a pixel is summed.

    Parameters
    ----------
    input : ndarray, shape (N, C * kh * kw, H_out * W_out)
    output_size : (H, W), the size of the images, without padding
    kernel_size, dilation, padding, stride : int, or (kh, kw), (d_h, d_w), (p_h, p_w), (s_h, s_w)
        As `im2col` took them.

    Returns
    -------
    ndarray, shape (N, C, H, W); pixels that no window covered are 0
    """
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    p_h, p_w = padding if isinstance(padding, tuple) else (padding, padding)
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    H, W = output_size
    H_out = (H + 2 * p_h - d_h * (kh - 1) - 1) // s_h + 1
    W_out = (W + 2 * p_w - d_w * (kw - 1) - 1) // s_w + 1
    taps = input.reshape(len(input), -1, kh, kw, H_out, W_out)
    padded = np.zeros((*taps.shape[:2], H + 2 * p_h, W + 2 * p_w))
    # In different windows one tap lies on different pixels, so all windows can be added at once.
    for i in range(kh):
        for j in range(kw):
            top, left = i * d_h, j * d_w
            padded[:, :, top : top + s_h * H_out : s_h, left : left + s_w * W_out : s_w] += taps[:, :, i, j]
    return padded[:, :, p_h : p_h + H, p_w : p_w + W]


def conv_matrix(
    weight: np.ndarray,
    input_size: tuple[int, int],
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> np.ndarray:
    """Write a convolution down as the matrix it is: conv_matrix(weight, (H, W)) @ image.ravel().

    The product is conv2d's output for an image of shape (C_in, H, W), flattened.

    Parameters
    ----------
    weight : ndarray, shape (C_out, C_in, kh, kw)
    input_size : (H, W), without padding
    stride, padding, dilation : int, or (s_h, s_w), (p_h, p_w), (d_h, d_w)

    Returns
    -------
    ndarray, shape (C_out * H_out * W_out, C_in * H * W)
        H_out = (H + 2 * p_h - d_h * (kh - 1) - 1) // s_h + 1, and W_out accordingly.
        Rows are ordered as output[o, y, x] is in memory, columns as image[c, row, column].
    """
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    p_h, p_w = padding if isinstance(padding, tuple) else (padding, padding)
    d_h, d_w = dilation if isinstance(dilation, tuple) else (dilation, dilation)
    C_out, C_in, kh, kw = weight.shape
    H, W = input_size
    H_out = (H + 2 * p_h - d_h * (kh - 1) - 1) // s_h + 1
    W_out = (W + 2 * p_w - d_w * (kw - 1) - 1) // s_w + 1
    matrix = np.zeros((C_out, H_out, W_out, C_in, H, W))
    for y, x, i, j in np.ndindex(H_out, W_out, kh, kw):
        row = y * s_h + i * d_h - p_h
        column = x * s_w + j * d_w - p_w
        if 0 <= row < H and 0 <= column < W:
            matrix[:, y, x, :, row, column] = weight[:, :, i, j]
    return matrix.reshape(C_out * H_out * W_out, C_in * H * W)
