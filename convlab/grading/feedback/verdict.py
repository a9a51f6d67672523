"""Reads from a graded cell's outputs what the grader found: the points of each group, the message, the picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from convlab.checks.message import summary
from convlab.grading.feedback.concealed import Concealed
from convlab.grading.feedback.outputs import Budget, Shown, error_text, fit, shown
from convlab.grading.feedback.text import as_text

__all__ = ["Group", "Verdict", "read_verdict"]

_LONGEST_REASON = 240
_POINTS = re.compile(r"(\S+): (\d+(?:\.\d+)?) of (\d+(?:\.\d+)?) points?")
_GROUP = re.compile(r" +(\S(?:.{0,78}\S)?) +(\d+(?:\.\d+)?) of (\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Group:
    """Points of one group of samples."""

    name: str
    earned: float
    points: float


@dataclass(frozen=True)
class Verdict:
    """What the grader found.

    Parameters
    ----------
    message : text, as the check wrote it
    reason : its one line for the table at the top; "" if it has none
    more : what else the cell displayed, such as the picture of the wrong window
    """

    message: str
    groups: tuple[Group, ...]
    reason: str
    more: tuple[Shown, ...]


def read_verdict(exercise: str, outputs: Sequence[Any], concealed: Concealed, budget: Budget) -> Verdict:
    """Read a graded cell's outputs. The number that nbgrader takes the partial credit from is not for students."""
    texts, rest = [], []
    for output in outputs:
        kind = output.get("output_type")
        if kind == "stream":
            texts.append(as_text(output.get("text")))
        elif kind == "error":
            texts.append(error_text(output, traceback=False))
        elif kind == "display_data" or (kind == "execute_result" and not _is_score(output)):
            rest.append(output)
    lines = fit("\n".join(text.rstrip("\n") for text in texts), concealed).strip("\n").split("\n")
    lines = [line for before, line in zip([None, *lines], lines) if line != before or not line.strip()]
    groups: list[Group] = []
    head = _POINTS.fullmatch(lines[0])
    if head and head[1] == exercise:
        del lines[0]
        while lines and (found := _GROUP.fullmatch(lines[0])):
            groups.append(Group(found[1], float(found[2]), float(found[3])))
            del lines[0]
    message = "\n".join(lines).strip("\n")
    reason = summary(message) if message else ""
    if len(reason) > _LONGEST_REASON:
        reason = reason[:_LONGEST_REASON] + " …"
    return Verdict(message, tuple(groups), reason, tuple(shown(rest, concealed, budget)))


def _is_score(output: Any) -> bool:
    data = output.get("data")
    try:
        float(as_text(data.get("text/plain")) if isinstance(data, dict) else "")
    except ValueError:
        return False
    return True
