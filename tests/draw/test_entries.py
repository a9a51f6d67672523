import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme

SIGNAL = np.array([0, 1, 2, 4, 3, -1, -2, 0])
TAPS = np.array([1, 0.5, -2])
IMAGE = np.array(
    [[1, 2, 0, 1, 3], [0, -1, 2, 4, 1], [2, 2, 1, 0, -3], [1, 0, 5, 1, 2], [3, 1, 0, 2, 1], [0, 1, 1, 2, 4]]
)
KERNEL = np.array([[1, 2, 0], [0, -1, 3], [4, 0, -2]])


def test_products_write_out_every_term_and_the_total(read):
    picture = draw.products(SIGNAL, TAPS, 4)
    drawn = read(picture)
    assert drawn.words[2:11] == ["input[4]", "×", "weight[0]", "=", "3", "×", "1", "=", "3"]
    assert [word for word in drawn.words if word.startswith("input")] == ["input[4]", "input[5]", "input[6]"]
    assert drawn.total == "6.5"
    assert picture.alt == (
        "output[4] is the sum of 3 products: 3 × 1 = 3, −1 × 0.5 = −0.5, −2 × (−2) = 4. Total 6.5."
    )


def test_products_have_the_colours_of_the_window(read):
    rects = [e for e in read(draw.products(IMAGE, KERNEL, (0, 0))).root.iter() if e.get("data-tap")]
    assert [rect.get("fill") for rect in rects] == list(theme.TAPS)


def test_of_very_many_products_the_first_are_written(read):
    drawn = read(draw.products(np.ones((9, 9)), np.ones((7, 7)), (1, 1)))
    assert len([e for e in drawn.root.iter() if e.get("data-tap")]) == 25
    assert "… and 24 more" in drawn.words
    assert drawn.total == "49"


def test_flipping_a_signal_reverses_it_and_keeps_colours(read):
    drawn = read(draw.flip([1, 2, -3]))
    assert drawn.numbers("weight") == {(0,): "1", (1,): "2", (2,): "−3"}
    assert drawn.numbers("flipped weight") == {(0,): "−3", (1,): "2", (2,): "1"}
    kept, turned = drawn.fills("weight"), drawn.fills("flipped weight")
    assert [turned[2 - i,] for i in range(3)] == [kept[i,] for i in range(3)] == list(theme.TAPS[:3])


def test_flipping_a_kernel_turns_both_axes_and_keeps_colours(read):
    kernel = np.arange(6).reshape(2, 3)
    drawn = read(draw.flip(kernel, name="k"))
    assert drawn.numbers("flipped k") == {i: str(kernel[::-1, ::-1][i]) for i in np.ndindex(2, 3)}
    kept, turned = drawn.fills("k"), drawn.fills("flipped k")
    assert all(turned[1 - y, 2 - x] == kept[y, x] for y, x in np.ndindex(2, 3))


def test_a_flip_says_both_orders():
    assert draw.flip([1, 2, -3]).alt == (
        "Kernel weight as correlation uses it, which is what torch does: 1, 2, −3. "
        "Flipped, as convolution uses it: −3, 2, 1."
    )


def test_spread_taps_keep_their_colours_and_stand_apart(read):
    kernel = np.arange(1, 7).reshape(2, 3)
    drawn = read(draw.spread(kernel, (3, 2), names=("k", "apart")))
    expected = np.zeros((4, 5), dtype=int)
    expected[::3, ::2] = kernel
    assert drawn.numbers("apart") == {i: str(expected[i]) for i in np.ndindex(4, 5)}
    there, here = drawn.fills("apart"), drawn.fills("k")
    assert {there[3 * y, 2 * x] == here[y, x] for y, x in np.ndindex(2, 3)} == {True}
    dashed = [i for i, cell in drawn.cells("apart").items() if cell.get("stroke-dasharray")]
    assert dashed == [i for i in np.ndindex(4, 5) if i[0] % 3 or i[1] % 2]
    assert drawn.words.count("[1,2]") == 2


def test_a_spread_kernel_of_a_signal():
    assert (
        draw.spread([4, 2], 3).alt
        == "Kernel weight: 4, 2. With dilation 3 it is spread, length 4: 4, 0, 0, 2."
    )
    with pytest.raises(
        ValueError, match=r"dilation is 12: at most 12 rows or columns can be drawn, not \(13,\)"
    ):
        draw.spread([4, 2], 12)
    with pytest.raises(ValueError, match=r"dilation is 0: it must be an integer of at least 1"):
        draw.spread([4, 2], 0)
    with pytest.raises(ValueError, match=r"names is 'ab': it must be two different names"):
        draw.spread([4, 2], 1, names="ab")
