"""The warm process: everything slow is imported once, then each submission is a fork of it.

Between it and a student's code stands the guardian, a fork that makes the sandbox, starts the first process in it,
and ends all that is in there when the grader lets go of the leash, when time is up or memory runs out.

    python -c "...; warm.main(number of the socket)"
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convlab.grading import pages, sandbox
from convlab.grading.limits import Limits
from convlab.grading.wire import Pipe

__all__ = ["main"]

FAIR_SHARE = 16  # processes and threads; with more, all of a sandbox gives way to its neighbours

_NEEDED = (
    "numpy",
    "torch",
    "torch.nn.functional",
    "torch.nn.grad",
    "torch.utils._python_dispatch",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "convlab.checks.guard",
    "convlab.checks.play",
    "convlab.data",
    "convlab.draw",
    "convlab.functional",
    "convlab.grad",
)

# What a chapter does, so that what it loads on the way is loaded before the first fork.
_REHEARSAL = """
import numpy as np
import torch
import torch.nn.functional as F
from convlab import draw
from convlab.checks import check
import matplotlib.pyplot as plt
%matplotlib inline
x = torch.arange(9.0).reshape(1, 1, 3, 3).requires_grad_()
F.conv2d(x, torch.ones(1, 1, 2, 2)).sum().backward()
display(draw.signal(np.arange(3)))
plt.plot([1, 2]); plt.show()
1 / 0
"""


def main(number: int, role: str) -> None:
    """Serve the grader at the other end of socket `number` until it goes. The working directory is its own.

    Parameters
    ----------
    role : the module of this package that runs in the sandboxes: "child", or "judging", which must not be known here
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's
    ends = socket.socket(fileno=number)
    runs = importlib.import_module(f"convlab.grading.{role}")
    state = _warm_up() if role == "child" else runs.get_warm()
    # What is here now stays: the forks share its memory as long as nobody touches it.
    gc.collect()
    gc.freeze()
    sandbox.prepare()
    pages.gather()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a guardian that has ended leaves nothing behind
    ends.send(b"warm")
    while True:
        data, fds, _, _ = socket.recv_fds(ends, 65536, 2)
        if not data:
            # The grader has gone, perhaps without a chance to do this itself.
            shutil.rmtree(os.getcwd(), ignore_errors=True)
            return
        asked = json.loads(data)
        if os.fork() == 0:
            status = 1
            try:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                ends.close()
                pipe, leash = (socket.socket(fileno=fd) for fd in fds)
                limits = Limits(**asked["limits"])
                _guardian(pipe, leash, limits, asked["folder"], functools.partial(runs.run, state=state))
                status = 0
            finally:
                os._exit(status)
        for fd in fds:
            os.close(fd)


def _warm_up() -> Any:
    from convlab.grading import child

    child.without_checks()
    for name in _NEEDED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    shell = child.make_shell()
    for name in _rehearse(shell):
        # Some of what was loaded on the way cannot be imported by itself.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    return shell


def _rehearse(shell: Any) -> list[str]:
    """The modules that the rehearsal loads, which runs in a fork."""
    reading, writing = os.pipe()
    if (rehearsing := os.fork()) == 0:
        try:
            before = set(sys.modules)
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - the process ends
            shell.run_cell(_REHEARSAL, store_history=False)
            os.write(writing, "\n".join(set(sys.modules) - before).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as file:
        names = sorted(file.read().split())
    os.waitpid(rehearsing, 0)
    return [name for name in names if name != "__main__"]


def _guardian(
    pipe: socket.socket, leash: socket.socket, limits: Limits, folder: str, run: Callable[..., None]
) -> None:
    """Start the first process of a sandbox, end it when it must end, and tell how it ended."""
    os.setsid()
    with contextlib.suppress(OSError):  # if memory runs out all the same, it is this that must go
        Path("/proc/self/oom_score_adj").write_text("1000")
    begins_with = max(_memory_of(os.getpid()))
    try:
        user = sandbox.enter_outer() if folder else 0
    except OSError as error:
        leash.send(f"no sandbox: {error}".encode())
        return
    first = os.fork()
    if first == 0:
        try:
            if folder:
                sandbox.enter_inner(user, folder, limits)
            leash.close()
        except OSError as error:
            leash.send(f"no sandbox: {error}".encode())
            os._exit(1)
        run(pipe=Pipe(pipe, limits.answer), limits=limits)
        os._exit(0)
    pipe.close()
    why = _watch(first, leash, limits, begins_with)
    with contextlib.suppress(ProcessLookupError):
        os.kill(first, signal.SIGKILL)
    _, status = os.waitpid(first, 0)  # the kernel ends every other process in there before it tells
    with contextlib.suppress(OSError):
        leash.send((why or f"ended {os.waitstatus_to_exitcode(status)}").encode())


def _watch(first: int, leash: socket.socket, limits: Limits, begins_with: int) -> str:
    """Wait until the process ends or must be ended; why, if it must. It had `begins_with` bytes when it began."""
    handle = os.pidfd_open(first)
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    poller.register(leash, select.POLLIN)
    ends = time.monotonic() + limits.total_seconds + limits.grace_seconds
    while time.monotonic() < ends:
        if events := dict(poller.poll(100)):
            return "" if handle in events else "let go"
        if sum(max(0, one - begins_with) for one in _memory_of(first)) > limits.more_memory:
            return "memory"
        tasks = _tasks_of(first)
        if len(tasks) > FAIR_SHARE:
            _give_way(tasks)
    return "time"


def _give_way(tasks: list[tuple[int, int]]) -> None:
    """Let all others go first. What these begin will do so, too; none of them can take it back."""
    for _, task in tasks:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, task, 19)


def _memory_of(first: int) -> list[int]:
    """Bytes in memory of a process and of all that came of it.

    Without those of files, among which are all that processes share: that takes a file in /tmp, which has a limit.
    """
    sizes: list[int] = []
    page = os.sysconf("SC_PAGE_SIZE")
    for process in {process for process, _ in _tasks_of(first)}:
        with contextlib.suppress(OSError, ValueError):
            _, resident, of_files, *_ = map(int, Path(f"/proc/{process}/statm").read_text().split())
            sizes.append((resident - of_files) * page)
    return sizes or [0]


def _tasks_of(first: int) -> list[tuple[int, int]]:
    """(process, thread) of a process and of all that came of it.

    Orphans become children of the first process of their namespace, so none is missed.
    """
    found: list[tuple[int, int]] = []
    waiting = [first]
    while waiting and len(found) < 1000:
        process = waiting.pop()
        with contextlib.suppress(OSError, ValueError):
            for task in os.listdir(f"/proc/{process}/task"):
                found.append((process, int(task)))
                children = Path(f"/proc/{process}/task/{task}/children").read_text()
                waiting += map(int, children.split())
    return found
