"""Chapter 8, speed: `conv1d_input_stationary`, `conv2d_gemm`, `conv2d_fft`.

All three are compared by their numbers alone. In which order a function reads its samples, and whether it multiplies
matrices, no number tells: the chapter lets the reader count and time that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._speed_fft import conv2d_fft
from convlab.checks.exercises._speed_gemm import CHAPTER, conv2d_gemm
from convlab.checks.exercises.channels_and_batches import integers_and_halves
from convlab.checks.exercises.stride_and_padding import draw_images
from convlab.checks.samples import LAYOUTS, fractions, lay_out

__all__ = ["EXERCISES"]

# Group -> (input (N, C_in, L), weight (C_out, K)), the smallest first. Among them one tap, even kernels, kernels as
# long as the signal or nearly so, when most products belong to no window.
SIGNALS: dict[str, list[tuple[tuple[int, ...], tuple[int, int]]]] = {
    "one signal": [
        ((1, 1, 3), (1, 2)),
        ((1, 1, 4), (1, 3)),
        ((1, 1, 4), (1, 1)),
        ((1, 1, 3), (1, 3)),
        ((1, 1, 5), (1, 4)),
        ((1, 1, 9), (1, 3)),
        ((1, 1, 12), (1, 2)),
    ],
    "batch and channels": [
        ((1, 2, 2), (1, 1)),
        ((1, 1, 2), (2, 1)),
        ((2, 1, 2), (1, 1)),
        ((1, 2, 3), (2, 2)),
        ((2, 3, 5), (4, 3)),
        ((3, 2, 6), (1, 4)),
        ((2, 4, 4), (3, 4)),
    ],
}


def signals(rng: np.random.Generator) -> Iterator[Sample]:
    for group, rows in SIGNALS.items():
        for input_size, kernels in rows:
            yield draw_images(rng, group, input_size, kernels, {})
    for _ in range(2):
        N, C_in, C_out = (int(v) for v in rng.permutation(3) + 1)
        K = int(rng.integers(2, 5))
        yield draw_images(rng, "batch and channels", (N, C_in, K + int(rng.integers(0, 5))), (C_out, K), {})
    yield Sample(integers_and_halves(rng, (1, 1, 4), (1, 1, 2)), group="one signal")
    single = np.float32
    arrays = fractions(rng, (1, 2, 5), single), fractions(rng, (3, 2, 2), single)
    yield Sample(arrays, group="batch and channels")
    for layout in LAYOUTS[1:]:
        input, weight = fractions(rng, (2, 2, 4)), fractions(rng, (3, 2, 2))
        yield Sample((lay_out(input, layout), lay_out(weight, layout)), group="batch and channels")


# Where the product of sample t and tap k goes: (t, k, L_out, K) -> an entry of the output, or None for nowhere.
Place = Callable[[int, int, int, int], int | None]


def window_start(t: int, k: int, L_out: int, K: int) -> int | None:
    """The right place: sample t lies under tap k of the window that starts at t - k, if there is one."""
    return t - k if 0 <= t - k < L_out else None


def scatter(
    input: np.ndarray,
    weight: np.ndarray,
    place: Place = window_start,
    length: Callable[[int, int], int] = lambda L, K: L - K + 1,
    samples: Callable[[int, int], int] = lambda L, L_out: L,
    adds: bool = True,
) -> np.ndarray:
    """Every sample sends its products to the entries they belong to."""
    (N, _, L), (C_out, _, K) = input.shape, weight.shape
    L_out = L - K + 1
    output = np.zeros((N, C_out, length(L, K)))
    for t in range(samples(L, L_out)):
        for k in range(K):
            x = place(t, k, L_out, K)
            if x is not None:
                products = input[:, :, t] @ weight[:, :, k].T
                output[:, :, x] = products + (output[:, :, x] if adds else 0)
    return output


def wraps_around(t: int, k: int, L_out: int, K: int) -> int | None:
    return (t - k) % L_out if t - k < L_out else None


def clamps(t: int, k: int, L_out: int, K: int) -> int:
    return min(max(t - k, 0), L_out - 1)


def goes_on(t: int, k: int, L_out: int, K: int) -> int | None:
    return t + k if t + k < L_out else None


def forgets_the_first(t: int, k: int, L_out: int, K: int) -> int | None:
    return t - k if 0 < t - k < L_out else None


def overwrites_channels(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return scatter(input[:, -1:], weight[:, -1:])


def reads_in_out(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    C_out, C_in, K = weight.shape
    return scatter(input, weight.reshape(C_in, C_out, K).swapaxes(0, 1))


def adds_once_per_filter(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The sample of one filter is taken for all of them: output channel o is missing its own kernels."""
    return scatter(input, np.repeat(weight[:1], len(weight), axis=0))


