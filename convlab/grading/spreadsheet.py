"""Writes CSV that a spreadsheet program opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

__all__ = ["as_csv", "harmless", "number"]

# With the full-width forms, which some programs take for the others.
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def harmless(text: str) -> str:
    """Text that no spreadsheet program takes for a formula: an apostrophe goes before what might be one.

    For names and other texts that nobody matches with anything. A program that imports the file gets the apostrophe.
    See OWASP, "CSV Injection".
    """
    return f"'{text}" if text.lstrip(" ").startswith(_BEGINS_A_FORMULA) else text


def number(points: float) -> str:
    """Points with at most two decimals, a point before them, and no mark between thousands."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def as_csv(rows: Iterable[Sequence[object]], delimiter: str = ",", mark: bool = False) -> bytes:
    """Rows as CSV in UTF-8, quoted as RFC 4180 says.

    Parameters
    ----------
    mark : whether the bytes begin with a mark that spreadsheet programs need; programs that import may stumble on it
    """
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig" if mark else "utf-8", "replace")
