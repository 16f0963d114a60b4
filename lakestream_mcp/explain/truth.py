"""The truth of a condition's parts on events, with the values that were read and compared.

What reads earlier events is evaluated with their values put in as literals; the engine that ran the
test evaluates it, so that an explanation never disagrees with what it explains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..cep.events import ROW
from ..cep.near_miss import Bound, Part, Seen
from ..errors import LakestreamError

if TYPE_CHECKING:
    from sqlglot import exp

AGGREGATES = ("FIRST", "LAST", "COUNT", "SUM", "AVG", "MIN", "MAX")
OPERATORS = {"GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=", "EQ": "=", "NEQ": "<>"}


class Earlier(NamedTuple):
    """An event bound before the current one, as conditions read it."""

    step: str
    number: int
    row: dict[str, Any]


NEARBY = 512
"""Rows that are asked about together at first: conditions with the values of one partial match put
in are asked of few rows, which lie near each other."""


class Answers(NamedTuple):
    """What a condition gives on rows of a table from a place on; None if it cannot be run."""

    start: int
    listed: list[dict[str, Any]] | None

    def at(self, place: int) -> dict[str, Any] | None:
        """The answer for a row; empty where there is none, None where it was not asked."""
        if self.listed is None:
            return {}
        inside = 0 <= place - self.start < len(self.listed)
        return self.listed[place - self.start] if inside else None


class Conjunct(NamedTuple):
    """A part of a condition; earlier: whether it reads earlier events."""

    tree: exp.Expr
    text: str
    columns: list[str]
    earlier: bool


class Truth:
    """Evaluates conditions on rows of Arrow tables with `__row` (one per input), by one engine."""

    def __init__(self, engine: Any, tables: Sequence[Any], steps: Sequence[str]) -> None:
        self.engine = engine
        self.tables = tables
        self.steps = set(steps)
        self.places = {
            number: (n, i)
            for n, table in enumerate(tables)
            for i, number in enumerate(table[ROW].to_pylist())
        }
        self._parsed: dict[str, list[Conjunct]] = {}
        self._known: dict[tuple[int, str], Answers] = {}

    def parts(self, condition: str, seen: Seen, before: Sequence[Bound] = ()) -> list[Part]:
        """The parts of a condition on one event. `before`: what was bound when it came."""
        earlier = [Earlier(b.step, b.seen.number, b.seen.row) for b in before]
        return self.parts_of(condition, seen.number, seen.row, earlier)

    def parts_of(
        self, condition: str, number: int, row: dict[str, Any], earlier: Sequence[Earlier]
    ) -> list[Part]:
        """The same for a row of the table by its arrival number."""
        return [self._part(part, number, row, earlier) for part in self._conjuncts(condition)]

    def may_hold(self, condition: str, number: int) -> bool:
        """Whether every part that reads the row alone holds; what reads earlier events may."""
        return all(
            part.earlier or self._answer(part.tree, part.text, number).get("value")
            for part in self._conjuncts(condition)
        )

    def _conjuncts(self, condition: str) -> list[Conjunct]:
        from ..relational.sql import sql

        if condition not in self._parsed:
            self._parsed[condition] = [
                Conjunct(
                    tree,
                    sql(tree),
                    list(column_names(tree, self.steps)),
                    next(references(tree, self.steps), None) is not None,
                )
                for tree in conjuncts(condition)
            ]
        return self._parsed[condition]

    def _part(
        self, part: Conjunct, number: int, row: dict[str, Any], earlier: Sequence[Earlier]
    ) -> Part:
        from ..relational.sql import sql

        reads = {n: cell(row, n) for n in part.columns}
        given, text = part.tree, part.text
        found: dict[str, Any] = {}
        if part.earlier:
            given, found = self._grounded(part.tree, earlier)
            text = sql(given)
        answer = self._answer(given, text, number)
        operator = OPERATORS.get(type(part.tree).__name__)
        return Part(
            part.text,
            _truth(answer.get("value")),
            {**reads, **found},
            operator,
            answer.get("lhs"),
            answer.get("rhs"),
        )

    def _answer(self, tree: exp.Expr, text: str, number: int) -> dict[str, Any]:
        """The answer for a row, asked for it and its neighbours, then for all rows of its table.

        text: the tree's own.
        """
        table, place = self.places[number]
        asked, rows = (table, text), self.tables[table]
        if asked not in self._known:
            start = place - place % NEARBY
            self._known[asked] = self._evaluated(tree, rows.slice(start, NEARBY), start)
        answer = self._known[asked].at(place)
        if answer is None:
            self._known[asked] = self._evaluated(tree, rows, 0)
            answer = self._known[asked].at(place)
        return answer or {}

    def _grounded(
        self, tree: exp.Expr, earlier: Sequence[Earlier]
    ) -> tuple[exp.Expr, dict[str, Any]]:
        """The part with what it reads of earlier events put in as literals, and those values."""
        from sqlglot import exp

        from ..relational.sql import sql

        made, found = tree.copy(), {}
        for place, function, step, read in list(references(made, self.steps)):
            value = self._value(function, step, read, earlier)
            found[sql(place)] = value
            literal = exp.convert(value)
            if place is made:
                return literal, found
            place.replace(literal)
        return made, found

    def _value(
        self, function: str, step: str, read: exp.Expr | None, earlier: Sequence[Earlier]
    ) -> Any:
        """What a reference to earlier events reads."""
        from sqlglot import exp

        from ..relational.sql import sql

        bound = [e for e in earlier if e.step == step]
        if read is None:
            return len(bound)
        if isinstance(read, exp.Column):
            values = [cell(e.row, read.name) for e in bound]
        else:
            plain = unqualified(read)
            text = sql(plain)
            values = [self._answer(plain, text, e.number).get("value") for e in bound]
        return aggregated(function, values)

    def _evaluated(self, tree: exp.Expr, rows: Any, start: int) -> Answers:
        """Answers for rows of a table: the value, and of a comparison both sides."""
        from sqlglot import exp

        from ..cep.packing import in_order
        from ..relational.sql import sql

        columns = [tree.copy().as_("value")]
        if type(tree).__name__ in OPERATORS:
            columns += [tree.this.copy().as_("lhs"), tree.expression.copy().as_("rhs")]
        query = exp.select(*columns, exp.column(ROW)).from_("in_0")
        try:
            found = self.engine.run(sql(query), {"in_0": rows})
        except LakestreamError:
            return Answers(start, None)
        return Answers(start, in_order(found, rows).to_pylist())


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def cell(row: dict[str, Any], name: str) -> Any:
    """A row's value under a name, as SQL finds it: whatever the case of its letters."""
    if name in row:
        return row[name]
    return next((value for own, value in row.items() if own.lower() == name.lower()), None)


