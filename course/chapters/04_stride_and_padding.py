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
# # 4 · Stride and padding
#
# So far the window stayed inside the image and moved by one pixel. Now it may hang over the edge, and it
# may take longer steps. Both changes are small. They are also the reason why two libraries can take the
# same weights, the same image and the same option, and give different numbers.
#
# **After this chapter you can**
#
# - put rows and columns around an image, in four modes;
# - say what valid, same and full mean, for even kernels too;
# - count the places for any stride, and tell which pixels no window reads;
# - translate `same` between torch, TensorFlow and ONNX;
# - write a convolution with stride and padding, and recognize one that only looks like it.
#
# **You need** chapter 1: the count of places, and what stride and dilation are. Chapter 2: the window.
# Chapter 3: the sum over the channels.
#
# **It takes** about an hour and a quarter. Two thirds of it belongs to the four exercises.

# %%
import warnings

import numpy as np
import torch
import torch.nn.functional as F

from convlab import draw, functional
from convlab.checks import check
from convlab.data import photograph

np.set_printoptions(precision=4, suppress=True)


# %% [markdown]
# torch is our witness again. This time it takes plain signals as well as plain images, and passes its
# options on.


# %%
def ask_torch(input, weight, **options):
    """torch's cross-correlation of one plain signal or image with one plain kernel."""
    batch = torch.tensor(np.array(input, dtype=float))[None, None]  # (1, 1, L) or (1, 1, H, W)
    kernels = torch.tensor(np.array(weight, dtype=float))[None, None]  # (1, 1, K) or (1, 1, kh, kw)
    correlate = F.conv1d if np.ndim(input) == 1 else F.conv2d
    return correlate(batch, kernels, **options)[0, 0].numpy()


# %% [markdown]
# ## The edge counts less
#
# A window of 3 × 3 slides over an image of 5 rows and 6 columns, and stays inside.
#
# **Predict.** How many windows read the corner pixel, `[0, 0]`? How many read `[2, 2]`?
#
# <details><summary>Answer</summary>
#
# The corner is read by one window, the one that starts there. `[2, 2]` is read by nine: it can be any of
# the nine pixels of a window.
#
# </details>

# %%
reads = np.zeros((5, 6), dtype=int)
for y in range(3):
    for x in range(4):
        reads[y : y + 3, x : x + 3] += 1

draw.counts(reads, name="windows that read a pixel")

# %% [markdown]
# So a pixel in the middle has a say in nine entries of the output, and a corner in one.
#
# The output is smaller than the image, too: 3 × 4 where the image has 5 × 6. Each further layer takes away
# two more rows and two more columns.
#
# **Predict.** An image has 32 rows. How many layers with a 3 × 3 kernel can follow each other?
#
# <details><summary>Answer</summary>
#
# Fifteen. Each takes two rows, so 32 − 2·15 = 2 rows are left, and the window does not fit any more.
#
# </details>

# %%
size, layers = 32, 0
while size >= 3:
    size, layers = size - 3 + 1, layers + 1
print(f"{layers} layers, {size} rows left")

# %% [markdown]
# ## Four sides, four numbers
#
# **Padding** means putting rows and columns around the image before the window begins. With one row or
# column of zeros on every side, four windows read the corner pixel instead of one, and the output of a
# 3 × 3 kernel is as large as the image.
#
# Each side may get a number of its own. We write them as two pairs, rows first:
#
# `pads = ((top, bottom), (left, right))`

# %%
small = np.array([[1, 2, 3], [4, 5, 6]])
draw.padded(small, ((1, 0), (2, 1)))

# %% [markdown]
# The image did not change. It moved: `top` rows stand above it now, and `left` columns before it. So pixel
# `(y, x)` is found at
#
# $$\text{padded}[y + \text{top},\; x + \text{left}] = \text{input}[y, x]$$
#
# and the padded image has the shape `(top + H + bottom, left + W + right)`.

# %%
top, bottom, left, right = 1, 0, 2, 1
padded = np.pad(small, ((top, bottom), (left, right)))

y, x = 1, 2
print("shape:", padded.shape, "  input[1, 2] =", small[y, x], "  padded[2, 4] =", padded[y + top, x + left])

# %% [markdown]
# NumPy's `np.pad` takes the pairs in the order of the axes, as we do. torch's `F.pad` takes the numbers in
# one row, and it begins with the **last** axis: `(left, right, top, bottom)`.
#
# **Predict.** Somebody gives torch `(1, 0, 2, 1)`, in our order. What shape does the 2 × 3 image get?
#
# <details><summary>Answer</summary>
#
# torch reads left 1, right 0, top 2, bottom 1. The shape is (2 + 2 + 1, 1 + 3 + 0) = (5, 4) instead of
# (3, 6).
#
# </details>

# %%
in_our_order = F.pad(torch.tensor(small), (1, 0, 2, 1))
in_torchs_order = F.pad(torch.tensor(small), (2, 1, 1, 0))

assert np.array_equal(in_torchs_order, padded), "F.pad and np.pad disagree"
print("our order:", tuple(in_our_order.shape), "  torch's order:", tuple(in_torchs_order.shape))

