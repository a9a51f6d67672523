"""Grades as Canvas and Moodle import them: read back by their own rules, written down here a second time."""

import csv
import io
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from convlab import cli
from convlab.grading import Course, CourseError
from convlab.grading.collecting.ledger import Collected, Ledger
from convlab.grading.exporting import export_grades
from convlab.grading.spreadsheet import harmless, number

ROOT = Path(__file__).parents[2]
CHAPTER, NEXT = "01_conv1d", "02_conv2d"
# student -> first name, last name, e-mail, Canvas id, points for the two assignments, what lateness costs
CLASS = {
    "ada": ("Ada", "Lovelace", "ada@x.org", "101", 7.5, 3, 0),
    "zoe": ("Zoë", "Ünal, née Öz", "zoe@x.org", "102", 4, None, 1.25),
    "jan": ('Jan "Jo"', "van den Berg", "", "103", 0, 2, 0),
    "evil": ("x", "=cmd|' /C calc'!A0", "evil@x.org", "104", 1, None, 0),
    "wei": ("Wei", "Zhang", "wei@x.org", "106", None, None, 0),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "course" / "nbgrader_config.py", root)
    course = Course(root)
    with warnings.catch_warnings(action="ignore"), Gradebook(course.db_url) as gradebook:  # nbgrader's own
        for assignment, most in ((CHAPTER, 8), (NEXT, 5)):
            gradebook.add_assignment(assignment)
            gradebook.add_notebook(assignment, assignment)
            gradebook.add_grade_cell("check", assignment, assignment, max_score=most, cell_type="code")
        for student, (first, last, email, user, *points, penalty) in CLASS.items():
            gradebook.add_student(student, first_name=first, last_name=last, email=email, lms_user_id=user)
            for assignment, score in zip((CHAPTER, NEXT), points):
                if score is not None:
                    submission = gradebook.add_submission(assignment, student)
                    grade = gradebook.find_grade("check", assignment, assignment, student)
                    grade.auto_score, grade.needs_manual_grade = score, student == "jan"
                    if assignment == CHAPTER:
                        submission.notebooks[0].late_submission_penalty = penalty
        gradebook.db.commit()
    ledger = Ledger(course.own(CHAPTER))
    for number_, student in enumerate(["ada", "zoe", "evil"], 7000001):
        name = " ".join(CLASS[student][:2])
        label = f"{name}_{number_}_assignsubmission_file_"
        ledger.students[student] = Collected("moodle", str(number_), name, label, True, f"{CHAPTER}.ipynb")
    ledger.write()
    return course


def exported(course, tmp_path, assignments, to, **options):
    file, told = export_grades(course, assignments, to, tmp_path / "grades.csv", **options)
    return file.read_bytes(), " | ".join(told)


def rows_of(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def canvas_reads(content, assignments, people):
    """What Canvas's importer takes from a file, after lib/gradebook_importer.rb.

    Parameters
    ----------
    assignments : id -> title
    people : id -> (sortable name, login)
    """
    header, *rows = rows_of(content)
    assert "Student" in header[0]
    assert "ID" in header[1]
    first = 5 if re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3]) else 3
    first = 4 if re.search(r"SIS\s+Login\s+ID", header[2]) else first
    assert "Section" in header[first - 1]
    columns = {}
    for place, title in enumerate(header[first:], first):
        found = re.fullmatch(r"(.*)\s\((\d+)\)", title)
        by_title = {one: id for id, one in assignments.items()}
        columns[place] = found[2] if found and found[2] in assignments else by_title[title]
    grades = {}
    for row in rows:
        assert len(row) == len(header)
        if "Points Possible" in row[0] or all(
            re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", one) for one in row
        ):
            continue
        person = row[1] if row[1] in people else None
        person = person or next(
            (id for id, (_, login) in people.items() if first > 3 and login == row[first - 2]), None
        )
        person = person or next(id for id, (name, _) in people.items() if name == row[0])
        grades[person] = {id: row[place].strip() for place, id in columns.items()}
    return grades


