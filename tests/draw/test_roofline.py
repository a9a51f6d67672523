"""The roofline: each layer stands where min(peak, intensity · bandwidth) is, both axes doubling."""

import re

import pytest

from convlab import draw

LAYERS = {"fully connected": 0.5, "one channel": 2.25, "VGG": 143}


def centres(picture):
    found = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="18" height="18"', picture.svg)
    return [(float(x) + 9, float(y) + 9) for x, y in found]


def test_it_says_where_the_roof_bends_and_what_each_layer_can_reach():
    alt = draw.roofline(100, 20, LAYERS).alt
    assert "20 GB/s up to 5 operations for each byte, 100 GFLOP/s from there on" in alt
    assert "fully connected: 0.5 operations for each byte, at most 10 GFLOP/s, memory-bound." in alt
    assert "one channel: 2.25 operations for each byte, at most 45 GFLOP/s, memory-bound." in alt
    assert "VGG: 143 operations for each byte, at most 100 GFLOP/s, compute-bound." in alt


def test_twice_the_intensity_is_always_as_far_to_the_right_and_twice_the_speed_as_far_up():
    (x0, y0), (x1, y1), (x2, y2) = centres(draw.roofline(100, 20, {"a": 1, "b": 2, "c": 4}))
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.02)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.02) != 0
    # Behind the bend it does not rise.
    (_, y0), (_, y1) = centres(draw.roofline(100, 20, {"a": 5, "b": 500}))
    assert y0 == y1


def test_the_ticks_stand_where_their_numbers_are():
    svg = draw.roofline(64, 16, {"a": 1}).svg
    ticks = {
        text: float(x)
        for x, text in re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="middle"[^>]*>([\d/]+)<', svg)
    }
    (x, _), *_ = centres(draw.roofline(64, 16, {"a": 1}))
    assert ticks["1"] == pytest.approx(x, abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0, 20, {}), "peak is 0: it must be a positive, finite number"),
        ((100, float("inf"), {}), "bandwidth is inf"),
        ((100, 20, {"a": -1}), r"intensities\['a'\] is -1"),
        ((100, 20, {"a": True}), r"intensities\['a'\] is True"),
        ((100, 20, {"a": float("nan")}), r"intensities\['a'\] is nan"),
        ((100, 20, dict.fromkeys("abcdefghij", 1)), "holds 10 layers: at most 9"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        draw.roofline(*arguments)


def test_peak_bandwidth_and_bend_stand_at_the_roof(read):
    picture = draw.roofline(100, 20, LAYERS)
    assert {"peak 100 GFLOP/s", "20 GB/s", "5", "512"} <= set(read(picture).words)
    assert picture.width <= 760
