# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8 · Speed and data movement
#
# Your `conv2d` of chapter 5 is right, and it is slow. This chapter makes it fast in three ways. All of them
# compute the same sums. They differ in the order of the sums, in what is fetched from memory, and in how
# often.
#
# **After this chapter you can**
#
# - write the same sums in three loop orders, and count what each of them reads and writes;
# - say why neighbours in memory are cheap, and why large matrix products are fast;
# - write `conv2d` as one product of matrices, and as a product of Fourier transforms;
# - count the operations and the bytes of a layer, and tell which of the two will limit it;
# - time methods against each other fairly, on your own machine.
#
# **You need** chapter 1: both formulas. Chapter 3: the layer with batch and channels. Chapter 5: the complete
# operator. Chapter 6: im2col.
#
# **It takes** about an hour and a half. Two thirds of it belongs to the three exercises.

# %%
import math
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from numpy.lib.stride_tricks import sliding_window_view

from convlab import draw, functional
from convlab.checks import check

np.set_printoptions(precision=4, suppress=True)

# %% [markdown]
# ## Computing is cheap, fetching is not
#
# Chapter 2 counted the products of one layer for one picture: more than a hundred million. A processor does
# them quickly, if the numbers are there. Bringing the numbers is the harder part.
#
# This is what single steps cost on a chip, in picojoules of energy. The numbers have 32 bits, and the chip
# was built in the 45-nanometre technique of about 2008. Newer chips need less of everything, but the ranking
# is the same.
#
# | step | picojoules |
# |---|---|
# | add two floats | 0.9 |
# | multiply two floats | 3.7 |
# | read a float from a small memory on the chip (8 KB) | 5 |
# | read a float from the computer's main memory | 640 |
#
# **Predict.** How many multiplications does one read from main memory cost?
#
# <details><summary>Answer</summary>
#
# 640 / 3.7: about 170.
#
# </details>
#
# So we count what is read and written. The number of products stays the same until the FFT comes in.

# %% [markdown]
# ## An array that counts
#
# Python lets us watch. When you write `a[3]`, Python calls `a.__getitem__(3)`. When you write `a[3] = 7`, it
# calls `a.__setitem__(3, 7)`. A class of our own can do both, and keep a tally.


# %%
class Recorder:
    """An array that counts how often each of its entries is read, and how often it is written."""

    def __init__(self, array):
        self.array = np.array(array, dtype=float)
        self.shape = self.array.shape
        self.reads = np.zeros(self.shape, dtype=int)
        self.writes = np.zeros(self.shape, dtype=int)

    def __len__(self):
        return len(self.array)

    def __getitem__(self, index):
        self.reads[index] += 1
        return self.array[index]

    def __setitem__(self, index, value):
        self.writes[index] += 1
        self.array[index] = value


# %% [markdown]
# **Predict.** How many reads and how many writes is the line `a[1] += 5`?
#
# <details><summary>Answer</summary>
#
# One of each. Python reads `a[1]`, adds 5, and writes the sum back.
#
# </details>

# %%
a = Recorder([2, 7, 1])
a[1] += 5
print("a[1] =", a[1])

draw.beside(draw.counts(a.reads, name="reads of a"), draw.counts(a.writes, name="writes of a"))

# %% [markdown]
# Two reads? The second one is ours: `print` looked at `a[1]`, too.

# %% [markdown]
# ## Output-stationary: finish one entry, then the next
#
# These are the ramp and the kernel of chapter 1. The loops are those of the formula: `x` outside, `k` inside.
# Each sum grows in a plain variable, `total`, and is stored once, when it is complete.

# %%
ramp = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0]
slope = [-1, 0, 1]
expected = [2, 2, 2, 2, 2, 2, 2, 2, 2, -9]
L, K = len(ramp), len(slope)
L_out = L - K + 1

input, weight, output = Recorder(ramp), Recorder(slope), Recorder(np.zeros(L_out))
for x in range(L_out):
    total = 0
    for k in range(K):
        total += input[x + k] * weight[k]
    output[x] = total

assert np.array_equal(output.array, expected), "the loops disagree with the ramp of chapter 1"

# %% [markdown]
# **Predict.** How often was sample 0 read, and how often sample 5? How often was each tap read? How often was
# each entry of the output written?
#
# <details><summary>Answer</summary>
#
# Sample 0 is in one window, sample 5 in three, so they were read once and three times. Each tap is used in
# each of the ten windows: ten times. Each entry was written once, and never read.
#
# </details>

# %%
draw.beside(
    draw.counts(input.reads, name="reads of input"),
    draw.counts(weight.reads, name="reads of weight"),
    draw.counts(output.writes, name="writes of output"),
)

# %% [markdown]
# `total` is not counted. A processor keeps such a variable in a **register**, a place right beside the adder.
# It has only a few dozen of them.
#
# What stays in the register while the inner loop runs is called **stationary**. Here it is an entry of the
# output. So this order is called **output-stationary**.

# %% [markdown]
# ## Weight-stationary: use one tap up, then the next
#
# A sum may be added up in any order. So we may exchange the two loops: `k` outside, `x` inside. Then one tap
# can stay in a register, until it has met every sample it is to meet.

# %%
input, weight, output = Recorder(ramp), Recorder(slope), Recorder(np.zeros(L_out))
for k in range(K):
    tap = weight[k]
    for x in range(L_out):
        output[x] += input[x + k] * tap

assert np.array_equal(output.array, expected), "the exchanged loops give other sums"

# %% [markdown]
# **Predict.** There are still 30 products. How many reads of `weight` are there now? And what does that cost
# elsewhere?
#
# <details><summary>Answer</summary>
#
# Three reads of `weight`: each tap once. But now no entry is finished before the last tap. Each product reads
# an entry of the output and writes it back: 30 reads and 30 writes, where there were 10 writes.
#
# </details>

# %%
draw.beside(
    draw.counts(input.reads, name="reads of input"),
    draw.counts(weight.reads, name="reads of weight"),
    draw.counts(output.reads, name="reads of output"),
    draw.counts(output.writes, name="writes of output"),
)

# %% [markdown]
# ## Three walks through one table
#
# There is a third order. To see it, put all products into a table: a row for each entry of the output, a
# column for each sample. In row `x` and column `t` stands the product that sample `t` adds to entry `x`. It
# is the product with tap `k = t − x`. This is the matrix of chapter 6. Here it is for 7 samples and 3 taps.
# The number in a cell says when its product is computed.


# %%
def visits(order, L=7, K=3):
    """When is each product computed, if `order` sorts the pairs (x, k)? A table of (x, t)."""
    table = np.zeros((L - K + 1, L), dtype=int)
    products = [(x, k) for x in range(L - K + 1) for k in range(K)]
    for turn, (x, k) in enumerate(sorted(products, key=lambda product: order(*product)), start=1):
        table[x, x + k] = turn
    return table


by_entry = visits(lambda x, k: (x, k))
by_tap = visits(lambda x, k: (k, x))
by_sample = visits(lambda x, k: (x + k, k))

table = {"empty": "no product", "axes": ("entry x", "sample t"), "note": "number: its turn; darker: later"}
draw.beside(
    draw.matrix(by_entry, name="row by row", **table),
    draw.matrix(by_tap, name="diagonal by diagonal", **table),
    draw.matrix(by_sample, name="column by column", **table),
)

