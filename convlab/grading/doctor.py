"""`convlab doctor`: whether this machine can grade, what is missing, and what to type.

Judges what `machine` has found and says it; tries nothing out itself.
"""

from __future__ import annotations

import os
import re
import shlex
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from convlab.grading.limits import MEBI, Limits
from convlab.grading.machine import Machine, look

__all__ = ["Finding", "doctor", "examine"]

GOOD, ADVICE, MISSING = "good", "advice", "missing"

# Since then the kernel counts processes in each user namespace, and can make a whole tree of mounts read-only.
_OLDEST_KERNEL = (5, 14)
_OF_A_WARM_PROCESS = 400 * MEBI
_ENOUGH_FREE = 1024 * MEBI
_GIBI = 1024 * MEBI
_WIDTH = 110

_APPARMOR = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
_CLONE = "/proc/sys/kernel/unprivileged_userns_clone"
_MOST = "/proc/sys/user/max_user_namespaces"


@dataclass(frozen=True)
class Finding:
    """One thing that grading needs or is the better for.

    Parameters
    ----------
    verdict : "good", "advice" (grading works without) or "missing" (it does not)
    what : its name
    says : what was found, in a few words
    type : what to type, line by line
    """

    verdict: str
    what: str
    says: str
    type: tuple[str, ...] = ()


def doctor(say: Callable[[str], object] = print) -> int:
    """Say what this machine offers for grading; 0 if grading can work here, 1 if not."""
    say("Trying out what grading needs; this takes a few seconds.\n")
    findings = list(examine(look()))
    for finding in findings:
        for line in _lines(finding):
            say(line)
    say("")
    say(_sentence(findings))
    return 1 if any(finding.verdict == MISSING for finding in findings) else 0


