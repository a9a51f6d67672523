"""The warm process runs inside bubblewrap where that can be used, and is told apart from where it cannot."""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

from convlab.grading import Limits, bubblewrap, sandbox
from convlab.grading.house import Warm

ROOT = Path(__file__).parents[2]

needs_bubblewrap = pytest.mark.skipif(
    not bubblewrap.version() and os.environ.get("CONVLAB_NEEDS_BUBBLEWRAP") != "1",
    reason="bubblewrap is not installed",
)


@pytest.fixture(autouse=True)
def ask_anew():
    yield
    bubblewrap.version.cache_clear()
    bubblewrap.refusal.cache_clear()


@pytest.fixture(scope="module")
def walled():
    process = Warm()
    yield process
    process.close()


def children(process):
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def innermost(process):
    while found := children(process):
        process = int(found[0])
    return process


def run(process, *cells, limits=None):
    """What the cells print, and how the sandbox ended."""
    begun = process.start(limits or Limits())
    begun.pipe.send([("cell", index, cell) for index, cell in enumerate(cells)])
    printed = []
    try:
        while (message := begun.pipe.receive(60))[0] != "end":
            if message[0] == "done":
                printed += [out.get("text", out.get("evalue")) for out in message[2]]
    except OSError as error:
        printed.append(str(error))
    except Exception as error:
        printed.append(type(error).__name__)
    return printed, begun.end()


@needs_bubblewrap
def test_where_it_is_installed_it_is_used(walled):
    assert walled.unwalled == ""
    assert Path(f"/proc/{walled._process.pid}/comm").read_text().strip() == "bwrap"


@needs_bubblewrap
def test_the_warm_process_has_namespaces_of_its_own(walled):
    warm = innermost(walled._process.pid)
    for kind in ("mnt", "pid", "net", "ipc", "uts"):
        assert os.readlink(f"/proc/{warm}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"), kind


@needs_bubblewrap
def test_the_warm_process_sees_no_more_than_its_sandboxes(walled):
    seen = Path(f"/proc/{innermost(walled._process.pid)}/root")
    beside = {"convlab", Path(sys.prefix).name}
    assert set(os.listdir(f"{seen}{ROOT}")) <= beside
    assert os.listdir(f"{seen}/run") == ["convlab"]
    assert not os.path.exists(f"{seen}/var")
    status = os.statvfs(f"{seen}{ROOT}/convlab")
    assert status.f_flag & os.ST_RDONLY
    assert os.statvfs(seen).f_flag & os.ST_RDONLY


