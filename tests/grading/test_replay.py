"""What is kept of nbgrader for the length of a class does what nbgrader does each time."""

import jsonschema
import pytest
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3

from convlab.grading import Course
from convlab.grading.replay import _one_gradebook, _Validate

SCHEMA = MetadataValidatorV3().schema
FITS = {"grade_id": "a_check", "grade": True, "solution": False, "locked": True, "task": False, "points": 2}
FITS |= {"schema_version": 3, "cell_type": "code", "checksum": "0" * 32}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"points": -1},
        {"points": "many"},
        {"grade_id": "two words"},
        {"grade": "yes"},
        {"schema_version": "3"},
    ],
)
def test_a_cell_is_refused_exactly_where_jsonschema_refuses_it(change):
    validate, cell = _Validate(), {**FITS, **change}
    expected = refusal(jsonschema.validate, cell)
    assert (expected is None) == (change == {})
    assert refusal(validate, cell) == expected
    assert refusal(validate, cell) == expected  # from what was kept


def refusal(validate, cell):
    try:
        validate(cell, SCHEMA)
    except jsonschema.ValidationError as error:
        return error.message
    return None


def test_a_schema_that_is_none_is_refused():
    with pytest.raises(jsonschema.SchemaError):
        _Validate()({}, {"type": "nothing"})


def test_nbgrader_is_as_before_afterwards(tmp_path):
    from nbgrader import nbgraderformat
    from nbgrader.api import Gradebook
    from nbgrader.converters import autograde

    (tmp_path / "nbgrader_config.py").write_text("", encoding="utf-8")
    with _one_gradebook(Course(tmp_path)):
        assert nbgraderformat.common.jsonschema is not jsonschema
        assert autograde.Gradebook is not Gradebook
    assert nbgraderformat.common.jsonschema is jsonschema
    assert autograde.Gradebook is Gradebook
