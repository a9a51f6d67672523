"""The forward convolutions against torch: a full grid, random draws, integers, memory layouts."""

import warnings
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from convlab import functional

CONV = {1: functional.conv1d, 2: functional.conv2d}
TORCH_CONV = {1: F.conv1d, 2: F.conv2d}
TOLERANCE = {np.float64: 1e-11, np.float32: 1e-4, np.int64: 0}

# (C_in, C_out, groups): one channel; N, C and O all different; C = O; grouped; depthwise; two per channel.
CHANNELS = [(1, 1, 1), (3, 4, 1), (2, 2, 1), (4, 6, 2), (3, 3, 3), (2, 4, 2)]
SIZES = {1: (9,), 2: (7, 8)}
KERNELS = {1: [(1,), (2,), (3,), (9,)], 2: [(1, 1), (3, 3), (2, 3), (3, 2), (4, 1), (7, 8)]}
# On these sizes the strides leave remainders of 0, 1 and 2.
STRIDES = {1: [1, 2, (3,), 4], 2: [1, 2, [1, 3], (4, 2)]}
PADDINGS = {
    1: [0, 2, (1,), ((1, 3),), "same", "full"],
    2: [0, 1, (2, 1), ((0, 1), (3, 2)), "same", "full"],
}
DILATIONS = {1: [1, 2, (3,)], 2: [1, 2, (1, 3)]}
BATCHES = [(), (2,)]
DTYPES = [np.float32, np.float64, np.int64]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """On a busy machine a second thread is waited for longer than these small sums take."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def random_array(rng, shape, dtype):
    if np.issubdtype(dtype, np.integer):
        return rng.integers(-9, 10, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def read_only(array):
    array.flags.writeable = False
    return array


def awkward(array):
    """Lay an array out with negative strides, last axis first, and with gaps."""
    wide = np.zeros([2 * size for size in reversed(array.shape)], array.dtype)
    view = wide.T[tuple(slice(None, None, -2) for _ in array.shape)]
    view[...] = array
    return view


# Read-only, so that writing to an argument fails the test.
LAYOUTS = {
    "contiguous": lambda array: read_only(array.copy()),
    "awkward": lambda array: read_only(awkward(array)),
}


def to_torch(array):
    return None if array is None else torch.tensor(np.array(array))


def torch_conv(axes, input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Ask torch, which lacks "full" and explicit pairs: those by torch's own pad."""
    input = to_torch(input)
    if padding == "full":
        taps = weight.shape[2:]
        spacing = dilation if isinstance(dilation, tuple | list) else (dilation,) * axes
        padding = tuple(d * (k - 1) for d, k in zip(spacing, taps, strict=True))
    elif isinstance(padding, tuple) and isinstance(padding[0], tuple):
        input = F.pad(input, [entry for pair in reversed(padding) for entry in pair])
        padding = 0
    with warnings.catch_warnings():
        # torch says that an even "same" kernel costs it a copy; the numbers are right.
        warnings.filterwarnings("ignore", message="Using padding='same'", category=UserWarning)
        result = TORCH_CONV[axes](input, to_torch(weight), to_torch(bias), stride, padding, dilation, groups)
    return result.numpy()


def assert_same(actual, expected, case):
    """Compare values, shape, dtype and what a fresh result is; integers bit by bit."""
    assert actual.dtype == expected.dtype, case
    assert actual.flags.c_contiguous, case
    assert actual.flags.writeable, case
    tolerance = TOLERANCE[expected.dtype.type]
    if actual.shape != expected.shape or not np.allclose(actual, expected, tolerance, tolerance):
        np.testing.assert_allclose(actual, expected, tolerance, tolerance, strict=True, err_msg=str(case))


def compare(axes, arrays, **kwargs):
    """Both refuse, or both agree. Tells whether there was a result."""
    case = {"shapes": [array.shape for array in arrays], "dtype": arrays[0].dtype.name, **kwargs}
    try:
        expected = torch_conv(axes, *arrays, **kwargs)
    except RuntimeError:
        with pytest.raises(ValueError, match=r"more than the padded input's|needs stride 1"):
            CONV[axes](*arrays, **kwargs)
        return False
    assert_same(CONV[axes](*arrays, **kwargs), expected, case)
    return True


