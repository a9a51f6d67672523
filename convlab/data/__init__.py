"""The data the chapters use, carried with the package. Sources and licences: LICENSES.md in this folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

__all__ = ["digits", "photograph"]

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


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits, in the order of the forms on which people wrote them.

    Returns
    -------
    images : ndarray of uint8, shape (1797, 8, 8)
        How much of a pixel is ink: 0 is none, 16 is all.
    labels : ndarray of int64, shape (1797,)
        Which digit each image shows, 0 to 9.

    References
    ----------
    E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
    https://doi.org/10.24432/C50P49, CC BY 4.0. These are its test images.
    """
    with np.load(_FOLDER / "digits.npz", allow_pickle=False) as stored:
        return stored["images"], stored["labels"].astype(np.int64)
