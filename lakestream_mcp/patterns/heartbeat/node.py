"""Configuration and plan of `heartbeat`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from ...cep.near_miss import KeyView, Miss
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario, is_true
from ...graph.duration import Duration, duration_text, duration_us
from ...graph.model import Column, Problem, Relation
from ...graph.node_type import ColumnResolver
from ..common import (
    FIELD_ALIASES,
    MOVED_FIELDS,
    Condition,
    PatternConfig,
    by_key,
    check_common,
    check_measures,
    current_row_sql,
    event_time_of,
    packed_values,
)
from .expected import ExpectedKeys, Time, microseconds, seeds

MEASURES = (
    Column("status", "string"),
    Column("silence_ms", "bigint"),
    Column("last_seen", "timestamp"),
)
OUTPUT_MODES = {
    "dead-only": ["lost"],
    "alive-and-dead": ["lost", "recovered"],
    "status-change": ["lost", "recovered"],
}
MAX_FORGET_US = duration_us("3650 days")


class HeartbeatConfig(PatternConfig):
    """A key that falls silent, and comes back."""

    where: Condition = Field(
        default="TRUE", description="SQL condition of the events that are heartbeats; default: all"
    )
    timeout: Duration = Field(
        description="Silence after which a key is lost: interval plus grace, e.g. `6 minutes`"
    )
    forget_after: Duration = Field(
        description="Silence after which a key is forgotten; longer than `timeout`. A later event "
        "starts anew, without `recovered`",
        examples=["1 day"],
    )
    emit: list[Literal["lost", "recovered"]] = Field(
        default=["lost", "recovered"],
        min_length=1,
        description="What is emitted: that a key is lost, that it has recovered, or both",
    )
    expected_keys: ExpectedKeys | None = Field(
        default=None,
        description="Keys watched from `expected_from` on even if they never send: values, or "
        "lists with a value per key column",
    )
    expected_from: Time | None = Field(
        default=None, description="Event time from which `expected_keys` are to send"
    )


class Heartbeat(PatternType):
    """Keys without events."""

    type = "heartbeat"
    title = "Heartbeat"
    summary = "A key sends nothing for a time: it is lost, and recovers with its next event"
    Config = HeartbeatConfig
    aliases = ("heartbeat-liveness",)
    field_aliases = {
        **FIELD_ALIASES,
        "entityKey": "key",
        "eventFilter": "where",
        "outputMode": "emit",
        "stateTtl": "forget_after",
    }
    moved = {
        **{name: place for name, place in MOVED_FIELDS.items() if name != "stateTtl"},
        "expectedInterval": "interval and grace are one time: `timeout`",
        "gracePeriod": "interval and grace are one time: `timeout`",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """`expectedInterval` plus `gracePeriod` make the timeout; output modes name what comes."""
        migrated = dict(config)
        if "expectedInterval" in migrated and "timeout" not in migrated:
            parts = (migrated.pop("expectedInterval"), migrated.pop("gracePeriod", None))
            total = sum(duration_us(part) for part in parts if part is not None)
            migrated["timeout"] = duration_text(total)
        mode = migrated.get("emit")
        if isinstance(mode, str):
            migrated["emit"] = OUTPUT_MODES.get(mode, [mode])
        return migrated

    def sentence(self, config: HeartbeatConfig) -> str:
        """`no event for 6 minutes (lost, recovered), by device`."""
        what = "event" if _any_event(config) else f"event where {config.where}"
        by = by_key(config.key)
        expected = f", {len(config.expected_keys)} expected" if config.expected_keys else ""
        return f"no {what} for {config.timeout} ({', '.join(config.emit)}){by}{expected}"

    def check(self, config: HeartbeatConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """The shared fields, then times and keys that do not go together."""
        yield from check_common(config, inputs[0])
        yield from check_measures(config, [column.name for column in MEASURES])
        timeout = duration_us(config.timeout)
        if duration_us(config.forget_after) <= timeout:
            enough = duration_text(min(10 * timeout, MAX_FORGET_US))
            yield Problem(
                "FORGOTTEN_TOO_SOON",
                "A key would be forgotten when it is lost, and could not recover.",
                "forget_after",
                config.forget_after,
                f"longer than {config.timeout}",
                fix={"forget_after": enough} if timeout < MAX_FORGET_US else None,
            )
        if (config.expected_keys is None) != (config.expected_from is None):
            missing = "expected_from" if config.expected_from is None else "expected_keys"
            yield Problem(
                "MISSING_CONFIG",
                "`expected_keys` and `expected_from` go together: which keys, and since when.",
                missing,
                None,
                "a time" if missing == "expected_from" else "a list of keys",
            )

    def plan(
        self, config: HeartbeatConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """Only heartbeats reach the matcher; expected keys have a state from the start."""
        relation = inputs[0]
        return PatternPlan(
            key=config.key,
            event_time=event_time_of(config, relation),
            conditions=(current_row_sql(config.where, "where", relation, resolver),),
            values=packed_values(config, relation),
            all_rows=False,
            arrival=config.ordering == "arrival",
            matcher="heartbeat",
            construct=f"HeartbeatMatcher(timeout={duration_us(config.timeout)}, "
            f"forget_after={duration_us(config.forget_after)}, lost={'lost' in config.emit}, "
            f"recovered={'recovered' in config.emit})",
            functions="",
            steps=("last", "next"),
            measures=MEASURES,
            seeds=seeds(config.expected_keys or (), config.key, relation),
            seeded_at=microseconds(config.expected_from) if config.expected_from else 0,
        )

    def step_conditions(self, config: HeartbeatConfig) -> dict[str, str]:
        """Both events are heartbeats."""
        return {"last": config.where, "next": config.where}

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """A watched key: its last heartbeat, and when it is lost if it is not already."""
        if not state:
            return []
        _, due, last = state
        return [(((0, *last),) if last else (), due)]

    def state_bound(self, config: HeartbeatConfig) -> StateBound:
        """The last heartbeat."""
        return StateBound("the last heartbeat", 1, config.forget_after)

    def scenarios(self, config: HeartbeatConfig) -> Iterator[Scenario]:
        """Stories that match, just miss, or lie at a boundary."""
        from .scenarios import heartbeat_scenarios

        yield from heartbeat_scenarios(config)

    def misses(self, config: HeartbeatConfig, view: KeyView) -> Iterator[Miss]:
        """What came close, and what was missing."""
        from .why import heartbeat_misses

        yield from heartbeat_misses(config, view)

    def verdict(self, config: HeartbeatConfig, match: dict[str, Any]) -> str:
        """The timer, or the event that ended the silence."""
        measures, at = match["measures"], match["detected_at"]
        seen = measures["last_seen"]
        since = f"since {seen}" if seen else f"though expected from {config.expected_from}"
        if measures["status"] == "recovered":
            return f"The event at {at} ended a silence of {measures['silence_ms']} ms ({since})."
        return (
            f"No heartbeat came {since} up to, not including, {at} ({config.timeout}): the timer "
            f"at {at} decided."
        )


def _any_event(config: HeartbeatConfig) -> bool:
    return is_true(config.where)


NODE = Heartbeat()
