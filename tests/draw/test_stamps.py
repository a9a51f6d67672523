import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme

INPUT, WEIGHT = [1, -2, 3], [4, 2, 1]


def added(stride, dilation):
    """Return what the entries add up to: true convolutions of arrays with zeros between their entries."""

    def spread(values, step):
        apart = np.zeros((len(values) - 1) * step + 1, dtype=int)
        apart[::step] = values
        return apart

    return np.convolve(spread(INPUT, stride), spread(WEIGHT, dilation))


def test_each_row_is_a_multiple_of_the_kernel(read):
    drawn = read(draw.stamps(INPUT, WEIGHT))
    for i, value in enumerate(INPUT):
        assert list(drawn.numbers(f"stamp {i}").values()) == [
            str(value * tap).replace("-", "−") for tap in WEIGHT
        ]
        assert list(drawn.fills(f"stamp {i}").values()) == list(theme.TAPS[:3])


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (3, 2)])
def test_a_product_stands_above_the_entry_to_which_it_is_added(read, stride, dilation):
    drawn = read(draw.stamps(INPUT, WEIGHT, stride=stride, dilation=dilation))
    columns = {round(left): u for (u,), left in drawn.lefts("output").items()}
    sums = np.zeros(len(columns), dtype=int)
    for i in range(3):
        for index, left in drawn.lefts(f"stamp {i}").items():
            sums[columns[round(left)]] += int(drawn.numbers(f"stamp {i}")[index].replace("−", "-"))
    assert sums.tolist() == added(stride, dilation).tolist()


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (3, 2)])
def test_only_the_sum_that_is_asked_for_is_written(read, stride, dilation):
    for at, right in enumerate(added(stride, dilation)):
        drawn = read(draw.stamps(INPUT, WEIGHT, at, stride=stride, dilation=dilation))
        numbers = drawn.numbers("output")
        assert numbers.pop((at,)) == str(right).replace("-", "−")
        assert set(numbers.values()) == {""}
        assert drawn.outlined("output", "result") == {(at,)}


def test_numbers_that_are_given_stand_in_the_output(read):
    drawn = read(draw.stamps(INPUT, WEIGHT, output=[9, 8, 7, 6, 5]))
    assert list(drawn.numbers("output").values()) == ["9", "8", "7", "6", "5"]


def test_the_alternative_text_says_what_is_added_where():
    assert draw.stamps(INPUT, WEIGHT, 4, stride=2, names=("x", "w", "y")).alt == (
        "3 stamps of w, 4, 2, 1, stride 2: x[0] = 1 adds 4, 2, 1 from y[0] on; x[1] = −2 adds −8, −4, −2 from "
        "y[2] on; x[2] = 3 adds 12, 6, 3 from y[4] on. −2 + 12 = 10 is y[4]."
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: draw.stamps([[1]], [1]), r"input has shape \(1, 1\)"),
        (
            lambda: draw.stamps(range(11), [1]),
            r"input has shape \(11,\) and reaches 11 entries .* at most 10 stamps",
        ),
        (lambda: draw.stamps([1, 2], [1], stride=30), r"reaches 31 entries of the output"),
        (lambda: draw.stamps(INPUT, WEIGHT, 5), r"at is 5"),
        (lambda: draw.stamps(INPUT, WEIGHT, output=[1]), r"output has shape \(1,\): here it must be \(5,\)"),
        (lambda: draw.stamps(INPUT, WEIGHT, stride=0), r"stride is 0"),
    ],
)
def test_what_cannot_be_drawn_is_named(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_padding_cuts_off_both_ends(read):
    picture = draw.stamps([2, 1, 4], [1, 2, 4], 0, padding=2, flipped=True)
    drawn = read(picture)
    # A valid cross-correlation with [4, 2, 1]: 4 · 2 + 2 · 1 + 1 · 4.
    assert drawn.numbers("output") == {(u,): "14" if u == 0 else "" for u in range(-2, 3)}
    assert picture.svg.count(theme.HATCH) == 6 + 4  # products beyond output[0], entries beyond it
    assert drawn.fills("stamp 0") == {(-2,): theme.TAPS[2], (-1,): theme.TAPS[1], (0,): theme.TAPS[0]}
    assert "8 + 2 + 4 = 14 is output[0]." in picture.alt
    assert "4, 2 cut off at each end: input[0]" in picture.alt
    assert "what stands in one column is added; hatched: cut off" in drawn.words


def test_on_a_circle_what_hangs_over_is_carried_round(read):
    picture = draw.stamps([4, 2, 1], [2, 1, 4], 0, around=3)
    drawn = read(picture)
    assert [drawn.numbers(f"stamp {i}") for i in range(3)] == [
        {(0,): "8", (1,): "4", (2,): "16"},
        {(1,): "4", (2,): "2", (0,): "8"},
        {(2,): "2", (0,): "1", (1,): "4"},
    ]
    assert drawn.numbers("output")[0,] == "17"
    assert "on a circle of 3" in picture.alt
    with pytest.raises(ValueError, match="around is 2: it must be at least 3"):
        draw.stamps([4, 2, 1], [2, 1, 4], around=2)


def test_padding_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match="padding is 2: of 3 entries, it must leave at least one"):
        draw.stamps([1], [1, 2, 3], padding=2)
