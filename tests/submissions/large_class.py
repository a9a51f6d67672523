"""A class as large as one likes: the honest corpus, and solutions in which chance has changed a place or two.

At most one in a hundred never ends. The same count and seed give the same class.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import replace

from submissions.honest import ROWS
from submissions.rows import EXERCISES, Row, reference, solved

__all__ = ["large_class"]

HANGS = "def correlate1d(input, weight):\n    while True:\n        pass"
ONE_IN = 100

_SWAPPED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mod,
    ast.MatMult: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
}


def large_class(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """(student's id, what is handed in) of each; every hundredth hangs, three in five are right, the rest are not."""
    rng = random.Random(seed)
    honest = [row for row in ROWS if not row.limit_changes and not row.by_luck and row.seconds <= 15]
    for number in range(count):
        if number % ONE_IN == ONE_IN // 2:
            row = Row("hangs", (0, 3, 2), solved(correlate1d=HANGS))
        elif rng.random() < 0.6:
            row = rng.choice(honest)
        else:
            names = rng.sample(EXERCISES, rng.randint(1, 2))
            row = Row("changed by chance", (0, 0, 0), solved(**{name: changed(name, rng) for name in names}))
        # A line of one's own, so that no two hand in the same bytes.
        own = (*row.last, f"# sample student {number}")
        yield f"s{number:05}", (row if row.data is not None else replace(row, last=own)).submission


def changed(name: str, rng: random.Random) -> str:
    """The reference with one place changed: an operator, a number, a bound, a left-out step."""
    tree = ast.parse(reference(name))
    places = [node for node in ast.walk(tree) if _can_change(node)]
    node = rng.choice(places)
    if isinstance(node, ast.BinOp):
        node.op = _SWAPPED[type(node.op)]()
    elif isinstance(node, ast.Compare):
        node.ops = [_SWAPPED[type(node.ops[0])]()]
    elif isinstance(node, ast.Constant):
        node.value += rng.choice((-1, 1))
    else:
        assert isinstance(node, ast.Subscript)
        node.slice = ast.Constant(0) if rng.random() < 0.5 else ast.Slice()
    return ast.unparse(tree)


def _can_change(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op) in _SWAPPED
    if isinstance(node, ast.Compare):
        return type(node.ops[0]) in _SWAPPED
    if isinstance(node, ast.Constant):
        return type(node.value) is int
    return isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
