"""Chapter 6, convolution as a matrix product: `windows`, `im2col`, `col2im`, `conv_matrix`.

`contacts`, on which the mistakes of this chapter stand, serves those of chapter 7 as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["EXERCISES", "Pair", "Place", "Size", "contacts", "outputs", "pair", "place", "swapped"]

CHAPTER = "06_matrix_product"

Pair = tuple[int, int]
Size = int | Pair
Place = Callable[[int, int, int, int, int], int]


# ---------------------------------------------------------------- what the mistakes are made of


def pair(value: Size) -> Pair:
    """One number for each of the two axes."""
    return (value, value) if isinstance(value, int) else value


def swapped(value: Size) -> Pair:
    rows, columns = pair(value)
    return columns, rows


def place(out: int, tap: int, s: int, p: int, d: int) -> int:
    """The row (or column) of the input on which a tap lies in one window; outside the input is padding."""
    return out * s + tap * d - p


def outputs(size: Pair, taps: Pair, stride: Size, padding: Size, dilation: Size) -> Pair:
    """How many places there are on each axis."""
    rows, columns = (
        max((n + 2 * p - d * (k - 1) - 1) // s + 1, 0)
        for n, k, s, p, d in zip(size, taps, pair(stride), pair(padding), pair(dilation))
    )
    return rows, columns


def contacts(
    size: Pair, taps: Pair, outs: Pair, stride: Size, padding: Size, dilation: Size, place: Place = place
) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Every tap of every window that lies on the image: (y, x, i, j, row, column), window by window."""
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = pair(stride), pair(padding), pair(dilation)
    for y, x, i, j in np.ndindex(*outs, *taps):
        row, column = place(y, i, s_h, p_h, d_h), place(x, j, s_w, p_w, d_w)
        if 0 <= row < size[0] and 0 <= column < size[1]:
            yield y, x, i, j, row, column


def gather(
    input: np.ndarray,
    kernel_size: Size,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    place: Place = place,
) -> np.ndarray:
    """All windows, (N, C, H_out, W_out, kh, kw); zero where `place` leads outside the image."""
    N, C, H, W = input.shape
    taps = pair(kernel_size)
    outs = outputs((H, W), taps, stride, padding, dilation)
    result = np.zeros((N, C, *outs, *taps), dtype=input.dtype)
    for y, x, i, j, row, column in contacts((H, W), taps, outs, stride, padding, dilation, place):
        result[:, :, y, x, i, j] = input[:, :, row, column]
    return result


# Where a tap lies, wrongly. The right one is `place`.
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
    for layout in LAYOUTS[1:]:
        image = fractions(rng, (2, 3, 3, 4))
        yield Sample((with_room(image) if layout == "reversed" else lay_out(image, layout), 2), group="arrays")
    yield Sample((fractions(rng, (2, 3, 3, 4), np.float32), (2, 3)), group="arrays")


def with_room(array: np.ndarray) -> np.ndarray:
    """The same values with negative strides. The memory goes on behind them, so that whoever takes it for
    contiguous reads 99s and not what lies beyond."""
    memory = np.full(2 * array.size, 99, dtype=array.dtype)
    memory[: array.size] = np.flip(array).ravel()
    return np.flip(memory[: array.size].reshape(array.shape))


