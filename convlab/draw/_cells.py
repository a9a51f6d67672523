"""Arrays as sheets of cells. What is special about a cell, such as being in a window, is said index by index.

A sheet draws the cells it is given and no others: the outside of a padded input, every second cell of a
dilated window or a part of a large array need no other code. This module must not know about convolution.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, clean, column, hatch, label, row, tag, text, text_width
from convlab.draw._canvas import coordinate as c
from convlab.draw._numbers import Index, number
from convlab.draw._page import is_phone

HEIGHT = 36.0
NOTE_HEIGHT = 15.0
_NARROWEST = 38.0, 26.0  # in a notebook, on a phone
INDEX_HEIGHT = 18.0
_PADDING = 7.0, 4.0


@dataclass(frozen=True)
class Cell:
    """One cell: its text, smaller lines above it, its fill, and which tap of a kernel it belongs to.

    A cell that is `outside` the array has a dashed edge of its own; one that is `unused` is hatched. `marks`
    are colours of small squares along its lower edge. One that is `bare` only keeps its place: what shows there is
    the ground.
    """

    text: str = ""
    notes: tuple[str, ...] = ()
    fill: str = theme.CELL
    tap: int | None = None
    outside: bool = False
    unused: bool = False
    marks: tuple[str, ...] = ()
    bare: bool = False


@dataclass(frozen=True)
class Outline:
    """A line around a set of cells, wherever they are; cells that touch share one line.

    Where a part of the set is not drawn, the line stays open.
    """

    cells: Collection[Index]
    colour: str = theme.WINDOW
    name: str = "window"
    dashed: bool = False


def number_size(longest: int) -> float:
    """Return the type size for numbers of at most `longest` characters."""
    return theme.NUMBER if longest <= 5 else 14.0 if longest <= 7 else 13.0


def outside_cell(written: str = "0") -> Cell:
    """Return a cell of the padding."""
    return Cell(written, fill=theme.OUTSIDE, outside=True)


def cell_width(cells: Collection[Cell], size: float | None = None) -> float:
    """Return the width that holds the longest text of all the cells."""
    longest = max(len(cell.text) for cell in cells)
    value = text_width("0" * longest, size or number_size(longest), mono=True)
    notes = [text_width(note, theme.SMALL, mono=True) for cell in cells for note in cell.notes]
    return max(narrowest(), max([value, *notes]) + 2 * _PADDING[is_phone()])


def narrowest() -> float:
    """Return the least width of a cell with a number."""
    return _NARROWEST[is_phone()]


def room_for_indices(rows: int) -> float:
    """Return the room that the indices of a grid's rows need at its left."""
    return 8 + text_width(number(rows - 1), theme.SMALL, mono=True)


@dataclass(frozen=True)
class _Places:
    """Where the cells of one sheet are: the first index, cells per line, and the measures.

    `columns` are the columns of a grid that have a width of their own.
    """

    first: Index
    per_line: int
    left: float
    top: float
    width: float
    height: float
    pitch: float
    last: Index
    step: int
    columns: Mapping[int, float]

    def wide(self, index: Index) -> float:
        """Return the width of a cell."""
        return self.columns.get(index[-1], self.width)

    def corner(self, index: Index) -> tuple[float, float]:
        """Return the upper left corner of a cell."""
        if self.step < 0:
            line, place = 0, index[0] - self.last[0]
        elif len(index) == 1:
            line, place = divmod(index[0] - self.first[0], self.per_line)
        else:
            line, place = index[0] - self.first[0], index[1] - self.first[1]
        if self.columns:
            x = sum(self.wide((column,)) for column in range(self.first[1], index[1]))
        else:
            x = place * self.step * self.width
        return self.left + x, self.top + line * self.pitch


