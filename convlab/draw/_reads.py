"""The picture of a failing check: what a window should read beside what it reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import SupportsIndex

import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import number_cells, spoken_places, with_part_shown
from convlab.draw._canvas import Block, clean, column, flow, label, row, tag
from convlab.draw._cells import Cell, Outline, sheet, titled
from convlab.draw._geometry import Whole, integers
from convlab.draw._numbers import Array, Index, as_array, entry, number
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture

MOST_CELLS = 12
WANTED, USED = "should read", "yours reads"

Places = Iterable[SupportsIndex | tuple[SupportsIndex, ...]]


def reads(
    input: npt.ArrayLike,
    wanted: Places,
    used: Places,
    *,
    name: str = "input",
    at: Whole | None = None,
    output: str = "output",
) -> Picture:
    """Draw an array twice: with the entries that should be read, and with those that were.

    What both read is blue; what only the second reads is orange; what it leaves out has a dashed blue edge.

    Parameters
    ----------
    input : array_like, shape (L,) or (H, W)
    wanted, used : collection of i or (y, x)
        Indices outside the array are drawn as padding. An index given more than once is read so often.
    name : str
    at : int, or tuple of int, optional
        The output entry that reads them.
    output : str
        What the output is called.

    Raises
    ------
    ValueError
        If the indices are not integers, one for each axis.
    """
    array = as_array(input, "input", (1, 2), "; take one channel of one example, such as input[0, 0]")
    name = clean(name)
    should, does = _places(wanted, "wanted", array.ndim), _places(used, "used", array.ndim)
    both = [*should, *does]
    pads = tuple(
        (max([0, *(-i[axis] for i in both)]), max([0, *(i[axis] - n + 1 for i in both)]))
        for axis, n in enumerate(array.shape)
    )
    blocks = [
        _panel(array, _part(array, both, places, pads), title, places, should, does, name)
        for title, places in ((WANTED, should), (USED, does))
    ]
    head, lead = [label(name, bold=True), label(str(array.shape), size=theme.SMALL, colour=theme.MUTED)], ""
    if at is not None:
        index = integers(at)
        if index is None:
            raise ValueError(f"at is {at!r}: it must be an integer or a tuple of integers")
        result = entry(clean(output), index)
        head, lead = [label(result, mono=True, bold=True), label("reads"), *head], f"For {result}: "
    block = column([row(head, 6), flow(blocks, 28), _key(should, does)], 12)
    alt = f"{lead}{name} should be read at {_said(should)}; yours reads {_said(does)}."
    missed, extra = sorted(set(should) - set(does)), sorted(set(does) - set(should))
    for what, indices in (("Left out", missed), ("Read in error", extra)):
        if indices:
            alt += f" {what}: {_listed(indices)}."
    return Picture(alt, block)


def _places(places: Places, name: str, rank: int) -> Counter[Index]:
    found: Counter[Index] = Counter()
    for place in places:
        index = integers(place)
        if index is None or len(index) != rank:
            each = "an integer" if rank == 1 else "two integers, (y, x)"
            raise ValueError(f"{name} holds {place!r}: each place must be {each}")
        found[index] += 1
    return found


def _part(
    array: Array, both: Sequence[Index], places: Counter[Index], pads: tuple[tuple[int, int], ...]
) -> dict[Index, Cell]:
    """Return the cells of one side: where both read if that fits, else where this side does, or begins to."""
    half = (page_width() - 28) / 2 - 30  # so that two images stand beside each other
    page = page_width() if array.ndim == 1 else half
    cells: dict[Index, Cell] = {}
    for around in (both, list(places), sorted(places)[:1]):
        cells = number_cells(array, around=around, most=MOST_CELLS, page=page, pads=pads)
        if cells.keys() >= set(around):
            break
    return cells


def _panel(
    array: Array,
    cells: dict[Index, Cell],
    title: str,
    places: Counter[Index],
    should: Counter[Index],
    does: Counter[Index],
    name: str,
) -> Block:
    """Return the array with the places of one side."""
    second = title == USED
    shown = {}
    for index, cell in cells.items():
        fill = cell.fill
        if index in places:
            fill = theme.TAP if index in should else theme.WRONG
        times = places[index]
        often = max(should[index], does[index]) > 1
        notes = (f"{times}×",) if times and often else ()
        shown[index] = Cell(cell.text, notes, fill, outside=cell.outside)
    outlines = []
    right = [i for i in places if i in should]
    wrong = [i for i in places if i not in should]
    missed = [i for i in should if second and i not in does]
    if right:
        outlines.append(Outline(right, theme.WINDOW, "right"))
    if wrong:
        outlines.append(Outline(wrong, theme.RESULT, "wrong"))
    if missed:
        outlines.append(Outline(missed, theme.WINDOW, "missed", dashed=True))
    block = sheet(shown, name=f"{name}, {title}", outlines=outlines)
    block = titled(block, title, below=_said(places))
    return with_part_shown(block, shown, array.shape)


def _key(should: Counter[Index], does: Counter[Index]) -> Block:
    """Say what the colours mean, as far as they occur."""
    parts = []
    if set(should) & set(does):
        parts.append(swatch(theme.TAP, theme.WINDOW, "read, as it should be"))
    if set(does) - set(should):
        parts.append(swatch(theme.WRONG, theme.RESULT, "read in error"))
    if set(should) - set(does):
        parts.append(swatch(theme.CELL, theme.WINDOW, "left out", dashed=True))
    return row(parts, 16) if parts else label("nothing is read", size=theme.SMALL, colour=theme.MUTED)


def swatch(fill: str, edge: str, said: str, *, dashed: bool = False) -> Block:
    """Return a small cell and what it means."""
    square = tag(
        "rect",
        x=1.5,
        y=1.5,
        width=13,
        height=13,
        fill=fill,
        stroke=edge,
        stroke_width=2.5,
        stroke_dasharray="4 3" if dashed else None,
    )
    return row([Block(square, 16, 16, 8), label(said, size=theme.SMALL, colour=theme.MUTED)], 6)


def _said(places: Counter[Index]) -> str:
    """Say where, as rows and columns if they form a rectangle, else one by one."""
    if not places:
        return "nothing"
    spans = [range(min(axis), max(axis) + 1) for axis in zip(*places)]
    area = 1
    for span in spans:
        area *= len(span)
    return spoken_places(list(places)) if area == len(places) else _listed(sorted(places))


def _listed(places: list[Index]) -> str:
    written = [entry("", i) if len(i) > 1 else number(i[0]) for i in places[:6]]
    return ", ".join(written) + (f" and {len(places) - 6} more" if len(places) > 6 else "")
