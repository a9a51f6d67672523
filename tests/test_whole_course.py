"""The course as a whole: 100 points for whoever solves all of it, none for who hands in what was released."""

import shutil
from pathlib import Path

import pytest

from convlab.checks import EXERCISES
from convlab.demo import hand_in
from convlab.grading import Course, grade_class
from convlab.notebook import check_notebook

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted(path.stem for path in (ROOT / "course" / "chapters").glob("*.py"))


def points_of(chapter):
    return sum(exercise.points for exercise in EXERCISES.values() if exercise.chapter == chapter)


def test_the_chapters_together_are_worth_100_points():
    assert sum(map(points_of, CHAPTERS)) == 100
    assert {exercise.chapter for exercise in EXERCISES.values()} == set(CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_solved_chapter_gets_all_its_points(chapter):
    reports = check_notebook(ROOT / "solutions" / f"{chapter}.ipynb", say=lambda line: None)
    assert sum(report.points for report in reports) == points_of(chapter)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_released_chapter_gets_none(chapter):
    file = ROOT / "course" / "release" / chapter / f"{chapter}.ipynb"
    reports = check_notebook(file, say=lambda line: None)
    assert len(reports) == sum(exercise.chapter == chapter for exercise in EXERCISES.values())
    assert sum(report.points for report in reports) == 0


@pytest.mark.more  # minutes: nbgrader starts a kernel for each of 22 notebooks
def test_through_nbgrader_it_is_100_and_0(tmp_path):
    course = tmp_path / "course"
    shutil.copytree(ROOT / "course" / "release", course / "release")
    shutil.copytree(ROOT / "course" / "chapters", course / "chapters")
    shutil.copy(ROOT / "course" / "nbgrader_config.py", course)
    from convlab.authoring import build

    build(tmp_path, execute=False, report=lambda line: None)
    total = {"solved": 0.0, "untouched": 0.0}
    for chapter in CHAPTERS:
        names = [name for name, exercise in EXERCISES.items() if exercise.chapter == chapter]
        hand_in(course, {"student": "solved", "chapter": chapter, "code": dict.fromkeys(names, "solution")})
        hand_in(course, {"student": "untouched", "chapter": chapter})
        for marked in grade_class(Course(course), chapter, progress=lambda line: None):
            total[marked.student] += marked.points
    assert total == {"solved": 100.0, "untouched": 0.0}