PEOPLE = {
    "101": ("Lovelace, Ada", "alovelace"),
    "102": ("Ünal, née Öz, Zoë", "zoe"),
    "103": ("van den Berg, Jan", "jberg"),
    "104": ("=cmd", "evil"),
    "106": ("Zhang, Wei", "wzhang"),
}
TEMPLATE = """Student,ID,SIS User ID,SIS Login ID,Section,Notes,\
Intro (4700),"Convolution, in 1D (4711)",Later (4712),Final Score
,,,,,,,Manual Posting,,
    Points Possible,,,,,,5,10,5,(read only)
"Lovelace, Ada",101,S-101,alovelace,"A, and B",x,5.0,,,50
"Ünal, née Öz, Zoë",102,S-102,zoe,A,,4.0,2.5,,50
"van den Berg, Jan",103,0103,jberg,A,,,EX,1,50
"Zhang, Wei",106,S-106,wzhang,A,,,3.0,,50
"Student, Test",199,,f00ba4,A,,,,,0
"""


@pytest.fixture
def template(tmp_path):
    file = tmp_path / "gradebook.csv"
    file.write_text("\ufeff" + TEMPLATE, encoding="utf-8")
    return file


def test_canvas_takes_points_less_what_lateness_costs(course, tmp_path):
    content, told = exported(course, tmp_path, [CHAPTER], "canvas")
    assert canvas_reads(content, {"4711": CHAPTER}, PEOPLE) == {
        "101": {"4711": "7.5"},
        "102": {"4711": "2.75"},
        "103": {"4711": "0"},
        "104": {"4711": "1"},
    }
    assert content.splitlines()[:2] == [
        b"Student,ID,SIS User ID,SIS Login ID,Section,01_conv1d",
        b"    Points Possible,,,,,8",
    ]
    assert told == '01_conv1d: marks are still to be given by hand to Jan "Jo" van den Berg'


def test_who_was_not_graded_is_not_in_the_file_as_an_empty_cell_takes_a_grade_away(
    course, tmp_path, template
):
    for options in ({}, {"template": template, "columns": {CHAPTER: "4711"}}):
        content, _ = exported(course, tmp_path, [CHAPTER], "canvas", **options)
        assert "106" not in [row[1] for row in rows_of(content)]


def test_canvas_own_export_gives_ids_and_titles(course, tmp_path, template):
    columns = {CHAPTER: "Convolution, in 1D", NEXT: "Later (4712)"}
    content, told = exported(course, tmp_path, [CHAPTER, NEXT], "canvas", template=template, columns=columns)
    header, posting, possible, *people = rows_of(content)
    assert header[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert header[5:] == ["Convolution, in 1D (4711)", "Later (4712)"]
    assert posting == ["", "", "", "", "", "Manual Posting", ""]
    assert possible == ["    Points Possible", "", "", "", "", "10", "5"]
    assert people == [
        ["Lovelace, Ada", "101", "S-101", "alovelace", "A, and B", "7.5", "3"],
        ["Ünal, née Öz, Zoë", "102", "S-102", "zoe", "A", "2.75", ""],
        ["van den Berg, Jan", "103", "0103", "jberg", "A", "EX", "2"],
    ]
    assert canvas_reads(content, {"4711": "Convolution, in 1D", "4712": "Later"}, PEOPLE)["101"] == {
        "4711": "7.5",
        "4712": "3",
    }
    assert "01_conv1d is out of 8 points here and of 10 in Canvas: the points are written as they are" in told
    assert 'excused in Canvas, and left so: Jan "Jo" van den Berg' in told
    assert "not in gradebook.csv, so not exported: x =cmd" in told


def test_a_template_with_semicolons_and_names_in_two_columns_is_read(course, tmp_path):
    file = tmp_path / "g.csv"
    file.write_text("LastName;FirstName;ID;SIS Login ID;Section;01 Conv1D (7)\n;;;;;8\nByron;Ada;101;al;A;\n")
    content, _ = exported(course, tmp_path, [CHAPTER], "canvas", template=file)
    assert rows_of(content)[0] == ["LastName", "FirstName", "ID", "SIS Login ID", "Section", "01 Conv1D (7)"]
    assert rows_of(content)[-1] == ["Byron", "Ada", "101", "al", "A", "7.5"]


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({}, "has no column that is called 01_conv1d; it has Intro (4700), Convolution, in 1D (4711)"),
        ({CHAPTER: "Nothing"}, "has no column Nothing"),
    ],
)
def test_a_column_that_is_not_in_the_template_is_asked_for(course, tmp_path, template, columns, why):
    with pytest.raises(CourseError, match=re.escape(why)):
        exported(course, tmp_path, [CHAPTER], "canvas", template=template, columns=columns)


