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
# # 10 · Train on your own layers
#
# You have every piece: the layer, its three gradients, and ways to make them fast. Now they become a network.
# It reads handwritten digits. It learns that in seconds, from about a thousand examples, and every sum in it
# is one that you have written yourself. torch only watches.
#
# **After this chapter you can**
#
# - turn an image into ten scores, scores into probabilities, and probabilities into one loss;
# - write the backward pass of a layer as one walk over its taps, fast enough to train with;
# - chain layers, so that gradients run back through all of them;
# - write a step of training, and follow torch number by number;
# - look at what the filters have learned;
# - tell an honest test result from a flattering one.
#
# **You need** chapter 5: the operator. Chapter 6: a kernel as large as its image, im2col and col2im. Chapter
# 7: gradients, the upstream gradient, and the learning rate.
#
# **It takes** about an hour and a half. Half of it belongs to the two exercises.

# %%
import os

os.environ["OMP_NUM_THREADS"] = "1"  # our matrices are small: a second thread costs more than it brings

import numpy as np
import torch
import torch.nn.functional as F

from convlab import draw, functional, grad
from convlab.checks import check
from convlab.data import digits

np.set_printoptions(precision=4, suppress=True)

# %% [markdown]
# (The line about threads has to come before NumPy is imported. If you run this cell a second time, it changes
# nothing.)
#
# ## Handwriting
#
# These digits were written by hand, on forms. They were scanned, and each was divided into blocks of 4 × 4 dots.
# What is left is the number of inked dots in each block: 8 × 8 numbers from 0 to 16.
#
# E. Alpaydin and C. Kaynak collected them: *Optical Recognition of Handwritten Digits*, UCI Machine Learning
# Repository (1998), doi.org/10.24432/C50P49. The licence is CC BY 4.0: everybody may use them who names the
# source.

# %%
images, labels = digits()
print("images:", images.shape, images.dtype, "  labels:", labels.shape)
print("labels[:20] =", labels[:20])

draw.maps(images[:20] / 16, name="images[:20]", columns=10, signed=False)

# %% [markdown]
# The **label** of an image is the digit that it shows. Here is image 5, as a picture and as numbers.

# %%
draw.beside(draw.image(images[5] / 16, name="images[5]", scale=24), draw.grid(images[5], name="images[5]"))

# %% [markdown]
# As in chapter 2, the first line of any work on `uint8` is a conversion. We also divide by 16, so that all
# numbers lie between 0 and 1, and put in the axis of the one channel.

# %%
pictures = images[:, None] / 16
print(pictures.shape, pictures.dtype, "from", pictures.min(), "to", pictures.max())

# %% [markdown]
# ## A network of three layers
#
# | layer | weight | stride | padding | output |
# |---|---|---|---|---|
# | 0 | (16, 1, 3, 3) | 1 | 1 | (N, 16, 8, 8) |
# | 1 | (32, 16, 3, 3) | 2 | 1 | ? |
# | 2 | (10, 32, 4, 4) | 1 | 0 | ? |
#
# **Predict** the two missing shapes. How many numbers does the network learn, biases included? Does layer 1
# drop a tail?
#
# <details><summary>Answer</summary>
#
# Layer 1: (8 + 2 − 3) // 2 + 1 = 4, so (N, 32, 4, 4). It leaves over 7 − 2·3 = 1 row and 1 column: the padding
# at the bottom and on the right is never read. Layer 2: its kernels are as large as what they read, so
# (N, 10, 1, 1).
#
# 16·9 + 16 = 160, then 32·144 + 32 = 4640, then 10·512 + 10 = 5130. Together 9930.
#
# </details>
#
# The last layer has ten filters, one for each digit. Its kernels cover everything, so each filter gives a
# single number. (Chapter 6 called this a linear layer.) That number is the **score** of the digit. The network
# answers with the digit whose score is largest.
#
# The numbers to learn are called **parameters**. We keep them in a list of three pairs, `(weight, bias)`. At
# the start the weights are random and the biases 0.


# %%
def rounded(params):
    """All parameters as multiples of 1/65536. What this is good for will be said below."""
    return [(np.round(weight * 65536) / 65536, np.round(bias * 65536) / 65536) for weight, bias in params]


