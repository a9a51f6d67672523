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
# You have every piece: the layer, its three gradients, and ways to make them fast. Now they become a
# network. It reads handwritten digits. It learns that in seconds, from about a thousand examples, and every
# sum in it is one that you have learned to write. torch only watches.
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
# **You need** chapter 5: the operator. Chapter 6: a kernel as large as its image, im2col and col2im.
# Chapter 7: gradients, the upstream gradient, and the learning rate.
#
# **It takes** about an hour and a half. Half of it belongs to the two exercises.

# %%
import os

os.environ["OMP_NUM_THREADS"] = "1"  # our matrices are small: a second thread costs more than it brings

import numpy as np
import torch
import torch.nn.functional as F

from convlab import draw, functional, grad
from convlab.checks import check, report
from convlab.data import digits

np.set_printoptions(precision=4, suppress=True)

# %% [markdown]
# (The line about threads works only before NumPy is imported, so it stands first.)
#
# ## Handwriting
#
# These digits were written by hand, on forms. They were scanned, and each was divided into blocks of 4 × 4
# dots. What is left is the number of inked dots in each block: 8 × 8 numbers from 0 to 16.
#
# E. Alpaydin and C. Kaynak collected them: *Optical Recognition of Handwritten Digits*, UCI Machine
# Learning Repository (1998), doi.org/10.24432/C50P49. The licence is CC BY 4.0: everybody may use them who
# names the source.

# %%
images, labels = digits()
print("images:", images.shape, images.dtype, "  labels:", labels.shape)
print("labels[:20] =", labels[:20])

draw.maps(
    images[:20] / 16, name="images[:20] / 16", columns=10, signed=False, labels=list(map(str, labels[:20]))
)

# %% [markdown]
# The **label** of an image is the digit that it shows: it stands below the image. Here is image 5, as a picture and
# as numbers.

# %%
draw.beside(
    draw.image(images[5], name="images[5]", scale=24, vmin=0, vmax=16), draw.grid(images[5], name="images[5]")
)

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
# Layer 1: (8 + 2 − 3) // 2 + 1 = 4, so (N, 32, 4, 4). It leaves over 7 − 2·3 = 1 row and 1 column: the
# padding at the bottom and on the right is never read. Layer 2: its kernels are as large as what they read,
# so (N, 10, 1, 1).
#
# 16·9 + 16 = 160, then 32·144 + 32 = 4640, then 10·512 + 10 = 5130. Together 9930.
#
# </details>
#
# The last layer has ten filters, one for each digit. Its kernels cover everything, so each filter gives a
# single number. (Chapter 6 called this a linear layer.) That number is the **score** of the digit. The
# network answers with the digit whose score is largest.
#
# The numbers to learn are called **parameters**. We keep them in a list of three pairs, `(weight, bias)`.
# At the start the weights are random and the biases 0.


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
# The factor $\sqrt{2 / \text{taps}}$ keeps the numbers at about the same size from layer to layer. With
# large factors they grow with each layer, with small ones they shrink to nothing.
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
# The usual choice is the plainest. It is called **ReLU**, for *rectified linear unit*: what is negative
# becomes 0, all else stays.

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
draw.grid(scores.round(2), name="scores[n, o]", heat=True)

# %% [markdown]
# Row `n` belongs to image `n`, column `o` to the digit `o`. These four images show a 0, a 1, a 2 and a 3.
# The scores know nothing of that yet.

# %% [markdown]
# ## From scores to one loss
#
# To learn, we need one number that says how wrong the scores are. There are two steps.
#
# **Softmax** turns the scores of an image into probabilities. It makes them positive, with
# $e^{\text{score}}$, and divides by their sum:
#
# $$\text{probability}[n, o] = \frac{e^{\text{score}[n, o]}}{\sum_{k} e^{\text{score}[n, k]}}$$
#
# The sum runs over all ten digits `k`. The probabilities of each image add up to 1, and the largest score
# has the largest probability.
#
# **Predict.** An image has the scores 1, 0 and 3. Another one has 101, 100 and 103. How do their
# probabilities differ?
#
# <details><summary>Answer</summary>
#
# Not at all. Adding 100 multiplies all three powers by the same number, and the division takes it out
# again. Only differences of scores count.
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
# `nan`. So everybody takes the largest score away first. Then the largest power is $e^0 = 1$, and nothing
# can overflow.
#
# **Cross-entropy** looks at one probability only, that of the right digit, and takes its negative
# logarithm. Over a batch of N images, the loss is the mean:
#
# $$\text{loss} = -\frac{1}{N} \sum_{n} \log\, \text{probability}[n, \text{label}[n]]$$
#
# **Predict.** What is the loss of a network that gives every digit the probability 1/10? Of one that is
# right and quite sure, with 0.99? Of one that gives the right digit 0.01?
#
# <details><summary>Answer</summary>
#
# log 10 = 2.3026, 0.0101 and 4.6052. To be sure and wrong costs most. An untrained network should begin
# near 2.3. If it begins at 10, its scores are too large.
#
# </details>

# %%
for probability in (1.0, 0.99, 0.5, 0.1, 0.01):
    print(f"probability {probability:4}: loss {-np.log(probability) + 0:.4f}")

