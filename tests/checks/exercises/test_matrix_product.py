"""Chapter 6: its oracles say what the definitions say, its samples meet what they should, and right code passes."""

from itertools import product

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from convlab.checks import Sample, oracle
from convlab.checks.exercises._columns import col2im, fold, im2col, unfold
from convlab.checks.exercises._conv_matrix import conv_matrix, matrix
from convlab.checks.exercises._layouts import layout_of
from convlab.checks.exercises._windows import windows
from convlab.checks.exercises.matrix_product import EXERCISES
from convlab.checks.play import play
from convlab.checks.reports import examine


def pair(value):
    """The styles' own: what convlab has is refused while a check runs."""
    return (value, value) if isinstance(value, int) else value


SEEDS = range(5)


def options(stride=1, padding=0, dilation=1):
    return *pair(stride), *pair(padding), *pair(dilation)


def places(H, W, kh, kw, s_h, s_w, p_h, p_w, d_h, d_w):
    return (H + 2 * p_h - d_h * (kh - 1) - 1) // s_h + 1, (W + 2 * p_w - d_w * (kw - 1) - 1) // s_w + 1


# ---------------------------------------------------------------- right code in many styles


def windows_by_loops(input, kernel_size, stride=1, dilation=1):
    (kh, kw), (s_h, s_w, p_h, p_w, d_h, d_w) = pair(kernel_size), options(stride, 0, dilation)
    N, C, H, W = input.shape
    H_out, W_out = places(H, W, kh, kw, s_h, s_w, p_h, p_w, d_h, d_w)
    result = np.empty((N, C, H_out, W_out, kh, kw))
    for n, c, y, x, i, j in np.ndindex(*result.shape):
        result[n, c, y, x, i, j] = input[n, c, y * s_h + i * d_h, x * s_w + j * d_w]
    return result


def windows_by_sliding_window_view(input, kernel_size, stride=1, dilation=1):
    (kh, kw), (s_h, s_w, _, _, d_h, d_w) = pair(kernel_size), options(stride, 0, dilation)
    view = sliding_window_view(input, (d_h * (kh - 1) + 1, d_w * (kw - 1) + 1), (2, 3))
    return view[:, :, ::s_h, ::s_w, ::d_h, ::d_w]


def windows_by_two_views(input, kernel_size, stride=1, dilation=1):
    """One axis after the other; the result may be written to."""
    for axis, k, s, d in zip((2, 3), pair(kernel_size), pair(stride), pair(dilation), strict=True):
        count = (input.shape[axis] - d * (k - 1) - 1) // s + 1
        shape = (*input.shape[:axis], count, *input.shape[axis + 1 :], k)
        step = input.strides[axis]
        strides = (*input.strides[:axis], step * s, *input.strides[axis + 1 :], step * d)
        input = as_strided(input, shape, strides)
    return input


def windows_of_a_contiguous_copy(input, kernel_size, stride=1, dilation=1):
    """Strides from the shape are right if the memory has been put in order first."""
    input = np.ascontiguousarray(input)
    (kh, kw), (s_h, s_w, p_h, p_w, d_h, d_w) = pair(kernel_size), options(stride, 0, dilation)
    N, C, H, W = input.shape
    b = input.itemsize
    shape = (N, C, *places(H, W, kh, kw, s_h, s_w, p_h, p_w, d_h, d_w), kh, kw)
    return as_strided(input, shape, (b * C * H * W, b * H * W, b * W * s_h, b * s_w, b * W * d_h, b * d_w))


def windows_by_index_arrays(input, kernel_size, stride=1, dilation=1):
    (kh, kw), (s_h, s_w, p_h, p_w, d_h, d_w) = pair(kernel_size), options(stride, 0, dilation)
    H_out, W_out = places(*input.shape[2:], kh, kw, s_h, s_w, p_h, p_w, d_h, d_w)
    rows = np.arange(H_out)[:, None] * s_h + np.arange(kh) * d_h
    columns = np.arange(W_out)[:, None] * s_w + np.arange(kw) * d_w
    return input[:, :, rows[:, None, :, None], columns[None, :, None, :]]


