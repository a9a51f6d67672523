"""The gradients against autograd with random upstream gradients, as adjoints, and as integers."""

import warnings
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from convlab import functional, grad

CONV = {1: functional.conv1d, 2: functional.conv2d}
TORCH_CONV = {1: F.conv1d, 2: F.conv2d}
INPUT_GRADIENT = {1: grad.conv1d_input, 2: grad.conv2d_input}
WEIGHT_GRADIENT = {1: grad.conv1d_weight, 2: grad.conv2d_weight}

# (C_in, C_out, groups): one channel; all different; C = O; grouped; depthwise; two kernels per channel.
CHANNELS = [(1, 1, 1), (3, 4, 1), (2, 2, 1), (4, 6, 2), (3, 3, 3), (2, 4, 2)]
SIZES = {1: (9,), 2: (7, 8)}
KERNELS = {1: [(1,), (2,), (3,), (9,)], 2: [(1, 1), (3, 3), (2, 3), (4, 1), (7, 8)]}
# On these sizes the strides drop tails of 0, 1, 2 and 3.
STRIDES = {1: [1, 2, (3,), 4], 2: [1, 2, [1, 3], (4, 2)]}
PADDINGS = {
    1: [0, 2, (4,), ((1, 3),), "same", "full"],
    2: [0, 1, (2, 4), ((0, 1), (3, 2)), "same", "full"],
}
DILATIONS = {1: [1, 2, (3,)], 2: [1, 2, (1, 3)]}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """On a busy machine a second thread is waited for longer than these small sums take."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def autograd(axes, input, weight, stride=1, padding=0, dilation=1, groups=1, seed=0):
    """Give torch's grad_output (random), grad_input, grad_weight and grad_bias, or None if it refuses."""
    leaves = [torch.tensor(np.array(array), requires_grad=True) for array in (input, weight)]
    bias = torch.zeros(len(weight), dtype=leaves[0].dtype, requires_grad=True)
    image = leaves[0]
    if padding == "full":
        spacing = dilation if isinstance(dilation, tuple | list) else (dilation,) * axes
        padding = tuple(d * (k - 1) for d, k in zip(spacing, weight.shape[2:], strict=True))
    elif isinstance(padding, tuple) and isinstance(padding[0], tuple):
        image, padding = F.pad(image, [entry for pair in reversed(padding) for entry in pair]), 0
    with warnings.catch_warnings():
        # torch says that an even "same" kernel costs it a copy; the numbers are right.
        warnings.filterwarnings("ignore", message="Using padding='same'", category=UserWarning)
        try:
            output = TORCH_CONV[axes](image, leaves[1], bias, stride, padding, dilation, groups)
        except RuntimeError:
            return None
    rng = np.random.default_rng(seed)
    grad_output = rng.standard_normal(output.shape).astype(input.dtype)
    gradients = torch.autograd.grad(output, (*leaves, bias), torch.tensor(grad_output))
    return [grad_output, *(gradient.numpy() for gradient in gradients)]


def read_only(array):
    array.flags.writeable = False
    return array


def awkward(array):
    """Lay an array out with negative strides, last axis first, and with gaps."""
    wide = np.zeros([2 * size for size in reversed(array.shape)], array.dtype)
    view = wide.T[tuple(slice(None, None, -2) for _ in array.shape)]
    view[...] = array
    return read_only(view)


def assert_same(actual, expected, case):
    assert actual.dtype == expected.dtype, case
    assert actual.flags.c_contiguous, case
    assert actual.flags.writeable, case
    tolerance = 1e-10 if expected.dtype == np.float64 else 1e-3
    if actual.shape != expected.shape or not np.allclose(actual, expected, tolerance, tolerance):
        np.testing.assert_allclose(actual, expected, tolerance, tolerance, strict=True, err_msg=str(case))


def compare(axes, input, weight, layout=read_only, **keywords):
    """Compare with autograd. Tells whether there was a gradient."""
    case = {"input": input.shape, "weight": weight.shape, "dtype": input.dtype.name, **keywords}
    expected = autograd(axes, input, weight, **keywords)
    if expected is None:
        return False
    grad_output, grad_input, grad_weight, grad_bias = expected
    input, weight, grad_output = layout(input), layout(weight), layout(grad_output)
    assert_same(INPUT_GRADIENT[axes](input.shape, weight, grad_output, **keywords), grad_input, case)
    assert_same(WEIGHT_GRADIENT[axes](input, weight.shape, grad_output, **keywords), grad_weight, case)
    if axes == 2:
        assert_same(grad.conv2d_bias(grad_output), grad_bias, case)
    return True