# %% [markdown]
# ## What to put there
#
# Zeros are what networks use most. For a photograph they are a black frame. Three other modes take pixels
# of the image itself:
#
# - **reflect**: the edge is a mirror. The edge pixel is the mirror itself and is not repeated.
# - **replicate**: the edge pixel, again and again.
# - **circular**: the image starts over, as if its two ends were glued together.
#
# **Predict.** A row holds 1 2 3 4. Two columns are put before it and two after it. Which numbers stand
# there, in each of the three modes?
#
# <details><summary>Answer</summary>
#
# - reflect: 3 2 before, 3 2 after.
# - replicate: 1 1 before, 4 4 after.
# - circular: 3 4 before, 1 2 after.
#
# </details>

# %%
row = np.array([1, 2, 3, 4])
draw.beside(
    draw.padded(row, (2, 2), mode="zeros", name="zeros"),
    draw.padded(row, (2, 2), mode="reflect", name="reflect"),
    draw.padded(row, (2, 2), mode="replicate", name="replicate"),
    draw.padded(row, (2, 2), mode="circular", name="circular"),
)

# %% [markdown]
# Here is the photograph, every second row and column of it, with 20 pixels put on every side. The line shows
# where it ended.

# %%
photo = torch.tensor(photograph()[::2, ::2].astype(np.float64))[None, None]
modes = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}
pictures = []
for mode, in_torch in modes.items():
    larger = F.pad(photo, (20,) * 4, mode=in_torch)[0, 0].numpy()
    edge = (20, 20, *photo.shape[2:])
    pictures.append(draw.image(larger, name=mode, scale=3, vmin=0, vmax=255, window=edge))
draw.beside(*pictures)

# %% [markdown]
# The corners are filled as well. Rows and columns are separate steps: first the rows above and below, then
# the columns of what that gave.
#
# **Predict.** The 2 × 3 image of above, in mode reflect, with one row on top and one column on the left.
# Which number stands in the corner?
#
# <details><summary>Answer</summary>
#
# 5\. Above row 0 stands row 1, which is 4 5 6. Before its column 0 stands its column 1, the 5. It is the
# same if the columns come first.
#
# </details>

# %%
draw.padded(small, ((1, 0), (1, 0)), mode="reflect")

# %% [markdown]
# A mirror can only show what is there: on each side, reflect gets fewer rows than the image has. Circular
# gets at most as many. Replicate gets any number.
#
# `torch.nn.Conv2d` knows the four words as its `padding_mode`. Elsewhere they have other names:
#
# | here | before a b c d | `F.pad` | `np.pad` |
# |---|---|---|---|
# | zeros | 0 0 | constant | constant |
# | reflect | c b | reflect | reflect |
# | replicate | a a | replicate | edge |
# | circular | c d | circular | wrap |

# %% [markdown]
# ### Spot it: one word, two mirrors
#
# A classmate needs "reflect". NumPy has a mode `"symmetric"`, which sounds right, and on their test row the
# two give the same.
#
# **Predict.** Why do they agree here? Which row would show the difference?

# %%
plain = np.array([7, 7, 7, 7])
print("reflect:  ", np.pad(plain, 2, mode="reflect"))
print("symmetric:", np.pad(plain, 2, mode="symmetric"))

# %% [markdown]
# <details><summary>Answer</summary>
#
# A constant row looks the same in every mirror. Take 1 2 3 4: "symmetric" puts the mirror *behind* the edge
# pixel and repeats it, 2 1 | 1 2 3 4 | 4 3.
#
# Not even the word "reflect" is safe. Our reflect, which is torch's and NumPy's, is `mirror` in
# `scipy.ndimage` and `BORDER_REFLECT_101` in OpenCV. What these two call reflect repeats the edge.
#
# </details>

# %% [markdown]
# ## Exercise: `pad2d`
# <!-- exercise: pad2d -->
#
# Put rows and columns around every image of a batch. `input` has the shape `(N, C, H, W)`, and every
# channel of every image gets the same `pads`. Any of the four numbers may be 0. `mode` is one of the four
# words: `"zeros"`, `"reflect"`, `"replicate"`, `"circular"`. You need not refuse anything: no call asks for
# more than its mode can give.
#
# The result is a new array of shape `(N, C, top + H + bottom, left + W + right)`.
#
# `np.pad` is not forbidden here. You will learn more without it.

# %%
draw.padded([[1, 2, 3], [4, 5, 6], [7, 8, 9]], ((2, 1), (0, 2)), mode="replicate")

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# For zeros, make the result first, full of zeros, and lay the images into it. For the other modes, ask of
# each row of the result: which row of the image is it? Then ask the same of the columns.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Count the rows of the result as the image counts them: from `-top` to `H + bottom - 1`. A number below 0
# or above `H - 1` has to become a number of a row that exists.
#
# - replicate: what is too small becomes 0, what is too large becomes `H - 1`.
# - circular: Python's remainder, `%`, does it for negative numbers too.
# - reflect: below 0, the sign goes away. Above `H - 1`, take as many steps back from `H - 1`.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# Zeros: `padded[:, :, top : ..., left : ...] = input`. The others: with the numbers of the rows in an array
# `rows`, `input[:, :, rows]` takes these rows. What it gives has columns, and `[..., columns]` takes those.
# `np.arange(-top, ...)` makes the numbers, and `.clip(...)`, `%` and `abs` change all of them at once.
#
# </details>

# %%
# exercise: pad2d

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `could not broadcast input array from shape … into shape (1,1,0,0)`: a slice ended at `-bottom` or
#   `-right`, and that was 0. `top:-0` is `top:0`, which is empty. End it at `top + H`.
# - `the result's shape is (1, 1, 2, 1), expected (1, 1, 1, 2)`: the pairs are exchanged. The first one is
#   for the rows.
# - `This entry should be made of input[0, 0, 0, 1]; yours is made of input[0, 0, 0, 0].`: read where it
#   comes from. In mode reflect it means that your mirror repeats the edge.
#
# </details>

