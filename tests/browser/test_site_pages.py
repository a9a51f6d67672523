"""The site in a browser, from the disk: readable by everybody, at every width, in light and dark, without a network."""

import zipfile
from pathlib import Path

import pytest

from convlab import site
from convlab.checks.registry import EXERCISES
from convlab.site.links import problems
from convlab.site.publish import ZIP

pytestmark = pytest.mark.more

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted(file.stem for file in (ROOT / "solutions").glob("*.ipynb"))
PAGES = [*CHAPTERS, "index", "search"]
PHONE, DESK = 390, 1300

# Measuring the contrast of every token of code takes a minute for each page; one of each colour tells as much.
ONE_OF_EACH_COLOUR = """() => {
  const seen = new Set();
  for (const token of document.querySelectorAll(".highlight span")) {
    const colour = getComputedStyle(token).color + token.closest(".highlight").parentElement.className;
    if (seen.has(colour)) token.replaceWith(token.textContent);
    seen.add(colour);
  }
}"""
SETTLED = """async () => {
  if (window.MathJax?.startup) await MathJax.startup.promise;
  await Promise.all([...document.images].map((image) => image.decode()));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The site of the course, built into a folder of its own."""
    root = tmp_path_factory.mktemp("site")
    for name in ("course", "solutions"):
        (root / name).symlink_to(ROOT / name)
    return site.build(root, report=lambda line: None).parent


