"""The picture of one output entry: window, kernel, their products, the sum, and where it goes.

It computes the one entry it shows and never the whole output: that is the reader's exercise.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import most_cells, number_cells, outlines, spoken, spoken_places, with_part_shown
from convlab.draw._canvas import (
    Block,
    arrow,
    arrow_right,
    clean,
    column,
    flow,
    label,
    paragraph,
    row,
    text_width,
)
from convlab.draw._canvas import operator as sign
from convlab.draw._cells import HEIGHT, Cell, Outline, cell_width, narrowest, sheet, titled
from convlab.draw._geometry import Pads, Whole, per_axis
from convlab.draw._numbers import Array, Index, as_array, entry, number, size
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture
from convlab.draw._rows import (
    FOR_SIGNS,
    level_of_arrow,
    named,
    room_for_names,
    room_for_plus,
    tops_of,
    type_size,
    widened,
)
from convlab.draw._taps import (
    Entry,
    Names,
    Tap,
    as_names,
    compute,
    marked,
    over,
    pair,
    plus,
    product_cells,
    result_box,
    small_sign,
    tap_cell,
    with_some,
)

MOST_CELLS = 10  # rows and columns of an input around its window
ROOM_FOR_ARROW = 120.0  # arrow, gaps and row indices


def window(
    input: npt.ArrayLike,
    weight: npt.ArrayLike,
    at: Whole,
    *,
    stride: Whole = 1,
    padding: Pads = 0,
    dilation: Whole = 1,
    output: npt.ArrayLike | None = None,
    names: tuple[str, str, str] = ("input", "weight", "output"),
    letters: Sequence[str] = (),
    flipped: bool = False,
    keep: Whole | None = None,
    start: SupportsIndex | None = None,
) -> Picture:
    """Draw how one output entry comes about: window, kernel, their products, the sum, and where it goes.

    The window's values, the taps of the kernel and their products share colours (for more than nine taps, one
    colour). Padding stands around the input as zeros with dashed edges; dilation spreads the taps.

    Parameters
    ----------
    input : array_like, shape (L,) or (H, W)
    weight : array_like, shape (K,) or (KH, KW)
    at : int, or (y, x)
        The output entry. Only this one is computed.
    stride, dilation : int, or (y, x)
    padding : int, (left, right) for a signal; int, (y, x) or ((top, bottom), (left, right)) for an image
    output : array_like, shape (L_out,) or (H_out, W_out), optional
        Numbers for the output's other entries, which are blank otherwise. If at `at` it holds another number
        than the sum, the picture says so.
    names : (str, str, str)
        What input, weight and output are called in the picture.
    letters : sequence of str, optional
        What the indices of the taps are called in the formula below the picture: by default k, or i and j.
    flipped : bool
        The weight given is a flipped kernel of a signal: each tap keeps the colour and the index that it has in
        the kernel itself.
    keep : int, or (H, W), optional
        How many places of the output are entries of it: the others are hatched.
    start : int, optional
        The index of a signal at which a slip makes the window begin. Where it should begin has a dashed edge.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, `at`, `output` or `keep` does not fit the output's shape, or a flipped
        kernel has two dimensions.

    Examples
    --------
    >>> draw.window([3, 1, 4, 1, 5], [1, 0, -1], at=1).alt.partition("Products")[2]
    ': 1, 0, −1. Their sum, 0, is output[1] (length 3).'
    """
    values, factors = pair(input, weight)
    called = as_names(names)
    one = compute(values, factors, at, stride, padding, dilation)
    if flipped:
        if values.ndim != 1:
            raise ValueError("flipped is True: only the kernel of a signal can be drawn flipped")
        one = replace(one, taps=[_in_the_kernel(tap, len(factors)) for tap in one.taps])
    if start is not None:
        one = _moved(one, values, factors, start)
    if letters and len(letters) != values.ndim:
        raise ValueError(f"letters is {letters!r}: it must be {values.ndim}, one for each axis")
    kept = one.shape if keep is None else per_axis(keep, values.ndim, "keep", 1)
    if any(n > most for n, most in zip(kept, one.shape)):
        raise ValueError(f"keep is {keep!r}: there are only {one.shape} places")
    others = None
    if output is not None:
        others = as_array(output, "output", (values.ndim,))
        if others.shape != one.shape:
            raise ValueError(f"output has shape {others.shape}: here it must be {one.shape}")
    draw = _window_1d if values.ndim == 1 else _window_2d
    block = draw(values, factors, one, _Output(called[2], kept, others), called)
    alt = _alt(values, factors, one, others, called)
    if start is not None:
        wanted = one.sliding.source(one.at, (0,))[0]
        said = f"The window begins at {number(operator.index(start))}; "
        said += f"for {entry(called[2], one.at)} it should begin at {number(wanted)}."
        note = paragraph(f"{said} There it has a dashed edge.", max(block.width, theme.PHONE))
        block, alt = column([block, note], 10), f"{alt} {said}"
    elif not one.sliding.plain:
        block = column([block, _settings(one, called, [clean(letter) for letter in letters], flipped)], 10)
    if kept != one.shape:
        said = f"{called[2]} has the shape {kept}"
        said += f": place {entry('', one.at)} is none of its entries." if _beyond(one.at, kept) else "."
        block = column([block, paragraph(f"hatched: {said}", size=theme.SMALL)], 8)
        alt = f"{alt} {said[:1].upper()}{said[1:]}"
    if others is not None:
        held = others[one.at].item()
        if number(held) != number(one.total):
            said = f"At {entry('', one.at)} the {called[2]} given holds {number(held)}, "
            said += f"but the sum is {number(one.total)}."
            note = label(said, size=theme.SMALL, colour=theme.RESULT)
            block, alt = column([block, note], 8), f"{alt} {said}"
    return Picture(alt, block)


@dataclass(frozen=True)
class _Output:
    """What is known of the output besides the one entry: its name, its shape, and its numbers if they are given."""

    name: str
    shape: Index
    given: Array | None

    def cell(self, index: Index, one: Entry) -> Cell:
        beyond = _beyond(index, self.shape)
        if index == one.at:
            fill = theme.WRONG if beyond else theme.RESULT_FILL
            return Cell(number(one.total), fill=fill, unused=beyond)
        return Cell("" if self.given is None else number(self.given[index]), unused=beyond)


def _beyond(index: Index, shape: Index) -> bool:
    return any(i >= n for i, n in zip(index, shape))


def _in_the_kernel(tap: Tap, taps: int) -> Tap:
    """Return a tap of a flipped kernel with the number, the index and the colour that it has in the kernel itself."""
    there = taps - 1 - tap.number
    return replace(tap, number=there, place=(there,), colour=theme.tap_colour(there, taps))


def _moved(one: Entry, input: Array, weight: Array, start: SupportsIndex) -> Entry:
    """Return the entry that comes about if its window begins at another index."""
    if input.ndim != 1:
        raise ValueError("start is given: only the window of a signal can be drawn where it should not be")
    ((before, after),), (span,) = one.sliding.pads, one.sliding.span
    first, last = -before, input.size + after - span
    if not first <= operator.index(start) <= last:
        raise ValueError(f"start is {start!r}: the window fits from {first} to {last}")
    pads, dilation = one.sliding.pads, one.sliding.dilation
    moved = compute(input, weight, operator.index(start) + before, 1, pads, dilation)
    return replace(one, taps=moved.taps, total=moved.total)


def _settings(one: Entry, names: Names, letters: Sequence[str], flipped: bool) -> Block:
    """Say below a picture what departs from plain sliding, and which indices that makes the window read."""
    written = (
        f"{entry(names[2], one.at)} reads {names[0]}{one.sliding.formula(one.at, letters, flipped=flipped)}"
    )
    parts = [paragraph(f"{one.sliding.settings}:"), paragraph(written, colour=theme.INK, mono=True)]
    return flow(parts, 8)


def _window_1d(input: Array, weight: Array, one: Entry, output: _Output, names: Names) -> Block:
    """Stand everything in columns: a tap below the value that it meets, the product below both."""
    source, kernel_name, output_name = names
    shapes = {source: input.shape, kernel_name: weight.shape, "products": (), output_name: output.shape}
    left = room_for_names(shapes)
    result = result_box(number(one.total))
    sources = [tap.source for tap in one.taps]
    (stride,), ((before, _),), (spread,) = one.sliding.stride, one.sliding.pads, one.sliding.dilation
    room = page_width() - left - result.width - 30
    size = type_size()
    # The last tap of a flipped kernel meets the first value.
    turned = -1 if len(one.taps) > 1 and one.taps[0].place > one.taps[-1].place else 1

    def column_of(i: int) -> int:
        """Return the input index below which an output entry stands: where its window starts."""
        return i * stride - before

    def near(most: int) -> list[Index]:
        """Return the sources to draw at least: the start of a window that is too long."""
        return [source for source in sources if source[0] - sources[0][0] < most]

    # First as many values as the narrowest cells allow, to learn how wide the cells must be; then what fits.
    most = int(room // narrowest())
    above = number_cells(input, around=near(most), most=most, pads=one.sliding.pads)
    written = [one.total, *weight.tolist(), *(tap.product for tap in one.taps)]
    if output.given is not None:
        written += [output.given[i] for i in range(len(output.given)) if (column_of(i),) in above]
    cell = max(
        cell_width([*above.values(), *(Cell(number(value)) for value in written)], size),
        # Between two products there stands a plus.
        max(text_width(number(tap.product), size or theme.NUMBER, mono=True) for tap in one.taps)
        + room_for_plus(),
    )
    most = max(1, int(room // cell))
    # The sum stands behind the window's last tap: where that is not the last value, more of them fit.
    # Where it is, the sum may stand before the window's first tap.
    end = (sources[-1][0] + before + 1) * cell + 30 + result.width
    whole = one.sliding.padded[0]
    leads = end > page_width() - left and (sources[0][0] + before) * cell >= 30 + result.width
    if max(0 if leads else end, whole * cell) <= page_width() - left:
        most = whole
    leads = leads and most == whole
    if most == whole:
        behind = 0 if leads else sources[-1][0] + before + 1
        cell = widened(cell, whole, behind, result.width)
    above = number_cells(input, around=near(most), most=most, pads=one.sliding.pads)
    above = marked(above, {tap.source: tap for tap in one.taps})
    first = min(above)[0]
    taps = [tap for tap in one.taps if tap.source in above]
    kernel = {tap.place: tap_cell(number(tap.weight), tap) for tap in taps}
    made = {tap.place: tap_cell(number(tap.product), tap) for tap in taps}
    below: dict[Index, Cell] = {
        (i,): output.cell((i,), one) for i in range(one.shape[0]) if (column_of(i),) in above
    }
    right = [one.sliding.source(one.at, (k,)) for k in range(len(one.taps))]
    wanted = [Outline(right, theme.WINDOW, "wanted", dashed=True)] if set(right) != set(sources) else []
    blocks = [
        sheet(above, name=source, width=cell, size=size, outlines=[*wanted, *outlines(sources)]),
        sheet(kernel, name=kernel_name, width=cell, size=size, step=turned * spread),
        sheet(made, name="products", width=cell, size=size, step=turned * spread, indices=False),
        sheet(
            below,
            name=output_name,
            width=cell,
            size=size,
            step=stride,
            outlines=[Outline([one.at], theme.RESULT, "result")],
        ),
    ]
    x = left + (taps[0].source[0] - first) * cell
    start = left + (column_of(min(below)[0]) - first) * cell
    into = left + (column_of(one.at[0]) - first + 0.5) * cell
    tops = tops_of(blocks)
    body = [block.at(here, top) for block, here, top in zip(blocks, (left, x, x, start), tops)]
    body += named(shapes, tops, into)
    for place in range(len(taps)):
        centre = x + (place * spread + 0.5) * cell
        body += [
            small_sign("×", centre, tops[1] - FOR_SIGNS / 2),
            small_sign("=", centre, tops[2] - FOR_SIGNS / 2),
        ]
        if place:
            body.append(plus(centre - spread * cell / 2, tops[2] + HEIGHT / 2))
    middle, end = tops[2] + HEIGHT / 2, x + ((len(taps) - 1) * spread + 1) * cell
    at = x - 30 - result.width if leads else end + 30
    sign_at = x - 15 if leads else end + 15
    body += [small_sign("=", sign_at, middle), result.at(at, middle - result.middle)]
    # From the sum down, across and into the output's entry.
    centre, bottom = at + result.width / 2, middle + result.height / 2
    level = level_of_arrow(bottom, tops[3]) - 2
    body.append(arrow([(centre, bottom), (centre, level), (into, level), (into, tops[3] - 2)], theme.RESULT))
    width = max(left + len(above) * cell, at + result.width)
    block = Block("".join(body), width, tops[3] + blocks[3].height, tops[0])
    of = source if len(below) < one.shape[0] else ""
    block = with_part_shown(block, above, input.shape, pads=one.sliding.pads, of=of)
    block = with_part_shown(block, below, one.shape, of=output_name)
    return with_some(block, len(taps), len(one.taps))


def _window_2d(input: Array, weight: Array, one: Entry, output: _Output, names: Names) -> Block:
    """Above, what is multiplied: input and kernel; below, what comes of it: products, sum, output."""
    source, kernel_name, output_name = names
    sources = [tap.source for tap in one.taps]
    kernel = number_cells(weight, most=MOST_CELLS, page=page_width() - 90)
    kernel = marked(kernel, {tap.place: tap for tap in one.taps})
    shown = [tap for tap in one.taps if tap.place in kernel]
    made = product_cells(shown)
    factor = titled(sheet(kernel, name=kernel_name), kernel_name, str(weight.shape))
    second = row([sign("×"), with_part_shown(factor, kernel, weight.shape)])
    # The input beside the kernel if as much of it fits there as on a line of its own.
    page = page_width() - 30 - theme.GAP - second.width
    middle = [tap.source for tap in shown]
    above = most_cells(
        number_cells(input, around=middle, most=MOST_CELLS, page=room, pads=one.sliding.pads)
        for room in (page, page_width() - 30)
    )
    above = marked(above, {tap.source: tap for tap in one.taps})
    block = titled(sheet(above, name=source, outlines=outlines(sources)), source, str(input.shape))
    first = with_part_shown(block, above, input.shape, pads=one.sliding.pads)

    third = row([sign("="), titled(sheet(made, name="products", indices=False), "products")])
    summed = row([sign("="), over(result_box(number(one.total)), "sum")], 10)
    # The same for the output and the sum.
    guide = np.broadcast_to(np.float64(one.total), one.shape) if output.given is None else output.given
    space = page_width() - third.width - summed.width - ROOM_FOR_ARROW
    drawn = most_cells(
        number_cells(guide, around=[one.at], most=MOST_CELLS, page=room)
        for room in (space, page_width() - ROOM_FOR_ARROW)
    )
    below = {index: output.cell(index, one) for index in drawn}
    last = sheet(below, name=output_name, outlines=[Outline([one.at], theme.RESULT, "result")])
    last = with_part_shown(titled(last, output_name, str(output.shape)), below, one.shape)
    block = column([flow([first, second]), flow([third, summed, row([arrow_right(theme.RESULT), last])])], 20)
    return with_some(block, len(made), len(one.taps))


def _alt(input: Array, weight: Array, one: Entry, others: Array | None, names: Names) -> str:
    def numbers(of_taps: Iterable[float]) -> str:
        return spoken(np.array(list(of_taps)).reshape(weight.shape))

    source, kernel, output = names
    where = spoken_places([tap.source for tap in one.taps])
    outside = sum(tap.outside for tap in one.taps)
    around = f", {outside} of {len(one.taps)} in the padding" if outside else ""
    alt = (
        f"Window over {where} of {source} ({_extent(input.shape)}){around}: "
        f"{numbers(tap.value for tap in one.taps)}. "
        f"{'Weight' if kernel == 'weight' else kernel}: {spoken(weight)}. "
        f"Products: {numbers(tap.product for tap in one.taps)}. "
        f"Their sum, {number(one.total)}, is {entry(output, one.at)} ({_extent(one.shape)})."
    )
    if not one.sliding.plain:
        settings = one.sliding.settings
        alt = f"{settings[:1].upper()}{settings[1:]}. {alt}"
    given = "Output" if output == "output" else output
    return alt if others is None else f"{alt} {given} given: {spoken(others)}."


def _extent(shape: Index) -> str:
    return f"length {shape[0]}" if len(shape) == 1 else size(shape)
