"""Sphinx's configuration of the lecture notes. `python run.py site` builds them into build/site/.

The notebooks come solved and executed from solutions/, so nothing runs here. What a page needs lies beside it:
no CDN, no fonts from elsewhere, no date, so that it works from file:// and the same input gives the same bytes.
"""

import re
from importlib.util import find_spec
from pathlib import Path

project = "convlab"
author = "The convlab authors"
language = "en"
html_title = "convlab"

extensions = ["myst_nb"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js = {}  # a page without widgets needs no script from a CDN

html_theme = "furo"
# The colours of convlab.draw, and what site.css uses of them.
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0B3C6F",
        "color-brand-content": "#0B5394",
        "color-code-background": "#F4F6F8",
        "notes-accent": "#0B5394",
        "notes-result": "#A84300",
        "notes-line": "#868E98",
        "notes-card": "#FFFFFF",
    },
    "dark_css_variables": {
        "color-brand-primary": "#9CC8F5",
        "color-brand-content": "#8FC1F3",
        "notes-accent": "#77AADD",
        "notes-result": "#EE8866",
        "notes-line": "#7D868F",
        "notes-card": "#1A1D21",
    },
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
templates_path = ["_templates"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_favicon = "_static/favicon.svg"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False

# MathJax in one file that needs no fonts. The package only carries it; its Sphinx extension would copy 29 MB.
_mathjax = find_spec("sphinx-mathjax-offline")
if _mathjax is None or _mathjax.origin is None:
    raise ImportError("sphinx-mathjax-offline is not installed: pip install -e '.[site]'")
html_static_path = ["_static", str(Path(_mathjax.origin).parent / "static" / "mathjax" / "tex-svg.js")]
mathjax_path = "tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}, "svg": {"scale": 0.92}}

# Markdown has no table without a head, so a chapter writes one with an empty head. A screen reader would read it.
_EMPTY_HEADER = re.compile(r'<th class="head">\s*(?:<p>\s*</p>)?\s*</th>')
_EMPTY_HEAD = re.compile(r"<thead>\s*<tr[^>]*>\s*(?:<td></td>\s*)+</tr>\s*</thead>")


def drop_empty_headers(app, pagename, templatename, context, doctree):
    """Make a table's empty header cells plain cells, and leave out a head that has no others."""
    if "body" in context:
        context["body"] = _EMPTY_HEAD.sub("", _EMPTY_HEADER.sub("<td></td>", context["body"]))


def setup(app):
    """Called by Sphinx."""
    app.connect("html-page-context", drop_empty_headers)
    return {"parallel_read_safe": True}
