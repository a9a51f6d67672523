"""Pictures of how one output entry comes about: window, products and sum; and of the flipped kernel.

Each picture computes the one entry it shows and never the whole output: that is the reader's exercise.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import LONGEST_LIST, number_cells, outlines, spoken, spoken_places, with_part_shown
from convlab.draw._canvas import (
    Block,
    arrow,
    arrow_down,
    arrow_right,
    clean,
    column,
    flow,
    label,
    row,
    tag,
    text,
    text_width,
)
from convlab.draw._canvas import operator as sign
from convlab.draw._cells import HEIGHT, NARROWEST, Cell, Outline, cell_width, sheet, titled
from convlab.draw._numbers import Array, Index, as_array, entry, number, size, total
from convlab.draw._picture import Picture

MOST_ROWS = 13  # of a written-out sum, in one column
MOST_COLUMNS = 2
MOST_CELLS = 10  # rows and columns of an input around its window
ROOM_FOR_ARROW = 120.0  # arrow, gaps and row indices


@dataclass(frozen=True)
class Tap:
    """One product of an output entry: where it reads the input and the kernel, and what it reads there."""

    number: int
    source: Index
    place: Index
    value: float
    weight: float
    product: float
    colour: str


@dataclass(frozen=True)
class Entry:
    """One output entry: its index, the output's shape, its taps in the kernel's order, and their sum."""

    at: Index
    shape: Index
    taps: Sequence[Tap]
    total: float


def window(
    input: npt.ArrayLike,
    weight: npt.ArrayLike,
    at: SupportsIndex | Sequence[SupportsIndex],
    *,
    output: npt.ArrayLike | None = None,
) -> Picture:
    """Draw how one output entry comes about: window, kernel, their products, the sum, and where it goes.

    Valid, stride 1. The window's values, the taps of the kernel and their products share colours (for more
    than nine taps, one colour).

    Parameters
    ----------
    input : array_like, shape (L,) or (H, W)
    weight : array_like, shape (K,) or (KH, KW)
    at : int, or (y, x)
        The output entry. Only this one is computed.
    output : array_like, shape (L - K + 1,) or (H - KH + 1, W - KW + 1), optional
        Numbers for the output's other entries, which are blank otherwise. If at `at` it holds another number
        than the sum, the picture says so.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, or `at` or `output` does not fit the output's shape.

    Examples
    --------
    >>> draw.window([3, 1, 4, 1, 5], [1, 0, -1], at=1).alt.partition("Products")[2]
    ': 1, 0, −1. Their sum, 0, is output[1] (length 3).'
    """
    values, factors = _pair(input, weight)
    one = compute(values, factors, at)
    others = None
    if output is not None:
        others = as_array(output, "output", (values.ndim,))
        if others.shape != one.shape:
            raise ValueError(f"output has shape {others.shape}: here it must be {one.shape}")
    draw = _window_1d if values.ndim == 1 else _window_2d
    block, alt = draw(values, factors, one, others), _window_alt(values, factors, one, others)
    if others is not None:
        held = others[one.at].item()
        if number(held) != number(one.total):
            said = f"At {entry('', one.at)} the output given holds {number(held)}, "
            said += f"but the sum is {number(one.total)}."
            note = label(said, size=theme.SMALL, colour=theme.RESULT)
            block, alt = column([block, note], 8), f"{alt} {said}"
    return Picture(alt, block)


def products(
    input: npt.ArrayLike, weight: npt.ArrayLike, at: SupportsIndex | Sequence[SupportsIndex]
) -> Picture:
    """Write out one output entry as a sum: for each tap, input value × weight = product; then the total.

    Valid, stride 1, in the colours of `window`. Of more than 26 products the first 25 are written, then how
    many follow.

    Parameters
    ----------
    input : array_like, shape (L,) or (H, W)
    weight : array_like, shape (K,) or (KH, KW)
    at : int, or (y, x)
        The output entry. Only this one is computed.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, or `at` lies outside the output.
    """
    values, factors = _pair(input, weight)
    one = compute(values, factors, at)
    shown = list(one.taps)
    if len(shown) > MOST_ROWS * MOST_COLUMNS:
        shown = shown[: MOST_ROWS * MOST_COLUMNS - 1]
    rest = len(one.taps) - len(shown)
    lines = _lines(shown, 14.0 if len(shown) <= MOST_ROWS else theme.LABEL)
    if rest:
        lines.append(label(f"… and {rest} more", colour=theme.MUTED))
    count = MOST_COLUMNS if max(line.width for line in lines) * 2 + theme.GAP <= theme.PAGE else 1
    long = MOST_ROWS if len(lines) > MOST_ROWS and count > 1 else len(lines)
    columns = [column(lines[i : i + long], 4) for i in range(0, len(lines), long)]
    columns = [Block(part.body, part.width, part.height, 0) for part in columns]
    name = label(entry("output", one.at), bold=True, mono=True)
    head = row([name, label(f"is the sum of {_products(len(one.taps))}")], 8)
    result = row([sign("="), _result(number(one.total))], 8)
    block = column([head, flow(columns)], 12)
    left = Block("", max(0.0, block.width - result.width), 0, 0)
    block = column([block, row([left, result], 0)], 10)
    alt = f"{entry('output', one.at)} is the sum of {_products(len(one.taps))}"
    if len(one.taps) <= LONGEST_LIST:
        terms = (f"{number(t.value)} × {number(t.weight)} = {number(t.product)}" for t in one.taps)
        alt += f": {', '.join(terms)}"
    return Picture(f"{alt}. Total {number(one.total)}.", block)


def flip(weight: npt.ArrayLike, *, name: str = "weight") -> Picture:
    """Draw a kernel as correlation uses it and as convolution does: each tap keeps its colour and its index.

    Parameters
    ----------
    weight : array_like, shape (K,) or (KH, KW)
    name : str

    Raises
    ------
    ValueError
        If `weight` is not a 1-D or 2-D array of real numbers.
    """
    factors = as_array(weight, "weight", (1, 2))
    name = clean(name)
    here: dict[Index, Cell] = {}
    there: dict[Index, Cell] = {}
    for count, index in enumerate(np.ndindex(*factors.shape)):
        target = tuple(n - 1 - i for n, i in zip(factors.shape, index))
        note = entry("", index).replace(" ", "")
        cell = Cell(number(factors[index].item()), (note,), theme.tap_colour(count, factors.size), count)
        here[index], there[target] = cell, cell
    there = dict(sorted(there.items()))
    width = cell_width(here.values())
    line = int(theme.PAGE // width) if factors.ndim == 1 else None
    kept = sheet(here, name=name, width=width, per_line=line, indices=False)
    turned = sheet(there, name=f"flipped {name}", width=width, per_line=line, indices=False)
    kept = titled(kept, "correlation", below=f"{name} as it is (torch)")
    turned = titled(turned, "convolution", below=f"{name} flipped")
    between = "turn by 180°" if factors.ndim == 2 else "reverse"
    block = row([kept, _over(arrow_right(theme.WINDOW, 48), between), turned])
    if block.width > theme.PAGE:
        block = column(
            [kept, row([arrow_down(theme.WINDOW), label(between, size=theme.SMALL)], 8), turned], 10
        )
    alt = (
        f"Kernel {name} as correlation uses it, which is what torch does: {spoken(factors)}. "
        f"Flipped, as convolution uses it: {spoken(np.flip(factors))}."
    )
    return Picture(alt, block)


def compute(input: Array, weight: Array, at: SupportsIndex | Sequence[SupportsIndex]) -> Entry:
    """Compute one entry of the valid cross-correlation with stride 1.

    Parameters
    ----------
    input : ndarray, shape (L,) or (H, W)
    weight : ndarray, shape (K,) or (KH, KW)
    at : int, or (y, x)
        The output entry.
    """
    shape = tuple(n - k + 1 for n, k in zip(input.shape, weight.shape))
    if min(shape) < 1:
        raise ValueError(
            f"weight has shape {weight.shape}: it must fit inside input, which has shape {input.shape}"
        )
    index = _index(at, shape)
    taps = []
    for count, place in enumerate(np.ndindex(*weight.shape)):
        source = tuple(a + k for a, k in zip(index, place))
        value, factor = input[source].item(), weight[place].item()
        colour = theme.tap_colour(count, weight.size)
        taps.append(Tap(count, source, place, value, factor, value * factor, colour))
    return Entry(index, shape, taps, total([tap.product for tap in taps]))


def _pair(input: npt.ArrayLike, weight: npt.ArrayLike) -> tuple[Array, Array]:
    values = as_array(input, "input", (1, 2), "; take one channel of one example, such as input[0, 0]")
    return values, as_array(weight, "weight", (values.ndim,), f", as input, which has shape {values.shape}")


def _index(at: SupportsIndex | Sequence[SupportsIndex], shape: Index) -> Index:
    try:
        index = tuple(map(operator.index, at)) if isinstance(at, Iterable) else (operator.index(at),)
    except TypeError:
        index = ()
    if len(index) != len(shape):
        wanted = "an integer" if len(shape) == 1 else "two integers, (y, x)"
        raise ValueError(f"at is {at!r}: the output has shape {shape}, so it must be {wanted}")
    for i, length in zip(index, shape):
        if not 0 <= i < length:
            raise ValueError(
                f"at is {at!r}: the output has shape {shape}, so {i} must lie between 0 and {length - 1}"
            )
    return index


def _window_1d(input: Array, weight: Array, one: Entry, others: Array | None) -> Block:
    """Stand everything in columns: a tap below the value that it meets, the product below both."""
    shapes = {"input": input.shape, "weight": weight.shape, "products": (), "output": one.shape}
    left = max(text_width(name, theme.LABEL, bold=True) for name in shapes) + 14
    result = _result(number(one.total))
    sources = [tap.source for tap in one.taps]
    room = theme.PAGE - left - result.width - 30
    # First as many values as the narrowest cells allow, to learn how wide the cells must be; then what fits.
    most = int(room // NARROWEST)
    above = number_cells(input, around=sources[:most], most=most)
    written = [one.total, *weight.tolist(), *(tap.product for tap in one.taps)]
    if others is not None:
        written += [others[index] for index in above if index[0] < len(others)]
    cell = max(
        cell_width([*above.values(), *(Cell(number(value)) for value in written)]),
        # Between two products there stands a plus.
        max(text_width(number(tap.product), theme.NUMBER, mono=True) for tap in one.taps) + 21,
    )
    most = max(1, int(room // cell))
    above = number_cells(input, around=sources[:most], most=most)
    above = _marked(above, {tap.source: tap for tap in one.taps})
    first, last = min(above)[0], max(above)[0]
    taps = [tap for tap in one.taps if tap.source in above]
    kernel = {tap.place: _tap_cell(number(tap.weight), tap) for tap in taps}
    made = {tap.place: _tap_cell(number(tap.product), tap) for tap in taps}
    below: dict[Index, Cell] = {
        (i,): _output_cell((i,), one, others) for i in range(first, min(last + 1, one.shape[0]))
    }
    blocks = [
        sheet(above, name="input", width=cell, outlines=outlines(sources)),
        sheet(kernel, name="weight", width=cell),
        sheet(made, name="products", width=cell, indices=False),
        sheet(below, name="output", width=cell, outlines=[Outline([one.at], theme.RESULT, "result")]),
    ]
    x = left + (taps[0].source[0] - first) * cell
    between = 24.0
    tops = [0.0]
    for gap, block in zip((between, between, 34.0), blocks):
        tops.append(tops[-1] + block.height + gap)
    body = [block.at(here, top) for block, here, top in zip(blocks, (left, x, x, left), tops)]
    for (name, shape), top in zip(shapes.items(), tops):
        middle = top + HEIGHT / 2
        body.append(text(name, 0, middle - (8 if shape else 0), bold=True))
        if shape:
            body.append(text(str(shape), 0, middle + 9, size=theme.SMALL, colour=theme.MUTED))
    for place in range(len(taps)):
        centre = x + (place + 0.5) * cell
        body += [_sign("×", centre, tops[1] - between / 2), _sign("=", centre, tops[2] - between / 2)]
        if place:
            body.append(_plus(centre - cell / 2, tops[2] + HEIGHT / 2))
    middle, end = tops[2] + HEIGHT / 2, x + len(taps) * cell
    body += [_sign("=", end + 15, middle), result.at(end + 30, middle - result.middle)]
    # From the sum down, back and into the output's entry.
    centre, bottom = end + 30 + result.width / 2, middle + result.height / 2
    into, level = left + (one.at[0] - first + 0.5) * cell, (bottom + tops[3]) / 2 - 2
    body.append(arrow([(centre, bottom), (centre, level), (into, level), (into, tops[3] - 2)], theme.RESULT))
    width = max(left + len(above) * cell, end + 30 + result.width)
    block = Block("".join(body), width, tops[3] + blocks[3].height, tops[0])
    return _with_note(with_part_shown(block, above, input.shape), len(taps), one)


def _window_2d(input: Array, weight: Array, one: Entry, others: Array | None) -> Block:
    """Above, what is multiplied: input and kernel; below, what comes of it: products, sum, output."""
    sources = [tap.source for tap in one.taps]
    kernel = number_cells(weight, most=MOST_CELLS, page=theme.PAGE - 90)
    kernel = _marked(kernel, {tap.place: tap for tap in one.taps})
    shown = [tap for tap in one.taps if tap.place in kernel]
    made = _product_cells(shown)
    factor = titled(sheet(kernel, name="weight"), "weight", str(weight.shape))
    second = row([sign("×"), with_part_shown(factor, kernel, weight.shape)])
    # The input beside the kernel if the window fits there, else on a line of its own.
    page = theme.PAGE - 30 - theme.GAP - second.width
    page = page if page > min(weight.shape[1], MOST_CELLS) * NARROWEST else theme.PAGE - 30
    middle = [tap.source for tap in shown]
    above = number_cells(input, around=middle, most=MOST_CELLS, page=page)
    above = _marked(above, {tap.source: tap for tap in one.taps})
    block = titled(sheet(above, name="input", outlines=outlines(sources)), "input", str(input.shape))
    first = with_part_shown(block, above, input.shape)

    third = row([sign("="), titled(sheet(made, name="products", indices=False), "products")])
    summed = row([sign("="), _over(_result(number(one.total)), "sum")], 10)
    # The output beside the sum if at least four of its columns fit there, else on a line of its own.
    guide = np.broadcast_to(np.float64(one.total), one.shape) if others is None else others
    space = theme.PAGE - third.width - summed.width - ROOM_FOR_ARROW
    space = space if space > 4 * cell_width([Cell(number(one.total))]) else theme.PAGE - ROOM_FOR_ARROW
    below = {
        index: _output_cell(index, one, others)
        for index in number_cells(guide, around=[one.at], most=MOST_CELLS, page=space)
    }
    last = sheet(below, name="output", outlines=[Outline([one.at], theme.RESULT, "result")])
    last = with_part_shown(titled(last, "output", str(one.shape)), below, one.shape)
    block = column([flow([first, second]), flow([third, summed, row([arrow_right(theme.RESULT), last])])], 20)
    return _with_note(block, len(made), one)


def _window_alt(input: Array, weight: Array, one: Entry, others: Array | None) -> str:
    def numbers(of_taps: Iterable[float]) -> str:
        return spoken(np.array(list(of_taps)).reshape(weight.shape))

    where = spoken_places([tap.source for tap in one.taps])
    alt = (
        f"Window over {where} of input ({_extent(input.shape)}): {numbers(tap.value for tap in one.taps)}. "
        f"Weight: {spoken(weight)}. Products: {numbers(tap.product for tap in one.taps)}. "
        f"Their sum, {number(one.total)}, is {entry('output', one.at)} ({_extent(one.shape)})."
    )
    return alt if others is None else f"{alt} Output given: {spoken(others)}."


def _extent(shape: Index) -> str:
    return f"length {shape[0]}" if len(shape) == 1 else size(shape)


def _marked(cells: dict[Index, Cell], taps: Mapping[Index, Tap]) -> dict[Index, Cell]:
    """Return the cells, those that a tap reads in its colour."""
    return {index: _tap_cell(cell.text, taps.get(index)) for index, cell in cells.items()}


def _tap_cell(written: str, tap: Tap | None) -> Cell:
    return Cell(written) if tap is None else Cell(written, fill=tap.colour, tap=tap.number)


def _product_cells(taps: Sequence[Tap]) -> dict[Index, Cell]:
    """Return a cell for each product, its factors above it: on one line if they are short."""
    factors = [(number(tap.value), f"×{number(tap.weight)}") for tap in taps]
    short = max(len(value + weight) for value, weight in factors) <= 9
    return {
        tap.place: Cell(
            number(tap.product), (value + weight,) if short else (value, weight), tap.colour, tap.number
        )
        for tap, (value, weight) in zip(taps, factors)
    }


def _output_cell(index: Index, one: Entry, others: Array | None) -> Cell:
    if index == one.at:
        return Cell(number(one.total), fill=theme.RESULT_FILL)
    return Cell("" if others is None else number(others[index]))


def _result(written: str) -> Block:
    """Return the box with the sum, which looks like the output's entry."""
    width = max(HEIGHT, text_width(written, theme.NUMBER, mono=True, bold=True) + 16)
    box = tag(
        "rect",
        x=0,
        y=0,
        width=width,
        height=HEIGHT,
        rx=6,
        fill=theme.RESULT_FILL,
        stroke=theme.RESULT,
        stroke_width=2,
        data_total=written,
    )
    inner = text(written, width / 2, HEIGHT / 2, size=theme.NUMBER, align="middle", mono=True, bold=True)
    return Block(box + inner, width, HEIGHT, HEIGHT / 2)


