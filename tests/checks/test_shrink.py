"""A failing call gets smaller while it still fails."""

import numpy as np

from convlab.checks import EXERCISES, Sample, report
from convlab.checks.samples import lay_out
from convlab.checks.shrink import MOST_TRIES, shrink

CONV = EXERCISES["correlate2d"]
SIZE = EXERCISES["output_size"]


def shapes(sample):
    return [value.shape for value in sample.args]


def test_arrays_become_as_small_as_the_failure_allows_and_hold_plain_numbers():
    sample = Sample((np.full((6, 7), 0.25), np.full((3, 2), -1.5)))
    small = shrink(CONV, sample, lambda s: s.args[0].shape[1] >= 3 and s.args[1].shape[0] >= 2)
    assert shapes(small) == [(1, 3), (2, 1)]
    assert small.args[0].tolist() == [[1, 2, 3]]
    assert small.args[0].dtype == np.float64


def test_axes_of_one_length_are_cut_together_where_each_alone_would_be_no_call():
    sample = Sample((np.ones((4, 5)), np.ones((4, 2))))
    small = shrink(CONV, sample, lambda s: s.args[0].shape[0] == s.args[1].shape[0])
    assert shapes(small) == [(1, 1), (1, 1)]


def test_options_are_left_out_or_made_smaller_but_never_zero():
    sample = Sample((9, 4, 3), {"padding": 2, "dilation": 3})
    small = shrink(SIZE, sample, lambda s: "dilation" in s.kwargs and s.args[2] >= 2)
    assert small.args == (1, 1, 2)
    assert small.kwargs == {"dilation": 1}


def test_a_failure_that_needs_its_memory_layout_keeps_it():
    backwards = lay_out(np.arange(1.0, 7.0).reshape(2, 3), "reversed")
    small = shrink(CONV, Sample((backwards, np.ones((1, 1)))), lambda s: s.args[0].strides[1] < 0)
    assert small.args[0].strides[1] < 0


def test_it_gives_up_after_so_many_tries():
    asked = []
    shrink(CONV, Sample((np.ones((9, 9)), np.ones((9, 9)))), lambda s: asked.append(s) is not None)
    assert len(asked) <= MOST_TRIES


def test_the_reported_call_is_one_that_torch_takes_and_that_still_fails():
    def wrong_on_wide_images(input, weight):
        kh, kw = weight.shape
        windows = np.lib.stride_tricks.sliding_window_view(input, (kh, kw))
        output = np.einsum("yxij,ij->yx", windows, weight).astype(float)
        if output.shape[1] > 2:
            output[0, 2] += 1
        return output

    result = report(wrong_on_wide_images, "correlate2d")
    assert result.call == "correlate2d(input (1, 3) int64, weight (1, 1) int64)"
    assert "output[0, 2]: got 4, expected 3" in result.message
