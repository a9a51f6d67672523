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
# # 2 · Two dimensions
#
# The window becomes a rectangle. It slides over a photograph, row by row. Depending on a few numbers
# it blurs the photograph, sharpens it, or finds where one thing ends and another begins.
#
# **After this chapter you can**
#
# - compute a 2-D cross-correlation by hand and write it as a function;
# - read the shape `(N, C, H, W)` that torch wants;
# - say what each of four loop variables means, and which one should move fastest;
# - take a Sobel kernel apart, and find the edges in a photograph with it;
# - stay out of the trap of `uint8`, the integers in which photographs are stored.
#
# **You need** chapter 1: the window, cross-correlation, the length $L - K + 1$, and why a symmetric kernel
# proves nothing.
#
# **It takes** about an hour. Half of it belongs to the two exercises.

# %%
import numpy as np
import torch
import torch.nn.functional as F

from convlab import draw
from convlab.checks import check
from convlab.data import photograph

np.set_printoptions(precision=4, suppress=True)

# %% [markdown]
# ## An image is a grid of numbers
#
# A grey photograph is a 2-D array. Each number is the brightness of one **pixel**. Here 0 is black and 255
# is white.
#
# This one shows a photographer with his camera on a tripod. It was taken by Lav Varshney, and its licence
# is CC0: everybody may use it for anything. Here it is made small, so that each pixel can be seen.

# %%
photo = photograph()
print("shape:", photo.shape, "  dtype:", photo.dtype)

draw.image(photo, name="photo", scale=4)

# %% [markdown]
# The shape is `(H, W)`: 112 rows, which is the height, and 128 columns, which is the width. A pixel is
# `photo[y, x]`: the row first, then the column. Rows are counted from the top, so `y` grows *downwards*.
#
# **Predict.** Which corner is `photo[0, 127]`? Is `photo[111, 0]` dark or bright?
#
# <details><summary>Answer</summary>
#
# Row 0 is the top and column 127 the right edge: it is the top right corner, which is sky. `photo[111, 0]`
# is the bottom left corner. The coat is there, so it is dark.
#
# </details>

# %%
print("photo[0, 127] =", photo[0, 127], "  photo[111, 0] =", photo[111, 0])

# %% [markdown]
# A piece of it, close up: 6 rows and 8 columns around a leg of the tripod. The bright stripe in the middle
# is the leg.

# %%
leg = photo[60:66, 70:78]
draw.beside(draw.image(leg, name="leg", scale=32), draw.grid(leg, name="leg"))

# %% [markdown]
# ## A trap first: numbers that wrap around
#
# The dtype is `uint8`: whole numbers from 0 to 255, one byte each. Everything else wraps around. After 255
# comes 0, and below 0 comes 255. NumPy does not complain.
#
# The first row of the leg is 12, 21, 93, 208, 58, 56, 139, 155. Subtract from each pixel its neighbour on
# the left.
#
# **Predict.** The step from 58 to 56 is −2. What does `uint8` make of it?
#
# <details><summary>Answer</summary>
#
# It becomes 254. Counting down from 0, −1 becomes 255 and −2 becomes 254. And the big step from 208 down to
# 58 is −150, which becomes 106: it looks like a step up.
#
# </details>

# %%
row = leg[0]
print("uint8:  ", row[1:] - row[:-1])

row = row.astype(np.float64)
print("float64:", row[1:] - row[:-1])

# %% [markdown]
# Over the whole photograph, this is the difference of neighbouring pixels in `uint8` and in `float64`. In
# the second picture grey is zero, darker is negative and brighter is positive.

# %%
image = photo.astype(np.float64)
draw.beside(
    draw.image(photo[:, 1:] - photo[:, :-1], name="uint8: wrong"),
    draw.image(image[:, 1:] - image[:, :-1], name="float64: right", vmin=-128, vmax=128),
)

# %% [markdown]
# In `uint8` the sky is full of specks. A change from 207 to 206 has become a 255. So the first line of any
# work on a photograph is this one: **`image = photo.astype(np.float64)`**. From here on we use `image`.

