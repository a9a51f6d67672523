"""Answers that are there to be called with are judged in a sandbox of their own; a judge that fails costs points."""

import json
import sys
from pathlib import Path

import pytest

from convlab.checks import oracle
from convlab.demo import _solution
from convlab.grading import AssignmentSpec, grade, referee
from convlab.grading.house import warm
from convlab.grading.limits import Limits
from convlab.grading.wire import PipeClosed, PipeTimeout

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

ROOT = Path(__file__).parents[2]
CHAPTER = "11_break_it"


@pytest.fixture(scope="module")
def spec():
    return AssignmentSpec.load(ROOT / "course" / "source" / CHAPTER / f"{CHAPTER}.ipynb")


def handed_in(**code):
    notebook = json.loads((ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        known = cell["metadata"].get("nbgrader", {})
        if known.get("solution"):
            name = known["grade_id"]
            cell["source"] = code.get(name) or _solution(CHAPTER, name)
    return json.dumps(notebook).encode()


def points(result):
    return {one.name: one.points for one in result.exercises}


def test_nothing_is_judged_in_the_grader_itself(spec, monkeypatch):
    def refuse(*args):
        raise AssertionError("judged here")

    monkeypatch.setattr(oracle, "judged", refuse)
    assert points(grade(handed_in(), spec, seed=1)) == {"find_the_bug": 3, "write_tests": 3}


def one_case(size, **options):
    return f"""
def write_tests():
    call = {{"input": np.ones((1, 1, {size}, {size})), "weight": np.ones((1, 1, 2, 2)), **{options}}}
    return [(call, 0)]
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (one_case(3, padding=20000), "padding"),
        (one_case(300), "10,000"),
        ("def write_tests():\n    return object()", "it must be a list of cases"),
        ("def write_tests():\n    return {1: 2}", "it must be a list of cases"),
    ],
)
def test_what_is_too_large_or_no_argument_is_refused_in_words(spec, code, said):
    result = grade(handed_in(write_tests=code), spec, seed=1)
    assert points(result) == {"find_the_bug": 3, "write_tests": 0}
    assert said in result.exercises[1].message.replace("10000", "10,000")


@pytest.mark.parametrize(
    ("error", "said"),
    [(PipeTimeout("late"), "to judge it takes too long"), (PipeClosed("gone"), "it could not be judged")],
)
def test_a_judge_that_fails_costs_the_points_of_that_answer(spec, monkeypatch, error, said):
    def fail(pipe, name, *rest, ask=referee.ask):
        if name == "write_tests":
            raise error
        return ask(pipe, name, *rest)

    monkeypatch.setattr(referee, "ask", fail)
    result = grade(handed_in(), spec, seed=1)
    assert points(result) == {"find_the_bug": 3, "write_tests": 0}
    assert said in result.exercises[1].message


def test_the_judges_sandbox_is_one():
    run = warm(role="judging").start(Limits())
    try:
        run.pipe.send(("no exercise", (), {}, "plain", None))
        with pytest.raises(PipeClosed):  # it ends with the error, and nothing of it comes out
            run.pipe.receive(10)
    finally:
        assert not run.end().startswith("no sandbox")
