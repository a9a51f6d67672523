"""A class to measure likeness on: honest students in the styles of tests/checks, and copies planted among them.

An honest student writes each exercise in one of the styles in which right and wrong code is known to be written, with
habits of their own. A copyist takes somebody's texts and changes what does not change what they do.
"""

import ast
import inspect
import random
from dataclasses import dataclass
from pathlib import Path

from convlab.grading.similarity.texts import Part, Texts

ROOT = Path(__file__).parents[2]
EXERCISES = ("correlate1d", "convolve1d", "output_size", "correlate2d", "detect_edges")
_MISTAKES = {
    "conv1d": {"correlate1d": ("input", "weight"), "convolve1d": ("input", "weight")},
    "conv2d": {"correlate2d": ("input", "weight")},
}


def styles():
    """exercise -> texts of functions that stand alone."""
    file = ROOT / "tests" / "checks" / "test_correct_code.py"
    found = {name: [] for name in EXERCISES}
    for node, name in list(_decorated(ast.parse(file.read_text(encoding="utf-8")))):
        node.name, node.decorator_list = name, []
        found[name].append(ast.unparse(node))
    for chapter, exercises in _MISTAKES.items():
        file = ROOT / "convlab" / "checks" / "exercises" / f"{chapter}.py"
        functions = [
            one
            for one in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(one, ast.FunctionDef)
        ]
        for name, parameters in exercises.items():
            for node in functions:
                if tuple(one.arg for one in node.args.args) == parameters and _alone(node, functions):
                    found[name].append(ast.unparse(node).replace(f"def {node.name}(", f"def {name}("))
    return found


def _decorated(module):
    functions = [one for one in module.body if isinstance(one, ast.FunctionDef)]
    for node in functions:
        for one in node.decorator_list:
            if (
                isinstance(one, ast.Call)
                and getattr(one.func, "id", "") == "style"
                and _alone(node, functions)
            ):
                yield node, one.args[0].value


def _alone(node, functions):
    called = {one.id for part in node.body for one in ast.walk(part) if isinstance(one, ast.Name)}
    return not called & ({one.name for one in functions} - {node.name})


# ------------------------------------------------------------------------------ habits of honest people


class Habits(ast.NodeTransformer):
    """The same computation as another person would write it: other calls, other names, other steps between."""

    def __init__(self, rng):
        self.rng = rng
        self.length = rng.choice(["len({0})", "{0}.shape[0]", "len({0})", "np.shape({0})[0]", "{0}.size"])
        self.zeros = rng.choice(
            ["np.zeros({0})", "np.zeros({0}, dtype=float)", "np.zeros(({0}))", "np.full({0}, 0.0)"]
        )
        self.array = rng.choice(
            ["np.array({0})", "np.asarray({0})", "np.array({0}, dtype=float)", "np.stack({0})"]
        )
        self.loop = rng.choice(["range({0})", "range({0})", "range(0, {0})", "np.arange({0})"])
        self.total = rng.choice(["{0}.sum()", "np.sum({0})", "sum({0}.ravel())", "float(np.sum({0}))"])

    def visit_Call(self, node):
        self.generic_visit(node)
        said = ast.unparse(node)
        inner = ast.unparse(node.args[0]) if len(node.args) == 1 and not node.keywords else None
        if inner and said.startswith("len(") and inner in ("input", "weight"):
            return self.say(self.length, inner)
        if inner and said.startswith("np.zeros("):
            return self.say(self.zeros, inner)
        if inner and said.startswith("np.array("):
            return self.say(self.array, inner)
        if inner and said.startswith("range("):
            return self.say(self.loop, inner)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "sum" and not node.args + node.keywords:
            return self.say(self.total, f"({ast.unparse(node.func.value)})")
        return node

    def say(self, form, inner):
        return ast.parse(form.format(inner), mode="eval").body

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        added = []
        names = [one.arg for one in node.args.args]
        arrays = [name for name in names if name in ("input", "weight", "image")]
        if arrays and self.rng.random() < 0.3:
            added += [f"{name} = np.asarray({name})" for name in arrays]
        elif arrays and self.rng.random() < 0.15:
            added += [f"{name} = np.array({name}, dtype=np.float64)" for name in arrays]
        if len(arrays) == 2 and self.rng.random() < 0.2:
            added.append(
                self.rng.choice(["assert len(weight) <= len(input)", "assert weight.ndim == input.ndim"])
            )
        if self.rng.random() < 0.1:
            added.append(self.rng.choice(["print('shapes', input.shape)", "debug = False", "result = None"]))
        last = node.body[-1]
        if isinstance(last, ast.Return) and last.value and self.rng.random() < 0.4:
            name = self.rng.choice(["result", "out", "answer", "res"])
            wrapped = self.rng.choice(["{0}", "{0}", "np.asarray({0})"]).format(ast.unparse(last.value))
            node.body[-1:] = ast.parse(f"{name} = {wrapped}\nreturn {name}").body
        node.body[:0] = ast.parse("\n".join(added)).body
        return node


def honest(rng, found):
    """One student's texts. Some have not written all."""
    habits = Habits(rng)
    return {
        name: ast.unparse(ast.fix_missing_locations(habits.visit(ast.parse(rng.choice(found[name])))))
        for name in EXERCISES
        if rng.random() < 0.95
    }


