import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme
from convlab.draw._numbers import number

SIGNAL = np.array([0, 1, 2, 4, 3, -1, -2, 0])
TAPS = np.array([1, 0.5, -2])
IMAGE = np.array(
    [[1, 2, 0, 1, 3], [0, -1, 2, 4, 1], [2, 2, 1, 0, -3], [1, 0, 5, 1, 2], [3, 1, 0, 2, 1], [0, 1, 1, 2, 4]]
)
KERNEL = np.array([[1, 2, 0], [0, -1, 3], [4, 0, -2]])
RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("at", range(6))
def test_the_sum_of_a_signals_window_is_numpys(read, at):
    drawn = read(draw.window(SIGNAL, TAPS, at))
    assert drawn.total == number(np.correlate(SIGNAL, TAPS, "valid")[at])


@pytest.mark.parametrize("at", list(np.ndindex(4, 3)))
def test_the_sum_of_an_images_window_is_numpys(read, at):
    patch = IMAGE[at[0] : at[0] + 3, at[1] : at[1] + 3]
    drawn = read(draw.window(IMAGE, KERNEL, at))
    assert drawn.total == number(np.sum(patch * KERNEL))
    assert drawn.numbers("products") == {i: number((patch * KERNEL)[i]) for i in np.ndindex(3, 3)}


@pytest.mark.parametrize(("draws", "taps"), [(draw.window, 9), (draw.products, 9)])
def test_sums_of_decimals_are_numpys(read, draws, taps):
    image, kernel = RANDOM.normal(size=(5, 4)), RANDOM.normal(size=(3, 3))
    assert read(draws(image, kernel, (2, 1))).total == number(np.sum(image[2:5, 1:4] * kernel))


def test_bytes_do_not_wrap_around(read):
    assert read(draw.window(np.array([200, 100], np.uint8), np.array([2, 3], np.uint8), 0)).total == "700"


def test_the_window_of_a_signal_is_where_the_entry_reads(read):
    drawn = read(draw.window(SIGNAL, TAPS, 4))
    assert drawn.outlined("input") == {(4,), (5,), (6,)}
    assert drawn.numbers("input") == {(i,): number(v) for i, v in enumerate(SIGNAL)}
    assert drawn.numbers("weight") == {(0,): "1", (1,): "0.5", (2,): "−2"}
    assert drawn.numbers("products") == {(0,): "3", (1,): "−0.5", (2,): "4"}


def test_the_window_of_an_image_is_where_the_entry_reads(read):
    drawn = read(draw.window(IMAGE, KERNEL, (3, 1)))
    assert drawn.outlined("input") == {(y, x) for y in (3, 4, 5) for x in (1, 2, 3)}


def test_a_signals_taps_products_and_entry_stand_below_what_they_read(read):
    boxes = [box for box in read(draw.window(SIGNAL, TAPS, 4)).rectangles() if box.content]
    left = {}
    for box in boxes:
        left.setdefault(box.content, []).append(box.left)
    source, output = left["4"]
    assert [source, output, left["0"][1], left["0"][2]] == pytest.approx([source] * 4)


def test_a_tap_has_one_colour_wherever_it_appears(read):
    drawn = read(draw.window(IMAGE, KERNEL, (1, 2)))
    weights, inputs, made = (drawn.fills(name) for name in ("weight", "input", "products"))
    assert len(set(weights.values())) == 9
    for y, x in np.ndindex(3, 3):
        assert weights[y, x] == made[y, x] == inputs[1 + y, 2 + x] == theme.TAPS[3 * y + x]
    assert {fill for (y, x), fill in inputs.items() if y < 1 or x < 2} == {theme.CELL}


def test_more_than_nine_taps_have_one_tint(read):
    drawn = read(draw.window(np.ones((6, 6)), np.ones((2, 5)), (0, 0)))
    assert set(drawn.fills("weight").values()) == {theme.TAP}


def test_only_the_entry_is_filled_in(read):
    drawn = read(draw.window(SIGNAL, TAPS, 1))
    assert drawn.numbers("output") == {(i,): "−6" if i == 1 else "" for i in range(6)}
    assert drawn.outlined("output", "result") == {(1,)}


