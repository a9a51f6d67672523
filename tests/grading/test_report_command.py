"""`convlab report`: from a course's kept results and nbgrader's gradebook to a page. Nothing is graded here."""

import datetime
import re
import shutil
import warnings
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from convlab import cli
from convlab.grading import AssignmentSpec, Course, enroll
from convlab.grading.records import Keys, Record, Records
from convlab.grading.referee import ungraded
from convlab.grading.report import InGradebook, gather

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of which nothing is graded; Ada and Ben have handed in, Cem has not."""
    shutil.copy(ROOT / "course" / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "course" / "source" / CHAPTER, tmp_path / "source" / CHAPTER)
    course = Course(tmp_path)
    for student in ("ada", "ben"):
        course.submitted(CHAPTER, student).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return course


def keep(course, student, problem="the file is empty"):
    result = ungraded(problem, AssignmentSpec.load(course.source(CHAPTER)), seed=1)
    Records(course.own(CHAPTER) / "results").write(student, Record(Keys("", {}), result, True))


def record_in_gradebook(course):
    """What nbgrader's own steps leave behind, and 4 points for Ada by hand, a day late."""
    enroll(course, {"ada": ("Ada", "Sample"), "cem": ("Cem", "Sample")})
    with warnings.catch_warnings(), Gradebook(course.db_url, course.course_id) as gradebook:
        warnings.simplefilter("ignore")  # nbgrader's own
        assignment = gradebook.add_assignment(CHAPTER, duedate=datetime.datetime(2026, 1, 1))
        gradebook.add_notebook(CHAPTER, CHAPTER)
        gradebook.add_grade_cell("essay", CHAPTER, CHAPTER, max_score=8, cell_type="code")
        submission = gradebook.add_submission(CHAPTER, "ada")
        submission.timestamp = datetime.datetime(2026, 1, 2)
        grade = gradebook.find_grade("essay", CHAPTER, CHAPTER, "ada")
        grade.manual_score, grade.needs_manual_grade = 4.0, False
        submission.notebooks[0].late_submission_penalty = 1.5
        gradebook.db.commit()
        assert assignment.name == CHAPTER


def test_a_class_that_was_not_graded_has_no_report_and_is_told_so(course, capsys):
    assert cli.main(["report", CHAPTER]) == 1
    said = "nothing of 01_conv1d has been graded yet (2 handed in). Type: convlab grade 01_conv1d"
    assert capsys.readouterr().err == f"convlab: {said}\n"
    assert not (course.root / "gradebook.db").exists()


def test_the_page_lies_with_the_assignments_results_and_its_address_is_printed(course, capsys):
    keep(course, "ada")
    assert cli.main(["report", CHAPTER]) == 0
    page = course.own(CHAPTER) / "report.html"
    assert capsys.readouterr().out == f"{page.as_uri()}\n"
    html = page.read_text(encoding="utf-8")
    assert "1 not graded yet" in html
    assert "the file is empty" in html
    assert not (course.root / "gradebook.db").exists()


def test_page_and_tables_are_written_where_they_are_asked_for(course, tmp_path, capsys):
    keep(course, "ada")
    out, table = tmp_path / "new" / "page.html", tmp_path / "new" / "marks.csv"
    assert cli.main(["report", CHAPTER, "--out", str(out), "--csv", str(table)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed == [out.as_uri(), str(table), str(table.with_name("marks-mistakes.csv"))]
    assert all(file.is_file() for file in (out, table, table.with_name("marks-mistakes.csv")))


def test_the_gradebooks_points_count_where_they_are_not_the_graders(course):
    keep(course, "ada")
    record_in_gradebook(course)
    ada, ben, cem = gather(course, CHAPTER).students
    assert (ada.name, ben.name, cem.name) == ("Ada Sample", "ben", "Cem Sample")
    assert ada.in_gradebook == InGradebook(2.5, 8.0, 1.5, 86_400.0, False)
    assert (ada.score, ben.score, cem.handed_in) == (2.5, None, False)


def test_a_report_leaves_the_gradebook_as_it_was(course):
    keep(course, "ada")
    record_in_gradebook(course)
    database = course.root / "gradebook.db"
    before = database.read_bytes()
    gather(course, CHAPTER)
    assert database.read_bytes() == before


def test_names_lead_to_the_pages_that_are_there(course):
    keep(course, "ada")
    keep(course, "ben")
    page = course.feedback(CHAPTER, "ben")
    page.parent.mkdir(parents=True)
    page.write_text("", encoding="utf-8")
    assert cli.main(["report", CHAPTER]) == 0
    html = (course.own(CHAPTER) / "report.html").read_text(encoding="utf-8")
    assert set(re.findall(r'href="([^#"]+)"', html)) == {f"../../feedback/ben/{CHAPTER}/{CHAPTER}.html"}


def test_an_assignment_that_is_none_is_refused_in_a_sentence(course, capsys):
    assert cli.main(["report", "99_none"]) == 1
    assert capsys.readouterr().err.startswith("convlab: there is no assignment 99_none")
