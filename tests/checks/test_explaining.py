"""A failing call is explained in the same words on a fast and on a slow machine, or not at all."""

import numpy as np
import pytest

from convlab.checks import EXERCISES, reports
from convlab.checks.play import Failure, Played, play
from convlab.checks.reports import examine

EXERCISE = EXERCISES["correlate1d"]


def wrong(input, weight):
    sums = [input[x : x + len(weight)] @ weight for x in range(len(input) - len(weight) + 1)]
    return np.array(sums) + 1


@pytest.fixture
def clock(monkeypatch):
    """A clock that each look at it moves on."""

    class Clock:
        now = step = 0.0

        def monotonic(self):
            self.now += self.step
            return self.now

    made = Clock()
    monkeypatch.setattr(reports, "time", made)
    return made


def test_how_long_the_explaining_calls_take_does_not_change_the_message(clock):
    fast = examine(wrong, EXERCISE, 1)
    clock.step = 0.01  # some hundred looks still fit
    assert examine(wrong, EXERCISE, 1).message == fast.message
    assert "correlate1d(input (1,)" in fast.message


def test_calls_that_are_too_slow_to_explain_leave_the_call_that_was_played(monkeypatch):
    plain = examine(wrong, EXERCISE, 1, look_closer=False).message
    monkeypatch.setattr(reports, "SECONDS_TO_EXPLAIN", 0.0)
    assert examine(wrong, EXERCISE, 1).message == plain


def test_a_call_that_never_ends_ends_the_explanation():
    def hangs(function, exercise, sample, seconds):
        if np.array_equal(sample.args[0], np.arange(1, sample.args[0].size + 1)):
            return Played(failure=Failure("time", "stopped"))
        return play(function, exercise, sample, seconds)

    plain = examine(wrong, EXERCISE, 1, look_closer=False).message
    assert examine(wrong, EXERCISE, 1, play=hangs).message == plain


@pytest.mark.parametrize(
    "odd",
    [
        lambda right: right[right != 0],
        lambda right: right + 0j,
        lambda right: right[None],
        lambda right: "no",
    ],
    ids=["shorter", "complex", "more axes", "no array"],
)
def test_an_answer_of_another_kind_to_an_explaining_call_explains_nothing(odd):
    def function(input, weight):
        right = wrong(input, weight)
        return right if np.count_nonzero(input) > 1 or input.size == 1 else odd(right - 1)

    assert "samples differ" in examine(function, EXERCISE, 1).message
