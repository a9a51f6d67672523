"""Notes, for the instructor, what a student's text does that nobody sees while it runs. Never a failure."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convlab.checks.exercise import Exercise

__all__ = ["syntax_report"]

_TEXT_AS_CODE = "runs text as code"
_OTHER_PROGRAM = "runs another program"
_MACHINE_CODE = "calls machine code directly"
_LOOKS_INTO = "looks into running or loaded code"
_UNWATCHES = "can switch off what watches the call"
_CORRELATION = "reaches NumPy's correlation from below"
_BY_NAME = "loads a module whose name the text does not show"

_CALLS = {
    "exec": _TEXT_AS_CODE,
    "eval": _TEXT_AS_CODE,
    "compile": _TEXT_AS_CODE,
    "__import__": _BY_NAME,
    "breakpoint": _LOOKS_INTO,
}
_MODULES = {
    "builtins": _LOOKS_INTO,
    "ctypes": _MACHINE_CODE,
    "cffi": _MACHINE_CODE,
    "numba": _MACHINE_CODE,
    "subprocess": _OTHER_PROGRAM,
    "multiprocessing": _OTHER_PROGRAM,
    "pty": _OTHER_PROGRAM,
    "importlib": _BY_NAME,
    "runpy": _BY_NAME,
    "pickle": _TEXT_AS_CODE,
    "marshal": _TEXT_AS_CODE,
    "code": _TEXT_AS_CODE,
    "inspect": _LOOKS_INTO,
    "dis": _LOOKS_INTO,
    "gc": _LOOKS_INTO,
    "_thread": _UNWATCHES,
    "cProfile": _UNWATCHES,
    "profile": _UNWATCHES,
    "_lsprof": _UNWATCHES,
}
_ATTRIBUTES = {
    "setprofile": _UNWATCHES,
    "getprofile": _UNWATCHES,
    "settrace": _UNWATCHES,
    "monitoring": _UNWATCHES,
    "addaudithook": _UNWATCHES,
    "_disable_current_modes": _UNWATCHES,
    "_DisableTorchDispatch": _UNWATCHES,
    "_ExcludeDispatchKeyGuard": _UNWATCHES,
    "PyEval_SetProfile": _UNWATCHES,
    "_getframe": _LOOKS_INTO,
    "_current_frames": _LOOKS_INTO,
    "_pocketfft_umath": "reaches NumPy's FFT from below",
    "_pocketfft": "reaches NumPy's FFT from below",
    "_core": _CORRELATION,
    "multiarray": _CORRELATION,
    "_multiarray_umath": _CORRELATION,
    "cpp_extension": _MACHINE_CODE,
    "load_library": _MACHINE_CODE,
    "__code__": _LOOKS_INTO,
    "__globals__": _LOOKS_INTO,
    "__closure__": _LOOKS_INTO,
    "__builtins__": _LOOKS_INTO,
    "__subclasses__": _LOOKS_INTO,
}
_OF_OS = re.compile(r"system|popen|fork\w*|exec[lv]\w*|spawn\w+|posix_spawnp?")
_CONVOLUTION = re.compile(r"conv(?!ert)|correlat|fft|im2col|unfold", re.IGNORECASE)


def syntax_report(source: str | Callable[..., Any], exercise: Exercise) -> list[str]:
    """Sentences about what the guard cannot see, in the order of the lines.

    Parameters
    ----------
    source : a function, or the text of one or more cells
    exercise : named in the sentences
    """
    if not isinstance(source, str):
        try:
            source = textwrap.dedent(inspect.getsource(inspect.unwrap(source)))
        except (OSError, TypeError):
            return [f"{exercise.name}: its text could not be read"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd backslash in the student's text
            notes = sorted(set(_notes(ast.parse(source))))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return [f"{exercise.name}: its text could not be parsed ({type(error).__name__})"]
    return [f"{exercise.name}, line {line}: {what}" for line, what in notes]


def _notes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    yield from _note(node.lineno, f"import {alias.name}", _of_module(alias.name))
            case ast.ImportFrom(module=str(module), names=aliases):
                yield from _note(node.lineno, f"import {module}", _of_module(module))
                for alias in aliases:
                    why = _of_attribute(module, alias.name) or _MODULES.get(alias.name)
                    yield from _note(node.lineno, f"{module}.{alias.name}", why)
            case ast.Name(id=name):
                yield from _note(node.lineno, name, _CALLS.get(name) or _ATTRIBUTES.get(name))
            case ast.Attribute(value=value, attr=attr):
                owner = value.id if isinstance(value, ast.Name) else "…"
                yield from _note(node.lineno, f"{owner}.{attr}", _of_attribute(owner, attr))
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(text)), *_]):
                if _CONVOLUTION.search(text) or text in _ATTRIBUTES or text in _CALLS:
                    yield node.lineno, f'getattr(…, "{text}") reaches it by a text'
            case ast.Call(func=ast.Name(id="getattr")):
                yield node.lineno, "getattr with a computed name: the text does not show what it reaches"
            case ast.Subscript(slice=ast.Constant(value=str(text))) if _CONVOLUTION.search(text):
                yield node.lineno, f'…["{text}"] may reach it by a text'


def _of_module(name: str) -> str | None:
    return next(
        (why for part in name.split(".") if (why := _MODULES.get(part) or _ATTRIBUTES.get(part))), None
    )


def _of_attribute(owner: str, attr: str) -> str | None:
    if owner == "os" and _OF_OS.fullmatch(attr):
        return _OTHER_PROGRAM
    if owner == "builtins":
        return _CALLS.get(attr)
    return _ATTRIBUTES.get(attr)


def _note(line: int, what: str, why: str | None) -> Iterator[tuple[int, str]]:
    if why:
        yield line, f"{what} {why}"
