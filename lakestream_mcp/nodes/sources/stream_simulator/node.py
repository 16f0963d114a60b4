"""Made-up events at a steady rate, the same each time."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ....errors import LakestreamError
from ....graph.config import problem_of
from ....graph.model import Column, Problem, Relation
from ....graph.node_type import ColumnResolver, SourceType
from ....relational.column_types import check_names
from ....relational.sql import identifier, sql
from ...fields import ColumnName, SourceConfig, TypeText, time_problems, timed
from .profiles import GENERATORS, PROFILES, Generated, value_sql

if TYPE_CHECKING:
    import pyarrow as pa

    from ....relational.local import LocalEngine

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
EVENT_TIME = "event_time"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class SimulatedColumn(BaseModel):
    """A column of a custom profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ColumnName = Field(description="Name of the column")
    type: TypeText = Field("string", description="Type, e.g. `double`")
    generator: str = Field(
        min_length=1, max_length=4000, description=f"How values are made: {GENERATORS}"
    )


class StreamSimulatorConfig(SourceConfig):
    """What is made up, and how fast."""

    profile: Literal[
        "iot-sensors", "clickstream", "financial-transactions", "ecommerce-orders", "custom"
    ] = Field("iot-sensors", description="What the events are about; `custom` needs `columns`")
    columns: list[SimulatedColumn] | None = Field(
        None,
        max_length=100,
        description="Columns of the custom profile; `event_time` is added to them",
    )
    events_per_second: int = Field(
        10, ge=1, le=10_000, description="Rate, in event time and (about) in real time"
    )
    max_events: int | None = Field(None, ge=1, description="How many events; default: no end")
    seed: int = Field(
        0, ge=-(2**63), lt=2**63, description="Other seeds give other events; one gives the same"
    )
    partitions: int = Field(4, ge=1, le=64, description="Spark partitions that make the events")
    start_at: dt.datetime = Field(START, description="Event time of the first event")
    event_time: ColumnName | None = Field(
        EVENT_TIME, description="Column that says when an event happened"
    )


class StreamSimulator(SourceType):
    """Rows computed from their number."""

    type = "stream-simulator"
    title = "Stream simulator"
    summary = "Makes events up: sensors, clicks, transactions, orders or columns of your own"
    Config = StreamSimulatorConfig
    aliases = ("simulator",)
    field_aliases = {
        "dataProfile": "profile",
        "eventsPerSecond": "events_per_second",
        "numPartitions": "partitions",
        "customSchema": "columns",
        "custom_schema": "columns",
        "maxEvents": "max_events",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """An earlier custom schema came as JSON text."""
        given = config.get("columns")
        return config | {"columns": json.loads(given)} if isinstance(given, str) else config

    def sentence(self, config: StreamSimulatorConfig) -> str:
        return f"makes up {config.events_per_second} {config.profile} events per second"

    def check(
        self,
        config: StreamSimulatorConfig,
        inputs: Sequence[Relation],
    ) -> Iterator[Problem]:
        if (config.profile == "custom") != (config.columns is not None):
            yield Problem(
                "MISSING_CONFIG" if config.columns is None else "UNUSED_CONFIG",
                "`columns` goes with the custom profile, and only with it",
                field="columns",
                expected='[{"name": "id", "type": "bigint", "generator": "sequence"}]',
                fix={"profile": "custom"} if config.columns is not None else None,
            )
        for i, column in enumerate(_columns(config)):
            try:
                value_sql(column, config.seed)
            except LakestreamError as error:
                yield problem_of(error)._replace(field=f"columns.{i}.generator")
        try:
            yield from time_problems(config.event_time, _relation(config))
        except LakestreamError as error:
            yield problem_of(error)._replace(field="columns")

    def relation(
        self,
        config: StreamSimulatorConfig,
        inputs: Sequence[Relation],
        resolver: ColumnResolver,
    ) -> Relation:
        return timed(config, _relation(config))

    def code(
        self,
        config: StreamSimulatorConfig,
        relation: Relation,
    ) -> dict[str, Any]:
        return {
            "events_per_second": config.events_per_second,
            "partitions": config.partitions,
            "max_events": config.max_events,
            "columns": _expressions(config),
        }

    def simulate(self, config: StreamSimulatorConfig, count: int, engine: LocalEngine) -> pa.Table:
        """The first `count` events (at most `max_events`), as Spark would make them."""
        import pyarrow as pa

        if config.max_events is not None:
            count = min(count, config.max_events)
        numbers = pa.table({"id": pa.array(range(count), pa.int64())})
        return engine.run(f"SELECT {', '.join(_expressions(config))} FROM in_0", {"in_0": numbers})


def _columns(config: StreamSimulatorConfig) -> tuple[Generated, ...]:
    if config.profile == "custom":
        return tuple(Generated(c.name, c.type, c.generator) for c in config.columns or ())
    return PROFILES[config.profile]


def _relation(config: StreamSimulatorConfig) -> tuple[Column, ...]:
    made = [Column(c.name, c.type) for c in _columns(config)]
    return check_names([*made, Column(EVENT_TIME, "timestamp")])


def _expressions(config: StreamSimulatorConfig) -> list[str]:
    """One SQL text per column, over the event's number `id`."""
    start = config.start_at if config.start_at.tzinfo else config.start_at.replace(tzinfo=dt.UTC)
    start_us = (start - EPOCH) // dt.timedelta(microseconds=1)
    passed = f"id * 1000000 DIV {config.events_per_second}"
    made = [
        f"{value_sql(column, config.seed)} AS {sql(identifier(column.name))}"
        for column in _columns(config)
    ]
    return [*made, f"timestamp_micros({start_us} + {passed}) AS {EVENT_TIME}"]


NODE = StreamSimulator()
