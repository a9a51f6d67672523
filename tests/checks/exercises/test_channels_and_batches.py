"""Chapter 3's samples meet what they are meant to meet, and stay small."""

import numpy as np
import pytest

from convlab.checks import oracle
from convlab.checks.exercises.channels_and_batches import (
    EXERCISES,
    conv1d_multichannel,
    conv2d_multichannel,
    integers_and_halves,
)
from convlab.checks.play import play

SEEDS = range(3)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
@pytest.mark.parametrize("seed", SEEDS)
def test_all_samples_together_need_few_multiply_adds(exercise, seed):
    needed = [
        oracle.expected(exercise, sample).size * sample.args[1][0].size for sample in exercise.draw(seed)
    ]
    assert sum(needed) <= 15_000


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_no_mistake_raises_on_any_sample(exercise):
    for sample in exercise.draw(0):
        for mistake in exercise.mistakes:
            assert play(mistake.function, exercise, sample, seconds=5).failure is None


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_samples_meet_the_shapes_that_hide_mistakes(exercise):
    shapes = [(sample.args[0].shape, sample.args[1].shape) for sample in exercise.draw(0)]
    assert any(len({N, C_in, C_out}) == 3 and C_in > 1 for (N, C_in, *_), (C_out, *_) in shapes)
    assert any(C_in == C_out > 1 for (_, C_in, *_), (C_out, *_) in shapes)
    assert any(size == taps and max(taps) > 1 for (_, _, *size), (_, _, *taps) in shapes)
    assert any(taps[-1] % 2 == 0 for _, (_, _, *taps) in shapes)
    assert any(max(taps) == 1 for _, (_, _, *taps) in shapes)


def test_no_sample_of_conv2d_multichannel_has_a_square_image_under_a_square_kernel():
    for sample in conv2d_multichannel.draw(0):
        (H, W), (kh, kw) = sample.args[0].shape[2:], sample.args[1].shape[2:]
        assert H != W or kh != kw


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_samples_meet_every_layout_and_dtype_and_every_way_to_say_no_bias(exercise):
    samples = exercise.draw(0)
    inputs = [sample.args[0] for sample in samples]
    assert any(any(stride < 0 for stride in input.strides) for input in inputs)
    assert any(not input.flags.c_contiguous and min(input.strides) > 0 for input in inputs)
    assert any(not input.flags.writeable for input in inputs)
    assert {input.dtype.name for input in inputs} == {"int64", "float32", "float64"}
    assert {(len(sample.args), *sample.kwargs) for sample in samples} == {(2,), (2, "bias"), (3,)}
    assert all(np.all(sample.args[2] != 0) for sample in samples if len(sample.args) == 3)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_batches_of_two_and_of_three_meet_a_bias(exercise):
    with_bias = [sample for sample in exercise.draw(0) if len(sample.args) == 3]
    batches = [(len(input), input.shape[1] != len(bias)) for input, _, bias in (s.args for s in with_bias)]
    assert {(2, True), (3, True)} <= set(batches)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_a_bias_along_a_wrong_axis_gives_an_answer_that_can_be_named(exercise):
    for sample in exercise.draw(0):
        if len(sample.args) == 3:
            output = oracle.expected(exercise, sample)
            for axis in range(2, output.ndim):
                assert 1 in (output.shape[axis], len(sample.args[2])) or output.shape[axis] == output.shape[1]


@pytest.mark.parametrize("seed", range(20))
def test_no_entry_is_an_integer_where_an_integer_output_must_be_noticed(seed):
    input, weight = integers_and_halves(np.random.default_rng(seed), (1, 2, 3), (4, 2, 2))
    output = oracle.expected(conv1d_multichannel, type(conv1d_multichannel.draw(0)[0])((input, weight)))
    assert np.all(output % 1 == 0.5)
