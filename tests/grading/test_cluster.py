"""A class graded by a Dask cluster on loopback: as many workers as there are, each with its own sandbox."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from submissions.large_class import large_class

from convlab.grading import Course
from convlab.grading.records import Records

if sys.platform != "linux":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)

pytestmark = pytest.mark.more

ROOT = Path(__file__).parents[2]
CHAPTER = "01_conv1d"
CLASS = dict(list(large_class(24, seed=2)))


class Cluster:
    """A scheduler and its workers, as processes of their own."""

    def __init__(self, stack, folder):
        self._stack, self._folder = stack, folder
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.address = self._said(self.scheduler, r"Scheduler at:\s+(tcp://127\.0\.0\.1:\d+)")

    def worker(self):
        one = self._start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"
        )
        self._said(one, "Registered to")
        return one

    def _start(self, what, *arguments):
        log = self._folder / f"{what}{len(list(self._folder.glob('*.log')))}.log"
        with log.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments],
                cwd=self._folder,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self._stack.callback(self._end, process)
        process.log = log
        return process

    def _said(self, process, pattern):
        while process.poll() is None:
            if found := re.search(pattern, process.log.read_text(encoding="utf-8")):
                return found[found.re.groups]
            time.sleep(0.05)
        pytest.fail(process.log.read_text(encoding="utf-8"))

    def _end(self, process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield Cluster(stack, tmp_path_factory.mktemp("cluster"))


def make_course(root):
    shutil.copy(ROOT / "course" / "nbgrader_config.py", root)
    shutil.copytree(ROOT / "course" / "source" / CHAPTER, root / "source" / CHAPTER)
    course = Course(root)
    for student, content in CLASS.items():
        folder = course.submitted(CHAPTER, student)
        folder.mkdir(parents=True)
        (folder / f"{CHAPTER}.ipynb").write_bytes(content)
    return course


def grade(course, *options):
    return subprocess.Popen(
        [sys.executable, "-m", "convlab", "grade", CHAPTER, *options],
        cwd=course.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def verdicts(course):
    records = Records(course.own(CHAPTER) / "results")
    return {student: records.read(student).result.verdict() for student in CLASS}


def test_a_worker_that_is_killed_costs_nothing_but_time(cluster, tmp_path):
    for name in ("alone", "shared"):
        (tmp_path / name).mkdir()
    alone, shared = make_course(tmp_path / "alone"), make_course(tmp_path / "shared")
    shutil.copytree(alone.root / "source", shared.root / "source", dirs_exist_ok=True)
    process = grade(alone)
    said = process.communicate()
    assert process.returncode == 0, said
    # The same seed, so that the verdicts are the same to the letter.
    shared.own(CHAPTER).mkdir(parents=True)
    shutil.copy(alone.own(CHAPTER) / "seed", shared.own(CHAPTER) / "seed")

    first, second = cluster.worker(), cluster.worker()
    process = grade(shared, "--scheduler", cluster.address)
    results = shared.own(CHAPTER) / "results"
    ends = time.monotonic() + 120
    while len(list(results.glob("s*.json"))) < 5 and time.monotonic() < ends:
        time.sleep(0.01)
    os.killpg(first.pid, signal.SIGKILL)
    said = process.communicate()
    assert process.returncode == 0, said
    assert first.wait() == -signal.SIGKILL
    assert second.poll() is None
    assert verdicts(shared) == verdicts(alone)

    again = grade(shared, "--scheduler", cluster.address)
    assert f"{len(CLASS)} of them unchanged" in again.communicate()[0]


def test_where_nobody_answers_it_says_what_to_start(cluster, tmp_path):
    course = make_course(tmp_path)
    process = grade(course, "--scheduler", "tcp://127.0.0.1:9")
    said = process.communicate()[1]
    assert process.returncode == 1
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:9'" in said
    assert "Traceback" not in said
    process = grade(course, "--scheduler", cluster.address, "--jobs", "2")
    assert "--jobs is for this machine" in process.communicate()[1]
    assert not (course.own(CHAPTER) / "results").exists()