def windows_by_stacking(input, kernel_size, stride=1, dilation=1):
    (kh, kw), (s_h, s_w, p_h, p_w, d_h, d_w) = pair(kernel_size), options(stride, 0, dilation)
    H_out, W_out = places(*input.shape[2:], kh, kw, s_h, s_w, p_h, p_w, d_h, d_w)
    rows = [
        np.stack([input[:, :, i * d_h :: s_h, j * d_w :: s_w][:, :, :H_out, :W_out] for j in range(kw)], -1)
        for i in range(kh)
    ]
    return np.stack(rows, axis=-2)


def im2col_by_loops(input, kernel_size, dilation=1, padding=0, stride=1):
    (kh, kw), (s_h, s_w, p_h, p_w, d_h, d_w) = pair(kernel_size), options(stride, padding, dilation)
    N, C, H, W = input.shape
    H_out, W_out = places(H, W, kh, kw, s_h, s_w, p_h, p_w, d_h, d_w)
    result = np.zeros((N, C * kh * kw, H_out * W_out))
    for n, c, i, j, y, x in np.ndindex(N, C, kh, kw, H_out, W_out):
        row, column = y * s_h + i * d_h - p_h, x * s_w + j * d_w - p_w
        if 0 <= row < H and 0 <= column < W:
            result[n, (c * kh + i) * kw + j, y * W_out + x] = input[n, c, row, column]
    return result


def im2col_window_by_window(input, kernel_size, dilation=1, padding=0, stride=1):
    (kh, kw), (s_h, s_w, p_h, p_w, d_h, d_w) = pair(kernel_size), options(stride, padding, dilation)
    padded = np.zeros((*input.shape[:2], input.shape[2] + 2 * p_h, input.shape[3] + 2 * p_w), input.dtype)
    padded[:, :, p_h : padded.shape[2] - p_h, p_w : padded.shape[3] - p_w] = input
    columns = [
        padded[:, :, y : y + d_h * (kh - 1) + 1 : d_h, x : x + d_w * (kw - 1) + 1 : d_w].reshape(
            len(input), -1
        )
        for y in range(0, padded.shape[2] - d_h * (kh - 1), s_h)
        for x in range(0, padded.shape[3] - d_w * (kw - 1), s_w)
    ]
    return np.stack(columns, axis=2)


def im2col_tap_by_tap(input, kernel_size, dilation=1, padding=0, stride=1):
    (kh, kw), (s_h, s_w, p_h, p_w, d_h, d_w) = pair(kernel_size), options(stride, padding, dilation)
    padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    (N, C, H, W), (H_out, W_out) = (
        padded.shape,
        places(*input.shape[2:], kh, kw, s_h, s_w, p_h, p_w, d_h, d_w),
    )
    taps = [
        padded[:, :, i * d_h : H : s_h, j * d_w : W : s_w][:, :, :H_out, :W_out]
        for i, j in product(range(kh), range(kw))
    ]
    return np.stack(taps, axis=2).reshape(N, C * kh * kw, H_out * W_out)


def im2col_by_einsum_over_windows(input, kernel_size, dilation=1, padding=0, stride=1):
    p_h, p_w = pair(padding)
    padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    view = windows_by_sliding_window_view(padded, kernel_size, stride, dilation)
    N, C, *_, kh, kw = view.shape
    return np.einsum("ncyxij->ncijyx", view).reshape(N, C * kh * kw, -1)


def im2col_by_flat_indices(input, kernel_size, dilation=1, padding=0, stride=1):
    p_h, p_w = pair(padding)
    padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    numbers = np.arange(padded[0].size).reshape(1, *padded.shape[1:])
    where = im2col_tap_by_tap(numbers, kernel_size, dilation, 0, stride)[0]
    return padded.reshape(len(padded), -1)[:, where]


def im2col_image_by_image(input, kernel_size, dilation=1, padding=0, stride=1):
    return np.concatenate(
        [im2col_tap_by_tap(one[None], kernel_size, dilation, padding, stride) for one in input]
    )


