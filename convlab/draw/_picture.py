"""What every drawing function returns: one picture, as SVG, as a notebook shows it, and as a file.

This module must not know what is drawn.
"""

from __future__ import annotations

import base64
import html
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, clean, coordinate, tag


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
    """

    alt: str
    block: Block = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "alt", clean(self.alt))

    @property
    def width(self) -> int:
        return int(self.block.width + 2 * theme.MARGIN + 0.99)

    @property
    def height(self) -> int:
        return int(self.block.height + 2 * theme.MARGIN + 0.99)

    @cached_property
    def svg(self) -> str:
        card = tag(
            "rect",
            x=0.5,
            y=0.5,
            width=self.width - 1,
            height=self.height - 1,
            rx=8,
            fill=theme.CARD,
            stroke=theme.CARD_EDGE,
        )
        return tag(
            "svg",
            tag("title", html.escape(self.alt, quote=False)),
            card,
            tag(
                "g",
                self.block.body,
                transform=f"translate({coordinate(theme.MARGIN)} {coordinate(theme.MARGIN)})",
                font_family=theme.MONO,
            ),
            xmlns="http://www.w3.org/2000/svg",
            role="img",
            width=self.width,
            height=self.height,
            viewBox=f"0 0 {self.width} {self.height}",
        )

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.svg.encode()).decode()
        # No height attribute: some pages forbid the style, and the picture must keep its shape there too.
        return (
            f'<img alt="{html.escape(self.alt)}" src="data:image/svg+xml;base64,{source}" '
            f'width="{self.width}" style="max-width:100%;height:auto">'
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
