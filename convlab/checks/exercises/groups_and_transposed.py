"""Chapter 9, groups and transposed convolution: `conv2d_grouped`, `conv_transpose2d`.

A grouped weight is a whole one with zeros where channels do not meet. So most mistakes are a rule that says which
channels meet; the sums are those of the mistakes of chapters 5 and 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises.backprop import input_gradient
from convlab.checks.exercises.matrix_product import (
    Layout,
    Pair,
    Size,
    clamped,
    exchanged,
    layout_of,
    pair,
    place,
    undilated,
    unpadded,
    unstrided,
)
from convlab.checks.exercises.stride_and_padding import operator, swapped
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["EXERCISES"]

CHAPTER = "09_groups_and_transposed"

Options = dict[str, Any]
# input (N, C_in, H, W), (number of filters, or of output channels of one group, kh, kw), options.
Row = tuple[tuple[int, int, int, int], tuple[int, int, int], Options]


# ---------------------------------------------------------------- which channels meet


class Groups(NamedTuple):
    """How many channels one group has on either side, and how many groups there are.

    `many` are the channels that weight's first axis counts, of all groups; `few` those of its second, of one group.
    """

    many: int
    few: int
    groups: int

    @property
    def mine(self) -> int:
        """How many of `many` belong to one group."""
        return self.many // self.groups


Meet = Callable[[Groups, int, int], int]


def own_group(of: Groups, m: int, f: int) -> int:
    """The channel on the other side that kernel weight[m, f] leads to."""
    return m // of.mine * of.few + f


def first_group(of: Groups, m: int, f: int) -> int:
    return f


def many_dealt_out(of: Groups, m: int, f: int) -> int:
    return m % of.groups * of.few + f


def few_dealt_out(of: Groups, m: int, f: int) -> int:
    return f * of.groups + m // of.mine


def all_dealt_out(of: Groups, m: int, f: int) -> int:
    return f * of.groups + m % of.groups


def one_further(of: Groups, m: int, f: int) -> int:
    return m // of.mine + f


def whole(weight: np.ndarray, groups: int, meet: Meet = own_group) -> np.ndarray:
    """The weight of one group that computes the same: zeros where channels do not meet."""
    many, few, *taps = weight.shape
    result = np.zeros((many, few * groups, *taps))
    for m, f in product(range(many), range(few)):
        result[m, meet(Groups(many, few, groups), m, f)] += weight[m, f]
    return result


def draw_call(
    rng: np.random.Generator, row: Row, transposed: bool = False, with_bias: bool = False
) -> Sample:
    """The arrays of one row of a table: small integers in small images, else fractions.

    Always float64: what may be called here of convlab takes arrays of one dtype only, and the arrays of zeros that
    somebody makes for it are float64 if nothing else is said.
    """
    input_size, (channels, kh, kw), options = row
    C_in, groups = input_size[1], options.get("groups", 1)
    few = (C_in, channels) if transposed else (channels, C_in // groups)
    C_out = channels * groups if transposed else channels
    values = integers if np.prod(input_size) <= 12 else fractions
    arrays = [values(rng, input_size, np.float64), values(rng, (*few, kh, kw), np.float64)]
    if with_bias:
        arrays.append(values(rng, C_out, np.float64))
    return Sample(tuple(arrays), options)


def in_group(sample: Sample, group: str) -> Sample:
    return Sample(sample.args, sample.kwargs, group)


# ---------------------------------------------------------------- conv2d_grouped

# The smallest first. Groups of one channel and of several, on either side; numbers of channels that are equal, and
# multiples of each other.
GROUPED: dict[str, list[Row]] = {
    "one group": [
        ((1, 1, 1, 2), (1, 1, 1), {}),
        ((1, 1, 3, 2), (1, 2, 1), {}),
        ((1, 2, 1, 2), (2, 1, 1), {"groups": 1}),
        ((2, 1, 1, 3), (1, 1, 2), {}),
        ((2, 3, 2, 4), (2, 2, 3), {}),
    ],
    "several groups": [
        ((1, 2, 1, 1), (2, 1, 1), {"groups": 2}),
        ((1, 4, 1, 1), (2, 1, 1), {"groups": 2}),
        ((1, 4, 1, 2), (4, 1, 1), {"groups": 2}),
        ((1, 4, 1, 2), (6, 1, 2), {"groups": 2}),
        ((1, 6, 2, 1), (3, 1, 1), {"groups": 3}),
        ((2, 4, 3, 4), (2, 2, 3), {"groups": 2}),
        ((1, 6, 3, 2), (4, 2, 1), {"groups": 2}),
        ((2, 6, 2, 3), (9, 1, 2), {"groups": 3}),
    ],
    "depthwise": [
        ((1, 2, 1, 2), (2, 1, 2), {"groups": 2}),
        ((1, 2, 1, 1), (4, 1, 1), {"groups": 2}),
        ((1, 3, 1, 2), (3, 1, 1), {"groups": 3}),
        ((2, 3, 4, 3), (3, 3, 2), {"groups": 3}),
        ((1, 2, 3, 4), (6, 2, 3), {"groups": 2}),
        ((2, 4, 2, 3), (8, 2, 2), {"groups": 4}),
    ],
    "options": [
        ((1, 1, 1, 3), (1, 1, 1), {"stride": 2}),
        ((1, 1, 1, 2), (1, 1, 2), {"padding": 1}),
        ((1, 1, 1, 4), (1, 1, 2), {"dilation": 2}),
        ((1, 2, 1, 5), (2, 1, 2), {"groups": 2, "stride": (1, 2)}),
        ((1, 2, 2, 3), (2, 2, 2), {"groups": 2, "padding": (1, 0)}),
        ((1, 2, 3, 2), (4, 2, 2), {"groups": 2, "dilation": (2, 1)}),
        ((2, 4, 5, 7), (2, 2, 3), {"groups": 2, "stride": (3, 2), "padding": (1, 2)}),
        ((1, 3, 4, 3), (6, 2, 2), {"groups": 3, "stride": 2, "padding": (2, 1), "dilation": (1, 2)}),
        ((1, 6, 5, 4), (4, 3, 2), {"groups": 2, "stride": (2, 1), "dilation": (2, 3)}),
    ],
}


def grouped_calls(rng: np.random.Generator) -> Iterator[Sample]:
    for group, rows in GROUPED.items():
        for number, row in enumerate(rows):
            yield in_group(draw_call(rng, row, with_bias=number % 2 == 1), group)
    plain = draw_call(rng, ((1, 4, 2, 3), (2, 1, 2), {}))
    yield Sample((*plain.args, None, (1, 2), (1, 0), 1, 1), group="one group")
    positional = draw_call(rng, ((1, 4, 3, 4), (6, 2, 1), {"groups": 2}), with_bias=True)
    yield Sample((*positional.args, (2, 1), (1, 2), (1, 3), 2), group="options")
    for _ in range(2):
        groups, few, mine = (int(v) for v in rng.permutation(3)[:3] + 1)
        groups += groups == 1
        (kh, s_h, d_h), (kw, s_w, d_w) = ((int(v) for v in rng.integers(1, 4, size=3)) for _ in range(2))
        p_h, p_w = (int(v) for v in rng.permutation(3)[:2])
        H, W = d_h * (kh - 1) + int(rng.integers(1, 4)), d_w * (kw - 1) + int(rng.integers(1, 4))
        drawn = {"stride": (s_h, s_w), "padding": (p_h, p_w), "dilation": (d_h, d_w), "groups": groups}
        row = ((1, few * groups, H, W), (mine * groups, kh, kw), drawn)
        yield in_group(draw_call(rng, row, with_bias=True), "options")
    for how in LAYOUTS[1:]:
        arrays = draw_call(rng, ((1, 4, 2, 3), (2, 1, 2), {"groups": 2})).args
        yield Sample(tuple(lay_out(a, how) for a in arrays), {"groups": 2}, "several groups")


class Grouped(NamedTuple):
    """The arguments of conv2d_grouped."""

    input: np.ndarray
    weight: np.ndarray
    bias: np.ndarray | None = None
    stride: Size = 1
    padding: Size = 0
    dilation: Size = 1
    groups: int = 1

    @property
    def mine(self) -> int:
        """How many filters a group has."""
        return len(self.weight) // self.groups


def correlate(call: Grouped, meet: Meet = own_group) -> np.ndarray:
    """conv2d_grouped, where `meet` says which channel a kernel lies on."""
    weight = whole(call.weight, call.groups, meet)
    output: np.ndarray = operator()(call.input, weight, call.bias, call.stride, call.padding, call.dilation)
    return output


def with_bias_after(
    call: Grouped, change: Callable[[np.ndarray], np.ndarray], bias: np.ndarray | None
) -> np.ndarray:
    output = change(correlate(call._replace(bias=None)))
    return output if bias is None else output + bias[:, None, None]


def puts_groups_in_turn(call: Grouped) -> np.ndarray:
    """Stacks the outputs of the groups on an axis after their channels, then makes one axis of the two."""

    def interleaved(output: np.ndarray) -> np.ndarray:
        N, C_out, H_out, W_out = output.shape
        split = output.reshape(N, call.groups, call.mine, H_out, W_out)
        return split.swapaxes(1, 2).reshape(output.shape)

    return with_bias_after(call, interleaved, call.bias)


def adds_the_groups_up(call: Grouped) -> np.ndarray:
    def added(output: np.ndarray) -> np.ndarray:
        N, _, H_out, W_out = output.shape
        total: np.ndarray = output.reshape(N, call.groups, call.mine, H_out, W_out).sum(1)
        return total

    return with_bias_after(call, added, None if call.bias is None else call.bias[: call.mine])


def one_filter_per_group(call: Grouped) -> np.ndarray:
    weight = call.weight[: call.groups]
    return correlate(
        call._replace(weight=weight, bias=None if call.bias is None else call.bias[: call.groups])
    )


def first_groups_filters(call: Grouped) -> np.ndarray:
    return correlate(call._replace(weight=np.concatenate([call.weight[: call.mine]] * call.groups)))


def first_groups_bias(call: Grouped) -> np.ndarray:
    return correlate(
        call._replace(bias=None if call.bias is None else np.tile(call.bias[: call.mine], call.groups))
    )


def changed(**changes: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same call with other arguments: `changed(stride=swapped)`."""
    return lambda call: call._replace(
        **{name: change(getattr(call, name)) for name, change in changes.items()}
    )


