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
# # 3 · Channels and batches
#
# A colour picture holds three numbers at every pixel. Deep inside a network there may be five hundred. In
# this chapter the window reaches through all of them. It asks several questions at once, about several
# examples at once. What you have then is the layer that networks are built from. Only its options are missing.
#
# **After this chapter you can**
#
# - compute an output entry by hand when there are several channels, and write the whole layer as a function;
# - say what each axis of `weight` counts, and which sizes have to agree;
# - put a bias where it belongs;
# - nest seven loops, and say what each variable means and which moves fastest;
# - read an einsum, and write this sum as one;
# - count the numbers that a layer learns and the products that it computes.
#
# **You need** chapters 1 and 2: the window, the formula, and the shapes `(N, C, L)` and `(N, C, H, W)`.
#
# **It takes** about an hour. More than half of it belongs to the two exercises.

# %%
import math

import numpy as np
import torch
import torch.nn.functional as F

from convlab import draw
from convlab.checks import check
from convlab.data import photograph

np.set_printoptions(precision=4, suppress=True)


def ask_torch(input, weight, bias=None):
    """torch's answer for a whole batch: signals (N, C_in, L) or images (N, C_in, H, W)."""
    arrays = [input, weight] if bias is None else [input, weight, bias]
    tensors = [torch.tensor(np.array(array, dtype=float)) for array in arrays]
    layer = F.conv1d if tensors[0].ndim == 3 else F.conv2d
    return layer(*tensors).numpy()


# %% [markdown]
# ## Several numbers at every moment
#
# A weather station writes down temperature, pressure and rain every hour. That is one signal with three
# **channels**. Its shape is `(C_in, L)`. The `in` says that these are the channels that go in: what comes
# out has channels too, and may have another number of them.
#
# Here are three channels of 12 samples. Channel 0 is the ramp of chapter 1. Channel 1 is switched on and
# off again. Channel 2 ticks at every third moment.

# %%
input = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0],
        [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0],
        [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0],
    ]
)
draw.stack(input, name="input")

# %% [markdown]
# ## One kernel for every channel
#
# Each channel gets a kernel of its own. Lay the kernels on their channels, all at the same place. Multiply
# and add in each channel, as in chapter 1. That gives one number for each channel. Then **add these
# numbers**. The sum is one entry of the output.
#
# `weight` below holds three sets of three kernels. For now we use the first set, `weight[0]`. Its row `c` is
# the kernel for channel `c`.

# %%
weight = np.array(
    [
        [[-1, 0, 1], [0.5, 0, -0.5], [1, 1, 1]],
        [[1, 1, -1], [0, 1, 0], [-1, 0, 1]],
        [[0, 1, 0], [1, -1, 1], [0, -1, 0]],
    ]
)
draw.grid(weight[0], name="weight[0]")

# %% [markdown]
# **Predict.** At place 0 the three windows are [0, 1, 2], [0, 1, 1] and [0, 0, 1]. Which number does each
# channel give? What is the entry?
#
# <details><summary>Answer</summary>
#
# Channel 0 gives 2 − 0 = 2. Channel 1 gives 0 − 0.5 = −0.5. Channel 2 gives 0 + 0 + 1 = 1. The entry is
# 2 − 0.5 + 1 = 2.5.
#
# </details>

# %%
draw.channels(input, weight[0], 0, channel=0)

# %% [markdown]
# Three channels went in, and one number came out. The window slides along the signal. It does not slide
# along the channels: it covers all of them at every place.
#
# With `o` = 0 for the first set of kernels, this is the formula. It is that of chapter 1 with one sum more:
#
# $$
# \text{output}[o, x] = \sum_{c=0}^{C_\text{in}-1}\;\sum_{k=0}^{K-1}
# \text{input}[c,\, x + k]\;\text{weight}[o, c, k]
# $$
#
# Here is the last entry. `@` is the dot product, which does the sum over `k`.

# %%
o, x = 0, 9
c0, c1, c2 = (input[c, x : x + 3] @ weight[o, c] for c in range(3))

print(f"output[{o}, {x}] = {c0:g} + {c1:g} + {c2:g} = {c0 + c1 + c2:g}")

# %% [markdown]
# ## One kernel for every pair
#
# These kernels ask one question about the signal. A layer asks many. For a second output channel take a
# second set of kernels, for a third one a third set. So there is one kernel for each **pair** of an output
# channel `o` and an input channel `c`: it is `weight[o, c]`. The shape of `weight` is `(C_out, C_in, K)`.
#
# The set that makes one output channel, `weight[o]`, is called a **filter**. (As long as there was one
# channel, a filter was one kernel, so chapters 1 and 2 needed only one word.)
#
# In the picture a column belongs to an input channel and a row to a filter. What the kernels of a row give is
# added up, place by place.

