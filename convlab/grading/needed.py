"""Which of the instructor's cells must run before a student's: those that bind a name which the student looks up.

The rest demonstrates: it draws and prints from names of its own, and takes most of a chapter's time. Code that can
look names up in other ways, and cells that change something for all that comes after them, make cells run that may
not be needed; never the other way round.
"""

from __future__ import annotations

import ast
import functools
import re
import symtable
from collections.abc import Iterator, Sequence

__all__ = ["needed"]

# Ways to reach a name without writing it, and IPython's own syntax.
_ANY_NAME = re.compile(
    r"\b(?:globals|locals|vars|eval|exec|compile|get_ipython|sys|inspect|__\w+|_\d+|_i+\d*)\b|\b(?:In|Out)\["
    r"|^\s*[%!?]|\w\?\s*$",
    re.MULTILINE,
)
# What changes something for all that comes after it, without binding a name.
_FOR_ALL = re.compile(
    r"(?:^|[._])(?:seed|manual_seed|set_\w+|set|use|simplefilter|filterwarnings|register\w*)$"
)


def needed(instructors: Sequence[str], students: Sequence[str]) -> list[bool]:
    """For each of the instructor's cells whether it must run.

    Parameters
    ----------
    instructors : the cells that the student has left as they were
    students : the cells that the student has written or changed
    """
    looked_up = [_looked_up(source) for source in students]
    if any(names is None for names in looked_up):
        return [True] * len(instructors)
    wanted = {name for names in looked_up for name in names or ()}
    modules = frozenset(name for source in instructors for name in _imported(source))
    bound = [_bound(source, modules) for source in instructors]
    runs = [names is None for names in bound]
    waiting = [index for index, must in enumerate(runs) if must]
    while True:
        for index in waiting:
            wanted |= _looked_up(instructors[index]) or set()
        waiting = [i for i, names in enumerate(bound) if not runs[i] and names and names & wanted]
        if not waiting:
            return runs
        for index in waiting:
            runs[index] = True


def _looked_up(source: str) -> set[str] | None:
    """The names that a cell looks up among the notebook's; None if it may look up any."""
    if _ANY_NAME.search(source):
        return None
    try:
        table = symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return None
    return set(_of_table(table))


def _of_table(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_global() or table.get_type() == "module":
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _of_table(inner)


# The instructor's cells are the same for a whole class.
@functools.lru_cache(maxsize=1024)
def _bound(source: str, modules: frozenset[str]) -> set[str] | None:
    """The names that a cell binds or whose objects it may change; None if it may do anything else."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    names: set[str] = set(_imported(source))
    if "*" in names:
        return None
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Name(ctx=ast.Store() | ast.Del()):
                names.add(node.id)
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                names.update(_root(node))
            case ast.Expr(value=ast.Call(func=function)):
                # A method may change its object, and a function what it is given: `signal.sort()`, `fill(signal)`.
                if _FOR_ALL.search(ast.unparse(function)):
                    return None
                if not _shows(function):
                    words = {word.id for word in ast.walk(node) if isinstance(word, ast.Name)}
                    names |= words - modules
    return names


@functools.lru_cache(maxsize=1024)
def _imported(source: str) -> frozenset[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    return frozenset(
        (alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names
    )


def _shows(function: ast.expr) -> bool:
    match function:
        case ast.Name(id="print" | "display"):
            return True
        case ast.Attribute(value=ast.Name(id="draw")):
            return True
    return False


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
