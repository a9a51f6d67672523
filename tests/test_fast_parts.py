"""What the fast methods are made of: transforms, the grid of the signal, the bound on memory, the choice."""

import tracemalloc
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

from convlab import fast, functional, grad
from convlab.fast import (
    cost,
    every_other,
    gemm,
    mec,
    methods,
    nhwc,
    products,
    rows,
    shift,
    strides,
    table,
    threads,
    transforms,
)
from convlab.fast import pieces as pieces_module
from convlab.fast.layer import Layer, input_phases, met, part, shares
from convlab.fast.pieces import pieces
from convlab.fast.planes import grid
from convlab.fast.segments import segments
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


AXES = [
    layer_of(1, 1, 1, 1, (9, 9), (k, k), stride=s, dilation=d, padding=p)
    for k, s, d, p in [(3, 1, 1, 1), (5, 2, 1, 4), (2, 3, 3, 0), (4, 1, 2, 9), (1, 2, 1, 3), (3, 4, 5, 6)]
]


@pytest.mark.parametrize("layer", AXES, ids=str)
def test_what_a_tap_meets_is_what_the_definition_says(layer):
    s, d, before = layer.strides[1], layer.dilations[1], layer.pads[1][0]
    for tap in range(layer.kernel[1]):
        meets = {v: s * v + d * tap - before for v in range(layer.counts[1])}
        outputs, pixels = met(layer, 1, tap)
        found = dict(zip(range(layer.counts[1])[outputs], range(9)[pixels], strict=True))
        assert found == {v: pixel for v, pixel in meets.items() if 0 <= pixel < 9}


@pytest.mark.parametrize("layer", AXES, ids=str)
def test_a_part_of_a_layer_gives_those_outputs(layer):
    rng = np.random.default_rng(2)
    x, w = rng.standard_normal((1, *layer.size)), rng.standard_normal((1, 1, *layer.kernel))
    hyper = layer.strides, layer.pads, layer.dilations
    expected = functional.conv2d(x, w, None, *hyper)
    for first in range(layer.counts[0]):
        for last in range(first + 1, layer.counts[0] + 1):
            seen, cut = part(layer, 0, slice(first, last))
            assert cut.counts == (last - first, layer.counts[1])
            if seen.start == seen.stop:
                np.testing.assert_array_equal(expected[:, first:last], 0)
                continue
            actual = functional.conv2d(x[:, seen], w, None, cut.strides, cut.pads, cut.dilations)
            np.testing.assert_allclose(actual, expected[:, first:last], 1e-12, 1e-12)


SIZES = {"APART", "ASIDE", "BAND", "CACHE", "COLUMNS", "LEAST", "NARROW", "RUN", "SHIFTED", "SIGNALS"}
SIZES |= {"WIDE", "WORK"}
CUT = [
    layer_of(2, 3, 2, 2, (9, 8), (3, 3), padding=1),
    layer_of(3, 2, 1, 1, (7, 9), (3, 2), stride=2, padding=4),
    layer_of(1, 1, 2, 3, (12, 5), (2, 3), stride=3, dilation=2, padding=((7, 0), (1, 2))),
    layer_of(1, 2, 2, 3, (5, 6), (2, 3), stride=3, padding=((0, 7), (1, 2))),
]


@pytest.fixture
def cut_anew():
    """Forget how layers were cut: before sizes are changed, and after."""

    def forget():
        for cuts in (gemm._tasks, gemm._pointwise_tasks, mec._pieces, nhwc._pieces, shift._pieces):
            cuts.cache_clear()

    forget()
    yield
    forget()


@pytest.mark.usefixtures("cut_anew")
@pytest.mark.parametrize("size", [1, 3, 40, 300])
@pytest.mark.parametrize("layer", CUT, ids=str)
@pytest.mark.parametrize("method", ["gemm", "mec", "nhwc", "shift"])
def test_pieces_of_any_size_give_the_same_sums(method, layer, size, monkeypatch):
    for module in (gemm, mec, nhwc, rows, shift, pieces_module):
        for name in SIZES & set(vars(module)):
            monkeypatch.setattr(module, name, size)
    rng = np.random.default_rng(3)
    x = rng.standard_normal((layer.n, layer.groups * layer.c, *layer.size))
    w = rng.standard_normal((layer.groups * layer.o, layer.c, *layer.kernel))
    b = rng.standard_normal(layer.groups * layer.o)
    hyper = layer.strides, layer.pads, layer.dilations, layer.groups
    output = fast.conv2d(x, w, b, *hyper, method=method)
    np.testing.assert_allclose(output, functional.conv2d(x, w, b, *hyper), 1e-12, 1e-12)
    actual, expected = (
        module.conv2d_backward(output, x, w, *hyper, **named)
        for module, named in ((fast, {"method": method}), (grad, {}))
    )
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, 1e-11, 1e-11)


