"""What came of grading one submission, as plain data."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["CellResult", "ExerciseResult", "Group", "Result"]

FORMAT = 2


@dataclasses.dataclass(frozen=True)
class Group:
    """Points of one group of samples."""

    earned: int
    points: int


@dataclasses.dataclass(frozen=True)
class ExerciseResult:
    """What one exercise earned.

    Parameters
    ----------
    verdict : "passed", "partial", "failed" or "not graded"
    message : what the student reads
    cause : the sentence that names the mistake, if it is known
    picture : what the first wrong entry should read beside what it reads, as an <img>; "" if there is none
    limits_hit, flags : what of the submission's is this exercise's
    """

    name: str
    points: int
    max_points: int
    groups: dict[str, Group]
    verdict: str
    message: str
    cause: str | None = None
    seconds: float = 0.0
    picture: str = ""
    limits_hit: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class CellResult:
    """A cell's text and what it showed; `cut` if it showed more than is kept."""

    name: str
    kind: str
    source: str
    ran: bool
    outputs: list[dict[str, Any]]
    cut: bool = False
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of one submission.

    Parameters
    ----------
    problem : why the file could not be read, for the student; "" if it could
    limits_hit : what was stopped, and why
    flags : for the instructor: what was tampered with, and what no run can see
    versions : of what decided
    """

    assignment: str
    seed: int
    exercises: tuple[ExerciseResult, ...]
    cells: tuple[CellResult, ...]
    problem: str
    limits_hit: tuple[str, ...]
    flags: tuple[str, ...]
    seconds: float
    versions: dict[str, str]
    sandboxed: bool = True

    @property
    def points(self) -> int:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def max_points(self) -> int:
        return sum(exercise.max_points for exercise in self.exercises)

    def as_dict(self) -> dict[str, Any]:
        data = dataclasses.asdict(self)
        return {"format": FORMAT, "points": self.points, "max_points": self.max_points, **data}

    def as_json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1)

    def verdict(self) -> dict[str, Any]:
        """All of it that the same submission, assignment, seed and limits give again: no outputs and no times."""
        data = self.as_dict()
        for name in ("cells", "seconds", "versions"):
            del data[name]
        for exercise in data["exercises"]:
            del exercise["seconds"], exercise["picture"]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Result:
        """What `as_dict` gave, as a Result again.

        Raises
        ------
        ValueError
            If it is of another format, or not whole.
        """
        if data.get("format") != FORMAT:
            raise ValueError(f"the result is of format {data.get('format')!r}; this convlab reads {FORMAT}")
        try:
            plain = {field.name: data[field.name] for field in dataclasses.fields(cls)}
            plain["exercises"] = tuple(
                ExerciseResult(
                    **{
                        **one,
                        "groups": {name: Group(**group) for name, group in one["groups"].items()},
                        "limits_hit": tuple(one["limits_hit"]),
                        "flags": tuple(one["flags"]),
                    }
                )
                for one in data["exercises"]
            )
            plain["cells"] = tuple(CellResult(**one) for one in data["cells"])
            plain["limits_hit"], plain["flags"] = tuple(data["limits_hit"]), tuple(data["flags"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the result is not whole ({error})") from error
        return cls(**plain)
