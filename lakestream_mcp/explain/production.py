"""A match that production found, explained from the row it left behind.

The row carries the match's events. They are played again by the host: where that gives the very
match, all is explained as in a test. Where it does not, since the match also rests on events or
columns that the row does not carry, its conditions are evaluated on what it does carry.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..cep.carried import carried
from ..cep.events import ROW
from ..cep.host import GraphRun, Host, Options, PatternRun
from ..cep.match_table import match_rows
from ..cep.replay import FAR, Batch, replay
from ..cep.report import jsonable, report_of
from ..errors import Unsupported
from ..graph.model import Relation
from .match import explain_events, explain_match
from .reopen import Reopened


class Told(NamedTuple):
    """An explanation, whether the host found the same match, and what the row did not carry."""

    told: dict[str, Any]
    found_again: bool
    lacking: list[str]


def explain_row(host: Host, node: str, row: dict[str, Any]) -> Told:
    """Explain a row of a pattern's match table. Raises Unsupported, InvalidSql."""
    run, lacking = _played(host, node, row)
    opened = Reopened(host, _graph(node, run), {}, Options(), True)
    if any(found["match_id"] == row["match_id"] for found, _ in run.found):
        report = report_of(host, opened.run, {}, {node: run})
        return Told(explain_match(report, row["match_id"], opened), True, lacking)
    return Told(explain_events(_match(run, node, row), opened), False, lacking)


def _played(host: Host, node: str, row: dict[str, Any]) -> tuple[PatternRun, list[str]]:
    """The pattern run on the events of a match row, and the columns that lack there."""
    from ..cep.packing import united_rows

    kind = host.catalog.get(host.type_of(node))
    relations = host.input_relations(node)
    plan = kind.plan(host.configs[node], relations, host.resolver)
    text = carried(plan, node)
    _check_steps(row, plan.steps, node)
    tables, lacking = [], set()
    for place, (part, relation) in enumerate(zip(plan.parts(), relations, strict=True)):
        own = [
            (number, event)
            for number, event in enumerate(row["events"])
            if not plan.inputs or plan.steps.index(event["step"]) == place
        ]
        keys = dict(zip(part.key, (row.get(name) for name in plan.key), strict=True))
        given = [(n, keys | event | {part.event_time: event["event_time"]}) for n, event in own]
        tables.append(_table(given, relation))
        known = {*keys, part.event_time, *(row["events"][0] if row["events"] else ())}
        lacking |= {name for name in relation.names if name not in known}
    packed = united_rows(plan, relations, tables, host.engine)
    outcome = replay(text, node, [Batch(packed, 0)], -FAR, FAR, traced=True)
    none = packed["row"].to_numpy()[:0]
    run = PatternRun(plan, text, relations, tables, packed, outcome, none, -FAR, [], [])
    return run._replace(found=match_rows(run, node)), sorted(lacking)


def _check_steps(row: dict[str, Any], steps: tuple[str, ...], node: str) -> None:
    unknown = [e["step"] for e in row["events"] if e["step"] not in steps]
    if unknown:
        raise Unsupported(
            f"The match was made by another revision of `{node}`: it has no step `{unknown[0]}`.",
            code="OTHER_REVISION",
            where={"node": node},
            got=unknown[0],
            expected=list(steps),
            hint="Give the revision that was deployed when the match was found; get_history lists "
            "them.",
        )


def _table(rows: list[tuple[int, dict[str, Any]]], relation: Relation) -> Any:
    """Rows of an input; columns that the match row lacks are NULL."""
    import pyarrow as pa

    from ..relational.arrow_types import arrow_type

    arrays = [
        pa.array([row.get(c.name) for _, row in rows], type=arrow_type(c.type))
        for c in relation.columns
    ]
    table = pa.table(arrays, names=list(relation.names))
    return table.append_column(ROW, pa.array([n for n, _ in rows], type=pa.int64()))


def _graph(node: str, run: PatternRun) -> GraphRun:
    return GraphRun({}, {node: run}, {}, {}, {}, {}, [])


def _match(run: PatternRun, node: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row as a report shows a match."""
    rows = {r.pop(ROW): r for table in run.inputs for r in table.to_pylist()}
    events = [
        {"step": event["step"], "at": event["event_time"], "event": n, "row": rows[n]}
        for n, event in enumerate(row["events"])
    ]
    match: dict[str, Any] = jsonable(
        {
            "match_id": row["match_id"],
            "pattern": node,
            "key": {name: row.get(name) for name in run.plan.key},
            **{name: row[name] for name in ("started_at", "ended_at", "detected_at")},
            "events": events,
            "measures": {m.name: row.get(m.name) for m in run.plan.measures},
        }
    )
    return match
