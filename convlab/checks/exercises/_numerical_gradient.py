"""`numerical_gradient` of chapter 7."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convlab.checks.exercise import Exercise, Mistake, Probe, Sample
from convlab.checks.samples import fractions, integers, lay_out

__all__ = ["CHAPTER", "numerical_gradient"]


CHAPTER = "07_backprop"


# Made of operators and methods that NumPy's arrays and torch's tensors have in common. All but the cube and the
# reciprocal are at most of the second degree: for these central differences are exact, however large eps is. The
# identity returns its argument itself: who steps in place must not keep what it returned without a copy.
IDENTITY = Probe("identity", "lambda x: x", lambda x: x)
SQUARE = Probe("square", "lambda x: x * x", lambda x: x * x)
CUBE = Probe("cube", "lambda x: x * x * x", lambda x: x * x * x)
RECIPROCAL = Probe("reciprocal", "lambda x: 1 / x", lambda x: 1 / x)
AFFINE = Probe("affine", "lambda x: 3 * x + 2", lambda x: 3 * x + 2)
CORRELATION = Probe(
    "correlation",
    "lambda x: 2 * x[:-2] - x[1:-1] + 3 * x[2:]",
    lambda x: 2 * x[:-2] - x[1:-1] + 3 * x[2:],
)
NEIGHBOURS = Probe("neighbours", "lambda x: x[1:] * x[:-1]", lambda x: x[1:] * x[:-1])
ROW_SUMS = Probe("row_sums", "lambda x: (x * x).sum(1)", lambda x: (x * x).sum(1))
GRAM = Probe("gram", "lambda x: x @ x.T", lambda x: x @ x.T)

# function, shape of x, options, group. In "plain" each output entry depends on one entry of x, in "mixed" on several;
# "step" has steps so large that a one-sided difference is far off, and under the cube the central one as well: that is
# how to see who took a step of another length.
DIFFERENCES: list[tuple[Probe, tuple[int, ...], dict[str, float], str]] = [
    (AFFINE, (1,), {}, "plain"),
    (SQUARE, (2,), {}, "plain"),
    (CUBE, (3,), {}, "plain"),
    (RECIPROCAL, (2, 3), {}, "plain"),
    (SQUARE, (2, 1, 3), {}, "plain"),
    (IDENTITY, (1,), {}, "plain"),
    (NEIGHBOURS, (3,), {}, "mixed"),
    (CORRELATION, (5,), {}, "mixed"),
    (ROW_SUMS, (3, 2), {}, "mixed"),
    (GRAM, (2, 3), {}, "mixed"),
    (SQUARE, (1,), {"eps": 0.125}, "step"),
    (CUBE, (1,), {"eps": 0.125}, "step"),
    (NEIGHBOURS, (4,), {"eps": 0.5}, "step"),
    (ROW_SUMS, (2, 3), {"eps": 0.01}, "step"),
    (GRAM, (3, 2), {"eps": 0.5}, "step"),
    (CORRELATION, (4,), {"eps": 0.25}, "step"),
]


def functions(rng: np.random.Generator) -> Iterator[Sample]:
    for function, shape, options, group in DIFFERENCES:
        values = integers if np.prod(shape) <= 3 and function is not CUBE else fractions
        x = values(rng, shape, np.float64)
        yield Sample((function, x, values(rng, function(x).shape, np.float64)), options, group)
    x = fractions(rng, (2, 2))
    yield Sample((SQUARE, x, fractions(rng, (2, 2)), 0.25), group="step")  # eps without its name
    # Not "read-only": whoever moves the entries of x itself and puts them back has done nothing wrong.
    for how in ("reversed", "strided", "transposed"):
        x = lay_out(fractions(rng, (2, 3)), how)
        yield Sample((SQUARE, x, lay_out(fractions(rng, (2, 3)), how)))


def gradient_in_torch(torch: Any, function: Probe, x: Any, grad_output: Any, eps: float | None = None) -> Any:
    """The gradient itself; with a step that was asked for, what central differences of that step make of it."""
    if eps is not None:
        steps = eps * torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
        losses = [[(function(x + s) * grad_output).sum() for s in (step, -step)] for step in steps]
        return torch.stack([above - below for above, below in losses]).reshape(x.shape) / (2 * eps)
    with torch.enable_grad():
        leaf = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(function(leaf), leaf, grad_output)
    return gradient


Function = Callable[[np.ndarray], np.ndarray]


def differences(
    x: np.ndarray, change: Callable[[np.ndarray], np.ndarray], step: float, scale: float = 1.0
) -> np.ndarray:
    """For each entry of x: change(a step of that entry alone), summed and multiplied by `scale`."""
    grad = np.zeros(x.shape)
    for entry in np.ndindex(*x.shape):
        moved = np.zeros(x.shape)
        moved[entry] = step
        grad[entry] = np.sum(change(moved)) * scale
    return grad


def one_sided(f: Function, x: np.ndarray, g: np.ndarray, eps: float, side: int) -> np.ndarray:
    return differences(x, lambda step: (f(x + step) - f(x)) * g, side * eps, side / eps)


def central(f: Function, x: np.ndarray, g: np.ndarray, eps: float) -> np.ndarray:
    return differences(x, lambda step: (f(x + step) - f(x - step)) * g, eps, 1 / (2 * eps))


def moves_all_at_once(f: Function, x: np.ndarray, g: np.ndarray, eps: float) -> np.ndarray:
    grad: np.ndarray = (f(x + eps) - f(x - eps)) * g / (2 * eps)
    return grad


def never_goes_back(f: Function, x: np.ndarray, g: np.ndarray, eps: float) -> np.ndarray:
    x, grad = x.copy(), np.zeros(x.shape)
    for entry in np.ndindex(*x.shape):
        x[entry] += eps
        above = f(x).copy()
        x[entry] -= 2 * eps
        grad[entry] = np.sum((above - f(x)) * g) / (2 * eps)
    return grad


def keeps_results_without_a_copy(f: Function, x: np.ndarray, g: np.ndarray, eps: float) -> np.ndarray:
    x, grad = x.copy(), np.zeros(x.shape)
    for entry in np.ndindex(*x.shape):
        old = x[entry]
        x[entry] = old + eps
        above = f(x)
        x[entry] = old - eps
        below = f(x)
        x[entry] = old
        grad[entry] = np.sum((above - below) * g) / (2 * eps)
    return grad


def moves_a_reshaped_copy(f: Function, x: np.ndarray, g: np.ndarray, eps: float) -> np.ndarray:
    flat = x.reshape(-1)
    if np.shares_memory(flat, x):
        return central(f, x, g, eps)
    return np.zeros(x.shape)


def _numerical(
    name: str,
    explanation: str,
    function: Callable[[Function, np.ndarray, np.ndarray, float], np.ndarray],
    group: str = "plain",
) -> Mistake:
    """A mistake as a function of all four arguments."""

    def mistaken(f: Function, x: np.ndarray, grad_output: np.ndarray, eps: float = 1e-6) -> np.ndarray:
        return function(f, x, grad_output, eps)

    return Mistake(name, explanation, mistaken, group)


numerical_gradient = Exercise(
    name="numerical_gradient",
    chapter=CHAPTER,
    parameters=("function", "x", "grad_output", "eps"),
    groups={"plain": 1, "mixed": 1, "step": 1},
    difficulty=3,
    minutes=15,
    samples=functions,
    oracle=gradient_in_torch,
    oracle_name="torch (its autograd; where eps is given, central differences)",
    results=("grad",),
    # At eps = 1e-6 rounding leaves an error of up to 1e-7 or so in the sums of these samples, and curvature 1e-12.
    # One-sided differences are off by at least 2e-3 in "step", the cube's exact slope by 3e-4 of itself.
    rtol=1e-5,
    atol=1e-5,
    mistakes=(
        _numerical(
            "forward difference",
            "Your difference is one-sided, from x to x + eps. Where function is curved it is off, and more so the "
            "larger eps is: go to both sides, function(x + eps) - function(x - eps).",
            lambda f, x, g, eps: one_sided(f, x, g, eps, 1),
            "step",
        ),
        _numerical(
            "backward difference",
            "Your difference is one-sided, from x - eps to x. Where function is curved it is off, and more so the "
            "larger eps is: go to both sides, function(x + eps) - function(x - eps).",
            lambda f, x, g, eps: one_sided(f, x, g, eps, -1),
            "step",
        ),
        _numerical(
            "divided by eps",
            "Your gradient is twice too large: the two points lie 2 * eps apart, so divide by 2 * eps.",
            lambda f, x, g, eps: central(f, x, g, eps) * 2,
        ),
        _numerical(
            "not divided",
            "You do not divide by the distance of the two points, 2 * eps.",
            lambda f, x, g, eps: central(f, x, g, eps) * 2 * eps,
        ),
        _numerical(
            "wrong sign",
            "Your gradient has the wrong sign: what function gives at x - eps is taken from what it gives at "
            "x + eps.",
            lambda f, x, g, eps: -central(f, x, g, eps),
        ),
        _numerical(
            "grad_output ignored",
            "You ignore grad_output, as if the loss were the sum of all output entries. Each entry's change counts "
            "grad_output times.",
            lambda f, x, g, eps: central(f, x, np.ones(g.shape), eps),
        ),
        _numerical(
            "mean",
            "You take the mean over the output entries. The loss is their sum, each times its grad_output.",
            lambda f, x, g, eps: central(f, x, g, eps) / g.size,
        ),
        _numerical(
            "all entries at once",
            "You move all entries of x at once. Where an output entry depends on several of them, their effects "
            "mix: move one entry at a time.",
            moves_all_at_once,
            "mixed",
        ),
        _numerical(
            "entries not put back",
            "The entries that you have moved stay moved while you measure the next ones. "
            "Put each one back first.",
            never_goes_back,
            "step",
        ),
        _numerical(
            "eps ignored",
            "Your numbers are those of a tiny step, even where eps is large. Step by the eps you are given: "
            "how far a central difference is off depends on it.",
            lambda f, x, g, eps: central(f, x, g, 1e-6),
            "step",
        ),
        _numerical(
            "results kept without a copy",
            "function may return the very array it was given. Then your two results are one array, and your second "
            "step changes the first result too: keep a copy, or make a new array for each step.",
            keeps_results_without_a_copy,
        ),
        _numerical(
            "step lost",
            "Your gradient is 0 everywhere, as it is if function sees the same numbers both times: "
            "flatten() and copy() make a new array, and steps taken there do not reach x.",
            lambda f, x, g, eps: np.zeros(x.shape),
        ),
        _numerical(
            "step lost where reshape copies",
            "Your gradient is 0 wherever x.reshape(-1) is a copy, because x is not contiguous: "
            "steps taken in a copy do not reach x. Index x itself.",
            moves_a_reshaped_copy,
        ),
    ),
)
