"""A class is graded in the sandbox and recorded by nbgrader: points, pages, lateness; once, and again where it must."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from submissions import corpus

from convlab.grading import Course, CourseError, NoSandbox, grade_assignment, sandbox, write_feedback
from convlab.grading.runner import LocalPool

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"

PARTLY = """
def correlate1d(input, weight):
    if len(weight) > len(input) - 1:
        return np.zeros(1)
    return np.correlate(input, weight, "valid") if False else np.array(
        [input[n : n + len(weight)] @ weight for n in range(len(input) - len(weight) + 1)]
    )
"""
CONFIG = """
c.LateSubmissionPlugin.penalty_method = "zero"
"""


def row(**code):
    return corpus.Row("made here", (0, 0, 0), code=code).submission


CLASS = {
    "all": row(**corpus.ALL),
    "half": row(correlate1d="solution"),
    "late": row(**corpus.ALL),
    "none": b"I could not export it, sorry!",
    "shouts": corpus.Row(
        "shouts",
        (0, 0, 0),
        first=(
            "import sys; print('careful', file=sys.stderr)",
            "print('x' * 10**7)",
            "1 / 0",
            "from IPython.display import HTML, SVG, Markdown\n"
            "evil = '<script>alert(1)</script><svg onload=\"alert(2)\"/><b>bold</b>'\n"
            "display(HTML(evil), Markdown(evil), SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>'))",
        ),
    ).submission,
    "Zoë Ünal": row(**corpus.ALL),
}
POINTS = {
    "all": (3, 3, 2),
    "half": (3, 0, 0),
    "late": (3, 3, 2),
    "none": (0, 0, 0),
    "shouts": (3, 3, 2),
    "Zoë Ünal": (3, 3, 2),
}


def hand_in(course, student, content):
    folder = course.submitted(CHAPTER, student)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{CHAPTER}.ipynb").write_bytes(content)


def make_course(root, students):
    shutil.copy(ROOT / "course" / "nbgrader_config.py", root)
    with (root / "nbgrader_config.py").open("a") as file:
        file.write(CONFIG)
    source = ROOT / "course" / "source" / CHAPTER / f"{CHAPTER}.ipynb"
    (root / "source" / CHAPTER).mkdir(parents=True)
    shutil.copy(source, root / "source" / CHAPTER)
    course = Course(root)
    for student in students:
        hand_in(course, student, CLASS[student])
    return course


@pytest.fixture(scope="module")
def pool():
    with LocalPool(2) as made:
        yield made


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("course"), CLASS)
    with Gradebook(course.db_url, course.course_id) as gradebook:
        gradebook.add_assignment(CHAPTER, duedate="2026-03-01 12:00:00 UTC")
        gradebook.add_student("all", first_name="Ada", last_name="Sample")
    for student, when in {"late": "2026-03-01 13:00:00 UTC", "all": "soon, I promise"}.items():
        (course.submitted(CHAPTER, student) / "timestamp.txt").write_text(when)
    return course


@pytest.fixture(scope="module")
def batch(course, pool):
    before = sorted((file, file.stat().st_mtime_ns) for file in (course.root / "submitted").rglob("*"))
    batch = grade_assignment(course, CHAPTER, pool=pool)
    assert before == sorted(
        (file, file.stat().st_mtime_ns) for file in (course.root / "submitted").rglob("*")
    )
    return batch


def scores(course, student):
    with Gradebook(course.db_url, course.course_id) as gradebook:
        notebook = gradebook.find_submission_notebook(CHAPTER, CHAPTER, student)
        by_name = {grade.name: grade for grade in notebook.grades}
        assert not any(grade.needs_manual_grade for grade in by_name.values())
        return tuple(by_name[f"{name}_check"].auto_score for name in corpus.EXERCISES)


def autograded(course, student):
    return nbformat.read(course.autograded(CHAPTER, student), as_version=4)


def test_everybody_is_graded_and_named(batch):
    assert batch.failed == {}
    assert {one.student: tuple(mark.points for mark in one.marks) for one in batch.marked} == POINTS
    assert [one.student for one in batch.marked] == sorted(CLASS)
    assert next(one for one in batch.marked if one.student == "all").name == "Ada Sample"


@pytest.mark.parametrize("student", CLASS)
def test_the_gradebook_has_the_same_points(course, batch, student):
    assert scores(course, student) == POINTS[student]


def test_a_lost_mark_has_its_reason_and_what_was_seen_is_told(batch):
    marked = {one.student: one for one in batch.marked}
    assert marked["none"].marks[0].reason.startswith("the file cannot be read as a notebook")
    assert "not written yet" in marked["half"].marks[1].reason
    assert marked["all"].flags == ("timestamp.txt says no time: no lateness was counted",)


def test_lateness_is_nbgraders_business(course, batch):
    with Gradebook(course.db_url, course.course_id) as gradebook:
        late = gradebook.find_submission(CHAPTER, "late")
        assert late.total_seconds_late == 3600
        assert late.notebooks[0].late_submission_penalty == 8
        assert gradebook.find_submission(CHAPTER, "all").notebooks[0].late_submission_penalty is None


def test_the_autograded_notebook_is_the_release_with_the_students_text_in_it(course, batch):
    cells = {
        cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in autograded(course, "all").cells
    }
    assert cells["correlate1d"].source == corpus.reference("correlate1d")
    assert "### BEGIN HIDDEN TESTS" in cells["correlate1d_check"].source
    printed, result = cells["correlate1d_check"].outputs
    assert printed.text.startswith("correlate1d: 3 of 3 points\n")
    assert result.data["text/plain"] == "3.0"
    titles = [cell.source for cell in autograded(course, "all").cells if cell.cell_type == "markdown"]
    source = nbformat.read(course.source(CHAPTER), as_version=4)
    assert titles == [cell.source for cell in source.cells if cell.cell_type == "markdown"]


def test_own_cells_stand_where_they_stood_with_what_they_showed(course, batch):
    cells = [cell for cell in autograded(course, "shouts").cells if cell.cell_type == "code"]
    place = next(i for i, cell in enumerate(cells) if "careful" in cell.source)
    assert cells[place].outputs[0].name == "stderr"
    assert len(cells[place + 1].outputs[0].text) < 300_000
    assert "and more, which was not kept" in cells[place + 1].outputs[-1].text
    assert cells[place + 2].outputs[0].ename == "ZeroDivisionError"
    assert cells[place + 4].source == corpus.reference("correlate1d")


def test_nothing_that_could_run_reaches_the_autograded_notebook(course, batch):
    cells = [cell for cell in autograded(course, "shouts").cells if cell.cell_type == "code"]
    shown = [output.data for output in next(cell for cell in cells if "evil" in cell.source).outputs]
    assert shown[0]["text/html"] == "<b>bold</b>"
    for data in shown:
        assert set(data) <= {"text/plain", "text/html", "image/png"}
        assert "script" not in data.get("text/html", "")
        assert "onload" not in data.get("text/html", "")


def test_no_result_tells_the_seed(course, batch):
    seed = (course.own(CHAPTER) / "seed").read_text().strip()
    for student in CLASS:
        assert seed not in course.autograded(CHAPTER, student).read_text()
        assert json.loads((course.own(CHAPTER) / "results" / f"{student}.json").read_text())["result"][
            "seed"
        ] == int(seed)


def test_a_second_run_runs_nothing_and_a_resubmission_runs_alone(course, batch, pool, monkeypatch):
    again = grade_assignment(course, CHAPTER, pool=pool)
    assert again.unchanged == len(CLASS)
    with monkeypatch.context() as patched:
        # Without a pool of its own: where nothing must be run, no process is begun.
        patched.setattr(LocalPool, "_new", lambda self: pytest.fail("a process was begun"))
        assert grade_assignment(course, CHAPTER).unchanged == len(CLASS)
    assert [one.marks for one in again.marked] == [one.marks for one in batch.marked]
    hand_in(course, "half", row(correlate1d="solution", output_size="solution"))
    more = grade_assignment(course, CHAPTER, pool=pool)
    assert more.unchanged == len(CLASS) - 1
    assert scores(course, "half") == (3, 0, 2)
    hand_in(course, "half", CLASS["half"])
    only = grade_assignment(course, CHAPTER, students=["half"], pool=pool)
    assert [one.student for one in only.marked] == ["half"]
    assert scores(course, "half") == (3, 0, 0)


def test_a_result_that_the_gradebook_lacks_is_recorded_without_a_run(course, batch, pool):
    course.autograded(CHAPTER, "all").unlink()
    again = grade_assignment(course, CHAPTER, students=["all"], pool=pool)
    assert again.unchanged == 0
    assert course.autograded(CHAPTER, "all").is_file()


def test_everybody_gets_a_page(course, batch):
    pages = write_feedback(course, CHAPTER)
    assert [page.parent.parent.name for page in pages] == sorted(CLASS)
    seed = (course.own(CHAPTER) / "seed").read_text().strip()
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "HIDDEN TESTS" not in text
        assert seed not in text
    assert write_feedback(course, CHAPTER, students=["half"]) == [course.feedback(CHAPTER, "half")]


def test_who_cannot_be_graded_is_told_before_anything_is_done(course, tmp_path, monkeypatch):
    with pytest.raises(CourseError, match="nobody handed in nothing for 01_conv1d"):
        grade_assignment(course, CHAPTER, students=["nobody"])
    with pytest.raises(CourseError, match="there is no assignment 99_none"):
        grade_assignment(course, "99_none")
    with pytest.raises(CourseError, match="nothing was handed in for 99_none"):
        write_feedback(course, "99_none")
    with pytest.raises(CourseError, match=r"there is no nbgrader_config\.py in"):
        Course(tmp_path)
    (tmp_path / "nbgrader_config.py").write_text("1 / 0")
    with pytest.raises(CourseError, match="raised ZeroDivisionError"):
        Course(tmp_path)

    def refuse():
        raise NoSandbox("there is none")

    monkeypatch.setattr(sandbox, "require", refuse)
    with pytest.raises(NoSandbox):
        grade_assignment(course, CHAPTER)


def test_an_id_that_nbgrader_would_take_for_many_is_left_out_and_told(tmp_path, pool):
    course = make_course(tmp_path, ["all"])
    shutil.copytree(course.submitted(CHAPTER, "all"), course.submitted(CHAPTER, "*"))
    batch = grade_assignment(course, CHAPTER, pool=pool)
    assert [one.student for one in batch.marked] == ["all"]
    assert "cannot take the characters *" in batch.failed["*"]


def test_two_do_not_grade_at_once(course, batch):
    from convlab.grading.collecting import collect
    from convlab.grading.files import held

    with held(course.lock(CHAPTER)):
        with pytest.raises(CourseError, match="01_conv1d is being graded or collected by another process"):
            grade_assignment(course, CHAPTER)
        with pytest.raises(CourseError, match="01_conv1d is being graded or collected by another process"):
            collect(course, CHAPTER, [])


def of_session(leader):
    """The processes that a command has begun and that are still there."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(file.parent.name)
    return found


