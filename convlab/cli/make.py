"""The maintainer's verbs: chapters to notebooks, pages and the sample class; checks of one's own notebook."""

from __future__ import annotations

import argparse
from pathlib import Path

from convlab.cli.common import Unusable, Verbs, project

__all__ = ["add"]


def add(verbs: Verbs) -> None:
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

    release = verbs.add_parser(
        "release", help="what students get, as one zip: chapters, package, how to install"
    )
    release.add_argument(
        "chapters", nargs="*", metavar="CHAPTER", help="such as 01_conv1d; all if none is named"
    )
    release.add_argument(
        "--out",
        type=Path,
        default=Path("convlab-course.zip"),
        metavar="FILE.zip",
        help="(convlab-course.zip)",
    )
    release.set_defaults(run=_release)

    check = verbs.add_parser("check", help="run a notebook of your own and check every exercise in it")
    check.add_argument("file", type=Path, metavar="FILE.ipynb")
    check.add_argument("--seed", type=int, default=0, help="draws the samples' values (default: 0)")
    check.set_defaults(run=_check)

    matrix = verbs.add_parser("kill-matrix", help="which wrong implementations the samples catch and name")
    matrix.add_argument("--write", action="store_true", help="write it to tests/kill_matrix.md")
    matrix.set_defaults(run=_kill_matrix)

    pages = verbs.add_parser("site", help="the solved chapters as pages that need no network, in build/site/")
    pages.set_defaults(run=_site)

    demo = verbs.add_parser("demo", help="build the course and grade a sample class, in the folder demo/")
    demo.set_defaults(run=_demo)


def _build(options: argparse.Namespace) -> int:
    from convlab import authoring, pictures

    root = project()
    chapters = options.chapters or None
    try:
        if not options.check:
            authoring.build(root, chapters=chapters, force=options.force)
            pictures.build(root)
            return 0
        problems = authoring.check(root, chapters=chapters) + pictures.check(root)
    except authoring.BuildError as error:
        raise Unusable(str(error)) from None
    for problem in problems:
        print(problem)
    if not problems:
        print("Every built file is that of its chapter.")
    return 1 if problems else 0


def _release(options: argparse.Namespace) -> int:
    from convlab.authoring import BuildError
    from convlab.authoring.bundle import bundle

    try:
        bundle(project(), options.out, chapters=options.chapters or None)
    except (BuildError, OSError) as error:
        raise Unusable(str(error)) from None
    return 0


def _check(options: argparse.Namespace) -> int:
    from convlab.notebook import UnreadableNotebook, check_notebook

    try:
        reports = check_notebook(options.file, options.seed)
    except UnreadableNotebook as error:
        raise Unusable(str(error)) from None
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
        file = project() / "tests" / "kill_matrix.md"
        file.write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote {file}")
    else:
        print(f"\n{text}", end="")
    return 0 if all(row.caught == row.seeds and not row.misnamed for row in rows) else 1


def _site(options: argparse.Namespace) -> int:
    from convlab import site

    try:
        print(site.build(project()).as_uri())
    except site.SiteError as error:
        raise Unusable(str(error)) from None
    return 0


def _demo(options: argparse.Namespace) -> int:
    from convlab.authoring import BuildError
    from convlab.demo import demo
    from convlab.grading import CourseError, NoSandbox

    try:
        demo(project())
    except (BuildError, CourseError, NoSandbox) as error:
        raise Unusable(str(error)) from None
    return 0
