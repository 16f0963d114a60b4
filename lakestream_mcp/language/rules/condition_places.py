"""Comparisons by place, currency or sign: `from outside the US`, `in EUR`, `negative`."""

from __future__ import annotations

from .comparisons import AUX, NOT, NULL
from .condition_clause import Clause
from .condition_columns import column_tree
from .equalities import Equalities, one_of
from .names import PLACES, parts_of
from .phrase import Phrase, means_something
from .words import COUNTRIES, CURRENCIES

_VALUE_ENDS = ("only", "and", "or", ",", "alone", ".", ")", "too", "to", "into")


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
            denied = phrase.part(found.start, found.end).has("outside|not")
            return Clause(at, end, one_of(names[0], values, denied)) if values else None
        names = [n for n in self.columns.of_type("string") if PLACES & set(parts_of(n))]
        if found is None:
            return self._code(phrase, at)
        if found is None or value is None or len(names) != 1:
            return None
        said = str(value.value) if value.kind == "str" else value.text
        known = said.lower() in {v.lower() for v in self.columns.values.get(names[0], ())}
        code = said.isupper() and len(said) in (2, 3)
        outside = phrase.part(found.start, found.end).has("outside|not")
        if not (known or code or (outside and said[:1].isupper())):
            return None
        values, end = self._values(phrase, found.end - 1, names[0])
        return Clause(at, end, one_of(names[0], values, outside)) if values else None

    def _code(self, phrase: Phrase, at: int) -> Clause | None:
        """`keep EUR only`, `US logins`: a bare code, where one column has such values."""
        token = phrase.tokens[at]
        if token.kind != "word" or not token.text.isupper() or len(token.text) not in (2, 3):
            return None
        about = {"currency"} if token.text in CURRENCIES else PLACES
        if about is PLACES and token.text not in COUNTRIES:
            return None
        names = [n for n in self.columns.of_type("string") if about & set(parts_of(n))]
        if len(names) != 1 or self.columns.open:
            return None
        negated = at > 0 and phrase.tokens[at - 1].norm in ("not", "non", "except", "excluding")
        values, end = self._values(phrase, at, names[0])
        start = at - 1 if negated else at
        return Clause(start, end, one_of(names[0], values, negated)) if values else None

    def _direct(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        """`status 'failed'`, `of type purchase`: the value comes right after its column."""
        if at < floor or self.columns.open:
            return None
        named = self.columns.named([t.norm for t in phrase.tokens[at : at + 4]])
        end = at + named.length if named else 0
        if named is None or len(named.names) > 1 or end >= len(phrase):
            return None
        value = phrase.tokens[end]
        if phrase.at(r"(?:does not |do not )?(?:starts?|begins?|ends?|contains?|includes?)", end):
            return None
        before = phrase.tokens[at - 1].norm if at else ""
        if value.norm in ("views", "visits", "hits", "loads") or phrase.at(NULL, end):
            return None
        said = before in ("of", "with", "where", "whose", "having") and means_something(value)
        exact = named.length == 1 and phrase.tokens[at].norm == named.name.lower()
        led = at == 0 or before in ("and", "or", ",", "only", "keep", "drop", ":", ";")
        ends = end + 1 >= len(phrase) or phrase.tokens[end + 1].norm in _VALUE_ENDS
        said = said or (led and ends and exact and means_something(value))
        said = said or (
            before in ("in", "for", "on", "at", "from") and exact and means_something(value)
        )
        kinds = (self.columns.kind_column(), self.columns.status_column())
        text = (
            exact
            and self.columns.types[named.name] == "string"
            and named.name not in self.columns.key_candidates()
        )
        word = value.kind == "word" and said and (named.name in kinds or text)
        word = word or (exact and text and value.text.isupper() and len(value.text) > 1)
        word = word or (value.kind == "word" and "-" in value.text and value.text[0].isupper())
        if (
            value.norm != "#str"
            and not word
            and not (value.norm in ("#num", "true", "false") and said)
        ):
            return None
        values, end = self._values(phrase, end, named.name)
        self.told = named.name
        return Clause(at, end, one_of(named.name, values, False)) if values else None

    def _exact(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        """`a $1 payment`, `a payment of $500`: an amount that nothing compares."""
        from sqlglot import exp

        found = phrase.at(r"(?:(?:of|for) )?(?P<value>#num)", at)
        value = found.groups["value"][0] if found else None
        if (
            found is None
            or value is None
            or value.unit != "money"
            or phrase.at("and|to|-", found.end)
        ):
            return None
        column = self._column(phrase, found, floor, value)
        if column is None:
            return None
        tree = exp.EQ(this=column_tree(column[0]), expression=self._literal(value, column[0]))
        return Clause(column[1], max(found.end, column[2]), tree)

    def _signed(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        """`the amount is negative`, `missing or negative`."""
        from sqlglot import exp

        found = phrase.at(rf"{AUX}{NOT}(?P<sign>non negative|positive|negative|zero)", at)
        column = self._before(phrase, found.start, floor) if found else None
        if found is None:
            return None
        end = found.end
        joined = found.start == floor + 1 and phrase.tokens[floor].norm in ("or", "and")
        if column is None and joined and self.last:
            column = self.last, found.start
        after = self.columns.exactly([t.norm for t in phrase.tokens[end : end + 1]])
        if column is None and after is not None:
            column, end = (after.name, found.start), end + 1
        if column is None or column[0] not in self.columns.numeric():
            return None
        self.told = column[0]
        kinds = {"positive": exp.GT, "negative": exp.LT, "zero": exp.EQ}
        said = found.groups["sign"][0].norm
        kind = exp.GTE if said == "non" else kinds[said]
        tree = kind(this=column_tree(column[0]), expression=exp.Literal.number(0))
        opposite = {exp.GT: exp.LTE, exp.LT: exp.GTE, exp.EQ: exp.NEQ, exp.GTE: exp.LT}
        if "not" in found.groups:
            tree = opposite[kind](this=tree.this, expression=tree.expression)
        return Clause(column[1], end, tree)
