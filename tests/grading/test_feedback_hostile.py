"""What students can put into a notebook, and that none of it is alive in the page.

The browser test loads all of these rows into Chromium (`tests/browser/test_feedback.py`).
"""

# ruff: noqa: E501 - a payload is one line, however long
import base64
import html
import html.parser
import re

import nbformat
import pytest

from convlab.grading.feedback import FeedbackExporter

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}</svg>'


def in_base64(text):
    return base64.b64encode(text.encode()).decode()


# name, where it lies in the notebook, what it is. Whatever would run sets window.ran; whatever would load asks
# evil.example for it.
ROWS = [
    ("script", "html", "<script>window.ran=1</script>KEPT"),
    ("script from elsewhere", "html", "<script src=https://evil.example/a.js></script>KEPT"),
    ("script in capitals, unclosed", "html", "KEPT<ScRiPt >window.ran=1"),
    ("script in script", "html", "<scr<script>ipt>window.ran=1</scr</script>ipt>KEPT"),
    ("onerror", "html", "KEPT<img src=x onerror=window.ran=1>"),
    ("onerror with a slash", "html", "KEPT<img/src=x/onerror=window.ran=1>"),
    ("onerror on a good picture", "html", f'KEPT<img src="data:image/svg+xml;base64,{in_base64(SVG)}" onload=ran=1>'),
    ("ontoggle", "html", "<details open ontoggle=window.ran=1><summary>KEPT</summary></details>"),
    ("onfocus", "html", "<a href=https://evil.example tabindex=1 autofocus onfocus=window.ran=1>KEPT</a>"),
    ("onpointerover", "html", "<div onpointerover=window.ran=1>KEPT</div>"),
    ("onanimationstart", "html", "<b style='animation:x 1s' onanimationstart=window.ran=1>KEPT</b>"),
    ("javascript link", "html", "<a href='javascript:window.ran=1'>KEPT</a>"),
    ("javascript link with entities", "html", "<a href='&#106;ava&Tab;script&colon;window.ran=1'>KEPT</a>"),
    ("javascript link with controls", "html", "<a href='\x01java\nscript:window.ran=1'>KEPT</a>"),
    ("vbscript link", "html", "<a href='vbscript:window.ran=1'>KEPT</a>"),
    ("data link", "html", "<a href='data:text/html,<script>window.ran=1</script>'>KEPT</a>"),
    ("file link", "html", "<a href='file:///etc/passwd'>KEPT</a>"),
    ("relative link", "html", "<a href='../../gradebook.db'>KEPT</a><img src='//evil.example/a.png'>"),
    ("svg onload", "html", "KEPT<svg onload=window.ran=1>"),
    ("svg script", "html", "KEPT<svg><script>window.ran=1</script></svg>"),
    ("svg script with a link", "html", "KEPT<svg><script xlink:href=https://evil.example/a.js /></svg>"),
    ("svg image", "html", "KEPT<svg><image href=https://evil.example/a.png></svg>"),
    ("svg use", "html", "KEPT<svg><use href='https://evil.example/a.svg#x'/></svg>"),
    ("svg use data", "html", "KEPT<svg><use href='data:image/svg+xml,<svg id=x onload=window.ran=1>#x'/></svg>"),
    ("svg foreignObject", "html", "KEPT<svg><foreignObject><iframe srcdoc='<script>parent.ran=1</script>'>"),
    ("svg animate", "html", "KEPT<svg><a><animate attributeName=href values=javascript:ran=1 /><text>x</text></a>"),
    ("svg set", "html", "KEPT<svg><set attributeName=onmouseover to=window.ran=1>"),
    ("picture from elsewhere", "html", "KEPT<img src=https://evil.example/a.png>"),
    ("picture set from elsewhere", "html", "KEPT<img srcset='https://evil.example/a.png 2x'><picture><source srcset=https://evil.example/b.png>"),
    ("picture of another kind", "html", "KEPT<img src='data:text/html,<script>window.ran=1</script>'>"),
    ("lazy picture", "html", "KEPT<img loading=lazy lowsrc=https://evil.example dynsrc=https://evil.example src=''>"),
    ("css import", "html", "KEPT<style>@import url(https://evil.example/a.css);</style>"),
    ("css background", "html", "<div style='background:url(https://evil.example/a.png)'>KEPT</div>"),
    ("css over the whole page", "html", "<div style='position:fixed;inset:0;z-index:9999;background:#fff'>KEPT</div>"),
    ("css expression", "html", "<div style='width:expression(window.ran=1)'>KEPT</div>"),
    ("old background", "html", "<table background=https://evil.example/a.png><td background=//evil.example>KEPT</table>"),
    ("iframe", "html", "KEPT<iframe src=https://evil.example></iframe>"),
    ("iframe srcdoc", "html", "KEPT<iframe srcdoc='<script>parent.ran=1</script>'></iframe>"),
    ("frameset", "html", "KEPT<frameset><frame src=javascript:parent.ran=1></frameset>"),
    ("meta refresh", "html", "KEPT<meta http-equiv=refresh content='0;url=https://evil.example'>"),
    ("meta policy", "html", "KEPT<meta http-equiv=Content-Security-Policy content=\"default-src *\">"),
    ("base", "html", "KEPT<base href=https://evil.example/>"),
    ("link stylesheet", "html", "KEPT<link rel=stylesheet href=https://evil.example/a.css>"),
    ("link prefetch", "html", "KEPT<link rel=dns-prefetch href=//evil.example><link rel=preload as=image href=//evil.example/a>"),
    ("form", "html", "<form action=https://evil.example><input name=a><button formaction=javascript:ran=1>KEPT</button></form>"),
    ("form from afar", "html", "<input form=x autofocus onfocus=ran=1>KEPT<isindex type=image src=1 onerror=ran=1>"),
    ("object", "html", "KEPT<object data=https://evil.example/a.swf><param name=x value=y></object>"),
    ("embed", "html", "KEPT<embed src=https://evil.example/a.svg>"),
    ("applet", "html", "KEPT<applet code=x codebase=https://evil.example></applet>"),
    ("video and audio", "html", "KEPT<video src=//evil.example/v poster=//evil.example/p onerror=ran=1><audio src=//evil.example/a autoplay>"),
    ("portal, marquee, blink", "html", "<marquee onstart=window.ran=1>KEPT</marquee><portal src=//evil.example>"),
    ("custom element", "html", "<x-foo is=script onclick=ran=1>KEPT</x-foo>"),
    ("dialog and popover", "html", "<dialog open id=overview class=graded>KEPT</dialog><div popover id=x>y</div>"),
    ("math link", "html", "KEPT<math href='javascript:window.ran=1'><mi xlink:href='javascript:ran=1'>x</mi></math>"),
    ("math action", "html", "KEPT<math><maction actiontype='statusline#http://evil.example' xlink:href='javascript:ran=1'>x</maction></math>"),
    ("math annotation", "html", "KEPT<math><annotation-xml encoding=text/html><script>ran=1</script></annotation-xml></math>"),
    ("math style mutation", "html", "KEPT<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=ran=1&gt;'>"),
    ("svg style mutation", "html", "KEPT<svg></p><style><a id='</style><img src=1 onerror=ran=1>'>"),
    ("noscript mutation", "html", "KEPT<noscript><p title='</noscript><img src=x onerror=window.ran=1>'></noscript>"),
    ("template mutation", "html", "KEPT<template><s><template><s><img src=x onerror=ran=1></s></template></s></template>"),
    ("form mutation", "html", "KEPT<form><math><mtext></form><form><mglyph><style></math><img src onerror=ran=1></style>"),
    ("comment mutation", "html", "KEPT<!--><img src=x onerror=ran=1>--><![CDATA[><img src=x onerror=ran=1>]]><!-- --!><img src onerror=ran=1>"),
    ("title and textarea mutation", "html", "KEPT<title><a title='</title><img src onerror=ran=1>'></title><textarea><a title='</textarea><img src onerror=ran=1>'>"),
    ("xmp and plaintext", "html", "KEPT<xmp><p title='</xmp><img src=x onerror=ran=1>'></xmp><plaintext><img src=x onerror=ran=1>"),
    ("select mutation", "html", "KEPT<select><style></select><img src=x onerror=ran=1></style></select>"),
    ("nesting beyond what a browser keeps", "html", "<div>" * 600 + "<svg><style><img src=x onerror=ran=1>" + "KEPT"),
    ("a table that is not one", "html", "<table><tr><td>KEPT<td></table></table></div></div></main></body></html><script>ran=1</script>"),
    ("attributes that end early", "html", "<p title=\"a'\" title='\"><script>ran=1</script>'>KEPT</p>"),
    ("a picture in a title", "html", "<a href=https://a.example title='<img x onmouseover=ran=1 '>KEPT</a><b title='>'>"),
    ("null bytes", "html", "KEPT<scr\0ipt>window.ran=1</scr\0ipt><img src=x on\0error=ran=1>"),
    ("overlong encodings", "html", "KEPT+ADw-script+AD4-ran=1+ADw-/script+AD4-\ufeff\ud83d<\u212a>"),
    ("a grading box", "html", '<section class="graded full" id="exercise-1"><div class="heading"><h1>conv2d</h1><h2>KEPT</h2></div></section>'),
    ("ids that the page uses", "html", "<a id=overview name=exercise-1>KEPT</a><img id=work name=getElementById alt=x>"),
    ("markdown script", "markdown", "KEPT <script>window.ran=1</script>\n\n<div onclick=ran=1>x</div>"),
    ("markdown javascript link", "markdown", "[KEPT](javascript:window.ran=1) <javascript:ran=1> [x]: javascript:ran=1\n\n[x]"),
    ("markdown data link", "markdown", "[KEPT](data:text/html;base64,PHNjcmlwdD5yYW49MTwvc2NyaXB0Pg==)"),
    ("markdown picture from elsewhere", "markdown", 'KEPT ![a](https://evil.example/a.png "t") ![b](//evil.example/b.png)'),
    ("markdown picture with a quote", "markdown", 'KEPT ![a" onerror="ran=1](x" onerror="ran=1)'),
    ("markdown code block", "markdown", "KEPT\n\n```\"><script>ran=1</script>\n</code></pre><script>window.ran=1</script>\n```"),
    ("markdown diagram", "markdown", "KEPT\n\n```mermaid\n</pre><script>window.ran=1</script>\n```"),
    ("markdown heading", "markdown", "# KEPT <img src=x onerror=ran=1>\n\n## <script>ran=1</script>"),
    ("markdown formula with markup", "markdown", r"KEPT $\text{<script>window.ran=1</script>}$ $<img src=x onerror=ran=1>$"),
    ("markdown formula in a picture's name", "markdown", r'KEPT ![$\text{" onerror=window.ran=1 x="}$](data:image/png;base64,iVBORw0KGgo=)'),
    ("markdown formula with a link", "markdown", r"KEPT $\href{javascript:window.ran=1}{x}$ $\url{https://evil.example}$"),
    ("markdown formula with a picture", "markdown", r"KEPT $\includegraphics{https://evil.example/a.png}$"),
    ("markdown formula with style", "markdown", r"KEPT $\style{position:fixed}{x}\class{graded}{x}\cssId{work}{x}$ $\htmlData{a=b}{x}$"),
    ("markdown formula with data", "markdown", r"KEPT $\unicode{<img src=x onerror=ran=1>}$ $\require{html}\toggle{x}\endtoggle$"),
    ("markdown macro bomb", "markdown", r"KEPT $\def\a{\a\a}\a$ $\newcommand{\b}{\b\b\b}\b$ $\def\c#1{#1#1#1}\c{\c{\c{\c{x}}}}$"),
    ("markdown bracket bomb", "markdown", "KEPT $" + "[" * 200 + "$ $" + r"\langle " * 100 + "$ $" + r"\left(" * 60 + "$"),
    ("markdown deep formula", "markdown", "KEPT $" + "{" * 3000 + "$ $" + r"\sqrt" * 1500 + "$ $" + "x^" * 3000 + "$"),
    ("markdown environment", "markdown", "KEPT\n\n\\begin{script}window.ran=1\\end{script}\n\n\\begin{align}<img src=x onerror=ran=1>\\end{align}"),
    ("markdown of nothing but openings", "markdown", "KEPT" + "[" * 3000 + "![" * 1000 + "*" * 2000 + "<a " * 500),
    ("markdown of nothing but quotes", "markdown", "> " * 3000 + "KEPT"),
    ("markdown too long to parse", "markdown", "KEPT<script>window.ran=1</script>" + "\\\\[" * 40_000),
    ("attachment", "attachment", "<script>window.ran=1</script>"),
    ("displayed markdown", "displayed markdown", "KEPT <img src=x onerror=window.ran=1> [x](javascript:ran=1)"),
    ("displayed formula", "latex", r"$\text{</math><script>window.ran=1</script>}$"),
    ("displayed formula that is none", "latex", r"\documentclass{article}<script>window.ran=1</script>$x$"),
    ("svg with a script", "svg", SVG.format("<script>window.ran=1</script>")),
    ("svg with an event", "svg", SVG.format("<rect onload='window.ran=1' width='9' height='9'/>")),
    ("svg that loads", "svg", SVG.format("<image href='https://evil.example/a.png' width='9' height='9'/>")),
    ("svg that restyles", "svg", SVG.format("<style>@import url(https://evil.example/a.css)</style>")),
    ("svg of a thousand laughs", "svg", '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">]>' + SVG.format("<text>&a;</text>")),
    ("svg with another page in it", "svg", SVG.format("<foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml' src='//evil.example'/></foreignObject>")),
    ("svg that closes the picture", "svg", SVG.format("<text>'\"&gt;</text>") + '"><script>window.ran=1</script>'),
    ("picture that is no picture", "png", in_base64("<script>window.ran=1</script>")),
    ("picture with a quote", "png", 'iVBORw0KGgo" onerror="window.ran=1'),
    ("picture's name", "named png", '"><script>window.ran=1</script>'),
    ("a picture in base64 that is active", "html", f'KEPT<img src="data:image/svg+xml;base64,{in_base64(SVG.format("<script>ran=1</script>"))}">'),
    ("a picture as text that is active", "html", "KEPT<img src=\"data:image/svg+xml,%3Csvg onload='ran=1'%3E%3C/svg%3E\">"),
    ("printed markup", "stream", "KEPT</pre></div><script>window.ran=1</script><img src=x onerror=ran=1>"),
    ("printed terminal escapes", "stream", "\x1b[31mKEPT\x1b[0m\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\x\x1b]8;;\x1b\\\x1b[2J\x9b31m\x1bP+q\x1b\\"),
    ("printed text that runs backwards", "stream", "KEPT \u202e)1=nar(tpircs\u202c \u2066x\u2069 \u200f"),
    ("printed controls", "stream", "KEPT\0\x07\x08\x0c\x7f\x85\ud800\udfff\ufffe"),
    ("a printed line of a megabyte", "stream", "KEPT" + "<b>" * 350_000),
    ("a printed million lines", "stream", "KEPT\n" + "<b>\n" * 1_000_000),
    ("html of a megabyte", "html", "KEPT" + "<b>x" * 300_000),
    ("html of nothing but divs", "html", "<div>" * 200_000 + "KEPT"),
    ("html with one endless attribute", "html", "KEPT<a title='" + "x" * 1_000_000),
    ("html with ten thousand attributes", "html", "KEPT<b " + " ".join(f"a{i}=1" for i in range(10_000)) + ">x</b>"),
    ("an error's name", "error", "<script>window.ran=1</script>"),
    ("code with markup", "source", "'''</pre></div><script>window.ran=1</script>''' # KEPT <img src=x onerror=ran=1>"),
    ("code that runs backwards", "source", "access = 'user\u202e \u2066# KEPT\u2069 \u2066'"),
    ("code that breaks a line oddly", "source", "x = 1 # KEPT\u2028<script>ran=1</script>\x0b\x85\r<b>"),
    ("a heading for the fold", "markdown", "# KEPT </summary></details><script>window.ran=1</script>"),
    ("a widget", "data", {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "KEPT"}),
    ("javascript", "data", {"application/javascript": "window.ran=1", "text/plain": "KEPT"}),
    ("a pdf", "data", {"application/pdf": in_base64("%PDF"), "text/plain": "KEPT"}),
    ("things of the wrong type", "data", {"text/html": 7, "image/png": {"a": 1}, "text/latex": None, "text/plain": ["KE", "PT"]}),
]  # fmt: skip

