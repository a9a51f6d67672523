"""An output that another machine would print differently is not stored."""

import sys
import tempfile
from pathlib import Path

import pytest
from nbformat.v4 import new_output

from convlab.authoring.outputs import problem_of_output


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def shown(mime, data):
    return new_output("display_data", data={mime: data})


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (printed("x = [1.5, 0.12345]\n"), "it prints 'x = [1.5, 0.12345]'; round to at most four decimals"),
        (shown("text/plain", "a\n1.00001"), "it prints '1.00001'; round to at most four decimals"),
        (printed("careful\n", "stderr"), "the cell wrote to stderr"),
        (printed("<object at 0x7f00a0b1c2d3>"), "the memory address 0x7f00a0b1c2d3"),
        (shown("text/html", "<p>0x7f00a0</p>"), "the memory address 0x7f00a0"),
        (printed(f"{Path.home() / 'x'}"), f"it prints {str(Path.home())!r}, a path of this machine"),
        (printed(f"{sys.prefix}/lib"), "a path of this machine"),
        (printed(f"{tempfile.gettempdir()}/abc"), "a path of this machine"),
        (
            printed("see /home/somebody/x.py, line 3"),
            "it prints '/home/somebody/x.py,', a path of this machine",
        ),
        (printed("C:\\Users\\somebody\\x.py"), "a path of this machine"),
        (shown("application/json", {"file": "/Users/somebody"}), "a path of this machine"),
        (
            new_output("error", ename="ValueError", evalue="no", traceback=["\x1b[31mline 1\x1b[0m"]),
            "the cell raised ValueError: no\nline 1",
        ),
    ],
)
def test_an_output_that_differs_elsewhere_is_refused(output, sentence):
    assert sentence in problem_of_output(output)


@pytest.mark.parametrize(
    "output",
    [
        printed("0.1235 and 1e-05 and 12345.6789 and 0x7f"),
        shown("text/html", "<svg width='1.234567'/>"),
        shown("image/png", "iVBORw0KGgo/tmp/AAAA0x7f00a0b1"),
        shown("text/html", '<img alt="a" src="data:image/svg+xml;base64,AAAA/tmp/AAAA">'),
    ],
)
def test_an_output_that_is_the_same_everywhere_is_kept(output):
    assert problem_of_output(output) is None