@pytest.mark.parametrize("channels", CHANNELS, ids=str)
@pytest.mark.parametrize("axes", [1, 2])
def test_the_full_grid_equals_autograd(axes, channels):
    rng = np.random.default_rng(0)
    c_in, c_out, groups = channels
    compared = 0
    variants = [(np.float64, read_only), (np.float32, awkward)]
    for batch, kernel, (dtype, layout) in product([(), (2,)], KERNELS[axes], variants):
        shapes = (*batch, c_in, *SIZES[axes]), (c_out, c_in // groups, *kernel)
        arrays = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
        hyper = product(STRIDES[axes], PADDINGS[axes], DILATIONS[axes])
        for stride, padding, dilation in hyper:
            keywords = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
            compared += compare(axes, *arrays, layout, **keywords)
    assert compared > 500


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", [read_only, awkward])
@pytest.mark.parametrize("batch", [(), (2,)], ids=["unbatched", "batched"])
@pytest.mark.parametrize("axes", [1, 2])
def test_every_dtype_and_layout_equals_autograd(axes, batch, layout, dtype):
    rng = np.random.default_rng(1)
    input = rng.standard_normal((*batch, 4, *SIZES[axes])).astype(dtype)
    for kernel in KERNELS[axes][:4]:
        weight = rng.standard_normal((6, 2, *kernel)).astype(dtype)
        assert compare(axes, input.copy(), weight, layout, stride=2, padding=4, dilation=2, groups=2)


@pytest.mark.parametrize("tail", [0, 1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1])
def test_the_tail_that_a_stride_drops_comes_back_as_zeros(tail, padding):
    size = 3 + 2 * 4 + tail - 2 * padding  # three windows of 3, 4 apart
    input = np.random.default_rng(2).standard_normal((2, 3, size))
    weight = np.random.default_rng(3).standard_normal((4, 3, 3))
    grad_output, expected, *_ = autograd(1, input, weight, stride=4, padding=padding)
    result = grad.conv1d_input((2, 3, size), weight, grad_output, stride=4, padding=padding)
    np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12, strict=True)
    unread = max(tail - padding, 0)
    assert not result[..., size - unread :].any()


@pytest.mark.parametrize("padding", ["same_upper", "same_lower"])
@pytest.mark.parametrize("stride", [1, 2, (3, 2)])
def test_same_with_stride_equals_autograd_on_the_padded_input(padding, stride):
    rng = np.random.default_rng(4)
    input, weight = rng.standard_normal((2, 3, 8, 7)), rng.standard_normal((4, 3, 2, 4))
    pads = functional.resolve_padding(padding, (2, 4), 1, stride, (8, 7))
    grad_output, grad_input, grad_weight, _ = autograd(2, input, weight, stride, pads)
    keywords = {"stride": stride, "padding": padding}
    assert_same(grad.conv2d_input(input.shape, weight, grad_output, **keywords), grad_input, keywords)
    assert_same(grad.conv2d_weight(input, weight.shape, grad_output, **keywords), grad_weight, keywords)


def test_conv2d_backward_gives_all_three():
    rng = np.random.default_rng(5)
    input, weight = rng.standard_normal((2, 4, 8, 7)), rng.standard_normal((6, 2, 3, 2))
    grad_output, *expected = autograd(2, input, weight, (2, 3), (2, 1), (1, 2), 2)
    gradients = grad.conv2d_backward(grad_output, input, weight, (2, 3), (2, 1), (1, 2), 2)
    assert isinstance(gradients, tuple)
    for gradient, value in zip(gradients, expected, strict=True):
        assert_same(gradient, value, "conv2d_backward")
    grad_output, *expected = autograd(2, input[0], weight, (2, 3), (2, 1), (1, 2), 2)
    gradients = grad.conv2d_backward(grad_output, input[0], weight, (2, 3), (2, 1), (1, 2), 2)
    for gradient, value in zip(gradients, expected, strict=True):
        assert_same(gradient, value, "conv2d_backward, unbatched")


def test_the_arguments_stand_in_torchs_order():
    rng = np.random.default_rng(6)
    arrays = rng.standard_normal((2, 4, 9)), rng.standard_normal((6, 2, 3)), rng.standard_normal((2, 6, 4))
    input, weight, grad_output = arrays
    tensors = [torch.tensor(array) for array in arrays]
    expected = torch.nn.grad.conv1d_input(input.shape, tensors[1], tensors[2], 2, 1, 2, 2)
    np.testing.assert_allclose(grad.conv1d_input(input.shape, weight, grad_output, 2, 1, 2, 2), expected)
    expected = torch.nn.grad.conv1d_weight(tensors[0], weight.shape, tensors[2], 2, 1, 2, 2)
    np.testing.assert_allclose(grad.conv1d_weight(input, weight.shape, grad_output, 2, 1, 2, 2), expected)


@pytest.mark.parametrize("axes", [1, 2])
def test_an_empty_batch_has_an_empty_and_a_zero_gradient(axes):
    input, weight = np.ones((0, 4, *SIZES[axes])), np.ones((6, 2, *(3, 2)[:axes]))
    assert compare(axes, input, weight, stride=2, padding=1, groups=2)


