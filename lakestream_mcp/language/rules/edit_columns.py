"""Edits of the columns that a source declares: one more, one less, another type or name."""

from __future__ import annotations

from collections.abc import Callable

from .edit_kind import EditKind
from .edit_renames import follow
from .edit_said import mentions
from .phrase import Found, Phrase
from .words import COLUMN_TYPES

_TYPES = "|".join(COLUMN_TYPES)
_THE = r"(?:the |a |an |our )?(?:(?:column|field) )?"
_NOW = r"(?: (?:now|from now on|please|instead|any ?more))*"
_IS = r"(?:is|are|should be|must be|becomes?|has become|will be)(?: now)?"
_IN = r"(?:to|in|of|from|at)"
_TYPED = (
    rf"(?:the type of )?{_THE}(?P<c>\w+) {_IS}(?: (?:an?|of type|now))* (?P<t>{_TYPES}){_NOW}$",
    rf"(?:make|declare|turn|read) {_THE}(?P<c>\w+)(?: (?:as|into|an?|to))* (?P<t>{_TYPES}){_NOW}$",
    rf"(?:change|set)(?: the)? type of {_THE}(?P<c>\w+) to (?P<t>{_TYPES}){_NOW}$",
)
_ADDED = (
    r"(?:(?:also|and|please|there is|we have|we get) )*"
    r"(?:add|declare|(?P<source>\w+) (?:also )?(?:has|have|carries|contains|gets?)(?: also)?)"
    r"(?: (?:a|the|another|one more|new|more|an extra|extra|additional))* "
    r"(?:column|field)(?: called| named)? (?P<c>\w+)(?: :| of type| as|,)?(?: an?)? "
    rf"(?:\( )?(?P<t>{_TYPES})(?: \))?"
)
_OF_TIME = r"event time|event timestamp|time column"
_CALLED = (
    rf"{_THE}(?P<c>{_OF_TIME}|\w+)(?: column| field)? (?:{_IS} (?:called|named|renamed(?: to)?)|"
    r"has been renamed to|was renamed to|got renamed to|goes by the name(?: of)?)(?: now)? "
    rf"(?P<new>\w+){_NOW}$"
)


class SourceColumns(EditKind):
    """Reads clauses about what the rows of a source have."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._retyped, self._one_more, self._called)

    def _retyped(self, phrase: Phrase) -> bool:
        """`total is an int now`."""
        found = next((f for cue in _TYPED if (f := phrase.at(cue))), None)
        return found is not None and self._declare(phrase, found, _type(found))

    def _one_more(self, phrase: Phrase) -> bool:
        """`add a column currency string to Orders`."""
        found = phrase.at(_ADDED)
        node = self._source(phrase, "") if found else None
        if found is None or node is None or not self._told(phrase.part(found.end)):
            return False
        columns = self._columns(node)
        name = found.groups["c"][0].text
        if name.lower() in {c.lower() for c in columns}:
            return False
        phrase.use()
        return self._store(node, {**columns, name: _type(found)})

    def _called(self, phrase: Phrase) -> bool:
        """`temperature is called temp now`: the data has another name for it."""
        found = phrase.at(_CALLED)
        if found is None:
            return False
        said = found.groups["c"][0].text
        if phrase.at(rf"{_THE}(?:{_OF_TIME})"):
            said = next((str(self._config(n).get("event_time")) for n in self._sources()), said)
        node = self._source(phrase, said)
        if node is None:
            return False
        old = next(c for c in self._columns(node) if c.lower() == said.lower())
        new = found.groups["new"][0].text
        columns = {new if c == old else c: t for c, t in self._columns(node).items()}
        if new in self._columns(node):
            return False
        phrase.use()
        self._store(node, columns)
        if self._config(node).get("event_time") == old:
            self.values.update(node, {"event_time": new})
        follow(self.values, node, {old: new})
        self.values.references.last = node
        return True

    def _declare(self, phrase: Phrase, found: Found, kind: str) -> bool:
        said = found.groups["c"][0].text.lower()
        node = self._source(phrase, said)
        if node is None:
            return False
        columns = self._columns(node)
        phrase.use()
        return self._store(node, {c: kind if c.lower() == said else t for c, t in columns.items()})

    def _store(self, node: str, columns: dict[str, str]) -> bool:
        from ...relational.sql import column, sql

        text = ", ".join(f"{sql(column(name))} {kind}" for name, kind in columns.items())
        return self.values.update(node, {"columns": text})

    def _source(self, phrase: Phrase, column: str) -> str | None:
        """The one source that is named, or has a column."""
        named = {n for m in mentions(phrase, self.values.references) for n in m.nodes}
        nodes = [
            n
            for n in self._sources()
            if not column or column.lower() in {c.lower() for c in self._columns(n)}
        ]
        nodes = [n for n in nodes if n in named] or nodes
        return nodes[0] if len(nodes) == 1 else None

    def _sources(self) -> list[str]:
        sources = self.flow.of("source")
        return [n for n in sources if isinstance(self._config(n).get("columns"), str)]

    def _told(self, phrase: Phrase) -> bool:
        """Whether nothing is said but to which source."""
        to = phrase.at(_IN)
        named, end = self.values.references.named(phrase, to.end) if to else ([], 0)
        return not phrase.part(end if named else 0).content()

    def _config(self, node: str) -> dict[str, object]:
        return self.values.config(node)

    def _columns(self, node: str) -> dict[str, str]:
        from ...relational.column_types import parse_columns

        return {c.name: c.type for c in parse_columns(str(self._config(node)["columns"]))}


def _type(found: Found) -> str:
    return COLUMN_TYPES[found.groups["t"][0].norm]
