"""Frames over a pipe, and the values in them: nothing that arrives can run, and no size is believed.

A frame is a length and that many bytes. A value is a tree of None, bool, int, float, str, tuple, list, dict and
arrays of numbers. What else a student's function returns travels as the name of its type, and arrives as an empty
object of a class of that name, so that messages can say what it was.

Used on both sides; knows neither exercises nor how processes are made.
"""

from __future__ import annotations

import functools
import math
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Named", "Pipe", "PipeClosed", "PipeTimeout", "WireError", "decode", "encode"]

DEEPEST = 16
MOST_NODES = 100_000
MOST_PARTS = 10_000  # of an answer, which costs the grader time to read
MOST_ELEMENTS = 500_000  # of all arrays of an answer together: some are looked at one by one
MOST_AXES = 16
MOST_INT_BYTES = 64
MOST_NAMES = 20  # of types in one answer: each takes a kilobyte here
LONGEST_NAME = 60
_COUNT = struct.Struct("<I")
_SIZE = struct.Struct("<Q")
_FLOAT = struct.Struct("<d")
_KINDS = "biuf"
# What no answer may hold, but whose dtype a message tells.
_OTHER_DTYPES = {"complex64": np.complex64, "complex128": np.complex128, "object": np.object_}
_KEYS = (str, int, bool, float, type(None))


class WireError(Exception):
    """What arrived is no frame or no value, or is larger than it may be."""


class PipeClosed(WireError):
    """The other side has gone."""


class PipeTimeout(WireError):
    """Nothing came in time."""


