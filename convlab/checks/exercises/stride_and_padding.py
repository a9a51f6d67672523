"""Chapter 4, stride and padding: `pad2d`, `resolve_padding`, `same_upper_padding`, `conv2d_strided`.

`convolve` computes a convolution from a rule that says which pixels the windows cover. Most mistakes of this chapter
and of the next are a rule of one line, or a changed argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises.channels_and_batches import integers_and_halves
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = [
    "ANYWHERE",
    "EXERCISES",
    "PADDING",
    "PAIRS",
    "STRIDE",
    "Pair",
    "computing",
    "convolve",
    "draw_images",
    "first",
    "given",
    "half",
    "operator",
    "pair",
    "resolving",
    "swapped",
    "takes_kernels_for_square",
]

CHAPTER = "04_stride_and_padding"

Pair = tuple[int, int]
Pads = tuple[Pair, Pair]


def pair(value: Any) -> tuple[Any, Any]:
    """One number stands for both axes."""
    return value if isinstance(value, tuple) else (value, value)


# ---------------------------------------------------------------- pad2d

# Input (N, C, H, W) and pads, the smallest first. Sides that get nothing show who treats them apart.
PADS: dict[str, list[tuple[tuple[int, ...], Pads]]] = {
    "zeros": [
        ((1, 1, 1, 2), ((0, 0), (1, 0))),
        ((1, 1, 1, 2), ((1, 0), (0, 0))),
        ((1, 1, 2, 1), ((0, 2), (0, 1))),
        ((1, 1, 2, 3), ((1, 1), (1, 1))),
        ((1, 1, 2, 3), ((0, 0), (0, 0))),
        ((2, 3, 3, 2), ((2, 1), (0, 3))),
    ],
    "other modes": [
        ((1, 1, 1, 3), ((0, 0), (2, 0))),
        ((1, 1, 3, 1), ((0, 1), (0, 0))),
        ((1, 1, 2, 3), ((1, 0), (0, 1))),
        ((1, 1, 3, 4), ((1, 2), (3, 0))),
        ((2, 3, 4, 3), ((1, 3), (2, 1))),
    ],
}


def padded_images(rng: np.random.Generator) -> Iterator[Sample]:
    for input_size, pads in PADS["zeros"]:
        yield Sample((_values(rng, input_size), pads), group="zeros")
    N, C, H, W = (int(v) for v in rng.permutation(4) + 1)
    drawn = _draw_pads(rng, 4, 4)
    yield Sample((fractions(rng, (N, C, H, W)), drawn, "zeros"), group="zeros")
    for layout in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (1, 2, 2, 3)), layout), ((1, 0), (0, 2))), group="zeros")
    yield Sample((fractions(rng, (1, 2, 2, 3), np.float32), ((0, 1), (2, 0))), group="zeros")
    for mode in ("replicate", "reflect", "circular"):
        for input_size, pads in PADS["other modes"]:
            yield Sample((_values(rng, input_size), pads), {"mode": mode}, group="other modes")
        H, W = (int(v) for v in rng.permutation(3)[:2] + 2)
        yield Sample((fractions(rng, (2, 1, H, W)), _draw_pads(rng, H, W), mode), group="other modes")
        reversed_image = lay_out(fractions(rng, (1, 2, 2, 3)), "reversed")
        yield Sample((reversed_image, ((1, 0), (0, 2)), mode), group="other modes")


def _values(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    return (integers if np.prod(size) <= 9 else fractions)(rng, size)


def _draw_pads(rng: np.random.Generator, H: int, W: int) -> Pads:
    """Fewer than the image has, as "reflect" wants it."""
    top, bottom, left, right = (int(v) for v in rng.integers(0, [H, H, W, W]))
    return (top, bottom), (left, right)


def pad_in_torch(torch: Any, input: Any, pads: Pads, mode: str = "zeros") -> Any:
    """torch takes the pads flat and the last axis first, and calls zeros "constant"."""
    (top, bottom), (left, right) = pads
    mode = "constant" if mode == "zeros" else mode
    return torch.nn.functional.pad(input, (left, right, top, bottom), mode=mode)


# Which pixel stands where along one axis: (size, before, after) -> indices.
Index = Callable[[int, int, int], np.ndarray]


def _positions(size: int, before: int, after: int) -> np.ndarray:
    return np.arange(-before, size + after)


MODES: dict[str, Index] = {
    "zeros": _positions,
    "reflect": lambda size, *pad: size - 1 - abs(size - 1 - abs(_positions(size, *pad))),
    "replicate": lambda size, *pad: _positions(size, *pad).clip(0, size - 1),
    "circular": lambda size, *pad: _positions(size, *pad) % size,
}


def take(input: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The pixels in these rows and columns of every image; outside the image stand zeros. Any shapes broadcast."""
    H, W = input.shape[2:]
    inside = (rows >= 0) & (rows < H) & (columns >= 0) & (columns < W)
    found: np.ndarray = input[:, :, rows.clip(0, H - 1), columns.clip(0, W - 1)] * inside
    return found


