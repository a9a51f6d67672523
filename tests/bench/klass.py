"""A class of hundreds, end to end: on SQLite and on PostgreSQL, killed and resumed, once more unchanged.

    python run.py bench class [--submissions 500]

Says how many submissions a second, where the time goes, and whether every gradebook is the same. The class is
tests/submissions/large_class.py: the honest corpus and changed solutions; one in a hundred never ends.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

import postgres
from nbgrader.api import Gradebook
from submissions.large_class import large_class

from convlab.authoring import write_source
from convlab.grading import AssignmentSpec, Course, Limits, grade_assignment
from convlab.grading.records import Records
from convlab.grading.replay import replaying
from convlab.grading.runner import Job, LocalPool, run

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"


def main(submissions: int = 500, seed: int = 0) -> None:
    print(f"{submissions} submissions of {CHAPTER} on {len(os.sched_getaffinity(0))} cores")
    with tempfile.TemporaryDirectory(prefix="convlab-class-") as folder:
        one = _course(Path(folder) / "sqlite", submissions, seed)
        _graded(one, "SQLite")
        told = _told(one)
        with _postgresql() as address:
            if address:
                two = _copy(one, Path(folder) / "postgresql", address)
                _graded(two, "PostgreSQL")
                _same(told, _told(two), "PostgreSQL's gradebook")
        three = _copy(one, Path(folder) / "killed", None)
        _killed(three, submissions, random.Random(seed))
        _same(told, _told(three), "the gradebook of a run that was killed five times")
        _again(one)
        _account(one, _scales(one))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process that records: {peak:.0f} MiB")


def _course(root: Path, submissions: int, seed: int) -> Course:
    (root / "course").mkdir(parents=True)
    shutil.copy(ROOT / "course" / "nbgrader_config.py", root / "course")
    shutil.copytree(ROOT / "course" / "chapters", root / "course" / "chapters")
    write_source(root, CHAPTER)
    course = Course(root / "course")
    for student, content in large_class(submissions, seed):
        file = course.submitted(CHAPTER, student) / f"{CHAPTER}.ipynb"
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    return course


def _copy(course: Course, root: Path, db_url: str | None) -> Course:
    """The same class, with the same seed, not yet graded."""
    root.mkdir()
    for part in ("source", "submitted"):
        shutil.copytree(course.root / part, root / part)
    shutil.copy(course.root / "nbgrader_config.py", root)
    if db_url:
        with (root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
            file.write(f"\nc.CourseDirectory.db_url = {db_url!r}\n")
    copy = Course(root)
    copy.own(CHAPTER).mkdir(parents=True)
    shutil.copy(course.own(CHAPTER) / "seed", copy.own(CHAPTER))
    return copy


def _graded(course: Course, where: str) -> None:
    began = time.monotonic()
    batch = grade_assignment(course, CHAPTER)
    seconds = time.monotonic() - began
    if batch.failed:
        sys.exit(f"not graded: {batch.failed}")
    count = len(batch.marked)
    print(
        f"{where}: {count} in {seconds:.1f} s = {count / seconds:.1f} submissions a second, end to end",
        flush=True,
    )


@contextlib.contextmanager
def _postgresql() -> Iterator[str]:
    if postgres.programs() is None:
        print("PostgreSQL: no server is installed here (apt-get install postgresql)")
        yield ""
        return
    with postgres.server() as address:
        yield f"{address}/postgres"


def _killed(course: Course, submissions: int, rng: random.Random) -> None:
    """kill -9 at five random points, then a run to the end."""
    results = course.own(CHAPTER) / "results"
    points = sorted(rng.sample(range(1, max(submissions - 1, 7)), 5))
    for kept in points:
        process = subprocess.Popen(
            [sys.executable, "-m", "convlab", "grade", CHAPTER],
            cwd=course.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and len(list(results.glob("s*.json"))) < kept:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    batch = grade_assignment(course, CHAPTER)
    if batch.failed:
        sys.exit(f"not graded: {batch.failed}")
    print(f"killed after {', '.join(map(str, points))}: {batch.unchanged} were kept by then", flush=True)


def _again(course: Course) -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "convlab", "grade", CHAPTER], cwd=course.root, capture_output=True, text=True
    )
    seconds = time.monotonic() - began
    if done.returncode or " unchanged" not in done.stdout:
        sys.exit(done.stdout + done.stderr)
    print(f"once more, unchanged: {seconds:.1f} s, the start of Python and nbgrader included", flush=True)


def _told(course: Course) -> dict[str, Any]:
    with Gradebook(course.db_url, course.course_id) as gradebook:
        return {
            submission.student.id: sorted(
                (grade.name, grade.auto_score, grade.needs_manual_grade)
                for notebook in submission.notebooks
                for grade in notebook.grades
            )
            for submission in gradebook.assignment_submissions(CHAPTER)
        }


def _same(expected: dict[str, Any], got: dict[str, Any], what: str) -> None:
    different = [who for who in expected.keys() | got.keys() if expected.get(who) != got.get(who)]
    if different:
        sys.exit(f"{what} is another for {sorted(different)}")
    print(f"{what} is the same, mark for mark, for all {len(expected)}")


def _account(course: Course, alone: float) -> None:
    """Where the seconds go, and how many submissions a second that allows.

    Parameters
    ----------
    alone : submissions a second of grade(), in one process
    """
    records = Records(course.own(CHAPTER) / "results")
    found = [record.result for student in course.students(CHAPTER) if (record := records.read(student))]
    usual = [result for result in found if not result.limits_hit]
    long = sum(result.seconds for result in found if result.limits_hit)
    seconds = []
    with replaying(course, CHAPTER) as replay:
        for result in usual[:40]:
            began = time.monotonic()
            replay.record("once_more", result)
            seconds.append(time.monotonic() - began)
    recorded = 1 / statistics.median(seconds)
    kept = [file.stat().st_size for file in (course.own(CHAPTER) / "results").iterdir()]
    shown = [course.autograded(CHAPTER, one).stat().st_size for one in course.students(CHAPTER)]
    cores = len(os.sched_getaffinity(0))
    whole = len(found) / alone + len(found) / recorded + long
    print(
        f"on disk, in the middle: a kept result {statistics.median(kept) / 1000:.0f} kB, "
        f"an autograded notebook {statistics.median(shown) / 1000:.0f} kB"
    )
    print(
        f"one process grades {alone:.1f} a second, the one that records writes {recorded:.1f}; "
        f"{len(found) - len(usual)} that hit a limit took {long:.0f} s of a process besides.\n"
        f"Together that is {whole:.0f} s of processor for {len(found)}, so {cores} cores give at most "
        f"{len(found) * cores / whole:.1f} a second, and any number of cores {recorded:.1f}"
    )


def _scales(course: Course) -> float:
    """grade() alone, on one process and on two, alternated; the class without those that hang.

    Returns
    -------
    submissions a second on one process
    """
    spec = AssignmentSpec.load(course.source(CHAPTER))
    records = Records(course.own(CHAPTER) / "results")
    chosen = []
    for student in course.students(CHAPTER):
        record = records.read(student)
        if record and not record.result.limits_hit and len(chosen) < 120:
            chosen.append(student)

    def jobs() -> Iterator[Job]:
        for student in chosen:
            content = (course.submitted(CHAPTER, student) / f"{CHAPTER}.ipynb").read_bytes()
            yield Job(student, content, spec, 1, Limits())

    rates: dict[int, list[float]] = {1: [], 2: []}
    with LocalPool(1) as single, LocalPool(2) as double:
        pools = {1: single, 2: double}
        for pool in pools.values():
            list(run(jobs(), pool))  # what is done once
        for _ in range(3):
            for size, pool in pools.items():
                began = time.monotonic()
                list(run(jobs(), pool))
                rates[size].append(len(chosen) / (time.monotonic() - began))
    one, two = (statistics.median(rates[size]) for size in (1, 2))
    print(
        f"grade() alone: {one:.1f} a second on one process, {two:.1f} on two: {two / one / 2:.0%} of twice as many"
    )
    return one
