"""What holds for every picture: nothing leaves the card or covers another text, and the bytes are always the same."""

import doctest
import hashlib
import os
import re
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest

from convlab import draw
from convlab.draw import (
    Picture,
    _arrays,
    _back,
    _circuit,
    _columns,
    _fields,
    _filters,
    _matrices,
    _meets,
    _memory,
    _numbers,
    _padding,
    _places,
    _roofline,
    _stamps,
    _theme,
    _window,
)

GRID = np.array(
    [[1, 2, 0, 1, 3], [0, -1, 2, 4, 1], [2, 2, 1, 0, -3], [1, 0, 5, 1, 2], [3, 1, 0, 2, 1], [0, 1, 1, 2, 4]]
)
KERNEL = np.array([[1, 2, 0], [0, -1, 3], [4, 0, -2]])
WAVE = np.array([0, 1, 2, 4, 3, -1, -2, 0, 1, 5, 2, 1])
TOP_LEFT = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
TAPS = list(np.ndindex(3, 3))
CHANNELS = np.array([GRID[:4, :4], GRID[1:5, 1:], GRID[2:, :4]])
NOISE = ((np.arange(40000) * 7919 % 10007) / 1009 - 5).reshape(200, 200)
PHOTO = (np.arange(128 * 128).reshape(128, 128) % 251).astype(np.uint8)

