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
# # 1 · One dimension
#
# Multiply a few neighbouring numbers by a few weights. Add up. Move one step to the right and do it again.
# That is the whole operation. A convolutional network repeats it millions of times, and this course builds
# it from that one step.
#
# **After this chapter you can**
#
# - compute a cross-correlation by hand and write it as a function;
# - say what a textbook means by convolution, and find out which of the two a library computes;
# - tell the length of the output before you compute it, for any stride, padding and dilation;
# - read the shape `(N, C, L)` that torch wants.
#
# **You need** Python's loops and functions, NumPy's arrays, and the dot product of two vectors. Nothing
# from other chapters.
#
# **It takes** about an hour. More than half of it belongs to the three exercises.

# %% [markdown]
# ## How to read a chapter
#
# Run the cells from top to bottom: **Shift+Enter** runs one and goes to the next.
#
# At **Predict**, stop. Write your answer on paper, then unfold ours. A wrong guess costs nothing, and it
# shows you what to look at.
#
# At **Exercise**, a function waits for you. Its body is a line that raises `NotImplementedError`: put your
# code in its place. The cell below it runs `check`, which compares your function with torch and shows
# the smallest call that goes wrong. "Run All" stops at the first exercise that is not solved yet. It is
# meant to.

# %%
import numpy as np
import torch
import torch.nn.functional as F

from convlab import draw
from convlab.checks import check

np.set_printoptions(precision=4, suppress=True)

# %% [markdown]
# ## A window slides along a signal
#
# A **signal** is a row of numbers: a sound, a temperature every hour, a stock price every day. A **kernel**
# is a shorter row of numbers. Each of its numbers is called a **tap**.
#
# torch calls the signal `input` and the kernel `weight`, and so do we. (Python's own `input()` is hidden by
# this. We never need it.) `L` is the length of the input, `K` the number of taps. Here are seven samples
# and three taps.

# %%
input = np.array([2, 1, 4, 3, 0, 5, 2])
weight = np.array([4, 2, 1])

L, K = len(input), len(weight)
draw.beside(draw.signal(input, name="input"), draw.signal(weight, name="weight"))

# %% [markdown]
# Lay the kernel on the signal so that its first tap lies on sample 2. The samples it covers are the
# **window**. Multiply each sample of the window by the tap on it, then add the three products.

# %%
draw.products(input, weight, 2)

# %% [markdown]
# The sum is one number of the output, and it is stored at the place where the window starts:
# `output[2] = 22`.
#
# **Predict.** The window moves one step to the right. What is `output[3]`?
#
# <details><summary>Answer</summary>
#
# The window now holds 3, 0 and 5. So `output[3]` is 3·4 + 0·2 + 5·1 = 17.
#
# </details>

# %%
draw.window(input, weight, 3)

# %% [markdown]
# Slide it yourself. **Predict** each sum before you press Next. Then click a tap and type another number: which
# outputs change, and which do not?

# %%
draw.explore(input, weight)

# %% [markdown]
# ## The formula
#
# Let `x` be the place where the window starts, and let `k` count the taps. Tap `k` lies on sample `x + k`:
#
# $$\text{output}[x] \;=\; \sum_{k=0}^{K-1} \text{input}[x + k]\;\text{weight}[k]$$
#
# This is called **cross-correlation**. Each entry is the dot product of the kernel with one window. So
# among windows of equal strength (equal sums of squares), the one that has the kernel's pattern gives the
# largest entry.
#
# Here is one entry, term by term, with the same letters.

# %%
x = 2
output_x = input[x + 0] * weight[0] + input[x + 1] * weight[1] + input[x + 2] * weight[2]
print(f"output[{x}] = {output_x}")

# %% [markdown]
# ## How many places are there?
#
# **Predict.** Seven samples, three taps, and the window must not hang over an end. At how many places can
# it start?
#
# <details><summary>Answer</summary>
#
# At five: 0, 1, 2, 3 and 4. The last window holds samples 4, 5 and 6.
#
# </details>