def padding_with(
    change: Callable[[Pads], Pads] = lambda pads: pads, modes: Mapping[str, Index] = MODES
) -> Callable[..., np.ndarray]:
    def mistaken(input: np.ndarray, pads: Pads, mode: str = "zeros") -> np.ndarray:
        (H, W), (rows, columns) = input.shape[2:], change(pads)
        return take(input, modes[mode](H, *rows)[:, None], modes[mode](W, *columns))

    return mistaken


def leaves_corners_zero(input: np.ndarray, pads: Pads, mode: str = "zeros") -> np.ndarray:
    padded = padding_with()(input, pads, mode)
    (H, W), ((top, _), (left, _)) = input.shape[2:], pads
    y, x = np.arange(padded.shape[2]), np.arange(padded.shape[3])
    beside_rows, beside_columns = (y < top) | (y >= top + H), (x < left) | (x >= left + W)
    return np.where(beside_rows[:, None] & beside_columns, 0, padded)


pad2d = Exercise(
    name="pad2d",
    chapter=CHAPTER,
    parameters=("input", "pads", "mode"),
    groups={"zeros": 2, "other modes": 1},
    difficulty=2,
    minutes=10,
    samples=padded_images,
    oracle=pad_in_torch,
    oracle_name="torch.nn.functional.pad",
    linear=("input",),
    mistakes=(
        Mistake(
            "rows and columns swapped",
            "You put the first pair of pads on the columns. The order is ((top, bottom), (left, right)): rows first.",
            padding_with(lambda pads: (pads[1], pads[0])),
            "zeros",
        ),
        Mistake(
            "before and after swapped",
            "You put each pair the wrong way round: top and left come before the image, bottom and right after it.",
            padding_with(lambda pads: (pads[0][::-1], pads[1][::-1])),
            "zeros",
        ),
        Mistake(
            "first of each pair on both sides",
            "You use top at the bottom too, and left at the right. Each of the four sides has a number of its own.",
            padding_with(lambda pads: (pair(pads[0][0]), pair(pads[1][0]))),
            "zeros",
        ),
        Mistake(
            "top and left only",
            "Nothing is added at the bottom and at the right. pads has a number for each of the four sides.",
            padding_with(lambda pads: ((pads[0][0], 0), (pads[1][0], 0))),
            "zeros",
        ),
        Mistake(
            "mode ignored",
            "You put zeros there whatever mode says.",
            padding_with(modes=dict.fromkeys(MODES, _positions)),
            "other modes",
        ),
        Mistake(
            "edge repeated in the mirror",
            'Your "reflect" repeats the edge: before a b c stands b a. The mirror is the edge pixel itself: c b.',
            padding_with(
                modes={
                    **MODES,
                    "reflect": lambda size, before, after: np.pad(
                        np.arange(size), (before, after), "symmetric"
                    ),
                }
            ),
            "other modes",
        ),
        Mistake(
            "circle taken from the near side",
            'Your "circular" continues with pixels of the same side. The image goes round: before the first row '
            "stands the last one.",
            padding_with(
                modes={
                    **MODES,
                    "circular": lambda size, before, after: np.concatenate(
                        [np.arange(before), np.arange(size), np.arange(size - after, size)]
                    ),
                }
            ),
            "other modes",
        ),
        Mistake(
            "corners left zero",
            "Your corners are zero. Fill the rows first, then the columns of what that gave, corners included.",
            leaves_corners_zero,
            "other modes",
        ),
    ),
)

