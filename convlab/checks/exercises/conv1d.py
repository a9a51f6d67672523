"""Chapter 1, one dimension: `correlate1d`, `convolve1d`, `output_size`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["EXERCISES"]

CHAPTER = "01_conv1d"

# (length of the signal, length of the kernel): the smallest first, as failures are told with the smallest.
# Among them: one tap, a kernel as long as the signal, even and odd kernels.
SHAPES = [(3, 2), (4, 3), (4, 1), (1, 1), (3, 3), (5, 4), (7, 3), (9, 2), (12, 5)]


def signals(rng: np.random.Generator) -> Iterator[Sample]:
    for size, kernel_size in SHAPES:
        values = integers if size < 5 else fractions
        yield Sample((values(rng, size), values(rng, kernel_size)))
    for _ in range(3):
        size = int(rng.integers(6, 16))
        yield Sample((fractions(rng, size), fractions(rng, int(rng.integers(2, size)))))
    # A signal of integers under a kernel of fractions: an output made like the input would cut them off.
    # Odd integers times a half and whole numbers: every entry is a fraction.
    halves = integers(rng, 3, np.float64) + np.array([0.5, 0, 0])
    yield Sample((2 * integers(rng, 6) + 1, halves), group="arrays")
    yield Sample((fractions(rng, 6, np.float32), fractions(rng, 3, np.float32)), group="arrays")
    for layout in LAYOUTS[1:]:
        if layout != "transposed":  # there is but one axis
            yield Sample(
                (lay_out(fractions(rng, 7), layout), lay_out(fractions(rng, 3), layout)), group="arrays"
            )


def signals_and_longer_kernels(rng: np.random.Generator) -> Iterator[Sample]:
    """A full convolution has an answer for a kernel longer than the signal, too."""
    yield from signals(rng)
    yield Sample((fractions(rng, 3), fractions(rng, 4)))


def correlate(input: np.ndarray, weight: np.ndarray, extra: int = 0, left: int = 0) -> np.ndarray:
    """Slides the window from `left` before the signal until `extra` after its last place; outside is zero."""
    size, taps = len(input), len(weight)
    padded = np.concatenate([np.zeros(left), input, np.zeros(max(extra, 0))])
    places = size + left + extra - taps + 1
    return np.array([padded[n : n + taps] @ weight for n in range(places)], dtype=float)


def never_moves(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.array([weight.sum() * input[n] for n in range(len(input) - len(weight) + 1)])


def keeps_integers(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return correlate(input, weight).astype(input.dtype)


def wraps_around(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    size, taps = len(input), len(weight)
    return np.array(
        [sum(weight[k] * input[n - k] for k in range(taps) if n - k < size) for n in range(size + taps - 1)],
        dtype=float,
    )


def misses_the_first_tap(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    places = len(input) - len(weight) + 1
    return np.array([input[n + 1 : n + len(weight)] @ weight[1:] for n in range(places)], dtype=float)


correlate1d = Exercise(
    name="correlate1d",
    chapter=CHAPTER,
    parameters=("input", "weight"),
    groups={"plain": 2, "arrays": 1},
    difficulty=1,
    minutes=10,
    samples=signals,
    oracle=lambda torch, input, weight: torch.nn.functional.conv1d(input[None, None], weight[None, None])[
        0, 0
    ],
    oracle_name="torch.nn.functional.conv1d",
    linear=("input", "weight"),
    mistakes=(
        Mistake(
            "flipped kernel",
            "Your numbers are those of a convolution: the kernel is flipped. Cross-correlation reads it as it is.",
            lambda input, weight: correlate(input, weight[::-1]),
        ),
        Mistake(
            "last window lost",
            "Your window stops one place too early: it fits in L - K + 1 places, and range(L - K) makes L - K.",
            lambda input, weight: correlate(input, weight, extra=-1),
        ),
        Mistake(
            "full",
            "Your window also hangs over both ends of the signal. Here it stays inside: L - K + 1 places.",
            lambda input, weight: correlate(input, weight, extra=len(weight) - 1, left=len(weight) - 1),
        ),
        Mistake(
            "runs over the end",
            "Your window runs over the end of the signal, where it reads zeros. It stays inside: L - K + 1 places.",
            lambda input, weight: correlate(input, weight, extra=len(weight) - 1),
        ),
        Mistake(
            "tap does not move",
            "Every tap is multiplied by the same input value: tap k belongs to input[x + k], not to input[x].",
            never_moves,
        ),
        Mistake(
            "first tap lost",
            "The tap weight[0] is missing from your sums: k runs from 0.",
            misses_the_first_tap,
        ),
        Mistake(
            "output made like the input",
            "Your output takes the input's dtype, so for a signal of integers every fraction is cut off.",
            keeps_integers,
            group="arrays",
        ),
    ),
)

convolve1d = Exercise(
    name="convolve1d",
    chapter=CHAPTER,
    parameters=("input", "weight"),
    groups={"plain": 2, "arrays": 1},
    difficulty=2,
    minutes=15,
    samples=signals_and_longer_kernels,
    oracle=lambda torch, input, weight: torch.nn.functional.conv1d(
        input[None, None], weight.flip(0)[None, None], padding=len(weight) - 1
    )[0, 0],
    oracle_name="torch.nn.functional.conv1d of the flipped kernel, with zeros on both sides",
    linear=("input", "weight"),
    mistakes=(
        Mistake(
            "not flipped",
            "Your numbers are those of a full cross-correlation. Convolution flips the kernel: "
            "input[n - k] belongs to weight[k].",
            lambda input, weight: correlate(input, weight, extra=len(weight) - 1, left=len(weight) - 1),
        ),
        Mistake(
            "valid",
            "Your window stays inside the signal. The full convolution has L + K - 1 entries: "
            "the window also hangs over both ends.",
            lambda input, weight: correlate(input, weight[::-1]),
        ),
        Mistake(
            "cut to the input's length",
            "Your output is as long as the input. The full convolution has L + K - 1 entries: "
            "the last taps go on after the signal has ended.",
            lambda input, weight: correlate(input, weight[::-1], left=len(weight) - 1),
        ),
        Mistake(
            "one entry too long",
            "Your output is one entry too long: L + K - 1 places, n from 0 to L + K - 2.",
            lambda input, weight: correlate(input, weight[::-1], extra=len(weight), left=len(weight) - 1),
        ),
        Mistake(
            "wraps around",
            "For n < k your index n - k is negative, and Python then reads from the other end of the array. "
            "Terms outside the signal are zero.",
            wraps_around,
        ),
        Mistake(
            "output made like the input",
            "Your output takes the input's dtype, so for a signal of integers every fraction is cut off.",
            lambda input, weight: np.convolve(input, weight).astype(input.dtype),
            group="arrays",
        ),
    ),
)


def sizes(rng: np.random.Generator) -> Iterator[Sample]:
    for size, kernel_size in [(5, 3), (4, 4), (3, 1), (8, 2)]:
        yield Sample((size, kernel_size), group="stride and padding")
    # What is left over after the last step: 0, 1, 2 and 3.
    for size, stride in [(7, 2), (8, 2), (9, 3), (10, 3), (11, 3), (10, 4), (15, 5)]:
        yield Sample((size, 3), {"stride": stride}, group="stride and padding")
    for size, kernel_size, padding in [(5, 3, 1), (3, 4, 2), (6, 1, 3)]:
        yield Sample((size, kernel_size), {"padding": padding}, group="stride and padding")
    for size, kernel_size, dilation in [(7, 3, 2), (9, 2, 4), (5, 1, 3)]:
        yield Sample((size, kernel_size), {"dilation": dilation}, group="dilation")
    for _ in range(6):
        stride, padding, dilation = (int(v) for v in rng.integers([2, 1, 2], [5, 4, 5]))
        kernel_size = int(rng.integers(2, 5))
        size = dilation * (kernel_size - 1) + int(rng.integers(3, 20))
        yield Sample((size, kernel_size, stride, padding, dilation), group="dilation")


def size_from_torch(
    torch: Any, size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """The length of what torch really computes."""
    signal, kernel = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel_size)
    length: int = torch.nn.functional.conv1d(
        signal, kernel, stride=stride, padding=padding, dilation=dilation
    ).shape[-1]
    return length


def _formula(name: str, explanation: str, function: Any, group: str = "stride and padding") -> Mistake:
    """A mistake in the formula, as a function of the numbers by their letters: L, K, s, p, d."""

    def mistaken(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Any:
        return function(size, kernel_size, stride, padding, dilation)

    return Mistake(name, explanation, mistaken, group)


output_size = Exercise(
    name="output_size",
    chapter=CHAPTER,
    parameters=("size", "kernel_size", "stride", "padding", "dilation"),
    groups={"stride and padding": 1, "dilation": 1},
    difficulty=2,
    minutes=10,
    samples=sizes,
    oracle=size_from_torch,
    oracle_name="the length of torch.nn.functional.conv1d's output",
    mistakes=(
        _formula(
            "one place lost",
            "You count the steps of the window, not its places: after the first place come the steps, so add 1.",
            lambda L, K, s, p, d: (L + 2 * p - d * (K - 1) - 1) // s,
        ),
        _formula(
            "rounds up",
            "You round up. A last step that does not fit into the signal is not taken: round down.",
            lambda L, K, s, p, d: -(-(L + 2 * p - d * (K - 1) - 1) // s) + 1,
        ),
        _formula(
            "padding counted once",
            "You add the padding once. It goes to both ends: the signal grows by 2 * padding.",
            lambda L, K, s, p, d: (L + p - d * (K - 1) - 1) // s + 1,
        ),
        _formula(
            "one added before dividing",
            "You divide the number of places by the stride. Divide the way from the first place to the last "
            "(places - 1), then add 1.",
            lambda L, K, s, p, d: (L + 2 * p - d * (K - 1)) // s,
        ),
        _formula(
            "dilation ignored",
            "You ignore the dilation. Spread taps reach over dilation * (K - 1) + 1 inputs.",
            lambda L, K, s, p, d: (L + 2 * p - K) // s + 1,
            "dilation",
        ),
        _formula(
            "dilation times all taps",
            "You take the spread kernel to be dilation * K long. Between K taps are K - 1 gaps: "
            "it is dilation * (K - 1) + 1.",
            lambda L, K, s, p, d: (L + 2 * p - d * K) // s + 1,
            "dilation",
        ),
    ),
)

EXERCISES = (correlate1d, convolve1d, output_size)
