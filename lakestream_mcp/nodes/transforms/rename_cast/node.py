"""Columns with other names and types."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ....graph.model import Relation
from ....graph.node_parts import Reading
from ....graph.node_type import ColumnResolver, NodeConfig, RelationalType
from ....relational.sql import column, find_column, named, plain_select, select, sql
from ...fields import ColumnName, NewName, TypeText

if TYPE_CHECKING:
    from sqlglot import exp


class ColumnMapping(BaseModel):
    """What becomes of one column."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: ColumnName = Field(description="Input column")
    name: NewName | None = Field(None, description="New name; default: unchanged")
    type: TypeText | None = Field(None, description="New type, e.g. `timestamp`")


class RenameCastConfig(NodeConfig):
    """What becomes of the columns."""

    columns: list[ColumnMapping] = Field(
        min_length=1, max_length=500, description="Columns to rename or cast"
    )
    others: Literal["keep", "drop"] = Field(
        "keep", description="What becomes of the columns not listed"
    )
    on_error: Literal["fail", "null"] = Field(
        "fail",
        description="A value that cannot be cast stops the query (`fail`) or becomes NULL (`null`)",
    )


class RenameCast(RelationalType):
    """`SELECT` of columns under other names and types."""

    type = "rename-cast"
    title = "Rename / cast"
    summary = "Renames columns and changes their types"
    Config = RenameCastConfig
    aliases = ("rename", "cast")
    field_aliases = {"columnMappings": "columns", "mappings": "columns"}
    passes_every_row = True

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """An earlier mapping came as JSON text with `from`, `to` and `castType`.

        Names or types by column are read, too: `{"renames": {"a": "b"}, "casts": {"b": "int"}}`.
        """
        given = config.get("columns")
        if isinstance(given, str):
            given = json.loads(given)
        if isinstance(given, dict) or BY_COLUMN.keys() & config.keys():
            given = _by_name(given, config)
            config = {name: value for name, value in config.items() if name not in BY_COLUMN}
        if not isinstance(given, list):
            return config
        renamed = {"from": "column", "to": "name", "castType": "type", "cast_type": "type"}
        items = [
            {renamed.get(k, k): v for k, v in item.items() if v not in (None, "")}
            if isinstance(item, dict)
            else item
            for item in given
        ]
        return config | {"columns": items}

    def sentence(self, config: RenameCastConfig) -> str:
        parts = [
            m.column
            + (f" to {m.name}" if m.name and m.name != m.column else "")
            + (f" as {m.type}" if m.type else "")
            for m in config.columns
        ]
        return f"turns {', '.join(parts)}"

    def query(self, config: RenameCastConfig, inputs: Sequence[Relation]) -> exp.Query:
        rows = inputs[0]
        mappings = _by_column(config, rows)
        outputs: list[exp.Expr] = []
        for name in rows.names:
            mapping = mappings.get(name)
            if mapping is None and config.others == "drop":
                continue
            value: exp.Expr = column(name)
            if mapping is not None and mapping.type and mapping.type != rows.type_of(name):
                value = _cast(value, mapping.type, config.on_error)
            outputs.append(named(value, (mapping and mapping.name) or name))
        return select(outputs)

    def read(
        self, query: exp.Query, inputs: Sequence[Relation], tables: Mapping[str, str]
    ) -> Reading | None:
        """`SELECT columns FROM in_0`, perhaps under another name or type."""
        if not plain_select(query):
            return None
        found = [_mapping(item) for item in query.expressions]
        mappings = [mapping for mapping in found if mapping is not None]
        changed = [mapping for mapping in mappings if len(mapping) > 1]
        everything = len({m["column"].lower() for m in mappings}) == len(inputs[0].columns)
        if len(mappings) != len(found) or not (changed or everything):
            return None
        kept = changed or mappings[:1]
        config: dict[str, Any] = {"columns": kept if everything else mappings}
        config |= {} if everything else {"others": "drop"}
        lenient = any(_is_lenient(item) for item in query.expressions)
        return Reading(config | ({"on_error": "null"} if lenient else {}))

    def relation(
        self, config: RenameCastConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """Event time follows its column to a new name, and ends with a change of its type."""
        rows = inputs[0]
        columns = resolver.columns(self.query(config, inputs), inputs)
        mapping = _by_column(config, rows).get(rows.event_time or "")
        name = (mapping and mapping.name) or rows.event_time
        kept = next((c for c in columns if c.name == name and c.type == "timestamp"), None)
        if kept is None or (mapping is None and config.others == "drop"):
            return Relation(columns)
        return Relation(columns, kept.name, rows.delay_ms)


BY_COLUMN = {"renames": "name", "rename": "name", "casts": "type", "cast": "type", "types": "type"}
"""Fields that hold something by column, and what it is."""


def _by_name(given: Any, config: dict[str, Any]) -> list[Any]:
    """Mappings from objects by column. A cast may name the column as it is called afterwards."""
    listed = [] if isinstance(given, dict) or given is None else given
    found = [dict(mapping) for mapping in listed]
    parts = [("name", given)] if isinstance(given, dict) else []
    parts += [(BY_COLUMN[field], config[field]) for field in BY_COLUMN if field in config]
    for what, by_column in parts:
        for name, value in by_column.items():
            if isinstance(value, dict):
                found.append({"column": name, **value})
                continue
            same = (m for m in found if name in (m.get("column"), m.get("name")))
            mapping = next(same, None)
            if mapping is None:
                found.append({"column": name, what: value})
            else:
                mapping[what] = value
    return found


def _is_lenient(item: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(item.this if isinstance(item, exp.Alias) else item, exp.TryCast)


def _mapping(item: exp.Expr) -> dict[str, str] | None:
    """What becomes of one column, if the item is no more than that."""
    from sqlglot import exp

    value = item.this if isinstance(item, exp.Alias) else item
    cast = value if isinstance(value, (exp.Cast, exp.TryCast)) else None
    source = value.this if cast is not None else value
    if not isinstance(source, exp.Column) or source.table or not item.alias_or_name:
        return None
    mapping = {"column": source.name}
    if item.alias_or_name.lower() != source.name.lower():
        mapping["name"] = item.alias_or_name
    return mapping | ({"type": sql(cast.to).lower()} if cast is not None else {})


def _by_column(config: RenameCastConfig, rows: Relation) -> dict[str, ColumnMapping]:
    return {
        find_column(mapping.column, rows, f"columns.{index}.column"): mapping
        for index, mapping in enumerate(config.columns)
    }


def _cast(value: exp.Expr, column_type: str, on_error: str) -> exp.Expr:
    from sqlglot import exp

    from ....relational.sql import cast

    exact = cast(value, column_type)
    return exact if on_error == "fail" else exp.TryCast(this=exact.this, to=exact.to, safe=True)


NODE = RenameCast()
