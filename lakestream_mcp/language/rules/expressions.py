"""Arithmetic in words or signs, as a SQL tree: `price times quantity`, `amount * 1.2`."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .measure_words import plain_number
from .names import column_name
from .phrase import Phrase
from .scene import Scene
from .words import STOP

if TYPE_CHECKING:
    from sqlglot import exp

_SIGNS = (
    ("*", r"\*|times|multiplied by|x"),
    ("/", r"/|divided by|over"),
    ("+", r"\+|plus"),
    ("-", r"-|minus"),
)
MAX_TERMS = 40


def expression(scene: Scene, phrase: Phrase) -> tuple[exp.Expr | None, int]:
    """The arithmetic that a phrase begins with, and where it ends; None for anything else."""
    from ...errors import LakestreamError
    from ...relational.sql import parse_expression

    first = phrase.tokens[0] if phrase else None
    if first is not None and first.kind == "str" and first.text[:1] == "`":
        try:
            return parse_expression(str(first.value), None), 1
        except LakestreamError as error:
            scene.talk.ask(f"`{first.text[:80]}` is no expression: {error.message}")
            return None, 0
    return _sum(scene, phrase)


def _sum(scene: Scene, phrase: Phrase) -> tuple[exp.Expr | None, int]:
    """Terms by precedence: a sum of products."""
    from sqlglot import exp

    total, at = _product(scene, phrase, 0)
    kinds = {"+": exp.Add, "-": exp.Sub}
    for _ in range(MAX_TERMS):
        sign = _sign(phrase, at, "+-")
        if total is None or sign is None:
            break
        value, end = _product(scene, phrase, sign[1])
        if value is None:
            break
        total, at = kinds[sign[0]](this=total, expression=value), end
    return total, at


def _product(scene: Scene, phrase: Phrase, at: int) -> tuple[exp.Expr | None, int]:
    from sqlglot import exp

    total, at = _term(scene, phrase, at)
    kinds = {"*": exp.Mul, "/": exp.Div}
    for _ in range(MAX_TERMS):
        sign = _sign(phrase, at, "*/")
        if total is None or sign is None:
            break
        value, end = _term(scene, phrase, sign[1])
        if value is None:
            break
        total, at = kinds[sign[0]](this=total, expression=value), end
    return total, at


def _sign(phrase: Phrase, at: int, signs: str) -> tuple[str, int] | None:
    for sign, words in _SIGNS:
        found = phrase.at(words, at)
        if sign in signs and found:
            return sign, found.end
    return None


def _term(scene: Scene, phrase: Phrase, at: int) -> tuple[exp.Expr | None, int]:
    from sqlglot import exp

    from ...relational.sql import column

    skip = phrase.at(r"(?:the|a)", at)
    at = skip.end if skip else at
    if at >= len(phrase):
        return None, at
    token = phrase.tokens[at]
    if token.kind in ("num", "times") and token.norm != "#pct":
        text = plain_number(Fraction(token.value))
        number = exp.Literal.number(text.lstrip("-"))
        if token.kind == "times":  # `3 times the price`
            value, end = _term(scene, phrase, at + 1)
            return (
                (exp.Mul(this=number, expression=value), end) if value is not None else (None, at)
            )
        return (exp.Neg(this=number) if text.startswith("-") else number), at + 1
    if token.kind == "str" and token.text[:1] != "`":
        return exp.Literal.string(str(token.value)), at + 1
    words = [t.norm for t in phrase.tokens[at : at + 4] if t.kind in ("word", "name")]
    named = scene.columns.named(words) if words and words[0] not in STOP else None
    if named is None and scene.columns.open and words and words[0] not in STOP:
        named = scene.columns.named([scene.columns.make(column_name([words[0]]), "double")])
    if named is None:
        return None, at
    if len(named.names) > 1:
        scene.talk.ask(f"Which column is `{words[0]}`?", named.names)
    return column(named.name), at + named.length