# %% [markdown]
# Row by row is output-stationary: a row is one entry. Diagonal by diagonal is weight-stationary: along a
# diagonal `t − x` is constant, so it is one tap. What remains is column by column. A column is one sample.
# That is **input-stationary**: read a sample once, use it for everything it is good for, and never come back.
#
# Which entries does sample `t` go to? Tap `k` lies on it in the window that starts `k` places before it. So
#
# $$\text{sample } t \text{ adds } \;\text{input}[t]\;\text{weight}[k]\; \text{ to } \;\text{output}[t - k],
# \qquad \text{if } 0 \le t - k < L_\text{out}$$
#
# **Predict.** There are 7 samples, 3 taps, and 5 entries. To which entries do samples 0, 3 and 6 go?
#
# <details><summary>Answer</summary>
#
# Sample 0 goes to entry 0 only, with tap 0. Taps 1 and 2 would lead to entries −1 and −2. Sample 3 goes to 3,
# 2 and 1. Sample 6 goes to 4 only, with tap 2: entries 6 and 5 do not exist.
#
# </details>
#
# Look at the third table again: these are the cells of columns 0, 3 and 6. One of the products, in the
# letters of the formula. And all of them: below, row `t` is what sample `t` adds. Its taps stand back to front, for
# tap 0 leads furthest to the right. What leads beyond the five entries is hatched.

# %%
t, k = 3, 2
print(f"input[{t}] * weight[{k}] is added to output[{t - k}]")

names = ("input", "weight, back to front", "output")
draw.stamps([2, 1, 4, 3, 0, 5, 2], [1, 2, 4], t - k, padding=2, flipped=True, names=names)

# %% [markdown]
# ## Exercise: `conv1d_input_stationary`
# <!-- exercise: conv1d_input_stationary -->
#
# Write the layer of chapter 3 for signals, without bias, in the input-stationary order. `input` has the shape
# `(N, C_in, L)`, `weight` the shape `(C_out, C_in, K)`, and the result the shape `(N, C_out, L - K + 1)`.
# Sample `input[n, c, t]` meets the taps of *every* filter, on channel `c`:
#
# $$\text{it adds } \;\text{input}[n, c, t]\;\text{weight}[o, c, k]\; \text{ to } \;\text{output}[n, o, t - k],
# \qquad \text{if } 0 \le t - k < L_\text{out}$$
#
# Read each sample once, into a variable. All its products come before the next sample is read. The arrays may
# hold integers or floats. Any size may be 1, and a kernel may be as long as the signals. Leave the arguments
# as they are, and return a new array.
#
# `check` compares numbers. In which order you read, no number can tell. Below the exercise you will count
# that yourself.

# %%
draw.matrix(visits(lambda x, k: (x + k, k), L=9, K=4), name="column by column", **table)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Which letters choose a sample? These are the outer loops. The other letters are the inner ones.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Three loops outside: `n`, `c` and `t`, over all L samples. There the sample is read. Two loops inside: `o`
# and `k`. Some pairs of sample and tap belong to no window. Ask before you add.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# The innermost line has the form `output[n, o, ...] += sample * weight[...]`. The `if` around it is a chained
# comparison, `0 <= ... < L_out`.
#
# </details>

# %%
# exercise: conv1d_input_stationary

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `IndexError: index 1 is out of bounds for axis 2 with size 1`: this product belongs to no window. Ask
#   about `t - k` before you add.
# - `weight[0, 0, 1] should meet input[0, 0, 1] there; yours meets input[0, 0, 0] and input[0, 0, 1]`: only
#   the upper end was asked about. A negative `t - k` raises nothing: Python writes to the other end of
#   `output`.
# - `weight[0, 0, 1] should meet input[0, 0, 1] there; yours is missing from the sum`: the loop over the
#   samples ends at L_out. It goes over all L of them.
#
# </details>

# %% [markdown]
# ### Count your own loops
#
# This function hands a pair of recorders to a function and draws what it did. It asks torch as well.


# %%
def watch(function, input, weight):
    """Call a function with recorders; draw what it read of signal 0 and of filter 0."""
    right = F.conv1d(*(torch.tensor(array, dtype=torch.float64) for array in (input, weight)))
    input, weight = Recorder(input), Recorder(weight)
    output = function(input, weight)
    pictures = [draw.counts(input.reads[0], name="reads of input[0]")]
    pictures.append(draw.counts(weight.reads[0], name="reads of weight[0]"))
    if isinstance(output, Recorder):
        pictures.append(draw.counts(output.writes[0], name="writes of output[0]"))
        output = output.array
    assert np.allclose(output, right), "the sums are not those of torch"
    return draw.beside(*pictures)


signals = np.array([[ramp, [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0], [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0]]])
bank = np.array([[[-1, 0, 1], [2, 0, -2], [1, 1, 1]], [[1, 1, -1], [0, 1, 0], [-1, 0, 1]]])
print("input", signals.shape, " weight", bank.shape)

# %% [markdown]
# In a cell of your own, run `watch(conv1d_input_stationary, signals, bank)`. If every sample is read once,
# the first picture shows a 1 everywhere. (A `Recorder` knows indices, slices, `shape` and `len`, and no other
# tricks of NumPy.)
#
# To see the writes as well, make a copy of your function. In the copy, put `Recorder(...)` around
# `np.zeros(...)`, and return that recorder.
#
# **Predict.** How often is each tap read? How often is `output[0, 0, 5]` written?
#
# <details><summary>Answer</summary>
#
# A tap meets a sample in each of the 10 windows: 10 reads, if you ask `if` before you read the tap, and 12 if
# you read it first. `output[0, 0, 5]` is a sum of 3 channels with 3 taps each: 9 products, 9 writes.
#
# </details>

# %% [markdown]
# ### Spot it: right numbers, another order
#
# A classmate has the five loops in the right order. But they have no variable for the sample: their innermost
# line reads `input[n, c, t]`. `check` is content. This is what `watch` shows them for `input[0]`:

# %%
windows_that_read = np.convolve(np.ones(10, dtype=int), np.ones(3, dtype=int))
draw.counts(np.array([2 * windows_that_read] * 3), name="reads of input[0]")

# %% [markdown]
# **Predict.** Where does the 6 in the middle come from? Is their function input-stationary?
#
# <details><summary>Answer</summary>
#
# A sample in the middle meets 3 taps of each of the 2 filters, and it is read anew for each of the 6
# products. The *products* come in the input-stationary order. The *reads* do not show it, for nothing is
# held. A good compiler would see that `input[n, c, t]` does not change in the inner loops, and keep it in a
# register. Python does not.
#
# The sums are equal in every order, so no test of the sums can tell. What you want to know about, you have to
# count.
#
# </details>

# %% [markdown]
# ## Which order is best?
#
# Let P be the number of products. Each order touches one array as seldom as possible, and pays with the
# others:
#
# | order | reads of input | reads of weight | reads of output | writes of output |
# |---|---|---|---|---|
# | output-stationary | P | P | 0 | once each |
# | weight-stationary | P | once each | P | P |
# | input-stationary | once each | P | P | P |
#
# "Once each" is far less than P. A layer of VGG-16, the second one, has 1.85 billion products, but only
# 36,864 taps.
#
# In this count output-stationary wins, as an open sum must be read *and* written. Chips do not all agree,
# since they do not hold one number: they hold many. Google's first TPU, of 2015, holds 256 × 256 weights,
# next to as many multipliers, and lets the inputs stream past. That is weight-stationary. ShiDianNao, a chip
# for cameras, is output-stationary. SCNN, a design that skips zeros, is input-stationary.

