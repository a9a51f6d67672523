"""Late work costs what nbgrader_config.py says, and what it says anew is recorded without a run."""

import shutil
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from submissions.rows import ALL, Row

from convlab.grading import Course, CourseError, grade_assignment

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
DUE = "2026-03-01 12:00:00 UTC"
# Student -> when, and what: all is worth 8 points, correlate1d alone 3.
HANDED_IN = {
    "before": ("2026-03-01 11:59:00 UTC", ALL),
    "nine_minutes": ("2026-03-01 12:09:00 UTC", ALL),
    "an_hour": ("2026-03-01 13:00:00 UTC", ALL),
    "25_hours": ("2026-03-02 13:00:00 UTC", ALL),
    "half": ("2026-03-02 13:00:00 UTC", {"correlate1d": "solution"}),
    "a_month": ("2026-04-01 12:00:00 UTC", ALL),
}


class NoPool:
    """Nobody may be graded again."""

    size = 1

    def executor(self):
        return self

    renew = executor

    def submit(self, *job):
        pytest.fail("it was run again")


def configured(root, lines):
    text = (ROOT / "course" / "nbgrader_config.py").read_text(encoding="utf-8")
    (root / "nbgrader_config.py").write_text(f"{text}\n{lines}\n", encoding="utf-8")
    return Course(root)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A course in which everybody was graded when it had no policy."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "course" / "source" / CHAPTER, root / "source" / CHAPTER)
    course = configured(root, "")
    with Gradebook(course.db_url, course.course_id) as gradebook:
        gradebook.add_assignment(CHAPTER, duedate=DUE)
    for student, (when, code) in HANDED_IN.items():
        folder = course.submitted(CHAPTER, student)
        folder.mkdir(parents=True)
        (folder / f"{CHAPTER}.ipynb").write_bytes(Row("made here", (0, 0, 0), code=code).submission)
        (folder / "timestamp.txt").write_text(when)
    grade_assignment(course, CHAPTER)
    return root


def taken(course):
    """What the gradebook takes off, of those who lose any."""
    with Gradebook(course.db_url, course.course_id) as gradebook:
        found = {}
        for student in HANDED_IN:
            notebook = gradebook.find_submission_notebook(CHAPTER, CHAPTER, student)
            if notebook.late_submission_penalty:
                found[student] = round(notebook.late_submission_penalty, 6)
        return found


def test_without_a_policy_nobody_loses_anything(root):
    assert taken(configured(root, "")) == {}


ON = 'c.AssignLatePenalties.plugin_class = "convlab.grading.policies.LatePerDay"\n'


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (ON, {}),
        # A tenth for each day that has begun: one day of 8 points, two of 8, two of 3, all after ten.
        (
            ON + "c.LatePerDay.per_day = 0.1",
            {"nine_minutes": 0.8, "an_hour": 0.8, "25_hours": 1.6, "half": 0.6, "a_month": 8.0},
        ),
        # Of what could be earned, and not more than was.
        (
            ON + 'c.LatePerDay.per_day = 0.2\nc.LatePerDay.of = "max_score"',
            {"nine_minutes": 1.6, "an_hour": 1.6, "25_hours": 3.2, "half": 3.0, "a_month": 8.0},
        ),
        (
            ON + "c.LatePerDay.per_day = 0.1\nc.LatePerDay.grace_minutes = 10\nc.LatePerDay.most = 0.5",
            {"an_hour": 0.8, "25_hours": 1.6, "half": 0.6, "a_month": 4.0},
        ),
        (
            ON + "c.LatePerDay.per_day = 0.1\n"
            f"c.LatePerDay.extensions = {{{CHAPTER!r}: {{'25_hours': 1, 'an_hour': 0.5, 'half': 2}}}}",
            {"nine_minutes": 0.8, "25_hours": 0.8, "a_month": 8.0},
        ),
        # An extension that is taken back.
        (
            ON + "c.LatePerDay.per_day = 0.1\n"
            f"c.LatePerDay.extensions = {{{CHAPTER!r}: {{'25_hours': 0, 'an_hour': 0, 'half': 0}}}}",
            {"nine_minutes": 0.8, "an_hour": 0.8, "25_hours": 1.6, "half": 0.6, "a_month": 8.0},
        ),
        ("c.LateSubmissionPlugin.penalty_method = 'zero'", dict.fromkeys(HANDED_IN, 8.0) | {"half": 3.0}),
        ("", {}),
    ],
    ids=[
        "nothing said",
        "a tenth a day",
        "of what could be",
        "grace",
        "extended",
        "taken back",
        "zero",
        "off",
    ],
)
def test_the_gradebook_takes_off_what_the_course_has_decided(root, lines, expected):
    """One after the other on one course: each decision replaces the one before, and nobody is graded again."""
    course = configured(root, lines)
    batch = grade_assignment(course, CHAPTER, pool=NoPool())
    assert batch.failed == {}
    assert taken(course) == {who: points for who, points in expected.items() if who != "before"}
    assert grade_assignment(course, CHAPTER, pool=NoPool()).unchanged == len(HANDED_IN)