# %%
draw.beside(
    draw.signal(input, window=(0, 3), name="first window"),
    draw.signal(input, window=(4, 3), name="last window"),
)

# %% [markdown]
# The last window ends with the signal, so it starts at $L - K$. Counting from 0, the number of places is
# one more:
#
# $$L_\text{out} = L - K + 1$$
#
# Keeping only windows that lie wholly inside the signal is called **valid**. Mind the `+ 1`.

# %% [markdown]
# ## How to read torch's (N, C, L)
#
# From now on torch is our witness. It computes cross-correlations with `F.conv1d`, but it does not take a
# plain row of numbers. It wants three axes:
#
# | axis | its letter | what it counts |
# |---|---|---|
# | 0 | N | signals in the **batch**: independent recordings, worked on together |
# | 1 | C | **channels**: numbers measured at the same moment, such as left and right of a stereo sound |
# | 2 | L | samples: the moments themselves |
#
# Here is a batch of N = 2 stereo sounds, C = 2, with L = 5 samples each.

# %%
batch = np.array([[[1, 2, 3, 4, 5], [0, 1, 0, 1, 0]], [[7, 7, 8, 8, 9], [2, 0, 2, 0, 2]]])
print("shape (N, C, L) =", batch.shape, "   batch[1, 0, 4] =", batch[1, 0, 4])

draw.beside(draw.grid(batch[0], name="batch[0]"), draw.grid(batch[1], name="batch[1]"))

# %% [markdown]
# The kernels have three axes too: `(C_out, C_in, K)`. Axis 0 counts kernels, and every kernel gives one
# channel of the output. Axis 1 must agree with the channels of the input. Chapter 3 is about what happens
# along these axes.
#
# Until then everything has one signal, one channel and one kernel. Indexing with `None` puts an axis of
# length 1 there, and `[0, 0]` takes two such axes away.

# %%
print("input: ", input.shape, "->", input[None, None].shape, " = (N, C, L)")
print("weight:", weight.shape, "->", weight[None, None].shape, " = (C_out, C_in, K)")

# %% [markdown]
# We shall ask torch often, so let us write the question down once. The arrays become `float64`, because
# torch wants one dtype for both.


# %%
def ask_torch(input, weight, **options):
    """torch's cross-correlation of one plain signal with one plain kernel."""
    batch = torch.tensor(np.array(input, dtype=float))[None, None]  # (1, 1, L)
    kernels = torch.tensor(np.array(weight, dtype=float))[None, None]  # (1, 1, K)
    return F.conv1d(batch, kernels, **options)[0, 0].numpy()


ask_torch(input, weight)

# %% [markdown]
# Five entries, and the 22 and the 17 stand at the places 2 and 3, as you found by hand.
#
# **Predict.** An input of shape `(8, 2, 100)` meets kernels of shape `(16, 2, 5)`. Which shape comes out?
#
# <details><summary>Answer</summary>
#
# `(8, 16, 96)`: 8 signals stay 8 signals, 16 kernels give 16 channels, and 100 − 5 + 1 = 96 places.
#
# </details>

# %%
F.conv1d(torch.zeros(8, 2, 100), torch.zeros(16, 2, 5)).shape

# %% [markdown]
# <details><summary>Three messages torch gives about shapes and dtypes, and what they mean</summary>
#
# - `Expected 2D (unbatched) or 3D (batched) input to conv1d, but got input of size:
#   [7]`: axes are missing: write `input[None, None]`.
# - `expected scalar type Double but found Float`, or `Long but found Float`: the two sides differ in dtype.
#   NumPy's defaults are `float64` and, for integers, `int64`; torch's is `float32`.
# - `Kernel size can't be greater than actual input size`: there is no place at which the window fits.
#
# </details>