# %%
draw.filters(weight)

# %% [markdown]
# **Predict.** The windows at place 0 are still [0, 1, 2], [0, 1, 1] and [0, 0, 1]. What is `output[2, 0]`?
#
# <details><summary>Answer</summary>
#
# [0, 1, 0] picks the middle of [0, 1, 2], which is 1. [1, −1, 1] on [0, 1, 1] gives 0 − 1 + 1 = 0.
# [0, −1, 0] on [0, 0, 1] gives 0. So the entry is 1.
#
# </details>

# %%
draw.channels(input, weight[2], 0, channel=2)

# %% [markdown]
# All three filters, at all ten places. Row `o` is output channel `o`. torch wants a batch axis in front, so
# `None` puts one there, and `[0]` takes it away.

# %%
expected = [
    [2.5, 3, 3, 3, 3, 3, 3, 3, 3, -8.5],
    [1, 1, 1, 4, 4, 4, 7, 7, 7, 20],
    [1, 2, 4, 5, 5, 7, 8, 8, 10, 10],
]
output = ask_torch(input[None], weight)[0]

assert np.allclose(output, expected), "torch disagrees with the three filters worked by hand"
draw.grid(output, name="output")

# %% [markdown]
# That three channels gave three channels is a coincidence. Nothing forces the number of filters.
#
# **Predict.** You want 16 output channels from this input, with kernels of 5 taps. What is the shape of
# `weight`? How many numbers are in it? What is the shape of the output?
#
# <details><summary>Answer</summary>
#
# `weight` is `(16, 3, 5)`, which holds 16 · 3 · 5 = 240 numbers. With the batch axis, the output is
# `(1, 16, 8)`: 12 − 5 + 1 = 8 places.
#
# </details>

# %%
print("weight:", np.zeros((16, 3, 5)).size, "numbers")
print("output:", ask_torch(input[None], np.zeros((16, 3, 5))).shape)

# %% [markdown]
# ## Why C_in must agree
#
# In the formula, `c` stands in `input` *and* in `weight`. Kernel `c` lies on channel `c`. If the input has
# three channels and a filter only two kernels, then channel 2 has no kernel. Is it to be left out? torch
# does not guess. It refuses.
#
# **Predict.** Here is a `weight` of shape (3, 2, 3). torch will mention it in its message, and the input's
# shape too. Which of the six numbers are the two that do not agree?
#
# <details><summary>Answer</summary>
#
# Axis 1 of `weight` and axis 1 of `input`: 2 kernels in each filter, 3 channels in the signal.
#
# </details>

# %%
try:
    ask_torch(input[None], weight[:, :2])
except RuntimeError as error:
    print(error)

# %% [markdown]
# | axis of `weight` | its letter | its size | must agree with |
# |---|---|---|---|
# | 0 | `o` | C_out | nothing: as many filters as you like |
# | 1 | `c` | C_in | the channels of the input |
# | 2 | `k` | K | nothing, but K must not exceed L |
#
# When layers follow each other, the C_out of one is the C_in of the next.

# %% [markdown]
# <details><summary>Three messages torch gives about channels, and what they mean</summary>
#
# - `expected input[1, 32, 48, 3] to have 3 channels, but got 32 channels instead`: the channels stand last,
#   as image files have them. torch wants them on axis 1: `np.moveaxis(images, -1, 1)`.
# - `expected input[1, 8, 32, 48] to have 1 channels, but got 8 channels instead`: eight grey pictures of
#   shape `(8, 32, 48)` were taken for one picture with eight channels. Write `images[:, None]`.
# - `expected bias to be 1-dimensional with 3 elements, but got bias of size [2] instead`: a bias has one
#   number for each *output* channel. We come to it below.
#
# (`groups=1` in the first two says that every filter sees every channel. Chapter 9 changes that.)
#
# </details>

# %% [markdown]
# ## A batch: the same for each
#
# A second signal comes along. Both have the same shape, so they fit into one array of shape `(N, C_in, L)`,
# a **batch** of N = 2. The layer treats each signal as if it were alone. All of them meet the same weight.

# %%
second = np.array(
    [
        [0, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0],
    ]
)
batch = np.stack([input, second])
print("shape (N, C_in, L) =", batch.shape)

draw.beside(draw.stack(batch[0], name="batch[0]"), draw.stack(batch[1], name="batch[1]"))

