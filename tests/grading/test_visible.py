"""A student's code sees Python and its packages wherever they lie, and nothing that lies beside them."""

import os
import sys
from pathlib import Path

import pytest

from convlab.grading import visible as visibles
from convlab.grading.visible import Visible, shows, visible


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A machine below tmp_path: `here(...)` says where its Python and this package lie."""
    home = tmp_path / "home" / "ada"
    for file in (
        *("secrets.txt", "course/gradebook.db", "course/.grading_seed", "course/submitted/ben/1/1.ipynb"),
        *("course/bin/activate", "course/lib/python3.12/site-packages/numpy.py", "course/pyvenv.cfg"),
        *("project/course/gradebook.db", "project/convlab/grading/visible.py", "project/pyproject.toml"),
        *("project/.venv/bin/activate", "project/.venv/lib/python3.12/site-packages/numpy.py"),
        *(
            "conda/bin/python3.12",
            "conda/lib/python3.12/os.py",
            "conda/pkgs/x.tar",
            "conda/envs/other/secret",
        ),
        *(
            "conda/share/zoneinfo/UTC",
            "conda/share/course/notes",
            "conda/etc/fonts/fonts.conf",
            "conda/etc/token",
        ),
        *(
            ".pyenv/versions/3.12.1/bin/python3.12",
            ".pyenv/versions/3.12.1/lib/python3.12/os.py",
            ".pyenv/log",
        ),
        *(
            ".local/lib/python3.12/site-packages/torch.py",
            ".local/share/keyrings/login",
            ".local/bin/convlab",
        ),
    ):
        path = home / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def put(prefix, base=None, paths=(), package="project/convlab", executable=None):
        base = base or prefix
        for name in ("prefix", "exec_prefix"):
            monkeypatch.setattr(sys, name, str(home / prefix))
            monkeypatch.setattr(sys, f"base_{name}", str(home / base))
        monkeypatch.setattr(sys, "path", [str(home / path) for path in paths])
        monkeypatch.setattr(sys, "executable", str(home / (executable or f"{prefix}/bin/python")))
        monkeypatch.setattr(visibles, "__file__", str(home / package / "grading" / "visible.py"))
        visible.cache_clear()
        return home

    yield put
    visible.cache_clear()


PYENV = ".pyenv/versions/3.12.1"
MACHINES = {
    "a venv in the project": (
        {"prefix": "project/.venv", "base": PYENV},
        {
            *("project/.venv/bin", "project/.venv/lib", "project/convlab"),
            *(f"{PYENV}/bin", f"{PYENV}/lib"),
        },
    ),
    "the folder of the course is the venv": (
        {"prefix": "course", "base": PYENV},
        {
            *("course/bin", "course/lib", "course/pyvenv.cfg", "project/convlab"),
            f"{PYENV}/bin",
            f"{PYENV}/lib",
        },
    ),
    "conda": (
        {"prefix": "conda"},
        {"conda/bin", "conda/lib", "conda/share/zoneinfo", "conda/etc/fonts", "project/convlab"},
    ),
    "system-site-packages": (
        {"prefix": "project/.venv", "base": "conda", "paths": ["conda/lib/python3.12/site-packages"]},
        {
            *("project/.venv/bin", "project/.venv/lib", "project/convlab"),
            *("conda/bin", "conda/lib", "conda/share/zoneinfo", "conda/etc/fonts"),
        },
    ),
    "packages in ~/.local": (
        {"prefix": PYENV, "paths": ["project", ".local/lib/python3.12/site-packages"]},
        {f"{PYENV}/bin", f"{PYENV}/lib", ".local/lib/python3.12/site-packages", "project/convlab"},
    ),
    "installed, not editable": (
        {"prefix": "project/.venv", "package": "project/.venv/lib/python3.12/site-packages/convlab"},
        {"project/.venv/bin", "project/.venv/lib"},
    ),
}


@pytest.mark.parametrize("name", MACHINES)
def test_only_programs_and_packages_are_seen_in_a_home_folder(here, name):
    layout, expected = MACHINES[name]
    home = here(**layout)
    seen = {one.path for one in visible() if Path(one.path).is_relative_to(home)}
    assert seen == {str(home / path) for path in expected}


@pytest.mark.parametrize("name", MACHINES)
def test_no_course_no_gradebook_and_no_secret_is_ever_seen(here, name):
    home = here(**MACHINES[name][0])
    for file in (
        *("", "secrets.txt", "course/gradebook.db", "course/.grading_seed", "course/submitted/ben/1/1.ipynb"),
        *(
            "project/course/gradebook.db",
            "project/pyproject.toml",
            "conda/envs/other/secret",
            "conda/etc/token",
        ),
        *("conda/share/course/notes", ".local/share/keyrings/login"),
    ):
        assert not shows(home / file), file
    assert not shows(Path("/usr/local/share/nbgrader/exchange"))
    assert not shows(Path("/"))


def test_a_python_behind_links_is_seen_where_each_link_says(here):
    home = here("project/.venv", base=".pyenv/current", executable="project/.venv/bin/python")
    (home / ".pyenv" / "current").symlink_to("versions/3.12.1")
    (home / "tools").mkdir()
    (home / "tools" / "python").symlink_to(home / ".pyenv" / "current" / "bin" / "python3.12")
    (home / "project" / ".venv" / "bin" / "python").symlink_to(home / "tools" / "python")
    visible.cache_clear()
    seen = {one.path: one for one in visible()}
    # The link and no more of the folder in which it lies.
    link = str(home / "tools" / "python")
    assert seen[link] == Visible(link, target=str(home / ".pyenv" / "current" / "bin" / "python3.12"))
    assert str(home / ".pyenv" / "current" / "bin") in seen
    assert str(home / ".pyenv" / "versions" / "3.12.1" / "bin") in seen
    assert seen[str(home / ".pyenv" / "current" / "bin")].source == str(home / PYENV / "bin")


def test_where_a_link_leads_is_seen_too(here):
    home = here("conda")
    (home / "conda" / "lib").rename(home / "elsewhere")
    (home / "conda" / "lib").symlink_to("../elsewhere")
    visible.cache_clear()
    assert Visible(str(home / "conda" / "lib"), target="../elsewhere") in visible()
    assert shows(home / "elsewhere" / "python3.12" / "os.py")


def test_a_linked_home_folder_is_seen_by_both_its_names(here, tmp_path):
    (tmp_path / "users").symlink_to("home")
    by_link = tmp_path / "users" / "ada"
    home = here(by_link / "project/.venv", package=by_link / "project/convlab")
    seen = {one.path for one in visible()}
    assert {str(by_link / "project/convlab"), str(home / "project/convlab")} <= seen
    assert {str(by_link / "project/.venv/lib"), str(home / "project/.venv/lib")} <= seen


def test_outer_folders_come_first_and_nothing_is_seen_twice():
    paths = [Path(one.path) for one in visible()]
    assert paths == sorted(paths, key=lambda path: (len(path.parts), path))
    assert not [(a, b) for a in paths for b in paths if a != b and b.is_relative_to(a)]


def test_this_python_and_this_package_are_seen():
    import numpy

    assert shows(Path(numpy.__file__))
    assert shows(Path(visibles.__file__))
    assert shows(Path(os.__file__))