# %% [markdown]
# ## What a kernel can say about a signal
#
# The taps decide what is measured. Take [−1, 0, 1]: each window gives its last sample minus its first. So
# the output says how fast the signal climbs.
#
# This signal climbs by 1 at each step, from 0 to 10, and then drops to 0.
#
# **Predict.** What does [−1, 0, 1] give along the climb? And what does it give at the last place?
#
# <details><summary>Answer</summary>
#
# Along the climb, two steps lie between the first sample of a window and its last, so each entry is 2. The
# last window holds 9, 10 and 0. It gives 0 − 9 = −9: the drop.
#
# </details>

# %%
ramp = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0])
slope = np.array([-1, 0, 1])
expected = [2, 2, 2, 2, 2, 2, 2, 2, 2, -9]

assert np.array_equal(ask_torch(ramp, slope), expected), "torch disagrees with the ramp worked by hand"
draw.window(ramp, slope, 9, output=expected)

# %% [markdown]
# Now take three equal taps that add up to 1. Each entry is the mean of its window, so jumps get smaller.
#
# The sum of the taps tells what happens to a constant signal. If it is 1, as here, the signal keeps its
# value. If it is 0, as for [−1, 0, 1], zeros come out.

# %%
jumpy = np.array([3, 3, 9, 3, 3, 3, 6, 6, 0, 6])
mean = np.array([1, 1, 1]) / 3

draw.beside(draw.signal(jumpy, name="jumpy"), draw.signal(ask_torch(jumpy, mean), name="means of three"))

# %% [markdown]
# ## Exercise: `correlate1d`
# <!-- exercise: correlate1d -->
#
# Write the cross-correlation of a plain signal with a plain kernel, for every place where the window fits:
#
# $$\text{output}[x] = \sum_{k=0}^{K-1} \text{input}[x + k]\;\text{weight}[k], \qquad 0 \le x < L - K + 1$$
#
# The arguments are 1-D arrays of integers or of floats. The kernel is never longer than the signal, but it
# may be just as long. Leave both arguments as they are, and return a new array.
#
# Two loops are welcome. Do not call torch's or NumPy's own convolution, nor an FFT or a product of
# polynomials: the point is to write the sums.

# %%
draw.window([5, 0, 1, 3, 2, 6], [1, 0, 2, 1], 1, output=[10, 8, 11])

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# How many entries does the output have? Make an array of that many zeros, and fill it one entry at a time.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Two loops, one inside the other. The outer one goes through the places `x`, the inner one through the taps
# `k`. Each turn of the inner loop adds one product to one entry.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# The innermost line has the form `output[x] += input[...] * weight[k]`. The formula says what stands
# between the brackets.
#
# </details>

# %%
# exercise: correlate1d

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `the result's shape is (0,), expected (1,): axis 0 is 1 too
#   short`: the last window is missing. There are `L - K + 1` places, and `range(n)` ends at `n - 1`.
# - `IndexError: index 1 is out of bounds for axis 0 with size 1`: a window hangs over the end. The outer
#   loop runs too far, perhaps to `L`.
# - `the result's dtype is int64, so every fraction was cut off`: `output` was made with an integer dtype,
#   as `np.zeros(n, dtype=input.dtype)` does for a signal of integers. Plain `np.zeros(n)` holds floats.
#
# </details>

# %% [markdown]
# ### Spot it: the last place
#
# A classmate's outer loop begins with `for x in range(L - K):`. Their only test is the signal
# [4, 1, 3, 0, 0] with the kernel [2, 1], into an output of `L - K + 1` zeros. It prints `[9. 5. 6. 0.]`. So
# does torch.

# %%
ask_torch([4, 1, 3, 0, 0], [2, 1])

# %% [markdown]
# **Predict.** What is wrong with the loop, and why did the test not see it?
#
# <details><summary>Answer</summary>
#
# `range(L - K)` stops before the last place, so `output[3]` was never computed. It kept the zero it was
# born with. The test signal ends in two zeros, so the right answer there is 0 as well. Test with data in
# which nothing is zero by accident, and with a kernel as long as the signal: then the last place is the
# only one.
#
# </details>

