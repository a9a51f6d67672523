"""What a newcomer does first: clone, `python run.py demo`, look at `git status`."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def git(*arguments, where):
    return subprocess.run(["git", *arguments], cwd=where, capture_output=True, text=True, check=True).stdout


@pytest.mark.more  # installs everything once more, from the package registry
def test_the_demo_runs_in_a_fresh_clone_and_leaves_git_status_clean(tmp_path):
    clone = tmp_path / "convlab"
    git("clone", "--quiet", str(ROOT), str(clone), where=tmp_path)
    done = subprocess.run(
        [sys.executable, "run.py", "demo"], cwd=clone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Ada Sample" in done.stdout
    assert "Feedback pages:" in done.stdout
    assert git("status", "--porcelain", where=clone) == ""
