"""Threads that wait for something to do, and take it up within some twenty microseconds.

A `concurrent.futures.ThreadPoolExecutor` does the same in about eighty, as long as some layers take: what it makes
for every task so that anybody may wait for it, ask it and call it off is Python, and holds the lock that NumPy needs
to go on. Here only the one who gave the task waits for it.
"""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread


class Job:
    """A call that a helper will make, or its giver will call off."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._claim, self._ended = Lock(), Lock()
        self._ended.acquire()
        self._error: BaseException | None = None

    def run(self) -> None:
        if not self._claim.acquire(blocking=False):
            return  # called off
        try:
            self._call()
        except BaseException as error:  # whatever it is belongs to the one who waits
            self._error = error
        finally:
            self._ended.release()

    def settle(self) -> BaseException | None:
        """Call it off if nobody has begun it, else wait for its end; give what went wrong."""
        if not self._claim.acquire(blocking=False):
            self._ended.acquire()
        return self._error


class Helpers:
    """As many threads as were ever asked for at once."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._count = 0

    def ask(self, calls: list[Callable[[], None]]) -> list[Job]:
        """Let a helper make each of the calls. One caller at a time."""
        jobs = [Job(call) for call in calls]
        for job in jobs:
            self._jobs.put(job)
        while self._count < len(jobs):
            Thread(target=self._help, name=f"convlab.fast {self._count}", daemon=True).start()
            self._count += 1
        return jobs

    def dismiss(self) -> None:
        """Let the threads end once they have nothing more to do."""
        for _ in range(self._count):
            self._jobs.put(None)
        self._count = 0

    def _help(self) -> None:
        while job := self._jobs.get():
            job.run()
            del job  # and with it the arrays it works on: the next may be long in coming
