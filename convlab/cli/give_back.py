"""The verbs that give back what was graded: `export` for grades, `return` for feedback."""

from __future__ import annotations

import argparse
from pathlib import Path

from convlab.cli.common import Unusable, Verbs, course_of

__all__ = ["add"]

_NEXT = {
    "canvas": "Upload it in Canvas: Grades, the assignment's menu, Re-Upload Submissions",
    "moodle": "Upload it in Moodle: the assignment's submissions, Upload multiple feedback files in a zip",
    "zips": "One zip for each student",
}
_IMPORT = {
    "canvas": "Import it in Canvas: Grades, Import",
    "moodle": "Import it in Moodle: the assignment's submissions, Upload grading worksheet; or Grades, Import",
    "csv": "For people and their spreadsheets",
}


def add(verbs: Verbs) -> None:
    export = verbs.add_parser(
        "export",
        help="grades as a file that Canvas or Moodle imports, or as CSV",
        description="Write the gradebook's points as a file that Canvas's Gradebook or Moodle imports as it is. "
        "Students without a grade are left out, so that nothing there is overwritten.",
    )
    export.add_argument("assignments", nargs="+", metavar="ASSIGNMENT", help="such as 01_conv1d")
    export.add_argument("--to", required=True, choices=("canvas", "moodle", "csv"), help="what will read it")
    export.add_argument(
        "--gradebook",
        type=Path,
        metavar="FILE.csv",
        help="what the system exported: Canvas's gradebook, or the grading worksheet of Moodle's assignment; "
        "its ids and titles are then used",
    )
    export.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="ASSIGNMENT=TITLE",
        help="the title of an assignment's column there, if it is called otherwise",
    )
    export.add_argument("--student", action="append", default=[], metavar="ID", help="this student's only")
    export.add_argument("--out", type=Path, metavar="FILE", help="default: grading/grades-... in the course")
    export.set_defaults(run=_export)

    give_back = verbs.add_parser(
        "return",
        help="feedback as a zip that Canvas or Moodle hands out, or one zip for each student",
        description="Write everybody's feedback and pack it as Canvas ('Re-Upload Submissions') and Moodle ('Upload "
        "multiple feedback files in a zip') take it, or as one zip for each student. Canvas and Moodle find people "
        "by what `convlab collect` has noted.",
    )
    give_back.add_argument("assignment", metavar="ASSIGNMENT")
    give_back.add_argument("--to", required=True, choices=("canvas", "moodle", "zips"))
    give_back.add_argument("--student", action="append", default=[], metavar="ID", help="this student's only")
    give_back.add_argument(
        "--out", type=Path, metavar="PATH", help="default: grading/ASSIGNMENT/returned... in the course"
    )
    give_back.set_defaults(run=_return)


def _export(options: argparse.Namespace) -> int:
    from convlab.grading import CourseError
    from convlab.grading.exporting import export_grades

    columns = dict(_column(text) for text in options.column)
    course = course_of(options.assignments[0])
    try:
        file, told = export_grades(
            course,
            options.assignments,
            options.to,
            options.out,
            template=options.gradebook,
            columns=columns,
            students=options.student,
        )
    except (CourseError, OSError) as error:
        raise Unusable(str(error)) from None
    for one in told:
        print(f"  {one}")
    print(f"{file}. {_IMPORT[options.to]}")
    return 0


def _column(text: str) -> tuple[str, str]:
    assignment, sign, title = text.partition("=")
    if not sign or not assignment or not title:
        raise Unusable(f"--column {text} must be ASSIGNMENT=TITLE, such as '01_conv1d=Convolution (4711)'")
    return assignment, title


def _return(options: argparse.Namespace) -> int:
    from convlab.grading import CourseError
    from convlab.grading.exporting import give_back
    from convlab.grading.progress import Progress

    course = course_of(options.assignment)
    try:
        with Progress("pages") as progress:
            returned = give_back(
                course,
                options.assignment,
                options.to,
                options.out,
                students=options.student,
                begin=progress.begin,
                told=progress.told,
            )
    except (CourseError, OSError) as error:
        raise Unusable(str(error)) from None
    print(f"{returned.place}: feedback for {len(returned.students)}. {_NEXT[options.to]}")
    if returned.left_out:
        print(f"  left out, as they were not collected from there: {', '.join(returned.left_out)}")
    return 0
