"""Chapter 6, convolution as a matrix product: `windows`, `im2col`, `col2im`, `conv_matrix`.

`Layout`, on which the mistakes of this chapter stand, serves those of chapter 7 as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = [
    "EXERCISES",
    "Layout",
    "Pair",
    "Size",
    "layout_of",
    "pair",
    "slips",
]

CHAPTER = "06_matrix_product"

Pair = tuple[int, int]
Size = int | Pair


# ---------------------------------------------------------------- what the mistakes are made of


def pair(value: Size) -> Pair:
    """One number for each of the two axes."""
    return (value, value) if isinstance(value, int) else value


def place(out: int, tap: int, s: int, p: int, d: int) -> int:
    """The row (or column) of the input on which a tap lies in one window; outside the input is padding."""
    return out * s + tap * d - p


def unstrided(out: int, tap: int, s: int, p: int, d: int) -> int:
    return out + tap * d - p


def undilated(out: int, tap: int, s: int, p: int, d: int) -> int:
    return out * s + tap - p


def exchanged(out: int, tap: int, s: int, p: int, d: int) -> int:
    return out * d + tap * s - p


def unpadded(out: int, tap: int, s: int, p: int, d: int) -> int:
    return out * s + tap * d


def clamped(out: int, tap: int, s: int, p: int, d: int) -> int:
    return max(out * s - p, 0) + tap * d


class Layout(NamedTuple):
    """How windows lie on an image. `place` says where a tap lies; a mistake may have another one."""

    stride: Pair
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    place: Callable[[int, int, int, int, int], int] = place

    def swapped(self, options: tuple[str, ...]) -> Layout:
        """With these options for rows what they are for columns, and the reverse."""
        return self._replace(**{option: getattr(self, option)[::-1] for option in options})

    def least_size(self, outs: Pair, taps: Pair) -> Pair:
        """The smallest image that has so many places: no row or column is left over."""
        rows, columns = (
            max((n - 1) * s + (k - 1) * d + 1 - 2 * p, 0)
            for n, k, s, p, d in zip(outs, taps, self.stride, self.padding, self.dilation)
        )
        return rows, columns

    def outputs(self, size: Pair, taps: Pair) -> Pair:
        """How many places there are on each axis."""
        rows, columns = (
            max((n + 2 * p - d * (k - 1) - 1) // s + 1, 0)
            for n, k, s, p, d in zip(size, taps, self.stride, self.padding, self.dilation)
        )
        return rows, columns

    def contacts(self, size: Pair, taps: Pair, outs: Pair) -> Iterator[tuple[int, int, int, int, int, int]]:
        """Every tap of every window that lies on the image: (y, x, i, j, row, column), window by window."""
        (s_h, s_w), (p_h, p_w), (d_h, d_w) = self.stride, self.padding, self.dilation
        for y, x, i, j in product(*map(range, (*outs, *taps))):
            row, column = self.place(y, i, s_h, p_h, d_h), self.place(x, j, s_w, p_w, d_w)
            if 0 <= row < size[0] and 0 <= column < size[1]:
                yield y, x, i, j, row, column


def layout_of(stride: Size = 1, padding: Size = 0, dilation: Size = 1) -> Layout:
    return Layout(pair(stride), pair(padding), pair(dilation))


class Slip(NamedTuple):
    """A wrong use of one option that is possible in every function that takes it."""

    name: str
    explanation: str
    change: Callable[[Layout], Layout]
    option: str
    kind: str = "place"  # of a tap; or "pair", or "size", which gives another number of places


SLIPS = (
    Slip(
        "start not multiplied by the stride",
        "Your window at (y, x) starts y rows below the first one and x columns to its right. "
        "With a stride it starts y * s_h rows below and x * s_w columns to the right.",
        lambda layout: layout._replace(place=unstrided),
        "stride",
    ),
    Slip(
        "stride ignored",
        "You ignore the stride: your windows lie at every place. From one to the next it is `stride` pixels.",
        lambda layout: layout._replace(stride=(1, 1)),
        "stride",
        "size",
    ),
    Slip(
        "stride and dilation exchanged",
        "You exchange stride and dilation: stride leads from window to window, dilation from tap to tap.",
        lambda layout: layout._replace(place=exchanged),
        "stride",
    ),
    Slip(
        "all pairs the wrong way round",
        "In pairs such as stride=(2, 1) you take the second number for the rows. "
        "The first is for the rows, the second for the columns.",
        partial(Layout.swapped, options=("stride", "padding", "dilation")),
        "stride",
        "pair",
    ),
    *(
        Slip(
            f"{option} the wrong way round",
            f"In a pair such as {option}=(2, 1) you take the second number for the rows. "
            "The first is for the rows, the second for the columns.",
            partial(Layout.swapped, options=(option,)),
            option,
            "pair",
        )
        for option in ("stride", "padding", "dilation")
    ),
    Slip(
        "padding ignored",
        "You ignore the padding: your windows stay inside the image.",
        lambda layout: layout._replace(padding=(0, 0)),
        "padding",
        "size",
    ),
    Slip(
        "starts at the image's corner",
        "Your first window starts at the image's first pixel. With padding it starts p_h rows above it and "
        "p_w columns to its left.",
        lambda layout: layout._replace(place=unpadded),
        "padding",
    ),
    Slip(
        "start clamped at 0",
        "In your code windows that should start in the padding start at the image's edge. "
        "The window at (y, x) starts in row y * s_h - p_h, even if that is negative.",
        lambda layout: layout._replace(place=clamped),
        "padding",
    ),
    Slip(
        "taps not spread",
        "Your taps lie on neighbouring pixels. With a dilation, tap (i, j) lies i * d_h rows and j * d_w "
        "columns after the window's first pixel.",
        lambda layout: layout._replace(place=undilated),
        "dilation",
    ),
    Slip(
        "dilation ignored",
        "You ignore the dilation, in the shape and in the taps. kh taps that are d_h apart span "
        "d_h * (kh - 1) + 1 rows.",
        lambda layout: layout._replace(dilation=(1, 1)),
        "dilation",
        "size",
    ),
)


def slips(
    make: Callable[..., Mistake],
    right: Callable[..., Any],
    groups: dict[str, str],
    kinds: tuple[str, ...] = ("place", "pair", "size"),
    told: dict[str, str] | None = None,
) -> Iterator[Mistake]:
    """The slips of one exercise.

    Parameters
    ----------
    make : (name, explanation, function, group) -> Mistake, where the last argument of `function` is the layout
    right : the right function of the same arguments
    groups : option -> the group that must catch its slips
    kinds : those that give numbers and no error
    told : name -> its explanation, where the exercise has better words
    """
    for slip in SLIPS:
        if slip.option in groups and slip.kind in kinds:

            def slipped(*given: Any, change: Callable[[Layout], Layout] = slip.change) -> Any:
                return right(*given[:-1], change(given[-1]))

            yield make(slip.name, (told or {}).get(slip.name, slip.explanation), slipped, groups[slip.option])


def gather(input: np.ndarray, taps: Pair, layout: Layout) -> np.ndarray:
    """All windows, (N, C, H_out, W_out, kh, kw); zero where a tap lies outside the image."""
    N, C, H, W = input.shape
    outs = layout.outputs((H, W), taps)
    result = np.zeros((N, C, *outs, *taps), dtype=input.dtype)
    for y, x, i, j, row, column in layout.contacts((H, W), taps, outs):
        result[:, :, y, x, i, j] = input[:, :, row, column]
    return result


# ---------------------------------------------------------------- windows

# (N, C, H, W), kernel_size, options, group: the smallest of a group first, as failures are told with the smallest.
# No image is square. Of the steps that a stride takes, 0, 1 and 2 pixels are left over.
WINDOWS: list[tuple[tuple[int, ...], Size, dict[str, Size], str]] = [
    ((1, 1, 2, 3), (1, 2), {}, "plain"),
    ((1, 1, 3, 2), (2, 1), {}, "plain"),
    ((1, 1, 3, 4), 2, {}, "plain"),
    ((1, 1, 2, 3), (2, 3), {}, "plain"),
    ((2, 1, 2, 3), (1, 2), {}, "plain"),
    ((1, 2, 3, 2), (2, 2), {}, "plain"),
    ((2, 2, 3, 4), 1, {}, "plain"),
    ((2, 3, 4, 5), (2, 3), {}, "plain"),
    ((3, 2, 5, 4), (4, 2), {}, "plain"),
    ((1, 1, 1, 4), (1, 2), {"stride": 2}, "stride and dilation"),
    ((1, 1, 1, 5), (1, 2), {"stride": (1, 2)}, "stride and dilation"),
    ((1, 1, 1, 4), (1, 2), {"dilation": (1, 2)}, "stride and dilation"),
    ((1, 1, 7, 4), (2, 1), {"stride": (3, 1)}, "stride and dilation"),
    ((2, 3, 5, 7), (3, 2), {"stride": (1, 3)}, "stride and dilation"),
    ((2, 1, 6, 7), (2, 3), {"dilation": (3, 2)}, "stride and dilation"),
    ((1, 2, 7, 9), (3, 2), {"stride": (2, 3), "dilation": (2, 1)}, "stride and dilation"),
]


def views(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, kernel_size, options, group in WINDOWS:
        values = integers if np.prod(shape) <= 12 else fractions
        yield Sample((values(rng, shape), kernel_size), options, group)
    # The options without their names: stride, then dilation.
    yield Sample((fractions(rng, (1, 2, 6, 5)), (2, 2), (1, 2), (3, 1)), group="stride and dilation")
    for _ in range(2):
        H, W = (int(v) for v in rng.permutation(4)[:2] + 5)
        stride, dilation = (int(v) for v in rng.integers(1, 4, 2))
        options = {"stride": stride, "dilation": (dilation, 1)}
        yield Sample((fractions(rng, (2, 1, H, W)), (2, 3)), options, "stride and dilation")
    for how in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (2, 1, 2, 3)), how), (2, 1)), group="arrays")
        yield Sample((lay_out(fractions(rng, (2, 3, 3, 4)), how), 2), group="arrays")
    yield Sample((fractions(rng, (1, 2, 2, 3), np.float32), (1, 2)), group="arrays")


def windows_in_torch(torch: Any, input: Any, kernel_size: Size, stride: Size = 1, dilation: Size = 1) -> Any:
    for axis, k, s, d in zip((2, 3), pair(kernel_size), pair(stride), pair(dilation)):
        input = input.unfold(axis, d * (k - 1) + 1, s)
    d_h, d_w = pair(dilation)
    return input[..., ::d_h, ::d_w]


def from_assumed_strides(input: np.ndarray, taps: Pair, layout: Layout, unit: int) -> np.ndarray:
    """The windows of somebody who takes neighbouring elements to lie `unit` bytes apart, and rows to be full.

    They are read from the array's own memory. Where that ends, reading goes on at the array's first element.
    """
    owner = input.base if isinstance(input.base, np.ndarray) else input
    start = input.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    memory = np.frombuffer(owner.tobytes("A"), dtype=np.uint8)[start:]
    elements = gather(np.arange(input.size).reshape(input.shape), taps, layout)
    bytes_of_each = elements[..., None] * unit + np.arange(input.itemsize)
    return memory[bytes_of_each % memory.size].view(input.dtype)[..., 0]


def _windows(
    name: str,
    explanation: str,
    function: Callable[[np.ndarray, Pair, Layout], np.ndarray],
    group: str = "plain",
) -> Mistake:
    """A mistake as a function of the input, (kh, kw) and the layout."""

    def mistaken(input: np.ndarray, kernel_size: Size, stride: Size = 1, dilation: Size = 1) -> np.ndarray:
        return function(input, pair(kernel_size), layout_of(stride, 0, dilation))

    return Mistake(name, explanation, mistaken, group)


windows = Exercise(
    name="windows",
    chapter=CHAPTER,
    parameters=("input", "kernel_size", "stride", "dilation"),
    groups={"plain": 1, "stride and dilation": 1, "arrays": 1},
    difficulty=3,
    minutes=15,
    samples=views,
    oracle=windows_in_torch,
    oracle_name="torch.Tensor.unfold",
    results=("windows",),
    linear=("input",),
    mistakes=(
        _windows(
            "strides in elements",
            "You count strides in elements. NumPy counts them in bytes: start from input.strides.",
            lambda input, taps, layout: from_assumed_strides(input, taps, layout, unit=1),
        ),
        _windows(
            "contiguous memory assumed",
            "You work the strides out from the shape, as if the elements lay one after the other in memory. "
            "In a view they may lie otherwise: start from input.strides.",
            lambda input, taps, layout: from_assumed_strides(input, taps, layout, unit=input.itemsize),
            "arrays",
        ),
        _windows(
            "taps before places",
            "Your axes are (N, C, kh, kw, H_out, W_out). Here the places come before the taps: "
            "(N, C, H_out, W_out, kh, kw).",
            lambda input, taps, layout: gather(input, taps, layout).transpose(0, 1, 4, 5, 2, 3),
        ),
        _windows(
            "columns before rows in the window",
            "Your windows lie on their side: the last two axes are (kh, kw), the rows of a window before "
            "its columns.",
            lambda input, taps, layout: gather(input, taps, layout).swapaxes(4, 5),
        ),
        _windows(
            "columns before rows of places",
            "Your places lie on their side: axes 2 and 3 are (H_out, W_out), down before across.",
            lambda input, taps, layout: gather(input, taps, layout).swapaxes(2, 3),
        ),
        _windows(
            "last places lost",
            "You count the steps of a window, not its places: after dividing by the stride, add 1.",
            lambda input, taps, layout: gather(input, taps, layout)[:, :, :-1, :-1],
        ),
        _windows(
            "square window",
            "You use the window's height for its width too. It has kh rows and kw columns.",
            lambda input, taps, layout: gather(input, (taps[0], taps[0]), layout),
        ),
        _windows(
            "windows side by side",
            "Your windows lie side by side and share no pixel. They start `stride` apart, and that is 1 if "
            "nothing is said.",
            lambda input, taps, layout: gather(input, taps, layout._replace(stride=taps)),
        ),
        *slips(_windows, gather, {"stride": "stride and dilation", "dilation": "stride and dilation"}),
    ),
)


# ---------------------------------------------------------------- im2col and col2im

BY_OPTION = {"stride": "stride and padding", "padding": "stride and padding", "dilation": "dilation"}

# As above. Besides: padding that differs between rows and columns, padding as wide as the kernel or wider, and a
# tail that lies in the padding.
COLUMNS: list[tuple[tuple[int, ...], Size, dict[str, Size], str]] = [
    ((1, 1, 2, 3), (1, 2), {}, "plain"),
    ((1, 1, 3, 2), (2, 1), {}, "plain"),
    ((1, 1, 2, 3), (2, 2), {}, "plain"),
    ((1, 1, 2, 3), (2, 3), {}, "plain"),
    ((2, 1, 2, 3), (1, 2), {}, "plain"),
    ((1, 2, 2, 3), (2, 2), {}, "plain"),
    ((1, 1, 3, 4), 2, {}, "plain"),
    ((2, 3, 3, 2), 1, {}, "plain"),
    ((2, 3, 4, 5), (2, 3), {}, "plain"),
    ((3, 2, 5, 4), (4, 2), {}, "plain"),
    ((1, 1, 1, 4), (1, 2), {"stride": 2}, "stride and padding"),
    ((1, 1, 1, 5), (1, 2), {"stride": (1, 2)}, "stride and padding"),
    ((1, 1, 1, 2), (1, 2), {"padding": (0, 1)}, "stride and padding"),
    ((1, 1, 2, 1), (2, 2), {"padding": 1}, "stride and padding"),
    ((1, 1, 7, 4), (2, 1), {"stride": (3, 1)}, "stride and padding"),
    ((2, 3, 4, 3), (2, 3), {"padding": (2, 1)}, "stride and padding"),
    ((2, 1, 4, 6), (3, 2), {"padding": (0, 3), "stride": (1, 3)}, "stride and padding"),
    ((1, 2, 6, 7), (2, 3), {"padding": (1, 2), "stride": (3, 2)}, "stride and padding"),
    ((1, 1, 1, 4), (1, 2), {"dilation": (1, 2)}, "dilation"),
    ((1, 2, 3, 4), (2, 2), {"dilation": 2}, "dilation"),
    ((2, 1, 6, 7), (2, 3), {"dilation": (3, 2)}, "dilation"),
    ((2, 3, 5, 6), (3, 2), {"dilation": (1, 3), "padding": (1, 0), "stride": (2, 1)}, "dilation"),
    ((1, 2, 4, 7), (2, 3), {"dilation": (2, 1), "padding": (2, 1), "stride": (3, 2)}, "dilation"),
]


def images(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, kernel_size, options, group in COLUMNS:
        values = integers if np.prod(shape) <= 6 else fractions
        yield Sample((values(rng, shape), kernel_size), options, group)
    # The options without their names: dilation, padding, stride.
    yield Sample((fractions(rng, (1, 2, 5, 6)), (2, 2), (3, 2), (1, 0), (1, 2)), group="dilation")
    for _ in range(2):
        H, W = (int(v) for v in rng.permutation(4)[:2] + 4)
        stride, padding = (int(v) for v in rng.integers([2, 0], [4, 3]))
        options = {"padding": (padding, 1), "stride": stride}
        yield Sample((fractions(rng, (2, 1, H, W)), (2, 3)), options, "stride and padding")
    for how in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (2, 1, 2, 3)), how), (2, 1)))
        yield Sample((lay_out(fractions(rng, (2, 3, 3, 4)), how), 2))
    yield Sample((fractions(rng, (1, 2, 2, 3), np.float32), (1, 2)))


def unfold(input: np.ndarray, taps: Pair, layout: Layout) -> np.ndarray:
    return as_columns(gather(input, taps, layout))


def as_columns(windows: np.ndarray) -> np.ndarray:
    N, C, H_out, W_out, kh, kw = windows.shape
    return windows.transpose(0, 1, 4, 5, 2, 3).reshape(N, C * kh * kw, H_out * W_out)


def leaves_the_axes(input: np.ndarray, taps: Pair, layout: Layout) -> np.ndarray:
    return gather(input, taps, layout).reshape(unfold(input, taps, layout).shape)


def channels_fastest(input: np.ndarray, taps: Pair, layout: Layout) -> np.ndarray:
    return gather(input, taps, layout).transpose(0, 4, 5, 1, 2, 3).reshape(unfold(input, taps, layout).shape)


def takes_the_padded_copy_for_contiguous(input: np.ndarray, taps: Pair, layout: Layout) -> np.ndarray:
    p_h, p_w = layout.padding
    padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    return as_columns(from_assumed_strides(padded, taps, layout._replace(padding=(0, 0)), padded.itemsize))


def unfold_in_the_order_of_conv2d(
    input: np.ndarray, kernel_size: Size, stride: Size = 1, padding: Size = 0, dilation: Size = 1
) -> np.ndarray:
    return unfold(input, pair(kernel_size), layout_of(stride, padding, dilation))


def _im2col(
    name: str,
    explanation: str,
    function: Callable[[np.ndarray, Pair, Layout], np.ndarray],
    group: str = "plain",
) -> Mistake:
    """A mistake as a function of the input, (kh, kw) and the layout."""

    def mistaken(
        input: np.ndarray, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
    ) -> np.ndarray:
        return function(input, pair(kernel_size), layout_of(stride, padding, dilation))

    return Mistake(name, explanation, mistaken, group)


im2col = Exercise(
    name="im2col",
    chapter=CHAPTER,
    parameters=("input", "kernel_size", "dilation", "padding", "stride"),
    groups={"plain": 1, "stride and padding": 1, "dilation": 1},
    difficulty=3,
    minutes=15,
    samples=images,
    oracle=lambda torch, *args, **kwargs: torch.nn.functional.unfold(*args, **kwargs),
    oracle_name="torch.nn.functional.unfold",
    results=("columns",),
    linear=("input",),
    allowed=("functional.output_size", "functional.pad"),
    mistakes=(
        _im2col(
            "axes not moved",
            "The shape is right, but your windows are spread over several columns: reshape moves no axis. "
            "Bring the taps before the places first: (N, C, kh, kw, H_out, W_out).",
            leaves_the_axes,
        ),
        _im2col(
            "channels fastest",
            "Your columns go through the channels fastest: (kh, kw, C). Here they go channel by channel, "
            "(C, kh, kw), as weight.reshape(C_out, -1) does.",
            channels_fastest,
        ),
        _im2col(
            "columns before rows in the window",
            "You write each window down column by column. It goes row by row: (C, kh, kw).",
            lambda input, taps, layout: as_columns(gather(input, taps, layout).swapaxes(4, 5)),
        ),
        _im2col(
            "columns before rows of places",
            "Your places go down the image first. They go row by row: the window at (y, x) is column "
            "y * W_out + x.",
            lambda input, taps, layout: as_columns(gather(input, taps, layout).swapaxes(2, 3)),
        ),
        _im2col(
            "windows as rows",
            "Your windows are rows. Here each window is a column: (N, C * kh * kw, H_out * W_out).",
            lambda input, taps, layout: unfold(input, taps, layout).swapaxes(1, 2),
        ),
        _im2col(
            "batch side by side",
            "You put the images of the batch side by side into one matrix. Here each has its own: "
            "(N, C * kh * kw, H_out * W_out).",
            lambda input, taps, layout: np.concatenate(list(unfold(input, taps, layout)), axis=1),
        ),
        _im2col(
            "padded copy taken for contiguous",
            "You work the strides out from the shape, as if the elements lay one after the other in memory. "
            "np.pad keeps the order of its argument, even if that runs down the columns: start from the "
            "strides of the padded copy.",
            takes_the_padded_copy_for_contiguous,
        ),
        Mistake(
            "in the order of conv2d",
            "Your options are in the order of conv2d. torch's unfold has another one: "
            "kernel_size, dilation, padding, stride.",
            unfold_in_the_order_of_conv2d,
            "dilation",
        ),
        *slips(_im2col, unfold, BY_OPTION),
    ),
)


def columns(rng: np.random.Generator) -> Iterator[Sample]:
    def draw(shape: tuple[int, ...], kernel_size: Size, options: dict[str, Size]) -> np.ndarray:
        (N, C, H, W), (kh, kw) = shape, pair(kernel_size)
        H_out, W_out = layout_of(**options).outputs((H, W), (kh, kw))
        size = (N, C * kh * kw, H_out * W_out)
        return (integers if np.prod(size) <= 9 else fractions)(rng, size)

    for shape, kernel_size, options, group in COLUMNS:
        yield Sample((draw(shape, kernel_size, options), shape[2:], kernel_size), options, group)
    # The options without their names: dilation, padding, stride. There are as many windows if the first and the last
    # are exchanged, so that the mistake gives an image and no error.
    yield Sample((fractions(rng, (1, 8, 4)), (3, 4), (2, 2), (3, 2), (1, 0), 1), group="dilation")
    for _ in range(2):
        H, W = (int(v) for v in rng.permutation(4)[:2] + 4)
        stride, padding = (int(v) for v in rng.integers([2, 0], [4, 3]))
        drawn: dict[str, Size] = {"padding": (padding, 1), "stride": stride}
        yield Sample((draw((2, 1, H, W), (2, 3), drawn), (H, W), (2, 3)), drawn, "stride and padding")
    for how in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (2, 4, 2)), how), (2, 3), 2))
    yield Sample((fractions(rng, (1, 8, 2), np.float32), (2, 3), 2))


def fold(input: np.ndarray, size: Pair, taps: Pair, layout: Layout, keep: str = "sum") -> np.ndarray:
    """`keep` is what stays where windows overlap: "sum", "mean", "last window" or "last tap"."""
    outs = layout.outputs(size, taps)
    values = input.reshape(len(input), -1, *taps, *outs)
    image = np.zeros((*values.shape[:2], *size))
    count = np.zeros(size)
    contacts = list(layout.contacts(size, taps, outs))
    if keep == "last tap":
        contacts.sort(key=lambda contact: contact[2:4])
    for y, x, i, j, row, column in contacts:
        if keep.startswith("last"):
            image[:, :, row, column] = 0
        image[:, :, row, column] += values[:, :, i, j, y, x]
        count[row, column] += 1
    return image / np.maximum(count, 1) if keep == "mean" else image


def reordered(input: np.ndarray, taps: Pair, order: tuple[int, int, int]) -> np.ndarray:
    """The columns of somebody who takes their rows to be in another order of (C, kh, kw)."""
    N, rows, L = input.shape
    sizes = (rows // (taps[0] * taps[1]), *taps)
    taken = input.reshape(N, *(sizes[axis] for axis in order), L)
    return np.moveaxis(taken, (1, 2, 3), [axis + 1 for axis in order]).reshape(N, rows, L)


def reads_places_downwards(input: np.ndarray, size: Pair, taps: Pair, layout: Layout) -> np.ndarray:
    H_out, W_out = layout.outputs(size, taps)
    downwards = input.reshape(*input.shape[:2], W_out, H_out).swapaxes(2, 3)
    return fold(downwards.reshape(input.shape), size, taps, layout)


def keeps_the_padding(input: np.ndarray, size: Pair, taps: Pair, layout: Layout) -> np.ndarray:
    (H, W), (p_h, p_w) = size, layout.padding
    return fold(input, (H + 2 * p_h, W + 2 * p_w), taps, layout._replace(padding=(0, 0)))


def loses_the_tail(input: np.ndarray, size: Pair, taps: Pair, layout: Layout) -> np.ndarray:
    H, W = layout.least_size(layout.outputs(size, taps), taps)
    return fold(input, size, taps, layout)[:, :, :H, :W]


def fold_in_the_order_of_conv2d(
    input: np.ndarray,
    output_size: Pair,
    kernel_size: Size,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
) -> np.ndarray:
    return fold(input, output_size, pair(kernel_size), layout_of(stride, padding, dilation))


def _col2im(
    name: str,
    explanation: str,
    function: Callable[[np.ndarray, Pair, Pair, Layout], np.ndarray],
    group: str = "plain",
) -> Mistake:
    """A mistake as a function of the input, (H, W), (kh, kw) and the layout."""

    def mistaken(
        input: np.ndarray,
        output_size: Pair,
        kernel_size: Size,
        dilation: Size = 1,
        padding: Size = 0,
        stride: Size = 1,
    ) -> np.ndarray:
        return function(input, output_size, pair(kernel_size), layout_of(stride, padding, dilation))

    return Mistake(name, explanation, mistaken, group)


OVERLAP = (
    "Where windows overlap you keep only one of the values that meet at a pixel. All of them are added up: "
    "`+=`, and with arrays of indices np.add.at, because there `+=` counts a repeated index once."
)

col2im = Exercise(
    name="col2im",
    chapter=CHAPTER,
    parameters=("input", "output_size", "kernel_size", "dilation", "padding", "stride"),
    groups={"plain": 2, "stride and padding": 1, "dilation": 1},
    difficulty=4,
    minutes=20,
    samples=columns,
    oracle=lambda torch, *args, **kwargs: torch.nn.functional.fold(*args, **kwargs),
    oracle_name="torch.nn.functional.fold",
    results=("image",),
    linear=("input",),
    allowed=("functional.output_size",),
    mistakes=(
        _col2im(
            "assigned window by window",
            OVERLAP,
            lambda input, size, taps, layout: fold(input, size, taps, layout, keep="last window"),
        ),
        _col2im(
            "assigned tap by tap",
            OVERLAP,
            lambda input, size, taps, layout: fold(input, size, taps, layout, keep="last tap"),
        ),
        _col2im(
            "averaged",
            "You take the mean of the values that meet at a pixel. They are added up: col2im is the adjoint of "
            "im2col, not its inverse.",
            lambda input, size, taps, layout: fold(input, size, taps, layout, keep="mean"),
        ),
        _col2im(
            "channels fastest",
            "You read the columns as (kh, kw, C). They go channel by channel: (C, kh, kw).",
            lambda input, size, taps, layout: fold(reordered(input, taps, (1, 2, 0)), size, taps, layout),
        ),
        _col2im(
            "columns before rows in the window",
            "You read each window column by column. It goes row by row: (C, kh, kw).",
            lambda input, size, taps, layout: fold(reordered(input, taps, (0, 2, 1)), size, taps, layout),
        ),
        _col2im(
            "columns before rows of places",
            "You take the places to go down the image first. They go row by row: column y * W_out + x is the "
            "window at (y, x).",
            reads_places_downwards,
        ),
        _col2im(
            "tail lost",
            "Your image ends where the last window ends. The stride may have dropped rows and columns after it: "
            "the image has output_size, and these pixels are 0.",
            loses_the_tail,
            "stride and padding",
        ),
        _col2im(
            "padding kept",
            "Your image still has its padding. What landed there is dropped: cut p_h rows and p_w columns off "
            "each side.",
            keeps_the_padding,
            "stride and padding",
        ),
        Mistake(
            "in the order of conv2d",
            "Your options are in the order of conv2d. torch's fold has another one: "
            "kernel_size, dilation, padding, stride.",
            fold_in_the_order_of_conv2d,
            "dilation",
        ),
        *slips(_col2im, fold, BY_OPTION, kinds=("place",)),
    ),
)


# ---------------------------------------------------------------- conv_matrix

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

EXERCISES = (windows, im2col, col2im, conv_matrix)
