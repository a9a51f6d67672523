"""The pages as nbgrader writes them: plugged in by settings alone, for its command and for its API."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytestmark = [
    pytest.mark.more,
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),  # nbgrader's own, about its sessions
]

SETTINGS = """
c = get_config()
c.CourseDirectory.course_id = "convlab"
c.GenerateFeedback.exporter_class = "convlab.grading.feedback.FeedbackExporter"
c.GenerateFeedback.preprocessors = ["convlab.grading.feedback.GetMarks"]
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with one autograded submission of two exercises, one of which waits for a hand."""
    from nbgrader.api import Gradebook

    root = tmp_path_factory.mktemp("course")
    (root / "nbgrader_config.py").write_text(SETTINGS)
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{path}"  # nbgrader runs `alembic`
    try:
        with Gradebook(f"sqlite:///{root / 'gradebook.db'}", "convlab") as gradebook:
            gradebook.add_assignment("ps1")
            gradebook.add_notebook("nb", "ps1")
            for name in ("f_check", "essay"):
                gradebook.add_grade_cell(name, "nb", "ps1", max_score=4, cell_type="code")
            gradebook.add_solution_cell("f", "nb", "ps1")
            gradebook.add_student("s1", first_name="Ada", last_name="Example")
            gradebook.add_submission("ps1", "s1").notebooks[0].late_submission_penalty = 0.5
            grades = {
                grade.name: grade for grade in gradebook.find_submission_notebook("nb", "ps1", "s1").grades
            }
            grades["f_check"].auto_score, grades["f_check"].needs_manual_grade = 3.0, False
            gradebook.find_comment("f", "nb", "ps1", "s1").manual_comment = "Nearly."
            gradebook.db.commit()
    finally:
        os.environ["PATH"] = path
    check = "check(f)\n### BEGIN HIDDEN TESTS\ncheck(f, seed=grading_seed())\n### END HIDDEN TESTS"
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("def f(): ...", metadata={"nbgrader": about("f", solution=True)}),
            nbformat.v4.new_code_cell(check, metadata={"nbgrader": about("f_check", grade=True)}),
            nbformat.v4.new_code_cell("1", metadata={"nbgrader": about("essay", grade=True, solution=True)}),
            nbformat.v4.new_code_cell("2", metadata={"nbgrader": about("unknown", grade=True)}),
        ]
    )
    folder = root / "autograded" / "s1" / "ps1"
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "nb.ipynb")
    return root


def about(grade_id, grade=False, solution=False):
    return {
        "grade_id": grade_id,
        "grade": grade,
        "solution": solution,
        "locked": grade and not solution,
        "task": False,
        "points": 4,
        "schema_version": 3,
        "cell_type": "code",
    }


def is_ours(page):
    text = page.read_text(encoding="utf-8")
    assert "Content-Security-Policy" in text
    assert "Ada Example" in text
    assert "<strong>2.5</strong> of 8 points" in text
    assert "0.5 taken off" in text
    assert "3 of 4" in text
    assert "waits to be marked by hand" in text
    assert "Nearly." in text
    assert "grading_seed" not in text
    assert "<script" not in text
    return text


def test_the_api_writes_our_page_and_the_same_bytes_again(course, monkeypatch):
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    monkeypatch.chdir(course)
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config())
    config.CourseDirectory.root = str(course)
    page = course / "feedback" / "s1" / "ps1" / "nb.html"
    texts = []
    for _ in range(2):
        result = NbGraderAPI(config=config).generate_feedback("ps1", "s1")
        assert result["success"], result
        texts.append(is_ours(page))
    assert texts[0] == texts[1]


def test_the_command_writes_our_page(course):
    command = [sys.executable, "-m", "nbgrader", "generate_feedback", "ps1", "--force"]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    is_ours(course / "feedback" / "s1" / "ps1" / "nb.html")
