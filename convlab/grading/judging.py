"""Judges answers that are arguments to call with, in a sandbox of its own, where nothing of a student's ever runs.

A written test or a hunted bug is judged by calling right and wrong convolutions with what the student returned. That
is bounded before it is used, and it is not used in the grader itself all the same.
"""

from __future__ import annotations

from typing import Any

from convlab.checks import EXERCISES
from convlab.checks.exercise import Sample
from convlab.checks.oracle import judged
from convlab.grading.limits import Limits
from convlab.grading.wire import Pipe

__all__ = ["ask", "get_warm", "run"]


def get_warm() -> None:
    """Load before the first fork what every judgement needs."""
    exercise = next(one for one in EXERCISES.values() if one.judge is not None)
    for sample in exercise.draw(0):
        judged(exercise, sample, exercise.mistakes[0].function(*sample.args, **sample.kwargs))


def run(pipe: Pipe, state: None, limits: Limits) -> None:
    """Judge what is asked until the grader lets go, which ends this process."""
    while True:
        name, args, kwargs, group, answer = pipe.receive(limits.total_seconds, trusted=True)
        pipe.send(("judged", judged(EXERCISES[name], Sample(args, kwargs, group), answer)))


def ask(pipe: Pipe, name: str, sample: Any, answer: Any, seconds: float) -> str | None:
    """The grader's side: what the judge says of an answer.

    Raises
    ------
    WireError
        If the judge has gone, or takes too long.
    """
    pipe.send((name, sample.args, sample.kwargs, sample.group, answer))
    kind, sentence = pipe.receive(seconds)
    return sentence if kind == "judged" and isinstance(sentence, str | None) else "it could not be judged"
