"""The complete forward convolution, written to be read.

What the course builds chapter by chapter stands here once, whole: PyTorch's names, argument order and
rules, in NumPy. Read `conv2d` first. After the operators come the parts they are made of. Nothing here is
tuned for speed, and of convlab nothing here knows but `arguments`, which reads and checks what is passed.

Letters: N images of C channels and H × W pixels; kernels of kh × kw taps; stride s; dilation d.
A kernel of k taps that stand d apart *spans* d · (k − 1) + 1 pixels.

Arrays may have either byte order; what is summed comes out in the machine's own.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from convlab.arguments import (
    Padding,
    Pads,
    Size,
    check_array,
    check_convolution,
    check_transposed,
    count_windows,
    native,
    padding_forms,
    read_integers,
    read_pads,
    read_pairs,
    read_two_integers,
    tap_axes,
)

__all__ = [
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "dilate",
    "flip",
    "fold",
    "output_size",
    "pad",
    "resolve_padding",
    "unfold",
]

_NUMPY_MODE: dict[str, Literal["constant", "reflect", "edge", "wrap"]]
_NUMPY_MODE = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


# ---------------------------------------------------------------- the operators


def conv1d(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> np.ndarray:
    """Cross-correlate signals with a bank of kernels.

    Parameters
    ----------
    input : ndarray, shape (N, C_in, L) or (C_in, L)
    weight : ndarray, shape (C_out, C_in / groups, K), with input's dtype
    bias : ndarray, shape (C_out,), with input's dtype, optional
    stride, dilation : int
    padding : int, (left, right), or a word
        "valid", "same", "full", "same_upper" or "same_lower": see `resolve_padding`.
    groups : int
        Divides C_in and C_out; the kernels of one group read only that group's channels.

    Returns
    -------
    ndarray, shape (N, C_out, L_out) or (C_out, L_out), with L_out from `output_size`

    Raises
    ------
    TypeError, ValueError
        As `conv2d`.

    References
    ----------
    torch.nn.functional.conv1d, whose argument names and order this follows.
    """
    check_convolution(input, weight, bias, groups, axes=1)
    (s,), (d,) = read_integers("stride", stride, 1), read_integers("dilation", dilation, 1)
    *batch, _, length = input.shape
    c_out, c_group, k = weight.shape
    pads = resolve_padding(padding, (k,), dilation, stride, (length,))
    (l_out,) = count_windows((length,), (k,), (s,), pads, (d,))

    padded = pad(input, pads)
    signals = padded.reshape(*batch, groups, c_group, *padded.shape[-1:])
    kernels = weight.reshape(groups, c_out // groups, c_group, k)

    # output[n,o,x] = bias[o] + Σ_c Σ_i padded[n, c, s·x + d·i] · weight[o,c,i]
    # where o and c run inside one group g.
    windows = sliding_window_view(signals, d * (k - 1) + 1, axis=-1)[..., ::s, ::d]
    output: np.ndarray = np.einsum("...gcxi,goci->...gox", windows, kernels, optimize=True, order="C")

    output = output.reshape(*batch, c_out, l_out)
    if bias is not None:
        output += bias[:, None]
    return output


def conv2d(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> np.ndarray:
    """Cross-correlate images with a bank of kernels.

    Parameters
    ----------
    input : ndarray, shape (N, C_in, H, W) or (C_in, H, W)
    weight : ndarray, shape (C_out, C_in / groups, kh, kw), with input's dtype
        C_in may be 0: a sum of nothing is 0, and the bias remains.
    bias : ndarray, shape (C_out,), with input's dtype, optional
    stride, dilation : int or (int, int)
    padding : int, (pad_h, pad_w), ((top, bottom), (left, right)), or a word
        "valid", "same", "full", "same_upper" or "same_lower": see `resolve_padding`.
    groups : int
        Divides C_in and C_out; the kernels of one group read only that group's channels.

    Returns
    -------
    ndarray, shape (N, C_out, H_out, W_out) or (C_out, H_out, W_out), with H_out, W_out from `output_size`

    Raises
    ------
    TypeError
        If an array is not an ndarray of numbers, dtypes differ, or a size is not an integer.
    ValueError
        If shapes, channels or groups disagree, a size is out of range, or the kernel spans more than
        the padded input.

    References
    ----------
    torch.nn.functional.conv2d, whose argument names and order this follows.
    """
    check_convolution(input, weight, bias, groups, axes=2)
    (s_h, s_w), (d_h, d_w) = read_integers("stride", stride, 2), read_integers("dilation", dilation, 2)
    *batch, _, height, width = input.shape
    c_out, c_group, kh, kw = weight.shape
    pads = resolve_padding(padding, (kh, kw), dilation, stride, (height, width))
    h_out, w_out = count_windows((height, width), (kh, kw), (s_h, s_w), pads, (d_h, d_w))

    padded = pad(input, pads)
    images = padded.reshape(*batch, groups, c_group, *padded.shape[-2:])
    kernels = weight.reshape(groups, c_out // groups, c_group, kh, kw)

    # output[n,o,y,x] = bias[o] + Σ_c Σ_i Σ_j padded[n, c, s_h·y + d_h·i, s_w·x + d_w·j] · weight[o,c,i,j]
    # where o and c run inside one group g.
    spans = d_h * (kh - 1) + 1, d_w * (kw - 1) + 1
    windows = sliding_window_view(images, spans, axis=(-2, -1))[..., ::s_h, ::s_w, ::d_h, ::d_w]
    output: np.ndarray = np.einsum("...gcyxij,gocij->...goyx", windows, kernels, optimize=True, order="C")

    output = output.reshape(*batch, c_out, h_out, w_out)
    if bias is not None:
        output += bias[:, None, None]
    return output


def conv_transpose1d(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> np.ndarray:
    """Apply the adjoint of `conv1d`: every input entry adds its multiple of the kernel to the output.

    Parameters
    ----------
    input : ndarray, shape (N, C_in, L) or (C_in, L)
    weight : ndarray, shape (C_in, C_out / groups, K), with input's dtype
        Finite, as in `conv_transpose2d`.
    bias : ndarray, shape (C_out,), with input's dtype, optional
    stride, padding, output_padding, groups, dilation : int
        As in `conv_transpose2d`.

    Returns
    -------
    ndarray, shape (N, C_out, L_out) or (C_out, L_out), with
        L_out = (L - 1) * stride - 2 * padding + dilation * (K - 1) + output_padding + 1

    Raises
    ------
    TypeError, ValueError
        As `conv_transpose2d`.

    References
    ----------
    torch.nn.functional.conv_transpose1d, whose argument names and order this follows.
    """
    check_transposed(input, weight, bias, groups, axes=1)
    (s,), (d,) = read_integers("stride", stride, 1), read_integers("dilation", dilation, 1)
    (p,) = read_integers("padding", padding, 1, least=0)
    (extra,) = read_integers("output_padding", output_padding, 1, least=0)

    # A signal is an image one pixel high.
    image, kernels = input[..., None, :], weight[..., None, :]
    output = conv_transpose2d(image, kernels, bias, (1, s), (0, p), (0, extra), groups, (1, d))
    return output[..., 0, :]


def conv_transpose2d(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> np.ndarray:
    """Apply the adjoint of `conv2d`: every input entry adds its multiple of the kernel to the output.

    Parameters
    ----------
    input : ndarray, shape (N, C_in, H, W) or (C_in, H, W)
    weight : ndarray, shape (C_in, C_out / groups, kh, kw), with input's dtype
        A `conv2d` weight as it is: what were its outputs are the inputs here. Must be finite: it also
        meets the zeros put between and around the entries of input, and 0 · inf is nan. (torch adds only
        what the entries themselves give.)
    bias : ndarray, shape (C_out,), with input's dtype, optional
    stride, dilation : int or (int, int)
    padding : int or (int, int)
        Rows and columns removed on both sides of the output: those that `conv2d` with this padding adds.
    output_padding : int or (int, int)
        Rows and columns appended at the end, which a `conv2d` of this stride would not have read. Less
        than stride or dilation.
    groups : int
        Divides C_in and C_out.

    Returns
    -------
    ndarray, shape (N, C_out, H_out, W_out) or (C_out, H_out, W_out), with
        H_out = (H - 1) * stride - 2 * padding + dilation * (kh - 1) + output_padding + 1

    Raises
    ------
    TypeError, ValueError
        As `conv2d`; also if output_padding is too large, if padding leaves nothing (an output of size 0
        is refused too), or if C_in or C_out is 0.

    Notes
    -----
    float16 can differ from torch's by more than 1e-2: a sum is rounded once here, in torch after each tap.

    References
    ----------
    torch.nn.functional.conv_transpose2d, whose argument names and order this follows.
    """
    check_transposed(input, weight, bias, groups, axes=2)
    strides, dilations = read_integers("stride", stride, 2), read_integers("dilation", dilation, 2)
    crops = read_integers("padding", padding, 2, least=0)
    extras = read_integers("output_padding", output_padding, 2, least=0)
    for extra, s, d in zip(extras, strides, dilations):
        if extra >= max(s, d):
            raise ValueError(
                f"output_padding must be less than stride or dilation, got {extra} with stride {s} and "
                f"dilation {d}"
            )

    # Spread the input as the stride spreads windows, then let the flipped kernels pass over all of it,
    # beginning where only their last tap touches: a full convolution.
    spread = pad(_spread(input, strides), tuple((0, extra) for extra in extras))
    kernels = flip(_swap_channels(weight, groups))
    full = conv2d(spread, kernels, bias, padding="full", dilation=dilations, groups=groups)

    (p_h, p_w), (h_full, w_full) = crops, full.shape[-2:]
    if 2 * p_h >= h_full or 2 * p_w >= w_full:
        raise ValueError(f"padding must leave something of the output's {h_full} × {w_full}, got {crops}")
    return np.ascontiguousarray(full[..., p_h : h_full - p_h, p_w : w_full - p_w])


# ---------------------------------------------------------------- what they are made of


def pad(input: np.ndarray, pads: Sequence[Sequence[int]], mode: str = "zeros") -> np.ndarray:
    """Surround an array on its last axes.

    Parameters
    ----------
    input : ndarray, any shape
    pads : sequence of (before, after), one for each of the last axes, in the order of the axes
        ((top, bottom), (left, right)) pads images, ((left, right),) signals.
    mode : {"zeros", "reflect", "replicate", "circular"}
        What stands before a b c d: 0 0, c b (the edge is not repeated), a a, or c d.

    Returns
    -------
    ndarray, each of the last axes longer by before + after; always a new array

    Raises
    ------
    TypeError
        If input is not an ndarray, or pads are not pairs of integers, such as torch's flat numbers.
    ValueError
        If a pad is negative, there are more pairs than axes, mode is unknown, or the input too small:
        "reflect" adds less than the axis holds, "circular" at most as much, "replicate" needs an entry.

    References
    ----------
    torch.nn.functional.pad, from which this departs on purpose: torch takes the numbers flat and last axis
    first, (left, right, top, bottom). Explicit pairs in the order of the axes say which side is meant, as
    `padding` of `conv2d` does. torch calls zeros "constant".

    Examples
    --------
    >>> pad(np.array([1, 2, 3]), [(2, 1)], mode="reflect")
    array([3, 2, 1, 2, 3, 2])
    """
    check_array("input", input)
    if mode not in _NUMPY_MODE:
        hint = ': torch\'s "constant" is "zeros" here' if mode == "constant" else ""
        raise ValueError(f"mode must be one of {', '.join(_NUMPY_MODE)}, got {mode!r}{hint}")
    pairs = read_pairs("pads", pads)
    untouched = input.ndim - len(pairs)
    if untouched < 0:
        raise ValueError(f"pads must have at most a pair for each axis of input {input.shape}, got {pads!r}")

    for pair, size in zip(pairs, input.shape[untouched:]):
        most = {"reflect": max(size - 1, 0), "circular": size, "replicate": max(pair) if size else 0}
        if max(pair) > most.get(mode, max(pair)):
            raise ValueError(
                f"pads in mode={mode!r} must be at most {most[mode]} on an axis of {size}, got {pair}"
            )
    return np.ascontiguousarray(np.pad(input, [(0, 0)] * untouched + list(pairs), mode=_NUMPY_MODE[mode]))


def resolve_padding(
    padding: Padding,
    kernel_size: Size,
    dilation: Size = 1,
    stride: Size = 1,
    input_size: Size | None = None,
) -> Pads:
    """Turn any way of saying padding into the entries to add before and after, axis by axis.

    Parameters
    ----------
    padding : int, (pad_h, pad_w), ((top, bottom), (left, right)), or a word
        On one axis int, (left, right) or ((left, right),). As a word, with span = d * (k - 1) + 1:

        - "valid": nothing, so that every window lies inside the input;
        - "same": span - 1 in all, an odd one at the end, so that the output is as large as the input;
          stride 1 only;
        - "full": span - 1 on both sides, so that the first window holds only the first entry;
        - "same_upper", "same_lower": the least that makes the output ceil(size / stride), an odd one at
          the end (upper) or at the beginning (lower).
    kernel_size : int, or one for each axis
        An int means two axes, an image; (K,) means a signal.
    dilation, stride : int, or one for each axis
    input_size : int, or one for each axis
        Only "same_upper" and "same_lower" need it.

    Returns
    -------
    ((top, bottom), (left, right)), or ((left, right),) on one axis

    Raises
    ------
    TypeError
        If padding is neither integers nor a word, or a size is not an integer.
    ValueError
        If a number is out of range, the word is no padding, "same" meets a stride, or "same_upper" or
        "same_lower" lacks input_size.

    References
    ----------
    "valid" and "same" are torch's; "same_upper" is TensorFlow's SAME and ONNX's SAME_UPPER, "same_lower"
    ONNX's SAME_LOWER.

    Examples
    --------
    >>> resolve_padding("same", (3, 4))
    ((1, 1), (1, 2))
    """
    axes = len(kernel_size) if isinstance(kernel_size, tuple | list) else 2
    kernel = read_integers("kernel_size", kernel_size, axes)
    dilations, strides = read_integers("dilation", dilation, axes), read_integers("stride", stride, axes)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations)]

    if not isinstance(padding, str):
        return read_pads(padding, axes)
    if padding == "valid":
        return ((0, 0),) * axes
    if padding == "full":
        return tuple((span - 1, span - 1) for span in spans)

    if padding == "same":
        if max(strides) > 1:
            raise ValueError(
                f'padding="same" needs stride 1, got stride={stride!r}; "same_upper" and "same_lower" make '
                "the output ceil(size / stride)"
            )
        totals = [span - 1 for span in spans]
    elif padding in ("same_upper", "same_lower"):
        if input_size is None:
            raise ValueError(
                f"padding={padding!r} depends on the size of the input: pass input_size, not None"
            )
        sizes = read_integers("input_size", input_size, axes)
        lasts = [(size - 1) // s * s for size, s in zip(sizes, strides)]  # where the last window begins
        totals = [max(last + span - size, 0) for last, span, size in zip(lasts, spans, sizes)]
    else:
        raise ValueError(f"padding must be {padding_forms(axes)}, got {padding!r}")
    halves = [(total // 2, total - total // 2) for total in totals]
    if padding == "same_lower":
        return tuple((larger, smaller) for smaller, larger in halves)
    return tuple(halves)


def output_size(
    size: Size,
    kernel_size: Size,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
) -> int | tuple[int, ...]:
    """Count the windows of an input: how many entries a convolution gives.

    Parameters
    ----------
    size : int, or one for each axis
        Entries of the input, before padding.
    kernel_size, stride, dilation : int, or one for each axis
    padding : as in `resolve_padding`

    Returns
    -------
    int if size is an int, else a tuple, with on each axis
        (size + before + after - dilation * (kernel_size - 1) - 1) // stride + 1

    Raises
    ------
    TypeError
        If an argument is not made of integers.
    ValueError
        If a number is out of range, or the kernel spans more than the padded input.

    References
    ----------
    The shape rule of torch.nn.Conv2d.

    Examples
    --------
    >>> output_size(7, 3, stride=2, padding=1)
    4
    """
    axes = len(size) if isinstance(size, tuple | list) else 1
    sizes, kernel = read_integers("size", size, axes), read_integers("kernel_size", kernel_size, axes)
    strides, dilations = read_integers("stride", stride, axes), read_integers("dilation", dilation, axes)
    pads = resolve_padding(padding, kernel, dilation, stride, sizes)
    counts = count_windows(sizes, kernel, strides, pads, dilations)
    return counts if isinstance(size, tuple | list) else counts[0]


def dilate(weight: np.ndarray, dilation: Size) -> np.ndarray:
    """Put dilation - 1 zeros between the taps of kernels.

    Parameters
    ----------
    weight : ndarray, shape (C_out, C_in, K) or (C_out, C_in, kh, kw), or a bare kernel (K,) or (kh, kw)
    dilation : int, or one for each axis of taps

    Returns
    -------
    ndarray, k taps made d * (k - 1) + 1 entries; always a new array

    Raises
    ------
    TypeError
        If weight is not an ndarray, or dilation not made of integers.
    ValueError
        If weight has another rank or no taps, or dilation is less than 1.

    Examples
    --------
    >>> dilate(np.array([1, 2, 3]), 2)
    array([1, 0, 2, 0, 3])
    """
    return _spread(weight, read_integers("dilation", dilation, len(tap_axes(weight))))


def flip(weight: np.ndarray) -> np.ndarray:
    """Turn every kernel round: the last tap first, on each axis of taps.

    Parameters
    ----------
    weight : ndarray, shape (C_out, C_in, K) or (C_out, C_in, kh, kw), or a bare kernel (K,) or (kh, kw)

    Returns
    -------
    ndarray, shape of weight; always a new array. Channels keep their order.

    Raises
    ------
    TypeError
        If weight is not an ndarray.
    ValueError
        If weight has another rank or no taps.
    """
    return np.flip(weight, tap_axes(weight)).copy()


def unfold(
    input: np.ndarray, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> np.ndarray:
    """Write every window of an image as a column (im2col).

    Parameters
    ----------
    input : ndarray, shape (N, C, H, W) or (C, H, W)
    kernel_size, dilation, padding, stride : int or (int, int)
        Unlike `conv2d`, torch takes no (int,) here.

    Returns
    -------
    ndarray, shape (N, C * kh * kw, L) or (C * kh * kw, L), L = H_out * W_out: windows row by row; in a
    column channel by channel, tap row by tap row, as `weight.reshape(C_out, -1)` orders its taps

    Raises
    ------
    TypeError, ValueError
        As `conv2d`.

    References
    ----------
    torch.nn.functional.unfold, whose argument names and order this follows.
    """
    check_array("input", input)
    if input.ndim not in (3, 4) or 0 in input.shape[-3:]:
        raise ValueError(
            f"input must have shape (C, H, W) or (N, C, H, W), none of C, H, W 0, got {input.shape}"
        )
    (kh, kw), (d_h, d_w) = (
        read_two_integers("kernel_size", kernel_size),
        read_two_integers("dilation", dilation),
    )
    (p_h, p_w), (s_h, s_w) = (
        read_two_integers("padding", padding, least=0),
        read_two_integers("stride", stride),
    )
    *batch, channels, height, width = input.shape
    pads = (p_h, p_h), (p_w, p_w)
    h_out, w_out = count_windows((height, width), (kh, kw), (s_h, s_w), pads, (d_h, d_w))

    spans = d_h * (kh - 1) + 1, d_w * (kw - 1) + 1
    windows = sliding_window_view(pad(input, pads), spans, axis=(-2, -1))[..., ::s_h, ::s_w, ::d_h, ::d_w]
    columns = np.moveaxis(windows, (-2, -1), (-4, -3))  # taps before positions
    return np.ascontiguousarray(columns.reshape(*batch, channels * kh * kw, h_out * w_out))


def fold(
    input: np.ndarray,
    output_size: Size,
    kernel_size: Size,
    dilation: Size = 1,
    padding: Size = 0,
    stride: Size = 1,
) -> np.ndarray:
    """Add the columns of `unfold` back into an image (col2im): entries of overlapping windows sum.

    Parameters
    ----------
    input : ndarray, shape (N, C * kh * kw, L) or (C * kh * kw, L)
    output_size : int or (int, int)
        H and W of the image that the columns come from, without padding.
    kernel_size, dilation, padding, stride : int or (int, int)
        As they were given to `unfold`; no (int,) here either.

    Returns
    -------
    ndarray, shape (N, C, H, W) or (C, H, W)

    Raises
    ------
    TypeError, ValueError
        As `conv2d`; also if input's axes are not the C * kh * kw and L that the sizes give.

    References
    ----------
    torch.nn.functional.fold, whose argument names and order this follows.
    """
    check_array("input", input)
    height, width = read_two_integers("output_size", output_size)
    (kh, kw), (d_h, d_w) = (
        read_two_integers("kernel_size", kernel_size),
        read_two_integers("dilation", dilation),
    )
    (p_h, p_w), (s_h, s_w) = (
        read_two_integers("padding", padding, least=0),
        read_two_integers("stride", stride),
    )
    pads = (p_h, p_h), (p_w, p_w)
    h_out, w_out = count_windows((height, width), (kh, kw), (s_h, s_w), pads, (d_h, d_w))
    if input.ndim not in (2, 3) or input.shape[-2] % (kh * kw) or not input.shape[-2]:
        raise ValueError(
            f"input must have shape (C·kh·kw, L) or (N, C·kh·kw, L) with kh·kw = {kh * kw}, got {input.shape}"
        )
    if input.shape[-1] != h_out * w_out:
        raise ValueError(
            f"input must have L = {h_out} · {w_out} columns, one for each window, got {input.shape}"
        )
    *batch, rows, _ = input.shape
    columns = input.reshape(*batch, rows // (kh * kw), kh, kw, h_out, w_out)

    image = np.zeros((*columns.shape[:-4], height + 2 * p_h, width + 2 * p_w), native(input.dtype))
    # Entries read through the same tap lie in different places, so only taps need a loop.
    for i in range(kh):
        for j in range(kw):
            y, x = d_h * i, d_w * j
            image[..., y : y + s_h * h_out : s_h, x : x + s_w * w_out : s_w] += columns[..., i, j, :, :]
    return np.ascontiguousarray(image[..., p_h : p_h + height, p_w : p_w + width])


def _spread(array: np.ndarray, steps: Sequence[int]) -> np.ndarray:
    """Put step - 1 zeros between neighbours on each of the last axes."""
    kept, spread = array.shape[: -len(steps)], array.shape[-len(steps) :]
    result = np.zeros((*kept, *(step * (size - 1) + 1 for step, size in zip(steps, spread))), array.dtype)
    result[(slice(None),) * len(kept) + tuple(slice(None, None, step) for step in steps)] = array
    return result


def _swap_channels(weight: np.ndarray, groups: int) -> np.ndarray:
    """Make (A, B / groups, taps…) into (B, A / groups, taps…): inputs and outputs change places."""
    a, b_group, *taps = weight.shape
    grouped = weight.reshape(groups, a // groups, b_group, *taps).swapaxes(1, 2)
    return grouped.reshape(groups * b_group, a // groups, *taps)