# %% [markdown]
# ## The gradient of the loss
#
# The logarithm of a quotient is a difference. So the loss of one image is
#
# $$\log \sum_{k} e^{\text{score}[k]} \;-\; \text{score}[\text{label}]$$
#
# How does it change with `score[o]`? The first part changes
# $e^{\text{score}[o]} / \sum_k e^{\text{score}[k]}$ times as much, and that is the probability of `o`. The
# second part changes only if `o` is the label. So for the mean over N images
#
# $$
# \mathrm{grad\_scores}[n, o] = \frac{\text{probability}[n, o] - [\,o = \text{label}[n]\,]}{N}
# $$
#
# where the square bracket is 1 if what stands in it is true, and else 0.
#
# **Predict.** The probabilities of one image are 0.2, 0.5 and 0.3, and the label is 1. What is the
# gradient? What do its three numbers add up to? Which score should grow?
#
# <details><summary>Answer</summary>
#
# 0.2, −0.5 and 0.3. They add up to 0: as with the probabilities, what one gains the others lose. The
# gradient of score 1 is negative, so the loss falls when that score grows.
#
# </details>


# %%
def cross_entropy(scores, labels):
    """The mean loss of a batch, and its gradient by the scores, in their shape: (N, digits)."""
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
draw.grid(grad_scores.round(2), name="grad_scores[n, o]", heat=True)

# %% [markdown]
# In each row one entry is blue: the score that should grow.

# %% [markdown]
# ### Spot it: softmax twice
#
# A classmate uses torch's `F.cross_entropy`. Their network ends in a softmax, so that its outputs are
# probabilities. Then these go into `F.cross_entropy`. Training works, but the loss never gets below 1.46,
# even where every digit is right.
#
# **Predict.** Suppose the network is perfect: probability 1 for the right digit, 0 for the nine others.
# What loss does torch report?

