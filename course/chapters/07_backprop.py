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
# # 7 · Backprop by flipped kernels
#
# A network learns by asking each of its numbers one question: if you were a little larger, how would the
# error change? The answers are called gradients. For a convolution they are sums over a sliding window
# again. One slides the answers of the layer after it over the input. The other slides the flipped kernel
# over those answers.
#
# **After this chapter you can**
#
# - follow a small change of one tap, or of one sample, to the error and back;
# - measure any gradient by central differences, and choose the step;
# - write the gradients of a convolution by its bias, its weight and its input, with all options;
# - say where the flip comes from, and what a stride does to a gradient;
# - test a backward pass with one line, and recognize tests that prove nothing.
#
# **You need** chapter 1: cross-correlation, and convolution with its minus sign. Chapters 3 to 5: the layer
# with channels, padding, stride and dilation. The matrix of chapter 6 comes back for a moment. From school:
# the slope of a function, and the chain rule.
#
# **It takes** a good hour and a half. Two thirds of it belongs to the four exercises.

# %%
import numpy as np
import torch
import torch.nn.functional as F

from convlab import draw, functional, grad
from convlab.checks import check

np.set_printoptions(precision=4, suppress=True)


def ask_autograd(input, weight, grad_output, **options):
    """torch's gradients of one plain convolution: by its input, and by its weight."""
    arrays = [np.array(array, dtype=float) for array in (input, weight, grad_output)]
    signal, kernel, upstream = (torch.tensor(array)[None, None] for array in arrays)
    signal.requires_grad_()
    kernel.requires_grad_()
    layer = F.conv1d if signal.ndim == 3 else F.conv2d
    layer(signal, kernel, **options).backward(upstream)
    return signal.grad[0, 0].numpy(), kernel.grad[0, 0].numpy()


# %% [markdown]
# `autograd` is the part of torch that computes gradients. It is our witness in this chapter.

# %% [markdown]
# ## One number for the error
#
# The signal and the kernel are those of chapter 1. Suppose that this layer should have given the five numbers
# in `target`. It gave others.

# %%
input = np.array([2, 1, 4, 3, 0, 5, 2])
weight = np.array([4, 2, 1])
output = np.correlate(input, weight, "valid")
target = np.array([13, 17, 19, 16, 10])

draw.beside(draw.signal(output, name="output"), draw.signal(target, name="target"))

# %% [markdown]
# How far off is it? We want one number for that, the **loss**. Here it is half the sum of the squared
# differences:
#
# $$\text{loss} = \frac12 \sum_x \bigl(\text{output}[x] - \text{target}[x]\bigr)^2$$
#
# **Predict.** `output[2]` is 22, and 19 was wanted. It grows by 0.01, and nothing else changes. By how much
# does the loss grow, about?
#
# <details><summary>Answer</summary>
#
# By 0.03. The slope of $d^2/2$ is $d$, and here $d$ is 3: the loss grows three times as much as the entry
# does. (To be exact, it grows by 0.03005. The smaller the change, the better the 3.)
#
# </details>

# %%
for entry in (22, 22.01):
    output_2 = np.array([14, 15, entry, 17, 12])
    print(f"output[2] = {entry}: loss = {np.sum((output_2 - target) ** 2) / 2:.4f}")

# %% [markdown]
# So for each entry of the output there is a number that says how fast the loss changes with it. For this
# loss it is the difference, `output - target`. We call the array of these numbers `grad_output`.

# %%
grad_output = output - target
draw.signal(grad_output, name="grad_output")

# %% [markdown]
# ## All that a layer needs to know
#
# In a network more layers stand between this output and the loss. Then `grad_output` is not
# `output - target`. The layers after ours compute it, and hand it back to us. But it means the same: **if
# `output[x]` grows a little, the loss grows `grad_output[x]` times as much.** Because it comes from the side
# of the loss it is called the **upstream gradient**.
#
# ```text
# forward         backward
#
# input           grad_input
#   ↓               ↑
# our layer       our layer → grad_weight
#   ↓               ↑
# output          grad_output
#   ↓               ↑
#   …               …
#   ↓               ↑
# loss      →       1
# ```
#
# (The 1 at the end: the loss grows once as much as itself.) Our layer turns what it gets into two answers.
#
# - `grad_weight[k]`: how the loss changes with tap `k`. Learning needs this.
# - `grad_input[m]`: how the loss changes with sample `m`. The layer before ours needs this. It is *its*
#   upstream gradient.
#
# (`x` remains the place of a window. A sample gets the letter `m`.) From layer to layer this runs back to
# the first one, hence the name **backpropagation**, or backprop.
#
# What the layers after ours look like, it need not know. Small changes of the output change the loss as they
# would change this weighted sum, whatever the loss is made of:
#
# $$\sum_x \mathrm{grad\_output}[x]\;\text{output}[x]$$

# %% [markdown]
# ## Measure before you compute
#
# Before we work the two answers out, let us measure them. Then we have something to check against. A slope
# is measured by moving a little to the side.
#
# Try it on a function whose slope we know. `x * x * x` has the slope 3·x², which is 12 at 2. The step, called
# `eps`, is 1: far too large, so that everything can be seen.

# %%
draw.signal([0, 1, 8, 27], window=(1, 3), name="x * x * x")

# %% [markdown]
# **Predict.** What slope do you measure from 2 to 3? From 1 to 2? And from 1 to 3?
#
# <details><summary>Answer</summary>
#
# 27 − 8 = 19 and 8 − 1 = 7. From 1 to 3 it is (27 − 1) / 2 = 13. Upwards it is too much, because the curve
# gets steeper, downwards it is too little. The two errors nearly cancel.
#
# </details>

# %% [markdown]
# The first two are **one-sided** differences. The third is the **central difference**:
#
# $$\text{slope} \approx \frac{f(x + \mathit{eps}) - f(x - \mathit{eps})}{2\,\mathit{eps}}$$
#
# How small should `eps` be? Here is how far off both are. `2e-10` stands for 0.0000000002.


# %%
def cube(x):
    return x * x * x


for eps in (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12):
    one_sided = abs((cube(2 + eps) - cube(2)) / eps - 12)
    central = abs((cube(2 + eps) - cube(2 - eps)) / (2 * eps) - 12)
    print(f"eps {eps:.0e}   one-sided: {one_sided:.0e}   central: {central:.0e}")

