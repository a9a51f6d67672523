"""Says when an exercise has changed: one text made of its definition and of all that the definition reaches.

The exercises of a chapter lie in one file and share helpers with other chapters. Were the file the measure, a word in
one exercise would have every other one graded again. So it is read as syntax: the statement that makes the exercise,
the statements that make the names in it, and so on. What lies outside convlab/checks/exercises counts as shared, but
is followed, as it may lead back: the bugs of chapter 11 are mistakes of other exercises.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from convlab.checks import Exercise

__all__ = ["FOLDER", "definition", "reached"]

_CHECKS = Path(str(sys.modules[Exercise.__module__].__file__)).parent
FOLDER = _CHECKS / "exercises"
_PREFIX = "convlab.checks."

Name = tuple[str, str]  # a module, such as "exercises.conv1d", and what it calls something


@functools.cache
def definition(exercise: Exercise) -> str:
    """A hash that changes when what the exercise asks, answers or says changes, and not when a comment does."""
    begin = _place(exercise)
    digest = hashlib.sha256(exercise.name.encode())
    for module, name in sorted(reached(begin)) if begin else _everything():
        for statement in _statements(module)[name]:
            digest.update(f"{module}.{name}\0{ast.dump(statement)}\0".encode())
    return digest.hexdigest()


def reached(begin: Name) -> set[Name]:
    """What a name's definition reaches within convlab.checks, itself included."""
    found: set[Name] = set()
    waiting = [begin]
    while waiting:
        module, name = waiting.pop()
        if (module, name) in found or name not in _statements(module):
            continue
        found.add((module, name))
        for statement in _statements(module)[name]:
            if isinstance(statement, ast.ImportFrom):
                waiting += _imported(statement, name)
            else:
                waiting += [(module, used) for used in _names(statement)]
    return found


def _place(exercise: Exercise) -> Name | None:
    """The module that makes an exercise, and its name there; None for one that no module of the package holds."""
    for path in sorted(FOLDER.glob("*.py")):
        module = sys.modules.get(f"{_PREFIX}exercises.{path.stem}")
        for name, value in vars(module).items() if module else ():
            if value is exercise:
                return f"exercises.{path.stem}", name
    return None


def _everything() -> Iterator[Name]:
    for path in sorted(FOLDER.glob("*.py")):
        module = f"exercises.{path.stem}"
        yield from ((module, name) for name in sorted(_statements(module)))


@functools.cache
def _statements(module: str) -> Mapping[str, list[ast.stmt]]:
    """The statements of a module that bind a name or do something to what it stands for, by name."""
    package, _, last = module.rpartition(".")
    path = (FOLDER if package == "exercises" else _CHECKS.joinpath(*package.split("."))) / f"{last}.py"
    statements: dict[str, list[ast.stmt]] = {}
    for statement in ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else ():
        for name in dict.fromkeys(_touched(statement)):
            statements.setdefault(name, []).append(statement)
    return statements


def _touched(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.split(".")[0] for alias in statement.names)
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        # `table["same"] = …` changes what `table` stands for
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (name for target in targets for name in _names(target))
    else:
        yield from _names(statement)


def _imported(statement: ast.ImportFrom, name: str) -> list[Name]:
    package = f"{statement.module}."
    if not package.startswith(_PREFIX):
        return []
    found: list[Name] = []
    for alias in statement.names:
        if (alias.asname or alias.name) == name:
            module = (package + alias.name).removeprefix(_PREFIX)
            # A module as a whole: whatever it has may be used of it.
            found += [(module, one) for one in _statements(module)]
            found.append((package.removeprefix(_PREFIX).removesuffix("."), alias.name))
    return found


def _names(statement: ast.AST) -> Iterator[str]:
    return (node.id for node in ast.walk(statement) if isinstance(node, ast.Name))