def _lines(finding: Finding) -> Iterator[str]:
    head = f"{finding.verdict:<9}{finding.what:<13}"
    indent = " " * len(head)
    yield from textwrap.wrap(
        head + finding.says, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    for line in finding.type:
        yield f"{indent}  {line}".rstrip()


def _sentence(findings: list[Finding]) -> str:
    missing = list(dict.fromkeys(finding.what for finding in findings if finding.verdict == MISSING))
    if missing:
        names = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        return f"Submissions cannot be graded here yet: first see to: {names}."
    if any(finding.verdict == ADVICE for finding in findings):
        return "Submissions can be graded here. What is marked advice would make it better."
    return "Submissions can be graded here."


def examine(machine: Machine) -> Iterator[Finding]:
    """What there is to say of a machine, the most important first."""
    if machine.system == "Linux":
        yield from _of_linux(machine)
        yield from _of_the_sandbox(machine)
    else:
        yield _elsewhere(machine)
    yield from _of_python(machine)
    if machine.system == "Linux":
        yield _of_memory(machine)
    yield _of_temporary_files(machine)
    yield from _of_the_course(machine)


def _elsewhere(machine: Machine) -> Finding:
    where = {
        "Windows": ("this is Windows; the sandbox is Linux's. Grade in WSL", ("wsl --install",)),
        "Darwin": (
            "this is macOS; the sandbox is Linux's. Grade in a Linux virtual machine or container",
            (),
        ),
    }
    says, typed = where.get(machine.system, (f"this is {machine.system}; the sandbox is Linux's", ()))
    return Finding(MISSING, "Linux", says + ". Building, checking and the demo work here, too.", typed)


def _of_linux(machine: Machine) -> Iterator[Finding]:
    who = "as root" if machine.root else "as an ordinary user"
    inside = f", in {machine.container}" if machine.container else ""
    says = f"kernel {machine.kernel} on {machine.architecture}, {who}{inside}"
    numbers = tuple(map(int, re.findall(r"\d+", machine.kernel)[:2]))
    if numbers < _OLDEST_KERNEL:
        yield Finding(MISSING, "Linux", f"{says}; the sandbox needs kernel 5.14 or newer: upgrade the system")
    else:
        yield Finding(GOOD, "Linux", says)
    if not machine.filter:
        says = f"there is none for {machine.architecture}: grade on x86_64 or aarch64"
        yield Finding(MISSING, "call filter", says)


def _of_the_sandbox(machine: Machine) -> Iterator[Finding]:
    if machine.sandbox:
        yield _refused(machine)
    elif machine.filter:
        means = "namespaces, a root of its own, limits and a call filter"
        yield Finding(GOOD, "sandbox", f"tried out: a process was shut in, with {means}")
    if machine.landlock:
        yield Finding(GOOD, "Landlock", f"version {machine.landlock}, one more layer of the sandbox")
    else:
        says = "this kernel has none; the sandbox is whole without, Linux 5.13 and newer may add this layer"
        yield Finding(ADVICE, "Landlock", says)
    if not machine.unwalled:
        says = f"version {machine.bubblewrap}; the warm process that runs submissions is itself shut in by it"
        yield Finding(GOOD, "bubblewrap", says)
    elif not machine.bubblewrap:
        says = "not installed; it is one more wall around the sandbox, which is whole without"
        yield Finding(ADVICE, "bubblewrap", says, (_install(machine),))
    else:
        says = f"version {machine.bubblewrap} cannot be used here: {_plain(machine.unwalled)}"
        yield Finding(
            ADVICE, "bubblewrap", says + ("" if machine.sandbox else "; the sandbox is whole without")
        )


def _install(machine: Machine) -> str:
    words = machine.distribution.split()
    for names, command in {
        ("debian", "ubuntu"): "apt install",
        ("fedora", "rhel", "centos"): "dnf install",
        ("arch",): "pacman -S",
        ("suse", "opensuse"): "zypper install",
        ("alpine",): "apk add",
    }.items():
        if any(name in words for name in names):
            return f"{'' if machine.root else 'sudo '}{command} bubblewrap"
    return "install your distribution's package bubblewrap"


def _refused(machine: Machine) -> Finding:
    says = f"none could be made: {_plain(machine.sandbox)}"
    sudo = "" if machine.root else "sudo "

    def switched(file: str, value: str) -> bool:
        return machine.switches.get(file) == value

    def advice(why: str, *typed: str) -> Finding:
        return Finding(MISSING, "sandbox", f"{says}. {why}", typed)

    if unreadable := re.search(r"Permission denied: '(/[^']*)'", machine.sandbox):
        folder = shlex.quote(os.path.dirname(unreadable[1]))
        return advice(
            "Root runs submissions as nobody, who must be able to read it:", f"chmod -R go+rX {folder}"
        )
    if not machine.root and switched(_APPARMOR, "1"):
        program = "/usr/bin/bwrap" if machine.bubblewrap else machine.executable
        name = "bwrap" if machine.bubblewrap else "convlab"
        profile = f"profile {name} {program} flags=(unconfined) {{ userns, }}"
        return advice(
            "Ubuntu's AppArmor keeps ordinary users from making namespaces. For all programs, until the next start, "
            "type the first line; to allow it for good and to this program alone, what stands below it:",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
            "",
            f"printf '%s\\n' 'abi <abi/4.0>,' 'include <tunables/global>' '{profile}' |",
            f"  sudo tee /etc/apparmor.d/{name}",
            f"sudo apparmor_parser -r /etc/apparmor.d/{name}",
        )
    if switched(_MOST, "0"):
        return advice(
            "User namespaces are switched off. To allow them, until the next start:",
            f"{sudo}sysctl -w user.max_user_namespaces=10000",
        )
    if not machine.root and switched(_CLONE, "0"):
        return advice(
            "User namespaces are kept from ordinary users. To allow them, until the next start:",
            "sudo sysctl -w kernel.unprivileged_userns_clone=1",
        )
    if machine.container in ("Docker", "Podman", "LXC"):
        tool = "podman" if machine.container == "Podman" else "docker"
        return advice(
            "A container may not make sandboxes unless it was started so:",
            f"{tool} run --privileged …",
            "",
            "or, with less:",
            f"{tool} run --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined …",
        )
    if machine.container == "Kubernetes":
        return advice("A pod may not make sandboxes unless its securityContext says so:", "privileged: true")
    return advice(
        "Ask whoever looks after this machine to allow user namespaces, or grade in a virtual machine."
    )


def _plain(error: str) -> str:
    """Without Python's number and the program's name."""
    return re.sub(r"^(\[Errno \d+\] |bwrap: )", "", error)


def _of_python(machine: Machine) -> Iterator[Finding]:
    there = [f"{name} {version}" for name, version in machine.packages.items() if version]
    absent = [name for name, version in machine.packages.items() if not version]
    says = f"{machine.python}, with {', '.join(there)}" if there else machine.python
    yield Finding(GOOD, "Python", says)
    if absent:
        outside = "" if machine.environment else ", in an environment of convlab's own"
        says = f"there is no {' and no '.join(absent)}. In the folder of the project{outside}:"
        yield Finding(MISSING, "packages", says, ("pip install -e '.[grading]'",))
    if machine.trial:
        yield Finding(MISSING, "trial", f"a cell could not be run: {_plain(machine.trial)}")
    elif machine.system == "Linux" and not machine.sandbox and machine.filter and not absent:
        yield Finding(GOOD, "trial", "a cell that uses NumPy and torch was run in the sandbox")


def _of_memory(machine: Machine) -> Finding:
    limits = Limits()
    each = _OF_A_WARM_PROCESS + limits.more_memory
    jobs, cores = machine.cores, f"{machine.cores} core{'s' if machine.cores > 1 else ''}"
    says = f"{machine.memory / _GIBI:.1f} GiB free for {cores}"
    if not machine.memory:
        return Finding(ADVICE, "memory", f"it is not known how much is free, for {cores}")
    if machine.memory >= jobs * each:
        return Finding(GOOD, "memory", f"{says}; a submission may take {limits.more_memory / _GIBI:g} GiB")
    fit = machine.memory // each
    if fit:
        says += f"; if every submission took all that it may, {fit} at a time would fit:"
        return Finding(ADVICE, "memory", says, (f"convlab grade ASSIGNMENT --jobs {fit}",))
    says += f"; a submission may take {limits.more_memory / _GIBI:g} GiB. Allow less:"
    return Finding(ADVICE, "memory", says, ("convlab grade ASSIGNMENT --jobs 1 --limits more_memory=1GiB",))


def _of_temporary_files(machine: Machine) -> Finding:
    if not machine.temporary or machine.free < 0:
        where = machine.temporary or "any of the usual folders"
        says = f"nothing can be written to {where}; name another folder:"
        return Finding(MISSING, "temporary", says, ("export TMPDIR=/a/folder/with/space",))
    says = f"{machine.free / _GIBI:.1f} GiB free in {machine.temporary}"
    if machine.free < _ENOUGH_FREE:
        says += "; a large class may need more. Another folder:"
        return Finding(ADVICE, "temporary", says, ("export TMPDIR=/a/folder/with/space",))
    return Finding(GOOD, "temporary", says)


def _of_the_course(machine: Machine) -> Iterator[Finding]:
    if not machine.course:
        says = "there is no course in this folder or above it; call convlab doctor there to see its gradebook"
        yield Finding(ADVICE, "gradebook", says)
        return
    if machine.readable:
        says = f"students' code could read {machine.course}, as it lies among programs: move it elsewhere"
        yield Finding(MISSING, "course", says)
    if machine.unreached:
        says = f"{machine.gradebook}: {machine.unreached}" if machine.gradebook else machine.unreached
        yield Finding(MISSING, "gradebook", says)
    else:
        yield Finding(GOOD, "gradebook", f"{machine.gradebook}, of the course in {machine.course}")
