import base64

import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme


@pytest.fixture
def pixels(read, decode):
    """Read back what an image was drawn from."""

    def of(picture):
        (source,) = read(picture).images
        return decode(base64.b64decode(source.removeprefix("data:image/png;base64,")))

    return of


def test_bytes_are_drawn_as_they_are(pixels):
    photo = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)
    np.testing.assert_array_equal(pixels(draw.image(photo)), photo)


def test_floats_are_drawn_from_the_smallest_to_the_largest(pixels):
    np.testing.assert_array_equal(pixels(draw.image([[-1.0, 0.0, 3.0]])), [[0, 64, 255]])


def test_a_given_range_clips(pixels):
    drawn = pixels(draw.image([[-1, 0, 0.5, 1, 9]], vmin=0, vmax=1))
    np.testing.assert_array_equal(drawn, [[0, 0, 128, 255, 255]])


@pytest.mark.parametrize(
    ("value", "grey", "key"),
    [
        (0, 0, "black for 0, white for 1"),
        (5, 255, "black for 0, white for 5"),
        (-5, 0, "black for −5, white for 0"),
    ],
)
def test_a_constant_image_is_black_or_white(pixels, value, grey, key):
    assert draw.image([[value, value]]).alt.endswith(f"drawn with {key}.")
    np.testing.assert_array_equal(pixels(draw.image([[value, value]])), [[grey, grey]])


def test_signed_values_are_blue_white_and_orange(pixels):
    drawn = pixels(draw.image([[-4, 0, 4, -9, 2]], signed=True, vmax=4))
    blue, white, orange = map(theme.channels, (theme.NEGATIVE, theme.NEUTRAL, theme.POSITIVE))
    half = theme.channels(theme.diverging(0.5))
    np.testing.assert_array_equal(drawn[0, :4], [blue, white, orange, blue])
    np.testing.assert_allclose(drawn[0, 4], half, atol=2)


@pytest.mark.parametrize("signed", [False, True])
def test_nan_has_a_colour_of_its_own(pixels, signed):
    picture = draw.image([[np.nan, 1, -1]], signed=signed)
    drawn = pixels(picture)
    np.testing.assert_array_equal(drawn[0, 0], theme.channels(theme.MISSING))
    assert picture.alt.endswith("purple for nan.")
    assert (drawn[0, 1:] != theme.channels(theme.MISSING)).any(axis=1).all()


def test_an_image_says_shape_range_and_colours_but_not_its_pixels():
    photo = np.arange(128 * 128).reshape(128, 128) % 200
    assert draw.image(photo.astype(np.uint8), name="street").alt == (
        "Image street, 128 by 128 pixels, values from 0 to 199, drawn with black for 0, white for 255."
    )


def test_a_pixel_is_a_sharp_square_of_the_given_size(read):
    picture = draw.image(np.zeros((6, 5)), scale=10)
    (image,) = [e for e in read(picture).root.iter() if e.tag.endswith("image")]
    assert (image.get("width"), image.get("height")) == ("50", "60")
    assert image.get("style") == "image-rendering:pixelated"


MAPS = np.array([[[1.0, -2, 0]], [[0, 4, 2]], [[-1, -1, -1]]])


@pytest.fixture
def tiles(read, decode):
    """Read back the pixels of each small image."""

    def of(picture):
        sources = [base64.b64decode(s.removeprefix("data:image/png;base64,")) for s in read(picture).images]
        return [decode(source) for source in sources]

    return of


def test_maps_are_drawn_on_one_scale(tiles):
    first, second, third = tiles(draw.maps(MAPS))
    blue, orange = theme.channels(theme.diverging(-0.5)), theme.channels(theme.diverging(1))
    assert abs(first[0, 1].astype(int) - blue).max() <= 2
    assert tuple(second[0, 1]) == orange
    assert tuple(first[0, 2]) == tuple(second[0, 0]) == (255, 255, 255)
    assert (third[0] == third[0, 0]).all()


def test_unsigned_maps_go_from_the_smallest_of_all_to_the_largest_of_all(tiles):
    first, second, _ = tiles(draw.maps(MAPS, signed=False))
    assert first.tolist() == [[128, 0, 85]]
    assert second.tolist() == [[85, 255, 170]]


def test_every_map_has_its_index_and_stands_in_its_column(read):
    drawn = read(draw.maps(np.zeros((5, 2, 2)), name="filters", columns=3))
    assert [word for word in drawn.words if word.isdigit()][:5] == ["0", "1", "2", "3", "4"]
    _, *boxes = [box for box in drawn.rectangles() if box.right - box.left > 20]  # the card; image and edge
    lefts, tops = ([getattr(box, side) for box in boxes[::2]] for side in ("left", "top"))
    assert lefts[:3] == sorted(set(lefts))
    assert lefts[3:] == lefts[:2]
    assert tops[0] == tops[1] == tops[2] < tops[3] == tops[4]


def test_nan_in_a_map_is_purple(tiles):
    (tile,) = tiles(draw.maps([[[np.nan, 1]]]))
    assert tuple(tile[0, 0]) == theme.channels(theme.MISSING)


