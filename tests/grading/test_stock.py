"""What can be graded at all, and what the student is told of what cannot."""

import json

import nbformat
import pytest

from convlab.grading import Mark, Marked
from convlab.grading.stock import LARGEST, read_submission
from convlab.grading.table import table


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=list(cells))


def exercise_cell():
    return nbformat.v4.new_code_cell("pass", metadata={"nbgrader": {"grade_id": "correlate1d"}})


def test_a_notebook_with_an_exercise_cell_comes_back_as_its_bytes(tmp_path):
    file = tmp_path / "01.ipynb"
    nbformat.write(notebook(exercise_cell()), file)
    assert read_submission(file) == (file.read_bytes(), "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file cannot be read as a notebook (NotJSONError)"),
        (b"PK\x03\x04 zipped", "the file cannot be read as a notebook (NotJSONError)"),
        ("caf\u00e9".encode("latin-1"), "the file cannot be read as a notebook (UnicodeDecodeError)"),
        (b"[1, 2]", "the file cannot be read as a notebook"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "cells": 3}', "the file cannot be read as a notebook"),
        (json.dumps(notebook()).encode(), "the notebook holds none of the exercise cells"),
        (
            json.dumps(notebook(nbformat.v4.new_markdown_cell("hello"))).encode(),
            "the notebook holds none of the exercise cells",
        ),
        (b" " * (LARGEST + 1), "the file is larger than 20 MB: clear its outputs and submit again"),
    ],
)
def test_whatever_else_comes_is_nothing_with_a_reason(tmp_path, content, said):
    file = tmp_path / "01.ipynb"
    file.write_bytes(content)
    got, reason = read_submission(file)
    assert got is None
    assert reason.startswith(said)


def test_a_missing_file_and_a_link_are_no_submission(tmp_path):
    file = tmp_path / "01.ipynb"
    assert read_submission(file) == (None, "there is no file 01.ipynb in the submission")
    other = tmp_path / "other.ipynb"
    nbformat.write(notebook(exercise_cell()), other)
    file.symlink_to(other)
    assert read_submission(file)[0] is None


def test_the_table_gives_a_reason_under_the_row_of_whoever_lost_a_mark(tmp_path):
    full = Marked("s1", "Ada Sample", (Mark("correlate1d", 3, 3), Mark("output_size", 2, 2)), tmp_path)
    none = Marked(
        "s2", "Ben", (Mark("correlate1d", 0, 3, "no file"), Mark("output_size", 0, 2, "no file")), tmp_path
    )
    one = Marked(
        "s3",
        "Cem",
        (Mark("correlate1d", 0, 3, "correlate1d is not written"), Mark("output_size", 2, 2)),
        tmp_path,
    )
    assert table("01_conv1d", [full, none, one]).splitlines() == [
        "01_conv1d   correlate1d  output_size    total",
        "─────────────────────────────────────────────",
        "Ada Sample          3/3          2/2      5/5",
        "Ben                 0/3          0/2      0/5",
        "    correlate1d, output_size: no file",
        "Cem                 0/3          2/2      2/5",
        "    correlate1d is not written",
    ]
    assert table("01_conv1d", []) == "01_conv1d: nothing was submitted"