def draw_arrays(rng, axes, channels, batch, kernel, dtype, layout="contiguous"):
    c_in, c_out, groups = channels
    shapes = (*batch, c_in, *SIZES[axes]), (c_out, c_in // groups, *kernel), (c_out,)
    return [LAYOUTS[layout](random_array(rng, shape, dtype)) for shape in shapes]


@pytest.mark.parametrize("channels", CHANNELS, ids=str)
@pytest.mark.parametrize("axes", [1, 2])
def test_the_full_grid_equals_torch(axes, channels):
    rng = np.random.default_rng(0)
    compared = 0
    for batch, kernel, dtype in product(BATCHES, KERNELS[axes], DTYPES):
        variants = [draw_arrays(rng, axes, channels, batch, kernel, dtype, layout) for layout in LAYOUTS]
        hyper = product(STRIDES[axes], PADDINGS[axes], DILATIONS[axes], variants)
        for stride, padding, dilation, arrays in hyper:
            keywords = {"stride": stride, "padding": padding, "dilation": dilation, "groups": channels[2]}
            compared += compare(axes, arrays, **keywords)
    assert compared > 1000


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("batch", BATCHES, ids=["unbatched", "batched"])
def test_without_bias_equals_torch(axes, batch):
    input, weight, _ = draw_arrays(np.random.default_rng(1), axes, (4, 6, 2), batch, (3,) * axes, np.float64)
    assert compare(axes, [input, weight], groups=2, padding=1)


@pytest.mark.parametrize(
    "keywords",
    [
        {"stride": np.int64(2), "padding": np.int8(1), "dilation": np.uint8(2), "groups": np.int32(2)},
        {"stride": (2,), "padding": [1], "dilation": [2], "groups": 2},
        {"stride": [2], "padding": (np.int64(1),), "dilation": (np.int16(2),), "groups": 2},
        {"stride": torch.Size([3]), "padding": "valid", "groups": 2},
    ],
)
@pytest.mark.parametrize("axes", [1, 2])
def test_integers_and_sequences_of_one_are_taken_as_torch_takes_them(axes, keywords):
    rng = np.random.default_rng(2)
    assert compare(axes, draw_arrays(rng, axes, (4, 6, 2), (2,), (3,) * axes, np.float64), **keywords)


def test_conv1d_takes_left_and_right_as_a_pair():
    input, weight = np.array([[1.0, 10, 100]]), np.array([[[1.0, 2]]])
    expected = [[2, 21, 210, 100, 0]]
    np.testing.assert_array_equal(functional.conv1d(input, weight, padding=(1, 2)), expected)
    np.testing.assert_array_equal(functional.conv1d(input, weight, padding=[1, 2]), expected)
    np.testing.assert_array_equal(functional.conv1d(input, weight, padding=((1, 2),)), expected)


def test_a_pair_is_rows_then_columns_and_nested_pairs_are_sides():
    input, weight = np.ones((1, 2, 3)), np.ones((1, 1, 1, 1))
    rows, columns = functional.conv2d(input, weight, padding=(1, 0)), [[0] * 3, [1] * 3, [1] * 3, [0] * 3]
    np.testing.assert_array_equal(rows[0], columns)
    sides = functional.conv2d(input, weight, padding=((0, 1), (2, 0)))
    np.testing.assert_array_equal(sides[0], [[0, 0, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]])


def test_an_even_same_kernel_reads_its_extra_zero_at_the_end():
    ramp, sum_of_two = np.array([[1.0, 2, 3, 4]]), np.ones((1, 1, 2))
    np.testing.assert_array_equal(functional.conv1d(ramp, sum_of_two, padding="same"), [[3, 5, 7, 4]])


@pytest.mark.parametrize("axes", [1, 2])
def test_an_empty_batch_gives_an_empty_batch(axes):
    arrays = draw_arrays(np.random.default_rng(3), axes, (4, 6, 2), (0,), (3,) * axes, np.float32)
    assert compare(axes, arrays, stride=2, padding=1, groups=2)


def test_no_input_channels_leave_the_bias():
    # torch gives (2, 0, 4, 6), against the output shape its documentation states: a sum of nothing is 0.
    input, weight, bias = np.ones((2, 0, 6, 7)), np.ones((6, 0, 3, 2)), np.arange(6.0)
    output = functional.conv2d(input, weight, bias)
    np.testing.assert_array_equal(output, np.broadcast_to(bias[:, None, None], (2, 6, 4, 6)))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.int64])
