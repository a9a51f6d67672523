"""Plays an exercise's samples against a function and reports, as data, what came of it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convlab import draw
from convlab.checks import diagnosis, oracle
from convlab.checks.compare import compare
from convlab.checks.exercise import Exercise, Sample
from convlab.checks.guard import syntax_report
from convlab.checks.message import describe, reproduce
from convlab.checks.play import Played
from convlab.checks.play import play as play_here
from convlab.checks.shrink import shrink

__all__ = ["GroupPoints", "Report", "examine"]

Play = Callable[[Callable[..., Any], Exercise, Sample, float], Played]
"""What `play` is: it calls a function with a sample's arguments, in so many seconds."""

Judge = Callable[[Exercise, Sample, Any], str | None]
"""What `oracle.judged` is: it says what is wrong with an answer, where many answers are right."""

SECONDS_TO_EXPLAIN = 5.0
"""For the calls that make a failing one smaller and find out what it sums: far more than they take.

Their number has its own bounds, in `shrink` and `taps`. Who needs longer gets no explanation: how much of one is
found in a given time depends on the machine, and the same function must get the same message anywhere.
"""


@dataclasses.dataclass(frozen=True)
class GroupPoints:
    """Points of one group of samples: all of them if every sample of the group passed, else none."""

    earned: int
    points: int


