"""Chapter 7: its oracles say what the definitions say, its samples meet what they should, and right code passes."""

import inspect

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from convlab import functional
from convlab.checks import Probe, Sample, oracle
from convlab.checks.exercises._layouts import layout_of
from convlab.checks.exercises._numerical_gradient import numerical_gradient
from convlab.checks.exercises.backprop import (
    EXERCISES,
    conv2d_bias,
    conv2d_input,
    conv2d_weight,
    input_gradient,
    weight_gradient,
)
from convlab.checks.play import play
from convlab.checks.reports import examine


def pair(value):
    """The styles' own: what convlab has is refused while a check runs."""
    return (value, value) if isinstance(value, int) else value


SEEDS = range(5)


def padded(input, padding):
    p_h, p_w = pair(padding)
    return np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))


def cropped(image, input_size, padding):
    (p_h, p_w), (H, W) = pair(padding), input_size[2:]
    return image[:, :, p_h : p_h + H, p_w : p_w + W]


def zeros_padded(input_size, padding):
    (N, C, H, W), (p_h, p_w) = input_size, pair(padding)
    return np.zeros((N, C, H + 2 * p_h, W + 2 * p_w))


# ---------------------------------------------------------------- right code in many styles


def numerical_in_place(function, x, grad_output, eps=1e-6):
    """As CS231n does it: moves the entries of x itself, and puts them back."""
    grad = np.zeros_like(x)
    entries = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not entries.finished:
        at = entries.multi_index
        old = x[at]
        x[at] = old + eps
        above = function(x).copy()
        x[at] = old - eps
        below = function(x).copy()
        x[at] = old
        grad[at] = np.sum((above - below) * grad_output) / (2 * eps)
        entries.iternext()
    return grad


def numerical_adding_and_taking_away(function, x, grad_output, eps=1e-6):
    """Leaves x as it was but for rounding."""
    grad = np.zeros(x.shape)
    for at in np.ndindex(*x.shape):
        x[at] += eps
        above = (function(x) * grad_output).sum()
        x[at] -= 2 * eps
        below = (function(x) * grad_output).sum()
        x[at] += eps
        grad[at] = (above - below) / 2 / eps
    return grad


def numerical_of_the_loss(function, x, grad_output, eps=1e-6):
    def loss(flat):
        return np.vdot(function(flat.reshape(x.shape)), grad_output)

    flat = x.flatten()
    steps = eps * np.eye(flat.size)
    return np.array([(loss(flat + s) - loss(flat - s)) / (2 * eps) for s in steps]).reshape(x.shape)


def numerical_by_a_jacobian(function, x, grad_output, eps=1e-6):
    columns = []
    for step in np.eye(x.size).reshape(x.size, *x.shape):
        columns.append((function(x + eps * step) - function(x - eps * step)).ravel() / (2 * eps))
    return (np.stack(columns) @ grad_output.ravel()).reshape(x.shape)


def weight_by_loops(input, weight_size, grad_output, stride=1, padding=0, dilation=1):
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = pair(stride), pair(padding), pair(dilation)
    N, _, H, W = input.shape
    grad = np.zeros(weight_size)
    for o, c, i, j in np.ndindex(*weight_size):
        for n, y, x in np.ndindex(N, *grad_output.shape[2:]):
            row, column = y * s_h + i * d_h - p_h, x * s_w + j * d_w - p_w
            if 0 <= row < H and 0 <= column < W:
                grad[o, c, i, j] += input[n, c, row, column] * grad_output[n, o, y, x]
    return grad


def weight_window_by_window(input, weight_size, grad_output, stride=1, padding=0, dilation=1):
    (s_h, s_w), (d_h, d_w), (kh, kw) = pair(stride), pair(dilation), weight_size[2:]
    image = padded(input, padding)
    grad = np.zeros(weight_size)
    for y, x in np.ndindex(*grad_output.shape[2:]):
        down = slice(y * s_h, y * s_h + d_h * (kh - 1) + 1, d_h)
        across = slice(x * s_w, x * s_w + d_w * (kw - 1) + 1, d_w)
        grad += np.tensordot(grad_output[:, :, y, x], image[:, :, down, across], (0, 0))
    return grad


