"""How the points of a class lie, as a picture with its numbers in words."""

from __future__ import annotations

from markupsafe import Markup

from convlab.grading.report.findings import Bin, Spread
from convlab.grading.spreadsheet import number

__all__ = ["histogram", "label", "share"]

_WIDTH, _HEIGHT, _TOP, _BOTTOM = 520, 196, 44, 38


def label(one: Bin) -> str:
    """The points that a bar stands for: "3", or "4–7"."""
    if one.high - one.low > 1:
        return f"{number(one.low)}–{number(one.high if one.last else one.high - 1)}"
    return number(one.low)


def histogram(spread: Spread) -> Markup:
    """Bars over points, with the median marked. The numbers are in its alternative text, too."""
    bins = spread.bins
    tallest = max(one.count for one in bins)
    step = _WIDTH / len(bins)
    floor = _HEIGHT - _BOTTOM
    every = -(-len(bins) // 13)  # labels that would touch are left out
    parts = [f'<line class="line" x1="0" x2="{_WIDTH}" y1="{floor + 0.5}" y2="{floor + 0.5}"/>']
    for place, one in enumerate(bins):
        middle = (place + 0.5) * step
        if one.count:
            height = max(2.0, one.count / tallest * (floor - _TOP))
            parts.append(
                f'<rect class="bar" x="{place * step + 2:.1f}" y="{floor - height:.1f}" '
                f'width="{step - 4:.1f}" height="{height:.1f}" rx="2"/>'
                f'<text x="{middle:.1f}" y="{floor - height - 5:.1f}">{one.count}</text>'
            )
        if place % every == 0:
            parts.append(f'<text class="axis" x="{middle:.1f}" y="{floor + 16}">{label(one)}</text>')
    width = bins[0].high - bins[0].low or 1.0
    # It ends above the number of the bar that it stands on.
    under = bins[min(int(spread.median / width), len(bins) - 1)].count
    end = floor - (max(2.0, under / tallest * (floor - _TOP)) + 18 if under else 0)
    at = min(max((spread.median / width + (0.5 if width == 1 else 0.0)) * step, 0), _WIDTH)
    parts.append(f'<line class="median" x1="{at:.1f}" x2="{at:.1f}" y1="16" y2="{end:.1f}"/>')
    anchored = min(max(at, 40), _WIDTH - 40)
    parts.append(f'<text class="label" x="{anchored:.1f}" y="12">median {number(spread.median)}</text>')
    parts.append(
        f'<text class="axis" x="{_WIDTH / 2}" y="{_HEIGHT - 4}">points of {number(spread.max_score)}</text>'
    )
    told = ", ".join(f"{one.count} with {label(one)}" for one in bins if one.count)
    return Markup('<svg class="histogram" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH,
        _HEIGHT,
        f"How many students have how many points: {told}. The median is {number(spread.median)}.",
        Markup("".join(parts)),
    )


def share(passed: int, some: int, of: int) -> Markup:
    """A bar of those who have all points, then of those who have some. The numbers stand beside it."""
    full, part = (round(100 * count / of, 1) if of else 0 for count in (passed, some))
    return Markup(
        '<svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rest" width="100" height="6"/><rect class="part" width="{}" height="6"/>'
        '<rect class="bar" width="{}" height="6"/></svg>'
    ).format(full + part, full)