# %% [markdown]
# ## The window is a rectangle
#
# The kernel now has `kh` rows and `kw` columns. Its first tap, `weight[0, 0]`, lies on the top left pixel
# of the window. That pixel's place, `(y, x)`, is the place of the window and of the output's entry.
#
# Nine random numbers make a good first image: nothing in it is equal, or symmetric, by accident.
#
# **Predict.** A 2 × 2 kernel slides over this 3 × 3 image. What shape does the output have? Which four
# pixels does `output[1, 0]` use?
#
# <details><summary>Answer</summary>
#
# The window can start in rows 0 and 1 and in columns 0 and 1, so the output has shape (2, 2).
# `output[1, 0]` uses rows 1 and 2, columns 0 and 1: the lower left corner.
#
# </details>

# %%
input = np.array([[-0.7, -0.5, -0.3], [-1.8, 0.2, -2.0], [-0.6, 0.4, 1.5]])
weight = np.array([[-1.4, 1.3], [-0.2, -0.9]])
draw.window(input, weight, (1, 0))

# %% [markdown]
# With whole numbers you can follow every sum. **Predict** where the window goes from the last place of a row. Then
# press Next until it happens.

# %%
draw.explore([[1, 0, 2, 3, 1], [4, 1, 0, 2, 5], [0, 3, 2, 1, 4]], [[1, 2], [0, -1]])

# %% [markdown]
# Let `i` count the rows of the kernel and `j` its columns. Tap `(i, j)` lies on pixel `(y + i, x + j)`:
#
# $$
# \text{output}[y, x] = \sum_{i=0}^{\mathit{kh}-1}\;\sum_{j=0}^{\mathit{kw}-1}
# \text{input}[y + i,\, x + j]\;\text{weight}[i, j]
# $$
#
# It is the formula of chapter 1, once for each axis. So the shape is that of chapter 1, once for each axis:
#
# $$H_\text{out} = H - \mathit{kh} + 1, \qquad W_\text{out} = W - \mathit{kw} + 1$$
#
# One entry, term by term:

# %%
y, x = 1, 0
top = input[y + 0, x + 0] * weight[0, 0] + input[y + 0, x + 1] * weight[0, 1]
bottom = input[y + 1, x + 0] * weight[1, 0] + input[y + 1, x + 1] * weight[1, 1]

print(f"output[{y}, {x}] = {top:.2f} {bottom:+.2f} = {top + bottom:.2f}")

# %% [markdown]
# ## How to read torch's (N, C, H, W)
#
# `F.conv2d` wants four axes. Only the last two are new:
#
# | axis | its letter | what it counts |
# |---|---|---|
# | 0 | N | images in the batch |
# | 1 | C | channels: 1 for grey, 3 for red, green and blue |
# | 2 | H | rows |
# | 3 | W | columns |
#
# The kernels have shape `(C_out, C_in, kh, kw)`. As in chapter 1 we keep to one image, one channel and one
# kernel, put the two axes of length 1 in front, and take them away again.


# %%
def ask_torch(input, weight):
    """torch's cross-correlation of one plain image with one plain kernel."""
    batch = torch.tensor(np.array(input, dtype=float))[None, None]  # (1, 1, H, W)
    kernels = torch.tensor(np.array(weight, dtype=float))[None, None]  # (1, 1, kh, kw)
    return F.conv2d(batch, kernels)[0, 0].numpy()


expected = [[0.51, 2.07], [2.54, -4.31]]
assert np.allclose(ask_torch(input, weight), expected), "torch disagrees with the random image"
ask_torch(input, weight)

# %% [markdown]
# **Predict.** Eight colour pictures, `(8, 3, 32, 48)`, meet sixteen kernels, `(16, 3, 5, 3)`. Which shape
# comes out?
#
# <details><summary>Answer</summary>
#
# `(8, 16, 28, 46)`. Eight pictures, sixteen channels, 32 − 5 + 1 = 28 rows, 48 − 3 + 1 = 46 columns.
#
# </details>