# %% [markdown]
# **Predict.** In the upper half, what does a ten times smaller `eps` do to each error? And why do the errors
# grow again in the lower half?
#
# <details><summary>Answer</summary>
#
# The one-sided error gets ten times smaller, the central one a hundred times. What is left of it comes from
# how the bend of the curve changes, and it shrinks with eps².
#
# Then rounding takes over. A `float64` keeps about 16 digits. The two values of the function agree in most
# of them, and subtracting leaves only the last few, which are rounded. Dividing by a tiny `eps` makes that
# error large: about 1e-16 times the value, divided by `eps`.
#
# </details>
#
# For central differences the best step is near 1e-5. We use 1e-6, as torch's own checker does. With numbers
# of ordinary size that leaves nine or ten right digits. A one-sided difference never gets beyond
# about eight.

# %% [markdown]
# ## Why float64
#
# torch's usual dtype is `float32`, which keeps about 7 digits.
#
# **Predict.** `x` itself, as a function of `x`, has the slope 1 everywhere. We measure it in `float32`, at 1,
# 20 and 40, with `eps` = 1e-6. What comes out?
#
# <details><summary>Answer</summary>
#
# Nearly 1 at 1, nearly 2 at 20, and 0 at 40. The next `float32` after 20 is about 20.0000019. So a step of
# 0.000001 is rounded to one of almost twice the length. After 40 the next one is twice as far away, and the
# step is rounded to nothing.
#
# </details>

# %%
eps = np.float32(1e-6)
for x in np.array([1, 20, 40], dtype=np.float32):
    print(f"at {x:2.0f}: slope {((x + eps) - (x - eps)) / (2 * eps):.4f}")

# %% [markdown]
# So a gradient is checked in `float64`, even if the network will run in `float32` later.

# %% [markdown]
# ## Many numbers in, many numbers out
#
# A layer takes an array and gives an array. Then one entry is moved at a time, and all others stay. Let
# `step` be an array of zeros with `eps` at the one entry. Both outputs are compared, and each entry's change
# counts `grad_output` times:
#
# $$
# \text{grad}[\text{entry}] =
# \frac{\sum \bigl(f(x + \text{step}) - f(x - \text{step})\bigr)\;\mathrm{grad\_output}}{2\,\mathit{eps}}
# $$
#
# The sum runs over all entries of the output. (Only here, `x` is not the place of a window. It is the array
# that is moved.)
#
# This is the slope for tap 0 of our kernel. What is moved is `weight`, so `step` has three entries.

# %%
eps = 1e-6
step = np.array([eps, 0, 0])
above = np.correlate(input, weight + step, "valid")
below = np.correlate(input, weight - step, "valid")

print(f"grad_weight[0] = {np.sum((above - below) * grad_output) / (2 * eps):.4f}")

# %% [markdown]
# **Predict.** With `eps` = 1 the cube was off by 1. Put `eps = 1` into the cell above. How far off will it be
# now?
#
# <details><summary>Answer</summary>
#
# Not at all: it prints 15.0000. In each product a tap appears once, so the output climbs in a straight line
# as one tap grows. A straight line has the same slope everywhere, and a step of any length measures it.
# Do not rely on it. The function that is measured may hold squares, or a whole network.
#
# </details>
#
# **Predict.** How often must the layer run to measure all gradients of a weight of shape (64, 64, 3, 3)?
#
# <details><summary>Answer</summary>
#
# Twice for each of the 36,864 taps: 73,728 times. So this is for checking, on small arrays. To learn, we
# need all gradients at the price of a few runs.
#
# </details>

# %% [markdown]
# ## Exercise: `numerical_gradient`
# <!-- exercise: numerical_gradient -->
#
# Measure how $\sum f(x)\,\mathrm{grad\_output}$ changes with each entry of `x`. Use central differences, with
# the formula above.
#
# - `function` takes an array of the shape of `x` and returns an array of the shape of `grad_output`. The two
#   shapes may differ. It may return the very array it was given, or a view of it: what you keep while you move
#   `x` on has to be a copy.
# - `x` holds `float64` and has one axis or several. It may be a reversed or a transposed view. The result has
#   its shape.
# - `eps` is 1e-6 if nothing else is said. Use the one you are given: some calls take large steps, and there
#   a one-sided difference shows. Return what the formula gives for that step, even where it is off from the
#   exact slope.
#
# When you return, `x` must hold what it held before.
#
# The picture shows one entry being moved, with `eps` = 0.5. `function` sees the left array and the right one.

# %%
x = np.array([[1.0, 4, 2], [3, 0, 5]])
step = np.array([[0, 0, 0.5], [0, 0, 0]])
draw.beside(
    draw.grid(x - step, window=(0, 2, 1, 1), name="x - step"),
    draw.grid(x + step, window=(0, 2, 1, 1), name="x + step"),
)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# The cell above that measured tap 0 does it for one entry. Let it run for every entry of `x`, and store what
# it finds in an array of the same shape.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# `np.ndindex(*x.shape)` goes through the indices of an array with any number of axes. Each is a tuple, and it
# can stand in brackets as it is: `x[entry]`. For each of them make two new arrays, one with the entry a
# little larger and one with it a little smaller.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# `x.copy()` makes a new array, `above[entry] += eps` moves one entry of it. The last line of the loop has the
# form `grad[entry] = np.sum((... - ...) * grad_output) / (...)`.
#
# </details>

# %%
# exercise: numerical_gradient

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `grad[0]: got 3e-12, expected 3`: `/ 2 * eps` divides by 2 and then *multiplies* by `eps`. Put brackets
#   around `2 * eps`.
# - `grad[0]: got 0, expected 3`: `above = x` is no copy. Both names mean one array, and the second step
#   takes the first one back.
# - `ValueError: setting an array element with a sequence`: the sum is missing. What should be one number
#   is still an array of them.
#
# </details>

# %% [markdown]
# ## Two receivers for every product
#
# Now to the formula. Look at a single entry of the output, at place 1.

# %%
draw.products(input, weight, 1)

# %% [markdown]
# It is a sum of three products, each of a sample and a tap. Suppose that the tap grows a little. Then the
# product grows *sample* times as much. If instead the sample grows, the product grows *tap* times as much.
# The entry grows as its product does, and the loss grows `grad_output[1]` = −2 times as much as the entry.
# Multiplying these factors along the way is the **chain rule**.
#
# So each product hands back two numbers, one to its tap and one to its sample:
#
# - the tap gets `grad_output[x]` times the sample;
# - the sample gets `grad_output[x]` times the tap.
#
# **Predict.** What do the three products of place 1 hand back?
#
# <details><summary>Answer</summary>
#
# | product | to the tap | to the sample |
# |---|---|---|
# | input[1] · weight[0] = 1 · 4 | −2 · 1 = −2 to weight[0] | −2 · 4 = −8 to input[1] |
# | input[2] · weight[1] = 4 · 2 | −2 · 4 = −8 to weight[1] | −2 · 2 = −4 to input[2] |
# | input[3] · weight[2] = 3 · 1 | −2 · 3 = −6 to weight[2] | −2 · 1 = −2 to input[3] |
#
# </details>
#
# Here is all of it. Read the black numbers from left to right, and the others from right to left. A sum hands back
# what it gets, to each product. A product hands it back times its other factor.

