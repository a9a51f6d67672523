"""Shuts a process in with the kernel's own means: namespaces, a root of its own, limits, no rights, a call filter.

    prepare()               in the warm process: what is the same for every sandbox is worked out once
    enter_outer()           in the guardian: new namespaces; the next fork is the first process in there
    enter_inner(...)        in that first process: the root, the limits, no rights, Landlock, the filter

It works as root, who then becomes a user that exists nowhere else, and as an ordinary user, through a user namespace.
Linux only. Nothing is done half: what the kernel refuses is an OSError, and the process must end.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import importlib.util
import os
import platform
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from convlab.grading import landlock, seccomp
from convlab.grading.limits import Limits
from convlab.grading.visible import visible

__all__ = ["NoSandbox", "Offer", "enter_inner", "enter_outer", "offers", "prepare", "require", "tried"]

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
_NOSUID, _NODEV, _BIND, _REC, _PRIVATE = 2, 4, 0x1000, 0x4000, 0x40000
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPSET = {"x86_64": 126, "aarch64": 91}
_MOUNT_SETATTR = 442
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = (
    1,
    4,
    24,
    38,
    47,
)
_CAPABILITY_VERSION = 0x20080522

_SPARE_PROCESSES = 16

# Each sandbox begun by root is a user of its own, so that the limit on processes counts only its own. Drawn by lot:
# two warm processes, each in a process namespace of its own, cannot tell each other's numbers apart.
_USERS = range(1_500_000_000, 2_000_000_000)
# Whom root becomes where it is itself only the root of a user namespace with no ids to spare.
_NOBODY = 65534

# Not /dev/zero: memory that is mapped from it is shared, and counted by nobody.
_DEVICES = ("/dev/null", "/dev/full", "/dev/random", "/dev/urandom")
# What a notebook cannot do without; the try-out looks whether it can be read inside.
_NEEDED = ("convlab", "numpy", "IPython", "torch")


class NoSandbox(Exception):
    """This machine offers no sandbox: what is missing, and what to do."""


@dataclass(frozen=True)
class Offer:
    """One thing that the sandbox needs, whether this machine has it, and what to do if not."""

    what: str
    there: bool
    advice: str = ""


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def prepare() -> None:
    """Work out once what every sandbox needs, so that the forks of this process find it done."""
    _plan()
    _users()
    if seccomp.supported():
        seccomp.program()


def enter_outer() -> int:
    """Make the namespaces. The next child of this process is the first process inside them.

    Returns
    -------
    the user id that the process inside must take
    """
    libc = _libc()
    user, group = os.getuid(), os.getgid()
    flags = _NEWUTS | _NEWIPC | _NEWPID | _NEWNET
    if user == 0 and (users := _users()):
        _checked(libc.unshare(flags), "new namespaces")
        return users[int.from_bytes(os.urandom(4), "little") % len(users)]
    _checked(libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")
    _checked(libc.unshare(flags | _NEWUSER), "new user namespace")
    inside = user or _NOBODY
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group or _NOBODY} {group} 1")
    return inside


@functools.lru_cache(maxsize=1)
def _users() -> range:
    """Whom root may become here: none where it is the root of a user namespace with too few ids."""
    try:
        if Path("/proc/self/setgroups").read_text().strip() == "deny":
            return range(0)
        users = range(_NOBODY, _USERS.stop)
        for file in ("/proc/self/uid_map", "/proc/self/gid_map"):
            lines = [list(map(int, line.split())) for line in Path(file).read_text().splitlines()]
            first, _, count = max(lines, key=lambda line: line[2])
            users = range(max(users.start, first), min(users.stop, first + count))
    except (OSError, ValueError):
        return range(0)
    # The upper end, far from the ids of people and services.
    return range(max(users.start, min(_USERS.start, users.stop - 2**15)), users.stop)


def enter_inner(user: int, folder: str, limits: Limits) -> None:
    """Shut this process in; it must be the first one in the new namespaces.

    Parameters
    ----------
    user : what `enter_outer` returned
    folder : an empty folder, over which the new root is built; it is seen from outside as empty
    limits : what it may use
    """
    libc = _libc()
    _checked(libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    # Only now: the guardian must keep its own view, in which it sees how much memory is used in here.
    _checked(libc.unshare(_NEWNS), "new mount namespace")
    _build_root(libc, user, folder, limits)
    _set_limits(limits)
    _become_nobody(libc, user)
    # Again: changing the user has undone it.
    _checked(libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    landlock.restrict(["/"], ["/tmp"], _DEVICES)
    seccomp.install()


@dataclass(frozen=True)
class _Plan:
    """What is made in a new root, each path without the slash at its beginning."""

    folders: tuple[str, ...]
    files: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    binds: tuple[tuple[str, str], ...]


@functools.lru_cache(maxsize=1)
def _plan() -> _Plan:
    shown = visible()
    links = {one.path: one.target for one in shown if one.target}
    binds = {one.path: one.source for one in shown if one.source}
    folders = {path for path, source in binds.items() if os.path.isdir(source)} | {"/tmp", "/etc", "/dev"}
    files = (set(binds) - folders) | set(_DEVICES)
    for path in (*folders, *files, *links):
        folders.update(str(outer) for outer in Path(path).parents)
    folders.remove("/")
    return _Plan(
        tuple(path[1:] for path in sorted(folders)),  # outer folders come before what lies in them
        tuple(path[1:] for path in sorted(files)),
        tuple((path[1:], target) for path, target in links.items()),
        tuple((path[1:], source) for path, source in binds.items()),
    )


def _mount(
    libc: ctypes.CDLL, source: str, target: str, kind: str | None, flags: int, data: str | None = None
) -> None:
    result = libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        flags,
        data.encode() if data else None,
    )
    _checked(result, f"mount {target}")


def _set_attributes(libc: ctypes.CDLL, path: str, flags: int, add: int, clear: int = 0) -> None:
    wanted = struct.pack("<4Q", add, clear, 0, 0)
    result = libc.syscall(
        _MOUNT_SETATTR, _AT_FDCWD, path.encode(), flags, ctypes.c_char_p(wanted), ctypes.c_size_t(len(wanted))
    )
    _checked(result, f"make {path} read-only")


def _build_root(libc: ctypes.CDLL, user: int, folder: str, limits: Limits) -> None:
    plan = _plan()
    _mount(libc, "none", "/", None, _REC | _PRIVATE)
    _mount(libc, "root", folder, "tmpfs", _NOSUID | _NODEV, "size=1m,nr_inodes=4096,mode=755")
    before = os.umask(0o022)
    inside = folder.rstrip("/") + "/"
    # First, as this package or this Python may lie below /tmp.
    os.mkdir(inside + "tmp")
    size = f"size={limits.written},nr_inodes={limits.inodes},mode=1777"
    _mount(libc, "tmp", inside + "tmp", "tmpfs", _NOSUID | _NODEV, size)
    for path in plan.folders:  # made anew, readable whatever the real ones on the way say
        if path != "tmp":
            os.mkdir(inside + path)
    for path in plan.files:
        os.close(os.open(inside + path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    for path, target in plan.links:
        os.symlink(target, inside + path)
    os.symlink("/tmp", inside + "dev/shm")
    Path(inside + "etc/passwd").write_text(f"student:x:{user}:{user}:student:/tmp:/bin/sh\n")
    for path, source in plan.binds:
        _mount(libc, source, inside + path, None, _BIND | _REC)
    # All at once, then back for the one place to write in, and for the devices, which come after.
    attributes = _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV
    _set_attributes(libc, folder, _AT_RECURSIVE, attributes)
    _set_attributes(libc, inside + "tmp", 0, 0, clear=_ATTR_RDONLY)
    for device in _DEVICES:
        _mount(libc, device, inside + device[1:], None, _BIND)
        # It can be written to all the same, but nobody can set its times, which are the machine's own.
        _set_attributes(libc, inside + device[1:], 0, _ATTR_RDONLY | _ATTR_NOSUID)
    os.umask(before)
    os.chdir(folder)
    # The new root is put over the old one, which is then taken away from below.
    _checked(libc.syscall(_PIVOT_ROOT[platform.machine()], b".", b"."), "pivot_root")
    _checked(libc.umount2(b".", _DETACH), "leave the old root")
    os.chdir("/tmp")


def _set_limits(limits: Limits) -> None:
    import resource

    for what, most in {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.written_file,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }.items():
        hard = resource.getrlimit(what)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # The forks that answer for exercises may be a few more than what the cells have left behind.
        spare = _SPARE_PROCESSES if what == resource.RLIMIT_NPROC else 0
        resource.setrlimit(what, (allowed - spare, allowed))


def _become_nobody(libc: ctypes.CDLL, user: int) -> None:
    for capability in range(64):
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            if ctypes.get_errno() == errno.EINVAL:
                break  # that was the last one that this kernel has
            _checked(-1, "drop a right")
    if os.getuid() != user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _checked(libc.prctl(_PR_CAP_AMBIENT, 4, 0, 0, 0), "drop the ambient rights")
    header = ctypes.create_string_buffer(struct.pack("<Ii", _CAPABILITY_VERSION, 0))
    nothing = ctypes.create_string_buffer(24)
    _checked(libc.syscall(_CAPSET[platform.machine()], header, nothing), "drop all rights")


def offers() -> list[Offer]:
    """What this machine has of what the sandbox needs, tried out and not guessed."""
    if sys.platform != "linux":
        return [
            Offer(
                "Linux", False, "grade in WSL (Windows), or in a Linux container or virtual machine (macOS)"
            )
        ]
    filtered = Offer(
        f"a system call filter for {platform.machine()}", seccomp.supported(), "grade on x86-64 or ARM64"
    )
    if not filtered.there:
        return [filtered]
    refused = tried()
    return [filtered, Offer("sandbox", not refused, f"{refused}; `convlab doctor` says what to do")]


def require() -> None:
    """Raises
    ------
    NoSandbox
        If this machine cannot shut a process in.
    """
    missing = [offer for offer in offers() if not offer.there]
    if missing:
        raise NoSandbox("; ".join(f"there is no {offer.what}: {offer.advice}" for offer in missing))


def tried(around: Sequence[str] = (), folder: str = "") -> str:
    """Shut a process in and see: empty, or what the kernel refused. In a new interpreter, as this one may have threads.

    Parameters
    ----------
    around : a command in front of the interpreter's
    folder : an empty folder as seen from there; a temporary one if none is given
    """
    with tempfile.TemporaryDirectory(prefix="convlab-") as temporary:
        code = (
            f"import sys; sys.path[:] = {sys.path!r}\n"
            f"from convlab.grading import sandbox; sandbox.try_out({folder or temporary!r})"
        )
        command = [*around, sys.executable, "-s", "-P", "-B", "-c", code]
        try:
            done = subprocess.run(
                command, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=60, cwd="/"
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    if done.returncode == 0:
        return ""
    said = (done.stdout or done.stderr).decode("utf-8", "replace").strip()
    return said.splitlines()[-1] if said else f"it ended with {done.returncode} and said nothing"


def try_out(folder: str) -> None:
    """What the new interpreter does: it ends with 0, or with 1 and says what failed."""
    try:
        found = [importlib.util.find_spec(name) for name in _NEEDED]
        needed = [spec.origin for spec in found if spec and spec.origin]
        user = enter_outer()
        child = os.fork()
        if child == 0:
            try:
                enter_inner(user, folder, Limits())
                for file in needed:
                    open(file, "rb").close()
                _no_more_processes()
            except OSError as error:
                os.write(1, str(error).encode())
                os._exit(1)
            os._exit(0)
        os._exit(min(1, abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))))
    except OSError as error:
        os.write(1, str(error).encode())
        os._exit(1)


def _no_more_processes() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    try:
        child = os.fork()
    except BlockingIOError:
        return
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    raise OSError("the limit on processes does not hold for this user")
