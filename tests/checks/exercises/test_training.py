"""Chapter 10: right code in many styles passes, the samples meet what they should, and slips are told of."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from convlab import functional, grad
from convlab.checks import Sample, oracle
from convlab.checks.exercises._layouts import layout_of
from convlab.checks.exercises.training import (
    EXERCISES,
    PADDINGS,
    STRIDES,
    all_three,
    conv2d_backward,
    forward,
    step,
    train_step,
)
from convlab.checks.play import play
from convlab.checks.reports import examine

SEEDS = range(5)


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


# ---------------------------------------------------------------- right code in many styles


def backward_by_loops(grad_output, input, weight, stride=1, padding=0):
    (s_h, s_w), (p_h, p_w), (H, W) = pair(stride), pair(padding), input.shape[2:]
    grad_input, grad_weight = np.zeros(input.shape), np.zeros(weight.shape)
    grad_bias = np.zeros(len(weight))
    for n, o, y, x in np.ndindex(*grad_output.shape):
        upstream = grad_output[n, o, y, x]
        grad_bias[o] += upstream
        for c, i, j in np.ndindex(*weight.shape[1:]):
            u, v = y * s_h + i - p_h, x * s_w + j - p_w
            if 0 <= u < H and 0 <= v < W:
                grad_weight[o, c, i, j] += upstream * input[n, c, u, v]
                grad_input[n, c, u, v] += upstream * weight[o, c, i, j]
    return grad_input, grad_weight, grad_bias


def backward_of_chapter_7(grad_output, input, weight, stride=1, padding=0):
    return (
        grad.conv2d_input(input.shape, weight, grad_output, stride, padding),
        grad.conv2d_weight(input, weight.shape, grad_output, stride, padding),
        grad.conv2d_bias(grad_output),
    )


def backward_by_matrices(grad_output, input, weight, stride=1, padding=0):
    """As chapter 6 would: but with columns of its own making, for unfold and fold are not allowed."""
    (s_h, s_w), (p_h, p_w) = pair(stride), pair(padding)
    (C_out, C_in, kh, kw), (N, _, H_out, W_out) = weight.shape, grad_output.shape
    padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    windows = sliding_window_view(padded, (kh, kw), (2, 3))[:, :, ::s_h, ::s_w]
    rows = grad_output.reshape(N, C_out, -1)
    columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(N, C_in * kh * kw, -1)
    grad_columns = (weight.reshape(C_out, -1).T @ rows).reshape(N, C_in, kh, kw, H_out, W_out)
    grad_padded = np.zeros_like(padded)
    for i, j in np.ndindex(kh, kw):
        grad_padded[:, :, i : i + s_h * H_out : s_h, j : j + s_w * W_out : s_w] += grad_columns[:, :, i, j]
    (H, W), grad_weight = input.shape[2:], (rows @ columns.swapaxes(1, 2)).sum(0).reshape(weight.shape)
    return [grad_padded[:, :, p_h : p_h + H, p_w : p_w + W], grad_weight, rows.sum((0, 2))]


def step_with_functions_of_convlab(params, images, labels, lr):
    inputs = [images]
    for layer, (weight, bias) in enumerate(params):
        scores = functional.conv2d(inputs[-1], weight, bias, STRIDES[layer], PADDINGS[layer])
        inputs.append(np.maximum(scores, 0))
    shifted = scores[:, :, 0, 0] - scores[:, :, 0, 0].max(axis=1)[:, None]
    rows = range(len(labels))
    loss = np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[rows, labels])
    one_hot = np.eye(scores.shape[1])[labels]
    gradient = (np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True) - one_hot) / len(labels)
    gradient, new = gradient[:, :, None, None], []
    for layer, (weight, bias) in reversed(list(enumerate(params))):
        gradient, of_weight, of_bias = grad.conv2d_backward(
            gradient, inputs[layer], weight, STRIDES[layer], PADDINGS[layer]
        )
        gradient = np.where(inputs[layer] > 0, gradient, 0)
        new = [[weight - lr * of_weight, bias - lr * of_bias], *new]
    return new, loss


class Layer:
    """As the chapter's own, but that it updates itself."""

    def __init__(self, weight, bias, stride, padding):
        self.weight, self.bias, self.at = weight.copy(), bias.copy(), (padding, stride)

    def forward(self, x):
        self.x, kernel_size = x, self.weight.shape[2:]
        self.columns = functional.unfold(x, kernel_size, 1, *self.at)
        size = functional.output_size(x.shape[2:], kernel_size, self.at[1], self.at[0])
        rows = self.weight.reshape(len(self.weight), -1)
        return (rows @ self.columns + self.bias[:, None]).reshape(len(x), -1, *size)

    def backward(self, g, lr):
        rows = g.reshape(*g.shape[:2], -1)
        grad_columns = self.weight.reshape(len(self.weight), -1).T @ rows
        self.weight -= lr * (rows @ self.columns.swapaxes(1, 2)).sum(0).reshape(self.weight.shape)
        self.bias -= lr * rows.sum((0, 2))
        return functional.fold(grad_columns, self.x.shape[2:], self.weight.shape[2:], 1, *self.at)