def weight_by_einsum_over_windows(input, weight_size, grad_output, stride=1, padding=0, dilation=1):
    (s_h, s_w), (d_h, d_w), (kh, kw) = pair(stride), pair(dilation), weight_size[2:]
    windows = sliding_window_view(padded(input, padding), (d_h * (kh - 1) + 1, d_w * (kw - 1) + 1), (2, 3))
    windows = windows[:, :, ::s_h, ::s_w, ::d_h, ::d_w]
    return np.einsum("noyx,ncyxij->ocij", grad_output, windows)


def weight_by_columns(input, weight_size, grad_output, stride=1, padding=0, dilation=1):
    columns = functional.unfold(input, weight_size[2:], dilation, padding, stride)
    rows = grad_output.reshape(*grad_output.shape[:2], -1)
    return sum(g @ c.T for g, c in zip(rows, columns, strict=True)).reshape(weight_size)


def weight_as_a_convolution(input, weight_size, grad_output, stride=1, padding=0, dilation=1):
    """What the chapter teaches: images and channels change places, and so do stride and dilation."""
    images, kernels = input.swapaxes(0, 1), grad_output.swapaxes(0, 1)
    grad = functional.conv2d(images, kernels, None, dilation, padding, stride)
    return grad.swapaxes(0, 1)[:, :, : weight_size[2], : weight_size[3]]


def weight_with_a_spread_kernel(input, weight_size, grad_output, stride=1, padding=0, dilation=1):
    (d_h, d_w), (kh, kw) = pair(dilation), weight_size[2:]
    kernels = functional.dilate(grad_output, stride).swapaxes(0, 1)
    full = functional.conv2d(functional.pad(input, [(p, p) for p in pair(padding)]).swapaxes(0, 1), kernels)
    return full[:, :, ::d_h, ::d_w][:, :, :kh, :kw].transpose(1, 0, 2, 3)


def input_by_loops(input_size, weight, grad_output, stride=1, padding=0, dilation=1):
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = pair(stride), pair(padding), pair(dilation)
    _, _, H, W = input_size
    grad = np.zeros(input_size)
    for n, o, y, x in np.ndindex(*grad_output.shape):
        for c, i, j in np.ndindex(*weight.shape[1:]):
            row, column = y * s_h + i * d_h - p_h, x * s_w + j * d_w - p_w
            if 0 <= row < H and 0 <= column < W:
                grad[n, c, row, column] += grad_output[n, o, y, x] * weight[o, c, i, j]
    return grad


def input_gathering(input_size, weight, grad_output, stride=1, padding=0, dilation=1):
    """Asks of every pixel which output entries read it."""
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = pair(stride), pair(padding), pair(dilation)
    (kh, kw), (H_out, W_out) = weight.shape[2:], grad_output.shape[2:]
    grad = np.zeros(input_size)
    for row, column, i, j in np.ndindex(*input_size[2:], kh, kw):
        y, down = divmod(row + p_h - i * d_h, s_h)
        x, across = divmod(column + p_w - j * d_w, s_w)
        if down == across == 0 and 0 <= y < H_out and 0 <= x < W_out:
            grad[:, :, row, column] += grad_output[:, :, y, x] @ weight[:, :, i, j]
    return grad


def input_window_by_window(input_size, weight, grad_output, stride=1, padding=0, dilation=1):
    (s_h, s_w), (d_h, d_w), (kh, kw) = pair(stride), pair(dilation), weight.shape[2:]
    image = zeros_padded(input_size, padding)
    for y, x in np.ndindex(*grad_output.shape[2:]):
        down = slice(y * s_h, y * s_h + d_h * (kh - 1) + 1, d_h)
        across = slice(x * s_w, x * s_w + d_w * (kw - 1) + 1, d_w)
        image[:, :, down, across] += np.einsum("no,ocij->ncij", grad_output[:, :, y, x], weight)
    return cropped(image, input_size, padding)


def input_tap_by_tap(input_size, weight, grad_output, stride=1, padding=0, dilation=1):
    (s_h, s_w), (d_h, d_w), (H_out, W_out) = pair(stride), pair(dilation), grad_output.shape[2:]
    image = zeros_padded(input_size, padding)
    for i, j in np.ndindex(*weight.shape[2:]):
        down = slice(i * d_h, i * d_h + s_h * H_out, s_h)
        across = slice(j * d_w, j * d_w + s_w * W_out, s_w)
        image[:, :, down, across] += np.tensordot(grad_output, weight[:, :, i, j], (1, 0)).transpose(
            0, 3, 1, 2
        )
    return cropped(image, input_size, padding)


