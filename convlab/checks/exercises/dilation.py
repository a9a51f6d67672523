"""Chapter 5, dilation: `dilate`, `receptive_field`, and the complete forward operator, `conv2d`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._covered import (
    ANYWHERE,
    PADDING,
    PAIRS,
    STRIDE,
    computing,
    convolve,
    first,
    given,
    operator,
    swapped,
    takes_kernels_for_square,
)
from convlab.checks.exercises._padded import Pair, pair
from convlab.checks.exercises._same import half, resolving
from convlab.checks.exercises.channels_and_batches import integers_and_halves
from convlab.checks.exercises.stride_and_padding import draw_images
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["EXERCISES"]

CHAPTER = "05_dilation"

# ---------------------------------------------------------------- dilate

# Group -> (weight (C_out, C_in, kh, kw), dilation), the smallest first.
KERNELS: dict[str, list[tuple[tuple[int, ...], int | Pair]]] = {
    "one number": [
        ((1, 1, 1, 2), 2),
        ((1, 1, 2, 1), 2),
        ((1, 1, 2, 2), 1),
        ((1, 1, 2, 3), 3),
        ((1, 1, 1, 1), 3),
        ((3, 2, 3, 2), 2),
    ],
    "pairs": [
        ((1, 1, 2, 2), (1, 2)),
        ((1, 1, 2, 2), (3, 1)),
        ((1, 1, 3, 2), (2, 3)),
        ((2, 3, 1, 4), (2, 3)),
    ],
}


def kernels(rng: np.random.Generator) -> Iterator[Sample]:
    for group, rows in KERNELS.items():
        for size, dilation in rows:
            yield Sample(((integers if np.prod(size) <= 6 else fractions)(rng, size), dilation), group=group)
    C_out, C_in, kh, kw = (int(v) for v in rng.permutation(4) + 1)
    d_h, d_w = (int(v) for v in rng.permutation(3)[:2] + 1)
    yield Sample((fractions(rng, (C_out, C_in, kh, kw)), (d_h, d_w)), group="pairs")
    yield Sample((fractions(rng, (2, 1, 3, 2)),), {"dilation": int(rng.integers(2, 5))}, group="one number")
    yield Sample((fractions(rng, (2, 1, 2, 3), np.float32), 2), group="one number")
    for layout in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (2, 1, 3, 2)), layout), 2), group="one number")


def spread_by_torch(torch: Any, weight: Any, dilation: int | Pair) -> Any:
    """torch's transposed convolution with a single 1 puts the entries of its input a stride apart."""
    C_out, C_in, kh, kw = weight.shape
    one = torch.ones(1, 1, 1, 1, dtype=weight.dtype)
    taps = torch.nn.functional.conv_transpose2d(weight.reshape(-1, 1, kh, kw), one, stride=dilation)
    return taps.reshape(C_out, C_in, *taps.shape[2:])


def spreading(
    size: Callable[[int, int], int] = lambda k, d: d * (k - 1) + 1,
    step: Callable[[int], int] = lambda d: d,
    change: Callable[[Any], tuple[int, int]] = pair,
) -> Callable[..., np.ndarray]:
    """dilate with another size of the result, another way from tap to tap, or changed dilations."""

    def mistaken(weight: np.ndarray, dilation: int | Pair) -> np.ndarray:
        (kh, kw), (d_h, d_w) = weight.shape[2:], change(dilation)
        spread = np.zeros((*weight.shape[:2], size(kh, d_h), size(kw, d_w)))
        spread[:, :, : step(d_h) * kh : step(d_h), : step(d_w) * kw : step(d_w)] = weight
        return spread

    return mistaken


def repeats_the_taps(weight: np.ndarray, dilation: int | Pair) -> np.ndarray:
    d_h, d_w = pair(dilation)
    return weight.repeat(d_h, axis=2).repeat(d_w, axis=3)


def drops_taps(weight: np.ndarray, dilation: int | Pair) -> np.ndarray:
    d_h, d_w = pair(dilation)
    return weight[:, :, ::d_h, ::d_w]