def read_memory(array: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """What stands in memory `offsets` bytes after the array's first element, whatever the array's strides are.
    Beyond the memory that is the array's own, it goes on at its first element."""
    owner = array.base if isinstance(array.base, np.ndarray) else array
    start = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    memory = np.frombuffer(owner.tobytes("A"), dtype=np.uint8)[start:]
    bytes_of_each = (offsets[..., None] + np.arange(array.itemsize)) % memory.size
    return memory[bytes_of_each].view(array.dtype)[..., 0]


def from_assumed_strides(
    input: np.ndarray, kernel_size: Size, stride: Size, dilation: Size, unit: int
) -> np.ndarray:
    """The windows of somebody who takes neighbouring elements to lie `unit` bytes apart, and rows to be full."""
    elements = np.arange(input.size).reshape(input.shape)
    return read_memory(input, gather(elements, kernel_size, stride, 0, dilation) * unit)


def _windows(
    name: str, explanation: str, function: Callable[..., np.ndarray], group: str = "plain"
) -> Mistake:
    """A mistake as a function of all four arguments."""

    def mistaken(input: np.ndarray, kernel_size: Size, stride: Size = 1, dilation: Size = 1) -> np.ndarray:
        return function(input, kernel_size, stride, dilation)

    return Mistake(name, explanation, mistaken, group)


windows = Exercise(
    name="windows",
    chapter=CHAPTER,
    parameters=("input", "kernel_size", "stride", "dilation"),
    groups={"plain": 1, "stride and dilation": 1, "arrays": 1},
    difficulty=3,
    minutes=15,
    samples=views,
    oracle=lambda torch, input, kernel_size, stride=1, dilation=1: windows_in_torch(
        input, pair(kernel_size), pair(stride), pair(dilation)
    ),
    oracle_name="torch.Tensor.unfold",
    results=("windows",),
    mistakes=(
        _windows(
            "strides in elements",
            "You count strides in elements. NumPy counts them in bytes: start from input.strides.",
            lambda input, k, s, d: from_assumed_strides(input, k, s, d, unit=1),
        ),
        _windows(
            "contiguous memory assumed",
            "You work the strides out from the shape, as if the elements lay one after the other in memory. "
            "In a view they may lie otherwise: start from input.strides.",
            lambda input, k, s, d: from_assumed_strides(input, k, s, d, unit=input.itemsize),
            "arrays",
        ),
        _windows(
            "taps before places",
            "Your axes are (N, C, kh, kw, H_out, W_out). Here the places come before the taps: "
            "(N, C, H_out, W_out, kh, kw).",
            lambda input, k, s, d: gather(input, k, s, 0, d).transpose(0, 1, 4, 5, 2, 3),
        ),
        _windows(
            "columns before rows in the window",
            "Your windows lie on their side: the last two axes are (kh, kw), the rows of a window before "
            "its columns.",
            lambda input, k, s, d: gather(input, k, s, 0, d).swapaxes(-1, -2),
        ),
        _windows(
            "columns before rows of places",
            "Your places lie on their side: axes 2 and 3 are (H_out, W_out), down before across.",
            lambda input, k, s, d: gather(input, k, s, 0, d).swapaxes(2, 3),
        ),
        _windows(
            "last places lost",
            "You count the steps of a window, not its places: after dividing by the stride, add 1.",
            lambda input, k, s, d: gather(input, k, s, 0, d)[:, :, :-1, :-1],
        ),
        _windows(
            "square window",
            "You use the window's height for its width too. It has kh rows and kw columns.",
            lambda input, k, s, d: gather(input, pair(k)[0], s, 0, d),
        ),
        _windows(
            "windows side by side",
            "Your windows lie side by side and share no pixel. They start `stride` apart, and that is 1 if "
            "nothing is said.",
            lambda input, k, s, d: gather(input, k, k, 0, d),
        ),
        _windows(
            "start not multiplied by the stride",
            "Your window at (y, x) starts at pixel (y, x). It starts at (y * s_h, x * s_w): "
            "one place further is `stride` pixels further.",
            lambda input, k, s, d: gather(input, k, s, 0, d, unstrided),
            "stride and dilation",
        ),
        _windows(
            "stride ignored",
            "You ignore the stride: these are the windows at every place.",
            lambda input, k, s, d: gather(input, k, 1, 0, d),
            "stride and dilation",
        ),
        _windows(
            "taps not spread",
            "The pixels of your windows are neighbours. With a dilation, tap (i, j) lies i * d_h rows and "
            "j * d_w columns after the window's first pixel.",
            lambda input, k, s, d: gather(input, k, s, 0, d, undilated),
            "stride and dilation",
        ),
        _windows(
            "dilation ignored",
            "You ignore the dilation, in the shape and in the taps. kh taps that are d_h apart span "
            "d_h * (kh - 1) + 1 rows.",
            lambda input, k, s, d: gather(input, k, s, 0, 1),
            "stride and dilation",
        ),
        _windows(
            "stride and dilation exchanged",
            "You exchange stride and dilation: stride leads from window to window, dilation from tap to tap.",
            lambda input, k, s, d: gather(input, k, s, 0, d, exchanged),
            "stride and dilation",
        ),
        _windows(
            "pairs the wrong way round",
            "You take the second number of stride and dilation for the rows. "
            "In a pair the first one is for the rows.",
            lambda input, k, s, d: gather(input, k, swapped(s), 0, swapped(d)),
            "stride and dilation",
        ),
    ),
)


def windows_in_torch(input: Any, kernel_size: Pair, stride: Pair, dilation: Pair) -> Any:
    for axis, k, s, d in zip((2, 3), kernel_size, stride, dilation):
        input = input.unfold(axis, d * (k - 1) + 1, s)
    return input[..., :: dilation[0], :: dilation[1]]


# ---------------------------------------------------------------- im2col and col2im

# As above. Besides: padding that differs between rows and columns, padding wider than the kernel, and what is left
# over lying in the padding.
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
    for layout in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (2, 3, 3, 4)), layout), 2))
    yield Sample((fractions(rng, (2, 3, 3, 4), np.float32), (2, 3)))