def col2im_by_loops(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    (kh, kw), (s_h, s_w, p_h, p_w, d_h, d_w) = pair(kernel_size), options(stride, padding, dilation)
    H, W = output_size
    H_out, W_out = places(H, W, kh, kw, s_h, s_w, p_h, p_w, d_h, d_w)
    N, C = len(input), input.shape[1] // (kh * kw)
    image = np.zeros((N, C, H, W))
    for n, c, i, j, y, x in np.ndindex(N, C, kh, kw, H_out, W_out):
        row, column = y * s_h + i * d_h - p_h, x * s_w + j * d_w - p_w
        if 0 <= row < H and 0 <= column < W:
            image[n, c, row, column] += input[n, (c * kh + i) * kw + j, y * W_out + x]
    return image


def col2im_by_add_at(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    (kh, kw), (s_h, s_w, p_h, p_w, d_h, d_w) = pair(kernel_size), options(stride, padding, dilation)
    H, W = output_size
    H_out, W_out = places(H, W, kh, kw, s_h, s_w, p_h, p_w, d_h, d_w)
    i, j, y, x = np.indices((kh, kw, H_out, W_out)).reshape(4, -1)
    padded = np.zeros((len(input), input.shape[1] // (kh * kw), H + 2 * p_h, W + 2 * p_w), input.dtype)
    values = input.reshape(*padded.shape[:2], -1)
    np.add.at(padded, (slice(None), slice(None), y * s_h + i * d_h, x * s_w + j * d_w), values)
    return padded[:, :, p_h : H + p_h, p_w : W + p_w]


def col2im_by_bincount(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    (kh, kw), (s_h, s_w, p_h, p_w, d_h, d_w) = pair(kernel_size), options(stride, padding, dilation)
    H, W = output_size[0] + 2 * p_h, output_size[1] + 2 * p_w
    H_out, W_out = places(H, W, kh, kw, s_h, s_w, 0, 0, d_h, d_w)
    i, j, y, x = np.indices((kh, kw, H_out, W_out)).reshape(4, -1)
    flat = (y * s_h + i * d_h) * W + x * s_w + j * d_w
    rows = input.reshape(-1, kh * kw * H_out * W_out)
    image = np.array([np.bincount(flat, row, H * W) for row in rows]).reshape(len(input), -1, H, W)
    return image[:, :, p_h : H - p_h, p_w : W - p_w]


def col2im_window_by_window(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    (kh, kw), (s_h, s_w, p_h, p_w, d_h, d_w) = pair(kernel_size), options(stride, padding, dilation)
    H, W = output_size[0] + 2 * p_h, output_size[1] + 2 * p_w
    padded = np.zeros((len(input), input.shape[1] // (kh * kw), H, W))
    span_h, span_w = d_h * (kh - 1) + 1, d_w * (kw - 1) + 1
    starts = product(range(0, H - span_h + 1, s_h), range(0, W - span_w + 1, s_w))
    for column, (y, x) in enumerate(starts):
        window = input[:, :, column].reshape(*padded.shape[:2], kh, kw)
        padded[:, :, y : y + span_h : d_h, x : x + span_w : d_w] += window
    return padded[:, :, p_h : H - p_h, p_w : W - p_w]


def col2im_as_adjoint(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """The transpose of im2col, found from the images of single pixels."""
    H, W = output_size
    pixels = np.eye(H * W).reshape(H * W, 1, H, W)
    table = im2col_tap_by_tap(pixels, kernel_size, dilation, padding, stride)
    kh, kw = pair(kernel_size)
    columns = input.reshape(len(input), -1, kh * kw, input.shape[2])
    return np.einsum("pkl,nckl->ncp", table, columns).reshape(*columns.shape[:2], H, W)


def matrix_by_all_entries(weight, input_size, stride=1, padding=0, dilation=1):
    """Asks of every entry which tap belongs there."""
    C_out, C_in, kh, kw = weight.shape
    s_h, s_w, p_h, p_w, d_h, d_w = options(stride, padding, dilation)
    H, W = input_size
    H_out, W_out = places(H, W, kh, kw, s_h, s_w, p_h, p_w, d_h, d_w)
    result = np.zeros((C_out * H_out * W_out, C_in * H * W))
    entries = np.ndindex(C_out, H_out, W_out), np.ndindex(C_in, H, W)
    for (r, (o, y, x)), (q, (c, row, column)) in product(*map(list, map(enumerate, entries))):
        i, down = divmod(row - y * s_h + p_h, d_h)
        j, across = divmod(column - x * s_w + p_w, d_w)
        if down == across == 0 and 0 <= i < kh and 0 <= j < kw:
            result[r, q] = weight[o, c, i, j]
    return result


def matrix_by_images_of_one_pixel(weight, input_size, stride=1, padding=0, dilation=1):
    from convlab.functional import conv2d

    C_in, (H, W) = weight.shape[1], input_size
    pixels = np.eye(C_in * H * W).reshape(-1, C_in, H, W)
    return conv2d(pixels, weight, None, stride, padding, dilation).reshape(len(pixels), -1).T


def matrix_by_columns(weight, input_size, stride=1, padding=0, dilation=1):
    """im2col of the numbers of the pixels says which column each tap belongs to; 0 is the padding."""
    C_out, C_in, kh, kw = weight.shape
    H, W = input_size
    numbers = np.arange(1, C_in * H * W + 1).reshape(1, C_in, H, W)
    where = im2col_tap_by_tap(numbers, (kh, kw), dilation, padding, stride)[0]
    result = np.zeros((C_out, where.shape[1], C_in * H * W + 1))
    for o in range(C_out):
        for at in range(where.shape[1]):
            result[o, at, where[:, at]] = weight[o].ravel()
    return result[:, :, 1:].reshape(-1, C_in * H * W)


def matrix_of_one_hot_products(weight, input_size, stride=1, padding=0, dilation=1):
    kh, kw = weight.shape[2:]
    H, W = input_size
    s_h, s_w, p_h, p_w, d_h, d_w = options(stride, padding, dilation)
    H_out, W_out = places(H, W, kh, kw, s_h, s_w, p_h, p_w, d_h, d_w)
    down = [
        np.eye(H_out * s_h + H, H + 2 * p_h, i * d_h)[: H_out * s_h : s_h, p_h : p_h + H] for i in range(kh)
    ]
    across = [
        np.eye(W_out * s_w + W, W + 2 * p_w, j * d_w)[: W_out * s_w : s_w, p_w : p_w + W] for j in range(kw)
    ]
    whole = np.einsum("ocij,iyr,jxs->oyxcrs", weight, down, across)
    return whole.reshape(whole.shape[0] * H_out * W_out, -1)


def matrix_by_fold(weight, input_size, stride=1, padding=0, dilation=1):
    """Each row is the image that one window's taps make, folded back."""
    kh, kw = weight.shape[2:]
    L = int(np.prod(places(*input_size, kh, kw, *options(stride, padding, dilation))))
    rows = []
    for kernel in weight:
        single = kernel.reshape(1, -1, 1) * np.eye(L)[:, None, :]
        rows.append(col2im_by_loops(single, input_size, (kh, kw), dilation, padding, stride).reshape(L, -1))
    return np.concatenate(rows)


STYLES = [
    (windows, windows_by_loops),
    (windows, windows_by_sliding_window_view),
    (windows, windows_by_two_views),
    (windows, windows_of_a_contiguous_copy),
    (windows, windows_by_index_arrays),
    (windows, windows_by_stacking),
    (im2col, im2col_by_loops),
    (im2col, im2col_window_by_window),
    (im2col, im2col_tap_by_tap),
    (im2col, im2col_by_einsum_over_windows),
    (im2col, im2col_by_flat_indices),
    (im2col, im2col_image_by_image),
    (col2im, col2im_by_loops),
    (col2im, col2im_by_add_at),
    (col2im, col2im_by_bincount),
    (col2im, col2im_window_by_window),
    (col2im, col2im_as_adjoint),
    (conv_matrix, matrix_by_all_entries),
    (conv_matrix, matrix_by_images_of_one_pixel),
    (conv_matrix, matrix_by_columns),
    (conv_matrix, matrix_of_one_hot_products),
    (conv_matrix, matrix_by_fold),
]


@pytest.mark.parametrize(("exercise", "function"), STYLES, ids=lambda one: getattr(one, "__name__", None))
def test_right_code_passes_in_any_style(exercise, function):
    for seed in SEEDS:
        assert examine(function, exercise, seed).message.startswith(f"{exercise.name}: all ")


# ---------------------------------------------------------------- oracles, samples and mistakes


def test_the_oracle_of_conv_matrix_times_an_image_is_torchs_conv2d():
    rng = np.random.default_rng(0)
    weight, image = rng.normal(size=(2, 3, 2, 3)), rng.normal(size=(1, 3, 5, 6))
    given = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}
    matrix = oracle.expected(conv_matrix, Sample((weight, (5, 6)), given))
    right = torch.nn.functional.conv2d(torch.tensor(image), torch.tensor(weight), **given)
    assert np.allclose((matrix @ image.ravel()).reshape(right.shape), right)


def test_the_oracles_of_im2col_and_windows_hold_the_same_numbers():
    image = np.random.default_rng(0).normal(size=(2, 3, 7, 8))
    given = {"stride": (2, 3), "dilation": (3, 1)}
    view = oracle.expected(windows, Sample((image, (2, 3)), given))
    columns = oracle.expected(im2col, Sample((image, (2, 3)), given))
    assert np.array_equal(view.transpose(0, 1, 4, 5, 2, 3).reshape(columns.shape), columns)


@pytest.mark.parametrize("seed", range(3))
def test_what_the_mistakes_are_made_of_is_right_without_one(seed):
    for sample in im2col.draw(seed):
        input, kernel_size, given = options_of(im2col, sample)
        assert np.array_equal(unfold(input, pair(kernel_size), given), oracle.expected(im2col, sample))
    for sample in col2im.draw(seed):
        input, size, kernel_size, given = options_of(col2im, sample)
        assert np.array_equal(fold(input, size, pair(kernel_size), given), oracle.expected(col2im, sample))
    for sample in conv_matrix.draw(seed):
        weight, size, given = options_of(conv_matrix, sample)
        assert np.array_equal(matrix(weight, size, given), oracle.expected(conv_matrix, sample))


def options_of(exercise, sample):
    given = dict(zip(exercise.parameters, sample.args, strict=False)) | dict(sample.kwargs)
    layout = layout_of(
        **{name: given.pop(name) for name in ("stride", "padding", "dilation") if name in given}
    )
    return *given.values(), layout


def multiply_adds(exercise, sample):
    """Of the plainest way: a move counts as one; the matrix by one convolution for each pixel."""
    right = oracle.expected(exercise, sample)
    if exercise is col2im:
        return sample.args[0].size
    if exercise is conv_matrix:
        return right.size * sample.args[0][0].size
    return right.size


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_all_samples_together_need_few_multiply_adds(exercise):
    for seed in SEEDS:
        assert sum(multiply_adds(exercise, sample) for sample in exercise.draw(seed)) <= 15_000


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_no_mistake_raises_on_any_sample(exercise):
    for sample in exercise.draw(0):
        for mistake in exercise.mistakes:
            assert play(mistake.function, exercise, sample, seconds=5).failure is None


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_the_first_sample_of_a_group_is_small_enough_to_be_read(exercise):
    for group in exercise.groups:
        first = next(sample for sample in exercise.draw(0) if sample.group == group)
        assert all(value.size <= 12 for value in first.args if isinstance(value, np.ndarray))


@pytest.mark.parametrize("exercise", [windows, im2col, col2im])
def test_arrays_come_in_every_layout_and_dtype(exercise):
    arrays = [sample.args[0] for sample in exercise.draw(0)]
    assert {array.dtype.name for array in arrays} == {"int64", "float64", "float32"}
    assert any(array.strides[-1] < 0 for array in arrays)
    assert any(array.strides[-1] == 2 * array.itemsize for array in arrays)
    assert any(array.flags.f_contiguous and not array.flags.c_contiguous for array in arrays)
    assert any(not array.flags.writeable for array in arrays)


@pytest.mark.parametrize("exercise", [im2col, conv_matrix])
def test_a_stride_leaves_0_and_1_and_2_pixels_over(exercise):
    left_over = set()
    for sample in exercise.draw(0):
        array, other, layout = options_of(exercise, sample)
        size, taps = (array.shape[2:], pair(other)) if exercise is im2col else (other, array.shape[2:])
        for n, k, s, p, d in zip(size, taps, layout.stride, layout.padding, layout.dilation, strict=True):
            left_over.add(((n + 2 * p - d * (k - 1) - 1) % s, s > 1))
    assert {(0, True), (1, True), (2, True)} <= left_over


def test_reading_on_in_memory_never_leaves_the_arrays_own():
    # Reversed, and no memory behind it: the first element is the last one that there is.
    image = np.flip(np.arange(12.0).reshape(1, 1, 3, 4))
    for mistake in windows.mistakes:
        mistake.function(image, 2)
