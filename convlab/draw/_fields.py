"""The picture of a receptive field: which inputs one output entry sees through several layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import SupportsIndex

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, column, coordinate, paragraph, tag, text, text_width
from convlab.draw._geometry import as_index, integers
from convlab.draw._numbers import entry, number
from convlab.draw._page import is_phone
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture
from convlab.draw._taps import counted

LARGEST = 200  # inputs
HEIGHT, BETWEEN = 22.0, 46.0
LINE = 16.0  # from one line of a row's notes to the next
ABOVE = 34.0  # room for the field's bracket
WIDEST = 30.0

Layer = tuple[int, int, int]


@dataclass(frozen=True)
class _Row:
    """The entries of one layer: where they stand, in cells of the input, and which of them are seen.

    `field` is how many inputs one entry reaches over, `step` how many lie between two entries: the jump.
    """

    name: str
    detail: str
    field: int
    length: int
    seen: frozenset[int]
    step: int
    offset: float

    def middle(self, index: int) -> float:
        return self.offset + self.step * index + 0.5


def receptive_field(
    layers: Sequence[tuple[SupportsIndex, SupportsIndex, SupportsIndex]],
    *,
    at: SupportsIndex | None = None,
    size: SupportsIndex | None = None,
) -> Picture:
    """Draw one row of cells for each layer, and what one output entry sees in each of them.

    There is no padding. Each cell stands below the middle of what it sees, and each layer says the field and
    the jump of its entries.

    Parameters
    ----------
    layers : sequence of (kernel_size, stride, dilation)
        From the input to the output.
    at : int, optional
        The output entry; by default the middle one.
    size : int, optional
        How many inputs there are; by default as many as make three outputs, or one if that is too many.

    Raises
    ------
    ValueError
        If a layer is not three positive integers, the input is too short or longer than 200, or `at` lies
        outside the output.

    Examples
    --------
    >>> draw.receptive_field([(3, 1, 1), (3, 1, 1)]).alt.partition(". ")[0]
    'Through 2 layers, output[1] sees 5 of 7 inputs, 1 to 5, a field of 5'
    """
    checked = [_layer(layer) for layer in layers]
    if not checked:
        raise ValueError("layers is empty: it must hold at least one (kernel_size, stride, dilation)")
    lengths = _lengths(checked, size)
    index = as_index(lengths[-1] // 2 if at is None else at, (lengths[-1],))[0]
    rows = _rows(checked, lengths, index)
    notes = [_notes(row) for row in rows]
    left = 14 + max(_width(row.name, note) for row, said in zip(rows, notes) for note in said or [""])
    cell = min(WIDEST, (page_width() - left) / lengths[0])
    fits = text_width(number(lengths[0] - 1), theme.SMALL, mono=True) + 6 <= cell
    between = max(BETWEEN, LINE * (1 + max(map(len, notes))) + 8 - HEIGHT)
    # The lines first, so that no cell is crossed out.
    body = [_lines(rows, checked, left, cell, between)]
    for depth, row in enumerate(rows):
        y = ABOVE + depth * (HEIGHT + between)
        last = depth == len(checked)
        body.append(_cells(row, left, y, cell, theme.RESULT_FILL if last else theme.TAP, fits))
        top = y + HEIGHT / 2 - LINE / 2 * len(notes[depth])
        body.append(text(row.name, 0, top, bold=True))
        for line, note in enumerate(notes[depth], 1):
            body.append(text(note, 0, top + LINE * line, size=theme.SMALL, colour=theme.MUTED))
    field = _said(rows[0], cell, left)
    width = max(left + lengths[0] * cell, field.width)
    height = ABOVE + len(checked) * (HEIGHT + between) + HEIGHT
    height += max(0.0, LINE / 2 * (len(notes[-1]) + 1) - HEIGHT / 2)
    block = Block("".join(body) + field.body, width, height, height / 2)
    key = f"tinted: what {entry('output', (index,))} sees"
    key = "a number in a cell is its index; " + key if fits else key
    block = column([block, paragraph(key, size=theme.SMALL)], 10)
    first, last_seen = min(rows[0].seen), max(rows[0].seen)
    alt = f"Through {counted(len(checked), 'layer')}, output[{index}] sees {len(rows[0].seen)} of "
    alt += f"{counted(lengths[0], 'input')}, {first} to {last_seen}, a field of {last_seen - first + 1}. "
    said = [
        f"{row.name}: {row.detail}, field {row.field}, jump {row.step}, "
        f"{len(row.seen)} of {row.length} entries seen"
        for row in rows[1:]
    ]
    return Picture(f"{alt}{'; '.join(said)}.", block)


def _notes(row: _Row) -> list[str]:
    """Return what stands below a row's name."""
    reach = f"field {row.field}, jump {row.step}"
    if not is_phone():
        return [*([row.detail] if row.detail else []), reach]
    # Short lines, so that there is room for the cells.
    return [part for said in (row.detail, reach) if said for part in said.split(", ")]


