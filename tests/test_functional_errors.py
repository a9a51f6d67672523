"""What torch refuses, we refuse: with the argument's name, what it was, and what it may be."""

import re
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from convlab import functional

ones = np.ones

# For each operator: ours, torch's, and arguments that both take. Each row below replaces some of them.
OPERATORS = {
    "conv1d": (functional.conv1d, F.conv1d, {"input": ones((2, 4, 7)), "weight": ones((6, 4, 3))}),
    "conv2d": (functional.conv2d, F.conv2d, {"input": ones((2, 4, 6, 7)), "weight": ones((6, 4, 3, 2))}),
    "conv_transpose1d": (
        functional.conv_transpose1d,
        F.conv_transpose1d,
        {"input": ones((2, 4, 7)), "weight": ones((4, 6, 3))},
    ),
    "conv_transpose2d": (
        functional.conv_transpose2d,
        F.conv_transpose2d,
        {"input": ones((2, 4, 6, 7)), "weight": ones((4, 6, 3, 2))},
    ),
    "unfold": (functional.unfold, F.unfold, {"input": ones((2, 4, 6, 7)), "kernel_size": (3, 2)}),
    "fold": (
        functional.fold,
        F.fold,
        {"input": ones((2, 24, 24)), "output_size": (6, 7), "kernel_size": (3, 2)},
    ),
}
CONVOLUTIONS = ["conv1d", "conv2d"]
TRANSPOSED = ["conv_transpose1d", "conv_transpose2d"]
TWO_AXES = ["conv2d", "conv_transpose2d", "unfold", "fold"]


def signal_or_image(operator, *shape):
    """Make ones of a shape given for two axes; conv1d and its kin do without the last but one."""
    return ones(shape if operator.endswith("2d") else (*shape[:-2], shape[-1]))


