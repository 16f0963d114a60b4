"""Nodes that complete each row of a stream from a static table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ..errors import InvalidSql, Unsupported
from ..graph.model import Problem, Relation
from ..graph.node_type import ColumnResolver, NodeConfig, RelationalType
from ..relational.column_types import parse_columns
from ..relational.sql import column, find_column, named
from .fields import ColumnList, ColumnName, NewName, NewNames, PlainText, TableName

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import exp


class KeyPair(BaseModel):
    """A key with a name of its own on each side."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stream: ColumnName = Field(description="Column of the stream")
    static: NewName = Field(description="Column of the table")


class StaticTableConfig(NodeConfig):
    """The table, the keys, and what is added."""

    table: TableName = Field(description="Static table, `catalog.schema.table`")
    keys: list[ColumnName | KeyPair] = Field(
        min_length=1,
        max_length=32,
        description="Columns that must be equal: names both sides have, or pairs of stream and "
        "static; NULL equals nothing",
    )
    join: Literal["left", "inner", "right"] = Field(
        "left",
        description="`left` keeps rows without a partner, `inner` drops them; `right` is refused",
    )
    select: NewNames | None = Field(
        None, description="Columns of the table to add; default: all but its keys"
    )
    prefix: NewName | None = Field(
        None, description="Put before the names of the table's columns, e.g. `customer_`"
    )
    static_columns: ColumnList = Field(
        description="The table's columns, e.g. `id bigint, region string`"
    )
    static_rows: list[dict[str, JsonValue]] | None = Field(
        None, max_length=10_000, description="Rows that stand for the table in a local test"
    )
    static_file: PlainText | None = Field(
        None, description="File whose rows stand for the table in a local test (JSON lines or CSV)"
    )


def _equalities(text: str) -> list[JsonValue]:
    """Keys as SQL's ON has them: `customer_id = c.id AND …`; the left side is the stream's."""
    found: list[JsonValue] = []
    for part in re.split(r"\s+AND\s+", text, flags=re.IGNORECASE):
        ends = [end.strip().rpartition(".")[2] for end in re.split(r"==?", part)]
        found.append(dict(zip(("stream", "static"), ends, strict=False)))
    return found


def _names_alone(given: Any) -> list[str]:
    """Names of columns, as a list or with commas; nothing where one is more than a name."""
    listed = given.split(",") if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        return []
    names = [name.strip() for name in listed]
    return names if all(name.isidentifier() for name in names) else []