@pytest.mark.usefixtures("cut_anew")
def test_images_side_by_side_need_no_more_room_than_their_rows(monkeypatch):
    layer = layer_of(64, 1, 1, 64, (9, 9), (3, 3))
    held = []
    monkeypatch.setattr(mec, "SHIFTED", 2**14)
    monkeypatch.setattr(pieces_module, "LEAST", 2**14)
    monkeypatch.setattr(
        mec, "scratch", lambda slot, shape, dtype: held.append(shape) or np.empty(shape, dtype)
    )
    x, w = np.ones((64, 1, 9, 9), np.float32), np.ones((64, 1, 3, 3), np.float32)
    output = fast.conv2d(x, w, method="mec")
    assert (output == 9).all()
    assert len(held) > 1
    assert max(map(np.prod, held)) <= 2**14 < output.size
    assert layer.counts[1] < table.ASIDE


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
def test_the_phases_of_the_inputs_gradient_use_every_tap_once(stride):
    layer = layer_of(1, 1, 1, 1, (40, 41), (7, 6), stride=stride, padding=3)
    uses = np.zeros(layer.kernel, int)
    for phase in input_phases(layer):
        uses[phase.taps] += 1
    np.testing.assert_array_equal(uses, 1)


@pytest.fixture
def chosen_anew():
    """Forget what was chosen: before prices are changed, and after."""

    def forget():
        methods.cheapest.cache_clear()
        cost.prefers_squares.cache_clear()

    forget()
    yield
    forget()


STRIDED = [
    layer_of(2, 3, 2, 2, (9, 8), (3, 3), stride=2, padding=1),
    layer_of(3, 2, 1, 1, (7, 9), (3, 2), stride=2, padding=4),  # whole squares of padding
    layer_of(2, 1, 2, 3, (11, 13), (2, 5), stride=3, padding=((0, 7), (1, 2))),  # pixels that no window sees
    layer_of(1, 2, 3, 2, (12, 12), (4, 4), stride=4),
    layer_of(1, 1, 1, 2, (4, 2), (1, 1), stride=7, padding=5),
    layer_of(2, 1, 1, 2, (1, 9), (7, 3), stride=7, padding=((12, 0), (0, 0))),  # a row that no window sees
    Layer(1, 1, 1, 4, (1, 30), (1, 8), (1, 4), (1, 1), ((0, 0), (2, 1)), (1, 7)),
]


@pytest.mark.usefixtures("chosen_anew")
@pytest.mark.parametrize("layer", STRIDED, ids=str)
@pytest.mark.parametrize("method", fast.METHODS)
@pytest.mark.parametrize("way", ["by_squares", "by_phases"])
@pytest.mark.parametrize("bad", [None, np.inf])
def test_both_ways_through_a_stride_give_the_inputs_gradient(method, layer, way, bad, monkeypatch):
    monkeypatch.setattr(cost, way, lambda layer, method: 0 if layer.strides != (1, 1) else 1)
    monkeypatch.setattr(cost, "scatter", lambda layer: np.inf)
    rng = np.random.default_rng(5)
    w = rng.standard_normal((layer.groups * layer.o, layer.c, *layer.kernel))
    g = rng.standard_normal((layer.n, layer.groups * layer.o, *layer.counts))
    x = np.zeros((layer.n, layer.groups * layer.c, *layer.size))
    hyper = layer.strides, layer.pads, layer.dilations, layer.groups
    if bad:
        g[0, -1, -1, -2:] = bad
    with np.errstate(invalid="ignore"), threads.alone():
        expected, _, _ = grad.conv2d_backward(g, x, w, *hyper)
        actual = methods.input_gradient(method, layer, w, g)
    np.testing.assert_array_equal(np.isfinite(actual), np.isfinite(expected))
    np.testing.assert_allclose(actual, expected, 1e-11, 1e-11)


