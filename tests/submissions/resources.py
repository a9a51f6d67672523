"""Submissions that take all there is: time, memory, processes, disk, the grader's patience."""

from submissions.rows import (
    EXERCISES,
    FULL,
    QUICK,
    Row,
    calls,
    right,
    solved,
)

ROWS = (
    Row(
        "an infinite loop in a function",
        (0, 3, 2),
        calls("while True: pass"),
        limit_changes=QUICK,
        message={"correlate1d": "does a loop never end"},
    ),
    Row(
        "while True: try/except",
        (0, 3, 2),
        calls("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        limit_changes=QUICK,
        message={"correlate1d": "stopped after 2 s in correlate1d"},
        limits=("correlate1d: stopped after 2 s",),
    ),
    Row(
        "ignored signals",
        (0, 3, 2),
        calls(
            "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n"
            "    except (OSError, ValueError): pass\nwhile True: pass"
        ),
        limit_changes=QUICK,
        message={"correlate1d": "stopped after 2 s in correlate1d"},
    ),
    Row(
        "sleeps",
        (0, 3, 2),
        calls("import time\ntime.sleep(1000)"),
        limit_changes=QUICK,
        message={"correlate1d": "does a loop never end"},
    ),
    Row(
        "a loop in machine code",
        (0, 3, 2),
        calls("return sum(range(10**12))"),
        limit_changes=QUICK,
        message={"correlate1d": "does a loop never end"},
    ),
    Row(
        "all three hang",
        (0, 0, 0),
        {
            name: f"def {name}(*a, **k):\n    while True:\n        try: 1 / 0\n"
            f"        except BaseException: pass"
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
        limits=("cell 15: stopped after 2 s",),
    ),
    Row(
        "an endless cell that swallows everything",
        FULL,
        first=("while True:\n    try:\n        while True: pass\n    except BaseException: pass",),
        limit_changes=QUICK,
        limits=("cell 15: stopped after 2 s",),
    ),
    Row("os._exit in a cell", FULL, first=("import os\nos._exit(0)",), limits=("cell 15: it ended Python",)),
    Row(
        "memory",
        (0, 3, 2),
        calls("kept = []\nwhile True: kept.append(bytearray(10**8))"),
        message={"correlate1d": "MemoryError"},
    ),
    Row("a huge array", (0, 3, 2), calls("return np.zeros(10**11)"), message={"correlate1d": "emory"}),
    Row(
        "an answer of 10 GB that takes no memory",
        (0, 3, 2),
        calls("return np.broadcast_to(1.0, (10**10,))"),
        message={"correlate1d": "larger than any answer"},
    ),
    Row(
        "an answer of a million entries",
        (0, 3, 0),
        {
            **calls("return np.zeros(10**6)"),
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
        calls("return [0] * 10**6"),
        message={"correlate1d": "larger than any answer"},
    ),
    Row(
        "an answer that holds itself",
        (0, 3, 2),
        calls("a = []\na.append(a)\nreturn a"),
        message={"correlate1d": "larger than any answer"},
    ),
    Row(
        "huge integers",
        (3, 3, 0),
        solved(output_size="def output_size(*a, **k):\n    return 10 ** 100_000"),
        message={"output_size": "it must be an integer"},
    ),
    Row(
        "deep recursion",
        (0, 3, 2),
        calls("return correlate1d(input, weight)"),
        message={"correlate1d": "RecursionError"},
    ),
    Row(
        "stack overflow in C",
        (0, 3, 2),
        calls("import sys, ctypes\nctypes.string_at(0)"),
        message={"correlate1d": "a crash in machine code"},
    ),
    Row(
        "fork bomb",
        FULL,
        first=("import os\nwhile True:\n    try: os.fork()\n    except OSError: break",),
    ),
    Row(
        "endless fork bomb in a function",
        (0, 3, 2),
        calls("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"),
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
            "import os, signal\nfor p in [-1, 1, *range(2, 3000)]:\n"
            "    for s in (signal.SIGSTOP, signal.SIGKILL):\n"
            "        try: os.kill(p, s)\n        except OSError: pass",
        ),
        limit_changes=QUICK,
    ),
    Row("an atexit loop", FULL, first=("import atexit\n@atexit.register\ndef f():\n    while True: pass",)),
    Row(
        "a regular expression that never ends",
        (0, 3, 2),
        calls("import re\nre.match('(a+)+$', 'a' * 64 + 'b')"),
        limit_changes=QUICK,
        message={"correlate1d": "does a loop never end"},
    ),
    Row("closes all files", (0, 3, 2), calls("import os\nos.closerange(0, 1000)"), limit_changes=QUICK),
    Row(
        "closes all files in a cell",
        FULL,
        first=("import os\nos.closerange(0, 1000)",),
        limit_changes=QUICK,
        limits=("cell 15: it ended",),
    ),
    Row(
        "a C stack that overflows",
        (0, 3, 2),
        calls("import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return sorted([x], key=f)\nreturn f(1)"),
        message={"correlate1d": "a crash in machine code"},
    ),
    Row(
        "90,000 odd objects",
        (0, 3, 2),
        calls("class Odd: pass\nreturn [Odd() for _ in range(90_000)]"),
        message={"correlate1d": "larger than any answer"},
    ),
    Row(
        "2,000 odd types",
        (0, 3, 2),
        calls("return [type(f'T{i}', (), {})() for i in range(2_000)]"),
        message={"correlate1d": "the result is a list"},
    ),
    Row(
        "15 MB of text for each answer",
        (0, 3, 2),
        calls("return 'x' * 15_000_000"),
        message={"correlate1d": "larger than any answer"},
    ),
    Row(
        "a text that is made without end",
        (0, 3, 2),
        calls("class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E"),
        limit_changes=QUICK,
        limits=("correlate1d: stopped after",),
    ),
    Row(
        "a signature that never comes",
        (0, 3, 2),
        solved(
            correlate1d="class C:\n    @property\n    def __signature__(self):\n"
            "        while True: pass\n    def __call__(self, *a): return 0\n"
            "correlate1d = C()"
        ),
        limit_changes=QUICK,
        message={"correlate1d": "stopped after 2 s"},
    ),
    Row(
        "a text to show that never comes",
        FULL,
        first=("class R:\n    def __repr__(self):\n        while True: pass\nR()",),
        limit_changes=QUICK,
        limits=("cell 15: stopped after 2 s",),
    ),
    Row(
        "switches the alarm off",
        (0, 3, 2),
        calls("import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass"),
        limit_changes=QUICK,
        message={"correlate1d": "stopped after 2 s"},
    ),
    Row(
        "never ends for other numbers",
        (0, 3, 2),
        right(after="while np.count_nonzero(input) != len(input): pass\nreturn right + 1"),
        limit_changes=QUICK,
        message={"correlate1d": "17 of 17 samples differ"},
        seconds=20.0,
    ),
    Row(
        "memory that is shared",
        FULL,
        first=(
            "import mmap\ntry: mmap.mmap(-1, 10**9); print('DONE')\n"
            "except OSError as e: print('REFUSED', e.strerror)\n"
            "try: mmap.mmap(open('/dev/zero', 'r+b').fileno(), 10**9); print('DONE')\n"
            "except OSError as e: print('REFUSED', e.strerror)",
        ),
        cells=("REFUSED",),
        absent=("DONE",),
    ),
    Row(
        "memory that is filled before anybody looks",
        FULL,
        first=(
            "import os, time\nkept = bytearray(3 * 10**8)\nfor i in range(6):\n"
            "    if os.fork() == 0:\n        more = bytearray(kept)\n"
            "        time.sleep(100)\ntime.sleep(100)",
        ),
        limit_changes={"more_memory": 800 * 2**20, "cell_seconds": 8.0},
        limits=("used too much memory",),
    ),
    Row(
        "shows more than it may, in every cell",
        FULL,
        last=(
            "import convlab.grading.child as child\nchild._Outputs.restart = lambda self, n: None\n"
            "child._outputs.items = [{'output_type': 'stream', 'name': 'stdout', 'text': 'x' * 500_000}]",
            *("1",) * 60,
        ),
    ),
    Row(
        "processes that never stop to begin others",
        FULL,
        first=(
            "import os\nwhile True:\n    try:\n        if os.fork() == 0: os.setsid()\n"
            "    except OSError: pass",
        ),
        limit_changes=QUICK,
        limits=("cell 15: stopped after 2 s",),
    ),
    Row(
        "timers, nested functions and open files",
        FULL,
        first=(
            "import os, socket\nkept = []\ntry:\n"
            "    while True: kept.append(socket.socketpair())\n"
            "except OSError as e: print(e.strerror)",
        ),
        cells=("Too many open files",),
    ),
)
