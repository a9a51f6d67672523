"""Who handed something in, read from the names that Canvas, Moodle and Brightspace give to files; times; rosters."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from convlab.grading.collecting.choosing import choose, is_notebook
from convlab.grading.collecting.names import is_rubbish, read_name, recognise, settle_ids
from convlab.grading.collecting.roster import Row, read_roster, split_name
from convlab.grading.collecting.when import nbgrader_time, read_time
from convlab.grading.course import CourseError


@pytest.mark.parametrize(
    ("name", "user", "person", "file", "submission", "late", "typed"),
    [
        (
            "lovelaceada_101_9001_01_conv1d.ipynb",
            "101",
            "lovelaceada",
            "01_conv1d.ipynb",
            "9001",
            False,
            False,
        ),
        (
            "ünalzoë_LATE_102_9002_01_conv1d-1.ipynb",
            "102",
            "ünalzoë",
            "01_conv1d-1.ipynb",
            "9002",
            True,
            False,
        ),
        ("ünalzoë_late_102_9002_a b (1).ipynb", "102", "ünalzoë", "a b (1).ipynb", "9002", True, False),
        ("obrien_sean_3_7_5_6_x.ipynb", "3", "obrien_sean", "5_6_x.ipynb", "7", False, False),
        ("anon_Xy12z_9001_01_conv1d.ipynb", "Xy12z", "", "01_conv1d.ipynb", "9001", False, False),
        ("LATE_anon_Xy12z_9001_x.ipynb", "Xy12z", "", "x.ipynb", "9001", True, False),
        ("zhangwei_106_text.html", "106", "zhangwei", "text.html", "", False, True),
        ("zhangwei_LATE_106_link.html", "106", "zhangwei", "link.html", "", True, True),
        ("LATE_101_9001_x.ipynb", "101", "LATE", "x.ipynb", "9001", False, False),
    ],
)
def test_canvas_names(name, user, person, file, submission, late, typed):
    found = read_name("canvas", name)
    assert (found.user, found.name, found.file) == (user, person, file)
    assert (found.submission, found.late, found.typed) == (submission, late, typed)
    assert (found.label, found.folder) == (name, False)
    assert read_name("canvas", f"submissions/{name}") == found


@pytest.mark.parametrize(
    ("path", "user", "person", "file", "label", "typed"),
    [
        (
            "Ada Lovelace_1234567_assignsubmission_file_/01_conv1d.ipynb",
            "1234567",
            "Ada Lovelace",
            "01_conv1d.ipynb",
            "Ada Lovelace_1234567_assignsubmission_file_",
            False,
        ),
        (
            "Course/Zoë Ünal_12_assignsubmission_file/sub/x.ipynb",
            "12",
            "Zoë Ünal",
            "sub/x.ipynb",
            "Zoë Ünal_12_assignsubmission_file",
            False,
        ),
        (
            "Ada Lovelace_12_assignsubmission_file_my_01.ipynb",
            "12",
            "Ada Lovelace",
            "my_01.ipynb",
            "Ada Lovelace_12_assignsubmission_file_my_01.ipynb",
            False,
        ),
        (
            "Participant_12_assignsubmission_onlinetext_/onlinetext.html",
            "12",
            "",
            "onlinetext.html",
            "Participant_12_assignsubmission_onlinetext_",
            True,
        ),
    ],
)
def test_moodle_names(path, user, person, file, label, typed):
    found = read_name("moodle", path)
    assert (found.user, found.name, found.file, found.label, found.typed) == (
        user,
        person,
        file,
        label,
        typed,
    )
    assert found.folder == (label != path.split("/")[-1])


@pytest.mark.parametrize(
    ("path", "user", "person", "file", "when"),
    [
        (
            "39786-640693 - Ada Lovelace - Oct 21, 2026 1159 PM/01_conv1d.ipynb",
            "39786-640693",
            "Ada Lovelace",
            "01_conv1d.ipynb",
            datetime(2026, 10, 21, 23, 59),
        ),
        (
            "Exam 1/39786-640693 - Ada Lovelace - 21 October 2026 310 PM - A - B 2020 1200 AM.ipynb",
            "39786-640693",
            "Ada Lovelace",
            "A - B 2020 1200 AM.ipynb",
            datetime(2026, 10, 21, 15, 10),
        ),
        ("1-2 - A - B - 2026-10-21 2359/x.ipynb", "1-2", "A - B", "x.ipynb", datetime(2026, 10, 21, 23, 59)),
        (
            "1-2 - Ann Bo - 21 octobre 2026 2359/x.ipynb",
            "1-2",
            "Ann Bo",
            "x.ipynb",
            datetime(2026, 10, 21, 23, 59),
        ),
        ("1-2 - Ann Bo - 21 lokakuuta 2026 2359/x.ipynb", "1-2", "Ann Bo", "x.ipynb", None),
    ],
)
def test_brightspace_names(path, user, person, file, when):
    found = read_name("brightspace", path)
    assert (found.user, found.name, found.file, found.when) == (user, person, file, when)


def test_the_number_that_tells_people_apart_is_brightspaces_id():
    paths = ["39786-64 - A B - Oct 1, 2026 100 PM/x.ipynb", "39787-64 - C D - Oct 1, 2026 100 PM/x.ipynb"]
    turned = ["64-39786 - A B - Oct 1, 2026 100 PM/x.ipynb", "64-39787 - C D - Oct 1, 2026 100 PM/x.ipynb"]
    for some in (paths, turned):
        named = settle_ids(read_name("brightspace", path) for path in some)
        assert [one.user for one in named] == ["39786", "39787"]


@pytest.mark.parametrize(
    ("paths", "system"),
    [
        (["lovelaceada_101_9001_x.ipynb", "notes.txt"], "canvas"),
        (["Ada Lovelace_12_assignsubmission_file_/a_1_2_b.ipynb"], "moodle"),
        (["index.html", "1-2 - Ada Lovelace - Oct 1, 2026 100 PM/a_1_2_b.ipynb"], "brightspace"),
        (["01_conv1d.ipynb", "ada/01_conv1d.ipynb"], None),
        ([], None),
    ],
)
def test_the_system_is_told_by_the_names(paths, system):
    assert recognise(paths) == system


@pytest.mark.parametrize(
    "path",
    [
        "__MACOSX/a/._x.ipynb",
        "a/.ipynb_checkpoints/x-checkpoint.ipynb",
        "Thumbs.db",
        "a/.DS_Store",
        "._x.ipynb",
    ],
)
def test_what_a_computer_left_is_rubbish(path):
    assert is_rubbish(path)
    assert not is_rubbish("a/x.ipynb")


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("Oct 21, 2026 1159 PM", datetime(2026, 10, 21, 23, 59)),
        ("Oct 21, 2026 1205 AM", datetime(2026, 10, 21, 0, 5)),
        ("Wednesday, 21 October 2026, 12:00 PM", datetime(2026, 10, 21, 12, 0)),
        ("2026-10-21 08:05", datetime(2026, 10, 21, 8, 5)),
        ("-", None),
        ("Oct 32, 2026 1159 PM", None),
        ("Oct 21, 2026 1359 PM", None),
        ("Foo 21, 2026 1159 PM", None),
    ],
)
def test_times(text, when):
    assert read_time(text) == when


def test_a_time_is_written_in_utc_as_nbgrader_reads_it():
    from nbgrader.utils import parse_utc

    text = nbgrader_time(datetime(2026, 10, 21, 23, 59), ZoneInfo("Europe/Rome"))
    assert text == "2026-10-21 21:59:00 UTC"
    assert parse_utc(text) == datetime(2026, 10, 21, 21, 59)


CANVAS = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Intro (4700)
,,,,,Manual Posting
    Points Possible,,,,,5
"van den Berg, Jan",103,S-103,jberg,A,
"Ünal, Zoë",102,S-102,zoe@x.org,A,4
"Student, Test",199,,f00,A,
"""
WORKSHEET = """Nummer;"Vollständiger Name";E-Mail;Bewertung
"Teilnehmer/in 7000001";"Ada Lovelace";ada@x.org;
"""


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            CANVAS,
            [
                Row("jberg", "Jan", "van den Berg", "", "103"),
                Row("zoe@x.org", "Zoë", "Ünal", "zoe@x.org", "102"),
            ],
        ),
        (
            "LastName,FirstName,ID,SIS Login ID,Section\nByron,Ada,7,ab,A\n",
            [Row("ab", "Ada", "Byron", "", "7")],
        ),
        (
            'Identifier,"Full name","ID number","Email address",Status,Grade,"Last modified (submission)"\n'
            '"Participant 70","Ada Lovelace",2001,a@x.org,x,,"Wednesday, 21 October 2026, 11:59 PM"\n',
            [Row("2001", "Ada", "Lovelace", "a@x.org", "", "70", datetime(2026, 10, 21, 23, 59))],
        ),
        (WORKSHEET, [Row("ada@x.org", "Ada", "Lovelace", "ada@x.org", "", "7000001")]),
        (
            "First name,Surname,Email address\nAda,Byron,a@x.org\n",
            [Row("a@x.org", "Ada", "Byron", "a@x.org")],
        ),
        (
            "OrgDefinedId,Username,Last Name,First Name,Email\n#12,#ada,Byron,Ada,a@x.org\n",
            [Row("ada", "Ada", "Byron", "a@x.org")],
        ),
        (
            "id,first_name,last_name,email,lms_id\nada,Ada,Byron,a@x.org,101\n",
            [Row("ada", "Ada", "Byron", "a@x.org", "101")],
        ),
    ],
)
def test_rosters(tmp_path, text, rows):
    file = tmp_path / "roster.csv"
    file.write_text(text, encoding="utf-8")
    assert read_roster(file) == rows


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"colour,size\nred,1\n", "is no roster: its columns are colour, size"),
        (b"", "is empty"),
        (b"PK\x03\x04", "is a spreadsheet: save it as CSV"),
        (b'a,"b\n' * 3 + b"\x00", "is no roster|cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_roster_is_said_to_be_none(tmp_path, content, why):
    file = tmp_path / "roster.csv"
    file.write_bytes(content)
    with pytest.raises(CourseError, match=why):
        read_roster(file)


@pytest.mark.parametrize(
    ("name", "parts"),
    [("Lovelace, Ada", ("Ada", "Lovelace")), ("Ada  Lovelace", ("Ada", "Lovelace")), ("Cher", ("", "Cher"))],
)
def test_a_name_has_two_parts(name, parts):
    assert split_name(name) == parts


CELLS = {"correlate1d", "correlate1d_check"}
OURS = b'{"cells": [{"metadata": {"nbgrader": {"grade_id": "correlate1d"}}}]}'


@pytest.mark.parametrize(
    ("files", "ordered", "chosen", "note"),
    [
        ({"01_conv1d.ipynb": b""}, False, "01_conv1d.ipynb", ""),
        (
            {"01_conv1d.ipynb": b"", "01_conv1d-1.ipynb": b""},
            True,
            "01_conv1d-1.ipynb",
            "and not 01_conv1d.ipynb",
        ),
        (
            {"01_conv1d (1).ipynb": b"", "01_conv1d.ipynb": b"", "x.ipynb": OURS},
            False,
            "01_conv1d.ipynb",
            "and not",
        ),
        ({"a/01_CONV1D (2).ipynb": b"", "x.ipynb": OURS}, False, "a/01_CONV1D (2).ipynb", "and not x.ipynb"),
        ({"mine.ipynb.txt": b""}, False, "mine.ipynb.txt", "mine.ipynb.txt was taken, as the only notebook"),
        (
            {"b.ipynb": OURS, "a.ipynb": b"{}"},
            False,
            "b.ipynb",
            "as it holds the assignment's cells, and not a.ipynb",
        ),
        ({"b.ipynb": b"", "a.ipynb": b"{}"}, False, None, "of 2 notebooks none is called 01_conv1d.ipynb"),
        ({}, False, None, ""),
    ],
)
def test_the_assignments_notebook_is_chosen(files, ordered, chosen, note):
    found = choose(list(files), "01_conv1d", CELLS, name=str, content=files.__getitem__, ordered=ordered)
    assert found.file == chosen
    assert note in " ".join(found.notes)
    assert bool(note) == bool(found.notes)


def test_an_assignment_may_itself_end_in_a_number():
    found = choose(["lab-1.ipynb", "lab.ipynb"], "lab-1", CELLS, name=str, content=lambda one: b"")
    assert found.file == "lab-1.ipynb"


@pytest.mark.parametrize("name", ["x.ipynb", "x.IPYNB", "x.ipynb.txt", "x.ipynb.json"])
def test_a_notebook_is_known_by_its_ending(name):
    assert is_notebook(name)
    assert not is_notebook("x.ipynb.zip")
