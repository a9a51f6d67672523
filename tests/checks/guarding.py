"""What the tests of the guard share: the call of a shortcut, and the proof that nothing is left behind."""

import contextlib
import dataclasses
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import _get_current_dispatch_mode, is_in_torch_dispatch_mode

from convlab.checks import EXERCISES
from convlab.checks.guard import guarded
from convlab.functional import conv1d as stored_conv1d

EXERCISE = EXERCISES["correlate1d"]
X, W = np.array([1.0, 2.0, 4.0, 8.0]), np.array([1.0, 3.0])
ANSWER = [7.0, 14.0, 28.0]  # the correlation of X and W


def refusal(function, *arguments, exercise=EXERCISE):
    """What the guard keeps of this call, whatever came out of it."""
    with contextlib.suppress(Exception), guarded(function, exercise, arguments) as guard:
        function(*arguments)
    return guard.refusal


def allowing(*names):
    return dataclasses.replace(EXERCISE, allowed=names)


@contextlib.contextmanager
def nothing_left_behind():
    """Proves that after the body the shortcuts work, in this thread and in new ones, and that nothing watches."""
    hooks = sys.getprofile(), threading.getprofile(), threading.excepthook
    yield
    assert (sys.getprofile(), threading.getprofile(), threading.excepthook) == hooks
    assert _get_current_dispatch_mode() is None
    assert not is_in_torch_dispatch_mode()
    everything_works()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(everything_works).result()


def everything_works():
    assert np.convolve(X, W[::-1], "valid").tolist() == ANSWER
    assert np.correlate(X, W).tolist() == ANSWER
    assert np.fft.irfft(np.fft.rfft(X)).tolist() == pytest.approx(X.tolist())
    assert torch_conv1d(X, W).tolist() == ANSWER
    assert nn_conv1d(X, W).tolist() == ANSWER
    assert stored_conv1d(X[None, None], W[None, None])[0, 0].tolist() == ANSWER


def tensors(x, w):
    return torch.from_numpy(x)[None, None], torch.from_numpy(w)[None, None]


def torch_conv1d(x, w):
    return F.conv1d(*tensors(x, w))[0, 0].numpy()


def nn_conv1d(x, w):
    layer = torch.nn.Conv1d(1, 1, len(w), bias=False, dtype=torch.float64)
    layer.weight.data = torch.from_numpy(w)[None, None]
    return layer(torch.from_numpy(x)[None, None])[0, 0].detach().numpy()


def fft(x, w):
    n = len(x) + len(w) - 1
    return np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(w[::-1], n), n)[len(w) - 1 : len(x)]


def torch_fft(x, w):
    return torch.fft.irfft(torch.fft.rfft(torch.from_numpy(x)))
