"""Feedback as Canvas, Moodle and people take it: each file finds its student by the system's own rules."""

import dataclasses
import io
import re
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from convlab import cli
from convlab.grading import AssignmentSpec, Course, CourseError, secret_seed
from convlab.grading.collecting import Row, collect
from convlab.grading.exporting import give_back
from convlab.grading.referee import ungraded
from convlab.grading.replay import replaying

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
RELEASE = (ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb").read_bytes()
MESSAGE = "the file is empty: open it in JupyterLab, save it and hand in the .ipynb file again"


def zip_of(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


CANVAS = {
    "lovelaceada_101_9001_01_conv1d.ipynb": RELEASE,
    "ünalzoë_LATE_102_9002_Übung (1)-2.ipynb": RELEASE,
    "smith3jo_103_9003_work.zip": zip_of({"x/01_conv1d.ipynb": RELEASE}),
    "anon_Xy12z_9004_01_conv1d.ipynb": RELEASE,
}
MOODLE = {
    "Kim Doe_7000001_assignsubmission_file_/01_conv1d.ipynb": RELEASE,
    "Group A-Bo Li_7000002_assignsubmission_file/sub/01_conv1d.ipynb": RELEASE,
    "Max Ek_7000003_assignsubmission_file_my_own_01.ipynb": RELEASE,
}
ROSTER = [
    Row("ada", "Ada", "Lovelace", "", "101"),
    Row("zoe", "Zoë", "Ünal", "", "102"),
    Row("jo", "Jo", "Smith", "", "103"),
    Row("kim", "Kim", "Doe"),
    Row("bo", "Bo", "Li"),
    Row("max", "Max", "Ek"),
]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course whose students were collected from two systems, and graded."""
    root = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "course" / "nbgrader_config.py", root)
    (root / "source").mkdir()
    shutil.copytree(ROOT / "course" / "source" / CHAPTER, root / "source" / CHAPTER)
    course = Course(root)
    for name, files in {"canvas.zip": CANVAS, "moodle.zip": MOODLE}.items():
        (root / name).write_bytes(zip_of(files))
    assert collect(course, CHAPTER, [root / "canvas.zip", root / "moodle.zip"], roster=ROSTER).all_taken
    by_hand = course.submitted(CHAPTER, "hand")
    by_hand.mkdir(parents=True)
    (by_hand / f"{CHAPTER}.ipynb").write_bytes(RELEASE)
    result = ungraded(
        MESSAGE, AssignmentSpec.load(course.source(CHAPTER)), seed=secret_seed(course.own(CHAPTER))
    )
    first, *others = result.exercises
    first = dataclasses.replace(first, points=first.max_points, message=f"{first.name}: all samples agree")
    result = dataclasses.replace(result, exercises=(first, *others))
    with replaying(course, CHAPTER) as replay:
        for student in course.students(CHAPTER):
            replay.record(student, result)
    with Gradebook(course.db_url) as gradebook:
        notebook = gradebook.find_submission_notebook(CHAPTER, CHAPTER, "ada")
        notebook.comments[0].manual_comment = "Nearly there, <b>Ada</b>!"
        gradebook.db.commit()
    return course


def unpacked(file):
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def canvas_finds(name):
    """Person and file as Canvas reads them, after AbstractAssignment#infer_comment_context_from_filename."""
    parts = [part for part in name.split("_") if part != "LATE"]
    if parts[0] == "anon":
        return parts[1], parts[2]
    numbers = [part for part in parts if re.fullmatch(r"[0-9]+", part)]
    return numbers[0], numbers[1]


def moodle_finds(path):
    """Participant and shown name as Moodle reads them, after assignfeedback_file_zip_importer."""
    parts = path.split("/")
    while parts:
        info = parts.pop(0).split("_", 4)
        if len(info) >= 4 and info[1].isdecimal() and info[2] == "assignsubmission" and info[3] == "file":
            return info[1], "/".join([info[4] if len(info) > 4 else "", *parts]).strip("/")
    return None


def test_canvas_gets_back_the_very_names_that_it_gave(course, tmp_path):
    returned = give_back(course, CHAPTER, "canvas", tmp_path / "back.zip")
    files = unpacked(tmp_path / "back.zip")
    assert set(files) == set(CANVAS)
    assert {canvas_finds(name) for name in files} == {
        ("101", "9001"),
        ("102", "9002"),
        ("103", "9003"),
        ("Xy12z", "9004"),
    }
    assert set(returned.students) == {"ada", "zoe", "jo", "student-xy12z"}
    assert set(returned.left_out) == {"bo", "hand", "kim", "max"}


def test_a_file_called_ipynb_is_a_notebook_that_shows_the_feedback(course, tmp_path):
    give_back(course, CHAPTER, "canvas", tmp_path / "back.zip", students=["ada"])
    (content,) = unpacked(tmp_path / "back.zip").values()
    notebook = nbformat.reads(content.decode(), as_version=4)
    nbformat.validate(notebook)
    title, top, *rest = notebook.cells
    assert title.source == "# 01_conv1d: feedback"
    assert top.outputs[0].text.splitlines() == [
        "Ada Lovelace: 3 of 8 points",
        "  correlate1d: 3 of 3",
        f"  convolve1d: 0 of 3   {MESSAGE}",
        f"  output_size: 0 of 2   {MESSAGE}",
    ]
    check = next(
        cell for cell in rest if cell.source.startswith('check(correlate1d, exercise="correlate1d")')
    )
    assert check.outputs[0].text.startswith("correlate1d: 3 of 3 points\n")
    assert "all samples agree" in check.outputs[0].text
    assert any("**Comment:** Nearly there" in cell.source for cell in rest)


def test_no_notebook_tells_a_secret_or_poses_as_a_submission(course, tmp_path):
    give_back(course, CHAPTER, "canvas", tmp_path / "back.zip")
    graded = course.autograded(CHAPTER, "ada").read_text()
    assert "BEGIN HIDDEN TESTS" in graded
    for name, content in unpacked(tmp_path / "back.zip").items():
        if name.endswith(".ipynb"):
            text = content.decode()
            assert "HIDDEN TESTS" not in text
            assert "CONVLAB_GRADING_SEED" not in text
            assert str(secret_seed(course.own(CHAPTER))) not in text
            assert not any("nbgrader" in cell.metadata for cell in nbformat.reads(text, as_version=4).cells)


def test_who_handed_in_a_zip_gets_a_zip(course, tmp_path):
    give_back(course, CHAPTER, "canvas", tmp_path / "back.zip", students=["jo"])
    (content,) = unpacked(tmp_path / "back.zip").values()
    (inner,) = unpacked(io.BytesIO(content)).items()
    assert inner == (f"{CHAPTER}.html", course.feedback(CHAPTER, "jo").read_bytes())


def test_moodle_finds_each_participant_and_shows_a_page(course, tmp_path):
    returned = give_back(course, CHAPTER, "moodle", tmp_path / "back.zip")
    files = unpacked(tmp_path / "back.zip")
    assert {moodle_finds(name): content for name, content in files.items()} == {
        (number, f"{CHAPTER}.html"): course.feedback(CHAPTER, student).read_bytes()
        for number, student in (("7000001", "kim"), ("7000002", "bo"), ("7000003", "max"))
    }
    assert {name.split("/")[0] for name in files} == {
        "Kim Doe_7000001_assignsubmission_file_",
        "Group A-Bo Li_7000002_assignsubmission_file",
        "Max Ek_7000003_assignsubmission_file_01_conv1d.html",
    }
    assert set(returned.students) == {"kim", "bo", "max"}


def test_one_zip_for_each_student(course, tmp_path):
    returned = give_back(course, CHAPTER, "zips", tmp_path / "back")
    assert returned.left_out == ()
    assert sorted(file.name for file in (tmp_path / "back").iterdir()) == sorted(
        f"{student}.zip" for student in course.students(CHAPTER)
    )
    assert unpacked(tmp_path / "back" / "hand.zip") == {
        f"{CHAPTER}.html": course.feedback(CHAPTER, "hand").read_bytes()
    }


@pytest.mark.parametrize("to", ["canvas", "moodle"])
def test_the_same_feedback_makes_the_same_bytes(course, tmp_path, to):
    for name in ("one.zip", "two.zip"):
        give_back(course, CHAPTER, to, tmp_path / name, students=["ada", "kim"])
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_what_was_not_collected_from_there_cannot_go_back_there(course, tmp_path):
    (course.own(CHAPTER) / "collected.json").rename(tmp_path / "away")
    try:
        with pytest.raises(CourseError, match=r"was not collected from Moodle.*--to zips"):
            give_back(course, CHAPTER, "moodle", tmp_path / "back.zip")
    finally:
        (tmp_path / "away").rename(course.own(CHAPTER) / "collected.json")


def test_what_an_instructor_types_and_reads(course, monkeypatch, capsys):
    monkeypatch.chdir(course.root)
    assert cli.main(["return", CHAPTER, "--to", "moodle"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        f"{course.own(CHAPTER) / 'returned-moodle.zip'}: feedback for 3. Upload it in Moodle"
    )
    assert lines[1].startswith("  left out, as they were not collected from there: ada, hand, jo, ")
    assert cli.main(["return", CHAPTER, "--to", "zips", "--student", "nobody"]) == 1
    assert "not graded yet for 01_conv1d: nobody" in capsys.readouterr().err