# %% [markdown]
# In the formula `n` appears on both sides. There is no sum over it:
#
# $$
# \text{output}[n, o, x] = \sum_{c=0}^{C_\text{in}-1}\;\sum_{k=0}^{K-1}
# \text{input}[n, c,\, x + k]\;\text{weight}[o, c, k]
# $$
#
# **Predict.** Which of the nine kernels make no difference to the second signal? What is
# `output[1, 2, 0]`, where the windows are [0, 9, 8], [0, 0, 0] and [0, 0, 1]?
#
# <details><summary>Answer</summary>
#
# Its channel 1 is all zeros, so `weight[0, 1]`, `weight[1, 1]` and `weight[2, 1]` make no difference.
# The entry is 9: [0, 1, 0] picks the 9, and [0, −1, 0] picks a 0 from [0, 0, 1].
#
# </details>

# %%
n, o, x = 1, 2, 0
c0, c1, c2 = (batch[n, c, x : x + 3] @ weight[o, c] for c in range(3))

print(f"output[{n}, {o}, {x}] = {c0:g} + {c1:g} + {c2:g} = {c0 + c1 + c2:g}")

# %%
expected_second = [
    [9, -1, 0, -1, 0, -1, 0, -1, 0, 0],
    [2, 10, 9, 8, 7, 6, 5, 4, 3, 1],
    [9, 7, 7, 5, 5, 3, 3, 1, 1, -1],
]
output = ask_torch(batch, weight)

assert np.allclose(output, [expected, expected_second]), "torch disagrees with the batch worked by hand"
draw.grid(output[1], name="output[1]")

# %% [markdown]
# ### Spot it: two sides, two inputs
#
# A tutorial compares its own function with torch on this very batch. The numbers are typed in twice, once
# for each side. Both results are printed, one below the other. They agree everywhere but in the last column
# of the first signal:
#
# ```text
# own function:  output[0, :, 9] = [-8.5  20.   10. ]
# torch:         output[0, :, 9] = [-7.5  21.   10. ]
# ```
#
# **Predict.** Both functions are right. So the inputs differ, and it is a single element. Which one, and by
# how much? The last taps of the nine kernels tell: write them down, a row for each filter.
#
# <details><summary>Answer</summary>
#
# The last window holds samples 9, 10 and 11. The first two lie in other windows as well, and there nothing
# has changed. So it is sample 11, which meets the last tap of each kernel. Those taps are 1, −0.5, 1 in the
# first filter, −1, 0, 1 in the second and 0, 1, 0 in the third. The three entries changed by +1, +1 and 0.
# That is the column of channel 2, taken once. So `input[0, 2, 11]` is 1 on torch's side and 0 on the other.
# The third filter has a 0 there and cannot see it.
#
# </details>

# %%
typed_again = input.copy()
typed_again[2, 11] = 1

for typed in (input, typed_again):
    print(f"with a {typed[2, 11]}: output[:, 9] =", ask_torch(typed[None], weight)[0, :, 9])

# %% [markdown]
# Nobody noticed, because nothing was compared. Two blocks of numbers were printed, and a reader was to look
# at them. Write the data **once** and give it to both sides. Then let the machine compare:
# `assert np.allclose(own, theirs)`.

# %% [markdown]
# ## The bias: one number for each output channel
#
# A filter on a window of zeros gives 0, whatever its taps are. A **bias** lets it give something else. It is
# one number for each output channel, added once to every entry of that channel:
#
# $$
# \text{output}[n, o, x] = \text{bias}[o] + \sum_{c=0}^{C_\text{in}-1}\;\sum_{k=0}^{K-1}
# \text{input}[n, c,\, x + k]\;\text{weight}[o, c, k]
# $$
#
# **Predict.** The input is all zeros, and the bias is [0.5, −1, 2]. What comes out?
#
# <details><summary>Answer</summary>
#
# Output channel 0 is 0.5 at every place, channel 1 is −1, channel 2 is 2. Each number fills its channel.
# That there are several channels of *input* makes no difference: the bias stands outside the sums.
#
# </details>

# %%
bias = np.array([0.5, -1, 2])
output = ask_torch(np.zeros((1, 3, 5)), weight, bias)

draw.grid(output[0], name="output[0]", heat=True)

# %% [markdown]
# The bias is optional. In torch's argument list it is `bias=None`, and then nothing is added.

# %% [markdown]
# ### Spot it: the bias on its side
#
# A classmate has the sums in `output`, of shape `(N, C_out, L_out)`, and writes `output + bias`. NumPy lines
# up the *last* axes of the two.
#
# **Predict.** What happens with C_out = 3 and L_out = 10? And with C_out = 3 and L_out = 3, as here?
#
# <details><summary>Answer</summary>
#
# Ten places and three numbers do not fit: a `ValueError`. Three and three do fit, and there is no error.
# But the bias now runs along the places: `bias[x]` is added where `bias[o]` belongs.
#
# `bias[:, None]` has the shape `(C_out, 1)`. Now the channels stand over the channels, and NumPy repeats the
# axis of length 1 along the places.
#
# </details>