def rows_of_columns(windows: np.ndarray) -> np.ndarray:
    """(N, C, H_out, W_out, kh, kw) as the matrix that unfold makes of it."""
    N, C, H_out, W_out, kh, kw = windows.shape
    return windows.transpose(0, 1, 4, 5, 2, 3).reshape(N, C * kh * kw, H_out * W_out)


def _im2col(
    name: str, explanation: str, function: Callable[..., np.ndarray], group: str = "plain"
) -> Mistake:
    """A mistake as a function of input, kernel size, stride, padding and dilation."""

    def mistaken(
        input: np.ndarray, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
    ) -> np.ndarray:
        return function(input, kernel_size, stride, padding, dilation)

    return Mistake(name, explanation, mistaken, group)


def in_the_order_of_conv2d(
    input: np.ndarray, kernel_size: Size, stride: Size = 1, padding: Size = 0, dilation: Size = 1
) -> np.ndarray:
    return rows_of_columns(gather(input, kernel_size, stride, padding, dilation))


def reads_the_padded_copy_as_contiguous(
    input: np.ndarray, kernel_size: Size, stride: Size, padding: Size, dilation: Size
) -> np.ndarray:
    (p_h, p_w) = pair(padding)
    padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    windows = from_assumed_strides(padded, kernel_size, stride, dilation, unit=padded.itemsize)
    return rows_of_columns(windows)