def test_no_input_channels_have_no_gradient():
    weight, grad_output = np.ones((6, 0, 3, 2)), np.ones((2, 6, 4, 6))
    assert grad.conv2d_input((2, 0, 6, 7), weight, grad_output).shape == (2, 0, 6, 7)
    assert grad.conv2d_weight(np.ones((2, 0, 6, 7)), (6, 0, 3, 2), grad_output).shape == (6, 0, 3, 2)


@st.composite
def problems(draw, dtype=np.float64):
    """Draw input, weight, grad_output and arguments; the kernel always fits."""
    axes = draw(st.sampled_from([1, 2]))

    def integers(low, high):
        return tuple(draw(st.lists(st.integers(low, high), min_size=axes, max_size=axes)))

    groups, c_group, multiplier = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    kernel, stride, dilation, padding = integers(1, 4), integers(1, 4), integers(1, 3), integers(0, 4)
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    spare = integers(0, 5)
    sizes = [max(span - 2 * p, 1) + more for span, p, more in zip(spans, padding, spare, strict=True)]
    batch = draw(st.sampled_from([(), (1,), (3,)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    input = rng.integers(-9, 10, (*batch, groups * c_group, *sizes)).astype(dtype)
    weight = rng.integers(-9, 10, (groups * multiplier, c_group, *kernel)).astype(dtype)
    keywords = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return axes, input, weight, keywords


PROPERTY = settings(derandomize=True, deadline=None, max_examples=100, database=None)


@PROPERTY
@given(problems())
def test_random_problems_equal_autograd(problem):
    axes, input, weight, keywords = problem
    assert compare(axes, input, weight, **keywords)


@PROPERTY
@given(problems(np.int64))
def test_integer_gradients_are_exact_adjoints(problem):
    axes, input, weight, keywords = problem
    output = CONV[axes](input, weight, **keywords)
    grad_output = np.random.default_rng(7).integers(-(2**20), 2**20, output.shape)
    grad_input = INPUT_GRADIENT[axes](input.shape, weight, grad_output, **keywords)
    grad_weight = WEIGHT_GRADIENT[axes](input, weight.shape, grad_output, **keywords)
    # ⟨conv(x, w), dy⟩ = ⟨x, dX⟩ = ⟨w, dW⟩, to the last bit.
    assert grad_input.dtype == grad_weight.dtype == np.int64
    assert np.sum(output * grad_output) == np.sum(input * grad_input) == np.sum(weight * grad_weight)


def test_integer_gradients_equal_autograd_bit_by_bit():
    rng = np.random.default_rng(8)
    # Whole numbers this small are exact in torch's float64 too.
    input, weight = rng.integers(-9, 10, (2, 4, 8, 7)), rng.integers(-9, 10, (6, 2, 3, 2))
    grad_output = rng.integers(-9, 10, (2, 6, 4, 4))
    leaves = [torch.tensor(array.astype(float), requires_grad=True) for array in (input, weight, np.zeros(6))]
    output = F.conv2d(*leaves, 2, 1, (1, 2), 2)
    expected = torch.autograd.grad(output, leaves, torch.tensor(grad_output.astype(float)))
    gradients = grad.conv2d_backward(grad_output, input, weight, 2, 1, (1, 2), 2)
    for gradient, value in zip(gradients, expected, strict=True):
        np.testing.assert_array_equal(gradient, value.numpy().astype(np.int64), strict=True)


def test_either_byte_order_is_taken_and_the_gradients_are_the_machines_own():
    rng = np.random.default_rng(9)
    grad_output, input, weight = (rng.standard_normal(s) for s in [(2, 6, 3, 4), (2, 4, 6, 7), (6, 2, 3, 2)])
    expected = grad.conv2d_backward(grad_output, input, weight, 2, 1, 1, 2)
    swapped = grad.conv2d_backward(grad_output.astype(">f8"), input, weight.astype(">f8"), 2, 1, 1, 2)
    empty = grad.conv2d_input((0, 4, 6, 7), weight.astype(">f8"), grad_output[:0], 2, 1, 1, 2)
    for gradient, value in zip((*swapped, empty), (*expected, empty), strict=True):
        assert gradient.dtype.isnative
        np.testing.assert_allclose(gradient, value, 1e-12, 1e-12, strict=True)


def test_an_infinite_weight_is_multiplied_by_the_zeros_that_the_stride_put_in():
    # torch scatters and gives [inf, 1, inf, 1]; the course's form multiplies every zero, and 0 · inf is nan.
    weight, grad_output = np.array([[[np.inf, 1.0]]]), np.array([[1.0, 1.0]])
    with np.errstate(invalid="ignore"):
        result = grad.conv1d_input((1, 4), weight, grad_output, stride=2)
    np.testing.assert_array_equal(result, [[np.inf, np.nan, np.inf, np.nan]])


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.float16])
def test_narrow_dtypes_stay_narrow(dtype):
    gradients = grad.conv2d_backward(
        np.ones((1, 2, 2), dtype), np.ones((1, 3, 3), dtype), np.ones((1, 1, 2, 2), dtype)
    )
    assert [gradient.dtype for gradient in gradients] == [dtype] * 3
