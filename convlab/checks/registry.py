"""Every exercise of the course, by name, in the order of the chapters."""

from __future__ import annotations

from convlab.checks.exercise import Exercise
from convlab.checks.exercises import conv1d, conv2d

__all__ = ["EXERCISES"]

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for chapter in (conv1d, conv2d) for exercise in chapter.EXERCISES
}
