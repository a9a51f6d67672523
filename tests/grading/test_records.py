"""A kept result comes back whole under the key of all that decided it, and not otherwise."""

from dataclasses import replace
from pathlib import Path

import pytest

from convlab.grading import AssignmentSpec, Limits, Result
from convlab.grading.records import Record, Records, key
from convlab.grading.result import CellResult, ExerciseResult, Group

SPEC = AssignmentSpec("01", ())
RESULT = Result(
    assignment="01_conv1d",
    seed=2**53 - 1,
    exercises=(
        ExerciseResult(
            "a", 1, 3, {"plain": Group(1, 1), "rest": Group(0, 2)}, "partial", "größer ≥", "because"
        ),
        ExerciseResult("b", 0, 2, {"plain": Group(0, 2)}, "failed", "no", None, 0.25, "<img>"),
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
    records.write("s1", Record("k", RESULT))
    records.write("s2", Record("l", RESULT, replayed=True))
    assert records.read("s1") == Record("k", RESULT, replayed=False)
    assert records.read("s2") == Record("l", RESULT, replayed=True)
    assert sorted(file.name for file in (tmp_path / "results").iterdir()) == ["s1.json", "s2.json"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"key": "k", "replayed": true}', "\ud800".encode("utf-8", "surrogatepass")]
)
def test_a_record_that_was_cut_off_is_none(tmp_path, text):
    (tmp_path / "s1.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert Records(tmp_path).read("s1") is None


def decided_by(submission=b"x", said=(), spec=SPEC, seed=1, limits=None, sandboxed=True):
    return key(submission, said, spec, seed, limits or Limits(), sandboxed)


def test_all_that_decides_is_in_the_key():
    keys = [
        decided_by(),
        decided_by(b"y"),
        decided_by(said=("late",)),
        decided_by(spec=replace(SPEC, name="02")),
        decided_by(seed=2),
        decided_by(limits=Limits(memory=1)),
        decided_by(sandboxed=False),
    ]
    assert len(set(keys)) == len(keys)
    assert decided_by() == keys[0]


def test_the_code_that_grades_is_in_the_key(monkeypatch):
    from convlab.grading import records

    before = decided_by()
    monkeypatch.setattr(records, "_of_code", lambda: "another version")
    assert decided_by() != before
    assert Path(records._PACKAGE, "checks", "compare.py").is_file()
