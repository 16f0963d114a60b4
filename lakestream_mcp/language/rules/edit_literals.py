"""Edits of what conditions and aggregations say: another value, another comparison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .edit_joined import bounded
from .edit_keys import Keys
from .fields import with_value
from .names import parts_of, singular
from .phrase import Phrase

if TYPE_CHECKING:
    from sqlglot import exp

CONDITIONS = ("condition", "where", "trigger", "expected", "left", "right", "constraint")
_NOT = (
    r"(?:,|and|but)*(?: ?(?:and|but))? ?(?:instead of|rather than|in place of|not(?! only))"
    r"(?: the| an?)*"
)
_FOR = (
    r"(?:replace|swap|exchange|substitute|change)(?: the)? (?P<old>#str|\w+)(?: \w+)? "
    r"(?:with|by|for|to|into) (?P<new>#str|\w+)"
)
_MEANS = (
    r"(?:(?:should|must|shall|has to|needs to|ought to|is to|will|now|only|just|from) )*"
    r"(?:mean|means|be|become|keep|keeps|let|check|require|start at|pass|:|should|must|at)"
    r"(?: (?:only|just|through|be|for|those|rows|events|now|values?|everything|anything))*"
)
_VERBS = frozenset(
    [
        "count",
        "use",
        "take",
        "make",
        "look",
        "keep",
        "watch",
        "follow",
        "match",
        "alert",
        "one",
        "ones",
        "only",
        "just",
        "event",
        "events",
        "let",
        "want",
        "prefer",
        "filter",
        "select",
        "consider",
        "should",
        "be",
    ]
)


class Literals(Keys):
    """Reads clauses that put another value or comparison into what is there."""

    def _value_swapped(self, phrase: Phrase) -> bool:
        """`count the approved ones, not the declined`: a text that a condition compares."""
        if phrase.has("#num|#dur|#times|#pct"):
            return False
        found, turned = phrase.find(_NOT), phrase.find(_FOR)
        if turned is not None and (place := self._place_of(turned.groups["old"][0])):
            return self._with_text(phrase, place, turned.groups["new"][0])
        if found is None or not found.start:
            return False
        olds = [t for t in phrase.part(found.end).content() if t.kind in ("word", "str")]
        place = next((p for t in olds if (p := self._place_of(t))), None)
        news = [t for t in phrase.part(0, found.start).content() if t.norm not in _VERBS]
        about = self.columns_into(place[0]).about if place else set()
        if place is None or not news or singular(news[0].norm) in about:
            return False
        return self._with_text(phrase, place, news[-1] if news[-1].kind == "str" else news[0])

    def _with_text(self, phrase: Phrase, place: tuple[Any, ...], token: Any) -> bool:
        from sqlglot import exp

        from ...relational.sql import sql

        node, path, tree, literal = place
        known = {v.lower(): v for values in self.columns_into(node).values.values() for v in values}
        said = str(token.value) if token.kind == "str" else token.text
        literal.replace(exp.Literal.string(known.get(said.lower(), said)))
        phrase.use()
        config = with_value(self.config(node), path, sql(tree))
        return self.update(node, {path[0]: config[path[0]]})

    def _place_of(self, token: Any) -> tuple[Any, ...] | None:
        """The one text in a condition that a word means; None for none and for several."""
        from sqlglot import exp

        said = parts_of(str(token.value) if token.kind == "str" else token.text)
        hits = [
            (node, path, tree, literal)
            for node, path, tree in self._trees()
            for literal in tree.find_all(exp.Literal)
            if literal.is_string and said and parts_of(literal.name) == said
        ]
        return hits[0] if len(hits) == 1 else None

    def _trees(self) -> Iterator[tuple[str, tuple[Any, ...], exp.Expr]]:
        """Every condition of the pipeline: its node, where it stands, and its tree."""
        from ...errors import LakestreamError
        from ...relational.sql import parse_expression

        for node in self.flow.types:
            for path, text in _texts(self.config(node), ()):
                try:
                    yield node, path, parse_expression(text, None, aggregates=True)
                except LakestreamError:
                    continue

    def _meant(self, phrase: Phrase) -> bool:
        """`Warm should mean over 25 degrees`: a filter's comparison is another from now on."""
        start = phrase.at(r"(?:please|let|make|set|and|also)")
        node, end = self.references.named(phrase, start.end if start else 0)
        verb = phrase.at(_MEANS, end) or (phrase.at(r"to(?: be)?", end) if start else None)
        if len(node) != 1 or verb is None or "condition" not in self.config(node[0]):
            return False
        condition = self.config(node[0])["condition"]
        made = self.other_condition(phrase.part(verb.end), node[0], condition)
        if made is None:
            return False
        phrase.use(0, verb.end)
        return self.update(node[0], {"condition": made})

    def other_condition(self, phrase: Phrase, node: str, condition: str) -> str | None:
        """A condition with what a phrase says in the place of what it says of that column."""
        from sqlglot import exp

        from ...relational.sql import parse_expression, sql
        from .conditions import Conditions

        tree = parse_expression(condition, None, aggregates=True)
        names = {c.name for c in tree.find_all(exp.Column)}
        reader = Conditions(self.columns_into(node), self.talk)
        reader.last = next(iter(names)) if len(names) == 1 else None
        clauses = reader.clauses(phrase)
        if len(clauses) != 1:
            return None
        new = bounded(phrase, clauses[0].tree, tree)
        about = {c.name for c in new.find_all(exp.Column)}
        if about >= names:
            return sql(new)
        same = [
            p
            for p in tree.find_all(exp.Predicate)
            if {c.name for c in p.find_all(exp.Column)} == about
        ]
        if len(same) != 1:
            return None
        same[0].replace(new)
        return sql(tree)

    def names_column(self, words: tuple[str, ...], nodes: list[str]) -> bool:
        """Whether words name a column that a condition compares: `the amount threshold`."""
        for node in nodes or self.flow.types:
            columns = self.columns_into(node)
            texts = [self.config(node).get(field) for field in CONDITIONS[:3]]
            named = [m.name for w in words if (m := columns.named([w]))]
            if any(name in str(text) for name in named for text in texts if text):
                return True
        return False


def _texts(config: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """The conditions in a configuration, with where they stand."""
    items = config.items() if isinstance(config, dict) else enumerate(config)
    for key, value in items:
        if isinstance(value, str) and key in CONDITIONS:
            yield (*path, key), value
        elif isinstance(value, dict | list):
            yield from _texts(value, (*path, key))
