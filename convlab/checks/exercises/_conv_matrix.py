"""`conv_matrix` of chapter 6."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._columns import BY_OPTION
from convlab.checks.exercises._layouts import CHAPTER, Layout, Pair, Size, layout_of, slips
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["conv_matrix"]


# (C_out, C_in, kh, kw), (H, W), options, group. Small, because whoever finds the matrix by sending one image for each
# pixel through a convolution needs as many convolutions as there are pixels.
MATRICES: list[tuple[tuple[int, ...], Pair, dict[str, Size], str]] = [
    ((1, 1, 1, 2), (1, 3), {}, "plain"),
    ((1, 1, 2, 1), (3, 2), {}, "plain"),
    ((1, 1, 1, 2), (2, 3), {}, "plain"),
    ((1, 1, 2, 2), (2, 3), {}, "plain"),
    ((1, 1, 2, 3), (2, 3), {}, "plain"),
    ((2, 1, 1, 2), (1, 3), {}, "plain"),
    ((1, 2, 2, 1), (2, 1), {}, "plain"),
    ((2, 3, 2, 2), (2, 3), {}, "plain"),
    ((2, 2, 2, 1), (3, 2), {}, "plain"),
    ((3, 2, 1, 1), (2, 1), {}, "plain"),
    ((1, 1, 1, 2), (1, 4), {"stride": 2}, "stride and padding"),
    ((1, 1, 1, 2), (1, 2), {"padding": (0, 1)}, "stride and padding"),
    ((1, 1, 2, 1), (2, 1), {"padding": 1}, "stride and padding"),
    ((1, 1, 1, 2), (1, 5), {"stride": (1, 2)}, "stride and padding"),
    ((2, 1, 2, 1), (7, 2), {"stride": (3, 2)}, "stride and padding"),
    ((1, 2, 2, 3), (2, 3), {"padding": (1, 2)}, "stride and padding"),
    ((2, 1, 3, 2), (4, 3), {"padding": (1, 2), "stride": (2, 3)}, "stride and padding"),
    ((1, 1, 1, 2), (1, 4), {"dilation": (1, 2)}, "dilation"),
    ((1, 1, 2, 2), (3, 4), {"dilation": 2}, "dilation"),
    ((2, 1, 2, 2), (3, 4), {"dilation": (1, 3)}, "dilation"),
    ((1, 2, 2, 3), (3, 5), {"dilation": (2, 1)}, "dilation"),
    ((1, 2, 2, 2), (4, 3), {"dilation": (3, 2), "padding": (1, 2), "stride": (1, 2)}, "dilation"),
]


def kernels(rng: np.random.Generator) -> Iterator[Sample]:
    # Always float64: convlab.functional.conv2d, which may be used here, takes arrays of one dtype only, and images of
    # ones and zeros are float64 if nothing else is said.
    for shape, input_size, options, group in MATRICES:
        weight = integers(rng, shape, np.float64) if np.prod(shape) <= 6 else fractions(rng, shape)
        yield Sample((weight, input_size), options, group)
    # The options without their names: stride, padding, dilation.
    yield Sample((fractions(rng, (1, 1, 2, 2)), (4, 5), (1, 2), (1, 0), (3, 2)), group="dilation")
    for _ in range(2):
        H, W = (int(v) for v in rng.permutation(3)[:2] + 2)
        drawn = {"padding": (int(rng.integers(0, 3)), 1), "stride": int(rng.integers(1, 4))}
        yield Sample((fractions(rng, (1, 2, 2, 1)), (H, W)), drawn, "stride and padding")
    for how in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (2, 1, 2, 2)), how), (2, 3)))


def matrix_in_torch(torch: Any, weight: Any, input_size: Pair, *args: Any, **kwargs: Any) -> Any:
    """Each pixel alone is 1 in one image: what conv2d makes of that image is the pixel's column."""
    C_in, (H, W) = weight.shape[1], input_size
    pixels = torch.eye(C_in * H * W, dtype=weight.dtype).reshape(-1, C_in, H, W)
    return torch.nn.functional.conv2d(pixels, weight, None, *args, **kwargs).flatten(1).T


def blocks(weight: np.ndarray, size: Pair, layout: Layout) -> np.ndarray:
    """The matrix before it is flattened: (C_out, H_out, W_out, C_in, H, W)."""
    C_out, C_in, kh, kw = weight.shape
    outs = layout.outputs(size, (kh, kw))
    result = np.zeros((C_out, *outs, C_in, *size))
    for y, x, i, j, row, column in layout.contacts(size, (kh, kw), outs):
        result[:, y, x, :, row, column] = weight[:, :, i, j]
    return result


def flat(blocks: np.ndarray) -> np.ndarray:
    return blocks.reshape(int(np.prod(blocks.shape[:3])), int(np.prod(blocks.shape[3:])))


def matrix(weight: np.ndarray, size: Pair, layout: Layout) -> np.ndarray:
    return flat(blocks(weight, size, layout))


class Tap(NamedTuple):
    """A tap in one window: where the window starts, and how far from there the tap lies."""

    y: int
    x: int
    i: int
    j: int
    top: int
    left: int
    down: int
    across: int


def by_flat_index(
    weight: np.ndarray, size: Pair, layout: Layout, index: Callable[[Tap, int, int], int]
) -> np.ndarray:
    """The matrix of somebody who finds a tap's column by one sum, index(tap, W, W_out), not by row and column."""
    C_out, C_in, kh, kw = weight.shape
    H, W = size
    H_out, W_out = layout.outputs(size, (kh, kw))
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = layout.stride, layout.padding, layout.dilation
    result = np.zeros((C_out, H_out, W_out, C_in, H * W))
    for y, x, i, j in product(range(H_out), range(W_out), range(kh), range(kw)):
        n = index(Tap(y, x, i, j, y * s_h - p_h, x * s_w - p_w, i * d_h, j * d_w), W, W_out)
        if 0 <= n < H * W:
            result[:, y, x, :, n] = weight[:, :, i, j]
    return result.reshape(C_out * H_out * W_out, C_in * H * W)


