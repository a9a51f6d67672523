"""Every fast method against `functional`, `grad` and torch: a grid, random draws, dtypes, layouts, nan and inf."""

import inspect
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from convlab import fast, functional, grad

EXACT = ["windows", "gemm", "mec", "toeplitz", "shift", "nhwc"]
CONV = {1: (fast.conv1d, functional.conv1d), 2: (fast.conv2d, functional.conv2d)}
# Winograd rounds by the largest entry that a tile sees, so errors are measured by the largest of all.
TOLERANCE = {"float32": 2e-5, "float64": 1e-12, "float16": 2e-3, "complex64": 2e-5, "complex128": 1e-12}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """On a busy machine a second thread is waited for longer than these small sums take."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def draw(rng, shape, dtype):
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        return rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    values = rng.standard_normal(shape).astype(dtype)
    return values + 1j * rng.standard_normal(shape).astype(dtype) if dtype.kind == "c" else values


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
    assert actual.shape == expected.shape, case
    assert actual.flags.c_contiguous, case
    assert actual.flags.writeable, case
    if expected.dtype.kind in "iu":
        np.testing.assert_array_equal(actual, expected, str(case))
    elif expected.size:
        error = np.abs(actual - expected).max() / max(np.abs(expected).max(), 1)
        assert error <= TOLERANCE[expected.dtype.name], (error, case)


def takes(method, kernel, stride, dilation, dtype):
    """Whether the method can do this: what `conv2d`'s docstring says."""
    if method in EXACT or method == "auto":
        return True
    if np.dtype(dtype) not in (np.float32, np.float64, np.float16):
        return False
    if method == "fft":
        return True
    squares = [-(-k // s) for k, s in zip(kernel, stride, strict=True)]
    apart = any(d > 1 and k > 1 for d, k in zip(dilation, kernel, strict=True))
    return max(squares) in range(2, 6) and (set(stride) == {1} or not apart)


@st.composite
def problems(draw_, dtypes):
    """Draw arrays and arguments; the kernel always fits."""
    axes = draw_(st.sampled_from([1, 2, 2]))

    def integers(low, high):
        return tuple(draw_(st.lists(st.integers(low, high), min_size=axes, max_size=axes)))

    groups, c_group, multiplier = (draw_(st.integers(1, 3)) for _ in range(3))
    kernel, dilation = integers(1, 5), integers(1, 3)
    stride = draw_(st.sampled_from([(1,) * axes, integers(1, 4)]))
    pads = tuple((draw_(st.integers(0, 5)), draw_(st.integers(0, 5))) for _ in range(axes))
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    spare = integers(0, 12)
    sizes = [max(span - sum(pair), 1) + more for span, pair, more in zip(spans, pads, spare, strict=True)]
    batch = draw_(st.sampled_from([(), (1,), (3,)]))
    rng = np.random.default_rng(draw_(st.integers(0, 2**32 - 1)))
    dtype = draw_(st.sampled_from(dtypes))
    layout = draw_(st.sampled_from([read_only, awkward]))
    shapes = (
        (*batch, groups * c_group, *sizes),
        (groups * multiplier, c_group, *kernel),
        (groups * multiplier,),
    )
    arrays = [layout(draw(rng, shape, dtype)) for shape in shapes]
    return (
        axes,
        arrays,
        {"stride": stride, "padding": pads, "dilation": dilation, "groups": groups},
        rng,
    )


PROPERTY = settings(derandomize=True, deadline=None, max_examples=120, database=None)


@pytest.mark.parametrize("method", fast.METHODS)
@PROPERTY
@given(
    problem=problems(["float32", "float64", "float16", "complex64", "complex128", "int8", "uint8", "int64"])
)
def test_random_problems_equal_functional(method, problem):
    axes, arrays, keywords, _ = problem
    ours, reference = CONV[axes]
    kernel, dtype = arrays[1].shape[2:], arrays[0].dtype
    if not takes(method, kernel, keywords["stride"], keywords["dilation"], dtype):
        with pytest.raises((TypeError, ValueError), match=f'method="{method}"'):
            ours(*arrays, **keywords, method=method)
        return
    case = {"method": method, "shapes": [a.shape for a in arrays], "dtype": dtype, **keywords}
    assert_same(ours(*arrays, **keywords, method=method), reference(*arrays, **keywords), case)


@pytest.mark.parametrize("method", fast.METHODS)
@PROPERTY
@given(problem=problems(["float32", "float64", "int8", "int64"]))
def test_random_gradients_equal_grads(method, problem):
    axes, arrays, keywords, rng = problem
    input, weight, _ = arrays
    if axes == 1:  # there is no conv1d_backward; a signal is an image one pixel high
        input, weight = input[..., None, :], weight[..., None, :]
        keywords = {
            "stride": (1, *keywords["stride"]),
            "padding": ((0, 0), *keywords["padding"]),
            "dilation": (1, *keywords["dilation"]),
            "groups": keywords["groups"],
        }
    if not takes(method, weight.shape[2:], keywords["stride"], keywords["dilation"], input.dtype):
        return
    grad_output = draw(rng, functional.conv2d(input, weight, **keywords).shape, input.dtype)
    case = {"method": method, "shapes": (input.shape, weight.shape), "dtype": input.dtype, **keywords}
    actual = fast.conv2d_backward(grad_output, input, weight, **keywords, method=method)
    expected = grad.conv2d_backward(grad_output, input, weight, **keywords)
    for gradient, value in zip(actual, expected, strict=True):
        assert_same(gradient, value, case)


# Channels, pixels and kernels large enough that parts, tiles and chunks are several.
LARGE = [
    # N, C_in, H, W, C_out, kernel, stride, padding, dilation, groups
    (2, 20, 60, 60, 24, (3, 3), 1, 1, 1, 1),
    (9, 6, 14, 14, 16, (5, 5), 1, 0, 1, 1),
    (1, 3, 96, 90, 8, (11, 11), 4, 2, 1, 1),
    (1, 3, 70, 75, 8, (7, 7), 2, 3, 1, 1),
    (2, 24, 40, 40, 24, (3, 3), 1, 1, 1, 24),
    (2, 24, 40, 40, 24, (3, 3), 2, 1, 1, 24),
    (2, 32, 30, 30, 32, (3, 3), 1, 2, 2, 8),
    (1, 128, 7, 7, 192, (3, 3), 1, 1, 1, 1),
    (3, 40, 20, 20, 30, (1, 1), 2, 0, 1, 1),
    (1, 4, 80, 70, 4, (31, 31), 1, 15, 1, 1),
    (1, 12, 48, 48, 12, (21, 31), 1, (10, 15), 1, 12),
    (1, 2, 1, 6000, 3, (1, 500), 1, 0, 1, 1),
    (2, 3, 1, 4000, 5, (1, 80), 4, 0, 1, 1),
    (2, 8, 1, 3000, 8, (1, 2), 1, 0, 512, 1),
]


@pytest.mark.parametrize("method", fast.METHODS)
@pytest.mark.parametrize("layer", LARGE, ids=str)
def test_layers_of_many_parts_equal_torch(layer, method):
    n, c_in, height, width, c_out, kernel, stride, padding, dilation, groups = layer
    strides = stride if height > 1 else (1, stride)
    pads = padding if height > 1 else (0, padding)
    dilations = dilation if height > 1 else (1, dilation)
    if not takes(method, kernel, np.broadcast_to(strides, 2), np.broadcast_to(dilations, 2), "float64"):
        return
    if method == "toeplitz" and kernel[0] * c_in // groups * width**2 * c_out > 2**22:
        with pytest.raises(ValueError, match="of few channels"):
            fast.conv2d(
                np.ones((n, c_in, height, width)), np.ones((c_out, c_in // groups, *kernel)), method=method
            )
        return
    rng = np.random.default_rng(0)
    arrays = [
        rng.standard_normal(shape)
        for shape in [(n, c_in, height, width), (c_out, c_in // groups, *kernel), (c_out,)]
    ]
    leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
    output = F.conv2d(*leaves, strides, pads, dilations, groups)
    grad_output = rng.standard_normal(output.shape)
    gradients = torch.autograd.grad(output, leaves, torch.tensor(grad_output))

    hyper = strides, pads, dilations, groups
    assert_same(fast.conv2d(*arrays, *hyper, method=method), output.detach().numpy(), layer)
    actual = fast.conv2d_backward(grad_output, *arrays[:2], *hyper, method=method)
    for gradient, value in zip(actual, gradients, strict=True):
        assert_same(gradient, value.numpy(), layer)


@pytest.mark.parametrize("method", fast.METHODS)
def test_float32_stays_within_a_few_rounding_steps(method):
    rng = np.random.default_rng(1)
    channels = 16 if method == "toeplitz" else 128  # it takes few
    input = rng.standard_normal((1, channels, 30, 30)).astype(np.float32)
    weight = (rng.standard_normal((64, channels, 3, 3)) / np.sqrt(channels * 9)).astype(np.float32)
    exact = F.conv2d(torch.tensor(input).double(), torch.tensor(weight).double(), padding=1).numpy()
    error = np.abs(fast.conv2d(input, weight, padding=1, method=method) - exact).max()
    assert error < (5e-5 if method in ("auto", "winograd") else 1e-5)


@pytest.mark.parametrize("method", fast.METHODS)
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_inf_and_nan_stay_in_the_windows_that_see_them(method, bad):
    rng = np.random.default_rng(2)
    input, weight = rng.standard_normal((1, 2, 12, 13)), rng.standard_normal((3, 2, 3, 3))
    input[0, 1, 5, 6] = bad
    with np.errstate(invalid="ignore"):
        expected = functional.conv2d(input, weight, padding=1)
    actual = fast.conv2d(input, weight, padding=1, method=method)
    np.testing.assert_array_equal(np.isfinite(actual), np.isfinite(expected))
    np.testing.assert_allclose(actual, expected, 1e-10, 1e-10)


@pytest.mark.parametrize("method", fast.METHODS)
def test_no_method_writes_to_its_arguments_or_gives_them_back(method):
    rng = np.random.default_rng(3)
    arrays = [read_only(rng.standard_normal(shape)) for shape in [(1, 2, 8, 9), (2, 2, 3, 3), (2,)]]
    output = fast.conv2d(*arrays, padding=1, method=method)
    grads = fast.conv2d_backward(read_only(output.copy()), *arrays[:2], padding=1, method=method)
    for result, array in product([output, *grads], arrays):
        assert not np.shares_memory(result, array)


@pytest.mark.parametrize("order", ["><", "<>", ">>"])
def test_either_byte_order_is_taken_and_the_result_is_the_machines_own(order):
    rng = np.random.default_rng(4)
    input, weight = rng.standard_normal((1, 2, 8, 9)), rng.standard_normal((2, 2, 3, 3))
    output = fast.conv2d(input.astype(order[0] + "f8"), weight.astype(order[1] + "f8"))
    assert output.dtype.isnative
    np.testing.assert_allclose(output, functional.conv2d(input, weight), 1e-12)


@pytest.mark.parametrize("method", fast.METHODS)
@pytest.mark.parametrize("shape", [(0, 4, 6, 7), (2, 0, 6, 7)], ids=["no images", "no channels"])
def test_zero_sizes_give_what_functional_gives(method, shape):
    weight, bias = np.ones((6, shape[1] // 2, 3, 2)), np.arange(6.0)
    expected = functional.conv2d(np.ones(shape), weight, bias, 2, 1, 1, 2)
    actual = fast.conv2d(np.ones(shape), weight, bias, 2, 1, 1, 2, method=method)
    np.testing.assert_array_equal(actual, expected, strict=True)
    gradients = fast.conv2d_backward(expected, np.ones(shape), weight, 2, 1, 1, 2, method=method)
    for gradient, value in zip(
        gradients, grad.conv2d_backward(expected, np.ones(shape), weight, 2, 1, 1, 2), strict=True
    ):
        np.testing.assert_array_equal(gradient, value, strict=True)


def test_signatures_are_those_of_functional_and_grad_and_a_method():
    pairs = [
        (fast.conv1d, functional.conv1d),
        (fast.conv2d, functional.conv2d),
        (fast.conv2d_backward, grad.conv2d_backward),
    ]
    for ours, reference in pairs:
        *parameters, method = inspect.signature(ours).parameters.values()
        assert parameters == list(inspect.signature(reference).parameters.values())
        assert (method.name, method.default) == ("method", "auto")


WRONG = [
    {"input": [[1.0]]},
    {"input": np.ones((4, 7))},
    {"input": np.ones((2, 4, 6, 7), np.float32)},
    {"weight": np.ones((6, 5, 3, 2))},
    {"weight": np.ones((6, 2, 7, 2))},
    {"weight": np.ones((6, 2, 0, 2))},
    {"bias": np.ones(5)},
    {"bias": 1.0},
    {"stride": 0},
    {"stride": (1, 2, 3)},
    {"padding": -1},
    {"padding": "same", "stride": 2},
    {"padding": "round"},
    {"dilation": 2.0},
    {"groups": 3},
    {"groups": True},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
@pytest.mark.parametrize("method", fast.METHODS)
def test_bad_arguments_get_functionals_errors(wrong, method):
    arguments = {"input": np.ones((2, 4, 6, 7)), "weight": np.ones((6, 2, 3, 2)), "groups": 2, **wrong}
    with pytest.raises((TypeError, ValueError)) as expected:
        functional.conv2d(**arguments)
    with pytest.raises(expected.type) as actual:
        fast.conv2d(**arguments, method=method)
    assert str(actual.value) == str(expected.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"grad_output": np.ones((2, 6, 4, 5))},
        {"grad_output": np.ones((2, 6, 4, 6), np.float32)},
        {"grad_output": None},
        {"stride": 2},
        {"groups": 3},
        {"weight": np.ones((6, 2, 3, 2), complex), "input": np.ones((2, 4, 6, 7), complex)},
    ],
    ids=str,
)
def test_bad_arguments_of_the_gradient_get_grads_errors(wrong):
    arguments = {
        "grad_output": np.ones((2, 6, 4, 6)),
        "input": np.ones((2, 4, 6, 7)),
        "weight": np.ones((6, 2, 3, 2)),
        "groups": 2,
        **wrong,
    }
    with pytest.raises((TypeError, ValueError)) as expected:
        grad.conv2d_backward(**arguments)
    with pytest.raises(expected.type) as actual:
        fast.conv2d_backward(**arguments)
    assert str(actual.value) == str(expected.value)


@pytest.mark.parametrize("method", ["im2col", None, 1, ""])
def test_an_unknown_method_is_refused_with_those_there_are(method):
    with pytest.raises(ValueError, match="method must be one of 'auto', 'windows', 'gemm'"):
        fast.conv2d(np.ones((1, 3, 3)), np.ones((1, 1, 2, 2)), method=method)