# %% [markdown]
# ## The echo: what a textbook means by convolution
#
# You clap once in a hall. A microphone records the clap at strength 4, an echo of strength 2 one step
# later, and one of strength 1 after two steps. That is our kernel. The single clap is called an
# **impulse**, and what comes back is the **impulse response** of the hall.
#
# Now two claps: one at time 0, and one three times as loud at time 2. Each sets off its own copy of the
# echo. The copies add up.

# %%
heard = [4, 2, 13, 6, 3]
draw.stamps([1, 0, 3], [4, 2, 1], output=heard, names=("claps", "echo", "heard"))

# %% [markdown]
# What is heard at time `n`? A clap of `k` steps ago is heard `weight[k]` times as loud as it was. "`k`
# steps ago" is time `n - k`. There is the minus sign:
#
# $$\text{output}[n] \;=\; \sum_{k=0}^{K-1} \text{input}[n - k]\;\text{weight}[k]$$
#
# This is **convolution**, as a textbook defines it. Outside its ends the signal counts as zero: nobody
# clapped. The echo goes on after the last clap, so the output is longer than the input. Keeping all of it
# is called **full**.
#
# One entry, term by term: at time 1 of our seven samples, the tap `k = 2` would need the sample at −1.
# There is none, so that term is zero.

# %%
n = 1
output_n = input[n - 0] * weight[0] + input[n - 1] * weight[1] + 0 * weight[2]

assert output_n == np.convolve(input, weight)[n], "np.convolve disagrees with the textbook formula"
print(f"output[{n}] = {output_n}")

# %% [markdown]
# ## The minus sign flips the kernel
#
# In the formula, `k` runs up while `n - k` runs down. So the first tap meets the newest sample and the last
# tap the oldest. Draw that as a window: the kernel lies on the signal back to front. We say it is
# **flipped**. Read the indices below its taps: 2, 1, 0. The zeros at either end are the silence before and
# after.

# %%
names = ("input", "weight, flipped", "output")
draw.window(input, weight[::-1], 4, padding=K - 1, flipped=True, names=names)

# %% [markdown]
# So there are two operations. Cross-correlation slides the kernel as it is. Convolution slides it flipped.
# Which of the two does torch's `conv1d` compute? An impulse and a kernel that is not symmetric give it
# away.
#
# **Predict.** The input is [0, 0, 1, 0, 0], the kernel [4, 2, 1]. What does cross-correlation give at its
# three places? And what does convolution give there?
#
# <details><summary>Answer</summary>
#
# At place 0 the window is [0, 0, 1], and the 1 lies under the last tap. Cross-correlation gives 1 there,
# then 2, then 4: the kernel comes out back to front. Convolution gives 4, 2, 1: the echo of one clap.
#
# </details>

# %%
impulse = np.array([0, 0, 1, 0, 0])

print("F.conv1d                ", ask_torch(impulse, weight).astype(int))
print("np.correlate, 'valid'   ", np.correlate(impulse, weight, "valid"))
print("np.convolve,  'valid'   ", np.convolve(impulse, weight, "valid"))
print("np.convolve,  'full'    ", np.convolve(impulse, weight, "full"))

# %% [markdown]
# **torch's convolution is a cross-correlation.** So are TensorFlow's `conv1d`, JAX's `lax.conv` and ONNX's
# `Conv`. The minus sign of the textbook is not in them.
#
# For a network that learns its kernels this costs nothing. If the flipped kernel is the better one,
# training finds that one. It matters as soon as taps come from elsewhere: from a book, a filter designer,
# another library. And it comes back in chapter 7, where the gradient with respect to the input turns out to
# be a convolution.

# %%
draw.flip(weight)

# %% [markdown]
# Why would anybody want the flip? Because it makes convolution behave as a product does. There is a one, as
# in multiplication: an impulse at time 0 gives the kernel back as it is. And the two sides can be
# exchanged: it makes no difference which of them is called the signal. Cross-correlation keeps neither
# promise. Its answer to an impulse is the kernel back to front, and exchanging the sides turns the output
# back to front.

