"""Right code in the styles that people write passes, for five seeds: a check that fails it would teach a falsehood.

The styles of the larger operators stand with their exercises, in tests/checks/exercises.
"""

import functools
import itertools
import operator

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from convlab.checks import report

STYLES = {"correlate1d": [], "convolve1d": [], "output_size": [], "correlate2d": [], "detect_edges": []}


def style(exercise):
    def keep(function):
        STYLES[exercise].append(function)
        return function

    return keep


# ------------------------------------------------------------------------------ correlate1d


@style("correlate1d")
def taps_outside(input, weight):
    places = len(input) - len(weight) + 1
    output = np.zeros(places)
    for k in range(len(weight)):
        for x in range(places):
            output[x] += input[x + k] * weight[k]
    return output


@style("correlate1d")
def backwards(input, weight):
    places = len(input) - len(weight) + 1
    output = np.empty(places)
    for x in reversed(range(places)):
        total = 0
        for k in reversed(range(len(weight))):
            total = total + weight[k] * input[x + k]
        output[x] = total
    return output


@style("correlate1d")
def shift_and_add(input, weight):
    places = len(input) - len(weight) + 1
    output = np.zeros(places)
    for k, tap in enumerate(weight):
        output += tap * input[k : k + places]
    return output


@style("correlate1d")
def shift_without_in_place(input, weight):
    places = len(input) - len(weight) + 1
    return sum(weight[k] * input[k : k + places] for k in range(len(weight)))


@style("correlate1d")
def comprehension(input, weight):
    K = len(weight)
    return np.array([np.dot(input[x : x + K], weight) for x in range(len(input) - K + 1)])


@style("correlate1d")
def nested_lists(input, weight):
    x, w = input.tolist(), weight.tolist()
    return np.array([sum(x[n + k] * w[k] for k in range(len(w))) for n in range(len(x) - len(w) + 1)])


@style("correlate1d")
def generator(input, weight):
    def entries():
        for x in range(len(input) - len(weight) + 1):
            yield float(np.vdot(input[x : x + len(weight)], weight))

    return np.fromiter(entries(), dtype=float)


@style("correlate1d")
def windows_and_matmul(input, weight):
    return sliding_window_view(input, len(weight)) @ weight


@style("correlate1d")
def windows_and_einsum(input, weight):
    return np.einsum("xk,k->x", sliding_window_view(input, weight.shape[0]), weight)


@style("correlate1d")
def windows_and_tensordot(input, weight):
    return np.tensordot(sliding_window_view(input, weight.shape), weight, axes=([1], [0]))


@style("correlate1d")
def strided_with_the_arrays_own_strides(input, weight):
    (step,) = input.strides
    places = len(input) - len(weight) + 1
    return (as_strided(input, (places, len(weight)), (step, step)) * weight).sum(axis=1)


@style("correlate1d")
def strided_on_a_contiguous_copy(input, weight):
    input = np.ascontiguousarray(input)
    step = input.itemsize
    places = len(input) - len(weight) + 1
    return as_strided(input, (places, len(weight)), (step, step)).dot(weight)


@style("correlate1d")
def fancy_indexing(input, weight):
    places = np.arange(len(input) - len(weight) + 1)
    return (input[places[:, None] + np.arange(len(weight))] * weight).sum(-1)


@style("correlate1d")
def toeplitz(input, weight):
    places = len(input) - len(weight) + 1
    matrix = np.zeros((places, len(input)))
    for x in range(places):
        matrix[x, x : x + len(weight)] = weight
    return matrix @ input


@style("correlate1d")
def scatter(input, weight):
    """Every input adds to the outputs that read it."""
    output = np.zeros(len(input) - len(weight) + 1)
    for i, value in enumerate(input):
        for k, tap in enumerate(weight):
            if 0 <= i - k < len(output):
                output[i - k] += value * tap
    return output


@style("correlate1d")
def add_at(input, weight):
    output = np.zeros(len(input) - len(weight) + 1)
    x, k = np.indices((len(output), len(weight)))
    np.add.at(output, x, input[x + k] * weight[k])
    return output


@style("correlate1d")
def recursion(input, weight):
    if len(input) < len(weight):
        return np.zeros(0)
    return np.concatenate([[np.dot(input[: len(weight)], weight)], recursion(input[1:], weight)])


