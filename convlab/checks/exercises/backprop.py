"""Chapter 7, backprop by flipped kernels: `numerical_gradient`, `conv2d_weight`, `conv2d_input`, `conv2d_bias`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._layouts import Layout, Size, layout_of, slips
from convlab.checks.exercises._numerical_gradient import CHAPTER, numerical_gradient
from convlab.checks.samples import LAYOUTS, fractions, integers, lay_out

__all__ = ["EXERCISES"]


# ---------------------------------------------------------------- conv2d_weight and conv2d_input

# (N, C_in, H, W), (C_out, kh, kw), options, group: the smallest of a group first, as failures are told with the
# smallest. H differs from W, kh from kw (but where both are 1 or 2), s_h from s_w, p_h from p_w, d_h from d_w; of the
# steps that a stride takes, 0, 1 and 2 pixels are left over, inside the image and in the padding.
SHAPES: list[tuple[tuple[int, ...], tuple[int, int, int], dict[str, Size], str]] = [
    ((1, 1, 1, 3), (1, 1, 2), {}, "plain"),
    ((1, 1, 3, 2), (1, 2, 1), {}, "plain"),
    ((1, 1, 2, 3), (1, 2, 2), {}, "plain"),
    ((1, 1, 2, 3), (1, 2, 3), {}, "plain"),
    ((2, 1, 1, 3), (1, 1, 2), {}, "plain"),
    ((1, 2, 1, 3), (1, 1, 2), {}, "plain"),
    ((1, 1, 1, 3), (2, 1, 2), {}, "plain"),
    ((1, 2, 1, 2), (2, 1, 1), {}, "plain"),
    ((2, 2, 3, 2), (2, 2, 1), {}, "plain"),
    ((1, 2, 3, 4), (3, 2, 2), {}, "plain"),
    ((2, 3, 4, 5), (4, 2, 3), {}, "plain"),
    ((3, 2, 5, 3), (2, 4, 2), {}, "plain"),
    ((1, 1, 1, 4), (1, 1, 2), {"stride": 2}, "stride"),
    ((1, 1, 1, 5), (1, 1, 2), {"stride": (1, 2)}, "stride"),
    ((1, 1, 7, 2), (1, 2, 1), {"stride": (3, 1)}, "stride"),
    ((1, 1, 3, 4), (1, 2, 2), {"stride": 3}, "stride"),
    ((2, 3, 7, 6), (2, 3, 2), {"stride": (2, 3)}, "stride"),
    ((2, 1, 6, 8), (3, 2, 3), {"stride": (3, 2)}, "stride"),
    ((1, 1, 1, 2), (1, 1, 2), {"padding": (0, 1)}, "padding"),
    ((1, 1, 2, 1), (1, 2, 1), {"padding": 1}, "padding"),
    ((1, 1, 1, 4), (1, 1, 3), {"padding": (0, 1)}, "padding"),
    ((2, 2, 3, 4), (1, 3, 2), {"padding": (1, 2)}, "padding"),
    ((1, 2, 2, 3), (3, 2, 3), {"padding": (3, 1)}, "padding"),
    ((1, 1, 1, 5), (1, 1, 2), {"padding": (0, 1), "stride": (1, 2)}, "padding"),
    ((2, 3, 5, 4), (2, 2, 3), {"padding": (1, 2), "stride": (3, 2)}, "padding"),
    ((1, 2, 6, 5), (2, 3, 2), {"padding": (2, 1), "stride": (2, 3)}, "padding"),
    ((1, 1, 1, 4), (1, 1, 2), {"dilation": 2}, "dilation"),
    ((1, 1, 4, 2), (1, 2, 1), {"dilation": (3, 1)}, "dilation"),
    ((2, 1, 5, 6), (3, 2, 3), {"dilation": (3, 2)}, "dilation"),
    ((1, 2, 7, 5), (2, 3, 2), {"dilation": (2, 3), "stride": (2, 1)}, "dilation"),
    ((2, 3, 4, 6), (2, 2, 3), {"dilation": (2, 1), "padding": (1, 2), "stride": (3, 2)}, "dilation"),
    ((1, 1, 8, 6), (2, 2, 2), {"dilation": (3, 2), "padding": (1, 0), "stride": (3, 2)}, "dilation"),
]

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def passes(rng: np.random.Generator) -> Iterator[tuple[Arrays, tuple[Size, ...], dict[str, Size], str]]:
    """Forward passes: (input, weight, grad_output), options without and with their names, group.

    Always float64: convlab.functional.conv2d, which may be used here, takes arrays of one dtype only, and the arrays
    of zeros that somebody makes for it are float64 if nothing else is said.
    """

    def draw(shape: tuple[int, ...], kernel: tuple[int, ...], layout: Layout) -> Arrays:
        (N, C_in, H, W), (C_out, kh, kw) = shape, kernel
        H_out, W_out = layout.outputs((H, W), (kh, kw))
        values = integers if np.prod(shape) * C_out <= 8 else fractions
        shapes = (shape, (C_out, C_in, kh, kw), (N, C_out, H_out, W_out))
        input, weight, grad_output = (values(rng, size, np.float64) for size in shapes)
        return input, weight, grad_output

    for shape, kernel, options, group in SHAPES:
        yield draw(shape, kernel, layout_of(**options)), (), options, group
    yield (
        draw((1, 2, 5, 7), (1, 2, 3), Layout((1, 2), (2, 0), (3, 1))),
        ((1, 2), (2, 0), (3, 1)),
        {},
        "dilation",
    )
    for _ in range(2):
        H, W = (int(v) for v in rng.permutation(4)[:2] + 4)
        stride, padding = (int(v) for v in rng.integers([2, 0], [4, 3]))
        drawn: dict[str, Size] = {"padding": (padding, 1), "stride": (1, stride)}
        yield draw((2, 1, H, W), (2, 2, 3), layout_of(**drawn)), (), drawn, "padding"
    for how in LAYOUTS[1:]:
        input, weight, grad_output = draw((1, 2, 2, 3), (3, 1, 2), layout_of())
        yield (lay_out(input, how), lay_out(weight, how), lay_out(grad_output, how)), (), {}, "plain"


def weight_passes(rng: np.random.Generator) -> Iterator[Sample]:
    for (input, weight, grad_output), args, kwargs, group in passes(rng):
        yield Sample((input, weight.shape, grad_output, *args), kwargs, group)


def input_passes(rng: np.random.Generator) -> Iterator[Sample]:
    for (input, weight, grad_output), args, kwargs, group in passes(rng):
        yield Sample((input.shape, weight, grad_output, *args), kwargs, group)


Shape = tuple[int, int, int, int]


def weight_gradient_in_torch(
    torch: Any, input: Any, weight_size: Shape, grad_output: Any, *args: Any, **kwargs: Any
) -> Any:
    _refuse_two_batches(len(input), grad_output)
    return torch.nn.grad.conv2d_weight(input, weight_size, grad_output, *args, **kwargs)


def input_gradient_in_torch(
    torch: Any, input_size: Shape, weight: Any, grad_output: Any, *args: Any, **kwargs: Any
) -> Any:
    _refuse_two_batches(input_size[0], grad_output)
    return torch.nn.grad.conv2d_input(input_size, weight, grad_output, *args, **kwargs)


def _refuse_two_batches(images: int, grad_output: Any) -> None:
    # torch refuses all other sizes that disagree, but with another number of images it reads beyond the memory.
    if images != len(grad_output):
        raise ValueError(f"grad_output is for {len(grad_output)} images, the input has {images}")


def weight_gradient(
    input: np.ndarray, weight_size: Shape, grad_output: np.ndarray, layout: Layout
) -> np.ndarray:
    result = np.zeros(weight_size)
    (_, _, H, W), (_, _, kh, kw), (_, _, H_out, W_out) = input.shape, weight_size, grad_output.shape
    for y, x, i, j, row, column in layout.contacts((H, W), (kh, kw), (H_out, W_out)):
        result[:, :, i, j] += grad_output[:, :, y, x].T @ input[:, :, row, column]
    return result


def as_many_taps_as_fit(
    input: np.ndarray, weight_size: Shape, grad_output: np.ndarray, layout: Layout
) -> np.ndarray:
    (C_out, C_in, *_), (H, W) = weight_size, input.shape[2:]
    taps = layout._replace(stride=layout.dilation, dilation=layout.stride).outputs(
        (H, W), grad_output.shape[2:]
    )
    return weight_gradient(input, (C_out, C_in, *taps), grad_output, layout)


def _weight(
    name: str,
    explanation: str,
    function: Callable[[np.ndarray, Shape, np.ndarray, Layout], np.ndarray],
    group: str = "plain",
) -> Mistake:
    """A mistake as a function of the input, the weight's size, grad_output and the layout."""

    def mistaken(
        input: np.ndarray,
        weight_size: Shape,
        grad_output: np.ndarray,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
    ) -> np.ndarray:
        return function(input, weight_size, grad_output, layout_of(stride, padding, dilation))

    return Mistake(name, explanation, mistaken, group)


