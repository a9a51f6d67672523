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
# # 5 · Dilation
#
# A kernel of three taps sees three samples. To see further it could have more taps, and each of them costs
# a product. Or it keeps its three taps and spreads them. That is the last option of the operator. At the end
# of this chapter you write the operator whole.
#
# **After this chapter you can**
#
# - spread the taps of a kernel, and say how far they reach;
# - say what same and full add for spread taps, and spot a padding that forgot them;
# - tell how much of a signal a deep stack of layers sees, and find the samples that it never sees;
# - take a stride out of a stack, and put dilations in, without losing a number;
# - write the complete forward operator: batch, channels, bias, stride, padding and dilation.
#
# **You need** chapter 1: the count of places. Chapter 3: batch, channels and bias. Chapter 4: stride, padding,
# and the words valid, same and full.
#
# **It takes** a good hour. Two thirds of it belong to the three exercises. The last of them is the heart of the
# course so far.

# %%
import warnings

import numpy as np
import torch
import torch.nn.functional as F

from convlab import draw
from convlab.checks import check

np.set_printoptions(precision=4, suppress=True)


def ask_torch(input, weight, **options):
    """torch's cross-correlation of one plain signal or image with one plain kernel."""
    batch, kernels = (torch.tensor(np.array(a, dtype=float))[None, None] for a in (input, weight))
    layer = F.conv1d if batch.ndim == 3 else F.conv2d
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns that an odd zero may cost it a copy
        return layer(batch, kernels, **options)[0, 0].numpy()


# %% [markdown]
# ## Spread the taps
#
# These are the signal and the kernel of chapter 1. **Dilation** `d` is the distance from one tap to the next.
# With `d` = 1 neighbouring taps lie on neighbouring samples. With `d` = 2 the window leaves out every other
# sample.

# %%
input = np.array([2, 1, 4, 3, 0, 5, 2])
weight = np.array([4, 2, 1])

draw.window(input, weight, 1, dilation=2)

# %% [markdown]
# Tap `k` lies on sample `x + k·d`:
#
# $$\text{output}[x] \;=\; \sum_{k=0}^{K-1} \text{input}[x + k\,d]\;\text{weight}[k]$$
#
# **Predict.** What is `output[0]` with `d` = 2? How many entries are there?
#
# <details><summary>Answer</summary>
#
# The taps lie on samples 0, 2 and 4, which are 2, 4 and 0. So `output[0]` is 2·4 + 4·2 + 0·1 = 16. The
# window can start at 0, 1 and 2: three entries.
#
# </details>

# %%
x, d = 0, 2
output_x = input[x + 0 * d] * weight[0] + input[x + 1 * d] * weight[1] + input[x + 2 * d] * weight[2]

print(f"output[{x}] = {output_x}   torch:", ask_torch(input, weight, dilation=d))

# %% [markdown]
# ## How far do the taps reach?
#
# Between K taps there are K − 1 gaps, each of length `d`. Together with the first tap itself the kernel
# spans
#
# $$k_\text{eff} = d\,(K - 1) + 1$$
#
# samples. We call this its **span**. Papers call it the *effective kernel size*, hence the letters.
#
# The span takes the place of K wherever a length is counted. With padding $p$ at either end and stride $s$:
#
# $$L_\text{out} = \left\lfloor \frac{L + 2p - k_\text{eff}}{s} \right\rfloor + 1$$
#
# **Predict.** Seven samples, three taps, no padding, stride 1. What is the largest dilation that still gives
# an entry? How many does it give?
#
# <details><summary>Answer</summary>
#
# Three. The span is 3·2 + 1 = 7, as long as the signal, so there is one entry. With dilation 4 the span
# would be 9.
#
# </details>

# %%
draw.beside(draw.places(7, 3, dilation=2), draw.places(7, 3, dilation=3))

# %% [markdown]
# At dilation 4 torch refuses, and it speaks of a kernel of 9. It means the span.

# %%
try:
    ask_torch(input, weight, dilation=4)
except RuntimeError as error:
    print(error)

# %% [markdown]
# ## Stride moves the window, dilation spreads it
#
# A dilated window skips samples; a stride skips places. Both are often 2, and they are easy to mix up. Here a
# window of three taps goes over eight samples.
#
# **Predict.** How many entries does stride 2 give, and how many dilation 2? Is there a sample that no window
# reads?
#
# <details><summary>Answer</summary>
#
# Stride 2 gives three entries, and sample 7 is the dropped tail. Dilation 2 gives four: the span is 5, and
# 8 − 5 + 1 = 4. Each window leaves out two samples, but its neighbours read them. Every sample is used.
#
# </details>

# %%
draw.beside(draw.places(8, 3, stride=2), draw.places(8, 3, dilation=2))

