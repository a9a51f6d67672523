"""The `convlab` command: each verb reads its arguments, calls one function, and says what came of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import convlab

if TYPE_CHECKING:
    from convlab.grading import Course, Limits

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 if all went well, 1 if there is something to mend, 2 for arguments it cannot read."""
    parser = argparse.ArgumentParser(
        prog="convlab", description="Build and grade a course that teaches convolution."
    )
    parser.add_argument("--version", action="version", version=f"convlab {convlab.__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")

    build = verbs.add_parser("build", help="chapter texts to notebooks and pictures")
    build.add_argument(
        "--check", action="store_true", help="only say what is out of date; nothing is executed"
    )
    build.add_argument(
        "--force", action="store_true", help="execute chapters whose code has not changed, too"
    )
    build.add_argument(
        "chapters", nargs="*", metavar="CHAPTER", help="such as 01_conv1d; all if none is named"
    )
    build.set_defaults(run=_build)

    check = verbs.add_parser("check", help="run a notebook of your own and check every exercise in it")
    check.add_argument("file", type=Path, metavar="FILE.ipynb")
    check.add_argument("--seed", type=int, default=0, help="draws the samples' values (default: 0)")
    check.set_defaults(run=_check)

    matrix = verbs.add_parser("kill-matrix", help="which wrong implementations the samples catch and name")
    matrix.add_argument("--write", action="store_true", help="write it to tests/kill_matrix.md")
    matrix.set_defaults(run=_kill_matrix)

    _add_grade(verbs)

    feedback = verbs.add_parser("feedback", help="write the pages that students get of a graded assignment")
    feedback.add_argument("assignment", metavar="ASSIGNMENT")
    feedback.add_argument("--student", action="append", default=[], metavar="ID", help="this student's only")
    feedback.set_defaults(run=_feedback)

    doctor = verbs.add_parser("doctor", help="whether this machine can grade, and what to do if not")
    doctor.set_defaults(run=_doctor)

    pages = verbs.add_parser("site", help="the solved chapters as pages that need no network, in build/site/")
    pages.set_defaults(run=_site)

    demo = verbs.add_parser("demo", help="build the course and grade a sample class, in the folder demo/")
    demo.set_defaults(run=_demo)

    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except _Unusable as error:
        print(f"convlab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("convlab: stopped", file=sys.stderr)
        return 130
    return code


def _add_grade(verbs: Any) -> None:
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
        "--jobs", type=_positive, metavar="N", help="processes at a time (default: one for each core)"
    )
    grade.add_argument(
        "--limits",
        default="",
        metavar="NAME=VALUE,...",
        help="such as exercise_seconds=20,memory=4GiB; a name that is none lists all",
    )
    grade.add_argument("--force", action="store_true", help="run also what has not changed")
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


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"it is {number} and must be at least 1")
    return number


class _Unusable(Exception):
    """What cannot be done, in words for whoever typed the command."""


