"""How wide the page is that a picture is laid out for: a notebook's column, or a phone.

A picture reads the width here while it is drawn. This module must not know what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from convlab.draw import _theme as theme

_width = ContextVar("width", default=theme.PAGE)


def width() -> float:
    """Return the room for a picture, less the margins of its card."""
    return _width.get()


def is_phone() -> bool:
    """Return whether the page is so narrow that names stand above what they name."""
    return _width.get() < theme.PAGE


@contextmanager
def of_a_phone() -> Iterator[None]:
    """Let what is drawn in this block be laid out for a phone."""
    token = _width.set(theme.PHONE)
    try:
        yield
    finally:
        _width.reset(token)
