"""What the bytes of a message hold: shared by all sources whose records have a value.

Columns come from a declaration, from sample rows (JSON), or from a schema (Avro, Protobuf). The
same schema goes into generated code, which selects and casts the columns by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, JsonValue

from ..errors import InvalidArgument, LakestreamError, Unsupported, nearest
from ..graph.config import problem_of
from ..graph.model import Column, Problem
from ..graph.node_type import NodeConfig
from ..relational.column_types import ddl, parse_columns
from ..relational.sql import cast, column, identifier
from .avro import avro_columns
from .fields import ColumnList, PlainText
from .protobuf import protobuf_columns
from .registry import FIELD_ALIASES as REGISTRY_ALIASES
from .registry import RegistryFields, login_problems, registry_of, registry_url
from .stream_table import PARSED, call, literal, options_map

if TYPE_CHECKING:
    from sqlglot import exp

TEXT = (Column("text", "string"),)
FIELD_ALIASES = {
    "schema": "columns",
    "deserializationFormat": "format",
    **REGISTRY_ALIASES,
}


def _as_text(given: object) -> object:
    """A schema may come as the object that its JSON text is of."""
    return json.dumps(given) if isinstance(given, dict) else given


class PayloadConfig(NodeConfig):
    """How values are written, and what is in them."""

    formats: ClassVar[tuple[str, ...]] = ("json", "avro", "protobuf")

    format: Literal["json", "avro", "protobuf"] = Field(
        "json", description="How values are written"
    )
    columns: ColumnList | None = Field(
        None,
        description="Columns of the value, e.g. `order_id bigint, at timestamp`; with Avro and "
        "Protobuf those to keep, default all of the schema",
    )
    sample_rows: list[dict[str, JsonValue]] | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="JSON: rows to infer the columns from, in place of `columns`",
    )
    value_schema: Annotated[str | None, BeforeValidator(_as_text)] = Field(
        None,
        min_length=1,
        max_length=1_000_000,
        description="Avro: the record's schema, JSON text. Protobuf: a descriptor set in base64, "
        "as `protoc --include_imports --descriptor_set_out` writes it",
    )
    message: PlainText | None = Field(
        None, description="Protobuf: full name of the message, e.g. `shop.Order`"
    )
    timestamp_format: PlainText | None = Field(
        None, description="JSON: pattern of timestamps; default ISO"
    )
    on_malformed: Literal["null", "fail"] = Field(
        "null", description="A value that cannot be read: all columns NULL, or the query stops"
    )


class RegistryConfig(RegistryFields, PayloadConfig):
    """A payload whose schema a registry may know."""


def columns_of(config: PayloadConfig) -> tuple[Column, ...]:
    """The columns of a value. Raises InvalidArgument, Unsupported."""
    declared = parse_columns(config.columns) if config.columns else None
    if str(config.format) == "text":
        return TEXT
    if config.format == "json":
        if declared is None and config.sample_rows is not None:
            return _inferred(config.sample_rows)
        return declared or ()
    if config.value_schema is None:
        return declared or ()
    if config.format == "avro":
        known = avro_columns(config.value_schema)
    else:
        known = protobuf_columns(config.value_schema, config.message)
    if declared is None:
        return known
    names = {c.name for c in known}
    for name in (c.name for c in declared if c.name not in names):
        raise InvalidArgument(
            f"the schema has no field `{name}`",
            code="UNKNOWN_COLUMN",
            where={"field": "columns"},
            got=name,
            expected=sorted(names),
            hint=nearest(name, names),
        )
    return declared


def _inferred(rows: list[dict[str, JsonValue]]) -> tuple[Column, ...]:
    from ..relational.files import columns_of_rows

    return columns_of_rows(rows)


def payload_problems(config: PayloadConfig) -> Iterator[Problem]:
    """Fields that are missing for the format, or without use under it."""
    yield from _missing(config)
    used = {
        "sample_rows": config.format == "json" and config.columns is None,
        "timestamp_format": config.format == "json",
        "value_schema": config.format in ("avro", "protobuf"),
        "message": config.format == "protobuf",
        "columns": str(config.format) != "text",
        "schema_registry_url": config.format in ("avro", "protobuf"),
        "schema_registry_subject": registry_url(config) is not None,
        "schema_registry_username": registry_url(config) is not None,
        "schema_registry_password": registry_url(config) is not None,
    }
    for field, useful in used.items():
        if not useful and getattr(config, field, None) is not None:
            yield Problem(
                "UNUSED_CONFIG",
                f"`{field}` has no use here, with {config.format} values",
                field=field,
                fix={field: None},
            )
    try:
        columns_of(config)
    except LakestreamError as error:
        yield problem_of(error)


def _missing(config: PayloadConfig) -> Iterator[Problem]:
    if config.format == "json" and config.columns is None and config.sample_rows is None:
        yield Problem(
            "MISSING_CONFIG",
            "`columns` is required: or give `sample_rows` to infer them from",
            field="columns",
            expected="id bigint, at timestamp",
        )
    if config.format in ("avro", "protobuf") and config.value_schema is None:
        if registry_url(config) is None:
            yield Problem(
                "MISSING_CONFIG",
                f"`value_schema` is required with {config.format} values, or a schema registry",
                field="value_schema",
                expected="the schema as text, or `schema_registry_url`",
            )
        elif config.columns is None:
            yield Problem(
                "MISSING_CONFIG",
                "`columns` or `value_schema` is required: a registry is asked when the code runs, "
                "and by discover_schema",
                field="columns",
                expected="id bigint, at timestamp",
                hint="discover_schema with `pipeline_id` and `node` answers with the columns that "
                "the registry has, as a fix",
            )
    yield from login_problems(config)


def parsing(config: PayloadConfig) -> dict[str, str]:
    """Spark's options for reading values."""
    options = {"mode": "FAILFAST" if config.on_malformed == "fail" else "PERMISSIVE"}
    if config.format == "json" and config.timestamp_format is not None:
        options["timestampFormat"] = config.timestamp_format
    return options


