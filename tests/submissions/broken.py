"""Notebooks that are broken, and files that are none."""

import json

from submissions.rows import (
    EXERCISES,
    FULL,
    RELEASE,
    Notebook,
    Row,
    cell_of,
)


def _duplicate(notebook: Notebook) -> None:
    cell = cell_of(notebook, "correlate1d")
    again = {**cell, "id": "again", "source": "def correlate1d(input, weight):\n    return input"}
    notebook["cells"].append(again)


def _old_schema(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 1


def _reverse(notebook: Notebook) -> None:
    notebook["cells"].reverse()


def _nbformat_3(notebook: Notebook) -> None:
    cells = notebook.pop("cells")
    notebook.update(nbformat=3, nbformat_minor=0, worksheets=[{"cells": cells}])


def _large_outputs(notebook: Notebook) -> None:
    notebook["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 30_000_000}]


def _no_cells(notebook: Notebook) -> None:
    notebook["cells"] = []


def _odd_cells(notebook: Notebook) -> None:
    notebook["cells"] += [7, None, {"cell_type": "code"}, {"cell_type": "code", "source": [1, 2]}]
    notebook["cells"].append({"cell_type": "code", "source": "x = '\ud800'", "metadata": 3, "outputs": 4})


def _new_schema(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 99


def _same_ids(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["id"] = "same"


def _odd_names(notebook: Notebook) -> None:
    for name, odd in zip(EXERCISES, ([], {}, 3)):
        cell_of(notebook, name)["metadata"]["nbgrader"]["grade_id"] = odd


def _as_text(notebook: Notebook) -> None:
    cell_of(notebook, "correlate1d")["cell_type"] = "markdown"


def _deep_tags(notebook: Notebook) -> None:
    tags: list[object] = []
    for _ in range(900):
        tags = [tags]
    cell_of(notebook, "correlate1d")["metadata"]["tags"] = tags


def _extras(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] |= {"collapsed": True, "jupyter": {"source_hidden": True}, "vscode": 1}
        cell["attachments"] = {"x.png": {"image/png": "AAAA"}}
    notebook["metadata"] = {"kernelspec": {"name": "sage", "display_name": "x", "language": "r"}}


ROWS = (
    Row("empty file", (0, 0, 0), data=b"", message={"correlate1d": "empty"}),
    Row(
        "not a notebook",
        (0, 0, 0),
        data=b"I could not export it, sorry!",
        message={"correlate1d": "not JSON"},
    ),
    Row("latin-1", (0, 0, 0), data='{"cells": "é"}'.encode("latin-1"), message={"correlate1d": "UTF-8"}),
    Row("cut off", (0, 0, 0), data=RELEASE.read_bytes()[:5000], message={"correlate1d": "cut off"}),
    Row("a zip", (0, 0, 0), data=b"PK\x03\x04rest", message={"correlate1d": "zip archive"}),
    Row("JSON, but a list", (0, 0, 0), data=b"[1, 2]", message={"correlate1d": "not a notebook"}),
    Row(
        "cells that are no list",
        (0, 0, 0),
        data=b'{"cells": 3, "nbformat": 4}',
        message={"correlate1d": "no list"},
    ),
    Row("nested without end", (0, 0, 0), data=b"[" * 200_000, message={"correlate1d": "cannot be read"}),
    Row(
        "a huge number",
        (0, 0, 0),
        data=b'{"cells": ' + b"9" * 100_000 + b"}",
        message={"correlate1d": "JSON"},
    ),
    Row("200 MB", (0, 0, 0), data=b" " * 200_000_000, message={"correlate1d": "larger than"}),
    Row("nbformat 3", (0, 0, 0), change=_nbformat_3, message={"correlate1d": "old or unknown format"}),
    Row("no cells", (0, 0, 0), change=_no_cells, message={"correlate1d": "none of the exercise cells"}),
    Row("30 MB of outputs", (0, 0, 0), change=_large_outputs, message={"correlate1d": "clear its outputs"}),
    Row(
        "a megabyte of text",
        (0, 0, 0),
        last=("x = 1\n" * 200_000,),
        message={"correlate1d": "more than 256 KiB of text"},
    ),
    Row("cells that are no cells", FULL, change=_odd_cells),
    Row("a byte-order mark", FULL, data=b"\xef\xbb\xbf" + Row("", FULL).submission),
    Row(
        "duplicated cell",
        (0, 3, 2),
        change=_duplicate,
        flags=("2 cells are called correlate1d",),
        message={"correlate1d": "samples differ"},
    ),
    Row("schema version 1", FULL, change=_old_schema, flags=("schema_version",)),
    Row("cells in reverse", FULL, change=_reverse),
    Row(
        "UTF-16", (0, 0, 0), data=json.dumps({"cells": []}).encode("utf-16"), message={"correlate1d": "UTF-8"}
    ),
    Row("a text, a number, nothing", (0, 0, 0), data=b"NaN", message={"correlate1d": "not a notebook"}),
    Row("a web page", (0, 0, 0), data=b"<!DOCTYPE html><html></html>", message={"correlate1d": "not JSON"}),
    Row(
        "no nbformat",
        (0, 0, 0),
        change=lambda notebook: notebook.pop("nbformat"),
        message={"correlate1d": "unknown format"},
    ),
    Row(
        "nbformat 4 as a text",
        (0, 0, 0),
        change=lambda notebook: notebook.update(nbformat="4"),
        message={"correlate1d": "unknown format"},
    ),
    Row("schema version 99", FULL, change=_new_schema, flags=("schema_version",)),
    Row("cell ids that are all the same", FULL, change=_same_ids),
    Row("names that are no text", FULL, change=_odd_names, flags=("found by what it defines",)),
    Row(
        "20,000 cells", (0, 0, 0), last=("x",) * 20_000, message={"correlate1d": "more than 1000 code cells"}
    ),
    Row(
        "cells that only look like code",
        (0, 3, 2),
        change=_as_text,
        flags=("the cell correlate1d was deleted",),
        message={"correlate1d": "not defined"},
    ),
    Row("a zero byte in a cell", FULL, first=("x = '\0'",)),
    Row("tags that are nested deeply", FULL, change=_deep_tags, flags=("carries tags",)),
    Row("other tags, attachments and collapsed cells", FULL, change=_extras),
)
