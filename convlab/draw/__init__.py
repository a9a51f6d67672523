"""Pictures of convolution: deterministic SVG with alternative text, made from arrays.

Every function takes arrays and returns a `Picture`, which a notebook shows and `save` writes to a file. Only
NumPy and the standard library are needed; nothing here knows the exercises, their solutions or torch.

`_theme` holds colours and sizes, `_numbers` how numbers are written, `_canvas` pieces of SVG and how they are
put together, `_cells` arrays as cells, `_png` pixels, `_picture` what is returned; `_geometry` where windows
stand and `_taps` what they sum. `_explorer`, with `explorer.js` and `explorer.css`, is the picture that a
reader can step through. The other modules are the pictures themselves.
"""

from convlab.draw._arrays import beside, grid, signal
from convlab.draw._channels import channels
from convlab.draw._columns import im2col
from convlab.draw._counts import counts
from convlab.draw._entries import flip, products
from convlab.draw._explorer import explore
from convlab.draw._fields import receptive_field
from convlab.draw._gradients import backward
from convlab.draw._images import image, maps
from convlab.draw._matrices import matrix
from convlab.draw._padding import padded
from convlab.draw._picture import Picture
from convlab.draw._places import places
from convlab.draw._reads import reads
from convlab.draw._stack import stack
from convlab.draw._window import window

__all__ = [
    "Picture",
    "backward",
    "beside",
    "channels",
    "counts",
    "explore",
    "flip",
    "grid",
    "im2col",
    "image",
    "maps",
    "matrix",
    "padded",
    "places",
    "products",
    "reads",
    "receptive_field",
    "signal",
    "stack",
    "window",
]
