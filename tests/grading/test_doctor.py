"""The doctor says of each machine what is missing and what to type, and ends with one sentence."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from convlab.grading import doctor as doctors
from convlab.grading import machine as machines
from convlab.grading.doctor import doctor, examine
from convlab.grading.machine import PACKAGES, Machine

GIBI = 2**30
ROOT = Path(__file__).parents[2]

GOOD = Machine(
    system="Linux",
    kernel="6.8.0-45-generic",
    architecture="x86_64",
    distribution="ubuntu debian",
    landlock=4,
    bubblewrap="0.9.0",
    cores=2,
    memory=16 * GIBI,
    temporary="/tmp",
    free=50 * GIBI,
    python="3.12.3",
    executable="/usr/bin/python3.12",
    packages=dict.fromkeys(PACKAGES, "2.0"),
    course="/home/ada/course",
    gradebook="SQLite",
)
UNMAPPED = "bwrap: setting up uid map: Permission denied"
NO_ROOT = "[Errno 13] mount /tmp/x: Permission denied"
APPARMOR = {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}
UBUNTU = replace(GOOD, sandbox=NO_ROOT, unwalled=UNMAPPED, switches=APPARMOR)
DOCKER = replace(
    GOOD, root=True, container="Docker", sandbox="[Errno 1] new namespaces: Operation not permitted"
)

TABLE = {
    "a good machine": (GOOD, [], [], "Submissions can be graded here."),
    "ubuntu with bubblewrap": (
        UBUNTU,
        ["sandbox"],
        [
            "Ubuntu's AppArmor",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
            "profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }' | sudo tee /etc/apparmor.d/bwrap",
            "sudo apparmor_parser -r /etc/apparmor.d/bwrap",
            "version 0.9.0 cannot be used here: setting up uid map: Permission denied",
        ],
        "Submissions cannot be graded here yet: first see to: sandbox.",
    ),
    "ubuntu without bubblewrap": (
        replace(UBUNTU, bubblewrap="", unwalled="it is not installed"),
        ["sandbox"],
        ["profile convlab /usr/bin/python3.12 flags=(unconfined) { userns, }", "sudo apt install bubblewrap"],
        "Submissions cannot be graded here yet: first see to: sandbox.",
    ),
    "ubuntu where bubblewrap alone may": (
        replace(GOOD, switches=APPARMOR),
        [],
        ["tried out: a process was shut in"],
        "Submissions can be graded here.",
    ),
    "no user namespaces at all": (
        replace(
            GOOD, sandbox=NO_ROOT, unwalled=UNMAPPED, switches={"/proc/sys/user/max_user_namespaces": "0"}
        ),
        ["sandbox"],
        ["sudo sysctl -w user.max_user_namespaces=10000"],
        "Submissions cannot be graded here yet: first see to: sandbox.",
    ),
    "an older debian": (
        replace(
            GOOD,
            sandbox=NO_ROOT,
            unwalled=UNMAPPED,
            switches={"/proc/sys/kernel/unprivileged_userns_clone": "0"},
        ),
        ["sandbox"],
        ["sudo sysctl -w kernel.unprivileged_userns_clone=1"],
        "Submissions cannot be graded here yet: first see to: sandbox.",
    ),
    "docker": (
        replace(DOCKER, bubblewrap="", unwalled="it is not installed"),
        ["sandbox"],
        [
            "in Docker",
            "docker run --privileged",
            "--security-opt seccomp=unconfined",
            "  apt install bubblewrap",
        ],
        "Submissions cannot be graded here yet: first see to: sandbox.",
    ),
    "podman": (
        replace(DOCKER, container="Podman"),
        ["sandbox"],
        ["podman run --privileged"],
        "Submissions cannot be graded here yet: first see to: sandbox.",
    ),
    "a pod": (
        replace(DOCKER, container="Kubernetes"),
        ["sandbox"],
        ["privileged: true"],
        "Submissions cannot be graded here yet: first see to: sandbox.",
    ),
    "a locked machine": (
        replace(GOOD, sandbox=NO_ROOT),
        ["sandbox"],
        ["none could be made: mount /tmp/x: Permission denied", "whoever looks after this machine"],
        "Submissions cannot be graded here yet: first see to: sandbox.",
    ),
    "root with files of his own": (
        replace(GOOD, root=True, sandbox="[Errno 13] Permission denied: '/opt/a b/numpy/__init__.py'"),
        ["sandbox"],
        ["chmod -R go+rX '/opt/a b/numpy'"],
        "Submissions cannot be graded here yet: first see to: sandbox.",
    ),
    "an old kernel": (
        replace(GOOD, kernel="5.4.0-150", sandbox=NO_ROOT),
        ["Linux", "sandbox"],
        ["the sandbox needs kernel 5.14 or newer"],
        "Submissions cannot be graded here yet: first see to: Linux and sandbox.",
    ),
    "a kernel without landlock": (
        replace(GOOD, landlock=0),
        [],
        ["advice   Landlock", "the sandbox is whole without"],
        "Submissions can be graded here. What is marked advice would make it better.",
    ),
    "a fedora without bubblewrap": (
        replace(GOOD, distribution="fedora", bubblewrap="", unwalled="it is not installed"),
        [],
        ["advice   bubblewrap", "sudo dnf install bubblewrap"],
        "Submissions can be graded here. What is marked advice would make it better.",
    ),
    "another architecture": (
        replace(GOOD, architecture="riscv64", filter=False),
        ["call filter"],
        ["there is none for riscv64: grade on x86_64 or aarch64"],
        "Submissions cannot be graded here yet: first see to: call filter.",
    ),
    "wsl": (replace(GOOD, container="WSL"), [], ["in WSL"], "Submissions can be graded here."),
    "macos": (
        replace(GOOD, system="Darwin", landlock=0, bubblewrap="", unwalled="it is Linux's"),
        ["Linux"],
        ["this is macOS", "Linux virtual machine or container", "the demo work here"],
        "Submissions cannot be graded here yet: first see to: Linux.",
    ),
    "windows": (
        replace(GOOD, system="Windows", landlock=0, bubblewrap="", unwalled="it is Linux's"),
        ["Linux"],
        ["this is Windows", "wsl --install"],
        "Submissions cannot be graded here yet: first see to: Linux.",
    ),
    "no torch": (
        replace(GOOD, packages={**GOOD.packages, "torch": ""}),
        ["packages"],
        ["there is no torch", "pip install -e '.[grading]'"],
        "Submissions cannot be graded here yet: first see to: packages.",
    ),
    "no packages and no environment": (
        replace(GOOD, packages=dict.fromkeys(PACKAGES, ""), environment=False, course="", gradebook=""),
        ["packages"],
        [
            "there is no numpy and no torch",
            "an environment of convlab's own",
            "there is no course in this folder",
        ],
        "Submissions cannot be graded here yet: first see to: packages.",
    ),
    "a broken library": (
        replace(GOOD, trial="libgomp.so.1: cannot open shared object file"),
        ["trial"],
        ["a cell could not be run: libgomp.so.1"],
        "Submissions cannot be graded here yet: first see to: trial.",
    ),
    "little memory": (
        replace(GOOD, cores=8, memory=8 * GIBI),
        [],
        ["8.0 GiB free for 8 cores", "2 at a time would fit", "convlab grade ASSIGNMENT --jobs 2"],
        "Submissions can be graded here. What is marked advice would make it better.",
    ),
    "very little memory": (
        replace(GOOD, memory=2 * GIBI),
        [],
        ["2.0 GiB free for 2 cores", "--limits more_memory=1GiB"],
        "Submissions can be graded here. What is marked advice would make it better.",
    ),
    "no room": (
        replace(GOOD, free=GIBI // 10),
        [],
        ["0.1 GiB free in /tmp", "export TMPDIR="],
        "Submissions can be graded here. What is marked advice would make it better.",
    ),
    "nowhere to write": (
        replace(GOOD, free=-1),
        ["temporary"],
        ["nothing can be written to /tmp"],
        "Submissions cannot be graded here yet: first see to: temporary.",
    ),
    "a course among programs": (
        replace(GOOD, course="/usr/share/course", readable=True),
        ["course"],
        ["students' code could read /usr/share/course"],
        "Submissions cannot be graded here yet: first see to: course.",
    ),
    "a server that does not answer": (
        replace(GOOD, gradebook="PostgreSQL", unreached="its server does not answer (refused)"),
        ["gradebook"],
        ["PostgreSQL: its server does not answer (refused)"],
        "Submissions cannot be graded here yet: first see to: gradebook.",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_each_machine_is_told_what_it_lacks(monkeypatch, name):
    machine, missing, words, sentence = TABLE[name]
    monkeypatch.setattr(doctors, "look", lambda: machine)
    said = []
    assert doctor(said.append) == (1 if missing else 0)
    assert [one.what for one in examine(machine) if one.verdict == "missing"] == missing
    text = " ".join("\n".join(said).split())
    for word in words:
        assert " ".join(word.split()) in text
    assert said[-1] == sentence


@pytest.mark.parametrize("name", TABLE)
def test_what_is_said_stands_in_columns_and_fits_a_terminal(monkeypatch, name):
    monkeypatch.setattr(doctors, "look", lambda: TABLE[name][0])
    said = []
    doctor(said.append)
    for line in said[1:-2]:
        assert line[:9].strip() in ("good", "advice", "missing", ""), line
        assert line[:9].strip() == "" or (line[22] != " " and line[21] == " "), line
        assert len(line) <= doctors._WIDTH or not line.strip().startswith(("good", "advice", "missing"))


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
def test_this_machine_can_grade(monkeypatch):
    monkeypatch.chdir(ROOT)
    said = []
    assert doctor(said.append) == 0, "\n".join(said)
    assert any(line.startswith("good     trial") for line in said)


def test_where_there_is_no_linux_it_is_told_and_nothing_fails(tmp_path):
    """Windows has neither these modules nor a user's id."""
    code = (
        "import os, platform, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "for name in ('resource', 'fcntl', 'pwd', 'grp', 'termios'): sys.modules[name] = None\n"
        "del os.getuid, os.fork\n"
        "sys.platform = 'win32'\n"
        "platform.system = lambda: 'Windows'\n"
        "from convlab.grading.doctor import doctor\n"
        "raise SystemExit(doctor())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "wsl --install" in done.stdout, done.stderr
    assert done.stdout.endswith("Submissions cannot be graded here yet: first see to: Linux.\n")
    assert done.returncode == 1
    assert done.stderr == ""


CONFIG = "c = get_config()\nc.CourseDirectory.db_url = {!r}\n"


@pytest.mark.parametrize(
    ("address", "kind", "problem"),
    [
        (None, "SQLite", ""),
        ("sqlite:////nowhere/at/all/gradebook.db", "SQLite", "nothing can be written to /nowhere/at/all"),
        ("postgresql://ada:secret@127.0.0.1:9/convlab", "PostgreSQL", "its server does not answer"),
        ("postgresql+psycopg2://ada:secret@127.0.0.1:9/convlab", "PostgreSQL", "its server does not answer"),
        ("postgresql://ada:sec/ret@127.0.0.1/convlab", "PostgreSQL", "its address cannot be read"),
    ],
)
def test_the_gradebook_is_told_by_its_kind_and_never_by_its_address(
    tmp_path, monkeypatch, address, kind, problem
):
    (tmp_path / "nbgrader_config.py").write_text(CONFIG.format(address) if address else "c = get_config()\n")
    (tmp_path / "submitted").mkdir()
    monkeypatch.chdir(tmp_path / "submitted")
    root, found, unreached = machines._gradebook()
    assert (root, found) == (str(tmp_path), kind)
    assert unreached.startswith(problem)
    assert bool(unreached) == bool(problem)
    assert "sec" not in unreached


def test_a_config_that_fails_is_told(tmp_path, monkeypatch):
    (tmp_path / "nbgrader_config.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    root, kind, unreached = machines._gradebook()
    assert (root, kind) == (str(tmp_path), "")
    assert "ZeroDivisionError" in unreached


def test_a_containers_own_memory_limit_counts(monkeypatch):
    files = {
        "/proc/meminfo": "MemTotal: 9 kB\nMemAvailable: 8388608 kB",
        "/sys/fs/cgroup/memory.max": str(GIBI),
    }
    monkeypatch.setattr(machines, "_text", lambda file: files.get(file, ""))
    assert machines._memory() == GIBI
    files["/sys/fs/cgroup/memory.max"] = "max"
    assert machines._memory() == 8 * GIBI
