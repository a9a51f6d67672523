"""A text as statements of tokens, without what a copyist changes first: names, comments, docstrings, annotations.

The text is a stranger's: it is parsed and never run, and what is too long or too deep for that is read as a plain
row of words instead.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["LONGEST", "Form", "Statement", "Token", "as_tree", "as_words"]

LONGEST = 12_000  # characters that are looked at; the course's longest solution has 2,000
_ATTEMPTS = 3
_DEEPEST = 60  # brackets in brackets; the parser's time can grow with them


@dataclass(frozen=True)
class Token:
    """A word of the normal form.

    Parameters
    ----------
    text : what it says; of a name that the text itself binds, the name
    own : whether it is such a name, which may be called anything
    span : line (from 1), first column and the one behind the last; None if it stands nowhere in the text
    """

    text: str
    own: bool = False
    span: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Statement:
    """A statement; of one that holds others, its head.

    Parameters
    ----------
    within : the heads that it stands in, the next one only
    """

    tokens: tuple[Token, ...]
    within: tuple[Token, ...] = ()


@dataclass(frozen=True)
class Form:
    """The statements of a text, in its order."""

    statements: tuple[Statement, ...]

    @property
    def size(self) -> int:
        """Tokens that stand in the text."""
        return sum(token.span is not None for one in self.statements for token in one.tokens)


def as_tree(text: str) -> Form | None:
    """The normal form of a program, or of its beginning if something in its second half is no Python.

    Returns
    -------
    None if it is no program, or too long or too deep to be read as one
    """
    text = _python(text)
    if len(text) > LONGEST or _depth(text) > _DEEPEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = _parsed(text)
        return Form(tuple(_Reader(text, module).statements(module.body)))
    # What a parser may do with a text that somebody made for it.
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _parsed(text: str) -> ast.Module:
    lines = text.split("\n")
    least = (len(lines) + 1) // 2
    for _ in range(_ATTEMPTS):
        try:
            return ast.parse("\n".join(lines))
        except SyntaxError as error:
            broken = min(error.lineno or 0, len(lines)) - 1
            if broken < least:
                raise
            del lines[broken:]
    raise SyntaxError("it breaks off again and again")


def as_words(text: str) -> Form:
    """The same for any text: each line is a statement, and which names are its own is guessed."""
    statements = []
    text = _LONG_STRING.sub(lambda found: "\n" * found[0].count("\n"), _python(text)[:LONGEST])
    for number, line in enumerate(text.split("\n"), 1):
        tokens = []
        before = ""
        for found in _WORD.finditer(line):
            word = found[0]
            if not word.startswith("#"):
                own = word.isidentifier() and before != "." and word not in _KNOWN
                tokens.append(Token(word, own, (number, *found.span())))
            before = word
        if tokens:
            statements.append(Statement(tuple(tokens)))
    return Form(tuple(statements))


_LONG_STRING = re.compile(r'"""[\s\S]*?"""|' + r"'''[\s\S]*?'''")
_WORD = re.compile(
    r"#.*|[^\W\d]\w*|\d[\w.]*|\"[^\"\n]*\"|'[^'\n]*'|\*\*=?|//=?|[-+*/%@&|^<>=!]=|->|<<|>>|[^\s\w]"
)
_KNOWN = {*keyword.kwlist, *dir(builtins), "np", "numpy", "torch", "math"}
_MAGIC = re.compile(r"^[ \t]*[!%?].*$", re.MULTILINE)


def _python(text: str) -> str:
    """Without the lines that only IPython understands; lines keep their numbers."""
    return _MAGIC.sub("pass", text.replace("\r", "\n"))


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth = max(0, depth - 1)
    return deepest


_COMMUTATIVE = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)
_MIRRORED = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}
_LEFT_OUT = {
    "ctx",
    "annotation",
    "returns",
    "type_comment",
    "kind",
    "body",
    "orelse",
    "finalbody",
    "handlers",
}
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


class _Reader:
    """Writes the tree of one text down as tokens."""

    def __init__(self, text: str, module: ast.Module) -> None:
        self._lines = text.split("\n")
        self._ascii = text.isascii()
        self._own = set(_bound(module))

    def statements(self, body: list[ast.stmt], within: tuple[Token, ...] = ()) -> Iterator[Statement]:
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass | ast.Global | ast.Nonlocal):
                continue
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue  # a docstring, or a comment written as one
            if isinstance(node, ast.AnnAssign) and node.value is None:
                continue
            yield from self._statement(node, within)

    def _statement(self, node: ast.stmt, within: tuple[Token, ...]) -> Iterator[Statement]:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            pairs = list(_one_by_one(node.targets[0], node.value))
            if len(pairs) > 1:
                for target, value in pairs:
                    head = (Token("="), *self._write(target), *self._write(value))
                    yield Statement(head, within)
                return
        head = tuple(self._head(node))
        if isinstance(node, _Function):
            yield from self.statements(node.body, head)
            return
        yield Statement(head, within)
        for name in ("body", "orelse", "finalbody"):
            yield from self.statements(getattr(node, name, []), head)
        for handler in getattr(node, "handlers", []):
            caught = tuple(self._write(handler.type)) if handler.type else ()
            yield from self.statements(handler.body, (Token("except"), *caught))
        for case in getattr(node, "cases", []):
            yield from self.statements(case.body, (Token("case"), *self._write(case.pattern)))

    def _head(self, node: ast.stmt) -> list[Token]:
        if isinstance(node, ast.AugAssign):
            added = ast.BinOp(node.target, node.op, node.value)
            return [Token("="), *self._write(node.target), *self._write(added)]
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            return [Token("="), *self._write(node.target), *self._write(node.value)]
        if isinstance(node, ast.Assign):
            return [Token("="), *(t for one in (*node.targets, node.value) for t in self._write(one))]
        return self._write(node)

    def _write(self, node: ast.AST) -> list[Token]:
        """A node in front of what it holds."""
        if isinstance(node, ast.Name):
            return [Token(node.id, node.id in self._own, self._span(node))]
        if isinstance(node, ast.arg):
            return [Token(node.arg, True, self._span(node))]
        if isinstance(node, ast.Constant):
            return [Token(repr(node.value)[:60], span=self._span(node))]
        if isinstance(node, ast.Attribute):
            return [*self._write(node.value), Token(f".{node.attr}", span=self._span(node, len(node.attr)))]
        if isinstance(node, ast.BinOp):
            return self._of_two(node.op, node.left, node.right)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, op, right = node.left, node.ops[0], node.comparators[0]
            if type(op) in _MIRRORED:
                left, op, right = right, _MIRRORED[type(op)](), left
            return [Token(type(op).__name__), *self._write(left), *self._write(right)]
        held: list[ast.AST] = []
        for name, value in ast.iter_fields(node):
            if name in _LEFT_OUT and not isinstance(node, ast.Lambda | ast.IfExp):
                continue
            held += [
                one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)
            ]
        if isinstance(node, ast.Call):
            held = [node.func, *node.args, *sorted(node.keywords, key=lambda one: one.arg or "")]
        label = f"{type(node).__name__}{len(held)}"
        if isinstance(node, ast.keyword):
            label = f"{node.arg}="
        return [Token(label), *(token for one in held for token in self._write(one))]

    def _of_two(self, op: ast.operator, left: ast.expr, right: ast.expr) -> list[Token]:
        first, second = self._write(left), self._write(right)
        if isinstance(op, _COMMUTATIVE) and _plain(second) < _plain(first):
            first, second = second, first
        return [Token(type(op).__name__), *first, *second]

    def _span(self, node: ast.expr | ast.arg, last: int = 0) -> tuple[int, int, int] | None:
        """Where a word stands; if `last`, its last so many characters. The tree counts in bytes."""
        line, end = node.end_lineno or 0, node.end_col_offset or 0
        start = node.col_offset if node.lineno == line else 0
        if not self._ascii:
            text = self._lines[line - 1].encode("utf-8", "replace")
            start, end = (len(text[:place].decode("utf-8", "replace")) for place in (start, end))
        return line, end - last if last else start, end


def _plain(tokens: list[Token]) -> list[str]:
    return ["" if token.own else token.text for token in tokens]


def _one_by_one(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """`a, b = c, d` as two assignments."""
    if (
        isinstance(target, ast.Tuple)
        and isinstance(value, ast.Tuple)
        and len(target.elts) == len(value.elts)
        and not any(isinstance(one, ast.Starred) for one in (*target.elts, *value.elts))
    ):
        yield from zip(target.elts, value.elts)


def _bound(module: ast.Module) -> Iterator[str]:
    """The names that a text gives to something itself."""
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (*_Function, ast.ClassDef)):
            yield node.name
