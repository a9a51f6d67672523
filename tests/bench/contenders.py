"""Make what is raced: for a layer, calls of torch and of every method, forward and forward + backward."""

from collections.abc import Callable
from math import prod
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from convlab import fast, functional
from tests.bench.layers import RacedLayer

Calls = dict[str, Callable[[], object]]


class Contest(NamedTuple):
    forward: Calls
    both: Calls  # forward and all gradients


def contest(layer: RacedLayer, methods: tuple[str, ...] = fast.METHODS, seed: int = 0) -> Contest:
    """Draw the arrays of a layer and make the calls; all must agree with torch before they are timed."""
    rng = np.random.default_rng(seed)
    c, g = layer.in_channels, layer.groups
    x = rng.standard_normal((layer.batch, c, *layer.size), dtype=np.float32)
    w = rng.standard_normal((layer.out_channels, c // g, *layer.kernel), dtype=np.float32)
    w /= np.sqrt(w[0].size)
    b = rng.standard_normal(layer.out_channels, dtype=np.float32)
    hyper = *hyperparameters(layer), g

    leaves = [torch.tensor(array, requires_grad=True) for array in (x, w, b)]

    def torch_forward() -> torch.Tensor:
        with torch.no_grad():
            return F.conv2d(*leaves, *hyper)

    expected = torch_forward().numpy()
    grad = rng.standard_normal(expected.shape, dtype=np.float32)

    def torch_both() -> object:
        return torch.autograd.grad(F.conv2d(*leaves, *hyper), leaves, torch.from_numpy(grad))

    forward: Calls = {"torch": torch_forward}
    both: Calls = {"torch": torch_both}
    gradients = torch_both()
    for method in methods:

        def ours(method: str = method) -> np.ndarray:
            return fast.conv2d(x, w, b, *hyper, method=method)

        def ours_both(method: str = method) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
            return ours(method), fast.conv2d_backward(grad, x, w, *hyper, method=method)

        try:
            output, found = ours_both()
            agree(output, expected)
            for gradient, value in zip(found, gradients, strict=True):
                agree(gradient, value.numpy())
        except (TypeError, ValueError) as refusal:
            if method == "auto" or "method=" not in str(refusal):
                raise
            continue
        forward[method], both[method] = ours, ours_both
    return Contest(forward, both)


def hyperparameters(layer: RacedLayer) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Give stride, padding and dilation for both axes: of a signal's one row and of a kernel's one tap they are 1."""
    (height, width), (kh, kw) = layer.size, layer.kernel
    stride = layer.stride if height > 1 else 1, layer.stride if width > 1 else 1
    dilation = layer.dilation if kh > 1 else 1, layer.dilation if kw > 1 else 1
    return stride, layer.padding, dilation


def agree(actual: np.ndarray, expected: np.ndarray) -> None:
    """Fail unless the arrays differ by rounding only: a fast wrong answer wins no race."""
    error = np.abs(actual - expected).max() / max(np.abs(expected).max(), 1e-30)
    if not error < 1e-4:
        raise AssertionError(f"differs from torch's by {error:.1e} of its largest entry")


def bare_product(layer: RacedLayer, seed: int = 0) -> Callable[[], object] | None:
    """Make the product of matrices that GEMM leaves to BLAS, as if its columns had always been there.

    Nothing is copied, checked or shared out, so nothing that multiplies all taps with BLAS can be faster. For groups,
    which are products of their own, and for columns of more than half a gigabyte it is None.
    """
    counts = functional.output_size(layer.size, layer.kernel, *hyperparameters(layer))
    inner = layer.in_channels * layer.kernel[0] * layer.kernel[1]
    positions = layer.batch * prod(counts)
    if layer.groups > 1 or inner * positions > 2**27:
        return None
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((layer.out_channels, inner), dtype=np.float32)
    columns = rng.standard_normal((inner, positions), dtype=np.float32)
    output = np.empty((layer.out_channels, positions), np.float32)
    return lambda: np.matmul(weight, columns, out=output)
