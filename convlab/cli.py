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

    demo = verbs.add_parser("demo", help="build the course and grade a sample class, in the folder demo/")
    demo.set_defaults(run=_demo)

    options = parser.parse_args(arguments)
    try:
        root = _root()
        code: int = options.run(root, options)
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


def _build(root: Path, options: argparse.Namespace) -> int:
    from convlab import authoring, pictures

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


def _demo(root: Path, options: argparse.Namespace) -> int:
    from convlab.authoring import BuildError
    from convlab.demo import demo
    from convlab.grading import GradingError

    try:
        demo(root)
    except (BuildError, GradingError) as error:
        raise _Unusable(str(error)) from None
    return 0
