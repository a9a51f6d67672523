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
# # 9 · Groups and transposed convolution
#
# So far every filter has read every channel. That is where the work goes: twice as many channels on both
# sides are four times the products. And so far a stride has only made images smaller. This chapter lets a
# filter read a few channels, or only one. Then it turns the layer round, from small to large.
#
# **After this chapter you can**
#
# - split a layer into groups: say which channels meet, and what shape the weight has;
# - see a grouped layer as a matrix of blocks;
# - count what a depthwise-separable layer costs, and say where its products go;
# - write transposed convolution with all its options, and say what it has to do with chapter 7;
# - choose padding and output_padding so that the size comes out right;
# - tell when a checkerboard threatens, and choose taps that give none.
#
# **You need** chapter 3: the sum over the channels. Chapter 5: the complete operator. Chapters 6 and 7: the
# matrix of a convolution, and the gradient by the input.
#
# **It takes** about an hour and a quarter. More than half of it belongs to the two exercises.

# %%
import math

import numpy as np
import torch
import torch.nn.functional as F

from convlab import draw
from convlab.checks import check
from convlab.data import photograph

np.set_printoptions(precision=4, suppress=True)


def ask_torch(function, *arrays, **options):
    """What one of torch's functions makes of some arrays: ask_torch(F.conv2d, input, weight)."""
    tensors = [torch.tensor(np.array(array, dtype=float)) for array in arrays]
    return function(*tensors, **options).numpy()


# %% [markdown]
# ## Who reads whom
#
# Take kernels of one tap, as in the 1 × 1 convolutions of chapter 3. Then there are no neighbours, and the
# weight is a matrix. Row `o` is a filter, column `c` an input channel. Here are four channels in and six
# out. No entry is 0: every filter reads every channel.

# %%
mixing = np.array([[1, 2, 3, 4], [3, 4, 1, 2], [2, 1, 4, 3], [4, 3, 2, 1], [1, 3, 2, 4], [2, 4, 3, 1]])
draw.matrix(mixing, blocks=(6, 4), name="one group", axes=("filter o", "channel c"), groups="rows")

# %% [markdown]
# Now cut the channels into two **groups**. Input channels 0 and 1 and filters 0, 1 and 2 are group 0. The
# others are group 1. A filter reads the channels of its own group, and no others.
#
# In the matrix everything else becomes 0. What is left are two **blocks** on the diagonal. Such a matrix is
# called block-diagonal.

# %%
blocks = mixing.copy()
blocks[:3, 2:] = 0  # filters of group 0 do not read channels of group 1
blocks[3:, :2] = 0  # and the other way round

draw.matrix(blocks, blocks=(3, 2), name="two groups", axes=("filter o", "channel c"), groups="rows")

# %% [markdown]
# The zeros are neither learned nor stored. Take the blocks, put one below the other, and you have the weight
# that torch wants. Axis 0 still counts all filters. Axis 1 counts the channels of *one group*:
#
# `weight` has the shape `(C_out, C_in / groups, kh, kw)`

# %%
weight = np.concatenate([blocks[:3, :2], blocks[3:, 2:]])
print("weight:", weight.shape)

draw.matrix(weight, blocks=(3, 2), name="weight", axes=("filter o", "channel of its group"), groups="rows")

# %% [markdown]
# In torch the argument is called `groups`. It has to divide C_in and C_out, for all groups are equally large.
# `groups=2` with the short weight gives the same numbers as `groups=1` with the zeros.

# %%
rng = np.random.default_rng(9)
input = rng.integers(-4, 5, (1, 4, 2, 3))

short = ask_torch(F.conv2d, input, weight[:, :, None, None], groups=2)
whole = ask_torch(F.conv2d, input, blocks[:, :, None, None])

assert np.array_equal(short, whole), "groups=2 is not the layer with the zeros"
print("output:", short.shape)

# %% [markdown]
# **Predict.** A layer has 8 channels in, 12 out, kernels of 3 × 3, and 4 groups. What is the shape of its
# weight? Which input channels does filter 7 read?
#
# <details><summary>Answer</summary>
#
# (12, 2, 3, 3). A group has 12 / 4 = 3 filters, so filters 6, 7 and 8 are group 2. It has 8 / 4 = 2 input
# channels: filter 7 reads channels 4 and 5.
#
# </details>

# %% [markdown]
# ## The formula
#
# Let $C = C_\text{in} / \text{groups}$ be the number of input channels in a group. Filter `o` belongs to group
#
# $$g = \left\lfloor \frac{o}{C_\text{out} / \text{groups}} \right\rfloor$$
#
# whose channels begin at $g\,C$. Nothing else is new in the operator of chapter 5:
#
# $$
# \begin{aligned}
# \text{output}[n, o, y, x] &= \text{bias}[o] \\
# &+ \sum_{c=0}^{C-1}\;\sum_{i=0}^{\mathit{kh}-1}\;\sum_{j=0}^{\mathit{kw}-1}
# \text{padded}[n,\; g\,C + c,\; y\,s_h + i\,d_h,\; x\,s_w + j\,d_w]\;\text{weight}[o, c, i, j]
# \end{aligned}
# $$
#
# `c` counts inside the group now. One entry, for the layer above:

# %%
o, y, x = 4, 1, 2
g, C = o // 3, 2  # three filters and two input channels in a group
c0, c1 = input[0, g * C + 0, y, x] * weight[o, 0], input[0, g * C + 1, y, x] * weight[o, 1]

print(f"output[0, {o}, {y}, {x}] = {c0} + {c1} = {c0 + c1}   torch: {short[0, o, y, x]:g}")

# %% [markdown]
# Read the formula once more. A group has its own channels, its own filters, and its own part of the output.
# So **a layer with groups is several layers side by side**. Group 1 alone is a layer of two channels in and
# three out:

# %%
alone = ask_torch(F.conv2d, input[:, 2:4], weight[3:6, :, None, None])

assert np.array_equal(alone, short[:, 3:6]), "group 1 is no layer of its own"
print("input channels 2 and 3, filters 3 to 5 -> output channels 3 to 5:", alone.shape)

