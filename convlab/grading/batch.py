"""Grades an assignment of a course: reads what was handed in, has it graded, records it in nbgrader's gradebook.

Many processes grade and this one alone writes. What was graded before, and has not changed since, is not run again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from convlab.grading import sandbox
from convlab.grading.course import Course, CourseError
from convlab.grading.files import held
from convlab.grading.handed_in import HandedIn, read
from convlab.grading.limits import Limits
from convlab.grading.marks import Marked, marks_of
from convlab.grading.records import Keys, Record, Records, code_hash, keys
from convlab.grading.referee import ungraded
from convlab.grading.replay import Replay, replaying
from convlab.grading.result import Result
from convlab.grading.runner import Job, LocalPool, Pool, run
from convlab.grading.sandbox import NoSandbox
from convlab.grading.seeds import secret_seed
from convlab.grading.spec import AssignmentSpec

__all__ = ["Batch", "Change", "grade_assignment"]

# nbgrader takes a student's id for a pattern of files.
_NOT_IN_AN_ID = set("*?[]{}\\/,")


@dataclass(frozen=True)
class Change:
    """An exercise for which a student's points are not what they were.

    Parameters
    ----------
    resubmitted : whether the student has handed in something else; if not, the exercise or the grader has changed
    """

    student: str
    name: str
    exercise: str
    before: float
    after: float
    resubmitted: bool


@dataclass
class Batch:
    """What came of grading an assignment.

    Parameters
    ----------
    marked : everybody's marks, in the order of the ids
    unchanged : how many had been graded before, and were not run
    changes : what this run has changed in marks that were there before
    failed : student -> why the grader itself could not grade or record the submission; they are graded the next time
    """

    marked: list[Marked] = field(default_factory=list)
    unchanged: int = 0
    changes: list[Change] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def grade_assignment(
    course: Course,
    assignment: str,
    *,
    students: Collection[str] = (),
    jobs: int | None = None,
    limits: Limits | None = None,
    sandboxed: bool = True,
    force: bool = False,
    again: Collection[str] = (),
    pool: Pool | None = None,
    begin: Callable[[int], None] = lambda total: None,
    told: Callable[[Marked | None, str], None] = lambda marked, why: None,
) -> Batch:
    """Grade the submissions of an assignment.

    Parameters
    ----------
    course, assignment : what is graded
    students : whose submissions; everybody's if there is none
    jobs : how many processes grade at a time; as many as this machine has cores if None
    limits : what each submission may use
    sandboxed : False runs what students wrote as whoever runs this
    force : run also what has not changed since it was graded
    again : exercises that are played again for everybody; the others stand where the same submission was graded
    pool : where they are graded; processes on this machine if None, which end with this call
    begin : called once with the number of submissions
    told : called after each submission with its marks, or None and why there are none

    Raises
    ------
    CourseError
        If there is no such assignment or student, or somebody else is grading it at this moment.
    NoSandbox
        If this machine offers none, and `sandboxed`.
    """
    spec = _spec(course, assignment)
    everyone = course.students(assignment)
    if strangers := sorted(set(students) - set(everyone)):
        raise CourseError(f"{', '.join(strangers)} handed in nothing for {assignment}")
    if unknown := sorted(set(again) - set(spec.exercises)):
        raise CourseError(
            f"{assignment} has no exercise {', '.join(unknown)}; it has {', '.join(spec.exercises)}"
        )
    if sandboxed and pool is None:
        sandbox.require()
    work = _Work(course, spec, limits or Limits(), sandboxed, force, again, told)
    chosen = sorted(set(students)) or everyone
    begin(len(chosen))
    with contextlib.ExitStack() as stack:
        busy = f"{assignment} is being graded or collected by another process: wait until it has ended"
        stack.enter_context(held(course.lock(assignment), busy))
        if pool is None:
            pool = local = stack.enter_context(LocalPool(jobs, sandboxed))
            if any(map(work.must_run, chosen)):
                local.get_ready()
        work.replay = stack.enter_context(replaying(course, assignment))
        for job, came in run(work.jobs(chosen), pool):
            if isinstance(came, (NoSandbox, CourseError)):
                raise came  # it would be the same for everybody
            work.take(job, came)
    work.batch.marked.sort(key=lambda one: one.student)
    work.batch.changes.sort(key=lambda one: (one.student, one.exercise))
    return work.batch


def _spec(course: Course, assignment: str) -> AssignmentSpec:
    source = course.source(assignment)
    if not source.is_file():
        raise CourseError(
            f"there is no assignment {assignment}: {source} is missing. Build it with `convlab build`"
        )
    return AssignmentSpec.load(source)


@dataclass(frozen=True)
class _Pending:
    """What is known of a submission that is being run; not its bytes."""

    flags: tuple[str, ...]
    timestamp: str | None
    keys: Keys
    before: tuple[str, dict[str, int]] | None


class _Work:
    """What one run knows: it makes the jobs, and takes what comes of them."""

    replay: Replay

    def __init__(
        self,
        course: Course,
        spec: AssignmentSpec,
        limits: Limits,
        sandboxed: bool,
        force: bool,
        again: Collection[str],
        told: Callable[[Marked | None, str], None],
    ) -> None:
        self._course = course
        self._spec = spec
        self._limits = limits
        self._sandboxed = sandboxed
        self._force = force
        self._again = frozenset(again)
        self._told = told
        self._seed = secret_seed(course.own(spec.name))
        self._records = Records(course.own(spec.name) / "results")
        self._pending: dict[str, _Pending] = {}
        self.batch = Batch()

    def must_run(self, student: str) -> bool:
        """Whether anything of a submission is not known yet."""
        return len(self._look_at(student)[3]) < len(self._spec.exercises)

    def _look_at(self, student: str) -> tuple[HandedIn, Keys, Record | None, dict[str, str]]:
        """What was handed in, what decides its result, what is kept, and which exercises of that still stand."""
        folder = self._course.submitted(self._spec.name, student)
        handed = read(folder, f"{self._spec.name}.ipynb", self._limits)
        said = [handed.problem, *handed.flags, handed.timestamp or ""]
        decided_by = keys(handed.content, said, self._spec, self._seed, self._limits, self._sandboxed)
        before = self._records.read(student)
        still = {} if before is None or self._force else before.still(decided_by, self._again)
        return handed, decided_by, before, still

    def jobs(self, students: Collection[str]) -> Iterator[Job]:
        """The submissions that must be run. The others are dealt with on the way."""
        for student in students:
            if odd := _NOT_IN_AN_ID & set(student):
                self._fail(
                    student, f"nbgrader cannot take the characters {' '.join(sorted(odd))} in a student's id"
                )
                continue
            handed, decided_by, before, still = self._look_at(student)
            if before is not None and len(still) == len(self._spec.exercises):
                self._keep(student, before, handed)
                continue
            decided_by = dataclasses.replace(decided_by, exercises={**decided_by.exercises, **still})
            self._pending[student] = _Pending(
                handed.flags, handed.timestamp, decided_by, before.in_gradebook() if before else None
            )
            kept = tuple(one for one in before.result.exercises if one.name in still) if before else ()
            job = Job(
                student,
                handed.content,
                self._spec,
                self._seed,
                self._limits,
                self._sandboxed,
                kept,
                code_hash(),
            )
            if handed.problem:
                self.take(job, ungraded(handed.problem, self._spec, seed=self._seed))
            else:
                yield job

    def take(self, job: Job, came: Result | Exception) -> None:
        """Record what came of a job."""
        pending = self._pending.pop(job.student)
        if isinstance(came, Exception):
            self._fail(
                job.student, f"the grader itself failed ({type(came).__name__}: {came}); grade it again"
            )
            return
        result = dataclasses.replace(came, flags=(*pending.flags, *came.flags))
        record = Record(pending.keys, result, before=pending.before)
        self._records.write(job.student, record)
        self._record(job.student, record, pending.timestamp)

    def _keep(self, student: str, kept: Record, handed: HandedIn) -> None:
        """A submission that was graded before. If the gradebook has it not, or not as it must be, it gets it now."""
        if (
            kept.replayed == self.replay.policy
            and self._course.autograded(self._spec.name, student).is_file()
        ):
            self.batch.unchanged += 1
            self._tell(student, kept.result)
        else:
            self._record(student, kept, handed.timestamp)

    def _record(self, student: str, record: Record, timestamp: str | None) -> None:
        try:
            with _undisturbed():
                self.replay.record(student, record.result, timestamp)
                self._records.write(
                    student, dataclasses.replace(record, replayed=self.replay.policy, before=None)
                )
        except CourseError as error:
            self._fail(student, str(error))
            return
        self._tell(student, record.result)
        self._compare(student, record)

    def _compare(self, student: str, record: Record) -> None:
        if record.before is None:
            return
        submission, points = record.before
        name, resubmitted = self.replay.name_of(student), submission != record.keys.submission
        self.batch.changes += [
            Change(student, name, one.name, points[one.name], one.points, resubmitted)
            for one in record.result.exercises
            if points.get(one.name, one.points) != one.points
        ]

    def _tell(self, student: str, result: Result) -> None:
        marked = Marked(
            student,
            self.replay.name_of(student),
            marks_of(result),
            self._course.feedback(self._spec.name, student),
            (*result.limits_hit, *result.flags),
        )
        self.batch.marked.append(marked)
        self._told(marked, "")

    def _fail(self, student: str, why: str) -> None:
        self.batch.failed[student] = why
        self._told(None, f"{student}: {why}")


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Put Ctrl-C off until what is being written is whole. nbgrader would take it for a fault of the notebook."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[Any] = []
    before = signal.signal(signal.SIGINT, lambda *args: pressed.append(args))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
