import base64
import re

import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme

BAND = np.array([[2, -1, 0, 0], [0, 2, -1, 0], [0, 0, 2, -1]])


def test_numbers_are_written_and_zeros_left_empty(read):
    drawn = read(draw.matrix(BAND))
    written = {2: "2", -1: "−1"}
    assert drawn.numbers("matrix") == {i: written[value] for i, value in np.ndenumerate(BAND) if value}


def test_the_ground_of_zeros_is_as_large_as_the_matrix(read):
    drawn = read(draw.matrix([[0, 1], [1, 0]]))
    cells = drawn.cells("matrix")
    (ground,) = [e for e in drawn.root.iter() if e.get("fill") == theme.EMPTY]
    width, height = (float(cells[0, 1].get(side)) for side in ("width", "height"))
    assert [float(ground.get(side)) for side in ("width", "height")] == [2 * width, 2 * height]
    assert float(ground.get("x")) == float(cells[1, 0].get("x"))
    assert float(ground.get("y")) == float(cells[0, 1].get("y"))


def test_equal_numbers_have_one_colour(read):
    fills = read(draw.matrix(BAND)).fills("matrix")
    colours = {2: theme.TAPS[0], -1: theme.TAPS[1]}
    assert fills == {i: colours[value] for i, value in np.ndenumerate(BAND) if value}


def test_many_numbers_are_coloured_by_sign_and_size(read):
    values = np.arange(-10, 11).reshape(3, 7)
    fills = read(draw.matrix(values)).fills("matrix")
    assert fills[0, 0] == theme.diverging(-1, theme.HEAT_DEPTH)
    assert fills[2, 6] == theme.diverging(1, theme.HEAT_DEPTH)
    assert fills[2, 1] == theme.diverging(0.5, theme.HEAT_DEPTH)
    assert (1, 3) not in fills


def test_lines_part_the_blocks(read):
    picture = draw.matrix(np.ones((4, 6)), blocks=(2, 3), name="m")
    cells = read(picture).cells("m")
    x, y = (sorted({float(cell.get(side)) for cell in cells.values()}) for side in "xy")
    (path,) = [e.get("d") for e in read(picture).root.iter() if e.get("data-blocks") == "2,3"]
    down = {float(piece.split()[0]) for piece in path.split("M")[1:] if "v" in piece}
    across = {float(piece.split()[1].partition("h")[0]) for piece in path.split("M")[1:] if "h" in piece}
    width, height = x[1] - x[0], y[1] - y[0]
    assert sorted(down) == pytest.approx([x[0], x[3], x[5] + width], abs=0.01)
    assert sorted(across) == pytest.approx([y[0], y[2], y[3] + height], abs=0.01)


def test_a_large_matrix_is_drawn_as_pixels_of_the_same_colours(read, decode):
    values = np.kron(np.eye(30, 30, dtype=int), BAND)
    drawn = read(draw.matrix(values))
    (source,) = drawn.images
    pixels = decode(base64.b64decode(source.removeprefix("data:image/png;base64,")))
    colours = {0: theme.EMPTY, 2: theme.TAPS[0], -1: theme.TAPS[1]}
    expected = np.array([[theme.channels(colours[value]) for value in line] for line in values.tolist()])
    assert (pixels == expected).all()
    assert drawn.words[-3:-1] == ["2", "−1"]


def test_a_large_matrix_of_many_numbers_is_coloured_by_sign_and_size(read, decode):
    values = np.linspace(-4, 4, 60 * 60).reshape(60, 60)
    values[0, 1] = np.nan
    (source,) = read(draw.matrix(values)).images
    pixels = decode(base64.b64decode(source.removeprefix("data:image/png;base64,")))
    assert tuple(pixels[0, 0]) == theme.channels(theme.diverging(-1, theme.HEAT_DEPTH))
    assert tuple(pixels[-1, -1]) == theme.channels(theme.diverging(1, theme.HEAT_DEPTH))
    assert tuple(pixels[0, 1]) == theme.channels(theme.MISSING)


