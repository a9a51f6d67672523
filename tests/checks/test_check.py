"""What a student types and reads."""

import json

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from convlab.checks import EXERCISES, CheckFailed, check, grading_seed, report


def correlate1d(input, weight):
    K = len(weight)
    return np.array([sum(input[n + k] * weight[k] for k in range(K)) for n in range(len(input) - K + 1)])


def flipped(input, weight):
    return correlate1d(input, weight[::-1])


def test_success_is_one_line_on_stdout(capfd):
    check(correlate1d)
    printed = capfd.readouterr()
    count = len(EXERCISES["correlate1d"].draw(0))
    assert printed.out == f"correlate1d: all {count} samples agree with torch.nn.functional.conv1d.\n"
    assert printed.err == ""


def test_an_exercise_is_found_by_the_functions_name_unless_it_is_named():
    check(correlate1d, exercise="correlate1d")
    check(lambda input, weight: correlate1d(input, weight), exercise="correlate1d")
    with pytest.raises(
        ValueError, match=r"no exercise is called 'flipped'; name it: .* There are: correlate1d, "
    ):
        check(flipped)
    with pytest.raises(ValueError, match=r"no exercise is called 'corelate1d'\. There are"):
        check(correlate1d, exercise="corelate1d")
    with pytest.raises(TypeError, match="it must be a function, given without calling it"):
        check(3.0, exercise="correlate1d")


def test_a_failure_names_the_smallest_call_the_first_wrong_index_the_cause_and_a_line_to_reproduce(capfd):
    with pytest.raises(CheckFailed) as failed:
        check(flipped, exercise="correlate1d")
    lines = str(failed.value).splitlines()
    assert lines[0].startswith("correlate1d · ")
    assert lines[0].endswith(" samples differ from torch.nn.functional.conv1d")
    assert lines[1:] == [
        "smallest: correlate1d(input (2,) int64, weight (2,) int64)",
        "  output[0]: got 4, expected 5",
        "  weight[0] should meet input[0] there; yours meets input[1].",
        "Your numbers are those of a convolution: the kernel is flipped. Cross-correlation reads it as it is.",
        "reproduce:  correlate1d(np.array([1, 2]), np.array([1, 2]))",
    ]
    assert capfd.readouterr() == ("", "")


def test_the_line_to_reproduce_gives_the_numbers_of_the_message():
    result = report(flipped, exercise="correlate1d")
    call = result.reproduce.replace("correlate1d(", "(", 1)
    wrong = eval(f"flipped{call}", {"flipped": flipped, "np": np})
    right = eval(f"correlate1d{call}", {"correlate1d": correlate1d, "np": np})
    assert f"got {wrong[0]}, expected {right[0]}" in result.message


def test_a_report_is_plain_data():
    result = report(flipped, exercise="correlate1d")
    data = json.loads(json.dumps(result.as_dict()))
    assert data["passed"] is False
    assert data["points"] == 0
    assert data["groups"] == {"plain": {"earned": 0, "points": 2}, "arrays": {"earned": 0, "points": 1}}
    assert data["cause"].startswith("Your numbers are those of a convolution")


def test_what_no_run_can_see_is_noted_for_the_instructor():
    def sly(input, weight):
        exec("output = 1")
        return correlate1d(input, weight)

    result = report(sly, "correlate1d")
    assert result.passed
    assert any("exec" in note for note in result.notes)
    assert report(correlate1d).notes == ()


def test_groups_earn_points_on_their_own():
    def keeps_integers(input, weight):
        return correlate1d(input, weight).astype(input.dtype)

    result = report(keeps_integers, exercise="correlate1d")
    assert (result.groups["plain"].earned, result.groups["arrays"].earned, result.points) == (2, 0, 2)


def test_a_mistake_nobody_catalogued_gets_no_cause():
    def odd(input, weight):
        return correlate1d(input, weight) + 1000.0

    result = report(odd, exercise="correlate1d")
    assert result.cause is None
    assert result.message.splitlines()[3] == (
        "  Twice the input should give twice the output; yours does not, so it does more than add products."
    )


def test_a_function_that_never_ends_costs_its_limit_once():
    def endless(input, weight):
        while len(input) > 3:
            pass
        return correlate1d(input, weight)

    result = report(endless, exercise="correlate1d")
    assert "does a loop never end?" in result.message
    assert result.call == "correlate1d(input (4,) int64, weight (3,) int64)"


