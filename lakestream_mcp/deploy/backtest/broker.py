"""Slices of a broker's records: where they start, where they end, and how a source reads them.

The source's own code runs, and decodes what it is given: only where its reading of Kafka starts is
said anew, and what lies behind the end is left out.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ...cep.events import TIME_FORMS
from ...errors import InvalidArgument, LakestreamError, Unsupported
from ..spark_child import CELL_MARK, NODE_MARK, declares_watermark
from .moments import micros

RECORDS_PER_BATCH = 100_000
LEFT_OUT = (
    *("startingOffsets", "startingTimestamp", "startingOffsetsByTimestampStrategy"),
    "kafka.group.id",  # whoever reads by it in production is left alone
)
EXAMPLE = {
    "offsets": {"from": {"orders": {"0": 100, "1": 80}}, "to": {"orders": {"0": 900, "1": 700}}}
}
ByPartition = dict[str, dict[str, int]]


class Offsets(BaseModel):
    """From where to where the records of a broker are read; the end is not in it.

    Each is a time of the broker's records, or offsets by topic and partition. Without a start they
    are read from the first one on.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    start: str | ByPartition = Field("", alias="from")
    end: str | ByPartition = Field(alias="to")

    def check(self, topics: list[str], source: str) -> None:
        """Raise InvalidArgument unless topics and partitions are those that can be meant."""
        where = {"argument": "history", "source": source, "field": "offsets"}
        for given in (self.start, self.end):
            if isinstance(given, str):
                if given:
                    micros(given, "offsets")
                continue
            if set(given) != set(topics):
                raise _wrong("name each topic of the source", where, sorted(given), topics)
            if any(not p.isdigit() or n < 0 for by in given.values() for p, n in by.items()):
                raise _wrong("partitions and offsets are whole numbers", where, given, EXAMPLE)
        if isinstance(self.start, dict) and isinstance(self.end, dict):
            first, last = _partitions(self.start), _partitions(self.end)
            if first != last:
                raise _wrong("both ends name the same partitions", where, last, first)

    @property
    def options(self) -> dict[str, str]:
        """Options of Spark's Kafka source."""
        if isinstance(self.start, dict):
            return {"startingOffsets": json.dumps(self.start, sort_keys=True)}
        if not self.start:
            return {"startingOffsets": "earliest"}
        at = str(micros(self.start, "from") // 1000)
        return {"startingTimestamp": at, "startingOffsetsByTimestampStrategy": "latest"}

    @property
    def condition(self) -> str:
        """What holds for the records, in Spark SQL over Kafka's own columns."""
        parts = []
        if isinstance(self.start, str) and self.start:
            parts.append(f"timestamp >= timestamp_micros({micros(self.start, 'from')})")
        if isinstance(self.end, str):
            parts.append(f"timestamp < timestamp_micros({micros(self.end, 'to')})")
        else:
            before = [
                f"(topic = '{topic}' AND partition = {int(partition)} AND offset < {offset})"
                for topic, by in sorted(self.end.items())
                for partition, offset in sorted(by.items())
            ]
            parts.append(f"({' OR '.join(before) or 'false'})")
        return " AND ".join(parts)


def _partitions(given: ByPartition) -> dict[str, list[str]]:
    return {topic: sorted(by) for topic, by in given.items()}


def topics_of(config: Any, source: str) -> list[str]:
    """The topics that a source reads by Kafka's protocol. Raises Unsupported."""
    provider = getattr(config, "provider", "event-hub")
    topics = getattr(config, "topics", None) or getattr(config, "streams", None)
    if not topics or provider != "event-hub" or not _names_kafka(config):
        raise Unsupported(
            f"`{source}` reads no Kafka, so its history has no offsets.",
            where={"argument": "history", "source": source, "field": "offsets"},
            expected="a source such as kafka-topic",
            hint="give its history as files (`path`) or a table (`table`)",
        )
    return list(topics)


def _names_kafka(config: Any) -> bool:
    return hasattr(config, "bootstrap_servers") or getattr(config, "namespace", None) is not None


def kafka_read(notebook: str, node: str, offsets: Offsets) -> str:
    """The statements of a source's cell up to its watermark, reading the slice alone."""
    cell = next(c for c in notebook.split(f"\n{CELL_MARK}\n") if _is_of(c, node))
    body = [s for s in ast.parse(cell).body if not _is_watermark(s)]
    for call in _calls(body):
        call.func = ast.Name("slice_of_records", ast.Load())
    reader = (
        "def slice_of_records(options):\n"
        f"    own = {{k: v for k, v in options.items() if k not in {LEFT_OUT!r}}}\n"
        f"    own.setdefault('maxOffsetsPerTrigger', {str(RECORDS_PER_BATCH)!r})\n"
        f"    return read_kafka({{**own, **{offsets.options!r}}}).where({offsets.condition!r})\n"
    )
    return reader + "\n".join(ast.unparse(ast.fix_missing_locations(s)) for s in body)


def _is_watermark(statement: ast.stmt) -> bool:
    found: bool = declares_watermark(statement)  # type: ignore[no-untyped-call]
    return found


def _is_of(cell: str, node: str) -> bool:
    return f"{NODE_MARK}{node}" in cell.splitlines()


def _calls(body: list[ast.stmt]) -> Iterator[ast.Call]:
    for statement in body:
        for found in ast.walk(statement):
            if isinstance(found, ast.Call) and getattr(found.func, "id", "") == "read_kafka":
                yield found


def _wrong(
    what: str, where: Mapping[str, Any], got: Any, expected: Any = TIME_FORMS
) -> LakestreamError:
    return InvalidArgument(
        f"The offsets cannot be used: {what}.", where=dict(where), got=got, expected=expected
    )
