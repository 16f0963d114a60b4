"""Publishing events to a real Kafka topic by the local Spark: keyed, checked, acknowledged."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import EngineFailed, InvalidArgument
from .spark_env import SparkEnvironment
from .spark_process import SparkProcess

BATCH = Path(__file__).with_name("kafka_batch.py")
DELIVERY = {
    "kafka.acks": "all",
    "kafka.enable.idempotence": "true",
    "kafka.retries": "3",
    "kafka.retry.backoff.ms": "100",
    "kafka.delivery.timeout.ms": "60000",
    "kafka.request.timeout.ms": "20000",
    "kafka.max.block.ms": "20000",
}
MAX_ERRORS = 3


class Published(NamedTuple):
    """How many events reached their topic, how many the dead-letter topic, how many neither."""

    sent: int
    failed: int
    dead_lettered: int
    error: str | None = None


class Record(NamedTuple):
    """One record to send."""

    topic: str
    key: str | None
    value: str


def checked(
    events: Iterable[Mapping[str, Any]],
    schema: Mapping[str, Any],
    topic: str,
    key: str | None,
    dead_letters: str,
    now: dt.datetime,
) -> tuple[list[Record], list[Record]]:
    """Records of events that fit a JSON schema, and dead letters of the others.

    A dead letter says which event it was, what is wrong with it, and where it was to go. Raises
    InvalidArgument for a schema that is none.
    """
    check = _checker(schema)
    good, bad = [], []
    for event in events:
        wrong = check(event)
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        name = None if key is None or event.get(key) is None else str(event[key])
        if not wrong:
            good.append(Record(topic, name, text))
            continue
        letter = {
            "original_event": event,
            "error": "; ".join(wrong),
            "original_topic": topic,
            "timestamp": now.isoformat(),
        }
        bad.append(Record(dead_letters, name, json.dumps(letter, ensure_ascii=False)))
    return good, bad


def _checker(schema: Mapping[str, Any]) -> Any:
    """What is wrong with an event, as a list of sentences."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise InvalidArgument(
            f"This is no JSON schema: {error.message[:200]}",
            code="INVALID_SCHEMA",
            where={"field": "json_schema"},
            got=error.instance if isinstance(error.instance, str | int) else None,
        ) from None
    # A registry of its own: a reference to another document is never fetched.
    validator = Draft202012Validator(schema, registry=Registry())

    def wrong(event: Mapping[str, Any]) -> list[str]:
        try:
            found = sorted(validator.iter_errors(event), key=lambda e: e.json_path)
        except Unresolvable as error:
            raise InvalidArgument(
                "A reference of the JSON schema leads to another document.",
                code="INVALID_SCHEMA",
                where={"field": "json_schema"},
                got=str(error)[:200],
                expected="definitions inside the schema, below `$defs`",
            ) from None
        return [f"{each.json_path}: {each.message[:200]}" for each in found[:MAX_ERRORS]]

    return wrong


def publish(
    good: list[Record], bad: list[Record], servers: str, environment: SparkEnvironment
) -> Published:
    """Send records; each topic's are acknowledged by all replicas, or counted as failed."""
    sent = dead = failed = 0
    errors = []
    with SparkProcess(environment) as spark, tempfile.TemporaryDirectory() as folder:
        for number, records in enumerate((good, bad)):
            if not records:
                continue
            file = Path(folder) / f"{number}.jsonl"
            lines = (json.dumps(record._asdict()) + "\n" for record in records)
            file.write_text("".join(lines), encoding="utf-8")
            options = {"kafka.bootstrap.servers": servers, **DELIVERY}
            try:
                spark.request(
                    "run",
                    notebook=BATCH.read_text(encoding="utf-8"),
                    parameters={"records": str(file), "options": json.dumps(options)},
                )
            except EngineFailed as error:
                failed += len(records)
                errors.append(error.message[:500])
            else:
                sent, dead = (len(records), dead) if records is good else (sent, len(records))
    return Published(sent, failed, dead, "; ".join(errors) or None)