# %% [markdown]
# ## Hold a block, not a number
#
# Holding many numbers is the key to all fast code. Take a product of two matrices, $C = A\,B$. Entry
# `C[y, x]` is the dot product of row `y` of A with column `x` of B.
#
# Computed one by one, each product reads two numbers. Now hold a **block** of `b` × `b` sums. Fetch `b`
# numbers from a column of A, and `b` from a row of B. Each of the first meets each of the second: `b` · `b`
# products for `2b` reads.
#
# **Predict.** For matrices of 8 × 8 there are 8 · 8 · 8 = 512 products. How many reads are there with blocks
# of 1 × 1, 2 × 2, 4 × 4 and 8 × 8?
#
# <details><summary>Answer</summary>
#
# 1024, 512, 256 and 128. Twice the block is half the reads: 1024 / b. With the largest block, every entry of
# A and B is read once.
#
# </details>


# %%
def reads_with_blocks(b, n=8):
    """Multiply two n × n matrices, holding b × b sums at a time, and count the reads."""
    A, B, C = Recorder(np.ones((n, n))), Recorder(np.ones((n, n))), np.zeros((n, n))
    for y in range(0, n, b):
        for x in range(0, n, b):
            held = np.zeros((b, b))
            for k in range(n):
                held += np.outer(A[y : y + b, k], B[k, x : x + b])  # 2b reads, b * b products
            C[y : y + b, x : x + b] = held
    assert np.array_equal(C, A.array @ B.array), "the blocks give another product"
    return A.reads.sum() + B.reads.sum()


for b in (1, 2, 4, 8):
    print(f"blocks of {b} x {b}: {reads_with_blocks(b):4} reads")

# %% [markdown]
# Fast libraries for matrix products do this on several levels at once: small blocks in the registers, larger
# ones in the memories on the chip. NumPy's `@` calls such a library, and so does torch. They all come with
# one routine for it, by the name of **GEMM**: general matrix multiplication.
#
# Convolutions can be cut into blocks, too. But decades of work went into GEMM, and chapter 6 has turned a
# convolution into a product of matrices. Before we use that, one more thing about reading.

# %% [markdown]
# ## Neighbours come together
#
# Main memory does not hand out single numbers. It hands out **lines**, on most processors 64 bytes: eight
# neighbouring floats of 64 bits. They are put into a small, fast memory on the chip, the **cache**. Whoever
# uses all eight pays once. Whoever uses one and jumps pays each time.
#
# As in chapter 2, pixel `(y, x)` stands at place `y * W + x`. So its line is number `(y * W + x) // 8`. We
# read all pixels of a 64 × 64 image and count how often the next pixel lies on another line than the one
# before.
#
# **Predict.** How often is that, if the image is read row by row? And column by column?
#
# <details><summary>Answer</summary>
#
# There are 4096 pixels on 512 lines. Row by row every line is used up before the next: 512. Column by column,
# each pixel lies on another line than the one above it: 4096, eight times as many.
#
# </details>

# %%
H, W = 64, 64
line = np.arange(H * W).reshape(H, W) // 8

for name, visited in [("row by row", line.ravel()), ("column by column", line.T.ravel())]:
    print(f"{name:17}", 1 + np.count_nonzero(np.diff(visited)))

# %% [markdown]
# This counts as if the cache held a single line. Real ones hold hundreds, so an image this small does not
# suffer. A large array does. On your machine, in two cells of your own, compare
#
# - `%timeit big.copy()`, which reads row by row, and
# - `%timeit big.T.copy()`, which reads column by column,
#
# with `big = np.ones((4096, 4096), dtype=np.float32)`. Both move the same 67 MB.

# %% [markdown]
# ## Leave the loops to compiled code
#
# In plain Python each product takes about a microsecond. Python looks up names, makes objects, finds out
# their types. The multiplication itself is lost in that, and no order of the loops helps. They have to go.
#
# The windows of chapter 6 need no copy, and an einsum sums over them in compiled code. That is the whole
# layer, at stride 1 and without padding:


# %%
def with_windows(input, weight):
    """The layer of chapter 3, by an einsum over a view of all windows."""
    windows = sliding_window_view(input, weight.shape[2:], axis=(2, 3))
    return np.einsum("ncyxij,ocij->noyx", windows, weight)


def with_torch(input, weight):
    return F.conv2d(torch.from_numpy(input), torch.from_numpy(weight)).numpy()


rng = np.random.default_rng(8)
images, filters = rng.standard_normal((2, 3, 9, 10)), rng.standard_normal((4, 3, 3, 2))

assert np.allclose(with_windows(images, filters), with_torch(images, filters)), "torch disagrees"
print("output:", with_windows(images, filters).shape)

# %% [markdown]
# The loops still exist, inside NumPy. But a turn of them is a few steps of the processor, and no walk through
# the interpreter. That alone is a factor of hundreds. Blocks they do not hold.

# %% [markdown]
# ## One product of matrices
#
# In chapter 6 each window became a column and each filter a row. Then the layer is a GEMM, one for each
# image:
#
# | matrix | shape | what it holds |
# |---|---|---|
# | `weight.reshape(C_out, -1)` | `(C_out, C_in * kh * kw)` | a filter in each row |
# | columns | `(N, C_in * kh * kw, H_out * W_out)` | a window in each column, for each image |
# | product | `(N, C_out, H_out * W_out)` | an entry for each filter and each window |
#
# Not a product is saved. What is gained are the blocks. And it has a price: the columns are written to
# memory, and then the GEMM reads them.
#
# **Predict.** VGG-16's second layer reads 64 channels of 224 × 224 pixels through 3 × 3 taps, with padding 1,
# and gives 64 channels. In `float32` the channels that go in are 12.8 MB, and so are those that come out. The
# weights are small. How many megabytes must be moved at least? How many with the columns?
#
# <details><summary>Answer</summary>
#
# At least 12.8 + 12.8 = 25.7 MB. The columns are nine times as large as the input: 115.6 MB. They are written
# and read, so it is 25.7 + 2 · 115.6 = 257 MB, ten times as much.
#
# </details>

# %%
channels = 64 * 224 * 224 * 4 / 1e6  # megabytes
columns = 9 * channels
print(f"at least {2 * channels:.1f} MB, with the columns {2 * channels + 2 * columns:.1f} MB")

# %% [markdown]
# This is why fast libraries use *implicit* GEMM, which chapter 6 mentioned: they make a few columns, use them
# while they are in the cache, and make the next ones in the same place.

# %% [markdown]
# ### Spot it: the mixed batch
#
# A classmate wants one large product rather than N small ones. They put the columns of all images side by
# side. The matrix has the shape `(C_in * kh * kw, N * H_out * W_out)`, and the product
# `(C_out, N * H_out * W_out)`. They end with `product.reshape(N, C_out, H_out, W_out)`. Their test has one
# image, and passes.
#
# **Predict.** What is wrong with two images? Here the product has C_out = 3 rows. Its entries are numbered 10
# · image + channel, at 4 places.

# %%
product = np.array([[image * 10 + channel for image in range(2) for _ in range(4)] for channel in range(3)])
reshaped = product.reshape(2, 3, 4)

