import pytest

from convlab import draw
from convlab.draw import _theme as theme


def hatched(picture):
    return picture.svg.count(f'stroke="{theme.HATCH}"')


@pytest.mark.parametrize(
    ("size", "kernel", "options", "reads"),
    [
        (5, 3, {}, [[0, 1, 2], [1, 2, 3], [2, 3, 4]]),
        (8, 3, {"stride": 2}, [[0, 1, 2], [2, 3, 4], [4, 5, 6]]),
        (4, 3, {"padding": (1, 0)}, [[-1, 0, 1], [0, 1, 2], [1, 2, 3]]),
        (7, 2, {"dilation": 4, "stride": 2}, [[0, 4], [2, 6]]),
        (1, 1, {}, [[0]]),
    ],
)
def test_every_place_has_a_row_with_its_taps_where_they_read(read, size, kernel, options, reads):
    drawn = read(draw.places(size, kernel, **options))
    header = drawn.lefts("input")
    for at, indices in enumerate(reads):
        assert drawn.numbers(f"output[{at}]") == {(i,): str(k) for k, i in enumerate(indices)}
        for index, left in drawn.lefts(f"output[{at}]").items():
            assert left == pytest.approx(header[index], abs=0.1)
    assert f"output[{len(reads)}]" not in drawn.words
    count = f"{len(reads)} place" + ("s" if len(reads) > 1 else "")
    assert any(word.endswith(f"= {count}") for word in drawn.words)


def test_inputs_that_no_window_reads_are_hatched_named_and_said(read):
    picture = draw.places(9, 2, stride=4)
    assert hatched(picture) == 5
    assert (
        "hatched: read by no window (input[2], input[3], input[6], input[7], … 5 in all)"
        in read(picture).words
    )
    assert picture.alt.endswith("No window reads inputs 2, 3, 6, 7, 8.")
    assert hatched(draw.places(9, 2)) == 0


def test_padding_stands_beside_the_inputs_with_dashes(read):
    cells = read(draw.places(3, 2, padding=(2, 1))).cells("input")
    assert [index[0] for index in cells] == [-2, -1, 0, 1, 2, 3]
    assert [i for (i,), cell in cells.items() if cell.get("stroke-dasharray")] == [-2, -1, 3]
    assert [cell.get("data-value") for cell in cells.values()] == ["0", "0", "", "", "", "0"]


def test_indices_stand_below_the_cells(read):
    drawn = read(draw.places(3, 2, padding=(1, 0)))
    bottom = max(box.bottom for box in drawn.rectangles() if box.content and box.top < 30)
    assert [box.content for box in drawn.texts() if bottom < box.top < bottom + 18] == ["−1", "0", "1", "2"]


def test_what_the_colours_mean_stands_below(read):
    assert "coloured: tap k of the kernel" in read(draw.places(8, 3)).words
    assert "coloured: the taps of the kernel" in read(draw.places(90, 3)).words


@pytest.mark.parametrize(
    ("arguments", "key", "said"),
    [
        ((8, 3, 2, 1), "the zero at 8", "the zero at 8"),
        (
            (7, 2, 4, (0, 2)),
            "input[2], input[3], input[6], the zero at 7, … 5 in all",
            "inputs 2, 3, 6 or the zeros at 7, 8",
        ),
        ((2, 1, 3, (1, 1)), "input[0], input[1]", "inputs 0, 1"),
    ],
)
def test_zeros_that_no_window_reads_are_named_too(read, arguments, key, said):
    size, kernel, stride, padding = arguments
    picture = draw.places(size, kernel, stride=stride, padding=padding)
    assert f"hatched: read by no window ({key})" in read(picture).words
    assert picture.alt.endswith(f" No window reads {said}.")
    assert hatched(picture) == said.count(",") + len(said.split(" or "))


def test_a_title_tells_pictures_beside_each_other_apart(read):
    picture = draw.places(5, 3, padding=1, name="same")
    assert read(picture).words[0] == "same"
    assert picture.alt.startswith("same: a window of 3 taps")


@pytest.mark.parametrize(
    ("arguments", "formula"),
    [
        ((5, 3), "5 − 3 + 1 = 3 places"),
        ((5, 3, 1, 2), "5 + 2 + 2 − 3 + 1 = 7 places"),
        ((8, 3, 2), "⌊(8 − 3) / 2⌋ + 1 = ⌊5 / 2⌋ + 1 = 3 places"),
        ((5, 3, 1, 2, 2), "5 + 2 + 2 − 5 + 1 = 5 places"),
        ((7, 3, 3, (0, 2), 2), "⌊(7 + 2 − 5) / 3⌋ + 1 = ⌊4 / 3⌋ + 1 = 2 places"),
        ((7, 3, 3, (0, 2), 2), "span 2·(3 − 1) + 1 = 5"),
    ],
)
def test_the_count_is_written_with_its_numbers(read, arguments, formula):
    size, kernel, *rest = arguments
    options = dict(zip(("stride", "padding", "dilation"), rest))
    assert formula in read(draw.places(size, kernel, **options)).words


def test_of_many_places_the_first_and_the_last_are_drawn(read):
    drawn = read(draw.places(40, 5))
    assert "… 24 more" in drawn.words
    rows = [word for word in drawn.words if word.startswith("output[")]
    assert rows == [f"output[{i}]" for i in [*range(10), 34, 35]]
    assert set(drawn.cells("output[35]")) == {(35,), (36,), (37,), (38,), (39,)}


def test_places_say_what_each_reads():
    assert draw.places(5, 2, stride=2, padding=1).alt == (
        "A window of 2 taps over 5 inputs, stride 2, padding 1: 3 places. "
        "Output 0 reads −1, 0; output 1 reads 1, 2; output 2 reads 3, 4. No window reads the zero at 5."
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: draw.places(0, 1), r"size is 0: it must be an integer of at least 1"),
        (lambda: draw.places(5, 2.0), r"kernel_size is 2\.0: it must be an integer of at least 1"),
        (lambda: draw.places((5, 5), 2), r"size is \(5, 5\): it must be an integer"),
        (lambda: draw.places(5, 3, stride=0), r"stride is 0: it must be an integer of at least 1"),
        (
            lambda: draw.places(5, 3, dilation=3),
            r"kernel_size has shape \(3,\) and, with dilation 3, spans \(7,\)",
        ),
        (lambda: draw.places(90, 3, padding=6), r"size is 90, 102 with padding: at most 100"),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_only_taps_that_are_apart_are_joined_by_a_bar():
    def bars(picture):
        return picture.svg.count('height="6"')

    assert bars(draw.places(9, 3, dilation=2)) == 5
    assert bars(draw.places(9, 3, padding=1)) == 0