# %% [markdown]
# Used together, each keeps to its own index. The stride multiplies the place `x`, the dilation multiplies
# the tap `k`: tap `k` of window `x` lies on sample `x·s + k·d`.

# %% [markdown]
# ### Spot it: two and two
#
# A classmate writes `input[x * d + k * s]`. They test with `stride=2, dilation=2`, and all entries are right.
#
# **Predict.** Why did the test see nothing? The cell below uses stride 2 and dilation 3 on nine samples.
# Will at least the *length* of the classmate's output be wrong?
#
# <details><summary>Answer</summary>
#
# With 2 and 2 both formulas are the same formula. With 2 and 3 the classmate computes what stride 3 and
# dilation 2 would give. Even then the length can be right by accident: (9 − 7) // 2 + 1 = 2, and
# (9 − 5) // 3 + 1 = 2. Only the numbers tell.
#
# Test with a stride and a dilation that differ, and compare values, not only shapes.
#
# </details>

# %%
nine = np.array([2, 1, 4, 3, 0, 5, 2, 6, 9])

print("stride 2, dilation 3:", ask_torch(nine, weight, stride=2, dilation=3))
print("the classmate's:     ", ask_torch(nine, weight, stride=3, dilation=2))

# %% [markdown]
# ## Zeros between the taps
#
# There is a second way to see it. Leave the window alone, and put `d − 1` zeros between neighbouring taps
# of the kernel. A sample under a zero adds nothing, so the sums are the same.

# %%
spread = np.array([4, 0, 2, 0, 1])

assert np.array_equal(ask_torch(input, spread), ask_torch(input, weight, dilation=2)), "zeros change a sum"
draw.spread(weight, 2)

# %% [markdown]
# An image has a dilation for each axis, `(d_h, d_w)`: the distance from tap to tap down, and to the right.
# A single number stands for both. Kernel `weight[o, c]` becomes `spread[o, c]`, with
#
# $$\text{spread}[o, c,\; i\,d_h,\; j\,d_w] = \text{weight}[o, c, i, j]$$
#
# and zeros everywhere else.
#
# **Predict.** A kernel has 2 rows and 3 columns. The dilation is `(3, 2)`. Which shape does its spread
# kernel have, and where does tap `(1, 2)` stand?
#
# <details><summary>Answer</summary>
#
# The spans are 3·(2 − 1) + 1 = 4 rows and 2·(3 − 1) + 1 = 5 columns. Tap (1, 2) stands in row 1·3 = 3 and
# column 2·2 = 4: the last corner.
#
# </details>

# %%
draw.spread([[4, 2, 1], [3, 5, 6]], (3, 2), names=("weight[o, c]", "spread[o, c]"))

# %% [markdown]
# The two ways give the same numbers at different cost. A 3 × 3 kernel at dilation 2 needs 9 products for an
# entry. Spread to 5 × 5 it needs 25, and 16 of them are products with zero. So it pays to spread the indices
# and not the kernel. Zeros between numbers come back in chapter 7: there a stride puts them between the
# entries of a gradient.

# %% [markdown]
# ## Exercise: `dilate`
# <!-- exercise: dilate -->
#
# Spread every kernel of `weight`. It has the shape `(C_out, C_in, kh, kw)`, and the result has the shape
#
# $$\bigl(C_\text{out},\; C_\text{in},\; d_h\,(\mathit{kh} - 1) + 1,\; d_w\,(\mathit{kw} - 1) + 1\bigr)$$
#
# `dilation` is one integer for both axes, or a tuple `(d_h, d_w)`. At dilation 1 nothing is put in between.
# Any size may be 1. Leave `weight` as it is, and return a new array.
#
# The picture shows a kernel and what dilation 3 makes of it.

# %%
draw.spread([[1, 2], [3, 4]], 3, names=("weight[0, 0]", "spread[0, 0]"))

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# How large is the result? Make an array of that many zeros, then put the taps in.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# First get two numbers out of `dilation`, `d_h` and `d_w`. A tuple holds both, a single number stands for
# both. Then two loops go through the taps `i` and `j`. Each turn places tap `(i, j)` of all kernels at once.
# (Without loops: a slice with a step reaches all the places where taps stand.)
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# The line in the loops has the form `spread[:, :, ..., ...] = weight[:, :, i, j]`. The formula above says
# what the two gaps are. To ask what `dilation` is, write `isinstance(dilation, tuple)`.
#
# </details>

