"""Comparisons in a phrase, read into SQL trees. No SQL is pasted: values become literals."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .comparisons import AFTER, AUX, NEGATED, NOT, ORDERED, QUICK, SLOW, VALUE
from .measure_words import plain_number
from .phrase import Found, Phrase
from .tokens import Token
from .words import word_set

if TYPE_CHECKING:
    from sqlglot import exp
from .condition_clause import Clause
from .condition_columns import column_tree
from .flags import Flags
from .grouping import alike, grouped, joined
from .written import nested

_MORE = r"(?P<sign>\*|\+|-|/|times|plus|minus|multiplied by|divided by) (?P<factor>#num)"
"""What a column is multiplied with, or what is added to it, before another is held against it."""


_OPENS = word_set(", and or but ( : ; where with only keep that are")
_IN_ORDER = r"#dur|#time|then|followed|after|before"


class Conditions(Flags):
    """Reads comparisons over some columns."""

    def only(self, phrase: Phrase) -> exp.Expr | None:
        """The comparisons of a phrase joined, where nothing else in it matters."""
        found = self.clauses(phrase)
        if not found:
            return None
        phrase.use(0, found[0].start)
        return joined(phrase, found)

    def clauses(self, phrase: Phrase) -> list[Clause]:
        """The comparisons of a phrase, in order."""
        found: list[Clause] = []
        at = 0
        while at < len(phrase):
            clause = self._clause(phrase, at, found[-1].end if found else 0)
            if clause is None:
                at += 1
                continue
            clause = self._denied(phrase, clause, found[-1].end if found else 0)
            phrase.use(clause.start, clause.end)
            if found and self._is_carried(phrase, found[-1], clause):
                clause = _either(found.pop(), clause)
            found.append(clause)
            self.compared = True
            at = clause.end
        return grouped(phrase, found)

    def _denied(self, phrase: Phrase, clause: Clause, floor: int) -> Clause:
        """`and not status = 'declined'`, `, not currency 'USD'`: the opposite, where a `not`
        stands right before a column and nothing is told in order."""
        from sqlglot import exp

        at = clause.start - 1
        column = self.columns.exactly([phrase.tokens[clause.start].norm])
        if at < floor or phrase.tokens[at].norm != "not" or column is None:
            return clause
        opens = at == floor or phrase.tokens[at - 1].norm in _OPENS
        if not opens or phrase.has(_IN_ORDER):
            return clause
        return clause._replace(start=at, tree=exp.Not(this=exp.Paren(this=clause.tree)))

    def _is_carried(self, phrase: Phrase, before: Clause, clause: Clause) -> bool:
        """Whether a comparison is of the column before it, `is 'a' or is null`, or explains it."""
        from sqlglot import exp

        gap, sides = phrase.part(before.end, clause.start), (before.tree, clause.tree)
        names = [{c.name for c in side.find_all(exp.Column)} for side in sides]
        own = self.columns.exactly([phrase.tokens[clause.start].norm])
        if gap.text == "(" and before.tree.sql() == clause.tree.sql():
            return True
        return gap.text == "or" and names[0] == names[1] and len(names[0]) == 1 and own is None

    def _clause(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        """A comparison whose sign is at a place; its column is before, or after."""
        for read in (
            self._written,
            self._clock,
            self._relative,
            self._between,
            self._ordered,
            self._after,
            self._somewhere,
            self._signed,
            self._null,
            self._like,
            self._equal,
            self._direct,
            self._exact,
            self._flag,
        ):
            clause = read(phrase, at, floor)
            if clause is not None:
                return clause
        return None

    def _written(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        """A condition in SQL with brackets or arithmetic."""
        return nested(phrase, at, self.columns) if at >= floor else None

    def _between(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        cue = (
            rf"{AUX}{NOT}(?:between|in the range|in the range of|in "
            rf"range|out of range|outside(?: of)?(?: the range)?(?: of)?) (?P<low>{VALUE}) "
            rf"(?:(?:and|to|-) )?(?P<high>{VALUE})"
        )
        found = phrase.at(cue, at)
        if found is None:
            return None
        from sqlglot import exp

        low, high = found.groups["low"][0], found.groups["high"][0]
        column = self._column(phrase, found, floor, high)
        if column is None:
            return None
        self.told = column[0]
        values = [self._literal(token, column[0]) for token in (low, high)]
        outside = phrase.part(found.start, found.end).has("outside|out")
        tree: exp.Expr = exp.Between(this=column_tree(column[0]), low=values[0], high=values[1])
        tree = exp.Not(this=tree) if outside or "not" in found.groups else tree
        return Clause(column[1], max(found.end, column[2]), tree)

    def _ordered(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        for sign, words in ORDERED:
            found = self._two_columns(phrase, at, words)
            if found is None:
                cue = rf"{AUX}{NOT}{AUX}(?:{words}) (?:(?:the|a|an) )?"
                found = phrase.at(rf"{cue}(?P<value>{VALUE})", at)
            if found is None:
                continue
            meant = NEGATED[sign] if "not" in found.groups else sign
            return self._compared(phrase, found, floor, meant)
        return None

    def _two_columns(self, phrase: Phrase, at: int, words: str) -> Found | None:
        """`exceeds the limit`: the other side is a column."""
        if self.columns.open:
            return None
        found = phrase.at(
            (
                rf"{AUX}{NOT}(?:{words}) (?:(?:#times|#factor) "
                r")?(?:the |its |their )?(?P<value>\w+)"
            ),
            at,
        )
        if found is None:
            return None
        place = found.end - 1
        named = self.columns.named([t.norm for t in phrase.tokens[place : place + 4]])
        if named is None or not set(named.names) & set(self.columns.numeric()):
            return None
        end = place + named.length
        groups = {**found.groups, "value": phrase.tokens[place:end]}
        more = phrase.at(_MORE, end)
        groups |= more.groups if more else {}
        return Found(found.start, more.end if more else end, groups)

    def _after(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        for sign, words in AFTER:
            found = phrase.at(rf"{AUX}(?P<value>{VALUE}) (?:{words})", at)
            if found is not None:
                return self._compared(phrase, found, floor, sign)
        return None

    def _compared(self, phrase: Phrase, found: Found, floor: int, sign: str) -> Clause | None:
        from sqlglot import exp

        value = found.groups["value"]
        if value[0].kind == "dur" and phrase.has(r"per|average|avg|mean|percentile|p\d+"):
            return None
        if (
            value[0].kind == "dur"
            and not self.columns.of_unit("time")
            and not self._timed(phrase, found, floor)
        ):
            return None
        column = self._column(phrase, found, floor, value[0])
        if column is None:
            return None
        self.last = self.told = column[0]
        said = phrase.part(found.start, found.end)
        if value[0].kind == "dur" and said.has(f"{SLOW}|{QUICK}"):
            sign = ">" if said.has(SLOW) else "<"
        kinds = {">": exp.GT, ">=": exp.GTE, "<": exp.LT, "<=": exp.LTE, "=": exp.EQ, "!=": exp.NEQ}
        right = self._value(phrase, found, column[0])
        if right is None:
            return None
        left, begins = self._computed(phrase, column[0], column[1], floor)
        tree = kinds[sign](this=left, expression=right)
        more, start = self._listed(phrase, begins, floor, self.columns.numeric())
        return Clause(start, max(found.end, column[2]), alike(tree, more))

    def _computed(self, phrase: Phrase, column: str, at: int, floor: int) -> tuple[exp.Expr, int]:
        """`price * quantity < 9`: a column with the one before its sign, and where that begins."""
        from sqlglot import exp

        left = self._sized(column)
        found = phrase.at(r"(?P<other>\w+) (?P<sign>[*/+-])", at - 2) if at - 2 >= floor else None
        other = self.columns.exactly([found.groups["other"][0].norm]) if found else None
        if found is None or other is None or other.name not in self.columns.numeric():
            return left, at
        kinds = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div}
        kind = kinds[found.groups["sign"][0].norm]
        return kind(this=column_tree(other.name), expression=left), at - 2

    def _value(self, phrase: Phrase, found: Found, column: str) -> exp.Expr | None:
        from sqlglot import exp

        value = found.groups["value"]
        if value[0].kind in ("num", "dur", "times"):
            return self._literal(value[0], column)
        named = self.columns.named([t.norm for t in value])
        if named is None or named.name == column:
            return None
        if sign := found.groups.get("sign"):
            return _sum(column_tree(named.name), sign[0].norm, found.groups["factor"][0])
        times = phrase.part(found.start, found.end).find("#times|#factor")
        other: exp.Expr = column_tree(named.name)
        if times is not None:
            factor = plain_number(Fraction(phrase.tokens[found.start + times.start].value))
            other = exp.Mul(this=other, expression=exp.Literal.number(factor))
        return other


def _sum(column: exp.Expr, sign: str, number: Token) -> exp.Expr:
    """A column with a number beside it: `limit * 1.25`, `limit plus 5`."""
    from sqlglot import exp

    kinds = {"*": exp.Mul, "times": exp.Mul, "multiplied": exp.Mul, "/": exp.Div}
    kinds |= {"divided": exp.Div, "+": exp.Add, "plus": exp.Add}
    literal = exp.Literal.number(plain_number(Fraction(number.value)))
    return kinds.get(sign, exp.Sub)(this=column, expression=literal)


def _either(first: Clause, second: Clause) -> Clause:
    """Two comparisons of one column, of which one is to be true; one where both say the same."""
    from sqlglot import exp

    if first.tree.sql() == second.tree.sql():
        return Clause(first.start, second.end, first.tree)
    tree = exp.or_(first.tree, second.tree, copy=False)
    return Clause(first.start, second.end, exp.Paren(this=tree))
