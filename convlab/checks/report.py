"""Plays an exercise's samples against a function and reports, as data, what came of it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from convlab.checks import diagnosis, oracle
from convlab.checks.compare import compare
from convlab.checks.exercise import Exercise, Sample
from convlab.checks.message import describe, reproduce
from convlab.checks.play import Played, play

__all__ = ["GroupPoints", "Report", "examine"]


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

    @property
    def points(self) -> int:
        return sum(group.earned for group in self.groups.values())

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values that `json.dumps` takes."""
        return {**dataclasses.asdict(self), "points": self.points}


def examine(function: Callable[..., Any], exercise: Exercise, seed: int) -> Report:
    """Play every sample of the exercise, drawn with `seed`, against `function`."""
    samples, played, sentences = _play_all(function, exercise, seed)
    failing = [i for i, sentence in enumerate(sentences) if sentence]
    groups = {
        name: GroupPoints(0 if any(samples[i].group == name for i in failing) else points, points)
        for name, points in exercise.groups.items()
    }
    if not failing:
        message = f"{exercise.name}: all {len(samples)} samples agree with {exercise.oracle_name}."
        return Report(exercise.name, True, groups, len(samples), 0, None, None, None, message)
    # A call that never ended hides what the later ones would have given, so it is the one to tell of.
    endless = [i for i in failing if _timed_out(played[i])]
    smallest = endless[0] if endless else min(failing, key=lambda i: samples[i].size)
    because = diagnosis.cause(exercise, samples, played)
    message = _message(exercise, samples, sentences, smallest, because)
    return Report(
        exercise.name,
        False,
        groups,
        len(samples),
        len(failing),
        describe(exercise, samples[smallest]),
        reproduce(exercise, samples[smallest]),
        because,
        message,
    )


def _play_all(
    function: Callable[..., Any], exercise: Exercise, seed: int
) -> tuple[list[Sample], list[Played], list[str]]:
    """Every sample, what it gave, and what is wrong with that ("" if nothing is)."""
    samples = exercise.draw(seed)
    right = [oracle.expected(exercise, sample) for sample in samples]
    played: list[Played] = []
    sentences: list[str] = []
    left = exercise.time_limit
    for sample, answer in zip(samples, right):
        started = time.monotonic()
        # Once one call never ended, the others are not worth the reader's wait.
        result = play(function, exercise, sample, left) if not any(map(_timed_out, played)) else played[-1]
        left -= time.monotonic() - started
        played.append(result)
        if result.failure:
            sentences.append(result.failure.text)
        else:
            difference = compare(result.answer, answer, exercise.rtol, exercise.atol, exercise.results)
            sentences.append(difference.text if difference else "")
    return samples, played, sentences


def _timed_out(played: Played) -> bool:
    return played.failure is not None and played.failure.kind == "time"


def _message(
    exercise: Exercise, samples: list[Sample], sentences: list[str], smallest: int, because: str | None
) -> str:
    failing = [sentence for sentence in sentences if sentence]
    if all("is not written yet" in sentence for sentence in failing):
        return f"{failing[0]}."
    lines = [
        f"{exercise.name} · {len(failing)} of {len(samples)} samples differ from {exercise.oracle_name}",
        f"smallest: {describe(exercise, samples[smallest])}",
        *(f"  {line}" for line in sentences[smallest].splitlines()),
    ]
    if because:
        lines.append(because)
    lines.append(f"reproduce:  {reproduce(exercise, samples[smallest])}")
    return "\n".join(lines)