# %% [markdown]
# With larger kernels the layer has the matrix of chapter 6: a column for each pixel of each channel, and a
# row for each entry of the output. There, every pair of an output and an input channel had its block. With
# groups, blocks are missing.
#
# **Predict.** An image has two channels of 3 × 4 pixels. There are two filters with kernels of 2 × 2, and two
# groups. What is the shape of the matrix? Which of its four blocks are empty?
#
# <details><summary>Answer</summary>
#
# (12, 24): two channels of 2 × 3 places, two channels of 12 pixels. Empty are the block at the top right, where
# filter 0 would read channel 1, and the one at the bottom left.
#
# </details>
#
# We find the matrix as in chapter 6, by asking with one image for each pixel.

# %%
kernels = np.array([[[[4, 2], [1, 3]]], [[[1, 5], [3, 2]]]])  # (2, 1, 2, 2)
one_pixel_each = np.eye(24).reshape(24, 2, 3, 4)
matrix = ask_torch(F.conv2d, one_pixel_each, kernels, groups=2).reshape(24, 12).T

draw.matrix(matrix, blocks=(6, 12), axes=("place", "pixel"), groups="rows")

# %% [markdown]
# ### Spot it: neighbours who never talk
#
# Somebody stacks two layers of 1 × 1, both with two groups, to save half of the work.
#
# **Predict.** Which input channels does output channel 0 of the *second* layer depend on? Think of the two
# matrices: what is the product of two block-diagonal matrices?
#
# <details><summary>Answer</summary>
#
# Channels 0 and 1 only. The product is block-diagonal again, with the same blocks. However many such layers
# are stacked, the groups remain separate networks that never hear of each other.
#
# One cure is to **shuffle** the channels between the layers, so that each group gets some from every group
# before it. The network that made this known is called ShuffleNet.
#
# </details>

# %%
first = np.kron(np.eye(2), [[1, 2], [3, 1]])
second = np.kron(np.eye(2), [[1, 1], [2, 1]])
shuffle = np.eye(4)[[0, 2, 1, 3]]  # takes one channel of each group in turn

draw.beside(
    draw.matrix(second @ first, blocks=(2, 2), name="second @ first", groups="columns"),
    draw.matrix(second @ shuffle @ first, blocks=(2, 2), name="second @ shuffle @ first", groups="columns"),
)

# %% [markdown]
# ## Every channel by itself
#
# The smallest groups have one input channel: `groups` is C_in. This is called a **depthwise** convolution.
# Axis 1 of the weight has length 1, and nothing is summed over the channels.
#
# If C_out is C_in, each channel gets one filter. C_out may also be a multiple of C_in. Then each channel gets
# several. Their number is called the depth multiplier.
#
# **Predict.** Three channels in, six filters, three groups. What is the shape of the weight, for kernels of
# 5 × 5? Which channel does filter 4 read?
#
# <details><summary>Answer</summary>
#
# (6, 1, 5, 5). Each channel has two filters, which stand side by side: filters 0 and 1 read channel 0,
# filters 2 and 3 channel 1, filters 4 and 5 channel 2.
#
# </details>

# %%
one_each = np.diag([1, 2, 3])
two_each = np.array([[1, 0, 0], [2, 0, 0], [0, 3, 0], [0, 4, 0], [0, 0, 5], [0, 0, 6]])

axes = ("filter o", "channel c")
draw.beside(
    draw.matrix(one_each, blocks=(1, 1), name="one filter each", axes=axes, groups="rows"),
    draw.matrix(two_each, blocks=(2, 1), name="two filters each", axes=axes, groups="rows"),
)

# %% [markdown]
# ### Spot it: the einsum that fits anyway
#
# A classmate's layer knows nothing about groups. With a depthwise weight torch refuses to compute without
# `groups`. Theirs does not: it has an einsum in it.
#
# **Predict.** Four channels meet the weights 1, 2, 3 and 4, of shape (4, 1). What does their layer compute?
#
# <details><summary>Answer</summary>
#
# einsum stretches the axis of length 1, as in chapter 3. So filter `o` is laid on all four channels, and they
# are added up: `output[o]` is `weight[o]` times 10 + 20 + 30 + 40 = 100. The shape is right.
#
# With two channels in a group, `c` would be 2 on one side and 4 on the other: an error. The slip that is not
# noticed is the one with groups of one channel.
#
# </details>

# %%
pixel = np.array([10, 20, 30, 40]).reshape(1, 4, 1, 1)
depthwise = np.array([1, 2, 3, 4]).reshape(4, 1, 1, 1)

print("the classmate:", np.einsum("ncyx,ocij->noyx", pixel, depthwise).ravel())
print("torch:        ", ask_torch(F.conv2d, pixel, depthwise, groups=4).ravel().astype(int))
try:
    ask_torch(F.conv2d, pixel, depthwise)
except RuntimeError as error:
    print(error)

# %% [markdown]
# ## What it saves
#
# The places are the same for every layer here, so count the products for each.
#
# - An ordinary layer: $C_\text{out}\,C_\text{in}\,\mathit{kh}\,\mathit{kw}$. There is a kernel for each pair.
# - With groups: $C_\text{out}\,\frac{C_\text{in}}{\text{groups}}\,\mathit{kh}\,\mathit{kw}$. So many groups, so
#   many times less.
# - Depthwise, one filter each: $C_\text{in}\,\mathit{kh}\,\mathit{kw}$.
#
# A depthwise layer looks at neighbours, but it mixes no channels. A 1 × 1 convolution, here called
# **pointwise**, mixes channels and sees no neighbours: $C_\text{out}\,C_\text{in}$. Do one after the other,
# and you have both. That is a **depthwise-separable** layer. (Chapter 2 separated a kernel's rows from its
# columns. Here the window is separated from the channels.)
#
# MobileNet (2017) is built from them. One of its layers has 512 channels in and out, kernels of 3 × 3, and
# 14 × 14 places.
#
# **Predict.** Which costs more, the depthwise part or the pointwise part? How many times more?
#
# <details><summary>Answer</summary>
#
# The pointwise part. For each place and output channel it takes 512 products, the depthwise part 9: that is
# 57 times more.
#
# </details>

