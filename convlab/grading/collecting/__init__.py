"""Takes what a class has handed in from the zips of Canvas, Moodle and Brightspace into the course.

Everything in such a zip was made by strangers: it is read within limits, nothing of it is run or unpacked, and no
name of it becomes a path.
"""

from convlab.grading.collecting.archive import ArchiveLimits
from convlab.grading.collecting.collection import collect
from convlab.grading.collecting.ledger import Collected, Ledger
from convlab.grading.collecting.names import SYSTEMS
from convlab.grading.collecting.outcome import Collection, Outcome
from convlab.grading.collecting.roster import Row, read_roster

__all__ = [
    "SYSTEMS",
    "ArchiveLimits",
    "Collected",
    "Collection",
    "Ledger",
    "Outcome",
    "Row",
    "collect",
    "read_roster",
]
