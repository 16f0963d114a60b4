"""Where changes are and what their rows hold, and which fields go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from ....graph.model import Column, Problem
from ....relational.column_types import parse_columns
from ...fields import ColumnList, ColumnName, NameList, PlainText, SourceConfig
from ...kafka import Servers, connection_problems
from ...kafka_read import KafkaReadConfig, Topics
from .envelopes import Kind, struct

ADDED = (Column("op", "string"), Column("source_time", "timestamp"))
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


def place_problems(config: CdcStreamConfig) -> Iterator[Problem]:
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


def keys_of(config: CdcStreamConfig) -> list[Column]:
    """The columns of the primary key, in the table's order."""
    keys = {key.lower() for key in config.primary_keys}
    return [c for c in parse_columns(config.columns) if c.name.lower() in keys]


def added_by(config: CdcStreamConfig) -> tuple[Column, ...]:
    """The columns that are added to the table's."""
    before = Column("before", struct(parse_columns(config.columns)))
    return (*ADDED, before) if config.include_before else ADDED
