"""A chapter's text read into cells: prose, demonstrations, and the two cells of each exercise.

Everything a chapter's author can get wrong without running code is refused here. Knows jupytext, the registry
and the reference solutions; knows nothing about nbgrader's programs or about notebook files.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, NoReturn

from convlab.authoring import exercise_cells
from convlab.authoring.errors import BuildError
from convlab.authoring.exercise_cells import MAX_LINES, Reference
from convlab.authoring.layout import Course, Exercise

__all__ = ["Cell", "Chapter", "read_chapter"]

# What stands in a chapter's text for an exercise: a code cell of one line, and before it a line of markdown.
_EXERCISE = re.compile(r"# exercise: (\w+)")
_OPENING = re.compile(r"<!-- exercise: (\w+) -->")

_COMMENT = re.compile(r"^\s*#+\s*(\w+)\s*:", re.MULTILINE)
_LONE_COMMENT = re.compile(r"\s*#+\s*(\w+)\W+\w+\s*")
_HTML_COMMENT = re.compile(r"<!--\s*(\w+).*?-->", re.DOTALL)
_NBGRADER_MARKER = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)|AUTOTEST")

_KEPT_METADATA = {"tags", "jupyter"}
_JUPYTEXT_METADATA = {"lines_to_next_cell", "lines_to_end_of_cell_marker"}  # its memory of blank lines


@dataclass(frozen=True)
class Cell:
    """One cell in each of its forms."""

    kind: str  # "markdown" or "code"
    id: str
    where: str  # how a message names it
    source: str  # in the nbgrader source
    solved: str  # in the solved notebook
    metadata: Mapping[str, Any] = field(default_factory=dict)
    nbgrader: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Chapter:
    """A chapter that holds what its author meant and what the registry asks of it."""

    name: str
    cells: tuple[Cell, ...]
    exercises: tuple[Exercise, ...]  # in the order of the text
    references: Mapping[str, Reference]


def read_chapter(course: Course, name: str) -> Chapter:
    """Read course/chapters/NAME.py.

    Raises
    ------
    BuildError
        For the first thing that keeps the text from becoming a chapter.
    """
    import jupytext

    file = course.text(name)
    if not file.is_file():
        known = ", ".join(course.chapters()) or "none"
        raise BuildError(f"{course.relative(file)} does not exist. The chapters are: {known}.")
    text = file.read_text(encoding="utf-8")
    try:
        authored = jupytext.reads(text, fmt="py:percent").cells
    except Exception as error:  # jupytext and its YAML parser raise many kinds
        raise BuildError(f"{course.relative(file)} is not jupytext py:percent text: {error}") from error
    reader = _Reader(course, name)
    for cell, where in zip(authored, _places(course.relative(file), text, authored), strict=True):
        reader.read(cell, where)
    return reader.finish()


def _places(file: str, text: str, cells: list[Any]) -> list[str]:
    """A name for each cell: the file, the line if that can be told, the cell's number and how it begins."""
    starts = [number for number, line in enumerate(text.splitlines(), 1) if line.startswith("# %%")]
    places = []
    for number, cell in enumerate(cells, 1):
        line = f", line {starts[number - 1]}" if len(starts) == len(cells) else ""
        begin = cell.source.strip().partition("\n")[0]
        begin = begin if len(begin) <= 40 else begin[:39] + "…"
        places.append(f"{file}{line}, cell {number} ({begin!r})")
    return places


