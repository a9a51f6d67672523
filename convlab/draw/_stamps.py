"""The picture of a kernel that every entry lays, multiplied, onto the output: echo, gradient, transposed convolution.

It computes the products, which all stand in rows of their own, and of their sums at most the one it is asked for:
the others are the reader's exercise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import spoken
from convlab.draw._canvas import (
    Block,
    clean,
    column,
    coordinate,
    label,
    paragraph,
    row,
    tag,
    text,
    text_width,
)
from convlab.draw._cells import HEIGHT, INDEX_HEIGHT, Cell, Outline, cell_width, sheet
from convlab.draw._geometry import Sliding, Whole, as_index, per_axis
from convlab.draw._numbers import MINUS, Array, Index, as_array, entry, number, total
from convlab.draw._page import is_phone
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture
from convlab.draw._taps import closed, counted

MOST_STAMPS = 10
LONGEST_OUTPUT = 16
BETWEEN = 6.0
LOWER = 30.0  # between the last stamp and the output
MOST_SPOKEN = 4

Names = tuple[str, str, str]


@dataclass(frozen=True)
class _Stamped:
    """What is drawn: two arrays, their products by (entry, tap), where they are added, and what is known of the sums.

    Attributes
    ----------
    places : Sliding
        What a convolution reads at a place is where this one adds.
    flipped : bool
        Whether the last tap is the kernel's first.
    around : int, optional
        The length of a circle.
    """

    values: list[float]
    taps: list[float]
    products: dict[Index, float]
    places: Sliding
    at: Index | None
    given: Array | None
    flipped: bool
    around: int | None

    def place(self, i: int, k: int) -> int:
        """Return where a product is added."""
        (place,) = self.places.source((i,), (k,))
        return place % self.around if self.around else place

    def colour(self, k: int) -> str:
        return theme.tap_colour(len(self.taps) - 1 - k if self.flipped else k, len(self.taps))

    @property
    def settings(self) -> str:
        """What departs from stride 1 and dilation 1; what is cut off is said in words of its own."""
        return replace(self.places, pads=((0, 0),)).settings

    @property
    def landed(self) -> list[float]:
        """What is added at `at`."""
        return [p for (i, k), p in self.products.items() if self.at == (self.place(i, k),)]


def stamps(
    input: npt.ArrayLike,
    weight: npt.ArrayLike,
    at: Whole | None = None,
    *,
    stride: Whole = 1,
    dilation: Whole = 1,
    output: npt.ArrayLike | None = None,
    names: tuple[str, str, str] = ("input", "weight", "output"),
    padding: int = 0,
    flipped: bool = False,
    around: int | None = None,
) -> Picture:
    """Draw a signal's entries below each other, each with its multiple of the kernel where it is added.

    A column holds what is added up in one entry of the output. Products have the colours of their taps.

    Parameters
    ----------
    input : array_like, shape (L,), at most 10 values
    weight : array_like, shape (K,)
    at : int, optional
        The output entry to outline; its sum is written.
    stride : int
        How far each stamp stands from the one before.
    dilation : int
        How far the taps of a stamp stand apart.
    output : array_like, shape ((L - 1) * stride + dilation * (K - 1) + 1 - 2 * padding,), optional
        Numbers for the output, which is blank otherwise.
    names : (str, str, str)
        What input, weight and output are called in the picture.
    padding : int
        How many entries are cut off at each end of what the stamps reach: they are hatched, and none of the output.
    flipped : bool
        The weight given is a flipped kernel: each tap keeps the colour that it has in the kernel itself.
    around : int, optional
        The length of a circle: what hangs over its end is carried round to its front, where its edge is dashed. It
        is then the output's length.

    Raises
    ------
    ValueError
        If an array has another rank or is too long, its numbers are too long, `at` lies outside the output, or the
        padding or the circle leaves too little of it.

    Examples
    --------
    >>> draw.stamps([1, -2], [4, 1], 1).alt.partition(": ")[2]
    'input[0] = 1 adds 4, 1 from output[0] on; input[1] = −2 adds −8, −2 from output[1] on. 1 − 8 = −7 is output[1].'
    """
    values = as_array(input, "input", (1,))
    taps = as_array(weight, "weight", (1,))
    (step,), (spread,) = per_axis(stride, 1, "stride", 1), per_axis(dilation, 1, "dilation", 1)
    reach = spread * (len(taps) - 1) + 1
    length = (len(values) - 1) * step + reach
    if not hasattr(padding, "__index__") or not 0 <= 2 * padding < length:
        raise ValueError(f"padding is {padding!r}: of {length} entries, it must leave at least one")
    if around is not None:
        if not hasattr(around, "__index__") or around < reach or padding:
            raise ValueError(
                f"around is {around!r}: it must be at least {reach}, what a stamp spans; padding 0"
            )
        length = around
    if len(values) > MOST_STAMPS or length > LONGEST_OUTPUT:
        raise ValueError(
            f"input has shape {values.shape} and reaches {length} entries of the output: "
            f"at most {MOST_STAMPS} stamps on {LONGEST_OUTPUT} entries are drawn"
        )
    given = None
    if output is not None:
        given = as_array(output, "output", (1,))
        if given.shape != (length - 2 * padding,):
            raise ValueError(f"output has shape {given.shape}: here it must be {(length - 2 * padding,)}")
    index = None if at is None else as_index(at, (length - 2 * padding,))
    places = Sliding((length - 2 * padding,), taps.shape, (step,), ((padding, padding),), (spread,))
    products: dict[Index, float] = {
        (i, k): (values[i] * taps[k]).item() for i in range(len(values)) for k in range(len(taps))
    }
    drawn = _Stamped(values.tolist(), taps.tolist(), products, places, index, given, flipped, around)
    source, kernel, result = map(clean, names)
    return Picture(_alt(drawn, (source, kernel, result)), _draw(drawn, (source, kernel, result)))


def _draw(drawn: _Stamped, names: Names) -> Block:
    source, kernel, output = names
    below = _sums(drawn)
    length, first = len(below), min(below)[0]
    # First all that can be said; then, if that is too wide, less and less.
    long = [f"{entry(source, (i,))} = {number(value)}" for i, value in enumerate(drawn.values)]
    short = [f"× {number(value)}" for value in drawn.values]
    for words, factors in ((long, True), (long, False), (short, False)):
        rows = [_products(drawn, i, factors and not is_phone()) for i in range(len(drawn.values))]
        width = max(cell_width(cells.values()) for cells in [below, *rows])
        left = _room([*words, output])
        if left + length * width <= page_width():
            break
    else:
        if not is_phone():
            raise ValueError(
                f"input has shape {(len(drawn.values),)}: its products are too long to be drawn; round them"
            )

    body: list[str] = []
    y = 0.0
    for i, (cells, word) in enumerate(zip(rows, words)):
        block = sheet(cells, name=f"stamp {i}", width=width, indices=False)
        body.append(block.at(left + (min(cells)[0] - first) * width, y))
        body.append(text(word, 0, y + block.height / 2, mono=True))
        y += block.height + BETWEEN
    y += LOWER - BETWEEN
    # A sum is written as in school: a plus, a line, the result.
    line = f"M{coordinate(left)} {coordinate(y - LOWER / 2)}h{coordinate(length * width)}"
    body.append(tag("path", d=line, fill="none", stroke=theme.MUTED, stroke_width=2))
    if len(rows) > 1 and min(rows[-1])[0] > first:
        body.append(text("+", left + 9, y - LOWER / 2 - 14, size=18, colour=theme.MUTED, align="middle"))
    outlined = [] if drawn.at is None else [Outline([drawn.at], theme.RESULT, "result")]
    body.append(sheet(below, name=output, width=width, outlines=outlined).at(left, y))
    body.append(text(output, 0, y + HEIGHT / 2 - 8, bold=True))
    body.append(text(str(drawn.places.size), 0, y + HEIGHT / 2 + 9, size=theme.SMALL, colour=theme.MUTED))
    if drawn.at is not None:
        x = left + (drawn.at[0] - first) * width
        d = f"M{coordinate(x)} 0V{coordinate(y)}M{coordinate(x + width)} 0V{coordinate(y)}"
        sides = tag("path", d=d, fill="none", stroke=theme.RESULT, stroke_width=2, stroke_dasharray="6 4")
        body.insert(0, sides)  # first, so that no cell is crossed
    stamped = Block("".join(body), left + length * width, y + HEIGHT + INDEX_HEIGHT, 0)
    shape = label(str((len(drawn.taps),)), size=theme.SMALL, colour=theme.MUTED)
    top = row([label(kernel, bold=True), shape, sheet(_kernel(drawn), name=kernel, indices=False)], 8)
    said = f"{drawn.settings}; " if drawn.settings else ""
    said += "what stands in one column is added"
    said += "; hatched: cut off" if first < 0 else ""
    said += "; dashed: carried round to the front" if drawn.around else ""
    return column([top, stamped, paragraph(said)], 14)


def _products(drawn: _Stamped, i: int, factors: bool) -> dict[Index, Cell]:
    """Return one row, by where it is added, with the two factors of each product if asked for."""
    cells: dict[Index, Cell] = {}
    for k, tap in enumerate(drawn.taps):
        notes = (f"{number(drawn.values[i])}×{closed(tap)}",) if factors else ()
        there = drawn.place(i, k)
        carried, cut = there != drawn.places.source((i,), (k,))[0], not drawn.places.holds((there,))
        written, tap = number(drawn.products[i, k]), len(drawn.taps) - 1 - k if drawn.flipped else k
        cells[there,] = Cell(written, notes, drawn.colour(k), tap, outside=carried, unused=cut)
    return cells


def _sums(drawn: _Stamped) -> dict[Index, Cell]:
    cells: dict[Index, Cell] = {}
    (length,), ((cut, _),) = drawn.places.size, drawn.places.pads
    for u in range(-cut, length + cut):
        inside = 0 <= u < length
        written = number(drawn.given[u].item()) if drawn.given is not None and inside else ""
        cells[u,] = Cell(written, unused=not inside)
    if drawn.at is not None:
        cells[drawn.at] = Cell(number(_sum(drawn)), fill=theme.RESULT_FILL)
    return cells


def _sum(drawn: _Stamped) -> float:
    return total(drawn.landed) if drawn.landed else 0


def _kernel(drawn: _Stamped) -> dict[Index, Cell]:
    cells: dict[Index, Cell] = {}
    for k, tap in enumerate(drawn.taps):
        cells[k,] = Cell(number(tap), fill=drawn.colour(k), tap=k)
    return cells


def _room(words: list[str]) -> float:
    """Return the room for what stands at the left of the rows."""
    return max(text_width(word, theme.LABEL, mono=True) for word in words) + (8 if is_phone() else 14)


def _alt(drawn: _Stamped, names: Names) -> str:
    source, kernel, output = names
    settings = f", {drawn.settings}" if drawn.settings else ""
    (cut, _), *_ = drawn.places.pads
    settings += f", {cut} cut off at each end" if cut else ""
    spoken_rows = MOST_SPOKEN if len(drawn.taps) <= MOST_SPOKEN else 2
    said = []
    for i, value in enumerate(drawn.values[:spoken_rows]):
        added = spoken(np.array([drawn.products[i, k] for k in range(len(drawn.taps))]))
        first = entry(output, (drawn.place(i, 0),))
        said.append(f"{entry(source, (i,))} = {number(value)} adds {added} from {first} on")
    if len(drawn.values) > spoken_rows:
        said.append("and so on")
    if drawn.around:
        settings += f", on a circle of {drawn.around}"
    alt = f"{counted(len(drawn.values), 'stamp')} of {kernel}, {spoken(np.array(drawn.taps))}{settings}"
    alt += f": {'; '.join(said)}."
    if drawn.at is not None:
        signs = [f"{MINUS if p < 0 else '+'} {number(abs(p))}" for p in drawn.landed]
        terms = " ".join([number(drawn.landed[0]), *signs[1:]]) if drawn.landed else "Nothing"
        alt += f" {terms} = {number(_sum(drawn))} is {entry(output, drawn.at)}."
    if drawn.given is not None:
        alt += f" {output}: {spoken(drawn.given)}."
    return alt
