"""Pictures of convolution: deterministic SVG with alternative text, made from arrays.

Every function takes arrays and returns a `Picture`, which a notebook shows and `save` writes to a file. Only
NumPy and the standard library are needed; nothing here knows the exercises, their solutions or torch.

`_theme` holds colours and sizes, `_numbers` how numbers are written, `_canvas` pieces of SVG and how they are
put together, `_cells` arrays as cells, `_png` pixels, `_picture` what is returned; `_arrays` and `_entries` are
the pictures themselves.
"""

from convlab.draw._arrays import beside, grid, image, signal
from convlab.draw._entries import flip, products, window
from convlab.draw._picture import Picture

__all__ = ["Picture", "beside", "flip", "grid", "image", "products", "signal", "window"]
