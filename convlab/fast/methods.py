"""The methods by name, what each can do, and the choice among them."""

from functools import lru_cache
from math import prod

import numpy as np

from convlab.fast import cost, gemm, mec, nhwc, scatter, shift, spectra, strides, tiles, toeplitz, windows
from convlab.fast.layer import Layer, Phase, input_phases, is_row, shares, turned, upright
from convlab.fast.segments import Segment, segments
from convlab.fast.table import CACHE, FEW_IMAGES, KERNELS
from convlab.fast.threads import share, summed
from convlab.fast.transforms import fourier, winograd

_EXACT = {"windows": windows, "gemm": gemm, "mec": mec, "toeplitz": toeplitz, "shift": shift, "nhwc": nhwc}
EXACT = tuple(_EXACT)  # sums of the entries' own products, in any dtype
ROUNDING = ("winograd", "fft")  # through other numbers: float32 and float64 only
NAMES = ("auto", *EXACT, *ROUNDING)


def forward(method: str, layer: Layer, input: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Give the output, (N, G · O, H_out, W_out)."""
    if method == "auto":
        method = cheapest(layer, input.dtype.char, "forward")
    _check(method, layer, input.dtype)
    if method == "gemm" and is_row(layer):  # it cuts between rows, and reads a column as well
        turned = forward(method, upright(layer), input.swapaxes(2, 3), weight.swapaxes(2, 3), bias)
        return turned.swapaxes(2, 3)
    if cuts := segments(layer):
        result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)

        def work(cut: Segment) -> None:
            result[..., cut.outputs] = forward(method, cut.layer, input[..., cut.inputs], weight, bias)

        share(cuts, work)
        return result
    if method in EXACT:
        result = np.asarray(_EXACT[method].forward(layer, input, weight, bias))
        with_zeros = method == "toeplitz" or (method == "mec" and mec.band(layer) > 1)
        if not with_zeros or result.dtype.kind in "iu" or _is_finite(result):
            return result
        return gemm.forward(layer, input, weight, bias)  # zeros have met inf or nan
    if strides.foldable(layer):
        kernels = strides.fold_weight(layer, weight)
        result = np.empty((layer.n, layer.groups * layer.o, *layer.counts), input.dtype)

        def fold(task: tuple[slice, Layer]) -> None:
            some, part = task
            squares = strides.fold_input(part, input[some])
            result[some] = forward(method, strides.fold(part), squares, kernels, bias)

        share(strides.at_a_time(layer), fold)
    elif method == "winograd":
        result = tiles.forward(layer, input, weight, bias, winograd(layer.kernel, input.dtype.char))
    elif tile := cost.fft_tile(layer):
        result = tiles.forward(layer, input, weight, bias, fourier(layer.kernel, tile, input.dtype.char))
    else:
        result = spectra.forward(layer, input, weight, bias)
    return result if _is_finite(result) else gemm.forward(layer, input, weight, bias)


def weight_gradient(method: str, layer: Layer, input: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """Give the weight's gradient, (G · O, C, kh, kw)."""
    if method == "auto":
        method = cheapest(layer, input.dtype.char, "weight")
    _check(method, layer, input.dtype)
    if method == "gemm" and is_row(layer):
        turned = weight_gradient(method, upright(layer), input.swapaxes(2, 3), grad_output.swapaxes(2, 3))
        return turned.swapaxes(2, 3)
    if cuts := segments(layer):

        def work(cut: Segment, sums: np.ndarray) -> None:
            sums += weight_gradient(method, cut.layer, input[..., cut.inputs], grad_output[..., cut.outputs])

        return summed(cuts, work, np.zeros((layer.groups * layer.o, layer.c, *layer.kernel), input.dtype))
    if method in EXACT:
        return np.asarray(_EXACT[method].weight_gradient(layer, input, grad_output))
    if strides.foldable(layer):

        def fold(task: tuple[slice, Layer], sums: np.ndarray) -> None:
            some, part = task
            squares = strides.fold_input(part, input[some])
            gradient = weight_gradient(method, strides.fold(part), squares, grad_output[some])
            sums += strides.unfold_weight(part, gradient)

        zero = np.zeros((layer.groups * layer.o, layer.c, *layer.kernel), input.dtype)
        result = summed(strides.at_a_time(layer), fold, zero)
    elif method == "winograd":
        transform = winograd(layer.kernel, input.dtype.char)
        result = tiles.weight_gradient(layer, input, grad_output, transform)
    elif tile := cost.fft_tile(layer):
        transform = fourier(layer.kernel, tile, input.dtype.char)
        result = tiles.weight_gradient(layer, input, grad_output, transform)
    else:
        result = spectra.weight_gradient(layer, input, grad_output)
    return result if _is_finite(result) else gemm.weight_gradient(layer, input, grad_output)


def input_gradient(method: str, layer: Layer, weight: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    """Give the input's gradient, (N, G · C, H, W)."""
    if method == "auto":
        method = cheapest(layer, weight.dtype.char, "input")
    elif method == "gemm" and cost.scatter(layer) < cost.input_gradient(layer, "gemm"):
        method = "scatter"
    if method == "scatter":
        return scatter.input_gradient(layer, weight, grad_output)
    if cost.prefers_squares(layer, method):
        result = _by_squares(method, layer, weight, grad_output)
        if _is_finite(result):
            return result  # else zeros may have met inf or nan
    return _by_phases(method, layer, weight, grad_output)


def _by_squares(method: str, layer: Layer, weight: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    kernels = strides.fold_weight(layer, weight)
    result = np.empty((layer.n, layer.groups * layer.c, *layer.size), weight.dtype)

    def unfold(task: tuple[slice, Layer]) -> None:
        some, part = task
        squares = _by_phases(method, strides.fold(part), kernels, grad_output[some])
        strides.unfold_input(part, squares, result[some])

    share(strides.at_a_time(layer), unfold)
    return result


def _by_phases(method: str, layer: Layer, weight: np.ndarray, grad_output: np.ndarray) -> np.ndarray:
    phases = list(input_phases(layer))
    no_bias = np.zeros(layer.groups * layer.c, weight.dtype)

    def one(phase: Phase) -> np.ndarray:
        # A phase of a Winograd layer may be one that Winograd cannot take.
        fitting = method if cost.METHODS[method](phase.layer) < np.inf else "gemm"
        return forward(fitting, *arguments(phase), no_bias)

    def arguments(phase: Phase) -> tuple[Layer, np.ndarray, np.ndarray]:
        return phase.layer, grad_output[(..., *phase.crop)], _turn(weight, phase, layer.groups)

    if len(phases) == 1 and phases[0].layer.counts == layer.size:
        return one(phases[0])  # stride 1: the one phase is the whole
    reached = sum(prod(phase.layer.counts) for phase in phases)
    fresh = np.empty if reached == prod(layer.size) else np.zeros  # some pixels may be seen by no window
    result = fresh((layer.n, layer.groups * layer.c, *layer.size), weight.dtype)
    for phase in phases:
        entries = result[(..., *phase.entries)]
        if method == "shift" and not segments(phase.layer):
            shift.write(*arguments(phase), no_bias, entries)
        else:
            entries[...] = one(phase)
    return result


def _turn(weight: np.ndarray, phase: Phase, groups: int) -> np.ndarray:
    """Write the kernels of a phase: (G · C, O, kh', kw')."""
    kernels = turned(weight, phase, groups)
    shape = groups * kernels.shape[1], *kernels.shape[2:]
    if phase.layer.taps == 1 and phase.layer.n < FEW_IMAGES and groups == 1:
        return kernels.reshape(shape)  # BLAS takes a matrix that lies across, but copies it for every image
    if kernels.size < CACHE:
        return np.ascontiguousarray(kernels).reshape(shape)
    result = np.empty(kernels.shape, kernels.dtype)

    def copy(some: slice) -> None:
        result[:, some] = kernels[:, some]

    share(shares(kernels.shape[1], -(-kernels.shape[1] // 2)), copy)
    return result.reshape(shape)


@lru_cache(maxsize=4096)
def cheapest(layer: Layer, dtype: str, what: str) -> str:
    """Name the method of least cost for "forward", "weight" or "input" (where "scatter" is one more)."""
    if dtype not in "fdFD":
        return "windows"  # no BLAS for integers: all are slow, and this one is plain
    names = EXACT[1:] if dtype in "FD" else EXACT[1:] + ROUNDING
    if what == "forward":
        costs = {name: cost.METHODS[name](layer) for name in names}
    elif what == "weight":
        costs = {name: cost.WEIGHT[name](layer) for name in names}
    else:
        costs = {name: cost.input_gradient(layer, name) for name in names}
        costs["scatter"] = cost.scatter(layer)
    return min(costs, key=costs.__getitem__)


def _check(method: str, layer: Layer, dtype: np.dtype) -> None:
    if method in ROUNDING and dtype.char not in "fd":
        raise TypeError(
            f'method="{method}" rounds on its way, and needs float32 or float64, got {dtype}: '
            f"use {', '.join(map(repr, EXACT))}"
        )
    if method == "winograd" and not cost.winograd_fits(layer):
        raise ValueError(
            f'method="winograd" needs stride 1 and 2 to 5 taps on an axis, got stride {layer.strides} and '
            f"kernel {layer.kernel}"
        )
    if method == "toeplitz" and not toeplitz.fits(layer):
        raise ValueError(
            f'method="toeplitz" is for narrow images of few channels: the matrices would have '
            f"{toeplitz.held(layer)} entries, and may have {KERNELS}"
        )


def _is_finite(array: np.ndarray) -> bool:
    """Whether neither inf nor nan can be among the entries.

    A transform spreads them over its tile, where the plain sums keep them in the windows that see them.
    One pass of BLAS tells: the squares of finite entries may overflow too, which costs only time.
    """
    flat = array.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(flat @ flat))