PAGE = """html head meta title style body header div main section table caption thead tbody tr th td h1 h2 h3 h4 p span
    strong code pre a details summary"""
THEIRS = """p br hr div span b strong i em u s del ins sub sup small mark code pre kbd samp var tt blockquote q cite abbr
    dfn wbr ul ol li dl dt dd table caption colgroup col thead tbody tfoot tr th td h3 h4 h5 h6 a img figure figcaption
    details summary math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable
    mtr mtd mstyle"""
THEIR_ATTRIBUTES = """href rel title src alt width colspan rowspan scope start display stretchy lspace rspace minsize
    maxsize form fence accent accentunder largeop displaystyle scriptlevel linethickness mathvariant tabindex"""
VOID = "area base br col embed hr img input link meta source track wbr"
FRAMES = {"theirs", "prose"}


def cell(kind, payload):
    if kind in ("markdown", "attachment"):
        made = nbformat.v4.new_markdown_cell(payload)
        if kind == "attachment":
            made.source = "KEPT ![x](attachment:a.svg) ![y](attachment:b.png) ![z](attachment:gone.png)"
            made.attachments = {
                "a.svg": {"image/svg+xml": in_base64(SVG.format(payload))},
                "b.png": {"image/png": f'"{payload}'},
            }
        return made
    if kind == "source":
        return nbformat.v4.new_code_cell(payload)
    made = nbformat.v4.new_code_cell("pass")
    if kind == "stream":
        output = {"output_type": "stream", "name": "stdout", "text": payload}
    elif kind == "error":
        output = {
            "output_type": "error",
            "ename": payload,
            "evalue": payload,
            "traceback": [f"\x1b[1m{payload}", payload],
        }
    else:
        data = {
            "html": {"text/html": payload, "text/plain": "plain"},
            "displayed markdown": {"text/markdown": payload},
            "latex": {"text/latex": payload, "text/plain": payload},
            "svg": {"image/svg+xml": payload, "text/plain": payload},
            "png": {"image/png": payload, "text/plain": payload},
            "named png": {"image/png": "iVBORw0KGgo=", "text/plain": payload},
            "data": payload,
        }[kind]
        output = {"output_type": "display_data", "data": data, "metadata": {}}
    made.outputs = [nbformat.from_dict(output)]
    return made


