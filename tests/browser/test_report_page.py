"""The instructor's pages in a browser: read by everybody, at any width, without a script, and printed."""

import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from convlab.grading.report import Class, InGradebook
from convlab.grading.report.page import Person
from convlab.grading.similarity import compare, find, render

pytestmark = pytest.mark.more

GRADING = Path(__file__).parents[1] / "grading"
REPORT = runpy.run_path(str(GRADING / "test_report.py"))
SIMILARITY = runpy.run_path(str(GRADING / "similarity_class.py"))


def report():
    """Sixty students with everything that a report can hold."""
    result, mistaken, failing, unwritten = (
        REPORT[name] for name in ("result", "mistaken", "failing", "unwritten")
    )
    students = REPORT["klass"](
        *(result(mistaken("correlate2d", "flipped kernel")) for _ in range(14)),
        *(result(failing("correlate2d", "it raised IndexError: index 4 is out of bounds")) for _ in range(8)),
        *(result(second=unwritten("detect_edges")) for _ in range(7)),
        *(result(second=mistaken("detect_edges", "gx alone", ["arrays"])) for _ in range(5)),
        *(result(problem="the file is empty: " + "open it again " * 9) for _ in range(2)),
        result(flags=["the locked cell detect_edges_check was changed: " + "x" * 300]),
        result(limits=["correlate2d: stopped after 5 s in correlate2d"]),
        *[None] * 3,
        *[result()] * 20,
    ).students
    late = replace(students[0], in_gradebook=InGradebook(1.5, 7.0, 0.5, 100_000.0, True))
    many = tuple(
        replace(one, feedback=Path("/x") / one.id, autograded=Path("/y") / one.id) for one in students[1:]
    )
    return REPORT["page"](Class(REPORT["CHAPTER"], (late, *many)))


def similarity():
    """A class with copies, a ring, and some who took the solutions; one text is no Python."""
    texts = SIMILARITY["a_class"](1).texts
    first = texts.parts[0]
    broken = {**first.texts, "copy2": "x = )\n" + first.texts["copy2"] + "\n# " + "long " * 100}
    compared = compare(replace(texts, parts=(replace(first, texts=broken), *texts.parts[1:])))
    people = {one: Person(one, f"Person {one}", f"./{one}.html", f"./{one}.ipynb") for one in texts.students}
    return render(compared, find(compared), people, "1 · One dimension")


PAGES = {"report": report, "similarity": similarity}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    addresses = {}
    for name, make in PAGES.items():
        (folder / f"{name}.html").write_text(make(), encoding="utf-8")
        addresses[name] = (folder / f"{name}.html").as_uri()
    return addresses


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1300])
@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_it(open_page, violations, written, name, width, scheme):
    page = open_page(width=width, scheme=scheme)
    page.goto(written[name])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    unfold(page)  # then axe looks at all that a folded page shows, and more
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_it_asks_nobody_for_anything_and_runs_nothing(page, written, name):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(written[name])
    unfold(page)
    assert asked == [written[name]]
    assert page.evaluate("document.scripts.length + document.forms.length + frames.length") == 0
    assert page.evaluate("document.styleSheets.length") == 1
    assert page.evaluate("getComputedStyle(document.body).maxWidth") != "none"


def test_what_to_teach_stands_on_the_first_screen_of_a_phone_and_of_a_desk(open_page, written):
    for width, height in ((390, 844), (1300, 900)):
        page = open_page(width=width, height=height)
        page.goto(written["report"])
        box = page.locator(".topics > li").first.bounding_box()
        assert box["y"] + box["height"] < height
        assert (
            "14 of 56 made the mistake “flipped kernel” in correlate2d"
            in page.locator(".topics li").first.inner_text()
        )


def test_a_folded_list_opens_by_keyboard(page, written):
    page.goto(written["report"])
    summary = page.locator(".topics summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator(".topics details").first.get_attribute("open") is not None


def test_two_texts_stand_beside_each_other_on_a_desk_and_below_on_a_phone(open_page, written):
    for width, beside in ((1300, True), (390, False)):
        page = open_page(width=width)
        page.goto(written["similarity"])
        left, right = (page.locator(".beside").first.locator(".side").nth(i).bounding_box() for i in (0, 1))
        assert (left["y"] == right["y"]) is beside
        assert (left["x"] < right["x"]) is beside


@pytest.mark.parametrize("name", PAGES)
def test_printed_nothing_is_cut_at_the_right(page, written, name):
    page.goto(written[name])
    unfold(page)
    page.set_viewport_size({"width": 700, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    cut = page.evaluate(
        "[...document.querySelectorAll('pre, .scroll')].filter(one => one.scrollWidth > one.clientWidth + 1).length"
    )
    assert cut == 0