# %%
F.conv2d(torch.zeros(8, 3, 32, 48), torch.zeros(16, 3, 5, 3)).shape

# %% [markdown]
# ## An image that is not square
#
# This image has 6 rows and 5 columns. The kernel subtracts: from the column on the left of the window it
# takes away the column on the right, and it counts the middle row twice.
#
# **Predict.** What is the output's shape? What is its first column? And which sign do the entries have
# where the image gets brighter towards the right?
#
# <details><summary>Answer</summary>
#
# The shape is (6 − 3 + 1, 5 − 3 + 1) = (4, 3). In columns 0 to 2 of the image each row is constant, so left
# minus right is 0: the first column is zeros. Where it gets brighter towards the right, left minus right is
# negative.
#
# </details>

# %%
steps = np.array(
    [
        [1, 1, 1, 2, 3],
        [1, 1, 1, 2, 3],
        [1, 1, 1, 2, 3],
        [2, 2, 2, 2, 3],
        [3, 3, 3, 3, 3],
        [4, 4, 4, 4, 4],
    ]
)
left_minus_right = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
expected = [[0, -4, -8], [0, -3, -7], [0, -1, -4], [0, 0, -1]]

assert np.array_equal(ask_torch(steps, left_minus_right), expected), "torch disagrees with the steps by hand"
draw.window(steps, left_minus_right, (1, 2), output=expected)

# %% [markdown]
# The brightness also climbs from top to bottom, in the last rows. This kernel does not see that: within one
# column, no row is subtracted from another.

# %% [markdown]
# ## Exercise: `correlate2d`
# <!-- exercise: correlate2d -->
#
# Write the cross-correlation of a plain image with a plain kernel, for every place where the window fits:
#
# $$
# \text{output}[y, x] = \sum_{i=0}^{\mathit{kh}-1}\;\sum_{j=0}^{\mathit{kw}-1}
# \text{input}[y + i,\, x + j]\;\text{weight}[i, j]
# $$
#
# with $0 \le y < H - \mathit{kh} + 1$ and $0 \le x < W - \mathit{kw} + 1$.
#
# The arguments are 2-D arrays of integers or of floats. Neither has to be square, and the kernel may be as
# large as the image. Leave both as they are, and return a new array. Four loops are welcome.

# %%
draw.window([[1, 0, 2, 3], [4, 1, 0, 2], [0, 5, 1, 1]], [[1, 2, 0], [0, 1, 3]], (1, 1))

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Begin with your `correlate1d`. Every place, every tap and every shape has two numbers now.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# The shapes hold four numbers: `H, W = input.shape` and `kh, kw = weight.shape`. Two loops choose the
# entry, and two loops inside them go through the taps.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# The innermost line has the form `output[y, x] += input[..., ...] * weight[i, j]`. Look at the formula for
# the two gaps. If you prefer slices, the window is `input[y : ..., x : ...]`, and a product of two arrays
# of one shape can be summed at once.
#
# </details>

# %%
# exercise: correlate2d

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `TypeError: Cannot interpret '3' as a data type`: `np.zeros(4, 3)` takes the 3 for a dtype. A shape is
#   one argument: `np.zeros((4, 3))`.
# - `weight[0, 0] should meet input[0, 1] there; yours meets input[1, 0]`: rows and columns are exchanged.
#   `input.shape` is `(H, W)`, rows first, and so is every index.
# - `IndexError: index 1 is out of bounds for axis 0 with size 1`: axis 0 is the rows, axis 1 the columns.
#   The loop for this axis runs too far, perhaps because it counts the other one.
#
# </details>
#
# When it passes, try it on the photograph, in a cell of your own: `draw.image(correlate2d(image,
# left_minus_right), signed=True)`. It adds up more than a hundred thousand products, so give it a moment.

