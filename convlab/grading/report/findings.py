"""Finds in a class what its instructor should know: what to teach again, who passed what, what waits for a person.

Knows neither files nor pages: it counts.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from convlab.checks import EXERCISES
from convlab.grading.report.gather import Class, Student
from convlab.grading.report.losses import KINDS, Loss, first_met, losses

__all__ = ["Bin", "ExerciseRate", "Finding", "Findings", "Rate", "Spread", "Timing", "Topic", "find"]

MOST_TOPICS = 5
_LEAST_SHARE = 0.05  # of the class: what fewer have is for a word with each of them
_MOST_BINS = 21


@dataclass(frozen=True)
class Finding:
    """The same loss of several students.

    Parameters
    ----------
    group : the first group of samples that they lose
    points : that they lost by it, together
    signs : of what has no name, what was seen and how often, commonest first
    """

    exercise: str
    kind: str
    name: str
    sentence: str
    group: str
    students: tuple[Student, ...]
    points: int
    signs: tuple[tuple[str, int], ...] = ()

    @property
    def weight(self) -> float:
        """Points lost, times the students who lost them: what many lost a little by comes before one's bad day.

        What has no name counts half, and only as far as it failed alike: it may be many things.
        """
        alike = self.signs[0][1] / len(self.students) if self.kind == "unnamed" else 1.0
        return self.points * len(self.students) * alike**2 / (2 if self.kind == "unnamed" else 1)


@dataclass(frozen=True)
class Topic:
    """What to teach again.

    Parameters
    ----------
    section : the title of the section to go back to; "" if none is known
    chapter : where that is: where the mistake is first met, which may be an earlier chapter
    """

    finding: Finding
    section: str
    chapter: str
    minutes: int
    difficulty: int


@dataclass(frozen=True)
class Rate:
    """How many of those whose file could be read have all points of a group, or of an exercise."""

    name: str
    points: int
    passed: int
    of: int

    @property
    def percent(self) -> int:
        return round(100 * self.passed / self.of) if self.of else 0


@dataclass(frozen=True)
class ExerciseRate:
    """How an exercise went.

    Parameters
    ----------
    some : how many have part of its points
    unwritten : how many left it as it was
    mean : points, on average
    """

    rate: Rate
    groups: tuple[Rate, ...]
    some: int
    unwritten: int
    mean: float


@dataclass(frozen=True)
class Bin:
    """How many have from `low` to `high` points; `high` itself is in it only where it is the last one."""

    low: float
    high: float
    count: int
    last: bool = False


@dataclass(frozen=True)
class Spread:
    """How the points lie. All are points; `bins` cover 0 to `max_score`."""

    count: int
    max_score: float
    mean: float
    median: float
    lower: float
    upper: float
    least: float
    most: float
    full: int
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Timing:
    """Seconds that grading an exercise took: half of the class, nine in ten, and the slowest."""

    exercise: str
    median: float
    most_take: float
    most: float
    slowest: Student


@dataclass(frozen=True)
class Findings:
    """All that a report says.

    Parameters
    ----------
    graded : those with a result, unread ones included
    read : those whose file could be read
    flags, limits : what was seen -> with whom, commonest first
    differing : whose points in the gradebook are not the grader's
    """

    graded: tuple[Student, ...]
    read: tuple[Student, ...]
    topics: tuple[Topic, ...]
    spread: Spread | None
    exercises: tuple[ExerciseRate, ...]
    mistakes: tuple[Finding, ...]
    unnamed: tuple[Finding, ...]
    others: tuple[Finding, ...]
    losses: tuple[Loss, ...]
    unread: tuple[tuple[str, tuple[Student, ...]], ...]
    ungraded: tuple[Student, ...]
    absent: tuple[Student, ...]
    waiting: tuple[Student, ...]
    late: tuple[Student, ...]
    differing: tuple[Student, ...]
    flags: tuple[tuple[str, tuple[Student, ...]], ...]
    limits: tuple[tuple[str, tuple[Student, ...]], ...]
    timings: tuple[Timing, ...]


def find(klass: Class) -> Findings:
    """Count what is in a class."""
    students = klass.students
    graded = tuple(one for one in students if one.result is not None)
    read = tuple(one for one in graded if one.result is not None and not one.result.problem)
    lost = [loss for one in graded if one.result is not None for loss in losses(one.id, one.result)]
    by_id = {one.id: one for one in students}
    # Of what has a name the name counts; of what has none, where it begins to be wrong.
    named = _gathered(lost, by_id, "mistake", lambda loss: loss.name)
    unnamed = _gathered(lost, by_id, "unnamed", lambda loss: loss.groups[:1])
    others = [
        finding
        for kind in KINDS
        if kind not in ("mistake", "unnamed", "unread")
        for finding in _gathered(lost, by_id, kind, lambda loss: loss.kind)
    ]
    return Findings(
        graded=graded,
        read=read,
        topics=_topics(klass, [*named, *unnamed, *others], len(read)),
        spread=_spread(graded),
        exercises=tuple(_exercise(name, read, lost) for name in klass.chapter.exercises),
        mistakes=tuple(named),
        unnamed=tuple(_gathered(lost, by_id, "unnamed", lambda loss: loss.name)),
        others=tuple(sorted(others, key=_order)),
        losses=tuple(lost),
        unread=_who((one.result.problem, one) for one in graded if one.result and one.result.problem),
        ungraded=tuple(one for one in students if one.handed_in and one.result is None),
        absent=tuple(one for one in students if not one.handed_in),
        waiting=tuple(one for one in students if one.in_gradebook and one.in_gradebook.waits),
        late=tuple(
            sorted(
                (one for one in students if one.in_gradebook and one.in_gradebook.late > 0),
                key=lambda one: -(one.in_gradebook.late if one.in_gradebook else 0.0),
            )
        ),
        differing=tuple(
            one for one in graded if one.result and one.in_gradebook and one.result.points != one.score
        ),
        flags=_who((flag, one) for one in graded if one.result for flag in one.result.flags),
        limits=_who((limit, one) for one in graded if one.result for limit in one.result.limits_hit),
        timings=_timings(klass.chapter.exercises, read),
    )


def _gathered(
    lost: Iterable[Loss], by_id: dict[str, Student], kind: str, by: Callable[[Loss], object]
) -> list[Finding]:
    together: dict[object, list[Loss]] = defaultdict(list)
    for loss in lost:
        if loss.kind == kind:
            together[loss.exercise, by(loss)].append(loss)
    return sorted((_finding(same, by_id) for same in together.values()), key=_order)


def _finding(same: Sequence[Loss], by_id: dict[str, Student]) -> Finding:
    counted: dict[str, int] = defaultdict(int)
    groups: dict[str, int] = defaultdict(int)
    for loss in same:
        counted[loss.name] += 1
        groups[loss.groups[0] if loss.groups else ""] += 1
    signs = tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
    return Finding(
        same[0].exercise,
        same[0].kind,
        signs[0][0],
        next(loss.sentence for loss in same if loss.name == signs[0][0]),
        max(groups, key=lambda name: groups[name]),
        tuple(by_id[loss.student] for loss in same),
        sum(loss.points for loss in same),
        signs,
    )


def _order(finding: Finding) -> tuple[object, ...]:
    return -finding.weight, -finding.points, finding.exercise, finding.name, finding.group


def _topics(klass: Class, findings: Sequence[Finding], readable: int) -> tuple[Topic, ...]:
    """The two to five that cost the class most. What one or two have is no topic, unless the class is small."""
    least = max(2, round(_LEAST_SHARE * readable)) if readable > 4 else 1
    heaviest = sorted(findings, key=_order)
    common = [one for one in heaviest if len(one.students) >= least]
    if len(common) < 2:
        common += [one for one in heaviest if one not in common and len(one.students) > 1][: 2 - len(common)]
    return tuple(_topic(klass, one) for one in common[:MOST_TOPICS])


def _topic(klass: Class, finding: Finding) -> Topic:
    exercise = EXERCISES[finding.exercise]
    named = finding.kind == "mistake"
    about = f"{finding.name} {finding.sentence}" if named else ""
    begins = first_met(finding.exercise, finding.name) if named else finding.exercise
    where = EXERCISES[begins].chapter
    chapters = {one.assignment: one for one in (*klass.earlier, klass.chapter)}
    section = chapters[where].teaches(begins, about, begins != finding.exercise) if where in chapters else ""
    return Topic(finding, section, where, exercise.minutes, exercise.difficulty)


def _exercise(name: str, read: Sequence[Student], lost: Sequence[Loss]) -> ExerciseRate:
    results = [
        one for student in read if student.result for one in student.result.exercises if one.name == name
    ]
    exercise, count = EXERCISES[name], len(results)
    groups = tuple(
        Rate(group, points, sum(_has(one.groups, group) for one in results), count)
        for group, points in exercise.groups.items()
    )
    full = sum(one.points == one.max_points for one in results)
    return ExerciseRate(
        Rate(name, exercise.points, full, count),
        groups,
        sum(0 < one.points < one.max_points for one in results),
        sum(loss.exercise == name and loss.kind == "unwritten" for loss in lost),
        statistics.fmean(one.points for one in results) if results else 0.0,
    )


def _has(groups: object, name: str) -> bool:
    group = groups.get(name) if isinstance(groups, dict) else None
    return group is not None and group.earned >= group.points


def _spread(graded: Sequence[Student]) -> Spread | None:
    scores = sorted(one.score for one in graded if one.score is not None)
    if not scores:
        return None
    most = max(
        max((one.in_gradebook.max_score for one in graded if one.in_gradebook), default=0.0),
        max((float(one.result.max_points) for one in graded if one.result), default=0.0),
    )
    lower, median, upper = (
        statistics.quantiles(scores, n=4, method="inclusive") if len(scores) > 1 else scores * 3
    )
    return Spread(
        len(scores),
        most,
        statistics.fmean(scores),
        median,
        lower,
        upper,
        scores[0],
        scores[-1],
        sum(score >= most for score in scores),
        _bins(scores, most),
    )


def _bins(scores: Sequence[float], most: float) -> tuple[Bin, ...]:
    """One for each whole number of points, or wider ones if there are too many; bonus points are in the last."""
    width = max(1, -(-int(most + 1) // _MOST_BINS))
    lows = range(0, int(most) + 1, width)
    last = lows[-1]
    return tuple(
        Bin(
            low,
            min(low + width, most) if low == last else low + width,
            sum((low <= score or low == 0) and (score < low + width or low == last) for score in scores),
            low == last,
        )
        for low in lows
    )


def _who(pairs: Iterable[tuple[str, Student]]) -> tuple[tuple[str, tuple[Student, ...]], ...]:
    together: dict[str, dict[str, Student]] = defaultdict(dict)
    for what, student in pairs:
        together[what][student.id] = student
    return tuple(
        sorted(
            ((what, tuple(students.values())) for what, students in together.items()),
            key=lambda item: (-len(item[1]), item[0]),
        )
    )


def _timings(exercises: Sequence[str], read: Sequence[Student]) -> tuple[Timing, ...]:
    timings = []
    for name in exercises:
        taken = [
            (one.seconds, student)
            for student in read
            if student.result
            for one in student.result.exercises
            if one.name == name
        ]
        if taken:
            most, slowest = max(taken, key=lambda item: item[0])
            seconds = sorted(one for one, _ in taken)
            nine_in_ten = seconds[math.ceil(0.9 * len(seconds)) - 1]
            timings.append(Timing(name, statistics.median(seconds), nine_in_ten, most, slowest))
    return tuple(sorted(timings, key=lambda one: -one.most_take))
