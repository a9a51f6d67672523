import numpy as np
import pytest

from convlab import draw
from convlab.draw import Picture
from convlab.draw import _theme as theme
from convlab.draw._numbers import number

SIGNALS = np.arange(18).reshape(2, 3, 3) - 8
IMAGES = np.arange(24).reshape(2, 2, 2, 3) / 2 - 5


@pytest.mark.parametrize("weight", [SIGNALS, IMAGES])
def test_every_pair_of_channels_has_its_kernel_in_the_colours_of_its_taps(read, weight):
    picture = draw.filters(weight)
    for drawn in (read(picture), read(Picture(picture.alt, picture.narrow))):
        for o, c in np.ndindex(*weight.shape[:2]):
            kernel = weight[o, c]
            numbers = drawn.numbers(f"weight[{o}, {c}]")
            assert numbers == {i: number(kernel[i]) for i in np.ndindex(*kernel.shape)}
            assert list(drawn.fills(f"weight[{o}, {c}]").values()) == list(theme.TAPS[: kernel.size])


def test_a_row_is_a_filter_and_a_column_an_input_channel(read):
    drawn = read(draw.filters(SIGNALS, names=("x", "w", "y")))
    for c in range(3):
        assert drawn.lefts(f"w[0, {c}]") == drawn.lefts(f"w[1, {c}]")
    places = {box.content: box for box in drawn.texts()}
    for o in range(2):
        assert places[f"y[{o}]"].left > places[f"w[{o}, 2]"].right
        assert places[f"w[{o}, 0]"].top == places[f"w[{o}, 2]"].top < places[f"y[{o}]"].top
        assert places[f"y[{o}]"].top - places[f"w[{o}, 0]"].top < 60
    heads = [places[f"x[{c}]"] for c in range(3)]
    assert [head.left for head in heads] == sorted(head.left for head in heads)
    assert max(head.bottom for head in heads) < places["w[0, 0]"].top
    assert drawn.words.count("+") == 4


def test_filters_say_what_is_added():
    assert draw.filters([[[1, 2]], [[3, 4]]]).alt == (
        "2 filters of 1 kernel, one for each input channel: output[0] adds weight[0, 0] on input[0] (1, 2); "
        "output[1] adds weight[1, 0] on input[0] (3, 4)."
    )


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (np.zeros((5, 1, 2)), r"weight has shape \(5, 1, 2\): at most 4 filters of 4 kernels"),
        (np.zeros((1, 1, 6)), r"weight has shape \(1, 1, 6\): .* 5 taps along an axis"),
        (np.zeros((2, 2)), r"weight has shape \(2, 2\): it must be 3-D or 4-D"),
    ],
)
def test_what_is_too_large_is_refused(weight, said):
    with pytest.raises(ValueError, match=said):
        draw.filters(weight)
