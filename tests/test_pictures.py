"""The README's pictures are built files: written once, found when they are out of date."""

from convlab import pictures


def test_what_was_built_is_fresh_and_the_same_again(tmp_path):
    pictures.build(tmp_path)
    files = {file.name: file.read_bytes() for file in (tmp_path / "course" / "pictures").iterdir()}
    assert set(files) == set(pictures.pictures())
    assert pictures.check(tmp_path) == []
    pictures.build(tmp_path)
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "course" / "pictures").iterdir()}


def test_a_missing_a_changed_and_a_left_over_picture_are_each_named(tmp_path):
    assert pictures.check(tmp_path) == [
        "course/pictures/window.svg is out of date: run `convlab build`.",
        "course/pictures/meets.svg is out of date: run `convlab build`.",
    ]
    pictures.build(tmp_path)
    (tmp_path / "course" / "pictures" / "window.svg").write_text("<svg/>")
    (tmp_path / "course" / "pictures" / "old.svg").write_text("<svg/>")
    assert pictures.check(tmp_path) == [
        "course/pictures/window.svg is out of date: run `convlab build`.",
        "course/pictures/old.svg is drawn by nothing: delete it.",
    ]
