"""Reads a zip that strangers have filled: which files are in it, which of them may be read, and their bytes.

Nothing is ever unpacked under a name from the zip. Even so a name that would leave the folder is refused, as whoever
made it meant harm or used a broken program; and what is read is counted while it is read, as a zip may lie about
sizes. Knows no learning management system and no course.
"""

from __future__ import annotations

import io
import itertools
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from convlab.grading.limits import MEBI, Limits

__all__ = ["Archive", "ArchiveLimits", "Budget", "Entry", "Refused", "UnreadableArchive"]

_CHUNK = 64 * 1024
_UTF8, _ENCRYPTED = 0x800, 0x1
_UNICODE_PATH = 0x7075  # Info-ZIP's extra field with the name in UTF-8
_NO_FILE = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}
_DEVICES |= {f"{name}{n}" for name in ("com", "lpt") for n in "¹²³"}
_LONGEST_PART, _LONGEST_PATH = 255, 1000
_SUSPICIOUS = 200  # honest notebooks unpack to 3 to 50 times their size


@dataclass(frozen=True)
class ArchiveLimits:
    """How much of a zip is read. Sizes are bytes.

    Parameters
    ----------
    entries : in the system's zip
    nested_entries : in a student's own
    file : of one notebook
    nested : of one student's own zips together, packed
    total : of all that is read from one zip and those inside it
    depth : zips inside zips; 1 is a student's own zip in the system's
    """

    entries: int = 100_000
    nested_entries: int = 5_000
    file: int = Limits().file
    nested: int = 128 * MEBI
    total: int = 16 * 1024 * MEBI
    depth: int = 2


class UnreadableArchive(Exception):
    """The zip as a whole cannot be read, and why."""


class Refused(Exception):
    """One file of the zip is not read, and why."""


class Budget:
    """How much may still be read."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise Refused("what is in the zip is too much altogether: a zip bomb, or the wrong file")


@dataclass(frozen=True)
class Entry:
    """One file in a zip.

    Parameters
    ----------
    path : its name with its folders, parted by "/"; accents are composed (NFC)
    size : unpacked, as the zip claims
    problem : why it is not read; "" if it may be
    when : year, month, ..., second, as the zip claims
    """

    path: str
    size: int
    problem: str
    when: tuple[int, ...]
    info: zipfile.ZipInfo


class Archive:
    """A zip.

    Parameters
    ----------
    file : where it lies, or its bytes
    limits : what is read at most
    budget : what all archives together may still read; a new one if None
    depth : how many zips this one lies in

    Raises
    ------
    UnreadableArchive
        If it is no zip, or is broken, or holds too much.
    """

    def __init__(
        self,
        file: Path | bytes,
        limits: ArchiveLimits | None = None,
        budget: Budget | None = None,
        depth: int = 0,
    ) -> None:
        self.limits = limits or ArchiveLimits()
        self.budget = budget or Budget(self.limits.total)
        self.depth = depth
        self._opened: IO[bytes] | None = None
        try:
            self._opened = io.BytesIO(file) if isinstance(file, bytes) else open(file, "rb")  # noqa: SIM115 `close` closes it
            self._most_entries = self.limits.nested_entries if depth else self.limits.entries
            _look_at_the_index(self._opened, self._most_entries)
            self._zip = zipfile.ZipFile(self._opened)
            self.entries = self._look()
        except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError, EOFError) as error:
            self.close()
            raise UnreadableArchive(f"it is no zip, or is broken or was cut off ({error})") from error
        except OSError as error:
            self.close()
            raise UnreadableArchive(f"it cannot be read ({error.strerror or error})") from error
        except UnreadableArchive:
            self.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def read(self, entry: Entry, most: int | None = None) -> bytes:
        """The bytes of a file.

        Parameters
        ----------
        most : bytes; the limit for a notebook if None

        Raises
        ------
        Refused
            If it must not be read, is larger than that, or is broken.
        """
        most = self.limits.file if most is None else most
        if entry.problem:
            raise Refused(entry.problem)
        parts: list[bytes] = []
        size = 0
        try:
            with self._zip.open(entry.info) as opened:
                while part := opened.read(_CHUNK):
                    size += len(part)
                    self.budget.take(len(part))
                    if size > most:
                        raise Refused(_too_large(entry, most))
                    parts.append(part)
        except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError) as error:
            raise Refused(f"it is broken in the zip ({error}): download the zip again") from error
        except (OSError, ValueError, RuntimeError) as error:
            raise Refused(f"it cannot be read ({error})") from error
        return b"".join(parts)

    def nested(self, entry: Entry, most: int | None = None) -> Archive:
        """The zip that a file of this zip is.

        Parameters
        ----------
        most : bytes; the limit for a student's zips if None

        Raises
        ------
        Refused
            If it lies too deep, is too large, or is no zip.
        """
        if self.depth + 1 >= self.limits.depth:
            raise Refused("it is a zip in a zip in a zip: hand in the notebook itself")
        content = self.read(entry, self.limits.nested if most is None else most)
        try:
            return Archive(content, self.limits, self.budget, self.depth + 1)
        except UnreadableArchive as error:
            raise Refused(f"the zip inside cannot be read: {error}") from error

    def _look(self) -> list[Entry]:
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        if len(infos) > self._most_entries:
            raise UnreadableArchive(
                f"it holds {len(infos):,} files, and at most {self._most_entries:,} are looked at"
            )
        whole, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
        # In the system's zip one student's bomb must not cost the others their submissions.
        if self.depth and whole > 256 * MEBI and whole > _SUSPICIOUS * max(packed, 1):
            raise UnreadableArchive(
                f"it would unpack to {_size(whole)} from {_size(packed)}: a zip bomb, or the wrong file"
            )
        paths = [_path(info) for info in infos]
        many = Counter(paths)
        overlapping = _overlapping(infos)
        return [
            Entry(
                path,
                info.file_size,
                _problem(path, info)
                or ("two files of the zip have this name" if many[path] > 1 else "")
                or ("it shares its bytes with another file of the zip" if id(info) in overlapping else ""),
                info.date_time,
                info,
            )
            for path, info in zip(paths, infos)
        ]


def _look_at_the_index(file: IO[bytes], entries: int) -> None:
    """Refuse an index that could only hold too many files, before Python makes an object of each."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 65557))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        return  # zipfile says what it misses
    length = int(struct.unpack_from("<L", tail, end + 12)[0])
    if length == 0xFFFFFFFF and end >= 20 and tail[end - 20 : end - 16] == b"PK\x06\x07":
        file.seek(int(struct.unpack_from("<Q", tail, end - 12)[0]))
        length = int(struct.unpack_from("<Q", file.read(56), 40)[0])
    if length > entries * 400:
        raise UnreadableArchive(
            f"its index alone has {_size(length)}: at most {entries:,} files are looked at"
        )


