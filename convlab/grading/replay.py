"""Puts results into nbgrader's gradebook and autograded/ through nbgrader's own Autograde, one after the other.

What nbgrader gets to see is not what the student handed in but the notebook rebuilt from the instructor's, in a
scratch folder; and it runs nothing: the step that would execute the cells puts the outputs there that the sandbox
has given. All else is native, so that the gradebook, late penalties, feedback, formgrader and exports are nbgrader's.
"""

from __future__ import annotations

import copy
import functools
import gc
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import nbformat
from nbgrader import nbgraderformat
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, autograde
from nbgrader.preprocessors import (
    Execute,
    latesubmissions,
    overwritecells,
    overwritekernelspec,
    saveautogrades,
)

from convlab.grading import policies
from convlab.grading.course import Course, CourseError
from convlab.grading.feedback.pictures import data_uri
from convlab.grading.feedback.sanitise import sanitised
from convlab.grading.gradebook import SharedGradebook
from convlab.grading.native import must, nbgrader_api
from convlab.grading.result import CellResult, ExerciseResult, Result

__all__ = ["Replay", "replaying"]

_OPENS_GRADEBOOKS: tuple[Any, ...] = (
    autograde,
    latesubmissions,
    overwritecells,
    overwritekernelspec,
    policies,
    saveautogrades,
)


class GivenOutputs(Execute):  # type: ignore[misc]
    """nbgrader's step that executes a notebook, which here executes nothing: the outputs are given."""

    result: Result | None = None

    def preprocess(self, nb: Any, resources: Any = None, km: Any = None) -> tuple[Any, Any]:
        if self.result is None:
            raise CourseError("there is no result to record")
        put_outputs(nb, self.result)
        return nb, resources


class Replay:
    """Records results of one assignment, one after the other.

    Parameters
    ----------
    api : nbgrader's, which reads submissions and writes releases in `scratch`
    assignment : whose results
    scratch : an empty folder

    Attributes
    ----------
    policy : what besides a result decides over what is recorded of it, as a short text
    """

    def __init__(self, api: Any, assignment: str, scratch: Path) -> None:
        self._api = api
        self._assignment = assignment
        self._scratch = scratch
        must(api.generate_assignment(assignment, force=True, create=True), f"register {assignment}")
        (release,) = (scratch / "release").rglob(f"{assignment}.ipynb")
        self._release = nbformat.read(release, as_version=4)
        with api.gradebook as gradebook:
            self._names = {one.id: _full_name(one) for one in gradebook.students}
            due = gradebook.find_assignment(assignment).duedate
        self.policy = _hash(f"{policies.of_course(api.config)} {due}")

    def name_of(self, student: str) -> str:
        """A student's name, or the id where the gradebook has none."""
        return self._names.get(student) or student

    def record(self, student: str, result: Result, timestamp: str | None = None) -> None:
        """Write a result into the gradebook and autograded/.

        Parameters
        ----------
        timestamp : when it was handed in; late penalties depend on it

        Raises
        ------
        CourseError
            If nbgrader cannot.
        """
        folder = Path(self._api.coursedir.format_path(self._scratch / "submitted", student, self._assignment))
        folder.mkdir(parents=True)
        try:
            text = nbformat.writes(rebuilt_notebook(self._release, result))
            (folder / f"{self._assignment}.ipynb").write_text(text, encoding="utf-8")
            if timestamp:
                (folder / "timestamp.txt").write_text(timestamp, encoding="utf-8")
            GivenOutputs.result = result
            must(self._api.autograde(self._assignment, student), f"record the result of {student}")
        finally:
            GivenOutputs.result = None
            shutil.rmtree(folder)


@contextmanager
def replaying(course: Course, assignment: str) -> Iterator[Replay]:
    """A Replay, for as long as its scratch folder is there.

    Raises
    ------
    CourseError
        If nbgrader cannot release the assignment.
    """
    policies.check(course.config)
    with tempfile.TemporaryDirectory(prefix="convlab-replay-") as scratch:

        def change(config: Any) -> None:
            # An absolute path wins over the root that it is joined to.
            config.CourseDirectory.submitted_directory = str(Path(scratch) / "submitted")
            config.CourseDirectory.release_directory = str(Path(scratch) / "release")
            steps = config.Autograde.get(
                "autograde_preprocessors", Autograde.autograde_preprocessors.default()
            )
            config.Autograde.autograde_preprocessors = [
                GivenOutputs if _executes(step) else step for step in steps
            ]
            # Once after all steps is enough: each step is nbgrader's own.
            config.Exporter.optimistic_validation = True

        with nbgrader_api(course, change) as api, _one_gradebook(course):
            replay = Replay(api, assignment, Path(scratch))
            # What is here now outlives every submission: looking through it again and again took a fifth of the time.
            gc.collect()
            gc.freeze()
            try:
                yield replay
            finally:
                gc.unfreeze()


def _executes(step: Any) -> bool:
    if isinstance(step, str):
        return step.rpartition(".")[2] == "Execute"
    return isinstance(step, type) and issubclass(step, Execute)


