import numpy as np
import pytest

from convlab.draw._geometry import as_index, as_pads, per_axis, sliding

# size, kernel, stride, padding, dilation
LINES = [
    ((7,), (3,), 1, 0, 1),
    ((8,), (3,), 2, 0, 1),
    ((7,), (3,), 3, (1, 2), 2),
    ((5,), (5,), 4, 0, 1),
    ((4,), (2,), 1, (0, 3), 3),
    ((6,), (1,), 5, 2, 1),
]
PLANES = [
    ((5, 6), (3, 2), 1, 0, 1),
    ((5, 6), (3, 2), (2, 3), (1, 2), (1, 2)),
    ((4, 3), (2, 2), (3, 1), ((0, 1), (2, 0)), 2),
]


def brute(size, kernel, stride, pads, dilation):
    """Return what each window reads, by walking over starts as long as the last tap is inside."""
    lines = []
    for n, k, s, (before, after), d in zip(size, kernel, stride, pads, dilation):
        starts = []
        start = -before
        while start + d * (k - 1) <= n + after - 1:
            starts.append([start + d * i for i in range(k)])
            start += s
        lines.append(starts)
    return lines


@pytest.mark.parametrize("case", LINES + PLANES)
def test_windows_stand_where_walking_along_the_padded_input_puts_them(case):
    found = sliding(*case)
    lines = brute(found.size, found.kernel, found.stride, found.pads, found.dilation)
    assert found.shape == tuple(map(len, lines))
    for at in np.ndindex(*found.shape):
        for place in np.ndindex(*found.kernel):
            expected = tuple(line[a][k] for line, a, k in zip(lines, at, place))
            assert found.source(at, place) == expected
            assert found.holds(expected) == all(0 <= i < n for i, n in zip(expected, found.size))


@pytest.mark.parametrize("case", LINES + PLANES)
def test_a_reader_is_who_reads_and_nobody_else(case):
    found = sliding(*case)
    read = {
        (found.source(at, place), place): at
        for at in np.ndindex(*found.shape)
        for place in np.ndindex(*found.kernel)
    }
    for source in np.ndindex(*found.padded):
        source = tuple(i - before for i, (before, _) in zip(source, found.pads))
        for place in np.ndindex(*found.kernel):
            assert found.reader(source, place) == read.get((source, place))


@pytest.mark.parametrize(
    ("padding", "rank", "pads"),
    [
        (2, 1, ((2, 2),)),
        ((1, 0), 1, ((1, 0),)),
        (2, 2, ((2, 2), (2, 2))),
        ((1, 2), 2, ((1, 1), (2, 2))),
        (((1, 0), (2, 3)), 2, ((1, 0), (2, 3))),
        (np.array([1, 2]), 2, ((1, 1), (2, 2))),
        (((1, 2),), 1, ((1, 2),)),
    ],
)
def test_padding_is_read_as_torch_reads_it_or_as_explicit_pairs(padding, rank, pads):
    assert as_pads(padding, rank) == pads


@pytest.mark.parametrize("padding", [-1, (0, -1), 1.0, "same", (1, 2, 3), None, ((1, 1), (1, 1))])
def test_other_padding_is_refused(padding):
    with pytest.raises(
        ValueError, match=r"padding is .*: it must be an integer of at least 0, or \(left, right\)"
    ):
        as_pads(padding, 1)
    with pytest.raises(ValueError, match=r"padding is"):
        as_pads(((1, 1), (1, 1), (1, 1)), 2)


@pytest.mark.parametrize("stride", [0, (1, 1), 1.0, "1", None, ()])
def test_one_stride_per_axis_at_least_1(stride):
    with pytest.raises(ValueError, match=r"stride is .*: it must be an integer of at least 1$"):
        per_axis(stride, 1, "stride", 1)


def test_a_stride_may_be_given_once_or_for_each_axis():
    assert per_axis(3, 2, "stride", 1) == (3, 3)
    assert per_axis([3, 2], 2, "stride", 1) == (3, 2)
    with pytest.raises(
        ValueError, match=r"stride is \(1,\): it must be an integer of at least 1 or two of them"
    ):
        per_axis((1,), 2, "stride", 1)


def test_what_departs_from_plain_sliding_is_said():
    assert sliding((9,), (3,)).settings == ""
    assert sliding((9,), (3,), 2, 1, 3).settings == "stride 2, padding 1, dilation 3"
    assert sliding((9, 9), (3, 3), (1, 2), (1, 2)).settings == "stride (1, 2), padding (1, 2)"
    assert sliding((9, 9), (3, 3), 2, ((1, 0), (2, 2))).settings == "stride 2, padding ((1, 0), (2, 2))"


def test_the_formula_has_the_numbers_of_the_window():
    assert sliding((9,), (3,)).formula((4,)) == "[4 + k]"
    assert sliding((9,), (3,), 2, 1, 3).formula((1,)) == "[1·2 − 1 + k·3]"
    assert sliding((9, 9), (3, 3), (1, 2), ((0, 0), (2, 0))).formula((4, 1)) == "[4 + i, 1·2 − 2 + j]"


def test_the_formula_of_a_flipped_kernel_counts_its_taps_down():
    assert sliding((9,), (3,)).formula((4,), flipped=True) == "[4 + 2 − k]"
    assert sliding((9,), (3,), 1, 2).formula((4,), flipped=True) == "[4 − k]"
    assert sliding((9,), (3,), 2, 5, 2).formula((1,), flipped=True) == "[1·2 − 1 − k·2]"


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (((4,), (5,)), r"weight has shape \(5,\): it must fit inside input, which has shape \(4,\)$"),
        (
            ((4,), (3,), 1, 1, 3),
            r"weight has shape \(3,\) and, with dilation 3, spans \(7,\): it must fit inside input, "
            r"which has shape \(4,\), \(6,\) with padding",
        ),
    ],
)
def test_a_window_that_does_not_fit_is_refused_with_its_span(case, said):
    with pytest.raises(ValueError, match=said):
        sliding(*case)


def test_an_index_of_another_rank_is_refused():
    with pytest.raises(
        ValueError, match=r"at is \(0, 0, 0\): the input has shape \(2, 3\), so it must be two"
    ):
        as_index((0, 0, 0), (2, 3), of="input")
