"""A zip from strangers: what must not be read is refused for what it is, and nothing else is lost by it."""

import io
import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from convlab.grading.collecting.archive import Archive, ArchiveLimits, Refused, UnreadableArchive

SMALL = ArchiveLimits(entries=50, nested_entries=5, file=1000, nested=100_000, total=100_000)


def zip_of(files, compress=zipfile.ZIP_DEFLATED):
    """A zip of (name or ZipInfo, content) pairs."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compress) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def problems(content, limits=SMALL):
    """path -> why it is not read, or its bytes."""
    found = {}
    with Archive(content, limits) as archive:
        for entry in archive.entries:
            try:
                found[entry.path] = archive.read(entry)
            except Refused as error:
                found[entry.path] = str(error)
    return found


def test_files_are_read_and_folders_are_no_files():
    assert problems(zip_of([("a/", b""), ("a/b.ipynb", b"one"), ("c", b"")])) == {
        "a/b.ipynb": b"one",
        "c": b"",
    }


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../../etc/passwd", "leads out of the folder"),
        ("a/../../b.ipynb", "leads out of the folder"),
        ("..\\..\\b.ipynb", "leads out of the folder"),
        ("/etc/passwd", "absolute path"),
        ("C:\\Windows\\b.ipynb", "absolute path"),
        ("\\\\server\\share\\b.ipynb", "absolute path"),
        ("a\x1b[2Jb.ipynb", "characters that no name has"),
        ("a\u202eb.ipynb", "characters that no name has"),
        ("a/" + "b" * 256, "too long"),
        ("/".join(["abcdefg"] * 200), "too long"),
        ("con.ipynb", "a device on Windows"),
        ("sub/LPT1", "a device on Windows"),
    ],
)
def test_a_name_that_no_file_may_have_is_refused_and_the_others_are_read(name, why):
    found = problems(zip_of([(name, b"evil"), ("good.ipynb", b"good")]))
    assert found.pop("good.ipynb") == b"good"
    (said,) = found.values()
    assert why in said


def special(name, kind):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("kind", "why"),
    [(stat.S_IFLNK, "a symbolic link"), (stat.S_IFIFO, "a device or pipe"), (stat.S_IFCHR, "a device")],
)
def test_only_files_are_read(kind, why):
    assert why in problems(zip_of([(special("x.ipynb", kind), b"/etc/passwd")]))["x.ipynb"]


def test_a_locked_file_is_refused():
    content = bytearray(zip_of([("x.ipynb", b"secret")]))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    assert "password" in problems(bytes(content))["x.ipynb"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_may_ask_for_any_amount_of_memory_is_refused(method):
    assert "unusual way" in problems(zip_of([("x.ipynb", b"x")], method))["x.ipynb"]


def test_a_file_above_the_limit_is_refused_and_a_bomb_is_called_one():
    found = problems(
        zip_of([("large.ipynb", random.Random(0).randbytes(1001)), ("bomb.ipynb", bytes(900_000))])
    )
    assert found["large.ipynb"] == (
        "it is larger than 1,000 bytes: clear the notebook's outputs and hand it in again"
    )
    assert "a zip bomb" in found["bomb.ipynb"]
    assert "879 KiB from" in found["bomb.ipynb"]


@pytest.mark.parametrize("claimed", [1, 999])
def test_a_file_that_lies_about_its_size_is_refused(claimed):
    content = bytearray(zip_of([("x.ipynb", bytes(50_000))]))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", content, content.index(mark) + at, claimed)
    assert "broken in the zip" in problems(bytes(content))["x.ipynb"]


def test_what_is_read_altogether_is_counted():
    limits = ArchiveLimits(file=1000, total=2500)
    found = problems(zip_of([(f"{n}.ipynb", bytes(1000)) for n in range(4)]), limits)
    assert [isinstance(one, bytes) for one in found.values()] == [True, True, False, False]
    assert "too much altogether" in found["2.ipynb"]


def test_two_files_of_one_name_are_both_refused():
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zip_of([("x.ipynb", b"1"), ("x.ipynb", b"2"), ("y.ipynb", b"3")])
    assert problems(content) == {"x.ipynb": "two files of the zip have this name", "y.ipynb": b"3"}


def test_files_that_share_their_bytes_are_refused():
    content = bytearray(zip_of([("a.ipynb", bytes(500)), ("b.ipynb", bytes(500))]))
    second = content.rindex(b"PK\x01\x02")
    first = content.index(b"PK\x01\x02")
    content[second + 42 : second + 46] = content[first + 42 : first + 46]  # where the file begins
    assert set(problems(bytes(content)).values()) == {"it shares its bytes with another file of the zip"}


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"no zip at all", zip_of([("x", b"1")])[:-30]],
    ids=["empty", "a beginning", "a text", "cut off"],
)
def test_what_is_no_zip_is_said_to_be_none(content):
    with pytest.raises(UnreadableArchive, match="it is no zip, or is broken or was cut off"):
        Archive(content)


def test_a_file_that_is_not_there_is_said_to_be_unreadable(tmp_path):
    with pytest.raises(UnreadableArchive, match="cannot be read"):
        Archive(tmp_path / "none.zip")


def test_too_many_files_are_refused_before_they_are_looked_at():
    content = zip_of([(f"{n:0200}", b"") for n in range(51)])
    with pytest.raises(UnreadableArchive, match="it holds 51 files"):
        Archive(content, SMALL)
    with pytest.raises(UnreadableArchive, match="its index alone"):
        Archive(zip_of([(f"{n:0200}", b"") for n in range(200)]), SMALL)


def test_one_broken_file_costs_no_other():
    content = bytearray(zip_of([("a.ipynb", b"a" * 100), ("b.ipynb", b"b" * 100)], zipfile.ZIP_STORED))
    content[content.index(b"aaaa")] ^= 1
    found = problems(bytes(content))
    assert "broken in the zip" in found["a.ipynb"]
    assert found["b.ipynb"] == b"b" * 100


def test_a_students_own_zip_is_read_and_a_zip_in_it_is_not():
    innermost = zip_of([("x.ipynb", b"deep")])
    outer = zip_of([("mine.zip", zip_of([("x.ipynb", b"mine"), ("more.zip", innermost)]))])
    with Archive(outer) as archive:
        nested = archive.nested(archive.entries[0])
        assert nested.read(nested.entries[0]) == b"mine"
        with pytest.raises(Refused, match="a zip in a zip in a zip"):
            nested.nested(nested.entries[1])


def test_a_students_own_zip_that_is_broken_or_a_bomb_is_refused():
    bomb = zip_of([(f"{n}.ipynb", bytes(100 * 2**20)) for n in range(3)])
    with Archive(zip_of([("broken.zip", b"PK\x03\x04..."), ("bomb.zip", bomb)])) as archive:
        for entry, why in zip(archive.entries, ("it is no zip, or is broken", "a zip bomb")):
            with pytest.raises(Refused, match=why):
                archive.nested(entry)


@pytest.mark.parametrize("name", ["Ünal.ipynb", "Nguyễn Thị Bình.ipynb", "李雷.ipynb"])
def test_a_name_in_utf8_is_read_with_and_without_its_mark(name):
    marked = zip_of([(name, b"x")])
    unmarked = bytearray(marked)
    for mark, at in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        unmarked[unmarked.index(mark) + at] &= ~0x08 & 0xFF
    for content in (marked, bytes(unmarked)):
        assert problems(content) == {name: b"x"}


def test_a_name_in_code_page_437_is_read():
    content = zip_of([("XXnal.ipynb", b"x")]).replace(b"XXnal", b"\x9a\x81nal")
    assert problems(content) == {"Üünal.ipynb": b"x"}


def test_accents_are_composed_however_the_zip_writes_them():
    assert list(problems(zip_of([("Zoe\u0308 U\u0308nal.ipynb", b"x")]))) == ["Zo\u00eb \u00dcnal.ipynb"]


def test_whatever_bytes_are_changed_it_is_read_or_refused():
    content = zip_of([("a/x.ipynb", b"x" * 300), ("y.zip", zip_of([("z.ipynb", b"z")]))])
    draw = random.Random(1)
    said = set()
    for _ in range(1500):
        changed = bytearray(content)
        for _ in range(draw.randint(1, 4)):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        try:
            with Archive(bytes(changed), SMALL) as archive:
                for entry in archive.entries:
                    try:
                        archive.read(entry)
                        archive.nested(entry)
                    except Refused as error:
                        said.add(str(error).split(" (")[0])
        except UnreadableArchive as error:
            said.add(str(error).split(" (")[0])
    assert {"it is no zip, or is broken or was cut off", "it is broken in the zip"} < said
    assert all(said)


def test_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    problems(zip_of([("../evil.ipynb", b"1"), ("good.ipynb", b"2"), ("/tmp/evil.ipynb", b"3")]))
    assert list(tmp_path.rglob("*")) == []
    assert not (Path(tmp_path).parent / "evil.ipynb").exists()
