"""Notice inf and nan where a method would spread them.

A transform spreads them over its tile, the zeros of a Toeplitz matrix over its row, where the plain sums keep them in
the windows that see them. So what such a method gives is looked at while it is near, and given up if it has any:
`methods` then takes the plain sums.

Knows nothing of layers.
"""

import numpy as np


class Spread(ArithmeticError):
    """Some results are inf or nan, and perhaps more of them than should be."""


def check(results: np.ndarray) -> None:
    """Raise Spread if inf or nan may be among the results (N, …).

    One pass of BLAS tells: the squares of finite entries may overflow too, which costs only time.
    """
    if results.dtype.kind in "iu":
        return
    lines = results.reshape(len(results), -1)
    if not np.isfinite(np.vecdot(lines, lines)).all():
        raise Spread
