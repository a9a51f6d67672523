"""The explorer as Python makes it; what it does in a browser is in tests/browser/test_live_explorer.py."""

import doctest
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convlab import draw
from convlab.draw import _explorer, _theme
from convlab.draw._explorer import Explorer, default_gradient, script, style

SIGNAL = [2, 1, 4, 3, 0, 5, 2]
TAPS = [4, 2, -1]
IMAGE = np.arange(20).reshape(4, 5) % 7
KERNEL = [[1, 2, 0], [0.5, -1, 3]]


def parts(explorer):
    """What a notebook is given: the picture, the settings and the key, the style sheet, the script."""
    found = re.fullmatch(
        r'<div class="convlab-explorer" data-key="(\w+)" data-settings="([^"]*)">(<img [^>]*>)'
        r'<style type="text/plain">(.*?)</style></div><script type="module">(.*?)</script>',
        explorer._repr_html_(),
        re.DOTALL,
    )
    key, settings, image, sheet, code = found.groups()
    return {"key": key, "settings": html.unescape(settings), "image": image, "style": sheet, "script": code}


def test_the_picture_is_the_window_and_stands_where_scripts_do_not_run():
    explorer = draw.explore(SIGNAL, TAPS, stride=2, padding=1, at=2)
    picture = draw.window(SIGNAL, TAPS, 2, stride=2, padding=1)
    assert explorer.alt == picture.alt
    assert explorer._repr_svg_() == picture._repr_svg_()
    assert explorer.svg == picture.svg
    assert parts(explorer)["image"] in picture._repr_html_()


def test_the_picture_of_a_gradient_is_backwards():
    explorer = draw.explore(IMAGE, KERNEL, mode="backward", padding=1, at=(1, 2))
    picture = draw.backward(default_gradient((5, 5)), KERNEL, (4, 5), (1, 2), padding=1)
    assert (explorer.alt, explorer.svg) == (picture.alt, picture.svg)
    given = [7, -3, 2]
    explorer = draw.explore(SIGNAL, TAPS, mode="backward", stride=2, grad_output=given, at=2)
    assert explorer.svg == draw.backward(given, TAPS, 7, 2, stride=2).svg


def test_a_flipped_kernel_is_flipped_in_the_picture_and_not_in_the_settings():
    explorer = draw.explore(SIGNAL, TAPS, flip=True, padding="full", at=0)
    assert "Weight, flipped" not in explorer.alt
    assert "weight, flipped: −1, 2, 4" in explorer.alt
    assert f"Their sum, {2 * 4}, is output[0] (length 9)." in explorer.alt
    assert "&weight=4,2,-1&" in explorer.settings
    assert "&flip=1&" in explorer.settings


@pytest.mark.parametrize(
    ("arguments", "options", "settings"),
    [
        ((SIGNAL, TAPS), {}, "stride=1&padding=0&dilation=1&mode=forward&flip=0&at=0"),
        (
            (SIGNAL, TAPS),
            {"padding": (2, 0), "at": 1},
            "stride=1&padding=2,0&dilation=1&mode=forward&flip=0&at=1",
        ),
        ((SIGNAL, TAPS), {"padding": "same"}, "stride=1&padding=same&dilation=1&mode=forward&flip=0&at=0"),
        ((SIGNAL, TAPS), {"padding": "valid"}, "stride=1&padding=0&dilation=1&mode=forward&flip=0&at=0"),
        (
            (IMAGE, KERNEL),
            {"stride": (2, 1), "padding": (1, 0), "dilation": 1, "at": (0, 1)},
            "stride=2,1&padding=1,1;0,0&dilation=1&mode=forward&flip=0&at=0,1",
        ),
        (
            (IMAGE, KERNEL),
            {"padding": ((0, 1), (2, 0)), "mode": "backward", "grad_output": np.ones((4, 5))},
            "stride=1&padding=0,1;2,0&dilation=1&mode=backward&flip=0&at=0,0",
        ),
    ],
)
def test_the_settings_are_one_line_of_text(arguments, options, settings):
    explorer = draw.explore(*arguments, **options)
    assert explorer.settings.startswith(f"axes={np.ndim(arguments[0])}&input=")
    assert explorer.settings.endswith(f"&{settings}")
    assert parts(explorer)["settings"] == explorer.settings
    assert ("&grad_output=1.0,1.0," in explorer.settings) == ("grad_output" in options)