@pytest.mark.parametrize("layer", STRIDED, ids=str)
def test_squares_are_taken_apart_as_they_were_put_together(layer):
    pixels = np.random.default_rng(6).standard_normal((layer.n, layer.groups * layer.c, *layer.size))
    squares = strides.fold_input(layer, pixels)
    found = np.full_like(pixels, np.nan)
    strides.unfold_input(layer, squares, found)
    seen = np.isin(pixels, squares)
    np.testing.assert_array_equal(found, np.where(seen, pixels, 0))
    rows, columns = (
        s * (count - 1) + k - before
        for s, count, k, (before, _) in zip(
            layer.strides, layer.counts, layer.kernel, layer.pads, strict=True
        )
    )
    assert seen[..., : max(rows, 0), : max(columns, 0)].all()  # whatever a window sees


HELD = [
    # input, weight, stride, padding, dilation, groups
    ((64, 64, 56, 56), (8, 64, 3, 3), 1, 1, 1, 1),
    ((1, 8, 700, 700), (8, 8, 7, 7), 1, 0, 1, 1),
    ((4, 64, 200, 200), (64, 1, 5, 5), 1, 0, 1, 64),
    ((8, 3, 224, 224), (32, 3, 7, 7), 2, 3, 1, 1),
    ((1, 64, 480, 480), (64, 1, 3, 3), 2, 1, 1, 64),
    ((4, 32, 500, 500), (32, 1, 4, 4), 4, 0, 1, 32),
    ((1, 512, 14, 14), (128, 512, 3, 3), 1, 1, 1, 1),
    ((16, 96, 28, 28), (96, 3, 3, 3), 1, 2, 2, 32),
    ((8, 16, 1, 40000), (16, 16, 1, 9), 1, (0, 4), 1, 1),
]


@pytest.mark.parametrize("layer", HELD, ids=str)
@pytest.mark.parametrize("method", fast.METHODS)
def test_no_call_holds_more_than_the_stated_cap(method, layer):
    shape, kernel, *hyper = layer
    x, w = np.ones(shape, np.float32), np.ones(kernel, np.float32)
    cap = table.HELD + 8 * w.nbytes
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        try:
            output = fast.conv2d(x, w, None, *hyper, method=method)  # also finds what is found once
        except ValueError:
            assert method in ("toeplitz", "winograd")
            return
        threads.forget()
        for call in (
            lambda: [fast.conv2d(x, w, None, *hyper, method=method)],
            lambda: fast.conv2d_backward(output, x, w, *hyper, method=method),
        ):
            tracemalloc.start()
            try:
                results = call()
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert peak - sum(result.nbytes for result in results) < cap


def test_good_sizes_have_no_prime_factor_above_five():
    assert [good_size(size) for size in (1, 7, 11, 13, 17, 97, 121)] == [1, 8, 12, 15, 18, 100, 125]


