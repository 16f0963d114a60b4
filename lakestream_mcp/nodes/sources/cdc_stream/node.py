"""Changes of a table, as rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ....graph.model import Column, Problem, Relation
from ....graph.node_type import ColumnResolver, SourceType
from ....relational.column_types import parse_columns
from ....relational.sql import cast, column, identifier, sql
from ...fields import ColumnList, ColumnName, NameList, PlainText, SourceConfig, time_problems
from ...fields import timed as timed_relation
from ...kafka import FIELD_ALIASES, Servers, connection_problems, login
from ...kafka_read import FIELD_ALIASES as READ_ALIASES
from ...kafka_read import KafkaReadConfig, Topics, kafka_query, read_options
from ...stream_table import call, literal, options_map, stream_of
from .envelopes import OPERATIONS, RESERVED, Envelope, Kind, envelope, struct

if TYPE_CHECKING:
    from sqlglot import exp

ADDED = (Column("op", "string"), Column("source_time", "timestamp"))
_CLOCK = {"milliseconds": "timestamp_millis", "microseconds": "timestamp_micros"}
_KAFKA_ONLY = ("consumer_group", "starting_timestamp", "max_records_per_batch", "topics")


class CdcStreamConfig(SourceConfig, KafkaReadConfig):
    """Where the changes are, and what their rows hold."""

    bootstrap_servers: Servers | None = Field(  # type: ignore[assignment]
        None, description="Kafka: `host:port`, with commas between several"
    )
    topics: Topics | None = Field(  # type: ignore[assignment]
        None, description="Kafka: topics to read, as a list or with commas between them"
    )
    path: PlainText | None = Field(
        None, description="Folder of files with one change per line, in place of Kafka"
    )
    envelope: Kind = Field("debezium", description="Who wrote the changes, and so their shape")
    primary_keys: NameList = Field(
        min_length=1, description="Columns that say which row it is; a change without is malformed"
    )
    columns: ColumnList = Field(
        description="Columns of the table, e.g. `id bigint, name string`; `op` and `source_time` "
        "are added"
    )
    times: Literal["iso", "milliseconds", "microseconds"] = Field(
        "iso",
        description="How the table's timestamps are written: text, or whole numbers since 1970 "
        "(dates are days then)",
    )
    include_before: bool = Field(
        False, description="Debezium: also give `before`, the row as it was, as a struct"
    )
    on_malformed: Literal["skip", "fail"] = Field(
        "skip",
        description="A change that cannot be read: skipped and counted, or the query stops",
    )
    event_time: ColumnName | None = Field(
        "source_time", description="Column that says when an event happened"
    )


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

    def sentence(self, config: CdcStreamConfig) -> str:
        return f"reads {config.envelope} changes of {config.path or ', '.join(config.topics or [])}"

    def check(self, config: CdcStreamConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        yield from _place_problems(config)
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
        for name in (*(added.name for added in _added(config)), *own):
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
        yield from time_problems(config.event_time, (*declared, *_added(config)))

    def relation(
        self, config: CdcStreamConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        return timed_relation(config, (*parse_columns(config.columns), *_added(config)))

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


def _place_problems(config: CdcStreamConfig) -> Iterator[Problem]:
    """Kafka or files: one of them, with what it needs."""
    if config.path is None:
        for field in ("bootstrap_servers", "topics"):
            if getattr(config, field) is None:
                yield Problem(
                    "MISSING_CONFIG",
                    f"`{field}` is required to read Kafka; give `path` to read files",
                    field=field,
                    expected="broker:9092" if field == "bootstrap_servers" else ["a topic"],
                )
        yield from connection_problems(config)
        return
    changed = {
        n
        for n in ("security_protocol", "starting_offsets", "fail_on_data_loss")
        if getattr(config, n) != type(config).model_fields[n].default
    }
    given = {n for n in (*_KAFKA_ONLY, "bootstrap_servers") if getattr(config, n) is not None}
    given |= {
        n
        for n in ("sasl_username", "sasl_password", "truststore_location")
        if getattr(config, n) is not None
    }
    for field in sorted(given | changed):
        yield Problem(
            "UNUSED_CONFIG",
            f"`{field}` is for Kafka, and `path` says to read files",
            field=field,
            fix={field: None},
        )


def _added(config: CdcStreamConfig) -> tuple[Column, ...]:
    before = Column("before", struct(parse_columns(config.columns)))
    return (*ADDED, before) if config.include_before else ADDED


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
    keys = {key.lower() for key in config.primary_keys}
    declared = parse_columns(config.columns)
    for each in declared:
        value = _row(config, each)
        if config.on_malformed == "fail" and each.name.lower() in keys:
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
    keys = {key.lower() for key in config.primary_keys}
    wanted = [c for c in parse_columns(config.columns) if c.name.lower() in keys]
    present = [exp.Is(this=_row(config, c), expression=exp.Null()).not_() for c in wanted]
    return exp.and_(known, *present)


NODE = CdcStream()
