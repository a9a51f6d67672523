"""The same convolutions as `functional` and `grad`, fast: NumPy alone, by eight methods.

Start here, then read the methods, a page each:

- `windows`: the sums of `functional`, in pieces that fit into memory;
- `gemm`: columns, written and multiplied piece by piece;
- `mec`: columns that the rows of the output share, for few filters and for depthwise layers; `rows` writes them;
- `toeplitz`: rows of narrow images times a small Toeplitz matrix, for batches of depthwise layers;
- `shift`: the shifted image times one number, for each tap; `shifted` writes the images, on `planes`: images as
  one signal, where a tap is an offset; `every_other` reads what a stride of 2 leaves, and `scatter` goes the way back;
- `nhwc`: all channels' pixels side by side, for depthwise layers of small images;
- `tiles`: the sums in the domain of values, with `transforms` for Winograd's and Fourier's; `strides` makes
  a stride into channels for it; `spectra` is the Fourier transform of a whole image, for kernels too large
  for tiles.

`pieces` and `segments` cut a layer, `threads` shares what was cut with its `helpers`, and `products` cuts products
of matrices into blocks that BLAS multiplies as they lie. `cost` guesses what each method would take,
in the prices of `table`, and `method="auto"` takes the cheapest.

Arguments are checked as those of `functional` and `grad` are; of convlab this knows nothing else. Beside its
arguments and results, a call holds at most table.HELD bytes (128 MiB) and eight times the weight, in float32 and on
two threads. The least that methods cut down to is one image of one group.
"""

from functools import lru_cache
from math import inf
from typing import Any

import numpy as np

from convlab import arguments, functional, grad
from convlab.arguments import Padding, Size
from convlab.fast import cost, methods, threads
from convlab.fast.layer import Layer

__all__ = ["METHODS", "conv1d", "conv2d", "conv2d_backward", "estimate"]

METHODS = methods.NAMES


def conv1d(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    method: str = "auto",
) -> np.ndarray:
    """Cross-correlate signals with a bank of kernels, as `functional.conv1d` does.

    Parameters
    ----------
    input, weight, bias, stride, padding, dilation, groups
        As `functional.conv1d` takes them.
    method : {"auto", "windows", "gemm", "mec", "toeplitz", "shift", "nhwc", "winograd", "fft"}
        As in `conv2d`.

    Returns
    -------
    ndarray, shape (N, C_out, L_out) or (C_out, L_out)

    Raises
    ------
    TypeError, ValueError
        As `functional.conv1d`, and for method as `conv2d`.
    """
    return _forward(input, weight, bias, stride, padding, dilation, groups, method, axes=1)


def conv2d(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    method: str = "auto",
) -> np.ndarray:
    """Cross-correlate images with a bank of kernels, as `functional.conv2d` does.

    Parameters
    ----------
    input, weight, bias, stride, padding, dilation, groups
        As `functional.conv2d` takes them.
    method : {"auto", "windows", "gemm", "mec", "toeplitz", "shift", "nhwc", "winograd", "fft"}
        "auto" takes the one of least `cost`. All but "winograd" and "fft" take every dtype; integers are exact
        in them. These two take float32 and float64, and round by the largest entry that an output's tile sees:
        in float32 to about 1e-5 of it with Winograd, to 1e-6 with Fourier. "winograd" takes 2 to 5 taps on an
        axis; with a stride s, k taps count as ceil(k / s), and there must be no dilation. "toeplitz" takes
        layers whose matrices for a row of the output have 4 million entries at most.

    Returns
    -------
    ndarray, shape (N, C_out, H_out, W_out) or (C_out, H_out, W_out)

    Raises
    ------
    TypeError, ValueError
        As `functional.conv2d`; also if method is unknown or cannot take the layer or its dtype.

    Notes
    -----
    inf and nan stay in the windows that see them: what "mec", "toeplitz", "winograd" and "fft" would spread is
    computed again by "gemm".

    As many threads are used as BLAS was told to use (OPENBLAS_NUM_THREADS, threadpoolctl). Each works on parts
    of its own, with a BLAS of one thread; the results are the same bits for every number of them.
    """
    return _forward(input, weight, bias, stride, padding, dilation, groups, method, axes=2)


