"""Copy every other entry of lines in two thirds of the time that NumPy takes.

NumPy copies entries that do not lie side by side one by one. But it narrows integers many at a time, and what it keeps
of a long one is its lower half: on processors that store that half first, the first of two neighbours.
"""

from sys import byteorder

import numpy as np


def fill(into: np.ndarray, source: np.ndarray) -> None:
    """Write source to into. Where source is every other entry of 32 bits, take the halves of numbers of 64."""
    if byteorder != "little" or source.itemsize != 4 or source.strides[-1] != 8 or not source.size:
        into[...] = source
        return
    memory = source
    while isinstance(memory.base, np.ndarray):
        memory = memory.base
    start = source.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    width = source.shape[-1]
    for count in (width, width - 1):  # the last entry may have no other half
        try:
            pairs = np.ndarray((*source.shape[:-1], count), np.int64, memory.data, start, source.strides)
        except (ValueError, TypeError, BufferError):  # it would leave the memory, or the memory is scattered
            continue
        np.copyto(into[..., :count].view(np.int32), pairs, casting="unsafe")
        into[..., count:] = source[..., count:]
        return
    into[...] = source
