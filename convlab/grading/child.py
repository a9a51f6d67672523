"""What runs a student's cells and answers calls of their functions, inside the sandbox.

Everything here is at the mercy of the student's code, and nothing here is believed: it can spoil its own answers and
no more. It must not know the exercises' samples, mistakes and right answers, nor nbgrader; `check` does nothing here.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import resource
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from convlab.checks.exercise import Exercise, Sample
from convlab.checks.play import OutOfTime, play
from convlab.grading.limits import Limits
from convlab.grading.wire import MOST_PARTS, Named, Pipe, WireError, decode, encode

__all__ = ["make_shell", "run", "without_checks"]

_MISSING = object()
_COST = 100  # what an output counts beside its text: to be kept, sent and read


class CellTimeout(BaseException):
    """Raised in a cell by the timer. Not an Exception: `except Exception` must not swallow it."""


class _Outputs:
    """What a cell has shown, up to a number of bytes."""

    def __init__(self) -> None:
        self.restart(0)

    def restart(self, largest: int) -> None:
        self.left = largest
        self.items: list[dict[str, Any]] = []
        self.cut = False

    def stream(self, name: str, text: str) -> None:
        if self.left <= 0 or not text:
            self.cut = self.cut or bool(text)
            return
        if len(text) > self.left:
            text, self.cut = text[: self.left], True
        self.left -= len(text)
        last = self.items[-1] if self.items else {}
        if last.get("name") == name and len(last["text"]) < 4096:
            last["text"] += text
        else:
            self.left -= _COST
            self.items.append({"output_type": "stream", "name": name, "text": text})

    def rich(self, kind: str, data: dict[str, Any]) -> None:
        texts = {key: value for key, value in data.items() if type(key) is str and type(value) is str}
        size = _COST * (1 + len(texts)) + sum(len(value) for value in texts.values())
        if size > self.left:
            self.cut = True
            return
        self.left -= size
        self.items.append({"output_type": kind, "data": texts})

    def error(self, name: str, text: str) -> None:
        self.items.append({"output_type": "error", "ename": name[:100], "evalue": text[:2000]})


_outputs = _Outputs()


class _Stream(io.TextIOBase):
    """sys.stdout and sys.stderr of the cells."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        _outputs.stream(self._name, str(text))
        return len(text)


class _NoInput(io.TextIOBase):
    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        raise EOFError("nobody is there to answer input() while a notebook is graded")


class _Publisher(DisplayPublisher):  # type: ignore[misc]
    def publish(self, data: dict[str, Any], metadata: Any = None, **more: Any) -> None:
        _outputs.rich("display_data", data)


class _Hook(DisplayHook):  # type: ignore[misc]
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:
        _outputs.rich("execute_result", format_dict)

    def finish_displayhook(self) -> None:
        pass


class _Shell(InteractiveShell):  # type: ignore[misc]
    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def enable_gui(self, gui: Any = None) -> None:
        pass

    def system(self, cmd: str) -> None:
        """What `!command` runs: without a terminal, and its output among the cell's."""
        command = self.var_expand(cmd, depth=1)
        with subprocess.Popen(
            command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            try:
                for line in process.stdout or ():
                    sys.stdout.write(line.decode("utf-8", "replace"))
            except BaseException:
                process.kill()
                raise
        self.user_ns["_exit_code"] = process.returncode

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)  # the cell has ended, and how is to be told undisturbed
        super().showtraceback(*args, **kwargs)

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        _outputs.error(getattr(etype, "__name__", "Error"), str(evalue))


def make_shell() -> InteractiveShell:
    """An IPython without a kernel, that keeps what is shown instead of printing it."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = _Shell.instance(config=config)
    shell.display_formatter.active_types = shell.display_formatter.format_types
    return shell


def without_checks() -> None:
    """Put modules in the place of those that check: in this process nothing is compared with anything."""

    class CheckFailed(AssertionError):
        pass

    calls = types.ModuleType("convlab.checks.calls")
    calls.__dict__.update(
        check=lambda *args, **kwargs: None,
        report=lambda *args, **kwargs: types.SimpleNamespace(passed=False, points=0, groups={}, message=""),
        grading_seed=lambda: 0,
        CheckFailed=CheckFailed,
    )
    sys.modules["convlab.checks.calls"] = calls


def run(pipe: Pipe, state: InteractiveShell, limits: Limits) -> None:
    """Do what the grader says: cell after cell, and at each check a fork that answers for the exercise."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    sys.stdout, sys.stderr, sys.stdin = _Stream("stdout"), _Stream("stderr"), _NoInput()
    _same_luck_for_everybody()
    left = limits.output
    for step in pipe.receive(limits.total_seconds, trusted=True):
        if step[0] == "cell":
            _, index, source = step
            pipe.send(("cell", index))
            _outputs.restart(min(limits.cell_output, max(left, 0)))
            began = time.monotonic()
            _run_cell(state, source, limits)
            left -= _outputs.cut * limits.cell_output
            left -= sum(len(str(item)) for item in _outputs.items)
            pipe.send(("done", index, _outputs.items, _outputs.cut, time.monotonic() - began))
        else:
            _answer_for(pipe, state, step[1], limits)
    pipe.send(("end",))