def start(rng):
    """Random parameters for the three layers."""
    params = []
    for shape in [(16, 1, 3, 3), (32, 16, 3, 3), (10, 32, 4, 4)]:
        taps = np.prod(shape[1:])
        params.append((rng.normal(size=shape) * np.sqrt(2 / taps), np.zeros(shape[0])))
    return rounded(params)


params = start(np.random.default_rng(10))
print("parameters:", sum(weight.size + bias.size for weight, bias in params))

# %% [markdown]
# The factor $\sqrt{2 / \text{taps}}$ keeps the numbers at about the same size from layer to layer. With large
# factors they grow with each layer, with small ones they shrink to nothing.
#
# ## Why something must stand between the layers
#
# **Predict.** Two convolutions follow each other, and nothing is between them. Chapter 6 wrote each as a
# matrix. What is a product of two matrices?
#
# <details><summary>Answer</summary>
#
# One matrix. So two layers could be replaced by one, and three as well: nothing would be gained by stacking
# them. What stands between them must not be a sum of products.
#
# </details>
#
# The usual choice is the plainest. It is called **ReLU**, for *rectified linear unit*: what is negative becomes
# 0, all else stays.

# %%
before = np.array([[1.5, -2, 0.5], [-1, 3, -0.5]])
draw.beside(
    draw.grid(before, name="before", heat=True), draw.grid(np.maximum(before, 0), name="after", heat=True)
)

# %% [markdown]
# A ReLU stands behind layers 0 and 1. There is none behind layer 2: scores may be negative. Here is the way
# of a batch of four images through the untrained network.

# %%
hidden_0 = np.maximum(functional.conv2d(pictures[:4], *params[0], padding=1), 0)
hidden_1 = np.maximum(functional.conv2d(hidden_0, *params[1], stride=2, padding=1), 0)
output = functional.conv2d(hidden_1, *params[2])
scores = output[:, :, 0, 0]

for array in (pictures[:4], hidden_0, hidden_1, output):
    print(array.shape)
draw.grid(scores, name="scores[n, o]", heat=True)

# %% [markdown]
# Row `n` belongs to image `n`, column `o` to the digit `o`. These four images show a 0, a 1, a 2 and a 3.
# The scores know nothing of that yet.

# %% [markdown]
# ## From scores to one loss
#
# To learn, we need one number that says how wrong the scores are. There are two steps.
#
# **Softmax** turns the scores of an image into probabilities. It makes them positive, with $e^{\text{score}}$,
# and divides by their sum:
#
# $$\text{probability}[n, o] = \frac{e^{\text{score}[n, o]}}{\sum_{k} e^{\text{score}[n, k]}}$$
#
# The sum runs over all ten digits `k`. The probabilities of each image add up to 1, and the largest score has
# the largest probability.
#
# **Predict.** An image has the scores 1, 0 and 3. Another one has 101, 100 and 103. How do their probabilities
# differ?
#
# <details><summary>Answer</summary>
#
# Not at all. Adding 100 multiplies all three powers by the same number, and the division takes it out again.
# Only differences of scores count.
#
# </details>

# %%
three = np.array([[1.0, 0, 3], [101, 100, 103]])
exp = np.exp(three)
draw.beside(
    draw.grid(three, name="scores", heat=True),
    draw.grid((exp / exp.sum(axis=1, keepdims=True)).round(4), name="probabilities", heat=True),
)

# %% [markdown]
# That is lucky, because $e^{1000}$ is more than a `float64` can hold. It becomes `inf`, and `inf / inf` is
# `nan`. So everybody takes the largest score away first. Then the largest power is $e^0 = 1$, and nothing can
# overflow.
#
# **Cross-entropy** looks at one probability only, that of the right digit, and takes its negative logarithm.
# Over a batch of N images, the loss is the mean:
#
# $$\text{loss} = -\frac{1}{N} \sum_{n} \log\, \text{probability}[n, \text{label}[n]]$$
#
# **Predict.** What is the loss of a network that gives every digit the probability 1/10? Of one that is right
# and quite sure, with 0.99? Of one that gives the right digit 0.01?
#
# <details><summary>Answer</summary>
#
# log 10 = 2.3026, 0.0101 and 4.6052. To be sure and wrong costs most. An untrained network should begin near
# 2.3. If it begins at 10, its scores are too large.
#
# </details>