# %%
sums = np.zeros((1, 3, 3))
draw.beside(
    draw.grid((sums + bias)[0], name="sums + bias: wrong", heat=True),
    draw.grid((sums + bias[:, None])[0], name="sums + bias[:, None]", heat=True),
)

# %% [markdown]
# ## Exercise: `conv1d_multichannel`
# <!-- exercise: conv1d_multichannel -->
#
# Write the layer for signals, for every place where the window fits:
#
# $$
# \text{output}[n, o, x] = \text{bias}[o] + \sum_{c=0}^{C_\text{in}-1}\;\sum_{k=0}^{K-1}
# \text{input}[n, c,\, x + k]\;\text{weight}[o, c, k], \qquad 0 \le x < L - K + 1
# $$
#
# `input` has the shape `(N, C_in, L)`, `weight` the shape `(C_out, C_in, K)`, and `bias` is `None` or has the
# shape `(C_out,)`. They hold integers or floats: integers under a kernel with fractions give fractions. Any
# size may be 1, and a kernel may be as long as the signals. Leave the arguments as they are, and return a
# new array.
#
# Five loops are welcome.

# %%
draw.channels([[1, 0, 2, 1], [0, 3, 1, 1]], [[1, 2], [0, -1]], 1, channel=0)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Begin with your `correlate1d`. It has a loop for `x` and a loop for `k`. Which letters of the formula are
# new? Each of them is a loop.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Three loops choose an entry: `n`, `o` and `x`. They are the letters on the left of the formula. Two loops
# inside them, `c` and `k`, add to that entry. `weight.shape` gives C_out and K, `input.shape` the rest.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# The innermost line has the form `output[n, o, x] += input[n, c, ...] * weight[...]`. The bias can come
# first: an entry may start at `bias[o]` and not at 0, but only `if bias is not None`. Or it can come last,
# for all entries at once, with `[:, None]` as above.
#
# </details>

# %%
# exercise: conv1d_multichannel

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `IndexError: index 1 is out of bounds for axis 1 with size 1`: two axes are exchanged. `weight` is
#   `[o, c, k]`, output channel first. Or the output was made with C_in channels.
# - `weight[0, 0, 0] should meet input[0, 0, 0] there; yours is missing from the sum`: an `=` where `+=`
#   belongs. Each channel overwrites what the one before has given.
# - `ValueError: The truth value of an array with more than one element is ambiguous`: `if bias:` asks a
#   whole array for one yes or no. Ask `if bias is not None:`.
#
# </details>

# %% [markdown]
# ### Spot it: three, three, three
#
# Our first example has three channels in, three filters and three taps. A classmate reads `weight` as
# `[c, o, k]`, input channel first, and tests with it.
#
# **Predict.** Is there an error? Is the output's shape right? Are its numbers?
#
# <details><summary>Answer</summary>
#
# There is no error, and the shape is right. Each index exists, because the two axes are equally long. The
# numbers are wrong: kernels sit on channels that they do not belong to. With C_in = 3 and C_out = 2 an
# index would leave its axis, and the slip would show at once.
#
# Test with sizes that all differ: N, C_in, C_out, L and K. Then test once with C_in = C_out as well: there a
# slip shows in the numbers.
#
# </details>

# %%
right = ask_torch(input[None], weight)[0]
exchanged = ask_torch(input[None], weight.swapaxes(0, 1))[0]

print("right:    ", right.shape, " first column", right[:, 0])
print("exchanged:", exchanged.shape, " first column", exchanged[:, 0])

# %% [markdown]
# ## Images: a place has two numbers
#
# `input` becomes `(N, C_in, H, W)`, `weight` becomes `(C_out, C_in, kh, kw)`. A place has two numbers, and
# so has a tap:
#
# $$
# \text{output}[n, o, y, x] = \text{bias}[o] + \sum_{c=0}^{C_\text{in}-1}\;\sum_{i=0}^{\mathit{kh}-1}\;
# \sum_{j=0}^{\mathit{kw}-1} \text{input}[n, c,\, y + i,\, x + j]\;\text{weight}[o, c, i, j]
# $$
#
# This image has three channels. The first one is the ring of chapter 2. At each place the window covers the
# same 3 × 3 pixels in all of them: 27 numbers.

# %%
image = np.array([np.pad(np.arange(1, 10).reshape(3, 3), 1), np.ones((5, 5)), np.eye(5)])

draw.stack(image, name="image", window=(1, 1, 3, 3))

# %% [markdown]
# And here are two filters for it. `filters[o, c]` is the kernel of filter `o` for channel `c`: every pair has its
# own. The first one is Sobel's.

