"""Chapter 10: train on your own layers."""

import numpy as np


def conv2d_backward(
    grad_output: np.ndarray,
    input: np.ndarray,
    weight: np.ndarray,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the three gradients of conv2d: with respect to its input, its weight and its bias.

    In the forward pass conv2d computed output[n, o, y, x] = bias[o] + sum over c, i and j of
    padded[n, c, y * s_h + i, x * s_w + j] * weight[o, c, i, j].

    Parameters
    ----------
    grad_output : ndarray, shape (N, C_out, H_out, W_out), how the loss changes with each entry of the output
    input : ndarray, shape (N, C_in, H, W), what conv2d read
    weight : ndarray, shape (C_out, C_in, kh, kw)
    stride, padding : int, or (s_h, s_w), (p_h, p_w), as conv2d took them

    Returns
    -------
    grad_input : ndarray, shape of input
    grad_weight : ndarray, shape of weight, summed over the batch
    grad_bias : ndarray, shape (C_out,), summed over the batch
    """
    s_h, s_w = stride if isinstance(stride, tuple) else (stride, stride)
    p_h, p_w = padding if isinstance(padding, tuple) else (padding, padding)
    (H, W), (kh, kw), (H_out, W_out) = input.shape[2:], weight.shape[2:], grad_output.shape[2:]
    padded = np.pad(input, ((0, 0), (0, 0), (p_h, p_h), (p_w, p_w)))
    grad_padded, grad_weight = np.zeros(padded.shape), np.zeros(weight.shape)
    for i in range(kh):
        for j in range(kw):
            rows = slice(i, i + s_h * H_out, s_h)  # those that the tap met, at all places
            columns = slice(j, j + s_w * W_out, s_w)
            met = padded[:, :, rows, columns]
            grad_weight[:, :, i, j] = np.einsum("noyx,ncyx->oc", grad_output, met)
            grad_padded[:, :, rows, columns] += np.einsum("noyx,oc->ncyx", grad_output, weight[:, :, i, j])
    grad_input = grad_padded[:, :, p_h : p_h + H, p_w : p_w + W]
    return grad_input, grad_weight, grad_output.sum(axis=(0, 2, 3))


def train_step(
    params: list[tuple[np.ndarray, np.ndarray]], images: np.ndarray, labels: np.ndarray, lr: float
) -> tuple[list[tuple[np.ndarray, np.ndarray]], float]:
    """Take one step of gradient descent with one batch, and leave `params` as they are.

    The network has three layers. The first has padding 1, the second stride 2 and padding 1,
    and the output of both goes through a ReLU. The third kernel is as large as what it reads.
    The loss is the mean cross-entropy.

    Parameters
    ----------
    params : list of three pairs (weight, bias), shapes (C_out, C_in, kh, kw) and (C_out,)
    images : ndarray, shape (N, C_in, H, W)
    labels : ndarray of integers, shape (N,)
        Which score of each image should be the largest.
    lr : float, the learning rate

    Returns
    -------
    params : list of three pairs (weight, bias), new arrays: the old ones minus lr times the gradients
    loss : float, that of the old params
    """
    layout = ((1, 1), (2, 1), (1, 0))  # stride and padding of each layer
    x, seen = images, list[tuple[np.ndarray, np.ndarray]]()  # seen: what each layer reads, and its windows
    for (weight, bias), (s, p) in zip(params, layout):
        padded = np.pad(np.maximum(x, 0) if seen else x, ((0, 0), (0, 0), (p, p), (p, p)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], (2, 3))[:, :, ::s, ::s]
        seen.append((padded, windows))
        x = np.einsum("ncyxij,ocij->noyx", windows, weight, optimize=True) + bias[:, None, None]
    exp = np.exp(x - x.max(axis=1, keepdims=True))
    grad, n = exp / exp.sum(axis=1, keepdims=True), np.arange(len(images))
    loss = -np.log(grad[n, labels]).mean()
    grad[n, labels] -= 1
    grad, updated = grad / len(images), list(params)
    for layer in (2, 1, 0):
        (weight, bias), (padded, windows), (s, p) = params[layer], seen[layer], layout[layer]
        grad_weight = np.einsum("noyx,ncyxij->ocij", grad, windows, optimize=True)
        updated[layer] = (weight - lr * grad_weight, bias - lr * grad.sum(axis=(0, 2, 3)))
        shares = np.einsum("noyx,ocij->ncyxij", grad, weight, optimize=True)
        grad_padded, (H_out, W_out) = np.zeros(padded.shape), grad.shape[2:]
        for i, j in np.ndindex(weight.shape[2:]):
            grad_padded[:, :, i : i + s * H_out : s, j : j + s * W_out : s] += shares[..., i, j]
        grad = (grad_padded * (padded > 0))[:, :, p : padded.shape[2] - p, p : padded.shape[3] - p]
    return updated, float(loss)