# %%
places, C_in, C_out, kh, kw = 14 * 14, 512, 512, 3, 3

ordinary = places * C_out * C_in * kh * kw
depthwise_part = places * C_in * kh * kw
pointwise_part = places * C_out * C_in

print(f"ordinary:  {ordinary:11,}")
print(f"depthwise: {depthwise_part:11,}")
print(f"pointwise: {pointwise_part:11,}")
print(f"the two together: {ordinary / (depthwise_part + pointwise_part):.2f} times fewer")

# %% [markdown]
# As a fraction of the ordinary layer:
#
# $$
# \frac{C_\text{in}\,\mathit{kh}\,\mathit{kw} + C_\text{out}\,C_\text{in}}
# {C_\text{out}\,C_\text{in}\,\mathit{kh}\,\mathit{kw}}
# = \frac{1}{C_\text{out}} + \frac{1}{\mathit{kh}\,\mathit{kw}}
# $$
#
# With many channels the first term is small. So a 3 × 3 layer gets nearly 9 times cheaper, and never more.
#
# **Predict.** And with kernels of 5 × 5, for 512 channels?
#
# <details><summary>Answer</summary>
#
# 1/512 + 1/25 = 0.042: nearly 24 times cheaper. A larger window costs little here, as the pointwise part
# does not notice it. ConvNeXt (2022) can afford 7 × 7.
#
# </details>
#
# It is not the same layer made cheaper. A depthwise-separable layer has fewer numbers to learn, and there are
# ordinary layers that it cannot imitate. Whether that hurts has to be tried.

# %% [markdown]
# Now all of MobileNet, for one picture of 224 × 224. Each row is a depthwise-separable layer:
# (C_in, C_out, rows of the output). Before them stands an ordinary 3 × 3 layer from 3 to 32 channels, with
# 112 × 112 places. After them comes a linear layer, 1024 numbers to 1000.
#
# **Predict.** What share of all products falls to the 1 × 1 convolutions: half, three quarters, more?

# %%
layers = [(32, 64, 112), (64, 128, 56), (128, 128, 56), (128, 256, 28), (256, 256, 28), (256, 512, 14)]
layers += [(512, 512, 14)] * 5 + [(512, 1024, 7), (1024, 1024, 7)]

others = 3 * 32 * 9 * 112**2 + 1024 * 1000
depthwise_parts = sum(C_in * 9 * rows**2 for C_in, _, rows in layers)
pointwise_parts = sum(C_in * C_out * rows**2 for C_in, C_out, rows in layers)
ordinary = sum(C_in * C_out * 9 * rows**2 for C_in, C_out, rows in layers)
total = others + depthwise_parts + pointwise_parts

print(f"MobileNet:            {total / 1e6:5,.0f} million products")
print(f"with ordinary layers: {(others + ordinary) / 1e6:5,.0f} million")
print(f"pointwise {pointwise_parts / total:.1%}, depthwise {depthwise_parts / total:.1%}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Nearly all of them: 94.9 %. The paper counts 569 million products, too.
#
# </details>
#
# Do 8.6 times fewer products take 8.6 times less time? Ask chapter 8 how often a number is used once it has
# been fetched.
#
# **Predict.** In a depthwise 3 × 3 layer, how many products does each number of the input take part in? And in
# an ordinary one with 512 filters?
#
# <details><summary>Answer</summary>
#
# 9, away from the edge, and 9 · 512 = 4608.
#
# </details>
#
# This is what chapter 8 called intensity. A product counts as 2 operations, a number as 4 bytes.

# %%
pixels, filters = 512 * 14 * 14, 512 * 512
for name, products, numbers in [
    ("ordinary", pixels * 512 * 9, 2 * pixels + filters * 9),
    ("depthwise", pixels * 9, 2 * pixels + 512 * 9),
    ("pointwise", pixels * 512, 2 * pixels + filters),
]:
    print(f"{name:9}  {2 * products / (4 * numbers):5.1f} operations for each byte")

# %% [markdown]
# On the machine that chapter 8 took as its example, a layer needs 5 operations for each byte to be
# compute-bound. The depthwise part has 2.2: it waits for its numbers. So products are not seconds. Measure it,
# in a cell of your own:
#
# ```python
# from timeit import timeit
#
# image = torch.rand(1, 512, 14, 14)
# for size, groups in [((512, 512, 3, 3), 1), ((512, 1, 3, 3), 512), ((512, 512, 1, 1), 1)]:
#     taps = torch.rand(size)
#     print(size, timeit(lambda: F.conv2d(image, taps, groups=groups), number=100))
# ```
#
# Compare the three times with the three numbers of products above.

# %% [markdown]
# ## Exercise: `conv2d_grouped`
# <!-- exercise: conv2d_grouped -->
#
# Write the operator with groups, as torch's `F.conv2d` computes it, by the formula above.
#
# - `input` has the shape `(N, C_in, H, W)`, `weight` the shape `(C_out, C_in // groups, kh, kw)`. `bias` is
#   `None` or has the shape `(C_out,)`. All hold `float64`. Any size may be 1.
# - `stride` and `dilation` are one integer, or a tuple for rows and columns. `padding` is one integer, or a
#   tuple `(p_h, p_w)`: so many rows at either end, and so many columns.
# - `groups` divides C_in and C_out. With 1 it is the layer you know. With C_in it is depthwise, and C_out may
#   be a multiple of C_in.
#
# You may build on your own `conv2d` of chapter 5, or on `functional.conv2d`. That one knows `groups` as well,
# and here it is refused unless you leave them at 1. `functional.pad`, `functional.unfold` and
# `functional.output_size` may be used, too.
#
# Leave the arguments as they are, and return a new array. The picture shows a 1 × 1 weight for six channels
# in, four out, and two groups. You are given `weight`, without the zeros.

# %%
from convlab import functional

weight = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 3, 5]])
blocks = np.zeros((4, 6), dtype=int)
blocks[:2, :3], blocks[2:, 3:] = weight[:2], weight[2:]

