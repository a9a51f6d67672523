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

from convlab.grading import Limits, NoSandbox, house, landlock, sandbox
from convlab.grading.house import warm
from convlab.grading.visible import Visible
from convlab.grading.wire import PipeClosed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def system_only(monkeypatch):
    """An ordinary user cannot read where this Python lies, if that is root's home folder."""
    paths = [Path(path) for path in ("/usr", "/lib", "/lib64", "/bin") if Path(path).exists()]
    shown = tuple(
        Visible(str(path), target=os.readlink(path))
        if path.is_symlink()
        else Visible(str(path), source=str(path))
        for path in paths
    )
    monkeypatch.setattr(sandbox, "visible", lambda: shown)
    sandbox._plan.cache_clear()
    yield [path.name for path in paths]
    sandbox._plan.cache_clear()


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
def test_a_process_inside_sees_little_and_can_change_nothing(tmp_path, system_only, user):
    folder = tmp_path / "root"
    folder.mkdir()
    for path in (*tmp_path.parents, tmp_path, folder):
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o755)
    seen = sorted({"dev", "etc", "tmp", *system_only})
    assert inside(str(folder), look_around, user) == str((1, True, ["mine"], seen, ["refused"]))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("user", [None, 65534], ids=["as whoever runs the tests", "as an ordinary user"])
def test_all_but_tmp_is_read_only_and_has_no_devices_and_no_other_users_rights(tmp_path, system_only, user):
    def flags():
        known = {"read-only": os.ST_RDONLY, "no setuid": os.ST_NOSUID, "no devices": os.ST_NODEV}
        return {
            path: [name for name, flag in known.items() if os.statvfs(path).f_flag & flag]
            for path in ("/", "/usr", "/tmp")
        }

    folder = tmp_path / "root"
    folder.mkdir(mode=0o755)
    for path in (*tmp_path.parents, tmp_path):
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o755)
    every = ["read-only", "no setuid", "no devices"]
    assert inside(str(folder), flags, user) == str({"/": every, "/usr": every, "/tmp": every[1:]})


def test_landlock_is_one_of_its_layers(tmp_path, system_only):
    """The random number device answers everybody's question how much it has, but a Landlock of version 5 or later."""

    def ask():
        import fcntl

        with open("/dev/urandom", "rb") as device:
            return len(fcntl.ioctl(device, 0x80045200, b"1234"))

    answer = "PermissionError: [Errno 13] Permission denied" if landlock.version() >= 5 else "4"
    assert inside(str(tmp_path), ask) == answer


def test_limits_hold_inside(tmp_path, system_only):
    def fill_memory():
        try:
            bytearray(Limits().memory)
        except MemoryError:
            return "refused"
        return "done"

    assert inside(str(tmp_path), fill_memory) == "refused"


@pytest.mark.parametrize("user", [None, 65534], ids=["as whoever runs the tests", "as an ordinary user"])
def test_the_limit_on_processes_counts_only_the_sandboxs_own(tmp_path, system_only, user):
    def breed():
        begun = 0
        while begun < 200:
            try:
                if os.fork() == 0:
                    time.sleep(60)
                    os._exit(0)
            except BlockingIOError:
                break
            begun += 1
        return begun

    folder = tmp_path / "root"
    folder.mkdir(mode=0o777)
    for path in (*tmp_path.parents, tmp_path):
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o755)
    other = {"user": user} if user and os.getuid() == 0 else {}
    beside = [subprocess.Popen(["sleep", "60"], **other) for _ in range(Limits().processes)]
    try:
        begun = int(inside(str(folder), breed, user))
    finally:
        for one in beside:
            one.kill()
            one.wait()
    # The first process counts, and where it is an ordinary user's, its guardian.
    assert Limits().processes - sandbox._SPARE_PROCESSES - begun in (1, 2)


