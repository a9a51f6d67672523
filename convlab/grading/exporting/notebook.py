"""The page that a student gets, as a notebook: for Canvas, which gives every file back under the name it came with.

A page called .ipynb would open nowhere. Shows what the page shows, with the feedback package's own rules of what may
be shown; there is nothing in it that nbgrader would take for a submission.
"""

from __future__ import annotations

from typing import Any

import nbformat
from markupsafe import Markup
from nbgrader.preprocessors import ClearHiddenTests

from convlab.grading.feedback import FeedbackExporter
from convlab.grading.feedback.concealed import Concealed, secrets_of_environment
from convlab.grading.feedback.outputs import Budget, Shown, shown
from convlab.grading.feedback.page import Marks
from convlab.grading.feedback.text import as_text, cut, readable
from convlab.grading.feedback.verdict import Verdict, read_verdict

__all__ = ["FeedbackNotebookExporter"]

_LONGEST_SOURCE = 30_000  # characters, as on the page
_MOST_CELLS = 2_000


class FeedbackNotebookExporter(FeedbackExporter):
    """An autograded notebook as a notebook for its student."""

    output_mimetype = "application/x-ipynb+json"

    def _file_extension_default(self) -> str:  # traitlets asks for it by this name
        return ".ipynb"

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> tuple[str, Any]:
        resources = self._init_resources(resources)
        for preprocessor in self._preprocessors:
            nb, resources = preprocessor(nb, resources)
        about = resources["nbgrader"]
        tests = ClearHiddenTests(parent=self)
        db_url = about.get("db_url") or ""  # it may hold a password, but SQLite's
        secrets = {*self.secrets, *secrets_of_environment(), *({db_url} if "sqlite:" not in db_url else ())}
        concealed = Concealed(nb.cells, secrets, tests.begin_test_delimeter, tests.end_test_delimeter)
        return nbformat.writes(_feedback(nb.cells, about["marks"], concealed)), resources


def _feedback(cells: Any, marks: Marks, concealed: Concealed) -> Any:
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    chapter, exercises = Budget(), Budget()
    verdicts: list[tuple[str, Verdict]] = []
    made: list[Any] = []
    for cell in cells[:_MOST_CELLS]:
        about = cell.get("metadata", {}).get("nbgrader") or {}
        grade_id = as_text(about.get("grade_id"))
        source = concealed.source(as_text(cell.get("source")))
        if cell.get("cell_type") == "markdown":
            made.append(_cell(nbformat.v4.new_markdown_cell(source)))
            continue
        code = nbformat.v4.new_code_cell(cut(readable(source), _LONGEST_SOURCE, 1000, 2000))
        if about.get("grade"):
            name = grade_id.removesuffix("_check")
            verdict = read_verdict(name, cell.get("outputs") or (), concealed, exercises)
            verdicts.append((grade_id, verdict))
            code.outputs = [_stream(_told(name, marks, grade_id, verdict)), *map(_output, verdict.more)]
        else:
            budget = exercises if about.get("solution") else chapter
            code.outputs = [_output(one) for one in shown(cell.get("outputs") or (), concealed, budget)]
        made.append(_cell(code))
        if comment := marks.comments.get(grade_id, "").strip():
            text = concealed.text(readable(comment)).replace("\n", "\n> ")
            made.append(_cell(nbformat.v4.new_markdown_cell(f"> **Comment:** {text}")))
    top = nbformat.v4.new_code_cell("")
    top.outputs = [_stream(concealed.text(_summary(marks, verdicts)))]
    title = nbformat.v4.new_markdown_cell(f"# {readable(marks.assignment)}: feedback")
    notebook.cells = [_cell(title), _cell(top), *made]
    top.metadata["jupyter"] = {"source_hidden": True}
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place}"
    return notebook


def _cell(cell: Any) -> Any:
    cell.metadata = nbformat.from_dict({"editable": False, "deletable": False})
    return cell


def _summary(marks: Marks, verdicts: list[tuple[str, Verdict]]) -> str:
    """The points, and the reason for each that was lost."""
    lines = [f"{readable(marks.name or marks.student)}: {marks.score:g} of {marks.max_score:g} points"]
    if marks.late_penalty:
        lines.append(f"(handed in late: {marks.late_penalty:g} points less)")
    for grade_id, verdict in verdicts:
        name, most = grade_id.removesuffix("_check"), marks.max_scores.get(grade_id, 0.0)
        score = marks.scores.get(grade_id)
        earned = "waits to be marked by hand" if score is None else f"{score:g} of {most:g}"
        reason = f"   {verdict.reason}" if score is not None and score < most and verdict.reason else ""
        lines.append(f"  {readable(name)}: {earned}{reason}")
    return "\n".join(lines) + "\n"


def _told(name: str, marks: Marks, grade_id: str, verdict: Verdict) -> str:
    score, most = marks.scores.get(grade_id), marks.max_scores.get(grade_id, 0.0)
    lines = [f"{name}: {'waits to be marked by hand' if score is None else f'{score:g} of {most:g} points'}"]
    lines += [f"  {group.name}: {group.earned:g} of {group.points:g}" for group in verdict.groups]
    return "\n".join([*lines, "", verdict.message, ""])


def _output(thing: Shown) -> Any:
    if thing.kind == "markup":
        data = {"text/html": str(thing.content), "text/plain": "(a picture or table)"}
        return nbformat.v4.new_output("display_data", data=data)
    return _stream(Markup(thing.content).unescape(), "stderr" if thing.kind == "error" else "stdout")


def _stream(text: str, name: str = "stdout") -> Any:
    return nbformat.v4.new_output("stream", name=name, text=text)
