import base64
import html
import re
import xml.etree.ElementTree as ElementTree

import pytest

from convlab import draw
from convlab.draw import Picture
from convlab.draw._canvas import Block


@pytest.fixture
def picture():
    return draw.signal([1, -2], name="<b>\"bold\" & 'brave'</b>")


def test_a_notebook_shows_an_image_with_alternative_text(picture):
    found = re.fullmatch(
        r'<img alt="([^"<>]*)" src="data:image/svg\+xml;base64,([^"]*)" '
        r'width="(\d+)" style="max-width:100%;height:auto">',
        picture._repr_html_(),
    )
    alt, source, width = found.groups()
    assert html.unescape(alt) == picture.alt
    shown = re.sub(r' data-\w+="[^"]*"', "", picture.svg)
    assert base64.b64decode(source).decode() == picture._repr_svg_() == shown
    assert int(width) == picture.width


def test_a_name_is_text_and_never_markup(picture):
    assert picture.alt.startswith("Signal <b>\"bold\" & 'brave'</b> of length 2")
    assert "<b>" not in picture._repr_html_()
    assert "<b>" not in picture.svg


def test_the_svg_names_itself(picture):
    root = ElementTree.fromstring(picture.svg)
    assert root.get("role") == "img"
    assert root[0].tag.endswith("title")
    assert root[0].text == picture.alt
    assert root.get("viewBox") == f"0 0 {picture.width} {picture.height}"
    assert (root.get("width"), root.get("height")) == (str(picture.width), str(picture.height))


def test_the_card_holds_the_drawing_and_its_margins():
    picture = Picture("", Block("", 100.2, 50, 25))
    assert (picture.width, picture.height) == (129, 78)


def test_the_repr_is_short_and_has_no_address():
    assert repr(draw.signal([1, 2])) == "<Picture 104 × 109: Signal input of length 2: 1, 2.>"
    assert len(repr(draw.signal(range(16)))) < 90


def test_save_writes_the_svg_and_nothing_else(picture, tmp_path):
    path = tmp_path / "a picture.svg"
    path.write_text("old")
    assert picture.save(str(path)) == path
    assert path.read_bytes() == picture.svg.encode()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["picture.png", "picture", "svg"])
def test_save_names_the_only_suffix(picture, tmp_path, name):
    with pytest.raises(
        ValueError, match=r"path is '.*': a picture is written as SVG, so its name must end in \.svg"
    ):
        picture.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_what_was_there(picture, tmp_path, monkeypatch):
    path = tmp_path / "picture.svg"
    path.write_text("old")

    def fail(self, target):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        picture.save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
