"""Comparisons that are no matter of more or less: equal, one of, missing, like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .clocks import Clocks
from .comparisons import AUX, EQUAL, LIKE, NOT, NULL, ORDERED, SET, UNEQUAL
from .names import PLACES, column_name, parts_of
from .phrase import Found, Phrase
from .tokens import Token
from .words import STATUS_COLUMNS, STATUS_WORDS, STOP, TYPE_COLUMNS, word_set

if TYPE_CHECKING:
    from sqlglot import exp
from .condition_clause import Clause
from .condition_columns import ENDS, column_tree
from .grouping import alike

_LIST_VALUE = r"(?:#str|#num|\w+)"


_VAGUE = word_set(
    "no none above below beyond exceeding slow fast late busy overloaded unhealthy hot cold bad "
    "strange"
)
"""Words that say how something is, and are the value of no key."""
_GRAMMAR = word_set("and or not null per then where like between within followed")
"""Words that are no value, however they are written."""
_OPEN_VALUE = r"#str|(?!(?:a|an|the|not|too|very|in|on|more|less)\b)[a-z]\w*"


_SAYS = (
    r"=|!=|is|are|was|were|equals?|equal to|becomes|became|set to|(?:is |are )?not|other than|"
    r"\w+ to"
)
"""What makes of two words a column and its value; `of` and `as` do not."""


class Equalities(Clocks):
    """Reads what a value is, or is not."""

    def _null(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        from sqlglot import exp

        found = phrase.at(rf"{AUX}(?P<set>{SET})", at)
        found = found or phrase.at(rf"{AUX}{NOT}(?P<null>{NULL})", at)
        if found is None:
            return self._has_none(phrase, at)
        column = self._before(phrase, found.start, floor)
        column = column or self._again(found.start, phrase, floor)
        column = column or self._spoken(phrase, found.start, floor)
        if column is None or (found.end - found.start < 2 and self.columns.open):
            return None
        self.last = self.told = column[0]
        is_null = exp.Is(this=column_tree(column[0]), expression=exp.Null())
        there = "set" in found.groups or "not" in found.groups
        more, start = self._listed(phrase, column[1], floor, list(self.columns.types))
        return Clause(start, found.end, alike(exp.Not(this=is_null) if there else is_null, more))

    def _has_none(self, phrase: Phrase, at: int) -> Clause | None:
        """`without an email`, `with a missing amount`, `no customer id`."""
        from sqlglot import exp

        found = phrase.at(
            (
                r"(?:without|has no|have no|lacks|lack|lacking|missing|with no|"
                r"with an? (?:missing|null|empty)|with missing|with null|with empty|null|"
                r"empty)(?: an?| the| its| their| any)?"
            ),
            at,
        )
        if found is None or found.end >= len(phrase):
            return None
        if self.columns.open and "_" in phrase.tokens[found.end].text:
            self.columns.make(phrase.tokens[found.end].text, "string")
        named = self.columns.named([t.norm for t in phrase.tokens[found.end : found.end + 4]])
        if named is None or phrase.at("#str", found.end + named.length):
            return None
        tree = exp.Is(this=column_tree(self._chosen(named)), expression=exp.Null())
        return Clause(at, found.end + named.length, tree)

    def _like(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        from sqlglot import exp

        for place, words in LIKE:
            found = phrase.at(
                (
                    rf"(?:does |do |is )?{NOT}(?:{words}) (?:the |word |"
                    r"text )*(?P<value>#str|\w+)"
                ),
                at,
            )
            if found is None:
                continue
            column = self._before(phrase, found.start, floor)
            column = column or self._again(found.start, phrase, floor)
            column = column or self._spoken(phrase, found.start, floor)
            if column is None:
                continue
            said = _said(found.groups["value"][0])
            if place == "like" and "%" not in said:
                continue
            self.told = column[0]
            value = exp.Literal.string(said)
            left = column_tree(column[0])
            kinds = {
                "like": exp.Like,
                "start": exp.StartsWith,
                "end": exp.EndsWith,
                "hold": exp.Contains,
            }
            tree: exp.Expr = kinds[place](this=left, expression=value)
            end = found.end
            while more := phrase.at(r"(?:, or|or|,) (?P<v>#str)(?! (?:is|=|in))", end):
                value = exp.Literal.string(_said(more.groups["v"][0]))
                other = kinds[place](this=left.copy(), expression=value)
                tree, end = exp.or_(tree, other, copy=False), more.end
            tree = exp.Paren(this=tree) if isinstance(tree, exp.Or) else tree
            return Clause(column[1], end, exp.Not(this=tree) if "not" in found.groups else tree)
        return None

    def _equal(self, phrase: Phrase, at: int, floor: int) -> Clause | None:
        unequal = phrase.at(rf"(?:{UNEQUAL})(?: (?:one of|any of|in|equal to|the))*(?: \()?", at)
        found = unequal or phrase.at(
            (
                rf"(?:{EQUAL})(?: (?:either|one of|any of|in|equal to|"
                r"exactly|the))*(?: \()?|(?:one of|any of|in) \(|in (?=#str)|"
                r"one of|any of|(?:changes|changed|switches|turns|becomes|goes|"
                r"set) to"
            ),
            at,
        )
        if found is None:
            return None
        column = self._before(phrase, found.start, floor)
        states = unequal and self.told == self.columns.status_column()
        if column is None and phrase.at(
            f"#str|{'|'.join(STATUS_WORDS)}" if states else "#str", found.end
        ):
            column = self._again(found.start, phrase, floor)
        if column is None and self._is_marked(phrase, found):
            column = self._spoken(phrase, found.start, floor)
        if column is None:
            return None
        values, end = self._values(phrase, found.end, column[0])
        if not values or self._told_of_thing(phrase, found, column[0]):
            return None
        self.told = column[0]
        return Clause(column[1], end, one_of(column[0], values, bool(unequal)))

    def _is_marked(self, phrase: Phrase, found: Found) -> bool:
        """Whether words say, where no columns are known, that one thing is the value of another:
        `country is US`, but not `a group of friends`."""
        value = phrase.part(found.end)
        if not value.at(_OPEN_VALUE) or not phrase.part(found.start, found.end).has(_SAYS):
            return False
        token = value.tokens[0]
        written = token.kind == "str" or not token.text.islower()
        column = phrase.tokens[found.start - 1].norm if found.start else ""
        named = "_" in column or column in (*TYPE_COLUMNS, *STATUS_COLUMNS, *PLACES)
        return written or named or token.norm in STATUS_WORDS | {"true", "false"}

    def _told_of_thing(self, phrase: Phrase, found: Found, column: str) -> bool:
        """`the order is placed` says nothing of an id."""
        value = phrase.tokens[found.end]
        plain = value.kind in ("word", "str") and not any(
            c.isdigit() or c == "_" for c in value.text
        )
        said = column_name(t.text for t in phrase.tokens[max(0, found.start - 3) : found.start])
        is_id = column in self.columns.key_candidates() or parts_of(column)[-1:] == ("id",)
        return plain and is_id and not said.endswith(column_name([column]))

    def _values(self, phrase: Phrase, at: int, column: str) -> tuple[list[exp.Expr], int]:
        """One value, or several with `or` and commas between them."""
        values: list[exp.Expr] = []
        while at < len(phrase):
            value, end = self._one(phrase, at, column)
            if value is None:
                break
            values.append(value)
            at = end
            closing = phrase.at(r"\)", at)
            if closing:
                return values, closing.end
            more = phrase.at(r"(?:, or|or|nor|,|, and|/)(?: an?| the)?", at)
            more = more or self._another(phrase, at)
            if more is None or not self._goes_on(phrase, more, column):
                break
            again = phrase.at(rf"{re.escape(column.lower())}(?= #str)", more.end)
            at = again.end if again else more.end
        return values, at

    def _another(self, phrase: Phrase, at: int) -> Found | None:
        """`US and CA`: another value that is written as values are."""
        more = phrase.at("and", at)
        token = phrase.tokens[at + 1] if more and at + 1 < len(phrase) else None
        before = phrase.tokens[at - 1]
        written = token is not None and (
            (token.kind == "str" and before.kind == "str")
            or (token.text.isupper() and len(token.text) > 1 and before.text.isupper())
        )
        return more if written and not phrase.at(rf"(?:{EQUAL}|[<>]|>=|<=|!=)", at + 2) else None

    def _goes_on(self, phrase: Phrase, more: Found, column: str) -> bool:
        """Whether another value follows a comma or `or`, and not another comparison or thought."""
        after = phrase.part(more.end, more.end + 5)
        codes = (
            after
            and after.tokens[0].text.isupper()
            and phrase.tokens[more.start - 1].text.isupper()
        )
        if codes and 1 < len(after.tokens[0].text) < 4:
            return True
        if not after or (after.tokens[0].norm in ENDS and not after.tokens[0].text.isupper()):
            return False
        if phrase.tokens[more.start].norm == "," and not phrase.part(more.end).at(
            rf"{_LIST_VALUE}(?: , {_LIST_VALUE})*(?: ,)? (?:or|and) |"
            rf"{_LIST_VALUE}(?: , {_LIST_VALUE})* \)|#str"
        ):
            listed = phrase.part(more.end).find(
                rf"^{_LIST_VALUE}(?: , {_LIST_VALUE}){{0,20}}(?: ,)? or {_LIST_VALUE}|^#str"
            )
            if listed is None:
                return False
        if (next_part := after.find(r"and|or|,")) and next_part.start:
            after = after.part(0, next_part.start)
        comparison = after.find(
            rf"(?:{EQUAL}|{ORDERED[2][1]}|{ORDERED[3][1]}|at least|at most|has|have)"
        )
        return comparison is None or comparison.start == 0 or comparison.start > 3

    def _one(self, phrase: Phrase, at: int, column: str) -> tuple[exp.Expr | None, int]:  # noqa: PLR0911 - the cases of a grammar
        from sqlglot import exp

        token = phrase.tokens[at]
        kind = self.columns.types.get(column, "string").lower()
        if token.norm in ("true", "false") and (kind == "boolean" or self.columns.open):
            return exp.Boolean(this=token.norm == "true"), at + 1
        if token.kind in ("num", "dur") and token.norm != "#str":
            if kind == "string" and not self.columns.open:
                return exp.Literal.string(_said(token)), at + 1
            return self._literal(token, column), at + 1
        if token.kind in ("str", "name"):
            return exp.Literal.string(_said(token)), at + 1
        listed = token.norm == "us" and phrase.tokens[at - 1].norm in (",", "or", "of", "in", "(")
        if token.norm in _VAGUE and column in self.columns.key_candidates():
            return None, at
        end = phrase.end_of_hyphenated(at)
        listed = listed or end > at + 1
        if token.kind != "word" or kind == "boolean" or not (listed or _may_be_value(token)):
            return None, at
        if kind != "string" and not self.columns.open:
            return None, at
        if end > at + 1:
            said = "-".join(t.text for t in phrase.tokens[at:end])
            return exp.Literal.string(self._known_value(column, said)), end
        capital = token.text[:1].isupper()
        while capital and end < len(phrase) and phrase.tokens[end].text[:1].isupper():
            end += 1
        said = " ".join(t.text for t in phrase.tokens[at:end])
        return exp.Literal.string(self._known_value(column, said)), end

    def _known_value(self, column: str, said: str) -> str:
        """A value as it is written where values are known: `failed` may be `FAILED`."""
        by_lower = {value.lower(): value for value in self.columns.values.get(column, ())}
        return by_lower.get(said.lower(), said)


def _may_be_value(token: Token) -> bool:
    """Whether a word may be a value: `US` may, `us` and `AND` not."""
    if token.norm in _GRAMMAR:
        return False
    return token.norm not in STOP or (token.text.isupper() and len(token.text) > 1)


def one_of(name: str, values: Sequence[exp.Expr], negated: bool) -> exp.Expr:
    """A column equal, or not, to one of some values."""
    from sqlglot import exp

    left = column_tree(name)
    if len(values) == 1:
        return (exp.NEQ if negated else exp.EQ)(this=left, expression=values[0])
    tree = exp.In(this=left, expressions=list(values))
    return exp.Not(this=tree) if negated else tree


def _said(token: Token) -> str:
    return str(token.value) if token.kind == "str" else token.text