# %%
# exercise: dilate

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `TypeError: cannot unpack non-iterable int object`: `d_h, d_w = dilation` works for a tuple only. A single
#   number stands for both.
# - `the result's shape is (1, 1, 2, 2), expected (1, 1, 1, 1)`: there are zeros after the last tap too. They
#   stand *between* taps, so the size is `d * (k - 1) + 1` and not `d * k`.
# - `IndexError: index 2 is out of bounds for axis 2 with size 2`: the rows were spread by `d_w`. In
#   `(d_h, d_w)` the rows come first.
#
# </details>

# %% [markdown]
# ## Same and full count the span
#
# Chapter 4 said it already: for the padding, only the span matters. On each axis, with its own `K` and `d`:
#
# | word | zeros | before | after |
# |---|---|---|---|
# | valid | none | 0 | 0 |
# | same | $k_\text{eff} - 1 = d\,(K - 1)$ in all | half, rounded down | the rest |
# | full | $d\,(K - 1)$ at each end | $d\,(K - 1)$ | $d\,(K - 1)$ |
#
# Let us take an extreme case: the random image of chapter 2, which has 3 × 3 pixels, its kernel of 2 × 2
# taps, and dilation 3.
#
# **Predict.** What is the span? How many rows of zeros does same add at the top, and how many at the bottom?
#
# <details><summary>Answer</summary>
#
# The span is 3·1 + 1 = 4: more than the whole image. Same adds 3 rows in all. They cannot be halved, so one
# goes to the top and two go to the bottom. The columns go likewise. The padded image has 6 × 6 pixels, and
# 6 − 4 + 1 = 3 places each way.
#
# </details>

# %%
from convlab.functional import resolve_padding

pads = resolve_padding("same", kernel_size=(2, 2), dilation=3)
print("((top, bottom), (left, right)) =", pads)

# %% [markdown]
# **Predict.** On which rows and columns of the image do the four taps of `output[0, 0]` lie? How many of the
# four meet a pixel?
#
# <details><summary>Answer</summary>
#
# One row of zeros stands above the image, so the window starts in row −1, and its second row of taps lies in
# row 2. The columns are −1 and 2, too. Only the last tap meets a pixel: `image[2, 2]`. So `output[0, 0]` is a
# single product, 1.5 · (−0.9) = −1.35.
#
# </details>

# %%
image = [[-0.7, -0.5, -0.3], [-1.8, 0.2, -2.0], [-0.6, 0.4, 1.5]]
kernel = [[-1.4, 1.3], [-0.2, -0.9]]
expected = [[-1.35, 0.12, -0.08], [-0.39, 0.98, 0.7], [-2.6, 2.52, -0.28]]

output = ask_torch(image, kernel, padding="same", dilation=3)
names = ("image", "kernel", "output")
assert np.allclose(output, expected), "torch disagrees with the random image at dilation 3"
draw.window(image, kernel, (0, 0), padding=pads, dilation=3, output=expected, names=names)

# %% [markdown]
# It is like this at every place. Window `y` has its taps in rows `y − 1` and `y + 2`. For each of `y` = 0, 1
# and 2, exactly one of these rows is inside the image. The columns go likewise. So each of the nine entries is
# a single product. The output is as large as the image, but each entry uses a single tap. Remember this for
# the end of the chapter.

# %% [markdown]
# ### Spot it: half the kernel size
#
# Many scripts write `padding=kernel_size // 2` and call it same. For 3 taps that is 1, and it works. Then
# somebody sets the dilation.
#
# **Predict.** Seven samples, 3 taps, padding 1. How long is the output for dilation 1, 2 and 3?
#
# <details><summary>Answer</summary>
#
# 7, 5 and 3: the spans are 3, 5 and 7, and the padding did not grow with them. The number of taps stands where
# the span belongs. For an odd number of taps, `dilation * (kernel_size - 1) // 2` at either end is right.
#
# </details>

# %%
for d in (1, 2, 3):
    print(f"dilation {d}:", len(ask_torch(input, weight, padding=1, dilation=d)), "entries")

# %% [markdown]
# Often the next line adds the input to the output, as residual networks do. Seven samples plus five entries
# is an error, and the slip is found. But with five samples and dilation 3 there is only *one* entry. NumPy
# and torch stretch it over all five samples, and nobody hears of it.

# %%
five = np.array([2, 1, 4, 3, 0])
output = ask_torch(five, weight, padding=1, dilation=3)

print("padding 1:", five + output, "from an output of length", len(output))
print("same:     ", five + ask_torch(five, weight, padding="same", dilation=3))

# %% [markdown]
# ## What one entry of a deep stack sees
#
# Layers are stacked. An entry of the second layer's output depends on a few entries of the first layer's
# output. Through them it depends on samples. The stretch from the first of these samples to the last is its
# **receptive field**. We describe a layer by `(kernel_size, stride, dilation)`.
#
# **Predict.** Two layers of three taps, stride 1, dilation 1. How large is the receptive field of one entry?
#
# <details><summary>Answer</summary>
#
# 5\. The entry depends on three entries of the first layer. Their windows start one sample apart and overlap,
# so three windows of 3 samples cover 3 + 1 + 1 = 5.
#
# </details>

