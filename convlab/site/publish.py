"""From `solutions/*.ipynb` to `build/site/`: what Sphinx needs in one folder, Sphinx, the checks, the offline zip.

Knows where things lie. The same input gives the same bytes: nothing here or in conf.py asks for the date.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import nbformat

from convlab.site.errors import SiteError
from convlab.site.index import Exercise, index
from convlab.site.links import problems
from convlab.site.opening import Opening, read_opening
from convlab.site.pages import description, page
from convlab.site.texts import SCRIPT, texts
from convlab.zips import zipped

__all__ = ["ZIP", "build", "offline", "stage"]

ZIP = "convlab-notes.zip"
_NEEDED = ("sphinx", "myst_nb", "furo", "sphinx-mathjax-offline")  # modules; the last is imported by no one
_OFFLINE = re.compile(r'<p id="offline">.*?</p>', re.DOTALL)
_IN_THE_ZIP = '<p id="offline">This is that copy. It asks no other machine for anything.</p>'
_WORKING_FILES = (".buildinfo", ".doctrees", "_sources", "objects.inv")


def build(
    root: Path, *, exercises: Iterable[Exercise] | None = None, report: Callable[[str], None] = print
) -> Path:
    """Build the site and its offline copy.

    Parameters
    ----------
    root : the folder that holds course/ and solutions/
    exercises : of all chapters; those of convlab.checks if left out
    report : called with each line on how it goes

    Returns
    -------
    Path, of the index page. An earlier site stays as it was if this one fails.

    Raises
    ------
    SiteError
        If something is missing, Sphinx warns, or a page points to what is not there or to another machine.
    """
    missing = [module.replace("_", "-") for module in _NEEDED if find_spec(module) is None]
    if missing:
        raise SiteError(f"{', '.join(missing)} is not installed: pip install -e '.[site]'")
    if exercises is None:
        from convlab.checks.registry import EXERCISES

        exercises = EXERCISES.values()
    target = root / "build" / "site"
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="site-") as folder:
        source, pages = Path(folder, "source"), Path(folder, "pages")
        chapters = stage(root, source, exercises)
        report(f"Sphinx: {len(chapters)} chapters")
        _sphinx(source, pages)
        (pages / SCRIPT).write_text(texts(pages), encoding="utf-8")
        (pages / ZIP).write_bytes(offline(pages))
        if found := problems(pages):
            raise SiteError("\n  ".join(["the pages do not hold together:", *found]))
        shutil.rmtree(target, ignore_errors=True)
        pages.replace(target)
    report(f"offline copy: build/site/{ZIP}, {(target / ZIP).stat().st_size / 1e6:.1f} MB")
    return target / "index.html"


def stage(root: Path, source: Path, exercises: Iterable[Exercise]) -> list[Opening]:
    """Put into one folder what Sphinx reads: course/site, the index, the folded chapters."""
    work = list(exercises)
    shutil.copytree(root / "course" / "site", source)
    files = sorted((root / "solutions").glob("*.ipynb"))
    if not files:
        raise SiteError("there are no notebooks in solutions/: run `convlab build`.")
    openings = []
    for file in files:
        notebook = nbformat.read(file, as_version=4)
        opening = read_opening(file.stem, notebook.cells[0].source if notebook.cells else "")
        names = {exercise.name for exercise in work if exercise.chapter == file.stem}
        try:
            shown = page(notebook, names, description(opening.teaser))
        except SiteError as error:
            raise SiteError(f"solutions/{file.name}: {error}") from None
        nbformat.write(shown, source / file.name)
        openings.append(opening)
    template = source / "index.md"
    template.write_text(index(template.read_text(encoding="utf-8"), openings, work), encoding="utf-8")
    return openings


def offline(pages: Path) -> bytes:
    """The folder as a zip that anybody can unpack and open; the same folder gives the same bytes."""
    return zipped(_offline_files(pages))


def _offline_files(pages: Path) -> Iterator[tuple[str, bytes]]:
    for path in pages.rglob("*"):
        if path.is_file():
            name, content = path.relative_to(pages).as_posix(), path.read_bytes()
            if name == "index.html":
                # The copy cannot hold itself, so it must not offer itself.
                content = _OFFLINE.sub(_IN_THE_ZIP, content.decode()).encode()
            yield f"{ZIP.removesuffix('.zip')}/{name}", content


def _sphinx(source: Path, pages: Path) -> None:
    """Run Sphinx; a warning is an error, because a page with a hole in it must not be published."""
    doctrees = source.parent / "doctrees"
    command = ["-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "-d", str(doctrees)]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "0", "NO_COLOR": "1"}
    run = subprocess.run(
        [sys.executable, *command, str(source), str(pages)], env=environment, capture_output=True, text=True
    )
    if run.returncode:
        said = (run.stderr + run.stdout).replace(f"{source}{os.sep}", "")
        raise SiteError(f"Sphinx could not build the pages:\n{said.strip()}")
    for name in _WORKING_FILES:
        path = pages / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
