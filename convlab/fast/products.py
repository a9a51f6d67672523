"""Products of matrices, in blocks small enough for BLAS to multiply them as they lie.

OpenBLAS first copies what it multiplies into an order of its own. On processors with AVX-512 it has kernels for small
products, of SMALL multiplications at most, that go without, and take a tenth to a third less time. So a large
product is cut into small ones. Elsewhere it is left whole.
"""

from functools import lru_cache

import numpy as np

from convlab.fast.table import CACHE, SMALL, STRIP
from convlab.fast.threads import architectures, scratch

_WITH_SMALL_KERNELS = {"SkylakeX", "Cooperlake", "SapphireRapids"}


def multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Write a @ b to out: (…, rows, inner) times (…, inner, columns)."""
    sizes = *a.shape[-2:], b.shape[-1]
    block = _block(*sizes) if a.dtype.char in "fd" else None
    if block is None:
        parts = _parts(*sizes) if a.dtype.char in "fd" else 1
        if parts > 1 and parts * out.size <= CACHE:
            _multiply_parts(a, b, out, parts)
        else:
            np.matmul(a, b, out=out)
        return
    (rows, inner), (height, width) = a.shape[-2:], block
    count, above = b.shape[-1] // width, rows // height
    whole = count * width
    left = a.reshape(*a.shape[:-2], above, 1, height, inner, copy=False)
    right = b[..., :whole].reshape(*b.shape[:-2], 1, inner, count, width, copy=False)
    into = out[..., :whole].reshape(*out.shape[:-2], above, height, count, width, copy=False)
    np.matmul(left, right.swapaxes(-3, -2), out=into.swapaxes(-3, -2))
    if whole < b.shape[-1]:
        multiply(a, b[..., whole:], out[..., whole:])


def _multiply_parts(a: np.ndarray, b: np.ndarray, out: np.ndarray, parts: int) -> None:
    """Cut the sums, which are too long for a block of a useful size."""
    (rows, inner), columns = a.shape[-2:], b.shape[-1]
    left = a.reshape(*a.shape[:-2], rows, parts, inner // parts, copy=False).swapaxes(-3, -2)
    right = b.reshape(*b.shape[:-2], parts, inner // parts, columns, copy=False)
    sums = scratch("sums", (*out.shape[:-2], parts, rows, columns), out.dtype)
    multiply(left, right, sums)
    np.add.reduce(sums, axis=-3, out=out)


@lru_cache(maxsize=1024)
def _parts(rows: int, inner: int, columns: int) -> int:
    if rows * inner * columns <= SMALL or not _WITH_SMALL_KERNELS.issuperset(architectures()):
        return 1
    for parts in range(2, 65):
        if inner % parts == 0 and inner // parts <= 512:
            return parts if _block(rows, inner // parts, columns) else 1
    return 1


@lru_cache(maxsize=1024)
def _block(rows: int, inner: int, columns: int) -> tuple[int, int] | None:
    """Give the height and width of a block of the result; None if the whole is best left to BLAS."""
    if rows * inner * columns <= SMALL or not _WITH_SMALL_KERNELS.issuperset(architectures()):
        return None
    strip = STRIP if inner >= 100 else 4 * STRIP  # the shorter the sums, the more of them a call should take
    widths = (columns,) if columns < 2 * strip else (columns, strip) if columns % strip and columns < 4 * strip else (strip,)
    for width in widths:
        for height in (32, 16, 8, rows):
            if rows % height == 0 and height <= 64 and height * inner * width <= SMALL:
                return height, width
    return None