def test_of_a_failing_function_the_prints_of_the_smallest_call_are_shown(capfd):
    def talkative(input, weight):
        for x in range(100):
            print("x =", x)
        return flipped(input, weight)

    with pytest.raises(CheckFailed):
        check(talkative, exercise="correlate1d")
    assert capfd.readouterr().out == "".join(f"x = {x}\n" for x in range(20))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda right: right.astype(object), "dtype is object"),
        (lambda right: right.astype(str), "dtype is <U"),
        (lambda right: right.astype("datetime64[s]"), "dtype is datetime64[s]"),
        (lambda right: np.ma.masked_all(right.shape), "a masked array with entries masked"),
        (lambda right: np.ma.masked_array(-right, mask=True), "a masked array with entries masked"),
        (lambda right: (right * 0).view(AlwaysRight), "expected"),
    ],
)
def test_what_is_no_plain_array_of_numbers_is_no_answer(make, said):
    result = report(lambda input, weight: make(correlate1d(input, weight)), "correlate1d")
    assert not result.passed
    assert said in result.message


class AlwaysRight(np.ndarray):
    def astype(self, *args, **kwargs):
        return self

    def __array_function__(self, function, types, args, kwargs):
        return np.ones(self.shape, dtype=bool)


def test_a_list_that_holds_itself_is_no_answer():
    def endless(padding, kernel_size, dilation=1):
        pads = []
        pads.append(pads)
        return pads

    assert not report(endless, "resolve_padding").passed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda bias: 2 * bias, "The products are right: the bias should add 1 here; yours adds 2."),
        (lambda bias: -bias, "The products are right: the bias should add 1 here; yours adds -1."),
    ],
)
def test_a_wrong_bias_is_told_apart_from_wrong_products(change, said):
    def biased(input, weight, bias=None):
        output = np.stack([[sum(map(correlate1d, x, w)) for w in weight] for x in input])
        return output if bias is None else output + change(bias)[:, None]

    assert said in report(biased, "conv1d_multichannel").message


def test_a_shortcut_gets_the_sentence_that_refuses_it():
    result = report(np.correlate, exercise="correlate1d")
    assert not result.passed
    assert result.points == 0
    assert result.message == (
        "correlate1d: write the sums yourself: this exercise is about what correlate1d does.\n"
        "np.correlate is refused here; allowed are loops, slices, sums and products (np.sum, @, np.einsum), np.pad "
        "and sliding_window_view."
    )


def test_a_shortcut_that_is_swallowed_is_refused_all_the_same():
    def sly(input, weight):
        try:
            return np.correlate(input, weight)
        except Exception:
            return correlate1d(input, weight)

    assert "np.correlate is refused here" in report(sly, "correlate1d").message


def test_an_unwritten_function_gets_one_line():
    def unwritten(input, weight):
        raise NotImplementedError

    assert report(unwritten, exercise="correlate1d").message == (
        "correlate1d is not written yet: write its body in place of the line that raises."
    )


@pytest.fixture
def shell():
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(colors="nocolor")
    InteractiveShell.clear_instance()


def run(shell, code):
    with capture_output() as captured:
        result = shell.run_cell(code)
    return result, captured


def test_in_a_notebook_a_failure_shows_its_message_and_no_traceback(shell):
    run(shell, "import numpy as np\nfrom convlab.checks import check")
    run(shell, "def correlate1d(input, weight):\n    return np.convolve(input, weight[:0:-1], 'valid')")
    result, captured = run(shell, "check(correlate1d)")
    assert isinstance(result.error_in_exec, CheckFailed)
    assert captured.stdout == str(result.error_in_exec) + "\n"
    assert captured.stderr == ""


def test_in_a_notebook_an_exception_is_told_with_the_line_of_the_cell(shell):
    run(shell, "from convlab.checks import check")
    run(shell, "def correlate1d(input, weight):\n    length = len(input)\n    return input[length]")
    result, _ = run(shell, "check(correlate1d)")
    assert "in line 3 of the cell: return input[length]" in str(result.error_in_exec)


def test_the_grading_seed_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("CONVLAB_GRADING_SEED", raising=False)
    assert grading_seed() == 0
    monkeypatch.setenv("CONVLAB_GRADING_SEED", "42")
    assert grading_seed() == 42
