"""Chapter 3, channels and batches: `conv1d_multichannel`, `conv2d_multichannel`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["EXERCISES", "integers_and_halves"]

CHAPTER = "03_channels_and_batches"

Shape = tuple[int, ...]

# Group -> (input (N, C_in, L), weight (C_out, K)), the smallest first: at most one axis makes each of the first
# rows more than chapter 1. Then N, C_in and C_out all differ, but where two channels meet two, which hides a
# weight read as [in, out]. Among them one tap, even kernels and kernels as long as the signal. Where there is a bias,
# as many places as output channels, or one of either: a bias along the wrong axis then gives an answer to be named.
SIGNALS: dict[str, list[tuple[Shape, Shape]]] = {
    "channels": [
        ((1, 1, 3), (1, 2)),
        ((1, 2, 2), (1, 1)),
        ((1, 1, 2), (2, 1)),
        ((1, 2, 2), (2, 2)),
        ((1, 3, 4), (2, 3)),
        ((1, 2, 6), (3, 4)),
        ((1, 4, 4), (3, 4)),
    ],
    "batch": [((2, 1, 2), (1, 1)), ((3, 2, 4), (2, 3)), ((3, 2, 6), (4, 3)), ((2, 3, 5), (1, 2))],
    "bias": [
        ((1, 1, 2), (1, 1)),
        ((1, 2, 2), (1, 2)),
        ((1, 1, 3), (2, 2)),
        ((2, 1, 3), (3, 1)),
        ((3, 1, 4), (2, 3)),
        ((1, 3, 5), (4, 2)),
    ],
}

# The same with two axes: input (N, C_in, H, W), weight (C_out, kh, kw). No square image under a square kernel.
IMAGES: dict[str, list[tuple[Shape, Shape]]] = {
    "channels": [
        ((1, 1, 2, 3), (1, 1, 2)),
        ((1, 1, 3, 2), (1, 2, 1)),
        ((1, 2, 1, 2), (1, 1, 1)),
        ((1, 1, 1, 2), (2, 1, 1)),
        ((1, 2, 2, 1), (2, 1, 1)),
        ((1, 1, 3, 4), (1, 2, 2)),
        ((1, 1, 4, 3), (1, 2, 3)),
        ((1, 3, 4, 3), (2, 3, 2)),
        ((1, 2, 3, 5), (3, 2, 4)),
        ((1, 4, 2, 3), (3, 2, 3)),
    ],
    "batch": [
        ((2, 1, 1, 2), (1, 1, 1)),
        ((3, 2, 3, 4), (2, 2, 3)),
        ((3, 2, 4, 5), (4, 3, 2)),
        ((2, 3, 2, 4), (1, 2, 2)),
    ],
    "bias": [
        ((1, 1, 1, 2), (1, 1, 1)),
        ((1, 2, 1, 2), (1, 1, 2)),
        ((1, 1, 2, 1), (2, 1, 1)),
        ((2, 1, 1, 3), (3, 1, 1)),
        ((3, 1, 3, 4), (2, 2, 3)),
        ((1, 3, 5, 6), (4, 2, 3)),
    ],
}


def signals(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _table(rng, SIGNALS)
    for _ in range(2):
        N, C_in, C_out = (int(v) for v in rng.permutation(3) + 1)
        K = int(rng.integers(1, 5))
        yield _sample(rng, "batch", (N, C_in, K + int(rng.integers(0, 4))), (C_out, K))
    yield from _arrays(rng, (1, 2, 4), (3, 2))


def images(rng: np.random.Generator) -> Iterator[Sample]:
    yield from _table(rng, IMAGES)
    for _ in range(2):
        N, C_in, C_out = (int(v) for v in rng.permutation(3) + 1)
        kh, kw = (int(v) for v in rng.permutation(3)[:2] + 1)
        yield _sample(rng, "batch", (N, C_in, kh + 2, kw + int(rng.integers(0, 3))), (C_out, kh, kw))
    yield from _arrays(rng, (1, 2, 2, 3), (3, 1, 2))


def _table(rng: np.random.Generator, table: dict[str, list[tuple[Shape, Shape]]]) -> Iterator[Sample]:
    for group, rows in table.items():
        for input_size, kernels in rows:
            yield _sample(rng, group, input_size, kernels)
    # Said aloud, no bias is no bias, too.
    without = _sample(rng, "channels", *table["channels"][4])
    yield Sample(without.args, {"bias": None}, group="bias")
    yield Sample((*without.args, lay_out(integers(rng, len(without.args[1])), "reversed")), group="bias")


def _sample(rng: np.random.Generator, group: str, input_size: Shape, kernels: Shape) -> Sample:
    values = integers if np.prod(input_size) <= 6 else fractions
    C_out, *taps = kernels
    input, weight = values(rng, input_size), values(rng, (C_out, input_size[1], *taps))
    return Sample((input, weight, values(rng, C_out)) if group == "bias" else (input, weight), group=group)


def _arrays(rng: np.random.Generator, input_size: Shape, kernels: Shape) -> Iterator[Sample]:
    C_out, *taps = kernels
    weight_size = (C_out, input_size[1], *taps)
    yield Sample(integers_and_halves(rng, input_size, weight_size), group="arrays")
    single = np.float32
    yield Sample((fractions(rng, input_size, single), fractions(rng, weight_size, single)), group="arrays")
    for layout in LAYOUTS[1:]:
        input, weight = fractions(rng, input_size), fractions(rng, weight_size)
        yield Sample((lay_out(input, layout), lay_out(weight, layout)), group="arrays")


def integers_and_halves(
    rng: np.random.Generator, input_size: Shape, weight_size: Shape
) -> tuple[np.ndarray, np.ndarray]:
    """Integers under a kernel with one half: every entry is a fraction, which an output like the input cuts off."""
    input, weight = 2 * integers(rng, input_size) + 1, integers(rng, weight_size, np.float64)
    weight.reshape(len(weight), -1)[:, 0] += 0.5
    return input, weight


Sums = Callable[[np.ndarray, np.ndarray], np.ndarray]


def per_channel(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The sums before the channels are added up: (N, C_out, C_in, places…). The right answer adds over axis 2."""
    places, taps = ("x", "k") if input.ndim == 3 else ("yx", "ij")
    windows = sliding_window_view(input, weight.shape[2:], axis=tuple(range(2, input.ndim)))
    products: np.ndarray = np.einsum(f"nc{places}{taps},oc{taps}->noc{places}", windows, weight)
    return products


