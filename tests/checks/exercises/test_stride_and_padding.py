"""Chapter 4's oracles say what the definitions say, and its samples meet what they are meant to meet."""

import numpy as np
import pytest

from convlab.checks import Sample, oracle
from convlab.checks.exercises._covered import clamps_the_start, operator
from convlab.checks.exercises._padded import pad2d, pair
from convlab.checks.exercises._same import resolve_padding, same_upper_padding
from convlab.checks.exercises.stride_and_padding import EXERCISES, conv2d_strided
from convlab.checks.play import play


def test_the_clamped_start_is_right_without_padding_and_wrong_in_9_of_25_and_24_of_49_with():
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(1, 1, 5, 5)), rng.normal(size=(1, 1, 3, 3))
    for padding, wrong, size in [(0, 0, 9), (1, 9, 25), (2, 24, 49)]:
        right = oracle.expected(conv2d_strided, Sample((image, kernel), {"padding": padding}))
        clamped = operator(clamps_the_start)(image, kernel, padding=padding)
        assert (~np.isclose(right, clamped)).sum() == wrong
        assert right.size == size


@pytest.mark.parametrize(
    ("call", "pads"),
    [
        ((2, 3), ((2, 2), (2, 2))),
        (((1, 0), 3), ((1, 1), (0, 0))),
        ((((1, 2), (3, 0)), (5, 4), 2), ((1, 2), (3, 0))),
        (("valid", 3, 4), ((0, 0), (0, 0))),
        (("same", (3, 4)), ((1, 1), (1, 2))),
        (("same", 2, 3), ((1, 2), (1, 2))),
        (("full", (2, 3), (3, 2)), ((3, 3), (4, 4))),
        ((9, 1), ((9, 9), (9, 9))),
    ],
)
def test_the_zeros_that_torch_reads_are_those_of_the_definition(call, pads):
    assert oracle.expected(resolve_padding, Sample(call)) == pads


@pytest.mark.parametrize("kernel_size", range(1, 6))
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_at_stride_1_same_upper_is_torchs_same(kernel_size, dilation):
    one_row = Sample((20, kernel_size, 1, dilation))
    both = Sample(("same", kernel_size, dilation))
    assert pair(oracle.expected(same_upper_padding, one_row)) == oracle.expected(resolve_padding, both)[0]


@pytest.mark.parametrize(
    (
        "call",
        "pads",
    ),  # by hand: the pad depends on the size once the stride is not 1
    [((5, 3, 2), (1, 1)), ((6, 3, 2), (0, 1)), ((13, 6, 5), (1, 2)), ((4, 1, 2), (0, 0)), ((3, 5), (2, 2))],
)
def test_same_upper_padding_of_known_cases(call, pads):
    assert oracle.expected(same_upper_padding, Sample(call)) == pads


@pytest.mark.parametrize("seed", range(3))
def test_all_samples_together_need_few_multiply_adds(seed):
    needed = [
        oracle.expected(conv2d_strided, sample).size * sample.args[1][0].size
        for sample in conv2d_strided.draw(seed)
    ]
    assert sum(needed) <= 15_000
    assert sum(oracle.expected(pad2d, sample).size for sample in pad2d.draw(seed)) <= 15_000


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_no_mistake_raises_on_any_sample(exercise):
    for sample in exercise.draw(0):
        for mistake in exercise.mistakes:
            assert play(mistake.function, exercise, sample, seconds=5).failure is None


def test_strides_leave_over_nothing_one_row_and_more():
    left_over = set()
    for sample in conv2d_strided.draw(0):
        (H, _), (kh, _) = sample.args[0].shape[2:], sample.args[1].shape[2:]
        s, p = pair(sample.kwargs.get("stride", 1))[0], pair(sample.kwargs.get("padding", 0))[0]
        left_over |= {(s, (H + 2 * p - kh) % s)}
    assert left_over >= {(2, 0), (2, 1), (3, 0), (3, 1), (4, 3)}


def test_samples_meet_unequal_pairs_and_kernels_that_fit_only_with_the_padding():
    samples = conv2d_strided.draw(0)
    strides = [pair(sample.kwargs.get("stride", 1)) for sample in samples]
    paddings = [pair(sample.kwargs.get("padding", 0)) for sample in samples]
    assert any(s_h > s_w for s_h, s_w in strides)
    assert any(s_h < s_w for s_h, s_w in strides)
    assert any(p_h > p_w for p_h, p_w in paddings)
    assert any(p_h < p_w for p_h, p_w in paddings)
    assert max(map(max, paddings)) > 2
    assert any(sample.args[1].shape[2] > sample.args[0].shape[2] for sample in samples)
    assert any(sample.args[1].shape[2:] == sample.args[0].shape[2:] for sample in samples)


@pytest.mark.parametrize("seed", range(5))
def test_a_single_output_channel_meets_a_bias(seed):
    samples = [sample for sample in conv2d_strided.draw(seed) if len(sample.args) == 3]
    assert any(sample.args[2].shape == (1,) and sample.group == "plain" for sample in samples)


def test_an_image_and_its_kernel_are_never_both_square():
    for sample in conv2d_strided.draw(0):
        (H, W), (kh, kw) = sample.args[0].shape[2:], sample.args[1].shape[2:]
        assert H != W or kh != kw or sample.group == "together"
