"""`resolve_padding` and `same_upper_padding` of chapter 4: how many zeros "same" and "full" are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._padded import CHAPTER, Pads, Pair, pad_in_torch, pair

__all__ = ["half", "resolve_padding", "resolving", "same_upper_padding"]


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
