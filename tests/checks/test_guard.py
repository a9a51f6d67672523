"""Shortcuts are refused however they are written, honest code is not, and nothing is left behind."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import cProfile
import dataclasses
import functools
import itertools
import math
import multiprocessing
import os
import queue
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy import convolve as stored_convolve
from numpy import correlate as stored_correlate
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from torch.utils._python_dispatch import _get_current_dispatch_mode, is_in_torch_dispatch_mode

import convlab.checks.exercises.conv1d as exercises_conv1d
import convlab.functional
import convlab.solutions.conv1d
from convlab.checks import EXERCISES, Sample, oracle
from convlab.checks.guard import Guard, Refused, guarded, syntax_report
from convlab.checks.guard.rules import Rules
from convlab.functional import conv1d as stored_conv1d

EXERCISE = EXERCISES["correlate1d"]
X, W = np.array([1.0, 2.0, 4.0, 8.0]), np.array([1.0, 3.0])
ANSWER = [7.0, 14.0, 28.0]  # the correlation of X and W

Function = Callable[..., Any]


def refusal(function, *arguments, exercise=EXERCISE):
    """What the guard keeps of this call, whatever came out of it."""
    with contextlib.suppress(Exception), guarded(function, exercise, arguments) as guard:
        function(*arguments)
    return guard.refusal


def allowing(*names):
    return dataclasses.replace(EXERCISE, allowed=names)


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    """After every test: the shortcuts work, in this thread and in new ones, and nothing watches."""
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


# ── the shortcuts, each written at least three ways ──────────────────────────────────────────────────────────────


def tensors(x, w):
    return torch.from_numpy(x)[None, None], torch.from_numpy(w)[None, None]


def images(x, w):
    return torch.from_numpy(x)[None, None, None], torch.from_numpy(w)[None, None, None]


def torch_conv1d(x, w):
    return F.conv1d(*tensors(x, w))[0, 0].numpy()


def nn_conv1d(x, w):
    layer = torch.nn.Conv1d(1, 1, len(w), bias=False, dtype=torch.float64)
    layer.weight.data = torch.from_numpy(w)[None, None]
    return layer(torch.from_numpy(x)[None, None])[0, 0].detach().numpy()


def default_argument(x, w, f=np.convolve):
    return f(x, w[::-1], "valid")


def swallows(x, w):
    try:
        return np.convolve(x, w[::-1], "valid")
    except Exception:
        return np.array(ANSWER)


def swallows_everything(x, w):
    try:
        return np.convolve(x, w[::-1], "valid")
    except BaseException:
        return np.convolve(x, w[::-1], "valid")  # nobody watches any more, but the refusal is kept


def generator(x, w):
    return next(row for row in (np.correlate(x, w) for _ in range(1)))


def fft(x, w):
    n = len(x) + len(w) - 1
    return np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(w[::-1], n), n)[len(w) - 1 : len(x)]


def torch_fft(x, w):
    return torch.fft.irfft(torch.fft.rfft(torch.from_numpy(x)))


def in_thread(x, w):
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(torch_conv1d(x, w)))
    thread.start()
    thread.join()
    return results


def in_thread_without_python(x, w):
    # The target is a partial: only torch's dispatcher sees what it calls.
    thread = threading.Thread(target=functools.partial(torch.conv1d, *tensors(x, w)))
    thread.start()
    thread.join()


def in_pool(x, w):
    with ThreadPoolExecutor(2) as pool:
        return pool.submit(np.convolve, x, w).result()


def in_thread_pool(x, w):
    with ThreadPool(2) as pool:
        return pool.apply(torch_conv1d, (x, w))


def in_timer(x, w):
    timer = threading.Timer(0, np.convolve, (x, w))
    timer.start()
    timer.join()


def in_event_loop(x, w):
    return asyncio.run(asyncio.to_thread(np.convolve, x, w))


def in_raw_thread(x, w):
    done = _thread.allocate_lock()
    done.acquire()
    _thread.start_new_thread(lambda: (np.convolve(x, w), done.release()), ())
    done.acquire()


def in_thread_of_thread(x, w):
    thread = threading.Thread(target=in_thread, args=(x, w))
    thread.start()
    thread.join()


class Callable_:
    def __init__(self):
        self.conv = F.conv1d

    def __call__(self, x, w):
        return self.conv(*tensors(x, w))[0, 0].numpy()


def overload(x, w):
    return torch.ops.aten.convolution.default(*tensors(x, w), None, [1], [0], [1], False, [0], 1)


def modes_disabled(x, w):
    from torch.utils._python_dispatch import _disable_current_modes

    with _disable_current_modes():
        return torch_conv1d(x, w)


def autograd(x, w):
    a, b = tensors(x, w)
    a = a.clone().requires_grad_()
    return torch.autograd.grad(torch.conv1d(a, b).sum(), a)


def vjp(x, w):
    return torch.func.vjp(F.conv1d, *tensors(x, w))


def weight_gradient(x, w):
    a, b = images(x, w)
    return torch.nn.grad.conv2d_weight(a, (1, 1, 1, 3), b)


def input_gradient(x, w):
    a, b = tensors(x, w)
    return torch.nn.grad.conv1d_input((1, 1, 5), b, a)


def polynomials(x, w):
    return (np.polynomial.Polynomial(x) * np.polynomial.Polynomial(w[::-1])).coef


def swapped_globals(x, w):
    from types import FunctionType

    inner = np.convolve.__wrapped__  # type: ignore[attr-defined]
    mine = FunctionType(inner.__code__, {**inner.__globals__, "__name__": "mine"}, None, inner.__defaults__)
    return mine(x, w)


def imports_inside(x, w):
    from torch.nn.functional import conv1d

    return conv1d(*tensors(x, w))[0, 0].numpy()


def convlab_inside(x, w):
    from convlab.functional import conv1d

    return conv1d(x[None, None], w[None, None])[0, 0]


SAMPLE = Sample((X, W))


def torch_oracle(x, w):
    return oracle.expected(EXERCISE, SAMPLE)


@functools.lru_cache
def cached_convolve(x: tuple[float, ...], w: tuple[float, ...]):
    return np.convolve(x, w)


SHORTCUTS: dict[str, list[tuple[str, Function]]] = {
    "np.convolve": [
        ("np.convolve", lambda x, w: np.convolve(x, w[::-1], "valid")),
        ("np.convolve", lambda x, w: stored_convolve(x, w)),
        ("np.convolve", default_argument),
        ("np.convolve", np.convolve),
        ("np.convolve", functools.partial(np.convolve, mode="valid")),
        ("np.convolve", lambda x, w: list(map(np.convolve, [x], [w]))),
        ("np.convolve", lambda x, w: np.apply_along_axis(np.convolve, 0, x, w)),
        ("np.convolve", lambda x, w: np.vectorize(np.convolve, signature="(n),(k)->(m)")(x, w)),
        ("np.convolve", lambda x, w: cached_convolve(tuple(x), tuple(w))),
        ("np.convolve", lambda x, w: np.ma.convolve.__globals__["np"].convolve(x, w)),
        ("np.ma.convolve", lambda x, w: np.ma.convolve(x, w)),
        ("np.correlate", swapped_globals),  # what np.convolve calls
    ],
    "np.correlate": [
        ("np.correlate", lambda x, w: np.correlate(x, w)),
        ("np.correlate", lambda x, w: stored_correlate(x, w)),
        ("np.correlate", np.correlate),
        ("np.correlate", generator),
        ("np.correlate", lambda x, w: getattr(np, "corre" + "late")(x, w)),
        ("np.correlate", lambda x, w: np._core.multiarray.correlate(x, w, 0)),
    ],
    "np.fft": [
        ("np.fft.rfft", fft),
        ("np.fft.fft", lambda x, w, f=np.fft.fft: f(x)),
        ("np.fft.ifft", lambda x, w: list(map(np.fft.ifft, [x]))),
        ("np.fft.fft2", lambda x, w: np.fft.fft2(x[None])),
        ("np.fft.irfftn", lambda x, w: np.fft.irfftn(x)),
    ],
    "polynomials": [
        ("np.polymul", lambda x, w: np.polymul(x, w)),
        ("np.polymul", lambda x, w: (np.poly1d(x) * np.poly1d(w)).coeffs),
        ("np.polynomial.polynomial.polymul", lambda x, w: np.polynomial.polynomial.polymul(x, w)),
        ("np.polynomial.polynomial.polymul", polynomials),
    ],
    "torch's convolution": [
        ("torch.nn.functional.conv1d", torch_conv1d),
        ("torch.nn.functional.conv1d", imports_inside),
        ("torch.nn.Conv1d", nn_conv1d),
        ("torch.nn.functional.conv1d", Callable_()),
        ("torch.nn.functional.conv1d", torch.conv1d),
        ("torch's convolution", lambda x, w: list(map(torch.conv1d, *[[t] for t in tensors(x, w)]))),
        ("torch's convolution", lambda x, w: functools.partial(F.conv1d, padding=1)(*tensors(x, w))),
        ("torch's convolution", overload),
        (
            "torch.nn.functional.conv_transpose1d",
            lambda x, w: torch.conv_transpose1d(*tensors(x, w)),
        ),
        ("torch.nn.functional.conv2d", lambda x, w: torch.vmap(F.conv2d)(*[t[None] for t in images(x, w)])),
        ("torch.nn.ConvTranspose1d", lambda x, w: torch.nn.ConvTranspose1d(1, 1, 2)(torch.ones(1, 1, 4))),
        ("torch.nn.functional.conv1d", modes_disabled),
    ],
    "unfold and fold": [
        ("torch.nn.functional.unfold", lambda x, w: F.unfold(images(x, w)[0], (1, 2))),
        ("torch.nn.Unfold", lambda x, w: torch.nn.Unfold((1, 2))(images(x, w)[0])),
        (
            "torch.nn.functional.unfold",
            lambda x, w: functools.partial(torch._C._nn.im2col, images(x, w)[0])(
                [1, 2], [1, 1], [0, 0], [1, 1]
            ),
        ),
        ("torch.nn.functional.fold", lambda x, w, f=F.fold: f(torch.ones(1, 2, 3), (1, 4), (1, 2))),
        ("torch.nn.Fold", lambda x, w: torch.nn.Fold((1, 4), (1, 2))(torch.ones(1, 2, 3))),
    ],
    "torch.fft": [
        ("torch.fft.rfft", torch_fft),
        ("torch.fft.fft2", lambda x, w, f=torch.fft.fft2: f(images(x, w)[0])),
        ("torch.fft", lambda x, w: list(map(torch.fft.fft, tensors(x, w)))),
        ("torch.stft", lambda x, w: tensors(x, w)[0][0].stft(4, return_complex=True, window=torch.ones(4))),
    ],
    "backward": [
        ("torch.nn.functional.conv1d", autograd),
        ("torch.nn.functional.conv1d", vjp),
        ("torch.nn.grad.conv2d_weight", weight_gradient),
        ("torch.nn.grad.conv1d_input", input_gradient),
    ],
    "another thread": [
        ("torch.nn.functional.conv1d", in_thread),
        ("torch's convolution", in_thread_without_python),
        ("np.convolve", in_pool),
        ("torch.nn.functional.conv1d", in_thread_pool),
        ("np.convolve", in_timer),
        ("np.convolve", in_event_loop),
        ("_thread.start_new_thread", in_raw_thread),
        ("torch.nn.functional.conv1d", in_thread_of_thread),
    ],
    "another process": [
        ("a new process (fork", lambda x, w: subprocess.run([sys.executable, "-c", "print(1)"], check=True)),
        ("a new process (fork", lambda x, w: os.fork()),
        ("a new process (system)", lambda x, w: os.system("true")),
        ("a new process (fork", lambda x, w: multiprocessing.get_context("fork").Pool(1)),
    ],
    "convlab": [
        ("convlab.functional.conv1d", lambda x, w: convlab.functional.conv1d(x[None, None], w[None, None])),
        ("convlab.functional.conv1d", lambda x, w: stored_conv1d(x[None, None], w[None, None])),
        ("convlab.functional.conv1d", convlab_inside),
        ("convlab.functional.conv1d", functools.partial(stored_conv1d, X[None, None])),
        ("convlab.functional.flip", lambda x, w: list(map(convlab.functional.flip, [w[None, None]]))),
        ("convlab.solutions.conv1d.correlate1d", lambda x, w: convlab.solutions.conv1d.correlate1d(x, w)),
        ("convlab.checks.exercises.conv1d.correlate", lambda x, w: exercises_conv1d.correlate(x, w)),
        ("convlab.checks.oracle.expected", torch_oracle),
        ("convlab.checks.check.report", lambda x, w: convlab.checks.report(np.convolve, "convolve1d")),
    ],
    "swallowed": [
        ("np.convolve", swallows),
        ("np.convolve", swallows_everything),
        ("sys.setprofile", lambda x, w: (sys.setprofile(None), np.convolve(x, w))),
    ],
}


@pytest.mark.parametrize(
    ("what", "function"),
    [pytest.param(*way, id=f"{name}-{i}") for name, ways in SHORTCUTS.items() for i, way in enumerate(ways)],
)
def test_a_shortcut_is_refused_by_name(what, function):
    sentence = refusal(function, X, W)
    assert sentence is not None
    first, second = sentence.splitlines()
    assert first == "write the sums yourself: this exercise is about what correlate1d does."
    assert second.startswith(what)
    assert "is refused here" in second
    assert second.endswith(
        "allowed are loops, slices, sums and products (np.sum, @, np.einsum), np.pad and sliding_window_view"
    )


def test_every_shortcut_is_written_three_ways():
    assert len(SHORTCUTS) >= 12
    assert all(len(ways) >= 3 for ways in SHORTCUTS.values())


# ── shortcuts that need something made before the call ───────────────────────────────────────────────────────────


@contextlib.contextmanager
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def scripted():
    return torch.jit.script(torch.nn.Conv1d(1, 1, 2, dtype=torch.float64))


def traced():
    return torch.jit.trace(lambda a: F.conv1d(a, torch.ones(1, 1, 2, dtype=a.dtype)), tensors(X, W)[0])


def compiled():
    function = torch.compile(lambda a: F.conv1d(a, torch.ones(1, 1, 2, dtype=a.dtype)), backend="eager")
    function(tensors(X, W)[0])
    return function


def not_yet_compiled():
    return torch.compile(lambda a: F.conv1d(a, torch.ones(1, 1, 2, dtype=a.dtype)), backend="eager")


def graph():
    a = torch.ones(1, 1, 4, dtype=torch.float64, requires_grad=True)
    output = F.conv1d(a, tensors(X, W)[1])
    return lambda upstream: torch.autograd.grad(output, a, upstream[..., :3])


@pytest.mark.parametrize("make", [scripted, traced, compiled, not_yet_compiled, graph])
def test_what_was_made_before_the_call_is_refused_in_it(make):
    with no_warnings():
        made = make()
        sentence = refusal(lambda x, w: made(tensors(x, w)[0]), X, W)
        assert sentence is not None
        assert "torch" in sentence.splitlines()[1]
        made(tensors(X, W)[0])  # and works again after it


def test_a_pool_that_was_begun_before_the_call_is_refused_in_it():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(abs, 1).result()
        sentence = refusal(lambda x, w: pool.submit(np.convolve, x, w).result(), X, W)
        assert pool.submit(np.convolve, X, W).result().tolist() == np.convolve(X, W).tolist()
    assert "work for a thread or process that ran before this call is refused here" in str(sentence)
    with ThreadPool(1) as other:
        sentence = refusal(lambda x, w: other.apply(np.convolve, (x, w)), X, W)
        assert other.apply(np.convolve, (X, W)).tolist() == np.convolve(X, W).tolist()
    assert "work for a thread or process that ran before this call is refused here" in str(sentence)


def test_a_worker_that_was_begun_before_the_call_is_refused_in_it():
    jobs: queue.Queue[Any] = queue.Queue()
    answers: queue.Queue[Any] = queue.Queue()

    def work():
        while (job := jobs.get()) is not None:
            answers.put(np.convolve(*job))

    def asks(x, w):
        jobs.put((x, w))
        return answers.get()

    worker = threading.Thread(target=work)
    worker.start()
    asks(X, W)  # so that the worker waits for the next job
    sentence = refusal(asks, X, W)
    assert "work for a thread or process that ran before this call is refused here" in str(sentence)
    jobs.put(None)
    worker.join()


def test_what_is_not_called_in_the_call_is_not_refused():
    assert (
        refusal(lambda x, w: (np.convolve, F.conv1d, stored_conv1d, torch.nn.Conv1d(1, 1, 2)), X, W) is None
    )


# ── SciPy, which not every student has ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("module", "name", "shown"),
    [
        ("scipy.signal._signaltools", "convolve2d", "scipy.signal.convolve2d"),
        ("scipy.signal._signaltools", "fftconvolve", "scipy.signal.fftconvolve"),
        ("scipy.signal._signaltools", "correlate", "scipy.signal.correlate"),
        ("scipy.signal._signaltools", "lfilter", "scipy.signal.lfilter"),
        ("scipy.ndimage._filters", "convolve1d", "scipy.ndimage.convolve1d"),
        ("scipy.ndimage._filters", "gaussian_filter", "scipy.ndimage.gaussian_filter"),
        ("scipy.fft._basic_backend", "rfft", "scipy.fft"),
        ("scipy.linalg._special_matrices", "convolution_matrix", "scipy.linalg.convolution_matrix"),
        ("scipy.linalg._special_matrices", "toeplitz", None),
        ("scipy.signal.windows._windows", "hann", None),
        ("scipy.ndimage._measurements", "label", None),
        ("scipy.fft._helper", "next_fast_len", None),
        ("scipy.signalling", "convolve", None),
    ],
)
def test_scipy_is_refused_where_it_convolves(module, name, shown):
    assert Rules("conv2d", ()).of_python(module, name) == shown


def test_a_real_scipy_is_refused():
    pytest.importorskip("scipy")
    import scipy.fft
    import scipy.ndimage
    import scipy.signal
    from scipy.signal import convolve2d as stored

    image, kernel = np.ones((4, 5)), np.ones((2, 3))
    ways = [
        ("scipy.signal.convolve2d", lambda: scipy.signal.convolve2d(image, kernel)),
        ("scipy.signal.convolve2d", lambda: stored(image, kernel)),
        ("scipy.signal.correlate", lambda: scipy.signal.correlate(image, kernel)),
        ("scipy.signal.fftconvolve", lambda: scipy.signal.fftconvolve(image, kernel)),
        ("scipy.signal.lfilter", lambda: scipy.signal.lfilter([1, 2], [1], X)),
        ("scipy.ndimage.convolve", lambda: list(map(scipy.ndimage.convolve, [image], [kernel]))),
        ("scipy.ndimage.correlate1d", lambda: scipy.ndimage.correlate1d(image, X[:3])),
        ("scipy.fft", lambda: scipy.fft.rfft(X)),
        ("scipy.fft", lambda: functools.partial(scipy.fft.fft2, image)()),
    ]
    for what, way in ways:
        assert f"\n{what} is refused here" in str(refusal(way))
        way()
    assert refusal(lambda: scipy.fft.rfft(X), exercise=allowing("numpy.fft")) is None
    for honest in (
        lambda: scipy.linalg.toeplitz(X),
        lambda: scipy.signal.get_window("hann", 4),
        lambda: scipy.ndimage.rotate(image, 90),
    ):
        assert refusal(honest) is None


# ── honest code ──────────────────────────────────────────────────────────────────────────────────────────────────


def loops(x, w):
    output = np.zeros(len(x) - len(w) + 1)
    for n in range(len(output)):
        for k in range(len(w)):
            output[n] += x[n + k] * w[k]
    return output


def strided(x, w):
    return as_strided(x, (len(x) - len(w) + 1, len(w)), x.strides * 2) @ w


def recursive(x, w):
    return np.array([]) if len(x) < len(w) else np.append(x[: len(w)] @ w, recursive(x[1:], w))


def generated(x, w):
    def windows():
        for n in range(len(x) - len(w) + 1):
            yield x[n : n + len(w)]

    return np.fromiter((window @ w for window in windows()), float)


def vectorized(x, w):
    return np.vectorize(lambda n: sum(x[n + k] * w[k] for k in range(len(w))))(np.arange(len(x) - len(w) + 1))


def shifted(x, w):
    return sum(np.roll(x, -k) * w[k] for k in range(len(w)))[: len(x) - len(w) + 1]


def added_at(x, w):
    output = np.zeros(len(x) - len(w) + 1)
    n, k = np.meshgrid(np.arange(len(output)), np.arange(len(w)), indexing="ij")
    np.add.at(output, n, x[n + k] * w[k])
    return output


def toeplitz(x, w):
    places = len(x) - len(w) + 1
    return sum(np.kron(w[k], np.eye(places, len(x), k)) for k in range(len(w))) @ x


def diagonals(x, w):
    products = np.outer(w, x)
    return np.array([np.trace(products, n) for n in range(len(x) - len(w) + 1)])


def padded_and_flipped(x, w):
    full = np.pad(x, len(w) - 1)
    windows = sliding_window_view(np.flip(full), len(w))
    return (windows @ w[::-1])[::-1][len(w) - 1 : len(x)]


@functools.lru_cache
def places(size, taps):
    return range(size - taps + 1)


class Correlator:
    def __init__(self, tap):
        self.tap = tap

    def __call__(self, x, w):
        return np.array([self.tap(x[n : n + len(w)], w) for n in places(len(x), len(w))])


def parallel(x, w):
    with ThreadPoolExecutor(2) as pool:
        return np.array(list(pool.map(lambda n: x[n : n + len(w)] @ w, range(len(x) - len(w) + 1))))


def parallel_pool(x, w):
    with ThreadPool(2) as pool:
        return np.array(pool.map(lambda n: x[n : n + len(w)] @ w, range(len(x) - len(w) + 1)))


def queued(x, w):
    answers: queue.Queue[tuple[int, float]] = queue.Queue()
    workers = [
        threading.Thread(target=lambda n=n: answers.put((n, float(x[n : n + len(w)] @ w))))
        for n in range(len(x) - len(w) + 1)
    ]
    for worker in workers:
        worker.start()
    return np.array([value for _, value in sorted(answers.get() for _ in workers)])


def torch_arithmetic(x, w):
    a, b = torch.tensor(x), torch.as_tensor(w)
    return torch.stack([(a[n : n + len(b)] * b).sum() for n in range(len(a) - len(b) + 1)]).numpy()


def torch_windows(x, w):
    return (torch.from_numpy(x).unfold(0, len(w), 1) @ torch.from_numpy(w)).numpy()


def torch_autograd(x, w):
    a = torch.zeros(len(x) - len(w) + 1, dtype=torch.float64, requires_grad=True)
    windows = torch.from_numpy(sliding_window_view(x, len(w)).copy())
    (a @ windows @ torch.from_numpy(w)).backward()
    return a.grad.numpy()


def printing(x, w):
    print("windows:", *sliding_window_view(x, len(w)), sep="\n")
    sys.stdout.flush()
    return sliding_window_view(x, len(w)) @ w


def importing(x, w):
    import fractions

    import numpy.lib.stride_tricks as tricks

    assert fractions.Fraction(1, 2) == 0.5
    return tricks.sliding_window_view(x, len(w)) @ w


def drawing(x, w):
    from convlab import draw

    draw.window(x[None], w[None], at=(0, 1))
    return sliding_window_view(x, len(w)) @ w


def dataclassed(x, w):
    @dataclasses.dataclass
    class Window:
        values: np.ndarray

        def times(self, taps: np.ndarray):
            return math.fsum(self.values * taps)

    return np.array([Window(x[n : n + len(w)]).times(w) for n in range(len(x) - len(w) + 1)])


HONEST: list[Function] = [
    loops,
    lambda x, w: np.array([x[n : n + len(w)] @ w for n in range(len(x) - len(w) + 1)]),
    lambda x, w: np.array([np.dot(x[n : n + len(w)], w) for n in range(len(x) - len(w) + 1)]),
    lambda x, w: np.array([np.sum(x[n : n + len(w)] * w) for n in range(len(x) - len(w) + 1)]),
    lambda x, w: sliding_window_view(x, len(w)) @ w,
    lambda x, w: np.matmul(sliding_window_view(x, len(w)), w),
    lambda x, w: np.einsum("nk,k->n", sliding_window_view(x, len(w)), w),
    lambda x, w: np.tensordot(sliding_window_view(x, len(w)), w, axes=1),
    lambda x, w: np.inner(sliding_window_view(x, len(w)), w),
    lambda x, w: np.array(list(map(w.__matmul__, sliding_window_view(x, len(w))))),
    lambda x, w: np.apply_along_axis(np.dot, 1, sliding_window_view(x, len(w)), w),
    lambda x, w: np.array([sum(map(lambda a, b: a * b, x[n:], w)) for n in range(len(x) - len(w) + 1)]),
    lambda x, w: np.array([sum(a * b for a, b in itertools.islice(zip(x[n:], w), 2)) for n in range(3)]),
    strided,
    recursive,
    generated,
    vectorized,
    shifted,
    added_at,
    toeplitz,
    diagonals,
    padded_and_flipped,
    Correlator(np.vdot),
    Correlator(
        lambda window, w: functools.reduce(lambda total, k: total + window[k] * w[k], range(len(w)), 0)
    ),
    functools.partial(lambda places, x, w: np.array([x[n : n + len(w)] @ w for n in places]), range(3)),
    parallel,
    parallel_pool,
    queued,
    torch_arithmetic,
    torch_windows,
    torch_autograd,
    printing,
    importing,
    drawing,
    dataclassed,
]


@pytest.mark.parametrize("function", HONEST)
def test_honest_code_is_let_through(function):
    with guarded(function, EXERCISE, (X, W)) as guard:
        answer = function(X, W)
    assert guard.refusal is None
    assert answer.tolist() == ANSWER


@pytest.mark.parametrize(
    "name", [e.name for e in EXERCISES.values() if hasattr(convlab.solutions.conv1d, e.name)]
)
def test_a_solution_may_be_checked_outside_notebooks(name, monkeypatch):
    solution, exercise = getattr(convlab.solutions.conv1d, name), EXERCISES[name]
    arguments = exercise.draw(0)[0].args
    assert refusal(solution, *arguments, exercise=exercise) is None
    ipython = SimpleNamespace(get_ipython=lambda: object())
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert f"convlab.solutions.conv1d.{name} is refused" in str(
        refusal(solution, *arguments, exercise=exercise)
    )


def test_a_solution_is_watched_like_a_student(monkeypatch):
    def cheats(x, w):
        return np.array([np.correlate(x, w) for _ in range(1)])

    module = {"np": np, "__name__": "convlab.solutions.conv1d"}
    exec("def solution(x, w): return [np.correlate(x, w) for _ in range(1)]", module)
    assert "np.correlate is refused" in str(refusal(module["solution"], X, W))


def test_the_mistakes_of_the_exercise_are_not_watched():
    for mistake in EXERCISE.mistakes:
        assert refusal(mistake.function, X, W) is None
    mine = dataclasses.replace(EXERCISE.mistakes[0], function=lambda x, w: np.convolve(x, w))
    assert refusal(mine.function, X, W, exercise=dataclasses.replace(EXERCISE, mistakes=(mine,))) is None


# ── what an exercise allows ──────────────────────────────────────────────────────────────────────────────────────


def test_what_of_convlab_is_listed_may_be_called_and_calls_what_it_needs():
    def pads(x, w):
        return convlab.functional.conv1d(x[None, None], w[None, None], padding="same")

    for name in ("functional.conv1d", "convlab.functional.conv1d", "functional"):
        assert refusal(pads, X, W, exercise=allowing(name)) is None
    sentence = refusal(pads, X, W, exercise=allowing("functional.pad", "numpy.fft"))
    assert sentence is not None
    assert sentence.endswith("np.pad, sliding_window_view, convlab.functional.pad and numpy.fft")


def test_what_is_allowed_may_use_what_is_refused(monkeypatch):
    module = {"np": np, "__name__": "convlab.functional"}
    exec(
        "def unfold(x, w): return np.vectorize(helper)(0)\ndef helper(n): return np.convolve([n], [1])[0]",
        module,
    )
    unfold, helper = module["unfold"], module["helper"]
    assert refusal(lambda x, w: unfold(x, w), X, W, exercise=allowing("functional.unfold")) is None
    assert "convlab.functional.helper" in str(
        refusal(lambda x, w: np.vectorize(helper)(0), X, W, exercise=allowing("functional.unfold"))
    )


def test_ffts_are_let_through_where_they_are_asked_for():
    for function in (fft, torch_fft):
        assert refusal(function, X, W, exercise=allowing("numpy.fft")) is None
        assert refusal(function, X, W) is not None
    assert "np.convolve" in str(refusal(lambda x, w: np.convolve(x, w), X, W, exercise=allowing("numpy.fft")))


def test_frequencies_and_shifts_are_no_fft():
    assert refusal(lambda: (np.fft.fftfreq(4), np.fft.fftshift(X), torch.fft.fftfreq(4))) is None


def test_a_function_given_as_an_argument_may_be_called_wherever_it_comes_from():
    def applies(function):
        return function(X, W)

    for function in (exercises_conv1d.correlate, functools.partial(exercises_conv1d.correlate, extra=1)):
        assert refusal(applies, function) is None
    assert (
        refusal(lambda function: exercises_conv1d.never_moves(X, W), exercises_conv1d.correlate) is not None
    )


# ── what the guard leaves alone, and leaves behind ───────────────────────────────────────────────────────────────


def test_the_first_refusal_is_raised_and_kept():
    def two(x, w):
        with contextlib.suppress(Refused):
            np.convolve(x, w)
        np.correlate(x, w)

    with guarded(two, EXERCISE, (X, W)) as guard:
        two(X, W)  # nobody watches after the first
    assert "np.convolve" in str(guard.refusal)
    with pytest.raises(Refused, match=r"^write the sums yourself.*\nnp\.correlate is refused"), guard:
        stored_correlate(X, W)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, RecursionError])
def test_after_any_exception_everything_works(error):
    def fails():
        raise error

    with pytest.raises(error), guarded(fails, EXERCISE):
        fails()
    everything_works()


def test_after_a_recursion_without_end_everything_works():
    def endless(n):
        return endless(n + 1) + 1

    with pytest.raises(RecursionError), guarded(endless, EXERCISE) as guard:
        endless(0)
    assert guard.refusal is None
    everything_works()


def test_a_thread_that_has_nothing_to_do_with_the_call_is_left_alone():
    rounds, errors, stop = [], [], threading.Event()

    def bystander():
        try:
            while not stop.is_set():
                everything_works()
                begun = threading.Thread(target=everything_works)
                begun.start()
                begun.join()
                rounds.append(None)
        except BaseException as error:
            errors.append(error)

    def waits():
        before = len(rounds)
        while len(rounds) < before + 3 and not errors:
            loops(X, W)

    thread = threading.Thread(target=bystander)
    thread.start()
    try:
        assert refusal(waits) is None
        assert errors == []
    finally:
        stop.set()
        thread.join()


def test_a_thread_that_outlives_the_call_is_let_go():
    go = threading.Event()
    answers: list[Any] = []

    def outlives():
        def work():
            go.wait()
            everything_works()
            answers.append(_get_current_dispatch_mode())

        thread = threading.Thread(target=work)
        thread.start()
        threads.append(thread)

    threads: list[threading.Thread] = []
    assert refusal(outlives) is None
    go.set()
    threads[0].join()
    assert answers == [None]


def test_many_refused_threads_end_in_peace():
    def many(x, w):
        threads = [threading.Thread(target=torch_conv1d, args=(x, w)) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert "torch.nn.functional.conv1d" in str(refusal(many, X, W))


def test_two_calls_are_guarded_at_once():
    with ThreadPoolExecutor(2) as pool:
        refused = pool.map(lambda way: refusal(way, X, W), [loops, in_pool, fft, recursive] * 5)
    assert [sentence is not None for sentence in refused] == [False, True, True, False] * 5


def test_a_profile_function_from_before_is_put_back():
    seen: list[str] = []

    def before(frame, event, arg):
        seen.append(frame.f_code.co_name)

    sys.setprofile(before)
    try:
        assert refusal(np.convolve, X, W) is not None
        loops(X, W)
        assert sys.getprofile() is before
    finally:
        sys.setprofile(None)
    assert "loops" in seen


def test_a_profiler_goes_on():
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        assert refusal(loops, X, W) is None
        fft(X, W)
    finally:
        profiler.disable()
    assert any(getattr(entry.code, "co_name", None) == "fft" for entry in profiler.getstats())


def test_a_module_that_convolves_while_it_is_imported_is_let_through(
    tmp_path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "smoothing.py").write_text("import numpy as np\nSMOOTH = np.convolve([1, 1], [1, 1])\n")
    monkeypatch.syspath_prepend(tmp_path)

    def imports():
        import smoothing

        return smoothing.SMOOTH

    assert refusal(imports) is None


def test_the_graders_child_needs_no_exercise():
    with Guard("conv2d", ("numpy.fft",)) as guard:
        np.fft.fft(X)
        assert guard.refusal is None
        with contextlib.suppress(Refused):
            np.convolve(X, W)
    assert guard.refusal.startswith(
        "write the sums yourself: this exercise is about what conv2d does.\nnp.convolve"
    )


# ── what the text tells ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("exec('pass')", "exec runs text as code"),
        ("run = eval", "eval runs text as code"),
        ("import builtins\nbuiltins.exec('')", "builtins.exec runs text as code"),
        ("import ctypes", "import ctypes calls machine code directly"),
        ("from ctypes import CDLL", "import ctypes calls machine code directly"),
        ("import subprocess as s", "import subprocess runs another program"),
        ("import os\nos.system('ls')", "os.system runs another program"),
        ("from os import popen", "os.popen runs another program"),
        ("import multiprocessing.pool", "import multiprocessing.pool runs another program"),
        (
            "import inspect, convlab\ninspect.getsource(convlab)",
            "import inspect looks into running or loaded code",
        ),
        ("__import__('scipy')", "__import__ loads a module whose name the text does not show"),
        ("import importlib", "import importlib loads a module whose name the text does not show"),
        ("import sys\nsys.setprofile(None)", "sys.setprofile can switch off what watches the call"),
        ("import sys\nsys.settrace(f)", "sys.settrace can switch off what watches the call"),
        ("import sys\nsys._getframe()", "sys._getframe looks into running or loaded code"),
        ("import gc", "import gc looks into running or loaded code"),
        ("f.__globals__", "f.__globals__ looks into running or loaded code"),
        ("f().__code__", "….__code__ looks into running or loaded code"),
        ("getattr(np, 'convolve')", 'getattr(…, "convolve") reaches it by a text'),
        (
            "getattr(np, 'con' + 'volve')",
            "getattr with a computed name: the text does not show what it reaches",
        ),
        ("vars(np)['convolve']", '…["convolve"] may reach it by a text'),
        ("np.fft._pocketfft_umath.fft(x)", "…._pocketfft_umath reaches NumPy's FFT from below"),
        (
            "from numpy.fft import _pocketfft_umath",
            "numpy.fft._pocketfft_umath reaches NumPy's FFT from below",
        ),
    ],
)
def test_the_text_tells_what_nobody_sees(source, said):
    line = source.count("\n") + 1
    line = 1 if said.startswith("import ") else line
    assert f"correlate1d, line {line}: {said}" in syntax_report(source, EXERCISE)


@pytest.mark.parametrize("function", HONEST[:27])
def test_honest_text_tells_nothing(function):
    source = function if hasattr(function, "__code__") else loops
    assert syntax_report(source, EXERCISE) == []


def test_text_that_cannot_be_read_is_told():
    assert syntax_report(len, EXERCISE) == ["correlate1d: its text could not be read"]
    assert syntax_report("def f(:", EXERCISE) == ["correlate1d: its text could not be parsed (SyntaxError)"]
    assert syntax_report("x = \0", EXERCISE)[0].startswith("correlate1d: its text could not be parsed")
    assert syntax_report("(" * 5000, EXERCISE)[0].startswith("correlate1d: its text could not be parsed")
