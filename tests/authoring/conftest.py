"""A tiny course: one chapter, two exercises, built once for all tests that only look at it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest

from convlab.authoring import build, check
from convlab.authoring.chapter import Chapter, read_chapter
from convlab.authoring.layout import Course
from convlab.authoring.notebooks import source_notebook
from convlab.authoring.solved import with_outputs


@dataclass(frozen=True)
class Exercise:
    """The part of an exercise that authoring reads."""

    name: str
    chapter: str = "01_tiny"
    points: int = 3
    difficulty: int = 1
    minutes: int = 10


CHAPTER = '''\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (somewhere)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A tiny chapter
#
# It doubles numbers.

# %%
import numpy as np


def check(function, exercise):
    """Stands in for convlab.checks.check, so that nothing but NumPy is needed here."""
    print(exercise, function(np.array([1, 2])))


# %% [markdown]
# ## Double
#
# <!-- exercise: double -->
#
# Write `double`.

# %%
# exercise: double

# %%
double(np.array([0.5]))

# %% [markdown]
# <!-- exercise: halve -->

# %%
# exercise: halve
'''

REFERENCES = '''\
"""Chapter 1, tiny."""

import numpy as np


def double(input: np.ndarray) -> np.ndarray:
    """Double each number.

    Returns
    -------
    ndarray, as long as the input
    """
    # Adding keeps integers integers.
    output = input + input
    return output


def halve(
    input: np.ndarray,
) -> np.ndarray:
    """Halve each number."""
    return input / 2
'''


@dataclass
class TinyCourse:
    """A course in a temporary folder, and the calls of convlab.authoring on it."""

    root: Path
    registry: dict[str, Exercise] = field(
        default_factory=lambda: {
            "double": Exercise("double"),
            "halve": Exercise("halve", points=1, minutes=1, difficulty=2),
        }
    )
    text: str = CHAPTER
    solutions: str = REFERENCES

    def write(self) -> TinyCourse:
        self.chapter_file.parent.mkdir(parents=True, exist_ok=True)
        self.chapter_file.write_text(self.text, encoding="utf-8")
        self.references.mkdir(exist_ok=True)
        (self.references / "tiny.py").write_text(self.solutions, encoding="utf-8")
        return self

    @property
    def chapter_file(self) -> Path:
        return self.root / "course" / "chapters" / "01_tiny.py"

    @property
    def references(self) -> Path:
        return self.root / "references"

    @property
    def release_file(self) -> Path:
        return self.root / "course" / "release" / "01_tiny" / "01_tiny.ipynb"

    @property
    def source_file(self) -> Path:
        return self.root / "course" / "source" / "01_tiny" / "01_tiny.ipynb"

    @property
    def solved_file(self) -> Path:
        return self.root / "solutions" / "01_tiny.ipynb"

    def read(self) -> Chapter:
        return read_chapter(Course(self.root, self.registry, self.references), "01_tiny")

    def build(self, **options: object) -> list[str]:
        lines: list[str] = []
        build(self.root, registry=self.registry, references=self.references, report=lines.append, **options)
        return lines

    def check(self) -> list[str]:
        return check(self.root, registry=self.registry, references=self.references)


@pytest.fixture
def tiny(tmp_path: Path) -> TinyCourse:
    """A course that has not been built."""
    return TinyCourse(tmp_path).write()


@pytest.fixture
def replaced(tiny: TinyCourse) -> Callable[[str, str], TinyCourse]:
    """The tiny course with a part of its chapter's text replaced."""

    def replace(old: str, new: str) -> TinyCourse:
        assert old in tiny.text
        tiny.text = tiny.text.replace(old, new, 1)
        return tiny.write()

    return replace


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> TinyCourse:
    """A course built by the real nbgrader and a real kernel. Look at it, do not change it."""
    course = TinyCourse(tmp_path_factory.mktemp("built")).write()
    course.build()
    return course


@pytest.fixture
def copied(built: TinyCourse, tmp_path: Path) -> TinyCourse:
    """A built course that a test may change."""
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    return TinyCourse(tmp_path)


@pytest.fixture
def release(built: TinyCourse) -> Any:
    """The release of the built course, to be spoilt by a test."""
    return nbformat.read(built.release_file, as_version=4)


@pytest.fixture
def solved(built: TinyCourse) -> Any:
    """The solved notebook of the built course."""
    return nbformat.read(built.solved_file, as_version=4)


@pytest.fixture
def nbgrader_calls(built: TinyCourse, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """nbgrader replaced by the cells it made of the unchanged chapter: two seconds saved. Which calls it got."""
    calls: list[list[str]] = []

    def make_releases(chapters: dict[str, Chapter]) -> dict[str, Any]:
        calls.append(list(chapters))
        made = {cell.id: cell for cell in nbformat.read(built.release_file, as_version=4).cells}
        releases = {}
        for name, chapter in chapters.items():
            releases[name] = source_notebook(chapter)
            releases[name].cells = [made.get(cell.id, cell) for cell in releases[name].cells]
        return releases

    monkeypatch.setattr("convlab.authoring.course.make_releases", make_releases)
    return calls


@pytest.fixture
def executions(built: TinyCourse, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kernel replaced by the outputs it gave for the unchanged chapter. Which chapters it was to execute."""
    calls: list[str] = []

    def execute(chapter: Chapter) -> Any:
        calls.append(chapter.name)
        return with_outputs(chapter, nbformat.read(built.solved_file, as_version=4))

    monkeypatch.setattr("convlab.authoring.course.execute_chapter", execute)
    return calls
