"""Work on several parts of a layer at once: NumPy lets go of Python's lock while it multiplies, adds and copies.

BLAS has threads of its own, which share one product of matrices and wait while anything else is done. Here each
thread takes whole parts instead, copies included, and BLAS stays on the thread that called it. `alone` tells it
so, and afterwards tells it again what it was told before.

Parts are cut by the layer's sizes, never by the number of threads, and sums are added up in the order of the
parts. So every number of threads gives the same bits.

Knows nothing of layers and methods.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from math import prod
from threading import Lock, local
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import LibController, ThreadpoolController  # type: ignore[import-untyped]  # it ships none

from convlab.fast.helpers import Helpers

Task = TypeVar("Task")

_lock = Lock()
_callers = 0  # of `alone`, at this moment
_told = 1  # how many threads BLAS had before the first of them
_helpers = Helpers()
_own = local()

LINE = 64  # bytes that come from memory together, and that scratch arrays begin with
SCRATCH = 2**24  # bytes of a scratch array that a thread keeps for the next part
KEPT = 2**25  # bytes of all its scratch arrays that it keeps for the next call


@lru_cache(maxsize=1)
def _blas() -> list[LibController]:
    """Find the BLAS that NumPy calls: what is loaded from NumPy's own folder, else any."""
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    own = [library for library in found if "numpy" in library.filepath]
    return own or list(found)


@lru_cache(maxsize=1)
def architectures() -> tuple[str, ...]:
    """Name the processors that BLAS has chosen its kernels for, as OpenBLAS calls them; empty if it does not say."""
    return tuple(getattr(library, "architecture", None) or "" for library in _blas())


@contextmanager
def alone() -> Iterator[None]:
    """Keep BLAS on its caller's thread, so that `share` may use the others."""
    global _callers, _told
    with _lock:
        if not _callers:
            _told = _count()
            _tell(1)
        _callers += 1
    try:
        yield
    finally:
        tidy()
        with _lock:
            _callers -= 1
            if not _callers:
                _tell(_told)


def available() -> int:
    """Count the threads to use: as many as BLAS was told to use.

    OPENBLAS_NUM_THREADS and threadpoolctl tell it. Where NumPy's BLAS cannot be told, it keeps its own threads,
    and there are no others.
    """
    return _told if _callers else _count()


def share(tasks: Sequence[Task], work: Callable[[Task], None]) -> None:
    """Call work with every task. Whichever thread is free takes the next one.

    Each thread is bound to a processor for that time. Left alone, Linux wakes a thread on the processor of the
    one that called it, where it waits for a millisecond or two: as long as most layers take.
    """
    processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    count = min(available(), len(tasks), len(processors) or len(tasks))
    if count <= 1:
        for task in tasks:
            work(task)
        return
    left = iter(tasks)

    def take() -> None:
        for task in left:
            work(task)

    def bind(chosen: list[int]) -> None:
        if processors:
            with suppress(OSError):  # what a container forbids, it does without
                os.sched_setaffinity(0, chosen)  # of this thread only

    def help(number: int) -> None:
        bind([processors[number]] if processors else [])
        with np.errstate(over="ignore", invalid="ignore"):  # each thread has its own
            take()
        tidy()

    with _lock:
        jobs = _helpers.ask([partial(help, number) for number in range(1, count)])
    try:
        bind(processors[:1])
        take()
    finally:
        bind(processors)
        # One that nobody has begun finds no task left, and may be waiting for the thread that asks.
        errors = [job.settle() for job in jobs]
    for error in filter(None, errors):
        raise error


def summed(tasks: Sequence[Task], work: Callable[[Task, np.ndarray], None], zero: np.ndarray) -> np.ndarray:
    """Let work(task, sums) add every task's part to sums, and give all sums added up.

    Neighbouring tasks share one array of sums, eight arrays at most, and no more than fit beside the weight.
    """
    lanes = min(8, len(tasks), max(2 * SCRATCH // zero.nbytes, 1))
    edges = [len(tasks) * lane // lanes for lane in range(lanes + 1)]
    sums = [zero, *(np.zeros_like(zero) for _ in range(lanes - 1))]

    def lane(number: int) -> None:
        for task in tasks[edges[number] : edges[number + 1]]:
            work(task, sums[number])

    share(range(lanes), lane)
    for other in sums[1:]:
        zero += other
    return zero


def scratch(slot: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """Give this thread's array of that name, with whatever it held last.

    Fresh memory costs more than a sum or a copy: the system must find a page, and clear it. One array that is
    used for every part lies in the cache already.
    """
    size = prod(shape) * dtype.itemsize
    slots: dict[str, np.ndarray] = _own.__dict__
    memory = slots.get(slot)
    if memory is None or memory.nbytes < size:
        slots.pop(slot, None)
        memory = np.empty(size + LINE, np.uint8)
        memory = memory[-memory.ctypes.data % LINE :]
        if size <= SCRATCH:
            slots[slot] = memory
    return memory[:size].view(dtype).reshape(shape)


def tidy() -> None:
    """Give this thread's scratch memory back, if it is more than a call should leave behind."""
    slots: dict[str, np.ndarray] = _own.__dict__
    if sum(memory.nbytes for memory in slots.values()) > KEPT:
        slots.clear()


def forget() -> None:
    """Give back all scratch memory, and end the threads."""
    _own.__dict__.clear()
    with _lock:
        _helpers.dismiss()


def view(array: np.ndarray, start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
    """View a contiguous array from its start-th entry on, with strides in bytes.

    As numpy.lib.stride_tricks.as_strided, but within the array's memory, and ten times as quick.
    """
    return np.ndarray(shape, array.dtype, array, start * array.itemsize, strides)


def _count() -> int:
    return max((library.num_threads or 1 for library in _blas()), default=1)


def _tell(count: int) -> None:
    for library in _blas():
        library.set_num_threads(count)


def _after_fork() -> None:
    """After a fork, threads are gone, and whoever held the lock."""
    global _helpers, _lock, _callers
    _helpers, _lock = Helpers(), Lock()
    if _callers:
        _callers = 0
        _tell(_told)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
