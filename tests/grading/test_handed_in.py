"""What lies in a submission's folder is read as bytes or refused; nothing in it is followed."""

import os
import socket
import sys

import pytest

from convlab.grading.handed_in import read
from convlab.grading.limits import Limits

NAME = "01_conv1d.ipynb"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "submitted" / "s1" / "01_conv1d"
    made.mkdir(parents=True)
    return made


def test_a_notebook_comes_back_as_its_bytes(folder):
    (folder / NAME).write_bytes(b"\xff\x00")
    handed = read(folder, NAME)
    assert (handed.content, handed.problem, handed.flags, handed.timestamp) == (b"\xff\x00", "", (), None)


def test_a_notebook_of_another_name_is_taken_if_it_is_the_only_one(folder):
    (folder / "01_conv1d (1).ipynb").write_bytes(b"{}")
    (folder / "notes.txt").write_text("hello")
    handed = read(folder, NAME)
    assert handed.content == b"{}"
    assert handed.flags == ("the notebook is called 01_conv1d (1).ipynb: it was taken for 01_conv1d.ipynb",)
    (folder / "01_CONV1D.ipynb").write_bytes(b"[]")
    handed = read(folder, NAME)
    assert handed.content == b""
    assert handed.problem.startswith("there are 2 notebooks and none is called 01_conv1d.ipynb")


def test_an_empty_folder_has_no_file(folder):
    assert read(folder, NAME).problem == "there is no file 01_conv1d.ipynb in the submission"
    assert read(folder / "none", NAME).problem == "the submission cannot be read"


def test_a_file_that_is_too_large_is_not_read(folder):
    (folder / NAME).write_bytes(b" " * 1025)
    assert read(folder, NAME, Limits(file=1024)).content == b""
    assert "clear its outputs" in read(folder, NAME, Limits(file=1024)).problem
    assert len(read(folder, NAME, Limits(file=1025)).content) == 1025


@pytest.mark.skipif(sys.platform == "win32", reason="Windows makes links and pipes otherwise")
class TestWhatIsNoFile:
    def test_a_link_is_not_followed(self, folder, tmp_path):
        secret = tmp_path / "gradebook.db"
        secret.write_text("secret")
        (folder / NAME).symlink_to(secret)
        handed = read(folder, NAME)
        assert handed.content == b""
        assert "hand in the notebook itself" in handed.problem
        assert handed.flags == ("01_conv1d.ipynb is a symbolic link: it was not read",)

    @pytest.mark.parametrize("depth", [0, 1])
    def test_a_folder_that_is_a_link_is_not_followed(self, folder, tmp_path, depth):
        (folder / NAME).write_bytes(b"{}")
        link = tmp_path / "submitted" / ("s2" if depth else "s1/other")
        link.symlink_to(folder.parent if depth else folder)
        handed = read(link / "01_conv1d" if depth else link, NAME)
        assert handed.content == b""
        assert "symbolic link" in handed.flags[0]

    def test_another_name_for_a_file_is_told(self, folder, tmp_path):
        (tmp_path / "other").write_bytes(b"{}")
        os.link(tmp_path / "other", folder / NAME)
        handed = read(folder, NAME)
        assert handed.content == b"{}"
        assert handed.flags == ("01_conv1d.ipynb has 2 names (hard links)",)

    def test_a_pipe_does_not_make_the_grader_wait(self, folder):
        os.mkfifo(folder / NAME)
        assert read(folder, NAME).flags == ("01_conv1d.ipynb is a pipe: it was not read",)

    def test_a_socket_is_not_read(self, folder, monkeypatch):
        monkeypatch.chdir(folder)  # a socket's path must be short
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(NAME)
            assert "is not a file that can be read" in read(folder, NAME).problem

    def test_a_device_is_not_read(self, folder, monkeypatch):
        (folder / NAME).touch()
        monkeypatch.setattr(os, "open", lambda *a, opened=os.open, **k: opened("/dev/zero", os.O_RDONLY))
        assert read(folder, NAME).flags == ("01_conv1d.ipynb is a device: it was not read",)


def test_a_folder_called_like_the_notebook_is_not_read(folder):
    (folder / NAME).mkdir()
    assert "is not a file that can be read" in read(folder, NAME).problem


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01 12:30:59 UTC",
        "2026-03-01 12:30:59.123456 UTC",
        "2026-03-01T12:30:59Z",
        "2026-03-01 12:30:59 +0100",
        "2026-03-01 12:30:59\n",
    ],
)
def test_a_time_is_kept(folder, text):
    from nbgrader.utils import parse_utc

    (folder / "timestamp.txt").write_text(text)
    kept = read(folder, NAME).timestamp
    assert kept == text.strip()
    assert parse_utc(kept).year == 2026


@pytest.mark.parametrize(
    "text", ["soon", "2026-13-01 00:00:00", "2026-01-01", "9" * 5000, "\x00", "2026-02-30 00:00:00"]
)
def test_what_is_no_time_is_told_and_left_out(folder, text):
    (folder / "timestamp.txt").write_text(text)
    handed = read(folder, NAME)
    assert handed.timestamp is None
    assert "timestamp.txt says no time: no lateness was counted" in handed.flags


def test_an_empty_timestamp_is_none(folder):
    (folder / "timestamp.txt").write_text("\n")
    assert read(folder, NAME).timestamp is None
    assert not [flag for flag in read(folder, NAME).flags if "timestamp" in flag]
