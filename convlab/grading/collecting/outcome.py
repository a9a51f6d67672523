"""What came of collecting: for each person one line to read, and one row of a CSV file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from convlab.grading.files import write_whole
from convlab.grading.spreadsheet import as_csv, harmless

__all__ = ["Collection", "Outcome"]

FILE = "collected.csv"
_COLUMNS = ("student", "name", "lms_id", "outcome", "handed_in", "late", "file", "notes", "zip")
_SAID = {
    "new": "new",
    "replaced": "replaced an earlier one",
    "unchanged": "unchanged",
    "older": "older than what was collected before",
    "not taken": "not taken",
}
_MOST_ABSENT = 12
_MOST_LINES = 40  # of a larger class only those are listed of whom there is something to say


@dataclass(frozen=True)
class Outcome:
    """What became of one person's submission, or of a file that is nobody's.

    Parameters
    ----------
    what : "new", "replaced", "unchanged", "older" or "not taken"
    student, name, user : the course's id, the name, the system's id; "" if it is nobody's
    file : the student's name for the notebook; of what was not taken, the name in the zip
    notes : what the instructor should know
    """

    what: str
    student: str = ""
    name: str = ""
    user: str = ""
    file: str = ""
    archive: str = ""
    handed_in: str = ""
    late: bool = False
    notes: tuple[str, ...] = ()


@dataclass
class Collection:
    """What came of collecting an assignment.

    Parameters
    ----------
    absent : names of those in the class from whom nothing has been collected
    everybody : how many are in the class; 0 if that is not known
    squeezed : whether some have a name only as Canvas squeezes it
    timeless : system whose zips told no times -> how many it has marked as late
    report : the CSV file that says the same, once it is written
    """

    assignment: str
    outcomes: list[Outcome] = field(default_factory=list)
    absent: tuple[str, ...] = ()
    everybody: int = 0
    squeezed: bool = False
    timeless: dict[str, int] = field(default_factory=dict)
    report: Path | None = None

    @property
    def all_taken(self) -> bool:
        return all(one.what != "not taken" for one in self.outcomes)

    def write(self, folder: Path) -> None:
        """Write the CSV file, with a mark that tells spreadsheet programs it is UTF-8."""
        rows: list[Sequence[str]] = [_COLUMNS]
        for one in self.outcomes:
            late = "late" if one.late else ""
            notes = "; ".join(one.notes)
            fields = (
                one.student,
                one.name,
                one.user,
                one.what,
                one.handed_in,
                late,
                one.file,
                notes,
                one.archive,
            )
            rows.append([harmless(field) for field in fields])
        self.report = folder / FILE
        write_whole(self.report, as_csv(rows, mark=True), private=True)

    def as_text(self) -> str:
        """What the instructor reads in a terminal."""
        counts = Counter(one.what for one in self.outcomes)
        said = ", ".join(f"{counts[what]} {words}" for what, words in _SAID.items() if counts[what])
        lines = [f"{self.assignment}: {said or 'there was nothing in it'}"]
        width = max((len(_who(one)) for one in self.outcomes), default=0)
        for what in _SAID:
            if what != "unchanged":
                some = [one for one in self.outcomes if one.what == what]
                for one in sorted(some, key=lambda one: (one.name.casefold(), one.student, one.file)):
                    if one.notes or one.late or what == "not taken" or len(self.outcomes) <= _MOST_LINES:
                        lines += _lines(one, min(width, 40))
        if self.absent and len(self.absent) < self.everybody:
            shown = ", ".join(map(_printable, self.absent[:_MOST_ABSENT]))
            more = f" and {len(self.absent) - _MOST_ABSENT} more" if len(self.absent) > _MOST_ABSENT else ""
            lines.append(f"nothing from {len(self.absent)} of {self.everybody}: {shown}{more}")
        if "moodle" in self.timeless:
            lines.append(
                "Moodle's zip tells no times, so no lateness counts; its grading worksheet does: --roster FILE.csv"
            )
        if late := self.timeless.get("canvas", 0):
            lines.append(
                f"Canvas's zip tells no times: it marks {late} as late, and the gradebook will not know of it"
            )
        if self.squeezed:
            lines.append(
                "Canvas squeezes names into one word; its gradebook export has them whole: --roster FILE.csv"
            )
        return "\n".join(lines)


def _lines(one: Outcome, width: int) -> list[str]:
    told = ", ".join(filter(None, (one.what, "late" if one.late else "", one.handed_in)))
    lines = [f"  {_who(one).ljust(width)}  {told}"]
    return lines + [f"      {_printable(note)}" for note in one.notes]


def _who(one: Outcome) -> str:
    if not one.student:
        return _printable(one.file or one.archive)
    name = _printable(one.name)
    return name if name == one.student else f"{name} ({one.student})"


def _printable(text: str) -> str:
    """Without what would move a terminal's cursor or turn its text round."""
    return text if text.isprintable() else ascii(text)[1:-1]
