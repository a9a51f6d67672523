"""Whether a folder of pages holds together: everything it loads and links to lies in it, and each anchor exists.

Knows HTML and CSS; knows nothing about the course. What scripts request when they run, only a browser can tell
(tests/browser/test_site.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

__all__ = ["problems"]

_LOADING_RELATIONS = {"icon", "manifest", "modulepreload", "preload", "prefetch", "stylesheet"}
_ADDRESSES = {"href", "xlink:href", "src", "poster", "data", "action"}
_CSS_ADDRESS = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
# In a srcset an address ends where a space does, and may hold commas, as those with data do.
_CANDIDATE = re.compile(r"(\S*[^\s,])(?:\s+[^,]*)?")
_WITHOUT_CONTENT = {"data", "mailto", "about"}


@dataclass
class _Page(HTMLParser):
    """The ids of a page, what a reader may follow from it, and what a browser fetches for it."""

    ids: set[str] = field(default_factory=set)
    followed: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    _style: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.ids.add(values["id"])
        self._style = tag == "style"
        self.fetched += _in_css(values.get("style", ""))
        self.fetched += _CANDIDATE.findall(values.get("srcset", ""))
        fetches = tag != "a" and (
            tag != "link" or bool(_LOADING_RELATIONS & set(values.get("rel", "").lower().split()))
        )
        for name in _ADDRESSES & values.keys():
            fetched = fetches and name != "action"
            (self.fetched if fetched else self.followed).append(values[name])

    def handle_data(self, data: str) -> None:
        if self._style:
            self.fetched += _in_css(data)

    def handle_endtag(self, tag: str) -> None:
        self._style = False


def problems(folder: Path) -> list[str]:
    """A sentence for each address that leads nowhere or makes a browser ask another machine.

    Links that a reader may follow to other sites are no problem.
    """
    pages = {}
    for file in sorted(folder.rglob("*.html")):
        pages[file] = _Page()
        pages[file].feed(file.read_text(encoding="utf-8"))
    found = []
    for file, page in pages.items():
        name = file.relative_to(folder).as_posix()
        for address in dict.fromkeys(page.fetched):
            if _is_outside(address):
                found.append(f"{name} loads {address}: a page must not ask another machine for anything.")
        for address in dict.fromkeys(page.followed + page.fetched):
            if not _is_outside(address) and not _leads_somewhere(folder, file, address, pages):
                found.append(f"{name} points to {address}, which is not there.")
    for file in sorted(folder.rglob("*.css")):
        name = file.relative_to(folder).as_posix()
        for address in dict.fromkeys(_in_css(file.read_text(encoding="utf-8"))):
            if _is_outside(address):
                found.append(f"{name} loads {address}: a page must not ask another machine for anything.")
            elif not _leads_somewhere(folder, file, address, pages):
                found.append(f"{name} points to {address}, which is not there.")
    return found


def _is_outside(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in {"", *_WITHOUT_CONTENT}


def _leads_somewhere(folder: Path, file: Path, address: str, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(address)
    if parts.scheme in _WITHOUT_CONTENT:
        return True
    if PurePosixPath(parts.path).is_absolute():
        return False  # from file:// it is the root of the disk
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not target.is_relative_to(folder.resolve()) and target != file:
        return False
    if not target.is_file():
        return False
    page = pages.get(folder / target.relative_to(folder.resolve())) if target != file else pages.get(file)
    return not parts.fragment or page is None or unquote(parts.fragment) in page.ids


def _in_css(text: str) -> list[str]:
    return [one or other for one, other in _CSS_ADDRESS.findall(text)]
