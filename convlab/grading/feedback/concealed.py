"""Knows what no student may read: hidden tests, the seeds, and the environment of the machine that graded.

It works on text. What a student's code took and disguised (reversed, as an image) is beyond it: that the code cannot
take anything is the sandbox's duty.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from convlab.grading.feedback.text import as_text, readable

__all__ = ["Concealed", "secrets_of_environment"]

HIDDEN = "[hidden]"
NOTE = "# hidden tests are not shown"
_TELLING = re.compile(r"SEED|SECRET|TOKEN|PASS|KEY|CREDENTIAL|DATABASE|DB_URL", re.IGNORECASE)
_PLAIN_WORDS = re.compile(r"[A-Za-z ]*")
_SQUASHED = re.compile(r"""[\s\\'"]+""")
_TAGS = re.compile(r"<[^<>]*>")
_DATA_URIS = re.compile(r"data:image/[^\"'\s>]*")
_SHORTEST_LINE = 8  # a hidden line such as `x = 1` is everybody's


def secrets_of_environment(environment: Mapping[str, str] = os.environ) -> set[str]:
    """Values that must not be shown: those whose names tell, and all others that are longer than a word."""
    return {
        value
        for name, value in environment.items()
        if (len(value) >= 4 and _TELLING.search(name))
        or (len(value) >= 8 and not _PLAIN_WORDS.fullmatch(value))
    }


class Concealed:
    """What one notebook's page must not show.

    Parameters
    ----------
    cells : the notebook's cells; hidden tests are read from those that the instructor locked or grades
    secrets : seeds, passwords and the like
    begin, end : how the lines around hidden tests are known
    """

    def __init__(
        self,
        cells: Iterable[Any],
        secrets: Iterable[str] = (),
        begin: str = "BEGIN HIDDEN TESTS",
        end: str = "END HIDDEN TESTS",
    ) -> None:
        self.begin, self.end = begin, end
        hidden: set[str] = set()
        seen: set[str] = set()
        for cell in cells:
            about = cell.get("metadata", {}).get("nbgrader") or {}
            if about.get("grade") or about.get("locked"):
                inside = False
                for line in as_text(cell.get("source")).splitlines():
                    inside = inside or begin in line
                    (hidden if inside else seen).add(_squash(line))
                    inside = inside and end not in line
        # `check(f)` stands visibly above the hidden `check(f, seed=…)`: only whole lines are told apart.
        lines = {line for line in hidden - seen if len(line) >= _SHORTEST_LINE} | {
            _squash(begin),
            _squash(end),
        }
        self._lines = tuple(sorted(lines))
        found = {part for secret in secrets for part in (secret, _password(secret)) if len(part) >= 4}
        self._secrets = (
            re.compile("|".join(map(_alone, sorted(found, key=lambda s: (-len(s), s))))) if found else None
        )

    def source(self, source: str) -> str:
        """A cell's source without its hidden tests."""
        if self.begin not in source:
            return self.secrets(source)
        kept: list[str] = []
        inside = False
        for line in source.splitlines():
            if not inside and self.begin in line:
                inside = True
                kept.append(line[: len(line) - len(line.lstrip())] + NOTE)
            if not inside:
                kept.append(line)
            if self.end in line:
                inside = False
        return self.secrets("\n".join(kept))

    def text(self, text: str) -> str:
        """An output's text without hidden lines, such as a traceback shows, and without secrets."""
        if self.tells(text):
            lines = text.splitlines()
            text = "\n".join(HIDDEN if self.tells(line) else line for line in lines)
            if self.tells(text):  # told over several lines
                return HIDDEN
        return self.secrets(text)

    def markup(self, markup: str) -> str:
        """The same for HTML that has been sanitised; all of it goes if it tells a hidden line."""
        pieces = _DATA_URIS.split(markup)
        if self.tells(html.unescape(_TAGS.sub("", "".join(pieces)))):
            return HIDDEN
        if self._secrets is None or not any(map(self._secrets.search, pieces)):
            return markup
        uris = [*_DATA_URIS.findall(markup), ""]
        return "".join(self.secrets(piece) + uri for piece, uri in zip(pieces, uris))

    def tells(self, text: str) -> bool:
        """Whether a hidden line is in the text, however it is spaced or quoted."""
        squashed = _squash(readable(text))
        return any(line in squashed for line in self._lines)

    def secrets(self, text: str) -> str:
        return text if self._secrets is None else self._secrets.sub(HIDDEN, text)


def _squash(text: str) -> str:
    return _SQUASHED.sub("", text)


def _alone(secret: str) -> str:
    """A pattern for the secret; a number only where it is not part of a longer one."""
    pattern = re.escape(secret)
    before = r"(?<![0-9.])" if secret[0].isdigit() else ""
    after = r"(?![0-9])" if secret[-1].isdigit() else ""
    return before + pattern + after


def _password(secret: str) -> str:
    try:
        return urlsplit(secret).password or ""
    except ValueError:
        return ""
