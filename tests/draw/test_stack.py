import numpy as np
import pytest

from convlab import draw

IMAGES = np.arange(36).reshape(3, 3, 4) - 9
SIGNALS = np.arange(10).reshape(2, 5)


def test_every_channel_shows_its_numbers(read):
    drawn = read(draw.stack(IMAGES, name="x"))
    for c in range(3):
        assert drawn.numbers(f"x[{c}]") == {i: str(IMAGES[c][i]).replace("-", "−") for i in np.ndindex(3, 4)}
    assert [word for word in drawn.words if word.startswith("channel")] == [
        "channel 0",
        "channel 1",
        "channel 2",
    ]


def test_a_window_is_outlined_in_every_channel(read):
    drawn = read(draw.stack(IMAGES, window=(1, 0, 2, 2)))
    for c in range(3):
        assert drawn.outlined(f"input[{c}]") == {(1, 0), (1, 1), (2, 0), (2, 1)}
    drawn = read(draw.stack(SIGNALS, window=(2, 2)))
    assert drawn.outlined("input[0]") == drawn.outlined("input[1]") == {(2,), (3,)}


def test_channels_of_a_signal_stand_below_each_other_with_one_row_of_indices(read):
    drawn = read(draw.stack(SIGNALS))
    assert drawn.lefts("input[0]") == drawn.lefts("input[1]")
    assert drawn.numbers("input[1]") == {(i,): str(i + 5) for i in range(5)}
    assert drawn.words[-5:] == ["0", "1", "2", "3", "4"]


def test_sheets_lie_on_each_other_but_cover_no_cell(read):
    boxes = read(draw.stack(IMAGES)).rectangles()
    papers = [box for box in boxes if box.content is None][1:]
    assert len(papers) == 3
    assert papers[0].overlaps(papers[1])
    cells = [box for box in boxes if box.content is not None]
    for later in (1, 2):
        for cell in cells[: 12 * later]:
            assert not papers[later].overlaps(cell)


def test_sheets_that_do_not_fit_stand_beside_each_other(read):
    papers = [box for box in read(draw.stack(np.zeros((4, 5, 8)))).rectangles() if box.content is None][1:]
    assert len(papers) == 4
    assert not any(one.overlaps(other) for one in papers for other in papers if one is not other)


def test_all_channels_show_the_same_part(read):
    wide = np.zeros((2, 3, 40))
    wide[1] = 123.4567
    drawn = read(draw.stack(wide, window=(0, 20, 1, 2)))
    assert set(drawn.cells("input[0]")) == set(drawn.cells("input[1]"))
    assert (0, 20) in drawn.cells("input[0]")


def test_of_many_channels_the_first_are_drawn(read):
    drawn = read(draw.stack(np.zeros((11, 2, 2))))
    assert "… and 3 more channels" in drawn.words
    assert "channel 7" in drawn.words
    assert "channel 8" not in drawn.words


def test_a_stack_says_its_channels_and_window():
    assert draw.stack([[1, 2], [3, 4]], window=(1, 1)).alt == (
        "Stack input of 2 channels, each length 2: channel 0: 1, 2; channel 1: 3, 4. "
        "A window outlines index 1 of every channel."
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: draw.stack([1, 2]),
            r"array has shape \(2,\): it must be 2-D or 3-D; draw.signal and draw.grid",
        ),
        (
            lambda: draw.stack(IMAGES, window=(1, 1)),
            r"window is \(1, 1\): it must be \(top, left, height, width\)",
        ),
        (lambda: draw.stack(IMAGES, window=(2, 0, 2, 1)), r"window is .* top \+ height <= 3"),
        (lambda: draw.stack(SIGNALS, window=(4, 2)), r"window is .* start \+ length <= 5"),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_four_sheets_that_do_not_fit_one_line_stand_two_by_two(read):
    drawn = read(draw.stack(np.arange(60).reshape(4, 3, 5) - 9, name="x"))
    lefts = [min(drawn.lefts(f"x[{channel}]").values()) for channel in range(4)]
    assert lefts[:2] == lefts[2:]
    assert lefts[0] < lefts[1]