# %%
a, b = np.array([2, 1, 4]), np.array([4, 2, 1])

print("convolve: ", np.convolve(a, b), np.convolve(b, a))
print("correlate:", np.correlate(a, b, "full"), np.correlate(b, a, "full"))

# %% [markdown]
# ### Spot it: the kernel that looks the same from both ends
#
# Suppose a blog post says that `np.convolve` and `F.conv1d` do the same, and proves it like this.
#
# **Predict.** Both lines print the same numbers. Why is this no proof?

# %%
print("np.convolve", np.convolve(input, [1, 2, 1], "valid"))
print("F.conv1d   ", ask_torch(input, [1, 2, 1]).astype(int))

# %% [markdown]
# <details><summary>Answer</summary>
#
# [1, 2, 1] is symmetric: flipped, it is still [1, 2, 1]. A symmetric kernel cannot tell the two operations
# apart. Neither can a kernel of one tap. Put [4, 2, 1] in both lines and run the cell again.
#
# </details>

# %% [markdown]
# ### Spot it: fixed by trial
#
# Someone needs a true convolution and gets [1, 2, 4] from torch where [4, 2, 1] is right. They reverse the
# *output*. The test passes, so they go home.
#
# **Predict.** Does reversing the output also help for the seven samples we began with?

# %%
for signal in (impulse, input):
    wanted = np.convolve(signal, weight, "valid")
    reversed_output = ask_torch(signal, weight)[::-1].astype(int)
    print("wanted:         ", wanted)
    print("reversed output:", reversed_output)

# %% [markdown]
# <details><summary>Answer</summary>
#
# No. What has to be flipped is the kernel, `weight[::-1]`, and only that. Reversing the output passed
# because the impulse stood in the middle, so the *signal* was symmetric. A fix that was found by trying
# things until one test passed has been tried on one test. Ask instead what the formula says.
#
# </details>

# %% [markdown]
# ## Exercise: `convolve1d`
# <!-- exercise: convolve1d -->
#
# Write the true convolution of a plain signal with a plain kernel, with all of the echo:
#
# $$\text{output}[n] = \sum_{k=0}^{K-1} \text{input}[n - k]\;\text{weight}[k], \qquad 0 \le n < L + K - 1$$
#
# where a term is zero if `n - k` lies outside the signal. The kernel may be longer than the signal.
#
# Below it is a sliding window, for the signal and the kernel we began with. `K - 1` zeros stand at either end
# of the signal, and the kernel is flipped. In the first window only one tap lies on the signal itself.

# %%
draw.explore(input, weight, padding="full", flip=True)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Start from `correlate1d`. Two things change: how many entries there are, and which sample meets tap `k`.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Follow the formula with the minus sign, entry by entry. Before you use sample `n - k`, ask whether there
# is one. (Another way: walk through the samples instead, and let each one add its own copy of the kernel to
# the output.)
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# The question "is there such a sample" is a chained comparison, `... <= n - k < ...`, in an `if` around the
# line that adds the product.
#
# </details>

# %%
# exercise: convolve1d

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `weight[1] should add nothing there; yours meets input[0]`: `n - k` was negative. Python
#   took `input[-1]` for the last sample and raised no error.
# - `IndexError: index 1 is out of bounds for axis 0 with size 1`: this is the other end. `n - k` was `L` or
#   more.
# - `the result's shape is (1,), expected (3,): axis 0 is 2 too
#   short`: that is the valid part. The full output has `L + K - 1` entries.
#
# </details>

