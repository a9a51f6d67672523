"""What the fast methods are made of: transforms, the grid of the signal, the bound on memory, the choice."""

import tracemalloc
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from convlab import fast, functional
from convlab.fast import cost, methods, table, threads, transforms
from convlab.fast.layer import Layer, input_phases
from convlab.fast.planes import grid
from convlab.fast.spectra import good_size


def layer_of(n, groups, c, o, size, kernel, stride=1, dilation=1, padding=0):
    strides, dilations = (stride, stride), (dilation, dilation)
    pads = functional.resolve_padding(padding, kernel)
    counts = functional.output_size(size, kernel, strides, padding, dilations)
    return Layer(n, groups, c, o, size, kernel, strides, dilations, pads, counts)


@pytest.mark.parametrize("kernel", list(product(range(1, 6), repeat=2)), ids=str)
def test_winograds_transform_correlates_a_tile(kernel):
    rng = np.random.default_rng(0)
    transform = transforms.winograd(kernel, "d")
    tile, taps = rng.standard_normal(transform.size), rng.standard_normal(kernel)
    assert_correlates(transform, tile, taps)


@pytest.mark.parametrize("size", [(8, 8), (7, 12), (9, 5), (16, 31)])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 5)])
def test_fouriers_transform_correlates_a_tile(kernel, size):
    rng = np.random.default_rng(1)
    transform = transforms.fourier(kernel, size, "d")
    assert_correlates(transform, rng.standard_normal(size), rng.standard_normal(kernel))


def assert_correlates(transform, tile, taps):
    data = transforms.evaluate(transform.data, tile.T[..., None], transform.parts)[..., 0]
    kernel = transforms.evaluate(transform.kernel, taps.T[..., None], transform.parts)[..., 0]
    if transform.parts == 2:
        both = (data[:, 0] + 1j * data[:, 1]) * (kernel[:, 0] + 1j * kernel[:, 1])
        values = np.stack([both.real, both.imag], axis=1)
    else:
        values = data * kernel
    assert len(values) == transform.values
    output = transforms.interpolate(transform.output, values[..., None])[..., 0].T
    np.testing.assert_allclose(output, functional.conv2d(tile[None], taps[None, None])[0], 1e-9, 1e-9)


def test_winograds_tile_of_a_3x3_kernel_is_that_of_lavin_and_gray():
    # F(4 × 4, 3 × 3): 36 products for 16 outputs, where the sums take 144.
    transform = transforms.winograd((3, 3), "d")
    assert (transform.size, transform.outputs, transform.values) == ((6, 6), (4, 4), 36)


def test_rows_share_their_padding():
    # 7 pixels and a zero, not a zero on either side.
    assert grid(layer_of(1, 1, 1, 1, (7, 7), (3, 3), padding=1))[:2] == (8, 8)


def test_an_image_without_padding_is_not_copied():
    from convlab.fast.planes import planes

    layer = layer_of(1, 1, 2, 1, (6, 7), (3, 3))
    image = np.ones((1, 2, 1, 6, 7))
    assert np.shares_memory(planes(layer, image)[0, 0], image)


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
def test_the_phases_of_the_inputs_gradient_use_every_tap_once(stride):
    layer = layer_of(1, 1, 1, 1, (40, 41), (7, 6), stride=stride, padding=3)
    uses = np.zeros(layer.kernel, int)
    for phase in input_phases(layer):
        uses[phase.taps] += 1
    np.testing.assert_array_equal(uses, 1)


@pytest.mark.parametrize(
    ("shape", "weight", "groups"),
    [
        ((64, 64, 56, 56), (8, 64, 3, 3), 1),
        ((1, 8, 700, 700), (8, 8, 7, 7), 1),
        ((4, 64, 200, 200), (64, 1, 9, 9), 64),
    ],
)
@pytest.mark.parametrize("method", ["windows", "gemm", "winograd", "fft"])
def test_what_is_held_beside_input_and_output_is_bounded(method, shape, weight, groups):
    if method == "winograd" and weight[-1] > 5:
        return
    x, w = np.ones(shape, np.float32), np.ones(weight, np.float32)
    columns = x.nbytes * weight[-1] ** 2
    tracemalloc.start()
    try:
        output = fast.conv2d(x, w, groups=groups, method=method)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    limit = 1.5 * x.nbytes + 2.2 * output.nbytes + 4 * 4 * table.WORK
    assert peak < limit
    assert columns > limit or weight[-1] == 3  # all columns at once would not have passed


def test_good_sizes_have_no_prime_factor_above_five():
    assert [good_size(size) for size in (1, 7, 11, 13, 17, 97, 121)] == [1, 8, 12, 15, 18, 100, 125]


@pytest.mark.parametrize(
    ("layer", "method"),
    [
        (layer_of(1, 1, 256, 64, (56, 56), (1, 1)), "gemm"),
        (layer_of(1, 1, 256, 256, (56, 56), (3, 3), padding=1), "winograd"),
        (layer_of(1, 1, 3, 64, (224, 224), (11, 11), stride=4, padding=2), "winograd"),
        (layer_of(1, 1, 128, 128, (56, 56), (3, 3), stride=2, padding=1), "gemm"),
        (layer_of(1, 144, 1, 1, (56, 56), (3, 3), padding=1), "shift"),
        (layer_of(1, 1, 16, 16, (128, 128), (31, 31), padding=15), "fft"),
    ],
)
def test_auto_chooses_as_the_race_showed(layer, method):
    assert methods.cheapest(layer, "f", "forward") == method


def test_auto_takes_an_exact_method_for_whole_numbers():
    assert methods.cheapest(layer_of(1, 1, 16, 16, (128, 128), (31, 31)), "l", "forward") in methods.EXACT


def test_every_price_is_used_and_named_once():
    source = Path(cost.__file__).read_text(encoding="utf-8")
    for name in table.PRICES:
        assert f'PRICES["{name}"]' in source


def test_threads_share_all_of_the_work(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert threads.available() == 3
    done = np.zeros(10, int)

    def work(some):
        done[some] += 1

    threads.share(10, work)
    np.testing.assert_array_equal(done, 1)
    with pytest.raises(ZeroDivisionError):
        threads.share(2, lambda some: 1 // some.start if some.start == 0 else None)
