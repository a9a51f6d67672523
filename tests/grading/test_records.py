"""A kept result comes back whole under the key of all that decided it, and not otherwise."""

from dataclasses import replace

import pytest

from convlab.grading import AssignmentSpec, Limits, Result
from convlab.grading.records import Keys, Record, Records, keys
from convlab.grading.result import CellResult, ExerciseResult, Group
from convlab.grading.spec import SpecCell

RESULT = Result(
    assignment="01_conv1d",
    seed=2**53 - 1,
    exercises=(
        ExerciseResult(
            "a", 1, 3, {"plain": Group(1, 1), "rest": Group(0, 2)}, "partial", "größer ≥", "because"
        ),
        ExerciseResult(
            "b", 0, 2, {"plain": Group(0, 2)}, "failed", "no", None, 0.25, "<img>", ("b: slow",), ("b: odd",)
        ),
    ),
    cells=(
        CellResult(
            "a", "solution", "def a(): ...", True, [{"output_type": "stream", "text": "x"}], True, 0.5
        ),
    ),
    problem="",
    limits_hit=("a: stopped",),
    flags=("one", "two"),
    seconds=1.5,
    versions={"numpy": "2"},
)


def test_a_result_comes_back_as_it_was():
    assert Result.from_dict(RESULT.as_dict()) == RESULT


@pytest.mark.parametrize("change", [{"format": 99}, {"exercises": [{}]}, {"cells": None}, {"flags": None}])
def test_what_is_no_result_is_refused(change):
    with pytest.raises(ValueError, match="the result is"):
        Result.from_dict({**RESULT.as_dict(), **change})
    with pytest.raises(ValueError, match="the result is"):
        Result.from_dict({})


def test_a_record_is_kept_for_each_student(tmp_path):
    records = Records(tmp_path / "results")
    assert records.read("s1") is None
    first = Record(Keys("k", {"a": "1", "b": "2"}), RESULT)
    second = Record(Keys("l", {"a": "3", "b": "4"}), RESULT, replayed="none", before=("m", {"a": 1, "b": 0}))
    records.write("s1", first)
    records.write("s2", second)
    assert records.read("s1") == first
    assert records.read("s2") == second
    assert sorted(file.name for file in (tmp_path / "results").iterdir()) == ["s1.json", "s2.json"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"key": "k", "replayed": true}', "\ud800".encode("utf-8", "surrogatepass")]
)
def test_a_record_that_was_cut_off_is_none(tmp_path, text):
    (tmp_path / "s1.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert Records(tmp_path).read("s1") is None


SPEC = AssignmentSpec(
    "01_conv1d",
    tuple(SpecCell("check", f"{one}_check", "", {}, one) for one in ("correlate1d", "output_size")),
)


def decided_by(submission=b"x", said=(), spec=SPEC, seed=1, limits=None, sandboxed=True):
    return keys(submission, said, spec, seed, limits or Limits(), sandboxed)


def test_all_that_decides_is_in_each_key():
    told = [
        decided_by(),
        decided_by(b"y"),
        decided_by(said=("late",)),
        decided_by(spec=replace(SPEC, name="02")),
        decided_by(seed=2),
        decided_by(limits=Limits(memory=1)),
        decided_by(sandboxed=False),
    ]
    assert all(one.exercises.keys() == {"correlate1d", "output_size"} for one in told)
    each = [key for one in told for key in one.exercises.values()]
    assert len(set(each)) == len(each)
    assert decided_by() == told[0]
    # What was handed in, and for what, is known apart: the seed and the limits are not the student's.
    assert len({one.submission for one in told}) == 4
    assert decided_by(seed=2).submission == decided_by().submission


def test_the_code_that_grades_is_in_the_key(monkeypatch):
    from convlab.grading import records

    before = decided_by()
    monkeypatch.setattr(records, "code_hash", lambda: "another version")
    assert not set(decided_by().exercises.values()) & set(before.exercises.values())
    files = {file for part in records._DECIDING for file in records._PACKAGE.glob(part)}
    assert {records._PACKAGE / one for one in ("checks/compare.py", "checks/guard/__init__.py")} <= files
    assert records._PACKAGE / "grading" / "referee.py" in files
    assert records._PACKAGE / "grading" / "feedback" / "page.py" not in files


@pytest.mark.parametrize(
    ("now", "again", "still"),
    [
        (Keys("s", {"a": "1", "b": "2"}), (), {"a": "1", "b": "2"}),
        (Keys("s", {"a": "1", "b": "9"}), (), {"a": "1"}),
        (Keys("t", {"a": "8", "b": "9"}), (), {}),
        (Keys("s", {"a": "1", "b": "2"}), ("a",), {"b": "2"}),
        # One exercise again, and this one only: the others stand with the key they were played under.
        (Keys("s", {"a": "8", "b": "9"}), ("a",), {"b": "2"}),
        (Keys("t", {"a": "8", "b": "9"}), ("a",), {}),
        (Keys("s", {"a": "1"}), (), {}),
    ],
)
def test_what_has_not_changed_still_stands(now, again, still):
    assert Record(Keys("s", {"a": "1", "b": "2"}), RESULT).still(now, again) == still