# %% [markdown]
# ### Spot it: the square that hides everything
#
# A classmate writes `W, H = input.shape`. They test with an image of 5 × 5 and a kernel of 3 × 3, and all
# entries are right.
#
# **Predict.** What happens with our image of 6 rows and 5 columns?
#
# <details><summary>Answer</summary>
#
# The output gets the shape (3, 4) where (4, 3) is right. When `x` reaches 3 the window asks for column 5,
# which does not exist: an `IndexError`. On a square image the two numbers are equal, and exchanging equal
# numbers changes nothing.
#
# Test with an image that is not square, a kernel that is not square, and sizes that are all different.
#
# </details>

# %%
W, H = steps.shape  # the slip
print("slip: ", (H - 3 + 1, W - 3 + 1))
print("torch:", ask_torch(steps, left_minus_right).shape)

# %% [markdown]
# ### Spot it: the kernel of ones
#
# Another classmate tests with `np.ones((3, 3))` only. Three slips could be in their code: the kernel is
# flipped; `i` and `j` are exchanged in `weight[j, i]`; the last row of the output is missing.
#
# **Predict.** Which of the three does the test notice?
#
# <details><summary>Answer</summary>
#
# Only the missing row. A kernel of ones looks the same flipped and exchanged, as every kernel does whose
# taps are all equal. A kernel of nine different numbers does not. The cell below tries both. In 2-D, to
# flip is to reverse the rows *and* the columns.
#
# </details>

# %%
for name, kernel in [("ones", np.ones((3, 3))), ("1 to 9", np.arange(1, 10).reshape(3, 3))]:
    as_it_is = ask_torch(steps, kernel)
    flipped = ask_torch(steps, kernel[::-1, ::-1])
    exchanged = ask_torch(steps, kernel.T)
    print(f"{name}:")
    print("  flipped, the same:  ", np.array_equal(flipped, as_it_is))
    print("  exchanged, the same:", np.array_equal(exchanged, as_it_is))

# %%
draw.flip([[1, 2, 3], [4, 5, 6], [7, 8, 9]])

# %% [markdown]
# ## Four loops: what each variable means
#
# | variable | runs through | it moves |
# |---|---|---|
# | `y` | `H - kh + 1` rows of the output | the window down |
# | `x` | `W - kw + 1` columns of the output | the window to the right |
# | `i` | `kh` rows of the kernel | within the window, down |
# | `j` | `kw` columns of the kernel | within the window, to the right |
#
# The innermost loop moves fastest: `j` goes through all its values before `i` takes one step. `y` moves
# slowest.
#
# Must it be this order? The sum does not mind: addition may be done in any order, and so the four loops may
# be nested in any order. (With floats the last digits may differ, as every addition rounds.) The *memory*
# minds.

# %% [markdown]
# A computer's memory is one long row. NumPy puts a 2-D array there row by row, which is called
# **row-major**. In the grid below each pixel of a 6 × 5 image shows its place in that row.

# %%
H, W = 6, 5
address = np.arange(H * W).reshape(H, W)

draw.grid(address, window=(1, 1, 3, 3), name="place in memory")

# %% [markdown]
# Pixel `(y, x)` is at place `y * W + x`. One step to the right is the next place. One step down is W places
# further.
#
# **Predict.** The outlined window is read with `i` outside and `j` inside, and then the other way round.
# Which places are visited, in which order?
#
# <details><summary>Answer</summary>
#
# With `j` inside: 6, 7, 8, then 11, 12, 13, then 16, 17, 18. With `i` inside: 6, 11, 16, then 7, 12, 17,
# then 8, 13, 18.
#
# </details>

# %%
print("j inside:", *[address[1 + i, 1 + j] for i in range(3) for j in range(3)])
print("i inside:", *[address[1 + i, 1 + j] for j in range(3) for i in range(3)])

# %% [markdown]
# Neighbours in memory come to the processor together, so short steps are the cheap ones. On a 6 × 5 image
# nobody can tell. On large arrays, in compiled code, the order of the loops can decide how fast the whole
# thing is. Chapter 8 counts the steps.

