import pytest

from convlab.draw import Picture
from convlab.draw import _canvas as canvas
from convlab.draw import _theme as theme


def block(width, height, middle=None):
    return canvas.Block(f"<{width}/>", width, height, height / 2 if middle is None else middle)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (-0.0, "0"), (-0.001, "0"), (1.005, "1"), (2.5, "2.5"), (1 / 3, "0.33"), (100, "100")],
)
def test_coordinates_have_at_most_two_decimals(value, written):
    assert canvas.coordinate(value) == written


def test_text_and_attributes_are_escaped():
    assert ">a &lt;b&gt; &amp; c</text>" in canvas.text("a <b> & c", 0, 0)
    assert canvas.tag("g", data_array='"<&') == '<g data-array="&quot;&lt;&amp;"/>'


def test_what_xml_cannot_hold_is_replaced():
    assert canvas.clean("a\x00b\ud800c\nd") == "a\ufffdb\ufffdc d"


# Advances at 1000 units, read from the fonts: DejaVu Sans, DejaVu Sans Bold, Liberation Sans.
@pytest.mark.parametrize(
    ("content", "bold", "measured"),
    [
        ("correlation", False, [612 + 550 + 411 * 2 + 615 + 278 * 2 + 613 + 392 + 612 + 634]),
        ("products", True, [716 + 493 + 687 + 716 + 712 + 593 + 478 + 595]),
        ("WWmm@", False, [2 * 989 + 2 * 974 + 1000, 2 * 944 + 2 * 833 + 1015]),
        ("(6, 5)", False, [390 * 2 + 636 * 2 + 318 * 2]),
    ],
)
def test_text_is_given_the_room_of_the_widest_font(content, bold, measured):
    given = canvas.text_width(content, 1000, bold=bold)
    assert max(measured) <= given <= 1.2 * max(measured)


def test_digits_are_given_the_room_of_the_widest_monospaced_font():
    assert canvas.text_width("−0.5596", 1000, mono=True) >= 7 * 602


def test_a_row_puts_middles_on_one_line():
    whole = canvas.row([block(10, 20), block(30, 8)], gap=5)
    assert (whole.width, whole.height, whole.middle) == (45, 20, 10)
    assert whole.body == '<10/><g transform="translate(15 6)"><30/></g>'


def test_a_column_stands_flush_left_or_centred():
    assert (
        canvas.column([block(10, 20), block(30, 8)], gap=5).body
        == '<10/><g transform="translate(0 25)"><30/></g>'
    )
    assert canvas.column([block(10, 20), block(30, 8)], gap=5, centre=True).body.startswith(
        '<g transform="translate(10 0)"><10/></g>'
    )


def test_a_flow_goes_on_below_when_the_line_is_full():
    beside = canvas.flow([block(40, 10), block(50, 10)], gap=10, width=100)
    below = canvas.flow([block(40, 10), block(51, 10)], gap=10, width=100)
    assert (beside.width, beside.height) == (100, 10)
    assert (below.width, below.height) == (51, 30)


def test_a_paragraph_breaks_between_words_and_loses_none(read):
    words = [
        "the",
        "window",
        "there",
        "starts",
        "at",
        "row",
        "one",
        "and",
        "reads",
        "every",
        "second",
        "column",
    ]
    block = canvas.paragraph(" ".join(words), 120)
    lines = read(Picture("", block)).words
    assert " ".join(lines).split() == words
    assert len(lines) > 2
    assert all(canvas.text_width(line, theme.LABEL) <= 120 for line in lines)
    assert block.width <= 120
