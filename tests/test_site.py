"""The site: what is staged for Sphinx, how chapters are mapped and folded, and that a built folder holds together."""

import io
import json
import re
import zipfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from markdown_it import MarkdownIt

from convlab import site
from convlab.checks.registry import EXERCISES
from convlab.site.chapter_map import chapter_map, direct_needs, steps
from convlab.site.index import index
from convlab.site.links import problems
from convlab.site.opening import read_opening
from convlab.site.pages import description, page, unbroken
from convlab.site.publish import ZIP, offline
from convlab.site.texts import texts

ROOT = Path(__file__).parents[1]
TEMPLATE = (ROOT / "course" / "site" / "index.md").read_text(encoding="utf-8")

FIRST = """# 1 · One step

Add. *Then* add
again.

**After this chapter you can**

- add `two`
  numbers;
- stop.

**You need** nothing. Nothing from other chapters.

**It takes** about an hour. Half of it is yours."""
SECOND = """# 2 · Two steps

The window becomes $a + b$.

**After this chapter you can**

- go on.

**You need** chapter 1: the step. The other chapter 7 is mentioned once.

**It takes** a good hour."""
SOLUTION = '''def add(a: int, b: int) -> int:
    """Add.

    Returns
    -------
    int
    """
    total = a + b
    return total'''
PICTURE = '<img alt="a window" src="data:image/svg+xml;base64,PHN2Zy8+" width="400" style="max-width:100%;height:auto">'
LIVE = f'<div class="live">{PICTURE}<script>document.title = "ran";</script></div>'


def exercise(name="add", chapter="01_step", points=3, minutes=10):
    return SimpleNamespace(name=name, chapter=chapter, points=points, minutes=minutes)


def code(source, id, *outputs):
    return nbformat.v4.new_code_cell(source, id=id, outputs=list(outputs))


def shown(mime, data):
    return nbformat.v4.new_output("display_data", {mime: data, "text/plain": "…"})


def notebook(text, *cells):
    metadata = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    return nbformat.v4.new_notebook(
        metadata=metadata, cells=[nbformat.v4.new_markdown_cell(text, id="head"), *cells]
    )


def solved():
    passed = nbformat.v4.new_output("stream", name="stdout", text="add: all 9 samples agree.\n")
    return notebook(FIRST, code(SOLUTION, "add"), code("check(add)", "add_check", passed))


def openings():
    return [read_opening("01_step", FIRST), read_opening("02_steps", SECOND)]


def test_an_opening_is_read_from_the_first_cell():
    first = read_opening("01_step", FIRST)
    assert (first.number, first.title, first.teaser) == (1, "One step", "Add. *Then* add again.")
    assert first.can == ("add `two` numbers", "stop")
    assert (first.needs, first.takes) == ((), "about an hour")


@pytest.mark.parametrize(
    ("sentences", "needs"),
    [
        ("chapter 1: the step.", (1,)),
        ("chapters 1 and 2: the window.", (1, 2)),
        (
            "chapter 1: this. Chapters 3 to 5: that. The matrix of chapter 6 comes back for a moment.",
            (1, 3, 4, 5),
        ),
        ("chapters 1, 3 and 4: all.", (1, 3, 4)),
        ("Python. Nothing from other chapters.", ()),
    ],
)
def test_a_chapter_needs_those_it_says_something_about(sentences, needs):
    assert read_opening("x", SECOND.replace("chapter 1: the step.", sentences)).needs == needs


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("# 1 · One step", "must begin with a line such as '# 3 · Channels'"),
        ("**After this chapter you can**", "no paragraph that begins with '**After this chapter you can**'"),
        ("**You need**", "no paragraph that begins with '**You need**'"),
        ("**It takes**", "no paragraph that begins with '**It takes**'"),
        ("- add `two`\n  numbers;\n- stop.", "must be followed by a list"),
    ],
)
def test_a_part_that_is_missing_is_named_with_its_chapter(part, said):
    with pytest.raises(site.SiteError, match="^01_step: .*" + re.escape(said)):
        read_opening("01_step", FIRST.replace(part, "Something else"))


