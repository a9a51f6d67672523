"""Chapter 9's `conv2d_grouped`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._channel_groups import (
    CHAPTER,
    Meet,
    Row,
    all_dealt_out,
    changed,
    draw_call,
    few_dealt_out,
    first_group,
    for_every_group,
    many_dealt_out,
    one_further,
    own_group,
    whole,
)
from convlab.checks.exercises._covered import operator, swapped
from convlab.checks.exercises._layouts import Size
from convlab.checks.samples import LAYOUTS, lay_out

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
            yield draw_call(rng, group, row, with_bias=number % 2 == 1)
    arrays = draw_call(rng, "one group", ((1, 4, 2, 3), (2, 1, 2), {})).args
    yield Sample(arrays, {"bias": None}, "one group")
    yield Sample((*arrays, None, (1, 2), (1, 0), 1, 1), group="options")
    arrays = draw_call(rng, "options", ((1, 4, 3, 4), (6, 2, 1), {"groups": 2}), with_bias=True).args
    yield Sample((*arrays, (2, 1), (1, 2), (1, 3), 2), group="options")
    for _ in range(2):
        groups, few, mine = (int(v) for v in rng.permutation(3)[:3] + 1)
        groups += groups == 1
        (kh, s_h, d_h), (kw, s_w, d_w) = ((int(v) for v in rng.integers(1, 4, size=3)) for _ in range(2))
        p_h, p_w = (int(v) for v in rng.permutation(3)[:2])
        H, W = d_h * (kh - 1) + int(rng.integers(1, 4)), d_w * (kw - 1) + int(rng.integers(1, 4))
        drawn = {"stride": (s_h, s_w), "padding": (p_h, p_w), "dilation": (d_h, d_w), "groups": groups}
        row = ((1, few * groups, H, W), (mine * groups, kh, kw), drawn)
        yield draw_call(rng, "options", row, with_bias=True)
    for how in LAYOUTS[1:]:
        arrays = draw_call(rng, "several groups", ((1, 4, 2, 3), (2, 1, 2), {"groups": 2})).args
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
        N, _, H_out, W_out = output.shape
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
            "every channel read",
            "Every filter of yours reads the channels of all groups, with its kernels over and over. It reads the "
            "C_in // groups channels of its own group.",
            lambda call: correlate(call._replace(weight=for_every_group(call.weight, call.groups), groups=1)),
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
