"""The explorer in a browser: what it computes, how it is used without a mouse, and where it has to work."""

import itertools
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest

from convlab import draw
from convlab.draw._explorer import default_gradient, script
from convlab.draw._numbers import number

pytestmark = pytest.mark.more

SIGNAL, TAPS = np.array([2, 1, 4, 3, 0, 5, 2]), np.array([4, 2, -1])
IMAGE = np.array([[1, 2, 0, 1, 3], [0, -1, 2, 4, 1], [2, 2, 1, 0, -3], [1, 0, 5, 1, 2]])
KERNEL = np.array([[1, 2, 0], [0.5, -1, 3]])


def forward(input, weight, stride=1, pads=0, dilation=1):
    """The cross-correlation, from NumPy's padding and windows."""
    rank = input.ndim
    stride, dilation = np.broadcast_to(stride, rank), np.broadcast_to(dilation, rank)
    padded = np.pad(input, pads)
    span = dilation * (np.array(weight.shape) - 1) + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, tuple(span))
    windows = windows[tuple(slice(None, None, step) for step in (*stride, *dilation))]
    return np.tensordot(windows, weight, rank)


def gradient(input, weight, grad_output, **options):
    """What comes back to each entry: how much each output changes when that entry does, times its gradient."""
    entries = np.zeros(input.shape)
    for index in np.ndindex(input.shape):
        one = np.zeros(input.shape)
        one[index] = 1
        entries[index] = (forward(one, weight, **options) * grad_output).sum()
    return entries


@pytest.fixture
def show(page, tmp_path):
    """Open the page of an explorer and return its card."""

    def open(explorer, on=page, fragment=""):
        path = explorer.save(tmp_path / "explorer.html")
        on.goto(path.as_uri() + fragment)
        return on.locator(".convlab-explorer .card")

    return open


def settled(page):
    """The explorer draws anew when the focus has gone where it was going, a turn of the page's clock after a change."""
    page.evaluate("() => new Promise((done) => setTimeout(done))")


# The pieces that glide have come to where they belong.
ARRIVED = "(card) => Promise.all(card.getRootNode().getAnimations().map((glide) => glide.finished))"


def result(card):
    return card.locator("[data-key^=goal]")


def walk(page, card):
    """Step with the arrow key from the first place to the last; return what each place gave."""
    card.locator(".stage").focus()
    page.keyboard.press("Home")
    seen = []
    for _ in range(result(card).count()):
        current, total, sentence = card.evaluate(
            "(card) => ['.result', '.total', '.sum'].map((what) => card.querySelector(what).textContent)"
        )
        assert total == current
        assert sentence.endswith(f" = {current}")
        seen.append(current)
        page.keyboard.press("ArrowRight")
    return seen


SETTINGS_1D = [
    {},
    {"stride": 2},
    {"padding": 2},
    {"dilation": 2},
    {"stride": 2, "padding": (2, 1), "dilation": 2},
    {"stride": 3, "padding": 1},
]
SETTINGS_2D = [
    {},
    {"stride": (2, 1), "padding": (1, 0)},
    {"padding": ((0, 2), (1, 0)), "dilation": (1, 2)},
    {"stride": 2, "padding": 1, "dilation": 2},
]


@pytest.mark.parametrize("mode", ["forward", "backward"])
@pytest.mark.parametrize("flip", [False, True], ids=["as it is", "flipped"])
@pytest.mark.parametrize(
    ("input", "weight", "options"),
    [(SIGNAL, TAPS, options) for options in SETTINGS_1D]
    + [(IMAGE, KERNEL, options) for options in SETTINGS_2D],
)
def test_the_arrow_key_goes_through_all_places_and_every_number_is_numpys(
    page, show, input, weight, options, flip, mode
):
    pads = options.get("padding", 0)
    pads = [(n, n) for n in pads] if input.ndim == 2 and np.shape(pads) == (2,) else pads
    numeric = {"stride": options.get("stride", 1), "pads": pads, "dilation": options.get("dilation", 1)}
    used = np.flip(weight) if flip else weight
    expected = forward(input, used, **numeric)
    if mode == "backward":
        expected = gradient(input, used, default_gradient(expected.shape), **numeric)
    card = show(draw.explore(input, weight, mode=mode, flip=flip, **options))
    wanted = [number(value) for value in expected.ravel()]
    assert walk(page, card) == wanted
    assert result(card).all_inner_texts() == wanted


