"""Lays a picture out a second time where it is too wide for a phone.

This module must not know what is drawn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import ParamSpec

from convlab.draw import _page as page
from convlab.draw import _theme as theme
from convlab.draw._picture import Picture

__all__ = ["fitted"]

Arguments = ParamSpec("Arguments")

SLACK = 1.1  # a phone shrinks a picture by this much without harm
_TAP = re.compile(r'data-tap="\d+"')


def fitted(draw: Callable[Arguments, Picture]) -> Callable[Arguments, Picture]:
    """Return the drawing function, its pictures with a second layout where a phone needs one.

    The second layout is left out where it would not show all taps and all cells: then a phone scrolls the first
    one.
    """

    @wraps(draw)
    def both(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Picture:
        picture = draw(*args, **kwargs)
        if picture.block.width <= theme.PHONE * SLACK:
            return picture
        with page.of_a_phone():
            narrow = draw(*args, **kwargs).block
        lost = _shown(picture.block.body) - _shown(narrow.body)
        if narrow.width > theme.PHONE * SLACK or lost:
            return picture
        return replace(picture, narrow=narrow)

    return both


def _shown(body: str) -> Counter[str]:
    return Counter(_TAP.findall(body)) + Counter(cells=body.count("data-value"))