# %% [markdown]
# ## Three words: valid, same, full
#
# How many zeros should there be? Three amounts have names. To see them, one axis is enough: a signal of `L`
# samples and a kernel of `K` taps. `before` zeros stand in front of it and `after` zeros behind it, so by
# chapter 1
#
# $$L_\text{out} = L + \text{before} + \text{after} - K + 1$$
#
# **Predict.** Five samples, three taps. How many places are there with no zeros, with one at each end, and
# with two at each end?
#
# <details><summary>Answer</summary>
#
# 3, 5 and 7.
#
# </details>

# %%
draw.beside(
    draw.places(5, 3, name="valid"),
    draw.places(5, 3, padding=1, name="same"),
    draw.places(5, 3, padding=2, name="full"),
)

# %% [markdown]
# Each row of colours is one place of the window. A coloured number is a tap's; the zeros with dashes are the
# padding.
#
# - **valid**: no zeros. Every window lies inside.
# - **same**: as many places as samples. That takes `K - 1` zeros in all, half of them at each end.
# - **full**: every window that touches the signal at all. That takes `K - 1` zeros at *each* end, and it is
#   what the echo of chapter 1 needed. With one more, the first window would read nothing but zeros.
#
# | word | zeros | places |
# |---|---|---|
# | valid | none | $L - K + 1$ |
# | same | $K - 1$ in all | $L$ |
# | full | $K - 1$ at each end | $L + K - 1$ |
#
# In 2-D each axis counts for itself.
#
# **Predict.** A kernel has 3 rows and 5 columns. Which `pads` does same need? And full?
#
# <details><summary>Answer</summary>
#
# Same: 2 rows in all and 4 columns in all, so `((1, 1), (2, 2))`. Full: `((2, 2), (4, 4))`.
#
# </details>

# %%
image = np.arange(1, 43).reshape(6, 7)
same = ask_torch(image, np.ones((3, 5)), padding="same")
full = ask_torch(np.pad(image, ((2, 2), (4, 4))), np.ones((3, 5)))
print("image:", image.shape, "  same:", same.shape, "  full:", full.shape)

# %% [markdown]
# In chapter 1 you saw **dilation**: the taps stand `d` apart, and `K` taps span `d * (K - 1) + 1` samples.
# For the padding, only the span matters. Put it where the table says `K`: then same takes `d * (K - 1)`
# zeros in all, and full takes `d * (K - 1)` at each end.
#
# **Predict.** Three taps, dilation 2: how many zeros in all does same need?
#
# <details><summary>Answer</summary>
#
# Four, two at each end. The taps span 5 samples, and 5 − 1 = 4.
#
# </details>

# %%
draw.places(5, 3, padding=2, dilation=2)

# %% [markdown]
# ## Even kernels: the odd zero
#
# Two taps: same needs 2 − 1 = 1 zero in all. It cannot be halved. It goes either to the front or to the
# end, and somebody has to decide.
#
# torch decided: **the odd zero goes to the end**. In an image that is the bottom and the right:
#
# $$\text{before} = \left\lfloor \frac{\text{total}}{2} \right\rfloor, \qquad
# \text{after} = \text{total} - \text{before}$$
#
# Take the random image and the 2 × 2 kernel of chapter 2.
#
# **Predict.** Which tap of the last entry, `output[2, 2]`, lies on a pixel of the image? What is the entry?
#
# <details><summary>Answer</summary>
#
# Only `weight[0, 0]`, on the pixel in the lower right corner. The others lie on zeros. So the entry is
# 1.5 · (−1.4) = −2.1.
#
# </details>

# %%
input = np.array([[-0.7, -0.5, -0.3], [-1.8, 0.2, -2.0], [-0.6, 0.4, 1.5]])
weight = np.array([[-1.4, 1.3], [-0.2, -0.9]])

draw.window(input, weight, (2, 2), padding=((0, 1), (0, 1)))

# %% [markdown]
# These are all nine entries. We ask torch twice: once with its own `same`, once with the zeros put there by
# hand. (For even kernels torch warns that it may have to copy the image. The numbers are not affected, so
# we silence it.)

# %%
expected = [[0.51, 2.07, 0.82], [2.54, -4.31, 2.5], [1.36, 1.39, -2.1]]

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    same = ask_torch(input, weight, padding="same")
by_hand = ask_torch(np.pad(input, ((0, 1), (0, 1))), weight)

assert np.allclose(same, expected), "torch disagrees with the entries of same"
assert np.allclose(by_hand, expected), "the odd row and column are not at the bottom and right"
same

# %% [markdown]
# The four entries of chapter 2 stand in the upper left corner. The zeros came behind the image, so no
# window moved.
#
# With dilation, look at the total and not at the number of taps: only an odd total leaves an odd zero.
#
# **Predict.** Where do the zeros of same go for 4 taps? For 2 taps at dilation 2?
#
# <details><summary>Answer</summary>
#
# Four taps: 3 zeros in all, 1 before and 2 after. Two taps at dilation 2 span 3 samples: 2 zeros in all, 1
# before and 1 after.
#
# </details>

# %% [markdown]
# ### Spot it: two libraries, one word
#
# A classmate compares their correlation with `np.correlate(…, "same")`. With three taps all numbers agree.
# With two taps they do not. They conclude that even kernels are broken in one of the two libraries.
#
# **Predict.** Look at the numbers. Which zero does NumPy read that torch does not?

