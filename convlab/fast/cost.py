"""What a method will cost, guessed from the layer's sizes alone.

Every method is a few kinds of steps, and each kind has a price in nanoseconds (PRICES). A method's cost is
how many of each it takes. That is crude: nothing is said of caches beyond the parts that the methods are cut
into. It need not be good, only good enough to rank the methods; `python -m tests.bench sample` says how often
it does, and what a wrong choice costs.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import product
from math import inf, log2

from convlab.fast import mec as rows_of_mec
from convlab.fast import strides
from convlab.fast import toeplitz as rows_of_toeplitz
from convlab.fast.gemm import bias_is_a_tap
from convlab.fast.layer import Layer, Pair, input_phases, is_pointwise, is_row
from convlab.fast.pieces import reach
from convlab.fast.planes import grid, taps_by_phase
from convlab.fast.rows import are_beside
from convlab.fast.scatter import tasks as tasks_of_scatter
from convlab.fast.shift import adds_rows
from convlab.fast.shifted import copies, tall
from convlab.fast.table import (
    ASIDE,
    CACHE,
    COLUMNS,
    FEW_IMAGES,
    LANES,
    LARGEST_TILE,
    NARROW,
    PRICES,
    RUN,
    SHIFTED,
    SIGNALS,
    SMALL,
    STRIP,
    TILES,
    WORK,
)
from convlab.fast.tiles import Tiling, at_a_time
from convlab.fast.transforms import Transform, fourier, winograd


def product_cost(
    rows: float,
    inner: float,
    columns: float,
    times: float = 1,
    touch: float = PRICES["near"],
    lanes: int = LANES,
    blocks: bool = True,
) -> float:
    """Price (rows × inner) @ (inner × columns): the products, and reading and writing the matrices."""
    touched = rows * inner + inner * columns + rows * columns
    columns = -(-columns // lanes) * lanes
    multiply = PRICES["small" if blocks and 16 * STRIP * inner <= SMALL else "multiply"]
    return times * (multiply * rows * inner * columns + touch * touched + PRICES["product"])


def windows(layer: Layer) -> float:
    copied = layer.positions * layer.groups * layer.c * layer.taps
    return PRICES["call"] * 40 + 3 * PRICES["gather"] * copied + _matrix(layer, layer.positions)


def gemm(layer: Layer) -> float:
    if is_pointwise(layer):
        return product_cost(layer.o, layer.c, layer.positions / layer.n, layer.n * layer.groups)
    held = (layer.c * layer.taps + layer.o) * layer.groups * layer.positions
    pieces = max(held / COLUMNS, 1)
    copied = layer.positions * layer.groups * layer.c * layer.taps
    tap = bias_is_a_tap(layer)
    return sum(
        [
            PRICES["gather"] * copied if layer.strides[1] > 1 else _copies(copied, layer.counts[1]),
            PRICES["far"] * copied,  # a piece of them is larger than a near cache
            _put(layer, tap),
            _padding(layer),
            product_cost(
                layer.o, layer.c * layer.taps + tap, layer.positions / pieces, layer.groups * pieces
            ),
            PRICES["call"] * 12 * pieces,
        ]
    )


def gemm_weight(layer: Layer) -> float:
    # BLAS arranges columns that lie across: a fifth more, on the race's layers.
    return 1.2 * (gemm(layer) - _put(layer, bias_is_a_tap(layer)))


def mec(layer: Layer) -> float:
    if are_beside(layer, layer.n):
        (height, width), (rows, columns), (above, (left, right)) = layer.size, layer.counts, layer.pads
        as_one = layer._replace(
            n=1,
            size=(height, width * layer.n),
            counts=(rows, columns * layer.n),
            pads=(above, (left * layer.n, right * layer.n)),
        )
        return mec(as_one) + 2 * PRICES["gather"] * (_pixels(layer) + layer.outputs)  # pixels far apart
    rows = rows_of_mec.band(layer)
    tap = rows_of_mec.bias_is_a_tap(layer)
    calls = layer.n * layer.groups * -(-layer.counts[0] // rows)
    inner = reach(layer, rows) * (layer.c * layer.kernel[1] + tap)
    multiply = product_cost(layer.o if rows == 1 else rows, inner, layer.counts[1])
    shifts = _shifts(layer, layer.kernel[1] > NARROW)
    if rows > 1:  # the bias is added while the output is near
        near = (PRICES["add"] + PRICES["near"]) * layer.outputs
        return calls * layer.o * multiply + shifts + near
    far = PRICES["far"] * layer.positions * layer.groups * layer.c * layer.kernel[1]
    # A row is cut into segments, which are put together again, or stays on one thread.
    again = _put(layer) if is_row(layer) else 0
    return calls * multiply + shifts + far + _put(layer, tap) + again


def mec_weight(layer: Layer) -> float:
    inner = layer.c * layer.kernel[1]
    # Few columns, many products.
    per_image = product_cost(layer.o, layer.positions / layer.n, inner, lanes=4, blocks=False)
    added = 6 * PRICES["add"] * layer.o * inner
    # A flat right factor, which BLAS arranges again for every row of the kernel: half more on the race's layers,
    # and twice as much where rows are short.
    again = 1.5 if layer.counts[1] >= ASIDE else 2
    return layer.n * layer.groups * layer.kernel[0] * (again * per_image + added) + _shifts(layer, True)


def toeplitz(layer: Layer) -> float:
    if not rows_of_toeplitz.fits(layer):
        return inf
    inner, columns = layer.c * rows_of_toeplitz.inner(layer), layer.o * layer.counts[1]
    rows = layer.groups * layer.counts[0]
    written = layer.groups * columns * (PRICES["copy"] * inner + PRICES["gather"] * layer.c * layer.taps)
    copied = [(inner, inner // layer.c, layer.c), (columns, layer.counts[1], layer.o)]
    laid = sum(_copies(layer.n * rows * entries, run) for entries, run, channels in copied if channels > 1)
    arranged = PRICES["gather"] * rows * inner * columns  # by BLAS, again for every row
    products = product_cost(layer.n, inner, columns, rows)
    calls = 15 + 4 * len(rows_of_toeplitz.tasks(layer)) * layer.counts[0]
    return written + laid + arranged + products + PRICES["call"] * calls


def toeplitz_weight(layer: Layer) -> float:
    if not rows_of_toeplitz.fits(layer):
        return inf
    return toeplitz(layer) + 2 * PRICES["add"] * rows_of_toeplitz.held(layer) * layer.counts[0]


def scatter(layer: Layer) -> float:
    length = _length(layer)
    added = layer.groups * layer.c * layer.taps * length
    tasks = len(tasks_of_scatter(layer))
    calls = PRICES["call"] * (layer.taps + max(layer.strides) ** 2 + 6) * max(added // COLUMNS, tasks)
    matrix = product_cost(layer.o, layer.c * layer.taps, length, layer.groups)
    return 6 * PRICES["add"] * added + matrix + _moved(layer) + calls


def shift(layer: Layer) -> float:
    length, parts = _runs(layer)
    kernels = layer.groups * layer.o * layer.c * layer.taps
    phases = len(taps_by_phase(tall(layer)))
    outputs = layer.groups * layer.o * length
    if adds_rows(layer.c, layer.kernel[0], layer.kernel[1], outputs):
        loops = PRICES["loop"] * kernels / layer.kernel[1]
        sums = PRICES["dot"] * kernels * length + PRICES["add"] * layer.kernel[0] * outputs + loops
    else:
        sums = PRICES["shift"] * kernels * length + PRICES["loop"] * kernels * parts
    # What is too large for any cache: the pixels and outputs, and the images that are written.
    moved = _pixels(layer) + outputs
    far = 2 * PRICES["far"] * moved if moved > WORK // 2 else 0
    return far + sums + (phases - 1) * PRICES["add"] * outputs + PRICES["put"] * outputs + _columns(layer)


def shift_weight(layer: Layer) -> float:
    length, parts = _runs(layer)
    kernels = layer.groups * layer.o * layer.c * layer.taps
    laid = PRICES["put"] * layer.groups * layer.o * length if layer.n > 1 else 0
    return PRICES["dot"] * kernels * length + PRICES["product"] * kernels * parts + laid + _columns(layer)


def nhwc(layer: Layer) -> float:
    loops = layer.positions * layer.o * layer.c * layer.taps
    arranged = PRICES["gather"] * (_pixels(layer) + 3 * layer.outputs)
    if layer.n > 1:
        arranged += PRICES["far"] * (_pixels(layer) + layer.outputs)
    sums = loops * (4 * PRICES["run"] + PRICES["shift"] * layer.groups)
    return sums + arranged + PRICES["call"] * 16


def tiles(layer: Layer, transform: Transform) -> float:
    (n_h, n_w), (m_h, m_w), parts = transform.size, transform.outputs, transform.parts
    (b_h, b_w), (d_h, d_w) = Tiling.of(layer, transform.outputs).blocks, layer.dilations
    count = layer.n * b_h * b_w * d_h * d_w
    data, outputs = count * layer.groups * layer.c, count * layer.groups * layer.o
    kernels = layer.groups * layer.o * layer.c
    run = d_w if d_w > 1 else b_w  # tiles are copied in runs of neighbours
    f_w, f_h = len(transform.data[0]) // parts, len(transform.data[1]) // parts
    k_h, k_w = layer.kernel

    work = min(max(2 * transform.values * parts**2 * kernels, CACHE), WORK)
    far = PRICES["near" if work <= CACHE else "far"]

    def transformed(rows: int, columns: int, x: float) -> float:
        first = product_cost(f_w * parts, columns, rows * x, touch=far)
        return first + (product_cost(f_h * parts, parts * rows, x, f_w, far) if f_h > 1 else 0)

    again = -(-layer.o // at_a_time(layer, transform)[0])  # so many parts of the kernels see the tiles
    chunks = again * max(transform.values * parts * (data + outputs / again) / work, 1)
    steps = [
        PRICES["call"] * (15 + m_h * m_w) * (1 + chunks),
        (PRICES["gather"] + PRICES["run"] / run) * n_h * n_w * again * data,
        # Put into lines, the farther apart the more columns a tile has, and from there to the result.
        (PRICES["gather"] * (1 + m_w / 8) + PRICES["copy"]) * m_h * m_w * outputs,
        # On one thread half as much; but two write such large arrays no faster than one.
        PRICES["gather"] * (k_h * k_w + transform.values * parts**2) * kernels,
        transformed(n_h, n_w, again * data) + transformed(m_h, m_w, outputs) + transformed(k_h, k_w, kernels),
        _moved(layer),
    ]
    if layer.c == 1:
        runs = kernels if count > 1 else 1  # the same value of a kernel meets all tiles in one inner loop
        steps.append(parts**3 * transform.values * (PRICES["add"] * outputs + PRICES["run"] * runs))
    else:
        # Each chunk of tiles reads the kernels' values anew.
        sizes = parts * layer.o / again, parts * layer.c, count * again / chunks
        steps.append(product_cost(*sizes, transform.values * layer.groups * chunks, far))
    # The matrices of small complex tiles have odd sizes: a quarter more, on the race's layers. A signal's few
    # tiles keep one thread busy: half more.
    odd = parts > 1 and layer.c > 1 and max(n_h, n_w) <= 32
    return sum(steps) * (1.25 if odd else 1) * (1.5 if is_row(layer) else 1)


def tiles_weight(layer: Layer, transform: Transform) -> float:
    """Add what the values of all kernels cost: they are summed up over the tiles, and transformed back."""
    values = transform.values * transform.parts**2 * layer.groups * layer.o * layer.c
    return tiles(layer, transform) + PRICES["values"] * values


def spectra(layer: Layer) -> float:
    n = layer.padded[0] * layer.padded[1]
    images = layer.n * layer.groups * (layer.c + layer.o)
    kernels = layer.groups * layer.o * layer.c
    transforms = PRICES["fft"] * n * log2(n) * (images + kernels)
    calls = PRICES["call"] * 20 * (images + kernels)
    return transforms + PRICES["add"] * 4 * n * kernels * layer.n + calls


def winograd_fits(layer: Layer) -> bool:
    folded = strides.fold(layer) if strides.foldable(layer) else layer
    return 1 < max(folded.kernel) <= 5 and folded.strides == (1, 1)


def winograd_cost(layer: Layer, price: Callable[[Layer, Transform], float] = tiles) -> float:
    if not winograd_fits(layer):
        return inf
    if strides.foldable(layer):
        # One thread folds an image while the other waits: a third more, on the race's layers.
        return _folding(layer) + 1.3 * winograd_cost(strides.fold(layer), price)
    return price(layer, winograd(layer.kernel, "f4"))


def winograd_weight(layer: Layer) -> float:
    return winograd_cost(layer, tiles_weight)


def fft_cost(layer: Layer) -> float:
    if strides.foldable(layer):
        return _folding(layer) + fft_cost(strides.fold(layer))
    return _best_fft(layer)[0]


def fft_weight(layer: Layer) -> float:
    if strides.foldable(layer):
        return _folding(layer) + fft_weight(strides.fold(layer))
    tile = fft_tile(layer)
    return tiles_weight(layer, fourier(layer.kernel, tile, "f4")) if tile else spectra(layer)


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


METHODS = {
    "windows": windows,
    "gemm": gemm,
    "mec": mec,
    "toeplitz": toeplitz,
    "shift": shift,
    "nhwc": nhwc,
    "winograd": winograd_cost,
    "fft": fft_cost,
}
WEIGHT = {
    **METHODS,
    "gemm": gemm_weight,
    "mec": mec_weight,
    "toeplitz": toeplitz_weight,
    "shift": shift_weight,
    "winograd": winograd_weight,
    "fft": fft_weight,
}


def input_gradient(layer: Layer, method: str) -> float:
    """Price the input's gradient as convolutions of grad_output."""
    return min(by_phases(layer, method), by_squares(layer, method))