ORDER_OF_ARGUMENTS = (
    "Your arguments are in the order of conv2d. torch's {} has another one: kernel_size, dilation, padding, stride."
)

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
    allowed=("convlab.functional.output_size", "convlab.functional.pad"),
    mistakes=(
        _im2col(
            "axes not moved",
            "The shape is right, but your windows are spread over several columns: reshape moves no axis. "
            "Bring the taps before the places first: (N, C, kh, kw, H_out, W_out).",
            lambda input, *options: (windows := gather(input, *options)).reshape(
                rows_of_columns(windows).shape
            ),
        ),
        _im2col(
            "channels last in a column",
            "Your columns go through the channels fastest: (kh, kw, C). Here they go channel by channel, "
            "(C, kh, kw), as weight.reshape(C_out, -1) does.",
            lambda input, *options: rows_of_columns(by_channel(gather(input, *options))),
        ),
        _im2col(
            "columns before rows in the window",
            "You write each window down column by column. It goes row by row: (C, kh, kw).",
            lambda input, *options: rows_of_columns(gather(input, *options).swapaxes(-1, -2)),
        ),
        _im2col(
            "columns before rows of places",
            "Your places go down the image first. They go row by row: the window at (y, x) is column "
            "y * W_out + x.",
            lambda input, *options: rows_of_columns(gather(input, *options).swapaxes(2, 3)),
        ),
        _im2col(
            "windows as rows",
            "Your windows are rows. Here each window is a column: (N, C * kh * kw, H_out * W_out).",
            lambda input, *options: rows_of_columns(gather(input, *options)).swapaxes(1, 2),
        ),
        _im2col(
            "batch side by side",
            "You put the images of the batch side by side into one matrix. Here each has its own: "
            "(N, C * kh * kw, H_out * W_out).",
            lambda input, *options: np.concatenate(list(rows_of_columns(gather(input, *options))), axis=1),
        ),
        _im2col(
            "padded copy taken for contiguous",
            "You work the strides out from the shape, as if the elements lay one after the other in memory. "
            "np.pad keeps the order of its argument, even if that runs down the columns: start from the "
            "strides of the padded copy.",
            reads_the_padded_copy_as_contiguous,
        ),
        _im2col(
            "start not multiplied by the stride",
            "Your window at (y, x) starts y rows further down than the first one. "
            "It starts y * s_h rows further, and x * s_w columns.",
            lambda input, *options: rows_of_columns(gather(input, *options, unstrided)),
            "stride and padding",
        ),
        _im2col(
            "stride ignored",
            "You ignore the stride: these are the windows at every place.",
            lambda input, k, s, p, d: rows_of_columns(gather(input, k, 1, p, d)),
            "stride and padding",
        ),
        _im2col(
            "padding ignored",
            "You ignore the padding: your windows stay inside the image.",
            lambda input, k, s, p, d: rows_of_columns(gather(input, k, s, 0, d)),
            "stride and padding",
        ),
        _im2col(
            "starts at the image's corner",
            "Your first window starts at the image's first pixel. With padding it starts p_h rows above it "
            "and p_w columns to its left, among the zeros.",
            lambda input, *options: rows_of_columns(gather(input, *options, unpadded)),
            "stride and padding",
        ),
        _im2col(
            "start clamped at 0",
            "Your windows that should start in the padding start at the image's edge instead. "
            "What lies outside the image is read as 0.",
            lambda input, *options: rows_of_columns(gather(input, *options, clamped)),
            "stride and padding",
        ),
        _im2col(
            "pairs the wrong way round",
            "You take the second number of stride, padding and dilation for the rows. "
            "In a pair the first one is for the rows.",
            lambda input, k, s, p, d: rows_of_columns(gather(input, k, swapped(s), swapped(p), swapped(d))),
            "stride and padding",
        ),
        _im2col(
            "taps not spread",
            "The pixels of your windows are neighbours. With a dilation, tap (i, j) lies i * d_h rows and "
            "j * d_w columns after the window's first pixel.",
            lambda input, *options: rows_of_columns(gather(input, *options, undilated)),
            "dilation",
        ),
        _im2col(
            "dilation ignored",
            "You ignore the dilation, in the shape and in the taps. kh taps that are d_h apart span "
            "d_h * (kh - 1) + 1 rows.",
            lambda input, k, s, p, d: rows_of_columns(gather(input, k, s, p, 1)),
            "dilation",
        ),
        Mistake(
            "in the order of conv2d",
            ORDER_OF_ARGUMENTS.format("unfold"),
            in_the_order_of_conv2d,
            "dilation",
        ),
    ),
)


def by_channel(windows: np.ndarray) -> np.ndarray:
    """The same numbers, but so that a column made of them goes through the channels fastest."""
    N, C, H_out, W_out, kh, kw = windows.shape
    return windows.transpose(0, 4, 5, 1, 2, 3).reshape(N, C, kh, kw, H_out, W_out).transpose(0, 1, 4, 5, 2, 3)