draw.beside(
    draw.matrix(blocks, blocks=(2, 3), name="with the zeros", groups="rows"),
    draw.matrix(weight, blocks=(2, 3), name="weight", groups="rows"),
)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# A layer with groups is several layers side by side. Which input channels does group `g` have, which filters,
# and which output channels?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# One loop over the groups. In each turn, slice the group's channels out of `input` and its filters out of
# `weight`, and let the operator without groups do the work. Put the outputs one behind the other along the
# axis of the channels. Add the bias once, at the end.
#
# Or write it with loops of your own: `weight[o, c]` lies on channel `g * C + c`. Or split the axis of the
# channels in two, by `reshape`, and give the groups a letter in the einsum. It stands on both sides of the
# arrow.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# With `C = weight.shape[1]`, group `g` reads `input[:, g * C : ...]`. A group has `D = len(weight) // groups`
# filters, so its part of the weight is `weight[g * D : ...]`. Collect the outputs in a list, and join them
# with `np.concatenate(..., axis=1)`.
#
# With a reshape, the window has the shape `(N, groups, C, kh, kw)` and the weight
# `(groups, D, C, kh, kw)`. The einsum is `"ngcij,gocij->..."`.
#
# </details>

# %%
# exercise: conv2d_grouped

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `weight[0, 0, 0, 0] should meet input[0, 0, 0, 0] there; yours meets input[0, 0, 0, 0] and input[0, 1, 0, 0]`:
#   the filter reads all channels. An einsum has stretched the axis of length 1.
# - `IndexError: index 1 is out of bounds for axis 1 with size 1`: the loop over `c` runs to C_in. A filter has
#   C_in // groups kernels.
# - `ValueError: bias must have shape (C_out,) = (1,), got (2,)`: each group was given the bias of all. Slice
#   it like the filters, or add it at the end.
#
# </details>

# %% [markdown]
# ## The other direction: a stamp for every entry
#
# A network that *draws* has to get from few numbers to many pixels. A convolution with a stride goes the
# other way. In chapter 7, though, something went from small to large: the gradient by the input. Forget for a
# moment that it was a gradient, and make it a layer of its own.
#
# Each entry of the input **stamps** its multiple of the kernel onto the output. The stamps stand `s` apart.
# Where they overlap, they are added. It is the echo of chapter 1, for claps that come every `s` steps.
#
# Here are three entries and the kernel [4, 2, 1], with stride 2. Row `x` is the stamp of `input[x]`.

# %%
input = np.array([1, -2, 3])
weight = np.array([4, 2, 1])

stamps = np.array([[4, 2, 1, 0, 0, 0, 0], [0, 0, -8, -4, -2, 0, 0], [0, 0, 0, 0, 12, 6, 3]])
draw.stamps(input, weight, stride=2)

# %% [markdown]
# **Predict.** A column holds what lands on one sample of the output. What is `output[2]`? And `output[4]`?
#
# <details><summary>Answer</summary>
#
# 1 − 8 = −7 and −2 + 12 = 10. In the middle of each stamp, nothing overlaps.
#
# </details>

# %%
output = ask_torch(F.conv_transpose1d, input[None, None], weight[None, None], stride=2)[0, 0]

assert np.array_equal(output, stamps.sum(axis=0)), "torch disagrees with the stamps"
draw.stamps(input, weight, stride=2, output=output)

# %% [markdown]
# This is called **transposed convolution**. As before, `x` counts the windows, which are now the stamps, and
# `k` the taps. Sample `u` of the output gets a product from each stamp that has a tap there:
#
# $$\text{output}[u] \;=\; \sum_{x\,s \,+\, k\,d \;=\; u} \text{input}[x]\;\text{weight}[k]$$
#
# The sum runs over all pairs of a stamp `x` and a tap `k` with $x\,s + k\,d = u$. With dilation `d` the taps
# of a stamp stand `d` apart. One sample, term by term:

# %%
u = 4  # stamp 1 starts at 2 and puts tap 2 there, stamp 2 starts at 4 and puts tap 0 there
output_u = input[1] * weight[2] + input[2] * weight[0]

print(f"output[{u}] = {output_u}")

# %% [markdown]
# The last stamp starts at $(L - 1)\,s$, and a stamp is as long as the kernel spans. So the output has
#
# $$L_\text{out} = (L - 1)\,s + d\,(K - 1) + 1$$
#
# samples.
#
# **Predict.** The same three entries and three taps: how long is the output with stride 1, 3 and 4? What is
# special about each? For one of them you know another name.
#
# <details><summary>Answer</summary>
#
# 5, 9 and 11. Stride 1 is the true convolution of chapter 1, with all of the echo: `np.convolve`. With stride
# 3 the stamps touch and do not overlap. With stride 4 there is a gap after each stamp, which stays 0.
#
# </details>

# %%
for s in (1, 3, 4):
    stamped = ask_torch(F.conv_transpose1d, input[None, None], weight[None, None], stride=s)[0, 0]
    print(f"stride {s}:", stamped.astype(int))
print("convolve:", np.convolve(input, weight))

# %% [markdown]
# ## Why it is called transposed
#
# You have met these numbers. In chapter 7, [1, −2, 3] was the upstream gradient of a convolution with stride 2.
# The seven samples were its gradient by the input, with a 0 for the tail behind them. And such a gradient was a
# product with the transposed matrix. Here is the matrix for seven samples, three taps and stride 2.

# %%
impulses = np.eye(7)[:, None]
matrix = ask_torch(F.conv1d, impulses, weight[None, None], stride=2)[:, 0].T

assert np.array_equal(matrix.T @ input, output), "the transposed matrix gives something else"
draw.beside(draw.matrix(matrix, name="matrix"), draw.matrix(matrix.T, name="matrix.T"))

