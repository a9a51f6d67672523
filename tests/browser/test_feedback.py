"""A feedback page in a browser: nothing in it runs or leaves it, it can be read by everybody, and it fits."""

import re
import runpy
from pathlib import Path

import nbformat
import pytest

from convlab.grading.feedback.concealed import Concealed
from convlab.grading.feedback.page import Marks, render

pytestmark = pytest.mark.more

HOSTILE = runpy.run_path(str(Path(__file__).parents[1] / "grading" / "test_feedback_hostile.py"))

MESSAGE = """conv2d: 2 of 4 points
  plain      2 of 2
  padding    0 of 2
conv2d · 3 of 24 samples differ from torch.nn.functional.conv2d
smallest: conv2d(input (1, 1, 3, 3), weight (1, 1, 2, 2), padding=1)
  output[0, 0, 0, 0]: got 5.0, expected 1.0
Your numbers are exactly what you get when the window's start is clamped to 0 instead of reading the zero padding.
reproduce:  conv2d(np.arange(1., 10.).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)), padding=1)
"""
FORMULA = r"""## Exercise: `conv2d`

$$
\text{output}[n, o, y, x] = \text{bias}[o] + \sum_{c=0}^{C_\text{in}-1}\;\sum_{i=0}^{\mathit{kh}-1}\;
\sum_{j=0}^{\mathit{kw}-1} \text{padded}[n, c,\; y\,s_h + i\,d_h,\; x\,s_w + j\,d_w]\;\text{weight}[o, c, i, j]
$$

| stride | **padding** |
|---|---|
| 1 | `same` |

<details><summary>Hint</summary>

Read [the manual](https://pytorch.org/docs) first.

</details>
"""
MARKS = Marks(
    student="s1",
    name="Ada <b>Example</b>",
    assignment="04_stride_and_padding",
    notebook="04_stride_and_padding",
    score=6,
    max_score=11,
    late_penalty=0.5,
    scores={"conv2d_check": 2.0, "output_size_check": 4.0, "essay": None},
    max_scores={"conv2d_check": 4.0, "output_size_check": 4.0, "essay": 3.0},
    comments={"conv2d": "Nearly! Look at `padding`."},
)


def code(source, outputs=(), **nbgrader):
    made = nbformat.v4.new_code_cell(source, metadata={"nbgrader": nbgrader} if nbgrader else {})
    made.outputs = [nbformat.from_dict(output) for output in outputs]
    return made


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def cells():
    """A chapter with one exercise lost in part, one solved, and one that waits for a person."""
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="700" height="200"><rect width="700" height="200"/></svg>'
    source = HOSTILE["in_base64"](picture)
    shown = {
        "text/html": f'<img alt="The wanted window beside yours." src="data:image/svg+xml;base64,{source}">'
    }
    table = "<table><tr>" + "".join(f"<th>column {i}</th>" for i in range(30)) + "</tr></table>"
    raised = {
        "output_type": "error",
        "ename": "NameError",
        "evalue": "no",
        "traceback": ["\x1b[31mNameError\x1b[0m: no"],
    }
    return [
        nbformat.v4.new_markdown_cell("# 4 · Stride and padding\n\nProse with $L - K + 1$.\n\n## A second part"),
        code("print(x)", [stream("1 2 3\n" * 3), {"output_type": "display_data", "data": {"text/html": table}}]),
        code("x", [raised]),
        nbformat.v4.new_markdown_cell(FORMULA),
        code("def conv2d(input, weight):\n    '''Slide.'''\n    return 1  # a comment" + " that is long" * 12,
             [stream("x" * 500)],
             solution=True, grade_id="conv2d"),
        code("check(conv2d)\n### BEGIN HIDDEN TESTS\ncheck(conv2d, seed=grading_seed())\n### END HIDDEN TESTS",
             [stream(MESSAGE),
              {"output_type": "display_data", "data": shown},
              {"output_type": "execute_result", "data": {"text/plain": "2.0"}}],
             grade=True, locked=True, grade_id="conv2d_check"),
        code("def output_size(): return 1", solution=True, grade_id="output_size"),
        code("check(output_size)", [stream("output_size: all 12 samples agree.\n" * 2)],
             grade=True, grade_id="output_size_check"),
        nbformat.v4.new_markdown_cell("## Say why"),
        nbformat.v4.new_markdown_cell(
            "Because.", metadata={"nbgrader": {"grade": True, "solution": True, "grade_id": "essay"}}
        ),
    ]  # fmt: skip