def columns(rng: np.random.Generator) -> Iterator[Sample]:
    for (N, C, H, W), kernel_size, options, group in COLUMNS:
        (kh, kw), (d_h, d_w) = pair(kernel_size), pair(options.get("dilation", 1))
        outs = outputs((H, W), (kh, kw), options.get("stride", 1), options.get("padding", 0), (d_h, d_w))
        shape = (N, C * kh * kw, outs[0] * outs[1])
        values = integers if np.prod(shape) <= 9 else fractions
        yield Sample((values(rng, shape), (H, W), kernel_size), options, group)
    # The options without their names: dilation, padding, stride.
    yield Sample((fractions(rng, (1, 8, 12)), (5, 6), (2, 2), (3, 2), (1, 0), (1, 2)), group="dilation")
    for _ in range(2):
        H, W = (int(v) for v in rng.permutation(4)[:2] + 4)
        stride, padding = (int(v) for v in rng.integers([2, 0], [4, 3]))
        H_out, W_out = outputs((H, W), (2, 3), stride, (padding, 1), 1)
        options = {"padding": (padding, 1), "stride": stride}
        yield Sample((fractions(rng, (2, 6, H_out * W_out)), (H, W), (2, 3)), options, "stride and padding")
    for layout in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (2, 12, 6)), layout), (3, 4), 2))
    yield Sample((fractions(rng, (2, 18, 4), np.float32), (3, 4), (2, 3)))


def scatter(
    input: np.ndarray,
    output_size: Pair,
    kernel_size: Size,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    place: Place = place,
    keep: str = "sum",
) -> np.ndarray:
    """fold. `keep` is what stays where windows overlap: "sum", "mean", "last window" or "last tap"."""
    kh, kw = pair(kernel_size)
    outs = outputs(output_size, (kh, kw), stride, padding, dilation)
    values = input.reshape(len(input), -1, kh, kw, *outs)
    image = np.zeros((*values.shape[:2], *output_size))
    count = np.zeros(output_size)
    every = list(contacts(output_size, (kh, kw), outs, stride, padding, dilation, place))
    if keep == "last tap":
        every.sort(key=lambda contact: contact[2:4])
    for y, x, i, j, row, column in every:
        if keep.startswith("last"):
            image[:, :, row, column] = 0
        image[:, :, row, column] += values[:, :, i, j, y, x]
        count[row, column] += 1
    return image / np.maximum(count, 1) if keep == "mean" else image


def _col2im(
    name: str, explanation: str, function: Callable[..., np.ndarray], group: str = "plain"
) -> Mistake:
    """A mistake as a function of input, output size, kernel size, stride, padding and dilation."""

    def mistaken(
        input: np.ndarray,
        output_size: Pair,
        kernel_size: Size,
        dilation: Size = 1,
        padding: Size = 0,
        stride: Size = 1,
    ) -> np.ndarray:
        return function(input, output_size, kernel_size, stride, padding, dilation)

    return Mistake(name, explanation, mistaken, group)


def keeps_the_padding(
    input: np.ndarray, output_size: Pair, kernel_size: Size, stride: Size, padding: Size, dilation: Size
) -> np.ndarray:
    (H, W), (p_h, p_w) = output_size, pair(padding)
    return scatter(input, (H + 2 * p_h, W + 2 * p_w), kernel_size, stride, 0, dilation)


def loses_the_tail(
    input: np.ndarray, output_size: Pair, kernel_size: Size, stride: Size, padding: Size, dilation: Size
) -> np.ndarray:
    taps = pair(kernel_size)
    H_out, W_out = outputs(output_size, taps, stride, padding, dilation)
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = pair(stride), pair(padding), pair(dilation)
    H = (H_out - 1) * s_h + (taps[0] - 1) * d_h + 1 - 2 * p_h
    W = (W_out - 1) * s_w + (taps[1] - 1) * d_w + 1 - 2 * p_w
    return scatter(input, output_size, kernel_size, stride, padding, dilation)[:, :, :H, :W]


