"""Reads from a file's name in a downloaded zip who handed it in: Canvas, Moodle and Brightspace each have their form.

Where the forms are defined or described:

Canvas
    `lovelaceada_LATE_101_9001_my notebook.ipynb`: the sortable name in lower case without what is no word, LATE if
    it was, the person's id, the file's id, the file's own name (to which Canvas adds -1, -2, ... if a person has
    handed in a file of that name before); `anon_Xy12z_9001_...` where grading is anonymous; `..._101_text.html` and
    `..._101_link.html` for what was typed. `lib/content_zipper.rb` of instructure/canvas-lms writes it.
Moodle
    `Ada Lovelace_1234567_assignsubmission_file_/notebook.ipynb`; without the last `_` since 4.1; in one name,
    `..._assignsubmission_file_notebook.ipynb`, if "Download submissions in folders" is off; `Participant` in place
    of the name where marking is blind; `onlinetext` for what was typed. The number is the participant's in this one
    assignment. `mod/assign/locallib.php` writes it, `mod/assign/feedback/file/importziplib.php` reads it back.
Brightspace
    `12345-678901 - Ada Lovelace - Oct 21, 2026 1159 PM/notebook.ipynb`, or ` - notebook.ipynb` in one name, beside an
    `index.html`: D2L's help on "Download Submissions" in Assignments; the date is written in the language of whoever
    downloads.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from convlab.grading.collecting.when import read_time

__all__ = ["SYSTEMS", "Named", "is_rubbish", "read_name", "recognise", "settle_ids"]

SYSTEMS = ("canvas", "moodle", "brightspace")


@dataclass(frozen=True)
class Named:
    """What the name of one file says.

    Parameters
    ----------
    system : "canvas", "moodle" or "brightspace"
    user : the person's id there
    name : the person's, as written there; "" if it is hidden
    file : the student's own name for the file, with folders
    label : the part of the path that tells all this, unchanged; what is given back must carry it
    folder : whether the label is a folder's name
    submission : an id that grows with time, "" if there is none
    late : whether the system says so
    when : when it was handed in, without a zone
    typed : whether it is no file but text or a link typed into the system
    """

    system: str
    user: str
    name: str
    file: str
    label: str
    folder: bool
    submission: str = ""
    late: bool = False
    when: datetime | None = None
    typed: bool = False


_CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_(?i:late))?_(?P<user>\d+)_(?P<file>\d+)_(?P<own>.+)")
_CANVAS_HIDDEN = re.compile(
    r"(?P<late>(?i:late)_)?(?P<name>anon)_(?P<user>[A-Za-z0-9]+)_(?P<file>\d+)_(?P<own>.+)"
)
_CANVAS_TYPED = re.compile(
    r"(?P<name>.+?)(?P<late>_(?i:late))?_(?P<user>\d+)_(?P<own>(?:text|link)(?:-\d+)?\.html)"
)
_MOODLE = re.compile(
    r"(?P<name>[^_]+)_(?P<user>\d+)_assignsubmission_(?P<plugin>file|onlinetext)(?:_(?P<own>.*))?"
)
_BRIGHTSPACE = re.compile(
    r"(?P<first>\d+)-(?P<second>\d+) - (?P<name>.+?) - "
    r"(?P<when>(?:(?! - ).){0,30}?\d{4}.{0,10}? \d{1,2}[:.]?\d\d(?: ?[AaPp]\.?[Mm]\.?)?)(?: - (?P<own>.+))?"
)
_RUBBISH_FOLDERS = {"__macosx", ".ipynb_checkpoints", "__pycache__", ".git", ".vscode", ".idea"}
_RUBBISH = {"thumbs.db", "desktop.ini", ".ds_store"}
# How a participant is called where marking is blind, in the languages in which that is one word.
_HIDDEN = {
    "participant",
    "teilnehmer/in",
    "teilnehmer",
    "participante",
    "partecipante",
    "deelnemer",
    "deltaker",
}


def is_rubbish(path: str) -> bool:
    """Whether a computer and not a student has put it there."""
    *folders, name = path.split("/")
    return (
        any(folder.lower() in _RUBBISH_FOLDERS for folder in folders)
        or name.lower() in _RUBBISH
        or name.startswith("._")
    )


def read_name(system: str, path: str) -> Named | None:
    """What a path in a system's zip says; None if it is not of that system's form."""
    parts = path.split("/")
    if system == "canvas":
        return _canvas(parts[-1])
    reader = {"moodle": _moodle, "brightspace": _brightspace}[system]
    for place, part in enumerate(parts):
        inner = "/".join(parts[place + 1 :])
        if (named := reader(part, inner)) is not None:
            return named
    return None


def recognise(paths: Iterable[str]) -> str | None:
    """Which system made the zip: the one whose form most names have."""
    counts: Counter[str] = Counter()
    for path in paths:
        counts.update(system for system in SYSTEMS if read_name(system, path) is not None)
    if not counts:
        return None
    # Moodle's and Brightspace's forms are narrow; a student's own file name may look like Canvas's.
    return max(counts, key=lambda system: (counts[system], system != "canvas"))


def settle_ids(named: Iterable[Named]) -> list[Named]:
    """Brightspace's names once more, with the number that tells people apart as the person's id.

    It writes two, of which one is the folder's, the same for everybody.
    """
    found = list(named)
    pairs = [tuple(one.user.split("-")) for one in found]
    first, second = ({pair[place] for pair in pairs} for place in (0, 1))
    place = 1 if len(first) == 1 and len(second) > 1 else 0
    return [dataclasses.replace(one, user=pair[place]) for one, pair in zip(found, pairs)]


def _canvas(name: str) -> Named | None:
    if found := _CANVAS_HIDDEN.fullmatch(name):
        return Named(
            "canvas", found["user"], "", found["own"], name, False, found["file"], bool(found["late"])
        )
    if found := _CANVAS.fullmatch(name):
        return Named(
            "canvas",
            found["user"],
            found["name"],
            found["own"],
            name,
            False,
            found["file"],
            bool(found["late"]),
        )
    if found := _CANVAS_TYPED.fullmatch(name):
        late = bool(found["late"])
        return Named("canvas", found["user"], found["name"], found["own"], name, False, "", late, typed=True)
    return None


def _moodle(part: str, inner: str) -> Named | None:
    found = _MOODLE.fullmatch(part)
    if found is None:
        return None
    own = inner or found["own"] or ""
    name = "" if found["name"].lower() in _HIDDEN else found["name"]
    typed = found["plugin"] == "onlinetext"
    return Named("moodle", found["user"], name, own, part, bool(inner), typed=typed)


def _brightspace(part: str, inner: str) -> Named | None:
    found = _BRIGHTSPACE.fullmatch(part)
    if found is None or bool(inner) == bool(found["own"]):
        return None
    pair = f"{found['first']}-{found['second']}"
    when = read_time(found["when"])
    return Named(
        "brightspace", pair, found["name"], inner or found["own"], part, bool(inner), found["when"], when=when
    )