draw.beside(draw.grid(product, name="product"), draw.grid(reshaped[0], name="product.reshape(2, 3, 4)[0]"))

# %% [markdown]
# <details><summary>Answer</summary>
#
# `reshape` cuts the numbers, in the order in which they stand in memory, into new rows. It moves no axis. The
# product's axes are C_out, then N. So "image 0" got channel 0 of both images and channel 1 of the first. Name
# the axes as they are, then exchange them: `product.reshape(C_out, N, H_out, W_out).swapaxes(0, 1)`. With a
# single image there is nothing to exchange, so a batch of one cannot see it.
#
# </details>

# %%
right = product.reshape(3, 2, 4).swapaxes(0, 1)
draw.beside(draw.grid(right[0], name="image 0"), draw.grid(right[1], name="image 1"))

# %% [markdown]
# ## Exercise: `conv2d_gemm`
# <!-- exercise: conv2d_gemm -->
#
# Write the complete operator of chapter 5 as a product of matrices. The arguments are those of your `conv2d`,
# padding in words included ("same" comes with stride 1 only). The arrays hold integers or floats. Leave them
# as they are, and return a new array.
#
# You may use your own functions of chapters 4 and 6, copied into the cell. Or take these, ready-made. Mind
# the order of `unfold`'s arguments: name them.

# %%
from convlab.functional import pad, resolve_padding, unfold

pads = resolve_padding("same", (3, 2), (1, 2))  # padding, kernel_size, dilation
padded = pad(images, pads)
columns = unfold(padded, (3, 2), dilation=(1, 2), stride=1)
print("images", images.shape, "  padded", padded.shape, "  columns", columns.shape)

# %%
draw.im2col([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12, 13, 14, 15]], (2, 2), stride=(1, 2), dilation=(1, 2))

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# The table of three matrices has all of it but the beginning and the end: pad before it, and bring the
# product into the shape of the output after it.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Five steps. (1) Turn `padding` into pads, and pad. (2) Write the windows as columns, with stride and
# dilation but *without* padding: it is there already. (3) Make the filters rows and multiply. (4) Count H_out
# and W_out from the padded image, as in chapter 5, and reshape. (5) Add the bias to the channels.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# The product is `weight.reshape(C_out, -1) @ columns`, of shape `(N, C_out, H_out * W_out)`. Its last axis
# goes row of places by row of places, so `.reshape(N, C_out, H_out, ...)` is all that is needed. `stride` and
# `dilation` may be numbers or pairs: `unfold` takes both, your formula for H_out needs `s_h` and `d_h`.
#
# </details>

# %%
# exercise: conv2d_gemm

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0`: the rows of the first matrix
#   are not as long as the columns of the second. Perhaps the filters still have four axes.
# - `ValueError: cannot reshape array of size 1 into shape (1,1,1,3)`: there are not H_out * W_out columns.
#   One of the two was counted without the padding, or without the dilation, or the images were padded twice.
# - `weight[0, 0, 0, 1] should meet input[0, 0, 0, 1] there; yours meets input[0, 0, 0, 2]`, with `stride=2`:
#   `unfold` got the stride in the place of the dilation. Its order is another one than that of `conv2d`.
#
# </details>

# %% [markdown]
# ## Multiply polynomials instead
#
# The third way computes fewer products. It begins in school. Multiply two polynomials:
#
# $$(2 + z + 4z^2)\,(4 + 2z + z^2) \;=\; 8 + 8z + 20z^2 + 9z^3 + 4z^4$$
#
# Which products end at $z^n$? Those of $z^{n-k}$ with $z^k$. So the coefficients of the result are, in
# chapter 1's letters, $\sum_k \text{input}[n - k]\;\text{weight}[k]$. **Multiplying polynomials is
# convolution.**

# %%
coefficients = [8, 8, 20, 9, 4]
assert np.array_equal(coefficients, np.convolve([2, 1, 4], [4, 2, 1])), "the copies add up to another sum"

draw.stamps([4, 2, 1], [2, 1, 4], output=coefficients, names=("weight", "input", "product"))

# %% [markdown]
# But there is another way to multiply polynomials. Choose a number for $z$, say 10. The first one is 412
# there, the second 124. Their product must be the result's value at 10.
#
# **Predict.** Is it? The result at 10 is 8 + 80 + 2000 + 9000 + 40000.
#
# <details><summary>Answer</summary>
#
# Yes: 412 · 124 = 51088. One multiplication of two values, and no sum over `k`.
#
# </details>

# %%
print(412 * 124, 8 + 80 + 2000 + 9000 + 40000)

# %% [markdown]
# One value does not give the coefficients. But two points fix a straight line, three a parabola, and `n`
# points a polynomial with `n` coefficients. The result has 3 + 3 − 1 = 5. So
#
# 1. compute the values of both polynomials at 5 points;
# 2. multiply value by value: 5 products;
# 3. find the coefficients that belong to these 5 values.
#
# Steps 1 and 3 are easy if the points are chosen well. The **discrete Fourier transform** takes the `n`
# complex numbers with $z^n = 1$. They lie on a circle, and they share so much work that all `n` values of a
# polynomial take about $n \log_2 n$ steps. Computed one by one they would take $n^2$. The method is called
# the **fast Fourier transform**, FFT. `np.fft.fft(a, n)` does step 1, `np.fft.ifft` does step 3.

# %%
values = np.fft.fft([2, 1, 4], 5) * np.fft.fft([4, 2, 1], 5)

print("5 values:    ", values.round(2))
print("coefficients:", np.fft.ifft(values).round(4) + 0)

# %% [markdown]
# The values are complex numbers, with a real part and an imaginary part (`j`). They have to be multiplied as
# they are. What comes back is real, but for rounding errors, and `.real` takes that part.
#
# The values of real coefficients come in pairs that mirror each other. `np.fft.rfft` computes only half of
# them, in half the time, and `np.fft.irfft` goes back to real numbers. It has to be told `n`. From three
# values it cannot know whether there were four coefficients or five, and it takes four.

# %%
half = np.fft.rfft([2, 1, 4], 5) * np.fft.rfft([4, 2, 1], 5)

print("irfft(half, 5):", np.fft.irfft(half, 5).round(4))
print("irfft(half):   ", np.fft.irfft(half).round(4))

# %% [markdown]
# ## With too few points the ends meet
#
# **Predict.** The result has 5 coefficients. What comes out with 3 points? At all of them $z^3 = 1$.
#
# <details><summary>Answer</summary>
#
# If $z^3 = 1$, then $9z^3$ counts as 9, and $4z^4$ as $4z$. So the coefficients 9 and 4 are added to 8 and 8:
# [17, 12, 20].
#
# </details>

# %%
values = np.fft.fft([2, 1, 4], 3) * np.fft.fft([4, 2, 1], 3)
assert np.allclose(np.fft.ifft(values), [17, 12, 20]), "the ends meet elsewhere"

draw.stamps([4, 2, 1], [2, 1, 4], around=3, output=[17, 12, 20], names=("weight", "input", "product"))

# %% [markdown]
# The end of the result has wrapped around to its front. This is called a **circular** convolution. A signal
# of L samples and K taps need at least L + K − 1 points, if nothing is to wrap around.

# %% [markdown]
# ## From the textbook's convolution to ours
#
# Two differences remain, and both are known from chapter 1.
#
# - The product of two transforms is a true convolution. Ours is a cross-correlation. So **flip the kernel**
#   first.
# - It is the full one. Of its L + K − 1 entries, the windows that lie inside are those from K − 1 to L − 1.
#   So **cut** both ends off.
#
# $$\text{output}[x] = \text{full}[x + K - 1], \qquad 0 \le x < L - K + 1$$
#
# An image has two axes. `np.fft.rfft2` and `np.fft.irfft2` transform the last two, one after the other. The
# size is `(H + kh - 1, W + kw - 1)`. Rows and columns are cut alike. Here is the full output of chapter 2's
# six-row image, and in it the part that stays.
#
# **Predict.** The image has 6 × 5 pixels, the kernel 3 × 3 taps. What size has the full output? Where does
# the part that stays begin, and how large is it?
#
# <details><summary>Answer</summary>
#
# The full output is 8 × 7. The part that stays begins in row 2 and column 2, and has 4 × 3 entries.
#
# </details>

# %%
steps = [[1, 1, 1, 2, 3], [1, 1, 1, 2, 3], [1, 1, 1, 2, 3], [2, 2, 2, 2, 3], [3, 3, 3, 3, 3], [4, 4, 4, 4, 4]]
left_minus_right = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
expected = [[0, -4, -8], [0, -3, -7], [0, -1, -4], [0, 0, -1]]

image, kernel = np.array(steps)[None, None], np.array(left_minus_right)[None, None]
full = functional.conv2d(image, kernel, padding="full")[0, 0]

assert np.array_equal(full[2:6, 2:5], expected), "the part that stays is not what torch gives"
draw.grid(full, window=(2, 2, 4, 3), name="full")

# %% [markdown]
# With channels, multiply channel by channel and add up, as always. The sum may be taken before the way back:
# the values of a sum are the sum of the values. So there is one inverse transform for each output channel,
# not one for each pair of channels. In einsum's letters, where `h` and `w` count the points:
# `"nchw,ochw->nohw"`.

# %% [markdown]
# ### Spot it: almost a whole number
#
# A classmate takes the ring and the Sobel kernel of chapter 2, and convolves them by FFT. All numbers are
# integers, so the results must be integers, and they end with `.astype(int)`. torch says:

# %%
ring, sobel_x = np.pad(np.arange(1.0, 10).reshape(3, 3), 1), np.outer([1.0, 2, 1], [-1, 0, 1])
expected = [[9, 6, -9], [20, 8, -20], [21, 6, -21]]

right = with_torch(ring[None, None], sobel_x[None, None])[0, 0]
assert np.array_equal(right, expected), "torch disagrees with the ring of chapter 2"
print(right)

# %% [markdown]
# And this is what came out on one machine:
#
# ```text
# [[  8   5  -8]
#  [ 19   7 -19]
#  [ 20   5 -20]]
# ```
#
# **Predict.** Every entry is one off, on the side of zero. Why? What should the classmate write?
#
# <details><summary>Answer</summary>
#
# The FFT computes with rounded sines and cosines, so 9 came back as 8.999999999999995. `astype(int)` cuts off
# all that stands behind the point. If integers are wanted, round first, with `np.rint(...)`. Better leave the
# floats as they are, and compare them with a tolerance, with `np.allclose`.
#
# The errors are relative to the *large* numbers in the picture. A tiny entry beside huge ones may have no
# right digit at all.
#
# </details>

