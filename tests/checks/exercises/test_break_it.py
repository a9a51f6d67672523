"""Chapter 11's judges: what they take, what they refuse, and what they count."""

import numpy as np
import pytest

from convlab.checks import Sample, oracle
from convlab.checks.bugs import BOXES, READABLE, buggy_conv2d, show_code
from convlab.checks.exercises._escapees import ESCAPEES
from convlab.checks.exercises._handed_in import Unfit, arguments
from convlab.checks.exercises.break_it import ONE_OF_EACH, SQUARES, differs, find_the_bug, suite, write_tests
from convlab.checks.exercises.dilation import conv2d
from convlab.checks.message import summary
from convlab.checks.reports import examine
from convlab.solutions import break_it as solutions

BUGS = READABLE | BOXES
PLAIN = {"input": np.ones((1, 1, 4, 5)), "weight": np.ones((1, 1, 2, 3))}


def ask(**call):
    return oracle.expected(conv2d, Sample((), call))


def judged(exercise, answer, *args):
    return oracle.judged(exercise, Sample(args, group=next(iter(exercise.groups))), answer)


# ------------------------------------------------------------------------------ the bugs


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_is_right_on_half_of_the_samples_of_conv2d_and_wrong_on_some(name):
    wrong = []
    for sample, right in oracle.samples_with_answers(conv2d, 0):
        call = dict(zip(conv2d.parameters, sample.args)) | dict(sample.kwargs)
        wrong.append(differs(BUGS[name], call, right))
    assert 0 < sum(wrong) < len(wrong) / 2


@pytest.mark.parametrize(
    ("name", "catalogued"), [("ivory", "start clamped to 0"), ("jade", "output made like the input")]
)
def test_code_that_is_shown_does_what_the_catalogue_says(name, catalogued):
    (mistake,) = [m for m in conv2d.mistakes if m.name == catalogued]
    for sample in conv2d.draw(0):
        assert np.array_equal(
            BUGS[name](*sample.args, **sample.kwargs), mistake.function(*sample.args, **sample.kwargs)
        )


@pytest.mark.parametrize("name", READABLE)
def test_the_code_that_is_shown_is_the_code_that_is_called(name):
    from convlab.checks import _readable_bugs

    names = {"np": np, "pair": _readable_bugs.pair, "zeros_around": _readable_bugs.zeros_around}
    exec(show_code("settle") + show_code(name), names)
    call = solutions.find_the_bug(name)
    assert np.array_equal(names[name](**call), buggy_conv2d(name, **call))
    assert show_code(name)._repr_markdown_().startswith(f"```python\ndef {name}(")


def test_a_box_shows_no_code_and_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="'onyx' is a black box: call it"):
        show_code("onyx")
    with pytest.raises(ValueError, match="'pink'; it may be one of amber, coral"):
        buggy_conv2d("pink", **PLAIN)


# ------------------------------------------------------------------------------ what is handed in


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"input": [[1, 2]]}, r"input is a list; it must be a NumPy array: np\.array\(input\)"),
        ({"input": None}, "the result has no input"),
        ({"input": np.ones((4, 5))}, r"input has the shape \(4, 5\); it must have four axes"),
        ({"input": np.ones((1, 1, 200, 51))}, "input has 10200 elements; it must have 1 to 10000"),
        ({"input": np.ones((0, 1, 4, 5))}, "input has 0 elements"),
        ({"input": np.full((1, 1, 4, 5), np.nan)}, "input holds nan, inf or numbers beyond a million"),
        ({"input": np.full((1, 1, 4, 5), object())}, "input has the dtype object"),
        ({"input": np.ones((1, 1, 4, 5), complex)}, "input has the dtype complex128"),
        ({"input": np.ma.ones((1, 1, 4, 5))}, "input is a MaskedArray; it must be a NumPy array"),
        ({"weight": np.ones((1, 2, 2, 3))}, "axis 1 of both must agree"),
        ({"weight": np.ones((1, 1, 5, 3))}, "the kernel spans more rows than the padded image has"),
        ({"bias": np.ones(2)}, "bias has 2 numbers; it must have 1, one for each filter"),
        ({"stride": 0}, "stride is 0; it must be an integer from 1 to 16, or a pair of them"),
        ({"stride": 10**9}, "stride is 1000000000; it must be an integer from 1 to 16"),
        ({"stride": (1, 2, 3)}, r"stride is \(1, 2, 3\); it must be an integer"),
        ({"stride": True}, "stride is True; it must be an integer"),
        ({"dilation": 1.0}, r"dilation is 1\.0; it must be an integer"),
        (
            {"padding": 20000},
            "padding is 20000; it must be an integer from 0 to 16, a pair of them or a word",
        ),
        ({"padding": "wide"}, "padding is 'wide'; the words are"),
        ({"padding": "same", "stride": 2}, "torch refuses that"),
        ({"padding": lambda: 1}, "padding is a function; it must be an integer"),
        ({"groups": 2}, "the result has the key 'groups'; the arguments are input, weight"),
        ({"input": np.ones((9, 9, 11, 11)), "weight": np.ones((9, 9, 9, 9))}, "up to 7144929 products"),
    ],
)
def test_arguments_that_cannot_be_used_get_a_sentence(change, sentence):
    with pytest.raises(Unfit, match=sentence):
        arguments(PLAIN | change)


@pytest.mark.parametrize("answer", [None, [], (PLAIN,), "amber", type("Dict", (dict,), {})(PLAIN)])
def test_anything_but_a_plain_dict_is_refused(answer):
    with pytest.raises(Unfit, match=r"the result is .*; it must be a dict"):
        arguments(answer)


