"""What a run's report says: matches with their events, what ended without a match, what waits."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import pickle
from typing import Any

from .events import ROW
from .host import GraphRun, Host, PatternRun

MAX_MATCHES = 1_000
MAX_ENDED = 500
MAX_LISTED = 100
MAX_SHOWN = 20


def report_of(
    host: Host, run: GraphRun, sources: dict[str, Any], shown: dict[str, PatternRun]
) -> dict[str, Any]:
    """The report of the patterns shown, as plain JSON; lists are capped, counts are not."""
    matches, ended, waiting, late, untimed = [], [], [], [], 0
    for node, pattern in shown.items():
        rows = _Rows(pattern)
        matches += _matches(host, pattern, node, rows)
        ended += [_ended(node, pattern, e, rows) for e in pattern.outcome.ended[:MAX_ENDED]]
        waiting += _open(host, node, pattern, rows)
        late += [{"pattern": node, "event": int(n)} for n in pattern.late_rows[:MAX_LISTED]]
        untimed += pattern.outcome.untimed
    counts = {
        "events": sum(t.num_rows for t in sources.values()),
        "matches": sum(len(p.outcome.matches) for p in shown.values()),
        "late": sum(len(p.late_rows) for p in shown.values()),
        "skipped": untimed,
        "waiting": len(waiting) + sum(p.outcome.waiting for p in shown.values()),
        "over_limit": sum(p.outcome.over_limit for p in shown.values()),
    }
    report: dict[str, Any] = jsonable(
        {
            "counts": counts,
            "matches": matches[:MAX_MATCHES],
            "nodes": _nodes(host, run),
            "late": late[:MAX_LISTED],
            "waiting": waiting[:MAX_LISTED],
            "ended": ended,
            "watermark": _watermarks(shown),
            "code_hash": {node: p.text.sha256 for node, p in shown.items()},
        }
    )
    return report


class _Rows:
    """The pattern's input rows by arrival number."""

    def __init__(self, pattern: PatternRun) -> None:
        self.table = pattern.input
        self.places = {n: i for i, n in enumerate(pattern.input[ROW].to_pylist())}

    def row(self, arrival: int) -> dict[str, Any]:
        """The row as it reached the pattern."""
        row: dict[str, Any] = self.table.slice(self.places[arrival], 1).to_pylist()[0]
        del row[ROW]
        return row


def _matches(host: Host, pattern: PatternRun, node: str, rows: _Rows) -> list[dict[str, Any]]:
    kind = host.catalog.get(host.type_of(node))
    listed = []
    for row, match in pattern.found[:MAX_MATCHES]:
        shown = _match(pattern, row, match, rows)
        shown["state"] = _state_after(kind, pattern, match)
        listed.append(shown)
    return listed


def _state_after(kind: Any, pattern: PatternRun, match: Any) -> list[dict[str, Any]]:
    """What was open for the key right after the match: partial matches and their deadlines."""
    data = pattern.outcome.snapshots.get(id(match))
    state = pickle.loads(data) if data else None
    return [
        {
            "events": [
                {"step": pattern.plan.steps[step], "at": _time(ts), "event": row[-1]}
                for step, ts, row in bound[:MAX_SHOWN]
            ],
            "deadline": None if deadline is None else _time(deadline),
        }
        for bound, deadline in (kind.open_partials(state) if state else [])[:MAX_SHOWN]
    ]


def _match(pattern: PatternRun, row: dict[str, Any], match: Any, rows: _Rows) -> dict[str, Any]:
    plan = pattern.plan
    events = [
        {"step": plan.steps[step], "at": _time(ts), "row": rows.row(bound[-1]), "event": bound[-1]}
        for step, ts, bound in match[3]
    ]
    return {
        "match_id": row["match_id"],
        "pattern": row["pattern"],
        "key": {name: row[name] for name in plan.key},
        "started_at": row["started_at"],
        "ended_at": row["ended_at"],
        "detected_at": row["detected_at"],
        "events": events,
        "measures": {m.name: row[m.name] for m in plan.measures},
    }


def _bound(pattern: PatternRun, bound: Any, rows: _Rows) -> list[dict[str, Any]]:
    steps = pattern.plan.steps
    return [
        {"step": steps[step], "at": _time(ts), "event": row[-1], "row": rows.row(row[-1])}
        for step, ts, row in bound[:50]
    ]


def _ended(node: str, pattern: PatternRun, ended: Any, rows: _Rows) -> dict[str, Any]:
    events = _bound(pattern, ended.bound, rows)
    by = ended.event[1][-1] if ended.event else None
    first = events[0]["row"] if events else {}
    return {
        "pattern": node,
        "key": {name: first.get(name) for name in pattern.plan.key},
        "reason": ended.reason,
        "at": _time(ended.at),
        "by_event": by,
        "events": events,
    }


def _open(host: Host, node: str, pattern: PatternRun, rows: _Rows) -> list[dict[str, Any]]:
    """Partial matches still open when the last event had been handled."""
    kind = host.catalog.get(host.type_of(node))
    listed = []
    for state in pattern.outcome.open_states.values():
        for bound, deadline in kind.open_partials(state):
            events = _bound(pattern, bound, rows)
            first = events[0]["row"] if events else {}
            listed.append(
                {
                    "pattern": node,
                    "key": {name: first.get(name) for name in pattern.plan.key},
                    "deadline": None if deadline is None else _time(deadline),
                    "events": events,
                }
            )
    return listed


def _nodes(host: Host, run: GraphRun) -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    for node_id, table in run.tables.items():
        rows_in = sum(run.tables[e.source].num_rows for e in host.inputs(node_id))
        nodes[node_id] = {"rows_in": rows_in, "rows_out": table.num_rows}
    return nodes


def _watermarks(shown: dict[str, PatternRun]) -> dict[str, Any]:
    return {node: _time(p.watermark) for node, p in shown.items()}


def _time(microseconds: int) -> dt.datetime | None:
    from .physical import python_value

    try:
        moment: dt.datetime = python_value(microseconds, "timestamp")
    except OverflowError:
        return None
    return moment


def jsonable(value: Any) -> Any:  # noqa: PLR0911
    """Plain JSON: times as ISO text in UTC, decimals as text, bytes as hex, NaN as text."""
    if isinstance(value, dict):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(v) for v in value]
    if isinstance(value, dt.datetime):
        return _time_text(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _time_text(moment: dt.datetime) -> str:
    """ISO 8601 with no more digits than needed: seconds, milliseconds or microseconds."""
    fine = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.isoformat(timespec=fine if moment.microsecond else "seconds").replace(
        "+00:00", "Z"
    )
