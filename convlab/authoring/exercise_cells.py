"""One exercise in a notebook: the opening line, the solution cell and the check cell, as text.

Knows the reference solutions and what nbgrader wants to read; knows nothing about chapters or notebook files.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

from convlab.authoring.errors import BuildError
from convlab.authoring.layout import Exercise
from convlab.authoring.stub import CODE_STUB

__all__ = [
    "MAX_LINES",
    "Reference",
    "check_call",
    "check_id",
    "check_metadata",
    "check_source",
    "opening_line",
    "read_reference",
    "solution_metadata",
]

MAX_LINES = 25
_SCHEMA_VERSION = 3


@dataclass(frozen=True)
class Reference:
    """A reference solution, cut where the student's work begins."""

    name: str
    head: str  # signature and docstring, as written
    body: str  # the rest, as written
    statements: tuple[ast.stmt, ...]  # the body as a syntax tree

    @property
    def complete(self) -> str:
        """What the solved notebook shows."""
        return f"{self.head}\n{self.body}"

    @property
    def for_nbgrader(self) -> str:
        """The solution cell of the source notebook: nbgrader replaces the marked region by the stub."""
        margin = _margin(self.body)
        return f"{self.head}\n{margin}### BEGIN SOLUTION\n{self.body}\n{margin}### END SOLUTION"

    @property
    def for_students(self) -> str:
        """The solution cell of the release, as nbgrader must have made it."""
        return f"{self.head}\n{indent(CODE_STUB['python'], _margin(self.body))}"


def read_reference(file: Path, name: str) -> Reference:
    """Find a function in a module of solutions, without importing it.

    Raises
    ------
    BuildError
        If there is no such function, it has no docstring, or it is longer than a student should write.
    """
    where = f"convlab/solutions/{file.name}"
    if not file.is_file():
        raise BuildError(f"exercise {name!r} has no solution: write it in {where}.")
    text = file.read_text(encoding="utf-8")
    try:
        module = ast.parse(text)
    except SyntaxError as error:
        raise BuildError(f"{where}, line {error.lineno}: {error.msg}. Correct it.") from error
    found = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if len(found) != 1:
        raise BuildError(
            f"exercise {name!r} has {len(found) or 'no'} solution{'s' * (len(found) > 1)} in {where}: "
            f"it needs exactly one top-level function of that name."
        )
    function = found[0]
    if ast.get_docstring(function) is None or len(function.body) < 2:
        raise BuildError(f"{where}: {name} needs a docstring (what the student reads) and a body below it.")
    docstring, first = function.body[0], function.body[1]
    lines = text.splitlines()
    first_line = min([function.lineno, *(node.lineno for node in function.decorator_list)])
    last_line, end_of_docstring = function.end_lineno or 0, docstring.end_lineno or 0
    if first.lineno <= end_of_docstring:
        raise BuildError(
            f"{where}: give the signature, the docstring and the body of {name} their own lines."
        )
    length = last_line - first_line + 1 - (end_of_docstring - docstring.lineno + 1)
    if length > MAX_LINES:
        raise BuildError(
            f"{where}: {name} is {length} lines long without its docstring; at most {MAX_LINES} are allowed. "
            f"Shorten it, or split the exercise."
        )
    return Reference(
        name,
        head="\n".join(lines[first_line - 1 : end_of_docstring]),
        body="\n".join(lines[end_of_docstring:last_line]).strip("\n"),
        statements=tuple(function.body[1:]),
    )


def _margin(body: str) -> str:
    first = body.splitlines()[0]
    return first[: len(first) - len(first.lstrip())]


def opening_line(exercise: Exercise) -> str:
    """The line that opens an exercise: "*Difficulty 1 of 5 · about 10 minutes · 3 points*"."""
    return (
        f"*Difficulty {exercise.difficulty} of 5 · about {_count(exercise.minutes, 'minute')} · "
        f"{_count(exercise.points, 'point')}*"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def check_id(name: str) -> str:
    """The grade_id of an exercise's check cell. The solution cell's is the exercise's name itself."""
    return f"{name}_check"


def check_call(name: str) -> str:
    """The line that students see and run."""
    return f'check({name}, exercise="{name}")'


def check_source(name: str) -> str:
    """The check cell of the source notebook: what students see, and the same samples with the secret seed."""
    return "\n".join(
        [
            check_call(name),
            "### BEGIN HIDDEN TESTS",
            "from convlab.checks import grading_seed",
            f'check({name}, exercise="{name}", seed=grading_seed())',
            "### END HIDDEN TESTS",
        ]
    )


def solution_metadata(exercise: Exercise) -> dict[str, object]:
    """What nbgrader must know about a solution cell: students edit it, and it carries no points itself."""
    return {
        "grade": False,
        "grade_id": exercise.name,
        "locked": False,
        "schema_version": _SCHEMA_VERSION,
        "solution": True,
        "task": False,
    }


def check_metadata(exercise: Exercise) -> dict[str, object]:
    """What nbgrader must know about a check cell: locked, and worth the exercise's points."""
    return {
        "grade": True,
        "grade_id": check_id(exercise.name),
        "locked": True,
        "points": exercise.points,
        "schema_version": _SCHEMA_VERSION,
        "solution": False,
        "task": False,
    }
