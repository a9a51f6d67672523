"""No hidden test, no seed and nothing of the grader's environment is in a page, whatever the notebook holds."""

import nbformat
import pytest

from convlab.grading.feedback import FeedbackExporter
from convlab.grading.feedback.concealed import Concealed, secrets_of_environment

SEED = "3141592653"
HIDDEN = 'check(conv2d, exercise="conv2d", seed=grading_seed())'
CHECK = f"""check(conv2d, exercise="conv2d")
### BEGIN HIDDEN TESTS
from convlab.checks import grading_seed
{HIDDEN}
### END HIDDEN TESTS
print("visible again")"""


def check_cell(source=CHECK, outputs=()):
    about = {"grade": True, "locked": True, "solution": False, "grade_id": "conv2d_check", "points": 4}
    made = nbformat.v4.new_code_cell(source, metadata={"nbgrader": about})
    made.outputs = [nbformat.from_dict(output) for output in outputs]
    return made


def page(*cells, **settings):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = list(cells)
    return FeedbackExporter(**settings).from_notebook_node(notebook)[0]


def printed(text):
    made = nbformat.v4.new_code_cell("pass")
    made.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    return made


def displayed(**data):
    made = nbformat.v4.new_code_cell("pass")
    data = {name.replace("_", "/"): value for name, value in data.items()}
    made.outputs = [nbformat.v4.new_output("display_data", data=data)]
    return made


def test_hidden_tests_are_left_out_of_the_source_and_what_is_visible_stays():
    text = page(check_cell())
    assert "grading_seed" not in text
    assert "HIDDEN TESTS" not in text
    assert "visible again" in text
    assert "hidden tests are not shown" in text


def test_a_region_without_an_end_is_hidden_to_the_end_of_the_cell():
    text = page(check_cell("check(conv2d)\n### BEGIN HIDDEN TESTS\nassert secret_way(conv2d) == 5"))
    assert "secret_way" not in text


def test_the_course_s_own_marks_around_hidden_tests_are_known_by_nbgrader_s_setting():
    from traitlets.config import Config

    config = Config(
        {"ClearHiddenTests": {"begin_test_delimeter": "VERBORGEN", "end_test_delimeter": "OFFEN"}}
    )
    text = page(
        check_cell("check(conv2d)\n# VERBORGEN\nassert secret_way(conv2d) == 5\n# OFFEN"), config=config
    )
    assert "secret_way" not in text


@pytest.mark.parametrize(
    "told",
    [
        printed(CHECK),
        printed(f"line 4 of the cell\n----> 4 {HIDDEN}\n      5 more"),
        printed(f"\x1b[0;32m----> 4\x1b[0m \x1b[34mcheck\x1b[39m{HIDDEN.removeprefix('check')}"),
        printed(repr([CHECK])),
        printed(HIDDEN.replace("(", " ( ").replace(",", " ,\n")),
        displayed(text_html=f"<pre>{HIDDEN}</pre>"),
        displayed(text_html="<b>" + "</b><b>".join(HIDDEN) + "</b>"),
        displayed(text_html=HIDDEN.replace("=", "&#61;")),
        displayed(text_markdown=f"```\n{CHECK}\n```"),
        displayed(text_plain=HIDDEN),
        nbformat.v4.new_markdown_cell(f"I found this: `{HIDDEN}`"),
        check_cell(outputs=[{"output_type": "stream", "name": "stdout", "text": HIDDEN}]),
        check_cell(
            outputs=[
                {
                    "output_type": "error",
                    "ename": "NameError",
                    "evalue": "f",
                    "traceback": [f"----> 4 {HIDDEN}"],
                }
            ]
        ),
        check_cell(
            outputs=[{"output_type": "error", "ename": "SyntaxError", "evalue": HIDDEN, "traceback": []}]
        ),
    ],
)
def test_a_hidden_line_that_an_output_tells_is_not_shown(told):
    text = page(check_cell(), told)
    assert "grading_seed" not in text
    assert "BEGIN HIDDEN" not in text


def test_a_traceback_keeps_the_lines_that_are_not_hidden():
    made = nbformat.v4.new_code_cell("f()")
    lines = [
        "\x1b[31mNameError\x1b[0m  Traceback",
        f"      3 f()\n----> 4 {HIDDEN}",
        "NameError: f is not defined",
    ]
    made.outputs = [nbformat.v4.new_output("error", ename="NameError", evalue="f", traceback=lines)]
    text = page(check_cell(), made)
    assert "f is not defined" in text
    assert "grading_seed" not in text


@pytest.mark.parametrize(
    "told",
    [
        printed(f"seed {SEED}"),
        printed(f"environ({{'CONVLAB_GRADING_SEED': '{SEED}', 'HOME': '/home/grader-1'}})"),
        displayed(text_html=f"<b>{SEED[:4]}&#{ord(SEED[4])};{SEED[5:]}</b>"),
        displayed(text_markdown=f"**{SEED}**"),
        displayed(text_plain=f"array([{SEED}])"),
        nbformat.v4.new_markdown_cell(f"The seed is {SEED}."),
        nbformat.v4.new_code_cell(f"seed = {SEED}"),
        check_cell(
            outputs=[{"output_type": "error", "ename": "E", "evalue": f"seed={SEED}", "traceback": []}]
        ),
    ],
)
def test_the_seed_is_not_shown(told, monkeypatch):
    monkeypatch.setenv("CONVLAB_GRADING_SEED", SEED)
    monkeypatch.setenv("HOME", "/home/grader-1")
    text = page(told)
    assert SEED not in text
    assert "grader-1" not in text
    assert "hidden" in text


def test_a_seed_that_the_settings_name_is_not_shown():
    assert "271828" not in page(printed("seed 271828"), secrets=["271828"])


def test_a_number_that_only_contains_the_seed_stays():
    concealed = Concealed([], ["2718"])
    assert concealed.text("12718 27180 0.2718 2718") == "12718 27180 0.2718 [hidden]"


def test_a_picture_stays_whole_though_its_bytes_spell_a_secret():
    concealed = Concealed([], ["abcdef"])
    markup = '<p>abcdef</p><img alt="x" src="data:image/png;base64,abcdef">'
    assert concealed.markup(markup) == '<p>[hidden]</p><img alt="x" src="data:image/png;base64,abcdef">'


def test_the_environment_s_long_and_telling_values_are_secrets_and_words_are_not():
    environment = {
        "A_TOKEN": "abcd",
        "PATH": "/usr/bin:/bin",
        "EDITOR": "convolution",
        "N": "1234",
        "X_KEY": "a",
    }
    assert secrets_of_environment(environment) == {"abcd", "/usr/bin:/bin"}


def test_a_database_s_password_is_a_secret_by_itself():
    assert Concealed([], ["postgresql://me:hunter22@host/db"]).text("hunter22") == "[hidden]"
