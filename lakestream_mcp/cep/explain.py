"""Why a match matched: each event, its condition with the values it read, window and timers.

Works on a stored report; conditions are evaluated again on the stored rows by the engine that ran
them, with what they read of earlier events put in as literals.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import LakestreamError, NotFound, nearest
from ..graph.model import Relation
from .events import table_of

if TYPE_CHECKING:
    from sqlglot import exp

AGGREGATES = ("FIRST", "LAST", "COUNT", "SUM", "AVG", "MIN", "MAX")


def explain_match(
    report: dict[str, Any], match_id: str, document: Any, validation: Any, catalog: Any, engine: Any
) -> dict[str, Any]:
    """Explain one match of a stored report. `match_id` may be a unique prefix. Raises NotFound."""
    match = find_match(report, match_id)
    node = document.node(match["pattern"])
    kind, config = catalog.get(node.type), validation.configs[node.id]
    (edge,) = document.inputs(node.id)[:1]
    relation = validation.relations[edge.source]
    conditions = kind.step_conditions(config)
    events = [
        explain_event(
            event, match["events"][:i], conditions.get(event["step"], ""), relation, engine
        )
        for i, event in enumerate(match["events"])
    ]
    return {
        "match_id": match["match_id"],
        "pattern": node.id,
        "rule": kind.sentence(config),
        "key": match["key"],
        "sentences": [*_opening(match, node), *map(_sentence, events), kind.verdict(config, match)],
        "events": events,
        "timeline": _timeline(match),
        "measures": match["measures"],
        "state": match.get("state"),
        "code_hash": report["code_hash"][node.id],
    }


def find_match(report: dict[str, Any], match_id: str) -> dict[str, Any]:
    """The match with this id or unique prefix."""
    found = [m for m in report["matches"] if m["match_id"].startswith(match_id)] if match_id else []
    if len(found) == 1:
        match: dict[str, Any] = found[0]
        return match
    known = [m["match_id"] for m in report["matches"]]
    raise NotFound(
        f"No match `{match_id[:80]}` in this run."
        if not found
        else f"{len(found)} matches start with `{match_id[:80]}`.",
        code="MATCH_NOT_FOUND",
        got=match_id[:80],
        expected=known[:10],
        hint=nearest(match_id[:80], known),
    )


def explain_event(
    event: dict[str, Any],
    before: list[dict[str, Any]],
    condition: str,
    relation: Relation,
    engine: Any,
) -> dict[str, Any]:
    """One event: the parts of its step's condition, the values each read, whether it held."""
    from ..relational.sql import sql

    parts = []
    for part in conjuncts(condition):
        given = grounded(part, before, event["step"])
        read = {name: event["row"].get(name) for name in _columns(given)}
        parts.append(
            {
                "condition": sql(part),
                "reads": read,
                "earlier": _earlier(part, before, event["step"]),
                "holds": evaluate(given, event["row"], relation, engine),
            }
        )
    return {
        "step": event["step"],
        "at": event["at"],
        "event": event["event"],
        "row": event["row"],
        "condition": condition,
        "parts": parts,
    }


def conjuncts(condition: str) -> list[exp.Expr]:
    """The parts of a condition joined by AND at the top."""
    if not condition:
        return []
    from ..relational.sql import parse_expression
    from .expression import conjuncts as parted

    return parted(parse_expression(condition, None, aggregates=True))


def evaluate(part: exp.Expr, row: dict[str, Any], relation: Relation, engine: Any) -> bool | None:
    """Whether a part that reads only the row holds on it; None for NULL or if it cannot be run."""
    from sqlglot import exp

    from ..relational.sql import sql

    table, _ = table_of([row], relation, "match")
    query = exp.select(exp.cast(part, "boolean", dialect="spark").as_("holds")).from_("in_0")
    try:
        value: bool | None = engine.run(sql(query), {"in_0": table})["holds"][0].as_py()
    except LakestreamError:
        return None
    return value


def references(part: exp.Expr, steps: set[str]) -> Iterator[tuple[exp.Expr, str, str, str | None]]:
    """Places that read earlier events: (place, function, step, column)."""
    from sqlglot import exp

    for node in list(part.walk()):
        if isinstance(node, exp.Column) and node.table in steps:
            holder = node.parent
            name = holder.sql_name().upper() if isinstance(holder, exp.Func) else ""
            if isinstance(holder, exp.Func) and name in AGGREGATES:
                yield holder, name, node.table, node.name
            else:
                yield node, "LAST", node.table, node.name
        elif isinstance(node, exp.Count) and isinstance(node.this, exp.Column):
            if not node.this.table and node.this.name in steps:
                yield node, "COUNT", node.this.name, None


def value_of(function: str, step: str, column: str | None, before: list[dict[str, Any]]) -> Any:
    """What a reference to earlier events reads."""
    rows = [e["row"] for e in before if e["step"] == step]
    if column is None:
        return len(rows)
    values = [row.get(column) for row in rows]
    known = [v for v in values if v is not None]
    if function == "COUNT":
        return len(known)
    if function in ("FIRST", "LAST"):
        return (values[0] if function == "FIRST" else values[-1]) if values else None
    if function == "SUM":
        return sum(known)
    if not known:
        return None
    return {"AVG": sum(known) / len(known), "MIN": min(known), "MAX": max(known)}[function]


def grounded(part: exp.Expr, before: list[dict[str, Any]], step: str) -> exp.Expr:
    """The part with what it reads of earlier events put in as literals."""
    from sqlglot import exp

    tree = part.copy()
    steps = {e["step"] for e in before} | {step}
    for place, function, name, column in references(tree, steps):
        value = exp.convert(value_of(function, name, column, before))
        if place is tree:
            return value
        place.replace(value)
    return tree


def _earlier(part: exp.Expr, before: list[dict[str, Any]], step: str) -> dict[str, Any]:
    from ..relational.sql import sql

    steps = {e["step"] for e in before} | {step}
    return {
        sql(place): value_of(function, name, column, before)
        for place, function, name, column in references(part, steps)
    }


def _columns(part: exp.Expr) -> list[str]:
    from sqlglot import exp

    return sorted({column.name for column in part.find_all(exp.Column)})


def _opening(match: dict[str, Any], node: Any) -> list[str]:
    key = ", ".join(f"{name} = {value}" for name, value in match["key"].items())
    where = f" for {key}" if key else ""
    return [
        f"`{node.name}` matched{where}: {len(match['events'])} event(s) from {match['started_at']} "
        f"to {match['ended_at']}, decided at {match['detected_at']}."
    ]


def _sentence(event: dict[str, Any]) -> str:
    said = []
    for part in event["parts"]:
        read = {**part["reads"], **part["earlier"]}
        values = ", ".join(f"{name} = {value}" for name, value in read.items())
        verdict = {True: "true", False: "false", None: "unknown"}[part["holds"]]
        said.append(f"`{part['condition']}` is {verdict}" + (f" ({values})" if values else ""))
    reason = " and ".join(said) or "no condition"
    return f"`{event['step']}` is event {event['event']} at {event['at']}: {reason}."


def _timeline(match: dict[str, Any]) -> list[dict[str, Any]]:
    line = [
        {"at": e["at"], "kind": "event", "step": e["step"], "event": e["event"]}
        for e in match["events"]
    ]
    last = line[-1]["at"] if line else None
    if match["detected_at"] != last:
        line.append({"at": match["detected_at"], "kind": "timer"})
    return line