def conv2d_backward(
    grad_output: np.ndarray,
    input: np.ndarray,
    weight: np.ndarray,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    method: str = "auto",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give all three gradients of `conv2d`, as `grad.conv2d_backward` does.

    Parameters
    ----------
    grad_output, input, weight, stride, padding, dilation, groups
        As `grad.conv2d_backward` takes them.
    method : {"auto", "windows", "gemm", "mec", "toeplitz", "shift", "nhwc", "winograd", "fft"}
        "auto" chooses for the input's and the weight's gradient separately.

    Returns
    -------
    grad_input, grad_weight, grad_bias : ndarrays, shapes of input, weight and (C_out,)

    Raises
    ------
    TypeError, ValueError
        As `grad.conv2d_backward`, and for method as `conv2d`.
    """
    _check_method(method)
    arguments.check_arrays(arguments.REAL, input=input, weight=weight, grad_output=grad_output)
    forward = grad._forward(input.shape, weight.shape, grad_output, stride, padding, dilation, groups, axes=2)
    if 0 in input.shape[:-2]:
        return grad.conv2d_backward(grad_output, input, weight, stride, padding, dilation, groups)

    layer = _layer(
        input.shape,
        weight.shape,
        forward.strides,
        forward.dilations,
        forward.pads,
        groups,
        grad_output.shape[-2:],
    )
    images, kernels, grads = _plain(input), _plain(weight), _plain(grad_output)
    if input.ndim == 3:
        images, grads = images[None], grads[None]
    with (
        threads.alone(),
        np.errstate(over="ignore", invalid="ignore"),
    ):  # as the sums of `grad`, which say nothing
        grad_input = methods.input_gradient(method, layer, kernels, grads)
        threads.tidy()
        grad_weight = methods.weight_gradient(method, layer, images, grads)
        dtype = arguments.native(input.dtype)
        return (
            grad_input.reshape(input.shape).astype(dtype, copy=False),
            grad_weight.astype(dtype, copy=False),
            grad.conv2d_bias(grad_output),
        )


def estimate(
    input_shape: tuple[int, int, int, int],
    weight_shape: tuple[int, int, int, int],
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> dict[str, float]:
    """Guess what each method would take for `conv2d` in float32: milliseconds of one processor.

    The guess is `cost`'s, by which "auto" chooses. Methods that cannot take the layer are missing.

    Parameters
    ----------
    input_shape : (N, C_in, H, W)
    weight_shape : (C_out, C_in / groups, kh, kw)
    stride, padding, dilation, groups
        As `conv2d` takes them.

    Raises
    ------
    TypeError, ValueError
        As `functional.conv2d`.
    """
    input, weight = (np.broadcast_to(np.float32(0), shape) for shape in (input_shape, weight_shape))
    layer, _ = _read_arrays(input, weight, None, stride, padding, dilation, groups, axes=2)
    if layer is None:
        return {}
    guesses = {name: price(layer) / 1e6 for name, price in cost.METHODS.items()}
    return {name: value for name, value in guesses.items() if value < inf}


def _forward(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    stride: Size,
    padding: Padding,
    dilation: Size,
    groups: int,
    method: str,
    axes: int,
) -> np.ndarray:
    _check_method(method)
    layer, shape = _read(input, weight, bias, stride, padding, dilation, groups, axes)
    if layer is None:  # nothing to be fast at
        whole = functional.conv1d if axes == 1 else functional.conv2d
        return whole(input, weight, bias, stride, padding, dilation, groups)

    images, kernels = _plain(input), _plain(weight)
    shared = np.zeros(len(weight), images.dtype) if bias is None else _plain(bias)
    images = images.reshape(layer.n, layer.groups * layer.c, *layer.size)
    kernels = kernels.reshape(len(weight), layer.c, *layer.kernel)
    with (
        threads.alone(),
        np.errstate(over="ignore", invalid="ignore"),
    ):  # as the sums of `functional`, which say nothing
        output = methods.forward(method, layer, images, kernels, shared)
        return output.reshape(shape).astype(arguments.native(input.dtype), copy=False)


def _read(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    stride: Size,
    padding: Padding,
    dilation: Size,
    groups: int,
    axes: int,
) -> tuple[Layer | None, tuple[int, ...]]:
    """Check the arguments; give the layer, which is None if there is no image or channel, and the output's shape.

    What has been read once is known: reading takes as long as a small layer.
    """
    arrays = (input, weight) if bias is None else (input, weight, bias)
    if not (
        all(type(array) is np.ndarray and array.dtype is input.dtype for array in arrays)
        and all(_is_plain(value) for value in (stride, padding, dilation, groups))
    ):
        return _read_arrays(input, weight, bias, stride, padding, dilation, groups, axes)
    shapes = tuple(array.shape for array in arrays)
    return _read_shapes(input.dtype, shapes, stride, padding, dilation, groups, axes)


def _is_plain(value: object) -> bool:
    """Whether it is a word, an integer or integers. To a dictionary True and 1.0 are 1, which here they are not."""
    if type(value) is tuple:
        return all(type(entry) is int for entry in value)
    return type(value) is int or type(value) is str


@lru_cache(maxsize=1024)
def _read_shapes(
    dtype: np.dtype[Any], shapes: tuple[tuple[int, ...], ...], *hyper: Any
) -> tuple[Layer | None, tuple[int, ...]]:
    # An array of one entry, seen many times, is refused for the same reasons as a full one.
    input, weight, *rest = (np.broadcast_to(np.zeros((), dtype), shape) for shape in shapes)
    return _read_arrays(input, weight, rest[0] if rest else None, *hyper)


def _read_arrays(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    stride: Size,
    padding: Padding,
    dilation: Size,
    groups: int,
    axes: int,
) -> tuple[Layer | None, tuple[int, ...]]:
    arguments.check_convolution(input, weight, bias, groups, axes)
    strides = arguments.read_integers("stride", stride, axes)
    dilations = arguments.read_integers("dilation", dilation, axes)
    sizes, kernel = input.shape[-axes:], weight.shape[2:]
    pads = functional.resolve_padding(padding, kernel, dilation, stride, sizes)
    counts = arguments.count_windows(sizes, kernel, strides, pads, dilations)
    shape = *input.shape[: -axes - 1], len(weight), *counts
    if 0 in input.shape[:-axes]:
        return None, shape
    images, kernels = (1, *input.shape)[-axes - 2 :], weight.shape
    if axes == 1:  # a signal is an image one pixel high
        images, kernels = (*images[:-1], 1, *sizes), (*kernels[:-1], 1, *kernel)
        strides, dilations, pads, counts = (1, *strides), (1, *dilations), ((0, 0), *pads), (1, *counts)
    return _layer(images, kernels, strides, dilations, pads, groups, counts), shape


def _check_method(method: object) -> None:
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}, got {method!r}")


def _plain(array: np.ndarray) -> np.ndarray:
    """Give the array in the machine's byte order; half precision as float32, so that sums are rounded once."""
    dtype: np.dtype[Any] = arguments.native(array.dtype)
    return np.asarray(array, np.float32 if dtype == np.float16 else dtype)


def _layer(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    pads: arguments.Pads,
    groups: int,
    counts: tuple[int, ...],
) -> Layer:
    """Put the numbers together. Where there is one tap, a dilation means nothing."""
    height, width = input_shape[-2:]
    c_out, c, kh, kw = weight_shape
    (s_h, s_w), (d_h, d_w), (h_out, w_out) = strides, dilations, counts
    return Layer(
        n=input_shape[0] if len(input_shape) == 4 else 1,
        groups=int(groups),
        c=c,
        o=c_out // groups,
        size=(height, width),
        kernel=(kh, kw),
        strides=(s_h, s_w),
        dilations=(d_h if kh > 1 else 1, d_w if kw > 1 else 1),
        pads=pads,
        counts=(h_out, w_out),
    )