# %%
for probability in (1.0, 0.99, 0.5, 0.1, 0.01):
    print(f"probability {probability:4}: loss {-np.log(probability) + 0:.4f}")

# %% [markdown]
# ## Its gradient
#
# The logarithm of a quotient is a difference. So the loss of one image is
#
# $$\log \sum_{k} e^{\text{score}[k]} \;-\; \text{score}[\text{label}]$$
#
# How does it change with `score[o]`? The first part changes $e^{\text{score}[o]} / \sum_k e^{\text{score}[k]}$
# times as much, and that is the probability of `o`. The second part changes only if `o` is the label. So for
# the mean over N images
#
# $$
# \mathrm{grad\_scores}[n, o] = \frac{\text{probability}[n, o] - [\,o = \text{label}[n]\,]}{N}
# $$
#
# where the square bracket is 1 if what stands in it is true, and else 0.
#
# **Predict.** The probabilities of one image are 0.2, 0.5 and 0.3, and the label is 1. What is the gradient? What
# do its three numbers add up to? Which score should grow?
#
# <details><summary>Answer</summary>
#
# 0.2, −0.5 and 0.3. They add up to 0: as with the probabilities, what one gains the others lose. The gradient
# of score 1 is negative, so the loss falls when that score grows.
#
# </details>