GALLERY = {
    "signal": lambda: draw.signal(WAVE, window=(3, 3)),
    "signal, one value": lambda: draw.signal([3], name="a rather long name for one value"),
    "signal, long": lambda: draw.signal(NOISE[0, :40], window=(14, 5)),
    "signal, very long": lambda: draw.signal(np.arange(500), window=(300, 4)),
    "signal, wide numbers": lambda: draw.signal([1e300, 1e-300, -123456.789, -(2**63)]),
    "grid": lambda: draw.grid(GRID, window=(1, 2, 3, 3), name="<b>&"),
    "grid, heat": lambda: draw.grid(NOISE[:4, :5], heat=True),
    "grid, named": lambda: draw.grid(
        GRID[:2],
        mark=GRID[:2] == 1,
        digits=3,
        rows=["one", "another"],
        columns=list("abcde"),
        axes=("r", "c"),
    ),
    "grid, large": lambda: draw.grid(NOISE, window=(190, 190, 10, 10)),
    "window 1-D": lambda: draw.window(WAVE, [1, 0, -2], 2),
    "window 1-D at the end": lambda: draw.window(WAVE, [1, 0, -2], 9),
    "window 1-D, decimals": lambda: draw.window(NOISE[0, :6], [0.25, -0.5596, 1.5], 1),
    "window 1-D, output": lambda: draw.window([1, 2, 3, 4, 5], [1, 2], 1, output=[-1234.5678, 2, 3, 4]),
    "window 1-D, flipped": lambda: draw.window(WAVE[:5], [1, 2, 4], 6, padding=2, flipped=True, keep=6),
    "window 1-D, long": lambda: draw.window(np.arange(100), [1, 2, -3, 0], 50),
    "window 1-D, large kernel": lambda: draw.window(np.arange(100), np.arange(60) - 7, 3),
    "window 1-D, one tap": lambda: draw.window([5], [-2], 0),
    "window 2-D": lambda: draw.window(GRID, KERNEL, (1, 2)),
    "window 2-D, decimals": lambda: draw.window(NOISE[:6, :5], NOISE[7:10, 2:5], (2, 0)),
    "window 2-D, 5 by 5": lambda: draw.window(NOISE[:8, :9].round(), NOISE[:5, 20:25].round(), (1, 3)),
    "window 2-D, photo": lambda: draw.window(PHOTO, KERNEL, (50, 60)),
    "window 2-D, wrong output": lambda: draw.window(GRID, KERNEL, (0, 0), output=np.zeros((4, 3))),
    "window 2-D, large kernel": lambda: draw.window(NOISE, NOISE[:31, :31], (60, 70)),
    "window 1-D, padded": lambda: draw.window(WAVE, [1, 0, -2], 0, stride=2, padding=1),
    "window 1-D, spread": lambda: draw.window(
        WAVE, [1, 0.25, -2], 2, stride=3, padding=(3, 1), dilation=2, output=range(4), names=("x", "w", "y")
    ),
    "window 1-D, far spread": lambda: draw.window(NOISE[0], [1, 2, 3], 2, stride=40, dilation=30),
    "window 1-D, all padding": lambda: draw.window([5, 6], [1, 2], 0, padding=40),
    "window 2-D, padded": lambda: draw.window(GRID, KERNEL, (0, 1), stride=2, padding=1),
    "window 2-D, spread": lambda: draw.window(
        GRID, KERNEL[:2, :2], (1, 0), stride=(1, 2), padding=((0, 1), (2, 0)), dilation=(2, 3)
    ),
    "window 2-D, photo, spread": lambda: draw.window(PHOTO, KERNEL, (0, 60), padding=(2, 1), dilation=4),
    "padded": lambda: draw.padded(WAVE, (2, 3)),
    "padded, reflect": lambda: draw.padded(WAVE[:6], (3, 2), mode="reflect"),
    "padded, replicate": lambda: draw.padded(NOISE[0, :4], (9, 1), mode="replicate"),
    "padded, circular, long": lambda: draw.padded(NOISE[0, :30], (30, 9), mode="circular"),
    "padded, very long": lambda: draw.padded(np.arange(500), (1, 0), name="<i> a name"),
    "padded, nothing": lambda: draw.padded([[7]], 0, mode="reflect"),
    "padded 2-D": lambda: draw.padded(GRID, ((1, 0), (2, 1))),
    "padded 2-D, reflect": lambda: draw.padded(GRID[:4, :4], ((1, 1), (2, 2)), mode="reflect"),
    "padded 2-D, circular, large": lambda: draw.padded(NOISE, ((3, 3), (4, 4)), mode="circular"),
    "places": lambda: draw.places(8, 3, stride=2),
    "places, padded and spread": lambda: draw.places(7, 3, stride=3, padding=(1, 2), dilation=2),
    "places, many": lambda: draw.places(40, 5, stride=2),
    "places, most": lambda: draw.places(60, 11, stride=9, padding=20, dilation=4),
    "places, one": lambda: draw.places(1, 1),
    "stack": lambda: draw.stack(CHANNELS, window=(1, 1, 2, 2)),
    "stack, decimals": lambda: draw.stack(NOISE[:8].reshape(4, 20, 20)),
    "stack, many": lambda: draw.stack(np.arange(480).reshape(12, 5, 8), name="maps", window=(4, 7, 1, 1)),
    "stack of signals": lambda: draw.stack(NOISE[:3, :9].round(1), window=(2, 3)),
    "stack of signals, long": lambda: draw.stack(np.arange(2000).reshape(10, 200), window=(150, 9)),
    "channels": lambda: draw.channels(CHANNELS, CHANNELS[:, :3, 1:4], (0, 1)),
    "channels, decimals": lambda: draw.channels(
        NOISE[:8].reshape(4, 20, 20), NOISE[:2, :48].reshape(4, 4, 6), (9, 9)
    ),
    "channels, many": lambda: draw.channels(np.arange(480).reshape(12, 5, 8), np.ones((12, 2, 2)), (3, 6)),
    "channels, large kernel": lambda: draw.channels(
        NOISE[:4].reshape(2, 20, 20), NOISE[:4].reshape(2, 20, 20), (0, 0)
    ),
    "channels of signals": lambda: draw.channels(NOISE[:3, :9].round(), [[1, 2, -1]] * 3, 2),
    "channels of signals, many": lambda: draw.channels(np.arange(400).reshape(20, 20), np.ones((20, 9)), 5),
    "circuit": lambda: draw.circuit(WAVE, [4, 2, 1], 3, -2),
    "circuit, decimals": lambda: draw.circuit(NOISE[0, :9], NOISE[1, :6], 2, 0.125),
    "one channel": lambda: draw.channels([[5]], [[-2]], 0),
    "stamps": lambda: draw.stamps([1, -2, 3], [4, 2, 1], 4, stride=2, output=range(7)),
    "stamps, spread": lambda: draw.stamps(
        [1, -2.5], [0.5, 2, -3], stride=3, dilation=2, names=("x", "a <b>", "y")
    ),
    "stamps, most": lambda: draw.stamps(np.arange(10), np.arange(1, 8), 15),
    "stamps, cut": lambda: draw.stamps([2, 1, 4, 3], [1, 2, 4], 1, padding=2, flipped=True),
    "stamps, circle": lambda: draw.stamps([4, 2, 1], [2, 1, 4], around=3),
    "stamps, one": lambda: draw.stamps([7], [-2], 0),
    "receptive field": lambda: draw.receptive_field([(3, 1, 1), (3, 1, 1), (3, 1, 1)]),
    "receptive field, strides": lambda: draw.receptive_field([(7, 2, 1), (3, 2, 1), (3, 2, 1), (3, 2, 1)]),
    "receptive field, holes": lambda: draw.receptive_field([(3, 1, 3), (2, 1, 9)], at=0, size=40),
    "receptive field, most": lambda: draw.receptive_field([(8, 8, 1), (5, 5, 1), (5, 1, 1)], size=200),
    "receptive field, least": lambda: draw.receptive_field([(1, 1, 1)], size=1),
    "im2col": lambda: draw.im2col(np.arange(1, 13).reshape(3, 4), 2),
    "im2col, padded": lambda: draw.im2col(NOISE[:3, :3].round(2), 3, padding=1),
    "im2col, strides": lambda: draw.im2col(
        GRID, (3, 2), stride=(2, 1), padding=((0, 1), (0, 0)), dilation=(1, 2)
    ),
    "im2col, channels": lambda: draw.im2col(CHANNELS[:2, :3, :3], 2),
    "im2col, large": lambda: draw.im2col(PHOTO, 7, padding=3),
    "col2im": lambda: draw.col2im(
        np.arange(24).reshape(4, 6), (3, 4), 2, (1, 1), output=np.arange(12).reshape(3, 4)
    ),
    "col2im, padded": lambda: draw.col2im(NOISE[:4, :4], (3, 3), 2, (1, 0), stride=2, padding=1),
    "col2im, most": lambda: draw.col2im(NOISE[:20, :16].round(), (7, 8), (4, 5), (3, 4)),
    "col2im, nobody": lambda: draw.col2im([[1, 2]], (1, 4), 1, (0, 1), stride=2),
    "matrix": lambda: draw.matrix(np.kron(np.eye(3, 4), [[1, 2, -3], [0, 1, 2]]), blocks=(2, 3)),
    "matrix, decimals": lambda: draw.matrix(NOISE[:5, :6]),
    "matrix, pixels": lambda: draw.matrix(
        np.kron(np.eye(30, 40), [[1, 2], [0, 1]]), blocks=(20, 20), name="<b>"
    ),
    "matrix, large": lambda: draw.matrix(NOISE[:100]),
    "matrix, groups": lambda: draw.matrix(
        np.kron(np.eye(2, dtype=int), np.ones((3, 2), dtype=int)),
        blocks=(3, 2),
        groups="rows",
        axes=("filter o", "channel c"),
        note="a line below",
    ),
    "matrix, zeros": lambda: draw.matrix(np.zeros((60, 1))),
    "backward": lambda: draw.backward([1, -2, 3, 4, 2, 1], [1, 2, -3], 8, 3),
    "backward, stride": lambda: draw.backward([1, -2.25, 3], [1, 2, -3], 8, 2, stride=2),
    "backward, nobody": lambda: draw.backward([1, -2, 3], [1, 2, -3], 8, 7, stride=2),
    "backward, spread": lambda: draw.backward(np.arange(12), [1, 2, -3], 12, 4, padding=2, dilation=2),
    "backward, long": lambda: draw.backward(NOISE[0, :183], NOISE[1, :20], 200, 100, padding=1, dilation=1),
    "backward, sparse": lambda: draw.backward([1, 2], [5], 200, 100, stride=150),
    "backward 2-D": lambda: draw.backward(GRID[:4, :3], KERNEL, (6, 5), (2, 2)),
    "backward 2-D, stride": lambda: draw.backward(GRID[:3, :3], KERNEL, (6, 5), (2, 2), stride=2, padding=1),
    "backward 2-D, nobody": lambda: draw.backward([[1, 2]], [[1, 2]], (2, 5), (1, 0), stride=2),
    "backward 2-D, large": lambda: draw.backward(
        NOISE[:188, :192], NOISE[:15, :11], (200, 200), (100, 100), padding=1, dilation=1
    ),
    "counts": lambda: draw.counts(np.outer([1, 2, 3, 2, 1], [1, 2, 3, 3, 2, 1])),
    "counts 1-D": lambda: draw.counts(np.arange(100), name="writes"),
    "counts, none": lambda: draw.counts([[0]]),
    "counts, large": lambda: draw.counts(np.arange(1200).reshape(30, 40)),
    "reads": lambda: draw.reads(GRID[:3, :3], TOP_LEFT - 1, TOP_LEFT, at=(0, 0, 0, 0)),
    "reads 1-D": lambda: draw.reads(WAVE, [2, 4, 6], [2, 3, 3, 4]),
    "reads, apart": lambda: draw.reads(NOISE, [(0, 0)], [(199, 0), (150, 199)], name="a long name"),
    "reads, many": lambda: draw.reads(
        GRID, np.ndindex(6, 5), [(y, x) for y in (0, 2, 5) for x in (-1, 1, 4)]
    ),
    "reads, nothing": lambda: draw.reads([3], [], []),
    "memory": lambda: draw.memory(np.arange(12).reshape(2, 6)),
    "memory, overlapping": lambda: draw.memory(
        np.lib.stride_tricks.sliding_window_view(WAVE[:7], 3), axes=("x", "k")
    ),
    "meets": lambda: draw.meets(
        WAVE, [1, 0, -2], [(3 + k, k) for k in range(3)], [(5 - k, k) for k in range(3)]
    ),
    "meets 2-D": lambda: draw.meets(
        GRID,
        KERNEL * 1.25,
        [((1 + y, 1 + x), (y, x)) for y, x in TAPS],
        [((3 - y, 3 - x), (y, x)) for y, x in TAPS],
    ),
    "meets, many": lambda: draw.meets(
        NOISE,
        NOISE[:2, :30].reshape(2, 5, 6),
        [((150, 7), (0, y, 3)) for y in range(5)],
        [((150, 7), (1, 0, 0))],
    ),
    "meets, apart": lambda: draw.meets(NOISE, [[5]], [((0, 0), (0, 0))], [((199, 199), (0, 0))]),
    "meets, nothing": lambda: draw.meets([3], [4], [], [], at=0),
    "maps": lambda: draw.maps(NOISE[:16, :49].reshape(16, 7, 7), name="filters"),
    "maps, grey": lambda: draw.maps(NOISE[:60].reshape(3, 40, 100), signed=False, columns=2),
    "maps, versions": lambda: draw.maps(
        NOISE[:16, :8].reshape(2, 8, 2, 4), rows=("first", "last"), columns=3
    ),
    "maps, ink": lambda: draw.maps(NOISE[:6, :4].reshape(6, 2, 2), signed=False, ink=True),
    "maps, shrunk": lambda: draw.maps(np.stack([PHOTO] * 9), columns=9),
    "products, padded": lambda: draw.products(WAVE, [1, 0, -2], 0, padding=1, dilation=2),
    "products": lambda: draw.products(WAVE, [1, 0, -2], 2),
    "products, decimals": lambda: draw.products(NOISE[:6, :5], NOISE[7:10, 2:5], (2, 0)),
    "products, 25": lambda: draw.products(GRID, np.ones((5, 5)), (1, 0)),
    "products, 49": lambda: draw.products(PHOTO, np.ones((7, 7)), (1, 100)),
    "flip 1-D": lambda: draw.flip([0.25, -0.5596, 1.5, 2, 7]),
    "flip 1-D, long": lambda: draw.flip(np.arange(30)),
    "flip 2-D": lambda: draw.flip(KERNEL, name="Sobel"),
    "flip 2-D, 5 by 5": lambda: draw.flip(np.arange(25).reshape(5, 5)),
    "filters": lambda: draw.filters(NOISE[:2, :12].reshape(2, 3, 4).round(1)),
    "filters 2-D": lambda: draw.filters(GRID[:4, :4].reshape(2, 2, 2, 2), names=("x", "<filters>", "y")),
    "filters, one": lambda: draw.filters([[[7]]]),
    "spread 1-D": lambda: draw.spread([0.25, -0.5596, 1.5], 4, names=("a", "b <c>")),
    "spread 2-D": lambda: draw.spread(KERNEL, (1, 3)),
    "spread not at all": lambda: draw.spread([[7]], 2),
    "roofline": lambda: draw.roofline(100, 20, {"fully connected": 0.5, "one channel": 2.25, "VGG": 143}),
    "roofline, many layers": lambda: draw.roofline(
        30000, 3.5, {f"a layer with a long name, number {n}": 4.0**n for n in range(-2, 7)}
    ),
    "roofline, none": lambda: draw.roofline(1.5, 900, {}),
    "image": lambda: draw.image(PHOTO, name="a photograph with a name that is longer than it is wide"),
    "image, signed": lambda: draw.image(NOISE[:20, :30], signed=True),
    "image, colour": lambda: draw.image(NOISE[:36].reshape(3, 12, 200)[:, :, :40], window=(2, 3, 5, 8)),
    "image, tinted": lambda: draw.image(GRID, tint="blue", vmin=0, vmax=2),
    "places, titled": lambda: draw.places(8, 3, stride=2, padding=(1, 1), name="a <name>"),
    "window, moved": lambda: draw.window(WAVE, [1, 0, -2], 0, padding=1, start=0),
    "channels of a named filter": lambda: draw.channels(
        CHANNELS, CHANNELS[:, :3, 1:4], (0, 1), channel=12, names=("image", "filters", "maps")
    ),
    "beside": lambda: draw.beside(draw.grid(GRID), draw.flip(KERNEL), draw.image(PHOTO)),
}