def conjuncts(condition: str) -> list[exp.Expr]:
    """The parts of a condition joined by AND at the top; none of an empty one."""
    if not condition:
        return []
    from ..cep.expression import conjuncts as parted
    from ..relational.sql import parse_expression

    return parted(parse_expression(condition, None, aggregates=True))


def references(
    tree: exp.Expr, steps: set[str]
) -> Iterator[tuple[exp.Expr, str, str, exp.Expr | None]]:
    """Places that read earlier events: (place, function, step, what is read of each or None)."""
    from sqlglot import exp

    inside: set[int] = set()
    for node in list(tree.walk()):
        name = node.sql_name().upper() if isinstance(node, exp.Func) else ""
        if name in AGGREGATES and isinstance(node.this, exp.Column):
            counted = not node.this.table and node.this.name in steps
            if counted or node.this.table in steps:
                inside.add(id(node.this))
                yield (
                    node,
                    name,
                    node.this.name if counted else node.this.table,
                    (None if counted else node.this),
                )
        elif name in AGGREGATES and isinstance(node.this, exp.Expr):
            tables = {c.table for c in node.this.find_all(exp.Column)} & steps
            if len(tables) == 1:
                inside |= {id(c) for c in node.this.find_all(exp.Column)}
                yield node, name, tables.pop(), node.this
        elif isinstance(node, exp.Column) and node.table in steps and id(node) not in inside:
            yield node, "LAST", node.table, node


def aggregated(function: str, values: list[Any]) -> Any:
    """An aggregate of what was read of the events bound, as SQL defines it."""
    known = [v for v in values if v is not None]
    if function == "COUNT":
        return len(known)
    if function in ("FIRST", "LAST"):
        return (values[0] if function == "FIRST" else values[-1]) if values else None
    if function == "SUM":
        return sum(known)
    if not known:
        return None
    return {"AVG": sum(known) / len(known), "MIN": min(known), "MAX": max(known)}[function]


def unqualified(tree: exp.Expr) -> exp.Expr:
    """An expression over a step's events as one over the rows themselves."""
    from sqlglot import exp

    made = tree.copy()
    for column in list(made.find_all(exp.Column)):
        plain = exp.column(column.name, quoted=True)
        if column is made:
            return plain
        column.replace(plain)
    return made


def column_names(tree: exp.Expr, steps: set[str]) -> list[str]:
    """The columns of its own row that a part reads."""
    from sqlglot import exp

    own = [c for c in tree.find_all(exp.Column) if c.table not in steps]
    return sorted({c.name for c in own if c.name not in steps})
