"""Picks from a class what is worth a person's look: pairs, groups of them, and who is close to the solutions.

Two students are picked for how much of what they wrote is in both, and only if that is more than chance would find
among so many pairs, in texts that are long enough to be written in many ways. Who is alike in some exercises only is
picked if these are long, and hardly differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from convlab.grading.similarity.compare import Compared

__all__ = ["FEWEST", "REFERENCE", "THRESHOLD", "Found", "Pair", "Shared", "find"]

THRESHOLD = 0.5
"""Likeness from which a pair is picked; tests/grading/test_similarity_measured.py says what it finds and misses."""

FEWEST = 4  # texts; among fewer nobody can say what is rare
REFERENCE = ""
"""Stands for the instructor's solutions in the place of a student."""

_BITS = 20.0  # beyond what the number of pairs explains
_TOKENS = 60  # that stand in texts which are alike; a solution of three lines has 30
# The same if only a part of the exercises is alike.
_MORE_BITS, _MORE_TOKENS, _MORE_ALIKE = 60.0, 120, 0.2


@dataclass(frozen=True)
class Shared:
    """One exercise of a pair.

    Parameters
    ----------
    likeness : what both texts hold, of all that they hold, from 0 to 1
    bits : what both hold, in bits
    size : tokens of the shorter text
    """

    name: str
    likeness: float
    bits: float
    size: int


@dataclass(frozen=True)
class Pair:
    """Two students; or a student and `REFERENCE`.

    Parameters
    ----------
    as_alike : how many pairs of the class are at least as alike
    """

    first: str
    second: str
    likeness: float
    bits: float
    as_alike: int
    parts: tuple[Shared, ...]


@dataclass(frozen=True)
class Found:
    """What is worth a look, the most alike first, and what the class is like.

    Parameters
    ----------
    groups : students who hang together by pairs, the largest group first
    references : students whose texts are close to the instructor's solutions
    compared : how many pairs there are
    usual, seldom : likeness that half of all pairs stay below, and 99 of 100
    """

    threshold: float
    pairs: tuple[Pair, ...]
    groups: tuple[tuple[str, ...], ...]
    references: tuple[Pair, ...]
    students: int
    compared: int
    usual: float
    seldom: float


def find(compared: Compared, threshold: float = THRESHOLD) -> Found:
    """Pick the pairs that are at least as alike as `threshold`.

    Raises
    ------
    ValueError
        If there are too few students, or the threshold is not above 0 and at most 1.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"the threshold is {threshold:g} and must be above 0 and at most 1")
    count = len(compared.students)
    if count < FEWEST:
        raise ValueError(
            f"there are {count} submissions to compare; with fewer than {FEWEST} nobody can say what is rare"
        )
    rows, columns = np.triu_indices(count, 1)
    likeness = compared.likeness[rows, columns]
    ordered = np.sort(likeness)
    chance = 2 * math.log2(count)
    pairs = []
    for place in np.flatnonzero(_candidates(compared, threshold)[rows, columns]):
        first, second = int(rows[place]), int(columns[place])
        parts = tuple(_parts(compared, first, second))
        if _says_something(float(likeness[place]), parts, chance, threshold):
            as_alike = len(ordered) - int(np.searchsorted(ordered, likeness[place] - 1e-9))
            pairs.append(_pair(compared, first, second, as_alike, parts))
    pairs.sort(key=_order)
    return Found(
        threshold,
        tuple(pairs),
        _groups(pairs),
        tuple(sorted(_references(compared, threshold), key=_order)),
        count,
        len(likeness),
        float(np.median(likeness)),
        float(np.quantile(likeness, 0.99)),
    )


def _order(pair: Pair) -> tuple[object, ...]:
    return -round(pair.likeness * pair.bits, 3), pair.first, pair.second


def _pair(compared: Compared, first: int, second: int, as_alike: int, parts: tuple[Shared, ...]) -> Pair:
    return Pair(
        compared.students[first],
        compared.students[second],
        float(compared.likeness[first, second]),
        float(compared.shared[first, second]),
        as_alike,
        parts,
    )


def _parts(compared: Compared, first: int, second: int) -> Iterator[Shared]:
    for part in compared.parts:
        size = int(min(part.sizes[first], part.sizes[second]))
        if size:
            bits, either = float(part.shared[first, second]), float(part.either[first, second])
            yield Shared(part.name, bits / either if either > 0 else 0.0, bits, size)


def _candidates(compared: Compared, threshold: float) -> np.ndarray:
    """Which pairs are alike in all, or in any one exercise, shape (n, n)."""
    found: np.ndarray = compared.likeness >= threshold
    for part in compared.parts:
        found = found | ((part.shared >= threshold * part.either) & (part.shared > 0))
    return found


def _says_something(likeness: float, parts: Sequence[Shared], chance: float, threshold: float) -> bool:
    def enough(least: float, tokens: int, bits: float) -> bool:
        alike = [part for part in parts if part.likeness >= least]
        return (
            sum(part.size for part in alike) >= tokens and sum(part.bits for part in alike) >= chance + bits
        )

    as_a_whole = likeness >= threshold and enough(threshold, _TOKENS, _BITS)
    return as_a_whole or enough(min(threshold + _MORE_ALIKE, 0.95), _MORE_TOKENS, _MORE_BITS)


def _references(compared: Compared, threshold: float) -> Iterator[Pair]:
    likeness = compared.likeness_reference
    for place in np.flatnonzero(likeness >= threshold):
        parts = []
        for part in compared.parts:
            bits, either = float(part.shared_reference[place]), float(part.either_reference[place])
            if part.reference is not None and part.sizes[place]:
                size = min(int(part.sizes[place]), part.reference.size)
                parts.append(Shared(part.name, bits / either if either > 0 else 0.0, bits, size))
        bits = float(compared.shared_reference[place])
        if _says_something(float(likeness[place]), parts, math.log2(len(compared.students)), threshold):
            as_alike = int((likeness >= likeness[place] - 1e-9).sum())
            student = compared.students[int(place)]
            yield Pair(student, REFERENCE, float(likeness[place]), bits, as_alike, tuple(parts))


def _groups(pairs: Sequence[Pair]) -> tuple[tuple[str, ...], ...]:
    """Students who are connected by pairs, of three or more."""
    group: dict[str, set[str]] = {}
    for pair in pairs:
        joined = group.get(pair.first, {pair.first}) | group.get(pair.second, {pair.second})
        for student in joined:
            group[student] = joined
    found = {tuple(sorted(members)) for members in group.values() if len(members) > 2}
    return tuple(sorted(found, key=lambda members: (-len(members), members)))
