"""Python for expressions over the rows of a match.

The code sees `v` (`MatchView` of the matcher: rows, the current row `v.at`, the match's number),
`m` (the memory of the match up to the current row) and in measures `f` (that of the whole match).
What reads one row alone is packed with the row, as SQL.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlglot import exp

from ...cep.expression import Scope
from ...cep.expression_python import METHODS, UNITS, WHOLE, Typed, text_cast
from ...errors import Unsupported
from .aggregates import Argument, aggregate
from .analysis import Labels
from .calls import Call, call_of, calls, label_of, labels_in, shown
from .decimals import DecimalWriter, is_decimal
from .rules import Navigation, navigation_of
from .scalars import scalar
from .slots import Slot, Slots


class Place(NamedTuple):
    """Where an expression stands.

    variable: the variable that is defined; None in measures. guards: per variable, the SQL that
    every row of the variable satisfies. may_be_empty: whether a measure may have no row to read.
    """

    labels: Labels
    variable: int | None
    guards: Mapping[int, exp.Expr]
    may_be_empty: bool = False


class RowWriter(DecimalWriter):
    """Writes one expression; says afterwards what its value depends on, and how far it looks."""

    def __init__(self, scope: Scope, place: Place, slots: Slots, guard: exp.Expr | None) -> None:
        super().__init__(scope, guard)
        self.place = place
        self.slots = slots
        self.on_history = False  # on earlier rows of the match, or on its number
        self.on_labels = False  # on the labels of earlier rows
        self.numbered = False  # on the match's number
        self.back = 0  # how many rows before the match, at most
        self.ahead = 0  # how many rows after the current one, or after the match
        self._inside = False  # in an expression over the one row `i`

    def _node(self, node: exp.Expr) -> Typed:
        call = call_of(node)
        if call is not None:
            return self._call_of_pattern(node, call)
        if isinstance(node, (exp.Literal, exp.Boolean, exp.Null)):
            method = self._method(node)
            assert method is not None
            return method(node)
        special = next(calls(node), None) is not None
        columns = node.find(exp.Column) is not None
        if columns and not special and self._inside:
            return self._packed(node, "i", 0, self.guard)
        if columns and not special and (isinstance(node, exp.Column) or self._on_one_row(node)):
            return self._bare(node)
        written = scalar(self, node)
        return self._general(node, columns or special) if written is None else written

    def _general(self, node: exp.Expr, varies: bool) -> Typed:
        """What the base writes for a node, or SQL for a constant."""
        known = not isinstance(node, exp.Anonymous) or str(node.this).lower() in UNITS
        method = self._method(node) if known else None
        if not varies and (method is None or text_cast(node)):
            return self._constant(node)
        if method is None:
            name = node.sql_name() if isinstance(node, exp.Func) else node.key
            name = str(node.this) if isinstance(node, exp.Anonymous) else name
            raise self._unsupported(node, f"{name.upper()} over several rows")
        return method(node)

    def _method(self, node: exp.Expr) -> Callable[[exp.Expr], Typed] | None:
        """The method for a kind of node, as this class has it."""
        method = METHODS.get(type(node))
        return None if method is None else getattr(self, method.__name__)

    # Values of one row

    def _bare(self, node: exp.Expr) -> Typed:
        """A column outside of FIRST, LAST, PREV and NEXT: that of the last row of its label."""
        (label,) = labels_in(node, self.scope.relation, self.place.labels)
        return self._navigated(Navigation(False, False, label, 0, 0, node))

    def _on_one_row(self, node: exp.Expr) -> bool:
        found = labels_in(node, self.scope.relation, self.place.labels)
        return len(found) == 1 and self._null_in_null_out(node)

    def _constant(self, node: exp.Expr) -> Typed:
        """A constant that only SQL can work out: packed with the current row."""
        if self._inside:
            return self._packed(node, "i", 0, None)
        if self.place.may_be_empty:
            raise self._unsupported(node, "such a constant where a match may have no rows")
        return self._packed(node, "v.at", 0, None)

    def _packed(self, node: exp.Expr, position: str, shift: int, guard: exp.Expr | None) -> Typed:
        """A value of a row, computed by SQL when the row comes."""
        inner = self._without_labels(node)
        column_type = self.scope.sql.type_of(inner)
        self._reach(shift)
        place = self._place(inner, column_type, guard)
        code = f"v.cell({position}, {shift}, {place})"
        return Typed(f"decimal_of({code})" if is_decimal(column_type) else code, column_type)

    def _without_labels(self, node: exp.Expr) -> exp.Expr:
        whole = exp.Paren(this=node.copy())
        for column in list(whole.find_all(exp.Column)):
            if label_of(column, self.scope.relation, self.place.labels) is not None:
                column.set("table", None)
        return self.scope.sql.check(whole.this, False)

    def _reach(self, shift: int) -> None:
        self.back = max(self.back, -shift)
        self.ahead = max(self.ahead, shift)

    def guard_of(self, label: str | None) -> exp.Expr | None:
        """What every row of a label satisfies, as far as SQL can tell of the row alone."""
        numbers = self.place.labels.numbers(label)
        if numbers is None:
            numbers = frozenset(range(len(self.place.labels.primary)))
        found = [self.place.guards.get(number) for number in sorted(numbers)]
        known = [guard for guard in found if guard is not None]
        return exp.or_(*known, copy=True) if known and len(known) == len(found) else None

    # Functions of row patterns

    def _call_of_pattern(self, node: exp.Expr, call: Call) -> Typed:
        if call.name == "match_number":
            self.on_history = self.numbered = True
            return Typed("v.number", "bigint")
        if call.name == "classifier":
            return self._classifier(node)
        if call.is_aggregate:
            return self._aggregate_of(node, call)
        where = navigation_of(call, self.scope.relation, self.place.labels)
        return self._navigated(where)

    def _classifier(self, node: exp.Expr) -> Typed:
        if self._inside:
            self.on_labels = True
            return Typed("v.name(i, 0)", "string")
        (label,) = labels_in(node, self.scope.relation, self.place.labels)
        return self._navigated(Navigation(False, False, label, 0, 0, node))

    def _navigated(self, where: Navigation) -> Typed:
        """The value at the end of a navigation; NULL if it leads nowhere."""
        position = self._position(where)
        shift = where.physical
        if next(calls(where.value), None) is None:
            return self._packed(where.value, position, shift, self._guard_at(where, position))
        inner = call_of(where.value)
        if inner is not None and inner.name == "classifier":
            return self._name_at(position, shift)
        self._reach(shift)
        code, column_type = self._over_row(where.value, None)
        return Typed(f"v.visit({position}, {shift}, lambda i: {code})", column_type)

    def _guard_at(self, where: Navigation, position: str) -> exp.Expr | None:
        if where.physical:
            return None
        return self.guard if position == "v.at" and self.guard else self.guard_of(where.label)

    def _name_at(self, position: str, shift: int) -> Typed:
        if position == "v.at" and shift == 0 and self.place.variable is not None:
            return Typed(repr(self.place.labels.primary[self.place.variable]), "string")
        self.on_labels = True
        self._reach(shift)
        return Typed(f"v.name({position}, {shift})", "string")

    def _over_row(self, node: exp.Expr, guard: exp.Expr | None) -> tuple[str, str]:
        """Code over the row `i`, and its type."""
        kept = self._inside, self.guard
        self._inside, self.guard = True, guard
        written = self.write(node)
        self._inside, self.guard = kept
        return written.code, written.type

    def _position(self, where: Navigation) -> str:
        """Code of the row a logical navigation leads to.

        In measures FIRST looks at the whole match, as Trino does it.
        """
        numbers = self.place.labels.numbers(where.label)
        defined = self.place.variable
        here = numbers is None or (defined is not None and defined in numbers)
        if here and not where.first and not where.final and where.logical == 0:
            return "v.at"
        self.on_history = True
        whole = where.first or where.final
        kind = "first" if where.first else "last"
        slot = self.slots.place(Slot(kind, numbers, None, where.logical + 1))
        memory = "f" if whole and defined is None else "m"
        return f"nth_row({memory}[{slot}], {where.logical if where.first else -1 - where.logical})"

    # Aggregates

    def _aggregate_of(self, node: exp.Expr, call: Call) -> Typed:
        self.on_history = True
        labels: set[str | None] = set()
        for argument in call.arguments:
            labels |= labels_in(argument, self.scope.relation, self.place.labels)
        label = next(iter(labels), None)
        guard = self.guard_of(label)
        arguments, on_labels = [], self.on_labels
        for argument in call.arguments:
            star = isinstance(argument, exp.Star) or isinstance(argument.this, exp.Star)
            if not star:
                code, column_type = self._over_row(argument, guard)
                constant = argument.find(exp.Column) is None and next(calls(argument), None) is None
                arguments.append(Argument(code, column_type, constant))
        self.on_labels = on_labels  # what it reads of labels is in the memory
        written = aggregate(call.name, arguments)
        if isinstance(written, str):
            raise self._unsupported(node, written, "CAST the argument")
        slot = self.slots.place(
            Slot(written.kind, self.place.labels.numbers(label), written.argument, written.size)
        )
        memory = "f" if call.mode == "final" and self.place.variable is None else "m"
        return Typed(written.code.format(f"{memory}[{slot}]"), written.type)

    # Types and refusals

    def _alike(self, node: exp.Expr, values: list[Typed], compared: bool) -> list[Typed]:
        kinds = {value.type for value in values if value.type != "void"}
        if len(kinds) > 1 and all(kind[6:-1] in WHOLE for kind in kinds):
            widest = max(kinds, key=lambda kind: WHOLE[kind[6:-1]])
            return [value._replace(type=widest) for value in values]
        return super()._alike(node, values, compared)

    def _unsupported(self, node: exp.Expr, what: str, hint: str | None = None) -> Unsupported:
        return Unsupported(
            f"{what} is not supported in an expression over several rows.",
            code="NOT_SUPPORTED",
            where=self.scope.where(),
            got=shown(node),
            hint=hint or "compute it in a map-select node before the pattern, or inside LAST(…)",
        )
