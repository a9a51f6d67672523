"""Finds a student of the gradebook in a row of a system's file: by its id, else by a login, else by the name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from convlab.grading.collecting.identity import name_key
from convlab.grading.exporting.grades import Person

__all__ = ["Index", "find_person", "index_people"]


@dataclass(frozen=True)
class Index:
    """Students by all that they may be found by."""

    by_user: Mapping[str, Person]
    by_login: Mapping[str, Person]
    by_name: Mapping[tuple[str, ...], Person]


def index_people(people: Iterable[Person], users: Mapping[str, str]) -> Index:
    """Index students.

    Parameters
    ----------
    users : student id -> the system's id of them, "" if it is not known
    """
    everybody = list(people)
    logins = {text.casefold(): one for one in everybody for text in (one.email, one.id) if text}
    names = Counter(name_key(one.name) for one in everybody)
    return Index(
        {users[one.id]: one for one in everybody if users.get(one.id)},
        logins,
        {key: one for one in everybody if names[key := name_key(one.name)] == 1},
    )


def find_person(index: Index, users: Iterable[str], logins: Iterable[str], name: str) -> Person | None:
    """The student whom a row means, or None."""
    for user in users:
        if (person := index.by_user.get(user.strip())) is not None:
            return person
    for login in logins:
        if (person := index.by_login.get(login.strip().casefold())) is not None:
            return person
    return index.by_name.get(name_key(name)) if name.strip() else None
