"""The picture of one window as a circuit: what flows forward, and what the chain rule hands back.

It computes the one entry it shows and what that entry hands back, never a whole gradient: that is the reader's
exercise.
"""

from __future__ import annotations

import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, column, coordinate, flow, paragraph, tag, text, text_width
from convlab.draw._geometry import Whole
from convlab.draw._numbers import as_array, entry, number
from convlab.draw._page import is_phone
from convlab.draw._picture import Picture
from convlab.draw._taps import compute

MOST_TAPS = 6
WIRE = 50.0  # from one wire to the next: a number above it, one below
RADIUS = 12.0
LONG, SHORT = (86.0, 110.0, 96.0), (44.0, 60.0, 56.0)  # wires to the products, to the sum, to the output


def circuit(input: npt.ArrayLike, weight: npt.ArrayLike, at: Whole, upstream: float) -> Picture:
    """Draw one window as a circuit: each wire with its value above it, and below it how fast the loss grows with it.

    Parameters
    ----------
    input : array_like, shape (L,)
    weight : array_like, shape (K,), at most 6 taps
    at : int
        The output entry.
    upstream : float
        How fast the loss grows with this entry.

    Raises
    ------
    ValueError
        If the arrays are no signals or do not fit each other, `upstream` is no number, or `at` lies outside the
        output.

    Examples
    --------
    >>> draw.circuit([3, 5], [4], 1, -2).alt.partition(". ")[2]
    'Forward: 5 · 4 = 20 is output[1]. Back, from −2: input[1] gets −8, weight[0] gets −10.'
    """
    values, taps = as_array(input, "input", (1,)), as_array(weight, "weight", (1,))
    slope = as_array(upstream, "upstream", (0,)).item()
    if len(taps) > MOST_TAPS:
        raise ValueError(f"weight has shape {taps.shape}: at most {MOST_TAPS} taps are drawn")
    one = compute(values, taps, at)
    names = [(entry("input", tap.source), entry("weight", tap.place)) for tap in one.taps]
    result, grown = entry("output", one.at), number(slope)

    held = [slope, one.total]
    for tap in one.taps:
        held += [tap.value, tap.weight, tap.product, slope * tap.value, slope * tap.weight]
    longest = max(text_width(number(value), theme.LABEL, mono=True) for value in held)
    first, second, third = SHORT if is_phone() else LONG
    # A product's number has the level half of its wire.
    first, second, third = max(first, longest + 6), max(second, 2 * longest), max(third, longest + 8)
    size = theme.SMALL if is_phone() else theme.LABEL
    left = max(text_width(name, size) for pair in names for name in pair) + 6
    product_x = left + first + RADIUS
    sum_x = product_x + second + 2 * RADIUS
    end = sum_x + RADIUS + third
    middle = (2 * len(one.taps) - 1) * WIRE / 2 + 20

    body: list[str] = []
    for k, (tap, (source, place)) in enumerate(zip(one.taps, names)):
        y = (2 * k + 0.5) * WIRE + 20
        for name, value, gradient, level in (
            (source, tap.value, slope * tap.weight, y - WIRE / 2),
            (place, tap.weight, slope * tap.value, y + WIRE / 2),
        ):
            body.append(text(name, 0, level, size=size))
            body.append(_wire((left, level), (left + first - 4, level), (product_x, y)))
            body += _both(number(value), number(gradient), left + first / 2, level)
        body.append(_wire((product_x, y), (product_x + second * 0.55 + RADIUS, y), (sum_x, middle)))
        body += _both(number(tap.product), grown, product_x + RADIUS + second * 0.28, y)
        body.append(_node("×", product_x, y, tap.colour))
    body.append(_wire((sum_x, middle), (end, middle)))
    body += _both(number(one.total), grown, sum_x + RADIUS + third / 2, middle)
    body += [_node("+", sum_x, middle, theme.RESULT_FILL), text(result, end + 4, middle, size=size)]
    height = (2 * len(one.taps) - 1) * WIRE + 40
    drawn = Block("".join(body), end + 4 + text_width(result, size), height, height / 2)
    key = [
        paragraph("above a wire: its value, forward;"),
        paragraph("below: how fast the loss grows with it, backward", colour=theme.RESULT),
    ]
    terms = " + ".join(f"{number(tap.value)} · {number(tap.weight)}" for tap in one.taps)
    back = [
        f"{source} gets {number(slope * tap.weight)}, {place} gets {number(slope * tap.value)}"
        for tap, (source, place) in zip(one.taps, names)
    ]
    alt = f"One window as a circuit of {len(taps)} products. Forward: {terms} = {number(one.total)} is {result}. "
    return Picture(f"{alt}Back, from {grown}: {', '.join(back)}.", column([drawn, flow(key, 6)], 10))


def _wire(*points: tuple[float, float]) -> str:
    path = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in points)
    return tag("path", d=f"M{path}", fill="none", stroke=theme.LINE, stroke_width=2)


def _both(value: str, gradient: str, x: float, y: float) -> list[str]:
    """Return what stands above and below a wire."""
    return [
        text(value, x, y - 11, size=theme.LABEL, align="middle", mono=True),
        text(gradient, x, y + 12, size=theme.LABEL, colour=theme.RESULT, align="middle", mono=True),
    ]


def _node(sign: str, x: float, y: float, fill: str) -> str:
    side = 2 * RADIUS
    disc = tag(
        "rect", x=x - RADIUS, y=y - RADIUS, width=side, height=side, rx=RADIUS, fill=fill, stroke=theme.LINE
    )
    return disc + text(sign, x, y, size=18, align="middle")