def digest():
    """Return one number for the bytes of all pictures."""
    return hashlib.sha256("".join(make()._repr_html_() for make in GALLERY.values()).encode()).hexdigest()


every_picture = pytest.mark.parametrize("name", GALLERY)


def layouts(name):
    """Return a picture, and, if it has a layout for phones, that as a picture too."""
    picture = GALLERY[name]()
    return [picture, *([Picture(picture.alt, picture.narrow)] if picture.narrow else [])]


@every_picture
def test_nothing_leaves_the_card(read, name):
    for picture in layouts(name):
        for box in read(picture).texts() + read(picture).rectangles():
            assert box.left >= 0, box
            assert box.top >= 0, box
            assert box.right <= picture.width, box
            assert box.bottom <= picture.height, box


@every_picture
def test_no_text_covers_another(read, name):
    for drawn in map(read, layouts(name)):
        for one, other in combinations(
            [*drawn.discs(), *(text for text in drawn.texts() if text.content != "+")], 2
        ):
            assert not one.overlaps(other), (one, other)


@every_picture
def test_every_number_lies_inside_its_cell(read, name):
    for drawn in map(read, layouts(name)):
        cells = [box for box in drawn.rectangles() if box.content]
        for text in drawn.texts():
            for cell in cells if text.content != "+" else []:  # between two products
                if text.overlaps(cell):
                    assert cell.left < text.left, (text, cell)
                    assert text.right < cell.right, (text, cell)


