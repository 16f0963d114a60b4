"""Which condition says that an event is of the sort that some words name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .conditions import Conditions
from .names import Columns, parts_of, singular
from .phrase import means_something
from .talk import Talk
from .tokens import Token
from .words import ENTITIES, GENERIC, OPPOSITES, STATUS_NOUNS, STATUS_WORDS, STOP, TAILS, THINGS

if TYPE_CHECKING:
    from sqlglot import exp

_WHOLE = frozenset(["payment", "shipment", "delivery"])
"""Nouns of a status that may as well say what every row is."""
_SUFFIX = re.compile(r"(?:ing|ed|es|e|s|ure|ful)$")


class EventKinds:
    """Turns words such as `failed login` into conditions over columns, some of them the key."""

    def __init__(self, columns: Columns, talk: Talk, key: Sequence[str] = ()) -> None:
        self.columns = columns
        self.talk = talk
        self.key = tuple(key)
        self.conditions = Conditions(columns, talk)
        self.used: set[int] = set()
        self.rows = False
        """Whether a noun may just say what every row is: `1000 requests`."""
        self.strict = False
        """Whether a word that is no status may not be taken for one."""

    def _kind(self, words: Sequence[Token], alone: bool) -> list[exp.Expr]:
        """The condition that says that an event is of the sort that some words name.

        `alone`: nothing else says so; else `payment` may just be what every row is.
        """
        everything = words
        words = [t for t in words if not self._subject(t, words)]
        content = [t for t in words if means_something(t)]
        if all(map(self._is_column, content)):
            return []
        words = words[words.index(content[0]) : words.index(content[-1]) + 1]
        tree = self._known_value(content) or self._flag(content) or self._of_type(words, alone)
        if tree is None:
            self._understood(t for t in everything if self._about_stream(t, None))
            return []
        quoted = [t for t in content if t.norm == "#str"]
        self._understood(quoted or content)
        return [tree]

    def _is_column(self, token: Token) -> bool:
        """Whether a word is written as a column is, which is no sort of event."""
        names = {name for name in self.columns.types if not name.islower() or "_" in name}
        return not self.columns.open and token.kind == "word" and token.text in names

    def _understood(self, tokens: Iterable[Token]) -> None:
        self.used.update(token.place for token in tokens)

    def _subject(self, token: Token, words: Sequence[Token]) -> bool:
        """Whether a word names who does it, not what is done."""
        word = singular(token.norm)
        key = {part for name in self.key for part in parts_of(name) if part not in TAILS}
        if token.kind != "word":
            return False
        others = [t for t in words if t is not token and means_something(t)]
        status = self.columns.status_column() and not self.columns.kind_column()
        parts = set(parts_of(token.text)) - TAILS
        if len(parts_of(token.text)) > 1 and parts and parts <= key:
            self._understood([token])
            return True
        if (word in key or word in ENTITIES) and (word not in THINGS or (others and status)):
            if word in key or token is words[0]:
                self._understood([token])
            return True
        return False

    def _known_value(self, words: Sequence[Token]) -> exp.Expr | None:
        """A value that is known of a column, and has the same words."""
        ordered = any("order" in parts_of(name) for name in self.columns.types)
        words = [t for t in words if ordered or singular(t.norm) != "payment"]
        said = {stem(part) for t in words for part in parts_of(str(t.value or t.text))}
        things = {stem(p) for t in words for p in parts_of(t.text) if _is_thing(p)}
        for name, values in self.columns.values.items():
            for meant in (said, said - things):
                found = [v for v in values if {stem(part) for part in parts_of(v)} == meant]
                if len(found) == 1:
                    return _equal(name, found[0])
        return None

    def _flag(self, words: Sequence[Token]) -> exp.Expr | None:
        """A column of truth values that the words name, or the opposite of one."""
        from sqlglot import exp

        flags = {
            part: n
            for n in self.columns.of_type("boolean")
            for part in parts_of(n)
            if part not in STOP
        }
        for token in words:
            word = singular(token.norm)
            if word in flags:
                return _column(flags[word])
            if OPPOSITES.get(word) in flags:
                return exp.Not(this=_column(flags[OPPOSITES[word]]))
        return None

    def _of_type(self, words: Sequence[Token], alone: bool) -> exp.Expr | None:  # noqa: PLR0911 - the cases of a grammar
        """`event_type = 'failed_login'`, by whichever column says what sort of event a row is."""
        from sqlglot import exp

        if self.columns.open:
            rest = [t for t in words if not self._about_stream(t, "")]
            return self._made(rest) if any(map(means_something, rest)) else None
        kind, status = self.columns.kind_column(), self.columns.status_column()
        how = [t for t in words if t.norm in STATUS_WORDS or self._brings_status(t)]
        what = [t for t in words if t not in how and not self._about_stream(t, kind)]
        if status and how:
            values = [self._value(status, [_participle(t)]) for t in how]
            both = [_equal(status, values[0]) if len(values) == 1 else _one_of(status, values)]
            if kind and any(means_something(t) for t in what):
                both.insert(0, _equal(kind, self._value(kind, what)))
            return exp.and_(*both, copy=False)
        column = kind or status
        if column == status and column is not None:
            if not alone and any(singular(t.norm) in STATUS_NOUNS for t in words):
                self._understood(words)
                return None
            if self.rows and alone and not how:
                self._ask_kind(words)
                return None
            words = [_participle(t) for t in words if not self._is_row(t)]
            how, what = [], words
        rest = [*how, *what] if not how or not what else list(words)
        rest = [t for t in rest if not self._about_stream(t, kind)]
        unlike = (
            (self.strict or not alone)
            and column is not None
            and column == status
            and not any(map(_may_be_status, words))
        )
        if column is None or unlike:
            if alone:
                self._ask_kind(words)
            return None
        if not any(means_something(t) for t in rest):
            return None
        return _equal(column, self._value(column, rest))

    def _brings_status(self, token: Token) -> bool:
        """`two refunds`, `cancels`, where only a status tells events apart."""
        word = singular(token.norm)
        rows_alone = self.columns.status_column() and not self.columns.kind_column()
        return bool(rows_alone) and word in STATUS_NOUNS and word not in _WHOLE

    def _is_row(self, token: Token) -> bool:
        """Whether a word is what every row is: `payment`, where rows are payments with an id."""
        paid = singular(token.norm) in ("payment", "pay")
        known = paid and bool(self.columns.key_of(["payment"]))
        return known or self._about_stream(token, "")

    def _about_stream(self, token: Token, kind: str | None) -> bool:
        """Whether a word only says what all the rows are: `order` where there is an `order_id`."""
        word = singular(token.norm)
        if token.kind == "word" and word in self.columns.about:
            return True
        if token.norm == "clicks" and any("page" in parts_of(name) for name in self.columns.types):
            return True
        if token.kind != "word" or kind is not None:
            return False
        numbers = self.columns.numeric()
        return any(word in parts_of(name) for name in self.columns.types if name not in numbers)

    def _ask_kind(self, words: Sequence[Token]) -> None:
        content = [t for t in words if means_something(t)]
        content = [t for t in content if not self._about_stream(t, None)]
        if not content:
            return
        said = " ".join(t.text for t in content)
        how = [t for t in content if t.norm in STATUS_WORDS or t.norm.endswith("ed")]
        if self.rows and not how and self._is_number(content[0]):
            self.talk.ask(f"`{content[0].text}` is a number: what is to be counted, or compared?")
            return
        if self.rows and not how:
            self.talk.assume(f"I took every row for one of the {content[0].text}.")
            self._understood(content[:1])
            return
        telling = [n for n in self.columns.telling() if n not in self.key]
        self._understood(content)
        self.talk.ask(f"How is `{said}` told from other events? Which column says so?", telling)

    def _is_number(self, token: Token) -> bool:
        named = self.columns.exactly([token.norm]) if token.kind == "word" else None
        return bool(named and set(named.names) & set(self.columns.numeric()))

    def _made(self, words: Sequence[Token]) -> exp.Expr:
        """Where no columns are known: `status` for what becomes of a thing, else `event_type`."""
        how = [t for t in words if t.norm in STATUS_WORDS]
        things = [t for t in words if t not in how and means_something(t)]
        thing_only = all(singular(t.norm) in ENTITIES for t in things)
        status = how and thing_only
        name = self.columns.make("status" if status else "event_type", "string")
        return _equal(name, self._value(name, how if status else words))

    def _value(self, column: str, words: Sequence[Token]) -> str:
        """The words as a value of a column, in the form that such values have."""
        quoted = [t for t in words if t.norm == "#str"]
        if quoted:
            return str(quoted[0].value)
        said = {stem(p) for t in words if means_something(t) for p in parts_of(t.text)}
        for value in self.columns.values.get(column, ()):
            if {stem(part) for part in parts_of(value)} == said:
                return value
        value = "_".join(singular(t.norm) for t in words)
        plain = len(words) == 1 and words[0].text.isupper()
        value = words[0].text if plain else value
        self.talk.assume(
            f"I took it that such events have `{column} = '{value}'`; say it in quotes if your "
            "data has another value."
        )
        return value


def _is_thing(word: str) -> bool:
    """Whether a word only says what is counted or moved: `buy orders`, `1000 shares`."""
    return singular(word) in ENTITIES | GENERIC | {"share", "unit", "lot", "contract"}


def stem(word: str) -> str:
    """A word without the ending that tense or number gives it."""
    return _SUFFIX.sub("", word.lower()) if len(word) > 4 else word.lower()


def _column(name: str) -> exp.Expr:
    from ...relational.sql import column

    return column(name)


def _equal(name: str, value: str) -> exp.Expr:
    from sqlglot import exp

    return exp.EQ(this=_column(name), expression=exp.Literal.string(value))


def _one_of(name: str, values: Sequence[str]) -> exp.Expr:
    from sqlglot import exp

    return exp.In(this=_column(name), expressions=[exp.Literal.string(v) for v in values])


def _may_be_status(token: Token) -> bool:
    """Whether a word may say what became of a thing."""
    word = token.norm
    return (
        word in STATUS_WORDS
        or word.endswith(("ed", "ing", "en", "ble", "ive"))
        or token.kind == "str"
    )


def _participle(token: Token) -> Token:
    """`shipment` as the status that it brings: `shipped`."""
    word = STATUS_NOUNS.get(singular(token.norm))
    return token._replace(norm=word, text=word) if word else token