dilate = Exercise(
    name="dilate",
    chapter=CHAPTER,
    parameters=("weight", "dilation"),
    groups={"one number": 1, "pairs": 1},
    difficulty=2,
    minutes=10,
    samples=kernels,
    oracle=spread_by_torch,
    oracle_name="the taps as torch.nn.functional.conv_transpose2d spreads them",
    linear=("weight",),
    mistakes=(
        Mistake(
            "zeros after the last tap",
            "You put zeros after the last tap too. Zeros stand between the taps only: "
            "dilation * (kh - 1) + 1 rows, dilation * (kw - 1) + 1 columns.",
            spreading(size=lambda k, d: d * k),
            "one number",
        ),
        Mistake(
            "one zero too many",
            "You put `dilation` zeros between neighbouring taps. They stand `dilation` apart, "
            "with dilation - 1 zeros between them.",
            spreading(change=lambda dilation: tuple(d + 1 for d in pair(dilation))),
            "one number",
        ),
        Mistake(
            "taps repeated",
            "You repeat each tap. It stands there once, and the places up to the next tap are zero.",
            repeats_the_taps,
            "one number",
        ),
        Mistake(
            "taps dropped",
            "You keep only some of the taps. Dilation keeps them all and puts zeros between them.",
            drops_taps,
            "one number",
        ),
        Mistake(
            "rows not spread",
            "You spread the taps of a row, but the rows still touch. Rows are spread as well.",
            spreading(change=lambda dilation: (1, pair(dilation)[1])),
            "one number",
        ),
        Mistake(
            "columns not spread",
            "You spread the rows, but the taps of a row still touch. Columns are spread as well.",
            spreading(change=lambda dilation: (pair(dilation)[0], 1)),
            "one number",
        ),
        Mistake(
            "pair swapped",
            "You swap the two dilations. The first, d_h, spreads the rows, the second, d_w, the columns.",
            spreading(change=lambda dilation: pair(dilation)[::-1]),
            "pairs",
        ),
        Mistake(
            "one dilation for both axes",
            "You use the dilation of the rows for the columns too. Of (d_h, d_w) the second spreads the columns.",
            spreading(change=lambda dilation: pair(first(dilation))),
            "pairs",
        ),
    ),
)

# ---------------------------------------------------------------- receptive_field

Layer = tuple[int, int, int]

# (kernel_size, stride, dilation) of each layer, the first one first.
STACKS: dict[str, list[list[Layer]]] = {
    "stride": [
        [(3, 1, 1)],
        [(3, 1, 1), (2, 1, 1)],
        [(2, 2, 1)],
        [(3, 2, 1), (3, 1, 1)],
        [(3, 1, 1), (3, 2, 1)],
        [(2, 2, 1), (2, 2, 1), (2, 1, 1)],
        [(1, 3, 1), (4, 1, 1)],
        [(3, 2, 1), (3, 3, 1), (5, 1, 1)],
    ],
    "dilation": [
        [(3, 1, 2)],
        [(2, 1, 1), (2, 1, 2), (2, 1, 4)],
        [(3, 2, 1), (3, 1, 3)],
        [(2, 3, 2), (3, 2, 2), (2, 1, 3)],
    ],
}


def stacks(rng: np.random.Generator) -> Iterator[Sample]:
    for group, rows in STACKS.items():
        for layers in rows:
            yield Sample((list(layers),), group=group)
    for most, group in [(1, "stride"), (3, "dilation")]:
        for depth in (3, 4):
            drawn = rng.integers(1, [5, 4, most + 1], size=(depth, 3))
            yield Sample(([(int(k), int(s), int(d)) for k, s, d in drawn],), group=group)