def input_by_add_at(input_size, weight, grad_output, stride=1, padding=0, dilation=1):
    (s_h, s_w), (d_h, d_w) = pair(stride), pair(dilation)
    i, j, y, x = np.indices((*weight.shape[2:], *grad_output.shape[2:])).reshape(4, -1)
    image = zeros_padded(input_size, padding)
    terms = np.einsum("noyx,ocij->ncijyx", grad_output, weight).reshape(*image.shape[:2], -1)
    np.add.at(image, (slice(None), slice(None), y * s_h + i * d_h, x * s_w + j * d_w), terms)
    return cropped(image, input_size, padding)


def input_by_fold(input_size, weight, grad_output, stride=1, padding=0, dilation=1):
    """GEMM and col2im."""
    rows = grad_output.reshape(*grad_output.shape[:2], -1)
    columns = weight.reshape(len(weight), -1).T @ rows
    return functional.fold(columns, input_size[2:], weight.shape[2:], dilation, padding, stride)


def input_as_a_full_convolution(input_size, weight, grad_output, stride=1, padding=0, dilation=1):
    """What the chapter teaches."""
    image = zeros_padded(input_size, padding)
    spread = functional.dilate(grad_output, stride)
    kernels = functional.flip(weight).swapaxes(0, 1)
    full = functional.conv2d(spread, kernels, padding="full", dilation=dilation)
    image[:, :, : full.shape[2], : full.shape[3]] = full
    return cropped(image, input_size, padding)


def input_by_the_matrix(input_size, weight, grad_output, stride=1, padding=0, dilation=1):
    """The transpose of the Toeplitz matrix."""
    N, *image = input_size
    pixels = np.eye(int(np.prod(image))).reshape(-1, *image)
    matrix = functional.conv2d(pixels, weight, None, stride, padding, dilation).reshape(len(pixels), -1)
    return (grad_output.reshape(N, -1) @ matrix.T).reshape(input_size)


STYLES = [
    (numerical_gradient, numerical_in_place),
    (numerical_gradient, numerical_adding_and_taking_away),
    (numerical_gradient, numerical_of_the_loss),
    (numerical_gradient, numerical_by_a_jacobian),
    (conv2d_weight, weight_by_loops),
    (conv2d_weight, weight_window_by_window),
    (conv2d_weight, weight_by_einsum_over_windows),
    (conv2d_weight, weight_as_a_convolution),
    (conv2d_weight, weight_with_a_spread_kernel),
    (conv2d_input, input_by_loops),
    (conv2d_input, input_gathering),
    (conv2d_input, input_window_by_window),
    (conv2d_input, input_tap_by_tap),
    (conv2d_input, input_by_add_at),
    (conv2d_input, input_as_a_full_convolution),
    (conv2d_input, input_by_the_matrix),
    (conv2d_bias, lambda grad_output: grad_output.sum((0, 2, 3))),
    (conv2d_bias, lambda grad_output: np.einsum("noyx->o", grad_output)),
    (conv2d_bias, lambda grad_output: grad_output.swapaxes(0, 1).reshape(grad_output.shape[1], -1).sum(1)),
    (conv2d_bias, lambda grad_output: np.array([sum(g.flat) for g in np.moveaxis(grad_output, 1, 0)])),
    (conv2d_bias, lambda grad_output: np.ones(len(grad_output)) @ grad_output.sum(-1).sum(-1)),
]


@pytest.mark.parametrize(("exercise", "function"), STYLES, ids=lambda one: getattr(one, "__name__", None))
def test_right_code_passes_in_any_style(exercise, function):
    for seed in SEEDS:
        assert examine(function, exercise, seed).message.startswith(f"{exercise.name}: all ")