# ------------------------------------------------------------------------------ what copyists do


class Renamed(ast.NodeTransformer):
    """Every name of the text's own is another one."""

    def __init__(self, rng, tree):
        bound = {
            one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        }
        self.names = {
            name: f"{rng.choice(['my', 'tmp', 'val', 'q'])}_{i}" for i, name in enumerate(sorted(bound))
        }

    def visit_Name(self, node):
        node.id = self.names.get(node.id, node.id)
        return node


class Disguised(ast.NodeTransformer):
    """`+=` written out, factors exchanged, `for` over a range as `while`."""

    def __init__(self, rng, loops):
        self.rng, self.loops = rng, loops

    def visit_AugAssign(self, node):
        return ast.parse(
            f"{ast.unparse(node.target)} = {ast.unparse(ast.BinOp(node.target, node.op, node.value))}"
        ).body

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Mult | ast.Add) and self.rng.random() < 0.5:
            node.left, node.right = node.right, node.left
        return node

    def visit_For(self, node):
        self.generic_visit(node)
        said = ast.unparse(node.iter)
        if not self.loops or not isinstance(node.target, ast.Name) or not said.startswith("range("):
            return node
        if len(node.iter.args) != 1 or any(isinstance(one, ast.Continue) for one in ast.walk(node)):
            return node
        name = node.target.id
        made = ast.parse(
            f"{name} = 0\nwhile {name} < {ast.unparse(node.iter.args[0])}:\n    {name} = {name} + 1"
        ).body
        made[1].body[:0] = node.body
        return made


def reordered(rng, body):
    """Neighbouring assignments that do not read each other change places."""
    body = list(body)
    for i in range(len(body) - 1):
        first, second = body[i], body[i + 1]
        if all(isinstance(one, ast.Assign) for one in (first, second)):
            names = [{n.id for n in ast.walk(one) if isinstance(n, ast.Name)} for one in (first, second)]
            bound = [
                {n.id for t in one.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
                for one in (first, second)
            ]
            if not (bound[0] & names[1] or bound[1] & names[0]) and rng.random() < 0.8:
                body[i], body[i + 1] = second, first
    return body


def copied(rng, texts, effort):
    """The texts with the traces wiped. effort 1: names and comments; 2: and order; 3: and loops, and lines added."""
    made = {}
    for name, text in texts.items():
        tree = ast.parse(text)
        function = next(one for one in tree.body if isinstance(one, ast.FunctionDef))
        tree = Renamed(rng, tree).visit(tree)
        if effort > 1:
            function.body = reordered(rng, function.body)
        if effort > 2:
            tree = Disguised(rng, loops=rng.random() < 0.5).visit(tree)
            function.body[:0] = ast.parse("steps = 0").body
        lines = ast.unparse(ast.fix_missing_locations(tree)).splitlines()
        lines[1:1] = ['    """My own words."""', "    # first of all"]
        made[name] = "\n".join(lines)
    return made


# ------------------------------------------------------------------------------ the class


@dataclass(frozen=True)
class Planted:
    """A class, the pairs that were copied, and who took the instructor's solutions."""

    texts: Texts
    pairs: frozenset
    took: frozenset


def a_class(seed, size=60, copies=(1, 1, 2, 2, 2, 3, 3, 3), ring=3, took=3):
    """`size` honest students; for each effort in `copies` a copy of one of them; a ring; some took the solutions."""
    rng = random.Random(seed)
    found = styles()
    texts = {f"h{i:03}": honest(rng, found) for i in range(size)}
    pairs = set()
    sources = rng.sample([one for one in sorted(texts) if len(texts[one]) > 3], len(copies) + 1)
    for number, effort in enumerate(copies):
        texts[f"copy{number}"] = copied(rng, texts[sources[number]], effort)
        pairs.add(frozenset((f"copy{number}", sources[number])))
    members = [sources[-1]]
    for number in range(ring):
        texts[f"ring{number}"] = copied(rng, texts[sources[-1]], 1 + number % 3)
        pairs |= {frozenset((f"ring{number}", other)) for other in members}
        members.append(f"ring{number}")
    references = solutions()
    for number in range(took):
        texts[f"took{number}"] = copied(rng, references, 1 + number % 3)
    for first in range(took):
        pairs |= {frozenset((f"took{first}", f"took{second}")) for second in range(first)}
    parts = tuple(
        Part(name, {one: mine[name] for one, mine in texts.items() if name in mine}, references[name])
        for name in EXERCISES
    )
    given = "import numpy as np\n" + "\n".join(
        text.split("\n")[0] + "\n    pass" for text in references.values()
    )
    return Planted(
        Texts("measured", parts, given, tuple(sorted(texts))),
        frozenset(pairs),
        frozenset(one for one in texts if one.startswith("took")),
    )


def solutions():
    from convlab.solutions import conv1d, conv2d

    return {
        name: ast.unparse(ast.parse(inspect.getsource(getattr(module, name))))
        for module in (conv1d, conv2d)
        for name in EXERCISES
        if hasattr(module, name)
    }