def test_a_file_of_another_kind_is_no_template(course, tmp_path):
    file = tmp_path / "g.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(CourseError, match="is no export of Canvas's Gradebook: it begins with a, b"):
        exported(course, tmp_path, [CHAPTER], "canvas", template=file)
    with pytest.raises(CourseError, match="is no grading worksheet of Moodle: its first column is a"):
        exported(course, tmp_path, [CHAPTER], "moodle", template=file)


def moodle_reads(content, titles=("Identifier", "Grade", "Last modified (grade)"), hidden="Participant "):
    """What Moodle's worksheet import takes, after mod/assign/feedback/offline/importgradeslib.php."""
    header, *rows = rows_of(content)
    id, grade, _ = (header.index(title) for title in titles)
    return {row[id][len(hidden) :]: float(row[grade]) for row in rows if row[grade] != ""}


WORKSHEET = """Identifier,"Full name","ID number","Email address",Status,Grade,"Maximum grade",\
"Grade can be changed","Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 7000001","Ada Lovelace",2001,ada@x.org,"Submitted for grading",,7.00,\
Yes,"Wednesday, 21 October 2026, 11:59 PM",-,"<p>well ""done""</p>"
"Participant 7000009","Zoë Ünal, née Öz",2002,zoe@x.org,"Submitted for grading",5.00,7.00,\
Yes,-,"Thursday, 22 October 2026, 9:00 AM",
"Participant 7000006","Wei Zhang",2006,wei@x.org,"No submission",,7.00,Yes,-,-,
"""


def test_moodles_worksheet_for_those_who_were_collected_from_moodle(course, tmp_path):
    content, told = exported(course, tmp_path, [CHAPTER], "moodle")
    assert moodle_reads(content) == {"7000001": 7.5, "7000002": 2.75, "7000003": 1.0}
    assert "Feedback comments" not in content.decode()  # an empty one would overwrite a comment
    assert 'so not exported: Jan "Jo" van den Berg' in told
    assert "fits a Moodle in English" in told


def test_moodles_own_worksheet_stays_as_it_is_but_for_the_grades(course, tmp_path):
    file = tmp_path / "worksheet.csv"
    file.write_text(WORKSHEET, encoding="utf-8")
    content, told = exported(course, tmp_path, [CHAPTER], "moodle", template=file)
    before = {row[0]: row for row in rows_of(WORKSHEET.encode())}
    after = {row[0]: row for row in rows_of(content)}
    assert set(after) == {"Identifier", "Participant 7000001", "Participant 7000009"}
    assert [row[:5] + row[6:] for row in after.values()] == [before[id][:5] + before[id][6:] for id in after]
    assert moodle_reads(content) == {"7000001": 7.5, "7000009": 2.75}
    assert "more points than Moodle's maximum grade, so Moodle will leave them out: Ada Lovelace" in told


def test_a_worksheet_in_another_language_is_read_by_its_form(course, tmp_path):
    file = tmp_path / "worksheet.csv"
    file.write_text(
        'Teilnehmer;"Vollständiger Name";Bewertung;"Zuletzt geändert (Bewertung)"\n"Teilnehmer/in 7000001";A B;;-\n'
    )
    content, _ = exported(course, tmp_path, [CHAPTER], "moodle", template=file)
    titles = ("Teilnehmer", "Bewertung", "Zuletzt geändert (Bewertung)")
    assert moodle_reads(content, titles, "Teilnehmer/in ") == {"7000001": 7.5}


def test_several_assignments_go_to_moodles_gradebook(course, tmp_path):
    content, told = exported(course, tmp_path, [CHAPTER, NEXT], "moodle")
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert {row["ID number"]: row["Assignment: 02_conv2d (Real)"] for row in rows} == {
        "ada": "3",
        "zoe": "",
        "jan": "2",
        "evil": "",
    }
    assert "map ID number or Email address to the user" in told


