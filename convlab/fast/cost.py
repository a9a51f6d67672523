"""What a method will cost, guessed from the layer's sizes alone.

Every method is a few kinds of steps, and each kind has a price in nanoseconds (PRICES). A method's cost is
how many of each it takes. That is crude: nothing is said of caches beyond the parts that the methods are cut
into. It need not be good, only good enough to rank the methods; `python -m tests.bench sample` says how often
it does, and what a wrong choice costs.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from math import inf, log2

from convlab.fast import strides
from convlab.fast.gemm import is_pointwise
from convlab.fast.layer import Layer, Pair, input_phases
from convlab.fast.planes import grid
from convlab.fast.table import ALONE, CACHE, COLUMNS, LARGEST_TILE, PRICES, RUN, TILES, WORK
from convlab.fast.threads import available
from convlab.fast.tiles import Tiling
from convlab.fast.transforms import Transform, fourier, winograd


def product_cost(rows: float, inner: float, columns: float, times: float = 1) -> float:
    """Price (rows × inner) @ (inner × columns): the products, and reading and writing the matrices."""
    touched = rows * inner + inner * columns + rows * columns
    entries = PRICES["multiply"] * rows * inner * columns + PRICES["pack"] * touched
    return times * (entries / available() + PRICES["product"])


def windows(layer: Layer) -> float:
    copied = layer.positions * layer.groups * layer.c * layer.taps
    return 2 * PRICES["gather"] * copied + _matrix(layer, layer.positions)


def gemm(layer: Layer) -> float:
    length = _length(layer)
    if is_pointwise(layer):
        return product_cost(layer.o, layer.c, layer.positions / layer.n, layer.n * layer.groups)
    columns = layer.groups * layer.c * layer.taps * length if layer.taps > 1 else 0
    return PRICES["copy"] * columns + _matrix(layer, length) + _moved(layer) + _calls(layer, columns)


def scatter(layer: Layer) -> float:
    length = _length(layer)
    added = layer.groups * layer.c * layer.taps * length
    calls = PRICES["call"] * layer.taps * (1 + added // COLUMNS)
    return 3 * PRICES["add"] * added + _matrix(layer, length) + _moved(layer) + calls


def shift(layer: Layer) -> float:
    kernels = layer.groups * layer.o * layer.c * layer.taps
    length = _length(layer)
    return _shared(layer, PRICES["shift"] * kernels * length) + _moved(layer) + _calls(layer, 0)


def shift_weight(layer: Layer) -> float:
    kernels = layer.groups * layer.o * layer.c * layer.taps
    length = _length(layer)
    return _shared(layer, PRICES["dot"] * kernels * length) + _moved(layer) + _calls(layer, 0)


def tiles(layer: Layer, transform: Transform) -> float:
    (n_h, n_w), (m_h, m_w), parts = transform.size, transform.outputs, transform.parts
    (b_h, b_w), (d_h, d_w) = Tiling.of(layer, transform.outputs).blocks, layer.dilations
    count = layer.n * b_h * b_w * d_h * d_w
    data, outputs = count * layer.groups * layer.c, count * layer.groups * layer.o
    kernels = layer.groups * layer.o * layer.c
    run = d_w if d_w > 1 else b_w  # tiles are copied in runs of neighbours
    f_w, f_h = len(transform.data[0]) // parts, len(transform.data[1]) // parts
    k_h, k_w = layer.kernel

    def transformed(rows: int, columns: int, x: float) -> float:
        first = product_cost(f_w * parts, columns, rows * x)
        return first + product_cost(f_h * parts, parts * rows, x, f_w)

    work = min(max(2 * transform.values * parts**2 * kernels, CACHE), WORK)
    chunks = max(transform.values * parts * (data + outputs) / work, 1)
    steps = [
        PRICES["call"] * 15 * (1 + chunks),
        (PRICES["gather"] + PRICES["run"] / run) * (n_h * n_w * data + m_h * m_w * outputs),
        PRICES["gather"] * (k_h * k_w + transform.values * parts**2) * kernels,
        transformed(n_h, n_w, data) + transformed(m_h, m_w, outputs) + transformed(k_h, k_w, kernels),
        _moved(layer),
    ]
    if layer.c == 1:
        steps.append(PRICES["add"] * 3 * parts * transform.values * outputs)
    else:
        inner = parts * layer.c, count
        steps.append(product_cost(parts * layer.o, *inner, transform.values * layer.groups))
    return sum(steps)


def spectra(layer: Layer) -> float:
    n = layer.padded[0] * layer.padded[1]
    images = layer.n * layer.groups * (layer.c + layer.o)
    kernels = layer.groups * layer.o * layer.c
    transforms = PRICES["fft"] * n * log2(n) * (images + kernels)
    return transforms + PRICES["add"] * 4 * n * kernels * layer.n


def winograd_fits(layer: Layer) -> bool:
    folded = strides.fold(layer) if strides.foldable(layer) else layer
    return 1 < max(folded.kernel) <= 5 and folded.strides == (1, 1)


def winograd_cost(layer: Layer) -> float:
    if not winograd_fits(layer):
        return inf
    if strides.foldable(layer):
        return _folding(layer) + winograd_cost(strides.fold(layer))
    return tiles(layer, winograd(layer.kernel, "f4"))


def fft_cost(layer: Layer) -> float:
    if strides.foldable(layer):
        return _folding(layer) + fft_cost(strides.fold(layer))
    return _best_fft(layer)[0]


def fft_tile(layer: Layer) -> Pair | None:
    """Choose the tile of the Fourier transform; None means the whole image at once."""
    return _best_fft(layer)[1]


@lru_cache(maxsize=1024)
def _best_fft(layer: Layer) -> tuple[float, Pair | None]:
    choices: list[tuple[float, Pair | None]] = [(spectra(layer), None)]
    if max(layer.kernel) < LARGEST_TILE:
        for size in product(*(_tile_sizes(layer, axis) for axis in (0, 1))):
            rows, columns = size
            choices.append((tiles(layer, fourier(layer.kernel, (rows, columns), "f4")), (rows, columns)))
    return min(choices, key=lambda choice: choice[0])


def _tile_sizes(layer: Layer, axis: int) -> Iterator[int]:
    if layer.kernel[axis] == 1:
        yield 1
        return
    count = Tiling.of(layer, (1, 1)).counts[axis]
    for size in TILES:
        if size > layer.kernel[axis]:
            yield size
            if (size - layer.kernel[axis] + 1) * layer.dilations[axis] >= count:
                return  # one tile holds all; a larger one holds only more zeros


METHODS = {"windows": windows, "gemm": gemm, "shift": shift, "winograd": winograd_cost, "fft": fft_cost}
WEIGHT = {**METHODS, "shift": shift_weight}


def input_gradient(layer: Layer, method: str) -> float:
    """Price the input's gradient as convolutions of grad_output, phase by phase."""
    return sum(METHODS[method](phase.layer) for phase in input_phases(layer))