@contextmanager
def _one_gradebook(course: Course) -> Iterator[None]:
    """Keep the course's gradebook, its engine and the statements that SQLAlchemy has compiled for it.

    nbgrader opens it nine times for each submission, and each time looks whether all tables are there. A gradebook
    that was closed has given its connections back and can be used again. And for each cell of each submission it has
    its own schema checked before the cell: once is enough.
    """
    gradebook = SharedGradebook(course)
    schemas = nbgraderformat.common
    try:
        for module in _OPENS_GRADEBOOKS:
            module.Gradebook = lambda *address: gradebook
        schemas.jsonschema = SimpleNamespace(validate=_Validate())
        yield
    finally:
        gradebook.close()
        schemas.jsonschema = jsonschema
        for module in _OPENS_GRADEBOOKS:
            module.Gradebook = Gradebook


class _Validate:
    """jsonschema.validate, which looks whether a schema is one only when it is new."""

    def __init__(self) -> None:
        self._validators: dict[int, tuple[Any, Any]] = {}

    def __call__(self, instance: Any, schema: Any) -> None:
        # The schema is kept, so that no other can have its number.
        _, validator = self._validators.get(id(schema), (None, None))
        if validator is None:
            kind = jsonschema.validators.validator_for(schema)
            kind.check_schema(schema)
            validator = kind(schema)
            self._validators[id(schema)] = (schema, validator)
        error = jsonschema.exceptions.best_match(validator.iter_errors(instance))
        if error is not None:
            raise error


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _full_name(student: Any) -> str:
    return " ".join(part for part in (student.first_name, student.last_name) if part)


def rebuilt_notebook(release: Any, result: Result) -> Any:
    """The release with the student's text in it, and the student's own cells where they stood."""
    notebook = copy.deepcopy(release)
    own: list[CellResult] = []
    cells: list[Any] = []
    given = iter(result.cells)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for one in given:
                if one.kind != "own":
                    break
                own.append(one)
            else:
                raise CourseError("the result has fewer cells than the release: build and grade again")
            cells += map(_own_cell, own)
            own.clear()
            if one.kind in ("free", "solution"):
                cell.source = one.source
        cells.append(cell)
    cells += [_own_cell(one) for one in given]
    notebook.cells = cells
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def _own_cell(one: CellResult) -> Any:
    return nbformat.v4.new_code_cell(one.source)


def put_outputs(notebook: Any, result: Result) -> None:
    """Give each code cell the outputs that the result tells; to a check cell, what it says of its exercise."""
    exercises = {f"{one.name}_check": one for one in result.exercises}
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if len(code) != len(result.cells):
        raise CourseError(f"the notebook has {len(code)} code cells and the result {len(result.cells)}")
    for number, (cell, one) in enumerate(zip(code, result.cells), 1):
        outputs = _verdict(exercises[one.name]) if one.kind == "check" else _shown(one)
        for output in outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
        cell.execution_count = number
        cell.outputs = outputs


def _shown(one: CellResult) -> list[Any]:
    """A cell's outputs, with all the fields that their kinds must have."""
    outputs = []
    for output in one.outputs:
        whole = dict(output)
        if output["output_type"] == "error":
            whole["traceback"] = [f"{output['ename']}: {output['evalue']}"]
        elif output["output_type"] != "stream":
            whole["data"], whole["metadata"] = _harmless(output["data"]), {}
        outputs.append(nbformat.from_dict(whole))
    if one.cut:
        more = "\n… and more, which was not kept\n"
        outputs.append(nbformat.v4.new_output("stream", name="stdout", text=more))
    return outputs


def _harmless(data: Mapping[str, str]) -> dict[str, str]:
    """An output's data in which nothing can run: Formgrader and JupyterLab show it to the instructor as it is."""
    kept = {kind: text for kind, text in data.items() if kind in ("text/plain", "image/png", "image/jpeg")}
    markup = data.get("text/html")
    if markup is None and (picture := data_uri("image/svg+xml", data.get("image/svg+xml", ""))):
        markup = f'<img alt="a picture" src="{picture}">'
    if markup is not None and (clean := _cleaned(markup)):
        kept["text/html"] = clean
    if not kept:
        kept["text/plain"] = "".join(data.values())[:2000]
    return kept


# Most are the chapter's own pictures, the same for everybody.
_cleaned = functools.lru_cache(maxsize=256)(sanitised)


def _verdict(exercise: ExerciseResult) -> list[Any]:
    """What the check cell shows: points by group, the message, the picture; and the points, as nbgrader reads them."""
    width = max(map(len, exercise.groups), default=0)
    lines = [f"{exercise.name}: {exercise.points} of {exercise.max_points} points"]
    lines += [
        f"  {name.ljust(width)}  {group.earned} of {group.points}" for name, group in exercise.groups.items()
    ]
    text = "\n".join([*lines, "", exercise.message, ""])
    new = nbformat.v4.new_output
    outputs = [new("stream", name="stdout", text=text)]
    if exercise.picture:
        outputs.append(new("display_data", data={"text/html": exercise.picture, "text/plain": "(a picture)"}))
    outputs.append(new("execute_result", data={"text/plain": str(float(exercise.points))}))
    return outputs