@lru_cache(maxsize=4096)
def prefers_squares(layer: Layer, method: str) -> bool:
    """Say whether one convolution that gives squares is cheaper than one for each residue of the stride."""
    return by_squares(layer, method) < by_phases(layer, method)


def by_phases(layer: Layer, method: str) -> float:
    """Price a convolution for each residue of the stride."""
    phases = sum(METHODS[method](phase.layer) + _turned(phase.layer) for phase in input_phases(layer))
    return phases if layer.strides == (1, 1) else phases + _spread(layer)


def by_squares(layer: Layer, method: str) -> float:
    """Price one convolution that gives squares of pixels as channels (strides), if an image's may be held."""
    if not strides.foldable(layer) or _pixels(layer) > 4 * WORK * layer.n:
        return inf
    folded = strides.fold(layer)
    kernels = layer.groups * layer.o * folded.c * folded.taps
    written = _copies(kernels, folded.kernel[1]) if folded.taps > 1 else 0
    return by_phases(folded, method) + _spread(layer) + written


def _spread(layer: Layer) -> float:
    """Price writing the pixels of a stride's residues to their places."""
    return PRICES["gather"] * layer.n * layer.groups * layer.c * layer.size[0] * layer.size[1]


def _turned(layer: Layer) -> float:
    """Price the kernels of a phase, if they have to be copied."""
    if layer.taps == layer.groups == 1 and layer.n < FEW_IMAGES:
        return 0
    return _copies(layer.groups * layer.o * layer.c * layer.taps, layer.taps)