def _grouped(
    name: str, explanation: str, function: Callable[[Grouped], np.ndarray], group: str = "several groups"
) -> Mistake:
    """A mistake as a function of the call."""
    return Mistake(name, explanation, lambda *args, **kwargs: function(Grouped(*args, **kwargs)), group)


def _given(name: str, explanation: str, group: str, **changes: Callable[[Any], Any]) -> Mistake:
    change = changed(**changes)
    return _grouped(name, explanation, lambda call: correlate(change(call)), group)


FLIPPED = (
    "Your numbers are those of a convolution: every kernel is flipped. Cross-correlation reads it as it is."
)

conv2d_grouped = Exercise(
    name="conv2d_grouped",
    chapter=CHAPTER,
    parameters=Grouped._fields,
    groups={"one group": 1, "several groups": 1, "depthwise": 1, "options": 1},
    difficulty=3,
    minutes=20,
    samples=grouped_calls,
    oracle=lambda torch, *args, **kwargs: torch.nn.functional.conv2d(*args, **kwargs),
    oracle_name="torch.nn.functional.conv2d",
    linear=("input", "weight"),
    allowed=(
        "functional.conv2d with groups=1",
        "functional.output_size",
        "functional.pad",
        "functional.unfold",
    ),
    mistakes=(
        _grouped(
            "first group's channels for all",
            "Every filter reads the input channels of group 0. Group g reads C_in // groups channels from "
            "g * (C_in // groups) on.",
            lambda call: correlate(call, first_group),
        ),
        _grouped(
            "start not multiplied",
            "Your group g reads from input channel g on. Each group before it has C_in // groups channels: start at "
            "g * (C_in // groups).",
            lambda call: correlate(call, one_further),
        ),
        _grouped(
            "filters dealt out in turn",
            "You deal the filters out to the groups in turn, o % groups. Filters of one group stand side by side: "
            "filter o belongs to group o // (C_out // groups).",
            lambda call: correlate(call, many_dealt_out),
        ),
        _grouped(
            "channels dealt out in turn",
            "Your group g reads every groups-th channel. Channels of one group stand side by side: "
            "from g * (C_in // groups) on.",
            lambda call: correlate(call, few_dealt_out),
        ),
        _grouped(
            "everything dealt out in turn",
            "You deal filters and channels out to the groups in turn. Those of one group stand side by side, "
            "on both sides.",
            lambda call: correlate(call, all_dealt_out),
        ),
        _grouped(
            "outputs in turn",
            "Your output channels take turns: one of each group, then the next of each. All channels of group 0 "
            "come first, then those of group 1.",
            puts_groups_in_turn,
        ),
        _grouped(
            "groups added up",
            "You add the outputs of the groups up. They stand one behind the other: C_out channels in all.",
            adds_the_groups_up,
        ),
        _grouped(
            "one filter per group",
            "You use one filter for each group. A group has C_out // groups of them, and the output C_out channels.",
            one_filter_per_group,
            "depthwise",
        ),
        _grouped(
            "first group's filters for all",
            "Every group uses the filters of group 0. Group g has filters of its own: C_out // groups of them, from "
            "g * (C_out // groups) on.",
            first_groups_filters,
        ),
        _grouped(
            "first group's bias for all",
            "Every group gets the bias of group 0. bias[o] belongs to output channel o, counted over all groups.",
            first_groups_bias,
        ),
        _given(
            "bias forgotten",
            "The bias is missing: bias[o] is added to every entry of output channel o.",
            "one group",
            bias=lambda bias: None,
        ),
        _grouped(
            "bias once per group",
            "You add the bias once for every group. It is added once to each entry.",
            lambda call: correlate(
                call._replace(bias=None if call.bias is None else call.bias * call.groups)
            ),
        ),
        _given(
            "flipped kernel",
            FLIPPED,
            "one group",
            weight=lambda weight: weight[:, :, ::-1, ::-1],
        ),
        _given(
            "first image for all",
            "Every output of the batch is made from input[0]. Output n belongs to image n: input[n].",
            "one group",
            input=lambda input: np.repeat(input[:1], len(input), axis=0),
        ),
        _given("stride ignored", "Your numbers are those of stride 1.", "options", stride=lambda stride: 1),
        _given(
            "padding ignored", "Your numbers are those of padding 0.", "options", padding=lambda padding: 0
        ),
        _given(
            "dilation ignored",
            "Your numbers are those of dilation 1. Neighbouring taps stand dilation apart.",
            "options",
            dilation=lambda dilation: 1,
        ),
        *(
            _given(
                f"{option} swapped",
                f"In a pair such as {option}=(2, 1) you take the second number for the rows. "
                "The first is for the rows, the second for the columns.",
                "options",
                **{option: swapped},
            )
            for option in ("stride", "padding", "dilation")
        ),
    ),
)