@pytest.mark.parametrize(
    ("layer", "method"),
    [
        (layer_of(1, 1, 256, 64, (56, 56), (1, 1)), "gemm"),
        (layer_of(1, 1, 256, 256, (56, 56), (3, 3), padding=1), "winograd"),
        (layer_of(1, 1, 3, 64, (224, 224), (7, 7), stride=2, padding=3), "mec"),
        (layer_of(32, 1, 64, 192, (27, 27), (5, 5), padding=2), "winograd"),
        (layer_of(32, 1, 256, 256, (28, 28), (3, 3), padding=2, dilation=2), "winograd"),
        (layer_of(32, 1, 512, 512, (7, 7), (3, 3), padding=1), "winograd"),
        (layer_of(1, 1, 256, 256, (14, 14), (3, 3), padding=1), "gemm"),
        (layer_of(32, 384, 1, 1, (14, 14), (3, 3), padding=1), "toeplitz"),
        (layer_of(1, 1, 128, 128, (56, 56), (3, 3), stride=2, padding=1), "gemm"),
        (layer_of(1, 144, 1, 1, (56, 56), (3, 3), padding=1), "mec"),
        (layer_of(32, 144, 1, 1, (56, 56), (3, 3), stride=2, padding=1), "mec"),
        (layer_of(1, 384, 1, 1, (14, 14), (3, 3), padding=1), "shift"),
        (layer_of(1, 960, 1, 1, (7, 7), (3, 3), padding=1), "nhwc"),
        (layer_of(1, 576, 1, 1, (14, 14), (3, 3), stride=2, padding=1), "nhwc"),
        (layer_of(1, 768, 1, 1, (7, 7), (7, 7), padding=3), "nhwc"),
        (layer_of(32, 1, 6, 16, (14, 14), (5, 5)), "mec"),
        (layer_of(1, 1, 1, 64, (1, 16000), (1, 80), stride=4), "gemm"),
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
        assert f'"{name}"' in source


@pytest.mark.parametrize("dtype", ["f4", "i4", "f8", "i2", "c8"])
@pytest.mark.parametrize("shape", [(3, 5, 8), (2, 4, 7), (1, 1, 2), (2, 3, 1)], ids=str)
def test_every_other_entry_is_copied_wherever_it_lies(shape, dtype):
    rng = np.random.default_rng(0)
    entries = rng.integers(-9, 9, shape).astype(dtype)
    for source in (
        entries[..., ::2],
        entries[..., 1::2],
        entries[::-1, :, ::2],
        entries[:, 1:3, 1:6:2],
        entries[..., ::-2],
        entries.transpose(1, 0, 2)[..., ::2],
        np.asfortranarray(entries)[..., ::2],
        np.broadcast_to(entries[0, 0], shape)[..., ::2],
    ):
        into = np.full((*source.shape[:-1], 2 * source.shape[-1] + 1), 99, dtype)
        every_other.fill(into[..., :-1:2], source)
        np.testing.assert_array_equal(into[..., :-1:2], source)
        assert (into[..., 1::2] == 99).all()
        assert (into[..., -1] == 99).all()


def test_every_other_entry_is_read_as_a_half(monkeypatch):
    narrowed = []
    real = np.copyto
    monkeypatch.setattr(
        np, "copyto", lambda into, *rest, **how: narrowed.append(into.shape) or real(into, *rest, **how)
    )
    entries = np.arange(2 * 3 * 8, dtype=np.float32).reshape(2, 3, 8)
    for source in (entries[..., ::2], entries[..., 1::2], entries[:1, :, 1::2]):
        every_other.fill(np.empty(source.shape, np.float32), source)
    assert narrowed == [
        (2, 3, 4),
        (2, 3, 3),
        (1, 3, 4),
    ]  # the very last entry of the memory has no other half


@pytest.fixture
def processor(monkeypatch):
    """Let BLAS seem to be on a processor of that name."""

    def forget():
        products._block.cache_clear()
        products._parts.cache_clear()

    forget()
    yield lambda name: monkeypatch.setattr(products, "architectures", lambda: (name,))
    forget()


@pytest.mark.parametrize("inner", [1, 7, 27, 99, 100, 147, 488, 576, 976, 977, 1152, 2304, 2305, 4591])
@pytest.mark.parametrize("height", [1, 6, 8, 16, 24, 31, 64, 65, 256])
def test_a_product_in_blocks_is_the_product(processor, height, inner):
    processor("SkylakeX")
    for columns in (1, 15, 49, 63, 64, 127, 128, 129, 196, 255, 256, 511, 512, 513, 784, 3136):
        a, b = np.arange(height * inner) % 7 - 3.0, np.arange(inner * columns) % 5 - 2.0
        a, b = a.reshape(height, inner), np.stack([b, -b]).reshape(2, inner, columns)
        out = np.full((2, height, columns + 3), 9.0)
        products.multiply(a, b, out[..., :columns])
        np.testing.assert_array_equal(out[..., :columns], a @ b)
        assert (out[..., columns:] == 9).all()


@pytest.mark.parametrize(("name", "block"), [("SkylakeX", (16, 64)), ("Haswell", None), ("", None)])
def test_products_are_cut_only_where_blas_has_kernels_for_small_ones(processor, name, block):
    processor(name)
    assert products._block(64, 576, 784) == block
    assert products._parts(128, 2304, 196) == (6 if block else 0)  # sums of 384 products


def test_sums_in_parts_need_little_room(processor, monkeypatch):
    processor("SkylakeX")
    held = []
    monkeypatch.setattr(
        products, "scratch", lambda slot, shape, dtype: held.append(shape) or np.empty(shape, dtype)
    )
    for columns in (196, 784):
        a, b = np.ones((128, 2304), np.float32), np.ones((2304, columns), np.float32)
        out = np.empty((128, columns), np.float32)
        products.multiply(a, b, out)
        assert (out == 2304).all()
    assert held == [(6, 128, 196)]  # not six times as much as 128 times 784


THREADED = [
    layer_of(2, 1, 16, 16, (40, 40), (3, 3), padding=1),
    layer_of(1, 24, 1, 1, (60, 60), (3, 3), stride=2, padding=1),
    layer_of(1, 1, 8, 8, (64, 64), (15, 15), padding=7),
    layer_of(6, 4, 8, 6, (30, 31), (5, 4), padding=2),
    layer_of(1, 1, 64, 96, (40, 40), (1, 1)),
]


@pytest.mark.parametrize(
    ("total", "size"), [(1, 1), (5, 9), (7, 3), (8, 3), (32, 7), (28, 10), (3, 1), (100, 7)]
)
def test_shares_are_even_in_number_and_about_equal(total, size):
    found = shares(total, size)
    assert [index for part in found for index in range(total)[part]] == list(range(total))
    lengths = [part.stop - part.start for part in found]
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= 1
    assert len(found) % 2 == 0 or len(found) in (1, total)


def test_where_there_are_few_positions_gemm_shares_the_filters():
    few = layer_of(1, 1, 512, 512, (7, 7), (3, 3), padding=1)
    assert [filters for _, filters in gemm._tasks(few)] == [slice(0, 256), slice(256, 512)]
    many = layer_of(1, 1, 128, 128, (56, 56), (3, 3), stride=2, padding=1)
    assert [(piece.rows, filters) for piece, filters in gemm._tasks(many)] == [
        (slice(first, first + 14), slice(0, 128)) for first in (0, 14)
    ]


@pytest.mark.parametrize("layer", THREADED, ids=str)
@pytest.mark.parametrize("method", fast.METHODS)
def test_every_number_of_threads_gives_the_same_bits(method, layer):
    rng = np.random.default_rng(6)
    x = rng.standard_normal((layer.n, layer.groups * layer.c, *layer.size), np.float32)
    w = rng.standard_normal((layer.groups * layer.o, layer.c, *layer.kernel), np.float32)
    hyper = layer.strides, layer.pads, layer.dilations, layer.groups
    results = []
    for count in (1, 2, 3):
        with threadpoolctl.threadpool_limits(count, user_api="blas"):
            try:
                output = fast.conv2d(x, w, None, *hyper, method=method)
            except ValueError:
                assert method in ("toeplitz", "winograd")
                return
            results.append([output, *fast.conv2d_backward(output, x, w, *hyper, method=method)])
    for other in results[1:]:
        for one, same in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, same, strict=True)


@pytest.mark.parametrize("width", [5000, 4097])
@pytest.mark.parametrize(("stride", "dilation", "padding"), [(1, 1, 0), (3, 2, 7), (1, 512, 512)])
def test_the_segments_of_a_wide_row_use_every_output_once(width, stride, dilation, padding):
    arguments = (3, 1, 4, 4, (1, width), (1, 3))
    layer = layer_of(*arguments)._replace(
        strides=(1, stride), dilations=(1, dilation), pads=((0, 0), (padding, padding))
    )
    count = (width + 2 * padding - 2 * dilation - 1) // stride + 1
    layer = layer._replace(counts=(1, count))
    uses = np.zeros(count, int)
    for cut in segments(layer):
        uses[cut.outputs] += 1
        reached = stride * (cut.layer.counts[1] - 1) + 2 * dilation + 1
        assert reached == cut.layer.padded[1]
    if segments(layer):
        np.testing.assert_array_equal(uses, 1)
    else:
        assert count < table.LONG


def test_pieces_cover_the_output_once():
    for layer in THREADED:
        uses = np.zeros((layer.n, layer.groups, layer.counts[0]), int)
        for piece in pieces(layer, 100, 5000, least=2, step=4):
            uses[piece] += 1
        np.testing.assert_array_equal(uses, 1)
