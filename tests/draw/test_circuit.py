"""One window as a circuit, against products worked by hand and central differences."""

import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme
from convlab.draw._numbers import number

SIGNAL, TAPS = np.array([2, 1, 4, 3, 0, 5, 2]), np.array([4, 2, 1])


def by_colour(read, picture):
    texts = [e for e in read(picture).root.iter() if e.tag.endswith("text")]
    numbers = [e for e in texts if e.get("font-family") is None and e.get("text-anchor") == "middle"]
    return [e.text for e in numbers if e.get("fill") == theme.INK], [
        e.text for e in numbers if e.get("fill") == theme.RESULT
    ]


def test_above_the_wires_stand_the_values(read):
    above, _ = by_colour(read, draw.circuit(SIGNAL, TAPS, 1, -2))
    # input, tap and product of each tap, then the sum
    assert above == ["1", "4", "4", "4", "2", "8", "3", "1", "3", "15"]


def test_below_the_wires_stands_what_a_small_change_does_to_the_loss(read):
    upstream, step = -2, 1e-6

    def loss(signal, taps):
        return upstream * np.dot(signal[1:4], taps)

    _, below = by_colour(read, draw.circuit(SIGNAL, TAPS, 1, upstream))
    expected = []
    for k in range(3):
        for signal, taps in ((np.eye(7)[1 + k], np.zeros(3)), (np.zeros(7), np.eye(3)[k])):
            up = loss(SIGNAL + step * signal, TAPS + step * taps)
            down = loss(SIGNAL - step * signal, TAPS - step * taps)
            expected.append(number(round((up - down) / (2 * step), 3)))
        expected.append("−2")  # the product: the sum grows as it does
    assert below == [*expected, "−2"]


def test_it_says_what_is_handed_back():
    assert draw.circuit([2, 1], [4, 3], 0, 10).alt == (
        "One window as a circuit of 2 products. Forward: 2 · 4 + 1 · 3 = 11 is output[0]. "
        "Back, from 10: input[0] gets 40, weight[0] gets 20, input[1] gets 30, weight[1] gets 10."
    )


def test_it_has_a_layout_for_a_phone():
    picture = draw.circuit(SIGNAL, TAPS, 1, -2)
    assert picture.narrow is not None
    assert picture.narrow.width <= theme.PHONE * 1.1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([[1]], [1], 0, 1), r"input has shape \(1, 1\)"),
        ((SIGNAL, TAPS, 1, [1]), r"upstream has shape \(1,\)"),
        ((np.ones(9), np.ones(7), 0, 1), "at most 6 taps are drawn"),
        ((SIGNAL, TAPS, 5, 1), "at is 5"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        draw.circuit(*arguments)
