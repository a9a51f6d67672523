"""`convlab build` and `convlab build --check`: all chapters of a course, from text to files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from convlab.authoring.chapter import Chapter, read_chapter
from convlab.authoring.errors import BuildError
from convlab.authoring.layout import Course, Registry
from convlab.authoring.notebooks import as_text, source_notebook
from convlab.authoring.release import make_releases, problems_of_release
from convlab.authoring.solved import execute as execute_chapter
from convlab.authoring.solved import is_fresh, problems_of_outputs, with_outputs

__all__ = ["build", "check", "course_at", "write_source"]


def build(
    root: Path,
    *,
    chapters: Sequence[str] | None = None,
    execute: bool = True,
    force: bool = False,
    report: Callable[[str], None] = print,
    registry: Registry | None = None,
    references: Path | None = None,
) -> None:
    """Write source, release and solved notebook of each chapter: all three of a chapter, or none.

    Parameters
    ----------
    root : the folder that holds course/ and solutions/
    chapters : names such as "01_conv1d"; all of them by default
    execute : run the solved notebooks whose code has changed. Without it those are left as they are.
    force : run them even if their code has not changed
    report : is given one line per step
    registry, references : the exercises and the folder of their solutions; convlab's own by default

    Raises
    ------
    BuildError
        With a sentence that names chapter, cell and what to do. Chapters already written stay written.
    """
    course = course_at(root, registry, references)
    wanted = course.chapters() if chapters is None else list(chapters)
    texts = {name: read_chapter(course, name) for name in wanted}
    for name, chapter in texts.items():
        report(f"{name}: {len(chapter.cells)} cells, {len(chapter.exercises)} exercises")
    if not texts:
        report(f"no chapters in {course.relative(course.text('x').parent)}")
        return
    releases = make_releases(texts)
    for name, chapter in texts.items():
        if problems := problems_of_release(chapter, releases[name]):
            raise BuildError("\n".join(problems))
    report(f"released by nbgrader: {', '.join(texts)}")
    for name, chapter in texts.items():
        files = {
            course.source(name): as_text(source_notebook(chapter)),
            course.release(name): as_text(releases[name]),
        }
        solved = _solve(course, chapter, execute=execute, force=force, report=report)
        if solved is not None:
            files[course.solved(name)] = as_text(solved)
        written = _write(files)
        report(
            f"{name}: wrote {', '.join(course.relative(path) for path in written) or 'nothing, all is fresh'}"
        )


def write_source(
    root: Path, chapter: str, *, registry: Registry | None = None, references: Path | None = None
) -> Path:
    """Write the instructor's notebook of one chapter, and nothing else, and return its path.

    Raises
    ------
    BuildError
        If there is no such chapter, or its text cannot be built.
    """
    course = course_at(root, registry, references)
    file = course.source(chapter)
    _write({file: as_text(source_notebook(read_chapter(course, chapter)))})
    return file


def _solve(
    course: Course, chapter: Chapter, *, execute: bool, force: bool, report: Callable[[str], None]
) -> Any | None:
    """The executed notebook; the stored outputs are kept while they belong to the chapter's code."""
    stored = _read(course.solved(chapter.name))
    if stored is not None and is_fresh(chapter, stored) and not force:
        report(f"{chapter.name}: its code has not changed, so it is not executed")
        return with_outputs(chapter, stored)
    if not execute:
        report(
            f"{chapter.name}: not executed, so {course.relative(course.solved(chapter.name))} stays as it is"
        )
        return None
    report(f"{chapter.name}: executing {sum(cell.kind == 'code' for cell in chapter.cells)} code cells")
    return execute_chapter(chapter)