def test_what_is_checked_is_new_and_in_plain_numbers():
    given = PLAIN | {"input": np.ones((1, 1, 4, 5), np.uint8)[..., ::-1], "stride": [np.int32(2), 1]}
    call = arguments(given)
    assert call["input"].dtype == np.int64
    assert not np.shares_memory(call["weight"], given["weight"])
    assert call["stride"] == (2, 1)


# ------------------------------------------------------------------------------ find_the_bug


@pytest.mark.parametrize("name", BUGS)
def test_arguments_that_show_nothing_are_told_what_they_lack(name):
    assert judged(find_the_bug, PLAIN, name) == (
        f"{name} and torch agree on these arguments, in all 9 entries.\n"
        "Not in them: a bias, a stride, padding, dilation, a second image, a second channel, a second filter."
    )


@pytest.mark.parametrize(("name", "extra"), [("amber", "dilation"), ("coral", "bias"), ("ivory", "stride")])
def test_an_option_that_the_bug_does_not_take_is_to_be_left_out(name, extra):
    more = {"dilation": 2, "bias": np.ones(3), "stride": 2}[extra]
    sentence = f"{name} differs from torch here, but without {extra} it does, too: leave that out"
    assert judged(find_the_bug, solutions.find_the_bug(name) | {extra: more}, name) == sentence


def test_an_option_that_says_what_is_so_anyway_does_no_harm():
    plain = {"stride": 1, "dilation": (1, 1), "bias": None}
    assert judged(find_the_bug, plain | solutions.find_the_bug("ivory"), "ivory") is None


def test_an_error_where_torch_has_an_answer_is_a_difference():
    call = solutions.find_the_bug("coral") | {"stride": (2, 1)}
    with pytest.raises(IndexError):
        buggy_conv2d("coral", **call)
    assert judged(find_the_bug, call, "coral") is None


# ------------------------------------------------------------------------------ write_tests


def test_the_solution_lets_no_wrong_convolution_through():
    cases = [(arguments(call), expected) for call, expected in solutions.write_tests()]
    assert [e.does for e in ESCAPEES if not any(differs(e.function, *case) for case in cases)] == []


def test_points_go_by_the_share_that_is_caught():
    one, few, most = ONE_OF_EACH[:1], SQUARES, ONE_OF_EACH[:5]
    earned = [examine(suite(rows), write_tests, 0).points for rows in (one, few, most, ONE_OF_EACH)]
    assert earned == [0, 1, 2, 3]


def test_one_case_that_rejects_right_code_costs_every_point():
    def wrong_once():
        cases = solutions.write_tests()
        cases[3][1][0, 0, 1, 0] += 1
        return cases

    report = examine(wrong_once, write_tests, 0)
    assert report.points == 0
    assert "write_tests(): case 3 rejects correct code: expected[0, 0, 1, 0] is " in report.message


def test_expected_numbers_may_be_rounded_and_of_any_dtype():
    call = {"input": np.full((1, 1, 2, 3), 1 / 3, np.float32), "weight": np.ones((1, 1, 2, 2), np.int8)}
    for expected in (np.full((1, 1, 1, 2), 1.3333), np.full((1, 1, 1, 2), 4 / 3, np.float32)):
        assert "rejects" not in judged(write_tests, [(call, expected)])


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (None, "the result is None (is the return line missing?); it must be a list of cases"),
        ({}, "the result is a dict; it must be a list of cases"),
        ([], "there are 0 cases; there must be 1 to 30"),
        ([PLAIN], "case 0 is not a pair; it must be (kwargs, expected)"),
        ([(PLAIN, None)], "case 0: expected is None; it must be a NumPy array"),
        ([(PLAIN, np.ones((3, 3)))], "case 0 rejects correct code: the shape of expected is (3, 3)"),
        ([([], np.ones(3))], "case 0: kwargs is a list; it must be a dict"),
    ],
)
def test_what_is_no_list_of_cases_gets_a_sentence(answer, sentence):
    assert judged(write_tests, answer).startswith(sentence)


def test_many_large_cases_are_refused_before_any_wrong_convolution_runs(monkeypatch):
    monkeypatch.setattr("convlab.checks.exercises.break_it.ESCAPEES", ())
    large = {"input": np.ones((1, 1, 90, 90)), "weight": np.ones((1, 1, 11, 11))}
    sentence = judged(write_tests, [(large, ask(**large))] * 4)
    assert sentence.startswith("the cases take more than 3000000 products together")


def test_a_message_names_one_that_got_through_and_what_it_takes():
    message = examine(suite(ONE_OF_EACH[:5]), write_tests, 0).message
    assert message.splitlines()[:3] == [
        "write_tests · 2 of 3 points so far.",
        f"write_tests(): your 5 cases catch 42 of {len(ESCAPEES)} wrong convolutions; the next point takes 45.",
        '  One that got through takes "same" for "valid". A case that notices it has padding="same".',
    ]
    assert summary(message).startswith("write_tests · 2 of 3 points so far. write_tests(): your 5 cases")


def test_what_is_said_to_be_needed_is_said_for_every_one_and_differs():
    assert len({e.does for e in ESCAPEES}) == len(ESCAPEES)
    assert all(e.takes for e in ESCAPEES)


def test_torch_and_the_wrong_convolutions_may_be_called_inside():
    def asking(name):
        call = solutions.find_the_bug(name)
        assert differs(lambda **arguments: buggy_conv2d(name, **arguments), call, ask(**call))
        return call

    assert examine(asking, find_the_bug, 0).points == 3