# %%
draw.receptive_field([(3, 1, 1), (3, 1, 1)], at=0)

# %% [markdown]
# To compute it, begin at the signal with a field of one sample, and let each layer widen it. A layer's taps
# span $k_\text{eff}$ entries of its input. From the first of these to the last there are
# $k_\text{eff} - 1 = d\,(K - 1)$ **steps**. The field grows by that many steps.
#
# How long is a step? In the signal it is one sample. In the output of a layer with stride 2, neighbouring
# entries come from windows that start two samples apart: there a step is two samples. We call the length of
# a step, in samples, the **jump**. Each layer multiplies the jump by its stride, for the layers *after* it.
#
# $$
# \begin{aligned}
# \text{size}_0 &= 1, & \text{size}_l &= \text{size}_{l-1} + \text{jump}_{l-1}\; d_l\,(K_l - 1) \\
# \text{jump}_0 &= 1, & \text{jump}_l &= \text{jump}_{l-1}\; s_l
# \end{aligned}
# $$
#
# Here $l$ counts the layers, and layer 1 is the one that reads the signal. By hand, for
# `[(3, 2, 1), (3, 1, 1)]`:
#
# | layer | the field grows by | size | jump |
# |---|---|---|---|
# | before the first | | 1 | 1 |
# | `(3, 2, 1)` | 1 · 1 · 2 = 2 | 3 | 2 |
# | `(3, 1, 1)` | 2 · 1 · 2 = 4 | 7 | 2 |

# %%
draw.receptive_field([(3, 2, 1), (3, 1, 1)], at=0)

# %% [markdown]
# **Predict.** Exchange the two layers: `[(3, 1, 1), (3, 2, 1)]`. How large is the field now?
#
# <details><summary>Answer</summary>
#
# 5\. The first layer adds 2. The second adds 2 more, since the jump is still 1 when it comes. Its stride
# counts only for layers after it, and there are none.
#
# </details>

# %% [markdown]
# A receptive field can be measured. Send in an impulse: a 1 at one sample, and zeros elsewhere. If anything
# arrives in entry 0 of the last output, that entry depends on the sample. A batch of impulses, one for each
# sample, asks for all of them at once. We set all taps to 1. Then nothing can cancel, and what arrives is a
# count: in how many **ways** the sample reaches the entry, through one tap of each layer.


# %%
def ways(layers, L):
    """In how many ways does each of L samples reach entry 0 of a stack? Signal n has its 1 at sample n."""
    signals = torch.eye(L)[:, None]  # (N, C, L) = (L, 1, L)
    for kernel_size, stride, dilation in layers:
        taps = torch.ones(1, 1, kernel_size)
        signals = F.conv1d(signals, taps, stride=stride, dilation=dilation)
    return signals[:, 0, 0].numpy().astype(int)


draw.beside(
    draw.counts(ways([(3, 2, 1), (3, 1, 1)], 8), name="stride in the first layer"),
    draw.counts(ways([(3, 1, 1), (3, 2, 1)], 8), name="stride in the second"),
)

# %% [markdown]
# Seven samples and five, as computed. And on the right the sample in the middle is reached in three ways, the
# samples at the rim in one. A receptive field says what an entry *can* depend on. It does not say that all of it
# counts alike.

# %% [markdown]
# ## Exercise: `receptive_field`
# <!-- exercise: receptive_field -->
#
# Write the size of a stack's receptive field. `layers` is a list of tuples
# `(kernel_size, stride, dilation)`, and `layers[0]` is the layer that reads the signal. Spread taps skip
# samples. Count those as well: the field goes from the first sample to the last. The result is a Python
# integer. No arrays are needed.
#
# | layers | receptive field |
# |---|---|
# | `[(3, 1, 1)]` | 3 |
# | `[(2, 2, 1)]` | 2 |
# | `[(3, 1, 1), (3, 1, 2)]` | 7 |
# | `[(2, 3, 2), (3, 2, 2), (2, 1, 3)]` | 33 |
#
# The picture belongs to the third row.

# %%
draw.receptive_field([(3, 1, 1), (3, 1, 2)], at=0)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Two numbers go from layer to layer, the size and the jump. What are they before the first layer?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# One loop over the layers, in the order in which they stand. Each turn updates both numbers. The order of
# the two updates matters: a layer's own stride must not count for its own taps.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# `for kernel_size, stride, dilation in layers:` takes a layer apart. The line for the size has the form
# `size += ... * ... * ...`, with the three factors of the formula. The line for the jump comes after it.
#
# </details>