def decoding(config: PayloadConfig, binary: str, topic: str = "") -> dict[str, Any]:
    """Template variables: the platform function that reads a value, and what it is given."""
    columns = ddl(columns_of(config))
    schema: Any = columns
    if config.format == "avro":
        schema = config.value_schema if registry_url(config) is None else None
    elif config.format == "protobuf":
        inline = config.value_schema if registry_url(config) is None else None
        schema = {"message": config.message, "descriptors": inline, "columns": columns}
    return {
        "decode": f"{config.format}_value",
        "binary": binary,
        "schema": schema,
        "parsing": parsing(config),
        "registry": registry_of(config, topic),
    }


def outputs(config: PayloadConfig) -> list[exp.Expr]:
    """The columns over the decoded value, each by its name."""
    return [_output(config, c) for c in columns_of(config)]


def _output(config: PayloadConfig, wanted: Column) -> exp.Expr:
    from sqlglot import exp

    value: exp.Expr = column(wanted.name, PARSED)
    if config.format in ("avro", "protobuf"):
        value = cast(value, wanted.type)
    return exp.Alias(this=value, alias=identifier(wanted.name))


def parsed_sql(config: PayloadConfig, binary: str) -> exp.Expr:
    """The decoded value in Databricks SQL. Raises Unsupported where SQL has no form for it."""
    value = column(binary)
    text = cast(value, "string")
    if str(config.format) == "text":
        return call("named_struct", literal("text"), text)
    if config.format == "json":
        schema = literal(ddl(columns_of(config)))
        return call("from_json", text, schema, options_map(parsing(config)))
    if config.format == "avro" and registry_url(config) is None:
        schema = literal(config.value_schema)
        return call("from_avro", value, schema, options_map(parsing(config)))
    reason = "a schema registry" if registry_url(config) else "a Protobuf descriptor set"
    raise Unsupported(
        f"{reason} has no form in declarative SQL here: the node runs as Structured Streaming",
        where={"field": "format"},
        got=config.format,
        expected="json, or avro with `value_schema`",
    )
