"""Where a clause is read: the columns that flow there, and what has to be said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .events import Events
from .modifiers import Key, take_key
from .names import Columns
from .phrase import Phrase
from .subjects import key_or_ask, subject_key
from .talk import Talk

if TYPE_CHECKING:
    from sqlglot import exp

    from ...catalog import Catalog


class Made(NamedTuple):
    """A node that words describe."""

    type: str
    config: dict[str, Any]
    name: str = ""
    inputs: tuple[str, ...] = ()


UNSURE = Made("", {})
"""What a reading gives that knows what is meant, but must ask before it can be made."""


class Scene(NamedTuple):
    """The columns of the rows that a clause is about, and what goes with reading it."""

    columns: Columns
    talk: Talk
    catalog: Catalog

    def events(self, key: Key | tuple[str, ...] = ()) -> Events:
        """A reader of event phrases."""
        names = key.names if isinstance(key, Key) else key
        return Events(self.columns, self.talk, names)

    def key(self, phrase: Phrase, what: str) -> tuple[list[str], Phrase]:
        """The key of a pattern, and the phrase without what names it."""
        if everything := phrase.take(
            r"all (?:rows|events|data|of them)? ?together|overall|globally|"
            r"across (?:all|every|the) \w+|(?<!#num )in total|regardless of \w+"
        ):
            return [], phrase.without(everything)
        key, rest = take_key(phrase, self.columns, self.talk)
        if not key.names:
            key = subject_key(rest, self.columns)
        if not key.names and rest.has("nobody|no one"):
            return [], rest
        return key_or_ask(key, self.columns, self.talk, what), rest


def text(tree: exp.Expr | None, otherwise: str = "TRUE") -> str:
    """A condition as SQL, written and quoted by the SQL layer."""
    from ...relational.sql import sql

    return otherwise if tree is None else sql(_once(tree))


def columns_read(condition: str) -> set[str]:
    """The columns that a condition reads."""
    from sqlglot import exp

    from ...relational.sql import parse_expression

    tree = parse_expression(condition, None, aggregates=True)
    return {column.name for column in tree.find_all(exp.Column)}


def _once(tree: exp.Expr) -> exp.Expr:
    """A condition that says nothing twice: `a = 1 AND (a = 1 AND b = 2)` has one part too many."""
    from sqlglot import exp

    tree = tree.unnest()
    if not isinstance(tree, exp.And | exp.Or):
        return tree
    told = joined_parts(tree, type(tree))
    parts = {part.sql(): part for part in told}
    joined = exp.and_ if isinstance(tree, exp.And) else exp.or_
    return joined(*parts.values()) if len(parts) < len(told) else tree


def joined_parts(tree: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """What a chain of one connective joins, in brackets or not."""
    inner = tree.unnest()
    if not isinstance(inner, kind):
        return [inner]
    return [part for side in inner.flatten() for part in joined_parts(side, kind)]


def kept(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without what was not said."""
    return {name: value for name, value in config.items() if value is not None}