def test_plain_csv_has_nbgraders_columns_and_quotes(course, tmp_path):
    content, _ = exported(course, tmp_path, [], "csv")
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == 10
    zoe = next(row for row in rows if row["student_id"] == "zoe" and row["assignment"] == CHAPTER)
    assert zoe["last_name"] == "Ünal, née Öz"
    assert [zoe[column] for column in ("raw_score", "late_submission_penalty", "score", "max_score")] == [
        "4",
        "1.25",
        "2.75",
        "8",
    ]
    assert {row["score"] for row in rows if row["student_id"] == "wei"} == {""}


@pytest.mark.parametrize("to", ["canvas", "moodle", "csv"])
def test_no_name_is_a_formula(course, tmp_path, to):
    content, _ = exported(course, tmp_path, [CHAPTER], to)
    fields = [field for row in rows_of(content) for field in row]
    assert any("cmd" in field for field in fields)
    assert not [field for field in fields if field.lstrip("\ufeff ").startswith(("=", "+", "@"))]


@pytest.mark.parametrize(
    ("text", "shown"), [("=1", "'=1"), (" +1", "' +1"), ("@x", "'@x"), ("a=1", "a=1"), ("", "")]
)
def test_what_may_be_a_formula_gets_an_apostrophe(text, shown):
    assert harmless(text) == shown


@pytest.mark.parametrize(
    ("points", "text"),
    [(8.0, "8"), (7.5, "7.5"), (2 / 3, "0.67"), (0.0, "0"), (10.0, "10"), (1234567.0, "1234567")],
)
def test_points_have_two_decimals_and_no_thousands(points, text):
    assert number(points) == text


def test_one_student_is_exported_alone(course, tmp_path):
    content, _ = exported(course, tmp_path, [CHAPTER], "canvas", students=["zoe"])
    assert [row[1] for row in rows_of(content)[2:]] == ["102"]


@pytest.mark.parametrize(
    ("assignments", "students", "why"),
    [
        (["99_none"], [], "the gradebook has no assignment 99_none; it has 01_conv1d, 02_conv2d"),
        ([CHAPTER], ["nobody"], "the gradebook has no student nobody"),
        ([NEXT], ["wei"], "nobody has been graded for 02_conv2d"),
    ],
)
def test_what_is_not_there_is_told(course, tmp_path, assignments, students, why):
    with pytest.raises(CourseError, match=why):
        exported(course, tmp_path, assignments, "canvas", students=students)
    assert not (tmp_path / "grades.csv").exists()


def test_the_command_says_where_the_file_is_and_what_to_do_with_it(
    course, tmp_path, monkeypatch, capsys, template
):
    (course.root / "source" / CHAPTER).mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "course" / "source" / CHAPTER / f"{CHAPTER}.ipynb", course.root / "source" / CHAPTER)
    monkeypatch.chdir(course.root)
    arguments = ["export", CHAPTER, "--to", "canvas", "--gradebook", str(template)]
    assert cli.main(arguments) == 1
    assert "Name it: --column '01_conv1d=TITLE'" in capsys.readouterr().err
    assert cli.main([*arguments, "--column", f"{CHAPTER}=4711"]) == 0
    out = capsys.readouterr().out
    assert f"{course.root / 'grading' / 'grades-canvas.csv'}. Import it in Canvas: Grades, Import" in out
    assert "out of 8 points here and of 10 in Canvas" in out
    assert cli.main([*arguments, "--column", "4711"]) == 1
    assert "must be ASSIGNMENT=TITLE" in capsys.readouterr().err


@pytest.mark.more
@pytest.mark.parametrize(
    ("plugin", "begins"), [("CanvasExport", b"Student,ID,"), ("MoodleExport", b"Identifier,")]
)
def test_nbgraders_own_command_takes_the_plugins(course, tmp_path, plugin, begins):
    file = tmp_path / "grades.csv"
    command = [sys.executable, "-m", "nbgrader", "export", f"--exporter=convlab.grading.exporting.{plugin}"]
    command += ["--assignment", f"['{CHAPTER}']", "--to", str(file)]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert file.read_bytes().startswith(begins)
