"""Zips that anybody can unpack; the same files give the same bytes, whenever and on whatever system."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

__all__ = ["zipped"]

_NO_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can tell


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip's bytes.

    Parameters
    ----------
    files : names with their folders, parted by "/", and contents; in the zip they stand by name
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in sorted(files):
            entry = zipfile.ZipInfo(name, _NO_DATE)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, also where it is made on Windows
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()
