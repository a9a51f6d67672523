"""Which products an output entry sums, found by asking the function."""

import numpy as np
import pytest

from convlab import draw
from convlab.checks import EXERCISES, Sample, report
from convlab.checks.diagnosis import wrong_tap
from convlab.checks.taps import read_taps

CONV = EXERCISES["correlate1d"]
SAMPLE = Sample((np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0])))


def slide(input, weight):
    return np.lib.stride_tricks.sliding_window_view(input, len(weight)) @ weight


def right(sample):
    return np.correlate(*sample.args)


def sentence(function, index=(0,)):
    tap = wrong_tap(CONV, SAMPLE, index, right, lambda sample: function(*sample.args))
    return tap and tap.sentence


def test_the_taps_of_a_right_entry_are_those_of_the_formula():
    taps = read_taps(CONV, SAMPLE, (1,), right)
    assert taps.times == {((1,), (0,)): 1.0, ((2,), (1,)): 1.0}


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            lambda x, w: np.convolve(x, w, "valid"),
            "weight[0] should meet input[0] there; yours meets input[1].",
        ),
        (lambda x, w: w[1] * x[1:], "weight[0] should meet input[0] there; yours is missing from the sum."),
        (
            lambda x, w: np.correlate(x, w) + w[0] * x[2],
            "weight[0] should meet input[0] there; yours meets input[0] and input[2].",
        ),
        (
            lambda x, w: 2 * np.correlate(x, w),
            "weight[0] meets input[0], as it should, but is counted twice.",
        ),
        (
            lambda x, w: -np.correlate(x, w),
            "weight[0] meets input[0], as it should, but is counted with the factor -1.",
        ),
        (
            lambda x, w: np.correlate(x, w) + 1,
            "Twice the input should give twice the output; yours does not, so it does more than add products.",
        ),
        (
            # + where * belongs
            lambda x, w: np.array([sum(x[n + k] + w[k] for k in range(2)) for n in range(2)]),
            "Twice the input should give twice the output; yours does not, so it does more than add products.",
        ),
        (
            lambda x, w: np.correlate(x, w) ** 2,
            "Twice the input should give twice the output; yours does not, so it does more than add products.",
        ),
    ],
)
def test_the_first_wrong_tap_is_named(function, said):
    assert sentence(function) == said


def test_rounding_errors_of_an_fft_are_no_taps():
    def by_fft(x, w):
        product = np.fft.rfft(x, 5) * np.fft.rfft(w, 5)
        return np.fft.irfft(product, 5)[1:3]  # a true convolution: the kernel was not flipped

    noise = by_fft(np.array([0.0, 0, 1]), np.array([1.0, 0]))[0]
    assert 0 < abs(noise) < 1e-12
    assert sentence(by_fft) == "weight[0] should meet input[0] there; yours meets input[1]."


def test_a_tap_that_should_read_the_padding_is_told_so():
    full = EXERCISES["convolve1d"]
    said = wrong_tap(full, SAMPLE, (0,), lambda s: np.convolve(*s.args), lambda s: np.convolve(*s.args)[::-1])
    assert said.sentence == "weight[0] should meet input[0] there; yours is missing from the sum."
    said = wrong_tap(
        full, SAMPLE, (0,), lambda s: np.convolve(*s.args), lambda s: np.roll(np.convolve(*s.args), -1)
    )
    assert said.sentence == "weight[0] should meet input[0] there; yours meets input[1]."


def test_nothing_is_said_where_nothing_is_known():
    # Each product is right, but not their sum: the square is hidden where one factor is zero.
    def odd(x, w):
        return np.correlate(x, w) + x[0] * x[1] * w[0] * w[1]

    assert sentence(odd) in (
        None,
        "Twice the input should give twice the output; yours does not, so it does more than add products.",
    )
    assert sentence(lambda x, w: None) is None
    assert wrong_tap(EXERCISES["output_size"], Sample((5, 3)), (), lambda s: None, lambda s: None) is None


def test_the_picture_shows_what_should_be_read_beside_what_is():
    def one_too_far(input, weight):
        windows = np.lib.stride_tricks.sliding_window_view(input, len(weight))
        return np.roll(windows, -1, axis=0) @ weight

    result = report(one_too_far, "correlate1d")
    assert "weight[0] should meet input[0] there; yours meets input[1]." in result.message
    assert result.picture == draw.reads([1, 2], [(0,)], [(1,)], at=(0,))


def test_a_flipped_kernel_is_drawn_with_each_tap_on_what_it_meets():
    result = report(lambda input, weight: slide(input, weight[::-1]), "correlate1d")
    right, flipped = [(0, 0), (1, 1)], [(0, 1), (1, 0)]
    assert result.picture == draw.meets([1, 2], [1, 2], right, flipped, at=(0,))


def test_exchanged_channels_of_a_weight_are_drawn_as_two_kernels():
    def exchanged(input, weight, bias=None):
        weight = weight.swapaxes(0, 1) if weight.shape[0] == weight.shape[1] else weight
        windows = np.lib.stride_tricks.sliding_window_view(input, weight.shape[2], axis=2)
        output = np.einsum("ncxk,ock->nox", windows, weight)
        return output if bias is None else output + bias[:, None]

    result = report(exchanged, "conv1d_multichannel")
    assert "should be: input[0, 1][0] meets weight[0, 1, 0]" in result.picture.alt
    assert "Yours: input[0, 1][0] meets weight[1, 0, 0]" in result.picture.alt


def test_a_tap_that_is_only_counted_twice_needs_no_picture():
    def twice(input, weight):
        return slide(input, weight * np.where(np.arange(len(weight)) == 0, 2, 1))

    result = report(twice, "correlate1d")
    assert "but is counted twice" in result.message
    assert result.picture is None


def test_of_many_channels_the_picture_shows_the_one_that_differs():
    def first_channel_only(input, weight, bias=None):
        output = np.stack([[slide(x[0], w[0]) for w in weight] for x in input])
        return output if bias is None else output + bias[:, None]

    result = report(first_channel_only, "conv1d_multichannel")
    assert "input[0, 1" in result.message
    assert result.picture is not None
    assert "input[0, 1]" in result.picture.alt


def test_a_constant_in_the_padding_is_not_taken_for_an_input():
    def ones_around(input, weight):
        ones = np.ones(len(weight) - 1)
        return slide(np.concatenate([ones, input, ones]), weight[::-1])

    message = report(ones_around, "convolve1d").message
    assert "meets input" not in message
    assert "Twice the input should give twice the output" in message