# %% [markdown]
# `matrix` makes three numbers of seven. `matrix.T` makes seven of three. Read `matrix.T` by columns: column
# `x` is the stamp of entry `x`.
#
# So one function has three names.
#
# | name | in words |
# |---|---|
# | transposed convolution | the product with the transposed matrix |
# | the gradient by the input, chapter 7's `conv2d_input` | what the windows hand back to the pixels |
# | the adjoint of the convolution | the operation for which ⟨conv(a), b⟩ = ⟨a, conv_transpose(b)⟩ |
#
# It is not the inverse. Some call it deconvolution, but it does not undo anything (chapter 7).
#
# **Predict.** `conv2d` takes the weight of shape (4, 3, 2, 3) from 3 channels to 4. What does
# `conv_transpose2d` do with the *same array*? What shape has the weight of a transposed layer with 8 channels
# in and 3 out, and kernels of 5 × 5?
#
# <details><summary>Answer</summary>
#
# It goes from 4 channels to 3: what was the output is the input now. So the first axis of its weight counts
# *its input* channels: (8, 3, 5, 5). Nothing is swapped in the array. The two axes have changed their names.
#
# </details>

# %%
a, kernels = rng.standard_normal((2, 3, 9, 8)), rng.standard_normal((4, 3, 2, 3))
options = {"stride": (2, 3), "padding": (1, 2), "dilation": (3, 1)}

forward = ask_torch(F.conv2d, a, kernels, **options)
b = rng.standard_normal(forward.shape)
back = ask_torch(F.conv_transpose2d, b, kernels, **options)

print("a", a.shape, "-> conv(a)", forward.shape, "    b", b.shape, "-> conv_transpose(b)", back.shape)

# %% [markdown]
# The channels are right. But `conv_transpose(b)` has 8 rows where `a` has 9, so ⟨a, conv_transpose(b)⟩ cannot
# even be computed. One row is missing. You know it: it is the tail.

# %% [markdown]
# ## The sizes that a stride merges
#
# **Predict.** Three taps, stride 2. How many entries does a convolution make of seven samples? Of eight? So
# which length should the transposed convolution make of three entries?
#
# <details><summary>Answer</summary>
#
# Three in both cases: with eight samples the last one is in no window. So both lengths are possible, and
# nothing in the three entries tells which is meant.
#
# </details>

# %%
draw.beside(draw.places(7, 3, stride=2), draw.places(8, 3, stride=2))

# %% [markdown]
# The number of places is rounded down, and rounding loses information. `s` sizes are merged into one: those
# that leave over 0, 1, …, `s − 1`. Without further notice torch chooses the smallest of them. To get another
# one, there is **output_padding**, for short `e`, as in extra: how many samples the output is to be longer.
# It is at least 0 and less than the stride.

# %%
for L in range(5, 11):
    places = ask_torch(F.conv1d, np.zeros((1, 1, L)), np.zeros((1, 1, 3)), stride=2).shape[-1]
    e = L - ((places - 1) * 2 + 3)
    back_again = F.conv_transpose1d(
        torch.zeros(1, 1, places), torch.zeros(1, 1, 3), stride=2, output_padding=e
    )
    assert back_again.shape[-1] == L, "output_padding did not bring the size back"
    print(f"{L:2} samples -> {places} places -> {back_again.shape[-1]:2} samples with output_padding {e}")

# %% [markdown]
# Chapter 7's `conv2d_input` was told `input_size`. `output_padding` says the same with a smaller number. (torch
# also takes values up to dilation − 1 if the dilation is larger than the stride. No convolution leaves over so
# much, so we do not use that.)
#
# Now the adjoint identity from above. One row was missing, and no column. And with it the second name:
# chapter 7's function gives the same array.

# %%
back = ask_torch(F.conv_transpose2d, b, kernels, **options, output_padding=(1, 0))

assert back.shape == a.shape, "output_padding did not bring the size back"
sums = [np.sum(forward * b), np.sum(a * back)]
assert np.isclose(*sums), "transposed convolution is not the adjoint"
print("two equal sums:", np.array(sums))

gradient = torch.nn.grad.conv2d_input(a.shape, torch.tensor(kernels), torch.tensor(b), **options)
assert np.allclose(back, gradient), "transposed convolution is not the gradient by the input"
print("equal to the gradient by the input:", back.shape)

# %% [markdown]
# And chapter 7's gradient of the sum, for the image of steps with 6 × 5 pixels and the kernel that subtracts
# the right from the left. The upstream gradient was ones, so now ones are the input.

# %%
left_minus_right = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
expected = [
    [1, 1, 0, -1, -1],
    [3, 3, 0, -3, -3],
    [4, 4, 0, -4, -4],
    [4, 4, 0, -4, -4],
    [3, 3, 0, -3, -3],
    [1, 1, 0, -1, -1],
]
stamped = ask_torch(F.conv_transpose2d, np.ones((1, 1, 4, 3)), left_minus_right[None, None])

assert np.array_equal(stamped[0, 0], expected), "torch disagrees with the gradient of chapter 7"
draw.grid(expected, name="output", heat=True)

# %% [markdown]
# ## Padding takes away
#
# `padding` is that of the convolution whose adjoint this is. The convolution *adds* `p` zeros at each end, and
# what is handed back to those zeros is dropped. So the transposed convolution *takes away*: the first `p`
# samples and the last `p`. With everything together,
#
# $$L_\text{out} = (L - 1)\,s + d\,(K - 1) + 1 - 2\,p + e$$
#
# **Predict.** Four entries, three taps, stride 2. How long is the output with padding 1? And with padding 1
# and output_padding 1?
#
# <details><summary>Answer</summary>
#
# 7 and 8. The stamps reach 3·2 + 3 = 9 samples. Padding takes one away at each end. With output_padding the
# output is longer by one at the end.
#
# </details>
#
# What is this extra sample? In front, `p` samples are cut off in any case. At the end it is `p − e`. Here
# that is none: **output_padding cuts off less**. What stands there was stamped like everything else.

# %%
four = np.array([1, -2, 3, 1])
stamped = ask_torch(F.conv_transpose1d, four[None, None], weight[None, None], stride=2)[0, 0]

draw.beside(
    draw.signal(stamped, window=(1, 7), cut=True, name="stamped; p = 1, e = 0"),
    draw.signal(stamped, window=(1, 8), cut=True, name="stamped; p = 1, e = 1"),
)