BY_OPTION = {"stride": "stride", "padding": "padding", "dilation": "dilation"}
OF_CONVLAB = ("conv2d", "dilate", "flip", "output_size", "pad")

TOLD_OF_WEIGHT = {
    "start not multiplied by the stride": "You lay grad_output on the input without gaps. Its entry (y, x) belongs to "
    "the window that starts at (y * s_h, x * s_w): as a kernel, grad_output has the stride for its dilation.",
    "stride and dilation exchanged": "You take stride and dilation as the forward pass does. Here they change roles: "
    "grad_output is spread by the stride, and it moves on by the dilation.",
}

conv2d_weight = Exercise(
    name="conv2d_weight",
    chapter=CHAPTER,
    parameters=("input", "weight_size", "grad_output", "stride", "padding", "dilation"),
    groups={"plain": 1, "stride": 1, "padding": 1, "dilation": 1},
    difficulty=4,
    minutes=20,
    samples=weight_passes,
    oracle=weight_gradient_in_torch,
    oracle_name="torch.nn.grad.conv2d_weight",
    results=("grad_weight",),
    linear=("input", "grad_output"),
    allowed=tuple(f"functional.{name}" for name in OF_CONVLAB),
    mistakes=(
        _weight(
            "reversed",
            "Your gradient is flipped: each kernel's taps stand in reverse. The gradient of the weight is a "
            "correlation, so nothing is flipped.",
            lambda x, size, g, layout: weight_gradient(x, size, g, layout)[:, :, ::-1, ::-1],
        ),
        _weight(
            "columns before rows",
            "Your taps lie on their side: grad_weight[o, c, i, j] belongs to row i and column j of the kernel.",
            lambda x, size, g, layout: weight_gradient(x, size, g, layout).swapaxes(2, 3),
        ),
        _weight(
            "all-ones upstream",
            "You ignore grad_output: your numbers are those of ones in its place, the gradient of a plain sum.",
            lambda x, size, g, layout: weight_gradient(x, size, np.ones(g.shape), layout),
        ),
        _weight(
            "mean over the batch",
            "You take the mean over the batch. All images share the weight, so their gradients are added up.",
            lambda x, size, g, layout: weight_gradient(x, size, g, layout) / len(x),
        ),
        _weight(
            "first image alone",
            "Only the first image of the batch is in your gradient. All images share the weight: "
            "add up over n as well.",
            lambda x, size, g, layout: weight_gradient(x[:1], size, g[:1], layout),
        ),
        _weight(
            "mean over the places",
            "You take the mean over the places. A tap is used at every place, and its gradients are added up.",
            lambda x, size, g, layout: weight_gradient(x, size, g, layout) / (g.shape[2] * g.shape[3]),
        ),
        _weight(
            "indexed [in, out]",
            "Your axes are (C_in, C_out, kh, kw). The gradient has the shape of weight: (C_out, C_in, kh, kw).",
            lambda x, size, g, layout: weight_gradient(x, size, g, layout).swapaxes(0, 1),
        ),
        _weight(
            "channels of the input added up",
            "Every input channel gets the same gradient, that of all channels together. "
            "grad_weight[o, c] reads channel c alone.",
            lambda x, size, g, layout: weight_gradient(
                np.repeat(x.sum(1, keepdims=True), x.shape[1], axis=1), size, g, layout
            ),
        ),
        _weight(
            "more taps than the kernel has",
            "Your gradient has more taps than the kernel: the tail that the stride dropped leaves room for them. "
            "Only kh by kw of them were in the forward pass.",
            as_many_taps_as_fit,
            "stride",
        ),
        *slips(_weight, weight_gradient, BY_OPTION, ("place", "pair"), TOLD_OF_WEIGHT),
    ),
)