# %%
def cross_entropy(scores, labels):
    """The mean loss of a batch, and its gradient with respect to the scores, both (N, digits)."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    exp = np.exp(shifted)
    n = np.arange(len(scores))
    loss = np.mean(np.log(exp.sum(axis=1)) - shifted[n, labels])
    grad_scores = exp / exp.sum(axis=1, keepdims=True)
    grad_scores[n, labels] -= 1
    return loss, grad_scores / len(scores)


loss, grad_scores = cross_entropy(scores, labels[:4])
measured = grad.numerical_gradient(lambda s: cross_entropy(s, labels[:4])[0], scores, np.array(1.0))

assert np.isclose(loss, F.cross_entropy(torch.tensor(scores), torch.tensor(labels[:4]))), "torch disagrees"
assert np.allclose(measured, grad_scores, atol=1e-8), "the gradient is not what central differences measure"
print(f"loss: {loss:.4f}")
draw.grid(grad_scores.round(4), name="grad_scores[n, o]", heat=True)

# %% [markdown]
# In each row one entry is blue: the score that should grow.

# %% [markdown]
# ### Spot it: softmax twice
#
# A classmate uses torch's `F.cross_entropy`. Their network ends in a softmax, so that its outputs are
# probabilities. Then these go into `F.cross_entropy`. Training works, but the loss never gets below 1.46,
# even where every digit is right.
#
# **Predict.** Suppose the network is perfect: probability 1 for the right digit, 0 for the nine others. What
# loss does torch report?

# %%
perfect = torch.eye(10, dtype=torch.float64)
print(f"{F.cross_entropy(perfect, torch.arange(10)):.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# `F.cross_entropy` wants scores: the softmax is in it. It takes the 1 and the nine 0s for scores, and gives the
# right digit the probability e / (e + 9) = 0.232. Its negative logarithm is 1.4612. The network can do
# nothing about it, for no probability is larger than 1. And all its gradients get small, so it learns slowly.
#
# Find out what a loss function expects. In torch, `CrossEntropyLoss` wants scores, and `NLLLoss` wants
# logarithms of probabilities.
#
# </details>

# %% [markdown]
# ## Back through a ReLU
#
# A ReLU is a gate. Where its input was positive, it let the number through, and a small change as well. Where
# the input was negative, its output is 0 and stays 0. So the upstream gradient passes where the input was
# positive, and is stopped elsewhere.
#
# **Predict.** The input is the array `before` from above, and all upstream gradients are −1, 2 and 3 in each
# row. Which of the six pass?
#
# <details><summary>Answer</summary>
#
# In row 0 the −1 and the 3, in row 1 the 2. The signs of the gradients have no say in it: only those of the
# *input* have.
#
# </details>

# %%
upstream = np.array([[-1.0, 2, 3], [-1, 2, 3]])
draw.beside(
    draw.grid(before, name="before", heat=True),
    draw.grid(upstream, name="upstream", heat=True),
    draw.grid(upstream * (before > 0), name="passes", heat=True),
)

# %% [markdown]
# ## One walk over the taps
#
# Chapter 7 took the three gradients of a layer apart. Training needs all of them, some thousand times. Let us
# put them together again, with few loops.
#
# Loops over places are long. Loops over taps are short: a 3 × 3 kernel has nine taps, however large the image
# is. So ask of one tap: **what does it meet, at all places at once?** In one dimension, look for tap 1 in each
# bar.

# %%
draw.places(7, 3, stride=2, padding=1)

# %% [markdown]
# Tap 1 meets samples 0, 2, 4 and 6: it starts somewhere, and goes on in steps of the stride. That is a slice. In
# the padded image, tap `(i, j)` meets the rows
#
# `i : i + s_h * H_out : s_h`
#
# and columns likewise. There are `H_out` such rows, one for each place. (The slice may end behind the last row.
# Then it just stops there.)
#
# Here is an image of 4 × 4 with padding 1, under a kernel of 3 × 3 with stride 2. There are 2 × 2 places.
#
# **Predict.** Which pixels of the padded image does tap (0, 2) meet?
#
# <details><summary>Answer</summary>
#
# Those in rows 0 and 2 and in columns 2 and 4. Row 0 is padding, so two of the four are zeros.
#
# </details>

# %%
small = np.array([[1, 0, 2, 3], [4, 1, 0, 2], [0, 5, 3, 1], [2, 1, 4, 0]])
kernel = np.array([[1, 2, 5], [4, 3, 1], [2, 1, 3]])
padded = np.pad(small, 1)

i, j, s, H_out, W_out = 0, 2, 2, 2, 2
rows, columns = slice(i, i + s * H_out, s), slice(j, j + s * W_out, s)
met = padded[rows, columns]

is_met = np.zeros(padded.shape, dtype=int)
is_met[rows, columns] = 1
draw.beside(
    draw.grid(padded, name="padded"),
    draw.counts(is_met, name="met by tap (0, 2)"),
    draw.grid(met, name="met"),
)

# %% [markdown]
# `met` has the shape of the output: one pixel for each place. This one slice is all that is needed, in both
# directions.
#
# - **Forward.** The tap times what it met is added to the output.
# - **Backward, to the tap.** It collects `grad_output` times what it met, summed over the places.
# - **Backward, to the pixels.** Each pixel that was met gets `grad_output` times the tap. It is added *in the
#   same slice*, of an array of zeros as large as the padded image.
#
# No kernel has to be flipped, and nothing has to be spread. The slice does both.
#
# **Predict.** Let `grad_output` be [[1, −2], [3, 2]]. What does tap (0, 2) collect? What does it hand to the
# pixels?
#
# <details><summary>Answer</summary>
#
# It met [[0, 0], [0, 2]]. So it collects 2·2 = 4. The tap is 5, so the pixels get [[5, −10], [15, 10]]. The
# first two of these go into the padding, and will be cut off.
#
# </details>

# %%
grad_output = np.array([[1, -2], [3, 2]])
handed_out = np.zeros(padded.shape, dtype=int)
handed_out[rows, columns] += grad_output * kernel[i, j]

size = (1, 1, 3, 3)
arrays = [torch.tensor(array, dtype=torch.float64)[None, None] for array in (small, grad_output)]
in_torch = torch.nn.grad.conv2d_weight(arrays[0], size, arrays[1], stride=2, padding=1)
print(f"grad_weight[{i}, {j}] = {np.sum(grad_output * met)}   torch: {in_torch[0, 0, i, j]:g}")
draw.grid(handed_out, name="handed out by tap (0, 2)", heat=True)

# %% [markdown]
# With images and channels, `met` is `padded[:, :, rows, columns]`, of shape `(N, C_in, H_out, W_out)`, and the
# tap is the matrix `weight[:, :, i, j]`, of shape `(C_out, C_in)`. The three sums are three einsums. Forward it
# is `"ncyx,oc->noyx"`.
#
# **Predict.** How do the letters read for what the tap collects, and for what it hands out?
#
# <details><summary>Answer</summary>
#
# It collects `"noyx,ncyx->oc"`, from `grad_output` and `met`. It hands out `"noyx,oc->ncyx"`, from `grad_output`
# and the tap. Each time the three arrays are the same three, and another one of them is the result.
#
# </details>

# %% [markdown]
# ## Exercise: `conv2d_backward`
# <!-- exercise: conv2d_backward -->
#
# Write all three gradients of a layer in one function. It returns them in the order of `conv2d`'s arguments:
#
# `grad_input, grad_weight, grad_bias`
#
# `grad_output` has the shape `(N, C_out, H_out, W_out)`, `input` the shape `(N, C_in, H, W)`, `weight` the shape
# `(C_out, C_in, kh, kw)`. Each gradient has the shape of what it belongs to. `stride` and `padding` are integers,
# or pairs for rows and columns. There is no dilation. All images share weight and bias, so their gradients are
# added up over the batch, not averaged.
#
# Two loops over the taps are enough. (Your three functions of chapter 7, copied into the cell, would do as well,
# and so would `conv2d_input`, `conv2d_weight` and `conv2d_bias` from `convlab.grad`. But they walk three times,
# and the first is slow. It is worth while to write it anew.)
#
# The picture shows what one pixel gets, from all taps that met it.

# %%
draw.backward(grad_output, kernel, (4, 4), (1, 1), stride=2, padding=1)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Prepare three arrays: `padded`, zeros of its shape for the gradient by the padded image, and zeros of the
# weight's shape. Then walk over the taps. What comes after the walk?
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# In the loops: make the two slices, take what the tap met, and write one line for each receiver. One of the two
# lines has an `=`, the other a `+=`. After the loops cut the padding off. The bias needs no loop: it collects
# `grad_output`, summed over three axes.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# `grad_weight[:, :, i, j] = np.einsum(..., grad_output, met)` with the letters from above, and
# `grad_padded[:, :, rows, columns] += np.einsum(...)`. The cut is `[:, :, p_h : p_h + H, p_w : ...]`. To make two
# numbers of `stride`, ask `isinstance(stride, tuple)`.
#
# </details>

# %%
# exercise: conv2d_backward

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# MESSAGES
#
# </details>

# %% [markdown]
# ## A layer that remembers
#
# Forward, a layer needs its input and its parameters. Backward it needs the same input again, and the upstream
# gradient. So a layer that trains has a memory. In Python that is an object: `forward` stores what was read,
# `backward` uses it, stores the gradients of the parameters, and returns the gradient for the layer before.
# torch's layers do the same.
#
# The two lines at the top say which functions do the work. `by_matrices` is chapter 6 at work: im2col, two
# matrix products, and col2im, which is the transposed step. It is here so that the cells below run before you
# have solved the exercise. **When your `conv2d_backward` passes, put it there instead**, and train on your own.


# %%
def by_matrices(grad_output, input, weight, stride=1, padding=0):
    """All three gradients, by two matrix products for each image."""
    N, C_out = grad_output.shape[:2]
    upstream = grad_output.reshape(N, C_out, -1)
    columns = functional.unfold(input, weight.shape[2:], padding=padding, stride=stride)
    grad_weight = (upstream @ columns.swapaxes(1, 2)).sum(axis=0).reshape(weight.shape)
    grad_columns = weight.reshape(C_out, -1).T @ upstream
    size = input.shape[2:], weight.shape[2:]
    grad_input = functional.fold(grad_columns, *size, padding=padding, stride=stride)
    return grad_input, grad_weight, grad_output.sum(axis=(0, 2, 3))


# %%
layer_forward = functional.conv2d  # or yours, if it is fast: conv2d_gemm of chapter 8
layer_backward = by_matrices  # or yours: conv2d_backward


class Conv2d:
    """A convolution that remembers what it has read."""

    def __init__(self, weight, bias, stride=1, padding=0):
        self.weight, self.bias, self.stride, self.padding = weight, bias, stride, padding

    def forward(self, input):
        self.input = input
        return layer_forward(input, self.weight, self.bias, self.stride, self.padding)

    def backward(self, grad_output):
        gradients = layer_backward(grad_output, self.input, self.weight, self.stride, self.padding)
        grad_input, self.grad_weight, self.grad_bias = gradients
        return grad_input


# %%
class ReLU:
    """A gate that remembers where it was open."""

    def forward(self, input):
        self.open = input > 0
        return input * self.open

    def backward(self, grad_output):
        return grad_output * self.open


# %% [markdown]
# One layer with a ReLU behind it, forward and back, beside torch:

# %%
rng = np.random.default_rng(1)
upstream = rng.normal(size=(4, 32, 4, 4))

conv, relu = Conv2d(*params[1], stride=2, padding=1), ReLU()
relu.forward(conv.forward(hidden_0))
grad_hidden = conv.backward(relu.backward(upstream))

leaves = [torch.tensor(array, requires_grad=True) for array in (hidden_0, *params[1])]
F.relu(F.conv2d(*leaves, stride=2, padding=1)).backward(torch.tensor(upstream))
mine = {"grad_input": grad_hidden, "grad_weight": conv.grad_weight, "grad_bias": conv.grad_bias}

for (name, gradient), leaf in zip(mine.items(), leaves):
    assert np.allclose(gradient, leaf.grad.numpy()), f"torch has another {name}"
    print(f"{name:12}{gradient.shape!s:16} agrees with torch")

# %% [markdown]
# ## The chain
#
# ```text
# images → conv 0 → ReLU → conv 1 → ReLU → conv 2 → scores → loss
#
#          conv 0 ← ReLU ← conv 1 ← ReLU ← conv 2 ← grad_scores
#            ↓               ↓               ↓
#        gradients       gradients       gradients
# ```
#
# What one layer returns from `forward` is the input of the next. What it returns from `backward` is the upstream
# gradient of the one before. The first upstream gradient is `grad_scores`.
#
# When all gradients are known, each parameter takes a step downhill. As in chapter 7, the learning rate `lr` says
# how large:
#
# $$\text{weight} \leftarrow \text{weight} - \mathit{lr}\;\mathrm{grad\_weight}, \qquad
# \text{bias} \leftarrow \text{bias} - \mathit{lr}\;\mathrm{grad\_bias}$$
#
# **Predict.** Somebody updates the weight of layer 2 as soon as its gradient is known, and after that computes
# the gradient for layer 1. What is wrong with that?
#
# <details><summary>Answer</summary>
#
# The gradient runs back through a weight that did not make these scores. It is no longer the slope of this loss.
# The error is small when `lr` is small, so training still works somehow, and nobody notices. First all
# gradients, then all updates.
#
# </details>

# %% [markdown]
# ## Exercise: `train_step`
# <!-- exercise: train_step -->
#
# Write one step of training. `params` is a list of three pairs `(weight, bias)`. `images` has the shape
# `(N, C_in, H, W)`. `labels` holds N integers: which score of each image should be the largest. `lr` is the
# learning rate.
#
# - **Forward.** Layer 0 has padding 1. Layer 1 has stride 2 and padding 1. Layer 2 has neither. Behind layers 0 and
#   1 stands a ReLU.
# - **Loss.** The mean cross-entropy of the scores.
# - **Backward**, through all layers.
# - **Update** all six arrays.
#
# Return the new parameters, again a list of three pairs, and the loss *before* the update. The arrays in `params`
# stay as they are: make new ones.
#
# The check uses tiny images, other numbers of channels and of classes, and kernels of other sizes. The last kernel
# is always as large as what it reads, so layer 2 gives `(N, classes, 1, 1)`.
#
# You may use everything from above, your own functions, and all of `functional` and `grad`.

# %%
tiny = start(np.random.default_rng(0))
draw.beside(
    draw.stack(pictures[0], name="images[0]"),
    draw.grid(scores[:1], name="scores[0]", heat=True),
    draw.grid(grad_scores[:1].round(4), name="grad_scores[0]", heat=True),
)

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Take paper, and write the names of the arrays in the order in which they come to be. The way back visits the
# layers in reverse, and needs at each of them what was read there.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Make five objects from `params`: three of `Conv2d` and two of `ReLU`. One loop runs `forward` through them, one
# loop runs `backward` through `reversed(...)` of them. Between the loops stands `cross_entropy`. After both, each
# `Conv2d` holds its two gradients.
#
# (Without objects: a list that holds the input of each layer, and two loops over the layers.)
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# The last layer gives `(N, classes, 1, 1)`, and `cross_entropy` wants `(N, classes)`: `[:, :, 0, 0]` takes the axes
# away, `[:, :, None, None]` puts them back. A new pair is `(layer.weight - lr * ..., layer.bias - ...)`. Make it
# for each of the three `Conv2d`, in the order of `params`.
#
# </details>

# %%
# exercise: train_step

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# MESSAGES
#
# </details>
