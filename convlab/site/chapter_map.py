"""The index's map of chapters: steps from top to bottom, with a line to each chapter from those it builds on.

HTML that the style sheet lays out, not a picture: it fits a phone, follows dark and light, and every stop is a link.
Knows the openings; knows nothing about notebooks.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from convlab.site.errors import SiteError
from convlab.site.opening import Opening

__all__ = ["chapter_map", "direct_needs", "steps"]

# A place in a step: a chapter's number, or None where a line only passes through on its way to (number).
Needs = Mapping[int, Sequence[int]]


def direct_needs(needs: Needs) -> dict[int, tuple[int, ...]]:
    """What remains when a need is left out that another need already brings along.

    Parameters
    ----------
    needs : chapter -> the chapters it builds on
    """
    behind: dict[int, set[int]] = {}
    for number in sorted(needs):
        behind[number] = set(needs[number]).union(*(behind[n] for n in needs[number]))
    return {
        number: tuple(
            sorted(n for n in needs[number] if not any(n in behind[other] for other in needs[number]))
        )
        for number in needs
    }


def steps(direct: Needs) -> list[list[int]]:
    """The chapters by the length of the longest way to them: within a step, none needs another."""
    step: dict[int, int] = {}
    for number in sorted(direct):
        step[number] = max((step[n] + 1 for n in direct[number]), default=0)
    return [[n for n in sorted(step) if step[n] == depth] for depth in range(max(step.values()) + 1)]


def chapter_map(openings: Sequence[Opening], points: Mapping[str, int]) -> str:
    """The map, as one HTML element without blank lines (Markdown would end the element there).

    Parameters
    ----------
    openings : of all chapters
    points : chapter -> its points

    Raises
    ------
    SiteError
        If a chapter needs one that does not come before it.
    """
    chapters = {opening.number: opening for opening in openings}
    for opening in openings:
        for number in opening.needs:
            if number not in chapters or number >= opening.number:
                raise SiteError(f"{opening.name} needs chapter {number}, which does not come before it.")
    direct = direct_needs({number: opening.needs for number, opening in chapters.items()})
    lines = ['<ol class="map">']
    above: list[int] = []
    for row in steps(direct):
        boxes = "".join(_box(chapters[number], points) for number in row)
        lines.append(
            f'<li>{_lines(above, row, direct)}<div class="step" style="--stops:{len(row)}">{boxes}</div></li>'
        )
        above = row
    return "\n".join([*lines, "</ol>"])


def _box(opening: Opening, points: Mapping[str, int]) -> str:
    count = points.get(opening.name, 0)
    facts = [
        opening.takes,
        f"{count} point{'s' * (count != 1)}",
        "needs " + _series(opening.needs) if opening.needs else "begin here",
    ]
    return (
        f'<a class="stop" href="{opening.name}.html">'
        f'<span class="number">{opening.number}</span> '
        f'<span class="title">{html.escape(opening.title)}</span> '
        f'<span class="facts">{_unbroken(facts)}</span>'
        f"</a>"
    )


def _unbroken(facts: Sequence[str]) -> str:
    """The facts, so that a line ends between two of them if it can; the first, a phrase, may break anywhere."""
    first, *rest = (html.escape(fact) for fact in facts)
    return " · ".join([first, *(fact.replace(" ", "\N{NO-BREAK SPACE}") for fact in rest)])


def _series(numbers: Sequence[int]) -> str:
    """1, 3–5, 7: as short as a box is narrow."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(
        str(r[0]) if len(r) == 1 else f"{r[0]}{', ' if len(r) == 2 else '–'}{r[-1]}" for r in runs
    )


def _lines(above: Sequence[int], row: Sequence[int], direct: Needs) -> str:
    """The lines between two steps; what is further away, the box says in words."""
    if not above:
        return ""
    paths = []
    for place, number in enumerate(row):
        for other in direct[number]:
            if other in above:
                start = round(1000 * (above.index(other) + 0.5) / len(above))
                end = round(1000 * (place + 0.5) / len(row))
                paths.append(f"M{start} 0L{end} 100")
    return (
        '<svg aria-hidden="true" focusable="false" viewBox="0 0 1000 100" preserveAspectRatio="none">'
        f'<path d="{"".join(paths)}"/></svg>'
    )
