"""What a course may decide about late work: so much off for each day, some minutes of grace, more time for some.

A plugin of nbgrader's own for late submissions, so that it counts in `convlab grade`, in `nbgrader autograde` and in
Formgrader alike. nbgrader_config.py says how; nothing of it is on unless that says so.
"""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Dict, Enum, Float, TraitError, Unicode, validate

from convlab.grading.course import CourseError

__all__ = ["LatePerDay", "check", "of_course"]

_DAY = 86400.0


class LatePerDay(LateSubmissionPlugin):  # type: ignore[misc]
    """Takes off a share of the points for each day, or part of a day, that work is late."""

    per_day = Float(0.0, help="The share taken off for each day that has begun: 0.1 for a tenth.").tag(
        config=True
    )
    of = Enum(
        ("score", "max_score"), "score", help="Of what was earned (score), or of what could be (max_score)."
    ).tag(config=True)
    most = Float(1.0, help="The largest share taken off, however late it is.").tag(config=True)
    grace_minutes = Float(
        0.0,
        help="Work that is late by no more than this is not late. Later work is late from the due date on.",
    ).tag(config=True)
    extensions = Dict(
        key_trait=Unicode(),
        value_trait=Dict(key_trait=Unicode(), value_trait=Float()),
        help="Assignment -> student's id -> days more. To take an extension back, write 0.",
    ).tag(config=True)

    @validate("per_day", "most")  # type: ignore[untyped-decorator] # traitlets has no types here
    def _a_share(self, proposal: Any) -> float:
        value: float = proposal["value"]
        if not 0 <= value <= 1:
            raise TraitError(
                f"LatePerDay.{proposal['trait'].name} is {value:g} and must be a share, from 0 to 1"
            )
        return value

    @validate("grace_minutes")  # type: ignore[untyped-decorator] # traitlets has no types here
    def _not_negative(self, proposal: Any) -> float:
        value: float = proposal["value"]
        if not 0 <= value < math.inf:
            raise TraitError(f"LatePerDay.grace_minutes is {value:g} and must be 0 or more")
        return value

    @validate("extensions")  # type: ignore[untyped-decorator] # traitlets has no types here
    def _only_longer(self, proposal: Any) -> dict[str, dict[str, float]]:
        value: dict[str, dict[str, float]] = proposal["value"]
        for assignment, students in value.items():
            for student, days in students.items():
                if not 0 <= days <= 3650:
                    raise TraitError(
                        f"LatePerDay.extensions gives {student} {days:g} days for {assignment}; it must be 0 or more"
                    )
        return value

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # nbgrader asks how late it is only after this, and shows the extension in Formgrader.
        step = self.parent
        if step is None:
            return
        days = self.extensions.get(step.assignment_id, {}).get(step.student_id)
        if days is None:
            return
        with Gradebook(step.db_url) as gradebook:
            try:
                submission = gradebook.find_submission(step.assignment_id, step.student_id)
            except MissingEntry:
                return
            submission.extension = timedelta(days=days)
            gradebook.db.commit()

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """The points to take off; None for nothing.

        Parameters
        ----------
        student_id : whose
        score : what the notebook has earned, points
        total_seconds_late : after the due date and the student's extension, seconds
        """
        if total_seconds_late <= 60 * self.grace_minutes:
            return None
        share = min(self.most, self.per_day * math.ceil(total_seconds_late / _DAY))
        taken = share * (score if self.of == "score" else self._max_score())
        return min(taken, score) or None

    def _max_score(self) -> float:
        step = self.parent
        notebook = step.gradebook.find_submission_notebook(
            step.notebook_id, step.assignment_id, step.student_id
        )
        return float(notebook.max_score)


def check(config: Any) -> None:
    """Raises
    ------
    CourseError
        If nbgrader_config.py asks for what there is not.
    """
    try:
        LatePerDay(config=config)
    except TraitError as error:
        raise CourseError(f"nbgrader_config.py: {error}") from error


def of_course(config: Any) -> str:
    """All that the course has decided about late work, as one text: another text, other penalties."""
    plugin = config.AssignLatePenalties.get("plugin_class", "")
    name = (plugin if isinstance(plugin, str) else plugin.__name__).rpartition(".")[2]
    sections = {
        one: dict(config[one]) for one in ("LateSubmissionPlugin", "LatePerDay", name) if one in config
    }
    return json.dumps([name, sections], sort_keys=True, default=str)
