"""Columns of truth values as conditions, and numbers told by how far another column is off."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .comparisons import AUX, NULL, SET
from .condition_clause import Clause
from .condition_columns import column_tree
from .condition_places import PlacesAndSigns
from .measure_words import plain_number
from .phrase import Found, Phrase

if TYPE_CHECKING:
    from sqlglot import exp

_FLAG = (
    r"(?:(?:that|which|who|is|are|was|were|be|been) )*(?P<not>not |never |non )?"
    r"(?:(?:yet|marked|flagged|as|a|an|the) )*(?P<c>[a-z_]\w*)"
)
_CALLED = (
    r"(?:(?:that|which|who|is|are|was|were|be|been) )*(?P<not>not |never |non )?(?P<c>[a-z_]\w*)"
)
"""A column that is called like what fills a phrase: `flagged`, `marked`."""
_TRUTH = (
    r"(?:(?:is|are|was|=|both|must|be|equals?|to|set|turns?|becomes?|goes) )*(?P<not>not )?"
    r"(?P<v>true|false)"
)
_OTHERWISE_TOLD = rf"{AUX}(?:not )?(?:{NULL}|{SET}|=|!=|in)|to|as"
_UP = r"(?:above|over|higher than|more than|greater than|larger than|bigger than|beyond)"
_DOWN = r"(?:below|under|lower than|less than|smaller than|beneath)"
_BY = r"(?P<how>more than|over|above|at least|>=|>|less than|under|at most)? ?(?P<n>#num|#pct)"
_THE = r"(?:(?:the|its|their|of|value|column) )*"
_APART = rf"{AUX}(?:by )?{_BY} (?P<way>{_UP}|{_DOWN}) {_THE}(?P<c>[a-z_]\w*)"
_EXCEEDS = rf"{AUX}(?P<way>exceeds?|{_UP}|{_DOWN}) {_THE}(?P<c>[a-z_]\w*) by {_BY}"
_TIMES = (
    rf"{AUX}(?P<how>at least|>=|>|{_UP}|exceeds?|<|{_DOWN}) "
    rf"(?P<n>twice|double|triple|half|#factor|#times|#pct(?= of))(?P<of> of)? {_THE}"
    r"(?P<c>[a-z_]\w*)"
)
_FACTORS = {word: Fraction(n) for word, n in (("twice", 2), ("double", 2), ("triple", 3))}
_FACTORS["half"] = Fraction(1, 2)


class Flags(PlacesAndSigns):
    """Reads truth values, and columns that are held against others."""

    def _flag(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        """`delayed but not cancelled`, `active = true`: a column that is a condition itself."""
        from sqlglot import exp

        found = phrase.at(_FLAG, at) if at >= floor and not self.columns.open else None
        named = self.columns.exactly([found.groups["c"][0].norm]) if found else None
        if found is not None and named is None:
            found = phrase.at(_CALLED, at)
            named = self.columns.exactly([found.groups["c"][0].norm]) if found else None
        if found is None or named is None or named.name not in self.columns.of_type("boolean"):
            return None
        told = phrase.at(_TRUTH, found.end)
        if told is None and phrase.at(_OTHERWISE_TOLD, found.end):
            return None
        false = told is not None and told.groups["v"][0].norm == "false"
        denied = ("not" in found.groups) ^ bool(told and "not" in told.groups) ^ false
        column = column_tree(named.name)
        end = told.end if told else found.end
        self.told = named.name
        return Clause(at, end, exp.Not(this=column) if denied else column)

    def _relative(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        """`more than 20 % above planned`, `exceeds the limit by 5`, `over twice the price`."""
        from sqlglot import exp

        if self.columns.open:
            return None
        found = phrase.at(_APART, at) or phrase.at(_EXCEEDS, at) or phrase.at(_TIMES, at)
        other = self.columns.exactly([found.groups["c"][0].norm]) if found else None
        column = self._before(phrase, found.start, floor) if found else None
        numbers = self.columns.numeric()
        if found is None or other is None or column is None:
            return None
        if other.name == column[0] or not {other.name, column[0]} <= {*numbers}:
            return None
        how = found.groups.get("how", ())
        up = Phrase(found.groups.get("way", how)).has(rf"{_UP}|exceeds?|>|>=|at least")
        equal = Phrase(how).has("at least|>=|at most")
        kind = (exp.GTE if equal else exp.GT) if up else (exp.LTE if equal else exp.LT)
        tree = kind(this=column_tree(column[0]), expression=_off(found, other.name, up))
        return Clause(column[1], found.end, tree)


def _off(found: Found, name: str, up: bool) -> exp.Expr:
    """A column with the share or the number that another is to be away from it."""
    from sqlglot import exp

    token, column = found.groups["n"][0], column_tree(name)
    if token.norm == "#num":
        number = exp.Literal.number(plain_number(Fraction(token.value)))
        return (exp.Add if up else exp.Sub)(this=column, expression=number)
    if token.norm == "#pct" and found.groups.get("of"):
        factor = Fraction(token.value) / 100
    elif token.norm == "#pct":
        share = Fraction(token.value) / 100
        factor = 1 + share if up else 1 - share
    else:
        factor = Fraction(_FACTORS.get(token.norm) or token.value)
    return exp.Mul(this=column, expression=exp.Literal.number(plain_number(factor)))
