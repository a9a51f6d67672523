"""`im2col` and `col2im` of chapter 6."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._layouts import CHAPTER, Layout, Pair, Size, gather, layout_of, pair, slips
from convlab.checks.exercises._windows import from_assumed_strides
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["BY_OPTION", "col2im", "im2col"]


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