# %% [markdown]
# ### Spot it: the definition above, or the one below?
#
# A notebook remembers what was *run*, not what is written. The number in brackets counts the runs. Here are
# two cells of a notebook, in the order in which they stand.
#
# ```text
# In [3]:  print(conv([0, 1, 0], [4, 2]))
#          [2, 4]
#
# In [4]:  def conv(signal, kernel):      # a true convolution: flips the kernel
#              ...
# ```
#
# **Predict.** This `conv` is right, and it would have printed `[4, 2]`. Where does `[2, 4]` come from? What
# will happen on another machine, where somebody chooses "Run All"?
#
# <details><summary>Answer</summary>
#
# Run 3 came before run 4. So it used an older `conv`, from run 1 or 2: the same cell, say, before it was
# mended. The old result still stands there, and it looks like a result of the new code. On another machine
# there is no older `conv`. "Run All" starts at the top, and the first cell ends in a `NameError`.
#
# Choose "Restart Kernel and Run All Cells" before you believe a notebook, and before you hand one in.
#
# </details>

# %% [markdown]
# ## Length again: padding, stride and dilation
#
# Three options change where windows may start and what they cover. Chapters 4 and 5 treat them fully. Their
# effect on the length of the output is only counting, so we do it now.
#
# **Padding** `p` puts `p` zeros at either end of the signal before anything else happens. The signal gets
# 2·`p` samples longer, so there are 2·`p` places more.

# %%
print("padding 1:", len(ask_torch(input, weight, padding=1)), "entries")
draw.places(7, 3, padding=1)

# %% [markdown]
# Each row shows where one window lies. A coloured number is the tap that lies there, not a value.

# %% [markdown]
# **Stride** `s` is how far the window moves from one place to the next. So far it moved by 1. With stride 2
# it starts at samples 0, 2 and 4, and `output[x]` belongs to the window that starts at `x * s`.

# %%
print("stride 2:", len(ask_torch(input, weight, stride=2)), "entries")
draw.places(7, 3, stride=2)

# %% [markdown]
# **Predict.** Seven samples, three taps, stride 3. How many entries? Does every sample get used?
#
# <details><summary>Answer</summary>
#
# Two. The windows start at 0 and at 3. A third one would start at 6 and hang over the end. It is dropped,
# so sample 6 is in no window at all. torch says nothing about that.
#
# </details>

# %%
print("stride 3:", len(ask_torch(input, weight, stride=3)), "entries")
draw.places(7, 3, stride=3)

# %% [markdown]
# **Dilation** `d` is the distance from one tap to the next. So far it was 1. With dilation 2 the three taps
# lie on samples `x`, `x + 2` and `x + 4`. It is as if the kernel had zeros between its taps, and it now
# spans 5 samples.

# %%
spread = np.array([4, 0, 2, 0, 1])

dilated = ask_torch(input, weight, dilation=2)
assert np.array_equal(dilated, ask_torch(input, spread)), "dilation 2 is a zero between the taps"
print("dilation 2:", len(dilated), "entries")
draw.window(input, weight, 1, dilation=2)

# %% [markdown]
# **Predict.** How many samples do three taps span at dilation 3? And four taps at dilation 2?
#
# <details><summary>Answer</summary>
#
# Seven in both cases. Between three taps there are two gaps, and 2·3 + 1 = 7. Between four taps there are
# three gaps, and 3·2 + 1 = 7. The `+ 1` is the first tap itself.
#
# </details>

# %% [markdown]
# ## Exercise: `output_size`
# <!-- exercise: output_size -->
#
# Count the places for any combination of the three options. The result is a Python integer. No arrays are
# needed.
#
# Here are three counts from above, and one that mixes all the options.
#
# | places | size | kernel_size | stride | padding | dilation |
# |---|---|---|---|---|---|
# | 7 | 7 | 3 | 1 | 1 | 1 |
# | 2 | 7 | 3 | 3 | 0 | 1 |
# | 3 | 7 | 3 | 1 | 0 | 2 |
# | 4 | 7 | 3 | 2 | 2 | 2 |
#
# The picture belongs to the last row: stride 2, padding 2, dilation 2, and the last of its four windows. Why is
# there no fifth?

