"""What students get: released chapters and how to run them, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml
from submissions.rows import ALL, reference

from convlab.authoring import BuildError
from convlab.authoring.bundle import bundle

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
OF_THE_PROJECT = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "LICENSE-TEXT",
    "environment.yml",
    "convlab",
    "solutions",
)


def quiet(line):
    pass


@pytest.fixture(scope="module")
def zipped(tmp_path_factory):
    return bundle(ROOT, tmp_path_factory.mktemp("release") / "course.zip", chapters=[CHAPTER], report=quiet)


def test_the_zip_holds_chapters_the_package_and_how_to_install_it(zipped):
    with zipfile.ZipFile(zipped) as archive:
        names = set(archive.namelist())
        wheel = next(name for name in names if name.endswith(".whl"))
        assert names == {
            wheel,
            "convlab-course/README.txt",
            "convlab-course/environment.yml",
            f"convlab-course/{CHAPTER}/{CHAPTER}.ipynb",
        }
        released = (ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb").read_bytes()
        assert archive.read(f"convlab-course/{CHAPTER}/{CHAPTER}.ipynb") == released
        readme = archive.read("convlab-course/README.txt").decode()
        assert len(readme.splitlines()) == 2
        assert Path(wheel).name in readme
        assert f"jupyter lab {CHAPTER}/{CHAPTER}.ipynb" in readme
        environment = yaml.safe_load(archive.read("convlab-course/environment.yml"))
    assert environment["channels"] == ["conda-forge"]
    *packages, by_pip = environment["dependencies"]
    assert [one.split(">")[0] for one in packages] == [
        "python",
        "pip",
        "numpy",
        "pytorch-cpu",
        "jupyterlab",
        "nbgrader",
        "matplotlib",
        "threadpoolctl",
    ]
    assert by_pip == {"pip": [f"./{Path(wheel).name}"]}


def test_the_same_course_gives_the_same_bytes(zipped, tmp_path):
    again = bundle(ROOT, tmp_path / "again.zip", chapters=[CHAPTER], report=quiet)
    assert again.read_bytes() == zipped.read_bytes()


def copy_of_the_project(folder):
    for name in OF_THE_PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    for part in ("chapters", "release"):
        shutil.copytree(ROOT / "course" / part, folder / "course" / part)
    shutil.copy(ROOT / "course" / "nbgrader_config.py", folder / "course")


def test_a_release_that_gives_a_solution_away_is_refused_and_nothing_written(tmp_path):
    copy_of_the_project(tmp_path)
    file = tmp_path / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb"
    notebook = json.loads(file.read_text(encoding="utf-8"))
    notebook["cells"][3]["source"] = f"Look:\n\n```python\n{reference('correlate1d')}\n```\n"
    file.write_text(json.dumps(notebook), encoding="utf-8")
    with pytest.raises(BuildError, match="gives away the whole solution of 'correlate1d'"):
        bundle(tmp_path, tmp_path / "course.zip", chapters=[CHAPTER], report=quiet)
    assert list(tmp_path.glob("*.zip*")) == list(tmp_path.glob(".*.part")) == []


def test_a_release_that_was_not_built_from_its_text_is_refused(tmp_path):
    copy_of_the_project(tmp_path)
    text = tmp_path / "course" / "chapters" / f"{CHAPTER}.py"
    text.write_text(
        text.read_text(encoding="utf-8") + "\n# %% [markdown]\n# One more word.\n", encoding="utf-8"
    )
    with pytest.raises(BuildError, match="convlab build"):
        bundle(tmp_path, tmp_path / "course.zip", chapters=[CHAPTER], report=quiet)


@pytest.mark.more  # installs the package and all it needs, from the package registry
def test_the_zip_is_all_that_a_student_needs(zipped, tmp_path):
    """In an environment that has the zip's wheel and nothing else: a chapter opens, and a solution passes."""
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "convlab-course"
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "CONVLAB"))
    }
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", str(wheel)], cwd=folder, env=environment, check=True
    )
    file = folder / CHAPTER / f"{CHAPTER}.ipynb"
    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in ALL:
            cell.source = reference(name)
    nbformat.write(notebook, file)
    subprocess.run(
        [python, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace", file.name],
        cwd=file.parent,
        env=environment,
        check=True,
        capture_output=True,
    )
    text = file.read_text(encoding="utf-8")
    for name in ALL:
        assert f"{name}: all " in text
    assert str(ROOT) not in text
