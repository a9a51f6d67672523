"""`convlab build` and `convlab build --check` on a course folder."""

import pytest

from convlab.authoring import BuildError


def files(course):
    return {
        path.relative_to(course.root).as_posix(): path.read_bytes()
        for folder in ("course", "solutions")
        for path in (course.root / folder).rglob("*")
        if path.is_file()
    }


def edit(course, old, new):
    assert old in course.text
    course.text = course.text.replace(old, new, 1)
    course.write()


BUILT = [
    "course/chapters/01_tiny.py",
    "course/release/01_tiny/01_tiny.ipynb",
    "course/source/01_tiny/01_tiny.ipynb",
    "solutions/01_tiny.ipynb",
]


def test_a_build_writes_source_release_and_solved_notebook(built):
    assert sorted(files(built)) == BUILT


def test_what_was_built_is_fresh(built):
    assert built.check() == []


def test_a_second_build_executes_nothing_and_writes_nothing(copied, nbgrader_calls, executions):
    before = files(copied)
    lines = copied.build()
    assert lines == [
        "01_tiny: 9 cells, 2 exercises",
        "released by nbgrader: 01_tiny",
        "01_tiny: its code has not changed, so it is not executed",
        "01_tiny: wrote nothing, all is fresh",
    ]
    assert files(copied) == before
    assert (nbgrader_calls, executions) == ([["01_tiny"]], [])


def test_two_builds_give_the_same_bytes(built, copied):
    for path in (copied.source_file, copied.release_file):
        path.unlink()
    copied.build(force=True)
    assert files(copied) == files(built)


def test_changed_prose_is_written_without_executing(copied, executions):
    edit(copied, "It doubles numbers.", "It doubles every number.")
    assert "01_tiny: its code has not changed, so it is not executed" in copied.build()
    assert executions == []
    for path in (copied.source_file, copied.release_file, copied.solved_file):
        assert "It doubles every number." in path.read_text(encoding="utf-8")
    assert "double [2 4]" in copied.solved_file.read_text(encoding="utf-8")
    assert copied.check() == []


def test_changed_code_is_executed(copied, nbgrader_calls, executions):
    edit(copied, "double(np.array([0.5]))", "double(np.array([0.5]))  # again")
    assert "01_tiny: executing 6 code cells" in copied.build()
    assert executions == ["01_tiny"]


def test_force_executes_fresh_chapters(copied, nbgrader_calls, executions):
    copied.build(force=True)
    assert executions == ["01_tiny"]


def test_without_executing_the_solved_notebook_stays(copied, nbgrader_calls, executions):
    before = copied.solved_file.read_bytes()
    edit(copied, "double(np.array([0.5]))", "double(np.array([0.5]))  # again")
    lines = copied.build(execute=False)
    assert "01_tiny: not executed, so solutions/01_tiny.ipynb stays as it is" in lines
    assert executions == []
    assert copied.solved_file.read_bytes() == before
    assert "# again" in copied.source_file.read_text(encoding="utf-8")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, BuildError])
def test_an_interrupted_build_leaves_the_chapter_as_it_was(copied, nbgrader_calls, monkeypatch, stop):
    def execute(chapter):
        raise stop

    monkeypatch.setattr("convlab.authoring.course.execute_chapter", execute)
    edit(copied, "double(np.array([0.5]))", "double(np.array([0.5]))  # again")
    before = files(copied)
    with pytest.raises(stop):
        copied.build()
    assert files(copied) == before


def test_a_failure_while_writing_leaves_the_chapter_as_it_was(tiny, nbgrader_calls, executions, monkeypatch):
    def replace(old, new):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", replace)
    before = files(tiny)
    with pytest.raises(OSError, match="disk full"):
        tiny.build()
    assert files(tiny) == before


def test_a_release_that_leaks_is_not_written(copied, executions):
    edit(copied, "# Write `double`.\n", "# Write `double`.\n#\n# ```python\n# return input / 2\n# ```\n")
    before = files(copied)
    with pytest.raises(BuildError, match="this gives away the whole solution of 'halve'"):
        copied.build()
    assert files(copied) == before
    assert any("this gives away the whole solution of 'halve'" in problem for problem in copied.check())


def test_only_the_wanted_chapters_are_built(copied, nbgrader_calls, executions):
    (copied.chapter_file.parent / "02_broken.py").write_text("# %%\n# excercise: x\n", encoding="utf-8")
    copied.build(chapters=["01_tiny"])
    assert nbgrader_calls == [["01_tiny"]]
    with pytest.raises(
        BuildError, match=r"03_none\.py does not exist\. The chapters are: 01_tiny, 02_broken"
    ):
        copied.build(chapters=["03_none"])


def test_a_course_without_chapters_is_said_to_be_empty(tiny):
    tiny.chapter_file.unlink()
    assert tiny.build() == ["no chapters in course/chapters"]


@pytest.mark.parametrize("name", ["chapter.py", "1_x.py", "01_Conv.py"])
def test_a_chapter_with_another_kind_of_name_is_refused(tiny, name):
    (tiny.chapter_file.parent / name).write_text("", encoding="utf-8")
    sentence = f"course/chapters/{name}: a chapter is named with two digits"
    with pytest.raises(BuildError, match=sentence):
        tiny.build()
    assert [problem.startswith(sentence) for problem in tiny.check()] == [True]


