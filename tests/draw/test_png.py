import numpy as np
import pytest

from convlab.draw._png import png


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (128, 128), (300, 251)])
def test_a_grey_picture_decodes_to_its_pixels(decode, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.testing.assert_array_equal(decode(png(pixels)), pixels)


def test_a_palette_decodes_to_its_colours(decode):
    palette = np.array([[1, 2, 3], [250, 0, 9]], dtype=np.uint8)
    pixels = np.array([[0, 1, 1]], dtype=np.uint8)
    np.testing.assert_array_equal(decode(png(pixels, palette)), [[[1, 2, 3], [250, 0, 9], [250, 0, 9]]])


def test_the_bytes_are_those_of_stored_blocks():
    assert png(np.array([[7]], dtype=np.uint8)).hex() == (
        "89504e470d0a1a0a"
        "0000000d49484452000000010000000108000000003a7e9b55"
        "0000000d4944415478010102"
        "00fdff0007"
        "00090008"
        "b9ac8687"
        "0000000049454e44ae426082"
    )
