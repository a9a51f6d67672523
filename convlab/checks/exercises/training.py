"""Chapter 10, train on your own layers: `conv2d_backward`, `train_step`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._layouts import Layout, Size, gather, layout_of, slips
from convlab.checks.exercises.backprop import (
    OVERLAP,
    TOLD_OF_INPUT,
    fills_the_tail_with_zeros,
    input_gradient,
    keeps_the_padding,
    loses_the_tail,
    reshapes_the_channels,
    weight_gradient,
)
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["EXERCISES"]

CHAPTER = "10_training"


# ---------------------------------------------------------------- conv2d_backward

# (N, C_in, H, W), (C_out, kh, kw), options, group: the smallest of a group first, as failures are told with the
# smallest. H differs from W, kh from kw (but where both are 1 or 2), s_h from s_w, p_h from p_w; of the steps that a
# stride takes, 0, 1 and 2 pixels are left over, inside the image and in the padding.
SHAPES: list[tuple[tuple[int, ...], tuple[int, int, int], dict[str, Size], str]] = [
    ((1, 1, 1, 3), (1, 1, 2), {}, "plain"),
    ((1, 1, 3, 2), (1, 2, 1), {}, "plain"),
    ((1, 1, 2, 3), (1, 2, 3), {}, "plain"),
    ((2, 1, 1, 3), (1, 1, 2), {}, "plain"),
    ((1, 2, 1, 3), (1, 1, 2), {}, "plain"),
    ((1, 1, 1, 3), (2, 1, 2), {}, "plain"),
    ((1, 2, 1, 2), (2, 1, 1), {}, "plain"),
    ((2, 2, 3, 2), (2, 2, 1), {}, "plain"),
    ((1, 2, 3, 4), (3, 2, 2), {}, "plain"),
    ((2, 3, 4, 5), (4, 2, 3), {}, "plain"),
    ((3, 2, 5, 3), (2, 4, 2), {}, "plain"),
    ((1, 1, 1, 5), (1, 1, 3), {"stride": (1, 2)}, "stride and padding"),
    ((1, 1, 1, 4), (1, 1, 2), {"stride": 2}, "stride and padding"),
    ((1, 1, 1, 5), (1, 1, 2), {"stride": (1, 2)}, "stride and padding"),
    ((1, 1, 7, 2), (1, 2, 1), {"stride": (3, 1)}, "stride and padding"),
    ((2, 3, 7, 6), (2, 3, 2), {"stride": (2, 3)}, "stride and padding"),
    ((1, 1, 1, 2), (1, 1, 2), {"padding": (0, 1)}, "stride and padding"),
    ((1, 1, 2, 1), (1, 2, 1), {"padding": 1}, "stride and padding"),
    ((2, 2, 3, 4), (1, 3, 2), {"padding": (1, 2)}, "stride and padding"),
    ((1, 2, 2, 3), (3, 2, 3), {"padding": (3, 1)}, "stride and padding"),
    ((1, 1, 1, 5), (1, 1, 2), {"padding": (0, 1), "stride": (1, 2)}, "stride and padding"),
    ((2, 3, 5, 4), (2, 2, 3), {"padding": (1, 2), "stride": (3, 2)}, "stride and padding"),
    ((1, 2, 6, 5), (2, 3, 2), {"padding": (2, 1), "stride": (2, 3)}, "stride and padding"),
]


def passes(rng: np.random.Generator) -> Iterator[Sample]:
    """Always float64, as in chapter 7: convlab.grad, which may be used here, takes arrays of one dtype only."""

    def draw(shape: tuple[int, ...], kernel: tuple[int, ...], layout: Layout) -> tuple[np.ndarray, ...]:
        (N, C_in, H, W), (C_out, kh, kw) = shape, kernel
        values = integers if np.prod(shape) * C_out <= 8 else fractions
        shapes = ((N, C_out, *layout.outputs((H, W), (kh, kw))), shape, (C_out, C_in, kh, kw))
        return tuple(values(rng, size, np.float64) for size in shapes)

    for shape, kernel, options, group in SHAPES:
        yield Sample(draw(shape, kernel, layout_of(**options)), options, group)
    arrays = draw((1, 2, 5, 7), (1, 2, 3), Layout((1, 2), (2, 0)))
    yield Sample((*arrays, (1, 2), (2, 0)), group="stride and padding")  # the options without their names
    for _ in range(2):
        H, W = (int(v) for v in rng.permutation(4)[:2] + 4)
        stride, padding = (int(v) for v in rng.integers([2, 0], [4, 3]))
        drawn: dict[str, Size] = {"stride": (1, stride), "padding": (padding, 1)}
        yield Sample(draw((2, 1, H, W), (2, 2, 3), layout_of(**drawn)), drawn, "stride and padding")
    for how in LAYOUTS[1:]:
        yield Sample(tuple(lay_out(array, how) for array in draw((1, 2, 2, 3), (3, 1, 2), layout_of())))


def gradients_in_torch(
    torch: Any, grad_output: Any, input: Any, weight: Any, stride: Size = 1, padding: Size = 0
) -> Any:
    with torch.enable_grad():
        leaves = [array.clone().requires_grad_() for array in (input, weight)]
        bias = torch.zeros(len(weight), dtype=weight.dtype, requires_grad=True)
        output = torch.nn.functional.conv2d(*leaves, bias, stride, padding)
        return torch.autograd.grad(output, [*leaves, bias], grad_output)


Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


def all_three(g: np.ndarray, x: np.ndarray, w: np.ndarray, layout: Layout) -> Gradients:
    return input_gradient(x.shape, w, g, layout), weight_gradient(x, w.shape, g, layout), g.sum((0, 2, 3))


def _backward(
    name: str,
    explanation: str,
    function: Callable[[np.ndarray, np.ndarray, np.ndarray, Layout], Any],
    group: str = "plain",
) -> Mistake:
    """A mistake as a function of grad_output, the input, the weight and the layout."""

    def mistaken(
        grad_output: np.ndarray, input: np.ndarray, weight: np.ndarray, stride: Size = 1, padding: Size = 0
    ) -> Any:
        return function(grad_output, input, weight, layout_of(stride, padding))

    return Mistake(name, explanation, mistaken, group)


def _slip(name: str, explanation: str, right: Callable[..., Any], group: str) -> Mistake:
    return _backward(name, explanation, right, group)


def replaced(at: int, change: Callable[..., np.ndarray]) -> Callable[..., Gradients]:
    """All three gradients, of which number `at` is made from the arguments by `change`."""

    def function(g: np.ndarray, x: np.ndarray, w: np.ndarray, layout: Layout) -> Gradients:
        right = list(all_three(g, x, w, layout))
        right[at] = change(g, x, w, layout)
        return right[0], right[1], right[2]

    return function


BY_OPTION = {"stride": "stride and padding", "padding": "stride and padding"}
TOLD = {
    "start not multiplied by the stride": "You take the places of stride 1. Tap (i, j) of the window at (y, x) met row "
    "y * s_h + i and column x * s_w + j of the padded image: as slices, i : i + s_h * H_out : s_h, and so on.",
}
OF_CONVLAB = (
    "functional.conv2d",
    "functional.dilate",
    "functional.flip",
    "functional.output_size",
    "functional.pad",
    "grad.conv2d_bias",
    "grad.conv2d_input",
    "grad.conv2d_weight",
)

conv2d_backward = Exercise(
    name="conv2d_backward",
    chapter=CHAPTER,
    parameters=("grad_output", "input", "weight", "stride", "padding"),
    groups={"plain": 1, "stride and padding": 1},
    difficulty=3,
    minutes=20,
    samples=passes,
    oracle=gradients_in_torch,
    oracle_name="torch.autograd",
    results=("grad_input", "grad_weight", "grad_bias"),
    allowed=OF_CONVLAB,
    mistakes=(
        _backward(
            "another order",
            "The gradients come in another order: return grad_input, grad_weight, grad_bias, as conv2d takes its "
            "arguments.",
            lambda g, x, w, layout: (*all_three(g, x, w, layout)[1::-1], g.sum((0, 2, 3))),
        ),
        _backward(
            "input gradient not flipped",
            "Your grad_input uses each kernel the wrong way round. Tap (i, j) hands its share to the pixels that it "
            "met, which lie i rows below and j columns right of where the windows start.",
            replaced(0, lambda g, x, w, layout: input_gradient(x.shape, w[:, :, ::-1, ::-1], g, layout)),
        ),
        _backward(
            "weight gradient flipped",
            "Your grad_weight is flipped: each kernel's taps stand in reverse. What tap (i, j) collects belongs to "
            "grad_weight[:, :, i, j].",
            replaced(
                1, lambda g, x, w, layout: weight_gradient(x, w.shape, g, layout)[:, :, ::-1, ::-1].copy()
            ),
        ),
        _backward(
            "assigned window by window",
            OVERLAP,
            replaced(0, lambda g, x, w, layout: input_gradient(x.shape, w, g, layout, keep="last window")),
        ),
        _backward(
            "assigned tap by tap",
            OVERLAP,
            replaced(0, lambda g, x, w, layout: input_gradient(x.shape, w, g, layout, keep="last tap")),
        ),
        _backward(
            "channels not swapped",
            "In grad_input you take weight's first axis for the input channels. weight[o, c] leads from channel o of "
            "grad_output back to channel c.",
            replaced(0, lambda g, x, w, layout: reshapes_the_channels(x.shape, w, g, layout)),
        ),
        _backward(
            "weight gradient indexed [in, out]",
            "The axes of your grad_weight are (C_in, C_out, kh, kw). It has the shape of weight: "
            "(C_out, C_in, kh, kw).",
            replaced(1, lambda g, x, w, layout: weight_gradient(x, w.shape, g, layout).swapaxes(0, 1)),
        ),
        _backward(
            "mean over the batch",
            "You divide grad_weight and grad_bias by the number of images. A loss that is a mean has divided already: "
            "here everything is added up.",
            lambda g, x, w, layout: (
                input_gradient(x.shape, w, g, layout),
                weight_gradient(x, w.shape, g, layout) / len(x),
                g.sum((0, 2, 3)) / len(x),
            ),
        ),
        _backward(
            "bias gradient for each image",
            "Your grad_bias is not added up over the images. All of them share the bias: sum over axes 0, 2 and 3.",
            replaced(2, lambda g, x, w, layout: g.sum((2, 3))),
        ),
        _backward(
            "bias gradient averaged",
            "Your grad_bias is a mean. The bias is added at every place of every image: add its gradients up.",
            replaced(2, lambda g, x, w, layout: g.mean((0, 2, 3))),
        ),
        _backward(
            "places counted",
            "Your grad_bias counts the places. Add up what grad_output holds there.",
            replaced(2, lambda g, x, w, layout: np.full(g.shape[1], g.size / g.shape[1])),
        ),
        _backward(
            "too short by the tail",
            "Your grad_input ends where the last window ends. The stride dropped a tail of rows and columns: the "
            "gradient has the shape of input.",
            replaced(0, lambda g, x, w, layout: loses_the_tail(x.shape, w, g, layout)),
            "stride and padding",
        ),
        _backward(
            "tail filled with zeros",
            "In grad_input you cut the padding off both ends and fill up with zeros, but the dropped tail lies at the "
            "end: begin with zeros of the padded image's shape, add to them, then cut.",
            replaced(0, lambda g, x, w, layout: fills_the_tail_with_zeros(x.shape, w, g, layout)),
            "stride and padding",
        ),
        _backward(
            "padding kept",
            "Your grad_input still has the padding's share. The zeros are no pixels: cut p_h rows and p_w columns off "
            "each side.",
            replaced(0, lambda g, x, w, layout: keeps_the_padding(x.shape, w, g, layout)),
            "stride and padding",
        ),
        *(
            mistake
            for mistake in slips(_slip, all_three, BY_OPTION, ("place", "pair"), TOLD_OF_INPUT | TOLD)
            if "dilation" not in mistake.name
        ),
    ),
)


# ---------------------------------------------------------------- train_step

Params = list[tuple[np.ndarray, np.ndarray]]
STRIDES, PADDINGS = (1, 2, 1), (1, 1, 0)  # of the chapter's three layers
LAYOUT = tuple(layout_of(stride, padding) for stride, padding in zip(STRIDES, PADDINGS))

# (N, C_in, H, W), the first two layers as (C_out, kh, kw), the classes, lr, group. The third kernel is as large as
# what the second layer gives. No lr is 1, and none is the same for all.
STEPS: list[tuple[tuple[int, ...], tuple[tuple[int, int, int], ...], int, float, str]] = [
    ((1, 1, 1, 2), ((1, 3, 3), (1, 3, 3)), 2, 0.5, "one image"),
    ((1, 1, 2, 3), ((2, 3, 3), (1, 3, 3)), 2, 0.25, "one image"),
    ((1, 2, 3, 2), ((1, 2, 3), (3, 3, 2)), 3, 2.0, "one image"),
    ((1, 1, 4, 3), ((2, 3, 3), (3, 3, 3)), 4, 0.5, "one image"),
    ((2, 1, 1, 2), ((1, 3, 3), (1, 3, 3)), 2, 0.5, "batch"),
    ((3, 1, 2, 3), ((2, 3, 2), (1, 3, 3)), 3, 0.25, "batch"),
    ((4, 2, 2, 1), ((2, 2, 1), (2, 2, 3)), 2, 1.5, "batch"),
    ((2, 1, 3, 4), ((3, 3, 3), (2, 3, 2)), 4, 0.5, "batch"),
]


def steps(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, hidden, classes, lr, group in STEPS:
        params, images = network(rng, shape, hidden, classes)
        yield Sample((params, images, rng.integers(classes, size=shape[0]), lr), group=group)
    for how in LAYOUTS[1:]:
        params, images = network(rng, (2, 1, 2, 2), ((2, 3, 3), (1, 3, 3)), 3)
        laid_out = [(lay_out(weight, how), lay_out(bias, how)) for weight, bias in params]
        labels = lay_out(rng.permutation(3)[:2], how)
        yield Sample((laid_out, lay_out(images, how), labels, 0.25), group="batch")


def network(
    rng: np.random.Generator, shape: tuple[int, ...], hidden: tuple[tuple[int, int, int], ...], classes: int
) -> tuple[Params, np.ndarray]:
    """Random parameters and images such that the ReLUs let something through and hold something back.

    No number that a ReLU gets is 0: there its slope is a matter of taste.
    """
    while True:
        images = abs(fractions(rng, shape)) / 4
        params: Params = []
        C_in, size = shape[1], (shape[2], shape[3])
        for (C_out, kh, kw), layout in zip(hidden, LAYOUT):
            params.append((fractions(rng, (C_out, C_in, kh, kw)) / 4, fractions(rng, C_out) / 4))
            C_in, size = C_out, layout.outputs(size, (kh, kw))
        params.append((fractions(rng, (classes, C_in, *size)) / 4, fractions(rng, classes) / 4))
        before = [output for _, _, output in forward(params, images)[:-1]]
        let_through = [np.mean(output > 0) for output in before]
        held_back = any(output.size > 1 for output in before) and min(let_through) < 1
        if all(np.all(output != 0) for output in before) and min(let_through) > 0.2 and held_back:
            return params, images


def forward(
    params: Params, images: np.ndarray, relus: int = 2
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each layer: what it reads, its weight, and what it gives before the ReLU."""
    passed: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    x = images
    for number, ((weight, bias), layout) in enumerate(zip(params, LAYOUT)):
        windows = gather(x, weight.shape[2:], layout)
        output = np.einsum("ncyxij,ocij->noyx", windows, weight) + bias[:, None, None]
        passed.append((x, weight, output))
        x = np.maximum(output, 0) if number < relus else output
    return passed