def test_integers_are_exact_and_keep_their_width(dtype):
    rng = np.random.default_rng(4)
    info = np.iinfo(dtype)
    low, high = max(info.min, -(2**40)), min(info.max, 2**40)  # sums of products pass 2**53, even 2**63
    shapes = (2, 4, 6, 7), (6, 2, 3, 2), (6,)
    arrays = [rng.integers(low, high, shape, endpoint=True).astype(dtype) for shape in shapes]
    output = functional.conv2d(*arrays, stride=(1, 2), padding=1, groups=2)
    expected = torch_conv(2, *arrays, stride=(1, 2), padding=1, groups=2)
    assert output.dtype == dtype
    np.testing.assert_array_equal(output, expected)


def test_integers_do_not_pass_through_floats():
    big = 2**60 + 1
    output = functional.conv1d(np.array([[big, 1, big]]), np.array([[[1, 1]]]))
    assert output.tolist() == [[big + 1, big + 1]]


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float16, 2e-2), (np.complex64, 1e-4), (np.complex128, 1e-11)]
)
def test_other_floats_keep_their_dtype(dtype, tolerance):
    rng = np.random.default_rng(5)
    shapes = (2, 4, 6, 7), (6, 2, 3, 2), (6,)
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    if np.issubdtype(dtype, np.complexfloating):
        arrays = [array + 1j * rng.standard_normal(array.shape).astype(dtype) for array in arrays]
    output = functional.conv2d(*arrays, stride=2, padding=1, groups=2)
    expected = torch_conv(2, *arrays, stride=2, padding=1, groups=2)
    assert output.dtype == dtype
    np.testing.assert_allclose(output, expected, tolerance, tolerance)


@pytest.mark.parametrize("order", ["><", "<>", ">>"])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_either_byte_order_is_taken_and_the_result_is_the_machines_own(dtype, order):
    rng = np.random.default_rng(8)
    shapes = (4, 6, 7), (6, 2, 3, 2), (6,)
    arrays = [random_array(rng, shape, np.dtype(dtype)) for shape in shapes]
    expected = torch_conv(2, *arrays, stride=2, padding=1, groups=2)
    input, weight, bias = arrays
    input, weight = input.astype(order[0] + dtype), weight.astype(order[1] + dtype)
    for last in (bias, bias.astype(">" + dtype)):
        output = functional.conv2d(input, weight, last, stride=2, padding=1, groups=2)
        assert output.dtype.isnative
        np.testing.assert_allclose(output, expected, 1e-4, 1e-4, strict=True)
    assert functional.conv2d(input[None][:0], weight, groups=2).dtype.isnative


def test_a_kernel_as_large_as_the_image_is_a_linear_layer():
    rng = np.random.default_rng(6)
    input, weight = rng.standard_normal((2, 4, 3, 5)), rng.standard_normal((8, 4, 3, 5))
    expected = F.linear(to_torch(input).flatten(1), to_torch(weight).flatten(1)).numpy()
    np.testing.assert_allclose(functional.conv2d(input, weight)[:, :, 0, 0], expected, rtol=1e-12)


@pytest.mark.parametrize("batch", BATCHES, ids=["unbatched", "batched"])
def test_the_result_is_new_memory_even_when_it_equals_the_input(batch):
    input = np.random.default_rng(7).standard_normal((*batch, 3, 4, 5))
    output = functional.conv2d(input, np.ones((3, 1, 1, 1)), groups=3)
    np.testing.assert_array_equal(output, input)
    assert not np.shares_memory(output, input)


@st.composite
def problems(draw):
    """Draw arguments of conv1d or conv2d; the kernel always fits."""
    axes = draw(st.sampled_from([1, 2]))

    def integers(low, high):
        return tuple(draw(st.lists(st.integers(low, high), min_size=axes, max_size=axes)))

    groups, c_group, multiplier = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    kernel, stride, dilation, padding = integers(1, 4), integers(1, 4), integers(1, 3), integers(0, 4)
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    spare = integers(0, 5)
    sizes = [max(span - 2 * p, 1) + more for span, p, more in zip(spans, padding, spare, strict=True)]
    batch = draw(st.sampled_from([(), (1,), (3,)]))
    dtype = draw(st.sampled_from(DTYPES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    input = random_array(rng, (*batch, groups * c_group, *sizes), dtype)
    weight = random_array(rng, (groups * multiplier, c_group, *kernel), dtype)
    bias = random_array(rng, groups * multiplier, dtype)
    return axes, [input, weight, bias], {
        "stride": stride, "padding": padding, "dilation": dilation, "groups": groups,
    }  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=150, database=None)
@given(problems())
def test_random_problems_equal_torch(problem):
    axes, arrays, keywords = problem
    assert compare(axes, arrays, **keywords)