# %%
signal = np.array([1, 2, 3, 4])
for kernel in ([4, 2, 1], [4, 2]):
    with_numpy = np.correlate(signal, kernel, "same")
    zeros = (1, 1) if len(kernel) == 3 else (0, 1)
    with_torch = ask_torch(np.pad(signal, zeros), kernel).astype(int)
    print(f"{len(kernel)} taps:  np.correlate {with_numpy}")
    print(f"         torch's same {with_torch}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# NumPy's list begins with 2: that is 0·4 + 1·2, so it read a zero *before* the signal. torch's ends with
# 16: that is 4·4 + 0·2, a zero *behind* it. Nothing is broken. NumPy puts the odd zero in front, and the two
# outputs are one place apart.
#
# SciPy does both. Its `scipy.signal.correlate` puts the odd zero in front, its `scipy.signal.correlate2d`
# at the end. If you compare two libraries, compare an even kernel: an odd one cannot tell them apart.
#
# </details>

# %% [markdown]
# ## Exercise: `resolve_padding`
# <!-- exercise: resolve_padding -->
#
# There are many ways to say how much padding is wanted. Turn any of them into
# `((top, bottom), (left, right))`, for stride 1:
#
# | `padding` | means |
# |---|---|
# | `1` | one on each of the four sides |
# | `(1, 2)` | one row at the top *and* at the bottom, two columns at the left *and* at the right |
# | `((0, 1), (2, 3))` | each side by itself: this is the answer already |
# | `"valid"`, `"same"`, `"full"` | count the zeros from the kernel and the dilation |
#
# `kernel_size` is a number, for both axes, or a pair `(kh, kw)`. `dilation` is a number or a pair
# `(d_h, d_w)`, too. The results are Python integers. Here are some of them.
#
# | `padding` | `kernel_size` | `dilation` | result |
# |---|---|---|---|
# | `(1, 2)` | `3` | `1` | `((1, 1), (2, 2))` |
# | `"same"` | `(4, 3)` | `1` | `((1, 2), (1, 1))` |
# | `"same"` | `(2, 4)` | `(3, 2)` | `((1, 2), (3, 3))` |
# | `"full"` | `3` | `(1, 2)` | `((2, 2), (4, 4))` |
#
# The picture belongs to the second row: the first window of a 4 × 3 kernel.

# %%
draw.window(image[:3, :3], np.ones((4, 3), dtype=int), (0, 0), padding=((1, 2), (1, 1)))

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# First bring everything to one form: two numbers for the kernel, two for the dilation. Then there are only
# two questions. Is it a word? If not, how many numbers are there?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `isinstance(kernel_size, tuple)` tells a pair from a number, `isinstance(padding, str)` tells a word, and
# `isinstance(padding[0], tuple)` tells two pairs from one. For the words, one number for each axis decides
# everything: how many samples it is from the first tap to the last.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# For the rows that number is `h = d_h * (kh - 1)`. Valid takes none of it, full takes `h` twice, and same
# takes `h // 2` in front. What is left of `h` goes behind.
#
# </details>

# %%
# exercise: resolve_padding

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `TypeError: cannot unpack non-iterable int object`: a line such as `kh, kw = kernel_size` met a plain
#   number. Make a pair of it first.
# - `got ((1, 2), (1, 2)), expected ((1, 1), (2, 2))`: `(1, 2)` was read as before and after. It means rows
#   and columns.
# - `these must be integers (// divides to integers)`: `/` gave a float, and 1.5 zeros cannot be put
#   anywhere.
#
# </details>

# %% [markdown]
# ## Stride: longer steps
#
# With **stride** `s` the window moves by `s`. Let `x` count the windows, not the samples. Window `x` starts
# at `x * s` in the padded signal:
#
# $$\text{output}[x] = \sum_{k=0}^{K-1} \text{padded}[x\,s + k]\;\text{weight}[k]$$
#
# Its last tap lies on `x * s + K - 1`. So as a slice the window is `padded[x * s : x * s + K]`.
#
# **Predict.** Eight samples, three taps, no zeros. How many places are there at stride 2, and at stride 3?
# Which samples are read by no window?
#
# <details><summary>Answer</summary>
#
# Stride 2: the windows start at 0, 2 and 4, so there are 3. Sample 7 is read by none. Stride 3: they start
# at 0 and 3, so there are 2. Samples 6 and 7 are read by none.
#
# </details>

# %%
draw.beside(draw.places(8, 3, stride=2), draw.places(8, 3, stride=3))

# %% [markdown]
# The last start that fits is `L + before + after - K`. As many steps of `s` are taken as fit into that, and
# a step that does not fit is not taken. That is why the division rounds down, and the first place is the
# `+ 1`:
#
# $$L_\text{out} = \left\lfloor \frac{L + \text{before} + \text{after} - K}{s} \right\rfloor + 1$$
#
# What the division leaves over is the **dropped tail**: so many entries at the end of the padded signal are
# in no window. They may hold anything. torch does not mention it. (If the stride is larger than the kernel,
# there are unread samples between the windows, too.)

# %%
signal = np.array([2, 1, 4, 3, 0, 5, 2, 6])
changed = np.array([2, 1, 4, 3, 0, 5, 99, -99])

print("stride 3:", ask_torch(signal, [4, 2, 1], stride=3), ask_torch(changed, [4, 2, 1], stride=3))

# %% [markdown]
# Remember the tail. In chapter 7 its samples must get a gradient, which is 0, and a program that forgets
# them returns an array of the wrong size.
#
# **Predict.** Compute everything at stride 1, then keep every second entry. Is that the output of stride 2?
#
# <details><summary>Answer</summary>
#
# Yes: entry `x` at stride 2 is entry `x * 2` at stride 1. That makes a good test of a stride, and a poor way
# to compute it: on an image, three of four entries are made to be thrown away.
#
# </details>

# %%
stride_1 = ask_torch(image, [[4, 2, 1], [0, 1, 3]])
stride_2 = ask_torch(image, [[4, 2, 1], [0, 1, 3]], stride=2)

assert np.array_equal(stride_1[::2, ::2], stride_2), "stride 2 is not every second entry of stride 1"
print(stride_1.shape, "->", stride_2.shape)

# %% [markdown]
# Now both at once: eight samples, three taps, one zero at each end, stride 2.
#
# **Predict.** Is the zero at the right end read?
#
# <details><summary>Answer</summary>
#
# No. The windows start at −1, 1, 3 and 5, and the last one ends with sample 7. The zero behind it is the
# dropped tail. You asked for one zero at each end, and only the one in front counts.
#
# </details>

# %%
draw.places(8, 3, stride=2, padding=1)

# %% [markdown]
# Here you can set the stride and the padding. Look for a setting that leaves a sample hatched: no window reads it.

# %%
draw.explore([2, 1, 4, 3, 0, 5, 2, 6], [4, 2, 1], stride=2, padding=1)

# %% [markdown]
# ### Spot it: rounding the other way
#
# TensorFlow's documentation counts the places of valid in another way: $\lceil (L - K + 1) / s \rceil$, with
# the brackets that round *up*. A classmate writes it as `(L - K + 1) // s` and tries 8 samples, 3 taps and
# stride 2. They get 3, which is right.
#
# **Predict.** Is TensorFlow's formula the same as ours? Is the classmate's?

# %%
K, s = 3, 2
for L in (7, 8, 9, 10):
    ours, tensorflow, classmate = (L - K) // s + 1, int(np.ceil((L - K + 1) / s)), (L - K + 1) // s
    assert len(ask_torch(np.zeros(L), np.zeros(K), stride=s)) == ours, "torch counts other places"
    print(f"L = {L:2}: ours {ours}, TensorFlow's {tensorflow}, classmate's {classmate}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# TensorFlow's is ours. At stride 1 there are `L - K + 1` places. Put them into groups of `s`: stride `s` keeps
# the first place of each group. The last group may be incomplete, and its first place is kept all the same.
# So the count rounds up.
#
# The classmate's rounds down, and loses an incomplete group. At 8 samples there are 6 places, which is three
# full groups of 2. Test a stride with all the remainders it can leave.
#
# </details>

# %% [markdown]
# ### Spot it: the right edge with a minus
#
# A window that starts at `x` ends before `x + K`. In this code the right edge got a minus. It runs without
# an error.
#
# **Predict.** Six samples, three taps, four entries. How many of them are right?

# %%
samples, taps = [3, 1, 4, 1, 5, 2], [4, 2, 1]

for x in range(4):
    window = samples[x : x - 3]  # the slip
    print(f"entry {x}: window {window}, sum {sum(a * b for a, b in zip(window, taps))}")
print("torch:", ask_torch(samples, taps).astype(int))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Three. While `x - 3` is negative, Python counts it from the end, and by luck the window begins at the
# right place and is long enough: `zip` stops when the taps are used up. At `x = 3` the slice is `[3:0]`,
# which is empty. A sum of nothing is 0, and nobody complains.
#
# If the signal ended in three zeros, all four entries would have been right. With arrays instead of `zip`, NumPy
# would have refused to multiply an empty window by three taps. Code that fails loudly is worth having.
#
# </details>

# %% [markdown]
# ## `same` with a stride
#
# What should same mean when the window takes longer steps? The output cannot be as large as the image. torch
# refuses to answer.

# %%
try:
    F.conv1d(torch.zeros(1, 1, 8), torch.zeros(1, 1, 3), stride=2, padding="same")
except RuntimeError as error:
    print(error)

# %% [markdown]
# TensorFlow answers. Its **SAME** wants $\lceil L / s \rceil$ places: one for every `s` samples, and one
# more if some are left over. It takes the **fewest zeros** with which so many windows fit. If their number
# is odd, the odd zero goes to the end. ONNX calls the same rule `SAME_UPPER` (its `SAME_LOWER` puts the odd
# zero in front).
#
# **Predict.** Eight samples, three taps, stride 2. How many places does SAME want? Where does the last
# window start, and which samples does it cover? So how many zeros are needed, and where do they go?
#
# <details><summary>Answer</summary>
#
# 8 / 2 = 4 places. Without a zero in front the windows start at 0, 2, 4 and 6. The last one covers 6, 7 and
# 8, and there is no sample 8. One zero is needed. It is odd, so it goes to the end: (0, 1).
#
# </details>

# %%
draw.places(8, 3, stride=2, padding=(0, 1))

# %% [markdown]
# **Predict.** Now with seven samples.
#
# <details><summary>Answer</summary>
#
# 7 / 2 is 3.5, so 4 places again. The last window still reaches to 8, but the signal ends at 6. Two zeros
# are needed: (1, 1).
#
# </details>

# %%
draw.places(7, 3, stride=2, padding=(1, 1))

# %% [markdown]
# So the padding depends on the **size of the input**. Feed the same layer an image that is one column
# wider, and the zeros move.
#
# `convlab.functional` has the finished tools of this course. (Inside an exercise they are refused.) Its
# `resolve_padding` knows the word `"same_upper"`, and needs the input's size for it.

# %%
for size in range(5, 11):
    (zeros,) = functional.resolve_padding("same_upper", (3,), stride=2, input_size=(size,))
    output = ask_torch(np.pad(np.ones(size), zeros), np.ones(3), stride=2)
    assert len(output) == np.ceil(size / 2), "SAME gives ceil(size / stride) places"
    print(f"{size:2} samples: zeros {zeros}, {len(output)} places")

# %% [markdown]
# Sometimes no zeros are needed. A kernel of one tap at stride 2 reads samples 0 and 2 of four. Sample 3 is
# beyond the last window. That is no reason for a negative number of zeros: it is 0, and sample 3 is the
# tail.

# %% [markdown]
# ### Spot it: the network that moved
#
# A network was trained in TensorFlow, with 3 taps, stride 2 and SAME. Somebody carries its weights over to
# torch and writes `stride=2, padding=1`. They compare a signal of seven samples, and every entry agrees.
# They ship it. In use, the signals have eight samples.
#
# **Predict.** What is different at eight samples: the number of entries, or the entries?

# %%
trained = [4, 2, 1]
for samples, zeros in [([2, 1, 4, 3, 0, 5, 2], (1, 1)), ([2, 1, 4, 3, 0, 5, 2, 6], (0, 1))]:
    tensorflow = ask_torch(np.pad(samples, zeros), trained, stride=2).astype(int)
    moved = ask_torch(samples, trained, stride=2, padding=1).astype(int)
    print(f"{len(samples)} samples:  SAME      {tensorflow}")
    print(f"            padding=1 {moved}")

# %%
draw.beside(draw.places(8, 3, stride=2, padding=(0, 1)), draw.places(8, 3, stride=2, padding=1))

# %% [markdown]
# <details><summary>Answer</summary>
#
# The entries. Both outputs have four of them, so no shape gives it away. But TensorFlow's windows start at
# 0, 2, 4 and 6, torch's at −1, 1, 3 and 5: every window lies one sample further left.
#
# The cure is to say what you mean: pad with `F.pad(signal, (0, 1))`, then use `padding=0`. And to compare
# at an even size *and* at an odd one.
#
# </details>

# %% [markdown]
# ## Exercise: `same_upper_padding`
# <!-- exercise: same_upper_padding -->
#
# Count the zeros that SAME puts before and after a row of `size` pixels. The result is a pair of Python
# integers, `(before, after)`.
#
# Recall the three parts of the rule: $\lceil \text{size} / s \rceil$ places; the fewest zeros with which
# they fit, and never fewer than none; the odd one at the end. With dilation, the kernel's span
# `d * (K - 1) + 1` stands where the pictures above have `K`.
#
# | (before, after) | places | size | kernel_size | stride | dilation |
# |---|---|---|---|---|---|
# | (0, 1) | 4 | 8 | 3 | 2 | 1 |
# | (1, 1) | 4 | 7 | 3 | 2 | 1 |
# | (1, 2) | 3 | 8 | 5 | 3 | 1 |
# | (0, 0) | 2 | 4 | 1 | 2 | 1 |
# | (1, 2) | 4 | 7 | 2 | 2 | 3 |
#
# The picture belongs to the third row.

# %%
draw.places(8, 5, stride=3, padding=(1, 2))

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Draw it. Put the first window at sample 0, and draw as many windows as the rule wants. How far does the
# last one reach beyond the last sample?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Four numbers, one after the other: the places; where the last window starts, if the first one starts at 0;
# where it ends; how many samples are missing there. That last number is all the zeros together. Wherever
# they are put, the windows need so many.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# To round a quotient up, use `math.ceil(size / stride)`, or stay with integers: `-(-size // stride)`. From
# the first start to the last it is `places - 1` steps. What is missing is `max(... - size, 0)`, and you
# have halved a total before.
#
# </details>

# %%
# exercise: same_upper_padding

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `got (0, 1), expected (0, 0)` at stride 2: these are the zeros of stride 1. With a stride, fewer places
#   are wanted, and fewer zeros will do.
# - `got (-1, 0), expected (0, 0)`: the windows leave samples over, so less than nothing is missing. Stop at
#   0.
# - `the result is 2; it must be a tuple such as (1, 1)`: that is the total. It still has to be shared out.
#
# </details>

# %% [markdown]
# ## Read the padding, do not clamp
#
# In the padded signal, window `x` starts at `x * s`. In the signal's own count, with `p` zeros at each end,
# that is `x * s - p`. For the first window it is −`p`: a negative index. What should a program do with it?
#
# **Predict.** The signal is 2 1 4 3, the taps are 4 2 1, and `p` is 1. What is `output[0]`?
#
# <details><summary>Answer</summary>
#
# The window holds 0, 2 and 1. So it is 0·4 + 2·2 + 1·1 = 5.
#
# </details>

# %% [markdown]
# Two ways to get it wrong are tempting.
#
# - Let it be negative. Python then takes `signal[-1]`, the *last* sample, and says nothing.
# - **Clamp** it: `start = max(start, 0)`. Now there is no negative index. But the whole window has moved.
#   Every tap lies on the wrong sample, not only the first one.
#
# And two ways are right. Make a padded copy and read from that: then nothing is negative. Or leave out the
# taps that lie outside: a tap on a zero adds nothing.

# %%
signal, weight = np.array([2, 1, 4, 3]), np.array([4, 2, 1])
x, s, p = 0, 1, 1
start, taps = x * s - p, range(3)

print("wraps around:", sum(signal[start + k] * weight[k] for k in taps))
print("clamped:     ", sum(signal[max(start, 0) + k] * weight[k] for k in taps))
print("padded copy: ", sum(np.pad(signal, p)[p + start + k] * weight[k] for k in taps))
print("left out:    ", sum(signal[start + k] * weight[k] for k in taps if 0 <= start + k < len(signal)))

# %% [markdown]
# The window that was wanted, and the one that was clamped:

# %%
draw.beside(
    draw.window(signal, weight, 0, padding=1, names=("input", "weight", "wanted")),
    draw.window(signal, weight, 0, padding=1, start=0, names=("input", "weight", "clamped")),
)

# %% [markdown]
# ### Spot it: a test that only used padding 0
#
# This one was found in a finished operator, with batches, channels, stride and padding. Each window started
# at `max(y * stride - padding, 0)`, and the taps that came to lie beyond the far edge were left out. Its
# test drew random numbers, compared all entries with torch, and passed. The test used padding 0.
#
# **Predict.** An image of 5 × 5, a kernel of 3 × 3, stride 1. How many entries are wrong at padding 0? How
# many of the 25 at padding 1? How many of the 49 at padding 2?
#
# <details><summary>Answer</summary>
#
# None, 9 and 24. At padding 0 no start is negative, and `max` does nothing. At padding 1 the windows of row
# 0 and those of column 0 have moved: 5 + 5 − 1 = 9. At padding 2 it is two rows and two columns of seven:
# 49 − 5 · 5 = 24.
#
# </details>

# %% [markdown]
# The next cell looks the clamped entries up in torch's output. A window that was moved to row 0 gives what
# torch gives for the window that starts at row 0.

# %%
rng = np.random.default_rng(4)
image, kernel = rng.standard_normal((5, 5)), rng.standard_normal((3, 3))
maps = []
for p, wrong_entries in [(0, 0), (1, 9), (2, 24)]:
    right = ask_torch(image, kernel, padding=p)
    starts = np.maximum(np.arange(len(right)) - p, 0)
    clamped = ask_torch(np.pad(image, ((0, p), (0, p))), kernel)[starts][:, starts]
    wrong = ~np.isclose(clamped, right)
    maps.append(draw.grid(wrong.astype(int), heat=True, name=f"wrong at padding {p}"))
    assert wrong.sum() == wrong_entries, f"at padding {p} another number of entries is wrong"
    print(f"padding {p}: {wrong.sum()} of {wrong.size} wrong; shapes {clamped.shape} and {right.shape}")

# %%
draw.beside(*maps)

# %% [markdown]
# A 1 marks a wrong entry. Every shape is right, and so are the entries at the bottom and on the right:
# leaving out a tap is the same as reading a zero.
#
# An option at its default value is an option that was not tested. Switch each one on by itself, then all of
# them together: padding without stride, stride without padding, both; and pairs of two different numbers.

# %% [markdown]
# ## Exercise: `conv2d_strided`
# <!-- exercise: conv2d_strided -->
#
# Write the convolution with stride and padding, for batches and channels, as torch's `F.conv2d` computes it.
# `padded` is the image with $p_h$ rows of zeros at the top and at the bottom, and $p_w$ columns of zeros at
# the left and at the right:
#
# $$
# \text{output}[n, o, y, x] = \text{bias}[o] + \sum_{c}\sum_{i=0}^{\mathit{kh}-1}\sum_{j=0}^{\mathit{kw}-1}
# \text{padded}[n, c,\; y\,s_h + i,\; x\,s_w + j]\;\text{weight}[o, c, i, j]
# $$
#
# $$
# H_\text{out} = \left\lfloor \frac{H + 2p_h - \mathit{kh}}{s_h} \right\rfloor + 1, \qquad
# W_\text{out} = \left\lfloor \frac{W + 2p_w - \mathit{kw}}{s_w} \right\rfloor + 1
# $$
#
# `stride` is a number, for both axes, or a pair $(s_h, s_w)$: down, then to the right. `padding` is a
# number or a pair $(p_h, p_w)$. `bias` may be `None`. The arrays may hold integers or floats, and the
# kernel may be larger than the image, as long as it fits into the padded one.
#
# You may call your own `pad2d`. The picture shows window (0, 1) at stride 2 and padding 1.

# %%
draw.window([[1, 0, 2, 3], [4, 1, 0, 2], [0, 5, 1, 1]], [[1, 2], [0, 3]], (0, 1), stride=2, padding=1)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Begin with your `conv2d_multichannel` of chapter 3. Two things change: which array is read, and where a
# window starts in it.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Make two numbers of `stride` and two of `padding`. Make the padded images, once, before all loops. From
# there on nothing is negative, and `padding` is needed only for the output's shape. `y` and `x` count
# windows: they run from 0 to `H_out - 1` and to `W_out - 1`, one at a time.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# Window `(y, x)` of all images and channels is `padded[:, :, y * s_h : ..., x * s_w : ...]`, `kh` rows and
# `kw` columns. What is summed over it is what you summed in chapter 3. Add the bias once, at the end.
#
# </details>

# %%
# exercise: conv2d_strided

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `weight[0, 0, 0, 0] should meet a zero of the padding there; yours meets input[0, 0, 0, 0].`: the window
#   was clamped, or a negative index went round to the other end. Read from the padded array.
# - `IndexError: index 2 is out of bounds for axis 3 with size 2`: the loop runs over pixels in steps of the
#   stride, and its variable is used for the output, too. Let it count windows, and multiply.
# - `the result's shape is (1, 1, 3, 3), expected (1, 1, 3, 1): axis 3 is 2 too long`: the first number of a
#   pair was used for both axes.
#
# </details>

# %% [markdown]
# ## Where this is used
#
# Five layers that many people run, and what their padding really does:
#
# | layer | size | kernel | stride | padding |
# |---|---|---|---|---|
# | ResNet (2015), first layer | 224 | 7 | 2 | 3 |
# | AlexNet (2012), first layer, as torchvision has it | 224 | 11 | 4 | 2 |
# | MobileNetV2 (2018), first layer, as torchvision has it | 224 | 3 | 2 | 1 |
# | Vision Transformer ViT-B/16 (2020), the patches | 224 | 16 | 16 | 0 |
# | Whisper (2022), second layer | 3000 | 3 | 2 | 1 |
#
# **Predict** for MobileNetV2: how many places are there, and how many zeros are *read* before and after?
# Which zeros does SAME read?
#
# <details><summary>Answer</summary>
#
# ⌊(224 + 2 − 3) / 2⌋ + 1 = 112 places. One zero is read in front and none behind: (1, 0). SAME has 112
# places too, with (0, 1).
#
# </details>

# %%
for name, size, K, s, p in [
    ("ResNet", 224, 7, 2, 3),
    ("AlexNet", 224, 11, 4, 2),
    ("MobileNetV2", 224, 3, 2, 1),
    ("ViT-B/16", 224, 16, 16, 0),
    ("Whisper", 3000, 3, 2, 1),
]:
    places = (size + 2 * p - K) // s + 1
    after = (places - 1) * s - p + K - size
    (same_upper,) = functional.resolve_padding("same_upper", (K,), stride=s, input_size=(size,))
    print(f"{name:11}  {places:4} places, reads {p, after};  SAME: {-(-size // s):4}, {same_upper}")

# %% [markdown]
# Keras's MobileNetV2 has SAME in that layer, torchvision's has `padding=1`. The two networks bear one name,
# and on 224 × 224 pixels their first windows lie one pixel apart, downwards and to the right. For ResNet's
# 7 × 7 kernel it is the same: `padding=3` reads (3, 2), SAME would read (2, 3). Whoever carries weights from
# one library to the other has to pad by hand.
#
# How much of the work goes into zeros? On large images, little. In the last stage of a ResNet the images
# have shrunk to 7 × 7, and a 3 × 3 kernel with padding 1 slides over them.
#
# **Predict.** 49 places with 9 taps each are 441 products. How many of them multiply a zero of the padding?
#
# <details><summary>Answer</summary>
#
# Along one axis there are 7 · 3 = 21 pairs of place and tap, and two of them lie outside. In 2-D 19 · 19 =
# 361 products meet a pixel. The other 80, 18 %, meet a zero.
#
# </details>

# %%
for size in (7, 224):
    total, on_pixels = (3 * size) ** 2, (3 * size - 2) ** 2
    print(f"{size} x {size}: {total - on_pixels} of {total} products, {(total - on_pixels) / total:.1%}")

# %% [markdown]
# The other kinds of padding have their homes, too.
#
# - **Circular**: a panorama of 360° has no left and no right edge. Behind its last column comes its first.
# - **Reflect**: CycleGAN's generators, which make pictures, put mirrored pixels around their images instead
#   of a dark frame.
# - **All in front**: a network that predicts the next sample of a sound must not see the future. So all
#   zeros go in front of the signal, `(d * (K - 1), 0)`. This is called *causal*; WaveNet made it known.
# - **Full**: chapter 7 needs it for the gradient with respect to the input.

# %% [markdown]
# ## The card to keep
#
# | | |
# |---|---|
# | formula | $\text{output}[y, x] = \sum_i \sum_j \text{padded}[y\,s_h + i,\; x\,s_w + j]\;\text{weight}[i, j]$ |
# | padded | $\text{padded}[y + \text{top},\; x + \text{left}] = \text{input}[y, x]$ |
# | shape | $H_\text{out} = \lfloor (H + \text{top} + \text{bottom} - \mathit{kh}) / s_h \rfloor + 1$ |
# | valid, same, full | $K - 1$ zeros: none of them, all of them shared out, all of them at each end |
# | odd zero of same | torch: at the end; `np.correlate`: in front |
# | SAME (TensorFlow, ONNX's `SAME_UPPER`) | $\lceil H / s_h \rceil$ places, the fewest zeros, the odd one at the end |
# | dilation | put the span $d\,(K - 1) + 1$ where $K$ stands |
# | dropped tail | what the division by $s_h$ leaves over: so many rows at the end of padded are not read |
#
# **Three traps**
#
# 1. A clamped start moves the window, a negative index reads from the other end, and every shape is right.
#    Read zeros. Test with the padding switched on.
# 2. "Same" is not one thing. Compare libraries on an even kernel, and with a stride on an even size and an
#    odd one.
# 3. `[top:-bottom]` is empty if `bottom` is 0. Write where the image ends: `[top : top + H]`.
#
# **Next:** the steps grew, and now the gaps between the taps do. Chapter 5 is about dilation, and about how
# much of an image a stack of layers can see.