# ---------------------------------------------------------------- resolve_padding

# (padding, kernel_size), (padding, kernel_size, dilation): what is short to read comes first.
PADDINGS: dict[str, list[tuple[Any, ...]]] = {
    "numbers": [
        (1, 3),
        (0, (2, 3)),
        ((1, 2), 3),
        ((2, 0), (3, 2)),
        (((0, 1), (2, 3)), 4),
        (((1, 2), (0, 0)), (3, 2), (2, 1)),
        (2, (3, 1), 2),
    ],
    "words": [
        ("valid", 3),
        ("same", 3),
        ("same", 2),
        ("full", 2),
        ("same", (4, 3)),
        ("same", (1, 6)),
        ("full", (3, 1)),
        ("same", 3, 2),
        ("same", 2, 3),
        ("same", (2, 4), (3, 2)),
        ("full", (2, 3), 2),
        ("full", 3, (1, 2)),
        ("valid", (2, 3), 2),
    ],
}


def paddings(rng: np.random.Generator) -> Iterator[Sample]:
    for group, rows in PADDINGS.items():
        for row in rows:
            yield Sample(row, group=group)
    p_h, p_w, top, bottom = (int(v) for v in rng.permutation(5)[:4])
    kh, kw = (int(v) for v in rng.permutation(5)[:2] + 1)
    yield Sample(((p_h, p_w), (kh, kw)), {"dilation": 2}, group="numbers")
    yield Sample((((top, bottom), (p_w, p_h)), (kh, kw)), group="numbers")
    for word in ("same", "full"):
        d_h, d_w = (int(v) for v in rng.permutation(3)[:2] + 1)
        yield Sample((word, (kh, kw)), {"dilation": (d_h, d_w)}, group="words")


def zeros_read_by_torch(
    torch: Any, padding: Any, kernel_size: int | Pair, dilation: int | Pair = 1
) -> tuple[tuple[int, ...], ...]:
    """Count the zeros that torch's windows read beyond an image of ones.

    A kernel whose only tap is its first shows the rows from the top on, one whose only tap is its last the rows
    up to the bottom. What torch lacks it is asked otherwise: explicit pads are put there before, and "full" is what
    its transposed convolution does with the kernel flipped.
    """
    (kh, kw), (d_h, d_w) = pair(kernel_size), pair(dilation)
    image = torch.ones(1, 1, d_h * kh + 1, d_w * kw + 1)
    first, last = torch.zeros(2, 1, 1, kh, kw)
    first[..., 0, 0] = last[..., -1, -1] = 1

    def seen(kernel: Any) -> Any:
        functional = torch.nn.functional
        if padding == "full":
            return functional.conv_transpose2d(image, kernel.flip(2, 3), dilation=dilation)[0, 0]
        if isinstance(padding, tuple) and isinstance(padding[0], tuple):
            around = pad_in_torch(torch, image, padding)
            return functional.conv2d(around, kernel, dilation=dilation)[0, 0]
        return functional.conv2d(image, kernel, padding=padding, dilation=dilation)[0, 0]

    def leading_zeros(line: Any) -> int:
        return int((line.cumsum(0) == 0).sum())

    from_top, to_bottom = seen(first), seen(last).flip(0, 1)
    return tuple((leading_zeros(from_top.sum(axis)), leading_zeros(to_bottom.sum(axis))) for axis in (1, 0))


