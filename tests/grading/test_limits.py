"""Limits as an instructor types them."""

import pytest

from convlab.grading import Limits
from convlab.grading.limits import MEBI


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("exercise_seconds=20", "exercise_seconds", 20.0),
        ("exercise_seconds=2.5s", "exercise_seconds", 2.5),
        ("memory=4GiB", "memory", 4096 * MEBI),
        ("memory=4g", "memory", 4_000_000_000),
        ("output=100 kB", "output", 100_000),
        ("processes=8", "processes", 8),
    ],
)
def test_a_word_changes_one_limit(word, name, value):
    limits = Limits.parse([word])
    assert getattr(limits, name) == value
    assert type(getattr(limits, name)) is type(getattr(Limits(), name))
    assert {key: v for key, v in vars(limits).items() if key != name} == {
        key: v for key, v in vars(Limits()).items() if key != name
    }


def test_no_words_change_nothing():
    assert Limits.parse([]) == Limits()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("list", "names no limit; there are file, text, cell_seconds"),
        ("seconds=3", "names no limit"),
        ("exercise_seconds", "exercise_seconds must be a number above 0, such as exercise_seconds=10"),
        ("exercise_seconds=0", "must be a number above 0"),
        ("memory=-1", "must be a number above 0"),
        ("memory=lots", "must be a number above 0"),
    ],
)
def test_what_is_no_limit_is_told(word, said):
    with pytest.raises(ValueError, match=said):
        Limits.parse([word])
