"""Two commands and a few more: `python run.py demo`, `python run.py test`.

Makes `.venv` beside this file, installs convlab into it once, and runs the visible command of the verb.
Standard library only. Whoever has an environment of their own needs none of this:
`pip install -e '.[dev]'`, then `convlab ...`, `pytest`, `jupyter lab`.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if sys.platform == "win32" else "bin")

Command = list[str]

# verb -> (what it does, the extras it needs, the commands it runs)
VERBS: dict[str, tuple[str, str, list[Command]]] = {
    "demo": ("build the course and grade a sample class", "grading,authoring", [["convlab", "demo"]]),
    "lab": ("open the student's notebooks in JupyterLab", "", [["jupyter", "lab", "course/release"]]),
    "build": ("build notebooks and pictures from the chapter texts", "authoring", [["convlab", "build"]]),
    "site": ("build the lecture notes as pages that need no network", "site", [["convlab", "site"]]),
    "test": (
        "unit tests, the solved notebooks, the staleness check (--all: also what takes longer)",
        "dev",
        [["pytest"], ["pytest", "--nbval", "solutions"], ["convlab", "build", "--check"]],
    ),
    "bench": (
        "how fast it is beside others: race (convolution and torch), grading (this grader and nbgrader), class",
        "dev",
        [["python", "-m", "tests.bench"]],
    ),
    "lint": (
        "ruff and mypy",
        "dev",
        [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]],
    ),
}


def run(command: Command) -> None:
    print("+", " ".join(command), flush=True)
    code = subprocess.call([str(BIN / command[0]), *command[1:]], cwd=ROOT)
    if code:
        sys.exit(code)


def install(extras: str) -> None:
    """Install convlab with `extras` into .venv, unless this pyproject.toml was installed that way before."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + extras.encode()).hexdigest()
    stamp = VENV / f"installed-{extras.replace(',', '-') or 'base'}"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    if not list(BIN.glob("pip*")):  # none, or one that was interrupted half-way
        print("+ python -m venv .venv", flush=True)
        try:
            venv.create(VENV, with_pip=True, clear=True)
        except subprocess.CalledProcessError:
            sys.exit(
                "python -m venv failed. On Debian and Ubuntu it comes with: sudo apt install python3-venv"
            )
    pip = ["python", "-m", "pip", "install", "--disable-pip-version-check"]
    run([*pip, "-e", f".[{extras}]" if extras else "."])
    stamp.write_text(wanted)


def main(arguments: list[str]) -> None:
    if sys.version_info < (3, 11):
        sys.exit(f"convlab needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if not arguments or arguments[0] not in VERBS:
        verbs = "\n".join(f"  {verb:<6} {does}" for verb, (does, _, _) in VERBS.items())
        sys.exit(f"usage: python run.py VERB [arguments of its last command]\n\n{verbs}")
    verb, rest = arguments[0], arguments[1:]
    _, extras, commands = VERBS[verb]
    install(extras)
    if verb == "test":
        everything = "--all" in rest
        chosen = [word for word in rest if word != "--all"]
        # Many of the longer tests wait for a limit or a browser; three at a time keep two processors busy.
        # In the order of tests/conftest.py, the longest first.
        more = ["-m", "", "-n", "3", "--dist", "loadscope", "--no-loadscope-reorder"] if everything else []
        commands = [[*commands[0], *more, *chosen], *commands[1:]]
        commands = VERBS["lint"][2] + commands if everything else commands
    else:
        commands = [*commands[:-1], [*commands[-1], *rest]]
    for command in commands:
        run(command)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
