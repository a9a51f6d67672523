"""One HTML document from a template and style sheets: nothing in it can run, and it loads nothing.

The head, with the policy that makes a browser keep to that, is the same for every page that is written here; a
template begins with `{% include "head.html" %}`. Every value is escaped where it enters the page.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

__all__ = ["document"]

Resource = tuple[str, str]  # a package, and the name of a file in it


def document(template: Resource, styles: Sequence[Resource], *, images: bool = False, **values: Any) -> str:
    """The page as text.

    Parameters
    ----------
    styles : one after the other, as one sheet
    images : whether the page may show pictures that stand in it
    values : what the template shows; `title` is the head's
    """
    page, sheet, policy = _loaded(template, tuple(styles), images)
    return page.render(**values, style=sheet, policy=policy)


@functools.cache
def _loaded(
    template: Resource, styles: tuple[Resource, ...], images: bool
) -> tuple[jinja2.Template, Markup, str]:
    """The template, the style sheet, and the policy that lets a browser obey this style sheet and nothing else."""
    sheet = "".join(map(_text, styles))
    digest = base64.b64encode(hashlib.sha256(sheet.encode("utf-8")).digest()).decode("ascii")
    shown = "img-src data:; " if images else ""
    policy = f"default-src 'none'; {shown}style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.DictLoader({"page.html": _text(template), "head.html": _text((__name__, "head.html"))}),
    )
    return environment.get_template("page.html"), Markup(sheet), policy


def _text(resource: Resource) -> str:
    package, name = resource
    return (resources.files(package) / name).read_text(encoding="utf-8")
