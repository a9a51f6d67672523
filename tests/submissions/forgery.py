"""Submissions that want points for wrong answers. None has any."""

from submissions.rows import (
    EXERCISES,
    QUICK,
    WRONG,
    Notebook,
    Row,
    calls,
    cell_of,
    right,
    solved,
)


def _skip_checks(notebook: Notebook) -> None:
    for name in EXERCISES:
        cell_of(notebook, f"{name}_check")["metadata"]["tags"] = ["skip-execution"]


def _more_points(notebook: Notebook) -> None:
    cell_of(notebook, "correlate1d_check")["metadata"]["nbgrader"]["points"] = 100


def _easy_check(notebook: Notebook) -> None:
    cell_of(notebook, "correlate1d_check")["source"] = "print('all samples agree')"


# The socket that the grader is at the other end of.
FIND_PIPE = (
    "import gc, os\nfrom convlab.grading.wire import Pipe\n"
    "fd = next(one for one in gc.get_objects() if type(one) is Pipe).end.fileno()"
)

ROWS = (
    Row(
        "skip-execution on the check cells",
        (0, 0, 0),
        {},
        change=_skip_checks,
        flags=("carries tags: skip-execution",),
    ),
    Row(
        "a tag, and a function that is only defined further down",
        (0, 3, 2),
        solved(correlate1d="def correlate1d(input, weight):\n    return convolve1d(input, weight[::-1])"),
        change=lambda notebook: cell_of(notebook, "convolve1d")["metadata"].update(tags=["raises-exception"]),
        flags=("carries tags: raises-exception",),
        message={"correlate1d": "NameError"},
    ),
    Row(
        "100 points",
        (0, 0, 0),
        {},
        change=_more_points,
        flags=("metadata of correlate1d_check was changed: points",),
    ),
    Row(
        "a check cell that prints",
        (0, 0, 0),
        {},
        change=_easy_check,
        flags=("correlate1d_check was changed",),
    ),
    Row(
        "patched np.allclose, isclose and array_equal",
        (0, 3, 2),
        solved(
            correlate1d=WRONG + "\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
            "np.isclose = lambda *a, **k: np.array([True])"
        ),
    ),
    Row("sys.displayhook(3)", (0, 0, 0), {}, last=("import sys\nsys.displayhook(3)\nraise ValueError",)),
    Row(
        "an AST transformer that drops asserts",
        (0, 3, 2),
        solved(correlate1d=WRONG),
        first=(
            """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Drop())
""",
        ),
    ),
    Row(
        "an object that equals everything",
        (0, 3, 2),
        solved(
            correlate1d="""
class Same:
    def __eq__(self, other): return True
    def __array_function__(self, *args): return True
    def __array__(self, *args, **kwargs): return np.zeros(3)
def correlate1d(input, weight):
    return Same()
"""
        ),
        message={"correlate1d": "the result is a Same"},
    ),
    Row(
        "__array_interface__ that lies about its shape",
        (0, 3, 2),
        solved(
            correlate1d="""
class Liar(np.ndarray):
    @property
    def __array_interface__(self):
        return {"shape": (10**9,), "typestr": "<f8", "data": (0, False), "version": 3}
    @property
    def shape(self): return (10**12,)
    @property
    def nbytes(self): return 1
def correlate1d(input, weight):
    return np.zeros(3).view(Liar)
"""
        ),
    ),
    Row(
        "__reduce__ payload",
        (0, 3, 2),
        solved(
            correlate1d="""
class Bomb:
    def __reduce__(self): return (exec, ("raise SystemExit",))
def correlate1d(input, weight):
    return Bomb()
"""
        ),
        message={"correlate1d": "the result is a Bomb"},
    ),
    Row(
        "an array of objects",
        (0, 3, 2),
        solved(
            correlate1d="""
class Same:
    def __eq__(self, other): return True
def correlate1d(input, weight):
    return np.array([Same()] * (len(input) - len(weight) + 1), dtype=object)
"""
        ),
        message={"correlate1d": "dtype is object"},
    ),
    Row(
        "colours and the cursor in a message",
        (0, 3, 2),
        calls("raise ValueError('\\x1b[2J\\x1b[1;1H 3 of 3 points \\u202e')"),
        message={"correlate1d": "it raised ValueError: \ufffd[2J\ufffd[1;1H 3 of 3 points \ufffd"},
    ),
    Row(
        "patched check module",  # it has spoilt its own right answers, too
        (0, 0, 0),
        solved(correlate1d=WRONG),
        first=(
            """
import convlab.checks.play as play, convlab.checks.calls as calls, convlab.grading.child as child
from convlab.checks.exercise import Exercise
play.play = child.play = lambda f, e, s, t: play.Played(answer=np.zeros(3))
calls.check = lambda *a, **k: True
""",
        ),
    ),
    Row(
        "patched pipe",  # the cell that patches it is left out
        (0, 3, 2),
        solved(correlate1d=WRONG),
        first=(
            """
from convlab.grading import wire
wire.Pipe.send = lambda self, value, *a, **k: self.end.sendall(b"\\xff" * 64)
""",
        ),
        limits=("cell 15: it disturbed the grader's connection",),
    ),
    Row(
        "a frame of 4 GB is announced",
        (0, 3, 2),
        solved(
            correlate1d="""
def correlate1d(input, weight):
    import os
    for fd in range(3, 64):
        try: os.write(fd, b"\\xff\\xff\\xff\\xff")
        except OSError: pass
    return np.zeros(1)
"""
        ),
        message={"correlate1d": "disturbed the grader's connection"},
        limits=("correlate1d: ",),
    ),
    Row(
        "says that it passed",
        (0, 3, 2),
        solved(
            correlate1d="""
def correlate1d(input, weight):
    import gc
    from convlab.grading.wire import Pipe
    for one in gc.get_objects():
        if isinstance(one, Pipe):
            one.send(("passed", True, 100))
            one.send(("answer", 1, "gave", None, 0.0))
    return np.zeros(1)
"""
        ),
        flags=("gc",),
    ),
    Row(
        "answers to calls that were not asked",
        (0, 3, 2),
        solved(
            correlate1d="""
def correlate1d(input, weight):
    import gc
    from convlab.grading.wire import Pipe
    for one in gc.get_objects():
        if isinstance(one, Pipe):
            for number in range(1, 40):
                one.send(("answer", number, "gave", np.zeros(3), 0.0))
    return np.zeros(1)
"""
        ),
    ),
    Row(
        "replays an earlier answer",
        (0, 3, 2),
        solved(
            correlate1d="""
kept = []
def correlate1d(input, weight):
    if not kept:
        kept.append(np.array([input[x : x + len(weight)] @ weight for x in range(len(input) - len(weight) + 1)]))
    return kept[0]
"""
        ),
    ),
    Row(
        "a thread that answers later",
        (0, 3, 2),
        solved(
            correlate1d="""
import threading, time
def correlate1d(input, weight):
    result = np.zeros(len(input) - len(weight) + 1)
    def later():
        time.sleep(0.01)
        for x in range(len(result)):
            result[x] = input[x : x + len(weight)] @ weight
    threading.Thread(target=later).start()
    return result
"""
        ),
        by_luck=True,  # on a busy machine one sample may be compared after those ten milliseconds
    ),
    Row(
        "looks for the seed in environment, /proc, frames and memory",
        (0, 3, 2),
        solved(
            correlate1d="""
import gc, os, sys, glob
def correlate1d(input, weight):
    found = [k for k in os.environ if "SEED" in k and k != "PYTHONHASHSEED"]
    found += glob.glob("/proc/*") + glob.glob("/home/*")
    frame = sys._getframe()
    while frame:
        found += [k for k in frame.f_locals if k in ("seed", "right", "spec")]
        frame = frame.f_back
    found += [m for m in sys.modules if m.startswith("convlab.checks.") and ("oracle" in m or "registry" in m)]
    raise ValueError(f"found {found}")
"""
        ),
        message={"correlate1d": "found []"},
    ),
    Row(
        "exits with a good status",
        (0, 3, 2),
        solved(correlate1d="def correlate1d(input, weight):\n    import os\n    os._exit(0)"),
        message={"correlate1d": "ended Python's process"},
        limits=("correlate1d: correlate1d ended Python's process",),
    ),
    Row(
        "an int subclass that equals everything",
        (3, 3, 0),
        solved(
            output_size="""
class Any(int):
    def __eq__(self, other): return True
    def __index__(self): return 1
    __hash__ = None
def output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    return Any(7)
"""
        ),
    ),
    Row(
        "right numbers under a mask",
        (0, 3, 2),
        right(after="return np.ma.masked_array(right, mask=True)"),
        message={"correlate1d": "masked array"},
    ),
    *(
        Row(f"answers with {what}", (0, 3, 2), right(after=f"return {code}"), message={"correlate1d": words})
        for what, code, words in (
            ("complex numbers", "right + 0j", "complex128"),
            ("truth values", "right > 0", "dtype is bool"),
            ("nan", "right * np.nan", "got nan"),
            ("infinity", "right + np.inf", "got inf"),
            ("texts", "right.astype(str)", "array of str"),
            ("objects", "right.astype(object)", "dtype is object"),
            ("another axis", "right[None]", "it has 2 axes"),
            ("no axis", "np.array(right[0])", "shape"),
            ("no entries", "right[:0]", "shape"),
            ("18 million million entries of nothing", "np.zeros((10**13, 0))", "larger than any answer"),
            ("a list of the right numbers", "right.tolist()", "the result is a list"),
            ("a pair of right ones", "(right, right)", "the result is a tuple"),
            ("a dict of right ones", "{'output': right}", "the result is a dict"),
            ("a little too much", "right + 1e-3", "got"),
        )
    ),
    Row(
        "numbers that are no longer floats",
        (0, 3, 2),
        calls(
            "n = len(input) - len(weight) + 1\n"
            "return np.frombuffer((b'\\1' * 8 + b'\\1\\x40' + bytes(6)) * n, np.longdouble)"
        ),
    ),
    Row(
        "a type with an odd name",
        (0, 3, 2),
        calls("return type('\\x1b[2J\\u202eall 17 samples agree\\n' + 'x' * 10_000, (), {})()"),
        message={"correlate1d": "the result is a [2Jall 17 samples agreexxxx"},
    ),
    Row(
        "a message that says it passed",
        (0, 3, 2),
        calls("raise ValueError('\\u2028correlate1d: all 17 samples agree\\u200f')"),
        message={"correlate1d": "17 of 17 samples differ"},
    ),
    Row(
        "patched NumPy",  # of chapter 1, output_size needs none of it
        (0, 0, 2),
        solved(correlate1d=WRONG),
        first=("np.array = np.asarray = np.ndarray.view = np.zeros = lambda *a, **k: 0\nnp.add.reduce",),
    ),
    Row(
        "frames without anything in them",
        (0, 3, 2),
        right(f"{FIND_PIPE}\nos.write(fd, bytes(400))"),
        message={"correlate1d": "disturbed the grader's connection"},
    ),
    Row(
        "half a frame, and the rest later",
        (0, 3, 2),
        calls(
            f"{FIND_PIPE}\nimport time\nos.write(fd, bytes([200, 0, 0, 0]))\n"
            f"while True: os.write(fd, b'N'); time.sleep(0.1)"
        ),
        limit_changes=QUICK,
        message={"correlate1d": "stopped after 2 s"},
    ),
    Row(
        "floods the connection",
        (0, 3, 2),
        calls(
            f"{FIND_PIPE}\nwhile True:\n    try: os.write(fd, b'N' * 65536)\n    except BlockingIOError: pass"
        ),
        message={"correlate1d": "disturbed the grader's connection"},
    ),
    *(
        Row(
            f"shuts its {what} end of the connection",
            (0, 3, 2),
            right(f"{FIND_PIPE}\nimport socket\nsocket.socket(fileno=os.dup(fd)).shutdown(socket.{how})"),
            message={"correlate1d": "ended Python's process"},
        )
        for what, how in (("reading", "SHUT_RD"), ("writing", "SHUT_WR"))
    ),
    Row(
        "a process of an earlier cell that answers faster",
        (0, 0, 0),
        {},
        first=(
            f"""
import os
if os.fork() == 0:
    {FIND_PIPE.replace(chr(10), chr(10) + "    ")}
    import time
    from convlab.grading.wire import encode
    while True:
        for number in range(1, 60):
            data = encode(("answer", number, "gave", np.zeros(3), 0.0))
            try: os.write(fd, len(data).to_bytes(4, "little") + data)
            except OSError: pass
        time.sleep(0.001)
""",
        ),
        flags=("os.fork",),
        by_luck=True,
        limit_changes={"total_seconds": 20.0},
    ),
    Row(
        "a process of an earlier cell that ends the exercise's",
        (0, 0, 0),
        first=(
            "import os, signal, time\nme = os.getpid()\nif os.fork() == 0:\n"
            "    while True:\n        for p in range(3, 300):\n"
            "            if p != os.getpid():\n"
            "                try: os.kill(p, signal.SIGKILL)\n"
            "                except OSError: pass",
        ),
        by_luck=True,
        limit_changes={"total_seconds": 20.0},
    ),
    Row(
        "ends everything between its last answer and the goodbye",
        (0, 3, 2),
        calls(
            """
import os, signal
from convlab.grading import wire
if not hasattr(wire, "kept"):
    wire.kept = wire.Pipe.send
    def send(self, value, *args, **kwargs):
        wire.kept(self, value, *args, **kwargs)
        if value[0] == "answer" and value[1] == 17: os.kill(1, signal.SIGUSR1)
    wire.Pipe.send = send
return [object()] * 3_000
"""
        ),
        first=("import os, signal\n_ = signal.signal(signal.SIGUSR1, lambda *a: os._exit(0))",),
        message={"correlate1d": "the result is a list"},
    ),
    Row(
        "remembers calls in files, for the other exercises",
        (0, 3, 2),
        solved(
            correlate1d="""
import os
def correlate1d(input, weight):
    with open("/tmp/calls", "ab") as file: file.write(input.tobytes())
    return np.frombuffer(open("/tmp/calls", "rb").read(), input.dtype)[: len(input) - len(weight) + 1].copy()
"""
        ),
    ),
    Row(
        "the grader's memory",
        (0, 3, 2),
        calls(
            """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
seen = []
for process in (os.getppid(), 1, *range(2, 40)):
    part = (ctypes.c_void_p * 2)(id(seen), 8)
    seen.append(libc.process_vm_readv(process, part, 1, part, 1, 0))
    seen.append(libc.ptrace(16, process, 0, 0))
    seen.append(-1 if not os.path.exists(f"/proc/{process}/mem") else 1)
    fd = libc.syscall(434, process, 0)
    seen.append(libc.syscall(438, fd, 3, 0))
raise ValueError(f"seen {set(seen)}")
"""
        ),
        message={"correlate1d": "seen {-1}"},
    ),
)
