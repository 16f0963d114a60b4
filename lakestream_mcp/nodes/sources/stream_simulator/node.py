"""Made-up events at a steady rate, the same each time."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ....errors import LakestreamError
from ....graph.config import problem_of
from ....graph.duration import Delay, delay_ms
from ....graph.model import Column, Problem, Relation
from ....graph.node_type import ColumnResolver, SourceType
from ....relational.column_types import check_names
from ....relational.sql import identifier, sql
from ...fields import ColumnName, NewName, SourceConfig, TypeText, time_problems, timed
from .clicks import click_walk
from .generators import GENERATORS, Generated, fraction, salt, value_sql
from .profiles import PROFILES, Computed, Wanted, computed

if TYPE_CHECKING:
    import pyarrow as pa

    from ....relational.local import LocalEngine

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
EVENT_TIME = "event_time"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


DUPLICATES_OF = 10
PLACE = "__place"
PLANTED_SHARE = 0.02
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class SimulatedColumn(BaseModel):
    """A column of a custom profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: NewName = Field(description="Name of the column")
    type: TypeText = Field("string", description="Type, e.g. `double`")
    generator: str = Field(
        min_length=1, max_length=4000, description=f"How values are made: {GENERATORS}"
    )


class StreamSimulatorConfig(SourceConfig):
    """What is made up, and how fast."""

    profile: Literal[
        "iot-sensors",
        "clickstream",
        "financial-transactions",
        "ecommerce-orders",
        "cdc",
        "custom",
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
    keys: int | None = Field(
        None,
        ge=1,
        le=10_000_000,
        description="How many sensors, users, accounts, customers or rows there are; default: the "
        "profile's",
    )
    planted_share: Share | None = Field(
        None, description="Share of planted fraud among transactions; default 0.02"
    )
    late_share: Share = Field(0.0, description="Share of events that come late")
    late_by: Delay = Field(
        "1 minute", description="How late such an event is at most, in event time"
    )
    duplicate_share: Share = Field(
        0.0, description="Share of events that are one of the ten before once more"
    )
    malformed_share: Share = Field(
        0.0, description="Share of events of which one column is NULL; never the event time"
    )
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
        yield from _unused(config)
        for i, column in enumerate(_custom(config)):
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
            "original": f"{_original(config)} AS id" if config.duplicate_share else None,
            "clicks": [config.seed, _keys(config)] if config.profile == "clickstream" else None,
            "columns": _expressions(config),
        }

    def simulate(self, config: StreamSimulatorConfig, count: int, engine: LocalEngine) -> pa.Table:
        """The first `count` events (at most `max_events`), as Spark would make them."""
        import pyarrow as pa

        if config.max_events is not None:
            count = min(count, config.max_events)
        # SQL promises no order: every event keeps its place.
        events = pa.table({"id": range(count), PLACE: range(count)})
        if config.duplicate_share:
            events = engine.run(
                f"SELECT {_original(config)} AS id, {PLACE} FROM in_0", {"in_0": events}
            )
        if config.profile == "clickstream":
            walked: Any = click_walk(  # type: ignore[no-untyped-call]
                events["id"].to_numpy(), config.seed, _keys(config)
            )
            kinds = {"click_user": "int64", "click_session": "int64", "click_event": "int32"}
            for values, (name, kind) in zip(walked, kinds.items(), strict=True):
                events = events.append_column(name, pa.array(values).cast(kind))
        query = f"SELECT {', '.join(_expressions(config))}, {PLACE} FROM in_0"
        return engine.run(query, {"in_0": events}).sort_by(PLACE).drop_columns([PLACE])


def _unused(config: StreamSimulatorConfig) -> Iterator[Problem]:
    """Fields that the profile does not look at."""
    useless = {
        "planted_share": config.profile != "financial-transactions",
        "keys": config.profile == "custom",
    }
    for field, unused in useless.items():
        if unused and getattr(config, field) is not None:
            yield Problem(
                "UNUSED_CONFIG",
                f"`{field}` has no use with {config.profile} events",
                field=field,
                fix={field: None},
            )


def _custom(config: StreamSimulatorConfig) -> tuple[Generated, ...]:
    if config.profile != "custom":
        return ()
    return tuple(Generated(c.name, c.type, c.generator) for c in config.columns or ())


def _keys(config: StreamSimulatorConfig) -> int:
    return config.keys or PROFILES[config.profile].keys


def _columns(config: StreamSimulatorConfig) -> tuple[Computed, ...]:
    """All columns but the event time. Raises InvalidArgument for a generator that is none."""
    share = PLANTED_SHARE if config.planted_share is None else config.planted_share
    if config.profile == "custom":
        return computed(Wanted(config.seed, 1, share, "0"), *_custom(config))
    wanted = Wanted(config.seed, _keys(config), share, _time_us(config))
    return PROFILES[config.profile].columns(wanted)


def _relation(config: StreamSimulatorConfig) -> tuple[Column, ...]:
    if config.profile == "custom":
        made = [Column(c.name, c.type) for c in _custom(config)]
    else:
        made = [Column(c.name, c.type) for c in _columns(config)]
    return check_names([*made, Column(EVENT_TIME, "timestamp")])


def _expressions(config: StreamSimulatorConfig) -> list[str]:
    """One SQL text per column, over the event's number `id`."""
    columns = _columns(config)
    values = [_perhaps_missing(config, at, columns) for at in range(len(columns))]
    return [*values, f"timestamp_micros({_time_us(config)}) AS {EVENT_TIME}"]


def _time_us(config: StreamSimulatorConfig) -> str:
    """Event time in microseconds; a late event's is before its turn."""
    start = config.start_at if config.start_at.tzinfo else config.start_at.replace(tzinfo=dt.UTC)
    start_us = (start - EPOCH) // dt.timedelta(microseconds=1)
    passed = f"{start_us} + id * 1000000 DIV {config.events_per_second}"
    if not config.late_share:
        return passed
    late = _chosen(config, "late", config.late_share)
    behind = f"CAST({_draw(config, 'late by')} * {delay_ms(config.late_by)} AS BIGINT) * 1000"
    return f"{passed} - IF({late}, {behind}, 0L)"


def _original(config: StreamSimulatorConfig) -> str:
    """The number of the event that an event is, which is its own unless it is a duplicate."""
    again = f"CAST({_draw(config, 'duplicate of')} * {DUPLICATES_OF} AS BIGINT) + 1"
    doubled = _chosen(config, "duplicate", config.duplicate_share)
    return f"IF({doubled}, greatest(id - ({again}), 0L), id)"


def _perhaps_missing(config: StreamSimulatorConfig, at: int, columns: tuple[Computed, ...]) -> str:
    """A column's value; NULL where the event is malformed and this is the column drawn."""
    name, kind, value = columns[at]
    text = value if kind.startswith("struct<") else f"CAST({value} AS {kind.upper()})"
    if config.malformed_share:
        malformed = _chosen(config, "malformed", config.malformed_share)
        drawn = f"CAST({_draw(config, 'missing')} * {len(columns)} AS INT) = {at}"
        text = f"IF({malformed} AND {drawn}, NULL, {text})"
    return f"{text} AS {sql(identifier(name))}"


def _draw(config: StreamSimulatorConfig, what: str) -> str:
    return fraction(salt(config.seed, f"event {what}"))


def _chosen(config: StreamSimulatorConfig, what: str, share: float) -> str:
    return f"{_draw(config, what)} < {share!r}D"


NODE = StreamSimulator()
