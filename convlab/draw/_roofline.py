"""A machine's roofline: how fast it can be at each intensity, and the layers under it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, clean, column, coordinate, paragraph, tag, text, text_width
from convlab.draw._numbers import number
from convlab.draw._page import width as page_width
from convlab.draw._picture import Picture

WIDEST, HEIGHT = 600.0, 300.0
BELOW = 44.0  # the ticks, and what the axis shows
RADIUS = 9.0
MOST, MOST_SPOKEN = 9, 4


def roofline(peak: float, bandwidth: float, intensities: Mapping[str, float]) -> Picture:
    """Draw how fast a machine can be over the operations that a layer needs for each byte, both doubling.

    Each layer stands on the roof: that is as fast as the machine can be on it.

    Parameters
    ----------
    peak : float
        GFLOP/s.
    bandwidth : float
        GB/s.
    intensities : mapping of str to float, at most 9
        A layer's name -> its operations for each byte.

    Raises
    ------
    ValueError
        If a number is not positive and finite, or there are too many layers.

    Examples
    --------
    >>> draw.roofline(100, 20, {"one channel": 2.25}).alt
    'Roofline: 20 GB/s up to 5 operations for each byte, 100 GFLOP/s from there on. one channel: 2.25 \
operations for each byte, at most 45 GFLOP/s, memory-bound.'
    """
    given = {
        "peak": peak,
        "bandwidth": bandwidth,
        **{f"intensities[{k!r}]": v for k, v in intensities.items()},
    }
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise ValueError(f"{name} is {value!r}: it must be a positive, finite number")
    if len(intensities) > MOST:
        raise ValueError(f"intensities holds {len(intensities)} layers: at most {MOST} can be told apart")
    ridge = peak / bandwidth
    layers = [
        (clean(name), x, min(peak, x * bandwidth))
        for name, x in sorted(intensities.items(), key=lambda one: one[1])
    ]
    block = _Chart(peak, bandwidth, ridge, layers).block()
    said = [f"Roofline: {number(bandwidth)} GB/s up to {number(ridge)} operations for each byte, "]
    said.append(f"{number(peak)} GFLOP/s from there on.")
    for name, x, y in layers[:MOST_SPOKEN]:
        bound = "memory-bound" if x < ridge else "compute-bound"
        said.append(f" {name}: {number(x)} operations for each byte, at most {number(y)} GFLOP/s, {bound}.")
    if len(layers) > MOST_SPOKEN:
        said.append(f" And {len(layers) - MOST_SPOKEN} more.")
    return Picture("".join(said), block)


class _Chart:
    """Where things stand: both axes are powers of two."""

    def __init__(
        self, peak: float, bandwidth: float, ridge: float, layers: list[tuple[str, float, float]]
    ) -> None:
        self._peak, self._bandwidth, self._ridge, self._layers = peak, bandwidth, ridge, layers
        xs = [math.log2(x) for _, x, _ in layers] + [math.log2(ridge)]
        self._x0, self._x1 = math.floor(min(xs) - 0.8), math.ceil(max(xs) + 1.2)
        lowest = min(2.0**self._x0 * bandwidth, peak)
        self._y0, self._y1 = math.floor(math.log2(lowest)), math.ceil(math.log2(peak) + 0.8)
        self._left = 8 + max(text_width(_power(n), theme.SMALL) for n in range(self._y0, self._y1 + 1))
        self._top = 24.0
        self._end = text_width(_power(self._x1), theme.SMALL) / 2  # of the last tick, beyond the axis
        self._width = min(WIDEST, page_width()) - self._left - self._end
        self._bottom = self._top + HEIGHT

    def x(self, intensity: float) -> float:
        return self._left + (math.log2(intensity) - self._x0) / (self._x1 - self._x0) * self._width

    def y(self, speed: float) -> float:
        return self._bottom - (math.log2(speed) - self._y0) / (self._y1 - self._y0) * HEIGHT

    def block(self) -> Block:
        right = self._left + self._width
        roof = [
            (self._left, self.y(2.0**self._x0 * self._bandwidth)),
            (self.x(self._ridge), self.y(self._peak)),
            (right, self.y(self._peak)),
        ]
        path = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in roof)
        under = f"M{path}L{coordinate(right)} {coordinate(self._bottom)}"
        under += f"L{coordinate(self._left)} {coordinate(self._bottom)}Z"
        body = [
            *self._axes(),
            tag("path", d=under, fill=theme.OUTSIDE),
            tag("path", d=f"M{path}", fill="none", stroke=theme.WINDOW, stroke_width=2.5),
            *self._ridge_line(),
            *self._limits(),
            *self._dots(),
        ]
        chart = Block("".join(body), right + self._end + 2, self._bottom + BELOW, 0)
        return column([chart, *self.key()], 6)

    def _axes(self) -> list[str]:
        def tick(content: str, x: float, y: float, align: str = "middle") -> str:
            return text(content, x, y, size=theme.SMALL, colour=theme.MUTED, align=align)

        body = [tick("GFLOP/s", 0, 8, "start")]
        for power in range(self._y0, self._y1 + 1, _step(self._y1 - self._y0, HEIGHT / 26)):
            body.append(tick(_power(power), self._left - 6, self.y(2.0**power), "end"))
        widest = max(text_width(_power(n), theme.SMALL) for n in range(self._x0, self._x1 + 1)) + 8
        for power in range(self._x0, self._x1 + 1, _step(self._x1 - self._x0, self._width / widest)):
            body.append(tick(_power(power), self.x(2.0**power), self._bottom + 14))
        middle = self._left + self._width / 2
        body.append(tick("operations for each byte", middle, self._bottom + 34))
        edge = f"M{coordinate(self._left)} {coordinate(self._top)}V{coordinate(self._bottom)}"
        edge += f"H{coordinate(self._left + self._width)}"
        for power in range(self._x0, self._x1 + 1):
            edge += f"M{coordinate(self.x(2.0**power))} {coordinate(self._bottom)}v4"
        for power in range(self._y0, self._y1 + 1):
            edge += f"M{coordinate(self._left)} {coordinate(self.y(2.0**power))}h-4"
        body.append(tag("path", d=edge, fill="none", stroke=theme.LINE))
        return body

    def _ridge_line(self) -> list[str]:
        """From where on a layer is compute-bound, with the two words at the bottom."""
        x, low = self.x(self._ridge), self._bottom - 12
        line = tag(
            "path",
            d=f"M{coordinate(x)} {coordinate(self.y(self._peak))}V{coordinate(self._bottom)}",
            fill="none",
            stroke=theme.MUTED,
            stroke_dasharray="4 4",
        )
        body = [line]
        for word, at, align, room in (
            ("memory-bound", x - 8, "end", x - self._left),
            ("compute-bound", x + 8, "start", self._left + self._width - x),
        ):
            if text_width(word, theme.SMALL) + 16 < room:
                body.append(text(word, at, low, size=theme.SMALL, colour=theme.MUTED, align=align))
        return body

    def _limits(self) -> list[str]:
        """The numbers of the roof, the slope and the point where they meet."""
        x, top, right = self.x(self._ridge), self.y(self._peak), self._left + self._width
        slope, roof = f"{number(self._bandwidth)} GB/s", f"peak {number(self._peak)} GFLOP/s"
        body = []
        if x + text_width(roof, theme.SMALL) + 40 < right:
            body.append(text(roof, right, top - 20, size=theme.SMALL, align="end"))
        # Beside the slope, where no layer stands.
        for share in (0.5, 0.65, 0.35, 0.8, 0.2):
            power = self._x0 + share * (math.log2(self._ridge) - self._x0)
            at = self.x(2.0**power) - 8, self.y(2.0**power * self._bandwidth) - 8
            left = at[0] - text_width(slope, theme.SMALL)
            free = all(not left - RADIUS < self.x(i) < at[0] + RADIUS for _, i, _ in self._layers)
            if left > self._left + 4 and free:
                body.append(text(slope, *at, size=theme.SMALL, align="end"))
                break
        body.append(text(number(self._ridge), x, top - 20, size=theme.SMALL, align="middle"))
        return body

    def _dots(self) -> list[str]:
        """The layers on the roof, by number: names would lie on each other."""
        body = []
        for count, (_, intensity, speed) in enumerate(self._layers, 1):
            x, y = self.x(intensity), self.y(speed)
            body.append(
                tag(
                    "rect",
                    x=x - RADIUS,
                    y=y - RADIUS,
                    width=2 * RADIUS,
                    height=2 * RADIUS,
                    rx=RADIUS,
                    fill=theme.RESULT_FILL,
                    stroke=theme.RESULT,
                )
            )
            body.append(text(str(count), x, y, size=theme.SMALL, align="middle", bold=True))
        return body

    def key(self) -> list[Block]:
        """What the numbers mean, and how fast the machine can be on it."""
        width = self._left + self._width
        return [
            paragraph(
                f"{count}  {name}: {number(x)} operations for each byte, at most {number(y)} GFLOP/s",
                width,
                size=theme.SMALL,
                colour=theme.INK,
            )
            for count, (name, x, y) in enumerate(self._layers, 1)
        ]


def _power(exponent: int) -> str:
    return str(2**exponent) if exponent >= 0 else f"1/{2**-exponent}"


def _step(ticks: int, most: float) -> int:
    return max(1, math.ceil(ticks / max(most, 1)))