# %%
draw.window(input, weight, 3, stride=2, padding=2, dilation=2)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Two numbers decide everything: how long the padded signal is, and how many samples the spread-out kernel
# spans.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# The last start that fits is the padded length minus the span. The windows start at 0, s, 2s and so on, as
# long as they do not pass it. How many multiples of s lie between 0 and the last start, both included?
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# Padding adds to *both* ends. The kernel has `kernel_size - 1` gaps, each of length `dilation`, and one
# sample more. Then divide the last start by the stride with `//`, and do not forget that 0 is a start too.
#
# </details>

# %%
# exercise: output_size

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `the result is 3.0, a floating-point number; a size is an
#   integer`: `/` gives a float even if it divides evenly. `//` rounds down and stays an integer.
# - `got 0, expected 1`, and always one too few: the `+ 1` is missing. From the first start to the last it
#   is so many steps, but the starts are one more.
# - `got 4, expected 2`, and nothing wrong while the stride is 1: `//` binds before `-` and `+`. Put
#   brackets around what is divided.
#
# </details>

# %% [markdown]
# ## Where this is used
#
# Counting windows is daily work for whoever handles sound. Some real numbers:
#
# | where | size | kernel_size | stride | padding |
# |---|---|---|---|---|
# | speech spectrogram: windows of 25 ms, one every 10 ms | 16000 | 400 | 160 | 0 |
# | wav2vec 2.0, the first of its seven layers | 16000 | 10 | 5 | 0 |
# | Whisper, second layer, on 3000 frames | 3000 | 3 | 2 | 1 |
#
# The first two rows take one second of speech, at 16,000 samples a second. The third takes 30 seconds,
# which arrive as 3000 frames.
#
# **Predict** the three lengths. If your `output_size` works, ask it in a cell of your own (press **Esc**,
# then **B**).

# %%
for size, kernel_size, stride, padding in [(16000, 400, 160, 0), (16000, 10, 5, 0), (3000, 3, 2, 1)]:
    output = ask_torch(np.zeros(size), np.zeros(kernel_size), stride=stride, padding=padding)
    print(f"{size:6} -> {len(output)}")

# %% [markdown]
# Layers are stacked, so the lengths are chained. These are the seven layers of wav2vec 2.0. A second of
# sound goes in with length 16000 and comes out with length 49: about one place every 20 milliseconds.

# %%
signal = np.zeros(16000)
for kernel_size, stride in [(10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2)]:
    signal = ask_torch(signal, np.zeros(kernel_size), stride=stride)
    print(f"kernel {kernel_size:2}, stride {stride} -> {len(signal)}")

# %% [markdown]
# True convolution, with the minus sign, is at home where the echo is. A concert hall is measured once, by
# recording the response to an impulse. Convolve a recording from a room without echo with that response,
# and it sounds as if it had been played in the hall. The product of two polynomials is a convolution of
# their coefficients. And the chances for the sum of two dice are the convolution of the chances for each.

# %%
np.convolve([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1])  # of 36 throws: how many give 2, 3, …, 12

# %% [markdown]
# ## The card to keep
#
# | | |
# |---|---|
# | cross-correlation (torch's `conv1d`) | $\text{output}[x] = \sum_k \text{input}[x + k]\;\text{weight}[k]$ |
# | convolution (`np.convolve`) | $\text{output}[n] = \sum_k \text{input}[n - k]\;\text{weight}[k]$ |
# | between the two | flip the kernel: `weight[::-1]` |
# | shape | `(N, C_in, L)` with `(C_out, C_in, K)` gives `(N, C_out, L_out)` |
# | length | $L_\text{out} = \left\lfloor \dfrac{L + 2p - d\,(K - 1) - 1}{s} \right\rfloor + 1$ |
# | in short | valid: $L - K + 1$; full: $L + K - 1$ |
#
# **Three traps**
#
# 1. `range(L - K)` forgets the last place.
# 2. A negative index does not fail. `input[-1]` is the last sample, where the formula means zero.
# 3. A symmetric kernel, a symmetric signal or a single tap hides a flip. Test with something like
#    [4, 2, 1].
#
# **Next:** the same window, on rows *and* columns. Chapter 2 finds the edges in a photograph.
