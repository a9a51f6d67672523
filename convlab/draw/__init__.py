"""Pictures of convolution: deterministic SVG with alternative text, made from arrays.

Every function takes arrays and returns a `Picture`, which a notebook shows and `save` writes to a file. Only
NumPy and the standard library are needed; nothing here knows the exercises, their solutions or torch.

`_theme` holds colours and sizes, `_page` how wide the page is, `_numbers` how numbers are written, `_canvas`
pieces of SVG and how they are put together, `_cells` arrays as cells, `_rows` rows of them that belong together,
`_png` pixels, `_picture` what is returned, `_phone` its second layout; `_geometry` where windows stand and `_taps`
what they sum. `_explorer`, with `explorer.js` and `explorer.css`, is the picture that a reader can step through.
The other modules are the pictures themselves.
"""

from convlab.draw import (
    _arrays,
    _back,
    _channels,
    _circuit,
    _columns,
    _counts,
    _entries,
    _fields,
    _filters,
    _gradients,
    _images,
    _matrices,
    _memory,
    _padding,
    _places,
    _roofline,
    _stack,
    _stamps,
    _window,
)
from convlab.draw._beside import beside
from convlab.draw._explorer import explore
from convlab.draw._meets import meets
from convlab.draw._phone import fitted
from convlab.draw._picture import Picture
from convlab.draw._reads import reads

backward = fitted(_gradients.backward)
channels = fitted(_channels.channels)
circuit = fitted(_circuit.circuit)
col2im = fitted(_back.col2im)
counts = fitted(_counts.counts)
filters = fitted(_filters.filters)
flip = fitted(_entries.flip)
grid = fitted(_arrays.grid)
im2col = fitted(_columns.im2col)
image = fitted(_images.image)
maps = fitted(_images.maps)
matrix = fitted(_matrices.matrix)
memory = fitted(_memory.memory)
padded = fitted(_padding.padded)
places = fitted(_places.places)
products = fitted(_entries.products)
receptive_field = fitted(_fields.receptive_field)
roofline = fitted(_roofline.roofline)
signal = fitted(_arrays.signal)
spread = fitted(_entries.spread)
stack = fitted(_stack.stack)
stamps = fitted(_stamps.stamps)
window = fitted(_window.window)

__all__ = [
    "Picture",
    "backward",
    "beside",
    "channels",
    "circuit",
    "col2im",
    "counts",
    "explore",
    "filters",
    "flip",
    "grid",
    "im2col",
    "image",
    "maps",
    "matrix",
    "meets",
    "memory",
    "padded",
    "places",
    "products",
    "reads",
    "receptive_field",
    "roofline",
    "signal",
    "spread",
    "stack",
    "stamps",
    "window",
]
