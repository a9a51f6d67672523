"""`windows` of chapter 6."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._layouts import CHAPTER, Layout, Pair, Size, gather, layout_of, pair, slips
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["from_assumed_strides", "windows"]


# (N, C, H, W), kernel_size, options, group: the smallest of a group first, as failures are told with the smallest.
# No image is square. Of the steps that a stride takes, 0, 1 and 2 pixels are left over.
WINDOWS: list[tuple[tuple[int, ...], Size, dict[str, Size], str]] = [
    ((1, 1, 2, 3), (1, 2), {}, "plain"),
    ((1, 1, 3, 2), (2, 1), {}, "plain"),
    ((1, 1, 3, 4), 2, {}, "plain"),
    ((1, 1, 2, 3), (2, 3), {}, "plain"),
    ((2, 1, 2, 3), (1, 2), {}, "plain"),
    ((1, 2, 3, 2), (2, 2), {}, "plain"),
    ((2, 2, 3, 4), 1, {}, "plain"),
    ((2, 3, 4, 5), (2, 3), {}, "plain"),
    ((3, 2, 5, 4), (4, 2), {}, "plain"),
    ((1, 1, 1, 4), (1, 2), {"stride": 2}, "stride and dilation"),
    ((1, 1, 1, 5), (1, 2), {"stride": (1, 2)}, "stride and dilation"),
    ((1, 1, 1, 4), (1, 2), {"dilation": (1, 2)}, "stride and dilation"),
    ((1, 1, 7, 4), (2, 1), {"stride": (3, 1)}, "stride and dilation"),
    ((2, 3, 5, 7), (3, 2), {"stride": (1, 3)}, "stride and dilation"),
    ((2, 1, 6, 7), (2, 3), {"dilation": (3, 2)}, "stride and dilation"),
    ((1, 2, 7, 9), (3, 2), {"stride": (2, 3), "dilation": (2, 1)}, "stride and dilation"),
]


def views(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, kernel_size, options, group in WINDOWS:
        values = integers if np.prod(shape) <= 12 else fractions
        yield Sample((values(rng, shape), kernel_size), options, group)
    # The options without their names: stride, then dilation.
    yield Sample((fractions(rng, (1, 2, 6, 5)), (2, 2), (1, 2), (3, 1)), group="stride and dilation")
    for _ in range(2):
        H, W = (int(v) for v in rng.permutation(4)[:2] + 5)
        stride, dilation = (int(v) for v in rng.integers(1, 4, 2))
        options = {"stride": stride, "dilation": (dilation, 1)}
        yield Sample((fractions(rng, (2, 1, H, W)), (2, 3)), options, "stride and dilation")
    for how in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (2, 1, 2, 3)), how), (2, 1)), group="arrays")
        yield Sample((lay_out(fractions(rng, (2, 3, 3, 4)), how), 2), group="arrays")
    yield Sample((fractions(rng, (1, 2, 2, 3), np.float32), (1, 2)), group="arrays")


def windows_in_torch(torch: Any, input: Any, kernel_size: Size, stride: Size = 1, dilation: Size = 1) -> Any:
    for axis, k, s, d in zip((2, 3), pair(kernel_size), pair(stride), pair(dilation)):
        input = input.unfold(axis, d * (k - 1) + 1, s)
    d_h, d_w = pair(dilation)
    return input[..., ::d_h, ::d_w]


def from_assumed_strides(input: np.ndarray, taps: Pair, layout: Layout, unit: int) -> np.ndarray:
    """The windows of somebody who takes neighbouring elements to lie `unit` bytes apart, and rows to be full.

    They are read from the array's own memory. Where that ends, reading goes on at the array's first element.
    """
    owner = input.base if isinstance(input.base, np.ndarray) else input
    start = input.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    memory = np.frombuffer(owner.tobytes("A"), dtype=np.uint8)[start:]
    elements = gather(np.arange(input.size).reshape(input.shape), taps, layout)
    bytes_of_each = elements[..., None] * unit + np.arange(input.itemsize)
    return memory[bytes_of_each % memory.size].view(input.dtype)[..., 0]


def _windows(
    name: str,
    explanation: str,
    function: Callable[[np.ndarray, Pair, Layout], np.ndarray],
    group: str = "plain",
) -> Mistake:
    """A mistake as a function of the input, (kh, kw) and the layout."""

    def mistaken(input: np.ndarray, kernel_size: Size, stride: Size = 1, dilation: Size = 1) -> np.ndarray:
        return function(input, pair(kernel_size), layout_of(stride, 0, dilation))

    return Mistake(name, explanation, mistaken, group)


windows = Exercise(
    name="windows",
    chapter=CHAPTER,
    parameters=("input", "kernel_size", "stride", "dilation"),
    groups={"plain": 1, "stride and dilation": 1, "arrays": 1},
    difficulty=3,
    minutes=15,
    samples=views,
    oracle=windows_in_torch,
    oracle_name="torch.Tensor.unfold",
    results=("windows",),
    linear=("input",),
    mistakes=(
        _windows(
            "strides in elements",
            "You count strides in elements. NumPy counts them in bytes: start from input.strides.",
            lambda input, taps, layout: from_assumed_strides(input, taps, layout, unit=1),
        ),
        _windows(
            "contiguous memory assumed",
            "You work the strides out from the shape, as if the elements lay one after the other in memory. "
            "In a view they may lie otherwise: start from input.strides.",
            lambda input, taps, layout: from_assumed_strides(input, taps, layout, unit=input.itemsize),
            "arrays",
        ),
        _windows(
            "taps before places",
            "Your axes are (N, C, kh, kw, H_out, W_out). Here the places come before the taps: "
            "(N, C, H_out, W_out, kh, kw).",
            lambda input, taps, layout: gather(input, taps, layout).transpose(0, 1, 4, 5, 2, 3),
        ),
        _windows(
            "columns before rows in the window",
            "Your windows lie on their side: the last two axes are (kh, kw), the rows of a window before "
            "its columns.",
            lambda input, taps, layout: gather(input, taps, layout).swapaxes(4, 5),
        ),
        _windows(
            "columns before rows of places",
            "Your places lie on their side: axes 2 and 3 are (H_out, W_out), down before across.",
            lambda input, taps, layout: gather(input, taps, layout).swapaxes(2, 3),
        ),
        _windows(
            "last places lost",
            "You count the steps of a window, not its places: after dividing by the stride, add 1.",
            lambda input, taps, layout: gather(input, taps, layout)[:, :, :-1, :-1],
        ),
        _windows(
            "square window",
            "You use the window's height for its width too. It has kh rows and kw columns.",
            lambda input, taps, layout: gather(input, (taps[0], taps[0]), layout),
        ),
        _windows(
            "windows side by side",
            "Your windows lie side by side and share no pixel. They start `stride` apart, and that is 1 if "
            "nothing is said.",
            lambda input, taps, layout: gather(input, taps, layout._replace(stride=taps)),
        ),
        *slips(_windows, gather, {"stride": "stride and dilation", "dilation": "stride and dilation"}),
    ),
)