def reach_in_torch(torch: Any, layers: list[Layer]) -> int:
    """Which samples does the first entry of the stack's output depend on? Its gradient says so.

    All taps are 1, so none can hide. A dilated kernel skips samples: the field goes from the first to the last.
    """
    with torch.enable_grad():
        signal = torch.zeros(1, 1, 64, requires_grad=True)
        while (output := _stacked(torch, signal, layers)) is None:
            signal = torch.zeros(1, 1, 2 * signal.shape[-1], requires_grad=True)
        (gradient,) = torch.autograd.grad(output[0, 0, 0], signal)
    used = gradient[0, 0].nonzero().flatten()
    return int(used[-1] - used[0]) + 1


def _stacked(torch: Any, signal: Any, layers: list[Layer]) -> Any:
    """The stack's output, or None if the signal is too short for a window of some layer."""
    for kernel_size, stride, dilation in layers:
        if signal.shape[-1] < dilation * (kernel_size - 1) + 1:
            return None
        taps = torch.ones(1, 1, kernel_size)
        signal = torch.nn.functional.conv1d(signal, taps, stride=stride, dilation=dilation)
    return signal


def _field(name: str, explanation: str, rule: Callable[[list[Layer]], int], group: str) -> Mistake:
    def mistaken(layers: list[Layer]) -> int:
        return rule(layers)

    return Mistake(name, explanation, mistaken, group)


def grown(
    layers: list[Layer],
    start: int = 1,
    span: Callable[[int, int], int] = lambda k, d: d * (k - 1) + 1,
    own_stride: bool = False,
    jumps: Callable[[int, int], int] = lambda jump, stride: jump * stride,
) -> int:
    """The field layer by layer: each adds its span - 1, times the strides of the layers before it."""
    size, jump = start, 1
    for k, s, d in layers:
        after = jumps(jump, s)
        size += (span(k, d) - 1) * (after if own_stride else jump)
        jump = after
    return size


receptive_field = Exercise(
    name="receptive_field",
    chapter=CHAPTER,
    parameters=("layers",),
    groups={"stride": 1, "dilation": 1},
    difficulty=3,
    minutes=10,
    samples=stacks,
    oracle=reach_in_torch,
    oracle_name="the samples that torch's gradient reaches",
    mistakes=(
        _field(
            "strides ignored",
            "You leave the strides out. After a layer of stride s, one step in its output is s steps in its input.",
            lambda layers: grown(layers, jumps=lambda jump, stride: jump),
            "stride",
        ),
        _field(
            "own stride counted",
            "You multiply a layer's taps by its own stride. Its taps stand on its input, "
            "so only the strides of the layers before it count.",
            lambda layers: grown(layers, own_stride=True),
            "stride",
        ),
        _field(
            "strides added",
            "You add the strides up. Steps of steps multiply: strides 2 and 3 make 6.",
            lambda layers: grown(layers, jumps=lambda jump, stride: jump + stride - 1),
            "stride",
        ),
        _field(
            "layers in the wrong order",
            "Your layers are in the wrong order: the strides of the layers before count, those after do not. "
            "layers[0] reads the signal.",
            lambda layers: grown(layers[::-1]),
            "stride",
        ),
        _field(
            "spans added up",
            "You add the whole span of every layer. Neighbouring windows overlap: each layer after the first "
            "adds its span - 1.",
            lambda layers: grown(layers, start=0, span=lambda k, d: d * (k - 1) + 2),
            "stride",
        ),
        _field(
            "first sample forgotten",
            "You are one short: a single sample is there before the first layer adds to it.",
            lambda layers: grown(layers, start=0),
            "stride",
        ),
        _field(
            "dilation ignored",
            "You leave the dilation out. Spread taps span dilation * (kernel_size - 1) + 1 entries.",
            lambda layers: grown(layers, span=lambda k, d: k),
            "dilation",
        ),
        _field(
            "dilation times all taps",
            "You take a spread kernel to be dilation * kernel_size long. Between K taps are K - 1 gaps: "
            "it is dilation * (kernel_size - 1) + 1.",
            lambda layers: grown(layers, span=lambda k, d: d * k),
            "dilation",
        ),
    ),
)

