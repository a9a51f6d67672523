"""A PNG file whose bytes depend on nothing but the pixels.

Compressed bytes differ between versions of zlib; stored blocks are the same everywhere.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

_LARGEST_BLOCK = 65535


def png(pixels: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8] | None = None) -> bytes:
    """Encode an 8-bit picture.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W) or (H, W, 3)
        Grey levels or rows of the palette; or red, green and blue.
    palette : ndarray of uint8, shape (at most 256, 3), optional
        Red, green and blue of each number in `pixels`.
    """
    height, width, *colours = pixels.shape
    # 8 bits per pixel and colour; colour type 0 is grey, 2 is red, green and blue, 3 is palette; the usual
    # compression, filtering, no interlacing.
    kind = 2 if colours else 0 if palette is None else 3
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)  # 0: this row is not filtered
    chunks = [_chunk(b"IHDR", header)]
    if palette is not None:
        chunks.append(_chunk(b"PLTE", palette.tobytes()))
    chunks += [_chunk(b"IDAT", _stored(rows)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _stored(content: bytes) -> bytes:
    """Wrap bytes as a zlib stream of uncompressed blocks (RFC 1950, RFC 1951 section 3.2.4)."""
    parts = [b"\x78\x01"]
    for start in range(0, len(content), _LARGEST_BLOCK):
        block = content[start : start + _LARGEST_BLOCK]
        final = start + _LARGEST_BLOCK >= len(content)
        parts.append(struct.pack("<BHH", final, len(block), len(block) ^ 0xFFFF) + block)
    return b"".join(parts) + struct.pack(">I", zlib.adler32(content))