def check(
    root: Path,
    *,
    chapters: Sequence[str] | None = None,
    registry: Registry | None = None,
    references: Path | None = None,
) -> list[str]:
    """Compare the committed notebooks with what a build would write, without executing them.

    Returns
    -------
    list of str
        A sentence for each problem, with what to do about it. Empty when all is fresh.
    """
    course = course_at(root, registry, references)
    try:
        names = course.chapters()
    except BuildError as error:
        return [str(error)]
    problems = [] if chapters is not None else [*_leftovers(course, names), *_without_chapter(course, names)]
    texts = {}
    for name in names if chapters is None else chapters:
        try:
            texts[name] = read_chapter(course, name)
        except BuildError as error:
            problems.append(str(error))
    try:
        releases = make_releases(texts) if texts else {}
    except BuildError as error:
        return [*problems, str(error)]
    for name, chapter in texts.items():
        problems += problems_of_release(chapter, releases[name])
        problems += _stale_release(course, name, releases[name])
        problems += _stale_solved(course, chapter)
    return problems


def _stale_release(course: Course, name: str, release: Any) -> list[str]:
    path = course.release(name)
    if not path.is_file():
        return [_missing(course, path, name)]
    return [] if _holds(path, as_text(release)) else [_older(course, path, name)]


def _stale_solved(course: Course, chapter: Chapter) -> list[str]:
    path = course.solved(chapter.name)
    if not path.is_file():
        return [_missing(course, path, chapter.name)]
    stored = _read(path)
    if stored is None:
        return [f"{course.relative(path)} is not a notebook: run `convlab build`."]
    if not is_fresh(chapter, stored):
        return [_older(course, path, chapter.name)]
    wanted = with_outputs(chapter, stored)
    if not _holds(path, as_text(wanted)):
        return [_older(course, path, chapter.name)]
    return [f"{course.relative(path)}: {problem}" for problem in problems_of_outputs(chapter, wanted)]


def _leftovers(course: Course, names: list[str]) -> Iterator[str]:
    releases = course.release("x").parent.parent
    kept = {course.release(name) for name in names}
    files = [
        path for path in releases.rglob("*") if path.is_file() and ".ipynb_checkpoints" not in path.parts
    ]
    files += (course.root / "solutions").glob("*.ipynb")
    kept |= {course.solved(name) for name in names}
    for path in sorted(set(files) - kept):
        if path.name != ".gitkeep":
            yield (
                f"{course.relative(path)} belongs to no chapter: delete it, or restore "
                f"{course.relative(course.text(path.stem))}."
            )


def _without_chapter(course: Course, names: Iterable[str]) -> Iterator[str]:
    for name in sorted({exercise.chapter for exercise in course.registry.values()} - set(names)):
        exercises = ", ".join(exercise.name for exercise in course.exercises(name))
        yield (
            f"{course.relative(course.text(name))} does not exist, but the registry gives it exercises "
            f"({exercises}): write it, or change their chapter."
        )


def _older(course: Course, path: Path, name: str) -> str:
    return f"{course.relative(path)} is older than {course.relative(course.text(name))}: run `convlab build`."


def _missing(course: Course, path: Path, name: str) -> str:
    return (
        f"{course.relative(path)} is missing for {course.relative(course.text(name))}: run `convlab build`."
    )


def course_at(root: Path, registry: Registry | None = None, references: Path | None = None) -> Course:
    if registry is None:
        from convlab.checks import EXERCISES

        registry = EXERCISES
    if references is None:
        import convlab.solutions

        references = Path(convlab.solutions.__path__[0])
    return Course(Path(root).resolve(), registry, references)


def _read(path: Path) -> Any | None:
    """A stored notebook, or None if there is none that can be read."""
    import nbformat

    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
        nbformat.validate(notebook, version=4)
    except Exception:  # a broken file makes nbformat raise many kinds; whatever it is, a build replaces it
        return None
    return notebook


def _write(files: dict[Path, str]) -> list[Path]:
    """Replace files whose text differs; first all are written beside their places, then all are moved."""
    changed = {path: text for path, text in files.items() if not _holds(path, text)}
    with _removed_afterwards({path: path.with_name(f".{path.name}.tmp") for path in changed}) as beside:
        for path, text in changed.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside[path].write_text(text, encoding="utf-8", newline="\n")
        for path in changed:
            os.replace(beside[path], path)
    return list(changed)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text


@contextmanager
def _removed_afterwards(beside: dict[Path, Path]) -> Iterator[dict[Path, Path]]:
    try:
        yield beside
    finally:
        for path in beside.values():
            path.unlink(missing_ok=True)