# %% [markdown]
# Only if `e` is larger than `p` does the output go on behind the last stamp. What is there got no product. It is
# 0, or the bias if there is one.

# %% [markdown]
# ### Spot it: a zero at the end
#
# The name misleads. A classmate reads "output padding", cuts `p` off both ends, and appends `e` zeros. They
# test stride 2 with output_padding 1, and everything agrees.
#
# **Predict.** Which option was at its default in the test? What do they get for the example above, and what is
# right?

# %%
for p in (0, 1):
    right = ask_torch(
        F.conv_transpose1d, four[None, None], weight[None, None], stride=2, padding=p, output_padding=1
    )
    classmates = np.append(stamped[p : len(stamped) - p], 0)
    print(f"padding {p}:  torch {right[0, 0].astype(int)}   classmate {classmates.astype(int)}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The padding. With padding 0, nothing was cut off that could come back, and a zero is right. With padding 1
# the last sample is 1, and they have 0. Test each option alone, and then together with each other.
#
# </details>

# %% [markdown]
# ### Spot it: the sixth argument
#
# `F.conv2d` takes its options in the order stride, padding, dilation, groups. `F.conv_transpose2d` takes them
# in the order stride, padding, **output_padding, groups, dilation**. Somebody changes the name of the function
# and leaves the numbers as they are: `(input, weight, bias, 1, 0, 2)`.
#
# **Predict.** What was the 2 for `F.conv2d`? What is it now?
#
# <details><summary>Answer</summary>
#
# It was the dilation. Now it is an output_padding of 2, and torch refuses: with stride 1 it must be 0. With a
# larger stride, there might have been no error. Name your options.
#
# </details>

# %%
try:
    F.conv_transpose2d(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 3, 3), None, 1, 0, 2)
except RuntimeError as error:
    print(error)

# %% [markdown]
# ## Exercise: `conv_transpose2d`
# <!-- exercise: conv_transpose2d -->
#
# Write transposed convolution for images, as torch's function of that name computes it. First without groups.
# Each entry stamps, for each output channel `o`, its multiple of the kernel `weight[c, o]`. Row `u` is met by
# stamp `y` and tap `i` if $y\,s_h + i\,d_h = u$, likewise column `v`:
#
# $$
# \text{stamped}[n, o, u, v] = \sum_c\; \sum_{y\,s_h + i\,d_h = u}\;\; \sum_{x\,s_w + j\,d_w = v}
# \text{input}[n, c, y, x]\;\text{weight}[c, o, i, j]
# $$
#
# $$
# \text{output}[n, o, u, v] = \text{bias}[o] + \text{stamped}[n, o,\; u + p_h,\; v + p_w]
# $$
#
# $$H_\text{out} = (H - 1)\,s_h + d_h\,(\mathit{kh} - 1) + 1 - 2\,p_h + e_h, \qquad W_\text{out} \text{ likewise}$$
#
# Behind the last stamp, `stamped` is 0.
#
# - `input` has the shape `(N, C_in, H, W)`, `weight` the shape `(C_in, C_out // groups, kh, kw)`. `bias` is
#   `None` or has the shape `(C_out,)`. All hold `float64`. Any size may be 1.
# - `stride`, `padding`, `output_padding` and `dilation` are one integer, or a tuple for rows and columns.
#   `output_padding` is less than the stride, and the padding leaves something over.
# - **Groups** are layers side by side, as before. Group `g` has C_in // groups input channels, their part of
#   `weight`, and C_out // groups output channels of its own. So `weight.shape[1]` is not C_out, but the number
#   of output channels of one group. In the formula, `c` and `o` count inside the group.
#
# Mind the order of the arguments. You may build on your own functions, and on `functional.conv2d`, `pad`,
# `dilate`, `flip`, `fold` and `output_size`. Chapter 7's function is `grad.conv2d_input`, and you may call it
# as long as you leave its `groups` at 1.
#
# The picture shows how one entry of the output is made. It is the one of chapter 7, where `input` was called
# `grad_output`, and `output` was called `grad_input`.

# %%
from convlab import functional, grad

image, kernel = [[1, -2], [3, 2]], [[1, 2, 5], [4, 3, 1], [2, 1, 3]]
names = ("input", "weight", "output")
draw.backward(image, kernel, (4, 4), (1, 2), stride=2, padding=1, names=names)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Your `conv2d_input` of chapter 7 does nearly everything. What did it get that you have to work out now? What
# did it not have?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# The size of the output follows from the formula. The groups are a loop, and each turn works on slices. The
# bias is added once, at the end. For the work inside a group there are three ways.
#
# 1. Stamp: zeros as large as everything that is stamped and `e` more. Two loops over the entries `(y, x)`.
#    The slice of rows that a window read in chapter 5 is the slice that you *add to*. Cut at the end.
# 2. Collect: spread the input with the stride, put `e` rows and columns of zeros behind it, and correlate it
#    "full" with the kernels, flipped and with their first two axes swapped. Cut.
# 3. Call `conv2d_input` with the size that you have worked out.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# Stamp: the entries `(y, x)` of all images and channels add `np.einsum("nc,coij->noij", input[:, :, y, x], ...)`
# to `stamped[:, :, y * s_h : y * s_h + ... : d_h, ...]`. With `rows` rows in all, the cut is
# `p_h : rows - p_h`.
#
# A group: its input is `input[:, g * C : ...]` with `C = len(weight) // groups`, its kernels are
# `weight[g * C : ...]`.
#
# `conv2d_input` wants `input_size`, which is `(N, weight.shape[1], H_out, W_out)`, then the kernels, then
# what is your input.
#
# </details>

# %%
# exercise: conv_transpose2d

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `input[0, 0, 0, 0] should meet weight[0, 0, 0, 0] there; yours meets weight[0, 0, 0, 1]`: the kernel is the
#   wrong way round. Who collects must flip it, who stamps must not.
# - `the result's shape is (1, 1, 1, 1), expected (1, 2, 1, 1): axis 1 is 1 too short`: `weight.shape[1]` was
#   taken for C_out. It counts the output channels of one group.
# - `the result's shape is (1, 1, 1, 5), expected (1, 1, 1, 1): axis 3 is 4 too long`: the padding was added. It
#   takes away.
#
# </details>

