import numpy as np
import pytest

from convlab import draw
from convlab.draw import Picture
from convlab.draw import _theme as theme
from convlab.draw._numbers import number

SIGNAL = [3, 1, 4, -1, 5]
GRID = np.arange(30).reshape(6, 5) - 7


def test_a_signal_shows_every_number_at_its_index(read):
    assert read(draw.signal(SIGNAL)).numbers("input") == {
        (0,): "3",
        (1,): "1",
        (2,): "4",
        (3,): "−1",
        (4,): "5",
    }


def test_a_signal_says_its_numbers_and_its_window():
    assert draw.signal(SIGNAL, window=(1, 3)).alt == (
        "Signal input of length 5: 3, 1, 4, −1, 5. A window outlines indices 1 to 3: 1, 4, −1."
    )


def test_a_long_signal_is_said_by_its_range():
    assert (
        draw.signal(np.arange(500) - 9, name="noise").alt
        == "Signal noise of length 500: 500 numbers from −9 to 490."
    )


def test_the_window_of_a_signal_is_outlined_and_tinted(read):
    drawn = read(draw.signal(SIGNAL, window=(1, 3)))
    assert drawn.outlined("input") == {(1,), (2,), (3,)}
    assert {i for i, fill in drawn.fills("input").items() if fill == theme.TAP} == {(1,), (2,), (3,)}


def test_an_outline_surrounds_its_cells_and_no_others(read):
    drawn = read(draw.grid(GRID, window=(1, 2, 3, 2)))
    first, last = drawn.cells("input")[1, 2], drawn.cells("input")[3, 3]
    assert drawn.outline_box("input") == (
        float(first.get("x")),
        float(first.get("y")),
        float(last.get("x")) + float(last.get("width")),
        float(last.get("y")) + float(last.get("height")),
    )


def test_of_a_very_long_signal_the_part_around_the_window_is_drawn(read):
    drawn = read(draw.signal(np.arange(500), window=(300, 4)))
    assert set(drawn.cells("input")) == {(i,) for i in range(270, 334)}
    assert "showing indices 270–333 of 500" in drawn.words


def test_a_grid_shows_every_number_at_its_index(read):
    expected = {index: str(GRID[index]).replace("-", "−") for index in np.ndindex(6, 5)}
    assert read(draw.grid(GRID)).numbers("input") == expected


def test_the_window_of_a_grid_is_outlined(read):
    drawn = read(draw.grid(GRID, window=(1, 2, 3, 2)))
    assert drawn.outlined("input") == {(y, x) for y in (1, 2, 3) for x in (2, 3)}


def test_a_grid_says_its_numbers_row_by_row_and_its_window():
    assert draw.grid([[1, -2], [0.5, 4]], name="weight", window=(0, 1, 2, 1)).alt == (
        "Grid weight, 2 by 2: 1, −2; 0.5, 4. A window outlines rows 0 to 1 and column 1: −2; 4."
    )
    assert draw.grid(GRID).alt == "Grid input, 6 by 5: 30 numbers from −7 to 22."


def test_of_a_large_grid_the_part_around_the_window_is_drawn(read):
    drawn = read(draw.grid(np.zeros((128, 100)), window=(60, 97, 3, 3)))
    assert set(drawn.cells("input")) == {(y, x) for y in range(53, 69) for x in range(84, 100)}
    assert "showing rows 53–68 of 128, columns 84–99 of 100" in drawn.words


def test_heat_tints_by_sign_and_size(read):
    fills = read(draw.grid([[-2, 0, 1], [2, np.nan, -1]], heat=True)).fills("input")
    assert fills[0, 0] == theme.diverging(-1, theme.HEAT_DEPTH)
    assert fills[1, 0] == theme.diverging(1, theme.HEAT_DEPTH)
    assert fills[0, 2] == theme.diverging(0.5, theme.HEAT_DEPTH)
    assert fills[0, 1] == fills[1, 1] == theme.CELL


