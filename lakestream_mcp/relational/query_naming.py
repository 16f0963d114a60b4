"""Columns of its inputs that a whole query names, and the query with other names.

A name may pass through: `WITH a AS (SELECT amount FROM in_0) SELECT amount FROM a` names the
input's column twice. An alias ends that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..graph.reads import Inputs, Named, Renames
from .naming import in_aggregate
from .sql import identifier, sql

if TYPE_CHECKING:
    from sqlglot import exp

Carried = frozenset[tuple[int, str]]
"""The columns of inputs, by place and name, whose name a name in a query is."""
Names = dict[str, Carried]
"""By a relation's column in small letters."""


class _Use(NamedTuple):
    """A place of a query where the name of an input's column stands."""

    part: exp.Expr
    carried: Carried
    aggregated: bool


class QueryForm:
    """A SELECT over `in_0`, `in_1` …"""

    def named(self, text: str, inputs: Inputs) -> Iterator[Named]:
        """The columns that it names; `*` names none."""
        uses = _Uses(inputs).of(_tree(text))
        found = (Named(p, n, aggregated=u.aggregated) for u in uses for p, n in sorted(u.carried))
        yield from dict.fromkeys(found)

    def renamed(self, text: str, inputs: Inputs, renames: Renames) -> str:
        """The query, written anew if it names a column with a new name."""
        tree = _tree(text)
        changed = False
        for use in _Uses(inputs).of(tree):
            new = next((new for p, n in use.carried if (new := renames.get(p, {}).get(n))), None)
            if new is not None:
                use.part.replace(identifier(new))
                changed = True
        return sql(tree) if changed else text


def _tree(text: str) -> exp.Expr:
    from .guard import parsed

    return parsed(text, "query")


class _Uses:
    """The uses of one query, SELECT by SELECT."""

    def __init__(self, inputs: Inputs) -> None:
        rows = enumerate(relation for _, relation in inputs.rows)
        self._inputs = {
            f"in_{i}": {name.lower(): frozenset({(i, name)}) for name in relation.names}
            for i, relation in rows
        }
        self._found: list[_Use] = []

    def of(self, tree: exp.Expr) -> list[_Use]:
        """Every use, in the order of the text's parts."""
        self._query(tree, self._inputs)
        return self._found

    def _query(self, query: exp.Expr, known: dict[str, Names]) -> Names:
        """The names that go out of a query."""
        from sqlglot import exp

        known = dict(known)
        for cte in getattr(query, "ctes", ()):
            known[cte.alias.lower()] = _under_alias(cte, self._query(cte.this, known))
        if isinstance(query, exp.Subquery):
            return self._query(query.this, known)
        if isinstance(query, exp.SetOperation):
            first = self._query(query.left, known)
            self._query(query.right, known)
            return first
        return self._select(query, known) if isinstance(query, exp.Select) else {}

    def _select(self, select: exp.Select, known: dict[str, Names]) -> Names:
        from sqlglot import exp

        start = select.args.get("from_")
        sources: dict[str, Names] = {}
        for item in [start, *(select.args.get("joins") or ())]:
            if item is not None:
                source = item.this
                names = (
                    known.get(source.name.lower(), {})
                    if isinstance(source, exp.Table)
                    else self._query(source, known)
                )
                sources[source.alias_or_name.lower()] = _under_alias(source, names)
        for column in list(select.find_all(exp.Column)):
            if column.find_ancestor(exp.Select) is select and not column.is_star:
                self._column(column, sources)
        outputs: Names = {}
        for item in select.expressions:
            outputs |= self._output(item, sources)
        return outputs

    def _column(self, column: exp.Column, sources: dict[str, Names]) -> None:
        part, carried = _meant(column, sources)
        if carried:
            self._found.append(_Use(part, carried, in_aggregate(column)))

    def _output(self, item: exp.Expr, sources: dict[str, Names]) -> Names:
        """The names that a projection puts out, with those that are an input's still."""
        from sqlglot import exp

        if not item.is_star:
            own = isinstance(item, exp.Column) and len(item.parts) <= 2
            part, carried = _meant(item, sources) if isinstance(item, exp.Column) else (None, None)
            last = own and carried and part is item.this
            return {item.alias_or_name.lower(): carried if last and carried else frozenset()}
        star = item.this if isinstance(item, exp.Column) else item
        table = item.table.lower() if isinstance(item, exp.Column) else ""
        shown: Names = {}
        for names in [sources.get(table, {})] if table else sources.values():
            shown |= names
        for left_out in star.args.get("except_") or ():
            carried = shown.pop(left_out.name.lower(), frozenset())
            part = left_out.this if isinstance(left_out, exp.Column) else left_out
            if carried and isinstance(left_out, exp.Identifier):
                self._found.append(_Use(part, carried, False))
        return shown


def _meant(column: exp.Column, sources: dict[str, Names]) -> tuple[exp.Expr, Carried]:
    """The part of a column that names it, and what it names."""
    parts = column.parts
    searched = list(sources.values())
    part = parts[0]
    if len(parts) > 1 and parts[0].name.lower() in sources:
        searched, part = [sources[parts[0].name.lower()]], parts[1]
    found = (names[part.name.lower()] for names in searched if part.name.lower() in names)
    return part, next(found, frozenset())


def _under_alias(source: exp.Expr, names: Names) -> Names:
    """The names of a relation; columns that its alias names anew are no input's."""
    alias = source.args.get("alias")
    renamed = [column.name.lower() for column in alias.columns] if alias else []
    return dict.fromkeys(renamed, frozenset()) if renamed else names


QUERY = QueryForm()
