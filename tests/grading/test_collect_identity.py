"""Who somebody is in the course: known people keep their ids, strangers get one that is fit for a folder."""

import pytest

from convlab.grading.batch import _NOT_IN_AN_ID
from convlab.grading.collecting.identity import Identities, Known, safe_id
from convlab.grading.collecting.names import Named
from convlab.grading.collecting.roster import Row


def canvas(user, name):
    return Named("canvas", user, name, "x.ipynb", f"{name}_{user}_1_x.ipynb", False)


def moodle(user, name):
    return Named("moodle", user, name, "x.ipynb", f"{name}_{user}_assignsubmission_file_", True)


def of(named, *, roster=(), known=(), before=None, people=()):
    return Identities(roster, known, before or {}, [named, *people]).student(named)


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Ada Lovelace", "ada.lovelace"),
        ("Zoë Ünal", "zoe.unal"),
        ("Seán O'Brien", "sean.obrien"),
        ("Łukasz Straße", "lukasz.strasse"),
        ("Nguyễn Thị Bình", "nguyen.thi.binh"),
        ("李雷", "李雷"),
        ("../../etc", "etc"),
        ("a*b?c[d]{e}\\f/g,h", "a.b.c.d.e.f.g.h"),
        ("CON", "con_"),
        ("nul.x", "nul.x_"),
        (" .-Ada-. ", "ada"),
        ("x" * 200, "x" * 64),
        ("\x1b[31m\u202eada", "31m.ada"),
        ("…", ""),
    ],
)
def test_an_id_is_fit_for_a_folder_and_for_nbgrader(name, id):
    made = safe_id(name)
    assert made == id
    assert not _NOT_IN_AN_ID & set(made)
    assert safe_id(made) == made


def test_canvas_id_is_part_of_the_id_as_it_stays():
    assert of(canvas("101", "lovelaceada")).id == "lovelaceada-101"


def test_moodles_number_is_not_as_it_is_the_assignments():
    assert of(moodle("7000001", "Ada Lovelace")).id == "ada.lovelace"
    assert of(moodle("8000001", "Ada Lovelace")).id == "ada.lovelace"


def test_two_of_one_name_are_told_apart_and_it_is_said():
    one, two = moodle("1", "Ada Byron"), moodle("2", "ada byron")
    ids = Identities([Row("ab", "Ada", "Byron")], [], {}, [one, two])
    assert [ids.student(who).id for who in (one, two)] == ["ada.byron-1", "ada.byron-2"]
    assert ids.student(one).notes == ("several people are called Ada Byron: they are told apart by the id 1",)


def test_a_hidden_name_gives_an_id_of_the_number():
    assert of(moodle("12", "")).id == "participant-12"
    assert of(canvas("Xy1", "")).id == "student-xy1"


@pytest.mark.parametrize(
    ("named", "row"),
    [
        (canvas("101", "squeezed"), Row("al", "Ada", "Lovelace", "", "101")),
        (canvas("9", "lovelaceada"), Row("al", "Ada", "Lovelace")),
        (canvas("9", "ünalzoë"), Row("al", "Zoë", "Ünal")),
        (moodle("70", "Ada Lovelace"), Row("al", "Ada", "Lovelace")),
        (moodle("70", "Group 1-Ada Lovelace"), Row("al", "Ada", "Lovelace")),
        (moodle("70", "Lovelace Ada"), Row("al", "Ada", "Lovelace")),
        (moodle("70", ""), Row("al", "Ada", "Lovelace", participant="70")),
    ],
)
def test_the_roster_finds_people_by_id_and_by_name(named, row):
    student = of(named, roster=[row, Row("x", "Somebody", "Else")])
    assert (student.id, student.row) == ("al", row)
    assert student.name == f"{row.first_name} {row.last_name}"


def test_a_name_that_two_of_the_roster_have_finds_nobody():
    rows = [Row("a1", "Ada", "Byron"), Row("a2", "Byron", "Ada")]
    assert of(moodle("70", "Ada Byron"), roster=rows).id == "ada.byron"


def test_the_gradebook_finds_people_again():
    known = [Known("al", "Ada", "Lovelace", "a@x.org", "101")]
    by_id = of(canvas("101", "whoever"), known=known)
    assert (by_id.id, by_id.name, by_id.email) == ("al", "Ada Lovelace", "a@x.org")
    assert of(moodle("7", "Ada Lovelace"), known=known).id == "al"
    # The same number in Moodle is another person's in the next assignment.
    assert of(moodle("101", "Zoë Ünal"), known=known).id == "zoe.unal"


def test_who_was_collected_before_keeps_the_id_whatever_the_roster_says():
    student = of(
        canvas("101", "lovelaceada"),
        roster=[Row("al", "Ada", "Lovelace", "", "101")],
        before={("canvas", "101"): "lovelaceada-101"},
    )
    assert (student.id, student.name) == ("lovelaceada-101", "Ada Lovelace")
    assert student.notes == (
        "the roster calls them al; the course knew them as lovelaceada-101, which stays",
    )


def test_the_rosters_id_is_changed_only_if_it_must_be():
    kept = of(canvas("1", "x"), roster=[Row("Ada+1@x.org", "Ada", "B", "", "1")])
    assert (kept.id, kept.notes) == ("Ada+1@x.org", ())
    changed = of(canvas("1", "x"), roster=[Row("a/../b*", "Ada", "B", "", "1")])
    assert changed.id == "a.b"
    assert "cannot be a folder's name: a.b is used" in changed.notes[0]


def test_ids_that_differ_in_case_only_are_one():
    assert (
        of(
            canvas("1", "x"), roster=[Row("ADA", "Ada", "B", "", "1")], known=[Known("ada", "", "", "", "")]
        ).id
        == "ada"
    )
