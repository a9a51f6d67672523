"""What every drawing function returns: one picture, as SVG, as a notebook shows it, and as a file.

This module must not know what is drawn.
"""

from __future__ import annotations

import base64
import html
import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, clean, coordinate, tag

_MARK = re.compile(r' data-[a-z]+="[^"]*"')


@dataclass(frozen=True)
class Picture:
    """A picture with its alternative text.

    A notebook shows it as an image, which JupyterLab keeps even where it strips scripts and SVG.
    The same arguments give the same bytes, on every machine.

    Attributes
    ----------
    alt : str
        What the picture shows, in sentences.
    svg : str
        The picture itself: one SVG document.
    width, height : int
        The natural size in CSS pixels; a narrower page scales it down.
    narrow : Block, optional
        The same picture as a phone shows it.
    """

    alt: str
    block: Block = field(repr=False)
    narrow: Block | None = field(default=None, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "alt", clean(self.alt))

    @property
    def width(self) -> int:
        return _size(self.block)[0]

    @property
    def height(self) -> int:
        return _size(self.block)[1]

    @cached_property
    def svg(self) -> str:
        return _document(self.block, self.alt)

    def _repr_svg_(self) -> str:
        return _shown(self.svg)

    def _repr_html_(self) -> str:
        # No height attribute: some pages forbid the style, and the picture must keep its shape there too.
        image = (
            f'<img alt="{html.escape(self.alt)}" src="{_address(self.svg)}" '
            f'width="{self.width}" style="max-width:100%;height:auto">'
        )
        if self.narrow is None:
            return image
        width, height = _size(self.narrow)
        return (
            f'<picture><source media="(max-width: {theme.PHONES}px)" '
            f'srcset="{_address(_document(self.narrow, self.alt))}" width="{width}" height="{height}">'
            f"{image}</picture>"
        )

    def __repr__(self) -> str:
        start = self.alt if len(self.alt) <= 60 else self.alt[:59].rstrip() + "…"
        return f"<Picture {self.width} × {self.height}: {start}>"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to an .svg file, whole or not at all, and return its path.

        Raises
        ------
        ValueError
            If the file's name does not end in .svg.
        """
        target = Path(path)
        if target.suffix.lower() != ".svg":
            raise ValueError(
                f"path is {str(path)!r}: a picture is written as SVG, so its name must end in .svg"
            )
        partial = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            partial.write_bytes(self.svg.encode())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return target


def _size(block: Block) -> tuple[int, int]:
    """Return width and height of a block's card."""
    return int(block.width + 2 * theme.MARGIN + 0.99), int(block.height + 2 * theme.MARGIN + 0.99)


def _document(block: Block, alt: str) -> str:
    """Return a block on its card, as one SVG document."""
    width, height = _size(block)
    card = tag(
        "rect",
        x=0.5,
        y=0.5,
        width=width - 1,
        height=height - 1,
        rx=8,
        fill=theme.CARD,
        stroke=theme.CARD_EDGE,
    )
    return tag(
        "svg",
        tag("title", html.escape(alt, quote=False)),
        card,
        tag(
            "g",
            block.body,
            transform=f"translate({coordinate(theme.MARGIN)} {coordinate(theme.MARGIN)})",
            font_family=theme.MONO,
        ),
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
    )


def _shown(svg: str) -> str:
    """Return a document without what only programs read in it, so that notebooks stay small."""
    return _MARK.sub("", svg)


def _address(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(_shown(svg).encode()).decode()}"
