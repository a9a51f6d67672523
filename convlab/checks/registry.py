"""Every exercise of the course, by name, in the order of the chapters."""

from __future__ import annotations

from convlab.checks.exercise import Exercise
from convlab.checks.exercises import (
    backprop,
    break_it,
    channels_and_batches,
    conv1d,
    conv2d,
    dilation,
    groups_and_transposed,
    matrix_product,
    speed,
    stride_and_padding,
    training,
)

__all__ = ["EXERCISES"]

CHAPTERS = (
    conv1d,
    conv2d,
    channels_and_batches,
    stride_and_padding,
    dilation,
    matrix_product,
    backprop,
    speed,
    groups_and_transposed,
    training,
    break_it,
)

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for chapter in CHAPTERS for exercise in chapter.EXERCISES
}
