"""Compares all texts of a class at once, and says of each pair how much it shares that others do not.

A fingerprint that one in n students has is worth log2(n) bits: to meet it in two texts by chance is that unlikely,
and what everybody writes is worth nothing. Worth nothing, too, is what stood in the notebook before, and little what
the instructor's solution has, which many find.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convlab.grading.similarity.fingerprints import Fingerprints, fingerprints
from convlab.grading.similarity.normal import Form, as_tree, as_words
from convlab.grading.similarity.texts import Part, Texts

__all__ = ["Compared", "Measured", "Written", "compare"]

LIKE_REFERENCE = 0.25  # of a fingerprint's worth, if the instructor's solution has it too
Keys = frozenset[int]

_COLUMNS = 2048  # fingerprints at a time: a class of thousands must not need gigabytes


@dataclass(frozen=True)
class Written:
    """One text, read.

    Parameters
    ----------
    tree : its fingerprints as a program; None if it cannot be read as one
    size : tokens
    """

    text: str
    tree: Fingerprints | None
    size: int


@dataclass(frozen=True)
class Measured:
    """One part of the assignment, measured. Arrays are in the order of `Compared.students`; bits.

    Parameters
    ----------
    weights, plain : what each fingerprint is worth between two students, and between one and the solution
    shared, either : shape (n, n): what two texts share, and what they hold together
    shared_reference, either_reference : shape (n,): the same with the instructor's solution
    sizes : shape (n,), tokens; 0 for who has no text
    """

    name: str
    written: Mapping[str, Written]
    reference: Written | None
    weights: Mapping[int, float]
    plain: Mapping[int, float]
    shared: np.ndarray
    either: np.ndarray
    shared_reference: np.ndarray
    either_reference: np.ndarray
    sizes: np.ndarray


@dataclass(frozen=True)
class Compared:
    """A class, compared."""

    assignment: str
    students: tuple[str, ...]
    parts: tuple[Measured, ...]

    @functools.cached_property
    def shared(self) -> np.ndarray:
        """Bits that two share in all, shape (n, n)."""
        return self._sum("shared", (len(self.students),) * 2)

    @functools.cached_property
    def likeness(self) -> np.ndarray:
        """Of all that two hold the part that both hold, shape (n, n), from 0 to 1."""
        return _ratio(self.shared, self._sum("either", (len(self.students),) * 2))

    @functools.cached_property
    def likeness_reference(self) -> np.ndarray:
        """The same with the instructor's solutions, shape (n,)."""
        either = self._sum("either_reference", (len(self.students),))
        return _ratio(self.shared_reference, either)

    @functools.cached_property
    def shared_reference(self) -> np.ndarray:
        return self._sum("shared_reference", (len(self.students),))

    def _sum(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        total = np.zeros(shape)
        for part in self.parts:
            total += getattr(part, name)
        return total


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return ratio


def compare(texts: Texts) -> Compared:
    """Measure every pair of students, and every student against the instructor's solutions."""
    return Compared(
        texts.assignment,
        texts.students,
        tuple(_measure(part, texts.students, texts.given) for part in texts.parts),
    )


@functools.lru_cache(maxsize=16384)  # many hand in the same text, such as the solution
def _tree(text: str) -> Form | None:
    return as_tree(text)


def _read(text: str) -> Written:
    tree = _tree(text)
    return Written(
        text.replace("\r", "\n"),
        None if tree is None else fingerprints(tree),
        (as_words(text) if tree is None else tree).size,
    )


def _measure(part: Part, students: Sequence[str], given: str) -> Measured:
    read: dict[str, Written] = {text: _read(text) for text in sorted({*part.texts.values(), part.reference})}
    written = {student: read[text] for student, text in part.texts.items()}
    reference = read[part.reference] if part.reference else None
    known = _read(given)
    of_trees = _View([_keys(written.get(one)) for one in students], _keys(reference), {*(known.tree or ())})
    shared, either = of_trees.shared, of_trees.either
    shared_reference, either_reference = of_trees.shared_reference, of_trees.either_reference
    weights, plain = of_trees.weights, of_trees.plain
    no_tree = np.array([one in written and written[one].tree is None for one in students])
    if no_tree.any():
        # Who cannot be read as a program is compared as words, and so is the other one of the pair.
        words = {text: frozenset(fingerprints(as_words(text))) for text in {*read, given}}
        of_words = _View(
            [words[written[one].text] if one in written else frozenset() for one in students],
            words[part.reference] if part.reference else frozenset(),
            words[given],
        )
        one_without = no_tree[:, None] | no_tree[None, :]
        shared, either = (
            np.where(one_without, of_words.shared, shared),
            np.where(one_without, of_words.either, either),
        )
        shared_reference = np.where(no_tree, of_words.shared_reference, shared_reference)
        either_reference = np.where(no_tree, of_words.either_reference, either_reference)
        weights, plain = {**of_words.weights, **weights}, {**of_words.plain, **plain}
    sizes = np.array([written[one].size if one in written else 0 for one in students])
    return Measured(
        part.name,
        written,
        reference,
        weights,
        plain,
        shared,
        either,
        shared_reference,
        either_reference,
        sizes,
    )


def _keys(written: Written | None) -> frozenset[int]:
    return frozenset(written.tree or ()) if written is not None else frozenset()


class _View:
    """Everybody's fingerprints of one kind, weighed and multiplied with each other."""

    def __init__(self, held: Sequence[Keys], reference: Keys, known: Collection[int]) -> None:
        spread = Counter(key for keys in held for key in keys)
        count = max(2, sum(map(bool, held)))
        self.plain = plain = {
            key: 0.0 if key in known else math.log2(count / spread.get(key, 1))
            for key in {*spread, *reference}
        }
        self.weights = {
            key: weight * (LIKE_REFERENCE if key in reference else 1.0) for key, weight in plain.items()
        }
        own = np.array([math.fsum(self.weights[key] for key in keys) for keys in held])
        self.shared = self._products(held, [key for key in sorted(spread) if spread[key] > 1])
        np.fill_diagonal(self.shared, own)
        self.either = own[:, None] + own[None, :] - self.shared
        self.shared_reference = np.array([math.fsum(plain[key] for key in keys & reference) for keys in held])
        whole = np.array([math.fsum(plain[key] for key in keys) for keys in held])
        self.either_reference = np.where(
            whole > 0, whole + math.fsum(plain[key] for key in reference) - self.shared_reference, 0.0
        )

    def _products(self, held: Sequence[Keys], keys: Sequence[int]) -> np.ndarray:
        """For each pair the worth of what both hold: who holds what, times the worth, times who holds what."""
        shared = np.zeros((len(held), len(held)))
        holders: dict[int, list[int]] = {}
        for place, mine in enumerate(held):
            for key in mine:
                holders.setdefault(key, []).append(place)
        for first in range(0, len(keys), _COLUMNS):
            some = [key for key in keys[first : first + _COLUMNS] if self.weights[key] > 0]
            table = np.zeros((len(held), len(some)))
            for column, key in enumerate(some):
                table[holders[key], column] = math.sqrt(self.weights[key])
            shared += table @ table.T
        return shared
