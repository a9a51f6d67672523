"""The explorer: a picture that a reader can step through, alter and share, without a kernel.

Python writes the picture and the settings, and puts `explorer.js` behind them; everything that moves is there.
Where scripts do not run, the picture with its text stays. This module must not know how the script works.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convlab.draw import _theme as theme
from convlab.draw._geometry import Pads, Sliding, Whole, as_index, per_axis, sliding
from convlab.draw._gradients import backward
from convlab.draw._numbers import Array, Index, as_array
from convlab.draw._picture import Picture
from convlab.draw._taps import pair
from convlab.draw._window import window

MODES = ("forward", "backward")
WORDS = ("valid", "same", "full")

# What can be seen at once and fits a cell: of a signal, and of each side of an image.
LONGEST_INPUT = (16, 8)
LONGEST_WEIGHT = (7, 5)
LONGEST_PADDED = (20, 12)
LARGEST_NUMBER = 9999

# Repeated over grad_output where none is given: without a pattern, so that no wrong tap goes unseen.
GRADIENT = (3, -2, 5, 1, -4, 2, -1, 4, -3, 2, 1, -5, 3, -1, -2, 4, -4)
_ROW = 5  # how far a row of an image is ahead of the one above it, in GRADIENT

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, repr=False)
class Explorer(Picture):
    """A picture that comes to life where scripts run.

    Attributes
    ----------
    settings : str
        All that the explorer starts from, as the line of text that its "Share" gives and takes.
    """

    settings: str

    @property
    def key(self) -> str:
        """What tells this explorer from the others on a page: an address with `#explore=KEY&…` means this one."""
        return hashlib.sha256(self.settings.encode()).hexdigest()[:8]

    def __repr__(self) -> str:
        return super().__repr__().replace("<Picture", "<Explorer", 1)

    def _repr_html_(self) -> str:
        picture = super()._repr_html_()
        # A style of this type is text to a browser: the script puts it where it reaches nothing else on the page.
        return (
            f'<div class="convlab-explorer" data-key="{self.key}" data-settings="{html.escape(self.settings)}">'
            f'{picture}<style type="text/plain">{style()}</style></div><script type="module">{script()}</script>'
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write an .html page with the explorer, or the picture as an .svg file; return the path.

        Raises
        ------
        ValueError
            If the file's name ends in neither.
        """
        target = Path(path)
        suffix = target.suffix.lower()
        if suffix == ".svg":
            return super().save(target)
        if suffix != ".html":
            raise ValueError(
                f"path is {str(path)!r}: its name must end in .html (the explorer) or .svg (its picture)"
            )
        partial = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            partial.write_bytes(_PAGE.format(self._repr_html_()).encode())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return target


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>convlab: explore a convolution</title>
<style>body {{ max-width: 760px; margin: 16px auto; padding: 0 12px; font-family: sans-serif }}</style>
</head>
<body>
<main>
<h1>Explore a convolution</h1>
{}
</main>
</body>
</html>
"""


def explore(
    input: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    stride: Whole = 1,
    padding: Pads | str = 0,
    dilation: Whole = 1,
    mode: str = "forward",
    flip: bool = False,
    grad_output: npt.ArrayLike | None = None,
    at: Whole | None = None,
) -> Explorer:
    """Let the reader slide a kernel over an input, see every sum, and change all of it.

    The arguments are what it starts from. Without scripts it is the picture of one place, as `window` or
    `backward` draws it.

    Parameters
    ----------
    input : array_like, shape (L,) with L up to 16, or (H, W) up to 8 by 8
    weight : array_like, shape (K,) with K up to 7, or (KH, KW) up to 5 by 5
    stride, dilation : int, or (y, x)
    padding : int, (left, right) for a signal; int, (y, x) or ((top, bottom), (left, right)) for an image; or a word
        "valid"; "same" as in torch, with an odd zero at the end and stride 1 only; or "full" as in NumPy.
    mode : {"forward", "backward"}
        "backward" shows the gradient of the input, entry by entry.
    flip : bool
        Use the kernel the other way round, as `numpy.convolve` does.
    grad_output : array_like, shape of the output, optional
        What "backward" starts from; by default small integers, always the same.
    at : int, or (y, x), optional
        The first entry shown, of the output or of the input's gradient; by default the first there is.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, are too large to be looked at, or an argument is not what it may be.

    Examples
    --------
    >>> draw.explore([3, 1, 4, 1, 5], [1, 0, -1], stride=2).settings
    'axes=1&input=3,1,4,1,5&weight=1,0,-1&stride=2&padding=0&dilation=1&mode=forward&flip=0&at=0'
    """
    values, factors = pair(input, weight)
    rank = values.ndim
    _small(values, "input", LONGEST_INPUT[rank - 1])
    _small(factors, "weight", LONGEST_WEIGHT[rank - 1])
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}: it must be 'forward' or 'backward'")
    places = _places(values.shape, factors.shape, stride, padding, dilation)
    if max(places.padded) > LONGEST_PADDED[rank - 1]:
        raise ValueError(
            f"padding is {padding!r}, which makes the input {places.padded}: "
            f"the explorer shows at most {LONGEST_PADDED[rank - 1]} along an axis"
        )
    given = (
        default_gradient(places.shape)
        if grad_output is None
        else as_array(grad_output, "grad_output", (rank,))
    )
    if given.shape != places.shape:
        raise ValueError(f"grad_output has shape {given.shape}: here it must be {places.shape}")
    _small(given, "grad_output", max(places.shape))
    goal = (places.shape, "output") if mode == "forward" else (places.size, "input")
    index = as_index((0,) * rank if at is None else at, goal[0], of=goal[1])

    used = np.flip(factors) if flip else factors
    options: dict[str, Any] = {"stride": places.stride, "padding": places.pads, "dilation": places.dilation}
    if mode == "forward":
        names = ("input", "weight, flipped" if flip else "weight", "output")
        turned = flip and rank == 1
        picture = window(values, used, index, names=names, flipped=turned, **options)
    else:
        picture = backward(given, used, places.size, index, **options)
    settings = {
        "axes": str(rank),
        "input": _line(values),
        "weight": _line(factors),
        **({} if grad_output is None else {"grad_output": _line(given)}),
        "stride": _short(places.stride),
        "padding": str(padding) if padding in ("same", "full") else _pads(places.pads),
        "dilation": _short(places.dilation),
        "mode": mode,
        "flip": "1" if flip else "0",
        "at": ",".join(map(str, index)),
    }
    return Explorer(
        picture.alt, picture.block, "&".join(f"{name}={value}" for name, value in settings.items())
    )


def default_gradient(shape: Index) -> Array:
    """Return the gradient that stands where none is given: small integers without a pattern."""
    rows = (1, *shape)[-2:]
    places = np.add.outer(_ROW * np.arange(rows[0]), np.arange(rows[1])) % len(GRADIENT)
    values: Array = np.array(GRADIENT)[places].reshape(shape)
    return values


def _small(array: Array, name: str, most: int) -> None:
    if max(array.shape) > most:
        raise ValueError(
            f"{name} has shape {array.shape}: the explorer shows at most {most} along an axis; take a part"
        )
    # Not a number compares as False.
    if not (np.abs(array) <= LARGEST_NUMBER).all():
        raise ValueError(
            f"{name} must hold numbers from {-LARGEST_NUMBER} to {LARGEST_NUMBER}: others fill no cell"
        )


def _places(size: Index, kernel: Index, stride: Whole, padding: Pads | str, dilation: Whole) -> Sliding:
    """Return where windows stand, a word for the padding turned into numbers."""
    if not isinstance(padding, str):
        return sliding(size, kernel, stride, padding, dilation)
    rank = len(size)
    if padding not in WORDS:
        raise ValueError(
            f"padding is {padding!r}: it must be numbers or one of {', '.join(map(repr, WORDS))}"
        )
    if padding == "same" and max(per_axis(stride, rank, "stride", 1)) > 1:
        raise ValueError(f"padding is 'same', so stride must be 1, as in torch; it is {stride!r}")
    more = [d * (k - 1) for k, d in zip(kernel, per_axis(dilation, rank, "dilation", 1))]
    pads = {
        "valid": [(0, 0)] * rank,
        "same": [(n // 2, n - n // 2) for n in more],
        "full": [(n, n) for n in more],
    }[padding]
    return sliding(size, kernel, stride, pads, dilation)


def _line(array: Array) -> str:
    rows = array.tolist() if array.ndim == 2 else [array.tolist()]
    return ";".join(",".join(map(repr, row)) for row in rows)


def _short(values: Index) -> str:
    return ",".join(map(str, values[:1] if len(set(values)) == 1 else values))


def _pads(pads: tuple[tuple[int, int], ...]) -> str:
    if len({n for ends in pads for n in ends}) == 1:
        return str(pads[0][0])
    return ";".join(f"{before},{after}" for before, after in pads)


@cache
def script() -> str:
    """Return the script as it stands in a page: `explorer.js`, with what it must share with Python."""
    shared: Mapping[str, object] = {
        "input": LONGEST_INPUT,
        "weight": LONGEST_WEIGHT,
        "padded": LONGEST_PADDED,
        "number": LARGEST_NUMBER,
        "gradient": GRADIENT,
    }
    text = (_FOLDER / "explorer.js").read_text(encoding="utf-8")
    return text.replace('"GIVEN"', json.dumps(shared, separators=(",", ":")), 1)


@cache
def style() -> str:
    """Return the style sheet: `explorer.css` after the theme's colours."""
    colours = {
        "card": theme.CARD,
        "card-edge": theme.CARD_EDGE,
        "ink": theme.INK,
        "muted": theme.MUTED,
        "line": theme.LINE,
        "window": theme.WINDOW,
        "result": theme.RESULT,
        "result-fill": theme.RESULT_FILL,
        "outside": theme.OUTSIDE,
        "hatch": theme.HATCH,
        "tap": theme.TAP,
        **{f"tap{tap}": colour for tap, colour in enumerate(theme.TAPS)},
        "sans": theme.SANS,
        "mono": theme.MONO,
    }
    variables = " ".join(f"--{name}: {value};" for name, value in colours.items())
    return f":host {{ {variables} }}\n" + (_FOLDER / "explorer.css").read_text(encoding="utf-8")
