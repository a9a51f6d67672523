"""A convolution computed from a rule that says which pixels its windows cover.

Most mistakes of chapters 4 and 5, and many of later ones, are a rule of one line or a changed argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from convlab.checks.exercise import Mistake
from convlab.checks.exercises._padded import Pads, Pair, pair, take
from convlab.checks.exercises._same import resolving

__all__ = [
    "ANYWHERE",
    "PADDING",
    "PAIRS",
    "STRIDE",
    "Axis",
    "Call",
    "computing",
    "convolve",
    "first",
    "given",
    "operator",
    "swapped",
    "takes_kernels_for_square",
]


class Axis(NamedTuple):
    """One axis of a convolution. A rule says which pixels its windows cover: Axis -> indices (places, taps)."""

    size: int
    taps: int
    stride: int
    before: int
    after: int
    dilation: int

    @property
    def way(self) -> int:
        """How far it is from the window's first place to the last one."""
        return self.size + self.before + self.after - self.dilation * (self.taps - 1) - 1

    @property
    def places(self) -> int:
        return self.way // self.stride + 1

    def covered(self, count: int | None = None) -> np.ndarray:
        """The right rule: tap i of window y lies on pixel y * stride - before + i * dilation."""
        starts = np.arange(self.places if count is None else count) * self.stride - self.before
        return starts[:, None] + np.arange(self.taps) * self.dilation


Rule = Callable[[Axis], np.ndarray]


class Call(NamedTuple):
    """The arguments of conv2d; conv2d_strided has no dilation, which is then 1."""

    input: np.ndarray
    weight: np.ndarray
    bias: np.ndarray | None = None
    stride: int | Pair = 1
    padding: int | Pair | str = 0
    dilation: int | Pair = 1


def convolve(call: Call, rule: Rule = Axis.covered, resolve: Callable[..., Pads] | None = None) -> np.ndarray:
    """conv2d, where `rule` says what the windows cover, and `resolve` how many zeros stand around the images."""
    input, weight, bias, stride, padding, dilation = call
    (s_h, s_w), (d_h, d_w) = pair(stride), pair(dilation)
    (top, bottom), (left, right) = (resolve or resolving())(padding, weight.shape[2:], dilation)
    rows = rule(Axis(input.shape[2], weight.shape[2], s_h, top, bottom, d_h))
    columns = rule(Axis(input.shape[3], weight.shape[3], s_w, left, right, d_w))
    windows = take(input, rows[:, None, :, None], columns[None, :, None, :])
    output: np.ndarray = np.einsum("ncyxij,ocij->noyx", windows, weight)
    return output if bias is None else output + bias[:, None, None]


def computing(function: Callable[[Call], np.ndarray]) -> Callable[..., np.ndarray]:
    """`function`, called as students call conv2d."""
    return lambda *args, **options: function(Call(*args, **options))


def operator(
    rule: Rule = Axis.covered, resolve: Callable[..., Pads] | None = None
) -> Callable[..., np.ndarray]:
    """conv2d with a mistaken rule for its windows, or for its padding."""
    return computing(lambda call: convolve(call, rule, resolve))


def given(**changes: Callable[[Any], Any]) -> Callable[..., np.ndarray]:
    """conv2d of changed arguments: `given(stride=swapped)`."""
    return computing(
        lambda call: convolve(
            call._replace(**{name: change(getattr(call, name)) for name, change in changes.items()})
        )
    )


def clamps_the_start(axis: Axis) -> np.ndarray:
    pixels = axis.covered()
    moved: np.ndarray = pixels + np.maximum(-pixels[:, :1], 0)
    return moved


def wraps_around(axis: Axis) -> np.ndarray:
    pixels = axis.covered()
    return np.where(pixels < 0, pixels % axis.size, pixels)


def steps_over_a_full_output(call: Call) -> np.ndarray:
    s_h, s_w = pair(call.stride)
    everywhere = convolve(call._replace(bias=None, stride=1))
    output = np.zeros(everywhere.shape)
    output[..., ::s_h, ::s_w] = everywhere[..., ::s_h, ::s_w]
    return output if call.bias is None else output + call.bias[:, None, None]


def steps_over_the_output(call: Call) -> np.ndarray:
    H_out, W_out = convolve(call).shape[2:]
    return steps_over_a_full_output(call)[..., :H_out, :W_out]


def takes_kernels_for_square(call: Call) -> np.ndarray:
    """As many columns as rows: those beyond the kernel's are zero, those beyond its height are not read."""
    C_out, C_in, k, kw = call.weight.shape
    square = np.zeros((C_out, C_in, k, k), call.weight.dtype)
    square[..., :kw] = call.weight[..., :k]
    return convolve(call._replace(weight=square))


def adds_the_bias_with_every_tap(call: Call) -> np.ndarray:
    return convolve(call._replace(bias=None if call.bias is None else call.bias * call.weight[0].size))


def keeps_integers(call: Call) -> np.ndarray:
    return convolve(call).astype(call.input.dtype)


def _in_out(weight: np.ndarray) -> np.ndarray:
    C_out, C_in, kh, kw = weight.shape
    return weight.reshape(C_in, C_out, kh, kw).swapaxes(0, 1)


