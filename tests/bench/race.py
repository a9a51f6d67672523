"""The race: every layer of the table at every batch size, torch and each method in turn; ratios to torch.

The last column, "product", is no method: it is what BLAS alone would take if the columns of GEMM cost nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import exp, log

from convlab import fast
from tests.bench.contenders import Calls, bare_product, contest, hyperparameters
from tests.bench.layers import RacedLayer
from tests.bench.timing import LONG, Times, alternate

SLOW = 12  # a method that takes so many times the best one's time is not timed again,
DEAR = 3  # and of those that take longer than LONG, one that takes so many times


def race(
    layers: Sequence[RacedLayer],
    batches: Sequence[int],
    rounds: int,
    methods: tuple[str, ...] = fast.METHODS,
) -> None:
    names = ["torch", *methods, "product"]
    ratios: dict[str, dict[str, float]] = defaultdict(dict)
    for batch in batches:
        print(
            f"{f'batch {batch}: forward; forward + backward':40}"
            + "".join(f"{name:>10}" for name in names)
            + "   best of 5 beside auto"
        )
        for layer in layers:
            _race_one(layer._replace(batch=batch), rounds, methods, names, ratios)
    for what, values in ratios.items():
        worst = max(values, key=values.__getitem__)
        mean = geometric_mean(list(values.values()))
        print(f"{what}: geometric mean {mean:.2f}, worst {values[worst]:.2f} ({worst})")


def geometric_mean(values: Sequence[float]) -> float:
    return exp(sum(map(log, values)) / len(values))


def _race_one(
    layer: RacedLayer,
    rounds: int,
    methods: tuple[str, ...],
    names: Sequence[str],
    ratios: dict[str, dict[str, float]],
) -> None:
    """Print the two rows of a layer, and add their ratios to those of its batch and of all."""
    label = f"{layer.name}, batch {layer.batch}"
    product = bare_product(layer)
    for kind, calls in contest(layer, _promising(layer, methods))._asdict().items():
        if kind == "forward" and product is not None:
            calls["product"] = product
        times = _without_the_slow(calls, rounds)
        torch = times["torch"]
        _print_row(layer.name if kind == "forward" else "", times, names)
        if "auto" in times:
            auto = times["auto"]
            ratios[f"{kind}, batch {layer.batch}"][label] = auto.best / torch.best
            ratios[kind][label] = auto.best / torch.best
            ratios[f"{kind}, typical"][label] = auto.typical / torch.typical
        if kind == "forward":
            ours = [value.best for name, value in times.items() if name != "torch"]
            least = min(ours, default=torch.best) / torch.best
            ratios["forward, by the best method or the bare product of matrices"][label] = least


def _promising(layer: RacedLayer, methods: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what `fast.estimate` expects to be slow: on a batch, one call of it can take minutes."""
    weight = layer.out_channels, layer.in_channels // layer.groups, *layer.kernel
    image = layer.batch, layer.in_channels, *layer.size
    guesses = fast.estimate(image, weight, *hyperparameters(layer), layer.groups)
    limit = SLOW * min(guesses.values())
    return tuple(name for name in methods if guesses.get(name, 0) <= limit)


def _without_the_slow(calls: Calls, rounds: int) -> dict[str, Times]:
    first = alternate(calls, 1, turn=0.01)
    best = min(times.best for name, times in first.items() if name != "product")
    limit = min(SLOW * best, max(DEAR * best, LONG))
    kept = {
        name: call
        for name, call in calls.items()
        if first[name].best <= limit or name in ("torch", "auto", "product")
    }
    return alternate(kept, rounds)


def _print_row(label: str, times: dict[str, Times], names: Sequence[str]) -> None:
    cells = [f"{times['torch'].best * 1e3:8.2f}ms"]
    for name in names[1:]:
        cells.append(f"{times[name].best / times['torch'].best:10.2f}" if name in times else f"{'-':>10}")
    ours = {name: value.best for name, value in times.items() if name not in ("torch", "auto", "product")}
    note = ""
    if ours and "auto" in times:
        best = min(ours, key=ours.__getitem__)
        note = f"   {best} {ours[best] / times['auto'].best:.2f}"
    print(f"{label:40}" + "".join(cells) + note, flush=True)
