"""A submission that begins many processes takes nothing from its neighbours."""

import os
import sys
import time
from pathlib import Path

import pytest

from convlab.grading import Limits
from convlab.grading.house import warm
from convlab.grading.warm import FAIR_SHARE

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

BEGINS = "import os, time\nfor i in range({}):\n    if os.fork() == 0: time.sleep(100)\nprint('begun')"


@pytest.fixture
def begun():
    """Starts a sandbox whose first cell begins so many processes; all processes of that sandbox."""
    runs = []

    def begin(count):
        before = set(descendants(os.getpid()))
        run = warm().start(Limits())
        runs.append(run)
        run.pipe.send([("cell", 0, BEGINS.format(count)), ("cell", 1, "time.sleep(100)")])
        assert run.pipe.receive(60) == ("cell", 0)
        assert run.pipe.receive(60)[0] == "done"
        return sorted(set(descendants(os.getpid())) - before)

    warm()
    yield begin
    for run in runs:
        run.end()


def descendants(process):
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found


def nice(processes):
    return [os.getpriority(os.PRIO_PROCESS, one) for one in processes]


def test_many_processes_give_way_and_a_few_do_not(begun):
    few = begun(3)
    many = begun(2 * FAIR_SHARE)
    inside = [one for one in many if nice([one]) != [0]]
    ends = time.monotonic() + 10
    while len(inside) <= 2 * FAIR_SHARE and time.monotonic() < ends:
        time.sleep(0.05)
        inside = [one for one in many if nice([one]) == [19]]
    assert len(inside) == 2 * FAIR_SHARE + 1  # all but the guardian
    assert set(nice(few)) == {os.getpriority(os.PRIO_PROCESS, 0)}


def test_if_memory_runs_out_a_submission_goes_before_the_grader(begun):
    assert {Path(f"/proc/{one}/oom_score_adj").read_text().strip() for one in begun(1)} == {"1000"}
