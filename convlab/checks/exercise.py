"""What an exercise is: the one place that the check cell, the grader, the tests and the bug hunt all read.

Knows nothing about torch, notebooks or how a function is run.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convlab.checks.samples import arrays_in

__all__ = ["Exercise", "Mistake", "Probe", "Sample", "Samples"]


@dataclass(frozen=True)
class Probe:
    """A function that an exercise takes as an argument: what it is called, what it says, and itself."""

    name: str
    source: str
    function: Callable[..., Any]

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


@dataclass(frozen=True)
class Sample:
    """One call to play against the student's function, and the group of points it counts for."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    group: str = "plain"

    @property
    def size(self) -> int:
        """How much a reader has to look at: the elements of all arrays, then the number of options."""
        arrays = arrays_in((*self.args, *self.kwargs.values()))
        return 10 * sum(a.size for a in arrays) + len(self.kwargs)


Samples = Callable[[np.random.Generator], Iterator[Sample]]


@dataclass(frozen=True)
class Mistake:
    """A wrong implementation that a person would really write, and the sentence that explains it."""

    name: str
    explanation: str
    function: Callable[..., Any]
    group: str = "plain"  # the group of samples that must catch it


@dataclass(frozen=True, eq=False)  # one is itself and no other: answers are remembered by it
class Exercise:
    """A function the student writes, and everything that is known about it.

    Parameters
    ----------
    name : the function's name
    chapter : the chapter it belongs to, as its file is named: "01_conv1d"
    parameters : the names of its arguments, in order
    groups : group of samples -> points; together the exercise's points
    difficulty : 1 (a few lines follow from the text) to 5
    minutes : what a learner needs, about
    samples : rng -> the calls to play; shapes come from a table, values (and some shapes) from the rng
    oracle : (torch, *args, **kwargs) -> the right answer; arrays arrive as float64 tensors
    oracle_name : what the student is told their numbers were compared with
    results : what the results are called in messages; more than one name if it returns a tuple of arrays, of numbers
        or of such tuples
    mistakes : the catalogue of wrong implementations; the samples must catch each
    linear : the one or two arrays whose products an output entry sums, if it does; so that a wrong tap can be named
    allowed : what of convlab a student may call; "*" if nothing at all is refused
    judge : (ask, answer, sample) -> None if the answer does what is asked, else a sentence; for answers that are not
        one number or array to be compared. `ask` calls the oracle with NumPy arrays. What a student returns is
        plain data, and the judge must check and bound it before it does anything with it.
    time_limit : seconds that all calls of one check may take together
    rtol, atol : how far a correct answer may be from the oracle's. Sample values are multiples of 1/4, so that
        sums are exact in any order; the room is for square roots, float32 and FFTs.
    """

    name: str
    chapter: str
    parameters: tuple[str, ...]
    groups: Mapping[str, int]
    difficulty: int
    minutes: int
    samples: Samples
    oracle: Callable[..., Any]
    oracle_name: str
    mistakes: tuple[Mistake, ...]
    results: tuple[str, ...] = ("output",)
    linear: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    judge: Callable[[Callable[..., Any], Any, Sample], str | None] | None = None
    time_limit: float = 5.0
    rtol: float = 1e-5
    atol: float = 1e-6

    @property
    def points(self) -> int:
        return sum(self.groups.values())

    def draw(self, seed: int) -> list[Sample]:
        """The calls to play. The same seed gives the same calls; another exercise draws other values from it."""
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        return list(self.samples(rng))