def rows():
    """Give (operator, what is wrong, replaced arguments, exception, words its message must hold)."""
    for operator in OPERATORS:
        for value in (0, -1, (-2,)):
            yield operator, f"stride {value}", {"stride": value}, ValueError, "stride must be at least 1, got"
            yield (
                operator,
                f"dilation {value}",
                {"dilation": value},
                ValueError,
                "dilation must be at least 1",
            )
        for value in (2.0, True, None, "2", np.float64(2), (1, 2.0)):
            for name in ("stride", "dilation"):
                yield operator, f"{name} {value!r}", {name: value}, TypeError, f"{name} must be an integer"
        for value in (1.0, True, None, {1}, ["same"], (None, 1)):
            yield operator, f"padding {value!r}", {"padding": value}, TypeError, "padding must be an integer"
        for value in ((), (1, 1, 1)):
            for name in ("stride", "dilation"):
                message = f"{name} must be an integer, or one for each axis"
                yield operator, f"{name} {value}", {name: value}, ValueError, message
            yield operator, f"padding {value}", {"padding": value}, ValueError, "padding must be an integer, "
        yield operator, "padding -1", {"padding": -1}, ValueError, "padding must be at least 0, got -1"
        for value in ([[1.0]], None, 3.0):
            yield operator, f"input {value}", {"input": value}, TypeError, "input must be a NumPy array, got"
        yield operator, "1 axis", {"input": ones(7)}, ValueError, "input must have shape"
        yield operator, "5 axes", {"input": ones((1, 2, 4, 6, 7))}, ValueError, "input must have shape"
    for operator in ("conv1d", "conv_transpose1d"):
        yield operator, "pair", {"stride": (1, 2)}, ValueError, "stride must be an integer, or one for each"
        yield operator, "4 axes", {"input": ones((2, 4, 6, 7))}, ValueError, "(C_in, L) or (N, C_in, L)"
        yield (
            operator,
            "kernel of 4 axes",
            {"weight": ones((6, 4, 3, 2))},
            ValueError,
            "weight must have shape",
        )
    for operator in TWO_AXES:
        yield (
            operator,
            "negative second",
            {"padding": (1, -1)},
            ValueError,
            "padding must be at least 0, got -1",
        )

    for operator in CONVOLUTIONS + TRANSPOSED:
        yield operator, "2 axes too few", {"input": ones((4,))}, ValueError, "input must have shape"
        yield operator, "kernel too flat", {"weight": ones((6, 4))}, ValueError, "weight must have shape"
        empty = signal_or_image(operator, 2, 4, 6, 0)
        yield operator, "no pixels", {"input": empty, "padding": 3}, ValueError, "input must have shape"
        no_taps = signal_or_image(operator, 4, 4, 3, 0)
        yield operator, "no taps", {"weight": no_taps}, ValueError, "weight must have shape"
        other_channels = signal_or_image(operator, 5, 3, 3, 2)
        yield operator, "channels", {"weight": other_channels}, ValueError, "input must have the"
        for value in (0, -1):
            yield operator, f"groups {value}", {"groups": value}, ValueError, "groups must be at least 1, got"
        for value in (2.0, True, None, (1,), "1"):
            message = f"groups must be an integer, got {value!r}"
            yield operator, f"groups {value!r}", {"groups": value}, TypeError, message
        for value in (ones(5), ones(1), ones((6, 1)), np.array(1.0), ones(0)):
            yield (
                operator,
                f"bias {value.shape}",
                {"bias": value},
                ValueError,
                "bias must have shape (C_out,) = (6,)",
            )
        for value in (1.0, [1.0] * 6):
            yield operator, f"bias {value}", {"bias": value}, TypeError, "bias must be a NumPy array"
        yield operator, "no weight", {"weight": None}, TypeError, "weight must be a NumPy array, got NoneType"
        arguments = OPERATORS[operator][2]
        # A transposed torch convolution of float64 takes some biases of float32; ours does not.
        data = arguments if operator in TRANSPOSED else {**arguments, "bias": ones(6)}
        for name, dtype in product(data, (np.float32, np.int64)):
            change = {name: data[name].astype(dtype)}
            message = "must have the dtype of input"
            yield operator, f"{name} of {np.dtype(dtype)}", change, TypeError, message
        for name in ("stride", "dilation", "padding"):
            change = {name: np.array([1, 1])}
            yield operator, f"array for {name}", change, TypeError, f"{name} must be an integer"
        boolean = {name: value.astype(bool) for name, value in arguments.items()}
        yield operator, "boolean", boolean, TypeError, "input must hold numbers, got dtype bool"

    for operator in CONVOLUTIONS:
        for word in ("SAME", "", "Same", "zeros"):
            message = f'or one of "valid", "same", "full", "same_upper", "same_lower", got {word!r}'
            yield operator, f"padding {word!r}", {"padding": word}, ValueError, message
        strided = {"padding": "same", "stride": 2}
        yield operator, "same with stride", strided, ValueError, 'padding="same" needs stride 1, got stride=2'
        undivided = {"weight": signal_or_image(operator, 6, 1, 3, 2), "groups": 4}
        yield operator, "groups and outputs", undivided, ValueError, "groups must divide the C_out of weight"
        few = {"weight": signal_or_image(operator, 2, 1, 3, 2), "groups": 4}
        yield operator, "more groups than outputs", few, ValueError, "groups must divide the C_out of weight"
        undivided = {"weight": signal_or_image(operator, 6, 1, 3, 2), "groups": 3}
        yield operator, "groups and inputs", undivided, ValueError, "1 · 3 = 3, got 4 in input (2, 4,"
        no_kernels = {"weight": signal_or_image(operator, 0, 4, 3, 2)}
        yield (
            operator,
            "no kernels",
            no_kernels,
            ValueError,
            "groups must divide the C_out of weight, which must",
        )
        long = {"weight": signal_or_image(operator, 6, 4, 1, 8)}
        yield operator, "kernel too long", long, ValueError, "more than the padded input's"
        wide = {"dilation": 7}
        yield operator, "dilated kernel too long", wide, ValueError, "more than the padded input's"
        none_of_long = {**long, "input": signal_or_image(operator, 0, 4, 6, 7)}
        yield (
            operator,
            "empty batch, kernel too long",
            none_of_long,
            ValueError,
            "more than the padded input's",
        )
    yield (
        "conv2d",
        "same with one stride",
        {"padding": "same", "stride": (1, 2)},
        ValueError,
        "got stride=(1, 2)",
    )
    yield (
        "conv2d",
        "kernel too high",
        {"weight": ones((6, 4, 7, 2))},
        ValueError,
        "the kernel spans 7 × 2 pixels",
    )

    for operator in TRANSPOSED:
        yield operator, "padding same", {"padding": "same"}, TypeError, "padding must be an integer"
        undivided = {"groups": 3, "bias": ones(18)}
        yield operator, "groups and inputs", undivided, ValueError, "groups must divide the C_in of weight"
        no_inputs = {
            "weight": signal_or_image(operator, 0, 6, 3, 2),
            "input": signal_or_image(operator, 2, 0, 6, 7),
        }
        yield operator, "no inputs", no_inputs, ValueError, "neither channels be 0"
        no_outputs = {"weight": signal_or_image(operator, 4, 0, 3, 2)}
        yield operator, "no outputs", no_outputs, ValueError, "neither channels be 0"
        for value, stride, dilation in ((1, 1, 1), (2, 2, 1), (3, 2, 3)):
            change = {"output_padding": value, "stride": stride, "dilation": dilation}
            message = f"output_padding must be less than stride or dilation, got {value} with stride {stride}"
            yield operator, f"output_padding {value}", change, ValueError, message
        for value in (-1, (-1,)):
            change = {"output_padding": value, "stride": 2}
            yield operator, f"output_padding {value}", change, ValueError, "output_padding must be at least 0"
        for value in (1.0, True, None):
            change = {"output_padding": value, "stride": 2}
            yield operator, f"output_padding {value}", change, TypeError, "output_padding must be an integer"
        yield (
            operator,
            "more than all removed",
            {"padding": 5},
            ValueError,
            "padding must leave something of the output's",
        )
        for dtype in (np.float32, np.float64):
            arrays = signal_or_image(operator, 4, 1, 1), signal_or_image(operator, 4, 6, 2, 2)
            input, weight = (array.astype(dtype) for array in arrays)
            change = {"input": input, "weight": weight, "padding": 1}
            yield (
                operator,
                f"all removed, {dtype.__name__}",
                change,
                ValueError,
                "padding must leave something",
            )
    change = {"output_padding": (1, 0), "stride": (1, 2)}
    yield "conv_transpose2d", "output_padding of one axis", change, ValueError, "got 1 with stride 1"

    for operator in ("unfold", "fold"):
        yield (
            operator,
            "kernel 0",
            {"kernel_size": (0, 2)},
            ValueError,
            "kernel_size must be at least 1, got 0",
        )
        yield operator, "kernel 2.0", {"kernel_size": 2.0}, TypeError, "kernel_size must be an integer"
        yield (
            operator,
            "3 sizes",
            {"kernel_size": (1, 1, 1)},
            ValueError,
            "kernel_size must be an integer, or one",
        )
        yield (
            operator,
            "too large",
            {"kernel_size": (9, 2)},
            ValueError,
            "spans 9 × 2 pixels (kernel 9 × 2, dilation 1 × 1), more than the padded input's 6 × 7",
        )
        yield operator, "padding same", {"padding": "same"}, TypeError, "padding must be an integer"
        for name in ("kernel_size", "dilation", "padding", "stride"):
            message = f"{name} must be an integer, or one for each axis (2), got (1,)"
            yield operator, f"{name} (1,)", {name: (1,)}, ValueError, message
    message = "output_size must be an integer, or one for each axis (2), got [6]"
    yield "fold", "output_size [6]", {"output_size": [6]}, ValueError, message
    yield (
        "unfold",
        "no channels",
        {"input": ones((2, 0, 6, 7))},
        ValueError,
        "none of C, H, W 0, got (2, 0, 6, 7)",
    )
    yield "fold", "4 axes", {"input": ones((2, 2, 24, 24))}, ValueError, "input must have shape"
    yield "fold", "rows", {"input": ones((2, 23, 24))}, ValueError, "with kh·kw = 6, got (2, 23, 24)"
    yield "fold", "no rows", {"input": ones((2, 0, 24))}, ValueError, "with kh·kw = 6, got (2, 0, 24)"
    yield "fold", "columns", {"input": ones((2, 24, 23))}, ValueError, "input must have L = 4 · 6 columns"
    yield "fold", "output_size", {"output_size": (0, 7)}, ValueError, "output_size must be at least 1, got 0"
    yield "fold", "output_size", {"output_size": 6.0}, TypeError, "output_size must be an integer"