def step_with_layers(params, images, labels, lr):
    layers = [Layer(*pair, s, p) for pair, s, p in zip(params, STRIDES, PADDINGS, strict=True)]
    x = images
    for layer in layers[:-1]:
        x = layer.forward(x).clip(0)
    x = layers[-1].forward(x).squeeze((2, 3))
    log_probabilities = x - np.logaddexp.reduce(x, axis=1, keepdims=True)
    g = np.exp(log_probabilities)
    loss = -log_probabilities[np.arange(len(x)), labels].sum() / len(x)
    np.subtract.at(g, (np.arange(len(x)), labels), 1)
    g = (g / len(x))[..., None, None]
    for layer in layers[::-1]:
        g = layer.backward(g, lr) * (layer.x > 0)
    return tuple((layer.weight, layer.bias) for layer in layers), np.float64(loss)


STYLES = [
    (conv2d_backward, backward_by_loops),
    (conv2d_backward, backward_of_chapter_7),
    (conv2d_backward, backward_by_matrices),
    (train_step, step_with_functions_of_convlab),
    (train_step, step_with_layers),
]


@pytest.mark.parametrize(("exercise", "function"), STYLES, ids=lambda one: getattr(one, "__name__", None))
def test_right_code_passes_in_any_style(exercise, function):
    for seed in SEEDS:
        assert examine(function, exercise, seed).message.startswith(f"{exercise.name}: all ")


@pytest.mark.parametrize("name", ["unfold", "fold"])
def test_the_matrices_that_the_chapter_shows_are_refused_where_they_are_asked_for(name):
    def conv2d_backward(grad_output, input, weight, stride=1, padding=0):
        if name == "fold":
            functional.fold(np.ones((1, 2, 2)), (1, 3), (1, 2))
        return functional.unfold(input, weight.shape[2:])

    message = examine(conv2d_backward, EXERCISES[0], 0).message
    assert f"convlab.functional.{name} is refused here" in message


# ---------------------------------------------------------------- what is told


def test_changed_parameters_are_told_of():
    def in_the_arrays(params, images, labels, lr):
        updated, loss = step_with_functions_of_convlab(params, images, labels, lr)
        for (weight, bias), (new_weight, new_bias) in zip(params, updated, strict=True):
            weight[...], bias[...] = new_weight, new_bias
        return params, loss

    def in_the_list(params, images, labels, lr):
        params[:], loss = step_with_functions_of_convlab(params, images, labels, lr)
        return params, loss

    for function in (in_the_arrays, in_the_list):
        message = examine(function, train_step, 0).message
        assert "it changed its argument `params` in place: make new arrays" in message


def test_wrong_parameters_are_told_of_by_their_place():
    def third_bias_wrong(params, images, labels, lr):
        updated, loss = step_with_functions_of_convlab(params, images, labels, lr)
        return [*updated[:2], (updated[2][0], updated[2][1] + 3)], loss

    report = examine(third_bias_wrong, train_step, 0)
    assert "params[2][1][0]: got " in report.message
    assert len(report.message.splitlines()) <= 6
    assert report.call.startswith("train_step(params [((")
    names = {"np": np, "train_step": lambda *arguments: arguments}
    params, images, labels, lr = eval(report.reproduce, names)
    assert oracle.expected(train_step, Sample((params, images, labels, lr)))[1] > 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "return 2 results: params, loss"),
        ([1.0], "the result is 1 result; return 2 results: params, loss"),
        (([], 1.0), "params is 0 items; it must hold 3"),
        (([1, 2, 3], 1.0), "params[0] is a int; it must hold 2"),
    ],
)
def test_answers_of_another_form_are_told_of(answer, said):
    assert said in examine(lambda params, images, labels, lr: answer, train_step, 0).message


