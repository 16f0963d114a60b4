"""PATTERN as text → a tree.

pattern      = sequence { "|" sequence }
sequence     = element { element }
element      = primary [ quantifier [ "?" ] ]
primary      = label | "(" [ pattern ] ")" | "{-" pattern "-}" | "^" | "$" | PERMUTE(…)
quantifier   = "*" | "+" | "?" | "{" n "}" | "{" [ n ] "," [ n ] "}"
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...errors import InvalidSql
from .tokens import FIELD, Reader

INT_MAX = 2**31 - 1


class Pattern(NamedTuple):
    """A node of a pattern.

    kind: `label` (`label` names the variable), `sequence`, `alternation`, `permute`, `exclude`
    (one part), `repeat` (one part, `low` to `high` times, `high` None: without limit), `start` (^)
    or `end` ($). A sequence of nothing is the empty pattern.
    """

    kind: str
    parts: tuple[Pattern, ...] = ()
    label: str = ""
    low: int = 0
    high: int | None = None
    greedy: bool = True

    def walk(self) -> Iterator[Pattern]:
        """The node and all below it, in the order of the text."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def labels(self) -> tuple[str, ...]:
        """The variables it names, each once, in the order of the text."""
        return tuple(dict.fromkeys(p.label for p in self.walk() if p.kind == "label"))


def pattern_text(node: Pattern) -> str:
    """A pattern as it is written, in one way."""
    parts = [pattern_text(part) for part in node.parts]
    if node.kind in SIGNS:
        return SIGNS[node.kind]
    if node.kind == "label":
        plain = node.label.isidentifier() and node.label == node.label.upper()
        return node.label if plain else f"`{node.label.replace('`', '``')}`"
    if node.kind == "repeat":
        several = node.parts[0].kind not in ("label", "permute", "exclude")
        inner = f"({parts[0]})" if several else parts[0]
        return f"{inner}{_quantifier_text(node)}"
    if node.kind in FORMS:
        before, between, behind = FORMS[node.kind]
        return f"{before}{between.join(parts)}{behind}"
    chain = [f"({t})" if p.kind == "alternation" else t for p, t in zip(node.parts, parts)]
    return " ".join(chain) or "()"


FORMS = {
    "permute": ("PERMUTE(", ", ", ")"),
    "exclude": ("{- ", "", " -}"),
    "alternation": ("", " | ", ""),
}
SIGNS = {"start": "^", "end": "$"}


def _quantifier_text(node: Pattern) -> str:
    known = {(0, None): "*", (1, None): "+", (0, 1): "?"}
    high = "" if node.high is None else node.high
    bounds = f"{{{node.low}}}" if node.low == node.high else f"{{{node.low},{high}}}"
    return known.get((node.low, node.high), bounds) + ("" if node.greedy else "?")


def parse_pattern(reader: Reader) -> Pattern:
    """The tree of what stands between PATTERN's brackets. Raises InvalidSql."""
    if not reader.tokens:
        raise reader.error("the pattern is missing", "PATTERN (A B+)")
    pattern = _alternation(reader, 0)
    reader.end()
    return pattern


def _alternation(reader: Reader, depth: int) -> Pattern:
    if depth > 60:
        raise reader.error("the pattern is nested too deeply")
    parts = [_sequence(reader, depth)]
    while reader.accept_sign("|"):
        parts.append(_sequence(reader, depth))
    return parts[0] if len(parts) == 1 else Pattern("alternation", tuple(parts))


def _sequence(reader: Reader, depth: int) -> Pattern:
    parts = []
    while reader.peek().is_name or reader.peek().is_sign("(", "{-", "^", "$"):
        parts.append(_element(reader, depth))
    if not parts:
        raise reader.error("a pattern element is missing", "a variable, `(…)`, `{- … -}`, ^ or $")
    return parts[0] if len(parts) == 1 else Pattern("sequence", tuple(parts))


def _element(reader: Reader, depth: int) -> Pattern:
    primary = _primary(reader, depth)
    bounds = _quantifier(reader)
    if bounds is None:
        return primary
    greedy = reader.accept_sign("?") is None
    return Pattern("repeat", (primary,), low=bounds[0], high=bounds[1], greedy=greedy)


def _primary(reader: Reader, depth: int) -> Pattern:
    anchor = reader.accept_sign("^", "$")
    if anchor:
        return Pattern("start" if anchor == "^" else "end")
    if reader.accept_sign("{-"):
        inner = _alternation(reader, depth + 1)
        reader.expect_sign("-}")
        return Pattern("exclude", (inner,))
    if reader.accept_sign("("):
        if reader.accept_sign(")"):
            return Pattern("sequence")
        inner = _alternation(reader, depth + 1)
        reader.expect_sign(")")
        return inner
    if reader.peek().is_word("PERMUTE") and reader.peek(1).is_sign("("):
        return _permute(reader, depth)
    return Pattern("label", label=reader.name("a variable").label)


def _permute(reader: Reader, depth: int) -> Pattern:
    reader.take()
    reader.expect_sign("(")
    parts = [_alternation(reader, depth + 1)]
    while reader.accept_sign(","):
        parts.append(_alternation(reader, depth + 1))
    reader.expect_sign(")")
    return parts[0] if len(parts) == 1 else Pattern("permute", tuple(parts))


def _quantifier(reader: Reader) -> tuple[int, int | None] | None:
    sign = reader.accept_sign("*", "+", "?", "{")
    if sign != "{":
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(sign or "")
    low = _number(reader)
    if reader.accept_sign(","):
        high = _number(reader)
    elif low is None:
        raise reader.error("a number of repetitions is missing", "{n}, {n,}, {,n} or {n,m}")
    else:
        high = low
    reader.expect_sign("}")
    _check_bounds(low or 0, high)
    return low or 0, high


def _number(reader: Reader) -> int | None:
    if reader.peek().kind != "number":
        return None
    text = reader.take().text
    if not text.isdecimal():
        raise reader.error(f"`{text}` is no whole number", "{n}, {n,}, {,n} or {n,m}")
    return int(text)


def _check_bounds(low: int, high: int | None) -> None:
    if low > INT_MAX or (high is not None and not 1 <= high <= INT_MAX):
        raise InvalidSql(
            f"A quantifier's bounds go from 0, the upper one from 1, to {INT_MAX}.",
            code="NUMERIC_VALUE_OUT_OF_RANGE",
            where={"field": FIELD},
            got=f"{{{low},{'' if high is None else high}}}",
        )
    if high is not None and low > high:
        raise InvalidSql(
            "A quantifier's lower bound is greater than its upper bound.",
            code="INVALID_RANGE",
            where={"field": FIELD},
            got=f"{{{low},{high}}}",
            expected=f"{{{high},{low}}}",
        )