# %% [markdown]
# ## Exercise: `conv2d_fft`
# <!-- exercise: conv2d_fft -->
#
# Write the operator with Fourier transforms. The arguments are those of `conv2d`, padding in words included.
# `stride` is there so that it can be called in the same way, but every call here has stride 1. (With a larger
# one you would compute all places and keep every `stride`-th of them.) The arrays hold integers or floats.
# Leave them as they are, and return a new array of real numbers.
#
# `np.fft` is allowed here. So are `pad`, `resolve_padding`, and two more functions: `dilate` spreads the
# kernels of a bank, as your own of chapter 5, and `flip` turns each of them round. The pictures show an image
# with padding 1, a kernel with dilation (1, 2), spread and flipped, and what the product of the transforms
# gives. The outline is the result.

# %%
from convlab.functional import dilate, flip

spread = dilate(np.array([[[[1, 2], [3, 4]]]]), (1, 2))
padded = pad(np.arange(1, 13).reshape(1, 1, 3, 4), ((1, 1), (1, 1)))
full = functional.conv2d(padded, spread, padding="full")

draw.beside(
    draw.grid(padded[0, 0], name="padded"),
    draw.grid(flip(spread)[0, 0], name="flip(spread)"),
    draw.grid(full[0, 0], window=(1, 2, 4, 4), name="full"),
)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Padding and dilation come first, as in chapters 4 and 5: a padded image, and kernels with zeros between
# their taps. What is left then is the plain case, stride 1 and nothing else.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Six steps. (1) Pad the images. (2) Spread the kernels, and flip them. (3) Choose the size: that of the full
# convolution of these two. (4) Transform both, each over its last two axes. (5) Multiply, add up over the
# input channels, and transform back. (6) Cut out the part that stays, and add the bias.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# With H and W of the *padded* images, and `h`, `w` of the *spread* kernels, the size is
# `size = (H + h - 1, W + w - 1)`. Both ways take it: `np.fft.rfft2(..., size)` and
# `np.fft.irfft2(..., size)`. The einsum above does the product and the sum. What stays is
# `full[:, :, h - 1 : ..., w - 1 : ...]`.
#
# </details>

# %%
# exercise: conv2d_fft

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `the result's dtype is complex128; it must hold integers or floating-point numbers`: take `.real` of what
#   comes back, or use `rfft2` and `irfft2`.
# - `weight[0, 0, 0, 0] should meet input[0, 0, 0, 0] there; yours meets input[0, 0, 0, 1]`: the kernel was
#   not flipped.
# - `the result's shape is (1, 1, 1, 2), expected (1, 1, 1, 1): axis 3 is 1 too long`, with `dilation=2`: the
#   ends were cut off with the number of taps. It is the span of the spread kernel that counts.
#
# </details>

# %% [markdown]
# ## Count the operations
#
# An **operation** is one addition or one multiplication, so each product of a sum counts for two. For one
# channel and one filter the loops need $2\,\mathit{kh}\,\mathit{kw}$ of them for each entry.
#
# A usual estimate for the FFT of `n` real numbers is $2.5\, n \log_2 n$. We need three: image, kernel, and
# back. In between are about n/2 complex products of 6 operations each. In this count the size of the kernel
# hardly matters.
#
# **Predict.** An image has 256 × 256 pixels, so n is about $2^{16}$. How many operations for each pixel does
# the FFT take? From which size on does a square kernel take more?
#
# <details><summary>Answer</summary>
#
# 3 · 2.5 · 16 + 3 = 123. A 7 × 7 kernel takes 2 · 49 = 98, a 9 × 9 kernel 162. So from 9 × 9 on. At 31 × 31
# it is 1922 against a little more than 123.
#
# </details>

# %%
H = W = 256
for k in (3, 5, 7, 9, 11, 15, 31):
    n = (H + k - 1) * (W + k - 1)
    loops = 2 * k * k * (H - k + 1) * (W - k + 1)
    fft = 3 * 2.5 * n * math.log2(n) + 3 * n
    print(f"{k:2} x {k:2}:  loops {loops / 1e6:6.1f} million,  FFT {fft / 1e6:5.1f} million")