def test_nothing_of_the_course_and_of_the_home_folder_is_seen(tmp_path):
    def look():
        hidden = [ROOT / "course", ROOT / "tests", ROOT / "pyproject.toml", "/proc", "/var", "/srv", "/opt"]
        found = {str(path) for path in hidden if os.path.exists(path)}
        beside = set(os.listdir(ROOT)) - {"convlab", Path(sys.prefix).name}
        home = set(os.listdir(Path.home())) if Path.home().is_dir() else set()
        files = {name for name in home if os.path.isfile(Path.home() / name)}
        return sorted(found | beside | files)

    assert inside(str(tmp_path), look) == "[]"


def test_a_user_namespace_with_few_ids_has_others_for_its_sandboxes(monkeypatch):
    def users(*lines):
        files = {"/proc/self/setgroups": "allow\n", **dict.fromkeys(MAPS, "\n".join(lines))}
        monkeypatch.setattr(Path, "read_text", lambda path: files[str(path)])
        return sandbox._users.__wrapped__()

    assert users("0 0 4294967295") == range(1_500_000_000, 2_000_000_000)
    assert users("0 1000 1", "1 100000 65536") == range(65534, 65537)
    assert users("0 1000 1", "1 100000 1000000") == range(1_000_001 - 2**15, 1_000_001)
    assert len(users("0 0 1")) == 0


MAPS = ("/proc/self/uid_map", "/proc/self/gid_map")


def test_this_machine_offers_a_sandbox():
    assert all(offer.there for offer in sandbox.offers())
    sandbox.require()


def test_without_a_sandbox_nothing_is_run(monkeypatch):
    monkeypatch.setattr(sandbox, "tried", lambda *args: "[Errno 1] new namespaces: Operation not permitted")
    (missing,) = [offer for offer in sandbox.offers() if not offer.there]
    assert "Operation not permitted" in missing.advice
    with pytest.raises(NoSandbox, match=r"no sandbox: .*Operation not permitted.*convlab doctor"):
        house.Warm(walled=False)


def test_a_limit_that_does_not_hold_is_no_sandbox(monkeypatch):
    import resource

    monkeypatch.setattr(resource, "setrlimit", lambda *args: None)
    with pytest.raises(OSError, match="limit on processes does not hold"):
        sandbox._no_more_processes()


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
import sys, threading, time
sys.path[:] = {path!r}
from convlab.grading.house import Warm
from convlab.grading import Limits
def begin():
    global warm
    warm = Warm(walled={walled})
begin() if {main} else [thread := threading.Thread(target=begin), thread.start(), thread.join()]
run = warm.start(Limits())
run.pipe.send([("cell", 0, "import os, time\\nfor i in range(3): os.fork()\\nwhile True: time.sleep(1)")])
print(run.pipe.receive(60), warm._process.pid, flush=True)
time.sleep(100)
"""


@pytest.mark.parametrize(
    ("walled", "main"),
    [(False, True), (True, True), (True, False)],
    ids=["by itself", "in bubblewrap, if there is one", "begun by a thread"],
)
def test_nothing_outlives_a_grader_that_is_killed(walled, main):
    code = ENDLESS.format(path=sys.path, walled=walled, main=main)
    grader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert grader.stdout is not None
    said = grader.stdout.readline()
    process = int(said.split()[-1])
    ends = time.monotonic() + 60
    while len(begun := descendants(process)) < 9 and time.monotonic() < ends:
        time.sleep(0.02)
    assert len(begun) >= 9
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    grader.stdout.close()
    ends = time.monotonic() + 10
    while time.monotonic() < ends and any(alive(one) for one in begun):
        time.sleep(0.02)
    assert [one for one in begun if alive(one)] == []


def descendants(process):
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [process, *(one for child in children for one in descendants(int(child)))]


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_without_a_sandbox_it_takes_linux_all_the_same(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(NoSandbox, match="container or virtual machine"):
        house.Warm(sandboxed=False)


def test_told_so_it_runs_without_a_sandbox():
    unprotected = house.Warm(sandboxed=False)
    try:
        run = unprotected.start(Limits())
        run.pipe.send([("cell", 0, "import os; print(os.getuid())")])
        assert run.pipe.receive(60) == ("cell", 0)
        assert run.pipe.receive(60)[2][0]["text"] == f"{os.getuid()}\n"
        run.end()
    finally:
        unprotected.close()
