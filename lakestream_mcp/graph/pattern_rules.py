"""Rules on stateful nodes: event time and watermark before them, bounds, none behind another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .duration import duration_text, duration_us
from .facts import Facts, Rule, connecting, disconnecting, quoted
from .model import ChangeData, Edge, Finding, Relation
from .naming import free_id, slug

PROPOSED_DELAY = "10 minutes"
_TIMESTAMP = "timestamp"
_USUAL_NAMES = ("event_time", "event_timestamp", "timestamp", "ts", "time", "occurred_at")
_BOUNDS = (
    "within",
    "window",
    "gap",
    "timeout",
    "forget_after",
    "max_partial_matches",
    "max_events_per_key",
)


_TIMES = ("within", "window", "gap", "timeout")


def event_time_before_patterns(facts: Facts) -> Iterator[Finding]:
    """A pattern's input needs an event time, and a watermark that says how late rows may be."""
    behind = _stateful_upstream(facts)
    for node_id in _stateful(facts):
        if not _needs_watermark(facts, node_id):
            continue
        own = getattr(facts.configs.get(node_id), "event_time", None)
        for edge in facts.graph.usable_inputs(node_id) or []:
            relation = facts.relations.get(edge.source)
            if relation is None or (relation.event_time and relation.delay_ms is not None):
                continue
            if edge.source in behind:
                continue  # The table that must come between will say what time its rows have.
            declared = relation.event_time or own
            yield _missing_time(facts, edge, relation, declared)


def _stateful(facts: Facts) -> list[str]:
    """The nodes that Spark keeps state for: patterns, windows and joins of streams."""
    types = facts.graph.types.items()
    return [n for n, kind in types if kind and (kind.stateful or kind.category == "pattern")]


def _needs_watermark(facts: Facts, node_id: str) -> bool:
    """As its type says; while its configuration is not valid, yes."""
    kind, config = facts.graph.types[node_id], facts.configs.get(node_id)
    return kind is None or config is None or kind.needs_watermark(config)


def _missing_time(facts: Facts, edge: Edge, relation: Relation, declared: str | None) -> Finding:
    column = declared or evident_time(relation)
    stamps = [c.name for c in relation.columns if c.type == _TIMESTAMP]
    if column is None and stamps:
        hint = f"choose one of {quoted(stamps)} as the event time, in the source or a `watermark`"
    elif column is None:
        hint = "no column is a timestamp: cast one with `rename-cast`, then add a `watermark`"
    else:
        hint = "declare it at the source, or put a `watermark` node before the pattern"
    code, missing, expected = (
        ("MISSING_WATERMARK", "watermark", "a watermark delay for the event time")
        if declared
        else ("MISSING_EVENT_TIME", "event time", "a timestamp column declared as event time")
    )
    return Finding(
        code=code,
        severity="error",
        message=f"the {_noun(facts, edge.target)} `{edge.target}` reads rows of "
        f"`{edge.source}` without {missing}",
        node=edge.target,
        expected=expected,
        hint=hint,
        fix=_time_fix(facts, edge, column) if column in stamps else None,
    )


def _noun(facts: Facts, node_id: str) -> str:
    return "pattern" if facts.graph.category(node_id) == "pattern" else "node"


def evident_time(relation: Relation) -> str | None:
    """The column that is obviously the time: the only timestamp, or the one named like it."""
    stamps = [c.name for c in relation.columns if c.type == _TIMESTAMP]
    if len(stamps) == 1:
        return stamps[0]
    by_lower = {name.lower(): name for name in stamps}
    return next((by_lower[usual] for usual in _USUAL_NAMES if usual in by_lower), None)


def _time_fix(facts: Facts, edge: Edge, column: str | None) -> list[ChangeData] | None:
    source = _source_of(facts, edge.source, column)
    if source is not None:
        given = facts.graph.nodes[source].config.get("watermark_delay")
        config = {"event_time": column, "watermark_delay": given or PROPOSED_DELAY}
        return [{"op": "update_node", "id": source, "config": config}]
    if "watermark" not in facts.graph.known_types():
        return None
    new_id = free_id("watermark", facts.graph.nodes)
    node = {
        "id": new_id,
        "type": "watermark",
        "config": {"event_time": column, "delay": PROPOSED_DELAY},
    }
    return [
        disconnecting(edge),
        {"op": "add_node", "node": node},
        connecting(edge.source, new_id, source_port=edge.source_port),
        connecting(new_id, edge.target, edge.target_port),
    ]


def _source_of(facts: Facts, node_id: str, column: str | None) -> str | None:
    """The one source the column comes from unchanged in name, if it can declare an event time."""
    while True:
        relation = facts.relations.get(node_id)
        if relation is None or column is None or relation.type_of(column) != _TIMESTAMP:
            return None
        node_type = facts.graph.types[node_id]
        if node_type is None:
            return None
        if node_type.category == "source":
            fields = node_type.Config.model_fields
            return node_id if {"event_time", "watermark_delay"} <= set(fields) else None
        into = facts.graph.into[node_id]
        if node_type.category != "transform" or len(into) != 1:
            return None
        node_id = into[0].source


