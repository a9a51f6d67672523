"""Makes text fit to be shown: no terminal escapes, no characters that reorder what is read, and no megabytes.

The result is text and must still be escaped where it enters a page.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["as_text", "cut", "readable"]

_ESCAPES = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # colours and cursor movements
    r"|\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # window titles and links
    r"|[PX^_][^\x1b]*(?:\x1b\\)?"  # device strings
    r"|[ -/]*[0-~])?"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LINE_ENDS = re.compile(r"\r+\n|[\u2028\u2029]")
_OVERWRITTEN = re.compile(r"^.*\r(?=[^\r\n])", re.MULTILINE)
_REORDERING = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def as_text(value: Any) -> str:
    """What a notebook holds where it should hold text: a string, a list of strings, or something else entirely."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return ""


def readable(text: str) -> str:
    """The text as a terminal would have left it, with what reorders characters written out as ⟨U+202E⟩."""
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_ENDS.sub("\n", text)
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\r" in text:
        text = _OVERWRITTEN.sub("", text)  # a progress bar: what it showed last
    text = _CONTROLS.sub("", text)
    if text.isascii():
        return text
    text = _SURROGATES.sub("\ufffd", text)
    return _REORDERING.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def cut(text: str, characters: int, lines: int, line: int) -> str:
    """The beginning and the end of what is too long, with a line between them that says how much is missing.

    Parameters
    ----------
    characters, lines : the most that is kept of the whole
    line : the most that is kept of one line, in characters
    """
    if len(text) <= min(characters, line):
        return text
    most = max(characters, line)
    if len(text) > 2 * most:  # before splitting: a text may be a hundred megabytes
        text = f"{text[:most]}\n… {len(text) - 2 * most:,} characters are not shown …\n{text[-most:]}"
    kept = [
        one if len(one) <= line else f"{one[:line]} … {len(one) - line:,} more" for one in text.split("\n")
    ]
    if len(kept) > lines:
        head = lines * 2 // 3
        tail = lines - head
        kept = [*kept[:head], f"… {len(kept) - lines:,} lines are not shown …", *kept[-tail:]]
    joined = "\n".join(kept)
    if len(joined) <= characters:
        return joined
    head = characters * 2 // 3
    return (
        f"{joined[:head]}\n… {len(joined) - characters:,} characters are not shown …\n"
        f"{joined[head - characters :]}"
    )
