"""The numbers that the methods and their costs are tuned by."""

COLUMNS = 2**20  # entries of gemm's columns and product at a time: 4 MB of float32
FEW = 96  # positions in an image, below which gemm puts images side by side
MANY = 32  # filters of a 1 × 1 kernel, from which on each thread takes half of them, and all pixels
FEW_IMAGES = 8  # below which a 1 × 1 kernel's gradient takes the kernels as they lie, across
WIDE = 256  # positions that a product should have, so that BLAS need not arrange the weights too often
SHIFTED = 2**20  # entries of mec's shifted images at a time
ASIDE = 16  # columns of the output, below which mec computes the rows of all images as one
NARROW = 3  # columns of a kernel, up to which mec copies pixels without padding them first
BAND = 4  # rows that a product of mec should have
SIGNALS = (
    2**20
)  # entries of shift's images at a time; the fewer parts, the less its threads wait for each other
RUN = 2**14  # entries of the signal that shift adds up at a time
SLOW = 5  # times as long does a product of shift's take as one of a product of matrices
ALONE = 4 * 10**6  # products that are not worth a second thread
APART = 2 * 10**6  # products of nhwc that are worth a second thread
SMALL = 10**6  # products of a matrix product that OpenBLAS has kernels for that copy nothing
STRIP = 64  # columns of the blocks that a larger one is cut into
LONG_SUM = 512  # products in a sum, above which it is cut, if it is too long for blocks
CACHE = 2**18  # entries that lie near while the transforms work on them: 1 MB of float32
KERNELS = 2**22  # entries of the kernels' values at a time: 16 MB of float32
SHORT = 8  # entries of an inner loop that are too few to be one
LONG = 2**12  # columns of an only row that are worth being cut
WORK = 2**21  # entries of the values that a thread works on: 8 MB of float32

# What a call holds at most beside its arguments and results, in bytes, in float32 and with two threads, if one image
# of one group has no more than WORK entries. Kernels cost eight times what they take on top. The numbers above keep it.
HELD = 2**27

TILES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192)  # Fourier's tiles are as large as one of these
LARGEST_TILE = TILES[-1]

# Nanoseconds of one processor, in float32, for one entry unless another unit is named, on an AMD EPYC (Zen 4,
# 2.6 GHz) with NumPy 2.4. `python -m tests.bench prices --threads 1 --processor-time` measures them. These were set
# by hand to agree with whole methods on the layers of the race, where a step alone is cheaper or dearer than in its
# place: "near", "far", "gather", "product", "move", "put", "loop", "dot", "run", "values" and
# "call".
LANES = 16  # columns that BLAS multiplies at once; it fills the last ones up

PRICES = {
    "multiply": 0.0205,  # one product of a large matrix product
    "small": 0.0178,  # one of a product in small blocks
    "near": 0.06,  # one entry of the matrices, read or written by it in a cache
    "far": 0.15,  # the same where the matrices are larger than that
    "product": 50.0,  # one call of it from NumPy's loop over a stack
    "copy": 0.08,  # copied in long runs
    "gather": 0.35,  # copied against the order of memory
    "add": 0.11,  # added in place
    "move": 0.12,  # copied to other places of the same array, not aligned as they were
    "put": 0.28,  # added to the bias, and written to the result, which is far
    "shift": 0.11,  # one product of shift's sums
    "loop": 40.0,  # one start of their inner loop
    "dot": 0.06,  # one product of shift's gradient, and of its short runs
    "run": 5.0,  # one start of an inner loop
    "values": 6.0,  # a value of a kernel, summed up over all tiles and transformed back
    "fft": 0.65,  # numpy.fft, times log2(n)
    "call": 1500.0,  # one call of NumPy from Python
}
