"""Share work that BLAS has no part in: NumPy lets go of Python's lock while it adds and copies.

BLAS brings its own threads, and two callers of it would stand in each other's way. So only `shift` is shared.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise


def available() -> int:
    """Count the threads to use: as many as BLAS was told to, else as this process may run on."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(name, "").isdigit():
            return max(int(os.environ[name]), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(total: int, work: Callable[[slice], None]) -> None:
    """Cut range(total) into a slice for each thread, and call work with each.

    Threads are started anew for each call, which takes a tenth of a millisecond: a pool that is kept would be
    missing after a fork.
    """
    count = min(available(), total)
    if count == 1:
        return work(slice(0, total))
    edges = [total * i // count for i in range(count + 1)]
    with ThreadPoolExecutor(count - 1) as pool:
        others = [pool.submit(work, slice(*pair)) for pair in pairwise(edges[1:])]
        work(slice(edges[0], edges[1]))
    for other in others:
        other.result()
    return None
