import base64

import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme

COUNTS = np.array([[0, 1, 2], [2, 4, 8]])


def test_every_count_is_written_and_the_more_the_deeper(read):
    drawn = read(draw.counts(COUNTS))
    assert drawn.numbers("reads") == {i: str(value) for i, value in np.ndenumerate(COUNTS)}
    assert drawn.fills("reads") == {i: theme.sequential(value / 8) for i, value in np.ndenumerate(COUNTS)}
    assert drawn.fills("reads")[0, 0] == theme.NEUTRAL
    depth = [
        theme.contrast(theme.INK, drawn.fills("reads")[i]) for i in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2)]
    ]
    assert depth == sorted(depth, reverse=True)


def test_counts_of_a_signal_have_their_indices(read):
    drawn = read(draw.counts([3.0, 0, 1], name="writes"))
    assert drawn.numbers("writes") == {(0,): "3", (1,): "0", (2,): "1"}
    assert drawn.words[-4:] == ["0", "1", "3", "4 in all"]


def test_large_counts_are_pixels_of_the_same_colours(read, decode):
    values = np.arange(20 * 17).reshape(20, 17)
    (source,) = read(draw.counts(values)).images
    pixels = decode(base64.b64decode(source.removeprefix("data:image/png;base64,")))
    for index in [(0, 0), (10, 3), (19, 16)]:
        expected = theme.channels(theme.sequential(values[index] / values.max()))
        assert np.abs(pixels[index].astype(int) - expected).max() <= 1


def test_no_counts_at_all_are_white(read):
    assert set(read(draw.counts([[0, 0]])).fills("reads").values()) == {theme.NEUTRAL}


def test_counts_say_numbers_sum_and_how_many_are_none():
    assert draw.counts(COUNTS).alt == "Counts reads, 2 by 3: 0, 1, 2; 2, 4, 8. 17 in all; 1 of 6 is 0."
    assert draw.counts([2, 5], name="w").alt == "Counts w, of length 2: 2, 5. 7 in all."


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: draw.counts([1, -1]), r"counts holds −1: it must hold whole numbers of at least 0"),
        (lambda: draw.counts([1, 0.5]), r"counts holds 0\.5: it must hold whole numbers"),
        (lambda: draw.counts([np.nan]), r"counts holds nan: it must hold whole numbers"),
        (lambda: draw.counts(np.zeros((2, 2, 2))), r"counts has shape \(2, 2, 2\): .* counts.sum\(axis=0\)"),
        (lambda: draw.counts(np.zeros((2, 600))), r"counts has shape \(2, 600\): at most 512 by 512"),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_twelve_columns_fit_a_phone():
    assert draw.counts(np.ones((3, 12), dtype=int)).narrow is not None
