"""What the value of a record holds: some columns of the rows, as the schema has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ....errors import InvalidArgument, Unsupported, nearest
from ....graph.config import named_twice
from ....graph.model import Column, Problem, Relation
from ....graph.node_type import NodeConfig
from ....graph.reads import Inputs, Named, Reads, Renames
from ....relational.sql import cast, column, find_column, named
from ...avro import avro_columns, avro_required
from ...avro_schema import avro_schema
from ...fields import NameList, PlainText
from ...protobuf import protobuf_columns, protobuf_required, refuse_choices
from ...registry import login_problems, registry_url

if TYPE_CHECKING:
    from sqlglot import exp

SchemaText = Annotated[str, Field(min_length=1, max_length=1_000_000)]
_WHOLE = ("tinyint", "smallint", "int", "bigint")
_WIDER = {"float": _WHOLE[:2], "double": ("float", *_WHOLE[:3])}


class _Schema:
    """A schema names the columns that its records cannot lack; it has no other names for them."""

    def named(self, text: str, inputs: Inputs) -> Iterator[Named]:
        """Columns with the names of fields that must be there; no Protobuf field must."""
        if not text.lstrip().startswith("{"):
            return
        needed = avro_required(text)
        for place, (_, rows) in enumerate(inputs.rows):
            yield from (Named(place, name) for name in rows.names if name in needed)

    def renamed(self, text: str, inputs: Inputs, renames: Renames) -> str:
        """As it was: what a field is called is a matter of those who read the topic."""
        return text


class ValueConfig(NodeConfig):
    """Columns, and how they are written."""

    columns: NameList | None = Field(
        None,
        description="Columns of the value; default: all, or those that the `value_schema` has",
    )
    format: Literal["json", "avro", "protobuf"] = Field(
        "json", description="How values are written; JSON leaves out columns that are NULL"
    )
    value_schema: Annotated[SchemaText, Reads(_Schema())] | None = Field(
        None,
        description="Avro: the record's schema, JSON text; default: one of the columns. Protobuf: "
        "a descriptor set in base64, as `protoc --include_imports --descriptor_set_out` writes it",
    )
    message: PlainText | None = Field(
        None, description="Protobuf: full name of the message, e.g. `shop.Order`"
    )


def value_problems(config: ValueConfig) -> Iterator[Problem]:
    """Fields that are missing for the format, or without use under it; columns named twice."""
    yield from named_twice("columns", config.columns or ())
    if config.format == "protobuf" and config.value_schema is None:
        yield Problem(
            "MISSING_CONFIG",
            "`value_schema` is required with protobuf values",
            field="value_schema",
            expected="a descriptor set in base64",
        )
    avro, registry = config.format == "avro", registry_url(config) is not None
    used = {
        "value_schema": config.format != "json",
        "message": config.format == "protobuf",
        "schema_registry_url": avro,
        "schema_registry_subject": avro and registry,
        "schema_registry_username": avro and registry,
        "schema_registry_password": avro and registry,
    }
    for field, useful in used.items():
        if not useful and getattr(config, field) is not None:
            yield Problem(
                "UNUSED_CONFIG",
                f"`{field}` has no use here, with {config.format} values",
                field=field,
                fix={field: None},
            )
    yield from login_problems(config)


def written_schema(config: ValueConfig, rows: Relation) -> str | None:
    """The schema that values are written by: the one given, or one of the columns."""
    if config.format == "avro" and config.value_schema is None:
        return avro_schema(_chosen(config, rows))
    return config.value_schema


def value_struct(config: ValueConfig, rows: Relation) -> exp.Expr:
    """The columns of the value as a struct. Raises where the rows do not fit the schema."""
    from sqlglot import exp

    types = {c.name: c.type for c in rows.columns}
    fields: list[exp.Expr] = []
    for own, wanted in _pairs(config, rows):
        value: exp.Expr = column(own)
        if types[own] != wanted.type:
            value = cast(value, wanted.type)
        fields.append(named(value, wanted.name))
    return exp.Anonymous(this="struct", expressions=fields)


def _chosen(config: ValueConfig, rows: Relation) -> list[Column]:
    """The rows' columns that are asked for."""
    if config.columns is None:
        return list(rows.columns)
    names = [find_column(name, rows, "columns", config.columns) for name in config.columns]
    types = {c.name: c.type for c in rows.columns}
    return [Column(name, types[name]) for name in names]


