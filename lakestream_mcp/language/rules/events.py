"""A phrase for one kind of event, such as `three failed logins` or `an order over $100`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .condition_clause import Clause
from .names import column_name, singular
from .phrase import Phrase, means_something
from .tokens import Token
from .words import STATUS_WORDS

if TYPE_CHECKING:
    from sqlglot import exp
from .counts import counted
from .event_kinds import EventKinds

_OPTIONAL = r"optionally|possibly|maybe|perhaps|optional|may or may not"


_VERBS = (
    (r"(?:fails|failed|failing|fail) to (?:log|sign) (?:in|on)", "failed login"),
    (
        r"(?:fails|failed|failing|fail) (?:a|the|their|his|her) (?:login|sign in|logon)",
        "failed login",
    ),
    (r"(?:log|sign) (?:in|on)s? (?:fails|failed|failures?)", "failed login"),
    (r"(?:fails|failed|fail) to pay", "failed payment"),
    (r"(?:logs|log|logged|logging|signs|sign|signed|signing) (?:in|on|ins)", "login"),
    (r"(?:logs|log|logged|signs|sign|signed) (?:out|off)", "logout"),
    (r"(?:signs|sign|signed) up", "signup"),
    (r"(?:checks|check|checked) out", "checkout"),
    (r"login (?:failures?|fails)", "failed login"),
)
"""Verbs that are better known as nouns."""


class Event(NamedTuple):
    """A kind of event: its name, its condition if any, and how often it comes."""

    name: str
    where: exp.Expr | None
    low: int = 1
    high: int | None = 1
    negated: bool = False
    optional: bool = False
    counted: bool = False


class Events(EventKinds):
    """Reads phrases for events over some columns, of which some are the key."""

    def read(self, phrase: Phrase) -> Event:
        """The event of a phrase; one without a condition for words that say nothing."""
        optional = phrase.take(_OPTIONAL)
        phrase = _nouns(phrase.without(optional))
        count, phrase = counted(phrase)
        where, words = self.condition(phrase)
        name = column_name(words[:4]) if words else _name_of(where)
        low, high = count or (1, 1)
        return Event(
            name, where, low, high, optional=optional is not None, counted=count is not None
        )

    def condition(self, phrase: Phrase) -> tuple[exp.Expr | None, list[str]]:
        """What must be true of an event, and the words that name it."""
        phrase = _nouns(phrase)
        self.used = phrase.used
        if raw := self._raw(phrase):
            return raw, []
        clauses = self.conditions.clauses(phrase)
        groups = _alternatives(phrase, clauses)
        named = [self._words(group) for group in groups]
        _share_noun(named)
        trees: list[exp.Expr] = []
        words: list[str] = []
        for group, said in zip(groups, named, strict=True):
            told = _trees(group)
            kinds = [] if self._is_told(told) else self._kind(said, not clauses)
            kinds = [] if _columns(kinds) & _columns(told) else kinds
            tree = self._all([*kinds, *told])
            if tree is not None:
                trees.append(tree)
            named_by = [t for t in said if not self._subject(t, said)] or said
            words += [singular(t.norm) if t.kind == "word" else str(t.value) for t in named_by]
        return _any(trees), list(dict.fromkeys(words))

    def _is_told(self, trees: Sequence[exp.Expr]) -> bool:
        """Whether comparisons say already what sort of event it is."""
        from sqlglot import exp

        kinds = (self.columns.kind_column(), self.columns.status_column())
        only = [name for name in kinds if name]
        said = {t.this.name for t in trees if isinstance(t, exp.EQ | exp.In | exp.NEQ)}
        return bool(only) and bool(said & set(only[:1]))

    def _raw(self, phrase: Phrase) -> exp.Expr | None:
        """SQL in back-quotes that is an expression over the columns; the guard reads it."""
        from ...errors import LakestreamError
        from ...relational.sql import parse_expression

        for token in phrase.tokens:
            if (
                token.norm == "#str"
                and token.text[:1] == "`"
                and re.search(r"[^\w.-]", token.value)
            ):
                try:
                    tree = parse_expression(token.value, None)
                except LakestreamError as error:
                    self.talk.ask(f"`{token.value[:80]}` is no condition: {error.message}")
                    return None
                phrase.use()
                return tree
        return None

    def _all(self, trees: Iterable[exp.Expr]) -> exp.Expr | None:
        from sqlglot import exp

        kept = list(trees)
        return exp.and_(*kept, copy=False) if kept else None

    def _words(self, group: Sequence[Token | Clause]) -> list[Token]:
        """The words of a group that say what sort of event it is."""
        tokens = [item for item in group if isinstance(item, Token)]
        words = [t for t in tokens if t.kind in ("word", "str", "name") and means_something(t)]
        if not words:
            return []
        first, last = tokens.index(words[0]), tokens.index(words[-1])
        inner = ("to", "in", "out", "up", "off", "from")
        return [
            t
            for t in tokens[first : last + 1]
            if t in words or (t.norm in inner and len(words) > 1)
        ]


def _columns(trees: Sequence[exp.Expr]) -> set[str]:
    from sqlglot import exp

    return {column.name for tree in trees for column in tree.find_all(exp.Column)}


def _nouns(phrase: Phrase) -> Phrase:
    """The phrase with verbs as the nouns they are better known as."""
    for cue, nouns in _VERBS:
        found = phrase.find(cue)
        if found:
            first = phrase.tokens[found.start]
            phrase.use(found.start, found.end)
            made = [Token("word", n, n, place=first.place) for n in nouns.split()]
            tokens = (*phrase.tokens[: found.start], *made, *phrase.tokens[found.end :])
            phrase = Phrase(tokens, phrase.used)
    return phrase


def _alternatives(phrase: Phrase, clauses: Sequence[Clause]) -> list[list[Token | Clause]]:
    """The phrase cut at `or`, each comparison as one item."""
    groups: list[list[Token | Clause]] = [[]]
    at = 0
    starts = {clause.start: clause for clause in clauses}
    while at < len(phrase):
        clause = starts.get(at)
        if clause is not None:
            groups[-1].append(clause)
            at = clause.end
            continue
        if phrase.tokens[at].norm == "or":
            groups.append([])
        else:
            groups[-1].append(phrase.tokens[at])
        at += 1
    return [group for group in groups if group]


def _share_noun(groups: list[list[Token]]) -> None:
    """`failed or declined payments`: the noun of the last belongs to the others too."""
    if len(groups) < 2 or len(groups[-1]) < 2:
        return
    noun = groups[-1][-1]
    for group in groups[:-1]:
        if len(group) == 1 and group[0].norm in STATUS_WORDS:
            group.append(noun)


def _trees(group: Sequence[Token | Clause]) -> list[exp.Expr]:
    return [item.tree for item in group if isinstance(item, Clause)]


def _any(trees: Sequence[exp.Expr]) -> exp.Expr | None:
    """The alternatives joined; equalities of one column as IN."""
    from sqlglot import exp

    if len(trees) > 1 and all(
        isinstance(t, exp.EQ) and isinstance(t.expression, exp.Literal) and t.this == trees[0].this
        for t in trees
    ):
        return exp.In(this=trees[0].this, expressions=[t.expression for t in trees])
    return exp.or_(*trees, copy=False) if trees else None


def _name_of(where: exp.Expr | None) -> str:
    """A name for an event that only a comparison tells: `amount_over`, `status_paid`."""
    from sqlglot import exp

    if where is None:
        return "event"
    column = where.find(exp.Column)
    base = column.name if column is not None else "event"
    endings = ((exp.GT, "high"), (exp.GTE, "high"), (exp.LT, "low"), (exp.LTE, "low"))
    for kind, ending in endings:
        if isinstance(where, kind):
            return column_name([base, ending])
    literal = where.find(exp.Literal) if isinstance(where, exp.EQ) else None
    return column_name([base, literal.name]) if literal is not None and literal.is_string else base
