"""One HTML document from a template and a style sheet: nothing in it can run, and it loads nothing.

Shared by the pages that an instructor reads. Every value is escaped where it enters the page.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

__all__ = ["address", "document", "number"]

_STYLES = ("convlab.grading.report", "instructor.css")


def document(package: str, template: str, style: str, **values: Any) -> str:
    """The page as text.

    Parameters
    ----------
    package : where `template` and `style` lie; the style sheet is added to the shared one
    values : what the template shows
    """
    page, sheet, policy = _loaded(package, template, style)
    return page.render(**values, style=sheet, policy=policy)


@functools.cache
def _loaded(package: str, template: str, style: str) -> tuple[jinja2.Template, Markup, str]:
    sheets = [resources.files(where) / name for where, name in (_STYLES, (package, style))]
    sheet = "".join(one.read_text(encoding="utf-8") for one in sheets)
    digest = base64.b64encode(hashlib.sha256(sheet.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["number"] = number
    text = (resources.files(package) / template).read_text(encoding="utf-8")
    return environment.from_string(text), Markup(sheet), policy


def number(value: float) -> str:
    """At most two decimals, and none that are zero: 8, 8.5, 0.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def address(target: Path, page: Path) -> str:
    """A link from one file to another that holds for as long as both are moved together; ./ in front of a colon."""
    relative = os.path.relpath(target.resolve(), page.resolve().parent).replace(os.sep, "/")
    return quote(os.fsencode(relative if relative.startswith(".") else f"./{relative}"))