def input_gradient(
    input_size: Shape, weight: np.ndarray, grad_output: np.ndarray, layout: Layout, keep: str = "sum"
) -> np.ndarray:
    """`keep` is what stays where windows overlap: "sum", "last window" or "last tap"."""
    result = np.zeros(input_size)
    (_, _, H, W), (_, _, kh, kw), (_, _, H_out, W_out) = input_size, weight.shape, grad_output.shape
    contacts = list(layout.contacts((H, W), (kh, kw), (H_out, W_out)))
    if keep == "last tap":
        contacts.sort(key=lambda contact: contact[2:4])
    for y, x, i, j, row, column in contacts:
        if keep != "sum":
            result[:, :, row, column] = 0
        result[:, :, row, column] += grad_output[:, :, y, x] @ weight[:, :, i, j]
    return result


def reshapes_the_channels(size: Shape, weight: np.ndarray, g: np.ndarray, layout: Layout) -> np.ndarray:
    C_out, C_in, kh, kw = weight.shape
    return input_gradient(size, weight.reshape(C_in, C_out, kh, kw).swapaxes(0, 1), g, layout)


def loses_the_tail(size: Shape, weight: np.ndarray, g: np.ndarray, layout: Layout) -> np.ndarray:
    H, W = layout.least_size(g.shape[2:], weight.shape[2:])
    return input_gradient(size, weight, g, layout)[:, :, :H, :W]