def half(reach: int) -> Pair:
    """ "same" along one axis, `reach` pixels from the first tap to the last: an odd one goes to the end."""
    return reach // 2, reach - reach // 2


def resolving(
    same: Callable[[int], Pair] = half,
    full: Callable[[int], Pair] = pair,
    span: Callable[[int, int], int] = lambda k, d: d * (k - 1) + 1,
    numbers: Callable[[int, int], Pads] = lambda p_h, p_w: ((p_h, p_h), (p_w, p_w)),
    explicit: Callable[[Pads], Pads] = lambda pads: pads,
    sizes: Callable[[Pair], Pair] = lambda kernel_size: kernel_size,
) -> Callable[..., Pads]:
    """resolve_padding, with one of its steps mistaken."""

    def mistaken(padding: Any, kernel_size: int | Pair, dilation: int | Pair = 1) -> Pads:
        if isinstance(padding, str):
            word: Callable[[int], Pair] = {"valid": lambda reach: (0, 0), "same": same, "full": full}[padding]
            (kh, kw), (d_h, d_w) = sizes(pair(kernel_size)), pair(dilation)
            return word(span(kh, d_h) - 1), word(span(kw, d_w) - 1)
        if isinstance(padding, tuple) and isinstance(padding[0], tuple):
            return explicit(padding)
        return numbers(*pair(padding))

    return mistaken


