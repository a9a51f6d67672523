import math

import numpy as np
import pytest

from convlab.draw import _numbers as numbers


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (-3, "−3"),
        (True, "1"),
        (2.0, "2"),
        (-0.0, "0"),
        (-0.5596, "−0.5596"),
        (0.10, "0.1"),
        (1 / 3, "0.3333"),
        (-2 / 3, "−0.6667"),
        (0.99999, "1"),
        (1234.5, "1234.5"),
        (100.0, "100"),
        (1e-7, "1e−7"),
        (-1.2345e-5, "−1.234e−5"),
        (2.5e12, "2.5e12"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "−inf"),
        (10**12, "1000000000000"),
        (np.float32(0.1), "0.1"),
        (np.uint8(200), "200"),
    ],
)
def test_a_number_is_written_short_and_exact_to_four_decimals(value, written):
    assert numbers.number(value) == written


def test_an_entry_is_written_as_code():
    assert numbers.entry("output", (1, 0)) == "output[1, 0]"


def test_the_extent_leaves_nan_out():
    assert numbers.extent(np.array([3.0, math.nan, -1.5])) == "from −1.5 to 3"
    assert numbers.extent(np.array([2, 2])) == "all 2"
    assert numbers.extent(np.array([math.nan])) == "all nan"


def test_products_of_bytes_do_not_wrap_around():
    array = numbers.as_array(np.array([200], dtype=np.uint8), "input", (1,))
    assert (array * array)[0] == 40000


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([[1, 2]], r"values has shape \(1, 2\): it must be 1-D"),
        ([], r"values has shape \(0,\): there is nothing to draw"),
        (["a"], r"values has dtype <U1: it must hold real numbers"),
        ([1j], r"values has dtype complex128: it must hold real numbers"),
        ([[1], [2, 3]], r"values cannot be read as an array of numbers"),
    ],
)
def test_what_cannot_be_drawn_is_named(values, said):
    with pytest.raises(ValueError, match=said):
        numbers.as_array(values, "values", (1,))


def test_a_total_is_rounded_once():
    assert numbers.total([0.1] * 10) == 1.0


def test_what_cancels_is_zero_and_what_is_small_is_not():
    assert numbers.total([0.1, 0.2, -0.3]) == 0.0
    assert numbers.total([1e-9, 1e-9]) == 2e-9


def test_a_total_of_integers_is_exact():
    assert numbers.total([2**62, 2**62, 1]) == 2**63 + 1


@pytest.mark.parametrize("terms", [[math.inf, -math.inf], [math.nan, 1.0]])
def test_a_total_may_be_nan(terms):
    assert math.isnan(numbers.total(terms))


def test_a_total_may_be_infinite():
    assert numbers.total([math.inf, 1.0]) == math.inf
    assert numbers.total([1e308, 1e308]) == math.inf
