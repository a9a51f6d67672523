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
# # 11 · Break it, test it
#
# For ten chapters, `check` had the last word. Somebody else had chosen its calls, and you trusted them. Now you
# change sides. You will break convolutions on purpose, find out what is wrong with those that others broke, and
# choose the calls yourself.
#
# **After this chapter you can**
#
# - say what a test must contain so that a slip has nowhere to hide;
# - measure a test, by letting wrong code run through it;
# - ask a black box what it does, with a single 1 and with digits;
# - cut a failing case down until nothing can be left out;
# - write tests for a convolution that hardly any wrong one passes.
#
# **You need** chapters 1 to 5: the operator with all its options. Chapter 7 is mentioned once.
#
# **It takes** about an hour and a quarter. Two thirds of it belongs to the two exercises.

# %%
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from numpy.lib.stride_tricks import as_strided

from convlab import draw
from convlab.checks import check
from convlab.checks.bugs import buggy_conv2d, show_code

np.set_printoptions(precision=4, suppress=True)


def ask_torch(input, weight, bias=None, **options):
    """torch's convolution of images (N, C_in, H, W) under filters (C_out, C_in, kh, kw)."""
    arrays = [input, weight] if bias is None else [input, weight, bias]
    tensors = [torch.tensor(np.array(array, dtype=float)) for array in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about even kernels with "same"
        return F.conv2d(*tensors, **options).numpy()


# %% [markdown]
# ## A test is a case and an answer
#
# A **case** is a set of arguments. We write it as a dict, and `ask_torch(**case)` calls torch with it. A test
# is a case together with what must come out. Code passes if that comes out, and else it fails.
#
# A test has two duties. It must let right code pass. And it should fail wrong code: then we say it **catches**
# it. Here is a popular case: the numbers 0 to 24 under a 3 × 3 kernel of ones.

# %%
popular = {"input": np.arange(25).reshape(1, 1, 5, 5), "weight": np.ones((1, 1, 3, 3))}

draw.window(popular["input"][0, 0], popular["weight"][0, 0].astype(int), (1, 1))

# %% [markdown]
# To find out what it catches we need wrong code. That is easy to make: a wrong convolution is a right one with
# a changed argument. Each **slip** below changes the case, and torch does the rest. (`case | {...}` is a copy
# of the case in which some entries are replaced.)

# %%
slips = {
    "kernels flipped": lambda case: case | {"weight": case["weight"][..., ::-1, ::-1]},
    "kernels on their side": lambda case: case | {"weight": case["weight"].swapaxes(2, 3)},
    "weight as [in, out]": lambda case: case | {"weight": case["weight"].swapaxes(0, 1)},
    "first image for all": lambda case: case | {"input": np.repeat(case["input"][:1], len(case["input"]), 0)},
    "bias forgotten": lambda case: case | {"bias": None},
    "strides swapped": lambda case: case | {"stride": case.get("stride", (1, 1))[::-1]},
    "padding forgotten": lambda case: case | {"padding": 0},
    "dilation forgotten": lambda case: case | {"dilation": 1},
}


def catches(case, slip):
    right = ask_torch(**case)
    try:
        wrong = ask_torch(**slips[slip](case))
    except RuntimeError:  # it does not even run: nobody could miss that
        return True
    return wrong.shape != right.shape or not np.allclose(wrong, right)


# %% [markdown]
# **Predict.** How many of the eight slips does the popular case catch?
#
# <details><summary>Answer</summary>
#
# None. A kernel of ones looks the same flipped and on its side. There is one image, one channel and one filter,
# so there is nothing to mix up. And there is no bias, no stride, no padding and no dilation.
#
# </details>

# %%
print("caught:", [slip for slip in slips if catches(popular, slip)])

# %% [markdown]
# ## Equal things hide
#
# Nearly every slip puts one thing in the place of another: rows for columns, the first image for the second,
# 0 for 2. If the two are equal, nothing changes, and no test on earth can tell. So here is the first rule:
#
# **Make different whatever can be different.**
#
# Here are three more cases. `taps` is the popular one with a kernel of different numbers. `equal` uses every
# option, with the same number for rows and columns, on a square image, and its bias is 0. In `different` no two
# numbers that could be mixed up are equal.

# %%
rng = np.random.default_rng(11)


def whole(*size):
    return rng.integers(-9, 10, size)


taps = popular | {"weight": np.arange(9).reshape(1, 1, 3, 3)}
equal = {"input": whole(2, 2, 7, 7), "weight": whole(2, 2, 3, 3), "bias": np.zeros(2)}
equal |= {"stride": (2, 2), "padding": (1, 1), "dilation": (2, 2)}
different = {"input": whole(2, 3, 7, 8), "weight": whole(4, 3, 3, 2), "bias": whole(4)}
different |= {"stride": (2, 3), "padding": (1, 2), "dilation": (2, 1)}

# %% [markdown]
# **Predict.** Which two slips does `equal` miss?
#
# <details><summary>Answer</summary>
#
# The bias, because it is 0. And the swapped strides: exchanging 2 and 2 changes nothing.
#
# </details>

# %%
cases = {"popular": popular, "taps": taps, "equal": equal, "different": different}
caught = np.array([[catches(case, slip) for slip in slips] for case in cases.values()]).astype(int)

for name, row in zip(cases, caught):
    print(f"{name:10} catches {row.sum()} of {len(slips)}")
draw.grid(caught.T, name="1 is caught", rows=list(slips), columns=list(cases), heat=True)

# %% [markdown]
# Such a table is called a **kill matrix**. Each column is a case, each row a wrong function. A column of ones is
# what you want. A row of zeros is a slip that nobody notices.
#
# So tests can be measured, and the measure is not how many tests there are. `different` is a single case.

# %% [markdown]
# ### Spot it: the option that was never used
#
# Chapter 4 told of a finished operator whose windows began at `max(y * stride - padding, 0)`. Its test drew random
# numbers, an image of 5 × 5 and a kernel of 3 × 3, and compared every entry with torch. It used padding 0.
#
# **Predict.** What is equal in this test that could be different? How many entries were wrong at padding 0, 1 and 2?
#
# <details><summary>Answer</summary>
#
# The padding is equal to its default, so `max` finds nothing to do: the wrong start and the right one are the same.
# None of 9 entries is wrong at padding 0, 9 of 25 at padding 1, and 24 of 49 at padding 2.
#
# An option that is left at its default is not tested at all.
#
# </details>

# %%
image, kernel = rng.standard_normal((1, 1, 5, 5)), rng.standard_normal((1, 1, 3, 3))

for p, wrong_entries in [(0, 0), (1, 9), (2, 24)]:
    right = ask_torch(image, kernel, padding=p)
    starts = np.maximum(np.arange(right.shape[2]) - p, 0)  # which window of torch's the clamped one is
    clamped = ask_torch(np.pad(image, ((0, 0), (0, 0), (0, p), (0, p))), kernel)[:, :, starts][..., starts]
    wrong = (~np.isclose(clamped, right)).sum()
    assert wrong == wrong_entries, f"at padding {p} another number of entries is wrong"
    print(f"padding {p}: {wrong} of {right.size} entries wrong")

# %% [markdown]
# ## How good are the tests that people use?
#
# While this course was written, we measured some. We let 21 wrong 2-D convolutions run through the tests that six
# well-known courses publish.
#
# **Predict.** Of the 21, how many did the best of the six catch? And the worst?
#
# <details><summary>Answer</summary>
#
# 17 and 5. Between them lie 15, 15, 13 and 9. Not one of the six caught all of them.
#
# </details>
#
# Three of the six also ask for gradients. Of 11 wrong backward passes their tests caught 10, 9 and 7.
#
# To know what a convolution does is not enough, then. A table of calls in which nothing is equal by accident caught
# all 21 and all 11. The rest of this chapter says what stands in such a table.

# %% [markdown]
# ## What hides what
#
# | if these are equal | this slip cannot be seen |
# |---|---|
# | H and W | rows and columns of the image exchanged |
# | kh and kw | the kernel on its side, or its height used for its width |
# | the two numbers of an option | the pair swapped, or its first number used for both axes |
# | stride and dilation | one used for the other |
# | a kernel and its mirror image | the kernel flipped |
# | all pixels | a window that is read at the wrong place |
# | the bias and 0 | the bias forgotten, or added too often |
# | N, C_in or C_out and 1 | the axis forgotten, or only its first entry used |
# | all numbers and whole numbers | fractions cut off |
#
# The last line has a second half. If the image holds *floats*, then an output that takes the image's dtype is
# right. So a test needs whole numbers in the image, and fractions in the weight.
#
# **Predict.** A sum of products can also be wrong in its sign, or lose what is below 0. Does the image 0 to 24
# under taps 0 to 8 notice that negative sums are cut off?
#
# <details><summary>Answer</summary>
#
# No. Nothing is negative, so no sum is. Use numbers of both signs.
#
# </details>

# %%
print("smallest entry with taps:", ask_torch(**taps).min(), "  with different:", ask_torch(**different).min())

# %% [markdown]
# ### Spot it: the helpful layer
#
# Some libraries store a weight as `(C_out, C_in, kh, kw)`, others as `(C_in, C_out, kh, kw)`. A classmate wants
# to take both. Their code looks which axis fits the image, and turns the weight round if need be.


# %%
def helpful(input, weight):
    if weight.shape[0] == input.shape[1]:  # then its first axis counts the channels going in
        weight = weight.swapaxes(0, 1)
    return ask_torch(input, weight)


# %% [markdown]
# **Predict.** The test has N = 2, C_in = 3 and C_out = 4, all different as the rule wants it. Does it catch
# anything? Which sizes would?
#
# <details><summary>Answer</summary>
#
# It catches nothing: 4 is not 3, and the weight stays as it is. But with C_in = C_out both axes fit, and the
# weight is turned round although it was right. So it takes a case with C_in = C_out, of at least 2.
#
# </details>

# %%
for C_in, C_out in [(3, 4), (3, 3)]:
    image, filters = whole(2, C_in, 5, 6), whole(C_out, C_in, 2, 3)
    same = np.array_equal(helpful(image, filters), ask_torch(image, filters))
    print(f"C_in = {C_in}, C_out = {C_out}: right is {same}")

# %% [markdown]
# So the first rule needs a second one. Code may treat special sizes in a special way, and then only these show
# it:
#
# **Then add the coincidences, one case for each.**
#
# | coincidence | what only it shows |
# |---|---|
# | C_in = C_out | a layout that was guessed |
# | a kernel as large as the image | the only place lost, or refused |
# | a kernel of 1 × 1, with stride and padding | a fast way that forgets the options |
# | an axis of length 1 in the output | an axis that got lost, as `np.squeeze` loses it |
# | an even kernel with `same` | the odd zero on the wrong side |
# | `same` or `full` with a dilation | zeros counted without the dilation |

# %% [markdown]
# ## All the remainders
#
# A stride that does not come out even has its own slips. From the first place of the window to the last one
# that could be, it is `way` pixels. Taking steps of `s`, `way % s` pixels are left over. At stride 3 that can be
# 0, 1 or 2:

# %%
draw.beside(*[draw.places(9 + rest, 3, stride=3, name=f"remainder {rest}") for rest in (0, 1, 2)])

# %% [markdown]
# The right number of places is `way // s + 1`. Here are three others that people write: rounding up, rounding
# to the nearest, and adding the 1 before the division.
#
# **Predict.** At stride 3, for which remainders is each of the three right?
#
# <details><summary>Answer</summary>
#
# Rounding up is right for remainder 0 only. Rounding to the nearest is right for 0 and 1: a third of a step is
# rounded down, two thirds are rounded up. Adding the 1 first is right for 2 only.
#
# </details>

# %%
s = 3
for size in (9, 10, 11):
    way = size - 3
    right, up, nearest, one_first = way // s + 1, -(-way // s) + 1, round(way / s) + 1, (way + 1) // s
    assert len(ask_torch(np.zeros((1, 1, size, 1)), np.zeros((1, 1, 3, 1)), stride=s)[0, 0]) == right
    print(f"remainder {way % s}:  right {right}   up {up}   nearest {nearest}   one first {one_first}")

# %% [markdown]
# No remainder catches all three. Remainder 2 catches the first two, and stride 2 does not have it. Remainder 0
# catches the third. The same goes for gradients: code that gives back *one* row of chapter 7's tail is right for
# remainder 1, and wrong for 2.

# %% [markdown]
# ## The same numbers, another memory
#
# An array is a piece of memory and a rule how to walk through it. Transposing changes only the rule. `image.T`
# holds nothing new.
#
# A classmate makes windows with `as_strided`, as in chapter 6. But they work the steps out from the shape: from
# row to row W numbers, from one pixel to the next a single number. Here is what their code takes for the image.

# %%
H, W = 4, 5
fresh = np.arange(20.0).reshape(H, W)
turned = np.arange(20.0).reshape(W, H).T  # the same shape


def as_they_see_it(image):
    return as_strided(image, (H, W), (8 * W, 8))  # a float64 has 8 bytes


assert np.array_equal(as_they_see_it(fresh), fresh), "on a fresh array the steps are right"
print("fresh is seen right:", np.array_equal(as_they_see_it(fresh), fresh), "  strides:", fresh.strides)

# %% [markdown]
# **Predict.** `turned` has the same shape. Its columns were rows once: 0 to 3 stand in column 0. What do they
# take for its first row?
#
# <details><summary>Answer</summary>
#
# 0 1 2 3 4. That is the order in memory, where the numbers still lie as they did before the transpose. The first
# row is 0 4 8 12 16.
#
# </details>

# %%
draw.beside(draw.grid(turned, name="turned"), draw.grid(as_they_see_it(turned), name="as they see it"))

# %% [markdown]
# The tests of all six courses let such a function pass. Yours will meet such arrays as soon as images come with the
# channels last, and `np.moveaxis` puts them first. So test with a transposed array, and with a reversed one,
# `image[..., ::-1]`. The right steps are in `image.strides`.
#
# (In the exercises below, arrays are judged by their numbers only.)

# %% [markdown]
# ### Spot it: the upstream gradient of ones
#
# **Predict.** A test of a backward pass calls `output.sum().backward()`. Say with the first rule of this chapter
# what it hides.
#
# <details><summary>Answer</summary>
#
# The gradient of a sum is 1 for every entry. All of `grad_output` is equal. So code that ignores it, reads it
# upside down, or takes another entry's gradient computes the same. Draw it at random.
#
# </details>

# %%
image, kernel = whole(1, 1, 4, 5), whole(1, 1, 2, 2)
for name, upstream in [("ones", np.ones((1, 1, 3, 4))), ("random", whole(1, 1, 3, 4))]:
    grads = []
    for read in (upstream, upstream[:, :, ::-1].copy()):
        weight = torch.tensor(kernel, dtype=torch.float64, requires_grad=True)
        F.conv2d(torch.tensor(image, dtype=torch.float64), weight).backward(torch.tensor(read, dtype=float))
        grads.append(weight.grad.numpy())
    print(f"{name:6} upstream, read upside down: the same gradient is {np.array_equal(*grads)}")

# %% [markdown]
# ## Ask where a number goes
#
# Now turn the question round. Here is a function. You know that it is wrong, you cannot see its code, and you
# want to know *what* is wrong. We call it **chalk**, and `buggy_conv2d("chalk", …)` calls it. Without padding
# it is right.
#
# The simplest question is a single 1 in an image of zeros. Whatever comes out was made from this pixel. The
# kernel holds 1 to 9, so an entry of the output even says which tap it was.
#
# **Predict.** The 1 is at `[1, 2]`, the padding is 1. What comes out of a *right* convolution?
#
# <details><summary>Answer</summary>
#
# The kernel, flipped, with its middle at `[1, 2]`. The window one step to the left has the 1 under its right
# column. It is chapter 1's impulse, in two dimensions.
#
# </details>

# %%
nine = np.arange(1, 10).reshape(1, 1, 3, 3)


def one_at(y, x):
    image = np.zeros((1, 1, 4, 5), dtype=int)
    image[0, 0, y, x] = 1
    return image


image = one_at(1, 2)
right, chalk = ask_torch(image, nine, padding=1), buggy_conv2d("chalk", image, nine, padding=1)

pictures = {"input": image, "torch": right, "chalk": chalk}
draw.beside(*[draw.grid(array[0, 0], name=name) for name, array in pictures.items()])

# %% [markdown]
# They agree. Ask another pixel, the one in the lower right corner.

# %%
image = one_at(3, 4)
right, chalk = ask_torch(image, nine, padding=1), buggy_conv2d("chalk", image, nine, padding=1)

pictures = {"input": image, "torch": right, "chalk": chalk}
marks = {"input": None, "torch": None, "chalk": (chalk != right)[0, 0]}
draw.beside(*[draw.grid(array[0, 0], name=name, mark=marks[name]) for name, array in pictures.items()])

# %% [markdown]
# **Predict.** In chalk's output, five more entries see that pixel. `output[0, 0]` sees it through tap 1, the one
# in the upper left. Where does that tap lie for the window at `[0, 0]`? So what is wrong with chalk?
#
# <details><summary>Answer</summary>
#
# With padding 1 the window at `[0, 0]` begins at row −1 and column −1. There should be a zero. But chalk finds
# the pixel `[3, 4]`: the *last* row and the *last* column. It uses negative indices, and in Python these count
# from the end.
#
# </details>

# %% [markdown]
# Twenty such questions, one for each pixel, tell everything that a sum of products does with images of 4 × 5: every
# image is a sum of images with a single number in it. They tell it for this kernel and these options, and no others.
# Without padding, all twenty would have said that chalk is right.

# %% [markdown]
# ## Ask with digits
#
# There is a quicker way. Let the taps be 1000, 100, 10 and 1, and let the pixels be digits. Then every entry of
# the output *spells* the window it was made from, row by row.
#
# **Predict.** The image has the rows 1 2 3 and 4 5 6. What does the window at `[0, 0]` give without padding?
#
# <details><summary>Answer</summary>
#
# 1245: it reads 1 2 in the upper row and 4 5 in the lower one.
#
# </details>

# %%
digits = np.array([[[[1, 2, 3], [4, 5, 6]]]])
places = np.array([[[[1000, 100], [10, 1]]]])

draw.window(digits[0, 0], places[0, 0], (0, 0))

# %% [markdown]
# With padding 1, torch's answer begins with 1. Read it as 0001: three zeros and the pixel 1.
#
# **Predict.** Chalk's answer begins with 6431. Which four pixels did it read?
#
# <details><summary>Answer</summary>
#
# 6 and 4 in the upper row, 3 and 1 in the lower one. The row above the first is the last row, and the column
# before the first is the last column.
#
# </details>

# %%
right = ask_torch(digits, places, padding=1)[0, 0].astype(int)
chalk = buggy_conv2d("chalk", digits, places, padding=1)[0, 0]

assert right[0, 0] == 1, "torch reads something else than three zeros and the pixel 1"
draw.beside(
    draw.grid(right, name="torch", digits=4), draw.grid(chalk, name="chalk", digits=4, mark=chalk != right)
)

# %% [markdown]
# Now one call told you everything. To see whether channels or filters are mixed up, give every channel digits
# of its own, and every filter another factor: 1 for the first, 10,000 for the second.

# %% [markdown]
# ## Cut it down
#
# Often it goes the other way. Something large fails, with many options, and you do not know why. Then **cut it
# down**: leave something out and try again. If it still fails, you did not need that. If it does not, put it
# back. Stop when nothing can be left out. What remains *is* the reason, or stands right beside it.
#
# Here is a large case on which chalk is wrong.
#
# **Predict.** It has a bias, a stride, padding and a dilation. Which of them will remain?
#
# <details><summary>Answer</summary>
#
# Only the padding. Chalk is wrong whenever a window begins before the image, whatever else there is.
#
# </details>


# %%
def differs(name, case):
    """Does the wrong convolution of this name show on this case?"""
    right = ask_torch(**case)
    try:
        wrong = buggy_conv2d(name, **case)
    except Exception:  # an error where torch has an answer
        return True
    return wrong.shape != right.shape or not np.allclose(wrong, right)


case = dict(different)
for option in ("bias", "stride", "padding", "dilation"):
    fewer = {name: value for name, value in case.items() if name != option}
    still = differs("chalk", fewer)
    print(f"without {option:8}  still wrong: {still}")
    case = fewer if still else case

print("what remains:", [name for name in case if name not in ("input", "weight")])

# %% [markdown]
# The same works for sizes and numbers: fewer images, fewer channels, smaller images, a 1 in place of a 7. When
# `check` says `smallest: …`, it has done just that with the call on which your code failed. And a bug report that
# begins with three lines instead of three hundred is one that gets read.

# %% [markdown]
# ## Eight suspects
#
# Eight convolutions are waiting, all of them wrong. Each is right for most calls. Their names say nothing.
#
# The first four you can read: **amber**, **coral**, **ivory** and **jade**. They begin with the same helper,
# `settle`. It turns single numbers into pairs, words into zeros, and counts the places. There is nothing wrong
# with it.

# %%
show_code("settle")

# %% [markdown]
# Read code as you would read a contract. Go through it with one option at a time and ask: what happens here if
# this is 1? If it is 2? If the two are different? What is inside this loop that should be outside of it? Which
# name is never used?

# %%
show_code("amber")

# %%
show_code("coral")

# %%
show_code("ivory")

# %%
show_code("jade")

# %% [markdown]
# The other four are black boxes: **onyx**, **ruby**, **teal** and **violet**. You can only call them. Ask them
# with digits, without any option first, then with one, then with two.
#
# Here is the first question to all four: the image of digits, no option. All are right. It is a beginning.

# %%
question = {"input": digits, "weight": places}
for name in ("onyx", "ruby", "teal", "violet"):
    print(f"{name:7}", buggy_conv2d(name, **question)[0, 0], "  differs from torch:", differs(name, question))

# %% [markdown]
# ## Exercise: `find_the_bug`
# <!-- exercise: find_the_bug -->
#
# For each of the eight names, return a case that shows the bug: a dict of arguments on which the wrong
# convolution differs from torch. Another shape is a difference, and so is an error where torch has an answer.
#
# - `"input"` of shape `(N, C_in, H, W)` and `"weight"` of shape `(C_out, C_in, kh, kw)` are always there. They are
#   NumPy arrays of integers or floats. Which of the two it is can matter.
# - `"bias"`, `"stride"`, `"padding"` and `"dilation"` are there **only if the bug does not show without them**.
#   If it shows without the stride, too, leave the stride out.
# - torch must accept the call. `"padding"` may be a number, a pair, or a word of chapter 5.
# - Keep it small: at most 10,000 numbers in an array, options of at most 16, at most a million products. Ours are
#   much smaller.
#
# The four with code are worth one point together, onyx and ruby one, teal and violet one. Do your experiments in cells
# of your own, with `differs` or with your eyes. The function only returns what you found. This is a case for chalk, as
# `find_the_bug("chalk")` would return it:

# %%
for_chalk = {"input": digits, "weight": places, "padding": 1}

print("it shows:", differs("chalk", for_chalk))
print("without padding:", differs("chalk", {"input": digits, "weight": places}))
draw.window(digits[0, 0], places[0, 0], (0, 0), padding=1, names=("input", "weight", "torch"))

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Begin with one image and one weight for all eight, in which nothing is equal that could be different: sizes,
# numbers, signs. Then only the options differ from name to name. For some names you need none.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Code: in each of the four, one line is wrong, and in each of these lines one thing stands where another should.
# Ask when the two are the same. Boxes: go through the tables of this chapter. What does it take to see axes
# exchanged, a remainder, an odd zero? If no option alone shows anything, try two together.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# Amber: what is added once for each turn of the loops? Coral: look for a name that is computed and not used.
# Ivory: chapter 4 warned of one function in it. Jade: which dtype does its output have? Onyx needs two channels
# and two filters. Ruby needs a step that is not taken. Teal needs a word. Violet needs two options at once. A dict
# from names to options, and a last line of the form `return {"input": ..., "weight": ..., **options[name]}`, put it
# together.
#
# </details>

# %%
# exercise: find_the_bug

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `amber and torch agree on these arguments, in all 9 entries.`: the bug does not show. Below it stands what your
#   arguments do not have. You will need one or two of these, not all.
# - `ruby differs from torch here, but without dilation it does, too: leave that out`: you have found it. Now cut it
#   down.
# - `it raised KeyError: 'onyx'`: your function has no entry for that name yet.
#
# </details>

# %% [markdown]
# ## What must come out
#
# A case is half a test. The other half is the answer, and it must not come from the code under test. There are
# three sources.
#
# - **By hand.** For tiny cases only, but these convince everybody. Chapters 1 to 4 are full of them.
# - **An oracle**: another program that is known to be right, and that was not written by copying yours. Ours is
#   torch. Two programs by the same person tend to share their mistakes.
# - **A property**: something that must hold for every input, so that no number needs to be known. Twice the image
#   gives twice the output. A shifted image gives a shifted output. The adjoint identity of chapter 7 is one.
#
# Properties are cheap, and they are blind to whatever respects them.
#
# **Predict.** Two slips, a flipped kernel and a padding that is forgotten. Three properties: doubling the image
# doubles the output; moving the image one column to the right moves the output; a kernel whose only tap is a 1
# in its upper left corner copies the image. Which slip breaks which property? There is no padding.
#
# <details><summary>Answer</summary>
#
# The flipped kernel passes the first two: convolution is linear and moves along, as correlation does. Only the
# copy gives it away, because the flipped 1 sits in the lower right. The forgotten padding breaks none: without
# padding there is nothing to forget.
#
# </details>

# %%
image, kernel, corner = whole(1, 1, 5, 7), whole(1, 1, 2, 3), np.array([[[[1, 0, 0], [0, 0, 0]]]])
moved = np.roll(image, 1, axis=3)

for slip in ("kernels flipped", "padding forgotten"):

    def wrong(input, weight, change=slips[slip]):
        return ask_torch(**change({"input": input, "weight": weight}))

    doubles = np.array_equal(wrong(2 * image, kernel), 2 * wrong(image, kernel))
    moves = np.array_equal(wrong(moved, kernel)[..., 1:], wrong(image, kernel)[..., :-1])
    copies = np.array_equal(wrong(image, corner), image[:, :, :-1, :-2])
    print(f"{slip:18} doubles: {doubles}   moves: {moves}   copies: {copies}")

# %% [markdown]
# ### Spot it: assertions that cannot fail
#
# Lines like these three stand in real tests. `right` has the shape (1, 2, 3, 4). `wrong` has lost its batch axis.
# `nonsense` is full of sevens.
#
# **Predict.** Which of the three assertions fails?

# %%
right = ask_torch(np.arange(1, 21).reshape(1, 1, 4, 5), np.ones((2, 1, 2, 2)))
wrong, nonsense = right[0], np.full(right.shape, 7)

assert np.allclose(right, right)
assert np.allclose(wrong, right)
assert nonsense.all() == right.all()
print("nothing failed; shapes:", wrong.shape, right.shape)

# %% [markdown]
# <details><summary>Answer</summary>
#
# None.
#
# The first one compares an array with itself. It looks silly here. In a test of forty lines, where the same
# variable was overwritten, it looks like a test.
#
# The second one: `np.allclose` stretches shapes to fit, as `+` does. Compare the shapes first, or use
# `np.array_equal`, which does.
#
# In the third one `.all()` turns each side into a single True: neither array holds a zero. What was meant is
# `(output == expected).all()`.
#
# </details>

# %% [markdown]
# ### Spot it: the cell above
#
# A notebook has three cells: `def conv2d(…)`, then a test of it, then below that a second, better
# `def conv2d(…)`. The test passes. The author had run the cells in another order: the last one first.
#
# **Predict.** What did the test test? What will a reader see who runs the cells from top to bottom?
#
# <details><summary>Answer</summary>
#
# It tested the better function, which was in memory. For the reader the test meets the first one. A notebook
# remembers what was run, not what is written. The same happens if a cell is deleted: the function lives on. Before
# you believe a test, choose *Restart Kernel and Run All Cells*.
#
# </details>

# %% [markdown]
# ## A list to tick off
#
# You have all you need. This is what a set of cases for the complete operator should hold between them. A case
# can serve many lines at once.
#
# | | at least once |
# |---|---|
# | sizes | H ≠ W, kh ≠ kw, all of N, C_in and C_out different and more than 1 |
# | coincidences | C_in = C_out; a kernel as large as the image; 1 × 1 with stride or padding; an axis of length 1 |
# | kernels | square ones and others, even ones and odd ones; no symmetry, no zeros |
# | values | both signs, all different; whole numbers under a weight of fractions |
# | bias | none; and one that is not 0 |
# | stride | two different numbers; remainders 0, 1 and 2; together with padding |
# | padding | two different numbers, among them 0 and at least 2; `"valid"`, `"same"`, `"full"` |
# | dilation | two different numbers; other ones than the stride; together with `"same"` and with `"full"` |
#
# Some things no list of cases can show: that a function leaves its arguments alone, that it is fast, that it does
# not simply call torch. These need tests of another kind.
#
# **Predict.** How many cases does it take to get nearly all of that? Two, ten, fifty?
#
# <details><summary>Answer</summary>
#
# Our solution has seven. One case such as `different` does most of the work. A word for the padding excludes
# numbers for it, and some coincidences exclude each other, so a few more are needed. With square images, square
# kernels and one number for each option, a thousand cases would not do: rows and columns stay mixed up.
#
# </details>
#
# Here is one entry of `different`, or what channel 0 adds to it. Down and to the right, everything has a number of
# its own: size, taps, step, zeros and spread. The other two channels add their shares, and then comes the bias.

# %%
image, filters, bias, *_ = different.values()
options = {"stride": (2, 3), "padding": (1, 2), "dilation": (2, 1)}
shares = [ask_torch(image[:1, [c]], filters[:1, [c]], **options)[0, 0, 1, 1] for c in range(3)]

assert sum(shares) + bias[0] == ask_torch(**different)[0, 0, 1, 1], (
    "the shares and the bias make another entry"
)
print("shares of the channels:", *shares, "  bias:", bias[0], "  entry:", sum(shares) + bias[0])
draw.window(image[0, 0], filters[0, 0], (1, 1), names=("input", "weight", "share"), **options)

# %% [markdown]
# ## Exercise: `write_tests`
# <!-- exercise: write_tests -->
#
# Write the tests for chapter 5's `conv2d`. The function takes nothing and returns a list of cases. Each is a pair
# `(kwargs, expected)`: a dict of arguments, as in `find_the_bug`, and the whole output, a NumPy array of shape
# `(N, C_out, H_out, W_out)`.
#
# Your cases then meet dozens of wrong convolutions that you cannot see. One is caught if it raises an error, gives
# another shape or another number on one of your cases. You get
#
# - **one point** if half of them are caught, **two** for three quarters, **three** for 19 of 20;
# - **nothing** if a single `expected` is not what torch gives: such a test rejects correct code. (Four decimals are
#   enough.)
#
# There may be 1 to 30 cases, each as small as in `find_the_bug`. `"same"` comes with stride 1. You may use torch to
# compute `expected`, inside the function too, for instance with `ask_torch`. What counts is which cases you choose.
# For `"full"`, which torch does not know, ask it with the numbers: `d_h * (kh - 1)` rows and `d_w * (kw - 1)`
# columns. This is what one case looks like:

# %%
kwargs = {"input": digits, "weight": places, "padding": "same"}
expected = np.array([[[[1245, 2356, 3060], [4500, 5600, 6000]]]])

assert np.array_equal(ask_torch(**kwargs), expected), "torch disagrees with the case worked by hand"
draw.beside(draw.grid(digits[0, 0], name="input"), draw.grid(expected[0, 0], name="expected"))

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Begin with a list of one case, like `different`, and run the check. It says how many were caught, and what one of
# those does that got through. Add a case against that one. Do it again.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Let a loop make the cases: a table with a row for each, sizes and options, and below it the lines that draw the
# arrays and compute `expected`. Draw whole numbers for the image and quarters for the weight. Fix the seed, so that
# you test the same thing every time.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# A row such as `((2, 3, 8, 9), (4, 3, 3, 2), {"stride": (2, 3), "padding": (1, 2)})` becomes a case by
# `kwargs = {"input": rng.integers(-9, 10, size), "weight": rng.integers(-9, 10, kernels) / 4, **options}`, and
# `expected` is `ask_torch(**kwargs)`. Rows that are still missing then: even kernels with "same" and a dilation, a
# 1 × 1 kernel with a stride, a kernel as large as the image, C_in = C_out, "full", stride 3 with remainder 2.
#
# </details>

# %%
# exercise: write_tests

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `case 0 rejects correct code: the shape of expected is (3, 3), and torch gives (1, 1, 3, 3)`: the batch and the
#   filters have an axis, even if there is only one of each.
# - `case 2 rejects correct code: expected[0, 0, 0, 0] is …, and torch gives …`: some number was typed or computed
#   wrongly. Were the image and the weight drawn anew after `expected` was computed?
# - `case 0: expected is a Tensor; it must be a NumPy array`: put `.numpy()` behind it.
#
# </details>

# %% [markdown]
# ## Designed or drawn
#
# Why not let the machine draw thousands of cases, sizes and all? It is a good idea, and an old one. Random cases
# are strong where you are weak: they try what you did not think of. They are weak where you are strong. They have
# no sense for coincidences.
#
# **Predict.** C_in and C_out are drawn from 1 to 64, a thousand times. How often are they equal, so that the helpful
# layer is caught? And how often is, on top of that, the kernel as large as the image, if both are drawn from 1 to 32,
# rows and columns?
#
# <details><summary>Answer</summary>
#
# About 1 in 64, some 16 times. The second coincidence has a chance of 1 in 64 · 32 · 32 = 65,536. A thousand draws
# will hardly see it.
#
# </details>

# %%
C_in, C_out = rng.integers(1, 65, (2, 1000))
(H, W), (kh, kw) = rng.integers(1, 33, (2, 1000)), rng.integers(1, 33, (2, 1000))
equal_channels = C_in == C_out
both = equal_channels & (kh == H) & (kw == W)

print("C_in = C_out:", equal_channels.sum(), "  with k = input size, too:", both.sum())

# %% [markdown]
# So do both. Design the table, and let the machine draw the values, and some of the sizes from a small range, where
# coincidences are frequent. The checks of this course are made like that.

# %% [markdown]
# ## Where this is used
#
# **A processor.** In 1994 a mathematician noticed that the Pentium divided wrongly. Five entries were missing in a
# table inside the chip. Intel wrote that this would show in one of nine billion random divisions. So random tests had
# little chance, and a look at each entry of the table would have found it. It cost Intel 475 million dollars.
#
# **Testing tests.** What you did in this chapter is called **mutation testing**: tools such as mutmut for Python
# change your code in many small ways, `+` into `-` or `<` into `<=`, and report which changes no test noticed.
#
# **Cutting down.** The library Hypothesis draws cases from a description, and when one fails, it cuts it down before
# it shows it. It calls that *shrinking*.
#
# **In torch.** `torch.autograd.gradcheck` compares gradients with central differences, as in chapter 7. torch's own
# operators are tested with it. Its step is 10⁻⁶ unless you choose another, so it wants `float64`.
#
# **Here.** Behind every `check` of this course stands a catalogue of wrong implementations, several hundred in all.
# For every one of them it is proved, for five seeds, that the samples catch it. When `check` named your mistake, it
# had recognized one of these.

# %% [markdown]
# ## The card to keep
#
# | | |
# |---|---|
# | a test | a case, and what must come out |
# | it catches wrong code if | $\text{wrong}(\text{case}) \ne \text{right}(\text{case})$ |
# | how good it is | wrong ones caught, divided by wrong ones tried; and no right one rejected |
# | shapes | `(N, C_in, H, W)`, `(C_out, C_in, kh, kw)`: all different; then C_in = C_out, k = size, k = 1 |
# | places | $H_\text{out} = \lfloor \mathit{way} / s \rfloor + 1$: remainders 0, 1 and 2 of $\mathit{way}$ by $s = 3$ |
# | a question to a box | a single 1; or digits under taps 1000, 100, 10, 1 |
# | cut down | leave out, try again; stop when nothing can be left out |
# | expected | by hand, from an oracle, by a property; never from the code itself |
#
# **Three traps**
#
# 1. Equal things hide. Squares, ones, zeros and options like (2, 2) make a test that always passes.
# 2. `np.allclose` stretches shapes. Compare the shapes first.
# 3. A test that was never seen to fail may be one that cannot. Break the code once, and look.

# %% [markdown]
# ## Looking back
#
# It began with three numbers laid on seven. Multiply, add, move on. All the rest is the same sum.
#
# | chapter | what it added |
# |---|---|
# | 1, 2 | a window over a signal, and over an image; the flip that torch leaves out |
# | 3 | a sum over channels; a filter for each output channel; a batch |
# | 4, 5 | zeros at the edge, longer steps, spread taps: the complete operator |
# | 6 | all windows in one matrix, and the layer as a single product |
# | 7 | the gradients: the same taps walked backwards |
# | 8 | the same sums in other orders, and what moving the numbers costs |
# | 9 | kernels that see some of the channels; the way back up, by the transposed operator |
# | 10 | a network that learned to read digits, with your layers in it |
# | 11 | how to know that any of this is right |
#
# You have written the operator that most image networks spend their time in, forward and backward. You can read
# any library's version of it, say where it differs, and prove it with three lines.
#
# **Next:** there is no chapter 12. Take a convolution that you use, in any library and any language. Write a table of
# cases for it, break it once to see your tests fail, and run them. If you find something, cut it down before you
# report it.
