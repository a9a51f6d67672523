"""A view over memory: its entries stand below the numbers that they are."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from convlab import draw
from convlab.draw import _theme as theme

SIGNAL = np.array([2, 1, 4, 3, 0, 5, 2])


def test_every_entry_stands_below_its_number_in_memory(read):
    drawn = read(draw.memory(as_strided(SIGNAL, (3, 3), (16, 8)), axes=("x", "k")))
    assert drawn.numbers("memory") == {(i,): str(value) for i, value in enumerate(SIGNAL)}
    strip = drawn.lefts("memory")
    for x in range(3):
        row = drawn.lefts(f"x {x}")
        # Window x with stride 2 is samples 2x, 2x + 1 and 2x + 2.
        assert row == pytest.approx({(2 * x + k,): strip[2 * x + k,] for k in range(3)})
        assert list(drawn.fills(f"x {x}").values()) == list(theme.TAPS[:3])


def test_addresses_and_strides_are_written_and_said(read):
    picture = draw.memory(as_strided(SIGNAL, (3, 2), (8, 16)), axes=("x", "k"))
    words = read(picture).words
    assert {"0", "8", "16", "24", "32"} <= set(words)
    assert "strides (8, 16): +8 bytes for each x, +16 bytes for each k" in " ".join(words)
    assert picture.alt == (
        "Memory under view, 3 by 2, 5 numbers long. One x further is 8 bytes further, one k 16 bytes. "
        "x 0: bytes 0, 16. x 1: bytes 8, 24. x 2: bytes 16, 32."
    )


def test_a_view_that_runs_backwards_starts_behind(read):
    drawn = read(draw.memory(np.arange(6).reshape(2, 3)[::-1]))
    assert drawn.numbers("row 0") == {(3,): "3", (4,): "4", (5,): "5"}
    assert drawn.numbers("memory") == {(i,): str(i) for i in range(6)}


def test_what_the_view_leaves_out_is_hatched(read):
    picture = draw.memory(np.arange(8).reshape(2, 4)[:, ::2])
    assert read(picture).numbers("memory")[1,] == ""
    assert picture.svg.count(theme.HATCH) == 3  # numbers 1, 3 and 5


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (np.zeros((2, 40)), "reaches over 80 numbers: take a part"),
        (np.zeros(3), r"view has shape \(3,\): it must be 2-D"),
        (as_strided(SIGNAL, (2, 2), (8, 0)), "each must lead to another number of its row"),
    ],
)
def test_what_cannot_be_drawn_is_refused(view, said):
    with pytest.raises(ValueError, match=said):
        draw.memory(view)