def correlate(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    total: np.ndarray = per_channel(input, weight).sum(axis=2)
    return total


def with_bias(
    sums: Sums, times: Callable[[Sequence[int], Sequence[int]], Any] = lambda input_size, weight_size: 1
) -> Callable[..., np.ndarray]:
    """The function of three arguments that computes `sums` and adds the bias `times` over: everywhere, or by image."""

    def mistaken(input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
        output = sums(input, weight)
        if bias is None:
            return output
        by_image = np.reshape(times(input.shape, weight.shape), (-1, *[1] * (output.ndim - 1)))
        total: np.ndarray = output + by_image * bias.reshape(-1, *[1] * (output.ndim - 2))
        return total

    return mistaken


def reads_in_out(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    C_out, C_in, *taps = weight.shape
    return correlate(input, weight.reshape(C_in, C_out, *taps).swapaxes(0, 1))


def reads_one_input(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return correlate(np.repeat(input[:1], len(input), axis=0), weight)


def uses_one_kernel(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return correlate(input, np.repeat(weight[:1], len(weight), axis=0))


def adds_the_batch_up(input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    total = correlate(input, weight).sum(axis=0, keepdims=True)
    output: np.ndarray = with_bias(lambda *_: total)(input, weight, bias)[0]
    return output


def keeps_integers(input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    output: np.ndarray = with_bias(correlate)(input, weight, bias).astype(input.dtype)
    return output


def adds_along_the_axes(*more: None) -> Callable[..., np.ndarray]:
    """Adds bias[:, *more] as NumPy lines the axes up, from the last one on."""

    def mistaken(input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
        output = correlate(input, weight)
        return output if bias is None else output + bias[(slice(None), *more)]

    return mistaken


def _in_every_dimension(thing: str, places: str, taps: str, spread: str) -> tuple[Mistake, ...]:
    """The mistakes that signals and images have in common; the sentences name their axes."""
    return (
        Mistake(
            "flipped kernel",
            "Your numbers are those of a convolution: every kernel is flipped. Cross-correlation reads it as it is.",
            with_bias(lambda input, weight: correlate(input, np.flip(weight, tuple(range(2, weight.ndim))))),
            "channels",
        ),
        Mistake(
            "first channel only",
            "Only channel 0 of the input is in your sums. Every channel counts: add up over all c.",
            with_bias(lambda input, weight: per_channel(input, weight)[:, :, 0]),
            "channels",
        ),
        Mistake(
            "last channel only",
            "Only the last channel of the input is in your sums. With = each channel overwrites the one before; "
            "with += they add up.",
            with_bias(lambda input, weight: per_channel(input, weight)[:, :, -1]),
            "channels",
        ),
        Mistake(
            "mean over the channels",
            "You take the mean over the channels. They are added up: do not divide by C_in.",
            with_bias(lambda input, weight: per_channel(input, weight).mean(axis=2)),
            "channels",
        ),
        Mistake(
            "channels not added up",
            "Your output still has an axis for the input's channels. They are added up: "
            f"its shape is (N, C_out, {places}).",
            with_bias(per_channel),
            "channels",
        ),
        Mistake(
            "one kernel for every output channel",
            "Every output channel is made with weight[0]. Output channel o has kernels of its own: weight[o].",
            with_bias(uses_one_kernel),
            "channels",
        ),
        Mistake(
            "weight read as [in, out]",
            f"You read weight as (C_in, C_out, {taps}). Its first axis counts the output's channels: "
            f"(C_out, C_in, {taps}).",
            with_bias(reads_in_out),
            "channels",
        ),
        Mistake(
            f"first {thing} for all",
            f"Every output of the batch is made from input[0]. Output n belongs to {thing} n: input[n].",
            with_bias(reads_one_input),
            "batch",
        ),
        Mistake(
            "batch added up",
            f"Your output has no batch axis: the {thing}s are added up. Each has an output of its own: "
            f"the shape is (N, C_out, {places}).",
            adds_the_batch_up,
            "batch",
        ),
        Mistake(
            "bias forgotten",
            "The bias is missing: bias[o] is added to every entry of output channel o.",
            with_bias(correlate, lambda input_size, weight_size: 0),
            "bias",
        ),
        Mistake(
            "bias once per tap",
            "You add the bias with every product. It is added once to each entry, outside the sum.",
            with_bias(correlate, lambda input_size, weight_size: int(np.prod(weight_size[1:]))),
            "bias",
        ),
        Mistake(
            "bias once per channel",
            "You add the bias once for every channel of the input. It is added once to each entry, outside the sum.",
            with_bias(correlate, lambda input_size, weight_size: weight_size[1]),
            "bias",
        ),
        Mistake(
            f"bias once per {thing}",
            "Your loop over the batch adds the bias to the whole output each time: N times in all. "
            "Add it once, after the loop, or to output[n] alone.",
            with_bias(correlate, lambda input_size, weight_size: input_size[0]),
            "bias",
        ),
        Mistake(
            f"bias for the first {thing} only",
            f"Only the first {thing} gets the bias. It is added to the output of each: bias[o] to all of output[n, o].",
            with_bias(correlate, lambda input_size, weight_size: np.arange(input_size[0]) == 0),
            "bias",
        ),
        Mistake(
            "bias along the last axis",
            "You add the bias along the last axis, a number for each place there. "
            f"It has one for each output channel, axis 1: {spread}.",
            adds_along_the_axes(),
            "bias",
        ),
        Mistake(
            "output made like the input",
            f"Your output takes the input's dtype, so for {thing}s of integers every fraction is cut off.",
            keeps_integers,
            "arrays",
        ),
    )


conv1d_multichannel = Exercise(
    name="conv1d_multichannel",
    chapter=CHAPTER,
    parameters=("input", "weight", "bias"),
    groups={"channels": 1, "batch": 1, "bias": 1, "arrays": 1},
    difficulty=2,
    minutes=15,
    samples=signals,
    oracle=lambda torch, *args, **kwargs: torch.nn.functional.conv1d(*args, **kwargs),
    oracle_name="torch.nn.functional.conv1d",
    linear=("input", "weight"),
    mistakes=(
        *_in_every_dimension("signal", "L - K + 1", "K", "bias[:, None]"),
        Mistake(
            "last window lost",
            "Your window stops one place too early: it fits in L - K + 1 places, and range(L - K) makes L - K.",
            with_bias(lambda input, weight: correlate(input, weight)[..., :-1]),
            "channels",
        ),
    ),
)


def takes_kernels_for_square(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    k, kw = weight.shape[2:]
    W_out = max(input.shape[3] - k + 1, 0)
    narrow = weight[..., : min(k, kw)]
    return correlate(input, narrow)[..., :W_out]


def flips_the_channels_too(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return correlate(input, weight[:, ::-1, ::-1, ::-1])


def assumes_contiguous_memory(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return correlate(_as_if_contiguous(input), weight)


def _as_if_contiguous(array: np.ndarray) -> np.ndarray:
    """What strides that are worked out from the shape read: the memory from the first element on.

    Where they would leave the array's memory, this reads zeros.
    """
    memory = array.base if isinstance(array.base, np.ndarray) else array
    start = array.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    read = memory.ravel(order="K")[start // array.itemsize :][: array.size]
    return np.pad(read, (0, array.size - len(read))).reshape(array.shape)


conv2d_multichannel = Exercise(
    name="conv2d_multichannel",
    chapter=CHAPTER,
    parameters=("input", "weight", "bias"),
    groups={"channels": 2, "batch": 1, "bias": 1, "arrays": 1},
    difficulty=3,
    minutes=20,
    samples=images,
    oracle=lambda torch, *args, **kwargs: torch.nn.functional.conv2d(*args, **kwargs),
    oracle_name="torch.nn.functional.conv2d",
    linear=("input", "weight"),
    mistakes=(
        *_in_every_dimension("image", "H - kh + 1, W - kw + 1", "kh, kw", "bias[:, None, None]"),
        Mistake(
            "bias along the rows",
            "You add the bias along axis 2, a number for each row. It has one for each output channel, axis 1: "
            "bias[:, None, None].",
            adds_along_the_axes(None),
            "bias",
        ),
        Mistake(
            "channels flipped, too",
            "Your kernels are flipped on all their axes, and so the channels, too, are in the wrong order. "
            "Cross-correlation reads weight as it is.",
            with_bias(flips_the_channels_too),
            "channels",
        ),
        Mistake(
            "square kernel",
            "You use the kernel's height for its width too. It has kh rows and kw columns.",
            with_bias(takes_kernels_for_square),
            "channels",
        ),
        Mistake(
            "last row lost",
            "Your window stops one row too early: it fits in H - kh + 1 rows.",
            with_bias(lambda input, weight: correlate(input, weight)[..., :-1, :]),
            "channels",
        ),
        Mistake(
            "last column lost",
            "Your window stops one column too early: it fits in W - kw + 1 columns.",
            with_bias(lambda input, weight: correlate(input, weight)[..., :-1]),
            "channels",
        ),
        Mistake(
            "last row and column lost",
            "Your window stops one place too early both ways: it fits in H - kh + 1 rows and W - kw + 1 columns.",
            with_bias(lambda input, weight: correlate(input, weight)[..., :-1, :-1]),
            "channels",
        ),
        Mistake(
            "rows and columns swapped",
            "Your output is on its side: its third axis counts rows (y), its fourth columns (x).",
            with_bias(lambda input, weight: correlate(input, weight).swapaxes(2, 3)),
            "channels",
        ),
        Mistake(
            "contiguous memory assumed",
            "Your strides are worked out from the shape. An array may lie otherwise in memory: "
            "take them from input.strides.",
            with_bias(assumes_contiguous_memory),
            "arrays",
        ),
    ),
)

EXERCISES = (conv1d_multichannel, conv2d_multichannel)