class _Reader:
    """Collects the cells of one chapter, and remembers which exercises have been opened and used."""

    def __init__(self, course: Course, name: str) -> None:
        self.course = course
        self.name = name
        self.file = course.relative(course.text(name))
        self.expected = {exercise.name: exercise for exercise in course.exercises(name)}
        self.opened: dict[str, str] = {}  # exercise -> where
        self.used: dict[str, str] = {}
        self.references: dict[str, Reference] = {}
        self.cells: list[Cell] = []
        self.hashes: Counter[str] = Counter()

    def read(self, cell: Any, where: str) -> None:
        if cell.cell_type not in ("markdown", "code"):
            _refuse(
                where,
                "only markdown and code cells are used. If this is the file's header, correct its YAML.",
            )
        source = cell.source.strip("\n")
        metadata = self._metadata(cell.metadata, where)
        if found := _NBGRADER_MARKER.search(source):
            _refuse(
                where, f"{found.group()!r} is nbgrader's mark. The build sets these; take it out of the text."
            )
        if cell.cell_type == "code" and (marker := _EXERCISE.fullmatch(source.strip())):
            self._exercise(self._known(marker.group(1), where), where, metadata)
            return
        if cell.cell_type == "code":
            self._refuse_misspelt_marker(source, where)
            if (length := len(source.splitlines())) > MAX_LINES:
                _refuse(
                    where, f"{length} lines of code; at most {MAX_LINES} are allowed in a cell. Split it."
                )
        shown = self._opened(source, where) if cell.cell_type == "markdown" else source
        self.cells.append(
            Cell(cell.cell_type, self._id(cell.cell_type, source), where, shown, shown, metadata)
        )

    def finish(self) -> Chapter:
        if unused := [name for name in self.expected if name not in self.used]:
            raise BuildError(
                f"{self.file} never uses {_list(unused)}, which the registry gives to it. Add a code "
                f"cell with the one line '# exercise: {unused[0]}', or move the exercise to another chapter."
            )
        repeated = [id for id, times in Counter(cell.id for cell in self.cells).items() if times > 1]
        if repeated:
            places = " and ".join(cell.where for cell in self.cells if cell.id == repeated[0])
            raise BuildError(f"{places}: both cells would have the id {repeated[0]!r}. Rename one exercise.")
        exercises = tuple(self.expected[name] for name in self.used)
        return Chapter(self.name, tuple(self.cells), exercises, self.references)

    def _metadata(self, metadata: Mapping[str, Any], where: str) -> dict[str, Any]:
        kept = {key: value for key, value in metadata.items() if key not in _JUPYTEXT_METADATA}
        if unknown := sorted(kept.keys() - _KEPT_METADATA):
            _refuse(
                where,
                f"cell metadata {_list(unknown)} is not carried into notebooks; only "
                f"{_list(sorted(_KEPT_METADATA))} is. Take it out of the '# %%' line.",
            )
        return kept

    def _known(self, name: str, where: str) -> Exercise:
        exercise = self.course.registry.get(name)
        if exercise is None:
            known = _list(list(self.expected)) or "none"
            _refuse(
                where,
                f"exercise {name!r} is not in the registry (convlab.checks.EXERCISES). This chapter's "
                f"exercises are: {known}. Correct the name, or add the exercise.",
            )
        if exercise.chapter != self.name:
            _refuse(
                where,
                f"exercise {name!r} belongs to chapter {exercise.chapter}. Use it there, or change its "
                f"chapter in the registry.",
            )
        return exercise

    def _exercise(self, exercise: Exercise, where: str, metadata: Mapping[str, Any]) -> None:
        name = exercise.name
        if name in self.used:
            _refuse(where, f"exercise {name!r} is used twice; first in {self.used[name]}. Keep one.")
        if name not in self.opened:
            _refuse(
                where,
                f"exercise {name!r} is not opened: put the line '<!-- exercise: {name} -->' into the "
                f"markdown before it, where difficulty, minutes and points are to be shown.",
            )
        self.used[name] = where
        try:
            reference = exercise_cells.read_reference(self.course.reference(self.name), name)
        except BuildError as error:
            _refuse(where, str(error))
        self.references[name] = reference
        self.cells.append(
            Cell(
                "code",
                name,
                where,
                reference.for_nbgrader,
                reference.complete,
                metadata,
                nbgrader=exercise_cells.solution_metadata(exercise),
            )
        )
        self.cells.append(
            Cell(
                "code",
                exercise_cells.check_id(name),
                where,
                exercise_cells.check_source(name),
                exercise_cells.check_call(name),
                nbgrader=exercise_cells.check_metadata(exercise),
            )
        )

    def _opened(self, source: str, where: str) -> str:
        lines = source.split("\n")
        for index, line in enumerate(lines):
            if marker := _OPENING.fullmatch(line.strip()):
                exercise = self._known(marker.group(1), where)
                if exercise.name in self.opened:
                    first = self.opened[exercise.name]
                    _refuse(where, f"exercise {exercise.name!r} is opened twice; first in {first}. Keep one.")
                self.opened[exercise.name] = where
                lines[index] = exercise_cells.opening_line(exercise)
            elif _EXERCISE.fullmatch(line.strip()):
                _refuse(
                    where,
                    f"the line {line.strip()!r} is in a markdown cell. Put it into a code cell of its own.",
                )
        shown = "\n".join(lines)
        for comment in _HTML_COMMENT.finditer(shown):
            if _looks_like_exercise(comment.group(1)):
                _refuse(
                    where,
                    f"{comment.group()!r} is not replaced. Write '<!-- exercise: NAME -->' on a line of its "
                    f"own.",
                )
        return shown

    def _refuse_misspelt_marker(self, source: str, where: str) -> None:
        words = [match.group(1) for match in _COMMENT.finditer(source)]
        if alone := _LONE_COMMENT.fullmatch(source):
            words.append(alone.group(1))
        if any(_looks_like_exercise(word) for word in words):
            _refuse(
                where,
                "this looks like an exercise, but is not replaced. Write '# exercise: NAME' as the only line "
                "of the cell, or word the comment differently.",
            )

    def _id(self, kind: str, source: str) -> str:
        """An id that depends on this cell's own text only: editing one cell leaves the others' alone."""
        digest = hashlib.sha256(f"{self.name}\0{kind}\0{source}".encode()).hexdigest()[:12]
        self.hashes[digest] += 1
        times = self.hashes[digest]
        return digest if times == 1 else f"{digest}-{times}"


def _looks_like_exercise(word: str) -> bool:
    return SequenceMatcher(None, word.lower(), "exercise").ratio() > 0.7


def _list(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _refuse(where: str, sentence: str) -> NoReturn:
    raise BuildError(f"{where}: {sentence}")
