"""The verbs that look at a graded class: `report`, `similarity`. They write pages, and change nothing else."""

from __future__ import annotations

import argparse
from pathlib import Path

from convlab.cli.common import Unusable, Verbs, course_of

__all__ = ["add"]


def add(verbs: Verbs) -> None:
    report = verbs.add_parser(
        "report",
        help="a page about a graded class: what to teach again, who passed what, what waits for you",
        description="Write one page about everybody who was graded. It needs no network, and its links lead to "
        "the students' pages and notebooks.",
    )
    report.add_argument("assignment", metavar="ASSIGNMENT", help="such as 01_conv1d")
    report.add_argument(
        "--out", type=Path, metavar="FILE.html", help="default: grading/ASSIGNMENT/report.html in the course"
    )
    report.add_argument(
        "--csv",
        type=Path,
        metavar="FILE.csv",
        help="also two tables, of exercises and of mistakes, in this file and one beside it; or in this folder",
    )
    report.set_defaults(run=_report)

    similarity = verbs.add_parser(
        "similarity",
        help="which submissions are unusually alike, side by side; never a verdict",
        description="Compare what a class wrote, after names, comments and order are taken away, with each other and "
        "with the instructor's solutions. What everybody writes counts nothing. Nothing is run.",
    )
    similarity.add_argument("assignment", metavar="ASSIGNMENT", help="such as 01_conv1d")
    similarity.add_argument(
        "--out",
        type=Path,
        metavar="FILE.html",
        help="default: grading/ASSIGNMENT/similarity.html in the course",
    )
    similarity.add_argument(
        "--threshold",
        type=float,
        metavar="SHARE",
        help="what two texts must have in common, from 0 to 1 (default: 0.5)",
    )
    similarity.set_defaults(run=_similarity)


def _report(options: argparse.Namespace) -> int:
    from convlab.grading import CourseError
    from convlab.grading.files import write_whole
    from convlab.grading.report import gather, render, write_tables

    course = course_of(options.assignment)
    page = options.out or course.own(options.assignment) / "report.html"
    try:
        klass = gather(course, options.assignment)
        write_whole(page, render(klass, page).encode("utf-8"), private=True)
        tables = write_tables(klass, options.csv) if options.csv else []
    except (CourseError, OSError) as error:
        raise Unusable(str(error)) from None
    print(page.resolve().as_uri())
    for table in tables:
        print(table)
    return 0


def _similarity(options: argparse.Namespace) -> int:
    from convlab.grading import CourseError, SpecError
    from convlab.grading.files import write_whole
    from convlab.grading.similarity import THRESHOLD, likeness_page

    course = course_of(options.assignment)
    page = options.out or course.own(options.assignment) / "similarity.html"
    threshold = THRESHOLD if options.threshold is None else options.threshold
    try:
        html, found = likeness_page(course, options.assignment, page, threshold)
        write_whole(page, html.encode("utf-8"), private=True)
    except (CourseError, SpecError, OSError, ValueError) as error:
        raise Unusable(str(error)) from None
    print(
        f"{found.students} submissions: {len(found.pairs)} pairs to look at, "
        f"{len(found.references)} close to the solutions"
    )
    print(page.resolve().as_uri())
    return 0
