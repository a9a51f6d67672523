"""Likeness: what a copyist changes first changes nothing, what everybody has counts nothing, and nothing is run."""

import ast
import importlib
import json
import random
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from convlab import cli
from convlab.grading import AssignmentSpec, Course
from convlab.grading.rebuild import rebuild
from convlab.grading.report.page import Person
from convlab.grading.similarity import compare, find, render
from convlab.grading.similarity.fingerprints import STRETCH, WINDOW, fingerprints
from convlab.grading.similarity.normal import LONGEST, as_tree, as_words
from convlab.grading.similarity.texts import OWN, Part, Texts, parts_of

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"

PLAIN = """
def correlate1d(input, weight):
    length, taps = len(input), len(weight)
    output = np.zeros(length - taps + 1)
    for x in range(length - taps + 1):
        for k in range(taps):
            output[x] += input[x + k] * weight[k]
    return output
"""


def keys(text):
    tree = as_tree(text)
    assert tree is not None
    return set(fingerprints(tree))


# ------------------------------------------------------------------------------ what changes nothing


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("output", "total"),
        ("length", "verbose_name_of_the_length"),
        ("    length", '    """My own words."""\n    # and a comment\n    length'),
        ("input, weight):", "input: np.ndarray, weight: list[int] = None) -> np.ndarray:"),
        ("output[x] += input[x + k] * weight[k]", "output[x] = output[x] + input[x + k] * weight[k]"),
        ("input[x + k] * weight[k]", "weight[k] * input[x + k]"),
        ("length - taps + 1", "1 + (length - taps)"),
        ("length, taps = len(input), len(weight)", "taps = len(weight)\n    length = len(input)"),
        ("length, taps = len(input), len(weight)", "length: int = len(input)\n    taps = (len(weight))"),
        ("    output =", "    import numpy as np\n    pass\n    output ="),
    ],
)
def test_a_copyists_first_changes_change_nothing(old, new):
    assert old in PLAIN
    changed = PLAIN.replace(old, new)
    # A default value is a value.
    assert keys(changed.replace(" = None", "")) == keys(PLAIN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x + k", "x - k"),
        ("np.zeros", "np.ones"),
        ("weight[k]", "weight[x]"),
        ("+ 1)", "+ 2)"),
        ("output[x] +=", "output[k] +="),
    ],
)
def test_what_the_function_does_is_seen(old, new):
    assert keys(PLAIN.replace(old, new)) != keys(PLAIN)


def test_a_comparison_read_from_the_other_side_is_the_same():
    assert keys("if a > len(b):\n    f(a)") == keys("if len(b) < a:\n    f(a)")
    assert keys("if a > len(b):\n    f(a)") != keys("if a < len(b):\n    f(a)")


def test_operands_that_may_not_change_places_do_not():
    assert keys("f(len(a) - 2 * b)") != keys("f(2 * b - len(a))")


def test_statements_may_stand_in_any_order():
    lines = ["a = f(1)", "b = g(2, a)", "c = len(a) * 3", "d = [a for a in c if a]"]
    random.Random(1).shuffle(lines)
    assert keys("\n".join(lines)) == keys("\n".join(sorted(lines)))


def test_of_any_few_neighbouring_stretches_one_is_kept():
    """The promise of winnowing: a common stretch of STRETCH + WINDOW - 1 tokens is always found."""
    rng = random.Random(3)
    words = [rng.choice("abcdefgh") for _ in range(200)]
    common = ", ".join(str(rng.randrange(10)) for _ in range(STRETCH + WINDOW - 1))
    for cut in range(5, 195, 10):
        first, second = (
            f"f({', '.join(words[i::2][:cut])}, {common}, {', '.join(words[i::2][cut:])})" for i in (0, 1)
        )
        assert keys(first) & keys(second)


def test_marks_stand_on_the_words_that_they_mean():
    text = "é = 'ü' + f(x)\nprint(numbers[0], é)"
    tree = as_tree(text)
    assert tree is not None
    lines = text.split("\n")
    shown = {
        token.text.lstrip("."): lines[token.span[0] - 1][token.span[1] : token.span[2]]
        for one in tree.statements
        for token in one.tokens
        if token.span
    }
    assert shown == {one: one for one in ("é", "'ü'", "f", "x", "print", "numbers", "0")}


# ------------------------------------------------------------------------------ texts made to hurt

