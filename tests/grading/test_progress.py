"""How far a run has come: a bar in a terminal, a line for each submission elsewhere, one sentence at the end."""

import io
import re
import sys
from pathlib import Path

import pytest

from convlab.grading import Batch, Mark, Marked
from convlab.grading.progress import Progress

ADA = Marked("s1", "Ada Sample", (Mark("correlate1d", 3, 3),), Path("page.html"))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_in_a_terminal_a_bar_says_done_failed_rate_and_time_left(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with Progress() as progress:
        progress.begin(3)
        progress.told(ADA, "")
        progress.told(None, "s2: nbgrader could not record it")
    shown = terminal.getvalue()
    assert re.search(r"2/3 \[\d\d:\d\d<.*submissions.*failed=1\]", shown)
    assert "s2: nbgrader could not record it\n" in shown


def test_elsewhere_each_submission_is_a_line(capsys):
    with Progress() as progress:
        progress.begin(2)
        progress.told(ADA, "")
        progress.told(None, "s2: no")
    assert capsys.readouterr().err == "  1/2  Ada Sample: 3 of 3 points\n  2/2  s2: no\n"


def test_the_end_is_told_in_a_sentence():
    with Progress() as progress:
        progress.begin(2)
        progress.told(ADA, "")
    said = progress.summary(Batch([ADA], unchanged=1, failed={"s2": "no"}))
    assert re.match(r"1 graded, 1 of them unchanged, 1 failed, in \d+\.\d s", said)
    assert said.endswith("\n  not graded: s2: no")


def test_whoever_stops_it_is_told_that_it_goes_on_from_there(capsys):
    with pytest.raises(KeyboardInterrupt), Progress() as progress:  # noqa: PT012 - what is stopped
        progress.begin(2)
        progress.told(ADA, "")
        raise KeyboardInterrupt
    assert "stopped after 1 of 2; the same command goes on from there" in capsys.readouterr().err
