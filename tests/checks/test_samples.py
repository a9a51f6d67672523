import numpy as np
import pytest

from convlab.checks import EXERCISES
from convlab.checks.samples import LAYOUTS, arrays_in, fractions, integers, lay_out


@pytest.mark.parametrize("how", LAYOUTS)
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4)])
def test_every_layout_holds_the_same_values(how, shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    assert np.array_equal(lay_out(array, how), array)


def test_layouts_are_what_they_are_called():
    array = np.arange(12.0).reshape(3, 4)
    assert lay_out(array, "reversed").strides == (-32, -8)
    assert lay_out(array, "strided").strides == (64, 16)
    assert lay_out(array, "transposed").strides == (8, 24)
    assert not lay_out(array, "read-only").flags.writeable


def test_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match="'sideways'; it may be one of contiguous"):
        lay_out(np.zeros(3), "sideways")


def test_values_are_never_zero_and_exact_in_float32():
    rng = np.random.default_rng(0)
    for values in (integers(rng, 1000), fractions(rng, 1000)):
        assert np.all(values != 0)
        assert np.array_equal(values, values.astype(np.float32))
        assert values.min() < 0 < values.max()


# Where a judge decides, the calls hold no values to draw: the names of bugs, or nothing.
DRAWN = [exercise for exercise in EXERCISES.values() if exercise.judge is None]


@pytest.mark.parametrize("exercise", DRAWN, ids=lambda exercise: exercise.name)
def test_the_same_seed_gives_the_same_calls_and_another_seed_other_values(exercise):
    def numbers(seed):
        leaves = [value for s in exercise.draw(seed) for value in (*s.args, *s.kwargs.values())]
        return [leaf.tolist() if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]

    assert repr(numbers(1)) == repr(numbers(1))
    assert repr(numbers(1)) != repr(numbers(2))


@pytest.mark.parametrize("name", ["correlate1d", "convolve1d", "correlate2d"])
def test_samples_meet_kernels_as_large_as_the_input_even_kernels_and_every_layout(name):
    pairs = [sample.args for sample in EXERCISES[name].draw(0)]
    assert any(input.shape == weight.shape and input.size > 1 for input, weight in pairs)
    assert any(weight.shape[-1] % 2 == 0 for _, weight in pairs)
    assert any(any(stride < 0 for stride in input.strides) for input, _ in pairs)
    assert any(not input.flags.c_contiguous for input, _ in pairs)
    assert any(not input.flags.writeable for input, _ in pairs)
    assert {input.dtype.name for input, _ in pairs} >= {"int64", "float64", "float32"}


def test_no_sample_of_correlate2d_hides_a_swap_of_rows_and_columns():
    for input, weight in (sample.args for sample in EXERCISES["correlate2d"].draw(0)):
        assert input.shape[0] != input.shape[1] or weight.shape[0] != weight.shape[1]


def test_arrays_are_found_however_deep_they_are():
    one, two, three = np.zeros(1), np.zeros(2), np.zeros(3)
    found = list(arrays_in([(one, 7), {"a": two, "b": [three]}, None, "text"]))
    assert [array.size for array in found] == [1, 2, 3]
    assert list(arrays_in(one)) == [one]
    assert list(arrays_in(range(3))) == []