def _plus(x: float, y: float) -> str:
    disc = tag("circle", cx=x, cy=y, r=7, fill=theme.CARD, stroke=theme.LINE)
    return disc + text("+", x, y, size=theme.LABEL, align="middle")


def _sign(sign: str, x: float, y: float) -> str:
    return text(sign, x, y, size=18, colour=theme.MUTED, align="middle")


def _with_note(block: Block, shown: int, one: Entry) -> Block:
    """Say below a picture that the sum has more products than are drawn, if it has."""
    if shown == len(one.taps):
        return block
    said = f"showing {shown} of {_products(len(one.taps))}; the sum is that of all"
    return column([block, label(said, size=theme.SMALL, colour=theme.MUTED)], 6)


def _over(block: Block, caption: str) -> Block:
    """Return a piece with a quiet word above it."""
    word = label(caption, size=theme.SMALL, colour=theme.MUTED)
    whole = column([word, block], 4, centre=True)
    return Block(whole.body, whole.width, whole.height, word.height + 4 + block.middle)


def _lines(taps: Sequence[Tap], size: float) -> list[Block]:
    """Return one line for each tap, their parts in columns."""
    texts = [
        (
            entry("input", tap.source),
            "×",
            entry("weight", tap.place),
            "=",
            number(tap.value),
            "×",
            number(tap.weight),
            "=",
            number(tap.product),
        )
        for tap in taps
    ]
    widths = [max(text_width(part, size, mono=True) for part in parts) for parts in zip(*texts)]
    lines = []
    for tap, parts in zip(taps, texts):
        x, body = 10.0, []
        for part, width in zip(parts, widths):
            # Names flush left, numbers flush right, so that signs and digits stand below each other.
            named = "[" in part
            body.append(
                text(
                    part,
                    x if named else x + width,
                    14,
                    size=size,
                    align="start" if named else "end",
                    mono=True,
                )
            )
            x += width + 7
        ground = tag(
            "rect", x=0, y=0, width=x + 2, height=28, rx=4, fill=tap.colour, data_tap=str(tap.number)
        )
        lines.append(Block(ground + "".join(body), x + 2, 28, 14))
    return lines


def _products(count: int) -> str:
    return "1 product" if count == 1 else f"{count} products"
