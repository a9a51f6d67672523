"""Plays one call against a student's function: within a time limit, quietly, on copies, and says what went wrong.

What happens inside the student's function stays there: no exception, warning or changed argument gets past
`play`. It is the student's kernel, so this is no boundary against somebody who wants through; that is grading's.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import linecache
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Sample
from convlab.checks.guard import guarded
from convlab.checks.samples import arrays_in, laid_out_like

__all__ = ["Failure", "OutOfTime", "Played", "play"]

MOST_PRINTED = 10_000  # characters of one call


@dataclass(frozen=True)
class Failure:
    """Why a call gave no answer that could be compared.

    Parameters
    ----------
    kind : "not written", "signature", "refused", "raised", "modified" or "time"
    text : the sentence(s) for the student
    """

    kind: str
    text: str


@dataclass(frozen=True)
class Played:
    """What one call gave: an answer, or a failure; and what it printed."""

    answer: Any = None
    failure: Failure | None = None
    printed: str = ""


class OutOfTime(BaseException):
    """Raised in the student's code by the timer. Not an Exception: `except Exception` must not swallow it."""


def play(function: Callable[..., Any], exercise: Exercise, sample: Sample, seconds: float) -> Played:
    """Call `function` with copies of the sample's arguments and at most `seconds` of time."""
    args = tuple(_copy(value) for value in sample.args)
    kwargs = {name: _copy(value) for name, value in sample.kwargs.items()}
    refused = _refuses(function, exercise, args, kwargs)
    if refused:
        return Played(failure=Failure("signature", refused))
    said = _Printed()
    guard = guarded(function, exercise, (*args, *kwargs.values()))
    started = time.monotonic()
    failure: Failure | None = None
    answer = None
    try:
        # The guard is outside of the limit: the alarm must not ring while it puts things back.
        with _quiet(said), guard, _time_limit(seconds):
            started = time.monotonic()  # only now: the guard may have had to import a part of torch
            answer = function(*args, **kwargs)
    except OutOfTime:
        failure = _too_slow(exercise)
    except KeyboardInterrupt:  # the reader pressed stop: that is theirs, not the function's
        raise
    except BaseException as error:
        failure = _raised(function, exercise, error)
    if time.monotonic() - started > seconds:
        failure = _too_slow(exercise)
    if guard.refusal:
        # Whatever came of the call: the refusal may have been swallowed, or raised in another thread.
        failure = Failure("refused", guard.refusal)
    if failure:
        return Played(failure=failure, printed=said.getvalue())
    given = dict(zip(exercise.parameters, args)) | kwargs
    for (name, after), before in zip(given.items(), (*sample.args, *sample.kwargs.values())):
        if _changed(list(arrays_in(before)), list(arrays_in(after))):
            instead = f"work on a copy ({name}.copy()) or on a new array"
            if not isinstance(before, np.ndarray):
                instead = "make new arrays and put them into a new list"
            text = f"it changed its argument `{name}` in place: {instead}"
            return Played(failure=Failure("modified", text), printed=said.getvalue())
    return Played(answer=answer, printed=said.getvalue())


def _changed(before: list[np.ndarray], after: list[np.ndarray]) -> bool:
    # Not to the last bit: who adds eps and takes it away again has left the argument as it was.
    return [a.shape for a in after] != [b.shape for b in before] or any(
        not np.allclose(a, b, rtol=1e-9, atol=1e-9) for a, b in zip(after, before)
    )


def _copy(value: Any) -> Any:
    """A copy; of an array, with the same strides and flags: a layout is part of the sample."""
    if isinstance(value, np.ndarray):
        return laid_out_like(value, value)
    if isinstance(value, tuple | list):
        return type(value)(_copy(item) for item in value)
    return copy.deepcopy(value) if isinstance(value, dict) else value


def _refuses(function: Callable[..., Any], exercise: Exercise, args: Any, kwargs: Any) -> str | None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # builtins may have none
        return None
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        wanted = ", ".join(exercise.parameters)
        return f"it cannot be called as the exercise asks ({error}): its arguments must be ({wanted})"
    return None


class _Printed(io.StringIO):
    """Keeps what is printed, as far as anybody would read it."""

    def write(self, text: str) -> int:
        return super().write(text) if self.tell() < MOST_PRINTED else len(text)


@contextlib.contextmanager
def _quiet(said: _Printed) -> Iterator[None]:
    """Nothing of the student's call reaches stderr: nbgrader would score even a harmless warning as zero."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Interrupt the body after `seconds`, where that is possible: on the main thread of a system with signals."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, interrupt)
    # It rings again every 0.1 s, for code that swallows every exception in a loop.
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _too_slow(exercise: Exercise) -> Failure:
    return Failure(
        "time",
        f"stopped: the calls took more than {exercise.time_limit:g} s together, and loops need milliseconds: "
        "does a loop never end?",
    )


def _raised(function: Callable[..., Any], exercise: Exercise, error: BaseException) -> Failure:
    if isinstance(error, NotImplementedError):
        return Failure("not written", _not_written(function, exercise, error))
    what = f"{type(error).__name__}: {error}".strip().rstrip(":")
    what = what if len(what) <= 300 else what[:297] + "..."
    text = f"it raised {what}"
    where = _own_line(function, error)
    if where:
        text += f"\n{where}"
    if "read-only" in str(error):
        text += "\nthis input may not be written to: work on a copy or on a new array"
    return Failure("raised", text)


def _not_written(function: Callable[..., Any], exercise: Exercise, error: BaseException) -> str:
    raised_in = traceback.extract_tb(error.__traceback__)[-1].name
    which = exercise.name
    if raised_in not in (which, getattr(function, "__name__", which)):
        which = f"{raised_in}, which {which} calls,"
    return f"{which} is not written yet: write its body in place of the line that raises"


def _own_line(function: Callable[..., Any], error: BaseException) -> str | None:
    """The deepest line of the traceback that the student wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    code = getattr(inspect.unwrap(function), "__code__", None)
    own = [f for f in frames if code is not None and f.filename == code.co_filename]
    own = own or [f for f in frames if f.filename.startswith("<ipython") or "ipykernel" in f.filename]
    if not own:
        return None
    frame = own[-1]
    line = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()
    return f"in line {frame.lineno} of the cell: {line}" if line else None
