"""Comparisons by place, currency or sign: `from outside the US`, `in EUR`, `negative`."""

from __future__ import annotations

from .comparisons import AUX, NOT
from .condition_clause import Clause
from .condition_columns import column_tree
from .equalities import Equalities, one_of
from .names import PLACES, parts_of
from .phrase import Phrase
from .words import CURRENCIES


class PlacesAndSigns(Equalities):
    """Reads what a value is where no comparison is spelt out."""

    def _somewhere(self, phrase: Phrase, at: int, _floor: int) -> Clause | None:
        """`from outside the US`, `in Germany`: a place, where a column says where."""
        found = phrase.at(
            r"(?:(?:made|coming|sent|that|is|are|not|from|located|based|done) ){0,4}"
            r"(?P<how>outside(?: of)?|inside|from|in|within)(?: the)? (?P<v>#str|\w+)",
            at,
        )
        value = found.groups["v"][0] if found else None
        if found is not None and value is not None and value.text in CURRENCIES:
            names = [n for n in self.columns.of_type("string") if "currency" in parts_of(n)]
            values, end = self._values(phrase, found.end - 1, names[0]) if names else ([], 0)
            return Clause(at, end, one_of(names[0], values, False)) if values else None
        names = [n for n in self.columns.of_type("string") if PLACES & set(parts_of(n))]
        if found is None or value is None or len(names) != 1:
            return None
        known = value.text.lower() in {v.lower() for v in self.columns.values.get(names[0], ())}
        code = value.text.isupper() and len(value.text) in (2, 3)
        outside = phrase.part(found.start, found.end).has("outside|not")
        if not (known or code or (outside and value.text[:1].isupper())):
            return None
        values, end = self._values(phrase, found.end - 1, names[0])
        return Clause(at, end, one_of(names[0], values, outside)) if values else None

    def _signed(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        """`the amount is negative`, `missing or negative`."""
        from sqlglot import exp

        found = phrase.at(rf"{AUX}{NOT}(?P<sign>positive|negative|zero)", at)
        column = self._before(phrase, found.start, floor) if found else None
        if found is None:
            return None
        joined = found.start == floor + 1 and phrase.tokens[floor].norm in ("or", "and")
        if column is None and joined and self.last:
            column = self.last, found.start
        if column is None or column[0] not in self.columns.numeric():
            return None
        kinds = {"positive": exp.GT, "negative": exp.LT, "zero": exp.EQ}
        kind = kinds[found.groups["sign"][0].norm]
        tree = kind(this=column_tree(column[0]), expression=exp.Literal.number(0))
        opposite = {exp.GT: exp.LTE, exp.LT: exp.GTE, exp.EQ: exp.NEQ}
        if "not" in found.groups:
            tree = opposite[kind](this=tree.this, expression=tree.expression)
        return Clause(column[1], found.end, tree)
