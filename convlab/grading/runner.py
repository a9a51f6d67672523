"""Grades many submissions at once: hands them to an executor, a few ahead, and gives results as they come.

Speaks `concurrent.futures.Executor` and nothing of where it runs: processes on this machine by default.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import platform
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from dataclasses import dataclass
from typing import Protocol

from convlab.grading.course import CourseError
from convlab.grading.limits import Limits
from convlab.grading.result import ExerciseResult, Result
from convlab.grading.spec import AssignmentSpec

__all__ = ["Job", "LocalPool", "Pool", "grade_job", "run"]

# A process of a cluster may have more threads than one; the warm process and torch's settings are the process's.
_one_at_a_time = threading.Lock()
_TRIES = 2
_AHEAD = 2  # jobs handed out for each process, so that none waits for the one who writes


@dataclass(frozen=True)
class Job:
    """One submission to grade: all that `grade` takes, and whose it is.

    Parameters
    ----------
    code : of the convlab that hands it out; where it is graded there must be the same. "" if it does not matter
    """

    student: str
    content: bytes
    spec: AssignmentSpec
    seed: int
    limits: Limits
    sandboxed: bool = True
    kept: tuple[ExerciseResult, ...] = ()
    code: str = ""


class Pool(Protocol):
    """Somewhere to grade: an executor, and another one if its processes were lost."""

    @property
    def size(self) -> int: ...
    def executor(self) -> Executor: ...
    def renew(self) -> Executor: ...


class LocalPool:
    """Processes on this machine, each with a warm process of its own. They begin with `get_ready` or the first job.

    Parameters
    ----------
    size : how many; as many as there are cores if None
    sandboxed : whether what they run is shut in
    """

    def __init__(self, size: int | None = None, sandboxed: bool = True) -> None:
        self.size = size or _cores()
        self._sandboxed = sandboxed
        self._executor: ProcessPoolExecutor | None = None

    def get_ready(self) -> None:
        """Begin with what is slow, while the caller goes on."""
        self.executor()

    def _new(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(
            self.size, mp_context=context, initializer=_begin, initargs=(self._sandboxed,)
        )
        executor.submit(_nothing)  # with the first job, all processes are started
        return executor

    def executor(self) -> Executor:
        if self._executor is None:
            self._executor = self._new()
        return self._executor

    def renew(self) -> Executor:
        self._let_go()
        self._executor = self._new()
        return self._executor

    def _let_go(self) -> None:
        if self._executor is None:
            return
        processes = list(self._executor._processes or ())
        self._executor.shutdown(wait=False, cancel_futures=True)
        # What is running may run for minutes, and nobody waits for it any more.
        for process in processes:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGTERM)

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(self, *error: object) -> None:
        self._let_go()


def run(jobs: Iterable[Job], pool: Pool) -> Iterator[tuple[Job, Result | Exception]]:
    """Grade jobs, and give each with its result, or with what kept it from having one, in the order in which they end.

    Parameters
    ----------
    jobs : taken one by one, so that only few submissions are in memory at a time
    pool : where they are graded
    """
    waiting = iter(jobs)
    running: dict[Future[Result], tuple[Job, int]] = {}
    again: list[tuple[Job, int]] = []
    executor: Executor | None = None
    lost = False
    while True:
        if lost and not running:
            executor, lost = pool.renew(), False
        # Whoever was there when a pool was lost is run alone: if another is lost, it is known who did it.
        most = 1 if again else _AHEAD * pool.size
        while not lost and len(running) < most:
            job, tries = again.pop() if again else (next(waiting, None), 0)
            if job is None:
                break
            try:
                executor = executor or pool.executor()
                running[executor.submit(grade_job, job)] = (job, tries)
            except BrokenExecutor:
                again.append((job, tries))
                lost = True
        if not running and not again:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            job, tries = running.pop(future)
            error = _error_of(future)
            lost = lost or isinstance(error, BrokenExecutor)
            if error is None:
                yield job, future.result()
            elif isinstance(error, BrokenExecutor) and tries + 1 < _TRIES:
                again.append((job, tries + 1))
            elif isinstance(error, Exception):
                yield job, error
            else:
                raise error


def _error_of(future: Future[Result]) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError:  # as nobody here cancels, the executor has lost what would have run it
        return BrokenExecutor("the job was cancelled")


def _begin(sandboxed: bool) -> None:
    """In each process of the pool: Ctrl-C is for who hands out the jobs; what is slow begins before the first job."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=_get_ready, args=(sandboxed,), daemon=True).start()


def _end_with_parent() -> None:
    """Where who hands out the jobs is killed, the executor's processes would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _get_ready(sandboxed: bool) -> None:
    from convlab.grading.house import warm

    with contextlib.suppress(Exception):  # the first job that needs it will tell
        warm(sandboxed)


def _nothing() -> None:
    from convlab.grading import referee  # noqa: F401 - loads what every job needs


def grade_job(job: Job) -> Result:
    """Grade a job in this process.

    Raises
    ------
    CourseError
        If this is another convlab than the job is from, as on a cluster it may be.
    """
    from convlab.grading.records import code_hash
    from convlab.grading.referee import grade

    if job.code and job.code != code_hash():
        raise CourseError(
            f"{platform.node()} has another convlab, NumPy, torch or Python than the machine that hands out the "
            "work: install the same on both"
        )
    with _one_at_a_time:
        return grade(
            job.content, job.spec, seed=job.seed, limits=job.limits, sandboxed=job.sandboxed, kept=job.kept
        )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
