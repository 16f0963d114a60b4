"""The parts of a definition on one row, with the values they read of the rows before.

What reads other rows is evaluated with their values put in as literals. Importing this module
imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlglot import exp

from ...cep.expression import conjuncts
from ...cep.near_miss import KeyView, Part, Seen
from ...relational.sql import sql
from .analysis import Labels
from .calls import Call, calls, parsed_definition, shown, spelled
from .clause import Clause

UNKNOWN = object()
"""A value that is not worked out here."""
AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "sum": lambda known: sum(known) if known else None,
    "avg": lambda known: sum(known) / len(known) if known else None,
    "min": lambda known: min(known, default=None),
    "max": lambda known: max(known, default=None),
}


class Row(NamedTuple):
    """A row of a match so far: its variable, and its place among the rows of the key."""

    label: str
    place: int


class Definitions:
    """Evaluates definitions on rows of one key."""

    def __init__(self, define: Sequence[tuple[str, str]], labels: Labels, view: KeyView) -> None:
        self._define = dict(define)
        self._labels = labels
        self._view = view
        self._places = {seen.number: place for place, seen in enumerate(view.events)}

    def text(self, label: str) -> str:
        """A definition as it was written."""
        return self._define.get(label, "TRUE")

    def parts(
        self, label: str, seen: Seen, before: Sequence[tuple[str, Seen]], told: bool = False
    ) -> list[Part]:
        """The parts of a label's definition on a row. before: the match so far, by label.

        A part that cannot be worked out is left out, or with `told` there without values.
        """
        if label not in self._define:
            return []
        match = [Row(name, self._places[each.number]) for name, each in before]
        match.append(Row(label, self._places[seen.number]))
        return [
            part
            for tree in conjuncts(parsed_definition(self._define[label]))
            for part in self._part(tree, seen, match) or _unknown(tree, told)
        ]

    def held(self, label: str, seen: Seen, before: Sequence[tuple[str, Seen]]) -> list[Part]:
        """The parts of a definition that is known to hold: values where they can be worked out."""
        return [
            part if part.holds else Part(part.sql, True, {})
            for part in self.parts(label, seen, before, told=True)
        ]

    def _part(self, tree: exp.Expr, seen: Seen, match: Sequence[Row]) -> list[Part]:
        """One part with literals in place of what it reads of other rows; [] if it cannot be."""
        made = exp.Paren(this=tree.copy())
        found: dict[str, Any] = {}
        while (node := self._next(made)) is not None:
            value = self._value(node, match)
            if value is UNKNOWN:
                return []
            found[shown(node)] = value
            node.replace(exp.convert(value))
        parts = self._view.parts(sql(made.this), seen, ())
        return [part._replace(sql=shown(tree), reads=part.reads | found) for part in parts]

    def _next(self, tree: exp.Expr) -> exp.Expr | None:
        """An outermost reading of other rows: a call, or a column with a label."""
        call = next(calls(tree), None)
        if call is not None:
            return call[0]
        return next((c for c in tree.find_all(exp.Column) if self._label(c) is not None), None)

    def _label(self, column: exp.Column) -> str | None:
        first = spelled(column.parts[0]) if len(column.parts) > 1 else None
        return first if first in self._labels.known else None

    def _value(self, node: exp.Expr, match: Sequence[Row]) -> Any:
        found = next(calls(node), None)
        if found is None or found[0] is not node:
            return self._at(self._last(node, match), node)
        call = found[1]
        if call.name in AGGREGATES:
            return self._aggregate(call, match)
        if not call.is_navigation:
            return UNKNOWN
        column = next((a for a in node.find_all(exp.Column)), None)
        place = self._place(call, match)
        return UNKNOWN if place is UNKNOWN or column is None else self._at(place, column)

    def _rows(self, column: exp.Expr, match: Sequence[Row]) -> list[int]:
        """The places of the rows of the match that a column's label stands for."""
        label = self._label(column) if isinstance(column, exp.Column) else None
        wanted = None if label is None else self._labels.unions.get(label, (label,))
        return [row.place for row in match if wanted is None or row.label in wanted]

    def _last(self, column: exp.Expr, match: Sequence[Row]) -> int | None:
        places = self._rows(column, match)
        return places[-1] if places else None

    def _place(self, call: Call, match: Sequence[Row]) -> Any:
        """The row that a navigation goes to: None outside of all rows."""
        what, *given = call.arguments
        beside = call.name in ("prev", "next")
        offset = _whole(given[0]) if given else int(beside)
        inner = next(calls(what), None)
        if offset is None or (inner is None and not isinstance(what, exp.Column)):
            return UNKNOWN
        if not beside:
            return UNKNOWN if inner else self._in_match(call.name, what, offset, match)
        base = self._place(inner[1], match) if inner else self._last(what, match)
        if base is UNKNOWN or base is None:
            return base
        place = base - offset if call.name == "prev" else base + offset
        return place if 0 <= place < len(self._view.events) else None

    def _in_match(
        self, name: str, column: exp.Expr, offset: int, match: Sequence[Row]
    ) -> int | None:
        places = self._rows(column, match)
        if offset >= len(places):
            return None
        return places[offset if name == "first" else -1 - offset]

    def _at(self, place: int | None, column: exp.Expr) -> Any:
        """The value of a column in a row."""
        if place is None:
            return None
        row = {name.lower(): value for name, value in self._view.events[place].row.items()}
        return row.get(column.name.lower(), UNKNOWN)

    def _aggregate(self, call: Call, match: Sequence[Row]) -> Any:
        if not call.arguments or isinstance(call.arguments[0], exp.Star):
            return len(match) if call.name == "count" else UNKNOWN
        (column, *more) = call.arguments
        if more or not isinstance(column, exp.Column) or call.mode == "final":
            return UNKNOWN
        places = self._rows(column, match)
        if isinstance(column.this, exp.Star):
            return len(places) if call.name == "count" else UNKNOWN
        values = [self._at(place, column) for place in places]
        if any(value is UNKNOWN for value in values):
            return UNKNOWN
        return AGGREGATES[call.name]([value for value in values if value is not None])


