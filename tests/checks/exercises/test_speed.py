"""Chapter 8: right code in many styles passes, samples meet what they should, and a wrong FFT is told its tap."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from convlab.checks import oracle
from convlab.checks.exercises._covered import computing
from convlab.checks.exercises._speed_fft import conv2d_fft, transformed
from convlab.checks.exercises._speed_gemm import conv2d_gemm, multiplied
from convlab.checks.exercises.speed import EXERCISES, conv1d_input_stationary, scatter
from convlab.checks.play import play
from convlab.checks.reports import examine
from convlab.functional import dilate, flip, pad, resolve_padding, unfold

SEEDS = range(5)


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


# ---------------------------------------------------------------- right code in many styles


def walks_with_the_taps_outside(input, weight):
    (N, C_in, L), (C_out, _, K) = input.shape, weight.shape
    output = np.zeros((N, C_out, L - K + 1))
    for t in range(L):
        for k in range(max(0, t - (L - K)), min(K, t + 1)):
            for n, o, c in np.ndindex(N, C_out, C_in):
                output[n, o, t - k] += input[n, c, t] * weight[o, c, k]
    return output


def adds_a_whole_filter_at_once(input, weight):
    """The full output is made, flipped taps and all, and its ends are cut off."""
    (N, C_in, L), (C_out, _, K) = input.shape, weight.shape
    full = np.zeros((N, C_out, L + K - 1))
    for n in range(N):
        for c in range(C_in):
            for t in range(L):
                full[n, :, t : t + K] += input[n, c, t] * weight[:, c, ::-1]
    return full[:, :, K - 1 : L]


def sends_samples_of_the_whole_batch(input, weight):
    N, _, L = input.shape
    C_out, _, K = weight.shape
    output = np.zeros((C_out, L - K + 1, N))
    for t, sample in enumerate(np.moveaxis(input, -1, 0)):
        for k in range(K):
            if t >= k and t - k < L - K + 1:
                output[:, t - k] += weight[:, :, k] @ sample.T
    return output.transpose(2, 0, 1)


def keeps_a_short_row_of_open_sums(input, weight):
    """As a chip would do it: only K sums are open at a time."""
    (N, _, L), (C_out, _, K) = input.shape, weight.shape
    finished, open_sums = [], np.zeros((K, N, C_out))
    for t in range(L):
        sample = input[:, :, t]
        for k in range(K):
            open_sums[K - 1 - k] += sample @ weight[:, :, k].T
        if t >= K - 1:
            finished.append(open_sums[0].copy())
        open_sums = np.concatenate([open_sums[1:], np.zeros((1, N, C_out))])
    return np.stack(finished, axis=-1)


def gemm_of_unfolded_columns(input, weight, bias=None, stride=1, padding=0, dilation=1):
    N, C_out, kernel_size = len(input), len(weight), weight.shape[2:]
    padded = pad(input, resolve_padding(padding, kernel_size, dilation))
    (H, W), (s_h, s_w), (d_h, d_w) = padded.shape[2:], pair(stride), pair(dilation)
    H_out = (H - d_h * (kernel_size[0] - 1) - 1) // s_h + 1
    W_out = (W - d_w * (kernel_size[1] - 1) - 1) // s_w + 1
    output = weight.reshape(C_out, -1) @ unfold(padded, kernel_size, dilation=dilation, stride=stride)
    if bias is not None:
        output += bias[:, None]
    return output.reshape(N, C_out, H_out, W_out)


def padded_windows(input, weight, stride, padding, dilation):
    (kh, kw), (s_h, s_w), (d_h, d_w) = weight.shape[2:], pair(stride), pair(dilation)
    padded = np.pad(input, ((0, 0), (0, 0), *resolve_padding(padding, (kh, kw), dilation)))
    spans = sliding_window_view(padded, (d_h * (kh - 1) + 1, d_w * (kw - 1) + 1), (2, 3))
    return spans[:, :, ::s_h, ::s_w, ::d_h, ::d_w]


def gemm_of_rows(input, weight, bias=None, stride=1, padding=0, dilation=1):
    """Windows as rows: one product for the whole batch, then the channels are brought forward."""
    windows = padded_windows(input, weight, stride, padding, dilation)
    N, _, H_out, W_out, _, _ = windows.shape
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(N * H_out * W_out, -1)
    product = rows @ weight.reshape(len(weight), -1).T
    product = product if bias is None else product + bias
    return product.reshape(N, H_out, W_out, len(weight)).transpose(0, 3, 1, 2)


def gemm_of_one_wide_matrix(input, weight, bias=None, stride=1, padding=0, dilation=1):
    windows = padded_windows(input, weight, stride, padding, dilation)
    N, C_in, H_out, W_out, kh, kw = windows.shape
    columns = windows.transpose(1, 4, 5, 0, 2, 3).reshape(C_in * kh * kw, -1)
    product = np.dot(weight.reshape(len(weight), -1), columns).reshape(-1, N, H_out, W_out)
    output = product.swapaxes(0, 1)
    return output if bias is None else output + bias.reshape(1, -1, 1, 1)


def gemm_by_tensordot(input, weight, bias=None, stride=1, padding=0, dilation=1):
    windows = padded_windows(input, weight, stride, padding, dilation)
    output = np.tensordot(windows, weight, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
    return output + (0 if bias is None else bias[:, None, None])


def gemm_image_by_image(input, weight, bias=None, stride=1, padding=0, dilation=1):
    outputs = []
    for image in input:
        windows = padded_windows(image[None], weight, stride, padding, dilation)[0]
        C_in, H_out, W_out, kh, kw = windows.shape
        columns = np.stack(
            [windows[c, :, :, i, j].ravel() for c in range(C_in) for i in range(kh) for j in range(kw)]
        )
        outputs.append((weight.reshape(len(weight), -1) @ columns).reshape(-1, H_out, W_out))
    output = np.array(outputs)
    return output if bias is None else output + bias[None, :, None, None]


def gemm_tap_by_tap(input, weight, bias=None, stride=1, padding=0, dilation=1):
    """No columns: a small product for each tap, added up."""
    windows = padded_windows(input, weight, stride, padding, dilation)
    N, C_in, H_out, W_out, kh, kw = windows.shape
    output = np.zeros((N, len(weight), H_out * W_out))
    for i, j in np.ndindex(kh, kw):
        output += weight[:, :, i, j] @ windows[..., i, j].reshape(N, C_in, -1)
    output = output.reshape(N, -1, H_out, W_out)
    return output if bias is None else output + bias[:, None, None]


def padded_and_spread(input, weight, padding, dilation):
    spread = dilate(weight, dilation)
    return pad(input, resolve_padding(padding, weight.shape[2:], dilation)), spread


def fft_of_flipped_kernels(input, weight, bias=None, stride=1, padding=0, dilation=1):
    x, w = padded_and_spread(input, weight, padding, dilation)
    (H, W), (h, w_) = x.shape[2:], w.shape[2:]
    size = (H + h - 1, W + w_ - 1)
    product = (np.fft.fft2(x, size)[:, None] * np.fft.fft2(flip(w), size)[None]).sum(axis=2)
    output = np.fft.ifft2(product).real[:, :, h - 1 : H, w_ - 1 : W]
    return output if bias is None else output + bias[:, None, None]


def fft_as_large_as_the_images(input, weight, bias=None, stride=1, padding=0, dilation=1):
    """The ends that meet fall where nothing is kept, so no larger transform is needed. The conjugate is the flip."""
    x, w = padded_and_spread(input, weight, padding, dilation)
    (H, W), (h, w_) = x.shape[2:], w.shape[2:]
    product = np.einsum("nchw,ochw->nohw", np.fft.rfft2(x), np.fft.rfft2(w, (H, W)).conj())
    output = np.fft.irfft2(product, (H, W))[:, :, : H - h + 1, : W - w_ + 1]
    return output if bias is None else output + bias[:, None, None]


def fft_of_next_power_of_two(input, weight, bias=None, stride=1, padding=0, dilation=1):
    x, w = padded_and_spread(input.astype(float), weight.astype(float), padding, dilation)
    (H, W), (h, w_) = x.shape[2:], w.shape[2:]
    size = tuple(2 ** int(np.ceil(np.log2(n))) for n in (H + h, W + w_))
    output = np.zeros((len(x), len(w), H - h + 1, W - w_ + 1))
    for n in range(len(x)):
        for o in range(len(w)):
            total = np.zeros(size, dtype=complex)
            for c in range(x.shape[1]):
                total += np.fft.fft2(x[n, c], size) * np.fft.fft2(w[o, c, ::-1, ::-1], size)
            output[n, o] = np.real(np.fft.ifft2(total))[h - 1 : H, w_ - 1 : W]
            output[n, o] += 0 if bias is None else bias[o]
    return output


def fft_along_one_axis_after_the_other(input, weight, bias=None, stride=1, padding=0, dilation=1):
    x, w = padded_and_spread(input, weight, padding, dilation)
    (H, W), (h, w_) = x.shape[2:], w.shape[2:]
    X = np.fft.fft(np.fft.fft(x, H + h, axis=2), W + w_, axis=3)
    F = np.fft.fft(np.fft.fft(flip(w), H + h, axis=2), W + w_, axis=3)
    product = np.matmul(X.transpose(2, 3, 0, 1), F.transpose(2, 3, 1, 0)).transpose(2, 3, 0, 1)
    full = np.fft.ifft(np.fft.ifft(product, axis=3), axis=2)
    output = full.real[:, :, h - 1 : H, w_ - 1 : W]
    return output if bias is None else output + bias.reshape(-1, 1, 1)


STYLES = [
    (conv1d_input_stationary, walks_with_the_taps_outside),
    (conv1d_input_stationary, adds_a_whole_filter_at_once),
    (conv1d_input_stationary, sends_samples_of_the_whole_batch),
    (conv1d_input_stationary, keeps_a_short_row_of_open_sums),
    (conv2d_gemm, gemm_of_unfolded_columns),
    (conv2d_gemm, gemm_of_rows),
    (conv2d_gemm, gemm_of_one_wide_matrix),
    (conv2d_gemm, gemm_by_tensordot),
    (conv2d_gemm, gemm_image_by_image),
    (conv2d_gemm, gemm_tap_by_tap),
    (conv2d_fft, fft_of_flipped_kernels),
    (conv2d_fft, fft_as_large_as_the_images),
    (conv2d_fft, fft_of_next_power_of_two),
    (conv2d_fft, fft_along_one_axis_after_the_other),
]


@pytest.mark.parametrize(("exercise", "function"), STYLES, ids=lambda one: getattr(one, "__name__", None))
def test_right_code_passes_in_any_style(exercise, function):
    for seed in SEEDS:
        assert examine(function, exercise, seed).message.startswith(f"{exercise.name}: all ")


# ---------------------------------------------------------------- samples and mistakes


@pytest.mark.parametrize(
    ("exercise", "right"),
    [
        (conv1d_input_stationary, scatter),
        (conv2d_gemm, multiplied()),
        (conv2d_fft, computing(transformed())),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_what_the_mistakes_are_made_of_is_right_without_one(exercise, right):
    for seed in SEEDS:
        for sample in exercise.draw(seed):
            answer = right(*sample.args, **sample.kwargs)
            assert np.allclose(answer, oracle.expected(exercise, sample), rtol=0, atol=1e-9)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_all_samples_together_need_few_multiply_adds(exercise):
    for seed in SEEDS:
        samples = exercise.draw(seed)
        needed = [oracle.expected(exercise, s).size * s.args[1][0].size for s in samples]
        assert sum(needed) <= 15_000


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_no_mistake_raises_on_any_sample(exercise):
    for seed in SEEDS:
        for sample in exercise.draw(seed):
            for mistake in exercise.mistakes:
                assert play(mistake.function, exercise, sample, seconds=5).failure is None


def test_every_call_of_the_fft_has_stride_1_and_one_says_so_by_its_place():
    samples = conv2d_fft.draw(0)
    assert all("stride" not in sample.kwargs for sample in samples)
    strides = [sample.args[3] for sample in samples if len(sample.args) > 3]
    assert strides == [1]


def test_a_full_convolution_is_odd_in_width_as_well_as_even_and_never_one_wide():
    widths = set()
    for seed in SEEDS:
        for sample in conv2d_fft.draw(seed):
            (kh, kw), given = sample.args[1].shape[2:], sample.kwargs
            _, (left, right) = resolve_padding(given.get("padding", 0), (kh, kw), given.get("dilation", 1))
            d_w = pair(given.get("dilation", 1))[1]
            widths.add(sample.args[0].shape[3] + left + right + d_w * (kw - 1))
    assert {width % 2 for width in widths} == {0, 1}
    assert min(widths) > 1


def test_a_function_that_computes_in_single_precision_passes():
    def narrow(input, weight, bias=None, stride=1, padding=0, dilation=1):
        arrays = [a if a is None else a.astype(np.float32) for a in (input, weight, bias)]
        return fft_as_large_as_the_images(*arrays, stride, padding, dilation)

    assert all(examine(narrow, conv2d_fft, seed).passed for seed in SEEDS)


def test_a_wrong_fft_is_told_which_tap_is_wrong():
    def not_flipped(input, weight, bias=None, stride=1, padding=0, dilation=1):
        turned = weight[:, :, ::-1, ::-1]
        return fft_of_flipped_kernels(input, turned, bias, stride, padding, dilation)

    message = examine(not_flipped, conv2d_fft, 0).message
    assert "weight[0, 0, 0, 0] should meet input[0, 0, 0, 0] there; yours meets input[0, 0, 0, 1]." in message
    assert "for a cross-correlation flip every kernel first" in message


def test_a_complex_result_is_told_to_be_one():
    def forgets_the_real_part(input, weight, bias=None, stride=1, padding=0, dilation=1):
        return fft_of_flipped_kernels(input, weight, bias, stride, padding, dilation) + 0j

    assert "dtype is complex128" in examine(forgets_the_real_part, conv2d_fft, 0).message
