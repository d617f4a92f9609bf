"""Puts the bodies of shell functions where they are called: `f() { apk del gcc; }; …; f`."""

from collections.abc import Iterator, Sequence

from slimgate.core.base.budget import Budget
from slimgate.core.base.tokens import SEPARATORS


def inlined(tokens: Sequence[str], budget: Budget) -> Iterator[str]:
    """Yield tokens, of a function its body at each call instead of where it is defined."""
    bodies: dict[str, Sequence[str]] = {}
    at = 0
    starts = True
    while at < len(tokens):
        one = tokens[at]
        start = _body(tokens, at) if starts else 0
        if start:
            end = _end(tokens, start)
            bodies[one if one != "function" else tokens[at + 1]] = tokens[start:end]
            at = end + 1
            continue
        body = bodies.get(one) if starts and tokens[at + 1 : at + 2] != ["("] else None
        if body is not None and budget.take_body(len(body)):
            yield from (";", *body, ";")
        else:
            yield one
        starts = one in SEPARATORS or (starts and one in {"then", "do", "else", "!", "if"})
        at += 1


def _body(tokens: Sequence[str], at: int) -> int:
    """Where the body begins if a function is defined here, else 0."""
    at += tokens[at] == "function"
    if at >= len(tokens) or tokens[at] in SEPARATORS:
        return 0
    at += 1
    named = tokens[at - 2 : at - 1] == ["function"]
    if tokens[at : at + 2] == ["(", ")"]:
        at, named = at + 2, True
    while tokens[at : at + 1] == ["\n"]:
        at += 1
    return at + 1 if named and tokens[at : at + 1] == ["{"] else 0


def _end(tokens: Sequence[str], start: int) -> int:
    depth = 1
    for at in range(start, len(tokens)):
        depth += (tokens[at] == "{") - (tokens[at] == "}")
        if not depth:
            return at
    return len(tokens)