# ---------------------------------------------------------------- conv2d

# Group -> (input (N, C_in, H, W), weight (C_out, kh, kw), options), the smallest first. Kernels are square until
# "rectangular", images never are: who mixes up rows and columns loses that group alone.
IMAGES: dict[str, list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]]] = {
    "plain": [
        ((1, 1, 2, 3), (1, 2, 2), {}),
        ((1, 2, 1, 2), (2, 1, 1), {}),
        ((2, 1, 1, 2), (1, 1, 1), {}),
        ((1, 3, 3, 4), (2, 3, 3), {}),
        ((2, 2, 3, 5), (3, 2, 2), {}),
        ((1, 2, 2, 4), (2, 2, 2), {}),
    ],
    "stride": [
        ((1, 1, 2, 3), (1, 1, 1), {"stride": 2}),
        ((1, 1, 3, 5), (1, 2, 2), {"stride": 2}),
        ((1, 1, 5, 4), (1, 3, 3), {"stride": 2}),
        ((2, 1, 7, 5), (2, 2, 2), {"stride": 3}),
        ((1, 1, 5, 9), (1, 2, 2), {"stride": 4}),
    ],
    "padding": [
        ((1, 1, 2, 3), (1, 2, 2), {"padding": 1}),
        ((1, 1, 2, 3), (1, 2, 2), {"padding": 2}),
        ((1, 1, 2, 3), (1, 2, 2), {"padding": "valid"}),
        ((1, 1, 2, 3), (1, 2, 2), {"padding": "same"}),
        ((1, 1, 2, 3), (1, 2, 2), {"padding": "full"}),
        ((1, 1, 3, 4), (1, 3, 3), {"padding": "same"}),
        ((1, 1, 2, 3), (1, 3, 3), {"padding": "full"}),
        ((1, 1, 1, 2), (1, 4, 4), {"padding": 3}),
        ((1, 1, 3, 4), (1, 2, 2), {"padding": "valid", "stride": 2}),
        ((1, 1, 3, 4), (1, 2, 2), {"padding": 2, "stride": 2}),
        ((2, 2, 4, 3), (3, 2, 2), {"padding": 1, "stride": 3}),
        ((1, 2, 2, 3), (2, 4, 4), {"padding": "same"}),
    ],
    "dilation": [
        ((1, 1, 3, 4), (1, 2, 2), {"dilation": 2}),
        ((1, 1, 5, 6), (1, 3, 3), {"dilation": 2}),
        ((1, 1, 3, 4), (1, 2, 2), {"padding": "valid", "dilation": 2}),
        ((1, 1, 3, 4), (1, 2, 2), {"padding": "same", "dilation": 2}),
        ((1, 1, 3, 4), (1, 2, 2), {"padding": "same", "dilation": 3}),
        ((1, 1, 3, 4), (1, 2, 2), {"padding": "full", "dilation": 2}),
        ((1, 1, 4, 5), (1, 3, 3), {"padding": "same", "dilation": 2}),
        ((1, 1, 6, 5), (1, 2, 2), {"stride": 2, "dilation": 3}),
        ((2, 2, 5, 6), (3, 2, 2), {"stride": 2, "padding": 1, "dilation": 3}),
    ],
    "rectangular": [
        ((1, 1, 2, 3), (1, 1, 2), {}),
        ((1, 1, 3, 2), (1, 2, 1), {}),
        ((1, 1, 3, 4), (1, 1, 2), {"stride": (2, 1)}),
        ((1, 1, 2, 3), (1, 3, 2), {"padding": (1, 0)}),
        ((1, 1, 3, 4), (1, 2, 2), {"dilation": (1, 2)}),
        ((1, 1, 2, 3), (1, 2, 3), {"padding": "same"}),
        ((1, 1, 2, 3), (1, 3, 2), {"padding": "full"}),
        ((1, 1, 2, 3), (1, 2, 2), {"padding": "full", "dilation": (1, 2)}),
        ((1, 1, 3, 4), (1, 2, 2), {"padding": "valid", "stride": (1, 2), "dilation": (2, 1)}),
        ((1, 2, 5, 4), (2, 2, 3), {"stride": (2, 1), "padding": (0, 2), "dilation": (3, 1)}),
        ((2, 3, 4, 5), (2, 4, 3), {"padding": "same", "dilation": (1, 2)}),
        ((1, 2, 3, 5), (3, 3, 2), {"padding": "full", "stride": (3, 2)}),
    ],
}