# %% [markdown]
# ## Blur and sharpen
#
# Now to the photograph. If all taps are equal and add up to 1, each output pixel is the mean of its window:
# a **blur**.
#
# To **sharpen**, add to each pixel what distinguishes it from its four neighbours: 4 times itself, minus
# each of them. With the pixel itself that makes 5 in the middle and −1 above, below, left and right.
#
# **Predict.** What do the two kernels make of a piece of sky in which all pixels are 200?
#
# <details><summary>Answer</summary>
#
# 200, both of them. The taps of either kernel add up to 1, and 200 times 1 is 200.
#
# </details>

# %%
blur = np.ones((5, 5)) / 25
sharpen = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])

blurred = ask_torch(image, blur)
sharpened = ask_torch(image, sharpen)

# %%
draw.beside(
    draw.image(image, name="image", vmin=0, vmax=255),
    draw.image(blurred, name="blurred", vmin=0, vmax=255),
    draw.image(sharpened, name="sharpened", vmin=0, vmax=255),
)

# %% [markdown]
# The blurred picture is smaller by 4 rows and 4 columns, the sharpened one by 2 and 2: the window stays
# inside.
#
# A mean cannot leave the range of what it averages. The sharpened picture can, and does. Its values below 0
# are drawn black, those above 255 white. Had we turned it into `uint8` to save it, they would have wrapped
# around: `np.clip(sharpened, 0, 255)` comes first.

# %%
print("image:    ", image.min(), "to", image.max())
print("blurred:  ", blurred.min().round(2), "to", blurred.max().round(2))
print("sharpened:", sharpened.min(), "to", sharpened.max())

# %% [markdown]
# ## What the Sobel kernel computes
#
# An **edge** is a place where brightness changes steeply. In chapter 1, [−1, 0, 1] measured the slope of a
# signal. Used on each row of an image, it measures the slope from left to right. But a single row is noisy.
# So we also add up three rows, with weights 1, 2, 1: the middle row counts twice.
#
# Smooth downwards, take the difference to the right: each tap is the product of one number for its row and
# one for its column.

# %%
smooth = np.array([1, 2, 1])
slope = np.array([-1, 0, 1])

sobel_x = np.outer(smooth, slope)
sobel_y = sobel_x.T
draw.beside(draw.grid(sobel_x, name="sobel_x", heat=True), draw.grid(sobel_y, name="sobel_y", heat=True))

# %% [markdown]
# `sobel_x` subtracts the left from the right. Its transpose, `sobel_y`, subtracts the upper from the lower.
# The results are called `gx` and `gy`: the **gradient** of the image, up to a factor.
#
# Try `sobel_x` on the numbers 1 to 9 inside a ring of zeros.
#
# **Predict.** In the middle, brightness climbs by 1 from column to column. What is the middle entry? (It is
# not 1.) Which signs do the entries to its left and right have?
#
# <details><summary>Answer</summary>
#
# The middle entry is 8. The outer columns of the window are two steps apart, so each row gives 2. The rows
# count 1 + 2 + 1 = 4 times, and 2 · 4 = 8. That is the factor: `gx` is 8 times the slope. On the left the
# image climbs out of the zeros, which is positive. On the right it falls back, which is negative.
#
# </details>

# %%
ring = np.pad(np.arange(1, 10).reshape(3, 3), 1)
expected = [[9, 6, -9], [20, 8, -20], [21, 6, -21]]

assert np.array_equal(ask_torch(ring, sobel_x), expected), "torch disagrees with the ring worked by hand"
draw.window(ring, sobel_x, (1, 1), output=expected)

# %% [markdown]
# Here are `gx` and `gy` of the photograph. Orange is positive, blue negative, white zero.
#
# **Predict.** What colour is the photographer's back in `gx`, where the bright sky ends and the dark coat
# begins? And in which of the two pictures does the upright tube of the tripod disappear?
#
# <details><summary>Answer</summary>
#
# Blue. Going right, from the sky to the coat, it gets darker. The front of the coat is orange. The tube
# runs from top to bottom, so nothing changes along it: it disappears in `gy`.
#
# </details>