class Named:
    """Stands in a value for a callable: its name and the text that the other side makes it from."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source


class Pipe:
    """One end of a stream socket that carries frames."""

    def __init__(self, end: socket.socket, largest: int) -> None:
        self.end = end
        self.largest = largest
        self.received = 0  # bytes, of all frames together
        end.setblocking(False)

    def send(self, value: Any, seconds: float = 60.0, layouts: bool = False) -> None:
        payload = encode(value, layouts, self.largest)
        if len(payload) > self.largest:
            raise WireError(f"{len(payload)} bytes are more than the {self.largest} that a frame may have")
        view = memoryview(_COUNT.pack(len(payload)) + payload)
        ends = time.monotonic() + seconds
        while view:
            self._wait(select.POLLOUT, ends)
            try:
                view = view[self.end.send(view) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise PipeClosed(str(error)) from error

    def receive(self, seconds: float, trusted: bool = False, most_nodes: int = MOST_NODES) -> Any:
        """The next value; `trusted` lets callables and arrays with gaps in their memory in."""
        ends = time.monotonic() + seconds
        (length,) = _COUNT.unpack(self._exactly(_COUNT.size, ends))
        if length > self.largest:
            raise WireError(f"a frame of {length} bytes is announced; it may have {self.largest}")
        self.received += length
        return decode(self._exactly(length, ends), trusted, most_nodes)

    def _exactly(self, count: int, ends: float) -> bytes:
        got = bytearray()  # grows with what has come, not with what was announced
        while len(got) < count:
            self._wait(select.POLLIN, ends)
            try:
                part = self.end.recv(min(count - len(got), 1 << 20))
            except BlockingIOError:
                continue
            except OSError as error:
                raise PipeClosed(str(error)) from error
            if not part:
                raise PipeClosed("the other side has gone")
            got += part
        return bytes(got)

    def _wait(self, event: int, ends: float) -> None:
        poller = select.poll()
        poller.register(self.end, event)
        left = ends - time.monotonic()
        if left <= 0 or not poller.poll(math.ceil(left * 1000)):
            raise PipeTimeout("nothing came in time")

    def close(self) -> None:
        self.end.close()


def encode(value: Any, layouts: bool = False, largest: int = 2**31, most_nodes: int = MOST_NODES) -> bytes:
    """The bytes of a value.

    Parameters
    ----------
    value : what is to be sent
    layouts : whether arrays keep their layout in memory: for a call, of which it is a part
    largest : how many bytes one array may have
    most_nodes : how many parts it may have, and parts of parts

    Raises
    ------
    WireError
        If it is nested too deeply, has too many parts or is too large.
    """
    out: list[bytes] = []
    nodes = 0

    def put(item: Any, depth: int) -> None:
        nonlocal nodes
        nodes += 1
        if depth > DEEPEST or nodes > most_nodes:
            raise WireError("the value is nested too deeply or has too many parts")
        kind = type(item)
        if item is None:
            out.append(b"N")
        elif kind is bool:
            out.append(b"T" if item else b"F")
        elif kind is int:
            size = item.bit_length() // 8 + 1
            if size > MOST_INT_BYTES:
                out.append(b"?" + _text(f"int of {item.bit_length()} bits"))
            else:
                out.append(b"i" + bytes([size]) + item.to_bytes(size, "little", signed=True))
        elif kind is float:
            out.append(b"f" + _FLOAT.pack(item))
        elif kind is str:
            out.append(b"s" + _text(item))
        elif kind is bytes:
            out.append(b"b" + _COUNT.pack(len(item)) + item)
        elif kind in (tuple, list):
            out.append((b"t" if kind is tuple else b"l") + _COUNT.pack(len(item)))
            for part in item:
                put(part, depth + 1)
        elif kind is dict and not all(type(key) in _KEYS for key in item):
            out.append(b"?" + _text("dict with keys that are no text and no number"))
        elif kind is dict:
            out.append(b"d" + _COUNT.pack(len(item)))
            for key, part in item.items():
                put(key, depth + 1)
                put(part, depth + 1)
        elif kind is Named:
            out.append(b"c" + _text(item.name) + _text(item.source))
        elif isinstance(item, np.generic):
            out.append(_array(np.asarray(item), b"g", False, largest))
        elif isinstance(item, np.ndarray):
            out.append(_array(item, b"a", layouts, largest))
        else:
            out.append(b"?" + _text(kind.__name__))

    put(value, 0)
    return b"".join(out)


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    return _COUNT.pack(len(data)) + data


def _array(array: np.ndarray, tag: bytes, layouts: bool, largest: int) -> bytes:
    name = array.dtype.name
    if array.dtype.kind not in _KINDS:
        if name in _OTHER_DTYPES and tag == b"a":
            return b"D" + _text(name)
        return b"?" + _text(name if tag == b"g" else f"array of {name}")
    if isinstance(array, np.ma.MaskedArray) and np.ma.getmaskarray(array).any():
        return b"?" + _text("masked array")  # the numbers under the mask are no answer
    if array.nbytes > largest or (not layouts and array.size > MOST_ELEMENTS):
        # Before it is copied: a broadcast array may be larger than all memory.
        raise WireError(f"an array of {array.nbytes} bytes is more than the {largest} that it may have")
    native = array.dtype.newbyteorder("=")
    if native.kind == "f" and native.itemsize > 8:
        native = np.dtype(
            np.float64
        )  # longer ones have bytes that are no number, and differ between machines
    found = _memory(array) if layouts and array.dtype == native else None
    if found is None:
        with np.errstate(all="ignore"):
            memory, offset = np.array(array, native, order="C", copy=True), 0
        strides = memory.strides
    else:
        memory, offset = found
        strides = array.strides
    layout = [*array.shape, *strides, offset]
    head = tag + _text(native.str) + bytes([array.ndim, array.flags.writeable])
    data = memory.tobytes()
    return head + struct.pack(f"<{len(layout)}q", *layout) + _SIZE.pack(len(data)) + data


def _memory(array: np.ndarray) -> tuple[np.ndarray, int] | None:
    """The elements that stand in memory around `array`, and where among them (in bytes) it begins."""
    base = array.base if isinstance(array.base, np.ndarray) else array
    if base.dtype != array.dtype or not (base.flags.c_contiguous or base.flags.f_contiguous):
        return None
    offset = array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    return base.ravel(order="K"), offset


def decode(data: bytes, trusted: bool = False, most_nodes: int = MOST_NODES) -> Any:
    """The value that these bytes say.

    Parameters
    ----------
    data : a frame's bytes
    trusted : whether the sender is the grader itself. Only then may arrays have gaps and callables come.

    Raises
    ------
    WireError
        If they say none.
    """
    reader = _Reader(data, trusted, most_nodes)
    try:
        value = reader.value(0)
    except (struct.error, UnicodeDecodeError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise WireError(f"these bytes are no value ({error})") from error
    if reader.at != len(data):
        raise WireError("there is something behind the value")
    return value


class _Reader:
    def __init__(self, data: bytes, trusted: bool, most_nodes: int) -> None:
        self.data = data
        self.most_nodes = most_nodes
        self.at = 0
        self.nodes = 0
        self.elements = 0
        self.stand_ins: dict[str, Any] = {}
        self.trusted = trusted

    def take(self, count: int) -> bytes:
        if count < 0 or count > len(self.data) - self.at:
            raise WireError("a part is longer than the rest of the frame")
        part = self.data[self.at : self.at + count]
        self.at += count
        return part

    def count(self) -> int:
        number: int = _COUNT.unpack(self.take(_COUNT.size))[0]
        return number

    def text(self) -> str:
        return self.take(self.count()).decode("utf-8")

    def value(self, depth: int) -> Any:
        self.nodes += 1
        if depth > DEEPEST or self.nodes > self.most_nodes:
            raise WireError("the value is nested too deeply or has too many parts")
        tag = self.take(1)
        if tag in _READ:
            return _READ[tag](self)
        if tag in b"tl":
            parts = [self.value(depth + 1) for _ in range(self.count())]
            return tuple(parts) if tag == b"t" else parts
        if tag == b"d":
            found = {}
            for _ in range(self.count()):
                key = self.value(depth + 1)
                if type(key) not in _KEYS:
                    raise WireError("a dict's key is neither a text nor a number")
                found[key] = self.value(depth + 1)
            return found
        raise WireError(f"{tag!r} begins no value")

    def integer(self) -> int:
        size = self.take(1)[0]
        if size > MOST_INT_BYTES:
            raise WireError("an integer is too large")
        return int.from_bytes(self.take(size), "little", signed=True)

    def array(self) -> np.ndarray:
        dtype = np.dtype(self._dtype())
        axes, writeable = self.take(2)
        if axes > MOST_AXES:
            raise WireError("an array has too many axes")
        layout = struct.unpack(f"<{2 * axes + 1}q", self.take(8 * (2 * axes + 1)))
        shape, strides, offset = layout[:axes], layout[axes:-1], layout[-1]
        (size,) = _SIZE.unpack(self.take(_SIZE.size))
        if any(length < 0 for length in shape):
            raise WireError("an array has a negative length")
        self.elements += math.prod(shape)
        if not self.trusted:
            # Of an array without elements, too: whoever goes along its first axis would never come to the end.
            if self.elements > MOST_ELEMENTS or any(length > MOST_ELEMENTS for length in shape):
                raise WireError("the arrays have too many elements")
            # The product of Python's integers cannot wrap around, and it must be what has really come.
            if math.prod(shape) * dtype.itemsize != size or size > len(self.data) - self.at:
                raise WireError("an array's shape does not fit its bytes")
            return np.frombuffer(self.take(size), dtype).reshape(shape).copy()
        memory = np.frombuffer(self.take(size), dtype).copy()
        array = np.ndarray(shape, dtype, memory, offset, strides)
        array.flags.writeable = bool(writeable)
        return array

    def _dtype(self) -> str:
        text = self.text()
        if text not in _DTYPES:
            raise WireError(f"{text[:20]!r} is no dtype that an array may have")
        return text

    def other_dtype(self) -> np.ndarray:
        name = self.text()
        if name not in _OTHER_DTYPES:
            raise WireError("this dtype is not known")
        return np.empty((), _OTHER_DTYPES[name])

    def object(self) -> Any:
        name = self.text()[:LONGEST_NAME]
        if name not in self.stand_ins and len(self.stand_ins) < MOST_NAMES:
            self.stand_ins[name] = _stand_in(name)
        return self.stand_ins.get(name) or _stand_in("object")

    def named(self) -> Named:
        if not self.trusted:
            raise WireError("a callable may not come from there")
        return Named(self.text(), self.text())


@functools.lru_cache(maxsize=100)
def _stand_in(name: str) -> Any:
    """An object of a class of this name."""
    name = "".join(c for c in name if c.isprintable()) or "object"
    return type(name, (), {"__repr__": lambda self: f"<{name}>", "__hash__": None})()


_DTYPES = {np.dtype(code).str for code in "?bBhHiIlLqQefd"}

_READ: dict[bytes, Callable[[_Reader], Any]] = {
    b"N": lambda reader: None,
    b"T": lambda reader: True,
    b"F": lambda reader: False,
    b"i": _Reader.integer,
    b"f": lambda reader: _FLOAT.unpack(reader.take(_FLOAT.size))[0],
    b"s": _Reader.text,
    b"b": lambda reader: reader.take(reader.count()),
    b"a": _Reader.array,
    b"g": lambda reader: reader.array().reshape(())[()],
    b"D": _Reader.other_dtype,
    b"?": _Reader.object,
    b"c": _Reader.named,
}
