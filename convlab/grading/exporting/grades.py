"""Reads from nbgrader's gradebook who has how many points for what. Knows no learning management system's files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Grades", "Person", "Score", "read_grades"]


@dataclass(frozen=True)
class Score:
    """What one student has for one assignment.

    Parameters
    ----------
    points : what counts: less what lateness costs, and never below 0
    raw, penalty : before that, and what lateness costs
    handed_in : when, as the gradebook has it; "" if it does not say
    waiting : whether marks are still to be given by hand
    """

    points: float
    raw: float
    penalty: float
    handed_in: str = ""
    waiting: bool = False


@dataclass(frozen=True)
class Person:
    """A student of the gradebook.

    Parameters
    ----------
    user : the learning management system's id, as the gradebook has it; "" if it has none
    scores : assignment -> what they have; who was not graded is not in it
    """

    id: str
    first_name: str
    last_name: str
    email: str
    user: str
    scores: dict[str, Score] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.id

    @property
    def sortable_name(self) -> str:
        return ", ".join(part for part in (self.last_name, self.first_name) if part) or self.id


@dataclass(frozen=True)
class Grades:
    """Grades of a class.

    Parameters
    ----------
    assignments : name -> the most points, in the order asked for
    due : name -> when it is due, "" if nothing says it
    people : in the order of their names
    """

    assignments: dict[str, float]
    due: dict[str, str]
    people: tuple[Person, ...]

    @property
    def graded(self) -> tuple[Person, ...]:
        """Those who have points for any of the assignments."""
        return tuple(person for person in self.people if person.scores)


def read_grades(gradebook: Any, assignments: Sequence[str] = (), students: Collection[str] = ()) -> Grades:
    """Read grades.

    Parameters
    ----------
    gradebook : nbgrader's
    assignments : which; all if there is none
    students : whose; everybody's if there is none

    Raises
    ------
    LookupError
        If the gradebook knows no such assignment or student.
    """
    known = {one.name: one for one in gradebook.assignments}
    if missing := [name for name in assignments if name not in known]:
        raise LookupError(
            f"the gradebook has no assignment {', '.join(missing)}; it has {', '.join(known) or 'none'}"
        )
    people = {
        one.id: Person(
            one.id,
            one.first_name or "",
            one.last_name or "",
            one.email or "",
            one.lms_user_id or "",
        )
        for one in gradebook.students
    }
    if strangers := sorted(set(students) - set(people)):
        raise LookupError(f"the gradebook has no student {', '.join(strangers)}")
    chosen = list(assignments) or sorted(known)
    for name in chosen:
        for submission in gradebook.assignment_submissions(name):
            raw, penalty = float(submission.score or 0), float(submission.late_submission_penalty or 0)
            people[submission.student.id].scores[name] = Score(
                max(0.0, raw - penalty),
                raw,
                penalty,
                str(submission.timestamp or ""),
                bool(submission.needs_manual_grade),
            )
    wanted = [one for one in people.values() if not students or one.id in students]
    wanted.sort(key=lambda one: (one.last_name.casefold(), one.first_name.casefold(), one.id))
    return Grades(
        {name: float(known[name].max_score or 0) for name in chosen},
        {name: str(known[name].duedate or "") for name in chosen},
        tuple(wanted),
    )
