"""Landlock alone, without namespaces around it, keeps a process to what it may do."""

import errno
import json
import subprocess
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("Landlock is Linux's", allow_module_level=True)

from convlab.grading import landlock

needs_landlock = pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")

TRIES = """
import json, os, signal, socket, sys
sys.path[:] = {path!r}
from convlab.grading import landlock
folder = {folder!r}
outer = os.fork()
if outer == 0:
    signal.pause()
listener = socket.socket(socket.AF_UNIX)
listener.bind("\\0convlab-test-%d" % os.getpid())
listener.listen()

reading, writing = os.pipe()
def attempt(what):
    try:
        what()
    except OSError as error:
        return error.errno
    return 0
if os.fork() == 0:
    import ctypes
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
    landlock.restrict([folder + "/read"], [folder + "/write"], ["/dev/null"])
    os.write(writing, json.dumps(dict(
        read=attempt(lambda: open(folder + "/read/file").close()),
        run=attempt(lambda: os.listdir(folder + "/read")),
        write=attempt(lambda: open(folder + "/write/new", "w").close()),
        change=attempt(lambda: (os.mkdir(folder + "/write/a"), os.rename(folder + "/write/a", folder + "/write/b"))),
        device=attempt(lambda: open("/dev/null", "w").close()),
        write_where_one_reads=attempt(lambda: open(folder + "/read/new", "w").close()),
        remove_where_one_reads=attempt(lambda: os.unlink(folder + "/read/file")),
        read_elsewhere=attempt(lambda: open(folder + "/file").close()),
        list_elsewhere=attempt(lambda: os.listdir(folder)),
        signal_outwards=attempt(lambda: os.kill(outer, 0)),
        signal_itself=attempt(lambda: os.kill(os.getpid(), 0)),
        abstract_socket=attempt(lambda: socket.socket(socket.AF_UNIX).connect(listener.getsockname())),
        tcp=attempt(lambda: socket.socket().bind(("127.0.0.1", 0))),
    )).encode())
    os._exit(0)
print(os.read(reading, 4096).decode())
os.kill(outer, signal.SIGKILL)
"""


@needs_landlock
def test_a_process_keeps_to_what_it_was_left(tmp_path):
    for folder in ("read", "write"):
        (tmp_path / folder).mkdir()
    for file in ("file", "read/file"):
        (tmp_path / file).touch()
    code = TRIES.format(path=sys.path, folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    allowed = {"read", "run", "write", "change", "device", "signal_itself"}
    # What older kernels do not know they let pass.
    since = {"tcp": 4, "signal_outwards": 6, "abstract_socket": 6}
    expected = {
        name: 0
        if name in allowed or since.get(name, 1) > landlock.version()
        else errno.EPERM
        if name in ("signal_outwards", "abstract_socket")
        else errno.EACCES
        for name in found
    }
    assert found == expected
    assert (tmp_path / "read" / "file").exists()


def kernel(monkeypatch, *answers):
    """A kernel that gives these answers to the calls that follow; an error number stands for a refusal."""
    given, calls = list(answers), []

    def call(number, *arguments):
        calls.append((number, *arguments))
        answer = given.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(landlock, "_call", call)
    landlock.version.cache_clear()
    return calls


@pytest.fixture(autouse=True)
def ask_anew():
    yield
    landlock.version.cache_clear()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_kernel_without_it_is_asked_for_nothing(monkeypatch, number):
    calls = kernel(monkeypatch, OSError(number, ""))
    assert landlock.restrict(["/"], [], []) is False
    assert len(calls) == 1


def test_a_kernel_that_has_it_and_refuses_is_an_error(monkeypatch):
    kernel(monkeypatch, OSError(errno.EPERM, "Landlock"))
    with pytest.raises(OSError, match="Landlock"):
        landlock.restrict(["/"], [], [])
    kernel(monkeypatch, 6, OSError(errno.EPERM, "Landlock"))
    with pytest.raises(OSError, match="Landlock"):
        landlock.restrict(["/"], [], [])


@pytest.mark.parametrize(
    ("version", "size", "kinds"), [(1, 8, 13), (2, 8, 14), (3, 8, 15), (4, 16, 15), (5, 16, 16), (9, 24, 16)]
)
def test_no_kernel_is_asked_for_what_it_does_not_know(monkeypatch, version, size, kinds):
    """The figures are those of the kernel's own table of versions."""
    calls = kernel(monkeypatch, version, OSError(errno.EINVAL, "enough"))
    with pytest.raises(OSError, match="enough"):
        landlock.restrict([], [], [])
    _, attributes, length, _ = calls[1]
    assert length.value == size
    assert int.from_bytes(attributes.raw[:8], "little") == 2**kinds - 1
