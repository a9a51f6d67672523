"""A student opens a released chapter in JupyterLab, is told what is wrong, mends it, and validates.

The solutions are this test's own, and what is expected of the message was worked out by hand.
"""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from lab import PATIENCE, Notebook, choose, start
from playwright.sync_api import expect

pytestmark = pytest.mark.more

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
RELEASED = ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb"

STUB = "raise NotImplementedError"
FLIPPED = "taps = weight[::-1]"
AS_IT_IS = "taps = weight"
CORRELATE = "return np.array([input[x : x + len(taps)] @ taps for x in range(len(input) - len(taps) + 1)])"
CONVOLVE = """ends = np.zeros(len(weight) - 1)
    padded = np.concatenate([ends, input, ends])
    return correlate1d(padded, weight[::-1])"""
COUNT = "return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1"

# [1, 2] under [1, 2] is 1 * 1 + 2 * 2 = 5, and 1 * 2 + 2 * 1 = 4 if the kernel is flipped.
MESSAGE = """\
smallest: correlate1d(input (2,) int64, weight (2,) int64)
  output[0]: got 4, expected 5
  weight[0] should meet input[0] there; yours meets input[1].
Your numbers are those of a convolution: the kernel is flipped. Cross-correlation reads it as it is.
reproduce:  correlate1d(np.array([1, 2]), np.array([1, 2]))"""


@pytest.fixture
def file(tmp_path):
    """The chapter as it was released, in a folder of the student's."""
    folder = tmp_path / "student"
    folder.mkdir()
    return Path(shutil.copy(RELEASED, folder))


def test_a_flipped_kernel_is_named_and_the_mended_function_passes(jupyterlab, open_page, file, monkeypatch):
    page = open_page()
    notebook = Notebook(page, start(jupyterlab, file.parent, monkeypatch), file.name)
    exercise, check = notebook.cell("def correlate1d("), notebook.cell("check(correlate1d")
    notebook.overwrite(exercise, STUB, by=f"{FLIPPED}\n{CORRELATE}")
    choose(page, "Run", "Run All Above Selected Cell")
    notebook.run(exercise)
    said = notebook.run(check)
    expect(said).to_contain_text("reproduce", timeout=PATIENCE)
    first, *others = said.inner_text().splitlines()
    counted = re.fullmatch(
        r"correlate1d · (\d+) of (\d+) samples differ from torch\.nn\.functional\.conv1d", first
    )
    assert counted is not None, first
    wrong, count = counted.groups()
    assert 0 < int(wrong) <= int(count)
    # Nothing else is shown: no traceback into the course's own code.
    assert others == MESSAGE.splitlines()
    assert notebook.complaints.count() == 1

    notebook.overwrite(exercise, FLIPPED, by=AS_IT_IS)
    notebook.run(exercise)
    said = notebook.run(check)
    expect(said).to_have_text(
        f"correlate1d: all {count} samples agree with torch.nn.functional.conv1d.", timeout=PATIENCE
    )
    assert notebook.complaints.count() == 0


def test_validate_names_the_exercise_that_is_left_and_then_succeeds(jupyterlab, open_page, file, monkeypatch):
    write(file, correlate1d=f"{AS_IT_IS}\n    {CORRELATE}", convolve1d=CONVOLVE)
    notebook = Notebook(open_page(), start(jupyterlab, file.parent, monkeypatch), file.name)
    assert notebook.validate() == [
        "The following cell failed:",
        'check(output_size, exercise="output_size")',
        "output_size is not written yet: write its body in place of the line that raises.",
    ]
    notebook.overwrite(notebook.cell("def output_size("), STUB, by=COUNT)
    assert notebook.validate() == ["Success! Your notebook passes all the tests."]


def write(file, **bodies):
    """Put bodies in place of the lines that raise."""
    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        body = bodies.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if body is not None:
            head, _, _ = cell.source.partition(STUB)
            cell.source = head + body
    nbformat.write(notebook, file)