# %%
gx = ask_torch(image, sobel_x)
gy = ask_torch(image, sobel_y)

draw.beside(
    draw.image(gx, name="gx", signed=True, vmax=400),
    draw.image(gy, name="gy", signed=True, vmax=400),
)

# %% [markdown]
# A kernel that is an outer product is called **separable**. It can be used in two steps, first the column
# and then the row. That costs 3 + 3 = 6 products for each pixel where the 3 × 3 window costs 9. For a 31 ×
# 31 kernel it is 62 against 961.

# %%
column_then_row = ask_torch(ask_torch(image, smooth[:, None]), slope[None, :])

assert np.array_equal(column_then_row, gx), "the column, then the row, is the whole Sobel kernel"
print("column", smooth[:, None].shape, "then row", slope[None, :].shape, "gives gx")

# %% [markdown]
# ## How strong is an edge?
#
# `gx` alone misses edges that run from left to right, and `gy` those that run from top to bottom. At each
# place the two together are an arrow. It points to where the image gets brighter, and its length says how
# steeply:
#
# $$\text{edges}[y, x] = \sqrt{\text{gx}[y, x]^2 + \text{gy}[y, x]^2}$$
#
# **Predict.** This image climbs by 3 from column to column and by 4 from row to row. What are `gx`, `gy`,
# and the length?
#
# <details><summary>Answer</summary>
#
# Sobel gives 8 times the slope: `gx` = 24 and `gy` = 32. The length is √(24² + 32²) = 40, which is 8 · 5.
#
# </details>

# %%
slant = np.array([[0, 3, 6], [4, 7, 10], [8, 11, 14]])
print("gx =", ask_torch(slant, sobel_x)[0, 0], "  gy =", ask_torch(slant, sobel_y)[0, 0])

draw.grid(slant, name="slant", heat=True)

# %% [markdown]
# ## Exercise: `detect_edges`
# <!-- exercise: detect_edges -->
#
# Write a function from an image to the strength of its edges: `gx` and `gy` with the two Sobel kernels,
# then the length of the arrow at each place. The window stays inside, so an image of shape `(H, W)` gives
# edges of shape `(H - 2, W - 2)`.
#
# You may call your own `correlate2d`, or write the loops anew. The image may hold integers or floats.
# Remember what happened to `uint8`.
#
# This is what will come out for the photograph:

# %%
draw.beside(
    draw.image(photo, name="photo"),
    draw.image(np.hypot(gx, gy), name="edges", vmin=0, vmax=765),
)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Most of it is done already. The function needs two kernels, two cross-correlations and one formula.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Make the kernel as an array of floats. A product with floats gives floats, so nothing can wrap around.
# `.T` gives the other kernel. NumPy squares and takes roots of whole arrays.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# With `gx` and `gy` as two arrays of equal shape, the last line is `np.sqrt(...)` of the sum of their
# squares. The first of them is your `correlate2d` of the image with the kernel; the second differs by two
# characters.
#
# </details>

# %%
# exercise: detect_edges

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `correlate2d, which detect_edges calls, is not written yet`: write that one first, or put the loops in
#   here.
# - `the result's shape is (3, 3), expected (1, 1): axis 0 is 2 too long, axis 1 is 2 too long`: the output
#   was made as large as the image. The window stays inside, so it fits in two rows and two columns fewer.
# - `output[0, 0]: got nan, expected …`: the root of a negative number. Square `gx` and `gy` first, then
#   add, then take the root.
# </details>
#
# When it passes, see your own edges: `draw.image(detect_edges(photo))`.