def _root() -> Path:
    """The project's folder: the working directory or the nearest above it that holds course/chapters."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "course" / "chapters").is_dir():
            return folder
    raise _Unusable(
        f"there is no course/chapters in {here} or above it: call convlab in a clone of the project"
    )


def _build(options: argparse.Namespace) -> int:
    from convlab import authoring, pictures

    root = _root()
    chapters = options.chapters or None
    try:
        if not options.check:
            authoring.build(root, chapters=chapters, force=options.force)
            pictures.build(root)
            return 0
        problems = authoring.check(root, chapters=chapters) + pictures.check(root)
    except authoring.BuildError as error:
        raise _Unusable(str(error)) from None
    for problem in problems:
        print(problem)
    if not problems:
        print("Every built file is that of its chapter.")
    return 1 if problems else 0


def _check(options: argparse.Namespace) -> int:
    from convlab.notebook import UnreadableNotebook, check_notebook

    try:
        reports = check_notebook(options.file, options.seed)
    except UnreadableNotebook as error:
        raise _Unusable(str(error)) from None
    return 0 if all(report.passed for report in reports) else 1


def _kill_matrix(options: argparse.Namespace) -> int:
    from convlab.checks import EXERCISES
    from convlab.checks.kill_matrix import as_markdown, kill_matrix

    rows = []
    for row in kill_matrix(EXERCISES.values()):
        print(
            f"{row.exercise}: {row.mistake}: caught {row.caught}/{row.seeds}, named {row.named}/{row.seeds}"
        )
        rows.append(row)
    text = as_markdown(rows)
    if options.write:
        file = _root() / "tests" / "kill_matrix.md"
        file.write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote {file}")
    else:
        print(f"\n{text}", end="")
    return 0 if all(row.caught == row.seeds and not row.misnamed for row in rows) else 1


def _course(assignment: str) -> Course:
    """The course of the working directory, or of the clone around it; with the assignment's source notebook."""
    from convlab.authoring import BuildError, write_source
    from convlab.grading import Course, CourseError

    here = Path.cwd()
    folders = [*(one for folder in (here, *here.parents) for one in (folder, folder / "course"))]
    root = next((one for one in folders if (one / "nbgrader_config.py").is_file()), here)
    try:
        course = Course(root)
        if not course.source(assignment).is_file():
            if not (root / "chapters" / f"{assignment}.py").is_file():
                raise _Unusable(
                    f"there is no assignment {assignment}: {course.source(assignment)} is missing"
                )
            write_source(root.parent, assignment)
    except (CourseError, BuildError) as error:
        raise _Unusable(str(error)) from None
    return course


def _grade(options: argparse.Namespace) -> int:
    from convlab.grading import CourseError, Limits, NoSandbox, SpecError

    try:
        limits = Limits.parse(filter(None, options.limits.split(",")))
        if options.file:
            return _grade_file(options, limits)
        return _grade_all(options, _course(options.assignment), limits)
    except (CourseError, SpecError, NoSandbox, OSError, ValueError) as error:
        raise _Unusable(str(error)) from None


def _grade_file(options: argparse.Namespace, limits: Limits) -> int:
    from convlab.grading import AssignmentSpec, grade, secret_seed
    from convlab.grading.table import one_result

    submission = options.file.read_bytes()
    source, seed = Path(options.assignment), options.seed
    if source.suffix == ".ipynb":
        seed = seed or 0
    else:
        course = _course(options.assignment)
        source = course.source(options.assignment)
        seed = secret_seed(course.own(options.assignment)) if seed is None else seed
    spec = AssignmentSpec.load(source)
    result = grade(submission, spec, seed=seed, limits=limits, sandboxed=not options.no_sandbox)
    print(result.as_json() if options.json else one_result(result))
    return 0


def _grade_all(options: argparse.Namespace, course: Course, limits: Limits) -> int:
    from convlab.grading import grade_assignment
    from convlab.grading.progress import Progress
    from convlab.grading.table import table

    if options.json or options.seed is not None:
        raise _Unusable("--json and --seed are for one file: name it with --file")
    with Progress() as progress:
        batch = grade_assignment(
            course,
            options.assignment,
            students=options.student,
            jobs=options.jobs,
            limits=limits,
            sandboxed=not options.no_sandbox,
            force=options.force,
            begin=progress.begin,
            told=progress.told,
        )
    print(table(options.assignment, batch.marked))
    print(f"\n{progress.summary(batch)}")
    print(f"Gradebook: {course.db_url}. Pages for students: convlab feedback {options.assignment}")
    return 1 if batch.failed else 0


def _feedback(options: argparse.Namespace) -> int:
    from convlab.grading import CourseError, write_feedback
    from convlab.grading.progress import Progress

    course = _course(options.assignment)
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
        raise _Unusable(str(error)) from None
    if pages:
        print(f"{len(pages)} pages, the first is {pages[0]}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from convlab.grading.doctor import doctor

    return doctor()


def _site(options: argparse.Namespace) -> int:
    from convlab import site

    try:
        print(site.build(_root()).as_uri())
    except site.SiteError as error:
        raise _Unusable(str(error)) from None
    return 0


def _demo(options: argparse.Namespace) -> int:
    from convlab.authoring import BuildError
    from convlab.demo import demo
    from convlab.grading import CourseError, NoSandbox

    try:
        demo(_root())
    except (BuildError, CourseError, NoSandbox) as error:
        raise _Unusable(str(error)) from None
    return 0