# ---------------------------------------------------------------- conv_transpose2d

# The smallest first. Kernels larger and smaller than the stride, multiples of it and not; output_padding less than
# padding and more.
TRANSPOSED: dict[str, list[Row]] = {
    "plain": [
        ((1, 1, 1, 2), (1, 1, 1), {}),
        ((1, 1, 1, 1), (1, 1, 2), {}),
        ((1, 1, 1, 2), (1, 1, 2), {}),
        ((1, 1, 2, 1), (1, 2, 1), {}),
        ((1, 1, 1, 2), (2, 1, 1), {}),
        ((1, 2, 1, 2), (1, 1, 1), {}),
        ((2, 1, 1, 2), (1, 1, 1), {}),
        ((1, 2, 1, 1), (2, 1, 1), {}),
        ((1, 1, 2, 3), (1, 2, 2), {}),
        ((2, 3, 2, 3), (2, 2, 3), {}),
        ((1, 2, 3, 2), (3, 3, 1), {}),
    ],
    "stride": [
        ((1, 1, 1, 2), (1, 1, 1), {"stride": 2}),
        ((1, 1, 1, 2), (1, 1, 3), {"stride": 2}),
        ((1, 1, 1, 2), (1, 1, 2), {"dilation": 2}),
        ((1, 1, 2, 1), (1, 2, 1), {"stride": 3}),
        ((1, 1, 2, 3), (1, 2, 2), {"stride": (2, 1)}),
        ((1, 1, 2, 3), (1, 2, 3), {"dilation": (3, 1)}),
        ((2, 2, 2, 3), (3, 3, 2), {"stride": (3, 2), "dilation": (1, 2)}),
        ((1, 3, 3, 2), (2, 2, 3), {"stride": 2, "dilation": 3}),
    ],
    "padding": [
        ((1, 1, 1, 3), (1, 1, 2), {"padding": (0, 1)}),
        ((1, 1, 3, 2), (1, 1, 2), {"padding": (1, 0)}),
        ((1, 1, 1, 1), (1, 1, 1), {"stride": 2, "output_padding": 1}),
        ((1, 1, 1, 2), (1, 1, 3), {"stride": 2, "padding": (0, 1), "output_padding": (0, 1)}),
        ((1, 1, 2, 1), (1, 3, 2), {"stride": 3, "padding": (1, 0), "output_padding": (2, 0)}),
        ((1, 1, 3, 2), (1, 3, 3), {"padding": 1}),
        ((1, 1, 2, 3), (1, 2, 2), {"dilation": (2, 1), "output_padding": (1, 0)}),
        ((2, 2, 3, 4), (3, 3, 4), {"stride": 2, "padding": (2, 1), "output_padding": 1}),
        ((1, 3, 3, 2), (2, 4, 3), {"stride": (2, 3), "padding": (1, 2), "output_padding": (0, 2)}),
    ],
    "groups": [
        ((1, 2, 1, 1), (1, 1, 1), {"groups": 2}),
        ((1, 2, 1, 1), (2, 1, 1), {"groups": 2}),
        ((1, 4, 1, 1), (1, 1, 1), {"groups": 2}),
        ((1, 4, 1, 2), (2, 1, 2), {"groups": 2}),
        ((1, 4, 2, 1), (3, 1, 1), {"groups": 2}),
        ((1, 3, 2, 3), (1, 2, 2), {"groups": 3, "stride": 2}),
        (
            (2, 6, 3, 2),
            (2, 2, 3),
            {"groups": 3, "stride": (1, 2), "padding": (0, 1), "output_padding": (0, 1)},
        ),
    ],
}


