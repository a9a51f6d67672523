"""The threads of the fast methods: who does what, what is kept alive, and what BLAS is told."""

import os
import time
import warnings
import weakref

import numpy as np
import pytest
import threadpoolctl

from convlab import fast
from convlab.fast import threads


def limits(count):
    """Tell BLAS how many threads to use."""
    return threadpoolctl.threadpool_limits(count, user_api="blas")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_task_is_worked_on_once(count):
    done = np.zeros(100, int)

    def work(task):
        done[task] += 1

    with limits(count):
        threads.share(range(100), work)
    np.testing.assert_array_equal(done, 1)


@pytest.mark.parametrize("count", [1, 2])
def test_an_error_in_a_thread_reaches_the_caller(count):
    with limits(count), pytest.raises(ZeroDivisionError):
        threads.share(range(8), lambda task: 1 // (task - 5))


def test_a_thread_that_waits_keeps_no_array_alive():
    entries = np.zeros(8)
    seen = weakref.ref(entries)

    def work(task, held=entries):
        time.sleep(0.02)  # so that the helper has its share
        held[task] += 1

    with limits(2):
        threads.share(range(8), work)
    del work, entries
    deadline = time.monotonic() + 10
    while seen() is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert seen() is None


def test_sums_of_all_tasks_are_added_up():
    def work(task, sums):
        sums += task

    np.testing.assert_array_equal(threads.summed(range(50), work, np.zeros(3)), 49 * 50 / 2)


def test_blas_is_alone_within_a_call_and_has_its_threads_back_afterwards():
    with limits(2):
        with threads.alone(), threads.alone():
            assert threads.available() == 2
            assert {library["num_threads"] for library in blas()} == {1}
        assert {library["num_threads"] for library in blas()} == {2}


def blas():
    return [info for info in threadpoolctl.threadpool_info() if "numpy" in info["filepath"]]


def test_a_fork_in_the_middle_of_a_call_leaves_a_child_that_works():
    x, w = np.ones((4, 8, 40, 40)), np.ones((8, 8, 3, 3))
    with limits(2), threads.alone():
        threads.share(range(4), lambda task: None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forks with threads
            child = os.fork()
        if not child:
            os._exit(0 if fast.conv2d(x, w)[0, 0, 0, 0] == 72 else 1)
    assert os.waitpid(child, 0)[1] == 0
