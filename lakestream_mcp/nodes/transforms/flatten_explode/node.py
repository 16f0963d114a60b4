"""Nested values become rows and columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from ....errors import InvalidSql
from ....graph.model import Column, Problem, Relation
from ....graph.node_type import ColumnResolver, NodeConfig, RelationalType
from ....relational.column_types import nested_parts
from ....relational.sql import column, find_column, named
from ...fields import FieldName, NewName

if TYPE_CHECKING:
    from sqlglot import exp


class FlattenExplodeConfig(NodeConfig):
    """Which value, and what becomes of it."""

    column: FieldName = Field(
        description="Array, map or struct column; `a.b` is the field `b` of the struct `a`"
    )
    alias: NewName | None = Field(
        None, description="Name of the element or map value; default: the last name of `column`"
    )
    key_alias: NewName | None = Field(
        None, description="Name of the map's key; default: `<alias>_key`"
    )
    position: NewName | None = Field(
        None, description="Name of a column for the place of the element, from 0; default: none"
    )
    outer: bool = Field(
        False, description="Keep rows whose array or map is empty or NULL, with NULL as element"
    )
    flatten: bool = Field(
        True, description="Give each field of a struct a column of its own, instead of one column"
    )
    prefix: NewName | None = Field(
        None, description="Put before the names of a struct's fields, e.g. `item_`"
    )
    keep: bool = Field(False, description="Keep the column itself, too")


class _Output(NamedTuple):
    """A column that goes out."""

    name: str
    value: exp.Expr
    type: str


class FlattenExplode(RelationalType):
    """`SELECT` over a generator, or of a struct's fields."""

    type = "flatten-explode"
    title = "Flatten / explode"
    summary = "Makes a row of each element of an array or map, or columns of a struct's fields"
    Config = FlattenExplodeConfig
    unsaid = tuple(FlattenExplodeConfig.model_fields)
    aliases = ("explode", "flatten")
    field_aliases = {
        "arrayOrStructField": "column",
        "array_or_struct_field": "column",
        "outputAlias": "alias",
        "output_alias": "alias",
    }

    def sentence(self, config: FlattenExplodeConfig) -> str:
        kept = ", also of empty ones" if config.outer else ""
        return f"flattens {config.column}{kept}"

    def check(self, config: FlattenExplodeConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        try:
            kind = _found(config, inputs[0])[1]
        except InvalidSql:
            return  # `relation` raises it
        used = _used(config, kind)
        for field in ("alias", "key_alias", "position", "outer", "flatten", "prefix"):
            given = getattr(config, field) != type(config).model_fields[field].default
            if given and field not in used:
                yield Problem(
                    "UNUSED_CONFIG",
                    f"`{field}` has no use with `{config.column}`, which is of type {kind}",
                    field=field,
                    hint="leave the field out",
                    fix={field: None},
                )

    def query(self, config: FlattenExplodeConfig, inputs: Sequence[Relation]) -> exp.Query:
        from sqlglot import exp

        outputs = _outputs(config, inputs[0])
        selected = [named(output.value, output.name) for output in outputs]
        if nested_parts(_found(config, inputs[0])[1])[0] == "struct":
            return exp.select(*selected).from_("in_0")
        inner = exp.select(
            *(column(name) for name in inputs[0].names), _generator(config, inputs[0])
        ).from_("in_0")
        return exp.select(*selected).from_(inner.subquery("exploded"))

    def relation(
        self,
        config: FlattenExplodeConfig,
        inputs: Sequence[Relation],
        resolver: ColumnResolver,
    ) -> Relation:
        """The other columns as they are, then what was nested."""
        rows = inputs[0]
        outputs = _outputs(config, rows)
        seen: set[str] = set()
        for output in outputs:
            if output.name.lower() in seen:
                raise InvalidSql(
                    f"two columns would be named `{output.name}`",
                    code="DUPLICATE_COLUMN",
                    where={"field": "prefix" if output.value.key == "dot" else "alias"},
                    got=output.name,
                    hint="set `alias`, `key_alias`, `position` or `prefix` to a name that is free",
                )
            seen.add(output.name.lower())
        columns = tuple(Column(output.name, output.type) for output in outputs)
        kept = rows.event_time if rows.event_time in {c.name for c in columns} else None
        return Relation(columns, kept, rows.delay_ms if kept else None)


def _found(config: FlattenExplodeConfig, rows: Relation) -> tuple[exp.Expr, str]:
    """The nested value and its type. Raises InvalidSql."""
    from sqlglot import exp

    names = [config.column]
    if config.column.lower() not in {name.lower() for name in rows.names}:
        names = config.column.split(".")
    first = find_column(names[0], rows, "column")
    value, kind = column(first), rows.type_of(first) or ""
    tree: exp.Expr = value
    for name in names[1:]:
        form, parts = nested_parts(kind)
        fields = Relation(parts if form == "struct" else ())
        field = find_column(name, fields, "column")
        tree = exp.Dot(this=tree, expression=exp.to_identifier(field, quoted=True))
        kind = fields.type_of(field) or ""
    if nested_parts(kind)[0] not in ("array", "map", "struct"):
        raise InvalidSql(
            f"`{config.column}` is of type {kind}: there is nothing to flatten",
            code="NOT_NESTED",
            where={"field": "column"},
            got=kind,
            expected="an array, a map or a struct",
            hint="parse text with from_json in a map-select node first",
        )
    return tree, kind


def _used(config: FlattenExplodeConfig, kind: str) -> set[str]:
    """The fields of the configuration that a value of this type makes use of."""
    form, parts = nested_parts(kind)
    if form == "struct":
        return {"prefix"}
    fields = nested_parts(parts[-1].type)[0] == "struct"
    used = {"position", "outer"} | ({"key_alias"} if form == "map" else set())
    used |= {"flatten"} if fields else set()
    # A map's key is named after the alias.
    used |= {"prefix"} if fields and config.flatten else {"alias"}
    return used | ({"alias"} if form == "map" else set())


def _names(rows: Relation) -> dict[str, str]:
    """How the generator's columns are named inside, so that no input column is hidden."""
    taken = {name.lower() for name in rows.names}
    names: dict[str, str] = {}
    for part in ("position", "key", "element"):
        name = part
        while name in taken:
            name += "_"
        names[part] = name
    return names


def _generator(config: FlattenExplodeConfig, rows: Relation) -> exp.Expr:
    from sqlglot import exp

    value, kind = _found(config, rows)
    parts = ("position", "key", "element") if kind.startswith("map") else ("position", "element")
    inside = _names(rows)
    call = exp.PosexplodeOuter if config.outer else exp.Posexplode
    names = [exp.to_identifier(inside[part]) for part in parts]
    return exp.Aliases(this=call(this=value), expressions=names)


def _outputs(config: FlattenExplodeConfig, rows: Relation) -> list[_Output]:
    """All columns that go out, with their values over the rows or over the generator's."""
    value, kind = _found(config, rows)
    form, parts = nested_parts(kind)
    # A struct of which one field was taken stays as it is.
    dropped = "" if config.keep or value.key == "dot" else value.name
    outputs = [_Output(c.name, column(c.name), c.type) for c in rows.columns if c.name != dropped]
    if form == "struct":
        return outputs + _fields(config, value, parts)
    inside = _names(rows)
    alias = config.alias or value.name
    if config.position is not None:
        outputs.append(_Output(config.position, column(inside["position"]), "int"))
    if form == "map":
        key = config.key_alias or f"{alias}_key"
        outputs.append(_Output(key, column(inside["key"]), parts[0].type))
    element = parts[-1].type
    within = nested_parts(element)
    if within[0] == "struct" and config.flatten:
        return outputs + _fields(config, column(inside["element"]), within[1])
    return [*outputs, _Output(alias, column(inside["element"]), element)]


def _fields(
    config: FlattenExplodeConfig, value: exp.Expr, fields: Sequence[Column]
) -> list[_Output]:
    from sqlglot import exp

    return [
        _Output(
            f"{config.prefix or ''}{field.name}",
            exp.Dot(this=value.copy(), expression=exp.to_identifier(field.name, quoted=True)),
            field.type,
        )
        for field in fields
    ]


NODE = FlattenExplode()
