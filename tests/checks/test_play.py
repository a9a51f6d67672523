"""What may happen inside a student's function, and what comes out of it."""

import contextlib
import functools
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from convlab.checks.exercise import Sample
from convlab.checks.play import MOST_PRINTED, play
from convlab.checks.registry import EXERCISES
from convlab.checks.samples import LAYOUTS, lay_out

EXERCISE = EXERCISES["correlate1d"]


def playing(function, input=(1.0, 2.0, 3.0), weight=(1.0, 1.0), seconds=5.0):
    return play(function, EXERCISE, Sample((np.array(input), np.array(weight))), seconds)


def text(function, **options):
    return playing(function, **options).failure.text


def test_an_answer_comes_out_as_it_is():
    answer = object()
    assert playing(lambda input, weight: answer).answer is answer


def test_an_exception_is_told_with_the_students_own_line():
    def correlate1d(input, weight):
        output = np.zeros(2)
        output[2] = np.dot(input, input)
        return output

    said = text(correlate1d).splitlines()
    assert said[0] == "it raised IndexError: index 2 is out of bounds for axis 0 with size 2"
    assert said[1].endswith("output[2] = np.dot(input, input)")


def test_of_two_functions_the_one_that_is_not_written_is_named():
    def helper(input):
        raise NotImplementedError

    assert text(lambda input, weight: helper(input)).startswith(
        "helper, which correlate1d calls, is not written"
    )


def test_the_line_is_the_students_even_if_numpy_raised():
    def helper(input):
        return np.reshape(input, (7, 7))

    said = text(lambda input, weight: helper(input))
    assert "cannot reshape array" in said
    assert said.endswith("return np.reshape(input, (7, 7))")


def test_a_function_that_is_not_written_is_called_that():
    def correlate1d(input, weight):
        raise NotImplementedError("Replace this line with your code.")

    failure = playing(correlate1d).failure
    assert failure.kind == "not written"
    assert failure.text == "correlate1d is not written yet: write its body in place of the line that raises"


@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit(), RecursionError("deep")])
def test_nothing_that_is_raised_gets_past(error):
    def function(input, weight):
        raise error

    assert f"it raised {type(error).__name__}" in text(function)


def test_the_stop_button_is_the_readers():
    def function(input, weight):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        playing(function)


def test_wrong_arguments_are_told_before_the_call():
    failure = playing(lambda image: image).failure
    assert failure.kind == "signature"
    assert failure.text.endswith("its arguments must be (input, weight)")


def test_callables_of_every_kind_can_be_played():
    class Correlate:
        def __call__(self, input, weight):
            return np.dot(input[:2], weight)

    for function in (
        Correlate(),
        functools.partial(Correlate()),
        Correlate().__call__,
        np.multiply.outer,
    ):
        assert playing(function).failure is None


@pytest.mark.parametrize("how", LAYOUTS)
def test_arguments_keep_their_layout_and_are_copies(how):
    given = lay_out(np.arange(12.0).reshape(3, 4), how)
    before = given.copy()
    seen = []

    def function(input, weight):
        seen.append((input.strides, input.flags.writeable, input.copy()))
        if input.flags.writeable:
            input[:] = -1
        return input

    play(function, EXERCISE, Sample((given, np.ones(1))), 5.0)
    assert seen[0][:2] == (given.strides, given.flags.writeable)
    assert np.array_equal(seen[0][2], before)
    assert np.array_equal(given, before)


def test_a_changed_argument_is_named():
    def function(input, weight):
        weight *= 2
        return input

    assert text(function) == (
        "it changed its argument `weight` in place: work on a copy (weight.copy()) or on a new array"
    )


def test_writing_to_a_read_only_argument_says_what_to_do():
    def function(input, weight):
        input[0] = 0

    frozen = lay_out(np.ones(3), "read-only")
    said = play(function, EXERCISE, Sample((frozen, np.ones(1))), 5.0).failure.text
    assert said.endswith("this input may not be written to: work on a copy or on a new array")


def test_an_endless_loop_is_stopped_at_its_limit():
    def function(input, weight):
        while True:
            pass

    started = time.monotonic()
    failure = playing(function, seconds=0.2).failure
    assert failure.kind == "time"
    assert time.monotonic() - started < 3


def test_a_loop_that_swallows_exceptions_is_stopped_too():
    def function(input, weight):
        while True:
            with contextlib.suppress(Exception):
                sum(range(100))

    assert playing(function, seconds=0.2).failure.kind == "time"


def test_outside_the_main_thread_a_slow_call_is_told_after_it_returned():
    found = []
    slow = threading.Thread(
        target=lambda: found.append(playing(lambda input, weight: time.sleep(0.3), seconds=0.1))
    )
    slow.start()
    slow.join()
    assert found[0].failure.kind == "time"


@pytest.mark.skipif(not hasattr(signal, "getitimer"), reason="a system without timer signals")
def test_the_timer_is_gone_afterwards():
    before = signal.getsignal(signal.SIGALRM)
    playing(lambda input, weight: input, seconds=0.05)
    playing(lambda input, weight: 1 / 0, seconds=0.05)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_nothing_reaches_the_screen_and_what_is_printed_is_kept(capfd):
    def function(input, weight):
        warnings.warn("careful", stacklevel=1)
        print("to stderr", file=sys.stderr)
        print("to stdout")
        return np.log(input - 5) / 0

    played = playing(function)
    assert played.failure is None
    assert played.printed == "to stderr\nto stdout\n"
    assert capfd.readouterr() == ("", "")


def test_of_endless_printing_only_the_beginning_is_kept():
    def function(input, weight):
        for _ in range(10_000):
            print("x" * 100)

    assert len(playing(function).printed) < 2 * MOST_PRINTED


def test_arrays_in_a_list_arrive_as_they_are_laid_out_and_must_stay_as_they_are():
    arrays = [(lay_out(np.arange(6.0).reshape(2, 3), "reversed"), lay_out(np.ones(2), "read-only"))]
    sample = Sample((arrays, np.ones(2)))

    def answer(input, weight):
        (first, second) = input[0]
        return first.strides == arrays[0][0].strides, second.flags.writeable, first is not arrays[0][0]

    assert play(answer, EXERCISE, sample, 5).answer == (True, False, True)
    for change in (
        lambda input, weight: input[0][0].fill(0),
        lambda input, weight: input.pop(),
        lambda input, weight: input.append(input[0]),
    ):
        failure = play(change, EXERCISE, sample, 5).failure
        assert failure.kind == "modified"
        assert failure.text == (
            "it changed its argument `input` in place: make new arrays and put them into a new list"
        )
    assert np.array_equal(arrays[0][0].ravel(), np.arange(6))