@pytest.mark.parametrize("word", ["same", "full"])
@pytest.mark.parametrize("taps", [2, 3, 4])
def test_same_is_torchs_and_full_is_numpys(page, show, taps, word):
    import torch

    weight = np.array([3.0, -1, 2, 5])[:taps]
    if word == "full":
        expected = np.convolve(SIGNAL, weight)
    else:
        both = [torch.tensor(array, dtype=torch.float64)[None, None] for array in (SIGNAL, weight)]
        # torch's own "same" warns for an even kernel; this is what it then does, and says in its source.
        padded = torch.nn.functional.pad(both[0], ((taps - 1) // 2, taps // 2))
        expected = torch.nn.functional.conv1d(padded, both[1])[0, 0].numpy()
    card = show(draw.explore(SIGNAL, weight, flip=word == "full"))
    card.locator("[name=padding]").select_option(word)
    assert walk(page, card) == [number(value) for value in expected]


def test_the_sum_is_written_out_product_by_product(show):
    card = show(draw.explore(SIGNAL, TAPS, at=2))
    assert (
        card.locator(".sum").inner_text().replace("\xa0", " ")
        == "output[2] = 4 × 4 + 3 × 2 + 0 × (−1) = 16 + 6 + 0 = 22"
    )
    assert card.locator(".sum").get_attribute("aria-live") == "polite"
    assert card.locator(".note").first.inner_text() == "output[2] reads input[2 + k]."


def test_the_backward_sum_says_who_read_the_entry(show):
    card = show(draw.explore(SIGNAL, TAPS, mode="backward", stride=2, grad_output=[7, -3, 2], at=2))
    assert (
        card.locator(".sum").inner_text().replace("\xa0", " ")
        == "grad_input[2] = 7 × (−1) + (−3) × 4 = (−7) + (−12) = −19"
    )
    note = card.locator(".note").first.inner_text()
    assert note == "input[2] was read by output[0], output[1]. Hatched: taps through which none read it."


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"padding": "full", "at": 1}, "output[1] reads input[1 − k]."),
        ({"at": 1}, "output[1] reads input[1 + 2 − k]."),
        ({"stride": 2, "padding": 5, "dilation": 2, "at": 3}, "output[3] reads input[3·2 − 1 − k·2]."),
    ],
)
def test_the_note_says_where_the_taps_of_a_flipped_kernel_lie(show, options, said):
    card = show(draw.explore(SIGNAL, TAPS, flip=True, **options))
    assert card.locator(".note").first.inner_text().startswith(said)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_line_from_the_sum_leads_into_the_entry_and_no_further(page, show, stride):
    card = show(draw.explore(SIGNAL, TAPS, stride=stride, mode="backward"))
    for _ in range(result(card).count()):
        total, entry, *lines = card.evaluate(
            """(card) => [".total", ".result", ".last:empty"].flatMap((what) =>
                [...card.querySelectorAll(what)].map((piece) => {
                    const { left, right } = piece.getBoundingClientRect();
                    return { left, right, middle: (left + right) / 2 };
                }))"""
        )
        assert entry["middle"] < total["left"]
        assert max(line["right"] for line in lines) == pytest.approx(total["middle"], abs=2)
        assert min(line["left"] for line in lines) >= entry["right"] - 2
        card.locator("[data-do=next]").click()
        card.evaluate(ARRIVED)


def test_numbers_that_cancel_give_zero_and_small_ones_four_decimals(page, show):
    card = show(draw.explore([0.1, 0.2, -0.3, 1 / 3, 1e-7], [1, 1, 1]))
    assert walk(page, card) == ["0", "0.2333", "0.0333"]