# %%
perfect = torch.eye(10, dtype=torch.float64)
print(f"{F.cross_entropy(perfect, torch.arange(10)):.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# `F.cross_entropy` wants scores: the softmax is in it. It takes the 1 and the nine 0s for scores, and gives
# the right digit the probability e / (e + 9) = 0.232. Its negative logarithm is 1.4612. The network can do
# nothing about it, for no probability is larger than 1. And the gradients get smaller on their way through
# the second softmax, so it learns slowly.
#
# Find out what a loss function expects. In torch, `CrossEntropyLoss` wants scores, and `NLLLoss` wants
# logarithms of probabilities.
#
# </details>

# %% [markdown]
# ## Back through a ReLU
#
# A ReLU is a gate. Where its input was positive, it let the number through, and a small change as well.
# Where the input was negative, its output is 0 and stays 0. So the upstream gradient passes where the input
# was positive, and is stopped elsewhere.
#
# **Predict.** The input is the array `before` from above. In each row the upstream gradients are −1, 2 and
# 3. Which of the six pass?
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
# Chapter 7 took the three gradients of a layer apart. Training needs all of them, some thousand times. Let
# us put them together again, with few loops.
#
# Loops over places are long. Loops over taps are short: a 3 × 3 kernel has nine taps, however large the
# image is. So ask of one tap: **what does it meet, at all places at once?** In one dimension, look for tap
# 1 in each bar.

# %%
draw.places(7, 3, stride=2, padding=1)

# %% [markdown]
# Tap 1 meets samples 0, 2, 4 and 6: it starts somewhere, and goes on in steps of the stride. That is a
# slice. In the padded image, tap `(i, j)` meets the rows
#
# `i : i + s_h * H_out : s_h`
#
# and columns likewise. There are `H_out` such rows, one for each place. (The slice may end behind the last
# row. Then it just stops there.)
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
# - **Backward, to the pixels.** Each pixel that was met gets `grad_output` times the tap. It is added *in
#   the same slice*, of an array of zeros as large as the padded image.
#
# No kernel has to be flipped, and nothing has to be spread. The slice does both.
#
# **Predict.** Let `grad_output` be [[1, −2], [3, 2]]. What does tap (0, 2) collect? What does it hand to
# the pixels?
#
# <details><summary>Answer</summary>
#
# It met [[0, 0], [1, 2]]. So it collects 3·1 + 2·2 = 7. The tap is 5, so the pixels get
# [[5, −10], [15, 10]]. The first two of these go into the padding, and will be cut off.
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
# With images and channels, `met` is `padded[:, :, rows, columns]`, of shape `(N, C_in, H_out, W_out)`, and
# the tap is the matrix `weight[:, :, i, j]`, of shape `(C_out, C_in)`. The three sums are three einsums.
# Forward it is `"ncyx,oc->noyx"`.
#
# **Predict.** How do the letters read for what the tap collects, and for what it hands out?
#
# <details><summary>Answer</summary>
#
# It collects `"noyx,ncyx->oc"`, from `grad_output` and `met`. It hands out `"noyx,oc->ncyx"`, from
# `grad_output` and the tap. Each time the three arrays are the same three, and another one of them is the
# result.
#
# </details>

# %% [markdown]
# ## Exercise: `conv2d_backward`
# <!-- exercise: conv2d_backward -->
#
# Write all three gradients of a layer in one function. It returns `grad_input`, `grad_weight` and
# `grad_bias`, in the order of `conv2d`'s arguments. `grad_bias` is the sum of `grad_output` over images and
# places. For the others, each tap `(i, j)` gives
#
# $$
# \mathrm{grad\_weight}[o, c, i, j] = \sum_{n, y, x} \mathrm{grad\_output}[n, o, y, x]\;
# \text{padded}[n, c,\; y\,s_h + i,\; x\,s_w + j]
# $$
#
# $$
# \mathrm{grad\_padded}[n, c,\; y\,s_h + i,\; x\,s_w + j] \mathrel{+}=
# \sum_o \mathrm{grad\_output}[n, o, y, x]\;\text{weight}[o, c, i, j]
# $$
#
# and `grad_input` is `grad_padded` without the padding.
#
# `grad_output` has the shape `(N, C_out, H_out, W_out)`, `input` the shape `(N, C_in, H, W)`, `weight` the
# shape `(C_out, C_in, kh, kw)`. Each gradient has the shape of what it belongs to. `stride` and `padding`
# are integers, or pairs for rows and columns. There is no dilation. All images share weight and bias, so
# their gradients are added up over the batch, not averaged.
#
# Two loops over the taps are enough. (Your three functions of chapter 7, copied into the cell, would do as
# well, and so would `conv2d_input`, `conv2d_weight` and `conv2d_bias` from `convlab.grad`. But they walk
# three times, and the first is slow. It is worth while to write it anew.)
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
# In the loops: make the two slices, take what the tap met, and write one line for each receiver. One of the
# two lines has an `=`, the other a `+=`. After the loops cut the padding off. The bias needs no loop: it
# collects `grad_output`, summed over three axes.
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# `grad_weight[:, :, i, j] = np.einsum(..., grad_output, met)` with the letters from above, and
# `grad_padded[:, :, rows, columns] += np.einsum(...)`. The cut is `[:, :, p_h : p_h + H, p_w : ...]`. To
# make two numbers of `stride`, ask `isinstance(stride, tuple)`.
#
# </details>

# %%
# exercise: conv2d_backward

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - `grad_input: the result's shape is (1, 1, 1, 3), expected (1, 1, 1, 1): axis 3 is 2 too long`: the
#   padding is still there. Cut it off. (If the shape is `(1, 1, 0, 0)`, you cut at `p_h : -p_h`, and `p_h`
#   was 0.)
# - `ValueError: operands could not be broadcast together`: a slice has too many pixels or too few. Does it
#   end at `i + s_h * H_out`, and not at `i + H_out` or not at all?
# - `grad_input[0, 0, 0, 1]: got 2, expected 4`: an `=` where `+=` belongs. Each tap overwrites what the
#   taps before have handed out.
#
# </details>

# %% [markdown]
# ## A layer that remembers
#
# Forward, a layer needs its input and its parameters. Backward it needs the same input again, and the
# upstream gradient. So a layer that trains has a memory. In Python that is an object: `forward` stores what
# was read, `backward` uses it, stores the gradients of the parameters, and returns the gradient for the
# layer before. torch's layers do the same.
#
# Which backward pass shall it use? Yours, as soon as it passes its check. Until then it is that of
# `convlab.grad`. The function `mine` makes that choice, here and once more below.


# %%
def mine(name, ours):
    """Your function of this name, if its check passes; else ours."""
    yours = globals().get(name)
    return yours if yours is not None and report(yours, name).passed else ours


layer_backward = mine("conv2d_backward", grad.conv2d_backward)
print("the backward pass is", "ours" if layer_backward is grad.conv2d_backward else "yours")


# %%
class Conv2d:
    """A convolution that remembers what it has read."""

    def __init__(self, weight, bias, stride=1, padding=0):
        self.weight, self.bias, self.stride, self.padding = weight, bias, stride, padding

    def forward(self, input):
        self.input = input
        return functional.conv2d(input, self.weight, self.bias, self.stride, self.padding)

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
gradients = {"grad_input": grad_hidden, "grad_weight": conv.grad_weight, "grad_bias": conv.grad_bias}

for (name, gradient), leaf in zip(gradients.items(), leaves):
    assert np.allclose(gradient, leaf.grad.numpy()), f"torch has another {name}"
    print(f"{name:12}{gradient.shape!s:16} agrees with torch")

# %% [markdown]
# ## The chain
#
# ```text
# images
#   ↓
# conv 0            conv 0 → gradients
#   ↓                 ↑
# ReLU              ReLU
#   ↓                 ↑
# conv 1            conv 1 → gradients
#   ↓                 ↑
# ReLU              ReLU
#   ↓                 ↑
# conv 2            conv 2 → gradients
#   ↓                 ↑
# scores → loss → grad_scores
# ```
#
# What one layer returns from `forward` is the input of the next. What it returns from `backward` is the
# upstream gradient of the one before. The first upstream gradient is `grad_scores`.
#
# When all gradients are known, each parameter takes a step downhill. As in chapter 7, the learning rate
# `lr` says how large:
#
# $$\text{weight} \leftarrow \text{weight} - \mathit{lr}\;\mathrm{grad\_weight}, \qquad
# \text{bias} \leftarrow \text{bias} - \mathit{lr}\;\mathrm{grad\_bias}$$
#
# **Predict.** Somebody updates the weight of layer 2 as soon as its gradient is known, and after that
# computes the gradient for layer 1. What is wrong with that?
#
# <details><summary>Answer</summary>
#
# The gradient runs back through a weight that did not make these scores. It is no longer the slope of this
# loss. The error is small when `lr` is small, so training still works somehow, and nobody notices. First
# all gradients, then all updates.
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
# - **Forward.** Layer 0 has padding 1. Layer 1 has stride 2 and padding 1. Layer 2 has neither. Behind
#   layers 0 and 1 stands a ReLU.
# - **Loss.** The mean cross-entropy of the scores.
# - **Backward**, through all layers.
# - **Update** all six arrays.
#
# Return two things: the new parameters, again as a list of three pairs, and the loss *before* the update, a
# number. The arrays in `params` stay as they are: make new ones.
#
# The check uses tiny images, other numbers of channels and of classes, and kernels of other sizes. The last
# kernel is always as large as what it reads, so layer 2 gives `(N, classes, 1, 1)`.
#
# You may use everything from above, your own functions, and all of `functional` and `grad`.
#
# The picture shows the smallest part of a step: the bias of layer 2, for the four images from above and
# `lr` = 0.5.

# %%
bias, grad_bias = params[2][1], grad_scores.sum(axis=0)
step_of_bias = np.column_stack([bias, grad_bias, bias - 0.5 * grad_bias]).round(3)

draw.grid(step_of_bias, name="the bias of layer 2, by digit", columns=["bias", "grad_bias", "new bias"])

# %% [markdown]
# <details><summary>Hint 1: a nudge</summary>
#
# Take paper, and write the names of the arrays in the order in which they come to be. The way back visits
# the layers in reverse, and needs at each of them what was read there.
#
# </details>
#
# <details><summary>Hint 2: the idea</summary>
#
# Make five objects from `params`: three of `Conv2d` and two of `ReLU`. One loop runs `forward` through
# them, one loop runs `backward` through `reversed(...)` of them. Between the loops stands `cross_entropy`.
# After both, each `Conv2d` holds its two gradients.
#
# (Without objects: a list that holds the input of each layer, and two loops over the layers.)
#
# </details>
#
# <details><summary>Hint 3: nearly the line</summary>
#
# The last layer gives `(N, classes, 1, 1)`, and `cross_entropy` wants `(N, classes)`: `[:, :, 0, 0]` takes
# the axes away, `[:, :, None, None]` puts them back. A new pair is
# `(layer.weight - lr * ..., layer.bias - ...)`. Make it for each of the three `Conv2d`, in the order of
# `params`.
#
# </details>

# %%
# exercise: train_step

# %% [markdown]
# <details><summary>Three messages people meet here, and what they mean</summary>
#
# - ``it changed its argument `params` in place``: `weight -= lr * ...` changes the array itself, and the
#   caller's list holds the same array. `weight - lr * ...` makes a new one.
# - `ValueError: grad_output must have the shape of the forward output, (1, 2, 1, 1), got (1, 2)`: the two
#   axes of length 1 were taken away for the loss. Put them back before the way back begins.
# - `params[0][0]: the result's shape is (2, 1, 1, 1), expected (1, 1, 3, 3)`: the list is back to front.
#   The way back finds the gradients in reverse order.
#
# </details>

# %% [markdown]
# ## Beside torch
#
# This is the same step in torch. `autograd` finds the gradients, and `torch.optim.SGD` takes the step. (SGD
# stands for *stochastic gradient descent*: each step sees only a few images, which chance has chosen.)


# %% tags=["demonstration"]
def step_of_torch(params, images, labels, lr):
    leaves = [torch.tensor(array, requires_grad=True) for pair in params for array in pair]
    hidden = F.relu(F.conv2d(torch.tensor(images), *leaves[:2], padding=1))
    hidden = F.relu(F.conv2d(hidden, *leaves[2:4], stride=2, padding=1))
    scores = F.conv2d(hidden, *leaves[4:])
    loss = F.cross_entropy(scores[:, :, 0, 0], torch.tensor(labels))
    loss.backward()
    torch.optim.SGD(leaves, lr=lr).step()
    arrays = [leaf.detach().numpy() for leaf in leaves]
    return list(zip(arrays[::2], arrays[1::2])), loss.item()


step = mine("train_step", step_of_torch)
print("the step is", "torch's" if step is step_of_torch else "yours")

# %% [markdown]
# If your `train_step` passes, then `step` is yours, and all that follows is trained by it. If not, torch
# steps in, so that you can go on reading. Come back later, and run the cells from here on again. (If your
# step loops over places, it is right, but it would be at work for hours. Then write `step = step_of_torch`
# here.)
#
# **Predict.** Five steps with five batches of 16 images, from the same start, `lr` = 0.2. How far apart
# will the two losses be after five steps?

# %% tags=["demonstration"]
own, theirs = params, params
for first in range(0, 80, 16):
    batch = pictures[first : first + 16], labels[first : first + 16]
    own, own_loss = step(own, *batch, 0.2)
    theirs, their_loss = step_of_torch(theirs, *batch, 0.2)
    print(f"ours {own_loss:.4f}   torch {their_loss:.4f}")

for pair, their_pair in zip(own, theirs):
    for array, their_array in zip(pair, their_pair):
        assert np.allclose(array, their_array, rtol=1e-9, atol=1e-9), "the parameters differ from torch's"

# %% [markdown]
# <details><summary>Answer</summary>
#
# Not by anything that can be seen. They are the same sums. In the fifteenth digit they may differ, for sums
# are added up in different orders.
#
# </details>
#
# The losses do not fall from step to step: each is measured on other images. One batch is easier than the
# next.

# %% [markdown]
# ### Spot it: gradients that pile up
#
# A classmate makes the six tensors once, and keeps them. Then each step is three lines: compute the loss,
# call `loss.backward()`, and take `lr` times `.grad` away. The first step is right. Those after it are too
# long, and point elsewhere.
#
# **Predict.** What does `backward` do with a `.grad` that is already there?

# %% tags=["demonstration"]
tap = torch.tensor(3.0, requires_grad=True)
for _ in range(3):
    (5 * tap).backward()
    print("slope of 5 * tap:", tap.grad.item())

# %% [markdown]
# <details><summary>Answer</summary>
#
# It adds to it. `.grad` is where gradients are collected, and torch cannot know that a new step has begun.
# So the second step goes along the gradients of the first as well, and so on. Call `optimizer.zero_grad()`
# before each `backward`. (Our `step_of_torch` makes new tensors for each step, so there is nothing to
# clear. And yours has no memory at all: everything goes in, everything comes out.)
#
# </details>

# %% [markdown]
# ### Spot it: a fair start
#
# Somebody finds random weights unscientific, and starts with zeros everywhere. The code is right, and
# nothing crashes.
#
# **Predict.** Which of the six arrays change in the first step? What loss does the network report?

# %% tags=["demonstration"]
zeros = [(0 * weight, 0 * bias) for weight, bias in params]
moved, loss = step(zeros, pictures[:16], labels[:16], 0.2)

print(f"loss: {loss:.4f}")
for number, (weight, bias) in enumerate(moved):
    print(f"layer {number}: weight changed {np.any(weight != 0)}, bias changed {np.any(bias != 0)}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Only the last bias. All hidden numbers are 0. So the weights of layer 2 meet nothing but zeros, and
# nothing is handed back through them, for they are zero themselves. The network can learn how frequent each
# digit is, and no more. The loss is log 10 = 2.3026.
#
# Would another constant help? With 0.1 everywhere the gradients are not zero. But all filters of layer 0
# are equal, get equal gradients, and stay equal for ever: sixteen copies of one filter. Chance is what
# makes them different.
#
# </details>

# %% [markdown]
# ## How long may a step be?
#
# The gradient is a promise. If each parameter moves by −`lr` times its gradient, the loss should fall by
# `lr` times the sum of all squared gradients. The smaller the step, the better the promise is kept.
#
# **Predict.** Here the sum of the squares is 1.225, and the loss is 2.264. What does a step with `lr` = 1
# promise? And one with `lr` = 3?
#
# <details><summary>Answer</summary>
#
# 2.264 − 1.225 = 1.039, and 2.264 − 3.675 = −1.411. A cross-entropy cannot be negative. So the second
# promise cannot be kept.
#
# </details>

# %% tags=["demonstration"]
batch = pictures[:16], labels[:16]
far, loss = step(params, *batch, 1.0)  # with lr = 1, old minus new is the gradient
pairs = [(old, new) for pair, new_pair in zip(params, far) for old, new in zip(pair, new_pair)]
squares = sum(np.sum((old - new) ** 2) for old, new in pairs)

print(f"loss {loss:.4f}, sum of the squares {squares:.4f}")
for lr in (0.001, 0.01, 0.1, 0.2, 1.0, 3.0):
    moved, _ = step(params, *batch, lr)
    _, new_loss = step(moved, *batch, lr)
    print(f"lr {lr:5}: promised {loss - lr * squares:7.4f}, measured {new_loss:.4f}")

# %% [markdown]
# Long steps fall short of the promise, because the slope changes on the way. And these are the images that
# the step was made for. Others may suffer from it. We shall begin with 0.2 and let `lr` fall to 0: large
# steps while there is far to go, small ones at the end.
#
# This is also a good test of a gradient. If small steps do not keep their promise, the gradient is wrong.

# %% [markdown]
# ## Training
#
# A few words. The images are divided into a **training set**, from which the network learns, and a **test
# set**, which it never learns from. One round through the training set is an **epoch**. In each epoch the
# images come in a new order, in batches of 16.
#
# One line is there for this course only: `rounded`. Different computers add up in different orders, and the
# last digits of a sum depend on it. Over a thousand steps such differences grow. So after each step we
# round every parameter to a multiple of 1/65536. A `float64` holds such numbers exactly, and small
# differences are rounded away before they grow. That is why your run should give the numbers that are
# printed in our text, even with your own `train_step`.


# %% tags=["demonstration"]
def train(step, images, labels, epochs, move=None):
    """Train from a random start, and give back the parameters."""
    rng = np.random.default_rng(10)
    params = start(rng)
    for epoch in range(epochs):
        order, losses = rng.permutation(len(images)), []
        for first in range(0, len(images), 16):
            chosen = order[first : first + 16]
            batch = images[chosen] if move is None else move(images[chosen], rng)
            params, loss = step(params, batch, labels[chosen], 0.2 * (1 - epoch / epochs))
            params = rounded(params)
            losses.append(loss)
        print(f"{np.mean(losses):.4f}", end="\n" if epoch % 10 == 9 or epoch == epochs - 1 else "  ")
    return params


def answers(params, images):
    """The digit that the network reads in each image."""
    hidden = np.maximum(functional.conv2d(images, *params[0], padding=1), 0)
    hidden = np.maximum(functional.conv2d(hidden, *params[1], stride=2, padding=1), 0)
    return functional.conv2d(hidden, *params[2])[:, :, 0, 0].argmax(axis=1)


# %% [markdown]
# We shuffle all 1797 images, train with 1287 of them, and keep 510 for the test.
#
# **Predict.** How many steps does an epoch have? How many of the 510 would be right by guessing?
#
# <details><summary>Answer</summary>
#
# 1287 / 16 is 80.4, so there are 81 steps, the last one with 7 images. Guessing gets a tenth: about 51.
#
# </details>
#
# First a single epoch, with `step` and then with torch. `train` prints the mean loss of each epoch.
#
# **Predict.** After 81 steps, how many of the 9930 parameters are *exactly* equal to torch's?

# %% tags=["demonstration"]
shuffled = np.random.default_rng(10).permutation(1797)
learn, test = shuffled[:1287], shuffled[1287:]

by_step = train(step, pictures[learn], labels[learn], epochs=1)
by_torch = train(step_of_torch, pictures[learn], labels[learn], epochs=1)

pairs = [
    (own, theirs) for pair, their_pair in zip(by_step, by_torch) for own, theirs in zip(pair, their_pair)
]
equal = sum(np.sum(own == theirs) for own, theirs in pairs)
print(f"after 81 steps, {equal} of 9930 parameters are equal to torch's")

# %% [markdown]
# <details><summary>Answer</summary>
#
# All of them. Two programs that have no line in common make the same steps, and the rounding takes care of
# the last digits.
#
# </details>
#
# Now eight epochs.

# %% tags=["demonstration"]
first_net = train(step, pictures[learn], labels[learn], epochs=8)

right = answers(first_net, pictures[test]) == labels[test]
print(f"test: {right.sum()} of {len(right)} are right, {right.mean():.1%}")
assert right.mean() > 0.95, "fewer than 95 % are right"

# %% [markdown]
# That took a few seconds. You wrote the layers, the gradients and the step. The network has never seen the
# 510 test images, and reads nearly all of them. Done?

# %% [markdown]
# ### Spot it: the same hands
#
# The order of the images is no accident. Look at the labels from image 0 on, from image 130 on, and from
# image 1287 on.

# %% tags=["demonstration"]
for first in (0, 130, 1287):
    print(f"{first:4}:", "".join(map(str, labels[first : first + 60])), "...")

# %% [markdown]
# **Predict.** What does that tell about the forms? And what is the trouble with our shuffled test set?
#
# <details><summary>Answer</summary>
#
# It is the same row of digits each time. So there was one form with about 130 digits, and one person after
# the other filled it in. (We find it fourteen times. The description of the data speaks of thirteen
# people.)
#
# After shuffling, every hand is on both sides. For each test image, the network has learned from about
# ninety other digits of the same person. The test says how well it reads people whom it knows. It does not
# say how it would read you.
#
# </details>
#
# So let us divide by forms. The first ten, images 0 to 1286, are for training, the last four for the test.
# All else stays.
#
# **Predict.** 504 of 510 were right. How many will it be now?

# %% tags=["demonstration"]
known, new = slice(0, 1287), slice(1287, None)
second_net = train(step, pictures[known], labels[known], epochs=8)

right = answers(second_net, pictures[new]) == labels[new]
print(f"training set: {np.sum(answers(second_net, pictures[known]) == labels[known])} of 1287 are right")
print(f"new hands:    {right.sum()} of {len(right)} are right, {right.mean():.1%}")

# %% [markdown]
# Six mistakes have become 34. Nothing about the network is worse. The first test was too easy. (Which forms
# are left out makes a difference, too. These four are among the harder ones.)
#
# And on the training set it makes no mistake at all. That says least of all: it could have learned the
# images by heart. This gap is called **overfitting**.
#
# The collectors took care of this. Their own division is by people: thirty for training, thirteen others
# for the test. (We have the images of the thirteen.) If several of your data come from one source, one
# person, one patient, one camera, then put all of them on the same side.

# %% [markdown]
# ## What the network does not know
#
# Other hands put the strokes of a digit in slightly other places. How well does the network cope with that?
# Let us try the simplest change there is, and move whole images by one pixel.


# %% tags=["demonstration"]
def moved_by(images, down, across):
    """The images moved by at most one pixel; what comes in at the edge is 0."""
    H, W = images.shape[2:]
    padded = functional.pad(images, ((1, 1), (1, 1)))
    return padded[:, :, 1 - down : 1 - down + H, 1 - across : 1 - across + W]


five = pictures[5:6]
nine = [moved_by(five, down, across)[0, 0] for down in (-1, 0, 1) for across in (-1, 0, 1)]
names = [f"{up}, {left}" for up in ("up", "stay", "down") for left in ("left", "stay", "right")]
draw.maps(np.array(nine), name="moved", columns=3, signed=False, labels=names)

# %% [markdown]
# **Predict.** A convolution moves along: if its input moves by a pixel, so does its output. Which layer of
# ours does *not* do that? How many of the 510 images will be read rightly after a step to the right?
#
# <details><summary>Answer</summary>
#
# Layer 2. Its kernel is as large as what it reads, so it has a tap for each place. A stroke that arrives
# one place further meets other taps, which have learned something else. (Layer 1 has stride 2, so a step of
# one pixel is half a step for its output. That does not help either.) See below: about half.
#
# </details>

# %% tags=["demonstration"]
for down, across in [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)]:
    read = answers(second_net, moved_by(pictures[new], down, across))
    print(f"down {down:2}, right {across:2}: {np.sum(read == labels[new])} of 510")

# %% [markdown]
# No person would have trouble with that. The network has, because nobody told it that a digit may move. All
# 1797 images are cut in the same way: the digit touches the first row and the last.
#
# So tell it. In each batch we move every image by a random step: up, down or not at all, left, right or not
# at all. The labels stay. It is as if there were nine times as many images. This is called
# **augmentation**. It makes learning harder, so it gets 20 epochs.


# %% tags=["demonstration"]
def at_random(images, rng):
    """Each image moved by at most one pixel, in a direction of its own."""
    steps = rng.integers(-1, 2, size=(len(images), 2))
    return np.concatenate([moved_by(images[n : n + 1], *steps[n]) for n in range(len(images))])


# %% tags=["demonstration"]
third_net = train(step, pictures[known], labels[known], epochs=20, move=at_random)

# %% tags=["demonstration"]
read = answers(third_net, pictures[new])
right = read == labels[new]
print(f"new hands: {right.sum()} of {len(right)} are right, {right.mean():.1%}")
assert right.mean() > 0.95, "fewer than 95 % of the new hands are read rightly"

for down, across in [(0, 1), (0, -1), (1, 0), (-1, 0)]:
    again = answers(third_net, moved_by(pictures[new], down, across))
    print(f"down {down:2}, right {across:2}: {np.sum(again == labels[new])} of 510")

# %% [markdown]
# The new hands gain as well, though their images were not moved. Whoever must read a digit in nine places
# has to go by its shape. And one pixel more or less does hardly any harm now.

# %% [markdown]
# ## What the filters have learned
#
# The sixteen filters of layer 0 have one kernel each, so they can be drawn. Orange taps want ink, blue taps
# want none. Here they are as chance had made them and, below, after training, all on one scale.

# %% tags=["demonstration"]
filters = third_net[0][0][:, 0]
at_start = start(np.random.default_rng(10))[0][0][:, 0]
draw.maps(np.stack([at_start, filters]), name="filters", rows=("at the start", "learned"))

# %% [markdown]
# **Predict.** Which filter looks like Sobel's `sobel_y` of chapter 2? What does it look for?
#
# <details><summary>Answer</summary>
#
# Filter 0: it wants ink below and none above. It finds the upper edge of a stroke.
#
# </details>
#
# How much alike are two kernels? Divide their dot product by both lengths. The result is 1 if one is a
# positive multiple of the other, and near 0 if they have nothing in common.


# %% tags=["demonstration"]
def alike(a, b):
    return np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))