def _unknown(tree: exp.Expr, told: bool) -> list[Part]:
    return [Part(shown(tree), None, {})] if told else []


def match_parts(
    clause: Clause, labels: Labels, view: KeyView, rows: Sequence[tuple[str, int]]
) -> list[list[Part]]:
    """For each row of a match, as (variable, arrival number), the parts of its definition.

    Of a match whose rows are put out one by one, the others are not known.
    """
    definitions = Definitions(clause.define, labels, view)
    seen = {each.number: each for each in view.events}
    found = []
    for at, (label, number) in enumerate(rows):
        before = [(name, seen[other]) for name, other in rows[:at]]
        found.append(definitions.held(label, seen[number], before))
    return found


def _whole(node: exp.Expr) -> int | None:
    """A literal whole number."""
    text = node.name if isinstance(node, exp.Literal) and not node.is_string else ""
    return int(text) if text.isdecimal() else None


def own_conditions(define: Sequence[tuple[str, str]], labels: Labels) -> dict[str, str]:
    """Per variable the conditions on its row alone, as SQL without labels."""
    found = {}
    for label, text in define:
        parts = []
        for part in conjuncts(parsed_definition(text)):
            tables = [column for column in part.find_all(exp.Column) if column.table]
            own = [c for c in tables if label in _members(spelled(c.parts[0]), labels)]
            if next(calls(part), None) is None and len(own) == len(tables):
                for column in own:
                    column.set("table", None)
                parts.append(part)
        if parts:
            found[label] = sql(exp.and_(*parts, copy=True))
    return found


def _members(label: str, labels: Labels) -> tuple[str, ...]:
    return labels.unions.get(label, (label,))
