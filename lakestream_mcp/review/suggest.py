"""Configuration that sample rows speak for: event time, keys, and times and limits of patterns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..graph.duration import delay_ms
from ..graph.model import Node
from .facts import Facts, Rows, updating
from .profile import key_candidates, latest_by, times_of
from .suggest_limits import limits
from .suggest_numbers import ADVICE
from .suggest_times import times
from .suggestion import Seen, Suggestion, neat, seen

ROWS_LEAST = 5
OTHERS_MOST = 3
NO_KEYS = ("double", "float", "boolean", "timestamp", "date")
TIME_NAMES = ("event_time", "event_timestamp", "timestamp", "ts", "time", "occurred_at", "at")


def suggestions(facts: Facts, node_id: str = "") -> list[Suggestion]:
    """What samples suggest for one node, or for all that have some."""
    found = []
    for node in facts.document.nodes:
        if node_id in ("", node.id) and node.type in facts.catalog.types():
            found += list(_of(facts, node))
    return found


def _of(facts: Facts, node: Node) -> Iterator[Suggestion]:
    category = facts.kind(node).category
    if category == "source":
        yield from _source(facts, node)
        return
    known = seen(facts, node)
    if known is None or len(known.rows) < ROWS_LEAST:
        return
    if node.type == "watermark":
        yield from _watermark(known)
    elif category == "pattern":
        yield from _pattern(facts, known)
    elif node.type == "filter":
        yield from limits(known, facts.validation.configs.get(node.id))


def _source(facts: Facts, node: Node) -> Iterator[Suggestion]:
    """The columns, an event time, and a delay that the order of the rows asks for."""
    rows = facts.samples.get(node.id, ())
    relation = facts.validation.relations.get(node.id)
    fields = facts.kind(node).Config.model_fields
    if len(rows) < ROWS_LEAST or "event_time" not in fields:
        return
    if relation is None:
        yield from _columns(node, rows)
    elif not relation.event_time:
        stamps = [c.name for c in relation.columns if c.type == "timestamp"]
        yield from _event_time(node, rows, stamps, "watermark_delay")
    elif relation.delay_ms is not None and "watermark_delay" in fields:
        yield from _delay(node, rows, relation.event_time, relation.delay_ms, "watermark_delay")


def _columns(node: Node, rows: Rows) -> Iterator[Suggestion]:
    """The columns that the rows have, where a source does not say them."""
    from ..relational.column_types import ddl
    from ..relational.files import columns_of_rows

    if node.config.get("columns"):
        return
    found = columns_of_rows([dict(row) for row in rows])
    yield Suggestion(
        node=node.id,
        text=f"Columns {ddl(found)}",
        why=f"These are the fields of {len(rows)} rows, with types that all their values have.",
        fix=updating(node, columns=ddl(found)),
    )
    stamps = [column.name for column in found if column.type == "timestamp"]
    yield from _event_time(node, rows, stamps, "watermark_delay")


def _event_time(
    node: Node, rows: Rows, stamps: Sequence[str], delay_field: str
) -> Iterator[Suggestion]:
    """The timestamp that nearly all rows have, with a delay for their order."""
    full = [n for n in stamps if len(times_of(rows, n)) >= 0.95 * len(rows)]
    if not full:
        return
    column = min(full, key=lambda n: (_rank(n), full.index(n)))
    late = latest_by(times_of(rows, column))
    delay = neat(max(1.0, 2 * late))
    yield Suggestion(
        node=node.id,
        text=f"Event time `{column}`, with a watermark delay of {delay}",
        why=f"`{column}` is a timestamp in nearly all of {len(rows)} rows; the latest of them came "
        f"{late:g} s out of order.",
        fix=updating(node, event_time=column, **{delay_field: delay}),
    )


def _delay(
    node: Node, rows: Rows, column: str, present_ms: int, field: str
) -> Iterator[Suggestion]:
    """A longer delay where rows of the sample would be dropped."""
    late = latest_by(times_of(rows, column))
    if late * 1000 > present_ms:
        delay = neat(2 * late)
        yield Suggestion(
            node=node.id,
            text=f"A watermark delay of {delay}",
            why=f"Rows of the sample came up to {late:g} s out of order: with the present delay "
            "they would be dropped.",
            fix=updating(node, **{field: delay}),
        )


def _watermark(known: Seen) -> Iterator[Suggestion]:
    """What a source says, for a node that declares the time of its rows."""
    names = [c.name for c in known.relation.columns if c.type == "timestamp"]
    column = known.fields.get("event_time")
    if column in names:
        present = delay_ms(str(known.fields["delay"]))
        yield from _delay(known.node, known.rows, column, present, "delay")
    else:
        yield from _event_time(known.node, known.rows, names, "delay")


def _pattern(facts: Facts, known: Seen) -> Iterator[Suggestion]:
    """A key, times that its silences speak for, and thresholds."""
    if not known.keys and "key" in known.fields and known.node.type != "deduplicate":
        names = [c.name for c in known.relation.columns if c.type not in NO_KEYS]
        found = key_candidates(known.rows, names, known.time)
        for column in found[:1]:
            others = ", ".join(f"`{c.name}` ({c.distinct})" for c in found[1 : 1 + OTHERS_MOST])
            yield known.setting(
                f"It has {column.distinct} values in {column.rows} rows, the most frequent in "
                f"{column.top_share:.0%}.{f' Or: {others}.' if others else ''}",
                f"Key `{column.name}`",
                key=[column.name],
            )
            known = known._replace(keys=(column.name,))
    yield from times(known)
    advise = ADVICE.get(known.node.type)
    if advise is not None:
        yield from advise(known)
    config: Any = facts.validation.configs.get(known.node.id)
    yield from limits(known, config)


def _rank(name: str) -> int:
    names: Sequence[str] = TIME_NAMES
    return names.index(name.lower()) if name.lower() in names else len(names)