@pytest.fixture
def written(tmp_path):
    """Write a page and return its address."""

    def write(cells, marks=MARKS):
        file = tmp_path / "page.html"
        file.write_text(render(cells, marks, Concealed(cells)), encoding="utf-8")
        return file.as_uri()

    return write


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


def hostile():
    return [HOSTILE["cell"](kind, payload) for _, kind, payload in HOSTILE["ROWS"]]


def test_nothing_that_a_student_put_into_a_notebook_runs_or_leaves_the_page(page, written):
    asked, talked = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (talked.append(dialog.message), dialog.dismiss()))
    address = written([*hostile(), *cells()])
    page.goto(address)
    unfold(page)
    for size in (390, 1300):  # laid out again, so that nothing waits for it
        page.set_viewport_size({"width": size, "height": 900})
        page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None
    assert talked == []
    assert {url for url in asked if not url.startswith("data:image/")} == {address}
    assert page.url == address
    assert page.evaluate("document.scripts.length + document.forms.length + frames.length") == 0
    assert page.evaluate("document.styleSheets.length") == 1


def test_nothing_that_a_student_put_into_a_notebook_is_drawn_outside_its_frame(page, written):
    page.goto(written([*hostile(), *cells()]))
    unfold(page)
    covered = page.evaluate("""() => {
        const ours = [...document.querySelectorAll("h2, .graded .heading, .overview td")];
        return ours.filter(one => {
            one.scrollIntoView({block: "center"});
            const box = one.getBoundingClientRect();
            const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return !(top === one || one.contains(top) || top.contains(one));
        }).length;
    }""")
    assert covered == 0


def test_were_the_sanitiser_to_fail_the_policy_would_stop_the_rest(open_page, tmp_path, serve):
    (tmp_path / "loaded.js").write_text("window.ran = 2")
    served = serve(tmp_path)
    page = open_page(ignore="Content Security Policy|Refused|violates")
    finished = []
    page.on("requestfinished", lambda request: finished.append(request.url))
    raw = f"""<script>window.ran = 1</script><script src="{served}/loaded.js"></script>
        <img src=x onerror="window.ran = 3"><img src="{served}/a.png"><iframe src="{served}/loaded.js"></iframe>
        <style>h1 {{ background: url({served}/b.png) }}</style><link rel=stylesheet href="{served}/c.css">
        <base href="{served}/"><form action="{served}/" id=f><input></form><object data="{served}/d"></object>"""
    text = render(cells(), MARKS, Concealed([])).replace("<main>", f"<main>{raw}")
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    page.goto(f"{served}/page.html")
    page.wait_for_timeout(500)
    assert page.evaluate("window.ran") is None
    assert finished == [f"{served}/page.html"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1300])
def test_a_page_has_no_violation_that_axe_knows_of(open_page, written, violations, scheme, width):
    page = open_page(scheme=scheme, width=width)
    page.goto(written(cells()))
    assert violations(page) == []
    unfold(page)
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 390, 1300])
def test_a_page_never_scrolls_sideways(open_page, written, width):
    page = open_page(width=width)
    page.goto(written(cells()))
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_each_exercise_of_the_table_leads_to_its_cell(page, written):
    page.goto(written(cells()))
    for name in ("conv2d", "output_size", "essay"):
        page.locator(".overview").get_by_role("link", name=name, exact=True).click()
        target = page.locator(re.sub(r".*#", "#", page.url))
        assert target.locator("h3").inner_text().endswith(name)
        assert target.is_visible()


def test_a_formula_is_drawn_as_mathematics(page, written):
    page.goto(written(cells()))
    formula = page.locator("math[display=block]").first
    assert formula.evaluate("one => one.namespaceURI") == "http://www.w3.org/1998/Math/MathML"
    assert formula.locator("munderover").count() == 3
    assert (
        formula.bounding_box()["height"] > 40
    )  # a sum with its bounds above and below is taller than a line


def test_what_is_folded_is_left_out_of_print_and_nothing_is_cut_off(page, written):
    page.goto(written(cells()))
    page.emulate_media(media="print")
    assert not page.locator("details.fold").first.is_visible()
    assert page.locator(".message").first.is_visible()
    wide = "one => one.scrollWidth > one.clientWidth + 1"
    assert (
        page.evaluate(f"[...document.querySelectorAll('.answer pre, .graded pre')].filter({wide}).length")
        == 0
    )
