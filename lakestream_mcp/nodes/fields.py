"""Parts that the configurations of several nodes share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from ..errors import InvalidArgument, nearest
from ..graph.duration import Delay, delay_ms
from ..graph.model import Column, Problem, Relation
from ..graph.node_type import NodeConfig
from ..graph.plain import LiteralSecret
from ..graph.reads import COLUMN, FIELD, Reads
from ..relational.column_types import canonical_type, check_names, ddl, parse_columns
from ..relational.naming import EXPRESSION

_PART = r"[^\x00-\x20./`\x7f\ud800-\udfff]{1,255}"
_TABLE = re.compile(rf"{_PART}(\.{_PART}){{0,2}}")
_SECRET = re.compile(r"secret://[A-Za-z0-9_.@-]{1,128}/[A-Za-z0-9_.@-]{1,128}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def _columns_text(given: object) -> str:
    try:
        if isinstance(given, str):
            return ddl(parse_columns(given))
        if isinstance(given, list):
            return ddl(check_names(_column(item) for item in given))
    except InvalidArgument as error:
        hint = f" ({error.hint})" if error.hint else ""
        raise ValueError(error.message + hint) from None
    if isinstance(given, dict):
        raise ValueError("a schema of Avro or Protobuf belongs into `value_schema`")
    raise ValueError("columns are text like `id bigint, at timestamp`, or a list of name and type")


def _column(item: object) -> Column:
    if not isinstance(item, dict) or set(item) != {"name", "type"}:
        raise ValueError(
            'each column has a type: {"name": …, "type": …}, or text like `id bigint, at timestamp`'
        )
    return Column(str(item["name"]), canonical_type(str(item["type"])))


def _table_name(text: str) -> str:
    plain = text.replace("`", "").strip()
    if not _TABLE.fullmatch(plain):
        raise ValueError("a table is named `catalog.schema.table`, without spaces or slashes")
    return plain


def _secret(text: str) -> str:
    if text.startswith("secret://") and not _SECRET.fullmatch(text):
        raise ValueError("a reference is `secret://scope/key`, of letters, digits and `_.@-`")
    if not text:
        raise ValueError("a reference is `secret://scope/key`")
    if not _SECRET.fullmatch(text):
        raise LiteralSecret(
            "a password is never kept in a pipeline: put it in a secret scope and write "
            "`secret://scope/key`"
        )
    return text


class SecretRef(NamedTuple):
    """Where a secret is kept; code reads it when it runs."""

    scope: str
    key: str


def secret_ref(text: str) -> SecretRef:
    """The place that a reference names. Raises ValueError."""
    scope, key = _secret(text).removeprefix("secret://").split("/")
    return SecretRef(scope, key)


def _plain_text(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("control characters and line breaks have no place here")
    return text


def _name(text: str) -> str:
    if "${" in text:
        raise ValueError("Spark replaces `${…}` in SQL, so a column name cannot hold it")
    return text


def _type_text(text: str) -> str:
    try:
        return canonical_type(text)
    except InvalidArgument as error:
        raise ValueError(error.message) from None


ColumnList = Annotated[
    str,
    BeforeValidator(_columns_text),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}, "type": {"type": "string"}},
                        "required": ["name", "type"],
                    },
                },
            ]
        }
    ),
]
"""Columns as DDL text or as a list; kept as canonical DDL text."""

TableName = Annotated[str, Field(max_length=770), AfterValidator(_table_name)]
Secret = Annotated[str, AfterValidator(_secret)]
PlainText = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_plain_text)]
NewName = Annotated[
    str, Field(min_length=1, max_length=255), AfterValidator(_plain_text), AfterValidator(_name)
]
"""A column that does not flow in: one that is made, or a table's."""
ColumnName = Annotated[NewName, Reads(COLUMN)]
"""A column of what flows in; in a source, one of its own."""
FieldName = Annotated[NewName, Reads(FIELD)]
"""A column of what flows in, or a field inside one: `a.b`."""
Expression = Annotated[str, Field(min_length=1, max_length=20_000), Reads(EXPRESSION)]
"""SQL over the columns of what flows in."""
Condition = Annotated[
    str, Field(min_length=1, max_length=20_000), Reads(EXPRESSION, use="condition")
]
"""SQL over the columns of one row; it counts as met where it is true, not where NULL."""
TypeText = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_type_text)]