def fills_the_tail_with_zeros(size: Shape, weight: np.ndarray, g: np.ndarray, layout: Layout) -> np.ndarray:
    short = loses_the_tail(size, weight, g, layout)
    result = np.zeros(size)
    result[:, :, : short.shape[2], : short.shape[3]] = short
    return result


def keeps_the_padding(size: Shape, weight: np.ndarray, g: np.ndarray, layout: Layout) -> np.ndarray:
    (N, C, H, W), (p_h, p_w) = size, layout.padding
    return input_gradient((N, C, H + 2 * p_h, W + 2 * p_w), weight, g, layout._replace(padding=(0, 0)))


def pads_like_the_forward_pass(size: Shape, weight: np.ndarray, g: np.ndarray, layout: Layout) -> np.ndarray:
    """The correlation of the spread gradient, padded by `padding`, with the flipped kernel."""
    D_h, D_w = (d * (k - 1) for d, k in zip(layout.dilation, weight.shape[2:]))
    H, W = (
        max((n - 1) * s + 1 + 2 * p - D, 0)
        for n, s, p, D in zip(g.shape[2:], layout.stride, layout.padding, (D_h, D_w))
    )
    cropped = layout._replace(padding=(D_h - layout.padding[0], D_w - layout.padding[1]))
    return input_gradient((*size[:2], H, W), weight, g, cropped)


def _input(
    name: str,
    explanation: str,
    function: Callable[[Shape, np.ndarray, np.ndarray, Layout], np.ndarray],
    group: str = "plain",
) -> Mistake:
    """A mistake as a function of the input's size, the weight, grad_output and the layout."""

    def mistaken(
        input_size: Shape,
        weight: np.ndarray,
        grad_output: np.ndarray,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
    ) -> np.ndarray:
        return function(input_size, weight, grad_output, layout_of(stride, padding, dilation))

    return Mistake(name, explanation, mistaken, group)


