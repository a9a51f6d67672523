"""An exercise's definition: all that it reaches is in it, and another exercise's change is not."""

import ast
import shutil
import sys

import pytest

from convlab.checks import EXERCISES
from convlab.checks.oracle import expected, judged
from convlab.grading import definition as module
from convlab.grading.definition import FOLDER, definition, reached


def place(exercise):
    return module._place(exercise)


def ran(exercise):
    """The places of all code below `FOLDER` that runs when the exercise is drawn, answered and got wrong."""
    found = set()

    def see(frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(str(FOLDER)):
            found.add((frame.f_code.co_filename, frame.f_lineno))

    sys.setprofile(see)
    try:
        for sample in exercise.draw(0):
            if not exercise.judge:
                expected(exercise, sample)
            for mistake in exercise.mistakes:
                try:
                    answer = mistake.function(*sample.args, **sample.kwargs)
                    if exercise.judge:
                        judged(exercise, sample, answer)
                except Exception:  # a mistake may raise: it is one
                    continue
    finally:
        sys.setprofile(None)
    return found


@pytest.mark.parametrize("name", EXERCISES)
def test_whatever_an_exercise_runs_is_in_its_definition(name):
    exercise = EXERCISES[name]
    lines = set()
    for where, bound in reached(place(exercise)):
        for statement in module._statements(where)[bound]:
            begin = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", []))])
            lines |= {
                (str(FOLDER.parent / (where.replace(".", "/") + ".py")), n)
                for n in range(begin, statement.end_lineno + 1)
            }
    seen = ran(exercise)
    assert seen
    assert seen <= lines


def definitions(folder, monkeypatch):
    monkeypatch.setattr(module, "FOLDER", folder)
    module._statements.cache_clear()
    definition.cache_clear()
    try:
        return {name: definition(exercise) for name, exercise in EXERCISES.items()}
    finally:
        monkeypatch.undo()
        module._statements.cache_clear()
        definition.cache_clear()


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("conv1d.py", 'name="output_size",', 'name="output_size", minutes=3,', {"output_size"}),
        ("conv1d.py", "def never_moves(", "# a comment\n\n\ndef never_moves(", set()),
        (
            "conv1d.py",
            "SHAPES = [(3, 2), ",
            "SHAPES = [(3, 2), (3, 2), ",
            {"correlate1d", "convolve1d"},
        ),
        (
            "conv1d.py",
            "weight[1:] for n in range(places)",
            "weight[2:] for n in range(places)",
            {"correlate1d"},
        ),
        ("backprop.py", "EXERCISES = (", "more = 1\n\nEXERCISES = (", set()),
        ("_grouped.py", "LAYOUTS, lay_out", "LAYOUTS, lay_out, fractions", {"conv2d_grouped"}),
    ],
)
def test_a_change_is_seen_where_it_is_reached_and_nowhere_else(
    tmp_path, monkeypatch, file, old, new, changed
):
    before = definitions(FOLDER, monkeypatch)
    folder = tmp_path / "exercises"
    shutil.copytree(FOLDER, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    ast.parse(text.replace(old, new))
    after = definitions(folder, monkeypatch)
    assert {name for name in EXERCISES if before[name] != after[name]} == changed


def test_no_two_exercises_are_alike():
    assert len({definition(exercise) for exercise in EXERCISES.values()}) == len(EXERCISES)
