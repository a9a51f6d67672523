import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme

SIGNAL, TAPS = [5, 6, 7, 8], [4, 2, 1]
RIGHT = [(1, 0), (2, 1), (3, 2)]
FLIPPED = [(1, 2), (2, 1), (3, 0)]


def notes(drawn, array):
    """Return what is written in an array's cells, from top to bottom."""
    cells = drawn.lefts(array)
    boxes = [box for box in drawn.rectangles() if box.content]
    written = {}
    for index in cells:
        for box in boxes:
            if box.content == ",".join(map(str, index)) and abs(box.left - cells[index]) < 0.01:
                inside = [text for text in drawn.texts() if text.overlaps(box)]
                written.setdefault(index, []).append([t.content for t in sorted(inside, key=lambda t: t.top)])
    return written


def test_each_tap_is_written_on_the_entry_that_it_multiplies(read):
    drawn = read(draw.meets(SIGNAL, TAPS, RIGHT, FLIPPED))
    assert ["[0]", "×4", "6"] in notes(drawn, "input, should be")[1,]
    assert ["[2]", "×1", "6"] in notes(drawn, "input, yours")[1,]
    assert ["[0]", "×4", "8"] in notes(drawn, "input, yours")[3,]


def test_a_tap_has_one_colour_wherever_it_lies(read):
    drawn = read(draw.meets(SIGNAL, TAPS, RIGHT, FLIPPED))
    kernel = drawn.fills("weight")
    assert list(kernel.values()) == list(theme.TAPS[:3])
    for array, pairs in [("input, should be", RIGHT), ("input, yours", FLIPPED)]:
        assert {i: fill for i, fill in drawn.fills(array).items() if fill != theme.CELL} == {
            (place,): kernel[tap,] for place, tap in pairs
        }


def test_what_meets_another_tap_is_outlined_apart(read):
    drawn = read(draw.meets(SIGNAL, TAPS, RIGHT, FLIPPED))
    assert drawn.outlined("input, should be", "right") == {(1,), (2,), (3,)}
    assert drawn.outlined("input, yours", "wrong") == {(1,), (3,)}
    assert drawn.outlined("input, yours", "right") == {(2,)}


def test_both_sums_are_those_of_numpy(read):
    words = read(draw.meets(SIGNAL, TAPS, RIGHT, FLIPPED)).words
    correlated, convolved = np.correlate(SIGNAL, TAPS)[1], np.convolve(SIGNAL, TAPS, "valid")[1]
    assert [word for word in words if word.startswith("sum of")] == [
        f"sum of the products: {correlated}",
        f"sum of the products: {convolved}",
    ]


def test_taps_of_another_channel_stand_in_a_kernel_of_their_own(read):
    weight = np.arange(8).reshape(2, 2, 2)
    drawn = read(draw.meets([3, 4], weight, [(0, (0, 1, 0))], [(0, (1, 0, 0))]))
    assert drawn.numbers("weight[0, 1]") == {(0,): "2", (1,): "3"}
    assert drawn.numbers("weight[1, 0]") == {(0,): "4", (1,): "5"}
    assert ["[1,0,0]", "×4", "3"] in notes(drawn, "input, yours")[0,]


def test_the_alternative_text_says_what_meets_what():
    assert draw.meets([5, 6], [[1, 2]], [(0, (0, 0))], [(0, (0, 1))], at=(0, 3), output="y").alt == (
        "For y[0, 3]: it should be: input[0] meets weight[0, 0]. Yours: input[0] meets weight[0, 1]. "
        "Sums of products: 5 and 10."
    )


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([(0, 3)], r"wanted holds \(0, 3\): each must be a pair of indices, .* of shape \(3,\)"),
        ([(-1, 0)], r"wanted holds \(-1, 0\)"),
        ([3], r"wanted holds 3: each must be a pair"),
        ([((0, 0), 1)], r"wanted holds \(\(0, 0\), 1\)"),
    ],
)
def test_a_pair_that_is_none_is_named(pairs, said):
    with pytest.raises(ValueError, match=said):
        draw.meets(SIGNAL, TAPS, pairs, [])