# %%
# exercise: receptive_field

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `got 3, expected 2` for `[(2, 2, 1)]`: the jump was multiplied before the size was updated, so the layer's
#   own stride is in it.
# - `got 4, expected 3` for `[(3, 1, 1)]`: three taps have two gaps. The factor is `kernel_size - 1`.
# - `the result is None (is the return line missing?); it must be an integer`: the size was computed, perhaps
#   even printed, and not returned.
#
# </details>

# %% [markdown]
# ## Double the dilation from layer to layer
#
# Layers of two taps, with dilations 1, 2, 4 and 8:

# %%
draw.receptive_field([(2, 1, 1), (2, 1, 2), (2, 1, 4), (2, 1, 8)], at=0)

# %% [markdown]
# The field doubles with each layer: 2, 4, 8, 16. WaveNet, a network that makes sound sample by sample, has
# blocks of ten such layers, with dilations 1, 2, 4 and so on up to 512.
#
# **Predict.** How large is the receptive field of such a block? How large would it be with dilation 1 in all
# ten layers? In how many ways does a sample reach the entry?
#
# <details><summary>Answer</summary>
#
# 1 + (1 + 2 + 4 + … + 512) = 1 + 1023 = 1024 samples. With dilation 1 it is 1 + 10 = 11. There are
# $2^{10}$ = 1024 ways in all, for each layer offers two taps to choose from. 1024 ways lead to 1024 samples:
# one way to each.
#
# </details>

# %%
dilations = [2**i for i in range(10)]
reached = ways([(2, 1, d) for d in dilations], 1030)

assert np.count_nonzero(reached) == 1 + sum(dilations) == 1024, "the measurement and the formula differ"
first, last = np.flatnonzero(reached)[[0, -1]]
print("dilations:", *dilations)
print(f"samples {first} to {last}, ways from each:", *np.unique(reached[first : last + 1]))

# %% [markdown]
# So ten layers of two taps reach as far as one kernel of 1024 taps. They are not the same thing: such a kernel
# has 1024 numbers to learn, and these layers have 20.

# %% [markdown]
# ## Holes that stay open
#
# Three layers of three taps, each with dilation 2.
#
# **Predict.** How large is the receptive field? How many of its samples does the entry really see?
#
# <details><summary>Answer</summary>
#
# The size is 1 + 3·4 = 13. Every tap lies an even number of samples from the start, and sums of even numbers
# are even. So the entry sees samples 0, 2, 4, …, 12: seven of the thirteen.
#
# </details>

# %%
draw.receptive_field([(3, 1, 2), (3, 1, 2), (3, 1, 2)], at=0)

# %%
gridded = ways([(3, 1, 2), (3, 1, 2), (3, 1, 2)], 13)
draw.counts(gridded, name="dilations 2, 2, 2")

# %% [markdown]
# The next entry of the output sees only the odd samples. So the signal falls apart into two halves that are
# computed side by side and never meet. More such layers do not mend it. In an image there are holes in the
# rows and in the columns. Of 13 × 13 pixels an entry sees 49. Networks that label every pixel can show this
# as a checkered pattern in what they draw. It is called **gridding**.

# %%
draw.counts(np.outer(gridded, gridded), name="an image: ways from each pixel")

# %% [markdown]
# The reason is a common factor. If all dilations are multiples of `g`, and the strides are 1, an entry sees
# at most every `g`-th sample. Here `g` is 2.
#
# **Predict.** The dilations 2 and 3 have no common factor. Do two layers of three taps leave holes?
#
# <details><summary>Answer</summary>
#
# Yes. The field has 1 + 4 + 6 = 11 samples, and there are only 3 · 3 = 9 ways. At least two samples must
# stay unseen. They are samples 1 and 9.
#
# </details>

# %%
draw.counts(ways([(3, 1, 2), (3, 1, 3)], 11), name="dilations 2, 3")

# %% [markdown]
# Here is a rule that is always safe at stride 1. Suppose the field so far has no holes. The next layer lays
# copies of it side by side, `d` samples apart. No gap opens as long as `d` **is at most the size of the field
# so far**. WaveNet takes the largest dilation that this allows, each time: the copies just touch. That is why
# there is one way to each sample.
#
# **Predict.** You have layers of three taps. Start with dilation 1. Which are the largest safe dilations for
# the second and the third layer? How large is the field then?
#
# <details><summary>Answer</summary>
#
# The first layer gives a field of 3, so the second may have dilation 3. That gives 3 + 3·2 = 9, so the third
# may have dilation 9, and the field is 9 + 9·2 = 27. There are 3 · 3 · 3 = 27 ways, one to each sample. With
# 10 in place of 9 the copies no longer touch.
#
# </details>

