"""Gives back: grades as files that Canvas and Moodle import, feedback as zips that they hand out.

The exporters are nbgrader's plugins: `nbgrader export --exporter=convlab.grading.exporting.CanvasExport` uses them as
`convlab export` does.
"""

from convlab.grading.exporting.canvas import CanvasExport
from convlab.grading.exporting.export import EXPORTERS, export_grades
from convlab.grading.exporting.moodle import MoodleExport
from convlab.grading.exporting.plain import CsvExport
from convlab.grading.exporting.returning import WAYS, Returned, give_back

__all__ = [
    "EXPORTERS",
    "WAYS",
    "CanvasExport",
    "CsvExport",
    "MoodleExport",
    "Returned",
    "export_grades",
    "give_back",
]