class StaticTableType(RelationalType):
    """A join of the stream, `in_0`, with the table, `in_1`."""

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Keys as text, names with commas or a JSON list; or the table's by the stream's. Columns
        without types are those to add."""
        if "select" not in config and (names := _names_alone(config.get("columns"))):
            config = {k: v for k, v in config.items() if k != "columns"} | {"select": names}
        keys = config.get("keys")
        if isinstance(keys, dict) and not keys.keys() <= KeyPair.model_fields.keys():
            pairs = [{"stream": stream, "static": static} for stream, static in keys.items()]
            return config | {"keys": pairs}
        if isinstance(keys, str):
            as_json = keys.lstrip().startswith("[")
            if not as_json and "=" in keys:
                return config | {"keys": _equalities(keys)}
            names = json.loads(keys) if as_json else [k.strip() for k in keys.split(",")]
            return config | {"keys": [name for name in names if name]}
        return config

    def spelled_out(self, config: Any) -> Any:
        """Every key with its name on each side."""
        pairs = [KeyPair(stream=k, static=k) if isinstance(k, str) else k for k in config.keys]
        return config.model_copy(update={"keys": pairs})

    def sentence(self, config: StaticTableConfig) -> str:
        names = ", ".join(k if isinstance(k, str) else k.stream for k in config.keys)
        return f"adds columns of {config.table} by {names}"

    def check(self, config: StaticTableConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        if config.join == "right":
            yield Problem(
                "UNSUPPORTED",
                "a right join would wait for ever for a stream's row that may still come",
                field="join",
                got="right",
                expected=["left", "inner"],
                fix={"join": "left"},
            )
        if config.static_rows is not None and config.static_file is not None:
            yield Problem(
                "TWO_SAMPLES",
                "`static_rows` and `static_file` both stand for the table",
                field="static_file",
                fix={"static_file": None},
            )

    def static_tables(self, config: StaticTableConfig) -> dict[str, str]:
        """The one table, which the query names `in_1`."""
        return {"in_1": config.table}

    def local_tables(self, config: StaticTableConfig, resolver: Any = None) -> dict[str, pa.Table]:
        """The same tables for a local test. Raises Unsupported where no rows are given."""
        from ..cep.event_files import read_rows
        from ..cep.events import table_of

        relation = _static(config)
        rows: Any = config.static_rows
        if rows is None and config.static_file is not None and resolver is not None:
            rows = read_rows(resolver.local_file(config.static_file))
        if rows is None:
            raise Unsupported(
                f"the rows of {config.table} are not known here",
                code="NO_STATIC_ROWS",
                where={"field": "static_rows"},
                hint="give a few as `static_rows`, or a file as `static_file`",
            )
        return {"in_1": table_of(rows, relation, PurePath(config.table).name)[0]}

    def query(self, config: StaticTableConfig, inputs: Sequence[Relation]) -> exp.Query:
        from sqlglot import exp

        stream, static = inputs[0], _static(config)
        pairs = _pairs(config, stream, static)
        on = exp.and_(
            *(exp.EQ(this=column(s, "in_0"), expression=column(t, "in_1")) for s, t in pairs)
        )
        outputs = [named(column(name, "in_0"), name) for name in stream.names]
        for name in _selected(config, static, [t for _, t in pairs]):
            output = f"{config.prefix or ''}{name}"
            if output.lower() in {n.lower() for n in stream.names}:
                raise InvalidSql(
                    f"stream and table both have a column `{output}`",
                    code="DUPLICATE_COLUMN",
                    where={"field": "prefix"},
                    got=output,
                    hint="set `prefix`, or leave it out with `select`",
                    fix=[{"op": "update_node", "config": {"prefix": "static_"}}],
                )
            found = column(name, "in_1")
            outputs.append(named(self.added(config, found, static, pairs[0][1]), output))
        rows = exp.select(*outputs).from_("in_0")
        return rows.join("in_1", on=on, join_type="" if config.join == "inner" else "left")

    def added(self, config: Any, value: exp.Column, static: Relation, key: str) -> exp.Expr:
        """What goes out for a column of the table, of which `key` is a key; default: its value."""
        return value

    def relation(
        self,
        config: StaticTableConfig,
        inputs: Sequence[Relation],
        resolver: ColumnResolver,
    ) -> Relation:
        """The stream's columns, then the table's; event time and watermark are the stream's."""
        if config.join == "right":
            return inputs[0]  # `check` says why it is refused
        stream = inputs[0]
        columns = resolver.columns(self.query(config, inputs), [stream, _static(config)])
        return Relation(columns, stream.event_time, stream.delay_ms)


def _static(config: StaticTableConfig) -> Relation:
    return Relation(parse_columns(config.static_columns))


def _pairs(config: StaticTableConfig, stream: Relation, static: Relation) -> list[tuple[str, str]]:
    pairs = []
    for i, key in enumerate(config.keys):
        ours, theirs = (key, key) if isinstance(key, str) else (key.stream, key.static)
        where = f"keys.{i}"
        pair = find_column(ours, stream, where), find_column(theirs, static, where)
        types = stream.type_of(pair[0]), static.type_of(pair[1])
        if types[0] != types[1]:
            raise InvalidSql(
                f"key `{ours}` is {types[0]} in the stream and {types[1]} in the table",
                code="TYPES_DIFFER",
                where={"field": where},
                got=list(types),
                expected="one type",
                hint="cast the stream's column with a rename-cast node",
            )
        pairs.append(pair)
    return pairs


def _selected(config: StaticTableConfig, static: Relation, keys: Sequence[str]) -> Sequence[str]:
    if config.select is None:
        return [name for name in static.names if name not in keys]
    return [find_column(name, static, "select", config.select) for name in config.select]
