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
# # 6 · Convolution as a matrix product
#
# Seven loops, or one matrix product: the numbers that come out are the same. There are two ways to get
# there. Either the windows become a matrix, or the kernels do. The first is a way to compute a convolution
# fast. The second shows what a convolution is.
#
# **After this chapter you can**
#
# - say where in memory a number lies, and show all windows of a batch without copying one of them;
# - compute a whole layer with a single matrix product;
# - bring windows back to the image they came from, and say why what overlaps is added;
# - say when a convolution is a linear layer, and write any convolution down as a matrix;
# - tell channels-first images from channels-last ones, and turn one into the other without scrambling them.
#
# **You need** chapter 3: the place of a number in memory, and einsum. Chapter 5: the complete operator. And
# the product of two matrices, which Python writes as `@`.
#
# **It takes** about an hour and three quarters. Two thirds of it belongs to the four exercises.

# %%
import numpy as np
import torch
import torch.nn.functional as F
from numpy.lib.stride_tricks import as_strided

from convlab import draw
from convlab.checks import check
from convlab.data import photograph

np.set_printoptions(precision=4, suppress=True)


def ask_torch(function, *arrays, **options):
    """What one of torch's functions makes of some arrays: ask_torch(F.conv2d, input, weight)."""
    tensors = [torch.tensor(np.array(array, dtype=float)) for array in arrays]
    return function(*tensors, **options).numpy()


# %% [markdown]
# ## A kernel as large as the image
#
# A window needs room to slide. Take the room away: let the kernels be as large as the image. Here is an
# image with 4 channels of 3 × 5 pixels. There are 8 filters for it, and each of their kernels has 3 × 5
# taps. The outline is the window.

# %%
rng = np.random.default_rng(6)
input = rng.integers(-4, 5, (1, 4, 3, 5))
weight = rng.integers(-2, 3, (8, 4, 3, 5))

draw.stack(input[0], name="input[0]", window=(0, 0, 3, 5))

# %% [markdown]
# **Predict.** Which shape comes out of `F.conv2d`? How many products are summed in one entry?
#
# <details><summary>Answer</summary>
#
# `(1, 8, 1, 1)`: one image, eight filters, one place. Each entry sums 4 · 3 · 5 = 60 products.
#
# </details>

# %%
output = ask_torch(F.conv2d, input, weight)

assert output.shape == (1, 8, 1, 1), "there should be one image, eight filters and one place"
output.shape

# %% [markdown]
# Pixel `[c, i, j]` meets tap `[c, i, j]`. For the sum it makes no difference that these numbers once stood
# in rows and channels. So write the image as one row of 60 numbers. Write each filter as a row of 60
# numbers, in the same order. Then an entry is the dot product of two rows.

# %%
flat_input = input.reshape(1, 60)
flat_weight = weight.reshape(8, 60)

o = 5
print(f"output[0, {o}, 0, 0] = {np.dot(flat_input[0], flat_weight[o])}   torch: {output[0, o, 0, 0]:g}")

# %% [markdown]
# Eight dot products with the same row: that is a matrix product. In `@` the sum runs along the rows of the
# left matrix and down the columns of the right one. So the filters have to stand as columns, hence `.T`.
#
# As an einsum it reads `"bz,oz->bo"`. Here `b` counts the images of the batch, `z` the 60 numbers, and `o`
# the filters. `z` is missing on the right: it is the sum.
#
# torch has a name for this: `F.linear`. A **linear layer**, also called fully connected, makes each of its
# outputs from *all* its inputs, with a weight for every pair. All five are the same, the convolution of above
# included:

# %%
dots = [[np.dot(image, taps) for taps in flat_weight] for image in flat_input]
answers = {
    "einsum": np.einsum("bz,oz->bo", flat_input, flat_weight),
    "matmul": flat_input @ flat_weight.T,
    "a loop of dots": np.array(dots),
    "F.linear": ask_torch(F.linear, flat_input, flat_weight),
    "F.conv2d": output.reshape(1, 8),
}
for name, answer in answers.items():
    assert np.array_equal(answer, output[:, :, 0, 0]), f"{name} and conv2d differ"
    print(f"{name:15}", answer[0].astype(int))

# %% [markdown]
# ### Spot it: the right shape, the wrong numbers
#
# The matrix on the right of `@` has the shape (60, 8). A classmate reads that, writes
# `flat_input @ weight.reshape(60, 8)`, and gets eight numbers.
#
# **Predict.** Are they the right ones? What stands in row 0 of `weight.reshape(60, 8)`?
#
# <details><summary>Answer</summary>
#
# They are not. `reshape` moves no number. It takes them in the order in which they come and cuts them into
# rows of 8. So row 0 holds the first eight taps of filter 0. It should hold the first tap of each of the
# eight filters.
#
# `reshape` may merge neighbouring axes, or split one. To exchange axes, transpose.
#
# </details>

# %%
print("weight.reshape(8, 60).T", (flat_input @ weight.reshape(8, 60).T)[0])
print("weight.reshape(60, 8)  ", (flat_input @ weight.reshape(60, 8))[0])

# %% [markdown]
# A smaller kernel has more places. At each of them it is the same dot product, with a window where the
# image was. So we want all windows, each of them written as one row of numbers. To get them cheaply, we
# have to look at memory first.

# %% [markdown]
# ## How an array lies in memory
#
# Memory is one long row, and its unit is the **byte**. A `float64` takes 8 bytes, and so does an `int64`.
# In a new array the last index moves fastest.
#
# For each axis an array keeps one number: how many bytes further the next entry along this axis lies. These
# numbers are its **strides**. (They share their name with the stride of a convolution, which counts pixels
# from window to window. In this chapter you meet both.) The picture shows where the first two of five rows lie.

# %%
pixels = np.arange(30.0).reshape(5, 6)
print("shape:", pixels.shape, "  bytes for each number:", pixels.itemsize, "  strides:", pixels.strides)

draw.memory(pixels[:2], name="pixels[:2]")

# %% [markdown]
# One step to the right is 8 bytes further. One step down is 48 bytes further, since a row has six numbers.
#
# **Predict.** What are the strides of a new `float64` array of shape (2, 3, 5, 6)? And of the same in
# `uint8`, where a number takes one byte?
#
# <details><summary>Answer</summary>
#
# (720, 240, 48, 8). A channel has 5 · 48 = 240 bytes, an image 3 · 240 = 720. In `uint8` everything is an
# eighth of that: (90, 30, 6, 1).
#
# </details>

# %%
for dtype in (np.float64, np.uint8):
    print(f"{dtype.__name__:8}", np.zeros((2, 3, 5, 6), dtype).strides)

# %% [markdown]
# The strides need not follow from the shape. Transposing, taking every other column, turning the rows
# round: none of these moves a number. Each gives a **view**, a second array over the same memory. It has
# another shape, other strides, or another entry to start from.
#
# **Predict.** What are the strides of `pixels.T`, of `pixels[:, ::2]` and of `pixels[::-1]`?
#
# <details><summary>Answer</summary>
#
# (8, 48), (48, 16) and (−48, 8). In the last one the next row lies *before* the present one.
#
# </details>

# %%
for name, view in [(".T", pixels.T), ("[:, ::2]", pixels[:, ::2]), ("[::-1]", pixels[::-1])]:
    shared = np.shares_memory(view, pixels)
    print(f"pixels{name:9} shape {view.shape}  strides {view.strides!s:9}  same memory: {shared}")

