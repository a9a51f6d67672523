"""Decides which pictures a page may hold: PNG, JPEG and SVG that lie in the page itself.

In an <img> a browser neither runs nor loads what is in an SVG. A picture that tries to is left out all the same:
someone may save it and open it by itself.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from urllib.parse import unquote_to_bytes

__all__ = ["LARGEST", "data_uri", "safe_uri"]

LARGEST = 1_500_000  # characters of base64; a picture of the course has at most 100,000
_BEGINNINGS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_URI = re.compile(r"data:(image/(?:png|jpeg|svg\+xml))((?:;[a-z0-9=-]+)*),", re.IGNORECASE)
_ACTIVE = re.compile(
    r"<\s*(?:[\w.-]+:)?(?:script|foreignobject|iframe|object|embed|audio|video|handler|listener|link|meta|base)\b"
    r"|<!ENTITY|<\?xml-stylesheet|javascript\s*:|@import|\bsrcset\b"
    r"|<[^<>]*\son[a-z]+\s*="
    r"|\bhref\s*=\s*(?![\"']?\s*(?:#|data:image/(?:png|jpeg)[;,]))"
    r"|\burl\((?!\s*[\"']?\s*#)",
    re.IGNORECASE,
)


@functools.lru_cache(maxsize=512)
def safe_uri(uri: str) -> str | None:
    """The picture as a base64 data URI if a page may hold it, else None."""
    if len(uri) > LARGEST:
        return None
    found = _URI.match(uri)
    if not found:
        return None
    payload = uri[found.end() :]
    try:
        if found[2].lower().endswith(";base64"):
            content = base64.b64decode(
                "".join(unquote_to_bytes(payload).decode("ascii").split()), validate=True
            )
        else:
            content = unquote_to_bytes(payload)
    except (binascii.Error, ValueError):
        return None
    return _checked(found[1].lower(), content)


def data_uri(kind: str, data: str) -> str | None:
    """The same for an output's picture: base64, or the text of an SVG."""
    if len(data) > LARGEST:
        return None
    if kind == "image/svg+xml":
        return _checked(kind, data.encode("utf-8", "replace"))
    return safe_uri(f"data:{kind};base64,{''.join(data.split())}")


def _checked(kind: str, content: bytes) -> str | None:
    if kind == "image/svg+xml":
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return None
        if "<svg" not in text or _ACTIVE.search(text):
            return None
    elif not content.startswith(_BEGINNINGS[kind]):
        return None
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
