"""Where a course keeps its files, and what a build reads besides them. Knows nothing about notebooks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from convlab.authoring.errors import BuildError

__all__ = ["Course", "Exercise", "Registry"]

_CHAPTER_NAME = re.compile(r"\d\d_[a-z][a-z0-9_]*")


class Exercise(Protocol):
    """What authoring reads of an exercise in convlab.checks."""

    @property
    def name(self) -> str: ...
    @property
    def chapter(self) -> str: ...
    @property
    def points(self) -> int: ...
    @property
    def difficulty(self) -> int: ...
    @property
    def minutes(self) -> int: ...


Registry = Mapping[str, Exercise]


@dataclass(frozen=True)
class Course:
    """A course on disk.

    Parameters
    ----------
    root : the folder that holds course/ and solutions/
    registry : exercise name -> exercise
    references : the folder of the reference solutions, one module per chapter
    """

    root: Path
    registry: Registry
    references: Path

    def text(self, chapter: str) -> Path:
        return self.root / "course" / "chapters" / f"{chapter}.py"

    def source(self, chapter: str) -> Path:
        return self.root / "course" / "source" / chapter / f"{chapter}.ipynb"

    def release(self, chapter: str) -> Path:
        return self.root / "course" / "release" / chapter / f"{chapter}.ipynb"

    def solved(self, chapter: str) -> Path:
        return self.root / "solutions" / f"{chapter}.ipynb"

    def reference(self, chapter: str) -> Path:
        """The module of a chapter's solutions: 01_conv1d -> conv1d.py."""
        return self.references / f"{chapter[3:]}.py"

    def relative(self, path: Path) -> str:
        """A path as messages show it: below the root, with forward slashes on every system."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name

    def chapters(self) -> list[str]:
        """The names of all chapters, in order."""
        names = sorted(path.stem for path in self.text("x").parent.glob("*.py"))
        for name in names:
            if not _CHAPTER_NAME.fullmatch(name):
                raise BuildError(
                    f"course/chapters/{name}.py: a chapter is named with two digits, an underscore and "
                    f"lower-case letters, such as 03_boundaries.py. Rename it, or move it out of "
                    f"course/chapters."
                )
        return names

    def exercises(self, chapter: str) -> list[Exercise]:
        """The exercises that the registry gives to a chapter."""
        return [exercise for exercise in self.registry.values() if exercise.chapter == chapter]
