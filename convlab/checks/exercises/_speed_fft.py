"""`conv2d_fft` of chapter 8."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

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
)
from convlab.checks.exercises._padded import Pair, pair
from convlab.checks.exercises._same import resolving
from convlab.checks.exercises._speed_gemm import CHAPTER, NOT_GIVEN_ON, Rows, chosen, draw_table, with_bias
from convlab.checks.exercises.dilation import conv2d_in_torch
from convlab.checks.exercises.stride_and_padding import draw_images
from convlab.checks.samples import fractions

__all__ = ["conv2d_fft"]

# As for GEMM, at stride 1. The full convolution is odd in width in some rows, and in others even: irfft2 cannot tell
# which. It is nowhere one column wide, of which irfft2 would make none, and raise.
SPECTRA: dict[str, Rows] = {
    "one channel": [
        ((1, 1, 1, 3), (1, 1, 2), {}),
        ((1, 1, 1, 2), (1, 1, 2), {}),
        ((1, 1, 3, 2), (1, 2, 1), {}),
        ((1, 1, 2, 3), (1, 2, 2), {}),
        ((1, 1, 3, 4), (1, 2, 3), {}),
        ((1, 1, 3, 2), (1, 3, 2), {}),
        ((1, 1, 4, 3), (1, 1, 1), {}),
        ((1, 1, 5, 6), (1, 4, 2), {}),
    ],
    "channels and batch": [
        ((1, 2, 1, 2), (1, 1, 1), {}),
        ((1, 1, 1, 2), (2, 1, 1), {}),
        ((2, 1, 1, 2), (1, 1, 2), {}),
        ((1, 2, 3, 4), (2, 2, 3), {}),
        ((3, 2, 4, 3), (4, 3, 2), {}),
        ((2, 3, 2, 4), (1, 2, 2), {}),
    ],
    "padding": [
        ((1, 1, 1, 2), (1, 1, 2), {"padding": (0, 1)}),
        ((1, 1, 2, 3), (1, 2, 2), {"padding": 1}),
        ((1, 1, 2, 3), (1, 2, 3), {"padding": "same"}),
        ((1, 1, 3, 4), (1, 2, 2), {"padding": "valid"}),
        ((1, 1, 2, 3), (1, 3, 2), {"padding": "full"}),
        ((1, 1, 3, 2), (1, 4, 3), {"padding": (2, 1)}),
        ((1, 2, 3, 4), (2, 3, 2), {"padding": "same"}),
        ((2, 2, 3, 2), (3, 2, 3), {"padding": (0, 2)}),
    ],
    "dilation": [
        ((1, 1, 1, 4), (1, 1, 2), {"dilation": 2}),
        ((1, 1, 4, 3), (1, 2, 2), {"dilation": (3, 1)}),
        ((1, 1, 3, 4), (1, 2, 3), {"padding": "same", "dilation": (3, 2)}),
        ((1, 1, 2, 3), (1, 2, 2), {"padding": "full", "dilation": 2}),
        ((1, 2, 5, 6), (2, 2, 3), {"dilation": 2}),
        ((2, 2, 3, 5), (3, 3, 2), {"padding": (2, 0), "dilation": (2, 3)}),
    ],
}


def images(rng: np.random.Generator) -> Iterator[Sample]:
    yield from draw_table(rng, SPECTRA, "one channel")
    for _ in range(3):
        (kh, d_h), (kw, d_w) = ((int(v) for v in rng.integers(1, 4, size=2)) for _ in range(2))
        p_h, p_w = (int(v) for v in rng.permutation(3)[:2])
        N, C_in, C_out = (int(v) for v in rng.permutation(3) + 1)
        H, W = d_h * (kh - 1) + int(rng.integers(1, 4)), d_w * (kw - 1) + int(rng.integers(2, 5))
        options = {"padding": (p_h, p_w), "dilation": (d_h, d_w)}
        yield draw_images(rng, "dilation", (N, C_in, H, W), (C_out, kh, kw), options, with_bias=True)
    # All six by their places: bias, stride, padding, dilation.
    input, weight, bias = fractions(rng, (1, 2, 4, 5)), fractions(rng, (2, 2, 2, 1)), fractions(rng, 2)
    yield Sample((input, weight, bias, 1, (1, 0), (1, 2)), group="dilation")


def padded_and_spread(call: Call) -> tuple[np.ndarray, np.ndarray]:
    """The images with their zeros around them, and the kernels with zeros between their taps."""
    C_out, C_in, kh, kw = call.weight.shape
    d_h, d_w = pair(call.dilation)
    spread = np.zeros((C_out, C_in, d_h * (kh - 1) + 1, d_w * (kw - 1) + 1))
    spread[:, :, ::d_h, ::d_w] = call.weight
    pads = resolving()(call.padding, (kh, kw), call.dilation)
    return np.pad(call.input.astype(float), ((0, 0), (0, 0), *pads)), spread


def multiplied(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The products of two spectra, channel by channel, added up over the channels of the input."""
    spectrum: np.ndarray = np.einsum("nchw,ochw->nohw", x, w)
    return spectrum


