"""Chapter 11, break it: `find_the_bug` and `write_tests`.

What students return here is not a number but arguments to call with, so a judge decides and not a comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convlab.checks.bugs import BOXES, READABLE
from convlab.checks.compare import number
from convlab.checks.exercise import Exercise, Mistake, Sample
from convlab.checks.exercises._covered import Call as Arguments
from convlab.checks.exercises._covered import convolve
from convlab.checks.exercises._escapees import ESCAPEES
from convlab.checks.exercises._handed_in import MOST_PRODUCTS, Unfit, arguments, array, products
from convlab.checks.exercises.dilation import conv2d_in_torch

__all__ = ["EXERCISES"]

CHAPTER = "11_break_it"

Call = dict[str, Any]
Ask = Callable[..., np.ndarray]

# A value typed with four decimals is right, and a case in which a wrong one differs by less shows nothing.
RTOL, ATOL = 1e-5, 1e-3

DEFAULTS: Call = {"bias": None, "stride": 1, "padding": 0, "dilation": 1}


def answer_of_torch(ask: Ask, call: Call) -> np.ndarray:
    try:
        return ask(**call)
    except RuntimeError as error:  # nothing that `arguments` lets through; but torch has the last word
        raise Unfit(f"torch refuses these arguments: {str(error).splitlines()[0]}") from error


def differs(function: Callable[..., np.ndarray], call: Call, right: np.ndarray) -> bool:
    """Whether a wrong convolution shows on this call: by an error, another shape or other numbers."""
    try:
        got = function(**call)
    except Exception:
        return True
    return got.shape != right.shape or not np.allclose(got, right, RTOL, ATOL)


# ---------------------------------------------------------------- find_the_bug

BUGS = READABLE | BOXES
GROUPS = {
    "code": ("amber", "coral", "ivory", "jade"),
    "onyx and ruby": ("onyx", "ruby"),
    "teal and violet": ("teal", "violet"),
}

# What arguments may have. What they lack is a nudge that gives nothing away.
FEATURES: dict[str, Callable[[Call], bool]] = {
    "a bias": lambda call: "bias" in call,
    "a stride": lambda call: call.get("stride", 1) not in (1, (1, 1)),
    "padding": lambda call: call.get("padding", 0) not in (0, (0, 0), "valid"),
    "dilation": lambda call: call.get("dilation", 1) not in (1, (1, 1)),
    "a second image": lambda call: len(call["input"]) > 1,
    "a second channel": lambda call: call["input"].shape[1] > 1,
    "a second filter": lambda call: len(call["weight"]) > 1,
}


def names(rng: np.random.Generator) -> Iterator[Sample]:
    for group, members in GROUPS.items():
        for name in members:
            yield Sample((name,), group=group)


def judge_arguments(ask: Ask, answer: Any, sample: Sample) -> str | None:
    (name,) = sample.args
    try:
        call = arguments(answer)
        right = answer_of_torch(ask, call)
        if not differs(BUGS[name], call, right):
            return _agrees(name, call, right)
        for option in DEFAULTS:
            if option in call and _shows_without(option, name, call, ask):
                return f"{name} differs from torch here, but without {option} it does, too: leave that out"
    except Unfit as error:
        return str(error)
    return None


def _agrees(name: str, call: Call, right: np.ndarray) -> str:
    entries = f"all {right.size} entries" if right.size > 1 else "the one entry"
    missing = [what for what, has in FEATURES.items() if not has(call)]
    line = f"{name} and torch agree on these arguments, in {entries}"
    return f"{line}.\nNot in them: {', '.join(missing)}." if missing else line


def _shows_without(option: str, name: str, call: Call, ask: Ask) -> bool:
    """Whether the bug shows without this option, too; not if that leaves no call that torch takes."""
    default = DEFAULTS[option]
    if option != "bias" and call[option] in (default, (default, default)):
        return False
    fewer = {key: value for key, value in call.items() if key != option}
    try:
        right = answer_of_torch(ask, arguments(fewer))
    except Unfit:
        return False
    return differs(BUGS[name], fewer, right)


# Options on which each bug shows, for images of whole numbers with two channels under three filters of fractions.
NEEDED: dict[str, Call] = {
    "amber": {"bias": np.array([1.0, 2.0, 3.0])},
    "coral": {"stride": (1, 2)},
    "ivory": {"padding": 1},
    "jade": {},
    "onyx": {},
    "ruby": {"stride": 2},
    "teal": {"padding": "same"},
    "violet": {"stride": 2, "padding": 1},
}


def some(*size: int) -> np.ndarray:
    """Whole numbers of both signs, no two neighbours alike."""
    numbers: np.ndarray = np.arange(int(np.prod(size))).reshape(size) * 7 % 11 - 5
    return numbers


def hunting(
    input: np.ndarray | None = None, weight: np.ndarray | None = None, **options: Call
) -> Callable[[str], Call]:
    """find_the_bug with other arrays, or with other options for some names."""
    arrays = {
        "input": some(1, 2, 4, 5) if input is None else input,
        "weight": some(3, 2, 2, 2) / 4 if weight is None else weight,
    }
    return lambda name: {**arrays, **(NEEDED | options)[name]}


EVERYTHING: Call = {
    "bias": np.array([1.0, 2.0, 3.0]),
    "stride": (2, 3),
    "padding": (1, 2),
    "dilation": (1, 2),
}

find_the_bug = Exercise(
    name="find_the_bug",
    chapter=CHAPTER,
    parameters=("name",),
    groups=dict.fromkeys(GROUPS, 1),
    difficulty=3,
    minutes=25,
    samples=names,
    oracle=conv2d_in_torch,
    oracle_name="torch.nn.functional.conv2d",
    judge=judge_arguments,
    allowed=("*",),
    time_limit=10.0,
    mistakes=(
        Mistake(
            "ones in squares",
            "You return ones in squares for every name, and no option. There, right and wrong agree: "
            "make different what can be different.",
            lambda name: {"input": np.ones((1, 1, 5, 5)), "weight": np.ones((1, 1, 3, 3))},
            "code",
        ),
        Mistake(
            "everything at once",
            "You return the same arguments for every name, with all options. Leave out what a bug does not take: "
            "what remains says where it is.",
            lambda name: {"input": some(2, 2, 6, 7), "weight": some(3, 2, 2, 3) / 4, **EVERYTHING},
            "code",
        ),
        Mistake(
            "options only",
            "You return the options only. The wrong convolution needs an input and a weight to show what it does.",
            lambda name: dict(NEEDED[name]),
            "code",
        ),
        Mistake(
            "names left out",
            "You return the arguments without their names. Return a dict: the keys are the names of the arguments.",
            lambda name: (some(1, 2, 4, 5), some(3, 2, 2, 2) / 4),
            "code",
        ),
        Mistake(
            "a bias of zeros",
            "Your bias is 0 everywhere. However often it is added, that changes nothing.",
            hunting(amber={"bias": np.zeros(3)}),
            "code",
        ),
        Mistake(
            "equal strides",
            "Your strides are equal. One that is used for both axes shows only if the two differ.",
            hunting(coral={"stride": (2, 2)}),
            "code",
        ),
        Mistake(
            "fractions as input",
            "Your images hold fractions. An output made like the input cuts nothing off then: "
            "it takes whole numbers under a weight of fractions.",
            hunting(input=some(1, 2, 4, 5) / 4),
            "code",
        ),
        Mistake(
            "a single channel",
            "You have one channel and one filter. Exchanging two axes of length 1 changes nothing.",
            hunting(some(1, 1, 4, 5), some(1, 1, 2, 2) / 4, amber={"bias": np.array([1.0])}),
            "onyx and ruby",
        ),
        Mistake(
            "strides that come out even",
            "Your strides come out even. Rounding up and rounding down are the same there: leave a remainder.",
            hunting(ruby={"stride": (2, 1)}),
            "onyx and ruby",
        ),
        Mistake(
            "odd kernels",
            'Your kernels are odd, so that "same" has no odd zero to put anywhere.',
            hunting(weight=some(3, 2, 3, 3) / 4, ruby={"stride": (1, 3)}),
            "teal and violet",
        ),
        Mistake(
            "one option at a time",
            "You give one option at a time. Some bugs take two together.",
            hunting(violet={"stride": 2}),
            "teal and violet",
        ),
    ),
)

# ---------------------------------------------------------------- write_tests

SHARES = {"half": 0.5, "three quarters": 0.75, "19 of 20": 0.95}
MOST_CASES = 30
MOST_PRODUCTS_TOGETHER = 3 * MOST_PRODUCTS


def shares(rng: np.random.Generator) -> Iterator[Sample]:
    for group in SHARES:
        yield Sample((), group=group)


def judge_cases(ask: Ask, answer: Any, sample: Sample) -> str | None:
    try:
        cases = [_case(ask, pair, f"case {place}") for place, pair in enumerate(_pairs(answer))]
        if sum(products(call) for call, _ in cases) > MOST_PRODUCTS_TOGETHER:
            raise Unfit(
                f"the cases take more than {MOST_PRODUCTS_TOGETHER} products together: small ones catch as much"
            )
    except Unfit as error:
        return str(error)
    through = [one for one in ESCAPEES if not any(differs(one.function, *case) for case in cases)]
    wanted = int(np.ceil(SHARES[sample.group] * len(ESCAPEES)))
    caught = len(ESCAPEES) - len(through)
    if caught >= wanted:
        return None
    count = "one case catches" if len(cases) == 1 else f"{len(cases)} cases catch"
    return (
        f"your {count} {caught} of {len(ESCAPEES)} wrong convolutions; the next point takes {wanted}.\n"
        f"One that got through {through[0].does}. A case that notices it has {through[0].takes}."
    )


def _pairs(answer: Any) -> list[Any]:
    if type(answer) not in (list, tuple):
        kind = "None (is the return line missing?)" if answer is None else f"a {type(answer).__name__}"
        raise Unfit(f"the result is {kind}; it must be a list of cases: [(kwargs, expected), ...]")
    if not 1 <= len(answer) <= MOST_CASES:
        raise Unfit(f"there are {len(answer)} cases; there must be 1 to {MOST_CASES}")
    return list(answer)


def _case(ask: Ask, pair: Any, what: str) -> tuple[Call, np.ndarray]:
    """The arguments and what torch gives for them, if that is what the student expects; else `Unfit`."""
    if type(pair) not in (list, tuple) or len(pair) != 2:
        raise Unfit(f"{what} is not a pair; it must be (kwargs, expected)")
    try:
        call, expected = arguments(pair[0], "kwargs"), array(pair[1], "expected")
        right = answer_of_torch(ask, call)
    except Unfit as error:
        raise Unfit(f"{what}: {error}") from error
    if expected.shape != right.shape:
        raise Unfit(
            f"{what} rejects correct code: the shape of expected is {expected.shape}, and torch gives {right.shape}"
        )
    wrong = ~np.isclose(expected, right, RTOL, ATOL)
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        entry = f"expected[{', '.join(map(str, index))}]"
        raise Unfit(
            f"{what} rejects correct code: {entry} is {number(expected[index])}, "
            f"and torch gives {number(right[index])}"
        )
    return call, right


# Rows of (input (N, C_in, H, W), weight (C_out, kh, kw), options).
Row = tuple[tuple[int, ...], tuple[int, ...], Call]

ONE_OF_EACH: list[Row] = [
    ((1, 1, 4, 5), (1, 2, 2), {}),
    ((2, 2, 5, 6), (3, 3, 2), {"bias": some(3), "stride": (2, 1), "padding": (1, 2)}),
    ((2, 3, 7, 8), (2, 2, 3), {"bias": some(2), "stride": (1, 3), "padding": (2, 0), "dilation": (2, 1)}),
    ((1, 2, 3, 4), (2, 3, 4), {}),
    ((1, 1, 8, 3), (1, 1, 1), {"stride": (3, 2)}),
    ((1, 2, 4, 3), (1, 2, 4), {"padding": "same", "dilation": (1, 2)}),
    ((1, 1, 3, 4), (2, 2, 3), {"padding": "full"}),
]

SQUARES: list[Row] = [
    ((1, 1, 5, 5), (1, 3, 3), {}),
    ((2, 3, 6, 6), (2, 3, 3), {"bias": some(2), "stride": 2, "padding": 1}),
    ((1, 2, 7, 7), (2, 3, 3), {"bias": some(2), "dilation": 2, "padding": 2}),
]


def suite(
    rows: list[Row],
    numbers: Callable[..., np.ndarray] = some,
    expect: Callable[[np.ndarray], Any] = lambda right: right,
    flip: int = 1,
) -> Callable[[], list[tuple[Call, Any]]]:
    """write_tests with these cases, other numbers in the images, or another idea of what comes out."""

    def mistaken() -> list[tuple[Call, Any]]:
        cases = []
        for input_size, (C_out, kh, kw), options in rows:
            call = {
                "input": numbers(*input_size),
                "weight": some(C_out, input_size[1], kh, kw) / 4,
                **options,
            }
            right = convolve(Arguments(**{**call, "weight": call["weight"][..., ::flip, ::flip]}))
            cases.append((call, expect(right)))
        return cases

    return mistaken


write_tests = Exercise(
    name="write_tests",
    chapter=CHAPTER,
    parameters=(),
    groups=dict.fromkeys(SHARES, 1),
    difficulty=4,
    minutes=25,
    samples=shares,
    oracle=conv2d_in_torch,
    oracle_name="torch.nn.functional.conv2d",
    judge=judge_cases,
    allowed=("*",),
    time_limit=10.0,
    mistakes=(
        Mistake(
            "one plain case",
            "You have a single case, without any option. It cannot show what goes wrong with one.",
            suite(ONE_OF_EACH[:1]),
            "half",
        ),
        Mistake(
            "flipped kernels expected",
            "Your expected numbers are those of flipped kernels, so your tests reject what torch computes.",
            suite(ONE_OF_EACH, flip=-1),
            "half",
        ),
        Mistake(
            "sums expected",
            "Your expected is one number, the sum of the output. Wrong outputs may have the same sum: "
            "expect every entry.",
            suite(ONE_OF_EACH, expect=lambda right: float(right.sum())),
            "half",
        ),
        Mistake(
            "batch axis left out",
            "Your expected lacks the batch axis. It has the shape of the whole output, (N, C_out, H_out, W_out).",
            suite(ONE_OF_EACH, expect=lambda right: right[0]),
            "half",
        ),
        Mistake(
            "images of ones",
            "Your images hold nothing but ones. Wherever a window is moved to, it reads the same.",
            suite(ONE_OF_EACH, numbers=lambda *size: np.ones(size)),
            "19 of 20",
        ),
        Mistake(
            "squares only",
            "Your images and kernels are square, and your options are the same for both axes: "
            "rows and columns may be mixed up unnoticed.",
            suite(SQUARES),
            "three quarters",
        ),
        Mistake(
            "words left out",
            'You never say "same" or "full", so nobody knows what becomes of these words.',
            suite(ONE_OF_EACH[:5]),
            "19 of 20",
        ),
    ),
)

EXERCISES = (find_the_bug, write_tests)
