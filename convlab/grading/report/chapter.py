"""Where in its chapter an exercise is taught: titles and texts of the instructor's notebook."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from convlab.checks import EXERCISES

__all__ = ["Chapter", "Section", "read_chapter"]

_HEADING = re.compile(r"^(#{1,3}) +(.+?) *#*$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"[a-z]{3,}")
# What an explanation says of any mistake.
_SAYING_LITTLE = frozenset(
    ("your", "numb", "thos", "read", "they", "that", "this", "with", "from", "take", "made", "make", "give")
)


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it.

    Parameters
    ----------
    exercise : the exercise that it asks for; "" for a section that teaches
    """

    title: str
    text: str
    exercise: str = ""


@dataclass(frozen=True)
class Chapter:
    """An assignment's notebook: its title, its exercises in their order, and its sections in theirs."""

    assignment: str
    title: str
    exercises: tuple[str, ...]
    sections: tuple[Section, ...] = ()

    def teaches(self, exercise: str, about: str, anywhere: bool = False) -> str:
        """The title of the section that has most to do with something.

        Parameters
        ----------
        exercise : the section is one of those that lead to it
        about : words, such as a mistake's name and explanation; if none, those of the exercise itself
        anywhere : look in the whole chapter

        Returns
        -------
        "" if the chapter has no such section
        """
        teaching = [section for section in self.sections if not section.exercise]
        # Behind the last exercise stands what repeats the chapter.
        last = max((i for i, section in enumerate(self.sections) if section.exercise), default=0)
        candidates = (
            [section for section in self.sections[:last] if not section.exercise]
            if anywhere
            else self._stretch(exercise, bool(about))
        )
        if not candidates:
            return ""
        spread = Counter(word for section in teaching for word in _stems(f"{section.title} {section.text}"))
        asked = _stems(about or " ".join(one.text for one in self.sections if one.exercise == exercise))

        def weight(section: Section) -> float:
            title, text = _stems(section.title), _stems(section.text)
            # A long section has every word somewhere.
            return total(asked & title) + 4 * total(asked & text) / math.sqrt(len(text) + 1)

        def total(words: set[str]) -> float:
            return sum(math.log(len(teaching) / spread[word]) for word in sorted(words))

        return max(candidates, key=weight).title

    def _stretch(self, exercise: str, traps: bool) -> list[Section]:
        """The sections between the exercise before and this one; if `traps`, also those about wrong code."""
        places = [i for i, section in enumerate(self.sections) if section.exercise == exercise]
        if not places:
            return []
        first = place = after = places[0]
        while first > 0 and not self.sections[first - 1].exercise:
            first -= 1
        while first and first < place and _is_trap(self.sections[first]):
            first += 1  # it belongs to the exercise before
        while after + 1 < len(self.sections) and _is_trap(self.sections[after + 1]):
            after += 1
        leading = self.sections[first:place]
        if traps:
            return [*leading, *self.sections[place + 1 : after + 1]]
        return [section for section in leading if not _is_trap(section)]


def _is_trap(section: Section) -> bool:
    return section.title.startswith("Spot it")


def read_chapter(source: Path) -> Chapter:
    """Read the instructor's notebook of an assignment."""
    title, exercises = "", []
    sections: list[Section] = []
    for cell in json.loads(source.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            pieces = _HEADING.split(_FENCE.sub("", "".join(cell["source"])))
            if sections:
                sections[-1] = replace(sections[-1], text=f"{sections[-1].text}\n{pieces[0]}")
            for level, heading, text in zip(pieces[1::3], pieces[2::3], pieces[3::3]):
                if len(level) == 1:
                    title = title or _plain(heading)
                else:
                    sections.append(Section(_plain(heading), text))
            continue
        about = cell["metadata"].get("nbgrader") or {}
        name = str(about.get("grade_id", "")).removesuffix("_check")
        if about.get("grade") and name in EXERCISES:
            exercises.append(name)
            if sections:
                sections[-1] = replace(sections[-1], exercise=name)
    return Chapter(source.stem, title or source.stem, tuple(exercises), tuple(sections))


def _plain(heading: str) -> str:
    return re.sub(r"[*`$\\]", "", heading).strip()


def _stems(text: str) -> set[str]:
    """Words by their first letters, so that to flip, flips and flipped are one."""
    return {word[:4] for word in _WORD.findall(text.lower())} - _SAYING_LITTLE