def moves_on_by_one(weight: np.ndarray, size: Pair, layout: Layout) -> np.ndarray:
    def index(tap: Tap, W: int, W_out: int) -> int:
        return tap.y * W_out + tap.x + tap.down * W + tap.across

    return by_flat_index(weight, size, layout, index)


def packs_the_taps(weight: np.ndarray, size: Pair, layout: Layout) -> np.ndarray:
    kw = weight.shape[3]
    return by_flat_index(weight, size, layout, lambda tap, W, _: tap.top * W + tap.left + tap.i * kw + tap.j)


def lands_in_the_next_row(weight: np.ndarray, size: Pair, layout: Layout) -> np.ndarray:
    return by_flat_index(
        weight, size, layout, lambda tap, W, _: (tap.top + tap.down) * W + tap.left + tap.across
    )


def wraps_around(weight: np.ndarray, size: Pair, layout: Layout) -> np.ndarray:
    H = size[0]
    return by_flat_index(
        weight, size, layout, lambda tap, W, _: (tap.top + tap.down) % H * W + (tap.left + tap.across) % W
    )


def keeps_columns_for_the_padding(weight: np.ndarray, size: Pair, layout: Layout) -> np.ndarray:
    (H, W), (p_h, p_w) = size, layout.padding
    return matrix(weight, (H + 2 * p_h, W + 2 * p_w), layout._replace(padding=(0, 0)))


def takes_outputs_for_inputs(weight: np.ndarray, size: Pair, layout: Layout) -> np.ndarray:
    C_out, C_in, kh, kw = weight.shape
    return matrix(weight.reshape(C_in, C_out, kh, kw).swapaxes(0, 1), size, layout)


def _conv_matrix(
    name: str,
    explanation: str,
    function: Callable[[np.ndarray, Pair, Layout], np.ndarray],
    group: str = "plain",
) -> Mistake:
    """A mistake as a function of the weight, (H, W) and the layout."""

    def mistaken(
        weight: np.ndarray, input_size: Pair, stride: Size = 1, padding: Size = 0, dilation: Size = 1
    ) -> np.ndarray:
        return function(weight, input_size, layout_of(stride, padding, dilation))

    return Mistake(name, explanation, mistaken, group)


conv_matrix = Exercise(
    name="conv_matrix",
    chapter=CHAPTER,
    parameters=("weight", "input_size", "stride", "padding", "dilation"),
    groups={"plain": 1, "stride and padding": 1, "dilation": 1},
    difficulty=4,
    minutes=20,
    samples=kernels,
    oracle=matrix_in_torch,
    oracle_name="torch.nn.functional.conv2d of one image for each pixel",
    results=("matrix",),
    linear=("weight",),
    allowed=("functional.conv2d", "functional.output_size", "functional.pad"),
    mistakes=(
        _conv_matrix(
            "transposed",
            "Your matrix lies on its side: each row belongs to one entry of the output, "
            "each column to one pixel of the input.",
            lambda weight, size, layout: matrix(weight, size, layout).T,
        ),
        _conv_matrix(
            "flipped kernel",
            "Your kernel is flipped. Cross-correlation reads it as it is: along each row of the matrix the taps "
            "stand in the order of weight.",
            lambda weight, size, layout: matrix(weight[:, :, ::-1, ::-1], size, layout),
        ),
        _conv_matrix(
            "output channels fastest",
            "Your rows go through the output channels fastest. They go as output[o, y, x] lies in memory: "
            "all places of channel 0, then all of channel 1.",
            lambda weight, size, layout: flat(blocks(weight, size, layout).transpose(1, 2, 0, 3, 4, 5)),
        ),
        _conv_matrix(
            "input channels fastest",
            "Your columns go through the input channels fastest. They go as image[c, row, column] lies in "
            "memory: all pixels of channel 0, then all of channel 1.",
            lambda weight, size, layout: flat(blocks(weight, size, layout).transpose(0, 1, 2, 4, 5, 3)),
        ),
        _conv_matrix(
            "weight indexed [in, out]",
            "You take weight's first axis for the input channels. It is weight[o, c, i, j]: "
            "output channels first.",
            takes_outputs_for_inputs,
        ),
        _conv_matrix(
            "one further in every row",
            "From each row of your matrix to the next the taps move on by one. At the end of a row of places "
            "they move further, to where the next row of pixels begins: place (y, x) starts at y * W + x.",
            moves_on_by_one,
        ),
        _conv_matrix(
            "taps one after the other",
            "In your matrix the rows of the kernel stand one right after the other. "
            "In the flattened image the pixel one row below is W columns further.",
            packs_the_taps,
        ),
        _conv_matrix(
            "columns for the padding",
            "Your matrix has columns for the padding too. The zeros there add nothing: leave these columns out, "
            "C_in * H * W remain.",
            keeps_columns_for_the_padding,
            "stride and padding",
        ),
        _conv_matrix(
            "lands in the neighbouring row",
            "Your taps to the left or right of the image land in the row above or below. "
            "They meet padding and are left out: look at the column as well as at the flat index.",
            lands_in_the_next_row,
            "stride and padding",
        ),
        _conv_matrix(
            "wraps around",
            "Your taps that leave the image on one side come back in on the other, as a negative index or `%` "
            "does it. They meet padding and are left out.",
            wraps_around,
            "stride and padding",
        ),
        *slips(_conv_matrix, matrix, BY_OPTION),
    ),
)
