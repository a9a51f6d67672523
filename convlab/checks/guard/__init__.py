"""Refuses shortcuts while a student's function runs: torch's and NumPy's convolutions, and convlab's own.

A deterrent and a teacher, not a boundary: somebody who wants through gets through. What is called outside the
student's call is not touched, and everything is as before once the call is over, after exceptions too.

    with guarded(function, exercise, arguments) as guard:
        answer = function(*arguments)
    if guard.refusal: ...

With `oracle`, the only part of convlab that knows torch, and only while a guard is on.
"""

from convlab.checks.guard.syntax import syntax_report
from convlab.checks.guard.watch import Guard, Refused, guarded

__all__ = ["Guard", "Refused", "guarded", "syntax_report"]
