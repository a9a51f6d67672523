"""Grades a submission from outside: the student's process gets calls and gives answers, and never a verdict.

Here, and only here, are the seed and the right answers. What comes from the student's process is data, and to earn
points for an exercise is to give the right data.
"""

from __future__ import annotations

import dataclasses
import functools
import platform
import time
from collections.abc import Collection, Mapping
from importlib import metadata
from typing import Any

from convlab.checks import EXERCISES, Exercise, Report, Sample
from convlab.checks.reports import Judge, examine
from convlab.grading.house import Run, warm
from convlab.grading.judging import ask
from convlab.grading.limits import Limits
from convlab.grading.player import LONGEST_MESSAGE, Player, header
from convlab.grading.rebuild import Rebuilt, rebuild, untouched
from convlab.grading.result import CellResult, ExerciseResult, Group, Result
from convlab.grading.sandbox import NoSandbox
from convlab.grading.spec import AssignmentSpec
from convlab.grading.told import checked_outputs, error_output, notes, printable
from convlab.grading.wire import PipeClosed, PipeTimeout, WireError

__all__ = ["grade", "ungraded"]

MOST_FLAGS = 50


class _Ended(Exception):
    """The student's process is of no more use: what became of it, for the student."""


def grade(
    submission: bytes,
    spec: AssignmentSpec,
    *,
    seed: int,
    limits: Limits | None = None,
    sandboxed: bool = True,
    kept: Collection[ExerciseResult] = (),
) -> Result:
    """Grade one submission.

    Parameters
    ----------
    submission : the bytes of the file that was handed in
    spec : the assignment
    seed : draws the values of the calls; secret
    limits : what the submission may use
    sandboxed : False runs it without a sandbox, as if the instructor had opened and run it
    kept : what came of exercises that are not played again

    Returns
    -------
    Result; whatever the submission is or does

    Raises
    ------
    NoSandbox
        If this machine offers none.
    """
    limits = limits or Limits()
    began = time.monotonic()
    rebuilt = rebuild(submission, spec, limits)
    session = _Session(spec, rebuilt, seed, limits, sandboxed)
    if rebuilt.problem:
        for name in spec.exercises:
            session.not_graded(name, rebuilt.problem)
    else:
        session.play(kept)
    return session.result(time.monotonic() - began)


def ungraded(problem: str, spec: AssignmentSpec, *, seed: int, limits: Limits | None = None) -> Result:
    """The result of a submission of which there is nothing to grade, for a reason that the student reads."""
    session = _Session(spec, untouched(spec, problem), seed, limits or Limits(), True)
    for name in spec.exercises:
        session.not_graded(name, problem)
    return session.result(0.0)