# %%
draw.circuit(input, weight, 1, upstream=grad_output[1])

# %% [markdown]
# A tap is used at every place, and most samples are read by several windows. Each collects what it is handed,
# and **adds it up**. For small changes the effects just add. That is all of backprop. The rest is
# bookkeeping: who collects from whom?

# %% [markdown]
# ## What a tap collects
#
# At place `x`, tap `k` meets sample `x + k`. It does so at all places:
#
# $$\mathrm{grad\_weight}[k] \;=\; \sum_{x=0}^{L_\text{out}-1} \text{input}[x + k]\;\mathrm{grad\_output}[x]$$
#
# **Predict.** Which operation of chapter 1 is this? And what is `grad_weight[1]`?
#
# <details><summary>Answer</summary>
#
# It is a cross-correlation. The input is still the signal, and `grad_output` has become the kernel. Nothing
# is flipped. `grad_weight[1]` is 1·1 − 4·2 + 3·3 + 0·1 + 5·2 = 12.
#
# </details>

# %%
draw.window(input, grad_output, 1, names=("input", "grad_output", "grad_weight"))

# %% [markdown]
# The kernel has five entries now, and the seven samples leave room for 7 − 5 + 1 = 3 places: one for each
# tap. In general it is $L - L_\text{out} + 1 = K$. Place and tap have exchanged their roles.
#
# The first entry, term by term. It is the number that we measured.

# %%
k = 0
first = input[0 + k] * grad_output[0] + input[1 + k] * grad_output[1]
rest = input[2 + k] * grad_output[2] + input[3 + k] * grad_output[3] + input[4 + k] * grad_output[4]
print(f"grad_weight[{k}] = {first + rest}")

_, in_torch = ask_autograd(input, weight, grad_output)
assert np.array_equal(in_torch, [15, 12, 7]), "torch disagrees with the gradient worked by hand"
print("torch:", in_torch)

# %% [markdown]
# ## What it is good for
#
# `grad_weight[0]` is 15: if tap 0 grows, so does the loss. So make it smaller, a little. Do the same with all
# taps, and do it again and again. That is **gradient descent**. The small factor, here 0.01, is called the
# **learning rate**.
#
# Let us forget the kernel. We keep the input and what came out, and start with three zeros.
#
# **Predict.** Where will the taps end up?

# %%
learned = np.zeros(3)
for steps_taken in range(501):
    difference = np.correlate(input, learned, "valid") - output
    if steps_taken in (0, 1, 10, 100, 500):
        print(f"{steps_taken:3} steps: taps {learned}, loss {np.sum(difference**2) / 2:.4f}")
    learned = learned - 0.01 * np.correlate(input, difference, "valid")

# %% [markdown]
# <details><summary>Answer</summary>
#
# At 4, 2, 1. The loop never saw these numbers, only what they had made of one signal. (Five numbers were
# enough for three taps. With fewer places than taps, many kernels would have given the same output.)
#
# </details>

# %% [markdown]
# ## The layer: the same product, another sum
#
# An entry of a layer, as chapter 5 left it, is the sum of its bias and of such products:
#
# $$
# \text{padded}[n, c,\; y\,s_h + i\,d_h,\; x\,s_w + j\,d_w]\;\;\text{weight}[o, c, i, j]
# $$
#
# They belong to `output[n, o, y, x]`, which sums over `c`, `i` and `j`. Now ask what `weight[o, c, i, j]`
# collects. It is used in every image `n` and at every place `(y, x)`. So these are the sums. `grad_output`
# stands where `weight` stood, and nothing else changes:
#
# $$
# \mathrm{grad\_weight}[o, c, i, j] = \sum_n \sum_y \sum_x
# \text{padded}[n, c,\; y\,s_h + i\,d_h,\; x\,s_w + j\,d_w]\;\;\mathrm{grad\_output}[n, o, y, x]
# $$
#
# All images share the taps, so their gradients are added. Of the channels nothing is added: `weight[o, c]`
# has to do with channel `c` of the input and with channel `o` of the output, and with no other.
#
# **Predict.** If `windows[n, c, y, x, i, j]` holds every window, the forward pass is
# `np.einsum("ncyxij,ocij->noyx", windows, weight)`. How do the letters read for `grad_weight`?
#
# <details><summary>Answer</summary>
#
# `"ncyxij,noyx->ocij"`, with `windows` and `grad_output`. The letters that vanish are `n`, `y` and `x`.
#
# </details>
#
# One tap of a layer with two images, two channels and three filters:

# %%
rng = np.random.default_rng(7)
images = rng.integers(0, 6, (2, 2, 4, 5)).astype(float)
upstream = rng.integers(-3, 4, (2, 3, 3, 3)).astype(float)

o, c, i, j = 2, 1, 0, 2
met = images[:, c, i : i + 3, j : j + 3]  # what the tap meets, at 3 x 3 places, in both images
size = (3, 2, 2, 3)
whole = torch.nn.grad.conv2d_weight(torch.tensor(images), size, torch.tensor(upstream))
print("one tap:", np.sum(met * upstream[:, o]), "  torch:", whole[o, c, i, j].item())

# %% [markdown]
# ## The bias collects everything
#
# `bias[o]` is added once to each entry of channel `o`, in every image and at every place. If it grows, all of
# them grow as much. There is no factor but `grad_output` itself:
#
# $$\mathrm{grad\_bias}[o] = \sum_n \sum_y \sum_x \mathrm{grad\_output}[n, o, y, x]$$
#
# **Predict.** Here is a `grad_output` for one image and three output channels. What are the three
# gradients?
#
# <details><summary>Answer</summary>
#
# 2, −1 and 6: the sum of each sheet.
#
# </details>

# %%
one_image = np.array([[[1, -2], [0, 3]], [[2, 0], [-4, 1]], [[1, 1], [1, 3]]])
draw.stack(one_image, name="grad_output[0]")

# %% [markdown]
# ## Exercise: `conv2d_bias`
# <!-- exercise: conv2d_bias -->
#
# Write the gradient by the bias. `grad_output` has the shape `(N, C_out, H_out, W_out)`, and the result is an
# array of shape `(C_out,)`. The numbers may be integers or floats. Any size may be 1.
#
# The picture shows two images with two channels each. For channel 0 comes out 1 + 2 + 3 + 1 = 7.