@needs_bubblewrap
def test_the_warm_process_keeps_only_the_rights_that_it_needs(walled):
    lines = Path(f"/proc/{innermost(walled._process.pid)}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines)
    held = int(status["CapEff"], 16)
    # In the order of the kernel: DAC_READ_SEARCH, KILL, SETGID, SETUID, SETPCAP, SYS_ADMIN, SYS_NICE.
    needed = sum(1 << number for number in (2, 5, 6, 7, 8, 21, 23))
    assert held == (needed if os.getuid() == 0 else 0)
    assert status["NoNewPrivs"] == "1"


@needs_bubblewrap
def test_its_environment_is_what_it_was_given(walled):
    raw = Path(f"/proc/{innermost(walled._process.pid)}/environ").read_bytes()
    names = {entry.partition(b"=")[0].decode() for entry in raw.split(b"\0") if entry}
    assert names <= {
        *("HOME", "IPYTHONDIR", "LANG", "MKL_NUM_THREADS", "MPLBACKEND", "MPLCONFIGDIR", "OMP_NUM_THREADS"),
        *("OPENBLAS_NUM_THREADS", "PATH", "PYTHONHASHSEED", "PWD"),
    }


@needs_bubblewrap
def test_cells_run_in_a_sandbox_inside_the_wall(walled):
    printed, _ = run(
        walled,
        "import os, numpy as np; print(os.getpid(), os.getuid() == 0)",
        "print(np.arange(3).sum(), os.path.exists('/proc'), os.path.exists('/run'))",
    )
    assert printed == ["1 False\n", "3 False False\n"]


@needs_bubblewrap
def test_the_guardian_sees_from_inside_the_wall_how_much_memory_is_used(walled):
    hog = (
        "import os\nfor _ in range(3): os.fork()\nheld = bytearray(os.urandom(2**20) * 64)\nwhile True: pass"
    )
    assert run(walled, hog, limits=Limits(more_memory=300 * 2**20))[1] == "memory"


@needs_bubblewrap
def test_two_sandboxes_inside_the_wall_are_strangers(walled):
    other = walled.start(Limits())
    other.pipe.send([("cell", 0, "import time; print('here', flush=True); time.sleep(30)")])
    assert other.pipe.receive(30) == ("cell", 0)
    look = (
        "import os, signal\n"
        "def alive(one):\n"
        "    try: os.kill(one, 0)\n"
        "    except OSError: return False\n"
        "    return True\n"
        "print([one for one in range(1, 5000) if one != os.getpid() and alive(one)])"
    )
    try:
        assert run(walled, look)[0] == ["[]\n"]
    finally:
        other.end()


@needs_bubblewrap
def test_it_stays_when_the_thread_that_began_it_ends():
    begun = []
    thread = threading.Thread(target=lambda: begun.append(Warm()))
    thread.start()
    thread.join()
    (process,) = begun
    try:
        assert process.unwalled == ""
        assert run(process, "print(1)")[0] == ["1\n"]
    finally:
        process.close()


@needs_bubblewrap
def test_nothing_is_left_when_it_is_closed():
    process = Warm()
    endless = process.start(Limits())
    endless.pipe.send([("cell", 0, "while True: pass")])
    assert endless.pipe.receive(30) == ("cell", 0)
    begun = [process._process.pid, innermost(process._process.pid)]
    process.close()
    endless.end()
    ends = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{one}") for one in begun) and time.monotonic() < ends:
        time.sleep(0.02)
    assert [one for one in begun if os.path.exists(f"/proc/{one}")] == []


@needs_bubblewrap
def test_an_ordinary_users_sandboxes_nest_in_it():
    """In a Python of the system's, as this one may lie in root's home folder."""
    user = {} if os.getuid() else {"user": 65534, "group": 65534, "extra_groups": []}
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom convlab.grading import bubblewrap as wall"
    for python in (sys.executable, "/usr/bin/python3"):
        command = [python, "-s", "-P", "-B", "-c", f"{code}\nprint([wall.refusal()])"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **user)
        except OSError:
            continue
        if done.returncode == 0:
            break
    else:
        pytest.skip("there is no Python here that an ordinary user may run")
    assert done.stdout == "['']\n"


def test_without_it_the_sandbox_is_whole_and_says_why_it_has_no_wall(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    bubblewrap.version.cache_clear()
    bubblewrap.refusal.cache_clear()
    process = Warm()
    try:
        assert process.unwalled == "it is not installed"
        look = "import os; print(os.getpid(), os.path.exists('/proc'), os.path.exists('/var'))"
        assert run(process, look)[0] == ["1 False False\n"]
    finally:
        process.close()


@pytest.mark.parametrize(
    ("version", "tried", "said"),
    [
        ("", "", "it is not installed"),
        ("0.4.1", "", "0.4.1 is older than 0.5"),
        ("0.11.0", "", ""),
        ("0.8.0", "bwrap: setting up uid map: Permission denied", "setting up uid map: Permission denied"),
        ("0.8.0", "[Errno 1] mount /tmp: Operation not permitted", "mount /tmp: Operation not permitted"),
    ],
)
def test_why_it_cannot_be_used(monkeypatch, version, tried, said):
    monkeypatch.setattr(bubblewrap, "version", lambda: version)
    monkeypatch.setattr(sandbox, "tried", lambda *args: tried)
    found = bubblewrap.refusal.__wrapped__()
    assert said in found
    assert bool(found) == bool(said)


def test_an_ordinary_user_gets_a_user_namespace_and_root_keeps_the_ids(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert "--unshare-user" in bubblewrap.arguments({})
    assert "--cap-add" not in bubblewrap.arguments({})
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert "--unshare-user" not in bubblewrap.arguments({})
