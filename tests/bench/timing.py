"""Time functions against each other fairly, on a machine that may have other things to do.

Contenders take turns, so that a disturbance meets all of them. In a turn each is first left alone for a moment
(the threads of BLAS and of OpenMP keep spinning for a while after a call, and would slow down whoever comes
next), then warmed up, then called until it has had its time. What counts is the median of a turn, and of all
turns the least disturbed one: a neighbour can make a call slower, never faster.
"""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter, process_time, sleep
from typing import NamedTuple

PAUSE = 0.12  # seconds; OpenBLAS spins for about a tenth
clock = perf_counter
TURN = 0.05  # seconds of calls in a turn, and at least three of them
LONG = 1.0  # seconds of a call that is alone in its turn, and needs no warming up in the next
PATIENCE = 10.0  # seconds after which no further round is begun


def count_processor_time() -> None:
    """From now on, time what the processor does and not how long it takes."""
    global clock
    clock = process_time


class Times(NamedTuple):
    """Seconds of a call."""

    best: float  # the median of the least disturbed turn
    typical: float  # the median of the turns


def alternate(
    contenders: Mapping[str, Callable[[], object]], rounds: int, turn: float = TURN
) -> dict[str, Times]:
    """Time every contender in every round."""
    medians: dict[str, list[float]] = {name: [] for name in contenders}
    start = perf_counter()
    for number in range(rounds):
        if number and perf_counter() - start > PATIENCE:
            break
        for name, call in contenders.items():
            sleep(PAUSE if clock is perf_counter else 0)
            if min(medians[name], default=0) < LONG:
                call()
            medians[name].append(median(_calls(call, turn)))
    return {name: Times(min(values), median(values)) for name, values in medians.items()}


def _calls(call: Callable[[], object], seconds: float) -> list[float]:
    times: list[float] = []
    while not times or (
        sum(times) < LONG and (len(times) < 3 or (sum(times) < seconds and len(times) < 1000))
    ):
        start = clock()
        call()
        times.append(clock() - start)
    return times
