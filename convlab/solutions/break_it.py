"""Chapter 11: break it, test it."""

import numpy as np


def find_the_bug(name: str) -> dict[str, object]:
    """Give arguments on which the wrong convolution of this name differs from torch, and no option too many.

    Parameters
    ----------
    name : "amber", "coral", "ivory", "jade", "onyx", "ruby", "teal" or "violet"

    Returns
    -------
    dict with "input", an ndarray of shape (N, C_in, H, W), "weight", an ndarray of shape (C_out, C_in, kh, kw),
        and of "bias", "stride", "padding" and "dilation" those without which it does not differ
    """
    input = np.arange(1, 41).reshape(1, 2, 4, 5) * 7 % 11  # whole numbers, neighbours differ
    weight = np.arange(1, 25).reshape(3, 2, 2, 2) * 5 % 13 / 4  # even kernels of fractions
    options: dict[str, dict[str, object]] = {
        "amber": {"bias": np.array([1, 2, 3])},
        "coral": {"stride": (1, 2)},
        "ivory": {"padding": 1},
        "jade": {},  # whole numbers under fractions will do
        "onyx": {},  # two channels and three filters will do
        "ruby": {"stride": 2},
        "teal": {"padding": "same"},
        "violet": {"stride": 2, "padding": 1},
    }
    return {"input": input, "weight": weight, **options[name]}


def write_tests() -> list[tuple[dict[str, object], np.ndarray]]:
    """Write test cases for `conv2d` that as many wrong convolutions as possible fail, and no right one.

    Returns
    -------
    list of (kwargs, expected)
        kwargs : dict of conv2d's arguments; "input" (N, C_in, H, W) and "weight" (C_out, C_in, kh, kw) at least
        expected : ndarray, shape (N, C_out, H_out, W_out), what must come out
    """
    rng = np.random.default_rng(11)
    table = [  # input, weight, stride, padding, the same padding for each side, dilation
        ((1, 1, 4, 5), (1, 1, 2, 2), (1, 1), 0, ((0, 0), (0, 0)), (1, 1)),
        ((2, 3, 3, 2), (4, 3, 3, 2), (1, 1), (0, 1), ((0, 0), (1, 1)), (1, 1)),
        ((2, 2, 8, 9), (2, 2, 2, 3), (3, 2), (2, 1), ((2, 2), (1, 1)), (1, 2)),
        ((1, 3, 6, 8), (2, 3, 2, 1), (2, 3), (0, 2), ((0, 0), (2, 2)), (2, 1)),
        ((1, 1, 5, 4), (1, 1, 1, 1), (2, 3), 1, ((1, 1), (1, 1)), (1, 1)),
        ((1, 2, 4, 3), (2, 2, 2, 4), (1, 1), "same", ((1, 1), (1, 2)), (2, 1)),
        ((1, 1, 3, 4), (3, 1, 3, 2), (1, 1), "full", ((2, 2), (3, 3)), (1, 3)),
    ]
    cases = []
    for size, kernels, (s_h, s_w), padding, pads, (d_h, d_w) in table:
        input, weight = rng.integers(-9, 10, size), rng.integers(-9, 10, kernels) / 4
        bias = rng.integers(1, 9, kernels[0])
        padded = np.pad(input, ((0, 0), (0, 0), *pads))
        window = np.lib.stride_tricks.sliding_window_view(
            padded, (d_h * (kernels[2] - 1) + 1, d_w * (kernels[3] - 1) + 1), axis=(2, 3)
        )[:, :, ::s_h, ::s_w, ::d_h, ::d_w]
        expected = np.einsum("ncyxij,ocij->noyx", window, weight) + bias[:, None, None]
        options = {"bias": bias, "stride": (s_h, s_w), "padding": padding, "dilation": (d_h, d_w)}
        cases.append(({"input": input, "weight": weight, **options}, expected))
    return cases
