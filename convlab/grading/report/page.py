"""Writes a report as a page: what to act on first, then the numbers behind it.

Every text that comes from a submission or a gradebook is made readable and short here, and escaped by the template.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from convlab.grading.document import document
from convlab.grading.feedback.text import readable
from convlab.grading.report.findings import Finding, Findings, Topic, find
from convlab.grading.report.gather import Class, Student
from convlab.grading.report.histogram import histogram, label, share
from convlab.grading.report.losses import KINDS
from convlab.grading.spreadsheet import number

__all__ = ["Person", "called", "render"]

_PACKAGE = "convlab.grading.report"
MOST_LINES = 100  # of flags, limits and failures; each may be another one
_LONGEST = 160  # characters of a text that a submission could have made


@dataclass(frozen=True)
class Person:
    """How the page calls a student, and where it leads; "" where there is nothing to see."""

    id: str
    label: str
    feedback: str
    notebook: str


@dataclass(frozen=True)
class Card:
    """A topic in words: `what` and `how` stand around the exercise's name."""

    count: str
    what: str
    exercise: str
    how: str
    said: str
    again: Markup
    points: int
    students: tuple[Student, ...]


def render(klass: Class, page: Path) -> str:
    """The report as one HTML document.

    Parameters
    ----------
    klass : what is known of a class
    page : where it will lie; its links begin there
    """
    found = find(klass)
    people = called(klass.students, page)
    return document(
        (_PACKAGE, "page.html"),
        [(_PACKAGE, "instructor.css"), (_PACKAGE, "page.css")],
        title=f"{klass.chapter.title} · report",
        number=number,
        klass=klass,
        found=found,
        people_of=people,
        topics=[_card(one, len(found.read), klass) for one in found.topics],
        waits=_waits(found),
        handed_in=sum(one.handed_in for one in klass.students),
        no_feedback=not any(one.feedback for one in klass.students),
        histogram=histogram(found.spread) if found.spread else "",
        kinds=KINDS,
        most=MOST_LINES,
        label=label,
        share=share,
        short=_short,
        duration=_duration,
        names=lambda students: ", ".join(people[one.id].label for one in students),
        points_of=lambda student: {one.name: one.points for one in student.result.exercises},
    )


def called(students: Sequence[Student], page: Path) -> Mapping[str, Person]:
    """student -> how a page calls them and where their name leads. Two of one name are told apart by their ids."""
    same = Counter(one.name for one in students)
    people = {}
    for one in students:
        student, name = readable(one.id), readable(one.name)
        people[one.id] = Person(
            student,
            name if same[one.name] == 1 else f"{name} ({student})",
            _address(one.feedback, page) if one.feedback else "",
            _address(one.autograded, page) if one.autograded else "",
        )
    return people


def _address(target: Path, page: Path) -> str:
    """A link from one file to another that holds for as long as both are moved together; ./ in front of a colon."""
    relative = os.path.relpath(target.resolve(), page.resolve().parent).replace(os.sep, "/")
    return quote(os.fsencode(relative if relative.startswith(".") else f"./{relative}"))


def _card(topic: Topic, readable_files: int, klass: Class) -> Card:
    one = topic.finding
    count = f"{len(one.students)} of {readable_files}"
    what, how, said = _sentence(one)
    return Card(count, what, one.exercise, how, said, _again(topic, klass), one.points, one.students)


def _sentence(one: Finding) -> tuple[str, str, str]:
    """What stands before the exercise's name, what behind it, and what there is to know besides."""
    seen = ", ".join(f"{name} ({count})" for name, count in one.signs[:4])
    if one.kind == "mistake":
        return f"made the mistake “{one.name}” in", ".", f"They were told: {one.sentence}"
    if one.kind == "unwritten":
        return "did not write", ".", ""
    if one.kind == "stopped":
        return "were stopped in", ".", f"What was seen: {seen}."
    if one.kind == "refused":
        return "called in", " what the exercise is about, instead of writing it.", ""
    return (
        "are wrong in",
        f" from the samples “{one.group}” on, and not by a mistake that has a name.",
        f"What was seen: {seen}.",
    )


def _again(topic: Topic, klass: Class) -> Markup:
    """What the instructor can do about it."""
    one = topic.finding
    chapter = Markup("<code>{}</code>").format(topic.chapter)
    where = Markup("“{}” in {}").format(topic.section, chapter) if topic.section else chapter
    if topic.chapter != klass.assignment:
        where += Markup(", where this mistake is first met")
    words = {
        "mistake": "Go back to {where}.",
        "unwritten": "Ask whether time or the idea was missing ({minutes} minutes, difficulty {difficulty} of 5), and "
        "begin it together. {where} leads to it.",
        "stopped": "Look at one loop's bounds together. {where} has what they count.",
        "refused": "Say once more what the exercise is for. {where} leads to it.",
        "unnamed": "Read one or two of these functions aloud, on the smallest failing call. {where} leads to it.",
    }
    return Markup(words[one.kind]).format(where=where, minutes=topic.minutes, difficulty=topic.difficulty)


def _waits(found: Findings) -> list[tuple[str, str]]:
    """What a person must look at, and where it stands."""
    unread = sum(len(students) for _, students in found.unread)
    flagged = len({one.id for _, students in found.flags for one in students})
    limited = len({one.id for _, students in found.limits for one in students})
    lines = (
        ("ungraded", len(found.ungraded), "not graded yet"),
        ("unread", unread, "could not be read"),
        ("by-hand", len(found.waiting), "to mark by hand"),
        ("flags", flagged, "with flags to review"),
        ("time", limited, "ran into a limit"),
        ("late", len(found.late), "late"),
        ("absent", len(found.absent), "handed nothing in"),
    )
    return [(where, f"{count} {what}") for where, count, what in lines if count]


def _short(text: str) -> str:
    one = " ".join(readable(text).split())
    return one if len(one) <= _LONGEST else f"{one[: _LONGEST - 1]}…"


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    parts: Sequence[tuple[int, str]] = (
        (minutes // 1440, "d"),
        (minutes // 60 % 24, "h"),
        (minutes % 60, "min"),
    )
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
