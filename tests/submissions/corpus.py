"""Submissions that are broken, hostile, or honest but odd: what each hands in, and exactly what it must earn."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from submissions import broken, files, forgery, honest, network, resources
from submissions.rows import ALL, EXERCISES, FULL, RELEASE, SOURCE, Row, cell_of, reference

__all__ = [
    "ALL",
    "CORPUS",
    "EXERCISES",
    "FORGED",
    "FULL",
    "HONEST",
    "RELEASE",
    "SOURCE",
    "Row",
    "cell_of",
    "reference",
]

HONEST = honest.ROWS
FORGED = forgery.ROWS
CORPUS = (*honest.ROWS, *broken.ROWS, *forgery.ROWS, *resources.ROWS, *files.ROWS, *network.ROWS)