def images(rng: np.random.Generator) -> Iterator[Sample]:
    for group, rows in IMAGES.items():
        for input_size, kernels, options in rows:
            yield draw_images(
                rng, group, input_size, kernels, options, with_bias=input_size[0] * kernels[0] > 2
            )
    yield draw_images(rng, "plain", (1, 1, 1, 2), (1, 1, 1), {}, with_bias=True)
    yield draw_images(rng, "plain", (1, 1, 1, 2), (2, 1, 1), {}, with_bias=True)
    yield Sample((fractions(rng, (1, 2, 3, 4)), fractions(rng, (1, 2, 2, 2))), {"bias": None}, "plain")
    for _ in range(3):
        (kh, s_h, d_h), (kw, s_w, d_w) = ((int(v) for v in rng.integers(1, 4, size=3)) for _ in range(2))
        p_h, p_w = (int(v) for v in rng.permutation(3)[:2])
        N, C_in, C_out = (int(v) for v in rng.permutation(3) + 1)
        H, W = d_h * (kh - 1) + int(rng.integers(1, 4)), d_w * (kw - 1) + int(rng.integers(1, 4))
        options = {"stride": (s_h, s_w), "padding": (p_h, p_w), "dilation": (d_h, d_w)}
        yield draw_images(rng, "rectangular", (N, C_in, H, W), (C_out, kh, kw), options, with_bias=True)
    yield Sample(integers_and_halves(rng, (1, 1, 2, 3), (1, 1, 2, 2)), group="plain")
    single = np.float32
    yield Sample((fractions(rng, (1, 2, 3, 4), single), fractions(rng, (2, 2, 2, 2), single)), group="plain")
    for layout in LAYOUTS[1:]:
        input, weight = fractions(rng, (1, 2, 4, 3)), fractions(rng, (2, 2, 2, 2))
        yield Sample((lay_out(input, layout), lay_out(weight, layout)), group="plain")


def conv2d_in_torch(
    torch: Any,
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Pair = 1,
    padding: int | Pair | str = 0,
    dilation: int | Pair = 1,
) -> Any:
    """torch has no word for "full": it is the padding with which only one tap meets the first pixel."""
    if padding == "full":
        (kh, kw), (d_h, d_w) = weight.shape[2:], pair(dilation)
        padding = (d_h * (kh - 1), d_w * (kw - 1))
    return torch.nn.functional.conv2d(input, weight, bias, stride, padding, dilation)


def where(word: str, **changes: Callable[[Any], Any]) -> Callable[..., np.ndarray]:
    """conv2d of changed arguments where the padding is this word: `where("valid", stride=lambda stride: 1)`."""
    changed = given(**changes)
    return computing(lambda call: changed(*call) if call.padding == word else convolve(call))


def resolves_full_by_the_rows(padding: Any, kernel_size: Pair, dilation: int | Pair) -> tuple[Pair, Pair]:
    return resolving()(padding, kernel_size, first(dilation) if padding == "full" else dilation)


