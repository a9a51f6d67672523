"""Turns a markdown cell into sanitised HTML, formulas included.

The parser is nbconvert's own, so a cell is read as it is everywhere else in Jupyter. Most cells are the instructor's
and the same for everybody: they are rendered once in a process.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Mapping
from typing import Any

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from convlab.grading.feedback.formula import mathml
from convlab.grading.feedback.pictures import safe_uri
from convlab.grading.feedback.sanitise import sanitised
from convlab.grading.feedback.text import as_text, readable

__all__ = ["LONGEST", "prose"]

LONGEST = 10_000  # characters; the longest cell of the course has 1,900, and the parser's time grows with the square


def prose(source: str, attachments: Mapping[str, Any] | None = None) -> str:
    """A markdown cell as HTML that is safe to show. What is too long or cannot be parsed is shown as typed."""
    source = readable(source)
    return _rendered(source, attachments) if attachments else _rendered_once(source)


@functools.lru_cache(maxsize=1024)
def _rendered_once(source: str) -> str:
    return _rendered(source, None)


def _rendered(source: str, attachments: Mapping[str, Any] | None) -> str:
    markup = None
    if len(source) <= LONGEST:
        try:
            markup = sanitised(MarkdownWithMath(renderer=_Renderer(attachments or {})).render(source))
        except Exception:  # whatever a hostile cell makes the parser raise, recursion among it
            markup = None
    return f"<pre>{html.escape(source[: 2 * LONGEST])}</pre>" if markup is None else markup


class _Renderer(IPythonRenderer):  # type: ignore[misc]
    """nbconvert's renderer with formulas as MathML, and headings below those of the page."""

    def __init__(self, attachments: Mapping[str, Any]) -> None:
        super().__init__(escape=False, attachments=attachments, exclude_anchor_links=True)

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        level = min(max(level + 1, 3), 6)  # the page itself uses 1 and 2
        return f"<h{level}>{text}</h{level}>\n"

    def block_code(self, code: str, info: str | None = None) -> str:
        return f"<pre><code>{html.escape(code)}</code></pre>\n"

    def block_math(self, body: str) -> str:
        return mathml(body, True)

    def inline_math(self, body: str) -> str:
        return mathml(body, False)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", True)

    def _embed_image_or_attachment(self, src: str) -> str:
        if not src.startswith("attachment:"):
            return src
        bundle = self.attachments.get(src.removeprefix("attachment:")) or {}
        for kind in ("image/svg+xml", "image/png", "image/jpeg"):
            if kind in bundle:
                return safe_uri(f"data:{kind};base64,{as_text(bundle[kind])}") or ""
        return ""
