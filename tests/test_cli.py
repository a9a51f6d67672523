"""The `convlab` command: what it prints and returns."""

from pathlib import Path

import pytest

from convlab import __version__, cli

ROOT = Path(__file__).parents[1]


def test_the_built_files_are_those_of_the_chapters(monkeypatch, capsys):
    """The staleness check: it fails after a chapter, a solution or a picture was changed and not rebuilt."""
    monkeypatch.chdir(ROOT / "course")
    code = cli.main(["build", "--check"])
    assert capsys.readouterr().out == "Every built file is that of its chapter.\n"
    assert code == 0


def test_outside_of_a_clone_it_says_where_it_may_be_called(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["build"]) == 1
    assert "call convlab in a clone of the project" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["biuld"], ["build", "--chekc"]])
def test_what_it_cannot_read_ends_with_2_and_a_usage_line(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("usage: convlab")


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"convlab {__version__}\n"


def test_a_chapter_that_does_not_exist_is_named(tmp_path, monkeypatch, capsys):
    (tmp_path / "course" / "chapters").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["build", "99_nothing"]) == 1
    assert "99_nothing" in capsys.readouterr().err


def test_a_demo_that_cannot_be_built_is_an_error_in_words(tmp_path, monkeypatch, capsys):
    (tmp_path / "course" / "chapters").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["demo"]) == 1
    assert capsys.readouterr().err.startswith("convlab: ")