def sheet(
    cells: Mapping[Index, Cell],
    *,
    name: str,
    outlines: Sequence[Outline] = (),
    width: float | None = None,
    per_line: int | None = None,
    indices: bool = True,
    step: int = 1,
    height: float = HEIGHT,
    size: float | None = None,
    words: tuple[Sequence[str], Sequence[str]] = ((), ()),
    columns: Mapping[int, float] | None = None,
) -> Block:
    """Draw cells where their indices say.

    Parameters
    ----------
    cells : mapping of (i,) or (y, x) to Cell
        Indices may be negative and may have holes.
    name : str
        Marks the drawn group, as `data-array`.
    outlines : sequence of Outline
    width : float, optional
        The width of a cell; by default that of the longest text.
    per_line : int, optional
        After how many cells a signal goes on in a new line.
    indices : bool
        Write the index below each cell of a signal; above columns and left of rows of a grid.
    step : int
        Leave room between the values of a signal, so that each is this many cells from the next. If negative,
        the last one stands first.
    height : float
        The height of a cell, without its notes.
    size : float, optional
        The type size; by default as large as the longest text allows.
    words : (rows, columns)
        What is written at the rows and columns of a grid instead of their indices.
    columns : mapping of int to float, optional
        The widths of the columns of a grid that are not as wide as the others.
    """
    first = tuple(map(min, zip(*cells)))
    last = tuple(map(max, zip(*cells)))
    flat = len(first) == 1
    base = height
    height += NOTE_HEIGHT * max(len(cell.notes) for cell in cells.values())
    below = INDEX_HEIGHT if flat and indices else 0.0
    above, left = 0.0, 0.0
    if indices and not flat:
        above = INDEX_HEIGHT
        named = words[0] or [number(first[0]), number(last[0])]
        left = 8 + max(text_width(word, theme.SMALL, mono=not words[0]) for word in named)
    places = _Places(
        first=first,
        per_line=per_line or last[-1] - first[-1] + 1,
        left=left,
        top=above,
        width=width or cell_width(cells.values()),
        height=height,
        pitch=height + below + (8 if below else 0),
        last=last,
        step=step,
        columns=columns or {},
    )
    size = size or number_size(max(len(cell.text) for cell in cells.values()))
    body = [_cell(index, cell, places, size, base) for index, cell in cells.items() if not cell.bare]
    if indices:
        body += _index_labels(cells, places, words)
    body += [_outline(outline, cells, places) for outline in outlines]

    across = min(places.per_line, last[-1] - first[-1] + 1)
    across = (across - 1) * abs(step) + 1
    down = (last[0] - first[0]) // places.per_line if flat else last[0] - first[0]
    bottom = above + down * places.pitch + height
    right = places.corner(last)[0] + places.wide(last) if columns else left + across * places.width
    return Block(tag("g", *body, data_array=name), right, bottom + below, (above + bottom) / 2)


def _cell(index: Index, cell: Cell, places: _Places, size: float, base: float) -> str:
    x, y = places.corner(index)
    width = places.wide(index)
    centre = x + width / 2
    # Neighbours share their edges; two dashed lines on each other would fill each other's gaps.
    inset = 2.0 if cell.outside else 0.0
    parts = [
        tag(
            "rect",
            x=x + inset,
            y=y + inset,
            width=width - 2 * inset,
            height=places.height - 2 * inset,
            fill=cell.fill,
            stroke=theme.LINE,
            stroke_dasharray="3 2" if cell.outside else None,
            data_index=",".join(map(str, index)),
            data_value=cell.text,
            data_tap=None if cell.tap is None else str(cell.tap),
        )
    ]
    if cell.unused:
        parts.append(hatch(x, y, width, places.height))
    if cell.marks:
        parts.append(_marks(cell.marks, x, y + places.height, width))
    for line, note in enumerate(cell.notes):
        middle = y + 15 + line * NOTE_HEIGHT
        parts.append(text(note, centre, middle, size=theme.SMALL, align="middle", mono=True))
    if cell.text:
        middle = y + places.height - base / 2 - (1 if cell.notes else 5 if cell.marks else 0)
        parts.append(text(cell.text, centre, middle, size=size, align="middle", mono=True))
    return "".join(parts)


def _marks(colours: Sequence[str], x: float, bottom: float, width: float) -> str:
    pitch = min(7.0, (width - 5) / len(colours))
    left = x + (width - pitch * len(colours)) / 2
    return "".join(
        tag(
            "rect",
            x=left + place * pitch + 0.5,
            y=bottom - 2 - pitch,
            width=pitch - 1,
            height=pitch - 1,
            fill=colour,
            stroke=theme.INK,
            stroke_width=0.5,
            data_mark=str(place),
        )
        for place, colour in enumerate(colours)
    )