sobel_y = np.outer([-1, 0, 1], [1, 2, 1])
for name, kernel in [("start", params[0][0][0, 0]), ("learned", filters[0])]:
    length = np.sqrt(np.sum(kernel * kernel))
    print(f"filter 0, {name:8} like Sobel: {alike(kernel, sobel_y):.2f}, length {length:.2f}")

# %% [markdown]
# Nobody told the network about edges. But see how it came by this one: chance had offered something like
# it, and training made it clearer, and almost three times as strong. Compare the others with what they
# were. Most kept their character.
#
# Some have not changed at all.
#
# **Predict.** Filters 1, 2, 6 and 8 look as they did at the start. Most of their taps are negative. Why
# have they learned nothing?
#
# <details><summary>Answer</summary>
#
# The numbers of an image are never negative. Under mostly negative taps nearly every sum is negative, and
# the ReLU makes it 0. There the gate is closed in both directions: no upstream gradient comes through, so
# nothing is collected. Such a filter is called **dead**, and training hardly ever wakes it. Filters 1 and 8
# are dead, 2 and 6 nearly so. That is a quarter of them, and the network can spare it.
#
# </details>

# %% tags=["demonstration"]
hidden = np.maximum(functional.conv2d(pictures[new], *third_net[0], padding=1), 0)
ink = functional.conv2d(pictures[new], np.ones((1, 1, 3, 3)), padding=1)[:, 0] > 0

