import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme
from convlab.draw._geometry import as_pads, per_axis
from convlab.draw._numbers import number

RANDOM = np.random.default_rng(11)
CASES = [
    # input size, kernel, options
    ((8,), (3,), {}),
    ((8,), (3,), {"stride": 2}),
    ((9,), (2,), {"stride": 3, "padding": (2, 1)}),
    ((7,), (3,), {"padding": 2, "dilation": 2}),
    ((5, 6), (3, 2), {}),
    ((5, 6), (2, 3), {"stride": (2, 1), "padding": 1}),
    ((6, 5), (2, 2), {"stride": (1, 2), "padding": ((0, 1), (2, 0)), "dilation": (3, 1)}),
]


def forward(input, weight, stride=1, padding=0, dilation=1):
    """Convolve by NumPy's padding and slices, a window at a time."""
    rank = input.ndim
    stride, dilation = per_axis(stride, rank, "stride", 1), per_axis(dilation, rank, "dilation", 1)
    padded = np.pad(input, as_pads(padding, rank))
    axes = zip(padded.shape, weight.shape, stride, dilation)
    shape = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in axes]
    output = np.zeros(shape)
    for at in np.ndindex(*shape):
        window = tuple(
            slice(a * s, a * s + d * k, d) for a, s, k, d in zip(at, stride, weight.shape, dilation)
        )
        output[at] = (padded[window] * weight).sum()
    return output


@pytest.mark.parametrize(("size", "kernel", "options"), CASES)
def test_the_sum_is_what_a_change_of_the_input_does_to_the_outputs(read, size, kernel, options):
    weight = RANDOM.integers(-4, 5, kernel)
    given = RANDOM.integers(-4, 5, forward(np.zeros(size), weight, **options).shape)
    for at in np.ndindex(*size):
        change = np.zeros(size)
        change[at] = 1
        expected = (given * forward(change, weight, **options)).sum()
        drawn = read(draw.backward(given, weight, size, at, **options))
        assert drawn.total == number(expected)
        inside = {i: written for i, written in drawn.numbers("grad_input").items() if written}
        assert inside == {at: number(expected)}
        # Through which tap an output read the input: where the output of a kernel that is 1 there changes.
        for place in np.ndindex(*kernel):
            one = np.zeros(kernel)
            one[place] = 1
            readers = [tuple(map(int, i)) for i in np.argwhere(forward(change, one, **options))]
            assert len(readers) <= 1
            tap = drawn.cells("weight")[place]
            assert (tap.get("data-tap") is not None) == bool(readers)
            for reader in readers:
                assert drawn.cells("grad_output")[reader].get("fill") == tap.get("fill") != theme.CELL


def test_outputs_that_read_the_input_are_outlined_and_no_others(read):
    drawn = read(draw.backward([1, 2, 3, 4, 5, 6], [1, 2, -3], 8, 3))
    assert drawn.outlined("grad_output") == {(1,), (2,), (3,)}
    assert drawn.outlined("grad_input", "result") == {(3,)}
    assert drawn.fills("grad_output")[0,] == drawn.fills("grad_output")[4,] == theme.CELL


def test_the_kernel_of_a_signal_is_turned_around_so_that_each_tap_stands_below_its_output(read):
    drawn = read(draw.backward([1, 2, 3, 4], [1, 2, -3], 8, 2, stride=2, padding=1))
    outputs, taps, made = (drawn.lefts(name) for name in ("grad_output", "weight", "products"))
    assert taps[2,] < taps[1,] < taps[0,]
    assert outputs[1,] == taps[1,] == made[1,]
    assert set(made) == {(1,)}
    assert drawn.numbers("products") == {(1,): "4"}
    assert drawn.lefts("grad_input")[2,] == taps[0,]
    drawn = read(draw.backward([1, 2, 3, 4, 5, 6], [1, 2, -3], 8, 4))
    assert drawn.lefts("products") == pytest.approx(drawn.lefts("weight"))
    assert [drawn.lefts("grad_output")[o,] for o in (4, 3, 2)] == pytest.approx(
        list(drawn.lefts("weight").values())
    )


