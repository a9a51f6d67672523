"""Submissions that are broken, hostile, or honest but odd: what each hands in, and exactly what it must earn.

All are of chapter 1: correlate1d (3 points), convolve1d (3) and output_size (2). A row writes some solution cells
("solution" stands for the reference, and a cell that is not named stays as released), may add cells of its own or
change the whole notebook, and says what each exercise earns, what the student must read, and what the instructor
must be told.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convlab.solutions import conv1d

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
SOURCE = ROOT / "course" / "source" / CHAPTER / f"{CHAPTER}.ipynb"
RELEASE = ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb"
EXERCISES = ("correlate1d", "convolve1d", "output_size")
FULL = (3, 3, 2)
ALL = dict.fromkeys(EXERCISES, "solution")

Notebook = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One submission.

    Parameters
    ----------
    name : what it is or does
    points : what correlate1d, convolve1d and output_size earn
    code : exercise -> the text of its solution cell, or "solution"
    first, last : cells of the student's own, in front of the first exercise and at the end
    change : does something to the notebook before it is handed in
    data : the bytes that are handed in, instead of a notebook
    message : exercise -> words that the student must read about it
    flags : words that the instructor must be told
    limits : words that must stand among the limits hit
    cells, absent : words that must stand, and must not stand, among the outputs of the cells
    limit_changes : limits other than usual, so that a row does not last long
    seconds : at most
    """

    name: str
    points: tuple[int, int, int]
    code: dict[str, str] = field(default_factory=lambda: dict(ALL))
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    change: Callable[[Notebook], Any] | None = None
    data: bytes | None = None
    message: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    limit_changes: dict[str, Any] = field(default_factory=dict)
    seconds: float = 15.0

    @property
    def submission(self) -> bytes:
        if self.data is not None:
            return self.data
        notebook = json.loads(RELEASE.read_text(encoding="utf-8"))
        for name, code in self.code.items():
            cell_of(notebook, name)["source"] = reference(name) if code == "solution" else code.strip()
        place = next(i for i, cell in enumerate(notebook["cells"]) if "nbgrader" in cell["metadata"])
        notebook["cells"][place:place] = [own_cell(text, f"first{i}") for i, text in enumerate(self.first)]
        notebook["cells"] += [own_cell(text, f"last{i}") for i, text in enumerate(self.last)]
        if self.change is not None:
            self.change(notebook)
        return json.dumps(notebook).encode()


def own_cell(text: str, name: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "source": text.strip(),
        "outputs": [],
        "execution_count": None,
    }


def reference(name: str) -> str:
    """The text of a reference solution as a student would type it."""
    return ast.unparse(ast.parse(inspect.getsource(getattr(conv1d, name))))


def cell_of(notebook: Notebook, grade_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )
    return found


def _solved(**changed: str) -> dict[str, str]:
    """All exercises solved but for these."""
    return {**ALL, **changed}


def _skip_checks(notebook: Notebook) -> None:
    for name in EXERCISES:
        cell_of(notebook, f"{name}_check")["metadata"]["tags"] = ["skip-execution"]


def _duplicate(notebook: Notebook) -> None:
    cell = cell_of(notebook, "correlate1d")
    again = {**cell, "id": "again", "source": "def correlate1d(input, weight):\n    return input"}
    notebook["cells"].append(again)


def _delete_checks(notebook: Notebook) -> None:
    for name in EXERCISES:
        notebook["cells"].remove(cell_of(notebook, f"{name}_check"))


def _without_names(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)


def _more_points(notebook: Notebook) -> None:
    cell_of(notebook, "correlate1d_check")["metadata"]["nbgrader"]["points"] = 100