def transposed_calls(rng: np.random.Generator) -> Iterator[Sample]:
    for group, rows in TRANSPOSED.items():
        for number, row in enumerate(rows):
            yield in_group(draw_call(rng, row, transposed=True, with_bias=number % 2 == 1), group)
    plain = draw_call(rng, ((1, 2, 2, 3), (2, 2, 1), {}), transposed=True)
    yield Sample(plain.args, {"bias": None})
    positional = draw_call(rng, ((1, 4, 2, 3), (3, 2, 1), {"groups": 2}), transposed=True, with_bias=True)
    yield Sample((*positional.args, (3, 2), (1, 0), (2, 1), 2, (2, 3)), group="groups")
    for _ in range(2):
        groups, C_in, C_out = (int(v) for v in rng.permutation(3)[:3] + 1)
        stride, dilation = _some(rng, 4), _some(rng, 4)
        kernel = _some(rng, 4)
        most = [max(s, d) - 1 for s, d in zip(stride, dilation)]
        extra = tuple(int(v) for v in rng.integers(0, np.add(most, 1)))
        padding = tuple(int(v) for v in rng.integers(0, 2, size=2))
        drawn = {"stride": stride, "padding": padding, "output_padding": extra}
        drawn |= {"dilation": dilation, "groups": groups}
        row = ((1, C_in * groups, 3, 4), (C_out, *kernel), drawn)
        yield in_group(draw_call(rng, row, transposed=True, with_bias=True), "groups")
    for how in LAYOUTS[1:]:
        arrays = draw_call(rng, ((1, 2, 2, 3), (2, 2, 2), {}), transposed=True).args
        yield Sample(tuple(lay_out(a, how) for a in arrays))