# %%
for dilations in [(1, 3, 9), (1, 2, 5), (1, 3, 10)]:
    reached = ways([(3, 1, d) for d in dilations], 1 + 2 * sum(dilations))
    print(dilations, "field:", len(reached), "  never seen:", np.flatnonzero(reached == 0))

# %% [markdown]
# ## A dilation instead of a stride
#
# A stride widens the field of all later layers, and it costs entries: with stride 2 half of them are gone. For
# "is there a cat in the picture" that is welcome. To say for *every pixel* whether it is cat, the entries are
# missing.
#
# Take the stride out of `[(3, 2, 1), (3, 1, 1)]`, and give the layer after it dilation 2 instead:
# `[(3, 1, 1), (3, 1, 2)]`. The taps stay as they are.
#
# **Predict.** How large are the two fields? How do the two outputs relate?
#
# <details><summary>Answer</summary>
#
# Both fields have 7 samples. In the first stack a tap of the second layer moves two samples because of the
# jump, in the second because of its dilation. So the first output is every other entry of the second. The
# entries between them are new.
#
# </details>

# %%
weight_2 = np.array([1, 0, 2])

strided = ask_torch(ask_torch(nine, weight, stride=2), weight_2)
dilated = ask_torch(ask_torch(nine, weight), weight_2, dilation=2)

assert np.array_equal(strided, dilated[::2]), "every other entry should be that of the strided stack"
print("strided:", strided, "  dilated:", dilated)

# %% [markdown]
# So a network that was trained with strides can give denser output with the same taps. The DeepLab networks
# do this to the last stages of a ResNet. They call it **atrous** convolution, from the French *à trous*, with
# holes. In torchvision the switch is named `replace_stride_with_dilation`. Every layer after the removed
# stride needs the larger dilation, not only the next one.

# %% [markdown]
# ## The complete operator
#
# Now everything together. It is one formula:
#
# $$
# \text{output}[n, o, y, x] = \text{bias}[o] + \sum_{c=0}^{C_\text{in}-1}\;\sum_{i=0}^{\mathit{kh}-1}\;
# \sum_{j=0}^{\mathit{kw}-1} \text{padded}[n, c,\; y\,s_h + i\,d_h,\; x\,s_w + j\,d_w]\;
# \text{weight}[o, c, i, j]
# $$
#
# | option | what it changes | in the formula |
# |---|---|---|
# | padding | what stands around the image | `padded` in place of `input` |
# | stride | the place of the window | a factor of `y` and of `x` |
# | dilation | the distance of its taps | a factor of `i` and of `j` |
# | bias | the start of each sum | outside the sums |
#
# `padded` is the input with `top` and `bottom` rows and `left` and `right` columns of zeros. Pixel
# `(0, 0)` of the image is `padded[top, left]`. So in the image itself the tap lies on row
# `y·s_h + i·d_h − top`.
#
# Here is an image of 5 × 6 pixels, with stride 2, padding 1 and dilation 3.
#
# **Predict.** On which rows and columns of the image do the four taps of `output[1, 2]` lie?
#
# <details><summary>Answer</summary>
#
# Rows 1·2 + 0·3 − 1 = 1 and 1·2 + 1·3 − 1 = 4. Columns 2·2 + 0·3 − 1 = 3 and 2·2 + 1·3 − 1 = 6. The image
# has columns 0 to 5, so column 6 is padding, and two of the taps meet a zero.
#
# </details>

# %%
image = np.arange(1, 31).reshape(5, 6)
kernel = np.array([[1, 2], [3, 4]])

draw.window(image, kernel, (1, 2), stride=2, padding=1, dilation=3, names=names)

# %%
padded = np.pad(image, 1)
y, x, s, d = 1, 2, 2, 3
row_0, row_1 = padded[y * s + 0 * d], padded[y * s + 1 * d]
upper = row_0[x * s + 0 * d] * kernel[0, 0] + row_0[x * s + 1 * d] * kernel[0, 1]
lower = row_1[x * s + 0 * d] * kernel[1, 0] + row_1[x * s + 1 * d] * kernel[1, 1]

print(f"output[{y}, {x}] = {upper} + {lower} = {upper + lower}   torch:")
print(ask_torch(image, kernel, stride=2, padding=1, dilation=3))

# %% [markdown]
# Here the options are yours to change. **Predict** each time: how far apart do the taps stand, and how far does the
# window jump? Which of the two does the dilation change, and which the stride?

# %%
draw.explore(image, kernel, stride=2, padding=1, dilation=2)