def test_maps_say_how_many_and_their_common_range():
    assert draw.maps(MAPS, name="filters").alt == (
        "3 images filters, each 1 by 3, values from −2 to 4, drawn with blue for −4, white for 0, orange for 4."
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: draw.image([1]), r"array has shape \(1,\): it must be 2-D"),
        (lambda: draw.image(np.zeros((513, 1))), r"array has shape \(513, 1\): at most 512 by 512"),
        (lambda: draw.image([[1]], scale=0), r"scale is 0: it must be"),
        (lambda: draw.image([[1]], scale=1.5), r"scale is 1\.5: it must be"),
        (lambda: draw.image([[1, 2]], vmin=3), r"vmin is 3 and vmax is 2: .* vmin below vmax"),
        (lambda: draw.image([[1, 2]], vmax=np.inf), r"vmax is inf: both must be finite"),
        (lambda: draw.image([[1]], signed=True, vmin=0), r"vmin is 0: with signed=True"),
        (lambda: draw.image([[1]], signed=True, vmax=0), r"vmax is 0: with signed=True"),
        (lambda: draw.maps([[1]]), r"array has shape \(1, 1\): it must be 3-D; draw.image"),
        (lambda: draw.maps(np.zeros((129, 1, 1))), r"array has shape \(129, 1, 1\): at most 128 images"),
        (lambda: draw.maps(np.zeros((1, 1, 600))), r"at most 512 by 512 .* array\[:, ::2, ::2\]"),
        (lambda: draw.maps([[[1]]], columns=0), r"columns is 0: it must be an integer between 1 and 16"),
        (lambda: draw.maps([[[1]]], columns=2.0), r"columns is 2\.0: it must be an integer"),
    ],
)
def test_an_error_names_the_argument_and_its_value(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_ink_is_drawn_from_white_to_black(tiles, read):
    picture = draw.maps([[[0, 1, 4]]], signed=False, ink=True)
    (tile,) = tiles(picture)
    assert tile.tolist() == [[255, 191, 0]]
    assert picture.alt.endswith("drawn with white for 0, black for 4.")


def test_labels_stand_below_the_images_instead_of_indices(read):
    picture = draw.maps(MAPS, labels=["1 → 2", "8 → 9", "dead"])
    words = read(picture).words
    assert {"1 → 2", "8 → 9", "dead"} <= set(words)
    assert "2" not in words
    assert picture.alt.endswith("Below them: 1 → 2, 8 → 9, dead.")
    with pytest.raises(ValueError, match=r"labels is .* it must be 3 words"):
        draw.maps(MAPS, labels=["a"])


def test_two_versions_of_an_image_stand_above_each_other(read):
    drawn = read(draw.maps(np.zeros((2, 5, 2, 2)), rows=("start", "learned"), columns=3))
    _, *boxes = [box for box in drawn.rectangles() if box.right - box.left > 20]
    places = [(box.left, box.top) for box in boxes[::2]]
    assert [x for x, _ in places[::2]] == [x for x, _ in places[1::2]]
    assert all(last > first for (_, first), (_, last) in zip(places[::2], places[1::2]))
    assert drawn.words.count("learned") == 2
    with pytest.raises(ValueError, match=r"rows is .* it must be 2 words"):
        draw.maps(np.zeros((2, 5, 2, 2)), rows=("one",))


def test_three_channels_are_a_colour_picture(pixels):
    colour = np.random.default_rng(0).integers(0, 256, (3, 4, 5)).astype(np.uint8)
    picture = draw.image(colour, name="street")
    np.testing.assert_array_equal(pixels(picture), np.moveaxis(colour, 0, -1))
    assert picture.alt.startswith("Colour image street, 4 by 5 pixels")


def test_a_tint_takes_the_place_of_white(pixels):
    picture = draw.image([[0, 127, 254]], tint="green", vmin=0, vmax=254)
    np.testing.assert_array_equal(pixels(picture), [[[0, 0, 0], [0, 128, 0], [0, 255, 0]]])
    assert picture.alt.endswith("drawn with black for 0, green for 254.")


def test_the_key_says_where_values_lie_beyond_it(read):
    picture = draw.image([[-500, 0, 300]], signed=True, vmax=400)
    assert picture.alt.endswith("drawn with blue for ≤ −400, white for 0, orange for 400.")
    assert {"≤ −400", "0", "400"} <= set(read(picture).words)
    assert draw.image([[-1, 300]], vmin=0, vmax=255).alt.endswith("black for ≤ 0, white for ≥ 255.")


def test_the_key_has_the_grey_of_zero():
    picture = draw.image([[-128, 64]], vmin=-128, vmax=128)
    assert picture.alt.endswith("drawn with black for −128, grey for 0, white for 128.")
    assert 'fill="#808080"' in picture.svg


def test_a_window_is_outlined_on_the_pixels(read):
    picture = draw.image(np.zeros((6, 8)), scale=10, window=(1, 2, 3, 4))
    assert picture.alt.endswith(" A window outlines rows 1 to 3 and columns 2 to 5.")
    boxes = [
        (box.right - box.left, box.bottom - box.top, box.left, box.top) for box in read(picture).rectangles()
    ]
    (_, _, left, top), *_ = [box for box in boxes if box[:2] == (80, 60)]
    assert [box[2:] for box in boxes if box[:2] == (40, 30)] == [(left + 20, top + 10)] * 2


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: draw.image(np.zeros((2, 4, 5))),
            r"array has shape \(2, 4, 5\): three axes must be \(3, H, W\)",
        ),
        (
            lambda: draw.image(np.zeros((3, 4, 5)), signed=True),
            r"array has three channels: such a picture cannot",
        ),
        (
            lambda: draw.image([[1, 2]], tint="pink"),
            r"tint is 'pink': it must be one of 'red', 'green', 'blue'",
        ),
        (lambda: draw.image([[1, 2]], tint="red", signed=True), r"tint is 'red': signed values have colours"),
        (lambda: draw.image([[1, 2]], window=(0, 0, 2, 1)), r"window is \(0, 0, 2, 1\): it must lie inside"),
    ],
)
def test_a_colour_that_cannot_be_drawn_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
