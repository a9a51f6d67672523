"""The grader's side of the warm process: starts it, and asks it for a fresh sandbox for each submission."""

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

from convlab.grading import sandbox
from convlab.grading.limits import Limits
from convlab.grading.wire import Pipe

__all__ = ["Run", "Warm", "warm"]

_SECONDS_TO_WARM = 120.0


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
    """

    def __init__(self, sandboxed: bool = True) -> None:
        if sandboxed:
            sandbox.require()
        self._folder = tempfile.mkdtemp(prefix="convlab-grading-")
        os.mkdir(os.path.join(self._folder, "root"))
        os.chmod(self._folder, 0o755)
        self._root = os.path.join(self._folder, "root") if sandboxed else ""
        self._end, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        code = (
            f"import sys; sys.path[:] = {sys.path!r}\n"
            f"from convlab.grading import warm; warm.main({theirs.fileno()})"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-B", "-X", "utf8", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env=self._environment(),
            cwd=self._folder,
        )
        theirs.close()
        self._end.settimeout(_SECONDS_TO_WARM)
        try:
            ready = self._end.recv(16) == b"warm"
        except OSError:
            ready = False
        if not ready:
            self._process.kill()
            said = self._process.communicate()[1].decode("utf-8", "replace")
            self.close()
            raise RuntimeError(f"the process that runs notebooks did not start:\n{said[-2000:]}")

    def _environment(self) -> dict[str, str]:
        """Nothing of the grader's own, where the seed may stand; one thread; the same hashes in each run."""
        private = os.path.join(self._folder, "private")
        os.mkdir(private)
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
        """End the warm process. Sandboxes that still run end with their leashes."""
        self._end.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()
        shutil.rmtree(self._folder, ignore_errors=True)


_warm: dict[tuple[int, bool], Warm] = {}
_lock = threading.Lock()


def warm(sandboxed: bool = True) -> Warm:
    """The warm process of this process, started when it is first needed and ended with it."""
    with _lock:
        key = (os.getpid(), sandboxed)
        found = _warm.get(key)
        if found is None or not found.alive:
            if found is not None:
                found.close()
            found = _warm[key] = Warm(sandboxed)
            atexit.register(found.close)
        return found