ROWS = [pytest.param(*row[:1], *row[2:], id=f"{row[0]}: {row[1]}") for row in rows()]


def to_torch(name, value):
    is_data = name in ("input", "weight", "bias") and isinstance(value, np.ndarray)
    return torch.from_numpy(value) if is_data else value


@pytest.mark.parametrize("operator", OPERATORS)
def test_both_take_the_arguments_that_the_rows_spoil(operator):
    ours, theirs, arguments = OPERATORS[operator]
    expected = theirs(**{name: to_torch(name, value) for name, value in arguments.items()}).numpy()
    np.testing.assert_allclose(ours(**arguments), expected)


@pytest.mark.parametrize(("operator", "change", "error", "message"), ROWS)
def test_what_torch_refuses_is_refused_with_a_reason(operator, change, error, message):
    ours, theirs, arguments = OPERATORS[operator]
    arguments = {**arguments, **change}
    with pytest.raises((RuntimeError, TypeError, IndexError)):
        theirs(**{name: to_torch(name, value) for name, value in arguments.items()})
    with pytest.raises(error, match=re.escape(message)):
        ours(**arguments)


image, signal = ones((4, 6, 7)), ones((4, 7))
kernels, taps = ones((6, 4, 3, 2)), ones((6, 4, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: functional.conv2d(image, kernels, padding=((1, -1), (0, 0))),
            ValueError,
            "at least 0, got -1",
        ),
        (
            lambda: functional.conv2d(image, kernels, padding=((1, 1), (0, 0.5))),
            TypeError,
            "padding must be a sequence of (before, after) pairs of integers, got ((1, 1), (0, 0.5))",
        ),
        (
            lambda: functional.conv2d(image, kernels, padding=((1, 1),)),
            TypeError,
            "padding must be an integer",
        ),
        (
            lambda: functional.conv2d(image, kernels, padding=(1, (1, 2))),
            TypeError,
            'padding must be an integer, (pad_h, pad_w), ((top, bottom), (left, right)) or one of "valid", '
            '"same", "full", "same_upper", "same_lower", got (1, (1, 2))',
        ),
        (
            lambda: functional.conv2d(image, kernels, padding=(1, 1, 1, 1)),
            ValueError,
            'padding must be an integer, (pad_h, pad_w), ((top, bottom), (left, right)) or one of "valid", '
            '"same", "full", "same_upper", "same_lower", got (1, 1, 1, 1)',
        ),
        (
            lambda: functional.conv1d(signal, taps, padding=(1, 1, 1)),
            ValueError,
            'padding must be an integer, (left, right) or one of "valid", "same", "full", "same_upper", '
            '"same_lower", got (1, 1, 1)',
        ),
        (
            lambda: functional.conv2d(ones((1, 5, 5)), ones((1, 1, 6, 6))),
            ValueError,
            "the kernel spans 6 × 6 pixels (kernel 6 × 6, dilation 1 × 1), more than the padded input's 5 × 5",
        ),
        (lambda: functional.conv2d(image, kernels, padding=((1, 1, 1), (0, 0))), ValueError, "got (1, 1, 1)"),
        (
            lambda: functional.conv1d(signal, taps, padding=(1, -2)),
            ValueError,
            "padding must be at least 0, got -2",
        ),
        (lambda: functional.conv1d(signal, taps, padding=(1, True)), TypeError, "padding must be an integer"),
        (
            lambda: functional.conv1d(signal, taps, padding=((1, 1), (1, 1))),
            TypeError,
            "got ((1, 1), (1, 1))",
        ),
        (
            lambda: functional.conv_transpose2d(ones((6, 3, 3)), kernels, ones(4, np.float32)),
            TypeError,
            "bias must have the dtype of input, float64, got float32",
        ),
        (lambda: functional.conv2d(torch.ones(4, 6, 7), kernels), TypeError, "NumPy array, got Tensor"),
        (
            lambda: functional.conv2d(image.astype(int), kernels),
            TypeError,
            "weight must have the dtype of input, int64, got float64: .astype(np.float64) makes them alike",
        ),
        (
            lambda: functional.conv2d(image.astype(object), kernels.astype(object)),
            TypeError,
            "input must hold numbers",
        ),
        (lambda: functional.resolve_padding("same_upper", 3), ValueError, "pass input_size, not None"),
        (
            lambda: functional.resolve_padding("same_lower", 3, stride=2),
            ValueError,
            "pass input_size, not None",
        ),
        (lambda: functional.resolve_padding("same", 3, stride=2), ValueError, "needs stride 1, got stride=2"),
        (
            lambda: functional.resolve_padding("some", 3),
            ValueError,
            '"same_upper", "same_lower", got \'some\'',
        ),
        (lambda: functional.resolve_padding(-1, 3), ValueError, "padding must be at least 0, got -1"),
        (lambda: functional.resolve_padding(0, 0), ValueError, "kernel_size must be at least 1, got 0"),
        (lambda: functional.resolve_padding(0, 3.0), TypeError, "kernel_size must be an integer"),
        (lambda: functional.resolve_padding(0, True), TypeError, "kernel_size must be an integer"),
        (
            lambda: functional.resolve_padding(0, 3, dilation=0),
            ValueError,
            "dilation must be at least 1, got 0",
        ),
        (lambda: functional.resolve_padding(0, 3, stride=0), ValueError, "stride must be at least 1, got 0"),
        (
            lambda: functional.resolve_padding("same_upper", 3, input_size=(1, 2, 3)),
            ValueError,
            "input_size must be an integer, or one for each axis (2), got (1, 2, 3)",
        ),
        (
            lambda: functional.output_size(3, 4),
            ValueError,
            "spans 4 pixels (kernel 4, dilation 1), more than the padded input's 3",
        ),
        (lambda: functional.output_size(0, 1), ValueError, "size must be at least 1, got 0"),
        (lambda: functional.output_size(5.0, 3), TypeError, "size must be an integer"),
        (
            lambda: functional.output_size(5, (3, 3)),
            ValueError,
            "kernel_size must be an integer, or one for each",
        ),
        (lambda: functional.output_size(5, 3, padding="same", stride=2), ValueError, "got stride=2"),
        (lambda: functional.pad([1, 2], [(1, 1)]), TypeError, "input must be a NumPy array, got list"),
        (
            lambda: functional.pad(signal, 1),
            TypeError,
            "pads must be a sequence of (before, after) pairs of integers, got 1",
        ),
        (
            lambda: functional.pad(image, (1, 1, 1, 1)),
            TypeError,
            "pads must be a sequence of (before, after) pairs of integers, got (1, 1, 1, 1): torch's flat "
            "(left, right, top, bottom) is ((top, bottom), (left, right)) here",
        ),
        (lambda: functional.pad(signal, [(1, 1, 1)]), ValueError, "(before, after) pairs, got (1, 1, 1)"),
        (lambda: functional.pad(signal, [(1, -1)]), ValueError, "pads must be at least 0, got -1"),
        (lambda: functional.pad(signal, [(1, 1.0)]), TypeError, "pairs of integers, got [(1, 1.0)]"),
        (lambda: functional.pad(signal, [(1, 1)] * 3), ValueError, "a pair for each axis of input (4, 7)"),
        (
            lambda: functional.pad(signal, [(1, 1)], "edge"),
            ValueError,
            "mode must be one of zeros, reflect, replicate, circular, got 'edge'",
        ),
        (
            lambda: functional.pad(signal, [(1, 1)], "constant"),
            ValueError,
            'got \'constant\': torch\'s "constant" is "zeros" here',
        ),
        (
            lambda: functional.dilate(ones((2, 2, 2, 2, 2)), 2),
            ValueError,
            "weight must have shape (K,), (kh, kw)",
        ),
        (
            lambda: functional.dilate(ones((2, 2, 0)), 2),
            ValueError,
            "at least one tap on each axis, got (2, 2, 0)",
        ),
        (lambda: functional.dilate(taps, 0), ValueError, "dilation must be at least 1, got 0"),
        (
            lambda: functional.dilate(taps, (1, 2)),
            ValueError,
            "dilation must be an integer, or one for each axis (1)",
        ),
        (lambda: functional.dilate([1, 2], 2), TypeError, "weight must be a NumPy array, got list"),
        (lambda: functional.flip(np.array(1.0)), ValueError, "weight must have shape (K,), (kh, kw)"),
        (lambda: functional.flip([1, 2]), TypeError, "weight must be a NumPy array, got list"),
    ],
)
def test_what_torch_does_not_have_is_refused_with_a_reason_too(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