@style("correlate1d")
def recursion_over_taps(input, weight):
    if len(weight) == 1:
        return input * weight[0]
    return input[: len(input) - len(weight) + 1] * weight[0] + recursion_over_taps(input[1:], weight[1:])


@style("correlate1d")
def outer_product_diagonals(input, weight):
    products = np.multiply.outer(weight, input)
    places = len(input) - len(weight) + 1
    return sum(row[k : k + places] for k, row in enumerate(products))


@style("correlate1d")
def roll(input, weight):
    rolled = sum(weight[k] * np.roll(input, -k) for k in range(len(weight)))
    return rolled[: len(input) - len(weight) + 1]


@style("correlate1d")
def while_loop_and_append(input, weight):
    output, x = [], 0
    while x + len(weight) <= len(input):
        output.append(sum(map(operator.mul, input[x:], weight)))
        x += 1
    return np.asarray(output)


@style("correlate1d")
def integers_stay_integers(input, weight):
    output = np.zeros(len(input) - len(weight) + 1, dtype=np.result_type(input, weight))
    for x in range(len(output)):
        output[x] = (input[x : x + len(weight)] * weight).sum()
    return output


@style("correlate1d")
def single_precision(input, weight):
    return (sliding_window_view(input, len(weight)) @ weight).astype(np.float32)


@style("correlate1d")
def long_double(input, weight):
    return sliding_window_view(input.astype(np.longdouble), len(weight)) @ weight.astype(np.longdouble)


@style("correlate1d")
def a_view_is_returned(input, weight):
    output = np.zeros(2 * len(input))
    for x in range(len(input) - len(weight) + 1):
        output[2 * x] = input[x : x + len(weight)] @ weight
    return output[: 2 * (len(input) - len(weight) + 1) : 2]


@style("correlate1d")
def a_view_with_negative_strides_is_returned(input, weight):
    return taps_outside(input[::-1], weight[::-1])[::-1]


@style("correlate1d")
def big_endian_is_returned(input, weight):
    return taps_outside(input, weight).astype(">f8")


@style("correlate1d")
def keeps_its_own_copies(input, weight):
    input, weight = input.copy(), weight.copy()
    output = taps_outside(input, weight)
    input[:], weight[:] = 0, 0
    return output


@style("correlate1d")
def polynomials_by_hand(input, weight):
    """The middle of the product of two polynomials, multiplied coefficient by coefficient."""
    product = [0.0] * (len(input) + len(weight) - 1)
    for (i, a), (j, b) in itertools.product(enumerate(input), enumerate(weight[::-1])):
        product[i + j] += a * b
    return np.array(product[len(weight) - 1 : len(input)])


@style("correlate1d")
def cumulative(input, weight):
    products = np.stack([weight[k] * input[k : len(input) - len(weight) + 1 + k] for k in range(len(weight))])
    return np.cumsum(products, axis=0)[-1]


@style("correlate1d")
def reduce_over_taps(input, weight):
    places = len(input) - len(weight) + 1
    return functools.reduce(
        lambda total, k: total + weight[k] * input[k : k + places], range(len(weight)), np.zeros(places)
    )


@style("correlate1d")
def vectorized(input, weight):
    entry = np.vectorize(lambda x: float(np.dot(input[x : x + len(weight)], weight)))
    return entry(np.arange(len(input) - len(weight) + 1))


class Correlator:
    def __call__(self, input, weight):
        return shift_and_add(input, weight)

    def method(self, input, weight):
        return shift_and_add(input, weight)

    @staticmethod
    def static(input, weight):
        return shift_and_add(input, weight)


def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        print("called")
        return function(*args, **kwargs)

    return wrapper


def with_more_arguments(input, weight, verbose=False, *, out=None):
    return shift_and_add(input, weight)


def takes_anything(*args, **kwargs):
    return shift_and_add(*args, **kwargs)


def with_a_mode(mode, input, weight):
    return shift_and_add(input, weight)


STYLES["correlate1d"] += [
    Correlator(),
    Correlator().method,
    Correlator.static,
    logged(shift_and_add),
    lambda input, weight: shift_and_add(input, weight),
    functools.partial(with_a_mode, "valid"),
    functools.partial(shift_and_add),
    with_more_arguments,
    takes_anything,
]

