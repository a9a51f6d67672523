"""The data the chapters use, carried with the package. Sources and licences: LICENSES.md in this folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

__all__ = ["photograph"]

_FOLDER = Path(__file__).parent


def photograph() -> np.ndarray:
    """A photographer at work on a lawn, in shades of grey.

    Returns
    -------
    ndarray of uint8, shape (112, 128): 0 is black, 255 is white

    References
    ----------
    CC0 by the photographer, Lav Varshney; cropped and averaged over 4 by 4 pixels from scikit-image's "camera".
    """
    image: np.ndarray = np.load(_FOLDER / "photograph.npy", allow_pickle=False)
    return image