def test_every_chapter_of_the_course_says_what_the_index_needs():
    files = sorted((ROOT / "solutions").glob("*.ipynb"))
    read = [read_opening(f.stem, nbformat.read(f, as_version=4).cells[0].source) for f in files]
    assert [opening.number for opening in read] == list(range(1, len(read) + 1))
    assert [opening.number for opening in read if not opening.needs] == [1]
    text = index(TEMPLATE, read, EXERCISES.values())
    assert f"{len(read)} chapters, {len(EXERCISES)} exercises, 100 points" in text


def test_a_need_that_another_brings_along_is_not_drawn():
    needs = {1: (), 2: (1,), 3: (1, 2), 4: (1,), 5: (1, 3, 4)}
    assert direct_needs(needs) == {1: (), 2: (1,), 3: (2,), 4: (1,), 5: (3, 4)}
    assert steps(direct_needs(needs)) == [[1], [2, 4], [3], [5]]


def test_the_map_links_every_chapter_and_draws_a_line_to_it():
    drawn = chapter_map(openings(), {"01_step": 1, "02_steps": 7})
    assert re.findall(r'href="(\S+)"', drawn) == ["01_step.html", "02_steps.html"]
    assert "1\N{NO-BREAK SPACE}point<" not in drawn
    assert "about an hour · 1\N{NO-BREAK SPACE}point · begin\N{NO-BREAK SPACE}here" in drawn
    assert "a good hour · 7\N{NO-BREAK SPACE}points · needs\N{NO-BREAK SPACE}1" in drawn
    assert drawn.count("M500 0L500 100") == 1
    assert "\n\n" not in drawn


def test_a_chapter_that_needs_a_later_one_is_refused():
    wrong = read_opening("02_steps", SECOND.replace("chapter 1:", "chapter 3:"))
    with pytest.raises(site.SiteError, match="02_steps needs chapter 3"):
        chapter_map([openings()[0], wrong], {})


def test_the_index_says_what_a_chapter_gives_needs_and_takes():
    text = index(TEMPLATE, openings(), [exercise(), exercise("stop", points=1, minutes=5)])
    assert "### [1 · One step](01_step.ipynb)\n\nAdd. *Then* add again." in text
    assert "You write `add`, `stop`: 4 points, about 15 minutes." in text
    assert "**Needs** [chapter 1](01_step.ipynb): the step." in text
    assert "2 chapters, 2 exercises, 4 points" in text


@pytest.mark.parametrize(
    "template", [TEMPLATE.replace("<!-- contents -->", ""), TEMPLATE + "<!-- contents -->"]
)
def test_an_index_without_its_parts_is_refused(template):
    with pytest.raises(site.SiteError, match=r"contents"):
        index(template, openings(), [])


def test_a_solution_is_folded_behind_the_function_to_write():
    cells = page(solved(), {"add"}, "about").cells
    task, fold, solution, end, check = cells[1:]
    assert task.source.startswith("````python\ndef add(a: int, b: int) -> int:")
    assert task.source.endswith('    """\n    raise NotImplementedError()\n````')
    assert (fold.source, end.source) == (
        '<details class="solution"><summary>Show a solution</summary>',
        "</details>",
    )
    assert solution.source == SOLUTION
    assert check.outputs[0].text == "add: all 9 samples agree.\n"
    assert [cell.source for cell in cells if "total" in cell.source] == [SOLUTION]


@pytest.mark.parametrize("source", ["add = sum", "def add(a, b):\n    return a + b", "def add(", "x = 1"])
def test_a_solution_that_is_no_function_with_a_docstring_is_refused(source):
    with pytest.raises(site.SiteError, match="'add' must define one function add with a docstring"):
        page(notebook(FIRST, code(source, "add")), {"add"}, "about")


def test_an_exercise_without_a_solution_cell_is_refused():
    with pytest.raises(site.SiteError, match="no solution cell 'subtract'"):
        page(solved(), {"add", "subtract"}, "about")


def test_pictures_keep_a_least_width_and_scripts_stay():
    output = shown("text/html", LIVE)
    data = (
        page(notebook(FIRST, code("draw", "c", output)), set(), "about").cells[1].outputs[0].data["text/html"]
    )
    assert data == LIVE.replace('style="', 'style="min-width:clamp(0px,(332px - 100vw)*999,400px);')
    assert output.data["text/html"] == LIVE


