"""Products of matrices, in blocks small enough for BLAS to multiply them as they lie.

OpenBLAS first copies what it multiplies into an order of its own. On processors with AVX-512 it has kernels for small
products, of SMALL multiplications at most, that go without, and take a tenth to a third less time. So a large
product is cut into small ones. Elsewhere it is left whole.
"""

from functools import lru_cache

import numpy as np

from convlab.fast.table import SMALL, STRIP
from convlab.fast.threads import architectures

_WITH_SMALL_KERNELS = {"SkylakeX", "Cooperlake", "SapphireRapids"}


def multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Write a @ b to out: (…, rows, inner) times (…, inner, columns)."""
    block = _block(*a.shape[-2:], b.shape[-1]) if a.dtype.char in "fd" else None
    if block is None:
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


@lru_cache(maxsize=1024)
def _block(rows: int, inner: int, columns: int) -> tuple[int, int] | None:
    """Give the height and width of a block of the result; None if the whole is best left to BLAS."""
    if rows * inner * columns <= SMALL or not _WITH_SMALL_KERNELS.issuperset(architectures()):
        return None
    strip = STRIP if inner >= 100 else 4 * STRIP  # the shorter the sums, the more of them a call should take
    width = columns if columns < 2 * strip else strip
    for height in (32, 16, 8, rows):
        if rows % height == 0 and height <= 64 and height * inner * width <= SMALL:
            return height, width
    return None