# %% [markdown]
# ## All windows, and not one copied
#
# Take the signal of chapter 1 and three taps. We want an array with `view[x, k]` equal to `signal[x + k]`:
# a row for each window. If `x` grows by one, we are one sample further. If `k` grows by one, we are one
# sample further, too. So *both* strides are one sample, 8 bytes. Nothing forbids that two axes walk through
# the same memory.
#
# `as_strided` makes a view from a shape and strides of our choice.

# %%
signal = np.array([2, 1, 4, 3, 0, 5, 2])
(sample,) = signal.strides  # 8 bytes

view = as_strided(signal, shape=(7 - 3 + 1, 3), strides=(sample, sample), writeable=False)
draw.memory(view, name="view[x, k]", axes=("x", "k"))

# %% [markdown]
# **Predict.** How many numbers of these 15 exist in memory? Which entries of the view change when
# `signal[3]` becomes 9?
#
# <details><summary>Answer</summary>
#
# Seven: the signal. Every entry with x + k = 3 is `signal[3]`, so `[1, 2]`, `[2, 1]` and `[3, 0]` change.
#
# </details>

# %%
signal[3] = 9
draw.grid(view, name="view[x, k]", mark=view == 9)

# %% [markdown]
# That is why we said `writeable=False`. Writing into one entry of the view would change others as well, and
# now NumPy refuses to.
#
# With stride `s` and dilation `d`, tap `k` of window `x` lies on sample `x·s + k·d`.
#
# **Predict.** The signal has 7 samples and the kernel 3 taps. What are shape and strides of the view for
# stride 2? And for dilation 2?
#
# <details><summary>Answer</summary>
#
# Stride 2: (3, 3) and (16, 8). One window further is two samples further. Dilation 2: the taps span 5
# samples, so there are 3 windows again. The strides are (8, 16): one tap further is two samples further.
#
# </details>

# %%
signal[3] = 3  # as it was
by_stride = as_strided(signal, shape=(3, 3), strides=(2 * sample, sample), writeable=False)
by_dilation = as_strided(signal, shape=(3, 3), strides=(sample, 2 * sample), writeable=False)

axes = ("x", "k")
draw.beside(
    draw.memory(by_stride, name="stride 2", axes=axes), draw.memory(by_dilation, name="dilation 2", axes=axes)
)

# %% [markdown]
# `as_strided` checks nothing. It goes as far as the shape tells it, past the end of the array too. What
# lies there belongs to somebody else, and the program may crash. So count the places with the formula.
#
# Here we look past the end without danger: the signal is the first part of a longer array. Window 5 does
# not exist.

# %%
memory = np.array([2, 1, 4, 3, 0, 5, 2, 77, 88])
signal = memory[:7]

one_too_many = as_strided(signal, shape=(6, 3), strides=(8, 8), writeable=False)
print("window 5:", one_too_many[5])

# %% [markdown]
# ## From signals to images
#
# A batch of images has four strides. We name them after what lies one step further:
# `image, channel, row, column = batch.strides`. And this is the array that chapter 3 asked for, with stride
# and dilation:
#
# $$
# \text{windows}[n, c, y, x, i, j] \;=\; \text{input}[n,\; c,\; y\,s_h + i\,d_h,\; x\,s_w + j\,d_w]
# $$
#
# From the first pixel of the batch to this one it is so many bytes:
#
# $$
# n\,\text{image} + c\,\text{channel} + (y\,s_h + i\,d_h)\,\text{row} + (x\,s_w + j\,d_w)\,\text{column}
# $$
#
# An example: two channels, a window of 2 × 2 taps, stride (2, 1). The window at place (1, 2) is outlined
# below, and we look for its tap [1, 0] in channel 1.

# %%
batch = np.arange(60.0).reshape(1, 2, 5, 6)
image, channel, row, column = batch.strides
s_h, s_w, d_h, d_w = 2, 1, 1, 1

n, c, y, x, i, j = 0, 1, 1, 2, 1, 0
place = n * image + c * channel + (y * s_h + i * d_h) * row + (x * s_w + j * d_w) * column
print(f"{place} bytes from the start: {batch.ravel()[place // 8]:g}")