def _some(rng: np.random.Generator, most: int) -> Pair:
    rows, columns = (int(v) for v in rng.integers(1, most, size=2))
    return rows, columns


class Transposed(NamedTuple):
    """The arguments of conv_transpose2d."""

    input: np.ndarray
    weight: np.ndarray
    bias: np.ndarray | None = None
    stride: Size = 1
    padding: Size = 0
    output_padding: Size = 0
    groups: int = 1
    dilation: Size = 1

    @property
    def layout(self) -> Layout:
        """How the windows of the conv2d lie of which this is the adjoint."""
        return layout_of(self.stride, self.padding, self.dilation)

    @property
    def size(self) -> Pair:
        least = self.layout.least_size(self.input.shape[2:], self.weight.shape[2:])
        rows, columns = (n + extra for n, extra in zip(least, pair(self.output_padding)))
        return rows, columns


Place = Callable[[int, int, int, int, int], int]


def stamp(
    call: Transposed,
    meet: Meet = own_group,
    place: Place = place,
    size: Callable[[Transposed], Pair] = lambda call: call.size,
    keep: str = "sum",
) -> np.ndarray:
    """conv_transpose2d, where `meet` says which channel a kernel adds to, and `place` where a tap lands."""
    weight = whole(call.weight, call.groups, meet)
    shape = (len(call.input), weight.shape[1], *size(call))
    output = input_gradient(shape, weight, call.input, call.layout._replace(place=place), keep)
    return output if call.bias is None else output + call.bias[:, None, None]