# %%
pair = np.array([[[[1, 2]], [[0, -1]]], [[[3, 1]], [[2, 2]]]])
sheets = [draw.grid(pair[n, o], name=f"grad_output[{n}, {o}]") for n in range(2) for o in range(2)]
draw.beside(draw.beside(*sheets[:2]), draw.beside(*sheets[2:]))

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Which of the four letters of `grad_output` stands on the left of the formula? All others are summed over.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# A loop over `o` will do. Or give `sum` several axes at once, as a tuple.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# `grad_output.sum(axis=(...))`, with the three axes that are *not* the channels.
#
# </details>

# %%
# exercise: conv2d_bias

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `the result is a single number (7); return a NumPy array`: `sum()` without axes adds up everything, the
#   channels too.
# - `the result's shape is (1, 1), expected (1,): it has 2 axes, expected 1`: you summed over the places. The
#   images share the bias as well, so axis 0 goes too.
# - `the result's shape is (1, 1, 1, 1), expected (1,)`: `keepdims=True` keeps axes of length 1. Leave it out.
#
# </details>

# %% [markdown]
# ## Stride and dilation change places
#
# In the gradient by the weight, `grad_output` is the kernel that slides. With a stride, its entries belong to
# windows that start `s` samples apart. So they lie `s` samples apart on the input: **the stride has become a
# dilation**.
#
# Take stride 2. The windows start at samples 0, 2 and 4, so there are three entries.
#
# **Predict.** Let `grad_output` be [1, −2, 3]. What is `grad_weight[1]`?
#
# <details><summary>Answer</summary>
#
# Tap 1 met samples 1, 3 and 5, which are 1, 3 and 5. So it is 1·1 − 2·3 + 3·5 = 10.
#
# </details>

# %%
names = ("input", "grad_output", "grad_weight")
draw.window(input, [1, -2, 3], 1, dilation=2, names=names, letters=["x"])

# %% [markdown]
# And a dilation of the forward pass sets the taps `d` samples apart. So from one tap to the next,
# `grad_output` moves on by `d`: **the dilation has become a stride**. Padding stays what it is, for the tap
# met the zeros as well.
#
# **Predict.** An eighth sample is put behind the seven. With stride 2 there are still three windows. How many
# places does the spread `grad_output` have on eight samples? How many taps are there?
#
# <details><summary>Answer</summary>
#
# It spans 5 samples, so there are 8 − 5 + 1 = 4 places. But there are three taps. Place 3 belongs to a tap
# that does not exist: the dropped tail has made room for it. Stop after `K` taps.
#
# </details>

# %%
draw.places(8, 3, stride=2)

# %%
eight = np.array([2, 1, 4, 3, 0, 5, 2, 6])
draw.window(eight, [1, -2, 3], 3, dilation=2, names=names, letters=["x"], keep=3)

# %% [markdown]
# The first picture is the forward pass: each window has the taps 0, 1 and 2. The second picture shows
# `grad_output` at place 3, which is hatched: the 11 is a number, but it is no tap's gradient.

# %% [markdown]
# ## Exercise: `conv2d_weight`
# <!-- exercise: conv2d_weight -->
#
# Write the gradient by the weight for the whole layer. `padded` is `input` with `p_h` rows of zeros above
# and below it and `p_w` columns on either side:
#
# $$
# \mathrm{grad\_weight}[o, c, i, j] = \sum_n \sum_y \sum_x
# \text{padded}[n, c,\; y\,s_h + i\,d_h,\; x\,s_w + j\,d_w]\;\;\mathrm{grad\_output}[n, o, y, x]
# $$
#
# `input` has the shape `(N, C_in, H, W)`, `grad_output` the shape `(N, C_out, H_out, W_out)`. `weight_size`
# is the tuple `(C_out, C_in, kh, kw)`, which is also the shape of the result. The weight itself is not
# needed. `stride`, `padding` and `dilation` are integers, or pairs for rows and columns.
#
# You may build on `functional.conv2d`, `functional.pad`, `functional.dilate` and `functional.flip`. Loops do
# as well.
#
# The picture shows one tap of a kernel of 3 × 3, on an image of 3 × 3 with padding 1 and stride 2. What the
# tap met in the padding was 0, and adds nothing.

# %%
draw.window(
    [[1, 0, 2], [4, 1, 0], [0, 5, 3]],
    [[1, -2], [3, 2]],
    (0, 2),
    padding=1,
    dilation=2,
    names=names,
    letters=["y", "x"],
)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Your `conv2d` of chapter 5 already walks through all the products. Keep its loops and its indices. Only the
# line that adds must change: what does it add to, and what does it multiply?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Take one of four ways.
#
# 1. Seven loops, as in chapter 3.
# 2. Two loops over the places: cut out the window as in chapter 5, of shape `(N, C_in, kh, kw)`, and add to
#    all taps at once.
# 3. Two loops over the taps: the rows that tap `(i, j)` meets start at `i * d_h` and lie `s_h` apart. There
#    are `H_out` of them.
# 4. One call of `functional.conv2d`, with stride and dilation exchanged. It sums over the channels, and you
#    need the sum over the images: swap the first two axes of both arrays, and of what comes out. Then cut.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# By places: add `np.einsum("no,ncij->ocij", ..., window)` to `grad_weight`, with what `grad_output` holds for
# this place. By taps: `np.einsum("noyx,ncyx->oc", ...)` gives `grad_weight[:, :, i, j]`, and the rows of the
# slice are `i * d_h : i * d_h + s_h * H_out : s_h`. That slice may end behind the last row. NumPy does not
# mind.
#
# </details>

# %%
# exercise: conv2d_weight

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `grad_output[0, 0, 0, 0] should meet input[0, 0, 0, 0] there; yours is missing from the sum`: an `=` where
#   `+=` belongs. Each place overwrites what the places before have given.
# - `ValueError: operands could not be broadcast together`: a slice has too many entries or too few. Either
#   the image was not padded, or the slice has no end, and the tail is in it.
# - `the result's shape is (1, 1, 1, 3), expected (1, 1, 1, 2): axis 3 is 1 too long`: that is the tap that
#   does not exist. Cut to `kh` rows and `kw` columns.
#
# </details>

# %% [markdown]
# ### Spot it: two wrongs agree
#
# A classmate's layer takes an argument `dilation`, and forgets to use it. So does the gradient. They check
# the gradient by central differences, with a random upstream gradient, and it agrees in all digits.
#
# **Predict.** Is the gradient right?

# %%
image, kernel = rng.standard_normal((1, 1, 6, 7)), rng.standard_normal((1, 1, 2, 3))
upstream = rng.standard_normal((1, 1, 5, 5))


def layer_without_dilation(kernel):
    return functional.conv2d(image, kernel)


