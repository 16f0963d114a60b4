"""Where each column of a query comes from, read off its tree.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlglot import exp

from ..graph.model import Relation
from .naming import is_aggregate

Kind = str
KINDS = ("copied", "cast", "computed", "aggregated")
"""How a column comes about, from the plainest on; of several the last holds."""


class Origin(NamedTuple):
    """A column of a relation that the query names, and what becomes of it."""

    relation: str
    column: str
    kind: Kind


Trace = frozenset[Origin]


class QueryLineage(NamedTuple):
    """Origins by output column, in order; and what decides which rows come out."""

    outputs: dict[str, Trace]
    conditions: Trace


def query_lineage(query: exp.Query, relations: Mapping[str, Relation]) -> QueryLineage:
    """The lineage of a query over `relations`; of others only what is qualified is known."""
    known = {
        name: {c.name: frozenset({Origin(name, c.name, "copied")}) for c in relation.columns}
        for name, relation in relations.items()
    }
    outputs, conditions = _query(query, known)
    return QueryLineage(outputs, frozenset(conditions))


def after(one: Kind, other: Kind) -> Kind:
    """What has become of a column to which one thing was done and then another."""
    return max(one, other, key=KINDS.index)


_Columns = dict[str, Trace]
_Found = tuple[_Columns, set[Origin]]


def _query(query: exp.Expr, known: Mapping[str, _Columns]) -> _Found:
    conditions: set[Origin] = set()
    known = dict(known)
    for cte in getattr(query, "ctes", ()):
        known[cte.alias], read = _query(cte.this, known)
        conditions |= read
    if isinstance(query, exp.Subquery):
        outputs, read = _query(query.this, known)
        return outputs, conditions | read
    if isinstance(query, exp.SetOperation):
        return _united(query, known, conditions)
    if isinstance(query, exp.Select):
        outputs, read = _Select(query, known).found()
        return outputs, conditions | read
    return {}, conditions


def _united(
    query: exp.SetOperation, known: Mapping[str, _Columns], conditions: set[Origin]
) -> _Found:
    left, right = _query(query.left, known), _query(query.right, known)
    pairs = zip(left[0].items(), right[0].values(), strict=False)
    outputs = {name: ours | theirs for (name, ours), theirs in pairs}
    return outputs, conditions | left[1] | right[1]


class _Select:
    """One SELECT: its sources by alias, then its columns."""

    def __init__(self, select: exp.Select, known: Mapping[str, _Columns]) -> None:
        self._select = select
        self._known = known
        self._sources: dict[str, _Columns] = {}
        self._open: set[str] = set()
        self._outputs: _Columns = {}
        self._conditions: set[Origin] = set()

    def found(self) -> _Found:
        """Origins of the outputs, and what decides on rows."""
        first = self._select.args.get("from_")
        for item in [first, *self._select.args.get("joins", ())]:
            if item is not None:
                self._source(item.this)
        for lateral in self._select.args.get("laterals", ()):
            self._source(lateral)
        for item in self._select.expressions:
            self._output(item)
        for part in self._deciding():
            self._conditions |= self._trace(part)
        return self._outputs, self._conditions

    def _source(self, item: exp.Expr) -> None:
        name = item.alias_or_name
        if isinstance(item, exp.Table):
            columns = self._known.get(item.name)
            if columns is None:
                self._open.add(name)
            self._sources[name] = columns or {}
        elif isinstance(item, exp.Lateral | exp.Unnest):
            made = _at_least(self._trace(item.this if item.this else item), "computed")
            alias = item.args.get("alias")
            names = [column.name for column in alias.columns] if alias else []
            self._sources[name] = dict.fromkeys(names, made)
        else:
            self._sources[name], read = _query(item, self._known)
            self._conditions |= read

    def _output(self, item: exp.Expr) -> None:
        if isinstance(item, exp.Star) or (
            isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
        ):
            for columns in self._sources.values():
                self._outputs |= columns
            return
        if isinstance(item, exp.Aliases):
            made = _at_least(self._trace(item.this), "computed")
            self._outputs |= dict.fromkeys((each.name for each in item.expressions), made)
            return
        value = item.this if isinstance(item, exp.Alias) else item
        self._outputs[item.alias_or_name] = _at_least(self._trace(value), self._kind(value))

    def _kind(self, value: exp.Expr) -> Kind:
        """What an output's expression does with what it reads."""
        if isinstance(value, exp.Column):
            whole = len(value.parts) == 1 or value.parts[0].name in (*self._sources, *self._open)
            return "copied" if whole else "computed"
        if isinstance(value, exp.Cast | exp.TryCast) and isinstance(value.this, exp.Column):
            return "cast"
        return "aggregated" if any(map(is_aggregate, value.walk())) else "computed"

    def _deciding(self) -> Iterator[exp.Expr]:
        """The parts of the SELECT that decide which rows there are."""
        for name in ("where", "group", "having", "qualify", "distinct"):
            part = self._select.args.get(name)
            if isinstance(part, exp.Expr):
                yield part
        for join in self._select.args.get("joins", ()):
            if join.args.get("on") is not None:
                yield join.args["on"]
            yield from (exp.column(each.name) for each in join.args.get("using") or ())

    def _trace(self, tree: exp.Expr) -> Trace:
        found: set[Origin] = set()
        for column in tree.find_all(exp.Column):
            found |= self._column(column)
        for inner in tree.find_all(exp.Subquery):
            outputs, read = _query(inner, self._known)
            found |= read.union(*outputs.values())
        return frozenset(found)

    def _column(self, column: exp.Column) -> Trace:
        parts = [part.name for part in column.parts]
        if len(parts) > 1 and parts[0] in self._open:
            return frozenset({Origin(parts[0], parts[1], "copied")})
        sources: Sequence[_Columns] = list(self._sources.values())
        if len(parts) > 1 and parts[0] in self._sources:
            sources, parts = [self._sources[parts[0]]], parts[1:]
        given = [columns[parts[0]] for columns in sources if parts[0] in columns]
        if given:
            return frozenset().union(*given)
        return self._outputs.get(parts[0], frozenset())


def _at_least(trace: Trace, kind: Kind) -> Trace:
    return frozenset(origin._replace(kind=after(origin.kind, kind)) for origin in trace)
