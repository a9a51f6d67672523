"""Chapter 6, convolution as a matrix product: `windows`, `im2col`, `col2im`, `conv_matrix`."""

from __future__ import annotations

from convlab.checks.exercises._columns import col2im, im2col
from convlab.checks.exercises._conv_matrix import conv_matrix
from convlab.checks.exercises._windows import windows

__all__ = ["EXERCISES"]


EXERCISES = (windows, im2col, col2im, conv_matrix)
