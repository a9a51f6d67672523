"""Reads pictures back: which cells stand where, what is outlined, where each text is."""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from convlab.draw import Picture
from convlab.draw import _theme as theme
from convlab.draw._canvas import text_width

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Box:
    """Where something stands, in the picture's coordinates."""

    content: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


class Drawn:
    """A picture, parsed."""

    def __init__(self, picture: Picture) -> None:
        self.root = ElementTree.fromstring(picture.svg)

    def cells(self, array: str) -> dict[tuple[int, ...], ElementTree.Element]:
        """Return the cells of one array by their index."""
        rects = self._group(array).iter(f"{SVG}rect")
        return {_index(r.get("data-index")): r for r in rects if r.get("data-index") is not None}

    def numbers(self, array: str) -> dict[tuple[int, ...], str]:
        return {index: cell.get("data-value") for index, cell in self.cells(array).items()}

    def fills(self, array: str) -> dict[tuple[int, ...], str]:
        return {index: cell.get("fill") for index, cell in self.cells(array).items()}

    def lefts(self, array: str) -> dict[tuple[int, ...], float]:
        """Return where each cell of an array begins, in the picture's coordinates."""
        group = self._group(array)
        (x,) = [x for element, x, _ in _walk(self.root, 0.0, 0.0) if element is group]
        return {index: x + float(cell.get("x")) for index, cell in self.cells(array).items()}

    def outlined(self, array: str, name: str = "window") -> set[tuple[int, ...]]:
        """Return the indices that an outline says it surrounds."""
        (path,) = [p for p in self._group(array).iter(f"{SVG}path") if p.get("data-outline") == name]
        return {_index(index) for index in path.get("data-cells").split()}

    def outline_box(self, array: str, name: str = "window") -> tuple[float, float, float, float]:
        """Return what an outline really surrounds: left, top, right, bottom, in the array's coordinates."""
        (path,) = [p for p in self._group(array).iter(f"{SVG}path") if p.get("data-outline") == name]
        values = [float(v) for v in re.findall(r"-?[\d.]+", path.get("d"))]
        return min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])

    @property
    def total(self) -> str:
        (box,) = [r for r in self.root.iter(f"{SVG}rect") if r.get("data-total") is not None]
        return box.get("data-total")

    @property
    def words(self) -> list[str]:
        return [text.text for text in self.root.iter(f"{SVG}text")]

    @property
    def images(self) -> list[str]:
        return [image.get("href") for image in self.root.iter(f"{SVG}image")]

    def texts(self) -> list[Box]:
        """Return the room that every text needs in the widest font."""
        boxes = []
        for element, x0, y0 in _walk(self.root, 0.0, 0.0):
            if element.tag == f"{SVG}text":
                size = float(element.get("font-size"))
                mono = element.get("font-family") != theme.SANS
                width = text_width(element.text, size, mono=mono, bold=element.get("font-weight") is not None)
                shift = {None: 0.0, "middle": width / 2, "end": width}[element.get("text-anchor")]
                x, y = x0 + float(element.get("x")) - shift, y0 + float(element.get("y"))
                boxes.append(Box(element.text, x, y - 0.75 * size, x + width, y))
        return boxes

    def discs(self) -> list[Box]:
        """Return the grounds of the plus signs between products."""
        boxes = []
        for element, x0, y0 in _walk(self.root, 0.0, 0.0):
            if element.tag == f"{SVG}circle":
                x, y, r = (
                    x0 + float(element.get("cx")),
                    y0 + float(element.get("cy")),
                    float(element.get("r")),
                )
                boxes.append(Box("+", x - r, y - r, x + r, y + r))
        return boxes

    def rectangles(self) -> list[Box]:
        boxes = []
        for element, x0, y0 in _walk(self.root, 0.0, 0.0):
            if element.tag in (f"{SVG}rect", f"{SVG}image"):
                x, y, width, height = (float(element.get(key)) for key in ("x", "y", "width", "height"))
                boxes.append(Box(element.get("data-index"), x0 + x, y0 + y, x0 + x + width, y0 + y + height))
        return boxes

    def _group(self, array: str) -> ElementTree.Element:
        (group,) = [g for g in self.root.iter(f"{SVG}g") if g.get("data-array") == array]
        return group


def _index(written: str) -> tuple[int, ...]:
    return tuple(int(part) for part in written.split(","))


def _walk(element, x, y):
    moved = element.get("transform")
    if moved is not None:
        dx, dy = re.fullmatch(r"translate\((\S+) (\S+)\)", moved).groups()
        x, y = x + float(dx), y + float(dy)
    yield element, x, y
    for child in element:
        yield from _walk(child, x, y)


@pytest.fixture
def read() -> type[Drawn]:
    return Drawn


def _decode(data):
    """Read an 8-bit PNG without filters, with the standard library's zlib."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert crc == zlib.crc32(kind + content)
        chunks[kind] = content
        at += 12 + length
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, rest) == (8, [0, 0, 0])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    pixels = rows[:, 1:]
    if colour == 3:
        return np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)[pixels]
    if colour == 2:
        return pixels.reshape(height, width, 3)
    assert colour == 0
    return pixels


@pytest.fixture
def decode() -> Callable[[bytes], np.ndarray]:
    return _decode
