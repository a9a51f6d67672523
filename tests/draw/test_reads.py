import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme
from convlab.draw._numbers import number

IMAGE = np.arange(20).reshape(4, 5) - 3
WANTED, USED = "input, should read", "input, yours reads"
SQUARE = [(0, 0), (0, 1), (1, 0), (1, 1)]
ABOVE = [(-1, -1), (-1, 0), (0, -1), (0, 0)]


def test_both_sides_show_the_array(read):
    drawn = read(draw.reads(IMAGE, SQUARE, ABOVE[3:]))
    for side in (WANTED, USED):
        assert drawn.numbers(side) == {i: number(value) for i, value in np.ndenumerate(IMAGE)}


def test_what_should_be_read_is_outlined_on_one_side_and_what_was_on_the_other(read):
    drawn = read(draw.reads(IMAGE, SQUARE, [(1, 0), (1, 1), (2, 0), (2, 1)]))
    assert drawn.outlined(WANTED, "right") == set(SQUARE)
    assert drawn.outlined(USED, "right") == {(1, 0), (1, 1)}
    assert drawn.outlined(USED, "wrong") == {(2, 0), (2, 1)}
    assert drawn.outlined(USED, "missed") == {(0, 0), (0, 1)}
    fills = drawn.fills(USED)
    assert fills[1, 0] == theme.TAP
    assert fills[2, 0] == theme.WRONG
    assert fills[0, 0] == fills[3, 3] == theme.CELL


def test_what_lies_in_the_padding_is_drawn_on_both_sides(read):
    drawn = read(draw.reads(IMAGE, ABOVE, SQUARE))
    for side in (WANTED, USED):
        cells = drawn.cells(side)
        assert set(cells) == {(y, x) for y in range(-1, 4) for x in range(-1, 5)}
        dashed = {index for index, cell in cells.items() if cell.get("stroke-dasharray")}
        assert dashed == {(y, x) for y, x in cells if y < 0 or x < 0}
    assert drawn.fills(WANTED)[-1, -1] == theme.TAP


def test_places_of_a_signal_may_be_plain_integers(read):
    drawn = read(draw.reads([5, 6, 7, 8], range(2), np.array([1, 4])))
    assert drawn.outlined(WANTED, "right") == {(0,), (1,)}
    assert drawn.outlined(USED, "wrong") == {(4,)}
    assert drawn.numbers(USED)[4,] == "0"


def test_an_index_read_twice_is_marked(read):
    drawn = read(draw.reads([5, 6, 7], [0, 1], [0, 0]))
    assert [word for word in drawn.words if "×" in word] == ["1×", "2×"]
    assert not [word for word in read(draw.reads([5, 6], [0, 1], [0])).words if "×" in word]


def test_only_colours_that_occur_are_explained(read):
    words = read(draw.reads(IMAGE, SQUARE, SQUARE)).words
    assert "read, as it should be" in words
    assert not {"read in error", "left out"} & set(words)
    words = read(draw.reads(IMAGE, [(0, 0)], [(1, 1)])).words
    assert "read, as it should be" not in words
    assert {"read in error", "left out"} <= set(words)


def test_of_a_large_array_the_part_that_is_read_is_drawn_on_both_sides(read):
    drawn = read(draw.reads(np.zeros((100, 100)), [(50, 60)], [(51, 60)]))
    assert set(drawn.cells(WANTED)) == set(drawn.cells(USED))
    assert {(50, 60), (51, 60)} <= set(drawn.cells(USED))


def test_places_that_are_far_apart_are_each_drawn_on_their_side(read):
    drawn = read(draw.reads(np.zeros((100, 100)), [(50, 60)], [(99, 0), (10, 99)]))
    assert drawn.outlined(WANTED, "right") == {(50, 60)}
    assert drawn.outlined(USED, "wrong") == {(10, 99)}


def test_the_array_and_the_entry_that_reads_it_are_named(read):
    words = read(draw.reads(IMAGE, SQUARE, ABOVE, name="x[0, 1]", at=(2, 3), output="grad")).words
    assert words[:4] == ["grad[2, 3]", "reads", "x[0, 1]", "(4, 5)"]


def test_the_difference_is_said(read):
    picture = draw.reads(IMAGE, ABOVE, SQUARE, at=(0, 0, 2, 1))
    assert picture.alt == (
        "For output[0, 0, 2, 1]: input should be read at rows −1 to 0 and columns −1 to 0; "
        "yours reads rows 0 to 1 and columns 0 to 1. "
        "Left out: [−1, −1], [−1, 0], [0, −1]. Read in error: [0, 1], [1, 0], [1, 1]."
    )
    assert {"should read", "yours reads", "rows −1 to 0 and columns −1 to 0"} <= set(read(picture).words)


def test_places_that_are_no_rectangle_are_listed():
    alt = draw.reads(np.arange(9), [0, 2, 4], [], at=3).alt
    assert alt == "For output[3]: input should be read at 0, 2, 4; yours reads nothing. Left out: 0, 2, 4."


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: draw.reads([1], [0.0], []), r"wanted holds 0\.0: each place must be an integer"),
        (lambda: draw.reads(IMAGE, SQUARE, [0]), r"used holds 0: each place must be two integers, \(y, x\)"),
        (lambda: draw.reads(IMAGE[None], [], []), r"input has shape \(1, 4, 5\): it must be 1-D or 2-D"),
        (lambda: draw.reads([1], [], [], at="x"), r"at is 'x': it must be an integer or a tuple"),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(call, said):
    with pytest.raises(ValueError, match=said):
        call()
