"""The page that a student gets: their code, what was wrong with it, and nothing that can run or load anything.

Plugged into nbgrader by `GenerateFeedback.exporter_class` and `.preprocessors`; so `nbgrader generate_feedback`, its
API and formgrader's button all write these pages. This package must not know how a submission was graded: it reads
an autograded notebook and the gradebook.
"""

from convlab.grading.feedback.exporter import FeedbackExporter, GetMarks

__all__ = ["FeedbackExporter", "GetMarks"]
