"""`convlab collect`: a class's zips become submissions, with names, times and whatever lay there kept."""

import csv
import io
import json
import shutil
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from nbgrader.api import Gradebook

from convlab import cli
from convlab.grading import Course, CourseError
from convlab.grading.collecting import ArchiveLimits, Ledger, Row, collect

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
RELEASE = (ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb").read_bytes()
ROME = ZoneInfo("Europe/Rome")


def notebook(text):
    """A notebook that is told apart by its text."""
    return RELEASE.replace(b'"cells": [', b'"cells": [' + json.dumps(_cell(text)).encode() + b",", 1)


def _cell(text):
    return {"cell_type": "markdown", "id": "told-apart", "metadata": {}, "source": text}


def zip_of(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            if isinstance(name, str):
                name = zipfile.ZipInfo(name, (2026, 10, 23, 10, 0, 0))
            name.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A course with an assignment and an empty gradebook, whose making takes seconds."""
    root = tmp_path_factory.mktemp("empty")
    shutil.copy(ROOT / "course" / "nbgrader_config.py", root)
    (root / "source").mkdir()
    shutil.copytree(ROOT / "course" / "source" / CHAPTER, root / "source" / CHAPTER)
    with Gradebook(Course(root).db_url):
        pass
    return root


@pytest.fixture
def course(empty, tmp_path):
    shutil.copytree(empty, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture
def take(course, tmp_path):
    """Collect the files of one zip; what became of each person, by id."""

    def take(files, name="submissions.zip", **options):
        file = tmp_path / name
        file.write_bytes(files if isinstance(files, bytes) else zip_of(files))
        collection = collect(course, CHAPTER, [file], zone=ROME, **options)
        return {one.student or one.file or one.archive: one for one in collection.outcomes}

    return take


def submitted(course, student):
    folder = course.submitted(CHAPTER, student)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def earlier(course, student):
    folder = course.own(CHAPTER) / "earlier" / student
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


def tree(folder):
    return {
        file.relative_to(folder).as_posix(): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file() and file.name != "lock"
    }


def students(course):
    with Gradebook(course.db_url) as gradebook:
        return {
            one.id: (one.first_name, one.last_name, one.email, one.lms_user_id) for one in gradebook.students
        }


OWN_ZIP = zip_of(
    {
        "My Work/01_conv1d.ipynb": notebook("nested"),
        "My Work/.ipynb_checkpoints/01_conv1d-checkpoint.ipynb": notebook("checkpoint"),
        "__MACOSX/My Work/._01_conv1d.ipynb": b"x",
        "My Work/data.csv": b"1",
    }
)
CANVAS = {
    "lovelaceada_101_9001_01_conv1d.ipynb": notebook("ada"),
    "ünalzoë_LATE_102_9002_01_conv1d.ipynb": notebook("zoe"),
    "vandenbergjan_103_9003_01_conv1d.ipynb": notebook("jan 1"),
    "vandenbergjan_103_9010_01_conv1d-1.ipynb": notebook("jan 2"),
    "nguyenthịbình_104_9004_homework (final).zip": OWN_ZIP,
    "obriensean_105_9005_Kopie von Übung.ipynb": notebook("sean"),
    "zhangwei_106_text.html": b"I could not upload",
}
ROSTER = [
    Row("ada", "Ada", "Lovelace", "ada@x.org", "101"),
    Row("zoe", "Zoë", "Ünal", "", "102"),
    Row("jan", "Jan", "van den Berg", "", "103"),
    Row("binh", "Thị Bình", "Nguyễn", "", "104"),
    Row("sean", "Seán", "O'Brien"),
    Row("wei", "Wei", "Zhang"),
    Row("late", "Not", "Yet"),
]


def test_a_class_from_canvas(course, take):
    found = take(CANVAS, roster=ROSTER)
    assert {id: one.what for id, one in found.items()} == {
        "ada": "new",
        "zoe": "new",
        "jan": "new",
        "binh": "new",
        "sean": "new",
        "wei": "not taken",
    }
    for student, text in {"ada": "ada", "jan": "jan 2", "binh": "nested", "sean": "sean"}.items():
        assert submitted(course, student) == {f"{CHAPTER}.ipynb": notebook(text)}
    assert [one.student for one in found.values() if one.late] == ["zoe"]
    assert found["sean"].notes == ("Kopie von Übung.ipynb was taken, as the only notebook",)
    assert found["wei"].notes == ("there is no notebook, only a text typed into the system",)
    assert earlier(course, "jan") == {f"1/{CHAPTER}.ipynb": notebook("jan 1")}
    assert course.students(CHAPTER) == ["ada", "binh", "jan", "sean", "zoe"]


def test_students_get_names_and_canvas_ids_in_the_gradebook(course, take):
    take(CANVAS, roster=ROSTER)
    assert students(course) == {
        "ada": ("Ada", "Lovelace", "ada@x.org", "101"),
        "zoe": ("Zoë", "Ünal", None, "102"),
        "jan": ("Jan", "van den Berg", None, "103"),
        "binh": ("Thị Bình", "Nguyễn", None, "104"),
        "sean": ("Seán", "O'Brien", None, "105"),
        "wei": ("Wei", "Zhang", None, None),
        "late": ("Not", "Yet", None, None),
    }


def test_the_roster_is_needed_once(course, take):
    take({}, roster=ROSTER)
    take({"lovelaceada_101_9001_x.ipynb": notebook("1")}, roster=ROSTER)
    found = take({"whoever_101_9001_x.ipynb": notebook("1"), "yetnot_7_9_x.ipynb": notebook("2")})
    assert {id: one.what for id, one in found.items()} == {"ada": "unchanged", "late": "new"}


def test_without_a_roster_the_systems_names_are_taken(course, take):
    take(CANVAS)
    assert students(course)["lovelaceada-101"] == (None, "lovelaceada", None, "101")
    take({"Ada Lovelace_7000001_assignsubmission_file_/01_conv1d.ipynb": notebook("ada")})
    assert students(course)["ada.lovelace"] == ("Ada", "Lovelace", None, None)


def test_twice_the_same_changes_nothing(course, take):
    take(CANVAS, roster=ROSTER)
    before = tree(course.root / "submitted") | tree(course.own(CHAPTER) / "earlier")
    ledger = course.own(CHAPTER) / "collected.json"
    wrote = ledger.stat().st_mtime_ns
    names = students(course)
    found = take(CANVAS, roster=ROSTER)
    assert {one.what for id, one in found.items() if id != "wei"} == {"unchanged"}
    assert tree(course.root / "submitted") | tree(course.own(CHAPTER) / "earlier") == before
    assert ledger.stat().st_mtime_ns == wrote
    assert students(course) == names


MOODLE = {
    "Ada Lovelace_7000001_assignsubmission_file_/01_conv1d.ipynb": notebook("ada"),
    "Zoë Ünal_7000002_assignsubmission_file_/01_conv1d (1).ipynb": notebook("zoe"),
    "Zoë Ünal_7000002_assignsubmission_file_/report.pdf": b"%PDF",
    "Seán O'Brien_7000005_assignsubmission_file_/Übung.ipynb": notebook("sean"),
    "Seán O'Brien_7000005_assignsubmission_file_/scratch.ipynb": b'{"cells": []}',
    "Wei Zhang_7000006_assignsubmission_onlinetext_/onlinetext.html": b"sorry",
}


def test_a_class_from_moodle(course, take):
    found = take(MOODLE)
    assert {id: one.what for id, one in found.items()} == {
        "ada.lovelace": "new",
        "zoe.unal": "new",
        "sean.obrien": "new",
        "wei.zhang": "not taken",
    }
    assert submitted(course, "zoe.unal") == {f"{CHAPTER}.ipynb": notebook("zoe")}
    assert submitted(course, "sean.obrien") == {f"{CHAPTER}.ipynb": notebook("sean")}
    assert found["zoe.unal"].notes == ("besides, not taken: report.pdf",)
    kept = Ledger(course.own(CHAPTER)).students["ada.lovelace"]
    assert (kept.system, kept.user, kept.label, kept.folder) == (
        "moodle",
        "7000001",
        "Ada Lovelace_7000001_assignsubmission_file_",
        True,
    )


def test_moodles_worksheet_tells_when_it_was_handed_in(course, take, tmp_path):
    from datetime import datetime

    row = Row("ada", "Ada", "Lovelace", participant="7000001", submitted=datetime(2026, 10, 21, 23, 59))
    take(MOODLE, roster=[row])
    assert submitted(course, "ada")["timestamp.txt"] == b"2026-10-21 21:59:00 UTC"
    take(MOODLE)  # who collects again without the worksheet loses no time
    assert submitted(course, "ada")["timestamp.txt"] == b"2026-10-21 21:59:00 UTC"


BRIGHTSPACE = {
    "index.html": b"<html>",
    "39001-64 - Ada Lovelace - Oct 21, 2026 1159 PM/01_conv1d.ipynb": notebook("ada 2"),
    "39001-64 - Ada Lovelace - Oct 20, 2026 905 AM/01_conv1d.ipynb": notebook("ada 1"),
    "39002-64 - Zoë Ünal - Oct 22, 2026 103 AM/work.zip": OWN_ZIP,
    "39003-64 - Wei Zhang - Oct 22, 2026 103 AM/report.docx": b"PK",
}


def test_a_class_from_brightspace(course, take):
    found = take(BRIGHTSPACE)
    assert {id: one.what for id, one in found.items()} == {
        "ada.lovelace": "new",
        "zoe.unal": "new",
        "wei.zhang": "not taken",
    }
    assert submitted(course, "ada.lovelace") == {
        f"{CHAPTER}.ipynb": notebook("ada 2"),
        "timestamp.txt": b"2026-10-21 21:59:00 UTC",
    }
    assert earlier(course, "ada.lovelace") == {
        f"1/{CHAPTER}.ipynb": notebook("ada 1"),
        "1/timestamp.txt": b"2026-10-20 07:05:00 UTC",
    }
    assert found["wei.zhang"].notes == ("there is no notebook, only report.docx",)


def test_a_later_attempt_replaces_and_the_earlier_is_kept_whatever_the_order(course, take):
    first = {"lovelaceada_101_9001_01_conv1d.ipynb": notebook("1")}
    second = {"lovelaceada_101_9050_01_conv1d-1.ipynb": notebook("2")}
    assert take(first)["lovelaceada-101"].what == "new"
    found = take(second)["lovelaceada-101"]
    assert found.what == "replaced"
    assert found.notes == ("the one before is kept in grading/01_conv1d/earlier/lovelaceada-101/1",)
    again = take(first, "old.zip")["lovelaceada-101"]
    assert again.what == "older"
    assert again.notes == ("submissions.zip held a later one, which stays",)
    assert submitted(course, "lovelaceada-101") == {f"{CHAPTER}.ipynb": notebook("2")}
    assert earlier(course, "lovelaceada-101") == {f"1/{CHAPTER}.ipynb": notebook("1")}
    assert Ledger(course.own(CHAPTER)).students["lovelaceada-101"].submission == "9050"


def test_an_older_attempt_that_was_never_seen_is_kept_and_not_graded(course, take):
    take({"lovelaceada_101_9050_x.ipynb": notebook("2")})
    take({"lovelaceada_101_9001_x.ipynb": notebook("1")})
    assert submitted(course, "lovelaceada-101") == {f"{CHAPTER}.ipynb": notebook("2")}
    assert earlier(course, "lovelaceada-101") == {f"1/{CHAPTER}.ipynb": notebook("1")}


def test_what_somebody_put_there_by_hand_is_kept(course, take):
    folder = course.submitted(CHAPTER, "ada")
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("by e-mail")
    (folder / f"{CHAPTER}.ipynb").write_bytes(b"by hand")
    take({"lovelaceada_101_9001_x.ipynb": notebook("1")}, roster=ROSTER)
    assert earlier(course, "ada") == {f"1/{CHAPTER}.ipynb": b"by hand", "1/notes.txt": b"by e-mail"}


def test_a_link_in_place_of_a_submission_is_moved_and_not_followed(course, take, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = course.submitted(CHAPTER, "ada")
    folder.parent.mkdir(parents=True)
    folder.symlink_to(outside)
    course.submitted(CHAPTER, "zoe").parent.symlink_to(outside)
    found = take(CANVAS, roster=ROSTER)
    assert list(outside.iterdir()) == []
    assert found["ada"].what == "replaced"
    assert not folder.is_symlink()
    assert "is a symbolic link: put a folder in its place" in found["zoe"].notes[-1]


def link(name):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return info


HOSTILE = {
    link("evila_1_11_01_conv1d.ipynb"): b"/etc/passwd",
    "evilb_2_12_01_conv1d.ipynb": bytes(200_000),
    "evilc_3_13_work.zip": b"PK\x03\x04 broken",
    "evild_4_14_work.zip": zip_of({"../../../evil.ipynb": b"evil"}),
    "evile_5_15_work.zip": zip_of({"a.zip": zip_of({"b.zip": zip_of({"x.ipynb": b"x"})})}),
    "evilf_6_16_work.zip": zip_of({"readme.txt": b"x"}),
    "evilg_7_17_con.ipynb": notebook("fine: it never becomes a name"),
    "../../evilh_8_18_01_conv1d.ipynb": b"evil",
    "x.ipynb": b"nobody's",
    "lovelaceada_101_9001_01_conv1d.ipynb": notebook("ada"),
}


def test_what_is_hostile_costs_its_own_submission_only(course, take, tmp_path):
    found = take(HOSTILE, limits=ArchiveLimits(file=len(RELEASE) + 1000), system="canvas")
    why = {id: (one.what, one.notes[-1] if one.notes else "") for id, one in found.items()}
    assert why.pop("lovelaceada-101") == ("new", "")
    assert why.pop("evilg-7") == ("new", "con.ipynb was taken, as the only notebook")
    assert {what for what, _ in why.values()} == {"not taken"}
    for id, said in {
        "evila-1": "it is a symbolic link",
        "evilb-2": "a zip bomb",
        "evilc-3": "the zip inside cannot be read: it is no zip, or is broken or was cut off",
        "evild-4": "its name leads out of the folder (..)",
        "evile-5": "there is only another zip in this zip",
        "evilf-6": "there is no notebook in this zip",
        "evilh-8": "its name leads out of the folder (..)",
        "x.ipynb": "the name is not of the form that Canvas gives",
    }.items():
        assert said in why.pop(id)[1]
    assert why == {}
    assert course.students(CHAPTER) == ["evilg-7", "lovelaceada-101"]
    assert not list(tmp_path.rglob("evil*.ipynb"))


def test_of_several_attempts_the_last_that_can_be_read_is_taken_and_it_is_said(course, take):
    files = dict(BRIGHTSPACE)
    files["39001-64 - Ada Lovelace - Oct 23, 2026 900 AM/work.zip"] = b"PK\x03\x04 broken"
    found = take(files)["ada.lovelace"]
    assert found.what == "new"
    assert submitted(course, "ada.lovelace")[f"{CHAPTER}.ipynb"] == notebook("ada 2")
    assert "cannot be read" in found.notes[0]
    assert found.notes[1] == "so an earlier attempt was taken"


def test_two_people_never_share_an_id(course, take):
    roster = [Row("ada", "Ada", "Lovelace", "", "101"), Row("ADA", "Ada", "Byron", "", "102")]
    found = take(
        {"lovelaceada_101_1_x.ipynb": notebook("1"), "byronada_102_2_x.ipynb": notebook("2")}, roster=roster
    )
    assert sorted(one.what for one in found.values()) == ["not taken"]
    assert "is already the id of" in found["ADA"].notes[-1]
    assert len(course.students(CHAPTER)) == 1


def test_one_name_in_two_of_moodles_assignments_is_one_person(course, take):
    """As where late work is handed in elsewhere: the number is another one there."""
    take({"Ada Lovelace_70_assignsubmission_file_/x.ipynb": notebook("1")})
    found = take({"Ada Lovelace_81_assignsubmission_file_/x.ipynb": notebook("2")}, "late.zip")
    assert {id: one.what for id, one in found.items()} == {"ada.lovelace": "replaced"}
    assert Ledger(course.own(CHAPTER)).students["ada.lovelace"].user == "81"


def test_what_a_killed_run_left_half_made_goes(course, take):
    left = course.submitted(CHAPTER, "ada").parent / f".{CHAPTER}.99999.part"
    left.mkdir(parents=True)
    (left / f"{CHAPTER}.ipynb").write_bytes(b"half")
    take({"lovelaceada_101_9001_x.ipynb": notebook("1")}, roster=ROSTER)
    assert [one.name for one in left.parent.iterdir()] == [CHAPTER]


def test_of_a_large_class_only_what_needs_a_look_is_listed(course, tmp_path):
    files = {f"student{n}_{n}_{1000 + n}_{CHAPTER}.ipynb": b"{}" for n in range(60)}
    files["zoe_LATE_99_2000_mine.ipynb"] = b"{}"
    (tmp_path / "s.zip").write_bytes(zip_of(files))
    lines = collect(course, CHAPTER, [tmp_path / "s.zip"]).as_text().splitlines()
    assert lines[0] == "01_conv1d: 61 new"
    assert lines[1].split() == ["zoe", "(zoe-99)", "new,", "late"]
    assert lines[2].strip() == "mine.ipynb was taken, as the only notebook"
    assert (
        lines[3] == "Canvas's zip tells no times: it marks 1 as late, and the gradebook will not know of it"
    )


def test_where_no_time_is_told_it_is_said(course, take, tmp_path):
    (tmp_path / "m.zip").write_bytes(zip_of(MOODLE))
    text = collect(course, CHAPTER, [tmp_path / "m.zip"]).as_text()
    assert "Moodle's zip tells no times, so no lateness counts; its grading worksheet does" in text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no zip", "it is no zip, or is broken or was cut off"),
        (
            {"ada/01_conv1d.ipynb": b"x"},
            "its names are of no form that Canvas, Moodle or Brightspace gives: ada/01",
        ),
        ({}, "there are no files in it"),
    ],
)
def test_a_zip_that_cannot_be_read_is_told(course, take, content, why):
    (outcome,) = take(content).values()
    assert outcome.what == "not taken"
    assert why in outcome.notes[0]
    assert not (course.root / "submitted").exists()


def test_a_ledger_that_cannot_be_read_stops_everything(course, take):
    course.own(CHAPTER).mkdir(parents=True)
    (course.own(CHAPTER) / "collected.json").write_text("{")
    with pytest.raises(CourseError, match="Restore it, or move it away"):
        take(CANVAS)
    assert not (course.root / "submitted").exists()


def test_a_kill_between_two_students_is_made_good_by_the_next_run(course, take, monkeypatch):
    from convlab.grading.collecting import collection as module

    real = module.lay
    laid = []

    def lay(course, assignment, student, *rest):
        if laid:
            raise KeyboardInterrupt
        laid.append(student)
        return real(course, assignment, student, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(module, "lay", lay)
        patch.setattr(module._Work, "finish", lambda self: None)  # as after kill -9
        with pytest.raises(KeyboardInterrupt):
            take(CANVAS, roster=ROSTER)
    assert course.students(CHAPTER) == laid
    found = take(CANVAS, roster=ROSTER)
    assert [id for id, one in found.items() if one.what == "unchanged"] == laid
    assert course.students(CHAPTER) == ["ada", "binh", "jan", "sean", "zoe"]
    assert set(Ledger(course.own(CHAPTER)).students) == {"ada", "binh", "jan", "sean", "zoe"}


def test_the_report_is_a_table_that_runs_nothing(course, take):
    evil = {"=cmd|' C'!A0_7000009_assignsubmission_file_/01_conv1d.ipynb": notebook("x")}
    take(MOODLE | evil)
    text = (course.own(CHAPTER) / "collected.csv").read_bytes().decode("utf-8-sig")
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows["ada.lovelace"]["outcome"] == "new"
    assert rows["wei.zhang"]["notes"] == "there is no notebook, only a text typed into the system"
    assert [row["name"] for row in rows.values() if "cmd" in row["name"]] == ["'=cmd|' C'!A0"]


def test_what_an_instructor_types_and_reads(course, tmp_path, monkeypatch, capsys):
    (tmp_path / "submissions.zip").write_bytes(zip_of(CANVAS))
    (tmp_path / "roster.csv").write_text(
        "id,first_name,last_name,lms_id\nada,Ada,Lovelace,101\nkim,Kim,Doe,9\n"
    )
    monkeypatch.chdir(course.root)
    zips = [str(tmp_path / "submissions.zip")]
    assert cli.main(["collect", CHAPTER, *zips, "--roster", str(tmp_path / "roster.csv")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "01_conv1d: 5 new, 1 not taken"
    assert [line.split() for line in lines if "Ada Lovelace" in line] == [["Ada", "Lovelace", "(ada)", "new"]]
    assert "nothing from 1 of 2: Kim Doe" in lines
    assert any(line.startswith("Canvas squeezes names into one word") for line in lines)
    assert lines[-1].endswith("Grade it: convlab grade 01_conv1d")
    assert cli.main(["collect", CHAPTER, *zips]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "01_conv1d: 5 unchanged, 1 not taken"
    assert not any("unchanged" in line for line in lines[1:])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([CHAPTER, "none.zip"], "there is no file none.zip"),
        (["99_none", "x.zip"], "there is no assignment 99_none"),
        ([CHAPTER, "x.zip", "--timezone", "Mars/Base"], "there is no time zone Mars/Base"),
        ([CHAPTER, "x.zip", "--roster", "x.zip"], "is a spreadsheet: save it as CSV"),
    ],
)
def test_what_cannot_be_collected_is_told_in_a_sentence(course, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(course.root)
    Path("x.zip").write_bytes(zip_of(CANVAS))
    assert cli.main(["collect", *arguments]) == 1
    err = capsys.readouterr().err
    assert err.startswith("convlab: ")
    assert said in err
