"""Does a notebook give a solution away? Compared as syntax trees, so that spacing and comments do not matter.

It finds the statements of a solution's body, one after the other, in any block of a code cell and in code
that stands in markdown, in a comment or in a string. Renamed variables or statements in another order are not
found.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from textwrap import dedent
from typing import Any

__all__ = ["contains", "find_leaks"]

_FENCE = re.compile(r"^([ \t>]*)(`{3,}|~{3,})[^\n]*\n(.*?)^[ \t>]*\2", re.MULTILINE | re.DOTALL)
_PRE = re.compile(r"<pre\b[^>]*>(.*?)</pre>", re.DOTALL | re.IGNORECASE)
_TAGGED = re.compile(r"<code\b[^>]*>(.*?)</code>", re.DOTALL | re.IGNORECASE)
_INLINE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_COMMENTS = re.compile(r"(?:^[ \t]*#[^\n]*(?:\n|\Z))+", re.MULTILINE)
_INDENTED = re.compile(r"(?:^(?: {4}|\t)[^\n]*(?:\n|\Z)|^[ \t]*\n)+", re.MULTILINE)
_PROMPT = re.compile(r"^\s*(?:>>>|\.\.\.) ?", re.MULTILINE)
_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)


def find_leaks(notebook: Any, bodies: Mapping[str, Sequence[ast.stmt]]) -> list[tuple[str, str]]:
    """Find solution bodies in a notebook.

    Parameters
    ----------
    notebook : the release
    bodies : exercise -> the statements of its solution, without the docstring

    Returns
    -------
    list of (exercise, cell id)
    """
    found = []
    for cell in notebook.cells:
        snippets = list(_code(cell.source) if cell.cell_type == "code" else _code_in_markdown(cell.source))
        for name, body in bodies.items():
            if any(contains(snippet, body) for snippet in snippets):
                found.append((name, cell.id))
    return found


def contains(module: ast.Module, body: Sequence[ast.stmt]) -> bool:
    """Does any block of the module (its top level, a function, a loop …) hold these statements in a row?"""
    wanted = [ast.dump(statement) for statement in body]
    return any(_has_run(block, wanted) for block in _blocks(module))


def _blocks(module: ast.Module) -> Iterator[list[str]]:
    for node in ast.walk(module):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield [ast.dump(statement) for statement in value]


def _has_run(block: list[str], wanted: list[str]) -> bool:
    return any(block[i : i + len(wanted)] == wanted for i in range(len(block) - len(wanted) + 1))


def _code(source: str) -> Iterator[ast.Module]:
    """A code cell, what its comments hold, and what its strings hold."""
    yield from _parse(source)
    for comments in _COMMENTS.findall(source):
        yield from _parse(re.sub(r"^[ \t]*#+ ?", "", comments, flags=re.MULTILINE))
    for module in _parse(source):
        for node in ast.walk(module):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value:
                yield from _code_in_markdown(node.value)


def _code_in_markdown(source: str) -> Iterator[ast.Module]:
    """Whatever a reader of the markdown could copy as code."""
    source = unescape(source)
    for text in [source, _QUOTE.sub("", source)]:
        yield from _parse(text)
        for pattern, group in [(_FENCE, 3), (_PRE, 1), (_TAGGED, 1), (_INLINE, 2), (_INDENTED, 0)]:
            for match in pattern.finditer(text):
                yield from _parse(match.group(group))


def _parse(text: str) -> Iterator[ast.Module]:
    """The text as Python; where only a part is, the magics and prompts are taken off."""
    without_prompts = _PROMPT.sub("", text)
    without_magics = re.sub(r"^[ \t]*[%!][^\n]*$", "", text, flags=re.MULTILINE)
    for candidate in dict.fromkeys([text, without_prompts, without_magics]):
        try:
            yield ast.parse(dedent(candidate).strip("\n"))
        except (SyntaxError, ValueError):
            continue