def test_rows_are_parted_by_semicolons_and_decimals_are_exact():
    explorer = draw.explore([[1, 2], [0.1, 1 / 3]], [[1e-5]])
    assert "&input=1.0,2.0;0.1,0.3333333333333333&weight=1e-05&" in explorer.settings


def test_same_puts_the_odd_zero_at_the_end_as_torch_does_and_full_leaves_no_product_out():
    same = draw.explore(SIGNAL, [1, 2, 3, 4], padding="same", at=0)
    assert same.svg == draw.window(SIGNAL, [1, 2, 3, 4], 0, padding=(1, 2)).svg
    full = draw.explore(IMAGE, KERNEL, padding="full", dilation=(2, 1), at=(0, 0))
    assert full.svg == draw.window(IMAGE, KERNEL, (0, 0), padding=((2, 2), (2, 2)), dilation=(2, 1)).svg


def test_a_gradient_that_is_not_given_is_small_whole_and_not_constant():
    for shape in [(5,), (3, 4), (12, 12)]:
        gradient = default_gradient(shape)
        assert gradient.shape == shape
        assert gradient.dtype.kind == "i"
        assert 0 < np.abs(gradient).min() <= np.abs(gradient).max() <= 5
        for axis in range(len(shape)):
            assert (np.diff(gradient, axis=axis) != 0).any()
    assert np.array_equal(default_gradient((6,)), default_gradient((2, 6))[0])