for number in range(16):
    same = alike(params[0][0][number], third_net[0][0][number])
    is_open = np.mean(hidden[:, number][ink] > 0)
    print(f"filter {number:2}: like its start {same:.2f}, gate open at {is_open:3.0%} of the places with ink")

# %% [markdown]
# And this is what the sixteen filters make of a 3: the feature maps of layer 0, after the ReLU. White is 0.

# %% tags=["demonstration"]
names = [f"{o} dead" if o in (1, 8) else str(o) for o in range(16)]
draw.beside(
    draw.image(pictures[1290, 0], name="a new 3", scale=12),
    draw.maps(hidden[3], name="its feature maps", signed=False, ink=True, labels=names),
)

# %% [markdown]
# Filter 0 marks upper edges. Filter 12 wants a bright row between dark ones, and finds the horizontal
# strokes. The maps of the dead filters are empty.
#
# Which of the new digits does the network get wrong? Here they are, each with its label and what was read.

# %% tags=["demonstration"]
wrong = np.flatnonzero(read != labels[new])
pairs = [f"{label} → {digit}" for label, digit in zip(labels[new][wrong], read[wrong])]

draw.maps(pictures[new][wrong, 0], name="misread: label → read", columns=9, signed=False, labels=pairs)

# %% [markdown]
# Several are hard for us, too. And several are alike: 3 to 6 are ones from one and the same form. Whoever
# writes a 1 like that will be misread again and again. A mean of 96 % hides such a person. Look at the
# mistakes, not only at their number.
#
# Now it is your turn. Change something, and train again in a cell of your own: fewer filters, larger
# batches, another learning rate, another seed. Say before what you expect.

