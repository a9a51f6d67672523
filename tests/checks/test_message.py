import numpy as np

from convlab.checks import EXERCISES, Probe, Sample, report
from convlab.checks.message import describe, reproduce, summary
from convlab.checks.samples import lay_out

EXERCISE = EXERCISES["correlate1d"]
SIZE = EXERCISES["output_size"]


def slide(input, weight):
    return np.lib.stride_tricks.sliding_window_view(input, len(weight)) @ weight


def test_a_call_is_described_by_its_shapes_and_options():
    sample = Sample((np.ones(3), np.ones(2, dtype=np.float32)))
    assert describe(EXERCISE, sample) == "correlate1d(input (3,), weight (2,) float32)"
    assert describe(SIZE, Sample((7, 3), {"stride": 2})) == "output_size(size=7, kernel_size=3, stride=2)"


def test_a_function_is_described_by_its_name_and_written_by_its_text():
    square = Probe("square", "lambda x: x * x", lambda x: x * x)
    assert describe(EXERCISE, Sample((square, np.ones(1)))) == "correlate1d(input=square, weight (1,))"
    assert reproduce(EXERCISE, Sample((square, np.ones(1)))).startswith("correlate1d(lambda x: x * x, ")


def test_a_line_to_reproduce_runs_and_gives_the_same_arrays():
    seen, wanted = [], []
    for how in ("contiguous", "reversed", "strided", "transposed", "read-only"):
        for dtype in (np.float64, np.float32, np.int64, np.uint8):
            array = lay_out(np.array([[1, 2, 3], [4, 5, 6]], dtype=dtype), how)
            line = reproduce(EXERCISE, Sample((array, array)))
            eval(line, {"np": np, "correlate1d": lambda a, b: seen.append(a)})
            wanted.append(array)
    for got, right in zip(seen, wanted, strict=True):
        assert got.dtype == right.dtype
        assert np.array_equal(got, right)
        assert got.strides == right.strides


def test_a_call_too_long_to_read_is_described_instead():
    sample = Sample((np.arange(500.0), np.ones(3)))
    assert reproduce(EXERCISE, sample) == describe(EXERCISE, sample)


def test_the_summary_is_the_cause_or_the_first_difference():
    flipped = report(lambda input, weight: slide(input, weight[::-1]), "correlate1d")
    assert summary(flipped.message) == flipped.cause
    unknown = report(lambda input, weight: slide(input, weight) + 100.0, "correlate1d")
    assert summary(unknown.message).startswith(f"{unknown.call}: output[0]: got ")
    assert summary("correlate1d is not written yet.") == "correlate1d is not written yet."
    assert summary("f: write the sums yourself.\nnp.convolve is refused.") == (
        "f: write the sums yourself. np.convolve is refused."
    )
    assert summary("") == ""


def test_arrays_in_tuples_and_lists_are_described_by_their_shapes_and_written_whole():
    pairs = [(np.ones((2, 1)), np.arange(2)), (np.zeros(1), np.array([0.5]))]
    sample = Sample((pairs, np.ones(1)))
    assert describe(EXERCISE, sample) == (
        "correlate1d(input [((2, 1), (2,) int64), ((1,), (1,))], weight (1,))"
    )
    written = "[(np.array([[1.], [1.]]), np.array([0, 1])), (np.array([0.]), np.array([0.5]))]"
    assert reproduce(EXERCISE, sample) == f"correlate1d({written}, np.array([1.]))"
    assert describe(SIZE, Sample(((7,), [3]))) == "output_size(size=(7,), kernel_size=[3])"
