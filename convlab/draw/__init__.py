"""Pictures of convolution: deterministic SVG with alternative text, made from arrays.

Every function takes arrays and returns a `Picture`, which a notebook shows and `save` writes to a file. Only NumPy and
the standard library are needed; nothing here knows how the numbers were computed.
"""

from convlab.draw._arrays import beside, grid, image, signal
from convlab.draw._entries import flip, products, window
from convlab.draw._picture import Picture

__all__ = ["Picture", "beside", "flip", "grid", "image", "products", "signal", "window"]