def _folding(layer: Layer) -> float:
    """Price the squares of a stride: a padded copy, and one against the order of memory."""
    entries = layer.n * layer.groups * layer.c * layer.padded[0] * layer.padded[1]
    return (PRICES["copy"] + 2 * PRICES["gather"]) * entries


def _shared(layer: Layer, sums: float) -> float:
    """Price shift's sums, with the starts of their inner loops, on as many threads as there are."""
    kernels = layer.groups * layer.o * layer.c * layer.taps
    runs = PRICES["run"] * kernels * max(_length(layer) / RUN, 1)
    threads = min(available(), layer.groups) if layer.products > ALONE else 1
    return (sums + runs) / threads


def _calls(layer: Layer, columns: float) -> float:
    """Price the calls of NumPy: for each part, those for each phase and a few more."""
    phases = min(layer.strides[0], layer.kernel[0]) * min(layer.strides[1], layer.kernel[1])
    count = max(columns / COLUMNS, _length(layer) / RUN, 1)
    return PRICES["call"] * (2 * phases + 5) * count


def _length(layer: Layer) -> int:
    """Count the positions of the signal, junk included."""
    rows, pitch, _ = grid(layer)
    return layer.n * rows * pitch if layer.n > 1 else layer.counts[0] * pitch


def _matrix(layer: Layer, positions: int) -> float:
    return product_cost(layer.o, layer.c * layer.taps, positions, layer.groups)


def _moved(layer: Layer) -> float:
    """Price laying out the input and cutting the output."""
    entries = layer.n * layer.groups * layer.c * layer.padded[0] * layer.padded[1]
    return PRICES["copy"] * 2 * (entries + layer.positions * layer.groups * layer.o)
