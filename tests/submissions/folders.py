"""What students hand in as files: folders with links, pipes and odd names, and what must come of each.

    for one in FOLDERS:
        one.make(course / "submitted" / "ann" / "01_conv1d", notebook, outside)

`notebook` is the bytes of a notebook that solves everything, `outside` a file of somebody else's. What is made lies
below the student's folder; `outside` must be the same afterwards, and its bytes must turn up nowhere.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FOLDERS", "NAME", "Folder"]

NAME = "01_conv1d.ipynb"

Make = Callable[[Path, bytes, Path], object]


@dataclass(frozen=True)
class Folder:
    """One submission.

    Parameters
    ----------
    name : what it is
    make : (the folder, which is not there yet; the bytes of a solved notebook; a file outside) -> makes it
    read : whether the notebook is read; what it earns is then that of a solved one
    problem : words that the student must read
    flags : words that the instructor must be told
    as_root : only root can make it
    """

    name: str
    make: Make
    read: bool = True
    problem: str = ""
    flags: tuple[str, ...] = ()
    as_root: bool = False


def _solved(folder: Path, notebook: bytes, name: str | bytes = NAME) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Path(os.fsdecode(os.path.join(os.fsencode(folder), os.fsencode(name)))).write_bytes(notebook)


def _called(*names: str | bytes) -> Make:
    """The notebook under each of these names."""
    return lambda folder, notebook, outside: [_solved(folder, notebook, name) for name in names]


def _with(more: Callable[[Path, Path], object]) -> Make:
    """The notebook, and more beside it."""

    def make(folder: Path, notebook: bytes, outside: Path) -> None:
        _solved(folder, notebook)
        more(folder, outside)

    return make


def _only(more: Callable[[Path, Path], object]) -> Make:
    """Something in place of the notebook."""

    def make(folder: Path, notebook: bytes, outside: Path) -> None:
        folder.mkdir(parents=True)
        more(folder / NAME, outside)

    return make


def _linked_folder(folder: Path, notebook: bytes, outside: Path) -> None:
    _solved(folder.parent / "real", notebook)
    folder.symlink_to(folder.parent / "real")


def _linked_student(folder: Path, notebook: bytes, outside: Path) -> None:
    student = folder.parent
    real = student.with_name(f"{student.name}-real")
    _solved(real / folder.name, notebook)
    if student.is_dir():
        student.rmdir()
    student.parent.mkdir(parents=True, exist_ok=True)
    student.symlink_to(real)


def _socket(file: Path, outside: Path) -> None:
    before = os.getcwd()
    os.chdir(file.parent)  # a socket's path must be short
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(file.name)
    finally:
        os.chdir(before)


def _sparse(file: Path, outside: Path) -> None:
    with open(file, "wb") as opened:
        opened.truncate(10 * 2**40)


def _many(folder: Path, outside: Path) -> None:
    for number in range(2000):
        (folder / f"{number}.txt").touch()


def _deep(folder: Path, outside: Path) -> None:
    (folder / "/".join(["d"] * 100)).mkdir(parents=True)


def _checkpoints(folder: Path, outside: Path) -> None:
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "01_conv1d-checkpoint.ipynb").write_text("{}")


NOT_A_FILE = "is not a file that can be read: hand in the notebook itself"

FOLDERS = (
    Folder("a notebook", _called(NAME)),
    Folder(
        "an empty folder",
        lambda folder, *_: folder.mkdir(parents=True),
        False,
        "there is no file 01_conv1d.ipynb",
    ),
    Folder("nothing", lambda folder, *_: None, False, "cannot be read"),
    # Links and what is no file
    Folder(
        "a symbolic link",
        _only(lambda file, outside: file.symlink_to(outside)),
        False,
        NOT_A_FILE,
        ("is a symbolic link",),
    ),
    Folder(
        "a link to nowhere",
        _only(lambda file, outside: file.symlink_to("nowhere")),
        False,
        NOT_A_FILE,
        ("symbolic link",),
    ),
    Folder(
        "a link to itself",
        _only(lambda file, outside: file.symlink_to(file)),
        False,
        NOT_A_FILE,
        ("symbolic link",),
    ),
    Folder(
        "a link to the system's memory",
        _only(lambda file, _: file.symlink_to("/proc/self/environ")),
        False,
        NOT_A_FILE,
        ("symbolic link",),
    ),
    Folder("a folder that is a link", _linked_folder, False, "a link, not a folder", ("is a symbolic link",)),
    Folder(
        "a student who is a link", _linked_student, False, "a link, not a folder", ("is a symbolic link",)
    ),
    Folder(
        "a hard link",
        _only(lambda file, outside: os.link(outside, file)),
        True,
        flags=("has 2 names (hard links)",),
    ),
    Folder("a pipe", _only(lambda file, outside: os.mkfifo(file)), False, NOT_A_FILE, ("is a pipe",)),
    Folder("a socket", _only(_socket), False, NOT_A_FILE),
    Folder("a folder in its place", _only(lambda file, outside: file.mkdir()), False, NOT_A_FILE),
    Folder(
        "a device",
        _only(lambda file, _: os.mknod(file, 0o20666, os.makedev(1, 5))),
        False,
        NOT_A_FILE,
        ("a device",),
        True,
    ),
    Folder("10 TB of nothing", _only(_sparse), False, "clear its outputs"),
    # Names
    Folder("another name", _called("mine (1).ipynb"), flags=("the notebook is called mine (1).ipynb",)),
    Folder("two points", _called("..ipynb"), flags=("..ipynb",)),
    Folder("a way up, as on Windows", _called("..\\..\\gradebook.ipynb"), flags=("gradebook.ipynb",)),
    Folder("an absolute name, as on Windows", _called("C:\\01_conv1d.ipynb"), flags=("01_conv1d.ipynb",)),
    Folder("names that differ in case", _called(NAME, "01_CONV1D.ipynb", "01_Conv1D.IPYNB")),
    Folder(
        "names that differ in case, and none is right",
        _called("01_CONV1D.ipynb", "01_Conv1D.ipynb"),
        False,
        "there are 2 notebooks",
    ),
    Folder("an ending in capitals", _called("01_conv1d.IPYNB"), flags=("01_conv1d.IPYNB",)),
    Folder("a name with an accent, in two parts", _called("cafe\u0301.ipynb"), flags=("is called",)),
    Folder(
        "two names that look the same",
        _called("caf\u00e9.ipynb", "cafe\u0301.ipynb"),
        False,
        "there are 2 notebooks",
    ),
    Folder("a name that turns round", _called("\u202egnp.ipynb"), flags=("\\u202egnp.ipynb",)),
    Folder(
        "a name with a line break and colours", _called("a\n\x1b[2J.ipynb"), flags=("a\\n\\x1b[2J.ipynb",)
    ),
    Folder("a name that is no text", _called(b"\xff\xfe.ipynb"), flags=("is called",)),
    Folder("a name that is an option", _called("--config.ipynb"), flags=("--config.ipynb",)),
    Folder("a name of 255 bytes", _called("x" * 249 + ".ipynb"), flags=("x" * 60,)),
    # Beside it
    Folder("other files beside it", _with(lambda folder, _: (folder / "data.csv").write_text("1,2"))),
    Folder("2,000 files beside it", _with(_many)),
    Folder("folders a hundred deep", _with(_deep)),
    Folder("what Jupyter keeps", _with(_checkpoints)),
    Folder("a link beside it", _with(lambda folder, outside: (folder / "data").symlink_to(outside))),
    Folder("a pipe beside it", _with(lambda folder, _: os.mkfifo(folder / "data"))),
    Folder(
        "a time that is a pipe",
        _with(lambda folder, _: os.mkfifo(folder / "timestamp.txt")),
        flags=("timestamp.txt",),
    ),
    Folder(
        "a time that is a link",
        _with(lambda folder, outside: (folder / "timestamp.txt").symlink_to(outside)),
        flags=("timestamp.txt",),
    ),
    Folder(
        "a time that is none",
        _with(lambda folder, _: (folder / "timestamp.txt").write_text("yesterday")),
        flags=("timestamp.txt says no time",),
    ),
)