def page(*cells):
    """A page for these cells, with an exercise behind them."""
    answer = nbformat.v4.new_code_cell(
        "def f(): ...", metadata={"nbgrader": {"solution": True, "grade_id": "f"}}
    )
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [*cells, answer]  # afterwards, as they need not be valid
    text, _ = FeedbackExporter().from_notebook_node(notebook, {"metadata": {"name": "01_conv1d"}})
    return text


class Elements(html.parser.HTMLParser):
    """The elements of a page, each with whether it lies in a frame that holds what is not the page's own."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.text = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        framed = any(FRAMES & set(classes) for _, classes in self.open)
        self.found.append((tag, dict(attributes), framed))
        if tag not in VOID.split():
            self.open.append((tag, (dict(attributes).get("class") or "").split()))

    def handle_endtag(self, tag):
        while self.open:
            if self.open.pop()[0] == tag:
                return

    def handle_data(self, data):
        if not any(tag == "style" for tag, _ in self.open):
            self.text.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"the page has a comment: {data[:80]}")


@pytest.mark.parametrize(
    ("kind", "payload"), [row[1:] for row in ROWS], ids=[row[0].replace(" ", "_") for row in ROWS]
)
def test_what_a_student_puts_into_a_notebook_is_inert_in_the_page(kind, payload):
    text = page(cell(kind, payload))
    elements = Elements(text)
    for tag, attributes, framed in elements.found:
        if framed:
            assert tag in THEIRS.split()
            assert set(attributes) <= set(THEIR_ATTRIBUTES.split()) | ({"class"} if tag == "mtd" else set())
        else:
            assert tag in [*PAGE.split(), "img"]
            assert not {name for name in attributes if name.startswith("on")} | ({"style"} & set(attributes))
        if "src" in attributes:
            assert re.fullmatch(r"data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=]*", attributes["src"])
            picture = base64.b64decode(attributes["src"].partition(",")[2])
            assert not re.search(rb"ran=1|evil\.example|ENTITY", picture)
        if "href" in attributes:
            assert re.match(r"#|https?://|mailto:", attributes["href"])
        if tag == "img":
            assert attributes["alt"]
    assert sum(tag == "style" for tag, _, _ in elements.found) == 1
    assert not [1 for char in text if char in "\0\x1b\x07\u202e\u2066" or "\ud800" <= char <= "\udfff"]
    assert len(text) < 200_000


SHOWN = [row for row in ROWS if "KEPT" in str(row[2]) and not str(row[0]).startswith("html ")]


@pytest.mark.parametrize(
    ("kind", "payload"), [row[1:] for row in SHOWN], ids=[row[0].replace(" ", "_") for row in SHOWN]
)
def test_the_harmless_part_is_still_shown(kind, payload):
    assert "KEPT" in "".join(Elements(page(cell(kind, payload))).text)


@pytest.mark.parametrize("tags", ["<b>x", "<div>"])
def test_html_that_is_too_much_to_look_through_is_replaced_by_its_text(tags):
    made = cell("html", "KEPT" + tags * 5_001)
    assert "KEPT" not in page(made)
    assert "plain" in page(made)


def test_html_that_is_too_much_and_has_no_text_is_named():
    made = cell("data", {"text/html": "<b>x" * 5_001})
    assert "this output cannot be shown here" in page(made)


def test_a_page_of_all_of_it_is_one_page_that_can_be_written():
    text = page(*[cell(kind, payload) for _, kind, payload in ROWS])
    assert len(text.encode("utf-8")) < 8_000_000


@pytest.mark.parametrize(
    ("kind", "payload"),
    [("stream", f"{'x' * 1_900}\n" * 10), ("html", "<b>x</b>" * 2_000), ("markdown", "*x* " * 2_000)],
)
def test_a_page_of_too_many_things_stops_where_it_becomes_too_large(kind, payload):
    text = page(*[cell(kind, payload) for _ in range(1_000)])
    assert len(text) < 8_000_000
    assert re.search("the page would become too large|plain", text)


def test_the_same_notebook_gives_the_same_bytes():
    assert page(*[cell(kind, payload) for _, kind, payload in ROWS]) == page(
        *[cell(*row[1:]) for row in ROWS]
    )