conv2d = Exercise(
    name="conv2d",
    chapter=CHAPTER,
    parameters=("input", "weight", "bias", "stride", "padding", "dilation"),
    groups={"plain": 1, "stride": 1, "padding": 2, "dilation": 2, "rectangular": 1},
    difficulty=4,
    minutes=25,
    samples=images,
    oracle=conv2d_in_torch,
    oracle_name="torch.nn.functional.conv2d",
    linear=("input", "weight"),
    mistakes=(
        *ANYWHERE,
        *STRIDE,
        *PADDING,
        Mistake(
            "same like valid",
            'Your "same" adds no zeros, so its output is as small as that of "valid". '
            "It adds as many as leave the output as large as the input.",
            operator(resolve=resolving(same=lambda reach: (0, 0))),
            "padding",
        ),
        Mistake(
            "odd zero in front",
            'Your "same" puts the odd zero of an even kernel in front. It goes to the end: bottom and right.',
            operator(resolve=resolving(same=lambda reach: half(reach)[::-1])),
            "padding",
        ),
        Mistake(
            "odd zero lost",
            'Your "same" loses the odd zero of an even kernel, and the output gets smaller than the input. '
            "It goes to the end: bottom and right.",
            operator(resolve=resolving(same=lambda reach: (reach // 2, reach // 2))),
            "padding",
        ),
        Mistake(
            "full like same",
            'Your "full" adds as many zeros as "same". It adds dilation * (K - 1) at each end, not in all.',
            operator(resolve=resolving(full=half)),
            "padding",
        ),
        Mistake(
            "valid forgets the stride",
            'With padding "valid" you step by 1. The word says that no zeros are added; '
            "the stride stays what it is.",
            where("valid", stride=lambda stride: 1),
            "padding",
        ),
        Mistake(
            "valid forgets the dilation",
            'With padding "valid" your taps stand side by side. The word says that no zeros are added; '
            "the dilation stays what it is.",
            where("valid", dilation=lambda dilation: 1),
            "dilation",
        ),
        Mistake(
            "dilation ignored",
            "Your numbers are those of dilation 1. Neighbouring taps stand dilation apart.",
            given(dilation=lambda dilation: 1),
            "dilation",
        ),
        Mistake(
            "undilated kernel in the words",
            'Your "same" and "full" leave the dilation out. Spread taps reach further: '
            "K of them span dilation * (K - 1) + 1 pixels.",
            operator(resolve=resolving(span=lambda k, d: k)),
            "dilation",
        ),
        Mistake(
            "taps not spread",
            "Your output has the right size, but your taps stand side by side. Tap i of window y lies on row "
            "y * stride + i * dilation of the padded image.",
            operator(lambda axis: axis._replace(dilation=1).covered(axis.places)),
            "dilation",
        ),
        Mistake(
            "dilation times all taps",
            "You take the spread kernel to be dilation * K long. Between K taps are K - 1 gaps: "
            "it is dilation * (K - 1) + 1.",
            operator(lambda axis: axis.covered((axis.way + 1 - axis.dilation) // axis.stride + 1)),
            "dilation",
        ),
        Mistake(
            "square kernel",
            "You use the kernel's height for its width too. It has kh rows and kw columns.",
            computing(takes_kernels_for_square),
            "rectangular",
        ),
        *(replace(mistake, group="rectangular") for mistake in PAIRS),
        Mistake(
            "dilation swapped",
            "You swap the two dilations. The first, d_h, spreads the rows, the second, d_w, the columns.",
            given(dilation=swapped),
            "rectangular",
        ),
        Mistake(
            "one dilation for both axes",
            "You use the dilation of the rows for the columns too. Of (d_h, d_w) the second spreads the columns.",
            given(dilation=first),
            "rectangular",
        ),
        Mistake(
            "full by the dilation of the rows",
            'Your "full" counts its columns of zeros with the dilation of the rows. On the left and on the right '
            "stand d_w * (kw - 1) of them.",
            operator(resolve=resolves_full_by_the_rows),
            "rectangular",
        ),
        Mistake(
            "full with one dilation for both axes",
            'With padding "full" you use the dilation of the rows for the columns too. '
            "Of (d_h, d_w) the second spreads the columns.",
            where("full", dilation=first),
            "rectangular",
        ),
    ),
    allowed=("functional.pad", "functional.resolve_padding"),
)

EXERCISES = (dilate, receptive_field, conv2d)
