"""Reads times as learning management systems write them, in English, and writes them as nbgrader reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

__all__ = ["nbgrader_time", "read_time"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.]?)(?P<minute>\d\d)(?::\d\d)? ?(?P<half>[AaPp])?\.?(?(half)[Mm]\.?)$"
)
_DATES = (
    re.compile(r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})"),  # Oct 21, 2026
    re.compile(r"(?P<day>\d{1,2})\.? (?P<month>[A-Za-z]{3,9})\.?,? (?P<year>\d{4})"),  # 21 October 2026
    re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"),
)
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? ", re.IGNORECASE)


def read_time(text: str) -> datetime | None:
    """A time without a zone, or None if the text says none.

    Brightspace writes "Oct 21, 2026 1159 PM" and "21 October 2026 1159 PM", as no file name may hold a colon;
    Moodle's worksheet writes "Wednesday, 21 October 2026, 11:59 PM".
    """
    text = _WEEKDAY.sub("", " ".join(text.split()))
    clock = _CLOCK.search(text)
    if clock is None:
        return None
    date = text[: clock.start()].rstrip(" ,T")
    for pattern in _DATES:
        if found := pattern.fullmatch(date):
            break
    else:
        return None
    hour = int(clock["hour"])
    if clock["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if clock["half"] in "Pp" else 0)
    try:
        return datetime(
            int(found["year"]), _month(found["month"]), int(found["day"]), hour, int(clock["minute"])
        )
    except ValueError:
        return None


def nbgrader_time(when: datetime, zone: tzinfo | None) -> str:
    """The time in nbgrader's format, in UTC.

    Parameters
    ----------
    when : without a zone
    zone : whose time that is; this machine's if None
    """
    aware = when.astimezone() if zone is None else when.replace(tzinfo=zone)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _month(text: str) -> int:
    return int(text) if text.isdecimal() else _MONTHS.index(text[:3].lower()) + 1