def test_given_numbers_fill_the_other_entries(read):
    output = np.arange(12).reshape(4, 3) * 10
    output[1, 2] = 17
    picture = draw.window(IMAGE, KERNEL, (1, 2), output=output)
    assert read(picture).numbers("output") == {i: str(output[i]) for i in np.ndindex(4, 3)}
    assert picture.alt.endswith("Output given: 0, 10, 20; 30, 40, 17; 60, 70, 80; 90, 100, 110.")


def test_a_given_number_that_is_not_the_sum_is_pointed_out(read):
    picture = draw.window(SIGNAL, TAPS, 1, output=np.zeros(6))
    said = "At [1] the output given holds 0, but the sum is −6."
    assert said in read(picture).words
    assert picture.alt.endswith(said)
    assert read(picture).numbers("output")[1,] == "−6"


def test_a_window_says_its_arithmetic():
    assert draw.window(SIGNAL, TAPS, 4).alt == (
        "Window over indices 4 to 6 of input (length 8): 3, −1, −2. Weight: 1, 0.5, −2. Products: 3, −0.5, 4. "
        "Their sum, 6.5, is output[4] (length 6)."
    )
    assert draw.window(IMAGE, KERNEL, (1, 2)).alt == (
        "Window over rows 1 to 3 and columns 2 to 4 of input (6 by 5): 2, 4, 1; 1, 0, −3; 5, 1, 2. "
        "Weight: 1, 2, 0; 0, −1, 3; 4, 0, −2. Products: 2, 8, 0; 0, 0, −9; 20, 0, −4. "
        "Their sum, 17, is output[1, 2] (4 by 3)."
    )


def test_a_large_window_is_said_by_its_range():
    alt = draw.window(np.arange(100), np.arange(30), 2).alt
    assert alt.startswith("Window over indices 2 to 31 of input (length 100): 30 numbers from 2 to 31.")
    assert len(alt) < 300


def test_around_a_window_in_a_large_image_the_neighbourhood_is_drawn(read):
    drawn = read(draw.window(np.zeros((128, 128)), KERNEL, (50, 60)))
    assert set(drawn.cells("input")) == {(y, x) for y in range(46, 56) for x in range(56, 66)}
    assert drawn.numbers("output")[50, 60] == "0"


@pytest.mark.parametrize(
    ("image", "kernel", "at"),
    [(np.arange(90), np.arange(40), 30), (np.ones((40, 40)), np.ones((31, 31)), (5, 6))],
)
def test_a_kernel_that_does_not_fit_is_shown_in_part_and_summed_whole(read, image, kernel, at):
    drawn = read(draw.window(image, kernel, at))
    expected = sum(range(30, 70) * np.arange(40)) if image.ndim == 1 else 31 * 31
    assert drawn.total == str(expected)
    shown = len(drawn.cells("products"))
    assert f"showing {shown} of {kernel.size} products; the sum is that of all" in drawn.words
    assert drawn.numbers("output")[at if image.ndim == 2 else (at,)] == str(expected)


@pytest.mark.parametrize("at", [2, np.int64(2), (2,), [2], np.array([2])])
def test_an_entry_of_a_signal_may_be_given_as_any_integer(at):
    assert draw.window(SIGNAL, TAPS, at).svg == draw.window(SIGNAL, TAPS, 2).svg


def test_nan_and_infinity_go_through_the_sum(read):
    assert read(draw.window([1, np.nan, 2], [1, 2], 0)).total == "nan"
    assert read(draw.window([np.inf, -np.inf], [1, 1], 0)).total == "nan"
    assert read(draw.window([np.inf, 1], [-1, 1], 0)).total == "−inf"