OVERLAP = (
    "Where windows overlap you keep the gradient of only one tap. A pixel that several windows read gets "
    "the gradients of all of them, added up."
)

TOLD_OF_INPUT = {
    "start not multiplied by the stride": "You do not spread grad_output. Its entry (y, x) belongs to the window that "
    "starts at (y * s_h, x * s_w): with a stride there are zeros between the entries.",
    "stride and dilation exchanged": "You exchange stride and dilation: grad_output is spread by the stride, "
    "the taps by the dilation.",
}

conv2d_input = Exercise(
    name="conv2d_input",
    chapter=CHAPTER,
    parameters=("input_size", "weight", "grad_output", "stride", "padding", "dilation"),
    groups={"plain": 2, "stride": 1, "padding": 1, "dilation": 1},
    difficulty=5,
    minutes=30,
    samples=input_passes,
    oracle=input_gradient_in_torch,
    oracle_name="torch.nn.grad.conv2d_input",
    results=("grad_input",),
    linear=("weight", "grad_output"),
    allowed=tuple(f"functional.{name}" for name in OF_CONVLAB),
    mistakes=(
        _input(
            "kernel not flipped",
            "The kernel is the wrong way round: each tap sends its gradient back to the pixel it read. "
            "As a full correlation of grad_output, that is with the kernel flipped.",
            lambda size, w, g, layout: input_gradient(size, w[:, :, ::-1, ::-1], g, layout),
        ),
        _input(
            "channels not swapped",
            "You take weight's first axis for the input channels. weight[o, c] leads from channel o of grad_output "
            "back to channel c: swap the two axes; a reshape only renumbers them.",
            reshapes_the_channels,
        ),
        _input(
            "all-ones upstream",
            "You ignore grad_output: your numbers are those of ones in its place, the gradient of a plain sum.",
            lambda size, w, g, layout: input_gradient(size, w, np.ones(g.shape), layout),
        ),
        _input(
            "assigned window by window",
            OVERLAP,
            lambda size, w, g, layout: input_gradient(size, w, g, layout, keep="last window"),
        ),
        _input(
            "assigned tap by tap",
            OVERLAP,
            lambda size, w, g, layout: input_gradient(size, w, g, layout, keep="last tap"),
        ),
        _input(
            "first output channel alone",
            "Only output channel 0 is in your gradient. A pixel is read for every output channel: "
            "add up over o as well.",
            lambda size, w, g, layout: input_gradient(size, w[:1], g[:, :1], layout),
        ),
        _input(
            "mean over the batch",
            "You divide by the number of images. Each image has its own gradient here, and nothing is averaged.",
            lambda size, w, g, layout: input_gradient(size, w, g, layout) / size[0],
        ),
        _input(
            "added up over the batch",
            "Every image gets the gradient of the whole batch. An image's pixels change its own output alone: "
            "keep n apart.",
            lambda size, w, g, layout: np.repeat(
                input_gradient(size, w, g, layout).sum(0, keepdims=True), size[0], axis=0
            ),
        ),
        _input(
            "padded like the forward pass",
            "You put `padding` zeros around grad_output. A full correlation puts d_h * (kh - 1) above and below "
            "and d_w * (kw - 1) on either side, and cuts off p_h and p_w in the end.",
            pads_like_the_forward_pass,
        ),
        _input(
            "too short by the tail",
            "Your gradient ends where the last window ends. The stride dropped a tail of rows and columns: "
            "the gradient has input_size.",
            loses_the_tail,
            "stride",
        ),
        _input(
            "tail filled with zeros",
            "You cut the padding off both ends and fill up with zeros, but the dropped tail lies at the end: "
            "first fill up to H + 2 * p_h and W + 2 * p_w, then cut.",
            fills_the_tail_with_zeros,
            "padding",
        ),
        _input(
            "padding kept",
            "Your gradient still has the padding's share. The zeros are no pixels: cut p_h rows and p_w columns "
            "off each side.",
            keeps_the_padding,
            "padding",
        ),
        *slips(_input, input_gradient, BY_OPTION, ("place", "pair"), TOLD_OF_INPUT),
    ),
)