def test_keys_step_jump_and_stop_at_the_ends(page, show):
    card = show(draw.explore(IMAGE, KERNEL, padding=1))
    count = card.locator(".count")
    card.locator(".stage").focus()
    for key, place in [
        ("ArrowLeft", 1),
        ("ArrowDown", 6),
        ("ArrowRight", 7),
        ("ArrowUp", 2),
        ("End", 25),
        ("ArrowDown", 25),
    ]:
        page.keyboard.press(key)
        assert count.inner_text() == f"place {place} of 25", key
    page.keyboard.press("Home")
    assert count.inner_text() == "place 1 of 25"


def test_the_focus_is_visible_and_the_tab_key_reaches_everything_once(page, show):
    card = show(draw.explore(IMAGE, KERNEL))
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => {
                    const active = document.querySelector(".convlab-explorer").shadowRoot.activeElement;
                    return active && [active.className || active.name || active.dataset.do || active.localName,
                                      getComputedStyle(active).outlineStyle];
                }"""
            )
        )
    reached = list(itertools.takewhile(bool, reached))
    names = [name.split()[0] for name, _ in reached]
    assert names[:3] == ["stage", "cell", "cell"]
    assert names[3:] == ["back", "play", "next", "mode", "stride", "padding", "dilation", "flip", "summary"]
    assert {style for _, style in reached} == {"solid"}
    assert card.locator("input.cell").count() == IMAGE.size + KERNEL.size


def test_the_output_fills_in_as_the_window_goes(page, show):
    card = show(draw.explore(SIGNAL, TAPS))
    assert result(card).all_inner_texts() == ["6", "", "", "", ""]
    card.get_by_role("button", name="Next").click()
    assert result(card).all_inner_texts() == ["6", "9", "", "", ""]
    card.get_by_role("button", name="Back").click()
    assert result(card).all_inner_texts() == ["6", "9", "", "", ""]


def test_play_goes_to_the_end_and_then_from_the_start(page, show):
    page.clock.install()
    card = show(draw.explore(SIGNAL, TAPS))
    card.locator(".stage").focus()
    page.keyboard.press("Space")
    assert card.locator(".sum").get_attribute("aria-live") == "off"
    places = []
    for _ in range(4):
        places.append(card.locator(".count").inner_text())
        page.clock.run_for(1200)
    assert places == [f"place {i} of 5" for i in (2, 3, 4, 5)]
    assert card.locator("[data-do=play]").inner_text() == "Play"
    card.locator("[data-do=play]").click()
    assert card.locator(".count").inner_text() == "place 1 of 5"
    assert card.locator("[data-do=play]").inner_text() == "Pause"
    page.keyboard.press("ArrowRight")
    assert card.locator("[data-do=play]").inner_text() == "Play"


@pytest.mark.parametrize("width", [390, 1000])
def test_what_is_multiplied_cell_by_cell_stands_on_the_same_lines(open_page, show, width):
    card = show(draw.explore(IMAGE, KERNEL, padding=1), on=open_page(width=width))
    tops = card.evaluate(
        """(card) => [...card.querySelectorAll(".block")].slice(2).map((block) =>
            [...new Set([...block.querySelectorAll(".cell")].map((cell) => cell.getBoundingClientRect().top))])"""
    )
    window, weight, products, _ = tops
    assert len(window) == 2
    assert window == weight
    assert width == 390 or products == window


@pytest.mark.parametrize("at", [0, 4])
def test_on_a_phone_the_sum_stands_right_below_its_products(open_page, show, at):
    card = show(draw.explore(SIGNAL, TAPS, at=at), on=open_page(width=390))
    total, product, name = card.evaluate(
        """(card) => [".total", "[data-key='product 2']", ".name:nth-of-type(4)"].map((what) => {
            const { top, bottom, right, width } = card.querySelector(what).getBoundingClientRect();
            return { top, bottom, right, width };
        })"""
    )
    assert total["width"] > 0
    assert total["right"] == pytest.approx(product["right"], abs=1)
    assert product["bottom"] <= total["top"] < total["bottom"] <= name["top"]
    sign = card.locator(".total").evaluate("(total) => getComputedStyle(total, '::before').content")
    assert sign == '"= "'


@pytest.mark.parametrize("touch", [False, True], ids=["click", "tap"])
def test_an_output_cell_takes_the_window_there(open_page, show, touch):
    page = open_page(touch=touch, width=390)
    card = show(draw.explore(IMAGE, KERNEL), on=page)
    cell = card.locator("[data-key='goal 4']")
    cell.tap() if touch else cell.click()
    assert card.locator(".count").inner_text() == "place 5 of 9"
    assert card.locator(".sum").inner_text().startswith("output[1, 1] = ")


@pytest.mark.parametrize(("mode", "entry"), [("forward", "input[1, 2]"), ("backward", "grad_output[1, 2]")])
def test_a_typed_number_changes_the_sums(page, show, mode, entry):
    card = show(draw.explore(IMAGE, KERNEL, mode=mode))
    card.get_by_label(entry).click()
    page.keyboard.type("-2.5")
    page.keyboard.press("ArrowUp")
    settled(page)
    image, upstream = IMAGE.astype(float), default_gradient((3, 3)).astype(float)
    (image if mode == "forward" else upstream)[1, 2] = -2.5
    expected = forward(image, KERNEL) if mode == "forward" else gradient(IMAGE, KERNEL, upstream)
    assert page.evaluate(
        "document.querySelector('.convlab-explorer').shadowRoot.activeElement.ariaLabel"
    ).endswith("[0, 2]")
    assert card.get_by_label(entry).input_value() == "−2.5"
    assert walk(page, card) == [number(value) for value in expected.ravel()]


def test_a_typed_tap_changes_the_sums_where_the_kernel_is_flipped(page, show):
    card = show(draw.explore(SIGNAL, TAPS, flip=True))
    card.get_by_label("weight[2]").fill("10")
    page.keyboard.press("Enter")
    settled(page)
    assert walk(page, card) == [number(value) for value in np.convolve(SIGNAL, [4, 2, 10], mode="valid")]


@pytest.mark.parametrize("typed", ["abc", "", "1e9", "1,5"])
def test_what_is_no_number_is_refused_and_forgotten(page, show, typed):
    card = show(draw.explore(SIGNAL, TAPS))
    cell = card.get_by_label("input[0]")
    cell.fill(typed)
    page.keyboard.press("Enter")
    assert card.locator(".sum").inner_text() == f"“{typed}” is not a number from −9999 to 9999."
    assert cell.get_attribute("aria-invalid") == "true"
    page.keyboard.press("Home")
    assert cell.input_value() == "2"
    assert result(card).first.inner_text() == "6"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"padding": "same", "stride": "2"}, "Padding “same” needs stride 1, as in torch."),
        ({"dilation": "3"}, "The kernel spans 7: it does not fit into the padded input, 5."),
        ({"dilation": "3", "padding": "full", "stride": "3"}, None),
    ],
)
def test_settings_that_do_not_fit_say_so_and_can_be_taken_back(show, changes, said):
    card = show(draw.explore(SIGNAL[:5], TAPS))
    for name, value in changes.items():
        card.locator(f"[name={name}]").select_option(value)
    if said:
        assert card.locator(".sum").inner_text() == said
        assert card.locator(".stage").inner_text() == ""
    card.get_by_text("Share or reset").click()
    card.locator("[data-do=reset]").click()
    assert card.locator(".sum").inner_text().startswith("output[0] = ")
    assert card.locator("[name=stride]").input_value() == "1"


def test_settings_are_shared_as_text(page, show):
    card = show(draw.explore(SIGNAL, TAPS))
    card.locator("[name=mode]").select_option("backward")
    card.locator("[name=stride]").select_option("2")
    card.get_by_label("grad_output[1]").fill("-8")
    page.keyboard.press("Enter")
    settled(page)
    page.keyboard.press("End")
    before = card.locator(".sum").inner_text()
    card.get_by_text("Share or reset").click()
    text = card.locator("[name=text]").input_value()
    card.locator("[data-do=reset]").click()
    assert card.locator(".sum").inner_text() != before
    card.locator("[name=text]").fill(text)
    page.keyboard.press("Enter")
    assert card.locator(".sum").inner_text() == before
    assert card.locator(".said").inner_text() == "Opened."


def test_a_copied_address_opens_the_page_as_it_was(open_page, show, serve, tmp_path):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    explorer = draw.explore(IMAGE, KERNEL)
    explorer.save(tmp_path / "shared.html")
    address = serve(tmp_path)
    page.goto(f"{address}/shared.html")
    card = page.locator(".convlab-explorer .card")
    card.locator("[name=padding]").select_option("2")
    card.locator("[data-key='goal 7']").click()
    card.get_by_text("Share or reset").click()
    card.locator("[data-do=copy]").click()
    page.wait_for_function(
        "document.querySelector('.convlab-explorer').shadowRoot.querySelector('.said').textContent"
    )
    assert card.locator(".said").inner_text() == "Copied."
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{address}/shared.html#explore={explorer.key}&")
    before = card.locator(".sum").inner_text()
    page.goto("about:blank")
    page.goto(copied)
    assert card.locator(".sum").inner_text() == before
    assert card.locator("[name=padding]").input_value() == "2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "These are no settings: axes="),
        ("#axes=1&input=1,2,3&weight=1,<b>", "“<b>” is not a number from −9999 to 9999."),
        ("axes=1&input=1,2,3&weight=1;2", "weight must have rows of one length, at most 7."),
        ("axes=2&input=1,2;3&weight=1", "input must have rows of one length, at most 8."),
        (
            "axes=1&input=1,2,3&weight=1,2&padding=50",
            "The padded input would be 103: 20 is the most that fits here.",
        ),
        ("axes=1&input=1,2,3&weight=1,2&stride=0", "These are no settings: stride=0"),
        (
            "axes=1&input=1,2,3&weight=1,2,3,4",
            "The kernel spans 4: it does not fit into the padded input, 3.",
        ),
    ],
)
def test_a_text_that_is_no_setting_is_refused_and_changes_nothing(page, show, text, said):
    card = show(draw.explore(SIGNAL, TAPS))
    card.get_by_text("Share or reset").click()
    card.locator("[name=text]").fill(text)
    page.keyboard.press("Enter")
    assert card.locator(".said").inner_text() == said
    assert card.locator(".sum").inner_text().startswith("output[0] = 2")


def test_an_address_for_another_explorer_changes_nothing(show):
    explorer = draw.explore(SIGNAL, TAPS)
    card = show(explorer, fragment=f"#explore={explorer.key[::-1]}&axes=1&input=5,5&weight=1")
    assert card.locator(".sum").inner_text().startswith("output[0] = 2")


def test_several_explorers_on_a_page_do_not_disturb_each_other(page, tmp_path):
    explorers = [draw.explore(SIGNAL, TAPS), draw.explore(IMAGE, KERNEL), draw.explore(SIGNAL, TAPS)]
    path = tmp_path / "several.html"
    body = "".join(f"<p>{explorer._repr_html_()}</p>" for explorer in explorers)
    path.write_text(f"<!doctype html><title>several</title><meta charset='utf-8'>{body}", encoding="utf-8")
    page.goto(path.as_uri())
    cards = page.locator(".card")
    assert cards.count() == 3
    cards.nth(0).get_by_role("button", name="Next").click()
    cards.nth(1).locator("[name=padding]").select_option("1")
    assert [cards.nth(i).locator(".count").inner_text() for i in range(3)] == [
        "place 2 of 5",
        "place 1 of 25",
        "place 1 of 5",
    ]
    # The script again, as when a notebook shows an output twice.
    page.add_script_tag(content=script(), type="module")
    assert page.locator(".card").count() == 3
    assert page.evaluate("Object.keys(window).filter((name) => /explor|convlab|GIVEN/i.test(name))") == []


def test_the_style_of_the_page_and_of_the_explorer_do_not_meet(page, tmp_path):
    path = tmp_path / "styled.html"
    style = "* { color: red !important; font-size: 40px } .cell { display: none } button { position: fixed }"
    html = draw.explore(SIGNAL, TAPS)._repr_html_()
    path.write_text(
        f"<!doctype html><title>styled</title><style>{style}</style><p id=p>text</p>{html}", encoding="utf-8"
    )
    page.goto(path.as_uri())
    assert page.locator(".card .cell").first.is_visible()
    assert page.locator(".card").evaluate("(card) => getComputedStyle(card).color") == "rgb(26, 29, 33)"
    assert (
        page.locator(".card [data-do=play]").evaluate("(button) => getComputedStyle(button).position")
        == "static"
    )
    assert page.locator("#p").evaluate("(p) => getComputedStyle(p).margin") == "40px 0px"


def test_without_scripts_the_picture_and_its_text_stay(open_page, show):
    page = open_page(java_script_enabled=False)
    explorer = draw.explore(SIGNAL, TAPS, at=2)
    show(explorer, on=page)
    image = page.get_by_role("img")
    assert image.is_visible()
    assert image.get_attribute("alt") == explorer.alt
    assert page.locator("main").inner_text().strip() == "Explore a convolution"


# Glides are counted as they begin: one may be over before the next look at it.
COUNT_GLIDES = """() => {
    window.begun = 0;
    const animate = Element.prototype.animate;
    Element.prototype.animate = function (frames, ...rest) {
        window.begun += frames[0].transform !== "translate(0px,0px)";
        return animate.call(this, frames, ...rest);
    };
}"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_pieces_glide_only_where_motion_is_welcome(open_page, show, motion):
    page = open_page(motion=motion)
    card = show(draw.explore(SIGNAL, TAPS), on=page)
    card.locator(".stage").focus()
    page.evaluate(COUNT_GLIDES)
    page.keyboard.press("ArrowRight")
    assert card.locator(".count").inner_text() == "place 2 of 5"
    assert (page.evaluate("begun") > 0) == (motion == "no-preference")