def _rows(layers: Sequence[Layer], lengths: Sequence[int], at: int) -> list[_Row]:
    """Return the input and each layer after it."""
    seen = [{at}]
    for kernel, stride, dilation in reversed(layers):
        seen.insert(0, {i * stride + k * dilation for i in seen[0] for k in range(kernel)})
    rows = [_Row("input", "", 1, lengths[0], frozenset(seen[0]), 1, 0.0)]
    for depth, (kernel, stride, dilation) in enumerate(layers, 1):
        detail = (
            f"kernel {kernel}"
            + f", stride {stride}" * (stride > 1)
            + f", dilation {dilation}" * (dilation > 1)
        )
        name = "output" if depth == len(layers) else f"layer {depth}"
        before = rows[-1]
        offset = before.offset + before.step * dilation * (kernel - 1) / 2
        field = before.field + before.step * dilation * (kernel - 1)
        row = _Row(name, detail, field, lengths[depth], frozenset(seen[depth]), before.step * stride, offset)
        rows.append(row)
    return rows


def _width(name: str, detail: str) -> float:
    return max(text_width(name, theme.LABEL, bold=True), text_width(detail, theme.SMALL))


def _cells(row: _Row, left: float, y: float, cell: float, fill: str, fits: bool) -> str:
    """Return the cells of one layer, with their indices if that `fits`."""
    parts = []
    for i in range(row.length):
        middle = left + row.middle(i) * cell
        parts.append(
            tag(
                "rect",
                x=middle - cell / 2,
                y=y,
                width=cell,
                height=HEIGHT,
                fill=fill if i in row.seen else theme.CELL,
                stroke=theme.LINE,
                stroke_width=1 if cell > 6 else 0.4,
                data_index=str(i),
                data_value=number(i),
            )
        )
        if fits:
            parts.append(text(number(i), middle, y + HEIGHT / 2, size=theme.SMALL, align="middle", mono=True))
    return tag("g", *parts, data_array=row.name)


def _lines(rows: Sequence[_Row], layers: Sequence[Layer], left: float, cell: float, between: float) -> str:
    """Return a line from each entry that is seen to each entry that it reads."""
    path = ""
    for depth, (kernel, stride, dilation) in enumerate(layers):
        above, below = rows[depth], rows[depth + 1]
        top = ABOVE + depth * (HEIGHT + between) + HEIGHT
        for i in sorted(below.seen):
            end = f"{coordinate(left + below.middle(i) * cell)} {coordinate(top + between)}"
            for k in range(kernel):
                start = left + above.middle(i * stride + k * dilation) * cell
                path += f"M{coordinate(start)} {coordinate(top)}L{end}"
    return tag("path", d=path, fill="none", stroke=theme.WINDOW, stroke_width=1.2 if cell > 6 else 0.6)


def _said(inputs: _Row, cell: float, left: float) -> Block:
    """Return a bracket over the field, and what it spans."""
    first, last = min(inputs.seen), max(inputs.seen)
    wide = last - first + 1
    said = f"a field of {wide}: {entry('input', (first,))}"
    said += f" to {entry('input', (last,))}" if wide > 1 else ""
    said += f", {len(inputs.seen)} of them read" if len(inputs.seen) < wide else ""
    start, stop = left + first * cell + 1, left + (last + 1) * cell - 1
    path = f"M{coordinate(start)} {coordinate(ABOVE - 4)}v-6H{coordinate(stop)}v6"
    bracket = tag("path", d=path, fill="none", stroke=theme.WINDOW, stroke_width=2)
    room = text_width(said, theme.LABEL, bold=True)
    if room > page_width():
        said = said.replace(f": {entry('input', (first,))} to {entry('input', (last,))}", "")
        room = text_width(said, theme.LABEL, bold=True)
    x = max(left, (start + stop - room) / 2)
    x = max(0.0, min(x, page_width() - room))
    return Block(bracket + text(said, x, 9, colour=theme.WINDOW, bold=True), x + room, ABOVE, 0)


def _layer(layer: object) -> Layer:
    found = integers(layer)
    if found is None or len(found) != 3 or min(found) < 1:
        raise ValueError(
            f"layers holds {layer!r}: each must be (kernel_size, stride, dilation), integers of at least 1"
        )
    return found[0], found[1], found[2]


def _lengths(layers: Sequence[Layer], size: SupportsIndex | None) -> list[int]:
    """Return how many entries each layer has, the input's first."""
    if size is None:
        length = _inputs(layers, 3)
        length = length if length <= LARGEST else _inputs(layers, 1)
    else:
        found = integers(size)
        if found is None or len(found) != 1 or found[0] < 1:
            raise ValueError(f"size is {size!r}: it must be an integer of at least 1")
        length = found[0]
    if length > LARGEST:
        raise ValueError(
            f"layers need {length} inputs: at most {LARGEST} can be drawn; use fewer or smaller layers"
        )
    lengths = [length]
    for kernel, stride, dilation in layers:
        lengths.append((lengths[-1] - dilation * (kernel - 1) - 1) // stride + 1)
        if lengths[-1] < 1:
            raise ValueError(
                f"size is {length}: layer {len(lengths) - 1} would have no entry; "
                f"these layers need at least {_inputs(layers, 1)} inputs"
            )
    return lengths


def _inputs(layers: Sequence[Layer], outputs: int) -> int:
    """Return how many inputs make so many outputs."""
    for kernel, stride, dilation in reversed(layers):
        outputs = (outputs - 1) * stride + dilation * (kernel - 1) + 1
    return outputs