def test_the_same_arguments_give_the_same_bytes_in_another_process():
    code = (
        "from convlab import draw; print(draw.explore([[1, 2]], [[0.5, 1]], padding=1)._repr_html_(), end='')"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.decode()
    assert other == draw.explore([[1, 2]], [[0.5, 1]], padding=1)._repr_html_()


def test_two_explorers_have_two_keys():
    one, other = draw.explore(SIGNAL, TAPS), draw.explore(SIGNAL, TAPS, at=1)
    assert re.fullmatch(r"\w{8}", one.key)
    assert one.key == draw.explore(SIGNAL, TAPS).key != other.key
    assert parts(one)["key"] == one.key


def test_the_script_is_less_than_20_kilobytes_and_asks_no_server():
    code = parts(draw.explore(SIGNAL, TAPS))["script"]
    assert code == script()
    assert len(code.encode()) < 20_000
    for word in [
        "http",
        "//cdn",
        "fetch(",
        "XMLHttp",
        "WebSocket",
        "import",
        "localStorage",
        "sessionStorage",
        "cookie",
    ]:
        assert word not in code, word
    assert "url(" not in style()


def test_script_and_style_cannot_end_the_element_they_stand_in():
    assert "</" not in style()
    assert "</script" not in script().lower()
    assert "<!--" not in script()


def test_script_and_python_share_their_limits():
    shared = json.loads(re.search(r"const GIVEN = (\{.*?\});", script())[1])
    assert shared == {
        "input": list(_explorer.LONGEST_INPUT),
        "weight": list(_explorer.LONGEST_WEIGHT),
        "padded": list(_explorer.LONGEST_PADDED),
        "number": _explorer.LARGEST_NUMBER,
        "gradient": list(_explorer.GRADIENT),
    }


def test_the_style_uses_the_theme_and_no_colour_of_its_own():
    rules = (Path(_explorer.__file__).with_name("explorer.css")).read_text(encoding="utf-8")
    assert not re.search(r"#[0-9a-fA-F]{3}|rgb|hsl", rules)
    used = set(re.findall(r"var\(--([\w-]+)\)", rules + script())) - {
        "least",
        "cell",
        "columns",
        "band",
        "gap",
        "room",
        "into",
        "end",
    }
    given = dict(re.findall(r"--([\w-]+): ([^;]*);", style().splitlines()[0]))
    assert used <= set(given)
    assert given["result"] == _theme.RESULT
    assert [given[f"tap{i}"] for i in range(9)] == list(_theme.TAPS)


def test_save_writes_a_page_or_the_picture(tmp_path):
    explorer = draw.explore(SIGNAL, TAPS)
    page = explorer.save(tmp_path / "explorer.html").read_text(encoding="utf-8")
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert page.count(explorer._repr_html_()) == 1
    assert explorer.save(tmp_path / "picture.svg").read_text(encoding="utf-8") == explorer.svg
    assert sorted(path.name for path in tmp_path.iterdir()) == ["explorer.html", "picture.svg"]


def test_save_names_the_suffixes_it_knows(tmp_path):
    with pytest.raises(ValueError, match=r"path is '.*png': its name must end in \.html .* or \.svg"):
        draw.explore(SIGNAL, TAPS).save(tmp_path / "explorer.png")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "explorer.html"
    path.write_text("old")

    def fail(self, target):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        draw.explore(SIGNAL, TAPS).save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_repr_is_short():
    assert isinstance(draw.explore(SIGNAL, TAPS), Explorer)
    assert re.fullmatch(
        r"<Explorer \d+ × \d+: Window over indices 0 to 2 .{1,40}…>", repr(draw.explore(SIGNAL, TAPS))
    )


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (
            (range(17), [1]),
            {},
            r"input has shape \(17,\): the explorer shows at most 16 along an axis; take a part",
        ),
        ((np.ones((9, 2)), [[1]]), {}, r"input has shape \(9, 2\): the explorer shows at most 8"),
        ((range(9), range(8)), {}, r"weight has shape \(8,\): the explorer shows at most 7"),
        ((np.ones((8, 8)), np.ones((6, 1))), {}, r"weight has shape \(6, 1\): the explorer shows at most 5"),
        (([1, np.nan], [1]), {}, r"input must hold numbers from -9999 to 9999"),
        (([1, 2], [np.inf]), {}, r"weight must hold numbers from -9999 to 9999"),
        (([10000], [1]), {}, r"input must hold numbers from -9999 to 9999"),
        ((np.ones((2, 2, 2)), [1]), {}, r"input has shape \(2, 2, 2\): it must be 1-D or 2-D"),
        (([1, 2], [[1]]), {}, r"weight has shape \(1, 1\): it must be 1-D"),
        (([1, 2], [1, 2, 3]), {}, r"weight has shape \(3,\): it must fit inside input"),
        ((SIGNAL, TAPS), {"padding": 7}, r"padding is 7, which makes the input \(21,\): .* at most 20"),
        ((SIGNAL, TAPS), {"padding": "some"}, r"padding is 'some': .* one of 'valid', 'same', 'full'"),
        (
            (SIGNAL, TAPS),
            {"padding": "same", "stride": 2},
            r"padding is 'same', so stride must be 1.* it is 2",
        ),
        ((SIGNAL, TAPS), {"padding": -1}, r"padding is -1: it must be an integer of at least 0"),
        ((SIGNAL, TAPS), {"stride": 0}, r"stride is 0: it must be an integer of at least 1"),
        ((SIGNAL, TAPS), {"dilation": 1.5}, r"dilation is 1\.5: it must be an integer"),
        ((SIGNAL, TAPS), {"mode": "sideways"}, r"mode is 'sideways': it must be 'forward' or 'backward'"),
        ((SIGNAL, TAPS), {"at": 5}, r"at is 5: the output has shape \(5,\)"),
        ((SIGNAL, TAPS), {"at": 7, "mode": "backward"}, r"at is 7: the input has shape \(7,\)"),
        ((SIGNAL, TAPS), {"grad_output": [1, 2]}, r"grad_output has shape \(2,\): here it must be \(5,\)"),
        ((SIGNAL, TAPS), {"grad_output": [np.nan] * 5}, r"grad_output must hold numbers"),
    ],
)
def test_an_error_names_the_argument_and_what_it_may_be(arguments, options, said):
    with pytest.raises(ValueError, match=said):
        draw.explore(*arguments, **options)


def test_arguments_are_not_changed():
    signal, taps = np.array(SIGNAL), np.array(TAPS)
    draw.explore(signal, taps, flip=True, padding="same")
    assert signal.tolist() == SIGNAL
    assert taps.tolist() == TAPS


def test_examples_in_docstrings_are_true():
    result = doctest.testmod(_explorer, extraglobs={"draw": draw})
    assert result.attempted > 0
    assert result.failed == 0