def test_a_product_and_a_share_stay_on_one_line_but_code_and_formulas_as_they_are():
    shown = unbroken("The loops take (1 + 3) · 9 = 36, or 95 %. On 3 × 3 pixels `2 · 3` is $4 · 5$.")
    assert shown.replace("\N{NO-BREAK SPACE}", "~") == (
        "The loops take (1 + 3)~·~9 = 36, or 95~%. On 3~×~3 pixels `2 · 3` is $4 · 5$."
    )
    cell = page(notebook("5 · 8 bytes"), set(), "about").cells[0]
    assert cell.source == "5\N{NO-BREAK SPACE}·\N{NO-BREAK SPACE}8 bytes"


def test_a_description_is_the_first_sentences_without_marks():
    assert description("Add. *Then* add `again`.") == "Add. Then add again."
    assert description("A" * 150 + ". " + "B" * 80 + ".") == "A" * 150 + "."


GOOD = (
    '<html><body id="top"><a href="other.html#there">x</a><a href="https://example.org">y</a></body></html>'
)


def folder(tmp_path, body="", css=""):
    (tmp_path / "index.html").write_text(GOOD + body)
    (tmp_path / "other.html").write_text(
        '<p id="there">…</p><img src="data:image/svg+xml,x"><a href="#">up</a>'
    )
    (tmp_path / "style.css").write_text(css or 'a { background: url("data:image/png;base64,x") }')
    return tmp_path


def test_a_folder_that_holds_together_has_no_problems(tmp_path):
    body = (
        '<link rel="stylesheet" href="style.css?v=1"><form action="other.html"></form><a href="#top">up</a>'
        '<picture><source srcset="data:image/svg+xml;base64,PHN2Zy8+"><img srcset="other.html 2x, #top"></picture>'
    )
    assert problems(folder(tmp_path, body)) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "index.html loads https://cdn.example/x.js"),
        ('<img src="//cdn.example/x.png">', "index.html loads //cdn.example/x.png"),
        ('<link rel="stylesheet" href="http://fonts.example/">', "index.html loads http://fonts.example/"),
        ('<img srcset="https://a.example/1.png 2x">', "index.html loads https://a.example/1.png"),
        ('<img srcset="#top, https://a.example/1.png 2x">', "index.html loads https://a.example/1.png"),
        ('<p style="background: url(https://a.example/1.png)">', "index.html loads https://a.example/1.png"),
        ('<style>@import "https://a.example/1.css";</style>', "index.html loads https://a.example/1.css"),
        ('<a href="nowhere.html">', "index.html points to nowhere.html, which is not there."),
        ('<a href="other.html#here">', "index.html points to other.html#here, which is not there."),
        ('<a href="#here">', "index.html points to #here, which is not there."),
        ('<a href="../secret.html">', "index.html points to ../secret.html, which is not there."),
        ('<a href="/index.html">', "index.html points to /index.html, which is not there."),
        ('<img src="gone.png">', "index.html points to gone.png, which is not there."),
    ],
)
def test_an_address_that_leads_nowhere_or_outside_is_named(tmp_path, body, problem):
    found = problems(folder(tmp_path, body))
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_a_style_sheet_is_read_too(tmp_path):
    found = problems(
        folder(tmp_path, css="@import 'https://a.example/x.css'; a { background: url(gone.png) }")
    )
    assert [sentence.split(",")[0] for sentence in found] == [
        "style.css loads https://a.example/x.css: a page must not ask another machine for anything.",
        "style.css points to gone.png",
    ]


def test_the_zip_is_the_folder_without_the_offer_of_itself(tmp_path):
    (tmp_path / "index.html").write_text(f'<p id="offline"><a href="{ZIP}">Get\nit</a></p><p>Stay</p>')
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "a.css").write_text("a {}")
    first = offline(tmp_path)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == ["convlab-notes/_static/a.css", "convlab-notes/index.html"]
        text = archive.read("convlab-notes/index.html").decode()
    assert ZIP not in text
    assert "This is that copy" in text
    assert text.endswith("<p>Stay</p>")
    (tmp_path / "index.html").touch()
    assert offline(tmp_path) == first