@pytest.mark.parametrize("draws", [draw.window, draw.products])
@pytest.mark.parametrize(
    ("image", "kernel", "at", "said"),
    [
        (
            np.ones((1, 1, 3, 3)),
            [[1]],
            (0, 0),
            r"input has shape \(1, 1, 3, 3\): it must be 1-D or 2-D; take one channel",
        ),
        ([1, 2], [[1]], 0, r"weight has shape \(1, 1\): it must be 1-D, as input, which has shape \(2,\)"),
        ([1, 2], [1, 2, 3], 0, r"weight has shape \(3,\): it must fit inside input, which has shape \(2,\)"),
        (np.ones((2, 5)), np.ones((3, 3)), (0, 0), r"weight has shape \(3, 3\): it must fit inside input"),
        ([1, 2], [1], 2, r"at is 2: the output has shape \(2,\), so 2 must lie between 0 and 1"),
        ([1, 2], [1], -1, r"at is -1: .* so -1 must lie between 0 and 1"),
        ([1, 2], [1], 1.0, r"at is 1\.0: .* so it must be an integer"),
        ([1, 2], [1], "0", r"at is '0': .* so it must be an integer"),
        (np.ones((3, 4)), np.ones((2, 2)), 1, r"at is 1: .* so it must be two integers, \(y, x\)"),
        (
            np.ones((3, 4)),
            np.ones((2, 2)),
            (0, 3),
            r"at is \(0, 3\): the output has shape \(2, 3\), so 3 must lie between 0 and 2",
        ),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(draws, image, kernel, at, said):
    with pytest.raises(ValueError, match=said):
        draws(image, kernel, at)


def test_an_output_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"output has shape \(8,\): here it must be \(6,\)"):
        draw.window(SIGNAL, TAPS, 0, output=SIGNAL)


def slid(input, weight, at, stride, pads, dilation):
    """Return one entry and what its window holds, from NumPy's own padding and slicing."""
    padded = np.pad(input, pads)
    parts = tuple(slice(a * s, a * s + d * k, d) for a, s, d, k in zip(at, stride, dilation, weight.shape))
    held = padded[parts]
    return held, (held * weight).sum()


@pytest.mark.parametrize(
    ("at", "options"),
    [
        (0, {"padding": 1}),
        (7, {"padding": 1}),
        (3, {"stride": 2, "padding": (2, 1)}),
        (1, {"stride": 2, "dilation": 2}),
        (4, {"padding": (0, 4), "dilation": 2}),
    ],
)
def test_stride_padding_and_dilation_of_a_signal_are_numpys(read, at, options):
    drawn = read(draw.window(SIGNAL, TAPS, at, **options))
    pads = options.get("padding", 0)
    pads = [(pads, pads) if isinstance(pads, int) else pads]
    stride, dilation = options.get("stride", 1), options.get("dilation", 1)
    held, total = slid(SIGNAL, TAPS, (at,), (stride,), pads, (dilation,))
    assert drawn.total == drawn.numbers("output")[at,] == number(total)
    start = at * stride - pads[0][0]
    assert drawn.outlined("input") == {(start + dilation * k,) for k in range(3)}
    assert [drawn.numbers("input")[start + dilation * k,] for k in range(3)] == list(map(number, held))


@pytest.mark.parametrize(
    ("at", "options"),
    [
        ((0, 0), {"stride": 1, "pads": ((1, 1), (1, 1)), "dilation": (1, 1)}),
        ((5, 4), {"stride": 1, "pads": ((1, 1), (1, 1)), "dilation": (1, 1)}),
        ((1, 2), {"stride": (2, 1), "pads": ((0, 2), (3, 0)), "dilation": (1, 2)}),
        ((0, 1), {"stride": (1, 2), "pads": ((0, 0), (2, 1)), "dilation": (2, 1)}),
    ],
)
def test_stride_padding_and_dilation_of_an_image_are_numpys(read, at, options):
    stride, pads, dilation = options["stride"], options["pads"], options["dilation"]
    drawn = read(draw.window(IMAGE, KERNEL, at, stride=stride, padding=pads, dilation=dilation))
    stride = (stride, stride) if isinstance(stride, int) else stride
    held, total = slid(IMAGE, KERNEL, at, stride, pads, dilation)
    assert drawn.total == number(total)
    assert drawn.numbers("products") == {i: number((held * KERNEL)[i]) for i in np.ndindex(3, 3)}
    start = [a * s - before for a, s, (before, _) in zip(at, stride, pads)]
    places = {(y, x): (start[0] + dilation[0] * y, start[1] + dilation[1] * x) for y, x in np.ndindex(3, 3)}
    assert drawn.outlined("input") == set(places.values())
    for place, source in places.items():
        assert drawn.numbers("input")[source] == number(held[place])
        assert drawn.fills("input")[source] == drawn.fills("weight")[place]


def test_padding_is_drawn_around_the_input_as_dashed_zeros(read):
    cells = read(draw.window(IMAGE, KERNEL, (0, 0), padding=((1, 0), (0, 2)))).cells("input")
    assert set(cells) == {(y, x) for y in range(-1, 6) for x in range(7)}
    outside = {index for index, cell in cells.items() if cell.get("stroke-dasharray")}
    assert outside == {(y, x) for y, x in cells if y < 0 or x > 4}
    assert {cells[index].get("data-value") for index in outside} == {"0"}


def test_spread_taps_leave_holes(read):
    drawn = read(draw.window(SIGNAL, TAPS, 0, dilation=2))
    inputs = drawn.fills("input")
    assert [inputs[i,] for i in range(5)] == [
        theme.TAPS[0],
        theme.CELL,
        theme.TAPS[1],
        theme.CELL,
        theme.TAPS[2],
    ]


@pytest.mark.parametrize(
    "options", [{"padding": 2}, {"stride": 2}, {"dilation": 2}, {"padding": (3, 0), "stride": 2}]
)
def test_a_signals_entry_stands_below_the_start_of_its_window_whatever_the_stride(read, options):
    drawn = read(draw.window(SIGNAL, TAPS, 1, **options))
    groups = {name: drawn.lefts(name) for name in ("input", "weight", "products", "output")}
    before = options.get("padding", 0)
    before = before if isinstance(before, int) else before[0]
    stride, dilation = options.get("stride", 1), options.get("dilation", 1)
    start = stride - before
    for k in range(3):
        column = groups["input"][start + dilation * k,]
        assert groups["weight"][k,] == groups["products"][k,] == pytest.approx(column, abs=2.1)
    for (i,), left in groups["output"].items():
        assert left == pytest.approx(groups["input"][i * stride - before,], abs=2.1)


def test_what_departs_from_plain_sliding_is_written_below_and_said_first(read):
    picture = draw.window(SIGNAL, TAPS, 1, stride=2, padding=1)
    words = read(picture).words
    assert "stride 2, padding 1:" in words
    assert "output[1] reads input[1·2 − 1 + k]" in words
    assert picture.alt.startswith("Stride 2, padding 1. Window over indices 1 to 3 of input")


def test_how_much_of_a_window_lies_in_the_padding_is_said():
    alt = draw.window(IMAGE, KERNEL, (0, 0), padding=1).alt
    assert (
        "rows −1 to 1 and columns −1 to 1 of input (6 by 5), 5 of 9 in the padding: 0, 0, 0; 0, 1, 2" in alt
    )


def test_input_weight_and_output_may_have_other_names(read):
    picture = draw.window(SIGNAL, TAPS, 1, output=np.zeros(6), names=("x", "w", "y"))
    drawn = read(picture)
    assert drawn.numbers("y")[1,] == "−6"
    assert {"x", "w", "y"} <= set(drawn.words)
    assert "input" not in picture.svg
    assert "y given: 0, 0, 0, 0, 0, 0. At [1] the y given holds 0" in picture.alt


@pytest.mark.parametrize("names", ["xwy", ("x", "w"), ("x", "x", "y")])
def test_other_names_than_three_are_refused(names):
    with pytest.raises(ValueError, match=r"names is .*: it must be three different names"):
        draw.window(SIGNAL, TAPS, 1, names=names)


def test_an_output_index_beyond_the_stride_is_refused():
    with pytest.raises(ValueError, match=r"at is 3: the output has shape \(3,\)"):
        draw.window(SIGNAL, TAPS, 3, stride=2)


def test_products_read_the_padding_too(read):
    drawn = read(draw.products(SIGNAL, TAPS, 0, padding=1, stride=2, dilation=2))
    assert [word for word in drawn.words if word.startswith("input")] == ["input[−1]", "input[1]", "input[3]"]
    assert drawn.total == number(0.5 * 1 - 2 * 4)
    lines = [e for e in drawn.root.iter() if e.get("data-tap")]
    assert [line.get("stroke-dasharray") is not None for line in lines] == [True, False, False]


def test_a_flipped_kernels_taps_keep_the_colours_and_indices_of_the_kernel(read):
    drawn = read(draw.window([1, 5, 2], [3, 2, 4], 0, flipped=True))
    # The kernel itself is [4, 2, 3]: 3 is its tap 2 and stands first, below input[0].
    assert drawn.numbers("weight") == {(0,): "4", (1,): "2", (2,): "3"}
    lefts = drawn.lefts("weight")
    assert [lefts[2,], lefts[1,], lefts[0,]] == pytest.approx([drawn.lefts("input")[i,] for i in range(3)])
    assert drawn.fills("weight") == {(k,): theme.TAPS[k] for k in range(3)}
    assert drawn.fills("input") == {(i,): theme.TAPS[2 - i] for i in range(3)}
    assert drawn.total == "21"


def test_a_flipped_image_is_refused():
    with pytest.raises(ValueError, match="flipped is True: only the kernel of a signal"):
        draw.window(IMAGE, KERNEL, (0, 0), flipped=True)


def test_the_indices_of_taps_may_have_other_letters(read):
    words = read(draw.window(SIGNAL, TAPS, 1, dilation=2, letters=("x",))).words
    assert "output[1] reads input[1 + x·2]" in words
    words = read(draw.window(IMAGE, KERNEL[:2, :2], (1, 0), dilation=2, letters="yx")).words
    assert "output[1, 0] reads input[1 + y·2, 0 + x·2]" in words
    with pytest.raises(ValueError, match="letters is 'y': it must be 2, one for each axis"):
        draw.window(IMAGE, KERNEL, (0, 0), letters="y")


def test_a_place_that_is_no_entry_is_filled_as_wrong_and_said(read):
    picture = draw.window([1, 2, 3, 4], [1, 1], 2, keep=2)
    drawn = read(picture)
    assert drawn.fills("output") == {(0,): theme.CELL, (1,): theme.CELL, (2,): theme.WRONG}
    assert "hatched: output has the shape (2,): place [2] is none of its entries." in drawn.words
    assert picture.alt.endswith("Output has the shape (2,): place [2] is none of its entries.")
    kept = read(draw.window([1, 2, 3, 4], [1, 1], 1, keep=2))
    assert kept.fills("output")[1,] == theme.RESULT_FILL
    with pytest.raises(ValueError, match="keep is 4: there are only"):
        draw.window([1, 2, 3, 4], [1, 1], 2, keep=4)


def test_padding_and_outputs_that_are_not_drawn_are_said(read):
    drawn = read(draw.window(np.arange(6), [1, 2], 0, padding=30))
    first, last = min(drawn.cells("input"))[0], max(drawn.cells("input"))[0]
    assert first == -30
    assert f"showing input: indices −30–{number(last)} of −30–35, padding included" in drawn.words
    assert f"showing output: indices 0–{max(drawn.cells('output'))[0]} of 65" in drawn.words


def test_all_of_an_image_is_drawn_where_a_line_of_its_own_has_room(read):
    drawn = read(draw.window(np.arange(80).reshape(8, 10) * 10, np.ones((2, 6), dtype=int), (1, 2)))
    assert len(drawn.cells("input")) == 80


def test_a_window_that_was_moved_shows_where_it_should_be(read):
    picture = draw.window([2, 1, 4, 3], [4, 2, 1], 0, padding=1, start=0)
    drawn = read(picture)
    assert drawn.outlined("input") == {(0,), (1,), (2,)}
    assert drawn.outlined("input", "wanted") == {(-1,), (0,), (1,)}
    assert drawn.total == str(2 * 4 + 1 * 2 + 4 * 1)
    assert drawn.numbers("output") == {(0,): "14", (1,): "", (2,): "", (3,): ""}
    assert picture.alt.endswith("The window begins at 0; for output[0] it should begin at −1.")
    with pytest.raises(ValueError, match="start is 3: the window fits from -1 to 2"):
        draw.window([2, 1, 4, 3], [4, 2, 1], 0, padding=1, start=3)
    with pytest.raises(ValueError, match="start is given: only the window of a signal"):
        draw.window(IMAGE, KERNEL, (0, 0), start=0)


def test_the_formula_of_a_flipped_kernel_counts_down(read):
    words = read(draw.window([1, 5, 2], [3, 2, 4], 1, padding=2, flipped=True)).words
    assert "output[1] reads input[1 − k]" in words
