"""`pad2d` of chapter 4, and which pixels stand where around an image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["CHAPTER", "Pads", "Pair", "pad2d", "pad_in_torch", "pair", "take"]


CHAPTER = "04_stride_and_padding"

Pair = tuple[int, int]
Pads = tuple[Pair, Pair]


def pair(value: Any) -> tuple[Any, Any]:
    """One number stands for both axes."""
    return value if isinstance(value, tuple) else (value, value)


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
