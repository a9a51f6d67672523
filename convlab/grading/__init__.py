"""Grades submissions and keeps the marks in nbgrader's gradebook."""

from convlab.grading.stock import GradingError, Mark, Marked, enroll, grade_class

__all__ = ["GradingError", "Mark", "Marked", "enroll", "grade_class"]