# ------------------------------------------------------------------------------ convolve1d


@style("convolve1d")
def gather(input, weight):
    L, K = len(input), len(weight)
    return np.array(
        [sum(input[n - k] * weight[k] for k in range(K) if 0 <= n - k < L) for n in range(L + K - 1)]
    )


@style("convolve1d")
def each_sample_adds_its_echo(input, weight):
    output = np.zeros(len(input) + len(weight) - 1)
    for i, value in enumerate(input):
        output[i : i + len(weight)] += value * weight
    return output


@style("convolve1d")
def each_tap_adds_a_copy_of_the_signal(input, weight):
    output = np.zeros(len(input) + len(weight) - 1)
    for k, tap in enumerate(weight):
        output[k : k + len(input)] += tap * input
    return output


@style("convolve1d")
def padded_and_flipped(input, weight):
    padded = np.pad(input, len(weight) - 1)
    return sliding_window_view(padded, len(weight)) @ weight[::-1]


@style("convolve1d")
def exchanged(input, weight):
    return each_sample_adds_its_echo(weight, input)


@style("convolve1d")
def outer_product_antidiagonals(input, weight):
    table = np.outer(input, weight)[:, ::-1]
    K = len(weight)
    return np.array([table.diagonal(d).sum() for d in range(K - 1, -len(input), -1)])


@style("convolve1d")
def matrix_of_shifted_kernels(input, weight):
    matrix = np.stack(
        [np.concatenate([np.zeros(i), weight, np.zeros(len(input) - 1 - i)]) for i in range(len(input))]
    )
    return input @ matrix


@style("convolve1d")
def exceptions_mark_the_edge(input, weight):
    output = np.zeros(len(input) + len(weight) - 1)
    samples = dict(enumerate(input))
    for n in range(len(output)):
        for k in range(len(weight)):
            try:
                output[n] += samples[n - k] * weight[k]
            except KeyError:
                continue
    return output


# ------------------------------------------------------------------------------ output_size