resolve_padding = Exercise(
    name="resolve_padding",
    chapter=CHAPTER,
    parameters=("padding", "kernel_size", "dilation"),
    groups={"numbers": 1, "words": 1},
    difficulty=2,
    minutes=10,
    samples=paddings,
    oracle=zeros_read_by_torch,
    oracle_name="the zeros that torch's windows read",
    mistakes=(
        Mistake(
            "pair read as before and after",
            "You read (pad_h, pad_w) as one end and the other. It means pad_h rows at either end "
            "and pad_w columns at either end.",
            resolving(numbers=lambda p_h, p_w: ((p_h, p_w), (p_h, p_w))),
            "numbers",
        ),
        Mistake(
            "pair swapped",
            "You put pad_h on the columns and pad_w on the rows. The first number of a pair is for the rows.",
            resolving(numbers=lambda p_h, p_w: ((p_w, p_w), (p_h, p_h))),
            "numbers",
        ),
        Mistake(
            "explicit pads swapped",
            "You swap the two pairs of explicit pads. They are ((top, bottom), (left, right)) already.",
            resolving(explicit=lambda pads: (pads[1], pads[0])),
            "numbers",
        ),
        Mistake(
            "odd zero in front",
            'Your "same" puts the odd zero of an even kernel in front. It goes to the end: bottom and right.',
            resolving(same=lambda reach: half(reach)[::-1]),
            "words",
        ),
        Mistake(
            "odd zero lost",
            'Your "same" loses the odd zero of an even kernel. Before and after need not be equal: '
            "together they are dilation * (K - 1).",
            resolving(same=lambda reach: (reach // 2, reach // 2)),
            "words",
        ),
        Mistake(
            "odd zero doubled",
            'Your "same" adds one zero too many for an even kernel. Before and after need not be equal: '
            "together they are dilation * (K - 1).",
            resolving(same=lambda reach: (reach - reach // 2, reach - reach // 2)),
            "words",
        ),
        Mistake(
            "undilated kernel",
            "You leave the dilation out. Spread taps reach further: K of them span dilation * (K - 1) + 1 pixels.",
            resolving(span=lambda k, d: k),
            "words",
        ),
        Mistake(
            "dilation times all taps",
            "You take the spread kernel to be dilation * K long. Between K taps are K - 1 gaps: "
            "it is dilation * (K - 1) + 1.",
            resolving(span=lambda k, d: d * k),
            "words",
        ),
        Mistake(
            "full with all taps outside",
            'Your "full" adds one zero too many at each end: there, the window does not touch the image at all.',
            resolving(full=lambda reach: (reach + 1, reach + 1)),
            "words",
        ),
        Mistake(
            "full like same",
            'Your "full" adds as many zeros as "same". It adds dilation * (K - 1) at each end, not in all.',
            resolving(full=half),
            "words",
        ),
        Mistake(
            "square kernel",
            "You use the kernel's height for its width too. It has kh rows and kw columns.",
            resolving(sizes=lambda kernel_size: pair(kernel_size[0])),
            "words",
        ),
    ),
)

# ---------------------------------------------------------------- same_upper_padding

# (size, kernel_size), then the stride, then the dilation. What is left when the stride divides the size: 0, 1 and 2.
ROWS: dict[str, list[tuple[int, ...]]] = {
    "stride": [
        (5, 3),
        (4, 2),
        (3, 5),
        (6, 3, 2),
        (5, 3, 2),
        (7, 4, 2),
        (4, 1, 2),
        (6, 5, 3),
        (7, 5, 3),
        (8, 5, 3),
        (7, 2, 4),
        (8, 2, 3),
    ],
    "dilation": [(6, 3, 1, 2), (5, 2, 1, 3), (7, 2, 2, 3), (9, 3, 2, 2), (8, 4, 3, 2)],
}


def rows_of_pixels(rng: np.random.Generator) -> Iterator[Sample]:
    for group, rows in ROWS.items():
        for row in rows:
            yield Sample(row, group=group)
    for _ in range(4):
        size, kernel_size, stride = (int(v) for v in rng.integers([4, 1, 2], [20, 7, 5]))
        yield Sample((size, kernel_size), {"stride": stride}, group="stride")
        options = {"stride": stride, "dilation": int(rng.integers(2, 4))}
        yield Sample((size, kernel_size), options, group="dilation")


def fewest_zeros_in_torch(
    torch: Any, size: int, kernel_size: int, stride: int = 1, dilation: int = 1
) -> tuple[int, int]:
    """Add zeros one at a time until torch's convolution has as many entries as TensorFlow and ONNX ask for."""
    wanted = -(-size // stride)
    kernel = torch.zeros(1, 1, kernel_size)
    total = max(dilation * (kernel_size - 1) + 1 - size, 0)  # torch refuses a kernel larger than the signal

    def entries() -> int:
        signal = torch.zeros(1, 1, size + total)
        return int(torch.nn.functional.conv1d(signal, kernel, stride=stride, dilation=dilation).shape[-1])

    while entries() < wanted:
        total += 1
    return total // 2, (total + 1) // 2


def _zeros(name: str, explanation: str, rule: Callable[[int, int, int, int], Pair], group: str) -> Mistake:
    """A mistake in the formula, as a function of size, kernel_size, stride, dilation."""

    def mistaken(size: int, kernel_size: int, stride: int = 1, dilation: int = 1) -> Pair:
        return rule(size, kernel_size, stride, dilation)

    return Mistake(name, explanation, mistaken, group)


def _total(size: int, K: int, s: int, d: int, places: int | None = None) -> int:
    places = -(-size // s) if places is None else places
    return (places - 1) * s + d * (K - 1) + 1 - size


same_upper_padding = Exercise(
    name="same_upper_padding",
    chapter=CHAPTER,
    parameters=("size", "kernel_size", "stride", "dilation"),
    groups={"stride": 1, "dilation": 1},
    difficulty=3,
    minutes=10,
    samples=rows_of_pixels,
    oracle=fewest_zeros_in_torch,
    oracle_name="the fewest zeros that give torch ceil(size / stride) entries",
    mistakes=(
        _zeros(
            "stride ignored",
            "Your zeros are those of stride 1. With a larger stride fewer places are wanted, ceil(size / stride), "
            "and fewer zeros are needed.",
            lambda size, K, s, d: half(_total(size, K, 1, d)),
            "stride",
        ),
        _zeros(
            "rounds down",
            "You divide the size by the stride and round down. Round up: ceil(size / stride) places.",
            lambda size, K, s, d: half(max(_total(size, K, s, d, size // s), 0)),
            "stride",
        ),
        _zeros(
            "size taken for a multiple of the stride",
            "You take kernel span - stride zeros. That holds only if the stride divides the size; "
            "else the pixels left over count too.",
            lambda size, K, s, d: half(max(d * (K - 1) + 1 - s, 0)),
            "stride",
        ),
        _zeros(
            "fewer than none",
            "Your number of zeros can fall below 0. If the windows need no zeros, it is 0.",
            lambda size, K, s, d: half(_total(size, K, s, d)),
            "stride",
        ),
        _zeros(
            "odd zero in front",
            "You put the odd zero in front. SAME_UPPER puts it at the end.",
            lambda size, K, s, d: half(max(_total(size, K, s, d), 0))[::-1],
            "stride",
        ),
        _zeros(
            "odd zero lost",
            "You lose the odd zero. Before and after need not be equal.",
            lambda size, K, s, d: pair(max(_total(size, K, s, d), 0) // 2),
            "stride",
        ),
        _zeros(
            "undilated kernel",
            "You leave the dilation out. Spread taps span dilation * (K - 1) + 1 pixels.",
            lambda size, K, s, d: half(max(_total(size, K, s, 1), 0)),
            "dilation",
        ),
        _zeros(
            "dilation times all taps",
            "You take the spread kernel to be dilation * K long. Between K taps are K - 1 gaps: "
            "it is dilation * (K - 1) + 1.",
            lambda size, K, s, d: half(max(_total(size, d * K, s, 1), 0)),
            "dilation",
        ),
    ),
)

# ---------------------------------------------------------------- conv2d_strided

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


class Axis(NamedTuple):
    """One axis of a convolution. A rule says which pixels its windows cover: Axis -> indices (places, taps)."""

    size: int
    taps: int
    stride: int
    before: int
    after: int
    dilation: int

    @property
    def way(self) -> int:
        """How far it is from the window's first place to the last one."""
        return self.size + self.before + self.after - self.dilation * (self.taps - 1) - 1

    @property
    def places(self) -> int:
        return self.way // self.stride + 1

    def covered(self, count: int | None = None) -> np.ndarray:
        """The right rule: tap i of window y lies on pixel y * stride - before + i * dilation."""
        starts = np.arange(self.places if count is None else count) * self.stride - self.before
        return starts[:, None] + np.arange(self.taps) * self.dilation


Rule = Callable[[Axis], np.ndarray]


class Call(NamedTuple):
    """The arguments of conv2d; conv2d_strided has no dilation, which is then 1."""

    input: np.ndarray
    weight: np.ndarray
    bias: np.ndarray | None = None
    stride: int | Pair = 1
    padding: int | Pair | str = 0
    dilation: int | Pair = 1


def convolve(call: Call, rule: Rule = Axis.covered, resolve: Callable[..., Pads] | None = None) -> np.ndarray:
    """conv2d, where `rule` says what the windows cover, and `resolve` how many zeros stand around the images."""
    input, weight, bias, stride, padding, dilation = call
    (s_h, s_w), (d_h, d_w) = pair(stride), pair(dilation)
    (top, bottom), (left, right) = (resolve or resolving())(padding, weight.shape[2:], dilation)
    rows = rule(Axis(input.shape[2], weight.shape[2], s_h, top, bottom, d_h))
    columns = rule(Axis(input.shape[3], weight.shape[3], s_w, left, right, d_w))
    windows = take(input, rows[:, None, :, None], columns[None, :, None, :])
    output: np.ndarray = np.einsum("ncyxij,ocij->noyx", windows, weight)
    return output if bias is None else output + bias[:, None, None]


def computing(function: Callable[[Call], np.ndarray]) -> Callable[..., np.ndarray]:
    """`function`, called as students call conv2d."""
    return lambda *args, **options: function(Call(*args, **options))


def operator(
    rule: Rule = Axis.covered, resolve: Callable[..., Pads] | None = None
) -> Callable[..., np.ndarray]:
    """conv2d with a mistaken rule for its windows, or for its padding."""
    return computing(lambda call: convolve(call, rule, resolve))


def given(**changes: Callable[[Any], Any]) -> Callable[..., np.ndarray]:
    """conv2d of changed arguments: `given(stride=swapped)`."""
    return computing(
        lambda call: convolve(
            call._replace(**{name: change(getattr(call, name)) for name, change in changes.items()})
        )
    )


def clamps_the_start(axis: Axis) -> np.ndarray:
    pixels = axis.covered()
    moved: np.ndarray = pixels + np.maximum(-pixels[:, :1], 0)
    return moved


def wraps_around(axis: Axis) -> np.ndarray:
    pixels = axis.covered()
    return np.where(pixels < 0, pixels % axis.size, pixels)


def steps_over_a_full_output(call: Call) -> np.ndarray:
    s_h, s_w = pair(call.stride)
    everywhere = convolve(call._replace(bias=None, stride=1))
    output = np.zeros(everywhere.shape)
    output[..., ::s_h, ::s_w] = everywhere[..., ::s_h, ::s_w]
    return output if call.bias is None else output + call.bias[:, None, None]


def steps_over_the_output(call: Call) -> np.ndarray:
    H_out, W_out = convolve(call).shape[2:]
    return steps_over_a_full_output(call)[..., :H_out, :W_out]


def takes_kernels_for_square(call: Call) -> np.ndarray:
    """As many columns as rows: those beyond the kernel's are zero, those beyond its height are not read."""
    C_out, C_in, k, kw = call.weight.shape
    square = np.zeros((C_out, C_in, k, k), call.weight.dtype)
    square[..., :kw] = call.weight[..., :k]
    return convolve(call._replace(weight=square))


def adds_the_bias_with_every_tap(call: Call) -> np.ndarray:
    return convolve(call._replace(bias=None if call.bias is None else call.bias * call.weight[0].size))


def keeps_integers(call: Call) -> np.ndarray:
    return convolve(call).astype(call.input.dtype)


def _in_out(weight: np.ndarray) -> np.ndarray:
    C_out, C_in, kh, kw = weight.shape
    return weight.reshape(C_in, C_out, kh, kw).swapaxes(0, 1)


# The mistakes of `conv2d_strided` and of `conv2d`: with any options, with strides, with padding, with pairs of them.
ANYWHERE = (
    Mistake(
        "flipped kernel",
        "Your numbers are those of a convolution: every kernel is flipped. Cross-correlation reads it as it is.",
        given(weight=lambda weight: weight[:, :, ::-1, ::-1]),
    ),
    Mistake(
        "first channel only",
        "Only channel 0 of the input is in your sums. Every channel counts: add up over all c.",
        given(input=lambda input: input[:, :1], weight=lambda weight: weight[:, :1]),
    ),
    Mistake(
        "weight read as [in, out]",
        "You read weight as (C_in, C_out, kh, kw). Its first axis counts the output's channels: (C_out, C_in, kh, kw).",
        given(weight=_in_out),
    ),
    Mistake(
        "first image for all",
        "Every output of the batch is made from input[0]. Output n belongs to image n: input[n].",
        given(input=lambda input: np.repeat(input[:1], len(input), axis=0)),
    ),
    Mistake(
        "bias forgotten",
        "The bias is missing: bias[o] is added to every entry of output channel o.",
        given(bias=lambda bias: None),
    ),
    Mistake(
        "bias once per tap",
        "You add the bias with every product. It is added once to each entry, outside the sum.",
        computing(adds_the_bias_with_every_tap),
    ),
    Mistake(
        "last row and column lost",
        "Your window stops one place too early both ways. You count its steps; count its places: "
        "the first one comes before any step.",
        operator(lambda axis: axis.covered()[:-1]),
    ),
    Mistake(
        "output made like the input",
        "Your output takes the input's dtype, so for images of integers every fraction is cut off.",
        computing(keeps_integers),
    ),
    Mistake(
        "padded copy of integers",
        "Your padded copy holds integers, so fractions of the image are cut off before the sum: "
        "np.zeros makes floats if it is given no dtype.",
        given(input=lambda input: input.astype(np.int64)),
    ),
)

STRIDE = (
    Mistake(
        "index not multiplied",
        "Your windows start at y and x. Window y starts at y * stride: multiply the index by the stride.",
        operator(lambda axis: axis._replace(stride=1).covered(axis.places)),
        "stride",
    ),
    Mistake(
        "steps over a full output",
        "Your output is as large as with stride 1, and your loop over it steps by the stride. "
        "It has one entry for each window: let y count windows, and start window y at y * stride.",
        computing(steps_over_a_full_output),
        "stride",
    ),
    Mistake(
        "steps over the output",
        "Your loop over the output steps by the stride, so entries are left out. Fill every y and x: "
        "window y starts at y * stride.",
        computing(steps_over_the_output),
        "stride",
    ),
    Mistake(
        "rounds up",
        "You round the number of places up. A last step that does not fit is not taken: round down.",
        operator(lambda axis: axis.covered(-(-axis.way // axis.stride) + 1)),
        "stride",
    ),
    Mistake(
        "one added before dividing",
        "You divide the number of places by the stride. Divide the way from the first place to the last "
        "(places - 1), then add 1.",
        operator(lambda axis: axis.covered((axis.way + 1) // axis.stride)),
        "stride",
    ),
)

PADDING = (
    Mistake(
        "start clamped to 0",
        "Your numbers are those of windows whose start is clamped to 0. At the edge a window starts before the image, "
        "at -padding, and reads zeros there.",
        operator(clamps_the_start),
        "padding",
    ),
    Mistake(
        "edge repeated",
        "Beyond the edge you read the nearest pixel of the image. Zeros stand there.",
        operator(lambda axis: axis.covered().clip(0, axis.size - 1)),
        "padding",
    ),
    Mistake(
        "wraps around",
        "Before the image your indices are negative, and Python then reads from the other end of the array. "
        "Zeros stand there.",
        operator(wraps_around),
        "padding",
    ),
    Mistake(
        "original read",
        "Your numbers are those of padding 0. If you made a padded copy, read the windows from it, not from input.",
        given(padding=lambda padding: 0),
        "padding",
    ),
    Mistake(
        "places counted without the padding",
        "Your output is counted without the padding. The padded image is top + H + bottom rows high "
        "and left + W + right columns wide.",
        operator(lambda axis: axis.covered(axis._replace(before=0, after=0).places)),
        "padding",
    ),
    Mistake(
        "top and left only",
        "You put zeros at the top and at the left only. They go to both ends: to the bottom and to the right, too.",
        operator(lambda axis: axis._replace(after=0).covered()),
        "padding",
    ),
    Mistake(
        "two zeros in all",
        "You add one row or column of zeros at each end, two in all, even where padding says more.",
        operator(lambda axis: axis._replace(before=min(axis.before, 1), after=min(axis.after, 1)).covered()),
        "padding",
    ),
)


def swapped(value: Any) -> Any:
    return value[::-1] if isinstance(value, tuple) else value


def first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value


PAIRS = (
    Mistake(
        "stride swapped",
        "You swap the two strides. The first, s_h, is the step down, the second, s_w, the step to the right.",
        given(stride=swapped),
        "pairs",
    ),
    Mistake(
        "padding swapped",
        "You swap the two paddings. The first, p_h, is rows at the top and at the bottom, "
        "the second, p_w, columns at the left and at the right.",
        given(padding=swapped),
        "pairs",
    ),
    Mistake(
        "one stride for both axes",
        "You use the stride of the rows for the columns too. Of (s_h, s_w) the second is the step to the right.",
        given(stride=first),
        "pairs",
    ),
    Mistake(
        "one padding for both axes",
        "You use the padding of the rows for the columns too. Of (p_h, p_w) the second is for left and right.",
        given(padding=first),
        "pairs",
    ),
)

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
