import numpy as np
import pytest

from convlab.draw import _theme as theme

FILLS = [
    theme.OUTSIDE,
    theme.EMPTY,
    theme.HATCH,
    theme.WRONG,
    theme.CARD,
    theme.CELL,
    theme.TAP,
    theme.RESULT_FILL,
    *theme.TAPS,
]
DEEPEST = [theme.diverging(share, theme.HEAT_DEPTH) for share in (-1, -0.5, 0, 0.5, 1)]
DEEPEST += [theme.sequential(share) for share in (0.5, 1)]

# Machado, Oliveira, Fernandes (2009), severity 1: what a colour becomes, in linear light.
SEEN = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
    "typical": np.eye(3),
}


def lab(linear):
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(linear, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def seen(colour, sight):
    share = np.array(theme.channels(colour)) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return lab(np.array(SEEN[sight]) @ linear)


def test_contrast_is_that_of_wcag():
    assert theme.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert theme.contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)
    assert theme.contrast("#FFFFFF", "#FFFFFF") == 1


@pytest.mark.parametrize("fill", [*FILLS, *DEEPEST])
def test_numbers_are_readable_on_every_fill(fill):
    assert theme.contrast(theme.INK, fill) >= 4.5


@pytest.mark.parametrize("colour", [theme.MUTED, theme.RESULT])
def test_captions_are_readable_on_the_card(colour):
    assert theme.contrast(colour, theme.CARD) >= 4.5


@pytest.mark.parametrize("fill", [*FILLS, *DEEPEST])
def test_a_window_stands_out_from_every_fill(fill):
    assert theme.contrast(theme.WINDOW, fill) >= 3


@pytest.mark.parametrize("colour", [theme.LINE, theme.RESULT, theme.NEGATIVE, theme.POSITIVE])
def test_lines_and_the_ends_of_the_colours_stand_out_from_the_card(colour):
    assert theme.contrast(colour, theme.CARD) >= 3


@pytest.mark.parametrize("sight", SEEN)
def test_taps_that_touch_in_a_3_by_3_kernel_look_different(sight):
    for tap in range(9):
        for other in range(tap):
            (y, x), (v, u) = divmod(tap, 3), divmod(other, 3)
            if abs(y - v) + abs(x - u) == 1:
                far = np.linalg.norm(seen(theme.TAPS[tap], sight) - seen(theme.TAPS[other], sight))
                assert far > 13, (tap, other)


def test_a_small_kernel_has_a_colour_for_each_tap_and_a_large_one_has_one():
    assert len({theme.tap_colour(tap, 9) for tap in range(9)}) == 9
    assert {theme.tap_colour(tap, 10) for tap in range(10)} == {theme.TAP}


def test_zero_is_neutral_and_signs_have_a_side_each():
    assert theme.diverging(0) == theme.NEUTRAL
    assert theme.diverging(-1) == theme.NEGATIVE
    assert theme.diverging(1) == theme.POSITIVE
    assert theme.mix("#000000", "#FFFFFF", 0.5) == "#808080"
