import numpy as np
import pytest

from convlab import draw
from convlab.draw._numbers import number

RANDOM = np.random.default_rng(3)
IMAGES, KERNELS = RANDOM.integers(-4, 5, (3, 4, 5)), RANDOM.integers(-3, 4, (3, 2, 3))
SIGNALS, TAPS = RANDOM.normal(size=(2, 7)), RANDOM.normal(size=(2, 3))


def totals(drawn):
    return [e.get("data-total") for e in drawn.root.iter() if e.get("data-total") is not None]


@pytest.mark.parametrize("at", [(0, 0), (2, 1), (1, 2)])
def test_every_channel_has_its_sum_and_the_sums_are_added(read, at):
    drawn = read(draw.channels(IMAGES, KERNELS, at))
    patch = IMAGES[:, at[0] : at[0] + 2, at[1] : at[1] + 3]
    partial = (patch * KERNELS).sum(axis=(1, 2))
    assert totals(drawn) == [number(value) for value in [*partial, partial.sum()]]
    for c in range(3):
        made = {i: number((patch * KERNELS)[c][i]) for i in np.ndindex(2, 3)}
        assert drawn.numbers(f"products[{c}]") == made
        assert drawn.numbers(f"weight[{c}]") == {i: number(KERNELS[c][i]) for i in np.ndindex(2, 3)}
        assert drawn.outlined(f"input[{c}]") == {(at[0] + y, at[1] + x) for y, x in np.ndindex(2, 3)}


def test_signals_too(read):
    drawn = read(draw.channels(SIGNALS, TAPS, 3))
    partial = (SIGNALS[:, 3:6] * TAPS).sum(axis=1)
    assert totals(drawn) == [number(value) for value in [*partial, partial.sum()]]
    assert drawn.outlined("input[1]") == {(3,), (4,), (5,)}
    assert "output[3] =" in drawn.words


def test_kernels_and_entry_are_called_by_their_output_channel(read):
    drawn = read(draw.channels(IMAGES, KERNELS, (2, 1), channel=3, names=("x", "filters", "y")))
    assert [word for word in drawn.words if "[" in word] == [
        *("x[0]", "filters[3, 0]", "x[1]", "filters[3, 1]", "x[2]", "filters[3, 2]"),
        "y[3, 2, 1] =",
    ]
    assert drawn.numbers("filters[3, 1]") == {i: number(KERNELS[1][i]) for i in np.ndindex(2, 3)}


def test_which_part_of_long_signals_is_shown_is_said_once_and_the_same_for_any_numbers(read):
    for taps in ([[1, 0, 1]] * 3, [[0.5, -0.5, 1]] * 3):
        drawn = read(draw.channels([[*range(11), 0]] * 3, taps, 0))
        assert set(drawn.cells("input[2]")) == {(i,) for i in range(5)}
        assert [word for word in drawn.words if "showing" in word] == ["showing indices 0–4 of 12"]


def test_a_factor_below_zero_stands_in_brackets(read):
    words = read(draw.channels([[1, -2]], [[-3, 0.5]], 0)).words
    assert {"1×(−3)", "−2×0.5"} <= set(words)


def test_a_tap_has_one_colour_in_all_channels(read):
    drawn = read(draw.channels(IMAGES, KERNELS, (1, 1)))
    for name in ("weight", "products"):
        assert drawn.fills(f"{name}[0]") == drawn.fills(f"{name}[1]") == drawn.fills(f"{name}[2]")
    for y, x in np.ndindex(2, 3):
        assert drawn.fills("input[2]")[1 + y, 1 + x] == drawn.fills("weight[0]")[y, x]


def test_the_sums_stand_below_each_other(read):
    drawn = read(draw.channels(IMAGES, KERNELS, (0, 0)))
    sums = [e for e in drawn.root.iter() if e.get("data-total") is not None]
    tall = [box for box in drawn.rectangles() if box.bottom - box.top == pytest.approx(36)]
    boxes = [box for box in tall if box.content is None]
    assert len(boxes) == len(sums) == 4
    centres = [(box.left + box.right) / 2 for box in boxes]
    assert centres == pytest.approx([centres[0]] * 4)
    assert [box.top for box in boxes] == sorted(box.top for box in boxes)


def test_channels_that_are_not_drawn_are_summed_too(read):
    drawn = read(draw.channels(np.ones((20, 3)), np.full((20, 2), 2), 0))
    assert totals(drawn) == [*["4"] * 8, "48", "80"]
    assert "… and 12 more channels, together" in drawn.words


def test_without_room_for_the_products_kernel_and_sum_remain(read):
    images, kernels = RANDOM.normal(size=(1, 9, 9)), RANDOM.normal(size=(1, 7, 7))
    drawn = read(draw.channels(images, kernels, (1, 2)))
    assert "products" not in drawn.words
    assert "each sum is that of all 49 products" in drawn.words
    assert totals(drawn)[0] == number((images[0, 1:8, 2:9] * kernels[0]).sum())


def test_channels_say_products_and_sums():
    assert draw.channels([[1, 2, 3], [4, 5, 6]], [[1, 0], [2, -1]], 1).alt == (
        "One entry of a convolution over 2 channels, the window over indices 1 to 2. "
        "Products, channel 0: 2, 0 make 2; channel 1: 10, −6 make 4. Sums added: 2 + 4 = 6, which is output[1]."
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: draw.channels([1], [1], 0),
            r"input has shape \(1,\): it must be 2-D or 3-D; take one example",
        ),
        (lambda: draw.channels(IMAGES, TAPS, 0), r"weight has shape \(2, 3\): it must be 3-D, as input"),
        (
            lambda: draw.channels(IMAGES, KERNELS[:2], (0, 0)),
            r"weight has shape \(2, 2, 3\): it must have 3 channels",
        ),
        (
            lambda: draw.channels(SIGNALS, np.ones((2, 8)), 0),
            r"weight has shape \(8,\): it must fit inside input",
        ),
        (lambda: draw.channels(SIGNALS, TAPS, 0, channel=-1), r"channel is -1: it must be an integer of at"),
        (lambda: draw.channels(SIGNALS, TAPS, 0, names="abc"), r"names is 'abc': it must be three different"),
        (lambda: draw.channels(SIGNALS, TAPS, 5), r"at is 5: the output has shape \(5,\)"),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(call, said):
    with pytest.raises(ValueError, match=said):
        call()