def stateful_after_stateful(facts: Facts) -> Iterator[Finding]:
    """One streaming query keeps state for one node, above one watermark: a table parts them."""
    behind = _stateful_upstream(facts)
    for node_id in facts.graph.nodes:
        if not (node_id in behind and (behind[node_id] == node_id or _declares(facts, node_id))):
            continue
        for edge in facts.graph.into[node_id]:
            first = behind.get(edge.source)
            if first is None:
                continue
            patterns = {facts.graph.category(n) for n in (first, node_id)} == {"pattern"}
            what = "matches" if facts.graph.category(first) == "pattern" else "rows"
            yield Finding(
                code="PATTERN_AFTER_PATTERN" if patterns else "STATEFUL_AFTER_STATEFUL",
                severity="error",
                message=f"the {_noun(facts, node_id)} `{node_id}` reads the {what} of the "
                f"{_noun(facts, first)} `{first}` within one streaming query",
                node=node_id,
                got=first,
                expected="a table between two patterns" if patterns else "a table between them",
                hint=f"write the {what} with a `delta-table-sink`, and read them back with a "
                "`delta-table-source`",
                fix=_table_between(facts, edge),
            )


def _declares(facts: Facts, node_id: str) -> bool:
    """Whether a node declares a watermark that what flows in does not have."""
    relation = facts.relations.get(node_id)
    sources = [facts.relations.get(edge.source) for edge in facts.graph.into[node_id]]
    if relation is None or relation.delay_ms is None:
        return False
    return all(source is not None and source.delay_ms is None for source in sources)


def _stateful_upstream(facts: Facts) -> dict[str, str]:
    """For each node that feeds others: the stateful node it is, or the one behind it."""
    stateful = set(_stateful(facts))
    behind: dict[str, str] = {}
    for node_id in facts.graph.order:
        if node_id in stateful:
            behind[node_id] = node_id
            continue
        sources = [edge.source for edge in facts.graph.into[node_id]]
        first = next((behind[source] for source in sources if source in behind), None)
        if first is not None:
            behind[node_id] = first
    return behind


def _table_between(facts: Facts, edge: Edge) -> list[ChangeData] | None:
    """Changes that cut an edge at a Delta table; None where the types need more than its name."""
    known = facts.graph.known_types()
    relation = facts.relations.get(edge.source)
    if relation is None or not {"delta-table-sink", "delta-table-source"} <= set(known):
        return None
    pipeline = slug(facts.graph.document.name) or "pipeline"
    table = f"{pipeline[:60]}_{edge.source}"
    written = {"table": table}
    read: dict[str, object] = written | {"columns": [c._asdict() for c in relation.columns]}
    time = relation.event_time or evident_time(relation)
    if time is None and relation.type_of("detected_at") == _TIMESTAMP:
        time = "detected_at"
    if time is not None:
        read |= {"event_time": time, "watermark_delay": PROPOSED_DELAY}
    if not (
        _takes(facts, "delta-table-sink", written) and _takes(facts, "delta-table-source", read)
    ):
        return None
    sink = free_id(f"{edge.source[:36]}_table", facts.graph.nodes)
    source = free_id(f"{edge.source[:36]}_matches", facts.graph.nodes)
    return [
        disconnecting(edge),
        {"op": "add_node", "node": {"id": sink, "type": "delta-table-sink", "config": written}},
        connecting(edge.source, sink, source_port=edge.source_port),
        {"op": "add_node", "node": {"id": source, "type": "delta-table-source", "config": read}},
        connecting(source, edge.target, edge.target_port),
    ]


def _takes(facts: Facts, type_name: str, config: Mapping[str, object]) -> bool:
    """Whether a type has these fields and requires no others."""
    fields = facts.graph.catalog.get(type_name).Config.model_fields
    required = {name for name, field in fields.items() if field.is_required()}
    return required <= set(config) <= set(fields)


def unbounded_state(facts: Facts) -> Iterator[Finding]:
    """A pattern with no window and no cap keeps its state for ever."""
    for node_id in facts.graph.of("pattern"):
        config = facts.configs.get(node_id)
        if config is None:
            continue
        bounds = [name for name in _BOUNDS if name in type(config).model_fields]
        if bounds and all(getattr(config, name) is None for name in bounds):
            yield Finding(
                code="UNBOUNDED_STATE",
                severity="error",
                message=f"nothing bounds the state of `{node_id}`",
                node=node_id,
                field=bounds[0],
                expected=f"a value for one of {quoted(bounds)}",
                hint=f"set `{bounds[0]}`",
            )


def late_decisions(facts: Facts) -> Iterator[Finding]:
    """A watermark delay beyond the pattern's own time: matches are told much later than needed."""
    for node_id in facts.graph.of("pattern"):
        config = facts.configs.get(node_id)
        name = next((n for n in _TIMES if getattr(config, n, None)), None)
        if config is None or name is None or getattr(config, "ordering", "") == "arrival":
            continue
        for edge in facts.graph.usable_inputs(node_id) or []:
            relation = facts.relations.get(edge.source)
            own_ms = duration_us(getattr(config, name)) // 1000
            if relation is not None and relation.delay_ms and relation.delay_ms > own_ms:
                yield Finding(
                    code="LATE_DECISION",
                    severity="info",
                    message=f"`{node_id}` waits for the watermark, which is "
                    f"{duration_text(relation.delay_ms * 1000)} behind: longer than its own "
                    f"`{name}` of {getattr(config, name)}",
                    node=node_id,
                    field=name,
                    got=relation.delay_ms,
                    expected=f"a watermark delay of at most {getattr(config, name)}",
                    hint="a shorter watermark delay tells matches sooner, and drops rows that come "
                    "later than it",
                )


PATTERN_RULES: tuple[Rule, ...] = (
    event_time_before_patterns,
    stateful_after_stateful,
    unbounded_state,
    late_decisions,
)
