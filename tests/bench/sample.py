"""Layers that no table holds: draw them at random, and see how well "auto" chooses."""

from collections import Counter

import numpy as np

from tests.bench.contenders import contest
from tests.bench.layers import RacedLayer
from tests.bench.race import _without_the_slow, geometric_mean


def sample(count: int, seed: int, rounds: int) -> None:
    """Time torch and every method on random layers; print what the choice of "auto" costs beside the best."""
    rng = np.random.default_rng(seed)
    to_torch: dict[str, list[float]] = {"forward": [], "both": []}
    to_best: list[float] = []
    chosen: Counter[str] = Counter()
    for _ in range(count):
        layer = draw_layer(rng)
        cells = []
        for kind, calls in contest(layer)._asdict().items():
            times = _without_the_slow(calls, rounds)
            auto, torch = times.pop("auto").best, times.pop("torch").best
            best = min(times, key=lambda name: times[name].best)
            to_torch[kind].append(auto / torch)
            if kind == "forward":
                to_best.append(auto / times[best].best)
                chosen[best] += 1
            cells.append(f"{torch * 1e3:8.2f}ms {auto / torch:6.2f} {auto / times[best].best:6.2f} {best:9}")
        print(f"{layer.name:58}", *cells, flush=True)
    for kind, values in to_torch.items():
        over = sum(value > 4 for value in values)
        print(
            f"{kind}: auto / torch mean {geometric_mean(values):.2f}, worst {max(values):.2f}, above 4: {over}"
        )
    close = sum(value < 1.25 for value in to_best)
    print(
        f"forward: auto / best method mean {geometric_mean(to_best):.2f}, worst {max(to_best):.2f}, "
        f"within a quarter: {close} of {count}; best were {dict(chosen)}"
    )


def draw_layer(rng: np.random.Generator, most: float = 2e9) -> RacedLayer:
    """Draw a layer as networks have them, with at most so many products."""
    while True:
        signal = rng.random() < 0.2
        groups_of = rng.choice(["dense", "dense", "dense", "depthwise", "grouped"])
        c, o = (int(2 ** rng.integers(0, 10)) for _ in range(2))
        batch = int(rng.choice([1, 1, 1, 4, 16, 32]))
        size = (
            (1, int(2 ** rng.integers(8, 15)))
            if signal
            else (int(rng.choice([7, 14, 28, 32, 56, 112, 224])),) * 2
        )
        k = int(rng.choice([1, 1, 3, 3, 3, 5, 7, 11, 21, 31]))
        kernel = (1, k) if signal else (k, k)
        stride = int(rng.choice([1, 1, 1, 2, 2, 4]))
        dilation = int(rng.choice([1, 1, 1, 2, 4]))
        groups = 1
        if groups_of == "depthwise":
            o = groups = c
        elif groups_of == "grouped" and min(c, o) >= 8:
            groups = int(2 ** rng.integers(1, int(np.log2(min(c, o)))))
        padding = (0, dilation * (k // 2)) if signal else (dilation * (k // 2),) * 2
        positions = batch * size[0] * size[1] / stride ** (1 if signal else 2)
        products = positions * o * c / groups * k ** (1 if signal else 2)
        entries = batch * size[0] * size[1] * max(c, o)
        if 1e5 <= products <= most and entries <= 1.5e7:
            name = f"{batch}×{c}×{size[0]}×{size[1]} → {o}, {kernel[0]}×{kernel[1]} s{stride} d{dilation} g{groups}"
            return RacedLayer(name, c, size, o, kernel, stride, padding, dilation, groups, batch)