def step_of_torch(torch: Any, params: Any, images: Any, labels: Any, lr: float) -> Any:
    conv2d, relu = torch.nn.functional.conv2d, torch.nn.functional.relu
    with torch.enable_grad():
        leaves = [array.clone().requires_grad_() for pair in params for array in pair]
        hidden = relu(conv2d(images, *leaves[:2], padding=1))
        hidden = relu(conv2d(hidden, *leaves[2:4], stride=2, padding=1))
        scores = conv2d(hidden, *leaves[4:])
        if scores.shape[2:] != (1, 1):
            raise ValueError(f"the last kernel must be as large as what it reads; it gives {scores.shape}")
        loss = torch.nn.functional.cross_entropy(scores[:, :, 0, 0], labels.long())
        gradients = torch.autograd.grad(loss, leaves)
    updated = [leaf.detach() - lr * gradient for leaf, gradient in zip(leaves, gradients)]
    return tuple(zip(updated[::2], updated[1::2])), loss.item()


def step(params: Params, images: np.ndarray, labels: np.ndarray, lr: float, slip: str = "") -> Any:
    """One step of training, right but for one slip."""
    passed = forward(params, images, {"no ReLU": 0, "ReLU on the scores": 3}.get(slip, 2))
    scores = passed[-1][-1][:, :, 0, 0]
    if slip == "ReLU on the scores":
        scores = np.maximum(scores, 0)
    rows = np.arange(len(images))
    axis = 0 if slip == "softmax over the batch" else 1
    exp = np.exp(scores - scores.max(axis=axis, keepdims=True))
    probabilities = exp / exp.sum(axis=axis, keepdims=True)
    loss = -np.log(probabilities[rows, labels]).sum()
    grad = probabilities.copy()
    if slip != "label not subtracted":
        grad[rows, labels] -= 1
    loss, grad = _scaled(loss, grad, slip)
    if slip == "ReLU on the scores":
        grad = grad * (scores > 0)
    updated: Params = []
    g = grad[:, :, None, None]
    for number in (2, 1, 0):
        (x, weight, _), bias, layout = passed[number], params[number][1], LAYOUT[number]
        new = _updated(weight, bias, weight_gradient(x, weight.shape, g, layout), g.sum((0, 2, 3)), lr, slip)
        updated.insert(0, new if number == 2 or slip != "last layer alone" else params[number])
        through = {"weights updated too early": new[0], "kernel turned": weight[:, :, ::-1, ::-1]}
        g = input_gradient(x.shape, through.get(slip, weight), g, layout)
        if slip == "gate by the gradient":
            g = np.maximum(g, 0)
        elif slip not in ("no ReLU", "no ReLU on the way back"):
            g = g * (x > 0)
    if slip == "loss after the step":
        _, loss = step(updated, images, labels, lr)
    return updated, float(loss)


