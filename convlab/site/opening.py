"""What a chapter says of itself in its first cell: what it gives, what it needs, how long it takes.

The chapters' texts are the only place where this stands; the index of the site repeats it. Knows nothing about
pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from convlab.site.errors import SiteError

__all__ = ["Opening", "in_mentions", "read_opening"]

_TITLE = re.compile(r"# (\d+) · (.+)")
_CAN = "**After this chapter you can**"
_NEED = "**You need**"
_TAKES = "**It takes**"
# "chapter 1", "chapters 1 and 2", "Chapters 3 to 5", "chapters 1, 3 and 4"
_MENTION = re.compile(r"[Cc]hapters? (\d+(?:(?:, | and | to )\d+)*)")


@dataclass(frozen=True)
class Opening:
    """The head of a chapter. The texts are Markdown, each on one line.

    Attributes
    ----------
    name : as the file is named, "01_conv1d"
    number, title : 1 and "One dimension"
    teaser : what the chapter is about
    can : what one can do afterwards
    need : the sentences on what it needs
    needs : the numbers of the chapters it builds on
    takes : how long it takes, "about an hour"
    """

    name: str
    number: int
    title: str
    teaser: str
    can: tuple[str, ...]
    need: str
    needs: tuple[int, ...]
    takes: str


def read_opening(name: str, text: str) -> Opening:
    """Read a chapter's first cell.

    Raises
    ------
    SiteError
        If one of its parts is missing.
    """
    blocks = [block for block in re.split(r"\n\s*\n", text.strip()) if block]
    title = _TITLE.fullmatch(blocks[0].strip()) if blocks else None
    if title is None:
        raise SiteError(f"{name}: the first cell must begin with a line such as '# 3 · Channels'.")
    heads = [next((i for i, b in enumerate(blocks) if b.startswith(h)), -1) for h in (_CAN, _NEED, _TAKES)]
    for place, head in zip(heads, (_CAN, _NEED, _TAKES)):
        if place < 0:
            raise SiteError(f"{name}: the first cell has no paragraph that begins with '{head}'.")
    can, need, takes = heads
    needed = _line(blocks[need].removeprefix(_NEED))
    return Opening(
        name,
        number=int(title[1]),
        title=title[2].strip(),
        teaser=_line(" ".join(blocks[1:can])),
        can=_items(name, "".join(blocks[can + 1 : can + 2])),
        need=needed,
        needs=_needs(needed),
        takes=_line(blocks[takes].removeprefix(_TAKES)).partition(".")[0],
    )


def in_mentions(sentences: str, change: Callable[[str], str]) -> str:
    """The sentences, with each "chapter 1", "chapters 1 and 2" or "Chapters 3 to 5" changed."""
    return _MENTION.sub(lambda match: change(match[0]), sentences)


def _needs(sentences: str) -> tuple[int, ...]:
    """The chapters in front of a colon: what comes after one says what of them is needed."""
    numbers: set[int] = set()
    for found in _MENTION.finditer(sentences):
        if sentences[found.end() :].startswith(":"):
            numbers.update(_numbers(found[1]))
    return tuple(sorted(numbers))


def _numbers(series: str) -> list[int]:
    """The numbers in "3", "1 and 2", "3 to 5" or "1, 3 and 4"."""
    numbers: list[int] = []
    words = re.findall(r"\d+|to", series)
    for before, word in zip(["", *words], words):
        if word != "to":
            start = numbers[-1] + 1 if before == "to" else int(word)
            numbers.extend(range(start, int(word) + 1))
    return numbers


def _items(name: str, block: str) -> tuple[str, ...]:
    items: Sequence[str] = re.split(r"^- ", block, flags=re.MULTILINE)
    if len(items) < 2 or items[0].strip():
        raise SiteError(f"{name}: '{_CAN}' must be followed by a list.")
    return tuple(_line(item).rstrip(";.") for item in items[1:])


def _line(text: str) -> str:
    return " ".join(text.split())