GRADE = """
from convlab.grading import Course, grade_assignment
if __name__ == "__main__":
    grade_assignment(Course("."), "01_conv1d")
"""


@pytest.mark.more
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_ended_goes_on_to_the_same_gradebook(course, batch, tmp_path, how, pool):
    stopped = make_course(tmp_path, CLASS)
    results = stopped.own(CHAPTER) / "results"
    process = subprocess.Popen(
        [sys.executable, "-c", GRADE], cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None and len(list(results.glob("*.json"))) < 2:
        time.sleep(0.01)
    os.kill(process.pid, how)
    process.wait()
    ends = time.monotonic() + 20
    while time.monotonic() < ends and of_session(process.pid):
        time.sleep(0.05)
    assert of_session(process.pid) == []
    assert grade_assignment(stopped, CHAPTER, pool=pool).failed == {}
    for student in CLASS:
        assert scores(stopped, student) == POINTS[student]


@pytest.mark.more
def test_nbgraders_own_export_has_everybodys_points(course, batch):
    nbgrader = str(Path(sys.executable).with_name("nbgrader"))
    subprocess.run(
        [nbgrader, "export", "--to", "grades.csv"], cwd=course.root, check=True, capture_output=True
    )
    with open(course.root / "grades.csv", encoding="utf-8", newline="") as file:
        rows = {line["student_id"]: line for line in csv.DictReader(file)}
    assert {one: float(rows[one]["raw_score"]) for one in POINTS} == {
        one: float(sum(points)) for one, points in POINTS.items()
    }
    assert float(rows["late"]["late_submission_penalty"]) == 8
