"""Fingerprints of a text: short stretches of its statements, of which the winnowing keeps some.

Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003: of every few
neighbouring stretches the one with the smallest hash is kept, so that what two texts share is found wherever it
stands. Here a stretch never reaches beyond its statement, so that the order of statements says nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from convlab.grading.similarity.normal import Form, Statement, Token

__all__ = ["Fingerprints", "fingerprints"]

STRETCH = 6  # tokens
WINDOW = 3  # stretches, of which at least one is kept

Span = tuple[int, int, int]
Fingerprints = dict[int, list[Span]]
"""Each fingerprint with the places in the text that it stands for."""


def fingerprints(form: Form) -> Fingerprints:
    """Of every statement: the stretches that are kept, the whole of it, and the whole with the head it stands in."""
    found: Fingerprints = {}
    for statement in form.statements:
        spans = _spans(statement.tokens)
        for key, where in (*_whole(statement, spans), *_stretches(statement.tokens)):
            found.setdefault(key, []).extend(where)
    return found


def _whole(statement: Statement, spans: list[Span]) -> Iterator[tuple[int, list[Span]]]:
    yield _digest("whole", statement.tokens), spans
    if statement.within:
        yield _digest("within", (*statement.within, Token("\n"), *statement.tokens)), spans


def _stretches(tokens: Sequence[Token]) -> Iterator[tuple[int, list[Span]]]:
    if len(tokens) <= STRETCH:
        return  # the whole says it
    hashes = [_digest("stretch", tokens[at : at + STRETCH]) for at in range(len(tokens) - STRETCH + 1)]
    kept = set()
    for at in range(max(1, len(hashes) - WINDOW + 1)):
        window = hashes[at : at + WINDOW]
        # The last one of the smallest, so that neighbouring windows choose the same.
        kept.add(at + max(i for i, value in enumerate(window) if value == min(window)))
    for at in sorted(kept):
        yield hashes[at], _spans(tokens[at : at + STRETCH])


def _digest(kind: str, tokens: Sequence[Token]) -> int:
    """The same for any names: a name of the text's own is the number of names before it."""
    numbers: dict[str, int] = {}
    words = [
        f"\0{numbers.setdefault(token.text, len(numbers))}" if token.own else token.text for token in tokens
    ]
    text = "\1".join((kind, *words)).encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def _spans(tokens: Sequence[Token]) -> list[Span]:
    """The places of tokens, one for each line: from the first to the last of them on it."""
    lines: dict[int, tuple[int, int]] = {}
    for token in tokens:
        if token.span is not None:
            line, start, end = token.span
            first, last = lines.get(line, (start, end))
            lines[line] = min(first, start), max(last, end)
    return [(line, start, end) for line, (start, end) in sorted(lines.items())]
