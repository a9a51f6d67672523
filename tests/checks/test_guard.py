"""Shortcuts are refused, however they are written and reached."""

import _thread
import asyncio
import contextlib
import cProfile
import ctypes
import functools
import multiprocessing
import operator
import os
import profile
import queue
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from types import FunctionType

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from guarding import (
    ANSWER,
    EXERCISE,
    W,
    X,
    allowing,
    fft,
    nn_conv1d,
    nothing_left_behind,
    refusal,
    tensors,
    torch_conv1d,
    torch_fft,
)
from numpy import convolve as stored_convolve
from numpy import correlate as stored_correlate

import convlab.checks.exercises.conv1d as exercises_conv1d
import convlab.functional
import convlab.solutions.conv1d
from convlab.checks import Sample, oracle
from convlab.checks.guard.rules import Rules
from convlab.functional import conv1d as stored_conv1d


@pytest.fixture(autouse=True)
def leaves_nothing_behind():
    with nothing_left_behind():
        yield


# ── the shortcuts, each written at least three ways ──────────────────────────────────────────────────────────────


def images(x, w):
    return torch.from_numpy(x)[None, None, None], torch.from_numpy(w)[None, None, None]


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


def in_thread(x, w):
    results = []
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


# ── taking the watch off ─────────────────────────────────────────────────────────────────────────────────────────


def profiled(x, w):
    profiler = cProfile.Profile()
    profiler.enable()
    output = np.correlate(x, w)
    profiler.disable()
    return output


def profiled_with(x, w):
    with cProfile.Profile():
        return np.correlate(x, w)


def profiled_from_c(x, w):
    profiler = cProfile.Profile()
    functools.partial(profiler.enable)()
    output = np.correlate(x, w)
    profiler.disable()
    return output


def profiler_left_on(x, w):
    functools.partial(cProfile.Profile().enable)()
    return np.correlate(x, w)


def machine_code(x, w):
    ctypes.pythonapi.PyEval_SetProfile(None, None)
    return np.correlate(x, w)


def off_in_a_thread(x, w):
    output = []

    def works():
        functools.partial(sys.setprofile, None)()
        output.append(np.correlate(x, w))

    thread = threading.Thread(target=works)
    thread.start()
    thread.join()
    return output[0]


def threads_unwatched(x, w):
    output = []
    watch = threading.getprofile()
    threading.setprofile(None)
    thread = threading.Thread(target=lambda: output.append(np.correlate(x, w)))
    thread.start()
    thread.join()
    threading.setprofile(watch)
    return output[0]


def falls_through_the_floor(x, w):
    def endless():
        return endless() + 1

    with contextlib.suppress(RecursionError):
        endless()
    return np.correlate(x, w)


# ── built-in functions from a cell above, called by C, which Python tells nobody ─────────────────────────────────

stored_builtin = np._core.multiarray.correlate
stored_partial = functools.partial(stored_builtin, mode=0)
stored_call = stored_builtin.__call__
stored_cache = functools.lru_cache(stored_builtin)
stored_vectorize = np.vectorize(stored_builtin, signature="(n),(k)->(m)")
stored_ufunc = np.fft._pocketfft_umath.rfft_n_even
stored_torch = torch.conv1d
stored_overload = torch.ops.aten.conv1d.default


def default_builtin(x, w, correlate=stored_builtin):
    return next(map(correlate, [x], [w]))


def keyword_builtin(x, w, *, correlate=stored_partial):
    return next(map(correlate, [x], [w]))


def closed_over(correlate):
    return lambda x, w: next(map(correlate, [x], [w]))


def helped(x, w):
    return helps(x, w)


def helps(x, w):
    return [next(map(stored_builtin, [row], [w])) for row in [x]]


def hands_on(x, w):
    def hand(function):
        return next(map(function, [x], [w]))

    return hand(np._core.multiarray.correlate)


class Stored:
    def __call__(self, x, w):
        return next(map(stored_builtin, [x], [w]))


def unseen_by_torch(x, w):
    key = torch._C.DispatchKeySet(torch._C.DispatchKey.Python)
    with torch._C._ExcludeDispatchKeyGuard(key):
        return next(map(stored_torch, *[[t] for t in tensors(x, w)]))


SHORTCUTS = {
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
        ("a new process (subprocess)", lambda x, w: subprocess.run(["true"], check=True)),
        ("a new process (multiprocessing)", lambda x, w: multiprocessing.Process(target=np.convolve).start()),
        ("a new process (", lambda x, w: multiprocessing.get_context("spawn").Pool(1)),
        ("a new process (fork)", lambda x, w: os.fork()),
        ("a new process (system)", lambda x, w: os.system("true")),
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
        ("convlab.checks.calls.report", lambda x, w: convlab.checks.report(np.convolve, "convolve1d")),
    ],
    "swallowed": [
        ("np.convolve", swallows),
        ("np.convolve", swallows_everything),
        ("sys.setprofile", lambda x, w: (sys.setprofile(None), np.convolve(x, w))),
    ],
    "the watch taken off": [
        ("a profiler (cProfile)", profiled),
        ("a profiler (cProfile)", profiled_with),
        ("a profiler (cProfile)", lambda x, w: cProfile.Profile().runcall(np.correlate, x, w)),
        ("sys.setprofile", lambda x, w: profile.Profile().runcall(np.correlate, x, w)),
        ("taking the watch off your function (a profiler, sys.setprofile", profiled_from_c),
        ("taking the watch off", profiler_left_on),
        ("taking the watch off", machine_code),
        ("taking the watch off", off_in_a_thread),
        ("taking the watch off", threads_unwatched),
        ("taking the watch off", falls_through_the_floor),
    ],
    "a built-in from a cell above": [
        ("np.correlate", lambda x, w: functools.partial(stored_builtin, x)(w, 0)),
        ("np.correlate", lambda x, w: list(map(stored_builtin, [x], [w], [0]))),
        ("np.correlate", lambda x, w: functools.reduce(stored_builtin, [x, w])),
        ("np.correlate", lambda x, w: stored_builtin.__call__(x, w)),
        ("np.correlate", lambda x, w: operator.call(stored_builtin, x, w)),
        ("np.correlate", lambda x, w: stored_partial(x, w)),
        ("np.correlate", lambda x, w: stored_call(x, w)),
        ("np.correlate", lambda x, w: list(map(stored_cache.__wrapped__, [x], [w]))),
        ("np.correlate", lambda x, w: stored_vectorize(x, w)),
        ("np.correlate", default_builtin),
        ("np.correlate", keyword_builtin),
        ("np.correlate", closed_over(stored_builtin)),
        ("np.correlate", closed_over(stored_call)),
        ("np.correlate", helped),
        ("np.correlate", hands_on),
        ("np.correlate", Stored()),
        ("np.correlate", functools.partial(Stored())),
        ("np.correlate", stored_builtin),
        ("np.correlate", stored_partial),
        ("np.fft", lambda x, w: stored_ufunc(x, 1.0)),
        ("torch.nn.functional.conv1d", unseen_by_torch),
        (
            "torch.nn.functional.conv1d",
            lambda x, w: next(map(stored_overload, *[[t] for t in tensors(x, w)])),
        ),
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
    jobs = queue.Queue()
    answers = queue.Queue()

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