# %% [markdown]
# ### Spot it: right for the wrong reason
#
# A classmate uses a library's true convolution in `detect_edges`: the kernels get flipped. Every test
# passes.
#
# **Predict.** Why? Would a test of `gx` alone pass, too?
#
# <details><summary>Answer</summary>
#
# Flip `sobel_x` in both axes, and each tap meets its negative. So the flipped kernel is −`sobel_x`, and
# convolution gives −`gx` and −`gy`. Squaring hides the sign. A test of `gx` alone would notice at once.
#
# What a function's last step throws away, a test of its result cannot see. Test the parts.
#
# </details>

# %%
assert np.array_equal(sobel_x[::-1, ::-1], -sobel_x), "flipping the Sobel kernel changes its sign"
draw.flip(sobel_x, name="sobel_x")

# %% [markdown]
# ## Where this is used
#
# Edges: the Canny edge detector, as OpenCV has it, begins with `gx` and `gy` from Sobel kernels of 3 × 3.
# Blurring before making an image smaller is what keeps fine patterns from turning into false coarse ones.
#
# Networks: the taps are learned, but the arithmetic is yours. Each axis follows the rule of chapter 1.
#
# | first layer of | image | kernel | stride | padding |
# |---|---|---|---|---|
# | LeNet-5 (1998) | 32 × 32 | 5 × 5 | 1 | 0 |
# | AlexNet (2012), as torchvision has it | 224 × 224 | 11 × 11 | 4 | 2 |
# | VGG (2014) | 224 × 224 | 3 × 3 | 1 | 1 |
# | ResNet (2015) | 224 × 224 | 7 × 7 | 2 | 3 |
#
# **Predict** the sides of the four outputs, on paper or with your `output_size`.

# %%
for size, kernel_size, stride, padding in [(32, 5, 1, 0), (224, 11, 4, 2), (224, 3, 1, 1), (224, 7, 2, 3)]:
    picture, kernel = torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel_size, kernel_size)
    print(size, "->", F.conv2d(picture, kernel, stride=stride, padding=padding).shape[-1])

# %% [markdown]
# AlexNet's paper shows an image of 224 × 224 and an output of 55 × 55, and mentions no padding. Without
# padding that cannot be: (224 − 11) // 4 + 1 is 54. A size of 227 fits, and so does a padding of 2. Check
# the sizes of what you read.
#
# How much work is one such layer? ResNet's first has 64 kernels on 3 channels. For a single picture:

# %%
places = 112 * 112
taps = 3 * 7 * 7
print(f"{places * taps * 64:,} products")

# %% [markdown]
# A loop in plain Python does something like a million of them in a second, so yours would take minutes for
# one picture and one layer. The result would be right. Chapter 8 makes it fast; the next chapters make it
# complete.

# %% [markdown]
# ## The card to keep
#
# | | |
# |---|---|
# | formula | $\text{output}[y, x] = \sum_i \sum_j \text{input}[y + i,\, x + j]\;\text{weight}[i, j]$ |
# | shape | `(N, C_in, H, W)` with `(C_out, C_in, kh, kw)` gives `(N, C_out, H_out, W_out)` |
# | valid | $H_\text{out} = H - \mathit{kh} + 1$ and $W_\text{out} = W - \mathit{kw} + 1$ |
# | order | `y`, `x`, `i`, `j`: row before column, and the innermost moves fastest |
# | memory | row-major: pixel $(y, x)$ is at place $y\,W + x$ |
# | Sobel | $[1, 2, 1]^\mathsf{T}$ smooths, $[-1, 0, 1]$ subtracts; `gx` is 8 times the slope |
# | edges | $\sqrt{\text{gx}^2 + \text{gy}^2}$ |
#
# **Three traps**
#
# 1. `uint8` wraps around. `photo.astype(np.float64)` comes before any arithmetic.
# 2. A square image hides exchanged rows and columns. `shape` is `(H, W)`, and an index is `[y, x]`.
# 3. A kernel of ones hides a flip and a transpose, and a square root of squares hides a sign.
#
# **Next:** several channels, several kernels, several images. Chapter 3 puts the axes of length 1 to use.
