"""Why a match matched: each event, its condition with the values it read, window and timers.

Works on a stored report; conditions are evaluated again on the stored rows by the engine that ran
them, with what they read of earlier events put in as literals.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from ..cep.host import PatternRun
from ..cep.near_miss import Part
from ..cep.physical import EPOCH
from ..cep.report import jsonable
from ..errors import NotFound, nearest
from .reopen import Reopened
from .truth import Earlier, Truth
from .view import inputs_of, key_view, keys_of, open_at, seen_rows


def explain_match(report: dict[str, Any], match_id: str, opened: Reopened) -> dict[str, Any]:
    """Explain one match of a stored report. `match_id` may be a unique prefix. Raises NotFound."""
    match = find_match(report, match_id)
    node = match["pattern"]
    pattern = opened.run.patterns[node]
    kind, config = opened.host.catalog.get(opened.host.type_of(node)), opened.host.configs[node]
    parts = kind.event_parts(
        config,
        match,
        lambda: key_view(opened.host, pattern, node, _rows_of_key(pattern, match)),
    )
    told = explain_events(match, opened, parts)
    return told | {"state": state_around(opened, match), "code_hash": report["code_hash"][node]}


def explain_events(
    match: dict[str, Any], opened: Reopened, parts: list[list[Part]] | None = None
) -> dict[str, Any]:
    """What a match says by itself: its events with their conditions, and what decided it."""
    host, pattern = opened.host, opened.run.patterns[match["pattern"]]
    node = host.document.node(match["pattern"])
    assert node is not None
    kind, config = host.catalog.get(node.type), host.configs[node.id]
    tables = inputs_of(pattern, [event["event"] for event in match["events"]])
    truth = Truth(host.engine, tables, pattern.plan.steps)
    conditions = kind.event_conditions(config, match)
    events = [
        explain_event(event, match["events"][:i], conditions[i], truth, parts[i] if parts else None)
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
    }


def state_around(opened: Reopened, match: dict[str, Any]) -> dict[str, Any]:
    """What was open for the key just before the match was decided, and just after.

    `deadlines` are the timers that were set; the one that decided, if a timer did, is among them.
    """
    node = match["pattern"]
    pattern = opened.run.patterns[node]
    numbers = _rows_of_key(pattern, match)
    seen = seen_rows(opened.host, pattern, node, inputs_of(pattern, numbers))
    decided = microseconds(match["detected_at"])
    last = match["events"][-1]["event"] if match["events"] else None
    by_event = bool(match["events"]) and match["events"][-1]["at"] == match["detected_at"]
    order = [s.number for s in seen]
    at = order.index(last) if by_event and last in order else None
    before = order[:at] if at is not None else [s.number for s in seen if s.ts < decided]
    until = decided if at is not None else decided - 1
    after = order[: at + 1] if at is not None else before
    earlier = open_at(opened.host, pattern, node, before, until)
    return {
        "before": earlier,
        "after": open_at(opened.host, pattern, node, after, decided),
        "deadlines": sorted({p["deadline"] for p in earlier if p["deadline"]}),
        "decided_by": {"event": last} if by_event else {"timer": match["detected_at"]},
    }


def _rows_of_key(pattern: PatternRun, match: dict[str, Any]) -> list[int]:
    """Arrival numbers of the rows with a match's key."""
    values = tuple(match["key"].values())
    return next((n for v, n in keys_of(pattern).items() if tuple(jsonable(v)) == values), [])


def microseconds(text: str) -> int:
    """A reported time as microseconds since 1970."""
    return (dt.datetime.fromisoformat(text) - EPOCH) // dt.timedelta(microseconds=1)


def find_match(report: dict[str, Any], match_id: str) -> dict[str, Any]:
    """The match with this id or unique prefix."""
    found = [m for m in report["matches"] if m["match_id"].startswith(match_id)] if match_id else []
    if len(found) == 1:
        match: dict[str, Any] = found[0]
        return match
    known = [m["match_id"][:12] for m in report["matches"]]
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
    truth: Truth,
    parts: list[Part] | None = None,
) -> dict[str, Any]:
    """One event: the parts of its step's condition, the values each read, whether it held."""
    if parts is None:
        earlier = [Earlier(e["step"], e["event"], e["row"]) for e in before]
        parts = truth.parts_of(condition, event["event"], event["row"], earlier)
    return {
        "step": event["step"],
        "at": event["at"],
        "event": event["event"],
        "row": event["row"],
        "condition": condition,
        "parts": [part_answer(part) for part in parts],
    }


def part_answer(part: Part) -> dict[str, Any]:
    """A part as data: the values it read and, of a comparison, both sides."""
    answer: dict[str, Any] = {"condition": part.sql, "reads": part.reads, "holds": part.holds}
    if part.operator:
        answer |= {"left": part.left, "operator": part.operator, "right": part.right}
    return answer


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
        values = ", ".join(f"{name} = {value}" for name, value in part["reads"].items())
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
