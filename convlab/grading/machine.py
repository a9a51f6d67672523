"""What this machine has of what grading needs: looked up and tried out, not judged.

`doctor` judges it. Every fact is a plain value, so that any machine can be written down.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from convlab.grading import bubblewrap, landlock, sandbox, seccomp
from convlab.grading.visible import shows

__all__ = ["PACKAGES", "Machine", "look"]

PACKAGES = ("numpy", "torch", "matplotlib", "ipython", "nbgrader")
_SWITCHES = (
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/user/max_user_namespaces",
)
_SECONDS_TO_REACH = 3.0


@dataclass(frozen=True)
class Machine:
    """One machine, as far as grading is concerned.

    Parameters
    ----------
    system, kernel, architecture : "Linux", "6.8.0-45-generic", "x86_64"; "Darwin" is macOS
    distribution : the `ID` and `ID_LIKE` of /etc/os-release
    root : whether it would be graded as root
    container : what kind of container this is, empty if none
    filter : whether there is a system call filter for this architecture
    landlock : the version of Landlock, 0 if the kernel has none
    sandbox : why no sandbox can be made, empty if one was made
    bubblewrap, unwalled : its version, empty if it is not installed, and why it cannot be used, empty if it can
    trial : why a notebook's cell could not be run, empty if one was run
    switches : file below /proc/sys -> what stands in it
    cores, memory : of the machine or the container; bytes
    temporary, free : the folder for temporary files, and the bytes free in it, -1 if nothing can be written there
    python, executable : its version, and the real file
    environment : whether it is a virtual environment
    packages : name -> version, empty if it is missing
    course : the folder of the course that was found, empty if none
    readable : whether a student's code could read that folder
    gradebook, unreached : the kind of its database, and why it cannot be used, empty if it can
    """

    system: str
    kernel: str = ""
    architecture: str = ""
    distribution: str = ""
    root: bool = False
    container: str = ""
    filter: bool = True
    landlock: int = 0
    sandbox: str = ""
    bubblewrap: str = ""
    unwalled: str = ""
    trial: str = ""
    switches: Mapping[str, str] = field(default_factory=dict)
    cores: int = 1
    memory: int = 0
    temporary: str = ""
    free: int = 0
    python: str = ""
    executable: str = ""
    environment: bool = True
    packages: Mapping[str, str] = field(default_factory=dict)
    course: str = ""
    readable: bool = False
    gradebook: str = ""
    unreached: str = ""


def look() -> Machine:
    """This machine. Takes a few seconds: sandboxes are made, and a cell is run in one."""
    packages = {name: _version(name) for name in PACKAGES}
    system = platform.system()
    linux = system == "Linux"
    course, gradebook, unreached = _gradebook() if packages["nbgrader"] else ("", "", "")
    unwalled = bubblewrap.refusal()
    # A sandbox inside bubblewrap is one, too, and may be the only one that is allowed.
    shut_in = not linux or not seccomp.supported() or not unwalled
    refused = "" if shut_in else sandbox.tried()
    ready = linux and seccomp.supported() and not refused and all(packages.values())
    return Machine(
        system=system,
        kernel=platform.release(),
        architecture=platform.machine(),
        distribution=_distribution(),
        root=hasattr(os, "getuid") and os.getuid() == 0,
        container=_container(),
        filter=seccomp.supported(),
        landlock=_landlock() if linux else 0,
        sandbox=refused,
        bubblewrap=bubblewrap.version() if linux else "",
        unwalled=unwalled,
        trial=_trial() if ready else "",
        switches={file: text for file in _SWITCHES if (text := _text(file))},
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory=_memory(),
        temporary=_temporary(),
        free=_free(),
        python=platform.python_version(),
        executable=os.path.realpath(sys.executable),
        environment=sys.prefix != sys.base_prefix,
        packages=packages,
        course=course,
        readable=bool(course) and shows(Path(course)),
        gradebook=gradebook,
        unreached=unreached,
    )


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _distribution() -> str:
    try:
        known = platform.freedesktop_os_release()
    except OSError:
        return ""
    return f"{known.get('ID', '')} {known.get('ID_LIKE', '')}".strip()


def _container() -> str:
    if "microsoft" in platform.release().lower():
        return "WSL"
    if Path("/run/.containerenv").exists():
        return "Podman"
    if Path("/.dockerenv").exists():
        return "Docker"
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return "Kubernetes"
    first = _text("/proc/1/cgroup")
    return next((name for name, word in _OF_CONTAINERS.items() if word in first), "")


_OF_CONTAINERS = {"Kubernetes": "kubepods", "Docker": "docker", "LXC": "lxc"}


def _landlock() -> int:
    try:
        return landlock.version()
    except OSError:
        return 0


def _memory() -> int:
    """What is available now, or what is left to the container, if that is less."""
    amounts = []
    for line in _text("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            amounts.append(int(line.split()[1]) * 1024)
    most = _text("/sys/fs/cgroup/memory.max") or _text("/sys/fs/cgroup/memory/memory.limit_in_bytes")
    if most.isdigit():
        amounts.append(int(most))
    return min(amounts, default=0)


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:
        return ""


def _free() -> int:
    try:
        with tempfile.NamedTemporaryFile(prefix="convlab-") as file:
            return shutil.disk_usage(os.path.dirname(file.name)).free
    except OSError:
        return -1


def _trial() -> str:
    """Run one cell as a submission's would be."""
    from convlab.grading.house import Warm
    from convlab.grading.limits import Limits

    cell = "import numpy as np, torch; print(int(np.arange(3).sum() + torch.ones(1).sum()))"
    try:
        with contextlib.closing(Warm()) as warm:
            run = warm.start(Limits())
            try:
                run.pipe.send([("cell", 0, cell)])
                while (message := run.pipe.receive(30))[0] != "done":
                    pass
            finally:
                how = run.end()
    except Exception as error:
        return str(error).strip() or type(error).__name__
    shown = message[2][0] if message[2] else {}
    return "" if shown.get("text") == "4\n" else str(shown.get("evalue") or shown.get("text") or how)


def _gradebook() -> tuple[str, str, str]:
    """The course's folder, its database's kind, and why that cannot be used. Its address may hold a password."""
    from convlab.grading.course import CONFIG, Course, CourseError

    here = Path.cwd()
    folders = (one for folder in (here, *here.parents) for one in (folder, folder / "course"))
    root = next((one for one in folders if (one / CONFIG).is_file()), None)
    if root is None:
        return "", "", ""
    try:
        address = Course(root).db_url
    except (CourseError, ImportError) as error:
        return str(root), "", str(error)
    kind = address.partition(":")[0].partition("+")[0]
    if kind == "sqlite":
        file = Path(address.removeprefix("sqlite:///")).absolute()
        writable = os.access(file if file.exists() else file.parent, os.W_OK) and os.access(
            file.parent, os.W_OK
        )
        return str(root), "SQLite", "" if writable else f"nothing can be written to {file.parent}"
    return str(root), _KINDS.get(kind, kind), _unreached(address, kind)


_KINDS = {"postgresql": "PostgreSQL", "postgres": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}
_PORTS = {"postgresql": 5432, "postgres": 5432, "mysql": 3306, "mariadb": 3306}


def _unreached(address: str, kind: str) -> str:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "localhost", parts.port or _PORTS.get(kind, 0)
        if not port:
            return ""
        socket.create_connection((host, port), _SECONDS_TO_REACH).close()
    except ValueError:
        return "its address cannot be read"
    except OSError as error:
        return f"its server does not answer ({error})"
    return ""