def _folding(layer: Layer) -> float:
    """Price the squares of a stride: a padded copy, and one against the order of memory."""
    entries = _pixels(layer)
    return (
        _padding(layer) + PRICES["gather"] * entries + PRICES["run"] * entries / strides.fold(layer).size[1]
    )


def _put(layer: Layer, bias_is_a_tap: bool = False) -> float:
    """Price adding the bias to the output, or only writing it."""
    return PRICES["far" if bias_is_a_tap else "put"] * layer.outputs


def _pixels(layer: Layer) -> int:
    """Count the entries of the padded images."""
    return layer.n * layer.groups * layer.c * layer.padded[0] * layer.padded[1]


def _copies(entries: float, run: float) -> float:
    """Price copying entries in runs of neighbours."""
    return PRICES["copy"] * entries + PRICES["run"] * entries / run


def _padding(layer: Layer) -> float:
    """Price the padded copy."""
    if layer.pads == ((0, 0), (0, 0)):
        return 0
    entries = _pixels(layer)
    return PRICES["copy"] * entries + _copies(entries, layer.size[1])


def _shifts(layer: Layer, pads: bool) -> float:
    """Price mec's shifted images, of padded ones or straight from the pixels."""
    width, taps = layer.counts[1], layer.kernel[1]
    rows = layer.n * layer.groups * layer.c * layer.padded[0]
    entries = rows * taps * width
    pieces = max(entries / SHIFTED, 1)
    copied = _copies(entries, width) if layer.strides[1] == 1 else PRICES["gather"] * entries
    edges = PRICES["run"] * rows * (taps - 1) if layer.pads[1] != (0, 0) else 0  # a zero at the end of a row
    return copied + PRICES["call"] * 16 * pieces + (_padding(layer) if pads else edges)


