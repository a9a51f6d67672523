"""The gradients against central differences, central differences against autograd, and what is refused."""

import re

import numpy as np
import pytest
import torch

from convlab import functional, grad


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [
        (1, 0, 1, 1),
        (2, 1, 1, 2),
        ((2, 3), (1, 2), (2, 1), 2),
        (3, "full", (1, 2), 1),
        (2, "same_lower", 1, 2),
    ],
)
def test_the_gradients_of_conv2d_equal_central_differences(stride, padding, dilation, groups):
    rng = np.random.default_rng(0)
    input, weight = rng.standard_normal((2, 4, 6, 7)), rng.standard_normal((2, 4 // groups, 3, 2))
    bias, rest = rng.standard_normal(2), (stride, padding, dilation, groups)
    grad_output = rng.standard_normal(functional.conv2d(input, weight, bias, *rest).shape)
    gradients = grad.conv2d_backward(grad_output, input, weight, *rest)
    measured = (
        grad.numerical_gradient(lambda x: functional.conv2d(x, weight, bias, *rest), input, grad_output),
        grad.numerical_gradient(lambda w: functional.conv2d(input, w, bias, *rest), weight, grad_output),
        grad.numerical_gradient(lambda b: functional.conv2d(input, weight, b, *rest), bias, grad_output),
    )
    for exact, numerical in zip(gradients, measured, strict=True):
        np.testing.assert_allclose(exact, numerical, rtol=1e-6, atol=1e-7, strict=True)


def cube_of_sums(x):
    return np.stack([np.sum(x**3), np.sum(np.sin(x)), np.prod(x)])


def torch_cube_of_sums(x):
    return torch.stack([torch.sum(x**3), torch.sum(torch.sin(x)), torch.prod(x)])


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 2, 2)])
def test_numerical_gradient_equals_autograd_on_a_curved_function(shape):
    rng = np.random.default_rng(1)
    x, grad_output = rng.standard_normal(shape), rng.standard_normal(3)
    leaf = torch.tensor(x, requires_grad=True)
    (expected,) = torch.autograd.grad(torch_cube_of_sums(leaf), leaf, torch.tensor(grad_output))
    measured = grad.numerical_gradient(cube_of_sums, np.asarray(x), grad_output)
    np.testing.assert_allclose(measured, expected.numpy(), rtol=1e-6, atol=1e-8, strict=True)


def test_the_differences_are_central():
    # For x³ the centred quotient is 3x² + eps², the one-sided one 3x² + 3x·eps + eps².
    measured = grad.numerical_gradient(lambda x: x**3, np.array([2.0]), np.ones(1), eps=0.5)
    assert measured.tolist() == [12.25]


