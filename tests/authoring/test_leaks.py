"""A solution that is given away is found in whatever dress; a step of it is not taken for the whole."""

import ast
from textwrap import indent

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from convlab.authoring.leaks import find_leaks

BODY = "output = input + input\nfor k in range(3):\n    output[k] += 1\nreturn output"
INDENTED = indent(BODY, "    ")
COMMENTED = indent(BODY, "# ")


def leaks(cell):
    return find_leaks(new_notebook(cells=[cell]), {"double": ast.parse(BODY).body})


@pytest.mark.parametrize(
    "source",
    [
        f"def other(input):\n{INDENTED}",
        f"def other(input):\n    '''Doc.'''\n    print(1)\n{INDENTED}\n    print(2)",
        f"def other(input):\n{INDENTED}".replace("input + input", "(input  +  input)  # why"),
        f"if True:\n    try:\n{indent(BODY, ' ' * 8)}\n    finally:\n        pass",
        f"%matplotlib inline\ndef other(input):\n{INDENTED}",
        f"{COMMENTED}\nprint(1)",
        f"def other(input):\n    print(1)\n{indent(COMMENTED, '    ')}",
        f"# def other(input):\n{indent(INDENTED, '#')}",
        f"text = '''\n{BODY}\n'''",
    ],
    ids=[
        "function",
        "others",
        "spaced",
        "block",
        "magic",
        "comment",
        "inner comment",
        "all comment",
        "string",
    ],
)
def test_a_solution_in_a_code_cell_is_found(source):
    cell = new_code_cell(source, id="a-cell")
    assert leaks(cell) == [("double", "a-cell")]


@pytest.mark.parametrize(
    "source",
    [
        f"Do this:\n\n```python\n{BODY}\n```\n",
        f"Do this:\n\n~~~\n{BODY}\n~~~\n",
        f"<details><summary>Hint</summary>\n\n```python\n{BODY}\n```\n\n</details>",
        f"- a list\n\n  ```python\n{BODY}\n  ```\n",
        f"> ```python\n{indent(BODY, '> ')}\n> ```\n",
        f"<pre><code>{BODY}</code></pre>",
        f"<pre>\n{BODY}\n</pre>",
        f"Like this:\n\n{INDENTED}\n\nand done.",
        f"```\n{indent(BODY, '>>> ')}\n```",
        BODY,
    ],
    ids=["fence", "tilde", "folded", "list", "quote", "code", "pre", "indented", "prompt", "bare"],
)
def test_a_solution_in_markdown_is_found(source):
    cell = new_markdown_cell(source, id="a-cell")
    assert leaks(cell) == [("double", "a-cell")]


def test_a_solution_of_one_line_is_found_in_inline_code():
    notebook = new_notebook(cells=[new_markdown_cell("Write `return input / 2` there.", id="a-cell")])
    assert find_leaks(notebook, {"halve": ast.parse("return input / 2").body}) == [("halve", "a-cell")]


def test_escaped_html_is_read():
    notebook = new_notebook(cells=[new_markdown_cell("<code>return a &lt; b</code>", id="a-cell")])
    assert find_leaks(notebook, {"less": ast.parse("return a < b").body}) == [("less", "a-cell")]


@pytest.mark.parametrize(
    "cell",
    [
        new_code_cell("output = input + input\nfor k in range(3):\n    output[k] += 1"),
        new_code_cell("output = input + input\nprint(output)\nfor k in range(3):\n    output[k] += 1"),
        new_code_cell("for k in range(3):\n    output[k] += 1"),
        new_code_cell("this is not Python"),
        new_markdown_cell("The first line is `output = input + input`, the last `return output`."),
        new_markdown_cell("```python\noutput = input + input\n...\nreturn output\n```"),
    ],
)
def test_a_step_of_a_solution_is_allowed(cell):
    assert leaks(cell) == []
