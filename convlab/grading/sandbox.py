"""Shuts a process in with the kernel's own means: namespaces, a root of its own, limits, no rights, a call filter.

    enter_outer(user)       in the guardian: new namespaces; the next fork is the first process in there
    enter_inner(...)        in that first process: the root, the limits, no rights, the filter

It works as root, who then becomes a user that exists nowhere else, and as an ordinary user, through a user namespace.
Linux only. Nothing is done half: what the kernel refuses is an OSError, and the process must end.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from convlab.grading import seccomp
from convlab.grading.limits import Limits

__all__ = ["NoSandbox", "Offer", "enter_inner", "enter_outer", "offers", "require"]

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
_NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
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

# User ids of nobody: each sandbox begun by root gets its own, so that the limit on processes counts only its own.
_FIRST_USER = 1_500_000_000

_SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin")
_ETC = ("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/mime.types", "/etc/alternatives")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


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


def enter_outer(libc: ctypes.CDLL | None = None) -> int:
    """Make the namespaces. The next child of this process is the first process inside them.

    Returns
    -------
    the user id that the process inside must take
    """
    libc = libc or _libc()
    user, group = os.getuid(), os.getgid()
    flags = _NEWUTS | _NEWIPC | _NEWPID | _NEWNET
    if user == 0:
        _checked(libc.unshare(flags), "new namespaces")
        return _FIRST_USER + os.getpid()
    _checked(libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")
    _checked(libc.unshare(flags | _NEWUSER), "new user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return user


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
    seccomp.install()


def visible_paths() -> Iterator[Path]:
    """What of this machine's files the process inside may read: the system, this Python, and this package."""
    seen: list[Path] = []
    package = Path(__file__).resolve().parents[1]
    candidates = [*map(Path, _SYSTEM), *map(Path, _ETC), Path(sys.base_prefix), Path(sys.prefix), package]
    for path in candidates:
        if path.exists() and not any(path.is_relative_to(other) for other in seen if not other.is_symlink()):
            seen.append(path)
            yield path


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


def _read_only(libc: ctypes.CDLL, path: str, recursive: bool, attributes: int = _ATTR_RDONLY) -> None:
    wanted = struct.pack("<4Q", attributes | _ATTR_NOSUID, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    result = libc.syscall(
        _MOUNT_SETATTR, _AT_FDCWD, path.encode(), flags, ctypes.c_char_p(wanted), ctypes.c_size_t(len(wanted))
    )
    _checked(result, f"make {path} read-only")


def _build_root(libc: ctypes.CDLL, user: int, folder: str, limits: Limits) -> None:
    _mount(libc, "none", "/", None, _REC | _PRIVATE)
    _mount(libc, "root", folder, "tmpfs", _NOSUID | _NODEV, "size=1m,nr_inodes=4096,mode=755")
    root = Path(folder)
    # First, as this package or this Python may lie below /tmp.
    (root / "tmp").mkdir()
    size = f"size={limits.written},nr_inodes={limits.inodes},mode=1777"
    _mount(libc, "tmp", str(root / "tmp"), "tmpfs", _NOSUID | _NODEV, size)
    for path in visible_paths():
        inside = root / path.relative_to("/")
        if path.is_symlink() and str(path) in _SYSTEM:
            inside.symlink_to(os.readlink(path))
            continue
        _place(path, inside)
        _mount(libc, str(path.resolve()), str(inside), None, _BIND | _REC)
        _read_only(libc, str(inside), recursive=True, attributes=_ATTR_RDONLY | _ATTR_NODEV)
    for device in _DEVICES:
        inside = root / device[1:]
        _place(Path(device), inside)
        _mount(libc, device, str(inside), None, _BIND)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc" / "passwd").write_text(f"student:x:{user}:{user}:student:/tmp:/bin/sh\n")
    (root / "dev" / "shm").symlink_to("/tmp")
    os.chdir(folder)
    _read_only(libc, ".", recursive=False)
    # The new root is put over the old one, which is then taken away from below.
    _checked(libc.syscall(_PIVOT_ROOT[platform.machine()], b".", b"."), "pivot_root")
    _checked(libc.umount2(b".", _DETACH), "leave the old root")
    os.chdir("/tmp")


def _place(path: Path, inside: Path) -> None:
    """Something to mount over. Folders on the way are made anew, readable whatever the real ones say."""
    if path.is_dir():
        inside.mkdir(parents=True, exist_ok=True)
    else:
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.touch()


def _set_limits(limits: Limits) -> None:
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
    for capability in range(64):  # the kernel says EINVAL of those that it does not have
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 and ctypes.get_errno() != errno.EINVAL:
            _checked(-1, "drop a right")
    if os.getuid() == 0:
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
    found = [
        Offer(
            f"a system call filter for {platform.machine()}", seccomp.supported(), "grade on x86-64 or ARM64"
        )
    ]
    number = _tried()
    advice = ""
    if number:
        advice = f"the kernel says: {os.strerror(number)}. "
        if _forbids("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"):
            advice += "Ubuntu's AppArmor forbids it; type: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        elif _forbids("/proc/sys/user/max_user_namespaces", "0"):
            advice += "type: sudo sysctl user.max_user_namespaces=10000"
        elif _forbids("/proc/sys/kernel/unprivileged_userns_clone", "0"):
            advice += "type: sudo sysctl kernel.unprivileged_userns_clone=1"
        else:
            advice += (
                "in a container: start it with --security-opt seccomp=unconfined, or as a privileged one"
            )
    found.append(Offer("namespaces, mounts and a root of its own", not number, advice))
    return found


def require() -> None:
    """Raises
    ------
    NoSandbox
        If this machine cannot shut a process in.
    """
    missing = [offer for offer in offers() if not offer.there]
    if missing:
        raise NoSandbox("; ".join(f"there is no {offer.what}: {offer.advice}" for offer in missing))


def _forbids(file: str, value: str) -> bool:
    path = Path(file)
    return path.exists() and path.read_text().strip() == value


def _tried() -> int:
    """Shut a process in and see: 0, or the number of the error. In a new interpreter, as this one may have threads."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="convlab-") as folder:
        code = (
            f"import sys; sys.path[:] = {sys.path!r}\n"
            f"from convlab.grading import sandbox; sandbox.try_out({folder!r})"
        )
        done = subprocess.run([sys.executable, "-s", "-P", "-c", code], capture_output=True, check=False)
    return done.returncode


def try_out(folder: str) -> None:
    """What the new interpreter does: it ends with the number of the error, 0 if there was none."""
    try:
        user = enter_outer()
        child = os.fork()
        if child == 0:
            try:
                enter_inner(user, folder, Limits())
                os._exit(0)
            except OSError as error:
                os._exit(error.errno or 1)
        status = os.waitpid(child, 0)[1]
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    except OSError as error:
        os._exit(error.errno or 1)