@pytest.mark.parametrize(
    "layout",
    [np.asfortranarray, lambda x: np.flip(np.flip(x).copy()), lambda x: np.repeat(x, 2, axis=0)[::2]],
    ids=["fortran", "reversed", "gaps"],
)
def test_x_of_any_layout_is_measured_and_restored(layout):
    x = layout(np.random.default_rng(2).standard_normal((3, 4)))
    before, grad_output = x.copy(), np.random.default_rng(3).standard_normal((3, 4))
    measured = grad.numerical_gradient(lambda x: x**2, x, grad_output)
    np.testing.assert_allclose(measured, 2 * before * grad_output, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(x, before)
    assert measured.flags.c_contiguous


def test_x_of_the_other_byte_order_is_measured():
    x = np.array([1.0, 2, 3], ">f8")
    measured = grad.numerical_gradient(lambda x: x**2, x, np.ones(3))
    assert measured.dtype.isnative
    np.testing.assert_allclose(measured, [2, 4, 6], rtol=1e-6)


def test_a_read_only_x_is_measured_on_a_copy():
    x = np.array([1.0, 2, 3])
    x.flags.writeable = False
    np.testing.assert_allclose(grad.numerical_gradient(lambda x: x**2, x, np.ones(3)), [2, 4, 6], rtol=1e-6)


def test_x_is_restored_when_the_function_raises():
    x = np.array([1.0, 2, 3])

    def fail(x):
        raise RuntimeError("no result")

    with pytest.raises(RuntimeError, match="no result"):
        grad.numerical_gradient(fail, x, np.ones(3))
    assert x.tolist() == [1, 2, 3]


def test_functions_may_read_x_itself_or_give_it_back_or_give_a_number():
    x = np.array([1.0, 2, 3])
    np.testing.assert_allclose(grad.numerical_gradient(lambda _: x**2, x, np.ones(3)), [2, 4, 6], rtol=1e-6)
    np.testing.assert_allclose(
        grad.numerical_gradient(lambda x: x, x, np.array([5.0, 6, 7])), [5, 6, 7], rtol=1e-6
    )
    np.testing.assert_allclose(
        grad.numerical_gradient(lambda x: x.sum(), x, np.array(2.0)), [2, 2, 2], rtol=1e-6
    )


ones = np.ones
X, W, DY = ones((2, 4, 6, 7)), ones((6, 4, 3, 2)), ones((2, 6, 4, 6))
X1, W1, DY1 = ones((2, 4, 7)), ones((6, 4, 3)), ones((2, 6, 5))


def test_the_arguments_that_the_rows_below_spoil_are_taken():
    assert grad.conv2d_input(X.shape, W, DY).shape == X.shape
    assert grad.conv2d_weight(X, W.shape, DY).shape == W.shape
    assert grad.conv1d_input(list(X1.shape), W1, DY1).shape == X1.shape
    assert grad.conv1d_weight(X1, list(W1.shape), DY1).shape == W1.shape


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: grad.conv2d_input(X.shape, W, DY[:, :, 1:]),
            ValueError,
            "grad_output must have the shape of the forward output, (2, 6, 4, 6), got (2, 6, 3, 6)",
        ),
        (lambda: grad.conv2d_weight(X, W.shape, DY[..., 1:]), ValueError, "(2, 6, 4, 6), got (2, 6, 4, 5)"),
        (lambda: grad.conv2d_weight(X, W.shape, DY[:1]), ValueError, "(2, 6, 4, 6), got (1, 6, 4, 6)"),
        (lambda: grad.conv2d_weight(X, W.shape, DY[:, :1]), ValueError, "(2, 6, 4, 6), got (2, 1, 4, 6)"),
        (lambda: grad.conv2d_input(X.shape[1:], W, DY), ValueError, "(6, 4, 6), got (2, 6, 4, 6)"),
        (lambda: grad.conv1d_input(X1.shape, W1, DY1[..., 1:]), ValueError, "(2, 6, 5), got (2, 6, 4)"),
        (lambda: grad.conv1d_weight(X1, W1.shape, DY1[0]), ValueError, "(2, 6, 5), got (6, 5)"),
        (lambda: grad.conv2d_backward(DY, X, W, stride=2), ValueError, "(2, 6, 2, 3), got (2, 6, 4, 6)"),
        (lambda: grad.conv2d_backward(DY, X, W[:, :3]), ValueError, "input must have the channels of weight"),
        (
            lambda: grad.conv2d_backward(DY, X, W, groups=4),
            ValueError,
            "groups must divide the C_out of weight",
        ),
        (lambda: grad.conv2d_backward(DY, X, W, groups=2.0), TypeError, "groups must be an integer"),
        (lambda: grad.conv2d_backward(DY, X, W, stride=0), ValueError, "stride must be at least 1, got 0"),
        (lambda: grad.conv2d_backward(DY, X, W, dilation=True), TypeError, "dilation must be an integer"),
        (
            lambda: grad.conv2d_backward(DY, X, W, padding=-1),
            ValueError,
            "padding must be at least 0, got -1",
        ),
        (lambda: grad.conv2d_backward(DY, X, W, padding="some"), ValueError, "got 'some'"),
        (
            lambda: grad.conv2d_backward(DY, X, W, stride=2, padding="same"),
            ValueError,
            "needs stride 1, got stride=2",
        ),
        (
            lambda: grad.conv2d_backward(DY, X, W, dilation=7),
            ValueError,
            "more than the padded input's 6 × 7",
        ),
        (
            lambda: grad.conv2d_backward(DY, X, W.astype(np.float32)),
            TypeError,
            "weight must have the dtype of input",
        ),
        (
            lambda: grad.conv2d_backward(DY.astype(int), X, W),
            TypeError,
            "grad_output must have the dtype of input",
        ),
        (
            lambda: grad.conv2d_input(X.shape, W, DY.astype(int)),
            TypeError,
            "grad_output must have the dtype of weight",
        ),
        (
            lambda: grad.conv2d_input(X.shape, W.tolist(), DY),
            TypeError,
            "weight must be a NumPy array, got list",
        ),
        (
            lambda: grad.conv2d_input(X.shape, W + 0j, DY + 0j),
            TypeError,
            "must hold real numbers, got dtype complex128",
        ),
        (lambda: grad.conv2d_input(7, W, DY), TypeError, "input_size must be a tuple of integers"),
        (
            lambda: grad.conv2d_input((2, 4, 6, 7.0), W, DY),
            TypeError,
            "integers, the shape of an array, got (2, 4, 6, 7.0)",
        ),
        (
            lambda: grad.conv2d_input((2, 4, -6, 7), W, DY),
            ValueError,
            "input_size must be at least 0, got -6",
        ),
        (lambda: grad.conv2d_input((4, 6), W, DY), ValueError, "input must have shape"),
        (lambda: grad.conv2d_weight(X, (6, 4, 3), DY), ValueError, "weight must have shape"),
        (lambda: grad.conv2d_weight(X, X, DY), TypeError, "weight_size must be a tuple of integers"),
        (lambda: grad.conv1d_weight(X, W.shape, DY), ValueError, "input must have shape (C_in, L)"),
        (
            lambda: grad.conv2d_bias(DY[0, 0]),
            ValueError,
            "grad_output must have shape (C_out, H_out, W_out) or",
        ),
        (lambda: grad.conv2d_bias([1.0]), TypeError, "grad_output must be a NumPy array, got list"),
        (lambda: grad.conv2d_bias(DY > 0), TypeError, "grad_output must hold real numbers, got dtype bool"),
    ],
)
def test_wrong_gradient_calls_are_refused_with_a_reason(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: grad.numerical_gradient(np.square, [1.0], ones(1)),
            TypeError,
            "x must be a NumPy array, got list",
        ),
        (
            lambda: grad.numerical_gradient(np.square, ones(1, np.float32), ones(1)),
            TypeError,
            "x must have dtype float64, got float32: a step of 1e-06 drowns in the rounding",
        ),
        (
            lambda: grad.numerical_gradient(np.square, ones(1, int), ones(1)),
            TypeError,
            "integers cannot take it",
        ),
        (
            lambda: grad.numerical_gradient(np.square, ones(1), ones(1), eps=0),
            ValueError,
            "eps must be positive, got 0",
        ),
        (
            lambda: grad.numerical_gradient(np.square, ones(2), ones(1)),
            ValueError,
            "grad_output must have the shape of function(x), (2,), got (1,)",
        ),
    ],
)
def test_wrong_numerical_gradient_calls_are_refused_with_a_reason(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
