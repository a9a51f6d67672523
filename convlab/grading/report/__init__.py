"""What an instructor reads of a graded class: one page, and tables.

`gather` collects what is known of a class, `findings` finds in it what to act on, and `page` and `tables` write it
down. Nothing here grades, and nothing is written but the page and the tables.
"""

from convlab.grading.report.gather import Class, InGradebook, Student, gather
from convlab.grading.report.page import render
from convlab.grading.report.tables import write_tables

__all__ = ["Class", "InGradebook", "Student", "gather", "render", "write_tables"]
