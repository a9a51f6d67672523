"""Says which student of the course somebody in the learning management system is.

Somebody who is known keeps their id: first what was collected before counts, then the roster, then the gradebook;
only a stranger gets an id made of their name. An id is also a folder's name and, in nbgrader, a pattern of files.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from convlab.grading.collecting.names import Named
from convlab.grading.collecting.roster import Row, split_name

__all__ = ["Identities", "Known", "Student", "name_key", "safe_id"]

_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "þ": "th", "ı": "i"}
    | {"æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe"}
)
_NOT_IN_AN_ID = re.compile(r"[^\w.@+-]+", re.ASCII)
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_LONGEST = 64
T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """A student whom the gradebook has.

    Parameters
    ----------
    user : the learning management system's id of them, if the gradebook has it
    """

    id: str
    first_name: str
    last_name: str
    email: str
    user: str


@dataclass(frozen=True)
class Student:
    """Who somebody is in the course.

    Parameters
    ----------
    row : the roster's, if they stand there
    notes : what the instructor should know of how that was decided
    """

    id: str
    first_name: str
    last_name: str
    email: str = ""
    row: Row | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.id


def safe_id(text: str) -> str:
    """A student id made of any text: fit for nbgrader and for the file systems of Linux, macOS and Windows.

    Letters of other scripts stay, accents go; "" if nothing is left.
    """
    text = unicodedata.normalize("NFKD", re.sub("['’ʼ`´]", "", text).translate(_LETTERS).lower())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    kept = "".join(letter if letter.isalnum() or letter in "._@+-" else "." for letter in text)
    kept = unicodedata.normalize("NFC", re.sub(r"\.{2,}", ".", kept)).strip(".-_")[:_LONGEST].strip(".-_")
    return f"{kept}_" if _DEVICE.fullmatch(kept) else kept


class Identities:
    """Finds students.

    Parameters
    ----------
    roster : the class, if the instructor gave it
    known : the gradebook's students
    before : (system, user) -> student id, as collected before for the same assignment
    people : all whose submissions are being collected; who shares a name cannot be found by it
    """

    def __init__(
        self,
        roster: Sequence[Row],
        known: Iterable[Known],
        before: Mapping[tuple[str, str], str],
        people: Iterable[Named],
    ) -> None:
        self._known = {one.id: one for one in known}
        self._before = before
        self._by_user = _unique((text, one) for one in roster for text in {one.user, one.participant})
        self._by_name = _by_names((one.first_name, one.last_name, one) for one in roster)
        self._gradebook_by_user = _unique((one.user, one) for one in self._known.values())
        self._gradebook_by_name = _by_names(
            (one.first_name, one.last_name, one) for one in self._known.values()
        )
        everybody = {(one.user, one.name) for one in people}
        self._namesakes = Counter(key for _, name in everybody for key in [name_key(name)] if key)
        self._given: dict[str, str] = {one.casefold(): one for one in self._known}

    def student(self, named: Named) -> Student:
        """Who it is."""
        notes: list[str] = []
        row = self._row(named, notes)
        known = self._of_gradebook(named, row)
        id = self._id(named, row, known, notes)
        entry = self._known.get(id)
        if row is not None:
            first, last, email = row.first_name, row.last_name, row.email
        elif entry is not None and (entry.first_name or entry.last_name):
            first, last, email = entry.first_name, entry.last_name, entry.email
        else:
            (first, last), email = split_name(named.name), ""
            if named.system == "canvas":
                first, last = "", named.name
        return Student(id, first[:128], last[:128], email[:128], row, tuple(notes))

    def _row(self, named: Named, notes: list[str]) -> Row | None:
        if (row := self._by_user.get(named.user)) is not None:
            return row
        if not named.name:
            return None
        keys = _keys_of(named)
        if self._namesakes[name_key(named.name)] > 1:
            notes.append(
                f"several people are called {named.name}: they are told apart by the id {named.user}"
            )
            return None
        rows = [row for key in keys if (row := self._by_name.get(key)) is not None]
        return rows[0] if rows else None

    def _of_gradebook(self, named: Named, row: Row | None) -> Known | None:
        # Moodle's number is the participant's in one assignment, and tells nothing in the next one.
        if named.system != "moodle" and (known := self._gradebook_by_user.get(named.user)) is not None:
            return known
        if row is not None and row.id in self._known:
            return self._known[row.id]
        if not named.name or self._namesakes[name_key(named.name)] > 1:
            return None
        found = (self._gradebook_by_name.get(key) for key in _keys_of(named))
        return next((one for one in found if one is not None), None)

    def _id(self, named: Named, row: Row | None, known: Known | None, notes: list[str]) -> str:
        wanted = safe_row_id(row.id, notes) if row is not None and row.id else ""
        before = self._before.get((named.system, named.user))
        kept = before or (known.id if known is not None and wanted not in self._known else "")
        if kept:
            if wanted and wanted != kept:
                notes.append(f"the roster calls them {wanted}; the course knew them as {kept}, which stays")
            return kept
        return self._without_a_double(wanted or self._made(named, notes))

    def _made(self, named: Named, notes: list[str]) -> str:
        name = safe_id(named.name)
        shared = self._namesakes[name_key(named.name)] > 1
        if not name:
            name = "participant" if named.system == "moodle" else "student"
        elif named.system != "canvas" and not shared:
            return name
        # Canvas has squeezed the name, but its id is the person's for good.
        return f"{name}-{safe_id(named.user)}"

    def _without_a_double(self, id: str) -> str:
        """Ids that differ in case only are one folder on macOS and Windows."""
        return self._given.setdefault(id.casefold(), id)


def safe_row_id(id: str, notes: list[str]) -> str:
    """The roster's id, changed only if no folder can be called so."""
    fits = not _NOT_IN_AN_ID.search(id) and not _DEVICE.fullmatch(id) and len(id) <= _LONGEST
    if fits and id[0] not in ".-" and id[-1] != ".":
        return id
    safe = safe_id(id)
    notes.append(f"the roster's id {id!a} cannot be a folder's name: {safe} is used")
    return safe


def _keys_of(named: Named) -> list[tuple[str, ...]]:
    """What the name may be found by; Moodle puts a group's name before it."""
    names = [named.name]
    if named.system == "moodle" and "-" in named.name:
        names.append(named.name.partition("-")[2])
    keys = [name_key(name) for name in names]
    if named.system == "canvas":
        keys.append(("", _squeezed(named.name)))
    return [key for key in keys if key]


def name_key(name: str) -> tuple[str, ...]:
    """A name's words without accents, case and order; it finds "Lovelace, Ada" for "Ada Lovelace"."""
    return tuple(sorted(word for word in re.split(r"[^\w]+", _folded(name)) if word))


def _squeezed(name: str) -> str:
    return re.sub(r"\W+", "", _folded(name))


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKD", text.translate(_LETTERS).casefold())
    return "".join(letter for letter in text if not unicodedata.combining(letter))


def _unique(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    found = list(pairs)
    many = Counter(key for key, _ in found)
    return {key: one for key, one in found if key and many[key] == 1}


def _by_names(rows: Iterable[tuple[str, str, T]]) -> dict[tuple[str, ...], T]:
    """By all words of the name, and as Canvas squeezes it; names that several people have are left out."""
    pairs: list[tuple[tuple[str, ...], T]] = []
    for first, last, one in rows:
        if key := name_key(f"{first} {last}"):
            pairs += [(key, one), (("", _squeezed(last + first)), one)]
    many = Counter(key for key, _ in pairs)
    return {key: one for key, one in pairs if many[key] == 1}