class _Session:
    """One submission, in one sandbox after another until each exercise has been graded."""

    def __init__(
        self, spec: AssignmentSpec, rebuilt: Rebuilt, seed: int, limits: Limits, sandboxed: bool
    ) -> None:
        self.spec = spec
        self.rebuilt = rebuilt
        self.seed = seed
        self.limits = limits
        self.sandboxed = sandboxed
        self.exercises: dict[str, ExerciseResult] = {}
        self.cells: dict[int, CellResult] = {}
        self.stopped: dict[int, str] = {}  # cells that are not run again, and why
        self.limits_hit: list[str] = []
        self.flags = [*rebuilt.flags]
        self.ends = time.monotonic() + limits.total_seconds
        self.judge: Run | None = None
        self.room = 2 * limits.output  # for what the cells show; the student's process keeps to half of it

    def play(self, kept: Collection[ExerciseResult]) -> None:
        self.exercises.update((one.name, one) for one in kept)
        try:
            self._play()
        finally:
            if self.judge is not None:
                self.judge.end()

    def _play(self) -> None:
        self._look_at_text()
        done, fruitless = self._done(), 0
        while any(name not in self.exercises for name in self.spec.exercises):
            if self._left() <= 0:
                self._give_up(f"the notebook ran longer than {self.limits.total_seconds:g} s")
                return
            run = warm(self.sandboxed).start(self.limits)
            told: _Ended | None = None
            self._at: int | None = None
            try:
                self._drive(run)
            except _Ended as ended:
                told = ended
            finally:
                how = run.end()
            if how.startswith("no sandbox"):
                raise NoSandbox(how)
            if told is not None:
                self._after_end(str(told), how)
            fruitless = fruitless + 1 if done == (done := self._done()) else 0
            if fruitless > 2:
                self._give_up("the notebook could not be run")

    def _done(self) -> tuple[int, int]:
        return len(self.exercises), len(self.stopped)

    def _left(self) -> float:
        return self.ends - time.monotonic()

    def _after_end(self, why: str, how: str) -> None:
        """The process ended before its time. In a cell: that cell is left out from now on."""
        if how == "memory":
            why = "its processes used too much memory"
        if self._at is None:
            return  # in an exercise, which has its verdict; or before the first cell
        self.stopped[self._at] = why
        self.cells[self._at] = CellResult(*self._told(self._at), False, [error_output("Stopped", why)])
        self.limits_hit.append(f"{self._label(self._at)}: {why}")

    def _give_up(self, why: str) -> None:
        self.limits_hit.append(why)
        for name in self.spec.exercises:
            if name not in self.exercises:
                self.not_graded(name, why)

    def _drive(self, run: Run) -> None:
        """Tell a sandbox what to run, and listen until it has run all of it."""
        cells = self.rebuilt.cells
        asked: list[tuple[Any, ...]] = []
        for index, cell in enumerate(cells):
            if cell.exercise and cell.exercise not in self.exercises:
                asked.append(("check", header(EXERCISES[cell.exercise], self.limits)))
            elif cell.runs and index not in self.stopped and cell.source.strip():
                asked.append(("cell", index, cell.source))
        while asked and asked[-1][0] == "cell" and self._all_seen(asked[-1][1]):
            asked.pop()  # nothing is graded behind it
        try:
            run.pipe.send(asked)
        except WireError as error:
            raise _Ended("the notebook ended Python's process") from error
        for step in asked:
            if step[0] == "cell":
                self._listen_to_cell(run, step[1])
            else:
                self._referee(run, step[1]["name"])

    def _all_seen(self, index: int) -> bool:
        return index in self.cells

    def _listen_to_cell(self, run: Run, index: int) -> None:
        self._at = index
        self._expect(run, "cell", self.limits.cell_seconds)
        event = self._expect(
            run,
            "done",
            self.limits.cell_seconds + self.limits.grace_seconds,
            f"{self.limits.cell_seconds:g} s",
        )
        self._at = None
        outputs = list(checked_outputs(event[2:3], min(self.room, 2 * self.limits.cell_output)))
        seconds = event[4] if len(event) > 4 and isinstance(event[4], float) else 0.0
        if index not in self.cells:
            self.room -= sum(len(str(one)) for one in outputs)
            self.cells[index] = CellResult(
                *self._told(index), True, outputs, len(event) > 3 and event[3] is True, seconds
            )
            if any(one.get("ename") == "CellTimeout" for one in outputs):
                self.limits_hit.append(f"{self._label(index)}: stopped after {self.limits.cell_seconds:g} s")

    def _expect(self, run: Run, kind: str, seconds: float, shown: str = "") -> tuple[Any, ...]:
        """The next event, which must be of this kind."""
        try:
            event = run.pipe.receive(min(seconds + self.limits.grace_seconds, max(self._left(), 0.01)))
        except PipeTimeout as error:
            # The same words as for a cell that stopped by itself, which may be a matter of luck.
            raise _Ended(f"stopped after {shown or f'{seconds:g} s'}") from error
        except PipeClosed as error:
            raise _Ended("it ended Python's process") from error
        except WireError as error:
            raise _Ended("it disturbed the grader's connection") from error
        if not isinstance(event, tuple) or not event or event[0] != kind:
            raise _Ended("it disturbed the grader's connection")
        return event

    def _referee(self, run: Run, name: str) -> None:
        exercise = EXERCISES[name]
        began = time.monotonic()
        try:
            self._at = None
            event = self._expect(run, "check", max(5.0, self.limits.exercise_seconds))
        except _Ended as ended:
            # Nothing of this exercise was called: a process or thread that an earlier cell began has done this.
            self.not_graded(name, f"{name} could not be called: {ended}")
            raise
        player = Player(run, exercise, self.limits, self.ends)
        if event[2:3] != (True,):
            player.missing = self._why_missing(name)
        try:
            report = _examined(player, exercise, self.seed, self._judged)
        # An answer that the comparison was not made for earns nothing, and stops nothing.
        except Exception as error:
            self.not_graded(name, f"{name}: its answers are no arrays or numbers that could be compared")
            self._add(name, flag=f"its answers could not be compared ({type(error).__name__}: {error})"[:300])
        else:
            self._keep(name, report, time.monotonic() - began)
        if why := player.dead or player.stopped:
            self._add(name, limit=why)
        if player.dead:
            raise _Ended(player.dead)
        try:
            run.pipe.send(("bye",))
        except WireError as error:
            raise _Ended("it ended Python's process") from error
        self._expect(run, "ended", 5.0)

    def _judged(self, exercise: Exercise, sample: Sample, answer: Any) -> str | None:
        """What the judge says of an answer that is there to be called with. It judges in a sandbox of its own."""
        if self.judge is None:
            self.judge = warm(self.sandboxed, "judging").start(self.limits)
        try:
            return ask(self.judge.pipe, exercise.name, sample, answer, self.limits.exercise_seconds)
        except WireError as error:
            how, self.judge = self.judge.end(), None
            if how.startswith("no sandbox"):
                raise NoSandbox(how) from error
            slow = isinstance(error, PipeTimeout)
            return (
                "to judge it takes too long"
                if slow
                else "it could not be judged: is it larger than it need be?"
            )

    def _why_missing(self, name: str) -> str:
        for index, cell in enumerate(self.rebuilt.cells):
            if cell.name == name and index in self.cells:
                for one in self.cells[index].outputs:
                    if one["output_type"] == "error":
                        return (
                            f"{name} is not defined, as its cell raised {one['ename']}: {one['evalue'][:300]}"
                        )
        return f"{name} is not defined"

    def _keep(self, name: str, report: Report, seconds: float) -> None:
        groups = {key: Group(group.earned, group.points) for key, group in report.groups.items()}
        verdict = "passed" if report.passed else "partial" if report.points else "failed"
        message = printable(report.message)
        if len(message) > LONGEST_MESSAGE:
            message = message[: LONGEST_MESSAGE - 1] + "…"
        most = sum(group.points for group in groups.values())
        self.exercises[name] = ExerciseResult(
            name,
            report.points,
            most,
            groups,
            verdict,
            message,
            report.cause,
            seconds,
            picture=report.picture._repr_html_() if report.picture else "",
        )
        if "write the sums yourself" in message:
            self._add(name, flag="called what the exercise refuses")

    def _add(self, name: str, *, limit: str = "", flag: str = "") -> None:
        """Say of an exercise that has its verdict what else the instructor should know."""
        one = self.exercises[name]
        self.exercises[name] = dataclasses.replace(
            one,
            limits_hit=(*one.limits_hit, *([f"{name}: {limit}"] if limit else [])),
            flags=(*one.flags, *([printable(f"{name}: {flag}")] if flag else [])),
        )

    def not_graded(self, name: str, why: str) -> None:
        """No points, and why, for the student."""
        exercise = EXERCISES[name]
        groups = {key: Group(0, points) for key, points in exercise.groups.items()}
        self.exercises[name] = ExerciseResult(name, 0, exercise.points, groups, "not graded", why)

    def _look_at_text(self) -> None:
        for index, cell in enumerate(self.rebuilt.cells):
            given = self.spec.cells
            if cell.kind in ("solution", "own") or (
                cell.kind == "free" and all(one.source != cell.source for one in given)
            ):
                self.flags += notes(cell, self._label(index))

    def _label(self, index: int) -> str:
        cell = self.rebuilt.cells[index]
        return cell.name if cell.kind == "solution" else f"cell {index + 1}"

    def _told(self, index: int) -> tuple[str, str, str]:
        cell = self.rebuilt.cells[index]
        return cell.name, cell.kind, cell.source

    def result(self, seconds: float) -> Result:
        nothing: list[dict[str, Any]] = []
        exercises = tuple(self.exercises[name] for name in self.spec.exercises)
        limits_hit = [*self.limits_hit, *(limit for one in exercises for limit in one.limits_hit)]
        flags = [*map(printable, self.flags), *(flag for one in exercises for flag in one.flags)]
        return Result(
            assignment=self.spec.name,
            seed=self.seed,
            exercises=exercises,
            cells=tuple(
                self.cells.get(index, CellResult(*self._told(index), False, nothing))
                for index in range(len(self.rebuilt.cells))
            ),
            problem=self.rebuilt.problem,
            limits_hit=tuple(dict.fromkeys(limits_hit)),
            flags=tuple(dict.fromkeys(flags))[:MOST_FLAGS],
            seconds=seconds,
            versions=dict(_versions()),
            sandboxed=self.sandboxed,
        )


def _examined(player: Player, exercise: Exercise, seed: int, judge: Judge) -> Report:
    """What came of the calls; if it cannot be explained, without an explanation."""
    try:
        return examine(player, exercise, seed, play=player.play, judge=judge)
    except Exception:
        return examine(player, exercise, seed, look_closer=False, play=player.play, judge=judge)


@functools.cache
def _versions() -> Mapping[str, str]:
    names = ("convlab", "numpy", "torch", "ipython")
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in names}