# %% [markdown]
# ## Checkerboards
#
# Count how many stamps reach each sample of the output. Stamps of three taps, two apart:
#
# **Predict.** Six entries, K = 3, stride 2. What are the counts? And for K = 4?
#
# <details><summary>Answer</summary>
#
# K = 3: 1 1 2 1 2 1 2 … Every other sample is reached twice. K = 4: 1 1, then 2 everywhere, and 1 1 at the
# end.
#
# </details>


# %%
def stamps_per_sample(L, K, s):
    """How many of L stamps of K taps, s apart, reach each sample of the output."""
    counted = ask_torch(F.conv_transpose1d, np.ones((1, 1, L)), np.ones((1, 1, K)), stride=s)
    return counted[0, 0].astype(int)


draw.beside(
    draw.counts(stamps_per_sample(6, 3, 2), name="K = 3, stride 2"),
    draw.counts(stamps_per_sample(6, 4, 2), name="K = 4, stride 2"),
)

# %% [markdown]
# In an image, rows and columns are both uneven, and the counts multiply: 1, 2 and 4.

# %%
draw.beside(
    draw.counts(np.outer(*[stamps_per_sample(4, 3, 2)] * 2), name="3 x 3, stride 2"),
    draw.counts(np.outer(*[stamps_per_sample(4, 4, 2)] * 2), name="4 x 4, stride 2"),
)

# %% [markdown]
# That is a checkerboard. Away from the edge, the counts are equal exactly if **the stride divides K**: each
# sample is then reached by `K / s` stamps.
#
# Chapter 4 counted how many windows read a pixel. These are such counts, for stride 2. A pixel that more
# windows read is handed more shares of the gradient. So pictures of gradients can show the pattern, too.
#
# How bad is it? Take a constant image, 200 everywhere, and a kernel of 3 × 3 equal taps, which makes the image
# twice as large. To keep the brightness on average, the taps are 4/9.
#
# **Predict.** Which values does the output have, away from the edge?
#
# <details><summary>Answer</summary>
#
# 200 · 4/9 = 89 where one stamp lands, 178 where two, 356 where four.
#
# </details>

# %%
constant = np.full((1, 1, 5, 5), 200)
equal_taps = np.full((1, 1, 3, 3), 4 / 9)

output = ask_torch(F.conv_transpose2d, constant, equal_taps, stride=2, padding=1)
draw.grid(output[0, 0].round(), name="output, rounded", heat=True)

# %% [markdown]
# ## It depends on the taps
#
# The counts warn. What decides are the taps. Go back to one dimension, and to an input that is 1 everywhere.
# Then a sample is the sum of the taps that land on it. With stride 2, taps 0, 2, 4, … land on samples 0, 2, 4,
# …, and taps 1, 3, 5, … on the samples between. So a constant stays constant, away from the edge, exactly if
# **these two sums are equal**. Let us call such taps balanced. With stride `s` there are `s` sums, each of the
# taps that leave the same remainder when `k` is divided by `s`.
#
# **Predict.** Which of these kernels are balanced for stride 2: [1, 1, 1], [1, 2, 1], [1, 1, 1, 1],
# [1, 3, 3, 1], [4, 2, 1, 3]?
#
# <details><summary>Answer</summary>
#
# [1, 2, 1]: 1 + 1 and 2. [1, 1, 1, 1]: 2 and 2. [1, 3, 3, 1]: 1 + 3 and 3 + 1. And [4, 2, 1, 3]: 4 + 1 and
# 2 + 3. Only [1, 1, 1] is not: 1 + 1 and 1.
#
# </details>

# %%
for taps in ([1, 1, 1], [1, 2, 1], [1, 1, 1, 1], [1, 3, 3, 1], [4, 2, 1, 3]):
    stamped = ask_torch(F.conv_transpose1d, np.ones((1, 1, 6)), [[taps]], stride=2)[0, 0]
    print(f"{taps!s:12}  sums {sum(taps[::2])} and {sum(taps[1::2])}:  {stamped.astype(int)}")

# %% [markdown]
# So three taps *can* be balanced, and four need not be. A network learns its taps, and may learn either. With
# K = 4 it is enough that all taps are about equal. With K = 3 the middle tap has to be as large as the other
# two together. In 2016, a well-known article found checkerboards in the pictures that several networks had
# made, and named uneven overlap as a cause.
#
# Here is a part of the photograph, at half its size, made large again by three kernels. Each is the outer
# product of the taps written above it, scaled so that brightness is kept. (At some edges fewer stamps land, so
# it gets darker there.)

# %%
small_photo = photograph()[16:64:2, 44:100:2].astype(float)[None, None]


def enlarged(taps, **options):
    """The small photograph, twice as large, by stamps that are the outer product of some taps."""
    kernel = (np.outer(taps, taps) * 4 / sum(taps) ** 2)[None, None]
    return ask_torch(F.conv_transpose2d, small_photo, kernel, stride=2, padding=1, **options)[0, 0]


draw.beside(
    draw.image(enlarged([1, 1, 1], output_padding=1), name="1 1 1", vmin=0, vmax=255, scale=4),
    draw.image(enlarged([1, 2, 1], output_padding=1), name="1 2 1", vmin=0, vmax=255, scale=4),
    draw.image(enlarged([1, 3, 3, 1]), name="1 3 3 1", vmin=0, vmax=255, scale=4),
)

# %% [markdown]
# The third one is an old acquaintance of everybody who works with images: **bilinear** enlargement, as
# `F.interpolate` has it. Away from the edge the numbers are the same.

# %%
bilinear = ask_torch(F.interpolate, small_photo, scale_factor=2, mode="bilinear", align_corners=False)[0, 0]

assert np.allclose(enlarged([1, 3, 3, 1])[1:-1, 1:-1], bilinear[1:-1, 1:-1]), "1 3 3 1 is not bilinear"
print("equal away from the edge:", bilinear.shape)

