"""What the text of a submission tells about what nobody sees while it runs."""

import pytest
from guarding import EXERCISE

from convlab.checks.guard import syntax_report


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("exec('pass')", "exec runs text as code"),
        ("run = eval", "eval runs text as code"),
        ("import builtins\nbuiltins.exec('')", "builtins.exec runs text as code"),
        ("import ctypes", "import ctypes calls machine code directly"),
        ("from ctypes import CDLL", "import ctypes calls machine code directly"),
        ("import subprocess as s", "import subprocess runs another program"),
        ("import os\nos.system('ls')", "os.system runs another program"),
        ("from os import popen", "os.popen runs another program"),
        ("import multiprocessing.pool", "import multiprocessing.pool runs another program"),
        (
            "import inspect, convlab\ninspect.getsource(convlab)",
            "import inspect looks into running or loaded code",
        ),
        ("__import__('scipy')", "__import__ loads a module whose name the text does not show"),
        ("import importlib", "import importlib loads a module whose name the text does not show"),
        ("import sys\nsys.setprofile(None)", "sys.setprofile can switch off what watches the call"),
        ("import cProfile", "import cProfile can switch off what watches the call"),
        ("import profile", "import profile can switch off what watches the call"),
        ("from _lsprof import Profiler", "import _lsprof can switch off what watches the call"),
        (
            "api.PyEval_SetProfile(None, None)",
            "api.PyEval_SetProfile can switch off what watches the call",
        ),
        (
            "torch._C._ExcludeDispatchKeyGuard(keys)",
            "…._ExcludeDispatchKeyGuard can switch off what watches the call",
        ),
        (
            "from torch.utils._python_dispatch import _disable_current_modes",
            "torch.utils._python_dispatch._disable_current_modes can switch off what watches the call",
        ),
        ("np._core.numeric", "np._core reaches NumPy's correlation from below"),
        ("np.core.multiarray.correlate", "….multiarray reaches NumPy's correlation from below"),
        ("from numpy._core import x", "import numpy._core reaches NumPy's correlation from below"),
        ("import sys\nsys.settrace(f)", "sys.settrace can switch off what watches the call"),
        ("import sys\nsys._getframe()", "sys._getframe looks into running or loaded code"),
        ("import gc", "import gc looks into running or loaded code"),
        ("f.__globals__", "f.__globals__ looks into running or loaded code"),
        ("f().__code__", "….__code__ looks into running or loaded code"),
        ("getattr(np, 'convolve')", 'getattr(…, "convolve") reaches it by a text'),
        (
            "getattr(np, 'con' + 'volve')",
            "getattr with a computed name: the text does not show what it reaches",
        ),
        ("vars(np)['convolve']", '…["convolve"] may reach it by a text'),
        ("np.fft._pocketfft_umath.fft(x)", "…._pocketfft_umath reaches NumPy's FFT from below"),
        (
            "from numpy.fft import _pocketfft_umath",
            "numpy.fft._pocketfft_umath reaches NumPy's FFT from below",
        ),
    ],
)
def test_the_text_tells_what_nobody_sees(source, said):
    line = source.count("\n") + 1
    line = 1 if said.startswith("import ") else line
    assert f"correlate1d, line {line}: {said}" in syntax_report(source, EXERCISE)


def test_text_that_cannot_be_read_is_told():
    assert syntax_report(len, EXERCISE) == ["correlate1d: its text could not be read"]
    assert syntax_report("def f(:", EXERCISE) == ["correlate1d: its text could not be parsed (SyntaxError)"]
    assert syntax_report("x = \0", EXERCISE)[0].startswith("correlate1d: its text could not be parsed")
    assert syntax_report("(" * 5000, EXERCISE)[0].startswith("correlate1d: its text could not be parsed")


def test_odd_backslashes_are_no_warning():
    assert syntax_report(r"print('\_')", EXERCISE) == []
