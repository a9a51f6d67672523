"""A seed is drawn once, is nobody else's business, and is never replaced unasked."""

import stat
import sys

import pytest

from convlab.grading import CourseError, secret_seed


def test_it_is_drawn_once_for_each_assignment(tmp_path):
    first, second = secret_seed(tmp_path / "01"), secret_seed(tmp_path / "02")
    assert first != second
    assert secret_seed(tmp_path / "01") == first
    assert 0 <= first < 2**53


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_only_its_owner_can_read_it(tmp_path):
    secret_seed(tmp_path)
    assert stat.S_IMODE((tmp_path / "seed").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["seed"]


@pytest.mark.parametrize("text", ["", "seven", "-1", "1.5", "\u0661"])
def test_a_seed_that_was_spoilt_is_not_replaced(tmp_path, text):
    (tmp_path / "seed").write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match="holds no number"):
        secret_seed(tmp_path)
    assert (tmp_path / "seed").read_text(encoding="utf-8") == text


def test_a_seed_kept_from_an_earlier_course_is_used(tmp_path):
    (tmp_path / "seed").write_text("42\n")
    assert secret_seed(tmp_path) == 42
