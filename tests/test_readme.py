"""What the README shows is what comes out."""

import re
import shlex
import tomllib
from pathlib import Path

import numpy as np

from convlab import cli
from convlab.checks import EXERCISES, report
from convlab.demo import SAMPLE_CLASS

ROOT = Path(__file__).parents[1]
HANDBOOK = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_message_shown_is_the_message_of_that_mistake():
    def windows_under_the_flipped_kernel(input, weight):
        return np.lib.stride_tricks.sliding_window_view(input, len(weight)) @ weight[::-1]

    flipped = report(windows_under_the_flipped_kernel, "correlate1d")
    assert f">>> check(correlate1d)\n{flipped.message}\n```" in README


def test_every_chapter_has_its_row_with_its_exercises_and_points():
    for text in sorted((ROOT / "course" / "chapters").glob("*.py")):
        exercises = [e for e in EXERCISES.values() if e.chapter == text.stem]
        names = ", ".join(f"`{e.name}`" for e in exercises)
        row = rf"\(course/release/{text.stem}/{text.stem}\.ipynb\) \| {re.escape(names)} \| "
        assert re.search(rf"{row}{sum(e.points for e in exercises)} \|", README), text.stem


def test_every_file_it_links_to_exists():
    for target in re.findall(r"\]\(([^)]+)\)", README + HANDBOOK):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_number_of_sample_students_is_that_of_the_sample_class():
    rows = tomllib.loads((ROOT / SAMPLE_CLASS).read_text(encoding="utf-8"))["row"]
    assert len({row["student"] for row in rows}) == 11
    assert "eleven sample students" in README


def test_every_command_that_is_shown_can_be_typed():
    shown = re.findall(r"^\$ (?:cd \S+ && )?convlab (.+)$", README + HANDBOOK, re.MULTILINE)
    assert len(shown) > 15
    for command in shown:
        cli.make_parser().parse_args(shlex.split(command, comments=True))


def test_the_handbook_names_every_verb_that_an_instructor_types():
    said = set(re.findall(r"convlab ([a-z]+)", HANDBOOK))
    assert {"doctor", "release", "collect", "grade", "report", "similarity", "export", "return"} <= said


def test_the_policies_shown_are_those_of_the_configuration():
    config = (ROOT / "course" / "nbgrader_config.py").read_text(encoding="utf-8")
    for line in re.findall(r"^c\.(?:LatePerDay|AssignLatePenalties)\.\w+ = [^#\n]+", HANDBOOK, re.MULTILINE):
        assert f"# {line.strip()}" in config, line