def reads_one_signal(input: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return scatter(np.repeat(input[:1], len(input), axis=0), weight)


conv1d_input_stationary = Exercise(
    name="conv1d_input_stationary",
    chapter=CHAPTER,
    parameters=("input", "weight"),
    groups={"one signal": 1, "batch and channels": 1},
    difficulty=2,
    minutes=15,
    samples=signals,
    oracle=lambda torch, input, weight: torch.nn.functional.conv1d(input, weight),
    oracle_name="torch.nn.functional.conv1d",
    linear=("input", "weight"),
    mistakes=(
        Mistake(
            "wraps around",
            "For k > t the index t - k is negative, and Python then writes to the other end of output. "
            "There is no such window: leave the product out.",
            lambda input, weight: scatter(input, weight, wraps_around),
            "one signal",
        ),
        Mistake(
            "clamped",
            "Products at the ends, which belong to no window, are added to the first and the last entry. "
            "Leave them out: only 0 <= t - k < L_out counts.",
            lambda input, weight: scatter(input, weight, clamps),
            "one signal",
        ),
        Mistake(
            "sent the wrong way",
            "You send sample t to t + k. It lies under tap k of the window that starts k places earlier: at t - k.",
            lambda input, weight: scatter(input, weight, goes_on),
            "one signal",
        ),
        Mistake(
            "last samples unread",
            "Your loop over the samples ends after L_out of them. The last windows reach further: read all L.",
            lambda input, weight: scatter(input, weight, samples=lambda L, L_out: L_out),
            "one signal",
        ),
        Mistake(
            "assigned",
            "Each product overwrites the one before it. An entry is the sum of its products: +=.",
            lambda input, weight: scatter(input, weight, adds=False),
            "one signal",
        ),
        Mistake(
            "first entry left out",
            "Your test leaves out the window that starts at 0: 0 <= t - k, and not 0 < t - k.",
            lambda input, weight: scatter(input, weight, forgets_the_first),
            "one signal",
        ),
        Mistake(
            "full",
            "Your output also has entries for windows that hang over the ends. "
            "Here they stay inside: L_out = L - K + 1.",
            lambda input, weight: scatter(
                input, weight, lambda t, k, L_out, K: t - k + K - 1, lambda L, K: L + K - 1
            ),
            "one signal",
        ),
        Mistake(
            "flipped kernel",
            "Your numbers are those of a convolution: every kernel is flipped. Cross-correlation reads it as it is.",
            lambda input, weight: scatter(input, weight[:, :, ::-1]),
            "one signal",
        ),
        Mistake(
            "output made like the input",
            "Your output takes the input's dtype, so for signals of integers every fraction is cut off.",
            lambda input, weight: scatter(input, weight).astype(input.dtype),
            "one signal",
        ),
        Mistake(
            "last channel only",
            "Only the last channel of the input is in your sums. All of them add to the same entries: "
            "output[n, o] is not begun anew for each c.",
            overwrites_channels,
            "batch and channels",
        ),
        Mistake(
            "one kernel for every output channel",
            "Every output channel is made with weight[0]. Output channel o has kernels of its own: weight[o].",
            adds_once_per_filter,
            "batch and channels",
        ),
        Mistake(
            "weight read as [in, out]",
            "You read weight as (C_in, C_out, K). Its first axis counts the output's channels: (C_out, C_in, K).",
            reads_in_out,
            "batch and channels",
        ),
        Mistake(
            "first signal for all",
            "Every output of the batch is made from input[0]. Output n belongs to signal n: input[n].",
            reads_one_signal,
            "batch and channels",
        ),
    ),
)

EXERCISES = (conv1d_input_stationary, conv2d_gemm, conv2d_fft)
