"""Only memory of the process's own is moved, and it holds the same afterwards."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

if sys.platform != "linux":
    pytest.skip("the warm process is Linux's", allow_module_level=True)

from convlab.grading import pages

MAPS = """\
00200000-00800000 r-xp 00000000 fe:00 260386                     /usr/bin/python3
00a00000-01000000 rw-p 00000000 00:00 0                          [heap]
10100000-10700000 rw-p 00000000 00:00 0 
20000000-20100000 rw-p 00000000 00:00 0 
30000000-30400000 r--p 00000000 00:00 0 
40000000-40400000 rw-s 00000000 00:01 7                          /dev/zero (deleted)
50000000-50400000 rw-p 00400000 fe:00 99                         /usr/lib/libtorch.so
7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0                  [stack]
"""  # noqa: W291 - the kernel writes that space


def test_only_anonymous_memory_is_moved_in_whole_huge_pages(monkeypatch):
    calls = []
    libc = SimpleNamespace(madvise=lambda *call: calls.append((call[0].value, call[1].value, call[2])))
    monkeypatch.setattr(pages.ctypes, "CDLL", lambda name: libc)
    monkeypatch.setattr(Path, "read_text", lambda path: MAPS)
    pages.gather()
    assert calls == [(0xA00000, 0x600000, 25), (0x10200000, 0x400000, 25)]


def test_what_is_in_memory_stays_as_it_was():
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import os, random\n"
        "from convlab.grading import pages\n"
        "held = random.Random(1).randbytes(2**25)\n"
        "objects = [str(i) for i in range(100_000)]\n"
        "pages.gather()\n"
        "assert held == random.Random(1).randbytes(2**25)\n"
        "assert objects == [str(i) for i in range(100_000)]\n"
        "if os.fork() == 0:\n"
        "    objects.clear(); os._exit(0)\n"
        "assert os.wait()[1] == 0 and len(objects) == 100_000"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_where_memory_cannot_be_looked_at_nothing_is_done(monkeypatch):
    def refuse(path):
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", refuse)
    pages.gather()