def folds_in_the_order_of_conv2d(
    input: np.ndarray,
    output_size: Pair,
    kernel_size: Size,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
) -> np.ndarray:
    # What does not fit is cut off or filled up, to have an image in any case.
    (kh, kw), (N, rows, _) = pair(kernel_size), input.shape
    H_out, W_out = outputs(output_size, (kh, kw), stride, padding, dilation)
    fitting = np.resize(input, (N, rows, H_out * W_out))
    return scatter(fitting, output_size, kernel_size, stride, padding, dilation)


def columns_from(input: np.ndarray, kernel_size: Size, order: tuple[int, int, int]) -> np.ndarray:
    """The columns of somebody who takes their rows to be in another order of (C, kh, kw)."""
    N, rows, L = input.shape
    kh, kw = pair(kernel_size)
    sizes = (rows // (kh * kw), kh, kw)
    taken = input.reshape(N, *(sizes[axis] for axis in order), L)
    return np.moveaxis(taken, (1, 2, 3), [axis + 1 for axis in order]).reshape(N, rows, L)


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
    allowed=("convlab.functional.output_size",),
    mistakes=(
        _col2im(
            "assigned window by window",
            OVERLAP,
            lambda *arguments: scatter(*arguments, keep="last window"),
        ),
        _col2im(
            "assigned tap by tap",
            OVERLAP,
            lambda *arguments: scatter(*arguments, keep="last tap"),
        ),
        _col2im(
            "averaged",
            "You take the mean of the values that meet at a pixel. They are added up: col2im is the adjoint of "
            "im2col, not its inverse.",
            lambda *arguments: scatter(*arguments, keep="mean"),
        ),
        _col2im(
            "channels last in a column",
            "You read the columns as (kh, kw, C). They go channel by channel: (C, kh, kw).",
            lambda input, size, k, *options: scatter(columns_from(input, k, (1, 2, 0)), size, k, *options),
        ),
        _col2im(
            "columns before rows in the window",
            "You read each window column by column. It goes row by row: (C, kh, kw).",
            lambda input, size, k, *options: scatter(columns_from(input, k, (0, 2, 1)), size, k, *options),
        ),
        _col2im(
            "columns before rows of places",
            "You take the windows to go down the image first. They go row by row: column y * W_out + x is the "
            "window at (y, x).",
            lambda input, size, k, s, p, d: scatter(
                input.reshape(*input.shape[:2], *swapped(outputs(size, pair(k), s, p, d)))
                .swapaxes(2, 3)
                .reshape(input.shape),
                size,
                k,
                s,
                p,
                d,
            ),
        ),
        _col2im(
            "not moved by the stride",
            "Your window at (y, x) starts y rows further down than the first one. "
            "It starts y * s_h rows further, and x * s_w columns.",
            lambda *arguments: scatter(*arguments, unstrided),
            "stride and padding",
        ),
        _col2im(
            "tail lost",
            "Your image ends with the last window. The stride may have dropped rows and columns after it: "
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
        _col2im(
            "padding not cut off at the front",
            "Your first window starts at the image's first pixel. With padding it starts p_h rows above it and "
            "p_w columns to its left, and what lands outside the image is dropped.",
            lambda *arguments: scatter(*arguments, unpadded),
            "stride and padding",
        ),
        _col2im(
            "start clamped at 0",
            "Your windows that should start in the padding start at the image's edge instead. "
            "What lands outside the image is dropped.",
            lambda *arguments: scatter(*arguments, clamped),
            "stride and padding",
        ),
        _col2im(
            "taps not spread",
            "You put the taps of a window on neighbouring pixels. With a dilation, tap (i, j) belongs i * d_h "
            "rows and j * d_w columns after the window's first pixel.",
            lambda *arguments: scatter(*arguments, undilated),
            "dilation",
        ),
        Mistake(
            "in the order of conv2d",
            ORDER_OF_ARGUMENTS.format("fold"),
            folds_in_the_order_of_conv2d,
            "dilation",
        ),
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
    ((1, 1, 1, 2), (2, 5), {"stride": (1, 2)}, "stride and padding"),
    ((2, 1, 2, 1), (7, 2), {"stride": (3, 2)}, "stride and padding"),
    ((1, 2, 2, 3), (2, 3), {"padding": (1, 2)}, "stride and padding"),
    ((2, 1, 3, 2), (4, 3), {"padding": (1, 2), "stride": (2, 3)}, "stride and padding"),
    ((1, 1, 1, 2), (1, 4), {"dilation": 2}, "dilation"),
    ((2, 1, 2, 2), (3, 4), {"dilation": (1, 3)}, "dilation"),
    ((1, 2, 2, 3), (3, 5), {"dilation": (2, 1)}, "dilation"),
    ((1, 2, 2, 2), (4, 3), {"dilation": (3, 2), "padding": (1, 2), "stride": (1, 2)}, "dilation"),
]


def kernels(rng: np.random.Generator) -> Iterator[Sample]:
    # Always float64: convlab.functional.conv2d, which may be used here, takes arrays of one dtype only, and images of
    # ones and zeros are float64 if nothing else is said.
    for shape, input_size, options, group in MATRICES:
        values = integers(rng, shape, np.float64) if np.prod(shape) <= 6 else fractions(rng, shape)
        yield Sample((values, input_size), options, group)
    # The options without their names: stride, padding, dilation.
    yield Sample((fractions(rng, (1, 1, 2, 2)), (4, 5), (1, 2), (1, 0), (3, 2)), group="dilation")
    for _ in range(2):
        H, W = (int(v) for v in rng.permutation(3)[:2] + 2)
        options = {"padding": (int(rng.integers(0, 3)), 1), "stride": int(rng.integers(1, 4))}
        yield Sample((fractions(rng, (1, 2, 2, 1)), (H, W)), options, "stride and padding")
    for layout in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (2, 1, 2, 2)), layout), (2, 3)))


