"""convlab's grader beside stock nbgrader, on the same submissions, in one run.

    python run.py bench grading [--submissions 40] [--rounds 3]

Stock nbgrader takes seconds for each submission, so it grades a share of them in each round; all rates are per
submission, at the margin: what is done once for a whole class is left out on both sides. Rounds alternate, and the
median counts.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from convlab.authoring import write_source
from convlab.grading import AssignmentSpec, Course, Limits, Result, grade_assignment
from convlab.grading.native import must, nbgrader_api
from convlab.grading.replay import replaying
from convlab.grading.runner import Job, LocalPool, run
from convlab.solutions import conv1d

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
SEED = 20


def main(submissions: int = 40, rounds: int = 3) -> None:
    with tempfile.TemporaryDirectory(prefix="convlab-bench-") as folder:
        course = _course(Path(folder), submissions)
        _compare(course, submissions, rounds)


def _course(folder: Path, submissions: int) -> Course:
    """A course with as many submissions, each a little different, of people who have solved the chapter."""
    (folder / "course").mkdir()
    shutil.copy(ROOT / "course" / "nbgrader_config.py", folder / "course")
    shutil.copytree(ROOT / "course" / "chapters", folder / "course" / "chapters")
    write_source(folder, CHAPTER)
    course = Course(folder / "course")
    notebook = json.loads((ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb").read_text("utf-8"))
    for number in range(submissions):
        for cell in notebook["cells"]:
            known = cell["metadata"].get("nbgrader", {})
            if known.get("solution"):
                cell["source"] = f"import torch\n{_reference(known['grade_id'])}\n# sample {number}"
        file = course.submitted(CHAPTER, f"sample{number:03}") / f"{CHAPTER}.ipynb"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(notebook), "utf-8")
    return course


def _reference(name: str) -> str:
    return ast.unparse(ast.parse(inspect.getsource(getattr(conv1d, name))))


def _compare(course: Course, submissions: int, rounds: int) -> None:
    students = course.students(CHAPTER)
    spec = AssignmentSpec.load(course.source(CHAPTER))
    share = max(2, min(8, submissions // rounds))
    stock, alone, whole = [], [], []
    print(f"{submissions} submissions of {CHAPTER}, all solved, on {len(os.sched_getaffinity(0))} cores")
    with LocalPool() as pool, _stock(course) as one_by_nbgrader:
        one_by_nbgrader(students[0])  # what is done once
        _grade(spec, course, students[: 2 * pool.size], pool)
        grade_assignment(course, CHAPTER, students=students[:2], pool=pool, force=True)
        for turn in range(rounds):
            chosen = students[turn * share : (turn + 1) * share] or students[:share]
            stock.append(
                _seconds(lambda chosen=chosen: [one_by_nbgrader(one) for one in chosen]) / len(chosen)
            )
            alone.append(_seconds(lambda: _grade(spec, course, students, pool)) / submissions)
            whole.append(
                _seconds(lambda: grade_assignment(course, CHAPTER, pool=pool, force=True)) / submissions
            )
            print(
                f"  round {turn + 1}: stock {stock[-1]:.3f} s, grade() {alone[-1]:.3f} s, "
                f"end to end {whole[-1]:.3f} s a submission",
                flush=True,
            )
        results = _grade(spec, course, students[:10], pool)
    slow, fast, all_of_it = map(statistics.median, (stock, alone, whole))
    for what, seconds in (
        ("stock nbgrader autograde", slow),
        ("grade()", fast),
        ("with the gradebook", all_of_it),
    ):
        print(f"{what:<25} {1 / seconds:6.2f} submissions per second, {slow / seconds:5.1f} times stock's")
    print(_where(results, course))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peaks = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory: this process {peak:.0f} MiB, the largest of the others {peaks:.0f} MiB")


def _seconds(action: Any) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def _grade(spec: AssignmentSpec, course: Course, students: Sequence[str], pool: LocalPool) -> list[Result]:
    """grade() of each, without a gradebook."""

    def jobs() -> Iterator[Job]:
        for student in students:
            content = (course.submitted(CHAPTER, student) / f"{CHAPTER}.ipynb").read_bytes()
            yield Job(student, content, spec, SEED, Limits())

    results = []
    for job, came in run(jobs(), pool):
        if isinstance(came, Exception) or came.points != came.max_points:
            sys.exit(f"{job.student} was not given full marks: {came}")
        results.append(came)
    return results


@contextlib.contextmanager
def _stock(course: Course) -> Iterator[Any]:
    """nbgrader's own autograde, one student at a time, as it would be in a batch."""
    with tempfile.TemporaryDirectory(prefix="convlab-stock-") as scratch:

        def change(config: Any) -> None:
            config.CourseDirectory.db_url = f"sqlite:///{scratch}/gradebook.db"
            for step in ("autograded", "release"):
                setattr(config.CourseDirectory, f"{step}_directory", f"{scratch}/{step}")

        def autograde(student: str) -> None:
            with nbgrader_api(course, change) as api:
                must(api.autograde(CHAPTER, student), f"autograde {student}")
                with api.gradebook as gradebook:
                    submission = gradebook.find_submission(CHAPTER, student)
                    if submission.score != submission.max_score:
                        sys.exit(f"stock nbgrader did not give {student} full marks")

        with nbgrader_api(course, change) as api:
            must(api.generate_assignment(CHAPTER, force=True, create=True), "release")
        yield autograde


def _where(results: Sequence[Result], course: Course) -> str:
    """A line on where the time of a submission goes."""
    spent: Counter[str] = Counter()
    for result in results:
        cells = sum(cell.seconds for cell in result.cells)
        exercises = sum(exercise.seconds for exercise in result.exercises)
        spent["cells"] += cells
        spent["calls of exercises and their comparison"] += exercises
        spent["a sandbox, and the rest"] += result.seconds - cells - exercises
    with replaying(course, CHAPTER) as replay:
        replay.record("again", results[0])
        spent["gradebook and autograded notebook"] = _seconds(
            lambda: [replay.record("again", result) for result in results]
        )
    parts = [f"{name} {1000 * seconds / len(results):.0f} ms" for name, seconds in spent.items()]
    return f"where the time of a submission goes: {', '.join(parts)}"
