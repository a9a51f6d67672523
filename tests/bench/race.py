"""The race: every layer of the table, torch and each method in turn; ratios to torch and their geometric mean.

The last column, "product", is no method: it is what BLAS alone would take if the columns of GEMM cost nothing.
"""

from collections.abc import Sequence
from math import exp, log

from convlab import fast
from tests.bench.contenders import Calls, bare_product, contest
from tests.bench.layers import RacedLayer
from tests.bench.timing import Times, alternate

SLOW = 12  # a method that takes so many times the best one's time is not timed again


def race(layers: Sequence[RacedLayer], rounds: int, methods: tuple[str, ...] = fast.METHODS) -> None:
    names = ["torch", *methods, "product"]
    print(
        f"{'forward; forward + backward':40}"
        + "".join(f"{name:>10}" for name in names)
        + "   best of 5 beside auto"
    )
    ratios: dict[str, list[float]] = {"forward": [], "both": [], "forward, typical": [], "both, typical": []}
    least: list[float] = []
    for layer in layers:
        product = bare_product(layer)
        for kind, calls in contest(layer, methods)._asdict().items():
            if kind == "forward" and product is not None:
                calls["product"] = product
            times = _without_the_slow(calls, rounds)
            if kind == "forward":
                ours = [value.best for name, value in times.items() if name != "torch"]
                least.append(min(ours, default=times["torch"].best) / times["torch"].best)
            _print_row(layer.name if kind == "forward" else "", times, names)
            if "auto" in times:
                ratios[kind].append(times["auto"].best / times["torch"].best)
                ratios[f"{kind}, typical"].append(times["auto"].typical / times["torch"].typical)
    for kind, values in ratios.items():
        if values:
            worst = max(range(len(values)), key=values.__getitem__)
            print(
                f"{kind}: geometric mean {geometric_mean(values):.2f}, worst {values[worst]:.2f} ({layers[worst].name})"
            )
    print(
        f"forward, by the best method or the bare product of matrices: geometric mean {geometric_mean(least):.2f}"
    )


def geometric_mean(values: Sequence[float]) -> float:
    return exp(sum(map(log, values)) / len(values))


def _without_the_slow(calls: Calls, rounds: int) -> dict[str, Times]:
    first = alternate(calls, 1, turn=0.01)
    limit = SLOW * min(times.best for times in first.values())
    kept = {
        name: call for name, call in calls.items() if first[name].best <= limit or name in ("torch", "auto")
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