def _path(info: zipfile.ZipInfo) -> str:
    """The name as its maker meant it. Without a mark it is code page 437, yet many write UTF-8 all the same."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8:
        told = _told_name(info.extra)
        try:
            name = told or name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.orig_filename
    return unicodedata.normalize("NFC", name).replace("\\", "/")


def _told_name(extra: bytes) -> str:
    for kind, content in _fields(extra):
        if kind == _UNICODE_PATH and len(content) > 5 and content[0] == 1:
            return content[5:].decode("utf-8")
    return ""


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]


def _problem(path: str, info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _ENCRYPTED:
        return "it is locked with a password"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "it is a symbolic link, not a file"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is a device or pipe, not a file"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is packed in an unusual way: pack it as an ordinary zip"
    return _unsafe(path)


def _unsafe(path: str) -> str:
    """Why no file may be called this, anywhere."""
    parts = path.split("/")
    if path.startswith("/") or _DRIVE.match(path):
        return "its name is an absolute path"
    if ".." in parts:
        return "its name leads out of the folder (..)"
    if _NO_FILE.search(path) or not path.isprintable():
        return "its name holds characters that no name has"
    if len(path) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_PART for part in parts):
        return "its name is too long"
    if any(part.split(".")[0].strip().lower() in _DEVICES for part in parts):
        return "its name is that of a device on Windows"
    return ""


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Files that share bytes, as in bombs that unpack the same bytes many times."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    shared: set[int] = set()
    for one, following in itertools.pairwise(ordered):
        if one.header_offset + 30 + one.compress_size > following.header_offset:
            shared |= {id(one), id(following)}
    return shared


def _too_large(entry: Entry, most: int) -> str:
    packed = max(entry.info.compress_size, 1)
    if entry.size > _SUSPICIOUS * packed:
        return f"it would unpack to {_size(entry.size)} from {_size(packed)}: a zip bomb"
    return f"it is larger than {_size(most)}: clear the notebook's outputs and hand it in again"


def _size(number: int) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            return f"{number:,.0f} {unit}" if unit == "bytes" or number >= 10 else f"{number:.1f} {unit}"
        number = number / 1024  # type: ignore[assignment]
    raise AssertionError
