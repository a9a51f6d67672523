"""Chapter 5's oracles say what the definitions say, and its samples meet what they are meant to meet."""

import numpy as np
import pytest
import torch

from convlab.checks import Sample, oracle
from convlab.checks.exercises._covered import operator
from convlab.checks.exercises._padded import pair
from convlab.checks.exercises.dilation import EXERCISES, conv2d, dilate, receptive_field
from convlab.checks.play import play


@pytest.mark.parametrize(
    ("layers", "samples"),
    [
        ([(3, 1, 1)] * 5, 11),
        ([(3, 1, 2)], 5),  # three taps, but two samples between them that they skip
        ([(3, 2, 1), (3, 1, 1)], 7),
        ([(1, 3, 1), (4, 1, 1)], 10),
        ([(2, 1, 2**i) for i in range(10)], 1024),  # WaveNet's stack
        ([(10, 5, 1), *[(3, 2, 1)] * 4, (2, 2, 1), (2, 2, 1)], 400),  # wav2vec 2.0: 25 ms at 16 kHz
    ],
)
def test_the_gradient_reaches_as_far_as_is_known_of_these_stacks(layers, samples):
    assert oracle.expected(receptive_field, Sample((layers,))) == samples


def test_torch_spreads_taps_as_the_definition_says():
    weight = np.arange(1, 13).reshape(1, 2, 2, 3)
    spread = oracle.expected(dilate, Sample((weight, (3, 2))))
    assert spread.shape == (1, 2, 4, 5)
    assert np.array_equal(spread[:, :, ::3, ::2], weight)
    assert spread.sum() == weight.sum()


def test_full_is_what_a_transposed_convolution_of_the_flipped_kernel_gives():
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 3, 2, 3))
    full = oracle.expected(conv2d, Sample((image, kernel), {"padding": "full", "dilation": (2, 1)}))
    turned = torch.tensor(np.flip(kernel, (2, 3)).swapaxes(0, 1).copy())
    adjoint = torch.nn.functional.conv_transpose2d(torch.tensor(image), turned, dilation=(2, 1))
    assert np.allclose(full, adjoint.numpy())


@pytest.mark.parametrize("seed", range(3))
def test_the_rules_that_mistakes_are_made_of_are_right_without_one(seed):
    for sample in conv2d.draw(seed):
        right = oracle.expected(conv2d, sample)
        assert np.array_equal(operator()(*sample.args, **sample.kwargs), right)


@pytest.mark.parametrize("seed", range(3))
def test_all_samples_together_need_few_multiply_adds(seed):
    needed = [oracle.expected(conv2d, sample).size * sample.args[1][0].size for sample in conv2d.draw(seed)]
    assert sum(needed) <= 15_000


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_no_mistake_raises_on_any_sample(exercise):
    for sample in exercise.draw(0):
        for mistake in exercise.mistakes:
            assert play(mistake.function, exercise, sample, seconds=5).failure is None


def test_who_takes_kernels_for_square_keeps_all_points_but_those_of_rectangular():
    for sample in conv2d.draw(0):
        kh, kw = sample.args[1].shape[2:]
        options = [pair(value) for value in sample.kwargs.values() if isinstance(value, int | tuple)]
        assert sample.group == "rectangular" or (kh == kw and all(one == other for one, other in options))


@pytest.mark.parametrize("seed", range(5))
def test_a_single_output_channel_meets_a_bias(seed):
    samples = [sample for sample in conv2d.draw(seed) if len(sample.args) == 3]
    assert any(sample.args[2].shape == (1,) and sample.group == "plain" for sample in samples)


def test_every_word_meets_every_option_that_it_may_stand_with():
    met = {
        (sample.kwargs["padding"], option, isinstance(value, tuple))
        for sample in conv2d.draw(0)
        for option, value in sample.kwargs.items()
        if isinstance(sample.kwargs.get("padding"), str) and option != "padding"
    }
    assert met >= {("valid", "stride", False), ("valid", "stride", True), ("full", "stride", True)}
    assert met >= {
        (word, "dilation", is_pair) for word in ("valid", "same", "full") for is_pair in (False, True)
    }


def test_images_are_not_square_and_even_kernels_meet_every_word():
    samples = [sample for sample in conv2d.draw(0) if "stride" not in sample.kwargs]
    assert all(sample.args[0].shape[2] != sample.args[0].shape[3] for sample in samples)
    words = {sample.kwargs.get("padding") for sample in samples if sample.args[1].shape[2] % 2 == 0}
    assert words >= {"valid", "same", "full"}
