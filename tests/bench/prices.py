"""Measure the prices of `convlab.fast.table`: each kind of step alone, on arrays as the methods use them.

The prices in the table were measured so with `--threads 1 --processor-time`, on an AMD EPYC of the Zen 4 family
at 2.6 GHz with NumPy 2.4 and its OpenBLAS. Only their ratios matter for the choice of a method.
"""

from collections.abc import Callable
from itertools import cycle

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from convlab.fast.products import multiply
from convlab.fast.table import PRICES
from tests.bench.timing import alternate

Step = tuple[Callable[[], object], float]


def prices(rounds: int) -> None:
    steps = _steps()
    times = alternate({name: call for name, (call, _) in steps.items()}, rounds)
    measured = {name: times[name].best * 1e9 / count for name, (_, count) in steps.items()}
    # What is left of a wide and flat product when its multiplications are paid for, and of a tiny one.
    rows, inner, columns = 6, 6, 200_000
    touched = rows * inner + inner * columns + rows * columns
    multiplied = rows * inner * columns * measured["multiply"]
    measured["far"] = max(times["pack"].best * 1e9 - multiplied, 0) / touched
    measured["loop"] -= 64 * measured["shift"]  # its runs are 64 entries long
    measured["gather"] -= measured["run"] / 16  # its runs are 16 entries long
    for name, value in PRICES.items():
        if name in measured:
            print(f'    "{name}": {measured[name]:.4g},  # stands as {value:.4g}')


def _steps() -> dict[str, Step]:
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32)

    a, b = draw(256, 1024), draw(1024, 1024)
    flat, wide = draw(6, 6), draw(6, 200_000)
    small = draw(2000, 8, 8)
    left, right, strips = draw(64, 576), draw(576, 768), np.empty((64, 768), np.float32)
    signal, columns = draw(64, 4000), np.empty((64, 9, 400), np.float32)
    runs = sliding_window_view(signal, 400, axis=1)[:, :9]
    image = draw(32, 1, 66, 66)
    tiles = sliding_window_view(image, (6, 6), axis=(2, 3))[..., ::4, ::4, :, :].transpose(4, 5, 0, 1, 2, 3)
    gathered = np.empty(tiles.shape, np.float32)
    sums, ones = draw(64, 2000), draw(64, 2000)
    shifted = draw(3, 144, 3400)
    window = sliding_window_view(shifted, 3136, axis=2)[:, :, :168:56]
    kernels, grads, outputs = draw(144, 3, 3), draw(144, 3136), np.empty((144, 3136), np.float32)
    few = sliding_window_view(draw(3, 2000, 80), 64, axis=2)[:, :, :3]
    few_kernels, few_outputs = draw(2000, 3, 3), np.empty((2000, 64), np.float32)
    short = sliding_window_view(draw(2000, 40), 16, axis=1)[:, :9]
    short_kernels = draw(2000, 9)
    results, bias = cycle([np.empty((144, 3136), np.float32) for _ in range(16)]), draw(144, 1)
    images = draw(32, 256, 256)
    points = images.size * 16  # log2 of the points of one image

    def copy() -> None:
        columns[...] = runs

    def gather() -> None:
        gathered[...] = tiles

    def add() -> None:
        np.add(sums, ones, out=sums)

    def move() -> None:
        shifted[1, :, 1:] = shifted[0, :, :-1]

    return {
        "multiply": (lambda: a @ b, 256 * 1024 * 1024),
        "small": (lambda: multiply(left, right, strips), 64 * 576 * 768),
        "pack": (lambda: flat @ wide, 1),
        "product": (lambda: small @ small, 2000),
        "copy": (copy, columns.size),
        "gather": (gather, gathered.size),
        "add": (add, sums.size),
        "move": (move, 144 * 3400),
        "put": (lambda: np.add(outputs, bias, out=next(results)), outputs.size),
        "shift": (lambda: np.einsum("jgil,gij->gl", window, kernels, out=outputs, order="K"), 144 * 9 * 3136),
        "loop": (lambda: np.einsum("jgil,gij->gl", few, few_kernels, out=few_outputs, order="K"), 2000 * 9),
        "dot": (lambda: np.vecdot(window, grads[:, None]), 144 * 9 * 3136),
        "run": (lambda: np.einsum("gil,gi->lg", short, short_kernels, order="F"), 2000 * 9),
        "fft": (lambda: np.fft.rfft2(images), points),
    }
