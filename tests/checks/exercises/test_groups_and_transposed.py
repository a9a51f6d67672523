"""Chapter 9: its oracles say what the definitions say, its samples meet what they should, and right code passes."""

import contextlib

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from convlab import functional, grad
from convlab.checks import Sample, oracle
from convlab.checks.diagnosis import wrong_tap
from convlab.checks.exercises._channel_groups import for_every_group, whole
from convlab.checks.exercises._grouped import Grouped, conv2d_grouped, correlate
from convlab.checks.exercises._transposed import Transposed, conv_transpose2d, stamp
from convlab.checks.exercises.groups_and_transposed import EXERCISES
from convlab.checks.guard import guarded
from convlab.checks.play import play
from convlab.checks.reports import examine

SEEDS = range(5)


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def with_bias(output, bias):
    return output if bias is None else output + bias.reshape(-1, 1, 1)


# ---------------------------------------------------------------- right code in many styles


def grouped_by_loops(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = pair(stride), pair(padding), pair(dilation)
    (N, _, H, W), (C_out, C, kh, kw) = input.shape, weight.shape
    H_out = (H + 2 * p_h - d_h * (kh - 1) - 1) // s_h + 1
    W_out = (W + 2 * p_w - d_w * (kw - 1) - 1) // s_w + 1
    output = np.zeros((N, C_out, H_out, W_out))
    for n, o, y, x in np.ndindex(*output.shape):
        g = o * groups // C_out
        for c, i, j in np.ndindex(C, kh, kw):
            row, column = y * s_h + i * d_h - p_h, x * s_w + j * d_w - p_w
            if 0 <= row < H and 0 <= column < W:
                output[n, o, y, x] += input[n, g * C + c, row, column] * weight[o, c, i, j]
        if bias is not None:
            output[n, o, y, x] += bias[o]
    return output


def grouped_side_by_side(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    images, filters = np.split(input, groups, axis=1), np.split(weight, groups)
    biases = [None] * groups if bias is None else np.split(bias, groups)
    parts = zip(images, filters, biases, strict=True)
    return np.concatenate(
        [functional.conv2d(x, w, b, stride, padding, dilation) for x, w, b in parts], axis=1
    )


def grouped_with_the_zeros(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """A block-diagonal weight for the operator that knows no groups."""
    C_out, C, kh, kw = weight.shape
    blocks = np.zeros((C_out, C * groups, kh, kw))
    for o in range(C_out):
        g = o // (C_out // groups)
        blocks[o, g * C : (g + 1) * C] = weight[o]
    return functional.conv2d(input, blocks, bias, stride, padding, dilation)


def grouped_by_einsum_over_windows(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = pair(stride), pair(padding), pair(dilation)
    C_out, C, kh, kw = weight.shape
    padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    images = padded.reshape(len(input), groups, C, *padded.shape[2:])
    spans = d_h * (kh - 1) + 1, d_w * (kw - 1) + 1
    windows = sliding_window_view(images, spans, axis=(3, 4))[..., ::s_h, ::s_w, ::d_h, ::d_w]
    output = np.einsum("ngcyxij,gocij->ngoyx", windows, weight.reshape(groups, -1, C, kh, kw))
    return with_bias(output.reshape(len(input), C_out, *output.shape[3:]), bias)


def grouped_by_columns(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    columns = functional.unfold(input, weight.shape[2:], dilation, padding, stride)
    columns = columns.reshape(len(input), groups, -1, columns.shape[-1])
    output = weight.reshape(groups, len(weight) // groups, -1) @ columns
    sizes = zip(input.shape[2:], weight.shape[2:], pair(stride), pair(padding), pair(dilation), strict=True)
    places = [functional.output_size(*size) for size in sizes]
    return with_bias(output.reshape(len(input), len(weight), *places), bias)


def transposed_by_loops(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = pair(stride), pair(padding), pair(dilation)
    (N, C_in, H, W), (_, D, kh, kw), (e_h, e_w) = input.shape, weight.shape, pair(output_padding)
    H_out = (H - 1) * s_h + d_h * (kh - 1) + 1 - 2 * p_h + e_h
    W_out = (W - 1) * s_w + d_w * (kw - 1) + 1 - 2 * p_w + e_w
    output = np.zeros((N, D * groups, H_out, W_out))
    if bias is not None:
        output += bias[None, :, None, None]
    for n, c, y, x in np.ndindex(*input.shape):
        for o, i, j in np.ndindex(D, kh, kw):
            row, column = y * s_h + i * d_h - p_h, x * s_w + j * d_w - p_w
            if 0 <= row < H_out and 0 <= column < W_out:
                g = c // (C_in // groups)
                output[n, g * D + o, row, column] += input[n, c, y, x] * weight[c, o, i, j]
    return output


def transposed_stamp_by_stamp(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = pair(stride), pair(padding), pair(dilation)
    (N, _, H, W), (_, D, kh, kw), (e_h, e_w) = input.shape, weight.shape, pair(output_padding)
    h, w = d_h * (kh - 1) + 1, d_w * (kw - 1) + 1
    parts = []
    for images, kernels in zip(np.split(input, groups, axis=1), np.split(weight, groups), strict=True):
        part = np.zeros((N, D, (H - 1) * s_h + h + e_h, (W - 1) * s_w + w + e_w))
        for y, x in np.ndindex(H, W):
            down, across = slice(y * s_h, y * s_h + h, d_h), slice(x * s_w, x * s_w + w, d_w)
            part[:, :, down, across] += np.tensordot(images[:, :, y, x], kernels, 1)
        parts.append(part)
    stamped = np.concatenate(parts, axis=1)
    return with_bias(stamped[:, :, p_h : stamped.shape[2] - p_h, p_w : stamped.shape[3] - p_w], bias)


def transposed_collected(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    """A full correlation of the spread input with the flipped and swapped kernels."""
    (p_h, p_w), (e_h, e_w) = pair(padding), pair(output_padding)
    C_in, D, *taps = weight.shape
    spread = functional.pad(functional.dilate(input, stride), ((0, e_h), (0, e_w)))
    swapped = weight.reshape(groups, C_in // groups, D, *taps).swapaxes(1, 2)
    kernels = functional.flip(swapped.reshape(groups * D, C_in // groups, *taps))
    full = functional.conv2d(spread, kernels, bias, 1, "full", dilation, groups)
    return full[:, :, p_h : full.shape[2] - p_h, p_w : full.shape[3] - p_w]


def sizes_of(input, weight, stride, padding, output_padding, dilation):
    options = zip(*map(pair, (stride, padding, output_padding, dilation)), strict=True)
    sizes = zip(input.shape[2:], weight.shape[2:], options, strict=True)
    return tuple((n - 1) * s + d * (k - 1) + 1 - 2 * p + e for n, k, (s, p, e, d) in sizes)


def transposed_by_fold(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """GEMM and col2im."""
    N, C_in, H, W = input.shape
    images = input.reshape(N, groups, C_in // groups, H * W)
    kernels = weight.reshape(groups, C_in // groups, -1)
    columns = (kernels.swapaxes(1, 2) @ images).reshape(N, -1, H * W)
    size = sizes_of(input, weight, stride, padding, output_padding, dilation)
    return with_bias(functional.fold(columns, size, weight.shape[2:], dilation, padding, stride), bias)


def transposed_as_a_gradient(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    """Chapter 7's function, group by group."""
    size = sizes_of(input, weight, stride, padding, output_padding, dilation)
    parts = []
    for images, kernels in zip(np.split(input, groups, axis=1), np.split(weight, groups), strict=True):
        shape = (len(input), weight.shape[1], *size)
        parts.append(grad.conv2d_input(shape, kernels, images, stride, padding, dilation))
    return with_bias(np.concatenate(parts, axis=1), bias)


STYLES = [
    (conv2d_grouped, grouped_by_loops),
    (conv2d_grouped, grouped_side_by_side),
    (conv2d_grouped, grouped_with_the_zeros),
    (conv2d_grouped, grouped_by_einsum_over_windows),
    (conv2d_grouped, grouped_by_columns),
    (conv_transpose2d, transposed_by_loops),
    (conv_transpose2d, transposed_stamp_by_stamp),
    (conv_transpose2d, transposed_collected),
    (conv_transpose2d, transposed_by_fold),
    (conv_transpose2d, transposed_as_a_gradient),
]


@pytest.mark.parametrize(("exercise", "function"), STYLES, ids=lambda one: getattr(one, "__name__", None))
def test_right_code_passes_in_any_style(exercise, function):
    for seed in SEEDS:
        assert examine(function, exercise, seed).message.startswith(f"{exercise.name}: all ")


# ---------------------------------------------------------------- what may be called


def refusal(exercise, function, *arguments):
    with guarded(function, exercise, arguments) as guard, contextlib.suppress(Exception):
        function(*arguments)
    return guard.refusal


IMAGES, FILTERS = np.ones((1, 2, 2, 3)), np.ones((2, 1, 1, 2))


def test_the_finished_operator_may_be_called_without_its_groups_only():
    def one_group():
        return functional.conv2d(IMAGES[:, :1], FILTERS)

    def two_groups():
        return functional.conv2d(IMAGES, FILTERS, groups=2)

    def by_position():
        return functional.conv2d(IMAGES, FILTERS, None, 1, 0, 1, 2)

    assert refusal(conv2d_grouped, one_group) is None
    for function in (two_groups, by_position):
        assert "convlab.functional.conv2d with groups=2 is refused here" in refusal(conv2d_grouped, function)
        assert refusal(conv_transpose2d, function) is None


def test_chapter_7s_gradient_may_be_called_without_its_groups_only():
    upstream = np.ones((1, 2, 2, 2))

    def one_group():
        return grad.conv2d_input((1, 1, 2, 3), FILTERS, upstream)

    def two_groups():
        return grad.conv2d_input((1, 2, 2, 3), FILTERS, upstream, groups=2)

    assert refusal(conv_transpose2d, one_group) is None
    assert "convlab.grad.conv2d_input with groups=2" in refusal(conv_transpose2d, two_groups)
    assert "convlab.grad.conv2d_input is refused" in refusal(conv2d_grouped, one_group)


# ---------------------------------------------------------------- oracles, samples and mistakes


def test_a_grouped_weight_is_a_whole_one_with_zeros_elsewhere():
    weight = np.arange(1, 13).reshape(6, 2, 1, 1)
    assert np.array_equal(
        whole(weight, 2)[:, :, 0, 0],
        [[1, 2, 0, 0], [3, 4, 0, 0], [5, 6, 0, 0], [0, 0, 7, 8], [0, 0, 9, 10], [0, 0, 11, 12]],
    )
    assert for_every_group(weight, 2).shape == (6, 4, 1, 1)


def test_the_oracles_are_adjoint_to_each_other():
    rng = np.random.default_rng(0)
    weight, upstream = rng.normal(size=(4, 3, 2, 3)), rng.normal(size=(2, 4, 4, 4))
    given = {"stride": (2, 3), "padding": (1, 2), "dilation": (3, 1), "groups": 2}
    input = rng.normal(size=(2, 6, 9, 8))
    forward = oracle.expected(conv2d_grouped, Sample((input, weight), given))
    back = oracle.expected(conv_transpose2d, Sample((upstream, weight), {**given, "output_padding": (1, 0)}))
    assert forward.shape == upstream.shape
    assert np.isclose(np.sum(forward * upstream), np.sum(input * back))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("exercise", "plain"),
    [
        (conv2d_grouped, lambda *args, **kwargs: correlate(Grouped(*args, **kwargs))),
        (conv_transpose2d, lambda *args, **kwargs: stamp(Transposed(*args, **kwargs))),
    ],
    ids=["conv2d_grouped", "conv_transpose2d"],
)
def test_what_the_mistakes_are_made_of_is_right_without_one(exercise, plain, seed):
    for sample in exercise.draw(seed):
        assert np.array_equal(plain(*sample.args, **sample.kwargs), oracle.expected(exercise, sample))


def test_a_tap_that_adds_too_much_is_not_said_to_meet_padding_that_takes_away():
    # With padding, zeros stand around the input of a convolution, but not around that of a transposed one.
    sample = Sample((np.array([[[[1.0, 2.0]]]]), np.array([[[[1.0, 2.0]]]])), {"padding": (0, 1)})

    def everything(call):
        input, weight = call.args
        return np.full((1, 1, 1, 1), input.sum() * weight.sum())

    found = wrong_tap(
        conv_transpose2d,
        sample,
        (0, 0, 0, 0),
        lambda call: oracle.expected(conv_transpose2d, call),
        everything,
    )
    assert "padding" not in found.sentence
    assert found.sentence.startswith("input[0, 0, 0, 0] should meet weight[0, 0, 0, 1] there; yours meets")


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_all_samples_together_need_few_multiply_adds(exercise):
    for seed in SEEDS:
        needed = 0
        for sample in exercise.draw(seed):
            input, weight = sample.args[:2]
            entries = input if exercise is conv_transpose2d else oracle.expected(exercise, sample)
            needed += entries.size * weight[0].size
        assert needed <= 15_000


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_no_mistake_raises_on_any_sample(exercise):
    for sample in exercise.draw(0):
        for mistake in exercise.mistakes:
            assert play(mistake.function, exercise, sample, seconds=5).failure is None


def test_samples_meet_groups_of_every_kind():
    calls = [Grouped(*sample.args, **sample.kwargs) for sample in conv2d_grouped.draw(0)]
    kinds = {(call.weight.shape[1], call.mine) for call in calls if call.groups > 1}  # channels and filters
    assert kinds >= {(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 2)}
    assert all(call.input.shape[2] != call.input.shape[3] or call.input.shape[2] == 1 for call in calls)
    transposed = [Transposed(*sample.args, **sample.kwargs) for sample in conv_transpose2d.draw(0)]
    kinds = {
        (len(call.weight) // call.groups, call.weight.shape[1]) for call in transposed if call.groups > 1
    }
    assert kinds >= {(1, 1), (1, 2), (2, 1), (2, 2), (2, 3)}


def test_samples_of_the_transposed_convolution_meet_what_breaks_it():
    calls = [Transposed(*sample.args, **sample.kwargs) for sample in conv_transpose2d.draw(0)]
    axes = {
        (s, k, p, e, d)
        for call in calls
        for k, s, p, d, e in zip(
            call.weight.shape[2:], *call.layout[:3], pair(call.output_padding), strict=True
        )
    }
    assert all(e < s for s, _, _, e, _ in axes)
    assert {e for _, _, _, e, _ in axes} == {0, 1, 2}
    assert any(0 < e < p for _, _, p, e, _ in axes)
    assert any(0 < p < e for _, _, p, e, _ in axes)
    assert {k % s == 0 for s, k, _, _, _ in axes if s > 1} == {True, False}
    assert {np.sign(k - s) for s, k, _, _, d in axes if s > 1 and d == 1} == {-1, 0, 1}
    for options in zip(*((call.layout.stride, call.layout.padding, call.layout.dilation) for call in calls)):
        assert any(rows != columns for rows, columns in options)
