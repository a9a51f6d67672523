"""The outer wall: where bubblewrap is installed, the warm process itself runs shut in by it.

Each submission still gets a whole sandbox of its own, made inside the wall by `sandbox`. The wall stands around what
has no sandbox: the warm process and its guardians, should a student's code ever reach them.

As root the wall keeps the user ids of the machine, so that each sandbox can be a user of its own, and leaves the
process only the rights that making a sandbox takes. As an ordinary user it is a user namespace, in which the
sandboxes' own ones nest; the kernel then counts the processes of each by itself.

Knows nothing of submissions. Bubblewrap's options: `man bwrap`.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping

from convlab.grading import sandbox
from convlab.grading.visible import visible

__all__ = ["FOLDER", "PRIVATE", "ROOT", "arguments", "refusal", "version"]

# Inside the wall: the warm process's own folder, one for what its libraries write, and one to build new roots over.
FOLDER = "/run/convlab"
PRIVATE = f"{FOLDER}/private"
ROOT = f"{FOLDER}/root"

_OLDEST = (0, 5)  # has --clearenv
# To make namespaces and mounts, to become someone else and to give rights up for good; to end and to slow down what
# someone else runs; to show a Python that only its owner may read.
_RIGHTS = (
    *("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"),
    *("CAP_KILL", "CAP_SYS_NICE", "CAP_DAC_READ_SEARCH"),
)


@functools.lru_cache(maxsize=1)
def version() -> str:
    """Of the `bwrap` on PATH, such as "0.8.0"; empty if there is none."""
    program = shutil.which("bwrap")
    if program is None:
        return ""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    return found[0] if found else ""


@functools.lru_cache(maxsize=1)
def refusal() -> str:
    """Why the wall cannot be used here; empty if it can. It is tried out, with a sandbox inside it."""
    if sys.platform != "linux":
        return "it is Linux's"
    if not version():
        return "it is not installed"
    if tuple(map(int, version().split("."))) < _OLDEST:
        return f"{version()} is older than {'.'.join(map(str, _OLDEST))}"
    return sandbox.tried(arguments({}), ROOT)


def arguments(environment: Mapping[str, str], until_death: bool = True) -> list[str]:
    """The command to put in front of one that is to run inside the wall.

    Parameters
    ----------
    environment : all that it sees of one
    until_death : whether it ends with the thread, not only with the process, that starts it
    """
    command = [shutil.which("bwrap") or "bwrap", "--new-session"]
    command += ["--die-with-parent"] if until_death else []
    command += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--unshare-cgroup-try"]
    if os.getuid() == 0:
        command += ["--cap-drop", "ALL"]
        for right in _RIGHTS:
            command += ["--cap-add", right]
    else:
        command += ["--unshare-user"]
    command += ["--clearenv"]
    for name, value in environment.items():
        command += ["--setenv", name, value]
    command += ["--proc", "/proc", "--dev", "/dev"]
    # First, as this package or this Python may lie below one of them.
    command += ["--tmpfs", "/tmp", "--tmpfs", FOLDER, "--dir", PRIVATE, "--dir", ROOT]
    for one in visible():
        if one.target:
            command += ["--symlink", one.target, one.path]
        else:
            command += ["--ro-bind", one.source, one.path]
    return [*command, "--remount-ro", "/", "--chdir", FOLDER, "--"]
