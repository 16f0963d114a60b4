"""Patterns with several inputs: their columns brought to one shape, conditions over all of them.

Columns of one name and type share a packed value; where an input lacks it, its rows hold NULL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..cep.expression import PackedValues, Scope, measure_code
from ..cep.pattern_type import Input, Value
from ..errors import InvalidSql, Unsupported, nearest
from ..graph.model import Column, Problem, Relation
from ..graph.node_type import ColumnResolver
from ..relational.sql import identifier, parse_expression, sql
from .common import PatternConfig, check_common, event_time_of, packed_values, sql_access

if TYPE_CHECKING:
    from sqlglot import exp


class Side(NamedTuple):
    """One of several inputs. `config` holds the shared fields as if it were the only one;
    `fields` says what they are called for this input, where that differs."""

    port: str
    config: PatternConfig
    relation: Relation
    fields: Mapping[str, str]


class Packed(NamedTuple):
    """A packed value, and its SQL in each input."""

    value: Value
    sql: tuple[str, ...]


def check_sides(sides: Sequence[Side]) -> Iterator[Problem]:
    """Problems of the shared fields input by input, and keys that do not go together."""
    for side in sides:
        names = side.fields
        for problem in check_common(side.config, side.relation):
            if (problem.code, problem.field) == ("DUPLICATE_COLUMN", "key") and side is not sides[
                0
            ]:
                continue  # one column may equal two of the first input
            fix = problem.fix and {names.get(name, name): v for name, v in problem.fix.items()}
            yield problem._replace(
                message=f"`{side.port}`: {problem.message}",
                field=names.get(problem.field or "", problem.field),
                fix=fix,
            )
    for side in sides[1:]:
        yield from _check_key(sides[0], side)


def _check_key(first: Side, side: Side) -> Iterator[Problem]:
    field = side.fields.get("key", "key")
    ours, theirs = first.config.key, side.config.key
    if len(ours) != len(theirs):
        yield Problem(
            "KEYS_DIFFER",
            f"The key of `{first.port}` has {len(ours)} column(s), that of `{side.port}` "
            f"{len(theirs)}.",
            field,
            list(theirs),
            f"a column for each of {', '.join(ours) or 'none'}",
        )
        return
    for our, their in zip(ours, theirs, strict=True):
        wanted, got = first.relation.type_of(our), side.relation.type_of(their)
        if wanted and got and wanted != got:
            yield Problem(
                "TYPES_DIFFER",
                f"`{our}` of `{first.port}` is {wanted}, `{their}` of `{side.port}` is {got}.",
                field,
                got,
                wanted,
                "Cast one of them with a rename-cast node before the pattern.",
            )


def united_values(sides: Sequence[Side]) -> list[Packed]:
    """Tie-breakers, which input a row came from, then the kept columns of all inputs.

    Raises InvalidSql for a column that is missing, or of another type in another input.
    """
    each = [{(v.role, v.name): v for v in packed_values(s.config, s.relation)} for s in sides]
    merged: dict[tuple[str, str], Value] = {}
    for side, values in zip(sides, each, strict=True):
        for (role, name), value in values.items():
            known = merged.setdefault((role, name.lower()), value)
            if known != value:
                raise _differs(side, known, value)
    found = [
        Packed(
            value,
            tuple(
                value.sql if (value.role, value.name) in values else _null(value.type)
                for values in each
            ),
        )
        for value in merged.values()
    ]
    order = [column for column in found if column.value.role == "order"]
    source = Packed(Value("", "", "bigint", "input"), tuple(map(str, range(len(sides)))))
    return [*order, source, *(column for column in found if column.value.role == "keep")]


def inputs_of(
    sides: Sequence[Side], columns: Sequence[Packed], conditions: Sequence[tuple[str, ...]]
) -> tuple[Input, ...]:
    """What each input gives for the values, given its conditions."""
    return tuple(
        Input(
            side.config.key,
            event_time_of(side.config, side.relation),
            conditions[number],
            tuple(column.sql[number] for column in columns),
        )
        for number, side in enumerate(sides)
    )


def condition_over_all(
    text: str, field: str, sides: Sequence[Side], resolver: ColumnResolver, given: Sequence[Packed]
) -> tuple[str, list[Packed]]:
    """A condition on one event per input as Python over `bound`, and the values it needs besides.

    Its columns are written with the port, as in `left.amount`. Raises InvalidSql, Unsupported.
    """
    names = _joint_names(sides)
    tree = _with_joint_names(parse_expression(text, field), field, sides, names)
    types = {names[side.port, c.name]: c.type for side in sides for c in side.relation.columns}
    joint = Relation(tuple(Column(*column) for column in types.items()))
    known = [_readable(column, sides) for column in given]
    scope = Scope(
        joint,
        tuple(side.port for side in sides),
        PackedValues(known),
        sql_access(joint, field, resolver),
        field,
        current=False,
    )
    code, kind = measure_code(tree, scope)
    if kind != "boolean":
        raise InvalidSql(
            f"`{text}` is {kind}, not a condition.",
            where={"field": field},
            got=kind,
            expected="boolean",
        )
    needed = [
        Packed(value, tuple(_for_input(value, side, names) for side in sides))
        for value in scope.values.computed
    ]
    return code, needed


def _joint_names(sides: Sequence[Side]) -> dict[tuple[str, str], str]:
    """A name for each column of each input: its own, unless inputs disagree on the type."""
    alike: dict[str, set[Column]] = {}
    for side in sides:
        for column in side.relation.columns:
            alike.setdefault(column.name.lower(), set()).add(column)
    names: dict[tuple[str, str], str] = {}
    for side in sides:
        for name in side.relation.names:
            own = name
            while len(alike[name.lower()]) > 1 and (own == name or own.lower() in alike):
                own = f"{side.port}.{own}"
            names[side.port, name] = own
    return names


def _with_joint_names(
    tree: exp.Expr, field: str, sides: Sequence[Side], names: Mapping[tuple[str, str], str]
) -> exp.Expr:
    from sqlglot import exp

    by_port = {side.port: side.relation for side in sides}
    known = [f"{side.port}.{name}" for side in sides for name in side.relation.names]
    for column in list(tree.find_all(exp.Column)):
        port = column.parts[0].name.lower()
        if port in by_port and len(column.parts) > 2:
            raise Unsupported(
                "A field of a nested column cannot be read here.",
                where={"field": field},
                got=sql(column),
                hint="project the field with a map-select node before the pattern",
            )
        if port not in by_port or len(column.parts) == 1:
            raise InvalidSql(
                f"`{sql(column)}` does not say which input it is of.",
                code="INPUT_MISSING",
                where={"field": field},
                got=sql(column),
                expected=known,
                hint=f"write {sides[0].port}.{column.name} or {sides[1].port}.{column.name}",
            )
        declared = {name.lower(): name for name in by_port[port].names}
        name = declared.get(column.name.lower())
        if name is None:
            near = nearest(column.name, by_port[port].names)
            raise InvalidSql(
                f"There is no column `{column.name}` in `{port}`.",
                code="UNKNOWN_COLUMN",
                where={"field": field},
                got=column.name,
                expected=list(by_port[port].names),
                hint=f"Did you mean `{port}.{near}`?" if near else None,
            )
        column.set("table", exp.to_identifier(port))
        column.set("this", identifier(names[port, name]))
    return tree


def _readable(column: Packed, sides: Sequence[Side]) -> Value:
    """The value as conditions may find it by name: only where all inputs that have it give it."""
    value = column.value
    given = zip(sides, column.sql, strict=True)
    whole = all(text == value.sql or s.relation.type_of(value.name) is None for s, text in given)
    return value if whole else value._replace(name="")


def _for_input(value: Value, side: Side, names: Mapping[tuple[str, str], str]) -> str:
    """A computed value's SQL over one input; NULL where it reads columns of another."""
    from sqlglot import exp

    own = {joint: name for (port, name), joint in names.items() if port == side.port}
    tree = parse_expression(value.sql, None)
    for column in list(tree.find_all(exp.Column)):
        if column.name not in own:
            return _null(value.type)
        column.set("this", identifier(own[column.name]))
    return sql(tree)


def _null(kind: str) -> str:
    return f"CAST(NULL AS {kind})"


def _differs(side: Side, known: Value, value: Value) -> InvalidSql:
    field = "order_by" if value.role == "order" else side.fields.get("keep", "keep")
    return InvalidSql(
        f"`{value.name}` of `{side.port}` is {value.type}, `{known.name}` of another input "
        f"{known.type}; one column cannot show both.",
        code="COLUMNS_DIFFER",
        where={"field": field},
        got=f"{value.name} {value.type}",
        expected=f"{known.name} {known.type}",
        hint="cast or rename one with a rename-cast node before the pattern"
        + (", or choose the columns to keep" if value.role == "keep" else ""),
    )
