"""What stands in the terminal after a class was graded: a class that is too large for a table, and changed marks."""

from pathlib import Path

from convlab.grading.batch import Change
from convlab.grading.marks import Mark, Marked
from convlab.grading.table import changes, overview


def marked(number, *points, flags=()):
    names = ("correlate1d", "output_size")
    marks = tuple(Mark(name, one, most) for name, one, most in zip(names, points, (3, 2)))
    return Marked(f"s{number}", f"Student {number}", marks, Path("x"), flags)


def test_of_a_large_class_each_exercise_has_a_line():
    lines = overview(
        "01_conv1d", [marked(1, 3, 2), marked(2, 0, 1, flags=("odd",)), marked(3, 3, 0)]
    ).splitlines()
    assert lines[2].split() == ["correlate1d", "2", "of", "3", "2.0/3"]
    assert lines[3].split() == ["output_size", "1", "of", "3", "1.0/2"]
    assert lines[4] == "1 submissions to look at. Everything: convlab report 01_conv1d"


def test_a_changed_mark_has_its_before_and_after():
    told = changes(
        [
            Change("a", "Ada Sample", "output_size", 0, 2, False),
            Change("b", "Ben Sample", "correlate1d", 3, 0.5, True),
        ]
    )
    assert told.splitlines() == [
        "2 marks have changed:",
        "    Ada Sample: output_size 0 → 2",
        "    Ben Sample: correlate1d 3 → 0.5  (handed in again)",
    ]