@pytest.fixture
def course(tmp_path):
    """A course of two chapters, with a formula, a picture, a script in an output, and one exercise."""
    for name in ("conf.py", "index.md", "_static", "_templates"):
        target = tmp_path / "course" / "site" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(ROOT / "course" / "site" / name)
    (tmp_path / "solutions").mkdir()
    nbformat.write(solved(), tmp_path / "solutions" / "01_step.ipynb")
    live = code("draw.explore()", "live", shown("text/html", LIVE))
    nbformat.write(notebook(SECOND, live), tmp_path / "solutions" / "02_steps.ipynb")
    return tmp_path


def test_a_course_becomes_the_same_pages_each_time(course):
    said = []
    first = site.build(course, exercises=[exercise()], report=said.append).parent
    content = {p.relative_to(first): p.read_bytes() for p in first.rglob("*") if p.is_file()}
    assert said[0] == "Sphinx: 2 chapters"
    text = content[Path("01_step.html")].decode()
    assert '<html class="no-js" lang="en"' in text
    assert "<title>1 · One step · convlab</title>" in text
    assert '<meta content="Add. Then add again." name="description" />' in text
    assert 'href="#furo-main-content"' in text
    before, _, after = text.partition('<details class="solution"><summary>Show a solution</summary>')
    assert "total" not in before.partition("<article")[2]
    assert "total" in after.partition("</details>")[0]
    text = content[Path("02_steps.html")].decode()
    assert '<script>document.title = "ran";</script>' in text
    assert 'src="_static/tex-svg.js?' in text
    assert "cdn" not in text
    assert problems(first) == []
    site.build(course, exercises=[exercise()], report=said.append)
    assert content == {p.relative_to(first): p.read_bytes() for p in first.rglob("*") if p.is_file()}


def test_a_warning_of_sphinx_stops_the_build_and_keeps_the_earlier_site(course):
    (course / "build" / "site").mkdir(parents=True)
    (course / "build" / "site" / "index.html").write_text("earlier")
    nbformat.write(notebook(SECOND + "\n\n[x](gone.ipynb)"), course / "solutions" / "02_steps.ipynb")
    with pytest.raises(site.SiteError, match=r"02_steps\.ipynb.*gone\.ipynb"):
        site.build(course, exercises=[exercise()], report=lambda line: None)
    assert (course / "build" / "site" / "index.html").read_text() == "earlier"
    assert [file.name for file in (course / "build").iterdir()] == ["site"]


def test_a_course_without_solved_notebooks_says_what_to_run(course):
    for file in (course / "solutions").iterdir():
        file.unlink()
    with pytest.raises(site.SiteError, match="run `convlab build`"):
        site.build(course, exercises=[], report=lambda line: None)


def test_what_is_not_installed_is_named(course, monkeypatch):
    monkeypatch.setattr("convlab.site.publish.find_spec", lambda name: None if name == "myst_nb" else name)
    with pytest.raises(site.SiteError, match=r"^myst-nb is not installed: pip install -e '\.\[site\]'"):
        site.build(course, exercises=[], report=lambda line: None)


def test_the_search_quotes_each_section_without_its_formulas_and_code_that_runs(tmp_path):
    (tmp_path / "one.html").write_text(
        '<body><nav>menu</nav><article role="main" id="all"><section id="top"><h1>One<a class="headerlink">¶</a></h1>'
        "<p>first <b>words</b><p>and &lt;more&gt; <img src=x><br>"
        '<span class="math">\\(x\\)</span> here<section id="below"><h2>Two</h2><script>run()</script>last</section>'
        "</section></article>foot</body>"
    )
    script = texts(tmp_path)
    (line,) = [line for line in script.splitlines() if line.startswith('"one.html"')]
    _, _, text = line.partition(": ")
    assert json.loads(text) == (
        '<div role="main"><section id="top">One first words and &lt;more&gt; here</section> '
        '<section id="below">Two last</section></div>'
    )


def test_no_paragraph_of_a_chapter_is_taken_for_a_list_by_accident():
    # "5. The entry …" would begin a list with its fifth item: the full stop needs a backslash.
    parser = MarkdownIt()
    for file in sorted((ROOT / "solutions").glob("*.ipynb")):
        for cell in nbformat.read(file, as_version=4).cells:
            tokens = parser.parse(cell.source) if cell.cell_type == "markdown" else []
            starts = [token.attrs.get("start", 1) for token in tokens if token.type == "ordered_list_open"]
            assert set(starts) <= {1}, (file.name, cell.source)
