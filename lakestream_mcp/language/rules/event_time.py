"""A source's columns, the column that says when, and how late rows may come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .names import Columns, parts_of
from .phrase import Phrase
from .scene import Made
from .talk import Talk

if TYPE_CHECKING:
    from ..proposal import Request

DEFAULT_DELAY = "10 minutes"
_TIME_WORDS = (
    ("event", "time"),
    ("timestamp",),
    ("ts",),
    ("time",),
    ("at",),
    ("occurred", "at"),
    ("created", "at"),
    ("event", "timestamp"),
)


def timed_source(made: Made, columns: Columns, talk: Talk, delay: str | None, timed: bool) -> Made:
    """The source with its columns, event time and watermark."""
    config = dict(made.config)
    if made.type == "stream-simulator":
        return made._replace(config=config | {"watermark_delay": delay or _delay(talk)})
    types = dict(columns.types)
    if columns.open:
        types = {"event_time": "timestamp", **types}
        said = ", ".join(f"{name} {kind}" for name, kind in types.items())
        talk.assume(f"The events' columns were not given: I took {said}.")
    if made.type == "cdc-stream":
        types = {
            n: k for n, k in types.items() if n not in ("op", "source_time", "event_time")
        } or {"id": "bigint"}
        if "primary_keys" not in config:
            key = next((n for n in types if n == "id" or n.endswith("_id")), next(iter(types)))
            config["primary_keys"] = [key]
            talk.assume(f"I took `{key}` for the table's primary key.")
        return made._replace(
            config=config | {"columns": ddl(types), "watermark_delay": delay or _delay(talk)}
        )
    config["columns"] = ddl(types)
    name = _event_time(types, talk, timed)
    if name:
        config |= {"event_time": name, "watermark_delay": delay or _delay(talk)}
    return made._replace(config=config)


def ddl(types: dict[str, str]) -> str:
    """Columns as DDL, each name quoted where it must be."""
    from ...relational.sql import column, sql

    return ", ".join(f"{sql(column(name))} {kind}" for name, kind in types.items())


def _delay(talk: Talk) -> str:
    talk.assume(f"Events may come up to {DEFAULT_DELAY} late.")
    return DEFAULT_DELAY


def _event_time(types: dict[str, str], talk: Talk, timed: bool) -> str | None:
    times = [name for name, kind in types.items() if kind.lower() in ("timestamp", "timestamp_ltz")]
    if len(times) == 1:
        return times[0]
    for words in _TIME_WORDS:
        fitting = [name for name in times if parts_of(name) == words]
        if len(fitting) == 1:
            talk.assume(f"I took `{fitting[0]}` for the time of events.")
            return fitting[0]
    if timed:
        talk.ask(
            "Which column says when an event happened? It must be of type timestamp.",
            times or tuple(types),
        )
    return None


def simulated_columns(request: Request, found: Sequence[Phrase]) -> dict[str, str]:
    """The columns of the simulator that a text names; none for another source."""
    from .scene import Scene
    from .sources import simulator

    for phrase in found:
        copy = Phrase(phrase.tokens)
        made = simulator(Scene(Columns({}, False), Talk(), request.catalog), copy, False)
        if made is None:
            continue
        node_type = request.catalog.get("stream-simulator")
        config = node_type.Config.model_validate(made[0].config)
        relation = node_type.relation(config, (), None)  # type: ignore[arg-type]
        return {column.name: column.type for column in relation.columns}
    return {}
