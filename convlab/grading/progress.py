"""How far a long run has come: a bar in a terminal, a line for each submission elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from tqdm import tqdm

from convlab.grading.batch import Batch
from convlab.grading.marks import Marked

__all__ = ["Progress"]


class Progress:
    """Tells of submissions as they are done.

    Parameters
    ----------
    what : what is counted
    """

    def __init__(self, what: str = "submissions") -> None:
        self._what = what
        self._began = time.monotonic()
        self._total = self._done = self._failed = 0
        self._bar: Any = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        if kind is KeyboardInterrupt:
            print(
                f"stopped after {self._done} of {self._total}; the same command goes on from there",
                file=sys.stderr,
            )

    def begin(self, total: int) -> None:
        self._total = total
        if sys.stderr.isatty():
            self._bar = tqdm(total=total, unit=" " + self._what, dynamic_ncols=True, smoothing=0.1)
            self._bar.set_postfix(failed=0)

    def told(self, marked: Marked | None, why: str = "") -> None:
        self._done += 1
        self._failed += bool(why)
        if self._bar is not None:
            self._bar.set_postfix(failed=self._failed, refresh=False)
            self._bar.update()
            if why:
                self._bar.write(why, file=sys.stderr)
            return
        said = why
        if marked is not None and self._what == "submissions":
            said = f"{marked.name}: {marked.points:g} of {marked.max_points:g} points"
        if said:
            print(f"  {self._done}/{self._total}  {said}", file=sys.stderr, flush=True)

    def summary(self, batch: Batch) -> str:
        """One line on a run that has ended."""
        seconds = time.monotonic() - self._began
        parts = [f"{len(batch.marked)} graded"]
        if batch.unchanged:
            parts.append(f"{batch.unchanged} of them unchanged")
        if batch.failed:
            parts.append(f"{len(batch.failed)} failed")
        rate = f", {self._done / seconds:.1f} per second" if seconds > 0 else ""
        lines = [f"{', '.join(parts)}, in {seconds:.1f} s{rate}"]
        lines += [f"  not graded: {student}: {why}" for student, why in batch.failed.items()]
        return "\n".join(lines)
