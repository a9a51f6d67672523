"""Pictures beside each other.

This module must not know what is drawn.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field

from convlab.draw import _theme as theme
from convlab.draw._canvas import Block, flow, operator, row
from convlab.draw._picture import Picture


@dataclass(frozen=True, repr=False)
class Pictures(Picture):
    """Several pictures, which a page shows beside each other as far as it is wide enough.

    As SVG and as a file they are one picture.
    """

    parts: tuple[Picture, ...] = field(kw_only=True)
    signs: tuple[str, ...] = field(default=(), kw_only=True)

    def _repr_html_(self) -> str:
        if self.block.width <= theme.PHONE:
            return super()._repr_html_()
        # Rows of a table stay rows; what is in them goes on below where a phone's page ends.
        rows = any(isinstance(part, Pictures) for part in self.parts)
        style = "display:grid" if rows else "display:flex;flex-wrap:wrap;align-items:flex-start"
        between = [f'<b style="align-self:center">{html.escape(sign)}</b>\n' for sign in self.signs]
        shown = zip(["", *between] if between else [""] * len(self.parts), self.parts)
        inner = "\n".join(sign + part._repr_html_() for sign, part in shown)
        return f'<div style="{style};gap:8px">\n{inner}\n</div>'


def beside(*pictures: Picture, gap: float = theme.GAP, signs: str = "") -> Picture:
    """Put pictures side by side as one picture; what does not fit a page's width goes on below.

    Parameters
    ----------
    pictures : Picture
    gap : float
        Between two of them, in pixels.
    signs : str, optional
        What stands between them, a character each: "@=" for a product of matrices and its result.

    Raises
    ------
    ValueError
        If there are no pictures, or the signs are not one fewer.
    """
    if not pictures:
        raise ValueError("pictures is empty: beside needs at least one")
    for picture in pictures:
        if not isinstance(picture, Picture):
            raise ValueError(
                f"pictures holds a {type(picture).__name__}: beside takes what draw's functions return"
            )
    if signs and len(signs) != len(pictures) - 1:
        raise ValueError(f"signs is {signs!r}: between {len(pictures)} pictures stand {len(pictures) - 1}")
    blocks = [Block(p.block.body, p.block.width, p.block.height, 0) for p in pictures]
    if signs:
        blocks = [blocks[0], *(_after(sign, block) for sign, block in zip(signs, blocks[1:]))]
    alt = " ".join(picture.alt for picture in pictures)
    return Pictures(alt, flow(blocks, gap), parts=pictures, signs=tuple(signs))


def _after(sign: str, block: Block) -> Block:
    """Return a piece with a sign before it, at half its height."""
    whole = row([operator(sign), Block(block.body, block.width, block.height, block.height / 2)])
    return Block(whole.body, whole.width, whole.height, 0)