@pytest.mark.parametrize(
    ("exercise", "function"), [(conv2d_weight, weight_by_columns), (conv2d_input, input_by_fold)]
)
def test_matrix_products_with_columns_of_any_making_agree(exercise, function):
    # unfold and fold are not allowed in these exercises; somebody's own are.
    for sample in exercise.draw(0):
        assert np.allclose(function(*sample.args, **sample.kwargs), oracle.expected(exercise, sample))


# ---------------------------------------------------------------- numerical_gradient


PROBES = {sample.args[0].name: sample.args[0] for sample in numerical_gradient.draw(0)}


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_a_probe_says_what_it_does(probe):
    assert isinstance(probe, Probe)
    assert probe.source in " ".join(inspect.getsource(probe.function).split())


def test_the_gradient_of_a_square_is_twice_x_times_the_upstream_gradient():
    x, upstream = np.array([3.0, -1.0]), np.array([2.0, 5.0])
    for given in ({}, {"eps": 0.5}):
        sample = Sample((PROBES["square"], x, upstream), given)
        assert np.array_equal(oracle.expected(numerical_gradient, sample), [12, -10])


def test_arrays_of_numerical_gradient_may_be_written_to_and_hold_float64():
    for seed in SEEDS:
        for sample in numerical_gradient.draw(seed):
            x, grad_output = sample.args[1:3]
            assert x.flags.writeable
            assert x.dtype == grad_output.dtype == np.float64
            assert grad_output.shape == sample.args[0](x).shape


def test_with_a_step_of_its_own_the_answer_is_the_central_difference():
    x, upstream = np.array([3.0, -1.0]), np.array([2.0, 5.0])
    measured = oracle.expected(numerical_gradient, Sample((PROBES["cube"], x, upstream), {"eps": 0.125}))
    assert np.allclose(measured, (3 * x**2 + 0.125**2) * upstream, rtol=1e-14, atol=0)
    exact = oracle.expected(numerical_gradient, Sample((PROBES["cube"], x, upstream)))
    assert np.array_equal(exact, 3 * x**2 * upstream)