def test_gradients_that_fall_on_the_padding_have_a_place_too(read):
    cells = read(draw.backward([1, 2, 3, 4], [1, 2, 3], 3, 0, padding=(2, 1))).cells("grad_input")
    assert [i for (i,), cell in cells.items() if cell.get("stroke-dasharray")] == [-2, -1, 3]


def test_an_input_that_nobody_read_has_gradient_0(read):
    picture = draw.backward([1, 2, 3], [1, 2, 3], 8, 7, stride=2)
    drawn = read(picture)
    assert drawn.total == "0"
    assert "none" in drawn.words
    assert "stride 2: no output read input[7], so its gradient is 0" in drawn.words
    assert picture.svg.count(theme.HATCH) == 3
    assert picture.alt == "No output entry read input[7] (stride 2), so grad_input[7] is 0."


def test_products_of_an_image_stand_as_the_outputs_do(read):
    given, weight = np.arange(9).reshape(3, 3), np.array([[1, 2], [3, 4]])
    drawn = read(draw.backward(given, weight, (4, 4), (1, 2)))
    expected = given[0:2, 1:3] * weight[::-1, ::-1]
    assert drawn.numbers("products") == {i: str(expected[i]) for i in np.ndindex(2, 2)}


def test_who_read_the_input_is_written_and_said(read):
    picture = draw.backward([1, 2, 3], [4, 5], 4, 1)
    words = " ".join(read(picture).words)
    assert "input[1] was read by output[0] through weight[1], output[1] through weight[0]" in words
    assert picture.alt == (
        "input[1] was read by 2 outputs. grad_output[0] × weight[1]: 1 × 5 = 5; "
        "grad_output[1] × weight[0]: 2 × 4 = 8. Their sum, 13, is grad_input[1]."
    )


def test_of_a_large_kernel_a_part_is_drawn_and_all_is_summed(read):
    given, weight = RANDOM.integers(1, 9, 151), RANDOM.integers(1, 9, 50)
    drawn = read(draw.backward(given, weight, 200, 120))
    assert drawn.total == str((given[71:121] * weight[::-1]).sum())
    assert f"showing {len(drawn.cells('products'))} of 50 products; the sum is that of all" in drawn.words


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: draw.backward([1, 2], [1], 3, 0), r"grad_output has shape \(2,\): here it must be \(3,\)"),
        (lambda: draw.backward([[1]], [1], 3, 0), r"weight has shape \(1,\): it must be 2-D, as grad_output"),
        (lambda: draw.backward([1], [1, 2], 1, 0), r"weight has shape \(2,\): it must fit inside input_size"),
        (
            lambda: draw.backward([1], [1], (1, 1), 0),
            r"input_size is \(1, 1\): it must be an integer, at least 1",
        ),
        (lambda: draw.backward([[1]], [[1]], 1, 0), r"input_size is 1: it must be two integers, \(H, W\)"),
        (
            lambda: draw.backward([1, 2], [1], 2, 2),
            r"at is 2: the input has shape \(2,\), so 2 must lie between",
        ),
        (lambda: draw.backward([1, 2], [1], 2, (0, 0)), r"at is \(0, 0\): the input has shape \(2,\)"),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_the_arrays_may_have_the_names_of_a_transposed_convolution(read):
    names = ("input", "weight", "output")
    picture = draw.backward(
        [[1, -2], [3, 2]], np.arange(9).reshape(3, 3), (5, 5), (2, 1), stride=2, names=names
    )
    drawn = read(picture)
    assert drawn.numbers("output")[2, 1] == drawn.total == "10"  # 1 · 7 + 3 · 1
    assert "output[2, 1] gets input[0, 0] through weight[2, 1] and input[1, 0]" in " ".join(drawn.words)
    assert picture.alt == (
        "output[2, 1] gets something from 2 entries of input (stride 2). input[0, 0] × weight[2, 1]: 1 × 7 = 7; "
        "input[1, 0] × weight[0, 1]: 3 × 1 = 3. Their sum, 10, is output[2, 1]."
    )
    with pytest.raises(ValueError, match="it must be three different names"):
        draw.backward([1], [1], 1, 0, names=("a", "a", "b"))