@dataclasses.dataclass(frozen=True)
class Report:
    """What a check found.

    Parameters
    ----------
    exercise : the exercise's name
    passed : whether every sample agrees
    groups : points by group of samples
    played, differing : how many samples were played, and how many of them failed
    call : the smallest failing call, with shapes; None if passed
    reproduce : the same call with its numbers, ready to paste; None if passed
    cause : the sentence that explains the mistake, if it is known
    message : what the student reads
    printed : what the smallest failing call printed
    notes : for the instructor: what in the code's text no run can see, such as exec or ctypes
    picture : what the first wrong entry should read beside what it reads; not part of the data
    """

    exercise: str
    passed: bool
    groups: dict[str, GroupPoints]
    played: int
    differing: int
    call: str | None
    reproduce: str | None
    cause: str | None
    message: str
    printed: str = ""
    notes: tuple[str, ...] = ()
    picture: draw.Picture | None = dataclasses.field(default=None, repr=False, compare=False)

    @property
    def points(self) -> int:
        return sum(group.earned for group in self.groups.values())

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values that `json.dumps` takes."""
        data = dataclasses.asdict(dataclasses.replace(self, picture=None))
        del data["picture"]
        return {**data, "points": self.points}


@dataclasses.dataclass(frozen=True)
class _Turn:
    """One sample that was played: what it gave, what is right, and what is wrong with it ("" if nothing is)."""

    sample: Sample
    played: Played
    right: Any
    kind: str
    sentence: str
    index: tuple[int, ...] | None = None


def examine(
    function: Callable[..., Any],
    exercise: Exercise,
    seed: int,
    look_closer: bool = True,
    play: Play = play_here,
    judge: Judge = oracle.judged,
) -> Report:
    """Play every sample of the exercise, drawn with `seed`, against `function`.

    `look_closer` plays further calls to make a failing one smaller and to name its wrong tap. `play` calls the
    function, and `judge` judges answers for which the exercise has a judge; both may do it in another process.
    """
    turns = _play_all(function, exercise, seed, play, judge)
    failing = [turn for turn in turns if turn.sentence]
    groups = {
        name: GroupPoints(0 if any(turn.sample.group == name for turn in failing) else points, points)
        for name, points in exercise.groups.items()
    }
    notes = tuple(syntax_report(function, exercise))
    if not failing:
        message = _all_is_well(exercise, len(turns))
        return Report(exercise.name, True, groups, len(turns), 0, None, None, None, message, notes=notes)
    # A shortcut is told before anything else; and a call that never ended hides what the later ones would give.
    telling = [t for kind in ("refused", "time") for t in failing if t.kind == kind]
    turn = telling[0] if telling else min(failing, key=lambda turn: turn.sample.size)
    ordered = sorted(turns, key=lambda turn: not turn.sentence)
    because = diagnosis.cause(exercise, [t.sample for t in ordered], [t.played for t in ordered])
    tap, shown = None, None
    if look_closer and exercise.judge is None:
        player = _Player(function, exercise, play)
        turn, tap = player.explain(turn)
        if tap is not None and turn.index is not None:
            shown = diagnosis.picture(exercise, turn.sample, turn.index, tap)
    if turn.kind == "refused":
        message = f"{exercise.name}: {turn.sentence}."
    elif all(other.kind == "not written" for other in failing):
        message = f"{turn.sentence}."
    elif exercise.judge is not None:
        earned = sum(group.earned for group in groups.values())
        message = _judged_message(exercise, earned, turn, because)
    else:
        # Once the cause is known, that sums of products would behave otherwise is no news.
        told = tap is not None and (because is None or tap.used is not None)
        lines = [turn.sentence, tap.sentence] if tap and told else [turn.sentence]
        message = _message(exercise, turns, turn.sample, lines, because)
    return Report(
        exercise.name,
        False,
        groups,
        len(turns),
        len(failing),
        describe(exercise, turn.sample),
        reproduce(exercise, turn.sample),
        because,
        message,
        turn.played.printed,
        notes,
        shown,
    )


def _play_all(
    function: Callable[..., Any], exercise: Exercise, seed: int, play: Play, judge: Judge
) -> list[_Turn]:
    turns: list[_Turn] = []
    left = exercise.time_limit
    for sample, right in oracle.samples_with_answers(exercise, seed):
        started = time.monotonic()
        if turns and turns[-1].kind in ("time", "refused"):
            # Once one call never ended or took a shortcut, the others are not worth the reader's wait.
            turns.append(dataclasses.replace(turns[-1], sample=sample))
            continue
        turns.append(_take_turn(function, exercise, sample, right, left, play, judge))
        left -= time.monotonic() - started
    return turns


def _take_turn(
    function: Callable[..., Any],
    exercise: Exercise,
    sample: Sample,
    right: Any,
    seconds: float,
    play: Play,
    judge: Judge = oracle.judged,
) -> _Turn:
    played = play(function, exercise, sample, seconds)
    if played.failure:
        return _Turn(sample, played, right, played.failure.kind, played.failure.text)
    if exercise.judge is not None:
        sentence = judge(exercise, sample, played.answer)
        return _Turn(sample, played, right, "judged" if sentence else "", sentence or "")
    difference = compare(played.answer, right, exercise.rtol, exercise.atol, exercise.results)
    if difference is None:
        return _Turn(sample, played, right, "", "")
    return _Turn(sample, played, right, difference.kind, difference.text, difference.index)


class _TooSlow(Exception):
    """The calls that were to explain a failure take too long."""


class _Player:
    """Plays further calls, to make a failing one smaller and to find out what it sums."""

    def __init__(self, function: Callable[..., Any], exercise: Exercise, play: Play) -> None:
        self.function = function
        self.exercise = exercise
        self.play = play
        self.ends = time.monotonic() + SECONDS_TO_EXPLAIN

    def explain(self, turn: _Turn) -> tuple[_Turn, diagnosis.WrongTap | None]:
        """The turn of the smallest call that fails like this one, and its wrong tap if that can be told."""
        try:
            smallest = self._smallest_like(turn)
            return smallest, self._wrong_tap(smallest)
        except _TooSlow:
            return turn, None

    def _smallest_like(self, turn: _Turn) -> _Turn:
        """The turn of the smallest call that fails in the same way."""
        if turn.kind not in ("value", "shape", "raised", "dtype", "nan"):
            return turn
        found = {id(turn.sample): turn}

        def still_fails(sample: Sample) -> bool:
            candidate = self._turn(sample)
            if candidate is not None and candidate.kind == turn.kind:
                found[id(sample)] = candidate
                return True
            return False

        return found[id(shrink(self.exercise, turn.sample, still_fails))]

    def _wrong_tap(self, turn: _Turn) -> diagnosis.WrongTap | None:
        """What the first wrong entry sums that it should not, or the other way round."""
        index = turn.index
        if turn.kind != "value" or index is None or len(self.exercise.results) > 1:
            return None

        def right(sample: Sample) -> Any:
            return oracle.expected(self.exercise, sample)

        def given(sample: Sample) -> Any:
            answer = self._play(self.function, self.exercise, sample).answer
            # Other arguments may bring out another kind of answer than the one that was compared.
            if not isinstance(answer, np.ndarray) or answer.dtype.kind not in "biuf":
                return None
            inside = answer.ndim == len(index) and all(i < n for i, n in zip(index, answer.shape))
            return answer if inside else None

        return diagnosis.wrong_tap(self.exercise, turn.sample, index, right, given)

    def _turn(self, sample: Sample) -> _Turn | None:
        try:
            right = oracle.expected(self.exercise, sample)
        except Exception:  # a call that torch refuses is none that the exercise could make
            return None
        if isinstance(right, np.ndarray) and right.size == 0:
            return None
        return _take_turn(self.function, self.exercise, sample, right, 0.0, self._play)

    def _play(
        self, function: Callable[..., Any], exercise: Exercise, sample: Sample, seconds: float = 0.0
    ) -> Played:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise _TooSlow
        played = self.play(function, exercise, sample, left)
        if played.failure and played.failure.kind == "time":
            raise _TooSlow
        return played


def _all_is_well(exercise: Exercise, count: int) -> str:
    if exercise.judge is not None:
        return f"{exercise.name}: {exercise.points} of {exercise.points} points."
    return f"{exercise.name}: all {count} samples agree with {exercise.oracle_name}."


def _judged_message(exercise: Exercise, earned: int, turn: _Turn, because: str | None) -> str:
    first, *more = turn.sentence.splitlines()
    message = [
        f"{exercise.name} · {earned} of {exercise.points} points so far.",
        f"{reproduce(exercise, turn.sample)}: {first}",
        *(f"  {line}" for line in more),
    ]
    return "\n".join([*message, because] if because else message)


def _message(
    exercise: Exercise, turns: Sequence[_Turn], sample: Sample, lines: Sequence[str], because: str | None
) -> str:
    failing = [turn for turn in turns if turn.sentence]
    message = [
        f"{exercise.name} · {len(failing)} of {len(turns)} samples differ from {exercise.oracle_name}",
        f"smallest: {describe(exercise, sample)}",
        *(f"  {line}" for text in lines for line in text.splitlines()),
    ]
    if because:
        message.append(because)
    message.append(f"reproduce:  {reproduce(exercise, sample)}")
    return "\n".join(message)
