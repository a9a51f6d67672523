"""Who may know whom: the rules of the house, read from the import statements."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "convlab"
MODULES = {
    ".".join(["convlab", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# What runs students' cells knows how to play a call and what a shortcut is, and nothing of what is right or wrong.
CHILD = {
    f"convlab.grading.{part}"
    for part in ("child", "landlock", "limits", "pages", "sandbox", "seccomp", "visible", "warm", "wire")
}
KNOWN_TO_CHILD = {
    "numpy",
    "IPython",
    "traitlets",
    "convlab.checks.exercise",
    "convlab.checks.guard",
    "convlab.checks.play",
} | CHILD

# Part of the package -> what it may import besides the standard library. The longest part that fits counts.
# A part of convlab stands for itself and everything below it.
RULES = {
    "convlab": {"convlab"},
    "convlab.solutions": {"numpy"},
    "convlab.arguments": {"numpy"},
    "convlab.functional": {"numpy", "convlab.arguments"},
    "convlab.grad": {"numpy", "convlab.arguments", "convlab.functional"},
    "convlab.fast": {
        "numpy",
        "threadpoolctl",
        "convlab.arguments",
        "convlab.functional",
        "convlab.grad",
        "convlab.fast",
    },
    "convlab.zips": set(),
    "convlab.data": {"numpy"},
    "convlab.draw": {"numpy", "convlab.draw"},
    "convlab.pictures": {"numpy", "convlab.draw"},
    "convlab.checks": {"numpy", "convlab.draw", "convlab.checks"},
    "convlab.checks.oracle": {"numpy", "torch", "convlab.checks"},
    "convlab.checks.guard": {"numpy", "torch", "convlab.checks"},
    "convlab.authoring": {
        "jupytext",
        "nbformat",
        "nbclient",
        "jupyter_client",
        "nbgrader",
        "traitlets",
        "convlab.authoring",
        "convlab.checks.registry",
        "convlab.checks",
        "convlab.solutions",
        "convlab.zips",
    },
    "convlab.grading": {"nbgrader", "nbformat", "traitlets", "tqdm", "convlab.checks", "convlab.grading"},
    "convlab.grading.replay": {"nbgrader", "nbformat", "jsonschema", "convlab.grading"},
    "convlab.grading.cluster": {"distributed", "convlab.grading"},
    "convlab.grading.feedback": {
        "nbgrader",
        "nbconvert",
        "traitlets",
        "markupsafe",
        "pygments",
        "nh3",
        "math_core",
        "convlab.checks.message",
        "convlab.grading.document",
        "convlab.grading.feedback",
    },
    "convlab.grading.collecting": {
        "convlab.grading.collecting",
        "convlab.grading.course",
        "convlab.grading.files",
        "convlab.grading.limits",
        "convlab.grading.native",
        "convlab.grading.spec",
        "convlab.grading.spreadsheet",
    },
    "convlab.grading.document": {"jinja2", "markupsafe"},
    "convlab.grading.exporting": {
        "nbgrader",
        "nbformat",
        "traitlets",
        "markupsafe",
        "convlab.grading",
        "convlab.zips",
    },
    "convlab.grading.report": {"markupsafe", "convlab.checks", "convlab.grading"},
    "convlab.grading.similarity": {"numpy", "markupsafe", "convlab.grading"},
    "convlab.site": {"nbformat", "convlab.draw", "convlab.checks.registry", "convlab.site", "convlab.zips"},
    "convlab.notebook": {"nbformat", "IPython", "convlab.checks"},
    "convlab.demo": {"nbformat", "convlab.authoring", "convlab.grading"},
    **{part: KNOWN_TO_CHILD for part in CHILD},
    "convlab.cli": {"convlab"},
    "convlab.__main__": {"convlab.cli"},
}


def imports(module: str) -> Iterator[str]:
    """The dotted names that a module imports, `from package import module` as the module."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import hides who is known"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else str(node.module)


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_part_may_know(module):
    part = max((part for part in RULES if within(module, part)), key=len)
    for name in imports(module):
        if name.split(".")[0] in sys.stdlib_module_names:
            continue
        assert any(within(name, allowed) for allowed in RULES[part]), f"{module} must not import {name}"


def test_nothing_but_the_command_itself_imports_cli():
    knowing = [m for m in MODULES if any(within(name, "convlab.cli") for name in imports(m))]
    assert [m for m in knowing if not within(m, "convlab.cli")] == ["convlab.__main__"]


def test_no_module_reaches_itself_through_its_imports():
    graph = {module: {name for name in imports(module) if name in MODULES} for module in MODULES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            for name in sorted(graph[module]):
                visit(name, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize(
    "module", ["convlab", "convlab.checks", "convlab.draw", "convlab.cli", "convlab.authoring"]
)
def test_importing_a_light_module_loads_nothing_heavy(module):
    heavy = {"torch", "nbgrader", "jupytext", "nbclient", "matplotlib", "IPython"}
    code = f"import sys, {module}; print(sorted({heavy!r} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_guard_comes_without_exercises_mistakes_and_the_oracle():
    code = (
        "import sys, convlab.checks.guard; print([m for m in sys.modules if m.startswith('convlab.checks.')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(name.startswith("convlab.checks.guard") for name in ast.literal_eval(out.stdout))
