"""What of this machine's files a student's code may read: the system's programs, this Python, its packages, convlab.

Of each folder only the parts that hold programs and libraries, as other things may lie beside them: a course in the
folder of a virtual environment, nbgrader's exchange in /usr/local/share, a home folder around a conda.

Knows nothing of namespaces: `sandbox` and `bubblewrap` show what is listed here, each in its own way.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Visible", "shows", "visible"]

_SYSTEM = (
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64"),
    *("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/share"),
    *("/usr/local/bin", "/usr/local/lib", "/usr/local/lib64"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/mime.types", "/etc/alternatives"),
    *("/nix/store", "/gnu/store"),
)
_OF_A_PYTHON = ("bin", "lib", "lib64", "share/zoneinfo", "etc/fonts", "pyvenv.cfg")
_PACKAGES = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Visible:
    """A file or folder, or a symbolic link.

    Parameters
    ----------
    path : where it is seen
    source : where it really is; empty for a link
    target : what the link says; empty for anything else
    """

    path: str
    source: str = ""
    target: str = ""


@functools.lru_cache(maxsize=1)
def visible() -> tuple[Visible, ...]:
    """All of it, outer folders before what lies in them."""
    found: dict[str, Visible] = {}
    waiting = list(_candidates())
    while waiting:
        path = Path(os.path.normpath(waiting.pop()))
        if str(path) in found or not os.path.exists(path):
            continue
        if path.is_symlink():
            target = os.readlink(path)
            found[str(path)] = Visible(str(path), target=target)
            waiting.append(path.parent / target)
        else:
            source = path.resolve()
            found[str(path)] = Visible(str(path), source=str(source))
            waiting.append(source)
    shown: list[Visible] = []
    for path in sorted(map(Path, found), key=lambda path: (len(path.parts), path)):
        if not any(path.is_relative_to(outer.path) for outer in shown):
            shown.append(found[str(path)])
    return tuple(shown)


def _candidates() -> Iterator[Path]:
    yield from map(Path, _SYSTEM)
    for prefix in (sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix):
        yield from (Path(prefix, part) for part in _OF_A_PYTHON)
    yield from (Path(entry) for entry in sys.path if Path(entry).name in _PACKAGES)
    yield Path(os.path.abspath(__file__)).parents[1]
    yield Path(sys.executable)


def shows(path: Path) -> bool:
    """Whether a student's code could read this file or folder."""
    path = path.resolve()
    return any(one.source and path.is_relative_to(one.source) for one in visible())
