"""Every folder of the corpus is read or refused as it says, and what lies outside of it stays as it was."""

import os
import sys

import pytest
from submissions import folders

from convlab.grading.handed_in import read

if sys.platform != "linux":
    pytest.skip("other systems have other kinds of files and names", allow_module_level=True)


MADE_BY_ANYBODY = [one for one in folders.FOLDERS if not one.as_root or os.getuid() == 0]


@pytest.mark.parametrize("one", MADE_BY_ANYBODY, ids=lambda one: one.name)
def test_a_folder_is_read_or_refused_as_the_corpus_says(one, tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"solved")
    folder = tmp_path / "submitted" / "ann" / "01_conv1d"
    one.make(folder, b"solved", outside)
    handed = read(folder, folders.NAME)
    assert handed.content == (b"solved" if one.read else b"")
    assert bool(handed.problem) != one.read
    assert one.problem in handed.problem
    for words in one.flags:
        assert any(words in flag for flag in handed.flags), handed.flags
    assert one.flags or not handed.flags or not one.read
    assert all(text.isprintable() for text in (handed.problem, *handed.flags))
    assert outside.read_bytes() == b"solved"
