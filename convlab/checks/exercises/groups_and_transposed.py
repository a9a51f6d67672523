"""Chapter 9, groups and transposed convolution: `conv2d_grouped`, `conv_transpose2d`."""

from __future__ import annotations

from convlab.checks.exercises._grouped import conv2d_grouped
from convlab.checks.exercises._transposed import conv_transpose2d

__all__ = ["EXERCISES"]

EXERCISES = (conv2d_grouped, conv_transpose2d)