LOOKS = {
    "signal": lambda: draw.explore(SIGNAL, TAPS, at=2),
    "signal, stride and padding": lambda: draw.explore(SIGNAL, TAPS, stride=2, padding=1, at=1),
    "signal, tail": lambda: draw.explore(SIGNAL[:6], TAPS, stride=2, at=1),
    "signal, most": lambda: draw.explore(range(-8, 8), [1, -2, 3, -4, 5, -6, 7], padding=2, at=9),
    "signal, decimals": lambda: draw.explore(SIGNAL / 7, TAPS / 3, dilation=2, padding="same", at=3),
    "signal, backward": lambda: draw.explore(SIGNAL, TAPS, mode="backward", stride=2, at=2),
    "signal, nobody": lambda: draw.explore(SIGNAL[:6], TAPS[:2], mode="backward", stride=3, at=2),
    "signal, flipped": lambda: draw.explore(SIGNAL, TAPS, flip=True, padding="full", at=3),
    "image": lambda: draw.explore(IMAGE, KERNEL, padding=1, at=(1, 2)),
    "image, spread": lambda: draw.explore(IMAGE, KERNEL, stride=2, padding=1, dilation=2, at=(1, 1)),
    "image, most": lambda: draw.explore(
        np.arange(64).reshape(8, 8), np.arange(25).reshape(5, 5), padding=2, at=(4, 5)
    ),
    "image, backward": lambda: draw.explore(IMAGE, KERNEL, mode="backward", at=(2, 2)),
    "image, backward, stride": lambda: draw.explore(
        IMAGE, KERNEL, mode="backward", stride=2, padding=1, at=(1, 2)
    ),
}
# What the page around an explorer decides, and what only whole pages can have.
RULES = {"target-size": True, "region": False}

