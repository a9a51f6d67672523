"""Chapter 2, two dimensions: `correlate2d`, `detect_edges`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["EXERCISES"]

CHAPTER = "02_conv2d"

# (image, kernel): the smallest first. No square image but where the kernel is not square either; among them one tap,
# one row, one column, even kernels, and kernels as large as the image.
SHAPES = [
    ((2, 3), (1, 2)),
    ((3, 2), (2, 1)),
    ((2, 3), (2, 2)),
    ((3, 3), (2, 3)),
    ((2, 3), (2, 3)),
    ((4, 3), (1, 1)),
    ((4, 6), (3, 3)),
    ((6, 5), (2, 4)),
    ((5, 7), (4, 2)),
    ((1, 6), (1, 3)),
]


def images(rng: np.random.Generator) -> Iterator[Sample]:
    for size, kernel_size in SHAPES:
        values = integers if size[0] * size[1] <= 9 else fractions
        yield Sample((values(rng, size), values(rng, kernel_size)))
    for _ in range(2):
        height, width = (int(v) for v in rng.permutation(6)[:2] + 4)
        kh, kw = (int(v) for v in rng.permutation(4)[:2] + 1)
        yield Sample((fractions(rng, (height, width)), fractions(rng, (kh, kw))))
    # Odd integers times a half and whole numbers: every entry is a fraction.
    halves = integers(rng, (2, 3), np.float64)
    halves[0, 0] += 0.5
    yield Sample((2 * integers(rng, (4, 5)) + 1, halves), group="arrays")
    yield Sample((fractions(rng, (4, 5), np.float32), fractions(rng, (3, 2), np.float32)), group="arrays")
    for layout in LAYOUTS[1:]:
        image, kernel = fractions(rng, (4, 5)), fractions(rng, (3, 2))
        yield Sample((lay_out(image, layout), lay_out(kernel, layout)), group="arrays")


def correlate(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    (H, W), (kh, kw) = input.shape, weight.shape
    rows = [
        [(input[y : y + kh, x : x + kw] * weight).sum() for x in range(W - kw + 1)] for y in range(H - kh + 1)
    ]
    return np.array(rows, dtype=float)


def takes_the_kernel_for_square(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    (H, W), (k, kw) = input.shape, weight.shape
    output = np.zeros((H - k + 1, max(W - k + 1, 0)))
    for y, x in np.ndindex(*output.shape):
        columns = min(k, kw)
        output[y, x] = (input[y : y + k, x : x + columns] * weight[:, :columns]).sum()
    return output


def swaps_rows_and_columns(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return correlate(input, weight).T


def never_moves_down(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    right = correlate(input, weight)
    return np.repeat(right[:1], len(right), axis=0)


def keeps_integers(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return correlate(input, weight).astype(input.dtype)


correlate2d = Exercise(
    name="correlate2d",
    chapter=CHAPTER,
    parameters=("input", "weight"),
    groups={"plain": 3, "arrays": 1},
    difficulty=2,
    minutes=15,
    samples=images,
    oracle=lambda torch, input, weight: torch.nn.functional.conv2d(input[None, None], weight[None, None])[
        0, 0
    ],
    oracle_name="torch.nn.functional.conv2d",
    linear=("input", "weight"),
    mistakes=(
        Mistake(
            "flipped kernel",
            "Your numbers are those of a convolution: the kernel is flipped. Cross-correlation reads it as it is.",
            lambda input, weight: correlate(input, weight[::-1, ::-1]),
        ),
        Mistake(
            "rows of the kernel flipped",
            "Your kernel is upside down: weight[0, 0] belongs to the top left corner of the window.",
            lambda input, weight: correlate(input, weight[::-1]),
        ),
        Mistake(
            "square kernel",
            "You use the kernel's height for its width too. It has kh rows and kw columns.",
            takes_the_kernel_for_square,
        ),
        Mistake(
            "last row lost",
            "Your window stops one row too early: it fits in H - kh + 1 rows.",
            lambda input, weight: correlate(input, weight)[:-1],
        ),
        Mistake(
            "last column lost",
            "Your window stops one column too early: it fits in W - kw + 1 columns.",
            lambda input, weight: correlate(input, weight)[:, :-1],
        ),
        Mistake(
            "last row and column lost",
            "Your window stops one place too early both ways: it fits in H - kh + 1 rows and W - kw + 1 columns.",
            lambda input, weight: correlate(input, weight)[:-1, :-1],
        ),
        Mistake(
            "rows and columns swapped",
            "Your output is on its side: its first index counts rows (y), its second columns (x).",
            swaps_rows_and_columns,
        ),
        Mistake(
            "window never moves down",
            "Your window moves along the first row only: y must be added to the row index of the input.",
            never_moves_down,
        ),
        Mistake(
            "output made like the input",
            "Your output takes the input's dtype, so for an image of integers every fraction is cut off.",
            keeps_integers,
            group="arrays",
        ),
    ),
)


def photographs(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((integers(rng, (3, 3)),))
    for size in [(3, 4), (5, 3), (4, 6), (6, 5)]:
        yield Sample((fractions(rng, size),))
    # One straight edge each, so that a reader sees at once which direction is missing.
    steps = np.zeros((4, 5), dtype=np.int64)
    steps[:, 2:] = int(rng.integers(1, 9))
    yield Sample((steps,))
    yield Sample((np.ascontiguousarray(steps.T),))
    for layout in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (4, 5)), layout),), group="arrays")
    yield Sample((fractions(rng, (5, 4), np.float32),), group="arrays")
    # As photographs are stored; brightness that falls towards the right makes the differences negative.
    falling = np.sort(rng.integers(0, 256, (3, 4)), axis=1)[:, ::-1].astype(np.uint8)
    yield Sample((np.ascontiguousarray(falling),), group="arrays")


SMOOTH = np.array([1.0, 2.0, 1.0])
SOBEL = np.outer(SMOOTH, [-1.0, 0.0, 1.0])


def gradients(image: np.ndarray, kernel: np.ndarray = SOBEL) -> tuple[np.ndarray, np.ndarray]:
    image = image.astype(float)
    return correlate(image, kernel), correlate(image, kernel.T)


def in_the_images_dtype(image: np.ndarray) -> np.ndarray:
    dx, dy = image[:, 2:] - image[:, :-2], image[2:] - image[:-2]
    gx = dx[:-2] + dx[1:-1] + dx[1:-1] + dx[2:]
    gy = dy[:, :-2] + dy[:, 1:-1] + dy[:, 1:-1] + dy[:, 2:]
    strength: np.ndarray = np.hypot(gx.astype(float), gy.astype(float))
    return strength


def edges_in_torch(torch: Any, image: Any) -> Any:
    kernel = torch.tensor(SOBEL)
    both = torch.stack([kernel, kernel.T])[:, None]
    gx, gy = torch.nn.functional.conv2d(image[None, None], both)[0]
    return torch.sqrt(gx**2 + gy**2)


detect_edges = Exercise(
    name="detect_edges",
    chapter=CHAPTER,
    parameters=("image",),
    groups={"plain": 2, "arrays": 1},
    difficulty=2,
    minutes=15,
    samples=photographs,
    oracle=edges_in_torch,
    oracle_name="torch.nn.functional.conv2d with the two Sobel kernels",
    mistakes=(
        Mistake(
            "no square root",
            "The square root is missing: the strength of an edge is the length of (gx, gy).",
            lambda image: sum(g**2 for g in gradients(image)),
        ),
        Mistake(
            "absolute values added",
            "You add |gx| and |gy|. The length of (gx, gy) is the square root of gx² + gy².",
            lambda image: sum(abs(g) for g in gradients(image)),
        ),
        Mistake(
            "gx alone",
            "Only gx is in your result: edges that run from left to right are missing.",
            lambda image: abs(gradients(image)[0]),
        ),
        Mistake(
            "gy alone",
            "Only gy is in your result: edges that run from top to bottom are missing.",
            lambda image: abs(gradients(image)[1]),
        ),
        Mistake(
            "kernel without the 2",
            "Your kernels weigh all three rows alike. Sobel's weigh the middle one twice: 1, 2, 1.",
            lambda image: np.hypot(*gradients(image, np.outer(np.ones(3), [-1.0, 0.0, 1.0]))),
        ),
        Mistake(
            "zeros around the image",
            "Your output is as large as the image. Here the window stays inside: two rows and two columns fewer.",
            lambda image: np.hypot(*gradients(np.pad(image, 1))),
        ),
        Mistake(
            "uint8 wraps around",
            "Your differences are taken in uint8, where -2 becomes 254. Turn the image into floats first.",
            in_the_images_dtype,
            group="arrays",
        ),
        Mistake(
            "divided by eight",
            "Your kernels are divided by 8. Here they hold whole numbers: -1, 0, 1 and -2, 0, 2.",
            lambda image: np.hypot(*gradients(image)) / 8,
        ),
    ),
)

EXERCISES = (correlate2d, detect_edges)