def _index_labels(
    cells: Mapping[Index, Cell], places: _Places, words: tuple[Sequence[str], Sequence[str]]
) -> list[str]:
    def write(value: int, x: float, y: float, align: str = "middle", words: Sequence[str] = ()) -> str:
        return text(
            words[value] if words else number(value),
            x,
            y,
            size=theme.SMALL,
            colour=theme.MUTED,
            align=align,
            mono=not words,
        )

    labels = []
    if len(places.first) == 1:
        for (i,) in cells:
            x, y = places.corner((i,))
            labels.append(write(i, x + places.width / 2, y + places.height + INDEX_HEIGHT / 2 + 1))
        return labels
    for place in sorted({y for y, _ in cells}):
        y = places.corner((place, places.first[1]))[1]
        labels.append(write(place, places.left - 6, y + places.height / 2, "end", words[0]))
    for place in sorted({x for _, x in cells}):
        x = places.corner((places.first[0], place))[0]
        labels.append(
            write(place, x + places.wide((place,)) / 2, places.top - INDEX_HEIGHT / 2, words=words[1])
        )
    return labels


def _outline(outline: Outline, cells: Mapping[Index, Cell], places: _Places) -> str:
    whole = set(outline.cells)
    shown = sorted(whole & set(cells))
    apart = abs(places.step) > 1
    path = []
    for index in shown:
        x0, y0 = places.corner(index)
        x1, y1 = x0 + places.wide(index), y0 + places.height
        *line, x = index
        sides = {(*line, x - 1): (x0, y0, x0, y1), (*line, x + 1): (x1, y0, x1, y1)}
        if line:
            sides |= {(line[0] - 1, x): (x0, y0, x1, y0), (line[0] + 1, x): (x0, y1, x1, y1)}
        else:  # a signal has nothing above and below
            path += [(x0, y0, x1, y0), (x0, y1, x1, y1)]
        path += [side for neighbour, side in sides.items() if apart or neighbour not in whole]
    return tag(
        "path",
        d="".join(f"M{c(x0)} {c(y0)}L{c(x1)} {c(y1)}" for x0, y0, x1, y1 in path),
        fill="none",
        stroke=outline.colour,
        stroke_width=3,
        stroke_linecap="butt" if outline.dashed else "round",
        stroke_dasharray="7 5" if outline.dashed else None,
        data_outline=outline.name,
        data_cells=" ".join(",".join(map(str, index)) for index in shown),
    )


def with_axes(block: Block, axes: Sequence[str], left: float) -> Block:
    """Say above a grid what its rows and its columns are; the columns begin at `left`."""
    down, across = f"{axes[0]} ↓", f"{axes[1]} →"
    gutter = max(left, text_width(down, theme.SMALL) + 8)
    line = text(down, gutter - 8, 7, size=theme.SMALL, colour=theme.MUTED, align="end")
    line += text(across, gutter, 7, size=theme.SMALL, colour=theme.MUTED)
    width = max(gutter + text_width(across, theme.SMALL), gutter - left + block.width)
    return Block(line + block.at(gutter - left, 17), width, 17 + block.height, 17 + block.middle)


def as_axes(axes: Sequence[str]) -> list[str]:
    """Return what rows and columns are called, or say what it must be."""
    if isinstance(axes, str) or len(axes) not in (0, 2):
        raise ValueError(f"axes is {axes!r}: it must be two names, for rows and columns")
    return [clean(name) for name in axes]


def titled(block: Block, title: str, detail: str = "", below: str = "") -> Block:
    """Put a name above a piece, and in a quieter colour a detail beside the name or a line below it."""
    head = label(title, bold=True)
    if detail:
        head = row([head, label(detail, size=theme.SMALL, colour=theme.MUTED)], gap=4)
    if below:
        head = column([head, label(below, size=theme.SMALL, colour=theme.MUTED)], gap=0)
    whole = column([head, block], gap=8)
    return Block(whole.body, whole.width, whole.height, head.height + 8 + block.middle)