def test_how_many_entries_are_not_zero_is_written_and_said(read):
    picture = draw.matrix(BAND, blocks=(1, 2), name="T")
    assert "6 of 12 entries are not 0; empty cells are 0" in " ".join(read(picture).words)
    assert picture.alt == (
        "Matrix T, 3 by 4: 6 of 12 entries are not 0, values from −1 to 2. Lines part it into blocks of 1 by 2. "
        "First row: 2, −1, 0, 0."
    )


def test_what_an_empty_cell_stands_for_is_written_where_it_is_no_zero(read):
    picture = draw.matrix([[1, 3, 0], [0, 2, 4]], empty="no product")
    assert "4 of 6 cells hold a number; empty: no product" in " ".join(read(picture).words)
    assert "4 of 6 cells hold a number, values from 0 to 4" in picture.alt
    full = read(draw.matrix([[1, 2]], empty="no product")).words
    assert "2 of 2 cells hold a number" in full
    assert not any("empty" in word for word in full)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: draw.matrix([1]), r"values has shape \(1,\): it must be 2-D"),
        (lambda: draw.matrix(BAND, blocks=2), r"blocks is 2: it must be \(rows, columns\)"),
        (lambda: draw.matrix(BAND, blocks=(0, 1)), r"blocks is \(0, 1\): .* at least 1"),
        (lambda: draw.matrix(np.zeros((2, 600))), r"values has shape \(2, 600\): at most 512 by 512"),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_with_the_taps_given_a_number_has_its_taps_colour(read):
    fills = read(draw.matrix([[3, 0], [4, 2]], taps=[[4, 2], [1, 3]])).fills("matrix")
    assert fills == {(0, 0): theme.TAPS[3], (1, 0): theme.TAPS[0], (1, 1): theme.TAPS[1]}


def test_multiples_of_a_kernel_have_their_taps_colours(read):
    fills = read(draw.matrix([[4, 8], [-2, -4]], taps=[4, 2], like=[[4, 4], [2, 4]])).fills("matrix")
    assert [fills[i] for i in np.ndindex(2, 2)] == [theme.TAPS[k] for k in (0, 0, 1, 0)]


def test_groups_have_colours_of_their_own(read):
    weight = [[1, 2], [1, 1], [2, 1], [0, 2]]
    drawn = read(draw.matrix(weight, blocks=(2, 2), groups="rows"))
    first, second = theme.TAPS[:2]
    assert [drawn.fills("matrix")[y, 1] for y in range(4)] == [first, first, second, second]
    assert (3, 0) not in drawn.fills("matrix")
    assert {"group 0", "group 1"} <= set(drawn.words)
    across = read(draw.matrix(weight, blocks=(2, 1), groups="columns")).fills("matrix")
    assert [across[0, x] for x in range(2)] == [first, second]


def test_what_rows_and_columns_are_stands_above_them_and_is_said(read):
    picture = draw.matrix([[1, 2]], axes=("filter o", "channel c"), note="read me")
    assert {"filter o ↓", "channel c →", "read me"} <= set(read(picture).words)
    assert "The rows are: filter o. The columns are: channel c." in picture.alt
    assert picture.alt.endswith(" read me.")


def test_a_small_matrix_has_a_small_card():
    assert draw.matrix(np.eye(3)).width < 230


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"taps": [1, 1]}, "taps holds [1, 1]: it must hold at most 9 numbers, all different"),
        ({"taps": [1, 5]}, "taps holds [1, 5]: 2 in the matrix is none of them"),
        ({"like": [[1]]}, "like has shape (1, 1): here it must be (1, 2)"),
        ({"groups": "rows"}, "groups is 'rows': it must be 'rows' or 'columns', of the blocks given"),
        ({"groups": "o", "blocks": (1, 1)}, "groups is 'o': it must be 'rows' or 'columns', of the blocks"),
        ({"axes": "ab"}, "axes is 'ab': it must be two names, for rows and columns"),
    ],
)
def test_colours_that_do_not_fit_are_refused(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        draw.matrix([[1, 2]], **options)


def test_a_wide_matrix_with_named_axes_fits_the_page():
    assert draw.matrix(np.eye(12, 24, dtype=int) * 11, axes=("a long name", "pixel")).width <= 760