measured = grad.numerical_gradient(layer_without_dilation, kernel, upstream)
computed = grad.conv2d_weight(image, kernel.shape, upstream)
print("they agree:", np.allclose(measured, computed))

# %% [markdown]
# <details><summary>Answer</summary>
#
# It is right for the layer that they have, which is not the layer that they want. Central differences
# measure the function they are given. They say that the backward pass fits the forward pass. Whether the
# forward pass is right, they cannot say. Test that first, against torch.
#
# </details>

# %% [markdown]
# ## What a sample collects
#
# Now the other answer. A sample collects from the windows that read it.
#
# **Predict.** Which windows read sample 3, and through which taps? What does the sample collect, with the
# `grad_output` from the beginning, [1, −2, 3, 1, 2]?
#
# <details><summary>Answer</summary>
#
# Window 1 read it through tap 2, window 2 through tap 1, window 3 through tap 0. So it gets
# −2·1 + 3·2 + 1·4 = 8.
#
# </details>

# %%
draw.backward(grad_output, weight, 7, 3)

# %% [markdown]
# Look at the row of taps. While the windows run 1, 2, 3, the taps run 2, 1, 0. If window `x` reads sample `m`
# through tap `k`, then `x + k = m`. So the window is `x = m - k`:
#
# $$\mathrm{grad\_input}[m] \;=\; \sum_{k=0}^{K-1} \mathrm{grad\_output}[m - k]\;\text{weight}[k]$$
#
# where a term is zero if there is no window `m - k`.
#
# **Predict.** Where have you seen this formula? How many entries has the result? What is `grad_input[0]`?
#
# <details><summary>Answer</summary>
#
# It is the convolution of chapter 1, with its minus sign. All of the echo is kept, so it is "full", and there
# are L_out + K − 1 = 5 + 3 − 1 = 7 entries: as many as samples. Sample 0 was read by window 0 alone, through
# tap 0. It gets 1·4 = 4.
#
# </details>

# %%
draw.backward(grad_output, weight, 7, 0)

# %% [markdown]
# torch's convolution is a cross-correlation. **Its gradient by the input is a true convolution.** One entry,
# term by term, then all of them:

# %%
m = 3
from_taps_0_and_1 = grad_output[m - 0] * weight[0] + grad_output[m - 1] * weight[1]
print(f"grad_input[{m}] = {from_taps_0_and_1 + grad_output[m - 2] * weight[2]}")

grad_input, _ = ask_autograd(input, weight, grad_output)
assert np.array_equal(grad_input, np.convolve(grad_output, weight)), "the gradient is no true convolution"
print("torch:", grad_input)

# %% [markdown]
# As in chapter 1, it can be drawn as a window. The signal is `grad_output` with K − 1 zeros at each
# end, and the kernel is flipped. Its taps keep their colours and their numbers, so they count down:

# %%
names = ("grad_output", "flipped", "grad_input")
draw.window(grad_output, weight[::-1], 3, padding=2, output=grad_input, names=names, flipped=True)

# %% [markdown]
# ## Collected or handed out
#
# The same sum can be done from the other side. A sample need not ask who read it. Each window hands out its
# share: it lays `grad_output[x]` copies of the kernel on the samples that it read. Row `x` below is what
# window `x` hands out. It is the echo of chapter 1. A column holds what one sample gets.

# %%
answers = [np.correlate(impulse, weight, "valid") for impulse in np.eye(7)]
matrix = np.array(answers).T  # row x: where window x has its taps
handed_out = grad_output[:, None] * matrix

assert np.array_equal(handed_out.sum(axis=0), grad_input), "the columns do not add up to the gradient"
draw.stamps(grad_output, weight, output=grad_input, names=("grad_output", "weight", "grad_input"))

# %% [markdown]
# **Predict.** Which shares add up in column 2? And in what order must the windows hand out their shares?
#
# <details><summary>Answer</summary>
#
# 1 − 4 + 12 = 9, which is `grad_input[2]`. The order makes no difference, for a sum has none. But every share
# has to be *added* to what is already there.
#
# </details>

# %% [markdown]
# ### Spot it: `=` or `+=`
#
# A classmate's windows hand out their shares with `grad_input[...] = share`. Their tests use a kernel of 3
# with stride 3 and one of 2 with stride 2. All of them pass, with random numbers and with several channels.
#
# **Predict.** Why? What does sample 4 get if the kernel is [4, 2, 1], the stride is 2 and `grad_output` is
# [1, −2, 3]?

# %%
draw.beside(draw.places(9, 3, stride=3), draw.places(7, 3, stride=2))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Where the stride is as long as the kernel, no two windows share a sample. Then nothing is there to be added
# to. With stride 2, sample 4 is read by window 1 through tap 2, which hands it −2·1 = −2, and by window 2
# through tap 0, which hands it 3·4 = 12. It should get 10. Here it gets 12, for the last one wins.
#
# Test with windows that overlap: a stride smaller than the kernel.
#
# </details>

# %% [markdown]
# ## Where the flip comes from
#
# The `matrix` behind the grid of shares is that of chapter 6: one row for each window, and
# `output = matrix @ input`. Entry `[x, m]` says how much sample `m` counts in output `x`.
#
# Forward, output `x` walks along *row* `x`. Backward, sample `m` walks along *column* `m`. So the backward
# pass is the product with the **transposed** matrix.

# %%
draw.beside(draw.matrix(matrix, name="matrix"), draw.matrix(matrix.T, name="matrix.T"))

# %%
assert np.array_equal(matrix @ input, output), "the matrix does not give the output"
assert np.array_equal(matrix.T @ grad_output, grad_input), "the transposed matrix does not give the gradient"

print("matrix @ input         =", matrix @ input)
print("matrix.T @ grad_output =", matrix.T @ grad_output)

# %% [markdown]
# Read row 3 of `matrix.T`: 0 1 2 4 0. Along a row of `matrix` the taps stand 4 2 1. Along a column they stand
# 1 2 4, because each window starts one sample further right. Turning rows into columns flips the kernel.
#
# **Predict.** Is `matrix.T` the inverse of `matrix`? Does the backward pass bring the input back?
#
# <details><summary>Answer</summary>
#
# No. `matrix.T @ output` is something else than the input, and seven samples cannot be had back from five
# numbers anyway. The backward pass undoes nothing. It carries *changes of the loss* back along the same
# taps. (So the name "deconvolution", which some use for it, is misleading.)
#
# </details>

