import numpy as np
import pytest

from convlab.checks.compare import compare


def sentence(answer, right, names=("output",)):
    difference = compare(answer, right, rtol=1e-5, atol=1e-6, names=names)
    return difference.text if difference else None


RIGHT = np.array([1.0, 2.5, -3.0])


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT,
        RIGHT.astype(np.float32),
        np.array([1, 2.5, -3], dtype=np.float16),
        RIGHT + 1e-7,
        RIGHT[::-1].copy()[::-1],
    ],
)
def test_a_right_array_passes_in_any_precision_and_layout(answer):
    assert sentence(answer, RIGHT) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "the result is None (is the return line missing?); return a NumPy array"),
        ([1.0, 2.5, -3.0], "the result is a list; return a NumPy array: np.array(...)"),
        (
            np.float64(1),
            "the result is a single number (1.0); return a NumPy array",
        ),
        ((x for x in RIGHT), "the result is a generator; return a NumPy array"),
        (
            RIGHT.astype(object),
            "the result's dtype is object; it must hold integers or floating-point numbers",
        ),
        (RIGHT > 0, "the result's dtype is bool; it must hold integers or floating-point numbers"),
        (
            RIGHT.astype(complex),
            "the result's dtype is complex128; it must hold integers or floating-point numbers",
        ),
        (RIGHT[:2], "the result's shape is (2,), expected (3,): axis 0 is 1 too short"),
        (np.zeros(5), "the result's shape is (5,), expected (3,): axis 0 is 2 too long"),
        (RIGHT[None], "the result's shape is (1, 3), expected (3,): it has 2 axes, expected 1"),
        (np.array([1, 2, -3.0]), "output[1]: got 2, expected 2.5 (1 of 3 entries are wrong)"),
        (
            np.array([1, np.nan, np.nan]),
            "output[1]: got nan, expected 2.5 (2 of 3 entries are wrong)\n"
            "nan and inf come from 0/0, from an overflow, or from np.empty that was never filled",
        ),
        (
            np.array([1, 2, -3]),
            "output[1]: got 2, expected 2.5 (1 of 3 entries are wrong)\n"
            "the result's dtype is int64, so every fraction was cut off: make it floating-point",
        ),
    ],
)
def test_a_wrong_array_gets_the_sentence_that_says_what_is_wrong(answer, said):
    assert sentence(answer, RIGHT) == said


def test_a_torch_tensor_is_sent_back():
    import torch

    assert sentence(torch.ones(3), RIGHT) == "the result is a torch tensor; return a NumPy array"


def test_swapped_rows_and_columns_are_called_that():
    assert sentence(np.zeros((3, 2)), np.zeros((2, 3))).endswith("rows and columns are swapped")


def test_every_wrong_axis_is_named():
    assert sentence(np.zeros((3, 7)), np.zeros((4, 5))).endswith(
        "axis 0 is 1 too short, axis 1 is 2 too long"
    )


def test_the_first_wrong_index_comes_in_the_order_of_reading():
    got = np.zeros((2, 3))
    got[0, 2] = got[1, 0] = 4
    assert sentence(got, np.zeros((2, 3))) == "output[0, 2]: got 4, expected 0 (2 of 6 entries are wrong)"


@pytest.mark.parametrize("answer", [5, np.int64(5), np.array(5)])
def test_an_integer_may_be_pythons_or_numpys(answer):
    assert sentence(answer, 5) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (4, "got 4, expected 5"),
        (5.0, "the result is 5.0, a floating-point number; a size is an integer (// divides to integers)"),
        (True, "the result is True; it must be an integer"),
        (None, "the result is None (is the return line missing?); it must be an integer"),
        ("5", "the result is a str; it must be an integer"),
    ],
)
def test_anything_else_is_no_integer(answer, said):
    assert sentence(answer, 5) == said


PADS = ((1, 2), (0, 3))


@pytest.mark.parametrize("answer", [PADS, [[1, 2], [0, 3]], np.array(PADS), ((np.int64(1), 2), (0, 3))])
def test_a_tuple_of_integers_may_be_made_of_lists(answer):
    assert sentence(answer, PADS) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (((1, 2), (3, 0)), "got ((1, 2), (3, 0)), expected ((1, 2), (0, 3))"),
        (
            (1.0, 2.0),
            "got (1.0, 2.0): these must be integers (// divides to integers); expected ((1, 2), (0, 3))",
        ),
        (3, "the result is 3; it must be a tuple such as ((1, 2), (0, 3))"),
        (None, "the result is None (is the return line missing?); expected ((1, 2), (0, 3))"),
    ],
)
def test_a_wrong_tuple_is_shown_whole(answer, said):
    assert sentence(answer, PADS) == said


def test_of_several_arrays_the_wrong_one_is_named():
    right, names = (np.ones(2), np.zeros(2)), ("grad_input", "grad_weight")
    assert sentence((np.ones(2), np.zeros(2)), right, names) is None
    assert sentence((np.ones(2), np.ones(2)), right, names).startswith("grad_weight[0]: got 1, expected 0")
    assert sentence((np.ones(2), np.ones(3)), right, names).startswith(
        "grad_weight: the result's shape is (3,)"
    )
    assert (
        sentence(np.ones(2), right, names)
        == "the result is a ndarray; return 2 results: grad_input, grad_weight"
    )


@pytest.mark.parametrize(("answer", "said"), [(0.5, None), (np.float32(0.5), None), (np.array(0.5), None)])
def test_a_number_may_have_any_precision(answer, said):
    assert sentence(answer, 0.5) is said


def test_a_wrong_number_is_shown():
    assert sentence(0.25, 0.5) == "got 0.25, expected 0.5"
    assert sentence("x", 0.5) == "the result is a str; it must be a number"


# ------------------------------------------------------------------------------ tuples that hold arrays and numbers

PAIRS = ((RIGHT, RIGHT[:1]), (RIGHT, RIGHT[:1]))


@pytest.mark.parametrize("loss", [0.5, np.float64(0.5), np.float32(0.5), np.array(0.5)])
def test_a_list_will_do_for_a_tuple_at_any_depth(loss):
    assert sentence([[list(pair) for pair in PAIRS], loss], (PAIRS, 0.5), ("params", "loss")) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "the result is None (is the return line missing?); return 2 results: params, loss"),
        (([PAIRS[0]], 0.5), "params is 1 item; it must hold 2"),
        ((RIGHT, 0.5), "params is a ndarray; it must hold 2"),
        (([PAIRS[0], (RIGHT,)], 0.5), "params[1] is 1 item; it must hold 2"),
        (
            ([PAIRS[0], (RIGHT, RIGHT)], 0.5),
            "params[1][1]: the result's shape is (3,), expected (1,): axis 0 is 2 too long",
        ),
        (([PAIRS[0], (RIGHT, RIGHT[:1] + 1)], 0.5), "params[1][1][0]: got 2, expected 1"),
        ((PAIRS, 0.75), "loss: got 0.75, expected 0.5"),
        ((PAIRS, None), "loss: the result is None (is the return line missing?); it must be a number"),
    ],
)
def test_what_is_wrong_in_a_tuple_is_told_by_its_place(answer, said):
    assert sentence(answer, (PAIRS, 0.5), ("params", "loss")) == said
