"""environment.yml and pyproject.toml say the same, and the bounds hold for what is installed."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"pytorch-cpu": "torch"}


def conda() -> dict[str, SpecifierSet]:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    requirements = [Requirement(line) for line in listed if isinstance(line, str)]
    return {CONDA_NAMES.get(r.name, r.name): r.specifier for r in requirements}


def pypi(*extras: str) -> dict[str, SpecifierSet]:
    lines = PROJECT["dependencies"] + [
        line for extra in extras for line in PROJECT["optional-dependencies"][extra]
    ]
    return {r.name: r.specifier for r in map(Requirement, lines)}


def test_every_base_and_authoring_dependency_stands_in_environment_yml_with_the_same_bounds():
    wanted = pypi("authoring")
    assert {name: conda().get(name) for name in wanted} == wanted


def test_environment_yml_holds_nothing_that_pyproject_does_not_know():
    known = pypi(*PROJECT["optional-dependencies"])
    for name, bounds in conda().items():
        if name == "python":
            assert bounds == SpecifierSet(PROJECT["requires-python"])
        elif name != "pip":
            assert known.get(name) == bounds, name


def test_environment_yml_holds_what_the_tests_of_the_notes_need():
    assert {"jupyterlab", "nbgrader", "numpy", "torch", "nbval", "pytest"} <= set(conda())
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert {"pip": ["-e ."]} in listed


def test_the_extras_are_those_the_readme_names():
    assert set(PROJECT["optional-dependencies"]) == {
        "grading",
        "authoring",
        "site",
        "cluster",
        "postgres",
        "dev",
    }


def test_what_is_installed_is_within_the_bounds():
    for name, bounds in pypi("authoring", "grading").items():
        assert version(name) in bounds, f"{name} {version(name)}"
