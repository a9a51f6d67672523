import numpy as np
import pytest

from convlab import draw
from convlab.draw import _theme as theme
from convlab.draw._numbers import number

IMAGE = np.arange(20).reshape(4, 5) - 3


def columns(array, kernel, stride, pads, dilation):
    """Return the matrix of columns from NumPy's padding and slices."""
    padded = np.pad(array, [(0, 0), *pads])
    rows = [
        padded[c, i * dilation[0] :, j * dilation[1] :][
            : (padded.shape[1] - dilation[0] * (kernel[0] - 1) - 1) // stride[0] * stride[0] + 1 : stride[0],
            : (padded.shape[2] - dilation[1] * (kernel[1] - 1) - 1) // stride[1] * stride[1] + 1 : stride[1],
        ].ravel()
        for c in range(len(array))
        for i in range(kernel[0])
        for j in range(kernel[1])
    ]
    return np.array(rows)


@pytest.mark.parametrize(
    ("array", "kernel", "stride", "pads", "dilation"),
    [
        (IMAGE, (2, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)),
        (IMAGE, (2, 2), (2, 3), ((1, 0), (0, 2)), (1, 1)),
        (IMAGE, (2, 2), (2, 1), ((1, 1), (0, 0)), (2, 3)),
        (np.stack([IMAGE[:3, :3], IMAGE[1:, 2:] * 2]), (2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ],
)
def test_the_columns_are_numpys(read, array, kernel, stride, pads, dilation):
    drawn = read(draw.im2col(array, kernel, stride=stride, padding=pads, dilation=dilation))
    expected = columns(array if array.ndim == 3 else array[None], kernel, stride, pads, dilation)
    assert drawn.numbers("columns") == {i: number(value) for i, value in np.ndenumerate(expected)}
    assert f"{expected.shape}" in drawn.words


def test_a_column_has_one_colour_and_its_neighbour_another(read):
    fills = read(draw.im2col(IMAGE, (2, 4))).fills("columns")
    for (r, p), fill in fills.items():
        assert fill == theme.TAPS[p]
        assert fill == fills[0, p], (r, p)


def test_the_first_window_and_its_column_are_outlined(read):
    drawn = read(draw.im2col(IMAGE, 2, dilation=(1, 2)))
    assert drawn.outlined("input") == {(0, 0), (0, 2), (1, 0), (1, 2)}
    assert drawn.outlined("columns") == {(r, 0) for r in range(4)}


def test_an_input_has_a_mark_in_the_colour_of_each_column_that_copies_it(read):
    drawn = read(draw.im2col(IMAGE[:3, :3], 2))
    (group,) = [g for g in drawn.root.iter() if g.get("data-array") == "input"]
    marks, index = {}, None
    for element in group:
        if element.get("data-index") is not None:
            index = element.get("data-index")
            marks[index] = []
        elif element.get("data-mark") is not None:
            marks[index].append(element.get("fill"))
    copies = {
        i: [p for p, (y, x) in enumerate(np.ndindex(2, 2)) if 0 <= i[0] - y < 2 and 0 <= i[1] - x < 2]
        for i in np.ndindex(3, 3)
    }
    assert marks == {f"{y},{x}": [theme.TAPS[p] for p in copies[y, x]] for y, x in np.ndindex(3, 3)}


def test_above_each_column_its_window_is_drawn_small(read):
    drawn = read(draw.im2col(IMAGE[:3, :4], 2))
    small = [box for box in drawn.root.iter() if box.get("stroke-width") == "0.75"]
    per = 2 + 4  # ground, input, taps
    assert len(small) == 6 * per
    side = float(small[2].get("width"))
    for p, (y, x) in enumerate(np.ndindex(2, 3)):
        taps = small[p * per + 2 : (p + 1) * per]
        assert {tap.get("fill") for tap in taps} == {theme.TAPS[p]}
        corners = {(round(float(tap.get("y")) / side), round(float(tap.get("x")) / side)) for tap in taps}
        assert corners == {(y + i, x + j) for i, j in np.ndindex(2, 2)}


def test_what_is_copied_from_the_padding_is_dashed(read):
    cells = read(draw.im2col(IMAGE[:2, :2], 2, padding=((1, 0), (0, 0)))).cells("columns")
    assert [index for index, cell in cells.items() if cell.get("stroke-dasharray")] == [(0, 0), (1, 0)]


def test_channels_are_parted_and_rows_and_columns_labelled(read):
    drawn = read(draw.im2col(np.stack([IMAGE, IMAGE])[:, :2, :3], 2))
    labels = [f"[{c},{i},{j}]" for c, i, j in np.ndindex(2, 2, 2)]
    assert [word for word in drawn.words if word in labels] == labels
    assert [word for word in drawn.words if word in ("[0,0]", "[0,1]")] == ["[0,0]", "[0,1]"]
    lines = [e for e in drawn.root.iter() if e.get("stroke") == theme.WINDOW and e.get("stroke-width") == "3"]
    assert len(lines) == 3 + 1  # around two windows and a column; between the channels


def test_of_a_large_image_the_first_columns_are_drawn(read):
    drawn = read(draw.im2col(np.zeros((64, 64)), 5))
    assert {r for r, _ in drawn.cells("columns")} == set(range(20))
    assert any(word.startswith("showing rows 0–19 of 25, columns 0–") for word in drawn.words)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: draw.im2col([1, 2], 1), r"input has shape \(2,\): it must be 2-D or 3-D; take one example"),
        (lambda: draw.im2col(np.zeros((5, 2, 2)), 1), r"input has shape \(5, 2, 2\): at most 4 channels"),
        (
            lambda: draw.im2col(IMAGE, 5),
            r"kernel_size has shape \(5, 5\): it must fit inside input, .* \(4, 5\)",
        ),
        (
            lambda: draw.im2col(IMAGE, (1, 2, 3)),
            r"kernel_size is \(1, 2, 3\): it must be an integer .* or two",
        ),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_the_matrix_says_what_its_rows_and_its_columns_are(read):
    assert {"place →", "tap ↓"} <= set(read(draw.im2col([[1, 2], [3, 4]], 2)).words)
