"""The instructor's notebooks that are graded against: built from the chapter texts, as git does not keep them."""

from pathlib import Path

import pytest

import convlab.solutions
from convlab.authoring.chapter import read_chapter
from convlab.authoring.layout import Course
from convlab.authoring.notebooks import as_text, source_notebook
from convlab.checks import EXERCISES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def sources():
    course = Course(ROOT, EXERCISES, Path(convlab.solutions.__path__[0]))
    for chapter in course.chapters():
        file, text = course.source(chapter), as_text(source_notebook(read_chapter(course, chapter)))
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
