"""The verbs that grade: `grade`, `feedback`, `doctor`."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from convlab.cli.common import Unusable, Verbs, course_of, positive

if TYPE_CHECKING:
    from convlab.grading import Course, Limits
    from convlab.grading.batch import Change

__all__ = ["add"]

_MOST_ROWS = 60  # in a terminal; the report shows larger classes


def add(verbs: Verbs) -> None:
    grade = verbs.add_parser(
        "grade",
        help="grade what was handed in, in a sandbox",
        description="Grade everything in submitted/STUDENT/ASSIGNMENT, and record it in nbgrader's gradebook. "
        "What was graded before and has not changed is not run again.",
    )
    grade.add_argument(
        "assignment",
        metavar="ASSIGNMENT",
        help="such as 01_conv1d; with --file, also the path of a source notebook",
    )
    grade.add_argument("--student", action="append", default=[], metavar="ID", help="this student's only")
    grade.add_argument(
        "--jobs", type=positive, metavar="N", help="processes at a time (default: one for each core)"
    )
    grade.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="grade on the workers of a Dask cluster, such as tcp://10.0.0.5:8786",
    )
    grade.add_argument(
        "--limits",
        default="",
        metavar="NAME=VALUE,...",
        help="such as exercise_seconds=20,memory=4GiB; a name that is none lists all",
    )
    grade.add_argument("--force", action="store_true", help="run also what has not changed")
    grade.add_argument(
        "--exercise",
        action="append",
        default=[],
        metavar="NAME",
        help="play this exercise again for everybody, and this one only; tells what that changes",
    )
    grade.add_argument(
        "--changes", type=Path, metavar="FILE.csv", help="also write there which marks have changed"
    )
    grade.add_argument(
        "--no-sandbox",
        action="store_true",
        help="run it unprotected: a submission can then do whatever you can",
    )
    one = grade.add_argument_group("one file, without a gradebook")
    one.add_argument("--file", type=Path, metavar="X.ipynb", help="grade this file only and print the result")
    one.add_argument("--json", action="store_true", help="print all that is known of it")
    one.add_argument(
        "--seed", type=int, help="draws the values (default: the assignment's secret seed; 0 for a path)"
    )
    grade.set_defaults(run=_grade)

    feedback = verbs.add_parser("feedback", help="write the pages that students get of a graded assignment")
    feedback.add_argument("assignment", metavar="ASSIGNMENT")
    feedback.add_argument("--student", action="append", default=[], metavar="ID", help="this student's only")
    feedback.set_defaults(run=_feedback)

    doctor = verbs.add_parser("doctor", help="whether this machine can grade, and what to do if not")
    doctor.set_defaults(run=_doctor)


def _grade(options: argparse.Namespace) -> int:
    from convlab.grading import CourseError, Limits, NoSandbox, SpecError

    try:
        limits = Limits.parse(filter(None, options.limits.split(",")))
        if options.file:
            return _grade_file(options, limits)
        return _grade_all(options, course_of(options.assignment), limits)
    except (CourseError, SpecError, NoSandbox, OSError, ValueError) as error:
        raise Unusable(str(error)) from None


def _grade_file(options: argparse.Namespace, limits: Limits) -> int:
    from convlab.grading import AssignmentSpec, grade, secret_seed
    from convlab.grading.table import one_result

    submission = options.file.read_bytes()
    source, seed = Path(options.assignment), options.seed
    if source.suffix == ".ipynb":
        seed = seed or 0
    else:
        course = course_of(options.assignment)
        source = course.source(options.assignment)
        seed = secret_seed(course.own(options.assignment)) if seed is None else seed
    spec = AssignmentSpec.load(source)
    result = grade(submission, spec, seed=seed, limits=limits, sandboxed=not options.no_sandbox)
    print(result.as_json() if options.json else one_result(result))
    return 0


def _grade_all(options: argparse.Namespace, course: Course, limits: Limits) -> int:
    from convlab.grading import grade_assignment
    from convlab.grading.cluster import ClusterPool
    from convlab.grading.progress import Progress
    from convlab.grading.table import changes, overview, table

    if options.json or options.seed is not None:
        raise Unusable("--json and --seed are for one file: name it with --file")
    if options.jobs and options.scheduler:
        raise Unusable("--jobs is for this machine; the workers of --scheduler are as many as were started")
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ClusterPool(options.scheduler)) if options.scheduler else None
        progress = stack.enter_context(Progress())
        batch = grade_assignment(
            course,
            options.assignment,
            students=options.student,
            jobs=options.jobs,
            limits=limits,
            sandboxed=not options.no_sandbox,
            force=options.force,
            again=options.exercise,
            pool=pool,
            begin=progress.begin,
            told=progress.told,
        )
    show = table if len(batch.marked) <= _MOST_ROWS else overview
    print(show(options.assignment, batch.marked))
    if batch.changes:
        print(f"\n{changes(batch.changes)}")
    if options.changes:
        _write_changes(options.changes, batch.changes)
    print(f"\n{progress.summary(batch)}")
    print(f"Gradebook: {course.db_url}. Pages for students: convlab feedback {options.assignment}")
    return 1 if batch.failed else 0


def _write_changes(file: Path, changed: Sequence[Change]) -> None:
    from convlab.grading.files import write_whole
    from convlab.grading.spreadsheet import as_csv, harmless

    rows = [
        (harmless(one.student), harmless(one.name), one.exercise, one.before, one.after, one.resubmitted)
        for one in changed
    ]
    header = ("student", "name", "exercise", "before", "after", "resubmitted")
    write_whole(file, as_csv([header, *rows], mark=True), private=True)


def _feedback(options: argparse.Namespace) -> int:
    from convlab.grading import CourseError, write_feedback
    from convlab.grading.progress import Progress

    course = course_of(options.assignment)
    try:
        with Progress("pages") as progress:
            pages = write_feedback(
                course,
                options.assignment,
                students=options.student,
                begin=progress.begin,
                told=progress.told,
            )
    except CourseError as error:
        raise Unusable(str(error)) from None
    if pages:
        print(f"{len(pages)} pages, the first is {pages[0]}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from convlab.grading.doctor import doctor

    return doctor()
