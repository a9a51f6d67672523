"""The verb that takes submissions from a learning management system: `collect`."""

from __future__ import annotations

import argparse
from datetime import tzinfo
from pathlib import Path

from convlab.cli.common import Unusable, Verbs, course_of

__all__ = ["add"]


def add(verbs: Verbs) -> None:
    collect = verbs.add_parser(
        "collect",
        help="take submissions from zips that Canvas, Moodle or Brightspace made",
        description="Take an assignment's submissions from zips, as Canvas ('Download submissions'), Moodle "
        "('Download all submissions') and Brightspace ('Download') make them, into submitted/. Of several attempts "
        "the latest is graded; the others, and whatever lay there before, are kept. Doing it twice changes nothing.",
    )
    collect.add_argument("assignment", metavar="ASSIGNMENT", help="such as 01_conv1d")
    collect.add_argument(
        "archives", nargs="+", type=Path, metavar="FILE.zip", help="as downloaded, newest last"
    )
    collect.add_argument(
        "--from",
        dest="system",
        choices=("canvas", "moodle", "brightspace"),
        help="which system made the zips (default: told by the names in them)",
    )
    collect.add_argument(
        "--roster",
        type=Path,
        metavar="FILE.csv",
        help="who is in the class: Canvas's gradebook export; Moodle's participants, grades or grading worksheet; "
        "Brightspace's grades; or the columns id,first_name,last_name,email,lms_id. Once is enough",
    )
    collect.add_argument(
        "--timezone",
        metavar="NAME",
        help="whose time the system writes, such as Europe/Rome (default: this machine's)",
    )
    collect.set_defaults(run=_collect)


def _collect(options: argparse.Namespace) -> int:
    from convlab.grading import CourseError, SpecError
    from convlab.grading.collecting import collect, read_roster

    zone = _zone(options.timezone)
    if missing := [str(file) for file in options.archives if not file.is_file()]:
        raise Unusable(f"there is no file {', '.join(missing)}")
    course = course_of(options.assignment)
    try:
        collection = collect(
            course,
            options.assignment,
            options.archives,
            system=options.system,
            roster=read_roster(options.roster) if options.roster else (),
            zone=zone,
        )
    except (CourseError, SpecError, OSError) as error:
        raise Unusable(str(error)) from None
    print(collection.as_text())
    print(f"The same as a table: {collection.report}. Grade it: convlab grade {options.assignment}")
    return 0 if collection.all_taken else 1


def _zone(name: str | None) -> tzinfo | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unusable(f"there is no time zone {name}; such as Europe/Rome or America/New_York") from None
