"""Says of each point that was lost what kind of thing cost it: a named mistake, an exception, nothing written …

Reads results only: what a check's message says is all that is known of a function that is wrong in its own way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from convlab.checks import EXERCISES
from convlab.checks.message import summary
from convlab.grading.feedback.text import cut, readable
from convlab.grading.result import ExerciseResult, Result

__all__ = ["KINDS", "Loss", "first_met", "losses"]

KINDS = {
    "mistake": "a mistake that is known by name",
    "unnamed": "wrong in a way that has no name here",
    "unwritten": "not written",
    "stopped": "stopped: time, memory, or the process ended",
    "refused": "called what the exercise refuses",
    "unread": "the file could not be read",
}

# What the sentence about the smallest failing call begins with -> what is common to all such sentences.
_SIGNS = (
    (re.compile(r"it raised (\w+)"), "raised {0}"),
    (re.compile(r"the result is None"), "returned None"),
    (
        re.compile(r"the result's shape is .*: rows and columns are swapped"),
        "rows and columns swapped in the shape",
    ),
    (re.compile(r"the result's shape is .*: it has "), "wrong number of axes"),
    (re.compile(r"the result's shape is "), "wrong shape"),
    (re.compile(r".*dtype"), "wrong dtype"),
    (re.compile(r"the result is an? (\w+)"), "returned a {0}"),
    (re.compile(r"\S+(?: is|\[.*?\]:)? got (?:nan|-?inf)"), "nan or inf"),
    (re.compile(r"it changed its argument"), "changed its argument in place"),
    (re.compile(r"it cannot be called"), "other arguments than the exercise's"),
    (re.compile(r"its results are larger"), "results far too large"),
    (re.compile(r".*\bgot .*expected"), "wrong values"),
)
_STOPPED = re.compile(
    r"stopped after|stopped:|ended Python's process|disturbed the grader|ran longer than|too much memory"
    r"|could not be run|MemoryError"
)


@dataclass(frozen=True)
class Loss:
    """Points that one student lost in one exercise.

    Parameters
    ----------
    kind : one of KINDS
    name : a mistake's name; of what has none, what all such messages have in common
    sentence : the mistake's explanation, or what the student read
    groups : the groups of samples whose points were lost, in the exercise's order
    """

    student: str
    exercise: str
    points: int
    kind: str
    name: str
    sentence: str
    groups: tuple[str, ...]


def losses(student: str, result: Result) -> list[Loss]:
    """What one student lost, in the order of the exercises."""
    return [_loss(student, one, result) for one in result.exercises if one.points < one.max_points]


def _loss(student: str, one: ExerciseResult, result: Result) -> Loss:
    lost = tuple(name for name, group in one.groups.items() if group.earned < group.points)
    kind, name = _kind(one, result)
    sentence = one.cause if kind == "mistake" and one.cause else summary(one.message)
    return Loss(
        student, one.name, one.max_points - one.points, kind, name, cut(readable(sentence), 400, 3, 300), lost
    )


def _kind(one: ExerciseResult, result: Result) -> tuple[str, str]:
    if result.problem:
        return "unread", "not read"
    if one.cause:
        return "mistake", _name(one.name, one.cause)
    first = one.message.partition("\n")[0]
    if "is not written yet" in first:
        return "unwritten", "not written"
    if match := re.search(r"is not defined(?:, as its cell raised (\w+))?", first):
        return "unwritten", f"the cell raised {match[1]}" if match[1] else "not defined"
    if "write the sums yourself" in one.message:
        return "refused", "called what the exercise refuses"
    told = _told(one.message)
    if one.verdict == "not graded" or _STOPPED.search(told):
        return "stopped", "out of memory" if "emory" in told else "did not end"
    return "unnamed", _sign(told)


def _name(exercise: str, cause: str) -> str:
    """The mistake's name, or names: several may share a sentence."""
    known = EXERCISES[exercise].mistakes if exercise in EXERCISES else ()
    names = [mistake.name for mistake in known if mistake.explanation == cause]
    return " or ".join(dict.fromkeys(names)) or readable(cause)[:80]


def _told(message: str) -> str:
    """The line that says what was wrong with the smallest failing call."""
    lines = message.splitlines()
    if len(lines) > 2 and lines[1].startswith("smallest: "):
        return lines[2].strip()
    if len(lines) > 1 and "points so far" in lines[0]:
        return lines[1]
    return lines[0] if lines else ""


def _sign(told: str) -> str:
    for pattern, words in _SIGNS:
        if match := pattern.match(told):
            return words.format(*(readable(group)[:60] for group in match.groups()))
    # Numbers differ from student to student where the words do not.
    return re.sub(r"\d+(\.\d+)?", "…", readable(told))[:80] or "no message"


def first_met(exercise: str, name: str) -> str:
    """The first exercise of an earlier chapter that knows a mistake of this name; else the exercise itself."""
    here = EXERCISES[exercise].chapter
    for one in EXERCISES.values():
        if one.chapter == here:
            break
        if any(mistake.name == name for mistake in one.mistakes):
            return one.name
    return exercise
