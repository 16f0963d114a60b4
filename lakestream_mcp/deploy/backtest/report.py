"""The run that is stored of a backtest: like a test's, so that it is explained in the same way.

Spark has found the matches. The tester plays the rows of their keys once more: it explains what it
finds as well, and says where it finds something else.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...cep.host import Host, Options
from ...cep.report import jsonable, match_shown
from ...cep.testing import TestRequest, test_pipeline
from ...explain.reopen import kept_request
from ...graph.validate import Validation
from .asked import Found, Rows

WHOLE = Options(batch_rows=1_000_000)
EMPTY = ("late", "waiting", "ended")


def backtest_report(
    host: Host,
    found: Found,
    validation: Validation,
    node: str | None,
    find_file: Callable[[str], Path],
) -> dict[str, Any]:
    """The report; its lists are those of the keys that have been played again."""
    matches = found.matches
    report = _played(host, found, validation, node, find_file) or _bare(host, matches)
    played = {match["match_id"] for match in report["matches"]}
    own = {row["match_id"] for rows in matches.values() for row in rows}
    told = [match for match in report["matches"] if match["match_id"] in own]
    for name, rows in matches.items():
        told += [_match(host, name, row) for row in rows if row["match_id"] not in played]
    told.sort(key=lambda match: (match["detected_at"], match["match_id"]))
    report["matches"] = told
    report["counts"] = report["counts"] | {
        "events": found.events or 0,
        "matches": sum(found.counts.values()),
    }
    report["warnings"] = [*report["warnings"], *_warnings(found, len(own), played - own)]
    return report


def _played(
    host: Host,
    found: Found,
    validation: Validation,
    node: str | None,
    find_file: Callable[[str], Path],
) -> dict[str, Any] | None:
    """What the tester makes of the rows that were kept; None where there are none."""
    kept = {name: rows for name, rows in found.rows.items() if rows is not None}
    if not kept:
        return None
    events = {name: _in_order(host, name, rows) for name, rows in kept.items()}
    request = TestRequest(events, WHOLE, node)
    report = test_pipeline(
        host.document,
        validation,
        request,
        catalog=host.catalog,
        engine=host.engine,
        resolver=host.resolver,
        find_file=find_file,
        progress=host.progress,
    )
    return report | {"request": kept_request(request, find_file)}


def _in_order(host: Host, name: str, rows: Rows) -> Rows:
    """The rows of a source in order of event time, as a test takes them."""
    relation = host.relations[name]
    at = relation.event_time
    if at is not None:
        rows = sorted(rows, key=lambda row: (row[at] is None, row[at]))
    listed: Rows = jsonable([{column: row[column] for column in relation.names} for row in rows])
    return listed


def _bare(host: Host, matches: dict[str, Rows]) -> dict[str, Any]:
    """A report without the tester: nothing in it can be looked into."""
    from ...cep.carried import carried

    hashes = {}
    for node in matches:
        kind, config = host.catalog.get(host.type_of(node)), host.configs[node]
        plan = kind.plan(config, host.input_relations(node), host.resolver)
        hashes[node] = carried(plan, node).sha256
    counts = dict.fromkeys(("events", "matches", "late", "skipped", "waiting", "over_limit"), 0)
    return {
        "counts": counts,
        "matches": [],
        "nodes": {},
        "watermark": {},
        "code_hash": hashes,
        "warnings": [],
        **{name: [] for name in EMPTY},
    }


def _match(host: Host, node: str, row: dict[str, Any]) -> dict[str, Any]:
    """A match row as reports show matches; its events have what the pattern keeps of them."""
    kind, config = host.catalog.get(host.type_of(node)), host.configs[node]
    plan = kind.plan(config, host.input_relations(node), host.resolver)
    events = [
        {
            "step": event["step"],
            "at": event["event_time"],
            "row": {k: v for k, v in event.items() if k not in ("step", "event_time")},
        }
        for event in row["events"]
    ]
    shown: dict[str, Any] = jsonable(match_shown(plan, row, events))
    return shown


def _warnings(found: Found, kept: int, strangers: set[str]) -> list[str]:
    warnings = []
    total = sum(found.counts.values())
    if found.events is None:
        warnings.append("a source declares no watermark, so its rows were not counted")
    if total > kept:
        warnings.append(f"{kept} of {total} matches were kept: the first ones")
    if kept and not any(rows is not None for rows in found.rows.values()):
        warnings.append(
            "the rows behind these matches were not kept, so they cannot be explained: their keys "
            "are no columns of the sources, or have too many rows"
        )
    if strangers and total == kept:
        warnings.append(
            f"the tester finds {len(strangers)} matches on these keys that Spark did not: rows "
            "came too late for the watermark, or depend on rows of other keys"
        )
    return warnings