def _same_luck_for_everybody() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - students' code may use it
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def _run_cell(shell: InteractiveShell, source: str, limits: Limits) -> None:
    def interrupt(signum: int, frame: Any) -> None:
        raise CellTimeout(f"stopped after {limits.cell_seconds:g} s")

    process = os.getpid()
    try:
        signal.signal(signal.SIGALRM, interrupt)
        # It rings again, as Python drops what is raised while it tidies up, such as after a fork.
        signal.setitimer(signal.ITIMER_REAL, limits.cell_seconds, 0.1)
        try:
            shell.run_cell(source, store_history=False)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except BaseException as error:  # whatever the student's code has made of IPython
        with contextlib.suppress(BaseException):
            _outputs.error(type(error).__name__, str(error))
    if os.getpid() != process:
        os._exit(0)  # a fork that the cell has made: it must not go on as if it were this process


def _answer_for(pipe: Pipe, shell: InteractiveShell, asked: dict[str, Any], limits: Limits) -> None:
    # Threads and processes that the cells have left behind must not keep the exercise from being played.
    most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _serve(pipe, shell, asked, limits)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    pipe.send(("ended", os.waitstatus_to_exitcode(status)))


def _serve(pipe: Pipe, shell: InteractiveShell, asked: dict[str, Any], limits: Limits) -> None:
    exercise = _as_asked(asked)
    function = shell.user_ns.get(exercise.name, _MISSING)
    pipe.send(("check", exercise.name, function is not _MISSING))
    while True:
        message = pipe.receive(limits.total_seconds, trusted=True)
        if message[0] == "bye":
            return
        _, number, args, kwargs, work, seconds = message
        _outputs.restart(0)
        process, began = os.getpid(), time.process_time()
        with _work_limit(work):
            answer = _play(function, exercise, args, kwargs, seconds, pipe.largest)
        if os.getpid() != process:
            return  # a fork that the function has made
        pipe.send(("answer", number, *answer, time.process_time() - began))


@contextlib.contextmanager
def _work_limit(seconds: float) -> Iterator[None]:
    """Interrupt the body after so many seconds of the processor's time: on a busy machine the clock tells less."""

    def interrupt(signum: int, frame: Any) -> None:
        raise OutOfTime

    signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, max(seconds, 0.001), 0.1)
    try:
        yield
    finally:
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_PROF, 0)


def _as_asked(asked: dict[str, Any]) -> Exercise:
    """As much of an exercise as is needed to play a call: nothing of what is right or wrong."""
    return Exercise(
        name=asked["name"],
        chapter="",
        parameters=tuple(asked["parameters"]),
        groups={},
        difficulty=1,
        minutes=1,
        samples=_nothing,
        oracle=_nothing,
        oracle_name="",
        mistakes=(),
        allowed=tuple(asked["allowed"]),
        time_limit=asked["time_limit"],
    )


def _nothing(*args: Any) -> Iterator[Any]:
    yield from ()


def _play(
    function: Any, exercise: Exercise, args: Any, kwargs: Any, seconds: float, largest: int
) -> tuple[str, Any]:
    """("gave", answer), or the kind of the failure and its text."""

    made = tuple(_callable(value) for value in args)
    named = {name: _callable(value) for name, value in kwargs.items()}
    try:
        played = play(function, exercise, Sample(made, named), seconds)
    except OutOfTime:
        return "time", ""
    except Exception as error:  # such as an exception whose own text cannot be asked for
        return "raised", f"what it raised cannot be shown ({type(error).__name__})"
    if played.failure:
        return played.failure.kind, played.failure.text[:4000]
    try:
        # As the grader will.
        decode(encode(played.answer, largest=largest // 2, most_nodes=MOST_PARTS), most_nodes=MOST_PARTS)
    except OutOfTime:
        return "time", ""
    except (WireError, MemoryError):
        return "raised", "its result is larger than any answer to this exercise"
    except Exception as error:
        return "raised", f"its result cannot be read ({type(error).__name__})"
    return "gave", played.answer


def _callable(value: Any) -> Any:
    """A function from the text that the grader, not the student, sent."""
    if isinstance(value, Named):
        made: Callable[..., Any] = eval(value.source, {"np": np})
        made.__name__ = value.name
        return made
    return value
