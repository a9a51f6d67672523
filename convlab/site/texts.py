"""What the search shows of each page: its text, in a script of its own.

Sphinx fetches a page to quote from it. From a disk no page can fetch another, so the text travels with the search.
Knows built pages; knows nothing about the course.
"""

from __future__ import annotations

import json
from html import escape
from html.parser import HTMLParser
from pathlib import Path

__all__ = ["SCRIPT", "texts"]

SCRIPT = "_static/texts.js"
_UNSPOKEN = {"script", "style", "svg", "picture"}
_UNSPOKEN_CLASSES = {"headerlink", "math", "prev-next", "convlab-explorer"}
_PARTS = {
    "div",
    "h1",
    "h2",
    "h3",
    "li",
    "p",
    "pre",
    "summary",
    "td",
    "th",
}  # whose text does not touch the next
_EMPTY = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}

_CODE = """\
(() => {{
  const texts = {texts};
  const fetch = window.fetch;
  window.fetch = (address, ...more) => {{
    const text = texts[new URL(address, location).pathname.split("/").pop()];
    return text === undefined ? fetch(address, ...more) : Promise.resolve(new Response(text));
  }};
}})();
"""


class _Sections(HTMLParser):
    """The text of each section in a page's main part, without that of the sections in it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._open: list[
            tuple[str, str | None, bool]
        ] = []  # tag, id of a section, whether nothing in it is said

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _EMPTY:
            return
        if tag in _PARTS:
            self.handle_data(" ")
        values = {name: value or "" for name, value in attrs}
        section = None
        if values.get("role") == "main":
            section = ""
        elif tag == "section" and self._section() is not None:
            section = values.get("id", "")
        silent = tag in _UNSPOKEN or bool(_UNSPOKEN_CLASSES & set(values.get("class", "").split()))
        self._open.append((tag, section, silent))

    def handle_endtag(self, tag: str) -> None:
        if tag in _PARTS:
            self.handle_data(" ")
        if any(tag == name for name, _, _ in self._open):
            while self._open.pop()[0] != tag:
                pass  # HTML may leave out the end of a paragraph or of a row

    def handle_data(self, data: str) -> None:
        section = self._section()
        if section is not None and not any(silent for _, _, silent in self._open):
            self.found.setdefault(section, []).append(data)

    def _section(self) -> str | None:
        return next((section for _, section, _ in reversed(self._open) if section is not None), None)


def texts(pages: Path) -> str:
    """A script that answers, for each page of a folder, with its text where the page itself is asked for."""
    found = {}
    for file in sorted(pages.glob("*.html")):
        reader = _Sections()
        reader.feed(file.read_text(encoding="utf-8"))
        sections = [
            f'<section id="{escape(name)}">{escape(" ".join("".join(said).split()), quote=False)}</section>'
            for name, said in reader.found.items()
        ]
        found[file.name] = f'<div role="main">{" ".join(sections)}</div>'
    return _CODE.format(
        texts=json.dumps(found, ensure_ascii=False, indent=0).replace("</script", "<\\/script")
    )