# %% [markdown]
# ## One line that tests a backward pass
#
# Write ⟨a, b⟩ for the sum of all products of corresponding entries, the dot product of two arrays. Then
#
# $$
# \langle \text{output},\, \mathrm{grad\_output} \rangle \;=\;
# \langle \text{input},\, \mathrm{grad\_input} \rangle \;=\;
# \langle \text{weight},\, \mathrm{grad\_weight} \rangle
# $$
#
# **Predict.** Output is [14, 15, 22, 17, 12], and `grad_output` is [1, −2, 3, 1, 2]. What is the number on
# the left? Check the right-hand one as well: [4, 2, 1] with [15, 12, 7].
#
# <details><summary>Answer</summary>
#
# 14 − 30 + 66 + 17 + 24 = 91, and 60 + 24 + 7 = 91.
#
# </details>

# %%
grad_weight = np.array([15, 12, 7])
print(f"by places:  {output @ grad_output}")
print(f"by samples: {input @ grad_input:g}")
print(f"by taps:    {weight @ grad_weight}")

# %% [markdown]
# Why? All three are the sum of the same products, over all places and all taps:
#
# $$\text{input}[x + k]\;\;\text{weight}[k]\;\;\mathrm{grad\_output}[x]$$
#
# They are sorted by place, by sample, and by tap. (If there is a bias, the output is meant without it.)
#
# With a matrix M for the layer, the first equation reads ⟨M a, b⟩ = ⟨a, Mᵀ b⟩. The transposed operation is
# also called the **adjoint**, so this is the **adjoint identity**. Only one operation can take that place for
# *all* a and b. So it is a test: draw the arrays at random, and compare. It needs no `eps` and no loop over
# entries, and it works on large layers with all options.

# %%
options = {"stride": (2, 3), "padding": (1, 2), "dilation": (2, 1)}
image, kernel = rng.standard_normal((2, 3, 9, 8)), rng.standard_normal((4, 3, 2, 3))
forward = functional.conv2d(image, kernel, **options)
upstream = rng.standard_normal(forward.shape)

for_image = grad.conv2d_input(image.shape, kernel, upstream, **options)
for_kernel = grad.conv2d_weight(image, kernel.shape, upstream, **options)
sums = [np.sum(forward * upstream), np.sum(image * for_image), np.sum(kernel * for_kernel)]

assert np.allclose(sums, sums[0]), "the adjoint identity does not hold"
print("three equal sums:", np.array(sums))

# %% [markdown]
# It gives one number. A wrong gradient passes only if its error, multiplied with the random input, happens to
# add up to 0. But if it fails, the number does not say *which* entry is wrong. Central differences do.

# %% [markdown]
# ## The layer: what a pixel collects
#
# A pixel has a row and a column. We call them `u` and `v`, as `y` and `x` are the window's. For the moment
# there is no padding, and stride and dilation are 1. Then
#
# $$
# \mathrm{grad\_input}[n, c, u, v] = \sum_o \sum_{i=0}^{\mathit{kh}-1} \sum_{j=0}^{\mathit{kw}-1}
# \mathrm{grad\_output}[n, o,\; u - i,\; v - j]\;\;\text{weight}[o, c, i, j]
# $$
#
# with zeros where there is no window. Compare it with 1-D: there is a minus sign for each axis, so the kernel
# is flipped in rows *and* columns.
#
# The channels have changed places. Forward, `c` was summed over. Now it is `o`: each pixel was read for every
# output channel, and collects from all of them. As a layer, this one takes C_out channels and gives C_in. So
# its weight has its first two axes **swapped**: kernel `weight[o, c]` leads from `o` back to `c`.
#
# There is no sum over `n`. An image changes its own output only.
#
# Here is the image of steps from chapter 2, with its kernel. As upstream gradient we take ones. That is the
# gradient of the plainest loss there is, `output.sum()`.
#
# **Predict.** What is `grad_weight[0, 0]`? What is `grad_input[2, 2]`, which is read through all nine taps?
#
# <details><summary>Answer</summary>
#
# Tap (0, 0) meets rows 0 to 3 and columns 0 to 2. All entries there count once: three rows of 1 1 1 and one
# of 2 2 2 make 15. Pixel (2, 2) gets each tap once, and the taps add up to 0.
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

draw.backward(np.ones((4, 3), dtype=int), left_minus_right, (6, 5), (2, 2))

# %%
expected_weight = [[15, 18, 25], [21, 23, 28], [30, 31, 34]]
expected_input = [
    [1, 1, 0, -1, -1],
    [3, 3, 0, -3, -3],
    [4, 4, 0, -4, -4],
    [4, 4, 0, -4, -4],
    [3, 3, 0, -3, -3],
    [1, 1, 0, -1, -1],
]
for_steps, for_taps = ask_autograd(steps, left_minus_right, np.ones((4, 3)))

assert np.array_equal(for_taps, expected_weight), "torch disagrees with the sum's gradient by the weight"
assert np.array_equal(for_steps, expected_input), "torch disagrees with the sum's gradient by the input"
draw.beside(draw.grid(for_taps, name="grad_weight"), draw.grid(for_steps, name="grad_input", heat=True))

# %% [markdown]
# ### Spot it: the gradient of a sum
#
# These numbers make a popular test: call `output.sum().backward()` in torch, and compare. Two backward passes
# take it. The first one never looks at `grad_output`, and acts as if it were ones. The second one reads
# `grad_output` upside down.
#
# **Predict.** Which of them passes? Which one passes with a random upstream gradient?

