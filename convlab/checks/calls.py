"""`check` and `report`: what a student calls, and the same as data."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable
from typing import Any

from convlab.checks.exercise import Exercise
from convlab.checks.registry import EXERCISES
from convlab.checks.reports import Report, examine
from convlab.draw import Picture

__all__ = ["CheckFailed", "check", "grading_seed", "report"]

MOST_LINES = 20  # of what a failing call printed
SEED_VARIABLE = "CONVLAB_GRADING_SEED"


class CheckFailed(AssertionError):
    """A function does not do what its exercise asks. In a notebook it shows its message and nothing else."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.message)
        self.report = report

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: where in convlab this was raised helps no student."""
        return str(self).splitlines()


def check(function: Callable[..., Any], exercise: str | None = None, seed: int = 0) -> None:
    """Compare a function with torch on this exercise's samples; print one line if all agree.

    Parameters
    ----------
    function : the function to check
    exercise : the exercise's name; the function's own name if left out
    seed : draws the samples' values

    Raises
    ------
    CheckFailed
        With a message that names the smallest failing call, what it gave and what was expected.
    ValueError
        If there is no such exercise.
    """
    result = report(function, exercise, seed)
    if not result.passed:
        for line in result.printed.splitlines()[:MOST_LINES]:
            print(line)
        if result.picture is not None:
            _show(result.picture)
        raise CheckFailed(result)
    print(result.message)


def report(function: Callable[..., Any], exercise: str | None = None, seed: int = 0) -> Report:
    """The same as `check`, as data: nothing is printed and nothing raised for a wrong function."""
    if not callable(function):
        raise TypeError(
            f"function is {function!r}; it must be a function, given without calling it: check(name)"
        )
    return examine(function, _find(function, exercise), seed)


def _show(picture: Picture) -> None:
    """Display a picture if this is a notebook. IPython puts both names among the builtins while a cell runs."""
    shell = getattr(builtins, "get_ipython", lambda: None)()
    if hasattr(shell, "kernel"):
        builtins.display(picture)  # type: ignore[attr-defined]


def grading_seed() -> int:
    """The seed of the instructor's own check: from the environment, where no student sees it; else the public 0."""
    return int(os.environ.get(SEED_VARIABLE, "0"))


def _find(function: Callable[..., Any], name: str | None) -> Exercise:
    wanted = name if name is not None else getattr(function, "__name__", None)
    if wanted in EXERCISES:
        return EXERCISES[wanted]
    hint = "" if name is not None else '; name it: check(function, exercise="...")'
    raise ValueError(f"no exercise is called {wanted!r}{hint}. There are: {', '.join(EXERCISES)}")
