"""What the convolutions are made of, and the transposed ones, against torch and against hand-made numbers."""

import doctest
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from convlab import functional


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """On a busy machine a second thread is waited for longer than these small sums take."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# ---------------------------------------------------------------- transposed convolution

TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d}
TORCH_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d}
CHANNELS = [(1, 1, 1), (3, 4, 1), (2, 2, 1), (4, 6, 2), (3, 3, 3), (2, 4, 2)]


def assert_transposed_equals_torch(axes, arrays, **keywords):
    """Both refuse, or both agree. Tells whether there was a result."""
    case = f"{[array.shape for array in arrays]} {keywords}"
    try:
        expected = TORCH_TRANSPOSED[axes](*map(torch.tensor, arrays), **keywords).numpy()
    except RuntimeError:
        with pytest.raises(ValueError, match="padding"):
            TRANSPOSED[axes](*arrays, **keywords)
        return False
    output = TRANSPOSED[axes](*arrays, **keywords)
    assert output.dtype == expected.dtype, case
    assert output.flags.c_contiguous, case
    assert output.flags.writeable, case
    tolerance = 1e-4 if output.dtype == np.float32 else 1e-11
    np.testing.assert_allclose(output, expected, tolerance, tolerance, strict=True, err_msg=case)
    return True


@pytest.mark.parametrize("channels", CHANNELS, ids=str)
@pytest.mark.parametrize("axes", [1, 2])
def test_the_grid_of_transposed_convolutions_equals_torch(axes, channels):
    rng = np.random.default_rng(0)
    c_in, c_out, groups = channels
    kernels = {1: [(1,), (2,), (3,)], 2: [(1, 1), (3, 3), (2, 3), (4, 1)]}[axes]
    strides = {1: [1, 2, (3,)], 2: [1, 2, (1, 3)]}[axes]
    pads = {1: [0, 1, (2,)], 2: [0, 1, (2, 1)]}[axes]
    extras = {1: [0, (1,)], 2: [0, 1, (0, 2)]}[axes]
    dilations = {1: [1, 2], 2: [1, 2, (1, 3)]}[axes]
    compared = 0
    for batch, kernel in product([(), (2,)], kernels):
        shapes = (*batch, c_in, *(4, 5)[:axes]), (c_in, c_out // groups, *kernel), (c_out,)
        arrays = [rng.standard_normal(shape) for shape in shapes]
        for stride, padding, output_padding, dilation in product(strides, pads, extras, dilations):
            compared += assert_transposed_equals_torch(
                axes,
                arrays,
                stride=stride,
                padding=padding,
                output_padding=output_padding,
                groups=groups,
                dilation=dilation,
            )
    assert compared > 100


@pytest.mark.parametrize("axes", [1, 2])
def test_transposed_float32_stays_float32(axes):
    rng = np.random.default_rng(8)
    shapes = (2, 4, *(4, 5)[:axes]), (4, 3, *(3, 2)[:axes]), (6,)
    arrays = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    assert assert_transposed_equals_torch(axes, arrays, stride=2, padding=1, output_padding=1, groups=2)


@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_float16_is_rounded_once(groups):
    rng = np.random.default_rng(9)
    arrays = [rng.standard_normal(shape).astype(np.float16) for shape in [(2, 32, 6, 7), (32, 2, 5, 5)]]
    exact = F.conv_transpose2d(*(torch.tensor(array).double() for array in arrays), groups=groups).numpy()
    output = functional.conv_transpose2d(*arrays, groups=groups)
    assert output.dtype == np.float16
    # Half a unit in the last place of 11 bits. torch's own float16 strays more than ten times as far.
    np.testing.assert_allclose(output, exact, rtol=6e-4, atol=6e-4)


def test_transposed_arrays_of_either_byte_order_are_taken():
    rng = np.random.default_rng(10)
    input, weight, bias = (rng.standard_normal(shape) for shape in [(4, 3, 5), (4, 3, 3, 2), (6,)])
    expected = functional.conv_transpose2d(input, weight, bias, stride=2, groups=2)
    swapped = functional.conv_transpose2d(input.astype(">f8"), weight, bias.astype(">f8"), stride=2, groups=2)
    np.testing.assert_allclose(swapped, expected, 1e-12, 1e-12, strict=True)
    assert swapped.dtype.isnative


def test_an_infinite_weight_is_multiplied_by_the_zeros_that_the_stride_put_in():
    # torch scatters and gives [inf, 1, inf, 1]; the course's form multiplies every zero, and 0 · inf is nan.
    input, weight = np.array([[1.0, 1.0]]), np.array([[[np.inf, 1.0]]])
    with np.errstate(invalid="ignore"):
        output = functional.conv_transpose1d(input, weight, stride=2)
    np.testing.assert_array_equal(output, [[np.inf, np.nan, np.inf, np.nan]])


def test_transposed_integers_are_exact():
    rng = np.random.default_rng(1)
    arrays = [rng.integers(-(2**30), 2**30, shape) for shape in [(2, 4, 3, 5), (4, 3, 3, 2), (6,)]]
    keywords = {"stride": (2, 3), "padding": 1, "output_padding": (1, 0), "groups": 2, "dilation": (1, 2)}
    expected = F.conv_transpose2d(*map(torch.tensor, arrays), **keywords).numpy()
    np.testing.assert_array_equal(functional.conv_transpose2d(*arrays, **keywords), expected, strict=True)


@pytest.mark.parametrize("axes", [1, 2])
def test_an_empty_batch_is_transposed_to_an_empty_batch(axes):
    arrays = [np.ones((0, 4, *(4, 5)[:axes])), np.ones((4, 3, *(3, 2)[:axes]))]
    assert assert_transposed_equals_torch(axes, arrays, stride=2, padding=1, groups=2)


def test_a_transposed_convolution_scatters_the_kernel():
    input, kernel = np.array([[1.0, 10]]), np.array([[[1.0, 2, 3]]])
    spread = functional.conv_transpose1d(input, kernel, stride=2, output_padding=1)
    np.testing.assert_array_equal(spread, [[1, 2, 3 + 10, 20, 30, 0]])


# ---------------------------------------------------------------- pad


TORCH_MODE = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


@pytest.mark.parametrize("mode", TORCH_MODE)
def test_pad_equals_torch_on_one_and_two_axes(mode):
    image = np.random.default_rng(2).standard_normal((2, 3, 4, 5))
    for top, bottom, left, right in product([0, 1, 3], repeat=4):
        expected = F.pad(torch.tensor(image), (left, right, top, bottom), TORCH_MODE[mode]).numpy()
        result = functional.pad(image, [(top, bottom), (left, right)], mode)
        np.testing.assert_array_equal(result, expected, strict=True)
        assert result.flags.c_contiguous
        assert not np.shares_memory(result, image)
        signal = functional.pad(image[0], ((left, right),), mode=mode)
        expected = F.pad(torch.tensor(image[0]), (left, right), TORCH_MODE[mode]).numpy()
        np.testing.assert_array_equal(signal, expected, strict=True)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("zeros", [0, 0, 1, 2, 3, 0]),
        ("reflect", [3, 2, 1, 2, 3, 2]),
        ("replicate", [1, 1, 1, 2, 3, 3]),
        ("circular", [2, 3, 1, 2, 3, 1]),
    ],
)
def test_pad_by_hand(mode, expected):
    assert functional.pad(np.array([1, 2, 3]), [(2, 1)], mode).tolist() == expected


@pytest.mark.parametrize(("mode", "most"), [("reflect", 4), ("circular", 5)])
@pytest.mark.parametrize("side", [0, 1])
def test_pad_reads_no_further_than_torch(mode, most, side):
    image = np.arange(10.0).reshape(1, 2, 5)
    for width in (most, most + 1):
        pair = (width, 0) if side == 0 else (0, width)
        try:
            expected = F.pad(torch.tensor(image), pair, mode).numpy()
        except RuntimeError:
            assert width == most + 1
            with pytest.raises(ValueError, match=f"pads .* at most {most} on an axis of 5"):
                functional.pad(image, [pair], mode)
        else:
            assert width == most
            np.testing.assert_array_equal(functional.pad(image, [pair], mode), expected)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_nothing_can_be_read_from_an_empty_axis(mode):
    with pytest.raises(ValueError, match="at most 0 on an axis of 0"):
        functional.pad(np.ones((2, 0)), [(1, 1)], mode)


def test_zeros_can_surround_an_empty_axis():
    np.testing.assert_array_equal(functional.pad(np.ones((2, 0)), [(1, 1)]), np.zeros((2, 2)))


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda array: np.flip(np.flip(array).copy())])
def test_pad_takes_arrays_of_any_layout_and_dtype(layout):
    image = layout(np.arange(6, dtype=np.int16).reshape(2, 3))
    result = functional.pad(image, ((0, 1), (1, 0)))
    assert result.tolist() == [[0, 0, 1, 2], [0, 3, 4, 5], [0, 0, 0, 0]]
    assert result.dtype == np.int16
    assert result.flags.c_contiguous


# ---------------------------------------------------------------- padding as words and numbers


@pytest.mark.parametrize(
    ("padding", "kernel_size", "dilation", "expected"),
    [
        (0, 3, 1, ((0, 0), (0, 0))),
        (2, 3, 1, ((2, 2), (2, 2))),
        ((2,), 3, 1, ((2, 2), (2, 2))),
        ((1, 2), 3, 1, ((1, 1), (2, 2))),
        ([[1, 2], [3, 4]], 3, 1, ((1, 2), (3, 4))),
        ("valid", (3, 5), 2, ((0, 0), (0, 0))),
        ("same", (3, 5), 1, ((1, 1), (2, 2))),
        ("same", (2, 4), 1, ((0, 1), (1, 2))),
        ("same", (2, 4), (3, 1), ((1, 2), (1, 2))),
        ("same", 1, 3, ((0, 0), (0, 0))),
        ("full", (3, 1), 1, ((2, 2), (0, 0))),
        ("full", (3, 4), (2, 3), ((4, 4), (9, 9))),
        (1, (3,), 1, ((1, 1),)),
        ((1, 2), (3,), 1, ((1, 2),)),
        (((1, 2),), (3,), 1, ((1, 2),)),
        ("same", (4,), 3, ((4, 5),)),
        (np.int64(1), np.int64(3), np.int64(1), ((1, 1), (1, 1))),
    ],
)
def test_padding_by_hand(padding, kernel_size, dilation, expected):
    assert functional.resolve_padding(padding, kernel_size, dilation) == expected


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "upper", "lower"),
    [
        # total = max((ceil(size / stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
        (5, 3, 2, 1, (1, 1), (1, 1)),  # 3 windows; (3-1)·2 + 3 - 5 = 2
        (6, 3, 2, 1, (0, 1), (1, 0)),  # 3 windows; (3-1)·2 + 3 - 6 = 1
        (7, 2, 3, 1, (0, 1), (1, 0)),  # 3 windows; (3-1)·3 + 2 - 7 = 1
        (5, 4, 1, 1, (1, 2), (2, 1)),  # 5 windows; (5-1)·1 + 4 - 5 = 3
        (8, 1, 3, 1, (0, 0), (0, 0)),  # 3 windows; (3-1)·3 + 1 - 8 = -1
        (7, 3, 2, 2, (2, 2), (2, 2)),  # 4 windows; (4-1)·2 + 5 - 7 = 4
        (6, 4, 2, 3, (4, 4), (4, 4)),  # 3 windows; (3-1)·2 + 10 - 6 = 8
        (6, 2, 4, 3, (1, 1), (1, 1)),  # 2 windows; (2-1)·4 + 4 - 6 = 2
        (1, 6, 5, 1, (2, 3), (3, 2)),  # 1 window;  0 + 6 - 1 = 5
    ],
)
def test_same_upper_and_lower_by_hand(size, kernel, stride, dilation, upper, lower):
    def resolve(padding):
        return functional.resolve_padding(padding, (kernel,), dilation, stride=stride, input_size=(size,))

    assert resolve("same_upper") == (upper,)
    assert resolve("same_lower") == (lower,)
    ones, taps = np.ones((1, size)), np.arange(1.0, kernel + 1).reshape(1, 1, kernel)
    for word, pair in [("same_upper", upper), ("same_lower", lower)]:
        output = functional.conv1d(ones, taps, stride=stride, padding=word, dilation=dilation)
        padded = F.pad(torch.tensor(ones), pair)
        expected = F.conv1d(padded, torch.tensor(taps), stride=stride, dilation=dilation).numpy()
        np.testing.assert_array_equal(output, expected, strict=True)
        assert output.shape[-1] == -(-size // stride)


def test_same_upper_and_lower_on_two_axes():
    keywords = {"dilation": (1, 2), "stride": (2, 3), "input_size": (6, 7)}
    # Rows: 3 windows, (3-1)·2 + 3 - 6 = 1. Columns: 3 windows, (3-1)·3 + 3 - 7 = 2.
    assert functional.resolve_padding("same_upper", (3, 2), **keywords) == ((0, 1), (1, 1))
    assert functional.resolve_padding("same_lower", (3, 2), **keywords) == ((1, 0), (1, 1))


def test_the_autopad_case_of_the_onnx_specification():
    image = np.arange(25.0).reshape(1, 1, 5, 5)
    output = functional.conv2d(image, np.ones((1, 1, 3, 3)), stride=2, padding="same_lower")
    np.testing.assert_array_equal(output[0, 0], [[12, 27, 24], [63, 108, 81], [72, 117, 84]])


def test_the_asymmetric_case_of_the_onnx_specification():
    image = np.arange(35.0).reshape(1, 1, 7, 5)
    output = functional.conv2d(image, np.ones((1, 1, 3, 3)), stride=2, padding=((1, 1), (0, 0)))
    np.testing.assert_array_equal(output[0, 0], [[21, 33], [99, 117], [189, 207], [171, 183]])


# ---------------------------------------------------------------- sizes


def test_output_size_equals_the_shape_torch_gives():
    compared = 0
    for size, k, s, p, d in product([1, 4, 7, 10], [1, 2, 3, 5], [1, 2, 3], [0, 1, 3], [1, 2, 3]):
        try:
            expected = F.conv1d(torch.ones(1, size), torch.ones(1, 1, k), None, s, p, d).shape[-1]
        except RuntimeError:
            with pytest.raises(ValueError, match="the kernel spans"):
                functional.output_size(size, k, s, p, d)
            continue
        assert functional.output_size(size, k, stride=s, padding=p, dilation=d) == expected, (
            size,
            k,
            s,
            p,
            d,
        )
        compared += 1
    assert compared > 100


def test_output_size_of_pairs_is_a_pair():
    assert functional.output_size((7, 9), 3, (2, 1), (1, 0), (1, 2)) == (4, 5)
    assert functional.output_size((7, 9), (3, 2), padding=((0, 1), (2, 0))) == (6, 10)
    assert functional.output_size([7, 9], (3, 2), 2, "same_upper") == (4, 5)
    assert functional.output_size((7,), 3, padding=(0, 2)) == (7,)


def test_output_size_of_an_integer_is_an_integer():
    assert functional.output_size(np.int64(7), 3, 2, padding="full") == 5
    assert type(functional.output_size(np.int64(7), 3)) is int


# ---------------------------------------------------------------- kernels


@pytest.mark.parametrize(
    ("shape", "flipped"),
    [((3,), (0,)), ((2, 3), (0, 1)), ((2, 4, 3), (2,)), ((2, 4, 3, 2), (2, 3)), ((2, 4, 1, 1), (2, 3))],
)
def test_flip_turns_taps_and_leaves_channels(shape, flipped):
    weight = np.random.default_rng(3).standard_normal(shape)
    result = functional.flip(weight)
    np.testing.assert_array_equal(result, torch.flip(torch.tensor(weight), flipped).numpy(), strict=True)
    assert result.flags.c_contiguous
    assert not np.shares_memory(result, weight)


@pytest.mark.parametrize("dilation", [1, 2, (1, 3), [3, 2]])
def test_a_dilated_kernel_does_what_dilation_does_in_torch(dilation):
    rng = np.random.default_rng(4)
    input, weight = rng.standard_normal((2, 3, 9, 10)), rng.standard_normal((4, 3, 2, 3))
    expected = F.conv2d(torch.tensor(input), torch.tensor(weight), dilation=dilation)
    dilated = functional.dilate(weight, dilation)
    assert not np.shares_memory(dilated, weight)
    output = F.conv2d(torch.tensor(input), torch.tensor(dilated))
    np.testing.assert_allclose(output, expected, rtol=1e-11, atol=1e-11)


def test_dilate_by_hand():
    bare = np.array([[1, 2, 3], [4, 5, 6]])
    assert functional.dilate(bare, (2, 1)).tolist() == [[1, 2, 3], [0, 0, 0], [4, 5, 6]]
    assert functional.dilate(np.array([1, 2]), 3).tolist() == [1, 0, 0, 2]
    assert functional.dilate(bare[None], 2).tolist() == [[[1, 0, 2, 0, 3], [4, 0, 5, 0, 6]]]
    assert functional.dilate(bare, 2).dtype == bare.dtype


# ---------------------------------------------------------------- unfold and fold


@st.composite
def foldings(draw):
    def pair(low, high):
        return draw(
            st.one_of(st.integers(low, high), st.tuples(st.integers(low, high), st.integers(low, high)))
        )

    keywords = {
        "kernel_size": pair(1, 3),
        "dilation": pair(1, 2),
        "padding": pair(0, 2),
        "stride": pair(1, 3),
    }
    shape = (
        *draw(st.sampled_from([(), (1,), (2,)])),
        draw(st.integers(1, 3)),
        *draw(st.tuples(*[st.integers(5, 8)] * 2)),
    )
    image = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).standard_normal(shape)
    return image, keywords


@settings(derandomize=True, deadline=None, max_examples=100, database=None)
@given(foldings())
def test_unfold_and_fold_equal_torch(folding):
    image, keywords = folding
    columns = functional.unfold(image, **keywords)
    np.testing.assert_array_equal(columns, F.unfold(torch.tensor(image), **keywords).numpy(), strict=True)
    columns = np.random.default_rng(5).standard_normal(columns.shape)
    folded = functional.fold(columns, image.shape[-2:], **keywords)
    expected = F.fold(torch.tensor(columns), image.shape[-2:], **keywords).numpy()
    np.testing.assert_allclose(folded, expected, 1e-12, 1e-12, strict=True)
    for result in (columns, folded):
        assert result.flags.c_contiguous
        assert result.flags.writeable


def test_unfold_and_fold_take_torchs_order_of_arguments():
    image = np.random.default_rng(6).standard_normal((2, 3, 7, 8))
    columns = F.unfold(torch.tensor(image), (2, 3), (3, 1), (1, 2), (2, 1))
    np.testing.assert_array_equal(functional.unfold(image, (2, 3), (3, 1), (1, 2), (2, 1)), columns.numpy())
    expected = F.fold(columns, (7, 8), (2, 3), (3, 1), (1, 2), (2, 1)).numpy()
    folded = functional.fold(columns.numpy(), (7, 8), (2, 3), (3, 1), (1, 2), (2, 1))
    np.testing.assert_allclose(folded, expected, rtol=1e-12)


def test_fold_sums_either_byte_order_into_the_machines_own():
    columns = np.random.default_rng(11).standard_normal((12, 12))
    folded = functional.fold(columns.astype(">f8"), (4, 5), 2)
    np.testing.assert_array_equal(folded, functional.fold(columns, (4, 5), 2), strict=True)
    assert folded.dtype.isnative


def test_unfold_and_fold_keep_empty_batches_and_integers():
    assert functional.unfold(np.ones((0, 4, 6, 7)), 2).shape == (0, 16, 30)
    assert functional.fold(np.ones((0, 16, 30)), (6, 7), 2).shape == (0, 4, 6, 7)
    image = np.arange(12).reshape(1, 3, 4)
    columns = functional.unfold(image, 2)
    assert columns.tolist()[0] == [0, 1, 2, 4, 5, 6]
    assert functional.fold(columns, (3, 4), 2).tolist() == [[[0, 2, 4, 3], [8, 20, 24, 14], [8, 18, 20, 11]]]


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda array: np.flip(np.flip(array).copy())])
def test_unfold_and_fold_take_any_layout_and_leave_it(layout):
    rng = np.random.default_rng(7)
    image, columns = layout(rng.standard_normal((2, 3, 4, 5))), layout(rng.standard_normal((2, 12, 12)))
    for array in (image, columns):
        array.flags.writeable = False
    expected = F.unfold(torch.tensor(image.copy()), 1).numpy()
    result = functional.unfold(image, 1)
    np.testing.assert_array_equal(result, expected)
    assert not np.shares_memory(result, image)
    expected = F.fold(torch.tensor(columns.copy()), (4, 5), 2).numpy()
    np.testing.assert_allclose(functional.fold(columns, (4, 5), 2), expected, rtol=1e-12)


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(functional)
    assert results.attempted >= 4
    assert results.failed == 0