def test_an_extension_stands_where_formgrader_looks(root):
    configured(root, "")
    course = configured(
        root, ON + f"c.LatePerDay.extensions = {{{CHAPTER!r}: {{'25_hours': 2}}}}\nc.LatePerDay.per_day = 0.1"
    )
    grade_assignment(course, CHAPTER, pool=NoPool())
    with Gradebook(course.db_url, course.course_id) as gradebook:
        assert gradebook.find_submission(CHAPTER, "25_hours").total_seconds_late == 0
        assert gradebook.find_submission(CHAPTER, "a_month").total_seconds_late > 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("c.LatePerDay.per_day = 10", "LatePerDay.per_day is 10 and must be a share, from 0 to 1"),
        ("c.LatePerDay.most = -0.1", "LatePerDay.most is -0.1 and must be a share"),
        ("c.LatePerDay.grace_minutes = -5", "LatePerDay.grace_minutes is -5 and must be 0 or more"),
        ("c.LatePerDay.extensions = {'01_conv1d': {'ada': -1}}", "gives ada -1 days for 01_conv1d"),
        ("c.LatePerDay.extensions = {'ada': 3}", "extensions"),
        ("c.LatePerDay.of = 'everything'", "everything"),
    ],
)
def test_a_policy_that_is_none_is_refused_before_anything_is_done(root, line, said):
    with pytest.raises(CourseError, match=f"nbgrader_config.py: .*{said}"):
        grade_assignment(configured(root, ON + line), CHAPTER, pool=NoPool())


@pytest.mark.more
def test_stock_nbgrader_takes_off_the_same(root, tmp_path):
    from convlab.grading.native import must, nbgrader_api

    shutil.copytree(root / "source", tmp_path / "source")
    shutil.copytree(root / "submitted", tmp_path / "submitted")
    course = configured(
        tmp_path,
        ON + f"c.LatePerDay.per_day = 0.1\nc.LatePerDay.extensions = {{{CHAPTER!r}: {{'25_hours': 1}}}}",
    )
    with Gradebook(course.db_url, course.course_id) as gradebook:
        gradebook.add_assignment(CHAPTER, duedate=DUE)
    with nbgrader_api(course) as api:
        must(api.generate_assignment(CHAPTER, force=True, create=True), "release")
        for student in ("half", "25_hours"):
            must(api.autograde(CHAPTER, student), "autograde")
    with Gradebook(course.db_url, course.course_id) as gradebook:
        penalties = {
            student: gradebook.find_submission_notebook(CHAPTER, CHAPTER, student).late_submission_penalty
            for student in ("half", "25_hours")
        }
    assert penalties == {"half": pytest.approx(0.6), "25_hours": pytest.approx(0.8)}