def matrix_in_torch(torch: Any, weight: Any, input_size: Pair, *args: Any, **kwargs: Any) -> Any:
    """Each pixel alone is 1 in one image: what conv2d makes of that image is the pixel's column."""
    C_in, (H, W) = weight.shape[1], input_size
    pixels = torch.eye(C_in * H * W, dtype=weight.dtype).reshape(-1, C_in, H, W)
    return torch.nn.functional.conv2d(pixels, weight, None, *args, **kwargs).flatten(1).T


def blocks(
    weight: np.ndarray,
    input_size: Pair,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    place: Place = place,
) -> np.ndarray:
    """The matrix before it is flattened: (C_out, H_out, W_out, C_in, H, W)."""
    C_out, C_in, kh, kw = weight.shape
    outs = outputs(input_size, (kh, kw), stride, padding, dilation)
    matrix = np.zeros((C_out, *outs, C_in, *input_size))
    for y, x, i, j, row, column in contacts(
        input_size, (kh, kw), outs, stride, padding, dilation, place
    ):
        matrix[:, y, x, :, row, column] = weight[:, :, i, j]
    return matrix


def flat(blocks: np.ndarray) -> np.ndarray:
    return blocks.reshape(int(np.prod(blocks.shape[:3])), int(np.prod(blocks.shape[3:])))


def by_flat_index(
    weight: np.ndarray,
    input_size: Pair,
    stride: Size,
    padding: Size,
    dilation: Size,
    index: Callable[[int, int, int, int], int],
) -> np.ndarray:
    """The matrix of somebody who finds the column of a tap by one sum: index(row, column, y, x), all of them from the
    window and the tap alone. A sum outside the image is left out."""
    C_out, C_in, kh, kw = weight.shape
    H, W = input_size
    outs = outputs(input_size, (kh, kw), stride, padding, dilation)
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = pair(stride), pair(padding), pair(dilation)
    matrix = np.zeros((C_out, *outs, C_in, H * W))
    for y, x, i, j in np.ndindex(*outs, kh, kw):
        n = index(place(y, i, s_h, p_h, d_h), place(x, j, s_w, p_w, d_w), y, x)
        if 0 <= n < H * W:
            matrix[:, y, x, :, n] = weight[:, :, i, j]
    return matrix.reshape(C_out * outs[0] * outs[1], C_in * H * W)


