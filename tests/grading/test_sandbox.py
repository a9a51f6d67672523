"""The sandbox holds for root and for an ordinary user, and nothing outlives the grader."""

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

from convlab.grading import Limits, NoSandbox, house, sandbox
from convlab.grading.house import warm
from convlab.grading.wire import PipeClosed

SYSTEM_ONLY = [Path(path) for path in ("/usr", "/lib", "/lib64", "/bin") if Path(path).exists()]


def inside(folder, what, user=None):
    """Run `what()` in a sandbox of its own, begun by `user`; what it returns, as text."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # later Pythons warn of forks beside threads
        guardian = os.fork()
    if guardian == 0:
        try:
            os.close(reading)
            if user is not None and os.getuid() == 0:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            within = sandbox.enter_outer()
            first = os.fork()
            if first == 0:
                try:
                    sandbox.enter_inner(within, folder, Limits())
                    text = str(what())
                except BaseException as error:
                    text = f"{type(error).__name__}: {error}"
                os.write(writing, text.encode())
                os._exit(0)
            os.waitpid(first, 0)
        except BaseException as error:
            os.write(writing, f"outside: {type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as file:
        text = file.read()
    os.waitpid(guardian, 0)
    return text


def look_around():
    tries = {}
    for name, attempt in {
        "write": lambda: Path("/usr/x").write_text("x"),
        "root": lambda: os.mkdir("/x"),
        "remount": lambda: os.system("mount -o remount,rw /usr 2>/dev/null") == 0 or 1 / 0,
        "become root": lambda: os.setuid(0),
        "internet": lambda: __import__("socket").socket(),
    }.items():
        try:
            attempt()
            tries[name] = "done"
        except (OSError, ZeroDivisionError):
            tries[name] = "refused"
    open("/tmp/mine", "w").close()
    seen = sorted(set(os.listdir("/")) - {"lib32", "sbin"})
    return os.getpid(), os.getuid() != 0, os.listdir("/tmp"), seen, sorted(set(tries.values()))


@pytest.mark.parametrize("user", [None, 65534], ids=["as whoever runs the tests", "as an ordinary user"])
def test_a_process_inside_sees_little_and_can_change_nothing(tmp_path, monkeypatch, user):
    monkeypatch.setattr(sandbox, "visible_paths", lambda: iter(SYSTEM_ONLY))
    folder = tmp_path / "root"
    folder.mkdir()
    for path in (*tmp_path.parents, tmp_path, folder):
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o755)
    seen = sorted({"dev", "etc", "tmp", *(path.name for path in SYSTEM_ONLY)})
    assert inside(str(folder), look_around, user) == str((1, True, ["mine"], seen, ["refused"]))
    assert list(folder.iterdir()) == []


def test_limits_hold_inside(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "visible_paths", lambda: iter(SYSTEM_ONLY))

    def fill_memory():
        try:
            bytearray(Limits().memory)
        except MemoryError:
            return "refused"
        return "done"

    assert inside(str(tmp_path), fill_memory) == "refused"


def test_this_machine_offers_a_sandbox():
    assert all(offer.there for offer in sandbox.offers())
    sandbox.require()


def test_without_a_sandbox_nothing_is_run(monkeypatch):
    monkeypatch.setattr(sandbox, "_tried", lambda: 1)
    (missing,) = [offer for offer in sandbox.offers() if not offer.there]
    assert "Operation not permitted" in missing.advice
    with pytest.raises(NoSandbox, match="no namespaces"):
        house.Warm()


def test_elsewhere_than_on_linux_it_says_where_to_go(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(NoSandbox, match="container or virtual machine"):
        sandbox.require()


def test_a_kernel_that_refuses_later_is_told_and_nothing_is_run(monkeypatch):
    """The sandbox is entered anew for each submission, and each time it must be whole."""
    process = warm()
    monkeypatch.setattr(process, "_root", "/nowhere/at/all")
    run = process.start(Limits())
    with pytest.raises(PipeClosed):
        run.pipe.receive(10)
    assert run.end().startswith("no sandbox")


ENDLESS = """
import sys
sys.path[:] = {path!r}
from convlab.grading.house import warm
from convlab.grading import Limits
run = warm().start(Limits())
run.pipe.send([("cell", 0, "import os, time\\nfor i in range(3): os.fork()\\nwhile True: time.sleep(1)")])
print(run.pipe.receive(60), warm()._process.pid, flush=True)
import time; time.sleep(100)
"""


def test_nothing_outlives_a_grader_that_is_killed():
    grader = subprocess.Popen(
        [sys.executable, "-c", ENDLESS.format(path=sys.path)], stdout=subprocess.PIPE, text=True
    )
    assert grader.stdout is not None
    said = grader.stdout.readline()
    process = int(said.split()[-1])
    time.sleep(0.3)
    begun = descendants(process)
    assert len(begun) >= 9
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    grader.stdout.close()
    ends = time.monotonic() + 10
    while time.monotonic() < ends and any(alive(one) for one in begun):
        time.sleep(0.02)
    assert [one for one in begun if alive(one)] == []


def descendants(process):
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(one for child in children for one in descendants(int(child)))]


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