@style("output_size")
def formula(size, kernel_size, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@style("output_size")
def counted(size, kernel_size, stride=1, padding=0, dilation=1):
    starts = range(-padding, size + padding - dilation * (kernel_size - 1), stride)
    return len(starts)


@style("output_size")
def walked(size, kernel_size, stride=1, padding=0, dilation=1):
    places, last = 0, dilation * (kernel_size - 1)
    while last < size + 2 * padding:
        places, last = places + 1, last + stride
    return places


@style("output_size")
def floored(size, kernel_size, stride=1, padding=0, dilation=1):
    return int(np.floor((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride)) + 1


@style("output_size")
def numpys_integer(size, kernel_size, stride=1, padding=0, dilation=1):
    return np.int64(formula(size, kernel_size, stride, padding, dilation))


@style("output_size")
def ceiling(size, kernel_size, stride=1, padding=0, dilation=1):
    return -(-(size + 2 * padding - dilation * (kernel_size - 1)) // stride)


# ------------------------------------------------------------------------------ correlate2d


@style("correlate2d")
def four_loops(input, weight):
    (H, W), (kh, kw) = input.shape, weight.shape
    output = np.zeros((H - kh + 1, W - kw + 1))
    for y, x, i, j in itertools.product(*map(range, (*output.shape, kh, kw))):
        output[y, x] += input[y + i, x + j] * weight[i, j]
    return output


@style("correlate2d")
def loops_in_another_order(input, weight):
    (H, W), (kh, kw) = input.shape, weight.shape
    output = np.zeros((H - kh + 1, W - kw + 1))
    for j, x, i, y in itertools.product(range(kw), range(W - kw + 1), range(kh), range(H - kh + 1)):
        output[y, x] += input[y + i, x + j] * weight[i, j]
    return output


@style("correlate2d")
def slices(input, weight):
    kh, kw = weight.shape
    return np.array(
        [
            [np.sum(input[y : y + kh, x : x + kw] * weight) for x in range(input.shape[1] - kw + 1)]
            for y in range(input.shape[0] - kh + 1)
        ]
    )


@style("correlate2d")
def windows2d(input, weight):
    return np.einsum("yxij,ij->yx", sliding_window_view(input, weight.shape), weight)


@style("correlate2d")
def windows_tensordot(input, weight):
    return np.tensordot(sliding_window_view(input, weight.shape), weight, axes=2)


@style("correlate2d")
def im2col_and_dot(input, weight):
    windows = sliding_window_view(input, weight.shape)
    return (windows.reshape(-1, weight.size) @ weight.ravel()).reshape(windows.shape[:2])


@style("correlate2d")
def own_strides(input, weight):
    (H, W), (kh, kw) = input.shape, weight.shape
    windows = as_strided(input, (H - kh + 1, W - kw + 1, kh, kw), input.strides * 2)
    return (windows * weight).sum((2, 3))


@style("correlate2d")
def shift_and_add_2d(input, weight):
    (H, W), (kh, kw) = input.shape, weight.shape
    output = np.zeros((H - kh + 1, W - kw + 1))
    for (i, j), tap in np.ndenumerate(weight):
        output += tap * input[i : i + output.shape[0], j : j + output.shape[1]]
    return output


@style("correlate2d")
def rows_of_correlate1d(input, weight):
    kh = weight.shape[0]
    return np.stack(
        [
            sum(shift_and_add(input[y + i], weight[i]) for i in range(kh))
            for y in range(input.shape[0] - kh + 1)
        ]
    )


@style("correlate2d")
def flattened_with_gaps(input, weight):
    """The kernel's rows laid W apart in one long row: a 1-D correlation of the flattened image."""
    (H, W), (kh, kw) = input.shape, weight.shape
    spread = np.zeros((kh, W))
    spread[:, :kw] = weight
    taps = spread.ravel()[: (kh - 1) * W + kw]
    long = shift_and_add(input.ravel(), taps)
    padded = np.concatenate([long, np.zeros(kw - 1)])
    return padded.reshape(H - kh + 1, W)[:, : W - kw + 1]


@style("correlate2d")
def fortran_order_is_returned(input, weight):
    return np.asfortranarray(four_loops(input, weight))


@style("correlate2d")
def subclass_is_returned(input, weight):
    return np.ma.masked_array(four_loops(input, weight))


# ------------------------------------------------------------------------------ detect_edges


@style("detect_edges")
def by_own_correlate2d(image):
    kernel = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return np.sqrt(four_loops(image, kernel) ** 2 + four_loops(image, kernel.T) ** 2)


@style("detect_edges")
def hypot_of_windows(image):
    kernel = np.outer([1, 2, 1], [-1, 0, 1])
    windows = sliding_window_view(image.astype(float), (3, 3))
    return np.hypot(*(np.einsum("yxij,ij->yx", windows, k) for k in (kernel, kernel.T)))


@style("detect_edges")
def separable(image):
    image = image.astype(np.float64)
    down = image[:-2] + 2 * image[1:-1] + image[2:]
    across = image[:, :-2] + 2 * image[:, 1:-1] + image[:, 2:]
    gx, gy = down[:, 2:] - down[:, :-2], across[2:] - across[:-2]
    return (gx * gx + gy * gy) ** 0.5


@style("detect_edges")
def norm_of_a_stack(image):
    kernel = np.outer([1.0, 2, 1], [-1, 0, 1])
    return np.linalg.norm(np.stack([slices(image, kernel), slices(image, kernel.T)]), axis=0)


@style("detect_edges")
def complex_numbers(image):
    kernel = np.outer([1, 2, 1], [-1, 0, 1])
    return np.abs(windows2d(image, kernel + 1j * kernel.T))


@style("detect_edges")
def flipped_kernels_are_as_good(image):
    kernel = np.outer([1, 2, 1], [1, 0, -1])
    return np.sqrt(windows2d(image, kernel) ** 2.0 + windows2d(image, kernel.T) ** 2.0)


CASES = [
    pytest.param(
        exercise, function, id=f"{exercise}-{getattr(function, '__name__', type(function).__name__)}"
    )
    for exercise, functions in STYLES.items()
    for function in functions
]


@pytest.mark.parametrize(("exercise", "function"), CASES)
def test_right_code_passes_for_five_seeds(exercise, function):
    for seed in range(5):
        assert report(function, exercise, seed).message.endswith(".")
        assert report(function, exercise, seed).passed


def test_there_are_sixty_of_them():
    assert len(CASES) >= 60
