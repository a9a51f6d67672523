"""Plugs the page into nbgrader: an exporter that writes it, and the marks it needs from the gradebook."""

from __future__ import annotations

import functools
from typing import Any

from nbconvert.exporters import Exporter
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from traitlets import List, Unicode

from convlab.grading.feedback.concealed import Concealed, secrets_of_environment
from convlab.grading.feedback.page import Marks, render

__all__ = ["FeedbackExporter", "GetMarks"]


class GetMarks(NbGraderPreprocessor):  # type: ignore[misc]
    """What nbgrader's GetGrades reads, the student's name, and which points are still to be given by hand.

    The notebook is left alone; the marks go into the resources.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        about = resources["nbgrader"]
        student, assignment, notebook = about["student"], about["assignment"], about["notebook"]
        with _gradebook(about["db_url"]) as gradebook:
            submitted = gradebook.find_submission_notebook(notebook, assignment, student)
            person = submitted.student
            penalty = submitted.late_submission_penalty or 0.0
            about["marks"] = Marks(
                student=student,
                name=" ".join(part for part in (person.first_name, person.last_name) if part),
                assignment=assignment,
                notebook=notebook,
                score=submitted.score - penalty,
                max_score=submitted.max_score,
                late_penalty=penalty,
                scores={
                    grade.name: None if grade.needs_manual_grade else grade.score
                    for grade in submitted.grades
                },
                max_scores={grade.name: grade.max_score for grade in submitted.grades},
                comments={comment.name: comment.comment or "" for comment in submitted.comments},
            )
        return nb, resources


@functools.lru_cache(maxsize=4)
def _gradebook(db_url: str) -> Any:
    """A gradebook that may be closed and used again: closing ends its connections and keeps its compiled queries."""
    return Gradebook(db_url)


class FeedbackExporter(Exporter):  # type: ignore[misc]
    """An autograded notebook as a page for its student: one file, without scripts, that loads nothing."""

    output_mimetype = "text/html"

    secrets = List(
        Unicode(),
        help="What no page may show, such as the seed. The environment's values are never shown.",
    ).tag(config=True)

    def _file_extension_default(self) -> str:  # traitlets asks for it by this name
        return ".html"

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> tuple[str, Any]:
        """The page.

        Neither copied nor validated, as nbconvert would: nothing below changes the notebook, and whatever it holds
        is shown or left out.

        Parameters
        ----------
        nb : an autograded notebook
        resources : what nbgrader's GenerateFeedback gives: "nbgrader" with student, assignment and notebook
        """
        resources = self._init_resources(resources)
        for preprocessor in self._preprocessors:
            nb, resources = preprocessor(nb, resources)
        about = resources.get("nbgrader") or {}
        tests = ClearHiddenTests(parent=self)
        secrets = {*self.secrets, *secrets_of_environment(), _beyond_sqlite(about.get("db_url") or "")}
        concealed = Concealed(nb.cells, secrets, tests.begin_test_delimeter, tests.end_test_delimeter)
        marks = about.get("marks") or _no_marks(resources.get("metadata", {}).get("name") or "notebook")
        return render(nb.cells, marks, concealed), resources


def _beyond_sqlite(db_url: str) -> str:
    """A database's address if it may hold a password."""
    return "" if db_url.startswith("sqlite:") else db_url


def _no_marks(notebook: str) -> Marks:
    """For a notebook that no gradebook knows."""
    return Marks("", "", notebook, notebook, 0.0, 0.0, 0.0, {}, {}, {})