# %% [markdown]
# The number of rows is that of chapter 1, with the span and with both ends of the padding. The columns go
# likewise, with `left`, `right`, `kw`, `d_w` and `s_w`:
#
# $$
# H_\text{out} = \left\lfloor \frac{H + \text{top} + \text{bottom} - d_h\,(\mathit{kh} - 1) - 1}{s_h}
# \right\rfloor + 1
# $$
#
# **Predict.** An input of shape (2, 3, 32, 48) meets a weight of shape (16, 3, 3, 5), with stride (2, 1),
# padding (1, 4) and dilation (1, 2). Which shape comes out?
#
# <details><summary>Answer</summary>
#
# (2, 16, 16, 48). Rows: 32 + 2 − 2 − 1 = 31, and 31 // 2 + 1 = 16. Columns: 48 + 8 − 8 − 1 = 47, and
# 47 // 1 + 1 = 48. On the columns a padding of 4 is same, for five taps at dilation 2.
#
# </details>

# %%
options = {"stride": (2, 1), "padding": (1, 4), "dilation": (1, 2)}
F.conv2d(torch.zeros(2, 3, 32, 48), torch.zeros(16, 3, 3, 5), **options).shape

# %% [markdown]
# ## Exercise: `conv2d`
# <!-- exercise: conv2d -->
#
# Write the complete forward operator. It has torch's name, and torch's arguments but the last one, `groups`.
#
# - `input` has the shape `(N, C_in, H, W)`, `weight` the shape `(C_out, C_in, kh, kw)`, and `bias` is `None`
#   or has the shape `(C_out,)`. They hold integers or floats. Any size may be 1.
# - `stride` is one integer, or a tuple `(s_h, s_w)`: down and to the right. `dilation` likewise.
# - `padding` is one integer, or a tuple `(p_h, p_w)`: `p_h` rows of zeros at either end, and `p_w` columns.
#   Or it is a word: `"valid"`, `"same"` or `"full"`. Same comes with stride 1 only. (Full is ours: torch does
#   not know the word.)
#
# The kernel may span more than the image, as long as it fits into the padded one. Leave the arguments as they
# are, and return a new array.
#
# You may build on what you have: your own `dilate`, or your functions of chapter 4, copied into the cell. Or
# take two of them ready-made. This is how they are called:

# %%
from convlab.functional import pad, resolve_padding

pads = resolve_padding("same", (2, 3), (3, 1))  # padding, kernel_size, dilation
print(pads, pad(np.ones((1, 1, 4, 4)), pads).shape)

draw.window(np.arange(1, 17).reshape(4, 4), [[1, 0, 2], [0, 3, 1]], (1, 0), padding=pads, dilation=(3, 1))

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Begin with your `conv2d_strided`. What does dilation change in it? The number of zeros for a word, the
# number of places, and the indices. Change one after the other.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Five steps. (1) Make two numbers of `stride`, and two of `dilation`. (2) Turn `padding` into `top`,
# `bottom`, `left` and `right`. (3) Make the padded images. (4) Count the places with the spans, and make the
# output. (5) Fill it: two loops over the places, and at each place the sum over channels and taps, by loops
# or by the einsum of chapter 3. Add the bias once.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# With loops the index of a row is `y * s_h + i * d_h`. With slices, the rows of window `y` are
# `y * s_h : y * s_h + ... : d_h`: from the start, as far as the span reaches, in steps of the dilation. The
# window then has the shape `(N, C_in, kh, kw)`, and `"ncij,ocij->no"` gives the entries of all images and all
# output channels at that place.
#
# </details>

# %%
# exercise: conv2d

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `ValueError: operands could not be broadcast together`: the window was cut out with the span, but without
#   the step. It holds the skipped pixels too, and has more of them than there are taps.
# - `weight[0, 0, 0, 1] should meet input[0, 0, 0, 2] there; yours meets input[0, 0, 0, 1]`: the places are
#   counted with the dilation, but the taps still stand side by side.
# - `the result's shape is (1, 1, 1, 0), expected (1, 1, 1, 1)`, for `padding='same'`: the zeros were counted
#   without the dilation, or an odd one was lost.
#
# </details>

# %% [markdown]
# ### Spot it: the shape is right
#
# A classmate counts the places with the span, and then cuts the windows as `padded[y : y + kh]`, without the
# step. Their test says `assert output.shape == expected.shape`. A second test compares the numbers, for an
# image of ones without padding.
#
# **Predict.** Does either test fail?
#
# <details><summary>Answer</summary>
#
# No. The shape comes from the span, which is right. On an image of ones every window holds ones, wherever the
# taps lie. So each entry is the sum of the taps, spread or not.
#
# A test of shapes says nothing about numbers. And a constant image cannot say *which* pixels were read.
#
# </details>

