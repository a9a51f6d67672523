import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme

COLUMNS = np.arange(24).reshape(4, 6)


def copies(at, size, kernel, stride=1, pad=0):
    """Return where im2col copies a pixel to: it is the only 1 in an image that NumPy cuts into windows."""
    image = np.zeros(size, dtype=int)
    image[at] = 1
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, pad), kernel)[::stride, ::stride]
    return {tuple(map(int, place)) for place in np.argwhere(windows.reshape(-1, np.prod(kernel)).T)}


@pytest.mark.parametrize("at", [(1, 1), (0, 0), (2, 3)])
def test_the_copies_of_a_pixel_are_outlined_and_added(read, at):
    drawn = read(draw.col2im(COLUMNS, (3, 4), 2, at))
    wanted = copies(at, (3, 4), (2, 2))
    assert drawn.outlined("columns", "met") == wanted
    assert drawn.numbers("image")[at] == str(sum(COLUMNS[place] for place in wanted))
    assert drawn.outlined("image", "result") == {at}


def test_a_stride_and_a_padding_move_the_copies(read):
    values = np.arange(36).reshape(9, 4)
    drawn = read(draw.col2im(values, (4, 4), 3, (1, 2), stride=2, padding=1))
    assert drawn.outlined("columns", "met") == copies((1, 2), (4, 4), (3, 3), stride=2, pad=1)


def test_the_other_pixels_are_blank_unless_they_are_given(read):
    assert set(read(draw.col2im(COLUMNS, (3, 4), 2, (1, 1))).numbers("image").values()) == {"", "44"}
    given = read(draw.col2im(COLUMNS, (3, 4), 2, (1, 1), output=np.full((3, 4), 7))).numbers("image")
    assert list(given.values()).count("7") == 11


def test_a_column_has_its_windows_colour(read):
    fills = read(draw.col2im(COLUMNS, (3, 4), 2, (1, 1))).fills("columns")
    assert fills == {(r, p): theme.TAPS[p] for r, p in np.ndindex(4, 6)}


def test_the_sum_is_written_out(read):
    assert "image[1, 1] = 18 + 13 + 9 + 4 = 44" in read(draw.col2im(COLUMNS, (3, 4), 2, (1, 1))).words
    assert "image[0, 0] = 0" in read(draw.col2im(COLUMNS, (3, 4), 2, (0, 0))).words


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: draw.col2im([1], (1, 1), 1, (0, 0)), r"columns has shape \(1,\)"),
        (lambda: draw.col2im(COLUMNS, 3, 2, (0, 0)), r"output_size is 3: it must be two integers, \(H, W\)"),
        (
            lambda: draw.col2im(COLUMNS, (3, 3), 2, (0, 0)),
            r"columns has shape \(4, 6\): here it must be \(4, 4\)",
        ),
        (lambda: draw.col2im(np.zeros((25, 1)), (5, 5), 5, (0, 0)), r"at most 20 rows and 16 columns"),
        (lambda: draw.col2im(COLUMNS, (3, 4), 2, (3, 0)), r"at is \(3, 0\)"),
        (lambda: draw.col2im(COLUMNS, (3, 4), 2, (0, 0), output=[[1]]), r"output has shape \(1, 1\)"),
    ],
)
def test_what_cannot_be_drawn_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