# ---------------------------------------------------------------- conv2d_bias


def upstreams(rng: np.random.Generator) -> Iterator[Sample]:
    for shape in [(1, 1, 1, 2), (1, 2, 1, 1), (2, 1, 1, 1), (1, 2, 2, 3)]:
        yield Sample((integers(rng, shape),))
    for shape in [(2, 3, 4, 5), (3, 2, 4, 1), (2, 2, 3, 4), (4, 1, 2, 3)]:
        yield Sample((fractions(rng, shape),))
    for how in LAYOUTS[1:]:
        yield Sample((lay_out(fractions(rng, (2, 3, 1, 2)), how),))
    yield Sample((fractions(rng, (2, 3, 1, 2), np.float32),))


def bias_in_torch(torch: Any, grad_output: Any) -> Any:
    N, C_out, H_out, W_out = grad_output.shape
    zeros = torch.zeros(N, 1, H_out, W_out, dtype=grad_output.dtype)
    weight = torch.zeros(C_out, 1, 1, 1, dtype=grad_output.dtype)
    with torch.enable_grad():
        bias = torch.zeros(C_out, dtype=grad_output.dtype, requires_grad=True)
        output = torch.nn.functional.conv2d(zeros, weight, bias)
        (gradient,) = torch.autograd.grad(output, bias, grad_output)
    return gradient


conv2d_bias = Exercise(
    name="conv2d_bias",
    chapter=CHAPTER,
    parameters=("grad_output",),
    groups={"plain": 1},
    difficulty=1,
    minutes=5,
    samples=upstreams,
    oracle=bias_in_torch,
    oracle_name="torch.autograd's gradient of conv2d's bias",
    results=("grad_bias",),
    linear=("grad_output",),
    mistakes=(
        Mistake(
            "mean",
            "You take the mean. The bias is added at every place of every image, so the gradients are added up.",
            lambda g: g.mean((0, 2, 3)),
        ),
        Mistake(
            "mean over the batch",
            "You take the mean over the batch. All images share the bias, so their gradients are added up.",
            lambda g: g.sum((2, 3)).mean(0),
        ),
        Mistake(
            "batch kept",
            "You add up over the places alone. All images share the bias: add up over the batch, axis 0, as well.",
            lambda g: g.sum((2, 3)),
        ),
        Mistake(
            "first image alone",
            "Only the first image is in your gradient. All images share the bias: add up over the batch as well.",
            lambda g: g[0].sum((1, 2)),
        ),
        Mistake(
            "places kept",
            "You add up over the batch alone. The bias is added at every place: add up over axes 2 and 3 as well.",
            lambda g: g.sum(0),
        ),
        Mistake(
            "channels added up",
            "You add up over the channels and keep the images. There is one bias for each output channel: "
            "keep axis 1.",
            lambda g: g.sum((1, 2, 3)),
        ),
        Mistake(
            "everything added up",
            "You add up everything into one number. There is one bias for each output channel: keep axis 1.",
            lambda g: g.sum(),
        ),
        Mistake(
            "axes of length 1 kept",
            "Your numbers are right, but axes of length 1 are left. The gradient has the shape of bias: (C_out,).",
            lambda g: g.sum((0, 2, 3), keepdims=True),
        ),
        Mistake(
            "all-ones upstream",
            "You ignore grad_output: you count the places at which a bias is added. "
            "Add up grad_output there.",
            lambda g: np.full(g.shape[1], g.size // g.shape[1]),
        ),
    ),
)

EXERCISES = (numerical_gradient, conv2d_weight, conv2d_input, conv2d_bias)