@pytest.fixture
def visit(open_page, pages):
    """visit(name, width, scheme): a page of the site from the disk, when everything on it has settled."""

    def open(name, width=DESK, scheme="light", folder=pages):
        page = open_page(width=width, height=844, scheme=scheme)
        page.goto((folder / f"{name}.html").as_uri())
        page.evaluate(SETTLED)
        return page

    return open


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_breaks_no_rule_of_accessibility_and_does_not_scroll_sideways(visit, name, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(name, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    page.evaluate(SETTLED)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate(ONE_OF_EACH_COLOUR)
    # Preloading would fetch the style sheets a second time, which no browser allows from file://.
    found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]}).response["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_solution_is_seen_before_it_is_unfolded_and_every_formula_is_set(visit, name):
    page = visit(name)
    solutions = page.locator("details.solution")
    assert solutions.count() == sum(e.chapter == name for e in EXERCISES.values())
    for place in range(solutions.count()):
        assert not solutions.nth(place).locator(".cell_input").is_visible()
    assert page.locator("article").inner_text().count("raise NotImplementedError()") >= solutions.count()
    formulas = page.locator(".math")
    assert formulas.count() > 0
    assert page.locator(".math > mjx-container > svg").count() == formulas.count()
    assert page.locator("mjx-merror, [data-mml-node=merror]").count() == 0


def test_a_solution_opens_by_click_and_by_keyboard(visit):
    page = visit("05_dilation", PHONE)
    folds = page.locator("details.solution")
    folds.nth(0).locator("summary").click()
    assert folds.nth(0).locator(".cell_input").is_visible()
    folds.nth(1).locator("summary").focus()
    page.keyboard.press("Enter")
    assert folds.nth(1).locator(".cell_input").is_visible()
    page.keyboard.press("Space")
    assert not folds.nth(1).locator(".cell_input").is_visible()


def test_the_search_finds_a_chapter_from_the_disk(visit):
    page = visit("index")
    page.get_by_role("textbox", name="Search").fill("dilation")
    page.keyboard.press("Enter")
    results = page.locator("#search-results li a")
    results.first.wait_for()
    hrefs = [link.get_attribute("href").partition("#")[0].partition("?")[0] for link in results.all()]
    assert "05_dilation.html" in hrefs
    quotes = page.locator("#search-results li p.context")
    quotes.first.wait_for()
    assert "dilation" in quotes.first.inner_text().lower()
    results.nth(hrefs.index("05_dilation.html")).click()
    assert "Dilation" in page.locator("h1").inner_text()


def test_the_zip_holds_the_same_pages_and_its_index_works(visit, pages, tmp_path):
    with zipfile.ZipFile(pages / ZIP) as archive:
        archive.extractall(tmp_path)
    copy = tmp_path / ZIP.removesuffix(".zip")
    page = visit("index", folder=copy)
    page.locator("a.stop", has_text="Dilation").click()
    assert page.url == (copy / "05_dilation.html").as_uri()
    assert problems(copy) == []


def test_what_is_wider_than_a_phone_scrolls_by_keyboard_in_its_own_box(visit):
    page = visit("06_matrix_product", PHONE)
    wide = page.locator(".cell_output > .output.text_html[tabindex='0']")
    assert wide.count() > 0
    wide.first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")
    for box in page.locator(".cell_output > .output:not([tabindex])").all():
        assert box.evaluate("(box) => box.scrollWidth - box.clientWidth") <= 4


def test_code_outside_a_fold_needs_no_scrolling_on_a_desk(visit):
    for name in ("02_conv2d", "04_stride_and_padding"):
        code = visit(name).locator("article .highlight pre:not(details *)")
        assert code.count() > 20
        assert (
            code.evaluate_all("(all) => all.filter((pre) => pre.scrollWidth > pre.clientWidth).length") == 0
        )


def test_a_line_of_output_breaks_on_a_phone_and_a_table_does_not(visit):
    page = visit("01_conv1d", PHONE)
    said = page.locator(".output pre", has_text="correlate1d: all").first
    assert said.evaluate("(pre) => pre.scrollWidth <= pre.clientWidth")
    assert said.bounding_box()["height"] > 1.5 * float(
        said.evaluate("(pre) => parseFloat(getComputedStyle(pre).lineHeight)")
    )
    table = page.locator(".output pre", has_text="F.conv1d").first
    assert table.evaluate("(pre) => getComputedStyle(pre).whiteSpace") == "pre"


def test_what_was_printed_says_that_it_scrolls(visit):
    page = visit("01_conv1d", PHONE)
    boxes = page.evaluate(
        """() => [...document.querySelectorAll(".cell_output > .output:has(> .highlight)")].map((box) => [
            box.querySelector("pre").scrollWidth - box.querySelector("pre").clientWidth > 4,
            getComputedStyle(box, "::before").content.includes("scroll sideways"),
            getComputedStyle(box).display,
        ])"""
    )
    said = [box[:2] for box in boxes]
    assert [scrolls for scrolls, _ in said] == [hint for _, hint in said]
    assert {display for scrolls, _, display in boxes if scrolls} == {"block"}  # not beside what was printed
    assert {scrolls for scrolls, _ in said} == {True, False}


def test_a_few_words_of_code_stay_on_one_line(visit):
    page = visit("01_conv1d", PHONE)
    lines = page.evaluate(
        """() => [...document.querySelectorAll("article code.literal")]
            .filter((code) => code.textContent === "output[2] = 22").map((code) => code.getClientRects().length)"""
    )
    assert lines == [1]


def test_ten_samples_of_the_explorer_fit_a_phone(visit):
    stage = visit("04_stride_and_padding", PHONE).locator(".convlab-explorer .stage").first
    assert stage.evaluate("(stage) => stage.scrollWidth - stage.clientWidth") <= 0


def test_a_phone_shows_its_own_layout_of_a_picture_at_full_size(visit):
    phone, desk = visit("04_stride_and_padding", PHONE), visit("04_stride_and_padding")
    sizes = [
        [
            image.evaluate("(image) => [image.naturalWidth, image.getBoundingClientRect().width]")
            for image in page.locator("picture > img").all()
        ]
        for page in (phone, desk)
    ]
    assert len(sizes[0]) == len(sizes[1]) > 10
    for (natural, shown), (wide, _) in zip(*sizes):
        assert natural < wide
        assert shown >= 0.85 * natural


def test_pictures_beside_each_other_stand_below_each_other_on_a_phone(visit):
    for width, rows in [(PHONE, 2), (DESK, 1)]:
        pair = visit("01_conv1d", width).locator(".output.text_html > div:has(> img, > picture)").first
        tops = {image.bounding_box()["y"] for image in pair.locator("img").all()}
        assert len(tops) == rows


def test_a_keyboard_reaches_the_chapters_and_the_contents_on_a_phone(visit):
    page = visit("01_conv1d", PHONE)
    for label, drawer in [("site navigation", ".sidebar-drawer"), ("table of contents", ".toc-drawer")]:
        link = page.locator(f"{drawer} li a").last
        assert not link.is_visible()
        button = page.get_by_role("button", name=label)
        button.focus()
        page.keyboard.press("Enter")
        assert link.is_visible()
        assert button.get_attribute("aria-expanded") == "true"
        page.keyboard.press("Escape")
        assert button.get_attribute("aria-expanded") == "false"
        link.wait_for(state="hidden")


def test_the_first_stop_of_the_keyboard_skips_to_the_text(visit):
    page = visit("01_conv1d")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#furo-main-content"


def test_print_shows_the_text_alone_on_white(visit):
    page = visit("01_conv1d", scheme="dark")
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    for part in (".sidebar-drawer", ".toc-drawer", ".mobile-header", ".skip-to-content"):
        assert not page.locator(part).first.is_visible()
    assert not page.locator(".convlab-explorer .card button:not(.cell)").first.is_visible()
    assert page.locator(".convlab-explorer .card .sum").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_folds_are_open_on_paper_and_shut_again_on_the_screen(visit):
    page = visit("01_conv1d")
    solution = page.locator("details.solution .cell_input").first
    shut = "document.querySelectorAll('article details:not([open])').length"
    folds = page.evaluate(shut)
    assert folds > 10
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(shut) == 0
    assert solution.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(shut) == folds
