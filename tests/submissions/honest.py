"""Honest but odd: every row that solves all has full marks, however it does it."""

from submissions.rows import (
    ALL,
    EXERCISES,
    FULL,
    QUICK,
    WRONG,
    Notebook,
    Row,
    calls,
    cell_of,
    reference,
    right,
    solved,
)


def _delete_checks(notebook: Notebook) -> None:
    for name in EXERCISES:
        notebook["cells"].remove(cell_of(notebook, f"{name}_check"))


def _without_names(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)


def _delete_imports(notebook: Notebook) -> None:
    notebook["cells"] = [cell for cell in notebook["cells"] if "import numpy" not in "".join(cell["source"])]


def _size_as(kind: str) -> dict[str, str]:
    size = "(size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1"
    return solved(
        output_size="def output_size(size, kernel_size, stride=1, padding=0, dilation=1):\n"
        f"    return {kind}({size})"
    )


BOTH = "\n\n".join(map(reference, ("correlate1d", "convolve1d")))


def _merged(notebook: Notebook) -> None:
    notebook["cells"].remove(cell_of(notebook, "convolve1d"))


def _split(notebook: Notebook) -> None:
    cell = cell_of(notebook, "correlate1d")
    place = notebook["cells"].index(cell)
    notebook["cells"].insert(place, {**cell, "id": "above", "source": "def tidy(array):\n    return array"})


