"""Arithmetic in words or signs, as a SQL tree: `price times quantity`, `amount * 1.2`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

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
_Read: TypeAlias = "tuple[exp.Expr | None, int]"


def expression(scene: Scene, phrase: Phrase) -> _Read:
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
    return _terms(scene, phrase, 0, ("+-", "*/"))


def _terms(scene: Scene, phrase: Phrase, at: int, signs: Sequence[str]) -> _Read:
    """Terms with signs between them, the first of which binds loosest."""
    from sqlglot import exp

    if not signs:
        return _term(scene, phrase, at)
    kinds = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div}
    total, at = _terms(scene, phrase, at, signs[1:])
    for _ in range(MAX_TERMS):
        sign = _sign(phrase, at, signs[0])
        if total is None or sign is None:
            break
        value, end = _terms(scene, phrase, sign[1], signs[1:])
        if value is None:
            break
        total, at = kinds[sign[0]](this=total, expression=value), end
    return total, at


def _share(scene: Scene, phrase: Phrase, at: int) -> _Read:
    """`2 percent of the amount`."""
    from sqlglot import exp

    value, end = _term(scene, phrase, at + 2)
    if value is None:
        return None, at
    share = plain_number(Fraction(phrase.tokens[at].value) / 100)
    return exp.Mul(this=value, expression=exp.Literal.number(share)), end


def _sign(phrase: Phrase, at: int, signs: str) -> tuple[str, int] | None:
    for sign, words in _SIGNS:
        found = phrase.at(words, at)
        if sign in signs and found:
            return sign, found.end
    return None


def _term(  # noqa: PLR0911 - the cases of a grammar
    scene: Scene, phrase: Phrase, at: int
) -> _Read:
    from sqlglot import exp

    from ...relational.sql import column

    skip = phrase.at(r"(?:the|a)", at)
    at = skip.end if skip else at
    if at >= len(phrase):
        return None, at
    token = phrase.tokens[at]
    if token.norm == "(":
        value, end = _terms(scene, phrase, at + 1, ("+-", "*/"))
        closed = value is not None and phrase.at(r"\)", end) is not None
        return (exp.Paren(this=value), end + 1) if closed else (None, at)
    if token.norm == "#pct" and phrase.at("of", at + 1):
        return _share(scene, phrase, at)
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