def _old_schema(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 1


def _easy_check(notebook: Notebook) -> None:
    cell_of(notebook, "correlate1d_check")["source"] = "print('all samples agree')"


def _reverse(notebook: Notebook) -> None:
    notebook["cells"].reverse()


def _nbformat_3(notebook: Notebook) -> None:
    cells = notebook.pop("cells")
    notebook.update(nbformat=3, nbformat_minor=0, worksheets=[{"cells": cells}])


def _large_outputs(notebook: Notebook) -> None:
    notebook["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 30_000_000}]


def _delete_imports(notebook: Notebook) -> None:
    notebook["cells"] = [cell for cell in notebook["cells"] if "import numpy" not in "".join(cell["source"])]


def _no_cells(notebook: Notebook) -> None:
    notebook["cells"] = []


def _odd_cells(notebook: Notebook) -> None:
    notebook["cells"] += [7, None, {"cell_type": "code"}, {"cell_type": "code", "source": [1, 2]}]
    notebook["cells"].append({"cell_type": "code", "source": "x = '\ud800'", "metadata": 3, "outputs": 4})


def _calls(body: str) -> dict[str, str]:
    """All solved but correlate1d, whose body is this."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return _solved(correlate1d=f"def correlate1d(input, weight):\n{lines}")


WRONG = """
def correlate1d(input, weight):
    return np.zeros(len(input) - len(weight) + 1)
"""

HONEST = (
    Row("solved", FULL),
    Row("untouched", (0, 0, 0), code={}, message={"correlate1d": "not written yet"}),
    Row(
        "warnings on stderr",
        FULL,
        _solved(
            correlate1d="""
import sys, warnings
def correlate1d(input, weight):
    warnings.warn("slow but right")
    print("debug", file=sys.stderr)
    return np.array([input[x : x + len(weight)] @ weight for x in range(len(input) - len(weight) + 1)])
warnings.warn("here too")
"""
        ),
        cells=("here too",),
    ),
    Row("sys.exit() in a cell", FULL, first=("import sys\nsys.exit()",), cells=("SystemExit",)),
    Row("exit() in a cell", FULL, first=("exit()",)),
    Row(
        "plt.show()",
        FULL,
        first=("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()",),
        cells=("image/png",),
    ),
    Row(
        "input()",
        FULL,
        first=("import builtins\nname = builtins.input('Your name?')",),
        cells=("nobody is there",),
    ),
    Row("%timeit", FULL, first=("%timeit -n 1 -r 1 sum(range(10))",), cells=("loop",)),
    Row(
        "own helper cells",
        FULL,
        _solved(
            correlate1d="def correlate1d(input, weight):\n    return np.array(list(sums(input, weight)))"
        ),
        first=(
            """
def sums(input, weight):
    for x in range(len(input) - len(weight) + 1):
        yield sum(input[x + k] * weight[k] for k in range(len(weight)))
""",
        ),
    ),
    Row("an own cell raises", FULL, first=("1 / 0",), cells=("ZeroDivisionError",)),
    Row("functions redefined later", FULL, last=("def correlate1d(input, weight):\n    return None",)),
    Row(
        "a class instance",
        FULL,
        _solved(
            correlate1d="""
class Correlation:
    def __call__(self, input, weight):
        return np.lib.stride_tricks.sliding_window_view(input, len(weight)) @ weight
correlate1d = Correlation()
"""
        ),
    ),
    Row(
        "functools.partial",
        FULL,
        _solved(
            correlate1d="""
import functools
def slide(step, input, weight):
    return np.array([input[x : x + len(weight)] @ weight for x in range(0, len(input) - len(weight) + 1, step)])
correlate1d = functools.partial(slide, 1)
"""
        ),
    ),
    Row(
        "a lambda",
        FULL,
        _solved(
            correlate1d="correlate1d = lambda i, w: np.array([i[x:x+len(w)] @ w for x in range(len(i)-len(w)+1)])"
        ),
    ),
    Row(
        "decorated",
        FULL,
        _solved(
            correlate1d="""
import functools
def loud(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        print("called")
        return f(*args, **kwargs)
    return inner
@loud
def correlate1d(input, weight):
    return np.array([input[x : x + len(weight)] @ weight for x in range(len(input) - len(weight) + 1)])
"""
        ),
    ),
    Row(
        "float32 results",
        FULL,
        _solved(
            correlate1d="""
def correlate1d(input, weight):
    sums = [input[x : x + len(weight)] @ weight for x in range(len(input) - len(weight) + 1)]
    return np.array(sums, dtype=np.float32)
"""
        ),
    ),
    Row(
        "results that are not contiguous",
        FULL,
        _solved(
            correlate1d="""
def correlate1d(input, weight):
    sums = [input[x : x + len(weight)] @ weight for x in range(len(input) - len(weight) + 1)]
    return np.repeat(np.array(sums, dtype=float), 3)[::-1][2::3][::-1]
"""
        ),
    ),
    Row(
        "a subclass of ndarray",
        FULL,
        _solved(
            correlate1d="""
class Signal(np.ndarray):
    pass
def correlate1d(input, weight):
    sums = [input[x : x + len(weight)] @ weight for x in range(len(input) - len(weight) + 1)]
    return np.array(sums).view(Signal)
"""
        ),
    ),
    Row("prints 10,000 lines", FULL, first=("for i in range(10_000): print('line', i)",)),
    Row(
        "prints within the function",
        FULL,
        _solved(
            correlate1d="""
def correlate1d(input, weight):
    for i in range(500):
        print(i, input)
    return np.array([input[x : x + len(weight)] @ weight for x in range(len(input) - len(weight) + 1)])
"""
        ),
    ),
    Row(
        "torch beside the exercise, to compare",
        FULL,
        last=(
            "import torch\ntorch.nn.functional.conv1d(torch.ones(1, 1, 5), torch.ones(1, 1, 2))",
            "correlate1d(np.arange(5), np.ones(2))",
        ),
    ),
    Row(
        "check() and report() called by hand",
        FULL,
        last=("from convlab.checks import report", "check(correlate1d)"),
    ),
    Row("files of its own", FULL, first=("open('mine.txt', 'w').write('x')\nopen('mine.txt').read()",)),
    Row(
        "a shell line, a magic and await",
        FULL,
        first=("!echo hello", "%pwd", "import asyncio\nawait asyncio.sleep(0)"),
        flags=("runs another program",),
    ),
    Row(
        "threads and processes of its own",
        FULL,
        first=(
            "import concurrent.futures as cf\nwith cf.ThreadPoolExecutor(2) as p: print(list(p.map(abs, [-1])))",
        ),
    ),
    Row(
        "a pool of processes",
        FULL,
        first=("import multiprocessing as mp\nwith mp.Pool(2) as p: print('POOL', p.map(abs, [-1, -2]))",),
        cells=("POOL [1, 2]",),
    ),
    Row(
        "returns a generator",
        (0, 3, 2),
        _solved(
            correlate1d="def correlate1d(input, weight):\n    import math\n    return (x for x in range(3))"
        ),
        message={"correlate1d": "the result is a generator"},
    ),
    Row(
        "a script in an output",
        FULL,
        first=(
            "from IPython.display import HTML, Javascript\ndisplay(HTML('<script>1</script>'), Javascript('1'))",
        ),
    ),
    Row(
        "%%time, help and a local import",
        FULL,
        _solved(
            correlate1d="""
%%time
def correlate1d(input, weight):
    from numpy.lib.stride_tricks import sliding_window_view
    return sliding_window_view(input, len(weight)) @ weight
"""
        ),
        first=("np.pad?", "help(abs)"),
    ),
    Row("renamed cells", FULL, change=_without_names, flags=("found by what it defines",)),
    Row("deleted check cells", FULL, change=_delete_checks, flags=("correlate1d_check was deleted",)),
    Row("deleted imports come back", FULL, change=_delete_imports),
    Row("one wrong", (0, 3, 2), _solved(correlate1d=WRONG), message={"correlate1d": "got 0"}),
    Row(
        "a syntax error",
        (0, 3, 2),
        _solved(correlate1d="def correlate1d(input, weight)\n    return 1"),
        message={"correlate1d": "SyntaxError"},
    ),
    Row(
        "misspelled name",
        (0, 3, 2),
        _solved(correlate1d="def corelate1d(input, weight):\n    return 1"),
        message={"correlate1d": "not defined"},
    ),
    Row(
        "returns None",
        (0, 3, 2),
        _solved(correlate1d="def correlate1d(input, weight):\n    pass"),
        message={"correlate1d": "the result is None"},
    ),
    Row(
        "returns a tensor",
        (0, 3, 2),
        _solved(correlate1d="def correlate1d(input, weight):\n    return torch.zeros(3)"),
        message={"correlate1d": "torch tensor"},
    ),
    Row(
        "lets torch do it",
        (0, 3, 2),
        _solved(
            correlate1d="""
def correlate1d(input, weight):
    a, b = torch.tensor(input * 1.0)[None, None], torch.tensor(weight * 1.0)[None, None]
    return F.conv1d(a, b)[0, 0].numpy()
"""
        ),
        message={"correlate1d": "is refused here"},
        flags=("called what the exercise refuses",),
    ),
)

BROKEN = (
    Row("empty file", (0, 0, 0), data=b"", message={"correlate1d": "empty"}),
    Row(
        "not a notebook",
        (0, 0, 0),
        data=b"I could not export it, sorry!",
        message={"correlate1d": "not JSON"},
    ),
    Row("latin-1", (0, 0, 0), data='{"cells": "é"}'.encode("latin-1"), message={"correlate1d": "UTF-8"}),
    Row("cut off", (0, 0, 0), data=RELEASE.read_bytes()[:5000], message={"correlate1d": "cut off"}),
    Row("a zip", (0, 0, 0), data=b"PK\x03\x04rest", message={"correlate1d": "zip archive"}),
    Row("JSON, but a list", (0, 0, 0), data=b"[1, 2]", message={"correlate1d": "not a notebook"}),
    Row(
        "cells that are no list",
        (0, 0, 0),
        data=b'{"cells": 3, "nbformat": 4}',
        message={"correlate1d": "no list"},
    ),
    Row("nested without end", (0, 0, 0), data=b"[" * 200_000, message={"correlate1d": "cannot be read"}),
    Row(
        "a huge number",
        (0, 0, 0),
        data=b'{"cells": ' + b"9" * 100_000 + b"}",
        message={"correlate1d": "JSON"},
    ),
    Row("200 MB", (0, 0, 0), data=b" " * 200_000_000, message={"correlate1d": "larger than"}),
    Row("nbformat 3", (0, 0, 0), change=_nbformat_3, message={"correlate1d": "old or unknown format"}),
    Row("no cells", (0, 0, 0), change=_no_cells, message={"correlate1d": "none of the exercise cells"}),
    Row("30 MB of outputs", (0, 0, 0), change=_large_outputs, message={"correlate1d": "clear its outputs"}),
    Row(
        "a megabyte of text",
        (0, 0, 0),
        last=("x = 1\n" * 200_000,),
        message={"correlate1d": "more than 256 KiB of text"},
    ),
    Row("cells that are no cells", FULL, change=_odd_cells),
    Row("a byte-order mark", FULL, data=b"\xef\xbb\xbf" + Row("", FULL).submission),
    Row(
        "duplicated cell",
        (0, 3, 2),
        change=_duplicate,
        flags=("2 cells are called correlate1d",),
        message={"correlate1d": "samples differ"},
    ),
    Row("schema version 1", FULL, change=_old_schema, flags=("schema_version",)),
    Row("cells in reverse", FULL, change=_reverse),
)

FORGED = (
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
        _solved(correlate1d="def correlate1d(input, weight):\n    return convolve1d(input, weight[::-1])"),
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
        _solved(
            correlate1d=WRONG
            + "\nnp.allclose = np.array_equal = lambda *a, **k: True\nnp.isclose = lambda *a, **k: np.array([True])"
        ),
    ),
    Row("sys.displayhook(3)", (0, 0, 0), {}, last=("import sys\nsys.displayhook(3)\nraise ValueError",)),
    Row(
        "an AST transformer that drops asserts",
        (0, 3, 2),
        _solved(correlate1d=WRONG),
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
        _solved(
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
        _solved(
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
        _solved(
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
        _solved(
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
        _calls("raise ValueError('\\x1b[2J\\x1b[1;1H 3 of 3 points \\u202e')"),
        message={"correlate1d": "it raised ValueError: \ufffd[2J\ufffd[1;1H 3 of 3 points \ufffd"},
    ),
    Row(
        "patched check module",  # it has spoilt its own right answers, too
        (0, 0, 0),
        _solved(correlate1d=WRONG),
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
        _solved(correlate1d=WRONG),
        first=(
            """
from convlab.grading import wire
wire.Pipe.send = lambda self, value, *a, **k: self.end.sendall(b"\\xff" * 64)
""",
        ),
        limits=("cell 14: it disturbed the grader's connection",),
    ),
    Row(
        "a frame of 4 GB is announced",
        (0, 3, 2),
        _solved(
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
        _solved(
            correlate1d="""
def correlate1d(input, weight):
    import gc
    from convlab.grading.wire import Pipe
    for one in gc.get_objects():
        if isinstance(one, Pipe):
            one.send(("passed", True, 100))
            one.send(("answer", 1, "gave", None))
    return np.zeros(1)
"""
        ),
        flags=("gc",),
    ),
    Row(
        "answers to calls that were not asked",
        (0, 3, 2),
        _solved(
            correlate1d="""
def correlate1d(input, weight):
    import gc
    from convlab.grading.wire import Pipe
    for one in gc.get_objects():
        if isinstance(one, Pipe):
            for number in range(1, 40):
                one.send(("answer", number, "gave", np.zeros(3)))
    return np.zeros(1)
"""
        ),
    ),
    Row(
        "replays an earlier answer",
        (0, 3, 2),
        _solved(
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
        _solved(
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
    ),
    Row(
        "looks for the seed in environment, /proc, frames and memory",
        (0, 3, 2),
        _solved(
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
        _solved(correlate1d="def correlate1d(input, weight):\n    import os\n    os._exit(0)"),
        message={"correlate1d": "ended Python's process"},
        limits=("correlate1d: correlate1d ended Python's process",),
    ),
    Row(
        "an int subclass that equals everything",
        (3, 3, 0),
        _solved(
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
)

QUICK = {"cell_seconds": 1.0, "exercise_seconds": 1.0}


RESOURCES = (
    Row(
        "an infinite loop in a function",
        (0, 3, 2),
        _calls("while True: pass"),
        limit_changes=QUICK,
        message={"correlate1d": "does a loop never end"},
    ),
    Row(
        "while True: try/except",
        (0, 3, 2),
        _calls("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        limit_changes=QUICK,
        message={"correlate1d": "stopped after 1 s in correlate1d"},
        limits=("correlate1d: stopped after 1 s",),
    ),
    Row(
        "ignored signals",
        (0, 3, 2),
        _calls(
            "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n"
            "    except (OSError, ValueError): pass\nwhile True: pass"
        ),
        limit_changes=QUICK,
        message={"correlate1d": "stopped after 1 s in correlate1d"},
    ),
    Row(
        "sleeps",
        (0, 3, 2),
        _calls("import time\ntime.sleep(1000)"),
        limit_changes=QUICK,
        message={"correlate1d": "does a loop never end"},
    ),
    Row(
        "a loop in machine code",
        (0, 3, 2),
        _calls("return sum(range(10**12))"),
        limit_changes=QUICK,
        message={"correlate1d": "does a loop never end"},
    ),
    Row(
        "all three hang",
        (0, 0, 0),
        {
            name: f"def {name}(*a, **k):\n    while True:\n        try: 1 / 0\n        except BaseException: pass"
            for name in EXERCISES
        },
        limit_changes=QUICK,
        message={"output_size": "does a loop never end"},
    ),
    Row(
        "an endless cell",
        FULL,
        first=("while True: pass",),
        limit_changes=QUICK,
        limits=("cell 14: stopped after 1 s",),
    ),
    Row(
        "an endless cell that swallows everything",
        FULL,
        first=("while True:\n    try:\n        while True: pass\n    except BaseException: pass",),
        limit_changes=QUICK,
        limits=("cell 14: stopped after 1 s",),
    ),
    Row("os._exit in a cell", FULL, first=("import os\nos._exit(0)",), limits=("cell 14: it ended Python",)),
    Row(
        "memory",
        (0, 3, 2),
        _calls("kept = []\nwhile True: kept.append(bytearray(10**8))"),
        message={"correlate1d": "MemoryError"},
    ),
    Row("a huge array", (0, 3, 2), _calls("return np.zeros(10**11)"), message={"correlate1d": "emory"}),
    Row(
        "an answer of 10 GB that takes no memory",
        (0, 3, 2),
        _calls("return np.broadcast_to(1.0, (10**10,))"),
        message={"correlate1d": "larger than any answer"},
    ),
    Row(
        "an answer of a million entries",
        (0, 3, 0),
        {
            **_calls("return np.zeros(10**6)"),
            "output_size": "def output_size(*a, **k):\n    return np.zeros(10**6, np.int8)",
        },
        message={"correlate1d": "larger than any answer"},
    ),
    Row(
        "many processes that fill the memory",
        FULL,
        first=(
            """
import os, time
for i in range(8):
    if os.fork() == 0:
        kept = b"x" * 10**8
        time.sleep(100)
time.sleep(100)
""",
        ),
        limit_changes={"more_memory": 400 * 2**20, "cell_seconds": 8.0},
        limits=("used too much memory",),
    ),
    Row(
        "an answer of a million parts",
        (0, 3, 2),
        _calls("return [0] * 10**6"),
        message={"correlate1d": "larger than any answer"},
    ),
    Row(
        "an answer that holds itself",
        (0, 3, 2),
        _calls("a = []\na.append(a)\nreturn a"),
        message={"correlate1d": "larger than any answer"},
    ),
    Row(
        "huge integers",
        (3, 3, 0),
        _solved(output_size="def output_size(*a, **k):\n    return 10 ** 100_000"),
        message={"output_size": "it must be an integer"},
    ),
    Row(
        "deep recursion",
        (0, 3, 2),
        _calls("return correlate1d(input, weight)"),
        message={"correlate1d": "RecursionError"},
    ),
    Row(
        "stack overflow in C",
        (0, 3, 2),
        _calls("import sys, ctypes\nctypes.string_at(0)"),
        message={"correlate1d": "a crash in machine code"},
    ),
    Row(
        "fork bomb",
        FULL,
        first=("import os\nwhile True:\n    try: os.fork()\n    except OSError: break",),
        limit_changes={**QUICK, "total_seconds": 8.0},
    ),
    Row(
        "endless fork bomb in a function",
        (0, 3, 2),
        _calls("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"),
        limit_changes=QUICK,
    ),
    Row(
        "thread bomb",
        FULL,
        first=(
            "import threading, time\ntry:\n    while True:\n"
            "        threading.Thread(target=time.sleep, args=(100,), daemon=True).start()\n"
            "except RuntimeError as e: print(e)",
        ),
        cells=("can't start new thread",),
    ),
    Row(
        "disk",
        FULL,
        first=(
            "try:\n    for i in range(100): open(f'/tmp/{i}', 'wb').write(bytes(10**7))\n"
            "except OSError as e: print(e.strerror)",
        ),
        cells=("No space left",),
    ),
    Row(
        "one large file",
        FULL,
        first=(
            "f = open('/tmp/x', 'wb')\ntry:\n    for i in range(100): f.write(bytes(10**7)); f.flush()\n"
            "except OSError as e: print(e.strerror)",
        ),
        cells=("File too large",),
    ),
    Row(
        "inodes",
        FULL,
        first=(
            "try:\n    for i in range(10**6): open(f'/tmp/{i}', 'w').close()\n"
            "except OSError as e: print(e.strerror)",
        ),
        cells=("No space left",),
    ),
    Row(
        "a million displays",
        FULL,
        first=("for i in range(10**6): display(i)",),
        limit_changes={"cell_seconds": 3.0},
    ),
    Row("a 50 MB line", FULL, first=("print('x' * 50_000_000)",)),
    Row("200 MB of prints", FULL, first=("for i in range(200): print('x' * 10**6)",)),
    Row("prints from below", FULL, first=("import os\nfor i in range(200): os.write(1, b'x' * 10**6)",)),
    Row(
        "endless __del__",
        FULL,
        first=("class E:\n    def __del__(self):\n        while True: pass\ne = E()",),
        last=("del e",),
        limit_changes=QUICK,
    ),
    Row(
        "a setsid orphan",
        FULL,
        first=(
            "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
            "        time.sleep(1000)\n    os._exit(0)",
        ),
        limit_changes=QUICK,
    ),
    Row(
        "signals to everybody",
        FULL,
        first=(
            "import os, signal\nfor p in [-1, 1, *range(2, 3000)]:\n    for s in (signal.SIGSTOP, signal.SIGKILL):\n"
            "        try: os.kill(p, s)\n        except OSError: pass",
        ),
        limit_changes=QUICK,
    ),
    Row("an atexit loop", FULL, first=("import atexit\n@atexit.register\ndef f():\n    while True: pass",)),
    Row(
        "a regular expression that never ends",
        (0, 3, 2),
        _calls("import re\nre.match('(a+)+$', 'a' * 64 + 'b')"),
        limit_changes=QUICK,
        message={"correlate1d": "does a loop never end"},
    ),
    Row("closes all files", (0, 3, 2), _calls("import os\nos.closerange(0, 1000)"), limit_changes=QUICK),
    Row(
        "closes all files in a cell",
        FULL,
        first=("import os\nos.closerange(0, 1000)",),
        limit_changes=QUICK,
        limits=("cell 14: it ended",),
    ),
)


def _tries(*expressions: str) -> str:
    """A cell that tries to do what it must not, and prints what came of it."""
    tries = "".join(
        f"try:\n    print('DONE', {one})\nexcept Exception as e: print('REFUSED', type(e).__name__, e)\n"
        for one in expressions
    )
    return "import os, socket, ctypes, glob\nlibc = ctypes.CDLL(None, use_errno=True)\n" + tries


SHUT_IN = (
    Row(
        "what it knows of the exercises",
        FULL,
        first=(
            """
import sys
secret = ("oracle", "registry", "exercises", "mistakes", "reports", "compare", "diagnosis", "spec", "referee")
print("KNOWN", [m for m in sys.modules if "convlab" in m and any(part in m for part in secret)])
print("KNOWN", [m for m in sys.modules if m.startswith(("nbgrader", "nbformat", "convlab.solutions"))])
import os, __main__
print("KNOWN", [k for k in os.environ if "CONVLAB" in k])
""",
        ),
        absent=("KNOWN ['",),
    ),
    Row(
        "the course, the gradebook and other people's files",
        FULL,
        first=(
            f"""
import glob
seen = [p for p in glob.glob({str(ROOT)!r} + "/*") if not p.endswith("/convlab")]
for place in ("/proc", "/sys", "/home", "/var", "/tmp", "/run", "/mnt", "/srv", "/boot"):
    seen += glob.glob(place + "/*")
print("SEEN", seen)
""",
        ),
        cells=("SEEN []",),
    ),
    Row(
        "writes outside its folder",
        FULL,
        first=(
            _tries(
                "open('/x', 'w')",
                "open('/usr/x', 'w')",
                "os.mkdir('/etc/x')",
                "os.chmod('/usr', 0o777)",
                "open(os.__file__, 'a')",
                "open('/dev/x', 'w')",
                "os.rename('/usr', '/usr2')",
            ),
        ),
        cells=("REFUSED",),
        absent=("DONE",),
    ),
    Row(
        "links, pipes and devices",
        FULL,
        first=(
            _tries(
                "os.mknod('/tmp/device', 0o60666, os.makedev(8, 0))",
                "os.link('/etc/passwd', '/tmp/hard')",
                "open('/dev/sda')",
                "open('/dev/mem')",
                "open('/dev/kmsg')",
            ),
        ),
        cells=("REFUSED",),
        absent=("DONE",),
    ),
    Row(
        "odd file names",
        FULL,
        first=(
            "import os\nos.symlink('/etc/shadow', 'link')\nos.mkfifo('pipe')\nopen('é\u202e.txt', 'w')\n"
            "open('A', 'w')\nopen('a', 'w')\nopen('../../../tmp/up', 'w')\nopen(b'\\xff', 'w')\nprint('made')",
        ),
        cells=("made",),
    ),
    Row(
        "the network",
        FULL,
        first=(
            _tries(
                "socket.create_connection(('127.0.0.1', 22), 1)",
                "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
                "socket.socket(socket.AF_INET6)",
                "socket.getaddrinfo('example.org', 80)",
                "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
                "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
                "socket.socket(socket.AF_UNIX).connect('/run/docker.sock')",
                "socket.socket(socket.AF_UNIX).connect('\\0/tmp/.X11-unix/X0')",
            ),
        ),
        cells=("REFUSED",),
        absent=("DONE",),
    ),
    Row(
        "ways out through the kernel",
        FULL,
        first=(
            "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "results = [libc.ptrace(16, 1, 0, 0), libc.unshare(0x10000000), libc.unshare(0x20000), "
            "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None), libc.chroot(b'/tmp'), "
            "libc.syscall(425, 8, 0), libc.syscall(321, 0, 0, 0), libc.syscall(250, 0, 0, 0, 0, 0), "
            "libc.prctl(1, 0, 0, 0, 0), libc.syscall(319, b'x', 0), libc.shmget(0, 4096, 0o1600), libc.setuid(0), "
            "libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)]\n"
            "print('RESULTS', set(results), os.getuid() != 0)",
        ),
        cells=("RESULTS {-1} True",),
    ),
)

CORPUS = (*HONEST, *BROKEN, *FORGED, *RESOURCES, *SHUT_IN)
