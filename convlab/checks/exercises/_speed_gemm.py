"""`conv2d_gemm` of chapter 8, and what `conv2d_fft` shares with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._covered import (
    ANYWHERE,
    PADDING,
    PAIRS,
    Axis,
    Call,
    computing,
    convolve,
    given,
    operator,
    takes_kernels_for_square,
)
from convlab.checks.exercises._padded import pair, take
from convlab.checks.exercises._same import half, resolving
from convlab.checks.exercises.channels_and_batches import integers_and_halves
from convlab.checks.exercises.dilation import conv2d_in_torch
from convlab.checks.exercises.stride_and_padding import draw_images
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["CHAPTER", "NOT_GIVEN_ON", "Rows", "chosen", "conv2d_gemm", "draw_table", "with_bias"]

CHAPTER = "08_speed"

Rows = list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]]

# Group -> (input (N, C_in, H, W), weight (C_out, kh, kw), options), the smallest first. No image is square, and no
# kernel but those of one number of taps, so that every order of the axes shows.
PRODUCTS: dict[str, Rows] = {
    "one image": [
        ((1, 1, 1, 3), (1, 1, 2), {}),
        ((1, 1, 2, 1), (2, 1, 1), {}),
        ((1, 2, 1, 2), (1, 1, 1), {}),
        ((1, 1, 3, 4), (1, 2, 3), {}),
        ((1, 1, 3, 2), (1, 3, 2), {}),
        ((1, 3, 4, 3), (2, 3, 2), {}),
        ((1, 2, 3, 5), (3, 2, 4), {}),
        ((1, 2, 3, 4), (2, 2, 1), {}),
    ],
    "batch": [
        ((2, 1, 1, 2), (1, 1, 1), {}),
        ((2, 1, 1, 1), (2, 1, 1), {}),
        ((2, 1, 2, 3), (1, 1, 2), {}),
        ((3, 2, 3, 4), (4, 2, 3), {}),
        ((2, 3, 2, 4), (1, 2, 2), {}),
    ],
    "options": [
        ((1, 1, 1, 4), (1, 1, 2), {"stride": 2}),
        ((1, 1, 1, 2), (1, 1, 2), {"padding": (0, 1)}),
        ((1, 1, 1, 4), (1, 1, 2), {"dilation": 2}),
        ((1, 1, 2, 3), (1, 2, 2), {"padding": 2}),
        ((1, 1, 2, 3), (1, 2, 3), {"padding": "same"}),
        ((1, 1, 1, 2), (1, 2, 1), {"padding": "full"}),
        ((1, 1, 3, 4), (1, 2, 2), {"padding": "valid"}),
        ((1, 1, 3, 4), (1, 2, 3), {"padding": "same", "dilation": (3, 2)}),
        ((1, 1, 5, 4), (1, 2, 1), {"stride": (2, 1)}),
        ((1, 1, 5, 8), (1, 2, 2), {"stride": 3, "dilation": (2, 1)}),
        ((1, 1, 4, 5), (2, 2, 2), {"dilation": (1, 3)}),
        ((1, 2, 6, 5), (3, 3, 2), {"stride": (3, 2), "padding": (2, 1)}),
        ((2, 2, 5, 6), (3, 2, 3), {"stride": (1, 2), "padding": (0, 2), "dilation": (3, 1)}),
        ((2, 1, 3, 2), (2, 2, 3), {"padding": "full", "dilation": (1, 2)}),
    ],
}


def draw_table(rng: np.random.Generator, table: Mapping[str, Rows], plain: str) -> Iterator[Sample]:
    """The rows of a table, and what a function must bear in the group that is called `plain`."""
    for group, rows in table.items():
        for input_size, kernels, options in rows:
            with_bias = input_size[0] * kernels[0] > 2
            yield draw_images(rng, group, input_size, kernels, options, with_bias)
    yield draw_images(rng, plain, (1, 1, 1, 2), (2, 1, 1), {}, with_bias=True)
    yield Sample((fractions(rng, (1, 2, 3, 4)), fractions(rng, (1, 2, 2, 2))), {"bias": None}, plain)
    yield Sample(integers_and_halves(rng, (1, 1, 2, 3), (1, 1, 2, 2)), group=plain)
    yield Sample((integers(rng, (1, 2, 3, 3)), integers(rng, (1, 2, 2, 2)), integers(rng, 1)), group=plain)
    single = np.float32
    yield Sample((fractions(rng, (1, 2, 3, 4), single), fractions(rng, (2, 2, 2, 3), single)), group=plain)
    for layout in LAYOUTS[1:]:
        input, weight = fractions(rng, (1, 2, 4, 3)), fractions(rng, (3, 2, 2, 1))
        yield Sample((lay_out(input, layout), lay_out(weight, layout)), group=plain)


def images(rng: np.random.Generator) -> Iterator[Sample]:
    yield from draw_table(rng, PRODUCTS, "one image")
    for _ in range(3):
        (kh, s_h, d_h), (kw, s_w, d_w) = ((int(v) for v in rng.integers(1, 4, size=3)) for _ in range(2))
        p_h, p_w = (int(v) for v in rng.permutation(3)[:2])
        N, C_in, C_out = (int(v) for v in rng.permutation(3) + 1)
        H, W = d_h * (kh - 1) + int(rng.integers(1, 4)), d_w * (kw - 1) + int(rng.integers(1, 4))
        options = {"stride": (s_h, s_w), "padding": (p_h, p_w), "dilation": (d_h, d_w)}
        yield draw_images(rng, "options", (N, C_in, H, W), (C_out, kh, kw), options, with_bias=True)
    # All six by their places: bias, stride, padding, dilation.
    input, weight, bias = fractions(rng, (1, 2, 4, 5)), fractions(rng, (2, 2, 2, 1)), fractions(rng, 2)
    yield Sample((input, weight, bias, (2, 1), (1, 0), (1, 2)), group="options")


def windows_of(call: Call) -> np.ndarray:
    """All windows, (N, C_in, H_out, W_out, kh, kw), with zeros where there is padding."""
    (s_h, s_w), (d_h, d_w) = pair(call.stride), pair(call.dilation)
    (top, bottom), (left, right) = resolving()(call.padding, call.weight.shape[2:], call.dilation)
    rows = Axis(call.input.shape[2], call.weight.shape[2], s_h, top, bottom, d_h).covered()
    columns = Axis(call.input.shape[3], call.weight.shape[3], s_w, left, right, d_w).covered()
    return take(call.input, rows[:, None, :, None], columns[None, :, None, :])


def with_bias(output: np.ndarray, call: Call) -> np.ndarray:
    return output if call.bias is None else output + call.bias[:, None, None]


def multiplied(
    columns: Callable[[np.ndarray], np.ndarray] = lambda windows: windows.transpose(0, 1, 4, 5, 2, 3),
    matrix: Callable[[np.ndarray], np.ndarray] = lambda weight: weight,
) -> Callable[..., np.ndarray]:
    """conv2d as a product of matrices, whose axes may have been brought into a wrong order before the reshape."""

    def product(call: Call) -> np.ndarray:
        windows = windows_of(call)
        N, C_in, H_out, W_out, kh, kw = windows.shape
        table = columns(windows).reshape(N, C_in * kh * kw, H_out * W_out)
        filters = matrix(call.weight).reshape(len(call.weight), -1)
        return with_bias((filters @ table).reshape(N, -1, H_out, W_out), call)

    return computing(product)


def deals_the_filters_out(call: Call) -> np.ndarray:
    """weight.reshape(-1, C_out).T has the right shape."""
    C_out = len(call.weight)
    dealt = call.weight.reshape(-1, C_out).T.reshape(call.weight.shape)
    return convolve(call._replace(weight=dealt))


def leaves_the_channels_last(call: Call) -> np.ndarray:
    """Windows as rows: the product is (N, places, C_out), and a reshape does not exchange its axes."""
    right = convolve(call._replace(bias=None))
    return with_bias(np.moveaxis(right, 1, -1).reshape(right.shape), call)


def leaves_the_batch_second(call: Call) -> np.ndarray:
    """All columns of the batch side by side: the product is (C_out, N, places)."""
    right = convolve(call._replace(bias=None))
    return with_bias(right.swapaxes(0, 1).reshape(right.shape), call)


def deals_the_batch_out(call: Call) -> np.ndarray:
    """The columns of the batch are reshaped to one matrix without bringing the batch to its columns."""
    windows = windows_of(call)
    N, C_in, H_out, W_out, kh, kw = windows.shape
    table = windows.transpose(0, 1, 4, 5, 2, 3).reshape(C_in * kh * kw, N * H_out * W_out)
    product = (call.weight.reshape(len(call.weight), -1) @ table).reshape(-1, N, H_out, W_out)
    return with_bias(product.swapaxes(0, 1), call)


def swaps_height_and_width(call: Call) -> np.ndarray:
    right = convolve(call)
    N, C_out, H_out, W_out = right.shape
    return right.reshape(N, C_out, W_out, H_out)


def chosen(mistakes: tuple[Mistake, ...], group: str, *names: str) -> Iterator[Mistake]:
    """Mistakes of an earlier exercise that can be made here as well, caught by this group."""
    found = {mistake.name: mistake for mistake in mistakes}
    for name in names:
        yield replace(found[name], group=group)


NOT_GIVEN_ON = (
    Mistake(
        "stride ignored",
        "Your numbers are those of stride 1. Give the stride to whatever cuts out the windows.",
        given(stride=lambda stride: 1),
        "options",
    ),
    Mistake(
        "dilation ignored",
        "Your numbers are those of dilation 1. Neighbouring taps stand dilation apart.",
        given(dilation=lambda dilation: 1),
        "options",
    ),
    Mistake(
        "undilated kernel in the words",
        'Your "same" and "full" leave the dilation out. Spread taps reach further: '
        "K of them span dilation * (K - 1) + 1 pixels.",
        operator(resolve=resolving(span=lambda k, d: k)),
        "options",
    ),
    Mistake(
        "odd zero in front",
        'Your "same" puts the odd zero of an even kernel in front. It goes to the end: bottom and right.',
        operator(resolve=resolving(same=lambda reach: half(reach)[::-1])),
        "options",
    ),
)


def pads_twice(call: Call) -> np.ndarray:
    if isinstance(call.padding, str):
        return convolve(call)
    p_h, p_w = pair(call.padding)
    return convolve(call._replace(padding=(2 * p_h, 2 * p_w)))


conv2d_gemm = Exercise(
    name="conv2d_gemm",
    chapter=CHAPTER,
    parameters=("input", "weight", "bias", "stride", "padding", "dilation"),
    groups={"one image": 1, "batch": 1, "options": 1},
    difficulty=3,
    minutes=20,
    samples=images,
    oracle=conv2d_in_torch,
    oracle_name="torch.nn.functional.conv2d",
    linear=("input", "weight"),
    allowed=(
        "functional.pad",
        "functional.resolve_padding",
        "functional.output_size",
        "functional.unfold",
    ),
    mistakes=(
        Mistake(
            "axes not moved",
            "Your columns have the right shape, but a window is spread over several of them: reshape moves no axis. "
            "Bring the taps before the places first: (N, C_in, kh, kw, H_out, W_out).",
            multiplied(columns=lambda windows: windows),
            "one image",
        ),
        Mistake(
            "channels fastest",
            "Your columns go through the channels fastest, (kh, kw, C_in), and the rows of the matrix do not: "
            "weight.reshape(C_out, -1) goes channel by channel.",
            multiplied(columns=lambda windows: windows.transpose(0, 4, 5, 1, 2, 3)),
            "one image",
        ),
        Mistake(
            "taps column by column",
            "Your windows are written down column by column, and weight.reshape(C_out, -1) goes row by row.",
            multiplied(columns=lambda windows: windows.transpose(0, 1, 5, 4, 2, 3)),
            "one image",
        ),
        Mistake(
            "weight dealt out",
            "weight.reshape(-1, C_out).T has the right shape, but its rows are no filters. "
            "Each row is one filter: weight.reshape(C_out, -1).",
            computing(deals_the_filters_out),
            "one image",
        ),
        Mistake(
            "channels left last",
            "Your product has the channels last, (N, H_out * W_out, C_out), and reshape does not move them. "
            "Exchange the two axes first, or let the windows be columns.",
            computing(leaves_the_channels_last),
            "one image",
        ),
        Mistake(
            "height and width swapped",
            "Your output is on its side: its third axis counts rows (H_out), its fourth columns (W_out).",
            computing(swaps_height_and_width),
            "one image",
        ),
        Mistake(
            "square kernel",
            "You use the kernel's height for its width too. It has kh rows and kw columns.",
            computing(takes_kernels_for_square),
            "one image",
        ),
        *chosen(
            ANYWHERE,
            "one image",
            "flipped kernel",
            "weight read as [in, out]",
            "bias forgotten",
            "bias once per tap",
            "output made like the input",
        ),
        Mistake(
            "batch left second",
            "Your images are mixed up with the output's channels: with all columns side by side the product is "
            "(C_out, N, H_out, W_out). Exchange its first two axes; reshape does not.",
            computing(leaves_the_batch_second),
            "batch",
        ),
        Mistake(
            "batch dealt out",
            "In your one large matrix the columns of different images are mixed up. Move the batch beside the places "
            "before the reshape: (C_in * kh * kw, N, H_out * W_out).",
            computing(deals_the_batch_out),
            "batch",
        ),
        *chosen(ANYWHERE, "batch", "first image for all"),
        Mistake(
            "in another order",
            "You exchange stride and dilation. unfold takes its options in another order than conv2d: "
            "kernel_size, dilation, padding, stride. Name them.",
            computing(lambda call: convolve(call._replace(stride=call.dilation, dilation=call.stride))),
            "options",
        ),
        Mistake(
            "padded twice",
            "Your images get their padding twice. Once they are padded, cut the windows out with padding 0.",
            computing(pads_twice),
            "options",
        ),
        *NOT_GIVEN_ON,
        *chosen(PADDING, "options", "original read", "top and left only"),
        *chosen(
            PAIRS,
            "options",
            "stride swapped",
            "padding swapped",
            "one stride for both axes",
            "one padding for both axes",
        ),
    ),
)
