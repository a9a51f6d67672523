"""The `convlab` command: each verb reads its arguments, calls one function, and says what came of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import convlab
from convlab.cli import collect, give_back, grade, make, report
from convlab.cli.common import Unusable

__all__ = ["main", "make_parser"]

# Each adds its verbs, in the order in which `convlab --help` lists them.
_GROUPS = (make, collect, grade, give_back, report)


def make_parser() -> argparse.ArgumentParser:
    """What reads the arguments of all verbs."""
    parser = argparse.ArgumentParser(
        prog="convlab", description="Build and grade a course that teaches convolution."
    )
    parser.add_argument("--version", action="version", version=f"convlab {convlab.__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for group in _GROUPS:
        group.add(verbs)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 if all went well, 1 if there is something to mend, 2 for arguments it cannot read."""
    options = make_parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except Unusable as error:
        print(f"convlab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("convlab: stopped", file=sys.stderr)
        return 130
    return code
