"""The picture of one entry of the input's gradient: which outputs read the input, through which taps.

It computes the one entry it shows and never the whole gradient: that is the reader's exercise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._arrays import most_cells, number_cells, with_part_shown
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
    text,
    text_width,
)
from convlab.draw._canvas import operator as sign
from convlab.draw._cells import HEIGHT, Cell, Outline, cell_width, outside_cell, sheet, titled
from convlab.draw._geometry import Pads, Sliding, Whole, as_index, integers, sliding
from convlab.draw._numbers import Array, Index, as_array, entry, number, total
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
    Tap,
    counted,
    over,
    plus,
    product_cells,
    result_box,
    small_sign,
    tap_cell,
    with_some,
)

MOST_CELLS = 8
ROOM_FOR_ARROW = 120.0
LINE = 440.0  # as long as a caption may be, even where the picture is narrower

Names = tuple[str, str, str]
GRADIENTS = ("grad_output", "weight", "grad_input")


def backward(
    grad_output: npt.ArrayLike,
    weight: npt.ArrayLike,
    input_size: Whole,
    at: Whole,
    *,
    stride: Whole = 1,
    padding: Pads = 0,
    dilation: Whole = 1,
    names: tuple[str, str, str] = GRADIENTS,
) -> Picture:
    """Draw how one entry of the input's gradient comes about.

    The output entries that read it are coloured as the tap they read it through; gradient times tap is what
    each hands back, and their sum is the entry.

    Parameters
    ----------
    grad_output : array_like, shape (L_out,) or (H_out, W_out)
    weight : array_like, shape (K,) or (KH, KW)
    input_size : int, or (H, W)
    at : int, or (y, x)
        The input entry. Only its gradient is computed.
    stride, padding, dilation
        As in the forward convolution.
    names : (str, str, str)
        What the three arrays are called in the picture. A transposed convolution is the same sum over "input",
        "weight" and "output".

    Raises
    ------
    ValueError
        If the sizes do not fit each other, or `at` lies outside the input.

    Examples
    --------
    >>> draw.backward([2, 5], [4, 1], 3, 1, names=("input", "weight", "output")).alt.partition(". ")[0]
    'output[1] gets something from 2 entries of input'
    """
    given = as_array(grad_output, "grad_output", (1, 2), "; take one channel of one example")
    factors = as_array(weight, "weight", (given.ndim,), f", as grad_output, whose shape is {given.shape}")
    shape = integers(input_size)
    if shape is None or len(shape) != given.ndim or min(shape) < 1:
        wanted = "an integer" if given.ndim == 1 else "two integers, (H, W)"
        raise ValueError(f"input_size is {input_size!r}: it must be {wanted}, at least 1")
    places = sliding(shape, factors.shape, stride, padding, dilation, ("input_size", "weight"))
    if given.shape != places.shape:
        raise ValueError(f"grad_output has shape {given.shape}: here it must be {places.shape}")
    index = as_index(at, shape, of="input")
    if isinstance(names, str) or len(names) != 3 or len(set(names)) != 3:
        raise ValueError(f"names is {names!r}: it must be three different names")
    above, kernel, below = map(clean, names)
    called = above, kernel, below
    shares = _shares(given, factors, places, index)
    result = total([share.product for share in shares]) if shares else 0
    draw = _backward_1d if given.ndim == 1 else _backward_2d
    block = draw(given, factors, places, index, shares, result, called)
    width = min(max(block.width, LINE), page_width())
    said = [paragraph(line, width) for line in _caption(places, index, shares, called)]
    block = column([block, *said], 8)
    return Picture(_alt(places, index, shares, result, called), block)


def _shares(given: Array, weight: Array, places: Sliding, at: Index) -> list[Tap]:
    """Return what comes back to an input entry, in the order of the output entries."""
    shares = []
    for count, place in enumerate(np.ndindex(*weight.shape)):
        reader = places.reader(at, place)
        if reader is not None:
            value, factor = given[reader].item(), weight[place].item()
            colour = theme.tap_colour(count, weight.size)
            shares.append(Tap(count, reader, place, value, factor, value * factor, colour))
    return sorted(shares, key=lambda share: share.source)


def _caption(places: Sliding, at: Index, shares: list[Tap], names: Names) -> list[str]:
    """Say below a picture who read the input entry, or where the entry gets its products from."""
    lead = f"{places.settings}: " if places.settings else ""
    source, kernel, result = names
    if names != GRADIENTS:
        here = entry(result, at)
        givers = [f"{entry(source, s.source)} through {entry(kernel, s.place)}" for s in shares[:3]]
        said = f"{here} gets {' and '.join(givers)}" if shares else f"{here} gets nothing and is 0"
        if len(shares) > 3:
            said = f"{here} gets something from {len(shares)} entries of {source}"
    elif not shares:
        said = f"no output read {entry('input', at)}, so its gradient is 0"
    elif len(shares) > 3:
        said = f"{entry('input', at)} was read by {len(shares)} outputs"
    else:
        readers = [f"{entry('output', s.source)} through {entry('weight', s.place)}" for s in shares]
        said = f"{entry('input', at)} was read by {', '.join(readers)}"
    unused = int(np.prod(places.kernel)) - len(shares)
    hatched = "hatched: taps through which " + (
        "no output read it" if names == GRADIENTS else f"it gets nothing from {source}"
    )
    return [lead + said, *[hatched] * (unused > 0)]


def _backward_1d(
    given: Array,
    weight: Array,
    places: Sliding,
    at: Index,
    shares: list[Tap],
    result: float,
    called: Names,
) -> Block:
    """Stand everything in columns: an output's gradient where its window starts, the tap it used below it."""
    names = (*called[:2], "products", called[2])
    size = type_size()
    shapes = (given.shape, weight.shape, (), places.size)
    left = room_for_names(names)
    box = result_box(number(result))
    (stride,), ((before, _),), (spread,) = places.stride, places.pads, places.dilation
    taps = {share.place: share for share in shares}
    held = [number(value) for value in (*given.tolist(), *weight.tolist(), result)]
    cell = max(
        cell_width([Cell(word) for word in held], size),
        max([0.0, *(text_width(number(s.product), size or theme.NUMBER, mono=True) for s in shares)])
        + room_for_plus(),
    )
    columns = int((page_width() - left - box.width - 30) // cell)
    # The sum stands behind the entry: where that is not the last one, more of them fit.
    first, stop = _reach(places, at[0])
    # Where it is, the sum may stand before the first product.
    behind = (at[0] + 1 - first) * cell + 30 + box.width
    ahead = (at[0] - max(taps)[0] * spread - first) * cell if taps else 0.0
    leads = behind > page_width() - left and ahead >= 30 + box.width
    if max(0 if leads else behind, (stop - first) * cell) <= page_width() - left:
        columns = stop - first
    leads = leads and columns == stop - first
    if columns == stop - first:
        cell = widened(cell, columns, 0 if leads else at[0] + 1 - first, box.width)
    start, stop = _columns(places, at[0], columns)

    above: dict[Index, Cell] = {
        (o,): tap_cell(number(given[o].item()), None)
        for o in range(len(given))
        if start <= o * stride - before < stop
    }
    above |= {share.source: tap_cell(number(share.value), share) for share in shares if share.source in above}
    kernel: dict[Index, Cell] = {
        (k,): tap_cell(number(weight[k].item()), taps.get((k,)), unused=(k,) not in taps)
        for k in range(len(weight))
        if start <= at[0] - k * spread < stop
    }
    made: dict[Index, Cell] = {
        share.place: tap_cell(number(share.product), share) for share in shares if share.place in kernel
    }
    below: dict[Index, Cell] = {
        (i,): Cell("") if places.holds((i,)) else outside_cell("")
        for i in range(-before, places.size[0] + places.pads[0][1])
        if start <= i < stop
    }
    below[at] = Cell(number(result), fill=theme.RESULT_FILL)

    def x(col: int) -> float:
        return left + (col - start) * cell

    outlined = [Outline([share.source for share in shares])] if shares else []
    nothing = Block("", 0, HEIGHT, 0)
    blocks = [
        sheet(above, name=names[0], width=cell, size=size, step=stride, outlines=outlined)
        if above
        else nothing,
        sheet(kernel, name=names[1], width=cell, size=size, step=-spread),
        sheet(made, name="products", width=cell, size=size, step=-spread, indices=False) if made else nothing,
        sheet(below, name=names[3], width=cell, size=size, outlines=[Outline([at], theme.RESULT, "result")]),
    ]
    lefts = [
        x(min(above)[0] * stride - before) if above else left,
        x(at[0] - max(kernel)[0] * spread),
        x(at[0] - max(made)[0] * spread) if made else left,
        x(min(below)[0]),
    ]
    tops, into = tops_of(blocks), x(at[0]) + cell / 2
    body = [block.at(here, top) for block, here, top in zip(blocks, lefts, tops)]
    body += named(dict(zip(names, shapes)), tops, into)
    centres = sorted(x(at[0] - k * spread) + cell / 2 for (k,) in made)
    for previous, centre in zip([0.0, *centres], centres):
        body += [
            small_sign("×", centre, tops[1] - FOR_SIGNS / 2),
            small_sign("=", centre, tops[2] - FOR_SIGNS / 2),
        ]
        if previous:
            body.append(plus((previous + centre) / 2, tops[2] + HEIGHT / 2))
    middle, end = tops[2] + HEIGHT / 2, (centres[-1] + cell / 2 if centres else x(at[0]) + cell)
    if not made:
        body.append(text("none", end, middle, colour=theme.MUTED, align="end"))
    at_box, sign_at = end + 30, end + 15
    if leads:
        at_box, sign_at = centres[0] - cell / 2 - 30 - box.width, centres[0] - cell / 2 - 15
    body += [small_sign("=", sign_at, middle), box.at(at_box, middle - box.middle)]
    centre, bottom = at_box + box.width / 2, middle + box.height / 2
    level = level_of_arrow(bottom, tops[3])
    body.append(arrow([(centre, bottom), (centre, level), (into, level), (into, tops[3] - 2)], theme.RESULT))
    width = max(at_box + box.width, *(here + block.width for here, block in zip(lefts, blocks)))
    block = Block("".join(body), width, tops[3] + blocks[3].height, 0)
    if above:
        block = with_part_shown(block, above, given.shape, of=names[0])
    of = names[3] if len(above) < len(given) else ""
    block = with_part_shown(block, below, places.size, pads=places.pads, of=of)
    return with_some(block, len(made), len(shares))


def _reach(places: Sliding, at: int) -> tuple[int, int]:
    """Return the first column there is to draw, as an input index, and the one behind the last."""
    reach = at - places.dilation[0] * (places.kernel[0] - 1)
    return min(-places.pads[0][0], reach), places.size[0] + places.pads[0][1]


def _columns(places: Sliding, at: int, most: int) -> tuple[int, int]:
    """Return the columns to draw, as input indices: all, or those around the ones that matter."""
    reach = at - places.dilation[0] * (places.kernel[0] - 1)
    first, last = _reach(places, at)
    if last - first <= most:
        return first, last
    start = max(first, min((reach + at + 1 - most) // 2, last - most))
    start = max(start, at + 1 - most)
    return start, start + most


def _backward_2d(
    given: Array,
    weight: Array,
    places: Sliding,
    at: Index,
    shares: list[Tap],
    result: float,
    called: Names,
) -> Block:
    """Above, what is multiplied: the outputs' gradients and the kernel; below, what comes of it."""
    by_place = {share.place: share for share in shares}
    kernel = number_cells(weight, most=MOST_CELLS, page=page_width() - 90)
    kernel = {
        place: tap_cell(cell.text, by_place.get(place), unused=place not in by_place)
        for place, cell in kernel.items()
    }
    factor = titled(sheet(kernel, name=called[1]), called[1], str(weight.shape))
    second = row([sign("×"), with_part_shown(factor, kernel, weight.shape)])
    sources = [share.source for share in shares]
    page = page_width() - 30 - theme.GAP - second.width
    above = most_cells(
        number_cells(given, around=sources, most=MOST_CELLS, page=room) for room in (page, page_width() - 30)
    )
    for share in shares:
        if share.source in above:
            above[share.source] = tap_cell(above[share.source].text, share)
    outlined = [Outline(sources)] if sources else []
    first = titled(sheet(above, name=called[0], outlines=outlined), called[0], str(given.shape))
    first = with_part_shown(first, above, given.shape)

    box = over(result_box(number(result)), "sum")
    lower = [row([sign("="), box], 10)]
    made: dict[Index, Cell] = {}
    if shares:
        lines = [sorted(set(axis)) for axis in zip(*sources)]
        keys = [tuple(line.index(i) for line, i in zip(lines, source)) for source in sources]
        made = product_cells(shares, keys)
        most = min(MOST_CELLS, int((page_width() - 40) // cell_width(made.values())))
        made = {(y, x): cell for (y, x), cell in made.items() if y < MOST_CELLS and x < most}
        lower.insert(0, row([sign("="), titled(sheet(made, name="products", indices=False), "products")]))
    else:
        lower.insert(0, label("no output read it" if called == GRADIENTS else "nothing", colour=theme.MUTED))
    blank = np.broadcast_to(np.float64(result), places.size)
    page = page_width() - sum(piece.width + theme.GAP for piece in lower) - ROOM_FOR_ARROW
    drawn = most_cells(
        number_cells(blank, around=[at], most=MOST_CELLS, page=room, pads=places.pads)
        for room in (page, page_width() - ROOM_FOR_ARROW)
    )
    below = {i: Cell("") if places.holds(i) else outside_cell("") for i in drawn}
    below[at] = Cell(number(result), fill=theme.RESULT_FILL)
    last = sheet(below, name=called[2], outlines=[Outline([at], theme.RESULT, "result")])
    last = titled(last, called[2], str(places.size))
    last = with_part_shown(last, below, places.size, pads=places.pads)
    lower.append(row([arrow_right(theme.RESULT), last]))
    block = column([flow([first, second]), flow(lower)], 20)
    return with_some(block, len(made), len(shares))


def _alt(places: Sliding, at: Index, shares: list[Tap], result: float, names: Names) -> str:
    source, kernel, below = names
    here = entry(below, at)
    settings = f" ({places.settings})" if places.settings else ""
    if not shares:
        if names != GRADIENTS:
            return f"No entry of {source} reaches {here}{settings}, so it is 0."
        return f"No output entry read {entry('input', at)}{settings}, so {here} is 0."
    alt = f"{entry('input', at)} was read by {counted(len(shares), 'output')}{settings}. "
    if names != GRADIENTS:
        count = f"{len(shares)} {'entry' if len(shares) == 1 else 'entries'}"
        alt = f"{here} gets something from {count} of {source}{settings}. "
    terms = [
        f"{entry(source, s.source)} × {entry(kernel, s.place)}: "
        f"{number(s.value)} × {number(s.weight)} = {number(s.product)}"
        for s in shares
    ]
    if sum(map(len, terms)) > 400:
        terms = [f"{number(s.value)} × {number(s.weight)} = {number(s.product)}" for s in shares[:12]] + [
            "and so on"
        ] * (len(shares) > 12)
    return f"{alt}{'; '.join(terms)}. Their sum, {number(result)}, is {here}."