# The mistakes of `conv2d_strided` and of `conv2d`: with any options, with strides, with padding, with pairs of them.
ANYWHERE = (
    Mistake(
        "flipped kernel",
        "Your numbers are those of a convolution: every kernel is flipped. Cross-correlation reads it as it is.",
        given(weight=lambda weight: weight[:, :, ::-1, ::-1]),
    ),
    Mistake(
        "first channel only",
        "Only channel 0 of the input is in your sums. Every channel counts: add up over all c.",
        given(input=lambda input: input[:, :1], weight=lambda weight: weight[:, :1]),
    ),
    Mistake(
        "weight read as [in, out]",
        "You read weight as (C_in, C_out, kh, kw). Its first axis counts the output's channels: (C_out, C_in, kh, kw).",
        given(weight=_in_out),
    ),
    Mistake(
        "first image for all",
        "Every output of the batch is made from input[0]. Output n belongs to image n: input[n].",
        given(input=lambda input: np.repeat(input[:1], len(input), axis=0)),
    ),
    Mistake(
        "bias forgotten",
        "The bias is missing: bias[o] is added to every entry of output channel o.",
        given(bias=lambda bias: None),
    ),
    Mistake(
        "bias once per tap",
        "You add the bias with every product. It is added once to each entry, outside the sum.",
        computing(adds_the_bias_with_every_tap),
    ),
    Mistake(
        "last row and column lost",
        "Your window stops one place too early both ways. You count its steps; count its places: "
        "the first one comes before any step.",
        operator(lambda axis: axis.covered()[:-1]),
    ),
    Mistake(
        "output made like the input",
        "Your output takes the input's dtype, so for images of integers every fraction is cut off.",
        computing(keeps_integers),
    ),
    Mistake(
        "padded copy of integers",
        "Your padded copy holds integers, so fractions of the image are cut off before the sum: "
        "np.zeros makes floats if it is given no dtype.",
        given(input=lambda input: input.astype(np.int64)),
    ),
)

STRIDE = (
    Mistake(
        "index not multiplied",
        "Your windows start at y and x. Window y starts at y * stride: multiply the index by the stride.",
        operator(lambda axis: axis._replace(stride=1).covered(axis.places)),
        "stride",
    ),
    Mistake(
        "steps over a full output",
        "Your output is as large as with stride 1, and your loop over it steps by the stride. "
        "It has one entry for each window: let y count windows, and start window y at y * stride.",
        computing(steps_over_a_full_output),
        "stride",
    ),
    Mistake(
        "steps over the output",
        "Your loop over the output steps by the stride, so entries are left out. Fill every y and x: "
        "window y starts at y * stride.",
        computing(steps_over_the_output),
        "stride",
    ),
    Mistake(
        "rounds up",
        "You round the number of places up. A last step that does not fit is not taken: round down.",
        operator(lambda axis: axis.covered(-(-axis.way // axis.stride) + 1)),
        "stride",
    ),
    Mistake(
        "one added before dividing",
        "You divide the number of places by the stride. Divide the way from the first place to the last "
        "(places - 1), then add 1.",
        operator(lambda axis: axis.covered((axis.way + 1) // axis.stride)),
        "stride",
    ),
)

PADDING = (
    Mistake(
        "start clamped to 0",
        "Your numbers are those of windows whose start is clamped to 0. At the edge a window starts before the image, "
        "at -padding, and reads zeros there.",
        operator(clamps_the_start),
        "padding",
    ),
    Mistake(
        "edge repeated",
        "Beyond the edge you read the nearest pixel of the image. Zeros stand there.",
        operator(lambda axis: axis.covered().clip(0, axis.size - 1)),
        "padding",
    ),
    Mistake(
        "wraps around",
        "Before the image your indices are negative, and Python then reads from the other end of the array. "
        "Zeros stand there.",
        operator(wraps_around),
        "padding",
    ),
    Mistake(
        "original read",
        "Your numbers are those of padding 0. If you made a padded copy, read the windows from it, not from input.",
        given(padding=lambda padding: 0),
        "padding",
    ),
    Mistake(
        "places counted without the padding",
        "Your output is counted without the padding. The padded image is top + H + bottom rows high "
        "and left + W + right columns wide.",
        operator(lambda axis: axis.covered(axis._replace(before=0, after=0).places)),
        "padding",
    ),
    Mistake(
        "top and left only",
        "You put zeros at the top and at the left only. They go to both ends: to the bottom and to the right, too.",
        operator(lambda axis: axis._replace(after=0).covered()),
        "padding",
    ),
    Mistake(
        "two zeros in all",
        "You add one row or column of zeros at each end, two in all, even where padding says more.",
        operator(lambda axis: axis._replace(before=min(axis.before, 1), after=min(axis.after, 1)).covered()),
        "padding",
    ),
)


def swapped(value: Any) -> Any:
    return value[::-1] if isinstance(value, tuple) else value


def first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value


PAIRS = (
    Mistake(
        "stride swapped",
        "You swap the two strides. The first, s_h, is the step down, the second, s_w, the step to the right.",
        given(stride=swapped),
        "pairs",
    ),
    Mistake(
        "padding swapped",
        "You swap the two paddings. The first, p_h, is rows at the top and at the bottom, "
        "the second, p_w, columns at the left and at the right.",
        given(padding=swapped),
        "pairs",
    ),
    Mistake(
        "one stride for both axes",
        "You use the stride of the rows for the columns too. Of (s_h, s_w) the second is the step to the right.",
        given(stride=first),
        "pairs",
    ),
    Mistake(
        "one padding for both axes",
        "You use the padding of the rows for the columns too. Of (p_h, p_w) the second is for left and right.",
        given(padding=first),
        "pairs",
    ),
)
