"""Solved notebooks: executed by this interpreter, with outputs that are the same everywhere."""

import json

import nbformat
import pytest

from convlab.authoring import BuildError
from convlab.authoring.notebooks import code_sha256, solved_notebook
from convlab.authoring.solved import execute, is_fresh, problems_of_outputs, with_outputs


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_solutions_stand_in_it_without_nbgraders_marks(built, solved):
    sources = {cell.id: cell.source for cell in solved.cells}
    assert sources["halve"].endswith('"""Halve each number."""\n    return input / 2')
    assert sources["halve_check"] == 'check(halve, exercise="halve")'
    text = built.solved_file.read_text(encoding="utf-8")
    assert "nbgrader" not in text
    assert "SOLUTION" not in text
    assert "grading_seed" not in text


def test_outputs_are_stored(solved):
    outputs = {cell.id: cell.outputs for cell in code_cells(solved)}
    assert outputs["double_check"] == [{"output_type": "stream", "name": "stdout", "text": "double [2 4]\n"}]
    [shown] = code_cells(solved)[3].outputs
    assert shown.data == {"text/plain": "array([1.])"}


def test_cells_are_numbered_from_one(solved):
    assert [cell.execution_count for cell in code_cells(solved)] == [1, 2, 3, 4, 5, 6]
    assert code_cells(solved)[3].outputs[0].execution_count == 4


def test_it_says_nothing_about_the_machine_and_carries_the_hash_of_its_code(solved):
    assert solved.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "convlab": {"code_sha256": code_sha256(solved)},
    }
    assert all(cell.metadata == {} for cell in solved.cells)


def test_it_is_fresh_until_code_changes(built, solved, replaced):
    assert is_fresh(built.read(), solved)
    assert is_fresh(replaced("# It doubles numbers.", "# It doubles.").read(), solved)
    assert not is_fresh(replaced("double(np.array([0.5]))", "double(np.array([0.25]))").read(), solved)


def test_it_is_not_fresh_when_edited_by_hand(built, solved):
    code_cells(solved)[0].source += "\n1 + 1"
    assert not is_fresh(built.read(), solved)


def test_it_is_not_fresh_without_the_hash_that_a_build_leaves(built, solved):
    del solved.metadata["convlab"]
    assert not is_fresh(built.read(), solved)


def test_outputs_are_numbered_like_their_cells(built, solved):
    code_cells(solved)[3].execution_count = code_cells(solved)[3].outputs[0].execution_count = 17
    again = with_outputs(built.read(), solved)
    assert code_cells(again)[3].execution_count == code_cells(again)[3].outputs[0].execution_count == 4


def test_the_hash_tells_where_a_cell_ends(built):
    one, other = solved_notebook(built.read()), solved_notebook(built.read())
    first, second = code_cells(other)[:2]
    first.source, second.source = first.source + second.source[:3], second.source[3:]
    assert code_sha256(one) != code_sha256(other)


def test_an_empty_cell_has_no_number(replaced):
    chapter = replaced("double(np.array([0.5]))", "").read()
    notebook = with_outputs(chapter, solved_notebook(chapter))
    assert [cell.execution_count for cell in code_cells(notebook)] == [1, 2, 3, None, 4, 5]


def test_too_large_outputs_are_refused_with_the_largest_cell(built, solved):
    for cell, size in zip(code_cells(solved)[:2], (300_000, 800_000), strict=True):
        cell.outputs = [{"output_type": "stream", "name": "stdout", "text": "x" * size}]
    [problem] = problems_of_outputs(built.read(), nbformat.from_dict(solved))
    assert "01_tiny: the outputs take 1,100," in problem
    assert "at most 1,000,000 are allowed" in problem
    assert "cell 4 ('# exercise: double'): 800," in problem


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("1 / 0", r"cell 5 \('1 / 0'\): the cell raised ZeroDivisionError: division by zero\n"),
        ("import warnings; warnings.warn('careful')", "cell 5 .*: the cell wrote to stderr"),
        ("import os; os._exit(3)", r"cell 5 \('import os; os._exit\(3\)'\): Kernel died"),
    ],
    ids=["raises", "warns", "dies"],
)
def test_a_cell_that_fails_stops_the_build(replaced, code, sentence):
    with pytest.raises(BuildError, match=sentence):
        execute(replaced("double(np.array([0.5]))", code).read())


def test_nothing_is_run_after_a_cell_that_failed(replaced, tmp_path):
    after = tmp_path / "after"
    cells = f"1 / 0\n\n# %%\nopen({str(after)!r}, 'w').close()"
    with pytest.raises(BuildError, match="ZeroDivisionError"):
        execute(replaced("double(np.array([0.5]))", cells).read())
    assert not after.exists()


def test_a_tag_does_not_hide_a_failing_cell_and_no_other_kernel_is_used(replaced, tmp_path, monkeypatch):
    spec = tmp_path / "share" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["nowhere"], "display_name": "Other", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    cell = '# %% tags=["raises-exception", "skip-execution"]\nraise ValueError("seen")'
    with pytest.raises(BuildError, match="the cell raised ValueError: seen"):
        execute(replaced("# %%\ndouble(np.array([0.5]))", cell).read())
