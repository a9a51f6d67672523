"""Peak memory of a call, as Linux counts it: how far the resident set rises above what it was before."""

import ctypes
import gc
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

from tests.bench.contenders import contest
from tests.bench.layers import RacedLayer

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def memory(layers: Sequence[RacedLayer], batches: Sequence[int]) -> None:
    """Print MiB beyond the arguments, results included."""
    if not CLEAR.exists():
        raise SystemExit("peak memory is read from /proc/self/status, which only Linux has")
    print(
        f"{'MiB beyond the arguments':40}   torch    auto  ratio   torch    auto  ratio  (forward; with backward)"
    )
    for layer, batch in product(layers, batches):
        cells = []
        for calls in contest(layer._replace(batch=batch), ("auto",)):
            torch, ours = peak(calls["torch"]), peak(calls["auto"])
            cells.append(f"{torch:8.1f}{ours:8.1f}{ours / torch:7.2f}")
        print(f"{f'{layer.name}, batch {batch}':40}" + "".join(cells), flush=True)


def peak(call: Callable[[], object]) -> float:
    call()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = _status("VmRSS")
    CLEAR.write_text("5")  # the peak begins anew
    result = call()
    top = _status("VmHWM")
    del result
    return max(top - before, 1) / 1024


def _status(field: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1])
