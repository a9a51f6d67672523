"""The wrong convolutions that `write_tests` is scored by: what each does, and what it takes to notice it.

The catalogue of chapter 5, and more of those that only a special case shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from convlab.checks.exercises._covered import Axis, Call, computing, convolve, given, operator
from convlab.checks.exercises.dilation import conv2d
from convlab.checks.exercises.stride_and_padding import conv2d_strided

__all__ = ["ESCAPEES", "Escapee"]


class Escapee(NamedTuple):
    """A wrong convolution, for the sentences "One that got through {does}. A case that notices it has {takes}."."""

    does: str
    takes: str
    function: Callable[..., np.ndarray]


def squeezes(call: Call) -> np.ndarray:
    return np.squeeze(convolve(call))


def refuses_large_kernels(call: Call) -> np.ndarray:
    (H, W), (kh, kw) = call.input.shape[2:], call.weight.shape[2:]
    if kh >= H or kw >= W:
        raise ValueError("the kernel must be smaller than the image")
    return convolve(call)


def keeps_the_sum(call: Call) -> np.ndarray:
    total: np.ndarray = convolve(call).cumsum(axis=1)
    return total


def guesses_the_layout(call: Call) -> np.ndarray:
    """Takes a weight whose first axis fits the input for (C_in, C_out, kh, kw)."""
    C_out, C_in = call.weight.shape[:2]
    return convolve(call._replace(weight=call.weight.swapaxes(0, 1)) if C_out == C_in else call)


def bias_along_the_columns(call: Call) -> np.ndarray:
    output: np.ndarray = convolve(call._replace(bias=None))
    if call.bias is not None:
        output = output + call.bias
    return output


def plain_for_single_taps(call: Call) -> np.ndarray:
    """A fast way for 1 × 1 kernels that forgets the options."""
    if call.weight.shape[2:] == (1, 1):
        return convolve(call._replace(stride=1, padding=0))
    return convolve(call)


def mixes_up_stride_and_dilation(call: Call) -> np.ndarray:
    return convolve(call._replace(stride=call.dilation, dilation=call.stride))


def cuts_off_negative_sums(call: Call) -> np.ndarray:
    positive: np.ndarray = np.maximum(convolve(call), 0)
    return positive


def rounds_to_the_nearest(axis: Axis) -> np.ndarray:
    return axis.covered(round(axis.way / axis.stride) + 1)


def reads_only_inside(call: Call) -> np.ndarray:
    """Leaves a window out, as 0, if it hangs over the edge."""
    ones = np.ones((1, 1, *call.weight.shape[2:]))
    plain = call._replace(input=np.ones((1, 1, *call.input.shape[2:])), weight=ones, bias=None)
    inside = convolve(plain) == ones.size
    output: np.ndarray = convolve(call._replace(bias=None)) * inside
    if call.bias is not None:
        output = output + call.bias[:, None, None]
    return output


CATALOGUE = {mistake.name: mistake.function for mistake in (*conv2d_strided.mistakes, *conv2d.mistakes)}

TWO_FILTERS = "two filters"
PADDING = "padding, and no zeros in the image"

# Name in the catalogue -> what it does, and what it takes.
CAUGHT_BY = {
    "flipped kernel": ("flips the kernels", "a kernel that is not symmetric"),
    "first channel only": ("reads channel 0 only", "two channels going in"),
    "weight read as [in, out]": ("exchanges the first two axes of weight", f"two channels and {TWO_FILTERS}"),
    "first image for all": ("computes every output from the first image", "two different images"),
    "bias forgotten": ("forgets the bias", "a bias that is not 0"),
    "bias once per tap": ("adds the bias with every product", "a bias, and more than one tap"),
    "last row and column lost": ("loses the last row and column", "any sizes"),
    "output made like the input": (
        "makes its output in the input's dtype",
        "whole numbers as input, and fractions as weight",
    ),
    "index not multiplied": ("forgets to multiply the index by the stride", "a stride of 2"),
    "steps over a full output": ("makes its output as large as with stride 1", "a stride of 2"),
    "steps over the output": ("fills only some entries of its output", "a stride of 2"),
    "rounds up": ("rounds the number of places up", "a stride that does not come out even"),
    "one added before dividing": (
        "divides the number of places by the stride",
        "a stride of 2 that comes out even",
    ),
    "start clamped to 0": ("clamps the start of a window to 0", PADDING),
    "edge repeated": ("repeats the edge where zeros should stand", PADDING),
    "wraps around": ("reads from the other end where zeros should stand", PADDING),
    "original read": ("ignores the padding", "padding"),
    "places counted without the padding": ("counts its places without the padding", "padding"),
    "top and left only": ("pads at the top and at the left only", "padding"),
    "two zeros in all": ("pads by one at the most", "a padding of 2"),
    "same like valid": ('takes "same" for "valid"', 'padding="same"'),
    "odd zero in front": ('puts the odd zero of "same" in front', 'an even kernel with padding="same"'),
    "odd zero lost": ('loses the odd zero of "same"', 'an even kernel with padding="same"'),
    "full like same": ('takes "full" for "same"', 'padding="full"'),
    "dilation ignored": ("ignores the dilation", "a dilation of 2"),
    "undilated kernel in the words": (
        'leaves the dilation out of "same" and "full"',
        "one of these words together with a dilation",
    ),
    "taps not spread": ("counts the places with the dilation, but does not spread the taps", "a dilation"),
    "dilation times all taps": ("takes a spread kernel to be dilation * K long", "a dilation of 2"),
    "square kernel": ("takes every kernel for a square one", "a kernel that is not square"),
    "stride swapped": ("swaps the two strides", "two different strides"),
    "padding swapped": ("swaps the two paddings", "two different paddings"),
    "one stride for both axes": ("uses the first stride for both axes", "two different strides"),
    "one padding for both axes": ("uses the first padding for both axes", "two different paddings"),
    "dilation swapped": ("swaps the two dilations", "two different dilations"),
    "one dilation for both axes": ("uses the first dilation for both axes", "two different dilations"),
    "padding multiplied by the stride": (
        "multiplies the padding by the stride",
        "a stride together with padding",
    ),
}

MORE = (
    Escapee(
        "removes axes of length 1 from its output", "an output with an axis of length 1", computing(squeezes)
    ),
    Escapee(
        "refuses a kernel as large as the image",
        "a kernel as large as the image",
        computing(refuses_large_kernels),
    ),
    Escapee("goes on adding to the sum of the filter before", TWO_FILTERS, computing(keeps_the_sum)),
    Escapee(
        "guesses which axis of weight is which",
        "as many channels going in as coming out, at least two",
        computing(guesses_the_layout),
    ),
    Escapee(
        "adds the bias along the columns", f"a bias, and {TWO_FILTERS}", computing(bias_along_the_columns)
    ),
    Escapee(
        "has a fast way for kernels of 1 × 1, without stride and padding",
        "a kernel of 1 × 1 with a stride or with padding",
        computing(plain_for_single_taps),
    ),
    Escapee(
        "exchanges stride and dilation",
        "a stride that differs from the dilation",
        computing(mixes_up_stride_and_dilation),
    ),
    Escapee("makes negative sums 0", "an entry below 0", computing(cuts_off_negative_sums)),
    Escapee(
        "rounds the number of places to the nearest",
        "for example a stride of 3 with remainder 2",
        operator(rounds_to_the_nearest),
    ),
    Escapee("gives 0 for windows that hang over the edge", "padding", computing(reads_only_inside)),
    Escapee(
        "exchanges the rows and the columns of square kernels",
        "a square kernel that is not symmetric",
        given(weight=lambda weight: weight.swapaxes(2, 3) if weight.shape[2] == weight.shape[3] else weight),
    ),
)

ESCAPEES = (*(Escapee(*said, CATALOGUE[name]) for name, said in CAUGHT_BY.items()), *MORE)