# ---------------------------------------------------------------- oracles, samples and mistakes


@pytest.mark.parametrize("seed", range(3))
def test_what_the_mistakes_are_made_of_is_right_without_one(seed):
    for sample in conv2d_backward.draw(seed):
        layout = layout_of(*sample.args[3:], **sample.kwargs)
        for got, right in zip(
            all_three(*sample.args[:3], layout), oracle.expected(conv2d_backward, sample), strict=True
        ):
            assert np.array_equal(got, right)
    for sample in train_step.draw(seed):
        params, loss = step(*sample.args)
        right, right_loss = oracle.expected(train_step, sample)
        assert np.isclose(loss, right_loss)
        for one, other in zip(params, right, strict=True):
            assert all(np.allclose(a, b) for a, b in zip(one, other, strict=True))


def test_the_gradient_of_the_loss_is_what_central_differences_measure():
    sample = train_step.draw(0)[3]
    params, images, labels, _ = sample.args
    updated, _ = step(params, images, labels, 1.0)
    for layer in range(3):
        for which in (0, 1):

            def loss(array, layer=layer, which=which):
                moved = [list(pair) for pair in params]
                moved[layer][which] = array
                return np.array([step([tuple(pair) for pair in moved], images, labels, 0.0)[1]])

            measured = grad.numerical_gradient(loss, params[layer][which].copy(), np.ones(1))
            assert np.allclose(measured, params[layer][which] - updated[layer][which], atol=1e-6)


def multiply_adds(exercise, sample):
    """Of the plainest way, forward and backward."""
    if exercise is conv2d_backward:
        grad_output, _, weight = sample.args[:3]
        return 2 * grad_output.size * weight[0].size
    params, images = sample.args[:2]
    return sum(3 * output.size * weight[0].size for _, weight, output in forward(params, images))


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
    samples = [(*sample.args[:3], sample) for sample in conv2d_backward.draw(0)]
    layouts = [layout_of(*sample.args[3:], **sample.kwargs) for *_, sample in samples]
    for pairs in zip(*((layout.stride, layout.padding) for layout in layouts), strict=True):
        assert any(rows != columns for rows, columns in pairs)
    assert all(x.shape[2] != x.shape[3] or w.shape[2] != w.shape[3] for _, x, w, _ in samples)
    assert any(len({len(x), x.shape[1], len(w)}) == 3 for _, x, w, _ in samples)
    assert any(x.shape[1] == len(w) > 1 for _, x, w, _ in samples)
    assert any(x.shape[2:] == w.shape[2:] != (1, 1) for _, x, w, _ in samples)
    tails = {
        ((n + 2 * p - k) % s, p > 0)
        for (_, x, w, _), layout in zip(samples, layouts, strict=True)
        for n, k, s, p in zip(x.shape[2:], w.shape[2:], layout.stride, layout.padding, strict=True)
        if s > 1
    }
    assert tails >= {(0, False), (1, False), (2, False), (0, True), (1, True)}
    assert all(g.size == 1 or not np.all(g == 1) for g, *_ in samples)


def test_samples_of_the_step_meet_what_breaks_it():
    for seed in SEEDS:
        samples = train_step.draw(seed)
        for sample in samples:
            params, images, labels, lr = sample.args
            hidden = [output for *_, output in forward(params, images)][:-1]
            assert all(np.all(output != 0) and np.any(output > 0) for output in hidden)
            assert 0 < lr != 1
            assert labels.max() < len(params[2][0])
        shapes = [sample.args[1].shape for sample in samples]
        assert any(H != W for _, _, H, W in shapes)
        assert {len(images) for images, *_ in (sample.args[1:] for sample in samples)} == {1, 2, 3, 4}
        assert any(C > 1 for _, C, _, _ in shapes)
