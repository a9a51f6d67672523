"""The picture of a receptive field: which inputs one output entry sees through several layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, column, coordinate, label, tag, text, text_width
from convlab.draw._geometry import as_index, integers
from convlab.draw._numbers import entry, number
from convlab.draw._picture import Picture
from convlab.draw._taps import counted

LARGEST = 200  # inputs
HEIGHT, BETWEEN = 22.0, 46.0
WIDEST = 30.0
FITS = 22.0  # a cell that holds its index

Layer = tuple[SupportsIndex, SupportsIndex, SupportsIndex]


def receptive_field(
    layers: Sequence[Layer], *, at: SupportsIndex | None = None, size: SupportsIndex | None = None
) -> Picture:
    """Draw one row of cells for each layer, and what one output entry sees in each of them.

    No padding. Cells stand over the middle of what they see.

    Parameters
    ----------
    layers : sequence of (kernel_size, stride, dilation)
        From the input to the output.
    at : int, optional
        The output entry; by default the middle one.
    size : int, optional
        How many inputs there are; by default as many as make three outputs.

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
    seen = _seen(checked, index)
    step, offset, steps = 1.0, 0.0, [(1.0, 0.0)]
    for kernel, stride, dilation in checked:
        offset += step * dilation * (kernel - 1) / 2
        step *= stride
        steps.append((step, offset))

    names = ["input", *(f"layer {i}" for i in range(1, len(checked))), "output"]
    details = ["", *(_detail(layer) for layer in checked)]
    left = max(text_width(word, theme.LABEL, bold=True) for word in names)
    left = max([left, *(text_width(word, theme.SMALL) for word in details)]) + 14
    right = text_width(f"{lengths[0]} of {lengths[0]}", theme.SMALL) + 16
    cell = min(WIDEST, (theme.PAGE - left - right) / lengths[0])
    lines, cells = [], []
    for depth, ((step, offset), length, marked) in enumerate(zip(steps, lengths, seen)):
        y = depth * (HEIGHT + BETWEEN)
        middle = y + HEIGHT / 2
        body = []
        for i in range(length):
            x = left + (offset + step * i) * cell
            fill = (
                theme.CELL if i not in marked else theme.RESULT_FILL if depth == len(checked) else theme.TAP
            )
            edge = theme.LINE if cell > 5 else theme.CARD_EDGE
            body.append(
                tag(
                    "rect",
                    x=x,
                    y=y,
                    width=cell,
                    height=HEIGHT,
                    fill=fill,
                    stroke=edge,
                    data_index=str(i),
                    data_value="",
                )
            )
            if cell >= FITS:
                body.append(
                    text(number(i), x + cell / 2, middle, size=theme.SMALL, align="middle", mono=True)
                )
            if depth and i in marked:
                kernel, stride, dilation = checked[depth - 1]
                before, shift = steps[depth - 1]
                for k in range(kernel):
                    to = left + (shift + before * (i * stride + k * dilation) + 0.5) * cell
                    start = (x + cell / 2, y)
                    lines.append(
                        f"M{coordinate(to)} {coordinate(y - BETWEEN)}L{coordinate(start[0])} {coordinate(start[1])}"
                    )
        cells.append(tag("g", *body, data_array=names[depth]))
        cells.append(text(names[depth], 0, middle - (8 if details[depth] else 0), bold=True))
        if details[depth]:
            cells.append(text(details[depth], 0, middle + 8, size=theme.SMALL, colour=theme.MUTED))
        said = f"sees {len(marked)}" if depth < len(checked) else ""
        cells.append(text(said, left + lengths[0] * cell + 10, middle, size=theme.SMALL, colour=theme.MUTED))
    cone = tag("path", d="".join(lines), fill="none", stroke=theme.WINDOW, stroke_width=1.2)
    height = len(checked) * (HEIGHT + BETWEEN) + HEIGHT
    block = Block(cone + "".join(cells), left + lengths[0] * cell + right, height, height / 2)
    first, last = min(seen[0]), max(seen[0])
    wide = last - first + 1
    said = f"{entry('output', (index,))} sees {entry('input', (first,))} to {entry('input', (last,))}"
    said += f": a field of {wide}"
    if len(seen[0]) < wide:
        said += f", of which it reads {len(seen[0])}"
    through = f"Through {counted(len(checked), 'layer')}, output[{index}] sees"
    alt = f"{through} {len(seen[0])} of {lengths[0]} inputs, {first} to {last}, a field of {wide}. "
    alt += "; ".join(
        f"{name}: {_detail(layer)}, {len(marked)} of {length} entries"
        for name, layer, marked, length in zip(names[1:], checked, seen[1:], lengths[1:])
    )
    return Picture(alt + ".", column([block, label(said)], 12))


def _detail(layer: tuple[int, int, int]) -> str:
    kernel, stride, dilation = layer
    said = f"kernel {kernel}"
    if stride > 1:
        said += f", stride {stride}"
    return said + (f", dilation {dilation}" if dilation > 1 else "")


def _layer(layer: Layer) -> tuple[int, int, int]:
    found = integers(layer)
    if found is None or len(found) != 3 or min(found) < 1:
        raise ValueError(
            f"layers holds {layer!r}: each must be (kernel_size, stride, dilation), integers of at least 1"
        )
    return found[0], found[1], found[2]


def _lengths(layers: Sequence[tuple[int, int, int]], size: SupportsIndex | None) -> list[int]:
    """Return how many entries each layer has, the input's first."""
    if size is None:
        length = 3
        for kernel, stride, dilation in reversed(layers):
            length = (length - 1) * stride + dilation * (kernel - 1) + 1
    else:
        found = integers(size)
        if found is None or isinstance(size, Sequence) or found[0] < 1:
            raise ValueError(f"size is {size!r}: it must be an integer of at least 1")
        length = found[0]
    if length > LARGEST:
        raise ValueError(
            f"size is {length}: at most {LARGEST} inputs can be drawn; use fewer or smaller layers"
        )
    lengths = [length]
    for kernel, stride, dilation in layers:
        lengths.append((lengths[-1] - dilation * (kernel - 1) - 1) // stride + 1)
        if lengths[-1] < 1:
            raise ValueError(f"size is {length}: too short, layer {len(lengths) - 1} would have no entry")
    return lengths


def _seen(layers: Sequence[tuple[int, int, int]], at: int) -> list[set[int]]:
    """Return the entries of each layer that the output entry depends on, the input's first."""
    seen = [{at}]
    for kernel, stride, dilation in reversed(layers):
        seen.insert(0, {i * stride + k * dilation for i in seen[0] for k in range(kernel)})
    return seen
