import re

import pytest

from convlab.draw import Picture
from convlab.draw import _theme as theme
from convlab.draw._cells import Cell, Outline, cell_width, sheet


def cells(*indices):
    return {index: Cell("1") for index in indices}


def sides(block):
    """Return how many pieces of line the outline has."""
    (path,) = re.findall(r'd="([^"]*)"[^>]*data-outline', block.body)
    return path.count("M")


def test_cells_stand_where_their_indices_say(read):
    drawn = read(Picture("", sheet(cells((0, 0), (0, 1), (1, 0)), name="a", width=40)))
    corners = {i: (float(c.get("x")), float(c.get("y"))) for i, c in drawn.cells("a").items()}
    (x, y) = corners[0, 0]
    assert corners == {(0, 0): (x, y), (0, 1): (x + 40, y), (1, 0): (x, y + 36)}


def test_cells_may_lie_outside_and_have_holes(read):
    drawn = read(Picture("", sheet(cells((-1,), (0,), (4,)), name="a", width=40)))
    corners = {i: float(c.get("x")) for i, c in drawn.cells("a").items()}
    assert corners == {(-1,): 0, (0,): 40, (4,): 200}
    assert drawn.words == ["1", "1", "1", "−1", "0", "4"]


def test_a_long_signal_goes_on_in_a_new_line(read):
    drawn = read(Picture("", sheet(cells((0,), (1,), (2,)), name="a", width=40, per_line=2)))
    last = drawn.cells("a")[2,]
    assert float(last.get("x")) == 0
    assert float(last.get("y")) > 36


@pytest.mark.parametrize(
    ("inside", "lines"),
    [
        ([(0, 0)], 4),
        ([(0, 0), (0, 1)], 6),
        ([(0, 0), (1, 1)], 8),  # corners that touch are not one area
        ([(0, 0), (0, 2), (2, 0), (2, 2)], 16),  # a dilated window
        ([(y, x) for y in range(3) for x in range(3)], 12),
    ],
)
def test_cells_that_touch_share_one_outline(inside, lines):
    grid = cells(*((y, x) for y in range(3) for x in range(3)))
    assert sides(sheet(grid, name="a", outlines=[Outline(inside)])) == lines


def test_an_outline_is_open_where_its_cells_are_not_drawn():
    block = sheet(cells((0,), (1,)), name="a", outlines=[Outline([(1,), (2,)])])
    assert sides(block) == 3


def test_a_cell_is_wide_enough_for_the_longest_number():
    assert cell_width([Cell("1")]) == 38
    assert cell_width([Cell("1"), Cell("−1234567.8912")]) > 13 * 13 * 0.602
    assert cell_width([Cell("1", ("−0.5596×−0.5596",))]) > 15 * theme.SMALL * 0.602


def test_a_tap_is_marked_on_its_cell(read):
    drawn = read(Picture("", sheet({(0,): Cell("5", fill="#ABCDEF", tap=2)}, name="a")))
    cell = drawn.cells("a")[0,]
    assert (cell.get("data-tap"), cell.get("fill"), cell.get("data-value")) == ("2", "#ABCDEF", "5")


def test_a_cell_outside_is_dashed_and_does_not_touch_its_neighbours(read):
    drawn = read(Picture("", sheet({(0,): Cell("0", outside=True), (1,): Cell("1")}, name="a", width=40)))
    outside, inside = drawn.cells("a").values()
    assert outside.get("stroke-dasharray") is not None
    assert inside.get("stroke-dasharray") is None
    assert (float(outside.get("x")), float(outside.get("width"))) == (2, 36)
    assert (float(inside.get("x")), float(inside.get("width"))) == (40, 40)


def test_the_hatching_of_an_unused_cell_stays_inside_it():
    block = sheet({(0,): Cell("0", unused=True)}, name="a", width=50, indices=False)
    (path,) = re.findall(rf'd="([^"]*)"[^>]*stroke="{theme.HATCH}"', block.body)
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", path)]
    assert len(numbers) > 8
    assert all(0 <= x <= 50 for x in numbers[::2])
    assert all(0 <= y <= 36 for y in numbers[1::2])


def test_steps_leave_room_and_a_negative_one_turns_around(read):
    def corners(step):
        drawn = read(Picture("", sheet(cells((0,), (1,), (2,)), name="a", width=40, step=step)))
        return [float(cell.get("x")) for cell in drawn.cells("a").values()]

    assert corners(3) == [0, 120, 240]
    assert corners(-2) == [160, 80, 0]


def test_neighbours_that_do_not_touch_have_an_outline_each():
    together = sheet(cells((0,), (1,)), name="a", outlines=[Outline([(0,), (1,)])])
    apart = sheet(cells((0,), (1,)), name="a", outlines=[Outline([(0,), (1,)])], step=2)
    assert (sides(together), sides(apart)) == (6, 8)


def test_marks_lie_in_a_row_inside_their_cell(read):
    block = sheet({(0,): Cell("5", marks=("#111111", "#222222", "#333333"))}, name="a", width=38)
    marks = [e for e in read(Picture("", block)).root.iter() if e.get("data-mark") is not None]
    assert [mark.get("fill") for mark in marks] == ["#111111", "#222222", "#333333"]
    lefts = [float(mark.get("x")) for mark in marks]
    assert lefts == sorted(lefts)
    assert all(float(m.get("x")) > 0 and float(m.get("x")) + float(m.get("width")) < 38 for m in marks)
    assert all(float(m.get("y")) > 26 and float(m.get("y")) + float(m.get("height")) < 36 for m in marks)
