"""A solved notebook as the site shows it: each solution folded behind the task, so that nobody reads it unasked.

Knows what a solution cell is; knows nothing about Sphinx's configuration or other pages.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Collection
from typing import Any

import nbformat

from convlab.site.errors import SiteError

__all__ = ["description", "page"]

_STUB = "raise NotImplementedError()"
_LONGEST_DESCRIPTION = 200
# A narrow page shrinks a picture to this share of its size, where its smallest type is 9 pixels. If even that is too
# wide, it scrolls, and then nothing is gained by small type.
_SMALLEST = 0.75
_MARGINS = 32  # of a narrow page, in pixels, left and right together
_NO_BREAK = "\N{NO-BREAK SPACE}"
_TOGETHER = re.compile(r"(?<=[\w)]) (?=[·×%](?!\w))|(?<=[\w)] [·×]) (?=[\w(])")
_LITERAL = re.compile(r"(```.*?```|`+[^`]*`+|\$\$.*?\$\$|\$[^$]*\$|<[^>]*>)", re.DOTALL)
_PICTURE = re.compile(r'<img\b[^>]*\bsrc="data:image/svg\+xml[^>]*>')


def page(notebook: Any, exercises: Collection[str], about: str) -> Any:
    """A copy of a solved notebook, with its solutions folded.

    Parameters
    ----------
    notebook : a solved notebook
    exercises : the ids of its solution cells
    about : what search engines and link previews say of the page

    Raises
    ------
    SiteError
        If an exercise has no solution cell, or one that is not a function.
    """
    shown = copy.deepcopy(notebook)
    shown.metadata["myst"] = {"html_meta": {"description": about}}
    cells: list[Any] = []
    found = set()
    for cell in shown.cells:
        _keep_pictures_legible(cell)
        if cell.cell_type == "markdown":
            cell.source = unbroken(cell.source)
        if cell.cell_type == "code" and cell.get("id") in exercises:
            found.add(cell.id)
            cells += _folded(cell)
        else:
            cells.append(cell)
    if missing := sorted(set(exercises) - found):
        raise SiteError(f"there is no solution cell {missing[0]!r}: run `convlab build`.")
    shown.cells = cells
    return shown


def description(teaser: str) -> str:
    """The first sentences of a chapter as plain text, as many as a search engine shows."""
    plain = re.sub(r"[*`$]", "", teaser)
    sentences = re.split(r"(?<=[.!?]) ", plain)
    text = sentences[0]
    for sentence in sentences[1:]:
        if len(text) + 1 + len(sentence) > _LONGEST_DESCRIPTION:
            break
        text += f" {sentence}"
    return text


def unbroken(text: str) -> str:
    """Markdown whose products and per cents stay on one line: "4 · 9", "95 %"; code and formulas as they are."""
    parts = _LITERAL.split(text)
    return "".join(part if i % 2 else _TOGETHER.sub(_NO_BREAK, part) for i, part in enumerate(parts))


def _folded(cell: Any) -> list[Any]:
    """The function to write, as students find it, and the solution behind a fold."""
    # myst-nb can fold cells too, but screen readers would hear "Toggle hidden content" for each.
    return [
        _markdown(f"{cell.id}-task", f"````python\n{_task(cell.id, cell.source)}\n````"),
        _markdown(f"{cell.id}-fold", '<details class="solution"><summary>Show a solution</summary>'),
        cell,
        _markdown(f"{cell.id}-end", "</details>"),
    ]


def _task(name: str, source: str) -> str:
    """Signature and docstring of a solution, with nbgrader's stub for its body."""
    try:
        nodes = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    except SyntaxError:
        nodes = []
    if len(nodes) != 1 or nodes[0].name != name or ast.get_docstring(nodes[0]) is None:
        raise SiteError(f"the cell {name!r} must define one function {name} with a docstring.")
    docstring = nodes[0].body[0]
    head = source.splitlines()[: docstring.end_lineno]
    return "\n".join([*head, " " * docstring.col_offset + _STUB])


def _keep_pictures_legible(cell: Any) -> None:
    """Give every picture a least width; on a phone it then scrolls within its own box."""
    for output in cell.get("outputs", []):
        if "text/html" in output.get("data", {}):
            output.data["text/html"] = _PICTURE.sub(_with_least_width, output.data["text/html"])


def _with_least_width(image: re.Match[str]) -> str:
    width = re.search(r'\bwidth="(\d+)"', image[0])
    if width is None:
        return image[0]
    # Where the page is too narrow for the least width, the difference is positive. (A percentage instead of the
    # page's width would be of nothing while a row of pictures is laid out.)
    whole = int(width[1])
    least = f"min-width:clamp(0px,({round(_SMALLEST * whole) + _MARGINS}px - 100vw)*999,{whole}px)"
    styled, times = re.subn(r'\bstyle="', f'style="{least};', image[0], count=1)
    return styled if times else image[0].replace("<img", f'<img style="{least}"', 1)


def _markdown(id: str, source: str) -> Any:
    return nbformat.v4.new_markdown_cell(source, id=id[:64])
