"""What stands where in a feedback page, and what the grader's words become."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from convlab.grading.feedback.concealed import Concealed
from convlab.grading.feedback.outputs import Budget
from convlab.grading.feedback.page import Marks, render
from convlab.grading.feedback.text import cut, readable
from convlab.grading.feedback.verdict import Group, read_verdict

MESSAGE = """conv2d · 3 of 24 samples differ from torch.nn.functional.conv2d
smallest: conv2d(input (1, 1, 3, 3), weight (1, 1, 2, 2))
  output[0, 0, 0, 0]: got 5.0, expected 1.0
The kernel is flipped.
reproduce:  conv2d(x, w)"""
GROUPS = """conv2d: 2 of 4 points
  plain               2 of 2
  stride and padding  0 of 2
"""


def stream(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def score(text):
    return nbformat.v4.new_output("execute_result", data={"text/plain": text})


def failed(text):
    return nbformat.v4.new_output("error", ename="CheckFailed", evalue=text, traceback=text.splitlines())


def verdict(*outputs, name="conv2d"):
    return read_verdict(name, outputs, Concealed([]), Budget())


def code(source, *outputs, **about):
    made = nbformat.v4.new_code_cell(source, metadata={"nbgrader": about} if about else {})
    made.outputs = list(outputs)
    return made


def marks(**scores):
    """Marks for cells NAME_check of four points each."""
    ids = {f"{name}_check": points for name, points in scores.items()}
    total = sum(points or 0 for points in ids.values())
    return Marks("s1", "Ada Example", "02", "02", total, 4 * len(ids), 0, ids, dict.fromkeys(ids, 4.0), {})


def page(cells, marks, **options):
    text = render(cells, marks, Concealed(cells, **options))
    return BeautifulSoup(text, "html.parser")


def check(name, *outputs):
    return code(f"check({name})", *outputs, grade=True, locked=True, grade_id=f"{name}_check")


def solution(name):
    return code(f"def {name}(): ...", solution=True, grade_id=name)


def words(element):
    return " ".join(element.get_text(" ").split())


def test_groups_message_and_reason_are_read_from_the_grader_s_words():
    found = verdict(stream(GROUPS + MESSAGE), score("2.0"))
    assert found.groups == (Group("plain", 2, 2), Group("stride and padding", 0, 2))
    assert found.message == MESSAGE
    assert found.reason == "The kernel is flipped."
    assert found.more == ()


def test_the_error_of_a_check_in_the_notebook_gives_the_same_message_and_reason():
    found = verdict(failed(MESSAGE))
    assert (found.message, found.reason, found.groups) == (MESSAGE, "The kernel is flipped.", ())


def test_points_of_another_exercise_are_words_and_no_groups():
    found = verdict(stream(GROUPS + MESSAGE), name="other")
    assert found.groups == ()
    assert found.message.startswith("conv2d: 2 of 4 points")


def test_what_the_visible_and_the_hidden_check_say_alike_is_said_once():
    line = "conv2d: all 24 samples agree with torch.nn.functional.conv2d."
    assert verdict(stream(f"{line}\n{line}\n")).message == line
    assert verdict(stream(line), stream(line)).message == line


def test_an_error_that_is_none_of_the_check_s_is_named_without_its_traceback():
    error = nbformat.v4.new_output(
        "error", ename="NameError", evalue="conv2d", traceback=["----> 1 check(conv2d)"]
    )
    assert verdict(error).message == "NameError: conv2d"
    error["ename"] = "CellTimeoutError"
    assert verdict(error).message == "The cell ran longer than its time limit."


@pytest.mark.parametrize("number", ["2.0", "0", "1e0"])
def test_the_number_that_nbgrader_reads_is_not_shown(number):
    assert verdict(stream("words"), score(number)).more == ()


def test_another_result_of_a_graded_cell_is_shown():
    assert [thing.content for thing in verdict(score("'a text'")).more] == ["&#39;a text&#39;"]


def test_the_table_gives_points_and_one_line_of_why_and_leads_to_the_cell():
    soup = page(
        [
            solution("conv2d"),
            check("conv2d", stream(GROUPS + MESSAGE)),
            solution("other"),
            check("other", stream("ok")),
        ],
        marks(conv2d=2.0, other=4.0),
    )
    rows = soup.select(".overview tbody tr")
    assert [words(row) for row in rows] == ["◐ conv2d The kernel is flipped. 2 of 4", "✓ other 4 of 4"]
    target = soup.select_one(rows[0].a["href"])
    assert words(target.h3) == "◐ conv2d"
    assert target.select_one("pre.message").get_text() == MESSAGE
    assert [words(row) for row in target.select(".groups tr")] == [
        "✓ plain 2 of 2",
        "✗ stride and padding 0 of 2",
    ]
    assert words(soup.select_one(".total")) == "6 of 8 points"


@pytest.mark.parametrize(
    ("points", "outputs", "said"),
    [
        (0.0, [], "✗ conv2d the check did not run 0 of 4"),
        (None, [], "… conv2d waits to be marked by hand – of 4"),
        (4.0, [stream("all 24 samples agree")], "✓ conv2d 4 of 4"),
        (0.0, [stream("careful", "stderr")], "✗ conv2d careful 0 of 4"),
        (0.0, [failed("conv2d is not written yet.")], "✗ conv2d conv2d is not written yet. 0 of 4"),
        (0.5, [stream("x" * 1000)], f"◐ conv2d {'x' * 240} … 0.5 of 4"),
    ],
)
def test_every_lost_point_has_a_reason_in_the_table(points, outputs, said):
    soup = page([check("conv2d", *outputs)], marks(conv2d=points))
    assert words(soup.select_one(".overview tbody tr")) == said


def test_what_asks_for_an_exercise_stands_open_and_the_chapter_is_folded():
    markdown = nbformat.v4.new_markdown_cell
    cells = [
        markdown("# Chapter"),
        markdown("## A part"),
        code("demo()", stream("shown")),
        markdown("## Exercise: `conv2d`"),
        code("draw()"),
        markdown("Hints."),
        solution("conv2d"),
        check("conv2d"),
        markdown("Afterwards"),
    ]
    soup = page(cells, marks(conv2d=0.0))
    folds = soup.select("details.fold")
    assert [words(fold.summary) for fold in folds] == [
        "Chapter Chapter … A part · 3 cells",
        "Chapter cells · 1 cell",
    ]
    for fold in folds:
        fold.decompose()
    shown = words(soup.main)
    assert shown.index("Exercise:") < shown.index("draw") < shown.index("Hints.") < shown.index("Your code")
    assert "demo" not in shown


def test_a_fold_says_that_a_cell_in_it_stopped():
    error = nbformat.v4.new_output("error", ename="E", evalue="no", traceback=["E: no"])
    soup = page([code("1/0", error), solution("conv2d")], marks())
    assert "1 stopped with an error" in words(soup.summary)


def test_headings_of_cells_stand_below_the_page_s_own():
    soup = page([nbformat.v4.new_markdown_cell("# one\n\n### three\n\n###### six\n\n<h1>raw</h1>")], marks())
    assert [tag.name for tag in soup.select(".prose h1, .prose h2, .prose h3, .prose h4, .prose h6")] == [
        "h3",
        "h4",
        "h6",
    ]
    assert len(soup.select("h1")) == 1


def test_comments_penalty_and_names_are_shown_escaped():
    about = Marks(
        "s<1",
        "Ada <b>",
        "02 & 3",
        "02",
        3,
        4,
        1.5,
        {"f_check": 3.0},
        {"f_check": 4.0},
        {"f": "*Good* <script>x</script>"},
    )
    soup = page([solution("f"), check("f")], about)
    assert words(soup.select_one(".who")) == "Ada <b> s<1 02 & 3"
    assert words(soup.select_one(".late")) == "1.5 taken off for handing in late"
    assert soup.select_one(".comment em").get_text() == "Good"
    assert not soup.select("script")


def test_a_cell_that_only_claims_to_be_graded_has_no_points():
    soup = page([check("mine", stream("mine: 9 of 9 points"))], marks())
    assert "– of 0" in words(soup.select_one(".overview"))


def test_what_the_chapter_prints_costs_no_exercise_its_place():
    loud = [code("loud()", stream(f"{'x' * 1_900}\n" * 10)) for _ in range(400)]
    soup = page([*loud, solution("conv2d"), check("conv2d", stream(MESSAGE))], marks(conv2d=0.0))
    assert "the page would become too large" in words(soup.select_one(".fold"))
    assert "def conv2d" in soup.select_one(".answer").get_text()
    assert soup.select_one("pre.message").get_text() == MESSAGE


def test_a_page_names_no_address_but_those_that_cells_link_to():
    text = render([solution("conv2d"), check("conv2d")], marks(conv2d=1.0), Concealed([]))
    assert re.findall(r"(?:https?:)?//[a-z][^\s\"']*", text) == []


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("a\r\nb\r", "a\nb"),
        ("\x1b[1;31mred\x1b[0m \x1b]0;t\x07\x1b(B.", "red ."),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\0b\x9bc\x7f", "abc"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\ud83d", "\ufffd"),
        ("naïve ∑ 日本\tx", "naïve ∑ 日本\tx"),
    ],
)
def test_text_is_what_a_terminal_would_have_left(typed, seen):
    assert readable(typed) == seen


def test_long_text_keeps_its_beginning_and_end_and_says_what_is_missing():
    lines = "\n".join(map(str, range(1000)))
    short = cut(lines, 10_000, 30, 100).split("\n")
    assert short[:2] == ["0", "1"]
    assert short[-1] == "999"
    assert "… 970 lines are not shown …" in short
    assert cut("x" * 500, 10_000, 30, 100) == "x" * 100 + " … 400 more"
    assert cut(lines, 100, 5000, 100).count("\n") < 40
    assert len(cut("ab\n" * 10_000_000, 10_000, 300, 100)) < 2_000
    assert cut("short", 10_000, 30, 100) == "short"