# %% [markdown]
# What people do against checkerboards:
#
# - choose K as a multiple of the stride;
# - enlarge first, by repeating pixels or bilinearly, and let an ordinary convolution with stride 1 follow;
# - begin training with balanced taps, such as the bilinear ones.

# %% [markdown]
# ### Spot it: the border that nobody looks at
#
# A classmate tests for checkerboards. They send ones through a layer with K = 4, stride 2 and padding 0, and
# find that the output is not constant: it has 1 at the edge and 2 inside, in each direction. "K = 4 makes
# checkerboards, too."
#
# **Predict.** What have they found? Which padding makes it go away?
#
# <details><summary>Answer</summary>
#
# The edge, not a checkerboard. The first two samples and the last two lie under one stamp only, for there is
# no entry outside. Padding 2 takes them away. With the usual padding 1 one of them is left at each end.
#
# </details>

# %%
for p in (0, 1, 2):
    ones = ask_torch(F.conv_transpose1d, np.ones((1, 1, 5)), np.ones((1, 1, 4)), stride=2, padding=p)[0, 0]
    print(f"padding {p}:", ones.astype(int))

# %% [markdown]
# ## Where this is used
#
# **Groups.** AlexNet was trained on two graphics cards in 2012. Its second layer had two groups, one on each
# card. Later, groups were chosen because they save.
#
# | layer | `weight` | groups |
# |---|---|---|
# | AlexNet (2012), second | (256, 48, 5, 5) | 2 |
# | ResNeXt-50 32×4d (2016), 3 × 3 in the first stage | (128, 4, 3, 3) | 32 |
# | MobileNet (2017), depthwise, at 14 × 14 | (512, 1, 3, 3) | 512 |
# | ConvNeXt-T (2022), depthwise, first stage | (96, 1, 7, 7) | 96 |
#
# **Predict.** How many input channels has each layer? How many numbers does it learn, and how many would it
# learn without groups?

# %%
for size, groups in [((256, 48, 5, 5), 2), ((128, 4, 3, 3), 32), ((512, 1, 3, 3), 512), ((96, 1, 7, 7), 96)]:
    numbers = math.prod(size)
    print(f"{size[1] * groups:3} channels in: {numbers:7,} numbers, without groups {numbers * groups:9,}")

# %% [markdown]
# **Transposed convolution** is found where something is drawn: pictures, labels for every pixel, sound.
#
# | layer | from | K | stride | padding | output_padding |
# |---|---|---|---|---|---|
# | U-Net (2015), on the way up | 28 | 2 | 2 | 0 | 0 |
# | DCGAN, as in PyTorch's tutorial, first | 1 | 4 | 1 | 0 | 0 |
# | DCGAN, the others | 4 | 4 | 2 | 1 | 0 |
# | CycleGAN's generator (2017), as its authors wrote it in torch | 64 | 3 | 2 | 1 | 1 |
# | HiFi-GAN (2020), first, on frames of sound | 32 | 16 | 8 | 4 | 0 |
#
# **Predict** the five sizes. Which of the layers has uneven counts?
#
# <details><summary>Answer</summary>
#
# 56, 4, 8, 128 and 256. All but the second multiply the size by their stride. Uneven is CycleGAN's: 2 does not
# divide 3.
#
# </details>

# %%
for name, L, K, s, p, e in [
    ("U-Net", 28, 2, 2, 0, 0),
    ("DCGAN, first", 1, 4, 1, 0, 0),
    ("DCGAN", 4, 4, 2, 1, 0),
    ("CycleGAN", 64, 3, 2, 1, 1),
    ("HiFi-GAN", 32, 16, 8, 4, 0),
]:
    entries, taps = torch.zeros(1, 1, L), torch.zeros(1, 1, K)
    made = F.conv_transpose1d(entries, taps, stride=s, padding=p, output_padding=e)
    print(f"{name:12}  {L:2} -> {made.shape[-1]:3}   stride divides K: {K % s == 0}")

# %% [markdown]
# HiFi-GAN makes sound from a spectrogram. In its first version three more such layers follow, with strides 8, 2
# and 2. In all, one frame becomes 8 · 8 · 2 · 2 = 256 samples.
#
# And every network that is *trained* with convolutions runs transposed ones: in the backward pass, for the
# gradient by the input.

# %% [markdown]
# ## The card to keep
#
# | | |
# |---|---|
# | groups | layers side by side: a block-diagonal weight |
# | grouped weight | `(C_out, C_in / groups, kh, kw)` |
# | group of filter `o` | $g = \lfloor o / (C_\text{out} / \text{groups}) \rfloor$ |
# | its channels | $C = C_\text{in} / \text{groups}$ of them, from $g\,C$ on |
# | depthwise | `groups` = C_in |
# | depthwise-separable | $1 / C_\text{out} + 1 / (\mathit{kh}\,\mathit{kw})$ of the products |
# | transposed | $\text{input}[n, c, y, x]\;\text{weight}[c, o, i, j]$ goes to $[y s_h + i d_h,\; x s_w + j d_w]$ |
# | transposed weight | `(C_in, C_out / groups, kh, kw)` |
# | transposed size | $H_\text{out} = (H - 1)\,s_h + d_h\,(\mathit{kh} - 1) + 1 - 2\,p_h + e_h$ |
# | cut off | $p_h$ rows at the top, $p_h - e_h$ at the bottom |
# | adjoint | ⟨conv(a), b⟩ = ⟨a, conv_transpose(b)⟩, same weight, same options |
# | no checkerboard | the `s` sums of every `s`-th tap are equal; equal taps: `s` divides K |
#
# **Three traps**
#
# 1. A depthwise weight without `groups` fits into an einsum, which stretches its axis of length 1. The shape
#    is right, the numbers are not.
# 2. output_padding cuts off less. It puts no zeros where a stamp lies, only beyond the last one. Test it together
#    with a padding.
# 3. A transposed weight is `[in, out]`. Where both are equal, exchanging them raises no error.
#
# **Next:** you have every piece, forwards and backwards. Chapter 10 puts them together, and trains a network
# that reads handwritten digits.