# %%
for name, picture in [("ones", np.ones((5, 6))), ("1 to 30", image)]:
    right = ask_torch(picture, kernel, dilation=2)
    side_by_side = ask_torch(picture, kernel)[:3, :4]
    print(f"{name}: shapes {right.shape} and {side_by_side.shape}, first rows")
    print("  right:      ", right[0])
    print("  classmate's:", side_by_side[0])

# %% [markdown]
# ## Where this is used
#
# **Sound.** WaveNet stacks its blocks of ten layers. Each block adds 1023 samples to the field.
#
# **Predict.** Three blocks on top of each other, at 16,000 samples a second: how many samples, and how many
# milliseconds is that?
#
# <details><summary>Answer</summary>
#
# 1 + 3·1023 = 3070 samples, which is 192 milliseconds. One block alone sees 64 milliseconds.
#
# </details>

# %% [markdown]
# **Images, pixel by pixel.** DeepLabv3 is trained on pictures of 513 × 513. Near its end it has feature maps
# of 33 × 33, and reads them with three layers side by side, all 3 × 3, at dilations 6, 12 and 18. ("Rate" is
# their word for it.) The padding is same.
#
# **Predict.** What are the three spans? Which of them is larger than the whole map? And guess: how many of the
# nine taps meet the map, on average over all entries?
#
# <details><summary>Answer</summary>
#
# 13, 25 and 37, and the last is larger than 33. A map of ones and a kernel of ones count the taps: about 7,
# 5 and 3.6 of the nine. The others lie on zeros.
#
# </details>

# %%
for d in (6, 12, 18):
    taps_on_the_map = ask_torch(np.ones((33, 33)), np.ones((3, 3)), padding="same", dilation=d)
    print(f"dilation {d:2}: span {d * 2 + 1}, {taps_on_the_map.mean():.2f} of 9 taps")

# %% [markdown]
# It is the 3 × 3 image from above once more. With ever larger dilation a 3 × 3 kernel ends as a 1 × 1 kernel:
# only its middle tap still meets the map. The authors say so, and add a branch that averages the whole map.
# Spreading costs no products, but taps that lie on zeros add nothing.
#
# **What a classifier sees.** VGG-16 has 13 layers of 3 × 3. After the second, fourth, seventh, tenth and
# thirteenth comes a **pooling** layer: it keeps the largest of 2 × 2 pixels, with stride 2. As far as the
# field goes that is a layer `(2, 2, 1)`. The images are 224 × 224.
#
# **Predict.** Of 224 rows, how many does one entry of the last layer see: a tenth, half, nearly all?
#
# <details><summary>Answer</summary>
#
# Nearly all: 212. After each pooling the jump doubles, so the last three layers of 3 × 3 add 16 · 2 rows each.
#
# </details>

# %%
vgg = []
for layers_in_block in (2, 2, 3, 3, 3):
    vgg += [(3, 1, 1)] * layers_in_block + [(2, 2, 1)]

seen = np.flatnonzero(ways(vgg, 224))
print("layers:", len(vgg), "  one entry of the last sees", seen[-1] + 1, "of 224 rows")

# %% [markdown]
# If your `receptive_field` works, ask it for `vgg` in a cell of your own. Then take all strides away, and ask
# again. (We got 32: most of the reach comes from the strides.)

# %% [markdown]
# ## The card to keep
#
# | | |
# |---|---|
# | a product | $\text{padded}[n, c, y s_h + i d_h, x s_w + j d_w]\;\text{weight}[o, c, i, j]$ |
# | an entry | $\text{bias}[o]$, and the products summed over $c$, $i$ and $j$ |
# | span | $k_\text{eff} = d\,(K - 1) + 1$ |
# | shape | $H_\text{out} = \lfloor (H + \text{top} + \text{bottom} - k_\text{eff}) / s_h \rfloor + 1$ |
# | same, full | $d\,(K - 1)$ zeros: in all, with an odd one at the end; at each end |
# | receptive field | from 1: each layer adds $\text{jump}\; d\,(K - 1)$ |
# | jump | from 1: each layer multiplies it by $s$, for the layers after it |
# | no holes | stride 1, and each dilation at most the size of the field before it |
#
# **Three traps**
#
# 1. `padding=kernel_size // 2` is same at dilation 1 only. The span counts, in the padding and in the number of
#    places.
# 2. The stride belongs to the place, the dilation to the tap. A test with 2 and 2 cannot tell them apart.
# 3. If all dilations share a factor, holes stay open, however many layers you stack.
#
# **Next:** you have written the operator as loops over windows. Chapter 6 lays all windows side by side in one
# matrix. Then the whole layer is a single matrix product.
