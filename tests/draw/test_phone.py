import base64
import re

import numpy as np
import pytest

from convlab import draw
from convlab.draw import Picture
from convlab.draw import _page as page
from convlab.draw import _theme as theme

SIGNAL, TAPS = [2, 1, 4, 3, 0, 5, 2], [4, 2, 1]
IMAGE, KERNEL = np.arange(30).reshape(6, 5), np.arange(1, 10).reshape(3, 3)


def phone(picture):
    return Picture(picture.alt, picture.narrow)


def test_a_phone_gets_a_layout_of_its_own_and_all_else_the_plain_image():
    picture = draw.window(IMAGE, KERNEL, (1, 1))
    found = re.fullmatch(
        r'<picture><source media="\(max-width: 480px\)" srcset="data:image/svg\+xml;base64,([^"]*)" '
        r'width="(\d+)" height="(\d+)">(<img alt=.*>)</picture>',
        picture._repr_html_(),
    )
    source, width, height, image = found.groups()
    assert base64.b64decode(source).decode() == phone(picture)._repr_svg_()
    assert (int(width), int(height)) == (phone(picture).width, phone(picture).height)
    assert image == Picture(picture.alt, picture.block)._repr_html_()
    assert picture.svg == Picture(picture.alt, picture.block).svg


def test_what_fits_a_phone_has_one_layout():
    assert draw.signal([1, 2]).narrow is None


def test_on_a_phone_the_names_of_rows_stand_above_them(read):
    picture = draw.window([*SIGNAL, 1, 7], TAPS, 1)
    wide, narrow = read(picture), read(phone(picture))
    assert min(wide.lefts("input").values()) > 60
    assert min(narrow.lefts("input").values()) == theme.MARGIN
    assert phone(picture).width < picture.width


@pytest.mark.parametrize("array", ["weight", "products"])
def test_on_a_phone_every_tap_is_shown(read, array):
    picture = draw.window(IMAGE, KERNEL, (1, 1))
    assert read(phone(picture)).numbers(array) == read(picture).numbers(array)
    assert len(read(picture).numbers(array)) == 9


def test_on_a_phone_the_channels_and_their_sum_are_the_same(read):
    picture = draw.channels([IMAGE[:3, :3], IMAGE[2:5, 2:5]], [KERNEL[:2, :2], KERNEL[1:, 1:]], (1, 1))
    narrow = read(phone(picture))
    for channel in range(2):
        assert narrow.numbers(f"products[{channel}]") == read(picture).numbers(f"products[{channel}]")
    first, second = np.sum(IMAGE[1:3, 1:3] * KERNEL[:2, :2]), np.sum(IMAGE[3:5, 3:5] * KERNEL[1:, 1:])
    assert f"{first} + {second}" in narrow.words


def test_where_a_phone_would_lack_numbers_it_scrolls_the_picture():
    assert draw.grid(np.arange(160).reshape(10, 16)).narrow is None


def test_a_field_of_many_inputs_has_cells_without_indices_on_a_phone(read):
    drawn = read(phone(draw.receptive_field([(3, 1, 2)] * 3, at=0, size=20)))
    assert drawn.numbers("input") == {(i,): str(i) for i in range(20)}
    assert "19" not in drawn.words
    assert "a field of 13, 7 of them read" in drawn.words


def test_drawing_for_a_phone_leaves_the_next_picture_as_it_was():
    before = draw.signal(range(12)).width
    with pytest.raises(ValueError, match="disk"), page.of_a_phone():
        raise ValueError("disk")
    assert page.width() == theme.PAGE
    assert draw.signal(range(12)).width == before


def test_pictures_beside_each_other_are_images_of_their_own_in_html():
    pictures = [draw.signal(range(7), name=name) for name in ("first", "last")]
    both = draw.beside(*pictures)
    assert both._repr_html_() == (
        '<div style="display:flex;flex-wrap:wrap;align-items:flex-start;gap:8px">\n'
        f"{pictures[0]._repr_html_()}\n{pictures[1]._repr_html_()}\n</div>"
    )
    assert both._repr_svg_().count("<svg") == 1
    assert both.svg.count('data-array="') == 2


def test_pictures_that_fit_a_phone_together_stay_one_image():
    assert draw.beside(draw.signal([1, 2]), draw.signal([3]))._repr_html_().startswith("<img")


def test_rows_of_pictures_stay_rows():
    line = draw.beside(*[draw.grid(KERNEL)] * 3)
    table = draw.beside(line, line)._repr_html_()
    assert table == f'<div style="display:grid;gap:8px">\n{line._repr_html_()}\n{line._repr_html_()}\n</div>'


@pytest.mark.parametrize("at", range(7))
def test_a_phone_shows_all_of_nine_values_and_seven_outputs(read, at):
    picture = draw.window([1, -4, 3, 0, 5], [1, 2, 4], at, padding=2)
    narrow = read(phone(picture))
    assert len(narrow.cells("input")) == 9
    assert len(narrow.cells("output")) == 7
    assert phone(picture).width <= 391


def test_a_phone_gets_no_layout_that_lacks_a_part_of_the_output():
    assert draw.window(np.arange(100, 114), [1, 2, 3], 4).narrow is None


def test_a_layout_for_a_phone_may_show_more(read):
    picture = draw.channels([[*range(11), 0]] * 3, [[0.125, -0.5, 1]] * 3, 0)
    assert len(read(picture).cells("input[0]")) < len(read(phone(picture)).cells("input[0]")) == 5