def _scaled(loss: float, grad: np.ndarray, slip: str) -> tuple[float, np.ndarray]:
    """The loss and its gradient, of which one or both may be something else than a mean over the images."""
    N, classes = grad.shape
    if slip == "summed":
        return loss, grad
    if slip == "gradient of the sum":
        return loss / N, grad
    if slip == "divided twice":
        return loss / N, grad / N**2
    if slip == "divided by the classes":
        return loss / (N * classes), grad / (N * classes)
    return -loss / N if slip == "no minus" else loss / N, grad / N


def _updated(
    weight: np.ndarray, bias: np.ndarray, grad_weight: np.ndarray, grad_bias: np.ndarray, lr: float, slip: str
) -> tuple[np.ndarray, np.ndarray]:
    if slip == "gradients returned":
        return grad_weight, grad_bias
    lr = {"uphill": -lr, "lr ignored": 1.0, "nothing updated": 0.0}.get(slip, lr)
    return weight - lr * grad_weight, bias - (0 if slip == "bias not updated" else lr * grad_bias)


def _step(name: str, explanation: str, group: str = "one image") -> Mistake:
    def mistaken(params: Params, images: np.ndarray, labels: np.ndarray, lr: float) -> Any:
        return step(params, images, labels, lr, name)

    return Mistake(name, explanation, mistaken, group)


