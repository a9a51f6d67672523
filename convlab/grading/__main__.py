"""Grades one file and prints the result: `python -m convlab.grading SOURCE.ipynb --file X.ipynb --seed 1 --json`.

Nothing is written and no gradebook is touched.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from convlab.grading.referee import grade
from convlab.grading.result import Result
from convlab.grading.sandbox import NoSandbox
from convlab.grading.spec import AssignmentSpec, SpecError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m convlab.grading", description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="the instructor's source notebook")
    parser.add_argument("--file", type=Path, required=True, help="the notebook that was handed in")
    parser.add_argument("--seed", type=int, default=0, help="draws the values of the calls")
    parser.add_argument("--json", action="store_true", help="print all that is known of it")
    parser.add_argument(
        "--no-sandbox",
        action="store_true",
        help="run it even where it cannot be shut in: it can then do whatever you can",
    )
    given = parser.parse_args(arguments)
    try:
        spec = AssignmentSpec.load(given.source)
        submission = given.file.read_bytes()
        result = grade(submission, spec, seed=given.seed, sandboxed=not given.no_sandbox)
    except (SpecError, NoSandbox, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(result.as_json() if given.json else _as_text(result))
    return 0


def _as_text(result: Result) -> str:
    lines = [f"{result.assignment}: {result.points} of {result.max_points} points in {result.seconds:.2f} s"]
    for exercise in result.exercises:
        lines.append(f"\n{exercise.name}: {exercise.points} of {exercise.max_points} points")
        lines += [f"  {line}" for line in exercise.message.splitlines()]
    lines += [f"\nlimit: {one}" for one in result.limits_hit]
    lines += [f"\nflag: {one}" for one in result.flags]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