# %% [markdown]
# ## Where this is used
#
# **LeNet-5** (1998) was made for digits as well; networks of its kind read bank cheques. It had about
# 60,000 parameters and learned from the 60,000 digits of MNIST. Its makers report 0.95 % of mistakes, and
# 0.8 % after training with distorted images, in addition to the plain ones. The writers of MNIST's test set
# are not those of its training set.
#
# **ResNet-50** has 25.6 million parameters. In torchvision's recipe it goes 90 times through the 1,281,167
# images of ImageNet, in batches of 256. The learning rate begins at 0.1 and falls twice, to a tenth each
# time. Every image is cut out at random and mirrored at random.
#
# **Predict.** How many steps are that? And how much work was ours? Count the products: an image costs the
# forward pass, and twice as many backward. (Layer 0 needs no gradient by the pixels. We count it all the
# same.) ResNet-50 takes about 4.1 billion products for one picture, forward.
#
# <details><summary>Answer</summary>
#
# 5005 batches, 90 times: 450,450 steps. Ours took 88,064 products for one image forward, three times as
# many with the backward pass, for 1287 images and 20 epochs: 6.8 billion. ResNet-50 spends as much on
# *looking* at two pictures. Its training takes 1.4 · 10¹⁸ products, two hundred million times as many as
# ours.
#
# </details>

