"""Plays calls of one exercise against the student's function, in another process: a call goes, an answer comes."""

from __future__ import annotations

import time
from typing import Any

from convlab.checks import Exercise, Probe, Sample
from convlab.checks.play import Failure, Played
from convlab.grading.house import Run
from convlab.grading.limits import Limits
from convlab.grading.wire import MOST_PARTS, Named, PipeClosed, PipeTimeout, WireError

__all__ = ["LONGEST_MESSAGE", "Player", "header"]

LONGEST_MESSAGE = 4000
_KINDS_OF_FAILURE = {"not written", "signature", "refused", "raised", "modified", "time"}


def header(exercise: Exercise, limits: Limits) -> dict[str, Any]:
    """All that the student's process is told about an exercise."""
    return {
        "name": exercise.name,
        "parameters": exercise.parameters,
        "allowed": exercise.allowed,
        "time_limit": float(min(exercise.time_limit, limits.exercise_seconds)),
    }


class Player:
    """Stands for the student's function: each call goes through the pipe. Once the process is lost, it stays lost."""

    def __init__(self, run: Run, exercise: Exercise, limits: Limits, ends: float) -> None:
        self.run = run
        self.exercise = exercise
        self.limits = limits
        self.ends = ends
        self.samples = len(exercise.draw(0))  # the calls behind these only explain
        # Seconds that are left for them, of the processor's time and on the clock: on a busy machine, that runs on.
        self.work = min(exercise.time_limit, limits.exercise_seconds)
        # The clock begins to run with the first call: torch may have to be imported before.
        self.samples_end = 0.0
        self.calls = 0
        self.dead = ""
        self.stopped = ""
        self.always: Played | None = None  # what each further call would give, which would take long or much
        self.most_bytes = run.pipe.received + limits.answer
        self.missing = ""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a student's function is never called here")

    def play(self, function: Any, exercise: Exercise, sample: Sample, seconds: float) -> Played:
        if self.missing:
            return Played(failure=Failure("not written", self.missing))
        if self.dead:
            return Played(failure=Failure("time", self.dead))
        if self.always is not None:
            return self.always
        self.calls += 1
        if self.calls == 1:
            self.samples_end = min(self.ends, time.monotonic() + self.limits.exercise_seconds)
        if self.calls <= self.samples:
            seconds, work = self.samples_end - time.monotonic(), self.work
        else:
            work = seconds = min(seconds, self.limits.exercise_seconds, self.ends - time.monotonic())
        args = tuple(_sendable(value) for value in sample.args)
        kwargs = {name: _sendable(value) for name, value in sample.kwargs.items()}
        try:
            seconds = max(seconds, 0.01)
            waits = seconds + self.limits.grace_seconds
            self.run.pipe.send(("call", self.calls, args, kwargs, work, seconds), waits, layouts=True)
            event = self.run.pipe.receive(waits, most_nodes=MOST_PARTS + 10)
        except PipeTimeout:
            return self._lost(self._too_slow())
        except PipeClosed:
            return self._lost(f"{exercise.name} ended Python's process")
        except WireError:
            return self._lost(f"{exercise.name} disturbed the grader's connection")
        if self.run.pipe.received > self.most_bytes:
            why = "its results are larger than any answer to this exercise"
            self.always = Played(failure=Failure("raised", why))
            return self.always
        match event:
            case ("answer", int(number), "gave", answer, float(work)) if number == self.calls:
                self.work -= work
                return Played(answer)
            case ("answer", int(number), str(kind), str(text), float(work)) if (
                number == self.calls and kind in _KINDS_OF_FAILURE
            ):
                self.work -= work
                if kind == "time":
                    # It stopped by itself. The same words as if it had not, which may be a matter of luck.
                    self.stopped = text = self._too_slow()
                played = Played(failure=Failure(kind, text[:LONGEST_MESSAGE] or "it failed"))
                if text.startswith("it raised MemoryError"):
                    self.always = played
                return played
            case ("ended", int(code)):
                return self._lost(f"{exercise.name} ended Python's process{_how(code)}")
        return self._lost(f"{exercise.name} disturbed the grader's connection")

    def _too_slow(self) -> str:
        most = min(self.exercise.time_limit, self.limits.exercise_seconds)
        name = self.exercise.name
        return f"stopped after {most:g} s in {name}, and loops need milliseconds: does a loop never end?"

    def _lost(self, why: str) -> Played:
        self.dead = why
        return Played(failure=Failure("time", why))


def _how(code: int) -> str:
    return {-11: " (a crash in machine code)", -9: " (it was killed)"}.get(code, "")


def _sendable(value: Any) -> Any:
    return Named(value.name, value.source) if isinstance(value, Probe) else value