def transformed(
    product: Callable[[np.ndarray, np.ndarray], np.ndarray] = multiplied,
    points: Callable[[int, int], int] = lambda n, span: n + span - 1,
    inverse: Callable[[np.ndarray, Pair], np.ndarray] = np.fft.irfft2,
    cut: Callable[[int, int], slice] = lambda n, span: slice(span - 1, n),
) -> Callable[[Call], np.ndarray]:
    """conv2d by FFT, with one of its steps mistaken; `cut` says what is kept of an axis of n padded pixels."""

    def by_fft(call: Call) -> np.ndarray:
        padded, spread = padded_and_spread(call)
        (H, W), (span_h, span_w) = padded.shape[2:], spread.shape[2:]
        size = points(H, span_h), points(W, span_w)
        spectrum = product(np.fft.rfft2(padded, size), np.fft.rfft2(spread[:, :, ::-1, ::-1], size))
        result = inverse(spectrum, size)
        return with_bias(result[:, :, cut(H, span_h), cut(W, span_w)], call)

    return by_fft


def real_parts(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return multiplied(x.real, w.real)


def loses_signs(call: Call) -> np.ndarray:
    return with_bias(np.abs(convolve(call._replace(bias=None))), call)


def adds_the_channels_first(call: Call) -> np.ndarray:
    input, weight = call.input.sum(axis=1, keepdims=True), call.weight.sum(axis=1, keepdims=True)
    return convolve(call._replace(input=input, weight=weight))


def wraps_the_images(axis: Axis) -> np.ndarray:
    return axis.covered() % axis.size


conv2d_fft = Exercise(
    name="conv2d_fft",
    chapter=CHAPTER,
    parameters=("input", "weight", "bias", "stride", "padding", "dilation"),
    groups={"one channel": 1, "channels and batch": 1, "padding": 1, "dilation": 1},
    difficulty=4,
    minutes=30,
    samples=images,
    oracle=conv2d_in_torch,
    oracle_name="torch.nn.functional.conv2d",
    linear=("input", "weight"),
    allowed=(
        "functional.pad",
        "functional.resolve_padding",
        "functional.output_size",
        "functional.dilate",
        "functional.flip",
        "numpy.fft",
    ),
    atol=1e-4,  # transforms of float32 are done in single precision
    mistakes=(
        Mistake(
            "not flipped",
            "Your numbers are those of a true convolution. The product of two transforms gives that; "
            "for a cross-correlation flip every kernel first.",
            given(weight=lambda weight: weight[:, :, ::-1, ::-1]),
            "one channel",
        ),
        Mistake(
            "only columns flipped",
            "Your kernels are flipped along their rows only. Turn both axes round: weight[:, :, ::-1, ::-1].",
            given(weight=lambda weight: weight[:, :, ::-1]),
            "one channel",
        ),
        Mistake(
            "cut at the corner",
            "You keep the first H_out rows and W_out columns of the full convolution. Those of windows that lie inside "
            "come later: they begin in row kh - 1 and column kw - 1 (with dilation: the span - 1).",
            computing(transformed(cut=lambda n, span: slice(0, n - span + 1))),
            "one channel",
        ),
        Mistake(
            "cut one too late",
            "You cut off kh rows and kw columns at the front. The first window that lies inside stands in row kh - 1 "
            "and column kw - 1: cut off one less.",
            computing(transformed(cut=lambda n, span: slice(span, n))),
            "one channel",
        ),
        Mistake(
            "not cut",
            "Your output is the full convolution. Keep the rows kh - 1 to H - 1 and the columns kw - 1 to W - 1 of it "
            "(with dilation: from the span - 1 on).",
            computing(transformed(cut=lambda n, span: slice(None))),
            "one channel",
        ),
        Mistake(
            "ends that meet",
            "Your transforms have as many points as the padded images, and nothing is cut off: the first kh - 1 rows "
            "and kw - 1 columns hold sums whose ends wrapped around.",
            computing(transformed(points=lambda n, span: n, cut=lambda n, span: slice(None))),
            "one channel",
        ),
        Mistake(
            "odd width lost",
            "irfft2 cannot know whether the width was even or odd, and takes it for even. "
            "Give it the size that the transforms had.",
            computing(transformed(inverse=lambda spectrum, size: np.fft.irfft2(spectrum))),
            "one channel",
        ),
        Mistake(
            "signs lost",
            "None of your sums is negative: np.abs throws the sign away. Take the real part, .real, or use irfft2.",
            computing(loses_signs),
            "one channel",
        ),
        Mistake(
            "real parts multiplied",
            "You take the real parts before the product. The transforms are multiplied as they are, complex; "
            "only the result is real.",
            computing(transformed(product=real_parts)),
            "one channel",
        ),
        Mistake(
            "output made like the input",
            "Your output takes the input's dtype, so for images of integers every fraction is cut off. "
            "After an FFT even whole numbers suffer: 2.9999999999 becomes 2.",
            computing(lambda call: transformed()(call).astype(call.input.dtype)),
            "one channel",
        ),
        *chosen(ANYWHERE, "one channel", "bias forgotten"),
        *chosen(
            ANYWHERE,
            "channels and batch",
            "first channel only",
            "weight read as [in, out]",
            "first image for all",
        ),
        Mistake(
            "channels added first",
            "You add up the channels before you multiply. Multiply channel by channel, then add up the products.",
            computing(adds_the_channels_first),
            "channels and batch",
        ),
        Mistake(
            "channels reversed",
            "You flip the channels, too. Only the last two axes of weight are turned round.",
            given(weight=lambda weight: weight[:, ::-1]),
            "channels and batch",
        ),
        *chosen(PADDING, "padding", "original read", "top and left only"),
        *chosen(PAIRS, "padding", "padding swapped", "one padding for both axes"),
        Mistake(
            "wraps around",
            "Beyond one edge of the image you read the opposite one: without zeros the transform wraps around. "
            "Pad the images first.",
            operator(wraps_the_images),
            "padding",
        ),
        *(
            replace(mistake, group="padding" if mistake.name == "odd zero in front" else "dilation")
            for mistake in NOT_GIVEN_ON
            if mistake.name != "stride ignored"
        ),
        Mistake(
            "zeros after the last tap",
            "You put zeros after the last tap too, so the kernel spans dilation * K. Between K taps are K - 1 gaps: "
            "it is dilation * (K - 1) + 1.",
            operator(lambda axis: axis.covered(axis.way + 2 - axis.dilation)),
            "dilation",
        ),
    ),
)
