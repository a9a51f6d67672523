"""`convlab grade`, `convlab feedback`: what an instructor types and reads."""

import csv
import json
import shutil
import sys
from pathlib import Path

import pytest
from submissions.rows import Row

from convlab import cli
from convlab.grading import Course

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone of the texts, with no source notebook yet, and two submissions."""
    root = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "course" / "chapters", root / "course" / "chapters")
    shutil.copy(ROOT / "course" / "nbgrader_config.py", root / "course")
    course = Course(root / "course")
    for student, file in {
        "sample01": ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb",
        "sample02": ROOT / "README.md",
    }.items():
        target = course.submitted(CHAPTER, student) / f"{CHAPTER}.ipynb"
        target.parent.mkdir(parents=True)
        shutil.copy(file, target)
    return root


@pytest.fixture
def here(clone, monkeypatch):
    monkeypatch.chdir(clone)
    return clone


def test_a_class_is_graded_and_given_its_pages(here, capsys):
    assert cli.main(["grade", CHAPTER, "--jobs", "1"]) == 0
    out, err = capsys.readouterr()
    counts, told = zip(*(line.split(maxsplit=1) for line in err.splitlines()))
    assert counts == ("1/2", "2/2")
    assert sorted(told) == ["sample01: 0 of 8 points", "sample02: 0 of 8 points"]
    lines = out.splitlines()
    assert lines[0].split() == [CHAPTER, "correlate1d", "convolve1d", "output_size", "total"]
    assert "sample01" in lines[2]
    assert "correlate1d is not written yet: write its body in place of the line that raises." in out
    assert "the file cannot be read as a notebook" in out
    assert "2 graded, in " in out
    assert "convlab feedback 01_conv1d" in out
    assert cli.main(["grade", CHAPTER]) == 0
    assert "2 graded, 2 of them unchanged" in capsys.readouterr().out
    assert cli.main(["feedback", CHAPTER]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 pages, the first is ")
    assert Path(out.split(" is ", 1)[1].strip()).is_file()
    assert cli.main(["grade", CHAPTER, "--student", "sample02"]) == 0
    assert "1 graded" in capsys.readouterr().out


def test_who_hands_in_again_stands_among_the_changes(clone, tmp_path, monkeypatch, capsys):
    shutil.copytree(clone, tmp_path / "clone")
    monkeypatch.chdir(tmp_path / "clone")
    course = Course(tmp_path / "clone" / "course")
    assert cli.main(["grade", CHAPTER, "--jobs", "1"]) == 0
    capsys.readouterr()
    right = Row("made here", (0, 0, 0), code={"output_size": "solution"}).submission
    (course.submitted(CHAPTER, "sample01") / f"{CHAPTER}.ipynb").write_bytes(right)
    file = tmp_path / "changes.csv"
    assert cli.main(["grade", CHAPTER, "--jobs", "1", "--changes", str(file)]) == 0
    out = capsys.readouterr().out
    assert "1 marks have changed:\n    sample01: output_size 0 → 2  (handed in again)\n" in out
    with file.open(encoding="utf-8-sig", newline="") as opened:
        header, *rows = csv.reader(opened)
    assert header == ["student", "name", "exercise", "before", "after", "resubmitted"]
    assert rows == [["sample01", "sample01", "output_size", "0", "2", "True"]]
    assert cli.main(["grade", CHAPTER, "--exercise", "conv3d"]) == 1
    assert "01_conv1d has no exercise conv3d" in capsys.readouterr().err


def test_one_file_is_graded_and_no_gradebook_is_touched(here, capsys, tmp_path):
    database = here / "course" / "gradebook.db"
    before = database.exists() and database.read_bytes()
    file = ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb"
    assert cli.main(["grade", CHAPTER, "--file", str(file), "--json", "--seed", "7"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["points"], result["max_points"], result["seed"], result["sandboxed"]) == (0, 8, 7, True)
    assert cli.main(["grade", CHAPTER, "--file", str(file)]) == 0
    assert capsys.readouterr().out.startswith("01_conv1d: 0 of 8 points in ")
    assert (database.exists() and database.read_bytes()) == before


def test_a_file_needs_no_course_if_the_source_notebook_is_named(tmp_path, monkeypatch, capsys):
    source = ROOT / "course" / "source" / CHAPTER / f"{CHAPTER}.ipynb"
    file = ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb"
    monkeypatch.chdir(tmp_path)
    assert cli.main(["grade", str(source), "--file", str(file), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["assignment"], result["points"], result["seed"]) == (CHAPTER, 0, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["99_none"], "there is no assignment 99_none"),
        ([CHAPTER, "--student", "nobody"], "nobody handed in nothing for 01_conv1d"),
        ([CHAPTER, "--file", "none.ipynb"], "none.ipynb"),
        ([CHAPTER, "--limits", "memory=much"], "memory must be a number above 0"),
        ([CHAPTER, "--limits", "help"], "names no limit; there are file, text"),
        ([CHAPTER, "--json"], "--json and --seed are for one file"),
    ],
)
def test_what_cannot_be_graded_is_told_in_a_sentence(here, capsys, arguments, said):
    assert cli.main(["grade", *arguments]) == 1
    err = capsys.readouterr().err
    assert err.startswith("convlab: ")
    assert said in err


def test_pages_of_who_was_not_graded_are_refused(here, capsys):
    assert cli.main(["feedback", "02_conv2d"]) == 1
    assert "nothing was handed in for 02_conv2d" in capsys.readouterr().err


def test_outside_of_a_course_it_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["grade", CHAPTER]) == 1
    assert "there is no nbgrader_config.py" in capsys.readouterr().err


@pytest.mark.parametrize("jobs", ["0", "-1", "two"])
def test_jobs_is_a_number_of_processes(jobs, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["grade", CHAPTER, "--jobs", jobs])
    assert stop.value.code == 2
    assert "--jobs" in capsys.readouterr().err
