"""Products of matrices, in blocks small enough for BLAS to multiply them as they lie.

OpenBLAS first copies what it multiplies into an order of its own. On processors with AVX-512 it has kernels for small
products, of SMALL multiplications at most, that go without, and take a tenth to a third less time. So a large
product is cut into small ones, and so are its sums, where they are too long for that. Elsewhere it is left whole.
"""

from functools import lru_cache

import numpy as np

from convlab.fast.table import CACHE, LONG_SUM, SMALL, STRIP
from convlab.fast.threads import architectures, scratch

_WITH_SMALL_KERNELS = {"SkylakeX", "Cooperlake", "SapphireRapids"}


def multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Write a @ b to out: (…, rows, inner) times (…, inner, columns)."""
    (rows, inner), columns = a.shape[-2:], b.shape[-1]
    if a.dtype.char not in "fd" or rows * inner * columns <= SMALL:
        np.matmul(a, b, out=out)
    elif block := _block(rows, inner, columns):
        _multiply_blocks(a, b, out, *block)
    elif (parts := _parts(rows, inner, columns)) and parts * out.size <= CACHE:
        left = a.reshape(*a.shape[:-1], parts, inner // parts, copy=False).swapaxes(-3, -2)
        right = b.reshape(*b.shape[:-2], parts, inner // parts, columns, copy=False)
        sums = scratch("sums", (*out.shape[:-2], parts, rows, columns), out.dtype)
        multiply(left, right, sums)
        np.add.reduce(sums, axis=-3, out=out)
    else:
        np.matmul(a, b, out=out)


def _multiply_blocks(a: np.ndarray, b: np.ndarray, out: np.ndarray, height: int, width: int) -> None:
    rows, inner = a.shape[-2:]
    count, above = b.shape[-1] // width, rows // height
    whole = count * width
    left = a.reshape(*a.shape[:-2], above, 1, height, inner, copy=False)
    right = b[..., :whole].reshape(*b.shape[:-2], 1, inner, count, width, copy=False)
    into = out[..., :whole].reshape(*out.shape[:-2], above, height, count, width, copy=False)
    np.matmul(left, right.swapaxes(-3, -2), out=into.swapaxes(-3, -2))
    if whole < b.shape[-1]:
        multiply(a, b[..., whole:], out[..., whole:])


@lru_cache(maxsize=1024)
def _block(rows: int, inner: int, columns: int) -> tuple[int, int] | None:
    """Give the height and width of a block of the result; None if no block is both small and of a useful size."""
    if not _WITH_SMALL_KERNELS.issuperset(architectures()):
        return None
    strip = STRIP if inner >= 100 else 4 * STRIP  # the shorter the sums, the more of them a call should take
    few = columns < 2 * strip or (columns < 4 * strip and columns % strip)  # all of them rather than a rest
    for width in (columns, strip) if few else (strip,):
        for height in (32, 16, 8, rows):
            if rows % height == 0 and height <= 64 and height * inner * width <= SMALL:
                return height, width
    return None


@lru_cache(maxsize=1024)
def _parts(rows: int, inner: int, columns: int) -> int:
    """Say into how many equal parts the sums are to be cut for blocks of a useful size; 0 if there are none."""
    for parts in range(2, inner // 64):
        if inner % parts == 0 and inner // parts <= LONG_SUM:
            return parts if _block(rows, inner // parts, columns) else 0
    return 0