class SourceConfig(NodeConfig):
    """What every source can say about the time of its rows."""

    event_time: ColumnName | None = Field(
        None, description="Column that says when an event happened; of type timestamp"
    )
    watermark_delay: Delay | None = Field(
        None,
        description="How late rows may come, for example `10 minutes`; later ones are dropped. "
        "Patterns need it (or a watermark node)",
    )

    @model_validator(mode="after")
    def _delay_needs_time(self) -> SourceConfig:
        if self.watermark_delay is not None and self.event_time is None:
            raise ValueError("`watermark_delay` needs `event_time`, the column it is about")
        return self


def timed(config: SourceConfig, columns: tuple[Column, ...]) -> Relation:
    """The source's relation with its event time and watermark, as far as they can be."""
    event_time = config.event_time
    known = next((c for c in columns if c.name == event_time), None)
    if known is None or known.type != "timestamp":
        return Relation(columns)
    delay = config.watermark_delay
    return Relation(columns, event_time, None if delay is None else delay_ms(delay))


def time_problems(
    event_time: str | None, columns: Sequence[Column], field: str = "event_time"
) -> Iterator[Problem]:
    """What is wrong with the event-time column."""
    if event_time is None:
        return
    known = next((c for c in columns if c.name == event_time), None)
    names = [c.name for c in columns]
    stamps = [c.name for c in columns if c.type == "timestamp"]
    if known is None:
        near = nearest(event_time, names) or (stamps[0] if len(stamps) == 1 else None)
        yield Problem(
            "UNKNOWN_COLUMN",
            f"there is no column `{event_time}`" + (f"; did you mean `{near}`?" if near else ""),
            field=field,
            got=event_time,
            expected=names,
            hint=near,
            fix={field: near} if near else None,
        )
    elif known.type != "timestamp":
        yield Problem(
            "EVENT_TIME_TYPE",
            f"event time `{event_time}` is of type {known.type}, not timestamp",
            field=field,
            got=known.type,
            expected="timestamp",
            hint=f"use {', '.join(stamps)}"
            if stamps
            else "declare it as timestamp, or cast it with a rename-cast node",
            fix={field: stamps[0]} if len(stamps) == 1 else None,
        )


def partial_name_problems(table: str, field: str) -> Iterator[Problem]:
    """A table of Unity Catalog is named by catalog, schema and table."""
    if table.count(".") != 2:
        yield Problem(
            "PARTIAL_TABLE_NAME",
            f"`{table}` does not say in which catalog and schema it is",
            field=field,
            got=table,
            expected="catalog.schema.table",
            hint=f"for example main.default.{table.rsplit('.', maxsplit=1)[-1]}",
        )


SCHEMA_NAME = re.compile(r"\s*(?:[\w-]+|`[^`]+`)\s*")


def joined_table_name(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config whose `catalog`, `schema` and `table` are one three-part `table`.

    A `schema` that is no name is the table's columns.
    """
    schema = config.get("schema")
    if schema is not None and not (isinstance(schema, str) and SCHEMA_NAME.fullmatch(schema)):
        config = {("columns" if k == "schema" else k): v for k, v in config.items()}
    parts = [config.get(key) for key in ("catalog", "schema", "table")]
    rest = {k: v for k, v in config.items() if k not in ("catalog", "schema")}
    if parts[0] is None and parts[1] is None:
        return rest
    return rest | {"table": ".".join(str(part) for part in parts if part)}


def names_of(given: Any) -> Any:
    """A list of names that may have come as one text with commas."""
    if isinstance(given, str):
        return [name.strip() for name in given.split(",") if name.strip()]
    return given


NameList = Annotated[list[ColumnName], BeforeValidator(names_of), Field(max_length=64)]
"""Columns of what flows in, as a list or as text with commas."""
NewNames = Annotated[list[NewName], BeforeValidator(names_of), Field(max_length=64)]
"""Columns that do not flow in, likewise."""


def only_for(field: str, choice: str, value: str) -> Problem:
    """A field that is given, though it has a meaning with another choice only."""
    return Problem(
        "UNUSED_CONFIG",
        f"`{field}` is for {value} only",
        field=field,
        hint=f"set `{choice}` to {value}, or leave the field out",
        fix={field: None},
    )