def sized(change: Callable[[int, int, int, int, int, int], int]) -> Callable[[Transposed], Pair]:
    """What is added to the right size of an axis, from its n, k, s, p, d and e (output_padding)."""

    def size(call: Transposed) -> Pair:
        axes = zip(call.input.shape[2:], call.weight.shape[2:], *call.layout[:3], pair(call.output_padding))
        rows, columns = (
            max(right + change(n, k, s, p, d, e), 0) for right, (n, k, s, p, d, e) in zip(call.size, axes)
        )
        return rows, columns

    return size


def puts_zeros_around_the_output(call: Transposed) -> np.ndarray:
    p_h, p_w = pair(call.padding)
    output = stamp(call._replace(bias=None, padding=0))
    output = np.pad(output, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    return output if call.bias is None else output + call.bias[:, None, None]


def cut_then_lengthened(call: Transposed) -> np.ndarray:
    e_h, e_w = pair(call.output_padding)
    output = stamp(call._replace(bias=None, output_padding=0))
    output = np.pad(output, ((0, 0), (0, 0), (0, e_h), (0, e_w)))
    return output if call.bias is None else output + call.bias[:, None, None]


def lengthened_after_the_bias(call: Transposed) -> np.ndarray:
    e_h, e_w = pair(call.output_padding)
    return np.pad(stamp(call._replace(output_padding=0)), ((0, 0), (0, 0), (0, e_h), (0, e_w)))


def lengthened_in_front(call: Transposed) -> np.ndarray:
    e_h, e_w = pair(call.output_padding)
    p_h, p_w = pair(call.padding)
    return stamp(call._replace(padding=(p_h - e_h, p_w - e_w), output_padding=(-e_h, -e_w)))


def adds_the_output_groups_up(call: Transposed) -> np.ndarray:
    bias = None if call.bias is None else call.bias[: call.weight.shape[1]]
    output = stamp(call._replace(bias=None), first_group)[:, : call.weight.shape[1]]
    return output if bias is None else output + bias[:, None, None]


def first_groups_kernels(call: Transposed) -> np.ndarray:
    weight = call.weight[: len(call.weight) // call.groups]
    return stamp(call._replace(weight=np.concatenate([weight] * call.groups)))


def first_output_groups_bias(call: Transposed) -> np.ndarray:
    few = call.weight.shape[1]
    return stamp(call._replace(bias=None if call.bias is None else np.tile(call.bias[:few], call.groups)))


def reads_out_in(call: Transposed) -> np.ndarray:
    """A reshape only renumbers the axes; where they are equally long it is no change, and the swap is all."""
    many, few, *taps = call.weight.shape
    return stamp(call._replace(weight=call.weight.reshape(few, many, *taps).swapaxes(0, 1)))


def _transposed(
    name: str, explanation: str, function: Callable[[Transposed], np.ndarray], group: str = "plain"
) -> Mistake:
    """A mistake as a function of the call."""
    return Mistake(name, explanation, lambda *args, **kwargs: function(Transposed(*args, **kwargs)), group)


def _called(name: str, explanation: str, group: str, **changes: Callable[[Any], Any]) -> Mistake:
    change = changed(**changes)
    return _transposed(name, explanation, lambda call: stamp(change(call)), group)


def _placed(name: str, explanation: str, group: str, place: Place) -> Mistake:
    return _transposed(name, explanation, lambda call: stamp(call, place=place), group)


def _sized(
    name: str, explanation: str, group: str, change: Callable[[int, int, int, int, int, int], int]
) -> Mistake:
    return _transposed(name, explanation, lambda call: stamp(call, size=sized(change)), group)


OVERLAP = (
    "Where stamps overlap you keep only the last product that lands on an entry. All of them are added up."
)
LENGTHENED = (
    "In your output the rows and columns of output_padding are zeros put there at the end. They are entries like all "
    "others: cut that much less off the end, and add the bias to them, too."
)

conv_transpose2d = Exercise(
    name="conv_transpose2d",
    chapter=CHAPTER,
    parameters=Transposed._fields,
    groups={"plain": 1, "stride": 1, "padding": 1, "groups": 1},
    difficulty=4,
    minutes=25,
    samples=transposed_calls,
    oracle=lambda torch, *args, **kwargs: torch.nn.functional.conv_transpose2d(*args, **kwargs),
    oracle_name="torch.nn.functional.conv_transpose2d",
    linear=("weight", "input"),
    allowed=(
        "functional.conv2d",
        "functional.dilate",
        "functional.flip",
        "functional.fold",
        "functional.output_size",
        "functional.pad",
        "grad.conv2d_input with groups=1",
    ),
    mistakes=(
        _called(
            "kernel flipped",
            "Your stamps are flipped: tap (i, j) lands i rows below and j columns to the right of the stamp's corner.",
            "plain",
            weight=lambda weight: weight[:, :, ::-1, ::-1],
        ),
        _transposed(
            "weight read as [out, in]",
            "You take weight's first axis for the output channels. Here it counts the input channels: "
            "weight[c, o].",
            reads_out_in,
        ),
        _transposed("assigned entry by entry", OVERLAP, lambda call: stamp(call, keep="last window")),
        _transposed("assigned tap by tap", OVERLAP, lambda call: stamp(call, keep="last tap")),
        _called(
            "first channel only",
            "Only channel 0 of the input is in your sums. Every channel stamps its own kernels: add up over all c.",
            "plain",
            input=lambda input: np.concatenate([input[:, :1], 0 * input[:, 1:]], axis=1),
        ),
        _called(
            "first image for all",
            "Every output of the batch is made from input[0]. Output n belongs to image n: input[n].",
            "plain",
            input=lambda input: np.repeat(input[:1], len(input), axis=0),
        ),
        _called(
            "bias forgotten",
            "The bias is missing: bias[o] is added to every entry of output channel o.",
            "plain",
            bias=lambda bias: None,
        ),
        _sized(
            "size times stride",
            "You take the output to be H * stride rows high. The last stamp starts at (H - 1) * stride and is as high "
            "as the kernel spans.",
            "plain",
            lambda n, k, s, p, d, e: s - d * (k - 1) - 1,
        ),
        _sized(
            "last row and column lost",
            "Your output is one row and one column short. From the first row to the last it is "
            "(H - 1) * s_h + d_h * (kh - 1) steps, and the first row counts, too.",
            "plain",
            lambda n, k, s, p, d, e: -1,
        ),
        _placed(
            "start not multiplied by the stride",
            "Your stamps start at (y, x). They stand a stride apart: the one of input[n, c, y, x] starts at "
            "(y * s_h, x * s_w).",
            "stride",
            unstrided,
        ),
        _called("stride ignored", "Your numbers are those of stride 1.", "stride", stride=lambda stride: 1),
        _sized(
            "zeros after the last entry",
            "You put zeros after the last entry of the input too. They stand between entries only: "
            "(H - 1) * s_h + 1 rows.",
            "stride",
            lambda n, k, s, p, d, e: s - 1,
        ),
        _placed(
            "stride and dilation exchanged",
            "You exchange stride and dilation: the stride leads from stamp to stamp, the dilation from tap to tap.",
            "stride",
            exchanged,
        ),
        _placed(
            "taps not spread",
            "Your output has the right size, but your taps land side by side. They stand dilation apart: tap (i, j) "
            "lands i * d_h rows and j * d_w columns after the stamp's corner.",
            "stride",
            undilated,
        ),
        _called(
            "dilation ignored",
            "Your numbers are those of dilation 1. Neighbouring taps stand dilation apart.",
            "stride",
            dilation=lambda dilation: 1,
        ),
        *(
            _called(
                f"{option} swapped",
                f"In a pair such as {option}=(2, 1) you take the second number for the rows. "
                "The first is for the rows, the second for the columns.",
                group,
                **{option: swapped},
            )
            for option, group in [
                ("stride", "stride"),
                ("dilation", "stride"),
                ("padding", "padding"),
                ("output_padding", "padding"),
            ]
        ),
        _called(
            "padding ignored",
            "Your numbers are those of padding 0. Here padding takes away: p_h rows at either end, and p_w columns.",
            "padding",
            padding=lambda padding: 0,
        ),
        _transposed(
            "padding put around the output",
            "You put `padding` zeros around the output. Here padding takes away: p_h rows at either end, "
            "and p_w columns.",
            puts_zeros_around_the_output,
            "padding",
        ),
        _sized(
            "cut off the front only",
            "You cut `padding` off the front only. It is cut off either end.",
            "padding",
            lambda n, k, s, p, d, e: p,
        ),
        _placed(
            "cut off the end only",
            "You cut twice `padding` off the end, and nothing off the front. It is cut off either end.",
            "padding",
            unpadded,
        ),
        _placed(
            "start clamped at 0",
            "Stamps that should start above or left of the output start at its edge in yours. What lands outside "
            "is dropped, and the rest stays where it is.",
            "padding",
            clamped,
        ),
        _called(
            "output_padding ignored",
            "You ignore output_padding. It makes the output longer: e_h rows more at the bottom, "
            "e_w columns more at the right.",
            "padding",
            output_padding=lambda extra: 0,
        ),
        _transposed(
            "output_padding in front",
            "You lengthen the output at the top and at the left. output_padding belongs to the bottom and to the "
            "right.",
            lengthened_in_front,
            "padding",
        ),
        _transposed("output_padding after the cut", LENGTHENED, cut_then_lengthened, "padding"),
        _transposed("output_padding after the bias", LENGTHENED, lengthened_after_the_bias, "padding"),
        _transposed(
            "first group's channels for all",
            "Every group adds to the output channels of group 0. Group g has C_out // groups output channels of "
            "its own, from g * (C_out // groups) on.",
            lambda call: stamp(call, first_group),
            "groups",
        ),
        _transposed(
            "groups added up",
            "Your output has C_out // groups channels: weight.shape[1] counts those of one group only. "
            "Take it times groups, and keep the groups apart.",
            adds_the_output_groups_up,
            "groups",
        ),
        _transposed(
            "input channels dealt out in turn",
            "You deal the input channels out to the groups in turn, c % groups. Channels of one group stand side by "
            "side: channel c belongs to group c // (C_in // groups).",
            lambda call: stamp(call, many_dealt_out),
            "groups",
        ),
        _transposed(
            "output channels dealt out in turn",
            "Your group g adds to every groups-th output channel. Channels of one group stand side by side: "
            "from g * (C_out // groups) on.",
            lambda call: stamp(call, few_dealt_out),
            "groups",
        ),
        _transposed(
            "first group's kernels for all",
            "Every group uses the kernels of group 0. weight[c] belongs to input channel c, counted over all groups.",
            first_groups_kernels,
            "groups",
        ),
        _transposed(
            "first group's bias for all",
            "Every group gets the bias of group 0. bias[o] belongs to output channel o, counted over all groups.",
            first_output_groups_bias,
            "groups",
        ),
    ),
)

EXERCISES = (conv2d_grouped, conv_transpose2d)