# %%
for name, upstream in [("ones", np.ones((4, 3))), ("random", rng.integers(-4, 5, (4, 3)))]:
    right = ask_autograd(steps, left_minus_right, upstream)
    ignores = ask_autograd(steps, left_minus_right, np.ones((4, 3)))
    upside_down = ask_autograd(steps, left_minus_right, upstream[::-1])
    for slip, result in [("ignores it", ignores), ("upside down", upside_down)]:
        print(f"{name:6}  {slip:11}  passes: {all(map(np.array_equal, result, right))}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# With ones, both pass. Ones look the same upside down, and whoever ignores them does the same as whoever
# multiplies by them. With random numbers both fail. `output.sum()` and `output.mean()` are fine to *look* at
# a gradient. To *test* one, use `output.backward(upstream)`, or the loss `(output * upstream).sum()`, with
# `upstream` drawn at random.
#
# </details>

# %% [markdown]
# ## A stride puts zeros between the gradients
#
# Back to one dimension. Eight samples, three taps, stride 2: the windows start at 0, 2 and 4. Let
# `grad_output` be [1, −2, 3].
#
# **Predict.** Which windows read sample 4, and through which taps? What does it collect?
#
# <details><summary>Answer</summary>
#
# Window 1 starts at 2 and reads it through tap 2. Window 2 starts at 4 and reads it through tap 0. It gets
# −2·1 + 3·4 = 10. Nobody reads it through tap 1.
#
# </details>

# %%
draw.backward([1, -2, 3], weight, 8, 4, stride=2)

# %% [markdown]
# Step through all of them: each place is now an entry of `grad_input`, with the windows that read it. Set the stride
# back to 1 and compare.

# %%
draw.explore([2, 1, 4, 3, 0, 5, 2, 6], weight, stride=2, mode="backward", grad_output=[1, -2, 3])

# %% [markdown]
# The picture shows what to do. Spread `grad_output` as the windows are spread, with `s − 1` zeros between
# neighbours: `spread[x * s] = grad_output[x]`. The zeros stand for the windows that stride 1 would have had
# there. Then go on as if the stride were 1. Chapter 5 spread kernels like this, so **the stride has become a
# dilation of the gradient**.

# %%
spread = np.array([1, 0, -2, 0, 3])
draw.window(spread, weight[::-1], 4, padding=2, names=("spread", "flipped", "grad_input"), flipped=True)

# %% [markdown]
# A dilation stays with the kernel. Flipped, its taps still lie `d` apart, and "full" means `d·(K − 1)` zeros
# at each end, as in chapter 5.

# %% [markdown]
# ## The tail
#
# Count the entries of `grad_input` in that picture. There are 5 + 3 − 1 = 7. But the signal had eight
# samples.
#
# **Predict.** What happened to sample 7? What is its gradient?
#
# <details><summary>Answer</summary>
#
# A fourth window would start at 6 and hang over the end. It was dropped, and sample 7 with it: it is the
# tail. Nothing depends on it, so its gradient is 0. And that 0 has to be *there*, or the gradient does not
# fit the signal.
#
# </details>

# %%
draw.backward([1, -2, 3], weight, 8, 7, stride=2)

# %% [markdown]
# From `grad_output` alone the length cannot be known. Seven samples give three windows, and so do eight. That
# is why torch's `conv2d_input` asks for `input_size`. With padding `p` at each end, the windows reach the
# first
#
# $$(L_\text{out} - 1)\,s + d\,(K - 1) + 1$$
#
# entries of the padded signal. What is missing up to $L + 2p$ is the tail, at most `s − 1` entries.

# %% [markdown]
# ### Spot it: one row short
#
# This was reported of a well-known framework in 2012, and others have repeated it since. An image of 32 × 32
# went through a kernel of 5 × 5 with stride 2. The gradient that came back was 31 × 31. A layer before it
# would have made 32 × 32 numbers, and could not have used that.
#
# **Predict.** Where did the row go? Would a test with 31 or 33 rows have noticed?

# %%
for size in (31, 32, 33):
    places = (size - 5) // 2 + 1
    print(f"{size} rows: {places} windows, which reach {(places - 1) * 2 + 5} rows")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The last window ends with row 30, so row 31 is the tail, and its column likewise. The size of the gradient
# was computed backwards from that of the output, and the tail is not in there. With 31 and 33 rows nothing is
# left over. Half of all sizes hide the mistake.
#
# Test a stride with sizes that leave over 0, 1 and, for strides from 3 on, 2 rows.
#
# </details>

# %% [markdown]
# ## The padding is cut off
#
# The zeros of the padding were read, too. They would have a gradient, but they are no samples: nobody asks
# for it. So compute the gradient of the *padded* signal, and cut `p` off at each end:
#
# $$\mathrm{grad\_input}[m] = \mathrm{grad\_padded}[m + p]$$
#
# The order matters. Here are six samples with padding 1, three taps and stride 2. The padded signal has eight
# entries.
#
# **Predict.** Which entry is the tail? Somebody computes the full convolution, which has 7 entries, cuts off
# one at each end, and then fills up with zeros to 6. What is wrong?
#
# <details><summary>Answer</summary>
#
# The tail is the zero at the right end. The last of the 7 entries belongs to sample 5, a real one. It is cut
# off, and replaced by a 0. First fill up to L + 2·p = 8 entries, then cut.
#
# </details>

# %%
draw.places(6, 3, stride=2, padding=1)

# %%
draw.backward([1, -2, 3], weight, 6, 5, stride=2, padding=1)

# %% [markdown]
# ## Exercise: `conv2d_input`
# <!-- exercise: conv2d_input -->
#
# Write the gradient by the input for the whole layer. Row `u` of the padded image is met by window `y` and
# tap `i` if $y\,s_h + i\,d_h = u$. Likewise column `v`, if $x\,s_w + j\,d_w = v$. So
#
# $$
# \mathrm{grad\_padded}[n, c, u, v] = \sum_o\; \sum_{y\,s_h + i\,d_h = u}\;\; \sum_{x\,s_w + j\,d_w = v}
# \mathrm{grad\_output}[n, o, y, x]\;\;\text{weight}[o, c, i, j]
# $$
#
# $$\mathrm{grad\_input}[n, c, u, v] = \mathrm{grad\_padded}[n, c,\; u + p_h,\; v + p_w]$$
#
# `input_size` is the tuple `(N, C_in, H, W)`, which is also the shape of the result. The input itself is not
# needed. `weight` has the shape `(C_out, C_in, kh, kw)`, `grad_output` the shape
# `(N, C_out, H_out, W_out)`. `stride`, `padding` and `dilation` are integers, or pairs for rows and columns.
#
# You know two ways. Hand out: every window adds its share where it read. Or collect: spread `grad_output`,
# and correlate it with the flipped and swapped kernels, "full". `functional.conv2d`, `functional.pad`,
# `functional.dilate` and `functional.flip` may be used again.

# %%
kernel = [[1, 2, 5], [4, 3, 1], [2, 1, 3]]
draw.backward([[1, -2], [3, 2]], kernel, (4, 4), (1, 3), stride=2, padding=1)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Begin with `grad_padded`: zeros, of shape `(N, C_in, H + 2 * p_h, W + 2 * p_w)`. The tail is in it already,
# and its gradient is right. End by cutting the padding off. In between, something is added.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Hand out: two loops over the places `(y, x)`. The slice of the padded image that your `conv2d` *read* there
# is now the slice you *add to*. Its rows are `y * s_h : y * s_h + ... : d_h`.
#
# Collect: four steps. Spread `grad_output` with the stride (`functional.dilate` does it). Put a row of zeros
# below and a column on the right for each one of the tail. Flip the kernels and swap their first two axes.
# Correlate, with padding "full" and the dilation. What comes out is `grad_padded`.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# Hand out: what window `(y, x)` adds is `np.einsum("no,ocij->ncij", grad_output[:, :, y, x], weight)`. The
# letter `o` vanishes.
#
# Collect: the tail has `H + 2 * p_h - ((H_out - 1) * s_h + ...)` rows, `functional.pad` takes
# `((0, tail_h), (0, tail_w))`, and `.swapaxes(0, 1)` swaps two axes.
#
# Both ways, the cut is `[:, :, p_h : p_h + H, ...]`. (Not `p_h : -p_h`, which is empty if `p_h` is 0.)
#
# </details>

# %%
# exercise: conv2d_input

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `grad_output[0, 0, 0, 0] should meet weight[0, 0, 0, 0] there; yours meets weight[0, 0, 0, 1]`: the kernel
#   is not flipped. (Handing out needs no flip: there it happens by itself.)
# - `the result's shape is (1, 1, 1, 4), expected (1, 1, 1, 5): axis 3 is 1 too short`, and only with a
#   stride: the tail is missing.
# - `input must have the channels of weight times groups, 2 · 1 = 2, got 1`: `functional.conv2d` was given the
#   kernels with their axes as they were. Swap the first two.
#
# </details>
#
# When it passes, put your functions to work on each other, in a cell of your own. Your `numerical_gradient`
# measures, your `conv2d_input` computes:
#
# ```python
# size, kernel = (1, 2, 5, 4), rng.standard_normal((3, 2, 2, 3))
# upstream = rng.standard_normal((1, 3, 2, 2))
# layer = lambda image: functional.conv2d(image, kernel, stride=(3, 1))
# numerical_gradient(layer, np.ones(size), upstream) - conv2d_input(size, kernel, upstream, stride=(3, 1))
# ```

# %% [markdown]
# ## Where this is used
#
# **What training costs.** Each product of the forward pass hands back two numbers, and each costs a product.
# So the backward pass of a layer takes twice as many products as the forward pass, and a round of training
# three times as many as using the network. The first layer needs two thirds of that: nobody asks for the
# gradient by the pixels of a photograph.
#
# **What it keeps.** `grad_weight` needs the input of the layer. So each layer's input stays in memory until
# the backward pass comes along.
#
# **Predict** for the second layer of VGG-16, which reads 64 channels of 224 × 224 numbers in `float32`, 4
# bytes each: how much is kept for one picture? How much for a batch of 256?
#
# <details><summary>Answer</summary>
#
# 12.8 million bytes for a picture, and 3.3 billion for the batch. That is one layer of thirteen, and one
# reason why training needs so much more memory than use.
#
# </details>

# %%
entries = 64 * 224 * 224
print(f"forward: {entries * 64 * 3 * 3:,} products, backward: {2 * entries * 64 * 3 * 3:,}")
print(f"kept: {entries * 4:,} bytes for one picture, {256 * entries * 4:,} for 256")

# %% [markdown]
# **Tails in the wild.** These are the seven convolutions of wav2vec 2.0 from chapter 1, on one second of
# sound. Nothing is padded. We set all taps to 1. Then the gradient of a sum counts the ways from a sample to
# the output, and 0 means: not read at all. (No count is negative, so here a sum cannot hide anything.)
#
# **Predict.** 16,000 samples give 49 entries. One entry sees 400 samples, and from one to the next it is 320.
# How many samples at the end are not read?
#
# <details><summary>Answer</summary>
#
# The windows reach 48 · 320 + 400 = 15,760 samples. The last 240 have the gradient 0. That is 15
# milliseconds.
#
# </details>

# %%
sound = torch.ones(1, 1, 16000, dtype=torch.float64, requires_grad=True)
output_of_all = sound
for kernel_size, stride in [(10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2)]:
    taps = torch.ones(1, 1, kernel_size, dtype=torch.float64)
    output_of_all = F.conv1d(output_of_all, taps, stride=stride)
output_of_all.sum().backward()

unread = np.flatnonzero(sound.grad.numpy() == 0)
print(len(unread), "samples with gradient 0, from", unread[0], "to", unread[-1])

# %% [markdown]
# **How libraries check themselves.** `torch.autograd.gradcheck` measures by central differences, with
# `eps` = 1e-6, and its tolerances are made for `float64`. Give it a layer with all options, and it compares
# every entry with what autograd computed.

# %%
image = torch.tensor(rng.standard_normal((1, 2, 6, 5)), requires_grad=True)
kernel = torch.tensor(rng.standard_normal((2, 2, 2, 3)), requires_grad=True)
bias = torch.tensor(rng.standard_normal(2), requires_grad=True)


def layer(image, kernel, bias):
    return F.conv2d(image, kernel, bias, stride=(3, 2), padding=(1, 0), dilation=(2, 1))


print("gradcheck:", torch.autograd.gradcheck(layer, (image, kernel, bias)))

# %% [markdown]
# **A backward pass that runs forward.** A stride makes images smaller, and the gradient by the input makes
# them larger again. Networks that *draw* pictures use it as a layer of its own. It is then called a
# transposed convolution. Chapter 9 builds it.

# %% [markdown]
# ## The card to keep
#
# Tap `(i, j)` of window `(y, x)` met row $u = y\,s_h + i\,d_h$ and column $v = x\,s_w + j\,d_w$ of `padded`.
#
# | | |
# |---|---|
# | grad_weight | $\sum_{n,y,x} \text{padded}[n, c, u, v]\;\mathrm{grad\_output}[n, o, y, x]$ |
# | grad_padded | $\sum_o \sum_{y,i} \sum_{x,j} \mathrm{grad\_output}[n, o, y, x]\;\text{weight}[o, c, i, j]$ |
# | grad_input | grad_padded, with $p_h$ rows and $p_w$ columns cut off on each side |
# | grad_bias | $\sum_{n,y,x} \mathrm{grad\_output}[n, o, y, x]$ |
# | shapes | each gradient has the shape of what it belongs to |
# | in words | grad_weight: a correlation. grad_input: a full one, kernel flipped, channels swapped |
# | stride | spreads grad_output, in both |
# | dilation | in grad_weight the step of grad_output from tap to tap; in grad_input it spreads the kernel |
# | tail | rows of padded from $(H_\text{out} - 1)\,s_h + d_h\,(\mathit{kh} - 1) + 1$ on: gradient 0 |
# | adjoint | ⟨output, grad_output⟩ = ⟨input, grad_input⟩ = ⟨weight, grad_weight⟩ |
# | measured | $(f(x + \mathit{eps}) - f(x - \mathit{eps}))\,/\,(2\,\mathit{eps})$, with 1e-6, in `float64` |
#
# **Three traps**
#
# 1. An upstream gradient of ones, as of `output.sum()`, hides that it is ignored. Draw it at random.
# 2. What overlaps is added, `+=`. A stride as long as the kernel hides an `=`.
# 3. The shape of the output does not tell the shape of the input. Test a stride with sizes that leave rows
#    over.
#
# **Next:** in this chapter the same products were sorted by place, by tap and by sample. The forward pass can
# be computed in these three orders as well. Chapter 8 counts what each of them reads and writes, and then
# makes the sums fast.
