"""What the tests of grading share: the instructor's notebooks, and a PostgreSQL server.

Where there is none, its tests skip and say so; with CONVLAB_NEEDS_POSTGRES=1 they fail instead.
"""

import os
import uuid
from pathlib import Path

import pytest

import convlab.solutions
from convlab.authoring.chapter import read_chapter
from convlab.authoring.layout import Course
from convlab.authoring.notebooks import as_text, source_notebook
from convlab.checks import EXERCISES
from convlab.grading.files import write_whole

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def sources():
    """The notebooks that are graded against: built from the chapter texts, as git does not keep them."""
    course = Course(ROOT, EXERCISES, Path(convlab.solutions.__path__[0]))
    for chapter in course.chapters():
        file, text = course.source(chapter), as_text(source_notebook(read_chapter(course, chapter)))
        write_whole(file, text.encode())  # another process of the tests may be about to read it


@pytest.fixture(scope="session")
def postgres():
    """The address of a PostgreSQL server of our own, without a database."""
    import postgres

    if postgres.programs() is None:
        reason = "needs a PostgreSQL server (apt-get install postgresql)"
        if os.environ.get("CONVLAB_NEEDS_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with postgres.server() as address:
        yield address


@pytest.fixture
def database(postgres):
    """The address of a new, empty database."""
    from sqlalchemy import create_engine, text

    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(f"{postgres}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{postgres}/{name}"
