"""Worked cases with printed numbers: the figures that the course's chapters show."""

import numpy as np
import pytest

from convlab import functional, grad

IMAGE = [[-0.7, -0.5, -0.3], [-1.8, 0.2, -2.0], [-0.6, 0.4, 1.5]]
KERNEL = [[-1.4, 1.3], [-0.2, -0.9]]

STAIRS = [
    [1, 1, 1, 2, 3],
    [1, 1, 1, 2, 3],
    [1, 1, 1, 2, 3],
    [2, 2, 2, 2, 3],
    [3, 3, 3, 3, 3],
    [4, 4, 4, 4, 4],
]
SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
VERTICAL_EDGE = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]

RAMP = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0]
BOX = [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]
COMB = [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0]
THREE_SIGNALS = [RAMP, BOX, COMB]
OTHER_SIGNALS = [[0, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0], [0] * 12, [0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]]
SIGNAL_KERNELS = [
    [[-1, 0, 1], [0.5, 0, -0.5], [1, 1, 1]],
    [[1, 1, -1], [0, 1, 0], [-1, 0, 1]],
    [[0, 1, 0], [1, -1, 1], [0, -1, 0]],
]
THREE_SIGNALS_OUT = [
    [2.5, 3, 3, 3, 3, 3, 3, 3, 3, -8.5],
    [1, 1, 1, 4, 4, 4, 7, 7, 7, 20],
    [1, 2, 4, 5, 5, 7, 8, 8, 10, 10],
]
OTHER_SIGNALS_OUT = [
    [9, -1, 0, -1, 0, -1, 0, -1, 0, 0],
    [2, 10, 9, 8, 7, 6, 5, 4, 3, 1],
    [9, 7, 7, 5, 5, 3, 3, 1, 1, -1],
]

FRAMED = [[0, 0, 0, 0, 0], [0, 1, 2, 3, 0], [0, 4, 5, 6, 0], [0, 7, 8, 9, 0], [0, 0, 0, 0, 0]]
THREE_IMAGES = [FRAMED, np.ones((5, 5)), np.eye(5)]
OTHER_IMAGES = [np.full((5, 5), 2), np.arange(25).reshape(5, 5), np.zeros((5, 5))]
IMAGE_KERNELS = [
    [SOBEL, [[0, 0, 0], [0.5, 0.5, 0.5], [0, 0, 0]], [[1, 0, -1], [0, 0, 0], [-1, 0, 1]]],
    [
        [[1, 1, 1], [0, 0, 0], [-1, -1, -1]],
        [[0, 0.5, 0], [0, 0.5, 0], [0, 0.5, 0]],
        [[0, 0, 0], [1, -1, 1], [0, 0, 0]],
    ],
]
THREE_IMAGES_OUT = [
    [[12.5, 7.5, -8.5], [21.5, 11.5, -18.5], [21.5, 7.5, -17.5]],
    [[-8.5, -12.5, -9.5], [-9.5, -17.5, -9.5], [10.5, 17.5, 11.5]],
]
OTHER_IMAGES_OUT = [[[9, 10.5, 12], [16.5, 18, 19.5], [24, 25.5, 27]]] * 2


@pytest.mark.parametrize(
    ("padding", "dilation", "expected"),
    [
        ("valid", 1, [[0.51, 2.07], [2.54, -4.31]]),
        ("same", 1, [[0.51, 2.07, 0.82], [2.54, -4.31, 2.5], [1.36, 1.39, -2.1]]),
        ("same", 3, [[-1.35, 0.12, -0.08], [-0.39, 0.98, 0.7], [-2.6, 2.52, -0.28]]),
    ],
)
def test_an_even_kernel_on_a_random_image(padding, dilation, expected):
    image, kernel = np.array([IMAGE]), np.array([[KERNEL]])
    output = functional.conv2d(image, kernel, padding=padding, dilation=dilation)
    np.testing.assert_allclose(output[0], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("image", "kernel", "expected"),
    [
        (STAIRS, VERTICAL_EDGE, [[0, -4, -8], [0, -3, -7], [0, -1, -4], [0, 0, -1]]),
        (FRAMED, SOBEL, [[9, 6, -9], [20, 8, -20], [21, 6, -21]]),
    ],
    ids=["non-square image", "framed ramp"],
)
def test_edges_of_one_image(image, kernel, expected):
    output = functional.conv2d(np.array([image]), np.array([[kernel]]))
    np.testing.assert_array_equal(output[0], expected)


def test_the_slope_of_a_ramp():
    output = functional.conv1d(np.array([RAMP]), np.array([[[-1, 0, 1]]]))
    assert output.tolist() == [[2, 2, 2, 2, 2, 2, 2, 2, 2, -9]]


def test_three_channels_alone_and_in_a_batch():
    kernels = np.array(SIGNAL_KERNELS)
    alone = functional.conv1d(np.array(THREE_SIGNALS, float), kernels)
    np.testing.assert_array_equal(alone, THREE_SIGNALS_OUT)
    batch = functional.conv1d(np.array([THREE_SIGNALS, OTHER_SIGNALS], float), kernels)
    np.testing.assert_array_equal(batch, [THREE_SIGNALS_OUT, OTHER_SIGNALS_OUT])


def test_three_image_channels_alone_and_in_a_batch():
    kernels = np.array(IMAGE_KERNELS)
    alone = functional.conv2d(np.array(THREE_IMAGES, float), kernels)
    np.testing.assert_array_equal(alone, THREE_IMAGES_OUT)
    batch = functional.conv2d(np.array([THREE_IMAGES, OTHER_IMAGES], float), kernels)
    np.testing.assert_array_equal(batch, [THREE_IMAGES_OUT, OTHER_IMAGES_OUT])


def test_a_kernel_as_large_as_the_image_is_one_dot_product_each():
    rng = np.random.default_rng(0)
    image, kernels = rng.standard_normal((1, 4, 3, 5)), rng.standard_normal((8, 4, 3, 5))
    output = functional.conv2d(image, kernels)
    assert output.shape == (1, 8, 1, 1)
    dots = [image.ravel() @ kernel.ravel() for kernel in kernels]
    np.testing.assert_allclose(output.ravel(), dots, rtol=1e-12)


def test_the_gradients_of_a_sum():
    # Upstream all ones: of the numbers printed in the course, not a test of grad_output's use.
    image, kernel = np.array([STAIRS]), np.array([[VERTICAL_EDGE]])
    ones = np.ones((1, 4, 3), int)
    grad_input, grad_weight, grad_bias = grad.conv2d_backward(ones, image, kernel)
    assert grad_weight[0, 0].tolist() == [[15, 18, 25], [21, 23, 28], [30, 31, 34]]
    assert grad_input[0].tolist() == [
        [1, 1, 0, -1, -1],
        [3, 3, 0, -3, -3],
        [4, 4, 0, -4, -4],
        [4, 4, 0, -4, -4],
        [3, 3, 0, -3, -3],
        [1, 1, 0, -1, -1],
    ]
    assert grad_bias.tolist() == [12]
