"""Row pattern recognition written from its definition: try every way, the preferred one first.

An attempt at a row tries the ways to match in the order of preference and takes the first that
fits; nothing is shared between attempts and nothing is decided early.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import permutations
from typing import Any, NamedTuple

from lakestream_mcp.patterns.match_recognize.pattern_text import Pattern

Path = tuple[tuple[str, bool], ...]  # label and whether it is excluded, row by row
Fits = Callable[[int, Path, int], bool]
"""Whether the last row of a path that starts at a row may have its label, in the nth match."""


def first_way(pattern: Pattern, start: int, rows: int, fits: Fits, number: int) -> Path | None:
    """The preferred path from `start` on; None if there is none."""

    def run(node: Pattern, path: Path, out: bool, then: Callable[[Path], Path | None]) -> Any:
        at = start + len(path)
        if node.kind == "label":
            longer = (*path, (node.label, out))
            return then(longer) if at < rows and fits(start, longer, number) else None
        if node.kind == "start":
            return then(path) if at == 0 else None
        if node.kind == "end":
            return then(path) if at == rows else None
        if node.kind == "alternation":
            return first(run(part, path, out, then) for part in node.parts)
        if node.kind == "permute":
            return first(chain(way, path, out, then) for way in permutations(node.parts))
        if node.kind == "repeat":
            return again(node, 0, path, out, then)
        return chain(node.parts, path, out or node.kind == "exclude", then)

    def chain(parts: Any, path: Path, out: bool, then: Callable[[Path], Path | None]) -> Any:
        if not parts:
            return then(path)
        return run(parts[0], path, out, lambda longer: chain(parts[1:], longer, out, then))

    def again(node: Pattern, count: int, path: Path, out: bool, then: Any) -> Any:
        def once_more() -> Any:
            return run(node.parts[0], path, out, after)

        def after(longer: Path) -> Any:
            if node.high is None and longer == path and count + 1 >= node.low:
                # Nothing was taken, so there is no further round; a round that nobody asked for
                # is no way to match at all.
                return then(longer) if count + 1 <= max(node.low, 1) else None
            return again(node, count + 1, longer, out, then)

        if count < node.low:
            return once_more()
        if node.high is not None and count >= node.high:
            return then(path)
        ways = (once_more, lambda: then(path))
        return first(way() for way in (ways if node.greedy else reversed(ways)))

    return run(pattern, (), False, lambda path: path)  # type: ignore[no-any-return]


def first(found: Any) -> Any:
    return next((each for each in found if each is not None), None)


class Rules(NamedTuple):
    """What happens after a match, and what is put out."""

    skip: str
    skip_to: frozenset[str]
    all_rows: bool
    show_empty: bool
    unmatched: bool


class SkipFailed(Exception):
    """The standard's error where there is no row to skip to."""


def recognize(pattern: Pattern, rows: int, fits: Fits, rules: Rules) -> list[tuple[Any, ...]]:
    """What is put out: (`match`, start, path, number), (`row`, start, path, number, k),
    (`empty` | `none`, row)."""
    found: list[tuple[Any, ...]] = []
    at, covered, number = 0, 0, 1
    while at < rows:
        path = first_way(pattern, at, rows, fits, number)
        if path is None:
            if rules.unmatched and at >= covered:
                found.append(("none", at))
            at += 1
        elif not path:
            if not rules.all_rows or rules.show_empty:
                found.append(("empty", at))
            number += 1
            at += 1
        else:
            if rules.all_rows:
                found += [
                    ("row", at, path, number, k) for k, (_, out) in enumerate(path) if not out
                ]
            else:
                found.append(("match", at, path, number))
            covered = max(covered, at + len(path))
            number += 1
            at = onward(at, path, rules)
    return found


def onward(at: int, path: Path, rules: Rules) -> int:
    """Where the next attempt is made."""
    if rules.skip == "past last row":
        return at + len(path)
    if rules.skip == "next row":
        return at + 1
    places = [k for k, (label, _) in enumerate(path) if label in rules.skip_to]
    if not places or (place := places[0 if rules.skip == "first" else -1]) == 0:
        raise SkipFailed
    return at + place


LABELS = "ABCD"


def random_pattern(draw: random.Random, depth: int = 3) -> str:
    """The text of a pattern over A to D."""
    kind = draw.random()
    if depth == 0 or kind < 0.25:
        return draw.choice(LABELS)
    inner = [random_pattern(draw, depth - 1) for _ in range(draw.choice((2, 2, 3)))]
    if kind < 0.5:
        return " ".join(inner)
    if kind < 0.65:
        return f"({' | '.join(inner)})"
    if kind < 0.9:
        quantifier = draw.choice(("*", "+", "?", "{2}", "{0,2}", "{1,}", "{,3}", "{2,3}", "{,}"))
        return f"({inner[0]}){quantifier}{draw.choice(('', '?'))}"
    if kind < 0.93:
        return f"PERMUTE({', '.join(inner)})"
    if kind < 0.96:
        return f"{{- {inner[0]} -}}"
    return draw.choice(("()", "(^ {0})", "({0} $)", "(^ {0} $)")).format(inner[0])
