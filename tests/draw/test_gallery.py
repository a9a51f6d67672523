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
from convlab.draw import _arrays, _entries, _numbers, _theme

GRID = np.array(
    [[1, 2, 0, 1, 3], [0, -1, 2, 4, 1], [2, 2, 1, 0, -3], [1, 0, 5, 1, 2], [3, 1, 0, 2, 1], [0, 1, 1, 2, 4]]
)
KERNEL = np.array([[1, 2, 0], [0, -1, 3], [4, 0, -2]])
WAVE = np.array([0, 1, 2, 4, 3, -1, -2, 0, 1, 5, 2, 1])
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
    "grid, large": lambda: draw.grid(NOISE, window=(190, 190, 10, 10)),
    "window 1-D": lambda: draw.window(WAVE, [1, 0, -2], 2),
    "window 1-D at the end": lambda: draw.window(WAVE, [1, 0, -2], 9),
    "window 1-D, decimals": lambda: draw.window(NOISE[0, :6], [0.25, -0.5596, 1.5], 1),
    "window 1-D, output": lambda: draw.window([1, 2, 3, 4, 5], [1, 2], 1, output=[-1234.5678, 2, 3, 4]),
    "window 1-D, long": lambda: draw.window(np.arange(100), [1, 2, -3, 0], 50),
    "window 1-D, large kernel": lambda: draw.window(np.arange(100), np.arange(60) - 7, 3),
    "window 1-D, one tap": lambda: draw.window([5], [-2], 0),
    "window 2-D": lambda: draw.window(GRID, KERNEL, (1, 2)),
    "window 2-D, decimals": lambda: draw.window(NOISE[:6, :5], NOISE[7:10, 2:5], (2, 0)),
    "window 2-D, 5 by 5": lambda: draw.window(NOISE[:8, :9].round(), NOISE[:5, 20:25].round(), (1, 3)),
    "window 2-D, photo": lambda: draw.window(PHOTO, KERNEL, (50, 60)),
    "window 2-D, wrong output": lambda: draw.window(GRID, KERNEL, (0, 0), output=np.zeros((4, 3))),
    "window 2-D, large kernel": lambda: draw.window(NOISE, NOISE[:31, :31], (60, 70)),
    "products": lambda: draw.products(WAVE, [1, 0, -2], 2),
    "products, decimals": lambda: draw.products(NOISE[:6, :5], NOISE[7:10, 2:5], (2, 0)),
    "products, 25": lambda: draw.products(GRID, np.ones((5, 5)), (1, 0)),
    "products, 49": lambda: draw.products(PHOTO, np.ones((7, 7)), (1, 100)),
    "flip 1-D": lambda: draw.flip([0.25, -0.5596, 1.5, 2, 7]),
    "flip 1-D, long": lambda: draw.flip(np.arange(30)),
    "flip 2-D": lambda: draw.flip(KERNEL, name="Sobel"),
    "flip 2-D, 5 by 5": lambda: draw.flip(np.arange(25).reshape(5, 5)),
    "image": lambda: draw.image(PHOTO, name="a photograph with a name that is longer than it is wide"),
    "image, signed": lambda: draw.image(NOISE[:20, :30], signed=True),
    "beside": lambda: draw.beside(draw.grid(GRID), draw.flip(KERNEL), draw.image(PHOTO)),
}


def digest():
    """Return one number for the bytes of all pictures."""
    return hashlib.sha256("".join(make()._repr_html_() for make in GALLERY.values()).encode()).hexdigest()


every_picture = pytest.mark.parametrize("name", GALLERY)


@every_picture
def test_nothing_leaves_the_card(read, name):
    picture = GALLERY[name]()
    for box in read(picture).texts() + read(picture).rectangles():
        assert box.left >= 0, box
        assert box.top >= 0, box
        assert box.right <= picture.width, box
        assert box.bottom <= picture.height, box


@every_picture
def test_no_text_covers_another(read, name):
    drawn = read(GALLERY[name]())
    for one, other in combinations(
        [*drawn.discs(), *(text for text in drawn.texts() if text.content != "+")], 2
    ):
        assert not one.overlaps(other), (one, other)


@every_picture
def test_every_number_lies_inside_its_cell(read, name):
    drawn = read(GALLERY[name]())
    cells = [box for box in drawn.rectangles() if box.content]
    for text in drawn.texts():
        for cell in cells if text.content != "+" else []:  # between two products
            if text.overlaps(cell):
                assert cell.left < text.left, (text, cell)
                assert text.right < cell.right, (text, cell)


@every_picture
def test_no_text_is_small_at_natural_size(name):
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', GALLERY[name]().svg)]
    assert min(sizes) >= _theme.SMALL == 12


@every_picture
def test_a_picture_fits_a_notebook(name):
    assert GALLERY[name]().width <= 760


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


@pytest.mark.parametrize("module", [_numbers, _arrays, _entries], ids=lambda module: module.__name__)
def test_examples_in_docstrings_are_true(module):
    result = doctest.testmod(module, extraglobs={"draw": draw})
    assert result.attempted > 0
    assert result.failed == 0
