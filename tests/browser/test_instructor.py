"""An instructor grades a class, finds its points and messages in formgrader, and the same on a student's page."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lab import PATIENCE, choose, start
from playwright.sync_api import expect

from convlab.demo import hand_in
from convlab.grading import Course, enroll

pytestmark = pytest.mark.more

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"

# Right for floats; for a signal of integers it cuts fractions off. That is the group "arrays": 1 of 3 points.
CUTS_FRACTIONS_OFF = """
def correlate1d(input, weight):
    output = np.zeros(len(input) - len(weight) + 1, dtype=input.dtype)
    for x in range(len(output)):
        output[x] = input[x : x + len(weight)] @ weight
    return output
"""
# exercise -> what Ben gets, and of how many; `convolve1d` is as it was released.
BEN = {"correlate1d": (2, 3), "convolve1d": (0, 3), "output_size": (2, 2)}
REASON = "Your output takes the input's dtype, so for a signal of integers every fraction is cut off."

# nbgrader's own grading view takes MathJax from another machine, and no setting tells it not to. This stands in its
# place: formulas stay as they are written, and nothing else is missed.
NO_MATHJAX = """\
{%- macro mathjax(url="") -%}
<script>window.MathJax = {Hub: {Startup: {signal: {Interest() {}}}, Queue() {}}};</script>
{%- endmacro -%}
"""


@pytest.fixture
def course(tmp_path):
    """A course of one chapter with Ada, who solved everything, and Ben, who did not."""
    course = tmp_path / "clone" / "course"
    (course / "chapters").mkdir(parents=True)
    shutil.copy(ROOT / "course" / "chapters" / f"{CHAPTER}.py", course / "chapters")
    shutil.copytree(ROOT / "course" / "release" / CHAPTER, course / "release" / CHAPTER)
    shutil.copy(ROOT / "course" / "nbgrader_config.py", course)
    codes = {
        "ada": dict.fromkeys(BEN, "solution"),
        "ben": {"correlate1d": CUTS_FRACTIONS_OFF, "output_size": "solution"},
    }
    for student, code in codes.items():
        hand_in(course, {"student": student, "chapter": CHAPTER, "code": code})
    enroll(Course(course), {"ada": ("Ada", "Sample"), "ben": ("Ben", "Sample")})
    return course


def convlab(course, *arguments):
    """Type a command in the course's folder; what it says."""
    command = [sys.executable, "-m", "convlab", *arguments]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_formgrader_and_the_feedback_page_show_the_points_and_the_message_of_convlab_grade(
    jupyterlab, open_page, course, monkeypatch
):
    said = convlab(course, "grade", CHAPTER)
    assert "Ada Sample: 8 of 8 points" in said
    assert "Ben Sample: 4 of 8 points" in said
    convlab(course, "feedback", CHAPTER)

    templates = Path(jupyterlab.environment["JUPYTER_DATA_DIR"], "nbconvert", "templates", "base")
    templates.mkdir(parents=True)
    (templates / "mathjax.html.j2").write_text(NO_MATHJAX, encoding="utf-8")
    page = open_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{start(jupyterlab, course, monkeypatch)}/lab")
    choose(page, "Nbgrader", "Formgrader")
    formgrader = page.frame_locator("iframe")

    def shown(text):
        """The row of a table that has this text in one of its cells."""
        row = formgrader.get_by_role("row").filter(has=page.get_by_text(text, exact=True))
        expect(row).to_be_visible(timeout=PATIENCE)
        return row

    def follow(text):
        shown(text).get_by_role("link", name=text, exact=True).click()

    assignment = shown(CHAPTER).locator(".num-submissions")
    expect(assignment).to_have_text("2")
    assignment.get_by_role("link").click()
    for name, score in {"Sample, Ada": "8 / 8", "Sample, Ben": "4 / 8"}.items():
        expect(shown(name).locator(".status")).to_have_text("graded")
        expect(shown(name).locator(".score")).to_have_text(score)

    formgrader.get_by_role("link", name="Manual Grading").click()
    follow(CHAPTER)  # the assignment
    expect(formgrader.get_by_text("Notebook ID")).to_be_visible(timeout=PATIENCE)
    follow(CHAPTER)  # its notebook
    expect(formgrader.get_by_role("link", name="Submission #")).to_have_count(2, timeout=PATIENCE)
    formgrader.get_by_role("button", name="Show All Names").click()
    follow("Sample, Ben")
    for exercise, (points, _) in BEN.items():
        score = formgrader.locator(f"input.score#{exercise}_check")
        expect(score).to_have_attribute("placeholder", str(points), timeout=PATIENCE)
    check = formgrader.locator(".cell", has_text='check(correlate1d, exercise="correlate1d")')
    message = check.locator(".output_stream").inner_text().strip().splitlines()
    assert message[:3] == ["correlate1d: 2 of 3 points", "  plain   2 of 2", "  arrays  0 of 1"]
    assert REASON in message

    page = open_page()
    page.goto((course / "feedback" / "ben" / CHAPTER / f"{CHAPTER}.html").as_uri())
    expect(page.locator(".total")).to_have_text("4 of 8 points")
    rows = page.get_by_role("table").first.get_by_role("row")
    told = {exercise: rows.filter(has_text=exercise).locator(".points").inner_text() for exercise in BEN}
    assert told == {exercise: f"{points} of {most}" for exercise, (points, most) in BEN.items()}
    expect(rows.filter(has_text="correlate1d").locator(".reason")).to_have_text(REASON)