@pytest.mark.parametrize("name", ["square", "affine", "correlation", "neighbours", "row_sums", "gram"])
def test_central_differences_are_exact_up_to_the_second_degree(name):
    probe, x = PROBES[name], np.arange(1.0, 13).reshape(3, 4) / 4
    upstream = np.random.default_rng(0).normal(size=probe(x).shape)
    gradient = oracle.expected(numerical_gradient, Sample((probe, x, upstream)))
    measured = oracle.expected(numerical_gradient, Sample((probe, x, upstream), {"eps": 0.5}))
    assert np.allclose(measured, gradient, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("own", [1e-4, 1e-5, 1e-6])
def test_a_step_of_ones_own_in_place_of_eps_loses_the_points_of_step_alone(seed, own):
    def own_step(function, x, grad_output, eps=1e-6):
        return numerical_by_a_jacobian(function, x, grad_output, own)

    found = examine(own_step, numerical_gradient, seed)
    assert {name for name, group in found.groups.items() if not group.earned} == {"step"}
    assert "Step by the eps you are given" in found.cause


def test_who_steps_in_place_and_keeps_both_results_is_told_of_the_copy():
    def keeps_both(function, x, grad_output, eps=1e-6):
        grad = np.zeros(x.shape)
        for at in np.ndindex(*x.shape):
            x[at] += eps
            above = function(x)
            x[at] -= 2 * eps
            below = function(x)
            x[at] += eps
            grad[at] = np.sum((above - below) * grad_output) / (2 * eps)
        return grad

    assert "keep a copy" in examine(keeps_both, numerical_gradient, 0).cause


def test_entries_of_x_that_stay_moved_are_told_of():
    def forgets_to_put_back(function, x, grad_output, eps=1e-6):
        grad = np.zeros(x.shape)
        for at in np.ndindex(*x.shape):
            x[at] += eps
            above = function(x).copy()
            x[at] -= 2 * eps
            grad[at] = np.sum((above - function(x)) * grad_output) / (2 * eps)
        return grad

    message = examine(forgets_to_put_back, numerical_gradient, 0).message
    assert "it changed its argument `x` in place" in message


# ---------------------------------------------------------------- oracles, samples and mistakes


def test_the_oracles_are_each_others_adjoint():
    # <grad_output, conv2d(x, w)> is linear in both, so both gradients give it back.
    rng = np.random.default_rng(0)
    input, weight = rng.normal(size=(2, 3, 6, 7)), rng.normal(size=(4, 3, 2, 3))
    given = {"stride": (3, 2), "padding": (1, 2), "dilation": (2, 1)}
    output = functional.conv2d(input, weight, **given)
    upstream = rng.normal(size=output.shape)
    grad_weight = oracle.expected(conv2d_weight, Sample((input, weight.shape, upstream), given))
    grad_input = oracle.expected(conv2d_input, Sample((input.shape, weight, upstream), given))
    loss = np.sum(output * upstream)
    assert np.isclose(np.sum(grad_weight * weight), loss)
    assert np.isclose(np.sum(grad_input * input), loss)


def test_a_call_whose_arrays_hold_different_numbers_of_images_is_refused():
    # torch itself reads beyond the memory here.
    input, weight, upstream = np.ones((2, 2, 2, 3)), np.ones((1, 2, 1, 2)), np.ones((1, 1, 2, 2))
    with pytest.raises(ValueError, match="for 1 images, the input has 2"):
        oracle.expected(conv2d_weight, Sample((input, weight.shape, upstream)))
    with pytest.raises(ValueError, match="for 1 images, the input has 2"):
        oracle.expected(conv2d_input, Sample((input.shape, weight, upstream)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("exercise", "plain"), [(conv2d_weight, weight_gradient), (conv2d_input, input_gradient)]
)
def test_what_the_mistakes_are_made_of_is_right_without_one(exercise, plain, seed):
    for sample in exercise.draw(seed):
        layout = layout_of(*sample.args[3:], **sample.kwargs)
        assert np.array_equal(plain(*sample.args[:3], layout), oracle.expected(exercise, sample))


def multiply_adds(exercise, sample):
    """Of the plainest way; a function under numerical_gradient counts four for each of its outputs."""
    if exercise is numerical_gradient:
        return 2 * sample.args[1].size * 4 * sample.args[2].size
    if exercise is conv2d_weight:
        return sample.args[2].size * int(np.prod(sample.args[1][1:]))
    if exercise is conv2d_input:
        return sample.args[2].size * sample.args[1][0].size
    return sample.args[0].size


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_all_samples_together_need_few_multiply_adds(exercise):
    for seed in SEEDS:
        assert sum(multiply_adds(exercise, sample) for sample in exercise.draw(seed)) <= 15_000


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_no_mistake_raises_on_any_sample(exercise):
    for sample in exercise.draw(0):
        for mistake in exercise.mistakes:
            assert play(mistake.function, exercise, sample, seconds=5).failure is None


def test_samples_of_the_gradients_meet_what_breaks_them():
    sizes = [(sample.args[0].shape, sample.args[1], sample) for sample in conv2d_weight.draw(0)]
    layouts = [layout_of(*sample.args[3:], **sample.kwargs) for *_, sample in sizes]
    for pairs in zip(*((layout.stride, layout.padding, layout.dilation) for layout in layouts), strict=True):
        assert any(rows != columns for rows, columns in pairs)
    assert all(H != W or kh != kw for (_, _, H, W), (_, _, kh, kw), _ in sizes)
    assert any(len({N, C_in, C_out}) == 3 for (N, C_in, _, _), (C_out, *_), _ in sizes)
    assert any(C_in == C_out > 1 for (_, C_in, _, _), (C_out, *_), _ in sizes)
    assert any(size[2:] == kernel[2:] != (1, 1) for size, kernel, _ in sizes)
    tails = {
        ((n + 2 * p - d * (k - 1) - 1) % s, p > 0)
        for (size, kernel, _), layout in zip(sizes, layouts, strict=True)
        for n, k, s, p, d in zip(
            size[2:], kernel[2:], layout.stride, layout.padding, layout.dilation, strict=True
        )
        if s > 1
    }
    assert tails >= {(0, False), (1, False), (2, False), (0, True), (1, True), (2, True)}


def test_no_upstream_gradient_is_made_of_ones():
    for exercise, at in [(numerical_gradient, 2), (conv2d_weight, 2), (conv2d_input, 2), (conv2d_bias, 0)]:
        for sample in exercise.draw(0):
            assert sample.args[at].size == 1 or not np.all(sample.args[at] == 1)