BOMBS = {
    "brackets": "(" * 5000,
    "closed brackets": "f(" * 55 + "1" + ")" * 55,
    "minus": "x = " + "-" * 11_000 + "1",
    "not": "x = " + "not " * 2900 + "1",
    "sum": "x = 1" + "+1" * 5900,
    "attributes": "x = a" + ".b" * 5900,
    "calls": "x = f" + "()" * 5900,
    "lambdas": "x = " + "lambda:" * 1700 + "1",
    "conditions": "x = " + "1 if 1 else " * 990 + "1",
    "blocks": "".join(" " * i + "if 1:\n" for i in range(99)) + " " * 99 + "pass",
    "elif": "if a:\n pass\n" + "elif a:\n pass\n" * 700,
    "nul": "x = 1\0",
    "half a character": "x = '\ud800'",
    "great number": "x = 0x" + "f" * 11_000,
    "long": "x = 1\n" * LONGEST,
    "one long line": "a " * 6000,
    "powers": "x = " + "2**" * 3900 + "1",
    "lone carriage returns": "é = 1\ré = 2\rdef f(:",
    "quotes": '"""' * 3001,
    "broken again and again": "x = 1\n" * 500 + "x = )\n" * 500,
    "magic": "%matplotlib inline\n!ls\nx = 1",
    "empty": "",
    "escapes": "x = '\\d'\ny = 1 is 1",
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_text_stops_the_comparison(name):
    texts = {f"s{i}": PLAIN for i in range(5)} | {"bomb": BOMBS[name], "bomb2": BOMBS[name]}
    part = Part("correlate1d", texts, PLAIN)
    compared = compare(Texts("x", (part,), "import numpy as np", tuple(sorted(texts))))
    people = {one: Person(one, one, "", "") for one in texts}
    html = render(compared, find(compared, 0.01), people, "x")
    html.encode("utf-8")
    assert len(html) < 2_000_000


def test_nothing_of_a_text_is_run(tmp_path):
    text = f"open({str(tmp_path / 'ran')!r}, 'w')\n__import__('os').mkdir({str(tmp_path / 'too')!r})"
    keys(text)
    as_words(text)
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_breaks_off_near_its_end_is_read_as_far_as_it_goes():
    assert keys(PLAIN + "print(output\n") == keys(PLAIN)
    assert as_tree("x = )\n" + PLAIN) is None


def test_words_leave_out_names_comments_and_docstrings_too():
    changed = PLAIN.replace("output", "total").replace("    for", '    """Why."""\n    # so\n    for')
    assert set(fingerprints(as_words(changed))) == set(fingerprints(as_words(PLAIN)))


# ------------------------------------------------------------------------------ what counts


def numbered(i):
    """A function that has little in common with the same of another number."""
    body = "\n".join(
        f"    a{j} = f{i}_{j}(a{j - 1 if j else 0}, {i * 100 + j}) + g{i}(input)" for j in range(12)
    )
    return f"def correlate1d(input, weight):\n{body}\n    return a11"


def a_class(reference="", given="", **texts):
    """Ten who write nothing alike, and these."""
    everybody = {f"s{i}": numbered(i) for i in range(10)} | texts
    return compare(Texts("x", (Part("correlate1d", everybody, reference),), given, tuple(sorted(everybody))))


def pairs_of(compared, threshold=0.5):
    return [(one.first, one.second) for one in find(compared, threshold).pairs]


def test_a_copy_is_found_and_nobody_else():
    copy = numbered(3).replace("a1", "first").replace("input", "signal")
    assert pairs_of(a_class(copy=copy)) == [("copy", "s3")]


def test_likeness_is_the_worth_of_what_is_common_over_the_worth_of_all():
    compared = a_class(copy=numbered(3), half=numbered(3).split("    a6")[0] + numbered(99).split("a5")[-1])
    part = compared.parts[0]
    first, second = (set(part.written[one].tree) for one in ("s3", "half"))
    worth = {key: part.weights[key] for key in first | second}
    expected = sum(worth[key] for key in first & second) / sum(worth.values())
    i, j = (compared.students.index(one) for one in ("s3", "half"))
    assert compared.likeness[i, j] == pytest.approx(expected)
    assert part.weights[next(iter(first - second))] == pytest.approx(np.log2(12 / 2))  # s3 and copy have it


def test_what_everybody_writes_counts_nothing():
    everybody = {f"s{i}": PLAIN for i in range(10)}
    compared = compare(Texts("x", (Part("correlate1d", everybody),), "", tuple(sorted(everybody))))
    assert compared.shared.max() == 0.0
    assert pairs_of(compared) == []


def test_what_stood_in_the_notebook_before_counts_nothing():
    shared = numbered(50)
    assert pairs_of(a_class(one=shared, two=shared)) == [("one", "two")]
    assert pairs_of(a_class(one=shared, two=shared, given=shared)) == []


def test_what_the_solution_has_counts_a_quarter_between_students_and_all_against_the_solution():
    shared = numbered(50)
    alone, with_reference = a_class(one=shared, two=shared), a_class(one=shared, two=shared, reference=shared)
    i, j = (alone.students.index(one) for one in ("one", "two"))
    assert with_reference.shared[i, j] == pytest.approx(alone.shared[i, j] / 4)
    found = find(with_reference)
    assert [(one.first, one.second, round(one.likeness, 6)) for one in found.references] == [
        ("one", "", 1.0),
        ("two", "", 1.0),
    ]


def test_a_few_lines_alone_are_never_reported():
    short = "def correlate1d(input, weight):\n    return odd_one(input, 77) @ weight[::-3]"
    compared = a_class(one=short, two=short)
    assert compared.likeness[compared.students.index("one"), compared.students.index("two")] == pytest.approx(
        1
    )
    assert pairs_of(compared) == []


def test_evidence_adds_up_over_the_exercises():
    """Alike in one long exercise of three is not enough; in two of three it is, however different the third."""

    def three(alike):
        parts = []
        for number in range(3):
            texts = {f"s{i}": numbered(100 * number + i) for i in range(10)}
            if number < alike:
                texts["s1"] = texts["s0"]
            parts.append(Part(f"e{number}", texts))
        return compare(Texts("x", tuple(parts), "", tuple(f"s{i}" for i in range(10))))

    assert pairs_of(three(1)) == []
    assert pairs_of(three(2)) == [("s0", "s1")]


def test_who_cannot_be_read_as_a_program_is_compared_as_words():
    broken = "x = )\n" + numbered(3)
    compared = a_class(one=broken, two=broken.replace("a5", "other"))
    assert compared.parts[0].written["one"].tree is None
    assert set(pairs_of(compared, 0.9)) == {("one", "s3"), ("s3", "two"), ("one", "two")}


def test_students_who_hang_together_are_a_group():
    found = find(a_class(one=numbered(3), two=numbered(3)))
    assert found.groups == (("one", "s3", "two"),)
    assert [one.as_alike for one in found.pairs] == [3, 3, 3]


@pytest.mark.parametrize("threshold", [0, -1, 1.5, float("nan")])
def test_a_threshold_is_a_share(threshold):
    with pytest.raises(ValueError, match="must be above 0 and at most 1"):
        find(a_class(), threshold)


def test_among_three_nobody_can_say_what_is_rare():
    texts = {f"s{i}": PLAIN for i in range(3)}
    compared = compare(Texts("x", (Part("correlate1d", texts),), "", tuple(texts)))
    with pytest.raises(ValueError, match="fewer than 4"):
        find(compared)


def test_500_students_and_5_exercises_are_compared_by_their_fingerprints_not_pair_by_pair(monkeypatch):
    """124,750 pairs; no text is fingerprinted more than once."""
    module = importlib.import_module("convlab.grading.similarity.compare")
    seen = []
    monkeypatch.setattr(module, "fingerprints", lambda form: (seen.append(form), fingerprints(form))[1])
    parts = [
        Part(f"e{e}", {f"s{i:03}": numbered(1000 * e + i % 125) for i in range(500)}, PLAIN) for e in range(5)
    ]
    compared = module.compare(Texts("x", tuple(parts), "", tuple(f"s{i:03}" for i in range(500))))
    assert len(seen) <= 5 * (125 + 2)
    assert len(find(compared).pairs) == 125 * 6


# ------------------------------------------------------------------------------ the page


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = set()
        self.attributes = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


EVIL = "</pre></style><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}"


def page_of(compared, found=None):
    people = {one: Person(one, f"Person {one}", f"./{one}.html", "") for one in compared.students}
    return render(compared, found or find(compared), people, "1 · One dimension")


def test_both_texts_stand_side_by_side_with_what_both_hold_marked():
    copy = numbered(3).replace("a5", "mine").replace("    a0 =", "    own_idea(1, 2)\n    a0 =")
    html = page_of(a_class(copy=copy))
    left, right = re.findall(r'<pre role="group"[^>]*>(.*?)</pre>', html, re.DOTALL)[:2]
    assert re.search(r"<mark>mine</mark>|<mark>mine = [^<]+</mark>", left)
    assert "<mark>own_idea" not in left
    assert right.count("<mark>") >= 12
    plain = re.sub(r"</?mark>", "", right)
    assert plain == numbered(3)


def test_what_everybody_has_is_not_marked():
    same = "    everybody = opens_with(this, 5)\n    a0 ="
    everybody = {f"s{i}": numbered(i).replace("    a0 =", same) for i in range(10)}
    everybody["copy"] = everybody["s3"]
    compared = compare(Texts("x", (Part("correlate1d", everybody),), "", tuple(sorted(everybody))))
    left = re.findall(r'<pre role="group"[^>]*>(.*?)</pre>', page_of(compared), re.DOTALL)[0]
    assert "    everybody = opens_with(this, 5)\n    <mark>a0" in left


def test_the_page_says_what_likeness_is_not():
    html = page_of(a_class(copy=numbered(3)))
    assert "It does not say why." in html
    assert "No other pair of the class is so alike." in html
    assert not re.search(r"plagiar|cheat|guilty|copied from each", html, re.IGNORECASE)


def test_no_text_becomes_markup():
    text = numbered(3) + f"\n    '{EVIL}'\n    # {EVIL}\n    b = \"{EVIL}\"\n    \x1b[31m"
    html = page_of(a_class(**{"one": text, "two": text, EVIL: numbered(4)}), None)
    tags = Tags()
    tags.feed(html)
    assert not tags.seen & {"script", "img", "iframe", "object", "form", "link", "base", "svg"}
    assert not {name for name in tags.attributes if name.startswith("on") or name in ("style", "src")}
    assert "\x1b" not in html
    assert "7*7" in html


def test_a_class_in_which_all_are_alike_stays_a_page_of_two_megabytes():
    everybody = {f"s{i:03}": numbered(i % 10) + "\n" + f"    # {'long ' * 58}\n" * 300 for i in range(500)}
    compared = compare(Texts("x", (Part("correlate1d", everybody),), "", tuple(sorted(everybody))))
    found = find(compared)
    assert len(found.pairs) == 10 * 50 * 49 / 2
    html = page_of(compared, found)
    assert len(html.encode()) < 2_000_000
    assert "Not shown: the page would become too large." in html
    assert "So many pairs are alike that likeness says little here" in html
    assert "And 12210 more." in html


def test_the_same_texts_give_the_same_bytes():
    assert page_of(a_class(copy=numbered(3))) == page_of(a_class(copy=numbered(3)))


# ------------------------------------------------------------------------------ from submissions


def submission(**code):
    """The release with these texts in the exercises' cells; `own` is put in front."""
    file = ROOT / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb"
    notebook = json.loads(file.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in code:
            cell["source"] = code[name]
    if "own" in code:
        own = {"cell_type": "code", "id": "own", "metadata": {}, "outputs": [], "execution_count": None}
        notebook["cells"].insert(3, {**own, "source": code["own"]})
    return json.dumps(notebook).encode()


def test_a_students_texts_are_their_solutions_and_their_own_cells():
    spec = AssignmentSpec.load(ROOT / "course" / "source" / CHAPTER / f"{CHAPTER}.ipynb")
    written = parts_of(rebuild(submission(correlate1d=PLAIN, own="helper = 1"), spec).cells, spec)
    assert written == {"correlate1d": PLAIN, OWN: "helper = 1"}


@pytest.fixture
def course(tmp_path, monkeypatch):
    shutil.copy(ROOT / "course" / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "course" / "source" / CHAPTER, tmp_path / "source" / CHAPTER)
    monkeypatch.chdir(tmp_path)
    return Course(tmp_path)


def hand_in(course, student, content):
    file = course.submitted(CHAPTER, student) / f"{CHAPTER}.ipynb"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)


def test_the_command_compares_a_class_and_prints_where_the_page_is(course, capsys):
    reference = (course.source(CHAPTER)).read_text(encoding="utf-8")
    solved = {
        cell["metadata"]["nbgrader"]["grade_id"]: ast.unparse(ast.parse("".join(cell["source"])))
        for cell in json.loads(reference)["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }
    for i in range(8):
        hand_in(course, f"s{i}", submission(correlate1d=numbered(i)))
    hand_in(course, "copy", submission(correlate1d=numbered(3).replace("a4", "mine")))
    hand_in(course, "took", submission(**solved))
    hand_in(course, "broken", b"{")
    assert cli.main(["similarity", CHAPTER]) == 0
    page = course.own(CHAPTER) / "similarity.html"
    assert capsys.readouterr().out.splitlines() == [
        "10 submissions: 1 pairs to look at, 1 close to the solutions",
        page.as_uri(),
    ]
    html = page.read_text(encoding="utf-8")
    assert "copy and s3" in html
    assert "took and the instructor&#39;s solution" in html


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nobody has handed in a notebook for 01_conv1d that can be read"),
        (("--threshold", "7"), "nobody has handed in"),
    ],
)
def test_without_submissions_there_is_no_page_and_a_sentence(course, capsys, arguments, said):
    hand_in(course, "broken", b"{")
    assert cli.main(["similarity", CHAPTER, *arguments]) == 1
    assert said in capsys.readouterr().err
    assert not (course.own(CHAPTER) / "similarity.html").exists()


def test_a_threshold_that_is_none_is_refused_in_a_sentence(course, capsys):
    for i in range(5):
        hand_in(course, f"s{i}", submission(correlate1d=numbered(i)))
    assert cli.main(["similarity", CHAPTER, "--threshold", "70"]) == 1
    assert capsys.readouterr().err == "convlab: the threshold is 70 and must be above 0 and at most 1\n"