found = batch[0] == batch.ravel()[place // 8]
draw.beside(
    *[draw.grid(batch[0, c], name=f"batch[0, {c}]", window=(2, 2, 2, 2), mark=found[c]) for c in (0, 1)]
)

# %% [markdown]
# **Predict.** `y` grows by one, and everything else stays. How many bytes further is that? First in
# letters, then for this batch.
#
# <details><summary>Answer</summary>
#
# In the sum, `y` stands in one place, and it is multiplied by $s_h$ and by $\text{row}$. So it is
# $s_h\,\text{row}$: here 2 · 48 = 96 bytes. That is the stride of axis `y`.
#
# </details>
#
# The other five axes go the same way: sort the sum by its indices, and look at what stands before each.
#
# **Predict.** The second layer of VGG-16 reads 64 channels of 224 × 224 pixels, with padding 1 and a 3 × 3
# kernel. How many numbers does its view of all windows show? How many are in memory?
#
# <details><summary>Answer</summary>
#
# 64 · 224 · 224 windows with 9 numbers each: 28.9 million. In memory are the padded channels, 64 · 226 ·
# 226, or 3.3 million. The view itself costs a few bytes, whatever the size.
#
# </details>

# %%
print(f"the view shows {64 * 224 * 224 * 3 * 3:,} numbers; in memory are {64 * 226 * 226:,}")

# %% [markdown]
# ## Exercise: `windows`
# <!-- exercise: windows -->
#
# Show every window of a batch of images, as in the formula above. `kernel_size`, `stride` and `dilation`
# are one integer each, for both axes, or a tuple for rows and columns. There is no padding, and the window
# fits into the image. The result has the shape
#
# $$\bigl(N,\; C,\; H_\text{out},\; W_\text{out},\; \mathit{kh},\; \mathit{kw}\bigr), \qquad
# H_\text{out} = \left\lfloor \frac{H - d_h\,(\mathit{kh} - 1) - 1}{s_h} \right\rfloor + 1$$
#
# with the places before the taps, and $W_\text{out}$ likewise. `input` may be a view itself: transposed,
# turned round, every other column of something larger. It may hold numbers of 4 bytes. All of that stands
# in `input.strides`.
#
# Only the numbers are checked, so loops that copy are right, too. A view is better. NumPy's
# `sliding_window_view` is not forbidden, but you will learn more without it.
#
# The picture shows windows of an image with 3 × 4 pixels, for `kernel_size=(2, 3)`.

# %%
small = np.arange(1, 13).reshape(3, 4)
draw.beside(
    draw.grid(small, name="input[0, 0]", window=(1, 0, 2, 3)),
    draw.grid([[5, 6, 7], [9, 10, 11]], name="windows[0, 0, 1, 0]"),
    draw.grid([[6, 7, 8], [10, 11, 12]], name="windows[0, 0, 1, 1]"),
)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Do for an image what was done for the signal. A shape and strides are all that `as_strided` needs, six
# numbers each.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Three steps. (1) Make two numbers of each option: `isinstance(stride, tuple)` tells which form it has. (2)
# Count the places, down and across. (3) For each of the six axes ask: if this index grows by one, how many
# bytes further is the pixel? The sum of bytes above has the answers.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# `image, channel, row, column = input.strides` gives the four steps. The strides of the view begin with
# `image, channel, s_h * row`. Three more are missing, and each is a product of the same kind. Do not forget
# `writeable=False`.
#
# </details>

# %%
# exercise: windows

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `got 144115188075855872, expected 2`: strides were counted in numbers instead of bytes. One number was
#   put together from the bytes of two neighbours.
# - `ValueError: mismatch in length of strides and shape`: the view has six axes, so it needs six strides.
#   `input.strides` alone has four.
# - `the result's shape is (1, 1, 1, 2, 1, 1), expected (1, 1, 1, 1, 1, 2)`: the windows were cut out as
#   wide as the kernel, and then dilated. A window is as wide as the span, `d * (k - 1) + 1`.
#
# </details>

# %% [markdown]
# ## The layer as one einsum
#
# NumPy has an `as_strided` for windows that counts the places itself: `sliding_window_view`. It knows
# neither stride nor dilation. Slices with a step bring them in. A step along the places is a stride, a step
# along the taps is a dilation.
#
# Then the complete operator is the einsum of chapter 3. This is stride (2, 1), padding 1 and dilation (1,
# 2), for a kernel of 2 × 3 taps.
#
# **Predict.** Which window size has to be asked for, so that the taps can be spread in it?
#
# <details><summary>Answer</summary>
#
# The spans: 1·(2 − 1) + 1 = 2 rows and 2·(3 − 1) + 1 = 5 columns.
#
# </details>

# %%
from numpy.lib.stride_tricks import sliding_window_view

images = rng.integers(-4, 5, (2, 3, 6, 7))
filters = rng.integers(-2, 3, (4, 3, 2, 3))

padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
view = sliding_window_view(padded, (2, 5), axis=(2, 3))[:, :, ::2, ::1, ::1, ::2]
output = np.einsum("ncyxij,ocij->noyx", view, filters)

expected = ask_torch(F.conv2d, images, filters, stride=(2, 1), padding=1, dilation=(1, 2))
assert np.array_equal(output, expected), "the einsum over windows and conv2d differ"
print("view:", view.shape, "  output:", output.shape)

# %% [markdown]
# ### Spot it: it works on new arrays
#
# A classmate does not ask for `input.strides`. In an array of shape (4, 5), so they think, a row takes 5 ·
# 8 bytes. On every array they make with `np.zeros`, `np.arange` or a random generator, all windows are
# right. Then somebody passes every other column of a larger image.
#
# **Predict.** `wide` holds the numbers 0 to 39 in 4 rows of 10, and the image is `wide[:, ::2]`. Which four
# numbers does the classmate find in the first 2 × 2 window? Which are right?
#
# <details><summary>Answer</summary>
#
# The classmate's code walks through memory in steps of 8 and of 40 bytes: it finds 0, 1, 5 and 6. The
# image's own first row begins 0, 2, its second 10, 12.
#
# Whatever is made of memory and strides has to be tested on views: transposed, reversed, with a step.
#
# </details>

# %%
wide = np.arange(40).reshape(4, 10)
every_other = wide[:, ::2]
assumed = as_strided(every_other, shape=(2, 2), strides=(5 * 8, 8), writeable=False)

print("strides of the image:", every_other.strides, "  assumed:", (5 * 8, 8))
draw.beside(draw.grid(every_other[:2, :2], name="right"), draw.grid(assumed, name="assumed"))

# %% [markdown]
# ## Channels first, channels last
#
# torch's images are `(N, C, H, W)`, in short **NCHW**: channels first. A colour image from Pillow, OpenCV
# or matplotlib is `(H, W, C)`, and TensorFlow's batches are **NHWC**: channels last. The last letter is the
# axis that is innermost in a new array: its neighbours are neighbours in memory.
#
# Below, each entry shows its place in memory. Both images have 3 channels with 2 rows and 4 columns, and
# each sheet is a channel.

# %%
first = np.arange(24).reshape(3, 2, 4)
last = np.arange(24).reshape(2, 4, 3)

draw.beside(
    draw.stack(first, name="made as (C, H, W)"),
    draw.stack(last.transpose(2, 0, 1), name="made as (H, W, C)"),
)

# %% [markdown]
# In the upper image all of channel 0 comes before channel 1. In the lower one the three numbers of a pixel
# stand together: 0, 1, 2.
#
# To hand such an image to torch, its axes have to be moved: `last.transpose(2, 0, 1)` says "first the old
# axis 2, then 0, then 1". That is a view. Its shape is channels first, its memory is still channels last.
#
# **Predict.** A `float64` batch of shape (1, 2, 4, 3) in NHWC: what are its strides? And after
# `transpose(0, 3, 1, 2)`?
#
# <details><summary>Answer</summary>
#
# (192, 96, 24, 8). A pixel takes 3 · 8 = 24 bytes, a row 4 · 24 = 96. After transposing, the shape is (1,
# 3, 2, 4) and the strides are (192, 8, 96, 24): the same numbers in the new order.
#
# </details>

# %%
nhwc = np.zeros((1, 2, 4, 3))
for name, array in [("NHWC", nhwc), ("NCHW", nhwc.transpose(0, 3, 1, 2))]:
    print(name, array.shape, array.strides)

# %% [markdown]
# The convolution is the same in both. In TensorFlow the weights have their channels last, too: the shape is
# `(kh, kw, C_in, C_out)`, called HWIO. Only the places of the letters change:
#
# $$
# \text{output}[n, y, x, o] = \sum_{i}\sum_{j}\sum_{c}
# \text{input}[n,\, y + i,\, x + j,\, c]\;\text{weight}[i, j, c, o]
# $$
#
# **Predict.** Images of shape (1, 5, 6, 3) meet weights of shape (3, 2, 3, 4). Which shape comes out? Which
# transposes lead to torch, and which leads back?
#
# <details><summary>Answer</summary>
#
# (1, 3, 5, 4). The images go by (0, 3, 1, 2). The weights go by (3, 2, 0, 1): from (kh, kw, C_in, C_out) to
# (C_out, C_in, kh, kw). The output comes back by (0, 2, 3, 1).
#
# </details>

# %%
nhwc = rng.integers(0, 5, (1, 5, 6, 3))
hwio = rng.integers(-2, 3, (3, 2, 3, 4))

nchw, oihw = nhwc.transpose(0, 3, 1, 2), hwio.transpose(3, 2, 0, 1)
output = ask_torch(F.conv2d, nchw, oihw).transpose(0, 2, 3, 1)

n, y, x, o = 0, 1, 2, 3
entry = np.sum(nhwc[n, y : y + 3, x : x + 2, :] * hwio[:, :, :, o])
assert output.shape == (1, 3, 5, 4), "there should be 3 rows, 5 columns and 4 channels"
assert output[n, y, x, o] == entry, "transposing changed the convolution"
print("output:", output.shape, f"  output[{n}, {y}, {x}, {o}] = {entry}")

# %% [markdown]
# Neither order is better in general. With channels last, a window's row of pixels with all its channels is
# one run of memory. With channels first, a row of one channel is. Which is faster depends on the layer, the
# library and the machine.
#
# torch can keep channels last in memory while the shape stays `(N, C, H, W)`. It calls this a memory
# format. Only the strides tell. And mind the unit: torch's `stride()` counts numbers, NumPy's `strides`
# counts bytes.

# %%
plain = torch.zeros(1, 3, 4, 5)
channels_last = plain.to(memory_format=torch.channels_last)

print("plain:        ", tuple(plain.shape), plain.stride())
print("channels last:", tuple(channels_last.shape), channels_last.stride())

# %% [markdown]
# ### Spot it: the picture in strips
#
# A classmate has a colour photograph of shape (H, W, 3), and torch wants (3, H, W). They write
# `colour.reshape(3, H, W)`. There is no error, and the shape is right.
#
# **Predict.** What does channel 0 of the result show?

# %%
photo = photograph()[::2, ::2]
colour = np.stack([photo, photo // 2, photo // 4], axis=-1)  # reddish
H, W, C = colour.shape

draw.beside(
    draw.image(colour.transpose(2, 0, 1)[0], name="transpose(2, 0, 1)", scale=4),
    draw.image(colour.reshape(C, H, W)[0], name="reshape: wrong", scale=4),
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The first third of the memory, which is the upper third of the photograph: sky, and a head. Each of its
# rows is cut into three. And red, green and blue stand side by side, where only red should be: hence the
# pattern.
#
# It is the slip from the beginning of the chapter: `reshape` moves no number. A network that is fed such
# pictures does not complain. It learns badly. Look at what you feed it.
#
# </details>

# %% [markdown]
# ## Windows become columns
#
# A matrix has two axes, and the array of all windows has six. So merge them: all that is inside a window
# becomes one axis, all places become the other. (The batch keeps its own.) Take `small` again, and a kernel
# of 2 × 2 taps.
#
# **Predict.** How many windows are there? Which four numbers are in the window at place (1, 1)?
#
# <details><summary>Answer</summary>
#
# Six windows, 2 rows of 3. The one at (1, 1) holds 6, 7, 10 and 11. In the picture it is column 4: places
# are counted row by row, and 1 · 3 + 1 = 4.
#
# </details>

# %%
draw.im2col(small, 2)

# %% [markdown]
# Each column is a window, written row by row. Write the kernel row by row as well, as a matrix with one
# row. Then a matrix product computes all entries of the output at once.
#
# **Predict.** The kernel is [[4, 2], [1, 3]]. What is entry 4 of the product?
#
# <details><summary>Answer</summary>
#
# Column 4 is 6, 7, 10, 11. So it is 4·6 + 2·7 + 1·10 + 3·11 = 81.
#
# </details>

# %%
kernel = np.array([[4, 2], [1, 3]])
columns = ask_torch(F.unfold, small[None, None], kernel_size=2)[0]
product = kernel.reshape(1, 4) @ columns

expected = ask_torch(F.conv2d, small[None, None], kernel[None, None])
assert np.array_equal(product.ravel(), expected.ravel()), "the product and conv2d differ"
draw.beside(
    draw.grid(kernel.reshape(1, 4), name="kernel"),
    draw.grid(columns, name="columns"),
    draw.grid(product, name="product"),
    signs="@=",
)

# %% [markdown]
# The product is a row of six numbers. `reshape(2, 3)` makes the output of it, since the places were counted
# row by row.
#
# The name for this is **im2col**, from image to columns. torch calls it `F.unfold`.
#
# More channels make the columns longer: first the window of channel 0, then that of channel 1, and so on.
# More filters give the matrix on the left more rows. More images give more matrices, one for each.

# %%
two_channels = np.stack([np.arange(1, 10).reshape(3, 3), np.arange(10, 100, 10).reshape(3, 3)])
draw.im2col(two_channels, 2)

# %% [markdown]
# As a formula, with `padded` as in chapter 5:
#
# $$
# \text{columns}[n,\; (c\,\mathit{kh} + i)\,\mathit{kw} + j,\; y\,W_\text{out} + x] =
# \text{padded}[n,\; c,\; y\,s_h + i\,d_h,\; x\,s_w + j\,d_w]
# $$
#
# You have seen $(c\,\mathit{kh} + i)\,\mathit{kw} + j$ before: it is the place of tap `[c, i, j]` in the
# memory of a filter. So `weight.reshape(C_out, -1)` has its taps in just this order. (`-1` means: whatever
# is left.)
#
# **Predict.** A batch of shape (8, 3, 32, 32), sixteen filters with kernels of 5 × 5. What are the shapes
# of the columns, of `weight.reshape(16, -1)`, of their product and of the output?
#
# <details><summary>Answer</summary>
#
# The columns: (8, 75, 784), as 3 · 5 · 5 = 75 and 28 · 28 = 784. The weights: (16, 75). The product: (8,
# 16, 784). The output: (8, 16, 28, 28). `@` multiplies the last two axes, once for every image.
#
# </details>

# %%
images = rng.integers(-4, 5, (8, 3, 32, 32))
filters = rng.integers(-2, 3, (16, 3, 5, 5))
columns = ask_torch(F.unfold, images, kernel_size=5)
product = filters.reshape(16, -1) @ columns
output = product.reshape(8, 16, 28, 28)

assert np.array_equal(output, ask_torch(F.conv2d, images, filters)), "the matrix product and conv2d differ"
print(columns.shape, filters.reshape(16, -1).shape, product.shape, output.shape)

# %% [markdown]
# Not one product has been saved: these are the sums of chapter 3. But for floats, `@` calls a library that
# is tuned for this one job. Chapter 8 measures what that is worth.
#
# There is a price. The view of all windows costs nothing. The columns are a **copy**, and each pixel is in
# it about `kh * kw` times. Could they be a view, too? Walk down a column. From tap to tap it is one number
# further; from the end of a row of taps to the next row it is a bigger jump. A single stride cannot say
# both. So NumPy copies.
#
# **Predict.** For the layer of VGG-16 above, with 4 bytes a number: how many megabytes are the columns of
# one picture?
#
# <details><summary>Answer</summary>
#
# 576 rows and 50,176 columns are 28.9 million numbers: 116 MB. The 64 channels themselves have 13 MB.
#
# </details>

# %%
view = sliding_window_view(small, (2, 2))
print("a view after the reshape:", np.shares_memory(small, view.reshape(6, 4)))

rows, places = 64 * 3 * 3, 224 * 224
print(f"columns: {rows * places * 4 / 1e6:.0f} MB   channels: {64 * places * 4 / 1e6:.0f} MB")

# %% [markdown]
# ### Spot it: reshape alone
#
# `view`, from the last cell, has the axes (y, x, i, j): 2 · 3 places, 2 · 2 taps. The columns have 4 taps
# and 6 places. A classmate writes `view.reshape(4, 6)`. That is the right shape.
#
# **Predict.** What stands in the first column of theirs? For which kernels would it be right?

# %%
right = ask_torch(F.unfold, small[None, None], kernel_size=2)[0]

draw.beside(draw.grid(right, name="right"), draw.grid(view.reshape(4, 6), name="reshape alone"))

# %% [markdown]
# <details><summary>Answer</summary>
#
# `reshape` takes the numbers window by window: 1 2 5 6, then 2 3 6 7, and so on. It cuts them into rows of
# six. So the first row holds the first window and half of the second, and the first column is 1, 6, 6, 10,
# which is no window at all. The windows were to be columns. First bring the taps before the places, then
# merge.
#
# With a kernel of one tap the two agree. A test with 1 × 1 kernels, or with an image of ones, sees nothing.
#
# </details>

# %% [markdown]
# ### Spot it: the third number
#
# `F.unfold` takes its options in another order than `F.conv2d`: kernel_size, **dilation, padding, stride**.
# A classmate has 7 × 7 pixels, wants a 3 × 3 window at stride 2 with padding 1, and writes
# `F.unfold(images, 3, 2, 1)`.
#
# **Predict.** How many columns did they want? How many do they get?
#
# <details><summary>Answer</summary>
#
# They wanted ⌊(7 + 2 − 3) / 2⌋ + 1 = 4 places each way: 16 columns. The 2 went to the dilation. The span is
# 5, the stride stays 1, and 7 + 2 − 5 + 1 = 5 places each way make 25 columns. Name your options.
#
# </details>

# %%
images = torch.zeros(1, 1, 7, 7)
unnamed, named = F.unfold(images, 3, 2, 1), F.unfold(images, 3, stride=2, padding=1)

print("F.unfold(images, 3, 2, 1):               ", unnamed.shape[-1], "columns")
print("F.unfold(images, 3, stride=2, padding=1):", named.shape[-1], "columns")

# %% [markdown]
# ## Exercise: `im2col`
# <!-- exercise: im2col -->
#
# Write every window of a batch as a column, with shapes and arguments as torch's `F.unfold` has them.
# `input` has the shape `(N, C, H, W)`, and the result the shape
#
# $$\bigl(N,\; C \cdot \mathit{kh} \cdot \mathit{kw},\; H_\text{out} \cdot W_\text{out}\bigr)$$
#
# The columns are the places, row of places by row of places. Inside a column: channel by channel, and in a
# channel row of taps by row of taps. The formula above says it exactly.
#
# `kernel_size`, `dilation`, `padding` and `stride` are one integer each, or a tuple for rows and columns.
# Mind the order. `padding` puts zeros around the image, $p_h$ rows at the top *and* at the bottom, $p_w$
# columns on either side. So
#
# $$H_\text{out} = \left\lfloor \frac{H + 2p_h - d_h\,(\mathit{kh} - 1) - 1}{s_h} \right\rfloor + 1$$
#
# You may call your own `windows`, and `np.pad`. Leave `input` as it is, and return a new array. The picture
# has padding (0, 1) and stride (1, 2).

# %%
draw.im2col([[1, 2, 3], [4, 5, 6], [7, 8, 9]], 2, padding=((0, 0), (1, 1)), stride=(1, 2))

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# You have all windows already. What is missing? Before, zeros around the image. Afterwards, fewer axes.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Three steps. (1) Pad, the rows and columns only. (2) Take the windows, of shape (N, C, H_out, W_out, kh,
# kw). (3) Bring the axes into the order in which they are to be merged, then merge. A column runs through
# `c`, `i`, `j`, so these must stand side by side, in this order. (With loops: at each place, the window of
# all images is one slice. Write it into column `y * W_out + x`.)
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# `np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (...)))`. Then `.transpose(0, 1, ...)` with four more numbers:
# the places of (kh, kw) in the shape of the windows, then those of (H_out, W_out). Then
# `.reshape(N, C * kh * kw, ...)`.
#
# </details>

# %%
# exercise: im2col

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `the result's shape is (2, 2, 4), expected (1, 1, 3)`: `np.pad(input, padding)` puts zeros around *all*
#   axes, the batch and the channels too. Give it a pair for each axis.
# - `The shape is right, but your windows are spread over several columns`: `reshape` moved no axis. Bring
#   the taps before the places first.
# - `IndexError: index 6 is out of bounds for axis 2 with size 6`: the number of a column was counted with
#   `H_out`. A row of places has `W_out` of them: `y * W_out + x`.
#
# </details>

# %% [markdown]
# ## And back
#
# im2col copies. A pixel that is read by four windows is in four columns: in the pictures it has four marks.
# **col2im** follows the marks back. Every entry goes to the pixel from which im2col would have read it.
# Where several entries meet, they are **added**.
#
# Let `columns` be the numbers 0 to 23, in 4 rows of 6. They belong to the six 2 × 2 windows of an image
# with 3 × 4 pixels.
#
# **Predict.** Pixel [1, 1] is in four windows. Which four entries of `columns` meet there? What is their
# sum?
#
# <details><summary>Answer</summary>
#
# In the window at place (0, 0), which is column 0, it lies under the last tap, row 3: entry [3, 0]. In the
# others it is [2, 1], [1, 3] and [0, 4]. The sum is 18 + 13 + 9 + 4 = 44.
#
# </details>

# %%
columns = np.arange(24).reshape(4, 6)
image = ask_torch(F.fold, columns[None], output_size=(3, 4), kernel_size=2)[0, 0]

assert image[1, 1] == columns[3, 0] + columns[2, 1] + columns[1, 3] + columns[0, 4], "pixel [1, 1] is wrong"
draw.col2im(columns, (3, 4), 2, (1, 1), output=image)

# %% [markdown]
# So col2im is not the inverse of im2col. Do one after the other, and each pixel comes back as many times as
# there were windows that read it. Columns of ones count these windows.
#
# **Predict.** What are the counts in the first row of the image?
#
# <details><summary>Answer</summary>
#
# 1, 2, 2, 1. The corners are in one window, the others in the first row in two.
#
# </details>

# %%
counts = ask_torch(F.fold, np.ones((1, 4, 6)), output_size=(3, 4), kernel_size=2)[0, 0].astype(int)
columns = ask_torch(F.unfold, small[None, None], kernel_size=2)
there_and_back = ask_torch(F.fold, columns, output_size=(3, 4), kernel_size=2)[0, 0]

assert np.array_equal(there_and_back, counts * small), "a pixel should come back once for each window"
draw.beside(draw.counts(counts, name="windows"), draw.grid(there_and_back, name="there and back"))

# %% [markdown]
# Dividing by the counts gives the image back, wherever a window read it. If that is what you want, divide.
# col2im itself adds.
#
# Why add? Take any image, and any array $Y$ of the columns' shape. Multiply the columns of the image by
# $Y$, entry by entry, and sum. In this sum a pixel occurs once for each of its copies, each time with
# another entry of $Y$. Take the pixel out of the brackets: it is multiplied by the *sum* of those entries.
# That sum is what col2im makes of $Y$ at this pixel. So, with $\langle a, b \rangle$ for "multiply entry by
# entry and sum":
#
# $$\langle \text{im2col}(\text{image}),\; Y \rangle \;=\; \langle \text{image},\; \text{col2im}(Y) \rangle$$
#
# Two functions with this property, for every image and every $Y$, are called **adjoint** to each other. For
# a matrix $A$ you know it as the transpose: $(A u) \cdot v = u \cdot (A^\mathsf{T} v)$.

# %%
options = {"kernel_size": (2, 3), "stride": (2, 1), "padding": 1, "dilation": (1, 2)}
image = rng.integers(1, 10, (1, 2, 6, 7))
columns = ask_torch(F.unfold, image, **options)
Y = rng.integers(-9, 10, columns.shape)
back = ask_torch(F.fold, Y, output_size=(6, 7), **options)

assert np.sum(columns * Y) == np.sum(image * back), "fold is not the adjoint of unfold"
print(f"columns and Y: {np.sum(columns * Y):g}   image and col2im(Y): {np.sum(image * back):g}")

# %% [markdown]
# This is what the next chapter needs. Suppose we know, for every entry of the columns, how strongly the
# result of a network reacts to it. A pixel acts through all its copies. So how strongly the result reacts
# to the pixel is the sum over its copies: col2im again.

# %% [markdown]
# ### Spot it: the `+=` that adds once
#
# col2im can be written without loops. Make arrays of indices, one for each entry of the columns, and write
# `image[rows, columns] += values`. A classmate does so, and where windows overlap the sums are too small.
#
# **Predict.** What does this print?

# %%
indices = [1, 1, 1, 2]
sums = np.zeros(4)
sums[indices] += 1
print("+=       ", sums)

sums = np.zeros(4)
np.add.at(sums, indices, 1)
print("np.add.at", sums)

# %% [markdown]
# <details><summary>Answer</summary>
#
# [0, 1, 1, 0] and then [0, 3, 1, 0]. The first form reads `sums[[1, 1, 1, 2]]`, adds 1 to each of the four
# numbers it has read, and writes them back. Three times a 1 is written to place 1. `np.add.at` adds once
# for each index.
#
# With stride = kernel size no windows overlap, and the two agree. Test with windows that overlap.
#
# </details>

# %% [markdown]
# ## Exercise: `col2im`
# <!-- exercise: col2im -->
#
# Bring columns back to pixels, with shapes and arguments as torch's `F.fold` has them. `input` has the
# shape `(N, C * kh * kw, H_out * W_out)`, in the order of `im2col`. `output_size` is `(H, W)`, and the
# result has the shape `(N, C, H, W)`. The options are those that `im2col` was given, in the same order.
#
# What was read from the padding goes back to the padding, and that is cut off. A pixel that no window reads
# is 0. Leave `input` as it is, and return a new array.
#
# Why does `output_size` have to be given? With two taps and stride 2, four samples have two windows, and so
# have five. The columns do not tell.

# %%
draw.beside(draw.places(4, 2, stride=2), draw.places(5, 2, stride=2))

# %% [markdown]
# Here is an example to compare with: one image of 3 × 3 pixels, `kernel_size=2`, `stride=2`, `padding=1`.
# The windows do not overlap, and each loses something to the padding.

# %%
columns = np.arange(1, 17).reshape(4, 4)
image = [[13, 10, 14], [7, 4, 8], [15, 12, 16]]

folded = ask_torch(F.fold, columns[None], output_size=(3, 3), kernel_size=2, stride=2, padding=1)
assert np.array_equal(folded[0, 0], image), "torch disagrees with the example"
draw.beside(draw.grid(columns, name="input[0]"), draw.grid(image, name="image[0, 0]"))

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Where does im2col read entry `[n, (c * kh + i) * kw + j, y * W_out + x]`? There it goes back, with `+=`.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Four steps. (1) Two numbers for each option, and the number of places each way. (2) Split the axes again:
# `reshape` to (N, C, kh, kw, H_out, W_out). (3) Make padded images of zeros, and add every entry at its
# place. Loops over `y`, `x`, `i` and `j` are fine. Two loops are enough: under one tap, all windows lie on
# different pixels. (4) Cut the padding off.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# With four loops the innermost line is
# `padded[:, :, y * s_h + ..., x * s_w + ...] += columns[:, :, i, j, y, x]`. With two loops, tap `(i, j)` of
# all windows is the slice that starts at `i * d_h` and `j * d_w` and has the steps `s_h` and `s_w`. It has
# to end late enough for `H_out` steps. At the end, `[:, :, p_h : p_h + H, ...]`.
#
# </details>

# %%
# exercise: col2im

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `This entry should be made of input[0, 0, 1] and input[0, 1, 0]; yours is made of input[0, 0, 1]`: an
#   `=` where `+=` belongs, or indices that repeat.
# - `ValueError: non-broadcastable output operand with shape (1,1,1,1) doesn't match the broadcast shape (1,1,1,2)`:
#   a slice with a step ends too early. `H_out` steps of `s_h` need `s_h * H_out` rows.
# - `the result's shape is (1, 1, 0, 0)`: `[p_h:-p_h]` is empty when `p_h` is 0. Say where the image ends.
#
# </details>

# %% [markdown]
# ## The kernel becomes a matrix
#
# So far the image became a matrix, and each filter a row of numbers. Now the other way round. The image is
# flattened, as in the first section. Then an output entry is a weighted sum of *all* pixels, and most of
# the weights are 0.
#
# Begin with a signal: seven samples, taps 4, 2, 1. The matrix has a row for each entry of the output and a
# column for each sample.
#
# **Predict.** What is its shape? What is its row 2?
#
# <details><summary>Answer</summary>
#
# (5, 7). `output[2]` is 4·`signal[2]` + 2·`signal[3]` + 1·`signal[4]`, so row 2 is 0 0 4 2 1 0 0.
#
# </details>

# %%
signal = np.array([2, 1, 4, 3, 0, 5, 2])
matrix = np.array(
    [
        [4, 2, 1, 0, 0, 0, 0],
        [0, 4, 2, 1, 0, 0, 0],
        [0, 0, 4, 2, 1, 0, 0],
        [0, 0, 0, 4, 2, 1, 0],
        [0, 0, 0, 0, 4, 2, 1],
    ]
)
expected = ask_torch(F.conv1d, signal[None, None], [[[4, 2, 1]]])
assert np.array_equal(matrix @ signal, expected[0, 0]), "the matrix and conv1d differ"
print("matrix @ signal =", matrix @ signal)

draw.matrix(matrix)

# %% [markdown]
# From row to row the taps move on by one. So along every diagonal that goes down to the right, all numbers
# are equal. Such a matrix is called a **Toeplitz matrix**. Here stand the 22 and the 17 of chapter 1, too.
#
# Now `small`, with 3 × 4 pixels, and the kernel [[4, 2], [1, 3]]. The output has 2 × 3 places. One row of
# the matrix is easy to find: lay the kernel on an image of zeros, at its place, and flatten the image.

# %%
y, x = 1, 1
laid = np.zeros((3, 4), dtype=int)
laid[y : y + 2, x : x + 2] = kernel

print(f"row of the matrix for place ({y}, {x}):", laid.ravel())
print("times the image:", laid.ravel() @ small.ravel())
draw.grid(laid, name="kernel on zeros", window=(y, x, 2, 2))

# %% [markdown]
# That is the 81 from above. Place `(y, x)` is row `y·W_out + x` of the matrix, and pixel `[row, column]` is
# its column `row·W + column`. Both are flattened as they lie in memory.
#
# **Predict.** What is the shape of the whole matrix? How many of its entries are not 0?
#
# <details><summary>Answer</summary>
#
# (6, 12): six places, twelve pixels. Each row holds the four taps, so 24 of the 72 entries are not 0.
#
# </details>
#
# Put together, it is made of blocks. Block `A` is the Toeplitz matrix of the kernel's first row, 4 2. Block
# `B` is that of its second row, 1 3. Block `Z` is zeros.

# %%
A = np.array([[4, 2, 0, 0], [0, 4, 2, 0], [0, 0, 4, 2]])
B = np.array([[1, 3, 0, 0], [0, 1, 3, 0], [0, 0, 1, 3]])
Z = np.zeros((3, 4), dtype=int)
matrix = np.block([[A, B, Z], [Z, A, B]])

expected = ask_torch(F.conv2d, small[None, None], kernel[None, None])
assert np.array_equal(matrix @ small.ravel(), expected.ravel()), "the matrix and conv2d differ"
draw.matrix(matrix, blocks=(3, 4))

# %% [markdown]
# A row of blocks makes one row of the output, and a column of blocks reads one row of the image. Within a
# block numbers repeat along diagonals, and so do the blocks: a Toeplitz matrix of Toeplitz matrices.
#
# At the end of a row of places, something else happens.
#
# **Predict.** From matrix row 0 to row 1 the taps move on by one. By how much do they move from row 2 to
# row 3?
#
# <details><summary>Answer</summary>
#
# By two. Row 2 belongs to place (0, 2) and starts in column 2. Row 3 belongs to place (1, 0) and starts at
# pixel [1, 0], which is column 4. The window has to get past the end of the image's row.
#
# </details>
#
# **Channels.** For each pair of an output channel `o` and an input channel `c` there is such a matrix, from
# the kernel `weight[o, c]`. Put them side by side for `c` and below each other for `o`. In this picture all
# four kernels are multiples of one kernel: 1, 2, 3 and −1 times. A colour is a tap, as before.

# %%
factors = np.array([[1, 2], [3, -1]])
weight = factors[:, :, None, None] * kernel  # (2, 2, 2, 2)
with_channels = np.kron(factors, matrix)  # each factor times the matrix, as a block

image = rng.integers(-4, 5, (1, 2, 3, 4))
expected = ask_torch(F.conv2d, image, weight)
assert np.array_equal(with_channels @ image.ravel(), expected.ravel()), "the matrix and conv2d differ"
draw.matrix(with_channels, blocks=(6, 12), taps=kernel, like=np.tile(matrix, (2, 2)))

# %% [markdown]
# The shape is $(C_\text{out} H_\text{out} W_\text{out},\; C_\text{in} H W)$. Rows are in the order in which
# `output[o, y, x]` lies in memory, columns in that of `image[c, row, column]`.
#
# The options change the matrix like this:
#
# - **stride**: fewer places, so fewer rows. Those that are left stay as they are.
# - **dilation**: zeros between the taps of a row. The span grows, so there are fewer rows, too.
# - **padding**: more places, so more rows. But the padding has no columns. A tap that lies on it meets a
#   zero, adds nothing, and is **left out**.
#
# **Predict.** Now with padding 1. Which taps are in the matrix row of place (0, 0)? And of place (1, 0)?
#
# <details><summary>Answer</summary>
#
# At (0, 0) the window starts in row −1 and column −1. Only tap [1, 1] meets a pixel, [0, 0]. At (1, 0) the
# window starts in row 0 and column −1. The two taps on the right, 2 and 3, meet pixels [0, 0] and [1, 0].
#
# </details>

# %%
draw.window(small, kernel, (1, 0), padding=1)

# %% [markdown]
# ### Spot it: the tap that comes back elsewhere
#
# A classmate works with one number for a pixel, `row * W + column`. A tap with a number below 0, or of
# `H * W` and more, is left out. Without padding, every matrix is right. With padding above and below, too.
#
# **Predict.** The place is (1, 0), as in the picture. Which numbers do the two taps in column −1 get?
#
# <details><summary>Answer</summary>
#
# The upper one lies at row 0, column −1, so its number is −1 and it is left out. The lower one lies at row
# 1, column −1. Its number is 1 · 4 − 1 = 3: the last pixel of the row above. The classmate's tap comes back
# on the other side of the image.
#
# One number cannot tell that a column is missing. Ask the row and the column, each by itself.
#
# </details>

# %%
H, W = small.shape
for i, j in np.ndindex(2, 2):
    row, column = 1 + i - 1, 0 + j - 1  # place (1, 0), padding 1
    number, inside = row * W + column, 0 <= row < H and 0 <= column < W
    kept = 0 <= number < H * W
    print(f"tap [{i}, {j}]: row {row}, column {column:2}, number {number:2}", end="   ")
    print(f"inside: {inside!s:5}  kept: {kept}")

# %% [markdown]
# ### What a matrix does to one pixel
#
# There is a second way to find a matrix, and it works for every linear function: ask. Feed it an image with
# a single 1 at one pixel. What comes out is that pixel's column of the matrix.
#
# **Predict.** The 1 stands at pixel [1, 1] of a 3 × 4 image, the kernel is [[4, 2], [1, 3]] as before. What
# comes out?
#
# <details><summary>Answer</summary>
#
# [[3, 1, 0], [2, 4, 0]]. At place (0, 0) the 1 lies under the last tap, 3. At place (1, 1) it lies under
# the first, 4. It is the kernel back to front, as in chapter 1.
#
# </details>

# %%
one = np.zeros((3, 4), dtype=int)
one[1, 1] = 1
answer = ask_torch(F.conv2d, one[None, None], kernel[None, None])[0, 0].astype(int)

assert np.array_equal(answer.ravel(), matrix[:, 1 * 4 + 1]), "the answer is not the pixel's column"
draw.beside(draw.grid(one, name="one pixel"), draw.grid(answer, name="output"))

# %% [markdown]
# ## Exercise: `conv_matrix`
# <!-- exercise: conv_matrix -->
#
# Write the matrix of a convolution. `weight` has the shape `(C_out, C_in, kh, kw)` and holds floats,
# `input_size` is `(H, W)`. The options come in the order of `conv2d`, and each is an integer or a tuple for
# rows and columns. For every image of shape `(C_in, H, W)`,
#
# ```text
# conv_matrix(weight, (H, W), …) @ image.ravel()
# ```
#
# must be what `conv2d` makes of the image, flattened. The shape is
#
# $$\bigl(C_\text{out} \cdot H_\text{out} \cdot W_\text{out},\; C_\text{in} \cdot H \cdot W\bigr), \qquad
# H_\text{out} = \left\lfloor \frac{H + 2p_h - d_h\,(\mathit{kh} - 1) - 1}{s_h} \right\rfloor + 1$$
#
# There are two ways. Either put each tap where it belongs: in the row of `output[o, y, x]`, tap
# `[o, c, i, j]` belongs to pixel `[c, row, column]` with
#
# $$\text{row} = y\,s_h + i\,d_h - p_h, \qquad \text{column} = x\,s_w + j\,d_w - p_w$$
#
# Or ask, with one image for each pixel. For that you may use `functional.conv2d`, which has `conv2d`'s
# arguments and wants arrays of one dtype. The picture shows the matrix of the kernel [[4, 2], [1, 3]] on 3
# × 3 pixels, with stride 2 and padding 1.

# %%
from convlab import functional

example = [
    [3, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 1, 3, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 2, 0, 0, 3, 0, 0],
    [0, 0, 0, 0, 4, 2, 0, 1, 3],
]
nine = np.arange(1, 10).reshape(3, 3)
expected = functional.conv2d(nine[None], kernel[None, None], stride=2, padding=1)
assert np.array_equal(example @ nine.ravel(), expected.ravel()), "the example and conv2d differ"

draw.matrix(example, blocks=(2, 3), taps=kernel)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Number every place and every pixel by the place that it has in memory. Or, easier: begin with an array
# that has an axis for each of `o`, `y`, `x`, `c`, `row` and `column`. What makes a matrix of it?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# By taps: make zeros of shape (C_out, H_out, W_out, C_in, H, W). Loop over `y`, `x`, `i`, `j`, and compute
# `row` and `column`. If both are inside the image, put the taps there, for all channels at once. At the end
# merge the first three axes and the last three.
#
# By asking: `np.eye` has a single 1 in each row. `reshape` makes a batch of images from it, one for each
# pixel. Think about which axis of the answer counts the pixels.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# By taps, the innermost lines are `if 0 <= row < H and ...:` and `matrix[:, y, x, :, row, column] = ...`.
# By asking, the answer has the shape (pixels, C_out, H_out, W_out). Flatten all but the first axis. Now
# each pixel is a row, and it should be a column.
#
# </details>

# %%
# exercise: conv_matrix

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `IndexError: index 1 is out of bounds for axis 1 with size 1`: a tap on the padding was not left out.
# - `This entry should be 0; yours is made of weight[0, 0, 0, 0]`: a tap came down where it does not belong.
#   With padding, a negative index may have gone round. Without, the number of a row may have been counted
#   with `H_out` instead of `W_out`.
# - `TypeError: weight must have the dtype of input, int64, got float64`: the images of ones and zeros were
#   made of integers. `np.eye` gives floats if nothing else is said.
#
# </details>

# %% [markdown]
# ## What the matrix tells
#
# A linear layer may have any matrix. A convolution is a linear layer whose matrix obeys two rules. It is
# **local**: an entry of the output reads only its window, and the rest of its row is 0. It is **shared**:
# in all rows of one output channel stand the same taps (but for those that lie on padding).
#
# **Predict.** The kernel is as large as the image, and nothing is padded. What is its matrix?
#
# <details><summary>Answer</summary>
#
# It has one row for each filter, and no zeros that the filter does not have itself. It is
# `weight.reshape(C_out, -1)`, as in the first section. With one place there is nothing to leave out and
# nothing to share.
#
# </details>
#
# How much do the rules save? Once more the second layer of VGG-16: from 64 channels of 224 × 224 pixels to
# just as many.

# %%
numbers = 64 * 224 * 224
print(f"entries of the matrix: {numbers**2:,}, in float32 {numbers**2 * 4 / 1e12:.0f} terabytes")
print(f"not 0 in a row: at most {64 * 3 * 3:,} of {numbers:,}")
print(f"different numbers in the whole matrix: at most {64 * 64 * 3 * 3:,}, and the 0")

# %% [markdown]
# So nobody builds this matrix to compute with. It is there to think with. For example: what does its
# *transpose* do? The matrix takes an image to an output. The transpose has the shape
# $(C_\text{in} H W,\; C_\text{out} H_\text{out} W_\text{out})$, so it takes something of the output's shape
# back to the image's shape.
#
# **Predict.** Which numbers stand in row 5 of `matrix.T`, the row of pixel [1, 1]? In which order?
#
# <details><summary>Answer</summary>
#
# Column 5 of the matrix, which you have just seen: 3 1 0 2 4 0. These are the taps through which the pixel
# acted on the six places. And they stand back to front.
#
# </details>

# %%
print("matrix.T, row 5:", matrix.T[5])
draw.matrix(matrix.T, blocks=(4, 3), name="matrix.T", taps=kernel)

# %% [markdown]
# It looks like the matrix of another convolution: diagonals, blocks, the same four taps. But they are
# flipped, and at the edges some are missing, as with padding. Chapter 7 finds out which convolution it is.

# %% [markdown]
# ## Where this is used
#
# **im2col.** Caffe, a library that many networks were first published with (its paper is of 2014), computed
# its convolutions this way: im2col, then a matrix product. To save the memory, NVIDIA's cuDNN has a method
# called *implicit GEMM*: it is the same product, but the columns are never stored as a whole. (GEMM is what
# libraries call a matrix product.)
#
# **Windows that do not overlap.** A Vision Transformer cuts its picture into patches of 16 × 16 pixels,
# writes each as one row of numbers, and sends it through a linear layer. That is a convolution with kernel
# 16 and stride 16, and torchvision writes it as one.
#
# **Predict.** For a colour picture of 224 × 224: how many patches are there, and how many numbers are in
# each? How often is each pixel copied?
#
# <details><summary>Answer</summary>
#
# 14 · 14 = 196 patches with 3 · 16 · 16 = 768 numbers. Each pixel is copied once, so here im2col makes
# nothing larger, and col2im *is* its inverse.
#
# </details>

# %%
patches = F.unfold(torch.zeros(1, 3, 224, 224), 16, stride=16)
print("columns:", tuple(patches.shape), f"  numbers: {patches.numel():,} of {3 * 224 * 224:,}")

# %% [markdown]
# **A linear layer that slides.** VGG-16 ends in linear layers. The first of them reads 512 channels of 7 ×
# 7 and gives 4096 numbers.
#
# **Predict.** How many weights is that? Read as a convolution with 7 × 7 kernels: what comes out for a
# picture twice as large, where the channels are 14 × 14?
#
# <details><summary>Answer</summary>
#
# 512 · 7 · 7 · 4096 = 102,760,448 weights, about three quarters of all that VGG-16 has. The linear layer
# takes nothing but 7 × 7. The convolution, with the same weights, gives 8 × 8 places: an answer for each
# part of the picture. FCN, a well-known network that labels every pixel, was made from VGG-16 like that.
#
# </details>

# %%
print(f"{512 * 7 * 7 * 4096:,} weights")
print("places:", functional.output_size((14, 14), (7, 7)))

# %% [markdown]
# **Overlap and add.** Sound is often cut into overlapping windows, changed, and put together again. Putting
# it together is col2im in one dimension, and then a division by how much each sample was counted.
# `torch.istft` does that.
#
# **Channels last.** Keras and TensorFlow use it unless told otherwise, and NVIDIA recommends it for the
# Tensor Cores of its processors. To carry weights from there to torch takes the transpose from above,
# `(3, 2, 0, 1)`.

# %% [markdown]
# ## The card to keep
#
# | | |
# |---|---|
# | strides of an array | bytes to the next entry along each axis; a view may have any |
# | windows | shape $(N, C, H_\text{out}, W_\text{out}, \mathit{kh}, \mathit{kw})$: places before taps, a view |
# | im2col | shape $(N,\; C\,\mathit{kh}\,\mathit{kw},\; H_\text{out} W_\text{out})$: taps down, places across |
# | the layer | `weight.reshape(C_out, -1) @ columns`, then split the last axis into rows and columns |
# | col2im | adds where windows overlap: $\langle \text{im2col}(u), Y \rangle = \langle u, \text{col2im}(Y) \rangle$ |
# | conv_matrix | shape $(C_\text{out} H_\text{out} W_\text{out},\; C_\text{in} H W)$: a row for each output entry |
# | linear layer | a convolution whose kernel is as large as the image |
# | NCHW, NHWC | the last letter is innermost in memory; `transpose` leads from one to the other |
#
# **Three traps**
#
# 1. `reshape` moves no number. Exchange axes with `transpose`, then merge.
# 2. `=` and `image[indices] += …` lose what overlaps. col2im adds, and it is not the inverse of im2col.
# 3. Strides worked out from the shape are right for new arrays only. Test on a view.
#
# **Next:** the transpose of this matrix takes a gradient from the output back to the image. Chapter 7
# computes it without the matrix, and finds a convolution with flipped kernels.
