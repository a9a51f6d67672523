"""The picture of a failing check that reads the right entries through the wrong taps, such as a kernel flipped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import number_cells, with_part_shown
from convlab.draw._canvas import Block, clean, column, flow, label, row
from convlab.draw._cells import Cell, Outline, cell_width, sheet, titled
from convlab.draw._geometry import Whole, integers
from convlab.draw._numbers import Array, Index, as_array, entry, number, total
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture
from convlab.draw._reads import MOST_CELLS, swatch

WANTED, USED = "should be", "yours"
MOST_NOTES = 2  # taps written on one entry
MOST_SPOKEN = 4  # pairs in an alternative text, for each side

Place = SupportsIndex | tuple[SupportsIndex, ...]
Pair = tuple[Index, Index]


def meets(
    input: npt.ArrayLike,
    weight: npt.ArrayLike,
    wanted: Iterable[tuple[Place, Place]],
    used: Iterable[tuple[Place, Place]],
    *,
    names: tuple[str, str] = ("input", "weight"),
    at: Whole | None = None,
    output: str = "output",
) -> Picture:
    """Draw an array twice, with the tap written on each entry: the one it should meet, and the one it met.

    A tap has one colour wherever it lies. Around an entry that meets another tap than it should, the edge is
    orange.

    Parameters
    ----------
    input : array_like, shape (L,) or (H, W)
    weight : array_like, of any shape
        Its last axis holds the taps of one kernel if `input` is a signal, its last two if it is an image.
    wanted, used : collection of (index into input, index into weight)
        The products that should be in the sum, and those that are. An index of one axis may be an integer.
    names : (str, str)
        What the two arrays are called.
    at : int, or tuple of int, optional
        The output entry that is the sum.
    output : str
        What the output is called.

    Raises
    ------
    ValueError
        If the arrays cannot be drawn, or an index does not lie in its array.

    Examples
    --------
    >>> draw.meets([5, 6], [1, 2], [(0, 0), (1, 1)], [(0, 1), (1, 0)]).alt.partition(". ")[2]
    'Yours: input[0] meets weight[1], input[1] meets weight[0]. Sums of products: 17 and 16.'
    """
    array = as_array(input, "input", (1, 2), "; take one channel of one example, such as input[0, 0]")
    taps = as_array(weight, "weight", tuple(range(array.ndim, 7)))
    should, does = _pairs(wanted, "wanted", array, taps), _pairs(used, "used", array, taps)
    first, second = map(clean, names)
    leads = sorted({tap[: -array.ndim] for _, tap in [*should, *does]}) or [(0,) * (taps.ndim - array.ndim)]
    kernels = [_kernel(taps, lead, second, array.ndim) for lead in leads[:MOST_NOTES]]
    sums = [_sum(array, taps, pairs) for pairs in (should, does)]
    panels = [
        _panel(array, taps, title, pairs, [*should, *does], set(should), first, len(leads) > 1)
        for title, pairs in ((WANTED, should), (USED, does))
    ]
    panels = [
        column([panel, label(f"sum of the products: {number(result)}", size=theme.SMALL)], 6)
        for panel, result in zip(panels, sums)
    ]
    head, lead = [label(first, bold=True), label(str(array.shape), size=theme.SMALL, colour=theme.MUTED)], ""
    if at is not None:
        index = integers(at)
        if index is None:
            raise ValueError(f"at is {at!r}: it must be an integer or a tuple of integers")
        result = entry(clean(output), index)
        head, lead = [label(result, mono=True, bold=True), label("reads"), *head], f"For {result}: "
    key = [swatch(theme.CELL, theme.WINDOW, "meets its tap")]
    if set(does) - set(should):
        key.append(swatch(theme.CELL, theme.RESULT, "meets another tap"))
    panels = [Block(panel.body, panel.width, panel.height, 0) for panel in panels]
    block = column([row(head, 6), flow(kernels, 28), flow(panels, 28), flow(key, 16)], 14)
    alt = f"{lead}it should be: {_said(should, first, second)}. Yours: {_said(does, first, second)}. "
    alt += f"Sums of products: {number(sums[0])} and {number(sums[1])}."
    return Picture(alt[:1].upper() + alt[1:], block)


def _pairs(pairs: Iterable[tuple[Place, Place]], name: str, array: Array, taps: Array) -> list[Pair]:
    found = []
    for pair in pairs:
        try:
            first, second = map(integers, pair)
        except (TypeError, ValueError):
            first = second = None
        if first is None or second is None or not (_inside(first, array) and _inside(second, taps)):
            raise ValueError(
                f"{name} holds {pair!r}: each must be a pair of indices, one into the input of shape "
                f"{array.shape} and one into the weight of shape {taps.shape}"
            )
        found.append((first, second))
    return sorted(found)


def _inside(index: Index, array: Array) -> bool:
    return len(index) == array.ndim and all(0 <= i < n for i, n in zip(index, array.shape))


def _sum(array: Array, taps: Array, pairs: Sequence[Pair]) -> float:
    return total([array[first].item() * taps[second].item() for first, second in pairs]) if pairs else 0


def _colour(tap: Index, kernel: Index) -> str:
    count = int(np.ravel_multi_index(tap[-len(kernel) :], kernel))
    return theme.tap_colour(count, int(np.prod(kernel)))


def _kernel(taps: Array, lead: Index, name: str, rank: int) -> Block:
    """Return one kernel, each tap in its colour and with its index."""
    kernel = taps[lead]
    cells = {
        place: Cell(cell.text, (_index(place),), _colour(place, kernel.shape))
        for place, cell in number_cells(kernel, most=MOST_CELLS).items()
    }
    called = entry(name, lead) if lead else name
    block = sheet(cells, name=called, indices=False)
    return with_part_shown(titled(block, called, str(kernel.shape)), cells, kernel.shape)


def _panel(
    array: Array,
    taps: Array,
    title: str,
    pairs: Sequence[Pair],
    both: Sequence[Pair],
    should: set[Pair],
    name: str,
    whole: bool,
) -> Block:
    """Return the array with the taps of one side written on the entries that they multiply."""
    kernel = taps.shape[-array.ndim :]
    cells = number_cells(array, around=[place for place, _ in both], most=MOST_CELLS)
    here: dict[Index, list[Index]] = {}
    for place, tap in pairs:
        here.setdefault(place, []).append(tap)
    shown: dict[Index, Cell] = {}
    for index, cell in cells.items():
        met = here.get(index, [])
        notes: list[str] = []
        for tap in met[:MOST_NOTES]:
            notes += [_index(tap if whole else tap[-array.ndim :]), f"×{number(taps[tap].item())}"]
        if len(met) > MOST_NOTES:
            notes.append(f"+{len(met) - MOST_NOTES} more")
        fill = theme.CELL if not met else _colour(met[0], kernel) if len(met) == 1 else theme.TAP
        shown[index] = Cell(cell.text, tuple(notes), fill)
    wrong = {place for place, tap in pairs if (place, tap) not in should}
    right = [place for place in here if place not in wrong]
    # What is right comes last: its edge stays whole where it lies amid what is wrong.
    outlines = [Outline(sorted(wrong), theme.RESULT, "wrong")] if wrong else []
    if right:
        outlines.append(Outline(right, theme.WINDOW, "right"))
    width = cell_width(shown.values())
    fitting = max(1, int((page_width() - 30) // width))
    columns = sorted({index[-1] for index in shown})
    if len(columns) > fitting:
        start = max(0, min(min(i[-1] for i, _ in both) - columns[0], len(columns) - fitting))
        kept = set(columns[start : start + fitting])
        shown = {index: cell for index, cell in shown.items() if index[-1] in kept}
    block = sheet(shown, name=f"{name}, {title}", outlines=outlines, width=width)
    return with_part_shown(titled(block, title), shown, array.shape)


def _index(index: Index) -> str:
    return entry("", index).replace(" ", "")


def _said(pairs: Sequence[Pair], first: str, second: str) -> str:
    said = [f"{entry(first, place)} meets {entry(second, tap)}" for place, tap in pairs[:MOST_SPOKEN]]
    if len(pairs) > MOST_SPOKEN:
        said.append(f"and {len(pairs) - MOST_SPOKEN} more")
    return ", ".join(said) or "nothing is multiplied"
