"""Turns the outputs of a cell into what a page shows of them: capped text, sanitised HTML, or a picture.

Everything here may come from a student. Nothing of it may become part of the page that is not inside a frame.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from convlab.grading.feedback.concealed import Concealed
from convlab.grading.feedback.formula import mathml
from convlab.grading.feedback.pictures import data_uri
from convlab.grading.feedback.prose import prose
from convlab.grading.feedback.sanitise import sanitised, tags_in
from convlab.grading.feedback.text import as_text, cut, readable

__all__ = ["Budget", "Shown", "error_text", "fit", "shown"]

MOST_CHARACTERS = 20_000  # of one output's text
MOST_LINES = 300
LONGEST_LINE = 2_000
MOST_OUTPUTS = 50  # of one cell
MOST_OF_A_PAGE = 6_000_000  # characters; a chapter with all its pictures has 700,000
MOST_WORK = 300_000  # characters of sources and 10 for each tag of an output; a chapter has 60,000

_MATH = re.compile(r"\s*(\$\$?)(?:\\displaystyle)?([^$]*)\1\s*")
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Shown:
    """One thing in an output's frame: "text" and "error" are preformatted, "markup" is sanitised HTML."""

    kind: str
    content: Markup


class Budget:
    """How much may still be put on the page, and how much may still be parsed for it."""

    def __init__(self, characters: int = MOST_OF_A_PAGE, work: int = MOST_WORK) -> None:
        self.characters = characters
        self.work = work

    def take(self, content: str) -> bool:
        """Whether the content still fits."""
        self.characters -= len(content)
        return self.characters >= 0

    def parse(self, work: int) -> bool:
        """Whether there is time for it."""
        self.work -= work
        return self.work >= 0


def shown(outputs: Iterable[Any], concealed: Concealed, budget: Budget) -> list[Shown]:
    """What a page shows of a cell's outputs."""
    things: list[Shown] = []
    for number, thing in enumerate(_things(outputs, concealed, budget)):
        if number == MOST_OUTPUTS:
            things.append(_note("more outputs are not shown"))
            break
        if not budget.take(thing.content):
            things.append(_note("this output is not shown: the page would become too large"))
            break
        things.append(thing)
    return things


def _things(outputs: Iterable[Any], concealed: Concealed, budget: Budget) -> Iterator[Shown]:
    for kind, parts in _joined(outputs):
        if kind == "text":
            text = fit("".join(parts), concealed)
            if text.strip():
                yield Shown("text", Markup.escape(text.rstrip("\n")))
        elif kind == "error":
            yield Shown("error", Markup.escape(fit(error_text(parts[0], traceback=True), concealed)))
        else:
            thing = _bundle(parts[0], concealed, budget)
            if thing is not None:
                yield thing


def _joined(outputs: Iterable[Any]) -> Iterator[tuple[str, list[Any]]]:
    """The outputs with neighbouring streams put together: a print in a loop is one text."""
    streams: list[Any] = []
    for output in outputs:
        kind = output.get("output_type")
        if kind == "stream":
            streams.append(as_text(output.get("text")))
            continue
        if streams:
            yield "text", streams
            streams = []
        if kind == "error":
            yield "error", [output]
        elif isinstance(output.get("data"), dict):
            yield "data", [output["data"]]
    if streams:
        yield "text", streams


def fit(text: str, concealed: Concealed) -> str:
    """An output's text as it may be shown, still to be escaped."""
    most = 5 * MOST_CHARACTERS
    if len(text) > 2 * most:  # what is between is cut out below in any case
        text = text[:most] + text[-most:]
    return cut(concealed.text(readable(text)), MOST_CHARACTERS, MOST_LINES, LONGEST_LINE)


def error_text(output: Any, traceback: bool) -> str:
    """What an error says; with the traceback if it is the student's own code that raised."""
    name, value = as_text(output.get("ename")), as_text(output.get("evalue"))
    if name == "CheckFailed":
        return value
    if name == "CellTimeoutError":
        return "The cell ran longer than its time limit."
    lines = output.get("traceback")
    if traceback and isinstance(lines, list) and lines:
        return "\n".join(line for line in lines if isinstance(line, str))
    return f"{name}: {value}" if value else name


def _bundle(data: dict[str, Any], concealed: Concealed, budget: Budget) -> Shown | None:
    """The best of an output's representations that can be shown."""
    too_much = False
    if "text/html" in data:
        source = as_text(data["text/html"])
        markup = _html(source) if budget.parse(10 * tags_in(source)) else None
        too_much = markup is None
        if markup and ("<img" in markup or _TAGS.sub("", markup).strip()):
            return _markup(markup, concealed)
    for kind in ("image/svg+xml", "image/png", "image/jpeg"):
        if kind in data:
            uri = data_uri(kind, as_text(data[kind]))
            if uri:
                alt = html.escape(
                    fit(as_text(data.get("text/plain")), concealed)[:500].strip() or "a picture"
                )
                return Shown("markup", Markup(f'<img alt="{alt}" src="{uri}">'))
            too_much = True
    if "text/markdown" in data:
        source = as_text(data["text/markdown"])
        if budget.parse(len(source)):
            return _markup(prose(source), concealed)
    if "text/latex" in data:
        found = _MATH.fullmatch(as_text(data["text/latex"])[:2000])
        if found:
            return _markup(sanitised(mathml(found[2], True)) or "", concealed)
    text = fit(as_text(data.get("text/plain")), concealed)
    if text.strip():
        return Shown("text", Markup.escape(text))
    return _note("this output cannot be shown here") if too_much else None


@functools.lru_cache(maxsize=256)
def _html(markup: str) -> str | None:
    """Most outputs are the chapter's own pictures and the same for everybody."""
    return sanitised(markup)


def _markup(markup: str, concealed: Concealed) -> Shown:
    return Shown("markup", Markup(concealed.markup(markup)))


def _note(text: str) -> Shown:
    return Shown("note", Markup.escape(text))
