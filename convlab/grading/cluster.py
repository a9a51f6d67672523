"""Grades on other machines: a Dask cluster's workers as the pool, each with a sandbox and a warm process of its own.

The workers get what the local pool's processes get, and give the same results back. They must have this very convlab.
A worker that is lost costs the time of what it was grading: Dask gives that to another.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import Executor
from typing import Any

from convlab.grading.course import CourseError

__all__ = ["ClusterPool"]

_SECONDS_TO_CONNECT = 10


class ClusterPool:
    """The workers of a Dask cluster.

    Parameters
    ----------
    address : of its scheduler, such as "tcp://10.0.0.5:8786"

    Raises
    ------
    CourseError
        If there is no scheduler, no worker, or distributed is not installed.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise CourseError("--scheduler needs Dask: pip install 'convlab[cluster]'") from error
        self._address = address
        try:
            self._client: Any = Client(address, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise CourseError(
                f"no Dask scheduler answers at {address!r}: start one with `dask scheduler`, and give its address, "
                "such as tcp://10.0.0.5:8786"
            ) from error
        try:
            # A machine that has only just been started is waited for.
            self._client.wait_for_workers(1, timeout=_SECONDS_TO_CONNECT)
        except TimeoutError as error:
            self._client.close()
            raise CourseError(
                f"the scheduler at {address} has no worker: start some with `dask worker {address} --nthreads 1`"
            ) from error

    @property
    def size(self) -> int:
        """How many submissions can be graded at a time; workers may come and go."""
        return max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))

    def executor(self) -> Executor:
        executor: Executor = self._client.get_executor(pure=False)
        return executor

    def renew(self) -> Executor:
        raise CourseError(
            f"the connection to the scheduler at {self._address} is lost. The same command goes on from here"
        )

    def __enter__(self) -> ClusterPool:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(Exception):  # a scheduler that has gone cannot be told goodbye
            self._client.close(timeout=5)