def _windows(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")


ROWS = (
    Row("solved", FULL),
    Row("untouched", (0, 0, 0), code={}, message={"correlate1d": "not written yet"}),
    Row(
        "warnings on stderr",
        FULL,
        solved(
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
        solved(correlate1d="def correlate1d(input, weight):\n    return np.array(list(sums(input, weight)))"),
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
        solved(
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
        solved(
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
        solved(
            correlate1d="correlate1d = lambda i, w: np.array([i[x:x+len(w)] @ w for x in range(len(i)-len(w)+1)])"
        ),
    ),
    Row(
        "decorated",
        FULL,
        solved(
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
        solved(
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
        solved(
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
        solved(
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
        solved(
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
            "import concurrent.futures as cf\n"
            "with cf.ThreadPoolExecutor(2) as p: print(list(p.map(abs, [-1])))",
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
        solved(
            correlate1d="def correlate1d(input, weight):\n    import math\n    return (x for x in range(3))"
        ),
        message={"correlate1d": "the result is a generator"},
    ),
    Row(
        "a script in an output",
        FULL,
        first=(
            "from IPython.display import HTML, Javascript\n"
            "display(HTML('<script>1</script>'), Javascript('1'))",
        ),
    ),
    Row(
        "%%time, help and a local import",
        FULL,
        solved(
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
    Row("one wrong", (0, 3, 2), solved(correlate1d=WRONG), message={"correlate1d": "got 0"}),
    Row(
        "a syntax error",
        (0, 3, 2),
        solved(correlate1d="def correlate1d(input, weight)\n    return 1"),
        message={"correlate1d": "SyntaxError"},
    ),
    Row(
        "misspelled name",
        (0, 3, 2),
        solved(correlate1d="def corelate1d(input, weight):\n    return 1"),
        message={"correlate1d": "not defined"},
    ),
    Row(
        "returns None",
        (0, 3, 2),
        solved(correlate1d="def correlate1d(input, weight):\n    pass"),
        message={"correlate1d": "the result is None"},
    ),
    Row(
        "returns a tensor",
        (0, 3, 2),
        solved(correlate1d="def correlate1d(input, weight):\n    return torch.zeros(3)"),
        message={"correlate1d": "torch tensor"},
    ),
    Row(
        "lets torch do it",
        (0, 3, 2),
        solved(
            correlate1d="""
def correlate1d(input, weight):
    a, b = torch.tensor(input * 1.0)[None, None], torch.tensor(weight * 1.0)[None, None]
    return F.conv1d(a, b)[0, 0].numpy()
"""
        ),
        message={"correlate1d": "is refused here"},
        flags=("called what the exercise refuses",),
    ),
    Row(
        "stdout and stderr in turn",
        FULL,
        first=("import sys\nfor i in range(20_000): print(i); print(i, file=sys.stderr)",),
    ),
    Row(
        "what other programs print",
        FULL,
        first=(
            "!echo one two",
            "lines = !echo three four\nprint(lines)",
            "%%bash\necho five six",
            "!exit 3",
            "print(_exit_code)",
        ),
        cells=("one two", "three four", "five six", "3\\n"),
        flags=("runs another program",),
    ),
    Row(
        "a program that prints without end",
        FULL,
        first=("!yes",),
        limit_changes=QUICK,
        limits=("cell 15: stopped after 2 s",),
    ),
    Row(
        "as if it were a program",
        FULL,
        last=("if __name__ == '__main__':\n    print('MAIN')",),
        cells=("MAIN",),
    ),
    Row(
        "a pool that runs a function of the notebook",
        FULL,
        first=(
            "def square(x): return x * x",
            "import multiprocessing as mp\nwith mp.Pool(2) as p: print('POOL', p.map(square, [2]))",
        ),
        cells=("POOL [4]",),
    ),
    Row(
        "a pool that is left open",
        FULL,
        first=("import multiprocessing as mp\npool = mp.Pool(2)",),
        last=("print(pool.map(abs, [-5]))",),
        cells=("[5]",),
    ),
    Row(
        "warnings and floating-point errors are errors",
        FULL,
        right("import warnings\nwarnings.warn('slow')\nnp.zeros(1) / 0"),
        first=(
            "import warnings\nwarnings.filterwarnings('error')\nnp.seterr(all='raise')\n"
            "np.set_printoptions(precision=1)",
        ),
    ),
    Row("results in another byte order", FULL, right(after="return right.astype('>f8')")),
    Row(
        "results that cannot be written to", FULL, right(after="right.flags.writeable = False\nreturn right")
    ),
    Row("results in longer floats", FULL, right(after="return right.astype(np.longdouble)")),
    Row(
        "results in a file",
        FULL,
        right(after="m = np.memmap('/tmp/x', float, 'w+', shape=right.shape)\nm[:] = right\nreturn m"),
    ),
    Row("masked arrays with nothing masked", FULL, right(after="return np.ma.masked_array(right)")),
    Row("sizes as NumPy's numbers", FULL, _size_as("np.int64")),
    Row("sizes as arrays without axes", FULL, _size_as("np.array")),
    Row(
        "memory between calls",
        FULL,
        solved(
            correlate1d="""
import functools
@functools.lru_cache
def places(n): return range(n)
calls = 0
def correlate1d(*args, **kwargs):
    global calls
    calls += 1
    def inner(input, weight):
        return np.array([input[x : x + len(weight)] @ weight for x in places(len(input) - len(weight) + 1)])
    return inner(*args, **kwargs)
"""
        ),
    ),
    Row(
        "two functions in one cell",
        FULL,
        {**ALL, "correlate1d": BOTH},
        change=_merged,
        flags=("the cell convolve1d was deleted",),
    ),
    Row(
        "a cell that was split in two",
        FULL,
        right(after="return tidy(right)"),
        change=_split,
        flags=("2 cells are called correlate1d",),
    ),
    Row("lines that end as on Windows", FULL, change=_windows),
    Row(
        "classes, types and doctests of its own",
        FULL,
        first=(
            """
from __future__ import annotations
import dataclasses, doctest, typing, unittest
@dataclasses.dataclass
class Signal:
    values: np.ndarray
class Pair(typing.NamedTuple):
    left: int = 0
def twice(x):
    ">>> twice(2)\\n4"
    return 2 * x
print('DOCTEST', doctest.testmod())
class Test(unittest.TestCase):
    def test(self): self.assertEqual(twice(1), 2)
_ = unittest.main(argv=[''], exit=False)
""",
        ),
        cells=("DOCTEST TestResults(failed=0, attempted=1)", "Ran 1 test"),
    ),
    Row(
        "extensions, logging, a profile and a timed cell",
        FULL,
        first=(
            "%load_ext autoreload\n%autoreload 2",
            "import logging\nlogging.basicConfig(level=logging.DEBUG)\nlogging.debug('LOGGED')",
            "%%capture\nprint('not shown')",
            "%%timeit -n 1 -r 1\nsum(range(10))",
            "%prun sum(range(10))",
            "import cProfile\ncProfile.run('1 + 1')",
        ),
        cells=("LOGGED",),
        absent=("not shown",),
    ),
    Row("KeyboardInterrupt and a bare raise", FULL, first=("raise KeyboardInterrupt", "raise")),
    Row(
        "a thread that never ends",
        FULL,
        first=("import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()",),
    ),
    Row(
        "a picture that is too large to keep",
        FULL,
        first=(
            "import matplotlib.pyplot as plt\nplt.figure(figsize=(20, 20))\n"
            "plt.imshow(np.random.rand(1500, 1500))\nplt.show()",
        ),
    ),
    Row(
        "asks for a password", FULL, first=("import getpass\ngetpass.getpass()",), cells=("nobody is there",)
    ),
    Row(
        "another folder, and another way to print",
        FULL,
        first=(
            "import os\nos.makedirs('a/b')\nos.chdir('a/b')",
            "import builtins\nbuiltins.print = lambda *a, **k: None",
        ),
    ),
    Row(
        "a wrong answer of another shape for other numbers",
        (0, 3, 2),
        right(after="return right[right != 0] + 1"),
        message={"correlate1d": "got 2, expected 1"},
    ),
    Row(
        "an exception whose text raises",
        (0, 3, 2),
        calls("class E(Exception):\n    def __str__(self): raise ValueError\nraise E"),
        message={"correlate1d": "what it raised cannot be shown"},
    ),
    Row(
        "an address in a message",
        (0, 3, 2),
        calls("raise ValueError(object())"),
        message={"correlate1d": "<object object at 0x…>"},
    ),
    Row(
        "a dict that no message can name",
        (0, 3, 2),
        calls("return {(1, 2): 3}"),
        message={"correlate1d": "the result is a dict with keys that are no text"},
    ),
    Row(
        "waits in each call, as if the machine were busy",
        FULL,
        right("import time\ntime.sleep(0.35)"),  # all calls together: longer than they may compute
        seconds=30.0,
    ),
)
