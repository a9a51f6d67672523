"""Landlock, one more wall: what the kernel itself lets this process do with files and towards other processes.

It repeats what the namespaces already ensure, by other code of the kernel: a hole in one is not a hole in both.
Kernels before 5.13, and those built without it, have none; then nothing is done.

Source: the kernel's documentation, userspace-api/landlock.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import struct
from collections.abc import Iterable

__all__ = ["restrict", "version"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_QUERY_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_READ = _EXECUTE | _READ_FILE | _READ_DIR
# Version of Landlock -> how many kinds of access to files it knows.
_KINDS_OF_ACCESS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_TCP = 3  # to bind and to connect, since version 4
_SCOPES = 3  # abstract Unix sockets and signals, since version 6


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result: int = libc.syscall(number, *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"Landlock: {os.strerror(error)}")
    return result


@functools.lru_cache(maxsize=1)
def version() -> int:
    """The version of this kernel's Landlock, 0 if it has none.

    Raises
    ------
    OSError
        If something forbids to ask.
    """
    try:
        return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), _QUERY_VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP):
            return 0
        raise


def restrict(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str]) -> bool:
    """Take from this process, and from all that come of it, every access but this.

    Parameters
    ----------
    readable : folders whose files may be read and run
    writable : folders in which anything but devices may be made
    devices : files that may be read and written

    Returns
    -------
    whether this kernel has Landlock

    Raises
    ------
    OSError
        If the kernel refuses. The process must have given up gaining rights before.
    """
    known = version()
    if not known:
        return False
    everything = (1 << _KINDS_OF_ACCESS[min(known, max(_KINDS_OF_ACCESS))]) - 1
    wanted = [everything, _TCP, _SCOPES][: 1 + (known >= 4) + (known >= 6)]
    attributes = ctypes.create_string_buffer(struct.pack(f"<{len(wanted)}Q", *wanted), 8 * len(wanted))
    ruleset = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    try:
        for paths, access in (
            (readable, _READ),
            (writable, everything & ~(_MAKE_CHAR | _MAKE_BLOCK)),
            (devices, everything & (_READ_FILE | _WRITE_FILE | _TRUNCATE)),
        ):
            for path in paths:
                _allow(ruleset, path, access)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return True


def _allow(ruleset: int, path: str, access: int) -> None:
    beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("<Qi", access, beneath), 0)
    finally:
        os.close(beneath)