OVERLAPS = """(host) => {
    const root = host.shadowRoot, trouble = [];
    root.querySelector(".stage").scrollLeft = 0; // or the names lie, as they should, on what is scrolled away
    const texts = [...root.querySelectorAll(".name, .index, .sign, .cell, .total, p.sum, p.note, button, select")]
        .filter((one) => (one.textContent || one.value) && one.checkVisibility());
    const said = (one) => one.value || one.textContent;
    const box = (one) => {
        if (one.matches("input,button,select,.total")) return one.getBoundingClientRect();
        const range = document.createRange();
        range.selectNodeContents(one);
        return range.getBoundingClientRect();
    };
    const boxes = texts.map((one) => [one, box(one)]);
    boxes.forEach(([one, a], i) => boxes.slice(i + 1).forEach(([other, b]) => {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 1.5 && high > 1.5) trouble.push(`${said(one)} covers ${said(other)}`);
    }));
    for (const one of root.querySelectorAll(".cell, .total"))
        if (one.scrollWidth > one.clientWidth + 1) trouble.push(`${said(one)} is wider than its cell`);
    for (const one of root.querySelectorAll("button, input, select, summary, .cell")) {
        const { width, height } = one.getBoundingClientRect();
        const least = one.matches("span") ? 20 : 24; // what is touched: 24
        if (one.checkVisibility() && Math.min(width, height) < least) trouble.push(`${said(one)} is too small`);
    }
    return trouble;
}"""


