"""Every exercise has one reference solution, and it is what the course says of it."""

import ast
import inspect
from importlib import import_module

import pytest

from convlab.checks import EXERCISES, report


def solution(exercise):
    return getattr(import_module(f"convlab.solutions.{exercise.chapter[3:]}"), exercise.name)


@pytest.fixture(params=EXERCISES.values(), ids=EXERCISES)
def exercise(request):
    return request.param


def test_it_passes_its_own_check_for_five_seeds(exercise):
    for seed in range(5):
        assert report(solution(exercise), exercise.name, seed).passed


def test_it_stands_alone_when_pasted_under_import_numpy(exercise):
    names = {}
    exec("import numpy as np\n" + inspect.getsource(solution(exercise)), names)
    assert report(names[exercise.name], exercise.name).passed


def test_its_arguments_are_those_of_the_registry(exercise):
    assert tuple(inspect.signature(solution(exercise)).parameters) == exercise.parameters


def test_it_is_at_most_25_lines_and_documents_shapes(exercise):
    node = ast.parse(inspect.getsource(solution(exercise))).body[0]
    body = node.body[1:]
    assert body[-1].end_lineno - body[0].lineno + 1 <= 25
    assert "Returns" in ast.get_docstring(node)
