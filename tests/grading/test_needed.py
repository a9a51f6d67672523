"""An instructor's cell runs if the student's code looks up what it binds, straight or through another cell."""

import pytest

from convlab.grading.needed import needed

CELLS = [
    "import numpy as np\nfrom convlab import draw",  # 0
    "signal = np.arange(3)",  # 1
    "kernel = signal[:2]\ndraw.signal(kernel)",  # 2
    "draw.signal(signal)",  # 3
    "def helper(x):\n    return x + offset",  # 4
    "offset = 5",  # 5
    "signal[0] = 7",  # 6
    "signal.sort()",  # 7
    "print(np.sum(signal))",  # 8
    "np.convolve([1], [2])",  # 9
]


def runs(*students, cells=CELLS):
    return [index for index, must in enumerate(needed(cells, students)) if must]


@pytest.mark.parametrize(
    ("code", "which"),
    [
        ("def f(x):\n    return x", []),
        ("def f(signal, kernel):\n    return signal", []),  # its own names, not the notebook's
        ("def f(x):\n    return np.sum(x)", [0]),
        ("y = signal", [0, 1, 6, 7]),  # with what changes it
        ("def f(x):\n    return x * kernel", [0, 1, 2, 6, 7]),
        ("def f(x):\n    return helper(x)", [4, 5]),
        ("def f(x):\n    def inner():\n        return offset\n    return inner()", [5]),
        ("f = lambda x: [offset for _ in x]", [5]),
        ("def f(x):\n    global offset\n    offset += 1", [5]),
        ("class A:\n    size = offset", [5]),
        ("helper = 3", [4, 5]),  # bound again: it may have been meant to be looked up
        ("# signal is not used\n'offset'", []),
    ],
)
def test_what_is_looked_up_runs_and_nothing_else(code, which):
    assert runs(code) == which


@pytest.mark.parametrize(
    "code",
    [
        "globals()['sig' + 'nal']",
        "eval('off' + 'set')",
        "%run this",
        "signal?",
        "!ls",
        "import sys",
        "def broken(:",
        "In[3]",
        "x = __import__('builtins')",
    ],
)
def test_where_any_name_may_be_looked_up_all_cells_run(code):
    assert runs(code) == list(range(len(CELLS)))


@pytest.mark.parametrize(
    "cell",
    [
        "np.random.seed(3)",
        "torch.manual_seed(0)",
        "np.set_printoptions(precision=2)",
        "from convlab.draw import *",
        "%matplotlib inline",
        "warnings.simplefilter('ignore')",
    ],
)
def test_what_changes_something_for_all_runs(cell):
    assert runs("def f(x):\n    return x", cells=[cell, "other = 1"]) == [0]


def test_several_cells_of_a_student_count_together():
    assert runs("def f(x):\n    return offset", "def g(x):\n    return np.sum(x)") == [0, 5]
    assert runs() == []
