"""Chapter 9's `conv_transpose2d`. It sums what the gradient of chapter 7 sums, so its mistakes stand on that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._channel_groups import (
    CHAPTER,
    Meet,
    Options,
    Row,
    changed,
    draw_call,
    few_dealt_out,
    first_group,
    for_every_group,
    many_dealt_out,
    own_group,
    whole,
)
from convlab.checks.exercises._covered import swapped
from convlab.checks.exercises._layouts import (
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
from convlab.checks.exercises.backprop import input_gradient
from convlab.checks.samples import LAYOUTS, lay_out

# The smallest first. Kernels larger and smaller than the stride, multiples of it and not; output_padding less than
# padding and more, but always less than the stride: torch takes more if the dilation is larger, but that is no size
# that a conv2d of this stride would make into the input's.
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
        ((1, 1, 2, 3), (1, 2, 2), {"stride": (2, 1), "dilation": (2, 1), "output_padding": (1, 0)}),
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
            yield draw_call(rng, group, row, transposed=True, with_bias=number % 2 == 1)
    arrays = draw_call(rng, "plain", ((1, 2, 2, 3), (2, 2, 1), {}), transposed=True).args
    yield Sample(arrays, {"bias": None})
    positional: Row = ((1, 4, 2, 3), (3, 2, 1), {"groups": 2})
    arrays = draw_call(rng, "groups", positional, transposed=True, with_bias=True).args
    yield Sample((*arrays, (3, 2), (1, 0), (2, 1), 2, (2, 3)), group="groups")
    for _ in range(2):
        groups, C_in, C_out = (int(v) for v in rng.permutation(3)[:3] + 1)
        stride, dilation, kernel = _pair(rng), _pair(rng), _pair(rng)
        extra = tuple(int(v) for v in rng.integers(0, stride))
        padding = tuple(int(v) for v in rng.integers(0, 2, size=2))  # more could leave nothing
        drawn: Options = {"stride": stride, "padding": padding, "output_padding": extra}
        drawn |= {"dilation": dilation, "groups": groups}
        row = ((1, C_in * groups, 3, 4), (C_out, *kernel), drawn)
        yield draw_call(rng, "groups", row, transposed=True, with_bias=True)
    for how in LAYOUTS[1:]:
        arrays = draw_call(rng, "plain", ((1, 2, 2, 3), (2, 2, 2), {}), transposed=True).args
        yield Sample(tuple(lay_out(a, how) for a in arrays))


def _pair(rng: np.random.Generator) -> Pair:
    rows, columns = (int(v) for v in rng.integers(1, 4, size=2))
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
            "every channel written",
            "Every input channel of yours adds to the output channels of all groups. It adds to the C_out // groups "
            "channels of its own group.",
            lambda call: stamp(call._replace(weight=for_every_group(call.weight, call.groups), groups=1)),
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
