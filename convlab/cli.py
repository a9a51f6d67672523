"""The `convlab` command: each verb reads its arguments, calls one function, and says what came of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import convlab

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


def _demo(options: argparse.Namespace) -> int:
    from convlab.authoring import BuildError
    from convlab.demo import demo
    from convlab.grading import GradingError

    try:
        demo(_root())
    except (BuildError, GradingError) as error:
        raise _Unusable(str(error)) from None
    return 0