# %% [markdown]
# With channels the balance changes. There is one transform for each channel of the image and of the output,
# but one for each *pair* of channels in `weight`. With 64 channels on either side these are 4096 transforms
# of kernels, each as large as the image. They pay off only if they are used again: in a large batch, or with
# a trained kernel that stays the same.

# %% [markdown]
# ## Time it yourself
#
# Operations are not time. Four rules for measuring time:
#
# 1. **Compare the results first.** A fast wrong answer is of no use.
# 2. **Same data, same dtype.** `float32` moves half the bytes of `float64`.
# 3. **Do not count the first call.** It loads libraries and fetches memory.
# 4. **Measure several times, keep the smallest.** Whatever else the machine does only ever makes it slower.


# %%
def best_time(function, *arguments, repeats=5):
    """The shortest of several runs, in seconds."""
    function(*arguments)
    times = []
    for _ in range(repeats):
        start = perf_counter()
        function(*arguments)
        times.append(perf_counter() - start)
    return min(times)


# %% [markdown]
# This plots the time of several methods over the size of the kernel. `methods` is a dictionary: a name, and a
# function of input and weight. matplotlib draws it.


# %%
def plot_times(methods, size=256, channels=1, kernel_sizes=(1, 3, 5, 7, 11, 15, 31)):
    """Plot milliseconds over the size of a square kernel, for one image of float32."""
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(0)
    times = {name: [] for name in methods}
    for k in kernel_sizes:
        input = rng.standard_normal((1, channels, size, size), dtype=np.float32)
        weight = rng.standard_normal((channels, channels, k, k), dtype=np.float32)
        right = with_torch(input, weight)
        for name, method in methods.items():
            error = np.abs(method(input, weight) - right).max()
            assert error < 1e-3 * np.abs(right).max(), f"{name} is wrong for a kernel of {k} x {k}"
            times[name].append(1000 * best_time(method, input, weight))
    for name, values in times.items():
        plt.plot(kernel_sizes, values, marker="o", label=name)
    plt.yscale("log")
    plt.xlabel("kernel size")
    plt.ylabel("milliseconds")
    plt.title(f"{channels} channels, {size} x {size} pixels")
    plt.legend()


# %% [markdown]
# In a cell of your own:
#
# ```python
# methods = {"windows": with_windows, "GEMM": conv2d_gemm, "FFT": conv2d_fft, "torch": with_torch}
# plot_times(methods)
# ```
#
# and in another one `plot_times(methods, size=64, channels=16)`.
#
# **Predict.** One channel and 256 × 256 pixels: which method wins at 1 × 1, at 3 × 3, and at 31 × 31? And
# with 16 channels and 64 × 64 pixels?
#
# <details><summary>Answer</summary>
#
# By the count, methods that loop over the taps should win at 1 × 1 and 3 × 3, and the FFT at 31 × 31. With
# NumPy 2.4 and torch 2.13 on 2 cores it came out so. At 31 × 31 the FFT needed between 0.03 and 0.1 of
# torch's time, at 3 × 3 several times torch's. With 16 channels the FFT lost its lead: there are 256 kernels
# to transform.
#
# That was one machine. Yours may see it otherwise, and then you will have found out why.
#
# </details>

# %% [markdown]
# ### Spot it: a race that is not fair
#
# "My convolution is three times as slow as torch's", writes a classmate. This is how they measured:
#
# ```python
# image = np.random.randn(1, 8, 128, 128)
# start = time.time(); mine = conv2d_gemm(image, kernels); print(time.time() - start)
# start = time.time(); theirs = layer(torch.randn(1, 8, 128, 128)); print(time.time() - start)
# ```
#
# **Predict.** Three things are unfair. Which?
#
# <details><summary>Answer</summary>
#
# - `np.random.randn` makes `float64`, `torch.randn` makes `float32`: half the bytes.
# - The inputs are different numbers, so nobody can say whether the results agree, and nobody asked.
# - Each ran once, as a first call. The numbers contain whatever was loaded for it, and whatever else the
#   machine did.
#
# `time.time()` may also jump when the clock is set. `perf_counter` does not.
#
# </details>

# %% [markdown]
# ## How often is a number used?
#
# Now back to the bytes. Each number of input and weight must be read from memory at least once, and each
# entry of the output must be written once. The **arithmetic intensity** of a layer is
#
# $$\text{intensity} = \frac{\text{operations}}{\text{bytes}} =
# \frac{2\, N\, C_\text{out}\, H_\text{out}\, W_\text{out}\, C_\text{in}\, \mathit{kh}\, \mathit{kw}}
# {4\,(\text{entries of input} + \text{weight} + \text{output})}$$
#
# for numbers of 4 bytes. It says how much there is to do for each byte that is moved.
#
# **Predict.** A fully connected layer, 4096 numbers to 1000, is a 1 × 1 convolution of a single pixel. For
# one picture, how often is each weight used? What is the intensity?
#
# <details><summary>Answer</summary>
#
# Once. One product for each weight makes 2 operations for 4 bytes: 0.5. With a batch of 64 pictures each
# weight is used 64 times.
#
# </details>


# %%
def intensity(N, C_in, H, W, C_out, k):
    """Operations for each byte that must be moved, in float32: stride 1, "same", square kernels."""
    operations = 2 * N * C_out * H * W * C_in * k * k
    numbers = N * C_in * H * W + C_out * C_in * k * k + N * C_out * H * W
    return operations / (4 * numbers)


print(f"VGG-16, second layer:           {intensity(1, 64, 224, 224, 64, 3):6.2f}")
print(f"ResNet-50, 3 x 3, 64 channels:  {intensity(1, 64, 56, 56, 64, 3):6.2f}")
print(f"ResNet-50, 1 x 1, 64 to 256:    {intensity(1, 64, 56, 56, 256, 1):6.2f}")
print(f"one channel, 3 x 3:             {intensity(1, 1, 224, 224, 1, 3):6.2f}")
print(f"fully connected, 1 picture:     {intensity(1, 4096, 1, 1, 1000, 1):6.2f}")
print(f"fully connected, 64 pictures:   {intensity(64, 4096, 1, 1, 1000, 1):6.2f}")

# %% [markdown]
# This is what the layer allows. A method may move more: with all columns written down, ten times as many
# bytes move for VGG's layer, and 143 becomes 14.

# %% [markdown]
# ## The roofline
#
# A machine has two limits: its peak, in operations each second, and its **bandwidth**, in bytes each second.
# With intensity $I$, the bytes alone allow $I$ · bandwidth operations each second. So
#
# $$\text{speed} \;\le\; \min(\text{peak},\; I \cdot \text{bandwidth})$$
#
# Drawn over $I$ this is a slope that ends in a flat roof, and it is called a **roofline**. Take a machine
# with a peak of 100 GFLOP/s, which is 100 billion operations on floats each second, and 20 GB/s.
#
# **Predict.** From which intensity on does it reach its peak? How fast can it be at best on the layer of one
# channel above, and on the fully connected one?
#
# <details><summary>Answer</summary>
#
# At 100 / 20 = 5 operations for each byte the slope meets the roof. The layer of one channel has 2.25: at
# most 2.25 · 20 = 45 GFLOP/s. The fully connected one has 0.5: at most 10, a tenth of the peak. For these, a
# faster processor would change nothing. The others can reach the peak.
#
# </details>