# %% tags=["demonstration"]
forward = 64 * 16 * 9 + 16 * 32 * 144 + 10 * 512
ours = 3 * forward * 1287 * 20
theirs = 3 * 4.1e9 * 1281167 * 90

print("steps:", 90 * -(-1281167 // 256))
print(f"ours: {forward:,} products forward, {ours:,} in all")
print(f"ResNet-50: {theirs:.1e}, {theirs / ours:.0e} times as many")

# %% [markdown]
# What you have written is the same thing on a small scale: layers with a memory, a chain, a loss, a step.
# The large libraries add a way to find the backward pass of *any* chain by themselves, and processors that
# do the products side by side.

# %% [markdown]
# ## The card to keep
#
# | | |
# |---|---|
# | met by tap $(i, j)$ | `padded[:, :, i : i + s_h * H_out : s_h, j : j + s_w * W_out : s_w]` |
# | forward | output += tap × met: `"ncyx,oc->noyx"` |
# | to the tap | grad_output × met: `"noyx,ncyx->oc"` |
# | to the pixels | in the same slice of zeros, += grad_output × tap: `"noyx,oc->ncyx"`; cut at the end |
# | ReLU | forward `np.maximum(x, 0)`; backward `upstream * (x > 0)` |
# | softmax | $e^{\text{score}[n, o]} / \sum_k e^{\text{score}[n, k]}$, largest score taken away first |
# | cross-entropy | mean of $-\log \text{probability}[n, \text{label}[n]]$; ten equal chances: 2.3026 |
# | grad_scores | (probability − 1 for the label) / N |
# | step | parameter − `lr` · gradient; first all gradients, then all updates |
# | shapes | parameters in, parameters of the same shapes out |
# | promise | for small `lr` the loss falls by `lr` times the sum of the squared gradients |
#
# **Three traps**
#
# 1. What a loss expects: scores or probabilities, a sum or a mean. With a sum, `lr` has to shrink as the
#    batch grows.
# 2. Starting all filters equal keeps them equal. Zeros learn nothing.
# 3. A test set that knows the training set: the same person, the same patient, the same photograph cut up.
#
# **Next:** a check has told you all along whether you are right. Chapter 11 turns the tables: you find the
# mistakes, and you write the tests.