def _runs(layer: Layer) -> tuple[float, float]:
    """Give the entries of the signal that shift adds up, junk rows included, and in how many runs."""
    rows = grid(tall(layer)).rows
    length = layer.n * rows * layer.counts[1] if layer.n > 1 else layer.positions
    return length, max(length / RUN, 1)


def _columns(layer: Layer) -> float:
    """Price shift's images: a copy for each column of taps, of which some are read from the pixels."""
    if is_pointwise(layer) and layer.n == 1:
        return 0  # the image as it is
    phases = len(taps_by_phase(tall(layer)))
    entries = phases * layer.n * grid(tall(layer)).rows * layer.counts[1] * layer.groups * layer.c
    read = sum(copy.neighbour is None for copy in copies(layer))
    wide = layer.counts[1] if layer.strides[1] > 1 or layer.counts[1] != layer.size[1] else layer.positions
    pixels = PRICES["gather"] * entries if layer.strides[1] > 1 else _copies(entries, wide)
    moved = (layer.kernel[1] - read) * (PRICES["move"] * entries + PRICES["run"] * entries / layer.counts[1])
    calls = PRICES["call"] * phases * (6 + 3 * layer.kernel[1])
    return read * pixels + moved + calls * max(entries * layer.kernel[1] / SIGNALS, 1)


def _length(layer: Layer) -> int:
    """Count the positions of the signal, junk included."""
    rows, pitch, _ = grid(layer)
    return layer.n * rows * pitch if layer.n > 1 else layer.counts[0] * pitch


def _matrix(layer: Layer, positions: int) -> float:
    return product_cost(layer.o, layer.c * layer.taps, positions, layer.groups, blocks=False)


def _moved(layer: Layer) -> float:
    """Price laying out the input and cutting the output."""
    entries = _pixels(layer)
    laid = PRICES["gather"] * entries if layer.strides[1] > 1 else _copies(entries, layer.size[1])
    cut = _copies(layer.outputs, layer.counts[1])
    return PRICES["copy"] * entries + laid + cut
