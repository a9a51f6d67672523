"""How much of what was copied is found, and how many honest pairs are shown beside it: on classes with known copies.

Four classes of 60 honest students, 14 copies and 3 who took the solutions; five small exercises. The numbers are
fixed: who changes the measure sees here what it costs.
"""

import random
import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from convlab.grading.similarity import compare, find

CLASS = runpy.run_path(str(Path(__file__).with_name("similarity_class.py")))
SEEDS = range(4)


@pytest.fixture(scope="module")
def classes():
    made = [CLASS["a_class"](seed) for seed in SEEDS]
    return [(one, compare(one.texts)) for one in made]


def counted(classes, threshold):
    """Copies found, copies missed, and honest pairs shown; two who took the solutions are neither."""
    found = missed = honest = 0
    for planted, compared in classes:
        shown = {frozenset((one.first, one.second)) for one in find(compared, threshold).pairs}
        copies = {pair for pair in planted.pairs if not pair <= planted.took}
        found += len(copies & shown)
        missed += len(copies - shown)
        honest += len(shown - planted.pairs)
    return found, missed, honest


@pytest.mark.parametrize(("threshold", "expected"), [(0.4, (56, 0, 2)), (0.5, (55, 1, 1)), (0.6, (53, 3, 0))])
def test_so_many_copies_are_found_and_so_many_honest_pairs_are_shown(classes, threshold, expected):
    assert counted(classes, threshold) == expected


def test_who_took_the_solutions_is_found_and_nobody_else(classes):
    shown = [{one.first for one in find(compared).references} for _, compared in classes]
    assert shown == [planted.took for planted, _ in classes]


def test_copies_are_more_alike_than_all_but_few_of_the_2701_pairs(classes):
    for planted, compared in classes:
        pairs = find(compared, 0.4).pairs
        ranks = [one.as_alike for one in pairs if frozenset((one.first, one.second)) in planted.pairs]
        assert max(ranks) <= len(planted.pairs) + 8


@pytest.mark.parametrize(("exercises", "expected"), [(2, 0), (3, 2), (4, 15)])
def test_who_copied_a_part_of_five_small_exercises_is_found_so_often(classes, exercises, expected):
    """Of 24 each. Two or three copied functions of a few lines are no evidence, and are mostly not shown."""
    shown = 0
    for seed, (planted, _) in enumerate(classes):
        rng = random.Random(seed)
        parts = {part.name: dict(part.texts) for part in planted.texts.parts}
        whole = [
            one for one in planted.texts.students if one[0] == "h" and all(one in of for of in parts.values())
        ]
        chosen = rng.sample(whole, 12)
        for source, copyist in zip(chosen[::2], chosen[1::2]):
            names = rng.sample(CLASS["EXERCISES"], exercises)
            texts = CLASS["copied"](rng, {name: parts[name][source] for name in names}, 1)
            for name, text in texts.items():
                parts[name][copyist] = text
        changed = tuple(replace(part, texts=parts[part.name]) for part in planted.texts.parts)
        found = {
            (one.first, one.second) for one in find(compare(replace(planted.texts, parts=changed))).pairs
        }
        shown += sum(tuple(sorted(pair)) in found for pair in zip(chosen[::2], chosen[1::2]))
    assert shown == expected


def test_in_a_class_that_knows_three_ways_only_honest_pairs_are_shown_too():
    """What a class writes alike costs precision, not recall; a higher threshold gives it back."""
    everything = CLASS["a_class"].__globals__["styles"]
    CLASS["a_class"].__globals__["styles"] = lambda: {name: texts[:3] for name, texts in everything().items()}
    try:
        made = [CLASS["a_class"](seed) for seed in SEEDS]
    finally:
        CLASS["a_class"].__globals__["styles"] = everything
    narrow = [(one, compare(one.texts)) for one in made]
    assert [counted(narrow, threshold) for threshold in (0.5, 0.6)] == [(54, 2, 33), (49, 7, 6)]