# %% [markdown]
# Both axes double from one number to the next, so that equal factors are equally far. What lies under the roof
# can be reached. The three dots are the fully connected layer (1), the one of one channel (2) and VGG's (3), each as
# fast as this machine can be on it.

# %%
draw.roofline(100, 20, {"one channel": 2.25, "fully connected": 0.5, "VGG's 3 x 3": 143})

# %% [markdown]
# Left of the point where the slope meets the roof a layer is **memory-bound**, right of it **compute-bound**.
# To measure your own machine, run a large product of matrices for the peak, and copy a large array for the
# bandwidth.


# %%
def measure_machine():
    """(peak in GFLOP/s, bandwidth in GB/s) of this machine, as NumPy reaches them."""
    square = np.ones((512, 512), dtype=np.float32)
    peak = 2 * 512**3 / best_time(np.matmul, square, square, repeats=20) / 1e9
    large = np.ones(16_000_000, dtype=np.float32)  # 64 MB, read once and written once
    bandwidth = 2 * large.nbytes / best_time(np.copyto, np.empty_like(large), large, repeats=20) / 1e9
    return peak, bandwidth


def plot_roofline(layers):
    """The roof of this machine, and points under it: name -> (intensity, GFLOP/s)."""
    import matplotlib.pyplot as plt

    peak, bandwidth = measure_machine()
    steps = np.geomspace(0.1, 1000, 100)
    plt.loglog(steps, np.minimum(peak, bandwidth * steps))
    for name, (x, y) in layers.items():
        plt.loglog(x, y, marker="o", linestyle="", label=name)
    plt.xlabel("operations for each byte")
    plt.ylabel("GFLOP/s")
    plt.title(f"peak {peak:.0f} GFLOP/s, bandwidth {bandwidth:.0f} GB/s")
    plt.legend()


# %% [markdown]
# And this places a layer under the roof: its intensity, and the speed that a method reaches on it.


# %%
def place(method, channels, size, k):
    """(intensity, GFLOP/s) of a method on one image of float32, stride 1, without padding."""
    rng = np.random.default_rng(0)
    input = rng.standard_normal((1, channels, size, size), dtype=np.float32)
    weight = rng.standard_normal((channels, channels, k, k), dtype=np.float32)
    output = method(input, weight)
    operations = 2 * output.size * channels * k * k
    speed = operations / best_time(method, input, weight) / 1e9
    return operations / (input.nbytes + weight.nbytes + 4 * output.size), speed


# %% [markdown]
# In a cell of your own:
#
# ```python
# plot_roofline({
#     "torch, 64 channels, 3 x 3": place(with_torch, 64, 58, 3),
#     "GEMM, 64 channels, 3 x 3": place(conv2d_gemm, 64, 58, 3),
#     "windows, 64 channels, 3 x 3": place(with_windows, 64, 58, 3),
#     "torch, 1 channel, 3 x 3": place(with_torch, 1, 512, 3),
# })
# ```
#
# A point far below the roof has room. A point near the slope moves its bytes as fast as the machine can, and
# only fewer bytes would help. No point should stand far above the roof. Three things can lift one: a machine
# that was busy with something else while the roof was measured; an array so small that it stays in the cache,
# where the bandwidth is higher; and a method that does fewer operations than were counted, as the FFT does.

# %% [markdown]
# ## Why no method wins everywhere
#
# | layer | what it is short of | what helps |
# |---|---|---|
# | 1 × 1 | nothing: the image is its own im2col | GEMM, without copying |
# | 3 × 3, many channels | operations | GEMM, best without writing the columns down |
# | large kernel, few channels | operations, $k^2$ for each entry | FFT: the same for every kernel |
# | large kernel, many channels | operations, and kernels to transform | GEMM; FFT if transforms are used again |
# | large stride | little is kept | not the FFT, which computes every place |
# | one channel, small kernel | bytes: nothing is used often | loops over windows; columns only add bytes |
# | fully connected, one picture | bytes: each weight is used once | a larger batch |
#
# **Predict.** In chapter 9 every channel gets a kernel of its own and the channels are not added up. As a
# GEMM this is C products of a matrix with *one* row. Which row of the table is it?
#
# <details><summary>Answer</summary>
#
# It is like one channel with a small kernel, C times over. Each number is used `kh · kw` times and no more. A
# product with one row has no blocks to hold. So these layers need few operations, and yet they are not as
# fast as that promises.
#
# </details>

# %% [markdown]
# ## Race them all
#
# `convlab.fast` has the operator of chapter 5 by eight methods, with NumPy alone, about a page each. Read them:
# you know what they are made of.
#
# | method | what it does |
# |---|---|
# | `windows` | an einsum over windows, a piece of the output at a time |
# | `gemm` | columns, written and multiplied a piece at a time, while a cache still has them |
# | `mec` | columns of `kw` shifted images only, which neighbouring rows of the output share |
# | `toeplitz` | the Toeplitz matrix of chapter 6, of one row of the output at a time, for all images at once |
# | `shift` | for each tap, the shifted image times one number |
# | `nhwc` | the channels last: what a tap adds, it adds in all groups at once, however small the images are |
# | `winograd` | tiles of 4 × 4 outputs: 36 products for each, not 144; see below |
# | `fft` | Fourier's values, of tiles or of the whole image |
#
# No one wins everywhere, so the library has to choose. It counts: products, entries that are copied, starts
# of inner loops, calls of NumPy. Each has a price in nanoseconds, measured once. The sum is a guess, and
# `method="auto"` takes the cheapest.

# %%
from functools import partial

from convlab import fast

