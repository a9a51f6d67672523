"""Chapter 4, stride and padding: `pad2d`, `resolve_padding`, `same_upper_padding`, `conv2d_strided`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._covered import (
    ANYWHERE,
    PADDING,
    PAIRS,
    STRIDE,
    computing,
    operator,
    takes_kernels_for_square,
)
from convlab.checks.exercises._padded import CHAPTER, pad2d
from convlab.checks.exercises._same import resolve_padding, same_upper_padding
from convlab.checks.exercises.channels_and_batches import integers_and_halves
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["EXERCISES", "conv2d_strided", "draw_images"]


# Group -> (input (N, C_in, H, W), weight (C_out, kh, kw), options), the smallest first. Strides leave over nothing,
# one row and two or more; kernels are as large as the image, larger than it but for the padding, and even.
STRIDED: dict[str, list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]]] = {
    "plain": [
        ((1, 1, 2, 3), (1, 1, 2), {}),
        ((1, 1, 3, 2), (1, 2, 1), {}),
        ((1, 2, 1, 2), (2, 1, 1), {}),
        ((2, 1, 1, 2), (1, 1, 1), {}),
        ((1, 1, 3, 4), (1, 3, 2), {}),
        ((2, 2, 3, 4), (3, 2, 3), {}),
        ((1, 3, 2, 3), (2, 2, 3), {}),
    ],
    "stride": [
        ((1, 1, 2, 3), (1, 1, 1), {"stride": 2}),
        ((1, 1, 3, 5), (1, 2, 2), {"stride": 2}),
        ((1, 1, 5, 4), (1, 3, 2), {"stride": 2}),
        ((1, 1, 6, 7), (1, 3, 2), {"stride": 3}),
        ((2, 3, 6, 8), (2, 2, 3), {"stride": 3}),
        ((1, 1, 6, 9), (1, 3, 2), {"stride": 4}),
    ],
    "padding": [
        ((1, 1, 2, 3), (1, 2, 2), {"padding": 1}),
        ((1, 1, 2, 3), (1, 2, 2), {"padding": 2}),
        ((1, 1, 2, 3), (1, 4, 3), {"padding": 1}),
        ((1, 1, 1, 2), (1, 4, 3), {"padding": 3}),
        ((1, 1, 4, 3), (1, 3, 2), {"padding": 2}),
        ((2, 2, 3, 4), (3, 2, 3), {"padding": 1}),
    ],
    "pairs": [
        ((1, 1, 3, 4), (1, 1, 2), {"stride": (2, 1)}),
        ((1, 1, 4, 5), (1, 2, 3), {"stride": (1, 3)}),
        ((1, 1, 2, 3), (1, 2, 2), {"padding": (1, 0)}),
        ((1, 1, 3, 2), (1, 2, 2), {"padding": (0, 2)}),
        ((1, 2, 5, 4), (2, 2, 3), {"stride": (3, 2), "padding": (1, 2)}),
    ],
    "together": [
        ((1, 1, 3, 4), (1, 2, 2), {"stride": 2, "padding": 1}),
        ((1, 1, 5, 4), (1, 3, 2), {"stride": 3, "padding": 2}),
        ((2, 3, 5, 6), (2, 3, 2), {"stride": 2, "padding": 1}),
    ],
}


def draw_images(
    rng: np.random.Generator,
    group: str,
    input_size: tuple[int, ...],
    kernels: tuple[int, ...],
    options: Mapping[str, Any],
    with_bias: bool = False,
) -> Sample:
    """The call of one row of a table: small integers in small images, else fractions."""
    C_out, *taps = kernels
    values = integers if np.prod(input_size) <= 12 else fractions
    arrays = [values(rng, input_size), values(rng, (C_out, input_size[1], *taps))]
    if with_bias:
        arrays.append(values(rng, C_out))
    return Sample(tuple(arrays), options, group)


def strided_images(rng: np.random.Generator) -> Iterator[Sample]:
    for group, rows in STRIDED.items():
        for input_size, kernels, options in rows:
            yield draw_images(
                rng, group, input_size, kernels, options, with_bias=input_size[0] * input_size[1] > 2
            )
    yield draw_images(rng, "plain", (1, 1, 1, 2), (1, 1, 1), {}, with_bias=True)
    yield draw_images(rng, "plain", (1, 1, 2, 3), (2, 1, 1), {}, with_bias=True)
    yield Sample((fractions(rng, (1, 2, 3, 4)), fractions(rng, (1, 2, 2, 2))), {"bias": None}, "plain")
    for _ in range(3):
        kh, kw, s_h, s_w = (int(v) for v in rng.integers(1, 4, size=4))
        p_h, p_w = (int(v) for v in rng.permutation(3)[:2])
        N, C_in, C_out = (int(v) for v in rng.permutation(3) + 1)
        H, W = kh + int(rng.integers(1, 4)), kw + int(rng.integers(1, 4))
        options = {"stride": (s_h, s_w), "padding": (p_h, p_w)}
        yield draw_images(rng, "together", (N, C_in, H, W), (C_out, kh, kw), options, with_bias=True)
    yield Sample(integers_and_halves(rng, (1, 1, 2, 3), (1, 1, 2, 2)), group="plain")
    single = np.float32
    yield Sample((fractions(rng, (1, 2, 3, 4), single), fractions(rng, (2, 2, 2, 3), single)), group="plain")
    for layout in LAYOUTS[1:]:
        input, weight = fractions(rng, (1, 2, 4, 3)), fractions(rng, (2, 2, 2, 3))
        yield Sample((lay_out(input, layout), lay_out(weight, layout)), group="plain")


conv2d_strided = Exercise(
    name="conv2d_strided",
    chapter=CHAPTER,
    parameters=("input", "weight", "bias", "stride", "padding"),
    groups={"plain": 1, "stride": 1, "padding": 1, "pairs": 1, "together": 1},
    difficulty=3,
    minutes=20,
    samples=strided_images,
    oracle=lambda torch, *args, **kwargs: torch.nn.functional.conv2d(*args, **kwargs),
    oracle_name="torch.nn.functional.conv2d",
    linear=("input", "weight"),
    mistakes=(
        *ANYWHERE,
        Mistake(
            "square kernel",
            "You use the kernel's height for its width too. It has kh rows and kw columns.",
            computing(takes_kernels_for_square),
        ),
        *STRIDE,
        *PADDING,
        *PAIRS,
        Mistake(
            "padding multiplied by the stride",
            "Your windows start at (y - padding) * stride, so the padding is multiplied too. "
            "In the padded image they start at y * stride.",
            operator(lambda axis: axis._replace(before=axis.before * axis.stride).covered(axis.places)),
            "together",
        ),
    ),
)

EXERCISES = (pad2d, resolve_padding, same_upper_padding, conv2d_strided)
