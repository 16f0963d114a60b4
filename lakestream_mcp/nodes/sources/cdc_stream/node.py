"""Changes of a table, as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ....graph.model import Column, Problem, Relation
from ....graph.node_parts import LocalRows
from ....graph.node_type import ColumnResolver, SourceType
from ....relational.column_types import parse_columns
from ....relational.sql import cast, column, identifier, sql
from ...fields import time_problems
from ...fields import timed as timed_relation
from ...kafka import FIELD_ALIASES, login, probe
from ...kafka_read import FIELD_ALIASES as READ_ALIASES
from ...kafka_read import kafka_query, read_options
from ...stream_table import call, literal, options_map, stream_of
from .config import ADDED, CdcStreamConfig, added_by, keys_of, place_problems
from .envelopes import OPERATIONS, RESERVED, Envelope, envelope
from .local import flat, sifted

if TYPE_CHECKING:
    from sqlglot import exp

_CLOCK = {"milliseconds": "timestamp_millis", "microseconds": "timestamp_micros"}


class CdcStream(SourceType):
    """Change events, flattened."""

    type = "cdc-stream"
    title = "CDC stream"
    summary = "Reads changes of a table (Debezium, Maxwell, Delta change feed) as flat rows"
    Config = CdcStreamConfig
    unsaid = tuple(CdcStreamConfig.model_fields)
    aliases = ("cdc", "debezium", "change-data-capture")
    field_aliases = {
        **FIELD_ALIASES,
        **READ_ALIASES,
        "kafkaTopic": "topics",
        "cdcFormat": "envelope",
        "primaryKeys": "primary_keys",
        "schema": "columns",
    }
    targets = frozenset({"sdp", "sss"})

    def reads_topics(self, config: Any) -> bool:
        return config.path is None

    def probe(self, config: Any, secret: Any, send: bool) -> str:
        if config.path is not None:
            return super().probe(config, secret, send)
        return probe(config, secret, config.topics)

    def sentence(self, config: CdcStreamConfig) -> str:
        return f"reads {config.envelope} changes of {config.path or ', '.join(config.topics or [])}"

    def check(self, config: CdcStreamConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        yield from place_problems(config)
        declared = parse_columns(config.columns)
        names = {c.name.lower() for c in declared}
        for key in config.primary_keys:
            if key.lower() not in names:
                yield Problem(
                    "UNKNOWN_COLUMN",
                    f"there is no column `{key}`",
                    field="primary_keys",
                    got=key,
                    expected=[c.name for c in declared],
                )
        own = RESERVED if config.envelope == "spark-cdc" else ()
        for name in (*(added.name for added in added_by(config)), *own):
            if name in names:
                yield Problem(
                    "DUPLICATE_COLUMN",
                    f"`{name}` is a column of the changes",
                    "columns",
                    name,
                    hint=f"leave `{name}` out of `columns`: it is added by itself",
                )
        if config.include_before and config.envelope != "debezium":
            yield Problem(
                "UNSUPPORTED",
                f"{config.envelope} changes do not hold the whole row as it was",
                field="include_before",
                got=True,
                fix={"include_before": False},
            )
        if config.times != "iso" and any(c.type == "timestamp_ntz" for c in declared):
            yield Problem(
                "UNSUPPORTED",
                "numbers are times in UTC, and timestamp_ntz has no zone",
                field="columns",
                expected="timestamp",
            )
        yield from time_problems(config.event_time, (*declared, *added_by(config)))

    def relation(
        self, config: CdcStreamConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        return timed_relation(config, (*parse_columns(config.columns), *added_by(config)))

    def as_row(self, config: CdcStreamConfig, event: Mapping[str, Any]) -> Mapping[str, Any]:
        columns = parse_columns(config.columns)
        return flat(config.envelope, event, columns, config.times, config.include_before)

    def let_through(self, config: CdcStreamConfig, table: Any, source: str) -> LocalRows:
        return sifted(table, [c.name for c in keys_of(config)], config.on_malformed, source)

    def only_values(self, config: CdcStreamConfig) -> Mapping[str, Sequence[Any]]:
        return {"op": OPERATIONS}

    def code(self, config: CdcStreamConfig, relation: Relation) -> dict[str, Any]:
        shape = _envelope(config)
        return {
            "options": {} if config.path else read_options(config),
            "login": None if config.path else login(config),
            "path": config.path,
            "schema": shape.schema,
            "parsing": _parsing(config),
            "envelope": [sql(_named(value, name)) for name, value in shape.expressions],
            "known": sql(_known(config)),
            "columns": [sql(each) for each in _outputs(config)],
        }

    def declarative(self, config: CdcStreamConfig, relation: Relation) -> exp.Query:
        from sqlglot import exp

        shape = _envelope(config)
        value = cast(column("value"), "string")
        parsed = call("from_json", value, literal(shape.schema), options_map(_parsing(config)))
        named = [_named(each, name) for name, each in shape.expressions]
        if config.path is None:
            changes = kafka_query(config, parsed, named)
        else:
            given = {"format": literal("text")}
            changes = stream_of("read_files", given, parsed, named, config.path)
        alias = exp.TableAlias(this=exp.to_identifier("changes"))
        return (
            exp.select(*_outputs(config))
            .from_(exp.Subquery(this=changes, alias=alias))
            .where(_known(config))
        )


def _parsing(config: CdcStreamConfig) -> dict[str, str]:
    return {"mode": "FAILFAST" if config.on_malformed == "fail" else "PERMISSIVE"}


def _envelope(config: CdcStreamConfig) -> Envelope:
    """The envelope around rows as they are written."""
    written = {"timestamp": "bigint", "date": "int"} if config.times != "iso" else {}
    row = tuple(Column(c.name, written.get(c.type, c.type)) for c in parse_columns(config.columns))
    return envelope(config.envelope, row)


def _named(value: exp.Expr, name: str) -> exp.Expr:
    from sqlglot import exp

    return exp.Alias(this=value, alias=identifier(name))


def _field(config: CdcStreamConfig, image: str, wanted: Column) -> exp.Expr:
    """A column of one of the two images, as its type."""
    value = column(wanted.name, image)
    if config.times != "iso" and wanted.type == "timestamp":
        return call(_CLOCK[config.times], value)
    if config.times != "iso" and wanted.type == "date":
        return call("date_from_unix_date", value)
    return value


def _row(config: CdcStreamConfig, wanted: Column) -> exp.Expr:
    """A column of the row as it is now, or was when it was deleted."""
    deleted = column("op").eq("d")
    before, after = (_field(config, image, wanted) for image in ("before", "after"))
    return call("if", deleted, before, after)


def _outputs(config: CdcStreamConfig) -> list[exp.Expr]:
    """What is selected from `op`, `source_time`, `before` and `after`."""
    found = []
    keys = keys_of(config)
    declared = parse_columns(config.columns)
    for each in declared:
        value = _row(config, each)
        if config.on_malformed == "fail" and each in keys:
            missing = literal(f"a change without its key {each.name}")
            value = call("coalesce", value, call("raise_error", missing))
        found.append(_named(value, each.name))
    found += [column(added.name) for added in ADDED]
    if config.include_before:
        whole = _struct([(c.name, _field(config, "before", c)) for c in declared])
        found.append(_named(call("if", _is_null("before"), _null(), whole), "before"))
    return found


def _struct(fields: Sequence[tuple[str, exp.Expr]]) -> exp.Expr:
    """`struct(a AS b, …)`, as a parser has it."""
    from sqlglot import exp

    return exp.Struct(
        expressions=[exp.PropertyEQ(this=identifier(name), expression=e) for name, e in fields]
    )


def _null() -> exp.Expr:
    from sqlglot import exp

    return exp.Null()


def _is_null(name: str) -> exp.Expr:
    from sqlglot import exp

    return exp.Is(this=column(name), expression=exp.Null())


def _known(config: CdcStreamConfig) -> exp.Expr:
    """Whether a record is a change of a row; where malformed ones stop the query, keys may lack."""
    from sqlglot import exp

    known = column("op").isin(*OPERATIONS)
    if config.on_malformed == "fail":
        return known
    present = [exp.Is(this=_row(config, c), expression=exp.Null()).not_() for c in keys_of(config)]
    return exp.and_(known, *present)


NODE = CdcStream()
