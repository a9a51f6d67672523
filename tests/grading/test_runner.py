"""Jobs go out a few at a time; a lost process costs whoever lost it, and nobody else."""

import dataclasses
import os
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from convlab.grading import AssignmentSpec, CourseError, Limits, runner
from convlab.grading.runner import Job, LocalPool, run

SPEC = AssignmentSpec("01", ())


def job(student):
    return Job(student, b"", SPEC, 1, Limits())


class Here(Executor):
    """Does each job at once, in this process, unless it has been lost."""

    def __init__(self, do):
        self.do = do
        self.lost = False

    def submit(self, function, /, *args, **kwargs):
        if self.lost:
            raise BrokenProcessPool("lost")
        future: Future = Future()
        try:
            future.set_result(self.do(*args))
        except BrokenProcessPool as error:
            self.lost = True
            future.set_exception(error)
        except Exception as error:
            future.set_exception(error)
        return future


class Pool:
    size = 2

    def __init__(self, do):
        self.do = do
        self.made = 0
        self.renew()

    def executor(self):
        return self.now

    def renew(self):
        self.made += 1
        self.now = Here(self.do)
        return self.now


def test_every_job_comes_back_with_what_came_of_it():
    pool = Pool(lambda job: job.student.upper())
    assert sorted((job.student, came) for job, came in run(map(job, "abcde"), pool)) == list(
        zip("abcde", "ABCDE")
    )
    assert pool.made == 1


def test_jobs_are_taken_only_a_few_ahead():
    taken = []

    def jobs():
        for student in "abcdefghij":
            taken.append(student)
            yield job(student)

    for done, _ in enumerate(run(jobs(), Pool(lambda job: 0)), 1):
        assert len(taken) <= done + 2 * Pool.size


def test_an_error_is_given_with_its_job_and_stops_nothing():
    def do(job):
        if job.student == "b":
            raise ValueError("no")
        return 1

    came = {job.student: type(result).__name__ for job, result in run(map(job, "abc"), Pool(do))}
    assert came == {"a": "int", "b": "ValueError", "c": "int"}


def test_whoever_loses_the_pool_twice_is_told_and_the_others_are_graded():
    def do(job):
        if job.student == "c":
            raise BrokenProcessPool("gone")
        return 1

    pool = Pool(do)
    came = {job.student: type(result).__name__ for job, result in run(map(job, "abcdefg"), pool)}
    assert came == dict.fromkeys("abdefg", "int") | {"c": "BrokenProcessPool"}
    assert pool.made >= 2


def test_a_pool_that_is_lost_once_costs_nothing():
    seen = []

    def do(job):
        seen.append(job.student)
        if job.student == "a" and seen.count("a") == 1:
            raise BrokenProcessPool("gone")
        return 1

    came = {job.student: result for job, result in run(map(job, "abc"), Pool(do))}
    assert came == dict.fromkeys("abc", 1)


def who_am_i(job):
    if job.student == "dies":
        os._exit(1)
    return os.getpid()


@pytest.mark.more
def test_processes_of_this_machine_survive_one_that_dies(monkeypatch):
    monkeypatch.setattr(runner, "grade_job", who_am_i)
    monkeypatch.setattr(runner, "_begin", quietly)
    monkeypatch.setattr(runner, "_nothing", os.getpid)
    with LocalPool(2) as pool:
        came = dict((job.student, result) for job, result in run(map(job, ["a", "dies", "b", "c"]), pool))
    assert isinstance(came.pop("dies"), BrokenProcessPool)
    assert all(isinstance(one, int) and one != os.getpid() for one in came.values())


def quietly(sandboxed):
    pass


def test_another_convlab_than_the_jobs_refuses_it():
    """As a worker of a cluster may be: what it would say need not be what this machine would."""
    with pytest.raises(CourseError, match="has another convlab, NumPy, torch or Python"):
        runner.grade_job(dataclasses.replace(job("a"), code="of another version"))