@pytest.mark.parametrize("width", [390, 1300])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", LOOKS)
def test_nothing_overlaps_or_clips_and_axe_finds_nothing(
    open_page, show, violations, tmp_path, name, scheme, width
):
    page = open_page(width=width, scheme=scheme, touch=width < 500)
    card = show(LOOKS[name](), on=page)
    card.get_by_text("Share or reset").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".convlab-explorer").evaluate(OVERLAPS) == []
    assert violations(page, rules=RULES) == []


def notebook(explorer):
    """A notebook whose only cell has shown the explorer."""
    data = {
        "text/html": explorer._repr_html_(),
        "image/svg+xml": explorer._repr_svg_(),
        "text/plain": repr(explorer),
    }
    cell = nbformat.v4.new_code_cell("explorer", id="explorer", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("execute_result", data=data, execution_count=1)]
    return nbformat.v4.new_notebook(
        cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )


def test_it_lives_in_an_exported_page_without_a_kernel(open_page, tmp_path):
    nbformat.write(notebook(draw.explore(SIGNAL, TAPS)), tmp_path / "chapter.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(tmp_path / "chapter.ipynb")]
    # The template would load MathJax and RequireJS from elsewhere; the site that we publish does not.
    subprocess.run(
        [*command, "--HTMLExporter.mathjax_url=", "--HTMLExporter.require_js_url="],
        check=True,
        capture_output=True,
    )
    page = open_page()
    page.goto((tmp_path / "chapter.html").as_uri())
    card = page.locator(".convlab-explorer .card")
    assert walk(page, card) == [number(value) for value in forward(SIGNAL, TAPS)]


# JupyterLab's own: it looks for settings that nobody has saved.
LAB = r"404|Failed to load resource|schema|plugin"


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
def test_in_jupyterlab_it_lives_where_trusted_and_stands_as_a_picture_elsewhere(
    jupyterlab, open_page, tmp_path, trusted
):
    folder = tmp_path / "course"
    folder.mkdir()
    explorer = draw.explore(SIGNAL, TAPS)
    nbformat.write(notebook(explorer), folder / "chapter.ipynb")
    if trusted:
        command = [sys.executable, "-m", "jupyter", "trust", "chapter.ipynb"]
        subprocess.run(command, cwd=folder, env=jupyterlab.environment, check=True, capture_output=True)
    page = open_page(ignore=LAB)
    page.goto(f"{jupyterlab(folder)}/lab/tree/chapter.ipynb")
    output = page.locator(".jp-OutputArea-output").first
    output.wait_for()
    card = page.locator(".convlab-explorer .card")
    if not trusted:
        image = output.locator("img")
        image.wait_for()
        assert image.get_attribute("alt") == explorer.alt
        assert image.evaluate("(image) => image.naturalWidth") == explorer.width
        assert card.count() == 0
        assert output.inner_text().strip() == ""
        return
    card.wait_for()
    assert walk(page, card) == [number(value) for value in forward(SIGNAL, TAPS)]
    # In command mode 1 makes a heading of a cell, d d deletes it, and a adds one above.
    card.get_by_label("input[0]").click()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    page.keyboard.type("ddab")
    assert card.get_by_label("input[0]").input_value() == "1"
    assert page.locator(".jp-Notebook .jp-Cell").count() == 1
    assert page.locator(".jp-Notebook .jp-CodeCell").count() == 1
    assert re.match("output.0. = 1", card.locator(".sum").inner_text()) is None
