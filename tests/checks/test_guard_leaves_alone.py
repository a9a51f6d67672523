"""Honest code and what an exercise allows are let through, and nothing is left behind."""

import contextlib
import cProfile
import dataclasses
import functools
import inspect
import itertools
import math
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from guarding import (
    ANSWER,
    EXERCISE,
    W,
    X,
    allowing,
    everything_works,
    fft,
    nothing_left_behind,
    refusal,
    tensors,
    torch_conv1d,
    torch_fft,
)
from numpy import correlate as stored_correlate
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from torch.utils._python_dispatch import _get_current_dispatch_mode

import convlab.checks.exercises.conv1d as exercises_conv1d
import convlab.functional
import convlab.grad
import convlab.solutions.conv1d
from convlab.checks import EXERCISES, Probe
from convlab.checks.guard import Guard, Refused, guarded, syntax_report


@pytest.fixture(autouse=True)
def leaves_nothing_behind():
    with nothing_left_behind():
        yield


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
    answers = queue.Queue()
    workers = [
        threading.Thread(target=lambda n=n: answers.put((n, float(x[n : n + len(w)] @ w))))
        for n in range(len(x) - len(w) + 1)
    ]
    for worker in workers:
        worker.start()
    return np.array([value for _, value in sorted(answers.get() for _ in workers)])


def waiting_workers(x, w):
    jobs, answers = queue.Queue(), queue.Queue()

    def work():
        while (n := jobs.get()) is not None:
            answers.put((n, float(x[n : n + len(w)] @ w)))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    output = np.zeros(len(x) - len(w) + 1)
    for n in range(len(output)):  # one at a time: the others wait meanwhile
        jobs.put(n)
        place, value = answers.get()
        output[place] = value
    for _ in workers:
        jobs.put(None)
    return output


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


HONEST = [
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
    waiting_workers,
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


@pytest.mark.parametrize("function", [f for f in HONEST if hasattr(f, "__code__")])
def test_the_text_of_honest_code_tells_nothing(function):
    assert syntax_report(inspect.getsource(function).strip().rstrip(","), EXERCISE) == []


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


stored_builtin = np._core.multiarray.correlate
stored_torch = torch.conv1d
conv_at = np.frompyfunc(lambda a, b: a * b, 2, 1)


def compares(x, w):
    return list(map(stored_builtin, [x], [w]))


class Attributes:
    """Its methods and attributes have the names of built-in functions in the globals."""

    def __init__(self):
        self.stored_torch = 2.0

    def stored_builtin(self, x, w):
        return loops(x, w) * self.stored_torch


def test_a_built_in_that_the_code_does_not_read_is_not_refused():
    stored = stored_builtin  # no closure of the functions below

    def shadows(x, w):
        stored_builtin = loops
        return list(map(stored_builtin, [x], [w]))

    def may_compare(x, w, compare=False):
        return compares(x, w) if compare else loops(x, w)

    def partly(x, w):
        return functools.partial(loops, x)(w), functools.reduce(loops, [x, w]), loops.__call__(x, w)

    assert refusal(lambda x, w: Attributes().stored_builtin(x, w), X, W) is None
    assert refusal(shadows, X, W) is None
    assert refusal(partly, X, W) is None
    assert refusal(may_compare, X, W) is None
    assert "np.correlate" in str(refusal(functools.partial(may_compare, compare=True), X, W))
    assert refusal(lambda x, w: conv_at(x[:2], w).sum(), X, W) is None
    assert stored(X, W).tolist() == [ANSWER[0], *ANSWER[1:]]


def test_a_built_in_given_as_an_argument_is_not_refused():
    def applies(function, x):
        return next(map(function, [x]))

    assert refusal(applies, functools.partial(stored_builtin, W), X) is None


def test_what_ends_the_watch_by_an_exception_is_no_refusal():
    def interrupted(*_):
        raise TimeoutError

    def rings(x, w, seconds):
        signal.setitimer(signal.ITIMER_REAL, seconds)
        while True:
            loops(x, w)

    before = signal.signal(signal.SIGALRM, interrupted)
    try:
        for n in range(20):
            with pytest.raises(TimeoutError), guarded(rings, EXERCISE, (X, W)) as guard:
                rings(X, W, 0.001 + n * 0.0007)
            assert guard.refusal is None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_compiled_function_is_no_profiler():
    double = torch.compile(lambda a: a * 2, backend="eager")
    assert refusal(lambda x: double(torch.from_numpy(x)).numpy(), X) is None


def test_a_solution_is_watched_like_a_student():
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


def test_what_is_allowed_may_use_what_is_refused():
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


def test_a_probe_may_be_called_and_printed_but_not_made():
    given = Probe("f", "…", functools.partial(exercises_conv1d.correlate, weight=W))
    assert refusal(lambda function: (function(X), print(function)), given) is None
    assert "Probe.__call__ is refused" in str(
        refusal(lambda: Probe("f", "", exercises_conv1d.correlate)(X, W))
    )


def test_a_student_called_by_what_is_allowed_is_watched():
    def smooth(x):
        return np.convolve(x, W, "same")

    def asks(x, w):
        return convlab.grad.numerical_gradient(smooth, x, np.ones_like(x))

    assert "np.convolve is refused" in str(refusal(asks, X, W, exercise=allowing("grad.numerical_gradient")))


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
        functools.partial(torch.conv1d, *tensors(x, w))()

    with guarded(two, EXERCISE, (X, W)) as guard, contextlib.suppress(Refused):
        two(X, W)
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
    rounds, errors, profiles, stop = [], [], [], threading.Event()

    def bystander():
        try:
            while not stop.is_set():
                everything_works()
                begun = threading.Thread(
                    target=lambda: (everything_works(), profiles.append(sys.getprofile()))
                )
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
        assert set(profiles) == {None}
    finally:
        stop.set()
        thread.join()


def test_a_thread_that_outlives_the_call_is_let_go():
    go = threading.Event()
    answers = []

    def outlives():
        def work():
            go.wait()
            everything_works()
            answers.append(_get_current_dispatch_mode())

        thread = threading.Thread(target=work)
        thread.start()
        threads.append(thread)

    threads = []
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
        refused = pool.map(lambda way: refusal(way, X, W), [loops, torch_conv1d, fft, recursive] * 5)
    assert [sentence is not None for sentence in refused] == [False, True, True, False] * 5


def test_a_profile_function_from_before_is_put_back():
    seen = []

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


def test_torch_arithmetic_does_not_load_torchs_compiler():
    # It takes seconds, and would take them of the student's time limit.
    script = """
import sys, torch
from convlab.checks.guard import Guard
with Guard("conv2d"):
    torch.tensor([1.0, 2.0]).sum().item()
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