def test_nan_and_infinity_are_shown(read):
    picture = draw.grid([[np.nan, np.inf], [-np.inf, 0]], heat=True)
    assert read(picture).numbers("input") == {(0, 0): "nan", (0, 1): "inf", (1, 0): "−inf", (1, 1): "0"}
    assert "nan, inf; −inf, 0" in picture.alt


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: draw.signal([[1]]), r"values has shape \(1, 1\): it must be 1-D; draw.grid"),
        (lambda: draw.grid([1]), r"values has shape \(1,\): it must be 2-D; draw.signal"),
        (lambda: draw.signal([1, 2], window=(1, 2)), r"window is \(1, 2\): .* start \+ length <= 2"),
        (lambda: draw.signal([1, 2], window=(-1, 1)), r"window is \(-1, 1\): .* 0 <= start"),
        (lambda: draw.signal([1, 2], window=(0, 0)), r"window is \(0, 0\): .* 1 <= length"),
        (
            lambda: draw.signal([1, 2], window=(0.0, 1)),
            r"window is \(0\.0, 1\): it must be \(start, length\)",
        ),
        (lambda: draw.signal([1, 2], window=1), r"window is 1: it must be \(start, length\)"),
        (lambda: draw.grid(GRID, window=(4, 0, 3, 2)), r"window is \(4, 0, 3, 2\): .* top \+ height <= 6"),
        (lambda: draw.grid(GRID, window=(0, 3, 3, 3)), r"window is \(0, 3, 3, 3\): .* left \+ width <= 5"),
        (lambda: draw.grid(GRID, window=(0, 3)), r"it must be \(top, left, height, width\)"),
        (lambda: draw.beside(), r"pictures is empty"),
        (lambda: draw.beside(draw.signal([1]), [2]), r"pictures holds a list"),
    ],
)
def test_an_error_names_the_argument_and_its_value(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_beside_joins_pictures_and_what_they_say(read):
    one, two = draw.signal([1, 2], name="one"), draw.signal([3], name="two")
    both = draw.beside(one, two, gap=10)
    assert both.alt == f"{one.alt} {two.alt}"
    assert read(both).numbers("one") == {(0,): "1", (1,): "2"}
    assert read(both).numbers("two") == {(0,): "3"}
    assert both.width == one.width + two.width - 28 + 10
    assert both.height == max(one.height, two.height)


def test_beside_goes_on_below_where_a_page_ends():
    wide = draw.grid(GRID * 1000)
    assert draw.beside(wide, wide, wide).width < 760


def test_a_heat_map_says_what_its_colours_mean(read):
    assert read(draw.grid([[-3, 1], [0, 2]], heat=True)).words[-3:] == ["−3", "0", "3"]
    assert read(draw.grid([[0, 1]], heat=True)).words[-2:] == ["0", "1"]
    assert read(draw.grid([[0, 0]], heat=True)).words[-1:] == ["0"]


def test_marked_entries_are_outlined_filled_and_said(read):
    picture = draw.grid([[1, 2], [3, 4]], mark=np.array([[False, True], [True, False]]))
    drawn = read(picture)
    assert drawn.outlined("input", "mark") == {(0, 1), (1, 0)}
    assert [drawn.fills("input")[i] for i in ((0, 0), (0, 1))] == [theme.CELL, theme.RESULT_FILL]
    assert picture.alt.endswith("Marked: [0, 1], [1, 0].")
    with pytest.raises(ValueError, match=r"mark has shape .* it must be bool"):
        draw.grid([[1, 2]], mark=[[0, 1]])


def test_numbers_may_have_zeros_in_front(read):
    assert read(draw.grid([[1, -23], [12345, 0]], digits=4)).numbers("input") == {
        (0, 0): "0001",
        (0, 1): "−0023",
        (1, 0): "12345",
        (1, 1): "0000",
    }


def test_rows_and_columns_may_have_names(read):
    picture = draw.grid([[1, 2]], rows=["bias"], columns=["left", "right"], axes=("array", "side"))
    words = read(picture).words
    assert {"bias", "left", "right", "array ↓", "side →"} <= set(words)
    assert "0" not in words
    assert picture.alt.endswith(
        "The rows are: array. Rows: bias. The columns are: side. Columns: left, right."
    )
    with pytest.raises(ValueError, match=r"rows is \['a', 'b'\]: it must be 1 names"):
        draw.grid([[1, 2]], rows=["a", "b"])


def test_what_is_cut_off_is_hatched_and_said(read):
    picture = draw.signal([3, 1, 4, 1], window=(1, 2), cut=True)
    assert picture.svg.count(theme.HATCH) == 2
    assert "(4,), of which 2 are kept" in read(picture).words
    assert picture.alt.endswith("1, 4. The rest is cut off.")


def test_signs_may_stand_between_pictures(read):
    pictures = [draw.grid([[n]], name=name) for n, name in enumerate(["A", "B", "product"])]
    picture = draw.beside(*pictures, signs="@=")
    assert [word for word in read(picture).words if word in "@="] == ["@", "="]
    with pytest.raises(ValueError, match="signs is '@': between 3 pictures stand 2"):
        draw.beside(*pictures, signs="@")


def test_signs_stand_between_images_on_a_page_too():
    wide = draw.grid(np.arange(60).reshape(6, 10))
    shown = draw.beside(wide, wide, signs="<")._repr_html_()
    assert shown.count("<img") == 2
    assert '<b style="align-self:center">&lt;</b>' in shown


def test_on_a_phone_a_wide_number_widens_its_own_column_only(read):
    values = np.ones((3, 10))
    values[0, 9] = -8.5
    picture = draw.grid(values, window=(0, 8, 2, 2))
    drawn = read(Picture(picture.alt, picture.narrow))
    assert drawn.numbers("input") == {i: number(values[i]) for i in np.ndindex(3, 10)}
    lefts = drawn.lefts("input")
    steps = np.diff([lefts[1, x] for x in range(10)])
    assert steps == pytest.approx([26] * 9, abs=0.02)
    wide = [float(cell.get("width")) for (y, x), cell in drawn.cells("input").items() if x == 9]
    assert wide == pytest.approx([max(wide)] * 3)
    assert 40 < max(wide) < 60
    left, _, right, _ = drawn.outline_box("input")
    assert right - left == pytest.approx(26 + max(wide), abs=0.02)
