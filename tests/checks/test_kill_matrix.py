"""Every catalogued mistake is caught, by the group it belongs to, and explained by its own sentence."""

import pytest

from convlab.checks import EXERCISES, report

SEEDS = range(5)
CASES = [
    pytest.param(exercise, mistake, id=f"{exercise.name}-{mistake.name}".replace(" ", "_"))
    for exercise in EXERCISES.values()
    for mistake in exercise.mistakes
]


@pytest.mark.parametrize(("exercise", "mistake"), CASES)
def test_every_mistake_is_caught_by_its_group_and_named(exercise, mistake):
    for seed in SEEDS:
        result = report(mistake.function, exercise.name, seed)
        assert not result.passed
        assert result.groups[mistake.group].earned == 0
        assert result.cause == mistake.explanation
        assert mistake.explanation in result.message


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_an_exercise_has_at_least_four_mistakes_with_different_names(exercise):
    names = [mistake.name for mistake in exercise.mistakes]
    assert len(set(names)) == len(names) >= 4


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_every_group_that_gives_points_has_samples_and_every_sample_a_group(exercise):
    assert {sample.group for sample in exercise.draw(0)} == set(exercise.groups)
    assert {mistake.group for mistake in exercise.mistakes} <= set(exercise.groups)
