"""The numbers that the methods and their costs are tuned by."""

COLUMNS = 2**18  # entries of gemm's columns at a time: 1 MB of float32, which a cache holds
RUN = 2**14  # entries of the signal that shift adds up at a time
ALONE = 10**6  # products that are not worth a second thread
CACHE = 2**18  # entries that lie near while the transforms work on them: 1 MB of float32
WORK = 2**23  # entries that any method may hold at a time beyond input and output: 32 MB of float32

TILES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192)  # Fourier's tiles are as large as one of these
LARGEST_TILE = TILES[-1]

# Nanoseconds of one processor, in float32, for one entry unless another unit is named. Measured by
# `python -m tests.bench prices --threads 1 --processor-time` on an AMD EPYC (Zen 4, 2.6 GHz), NumPy 2.4. Three were
# set by hand, where what is measured alone ranked the methods wrongly: "product" (46 for 8 × 8 matrices that lie in
# the cache), "gather" (0.11 beside "run" for one small image) and "call" (not measured).
PRICES = {
    "multiply": 0.022,  # one product of a large matrix product
    "pack": 0.15,  # one entry of the matrices, read or written by it
    "product": 300.0,  # one call of it from NumPy's loop over a stack
    "copy": 0.08,  # copied in long runs
    "gather": 0.35,  # copied against the order of memory
    "add": 0.11,  # added in place
    "shift": 0.115,  # one product of shift's sums
    "dot": 0.22,  # one product of shift's gradient
    "run": 6.0,  # one start of an inner loop
    "fft": 0.65,  # numpy.fft, times log2(n)
    "call": 3000.0,  # one call of NumPy from Python
}
