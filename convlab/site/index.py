"""The index page: `course/site/index.md` with an explorer, the map and a word on each chapter filled in.

Knows the openings, the registry's figures and the explorer; knows nothing about notebooks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from convlab import draw
from convlab.site.chapter_map import chapter_map
from convlab.site.errors import SiteError
from convlab.site.opening import Opening, in_mentions

__all__ = ["Exercise", "index"]

# The numbers of the README's picture.
_IMAGE = [[0, 1, 2, 3, 0], [4, 5, 6, 0, 1], [7, 8, 0, 2, 3], [9, 1, 4, 6, 5]]
_SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


class Exercise(Protocol):
    """What the site reads of an exercise in convlab.checks."""

    @property
    def name(self) -> str: ...
    @property
    def chapter(self) -> str: ...
    @property
    def points(self) -> int: ...
    @property
    def minutes(self) -> int: ...


def index(template: str, openings: Sequence[Opening], exercises: Iterable[Exercise]) -> str:
    """Fill in the lines `<!-- explorer -->`, `<!-- map -->`, `<!-- chapters -->`, `<!-- contents -->`, and sums such as
    `{points}`.

    Raises
    ------
    SiteError
        If one of the four lines is not there exactly once.
    """
    work = list(exercises)
    by_chapter = {o.name: [e for e in work if e.chapter == o.name] for o in openings}
    points = {name: sum(e.points for e in of_chapter) for name, of_chapter in by_chapter.items()}
    names = {opening.number: opening.name for opening in openings}
    parts = {
        "explorer": _raw(draw.explore(_IMAGE, _SOBEL)._repr_html_()),
        "map": chapter_map(openings, points),
        "chapters": "\n\n".join(_about(o, by_chapter[o.name], names) for o in openings),
        "contents": _contents(openings),
    }
    sums = {"chapters": len(openings), "exercises": len(work), "points": sum(points.values())}
    text = re.sub(r"\{(\w+)\}", lambda m: str(sums.get(m[1], m[0])), template)
    for part, content in parts.items():
        line = f"<!-- {part} -->"
        if text.count(line) != 1:
            raise SiteError(f"course/site/index.md must have the line '{line}' once.")
        text = text.replace(line, content)
    return text


def _raw(markup: str) -> str:
    """HTML in Markdown, which may hold blank lines this way."""
    return f"````{{raw}} html\n{markup}\n````"


def _contents(openings: Sequence[Opening]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", *(opening.name for opening in openings), "```"])


def _about(opening: Opening, exercises: Sequence[Exercise], names: Mapping[int, str]) -> str:
    """One chapter in Markdown: what it is about, gives, needs and takes."""
    can = "\n".join(f"- {item}" for item in opening.can)
    takes = f"**Takes** {opening.takes}."
    if exercises:
        functions = ", ".join(f"`{exercise.name}`" for exercise in exercises)
        minutes = sum(exercise.minutes for exercise in exercises)
        points = sum(exercise.points for exercise in exercises)
        takes += f" You write {functions}: {_count(points, 'point')}, about {_count(minutes, 'minute')}."
    return (
        f"### [{opening.number} · {opening.title}]({opening.name}.ipynb)\n\n"
        f"{opening.teaser}\n\n"
        f"**Afterwards you can**\n\n{can}\n\n"
        f"**Needs** {_linked(opening.need, names)}\n\n"
        f"{takes}"
    )


def _linked(sentences: str, names: Mapping[int, str]) -> str:
    """The sentences, with a link from the number of each chapter that they name."""

    def link(match: re.Match[str]) -> str:
        number = int(match[2])
        return f"[{match[0]}]({names[number]}.ipynb)" if number in names else match[0]

    return in_mentions(sentences, lambda words: re.sub(r"((?:[Cc]hapters? )?)(\d+)", link, words))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