def _pairs(config: ValueConfig, rows: Relation) -> list[tuple[str, Column]]:
    """Names of the rows' columns, and the fields that they become."""
    chosen = _chosen(config, rows)
    if config.format == "json" or config.value_schema is None:
        return [(c.name, c) for c in chosen]
    known = {c.name.lower(): c for c in _schema_columns(config, config.value_schema)}
    for each in chosen if config.columns is not None else ():
        if each.name.lower() not in known:
            raise _unknown(f"the schema has no field `{each.name}`", each.name, known)
    pairs = [(c, known[c.name.lower()]) for c in chosen if c.name.lower() in known]
    _check_whole(config, {wanted.name for _, wanted in pairs}, rows)
    for own, wanted in pairs:
        if not _fits(own.type, wanted.type):
            raise InvalidArgument(
                f"`{own.name}` is {own.type}, and {wanted.type} in the schema",
                code="TYPE_MISMATCH",
                where={"field": "value_schema"},
                got=own.type,
                expected=wanted.type,
                hint="cast it with a rename-cast node before this one",
            )
    return [(own.name, wanted) for own, wanted in pairs]


def _schema_columns(config: ValueConfig, schema: str) -> tuple[Column, ...]:
    if config.format == "avro":
        return avro_columns(schema, written=True)
    return protobuf_columns(schema, config.message)


def _check_whole(config: ValueConfig, names: set[str], rows: Relation) -> None:
    """Raise where a field that must be there is not, or of several that exclude each other."""
    schema = config.value_schema or ""
    if config.format == "protobuf":
        message = config.message or ""
        required = protobuf_required(schema, message)
        refuse_choices(schema, message, names)
    else:
        required = avro_required(schema)
    for name in sorted(required - names):
        raise _unknown(f"the schema needs a column `{name}`", name, rows.names)
    if not names:
        raise _unknown("the schema has no field of these rows", None, rows.names)


def _unknown(problem: str, got: str | None, known: Any) -> InvalidArgument:
    return InvalidArgument(
        problem,
        code="UNKNOWN_COLUMN",
        where={"field": "value_schema"},
        got=got,
        expected=sorted(known),
        hint=nearest(got, known) if got else None,
    )


def _fits(given: str, wanted: str) -> bool:
    """Whether each value of a type is one of the other."""
    if given == wanted or given in _WIDER.get(wanted, ()):
        return True
    if given in _WHOLE and wanted in _WHOLE:
        return _WHOLE.index(given) <= _WHOLE.index(wanted)
    if given.startswith("decimal(") and wanted.startswith("decimal("):
        (digits, scale), (most, places) = _decimal(given), _decimal(wanted)
        return scale <= places and digits - scale <= most - places
    return False


def _decimal(column_type: str) -> tuple[int, int]:
    precision, scale = map(int, column_type[8:-1].split(","))
    return precision, scale


def refuse_in_sql(config: ValueConfig) -> None:
    """Raise Unsupported where declarative SQL has no form for writing such values."""
    if config.format != "protobuf" and registry_url(config) is None:
        return
    reason = "a schema registry" if registry_url(config) else "a Protobuf descriptor set"
    raise Unsupported(
        f"{reason} has no form in declarative SQL here: the node runs as Structured Streaming",
        where={"field": "format"},
        got=config.format,
        expected="json, or avro without a registry",
    )
