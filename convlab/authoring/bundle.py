"""`convlab release`: what students get, as one zip. Released chapters, the package as a wheel, how to install it.

Every chapter in it is looked at once more: it belongs to its text, and gives no solution away. Only what is named
here goes in, so that no gradebook, seed or submission can.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat

from convlab.authoring.chapter import read_chapter
from convlab.authoring.course import check, course_at
from convlab.authoring.errors import BuildError
from convlab.authoring.release import problems_of_release
from convlab.zips import zipped

__all__ = ["bundle"]

FOLDER = "convlab-course"
# Of the project, what the wheel is made of.
_OF_THE_PACKAGE = ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT", "convlab")


def bundle(
    root: Path,
    file: Path,
    *,
    chapters: Sequence[str] | None = None,
    report: Callable[[str], None] = print,
) -> Path:
    """Write the zip that students get.

    Parameters
    ----------
    root : the folder that holds course/ and convlab/
    file : the zip
    chapters : names such as "01_conv1d"; all of them by default
    report : is given one line per step

    Raises
    ------
    BuildError
        If a chapter is not what its text says, gives something away, or the wheel cannot be built.
    """
    course = course_at(root)
    wanted = course.chapters() if chapters is None else list(chapters)
    problems = check(root, chapters=wanted)
    notebooks: dict[str, bytes] = {}
    for name in wanted:
        release = course.release(name)
        if release.is_file():
            text = release.read_bytes()
            notebooks[f"{name}/{name}.ipynb"] = text
            problems += problems_of_release(
                read_chapter(course, name), nbformat.reads(text.decode("utf-8"), as_version=4)
            )
    if problems:
        raise BuildError("\n".join([*dict.fromkeys(problems), "Nothing was written. Type: convlab build"]))
    report(f"{len(wanted)} chapters, checked: they are those of their texts and give no solution away")
    with tempfile.TemporaryDirectory(prefix="convlab-release-") as scratch:
        wheel = _wheel(root, Path(scratch))
        report(f"built {wheel.name}")
        first = f"{wanted[0]}/{wanted[0]}.ipynb"
        members = {
            "README.txt": _readme(wheel.name, first).encode(),
            "environment.yml": _environment(root, wheel.name).encode(),
            wheel.name: wheel.read_bytes(),
            **notebooks,
        }
        part = file.with_name(f".{file.name}.part")
        try:
            part.write_bytes(zipped((f"{FOLDER}/{name}", data) for name, data in members.items()))
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    report(f"wrote {file} ({file.stat().st_size / 1e6:.1f} MB)")
    return file


def _readme(wheel: str, first: str) -> str:
    return (
        f"Install once: conda env create -f environment.yml && conda activate convlab  (or: pip install {wheel})\n"
        f"Then, in this folder: jupyter lab {first}\n"
    )


def _environment(root: Path, wheel: str) -> str:
    """The project's environment, of which students get what the package itself needs, and the wheel."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {_name(requirement) for requirement in project["dependencies"]} | {"python", "pip"}
    head, dependencies, rest = (
        (root / "environment.yml").read_text(encoding="utf-8").partition("dependencies:\n")
    )
    lines = [line for line in head.splitlines() if not line.startswith("#")] + dependencies.splitlines()
    for line in rest.splitlines():
        package = re.match(r"  - ([\w-]+)", line)
        # conda's name for torch is pytorch-cpu
        names = {package[1], package[1].removeprefix("py").removesuffix("-cpu")} if package else set()
        if not names or names & needed:
            lines.append(line.replace("-e .", f"./{wheel}"))
    return "\n".join(
        [f"# conda env create -f environment.yml && conda activate {project['name']}", *lines, ""]
    )


def _name(requirement: str) -> str:
    found = re.match(r"[\w-]+", requirement)
    return found[0].lower() if found else ""


def _wheel(root: Path, scratch: Path) -> Path:
    """The package as a wheel, built in a scratch folder: setuptools leaves things beside what it builds."""
    source = scratch / "source"
    source.mkdir()
    for name in _OF_THE_PACKAGE:
        if (root / name).is_dir():
            shutil.copytree(root / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(root / name, source)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
    ]
    done = subprocess.run(
        [*command, "--wheel-dir", str(scratch / "wheel"), str(source)],
        env={**os.environ, "SOURCE_DATE_EPOCH": "315532800"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise BuildError(
            f"the wheel could not be built (is setuptools installed?); pip said:\n{done.stderr[-2000:]}"
        )
    (wheel,) = (scratch / "wheel").glob("*.whl")
    return wheel
