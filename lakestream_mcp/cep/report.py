"""What a run's report says: matches with their events, what ended without a match, what waits."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import pickle
from typing import Any

from .events import ROW
from .host import GraphRun, Host, PatternRun
from .match_table import key_values
from .near_miss import time_text
from .pattern_type import PatternPlan

MAX_MATCHES = 1_000
MAX_ENDED = 500
MAX_LISTED = 100
MAX_SHOWN = 20
MAX_BOUND = 50


def report_of(
    host: Host, run: GraphRun, sources: dict[str, Any], shown: dict[str, PatternRun]
) -> dict[str, Any]:
    """The report of the patterns shown, as plain JSON; lists are capped, counts are not."""
    matches, ended, waiting, late, untimed = [], [], [], [], 0
    for node, pattern in shown.items():
        rows = _Rows(pattern, host.catalog.get(host.type_of(node)).input_ports)
        matches += _matches(host, pattern, node, rows)
        ended += [_ended(node, e, rows) for e in pattern.outcome.ended[:MAX_ENDED]]
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
    """The rows of the pattern's inputs, found by what the matcher was given of them."""

    def __init__(self, pattern: PatternRun, ports: tuple[str, ...]) -> None:
        self.plan = pattern.plan
        self.ports = ports
        self.tables = pattern.inputs
        self.keys = [part.key for part in pattern.plan.parts()]
        self.places = [
            {n: i for i, n in enumerate(table[ROW].to_pylist())} for table in pattern.inputs
        ]

    def event(self, step: int, ts: int, row: Any) -> dict[str, Any]:
        """A bound event as reports show it; `input` is the port, where there are several."""
        place = self.plan.input_place
        port = {} if place is None else {"input": self.ports[row[place]]}
        found = self.row(row)
        return {
            "step": self.plan.steps[step],
            "at": _time(ts),
            "event": row[-1],
            "row": found,
            **port,
        }

    def row(self, row: Any) -> dict[str, Any]:
        """The row as it reached the pattern."""
        number = self._input(row)
        place = self.places[number][row[-1]]
        found: dict[str, Any] = self.tables[number].slice(place, 1).to_pylist()[0]
        del found[ROW]
        return found

    def key(self, row: Any) -> dict[str, Any]:
        """The key of a row, under the names it has in matches."""
        found = self.row(row)
        columns = self.keys[self._input(row)]
        return {
            name: found.get(column) for name, column in zip(self.plan.key, columns, strict=True)
        }

    def _input(self, row: Any) -> int:
        place = self.plan.input_place
        number: int = 0 if place is None else row[place]
        return number


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
    return match_shown(pattern.plan, row, [rows.event(*bound) for bound in match[3]])


def match_shown(
    plan: PatternPlan, row: dict[str, Any], events: list[dict[str, Any]]
) -> dict[str, Any]:
    """A row of matches as reports show it, with its events."""
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


def _ended(node: str, ended: Any, rows: _Rows) -> dict[str, Any]:
    by = ended.event[1] if ended.event else None
    first = ended.bound[0][2] if ended.bound else by
    return {
        "pattern": node,
        "key": rows.key(first) if first else {},
        "reason": ended.reason,
        "at": _time(ended.at),
        "by_event": by[-1] if by else None,
        "events": [rows.event(*bound) for bound in ended.bound[:MAX_BOUND]],
    }


def _open(host: Host, node: str, pattern: PatternRun, rows: _Rows) -> list[dict[str, Any]]:
    """Partial matches still open when the last event had been handled."""
    kind = host.catalog.get(host.type_of(node))
    listed = []
    for key, state in pattern.outcome.open_states.items():
        for bound, deadline in kind.open_partials(state):
            listed.append(
                {
                    "pattern": node,
                    "key": key_values(pattern, key),
                    "deadline": None if deadline is None else _time(deadline),
                    "events": [rows.event(*event) for event in bound[:MAX_BOUND]],
                }
            )
    return listed


def _nodes(host: Host, run: GraphRun) -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    for node_id, table in run.tables.items():
        rows_in = sum(run.along(e).num_rows for e in host.inputs(node_id))
        nodes[node_id] = {"rows_in": rows_in, "rows_out": table.num_rows}
        if failed := run.failed.get(node_id):
            nodes[node_id]["failed"] = failed
        if ports := run.ports.get(node_id):
            nodes[node_id]["ports"] = {port: rows.num_rows for port, rows in ports.items()}
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
        return time_text(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