def starts_one_further_in_each_row(
    weight: np.ndarray, input_size: Pair, stride: Size, padding: Size, dilation: Size
) -> np.ndarray:
    W, (s_h, s_w) = input_size[1], pair(stride)
    W_out = outputs(input_size, weight.shape[2:], stride, padding, dilation)[1]  # type: ignore[arg-type]
    return by_flat_index(
        weight,
        input_size,
        stride,
        padding,
        dilation,
        lambda row, column, y, x: (row - y * s_h) * W + column - x * s_w + y * W_out + x,
    )


def _conv_matrix(
    name: str, explanation: str, function: Callable[..., np.ndarray], group: str = "plain"
) -> Mistake:
    """A mistake as a function of all five arguments."""

    def mistaken(
        weight: np.ndarray, input_size: Pair, stride: Size = 1, padding: Size = 0, dilation: Size = 1
    ) -> np.ndarray:
        return function(weight, input_size, stride, padding, dilation)

    return Mistake(name, explanation, mistaken, group)


def keeps_columns_for_the_padding(
    weight: np.ndarray, input_size: Pair, stride: Size, padding: Size, dilation: Size
) -> np.ndarray:
    (H, W), (p_h, p_w) = input_size, pair(padding)
    return flat(blocks(weight, (H + 2 * p_h, W + 2 * p_w), stride, 0, dilation))


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
    allowed=("convlab.functional.conv2d", "convlab.functional.output_size", "convlab.functional.pad"),
    mistakes=(
        _conv_matrix(
            "transposed",
            "Your matrix lies on its side: an output entry is a row, a pixel of the input a column.",
            lambda *arguments: flat(blocks(*arguments)).T,
        ),
        _conv_matrix(
            "flipped kernel",
            "Your kernel is flipped. Cross-correlation reads it as it is: in each row the taps stand in the "
            "order of weight.",
            lambda weight, *arguments: flat(blocks(weight[..., ::-1, ::-1], *arguments)),
        ),
        _conv_matrix(
            "output channels last",
            "Your rows go through the output channels fastest. They go as output[o, y, x] does in memory: "
            "all places of channel 0, then all of channel 1.",
            lambda *arguments: flat(blocks(*arguments).transpose(1, 2, 0, 3, 4, 5)),
        ),
        _conv_matrix(
            "input channels last",
            "Your columns go through the input channels fastest. They go as image[c, row, column] does in "
            "memory: all pixels of channel 0, then all of channel 1.",
            lambda *arguments: flat(blocks(*arguments).transpose(0, 1, 2, 4, 5, 3)),
        ),
        _conv_matrix(
            "weight indexed [in, out]",
            "You index weight as [in, out]. Its first axis counts output channels, its second input channels.",
            lambda weight, *arguments: flat(
                blocks(weight.reshape(weight.shape[1], weight.shape[0], *weight.shape[2:]).swapaxes(0, 1), *arguments)
            ),
        ),
        _conv_matrix(
            "one column further in every row",
            "From each row of your matrix to the next the taps move on by one column. After the last place in a "
            "row of the image the window goes on at the start of the next row, and that is further.",
            starts_one_further_in_each_row,
        ),
        _conv_matrix(
            "taps one after the other",
            "Your kernel rows stand one right after the other. In the flattened image the next row of pixels "
            "begins W columns further.",
            lambda weight, size, s, p, d: by_flat_index(
                weight.reshape(*weight.shape[:2], 1, -1),
                size,
                s,
                p,
                d,
                lambda row, column, y, x: row * size[1] + column,
            )
            if False
            else taps_one_after_the_other(weight, size, s, p, d),
        ),
    ),
)

EXERCISES = (windows, im2col, col2im, conv_matrix)
