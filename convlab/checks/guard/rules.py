"""What is refused, by name, and the sentence that says so.

Knows names only: it imports nothing of what it refuses, and does not know how calls are seen.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["Rules", "is_house"]


class _Row(NamedTuple):
    """Python functions that are refused: where they are defined, what they are called there, and by people."""

    module: str
    qualname: str
    shown: str  # {0} is the qualname, {1} its first part, {2} the first group of the module's pattern
    fft: bool = False


_SCIPY_FILTERS = (
    r"(?!.*(?:freq|spline))"
    r".*(conv(?!ert)|correl|filter|sobel|prewitt|lapla|gradient|upfirdn|decimate|resample|wiener).*"
)
_FFT_NAMES = r"_?(i?[rh]?fft[2n]?|ih?r?fft[2n]?|[cr]2[cr]n?|raw_fft(nd)?)"

_PYTHON = (
    _Row(r"numpy\._core\.numeric", r"convolve|correlate", "np.{0}"),
    _Row(r"numpy\.ma\.core", r"convolve|correlate", "np.ma.{0}"),
    # The product of two polynomials is the convolution of their coefficients.
    _Row(r"numpy\.lib\._polynomial_impl", r"polymul", "np.polymul (a product of polynomials)"),
    _Row(r"numpy\.polynomial\.polynomial", r"polymul|polypow", "np.polynomial.polynomial.{0}"),
    _Row(r"numpy\.fft\._pocketfft", _FFT_NAMES, "np.fft.{0}", fft=True),
    _Row(r"scipy\.fft\b.*", _FFT_NAMES, "scipy.fft", fft=True),
    _Row(r"scipy\.fftpack\b.*", _FFT_NAMES, "scipy.fftpack", fft=True),
    _Row(r"(scipy\.signal)\b.*", _SCIPY_FILTERS, "{2}.{0}"),
    _Row(r"(scipy\.ndimage)\b.*", _SCIPY_FILTERS, "{2}.{0}"),
    _Row(r"scipy\.linalg\._special_matrices", r"convolution_matrix", "scipy.linalg.{0}"),
    _Row(r"torch\.nn\.functional", r"unfold|fold", "torch.nn.functional.{0}"),
    _Row(r"torch\.nn\.modules\.(conv|fold)", r"\w+\.forward", "torch.nn.{1}"),
    _Row(r"torch\.nn\.grad", r"conv\w+", "torch.nn.grad.{0}"),
    _Row(r"torch\.functional", r"i?stft", "torch.{0}", fft=True),
    _Row(r"(subprocess)", r"Popen\.__init__", "a new process ({2})"),
    _Row(r"(multiprocessing)\.process", r"BaseProcess\.start", "a new process ({2})"),
)

# Built-in functions and torch's operators, whoever owns them: conv2d, mkldnn_convolution, correlate2, fft_rfft2, …
_CONVOLUTION = re.compile(r"(?:^|_|::q?)conv(?!ert)|correlate|im2col|col2im")
_FFT = re.compile(r"(?:^|_|::)(?:i?[rh]?fft|ihfft|i?stft)(?!\w*(?:freq|shift|cache))")

_UNSEEN = (
    "a new process",
    "work for a thread",
    "_thread",
    "taking the watch off",
    "a profiler",
    "sys.setprofile",
)

# What of convlab runs a student's function, or shows something and computes nothing.
_NOT_HOUSE = re.compile(
    r"convlab\.(draw|data|pictures|authoring|grading|notebook|cli|demo|__main__|checks\.(guard|play))\b"
)


class Rules:
    """What one exercise refuses.

    Parameters
    ----------
    name : the exercise's
    allowed : what it does not refuse: "functional.pad" of convlab (or "functional", all of that module),
        "functional.conv2d with groups=1", which is refused with more groups, and "numpy.fft", which stands for
        torch's and SciPy's too
    """

    def __init__(self, name: str, allowed: Sequence[str]) -> None:
        self._name = name
        self._allowed = tuple(one.removeprefix("convlab.") for one in allowed)
        self._fft = bool({"numpy.fft", "np.fft"} & set(self._allowed))
        limited = [one.split(" with ") for one in self._allowed if " with " in one]
        self._limited = {name: condition.split("=") for name, condition in limited}

    def of_python(self, module: str, qualname: str) -> str | None:
        """What people call this Python function, if it is refused; "" if that depends on its arguments; else None."""
        if is_house(module):
            if qualname == "__getattr__":
                return None  # it looks a name up and computes nothing
            name = f"{module.removeprefix('convlab.')}.{qualname}"
            if module == "convlab.checks.exercise" and not qualname.endswith("__call__"):
                return None  # what it is to print an argument that is a Probe
            if name in self._limited:
                return ""
            allowed = any(name == one or name.startswith(f"{one}.") for one in self._allowed)
            return None if allowed else f"convlab.{name}"
        found = _refused_python(module, qualname)
        return None if found is None or (found[1] and self._fft) else found[0]

    def of_call(self, module: str, qualname: str, arguments: Mapping[str, Any]) -> str | None:
        """What people call this call, if it is refused for its arguments; else None."""
        name = f"{module.removeprefix('convlab.')}.{qualname}"
        if name not in self._limited:
            return None
        argument, only = self._limited[name]
        given = str(arguments.get(argument))
        return None if given == only else f"convlab.{name} with {argument}={given}"

    def of_operator(self, name: str) -> str | None:
        """What people call this built-in function ("conv2d") or torch operator ("aten::im2col"), if refused."""
        found = _refused_operator(name)
        return None if found is None or (found[1] and self._fft) else found[0]

    def sentence(self, what: str) -> str:
        """What the student reads."""
        why = ", as nobody sees what is computed there" if what.startswith(_UNSEEN) else ""
        more = [
            name if "numpy" in name or name.startswith("np.") else f"convlab.{name}" for name in self._allowed
        ]
        allowed = [
            "loops",
            "slices",
            "sums and products (np.sum, @, np.einsum)",
            "np.pad",
            "sliding_window_view",
        ]
        *most, last = allowed + more
        return (
            f"write the sums yourself: this exercise is about what {self._name} does.\n"
            f"{what} is refused here{why}; allowed are {', '.join(most)} and {last}"
        )


def is_house(module: str) -> bool:
    """Whether this module of convlab computes what students are asked to write."""
    return module.startswith("convlab.") and not _NOT_HOUSE.match(module)


@functools.lru_cache(maxsize=4096)
def _refused_python(module: str, qualname: str) -> tuple[str, bool] | None:
    """(What people call it, whether it is an FFT), or None."""
    for row in _PYTHON:
        place = re.fullmatch(row.module, module)
        if place and re.fullmatch(row.qualname, qualname):
            return row.shown.format(qualname, qualname.partition(".")[0], *place.groups()), row.fft
    return None


@functools.lru_cache(maxsize=4096)
def _refused_operator(name: str) -> tuple[str, bool] | None:
    short = name.rpartition("::")[2]
    if _FFT.search(name):
        public = re.fullmatch(r"fft_(\w+)", short)
        return (
            f"torch.fft.{public[1]}" if public else "torch.fft" if "stft" not in short else f"torch.{short}"
        ), True
    if not _CONVOLUTION.search(name):
        return None
    if short in ("correlate", "correlate2"):
        return "np.correlate", False
    if short in ("im2col", "col2im"):
        return f"torch.nn.functional.{'unfold' if short == 'im2col' else 'fold'}", False
    if re.fullmatch(r"conv\d[dD]|conv_transpose\dd|conv_tbc", short):
        return f"torch.nn.functional.{short}", False
    return f"torch's {short}", False