train_step = Exercise(
    name="train_step",
    chapter=CHAPTER,
    parameters=("params", "images", "labels", "lr"),
    groups={"one image": 1, "batch": 1},
    difficulty=4,
    minutes=25,
    samples=steps,
    oracle=step_of_torch,
    oracle_name="torch's autograd and SGD",
    results=("params", "loss"),
    allowed=("functional", "grad"),
    mistakes=(
        _step(
            "uphill",
            "You step uphill: you add lr times the gradient. The gradient says where the loss grows, so take lr times "
            "the gradient away.",
        ),
        _step(
            "lr ignored",
            "You take away the whole gradient. The step is lr times the gradient.",
        ),
        _step("bias not updated", "You do not update the biases. They are learned as the weights are."),
        _step(
            "last layer alone",
            "You update the last layer only. Hand the gradient on to the layers before it, and update them too.",
        ),
        _step("nothing updated", "Your loss is right, but the parameters come back as they went in."),
        _step(
            "gradients returned",
            "In place of the new parameters you return the gradients. The new ones are the old ones minus lr times "
            "the gradients.",
        ),
        _step(
            "weights updated too early",
            "You update a weight and then carry the gradient back through it. The loss was computed with the old "
            "weight: go back through that one, and update afterwards.",
        ),
        _step(
            "loss after the step",
            "Your loss is that of the new parameters. Return the loss from which the step was computed.",
        ),
        _step(
            "no minus",
            "Your loss lacks its minus sign. The logarithm of a probability is negative, and the loss is its negative.",
        ),
        _step(
            "no ReLU",
            "There is no ReLU between your layers: what is negative must become 0 before the next layer reads it.",
        ),
        _step(
            "no ReLU on the way back",
            "On the way back you forget the ReLUs: where the next layer got 0, the gradient becomes 0 as well.",
        ),
        _step(
            "gate by the gradient",
            "On the way back you keep the gradients that are positive. A ReLU lets a gradient through where its "
            "*input* was positive.",
        ),
        _step(
            "ReLU on the scores",
            "There is a ReLU behind your last layer. Scores may be negative: only the first two layers have one.",
        ),
        _step(
            "kernel turned",
            "On the way back you use the kernels the wrong way round: each tap hands its share to the pixels that "
            "it met.",
        ),
        _step(
            "label not subtracted",
            "Your gradient of the scores is the probabilities themselves. Take 1 away from that of the right label.",
        ),
        _step(
            "softmax over the batch",
            "Your softmax runs over the images. The scores of one image compete with each other: axis 1.",
        ),
        _step(
            "summed",
            "You add up the losses of the images. The loss of a batch is their mean, and so is its gradient.",
            "batch",
        ),
        _step(
            "gradient of the sum",
            "Your loss is a mean over the images, and your gradient is that of the sum: divide it by N as well.",
            "batch",
        ),
        _step(
            "divided twice",
            "You divide the gradient by N twice. The mean of the losses divides by N once, and the layers add up.",
            "batch",
        ),
        _step(
            "divided by the classes",
            "You divide by the number of classes as well. The loss is a mean over the images only.",
        ),
    ),
)

EXERCISES = (conv2d_backward, train_step)
