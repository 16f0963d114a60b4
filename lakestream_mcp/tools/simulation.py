"""Making events up: to look at, or published to a real Kafka topic."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ..arguments import Object
from ..errors import InvalidArgument, InvalidPipeline
from ..operations import Answer, operation

if TYPE_CHECKING:
    import pyarrow as pa

    from ..graph.model import Relation
    from ..workspace import Workspace

SHOWN = 20
MAX_EVENTS = 100_000
TOPIC = r"^[A-Za-z0-9._-]{1,240}$"
_JSON_TYPES = {
    "boolean": "boolean",
    "tinyint": "integer",
    "smallint": "integer",
    "int": "integer",
    "bigint": "integer",
    "float": "number",
    "double": "number",
}
Count = Annotated[int, Field(ge=1, le=MAX_EVENTS, description="How many events")]


class SimulationAnswer(Answer):
    """Events that were made, and what became of them where they were published."""

    events: int
    first: list[dict[str, Any]]
    json_schema: dict[str, Any]
    topic: str | None = None
    dead_letter_topic: str | None = None
    sent: int | None = None
    failed: int | None = None
    dead_lettered: int | None = None
    error: str | None = None


@operation(
    title="Simulate events",
    effect="run",
    method="POST",
    path="/api/simulate",
    mcp=False,
    examples=({"config": {"profile": "clickstream", "keys": 10}, "count": 20},),
)
def simulate(
    ws: Workspace,
    config: Annotated[
        Object, Field(description='As of a stream-simulator, e.g. {"profile": "clickstream"}')
    ],
    count: Count = 100,
    kafka: Annotated[
        str, Field(max_length=2000, description="Servers to publish to, `host:port`; none: look")
    ] = "",
    topic: Annotated[str, Field(max_length=240, description="Topic to publish to")] = "",
    key: Annotated[
        str, Field(max_length=255, description="Column that is the key of a record")
    ] = "",
    json_schema: Annotated[
        Object | None, Field(description="What events are checked against; default: the columns")
    ] = None,
    dead_letter_topic: Annotated[
        str, Field(max_length=249, description="For events that do not fit; default `<topic>-dlq`")
    ] = "",
) -> SimulationAnswer:
    """Make events up, the same for the same seed; with `kafka`, publish them to a topic.

    Each event is checked against a JSON schema. One that does not fit goes to the dead-letter topic
    with the error. Records are keyed, acknowledged by all replicas, and tried again three times.
    Publishing takes the role deployer.
    """
    relation, table = _made(ws, config, count)
    schema = json_schema or schema_of(relation, str(config.get("profile", "iot-sensors")))
    events = [{k: plain(v) for k, v in row.items()} for row in table.to_pylist()]
    answer = SimulationAnswer(events=len(events), first=events[:SHOWN], json_schema=schema)
    if kafka or topic:
        letters = dead_letter_topic or f"{topic}-dlq"
        _check_places(kafka, topic, letters, key, relation)
        ws.require("deployer", "publishing to a topic")
        found = _published(ws, events, schema, kafka, topic, key, letters)
        answer = answer.model_copy(update={"topic": topic, "dead_letter_topic": letters, **found})
    return answer


def _made(ws: Workspace, config: dict[str, Any], count: int) -> tuple[Relation, pa.Table]:
    """The events of a simulator's configuration. Raises InvalidPipeline with its first problem."""
    from ..graph.config import canonical, parse

    kind: Any = ws.catalog.get("stream-simulator")
    parsed = parse(kind, canonical(kind, config))
    problems = [*parsed.problems]
    if parsed.config is not None:
        problems += kind.check(parsed.config, [])
    for problem in problems:
        raise InvalidPipeline(
            f"No events can be made: {problem.message}",
            code=problem.code,
            where={"field": problem.field} if problem.field else {},
            got=problem.got,
            expected=problem.expected,
            hint=problem.hint,
        )
    relation = kind.relation(parsed.config, [], ws.resolver)
    return relation, kind.simulate(parsed.config, count, ws.engine)


def schema_of(relation: Relation, profile: str) -> dict[str, Any]:
    """A JSON schema of a simulator's columns: all are there, and those that always are not NULL."""
    from ..nodes.sources.stream_simulator.profiles import SPARSE

    sparse = SPARSE.get(profile, frozenset())
    properties: dict[str, Any] = {}
    for column in relation.columns:
        nested = column.type.startswith("struct<")
        kind = "object" if nested else _JSON_TYPES.get(column.type, "string")
        properties[column.name] = {"type": [kind, "null"] if column.name in sparse else kind}
        if column.type == "timestamp":
            properties[column.name]["format"] = "date-time"
    return {"type": "object", "properties": properties, "required": list(relation.names)}


def plain(value: Any) -> Any:
    """A value as JSON holds it."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _check_places(kafka: str, topic: str, letters: str, key: str, relation: Relation) -> None:
    import re

    from ..nodes.kafka import servers

    try:
        servers(kafka)
    except ValueError as error:
        raise InvalidArgument(str(error), where={"argument": "kafka"}, got=kafka[:200]) from None
    for name, value in (("topic", topic), ("dead_letter_topic", letters)):
        if not re.fullmatch(TOPIC, value):
            raise InvalidArgument(
                "A topic is named with letters, digits, `.`, `_` and `-`.",
                where={"argument": name},
                got=value[:200],
            )
    if key and key not in relation.names:
        raise InvalidArgument(
            f"There is no column `{key}`.",
            code="UNKNOWN_COLUMN",
            where={"argument": "key"},
            got=key,
            expected=list(relation.names),
        )


def _published(
    ws: Workspace,
    events: list[dict[str, Any]],
    schema: dict[str, Any],
    kafka: str,
    topic: str,
    key: str,
    letters: str,
) -> dict[str, Any]:
    from ..deploy import publish, spark_env

    now = dt.datetime.now(dt.UTC)
    good, bad = publish.checked(events, schema, topic, key or None, letters, now)
    done = publish.publish(good, bad, kafka, spark_env.find(ws.settings.spark_python))
    return done._asdict()
