"""`python -m tests.bench race | memory | prices | sample | grading | class`.

BLAS gets as many threads as torch. NumPy's OpenBLAS reads its number of threads when it is loaded. So this
starts itself again with the environment set, and gives torch the same number.
"""

import argparse
import os
import subprocess
import sys

STARTED = "CONVLAB_BENCH_THREADS"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", choices=["race", "memory", "prices", "sample", "grading", "class"])
    parser.add_argument(
        "--threads",
        type=int,
        default=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    )
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contender (5)")
    parser.add_argument("--layer", default="", help="only layers whose name holds this")
    parser.add_argument("--others", action="store_true", help="layers of other networks, in race and memory")
    parser.add_argument(
        "--batch", type=int, nargs="+", help="images at a time, in race and memory (1 and 32)"
    )
    parser.add_argument("--methods", default="", help="only these of ours, by commas")
    parser.add_argument("--count", type=int, default=40, help="layers that sample draws (40)")
    parser.add_argument("--seed", type=int, default=0, help="of sample's layers and of the class (0)")
    parser.add_argument("--submissions", type=int, help="how many grading (40) and class (500) grade")
    parser.add_argument("--processor-time", action="store_true", help="count that instead, for busy machines")
    arguments = parser.parse_args()
    if arguments.what == "grading":
        from tests.bench import grading

        grading.main(arguments.submissions or 40, max(1, min(arguments.rounds, 5)))
        return 0
    if arguments.what == "class":
        from tests.bench import klass

        klass.main(arguments.submissions or 500, arguments.seed)
        return 0
    if STARTED not in os.environ:
        threads = str(arguments.threads)
        limits = dict.fromkeys(
            [STARTED, "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"], threads
        )
        return subprocess.call(
            [sys.executable, "-m", "tests.bench", *sys.argv[1:]], env={**os.environ, **limits}
        )

    import torch

    from convlab import fast
    from tests.bench import memory, prices, race, sample, timing
    from tests.bench.layers import BATCHES, LAYERS, OTHERS

    torch.set_num_threads(arguments.threads)
    if arguments.processor_time:
        timing.count_processor_time()
    layers = [layer for layer in (OTHERS if arguments.others else LAYERS) if arguments.layer in layer.name]
    batches = arguments.batch or BATCHES
    methods = tuple(arguments.methods.split(",")) if arguments.methods else fast.METHODS
    if arguments.what == "race":
        race.race(layers, batches, arguments.rounds, methods)
    elif arguments.what == "memory":
        memory.memory(layers, batches)
    elif arguments.what == "prices":
        prices.prices(arguments.rounds)
    else:
        sample.sample(arguments.count, arguments.seed, arguments.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