@every_picture
def test_no_text_is_small_at_natural_size(name):
    for picture in layouts(name):
        sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', picture.svg)]
        assert min(sizes) >= _theme.SMALL == 12


@every_picture
def test_a_picture_fits_a_notebook(name):
    assert GALLERY[name]().width <= 760


@every_picture
def test_what_is_laid_out_for_a_phone_fits_one(name):
    assert all(picture.width <= 391 for picture in layouts(name)[1:])


@every_picture
def test_every_colour_is_explicit(read, name):
    for element in read(GALLERY[name]()).root.iter():
        kind = element.tag.rpartition("}")[2]
        if kind in ("rect", "path", "circle", "text"):
            assert element.get("fill") is not None, element.attrib
        assert not {element.get("fill"), element.get("stroke")} & {"currentColor", "inherit"}


@every_picture
def test_nothing_needs_a_name_that_could_clash(name):
    svg = GALLERY[name]().svg
    assert not re.search(r'\s(id|class|aria-labelledby)="', svg)
    assert "<style" not in svg


@every_picture
def test_alternative_text_is_short_enough_to_listen_to(name):
    assert 10 < len(GALLERY[name]().alt) < 600


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_arrays_give_the_same_bytes_in_another_process(seed):
    code = "import test_gallery; print(test_gallery.digest())"
    here = os.path.dirname(__file__)
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([here, *sys.path])}
    other = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == digest()


@pytest.mark.parametrize(
    "module",
    [
        _numbers,
        _arrays,
        _window,
        _padding,
        _places,
        _fields,
        _filters,
        _columns,
        _matrices,
        _meets,
        _memory,
        _roofline,
        _stamps,
        _back,
        _circuit,
    ],
    ids=lambda module: module.__name__,
)
def test_examples_in_docstrings_are_true(module):
    result = doctest.testmod(module, extraglobs={"draw": draw})
    assert result.attempted > 0
    assert result.failed == 0
