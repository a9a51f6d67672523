"""Puts texts that are alike side by side, with what both hold marked. The page judges nobody.

All of a text is a stranger's: it is cut, made readable and escaped, and nothing of it can run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from convlab.grading.document import document
from convlab.grading.feedback.text import readable
from convlab.grading.report.page import Person
from convlab.grading.similarity.compare import Compared, Measured, Written
from convlab.grading.similarity.fingerprints import Fingerprints, fingerprints
from convlab.grading.similarity.normal import as_words
from convlab.grading.similarity.pairs import REFERENCE, Found, Pair

__all__ = ["MOST_PAIRS", "render"]

_PACKAGE = "convlab.grading.similarity"
MOST_PAIRS = 40
_MOST_TEXT = 1_200_000  # characters of the page that texts take
_LINES, _LINE = 120, 300
_RARE = 1.0  # bits: fewer than half of the class have it

Marks = Mapping[int, list[tuple[int, int]]]


@dataclass(frozen=True)
class Side:
    """One text of a pair, with its marks; `left_out` if the page would become too large."""

    label: str
    code: Markup
    left_out: bool = False


@dataclass(frozen=True)
class Beside:
    """One exercise of a pair."""

    name: str
    percent: int
    left: Side
    right: Side


@dataclass(frozen=True)
class Shown:
    """A pair in words.

    Parameters
    ----------
    most : the exercises that are more alike than the whole
    parts : those that share most come first
    """

    first: Person
    second: Person
    percent: int
    as_alike: int
    bits: int
    most: str
    parts: tuple[Beside, ...]


def render(compared: Compared, found: Found, people: Mapping[str, Person], title: str) -> str:
    """The page as one HTML document.

    Parameters
    ----------
    compared, found : what was measured, and what of it is shown
    people : student -> how the page calls them, and where their names lead
    title : of the chapter
    """
    writer = _Writer(compared, people)
    pairs = [writer.shown(pair) for pair in found.pairs[:MOST_PAIRS]]
    references = [writer.shown(pair) for pair in found.references[:MOST_PAIRS]]
    return document(
        (_PACKAGE, "page.html"),
        [("convlab.grading.report", "instructor.css"), (_PACKAGE, "page.css")],
        assignment=compared.assignment,
        heading=title,
        title=f"{title} · likeness",
        found=found,
        pairs=pairs,
        references=references,
        groups=[[people[one].label for one in group] for group in found.groups],
        percent=lambda share: round(100 * share),
        alike_anyway=found.seldom > 0.8 * found.threshold,
        too_many=len(found.pairs) > found.students,
        unread=[
            (
                part.name,
                [people[one].label for one, text in sorted(part.written.items()) if text.tree is None],
            )
            for part in compared.parts
            if any(text.tree is None for text in part.written.values())
        ],
    )


class _Writer:
    """Writes pairs, as long as there is room for their texts."""

    def __init__(self, compared: Compared, people: Mapping[str, Person]) -> None:
        self._parts = {part.name: part for part in compared.parts}
        self._people = people
        self._room = _MOST_TEXT

    def shown(self, pair: Pair) -> Shown:
        parts = sorted(pair.parts, key=lambda part: -round(part.bits, 3))
        return Shown(
            self._person(pair.first),
            self._person(pair.second),
            round(100 * pair.likeness),
            pair.as_alike,
            round(pair.bits),
            ", ".join(one.name for one in parts if one.likeness > max(0.5, pair.likeness + 0.1)),
            tuple(
                Beside(one.name, round(100 * one.likeness), *self._sides(self._parts[one.name], pair))
                for one in parts
            ),
        )

    def _person(self, student: str) -> Person:
        return (
            self._people[student] if student != REFERENCE else Person("", "the instructor's solution", "", "")
        )

    def _sides(self, part: Measured, pair: Pair) -> tuple[Side, Side]:
        first, second = part.written[pair.first], _text(part, pair.second)
        worth = part.plain if pair.second == REFERENCE else part.weights
        marks = _marks(first, second, worth)
        left, right = (
            self._side(self._person(student).label, text.text, mark)
            for student, text, mark in zip((pair.first, pair.second), (first, second), marks)
        )
        return left, right

    def _side(self, label: str, text: str, marks: Marks) -> Side:
        code = Markup("\n").join(_lines(text, marks))
        if len(code) > self._room:
            return Side(label, Markup(), True)
        self._room -= len(code)
        return Side(label, code)


def _text(part: Measured, student: str) -> Written:
    if student == REFERENCE and part.reference is not None:
        return part.reference
    return part.written[student]


def _marks(first: Written, second: Written, worth: Mapping[int, float]) -> tuple[Marks, Marks]:
    """Where on which lines of each text stands what both hold and few others do."""
    views: tuple[Fingerprints, Fingerprints]
    if first.tree is not None and second.tree is not None:
        views = first.tree, second.tree
    else:
        views = fingerprints(as_words(first.text)), fingerprints(as_words(second.text))
    common = {key for key in views[0] if key in views[1] and worth.get(key, 0.0) >= _RARE}
    return _spans(views[0], common), _spans(views[1], common)


def _spans(view: Fingerprints, keys: set[int]) -> Marks:
    """line -> the stretches to mark, in order, none of which touch."""
    lines: dict[int, list[tuple[int, int]]] = {}
    for key in keys:
        for line, start, end in view[key]:
            lines.setdefault(line, []).append((start, end))
    joined = {}
    for line, spans in lines.items():
        whole: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if whole and start <= whole[-1][1]:
                whole[-1] = whole[-1][0], max(end, whole[-1][1])
            else:
                whole.append((start, end))
        joined[line] = whole
    return joined


def _lines(text: str, marks: Marks) -> Iterator[Markup]:
    lines = text.split("\n")
    for number, line in enumerate(lines[:_LINES], 1):
        shown = Markup()
        place = 0
        for start, end in marks.get(number, ()):
            start, end = min(start, _LINE), min(end, _LINE)
            shown += Markup.escape(readable(line[place:start]))
            if end > start:
                shown += Markup("<mark>{}</mark>").format(readable(line[start:end]))
            place = end
        shown += Markup.escape(readable(line[place:_LINE]))
        yield shown + (" …" if len(line) > _LINE else "")
    if len(lines) > _LINES:
        yield Markup.escape(f"… and {len(lines) - _LINES} more lines")