RACE = {  # shape of input, shape of weight, what else conv2d takes
    "3 channels, 7 x 7, stride 2": ((1, 3, 224, 224), (64, 3, 7, 7), {"stride": 2, "padding": 3}),
    "64 channels, 3 x 3": ((1, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
    "256 channels, 1 x 1": ((1, 256, 56, 56), (64, 256, 1, 1), {}),
    "one channel, 5 x 5, batch 32": ((32, 1, 28, 28), (6, 1, 5, 5), {"padding": 2}),
    "384 groups of one, batch 32": ((32, 384, 14, 14), (384, 1, 3, 3), {"padding": 1, "groups": 384}),
    "16 channels, 31 x 31": ((1, 16, 128, 128), (16, 16, 31, 31), {"padding": 15}),
}
for name, (input_shape, weight_shape, arguments) in RACE.items():
    guesses = fast.estimate(input_shape, weight_shape, **arguments)
    first, second = sorted(guesses, key=guesses.get)[:2]
    print(f"{name:28}  {first:8} before {second}")

# %% [markdown]
# **Predict.** Winograd's method is the first for 64 channels of 3 × 3 taps. Why is it not for one channel of
# 5 × 5 taps, and why can it not take 1 × 1?
#
# <details><summary>Answer</summary>
#
# It pays for its fewer products with transforms of input and output. With many channels a transformed input
# is used for every filter, and a transformed output sums over every channel. With one channel and 6 filters
# there is little to share. For a 1 × 1 kernel there is nothing to save: one product for each output and
# channel is all there is.
#
# </details>
#
# A guess is no measurement. This function measures, compares every result with torch's first, and plots the
# times as multiples of torch's, with the guess as a small cross.


# %%
def plot_race(layers=RACE):
    """Plot what each method of `fast` takes, as a multiple of torch's time, and what was guessed."""
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(0)
    for row, (input_shape, weight_shape, arguments) in enumerate(layers.values()):
        input = rng.standard_normal(input_shape, dtype=np.float32)
        weight = rng.standard_normal(weight_shape, dtype=np.float32)
        theirs = partial(F.conv2d, torch.from_numpy(input), torch.from_numpy(weight), **arguments)
        right, unit = theirs().numpy(), best_time(theirs)
        guesses = fast.estimate(input_shape, weight_shape, **arguments)
        for method, guess in guesses.items():
            call = partial(fast.conv2d, input, weight, **arguments, method=method)
            assert np.abs(call() - right).max() < 1e-4 * np.abs(right).max(), f"{method} is wrong"
            color, label = fast.METHODS.index(method), None if row else method
            plt.plot(best_time(call, repeats=3) / unit, row, "o", color=f"C{color}", label=label)
            plt.plot(guess / 1000 / unit, row, "x", color=f"C{color}", markersize=4)
    plt.yticks(range(len(layers)), layers)
    plt.xscale("log")
    plt.axvline(1, color="gray")
    plt.xlabel("times torch's time")
    plt.legend()


# %% [markdown]
# In a cell of your own, run `plot_race()`. It takes about half a minute. The guesses are for one processor,
# the one on which the prices were measured. On yours only their order matters.
#
# Does `auto` choose the method that wins on *your* machine? Where it does not, look for the step whose price
# is another one on yours. `fast/table.py` has them all, and in a copy of the project
# `python -m tests.bench prices` measures them.
#
# On one processor (AMD Zen 4, NumPy 2.4, torch 2.13), `python run.py bench race --threads 1` gave these multiples
# of torch's time:
#
# | layer | first | second | third |
# |---|---|---|---|
# | 3 channels, 7 × 7, stride 2 | `mec` 1.1 | `gemm` 1.3 | `winograd` 1.5 |
# | 64 channels, 3 × 3 | `winograd` 0.7 | `gemm` 1.2 | `mec` 1.3 |
# | 256 channels, 1 × 1 | `gemm` 0.9 | `mec` 1.1 | `windows` 1.4 |
# | one channel, 5 × 5, batch 32 | `mec` 0.7 | `gemm` 0.9 | `shift` 1.0 |
# | 384 groups of one, batch 32 | `toeplitz` 2.0 | `shift` 2.3 | `mec` 2.7 |
# | 16 channels, 31 × 31 | `fft` 0.1 | `mec` 0.5 | `gemm` 0.7 |
#
# The machine had other things to do, too: expect the multiples to differ from run to run, more than the order.
#
# A batch is another race. On both processors (`python run.py bench race`), `auto` took 1.1 times torch's time with
# one image, and about half of it with 32 (geometric means of 25 layers). For 256 channels of 1 × 1 it was 1.1 and
# 0.4. The products were the same; the memory was not. With 32 images torch asked the system for 37,601 fresh pages
# in every call, and `fast` for none, as it uses a few small arrays again and again. Count yours:
# `resource.getrusage(resource.RUSAGE_SELF).ru_minflt` before a call and after it.

# %% [markdown]
# ## Where this is used
#
# **Libraries choose.** cuDNN, which torch calls on NVIDIA's graphics cards, lists eight methods for a forward
# convolution: three kinds of GEMM, two of FFT, two of Winograd, and a direct one. With
# `torch.backends.cudnn.benchmark = True` torch tries those that fit, for every new shape, and keeps the
# fastest. `scipy.signal.convolve` has `method="auto"`, which estimates whether the direct sum or the FFT will
# be faster.
#
# **Winograd** is a cousin of the FFT for small kernels. For a tile of 2 × 2 outputs under a 3 × 3 kernel, the
# loops take 4 · 9 = 36 multiplications. Winograd's way takes 16, and some more additions. For one of 4 × 4 outputs,
# as `fast` makes them, it is 36 instead of 144.
#
# **Concert halls** (chapter 1) have long kernels. At 44,100 samples a second, an echo of two seconds has
# 88,200 taps.
#
# **Predict.** How many operations for each second of music do the loops take? And one FFT of music and echo
# together, for a minute of music?
#
# <details><summary>Answer</summary>
#
# The loops: 2 · 88,200 · 44,100 = 7.8 billion for each second. The FFT: 0.0074 billion, a thousand times
# less.
#
# </details>

# %%
taps, seconds = 2 * 44100, 60
n = seconds * 44100 + taps - 1
print(f"loops: {2 * taps * 44100 / 1e9:.1f} billion for each second of music")
print(f"FFT:   {(3 * 2.5 * n * math.log2(n) + 3 * n) / seconds / 1e9:.4f} billion")

# %% [markdown]
# **Chips have rooflines too.** NVIDIA's A100 does 19.5 TFLOP/s on ordinary float32, and its first version
# with 40 GB of memory moves 1.555 TB/s. The slope meets the roof at 12.5 operations for each byte. With its
# matrix units and 16-bit floats it does 312 TFLOP/s from the same memory.
#
# **Predict.** At which intensity does the slope meet *that* roof? Which of the layers above would be
# compute-bound? (With 2 bytes for each number, their intensities double.)
#
# <details><summary>Answer</summary>
#
# At 312 / 1.555, about 200. VGG's second layer has twice 143, and ResNet's 3 × 3 with 64 channels twice 132.
# Both are above. The 1 × 1 layer and the fully connected ones are memory-bound there.
#
# </details>
#
# That is why speed is so often a matter of keeping layers together. To add a bias and cut off what is
# negative, all numbers must be read and written again, at an intensity of a quarter or less. Done in the
# moment when an entry is finished, it moves nothing. This is called **fusing**, and `torch.compile` does much
# of it.

# %% [markdown]
# ## The card to keep
#
# | | |
# |---|---|
# | input-stationary | `input[t] * weight[k]` is added to `output[t - k]`, if $0 \le t - k < L_\text{out}$ |
# | stationary | what is held while the rest streams past; it is read once |
# | blocks | $b \times b$ sums: $2b$ reads for $b^2$ products |
# | GEMM | `weight.reshape(C_out, -1) @ columns` has the shape `(N, C_out, H_out * W_out)` |
# | its price | the columns are $\mathit{kh}\,\mathit{kw}$ times as large as the input |
# | FFT | flip, transform, multiply, add up over c, transform back, cut |
# | its sizes | $H + \mathit{kh} - 1$ points; what stays are rows $\mathit{kh} - 1$ to $H - 1$; columns likewise |
# | its price | about $7.5\, n \log_2 n$ operations for one channel, whatever the kernel |
# | intensity | operations / bytes |
# | roofline | speed $\le \min(\text{peak},\; \text{intensity} \cdot \text{bandwidth})$ |
#
# **Three traps**
#
# 1. `reshape` moves no axis. `(C_out, N, …)` becomes `(N, C_out, …)` by `swapaxes`, and a batch of one hides
#    it.
# 2. The FFT convolves in a circle, flips the kernel, and is never exact. Give it enough points, flip first,
#    and do not cut to integers.
# 3. A time without the shape, the dtype, the machine and a check of the result says nothing.
#
# **Next:** so far every output channel has read every input channel. Chapter 9 lets it read a few of them,
# and then runs the window backwards.
