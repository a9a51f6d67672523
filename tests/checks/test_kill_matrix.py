"""Every catalogued mistake is caught, by the group it belongs to, and explained by its own sentence."""

from pathlib import Path

import pytest

from convlab.checks import EXERCISES, report
from convlab.checks.kill_matrix import as_markdown, kill_matrix

MATRIX = Path(__file__).parents[1] / "kill_matrix.md"


@pytest.fixture(scope="module")
def rows():
    return list(kill_matrix(EXERCISES.values()))


def test_every_mistake_is_caught_by_its_group_for_every_seed(rows):
    assert [row for row in rows if row.caught < row.seeds] == []


def test_no_mistake_is_named_wrongly_and_nine_of_ten_are_named(rows):
    assert [row for row in rows if row.misnamed] == []
    assert sum(row.named for row in rows) >= 0.9 * sum(row.seeds for row in rows)


def test_the_written_matrix_is_what_comes_out(rows):
    assert MATRIX.read_text(encoding="utf-8") == as_markdown(rows), "run `convlab kill-matrix --write`"


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_an_exercise_has_at_least_four_mistakes_with_different_names(exercise):
    names = [mistake.name for mistake in exercise.mistakes]
    assert len(set(names)) == len(names) >= 4


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_every_group_that_gives_points_has_samples_and_every_sample_a_group(exercise):
    assert {sample.group for sample in exercise.draw(0)} == set(exercise.groups)
    assert {mistake.group for mistake in exercise.mistakes} <= set(exercise.groups)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_every_message_is_short_enough_to_be_read(exercise):
    for mistake in exercise.mistakes:
        lines = report(mistake.function, exercise.name).message.splitlines()
        assert len(lines) <= 15, mistake.name
        assert max(map(len, lines)) <= 420, mistake.name
        assert mistake.explanation in lines
