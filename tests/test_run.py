"""run.py: standard library only, and its verbs end in the commands they show."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import run  # noqa: E402 - it lies beside the package, not in it


@pytest.fixture
def called(monkeypatch):
    """What run.py would do, without doing it."""
    steps = []
    monkeypatch.setattr(run, "install", lambda extras: steps.append(f"install {extras}"))
    monkeypatch.setattr(run, "run", lambda command: steps.append(" ".join(command)))
    return steps


def test_run_py_needs_nothing_but_the_standard_library():
    names = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in ast.walk(ast.parse((ROOT / "run.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert names <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("arguments", "steps"),
    [
        (["demo"], ["install grading,authoring", "convlab demo"]),
        (["lab"], ["install ", "jupyter lab course/release"]),
        (["build", "--force"], ["install authoring", "convlab build --force"]),
        (["test"], ["install dev", "pytest", "pytest --nbval solutions", "convlab build --check"]),
        (
            ["test", "--all", "-x"],
            [
                "install dev",
                "ruff check .",
                "ruff format --check .",
                "mypy",
                "pytest -m  -n 3 --dist loadscope --no-loadscope-reorder -x",
                "pytest --nbval solutions",
                "convlab build --check",
            ],
        ),
        (["lint"], ["install dev", "ruff check .", "ruff format --check .", "mypy"]),
    ],
)
def test_a_verb_installs_what_it_needs_and_runs_its_commands(called, arguments, steps):
    run.main(arguments)
    assert called == steps


@pytest.mark.parametrize("arguments", [[], ["tset"], ["--help"]])
def test_anything_else_lists_the_verbs(called, arguments):
    with pytest.raises(SystemExit) as stop:
        run.main(arguments)
    assert all(verb in str(stop.value) for verb in run.VERBS)
    assert called == []


def test_an_older_python_is_told_so(called, monkeypatch):
    monkeypatch.setattr(run.sys, "version_info", (3, 10, 13))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11"):
        run.main(["demo"])


def test_an_installed_environment_is_not_installed_again(tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(run, "VENV", tmp_path)
    monkeypatch.setattr(run, "BIN", tmp_path)
    monkeypatch.setattr(run, "run", commands.append)
    run.install("authoring")
    run.install("authoring")
    assert len(commands) == 1
    assert commands[0][-1] == ".[authoring]"
    run.install("dev")
    assert len(commands) == 2
