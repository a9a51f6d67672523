"""The one set of colours, type sizes and distances that every picture uses.

Every colour is explicit and stands on the card, never on the page, so a picture reads the same on a light
page and on a dark one. `tests/draw/test_theme.py` computes the contrasts that are promised here.

This module must not know what is drawn.
"""

from __future__ import annotations

# The card is the ground of every picture.
CARD = "#FFFFFF"
CARD_EDGE = "#C3CAD3"
CELL = "#FFFFFF"
INK = "#1A1D21"  # text: at least 4.5 : 1 on every fill below
MUTED = "#55606B"  # indices, shapes, captions: at least 4.5 : 1 on the card
LINE = "#868E98"  # between cells: at least 3 : 1 on the card
WINDOW = "#0B3C6F"  # around a window: at least 3 : 1 on the card and on every tint
RESULT = "#A84300"  # around what comes out: Okabe and Ito's vermilion, darkened until it carries text
RESULT_FILL = "#FFE9D9"
WRONG = "#F9C49A"  # a cell read in error
OUTSIDE = "#EEF1F4"  # what padding adds; its edge is dashed
EMPTY = "#F7F8FA"  # a zero that is not written
HATCH = "#AAB2BB"  # over what no window reads; a number on it stays readable

# Paul Tol's "light" scheme (https://personal.sron.nl/~pault): nine fills that carry dark text and stay
# apart for colour-blind readers, in an order that parts the most alike. Each is one tap of a small kernel;
# its place or index always says the same again.
TAPS = ("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF", "#44BB99", "#BBCC33", "#DDDDDD", "#AAAA00")
TAP = "#CFE2F5"  # every tap of a kernel with more than nine

# Diverging around zero: Okabe and Ito's blue and vermilion, through white.
NEGATIVE = "#0072B2"
POSITIVE = "#D55E00"
NEUTRAL = "#FFFFFF"
MISSING = "#CC79A7"  # NaN in an image: Okabe and Ito's purple, on neither side of zero
COUNT = "#009E73"  # of something: Okabe and Ito's green, from white
HEAT_DEPTH = 0.7  # how far a cell goes towards them: a number must stay readable on it

# At natural size nothing is smaller than SMALL.
SMALL = 12.0
LABEL = 13.0
NUMBER = 15.0
OPERATOR = 22.0

SANS = "system-ui,Segoe UI,Roboto,Arial,sans-serif"  # short, for every word says it
MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"

MARGIN = 14.0  # between the card's edge and what is on it
GAP = 18.0  # between things that stand beside each other
PAGE = 732.0  # what a notebook's column holds, less the margins
PHONE = 330.0  # what a phone holds
PHONES = 480  # pages of at most so many CSS pixels are a phone's


def tap_colour(tap: int, taps: int) -> str:
    """Return the fill of one tap of a kernel with `taps` of them."""
    return TAPS[tap] if taps <= len(TAPS) else TAP


def channels(colour: str) -> tuple[int, int, int]:
    """Return the red, green and blue of "#RRGGBB", each 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(start: str, end: str, share: float) -> str:
    """Return the colour `share` (0 to 1) of the way from `start` to `end`."""
    pairs = zip(channels(start), channels(end))
    return "#" + "".join(f"{int(a + (b - a) * share + 0.5):02X}" for a, b in pairs)


def diverging(share: float, depth: float = 1.0) -> str:
    """Return the colour of a value between -1 (negative) and 1 (positive); 0 is neutral."""
    return mix(NEUTRAL, POSITIVE if share > 0 else NEGATIVE, min(abs(share), 1.0) * depth)


def sequential(share: float, depth: float = HEAT_DEPTH) -> str:
    """Return the colour of a count between 0 (nothing) and 1 (the most)."""
    return mix(NEUTRAL, COUNT, max(0.0, min(share, 1.0)) * depth)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours as WCAG 2 defines it, 1 to 21."""

    def luminance(colour: str) -> float:
        linear = []
        for channel in channels(colour):
            share = channel / 255
            linear.append(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
