"""The four wrong convolutions of chapter 11 that its readers are shown: what stands here is what they read.

Written as a learner would write it, so without annotations.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# ruff: noqa: RUF059  (a size that is read and not used may be the mistake)

import numpy as np

from convlab.checks.exercises._padded import pair
from convlab.checks.exercises._same import resolving

__all__ = ["amber", "coral", "ivory", "jade", "settle"]

zeros_around = resolving()


def settle(input, weight, stride, padding, dilation):
    """What all four begin with: pairs, the zeros on the four sides, and the number of places."""
    (s_h, s_w), (d_h, d_w) = pair(stride), pair(dilation)
    (H, W), (kh, kw) = input.shape[2:], weight.shape[2:]
    (top, bottom), (left, right) = zeros_around(padding, (kh, kw), dilation)
    H_out = (top + H + bottom - d_h * (kh - 1) - 1) // s_h + 1
    W_out = (left + W + right - d_w * (kw - 1) - 1) // s_w + 1
    return (s_h, s_w), (d_h, d_w), ((top, bottom), (left, right)), (H_out, W_out)


def amber(input, weight, bias=None, stride=1, padding=0, dilation=1):
    (s_h, s_w), (d_h, d_w), pads, (H_out, W_out) = settle(input, weight, stride, padding, dilation)
    padded = np.pad(input, ((0, 0), (0, 0), *pads))
    C_out, _, kh, kw = weight.shape
    output = np.zeros((len(input), C_out, H_out, W_out))
    for i in range(kh):
        for j in range(kw):
            rows = slice(i * d_h, i * d_h + (H_out - 1) * s_h + 1, s_h)
            columns = slice(j * d_w, j * d_w + (W_out - 1) * s_w + 1, s_w)
            output += np.einsum("ncyx,oc->noyx", padded[:, :, rows, columns], weight[:, :, i, j])
            if bias is not None:
                output += bias[:, None, None]
    return output


def coral(input, weight, bias=None, stride=1, padding=0, dilation=1):
    (s_h, s_w), (d_h, d_w), pads, (H_out, W_out) = settle(input, weight, stride, padding, dilation)
    padded = np.pad(input, ((0, 0), (0, 0), *pads))
    C_out, _, kh, kw = weight.shape
    output = np.zeros((len(input), C_out, H_out, W_out))
    for y in range(H_out):
        for x in range(W_out):
            for i in range(kh):
                for j in range(kw):
                    pixels = padded[:, :, y * s_h + i * d_h, x * s_h + j * d_w]
                    output[:, :, y, x] += pixels @ weight[:, :, i, j].T
    return output if bias is None else output + bias[:, None, None]


def ivory(input, weight, bias=None, stride=1, padding=0, dilation=1):
    (s_h, s_w), (d_h, d_w), pads, (H_out, W_out) = settle(input, weight, stride, padding, dilation)
    (top, _), (left, _) = pads
    C_out, _, kh, kw = weight.shape
    output = np.zeros((len(input), C_out, H_out, W_out))
    for y in range(H_out):
        for x in range(W_out):
            first_row = max(y * s_h - top, 0)
            first_column = max(x * s_w - left, 0)
            rows = slice(first_row, first_row + d_h * (kh - 1) + 1, d_h)
            columns = slice(first_column, first_column + d_w * (kw - 1) + 1, d_w)
            window = input[:, :, rows, columns]
            taps = weight[:, :, : window.shape[2], : window.shape[3]]
            output[:, :, y, x] = np.einsum("ncij,ocij->no", window, taps)
    return output if bias is None else output + bias[:, None, None]


def jade(input, weight, bias=None, stride=1, padding=0, dilation=1):
    (s_h, s_w), (d_h, d_w), pads, (H_out, W_out) = settle(input, weight, stride, padding, dilation)
    padded = np.pad(input, ((0, 0), (0, 0), *pads))
    C_out, _, kh, kw = weight.shape
    output = np.zeros((len(input), C_out, H_out, W_out), padded.dtype)
    for y in range(H_out):
        for x in range(W_out):
            rows = slice(y * s_h, y * s_h + d_h * (kh - 1) + 1, d_h)
            columns = slice(x * s_w, x * s_w + d_w * (kw - 1) + 1, d_w)
            window = padded[:, :, rows, columns]
            output[:, :, y, x] = np.einsum("ncij,ocij->no", window, weight)
    return output if bias is None else output + bias[:, None, None]