def test_stale_notebooks_are_reported(copied):
    edit(copied, "It doubles numbers.", "It doubles every number.")
    assert copied.check() == [
        "course/release/01_tiny/01_tiny.ipynb is older than course/chapters/01_tiny.py: run `convlab build`.",
        "solutions/01_tiny.ipynb is older than course/chapters/01_tiny.py: run `convlab build`.",
    ]


def test_a_chapter_with_one_more_code_cell_is_reported(copied, nbgrader_calls):
    edit(copied, "double(np.array([0.5]))\n", "double(np.array([0.5]))\n\n# %%\n1 + 1\n")
    assert [problem.partition(" is older")[0] for problem in copied.check()] == [
        "course/release/01_tiny/01_tiny.ipynb",
        "solutions/01_tiny.ipynb",
    ]


def remove(path):
    path.unlink()


def hand_edit(path):
    path.write_text(path.read_text(encoding="utf-8").replace("A tiny", "A small"), encoding="utf-8")


def hand_edit_code(path):
    path.write_text(path.read_text(encoding="utf-8").replace("0.5", "0.25"), encoding="utf-8")


def reformat(path):
    path.write_text(path.read_text(encoding="utf-8").replace("\n  ", "\n    "), encoding="utf-8")


def truncate(path):
    path.write_text(path.read_text(encoding="utf-8")[:200], encoding="utf-8")


def empty(path):
    path.write_text("{}", encoding="utf-8")


def windows(path):
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    ("spoil", "which", "sentence"),
    [
        (remove, "release_file", "course/release/01_tiny/01_tiny.ipynb is missing for"),
        (hand_edit, "release_file", "course/release/01_tiny/01_tiny.ipynb is older than"),
        (reformat, "release_file", "course/release/01_tiny/01_tiny.ipynb is older than"),
        (truncate, "release_file", "course/release/01_tiny/01_tiny.ipynb is older than"),
        (remove, "solved_file", "solutions/01_tiny.ipynb is missing for"),
        (hand_edit, "solved_file", "solutions/01_tiny.ipynb is older than"),
        (hand_edit_code, "solved_file", "solutions/01_tiny.ipynb is older than"),
        (reformat, "solved_file", "solutions/01_tiny.ipynb is older than"),
        (truncate, "solved_file", "solutions/01_tiny.ipynb is not a notebook"),
        (empty, "solved_file", "solutions/01_tiny.ipynb is not a notebook"),
    ],
)
def test_a_spoilt_notebook_is_reported_and_repaired(
    copied, nbgrader_calls, executions, built, spoil, which, sentence
):
    spoil(getattr(copied, which))
    [problem] = copied.check()
    assert problem.startswith(sentence)
    assert problem.endswith("run `convlab build`.")
    copied.build()
    assert files(copied) == files(built)


@pytest.mark.parametrize("which", ["release_file", "solved_file"])
def test_line_ends_of_windows_are_fresh(copied, nbgrader_calls, which):
    windows(getattr(copied, which))
    assert copied.check() == []


def test_a_stored_output_that_a_build_would_refuse_is_reported(copied, nbgrader_calls):
    text = copied.solved_file.read_text(encoding="utf-8")
    copied.solved_file.write_text(text.replace("array([1.])", "array([1.00001])"), encoding="utf-8")
    [problem] = copied.check()
    assert problem.startswith("solutions/01_tiny.ipynb: course/chapters/01_tiny.py, line ")
    assert "round to at most four decimals" in problem


def test_what_belongs_to_no_chapter_is_reported(copied, nbgrader_calls):
    for path in (
        "course/release/02_gone/02_gone.ipynb",
        "course/release/01_tiny/notes.txt",
        "solutions/02_gone.ipynb",
    ):
        (copied.root / path).parent.mkdir(exist_ok=True)
        (copied.root / path).write_text("{}", encoding="utf-8")
    checkpoint = copied.root / "course/release/01_tiny/.ipynb_checkpoints/01_tiny-checkpoint.ipynb"
    checkpoint.parent.mkdir()
    checkpoint.write_text("{}", encoding="utf-8")
    assert [problem.partition(":")[0] for problem in copied.check()] == [
        "course/release/01_tiny/notes.txt belongs to no chapter",
        "course/release/02_gone/02_gone.ipynb belongs to no chapter",
        "solutions/02_gone.ipynb belongs to no chapter",
    ]


def test_exercises_of_a_chapter_that_does_not_exist_are_reported(copied, nbgrader_calls):
    copied.registry["later"] = type(copied.registry["double"])("later", chapter="02_later")
    assert copied.check() == [
        "course/chapters/02_later.py does not exist, but the registry gives it exercises (later): write it, or "
        "change their chapter."
    ]


def test_every_broken_chapter_is_reported(copied, nbgrader_calls):
    for name in ("02_broken", "03_broken"):
        (copied.chapter_file.parent / f"{name}.py").write_text("# %%\n# excercise: x\n", encoding="utf-8")
    assert [problem.partition(",")[0] for problem in copied.check()] == [
        "course/chapters/02_broken.py",
        "course/chapters/03_broken.py",
    ]