# %%
filters = np.array(
    [
        [
            [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
            [[0, 0, 0], [0.5, 0.5, 0.5], [0, 0, 0]],
            [[1, 0, -1], [0, 0, 0], [-1, 0, 1]],
        ],
        [
            [[1, 1, 1], [0, 0, 0], [-1, -1, -1]],
            [[0, 0.5, 0], [0, 0.5, 0], [0, 0.5, 0]],
            [[0, 0, 0], [1, -1, 1], [0, 0, 0]],
        ],
    ]
)
draw.filters(filters, names=("image", "filters", "output"))

# %% [markdown]
# **Predict.** In chapter 2, Sobel's kernel gave 8 in the middle of the ring. What do the other two kernels
# of `filters[0]` add in the middle, where the windows are all ones and three ones on the diagonal?
#
# <details><summary>Answer</summary>
#
# The second kernel gives 0.5 + 0.5 + 0.5 = 1.5. The third has 1 in the top left corner and 1 in the bottom
# right corner, and both meet a 1 of the diagonal: 2. The entry is 8 + 1.5 + 2 = 11.5.
#
# </details>

# %%
draw.channels(image, filters[0], (1, 1), channel=0, names=("image", "filters", "output"))

# %%
expected = [
    [[12.5, 7.5, -8.5], [21.5, 11.5, -18.5], [21.5, 7.5, -17.5]],
    [[-8.5, -12.5, -9.5], [-9.5, -17.5, -9.5], [10.5, 17.5, 11.5]],
]
output = ask_torch(image[None], filters)[0]

assert np.allclose(output, expected), "torch disagrees with the two filters worked by hand"
draw.stack(output, name="output")

# %% [markdown]
# Now a batch of two images. Channel 0 of the second one is 2 everywhere, channel 1 holds the numbers from 0
# to 24 in order, and channel 2 is empty.
#
# **Predict.** Which of the three kernels in each filter give anything but 0 on the second image? Its two
# output channels come out equal. Why?
#
# <details><summary>Answer</summary>
#
# The kernels for channel 0 both have taps that add up to 0, so a constant channel gives 0. An empty channel
# gives 0 as well. Only channel 1 counts. There one filter adds up three numbers side by side, the other
# three numbers one below the other, each time half of them. Channel 1 grows by the same step from place to
# place, in either direction. So both sums are 1.5 times the number in the middle.
#
# </details>

# %%
second_image = np.array([np.full((5, 5), 2), np.arange(25).reshape(5, 5), np.zeros((5, 5))])
image_batch = np.stack([image, second_image])
one_channel = [[9, 10.5, 12], [16.5, 18, 19.5], [24, 25.5, 27]]
output = ask_torch(image_batch, filters)

assert np.allclose(output, [expected, [one_channel, one_channel]]), "torch disagrees with the batch of images"
draw.stack(output[1], name="output[1]")

# %% [markdown]
# So the second image cannot tell these two filters apart. As a test it would let you exchange them. The
# first image notices.

# %% [markdown]
# ## Two questions about one photograph
#
# A grey photograph has one channel. Stack Sobel's two kernels into a `weight` of shape
# `(2, 1, 3, 3)`, and one call gives `gx` and `gy`. They are the two channels of the output. In a network such
# channels are called **feature maps**: each says where one filter found what it looks for.

# %%
photo = photograph().astype(np.float64)
sobel_x = np.outer([1, 2, 1], [-1, 0, 1])
sobel = np.stack([sobel_x, sobel_x.T])[:, None]

maps = ask_torch(photo[None, None], sobel)
print("weight:", sobel.shape, "  output:", maps.shape)

# %%
draw.beside(
    draw.image(maps[0, 0], name="maps[0, 0]", signed=True, vmax=400),
    draw.image(maps[0, 1], name="maps[0, 1]", signed=True, vmax=400),
)

# %% [markdown]
# ### Spot it: add the channels first
#
# A classmate thinks: "In the end all channels are added up. So I add them first, and use one kernel. A
# third of the work." Here is a colour picture of 5 × 8 pixels: reddish on the left, greenish on the right.
# In every pixel, red, green and blue add up to 180.

# %%
colour = np.zeros((3, 5, 8))
colour[0] = [90, 90, 90, 90, 30, 30, 30, 30]  # red
colour[1] = [30, 30, 30, 30, 90, 90, 90, 90]  # green
colour[2] = 60  # blue

names = ["red", "green", "blue"]
planes = [draw.image(colour[c], name=names[c], tint=names[c], scale=20, vmin=0, vmax=120) for c in range(3)]
draw.beside(draw.image(colour, name="colour", scale=20, vmin=0, vmax=120), *planes)

# %% [markdown]
# The right filter has [−1, 0, 1] in three rows for red, [1, 0, −1] for green, and zeros for blue.
#
# **Predict.** What does it give at the edge in the middle? What does the classmate get there, with the
# kernel for red on the sum of the channels? And when would the short cut be right?
#
# <details><summary>Answer</summary>
#
# Red falls from 90 to 30, which gives −60 in each row. Green climbs from 30 to 90, and its kernel is turned
# round: another −60. Three rows make −360. The classmate's sum is 180 everywhere, and there is no edge
# in it: 0.
#
# The short cut is right if all kernels of the filter are equal. Then the kernel can be taken out of the sum
# over `c`. A filter needs one kernel for each channel because it may want something else from each.
#
# </details>

# %%
edge = np.array([[-1, 0, 1]] * 3)
red_to_green = np.stack([edge, -edge, 0 * edge])[None]
added = colour.sum(axis=0)

print("three kernels: ", ask_torch(colour[None], red_to_green)[0, 0, 0])
print("channels added:", ask_torch(added[None, None], edge[None, None])[0, 0, 0])

# %% [markdown]
# ## Seven loops
#
# Count the indices in the formula: there are seven. Written as loops, from the outside to the inside:
#
# | loop | runs through | it moves |
# |---|---|---|
# | `n` | N | to the next image |
# | `o` | C_out | to the next filter, and to the next output channel |
# | `y` | `H - kh + 1` | the window down |
# | `x` | `W - kw + 1` | the window to the right |
# | `c` | C_in | to the next channel, and to its kernel |
# | `i` | `kh` | within the window, down |
# | `j` | `kw` | within the window, to the right |
#
# The first four stand on the left of the formula. They choose an entry. The other three stand under a sum
# sign. They add to it. The innermost loop moves fastest, so `j` does, and `n` moves slowest.
#
# **Predict.** How often does the innermost line run for the batch of two images above?
#
# <details><summary>Answer</summary>
#
# 2 images · 2 filters · 3 rows · 3 columns · 3 channels · 3 · 3 taps = 972 times. Each time it computes one
# product.
#
# </details>

# %%
N, C_in, H, W = image_batch.shape
C_out, _, kh, kw = filters.shape

entries = N * C_out * (H - kh + 1) * (W - kw + 1)
print(entries, "entries,", C_in * kh * kw, "products for each:", entries * C_in * kh * kw)

# %% [markdown]
# This order finishes one entry before it begins the next. Other orders give the same sums: chapter 8 compares
# three. What differs is how they walk through memory.
#
# Memory is one long row, and in a new array the last index moves fastest there too. Channel 0 comes first,
# row by row. Then comes channel 1, and after the last channel the next image:
#
# $$\text{place of } [n, c, y, x] \;=\; ((n\,C_\text{in} + c)\,H + y)\,W + x$$
#
# Here each number of a `(1, 3, 5, 5)` batch shows its place.

# %%
address = np.arange(3 * 5 * 5).reshape(1, 3, 5, 5)

n, c, y, x = 0, 2, 1, 4
assert address[n, c, y, x] == ((n * 3 + c) * 5 + y) * 5 + x, "the formula for the place is wrong"
draw.stack(address[0], name="place in memory")

# %% [markdown]
# **Predict.** A filter of shape (3, 3, 3) lies in memory in the same manner, so its 27 taps have the places
# 0 to 26. In which order are they read with `c` outside and `j` inside? And with `c` inside, after `i` and
# `j`?
#
# <details><summary>Answer</summary>
#
# With the loops in the order c, i, j: 0, 1, 2, … up to 26, without a jump. That is the order in which the
# axes stand. With `c` inside: 0, 9, 18, then 1, 10, 19. Each step to the next channel jumps by nine, the size
# of one kernel.
#
# </details>

# %%
taps = np.arange(3 * 3 * 3).reshape(3, 3, 3)

print("c, i, j:", *[taps[c, i, j] for c in range(3) for i in range(3) for j in range(3)])
print("i, j, c:", *[taps[c, i, j] for i in range(3) for j in range(3) for c in range(3)])

# %% [markdown]
# ## The same sum as one einsum
#
# `np.einsum` takes a sum that is written in letters. There are three rules.
#
# 1. Before the arrow, each array gets one letter for each of its axes. A letter means the same index
#    wherever it stands.
# 2. A letter that is missing after the arrow is summed over.
# 3. The letters after the arrow are the axes of the result, in that order.
#
# One entry of the output is the sum over `c`, `i` and `j` of a window times a filter. All three letters
# vanish:

# %%
o, y, x = 0, 1, 1
window = image[:, y : y + kh, x : x + kw]  # (C_in, kh, kw)

print(f"output[{o}, {y}, {x}] =", np.einsum("cij,cij->", window, filters[o]))

# %% [markdown]
# **Predict.** What do these two give, and in which shapes: `"cij,cij->c"` with the same window and filter,
# and `"cij,ocij->o"` with the window and all of `filters`?
#
# <details><summary>Answer</summary>
#
# The first keeps `c`: what each channel gives before they are added, [8, 1.5, 2]. The second keeps `o`: the
# entries of both output channels at this place, [11.5, −17.5].
#
# </details>

# %%
print("cij,cij->c ", np.einsum("cij,cij->c", window, filters[o]))
print("cij,ocij->o", np.einsum("cij,ocij->o", window, filters))

# %% [markdown]
# Now the whole layer. Suppose an array `windows` held every window of every image, so that
# `windows[n, c, y, x, i, j]` is `input[n, c, y + i, x + j]`. Then all seven loops would be one line:
#
# ```python
# output = np.einsum("ncyxij,ocij->noyx", windows, weight)
# ```
#
# Read it beside the formula. `c`, `i` and `j` are missing after the arrow: they are the three sums. `n`,
# `o`, `y` and `x` remain: they are the four indices of the output. Chapter 6 makes such a `windows` without
# copying a single number.
#
# In one case there is nothing to make. If a kernel has one row and one column, the window *is* the pixel,
# and `i` and `j` are always 0. Here such a **1 × 1 convolution** turns colour into grey. The weights for red,
# green and blue are those of OpenCV and Pillow.

# %%
to_grey = np.array([[0.299, 0.587, 0.114]])  # (C_out, C_in) = (1, 3)
grey = np.einsum("ncyx,oc->noyx", colour[None], to_grey)

assert np.allclose(grey, ask_torch(colour[None], to_grey[:, :, None, None])), "torch sees another grey"
print("first row:", grey[0, 0, 0])

# %% [markdown]
# A 1 × 1 convolution sees no neighbours. It mixes channels, with the same recipe at every pixel.

# %% [markdown]
# ### Spot it: the filter with one kernel
#
# **Predict.** This filter has the shape (1, 3, 3): one kernel for three channels. torch would refuse it. The
# letter `c` now stands for 3 and for 1. What will einsum do?

# %%
one_kernel = filters[0, 1:2]
print(one_kernel.shape, np.einsum("cij,cij->", window, one_kernel))

# %% [markdown]
# <details><summary>Answer</summary>
#
# It stretches the axis of length 1, as NumPy does with `+` and `*`. The one kernel is used on every channel:
# 7.5 + 1.5 + 0.5. That is the classmate's short cut, and nobody says a word. If sizes must agree, check them
# yourself: `assert window.shape == one_kernel.shape`.
#
# </details>

# %% [markdown]
# ## Exercise: `conv2d_multichannel`
# <!-- exercise: conv2d_multichannel -->
#
# Write the layer for images, for every place where the window fits:
#
# $$
# \text{output}[n, o, y, x] = \text{bias}[o] + \sum_{c=0}^{C_\text{in}-1}\;\sum_{i=0}^{\mathit{kh}-1}\;
# \sum_{j=0}^{\mathit{kw}-1} \text{input}[n, c,\, y + i,\, x + j]\;\text{weight}[o, c, i, j]
# $$
#
# with $0 \le y < H - \mathit{kh} + 1$ and $0 \le x < W - \mathit{kw} + 1$.
#
# `input` has the shape `(N, C_in, H, W)`, `weight` the shape `(C_out, C_in, kh, kw)`, and `bias` is `None` or
# has the shape `(C_out,)`. Images and kernels need not be square, and any size may be 1. As before, they hold
# integers or floats. Leave the arguments as they are, and return a new array.
#
# Seven loops are welcome. So are two loops over the places and an einsum. It makes no difference how the
# arrays lie in memory, as long as you use indices and slices.

# %%
draw.channels(
    [[[1, 0, 2], [3, 1, 4]], [[2, 2, 1], [0, 1, 1]]],
    [[[1, -1], [0, 2]], [[0, 1], [1, 0]]],
    (0, 1),
    channel=0,
)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Your `conv1d_multichannel` has one letter for the place and one for the tap. Now there are two for each, and
# every array but the bias has one axis more.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# With loops, follow the table of seven from top to bottom. With an einsum, let two loops choose the place
# `(y, x)`. The window there, of all images and all channels, is a slice of shape `(N, C_in, kh, kw)`. One
# einsum gives the entries of all images and all output channels at that place.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# With loops, the innermost line has the form `output[n, o, y, x] += input[n, c, ..., ...] * weight[...]`.
# With an einsum, start from `"cij,ocij->o"`, and give the batch its letter `n` on both sides of the arrow.
# Adding the bias to all entries at once takes one `None` more than for signals.
#
# </details>

# %%
# exercise: conv2d_multichannel

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `ValueError: operand has more dimensions than subscripts given in einstein sum`: an array has more axes
#   than letters. The window of a batch has four: `n`, `c`, `i`, `j`.
# - `weight[0, 0, 0, 0] should meet input[0, 0, 0, 1] there; yours is missing from the sum`: rows and columns
#   are exchanged, in the loops or in the slice. The order is `y`, `x`, and `i`, `j`.
# - `ValueError: non-broadcastable output operand with shape (1,2,1,1) doesn't match the broadcast shape
#   (1,2,1,2)`: the bias was laid along the columns. It belongs on axis 1: `[:, None, None]`.
#
# </details>
#
# When it passes, find the edges of the photograph once more, in a cell of your own:
# `maps = conv2d_multichannel(photo[None, None], sobel)`. With seven loops in plain Python this takes a
# moment.

# %% [markdown]
# ## Where this is used
#
# Channels are whatever is measured at one place: 12 leads of an electrocardiogram, 13 bands of the
# Sentinel-2 satellites, 80 frequency bands of a spectrogram. And then the feature maps of the layer before.
# A few layers that many people use:
#
# | layer | `weight` | `bias` |
# |---|---|---|
# | VGG-16, the first | (64, 3, 3, 3) | (64,) |
# | VGG-16, the second | (64, 64, 3, 3) | (64,) |
# | ResNet-50, the first | (64, 3, 7, 7) | none |
# | ResNet-50, one of its many 1 × 1 | (64, 256, 1, 1) | none |
# | Whisper "tiny", the first: 80 bands of sound | (384, 80, 3) | (384,) |
#
# **Predict.** How many numbers does each layer learn? Which of these counts depend on the size of the
# picture or the length of the sound?
#
# <details><summary>Answer</summary>
#
# The size of `weight` plus the size of `bias`: see below. None of them depends on the picture. The same taps
# are used at every place, so a layer that is trained on small pictures can be used on large ones.
#
# </details>

# %%
for size, with_bias in [
    ((64, 3, 3, 3), True),
    ((64, 64, 3, 3), True),
    ((64, 3, 7, 7), False),
    ((64, 256, 1, 1), False),
    ((384, 80, 3), True),
]:
    print(size, "->", f"{math.prod(size) + with_bias * size[0]:,}")

# %% [markdown]
# Products are another matter: they do depend on the size. The second layer of VGG-16 gives 64 channels of
# 224 × 224 entries (with padding, which is chapter 4).
#
# **Predict.** How many products is that for one picture? And if both C_in and C_out were twice as large?
#
# <details><summary>Answer</summary>
#
# 64 · 224 · 224 entries, and 64 · 3 · 3 = 576 products for each: 1.85 billion. There is a kernel for each
# *pair* of channels, so twice as many on both sides makes four times the work. Chapter 9 shows how to pay
# less.
#
# </details>

# %%
entries = 64 * 224 * 224
print(f"{entries:,} entries, {entries * 64 * 3 * 3:,} products")

# %% [markdown]
# ## The card to keep
#
# | | |
# |---|---|
# | an entry | $\text{bias}[o] + \sum_{c,i,j} \text{input}[n, c, y + i, x + j]\;\text{weight}[o, c, i, j]$ |
# | of a signal | $\text{bias}[o] + \sum_{c,k} \text{input}[n, c, x + k]\;\text{weight}[o, c, k]$ |
# | shape | `(N, C_in, H, W)` with `(C_out, C_in, kh, kw)` gives `(N, C_out, H - kh + 1, W - kw + 1)` |
# | must agree | C_in of the input and of the weight; C_out of the weight and of the bias |
# | loops | `n`, `o`, `y`, `x` choose an entry; `c`, `i`, `j` add to it; `j` moves fastest |
# | einsum | `"ncyxij,ocij->noyx"`: the letters missing on the right are the sums |
# | numbers to learn | $C_\text{out}\,C_\text{in}\,\mathit{kh}\,\mathit{kw}$, and $C_\text{out}$ for the bias |
#
# **Three traps**
#
# 1. `weight` is `[o, c, …]`. Where C_in = C_out, exchanging the two raises no error.
# 2. `output + bias` adds along the columns. The bias belongs to the channels: `bias[:, None, None]`.
# 3. Data typed twice is two sets of data. Write it once, and compare with `assert`.
#
# **Next:** the windows of this chapter all lie inside the image, one beside the other. Chapter 4 lets them
# hang over the edge, and lets them jump.
