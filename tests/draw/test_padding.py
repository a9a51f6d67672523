import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme

SIGNAL = np.array([3, 1, 4, 1.5, 5])
IMAGE = np.arange(12).reshape(3, 4) - 2
NUMPYS = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def written(array, pads):
    """Return what NumPy's padded array holds, by the index that it has beside the input."""
    from convlab.draw._numbers import number

    starts = [before for before, _ in pads]
    return {
        tuple(i - start for i, start in zip(index, starts)): number(value)
        for index, value in np.ndenumerate(array)
    }


@pytest.mark.parametrize("mode", NUMPYS)
@pytest.mark.parametrize("pads", [(2, 3), (0, 1), (4, 4)])
def test_a_padded_signal_is_numpys(read, mode, pads):
    drawn = read(draw.padded(SIGNAL, pads, mode=mode))
    assert drawn.numbers("input") == written(np.pad(SIGNAL, pads, mode=NUMPYS[mode]), [pads])


@pytest.mark.parametrize("mode", NUMPYS)
@pytest.mark.parametrize("pads", [((1, 2), (0, 3)), ((2, 0), (1, 1))])
def test_a_padded_image_is_numpys(read, mode, pads):
    drawn = read(draw.padded(IMAGE, pads, mode=mode))
    assert drawn.numbers("input") == written(np.pad(IMAGE, pads, mode=NUMPYS[mode]), pads)


@pytest.mark.parametrize("mode", NUMPYS)
def test_what_is_outside_is_dashed_and_nothing_else(read, mode):
    cells = read(draw.padded(IMAGE, ((1, 0), (2, 1)), mode=mode)).cells("input")
    dashed = {index for index, cell in cells.items() if cell.get("stroke-dasharray")}
    assert dashed == {(y, x) for y, x in cells if y < 0 or x < 0 or x > 3}


def test_a_copy_has_the_colour_of_where_it_comes_from_and_its_index(read):
    drawn = read(draw.padded(SIGNAL, (2, 1), mode="reflect"))
    fills = drawn.fills("input")
    assert fills[-2,] == fills[2,]
    assert fills[-1,] == fills[1,]
    assert fills[5,] == fills[3,]
    assert len({fills[1,], fills[2,], fills[3,], theme.CELL}) == 4
    assert fills[0,] == fills[4,] == theme.CELL
    assert [word for word in drawn.words if word.startswith("[")] == ["[2]", "[1]", "[3]"]


def test_zeros_come_from_nowhere(read):
    drawn = read(draw.padded(SIGNAL, (1, 1)))
    assert set(drawn.fills("input").values()) == {theme.CELL, theme.OUTSIDE}
    assert not [word for word in drawn.words if word.startswith("[")]


def test_around_a_mirror_bows_lead_from_each_entry_to_its_copy():
    def bows(mode):
        return draw.padded(SIGNAL, (2, 1), mode=mode).svg.count("A")

    assert bows("reflect") - bows("circular") == 3


def test_an_image_of_one_pixel_can_be_replicated(read):
    assert set(read(draw.padded([[7]], ((1, 1), (1, 1)), mode="replicate")).numbers("input").values()) == {
        "7"
    }


def test_padding_is_said_with_the_whole_result():
    assert draw.padded([3, 1, 4], (0, 2)).alt == (
        "Signal input of length 3, with padding, 2 at the right, of zeros: 3, 1, 4, 0, 0."
    )
    assert draw.padded(IMAGE, ((1, 0), (0, 0)), mode="circular", name="x").alt == (
        "Grid x, 3 by 4, with padding, 1 at the top, of what stands at the other end: "
        "6, 7, 8, 9; −2, −1, 0, 1; 2, 3, 4, 5; 6, 7, 8, 9."
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: draw.padded(SIGNAL, (1, 1), mode="same"),
            r"mode is 'same': it must be one of 'zeros', 'reflect'",
        ),
        (
            lambda: draw.padded(SIGNAL, (5, 0), mode="reflect"),
            r"pads is \(5, 0\): of 5 entries, .* at most 4",
        ),
        (
            lambda: draw.padded(SIGNAL, (0, 6), mode="circular"),
            r"pads is \(0, 6\): of 5 entries, .* at most 5",
        ),
        (lambda: draw.padded(SIGNAL, (1, -1)), r"pads is \(1, -1\): it must be an integer of at least 0"),
        (
            lambda: draw.padded(IMAGE, ((1, 1), 1)),
            r"pads is \(\(1, 1\), 1\): .* \(\(top, bottom\), \(left, right\)\)",
        ),
        (
            lambda: draw.padded(np.ones((1, 1, 2)), (1, 1)),
            r"input has shape \(1, 1, 2\): it must be 1-D or 2-D",
        ),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(call, said):
    with pytest.raises(ValueError, match=said):
        call()
