"""The whole path: chapter text, release, a class's notebooks, nbgrader's gradebook, feedback."""

import shutil
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from convlab.demo import SAMPLE_CLASS, demo, sample_class

ROOT = Path(__file__).parents[1]
ROWS = sample_class(ROOT / SAMPLE_CLASS)


@pytest.fixture(scope="module")
def printed():
    return []


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return texts(tmp_path_factory.mktemp("clone"))


def texts(root):
    """A clone of the texts alone: whatever the demo needs besides, it builds."""
    shutil.copytree(ROOT / "course" / "chapters", root / "course" / "chapters")
    shutil.copy(ROOT / "course" / "nbgrader_config.py", root / "course")
    (root / SAMPLE_CLASS).parent.mkdir(parents=True)
    shutil.copy(ROOT / SAMPLE_CLASS, root / SAMPLE_CLASS)
    return root


@pytest.fixture(scope="module")
def results(course, printed):
    return demo(course, say=printed.append)


@pytest.fixture(params=ROWS, ids=[f"{row['about']}-{row['chapter']}".replace(" ", "_") for row in ROWS])
def row(request):
    return request.param


def marked(results, row):
    return next(one for one in results[row["chapter"]] if one.student == row["student"])


def test_a_row_gets_its_points(results, row):
    assert {mark.exercise: mark.points for mark in marked(results, row).marks} == row["points"]


def test_every_lost_mark_has_the_reason_it_should(results, row):
    reasons = {mark.exercise: mark.reason for mark in marked(results, row).marks}
    for mark in marked(results, row).marks:
        assert bool(mark.reason) == (mark.points < mark.max_points)
    for exercise, words in row.get("reasons", {}).items():
        assert words in reasons[exercise]


def test_every_row_has_a_feedback_page(results, row):
    page = marked(results, row).feedback.read_text(encoding="utf-8")
    assert f"{sum(row['points'].values())}" in page


def test_no_score_is_missing_and_none_waits_for_a_hand(course, results):
    with Gradebook(f"sqlite:///{course / 'demo' / 'course' / 'gradebook.db'}", "convlab") as gradebook:
        submissions = [s for a in gradebook.assignments for s in gradebook.assignment_submissions(a.name)]
        assert len(submissions) == len(ROWS)
        for submission in submissions:
            assert not submission.needs_manual_grade
            for notebook in submission.notebooks:
                assert all(grade.auto_score is not None for grade in notebook.grades)


def test_the_table_names_every_student_and_the_way_to_the_pages(results, printed):
    text = "\n".join(printed)
    for row in ROWS:
        assert row.get("first_name", "") in text
    assert "demo/course/feedback/STUDENT/CHAPTER/CHAPTER.html" in text


@pytest.mark.more
def test_where_there_is_no_sandbox_nbgrader_itself_grades_the_honest_rows(tmp_path):
    printed = []
    results = demo(texts(tmp_path), say=printed.append, stock=True)
    honest = [row for row in ROWS if not row.get("hostile")]
    assert len(honest) == sum(map(len, results.values())) < len(ROWS)
    for row in honest:
        got = {mark.exercise: mark.points for mark in marked(results, row).marks}
        assert got == row["points"], row["about"]
    assert "in WSL or a container" in printed[0]


def test_what_was_handed_in_is_untouched(course, results):
    row = next(row for row in ROWS if row["about"] == "not a notebook")
    name = row["chapter"]
    file = course / "demo" / "course" / "submitted" / row["student"] / name / f"{name}.ipynb"
    assert file.read_text() == row["file"]
