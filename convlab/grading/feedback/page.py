"""Arranges an autograded notebook as a page: the points first, then the exercises in their places.

A student comes to see their own code and what was wrong with it. So the text that asks for an exercise, the code and
what the grader said stand open; the rest of the chapter is folded between them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from convlab.grading.document import document
from convlab.grading.feedback.concealed import Concealed
from convlab.grading.feedback.outputs import Budget, Shown, shown
from convlab.grading.feedback.prose import prose
from convlab.grading.feedback.text import as_text, cut, readable
from convlab.grading.feedback.verdict import Verdict, read_verdict

__all__ = ["Marks", "render"]

_PACKAGE = "convlab.grading.feedback"
LONGEST_SOURCE = 30_000  # characters; the longest cell of the course has 2,500
MOST_COLOURED = 6_000
MOST_CELLS = 2_000
MOST_ASKING = 5  # cells between an exercise's heading and the code
_HEADING = re.compile(r"^ {0,3}#{1,6} +(.{1,200}?) *#*$", re.MULTILINE)
_PYTHON, _SPANS = PythonLexer(), HtmlFormatter(nowrap=True)
_MARKUP = re.compile(r"<[^>]*>|[*`$\\]|\]\([^)]*\)|\[")


@dataclass(frozen=True)
class Marks:
    """What the gradebook says of one submission.

    Parameters
    ----------
    scores : grade_id -> points, or None while they wait to be given by hand
    """

    student: str
    name: str
    assignment: str
    notebook: str
    score: float
    max_score: float
    late_penalty: float
    scores: Mapping[str, float | None]
    max_scores: Mapping[str, float]
    comments: Mapping[str, str]


@dataclass(frozen=True)
class Cell:
    """One cell, ready to be shown."""

    kind: str  # "prose", "code" or "raw"
    content: Markup
    outputs: list[Shown] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return any(thing.kind == "error" for thing in self.outputs)


@dataclass(frozen=True)
class Fold:
    """Cells of the chapter between two exercises."""

    cells: list[Cell]
    title: str

    @property
    def failed(self) -> int:
        return sum(cell.failed for cell in self.cells)


@dataclass(frozen=True)
class Answer:
    """A cell that the student was asked to fill."""

    cell: Cell
    comment: Markup


@dataclass(frozen=True)
class Graded:
    """A cell with points."""

    number: int
    name: str
    score: float | None
    max_score: float
    verdict: Verdict
    cell: Cell
    answer: bool  # the student wrote this cell
    comment: Markup

    @property
    def state(self) -> str:
        if self.score is None:
            return "waiting"
        if self.score >= self.max_score:
            return "full"
        return "part" if self.score > 0 else "none"

    @property
    def reason(self) -> str:
        if self.score is None:
            return "waits to be marked by hand"
        if self.score >= self.max_score:
            return ""
        if self.verdict.reason:
            return self.verdict.reason
        return "see the comment" if self.comment else "" if self.answer else "the check did not run"


Item = Cell | Fold | Answer | Graded


def render(cells: Sequence[Any], marks: Marks, concealed: Concealed) -> str:
    """The whole page as one HTML document.

    Parameters
    ----------
    cells : an autograded notebook's cells, whatever they hold
    """
    items = _arranged(cells, marks, concealed)
    graded = [item for item in items if isinstance(item, Graded)]
    kinds = [type(item).__name__.lower() for item in items]
    return document(
        (_PACKAGE, "page.html"),
        [(_PACKAGE, "page.css")],
        images=True,
        title=f"{marks.notebook} · {marks.name or marks.student} · feedback",
        marks=marks,
        graded=graded,
        items=list(zip(kinds, items)),
    )


def _arranged(cells: Sequence[Any], marks: Marks, concealed: Concealed) -> list[Item]:
    chapter, exercises = Budget(), Budget()  # what a demonstration prints must not cost a message its place
    items: list[Item] = []
    between: list[Any] = []
    number = 0

    def close(before_answer: bool) -> None:
        asked = _what_is_asked(between) if before_answer else []
        del between[len(between) - len(asked) :]
        if between:
            items.append(_fold(between, concealed, chapter))
        items.extend(_cell(cell, concealed, chapter) for cell in asked)
        between.clear()

    for cell in cells[:MOST_CELLS]:
        about = cell.get("metadata", {}).get("nbgrader") or {}
        grade_id = as_text(about.get("grade_id"))
        if about.get("grade") or about.get("task"):
            answer = bool(about.get("solution"))
            close(before_answer=answer)
            number += 1
            name = grade_id.removesuffix("_check")
            outputs = cell.get("outputs") or ()
            items.append(
                Graded(
                    number,
                    readable(name)[:100],
                    marks.scores.get(grade_id),
                    marks.max_scores.get(grade_id, 0.0),
                    read_verdict(name, outputs, concealed, exercises),
                    _cell(cell, concealed, exercises, outputs=False),
                    answer,
                    _comment(marks, grade_id, concealed),
                )
            )
        elif about.get("solution"):
            close(before_answer=True)
            items.append(Answer(_cell(cell, concealed, exercises), _comment(marks, grade_id, concealed)))
        else:
            between.append(cell)
    close(before_answer=False)
    return items


def _what_is_asked(cells: Sequence[Any]) -> list[Any]:
    """The cells that ask for the answer behind them: from the last heading on, if it is near."""
    for back in range(1, min(MOST_ASKING, len(cells)) + 1):
        cell = cells[-back]
        if cell.get("cell_type") == "markdown" and _HEADING.search(as_text(cell.get("source"))[:2000]):
            return list(cells[-back:])
    return [cell for cell in cells[-1:] if cell.get("cell_type") == "markdown"]


def _comment(marks: Marks, grade_id: str, concealed: Concealed) -> Markup:
    comment = marks.comments.get(grade_id, "")
    return Markup(concealed.markup(prose(comment))) if comment.strip() else Markup()


def _fold(cells: Sequence[Any], concealed: Concealed, budget: Budget) -> Fold:
    headings = [
        found
        for cell in cells
        if cell.get("cell_type") == "markdown"
        for found in _HEADING.findall(as_text(cell.get("source"))[:2000])
    ]
    title = _plain(headings[0]) if headings else ""
    if len(headings) > 1:
        title = f"{title} … {_plain(headings[-1])}"
    return Fold([_cell(cell, concealed, budget) for cell in cells], concealed.text(title))


def _plain(heading: str) -> str:
    """A heading as text of one line."""
    return readable(_MARKUP.sub("", heading))[:80].strip()


def _cell(cell: Any, concealed: Concealed, budget: Budget, outputs: bool = True) -> Cell:
    source = concealed.source(as_text(cell.get("source")))
    kind = cell.get("cell_type")
    if not (budget.take(source) and budget.parse(len(source))):
        return Cell("raw", Markup.escape("this cell is not shown: the page would become too large"))
    if kind == "markdown":
        return Cell("prose", Markup(concealed.markup(prose(source, cell.get("attachments")))))
    text = cut(readable(source), LONGEST_SOURCE, 1000, 2000)
    if kind != "code":
        return Cell("raw", Markup.escape(text))
    things = shown(cell.get("outputs") or (), concealed, budget) if outputs else []
    return Cell("code", Markup(_coloured(text)), things)


@functools.lru_cache(maxsize=1024)
def _coloured(source: str) -> str:
    """Python with its words in spans, escaped. The lexer's time grows with the square of some texts' length."""
    if len(source) > MOST_COLOURED:
        return str(Markup.escape(source))
    return str(highlight(source, _PYTHON, _SPANS)).strip("\n")
