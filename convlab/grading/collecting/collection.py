"""Collects what a class has handed in from the zips of a learning management system into submitted/.

Goes through one zip after the other and through one person after the other, so that never more than one person's
files are in memory. What cannot be taken costs that person's submission, and is told; the rest goes on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from convlab.grading.collecting.archive import Archive, ArchiveLimits, Entry, Refused, UnreadableArchive
from convlab.grading.collecting.choosing import choose
from convlab.grading.collecting.gradebook import enroll_collected, known_students
from convlab.grading.collecting.handed import (
    Candidate,
    HandedInFile,
    attempts,
    base_name,
    candidates,
    content_or_nothing,
    rest_of,
)
from convlab.grading.collecting.identity import Identities, Known, Student
from convlab.grading.collecting.laying import earlier_folder, keep, lay, lies, sha256_of
from convlab.grading.collecting.ledger import Collected, Earlier, Ledger
from convlab.grading.collecting.names import SYSTEMS, Named, is_rubbish, read_name, recognise, settle_ids
from convlab.grading.collecting.outcome import Collection, Outcome
from convlab.grading.collecting.roster import Row
from convlab.grading.collecting.when import nbgrader_time
from convlab.grading.course import Course, CourseError
from convlab.grading.files import held
from convlab.grading.spec import AssignmentSpec

__all__ = ["collect"]

_MOST_NOTEBOOKS = 50  # of one attempt
_TITLES = {"canvas": "Canvas", "moodle": "Moodle", "brightspace": "Brightspace"}


def collect(
    course: Course,
    assignment: str,
    archives: Sequence[Path],
    *,
    system: str | None = None,
    roster: Sequence[Row] = (),
    zone: tzinfo | None = None,
    limits: ArchiveLimits | None = None,
) -> Collection:
    """Collect an assignment's submissions.

    Parameters
    ----------
    archives : zips as the system makes them, the newest last
    system : "canvas", "moodle" or "brightspace"; read from the names in each zip if None
    roster : who is in the class
    zone : whose time the system writes; this machine's if None

    Raises
    ------
    CourseError
        If there is no such assignment, or what was collected before cannot be read.
    """
    source = course.source(assignment)
    if not source.is_file():
        raise CourseError(f"there is no assignment {assignment}: {source} is missing")
    spec = AssignmentSpec.load(source)
    if system is not None and system not in SYSTEMS:
        raise CourseError(f"there is no system {system}; there are {', '.join(SYSTEMS)}")
    # Two that collect at once would keep each other's files as earlier ones.
    busy = f"{assignment} is being graded or collected by another process: wait until it has ended"
    with held(course.lock(assignment), busy):
        work = _Work(course, spec, roster, zone, limits or ArchiveLimits(), known_students(course))
        try:
            for archive in archives:
                work.take(archive, system)
        finally:
            work.finish()
    return work.collection


@dataclass(frozen=True)
class _Notebook:
    """A notebook that was handed in; read when it is needed, so that one is in memory at a time."""

    read: Callable[[], bytes]
    collected: Collected


class _Work:
    """What one run knows."""

    def __init__(
        self,
        course: Course,
        spec: AssignmentSpec,
        roster: Sequence[Row],
        zone: tzinfo | None,
        limits: ArchiveLimits,
        known: Sequence[Known],
    ) -> None:
        self._course = course
        self._assignment = spec.name
        self._cells = {cell.name for cell in spec.cells if cell.kind != "free"}
        self._roster = roster
        self._zone = zone
        self._limits = limits
        self._known = {one.id: one for one in known}
        self._ledger = Ledger(course.own(spec.name))
        self._enrolled: dict[str, tuple[Student, Collected]] = {}
        self.collection = Collection(spec.name)

    def take(self, file: Path, system: str | None) -> None:
        """Take one zip."""
        try:
            archive = Archive(file, self._limits)
        except UnreadableArchive as error:
            self._tell(Outcome("not taken", archive=file.name, notes=(str(error),)))
            return
        with archive:
            entries = [entry for entry in archive.entries if not is_rubbish(entry.path)]
            system = system or recognise(entry.path for entry in entries)
            if system is None or not any(read_name(system, entry.path) for entry in entries):
                self._tell(Outcome("not taken", archive=file.name, notes=(_unknown(entries),)))
                return
            people = self._people(system, entries, file.name)
            identities = Identities(
                self._roster,
                self._known.values(),
                self._ledger.by_user(),
                [files[0].named for files in people],
            )
            for files in people:
                self._person(identities.student(files[0].named), files, archive, file.name)

    def finish(self) -> None:
        """Write down what was done."""
        self._ledger.write()
        enroll_collected(self._course, self._enrolled.values(), self._roster, self._known)
        everybody = {
            row.id: " ".join((row.first_name, row.last_name)).strip() for row in self._roster if row.id
        }
        if not everybody:
            everybody = {one.id: f"{one.first_name} {one.last_name}".strip() for one in self._known.values()}
        here = {name.casefold() for name in self._ledger.students}
        here |= {one.student.casefold() for one in self.collection.outcomes}
        here |= {
            student.row.id.casefold() for student, _ in self._enrolled.values() if student.row is not None
        }
        self.collection.absent = tuple(
            name or id for id, name in sorted(everybody.items()) if id.casefold() not in here
        )
        self.collection.everybody = len(everybody)
        self.collection.squeezed = any(
            student.row is None and student.name == collected.name and collected.system == "canvas"
            for student, collected in self._enrolled.values()
        )
        taken = [collected for _, collected in self._enrolled.values()]
        self.collection.timeless = {
            system: sum(one.late for one in some)
            for system in SYSTEMS
            if (some := [one for one in taken if one.system == system and not one.handed_in])
        }
        self.collection.write(self._course.own(self._assignment))

    def _tell(self, outcome: Outcome) -> None:
        self.collection.outcomes.append(outcome)

    def _people(self, system: str, entries: Iterable[Entry], archive: str) -> list[list[HandedInFile]]:
        """Each person's files, the oldest first; people in the order of their names."""
        files: list[HandedInFile] = []
        for entry in entries:
            named = read_name(system, entry.path)
            if named is not None:
                files.append(HandedInFile(named, entry))
            elif entry.path.lower().endswith((".ipynb", ".zip")):
                why = f"the name is not of the form that {_TITLES[system]} gives"
                self._tell(Outcome("not taken", file=entry.path, archive=archive, notes=(why,)))
        if system == "brightspace":
            settled = settle_ids(one.named for one in files)
            files = [HandedInFile(named, one.entry) for named, one in zip(settled, files)]
        people: dict[tuple[str, str], list[HandedInFile]] = {}
        for one in files:
            people.setdefault((one.named.user, one.named.name if system == "brightspace" else ""), []).append(
                one
            )
        ordered = sorted(people.values(), key=lambda files: (files[0].named.name, files[0].named.user))
        return [sorted(files, key=lambda one: one.age) for files in ordered]

    def _person(self, student: Student, files: list[HandedInFile], archive: Archive, zip_name: str) -> None:
        named = files[-1].named
        outcome = Outcome(
            "not taken",
            student=student.id,
            name=student.name,
            user=named.user,
            file=named.label,
            archive=zip_name,
            late=any(one.named.late for one in files),
            notes=student.notes,
        )
        holder = self._ledger.students.get(student.id)
        if holder is not None and _is_another(holder, named):
            why = (
                f"{student.id} is already the id of {holder.name or holder.user} ({holder.user}): "
                "give both an id of their own in the roster"
            )
            self._tell(dataclasses.replace(outcome, notes=(*outcome.notes, why)))
            return
        notes: list[str] = []
        if named.system == "brightspace" and named.when is None:
            notes.append(f"no time is known: {named.submission} cannot be read")
        try:
            with contextlib.ExitStack() as opened:
                notebooks = self._notebooks(files, archive, zip_name, student, notes, opened)
                if not notebooks:
                    self._tell(dataclasses.replace(outcome, notes=(*outcome.notes, *notes)))
                    return
                done = self._lay(student, notebooks, notes)
        except (CourseError, Refused, OSError) as error:
            self._tell(dataclasses.replace(outcome, notes=(*outcome.notes, str(error))))
            return
        collected = notebooks[0].collected
        self._tell(
            dataclasses.replace(
                outcome,
                what=done,
                file=collected.file,
                handed_in=collected.handed_in,
                late=collected.late,
                notes=(*outcome.notes, *notes),
            )
        )
        self._enrolled[student.id] = student, collected

    def _notebooks(
        self,
        files: list[HandedInFile],
        archive: Archive,
        zip_name: str,
        student: Student,
        notes: list[str],
        opened: contextlib.ExitStack,
    ) -> list[_Notebook]:
        """The notebooks of all attempts that hold one, the latest first."""
        found: list[_Notebook] = []
        notes_done = missed = False
        for attempt in reversed(attempts(files)):
            said: list[str] = []
            notebooks = list(candidates(attempt, archive, said, opened))
            if len(notebooks) > _MOST_NOTEBOOKS:
                said.append(f"of {len(notebooks)} notebooks the last {_MOST_NOTEBOOKS} were looked at")
                del notebooks[:-_MOST_NOTEBOOKS]
            chosen = choose(
                notebooks,
                self._assignment,
                self._cells,
                name=lambda one: one.name,
                content=content_or_nothing,
                ordered=attempt[0].named.system == "canvas",
            )
            said += [*chosen.notes, *rest_of(attempt, bool(notebooks))]
            for candidate in (chosen.file, *reversed(chosen.older)):
                if candidate is None:
                    continue
                try:
                    content = candidate.read()
                except Refused as error:
                    said.append(f"{base_name(candidate.name)}: {error}")
                    continue
                found.append(_Notebook(candidate.read, self._describe(candidate, content, zip_name, student)))
            if not notes_done:
                notes += said
                if not found:
                    missed = True
                elif missed:
                    notes.append("so an earlier attempt was taken")
                notes_done = bool(found)
        return found

    def _describe(self, candidate: Candidate, content: bytes, zip_name: str, student: Student) -> Collected:
        named = candidate.file.named
        when = named.when or (student.row.submitted if student.row is not None else None)
        return Collected(
            named.system,
            named.user,
            named.name,
            named.label,
            named.folder,
            candidate.name,
            named.submission if named.system == "canvas" else "",
            named.late,
            nbgrader_time(when, self._zone) if when is not None else "",
            candidate.file.entry.when,
            hashlib.sha256(content).hexdigest(),
            zip_name,
        )

    def _lay(self, student: Student, notebooks: list[_Notebook], notes: list[str]) -> str:
        """Lay the latest and keep the others; what was done, in a word."""
        latest, *others = notebooks
        id, new = student.id, latest.collected
        before = self._ledger.students.get(id)
        lying = lies(self._course, self._assignment, id)
        earlier = list(before.earlier) if before is not None else []
        ours = before is not None and lying is not None and lying.sha256 == before.sha256
        if lying is not None and lying.sha256 == new.sha256 and new.handed_in in ("", lying.handed_in):
            done = "unchanged"
            new = dataclasses.replace(new, handed_in=lying.handed_in)
        elif ours and before is not None and before.is_newer_than(new):
            done, others, new = "older", notebooks, before
            notes.append(f"{before.archive} held a later one, which stays")
        else:
            number = lay(self._course, self._assignment, id, latest.read(), new.handed_in)
            done = "replaced" if number else "new"
            if number and lying is not None:
                label = before.label if ours and before is not None else ""
                earlier.append(Earlier(number, lying.sha256, label, lying.handed_in))
                notes.append(f"the one before is kept in {self._earlier(id, number)}")
        kept = self._kept(id) | {new.sha256}
        for one in reversed(others):
            if one.collected.sha256 in kept:
                continue
            kept.add(one.collected.sha256)
            number = keep(self._course, self._assignment, id, one.read(), one.collected.handed_in)
            label, when = one.collected.label, one.collected.handed_in
            earlier.append(Earlier(number, one.collected.sha256, label, when))
            notes.append(f"an earlier one is kept in {self._earlier(id, number)}")
        self._ledger.students[id] = dataclasses.replace(new, earlier=tuple(earlier))
        return done

    def _kept(self, student: str) -> set[str]:
        folder = earlier_folder(self._course, self._assignment, student)
        return {sha256_of(file) for file in folder.glob(f"*/{self._assignment}.ipynb")}

    def _earlier(self, student: str, number: int) -> str:
        folder = earlier_folder(self._course, self._assignment, student) / str(number)
        return folder.relative_to(self._course.root).as_posix()


def _is_another(holder: Collected, named: Named) -> bool:
    """Whether it is somebody else of the same system. Only Canvas's id is the person's everywhere."""
    if holder.system != named.system or holder.user == named.user:
        return False
    return named.system == "canvas" or holder.name != named.name


def _unknown(entries: Sequence[Entry]) -> str:
    if not entries:
        return "there are no files in it"
    shown = ", ".join(entry.path[:80] for entry in entries[:3])
    return (
        f"its names are of no form that Canvas, Moodle or Brightspace gives: {shown}. "
        "Give the zip as it was downloaded, not one that was packed again"
    )
