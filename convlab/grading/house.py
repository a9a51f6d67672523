"""The grader's side of the warm process: starts it, and asks it for a fresh sandbox for each submission.

Where bubblewrap can be used, the warm process runs inside it; where not, each sandbox is whole without.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from convlab.grading import bubblewrap, sandbox
from convlab.grading.limits import Limits
from convlab.grading.wire import Pipe

__all__ = ["Run", "Warm", "warm"]

_SECONDS_TO_WARM = 120.0


def _environment(private: str) -> dict[str, str]:
    """Nothing of the grader's own, where the seed may stand; one thread; the same hashes in each run."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": private,
        "IPYTHONDIR": private,
    }


class Run:
    """One sandbox: a pipe to what runs in it, and the leash whose end ends it."""

    def __init__(self, pipe: Pipe, leash: socket.socket) -> None:
        self.pipe = pipe
        self._leash: socket.socket | None = leash

    def end(self) -> str:
        """End every process of the sandbox, wait until they have ended, and tell how: "ended 0", "memory", …"""
        if self._leash is None:
            return ""
        leash, self._leash = self._leash, None
        self.pipe.close()
        with contextlib.suppress(OSError):
            leash.shutdown(socket.SHUT_WR)
        leash.settimeout(10)
        try:
            return leash.recv(4096).decode("utf-8", "replace")
        except OSError:
            return "lost"
        finally:
            leash.close()


class Warm:
    """A warm process, and the forks that come of it.

    Parameters
    ----------
    sandboxed : whether what runs is shut in. Without, a submission can do whatever the grader's user can.
    walled : whether the warm process itself is shut in by bubblewrap, if that can be used here
    role : what its forks do: "child" runs a submission, "judging" judges what one has returned

    Attributes
    ----------
    unwalled : why bubblewrap is not used; empty if it is

    Raises
    ------
    NoSandbox
        If this machine offers none.
    """

    def __init__(self, sandboxed: bool = True, walled: bool = True, role: str = "child") -> None:
        self._role = role
        if sys.platform != "linux":
            sandbox.require()  # which says where to go: without a sandbox, too, it takes what only Linux has
        self.unwalled = bubblewrap.refusal() if sandboxed and walled else "not asked for"
        self._folder = self._root = ""
        if not self.unwalled:
            self._root = bubblewrap.ROOT
            # What begins it may be a thread that ends before the grader; the warm process sees for itself when
            # the grader has gone.
            lasting = threading.current_thread() is threading.main_thread()
            wall = bubblewrap.arguments(_environment(bubblewrap.PRIVATE), until_death=lasting)
            self._begin(wall, {}, "/")
            return
        if sandboxed:
            sandbox.require()
        self._folder = tempfile.mkdtemp(prefix="convlab-grading-")
        os.chmod(self._folder, 0o755)
        private, root = (os.path.join(self._folder, name) for name in ("private", "root"))
        os.mkdir(private)
        os.mkdir(root)
        self._root = root if sandboxed else ""
        self._begin([], _environment(private), self._folder)

    def _begin(self, wall: list[str], environment: dict[str, str], folder: str) -> None:
        self._end, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        code = (
            f"import sys; sys.path[:] = {sys.path!r}\n"
            f"from convlab.grading import warm; warm.main({theirs.fileno()}, {self._role!r})"
        )
        self._process = subprocess.Popen(
            [*wall, sys.executable, "-s", "-P", "-B", "-X", "utf8", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env=environment,
            cwd=folder,
            start_new_session=True,  # Ctrl-C is the grader's
        )
        theirs.close()
        self._end.settimeout(_SECONDS_TO_WARM)
        try:
            ready, said = self._end.recv(16) == b"warm", ""
        except OSError:
            ready, said = False, ""
        if not ready:
            self._end.close()
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                said = self._process.communicate(timeout=10)[1].decode("utf-8", "replace")
            self.close()
            raise RuntimeError(f"the process that runs notebooks did not start:\n{said[-2000:]}")

    def start(self, limits: Limits) -> Run:
        """A fresh sandbox that waits to be told what to run.

        Raises
        ------
        OSError
            If the warm process has gone.
        """
        pipe, its_pipe = socket.socketpair()
        leash, its_leash = socket.socketpair()
        message = json.dumps({"limits": dataclasses.asdict(limits), "folder": self._root}).encode()
        with its_pipe, its_leash:
            socket.send_fds(self._end, [message], [its_pipe.fileno(), its_leash.fileno()])
        return Run(Pipe(pipe, limits.answer), leash)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """End the warm process. Sandboxes that still run end with it, or with their leashes."""
        self._end.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


_warm: dict[tuple[int, bool, str], Warm] = {}
_lock = threading.Lock()


def warm(sandboxed: bool = True, role: str = "child") -> Warm:
    """The warm process of this process for a role, started when it is first needed and ended with it."""
    with _lock:
        key = (os.getpid(), sandboxed, role)
        found = _warm.get(key)
        if found is None or not found.alive:
            if found is not None:
                found.close()
            found = _warm[key] = Warm(sandboxed, role=role)
            atexit.register(found.close)
        return found
