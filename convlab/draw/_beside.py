"""Pictures beside each other.

This module must not know what is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, flow
from convlab.draw._picture import Picture


@dataclass(frozen=True, repr=False)
class Pictures(Picture):
    """Several pictures, which a page shows beside each other as far as it is wide enough.

    As SVG and as a file they are one picture.
    """

    parts: tuple[Picture, ...] = field(kw_only=True)

    def _repr_html_(self) -> str:
        if self.block.width <= theme.PHONE:
            return super()._repr_html_()
        # Rows of a table stay rows; what is in them goes on below where a phone's page ends.
        rows = any(isinstance(part, Pictures) for part in self.parts)
        style = "display:grid" if rows else "display:flex;flex-wrap:wrap;align-items:flex-start"
        inner = "\n".join(part._repr_html_() for part in self.parts)
        return f'<div style="{style};gap:8px">\n{inner}\n</div>'


def beside(*pictures: Picture, gap: float = theme.GAP) -> Picture:
    """Put pictures side by side as one picture; what does not fit a page's width goes on below.

    Raises
    ------
    ValueError
        If there are no pictures.
    """
    if not pictures:
        raise ValueError("pictures is empty: beside needs at least one")
    for picture in pictures:
        if not isinstance(picture, Picture):
            raise ValueError(
                f"pictures holds a {type(picture).__name__}: beside takes what draw's functions return"
            )
    blocks = [Block(p.block.body, p.block.width, p.block.height, 0) for p in pictures]
    return Pictures(" ".join(picture.alt for picture in pictures), flow(blocks, gap), parts=pictures)
